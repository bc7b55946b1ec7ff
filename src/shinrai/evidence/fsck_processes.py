"""Share the verification of signatures between processes, which work while the rest of the log is being checked."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING

from shinrai.evidence.database import reading
from shinrai.evidence.findings import Findings, Progress
from shinrai.evidence.fsck_signatures import SAID, Problem, Range, Step, check_signatures
from shinrai.language import ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence.store import Store

_WORTH_A_PROCESS = 5000
Steps = Iterator[tuple[int, Step]]
"""Where a range starts, and how far it is."""


@contextmanager
def verifying(store: "Store", whole: Range, keys: Mapping[str, bytes], processes: int | None) -> Iterator[Steps]:
    """Begin to verify the signatures of a range, and yield what comes of it.

    On a large log processes have begun when the block is entered, a range each; on a small one the work is done as the
    steps are taken. processes: how many (default: one for each processor).
    """
    workers = processes or os.cpu_count() or 1
    if workers == 1 or (whole.end - whole.start) // whole.every < _WORTH_A_PROCESS:
        yield _here(store, whole, keys)
        return
    length = -(-(whole.end - whole.start) // workers)
    starts = range(whole.start, whole.end, length)
    work = _Work(store, whole, keys)
    with ThreadPoolExecutor(len(starts)) as pool:
        try:
            work.begun = [pool.submit(work.share, start, min(whole.end, start + length)) for start in starts]
            yield work.steps()
        finally:
            work.end()


def collect(steps: Steps, whole: Range, findings: Findings, progress: Progress) -> int:
    """Take what the walks over ranges say; returns how many signatures were verified."""
    verified = 0
    at: dict[int, int] = {}
    for start, step in steps:
        at[start] = step.at - start
        verified += step.verified
        for index, problem in step.problems:
            findings.add("log_leaf", index, SAID[problem])
        progress(message("Verifying the signatures"), min(sum(at.values()), whole.end), whole.end)
    return verified


def _here(store: "Store", whole: Range, keys: Mapping[str, bytes]) -> Steps:
    with reading(store.engine) as db:
        for step in check_signatures(db, whole, keys):
            yield whole.start, step


@dataclass
class _Work:
    """Processes at work. They see the log a moment later, in which no entry before has changed."""

    store: "Store"
    whole: Range
    keys: Mapping[str, bytes]
    begun: list[Future[None]] = field(default_factory=list)
    told: Queue[tuple[int, Step] | None] = field(default_factory=Queue)
    ended: bool = False

    def share(self, start: int, end: int) -> None:
        """Have a process verify a range."""
        order = {
            "home": str(self.store.home.path),
            "start": start,
            "end": end,
            "every": self.whole.every,
            "keys": {keyid: public.hex() for keyid, public in self.keys.items()},
        }
        try:
            for step in self._ordered(order):
                self.told.put((start, step))
        finally:
            self.told.put(None)

    def steps(self) -> Steps:
        """Yield what the processes say, until all have ended; ShinraiError where one ended early."""
        left = len(self.begun)
        while left:
            step = self.told.get()
            if step is None:
                left -= 1
            else:
                yield step
        for each in self.begun:
            each.result()

    def end(self) -> None:
        """Have the processes that still work stop; nobody waits for their answers any more."""
        self.ended = True

    def _ordered(self, order: Mapping[str, object]) -> Iterator[Step]:
        program = [sys.executable, "-m", "shinrai.evidence.fsck_signatures"]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("a process was started without pipes")
            process.stdin.write(json.dumps(order))
            process.stdin.close()
            for line in process.stdout:
                if self.ended:
                    process.terminate()
                    return
                at, verified, problems = json.loads(line)
                yield Step(at, verified, tuple((index, Problem(name)) for index, name in problems))
        if process.returncode != 0:
            raise ShinraiError(
                message("A process that verifies signatures ended early (exit code {code}).", code=process.returncode),
                fix=message("Check again with one process: shinrai log fsck --processes 1"),
            )
