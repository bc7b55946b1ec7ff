"""What a second verifier read otherwise, or could have: each has one reading now, whatever Python itself would take."""

import pytest

from shinrai_verify.encoding import Fault
from shinrai_verify.trust import Policy

from .corpus import INSIDERS, policy_bytes
from .world import World, put, said

CODES = {
    # A threshold of coordinators makes several entries of one statement, not several statements.
    "two coordinators": 0,
    "one coordinator of two": 1,
    # A ballot in a form that no certificate can carry is not cast; the others suffice.
    "a ballot with more to say": 0,
    "a ballot under another name": 0,
    "a ballot with spaces": 0,
    "an odd ballot that is none": 1,
    # Yes or no is said by true or false.
    "sealed by a word": 1,
    "sealed by nought": 1,
    "a verdict that is 1 for true": 1,
    "a verdict with an empty council": 1,
    "a verdict with false for a council": 1,
    "a rationale with a conflict of 0": 1,
    "a rubric that asks for nothing": 0,
    "a rubric that asks for a list": 1,
    "a rubric that asks for false": 1,
    "an exit code that is true": 1,
    "an exit code that is false": 1,
    "an exit code with a point": 0,
    "a record with true for 1": 1,
    "a record without a null": 0,
    "a group without a null": 1,
    "a manifest size that is true": 1,
    # One member counts once for a stratum.
    "a stratum twice in one seat": 1,
    "seats with URL-safe proofs": 1,
    "a plan that is a word": 1,
    # Numbers as machines write them.
    "a value of '7.5e-1'": 0,
    "a value of '0.750'": 0,
    "a value of ' 0.75'": 1,
    "a value of '0_0.75'": 1,
    "a value of '０.75'": 1,
    "a value of '+0.75'": 1,
    "a value of '.75'": 1,
    "a value of 'inf'": 1,
}


@pytest.mark.parametrize("name", CODES)
def test_there_is_one_reading(tmp_path, name):
    outcome = INSIDERS[name].verified(tmp_path)
    assert outcome.exit_code == CODES[name], said(outcome)


def test_a_year_has_four_digits_whatever_the_platform_writes(tmp_path):
    assert World(edits={"trust": put("expires", "0999-01-01T00:00:00Z")}).verified(tmp_path).exit_code == 3


@pytest.mark.parametrize("age", [86_400_000_000_000, -86_400_000_000_000])
def test_an_age_beyond_every_calendar_is_an_error_of_use(age):
    with pytest.raises(Fault, match="maxAge"):
        Policy.from_bytes(policy_bytes(World(), maxAge=age))


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\u2028", "\x1c"])
def test_words_of_a_witness_policy_are_parted_by_plain_spaces(space):
    with pytest.raises(Fault, match="not understood"):
        Policy.from_bytes(policy_bytes(World(), witnessPolicy=f"quorum{space}none\n"))
