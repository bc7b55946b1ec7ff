"""Scores, several classes and regressions: the numbers of other libraries, within the bound that is printed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, mean_absolute_error, roc_auc_score

from shinrai.evaluate.audit import AuditFrame, AuditSettings
from shinrai.evaluate.audit.cells import ScoreBins
from shinrai.evaluate.audit.scores import curves, score_estimates

QUICK = AuditSettings(replicates=50)


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    score = rng.random(1200)
    return {"y": (rng.random(1200) < score).astype(int), "s": score, "g": rng.choice(list("ab"), 1200)}


@pytest.fixture(scope="module")
def frame(rows: dict[str, Any]) -> AuditFrame:
    return AuditFrame(
        rows, y_true="y", y_score="s", threshold=0.5, sensitive_features="g", favourable=1, settings=QUICK
    )


def test_the_published_area_from_counts(published: Mapping[str, Any]) -> None:
    case = published["scores"]
    zeros = (0,) * 5
    bins = [
        ScoreBins(("x",), positive, tuple(case[name]), zeros, zeros)
        for positive, name in ((True, "positives"), (False, "negatives"))
    ]
    auc = score_estimates(bins)[("x",)]["auc"]
    assert auc.value == pytest.approx(1321 / 1479, abs=1e-12)
    bounds = auc.bounds(1.0)
    assert (bounds.high - bounds.low) / 2 == pytest.approx(case["delong_se"], abs=1e-6)


def test_scores_are_those_of_scikit_learn_within_the_bound(frame: AuditFrame, rows: dict[str, Any]) -> None:
    for group in "ab":
        own = rows["g"] == group
        number = frame.by_group[group]["auc"]
        assert number.bound is not None
        assert abs(float(number) - roc_auc_score(rows["y"][own], rows["s"][own])) <= number.bound <= 2e-3
        assert float(frame.by_group[group]["brier"]) == pytest.approx(brier_score_loss(rows["y"][own], rows["s"][own]))
        gap = (rows["y"][own] - rows["s"][own]).mean()
        assert float(frame.by_group[group]["calibration_gap"]) == pytest.approx(gap, abs=1e-12)


def test_selection_follows_the_threshold_and_so_does_the_sweep(frame: AuditFrame, rows: dict[str, Any]) -> None:
    own = rows["g"] == "a"
    selected = (rows["s"][own] >= 0.5).mean()
    assert float(frame.by_group["a"]["selection_rate"]) == pytest.approx(selected)
    sweep = frame.features["g"].curves["a"].sweep
    at = sweep.thresholds.index(0.5)
    assert sweep.selection_rate[at][0] == pytest.approx(selected)
    assert sweep.selection_rate[0][0] == 1.0
    assert sweep.selection_rate[-1][0] == 0.0
    points = frame.features["g"].curves["a"].calibration
    assert sum(point.n for point in points) == own.sum()


def test_a_perfect_order_is_not_certain() -> None:
    scores = [0.1] * 6 + [0.9] * 6
    frame = AuditFrame(
        y_true=[0] * 6 + [1] * 6,
        y_score=scores,
        threshold=0.5,
        sensitive_features=["a", "b"] * 6,
        favourable=1,
        settings=QUICK,
    )
    assert float(frame.overall["auc"]) == 1.0
    assert frame.overall["auc"].interval.low < 0.7


def test_a_group_with_one_label_has_no_area_and_no_curve_breaks() -> None:
    bins = [ScoreBins(("x",), True, (0, 3), (0, 2 << 46), (0, 1 << 46))]
    numbers = score_estimates(bins)[("x",)]
    assert "favourable label" in str(numbers["auc"]) or "class" in str(numbers["auc"]) or "label" in str(numbers["auc"])
    assert curves(bins)[("x",)].sweep.fpr[0] is None


def test_several_classes_are_taken_one_against_the_rest() -> None:
    rng = np.random.default_rng(4)
    true = rng.choice(["low", "mid", "high"], 600)
    predicted = np.where(rng.random(600) < 0.6, true, rng.choice(["low", "mid", "high"], 600))
    group = rng.choice(list("ab"), 600)
    frame = AuditFrame(
        y_true=true,
        y_pred=predicted,
        sensitive_features={"g": group},
        favourable="high",
        task="multiclass",
        settings=QUICK,
    )
    own = group == "a"
    assert float(frame.by_group["a"]["accuracy"]) == pytest.approx((true == predicted)[own].mean())
    assert set(frame.audit.by_class) == {"low", "mid"}
    low = frame.audit.by_class["low"][("g",)]
    expected = (predicted[own & (true == "low")] == "low").mean()
    assert float(low.group("a").numbers["tpr"]) == pytest.approx(expected)
    assert float(low.group("a").numbers["accuracy"]) == pytest.approx((true == predicted)[own].mean())
    assert low.verdicts == ()
    assert set(frame.to_dict()["by_class"]["mid"]["g"]["by_group"]) == {"a", "b"}


def test_a_regression_has_means_residuals_and_errors() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(50, 10, 500)
    group = rng.choice(list("ab"), 500)
    predicted = true + rng.normal(0, 3, 500) + 4 * (group == "a")
    frame = AuditFrame(
        y_true=true,
        y_pred=predicted,
        sensitive_features={"g": group},
        task="regression",
        settings=replace(QUICK, limits={"mean_residual.difference": 1.0}),
    )
    own = group == "a"
    assert float(frame.by_group["a"]["mean_residual"]) == pytest.approx((true - predicted)[own].mean(), abs=1e-9)
    assert float(frame.by_group["a"]["mae"]) == pytest.approx(mean_absolute_error(true[own], predicted[own]))
    assert frame.by_group["a"]["rmse"].interval is None
    assert frame.chance["mean_residual"].p < 1e-6
    assert frame.answer.value == "not_met"
    assert frame.ratio()["mean_residual"].value is None
    json.dumps(frame.to_dict(), allow_nan=False)
