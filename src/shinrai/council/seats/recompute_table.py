"""Reading the file a second time, in batches, into codes that counting can work on.

A Parquet or CSV file becomes one small integer for each row and declared column; only distinct values are looked at as
text. Nothing here raises an exception of pyarrow: what can't be read is an `UnreadableError` with words.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shinrai.council.seats.recompute_values import MISSING, canonical, number
from shinrai.language import Message, message

NEGATIVE, POSITIVE, ABSENT = 0, 1, 2

_MOST_LEVELS = 200
_BATCH_ROWS = 1 << 17
_CSV_BLOCK = 16 << 20
# What pyarrow raises on bytes it can't make sense of; its own errors derive from these.
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError)

Codes = NDArray[np.int32]
States = NDArray[np.int8]
Floats = NDArray[np.float64]


class UnreadableError(Exception):
    """The file can't be read; `what` says why in words."""

    def __init__(self, what: Message) -> None:
        super().__init__(str(what))
        self.what = what


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be opened: its column names in order and the type each is stored as."""

    path: Path
    parquet: bool
    types: Mapping[str, pa.DataType]


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """A label or prediction: NEGATIVE, POSITIVE or ABSENT for each row, or the fault that forbids it."""

    states: States
    fault: Message | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A score for each row, NaN where missing. outside: some lie outside [0, 1]."""

    values: Floats
    outside: bool = False
    fault: Message | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The level of each row as an index into labels; len(labels) stands for the level of missing values."""

    codes: Codes
    labels: tuple[str, ...]
    fault: Message | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The declared columns of a table, row by row. prediction is taken from the score where none is declared."""

    rows: int
    label: Binary
    prediction: Binary
    scores: Scores
    groups: Mapping[str, Levels]


class _Coder:
    """Gives every canonical value of one column a number; stops once there are more than may be."""

    def __init__(self, most: int, *, folded: bool) -> None:
        self.known: dict[str, int] = {}
        self.parts: list[Codes] = []
        self._most, self._folded = most, folded
        self._seen: set[str] = set()

    @property
    def full(self) -> bool:
        return len(self._seen) > self._most

    def add(self, array: pa.Array) -> None:
        if self.full:
            return
        values, indices = distinct(array)
        codes = np.full(len(values) + 1, -1, dtype=np.int32)
        for position, value in enumerate(values_of(values)):
            text = canonical(value)
            if text is None or (self._folded and text == MISSING):
                continue
            codes[position] = self.known.setdefault(text, len(self.known))
            self._seen.add(text.casefold() if self._folded else text)
            if self.full:
                return
        self.parts.append(codes[indices])

    def codes(self) -> Codes:
        return np.concatenate([np.empty(0, np.int32), *self.parts])


def open_table(path: Path) -> Source:
    """Read the names and types of a file's columns; UnreadableError when it is no Parquet or CSV table."""
    with in_words():
        match path.suffix.lower():
            case ".parquet":
                with pq.ParquetFile(path) as parquet:
                    schema = parquet.schema_arrow
            case ".csv":
                with pacsv.open_csv(path, _csv_reading(), _csv_parsing()) as reader:
                    schema = pa.schema([(name, pa.string()) for name in reader.schema.names])
            case _:
                raise UnreadableError(message("the file is neither .parquet nor .csv"))
    if len(set(schema.names)) < len(schema.names):
        raise UnreadableError(message("two columns have the same name"))
    return Source(path, path.suffix.lower() == ".parquet", dict(zip(schema.names, schema.types, strict=True)))


def batches(source: Source, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the named columns in batches; UnreadableError when the bytes don't hold what they promise."""
    with in_words():
        if source.parquet:
            texts = [name for name in columns if is_text_type(source.types[name])]
            with pq.ParquetFile(source.path, read_dictionary=texts) as parquet:
                yield from parquet.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False)
        else:
            types = pacsv.ConvertOptions(column_types=dict(source.types), include_columns=list(columns))
            with pacsv.open_csv(source.path, _csv_reading(), _csv_parsing(), types) as reader:
                yield from reader


def distinct(array: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the distinct stored values of a batch, without NULL, and for each row the index of its own.

    The index len(values) stands for NULL. Nested values are compared by their text.
    """
    if pa.types.is_nested(array.type):
        array = pa.array([None if value is None else repr(value) for value in array.to_pylist()], pa.string())
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    if pa.types.is_dictionary(array.type) and (len(array.dictionary) > len(array) or array.dictionary.null_count):
        # A row group's dictionary comes with every batch of it: most of its values may not be in this one.
        array = array.cast(array.type.value_type)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = encoded.dictionary
    indices = pc.fill_null(encoded.indices.cast(pa.int64()), len(values)).to_numpy(zero_copy_only=False)
    used = np.bincount(indices, minlength=len(values) + 1)[:-1] > 0
    if used.all():
        return values, indices
    position = np.append(np.cumsum(used) - 1, used.sum())
    return values.filter(pa.array(used)), position[indices]


def values_of(array: pa.Array) -> list[object]:
    """Return Python values; narrow floats as numpy scalars, times finer than microseconds as text."""
    if pa.types.is_float32(array.type):
        return list(array.to_numpy(zero_copy_only=False))
    if pa.types.is_timestamp(array.type) and array.type.unit == "ns":
        array = array.cast(pa.string())
    return list(array.to_pylist())


def read_decisions(
    source: Source,
    *,
    label: str | None,
    prediction: str | None,
    score: str | None,
    threshold: float | None,
    groups: Sequence[str],
    favourable: object,
) -> Decisions:
    """Read the declared columns of a file once. A fault of one column stands in it and spares the others."""
    binary = {name: _Coder(2, folded=False) for name in (label, prediction) if name is not None}
    grouping = {name: _Coder(_MOST_LEVELS, folded=True) for name in groups}
    scores: list[Floats] = []
    score_fault: Message | None = None
    rows = 0
    wanted = list(dict.fromkeys([*binary, *grouping, *([score] if score is not None else [])]))
    with in_words():
        for batch in batches(source, wanted):
            rows += batch.num_rows
            for name, coder in (*binary.items(), *grouping.items()):
                coder.add(batch.column(name))
            if score is not None and score_fault is None:
                read = read_numbers(batch.column(score))
                if read is None:
                    score_fault = message("the score column “{column}” holds text that is not a number", column=score)
                else:
                    scores.append(read)
    wish = canonical(favourable)
    prepared = _scores(scores, score, score_fault)
    return Decisions(
        rows=rows,
        label=_binary(binary, label, wish, message("the target names no label column")),
        prediction=(
            _binary(binary, prediction, wish, None) if prediction is not None else _selected(prepared, threshold)
        ),
        scores=prepared,
        groups={name: _levels(name, coder, rows) for name, coder in grouping.items()},
    )


def read_numbers(array: pa.Array) -> Floats | None:
    """Return a batch as floats, NaN where missing, or None when a value is no number."""
    stored = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_boolean(stored):
        floats = array.cast(stored).cast(pa.float64(), safe=False)
        return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)
    if not (is_text_type(stored) or pa.types.is_decimal(stored)):
        return None
    values, indices = distinct(array)
    read = np.full(len(values) + 1, np.nan)
    for position, value in enumerate(values_of(values)):
        text = canonical(value)
        if text is None:
            continue
        parsed = number(text)
        if parsed is None:
            return None
        read[position] = parsed
    return read[indices]


def is_number_type(stored: pa.DataType) -> bool:
    """Whether a column of this type holds numbers as numbers."""
    return bool(pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored))


def is_text_type(stored: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    return bool(pa.types.is_string(stored) or pa.types.is_large_string(stored))


def _binary(coders: Mapping[str, _Coder], name: str | None, wish: str | None, absent: Message | None) -> Binary:
    nothing = np.empty(0, np.int8)
    if name is None:
        return Binary(nothing, absent)
    coder = coders[name]
    if coder.full:
        return Binary(nothing, message("the column “{column}” holds more than two different values", column=name))
    if len(coder.known) == 2 and wish not in coder.known:
        return Binary(nothing, message("the column “{column}” does not hold the favourable value", column=name))
    states = np.full(len(coder.known) + 1, NEGATIVE, dtype=np.int8)
    states[-1] = ABSENT
    if wish is not None and wish in coder.known:
        states[coder.known[wish]] = POSITIVE
    # Code −1, missing, falls on the last state.
    return Binary(states[coder.codes()])


def _scores(parts: Sequence[Floats], name: str | None, fault: Message | None) -> Scores:
    if name is None:
        return Scores(np.empty(0), fault=message("the target names no score column"))
    if fault is not None:
        return Scores(np.empty(0), fault=fault)
    values = np.concatenate([np.empty(0), *parts])
    return Scores(values, outside=bool(np.any((values < 0) | (values > 1))))


def _selected(scores: Scores, threshold: float | None) -> Binary:
    if scores.fault is not None:
        return Binary(np.empty(0, np.int8), scores.fault)
    if threshold is None:
        return Binary(np.empty(0, np.int8), message("the target has neither a prediction nor a threshold"))
    states = (scores.values >= threshold).astype(np.int8)
    states[np.isnan(scores.values)] = ABSENT
    return Binary(states)


def _levels(name: str, coder: _Coder, rows: int) -> Levels:
    """Merge spellings that are equal under case folding under the most frequent one."""
    if coder.full:
        return Levels(np.empty(0, np.int32), (), _too_many(name))
    codes = coder.codes()
    sizes = np.bincount(codes + 1, minlength=len(coder.known) + 1)[1:]
    spellings: dict[str, Counter[str]] = {}
    for text, code in coder.known.items():
        spellings.setdefault(text.casefold(), Counter())[text] = int(sizes[code])
    shown = {folded: min(texts, key=lambda text: (-texts[text], text)) for folded, texts in spellings.items()}
    order = {folded: index for index, folded in enumerate(sorted(shown, key=lambda folded: shown[folded]))}
    if 2 * len(order) > rows:
        return Levels(np.empty(0, np.int32), (), _too_many(name))
    level_of = np.full(len(coder.known) + 1, len(order), dtype=np.int32)
    for text, code in coder.known.items():
        level_of[code] = order[text.casefold()]
    return Levels(level_of[codes], tuple(shown[folded] for folded in order))


def _too_many(name: str) -> Message:
    return message("the group column “{column}” has more levels than can be compared", column=name)


def _csv_reading() -> pacsv.ReadOptions:
    return pacsv.ReadOptions(block_size=_CSV_BLOCK, use_threads=False)


def _csv_parsing() -> pacsv.ParseOptions:
    return pacsv.ParseOptions(newlines_in_values=True)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what pyarrow raises into words; its own text may quote a value of the file and is left out."""
    try:
        yield
    except _BROKEN as fault:
        raise UnreadableError(
            message("the file can't be read as a table ({kind})", kind=type(fault).__name__)
        ) from fault
