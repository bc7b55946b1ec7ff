"""Data folders whose log stands in SQLite or in a real PostgreSQL, and statements to put into it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa

from shinrai.evidence import Home, Store, open_home, sign
from shinrai.evidence.database import REFERENCE_FILE
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import Addition
from shinrai_verify.dsse import Envelope, Statement

KIND = "https://shinrai.example/test/v1"


@dataclass(frozen=True)
class World:
    """A data folder and what is needed to fill and to damage its log."""

    home: Home

    def store(self) -> Store:
        return Store(self.home)

    def envelope(self, text: str, signer: str = "producer") -> Envelope:
        return sign(Statement("test", "0" * 64, KIND, {"text": text}), load_signer(self.home.keys, signer))

    def addition(self, texts: Sequence[str]) -> Addition:
        return Addition([self.envelope(text) for text in texts])

    @property
    def keys(self) -> dict[str, bytes]:
        signer = load_signer(self.home.keys, "producer")
        return {signer.keyid: signer.public}

    def filled(self, *sizes: int) -> Store:
        """Return a store with checkpoints at these sizes."""
        store, size = self.store(), 0
        for upto in sizes:
            store.append(self.addition([f"entry {number}" for number in range(size, upto)]))
            store.publish()
            size = upto
        return store


def meddle(store: Store, change: str, **values: Any) -> int:
    """Change the database behind the log's back; returns how many rows it hit."""
    with store.engine.connect() as db:
        postgres = db.dialect.name == "postgresql"
        # Whoever owns the database can switch its own checks off.
        db.connection.driver_connection.execute(
            "SET session_replication_role TO replica" if postgres else "PRAGMA foreign_keys=OFF"
        )
        if not postgres:
            db.connection.driver_connection.execute("PRAGMA ignore_check_constraints=ON")
        hit = int(db.execute(sa.text(change), values).rowcount)
        db.commit()
        db.connection.driver_connection.execute("SET session_replication_role TO origin" if postgres else "SELECT 1")
        db.commit()
    store.engine.dispose()
    return hit


TABLES = ("log", "log_leaf", "log_node", "log_checkpoint", "log_timestamp", "blob", "run_step")


@dataclass(frozen=True)
class Snapshot:
    """All rows of a log, to put back after they were meddled with."""

    store: Store
    rows: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, store: Store) -> "Snapshot":
        with store.engine.connect() as db:
            found = {name: db.execute(sa.text(f"SELECT * FROM {name}")).mappings().all() for name in TABLES}
        return cls(store, {name: [dict(row) for row in rows] for name, rows in found.items()})

    def restore(self) -> None:
        for name in reversed(TABLES):
            meddle(self.store, f"DELETE FROM {name}")
        with self.store.engine.begin() as db:
            for name, rows in self.rows.items():
                if rows:
                    columns = list(rows[0])
                    places = ", ".join(f":{column}" for column in columns)
                    db.execute(sa.text(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({places})"), rows)


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.Engine]:
    """The administrator's connection to a PostgreSQL of its own."""
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL for tests is installed (pgserver)")
    pytest.importorskip("psycopg", reason="the extra `workers` is not installed")
    with TemporaryDirectory(prefix="shinrai-pg-", ignore_cleanup_errors=True) as folder:
        running = pgserver.get_server(Path(folder) / "d", cleanup_mode="stop")
        url = sa.make_url(running.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        yield engine
        engine.dispose()
        pgserver.pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=running.pgdata, user=running.system_user)
        running.cleanup()


@pytest.fixture
def postgres_home(postgres: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A data folder whose log stands in a fresh database."""
    name = f"log_{abs(hash(tmp_path)) % 10**12}"
    with postgres.connect() as db:
        db.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0"))
    address = postgres.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    monkeypatch.setenv("EVIDENCE_DB", address)
    home = open_home(tmp_path / "postgres-home")
    (home.path / REFERENCE_FILE).write_text("env:EVIDENCE_DB\n")
    yield home
    with postgres.connect() as db:
        db.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """The same on both databases."""
    if request.param == "postgresql":
        return World(request.getfixturevalue("postgres_home"))
    return World(open_home(tmp_path / "home"))


@pytest.fixture
def embedded(tmp_path: Path) -> World:
    """On SQLite alone, where the database makes no difference."""
    return World(open_home(tmp_path / "home"))


@pytest.fixture
def another(tmp_path: Path) -> Callable[[str], World]:
    """Make further data folders."""
    return lambda name: World(open_home(tmp_path / name))
