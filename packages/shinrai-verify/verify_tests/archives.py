"""Write archives in the one form allowed, from whatever contents, and take them apart again."""

import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from shinrai_verify.bundle import directory, local_header
from shinrai_verify.dsse import Envelope


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of these files, in the order given."""
    out, entries = b"", {}
    for name, data in files.items():
        crc = zlib.crc32(data)
        entries[name] = (len(out), len(data), crc)
        out += local_header(name, len(data), crc) + data
    return out + directory(entries, len(out))


def sorted_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of these files as a writer would make it."""
    return archive(dict(sorted(files.items())))


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive."""
    with zipfile.ZipFile(BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def lines(files: Mapping[str, bytes]) -> list[bytes]:
    """Return the statements of a bundle, one line each."""
    return files["attestations.intoto.jsonl"].splitlines(keepends=True)


def envelope(line: bytes) -> Envelope:
    """Read a line."""
    return Envelope.from_bytes(line.rstrip(b"\n"), "a line")


def log_entries(tiles: bytes) -> list[bytes]:
    """Return the entries of a log from its tiles, one after the other."""
    found, at = [], 0
    while at < len(tiles):
        size = int.from_bytes(tiles[at : at + 2], "big")
        found.append(tiles[at + 2 : at + 2 + size])
        at += 2 + size
    return found
