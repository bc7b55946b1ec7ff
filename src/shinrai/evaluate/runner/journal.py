"""The append-only journal of a run: what is in it is on the disk, in order, and nothing was changed since.

A journal is a chain of batches. Each batch is one write: a skippable zstd frame with the number of records, the length
of the data and the digest of the chain after them, then a zstd frame with the records, one JSON array a line. So
`zstdcat` shows a journal as it is. The first batch holds the head, which says what run this is. Each record is chained
to the one before, digest = SHA-256(digest before ‖ record), and the data of the batch after its last record in the same
way, so that not a bit of the file can change unseen.

A kill or a power cut can leave part of the last batch; opening the journal cuts it off and says so. Anything else that
does not fit is a change by someone else and is refused. The chain has no key: it finds accidents and careless edits,
the signature over the evidence made of the journal finds the rest. Source: RFC 8878 (zstd and its skippable frames).
"""

import hashlib
import os
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from shinrai.evaluate.runner.progress import Tally
from shinrai.evaluate.runner.record import Taken, from_line
from shinrai.evaluate.sample import FaultKind
from shinrai.language import Message, Place, ShinraiError, message

FORMAT = "shinrai-samples/1"
BATCH_RECORDS = 512
BATCH_BYTES = 4_194_304

_MAGIC = struct.pack("<II4s", 0x184D2A53, 52, b"shin")
_FIELDS = struct.Struct("<12sII32s")
_HEAD_SIZE = _FIELDS.size + 8
_LARGEST_BATCH = 268_435_456
_BLOCK = 4096
_KINDS = tuple(FaultKind)
_ANSWERED = 1


class JournalError(ShinraiError):
    """The journal cannot be read, belongs to another run, or is not as it was written."""


@dataclass(frozen=True, slots=True)
class _Batch:
    lines: list[bytes]
    chain: bytes
    start: int
    end: int


class _TornError(Exception):
    """The rest of the file is part of a batch whose writing was interrupted."""


class _ChangedError(Exception):
    """The file is not what was written."""


class DonePositions:
    """Which positions of the plan have a record, of which sample, and how it ended: nine bytes for each.

    Only the first eight bytes of a key are kept; the evidence file compares all of them.
    """

    def __init__(self) -> None:
        self._keys: dict[int, bytearray] = {}
        self._states: dict[int, bytearray] = {}

    def note(self, taken: Taken) -> None:
        """Keep a record."""
        block, at = divmod(taken.position, _BLOCK)
        states = self._states.get(block)
        if states is None:
            states = self._states[block] = bytearray(_BLOCK)
            self._keys[block] = bytearray(8 * _BLOCK)
        fault = taken.sample.fault
        states[at] = _ANSWERED if fault is None else 2 + _KINDS.index(fault.kind)
        self._keys[block][8 * at : 8 * at + 8] = bytes.fromhex(taken.sample.key[:16])

    def ended(self, position: int) -> FaultKind | bool:
        """Return how the record of a position ended: a fault, True for an answer, False where there is none."""
        block, at = divmod(position, _BLOCK)
        state = self._states[block][at] if block in self._states else 0
        return _KINDS[state - 2] if state > _ANSWERED else state == _ANSWERED

    def key(self, position: int) -> bytes | None:
        """Return the first eight bytes of the key recorded at a position, None where nothing is."""
        block, at = divmod(position, _BLOCK)
        states = self._states.get(block)
        return bytes(self._keys[block][8 * at : 8 * at + 8]) if states and states[at] else None


class Journal:
    """An open journal, held by this process alone. done: what earlier runs left. cut_off: bytes of a torn tail."""

    def __init__(self, path: Path, file: BinaryIO, chain: bytes, end: int, cut_off: int) -> None:
        self.path = path
        self.done = DonePositions()
        self.tally = Tally()
        self.cut_off = cut_off
        self._file = file
        self._chain = chain
        self._end = end
        self._compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return self._end

    def append(self, lines: Sequence[bytes]) -> None:
        """Write one batch and wait until the disk has it. Meant for a thread; one at a time.

        JournalError: the disk is full or gone. The journal then ends with the last whole batch.
        """
        batch, chain = _batch(lines, self._chain, self._compressor)
        try:
            _write(self._file, self._end, batch)
        except OSError as error:
            os.ftruncate(self._file.fileno(), self._end)
            raise JournalError(
                message("The journal cannot be written: {reason}.", reason=error.strerror or "I/O error"),
                fix=message("Make room on the disk and start the run again; it goes on where it stopped."),
                place=Place(str(self.path)),
            ) from None
        self._chain, self._end = chain, self._end + len(batch)


@contextmanager
def open_journal(path: Path, run: Mapping[str, object]) -> Iterator[Journal]:
    """Open the journal of a run, or begin it, and hold it until the block ends.

    run: what tells this run from others, as JSON values without secrets: target, settings and plan. JournalError: the
    file belongs to another run, was changed, or is in use.
    """
    with _opened(path) as file:
        _lock(file, path)
        head = msgspec.json.encode({"format": FORMAT, "run": run}, order="sorted")
        journal = Journal(path, file, b"", 0, 0)
        if not _replay(journal, head):
            os.ftruncate(file.fileno(), 0)
            journal.append([head])
            _sync_folder(path.parent)
        yield journal


def read_journal(path: Path) -> Iterator[Taken]:
    """Read the records of a journal in the order they were written, one batch in memory at a time.

    A torn tail is left out. JournalError: the file cannot be read, is no journal, or was changed.
    """
    for _, records in read_batches(path):
        yield from records


def read_batches(path: Path) -> Iterator[tuple[int, list[Taken]]]:
    """Read a journal batch by batch, each with the place to give to `read_batch`; otherwise like read_journal."""
    for start, lines in read_lines(path):
        try:
            records = [from_line(line) for line in lines]
        except ValueError:
            raise _changed(path) from None
        yield start, records


def read_lines(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Read a journal batch by batch, its records as they are written; otherwise like read_batches."""
    read_head(path)
    try:
        with path.open("rb") as file:
            for number, batch in enumerate(_batches(file)):
                if number:
                    yield batch.start, batch.lines
    except _TornError:
        return
    except OSError as error:
        raise _unreadable(path, error) from None
    except _ChangedError:
        raise _changed(path) from None


def read_batch(path: Path, start: int) -> list[Taken]:
    """Read one batch again, at a place from `read_batches`. JournalError: the file changed since."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            _, _, length, _ = _FIELDS.unpack_from(file.read(_HEAD_SIZE))
            data = file.read(length)
        return [from_line(line) for line in _unpacked(zstandard.ZstdDecompressor(), data)]
    except OSError as error:
        raise _unreadable(path, error) from None
    except (struct.error, zstandard.ZstdError, ValueError):
        raise _changed(path) from None


def read_head(path: Path) -> Mapping[str, object]:
    """Return what the journal says of its run. JournalError: it is no journal."""
    try:
        with path.open("rb") as file:
            for batch in _batches(file):
                found = msgspec.json.decode(batch.lines[0], type=dict[str, object])
                if found.get("format") == FORMAT and isinstance(found.get("run"), dict):
                    return found["run"]  # type: ignore[return-value]
                break
    except OSError as error:
        raise _unreadable(path, error) from None
    except (_TornError, _ChangedError, msgspec.DecodeError, RecursionError):
        pass
    raise _changed(path, message("The file is no journal of samples."))


def _replay(journal: Journal, head: bytes) -> bool:
    """Take in what the journal holds and cut off a torn tail; False where it has not even a whole head."""
    file, path = journal._file, journal.path
    try:
        for place, batch in enumerate(_batches(file)):
            if place == 0 and batch.lines != [head]:
                read_head(path)
                raise JournalError(
                    message("The journal belongs to another run: target, settings or plan differ."),
                    fix=message("Name a new journal for this run; the old one can be given as earlier answers."),
                    place=Place(str(path)),
                )
            if place:
                for line in batch.lines:
                    taken = from_line(line)
                    journal.tally.count(taken, journal.done.ended(taken.position))
                    journal.done.note(taken)
            journal._chain, journal._end = batch.chain, batch.end
    except _TornError:
        journal.cut_off = file.seek(0, os.SEEK_END) - journal._end
    except (_ChangedError, ValueError):
        raise _changed(path) from None
    if journal._end:
        os.ftruncate(file.fileno(), journal._end)
    return journal._end > 0


def _batches(file: BinaryIO) -> Iterator[_Batch]:
    """Yield the batches, each checked against the chain. _TornError: part of one is left. _ChangedError: see there."""
    size = file.seek(0, os.SEEK_END)
    chain, end = b"", 0
    decompressor = zstandard.ZstdDecompressor()
    while end < size:
        file.seek(end)
        head = file.read(_HEAD_SIZE)
        whole = len(head) == _HEAD_SIZE and head == _checked(head[: _FIELDS.size]) and head.startswith(_MAGIC)
        _, count, length, told = _FIELDS.unpack_from(head) if whole else (b"", 0, 0, b"")
        if not whole or end + _HEAD_SIZE + length > size:
            _raise_torn_or_changed(file, end, size, head_is_sound=whole)
        data = file.read(length)
        try:
            lines = _unpacked(decompressor, data)
        except (zstandard.ZstdError, ValueError):
            lines = []
        chain = _chained(chain, lines, data)
        start, end = end, end + _HEAD_SIZE + length
        if len(lines) != count or chain != told:
            # A power cut can leave blocks of a file that were never written, which read as zeros.
            if end == size and data.endswith(bytes(16)):
                raise _TornError
            raise _ChangedError
        yield _Batch(lines, chain, start, end)


def _raise_torn_or_changed(file: BinaryIO, start: int, size: int, *, head_is_sound: bool) -> None:
    """Only one batch is ever being written, so whatever is followed by another batch was not torn by a kill."""
    file.seek(start)
    rest = file.read(min(size - start, _LARGEST_BATCH + 1))
    only_batch = rest.find(_MAGIC, 1) < 0 and len(rest) <= _LARGEST_BATCH
    # A head that is there in full is right, or it was never written and reads as zeros.
    part_of_head = len(rest) < _HEAD_SIZE and (rest.startswith(_MAGIC) or _MAGIC.startswith(rest))
    if only_batch and (head_is_sound or part_of_head or not rest[:_HEAD_SIZE].strip(b"\0")):
        raise _TornError
    raise _ChangedError


def _checked(fields: bytes) -> bytes:
    """Return the fields of a head with their own check, so that a changed length is not taken for a torn tail."""
    return fields + hashlib.sha256(fields).digest()[:8]


def _unpacked(decompressor: zstandard.ZstdDecompressor, data: bytes) -> list[bytes]:
    told = zstandard.frame_content_size(data)
    if not 0 <= told <= _LARGEST_BATCH:
        raise ValueError("a batch larger than any that is written")
    text = decompressor.decompress(data, max_output_size=max(told, 1), read_across_frames=False, allow_extra_data=False)
    return text.removesuffix(b"\n").split(b"\n")


def _batch(lines: Sequence[bytes], chain: bytes, compressor: zstandard.ZstdCompressor) -> tuple[bytes, bytes]:
    data = compressor.compress(b"\n".join(lines) + b"\n")
    chain = _chained(chain, lines, data)
    return _checked(_FIELDS.pack(_MAGIC, len(lines), len(data), chain)) + data, chain


def _chained(chain: bytes, lines: Sequence[bytes], data: bytes) -> bytes:
    for line in lines:
        chain = hashlib.sha256(chain + line).digest()
    return hashlib.sha256(chain + data).digest()


def _write(file: BinaryIO, at: int, data: bytes) -> None:
    """Write past every buffer, so that a failure leaves nothing behind that is written later."""
    descriptor = file.fileno()
    os.lseek(descriptor, at, os.SEEK_SET)
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        # Samples may hold personal data: nobody else on this machine reads them.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        raise _unreadable(path, error) from None
    with os.fdopen(descriptor, "r+b") as file:
        yield file


def _lock(file: BinaryIO, path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(
            message("Another run is writing this journal."),
            fix=message("Wait for it to end, or name another journal."),
            place=Place(str(path)),
        ) from None


def _sync_folder(folder: Path) -> None:
    """Make the new file's name durable, too; Windows does that by itself and opens no folders."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        message("The journal cannot be opened: {reason}.", reason=error.strerror or "I/O error"),
        fix=message("Check the path and who may read and write there."),
        place=Place(str(path)),
    )


def _changed(path: Path, what: Message | None = None) -> JournalError:
    return JournalError(
        what or message("The journal is not as it was written: a batch does not fit the chain of digests."),
        fix=message("Take the original file, or start the run again with a new journal."),
        place=Place(str(path)),
    )
