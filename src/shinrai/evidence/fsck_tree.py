"""Entries, nodes and checkpoints: hash every entry, build the tree over them, compare what is stored."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select

from shinrai.evidence.faults import in_words
from shinrai.evidence.findings import FORGED, RESTORE, Findings, Progress
from shinrai.evidence.merkle import Node, peaks, root_from_peaks
from shinrai.evidence.schema import LOG_ID, log_checkpoint, log_leaf, log_node
from shinrai.language import message
from shinrai_verify.encoding import Fault
from shinrai_verify.merkle import leaf_hash, node_hash
from shinrai_verify.note import Checkpoint, NoteKey, open_note

CHUNK = 4096
_ENDLESS = 2**62
_ENTRY = re.compile(
    rb'\{"keyid":"([0-9a-f]{64})","pae":"([0-9a-f]{64})","payload":"([0-9a-f]{64})",'
    rb'"sig":"([A-Za-z0-9+/]+={0,2})","subject":"([0-9a-f]{64})","type":"([^"\\\x00-\x1f]+)","v":1\}'
)


class Entry(NamedTuple):
    """What a log entry says. pae, payload, subject: SHA-256."""

    keyid: str
    pae: str
    payload: str
    sig: str
    subject: str
    type: str


def entry_fields(entry: bytes) -> Entry | None:
    """Return the fields of a log entry; None where it is not in the one form there is."""
    match = _ENTRY.fullmatch(entry)
    if match is None:
        return None
    try:
        return Entry(*(part.decode() for part in match.groups()))
    except UnicodeDecodeError:
        return None


def found_by(entry: bytes) -> tuple[str, str] | None:
    """Return payload digest and type of a log entry; None where it is not in the one form there is."""
    match = _ENTRY.fullmatch(entry)
    if match is None:
        return None
    payload, predicate_type = match.group(3, 6)
    try:
        return payload.decode(), predicate_type.decode()
    except UnicodeDecodeError:
        return None


def as_bytes(value: Any) -> bytes:
    """Return what a column holds as bytes, whatever type a meddler gave it."""
    return value if isinstance(value, bytes) else str(value).encode()


_Hashes = tuple[bytes, ...]
"""What a node may hash to: one value; two where what is stored and what is below it differ, which has been reported;
none where it cannot be known. The node above decides which of two it was built on, so that one fault is not found again
on every level."""

_Edge = Mapping[int, tuple[int, _Hashes]]
"""The last complete node of each level, as its index and what it may hash to."""

_MOST_GUESSES = 64


class TreeCheck:
    """Walks the log once. After `run`, counts are of what was compared."""

    def __init__(
        self,
        db: Connection,
        keys: Sequence[NoteKey],
        size: int,
        mark: Checkpoint | None,
        findings: Findings,
        progress: Progress,
    ) -> None:
        self._db, self._keys, self._size, self._mark = db, keys, size, mark
        self._findings, self._progress = findings, progress
        self._last: dict[int, tuple[int, _Hashes]] = {}
        self._points = self._checkpoints()
        self._point = next(self._points, None)
        self._good: int = 0
        self.nodes = self.checkpoints = 0

    def run(self) -> None:
        """Check all of it."""
        self._beyond()
        self._heads(0, {}, {})
        for start in range(0, self._size, CHUNK):
            end, before = min(self._size, start + CHUNK), dict(self._last)
            self._progress(message("Hashing the entries"), start, self._size)
            self._heads(end, self._level_by_level(start, end), before)
        self._progress(message("Hashing the entries"), self._size, self._size)
        while self._point is not None:
            what = message("it was signed over more entries than the log has ({size})", size=self._size)
            self._findings.add("log_checkpoint", self._point.size, what, FORGED)
            self._point = next(self._points, None)
        if self._mark is not None and self._mark.size > self._size:
            self._refused(self._mark.size)

    def _level_by_level(self, start: int, end: int) -> Mapping[Node, _Hashes]:
        """Return what each node may hash to that is complete with one of these entries."""
        stored = self._stored(start, end)
        values: dict[Node, _Hashes] = {}
        for index, value in enumerate(self._leaves(start, end), start=start):
            values[0, index] = value
        for level in range(1, self._size.bit_length()):
            for index in range(start >> level, end >> level):
                values[level, index] = self._check_node((level, index), values, stored)
        for level in range(self._size.bit_length()):
            index = (end >> level) - 1
            if (level, index) in values:
                self._last[level] = (index, values[level, index])
        return values

    def _stored(self, start: int, end: int) -> Mapping[Node, bytes]:
        node = log_node.c
        ranges = [
            and_(node.log_id == LOG_ID, node.level == level, node.idx >= start >> level, node.idx < end >> level)
            for level in range(1, self._size.bit_length())
            if end >> level > start >> level
        ]
        if not ranges:
            return {}
        query = select(node.level, node.idx, node.hash).where(or_(*ranges))
        return {(int(level), int(index)): as_bytes(value) for level, index, value in self._db.execute(query).all()}

    def _leaves(self, start: int, end: int) -> Iterator[_Hashes]:
        """Yield the hash of each entry; where the stored hash differs, that one too."""
        leaf = log_leaf.c
        query = select(leaf.idx, leaf.leaf_hash, leaf.entry, leaf.payload, leaf.predicate_type).where(
            leaf.log_id == LOG_ID, leaf.idx >= start, leaf.idx < end
        )
        rows = {int(row[0]): row for row in self._db.execute(query).all()}
        for index in range(start, end):
            if index not in rows:
                self._findings.add("log_leaf", index, message("the entry is missing"))
                yield ()
                continue
            _, column, entry, payload, predicate_type = rows[index]
            said = found_by(as_bytes(entry))
            if said is None:
                self._findings.add("log_leaf", index, message("it does not have the form of an entry"))
            elif said != (as_bytes(payload).hex(), predicate_type):
                what = message("the columns that it is found by do not say what the entry says")
                self._findings.add("log_leaf", index, what)
            hashed = leaf_hash(as_bytes(entry))
            if hashed == column:
                yield (hashed,)
                continue
            self._findings.add("log_leaf", index, message("the entry does not have the hash that is stored for it"))
            yield hashed, as_bytes(column)

    def _check_node(self, node: Node, values: Mapping[Node, _Hashes], stored: Mapping[Node, bytes]) -> _Hashes:
        level, index = node
        left, right = self._below(level - 1, 2 * index, values), self._below(level - 1, 2 * index + 1, values)
        found = stored.get(node)
        self.nodes += found is not None
        if len(left) == len(right) == 1 and node_hash(left[0], right[0]) == found:
            return (found,)
        computed, row = tuple(node_hash(*pair) for pair in product(left, right)), f"{level}/{index}"
        if found is None:
            self._findings.add("log_node", row, message("the hash is missing"))
            return computed[:1]
        if not computed or found in computed:
            return (found,)
        self._findings.add("log_node", row, message("the hash does not match the entries below it"))
        return computed[0], found

    def _below(self, level: int, index: int, values: Mapping[Node, _Hashes]) -> _Hashes:
        if (level, index) in values:
            return values[level, index]
        at, value = self._last.get(level, (-1, ()))
        return value if at == index else ()

    def _heads(self, end: int, values: Mapping[Node, _Hashes], before: _Edge) -> None:
        """Compare the checkpoints, and the publisher's memory, of sizes up to `end` that were not compared before."""
        while self._point is not None and self._point.size <= end:
            self._check_point(self._point, _roots(self._point.size, values, before))
            self._point = next(self._points, None)
        mark = self._mark
        if mark is not None and mark.size <= end:
            heads, self._mark = _roots(mark.size, values, before), None
            if heads and mark.root not in heads:
                self._refused(mark.size)

    def _checkpoints(self) -> Iterator[Any]:
        point = log_checkpoint.c
        query = select(point.size, point.root, point.note).where(point.log_id == LOG_ID).order_by(point.size)
        size = -1
        while rows := self._db.execute(query.where(point.size > size, point.size < _ENDLESS).limit(CHUNK)).all():
            yield from rows
            size = rows[-1].size
        # SQLite takes text where a number belongs, and sorts it behind all numbers.
        for row in self._db.execute(query.where(point.size >= _ENDLESS).limit(CHUNK)):
            self._findings.add("log_checkpoint", row.size, message("this is no size of a log"))

    def _check_point(self, row: Any, heads: Container[bytes]) -> None:
        self.checkpoints += 1
        try:
            note = open_note(str(row.note).encode(), self._keys, "the checkpoint")
            signed = Checkpoint.parse(note, "the checkpoint")
        except Fault as fault:
            self._findings.add(
                "log_checkpoint", row.size, message("the note is not good: {fault}", fault=in_words(fault))
            )
            return
        if (signed.origin, signed.size, signed.root) != (self._keys[-1].name, row.size, as_bytes(row.root)):
            self._findings.add("log_checkpoint", row.size, message("the columns do not say what the signed note says"))
        if heads == ():
            what = message("its root cannot be computed, since entries before it are missing")
            self._findings.add("log_checkpoint", row.size, what)
        elif signed.root not in heads:
            what = message(
                "the entries are not the ones that were signed; those up to entry {good} are", good=self._good - 1
            )
            if not self._good:
                what = message("the entries are not the ones that were signed")
            self._findings.add("log_checkpoint", row.size, what, FORGED)
        else:
            self._good = row.size

    def _beyond(self) -> None:
        leaf, node = log_leaf.c, log_node.c
        for row in self._db.execute(select(leaf.idx).where(leaf.idx >= self._size).order_by(leaf.idx).limit(CHUNK)):
            what = message("the entry lies beyond the size that the log has ({size})", size=self._size)
            self._findings.add("log_leaf", row.idx, what)
        held = self._db.execute(select(node.level, func.count()).group_by(node.level)).all()
        for level, count in held:
            if not isinstance(level, int) or level < 1:
                self._findings.add("log_node", level, message("this is no level of a tree"))
                continue
            if count <= self._size >> min(level, 63):
                continue
            query = select(node.idx).where(node.level == level, node.idx >= self._size >> min(level, 63))
            for row in self._db.execute(query.limit(CHUNK)):
                self._findings.add(
                    "log_node", f"{level}/{row.idx}", message("there is no such node in a log of this size"), RESTORE
                )

    def _refused(self, size: int) -> None:
        what = message("the log does not continue the {size} entries that were signed last", size=size)
        fix = message("An old copy of the database was restored, or entries were changed. Restore the newest copy.")
        self._findings.add("log", LOG_ID, what, fix)


def _roots(size: int, values: Mapping[Node, _Hashes], before: _Edge) -> _Hashes:
    """Return what the head over `size` entries may be, from the nodes of a chunk and those before it."""
    found: list[_Hashes] = []
    for level, index in peaks(size):
        at, value = before.get(level, (-1, ()))
        found.append(values.get((level, index), value if at == index else ()))
    return tuple(root_from_peaks(each) for each in islice(product(*found), _MOST_GUESSES))
