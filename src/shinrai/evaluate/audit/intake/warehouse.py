"""Ask a table of a database where it lies, through ibis: PostgreSQL, and whatever else ibis connects to.

The text that is run is the text that is kept: it can be pasted into the database's own shell.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shinrai.evaluate.audit.cells import Roles, Subject
from shinrai.evaluate.audit.intake.engine import AtOnce, Binning, Coding, Engine, Profile, Seen, facts
from shinrai.evaluate.audit.intake.given import DatabaseTable, place_of
from shinrai.evaluate.audit.intake.planner import Bundle, plan
from shinrai.evaluate.audit.intake.wanted import (
    Asked,
    Field,
    Wanted,
    check_roles,
    compared,
    declared,
    subjects,
)
from shinrai.evaluate.targets.faults import TableError, in_file, missing_column
from shinrai.evaluate.targets.references import resolve
from shinrai.evaluate.targets.values import shown
from shinrai.language import message

Rows = list[tuple[Any, ...]]

_DIALECTS = {"spark": "databricks", "pyspark": "databricks"}
"""Spark's own compiler needs a session; that of Databricks writes the same SQL without one."""

_ASSUMED_LEVELS = 10
_ASSUMED_CLASSES = 9
_WITHOUT_NAN = {"sqlite", "mysql", "mssql"}
_WITHOUT_ESTIMATES = {"sqlite", "mysql", "postgres"}


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A table of a connection. connection: a backend of ibis."""

    place: Path
    table: Any
    connection: Any
    ran: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the database, as ibis calls it."""
        return str(self.connection.name)

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every column by name."""
        from shinrai.evaluate.audit.intake.expressions import field_of

        return {name: field_of(name, dtype) for name, dtype in self.table.schema().items()}

    def statements(self) -> tuple[str, ...]:
        """Every statement that was run."""
        return tuple(self.ran)

    def digests(self) -> Mapping[str, str]:
        """No file was read."""
        return {}

    def at_once(self, asked: Asked) -> AtOnce | None:  # noqa: ARG002
        """Databases are asked one question at a time."""
        return None

    def profile(self, asked: Asked) -> Profile:
        """Look at the declared columns in one scan."""
        return dict(zip(facts(asked), self._rows(_questions(self.table, asked, self.name).profile())[0], strict=True))

    def locate(self, seen: Seen, name: str) -> int | None:  # noqa: ARG002
        """Rows of a database have no place."""
        return None

    def cells(self, asked: Asked, bundles: Sequence[Bundle], *, dense: int) -> list[Rows]:  # noqa: ARG002
        """For each bundle rows (groups..., label, prediction, n, pieces...)."""
        questions = _questions(self.table, asked, self.name)
        found = [self._rows(questions.cells(bundle.columns)) for bundle in bundles]
        if not asked.numeric:
            return found
        widths = [len(bundle.columns) for bundle in bundles]
        return [[(*row[:w], None, None, *row[w:]) for row in rows] for rows, w in zip(found, widths, strict=True)]

    def bins(self, asked: Asked, bundles: Sequence[Bundle], binning: Binning) -> list[Rows]:
        """For each bundle rows (groups..., label, bin, n, pieces...)."""
        questions = _questions(self.table, asked, self.name)
        return [self._rows(questions.bins(bundle.columns, binning)) for bundle in bundles]

    def clusters(self, asked: Asked, subjects: Sequence[Subject], coding: Coding) -> list[Rows]:
        """For each subject rows (groups..., then clusters, s, t, ss, st, tt of each rate)."""
        questions = _questions(self.table, asked, self.name)
        return [self._rows(questions.clusters(subject, coding)) for subject in subjects]

    def _rows(self, expression: Any) -> Rows:
        sql = _sql(expression, self.name)
        self.ran.append(sql + ";")
        return self.ask(sql)

    def ask(self, sql: str) -> Rows:
        """Run one query. TableError: the database refuses it; its words are not passed on, they may hold data."""
        try:
            answer = self.connection.raw_sql(sql)
            rows = answer.collect() if hasattr(answer, "collect") else _fetched(answer)
            # The cursor of an embedded DuckDB is its connection, which is not ours to close.
            if hasattr(answer, "close") and self.name != "duckdb":
                answer.close()
            return [tuple(row) for row in rows]
        except Exception as fault:
            raise _refused(self.place, self.name, fault) from None


def _fetched(answer: Any) -> Any:
    """Read the rows of a cursor, or of what BigQuery gives instead of one."""
    return answer.fetchall() if hasattr(answer, "fetchall") else answer


def _refused(place: Path, engine: str, fault: Exception) -> TableError:
    return in_file(
        place,
        message("{engine} does not answer a query ({fault}).", engine=engine, fault=type(fault).__name__),
        message("See the log of the database; the account needs to read this table."),
    )


def _questions(table: Any, asked: Asked, engine: str) -> Any:
    from shinrai.evaluate.audit.intake.expressions import Questions

    return Questions(table, asked, nan=engine not in _WITHOUT_NAN, approximate=engine not in _WITHOUT_ESTIMATES)


def _sql(expression: Any, dialect: str) -> str:
    import ibis

    return str(ibis.to_sql(expression, dialect=_DIALECTS.get(dialect, dialect)))


@contextmanager
def open_warehouse(data: Any, roles: Roles, wanted: Wanted) -> Iterator[Engine]:
    """Open a table of ibis, or a DatabaseTable, which is connected to for as long as it is asked."""
    from shinrai.evaluate.audit.intake.sources import open_counts

    owned = isinstance(data, DatabaseTable)
    connection = _connect(data) if owned else data.get_backend()
    try:
        table = _table(connection, data) if owned else data
        warehouse = Warehouse(place_of(data), table, connection)
        if roles.counts is None:
            yield warehouse
        else:
            with open_counts(warehouse.place, _all_rows(warehouse, roles, wanted), roles, wanted) as engine:
                yield engine
    finally:
        if owned:
            connection.disconnect()


def _all_rows(warehouse: Warehouse, roles: Roles, wanted: Wanted) -> Any:
    """Read a table of counts, in the order of its columns, as databases keep none of their own."""
    from shinrai.evaluate.audit.intake.counts import MOST_CELLS

    for name in declared(roles, wanted):
        if name not in warehouse.fields:
            raise missing_column(warehouse.place, name, warehouse.fields)
    ordered = warehouse.table.order_by(list(warehouse.fields)).limit(MOST_CELLS + 1)
    return ordered.to_pyarrow()


def _connect(data: Any) -> Any:
    import importlib.util

    if importlib.util.find_spec("ibis") is None:
        raise in_file(
            Path(data.table),
            message("Tables of databases are read through ibis, which is not installed."),
            message("Install it: pip install 'shinrai[sql]'."),
        )
    import ibis

    url = resolve(data.url).value
    try:
        connection = ibis.connect(url)
        if connection.name == "postgres":
            connection.raw_sql("SET default_transaction_read_only = on").close()
    except Exception as fault:
        # What a driver says of a connection may hold its password.
        raise in_file(
            Path(data.table),
            message(
                "The database of {reference} cannot be reached ({fault}).",
                reference=data.url,
                fault=type(fault).__name__,
            ),
            message(
                "Look whether it runs, and whether the URL there is one like postgresql://user:password@host/name."
            ),
        ) from None
    return connection


def _table(connection: Any, data: Any) -> Any:
    try:
        return connection.table(data.table, database=data.schema)
    except Exception:
        raise in_file(
            Path(data.table),
            message("There is no table “{table}” in the database, or it may not be read.", table=shown(data.table)),
            message("Correct the name of table and schema, or let the account read it."),
        ) from None


def compile_sql(
    roles: Roles, wanted: Wanted, dialect: str, schema: Mapping[str, str], table: str = "decisions"
) -> tuple[str, ...]:
    """Write the queries of an audit in the SQL of a database, without one: the profile, then every GROUP BY.

    dialect: as ibis names it (postgres, bigquery, snowflake, trino, databricks, ...) or spark. schema: column to type,
    as ibis writes types. How queries are merged depends on the data; here a column is taken to have ten levels.
    """
    import ibis

    from shinrai.evaluate.audit.intake.expressions import field_of

    place = Path(table)
    check_roles(place, roles, wanted)
    for name in declared(roles, wanted):
        if name not in schema:
            raise missing_column(place, name, schema)
    source = ibis.table(dict(schema), name=table)
    asked = Asked(roles, wanted, {name: field_of(name, dtype) for name, dtype in source.schema().items()})
    questions = _questions(source, asked, dialect)
    levels = dict.fromkeys(asked.keys, _ASSUMED_LEVELS)
    made = [questions.profile()]
    made += [questions.cells(b.columns) for b in plan(subjects(roles, wanted), roles.strata, levels, _ASSUMED_CLASSES)]
    if asked.scored:
        binning = Binning(wanted.bins, 0.0, 1.0)
        made += [questions.bins(b.columns, binning) for b in plan(compared(roles), (), levels, 2 * wanted.bins)]
    if roles.cluster is not None and not asked.numeric:
        coding = Coding(*_assumed_coding(roles), {})
        made += [questions.clusters(subject, coding) for subject in compared(roles)]
    return tuple(_sql(each, dialect) for each in made)


def _assumed_coding(roles: Roles) -> tuple[tuple[tuple[object, ...], ...], tuple[tuple[object, ...], ...]]:
    """Without data the favourable value stands as it is given, and there is no other."""
    given = ((roles.favourable,),)
    return given, given if roles.prediction is not None else ((1,), (0,))
