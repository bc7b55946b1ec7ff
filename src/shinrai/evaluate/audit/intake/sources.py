"""Open whatever a table is given as, for as long as it is asked."""

# ruff: noqa: S608  (names are quoted)

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinrai.evaluate.audit.cells import Roles, Task
from shinrai.evaluate.audit.intake import frames
from shinrai.evaluate.audit.intake.coded import ARRAY_BITS
from shinrai.evaluate.audit.intake.counts import MOST_CELLS, checked_counts
from shinrai.evaluate.audit.intake.duckdb import ROW, DuckDB, Places, prelude_of, scan_of
from shinrai.evaluate.audit.intake.engine import Engine
from shinrai.evaluate.audit.intake.given import DatabaseTable, is_frame, library, place_of
from shinrai.evaluate.audit.intake.refusals import changed
from shinrai.evaluate.audit.intake.wanted import Wanted, declared
from shinrai.evaluate.targets.faults import in_file, missing_column
from shinrai.evaluate.targets.reading import (
    Column,
    Source,
    as_table_errors,
    check_names,
    open_source,
    settings,
    stored_columns,
)
from shinrai.language import message

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = "160MB"
"""For Parquet and Arrow, which are read in pieces."""

MEMORY_SEARCH = "400MB"
"""For a search, whose table of all cells has up to half as many rows as the data."""

MEMORY_HELD = "2GB"
"""For CSV, which is held in memory once it is read."""

_MOST_THREADS = 4
_IPC = {".arrow", ".feather", ".ipc"}


@contextmanager
def open_engine(data: Any, roles: Roles, wanted: Wanted) -> Iterator[Engine]:
    """Open a table. TableError: there is none, or it cannot be read."""
    if isinstance(data, str | os.PathLike):
        opened: Any = _open_file(Path(data), roles, wanted)
    elif is_frame(data):
        opened = _open_frame(data, roles, wanted)
    elif library(data) == "duckdb":
        opened = _open_relation(data, roles, wanted)
    elif isinstance(data, DatabaseTable) or library(data) == "ibis":
        from shinrai.evaluate.audit.intake import warehouse

        opened = warehouse.open_warehouse(data, roles, wanted)
    else:
        raise frames.unreadable(place_of(data), data)
    with opened as engine:
        yield engine


@contextmanager
def _open_file(file: Path, roles: Roles, wanted: Wanted) -> Iterator[DuckDB]:
    if file.suffix.lower() in _IPC:
        with _open_ipc(file, roles, wanted) as engine:
            yield engine
        return
    held = file.suffix.lower() == ".csv"
    arrays = _array_bits(roles, wanted)
    memory = MEMORY_HELD if held else _memory(wanted)
    with open_source(file, memory=memory, threads=_threads(), array_bits=arrays) as source:
        before = file.stat()
        digest = {file.name: _sha256(file)}
        numbered = _numbered(source.columns, source.scan, held=held)
        if roles.counts is None:
            columns = {column.name: column for column in source.columns}
            prelude = prelude_of(file, source.columns)
            yield DuckDB(
                file,
                columns,
                source.query,
                prelude,
                digest,
                temporary=True,
                numbered=numbered,
                array_bits=arrays or 0,
                places=None if held else _places(file, source),
            )
        else:
            _check_declared(file, source.columns, roles, wanted)
            listed = ", ".join(column.sql for column in source.columns)
            ordered = "t" if numbered is None else f"({numbered}) ORDER BY {ROW}"
            rows = source.query(f"SELECT {listed} FROM {ordered} LIMIT {MOST_CELLS + 1}")
            cells = _cells(file, source.columns, rows, roles, wanted)
            with _open_arrow(file, cells, name="counts", digest=digest) as engine:
                yield engine
        after = file.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise changed(file)


def _numbered(columns: Iterable[Column], scan: str, *, held: bool) -> str | None:
    """Return SQL of the rows with their places; None where a column already has a name that this needs."""
    if {column.name.casefold() for column in columns} & {ROW.strip('"'), "file_row_number", "rowid"}:
        return None
    if held:
        return f"SELECT *, rowid AS {ROW} FROM t"
    return f"SELECT * RENAME (file_row_number AS {ROW}) FROM {scan.removesuffix(')')}, file_row_number = true)"


def _places(file: Path, source: Source) -> Places | None:
    numbered = _numbered(source.columns, scan_of(file), held=False)
    return None if numbered is None else Places(numbered, source.arrays)


def _memory(wanted: Wanted) -> str:
    return MEMORY_SEARCH if wanted.search else MEMORY


def _array_bits(roles: Roles, wanted: Wanted) -> int | None:
    """Say how large an array of counts may be; None where there is more than one count for each place, or no search."""
    plain = roles.weight is None and roles.score is None and roles.task is not Task.REGRESSION
    return ARRAY_BITS if wanted.search and plain else None


def _threads() -> int:
    # Each thread holds its own cells; more than these are not worth their memory.
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _open_ipc(file: Path, roles: Roles, wanted: Wanted) -> Iterator[DuckDB]:
    import pyarrow as pa

    if not file.is_file():
        raise in_file(file, message("The file does not exist."), message("Correct the path in the description."))
    digest = {file.name: _sha256(file)}
    try:
        with pa.memory_map(str(file)) as mapped:
            table = pa.ipc.open_file(mapped).read_all()
            with _open_table(file, table, roles, wanted, digest) as engine:
                yield engine
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise in_file(
            file,
            message("The file cannot be read as Arrow IPC (Feather): it is damaged or of another kind."),
            message("Write it again with the tool that made it."),
        ) from None


@contextmanager
def _open_frame(data: Any, roles: Roles, wanted: Wanted) -> Iterator[DuckDB]:
    place = place_of(data)
    with _open_table(place, data, roles, wanted, {}) as engine:
        yield engine


@contextmanager
def _open_table(place: Path, data: Any, roles: Roles, wanted: Wanted, digest: dict[str, str]) -> Iterator[DuckDB]:
    # Every column of a table of counts says which cell a row is.
    table = frames.arrow_table(place, data, None if roles.counts else declared(roles, wanted))
    if roles.counts is None:
        with _open_arrow(place, table, name="duckdb", digest=digest, memory=_memory(wanted)) as engine:
            yield engine
        return
    with open_counts(place, table, roles, wanted, digest) as engine:
        yield engine


@contextmanager
def open_counts(
    place: Path, table: "pa.Table", roles: Roles, wanted: Wanted, digest: dict[str, str] | None = None
) -> Iterator[DuckDB]:
    """Open an Arrow table of counts. TableError: `counts` says when."""
    if table.num_rows > MOST_CELLS:
        raise _too_many_cells(place)
    with _open_arrow(place, table, name="counts", digest={}) as engine:
        columns = tuple(engine.columns.values())
        _check_declared(place, columns, roles, wanted)
        listed = ", ".join(column.sql for column in columns)
        cells = _cells(place, columns, engine.ask(f"SELECT {listed} FROM t"), roles, wanted)
    with _open_arrow(place, cells, name="counts", digest=digest or {}) as engine:
        yield engine


def _check_declared(place: Path, columns: tuple[Column, ...], roles: Roles, wanted: Wanted) -> None:
    known = {column.name for column in columns}
    for name in declared(roles, wanted):
        if name not in known:
            raise missing_column(place, name, known)


def _cells(place: Path, columns: tuple[Column, ...], rows: Any, roles: Roles, wanted: Wanted) -> "pa.Table":
    if len(rows) > MOST_CELLS:
        raise _too_many_cells(place)
    return checked_counts(place, columns, rows, roles, wanted)


def _too_many_cells(place: Path) -> Exception:
    return in_file(
        place,
        message("A table of counts has at most {most} rows.", most=f"{MOST_CELLS:,}"),
        message("Leave out columns that are not audited, or hand over the rows themselves as Parquet."),
    )


@contextmanager
def _open_arrow(
    place: Path, table: "pa.Table", *, name: str, digest: dict[str, str], memory: str = MEMORY
) -> Iterator[DuckDB]:
    import duckdb

    with tempfile.TemporaryDirectory(prefix="shinrai-") as spill:
        config = settings(spill, memory, _threads()) | {"preserve_insertion_order": True}
        connection = duckdb.connect(":memory:", config=config)
        try:
            connection.execute("SET enable_external_access = false")
            connection.register("t", table)
            columns = _columns_of(place, connection)

            def ask(sql: str) -> list[tuple[Any, ...]]:
                with as_table_errors(place, memory):
                    return connection.execute(sql).fetchall()

            note = f"-- t: the table of {place.name}, as it was given"
            numbered = _numbered(columns.values(), "", held=True)
            numbered = None if numbered is None else f"SELECT *, row_number() OVER () - 1 AS {ROW} FROM t"
            yield DuckDB(place, columns, ask, (note,), digest, temporary=True, numbered=numbered, name=name)
        finally:
            connection.close()


def _columns_of(place: Path, connection: "duckdb.DuckDBPyConnection") -> dict[str, Column]:
    described = connection.execute("DESCRIBE t").fetchall()
    names = [str(row[0]) for row in described]
    check_names(place, names)
    return {column.name: column for column in stored_columns(names, [str(row[1]) for row in described])}


@contextmanager
def _open_relation(relation: "duckdb.DuckDBPyRelation", roles: Roles, wanted: Wanted) -> Iterator[DuckDB]:
    place = place_of(relation)
    if roles.counts is not None:
        with _open_table(place, relation.to_arrow_table(), roles, wanted, {}) as engine:
            yield engine
        return
    names = list(relation.columns)
    check_names(place, names)
    columns = {c.name: c for c in stored_columns(names, [str(each) for each in relation.types])}

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with as_table_errors(place):
            found = relation.query("t", sql)
            return [] if found is None else found.fetchall()

    prelude = (f"CREATE VIEW t AS {relation.sql_query()};",)
    yield DuckDB(place, columns, ask, prelude, {}, temporary=False)
