"""The same numbers as scikit-learn and fairlearn on random tables, and the traps of fairlearn avoided."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, roc_auc_score

from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget, open_table

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]

PEERS: dict[str, Callable[..., float]] = {
    "selection_rate": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "ppv": precision_score,
}


def random_table(seed: int, rows: int = 2_000) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    score = np.round(random.beta(2, 3, rows), int(random.integers(1, 12)))
    return {
        "label": (random.random(rows) < score).astype(int),
        "prediction": (score + random.normal(0, 0.1, rows) > 0.4).astype(int),
        "score": score,
        "g": random.choice(["a", "b", "c", "d"], rows, p=[0.6, 0.2, 0.15, 0.05]),
        "h": random.choice(["x", "y"], rows),
    }


@pytest.mark.parametrize("seed", range(5))
def test_rates_scores_and_gaps(seed: int, target_of: MakeTarget, measure: Measure) -> None:
    columns = random_table(seed)
    target = target_of(columns, score="score", groups=("g",), intersections=(("g", "h"),))
    label, prediction, score = columns["label"], columns["prediction"], columns["score"]
    overall = measure(target, "performance")
    assert overall["all.accuracy"].value == pytest.approx(accuracy_score(label, prediction), abs=1e-12)
    assert overall["all.auc"].value == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    for metric, peer in PEERS.items():
        assert overall[f"all.{metric}"].value == pytest.approx(peer(label, prediction), abs=1e-12)
    brier = measure(target, "calibration")["all.brier"]
    assert brier.value == pytest.approx(brier_score_loss(label, score), abs=1e-12)
    gaps = measure(target, "group_fairness")
    for subject, features in (("g", columns["g"]), ("g-and-h", pd.DataFrame({k: columns[k] for k in "gh"}))):
        frame = MetricFrame(metrics=PEERS, y_true=label, y_pred=prediction, sensitive_features=features)
        for metric in PEERS:
            difference = gaps[f"{subject}.{metric}.difference"]
            assert all(estimate.note is None for estimate in difference.groups)
            assert difference.value == pytest.approx(frame.difference()[metric], abs=1e-12)
            assert gaps[f"{subject}.{metric}.ratio"].value == pytest.approx(frame.ratio()[metric], abs=1e-12)
            for estimate in difference.groups:
                key = estimate.levels if len(estimate.levels) > 1 else estimate.levels[0]
                assert estimate.value == pytest.approx(frame.by_group[metric][key], abs=1e-12)


EIGHT: dict[str, Any] = {"label": [1, 0] * 40, "g": ["a"] * 40 + ["b"] * 40}
PREDICTED = [1] * 35 + [0] * 5 + [1] * 5 + [0] * 35


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("1", "0"), (1, 2), (True, False)])
def test_text_and_other_codes_are_not_counted_as_nobody_selected(
    yes: Any, no: Any, target_of: MakeTarget, measure: Measure
) -> None:
    code = {1: yes, 0: no}
    columns = {
        "label": [code[v] for v in EIGHT["label"]],
        "prediction": [code[v] for v in PREDICTED],
        "g": EIGHT["g"],
    }
    m = measure(target_of(columns, groups=("g",), favourable=yes), "group_fairness")["g.selection_rate.difference"]
    assert m.value == 0.75
    assert m.outcome is Outcome.FAIL


def test_missing_predictions_are_not_not_selected(target_of: MakeTarget, measure: Measure) -> None:
    predicted: list[Any] = [float(value) for value in PREDICTED]
    predicted[35:40] = [float("nan")] * 5
    m = measure(target_of({**EIGHT, "prediction": predicted}, groups=("g",)), "group_fairness")
    difference = m["g.selection_rate.difference"]
    assert difference.groups[0].value == 1.0
    assert difference.coverage.used == 75


def test_probabilities_are_refused(target_of: MakeTarget) -> None:
    with (
        pytest.raises(TableError, match="look like probabilities"),
        open_table(target_of({**EIGHT, "prediction": np.linspace(0, 1, 80)})),
    ):
        pass
