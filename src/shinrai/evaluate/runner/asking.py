"""One conversation with a target: its turns, the retries of each, and the clock that ends what is overdue."""

import asyncio
from collections.abc import Sequence
from random import SystemRandom
from time import time

from shinrai.evaluate.runner.pace import Crowd, Pace
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.runner.spend import Account
from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, Sample, SampleFault
from shinrai.evaluate.targets.target import Respondent, TargetError, Watch

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 20.0
_PATIENCE = 5
_LIMIT_WINDOW = 60.0
"""Seconds: the longest in which limits are commonly counted. Once it is spent, nobody is answered until the next."""
_NEVER = float("inf")

# Retries of many clients that start together must not come back together; nothing depends on the draw.
_jitter = SystemRandom().uniform


class _Flight:
    """A sample in flight. overdue: why the sweep ended it, None while it may go on."""

    __slots__ = ("attempts", "deadline", "overdue", "task", "watch")

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task
        self.watch = Watch()
        self.deadline = _NEVER
        self.attempts = 0
        self.overdue: SampleFault | None = None


class Asker:
    """Takes samples from one respondent."""

    def __init__(
        self, respondent: Respondent, settings: RunSettings, pace: Pace, crowd: Crowd, account: Account
    ) -> None:
        self._respondent = respondent
        self._settings = settings
        self._pace = pace
        self._crowd = crowd
        self._account = account
        self._loop = asyncio.get_running_loop()
        self._flights: set[_Flight] = set()
        self._answered_at = float("-inf")

    async def take(self, planned: PlannedSample, task: "asyncio.Task[None]") -> Sample:
        """Hold the conversation of one sample, in the task that is named. asyncio.CancelledError: the run stops."""
        flight = _Flight(task)
        self._flights.add(flight)
        started_at = time()
        answers: tuple[Answer, ...] = ()
        fault = None
        try:
            for _ in range(1 + len(planned.prompt.follow_ups)):
                answer = await self._turn(planned, answers, flight)
                answers = (*answers, answer)
        except TargetError as error:
            fault, answers = error.fault, ()
        except asyncio.CancelledError:
            if flight.overdue is None:
                raise
            task.uncancel()
            self._crowd.overloaded()
            fault, answers = flight.overdue, ()
        finally:
            self._flights.discard(flight)
        return Sample(planned.key, answers, fault, flight.attempts, started_at)

    def sweep(self) -> None:
        """End the turns that are overdue."""
        now = self._loop.time()
        silent_since = now - self._settings.stall_seconds
        for flight in self._flights:
            if flight.overdue is not None:
                continue
            if now > flight.deadline:
                flight.overdue = SampleFault(FaultKind.TIMEOUT, "no whole answer before the deadline")
            elif flight.watch.heard is not None and flight.watch.heard < silent_since:
                flight.overdue = SampleFault(FaultKind.TIMEOUT, "the answer stopped in the middle")
            else:
                continue
            flight.task.cancel()

    async def _turn(self, planned: PlannedSample, answers: Sequence[Answer], flight: _Flight) -> Answer:
        """Get one answer, asking again where that may help. TargetError: there is none."""
        tries = 0
        flight.deadline = self._loop.time() + self._settings.deadline_seconds
        while True:
            if not self._pace.free():
                await self._wait_for_pace(flight, retry=tries > 0)
            flight.attempts += 1
            reserved = self._pace.reserved
            try:
                answer = await self._respondent.reply(planned, answers, flight.watch)
            except TargetError as error:
                # It holds the frames that it came through, and they hold what was read of an answer. `_back_off` raises
                # it again, which makes a circle of it: all that would stay until the collector comes by.
                error.__traceback__ = error.__context__ = None
                if flight.overdue is not None:
                    # A connection that was being made turns the sweep's cancellation into a timeout of its own.
                    raise TargetError(flight.overdue.kind, flight.overdue.detail) from None
                flight.watch.heard = None
                self._learn(error, reserved)
                await self._back_off(error, tries, flight)
                tries += 1
                continue
            flight.watch.heard = None
            self._answered_at = self._loop.time()
            self._crowd.answered()
            self._pace.accepted(_tokens(answer), reserved)
            self._account.charge(planned.prompt, answer)
            return answer

    async def _wait_for_pace(self, flight: _Flight, *, retry: bool) -> None:
        """Wait for our turn. The target is not to blame for our own waiting, so its clock stands still."""
        left = flight.deadline - self._loop.time()
        flight.deadline = _NEVER
        await self._pace.turn(retry=retry)
        flight.deadline = self._loop.time() + left

    def _learn(self, error: TargetError, reserved: float) -> None:
        if error.fault.kind is FaultKind.RATE_LIMITED:
            self._pace.limited(self._bearable(error.retry_after), reserved)
        elif error.busy:
            self._crowd.overloaded()
            self._pace.hold(self._bearable(error.retry_after))

    def _bearable(self, wait: float | None) -> float | None:
        return None if wait is None else min(wait, self._settings.longest_wait_seconds)

    async def _back_off(self, error: TargetError, tries: int, flight: _Flight) -> None:
        """Wait before the next try; raise the error where there is to be none.

        tries: earlier ones of this turn. A target that says 429 and has answered anybody of late is asked more often
        than one that answers nobody.
        """
        most = self._settings.retries
        if error.fault.kind is FaultKind.RATE_LIMITED and self._loop.time() - self._answered_at < _LIMIT_WINDOW:
            most *= _PATIENCE
        asked = error.retry_after or 0.0
        # Full jitter: Brooker 2015, "Exponential Backoff and Jitter".
        wait = max(asked, _jitter(0, min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(tries, 10))))
        too_long = asked > self._settings.longest_wait_seconds or self._loop.time() + wait > flight.deadline
        if not error.transient or tries >= most or too_long:
            raise error
        await asyncio.sleep(wait)


def _tokens(answer: Answer) -> int | None:
    if answer.input_tokens is None and answer.output_tokens is None:
        return None
    return (answer.input_tokens or 0) + (answer.output_tokens or 0)
