"""Chunks as durable jobs of DBOS: queued with the run in one transaction, taken by one worker, again after it died.

DBOS keeps its tables in a schema of ours, stores JSON and never pickles, talks to nothing but the database, and logs
nothing, since its texts can hold the database's address. It queues, hands out and remembers; who is alive is ours to
say (`Database.silent`), because DBOS leaves that to a service of its maker.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions, error
from dbos._serialization import DefaultSerializer

from shinrai import __version__
from shinrai.evaluate.workers.database import Database, DatabaseError, refusals
from shinrai.language import ShinraiError, message

APPLICATION = "shinrai"
SCHEMA = "shinrai_jobs"
_JOB = "take_chunk"
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 15.0

_Take = Callable[[str, int], bool]
_taking: list[_Take] = []


def _no_pickle(_: object, __: str) -> object:
    raise ValueError("pickled data is never loaded")


# A row may say that it is pickled, and DBOS would believe it: whoever writes to the database would run code on workers.
DefaultSerializer.deserialize = _no_pickle  # type: ignore[method-assign,assignment]


@DBOS.workflow(name=_JOB)
def _take_chunk(run: str, number: int) -> bool:
    """Take one chunk; durable by what `take` hands back, so that taking it twice does no harm."""
    return _taking[-1](run, number)


class Jobs:
    """The queue of chunks, for whoever shares runs or looks after them."""

    def __init__(self, database: Database) -> None:
        with _refusals():
            self._client = DBOSClient(
                system_database_engine=database.engine,
                dbos_system_schema=SCHEMA,
                serializer=DBOSPortableJSONSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
            )

    def register(self, run: str) -> None:
        """Make the queue of a run; each worker takes one chunk at a time."""
        with _refusals():
            self._client.register_queue(
                queue_name(run), worker_concurrency=1, polling_interval_sec=_POLL_SECONDS, application_name=APPLICATION
            )

    def enqueue(self, c: sa.Connection, run: str, numbers: Iterable[int], attempt: str) -> None:
        """Queue chunks in the caller's transaction; the same chunk and attempt are queued once."""
        for number in numbers:
            options = EnqueueOptions(
                workflow_name=_JOB,
                queue_name=queue_name(run),
                workflow_id=f"{run}:{number}:{attempt}",
                app_version=__version__,
            )
            self._client.enqueue_in_transaction(c, options, run, number)

    def take_over(self, run: str, worker: str) -> int:
        """Put the chunks that a dead worker had taken back into the queue; returns how many."""
        with _refusals():
            found = self._client.list_workflows(
                status="PENDING",
                executor_id=worker,
                queue_name=queue_name(run),
                load_input=False,
                load_output=False,
            )
            ids = [each.workflow_id for each in found]
            if ids:
                self._client.resume_workflows(ids, queue_name=queue_name(run))
        return len(ids)

    def queued(self, run: str) -> set[int]:
        """Return the chunks that wait in the queue or are being taken."""
        with _refusals():
            found = self._client.list_workflows(
                status=["ENQUEUED", "DELAYED", "PENDING"],
                queue_name=queue_name(run),
                load_input=False,
                load_output=False,
            )
        return {int(each.workflow_id.split(":")[1]) for each in found}

    def withdraw(self, run: str) -> None:
        """Take the chunks that nobody has begun out of the queue, and the queue with them."""
        with _refusals():
            waiting = self._client.list_workflows(
                status=["ENQUEUED", "DELAYED"], queue_name=queue_name(run), load_input=False, load_output=False
            )
            if waiting:
                self._client.cancel_workflows([each.workflow_id for each in waiting])
            self._client.delete_queue(queue_name(run))

    def forget(self, run: str) -> None:
        """Delete the jobs of a run and its queue."""
        with _refusals():
            # A withdrawn job is in no queue any more.
            found = self._client.list_workflows(workflow_id_prefix=f"{run}:", load_input=False, load_output=False)
            if found:
                self._client.delete_workflows([each.workflow_id for each in found])
            self._client.delete_queue(queue_name(run))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()


def prepare(database: Database) -> None:
    """Make the tables of the jobs, or bring them up to date. ShinraiError: the database refuses."""
    with _refusals():
        DBOS.migrate(database.engine.url.render_as_string(hide_password=False), schema=SCHEMA)


@contextmanager
def taking_chunks(database: Database, run: str, worker: str, take: _Take) -> Iterator[None]:
    """Have chunks of a run taken, in a thread of its own, until the block ends; one of these at a time in a process.

    worker: the same name after a restart gets back at once what it had taken. take: run and chunk; returns whether
    the chunk is whole.
    """
    config = DBOSConfig(
        name=APPLICATION,
        system_database_url=database.engine.url.render_as_string(hide_password=False),
        dbos_system_schema=SCHEMA,
        executor_id=worker,
        application_version=__version__,
        serializer=DBOSPortableJSONSerializer(),
        run_migrations=False,
        enable_otlp=False,
        use_listen_notify=False,
        log_level="CRITICAL",
        sys_db_pool_size=4,
    )
    at_work = threading.Lock()

    def take_alone(of: str, number: int) -> bool:
        with at_work:
            return take(of, number)

    DBOS(config=config)
    _taking.append(take_alone)
    try:
        DBOS.listen_queues([queue_name(run)])
        with _refusals():
            DBOS.launch()
        yield
    finally:
        # A chunk under way is handed back first. Where its job is not noted as done any more, it is done again: that is
        # to find the chunk whole.
        at_work.acquire(timeout=_PATIENCE_SECONDS)
        DBOS.destroy()
        _taking.remove(take_alone)


@contextmanager
def _refusals() -> Iterator[None]:
    """Do as `refusals` does, also for what DBOS says of the database."""
    try:
        with refusals():
            yield
    except error.DBOSException as failure:
        raise DatabaseError(
            message("The queue of jobs in the database cannot be used ({reason}).", reason=type(failure).__name__),
            fix=message("Share the run again with this version, with an account that may create tables."),
        ) from None


def queue_name(run: str) -> str:
    """Return the name of a run's queue."""
    return f"shinrai-{run}"


def quieten() -> None:
    """Keep DBOS from writing and from connecting elsewhere. ShinraiError: its cloud is asked for by the environment."""
    if named := sorted(name for name in os.environ if name.startswith("DBOS__")):
        raise ShinraiError(
            message("The environment variable {name} would have the jobs talk to a cloud.", name=", ".join(named)),
            fix=message("Unset it; shared runs need the database alone."),
        )
    logger = logging.getLogger("dbos")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False
