"""A witness (C2SP tlog-witness): remembers the newest head of each log it is told of, and cosigns what continues it.

What it remembers is on the disk before a cosignature leaves. Comparing the old size with what is remembered and putting
the new head in its place are one transaction: two requests at once cannot set the memory back.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shinrai.evidence.cosignatures import WitnessKey, cosignature_line, cosigned_message, is_key_name, split_note
from shinrai.evidence.keys import Signer
from shinrai.language import ShinraiError, message
from shinrai_verify.encoding import Fault, Named, decimal, unbase64
from shinrai_verify.merkle import consistent
from shinrai_verify.note import NoteKey, open_note

MAX_REQUEST_BYTES = 128 * 1024
_MAX_HASHES = 63
_MAX_REFUSED = 1000
_EMPTY = hashlib.sha256(b"").digest()
_TABLES = """
CREATE TABLE IF NOT EXISTS head (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refused (
  number INTEGER PRIMARY KEY, origin TEXT NOT NULL, status INTEGER NOT NULL, seconds INTEGER NOT NULL,
  note TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: HTTP status, body and media type."""

    status: int
    body: str = ""
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Submission:
    """A request: the size that the log believes is remembered, the consistency proof from there, and the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """Return the body of the request."""
        from shinrai.evidence.proofs import base64_lines

        return f"old {self.old}\n{base64_lines(self.proof)}\n".encode() + self.note

    @classmethod
    def from_bytes(cls, data: bytes) -> "Submission":
        """Parse the body of a request; Fault when it is not exactly of its form."""
        what = Named("the request")
        head, separator, note = data.partition(b"\n\n")
        try:
            first, *rest = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Fault("{what} is not of the form that a witness takes", what=what) from error
        if not separator or not first.startswith("old ") or len(rest) > _MAX_HASHES:
            raise Fault("{what} is not of the form that a witness takes", what=what)
        proof = tuple(unbase64(line, what, standard=True) for line in rest)
        if any(len(value) != 32 for value in proof):
            raise Fault("{what} is not of the form that a witness takes", what=what)
        return cls(decimal(first.removeprefix("old "), what), proof, note)


class WitnessService:
    """Decides on submissions. Safe for any number of threads and processes over one file."""

    def __init__(
        self,
        path: Path,
        name: str,
        signer: Signer,
        logs: Sequence[NoteKey],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not is_key_name(name):
            raise ShinraiError(
                message("A witness cannot be called “{name}”.", name=name),
                fix=message("Give an address without a scheme, blanks or plus signs, such as witness.example/w1."),
            )
        self.key = WitnessKey(name, signer.public)
        self._path, self._signer, self._now = path, signer, now
        self._logs: Mapping[str, list[NoteKey]] = {
            log.name: [each for each in logs if each.name == log.name] for log in logs
        }
        with self._open() as db:
            db.executescript(_TABLES)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            for setting in ("journal_mode=WAL", "synchronous=FULL"):
                db.execute(f"PRAGMA {setting}")
            yield db
        finally:
            db.close()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Decide on a request: 200 with the cosignature; 400 malformed, 403 signature, 404 log, 409 size, 422 proof."""
        try:
            asked = Submission.from_bytes(body)
            origin, size, head = _three_lines(split_note(asked.note)[0])
        except Fault as fault:
            return Answer(400, f"{fault}\n")
        if origin not in self._logs:
            return Answer(404, "this log is not known here\n")
        try:
            text = open_note(asked.note, self._logs[origin], "the checkpoint")
        except Fault as fault:
            return Answer(403, f"{fault}\n")
        if asked.old > size:
            return Answer(400, "the old size is beyond the checkpoint\n")
        refused = self._take(asked, origin, size, head)
        if refused is not None:
            return refused
        seconds = int(self._now().timestamp())
        return Answer(200, cosignature_line(self.key, seconds, self._signer.sign(cosigned_message(text, seconds))))

    def _take(self, asked: Submission, origin: str, size: int, head: bytes) -> Answer | None:
        """Put the new head in place of the remembered one if it continues it; else return what to answer."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute("SELECT size, root FROM head WHERE origin = ?", (origin,)).fetchone()
            known, remembered = row or (0, _EMPTY)
            if asked.old != known:
                db.execute("ROLLBACK")
                return Answer(409, f"{known}\n", "text/x.tlog.size")
            refused = None
            if known == size and row is not None and head != remembered:
                refused = Answer(409, f"{known}\n", "text/x.tlog.size")
            elif not _proved(asked, remembered, size, head):
                refused = Answer(422, "the consistency proof does not hold\n")
            if refused is None:
                note = asked.note.decode()
                db.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)", (origin, size, head, note))
            else:
                # The log signed both: kept, since the two notes together may prove that it forked.
                self._keep(db, origin, refused.status, asked.note)
            db.execute("COMMIT")
        return refused

    def _keep(self, db: sqlite3.Connection, origin: str, status: int, note: bytes) -> None:
        (held,) = db.execute("SELECT count(*) FROM refused").fetchone()
        if held < _MAX_REFUSED:
            seconds = int(self._now().timestamp())
            values = (origin, status, seconds, note.decode())
            db.execute("INSERT INTO refused (origin, status, seconds, note) VALUES (?, ?, ?, ?)", values)

    def newest(self, origin: str) -> bytes | None:
        """Return the newest checkpoint cosigned for a log, for others to compare theirs with; None if there is none."""
        with self._open() as db:
            row = db.execute("SELECT note FROM head WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else str(row[0]).encode()

    def refused(self) -> list[tuple[str, int, bytes]]:
        """Return origin, status and note of the signed checkpoints that did not continue what was remembered."""
        with self._open() as db:
            rows = db.execute("SELECT origin, status, note FROM refused ORDER BY number").fetchall()
        return [(origin, status, note.encode()) for origin, status, note in rows]


def _proved(asked: Submission, remembered: bytes, size: int, head: bytes) -> bool:
    if asked.old == 0:
        return not asked.proof and (size > 0 or head == _EMPTY)
    return consistent(asked.old, remembered, size, head, asked.proof)


def _three_lines(text: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint; lines after them are the log's own and are passed over."""
    what = Named("the checkpoint")
    lines = text.split("\n")
    if len(lines) < 4 or not is_key_name(lines[0].replace(" ", "")) or any(not line for line in lines[3:-1]):
        raise Fault("{what} is not a checkpoint", what=what)
    head = unbase64(lines[2], what, standard=True)
    if len(head) != 32:
        raise Fault("{what} is not a checkpoint", what=what)
    return lines[0], decimal(lines[1], what), head
