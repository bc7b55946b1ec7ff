"""Whether any group differs: exact p-values, redrawing by a second party, false alarms, and draws beyond 10⁹ rows."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics import permutation
from shinrai.evaluate.statistics.permutation import no_difference, no_difference_within
from shinrai.evaluate.statistics.undefined import Undefined

CASES = json.loads((Path(__file__).parents[2] / "cases.json").read_text())


def groups_of(case: str) -> list[tuple[int, int]]:
    counts = next(each["counts"] for each in CASES["rates"] if each["id"].startswith(case))
    return [(each["favourable"], each["total"]) for each in counts.values()]


def test_ten_equal_groups_raise_a_false_alarm_in_three_to_seven_of_a_hundred_audits() -> None:
    rng = np.random.default_rng(12)
    audits = [
        no_difference([(int(x), 100) for x in rng.binomial(100, 0.3, 10)], draws=400, seed=k) for k in range(1000)
    ]
    for name in ("difference", "deviation", "ratio"):
        assert 0.03 <= sum(getattr(audit, name).p <= 0.05 for audit in audits) / 1000 <= 0.07
    assert np.mean([audit.difference.expected for audit in audits]) == pytest.approx(0.140, abs=0.003)
    # The four-fifths rule accuses nearly every time.
    assert np.mean([audit.below_four_fifths for audit in audits]) > 0.95


def test_a_second_party_draws_the_same() -> None:
    groups, seed, draws = [(12, 30), (9, 41), (30, 50), (7, 9)], 31, 500
    found = no_difference(groups, draws=draws, seed=seed)
    generator = np.random.Generator(np.random.PCG64([seed, 0]))
    sizes = [n for _, n in groups]
    drawn = generator.multivariate_hypergeometric(sizes, 58, size=draws, method="marginals")

    def gap(counts: list[int]) -> Fraction:
        rates = [Fraction(x, n) for x, n in zip(counts, sizes, strict=True)]
        return max(rates) - min(rates)

    gaps = [gap([int(x) for x in row]) for row in drawn]
    seen = gap([x for x, _ in groups])
    assert found.difference.value == pytest.approx(float(seen), abs=1e-15)
    assert found.difference.p == (sum(each >= seen for each in gaps) + 1) / (draws + 1)
    assert found.difference.expected == pytest.approx(float(sum(gaps) / draws))
    assert found.difference.usual == pytest.approx(float(sorted(gaps)[int(0.95 * draws) - 1]))
    assert (found.draws, found.seed) == (draws, seed)


def test_the_p_of_two_groups_is_fishers() -> None:
    stats = pytest.importorskip("scipy.stats")
    found = no_difference([(30, 100), (18, 100)], draws=40_000)
    law = stats.hypergeom(200, 48, 100)
    exact = sum(law.pmf(x) for x in range(49) if abs(x - (48 - x)) >= 12)
    assert found.difference.p == pytest.approx(exact, abs=0.005)
    assert found.deviation.p == found.difference.p == found.group_p[0] == found.group_p[1]


@pytest.mark.parametrize(("case", "differs"), [("rossi", False), ("ucb", True), ("loanapp", True)])
def test_real_tables_are_flagged_as_they_should_be(case: str, differs: bool) -> None:
    found = no_difference(groups_of(case))
    assert (found.difference.p <= 0.05) is differs
    assert not isinstance(found.ratio, Undefined)
    assert (found.ratio.p <= 0.05) is differs
    assert (found.difference.value > found.difference.usual) is differs


def test_memory_blocks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    strata = [[(3, 20), (9, 30), (1, 15)], [(10, 22), (4, 8), (0, 3)]]
    whole = no_difference_within(strata, draws=300)
    monkeypatch.setattr(permutation, "BLOCK", 20)
    assert no_difference_within(strata, draws=300) == whole


def test_a_gap_between_strata_is_no_gap_within_them() -> None:
    # Everybody in the second stratum is selected more often, and the third group lives there.
    strata = [[(20, 100), (18, 90), (1, 5)], [(6, 10), (4, 7), (60, 100)]]
    within = no_difference_within(strata)
    together = no_difference([(26, 110), (22, 97), (61, 105)])
    assert together.difference.p < 0.001
    assert within.difference.p > 0.5
    assert within.difference.value < 0.05
    assert no_difference_within([[(5, 10), (0, 0)], [(0, 0), (5, 10)]]).difference.p == 1.0


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda x: (min(x), max(x))), min_size=2, max_size=6)
)
def test_one_stratum_and_an_empty_one_are_no_strata(groups: list[tuple[int, int]]) -> None:
    plain = no_difference(groups, draws=50)
    padded = no_difference_within([groups, [(0, 0)] * len(groups)], draws=50)
    assert padded.deviation == plain.deviation
    assert padded.group_p == plain.group_p
    rates = [Fraction(*each) for each in groups]
    assert plain.difference.value == pytest.approx(float(max(rates) - min(rates)), abs=1e-12)
    assert padded.difference.value == pytest.approx(plain.difference.value, abs=1e-12)
    if isinstance(plain.ratio, Undefined):
        assert max(rates) == 0
    else:
        assert plain.ratio.value == pytest.approx(float(min(rates) / max(rates)), abs=1e-12)
    for each in (plain.difference, plain.deviation):
        assert 0 < each.p <= 1


def test_where_all_are_alike_nothing_can_differ() -> None:
    none = no_difference([(0, 10), (0, 20)], draws=20)
    assert none.ratio is Undefined.ALL_ZERO
    assert (none.difference.value, none.difference.p, none.deviation.p) == (0, 1, 1)
    everyone = no_difference([(10, 10), (20, 20)], draws=20)
    assert not isinstance(everyone.ratio, Undefined)
    assert (everyone.ratio.value, everyone.ratio.p, everyone.below_four_fifths) == (1, 1, 0)
    # A group whose only stratum is without successes takes no part in the ratio.
    apart = no_difference_within([[(5, 10), (4, 10), (0, 0)], [(0, 9), (0, 9), (0, 9)]], draws=20)
    assert not isinstance(apart.ratio, Undefined)
    assert apart.ratio.value == pytest.approx(0.8)


@pytest.mark.parametrize(
    "strata",
    [[], [[(1, 2)]], [[(1, 2), (1, 2)], [(1, 2)]], [[(3, 2), (1, 2)]], [[(-1, 2), (1, 2)]], [[(0, 0), (1, 2)]]],
)
def test_groups_that_cannot_be_are_refused(strata: list[list[tuple[int, int]]]) -> None:
    with pytest.raises(ValueError, match="need"):
        no_difference_within(strata)


def test_draws_and_seeds_that_cannot_be_are_refused() -> None:
    for draws, seed in ((0, 1), (1, -1)):
        with pytest.raises(ValueError, match="at least one draw"):
            no_difference([(1, 2), (1, 2)], draws=draws, seed=seed)


BILLIONS = 3 * 10**9


@pytest.mark.parametrize(
    ("own", "successes"),
    [
        (1000, 10**9),  # few places
        (BILLIONS - 1000, 10**9),  # all but few
        (10**9, 1000),  # few successes
        (10**9, BILLIONS - 1000),  # few failures
        (10**9, 10**9),  # many of all
    ],
)
def test_beyond_a_billion_rows_the_law_is_the_same(own: int, successes: int) -> None:
    dealt = permutation._deal(
        np.array([own, BILLIONS - own]), successes, 20_000, np.random.Generator(np.random.PCG64(1))
    )
    assert (dealt.sum(axis=1) == successes).all()
    assert ((dealt >= 0) & (dealt <= [own, BILLIONS - own])).all()
    rate = successes / BILLIONS
    mean, variance = own * rate, own * rate * (1 - rate) * (BILLIONS - own) / (BILLIONS - 1)
    assert dealt[:, 0].mean() == pytest.approx(mean, abs=4 * (variance / 20_000) ** 0.5)
    assert dealt[:, 0].var() == pytest.approx(variance, rel=0.05)


def test_beyond_a_billion_rows_small_groups_come_last_too() -> None:
    found = no_difference([(10**9, 2 * 10**9), (26, 50), (25, 50), (0, 0), (5, 9)][:3], draws=200)
    assert found.difference.p > 0.05
    dealt = permutation._deal(np.array([2 * 10**9, 0, 40]), 10**9, 500, np.random.Generator(np.random.PCG64(1)))
    assert (dealt[:, 1] == 0).all()
    assert dealt[:, 2].mean() == pytest.approx(20, abs=1)
