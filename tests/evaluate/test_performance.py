from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.targets.table import TableTarget

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]


def columns_of(tp: int, fp: int, fn: int, tn: int) -> dict[str, list[int]]:
    return {
        "label": [1] * tp + [0] * fp + [1] * fn + [0] * tn,
        "prediction": [1] * (tp + fp) + [0] * (fn + tn),
    }


def test_rates_their_intervals_and_what_they_stand_on(target_of: MakeTarget, measure: Measure) -> None:
    measured = measure(target_of(columns_of(40, 10, 20, 130)), "performance")
    expected = {
        "accuracy": (170, 200),
        "selection_rate": (50, 200),
        "tpr": (40, 60),
        "fpr": (10, 140),
        "ppv": (40, 50),
    }
    assert list(measured) == [f"all.{metric}" for metric in expected]
    for metric, (successes, trials) in expected.items():
        m = measured[f"all.{metric}"]
        interval = wilson(successes, trials)
        assert (m.value, m.low, m.high) == (successes / trials, interval.low, interval.high)
        assert (m.n, m.coverage) == (trials, Coverage(trials, 200))
        assert m.counts == {"tp": 40, "fp": 10, "fn": 20, "tn": 130}
        assert m.columns == ("label", "prediction")
        assert m.id == f"d.performance.all.{metric}"
        if metric != "accuracy":
            assert m.rule is None
            assert not m.decisive
            assert m.outcome is Outcome.INCONCLUSIVE
            assert m.reason is not None
            assert m.reason.ja.startswith("基準値がない")


def test_accuracy_has_to_beat_the_more_frequent_label(target_of: MakeTarget, measure: Measure) -> None:
    better = measure(target_of(columns_of(400, 100, 200, 1300)), "performance")["all.accuracy"]
    assert better.rule == Rule(Comparison.AT_LEAST, 0.7)
    assert (better.outcome, better.decisive) == (Outcome.PASS, True)
    worse = measure(target_of(columns_of(0, 600, 600, 800)), "performance")["all.accuracy"]
    assert worse.outcome is Outcome.FAIL
    unclear = measure(target_of(columns_of(10, 6, 6, 18)), "performance")["all.accuracy"]
    assert unclear.outcome is Outcome.INCONCLUSIVE
    assert unclear.needed_n is not None
    assert unclear.needed_n % 40 == 0
    assert f"{unclear.needed_n:,}" in unclear.reason.en


def test_limits_give_any_metric_a_rule(target_of: MakeTarget, measure: Measure) -> None:
    settings = CheckSettings(limits={"accuracy": 0.5, "fpr": 0.2, "selection_rate": 0.9})
    measured = measure(target_of(columns_of(40, 10, 20, 130)), "performance", settings)
    assert measured["all.accuracy"].rule == Rule(Comparison.AT_LEAST, 0.5)
    assert measured["all.fpr"].rule == Rule(Comparison.AT_MOST, 0.2)
    assert measured["all.fpr"].outcome is Outcome.PASS
    assert measured["all.fpr"].decisive
    assert measured["all.selection_rate"].outcome is Outcome.FAIL


def test_undefined_rates_are_not_zero(target_of: MakeTarget, measure: Measure) -> None:
    measured = measure(target_of(columns_of(0, 0, 10, 10)), "performance")
    assert measured["all.ppv"].value is None
    assert measured["all.ppv"].outcome is Outcome.INCONCLUSIVE
    assert measured["all.ppv"].n == 0
    assert "undefined" in measured["all.ppv"].reason.en
    assert measured["all.tpr"].value == 0.0


def test_rows_without_label_or_prediction_are_left_out_and_counted(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [1, 0, None, 1, 0], "prediction": [1, 0, 1, None, 0]}
    accuracy = measure(target_of(columns), "performance")["all.accuracy"]
    assert accuracy.coverage == Coverage(3, 5)
    assert accuracy.findings[0].en == "Rows without a label or a decision, not used: 2."
    nothing = measure(target_of({"label": [1, None], "prediction": [None, 1]}), "performance")["all.accuracy"]
    assert (nothing.outcome, nothing.value, nothing.n) == (Outcome.INCONCLUSIVE, None, 0)


@pytest.mark.parametrize("column", [[1] * 40, ["a"] * 40])
def test_single_class_is_an_error_that_names_column_and_level(
    target_of: MakeTarget, measure: Measure, column: list[Any]
) -> None:
    columns = {"label": column, "prediction": column[:20] + [None] * 20, "score": [0.5] * 40}
    measured = measure(target_of(columns, score="score", favourable=column[0]), "performance")
    for metric in ("accuracy", "auc"):
        m = measured[f"all.{metric}"]
        assert (m.outcome, m.value) == (Outcome.ERROR, None)
        assert "Column “label” holds only the favourable value" in m.reason.en
        assert "列「label」" in m.reason.ja
    assert measured["all.tpr"].value == 1.0
    assert measured["all.fpr"].value is None


def test_single_class_among_the_rows_used(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [1, 1, 0, 0, 0], "prediction": [None, None, 0, 1, 0]}
    accuracy = measure(target_of(columns), "performance")["all.accuracy"]
    assert accuracy.outcome is Outcome.ERROR
    assert "values other than the favourable “1”" in accuracy.reason.en


def test_auc(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [0, 0, 1, 1, 0, None], "score": [0.1, 0.4, 0.4, 0.8, None, 0.9]}
    auc = measure(target_of(columns, score="score", threshold=0.5), "performance")["all.auc"]
    assert auc.value == (2 + 1 + 0.5) / 4
    assert auc.coverage == Coverage(4, 6)
    assert auc.counts == {"positives": 2, "negatives": 2}
    assert auc.columns == ("label", "score")
    limited = measure(target_of(columns, score="score", threshold=0.5), "performance", CheckSettings({"auc": 0.99}))
    assert limited["all.auc"].rule == Rule(Comparison.AT_LEAST, 0.99)
    assert limited["all.auc"].needed_n is None


def test_auc_takes_two_of_each(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [0, 0, 1], "score": [0.1, 0.4, 0.4]}
    auc = measure(target_of(columns, score="score", threshold=0.5), "performance")["all.auc"]
    assert (auc.outcome, auc.value) == (Outcome.INCONCLUSIVE, None)
    empty = {"label": [0, 1], "score": [None, float("nan")]}
    auc = measure(target_of(empty, score="score", threshold=0.5), "performance")["all.auc"]
    assert (auc.outcome, auc.n) == (Outcome.INCONCLUSIVE, 0)


def test_auc_of_many_rows_is_binned_and_says_its_error(
    target_of: MakeTarget, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(3)
    score = random.random(20_000)
    columns = {"label": (random.random(20_000) < score).astype(int), "score": score}
    target = target_of(columns, score="score", threshold=0.5)
    exact = measure(target, "performance")["all.auc"]
    monkeypatch.setattr("shinrai.evaluate.checks.performance.EXACT_ROWS", 10_000)
    binned = measure(target, "performance")["all.auc"]
    bound = float(binned.method.rsplit(" ", 1)[1])
    assert 0 < abs(binned.value - exact.value) <= bound <= 2e-4
    assert "bins" not in exact.method
