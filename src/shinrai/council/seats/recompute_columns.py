"""Data quality and personal data, column by column, written from the definitions' page alone.

One pass over all columns keeps a few values of each; a second one takes the numbers that could give the label away.
"""

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shinrai.council.seats import intervals
from shinrai.council.seats.recompute_file import Kind, Source, batches, in_words, missing, typed
from shinrai.council.seats.recompute_nested import as_plain, comparable, leaves
from shinrai.council.seats.recompute_personal import looks_personal
from shinrai.council.seats.recompute_rates import Derived, share
from shinrai.council.seats.recompute_table import NEGATIVE, POSITIVE, States, as_floats, distinct
from shinrai.council.seats.recompute_values import canonical

_SAMPLE = 1_000
_CUT = 1_000
_NUMBERS_AT_ONCE = 1 << 25
_GIVES_AWAY = 0.99
_NULL, _NAN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x7FF8000000000000)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Column:
    """What one pass found out about a column.

    missing: rows without a value. several: at least two different values. determined: its values and the label
    determine each other. numeric: integers or numbers. sample: the canonical values to look at for personal data.
    """

    name: str
    missing: int
    several: bool
    determined: bool
    numeric: bool
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole table: its columns, its rows, and how many of them differ."""

    rows: int
    distinct_rows: int
    columns: tuple[Column, ...]


class _Watch:
    """Follows one column through the batches."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name, self.kind = name, kind
        self.missing = 0
        # A second value settles whether it is constant, a second one of a class whether the class has a single value.
        self._seen: set[object] = set()
        self._of_class: dict[int, set[object]] = {NEGATIVE: set(), POSITIVE: set()}
        self._sample = _Smallest()
        self._within: dict[str, None] = {}
        self._looked_within = 0

    def add(self, values: pa.Array, states: States) -> None:
        gone = missing(values)
        self.missing += int(pc.sum(gone).as_py() or 0)
        if self.kind is Kind.OTHER:
            self._look_within(values)
        else:
            self._sample.add(values, gone)
        if any(len(seen) < 2 for seen in (self._seen, *self._of_class.values())):
            self._follow(comparable(values) if self.kind is Kind.OTHER else values, gone, states)

    def _follow(self, values: pa.Array, gone: pa.Array, states: States) -> None:
        """Note the first two different values, of all rows and of each class."""
        there = ~gone.to_numpy(zero_copy_only=False)
        for seen, rows in (
            (self._seen, there),
            *((seen, there & (states == state)) for state, seen in self._of_class.items()),
        ):
            if len(seen) < 2 and rows.any():
                seen.update(_two_of(values.filter(pa.array(rows))))

    def _look_within(self, values: pa.Array) -> None:
        present = values.filter(pc.is_valid(values))[: _SAMPLE - self._looked_within]
        self._looked_within += len(present)
        for leaf in leaves(present):
            if len(self._within) == _SAMPLE:
                return
            text = canonical(leaf[:_CUT] if isinstance(leaf, str) else leaf)
            if text is not None:
                self._within[text] = None

    def column(self) -> Column:
        negative, positive = self._of_class[NEGATIVE], self._of_class[POSITIVE]
        looked_at = self._within if self.kind is Kind.OTHER else self._sample.texts()
        return Column(
            self.name,
            self.missing,
            several=len(self._seen) > 1,
            determined=len(negative) == len(positive) == 1 and negative != positive,
            numeric=self.kind in {Kind.INTEGER, Kind.NUMBER},
            sample=tuple(looked_at),
        )


class _Smallest:
    """The first 1,000 different values in order."""

    def __init__(self) -> None:
        self._ordered: list[Any] = []

    def add(self, values: pa.Array, gone: pa.Array) -> None:
        values = values.filter(pc.invert(gone))
        if len(self._ordered) == _SAMPLE:
            # Most values come too late, so that 10⁷ different ones are never looked at one by one.
            values = _stored_values(values)
            values = values.filter(pc.less(values, pa.scalar(self._ordered[-1], values.type)))
        values = distinct(values)[0]
        if len(values) > _SAMPLE:
            values = values.take(pc.array_sort_indices(values)[:_SAMPLE])
        for value in values.to_pylist():
            place = bisect.bisect_left(self._ordered, value)
            if place == len(self._ordered) or self._ordered[place] != value:
                self._ordered.insert(place, value)
        del self._ordered[_SAMPLE:]

    def texts(self) -> Iterator[str]:
        cut = (value[:_CUT] if isinstance(value, str) else value for value in self._ordered)
        return (text for value in cut if (text := canonical(value)) is not None)


def _stored_values(values: pa.Array) -> pa.Array:
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def profile(source: Source, label: States, *, rows_differ: bool) -> Profile:
    """Go once through all columns. rows_differ: whether to count distinct rows, which costs the most."""
    watches = [_Watch(name, kind) for name, kind in source.kinds.items()]
    hashes: list[Hashes] = []
    rows = 0
    with in_words():
        for batch in batches(source, list(source.kinds)):
            states = label[rows : rows + batch.num_rows]
            rows += batch.num_rows
            row_hashes = np.zeros(batch.num_rows, dtype=np.uint64)
            for watch in watches:
                stored = batch.column(watch.name)
                values = typed(source, watch.name, stored)
                watch.add(values, states)
                if rows_differ:
                    row_hashes = _mix(row_hashes ^ _value_hashes(values if source.parquet else stored)) * np.uint64(3)
            hashes.append(row_hashes)
    return Profile(rows, _count_distinct(hashes) if rows_differ else 0, tuple(watch.column() for watch in watches))


def data_quality(source: Source, table: Profile, label: States, declared: Sequence[str]) -> dict[str, Derived]:
    """Answer every metric of the check `data_quality`. declared: the columns the target names, each once."""
    rows = table.rows
    by_name = {column.name: column for column in table.columns}
    gone = {f"missing.{place}": by_name[name].missing for place, name in enumerate(declared)}
    repeated = rows - table.distinct_rows
    answers = {
        "missing": replace(share(max(gone.values()), rows, intervals.simultaneous_z(len(declared))), counts=gone),
        "duplicates": replace(share(repeated, rows), counts={"duplicates": repeated, "rows": rows}),
        "constant": _columns(sum(not column.several for column in table.columns), len(table.columns), rows),
    }
    undeclared = [column for column in table.columns if column.name not in declared]
    if undeclared and not np.bincount(label, minlength=3)[[NEGATIVE, POSITIVE]].all():
        answers["leakage_suspects"] = Derived(None, None, None, rows, rows)
    elif undeclared:
        suspects = {column.name for column in undeclared if column.determined}
        numbers = [column.name for column in undeclared if column.numeric and column.name not in suspects]
        suspects |= _telling(source, label, numbers)
        answers["leakage_suspects"] = _columns(len(suspects), len(undeclared), rows)
    return answers


def personal_data(table: Profile) -> dict[str, Derived]:
    """Answer the one metric of the check `personal_data`."""
    flagged = sum(looks_personal(column.name, column.sample) for column in table.columns)
    return {"columns": _columns(flagged, len(table.columns), table.rows)}


def _columns(part: int, whole: int, rows: int) -> Derived:
    value = part / whole
    return Derived(value, value, value, rows, rows, counts={"found": part, "columns": whole})


def _two_of(values: pa.Array) -> Iterator[object]:
    """Yield up to two different values of a batch without missing ones."""
    if pa.types.is_dictionary(values.type) or pa.types.is_boolean(values.type):
        return islice(distinct(values)[0].to_pylist(), 2)
    extremes = pc.min_max(values)
    return iter({extremes["min"].as_py(), extremes["max"].as_py()})


def _telling(source: Source, label: States, names: Sequence[str]) -> set[str]:
    """Return the numbers that order the labels almost without fault."""
    at_once = max(1, _NUMBERS_AT_ONCE // max(len(label), 1))
    telling = set()
    for start in range(0, len(names), at_once):
        for name, values in _numbers(source, names[start : start + at_once]):
            known = ~np.isnan(values)
            positives = values[known & (label == POSITIVE)]
            negatives = values[known & (label == NEGATIVE)]
            if len(positives) and len(negatives):
                area = intervals.auc(positives, negatives)
                if max(area, 1 - area) >= _GIVES_AWAY:
                    telling.add(name)
    return telling


def _numbers(source: Source, names: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    parts: Mapping[str, list[NDArray[np.float64]]] = {name: [np.empty(0)] for name in names}
    with in_words():
        for batch in batches(source, names):
            for name in names:
                parts[name].append(as_floats(typed(source, name, batch.column(name))))
    for name in names:
        yield name, np.concatenate(parts[name])


def _value_hashes(values: pa.Array) -> Hashes:
    """One 64-bit hash for each value, keyed anew in every process, so that nobody can prepare rows that collide."""
    values = as_plain(values)
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return np.where(values.is_null().to_numpy(zero_copy_only=False), _NULL, _mix(_bits(values)))
    found, indices = distinct(values)
    hashes = [hash(value) & 0xFFFFFFFFFFFFFFFF for value in found.to_pylist()]
    return _mix(np.array([*hashes, int(_NULL)], dtype=np.uint64)[indices])


def _bits(array: pa.Array) -> Hashes:
    if pa.types.is_integer(array.type):
        filled = pc.fill_null(array, 0)
        return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(np.int64).view(np.uint64)
    # Adding zero makes −0.0 and 0.0 one value.
    floats = as_floats(pc.fill_null(array, 0.0)) + 0.0
    bits = floats.view(np.uint64).copy()
    bits[np.isnan(floats)] = _NAN
    return bits


def _mix(bits: Hashes) -> Hashes:
    """Splitmix64's finalizer with a key of this process."""
    z = bits ^ _KEY
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def _count_distinct(parts: Sequence[Hashes]) -> int:
    """Count different hashes: two of 10⁷ different rows collide once in 300,000 runs."""
    hashes = np.concatenate([np.empty(0, dtype=np.uint64), *parts])
    hashes.sort()
    return int(len(hashes) and 1 + np.count_nonzero(hashes[1:] != hashes[:-1]))


_KEY = np.uint64(hash("the rows of a table") & 0xFFFFFFFFFFFFFFFF)
