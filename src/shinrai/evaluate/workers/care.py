"""What everyone who looks at a shared run does for it: give back what dead workers had taken, and what got lost."""

from collections.abc import Sequence
from time import time

from shinrai.evaluate.workers.database import Database
from shinrai.evaluate.workers.jobs import Jobs


def give_back(database: Database, jobs: Jobs, run: str, stale_seconds: float) -> Sequence[str]:
    """Put the chunks of workers that fell silent back into the queue; returns the workers' names.

    It is done while their rows are locked: whoever is killed in the middle leaves it to the next.
    """
    with database.transaction() as c:
        names = database.silent(c, run, stale_seconds)
        for name in names:
            jobs.take_over(run, name)
    return names


def requeue_lost(database: Database, jobs: Jobs, run: str, stale_seconds: float) -> Sequence[int]:
    """Queue chunks that are neither whole nor queued nor being taken; returns their numbers.

    There are none unless a worker failed between taking a chunk and giving it back. A chunk that becomes whole
    meanwhile is queued for nothing, and nothing comes of it.
    """
    unfinished = database.unfinished(run)
    lost = sorted(set(unfinished) - jobs.queued(run)) if unfinished else []
    if lost:
        with database.transaction() as c:
            jobs.enqueue(c, run, lost, f"lost.{int(time() / max(stale_seconds, 1.0))}")
    return lost
