"""Judges as instruments: their errors, and rates corrected for them, by worked values and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.clustered import rate_spread
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.judge_correction import (
    Calibration,
    Corrected,
    Labelled,
    Rate,
    calibrate,
    calibrate_by,
    corrected_rate,
)
from shinrai.evaluate.statistics.prediction_powered import Powered, powered_mean, powered_rate
from shinrai.evaluate.statistics.proportions import newcombe, wilson
from shinrai.evaluate.statistics.undefined import Undefined

GOOD = Labelled(found=45, missed=5, false_alarms=8, cleared=92)
counts = st.integers(0, 40)


def seen(positives: int, n: int) -> Rate:
    return Rate(positives / n, wilson(positives, n))


def corrected(positives: int, n: int, labelled: Labelled) -> Corrected:
    found = corrected_rate(seen(positives, n), calibrate(labelled))
    assert isinstance(found, Corrected)
    return found


def test_a_calibration_by_hand() -> None:
    calibration = calibrate(GOOD)
    assert calibration.sensitivity == Rate(0.9, wilson(45, 50))
    assert calibration.specificity == Rate(0.92, wilson(92, 100))
    assert isinstance(calibration.youden, Rate)
    assert calibration.youden.value == pytest.approx(0.82)
    assert calibration.youden.interval == newcombe(45, 50, 8, 100)
    assert calibration.informative
    assert calibration.base_rate == Rate(50 / 150, wilson(50, 150))
    assert calibration.judged_rate == Rate(53 / 150, wilson(53, 150))
    assert not isinstance(calibration.kappa, Undefined)
    # Agreement of 137 in 150, of which (50·53 + 100·97) / 150² by chance.
    assert calibration.kappa.value == pytest.approx((137 / 150 - 12350 / 22500) / (1 - 12350 / 22500))


def test_labels_of_one_kind_leave_the_other_error_unknown() -> None:
    only_positive, only_negative = calibrate(Labelled(5, 1, 0, 0)), calibrate(Labelled(0, 0, 1, 5))
    assert only_positive.specificity is Undefined.NO_LABELLED_NEGATIVES
    assert only_positive.youden is Undefined.NO_LABELLED_NEGATIVES
    assert only_negative.sensitivity is Undefined.NO_LABELLED_POSITIVES
    assert only_negative.youden is Undefined.NO_LABELLED_POSITIVES
    assert corrected_rate(seen(1, 4), only_positive) is Undefined.NO_LABELLED_NEGATIVES
    assert corrected_rate(seen(1, 4), only_negative) is Undefined.NO_LABELLED_POSITIVES
    nothing = calibrate(Labelled(0, 0, 0, 0))
    assert nothing.base_rate is nothing.judged_rate is Undefined.NO_SAMPLES
    assert nothing.kappa is Undefined.TOO_FEW_LABELS
    with pytest.raises(ValueError, match="0 or more"):
        Labelled(1, -1, 0, 0)


def test_each_language_by_itself() -> None:
    parts = calibrate_by({"ja": Labelled(6, 14, 9, 11), "en": GOOD})
    assert (parts["ja"].informative, parts["en"].informative) == (False, True)
    assert corrected_rate(seen(30, 100), parts["ja"]) is Undefined.JUDGE_NOT_INFORMATIVE


def test_the_corrected_rate_is_rogan_and_gladens() -> None:
    """(0.30 + 0.92 - 1) / (0.90 + 0.92 - 1) = 0.22 / 0.82."""
    found = corrected(300, 1000, GOOD)
    assert found.value == pytest.approx(0.22 / 0.82)
    assert found.interval.low < found.value < found.interval.high
    assert found.interval.high - found.interval.low > seen(300, 1000).interval.high - seen(300, 1000).interval.low
    assert found.seen.value == 0.3


def test_a_judge_that_never_erred_on_many_labels_changes_nothing() -> None:
    found = corrected(300, 1000, Labelled(10**7, 0, 0, 10**7))
    assert found.value == pytest.approx(0.3)
    assert found.interval.low == pytest.approx(wilson(300, 1000).low, abs=1e-4)
    assert found.interval.high == pytest.approx(wilson(300, 1000).high, abs=1e-4)


def test_few_labels_widen_the_interval_however_large_the_run() -> None:
    few, many = (corrected(3_000_000, 10_000_000, Labelled(9 * k, k, k, 9 * k)) for k in (2, 200))
    assert few.interval.high - few.interval.low > 0.2
    assert many.interval.high - many.interval.low < 0.06


def test_the_correction_is_cut_to_what_a_rate_can_be() -> None:
    low, high = corrected(6, 100, GOOD), corrected(93, 100, GOOD)
    assert (low.value, low.interval.low) == (0, 0)
    assert (high.value, high.interval.high) == (1, 1)
    assert 0 < low.interval.high < 0.2
    assert 0.8 < high.interval.low < 1


def test_a_rate_that_the_judges_errors_forbid_is_not_corrected() -> None:
    alarmed = Labelled(90, 10, 40, 60)
    assert corrected_rate(seen(5, 1000), calibrate(alarmed)) is Undefined.OUTSIDE_JUDGE
    assert corrected_rate(seen(999, 1000), calibrate(Labelled(60, 40, 10, 90))) is Undefined.OUTSIDE_JUDGE


@settings(deadline=None)
@given(counts, counts, counts, counts, st.integers(0, 60))
def test_the_interval_holds_the_value_and_a_turned_judge_gives_the_turned_rate(
    a: int, b: int, c: int, d: int, positives: int
) -> None:
    straight = corrected_rate(seen(positives, 60), calibrate(Labelled(a, b, c, d)))
    turned = corrected_rate(seen(60 - positives, 60), calibrate(Labelled(d, c, b, a)))
    if isinstance(straight, Undefined):
        assert isinstance(turned, Undefined)
        return
    assert isinstance(turned, Corrected)
    assert 0 <= straight.interval.low <= straight.value <= straight.interval.high <= 1
    assert turned.value == pytest.approx(1 - straight.value, abs=1e-9)
    assert turned.interval.low == pytest.approx(1 - straight.interval.high, abs=1e-9)


def shares_covered(
    random: np.random.Generator, rate: float, judge: tuple[float, float], labels: tuple[int, int], n: int, runs: int
) -> tuple[float, float]:
    """Share of runs whose interval holds the rate; an undefined result says nothing wrong. And share defined."""
    sensitivity, specificity = judge
    positives = random.binomial(n, rate * sensitivity + (1 - rate) * (1 - specificity), runs)
    found, cleared = random.binomial(labels[0], sensitivity, runs), random.binomial(labels[1], specificity, runs)
    known: dict[tuple[int, int], Calibration] = {}
    held, defined = 0, 0
    for x, f, c in zip(positives.tolist(), found.tolist(), cleared.tolist(), strict=True):
        if (f, c) not in known:
            known[f, c] = calibrate(Labelled(f, labels[0] - f, labels[1] - c, c))
        result = corrected_rate(seen(x, n), known[f, c])
        if isinstance(result, Undefined):
            held += 1
            continue
        defined += 1
        held += result.interval.low <= rate <= result.interval.high
    return held / runs, defined / runs


@pytest.mark.parametrize(
    ("judge", "labels"),
    [
        ((0.95, 0.95), (10, 10)),
        ((0.8, 0.9), (20, 20)),
        ((0.99, 0.9), (10, 90)),
        ((1.0, 1.0), (30, 30)),
        ((0.7, 0.7), (50, 50)),
    ],
)
def test_corrected_rates_cover_at_small_calibrations(judge: tuple[float, float], labels: tuple[int, int]) -> None:
    random = np.random.default_rng(41)
    runs, shares = 400, []
    for rate in (0.02, 0.3, 0.9):
        for n in (50, 2000):
            share, defined = shares_covered(random, rate, judge, labels, n, runs)
            assert defined > 0.85
            shares.append(share)
    assert np.mean(shares) >= 0.945
    assert min(shares) >= 0.95 - 3.5 * (0.95 * 0.05 / runs) ** 0.5


def test_uncorrected_rates_would_not_cover() -> None:
    """A judge with 10 % false alarms turns a rate of 2 % into one of 11 %."""
    random = np.random.default_rng(42)
    positives = random.binomial(500, 0.02 * 0.8 + 0.98 * 0.1, 300)
    assert np.mean([wilson(int(x), 500).low <= 0.02 for x in positives]) < 0.01


def test_a_judge_near_chance_is_mostly_refused_and_seldom_wrong() -> None:
    random = np.random.default_rng(43)
    share, defined = shares_covered(random, 0.1, (0.55, 0.5), (20, 20), 500, 1000)
    assert defined < 0.08
    assert share >= 0.93


def test_the_run_of_a_corrected_rate_may_be_clustered() -> None:
    random = np.random.default_rng(44)
    rate, sensitivity, specificity, runs, held = 0.3, 0.9, 0.85, 600, 0
    sizes = np.full(15, 8.0)
    for _ in range(runs):
        own = random.beta(0.3 * 3, 0.7 * 3, 15)
        judged = random.binomial(8, own * sensitivity + (1 - own) * (1 - specificity)).astype(float)
        spread = rate_spread(judged, sizes)
        found, cleared = random.binomial(40, sensitivity), random.binomial(60, specificity)
        calibration = calibrate(Labelled(int(found), int(40 - found), int(60 - cleared), int(cleared)))
        result = corrected_rate(Rate(spread.value, spread.at()), calibration)
        held += isinstance(result, Undefined) or result.interval.low <= rate <= result.interval.high
    assert held / runs >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


RUN = Labelled(found=30, missed=10, false_alarms=12, cleared=148)


def test_plain_prediction_powered_inference_by_hand() -> None:
    """520 / 2000 + (40 - 42) / 200 = 0.25, the point estimate of ppi-python 0.2.3 as well."""
    found = powered_rate(RUN, 520, 2000, trust=1)
    assert isinstance(found, Powered)
    assert found.value == pytest.approx(0.25)
    assert (found.labels_alone, found.n_labelled, found.n_judged) == (0.2, 200, 2000)
    # ppi-python's normal interval: 0.2002 to 0.2998.
    assert (found.interval.low, found.interval.high) == (
        pytest.approx(0.2002, abs=0.006),
        pytest.approx(0.2998, abs=0.006),
    )


def test_power_tuning_as_ppi_python() -> None:
    """Values of ppi-python 0.2.3 for the same counts: 0.22580 (0.1824 to 0.2691)."""
    tuned, plain = powered_rate(RUN, 520, 2000), powered_rate(RUN, 520, 2000, trust=1)
    assert isinstance(tuned, Powered)
    assert isinstance(plain, Powered)
    assert tuned.value == pytest.approx(0.22580, abs=5e-5)
    assert (tuned.interval.low, tuned.interval.high) == (
        pytest.approx(0.1824, abs=0.006),
        pytest.approx(0.2691, abs=0.006),
    )
    assert tuned.effective_n > max(plain.effective_n, 200)
    assert 0 < tuned.trust < 1


def test_a_useless_judge_is_not_used() -> None:
    found = powered_rate(Labelled(10, 10, 40, 40), 900, 1800)
    assert isinstance(found, Powered)
    assert found.trust == 0
    assert found.value == found.labels_alone == 0.2
    constant = powered_rate(Labelled(0, 20, 0, 80), 0, 1800)
    assert isinstance(constant, Powered)
    assert (constant.trust, constant.value) == (0, 0.2)


def test_a_judge_that_never_erred_on_the_labels_is_not_taken_as_perfect() -> None:
    found = powered_rate(Labelled(4, 0, 0, 26), 1_500, 10_000)
    assert isinstance(found, Powered)
    assert found.value == pytest.approx(0.15, abs=0.01)
    assert found.interval.high - found.interval.low > 0.1
    clustered = powered_rate(Labelled(4, 0, 0, 26), 1_500, 10_000, design_effect=3)
    assert isinstance(clustered, Powered)
    assert clustered.interval.high > found.interval.high


def test_what_cannot_be_powered() -> None:
    assert powered_rate(Labelled(1, 0, 0, 0), 3, 5) is Undefined.TOO_FEW_LABELS
    for positives, judged, effect in ((1, 0, 1.0), (-1, 5, 1.0), (6, 5, 1.0), (1, 5, 0.9)):
        with pytest.raises(ValueError, match="0 <= positives"):
            powered_rate(RUN, positives, judged, design_effect=effect)
    assert powered_mean([1.0], [1.0], [2.0]) is Undefined.TOO_FEW_LABELS
    assert powered_mean([1.0, 1.0], [2.0, 2.0], [2.0]) is Undefined.NO_SPREAD
    for people, judge, judged in (([1.0], [1.0, 2.0], [1.0]), ([1.0, 2.0], [1.0, 2.0], [])):
        with pytest.raises(ValueError, match="as many scores"):
            powered_mean(people, judge, judged)


@pytest.mark.parametrize("judge", [(0.95, 0.95), (0.8, 0.9), (0.6, 0.6), (1.0, 1.0)])
def test_powered_rates_cover_with_few_labels(judge: tuple[float, float]) -> None:
    random = np.random.default_rng(45)
    runs, shares, narrower = 400, [], []
    for rate in (0.02, 0.3, 0.9):
        for labels, judged in ((20, 500), (100, 100), (100, 5000)):
            cells = [rate * judge[0], rate * (1 - judge[0]), (1 - rate) * (1 - judge[1]), (1 - rate) * judge[1]]
            labelled = random.multinomial(labels, cells, runs).tolist()
            positives = random.binomial(judged, cells[0] + cells[2], runs).tolist()
            found = [powered_rate(Labelled(*row), x, judged) for row, x in zip(labelled, positives, strict=True)]
            held = [isinstance(f, Powered) and f.interval.low <= rate <= f.interval.high for f in found]
            shares.append(np.mean(held))
            narrower.append(np.mean([isinstance(f, Powered) and f.effective_n >= 0.9 * labels for f in found]))
    assert np.mean(shares) >= 0.945
    assert min(shares) >= 0.95 - 3.5 * (0.95 * 0.05 / runs) ** 0.5
    assert np.mean(narrower) > 0.5


def test_powered_means_cover_and_gain_on_labels_alone() -> None:
    random = np.random.default_rng(46)
    runs, held, widths, plain = 600, 0, [], []
    for _ in range(runs):
        truth = random.normal(3, 1, 630)
        judge = 0.8 * truth + random.normal(0.9, 0.5, 630)
        found = powered_mean(truth[:30].tolist(), judge[:30].tolist(), judge[30:].tolist())
        assert isinstance(found, Powered)
        held += found.interval.low <= 3 <= found.interval.high
        widths.append(found.interval.high - found.interval.low)
        plain.append(2 * 2.045 * truth[:30].std(ddof=1) / 30**0.5)
    assert held / runs >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5
    assert np.mean(widths) < 0.7 * np.mean(plain)


def test_a_judge_without_spread_leaves_the_labels_alone() -> None:
    found = powered_mean([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [2.0])
    assert isinstance(found, Powered)
    assert (found.trust, found.value) == (0, 2)
    assert found.effective_n == pytest.approx(3)
    assert found.interval.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-5)
    assert isinstance(found.interval, Interval)
