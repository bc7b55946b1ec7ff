"""Sums over clusters or weighted rows from the rows themselves, written from the definitions' page alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats.recompute_table import ABSENT, Decisions
from shinrai.council.seats.units import UnitSums

_LIMB = 21
_AT_ONCE = 1 << 20
# Label and prediction as 2·label + prediction.
_TN, _FP, _FN, _TP = 0, 1, 2, 3
_MADE_OF = {
    "accuracy": ((_TP, _TN), (_TP, _FP, _FN, _TN)),
    "selection_rate": ((_TP, _FP), (_TP, _FP, _FN, _TN)),
    "tpr": ((_TP,), (_TP, _FN)),
    "fpr": ((_FP,), (_FP, _TN)),
    "ppv": ((_TP,), (_TP, _FP)),
}

Whole = NDArray[np.int64]


def sums_by_level(decisions: Decisions, codes: Whole, levels: int) -> list[dict[str, UnitSums]]:
    """Return for each level the sums of each rate, over the rows with label and prediction."""
    assert decisions.prediction is not None  # noqa: S101  (asked only of targets with decisions)
    there = (decisions.label != ABSENT) & (decisions.prediction != ABSENT)
    cells = 2 * decisions.label[there].astype(np.int64) + decisions.prediction[there]
    if decisions.clusters is not None:
        return _of_clusters(codes[there], decisions.clusters[there], cells, levels)
    assert decisions.weights is not None  # noqa: S101  (asked only of rows that are not alike)
    return _of_weights(codes[there], decisions.weights[there], cells, levels)


def _of_clusters(codes: Whole, clusters: Whole, cells: Whole, levels: int) -> list[dict[str, UnitSums]]:
    width = int(clusters.max(initial=0)) + 1
    keys, unit = np.unique(codes * width + clusters, return_inverse=True)
    counted = np.bincount(unit * 4 + cells, minlength=4 * len(keys)).reshape(-1, 4)
    level = keys // width
    found: list[dict[str, UnitSums]] = [{} for _ in range(levels)]
    for name, (good, every) in _MADE_OF.items():
        s, t = counted[:, list(good)].sum(axis=1), counted[:, list(every)].sum(axis=1)
        columns = [_by_level(level, values, levels) for values in ((t > 0), s, t, s * s, s * t, t * t)]
        for place in range(levels):
            found[place][name] = UnitSums(*(int(column[place]) for column in columns))
    return found


def _by_level(level: Whole, values: NDArray[np.generic], levels: int) -> Whole:
    added = np.zeros(levels, dtype=np.int64)
    np.add.at(added, level, values.astype(np.int64))
    return added


def _of_weights(codes: Whole, weights: Whole, cells: Whole, levels: int) -> list[dict[str, UnitSums]]:
    where = codes * 4 + cells
    size = 4 * levels
    rows = np.bincount(where, minlength=size)
    # Weights have up to 63 bits: three limbs of 21, so that no sum of products leaves 64 bits.
    limbs = [(weights >> (_LIMB * place)) & ((1 << _LIMB) - 1) for place in range(3)]
    total, squares = np.zeros(size, dtype=object), np.zeros(size, dtype=object)
    for place, limb in enumerate(limbs):
        total += _exact(where, limb, size) * (1 << (_LIMB * place))
        for other, beside in enumerate(limbs):
            squares += _exact(where, limb * beside, size) * (1 << (_LIMB * (place + other)))

    def added(amounts: NDArray[np.generic], level: int, names: Sequence[int]) -> int:
        return sum(int(amounts[4 * level + name]) for name in names)

    return [
        {
            name: UnitSums(
                added(rows, level, every),
                added(total, level, good),
                added(total, level, every),
                added(squares, level, good),
                added(squares, level, good),
                added(squares, level, every),
            )
            for name, (good, every) in _MADE_OF.items()
        }
        for level in range(levels)
    ]


def _exact(where: Whole, values: Whole, size: int) -> NDArray[np.object_]:
    found = np.zeros(size, dtype=object)
    for start in range(0, len(values), _AT_ONCE):
        part = np.zeros(size, dtype=np.int64)
        np.add.at(part, where[start : start + _AT_ONCE], values[start : start + _AT_ONCE])
        found += part.astype(object)
    return found
