"""Reading the file a second time: its columns, their types, and their values in batches.

Nothing here raises an exception of pyarrow: what can't be read is an `UnreadableError` with words, and those never
quote a value of the file.
"""

import csv
import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from shinrai.council.seats.recompute_values import SPACES, WHITE_SPACE
from shinrai.language import Message, message

_BATCH_ROWS = 1 << 17
_CSV_BLOCK = 16 << 20
_LONGEST_LINE = 2_000_000
_MOST_COLUMNS = 2_000
_MOST_DIGITS = 38
# What pyarrow raises on bytes it can't make sense of; its own errors derive from these.
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError, csv.Error)

_INTEGER = r"-?(0|[1-9][0-9]{0,17})"
_NUMBER = _INTEGER + r"(\.[0-9]+)?([eE](-[0-9]{1,3}|\+?[0-9]{1,2}))?|(?i:nan)"
# One value, quoted or plain. A plain one may hold a double quote, but not as its first character after spaces.
_VALUE = rb'(?:"(?:[^"]++|"")*+"| *+(?:[^ ",\r\n][^,\r\n]*+)?+)'


class UnreadableError(Exception):
    """The file can't be read or measured as described; `what` says why in words."""

    def __init__(self, what: Message) -> None:
        super().__init__(str(what))
        self.what = what


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read: its columns in order and the kind of each."""

    path: Path
    parquet: bool
    kinds: Mapping[str, Kind]


def open_table(path: Path) -> Source:
    """Read the names and kinds of a file's columns; UnreadableError when it is no Parquet or CSV table."""
    with in_words():
        if not path.is_file() or path.stat().st_size == 0:
            raise UnreadableError(message("there is no such file, or it is empty"))
        match path.suffix.lower():
            case ".parquet":
                with pq.ParquetFile(path) as parquet:
                    schema = parquet.schema_arrow
                _check_names(schema.names)
                return Source(path, True, dict(zip(schema.names, map(_stored_kind, schema.types), strict=True)))
            case ".csv":
                names = _header(path)
                _check_names(names)
                _check_structure(path)
                return Source(path, False, _typed_kinds(path, names))
            case _:
                raise UnreadableError(message("the file is neither .parquet nor .csv"))


def batches(source: Source, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the named columns as stored; UnreadableError when the bytes don't hold what they promise."""
    with in_words():
        if source.parquet:
            texts = [name for name in columns if source.kinds[name] is Kind.TEXT]
            with pq.ParquetFile(source.path, read_dictionary=texts) as parquet:
                yield from parquet.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False)
        else:
            yield from _csv_batches(source.path, list(source.kinds), columns)


def typed(source: Source, name: str, stored: pa.Array) -> pa.Array:
    """Return the values of a batch by the kind of their column: text, truth values, integers, doubles or decimals.

    Narrow floats become doubles. Values of other kind come as they are stored.
    """
    kind = source.kinds[name]
    if not source.parquet:
        return stored if kind is Kind.TEXT else _parsed(stored, kind)
    if isinstance(stored.type, pa.BaseExtensionType):
        stored = stored.storage if kind is Kind.TEXT else stored
    if kind is Kind.TEXT:
        stored = stored if pa.types.is_dictionary(stored.type) else stored.cast(pa.large_string())
        # A file may promise text and hold something else; looking at every byte is what tells.
        stored.validate(full=True)
        return stored
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if pa.types.is_duration(stored.type):
        return stored.view(pa.int64())
    wide = pa.types.is_decimal(stored.type) and stored.type.precision > _MOST_DIGITS
    return stored.cast(pa.float64()) if pa.types.is_floating(stored.type) or wide else stored


def blank(texts: pa.Array) -> pa.Array:
    """Whether each text is nothing but white space; NULL stays NULL."""
    return pc.equal(pc.utf8_trim(texts, characters=WHITE_SPACE), "")


def missing(values: pa.Array) -> pa.Array:
    """Whether each value of a typed batch is missing; never NULL itself."""
    if pa.types.is_dictionary(values.type):
        gone = blank(values.dictionary).take(values.indices)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        gone = blank(values)
    elif pa.types.is_floating(values.type):
        gone = pc.is_nan(values)
    else:
        gone = pc.is_null(values)
    return pc.fill_null(gone, True)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what pyarrow raises into words; its own text may quote a value of the file and is left out."""
    try:
        yield
    except _BROKEN as fault:
        raise UnreadableError(
            message("the file can't be read as a table ({kind})", kind=type(fault).__name__)
        ) from fault


def _stored_kind(stored: pa.DataType) -> Kind:
    if isinstance(stored, pa.BaseExtensionType):
        return Kind.TEXT if stored.extension_name == "arrow.json" else Kind.OTHER
    if pa.types.is_dictionary(stored):
        return _stored_kind(stored.value_type)
    if pa.types.is_string(stored) or pa.types.is_large_string(stored) or pa.types.is_string_view(stored):
        return Kind.TEXT
    if pa.types.is_boolean(stored):
        return Kind.BOOLEAN
    # The file itself knows no durations: they are integers that Arrow has a note on.
    if pa.types.is_integer(stored) or pa.types.is_duration(stored):
        return Kind.INTEGER
    return Kind.NUMBER if pa.types.is_floating(stored) or pa.types.is_decimal(stored) else Kind.OTHER


def _check_names(names: Sequence[str]) -> None:
    if len(names) > _MOST_COLUMNS:
        raise UnreadableError(message("the file has more than {most} columns", most=_MOST_COLUMNS))
    if not all(name.strip() for name in names):
        raise UnreadableError(message("a column has no name"))
    if len({name.casefold() for name in names}) < len(names):
        raise UnreadableError(message("two columns have the same name"))


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        names = next(csv.reader(opened, strict=True), [])
    if not names or any("\n" in name or "\r" in name for name in names):
        raise UnreadableError(message("the first line names no columns"))
    return names


def _check_structure(path: Path) -> None:
    """Refuse quotes that do not enclose whole values, and line breaks of more than one kind."""
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b'"') < 0 and text.find(b"\r") < 0:
            return
        for line_break in (rb"\n", rb"\r\n", rb"\r(?!\n)"):
            whole = re.compile(rb"(?:\xef\xbb\xbf)?+(?:" + _VALUE + rb"(?:,|" + line_break + rb"|\Z))*+")
            found = whole.match(text)
            if found is not None and found.end() == len(text):
                return
    raise UnreadableError(message("the quotes or line breaks of the file do not fit together"))


def _csv_batches(path: Path, names: Sequence[str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    reading = pacsv.ReadOptions(block_size=_CSV_BLOCK, use_threads=False)
    # In a table of one column an empty line is an empty value.
    parsing = pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1)
    converting = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), include_columns=list(columns), strings_can_be_null=False
    )
    with pacsv.open_csv(path, reading, parsing, converting) as reader:
        yield from reader


def _typed_kinds(path: Path, names: Sequence[str]) -> dict[str, Kind]:
    """Look at all values of all columns for the narrowest kind that fits."""
    columns = {name: _Candidates() for name in names}
    for batch in _csv_batches(path, names, names):
        lengths = [pc.binary_length(batch.column(name)) for name in names]
        total = lengths[0]
        for length in lengths[1:]:
            total = pc.add(total, length)
        if (pc.max(total).as_py() or 0) + len(names) > _LONGEST_LINE:
            raise UnreadableError(message("a line of the file is too long"))
        for name, candidates in columns.items():
            candidates.add(batch.column(name))
    return {name: candidates.kind for name, candidates in columns.items()}


class _Candidates:
    """The kinds a column of text may still turn out to be."""

    def __init__(self) -> None:
        self._fitting = {Kind.INTEGER: True, Kind.NUMBER: True, Kind.BOOLEAN: True}
        self._empty = True

    def add(self, texts: pa.Array) -> None:
        if not any(self._fitting.values()):
            return
        bare = pc.utf8_trim(texts.filter(pc.invert(blank(texts))), characters=SPACES)
        if len(bare) == 0:
            return
        self._empty = False
        for kind in [kind for kind, fits in self._fitting.items() if fits]:
            if kind is Kind.BOOLEAN:
                fits = pc.is_in(pc.utf8_lower(bare), value_set=pa.array(["true", "false"]))
            else:
                fits = pc.match_substring_regex(bare, f"^(?:{_INTEGER if kind is Kind.INTEGER else _NUMBER})$")
            self._fitting[kind] = pc.all(fits).as_py()

    @property
    def kind(self) -> Kind:
        fitting = (kind for kind, fits in self._fitting.items() if fits)
        return Kind.TEXT if self._empty else next(fitting, Kind.TEXT)


def _parsed(texts: pa.Array, kind: Kind) -> pa.Array:
    bare = pc.if_else(blank(texts), pa.scalar(None, texts.type), pc.utf8_trim(texts, characters=SPACES))
    if kind is Kind.BOOLEAN:
        return pc.equal(pc.utf8_lower(bare), "true")
    return bare.cast(pa.int64() if kind is Kind.INTEGER else pa.float64())
