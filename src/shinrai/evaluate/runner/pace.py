"""When the next request may leave, and how many may be under way.

Two things are learned from the target. Its rate: when it says 429, requests are spaced by what it accepted in the last
second, and the spacing is relaxed slowly while it is content. Its capacity: the number in flight doubles until the
target shows that it is overloaded, then follows additive increase and multiplicative decrease (Chiu, Jain 1989,
Computer Networks 17:1).
"""

import asyncio
from collections import deque

_RELAX = 1.05
_SLOWEST = 1 / 60
_CAUTION = 0.95


class Pace:
    """Lets requests leave, first come, first served, retries before new ones.

    requests_per_minute, tokens_per_minute: limits by the user, None for none. expected_tokens: of one request, until
    the target's own counts are known.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        expected_tokens: float,
    ) -> None:
        self._loop = loop
        self._allowed = None if requests_per_minute is None else requests_per_minute / 60
        self._token_rate = None if tokens_per_minute is None else tokens_per_minute / 60
        self._learned: float | None = None
        self._next = 0.0
        self._held_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._accepted = 0
        self._ever_accepted = False
        self._counted_from = loop.time()
        self._limited_at = self._relaxed_at = float("-inf")
        # No credit to begin with: a limit by the minute is kept from the first second on.
        self._tokens, self._tokens_at = 0.0, loop.time()
        self._expected, self._counted = expected_tokens, 0

    @property
    def rate(self) -> float | None:
        """Requests a second that may leave, None where nothing limits them."""
        rates = [rate for rate in (self._allowed, self._learned) if rate is not None]
        return min(rates) if rates else None

    def free(self) -> bool:
        """Whether the next request may leave at once; if so, it has left."""
        if self._waiting:
            return False
        now = self._loop.time()
        if self._allowed is None and self._learned is None and self._token_rate is None:
            return self._held_until <= now
        if self._due(now) > now:
            return False
        self._leave(now)
        return True

    async def turn(self, *, retry: bool) -> None:
        """Wait until the request may leave."""
        waiter = self._loop.create_future()
        if retry:
            self._waiting.appendleft(waiter)
        else:
            self._waiting.append(waiter)
        self._arm()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    @property
    def reserved(self) -> float:
        """Tokens that a request reserves when it leaves; given back when it is known what it took."""
        return self._expected

    def accepted(self, tokens: int | None, reserved: float) -> None:
        """Note an answer and the tokens it took, None where the target does not say."""
        self._accepted += 1
        self._ever_accepted = True
        if self._token_rate is not None and tokens is not None:
            self._tokens -= tokens - reserved
            self._counted = min(self._counted + 1, 16)
            self._expected += (tokens - self._expected) / self._counted
        if self._learned is not None:
            now = self._loop.time()
            if now - max(self._limited_at, self._relaxed_at) > 1.0:
                self._relax(now)

    def limited(self, wait: float | None, reserved: float) -> None:
        """Note that the target said 429, and for how long it asks to be left alone."""
        now = self._loop.time()
        self.hold(wait)
        if self._token_rate is not None:
            self._tokens += reserved
        # Who has accepted nothing yet has shown no rate. Requests that left before we slowed down come back as 429 for
        # a while; they say nothing new.
        if not self._ever_accepted or now - self._limited_at < 0.5:
            return
        bearable = self._accepted / max(1.0, now - self._counted_from)
        before = self._learned or max(bearable, 2.0)
        if self._accepted:
            self._learned = max(_SLOWEST, min(bearable, before) * _CAUTION)
        else:
            self._learned = max(before / 2, min(before, 1.0))
        self._limited_at = self._counted_from = now
        self._accepted = 0

    def hold(self, wait: float | None) -> None:
        """Let nothing leave for so many seconds."""
        if wait:
            self._held_until = max(self._held_until, self._loop.time() + wait)

    def _relax(self, now: float) -> None:
        self._relaxed_at = now
        self._learned = (self._learned or 1.0) * _RELAX
        # A limit that nobody waits for and that was not complained about for a minute is none.
        if now - self._limited_at > 60 and not self._waiting:
            self._learned = None

    def _due(self, now: float) -> float:
        due = max(self._held_until, self._next)
        if self._token_rate is not None:
            self._refill(now)
            if self._tokens < 0:
                due = max(due, now - self._tokens / self._token_rate)
        return due

    def _refill(self, now: float) -> None:
        rate = self._token_rate or 0.0
        self._tokens = min(rate, self._tokens + (now - self._tokens_at) * rate)
        self._tokens_at = now

    def _leave(self, now: float) -> None:
        if self._token_rate is not None:
            self._tokens -= self._expected
        rate = self.rate
        if rate is not None:
            # A slot that nobody used is not saved up for a burst, beyond the grain of the timer.
            self._next = max(self._next, now - 0.02) + 1 / rate

    def _arm(self) -> None:
        if self._timer is None and self._waiting:
            now = self._loop.time()
            self._timer = self._loop.call_at(min(max(self._due(now), now), now + 1.0), self._release)

    def _release(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._waiting and self._due(now) <= now:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._leave(now)
                waiter.set_result(None)
        self._arm()


class Crowd:
    """How many samples may be in flight."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop = loop
        self._most = most
        self._limit = float(min(16, most))
        self._fewest = float(min(4, most))
        self._growing_fast = True
        self._shrunk_at = 0.0

    @property
    def limit(self) -> int:
        """Samples that may be in flight now."""
        return int(self._limit)

    def answered(self) -> None:
        """Note an answer."""
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + (1.0 if self._growing_fast else 1.0 / self._limit))

    def overloaded(self) -> None:
        """Note a sign of overload; those of one second count as one."""
        now = self._loop.time()
        if now - self._shrunk_at > 1.0:
            self._shrunk_at = now
            self._growing_fast = False
            self._limit = max(self._fewest, self._limit * 0.7)
