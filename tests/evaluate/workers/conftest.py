"""A PostgreSQL of its own, a server that answers, and workers in processes of their own."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from types import ModuleType
from typing import Any

import pytest

pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL for tests is installed (pgserver)")
pytest.importorskip("dbos", reason="the extra `workers` is not installed")
pytest.importorskip("psycopg", reason="the extra `workers` is not installed")

import sqlalchemy as sa  # noqa: E402

from shinrai.evaluate.runner.settings import RunSettings  # noqa: E402
from shinrai.evaluate.targets.chat import ChatTarget  # noqa: E402
from shinrai.evaluate.workers.database import Database, opened  # noqa: E402
from shinrai.evaluate.workers.order import Order, order_for  # noqa: E402



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
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # The path of its socket is limited to about a hundred characters.
    folder = tmp_path_factory.mktemp("pg")
    running = pgserver.get_server(folder / "d", cleanup_mode="delete")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def url(postgres: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database of the test's own, also in the environment as SHARE_DB."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    address = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    made = sa.make_url(postgres).set(database=name).render_as_string(hide_password=False)
    monkeypatch.setenv("SHARE_DB", made)
    return made


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
        chosen = settings or RunSettings(deadline_seconds=5.0, most_in_flight=8, give_up_after=20)
        return order_for("shinrai.refusal.ja", asked, chosen, **{"chunk": 10, **more})[0]

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
def eventually() -> Callable[..., None]:
    """Wait until something holds, for so many seconds at most."""

    def wait(holds: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = monotonic() + seconds
        while not holds():
            assert monotonic() < deadline, "it did not come to hold"
            sleep(0.05)

    return wait
