"""Proofs that an entry is in the log, and that the log only grew, read from the stored nodes.

A proof goes out as a C2SP tlog-proof file, which holds everything an outsider needs beside the entry and the log's key.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from shinrai.evidence.merkle import consistency_spans, inclusion_spans
from shinrai.evidence.nodes import span_hashes
from shinrai_verify.encoding import Fault, Named, decimal, unbase64
from shinrai_verify.merkle import included, leaf_hash
from shinrai_verify.note import Checkpoint, NoteKey, open_note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_BYTES = 128 * 1024
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an entry stands, the audit path from its sibling up, and the checkpoint note that covers it.

    extra: bytes of the application's own, which nothing authenticates.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_bytes(self) -> bytes:
        """Return the tlog-proof file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [_base64(value) for value in self.path]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def from_bytes(cls, data: bytes) -> "Proof":
        """Parse a tlog-proof file; Fault for whatever is not exactly of its form. The note in it is not verified."""
        what = Named("the proof")
        if len(data) > MAX_BYTES:
            raise Fault("{what} is larger than {limit} bytes", what=what, limit=MAX_BYTES)
        head, separator, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            lines = []
        if not separator or lines[:1] != [HEADER]:
            raise Fault("{what} is not a tlog-proof file", what=what)
        extra = None
        if len(lines) > 1 and lines[1].startswith("extra "):
            extra = unbase64(lines.pop(1).removeprefix("extra "), what, standard=True)
        if len(lines) < 2 or not lines[1].startswith("index ") or len(lines) - 2 > _MAX_HASHES:
            raise Fault("{what} is not a tlog-proof file", what=what)
        index = decimal(lines[1].removeprefix("index "), what)
        path = tuple(unbase64(line, what, standard=True) for line in lines[2:])
        if any(len(value) != 32 for value in path):
            raise Fault("{what} is not a tlog-proof file", what=what)
        return cls(index, path, checkpoint, extra)

    def verify(self, entry: bytes, keys: Iterable[NoteKey]) -> Checkpoint:
        """Return the checkpoint that the entry is proved to be under; Fault where it is not, or no key is known."""
        what = Named("the proof")
        head = Checkpoint.parse(open_note(self.checkpoint, keys, what), what)
        if not included(leaf_hash(entry), self.index, head.size, self.path, head.root):
            raise Fault("{what} does not show that the entry is in the log", what=what)
        return head


def inclusion(db: Connection, index: int, size: int) -> list[bytes]:
    """Return the audit path of an entry in the tree over the first `size` entries."""
    return span_hashes(db, inclusion_spans(index, size))


def consistency(db: Connection, old: int, new: int) -> list[bytes]:
    """Return the proof that the first `old` entries are a prefix of the first `new`; empty when one of them is none."""
    return span_hashes(db, consistency_spans(old, new))


def base64_lines(hashes: Sequence[bytes]) -> str:
    """Return hashes as the formats of C2SP carry them: one a line."""
    return "".join(f"{_base64(value)}\n" for value in hashes)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
