"""The append-only log in the embedded database, its publisher, and the check that re-hashes everything.

Append and publish are two transactions: an entry is durable when `append` returns and provable when `publish` returns.
The publisher signs only heads that continue the last one it signed; that high-water mark is kept beside the key,
outside the database, so that a restored backup of the database cannot make it sign a second history.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from shinrai.evidence import schema
from shinrai.evidence.database import open_database
from shinrai.evidence.home import Home
from shinrai.evidence.keys import load_signer
from shinrai.evidence.merkle import Node, completed, peaks, root_from_peaks
from shinrai.language import ShinraiError, message
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.encoding import Fault, strict_json, unbase64
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, open_note, signature_line
from shinrai_verify.verify import envelope_leaves

LOG_ID = 1
PAYLOAD_MEDIA_TYPE = "application/vnd.in-toto+json"


class LogFault(ShinraiError):  # noqa: N818  (a fault of the log, not of a call)
    """The log in the database is not the log that was signed."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An envelope and where its first signature stands in the log."""

    index: int
    envelope: Envelope
    statement: Statement


@dataclass(frozen=True, slots=True)
class Addition:
    """What one transaction adds: signed statements, the contents they name, and the step of a run they complete."""

    envelopes: Sequence[Envelope]
    blobs: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    run: str | None = None
    step: str | None = None


class Store:
    """The log of one data folder."""

    def __init__(self, home: Home) -> None:
        self._mark = home.keys / "log-high-water.json"
        self._signer = load_signer(home.keys, "log")
        origin = f"shinrai.example/log/{self._signer.keyid[:16]}"
        self.key = NoteKey(origin, self._signer.public)
        self._engine: Engine = open_database(home.database)
        with self._engine.begin() as db:
            if db.execute(select(schema.log.c.log_id)).first() is None:
                db.execute(insert(schema.log).values(log_id=LOG_ID, origin=origin, size=0))
            elif db.execute(select(schema.log.c.origin)).scalar_one() != origin:
                raise LogFault(
                    message("The database {path} belongs to another log key.", path=home.database),
                    fix=message("Restore the key {path} that belongs to it.", path=home.keys / "log.pem"),
                )

            first = db.execute(select(schema.log_leaf.c.entry).where(schema.log_leaf.c.idx == 0)).scalar()
            if first is not None and b'"subject":' not in bytes(first):
                raise LogFault(
                    message("The log in {path} was begun in an earlier form of its entries.", path=home.database),
                    fix=message(
                        "Keep that folder for its bundles and go on in a new one, with --home or SHINRAI_HOME."
                    ),
                )

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def append(self, addition: Addition) -> list[int]:
        """Log statements with their contents in one transaction; returns the log index of each envelope.

        A statement that is already in the log keeps its place. If the step was completed before, nothing is added and
        the indexes of that time are returned.
        """
        with self._engine.begin() as db:
            if addition.run is not None and addition.step is not None:
                done = self._step(db, addition.run, addition.step)
                if done:
                    return done
            for sha256, (media_type, data) in addition.blobs.items():
                _put(db, sha256, media_type, data)
            indexes = [self._append_one(db, envelope) for envelope in addition.envelopes]
            if addition.run is not None and addition.step is not None:
                rows = [
                    {"run": addition.run, "step": addition.step, "part": part, "idx": index}
                    for part, index in enumerate(indexes)
                ]
                db.execute(insert(schema.run_step), rows)
            return indexes

    def _append_one(self, db: Connection, envelope: Envelope) -> int:
        statement = Statement.from_bytes(envelope.payload, "a statement")
        _put(db, envelope.payload_sha256, PAYLOAD_MEDIA_TYPE, envelope.payload)
        first: int | None = None
        for entry, _ in envelope_leaves(envelope, statement.predicate_type):
            leaf = leaf_hash(entry)
            found_by = {"payload": bytes.fromhex(envelope.payload_sha256), "predicate_type": statement.predicate_type}
            present = db.execute(
                select(schema.log_leaf.c.idx).where(
                    schema.log_leaf.c.log_id == LOG_ID, schema.log_leaf.c.leaf_hash == leaf
                )
            ).scalar()
            index = present if present is not None else self._grow(db, leaf, entry, found_by)
            first = index if first is None else first
        if first is None:
            raise ValueError("an envelope needs a signature")
        return first

    def _grow(self, db: Connection, leaf: bytes, entry: bytes, found_by: Mapping[str, object]) -> int:
        size = db.execute(
            update(schema.log)
            .where(schema.log.c.log_id == LOG_ID)
            .values(size=schema.log.c.size + 1)
            .returning(schema.log.c.size)
        ).scalar_one()
        index = int(size) - 1
        db.execute(insert(schema.log_leaf).values(log_id=LOG_ID, idx=index, leaf_hash=leaf, entry=entry, **found_by))
        for (level, position), value in completed(index, [leaf], lambda node: _node(db, node)).items():
            db.execute(insert(schema.log_node).values(log_id=LOG_ID, level=level, idx=position, hash=value))
        return index

    def publish(self) -> bytes:
        """Sign the present head, if it continues the last one signed; returns the checkpoint note."""
        with self._engine.begin() as db:
            size = int(db.execute(select(schema.log.c.size)).scalar_one())
            head = Checkpoint(self.key.name, size, _root_at(db, size))
            signed = self._read_mark()
            if signed.size > size or (signed.size and _root_at(db, signed.size) != signed.root):
                raise LogFault(
                    message(
                        "The log has {size} entries and does not continue the {signed} that were signed.",
                        size=size,
                        signed=signed.size,
                    ),
                    fix=message(
                        "An old copy of the database was restored, or entries were changed. Restore the newest copy."
                    ),
                )
            note = head.text + "\n" + signature_line(self.key, self._signer.sign(head.text.encode()))
            self._write_mark(head)
            if (
                db.execute(select(schema.log_checkpoint.c.size).where(schema.log_checkpoint.c.size == size)).first()
                is None
            ):
                db.execute(insert(schema.log_checkpoint).values(log_id=LOG_ID, size=size, root=head.root, note=note))
            return note.encode()

    def _read_mark(self) -> Checkpoint:
        if not self._mark.exists():
            return Checkpoint(self.key.name, 0, root([]))
        record = json.loads(self._mark.read_bytes())
        return Checkpoint(self.key.name, int(record["size"]), bytes.fromhex(record["root"]))

    def _write_mark(self, head: Checkpoint) -> None:
        fresh = self._mark.with_suffix(".new")
        with fresh.open("w") as stream:
            json.dump({"size": head.size, "root": head.root.hex()}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._mark)

    def finish(self, run: str, step: str, index: int) -> None:
        """Record that a step whose work lies outside the log is done; index: the log entry that it was done for."""
        with self._engine.begin() as db:
            if not self._step(db, run, step):
                db.execute(insert(schema.run_step).values(run=run, step=step, part=0, idx=index))

    def leaves(self) -> list[bytes]:
        """Return all leaf hashes in order."""
        with self._engine.connect() as db:
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
        with self._engine.connect() as db:
            return [self._at(db, index) for index in self._step(db, run, step)]

    def logged(self, payload_sha256s: Iterable[str]) -> list[Logged]:
        """Return the logged envelopes of these payloads."""
        with self._engine.connect() as db:
            return [self._logged(db, bytes.fromhex(sha256)) for sha256 in payload_sha256s]

    def of_type(self, predicate_type: str) -> list[Logged]:
        """Return every logged statement of a type, in log order."""
        with self._engine.connect() as db:
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
        with self._engine.connect() as db:
            found = db.execute(query.where(leaf.predicate_type == predicate_type).order_by(leaf.idx)).all()
        return [_raw(data) for payload, data in found if hashlib.sha256(_raw(data)).digest() == _raw(payload)]

    def blob(self, sha256: str) -> bytes:
        """Return a stored content by its digest; KeyError when it is not here."""
        with self._engine.connect() as db:
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
        with self._engine.connect() as db:
            size = int(db.execute(select(schema.log.c.size)).scalar_one())
            rows = db.execute(
                select(schema.log_leaf).where(schema.log_leaf.c.log_id == LOG_ID).order_by(schema.log_leaf.c.idx)
            ).all()
            faults = [] if [row.idx for row in rows] == list(range(size)) else ["the indexes of the entries have a gap"]
            for row in rows:
                faults += [f"entry {row.idx}: {fault}" for fault in _check_entry(db, row, keys)]
            hashes = [leaf_hash(_raw(row.entry)) for row in rows]
            for node in db.execute(select(schema.log_node)).all():
                span = hashes[node.idx << node.level : (node.idx + 1) << node.level]
                if len(span) != 1 << node.level or root(span) != _raw(node.hash):
                    faults.append(f"node {node.level}/{node.idx} does not match the entries below it")
            for point in db.execute(select(schema.log_checkpoint)).all():
                faults += self._check_checkpoint(point.size, _raw(point.root), point.note, hashes)
            for stored in db.execute(select(schema.blob.c.sha256, schema.blob.c.data)).all():
                if hashlib.sha256(_raw(stored.data)).digest() != _raw(stored.sha256):
                    faults.append(f"content {_raw(stored.sha256).hex()} is not what its digest says")
        return faults

    def _check_checkpoint(self, size: int, head: bytes, note: str, hashes: Sequence[bytes]) -> list[str]:
        try:
            signed = Checkpoint.parse(open_note(note.encode(), [self.key], "the checkpoint"), "the checkpoint")
        except Fault as fault:
            return [f"checkpoint {size}: {fault}"]
        if (signed.size, signed.root) != (size, head) or len(hashes) < size or root(hashes[:size]) != head:
            return [f"checkpoint {size} does not match the entries"]
        return []


def _check_entry(db: Connection, row: Any, keys: Mapping[str, bytes]) -> list[str]:
    if leaf_hash(_raw(row.entry)) != _raw(row.leaf_hash):
        return ["its hash does not match"]
    record = strict_json(_raw(row.entry), "a log entry")
    payload = db.execute(
        select(schema.blob.c.data).where(schema.blob.c.sha256 == bytes.fromhex(record["payload"]))
    ).scalar()
    if payload is None:
        return ["its payload is missing"]
    envelope = Envelope(_raw(payload), (Signature(record["keyid"], unbase64(record["sig"], "a log entry")),))
    if (record["payload"], record["type"]) != (_raw(row.payload).hex(), row.predicate_type):
        return ["what it is found by does not match it"]
    if record["keyid"] not in keys or not verifies(keys[record["keyid"]], envelope.signatures[0].sig, envelope.pae):
        return ["its signature is not good, or its key is not known"]
    return []


def _raw(value: Any) -> bytes:
    """Return what a column holds as bytes, whatever type a meddler gave it."""
    return value if isinstance(value, bytes) else str(value).encode()


def _put(db: Connection, sha256: str, media_type: str, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError("the content does not have the digest it is stored under")
    key = bytes.fromhex(sha256)
    if db.execute(select(schema.blob.c.size).where(schema.blob.c.sha256 == key)).first() is None:
        db.execute(insert(schema.blob).values(sha256=key, size=len(data), media_type=media_type, data=data))


def _node(db: Connection, node: Node) -> bytes:
    level, index = node
    if level == 0:
        query = select(schema.log_leaf.c.leaf_hash).where(
            schema.log_leaf.c.log_id == LOG_ID, schema.log_leaf.c.idx == index
        )
    else:
        query = select(schema.log_node.c.hash).where(
            schema.log_node.c.log_id == LOG_ID, schema.log_node.c.level == level, schema.log_node.c.idx == index
        )
    return bytes(db.execute(query).scalar_one())


def _root_at(db: Connection, size: int) -> bytes:
    return root_from_peaks([_node(db, node) for node in peaks(size)])
