"""Two workers, a kill, a restart, a duplicate, a cancel, a dead target: real PostgreSQL, real processes."""

import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shinrai.evaluate.runner.engine import run as run_engine
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.parquet import write_evidence
from shinrai.evaluate.workers.coordinator import collect, journal_head, share, watch
from shinrai.evaluate.workers.database import Database, Presence, State
from shinrai.evaluate.workers.order import Order, planned

Start = Callable[..., "subprocess.Popen[str]"]
Eventually = Callable[..., None]


def alone(order: Order, folder: Path) -> bytes:
    """The Parquet that one process writes."""
    folder.mkdir()
    plan = planned(order)
    with open_journal(folder / "journal", journal_head(order)) as journal:
        run_engine(plan, order.target, order.settings, journal)
    return write_evidence([folder / "journal"], plan, folder).samples.read_bytes()


def test_a_killed_worker_loses_and_doubles_nothing(
    database: Database,
    order: Callable[..., Order],
    worker: Start,
    server: Any,
    tmp_path: Path,
    eventually: Eventually,
) -> None:
    import time; T0=time.time(); made = order(repeats=3)
    server.latency = 0.2
    share(database, made, stale_seconds=2.0)
    killed, other = worker("first"), worker("second")
    # Killed with a chunk half taken, while it says so.
    eventually(lambda: len(database.view(made.id).workers) == 2 and database.view(made.id).whole_chunks >= 4)
    victim = (tmp_path / "first" / "worker").read_text().strip()
    eventually(lambda: any((tmp_path / "first" / made.id).glob("*.journal")))
    killed.send_signal(signal.SIGKILL)
    import time; T=time.time(); print("killed", T-T0)
    seen = watch(database, made.id, stop=_after(40)); print("watched", time.time()-T)
    assert seen.state is State.COMPLETE, seen
    assert other.wait(30) == 0; print("left", time.time()-T)
    assert {w.name: w.presence for w in seen.workers}[victim] is Presence.SILENT
    done = collect(database, made.id, tmp_path / "out")
    positions = Counter(taken.position for taken in read_journal(done.journal))
    assert positions == Counter(range(made.planned))
    assert (done.files.rows, done.files.missing) == (made.planned, 0)
    server.latency = 0.0
    assert done.files.samples.read_bytes() == alone(made, tmp_path / "alone")


def _after(seconds: float) -> threading.Event:
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    return stop
