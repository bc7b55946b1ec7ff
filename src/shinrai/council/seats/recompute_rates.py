"""Performance, group fairness and calibration from counts and placements, written from the definitions' page alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats import intervals
from shinrai.council.seats.recompute_table import ABSENT, NEGATIVE, POSITIVE, Decisions
from shinrai.council.seats.recompute_values import MISSING
from shinrai.language import Message, message

RATES = ("selection_rate", "tpr", "fpr", "ppv")

_Z = intervals.simultaneous_z(1)
_FEWEST_TRIALS = 10
# Every pair is compared: beyond this a second derivation would cost more than the check itself.
_MOST_COMPARED = 1_000
_CHUNK = 1 << 20

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """A level as it should be listed. compared: it takes part in the comparison; others may be shown without value."""

    levels: tuple[str, ...]
    n: int
    successes: int | None
    trials: int | None
    value: float | None
    low: float | None
    high: float | None
    suppressed: bool
    compared: bool


@dataclass(frozen=True, slots=True)
class Derived:
    """What a measurement should say.

    value, low, high: None when undefined. n, used: as the page counts them. limit: a default limit that comes from the
    data. fault: why it has to be an error. beyond: why this implementation can't tell. counts: tp, fp, fn, tn.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    used: int
    groups: tuple[Group, ...] = ()
    limit: float | None = None
    fault: Message | None = None
    beyond: Message | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The levels of one or more crossed columns that occur. codes: for each row the index of its level."""

    codes: NDArray[np.int64]
    levels: tuple[tuple[str, ...], ...]
    comparable: tuple[bool, ...]
    sizes: Counts


def failed(fault: Message) -> Derived:
    """Return the answer to a question that the data's fault forbids."""
    return Derived(None, None, None, 0, 0, fault=fault)


def fractions(table: Counts) -> dict[str, tuple[Counts, Counts]]:
    """Return successes and trials of each rate from counts by label and prediction in the last two dimensions."""
    tn, fp = table[..., NEGATIVE, NEGATIVE], table[..., NEGATIVE, POSITIVE]
    fn, tp = table[..., POSITIVE, NEGATIVE], table[..., POSITIVE, POSITIVE]
    return {
        "selection_rate": (tp + fp, tp + fp + fn + tn),
        "tpr": (tp, tp + fn),
        "fpr": (fp, fp + tn),
        "ppv": (tp, tp + fp),
        "accuracy": (tp + tn, tp + fp + fn + tn),
    }


def crosstab(decisions: Decisions, codes: NDArray[np.int64], levels: int) -> Counts:
    """Count rows by level, label and prediction: shape (levels, 3, 3); in chunks, so that 10⁷ rows stay small."""
    total = np.zeros(levels * 9, dtype=np.int64)
    for start in range(0, decisions.rows, _CHUNK):
        part = slice(start, start + _CHUNK)
        cell = codes[part] * 9 + decisions.label.states[part] * np.int64(3) + decisions.prediction.states[part]
        total += np.bincount(cell, minlength=levels * 9)
    return total.reshape(levels, 3, 3)


def performance(decisions: Decisions) -> dict[str, Derived]:
    """Answer every metric of the check `performance`."""
    answers = {"auc": _auc(decisions)}
    fault = decisions.label.fault or decisions.prediction.fault
    if fault is not None:
        return answers | {metric: failed(fault) for metric in (*RATES, "accuracy")}
    table = crosstab(decisions, np.zeros(decisions.rows, dtype=np.int64), 1)[0]
    positives, used = int(table[POSITIVE, :ABSENT].sum()), int(table[:ABSENT, :ABSENT].sum())
    counts = {
        "tp": int(table[POSITIVE, POSITIVE]),
        "fp": int(table[NEGATIVE, POSITIVE]),
        "fn": int(table[POSITIVE, NEGATIVE]),
        "tn": int(table[NEGATIVE, NEGATIVE]),
    }
    for metric, (successes, trials) in fractions(table).items():
        answers[metric] = _rate(int(successes), int(trials), used, counts)
    if positives in (0, used):
        answers["accuracy"] = failed(_single_class())
    else:
        answers["accuracy"] = _with_limit(answers["accuracy"], max(positives, used - positives) / used)
    return answers


def partition(decisions: Decisions, columns: Sequence[str]) -> Partition:
    """Cross group columns; only levels that occur are kept. The columns must be without fault."""
    codes = np.zeros(decisions.rows, dtype=np.int64)
    labels: list[tuple[str, ...]] = [()]
    complete = [True]
    for column in columns:
        levels = decisions.groups[column]
        shown = (*levels.labels, MISSING)
        crossed, codes = _occurring(codes * len(shown) + levels.codes)
        parents, children = np.divmod(crossed, len(shown))
        complete = [complete[p] and c < len(levels.labels) for p, c in zip(parents, children, strict=True)]
        labels = [(*labels[p], shown[c]) for p, c in zip(parents, children, strict=True)]
    return Partition(codes, tuple(labels), tuple(complete), np.bincount(codes, minlength=len(labels)))


def group_fairness(decisions: Decisions, columns: Sequence[str], min_group: int) -> dict[str, Derived]:
    """Answer `<rate>.difference` and `<rate>.ratio` for one column or intersection."""
    metrics = [f"{rate}.{kind}" for rate in RATES for kind in ("difference", "ratio")]
    fault = decisions.label.fault or decisions.prediction.fault or group_fault(decisions, columns)
    if fault is not None:
        return dict.fromkeys(metrics, failed(fault))
    levels = partition(decisions, columns)
    table = crosstab(decisions, levels.codes, len(levels.levels))
    used = table[:, :ABSENT, :ABSENT].sum(axis=(1, 2))
    rates = fractions(table)
    answers = {}
    for rate in RATES:
        successes, trials = rates[rate]
        shown = levels.sizes >= min_group
        compared = shown & (trials >= _FEWEST_TRIALS) & np.array(levels.comparable, dtype=bool)
        groups = _rate_groups(levels, successes, trials, shown, compared)
        x, n = successes[compared], trials[compared]
        for kind in ("difference", "ratio"):
            value, low, high = _spread(kind, x, n) if 2 <= len(x) <= _MOST_COMPARED else (None, None, None)
            beyond = (
                message("more than {most} levels are not compared a second time", most=_MOST_COMPARED)
                if len(x) > _MOST_COMPARED
                else None
            )
            answers[f"{rate}.{kind}"] = Derived(
                value, low, high, int(n.sum()), int(used[compared].sum()), groups, beyond=beyond
            )
    return answers


def calibration(decisions: Decisions, columns: Sequence[str], min_group: int) -> dict[str, Derived]:
    """Answer `gap` for one group column, or `gap` and `brier` for all rows when columns is empty."""
    fault = decisions.label.fault or decisions.scores.fault or group_fault(decisions, columns)
    if fault is None and decisions.scores.outside:
        fault = message("a score lies outside 0 to 1")
    if fault is not None:
        return {"gap": failed(fault), "brier": failed(fault)}
    there = (decisions.label.states != ABSENT) & ~np.isnan(decisions.scores.values)
    error = decisions.label.states[there] - decisions.scores.values[there]
    if not columns:
        gap = _largest_mean(np.zeros(len(error), dtype=np.int64), error, np.array([len(error) >= 2]))
        n = len(error) if len(error) >= 2 else 0
        return {"gap": Derived(*gap, len(error), len(error)), "brier": _brier(error, n)}
    levels = partition(decisions, columns)
    codes = levels.codes[there]
    sizes = np.bincount(codes, minlength=len(levels.levels))
    shown = levels.sizes >= min_group
    compared = shown & (sizes >= _FEWEST_TRIALS) & np.array(levels.comparable, dtype=bool)
    used = int(sizes[compared].sum())
    groups = _mean_groups(levels, codes, error, shown, compared)
    return {"gap": Derived(*_largest_mean(codes, error, compared), used, used, groups)}


def group_fault(decisions: Decisions, columns: Sequence[str]) -> Message | None:
    """Return the first fault among the group columns."""
    return next((decisions.groups[name].fault for name in columns if decisions.groups[name].fault is not None), None)


def _occurring(codes: NDArray[np.int64]) -> tuple[Counts, NDArray[np.int64]]:
    """Return the codes that occur, ascending, and for each row the position of its own."""
    largest = int(codes.max(initial=0))
    if largest > max(len(codes), _CHUNK):
        return np.unique(codes, return_inverse=True)
    # Counting is several times as quick as the sort of np.unique.
    occurs = np.bincount(codes, minlength=largest + 1) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[codes]


def _rate(successes: int, trials: int, used: int, counts: Mapping[str, int]) -> Derived:
    if trials == 0:
        return Derived(None, None, None, 0, used, counts=counts)
    low, high = intervals.wilson(successes, trials, _Z)
    return Derived(successes / trials, float(low), float(high), trials, used, counts=counts)


def _with_limit(answer: Derived, limit: float) -> Derived:
    return Derived(answer.value, answer.low, answer.high, answer.n, answer.used, limit=limit, counts=answer.counts)


def _single_class() -> Message:
    return message("the labels of the rows used are of a single class")


def _auc(decisions: Decisions) -> Derived:
    fault = decisions.label.fault or decisions.scores.fault
    if fault is not None:
        return failed(fault)
    there = ~np.isnan(decisions.scores.values)
    positives = decisions.scores.values[there & (decisions.label.states == POSITIVE)]
    negatives = decisions.scores.values[there & (decisions.label.states == NEGATIVE)]
    n = len(positives) + len(negatives)
    if not (len(positives) and len(negatives)):
        return failed(_single_class())
    if min(len(positives), len(negatives)) < 2:
        return Derived(None, None, None, n, n)
    value = intervals.auc(positives, negatives)
    return Derived(value, *intervals.delong(positives, negatives, _Z), n, n)


def _rate_groups(
    levels: Partition, successes: Counts, trials: Counts, shown: NDArray[np.bool_], compared: NDArray[np.bool_]
) -> tuple[Group, ...]:
    low, high = intervals.wilson(successes, np.maximum(trials, 1), _Z)
    groups = []
    for index, names in enumerate(levels.levels):
        defined = bool(trials[index] > 0 and shown[index])
        groups.append(
            Group(
                names,
                int(levels.sizes[index]),
                int(successes[index]),
                int(trials[index]),
                float(successes[index] / trials[index]) if defined else None,
                float(low[index]) if defined else None,
                float(high[index]) if defined else None,
                suppressed=not shown[index],
                compared=bool(compared[index]),
            )
        )
    return tuple(groups)


def _spread(kind: str, x: Counts, n: Counts) -> tuple[float | None, float | None, float | None]:
    rates = x / n
    if kind == "difference":
        return float(rates.max() - rates.min()), *intervals.largest_difference(x, n)
    if not x.any():
        return None, None, None
    return float(rates.min() / rates.max()), *intervals.smallest_ratio(x, n)


def _means(
    codes: NDArray[np.int64], error: NDArray[np.float64], levels: int
) -> tuple[Counts, intervals.Array, intervals.Array]:
    """Return size, mean and sum of squared deviations of each level; mean 0 for an empty one."""
    sizes = np.bincount(codes, minlength=levels)
    centres = np.bincount(codes, weights=error, minlength=levels) / np.maximum(sizes, 1)
    squares = np.bincount(codes, weights=np.square(error - centres[codes]), minlength=levels).astype(np.float64)
    return sizes, centres, squares


def _largest_mean(
    codes: NDArray[np.int64], error: NDArray[np.float64], compared: NDArray[np.bool_]
) -> tuple[float | None, float | None, float | None]:
    if not compared.any():
        return None, None, None
    sizes, centres, squares = _means(codes, error, len(compared))
    z = intervals.simultaneous_z(int(compared.sum()))
    low, high = intervals.absolute(
        *intervals.mean(centres[compared], squares[compared], sizes[compared], z),
    )
    return float(np.abs(centres[compared]).max()), float(low.max()), float(high.max())


def _mean_groups(
    levels: Partition,
    codes: NDArray[np.int64],
    error: NDArray[np.float64],
    shown: NDArray[np.bool_],
    compared: NDArray[np.bool_],
) -> tuple[Group, ...]:
    sizes, centres, squares = _means(codes, error, len(levels.levels))
    low, high = intervals.mean(centres, squares, np.maximum(sizes, 2), _Z)
    groups = []
    for index, names in enumerate(levels.levels):
        defined = bool(sizes[index] >= 2 and shown[index])
        groups.append(
            Group(
                names,
                int(levels.sizes[index]),
                None,
                None,
                float(centres[index]) if defined else None,
                float(low[index]) if defined else None,
                float(high[index]) if defined else None,
                suppressed=not shown[index],
                compared=bool(compared[index]),
            )
        )
    return tuple(groups)


def _brier(error: NDArray[np.float64], n: int) -> Derived:
    if n == 0:
        return Derived(None, None, None, len(error), len(error))
    squared = np.square(error)
    centre = float(squared.mean())
    low, high = intervals.mean(centre, float(np.square(squared - centre).sum()), n, _Z)
    return Derived(centre, float(low), float(high), n, n)
