"""The tables of shared runs in PostgreSQL: what is shared, what has come back, and who is alive.

They have a schema of their own, whose name carries its version. All times are the database's, so that the clocks of the
machines need not agree. Texts of database errors are never shown: they hold addresses and names of users.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from shinrai.evaluate.targets.references import is_reference, resolve
from shinrai.evaluate.workers.order import Order, decoded, encoded
from shinrai.language import Bilingual, ShinraiError, message

SCHEMA = "shinrai_share_1"
_LONGEST = 2000

_meta = sa.MetaData(schema=SCHEMA)
_now = sa.func.clock_timestamp()
_run = sa.Table(
    "run",
    _meta,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("shared", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text),
    sa.Column("stale_seconds", sa.Double, nullable=False),
    sa.Column("opened", sa.Integer, nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=_now),
)
_chunk = sa.Table(
    "chunk",
    _meta,
    sa.Column("run", sa.Text, sa.ForeignKey(_run.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("worker", sa.Text),
    sa.Column("whole", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("journal", sa.LargeBinary),
    sa.Column("sha256", sa.Text),
    sa.Column("taken", sa.Integer, nullable=False, server_default="0"),
    sa.Column("answered", sa.Integer, nullable=False, server_default="0"),
    sa.Column("repeated", sa.Integer, nullable=False, server_default="0"),
    sa.Column("received", sa.DateTime(timezone=True)),
)
_worker = sa.Table(
    "worker",
    _meta,
    sa.Column("run", sa.Text, sa.ForeignKey(_run.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True), nullable=False, server_default=_now),
    sa.Column("taking", sa.Integer, nullable=False, server_default="0"),
    sa.Column("silences", sa.Integer, nullable=False, server_default="0"),
)


class State(StrEnum):
    """How a shared run stands."""

    OPEN = "open"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    TARGET_DEAD = "target_dead"
    FAILED = "failed"


STATE_NAMES = {
    State.OPEN: message("under way"),
    State.COMPLETE: message("complete"),
    State.CANCELLED: message("cancelled"),
    State.TARGET_DEAD: message("ended, since the target does not answer"),
    State.FAILED: message("ended, since a part could not be taken"),
}
"""What people read for a state."""


class Presence(StrEnum):
    """Whether a worker is there. SILENT: it stopped saying that it lives, and its chunk was given to others."""

    WORKING = "working"
    LEFT = "left"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker of a run. silences: how often it was taken for dead."""

    name: str
    presence: Presence
    silent_seconds: float
    silences: int


@dataclass(frozen=True, slots=True)
class RunView:
    """How far a run is.

    taken: samples handed back, and those under way as far as workers said. repeated: results of a chunk that came again
    and were not counted.
    """

    id: str
    state: State
    verdict: Bilingual | None
    planned: int
    taken: int
    answered: int
    chunks: int
    whole_chunks: int
    repeated: int
    workers: tuple[WorkerView, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A chunk that a worker takes. tries: how often it was taken since the run was opened. journal: what there is.

    taken: samples in it. again: names the next queueing of the chunk, should this one end without it.
    """

    tries: int
    again: str
    taken: int
    journal: bytes | None


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The journal of a chunk as it came. whole: every sample of the chunk has a record."""

    number: int
    journal: bytes
    whole: bool


class DatabaseError(ShinraiError):
    """The database cannot be reached or refuses; the same may succeed later."""


class Database:
    """The tables, over a few connections. Every method is one transaction; DatabaseError where it fails."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @property
    def engine(self) -> sa.Engine:
        """The engine beneath; its URL carries a password."""
        return self._engine

    def prepare(self) -> None:
        """Make the tables where there are none."""
        with self.transaction() as c:
            c.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_number(SCHEMA))))
            c.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
            _meta.create_all(c)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Do what the block does in one transaction."""
        with refusals(), self._engine.begin() as connection:
            yield connection

    def insert(self, c: sa.Connection, order: Order, stale_seconds: float) -> bool:
        """Write a run and its chunks; False where it stands there already."""
        written = c.execute(
            insert(_run)
            .values(
                id=order.id,
                shared=encoded(order).decode(),
                state=State.OPEN.value,
                stale_seconds=stale_seconds,
                opened=1,
            )
            .on_conflict_do_nothing()
            .returning(_run.c.id)
        ).scalar()
        if written is not None:
            c.execute(
                sa.insert(_chunk).from_select(
                    ["run", "number"],
                    sa.select(sa.literal(order.id), sa.func.generate_series(0, order.chunks - 1)),
                )
            )
        return written is not None

    def order(self, run: str) -> tuple[Order, float]:
        """Return what was shared and after how many seconds a silent worker is given up."""
        with self.transaction() as c:
            row = c.execute(sa.select(_run.c.shared, _run.c.stale_seconds).where(_run.c.id == run)).one_or_none()
        if row is None:
            raise ShinraiError(
                message("There is no shared run {id}.", id=run[:40]),
                fix=message("See which there are: shinrai suites share list"),
            )
        return decoded(row.shared), float(row.stale_seconds)

    def runs(self, state: State | None = None) -> Sequence[str]:
        """Return the ids of runs, oldest first; none where no run was ever shared here."""
        with self.transaction() as c:
            if c.execute(sa.select(sa.func.to_regclass(f"{SCHEMA}.run"))).scalar() is None:
                return ()
            query = sa.select(_run.c.id).order_by(_run.c.created, _run.c.id)
            return list(c.execute(query if state is None else query.where(_run.c.state == state.value)).scalars())

    def reopen(self, c: sa.Connection, run: str) -> tuple[int, Sequence[int]]:
        """Open a run that ended early again; returns how often it was opened and the chunks that are not whole."""
        opened = c.execute(
            sa.update(_run)
            .where(_run.c.id == run, _run.c.state.notin_([State.OPEN.value, State.COMPLETE.value]))
            .values(state=State.OPEN.value, verdict=None, opened=_run.c.opened + 1)
            .returning(_run.c.opened)
        ).scalar()
        if opened is None:
            return 0, ()
        c.execute(sa.update(_chunk).where(_chunk.c.run == run, ~_chunk.c.whole).values(tries=0))
        left = c.execute(sa.select(_chunk.c.number).where(_chunk.c.run == run, ~_chunk.c.whole)).scalars()
        return opened, list(left)

    def forget(self, run: str) -> None:
        """Delete a run with everything that came back."""
        with self.transaction() as c:
            c.execute(sa.delete(_run).where(_run.c.id == run))

    def end(self, run: str, state: State, verdict: Bilingual | None = None) -> bool:
        """End a run that is open; False where it had ended."""
        said = None if verdict is None else json.dumps({"ja": verdict.ja[:_LONGEST], "en": verdict.en[:_LONGEST]})
        with self.transaction() as c:
            done = c.execute(
                sa.update(_run)
                .where(_run.c.id == run, _run.c.state == State.OPEN.value)
                .values(state=state.value, verdict=said)
            )
            return done.rowcount == 1

    def state(self, run: str) -> State:
        """Return how a run stands; it is complete once the last chunk is whole, whoever looks first."""
        with self.transaction() as c:
            left = sa.select(_chunk.c.number).where(_chunk.c.run == run, ~_chunk.c.whole).exists()
            c.execute(
                sa.update(_run)
                .where(_run.c.id == run, _run.c.state == State.OPEN.value, ~left)
                .values(state=State.COMPLETE.value)
            )
            found = c.execute(sa.select(_run.c.state).where(_run.c.id == run)).scalar()
            # A run that somebody deleted meanwhile is over for whoever still works on it.
            return State.CANCELLED if found is None else State(found)

    def view(self, run: str) -> RunView:
        """Return how far a run is."""
        order, _ = self.order(run)
        state = self.state(run)
        with self.transaction() as c:
            verdict = c.execute(sa.select(_run.c.verdict).where(_run.c.id == run)).scalar()
            sums = c.execute(
                sa.select(
                    sa.func.coalesce(sa.func.sum(_chunk.c.taken), 0).label("taken"),
                    sa.func.coalesce(sa.func.sum(_chunk.c.answered), 0).label("answered"),
                    sa.func.count().filter(_chunk.c.whole).label("whole"),
                    sa.func.coalesce(sa.func.sum(_chunk.c.repeated), 0).label("repeated"),
                ).where(_chunk.c.run == run)
            ).one()
            rows = c.execute(
                sa.select(
                    _worker, sa.func.extract("epoch", _now - _worker.c.seen).cast(sa.Double).label("silent_seconds")
                )
                .where(_worker.c.run == run)
                .order_by(_worker.c.name)
            ).all()
        workers = tuple(WorkerView(r.name, Presence(r.state), max(0.0, r.silent_seconds), r.silences) for r in rows)
        under_way = sum(r.taking for r in rows if r.state == Presence.WORKING.value)
        said = json.loads(verdict) if verdict else None
        return RunView(
            id=run,
            state=state,
            verdict=Bilingual(said["ja"], said["en"]) if said else None,
            planned=order.planned,
            taken=min(order.planned, sums.taken + (under_way if state is State.OPEN else 0)),
            answered=sums.answered,
            chunks=order.chunks,
            whole_chunks=sums.whole,
            repeated=sums.repeated,
            workers=workers,
        )

    def join(self, run: str, name: str, most: int | None) -> bool:
        """Note a worker; False where as many work as may."""
        with self.transaction() as c:
            c.execute(sa.select(_run.c.id).where(_run.c.id == run).with_for_update())
            others = (_worker.c.run == run, _worker.c.state == Presence.WORKING.value, _worker.c.name != name)
            working = c.execute(sa.select(sa.func.count()).select_from(_worker).where(*others)).scalar_one()
            if most is not None and working >= most:
                return False
            fresh = {"state": Presence.WORKING.value, "seen": _now, "taking": 0}
            made = insert(_worker).values(run=run, name=name, **fresh)
            c.execute(made.on_conflict_do_update(index_elements=["run", "name"], set_=fresh))
            return True

    def beat(self, run: str, name: str, taking: int) -> None:
        """Say that a worker lives and how many samples of its chunk it has taken."""
        with self.transaction() as c:
            said = {"state": Presence.WORKING.value, "seen": _now, "taking": taking}
            c.execute(sa.update(_worker).where(_worker.c.run == run, _worker.c.name == name).values(**said))

    def leave(self, run: str, name: str) -> None:
        """Say that a worker takes no more chunks."""
        with self.transaction() as c:
            gone = {"state": Presence.LEFT.value, "taking": 0}
            c.execute(sa.update(_worker).where(_worker.c.run == run, _worker.c.name == name).values(**gone))

    def silent(self, c: sa.Connection, run: str, stale_seconds: float) -> Sequence[str]:
        """Return the workers that stopped saying that they live, each to one caller, and note them as silent."""
        overdue = _now - sa.func.make_interval(0, 0, 0, 0, 0, 0, stale_seconds)
        found = (
            sa.select(_worker.c.name)
            .where(_worker.c.run == run, _worker.c.state == Presence.WORKING.value, _worker.c.seen < overdue)
            .with_for_update(skip_locked=True)
        )
        names = list(c.execute(found).scalars())
        if names:
            c.execute(
                sa.update(_worker)
                .where(_worker.c.run == run, _worker.c.name.in_(names))
                .values(state=Presence.SILENT.value, silences=_worker.c.silences + 1, taking=0)
            )
        return names

    def begin(self, run: str, number: int, name: str) -> Begun | None:
        """Note who takes a chunk; None where it is whole."""
        with self.transaction() as c:
            row = c.execute(
                sa.update(_chunk)
                .where(_chunk.c.run == run, _chunk.c.number == number, ~_chunk.c.whole, _run.c.id == _chunk.c.run)
                .values(tries=_chunk.c.tries + 1, worker=name)
                .returning(_chunk.c.tries, _chunk.c.journal, _chunk.c.taken, _run.c.opened)
            ).one_or_none()
        return Begun(row.tries, f"{row.opened}.{row.tries}", row.taken, row.journal) if row else None

    def unfinished(self, run: str) -> Sequence[int]:
        """Return the chunks that are not whole, while the run is open."""
        with self.transaction() as c:
            query = sa.select(_chunk.c.number).join(_run).where(_chunk.c.run == run, ~_chunk.c.whole)
            return list(c.execute(query.where(_run.c.state == State.OPEN.value)).scalars())

    def hand_back(
        self, run: str, number: int, name: str, journal: bytes, *, taken: int, answered: int, whole: bool
    ) -> bool:
        """Keep the journal of a chunk. A whole one counts once: what comes after it is counted as repeated, no more."""
        with self.transaction() as c:
            this = (_chunk.c.run == run, _chunk.c.number == number)
            better = sa.and_(~_chunk.c.whole, sa.or_(sa.literal(whole), _chunk.c.taken < taken))
            kept = c.execute(
                sa.update(_chunk)
                .where(*this, better)
                .values(
                    journal=journal,
                    sha256=hashlib.sha256(journal).hexdigest(),
                    taken=taken,
                    answered=answered,
                    whole=whole,
                    worker=name,
                    received=_now,
                )
            )
            if kept.rowcount == 1:
                return True
            again = sa.update(_chunk).where(*this, _chunk.c.whole).values(repeated=_chunk.c.repeated + 1)
            c.execute(again)
            return False

    def results(self, run: str) -> Iterator[HandedBack]:
        """Yield what came back, in the order of the plan, one in memory at a time. ShinraiError: one was changed."""
        with self.transaction() as c:
            numbers = list(
                c.execute(
                    sa.select(_chunk.c.number)
                    .where(_chunk.c.run == run, _chunk.c.journal.is_not(None))
                    .order_by(_chunk.c.number)
                ).scalars()
            )
        for number in numbers:
            with self.transaction() as c:
                query = sa.select(_chunk.c.journal, _chunk.c.sha256, _chunk.c.whole)
                row = c.execute(query.where(_chunk.c.run == run, _chunk.c.number == number)).one()
            if hashlib.sha256(row.journal).hexdigest() != row.sha256:
                raise ShinraiError(
                    message("Chunk {number} was changed in the database after it came.", number=number),
                    fix=message("Share the run again with another label."),
                )
            yield HandedBack(number, bytes(row.journal), row.whole)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


@contextmanager
def opened(reference: str) -> Iterator[Database]:
    """Open the database that a reference names. ShinraiError: it leads to no PostgreSQL; the address is not shown."""
    database = Database(engine_for(reference))
    try:
        yield database
    finally:
        database.close()


def engine_for(reference: str) -> sa.Engine:
    """Return an engine for the address at `env:NAME` or `file:PATH`."""
    if not is_reference(reference):
        raise ShinraiError(
            message("The address of the database is given itself, instead of where it is."),
            fix=message("Put it into the environment or a file, and write `env:NAME` or `file:PATH`."),
        )
    try:
        url = sa.make_url(resolve(reference).value)
    except sa.exc.ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        raise ShinraiError(
            message("What {reference} names is no address of a PostgreSQL database.", reference=reference),
            fix=message("Put it there like `postgresql://user@host/name`."),
        ) from None
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=4,
            max_overflow=2,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "application_name": "shinrai"},
        )
    except ImportError:
        raise ShinraiError(
            message("Shared runs need what the extra `workers` brings."),
            fix=message("Install it: pip install 'shinrai[workers]'"),
        ) from None


@contextmanager
def refusals() -> Iterator[None]:
    """Turn errors of the database into ones that name neither address nor user."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        code = getattr(getattr(error, "orig", None), "sqlstate", None)
        raise DatabaseError(
            message("The database cannot be reached or refuses ({reason}).", reason=code or type(error).__name__),
            fix=message("Check address, network and rights of the database; what has come back is safe there."),
        ) from None


def _lock_number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
