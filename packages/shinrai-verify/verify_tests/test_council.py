"""The council's arithmetic: quorums, and what the tally certifies when up to f members do their worst."""

from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai_verify.council import (
    UNDECIDED,
    VALUES,
    VOID,
    Ballot,
    Member,
    Roster,
    certifies,
    late,
    reconsidered,
    required_strata,
    tally,
)

SILENT, PASS, FAIL, OPEN = (), ("pass",), ("fail",), ("inconclusive",)


def member(number, domain=None, causes=(), strata=()):
    name = f"m{number}"
    return Member(name, name, bytes(32), "tool", domain or name, causes, strata)


def roster(n, required=None, **of_all):
    return Roster(tuple(member(number, **of_all) for number in range(n)), required or {})


def count(council, votes):
    """Count a profile: one tuple of values for each member."""
    return tally(council, [Ballot(f"m{number}", v) for number, values in enumerate(votes) for v in values])


@pytest.mark.parametrize(("n", "f", "q"), [(4, 1, 3), (7, 2, 5), (10, 3, 7), (21, 6, 14), (33, 10, 22), (100, 33, 67)])
def test_quorums_of_the_table(n, f, q):
    assert (roster(n).f, roster(n).q) == (f, q)


@pytest.mark.parametrize("n", range(1, 301))
def test_a_quorum_is_safe_live_and_no_larger_than_it_must_be(n):
    council = roster(n)
    f, q = council.f, council.q
    assert 2 * q - n >= f + 1
    assert q <= n - f
    assert 2 * (q - 1) - n < f + 1
    assert 3 * f < n <= 3 * (f + 1)
    assert q == -(-2 * n // 3)


def test_the_textbook_2f_plus_1_is_unsafe_for_33():
    council = roster(33)
    smaller = 2 * council.f + 1
    assert smaller == 21
    # Two sets of 21 can share 9 members, who may all be faulty.
    assert 2 * smaller - council.n < council.f + 1


CHOICES = [SILENT, PASS, FAIL, OPEN, ("fail", "pass"), ("inconclusive", "pass"), ("fail", "inconclusive"), VALUES]


@pytest.mark.parametrize("n", [4, 5, 6])
def test_no_f_members_can_certify_two_values_or_one_the_honest_majority_does_not_hold(n):
    """Go through every profile of n - f honest members and everything that f others can do, per observer.

    A faulty member may show each observer other ballots: the union of all certificates that any observer can be shown
    must name one value at most.
    """
    council = roster(n)
    honest = n - council.f
    for sincere in product([PASS, FAIL, OPEN, SILENT], repeat=honest):
        certified = set()
        for hostile in product(CHOICES, repeat=council.f):
            found = count(council, (*sincere, *hostile))
            assert found.outcome != VOID
            if found.outcome in VALUES:
                certified.add(found.outcome)
                assert 2 * sincere.count((found.outcome,)) > honest
            if SILENT not in sincere and len(set(sincere)) == 1:
                assert found.outcome == sincere[0][0]
        assert len(certified) <= 1


def test_f_plus_1_members_can_break_it_so_the_test_above_has_teeth():
    council = roster(4)
    sincere = [PASS, FAIL]
    assert count(council, [*sincere, PASS, PASS]).outcome == "pass"
    assert count(council, [*sincere, FAIL, FAIL]).outcome == "fail"


@pytest.mark.parametrize("n", [4, 7, 33])
def test_equivocators_are_counted_out_up_to_f_and_void_the_round_beyond(n):
    council = roster(n)
    liars = [("pass", "fail")] * council.f
    found = count(council, [*liars, *[PASS] * (n - council.f)])
    assert found.outcome == "pass"
    assert found.equivocators == tuple(sorted(f"m{number}" for number in range(council.f)))
    assert len(found.voters["pass"]) == n - council.f
    found = count(council, [*liars, VALUES, *[PASS] * (n - council.f - 1)])
    assert (found.outcome, found.final, found.contested, found.dissent) == (VOID, True, True, ())


def test_silence_never_passes():
    found = count(roster(4), [SILENT] * 4)
    assert (found.outcome, found.final, found.contested) == (UNDECIDED, False, False)
    assert found.absent == ("m0", "m1", "m2", "m3")
    assert count(roster(4), [PASS, PASS, SILENT, SILENT]).outcome == UNDECIDED


def test_a_split_council_decides_nothing_and_says_whether_that_is_final():
    assert count(roster(4), [PASS, PASS, FAIL, SILENT]).final is False
    # Even if f of the others turned out to be equivocators, no value could win any more.
    found = count(roster(11), [PASS] * 4 + [FAIL] * 4 + [OPEN] * 3)
    assert (found.outcome, found.final, found.contested) == (UNDECIDED, True, True)
    found = count(roster(11), [PASS] * 5 + [FAIL] * 4 + [OPEN] * 2)
    assert (found.outcome, found.final, found.contested) == (UNDECIDED, False, True)


def test_dissent_is_named_and_contests_only_beyond_f():
    found = count(roster(7), [PASS] * 5 + [FAIL, OPEN])
    assert (found.outcome, found.dissent, found.contested) == ("pass", ("m5", "m6"), False)
    found = count(roster(9), [PASS] * 6 + [FAIL] * 3)
    assert (found.outcome, found.contested) == ("pass", True)


@pytest.mark.parametrize(("domains", "outcome"), [(1, UNDECIDED), (3, UNDECIDED), (4, "pass"), (5, "pass")])
def test_a_council_of_fewer_than_four_domains_decides_nothing(domains, outcome):
    council = Roster(tuple(member(n, domain=f"d{n % domains}") for n in range(12)), {})
    assert count(council, [PASS] * 12).outcome == outcome


def test_clones_do_not_outvote_the_domains():
    # 20 clones of one judge and 4 others: a member quorum of 16 is theirs, a domain quorum is not.
    council = Roster(tuple(member(n, domain="clone" if n < 20 else f"d{n}") for n in range(24)), {})
    assert count(council, [PASS] * 20 + [FAIL] * 4).outcome == UNDECIDED
    assert count(council, [PASS] * 20 + [PASS, PASS, FAIL, FAIL]).outcome == UNDECIDED
    assert count(council, [PASS] * 20 + [PASS, PASS, PASS, FAIL]).outcome == "pass"


def test_a_required_stratum_can_only_block():
    council = Roster(tuple(member(n, strata=("human",) if n == 0 else ()) for n in range(4)), {"human": 1})
    assert count(council, [PASS, PASS, PASS, FAIL]).outcome == "pass"
    assert count(council, [FAIL, PASS, PASS, PASS]).outcome == UNDECIDED
    assert count(council, [FAIL, FAIL, FAIL, PASS]).outcome == "fail"
    assert count(Roster(council.members, {"human": 2}), [PASS] * 4).outcome == UNDECIDED
    assert count(Roster(council.members, {"absent": 1}), [PASS] * 4).outcome == UNDECIDED
    assert count(Roster(council.members, {"human": 0}), [FAIL, PASS, PASS, PASS]).outcome == "pass"


def test_strangers_and_unknown_values_do_not_count():
    council = roster(4)
    ballots = [Ballot(f"m{n}", "pass") for n in range(2)]
    strange = [Ballot("stranger", "pass"), Ballot("m2", "PASS"), Ballot("m3", "undecided"), Ballot("m3", "void")]
    found = tally(council, [*ballots, *strange])
    assert found.outcome == UNDECIDED
    assert found.absent == ("m2", "m3")


def test_causes_shared_by_more_than_f_are_named():
    council = Roster(tuple(member(n, causes=("host:a", f"program:{n}", f"pair:{n // 2}")) for n in range(5)), {})
    assert council.common_causes_over_f == ("host:a", "pair:0", "pair:1")


ROSTERS = st.lists(st.integers(0, 7), min_size=4, max_size=12).map(
    lambda domains: Roster(tuple(member(n, domain=f"d{d}") for n, d in enumerate(domains)), {})
)
PROFILES = ROSTERS.flatmap(
    lambda council: st.tuples(
        st.just(council), st.lists(st.sampled_from(CHOICES), min_size=council.n, max_size=council.n)
    )
)


@settings(max_examples=150)
@given(PROFILES)
def test_certified_means_members_and_domains_and_at_most_one_value(case):
    council, votes = case
    found = count(council, votes)
    sizes = {m.domain: sum(o.domain == m.domain for o in council.members) for m in council.members}
    weight = {
        value: sum((Fraction(1, sizes[m.domain]) for m in council.members if m.id in found.voters[value]), Fraction())
        for value in VALUES
    }
    reached = [v for v in VALUES if len(found.voters[v]) >= council.q]
    needed = Fraction(len(sizes) + (len(sizes) - 1) // 3, 2)
    certified = [v for v in reached if weight[v] > needed and len(sizes) >= 4]
    assert len(reached) <= 1
    if len(found.equivocators) > council.f:
        assert found.outcome == VOID
    else:
        assert [found.outcome] == (certified or [UNDECIDED])
        assert not certified or found.final
    everyone = [*found.absent, *found.equivocators, *(m for members in found.voters.values() for m in members)]
    assert sorted(everyone) == sorted(m.id for m in council.members)


@settings(max_examples=100)
@given(PROFILES, st.randoms())
def test_order_and_repetition_of_ballots_change_nothing(case, random):
    council, votes = case
    ballots = [Ballot(f"m{n}", value) for n, values in enumerate(votes) for value in values]
    again = ballots + random.choices(ballots, k=5) if ballots else []
    random.shuffle(again)
    assert tally(council, again) == tally(council, ballots)


@settings(max_examples=100)
@given(PROFILES)
def test_what_is_final_cannot_be_changed_by_those_who_have_not_voted(case):
    council, votes = case
    found = count(council, votes)
    if not found.final or found.outcome == VOID:
        return
    late = [n for n, values in enumerate(votes) if not values]
    for value in VALUES:
        for chosen in combinations(late, min(len(late), 3)):
            outcome = count(council, [(value,) if n in chosen else v for n, v in enumerate(votes)]).outcome
            assert outcome in (found.outcome, VOID)


def test_an_undecided_tally_says_which_condition_was_missing():
    assert count(roster(4), [PASS] * 4).reason == ""
    assert count(roster(4), [PASS, PASS, FAIL, FAIL]).reason == "no quorum"
    assert count(roster(12, domain="one"), [PASS] * 12).reason == "no diversity"
    council = Roster(tuple(member(n, domain="clone" if n < 20 else f"d{n}") for n in range(24)), {})
    assert count(council, [PASS] * 20 + [FAIL] * 4).reason == "no domain quorum"
    assert count(Roster(roster(4).members, {"human": 1}), [PASS] * 4).reason == "no stratum"
    assert count(roster(4), [("pass", "fail")] * 2 + [PASS] * 2).reason == ""


def test_a_rubric_demands_strata_for_each_control():
    rubric = {"required": {"X": {"human": 2}, "Y": {"human": 1, "tool": 3}, "Z": None}}
    assert required_strata(rubric, "X") == {"human": 2}
    assert required_strata(rubric, "Y") == {"human": 1, "tool": 3}
    assert required_strata(rubric, "Z") == required_strata(rubric, "other") == required_strata({}, "X") == {}
    for demanded in ({"X": {"human": -1}}, {"X": {"human": True}}, {"X": {"human": "1"}}, {"X": ["human"]}, ["X"]):
        with pytest.raises(ValueError, match="demands a stratum"):
            required_strata({"required": demanded}, "X")


def test_what_a_rubric_demands_counts_beside_what_the_roster_does():
    people = Roster(tuple(member(n, strata=("human",) if n < 2 else ()) for n in range(7)), {"human": 1})
    votes = [Ballot(f"m{n}", "pass") for n in range(1, 7)]
    assert tally(people, votes).outcome == "pass"
    assert tally(people, votes, {"human": 1}).outcome == "pass"
    assert tally(people, votes, {"human": 2}).outcome == UNDECIDED
    assert tally(people, votes, {"human": 0}).outcome == "pass"


def test_a_person_contests_a_certified_value_where_people_are_demanded():
    council = Roster(tuple(member(n, strata=("human",) if n < 2 else ()) for n in range(7)), {})
    votes = [Ballot("m0", "fail"), *(Ballot(f"m{n}", "pass") for n in range(1, 7))]
    assert tally(council, votes).contested is False
    assert tally(council, votes, {"human": 1}).contested is True
    program = [Ballot("m6", "fail"), *(Ballot(f"m{n}", "pass") for n in range(6))]
    assert tally(council, program, {"human": 1}).contested is False


@pytest.mark.parametrize(("liars", "outcome", "contested"), [(0, "pass", False), (1, "pass", True), (2, VOID, True)])
def test_late_ballots_convict_and_never_count_for_a_value(liars, outcome, contested):
    council = roster(4)
    counted = count(council, [PASS, PASS, PASS, SILENT])
    found = reconsidered(council, counted, [Ballot(f"m{n}", "fail") for n in range(liars)])
    assert (found.outcome, found.contested, len(found.equivocators)) == (outcome, contested, liars)
    undecided = count(council, [PASS, PASS, SILENT, SILENT])
    again = reconsidered(council, undecided, [Ballot("m2", "pass"), Ballot("m3", "pass"), Ballot("stranger", "pass")])
    assert (again.outcome, again.unlogged) == (UNDECIDED, ("m2", "m3"))


# What one control demands beyond the roster.


def test_a_control_may_demand_more_persons_than_the_roster():
    people = [member(number, strata=("human",) if number < 2 else ()) for number in range(7)]
    council = Roster(tuple(people), {"human": 1})
    everyone = [PASS] * 7
    assert count(council, everyone).outcome == "pass"
    ballots = [Ballot(f"m{number}", "pass") for number in range(7)]
    assert tally(council, ballots, {"human": 2}).outcome == "pass"
    assert tally(council, ballots, {"human": 3}).outcome == UNDECIDED
    assert tally(council, ballots[1:], {"human": 2}).outcome == UNDECIDED
    # A demand of the rubric never lowers the roster's.
    assert tally(council, ballots[2:], {"human": 0}).outcome == UNDECIDED
    assert council.demanded({"human": 0, "tool": 2}) == {"human": 1, "tool": 2}


def test_a_person_s_dissent_contests_only_where_persons_are_demanded():
    people = [member(number, strata=("human",) if number == 0 else ()) for number in range(7)]
    ballots = [Ballot("m0", "fail"), *(Ballot(f"m{number}", "pass") for number in range(1, 7))]
    free = Roster(tuple(people), {})
    assert (tally(free, ballots).outcome, tally(free, ballots).contested) == ("pass", False)
    two = [*people[:1], member(1, strata=("human",)), *people[2:]]
    bound = tally(Roster(tuple(two), {}), ballots, {"human": 1})
    assert (bound.outcome, bound.contested, bound.dissent) == ("pass", True, ("m0",))
    tool = [Ballot("m2", "fail"), *(Ballot(f"m{number}", "pass") for number in (0, 1, 3, 4, 5, 6))]
    assert tally(Roster(tuple(two), {}), tool, {"human": 1}).contested is False


def test_clones_in_one_domain_weigh_as_one():
    # 30 copies and 3 others: far more than a quorum, but of one cause.
    clones = [member(number, domain="clone") for number in range(30)] + [member(number) for number in range(30, 33)]
    council = Roster(tuple(clones), {})
    assert len(council.domains) == 4
    everyone = {f"m{number}" for number in range(33)}
    assert certifies(council, everyone)
    assert certifies(council, everyone - {"m32"})
    assert not certifies(council, everyone - {"m31", "m32"})
    assert not certifies(council, everyone - {f"m{number}" for number in range(12)})


# Votes presented outside a round.


def _late(council, votes, *more, required=None):
    return late(count(council, votes), council, [Ballot(*each) for each in more], required)


def test_late_votes_convict_and_never_count():
    council = roster(7)  # f = 2, q = 5
    whole = [PASS] * 7
    assert _late(council, whole) == ""
    assert _late(council, whole, ("m0", "pass")) == ""
    assert _late(council, whole, ("m0", "fail"), ("m1", "fail")) == ""
    assert _late(council, whole, ("m0", "fail"), ("m1", "fail"), ("m2", "inconclusive")) == VOID
    assert _late(council, whole[:5], ("m0", "fail")) == "contested"
    assert _late(council, whole[:5], ("m5", "fail"), ("m6", "pass")) == ""
    assert _late(council, whole[:4], ("m5", "pass"), ("m0", "fail")) == ""
    # Two values of one who was silent convict as well.
    liars = [(f"m{number}", value) for number in (4, 5, 6) for value in ("pass", "fail")]
    assert _late(council, [PASS] * 4, *liars) == VOID
    # Who lied in the round already counts among them; a void round stays what it is.
    assert _late(council, [("pass", "fail")] * 2 + [PASS] * 5, ("m2", "fail")) == VOID
    assert _late(council, [("pass", "fail")] * 3 + [PASS] * 4) == ""


def test_late_votes_contest_when_a_demanded_stratum_falls_away():
    people = [member(number, strata=("human",) if number == 0 else ()) for number in range(7)]
    council = Roster(tuple(people), {})
    assert _late(council, [PASS] * 7, ("m0", "fail")) == ""
    assert _late(council, [PASS] * 7, ("m0", "fail"), required={"human": 1}) == "contested"


@pytest.mark.parametrize("quorum", [18, 21])
def test_with_a_smaller_quorum_ten_liars_certify_two_values_for_33(quorum):
    council = roster(33)
    honest = 33 - council.f
    for one in range(honest + 1):
        votes = [PASS] * one + [FAIL] * (honest - one)
        shown = {value: one if value == "pass" else honest - one for value in ("pass", "fail")}
        # Each observer is shown the liars' votes for another value.
        certified = [value for value, votes_ in shown.items() if votes_ + council.f >= quorum]
        real = [
            value for value in ("pass", "fail") if count(council, [*votes, *[(value,)] * council.f]).outcome == value
        ]
        assert len(real) <= 1
        if one == honest // 2:
            assert len(certified) == 2


@pytest.mark.parametrize("domains", range(4, 14))
def test_domains_certify_by_weight_to_the_fraction(domains):
    # One large domain and single members: however many sign, each domain weighs one, and parts of it count in part.
    size = 4 * domains
    council = Roster(
        (*(member(n, domain="large") for n in range(size)), *map(member, range(size, size + domains - 1))), {}
    )
    for alone in range(domains):
        for part in range(size + 1):
            voters = {f"m{n}" for n in range(part)} | {f"m{n}" for n in range(size, size + alone)}
            weight = Fraction(part, size) + alone
            enough = len(voters) >= council.q and 2 * weight > domains + (domains - 1) // 3
            assert certifies(council, voters) == enough, (alone, part)


@pytest.mark.parametrize("domains", [4, 7, 10, 13])
def test_two_large_domains_certify_by_weight_to_the_fraction(domains):
    size, singles = 4 * domains, domains - 2
    of_domain = [*["a"] * size, *["b"] * size, *(f"s{n}" for n in range(singles))]
    council = Roster(tuple(member(n, domain=domain) for n, domain in enumerate(of_domain)), {})
    reached = set()
    for alone in range(singles + 1):
        for part in range(size + 1):
            voters = {f"m{n}" for n in (*range(size), *range(size, size + part), *range(2 * size, 2 * size + alone))}
            weight = 1 + Fraction(part, size) + alone
            if len(voters) >= council.q:
                needed = domains + (domains - 1) // 3
                reached.add(needed - 1 < 2 * weight <= needed)
                assert certifies(council, voters) == (2 * weight > needed), (alone, part)
    # Where one vote less by weight would do, it matters.
    assert reached == {True, False}


def test_strata_are_demanded_from_nothing_up():
    assert required_strata({"required": {"c": {"human": 0}}}, "c") == {"human": 0}
    assert roster(4).demanded({"human": 0}) == {"human": 0}
    assert Roster((), {"human": 1}).demanded({"tool": 1}) == {"human": 1, "tool": 1}
    with pytest.raises(ValueError, match=r"^a rubric demands a stratum in a way that is not known$"):
        required_strata({"required": {"c": {"human": -1}}}, "c")
    with pytest.raises(ValueError, match="not known"):
        required_strata({"required": ["c"]}, "c")


def test_what_is_missing_is_said_of_the_value_with_most_votes():
    people = [member(number, domain="one" if number < 5 else None) for number in range(8)]
    council = Roster(tuple(people), {})  # f = 2, q = 6, four domains
    found = count(council, [FAIL, FAIL, SILENT, PASS, PASS, PASS, PASS, PASS])
    assert (found.outcome, found.reason) == (UNDECIDED, "no quorum")
    # Six are enough by number, and weigh two domains of four: said of them, whichever value the other votes are for.
    for more, fewer in ((FAIL, PASS), (PASS, FAIL), (OPEN, PASS)):
        found = count(council, [more] * 6 + [SILENT, fewer])
        assert (found.outcome, found.reason) == (UNDECIDED, "no domain quorum")
    assert count(council, [PASS] * 8).reason == ""


def test_votes_that_were_never_logged_count_against_a_value_beyond_f():
    council = roster(12)  # f = 3, q = 8
    counted = count(council, [PASS] * 8 + [FAIL] + [SILENT] * 3)

    def again(*more, of=counted):
        found = reconsidered(council, of, [Ballot(*each) for each in more])
        return found.outcome, found.contested, found.unlogged

    assert again() == ("pass", False, ())
    assert again(("m9", "fail")) == ("pass", False, ("m9",))
    # With the dissent in the log two against are f, and three are more.
    assert again(("m9", "fail"), ("m10", "inconclusive"), ("m11", "pass")) == ("pass", False, ("m10", "m11", "m9"))
    assert again(("m9", "fail"), ("m10", "inconclusive"), ("m11", "fail")) == ("pass", True, ("m10", "m11", "m9"))
    assert again(*((f"m{n}", "fail") for n in (0, 1, 2, 3, 9))) == (VOID, True, ("m9",))
    undecided = count(council, [PASS] * 3 + [FAIL] * 3 + [OPEN] * 3 + [SILENT] * 3)
    assert again(*((f"m{n}", "fail") for n in (9, 10, 11)), of=undecided)[:2] == (UNDECIDED, False)


def test_a_stratum_of_the_rubric_is_asked_for_again_when_its_member_is_convicted():
    people = [member(number, strata=("human",) if number == 0 else ()) for number in range(10)]
    council = Roster(tuple(people), {})
    counted = count(council, [PASS] * 10)
    convicting = [Ballot("m0", "fail")]
    assert reconsidered(council, counted, convicting).contested is False
    assert reconsidered(council, counted, convicting, {"human": 1}).contested is True
