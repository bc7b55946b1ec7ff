"""A worker: takes chunks of shared runs, asks the target, and hands each chunk's journal back.

Until the database has a chunk its journal stays in the worker's folder, so that a worker that was killed goes on from
there when it is started again. What a run says cannot make a worker ask an address or read a key that its user has not
named: whoever can write to the database could otherwise have keys sent anywhere.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from time import monotonic
from typing import NamedTuple, TypeVar

from shinrai.evaluate.runner.engine import run as run_engine
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.progress import Ending, Progress, RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample
from shinrai.evaluate.targets.chat import ChatTarget, endpoint
from shinrai.evaluate.targets.references import is_reference
from shinrai.evaluate.workers.care import give_back, requeue_lost
from shinrai.evaluate.workers.database import STATE_NAMES, Begun, Database, DatabaseError, State
from shinrai.evaluate.workers.jobs import Jobs, quieten, taking_chunks
from shinrai.evaluate.workers.order import Order, planned
from shinrai.language import Message, Place, ShinraiError, message

MOST_TRIES = 8
_BEATS = 5
_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 0.5

T = TypeVar("T")
Tell = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What runs may have a worker do. targets: addresses it may ask; keys: references it may resolve."""

    targets: Sequence[str]
    keys: Sequence[str] = ()

    def refusal(self, target: ChatTarget) -> ShinraiError | None:
        """Return why a target is not asked, None where it may be."""
        if endpoint(target.url) not in {endpoint(url) for url in self.targets}:
            return ShinraiError(
                message("The run asks {url}, which this worker may not.", url=endpoint(target.url)[:200]),
                fix=message("Start the worker with --target and this address, if you know it."),
            )
        wanted = [value for value in (target.key, *target.headers.values()) if value and is_reference(value)]
        for reference in wanted:
            if reference not in self.keys:
                return ShinraiError(
                    message(
                        "The run needs the key at {reference}, which this worker may not read.", reference=reference
                    ),
                    fix=message("Start the worker with --key and this reference, if the target may have it."),
                )
        return None


def serve(
    database: Database,
    folder: Path,
    allowed: Allowed,
    *,
    run: str | None = None,
    once: bool = False,
    tell: Tell = lambda _: None,
    stop: threading.Event | None = None,
) -> State | None:
    """Take chunks until stopped, or with `once` until a run has ended; returns how that run ended.

    folder: keeps journals and the worker's name; one worker at a time. run: take chunks of this run alone. tell: is
    told what happens. ShinraiError: the named run cannot be worked on here, or this machine cannot ask the target.
    """
    quieten()
    stop = stop or threading.Event()
    with _held(folder) as name:
        tell(message("Worker {name} waits for runs.", name=name))
        known: dict[str, _Known | None] = {}
        while not stop.is_set():
            try:
                found = _next_run(database, name, allowed, run, known, tell)
                if found is not None:
                    ended = _Working(database, found, name, folder, tell, stop).go()
                    if once:
                        return ended
            except DatabaseError as error:
                if run is not None and once:
                    raise
                tell(error.what)
            stop.wait(_LOOK_SECONDS)
    return None


class _Known(NamedTuple):
    """A run that this worker may work on. stale_seconds: of silence after which a worker counts as dead."""

    order: Order
    plan: Sequence[PlannedSample]
    stale_seconds: float


def _next_run(
    database: Database, name: str, allowed: Allowed, only: str | None, known: dict[str, _Known | None], tell: Tell
) -> _Known | None:
    """Return the oldest open run that this worker may work on and has joined. known: filled; None for refused ones."""
    found = database.runs(State.OPEN) if only is None else [only]
    for ended in known.keys() - set(found):
        del known[ended]
    for id_ in found:
        if id_ not in known:
            known[id_] = _examined(database, id_, allowed, tell, needed=only is not None)
        run = known[id_]
        if run is not None and database.join(id_, name, run.order.workers):
            return run
    return None


def _examined(database: Database, id_: str, allowed: Allowed, tell: Tell, *, needed: bool) -> _Known | None:
    """Return a run with its plan; None where it is not for this worker, which is an error for a run that is needed."""
    try:
        order, stale = database.order(id_)
        refusal = allowed.refusal(order.target)
        if refusal is not None:
            raise refusal
        return _Known(order, planned(order), stale)
    except DatabaseError:
        raise
    except ShinraiError as error:
        if needed:
            raise
        tell(message("Run {id} is left to others: {why}", id=id_, why=error.what))
        return None


class _Working:
    """One worker on one run. Chunks are taken in a thread of the jobs, the heart beats in the caller's."""

    def __init__(
        self, database: Database, run: _Known, name: str, folder: Path, tell: Tell, stop: threading.Event
    ) -> None:
        order = run.order
        self._database = database
        self._jobs = Jobs(database)
        self._order = order
        self._plan = run.plan
        self._settings = share_of(order)
        self._stale = run.stale_seconds
        self._name = name
        self._folder = folder / order.id
        self._tell = tell
        self._stop = stop
        self._cancel = threading.Event()
        self._woken = threading.Event()
        self._left = threading.Event()
        self._taking = 0
        self._had = 0
        self._unanswered = 0
        self._error: ShinraiError | None = None

    def go(self) -> State:
        """Work until the run ends, this worker is stopped, or it cannot go on (ShinraiError)."""
        order, state = self._order, State.OPEN
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._tell(message("Working on run {id}: {n} samples.", id=order.id, n=order.planned))
        try:
            with taking_chunks(self._database, order.id, self._name, self._take):
                state = self._beat()
                self._cancel.set()
        finally:
            self._leave()
        if self._error is not None:
            raise self._error
        if state is State.COMPLETE:
            # What others have taken in our place is of no use to anyone.
            rmtree(self._folder, ignore_errors=True)
        self._tell(message("Run {id}: {state}.", id=order.id, state=STATE_NAMES[state]))
        return state

    def _beat(self) -> State:
        """Say that we live and look after others, until there is nothing more to do."""
        run, state, swept, silent_since = self._order.id, State.OPEN, monotonic(), None
        while state is State.OPEN and not self._stop.is_set() and self._error is None:
            try:
                self._database.beat(run, self._name, self._taking)
                for gone in give_back(self._database, self._jobs, run, self._stale):
                    self._tell(message("Worker {name} fell silent; its chunk is taken by others.", name=gone))
                if monotonic() - swept > self._stale:
                    requeue_lost(self._database, self._jobs, run, self._stale)
                    swept = monotonic()
                state = self._database.state(run)
                silent_since = None
            except DatabaseError as error:
                if silent_since is None:
                    silent_since = monotonic()
                    self._tell(error.what)
            self._woken.wait(min(self._stale / _BEATS, 1.0))
            self._woken.clear()
        return state

    def _leave(self) -> None:
        """Give back what is still ours. Where the database is away, others find out by our silence."""
        self._left.set()
        try:
            self._jobs.take_over(self._order.id, self._name)
            self._database.leave(self._order.id, self._name)
        except DatabaseError as error:
            self._tell(error.what)
        finally:
            self._jobs.close()

    def _take(self, run: str, number: int) -> bool:
        """Take a chunk, from the jobs' thread; whether it is whole afterwards."""
        begun: Begun | None = None
        try:
            begun = self._persist(lambda: self._database.begin(run, number, self._name))
            if begun is None:
                return True
            if begun.tries > MOST_TRIES:
                verdict = message("Chunk {number} ended {n} workers before it was whole.", number=number, n=MOST_TRIES)
                self._persist(lambda: self._database.end(run, State.FAILED, verdict.both()))
                return False
            whole = self._ask(number, begun)
        except ShinraiError as error:
            self._error = error
            whole = False
        except Exception as error:
            # In the jobs' thread nobody would hear of it, and the chunk would be lost.
            self._error = ShinraiError(
                message("The worker cannot go on ({reason}).", reason=type(error).__name__),
                fix=message("Check its folder and its disk, and start it again."),
                place=Place(str(self._folder)),
            )
            whole = False
        if not whole and begun is not None:
            self._requeue(number, begun)
        self._woken.set()
        return whole

    def _ask(self, number: int, begun: Begun) -> bool:
        first, after = self._order.span(number)
        path = self._folder / f"{number}.journal"
        if begun.journal is not None and not path.exists():
            _write(path, begun.journal)
        self._had = begun.taken
        head = {"chunk": number, "run": self._order.id, "target": dict(self._order.target.identity())}
        with open_journal(path, head) as journal:
            summary = run_engine(
                self._plan[first:after],
                self._order.target,
                self._settings,
                journal,
                progress=self._note,
                cancel=self._cancel,
            )
        data = path.read_bytes()
        whole = summary.taken == after - first
        counted = self._persist(
            lambda: self._database.hand_back(
                self._order.id, number, self._name, data, taken=summary.taken, answered=summary.answered, whole=whole
            )
        )
        path.unlink()
        self._taking = 0
        if not counted and whole:
            self._tell(message("Chunk {number} had come from another worker; ours is not counted.", number=number))
        self._judge(summary)
        return whole

    def _judge(self, summary: RunSummary) -> None:
        """End the run where the target is dead, also where chunks are too short for the engine to say so."""
        self._unanswered = 0 if summary.answered else self._unanswered + summary.taken
        verdict = summary.verdict if summary.ending is Ending.TARGET_DEAD else None
        if verdict is None and self._unanswered >= self._settings.give_up_after:
            verdict = message("The target answered none of the last {count} samples.", count=self._unanswered)
        if verdict is not None:
            said = verdict.both()
            self._persist(lambda: self._database.end(self._order.id, State.TARGET_DEAD, said))

    def _requeue(self, number: int, begun: Begun) -> None:
        """Have another worker take the chunk, if the run goes on."""

        def again() -> None:
            if self._database.state(self._order.id) is State.OPEN:
                with self._database.transaction() as c:
                    self._jobs.enqueue(c, self._order.id, [number], begun.again)

        self._persist(again)

    def _persist(self, action: Callable[[], T]) -> T:
        """Try until the database takes it. DatabaseError: we stop or have left; the journal stays in the folder."""
        while True:
            try:
                return action()
            except DatabaseError:
                if self._stop.is_set() or self._left.wait(_AGAIN_SECONDS):
                    raise

    def _note(self, progress: Progress) -> None:
        self._taking = max(0, progress.taken - self._had)


def _write(path: Path, data: bytes) -> None:
    # Samples may hold personal data: nobody else on this machine reads them.
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    beside.replace(path)


def share_of(order: Order) -> RunSettings:
    """Return the settings with this worker's share of the limits for a minute."""
    settings, n = order.settings, order.workers or 1
    requests, tokens = settings.requests_per_minute, settings.tokens_per_minute
    return replace(
        settings,
        requests_per_minute=requests / n if requests else None,
        tokens_per_minute=tokens / n if tokens else None,
    )


@contextmanager
def _held(folder: Path) -> Iterator[str]:
    """Hold a worker's folder and return the worker's name, which stays with the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "worker").open("a+", encoding="utf-8") as file:
        _lock(file.fileno(), folder)
        file.seek(0)
        name = file.read(200).strip()
        if not name:
            name = f"{socket.gethostname()[:40]}-{token_hex(6)}"
            file.write(name + "\n")
            file.flush()
        yield name


def _lock(descriptor: int, folder: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ShinraiError(
            message("Another worker uses this folder."),
            fix=message("Name another folder with --work-folder."),
            place=Place(str(folder)),
        ) from None
