"""Sharing a run, watching it, and putting together what came back."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from shinrai.evaluate.runner.journal import Journal, JournalError, open_journal, read_batches
from shinrai.evaluate.runner.parquet import EvidenceFiles, write_evidence
from shinrai.evaluate.runner.record import to_line
from shinrai.evaluate.sample import FaultKind, PlannedSample
from shinrai.evaluate.suites import read_suite
from shinrai.evaluate.workers.care import give_back, requeue_lost
from shinrai.evaluate.workers.database import Database, HandedBack, RunView, State
from shinrai.evaluate.workers.jobs import Jobs, prepare, quieten
from shinrai.evaluate.workers.order import Order, planned
from shinrai.language import ShinraiError, message

STALE_SECONDS = 30.0
JOURNAL = "journal"
_LOOK_SECONDS = 0.5
_WHY_MISSING = {State.TARGET_DEAD: FaultKind.UNREACHABLE}


@dataclass(frozen=True, slots=True)
class SharedProgress:
    """How far a shared run is. eta_seconds: None until there is a pace to tell it from."""

    view: RunView
    per_second: float
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Collected:
    """What a shared run came to. files.missing: planned samples that never came back."""

    view: RunView
    files: EvidenceFiles
    journal: Path


def share(database: Database, order: Order, *, stale_seconds: float = STALE_SECONDS, resume: bool = False) -> bool:
    """Share a run: it and all its jobs stand in the database in one transaction, or nothing does.

    stale_seconds: of silence after which a worker counts as dead. resume: open a run again that ended early. Returns
    False where the same run is there already and nothing was to be done. ShinraiError: the database refuses.
    """
    quieten()
    database.prepare()
    prepare(database)
    jobs = Jobs(database)
    try:
        jobs.register(order.id)
        with database.transaction() as c:
            if database.insert(c, order, stale_seconds):
                jobs.enqueue(c, order.id, range(order.chunks), "1.0")
                return True
            opened, left = database.reopen(c, order.id) if resume else (0, ())
            if left:
                waiting = jobs.queued(order.id)
                jobs.enqueue(c, order.id, [number for number in left if number not in waiting], f"{opened}.0")
            return bool(left)
    finally:
        jobs.close()


def watch(
    database: Database,
    run: str,
    *,
    progress: Callable[[SharedProgress], None] | None = None,
    stop: threading.Event | None = None,
) -> RunView:
    """Look after a run until it ends or `stop` is set; the run itself goes on without anyone who watches.

    progress: called twice a second. ShinraiError: there is no such run, or the database refuses.
    """
    quieten()
    stop = stop or threading.Event()
    _, stale = database.order(run)
    jobs = Jobs(database)
    pace: deque[tuple[float, int]] = deque(maxlen=60)
    swept = monotonic()
    try:
        while True:
            give_back(database, jobs, run, stale)
            if monotonic() - swept > stale:
                requeue_lost(database, jobs, run, stale)
                swept = monotonic()
            view = database.view(run)
            pace.append((monotonic(), view.taken))
            if progress is not None:
                progress(_progress(view, pace))
            if view.state is not State.OPEN or stop.wait(_LOOK_SECONDS):
                return view
    finally:
        jobs.close()


def cancel(database: Database, run: str) -> bool:
    """End a run; workers stop at their next sign of life and hand back what they have. False where it had ended."""
    quieten()
    database.order(run)
    verdict = message("The run was cancelled; it can be opened again and goes on from here.")
    done = database.end(run, State.CANCELLED, verdict.both())
    jobs = Jobs(database)
    try:
        jobs.withdraw(run)
    finally:
        jobs.close()
    return done


def forget(database: Database, run: str) -> None:
    """Delete a run that has ended from the database, with the samples in it. ShinraiError: it is under way."""
    quieten()
    database.order(run)
    if database.state(run) is State.OPEN:
        raise ShinraiError(
            message("The run {id} is under way.", id=run),
            fix=message("End it first: shinrai suites share cancel {id}", id=run),
        )
    jobs = Jobs(database)
    try:
        jobs.forget(run)
    finally:
        jobs.close()
    database.forget(run)


def collect(database: Database, run: str, folder: Path) -> Collected:
    """Put what came back together: one journal and the evidence files, as one machine would have written them.

    folder: gets `journal`, `samples.parquet` and `timings.parquet`. Samples that did not come back are rows with a
    fault. JournalError: a chunk is not what a worker wrote, or the folder's journal is of another run. ShinraiError:
    the plan is another one here.
    """
    order, _ = database.order(run)
    plan = planned(order)
    view = database.view(run)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / JOURNAL
    # The journal of one machine has the records in the order they came; here the plan's order is as good.
    with open_journal(path, journal_head(order)) as journal, TemporaryDirectory(dir=folder, prefix=".chunk-") as name:
        for result in database.results(run):
            _append(journal, order, plan, result, Path(name))
    files = write_evidence([path], plan, folder, missing=_WHY_MISSING.get(view.state, FaultKind.CANCELLED))
    return Collected(view, files, path)


def journal_head(order: Order) -> dict[str, object]:
    """Return what a journal of the same run on one machine says of itself, so that scoring takes it for that."""
    suite = read_suite(order.suite.encode(), order.suite_name)
    repeats = suite.repeats if order.repeats is None else order.repeats
    return {"repeats": repeats, "seed": order.seed, "suite": suite.digest, "target": dict(order.target.identity())}


def _append(journal: Journal, order: Order, plan: Sequence[PlannedSample], result: HandedBack, folder: Path) -> None:
    """Append a chunk's records at their places in the whole plan; each position once, an answer before a fault.

    What the journal has from an earlier time stays, unless it is a fault and there is an answer now.
    """
    part = folder / "chunk"
    part.write_bytes(result.journal)
    first, after = order.span(result.number)
    best: dict[int, bytes] = {}
    answered: set[int] = set()
    for _, records in read_batches(part):
        for taken in records:
            position = first + taken.position
            if position >= after or taken.sample.key != plan[position].key:
                raise JournalError(message("Chunk {number} holds samples that are not its own.", number=result.number))
            before = journal.done.ended(position)
            if before is True or (before and taken.sample.fault is not None):
                continue
            if taken.sample.fault is None or position not in answered:
                best[position] = to_line(taken._replace(position=position))
                if taken.sample.fault is None:
                    answered.add(position)
    if best:
        journal.append([best[position] for position in sorted(best)])


def _progress(view: RunView, pace: Sequence[tuple[float, int]]) -> SharedProgress:
    (then, before), (now, taken) = pace[0], pace[-1]
    per_second = max(0.0, (taken - before) / (now - then)) if now > then else 0.0
    left = view.planned - view.taken
    return SharedProgress(view, per_second, left / per_second if per_second > 0 else None)
