"""The log as files for any web server (C2SP tlog-tiles): checkpoint, tiles of hashes, bundles of entries.

Files are a function of the table: two exports of one checkpoint are the same bytes. A later export into the same folder
writes only what is new, after it has proved that the log continues what the folder shows; the checkpoint comes last, so
that a reader never sees one whose tiles are missing. Entries hold digests, key ids and signatures, no contents.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from shinrai.evidence.database import reading, refusals
from shinrai.evidence.findings import Progress
from shinrai.evidence.nodes import MissingNodeError, root_at
from shinrai.evidence.publisher import LogFault
from shinrai.evidence.schema import LOG_ID, log_leaf, log_node
from shinrai.language import Place, ShinraiError, message
from shinrai_verify.encoding import Fault
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, open_note

if TYPE_CHECKING:
    from shinrai.evidence.store import Store

WIDTH = 256
_HEIGHT = 8
CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to. since: entries that the folder showed before; written: files."""

    size: int
    since: int
    written: int


def tile_path(kind: str, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile below the folder. kind: a level, or `entries`; width: fewer than 256 when partial."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return f"tile/{kind}/" + "/".join(parts) + (f".p/{width}" if width < WIDTH else "")


def export(store: "Store", folder: Path, progress: Progress | None = None) -> Exported:
    """Write the newest published checkpoint, and the tiles below it, into a folder; returns what was written.

    ShinraiError where nothing is published, or the folder shows another log; LogFault where the log does not continue
    what the folder shows, or does not match its checkpoint.
    """
    note = store.newest_checkpoint()
    if note is None:
        raise ShinraiError(
            message("No checkpoint has been published."), fix=message("Publish one: shinrai log publish")
        )
    head = Checkpoint.parse(open_note(note, store.keys, "the checkpoint"), "the checkpoint")
    before = _shown(store, folder)
    if before.size > head.size:
        raise _other_history(folder, before.size)
    folder.mkdir(parents=True, exist_ok=True)
    with refusals(), reading(store.engine) as db:
        try:
            if root_at(db, before.size) != before.root:
                raise _other_history(folder, before.size)
            if root_at(db, head.size) != head.root:
                raise LogFault(
                    message("The log does not match its checkpoint of {size} entries.", size=head.size),
                    fix=message("See what is damaged: shinrai log fsck. Then restore the newest copy."),
                )
        except MissingNodeError:
            raise LogFault(
                message("Hashes of the tree are missing."), fix=message("See which: shinrai log fsck")
            ) from None
        written = sum(_export_level(db, folder, level, before.size, head.size) for level in _levels(head.size))
        written += _export_entries(db, folder, before.size, head.size, progress)
    _put(folder / CHECKPOINT, note)
    return Exported(head.size, before.size, written + 1)


def _levels(size: int) -> range:
    """Return the levels that have a tile."""
    return range((size.bit_length() + _HEIGHT - 1) // _HEIGHT)


def _shown(store: "Store", folder: Path) -> Checkpoint:
    """Return the head that a folder shows; the empty tree where it is new."""
    path = folder / CHECKPOINT
    try:
        note = path.read_bytes()
    except FileNotFoundError:
        return Checkpoint(store.key.name, 0, root([]))
    try:
        return Checkpoint.parse(open_note(note, store.keys, "the checkpoint"), "the checkpoint")
    except Fault:
        raise ShinraiError(
            message("The folder shows another log."), fix=message("Name an empty folder."), place=Place(str(path))
        ) from None


def _tiles(since: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield number and width of the tiles at one level that are new or wider. since, size: hashes at that level."""
    if since == size:
        return
    for number in range(since // WIDTH, -(-size // WIDTH)):
        yield number, min(WIDTH, size - number * WIDTH)


def _export_level(db: Connection, folder: Path, level: int, since: int, size: int) -> int:
    """Write the tiles of hashes of a level; returns how many."""
    shift, written = level * _HEIGHT, 0
    for number, width in _tiles(since >> shift, size >> shift):
        first = number * WIDTH
        if level == 0:
            leaf = log_leaf.c
            query = select(leaf.leaf_hash).where(leaf.log_id == LOG_ID, leaf.idx >= first, leaf.idx < first + width)
            rows = db.execute(query.order_by(leaf.idx)).all()
        else:
            node = log_node.c
            nodes = select(node.hash).where(node.log_id == LOG_ID, node.level == shift)
            rows = db.execute(nodes.where(node.idx >= first, node.idx < first + width).order_by(node.idx)).all()
        if len(rows) != width:
            raise MissingNodeError((shift, first))
        _put(folder / tile_path(str(level), number, width), b"".join(bytes(row[0]) for row in rows))
        written += 1
    return written


def _export_entries(db: Connection, folder: Path, since: int, size: int, progress: Progress | None) -> int:
    """Write the bundles of entries, each entry hashed once more on its way; returns how many."""
    written, leaf = 0, log_leaf.c
    for number, width in _tiles(since, size):
        first = number * WIDTH
        if progress is not None:
            progress(message("Writing the entries"), first, size)
        query = select(leaf.idx, leaf.entry, leaf.leaf_hash).where(
            leaf.log_id == LOG_ID, leaf.idx >= first, leaf.idx < first + width
        )
        rows = db.execute(query.order_by(leaf.idx)).all()
        for row in rows:
            if leaf_hash(bytes(row.entry)) != bytes(row.leaf_hash):
                raise LogFault(
                    message("The entry {index} is not the one that was logged.", index=row.idx),
                    fix=message("See what is damaged: shinrai log fsck. Then restore the newest copy."),
                )
        data = b"".join(struct.pack(">H", len(row.entry)) + bytes(row.entry) for row in rows)
        _put(folder / tile_path("entries", number, width), data)
        written += 1
    return written


def _put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as stream:
        stream.write(data)
        if path.name == CHECKPOINT:
            stream.flush()
            os.fsync(stream.fileno())
    fresh.replace(path)


def _other_history(folder: Path, size: int) -> LogFault:
    return LogFault(
        message("The log does not continue the {size} entries that {folder} shows.", size=size, folder=folder),
        fix=message("An old copy of the database was restored, or entries were changed. Restore the newest copy."),
    )
