"""Open the embedded database and bring its tables to the present version."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text

HEAD = "0001"
"""The newest migration; a test compares it with the migrations folder."""


def open_database(path: Path) -> Engine:
    """Open (or make) a SQLite database: WAL, every commit on disk, writers one after the other."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A deferred transaction that reads first and writes later can fail when another writer came between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    _migrate(engine)
    return engine


def _migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        known = inspect(connection).has_table("alembic_version")
        if known and connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD:
            return
        # Alembic costs most of a second to import: only when there is something to do.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "shinrai.evidence:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
