"""The bundle as an archive or a folder: names from a fixed list, contents by digest.

The archive is a ZIP in exactly one form (stored, sorted by name, no dates, no extra fields), so that every byte of it
is accounted for and a changed bit anywhere is seen. Nothing is ever extracted.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shinrai_verify.encoding import Fault

NAMES = re.compile(
    r"manifest\.json|attestations\.intoto\.jsonl|VERIFY\.txt|log/[a-z0-9./_-]{1,200}"
    r"|trust/root\.[0-9]{1,6}\.json|blobs/sha256/[0-9a-f]{64}",
    re.ASCII,
)
MAX_ENTRIES = 65_535
MAX_ARCHIVE_BYTES = 2**32 - 1
MAX_TEXT_BYTES = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_LOCAL, _CENTRAL, _END = 0x04034B50, 0x02014B50, 0x06054B50
_EPOCH = 0x0021  # 1980-01-01, the earliest date ZIP can say
_Entry = tuple[tuple[Path, int], int, str]  # where its bytes are, size, SHA-256
_UNIX, _REGULAR_FILE = 0x0314, 0o100644 << 16


def local_header(name: str, size: int, crc: int) -> bytes:
    """Return the header before an entry's bytes, in the one form allowed."""
    return struct.pack("<I5H3I2H", _LOCAL, 20, 0, 0, 0, _EPOCH, crc, size, size, len(name), 0) + name.encode("ascii")


def directory(entries: Mapping[str, tuple[int, int, int]], start: int) -> bytes:
    """Return the central directory and end record; entries: name -> (offset of its header, size, crc)."""
    listing = b"".join(
        struct.pack(
            "<I6H3I5H2I",
            _CENTRAL,
            _UNIX,
            20,
            0,
            0,
            0,
            _EPOCH,
            crc,
            size,
            size,
            len(name),
            0,
            0,
            0,
            0,
            _REGULAR_FILE,
            offset,
        )
        + name.encode("ascii")
        for name, (offset, size, crc) in entries.items()
    )
    return listing + struct.pack("<I4H2IH", _END, 0, 0, len(entries), len(entries), len(listing), start, 0)


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds. sha256: name -> digest of the content as read; contents: how to read the small files."""

    sha256: Mapping[str, str]
    sizes: Mapping[str, int]
    _where: Mapping[str, tuple[Path, int]]

    def read(self, name: str) -> bytes:
        """Return the content of a file that must exist and be small; its digest is checked again."""
        if name not in self.sha256:
            raise Fault("the bundle has no {name}", name=name)
        if self.sizes[name] > MAX_TEXT_BYTES:
            raise Fault("{what} is larger than {limit} bytes", what=name, limit=MAX_TEXT_BYTES)
        path, offset = self._where[name]
        try:
            with path.open("rb") as stream:
                stream.seek(offset)
                data = stream.read(self.sizes[name])
        except OSError as error:
            raise Fault("the bundle cannot be read: {reason}", reason=error.strerror or error) from error
        if hashlib.sha256(data).hexdigest() != self.sha256[name]:
            raise Fault("the bundle changed while it was being read")
        return data


def open_bundle(path: Path) -> Bundle:
    """Read an archive or a folder once from end to end and take the digest of every file in it."""
    try:
        found = dict(_folder(path) if path.is_dir() else _archive(path))
    except OSError as error:
        raise Fault("the bundle cannot be read: {reason}", reason=error.strerror or error) from error
    return Bundle(
        {name: entry[2] for name, entry in found.items()},
        {name: entry[1] for name, entry in found.items()},
        {name: entry[0] for name, entry in found.items()},
    )


def _allowed(name: str) -> str:
    if not NAMES.fullmatch(name) or ".." in name or "//" in name or "/./" in name:
        raise Fault("the bundle holds a file named {name}, which is not allowed", name=ascii(name)[:120])
    return name


def _folder(path: Path) -> Iterator[tuple[str, _Entry]]:
    for count, file in enumerate(sorted(path.rglob("*"))):
        if count > 2 * MAX_ENTRIES:
            raise Fault("the bundle has more than {limit} files", limit=MAX_ENTRIES)
        if file.is_symlink() or not (file.is_file() or file.is_dir()):
            raise Fault("the bundle holds a file named {name}, which is not allowed", name=ascii(file.name)[:120])
        if file.is_file():
            name = _allowed(file.relative_to(path).as_posix())
            with file.open("rb") as stream:
                size = file.stat().st_size
                sha256, _ = _digest(stream, size)
            yield name, ((file, 0), size, sha256)


def _archive(path: Path) -> Iterator[tuple[str, _Entry]]:
    total = path.stat().st_size
    if total > MAX_ARCHIVE_BYTES:
        raise Fault("the archive is larger than 4 GiB; unpack it and verify the folder")
    with path.open("rb") as stream:
        entries: dict[str, tuple[int, int, int]] = {}
        last = ""
        while True:
            offset = stream.tell()
            head = stream.read(30)
            if len(head) < 30 or head[:4] != struct.pack("<I", _LOCAL):
                break
            crc, size, _, length = struct.unpack("<IIIH", head[14:28])
            name = _allowed(stream.read(length).decode("ascii", "replace"))
            if name <= last or len(entries) >= MAX_ENTRIES or local_header(name, size, crc)[:30] != head:
                raise Fault("the archive is not in the form that Shinrai writes, near {name}", name=name)
            start = stream.tell()
            sha256, real = _digest(stream, size)
            if real != crc:
                raise Fault("{name} in the archive is damaged: its checksum does not match", name=name)
            entries[name], last = (offset, size, crc), name
            yield name, ((path, start), size, sha256)
        stream.seek(offset)
        expected = directory(entries, offset)
        if not entries or stream.read(len(expected) + 1) != expected:
            raise Fault("the archive is not in the form that Shinrai writes, or is cut short")


def _digest(stream: BinaryIO, size: int) -> tuple[str, int]:
    sha256, crc, left = hashlib.sha256(), 0, size
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise Fault("the archive is not in the form that Shinrai writes, or is cut short")
        sha256.update(chunk)
        crc = zlib.crc32(chunk, crc)
        left -= len(chunk)
    return sha256.hexdigest(), crc
