"""Intervals for clustered samples: worked values, and coverage by simulation for few clusters and extreme rates."""

from math import erf, inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.clustered import (
    Clustered,
    MeanSpread,
    Parts,
    RateSpread,
    clustered_mean,
    clustered_proportion,
    rate_spread,
    robust_variance,
    variance_parts,
)
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.planning import CHANCE, Needed, needed_clusters
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.statistics.undefined import Undefined

Counts = list[list[tuple[int, int]]]
prompt = st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
clusters = st.lists(st.lists(prompt, min_size=1, max_size=4), min_size=2, max_size=8)


def drawn(random: np.random.Generator, sizes: np.ndarray, rate: float, likeness: float, runs: int) -> np.ndarray:
    """Successes of each cluster in each run, with an intracluster correlation of `likeness`."""
    shape = (runs, len(sizes))
    if likeness == 0:
        own = np.full(shape, rate)
    elif likeness == 1:
        own = (random.random(shape) < rate).astype(float)
    else:
        strength = 1 / likeness - 1
        own = random.beta(rate * strength, (1 - rate) * strength, shape)
    return random.binomial(sizes, own)


def proportion(successes: list[int], sizes: list[int]) -> Clustered:
    estimate = clustered_proportion([[pair] for pair in zip(successes, sizes, strict=True)])
    assert isinstance(estimate, Clustered)
    return estimate


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(2, 40))
def test_independent_samples_have_wilsons_interval(successes: int, n: int) -> None:
    successes = min(successes, n)
    estimate = clustered_proportion([[(int(k < successes), 1)] for k in range(n)])
    assert isinstance(estimate, Clustered)
    plain = wilson(successes, n)
    assert estimate.interval.low == pytest.approx(plain.low, abs=1e-12)
    assert estimate.interval.high == pytest.approx(plain.high, abs=1e-12)
    assert (estimate.design_effect, estimate.df) == (1, inf)


@pytest.mark.parametrize("z", [0.5, 1.959964, 4.0])
def test_a_level_and_what_it_leaves_out_lead_to_one_interval(z: float) -> None:
    sums, sizes = np.array([1.0, 3.0, 2.0, 5.0, 0.0, 4.0]), np.array([4.0, 5.0, 3.0, 6.0, 2.0, 7.0])
    spread = rate_spread(sums, sizes)
    assert isinstance(spread, RateSpread)
    told, level = spread.beside(z), spread.at(erf(z / sqrt(2)))
    assert (told.low, told.high) == (pytest.approx(level.low, rel=1e-9), pytest.approx(level.high, rel=1e-9))
    # From 1 - 10⁻¹⁷ on a level is 1 in a double; the interval goes on to widen.
    assert 0 < spread.beside(12.0).low < spread.beside(8.0).low < level.low


def test_equal_clusters_have_the_variance_of_their_means() -> None:
    sums, sizes = np.array([3.0, 5, 1, 7, 4]), np.full(5, 8.0)
    variance, df = robust_variance(sums, sizes)
    assert variance == pytest.approx(float((sums / 8).var(ddof=1)) / 5)
    assert df == pytest.approx(4)


def test_a_cluster_that_dominates_leaves_few_degrees_of_freedom() -> None:
    _, df = robust_variance(np.array([50.0, 2, 3, 1, 4]), np.array([100.0, 5, 5, 5, 5]))
    assert 1 <= df < 1.5


def test_the_variance_is_unbiased_for_independent_samples_in_unequal_clusters() -> None:
    random = np.random.default_rng(3)
    sizes = np.array([1.0, 2, 3, 10, 30])
    found = [robust_variance(random.binomial(sizes.astype(int), 0.3).astype(float), sizes)[0] for _ in range(4000)]
    assert np.mean(found) == pytest.approx(0.3 * 0.7 / sizes.sum(), rel=0.06)


def test_full_likeness_makes_each_cluster_one_sample() -> None:
    estimate = proportion([10, 0, 10, 10, 0, 10, 10, 10, 0, 10, 0, 10] * 4, [10] * 48)
    assert estimate.design_effect == pytest.approx(10, rel=0.03)
    assert estimate.n == 480


def test_without_a_failure_each_cluster_counts_once() -> None:
    """Likeness can't be seen where all samples are equal, so 20 scenarios say as much as 20 samples."""
    estimate = proportion([10] * 20, [10] * 20)
    assert estimate.effective_n == 20
    assert estimate.design_effect == 10
    assert estimate.interval.low < wilson(20, 20).low < wilson(200, 200).low
    assert estimate.interval.high == 1


def test_variance_parts_by_hand() -> None:
    # Two prompts of two repeats: 2 of 2 and 1 of 2. Within: 0.5 over 2 degrees of freedom. Among: 0.25 over 1.
    assert variance_parts([(2, 2, 2), (2, 1, 1)]) == Parts(0.0, 0.25)
    # Three prompts that never waver, means 1, 0, 1: among 2·(2/3)/2 over n0 = 2.
    parts = variance_parts([(2, 2, 2), (2, 0, 0), (2, 2, 2)])
    assert isinstance(parts, Parts)
    assert (parts.between_prompts, parts.within_repeats) == (pytest.approx(1 / 3), 0)
    assert variance_parts([(1, 1, 1), (1, 0, 0)]) is Undefined.NO_REPEATS
    assert variance_parts([(5, 3, 3)]) is Undefined.NO_REPEATS


def test_both_variance_parts_are_found() -> None:
    random = np.random.default_rng(8)
    own = random.beta(2, 3, 3000)
    counts: Counts = [[(int(x), 5)] for x in random.binomial(5, own)]
    estimate = clustered_proportion(counts)
    assert isinstance(estimate, Clustered)
    assert isinstance(estimate.parts, Parts)
    assert estimate.parts.between_prompts == pytest.approx(0.04, abs=0.006)
    assert estimate.parts.within_repeats == pytest.approx(0.20, abs=0.006)


def test_one_cluster_says_nothing_of_others() -> None:
    assert clustered_proportion([[(3, 5), (1, 2)]]) is Undefined.ONE_CLUSTER
    assert clustered_proportion([[(3, 5)], []]) is Undefined.ONE_CLUSTER
    assert clustered_proportion([]) is Undefined.NO_SAMPLES
    assert clustered_mean([[[1.0, 2.0]]]) is Undefined.ONE_CLUSTER


def test_means_on_a_scale_are_proportions_stretched() -> None:
    counts: Counts = [[(2, 3)], [(1, 4), (0, 1)], [(5, 5)]]
    scores = [[[5.0] * s + [1.0] * (n - s) for s, n in cluster] for cluster in counts]
    rate, mean = clustered_proportion(counts), clustered_mean(scores, ends=(1.0, 5.0))
    assert isinstance(rate, Clustered)
    assert isinstance(mean, Clustered)
    assert mean.value == pytest.approx(1 + 4 * rate.value)
    assert mean.interval.low == pytest.approx(1 + 4 * rate.interval.low)
    assert mean.interval.high == pytest.approx(1 + 4 * rate.interval.high)
    assert mean.design_effect == pytest.approx(rate.design_effect)
    assert mean.spread.standard_error() == pytest.approx(4 * rate.spread.standard_error())


def test_means_without_ends_are_students() -> None:
    values = [3.1, 2.0, 4.4, 5.2, 1.7]
    estimate = clustered_mean([[[value]] for value in values])
    assert isinstance(estimate, Clustered)
    stats = pytest.importorskip("scipy.stats")
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (estimate.interval.low, estimate.interval.high) == (pytest.approx(low), pytest.approx(high))
    assert isinstance(estimate.spread, MeanSpread)
    assert clustered_mean([[[2.0, 2.0]], [[2.0]]]) is Undefined.NO_SPREAD


def test_counts_and_scores_that_are_none_are_refused() -> None:
    for bad in ((1, 0), (-1, 2), (3, 2)):
        with pytest.raises(ValueError, match="need 0 <= successes"):
            clustered_proportion([[(1, 2)], [bad]])
    with pytest.raises(ValueError, match="at least one score"):
        clustered_mean([[[]], [[1.0]]])
    with pytest.raises(ValueError, match="between 0"):
        clustered_mean([[[1.5]], [[1.0]]], ends=(0.0, 1.0))
    with pytest.raises(ValueError, match="between 1"):
        clustered_mean([[[1.0]], [[1.0]]], ends=(1.0, 1.0))


@settings(deadline=None)
@given(clusters)
def test_the_interval_holds_the_value_and_is_no_narrower_than_that_of_independent_samples(counts: Counts) -> None:
    estimate = clustered_proportion(counts)
    assert isinstance(estimate, Clustered)
    successes, n = (sum(pair[part] for cluster in counts for pair in cluster) for part in (0, 1))
    plain = wilson(successes, n)
    assert estimate.value == pytest.approx(successes / n)
    assert 0 <= estimate.interval.low <= estimate.value <= estimate.interval.high <= 1
    assert estimate.interval.low <= plain.low + 1e-12
    assert estimate.interval.high >= plain.high - 1e-12
    assert estimate.design_effect >= 1 - 1e-12


@settings(deadline=None)
@given(clusters, st.randoms(use_true_random=False))
def test_the_order_of_clusters_does_not_matter(counts: Counts, random: object) -> None:
    shuffled = random.sample(counts, len(counts))  # type: ignore[attr-defined]
    one, other = clustered_proportion(counts), clustered_proportion(shuffled)
    assert isinstance(one, Clustered)
    assert isinstance(other, Clustered)
    assert one.interval.low == pytest.approx(other.interval.low, abs=1e-9)
    assert one.interval.high == pytest.approx(other.interval.high, abs=1e-9)


UNEQUAL = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 40)
ONE_LARGE = (50, 5, 5, 5, 5, 5)


@pytest.mark.parametrize(
    "sizes", [(10,) * 2, (10,) * 3, (20,) * 5, (20,) * 10, (10,) * 20, (4,) * 50, ONE_LARGE, UNEQUAL]
)
def test_intervals_cover_whatever_the_likeness_and_however_few_the_clusters(sizes: tuple[int, ...]) -> None:
    """At least 95 %, but for Monte Carlo error and the ripple of Wilson's interval itself at extreme rates."""
    random = np.random.default_rng(11)
    size, runs = np.array(sizes), 1200
    shares = {}
    for rate in (0.02, 0.1, 0.5):
        for likeness in (0.0, 0.2, 0.5, 1.0):
            draws = drawn(random, size, rate, likeness, runs).astype(float)
            bounds = [rate_spread(row, size.astype(float)).at() for row in draws]
            shares[rate, likeness] = np.mean([b.low <= rate <= b.high for b in bounds])
    assert np.mean(list(shares.values())) >= 0.945
    assert min(shares.values()) >= 0.95 - 3.5 * (0.95 * 0.05 / runs) ** 0.5, shares


def test_taking_clustered_samples_as_independent_would_not_cover() -> None:
    """What the correction is for."""
    random = np.random.default_rng(12)
    draws = drawn(random, np.full(10, 20), 0.3, 0.5, 500)
    plain = [wilson(int(row.sum()), 200) for row in draws]
    assert np.mean([b.low <= 0.3 <= b.high for b in plain]) < 0.6


def test_many_clusters_cover_at_the_nominal_rate_and_not_far_above() -> None:
    random = np.random.default_rng(13)
    size, runs = np.full(100, 10), 1500
    for rate, likeness in ((0.3, 0.2), (0.5, 0.05)):
        draws = drawn(random, size, rate, likeness, runs).astype(float)
        bounds = [rate_spread(row, size.astype(float)).at() for row in draws]
        share = np.mean([b.low <= rate <= b.high for b in bounds])
        assert 0.95 - 0.017 <= share <= 0.975


def test_means_of_normal_scores_cover() -> None:
    random = np.random.default_rng(24)
    runs, hits = 3000, 0
    for _ in range(runs):
        scores = random.normal(size=(6, 1)) + random.normal(size=(6, 3))
        estimate = clustered_mean([[list(row)] for row in scores])
        assert isinstance(estimate, Clustered)
        hits += estimate.interval.low <= 0 <= estimate.interval.high
    assert abs(hits / runs - 0.95) <= 3 * (0.95 * 0.05 / runs) ** 0.5


AT_LEAST = Rule(Comparison.AT_LEAST, 0.80)


def test_needed_clusters_are_the_fewest_at_which_the_same_value_decides() -> None:
    estimate = proportion([9, 10, 6, 10, 9, 8, 10, 7, 9, 10], [10] * 10)
    assert decide(estimate.interval, AT_LEAST) is Outcome.INCONCLUSIVE
    needed = needed_clusters(estimate, AT_LEAST, chance=0.5)
    assert needed is not None
    assert (needed.prompts, needed.samples) == (needed.clusters, 10 * needed.clusters)
    assert decide(estimate.spread.at(times=needed.clusters / 10), AT_LEAST) is Outcome.PASS
    assert decide(estimate.spread.at(times=(needed.clusters - 1) / 10), AT_LEAST) is Outcome.INCONCLUSIVE
    surer = needed_clusters(estimate, AT_LEAST)
    assert surer is not None
    assert surer.clusters > needed.clusters > 10


def test_no_number_of_clusters_decides_on_the_limit() -> None:
    estimate = proportion([8, 8, 10, 6], [10] * 4)
    assert needed_clusters(estimate, AT_LEAST) is None
    for chance in (0.4, 1.0):
        with pytest.raises(ValueError, match="chance"):
            needed_clusters(estimate, AT_LEAST, chance=chance)


def test_a_perfect_first_run_still_needs_more_scenarios() -> None:
    needed = needed_clusters(proportion([10] * 5, [10] * 5), Rule(Comparison.AT_LEAST, 0.95))
    assert isinstance(needed, Needed)
    assert decide(
        proportion([10] * needed.clusters, [10] * needed.clusters).interval, Rule(Comparison.AT_LEAST, 0.95)
    ) is (Outcome.PASS)


def test_needed_clusters_of_means_without_ends() -> None:
    estimate = clustered_mean([[[3.0]], [[4.0]], [[5.0]], [[4.5]]])
    assert isinstance(estimate, Clustered)
    rule = Rule(Comparison.AT_MOST, 4.5)
    needed = needed_clusters(estimate, rule, chance=0.5)
    assert needed is not None
    assert decide(estimate.spread.at(times=needed.clusters / 4), rule) is Outcome.PASS


@pytest.mark.parametrize(
    ("rate", "rule"),
    [
        (0.87, AT_LEAST),
        (0.70, AT_LEAST),
        (0.06, Rule(Comparison.AT_MOST, 0.10)),
        (0.97, Rule(Comparison.AT_LEAST, 0.9)),
    ],
)
@pytest.mark.parametrize("likeness", [0.0, 0.2])
def test_inconclusive_names_a_number_that_then_decides(rate: float, rule: Rule, likeness: float) -> None:
    """Four in five fresh runs of the needed size decide, and rightly, if the first run's value and likeness hold."""
    random = np.random.default_rng(15)
    scenarios, repeats, fresh = 20, 5, 20
    decided, right, runs = 0, 0, 0
    while runs < 1500:
        first = drawn(random, np.full(scenarios, repeats), rate, likeness, 1)[0]
        estimate = proportion([int(x) for x in first], [repeats] * scenarios)
        needed = needed_clusters(estimate, rule)
        if decide(estimate.interval, rule) is not Outcome.INCONCLUSIVE or needed is None or needed.clusters > 300:
            continue
        assert isinstance(estimate.spread, RateSpread)
        alike = (estimate.n / estimate.spread.observed_n - 1) / (repeats - 1)
        sizes = np.full(needed.clusters, repeats)
        draws = drawn(random, sizes, estimate.value, max(0.0, alike), fresh).astype(float)
        outcomes = [decide(rate_spread(row, sizes.astype(float)).at(), rule) for row in draws]
        good = (estimate.value > rule.limit) == (rule.comparison is Comparison.AT_LEAST)
        decided += fresh - outcomes.count(Outcome.INCONCLUSIVE)
        right += outcomes.count(Outcome.PASS if good else Outcome.FAIL)
        runs += fresh
    assert decided / runs >= CHANCE - 0.03
    assert right / decided >= 0.975
