"""Reading files of strangers within limits: JSON, lines of JSON, and ZIP archives as Inspect writes them.

Nothing is unpacked to disk, and no size that a file claims is believed: members are unpacked in memory up to a limit
and then checked against length and CRC-32. Python's own `zipfile` reads the directory; the members are unpacked here,
for Inspect packs them with Zstandard, which `zipfile` knows only from Python 3.14 on.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import zstandard

from shinrai.language import Place, ShinraiError, message

MAX_FILE = 1024 * 1024 * 1024
"""Largest archive or file of lines that is read, in bytes."""
MAX_JSON = 256 * 1024 * 1024
"""Largest single JSON text, in bytes."""
MAX_MEMBER = 64 * 1024 * 1024
"""Largest member of an archive after unpacking, in bytes."""
MAX_UNPACKED = 8 * 1024 * 1024 * 1024
"""Most bytes that all members of an archive may unpack to, counted while they are unpacked."""
MAX_MEMBERS = 500_000
MAX_DIRECTORY = 128 * 1024 * 1024
MAX_LINE = 32 * 1024 * 1024
MAX_SAMPLES = 1_000_000
"""Most scores of samples in one file."""

_ZSTANDARD = 93  # APPNOTE.TXT 6.3.8, section 4.4.5
_ENCRYPTED = 1
_LOCAL_HEADER = 30
_END = struct.Struct("<4s4H2LH")
_END_64_PLACE = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")


def read_file(path: Path, limit: int = MAX_JSON) -> bytes:
    """Return the bytes of a file. ShinraiError: it cannot be read or is larger than the limit."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise too_large(path.name, size, limit)
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path.name) from error


def unreadable(name: str) -> ShinraiError:
    """Return the error for a file that cannot be opened."""
    return ShinraiError(
        message("The file cannot be read."), fix=message("Check the path and the permissions."), place=Place(name)
    )


def too_large(name: str, size: int, limit: int) -> ShinraiError:
    """Return the error for a file, or a part of one, that is larger than what is read."""
    return ShinraiError(
        message("The file has {size} bytes; at most {limit} are read.", size=size, limit=limit), place=Place(name)
    )


def parse_json(data: bytes, name: str, line: int | None = None) -> Any:
    """Return the value of a JSON text. line: where the text stands in its file, for a file of lines.

    NaN and infinities are read, for tools write them; whoever uses a number checks that it is finite.
    ShinraiError with a place: not UTF-8, not JSON, nested too deep, or a number with thousands of digits.
    """
    try:
        return json.loads(data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise ShinraiError(
            message("The file is not UTF-8 text."), fix=message("Save the file as UTF-8."), place=Place(name, line)
        ) from error
    except json.JSONDecodeError as error:
        place = Place(name, error.lineno, error.colno) if line is None else Place(name, line, error.colno)
        raise ShinraiError(
            message("This is not valid JSON."),
            fix=message("Hand in the file as the tool wrote it; one that broke off can be written again by the tool."),
            place=place,
        ) from error
    except RecursionError as error:
        raise ShinraiError(message("The JSON is nested too deep."), place=Place(name, line)) from error
    except ValueError as error:
        raise ShinraiError(message("The JSON holds a number that is too long."), place=Place(name, line)) from error


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the values of a file with one JSON text in each line, with the line numbers; blank lines are left out."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise too_large(path.name, path.stat().st_size, MAX_FILE)
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise ShinraiError(
                        message("The line is longer than {limit} bytes.", limit=MAX_LINE),
                        place=Place(path.name, number),
                    )
                if line.strip():
                    yield number, parse_json(line, path.name, number)
    except OSError as error:
        raise unreadable(path.name) from error


class Archive(AbstractContextManager["Archive"]):
    """A ZIP archive. Where a name stands twice the last one counts, as it does for every reader of ZIP archives."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.unpacked = 0
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise unreadable(path.name) from error
        try:
            self._members = self._directory()
        except BaseException:
            self._file.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members, each once, in the order of the directory."""
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        """Unpack a member. ShinraiError: it is not there, damaged, encrypted, too large, or packed in a way unknown."""
        info = self._members.get(name)
        if info is None:
            self._refuse_member(name)
        packed = self._packed(info)
        try:
            data = _unpacked(packed, info.compress_type)
        except (zlib.error, zstandard.ZstdError, EOFError) as error:
            raise self._damaged(name) from error
        if data is None:
            raise ShinraiError(
                message("This part of the archive unpacks to more than {limit} bytes.", limit=MAX_MEMBER),
                place=Place(self.name, field=name),
            )
        self.unpacked += len(data)
        if self.unpacked > MAX_UNPACKED:
            raise ShinraiError(
                message("The archive unpacks to more than {limit} bytes.", limit=MAX_UNPACKED), place=Place(self.name)
            )
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise self._damaged(name)
        return data

    def _directory(self) -> dict[str, ZipInfo]:
        size = self._file.seek(0, 2)
        if size > MAX_FILE:
            raise too_large(self.name, size, MAX_FILE)
        # The directory is checked before `zipfile` makes an object for each of its entries.
        if _directory_size(self._file.seek, self._file.read, size) > MAX_DIRECTORY:
            raise ShinraiError(message("The archive's directory is too large."), place=Place(self.name))
        try:
            with ZipFile(self._file) as archive:
                found = archive.infolist()
        except (BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
            raise ShinraiError(
                message("This is not a ZIP archive, or it is damaged."),
                fix=message("Hand in the file as the tool wrote it."),
                place=Place(self.name),
            ) from error
        if len(found) > MAX_MEMBERS:
            raise ShinraiError(
                message("The archive has {size} parts; at most {limit} are read.", size=len(found), limit=MAX_MEMBERS),
                place=Place(self.name),
            )
        return {info.filename: info for info in found}

    def _packed(self, info: ZipInfo) -> bytes:
        if info.flag_bits & _ENCRYPTED or info.compress_type not in {ZIP_STORED, ZIP_DEFLATED, _ZSTANDARD}:
            raise ShinraiError(
                message("This part of the archive is encrypted, or packed in a way that is not read."),
                place=Place(self.name, field=info.filename),
            )
        if info.compress_size > MAX_MEMBER:
            raise too_large(self.name, info.compress_size, MAX_MEMBER)
        # A damaged directory can place a part before the file's first byte.
        if info.header_offset < 0:
            raise self._damaged(info.filename)
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise self._damaged(info.filename)
        self._file.seek(sum(struct.unpack("<HH", header[26:30])), 1)
        return self._file.read(info.compress_size)

    def _refuse_member(self, name: str) -> NoReturn:
        raise ShinraiError(message("The archive has no part “{part}”.", part=name), place=Place(self.name))

    def _damaged(self, name: str) -> ShinraiError:
        return ShinraiError(
            message("This part of the archive is damaged."),
            fix=message("Hand in the file as the tool wrote it."),
            place=Place(self.name, field=name),
        )


def _directory_size(seek: Any, read: Any, size: int) -> int:
    """Return how many bytes the archive's end says its directory has; 0 without an end, which zipfile refuses."""
    start = max(0, size - _END.size - 0xFFFF)
    seek(start)
    tail = read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return 0
    directory = int(_END.unpack_from(tail, at)[5])
    place = at - _END_64_PLACE.size
    if place >= 0 and tail[place : place + 4] == b"PK\x06\x07":
        seek(min(_END_64_PLACE.unpack_from(tail, place)[2], size))
        record = read(_END_64.size)
        if len(record) == _END_64.size and record[:4] == b"PK\x06\x06":
            directory = max(directory if directory != 0xFFFFFFFF else 0, int(_END_64.unpack(record)[8]))
    return directory


def _unpacked(packed: bytes, how: int) -> bytes | None:
    """Return the bytes, None where they would be more than MAX_MEMBER."""
    if how == ZIP_STORED:
        return packed
    if how == ZIP_DEFLATED:
        stream = zlib.decompressobj(-15)
        data = stream.decompress(packed, MAX_MEMBER + 1)
        return data if len(data) <= MAX_MEMBER else None
    with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(packed, read_across_frames=True) as reader:
        data = reader.read(MAX_MEMBER + 1)
    return data if len(data) <= MAX_MEMBER else None
