"""Two workers, kills, a pause, a cancel, a dead target: real PostgreSQL, real processes, a real server."""

import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dbos", reason="the extra `workers` is not installed")
pytest.importorskip("psycopg", reason="the extra `workers` is not installed")

from shinrai.evaluate.runner.engine import run as run_engine
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.parquet import write_evidence
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.workers.coordinator import Collected, cancel, collect, journal_head, share, watch
from shinrai.evaluate.workers.database import Database, Presence, State, opened
from shinrai.evaluate.workers.order import Order, planned

Start = Callable[..., "subprocess.Popen[str]"]
Work = Callable[..., Any]
Make = Callable[..., Order]
Eventually = Callable[..., None]


def alone(order: Order, folder: Path) -> bytes:
    """The Parquet that one process writes."""
    folder.mkdir()
    plan = planned(order)
    with open_journal(folder / "journal", journal_head(order)) as journal:
        run_engine(plan, order.target, order.settings, journal)
    return write_evidence([folder / "journal"], plan, folder).samples.read_bytes()


def nothing_lost_or_doubled(done: Collected, order: Order, folder: Path) -> None:
    positions = Counter(taken.position for taken in read_journal(done.journal))
    assert positions == Counter(range(order.planned))
    assert (done.files.rows, done.files.missing) == (order.planned, 0)
    assert done.files.samples.read_bytes() == alone(order, folder)


def after(seconds: float) -> threading.Event:
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    return stop


def name_of(folder: Path) -> str:
    return (folder / "worker").read_text().strip()


def in_a_chunk(folder: Path, order: Order) -> Callable[[], bool]:
    return lambda: any((folder / order.id).glob("*.journal"))


def test_a_killed_worker_loses_and_doubles_nothing(
    database: Database, order: Make, worker: Start, server: Any, tmp_path: Path, eventually: Eventually
) -> None:
    made = order()
    server.latency = 4.0
    assert share(database, made, stale_seconds=2.0)
    first, second = worker("first"), worker("second")
    # Both are in the middle of a chunk and will be for seconds.
    eventually(in_a_chunk(tmp_path / "first", made))
    eventually(in_a_chunk(tmp_path / "second", made))
    first.send_signal(signal.SIGKILL)
    server.latency = 0.0
    seen = watch(database, made.id, stop=after(40))
    assert seen.state is State.COMPLETE, seen
    assert {w.name: w.presence for w in seen.workers}[name_of(tmp_path / "first")] is Presence.SILENT
    assert second.wait(30) == 0
    nothing_lost_or_doubled(collect(database, made.id, tmp_path / "out"), made, tmp_path / "alone")


def test_a_killed_worker_that_is_started_again_asks_nothing_twice(
    database: Database, order: Make, worker: Start, work: Work, server: Any, tmp_path: Path, eventually: Eventually
) -> None:
    made = order(chunk=100, settings=RunSettings(most_in_flight=2))
    server.latency = 0.1
    share(database, made, stale_seconds=60.0)
    killed = worker("one")
    eventually(lambda: len(server.requests) > 20)
    journal = tmp_path / "one" / made.id / "0.journal"
    eventually(lambda: sum(1 for _ in read_journal(journal)) > 5)
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    kept, asked = sum(1 for _ in read_journal(journal)), len(server.requests)
    server.latency = 0.0
    # Long before its silence would be noticed, its own name gets the chunk back.
    assert work("one", made.id).wait() is State.COMPLETE
    assert len(server.requests) - asked <= made.planned - kept + 2
    nothing_lost_or_doubled(collect(database, made.id, tmp_path / "out"), made, tmp_path / "alone")


def test_a_worker_that_comes_back_from_the_dead_is_counted_once(
    database: Database, order: Make, worker: Start, work: Work, server: Any, tmp_path: Path, eventually: Eventually
) -> None:
    made = order(chunk=50)
    server.latency = 3.0
    share(database, made, stale_seconds=2.0)
    paused = worker("paused")
    eventually(in_a_chunk(tmp_path / "paused", made))
    paused.send_signal(signal.SIGSTOP)
    server.latency = 0.0
    other = work("other", made.id)
    seen = watch(database, made.id, stop=after(40))
    assert (seen.state, seen.repeated) == (State.COMPLETE, 0)
    assert other.wait() is State.COMPLETE
    assert sum(each.silences for each in seen.workers) == 1
    before = list(database.results(made.id))
    paused.send_signal(signal.SIGCONT)
    assert paused.wait(30) == 0
    assert database.view(made.id).repeated == 1
    assert list(database.results(made.id)) == before
    nothing_lost_or_doubled(collect(database, made.id, tmp_path / "out"), made, tmp_path / "alone")


def test_a_cancelled_run_keeps_what_it_has_and_goes_on_when_opened_again(
    database: Database, order: Make, work: Work, server: Any, tmp_path: Path, eventually: Eventually
) -> None:
    made = order(chunk=100, settings=RunSettings(most_in_flight=4))
    server.latency = 0.2
    share(database, made, stale_seconds=5.0)
    working = work("one", made.id)
    eventually(lambda: database.view(made.id).taken > 5)
    assert cancel(database, made.id)
    assert not cancel(database, made.id)
    assert working.wait() is State.CANCELLED
    done = collect(database, made.id, tmp_path / "out")
    assert done.view.state is State.CANCELLED and done.view.verdict is not None
    assert 5 < done.files.rows - done.files.missing < made.planned
    asked = len(server.requests)
    server.latency = 0.0
    assert not share(database, made)
    assert share(database, made, resume=True)
    # Another machine: it goes on from what the first has handed back.
    assert work("two", made.id).wait() is State.COMPLETE
    assert len(server.requests) - asked <= done.files.missing
    nothing_lost_or_doubled(collect(database, made.id, tmp_path / "out"), made, tmp_path / "alone")


def test_a_stopped_worker_hands_back_and_the_coordinator_may_come_and_go(
    url: str, order: Make, work: Work, server: Any, tmp_path: Path, eventually: Eventually
) -> None:
    assert url
    made = order(chunk=25, settings=RunSettings(most_in_flight=2))
    server.latency = 0.1
    with opened("env:SHARE_DB") as first:
        assert share(first, made, stale_seconds=5.0)
        stopped = work("one", made.id)
        eventually(lambda: first.view(made.id).taken > 3)
        left = watch(first, made.id, stop=after(0.1))
        assert left.state is State.OPEN
    # Nobody watches when the worker is told to stop.
    stopped.stop.set()
    assert stopped.wait() is State.OPEN
    server.latency = 0.0
    with opened("env:SHARE_DB") as second:
        assert not share(second, made)
        assert work("two", made.id).wait() is State.COMPLETE
        seen = watch(second, made.id, stop=after(5))
        assert (seen.state, seen.workers[0].presence) == (State.COMPLETE, Presence.LEFT)
        nothing_lost_or_doubled(collect(second, made.id, tmp_path / "out"), made, tmp_path / "alone")


def test_an_outage_of_the_database_costs_nothing_but_time(
    database: Database,
    order: Make,
    work: Work,
    server: Any,
    outage: Callable[[], AbstractContextManager[None]],
    tmp_path: Path,
    eventually: Eventually,
) -> None:
    made = order(chunk=50, settings=RunSettings(most_in_flight=4))
    server.latency = 0.1
    share(database, made, stale_seconds=5.0)
    working = work("one", made.id)
    eventually(lambda: len(server.requests) > 5)
    with outage():
        eventually(lambda: any("cannot be reached" in said for said in working.told))
        # The chunk is taken to its end all the same.
        eventually(lambda: len(server.requests) == 50)
    server.latency = 0.0
    assert working.wait() is State.COMPLETE
    assert len(server.requests) == made.planned
    nothing_lost_or_doubled(collect(database, made.id, tmp_path / "out"), made, tmp_path / "alone")


@pytest.mark.parametrize("chunk", [10, 100])
def test_a_dead_target_ends_the_run(
    chunk: int, database: Database, order: Make, work: Work, server: Any, tmp_path: Path
) -> None:
    server.behaviour = "refused"
    made = order(chunk=chunk)
    share(database, made)
    assert work("one", made.id).wait() is State.TARGET_DEAD
    done = collect(database, made.id, tmp_path / "out")
    assert done.view.state is State.TARGET_DEAD and done.view.verdict is not None
    assert "has an answer" in done.view.verdict.en and "回答がなかった" in done.view.verdict.ja
    assert done.view.answered == 0 and 0 < done.files.missing < made.planned
