"""The engine: takes the samples of a plan, many at a time, and puts each on the disk before it counts.

One process, one event loop. Workers take samples from the plan one after the other, so that a plan of any length holds
no more in memory than what is in flight. One sweep watches over all deadlines, since a timer for each request costs
more than the request's JSON. A thread writes the journal in batches; workers wait when it falls behind.

A run always ends: with every sample taken, or with a verdict that says why not. What was taken stays, and the same
journal goes on from there.
"""

import asyncio
import gc
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from shinrai.evaluate.runner.asking import Asker
from shinrai.evaluate.runner.durable import Durable
from shinrai.evaluate.runner.journal import Journal, JournalError
from shinrai.evaluate.runner.pace import Crowd, Pace
from shinrai.evaluate.runner.progress import FAULT_NAMES, Ending, Progress, RunSummary
from shinrai.evaluate.runner.record import Taken
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.runner.spend import Account
from shinrai.evaluate.sample import FaultKind, PlannedSample, SampleFault
from shinrai.evaluate.targets.target import Respondent, Target
from shinrai.language import Message, Place, message

if TYPE_CHECKING:
    # Its NumPy is not loaded for runs that reuse nothing.
    from shinrai.evaluate.runner.earlier import EarlierAnswers

_TICK_SECONDS = 0.05
_ALLOCATIONS = 50_000
_TICKS_OF_PROGRESS = 10
_SKIPPED_AT_ONCE = 1000
_EXPECTED_INPUT_TOKENS = 200
_PATIENT = (Ending.CANCELLED, Ending.OVER_BUDGET)


def run(
    plan: Iterable[PlannedSample],
    target: Target,
    settings: RunSettings,
    journal: Journal,
    *,
    earlier: "EarlierAnswers | None" = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> RunSummary:
    """Take every sample of a plan that the journal does not have.

    plan: in the same order each time the journal is used; it is read as samples are taken, never held. earlier: answers
    that may be reused instead of asking. progress: called twice a second, in this thread. cancel: ends the run when
    set; Ctrl-C does the same in the main thread, and once more ends it without waiting for answers under way.
    JournalError: the disk refuses, or the journal is of another plan. ShinraiError: the target cannot be opened.
    """
    work = run_async(plan, target, settings, journal, earlier=earlier, progress=progress, cancel=cancel)
    with _seldom_collected(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


async def run_async(
    plan: Iterable[PlannedSample],
    target: Target,
    settings: RunSettings,
    journal: Journal,
    *,
    earlier: "EarlierAnswers | None" = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> RunSummary:
    """Do what `run` does inside a loop that is running."""
    if target.most_at_once is not None:
        settings = replace(settings, most_in_flight=min(settings.most_in_flight, target.most_at_once))
    async with target.open() as respondent:
        taking = _Run(plan, respondent, settings, journal, earlier, progress, cancel)
        with _interruptible(taking.interrupt):
            return await taking.go()


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for cycles of garbage more seldom: a sample leaves none, and each look goes over everything in flight."""
    young, *others = gc.get_threshold()
    gc.set_threshold(max(young, _ALLOCATIONS), *others)
    try:
        yield
    finally:
        gc.set_threshold(young, *others)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


@contextmanager
def _interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C end the run instead of the process, where signals reach this thread."""
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


class _Run:
    """One run under way. All of it happens in the loop's thread; only the journal is written elsewhere."""

    def __init__(
        self,
        plan: Iterable[PlannedSample],
        respondent: Respondent,
        settings: RunSettings,
        journal: Journal,
        earlier: "EarlierAnswers | None",
        progress: Callable[[Progress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._plan = iter(plan)
        self._planned = len(plan) if isinstance(plan, Sized) else None
        self._position = -1
        self._settings = settings
        self._journal = journal
        self._earlier = earlier
        self._report = progress
        self._cancel = cancel
        self._crowd = Crowd(loop, settings.most_in_flight)
        self._account = Account(settings.prices, settings.cost_limit, settings.expected_output_tokens)
        pace = Pace(
            loop,
            settings.requests_per_minute,
            settings.tokens_per_minute,
            settings.expected_output_tokens + _EXPECTED_INPUT_TOKENS,
        )
        self._asker = Asker(respondent, settings, pace, self._crowd, self._account)
        self._durable = Durable(journal, self._count, self._fail)
        self._resumed = journal.tally.taken
        self._began = loop.time()
        self._workers: set[asyncio.Task[None]] = set()
        self._exhausted = False
        self._ended = asyncio.Event()
        self._ending: Ending | None = None
        self._verdict: Message | None = None
        self._error: BaseException | None = None
        self._unanswered = 0
        self._ever_answered = False
        self._last_fault: SampleFault | None = None
        self._pace_of_late: deque[tuple[float, int]] = deque(maxlen=20)

    async def go(self) -> RunSummary:
        """Run to the end."""
        ticker = self._loop.create_task(self._tick())
        ticker.add_done_callback(self._fail_with)
        try:
            self._fill()
            await self._ended.wait()
            if self._workers and self._ending in _PATIENT:
                # What has been asked is paid for; Ctrl-C gets its prompt back soon all the same.
                patience = self._settings.drain_seconds if self._ending is Ending.CANCELLED else None
                await asyncio.wait(self._workers, timeout=patience)
        finally:
            await self._dismiss([*self._workers, ticker])
            await self._durable.close()
        if self._error is not None:
            raise self._error
        self._tell()
        return self._summary()

    def interrupt(self) -> None:
        """End the run; a second time, without waiting for answers under way."""
        if self._ending is Ending.CANCELLED:
            for worker in self._workers:
                worker.cancel()
        else:
            self._stop(Ending.CANCELLED, message("The run was cancelled; the same journal goes on from here."))

    async def _dismiss(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fill(self) -> None:
        """Have as many workers as samples may be in flight. A worker leaves by itself when there are too many."""
        while not self._exhausted and self._ending is None and len(self._workers) < self._crowd.limit:
            worker = self._loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._worker_left)

    def _worker_left(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._fail_with(worker)
        if self._workers:
            return
        if self._exhausted:
            self._ended.set()
        else:
            self._fill()

    async def _work(self) -> None:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101  (a coroutine that runs has a task)
        crowd, durable = self._crowd, self._durable
        while (planned := await self._next()) is not None:
            position = self._position
            sample = await self._asker.take(planned, me)
            self._note(sample.fault)
            durable.add(Taken(position, sample, False))
            if durable.full:
                await durable.room()
            workers = len(self._workers)
            # Until the first answer a fault makes no room for the next sample, or the retries that happen to be
            # quickest would use up the plan while the others still wait for a server that is only starting.
            if workers > crowd.limit or not self._ever_answered:
                return
            if workers < crowd.limit:
                self._fill()

    async def _next(self) -> PlannedSample | None:
        """Return the next sample that is to be asked for; its position is `_position` until the next await."""
        skipped = 0
        while self._ending is None and not self._exhausted:
            planned = next(self._plan, None)
            if planned is None:
                self._exhausted = True
                self._planned = self._position + 1
                break
            self._position += 1
            if not self._settled(planned):
                if self._account.may_begin(planned.prompt, len(self._workers) - 1):
                    return planned
                self._stop(Ending.OVER_BUDGET, message("The run stopped before its cost limit was passed."))
                break
            skipped += 1
            if skipped % _SKIPPED_AT_ONCE == 0:
                await self._durable.room()
                await asyncio.sleep(0)
        return None

    def _settled(self, planned: PlannedSample) -> bool:
        """Whether a sample needs no asking: the journal has it, or an earlier run answered it."""
        known = self._journal.done.key(self._position)
        if known is not None:
            if not planned.key.startswith(known.hex()):
                raise JournalError(
                    message(
                        "The journal was written for another plan: sample {number} differs.",
                        number=self._position + 1,
                    ),
                    fix=message("Name a new journal, and give this one as earlier answers."),
                    place=Place(str(self._journal.path)),
                )
            if not (self._settings.retry_faults and isinstance(self._journal.done.ended(self._position), FaultKind)):
                return True
        sample = self._earlier.find(planned.key) if self._earlier is not None else None
        if sample is None:
            return False
        self._durable.add(Taken(self._position, sample, True))
        return True

    def _note(self, fault: SampleFault | None) -> None:
        """Learn from the end of a sample whether the target is alive."""
        self._last_fault = fault or self._last_fault
        if fault is None or fault.kind is FaultKind.NOT_RECORDED:
            self._unanswered, self._ever_answered = 0, True
            return
        self._unanswered += 1
        most = self._settings.give_up_after
        if self._unanswered >= (most if self._ever_answered else max(1, most // 4)):
            self._stop(
                Ending.TARGET_DEAD,
                message(
                    "The target was given up: none of its last {count} samples has an answer ({kind}: {detail}).",
                    count=self._unanswered,
                    kind=FAULT_NAMES[fault.kind],
                    detail=fault.detail,
                ),
            )

    def _stop(self, ending: Ending, verdict: Message) -> None:
        if self._ending is None:
            self._ending, self._verdict = ending, verdict
            self._ended.set()

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._exhausted = True
        self._ended.set()

    def _fail_with(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    def _count(self, written: list[Taken]) -> None:
        done, tally = self._journal.done, self._journal.tally
        for taken in written:
            # What this run takes is not asked for twice in it, so it need not be noted.
            tally.count(taken, done.ended(taken.position))

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            ticks += 1
            self._asker.sweep()
            self._durable.tick()
            if self._cancel is not None and self._cancel.is_set() and self._ending is None:
                self.interrupt()
            if ticks % _TICKS_OF_PROGRESS == 0:
                self._tell()

    def _tell(self) -> None:
        if self._report is None:
            return
        now, tally = self._loop.time(), self._journal.tally
        self._pace_of_late.append((now, tally.taken))
        then, before = self._pace_of_late[0] if len(self._pace_of_late) > 1 else (self._began, self._resumed)
        per_second = (tally.taken - before) / max(now - then, 1e-9)
        left = None if self._planned is None else self._planned - tally.taken
        self._report(
            Progress(
                planned=self._planned,
                taken=tally.taken,
                answered=tally.answered,
                faults=tally.faults.total(),
                in_flight=len(self._workers),
                per_second=per_second,
                eta_seconds=left / per_second if left is not None and per_second > 0 else None,
                input_tokens=tally.input_tokens,
                output_tokens=tally.output_tokens,
                spent=self._account.spent,
            )
        )

    def _summary(self) -> RunSummary:
        tally = self._journal.tally
        verdict = self._verdict
        whole = self._ending is None or tally.taken == self._planned
        if whole:
            verdict = None if tally.answered or not tally.taken else message("The target answered none of the samples.")
        return RunSummary(
            ending=Ending.COMPLETE if whole else self._ending or Ending.COMPLETE,
            verdict=verdict,
            planned=self._planned,
            taken=tally.taken,
            answered=tally.answered,
            faults={kind: count for kind, count in sorted(tally.faults.items()) if count},
            resumed=self._resumed,
            reused=tally.reused,
            requests=tally.requests,
            input_tokens=tally.input_tokens,
            output_tokens=tally.output_tokens,
            uncounted_tokens=tally.uncounted,
            spent=self._account.spent,
            cut_off=self._journal.cut_off,
            seconds=self._loop.time() - self._began,
            last_fault=self._last_fault,
        )
