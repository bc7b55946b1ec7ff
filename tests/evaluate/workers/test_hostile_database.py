"""What the database holds, what it must not, and what whoever writes to it cannot have workers do."""

import base64
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

pytest.importorskip("dbos", reason="the extra `workers` is not installed")
pytest.importorskip("psycopg", reason="the extra `workers` is not installed")

import sqlalchemy as sa

from shinrai.evaluate.runner.journal import JournalError
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.workers.care import requeue_lost
from shinrai.evaluate.workers.coordinator import cancel, collect, forget, share
from shinrai.evaluate.workers.database import Database, DatabaseError, Presence, State, opened
from shinrai.evaluate.workers.jobs import SCHEMA as JOBS
from shinrai.evaluate.workers.jobs import Jobs, quieten, taking_chunks
from shinrai.evaluate.workers.order import Order
from shinrai.evaluate.workers.worker import Allowed, serve, share_of
from shinrai.language import ShinraiError

Work = Callable[..., Any]
Make = Callable[..., Order]
SECRET = "sk-7c1f9e2b4d"  # noqa: S105


def everything(database: Database) -> str:
    """All rows of all our tables, as text."""
    with database.transaction() as c:
        tables = c.execute(
            sa.text("SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema LIKE 'shinrai%'")
        ).all()
        rows = (row for s, t in tables for row in c.execute(sa.text(f'SELECT * FROM "{s}"."{t}"')))
        return "\n".join(str(value) for row in rows for value in row)


def test_keys_stay_on_the_workers(
    database: Database, order: Make, work: Work, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", SECRET)
    made = order(target={"key": "env:DESK_KEY"}, chunk=100)
    share(database, made)
    unwilling = work("unwilling", made.id)
    unwilling.wait()
    assert "may not read" in str(unwilling.error)
    assert not server.requests
    willing = work("willing", made.id, "env:DESK_KEY")
    assert willing.wait() is State.COMPLETE
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {SECRET}"}
    rows = everything(database)
    collect(database, made.id, tmp_path / "out")
    assert made.id in rows and "env:DESK_KEY" in rows
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for text in (rows, str(willing.told), str(unwilling.error), written.decode("latin-1")):
        assert SECRET not in text


def test_a_worker_without_the_key_gives_the_chunk_to_others(
    database: Database, order: Make, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = order(target={"key": "env:DESK_KEY"}, chunk=100)
    share(database, made)
    poor = work("poor", made.id, "env:DESK_KEY")
    poor.wait()
    assert "DESK_KEY is not set" in str(poor.error)
    assert [worker.presence for worker in database.view(made.id).workers] == [Presence.LEFT]
    monkeypatch.setenv("DESK_KEY", SECRET)
    assert work("rich", made.id, "env:DESK_KEY").wait() is State.COMPLETE


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [(["http://127.0.0.1:1/v1"], "may not"), ([], "may not")],
)
def test_only_named_targets_are_asked(
    allowed: Sequence[str], reason: str, database: Database, order: Make, server: Any, tmp_path: Path
) -> None:
    made = order()
    share(database, made)
    with pytest.raises(ShinraiError, match=reason):
        serve(database, tmp_path / "w", Allowed(allowed), run=made.id, once=True)
    assert not server.requests


class _Evil:
    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return (open, (self.file, "w"))


def test_a_pickle_in_the_database_is_not_loaded(database: Database, order: Make, tmp_path: Path) -> None:
    made = order(chunk=50)
    share(database, made)
    sign = tmp_path / "loaded"
    planted = base64.b64encode(pickle.dumps(_Evil(str(sign)))).decode()
    with database.transaction() as c:
        columns = c.execute(
            sa.text(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = :s AND column_name = 'inputs'"
            ),
            {"s": JOBS},
        ).scalars()
        for table in list(columns):
            c.execute(sa.text(f'UPDATE "{JOBS}"."{table}" SET inputs = :p'), {"p": planted})
        changed = c.execute(sa.text(f"UPDATE \"{JOBS}\".workflow_status SET serialization = 'py_pickle'"))
        assert changed.rowcount == made.chunks
    quieten()
    taken: list[int] = []
    with taking_chunks(database, made.id, "w", lambda _, number: bool(taken.append(number)) or True):
        begun, done = sa.text(f"SELECT count(*) FROM \"{JOBS}\".workflow_status WHERE status <> 'ENQUEUED'"), Event()
        timer = Timer(20, done.set)
        timer.start()
        while not done.wait(0.1):
            with database.transaction() as c:
                if c.execute(begun).scalar_one() > 0:
                    done.wait(1.0)
                    break
        else:
            pytest.fail("no job was begun")
        timer.cancel()
    assert not taken and not sign.exists()


def test_a_run_is_shared_whole_or_not_at_all(database: Database, order: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = order()
    enqueue = Jobs.enqueue

    def killed(self: Jobs, c: Any, run: str, numbers: Any, attempt: str) -> None:
        enqueue(self, c, run, list(numbers)[:3], attempt)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Jobs, "enqueue", killed)
        share(database, made)
    assert list(database.runs()) == []
    assert share(database, made)
    assert list(database.runs()) == [made.id]
    assert not share(database, made)


def test_a_result_counts_once(database: Database, order: Make) -> None:
    made = order()
    share(database, made)
    back = database.hand_back
    assert back(made.id, 0, "a", b"part", taken=4, answered=4, whole=False)
    assert not back(made.id, 0, "b", b"less", taken=3, answered=3, whole=False)
    assert back(made.id, 0, "a", b"whole", taken=10, answered=9, whole=True)
    assert not back(made.id, 0, "b", b"other", taken=10, answered=10, whole=True)
    view = database.view(made.id)
    assert (view.taken, view.answered, view.whole_chunks, view.repeated) == (10, 9, 1, 1)
    assert [each.journal for each in database.results(made.id)] == [b"whole"]


def test_lost_jobs_are_queued_again(database: Database, order: Make, work: Work) -> None:
    made = order(chunk=25)
    share(database, made)
    jobs = Jobs(database)
    try:
        assert requeue_lost(database, jobs, made.id, 2.0) == []
        with database.transaction() as c:
            c.execute(sa.text(f"DELETE FROM \"{JOBS}\".workflow_status WHERE workflow_uuid LIKE '%:2:%'"))
        assert requeue_lost(database, jobs, made.id, 2.0) == [2]
        assert requeue_lost(database, jobs, made.id, 2.0) == []
    finally:
        jobs.close()
    assert work("one", made.id).wait() is State.COMPLETE


def test_workers_share_the_limits_for_a_minute(order: Make) -> None:
    limits = RunSettings(requests_per_minute=90, tokens_per_minute=600)
    mine = share_of(order(settings=limits, workers=3))
    assert (mine.requests_per_minute, mine.tokens_per_minute) == (30, 200)
    assert share_of(order()) == order().settings


def test_one_folder_is_for_one_worker(database: Database, order: Make, work: Work, server: Any) -> None:
    made = order(chunk=100)
    server.latency = 0.5
    share(database, made)
    first = work("same", made.id)
    while not first.told:
        first.thread.join(0.05)
    second = work("same", made.id)
    second.wait()
    assert "Another worker uses this folder" in str(second.error)
    first.stop.set()
    assert first.wait() is not None


def test_changed_results_are_refused(database: Database, order: Make, tmp_path: Path) -> None:
    made = order()
    share(database, made)
    database.hand_back(made.id, 0, "a", b"no journal", taken=10, answered=9, whole=True)
    with pytest.raises(JournalError):
        collect(database, made.id, tmp_path / "out")
    with database.transaction() as c:
        c.execute(sa.text("UPDATE shinrai_share_1.chunk SET journal = 'changed' WHERE number = 0"))
    with pytest.raises(ShinraiError, match="was changed"):
        collect(database, made.id, tmp_path / "out")


def test_a_forgotten_run_leaves_nothing(database: Database, order: Make) -> None:
    made = order()
    share(database, made)
    with pytest.raises(ShinraiError, match="under way"):
        forget(database, made.id)
    cancel(database, made.id)
    forget(database, made.id)
    assert made.id not in everything(database)
    with pytest.raises(ShinraiError, match="no shared run"):
        database.view(made.id)


def test_no_more_workers_join_than_may(database: Database, order: Make) -> None:
    made = order(workers=2)
    share(database, made)
    assert [database.join(made.id, name, 2) for name in ("a", "b", "c", "a")] == [True, True, False, True]
    database.leave(made.id, "a")
    assert database.join(made.id, "c", 2)


def test_a_chunk_that_ends_every_worker_ends_the_run(database: Database, order: Make, work: Work) -> None:
    made = order(chunk=100)
    share(database, made)
    begun = [database.begin(made.id, 0, "a") for _ in range(8)]
    assert [each.tries for each in begun if each] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert work("one", made.id).wait() is State.FAILED
    verdict = database.view(made.id).verdict
    assert verdict is not None and "Chunk 0" in verdict.en


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someone:hunter2@127.0.0.1:1/nowhere",
        "mysql://someone:hunter2@127.0.0.1/nowhere",
        "someone:hunter2",
    ],
)
def test_the_address_of_the_database_is_never_shown(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_DB", address)
    with pytest.raises(ShinraiError) as found, opened("env:NO_DB") as database:
        database.runs()
    out = capfd.readouterr()
    chain = [str(found.value), repr(found.value), out.out, out.err, json.dumps(str(found.value.__cause__))]
    assert not any("hunter2" in text or "someone" in text for text in chain)
    with pytest.raises(ShinraiError) as typed, opened(address):
        pass
    assert "hunter2" not in str(typed.value)


def test_a_database_that_is_away_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_DB", "postgresql://127.0.0.1:1/nowhere")
    with pytest.raises(DatabaseError, match="cannot be reached"), opened("env:NO_DB") as database:
        database.runs()
