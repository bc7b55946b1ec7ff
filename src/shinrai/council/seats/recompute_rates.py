"""Performance, group fairness and calibration from counts and placements, written from the definitions' page alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats import intervals
from shinrai.council.seats.clusters import Rate as UnitRate
from shinrai.council.seats.recompute_table import (
    ABSENT,
    MOST_GROUP_SPELLINGS,
    NEGATIVE,
    POSITIVE,
    Decisions,
    Floats,
    too_many_levels,
)
from shinrai.council.seats.recompute_units import sums_by_level
from shinrai.council.seats.recompute_values import MISSING
from shinrai.council.seats.units import UnitSums, largest_difference, smallest_ratio
from shinrai.council.seats.units import rate as unit_rate
from shinrai.language import Message, message

RATES = ("selection_rate", "tpr", "fpr", "ppv")

_Z = intervals.simultaneous_z(1)
_FEWEST_TRIALS = 10
_MOST_LEVELS = 200
_EXACT_ROWS, _BINS = 1_000_000, 4_096
_SCALE_BITS = 46
_HALF_BITS = 23
_CHUNK = 1 << 20
# So many squares of half numbers stay below 2⁶³.
_SUMMED_AT_ONCE = 1 << 16

Counts = NDArray[np.int64]
Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Group:
    """A level as it has to be listed; of a suppressed one only its name is told."""

    levels: tuple[str, ...]
    n: int | None
    successes: int | None
    trials: int | None
    value: float | None
    low: float | None
    high: float | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Derived:
    """What a measurement should say.

    value, low, high: None when undefined. n, used: as the page counts them. limit: a default limit that comes from the
    data. fault: why it has to be an error. at: the interval if every count were k times what it is, where the page asks
    for the rows that a decision would need. tolerance: how far value and bounds may lie apart where the page allows
    more than the last digits.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    used: int
    groups: tuple[Group, ...] = ()
    limit: float | None = None
    fault: Message | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    at: Callable[[int], Bounds] | None = None
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The levels of one or more crossed columns that occur, in the order they are listed.

    codes: for each row the index of its level. complete: no value is missing in it.
    """

    codes: NDArray[np.int64]
    levels: tuple[tuple[str, ...], ...]
    complete: NDArray[np.bool_]
    sizes: Counts


@dataclass(frozen=True, slots=True)
class Sums:
    """n numbers as whole multiples of 2⁻⁴⁶: their sum and the sum of their squares, exactly."""

    n: int
    total: int
    squares: int

    @property
    def mean(self) -> float:
        """Their mean; n at least 1."""
        return float(Fraction(self.total, self.n << _SCALE_BITS))

    def interval(self, z: float, times: int = 1) -> Bounds:
        """Mean ± z·s/√n, for `times` as many of the same numbers; n at least 2."""
        n = self.n * times
        around = Fraction(times * (self.squares * self.n - self.total**2), self.n << (2 * _SCALE_BITS))
        low, high = intervals.mean(self.mean, float(around), n, z)
        return float(low), float(high)


def failed(fault: Message, n: int = 0, used: int = 0, counts: Mapping[str, int] | None = None) -> Derived:
    """Return the answer to a question that the data's fault forbids."""
    return Derived(None, None, None, n, used, fault=fault, counts=counts or {})


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
    assert decisions.prediction is not None  # noqa: S101  (asked only of targets with decisions)
    total = np.zeros(levels * 9, dtype=np.int64)
    for start in range(0, decisions.rows, _CHUNK):
        part = slice(start, start + _CHUNK)
        cell = codes[part] * 9 + decisions.label[part] * np.int64(3) + decisions.prediction[part]
        total += np.bincount(cell, minlength=levels * 9)
    return total.reshape(levels, 3, 3)


def performance(decisions: Decisions) -> dict[str, Derived]:
    """Answer every metric of the check `performance`."""
    table = crosstab(decisions, np.zeros(decisions.rows, dtype=np.int64), 1)[0]
    positives, used = int(table[POSITIVE, :ABSENT].sum()), int(table[:ABSENT, :ABSENT].sum())
    counts = {
        "tp": int(table[POSITIVE, POSITIVE]),
        "fp": int(table[NEGATIVE, POSITIVE]),
        "fn": int(table[POSITIVE, NEGATIVE]),
        "tn": int(table[NEGATIVE, NEGATIVE]),
    }
    answers = {metric: _rate(int(x), int(n), counts) for metric, (x, n) in fractions(table).items()}
    majority = max(positives, used - positives) / used if used else 0.5
    if not decisions.alike:
        sums = sums_by_level(decisions, np.zeros(decisions.rows, dtype=np.int64), 1)[0]
        answers = {metric: _of_units(decisions, answer, sums[metric]) for metric, answer in answers.items()}
        if decisions.weights is not None and used:
            heavy = Fraction(sums["tpr"].t, sums["accuracy"].t)
            majority = float(max(heavy, 1 - heavy))
    answers["accuracy"] = replace(answers["accuracy"], limit=majority)
    if used and positives in (0, used):
        told = answers["accuracy"].counts
        answers["accuracy"] = replace(failed(_single_class(), used, used, told), limit=majority)
    if decisions.scores is not None:
        answers["auc"] = _auc(decisions, decisions.scores)
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
    order = sorted(range(len(labels)), key=lambda index: (not complete[index], labels[index]))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return Partition(
        place[codes],
        tuple(labels[index] for index in order),
        np.array([complete[index] for index in order], dtype=bool),
        np.bincount(place[codes], minlength=len(order)),
    )


def group_fault(decisions: Decisions, columns: Sequence[str], *, within: bool = False) -> Message | None:
    """Return why a column, or a crossing of columns, can't be grouped by.

    within: the crossing is of groups and strata, which may have more levels than are compared, or none.
    """
    for name in columns:
        if decisions.groups[name].fault is not None:
            return decisions.groups[name].fault
    several = too_many_levels(" × ".join(columns))
    if len(columns) > 1:
        stored = np.zeros(decisions.file_rows, dtype=np.int64)
        for name in columns:
            found, stored = _occurring(stored * decisions.groups[name].spellings + decisions.groups[name].stored)
            if len(found) > MOST_GROUP_SPELLINGS:
                return several
    if within:
        return None
    compared = int(partition(decisions, columns).complete.sum())
    if compared == 0:
        return message("no row has a value in every group column of “{columns}”", columns=" × ".join(columns))
    return several if compared > _MOST_LEVELS or 2 * compared > decisions.file_rows else None


def group_fairness(decisions: Decisions, columns: Sequence[str], min_group: int) -> dict[str, Derived]:
    """Answer `<rate>.difference` and `<rate>.ratio` for one column or intersection."""
    fault = group_fault(decisions, columns)
    if fault is not None:
        return {f"{rate}.{kind}": failed(fault) for rate in RATES for kind in ("difference", "ratio")}
    levels = partition(decisions, columns)
    answers = {}
    for rate in RATES:
        base, places, x, n = compared_rates(decisions, levels, rate, min_group)
        for kind in ("difference", "ratio"):
            alike = decisions.alike
            found = _spread(kind, x, n) if alike else _spread_of_units(decisions, kind, levels, rate, places)
            counts = {} if alike else listed_sums(decisions, levels, rate, min_group)
            answers[f"{rate}.{kind}"] = replace(found, n=base.n, used=base.used, groups=base.groups, counts=counts)
    return answers


def compared_rates(
    decisions: Decisions, levels: Partition, rate: str, min_group: int
) -> tuple[Derived, Counts, Counts, Counts]:
    """Return the compared levels of a rate: their places in the list, successes and trials.

    Before them an answer without a value, which lists all levels and has n and the rows used.
    """
    table = crosstab(decisions, levels.codes, len(levels.levels))
    used = table[:, :ABSENT, :ABSENT].sum(axis=(1, 2))
    successes, trials = fractions(table)[rate]
    shown = levels.sizes >= min_group
    compared = shown & (trials >= _FEWEST_TRIALS) & levels.complete
    groups = _rate_groups(levels, successes, trials, shown)
    if not decisions.alike:
        rates = _level_rates(decisions, levels, rate)
        compared &= np.array([each is not None for each in rates], dtype=bool)
        groups = tuple(_as_units(group, rates[place], decisions) for place, group in enumerate(groups))
    x, n = successes[compared], trials[compared]
    base = Derived(None, None, None, int(n.sum()), int(used[compared].sum()), groups=groups)
    return base, np.flatnonzero(compared), x, n


def calibration(decisions: Decisions, columns: Sequence[str], min_group: int) -> dict[str, Derived]:
    """Answer `gap` for one subject, or `gap` and `brier` for all rows when columns is empty."""
    assert decisions.scores is not None  # noqa: S101  (asked only of targets with a score)
    if not decisions.alike:
        fault = group_fault(decisions, columns) if columns else None
        nothing = Derived(None, None, None, 0, 0) if fault is None else failed(fault)
        return {"gap": nothing} if columns else {"gap": nothing, "brier": nothing}
    there = (decisions.label != ABSENT) & ~np.isnan(decisions.scores)
    error = decisions.label[there] - decisions.scores[there]
    if not columns:
        return {"gap": _overall(error, absolute=True), "brier": _overall(error * error, absolute=False)}
    fault = group_fault(decisions, columns)
    if fault is not None:
        return {"gap": failed(fault)}
    levels = partition(decisions, columns)
    sums = exact_sums(error, levels.codes[there], len(levels.levels))
    shown = levels.sizes >= min_group
    compared = [
        each
        for each, complete, listed in zip(sums, levels.complete, shown, strict=True)
        if complete and listed and each.n >= _FEWEST_TRIALS
    ]
    counts = {"scale_bits": _SCALE_BITS}
    for place in np.flatnonzero(shown).tolist():
        each = sums[place]
        counts |= {f"{place}.rows": each.n, f"{place}.sum": each.total, f"{place}.squares": each.squares}
    groups = tuple(map(_mean_group, levels.levels, sums, shown.tolist()))
    used = sum(each.n for each in compared)
    return {"gap": replace(_largest_mean(compared), n=used, used=used, groups=groups, counts=counts)}


def exact_sums(numbers: Floats, codes: NDArray[np.int64], levels: int) -> list[Sums]:
    """Add up numbers in [−1, 1] by level as whole multiples of 2⁻⁴⁶, ties away from 0.

    A square is split into halves of 23 bits, so that no partial sum leaves 64 bits.
    """
    sizes = np.bincount(codes, minlength=levels)
    totals = np.zeros((4, levels), dtype=object)
    for start in range(0, len(numbers), _SUMMED_AT_ONCE):
        part, where = numbers[start : start + _SUMMED_AT_ONCE], codes[start : start + _SUMMED_AT_ONCE]
        scaled = part * float(1 << _SCALE_BITS)
        toward_zero = np.trunc(scaled)
        whole = (toward_zero + np.sign(scaled) * (np.abs(scaled - toward_zero) >= 0.5)).astype(np.int64)
        high, low = whole >> _HALF_BITS, whole & ((1 << _HALF_BITS) - 1)
        for row, values in enumerate((whole, high * high, high * low, low * low)):
            added = np.zeros(levels, dtype=np.int64)
            np.add.at(added, where, values)
            totals[row] += added.astype(object)
    return [
        Sums(int(n), int(total), (int(hh) << (2 * _HALF_BITS)) + (int(hl) << (_HALF_BITS + 1)) + int(ll))
        for n, total, hh, hl, ll in zip(sizes, *totals, strict=True)
    ]


def _occurring(codes: NDArray[np.int64]) -> tuple[Counts, NDArray[np.int64]]:
    """Return the codes that occur, ascending, and for each row the position of its own."""
    largest = int(codes.max(initial=0))
    if largest > max(len(codes), _CHUNK):
        return np.unique(codes, return_inverse=True)
    # Counting is several times as quick as the sort of np.unique.
    occurs = np.bincount(codes, minlength=largest + 1) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[codes]


def share(successes: int, trials: int, z: float = _Z) -> Derived:
    """Answer a share of rows: Wilson's interval, n and rows used both the trials."""

    def at(k: int) -> Bounds:
        low, high = intervals.wilson(k * successes, k * trials, z)
        return float(low), float(high)

    return Derived(successes / trials, *at(1), trials, trials, at=at)


def _rate(successes: int, trials: int, counts: Mapping[str, int]) -> Derived:
    if trials == 0:
        return Derived(None, None, None, 0, 0, counts=counts)
    return replace(share(successes, trials), counts=counts)


def _of_units(decisions: Decisions, answer: Derived, sums: UnitSums) -> Derived:
    """Return a rate of rows that are not alike; n and rows used stay those of the rows."""
    found = unit_rate(sums, weighted=decisions.weights is not None)
    value, low, high = (None, None, None) if found is None else (found.value, found.low, found.high)
    counts = {**answer.counts, **sums.counts(), **_unit_counts(decisions)}
    return replace(answer, value=value, low=low, high=high, counts=counts, at=None)


def _unit_counts(decisions: Decisions) -> dict[str, int]:
    if decisions.weights is None:
        return {}
    return {"scale_bits": _SCALE_BITS, "weightless": decisions.file_rows - decisions.rows}


def level_sums(decisions: Decisions, levels: Partition, rate: str) -> list[UnitSums]:
    """Return the sums of a rate over the units of each level."""
    return [each[rate] for each in sums_by_level(decisions, levels.codes, len(levels.levels))]


def _level_rates(decisions: Decisions, levels: Partition, rate: str) -> list[UnitRate | None]:
    weighted = decisions.weights is not None
    return [unit_rate(sums, weighted=weighted) for sums in level_sums(decisions, levels, rate)]


def listed_sums(decisions: Decisions, levels: Partition, rate: str, min_group: int) -> dict[str, int]:
    """Return the sums of the levels that are shown, as a measurement carries them."""
    counts = _unit_counts(decisions)
    for place, sums in enumerate(level_sums(decisions, levels, rate)):
        if levels.sizes[place] >= min_group:
            counts |= sums.counts(f"{place}.")
    return counts


def _as_units(group: Group, found: UnitRate | None, decisions: Decisions) -> Group:
    """List a level of rows that are not alike; of weighted rows no counts stand beside the share."""
    if group.suppressed or not group.trials:
        return group
    value, low, high = (None, None, None) if found is None else (found.value, found.low, found.high)
    if decisions.weights is not None:
        return replace(group, successes=None, trials=None, value=value, low=low, high=high)
    return replace(group, value=value, low=low, high=high)


def _spread_of_units(decisions: Decisions, kind: str, levels: Partition, rate: str, places: Counts) -> Derived:
    """Answer a gap between rates of rows that are not alike."""
    undefined = Derived(None, None, None, 0, 0)
    sums = level_sums(decisions, levels, rate)
    family = len(places) * (len(places) - 1) // 2
    if family == 0 or (kind == "ratio" and not any(sums[place].s for place in places)):
        return undefined
    weighted = decisions.weights is not None
    found = [each for place in places if (each := unit_rate(sums[place], weighted=weighted, family=family))]
    values = [each.value for each in found]
    if kind == "difference":
        return Derived(max(values) - min(values), *largest_difference(found), 0, 0)
    return Derived(min(values) / max(values), *smallest_ratio(found), 0, 0)


def _single_class() -> Message:
    return message("the labels of the rows used are of a single class")


def _auc(decisions: Decisions, scores: Floats) -> Derived:
    there = ~np.isnan(scores)
    positives = scores[there & (decisions.label == POSITIVE)]
    negatives = scores[there & (decisions.label == NEGATIVE)]
    n = len(positives) + len(negatives)
    counts = {"positives": len(positives), "negatives": len(negatives)}
    if n and not (len(positives) and len(negatives)):
        return failed(_single_class(), n, n, counts)
    if min(len(positives), len(negatives)) < 2 or not decisions.alike:
        return Derived(None, None, None, n, n, counts=counts)
    if decisions.rows > _EXACT_ROWS:
        positives, negatives = (np.minimum(np.floor(part * _BINS), _BINS - 1) for part in (positives, negatives))
        filled = [np.bincount(part.astype(np.int64), minlength=_BINS) for part in (positives, negatives)]
        counts["pairs_in_one_bin"] = int(filled[0] @ filled[1])
    value = intervals.auc(positives, negatives)
    return Derived(value, *intervals.delong(positives, negatives, _Z), n, n, counts=counts)


def _rate_groups(levels: Partition, successes: Counts, trials: Counts, shown: NDArray[np.bool_]) -> tuple[Group, ...]:
    low, high = intervals.wilson(successes, np.maximum(trials, 1), _Z)
    groups = []
    for index, names in enumerate(levels.levels):
        if not shown[index]:
            groups.append(_suppressed(names))
            continue
        x, n = int(successes[index]), int(trials[index])
        value, lower, upper = (x / n, float(low[index]), float(high[index])) if n else (None, None, None)
        groups.append(Group(names, int(levels.sizes[index]), x, n, value, lower, upper, suppressed=False))
    return tuple(groups)


def _mean_group(names: tuple[str, ...], sums: Sums, shown: bool) -> Group:
    if not shown:
        return _suppressed(names)
    mean, low, high = (sums.mean, *sums.interval(_Z)) if sums.n >= 2 else (None, None, None)
    return Group(names, sums.n, None, None, mean, low, high, suppressed=False)


def _suppressed(names: tuple[str, ...]) -> Group:
    return Group(names, None, None, None, None, None, None, suppressed=True)


def _spread(kind: str, x: Counts, n: Counts) -> Derived:
    """Answer a gap of rates; n and rows used are the caller's to add."""
    undefined = Derived(None, None, None, 0, 0)
    if len(x) < 2:
        return undefined
    rates = x / n
    if kind == "difference":
        value = float(rates.max() - rates.min())
        return Derived(
            value, *intervals.largest_difference(x, n), 0, 0, at=lambda k: intervals.largest_difference(k * x, k * n)
        )
    if not x.any():
        return undefined
    value = float(rates.min() / rates.max())
    return Derived(value, *intervals.smallest_ratio(x, n), 0, 0, at=lambda k: intervals.smallest_ratio(k * x, k * n))


def _overall(numbers: Floats, *, absolute: bool) -> Derived:
    """Answer the mean of all numbers, or its absolute value."""
    sums = exact_sums(numbers, np.zeros(len(numbers), dtype=np.int64), 1)[0]
    counts = {"rows": sums.n, "sum": sums.total, "squares": sums.squares, "scale_bits": _SCALE_BITS}
    if sums.n < 2:
        return Derived(None, None, None, sums.n, sums.n, counts=counts)
    if absolute:
        return replace(_largest_mean([sums]), n=sums.n, used=sums.n, counts=counts)
    low, high = sums.interval(_Z)
    return Derived(sums.mean, low, high, sums.n, sums.n, counts=counts, at=lambda k: sums.interval(_Z, k))


def _largest_mean(groups: Sequence[Sums]) -> Derived:
    """Answer the largest absolute mean; n and rows used are the caller's to add."""
    if not groups:
        return Derived(None, None, None, 0, 0)
    z = intervals.simultaneous_z(len(groups))

    def at(k: int) -> Bounds:
        bounds: list[Any] = [intervals.absolute(*sums.interval(z, k)) for sums in groups]
        return float(max(low for low, _ in bounds)), float(max(high for _, high in bounds))

    return Derived(max(abs(sums.mean) for sums in groups), *at(1), 0, 0, at=at)
