"""The bundle as an archive or a folder: names from a fixed list, contents by digest.

The archive is a ZIP in exactly one form (stored, sorted by name, no dates, ZIP64 only where a size or place asks for
it), so that every byte of it is accounted for and a changed bit anywhere is seen. Nothing is ever extracted.
Source: PKWARE APPNOTE 6.3, 4.3.7 to 4.3.16 and 4.5.3.
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
MAX_ENTRIES = 65_534
MAX_ARCHIVE_BYTES = 2**40
MAX_TEXT_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024
ZIP64_FROM = 2**31
"""Sizes and places from here on stand in ZIP64 fields, as Python's own writer does it."""
_CHUNK = 1024 * 1024
_LOCAL, _CENTRAL, _END, _END64, _FIND64 = 0x04034B50, 0x02014B50, 0x06054B50, 0x06064B50, 0x07064B50
_EPOCH = 0x0021  # 1980-01-01, the earliest date ZIP can say
_LARGE = 2**32 - 1
_UNIX, _REGULAR_FILE = 0x0300, 0o100644 << 16


def _wide(*values: int) -> tuple[bytes, int]:
    """Return the ZIP64 field of these values, empty for none, and the version that reads it."""
    return (struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""), 45 if values else 20


def local_header(name: str, size: int, crc: int) -> bytes:
    """Return the header before an entry's bytes, in the one form allowed."""
    extra, version = _wide(size, size) if size >= ZIP64_FROM else _wide()
    shown = _LARGE if extra else size
    fields = (_LOCAL, version, 0, 0, 0, _EPOCH, crc, shown, shown, len(name), len(extra))
    return struct.pack("<I5H3I2H", *fields) + name.encode("ascii") + extra


def directory(entries: Mapping[str, tuple[int, int, int]], start: int) -> bytes:
    """Return the central directory and end records; entries: name -> (offset of its header, size, crc)."""
    listing = b""
    for name, (offset, size, crc) in entries.items():
        big, far = size >= ZIP64_FROM, offset >= ZIP64_FROM
        extra, version = _wide(*[size, size] * big, *[offset] * far)
        shown, place = _LARGE if big else size, _LARGE if far else offset
        fields = (
            _CENTRAL,
            _UNIX | version,
            version,
            0,
            0,
            0,
            _EPOCH,
            crc,
            shown,
            shown,
            len(name),
            len(extra),
            0,
            0,
            0,
        )
        listing += struct.pack("<I6H3I5H2I", *fields, _REGULAR_FILE, place) + name.encode("ascii") + extra
    count, length = len(entries), len(listing)
    if start >= ZIP64_FROM:
        end64 = struct.pack("<IQ2H2I4Q", _END64, 44, 45, 45, 0, 0, count, count, length, start)
        listing += end64 + struct.pack("<IIQI", _FIND64, 0, start + length, 1)
    return listing + struct.pack("<I4H2IH", _END, 0, 0, count, count, length, min(start, _LARGE), 0)


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds. sha256: name -> digest of the content as read; contents: how to read the small files."""

    sha256: Mapping[str, str]
    sizes: Mapping[str, int]
    _where: Mapping[str, tuple[Path, int]]

    def read(self, name: str) -> bytes:
        """Return the content of a file that must exist and be small; its digest is checked again."""
        return b"".join(self._pieces(name, MAX_TEXT_BYTES))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file, one after the other; the digest of the whole is checked at the end."""
        rest = b""
        for piece in self._pieces(name, MAX_ARCHIVE_BYTES):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > MAX_LINE_BYTES:
                raise Fault("{what} is larger than {limit} bytes", what=f"{name}:*", limit=MAX_LINE_BYTES)
        if rest:
            raise Fault("{what} is cut short", what=name)

    def _pieces(self, name: str, limit: int) -> Iterator[bytes]:
        if name not in self.sha256:
            raise Fault("the bundle has no {name}", name=name)
        if self.sizes[name] > limit:
            raise Fault("{what} is larger than {limit} bytes", what=name, limit=limit)
        (path, offset), left, sha256 = self._where[name], self.sizes[name], hashlib.sha256()
        try:
            with path.open("rb") as stream:
                stream.seek(offset)
                while left and (piece := stream.read(min(left, _CHUNK))):
                    sha256.update(piece)
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise Fault("the bundle cannot be read: {reason}", reason=error.strerror or error) from error
        if sha256.hexdigest() != self.sha256[name]:
            raise Fault("the bundle changed while it was being read")


def open_bundle(path: Path) -> Bundle:
    """Read an archive or a folder once from end to end and take the digest of every file in it."""
    try:
        found = list(_folder(path) if path.is_dir() else _archive(path))
    except OSError as error:
        raise Fault("the bundle cannot be read: {reason}", reason=error.strerror or error) from error
    if len(found) > MAX_ENTRIES:
        raise Fault("the bundle has more than {limit} files", limit=MAX_ENTRIES)
    return Bundle({n: d for n, _, _, d in found}, {n: s for n, _, s, _ in found}, {n: w for n, w, _, _ in found})


def _allowed(name: str) -> str:
    if not NAMES.fullmatch(name) or ".." in name or "//" in name or "/./" in name:
        raise Fault("the bundle holds a file named {name}, which is not allowed", name=ascii(name))
    return name


_Entry = tuple[str, tuple[Path, int], int, str]  # name, where its bytes are, size, SHA-256


def _folder(path: Path) -> Iterator[_Entry]:
    for count, file in enumerate(sorted(path.rglob("*"))):
        if count > 2 * MAX_ENTRIES:
            raise Fault("the bundle has more than {limit} files", limit=MAX_ENTRIES)
        if file.is_symlink() or not (file.is_file() or file.is_dir()):
            raise Fault("the bundle holds a file named {name}, which is not allowed", name=ascii(file.name))
        if file.is_file():
            name, size = _allowed(file.relative_to(path).as_posix()), file.stat().st_size
            with file.open("rb") as stream:
                yield name, (file, 0), size, _digest(stream, size)[0]


def _archive(path: Path) -> Iterator[_Entry]:
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise Fault("{what} is larger than {limit} bytes", what=path.name, limit=MAX_ARCHIVE_BYTES)
    with path.open("rb") as stream:
        entries: dict[str, tuple[int, int, int]] = {}
        offset, last = 0, ""
        while len(head := stream.read(30)) == 30 and head[:4] == struct.pack("<I", _LOCAL):
            crc, size, _, length, wide = struct.unpack("<3I2H", head[14:])
            raw, extra = stream.read(length), stream.read(min(wide, 20))
            name = _allowed(raw.decode("ascii", "replace"))
            size = int.from_bytes(extra[4:12], "little") if wide == 20 else size
            sorts = name > last and len(entries) < MAX_ENTRIES and size <= MAX_ARCHIVE_BYTES
            if not sorts or local_header(name, size, crc) != head + raw + extra:
                raise Fault("the archive is not in the form that Shinrai writes, near {name}", name=name)
            start = stream.tell()
            sha256, real = _digest(stream, size)
            if real != crc:
                raise Fault("{name} in the archive is damaged: its checksum does not match", name=name)
            entries[name] = (offset, size, crc)
            offset, last = stream.tell(), name
            yield name, (path, start), size, sha256
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
        crc, left = zlib.crc32(chunk, crc), left - len(chunk)
    return sha256.hexdigest(), crc
