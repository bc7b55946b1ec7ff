"""Write a bundle: the one archive form that `shinrai_verify` accepts."""

import base64
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinrai.evidence.home import Salted
from shinrai.evidence.merkle import consistency_proof, inclusion_proof, tree_levels
from shinrai.evidence.statements import Item, Subject
from shinrai.language import ShinraiError, message
from shinrai_verify.bundle import MAX_ARCHIVE_BYTES, MAX_ENTRIES, directory, local_header
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.merkle import leaf_hash
from shinrai_verify.verify import BUNDLE, envelope_leaves, tile_names

SHOWN_WHOLE = 16_384
"""Up to this many entries a bundle shows the whole log, so that nothing about the system can be left out of it."""
_CHUNK = 1024 * 1024
Content = bytes | Path | Salted


@dataclass(frozen=True, slots=True)
class BundleParts:
    """Everything a bundle holds.

    manifest: its bytes. contents: SHA-256 -> bytes, or the file that has them. envelopes: in log order. trust: the
    chain of trust documents. checkpoint: the signed note, which may carry lines of witnesses. leaves: all leaf hashes
    of the log it heads. instructions: VERIFY.txt, None for none. entries: all entries of that log, or None to give
    proofs of the statements only, as befits a log that is large. token: an RFC 3161 time stamp of the checkpoint. seen:
    sizes of earlier heads to prove the continuation from, where only proofs are given. hashes_alone: show the leaf
    hashes and no entry, since the digest of a vote in an entry would give the vote away.
    """

    manifest: bytes
    contents: Mapping[str, Content]
    envelopes: Sequence[Envelope]
    trust: Sequence[Envelope]
    checkpoint: bytes
    leaves: Sequence[bytes]
    instructions: bytes | None
    entries: Sequence[bytes] | None = None
    token: bytes | None = None
    seen: Sequence[int] = ()
    hashes_alone: bool = False


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
    if parts.instructions is not None:
        yield "VERIFY.txt", parts.instructions
    yield "attestations.intoto.jsonl", b"".join(envelope.to_bytes() + b"\n" for envelope in parts.envelopes)
    yield "log/checkpoint", parts.checkpoint
    if parts.token is not None:
        yield "log/checkpoint.tsr", parts.token
    if parts.hashes_alone:
        yield from hash_tiles(parts.leaves)
    else:
        yield from proof_files(parts) if parts.entries is None else entry_tiles(parts.entries)
    for version, envelope in enumerate(parts.trust, start=1):
        yield f"trust/root.{version}.json", envelope.to_bytes()
    for sha256, content in parts.contents.items():
        yield f"blobs/sha256/{sha256}", content


def hash_tiles(leaves: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield all leaf hashes of a log as C2SP tlog-tiles of level 0."""
    start = 0
    for name, width in tile_names(len(leaves)):
        yield name, b"".join(leaves[start : start + width])
        start += width


def entry_tiles(entries: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield all entries of a log as C2SP tlog-tiles bundles: each entry after its length in two bytes."""
    start = 0
    for name, width in tile_names(len(entries), "entries"):
        shown = entries[start : start + width]
        yield name, b"".join(len(entry).to_bytes(2, "big") + entry for entry in shown)
        start += width


def proof_files(parts: BundleParts) -> Iterator[tuple[str, bytes]]:
    """Yield a C2SP tlog-proof for each signature, and the continuation from each head that was seen."""
    levels = tree_levels(parts.leaves)
    index_of = {leaf: index for index, leaf in enumerate(parts.leaves)}
    for envelope in parts.envelopes:
        statement = Statement.from_bytes(envelope.payload, "a statement")
        for entry, _ in envelope_leaves(envelope, statement.predicate_type, statement.subject_sha256):
            leaf = leaf_hash(entry)
            path = "".join(base64.b64encode(node).decode() + "\n" for node in inclusion_proof(levels, index_of[leaf]))
            head = f"c2sp.org/tlog-proof@v1\nindex {index_of[leaf]}\n{path}\n"
            yield f"log/proofs/{leaf.hex()}.tlog-proof", head.encode() + parts.checkpoint
    for size in parts.seen:
        if 0 < size < len(parts.leaves):
            nodes = consistency_proof(parts.leaves, size)
            yield f"log/consistency/{size}", b"".join(base64.b64encode(node) + b"\n" for node in nodes)


def _write(path: Path, files: Mapping[str, Content]) -> None:
    total = sum(_size(content) for content in files.values())
    if len(files) > MAX_ENTRIES or total + 1000 * len(files) > MAX_ARCHIVE_BYTES:
        raise ShinraiError(
            message("The bundle would hold more than {limit} files or 1 TiB.", limit=MAX_ENTRIES),
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


def _size(content: Content) -> int:
    if isinstance(content, Path):
        return content.stat().st_size
    return content.size if isinstance(content, Salted) else len(content)


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
            message("{path} changed while it was being assessed.", path=getattr(content, "path", name)),
            fix=message("Assess again when nothing writes to it."),
        )
    return size, crc
