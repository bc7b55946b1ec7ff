"""Scores from histograms against scikit-learn on the rows, with the printed bounds."""

import json
from fractions import Fraction
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.binned_scores import (
    Bounded,
    CalibrationError,
    ScoreClass,
    ScoreHistogram,
    Stability,
    brier,
    calibration_error,
    calibration_points,
    kolmogorov_smirnov,
    score_auc,
    stability,
    thresholds,
)
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.statistics.ranking import Auc
from shinrai.evaluate.statistics.undefined import Undefined

BITS = 46
CASES = json.loads((Path(__file__).parents[2] / "cases.json").read_text())
ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def histogram(scores: np.ndarray, labels: np.ndarray, bins: int = 100) -> ScoreHistogram:
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    parts = []
    for of in (labels, ~labels):
        sums, squares = [0] * bins, [0] * bins
        for b, score in zip(place[of].tolist(), scores[of].tolist(), strict=True):
            sums[b] += round(Fraction(score) * 2**BITS)
            squares[b] += round(Fraction(score) ** 2 * 2**BITS)
        parts.append(ScoreClass(np.bincount(place[of], minlength=bins), tuple(sums), tuple(squares)))
    return ScoreHistogram(parts[0], parts[1], BITS)


def drawn(n: int, wrong: float = 0.0, seed: int = 1, bins: int = 100) -> tuple[np.ndarray, np.ndarray, ScoreHistogram]:
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 3, n)
    labels = rng.random(n) < np.clip(scores + wrong * np.sign(scores - 0.4), 0, 1)
    return scores, labels, histogram(scores, labels, bins)


def counted(positives: list[int], negatives: list[int]) -> ScoreHistogram:
    """Rows at the middle of their bins."""
    bins = len(positives)
    middle = [Fraction(2 * b + 1, 2 * bins) for b in range(bins)]
    parts = [
        ScoreClass(
            np.array(counts),
            tuple(round(c * m * 2**BITS) for c, m in zip(counts, middle, strict=True)),
            tuple(round(c * m * m * 2**BITS) for c, m in zip(counts, middle, strict=True)),
        )
        for counts in (positives, negatives)
    ]
    return ScoreHistogram(parts[0], parts[1], BITS)


def test_hanley_and_mcneil() -> None:
    case = CASES["scores"]
    found = score_auc(counted(case["positives"], case["negatives"]))
    assert isinstance(found, Auc)
    assert found.value == pytest.approx(float(Fraction(case["auc"])), abs=1e-15)
    assert found.se == pytest.approx(case["delong_se"], abs=1e-6)


@settings(max_examples=30)
@given(ROWS)
def test_numbers_of_rows_lie_within_the_printed_bounds(rows: list[tuple[float, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = np.array([score for score, _ in rows]), np.array([label for _, label in rows])
    binned = histogram(scores, labels, 10)
    area = score_auc(binned)
    if min(labels.sum(), (~labels).sum()) < 2:
        assert area is Undefined.ONE_CLASS
    else:
        assert isinstance(area, Auc)
        assert abs(area.value - metrics.roc_auc_score(labels, scores)) <= area.bound + 1e-12
    loss = brier(binned)
    assert isinstance(loss, Bounded)
    assert loss.value == pytest.approx(((scores - labels) ** 2).mean(), abs=loss.bound)
    assert loss.interval is not None
    assert loss.interval.low <= loss.value + 1e-9
    assert loss.interval.high >= loss.value - 1e-9
    apart = kolmogorov_smirnov(binned.positives.counts, binned.negatives.counts)
    if labels.all() or not labels.any():
        assert apart is Undefined.NO_ROWS
    else:
        stats = pytest.importorskip("scipy.stats")
        exact = stats.ks_2samp(scores[labels], scores[~labels]).statistic
        assert isinstance(apart, Bounded)
        assert apart.value - 1e-12 <= exact <= apart.value + apart.bound + 1e-12


def test_the_distance_of_two_distributions_is_covered_at_least_as_often_as_said() -> None:
    # Positives score as the larger of two uniform draws, negatives as one: F - G = x - x², at most 1/4.
    draws, bins, covered = np.random.default_rng(7), 50, 0
    off = 0.23404 + 0.19110  # by hand: √(ln 80 / 80) + √(ln 80 / 120)
    for _ in range(400):
        first = np.histogram(draws.random((40, 2)).max(axis=1), bins, (0, 1))[0]
        second = np.histogram(draws.random(60), bins, (0, 1))[0]
        found = kolmogorov_smirnov(first, second)
        assert isinstance(found, Bounded)
        assert found.interval is not None
        covered += found.interval.low <= 0.25 <= found.interval.high
        ends = max(0.0, found.value - off), min(1.0, found.value + found.bound + off)
        assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=1e-4)
    assert covered >= 0.95 * 400
    wider = kolmogorov_smirnov([10, 0], [0, 10], z=3.0)
    narrow = kolmogorov_smirnov([10, 0], [0, 10], z=1.0)
    assert isinstance(wider, Bounded)
    assert isinstance(narrow, Bounded)
    assert wider.interval is not None
    assert narrow.interval is not None
    assert wider.interval.low < narrow.interval.low < narrow.value == narrow.interval.high == 1.0


def test_thresholds_are_those_of_the_rows() -> None:
    scores, labels, binned = drawn(500)
    found = thresholds(binned)
    for place in (0, 1, 37, 99):
        chosen = scores >= found.threshold[place]
        assert (int(found.tp[place]), int(found.fp[place])) == ((chosen & labels).sum(), (chosen & ~labels).sum())
        assert (int(found.fn[place]), int(found.tn[place])) == ((~chosen & labels).sum(), (~chosen & ~labels).sum())
    assert (found.tp[-1], found.fp[-1], found.threshold[-1]) == (0, 0, inf)
    rate, low, high = found.rates(found.tp, found.tp + found.fn)
    interval = wilson(int(found.tp[37]), int(labels.sum()))
    assert (low[37], high[37]) == pytest.approx((interval.low, interval.high))
    assert (low <= rate).all()
    precision, least, _ = found.rates(found.tp, found.tp + found.fp)
    assert np.isnan(precision[-1])
    assert np.isnan(least[-1])
    curve = found.roc()
    assert (curve[0], curve[-1]) == ((0, 0), (1, 1))
    fpr, tpr = (np.array(each) for each in zip(*curve, strict=True))
    area = score_auc(binned)
    assert isinstance(area, Auc)
    assert np.trapezoid(tpr, fpr) == pytest.approx(area.value)
    with pytest.raises(ValueError, match="both classes"):
        thresholds(counted([1, 0], [0, 0])).roc()


def test_calibration_points_and_error_are_those_of_the_rows() -> None:
    metrics = pytest.importorskip("sklearn.calibration")
    scores, labels, binned = drawn(800, wrong=0.1)
    points = calibration_points(binned)
    rate, mean = metrics.calibration_curve(labels, scores, n_bins=10)
    assert [point.rate.value for point in points] == pytest.approx(rate)
    assert [point.score for point in points] == pytest.approx(mean)
    assert sum(point.n for point in points) == 800
    assert (points[0].low, points[0].high) == pytest.approx((0, 0.1))
    assert points[2].rate.interval == wilson(round(points[2].rate.value * points[2].n), points[2].n)
    found = calibration_error(binned)
    assert isinstance(found, CalibrationError)
    assert found.value == pytest.approx(sum(p.n * abs(p.rate.value - p.score) for p in points) / 800)
    assert (found.n, found.bins) == (800, len(points))
    assert found.debiased < found.value
    assert found.interval.low > 0
    for wrong in (0, 3, 101):
        with pytest.raises(ValueError, match="equal ones"):
            calibration_points(binned, points=wrong)


def test_what_chance_makes_of_calibrated_scores_is_said_and_covered() -> None:
    found = [calibration_error(drawn(300, seed=seed)[2]) for seed in range(100)]
    errors = [each for each in found if isinstance(each, CalibrationError)]
    assert len(errors) == 100
    assert np.mean([each.value for each in errors]) == pytest.approx(np.mean([e.by_chance for e in errors]), rel=0.12)
    assert np.mean([each.interval.low == 0 for each in errors]) > 0.93
    assert np.mean([each.debiased for each in errors]) < 0.7 * np.mean([each.value for each in errors])


def test_the_brier_score_is_covered() -> None:
    scores = np.random.default_rng(3).beta(2, 3, 400_000)
    truth = float((scores * (1 - scores)).mean())
    hits = []
    for seed in range(100):
        found = brier(drawn(200, seed=seed)[2])
        assert isinstance(found, Bounded)
        assert found.interval is not None
        hits.append(found.interval.low <= truth <= found.interval.high)
    assert 0.91 <= np.mean(hits) <= 1


def test_stability_and_its_part_of_chance() -> None:
    rng = np.random.default_rng(6)
    seen = []
    for _ in range(200):
        one, two = (np.bincount(rng.integers(0, 100, n), minlength=100) for n in (600, 900))
        found = stability(one, two)
        assert isinstance(found, Stability)
        seen.append(found.value)
    assert np.mean(seen) == pytest.approx(found.by_chance, rel=0.15)
    assert found.by_chance == pytest.approx(9 * (1 / 600 + 1 / 900))
    far = stability([100, 0], [0, 100], bins=2)
    assert isinstance(far, Stability)
    assert 5 < far.value < 20
    assert stability([0, 0], [1, 2], bins=2) is Undefined.NO_ROWS
    assert stability([1, 0], [0, 0], bins=2) is Undefined.NO_ROWS
    for one, two, bins in (([1, 2], [1, 2, 3], 1), ([1, 2, 3], [1, 2, 3], 2), ([1], [1], 0)):
        with pytest.raises(ValueError, match="equal bins"):
            stability(one, two, bins=bins)


def test_without_rows_nothing_is_said() -> None:
    empty = counted([0, 0], [0, 0])
    assert brier(empty) is calibration_error(empty, points=2) is Undefined.NO_ROWS
    assert calibration_points(empty, points=1) == ()
    one = brier(counted([1, 0], [0, 0]))
    assert isinstance(one, Bounded)
    assert one.interval is not None
    assert (one.interval.low, one.interval.high) == (0, 1)


def test_histograms_that_cannot_be_are_refused() -> None:
    good, other = ScoreClass(np.array([1]), (0,), (0,)), ScoreClass(np.array([1, 2]), (0, 0), (0, 0))
    for parts in ((good, other, 0.0, 1.0), (good, good, 1.0, 1.0)):
        with pytest.raises(ValueError, match="same bins"):
            ScoreHistogram(parts[0], parts[1], BITS, parts[2], parts[3])
    none = ScoreClass(np.array([], dtype=np.int64), (), ())
    with pytest.raises(ValueError, match="same bins"):
        ScoreHistogram(none, none, BITS)
    with pytest.raises(ValueError, match="0 or more"):
        ScoreHistogram(ScoreClass(np.array([-1]), (0,), (0,)), good, BITS)
    with pytest.raises(ValueError, match="0 or more"):
        ScoreHistogram(good, ScoreClass(np.array([-1]), (0,), (0,)), BITS)
    for low, high in ((-1.0, 1.0), (0.0, 2.0)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            brier(ScoreHistogram(good, good, BITS, low, high))
