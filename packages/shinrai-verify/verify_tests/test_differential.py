"""A37: two verifiers, written apart from one format page, never differ."""

import random
from collections import Counter

import pytest

from .archives import lines, sorted_archive
from .both import Case, differences, node
from .corpus import JSONL, corpus, policy_bytes
from .world import World

pytestmark = pytest.mark.skipif(node() is None, reason="no node: neither on PATH nor in playwright")


def test_both_verifiers_say_the_same_of_every_bundle(tmp_path):
    tally = Counter[str]()
    found = differences(list(corpus(flips=10, every=2)), tmp_path, tally)
    assert not found, "\n".join(found)
    assert sum(tally.values()) > 300
    assert set(tally) == {"0", "1", "2", "3", "64"}


def test_both_verifiers_say_the_same_of_an_assessment_as_users_get_it(real, counts, tmp_path):
    policy, tally = real.trust.read_bytes(), Counter[str]()
    cases = [Case("whole", real.path.read_bytes(), policy, now=None), Case("folder", real.files, policy, now=None)]
    cases.append(Case("withheld", counts.path.read_bytes(), policy, now=None))
    dice, files = random.Random(7), real.files  # noqa: S311  (places, not secrets)
    for number in range(16):
        name = dice.choice(sorted(files))
        bent = bytearray(files[name])
        bent[dice.randrange(len(bent))] ^= 1 << number % 8
        cases.append(Case(f"{name} {number}", sorted_archive({**files, name: bytes(bent)}), policy))
    for number, line in enumerate(lines(files)):
        rest = files[JSONL].replace(line, b"", 1)
        cases += [Case(f"without line {number}", sorted_archive({**files, JSONL: rest}), policy)] * (number % 8 == 0)
    found = differences(cases, tmp_path, tally)
    assert not found, "\n".join(found)
    assert (tally["0"], tally["2"] > 0) == (2, True)


def test_a_difference_would_be_seen(tmp_path):
    bundle = World().bundle(tmp_path)
    case = Case("late", bundle.read_bytes(), policy_bytes(World()))

    def lenient(path, policy, **more):
        outcome = World(withhold=True).verified(tmp_path)
        assert (path.is_file(), policy.root, "now" in more) == (True, World().policy.root, True)
        return outcome

    (line,) = differences([case], tmp_path, Counter(), lenient)
    assert line.startswith("late: {'exitCode': 2, ")
