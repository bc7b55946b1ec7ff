"""Which ballots count in a round: by their place in the log, by the reason given, and by the seal."""

import pytest

from shinrai_verify.council import Member, Roster
from shinrai_verify.dsse import Statement
from shinrai_verify.statements import BALLOT, RATIONALE, ROUND, SEAL, Entry
from shinrai_verify.votes import cast_in, council_record

BUNDLE, OPENED, REVEALED, CLOSED = "ab" * 32, 10, 20, 30
COUNCIL = Roster(tuple(Member(n, n, bytes(32), "tool", n, (), ()) for n in ("a", "b", "c", "d")), {})


def entry(index, kind, about, key="a", subject=BUNDLE):
    return Entry(index, key, f"sig-{key}-{about.get('value')}", "cd" * 32, Statement("bundle", subject, kind, about))


def ballot(index, value="pass", key="a", control="c", **more):
    return entry(index, BALLOT, {"round": "r", "control": control, "value": value}, key, **more)


def reason(index, value="pass", key="a", **more):
    return entry(index, RATIONALE, {"round": "r", "control": "c", "value": value, "inspected": [], **more}, key)


def seal(index, value="pass", key="a"):
    return entry(index, SEAL, {"round": "r", "seals": [{"control": "c", "seal": f"sig-{key}-{value}"}]}, key)


def cast(*entries, sealed=False, closed=CLOSED, revealed=None):
    opened = entry(OPENED, ROUND, {"controls": ["c"], "sealed": sealed})
    found = cast_in(opened, COUNCIL, entries, closed, revealed)
    return [(b.member, b.value) for b, _ in found.counted["c"]], [(b.member, b.value) for b, _ in found.others["c"]]


COUNTS, NOT = ([("a", "pass")], []), ([], [("a", "pass")])


@pytest.mark.parametrize(
    ("ballot_at", "reason_at", "expected"),
    [
        (OPENED + 1, OPENED + 2, COUNTS),
        (CLOSED - 1, OPENED + 1, COUNTS),
        (CLOSED - 1, CLOSED - 2, COUNTS),
        # A ballot or its reason before the opening, or after the closing.
        (OPENED - 1, OPENED + 1, NOT),
        (CLOSED + 1, OPENED + 1, NOT),
        (OPENED + 1, OPENED - 1, NOT),
        (OPENED + 1, CLOSED + 1, NOT),
    ],
)
def test_ballot_and_reason_stand_between_opening_and_closing(ballot_at, reason_at, expected):
    assert cast(ballot(ballot_at), reason(reason_at)) == expected
    assert cast(reason(reason_at), ballot(ballot_at)) == expected


@pytest.mark.parametrize(("seats", "most"), [(4, 1), (5, 1), (6, 1), (7, 2), (33, 10)])
def test_what_a_council_withstands_is_counted_in_seats_and_in_domains(seats, most):
    names = [f"{number:02}" for number in range(seats)]
    council = Roster(tuple(Member(n, n, bytes(32), "tool", n, (), ()) for n in names), {})
    told = {"n": seats, "f": most, "q": (seats + most) // 2 + 1, "domains": seats, "F": most, "commonCausesOverF": []}
    assert council_record(council) == told
    paired = Roster(tuple(Member(n, n, bytes(32), "tool", n[0], ("one",), ()) for n in names), {})
    domains = len({n[0] for n in names})
    told |= {"domains": domains, "F": (domains - 1) // 3, "commonCausesOverF": ["one"]}
    assert council_record(paired) == told


def test_an_open_round_counts_up_to_its_end():
    assert cast(ballot(CLOSED + 5), reason(CLOSED + 6), closed=None) == COUNTS
    assert cast(ballot(OPENED - 1), reason(OPENED + 6), closed=None) == NOT
    assert cast(ballot(OPENED + 1), reason(OPENED - 1), closed=None) == NOT


def test_the_reason_is_ones_own_for_the_same_value_and_without_a_conflict():
    assert cast(ballot(11), reason(12, "fail")) == NOT
    assert cast(ballot(11), reason(12, key="b")) == NOT
    assert cast(ballot(11), reason(12, conflict=True)) == NOT
    assert cast(ballot(11), reason(12, conflict=False)) == COUNTS
    assert cast(ballot(11), reason(12, control="other")) == NOT
    assert cast(ballot(11)) == NOT


def test_strangers_other_bundles_and_other_controls_are_no_ballots():
    assert cast(ballot(11, key="x"), reason(12, key="x")) == ([], [])
    assert cast(ballot(11, subject="cd" * 32), reason(12)) == ([], [])
    assert cast(ballot(11, control="other"), reason(12)) == ([], [])


@pytest.mark.parametrize(
    ("seals", "ballot_at", "expected"),
    [
        ([seal(11)], 21, COUNTS),
        ([], 21, NOT),
        ([seal(11, "fail")], 21, NOT),
        ([seal(11, key="b")], 21, NOT),
        # The first seal stands, whichever follows.
        ([seal(11), seal(12, "fail")], 21, COUNTS),
        ([seal(11, "fail"), seal(12)], 21, NOT),
        # A seal after the reveal, before the opening, or after the closing binds nobody.
        ([seal(REVEALED + 1)], 22, NOT),
        ([seal(OPENED - 1)], 21, NOT),
        ([seal(OPENED - 1, "fail"), seal(11)], 21, COUNTS),
        # A ballot before the reveal is not yet one.
        ([seal(11)], REVEALED - 1, NOT),
    ],
)
def test_a_sealed_ballot_is_the_one_that_was_sealed_before_the_reveal(seals, ballot_at, expected):
    assert cast(*seals, ballot(ballot_at), reason(23), sealed=True, revealed=REVEALED) == expected


def test_without_a_reveal_no_sealed_ballot_counts():
    assert cast(seal(11), ballot(21), reason(23), sealed=True) == NOT


def test_every_reason_inside_is_kept_and_each_ballot_is_told_once():
    opened = entry(OPENED, ROUND, {"controls": ["c", "d"]})
    entries = [reason(12), reason(13, "fail"), reason(40), ballot(14), ballot(15, key="b"), ballot(11, "fail")]
    found = cast_in(opened, COUNCIL, entries, CLOSED)
    assert [each.index for each in found.reasons] == [12, 13]
    assert [(b.member, b.value) for b, _ in found.counted["c"]] == [("a", "fail"), ("a", "pass")]
    assert [(b.member, b.value) for b, _ in found.others["c"]] == [("b", "pass")]
    assert (found.counted["d"], found.others["d"]) == ([], [])
