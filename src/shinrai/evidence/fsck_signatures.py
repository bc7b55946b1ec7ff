"""Signatures and statements of a range of entries; on a large log several processes take a range each.

    python -m shinrai.evidence.fsck_signatures

reads an order as JSON from its input and answers with JSON lines. No process gets or gives anything but text.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, select

from shinrai.evidence.database import open_log_database, reading
from shinrai.evidence.fsck_tree import as_bytes, entry_fields
from shinrai.evidence.home import Home
from shinrai.evidence.schema import LOG_ID, blob, log_leaf
from shinrai.language import Message, message
from shinrai_verify.dsse import PAYLOAD_TYPE, Statement, pae
from shinrai_verify.encoding import Fault, unbase64
from shinrai_verify.keys import verifies

_AT_ONCE = 256


class Problem(StrEnum):
    """What can be wrong with an entry and its statement."""

    MISSING = "missing"
    PAE = "pae"
    TYPE = "type"
    SUBJECT = "subject"
    KEY = "key"
    SIGNATURE = "signature"


SAID: Mapping[Problem, Message] = {
    Problem.MISSING: message("its payload is missing"),
    Problem.PAE: message("the digest of what was signed is not that of its statement"),
    Problem.TYPE: message("its type is not that of its statement"),
    Problem.SUBJECT: message("its subject is not that of its statement"),
    Problem.KEY: message("its signature is not good, or its key is not known"),
    Problem.SIGNATURE: message("its signature is not good"),
}


@dataclass(frozen=True, slots=True)
class Range:
    """Entries from `start` up to but without `end`, each `every`th of them from the first multiple on."""

    start: int
    end: int
    every: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """How far a range is: entries passed, signatures verified since the last step, and what was found."""

    at: int
    verified: int
    problems: tuple[tuple[int, Problem], ...]


def check_signatures(db: Connection, of: Range, keys: Mapping[str, bytes]) -> Iterator[Step]:
    """Verify the signatures of a range. keys: keyid -> raw public key.

    An entry that is damaged itself, or whose stored statement is not the one it names, is passed over: the walks over
    entries and contents report it.
    """
    leaf = log_leaf.c
    query = select(leaf.idx, leaf.entry, blob.c.data).outerjoin_from(log_leaf, blob, blob.c.sha256 == leaf.payload)
    for start in range(of.start, of.end, _AT_ONCE):
        end = min(of.end, start + _AT_ONCE)
        wanted = query.where(leaf.log_id == LOG_ID, leaf.idx >= start, leaf.idx < end)
        if of.every > 1:
            wanted = wanted.where(leaf.idx % of.every == 0)
        verified, problems = 0, []
        for index, entry, data in db.execute(wanted.order_by(leaf.idx)).all():
            problem, counted = _check(as_bytes(entry), None if data is None else as_bytes(data), keys)
            verified += counted
            if problem is not None:
                problems.append((int(index), problem))
        yield Step(end, verified, tuple(problems))


def _check(entry: bytes, data: bytes | None, keys: Mapping[str, bytes]) -> tuple[Problem | None, bool]:
    """Return what is wrong with an entry, and whether its signature was verified."""
    fields = entry_fields(entry)
    if fields is None:
        return None, False
    if data is None:
        return Problem.MISSING, False
    if hashlib.sha256(data).hexdigest() != fields.payload:
        return None, False
    signed = pae(PAYLOAD_TYPE, data)
    if hashlib.sha256(signed).hexdigest() != fields.pae:
        return Problem.PAE, False
    if fields.keyid not in keys:
        return Problem.KEY, False
    try:
        if not verifies(keys[fields.keyid], unbase64(fields.sig, "a log entry", standard=True), signed):
            return Problem.SIGNATURE, True
        said = Statement.from_bytes(data, "a log entry")
    except (Fault, ValueError):
        return Problem.SIGNATURE, True
    if said.predicate_type != fields.type:
        return Problem.TYPE, True
    return (None if said.subject_sha256 == fields.subject else Problem.SUBJECT), True


def main() -> int:
    """Carry out the order on standard input."""
    order = json.load(sys.stdin)
    keys = {keyid: bytes.fromhex(public) for keyid, public in order["keys"].items()}
    engine = open_log_database(Home(Path(order["home"])))
    with reading(engine) as db:
        for step in check_signatures(db, Range(order["start"], order["end"], order["every"]), keys):
            sys.stdout.write(json.dumps([step.at, step.verified, step.problems]) + "\n")
            sys.stdout.flush()
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
