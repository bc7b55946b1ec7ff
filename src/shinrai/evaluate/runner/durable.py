"""The way of a record to the disk: collected, written in a thread, and only then counted."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shinrai.evaluate.runner.journal import BATCH_BYTES, BATCH_RECORDS, Journal
from shinrai.evaluate.runner.record import Taken, to_line

BATCH_SECONDS = 0.2
_MOST_BYTES = 4 * BATCH_BYTES
_MOST_RECORDS = 16 * BATCH_RECORDS


class Durable:
    """Writes records in batches, one at a time.

    written: called in the loop with what has reached the disk. failed: called with the error when the disk refuses; no
    record after it is written.
    """

    def __init__(
        self,
        journal: Journal,
        written: Callable[[list[Taken]], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._journal = journal
        self._on_written = written
        self._on_failed = failed
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._lines: list[bytes] = []
        self._records: list[Taken] = []
        self._bytes = 0
        self._oldest = 0.0
        self._writing: asyncio.Future[None] | None = None
        self._broken = False
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()

    def add(self, taken: Taken) -> None:
        """Take a record."""
        if not self._lines:
            self._oldest = self._loop.time()
        line = to_line(taken)
        self._lines.append(line)
        self._records.append(taken)
        self._bytes += len(line)
        if len(self._lines) >= BATCH_RECORDS or self._bytes >= BATCH_BYTES:
            self._write()

    @property
    def full(self) -> bool:
        """Whether to wait for room before the next record."""
        return self._bytes > _MOST_BYTES or len(self._lines) > _MOST_RECORDS

    async def room(self) -> None:
        """Wait until there is room."""
        while self.full and not self._broken:
            self._room.clear()
            await self._room.wait()

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._lines and self._loop.time() - self._oldest >= BATCH_SECONDS:
            self._write()

    async def close(self) -> None:
        """Write what is left and wait for the disk."""
        while not self._broken and (self._lines or self._writing is not None):
            self._write()
            self._idle.clear()
            await self._idle.wait()
        self._thread.shutdown(wait=True)

    def _write(self) -> None:
        if self._writing is not None or not self._lines or self._broken:
            return
        count, size = 0, 0
        while count < len(self._lines) and count < BATCH_RECORDS and size < BATCH_BYTES:
            size += len(self._lines[count])
            count += 1
        lines, self._lines = self._lines[:count], self._lines[count:]
        records, self._records = self._records[:count], self._records[count:]
        self._bytes -= size
        self._writing = self._loop.run_in_executor(self._thread, self._journal.append, lines)
        self._writing.add_done_callback(lambda done: self._done(done, records))

    def _done(self, done: "asyncio.Future[None]", records: list[Taken]) -> None:
        self._writing = None
        if error := done.exception():
            self._broken = True
            self._on_failed(error)
        else:
            self._on_written(records)
            if len(self._lines) >= BATCH_RECORDS or self._bytes >= BATCH_BYTES:
                self._write()
        if not self.full or self._broken:
            self._room.set()
        self._idle.set()
