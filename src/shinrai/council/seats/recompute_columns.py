"""Data quality and personal data, column by column, written from the definitions' page alone.

One pass over all columns keeps a few values of each; a second one takes the numbers that could give the label away.
"""

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shinrai.council.seats import intervals
from shinrai.council.seats.recompute_personal import looks_personal
from shinrai.council.seats.recompute_rates import Derived, failed
from shinrai.council.seats.recompute_table import (
    ABSENT,
    NEGATIVE,
    POSITIVE,
    Binary,
    Source,
    batches,
    distinct,
    in_words,
    is_number_type,
    is_text_type,
    read_numbers,
    values_of,
)
from shinrai.council.seats.recompute_values import canonical, number

_SAMPLE = 1_000
_NUMBERS_AT_ONCE = 1 << 25
_GIVES_AWAY = 0.99
# Printable ASCII without white space at either end is its own canonical text.
_PLAIN = r"^[!-~]([ -~]*[!-~])?$"
_NULL, _NAN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x7FF8000000000000)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Column:
    """What one pass found out about a column.

    missing: rows without a value. several: at least two different canonical values. determined: its values and the
    label determine each other. numeric: stored as numbers or readable as such. sample: its first canonical values.
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

    def __init__(self, name: str, stored: pa.DataType) -> None:
        self.name = name
        self.missing = 0
        self.readable = is_number_type(stored) or is_text_type(stored)
        self._text = is_text_type(stored)
        # A second value settles whether it is constant, a third labelled one whether it gives the label away.
        self._seen: set[str] = set()
        self._labelled: dict[str, set[int]] = {}
        self.sample = _Sample(ordered_as_text=self._text)

    def add(self, array: pa.Array, states: NDArray[np.int8] | None) -> None:
        values, indices = distinct(array)
        counts = np.bincount(indices, minlength=len(values) + 1)
        self.missing += int(counts[-1])
        if self._text:
            self._add_texts(values, counts)
        else:
            self._add_others(values, counts)
        if len(self._seen) < 2 or (states is not None and len(self._labelled) < 3):
            self._follow(values, indices, states)

    def _add_texts(self, values: pa.Array, counts: NDArray[np.int64]) -> None:
        plain = pc.match_substring_regex(values, _PLAIN)
        odd = values.filter(pc.invert(plain))
        odd_counts = counts[:-1][~plain.to_numpy(zero_copy_only=False)]
        texts = [canonical(value) for value in odd.to_pylist()]
        self.missing += sum(int(n) for text, n in zip(texts, odd_counts, strict=True) if text is None)
        found = [text for text in texts if text is not None]
        if self.readable:
            self.readable = all(number(text) is not None for text in (*found, *_in_pieces(values.filter(plain))))
        kept = values.filter(plain)
        if self.sample.last is not None:
            kept = kept.filter(pc.less(kept, pa.scalar(self.sample.last, kept.type)))
        for text in (*found, *kept.to_pylist()):
            self.sample.add(text, text)

    def _add_others(self, values: pa.Array, counts: NDArray[np.int64]) -> None:
        if pa.types.is_floating(values.type):
            nan = pc.is_nan(values).to_numpy(zero_copy_only=False)
            self.missing += int(counts[:-1][nan].sum())
            values = values.filter(pa.array(~nan))
        if _ordered(values.type):
            # Only the smallest can enter the sample, so that 10⁷ different numbers are never made text.
            values = values.take(pc.array_sort_indices(values)[:_SAMPLE])
        for value in values_of(values):
            text = canonical(value)
            if text is not None:
                self.sample.add(value if _ordered(values.type) else text, text)

    def _follow(self, values: pa.Array, indices: NDArray[np.int64], states: NDArray[np.int8] | None) -> None:
        """Note the first canonical values and, where there is a label, the labels each comes with."""
        together = indices * 3 + (ABSENT if states is None else states)
        labels = np.bincount(together, minlength=3 * (len(values) + 1)).reshape(-1, 3)[:-1, :ABSENT] > 0
        for value, row in zip(_in_pieces(values), labels, strict=True):
            text = canonical(value)
            if text is None:
                continue
            if len(self._seen) < 2:
                self._seen.add(text)
            if row.any() and len(self._labelled) < 3:
                self._labelled.setdefault(text, set()).update(np.flatnonzero(row).tolist())
            if len(self._seen) == 2 and (states is None or len(self._labelled) == 3):
                return

    def column(self) -> Column:
        labels = list(self._labelled.values())
        return Column(
            self.name,
            self.missing,
            several=len(self._seen) > 1,
            determined=labels in ([{NEGATIVE}, {POSITIVE}], [{POSITIVE}, {NEGATIVE}]),
            numeric=self.readable,
            sample=self.sample.texts(),
        )


class _Sample:
    """The first 1,000 different values in order. last: the text no later value may exceed, None while there is room."""

    def __init__(self, *, ordered_as_text: bool) -> None:
        self._ordered: list[Any] = []
        self._texts: dict[Any, str] = {}
        self._text = ordered_as_text

    @property
    def last(self) -> str | None:
        full = self._text and len(self._ordered) == _SAMPLE
        return str(self._ordered[-1]) if full else None

    def add(self, key: Any, text: str) -> None:
        if key in self._texts or (len(self._ordered) == _SAMPLE and not key < self._ordered[-1]):
            return
        bisect.insort(self._ordered, key)
        self._texts[key] = text
        if len(self._ordered) > _SAMPLE:
            del self._texts[self._ordered.pop()]

    def texts(self) -> tuple[str, ...]:
        return tuple(self._texts[key] for key in self._ordered)


def profile(source: Source, label: Binary, *, rows_differ: bool) -> Profile:
    """Go once through all columns. rows_differ: whether to count distinct rows, which costs the most."""
    watches = [_Watch(name, stored) for name, stored in source.types.items()]
    hashes: list[Hashes] = []
    rows = 0
    with in_words():
        for batch in batches(source, list(source.types)):
            states = label.states[rows : rows + batch.num_rows] if label.fault is None else None
            rows += batch.num_rows
            for watch in watches:
                watch.add(batch.column(watch.name), states)
            if rows_differ:
                hashes.append(_row_hashes(batch, list(source.types)))
    return Profile(rows, _count_distinct(hashes), tuple(watch.column() for watch in watches))


def data_quality(source: Source, table: Profile, label: Binary, declared: Sequence[str]) -> dict[str, Derived]:
    """Answer every metric of the check `data_quality`. declared: the columns the target names, each once."""
    rows = table.rows
    answers = {"constant": _share(sum(not column.several for column in table.columns), len(table.columns), rows)}
    undeclared = [column for column in table.columns if column.name not in declared]
    if label.fault is not None:
        answers["leakage_suspects"] = failed(label.fault)
    else:
        suspects = {column.name for column in undeclared if column.determined}
        numbers = [column.name for column in undeclared if column.numeric and column.name not in suspects]
        suspects |= _telling(source, label, numbers, rows)
        answers["leakage_suspects"] = _share(len(suspects), len(undeclared), rows)
    missing = max((column.missing for column in table.columns if column.name in declared), default=0)
    for metric, count, comparisons in (
        ("missing", missing, len(declared)),
        ("duplicates", rows - table.distinct_rows, 1),
    ):
        low, high = intervals.wilson(count, rows, intervals.simultaneous_z(comparisons))
        answers[metric] = Derived(count / rows, float(low), float(high), rows, rows)
    return answers


def personal_data(table: Profile) -> dict[str, Derived]:
    """Answer the one metric of the check `personal_data`."""
    flagged = sum(looks_personal(column.name, column.sample) for column in table.columns)
    return {"columns": _share(flagged, len(table.columns), table.rows)}


def _share(part: int, whole: int, rows: int) -> Derived:
    value = part / whole if whole else None
    return Derived(value, value, value, rows, rows)


def _telling(source: Source, label: Binary, names: Sequence[str], rows: int) -> set[str]:
    """Return the numbers that order the labels almost without fault."""
    at_once = max(1, _NUMBERS_AT_ONCE // max(rows, 1))
    telling = set()
    for start in range(0, len(names), at_once):
        for name, values in _numbers(source, names[start : start + at_once]):
            known = ~np.isnan(values)
            positives = values[known & (label.states == POSITIVE)]
            negatives = values[known & (label.states == NEGATIVE)]
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
                read = read_numbers(batch.column(name))
                parts[name].append(np.full(batch.num_rows, math.nan) if read is None else read)
    for name in names:
        yield name, np.concatenate(parts[name])


def _ordered(stored: pa.DataType) -> bool:
    return is_number_type(stored) or _is_time(stored)


def _is_time(stored: pa.DataType) -> bool:
    kinds = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_time, pa.types.is_duration)
    return any(is_kind(stored) for is_kind in kinds)


def _in_pieces(values: pa.Array) -> Iterator[object]:
    """Yield Python values piece by piece: mostly the first three decide."""
    for start in range(0, len(values), 64):
        yield from values_of(values[start : start + 64])


def _row_hashes(batch: pa.RecordBatch, names: Sequence[str]) -> Hashes:
    """One 64-bit hash for each row, keyed anew in every process: two of 10⁷ rows collide once in 300,000 runs."""
    row = np.zeros(batch.num_rows, dtype=np.uint64)
    for name in names:
        row = _mix(row ^ _value_hashes(batch.column(name))) * np.uint64(3)
    return row


def _value_hashes(array: pa.Array) -> Hashes:
    stored = array.type
    if _is_time(stored):
        array = array.view(pa.int64() if stored.bit_width == 64 else pa.int32())
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return np.where(array.is_null().to_numpy(zero_copy_only=False), _NULL, _mix(_bits(array)))
    values, indices = distinct(array)
    # Python's own hash of text is keyed, so that nobody can prepare rows that collide.
    hashes = [hash(value) & 0xFFFFFFFFFFFFFFFF for value in map(_stored_key, values_of(values))]
    return _mix(np.array([*hashes, int(_NULL)], dtype=np.uint64)[indices])


def _bits(array: pa.Array) -> Hashes:
    if pa.types.is_integer(array.type):
        filled = pc.fill_null(array, 0)
        return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(np.int64).view(np.uint64)
    filled = pc.fill_null(array.cast(pa.float64()), 0.0)
    # Adding zero makes −0.0 and 0.0 one value.
    floats = np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.float64) + 0.0
    bits = floats.view(np.uint64).copy()
    bits[np.isnan(floats)] = _NAN
    return bits


def _stored_key(value: object) -> object:
    """NaN equals NaN when rows are compared, although Python says otherwise."""
    return "NaN" if isinstance(value, float | np.floating) and math.isnan(value) else value


def _mix(bits: Hashes) -> Hashes:
    """Splitmix64's finalizer with a key of this process."""
    z = bits ^ _KEY
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def _count_distinct(parts: Sequence[Hashes]) -> int:
    if not parts:
        return 0
    hashes = np.concatenate(parts)
    hashes.sort()
    return int(len(hashes) and 1 + np.count_nonzero(hashes[1:] != hashes[:-1]))


_KEY = np.uint64(hash("the rows of a table") & 0xFFFFFFFFFFFFFFFF)
