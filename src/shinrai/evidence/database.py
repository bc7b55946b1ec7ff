"""Open the database of a data folder, on SQLite or PostgreSQL, and bring its tables to the present version.

A data folder keeps its database in `shinrai.db`, unless a file `database-reference` in it says by `env:NAME` or
`file:PATH` where the address of a PostgreSQL database is. The address holds a password, so it stands in no file of ours
and is never shown.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError

from shinrai.evidence.home import Home
from shinrai.evidence.keys import key_path
from shinrai.language import Place, ShinraiError, message

HEAD = "0002"
"""The newest migration; a test compares it with the migrations folder."""

REFERENCE_FILE = "database-reference"
SCHEMA = "shinrai"
"""Where the tables stand in PostgreSQL, apart from what else the database holds."""

_SETTINGS = (
    "journal_mode=WAL",
    # Every commit is on the disk when it returns.
    "synchronous=FULL",
    "foreign_keys=ON",
    # Digests come in random order, so that an index of a million of them is read all over: 32 MiB of it stay.
    "cache_size=-32768",
    # For the same reason a batch of 100 entries changes 300 pages all over the file. By SQLite's default of 1000 pages
    # they would be carried from the journal into the file after every third commit; 64 MiB of them go in order.
    "wal_autocheckpoint=16384",
    "secure_delete=ON",
)
_READING = "shinrai_reading"
_MIGRATION_LOCK = 0x5348494E


def holds_log(home: Home) -> bool:
    """Tell whether a log was begun in a data folder: it names a database, has its own, or has the key of one."""
    places = home.path / REFERENCE_FILE, home.database, key_path(home.keys, "log")
    return any(place.exists() for place in places)


def open_log_database(home: Home) -> Engine:
    """Open the database that a data folder names, or its own SQLite file. ShinraiError when it cannot be reached."""
    named = home.path / REFERENCE_FILE
    if not named.exists():
        return open_database(home.database)
    from shinrai.evaluate.targets.references import is_reference, resolve

    place = Place(str(named), line=1)
    reference = named.read_text(encoding="utf-8").strip()
    if not is_reference(reference) or "\n" in reference:
        # Not quoted: it may be the address itself, with its password.
        raise ShinraiError(
            message("The file does not say where the address of the database is."),
            fix=message("Write one line into it, env:NAME or file:PATH; the address itself never stands there."),
            place=place,
        )
    return open_database(resolve(reference).value)


def open_database(place: Path | str) -> Engine:
    """Open (or make) a database: a path is a SQLite file, a text the address of a PostgreSQL database.

    Every commit is on disk when it returns, and whoever appends holds the log's row until it has committed.
    """
    engine = _sqlite(place) if isinstance(place, Path) else _postgresql(place)
    with refusals():
        _migrate(engine)
    return engine


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a PostgreSQL database that cannot be reached into a ShinraiError that names no address and no user."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or type(error.orig).__module__.startswith("psycopg"):
            raise ShinraiError(
                message(
                    "The database of the log cannot be reached, or refuses ({kind}).", kind=type(error.orig).__name__
                ),
                fix=message("Check that it runs, and the address that the data folder refers to."),
            ) from None
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that sees one moment of the database, keeps no writer waiting, and cannot write."""
    options: dict[str, Any] = {_READING: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        yield connection


def rewrite_freed(engine: Engine) -> None:
    """Have the database overwrite what was taken out of its rows: free pages and journal, or dead row versions."""
    with refusals(), engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        raw.autocommit = True
        try:
            raw.execute(f"VACUUM {SCHEMA}.blob")
        finally:
            raw.autocommit = False


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        # A meddler's text need not be text, and must not end a check.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later can fail when another writer came between.
        kind = "DEFERRED" if connection.get_execution_options().get(_READING) else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine


def _postgresql(address: str) -> Engine:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ShinraiError(
            message("What the data folder refers to is not the address of a PostgreSQL database."),
            fix=message("It has the form postgresql://USER:PASSWORD@HOST/DATABASE"),
        )
    try:
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ShinraiError(
            message("A log in PostgreSQL needs what the extra `workers` brings."),
            fix=message("Install it: pip install 'shinrai[workers]'"),
        ) from error

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        # An acknowledged entry survives a crash of the server, whatever the server's own default is.
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute("SET synchronous_commit TO on")
        connection.autocommit = False

    @event.listens_for(engine, "handle_error")
    def _spoilt(context: ExceptionContext) -> None:
        """Give a connection up whose server went away amid a batch: it takes no command any more, not even ROLLBACK."""
        pooled = context.connection and not context.connection.invalidated and context.connection.connection
        raw: Any = pooled.driver_connection if pooled else None
        if raw is not None and raw.pgconn.pipeline_status:
            context.is_disconnect = True

    return engine


def _migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})
            if not inspect(connection).has_schema(SCHEMA):
                connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
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
