"""Open a Parquet or CSV file as one relation of an in-memory DuckDB that can reach nothing else.

Column names are quoted wherever they meet SQL; values are bound. Parquet is read in place. CSV is read once, as text
and with fixed punctuation, and its columns are typed as a whole, so that no sniffing turns a value into another one.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

import codecs
import csv
import mmap
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinrai.evaluate.targets.faults import TableError, in_file
from shinrai.evaluate.targets.values import shown
from shinrai.language import message

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"
MOST_COLUMNS = 2_000
_CHUNK = 1 << 20

# What str.strip() removes; the tests hold it against every code point.
_WHITE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
_WHITE += "\u2028\u2029\u202f\u205f\u3000"
# What the canonical form of a text turns into nothing, as a pattern of RE2.
_BLANK = "[" + "".join(f"\\x{{{ord(char):04x}}}" for char in _WHITE) + "]*"
# Eighteen digits always fit 64 bits; longer ones are identifiers and stay text, as do numbers with leading zeros and
# those beyond the range of a double: typing must not turn a value into another one.
_WHOLE = r"-?(0|[1-9][0-9]{0,17})"
_NUMBER = _WHOLE + r"(\.[0-9]+)?([eE](-[0-9]{1,3}|\+?[0-9]{1,2}))?|[nN][aA][nN]"

# A value of a CSV file. One that has a double quote at its start, spaces aside, has to be one quoted text and nothing
# else: DuckDB's reader would take some of the others, as it would some lines that end in other ways than the first.
_CSV_VALUE = rb'(?:"[^"]*+(?:""[^"]*+)*+"| *+(?:[^ ",\r\n][^,\r\n]*+)?+)'
_CSV_LINE = re.compile(_CSV_VALUE + rb"(?:," + _CSV_VALUE + rb")*+")
_LINE_BREAKS = (b"\r\n", b"\n", b"\r")


class Kind(StrEnum):
    """What a column's values are. OTHER is anything that is no single word or number: dates, bytes, nested values."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. stored: its quoted name in SQL; sql: expression of its typed value; type: the type in the file."""

    name: str
    kind: Kind
    type: str
    stored: str
    sql: str

    @property
    def missing(self) -> str:
        """SQL condition that is true where the value is missing: NULL, NaN or blank text. Never NULL itself."""
        if self.kind is Kind.TEXT:
            return f"({self.sql} IS NULL OR regexp_full_match({self.sql}, '{_BLANK}'))"
        if self.kind is Kind.NUMBER:
            return f"({self.sql} IS NULL OR isnan(CAST({self.sql} AS DOUBLE)))"
        return f"({self.sql} IS NULL)"


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: `query` runs SQL over the relation `t` and turns every fault of the file into a TableError.

    scan: SQL of the same rows read anew from the file, which tells their places in it as file_row_number; Parquet only.
    memory: what the queries may take, as DuckDB writes it.
    """

    file: Path
    connection: "duckdb.DuckDBPyConnection"
    columns: tuple[Column, ...]
    scan: str
    memory: str = MEMORY

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        with as_table_errors(self.file, self.memory):
            return self.connection.execute(sql, list(values)).fetchall()

    def arrays(self, sql: str, values: Sequence[object] = ()) -> dict[str, Any]:
        """Run a query and return its columns as numpy arrays."""
        with as_table_errors(self.file, self.memory):
            return self.connection.execute(sql, list(values)).fetchnumpy()


@contextmanager
def open_source(
    file: Path, *, memory: str | None = None, threads: int | None = None, array_bits: int | None = None
) -> Iterator[Source]:
    """Open a file. TableError: missing, empty, of an unknown kind, not readable, or with unusable column names.

    memory: at most so much for queries, a table read from CSV included; MEMORY if None. threads: as many as there are
    cores if None. array_bits: digits of the largest number that rows are grouped by in an array of one place for each
    value instead of in a hash table; DuckDB's own choice if None.
    """
    import duckdb

    memory = MEMORY if memory is None else memory
    _check_file(file)
    # Large distinct counts may spill; the folder is private to this user and goes with the connection.
    with tempfile.TemporaryDirectory(prefix="shinrai-") as spill:
        connection = duckdb.connect(":memory:", config=settings(spill, memory, threads, array_bits))
        try:
            with as_table_errors(file, memory):
                path = _literal(_plain_path(file, Path(spill)))
                columns = _parquet(connection, file, path) if _is_parquet(file) else _csv(connection, file, path)
            yield Source(file, connection, columns, _scan(path), memory)
        finally:
            connection.close()


def _is_parquet(file: Path) -> bool:
    return file.suffix.lower() == ".parquet"


def _plain_path(file: Path, folder: Path) -> str:
    """Return a path that DuckDB takes for one file: it reads *, ? and [ in a path as a pattern, whatever is quoted."""
    path = str(file.resolve())
    if not re.search(r"[*?\[]", path):
        return path
    link = folder / f"table{file.suffix.lower()}"
    link.symlink_to(path)
    return str(link)


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def settings(
    spill: str, memory: str = MEMORY, threads: int | None = None, array_bits: int | None = None
) -> dict[str, str | bool | int | float | list[str]]:
    """Return the configuration of a connection that spills to a folder and loads nothing from outside."""
    return {
        **({} if threads is None else {"threads": threads}),
        **({} if array_bits is None else {"perfect_ht_threshold": array_bits}),
        "memory_limit": memory,
        "temp_directory": spill,
        "preserve_insertion_order": False,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
    }


@contextmanager
def as_table_errors(file: Path, memory: str = MEMORY) -> Iterator[None]:
    """Turn DuckDB's faults into ours. Its texts may hold rows of the data, so they are not passed on."""
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        # These can only come from our own SQL; they are no fault of the file.
        raise
    except duckdb.OutOfMemoryException as fault:
        raise in_file(
            file,
            message("The table needs more memory than measuring may take ({memory}).", memory=memory),
            message("Leave out columns that are not measured, or put values into classes first."),
        ) from fault
    except duckdb.Error as fault:
        line = re.search(r"CSV Error on Line: ([0-9]+)", str(fault))
        if line:
            raise _wrong_line(file, int(line[1])) from None
        raise in_file(
            file,
            message(
                "The file cannot be read as {kind}: it is damaged or of another kind.", kind=file.suffix[1:].upper()
            ),
            message("Write it again with the tool that made it."),
        ) from None


def _check_file(file: Path) -> None:
    if not file.exists():
        raise in_file(file, message("The file does not exist."), message("Correct the path in the description."))
    if not file.is_file():
        raise in_file(file, message("This is not a file."), message("Name one Parquet or CSV file."))
    if file.suffix.lower() not in {".parquet", ".csv"}:
        raise in_file(
            file,
            message("Files of the kind “{kind}” are not read as a table.", kind=shown(file.suffix)),
            message("Name one Parquet or CSV file."),
        )
    if file.stat().st_size == 0:
        raise in_file(file, message("The file is empty."), message("Write the table again."))


def _parquet(connection: "duckdb.DuckDBPyConnection", file: Path, path: str) -> tuple[Column, ...]:
    connection.execute(f"SET allowed_paths = [{path}]")
    _lock(connection)
    names = _top_names(connection.execute(f"SELECT name, num_children FROM parquet_schema({path})").fetchall())
    check_names(file, names)
    connection.execute(f"CREATE VIEW t AS SELECT * FROM {_scan(path)}")
    return stored_columns(names, [str(row[1]) for row in connection.execute("DESCRIBE t").fetchall()])


def stored_columns(names: Sequence[str], types: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a relation whose values have the types DuckDB gives them."""
    return tuple(
        Column(name, kind, stored_type, quoted(name), _as_text(quoted(name), stored_type))
        for name, stored_type, kind in zip(names, types, map(_kind, types), strict=True)
    )


def _scan(path: str) -> str:
    # A folder called sex=F would otherwise add a column. And writers leave NaN out of a column's statistics, from which
    # DuckDB would conclude that isnan() is false everywhere (github.com/duckdb/duckdb/issues/25521).
    return f"read_parquet({path}, hive_partitioning = false, can_have_nan = true)"


def _as_text(stored: str, stored_type: str) -> str:
    return f"CAST({stored} AS VARCHAR)" if stored_type == "JSON" or stored_type.startswith("ENUM") else stored


def _kind(stored_type: str) -> Kind:
    if stored_type in {"VARCHAR", "JSON"} or (stored_type.startswith("ENUM") and not stored_type.endswith("]")):
        return Kind.TEXT
    if stored_type == "BOOLEAN":
        return Kind.BOOLEAN
    if re.fullmatch(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", stored_type):
        return Kind.INTEGER
    if re.fullmatch(r"FLOAT|DOUBLE|DECIMAL\([0-9]+,[0-9]+\)", stored_type):
        return Kind.NUMBER
    return Kind.OTHER


def _top_names(schema: list[tuple[Any, ...]]) -> list[str]:
    """Names of the columns in a Parquet schema, which lists every node depth first with its number of children."""

    def after(node: int) -> int:
        end = node + 1
        for _ in range(schema[node][1] or 0):
            end = after(end)
        return end

    names, node = [], 1
    while node < len(schema):
        names.append(str(schema[node][0]))
        node = after(node)
    return names


def _csv(connection: "duckdb.DuckDBPyConnection", file: Path, path: str) -> tuple[Column, ...]:
    _check_utf8(file)
    names = _header(file)
    check_names(file, names)
    _check_structure(file)
    layout = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)
    # Compressed, because the table stays in memory; a view would parse the text again for every query.
    connection.execute("ATTACH ':memory:' AS held (COMPRESS)")
    connection.execute("USE held")
    connection.execute(
        f"CREATE TABLE t AS SELECT * FROM read_csv({path}, columns = {{{layout}}}, header = true, "
        "auto_detect = false, delim = ',', quote = '\"', escape = '\"', all_varchar = true, hive_partitioning = false)"
    )
    _lock(connection)
    _check_commas(connection, file, names)
    return _typed(connection, names)


def _lock(connection: "duckdb.DuckDBPyConnection") -> None:
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _typed(connection: "duckdb.DuckDBPyConnection", names: Sequence[str]) -> tuple[Column, ...]:
    """Type each text column by all of its non-missing values together; one that has none stays text."""
    tests = []
    for name in names:
        stored, bare = quoted(name), _trimmed(name)
        present = f"FILTER (WHERE NOT {Column(name, Kind.TEXT, 'VARCHAR', stored, stored).missing})"
        tests += [f"bool_and(regexp_full_match({bare}, '{pattern}')) {present}" for pattern in (_WHOLE, _NUMBER)]
        tests.append(f"bool_and(lower({bare}) IN ('true', 'false')) {present}")
    answers = connection.execute(f"SELECT {', '.join(tests)} FROM t").fetchall()[0]
    columns = []
    for name, whole, number, boolean in zip(names, answers[0::3], answers[1::3], answers[2::3], strict=True):
        stored, bare = quoted(name), _trimmed(name)
        if whole:
            kind, sql = Kind.INTEGER, f"TRY_CAST({bare} AS BIGINT)"
        elif number:
            kind, sql = Kind.NUMBER, f"TRY_CAST({bare} AS DOUBLE)"
        elif boolean:
            kind, sql = Kind.BOOLEAN, f"TRY_CAST(lower({bare}) AS BOOLEAN)"
        else:
            kind, sql = Kind.TEXT, stored
        columns.append(Column(name, kind, "VARCHAR", stored, sql))
    return tuple(columns)


def _trimmed(name: str) -> str:
    # Without a list of characters this takes off Unicode's spaces, ten times as fast as with one.
    return f"trim({quoted(name)})"


def _check_structure(file: Path) -> None:
    """Refuse a file whose double quotes do not enclose whole values, or whose lines do not all end alike."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b'"') < 0 and text.find(b"\r") < 0:
            return
        start = len(codecs.BOM_UTF8) if text[:3] == codecs.BOM_UTF8 else 0
        header = _end(_CSV_LINE, text, start)
        line_break = next((each for each in _LINE_BREAKS if text[header : header + 2].startswith(each)), b"\n")
        lines = re.compile(rb"(?:" + _CSV_VALUE + rb"(?:,|" + line_break + rb"|\Z))*+")
        end = _end(lines, text, start)
        if end == len(text):
            return
        ended = sum(text[at : min(at + _CHUNK, end)].count(line_break[-1:]) for at in range(0, end, _CHUNK))
        behind = _end(_CSV_LINE, text, end)
        if text[behind : behind + 1] in {b"\r", b"\n"}:
            raise in_file(
                file,
                message("Line {line} of the CSV file ends in another line break than its first line.", line=1 + ended),
                message("Write it again with the tool that made it."),
            )
        raise _wrong_line(file, 1 + ended)


def _end(pattern: re.Pattern[bytes], text: mmap.mmap, start: int) -> int:
    matched = pattern.match(text, start)
    return matched.end() if matched else start


def _check_commas(connection: "duckdb.DuckDBPyConnection", file: Path, names: Sequence[str]) -> None:
    """Refuse lines that end in more commas than the header has; DuckDB drops such empty values without a word."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        commas = sum(text[at : at + _CHUNK].count(b",") for at in range(0, len(text), _CHUNK))
    within = " + ".join(f"coalesce(sum(length({quoted(n)}) - length(replace({quoted(n)}, ',', ''))), 0)" for n in names)
    rows, in_values = connection.execute(f"SELECT count(*), {within} FROM t").fetchall()[0]
    if commas - in_values - sum(name.count(",") for name in names) != (len(names) - 1) * (rows + 1):
        raise _wrong_line(file, None)


def _wrong_line(file: Path, line: int | None) -> TableError:
    what = message("Line {line} does not fit the header of the CSV file.", line=line)
    if line is None:
        what = message("Some lines of the CSV file have more values than its header.")
    fix = message("Each line needs as many values as the header, separated by commas, in double quotes where needed.")
    return in_file(file, what, fix)


def _check_utf8(file: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with file.open("rb") as source:
        try:
            while chunk := source.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise _not_utf8(file) from None


def _not_utf8(file: Path) -> TableError:
    with file.open("rb") as source:
        start = source.read(_CHUNK)
    # The chunk may end within a character; leaving off the last line keeps that from being taken for a fault.
    whole_lines = start[: start.rfind(b"\n") + 1]
    guess = message("Shift_JIS (cp932), as Excel writes it in Japanese")
    if b"\xff" in whole_lines or not _decodes(whole_lines, "cp932"):
        guess = message("another encoding")
    return in_file(
        file,
        message("The CSV file is not UTF-8; it looks like {guess}.", guess=guess),
        message("Save it as “CSV UTF-8”, or as Parquet."),
    )


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as source:
        try:
            header = next(csv.reader(source, strict=True), [])
        except csv.Error:
            header = []
    # Where a name goes on in a second line, DuckDB does not always leave that line out of the data.
    if not header or any("\n" in name or "\r" in name for name in header):
        raise in_file(
            file,
            message("The first line cannot be read as the header of a CSV file."),
            message("The first line names the columns, separated by commas."),
        )
    return header


def check_names(file: Path, names: Sequence[str]) -> None:
    """TableError: too many columns, one without a name, or two of one name but for case."""
    if len(names) > MOST_COLUMNS:
        raise in_file(
            file,
            message("The table has {count} columns; at most {most} are read.", count=len(names), most=MOST_COLUMNS),
            message("Leave out columns that are not measured, or put values into classes first."),
        )
    seen: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise in_file(
                file, message("Column {number} has no name.", number=number), message("Give every column its own name.")
            )
        twin = seen.setdefault(name.casefold(), name)
        if twin is not name:
            raise in_file(
                file,
                message("Two columns have the name “{name}”, or names that differ by case only.", name=shown(name)),
                message("Give every column its own name."),
                column=name,
            )
