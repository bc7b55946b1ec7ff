"""Tables of decisions in every form an audit reads, and a PostgreSQL to hold them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.audit.cells import CellTable

Columns = Mapping[str, Sequence[Any] | pa.Array]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL of these tests."""
    pytest.importorskip("ibis", reason="the extra `sql` is not installed")
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL for tests is installed (pgserver)")
    # Not below pytest's own folder: as root it runs as another user. And the path of a socket has to be short.
    with TemporaryDirectory(prefix="shinrai-pg-", ignore_cleanup_errors=True) as folder:
        running = pgserver.get_server(Path(folder) / "d", cleanup_mode="stop")
        yield running.get_uri()
        pgserver.pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=running.pgdata, user=running.system_user)
        running.cleanup()


@pytest.fixture
def in_postgres(postgres: str) -> Iterator[Callable[..., Any]]:
    """Write rows to a table of PostgreSQL; returns the table of ibis."""
    import ibis
    import psycopg
    from psycopg import sql

    connection = ibis.connect(postgres)
    made: list[str] = []

    def write(name: str, columns: Columns, types: Mapping[str, str]) -> Any:
        rows = list(zip(*(pa.array(values).to_pylist() for values in columns.values()), strict=True))
        with psycopg.connect(postgres, autocommit=True) as opened:
            fields = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(types[c])) for c in columns)
            opened.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(name), fields))
            made.append(name)
            with opened.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                for row in rows:
                    copy.write_row(row)
        return connection.table(name)

    yield write
    connection.disconnect()
    with psycopg.connect(postgres, autocommit=True) as opened:
        for name in made:
            opened.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[[Columns], Path]:
    """Write columns to a Parquet file."""

    def write(columns: Columns, name: str = "decisions.parquet") -> Path:
        pq.write_table(pa.table(dict(columns)), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def bytes_of() -> Callable[[CellTable], bytes]:
    """Everything of a table of cells but its origin and the name of its column of counts, as text."""

    def write(table: CellTable) -> bytes:
        plain = {name: value for name, value in asdict(table).items() if name != "origin"}
        plain["roles"].pop("counts")
        return json.dumps(_texts(plain), ensure_ascii=False, sort_keys=False).encode()

    return write


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {repr(key): _texts(each) for key, each in value.items()}
    return [_texts(each) for each in value] if isinstance(value, tuple | list) else value
