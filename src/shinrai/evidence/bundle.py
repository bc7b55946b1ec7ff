"""Write a bundle: the one archive form that `shinrai_verify` accepts."""

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinrai.evidence.statements import Item, Subject
from shinrai.language import ShinraiError, message
from shinrai_verify.bundle import MAX_ARCHIVE_BYTES, MAX_ENTRIES, directory, local_header
from shinrai_verify.dsse import Envelope
from shinrai_verify.encoding import canonical_json
from shinrai_verify.verify import BUNDLE, tile_names

_CHUNK = 1024 * 1024
Content = bytes | Path


@dataclass(frozen=True, slots=True)
class BundleParts:
    """Everything a bundle holds.

    manifest: its bytes. contents: SHA-256 -> bytes, or the file that has them. envelopes: in log order.
    trust: the chain of trust documents. checkpoint: the signed note. leaves: all leaf hashes of the log it heads.
    """

    manifest: bytes
    contents: Mapping[str, Content]
    envelopes: Sequence[Envelope]
    trust: Sequence[Envelope]
    checkpoint: bytes
    leaves: Sequence[bytes]
    instructions: bytes


def manifest(subject: Subject, items: Sequence[Item]) -> bytes:
    """Return the manifest of these items; an item named twice is listed once."""
    unique = {item.sha256: item for item in items}
    record = {
        "entries": [unique[sha256].manifest_entry() for sha256 in sorted(unique)],
        "schema": BUNDLE,
        "subject": {"digest": {"sha256": subject.sha256}, "name": subject.name, "version": subject.version},
    }
    return canonical_json(record)


def write_bundle(path: Path, parts: BundleParts) -> None:
    """Write the archive; the file appears whole or not at all."""
    files = dict(_files(parts))
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(fresh, files)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _files(parts: BundleParts) -> Iterator[tuple[str, Content]]:
    yield "manifest.json", parts.manifest
    yield "VERIFY.txt", parts.instructions
    yield "attestations.intoto.jsonl", b"".join(envelope.to_bytes() + b"\n" for envelope in parts.envelopes)
    yield "log/checkpoint", parts.checkpoint
    start = 0
    for name, width in tile_names(len(parts.leaves)):
        yield name, b"".join(parts.leaves[start : start + width])
        start += width
    for version, envelope in enumerate(parts.trust, start=1):
        yield f"trust/root.{version}.json", envelope.to_bytes()
    for sha256, content in parts.contents.items():
        yield f"blobs/sha256/{sha256}", content


def _write(path: Path, files: Mapping[str, Content]) -> None:
    total = sum(content.stat().st_size if isinstance(content, Path) else len(content) for content in files.values())
    if len(files) > MAX_ENTRIES or total + 1000 * len(files) > MAX_ARCHIVE_BYTES:
        raise ShinraiError(
            message("The bundle would be larger than 4 GiB."),
            fix=message("Set share: counts on large targets; their rows then stay with you."),
        )
    entries: dict[str, tuple[int, int, int]] = {}
    with path.open("wb") as archive:
        for name in sorted(files):
            size, crc = _measure(name, files[name])
            entries[name] = (archive.tell(), size, crc)
            archive.write(local_header(name, size, crc))
            for chunk in _chunks(files[name]):
                archive.write(chunk)
        archive.write(directory(entries, archive.tell()))
        archive.flush()
        os.fsync(archive.fileno())


def _chunks(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _measure(name: str, content: Content) -> tuple[int, int]:
    size, crc, sha256 = 0, 0, hashlib.sha256()
    for chunk in _chunks(content):
        size, crc = size + len(chunk), zlib.crc32(chunk, crc)
        sha256.update(chunk)
    if name.startswith("blobs/") and not name.endswith(sha256.hexdigest()):
        raise ShinraiError(
            message("{path} changed while it was being assessed.", path=content if isinstance(content, Path) else name),
            fix=message("Assess again when nothing writes to it."),
        )
    return size, crc
