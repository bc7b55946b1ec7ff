"""Two runs compared: published values, exact tests against enumeration, and coverage by simulation."""

from fractions import Fraction
from itertools import product
from math import inf
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.clustered import Clustered, clustered_mean, clustered_proportion
from shinrai.evaluate.statistics.comparing import (
    ComparisonTest,
    Difference,
    Item,
    RunComparison,
    compare,
    independent_difference,
)
from shinrai.evaluate.statistics.interval import Z95
from shinrai.evaluate.statistics.paired import Pairs, mcnemar_exact, sign_flip_exact, tango, tango_at
from shinrai.evaluate.statistics.proportions import newcombe
from shinrai.evaluate.statistics.undefined import Undefined

Run = dict[str, Item]


def difference(comparison: RunComparison) -> Difference:
    assert isinstance(comparison.difference, Difference)
    return comparison.difference


def test_airway_hyper_responsiveness() -> None:
    """Bentur et al. 2009, as worked in Fagerland, Lydersen, Laake 2017, Analysis of Contingency Tables, ch. 8."""
    pairs = Pairs(both=1, first=1, second=7, neither=12)
    interval = tango(pairs)
    assert pairs.difference == pytest.approx(-0.286, abs=5e-4)
    assert (interval.low, interval.high) == (pytest.approx(-0.517, abs=5e-4), pytest.approx(-0.026, abs=5e-4))
    assert mcnemar_exact(1, 7) == pytest.approx(0.0703125, rel=1e-12)


def test_mcnemar_as_statsmodels() -> None:
    """Complete response, Cavo et al. 2012: 6 against 16; the p is statsmodels 0.15's."""
    assert mcnemar_exact(6, 16) == pytest.approx(0.052478790283203125, rel=1e-12)
    assert mcnemar_exact(49_000, 51_000) < 1e-8 < mcnemar_exact(49_700, 50_300) < 0.06
    assert mcnemar_exact(0, 0) == mcnemar_exact(5, 5) == 1
    assert mcnemar_exact(0, 3000) == 0
    with pytest.raises(ValueError, match="0 or more"):
        mcnemar_exact(-1, 2)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected, rel=1e-9)


def test_tango_agrees_with_mcnemars_statistic_at_no_difference() -> None:
    """The score test of no difference is McNemar's (b - c)²/(b + c)."""
    pairs = Pairs(30, 14, 5, 20)
    z = 9 / 19**0.5
    assert tango(pairs, z).low == pytest.approx(0, abs=1e-12)


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 4).filter(any), st.sampled_from([0.5, Z95, 3.0]))
def test_tango_is_where_the_score_test_rejects(cells: tuple[int, int, int, int], z: float) -> None:
    """By definition: at a bound, the likelihood maximised under that difference gives a statistic of ±z."""
    pairs = Pairs(*cells)
    interval = tango(pairs, z)
    turned = tango(Pairs(pairs.both, pairs.second, pairs.first, pairs.neither), z)
    assert -1 <= interval.low <= pairs.difference + 1e-12
    assert pairs.difference - 1e-12 <= interval.high <= 1
    assert (turned.low, turned.high) == (
        pytest.approx(-interval.high, abs=1e-12),
        pytest.approx(-interval.low, abs=1e-12),
    )
    for bound in (interval.low, interval.high):
        if abs(bound) > 1 - 1e-6 or abs(bound - pairs.difference) < 1e-6:
            continue
        shares = np.linspace(max(0.0, -bound), (1 - bound) / 2, 200_001)[1:-1]
        rest = pairs.both + pairs.neither
        likelihood = (
            pairs.first * np.log(shares + bound)
            + pairs.second * np.log(shares)
            + rest * np.log(np.maximum(1 - 2 * shares - bound, 1e-300))
        )
        share = shares[np.argmax(likelihood)]
        statistic = (pairs.difference - bound) * pairs.n**0.5 / (2 * share + bound - bound**2) ** 0.5
        assert abs(statistic) == pytest.approx(z, rel=0.02)


@settings(deadline=None)
@given(st.lists(st.fractions(-2, 2, max_denominator=6), max_size=9))
def test_sign_flips_are_counted_exactly(differences: list[Fraction]) -> None:
    seen = abs(sum(differences, Fraction(0)))
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    assert sign_flip_exact(differences) == pytest.approx(sum(abs(total) >= seen for total in sums) / len(sums))


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
def test_single_pairs_make_the_sign_flip_mcnemars(first: int, second: int, equal: int) -> None:
    differences = [Fraction(1)] * first + [Fraction(-1)] * second + [Fraction(0)] * equal
    assert sign_flip_exact(differences) == pytest.approx(mcnemar_exact(first, second), rel=1e-9)


def test_what_would_take_too_long_is_not_worked_out() -> None:
    assert sign_flip_exact([Fraction(1, 999_983), Fraction(1, 2)]) is not None
    assert sign_flip_exact([Fraction(5, 999_983), Fraction(1_000_000)]) is None
    assert sign_flip_exact([Fraction(1)] * 8_000) is None


def test_shares_that_fill_the_scale_reach_its_end() -> None:
    assert tango(Pairs(0, 9, 0, 0)).high == 1
    assert tango(Pairs(0, 0, 9, 0)).low == -1


def test_counts_and_shares_that_are_none_are_refused() -> None:
    for cells in ((0, 0, 0, 0), (-1, 1, 1, 1)):
        with pytest.raises(ValueError, match="one pair at least"):
            Pairs(*cells)
    for shares in ((-0.1, 0.2, 5, 2), (0.7, 0.7, 5, 2), (0.1, 0.1, 0, 2), (0.1, 0.1, inf, 2), (0.1, 0.1, 5, 0)):
        with pytest.raises(ValueError, match="shares of pairs"):
            tango_at(*shares)
    for item in ((1, 0, "a"), (3, 2, "a"), (-1, 2, "a")):
        with pytest.raises(ValueError, match="need 0 <= successes"):
            Item(*item)


def run_of(outcomes: list[int], prefix: str = "q") -> Run:
    return {f"{prefix}{k}": Item(outcome, 1, f"{prefix}{k}") for k, outcome in enumerate(outcomes)}


def test_single_items_are_compared_by_mcnemar_and_tango() -> None:
    first, second = [1] * 8 + [0] * 13, [1] + [0] * 7 + [1] + [0] * 12
    comparison = compare(run_of(second), run_of(first))
    found = difference(comparison)
    assert found.test is ComparisonTest.MCNEMAR_EXACT
    assert found.p == pytest.approx(0.0703125)
    assert found.interval == tango(Pairs(1, 1, 7, 12))
    assert (found.n, found.clusters, found.effective_n) == (21, 21, 21)
    assert (comparison.rate_first, comparison.rate_second) == (pytest.approx(2 / 21), pytest.approx(8 / 21))
    assert (comparison.better_first, len(comparison.better_second), comparison.equal) == (("q8",), 7, 13)
    assert found.at(0.99).low < found.interval.low


def test_items_that_one_run_lacks_are_listed_and_in_no_number() -> None:
    first, second = run_of([1, 0, 1, 1]), run_of([1, 1, 0, 1])
    del first["q3"]
    second["z"] = Item(1, 1, "z")
    comparison = compare(first, second)
    assert (comparison.only_first, comparison.only_second) == ((), ("q3", "z"))
    assert difference(comparison).n == 3
    assert comparison.rate_second == pytest.approx(2 / 3)


def test_runs_that_share_nothing_or_one_scenario_are_not_compared() -> None:
    nothing = compare(run_of([1]), run_of([1], "r"))
    assert nothing.difference is Undefined.NO_SHARED_ITEMS
    assert (nothing.rate_first, nothing.only_first, nothing.only_second) == (None, ("q0",), ("r0",))
    one = {"a": Item(1, 1, "s"), "b": Item(0, 1, "s")}
    assert compare(one, one).difference is Undefined.ONE_CLUSTER
    with pytest.raises(ValueError, match="different clusters"):
        compare({"a": Item(1, 1, "s")}, {"a": Item(1, 1, "t")})


def test_equal_runs_do_not_differ_but_are_not_known_to_be_equal() -> None:
    found = difference(compare(run_of([1, 0] * 15), run_of([1, 0] * 15)))
    assert (found.value, found.p) == (0, 1)
    assert found.interval.low == pytest.approx(-(Z95**2) / (30 + Z95**2))
    same = {f"q{k}": Item(1, 3, f"s{k // 3}") for k in range(12)}
    clustered = difference(compare(same, same))
    assert clustered.interval.low < 0 < clustered.interval.high
    steady = {name: Item(3, 3, item.cluster) for name, item in same.items()}
    assert difference(compare(steady, steady)).effective_n == 4


def test_clusters_and_repeats_widen_the_interval() -> None:
    first = {f"q{k}": Item(int(k < 24), 1, f"s{k // 6}") for k in range(60)}
    second = {f"q{k}": Item(int(k < 12), 1, f"s{k // 6}") for k in range(60)}
    plain = compare(*({name: Item(i.successes, 1, name) for name, i in run.items()} for run in (first, second)))
    found = difference(compare(first, second))
    assert found.test is ComparisonTest.SIGN_FLIP_EXACT
    assert found.p == 0.5
    assert difference(plain).p < 0.001
    assert found.interval.low < 0 < difference(plain).interval.low
    assert found.effective_n < 15


def test_a_comparison_too_large_to_enumerate_takes_its_p_from_the_interval() -> None:
    random = np.random.default_rng(4)
    names = [f"q{k}" for k in range(600)]
    trials = {name: int(random.integers(40, 60)) for name in names}
    runs = [
        {name: Item(int(random.binomial(trials[name] + shift, rate)), trials[name] + shift, name) for name in names}
        for shift, rate in ((0, 0.5), (1, 0.5), (2, 0.6))
    ]
    equal, different = difference(compare(runs[0], runs[1])), difference(compare(runs[0], runs[2]))
    assert equal.test is different.test is ComparisonTest.INTERVAL
    assert equal.p > 0.05
    assert different.p < 1e-6
    assert different.value < 0
    assert difference(compare(runs[2], runs[0])).p == pytest.approx(different.p)


def test_independent_runs_by_newcombe() -> None:
    one, other = (clustered_proportion([[(int(k < s), 1)] for k in range(n)]) for s, n in ((56, 70), (48, 80)))
    assert isinstance(one, Clustered)
    assert isinstance(other, Clustered)
    found = independent_difference(one, other)
    # Newcombe 1998, table II, first example: 0.0524 to 0.3339.
    assert (found.interval.low, found.interval.high) == (
        pytest.approx(0.0524, abs=5e-5),
        pytest.approx(0.3339, abs=5e-5),
    )
    assert found.interval.low == pytest.approx(newcombe(56, 70, 48, 80).low, abs=1e-12)
    assert (found.n, found.clusters, found.effective_n, found.test) == (150, 150, 150, ComparisonTest.INTERVAL)
    assert 0.005 < found.p < 0.01
    assert independent_difference(other, one).p == pytest.approx(found.p)
    assert independent_difference(one, one).p == 1
    assert found.at(1 - found.p).low == pytest.approx(0, abs=1e-6)
    means = [clustered_mean([[[x + shift]] for x in (1.0, 2.0, 4.0)]) for shift in (0, 30)]
    assert isinstance(means[0], Clustered)
    assert isinstance(means[1], Clustered)
    assert independent_difference(means[1], means[0]).interval.low > 0


def drawn_runs(
    random: np.random.Generator,
    scenarios: int,
    prompts: int,
    rates: tuple[float, float],
    likeness: float,
    shared: float,
) -> tuple[Run, Run]:
    """Two runs whose outcomes share difficulty, by scenario (likeness) and between the runs (shared)."""

    def noise(*shape: int) -> np.ndarray:
        return random.standard_normal(shape)

    def latent() -> np.ndarray:
        return likeness**0.5 * noise(scenarios, 1) + (1 - likeness) ** 0.5 * noise(scenarios, prompts)

    common = latent()
    runs = [shared**0.5 * common + (1 - shared) ** 0.5 * latent() < NormalDist().inv_cdf(rate) for rate in rates]
    names = [
        (f"{s}-{p}", f"{s}" if prompts > 1 else f"{s}-{p}", s, p) for s in range(scenarios) for p in range(prompts)
    ]
    return tuple({name: Item(int(run[s, p]), 1, cluster) for name, cluster, s, p in names} for run in runs)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("scenarios", "prompts", "likeness"),
    [(40, 1, 0.0), (2, 6, 0.4), (4, 8, 0.4), (10, 5, 0.0), (10, 5, 0.9), (25, 3, 0.3)],
)
def test_paired_intervals_cover(scenarios: int, prompts: int, likeness: float) -> None:
    random = np.random.default_rng(21)
    runs, shares = 160, []
    for rates in ((0.5, 0.5), (0.95, 0.85), (0.97, 0.97)):
        found = [
            difference(compare(*drawn_runs(random, scenarios, prompts, rates, likeness, 0.5))).interval
            for _ in range(runs)
        ]
        gap = rates[0] - rates[1]
        shares.append(np.mean([each.low <= gap <= each.high for each in found]))
    assert np.mean(shares) >= 0.95 - 3 * (0.95 * 0.05 / (3 * runs)) ** 0.5
    assert min(shares) >= 0.95 - 3.5 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize(("scenarios", "prompts", "likeness"), [(40, 1, 0.0), (12, 4, 0.5)])
def test_equal_runs_are_told_apart_no_more_than_one_time_in_twenty(
    scenarios: int, prompts: int, likeness: float
) -> None:
    random = np.random.default_rng(22)
    found = [
        difference(compare(*drawn_runs(random, scenarios, prompts, (0.7, 0.7), likeness, 0.5))).p for _ in range(400)
    ]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_repeats_that_are_mere_noise_are_not_taken_for_a_difference() -> None:
    random = np.random.default_rng(23)
    hits, covered, runs = 0, 0, 250
    for _ in range(runs):
        own = random.beta(2, 2, 15)
        first, second = (
            {f"q{k}": Item(int(random.binomial(4, p)), 4, f"q{k}") for k, p in enumerate(own)} for _ in "ab"
        )
        found = difference(compare(first, second))
        hits += found.p <= 0.05
        covered += found.interval.low <= 0 <= found.interval.high
    assert hits / runs <= 0.05 + 0.04
    assert covered / runs >= 0.95 - 0.04
