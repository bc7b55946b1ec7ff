"""The keys of the log, each in its turn: which one signs now, and how a new one takes its place.

The name of a log stays. Its newest trust document lists its keys with the size from which each signs; a log whose key
was never replaced has no such list. A rotation is one entry of the log: before it the old key signs, from it on the new
one. The new key is on the disk before the entry, and the files get their lasting names after it; stopped anywhere, the
same command goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from shinrai.evidence.keys import Signer, key_path, load_signer, rename, retire
from shinrai.evidence.schema import blob, log_leaf
from shinrai.language import ShinraiError, message
from shinrai_verify.dsse import Envelope, Signature
from shinrai_verify.encoding import Fault, strict_json, unbase64
from shinrai_verify.note import NoteKey
from shinrai_verify.trust import TRUST, follow

if TYPE_CHECKING:
    from shinrai.evidence.home import Home
    from shinrai.evidence.store import Store

PRESENT, NEXT = "log", "log-next"
_TRIES = 20


def turns_in(db: Connection) -> tuple[NoteKey, ...]:
    """Return the log's keys as the chain of trust documents lists them; none where none was ever replaced.

    A document at the end that the root did not sign counts for nothing here; a check of the log reports it.
    """
    leaf = log_leaf.c
    query = select(leaf.idx, leaf.entry, blob.c.data).join(blob, blob.c.sha256 == leaf.payload)
    rows = sorted(db.execute(query.where(leaf.predicate_type == TRUST)).all(), key=lambda row: int(row[0]))
    signed: dict[bytes, list[bytes]] = {}
    for _, entry, data in rows:
        signed.setdefault(bytes(data or b""), []).append(bytes(entry))
    if not any(b'"logKeys"' in payload for payload in signed):
        return ()
    chain = [Envelope(payload, _signatures(entries)) for payload, entries in signed.items()]
    for length in range(len(chain), 0, -1):
        try:
            return follow(chain[:length], chain[0].payload_sha256)[-1].turns
        except Fault:
            continue
    return ()


def _signatures(entries: Sequence[bytes]) -> tuple[Signature, ...]:
    found = []
    for entry in entries:
        try:
            record = strict_json(entry, "a log entry")
            found.append(Signature(str(record["keyid"]), unbase64(str(record["sig"]), "a log entry")))
        except (Fault, KeyError, TypeError):
            continue
    return tuple(sorted(found, key=lambda signature: signature.keyid))


def in_turns(keys: Sequence[NoteKey]) -> list[NoteKey]:
    """Return keys such that each signs up to where the next one of the same name begins."""
    found = []
    for key in keys:
        later = [other.since for other in keys if other.name == key.name and other.since > key.since]
        found.append(replace(key, until=min(later, default=None)))
    return found


def present_signer(folder: Path, turns: tuple[NoteKey, ...]) -> Signer:
    """Return the signer whose turn it is, made on first use of a log; ShinraiError where its key is not here."""
    if not turns:
        return load_signer(folder, PRESENT)
    for name in (PRESENT, NEXT):
        if key_path(folder, name).exists() and load_signer(folder, name).public == turns[-1].public:
            return load_signer(folder, name)
    raise ShinraiError(
        message(
            "The key that signs the log from {size} entries on is not in {path}.", size=turns[-1].since, path=folder
        ),
        fix=message("Restore {path} from your backup; what it signed stays valid.", path=folder / "log.pem"),
    )


def rotate_log(home: "Home", now: datetime) -> NoteKey:
    """Put a new key in the place of the log's own, and publish a head under it; returns the new key.

    A key named `log-next` is taken where there is one (a registered command, say), else made. What was stopped is
    finished, and nothing is rotated twice. The old key is kept as `log.retired-…`: it verifies what it signed.
    """
    from shinrai.evidence.store import GrownError, Store
    from shinrai.evidence.trust import name_log_key

    store = Store(home)
    try:
        if not _named(store, home.keys):
            fresh = load_signer(home.keys, NEXT)
            for left in reversed(range(_TRIES)):
                try:
                    name_log_key(home, store, fresh, now)
                    break
                except GrownError:
                    if not left:
                        raise ShinraiError(
                            message("Others write to the log all the time, so its key could not be replaced."),
                            fix=message("Do it again when fewer do."),
                        ) from None
    finally:
        store.close()
    _settle(home.keys)
    store = Store(home)
    try:
        store.publish()
    finally:
        store.close()
    return store.key


def _named(store: "Store", folder: Path) -> bool:
    """Whether a rotation was stopped after its entry: the present key is still kept as the next one."""
    return key_path(folder, NEXT).exists() and load_signer(folder, NEXT).public == store.key.public


def _settle(folder: Path) -> None:
    """Put the old key aside and give the new one its lasting name."""
    if not key_path(folder, NEXT).exists():
        return
    fresh = load_signer(folder, NEXT)
    if key_path(folder, PRESENT).exists() and load_signer(folder, PRESENT).public != fresh.public:
        retire(folder, PRESENT)
    rename(folder, NEXT, PRESENT)
