"""The SQL of the evidence, pasted into the engine's own shell, gives the counts of the table of cells."""

import hashlib
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.cells import CellTable, Roles, Task
from shinrai.evaluate.audit.intake import DatabaseTable, Wanted, compile_sql, read_cells

SIMPLE = {
    "sex": ["男", "女", "女", "男", "女", "男", None, "女"] * 5,
    "band": [1, 2, 1, 2, 2, 1, 1, 2] * 5,
    "y": ["yes", "no", "yes", None, "no", "yes", "no", "yes"] * 5,
    "p": ["yes", "no", "no", "yes", "yes", "no", "no", "yes"] * 5,
    "s": [0.1, 0.25, 0.9, 0.75, None, 1.0, 0.0, 0.5] * 5,
    "who": [1, 1, 2, 2, 3, 3, 4, 4] * 5,
    "w": [0.5, 1.5, 2.0, 1.0, 1.0, 0.1, 3.0, 1.0] * 5,
}
TYPES = {"sex": "text", "band": "integer", "y": "text", "p": "text", "s": "double precision", "who": "integer"}
TYPES |= {"w": "double precision"}
ROLES = Roles("p", "y", "s", favourable="yes", groups=("sex", "band"), strata=(), cluster="who")


def psql() -> str:
    """A shell of PostgreSQL: the machine's own, or the one that comes with the server for tests."""
    found = shutil.which("psql")
    if found is None:
        pgserver = pytest.importorskip("pgserver", reason="no psql is installed")
        within = Path(pgserver.__file__).parent / "pginstall" / "bin" / "psql"
        if not within.exists():
            pytest.skip("no psql is installed")
        found = str(within)
    return found


def test_every_statement_runs_in_psql_and_the_cells_are_the_same(
    postgres: str, in_postgres: Callable[..., Any]
) -> None:
    table = read_cells(in_postgres("simple", SIMPLE, TYPES), ROLES, wanted=Wanted(bins=4))
    assert table.origin.engine == "postgres"
    assert len(table.origin.sql) == 6
    answers = []
    for statement in table.origin.sql:
        told = subprocess.run(
            [psql(), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-P", "null=NULL", "-d", postgres],
            input=statement,
            capture_output=True,
            text=True,
            check=True,
        )
        answers.append([line.split("|") for line in told.stdout.splitlines()])
    profile, cells, bins, *clusters = answers
    assert profile[0][0] == str(table.origin.rows)
    told_cells = Counter({tuple(row[:4]): int(row[4]) for row in cells})
    of_rows = Counter(
        tuple("NULL" if value is None else str(value) for value in row)
        for row in zip(SIMPLE["sex"], SIMPLE["band"], SIMPLE["y"], SIMPLE["p"], strict=True)
    )
    assert told_cells == of_rows
    assert sum(told_cells.values()) == sum(cell.rows for cell in table.cells[()])
    binned = Counter((row[2] == "yes", int(row[3])) for row in bins for _ in range(int(row[4])))
    kept = {each.positive: each.counts for each in table.bins[()]}
    assert {(positive, place): n for (positive, place), n in binned.items()} == {
        (positive, place): n for positive, of_bins in kept.items() for place, n in enumerate(of_bins) if n
    }
    whole = table.clusters[()][()]["selection_rate"]
    assert [int(value) for value in clusters[0][0][:6]] == [
        whole.clusters, whole.s, whole.t, whole.ss, whole.st, whole.tt,
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_the_statements_for_a_file_run_in_its_folder(
    suffix: str, parquet: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.csv

    file = parquet(SIMPLE, "it's [1].parquet")
    if suffix == ".csv":
        file = tmp_path / "it's 1.csv"
        pyarrow.csv.write_csv(pa.table(SIMPLE), file)
    table = read_cells(file, ROLES, wanted=Wanted(bins=4))
    assert table.origin.digests == {file.name: hashlib.sha256(file.read_bytes()).hexdigest()}
    assert str(tmp_path) not in "".join(table.origin.sql)
    monkeypatch.chdir(tmp_path)
    if suffix == ".parquet":
        # DuckDB itself takes brackets in a path as a pattern.
        file.rename("it's [1]".replace("[", "").replace("]", "") + ".parquet")
    shell = duckdb.connect()
    answers = [shell.execute(each.replace("[1]", "1")).fetchall() for each in table.origin.sql]
    assert answers[1][0][0] == table.origin.rows == 40
    assert sum(row[5] for row in answers[2]) == sum(cell.rows for cell in table.cells[()])


def test_a_database_is_named_by_reference_and_its_password_is_nowhere(
    postgres: str, in_postgres: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_postgres("decisions", SIMPLE, TYPES)
    secret = postgres.replace("postgres:@", "postgres:hunter2@")
    monkeypatch.setenv("AUDITED", secret)
    table = read_cells(DatabaseTable("env:AUDITED", "decisions"), ROLES, wanted=Wanted(bins=4))
    assert sum(cell.rows for cell in table.cells[()]) == 40
    assert "hunter2" not in repr(table)
    monkeypatch.setenv("AUDITED", "postgresql://postgres:hunter2@127.0.0.1:1/none")
    with pytest.raises(Exception, match="cannot be reached") as raised:
        read_cells(DatabaseTable("env:AUDITED", "decisions"), ROLES)
    assert "hunter2" not in str(raised.value)
    monkeypatch.setenv("AUDITED", postgres)
    with pytest.raises(Exception, match="no table “other”"):
        read_cells(DatabaseTable("env:AUDITED", "other"), ROLES)


def test_counts_in_a_database_are_read_as_counts(
    in_postgres: Callable[..., Any], bytes_of: Callable[..., bytes]
) -> None:
    cells = {"g": ["a", "a", "b"], "p": [1, 0, 1], "n": [5, 6, 7]}
    roles = Roles("p", favourable=1, groups=("g",), counts="n")
    stored = read_cells(in_postgres("cells", cells, {"g": "text", "p": "integer", "n": "bigint"}), roles)
    assert bytes_of(stored) == bytes_of(read_cells(cells, roles))


HOSTILE = [
    'a"b',
    "'; DROP TABLE t; --",
    "x;y",
    "名前",
    "a\\b",
    "%s",
    "{0}",
    "$1",
    ":v",
    "a`b",
    "--",
    "/*",
    "select",
    " ",
]


def hostile_columns(names: list[str]) -> tuple[dict[str, list[Any]], Roles]:
    y, p, s, g, h = names
    columns = {y: SIMPLE["y"], p: SIMPLE["p"], s: SIMPLE["s"], g: SIMPLE["sex"], h: SIMPLE["band"]}
    return columns, Roles(p, y, s, favourable="yes", groups=(g, h), intersections=((h, g),))


names_of_columns = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12),
    ).filter(lambda name: bool(name.strip())),
    min_size=5,
    max_size=5,
    unique_by=str.casefold,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names_of_columns)
def test_hostile_names_of_columns_never_reach_sql_unquoted(names: list[str]) -> None:
    columns, roles = hostile_columns(names)
    table = read_cells(columns, roles, wanted=Wanted(bins=4))
    expected = plainly_named()
    assert list(table.cells.values()) == list(expected.cells.values())
    assert list(table.bins.values()) == list(expected.bins.values())


@cache
def plainly_named() -> CellTable:
    return read_cells(SIMPLE, PLAIN, wanted=Wanted(bins=4))


PLAIN = Roles("p", "y", "s", favourable="yes", groups=("sex", "band"), intersections=(("band", "sex"),))


def test_hostile_names_of_columns_in_postgres(postgres: str, in_postgres: Callable[..., Any]) -> None:
    names = [name for name in HOSTILE if name.strip()]
    for start in (0, 4, 8):
        columns, roles = hostile_columns(names[start : start + 5])
        types = dict(zip(columns, ["text", "text", "double precision", "text", "integer"], strict=True))
        table = read_cells(in_postgres('it\'s; "hostile"' + str(start), columns, types), roles, wanted=Wanted(bins=4))
        assert list(table.cells.values()) == list(plainly_named().cells.values())
        for statement in table.origin.sql:
            told = [psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgres]
            assert subprocess.run(told, input=statement, capture_output=True, text=True).returncode == 0


SCHEMA = {
    "sex": "string",
    "band": "int64",
    "y": "string",
    "p": "string",
    "s": "float64",
    "who": "int64",
    "w": "float64",
}
ASKED = {
    "everything": (ROLES, Wanted()),
    "search": (Roles("p", "y", favourable="yes", groups=("sex", "band")), Wanted(search=2)),
    "weights": (Roles("p", "y", favourable="yes", groups=("sex",), weight="w"), Wanted()),
    "threshold": (Roles(None, "y", "s", 0.5, "yes", groups=("sex",), cluster="who"), Wanted()),
    "regression": (Roles("s", "w", groups=("sex",), task=Task.REGRESSION), Wanted()),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("dialect", ["postgres", "spark", "bigquery", "snowflake", "trino", "duckdb"])
def test_the_sql_of_every_warehouse_parses_in_its_dialect(dialect: str, asked: str) -> None:
    sqlglot = pytest.importorskip("sqlglot", reason="the extra `sql` is not installed")
    roles, wanted = ASKED[asked]
    statements = compile_sql(roles, wanted, dialect, SCHEMA)
    assert len(statements) >= 2
    for statement in statements:
        parsed = sqlglot.parse(statement, read=dialect)
        assert len(parsed) == 1
        assert {table.name for table in parsed[0].find_all(sqlglot.exp.Table)} >= {"decisions"}
        columns = {column.name for column in parsed[0].find_all(sqlglot.exp.Column)}
        assert columns & set(SCHEMA)


def test_an_ibis_table_of_sqlite_and_of_duckdb_give_the_cells_of_parquet(
    parquet: Callable[..., Path], bytes_of: Callable[..., bytes], tmp_path: Path
) -> None:
    ibis = pytest.importorskip("ibis", reason="the extra `sql` is not installed")
    file = parquet(SIMPLE)
    expected = bytes_of(read_cells(file, ROLES, wanted=Wanted(bins=4)))
    embedded = ibis.duckdb.connect().read_parquet(file)
    assert bytes_of(read_cells(embedded, ROLES, wanted=Wanted(bins=4))) == expected
    with sqlite3.connect(tmp_path / "t.sqlite") as lite:
        lite.execute("CREATE TABLE simple (sex TEXT, band INTEGER, y TEXT, p TEXT, s REAL, who INTEGER, w REAL)")
        lite.executemany("INSERT INTO simple VALUES (?, ?, ?, ?, ?, ?, ?)", zip(*SIMPLE.values(), strict=True))
    stored = ibis.sqlite.connect(tmp_path / "t.sqlite").table("simple")
    assert bytes_of(read_cells(stored, ROLES, wanted=Wanted(bins=4))) == expected
