"""Intake: from a table of decisions, wherever it is, to its counts and exact sums (`CellTable`).

Files (Parquet, CSV, Arrow IPC), Arrow tables, frames of pandas and polars, relations of DuckDB, tables of a database
through ibis, and tables of counts only. Rows never leave the place they are in: an engine is asked for a profile, which
guards against columns that nothing may be grouped by, and then for as few GROUP BYs as serve everything wanted. Their
stored values are made canonical here, so that every engine gives the same cells, and what was run is kept as text.
"""

from collections.abc import Mapping
from typing import Any

from shinrai.evaluate.audit.cells import CellTable, Roles
from shinrai.evaluate.audit.intake.given import DatabaseTable, place_of
from shinrai.evaluate.audit.intake.wanted import Wanted, check_roles

__all__ = ["DatabaseTable", "Wanted", "compile_sql", "read_cells"]


def read_cells(data: Any, roles: Roles, *, wanted: Wanted | None = None) -> CellTable:
    """Count a table of decisions.

    data: a path; a table of Arrow; a frame of pandas or polars (lazy too); columns by name; a relation of DuckDB; a
    table of ibis; or a DatabaseTable. With `roles.counts` each row is a cell. TableError, in both languages and with
    the place: whatever keeps the table from being audited as described.
    """
    from shinrai.evaluate.audit.intake.counting import count
    from shinrai.evaluate.audit.intake.sources import open_engine

    wanted = wanted or Wanted()
    check_roles(place_of(data), roles, wanted)
    with open_engine(data, roles, wanted) as engine:
        return count(engine, roles, wanted)


def compile_sql(
    roles: Roles, wanted: Wanted, dialect: str, schema: Mapping[str, str], table: str = "decisions"
) -> tuple[str, ...]:
    """Write the queries of an audit in the SQL of a database that is not at hand; see `warehouse.compile_sql`."""
    from shinrai.evaluate.audit.intake import warehouse

    return warehouse.compile_sql(roles, wanted, dialect, schema, table)
