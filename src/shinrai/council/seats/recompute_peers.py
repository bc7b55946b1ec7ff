"""What scikit-learn and fairlearn say about the same rows, where they are installed.

The only place that imports them, and only when asked: together they cost seconds.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats.recompute_rates import Partition
from shinrai.council.seats.recompute_table import ABSENT, POSITIVE, Decisions

MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class PeerValues:
    """Values by metric, and by metric and level for each crossing of columns, with the names of who computed them."""

    scalars: Mapping[tuple[str, str], float] = field(default_factory=dict)
    scalars_by: str = ""
    groups: Mapping[tuple[str, ...], Mapping[str, Mapping[tuple[str, ...], float]]] = field(default_factory=dict)
    groups_by: str = ""


def installed(rows: int) -> bool:
    """Whether the peers are there and the table is small enough for them."""
    names = ("sklearn", "fairlearn")
    return rows <= MOST_ROWS and all(importlib.util.find_spec(name) is not None for name in names)


def ask_peers(decisions: Decisions, partitions: Mapping[tuple[str, ...], Partition]) -> PeerValues:
    """Let scikit-learn and fairlearn compute what they define as the page does, on the rows that are used.

    partitions: the crossings of group columns asked about, by their columns.
    """
    import fairlearn
    import sklearn

    scalars: dict[tuple[str, str], float] = {}
    groups: dict[tuple[str, ...], dict[str, dict[tuple[str, ...], float]]] = {}
    if decisions.prediction is not None:
        there = (decisions.label != ABSENT) & (decisions.prediction != ABSENT)
        y, p = decisions.label[there], decisions.prediction[there]
        scalars |= _rates(y, p)
        if len(y):
            groups = {columns: _group_rates(y, p, part, there) for columns, part in partitions.items()}
    if decisions.scores is not None:
        known = (decisions.label != ABSENT) & ~np.isnan(decisions.scores)
        scalars |= _scored(decisions.label[known], decisions.scores[known])
    return PeerValues(scalars, f"scikit-learn {sklearn.__version__}", groups, f"fairlearn {fairlearn.__version__}")


def _rates(y: NDArray[np.int8], p: NDArray[np.int8]) -> dict[tuple[str, str], float]:
    from sklearn import metrics

    if not len(y):
        return {}
    values = {("performance", "accuracy"): float(metrics.accuracy_score(y, p))}
    # Undefined rates have a convention of their own there: ask only for the defined ones.
    if np.any(p == POSITIVE):
        values["performance", "ppv"] = float(metrics.precision_score(y, p, pos_label=POSITIVE, zero_division=0))
    if np.any(y == POSITIVE):
        values["performance", "tpr"] = float(metrics.recall_score(y, p, pos_label=POSITIVE, zero_division=0))
    return values


def _scored(y: NDArray[np.int8], score: NDArray[np.float64]) -> dict[tuple[str, str], float]:
    from sklearn import metrics

    if np.bincount(y, minlength=2)[:2].min() < 2:
        return {}
    return {
        ("performance", "auc"): float(metrics.roc_auc_score(y, score)),
        ("calibration", "brier"): float(metrics.brier_score_loss(y, score, pos_label=POSITIVE)),
    }


def _group_rates(
    y: NDArray[np.int8], p: NDArray[np.int8], part: Partition, there: NDArray[np.bool_]
) -> dict[str, dict[tuple[str, ...], float]]:
    from fairlearn import metrics

    asked = {
        "selection_rate": metrics.selection_rate,
        "tpr": metrics.true_positive_rate,
        "fpr": metrics.false_positive_rate,
    }
    frame = metrics.MetricFrame(metrics=asked, y_true=y, y_pred=p, sensitive_features=part.codes[there])
    return {
        name: {part.levels[int(code)]: float(value) for code, value in values.items()}
        for name, values in frame.by_group.to_dict().items()
    }
