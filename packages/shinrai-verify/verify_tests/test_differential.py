"""A37: two verifiers, written apart from one format page, never differ."""

from collections import Counter

import pytest

from .both import Case, differences, node
from .corpus import corpus, policy_bytes
from .world import World

pytestmark = pytest.mark.skipif(node() is None, reason="no node: neither on PATH nor in playwright")


def test_both_verifiers_say_the_same_of_every_bundle(tmp_path):
    tally = Counter[str]()
    found = differences(list(corpus(flips=20)), tmp_path, tally)
    assert not found, "\n".join(found)
    assert sum(tally.values()) > 500
    assert set(tally) == {"0", "1", "2", "3", "64"}


def test_a_difference_would_be_seen(tmp_path):
    bundle = World().bundle(tmp_path)
    case = Case("late", bundle.read_bytes(), policy_bytes(World()))

    def lenient(path, policy, **more):
        outcome = World(withhold=True).verified(tmp_path)
        assert (path.is_file(), policy.root, "now" in more) == (True, World().policy.root, True)
        return outcome

    (line,) = differences([case], tmp_path, Counter(), lenient)
    assert line.startswith("late: {'exitCode': 2, ")
