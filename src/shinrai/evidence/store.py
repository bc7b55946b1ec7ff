"""The append-only log: what is added stands in it for good, and is answered with a proof.

A batch is appended in one transaction that holds the log's row, on SQLite and PostgreSQL alike, so that writers on
however many machines leave no gap and no duplicate. Signing heads is the publisher's work, in a transaction of its own:
an entry is durable when `append` returns and provable when `publish` returns; `append_and_prove` does both.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text, update

from shinrai.evidence import schema
from shinrai.evidence.database import open_log_database, reading, refusals, rewrite_freed
from shinrai.evidence.high_water import HighWaterMark
from shinrai.evidence.home import Home
from shinrai.evidence.log_keys import present_signer, turns_in
from shinrai.evidence.merkle import completed, peaks
from shinrai.evidence.nodes import MissingNodeError, fetch
from shinrai.evidence.proofs import Proof, consistency, inclusion
from shinrai.evidence.publisher import LogFault, Publisher, hold
from shinrai.evidence.schema import LOG_ID
from shinrai.evidence.withholding import WITHHELD, erased_by, withheld_digests
from shinrai.language import ShinraiError, message
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.encoding import strict_json, unbase64
from shinrai_verify.merkle import included, leaf_hash
from shinrai_verify.note import Checkpoint, NoteKey, open_note
from shinrai_verify.verify import leaf_bytes

__all__ = ["PAYLOAD_MEDIA_TYPE", "Addition", "LogFault", "Logged", "Store"]

PAYLOAD_MEDIA_TYPE = "application/vnd.in-toto+json"
MAX_LEAF_BYTES = 16 * 1024
_UNKNOWN = "application/octet-stream"
_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Logged:
    """An envelope and where its first signature stands in the log."""

    index: int
    envelope: Envelope
    statement: Statement


@dataclass(frozen=True, slots=True)
class Addition:
    """What one transaction adds: signed statements, the contents they name, and the step of a run they complete.

    at: the size that the log must have, where what is signed depends on it.
    """

    envelopes: Sequence[Envelope]
    blobs: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    run: str | None = None
    step: str | None = None
    at: int | None = None


class GrownError(Exception):
    """The log has another size than an addition needs; nothing was added."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An entry about to be logged, with the copies of its fields that it is found by."""

    hash: bytes
    entry: bytes
    payload: bytes
    predicate_type: str


class Store:
    """The log of one data folder."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._engine: Engine = open_log_database(home)
        with self._reading() as db:
            turns = turns_in(db)
        try:
            signer = present_signer(home.keys, turns)
        except ShinraiError:
            self.close()
            raise
        name = turns[0].name if turns else f"shinrai.example/log/{signer.keyid[:16]}"
        self.key = NoteKey(name, signer.public, since=turns[-1].since if turns else 0)
        self.keys = turns or (self.key,)
        mark = HighWaterMark(home.keys / "log-high-water.json", self.key.name)
        self.publisher = Publisher(self._engine, self.key, signer, mark)
        with refusals(), self._engine.begin() as db:
            made = "INSERT INTO log (log_id, origin, size) VALUES (:id, :origin, 0) ON CONFLICT DO NOTHING"
            db.execute(text(made), {"id": LOG_ID, "origin": self.key.name})
            origin = db.execute(select(schema.log.c.origin)).scalar_one()
            first = db.execute(select(schema.log_leaf.c.entry).where(schema.log_leaf.c.idx == 0)).scalar()
        if origin != self.key.name:
            self.close()
            raise LogFault(
                message("The database {path} belongs to another log key.", path=home.database),
                fix=message("Restore the key {path} that belongs to it.", path=home.keys / "log.pem"),
            )
        if first is not None and b'"subject":' not in bytes(first):
            self.close()
            raise LogFault(
                message("The log in {path} was begun in an earlier form of its entries.", path=home.database),
                fix=message("Keep that folder for its bundles and go on in a new one, with --home or SHINRAI_HOME."),
            )

    keys: tuple[NoteKey, ...]
    """The log's keys in their turns; the last one is the present one."""

    @property
    def engine(self) -> Engine:
        """The database; an address in it carries a password."""
        return self._engine

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def append(self, addition: Addition) -> list[int]:
        """Log statements with their contents in one transaction; returns the log index of each envelope.

        A statement that is already in the log keeps its place. If the step was completed before, nothing is added and
        the indexes of that time are returned.
        """
        with self._writing() as (db, size):
            if addition.run is not None and addition.step is not None:
                done = self._step(db, addition.run, addition.step)
                if done:
                    return done
            if addition.at not in (None, size):
                raise GrownError
            indexes = _add(db, size, addition)
            if addition.run is not None and addition.step is not None:
                rows = [
                    {"run": addition.run, "step": addition.step, "part": part, "idx": index}
                    for part, index in enumerate(indexes)
                ]
                db.execute(insert(schema.run_step), rows)
            return indexes

    def append_and_prove(self, addition: Addition) -> list[Proof]:
        """Log statements and answer with a proof for each envelope, under a checkpoint that is published."""
        indexes = self.append(addition)
        note = self.newest_checkpoint()
        if note is None or not self._covers(note, indexes):
            note = self.publish()
        return [self.prove(index, note) for index in indexes]

    def publish(self) -> bytes:
        """Sign the present head, if it continues the last one signed; returns the checkpoint note."""
        return self.publisher.publish()

    def newest_checkpoint(self) -> bytes | None:
        """Return the newest published checkpoint note, None where none was published."""
        return next(iter(self.checkpoints(1)), None)

    def checkpoints(self, most: int) -> list[bytes]:
        """Return the newest published checkpoint notes, the newest first."""
        with self._reading() as db:
            return self._notes(db, most)

    @staticmethod
    def _notes(db: Connection, most: int) -> list[bytes]:
        point = schema.log_checkpoint.c
        query = select(point.note).where(point.log_id == LOG_ID).order_by(point.size.desc()).limit(most)
        return [str(row[0]).encode() for row in db.execute(query)]

    def prove(self, index: int, note: bytes | None = None) -> Proof:
        """Return the proof that an entry is under a published checkpoint, the newest unless one is given.

        ShinraiError where no checkpoint covers the entry yet; LogFault where the stored tree does not match it.
        """
        leaf = schema.log_leaf.c
        with self._reading() as db, _intact():
            note = note or next(iter(self._notes(db, 1)), None)
            head = None if note is None else self._head(note)
            if note is None or head is None or not 0 <= index < head.size:
                raise ShinraiError(
                    message("No published checkpoint covers the entry {index}.", index=index),
                    fix=message("Publish one: shinrai log publish"),
                )
            entry = db.execute(select(leaf.entry).where(leaf.log_id == LOG_ID, leaf.idx == index)).scalar()
            path = inclusion(db, index, head.size)
        if not included(leaf_hash(_raw(entry)), index, head.size, path, head.root):
            raise LogFault(
                message("The stored tree does not match the entries."),
                fix=message("See what is damaged: shinrai log fsck. Then restore the newest copy."),
            )
        return Proof(index, tuple(path), note)

    def entry(self, index: int) -> bytes:
        """Return the bytes of a log entry; KeyError when there is none."""
        leaf = schema.log_leaf.c
        with self._reading() as db:
            entry = db.execute(select(leaf.entry).where(leaf.log_id == LOG_ID, leaf.idx == index)).scalar()
        if entry is None:
            raise KeyError(index)
        return bytes(entry)

    def index_of(self, payload_sha256: str) -> int:
        """Return where the first signature of a statement stands; KeyError when it is not in the log."""
        leaf = schema.log_leaf.c
        with self._reading() as db:
            query = select(leaf.idx).where(leaf.log_id == LOG_ID, leaf.payload == bytes.fromhex(payload_sha256))
            index = db.execute(query.order_by(leaf.idx).limit(1)).scalar()
        if index is None:
            raise KeyError(payload_sha256)
        return int(index)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first `old` entries are a prefix of the first `new`."""
        with self._reading() as db, _intact():
            return consistency(db, old, new)

    def _head(self, note: bytes) -> Checkpoint:
        return Checkpoint.parse(open_note(note, self.keys, "the checkpoint"), "the checkpoint")

    def _covers(self, note: bytes, indexes: Iterable[int]) -> bool:
        size = self._head(note).size
        return all(0 <= index < size for index in indexes)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, int]]:
        with refusals(), self._engine.begin() as db:
            yield db, hold(db)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with refusals(), reading(self._engine) as db:
            yield db

    def withhold(self, declarations: Sequence[Envelope]) -> list[int]:
        """Log signed declarations and take out, in that transaction, the contents that they name; returns the indexes.

        Digests and log stay as they are; a content that was never in the database is marked, so that it cannot come
        in. Without declarations, what earlier ones left in the database's own files goes. ShinraiError where a content
        is a signed statement: those stay.
        """
        about = [Statement.from_bytes(each.payload, "the declaration") for each in declarations]
        named = {bytes.fromhex(value) for each in about for value in withheld_digests(each)}
        indexes: list[int] = []
        with self._writing() as (db, size):
            leaf, blob = schema.log_leaf.c, schema.blob.c
            if db.execute(select(leaf.idx).where(leaf.payload.in_(named)).limit(1)).first() is not None:
                raise ShinraiError(
                    message("A signed statement is never taken out of the log; the contents that it names can be."),
                    fix=message("Supersede the statement by a newer one."),
                )
            if declarations:
                held = {bytes(row[0]) for row in db.execute(select(blob.sha256).where(blob.sha256.in_(named)))}
                indexes = _add(db, size, Addition(declarations))
                db.execute(update(schema.blob).where(blob.sha256.in_(named)).values(data=None))
                never = [{"sha256": each, "size": 0, "media_type": _UNKNOWN, "data": None} for each in named - held]
                if never:
                    db.execute(insert(schema.blob), never)
        rewrite_freed(self._engine)
        return indexes

    def erased(self) -> Mapping[str, int]:
        """Return the digest of every content that was declared erased, with the entry that declares it."""
        return erased_by((logged.index, logged.statement) for logged in self.of_type(WITHHELD))

    def finish(self, run: str, step: str, index: int) -> None:
        """Record that a step whose work lies outside the log is done; index: the log entry that it was done for."""
        with self._writing() as (db, _):
            if not self._step(db, run, step):
                db.execute(insert(schema.run_step).values(run=run, step=step, part=0, idx=index))

    def leaves(self) -> list[bytes]:
        """Return all leaf hashes in order."""
        with self._reading() as db:
            query = (
                select(schema.log_leaf.c.leaf_hash)
                .where(schema.log_leaf.c.log_id == LOG_ID)
                .order_by(schema.log_leaf.c.idx)
            )
            return [bytes(row[0]) for row in db.execute(query)]

    def entries(self) -> list[bytes]:
        """Return all entries in order, as they were logged."""
        leaf = schema.log_leaf.c
        with self._engine.connect() as db:
            query = select(leaf.entry).where(leaf.log_id == LOG_ID).order_by(leaf.idx)
            return [bytes(row[0]) for row in db.execute(query)]

    def step(self, run: str, step: str) -> list[Logged]:
        """Return what a step of a run has logged, in order; nothing when it has not been completed."""
        with self._reading() as db:
            return [self._at(db, index) for index in self._step(db, run, step)]

    def logged(self, payload_sha256s: Iterable[str]) -> list[Logged]:
        """Return the logged envelopes of these payloads."""
        with self._reading() as db:
            return [self._logged(db, bytes.fromhex(sha256)) for sha256 in payload_sha256s]

    def of_type(self, predicate_type: str) -> list[Logged]:
        """Return every logged statement of a type, in log order."""
        with self._reading() as db:
            query = (
                select(schema.log_leaf.c.payload)
                .where(schema.log_leaf.c.log_id == LOG_ID, schema.log_leaf.c.predicate_type == predicate_type)
                .order_by(schema.log_leaf.c.idx)
            )
            payloads = dict.fromkeys(bytes(row[0]) for row in db.execute(query))
            return [self._logged(db, payload) for payload in payloads]

    def payloads(self, predicate_type: str) -> list[bytes]:
        """Return the statements of a type that are as they were signed, also from a log that is damaged elsewhere."""
        leaf, blob = schema.log_leaf.c, schema.blob.c
        query = select(leaf.payload, blob.data).join(schema.blob, blob.sha256 == leaf.payload)
        with self._reading() as db:
            found = db.execute(query.where(leaf.predicate_type == predicate_type).order_by(leaf.idx)).all()
        return [_raw(data) for payload, data in found if hashlib.sha256(_raw(data)).digest() == _raw(payload)]

    def blob(self, sha256: str) -> bytes:
        """Return a stored content by its digest; KeyError when it is not here."""
        with self._reading() as db:
            data = db.execute(select(schema.blob.c.data).where(schema.blob.c.sha256 == bytes.fromhex(sha256))).scalar()
        if data is None:
            raise KeyError(sha256)
        return bytes(data)

    def _step(self, db: Connection, run: str, step: str) -> list[int]:
        query = (
            select(schema.run_step.c.idx)
            .where(schema.run_step.c.run == run, schema.run_step.c.step == step)
            .order_by(schema.run_step.c.part)
        )
        return [int(row[0]) for row in db.execute(query)]

    def _at(self, db: Connection, index: int) -> Logged:
        """Return the statement at an index with the one signature that stands there."""
        leaf = schema.log_leaf.c
        entry, payload = db.execute(
            select(leaf.entry, leaf.payload).where(leaf.log_id == LOG_ID, leaf.idx == index)
        ).one()
        return self._open(db, index, bytes(payload), [bytes(entry)])

    def _logged(self, db: Connection, payload: bytes) -> Logged:
        """Return a statement with all signatures that were logged for it."""
        leaf = schema.log_leaf.c
        query = select(leaf.idx, leaf.entry).where(leaf.log_id == LOG_ID, leaf.payload == payload).order_by(leaf.idx)
        rows = db.execute(query).all()
        return self._open(db, int(rows[0][0]), payload, [bytes(entry) for _, entry in rows])

    def _open(self, db: Connection, index: int, payload: bytes, entries: Sequence[bytes]) -> Logged:
        data = bytes(db.execute(select(schema.blob.c.data).where(schema.blob.c.sha256 == payload)).scalar_one())
        records = [strict_json(entry, "a log entry") for entry in entries]
        # In the order of a bundle, in which an envelope has one spelling.
        ordered = sorted(records, key=lambda record: str(record["keyid"]))
        signatures = tuple(Signature(record["keyid"], unbase64(record["sig"], "a log entry")) for record in ordered)
        return Logged(index, Envelope(data, signatures), Statement.from_bytes(data, "a statement"))

    def check(self, keys: Mapping[str, bytes]) -> list[str]:
        """Re-hash the whole log and return what is wrong with it, nothing when all is well.

        keys: keyid -> raw public key, of every signer known; entries by other keys are reported too.
        """
        from shinrai.evidence.fsck import fsck

        return [str(finding) for finding in fsck(self, keys=keys).findings]


def _add(db: Connection, size: int, addition: Addition) -> list[int]:
    """Write contents, entries and the nodes that they complete; returns the index of each envelope."""
    contents = dict(addition.blobs)
    leaves: list[list[_Leaf]] = []
    for envelope in addition.envelopes:
        contents[envelope.payload_sha256] = (PAYLOAD_MEDIA_TYPE, envelope.payload)
        leaves.append(_leaves(envelope))
    _put(db, contents)
    wanted = {leaf.hash: leaf for of_one in leaves for leaf in of_one}
    places = _places(db, list(wanted))
    fresh = [leaf for leaf in wanted.values() if leaf.hash not in places]
    places |= {leaf.hash: size + number for number, leaf in enumerate(fresh)}
    if fresh:
        _grow(db, size, fresh)
    return [places[of_one[0].hash] for of_one in leaves]


def _leaves(envelope: Envelope) -> list[_Leaf]:
    """Return the log entries of an envelope, one for each signature."""
    statement = Statement.from_bytes(envelope.payload, "a statement")
    pae, payload = hashlib.sha256(envelope.pae).hexdigest(), envelope.payload_sha256
    made = []
    for signature in envelope.signatures:
        encoded = base64.b64encode(signature.sig).decode()
        entry = leaf_bytes(signature.keyid, encoded, pae, payload, statement.subject_sha256, statement.predicate_type)
        if len(entry) > MAX_LEAF_BYTES:
            raise ValueError(f"a log entry has at most {MAX_LEAF_BYTES} bytes, this one {len(entry)}")
        made.append(_Leaf(leaf_hash(entry), entry, bytes.fromhex(payload), statement.predicate_type))
    if not made:
        raise ValueError("an envelope needs a signature")
    return made


def _grow(db: Connection, size: int, fresh: Sequence[_Leaf]) -> None:
    with _intact():
        edge = fetch(db, peaks(size))
    nodes = completed(size, [leaf.hash for leaf in fresh], lambda node: edge[node])
    rows = [
        {
            "log_id": LOG_ID,
            "idx": index,
            "leaf_hash": leaf.hash,
            "entry": leaf.entry,
            "payload": leaf.payload,
            "predicate_type": leaf.predicate_type,
        }
        for index, leaf in enumerate(fresh, start=size)
    ]
    db.execute(insert(schema.log_leaf), rows)
    if nodes:
        above = [
            {"log_id": LOG_ID, "level": level, "idx": index, "hash": value} for (level, index), value in nodes.items()
        ]
        db.execute(insert(schema.log_node), above)
    db.execute(update(schema.log).where(schema.log.c.log_id == LOG_ID).values(size=size + len(fresh)))


def _places(db: Connection, hashes: Sequence[bytes]) -> dict[bytes, int]:
    """Return where those of the entries stand that are in the log already."""
    leaf = schema.log_leaf.c
    found: dict[bytes, int] = {}
    for start in range(0, len(hashes), _AT_ONCE):
        query = select(leaf.leaf_hash, leaf.idx).where(
            leaf.log_id == LOG_ID, leaf.leaf_hash.in_(hashes[start : start + _AT_ONCE])
        )
        found |= {bytes(value): int(index) for value, index in db.execute(query)}
    return found


def _put(db: Connection, contents: Mapping[str, tuple[str, bytes]]) -> None:
    """Store contents that are not there yet. ShinraiError where one was taken out on purpose: it does not come back."""
    for sha256, (_, data) in contents.items():
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("the content does not have the digest it is stored under")
    keys = [bytes.fromhex(sha256) for sha256 in contents]
    blob = schema.blob.c
    known: dict[bytes, bool] = {}
    for start in range(0, len(keys), _AT_ONCE):
        query = select(blob.sha256, blob.data.is_(None)).where(blob.sha256.in_(keys[start : start + _AT_ONCE]))
        known |= {bytes(key): bool(gone) for key, gone in db.execute(query)}
    for key, gone in known.items():
        if gone:
            raise ShinraiError(
                message("The content {digest} was taken out of the database on purpose.", digest=key.hex()),
                fix=message("Use other content: what was erased is not brought back unseen."),
            )
    rows = [
        {"sha256": bytes.fromhex(sha256), "size": len(data), "media_type": media_type, "data": data}
        for sha256, (media_type, data) in contents.items()
        if bytes.fromhex(sha256) not in known
    ]
    if rows:
        db.execute(insert(schema.blob), rows)


@contextmanager
def _intact() -> Iterator[None]:
    """Say of a missing hash what to do about it."""
    try:
        yield
    except MissingNodeError as missing:
        raise LogFault(
            message("The hash {level}/{index} of the tree is missing.", level=missing.node[0], index=missing.node[1]),
            fix=message("See what is damaged: shinrai log fsck. Then restore the newest copy."),
        ) from None


def _raw(value: Any) -> bytes:
    """Return what a column holds as bytes, whatever type a meddler gave it."""
    return value if isinstance(value, bytes) else str(value).encode()
