"""A PostgreSQL of its own, a server that answers, and workers in processes of their own."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.workers.database import Database, opened
from shinrai.evaluate.workers.order import Order, order_for
from shinrai.language import Message, ShinraiError


def _module(name: str, path: Path) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def server() -> Iterator[Any]:
    faulty = _module("shinrai_tests_faulty_server", Path(__file__).parents[1] / "conversation" / "faulty_server.py")
    with faulty.faulty_server() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.Engine]:
    pytest.importorskip("dbos", reason="the extra `workers` is not installed")
    from shinrai.evaluate.workers.jobs import prepare

    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL for tests is installed (pgserver)")
    # Not below pytest's own folder: as root it runs as another user, and every pytest that starts closes that folder to
    # others. The path is short, since that of a socket is limited to about a hundred characters.
    with TemporaryDirectory(prefix="shinrai-pg-", ignore_cleanup_errors=True) as folder:
        running = pgserver.get_server(Path(folder) / "d", cleanup_mode="stop")
        engine = sa.create_engine(
            sa.make_url(running.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as c:
            c.execute(sa.text("ALTER SYSTEM SET fsync = off"))
            c.execute(sa.text("SELECT pg_reload_conf()"))
        prepared = Database(engine)
        prepared.prepare()
        prepare(prepared)
        yield engine
        engine.dispose()
        # Nothing is kept, so nothing is to be written out first.
        pgserver.pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=running.pgdata, user=running.system_user)
        running.cleanup()


@pytest.fixture
def outage(postgres: sa.Engine) -> Callable[[], AbstractContextManager[None]]:
    """Have the database away while a block runs."""
    import pgserver

    place = str(postgres.url.query["host"])
    # Other tests may have a server of their own in this process.
    servers = pgserver.PostgresServer._instances.values()
    (running,) = [each for each in servers if sa.make_url(each.get_uri()).query["host"] == place]

    @contextmanager
    def away() -> Iterator[None]:
        def control(*words: str) -> None:
            pgserver.pg_ctl(["-w", *words], pgdata=running.pgdata, user=running.system_user)

        control("-m", "fast", "stop")
        try:
            yield
        finally:
            control("-o", '-h ""', "-o", f"-k {place}", "-l", str(running.pgdata / "again.log"), "start")
            postgres.dispose()

    return away


@pytest.fixture
def url(postgres: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database with tables and no rows, also in the environment as SHARE_DB."""
    with postgres.connect() as c:
        tables = c.execute(
            sa.text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
                "WHERE schemaname LIKE 'shinrai%' AND tablename NOT LIKE '%migrations'"
            )
        ).scalars()
        c.execute(sa.text(f"TRUNCATE {', '.join(tables)} CASCADE"))
    address = postgres.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("SHARE_DB", address)
    return address


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    assert url
    with opened("env:SHARE_DB") as found:
        yield found


@pytest.fixture
def order(server: Any) -> Callable[..., Order]:
    """Make an order of the shipped refusal suite against the server."""

    def make(*, settings: RunSettings | None = None, target: dict[str, Any] | None = None, **more: Any) -> Order:
        asked = ChatTarget(**{"id": "desk", "url": server.url, "model": "faulty-1", **(target or {})})
        chosen = settings or RunSettings(deadline_seconds=30.0, most_in_flight=8, give_up_after=20)
        return order_for("shinrai.refusal.ja", asked, chosen, **{"chunk": 10, "repeats": 1, **more})[0]

    return make


@pytest.fixture
def worker(server: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a worker in a process of its own: worker("name", "--option", ...)."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        program = [sys.executable, str(Path(__file__).with_name("one_worker.py")), str(tmp_path / name), server.url]
        process = subprocess.Popen(
            [*program, *options],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(10)


@pytest.fixture
def work(server: Any, tmp_path: Path, url: str) -> Iterator[Callable[..., "Working"]]:
    """Work in a thread of this process, one worker at a time: work("name", run)."""
    assert url
    begun: list[Working] = []

    def start(name: str, run: str, *keys: str) -> Working:
        begun.append(Working(tmp_path / name, run, server.url, keys))
        return begun[-1]

    yield start
    for each in begun:
        each.stop.set()
        each.thread.join(20)


class Working:
    """A worker in a thread. ended: how its run ended; told: what it said; error: what ended it."""

    def __init__(self, folder: Path, run: str, target: str, keys: Sequence[str]) -> None:
        self.stop = threading.Event()
        self.told: list[str] = []
        self.ended: object = None
        self.error: ShinraiError | None = None
        self.thread = threading.Thread(target=self._work, args=(folder, run, target, keys), daemon=True)
        self.thread.start()

    def _work(self, folder: Path, run: str, target: str, keys: Sequence[str]) -> None:
        from shinrai.evaluate.workers.worker import Allowed, serve

        def tell(what: Message) -> None:
            self.told.append(str(what))

        try:
            with opened("env:SHARE_DB") as database:
                allowed = Allowed([target], keys)
                self.ended = serve(database, folder, allowed, run=run, once=True, tell=tell, stop=self.stop)
        except ShinraiError as error:
            self.error = error

    def wait(self, seconds: float = 40) -> object:
        self.thread.join(seconds)
        assert not self.thread.is_alive()
        return self.ended


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until something holds, for so many seconds at most."""

    def wait(holds: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = monotonic() + seconds
        while not holds():
            assert monotonic() < deadline, "it did not come to hold"
            sleep(0.05)

    return wait
