"""Contents: every one against its digest; those that statements name are there, were taken out, or never were there."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, case, func, select

from shinrai.evidence.database import reading
from shinrai.evidence.findings import UNFINISHED, Findings, Progress
from shinrai.evidence.fsck_tree import as_bytes
from shinrai.evidence.schema import LOG_ID, blob, log_leaf
from shinrai.language import message
from shinrai_verify.verify import ASSESSMENT, EVIDENCE, PLAN

_AT_ONCE = 256
_PART = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Contents:
    """Counts. withheld: digests of contents that are out -> entry that declares it; outside: named and never stored."""

    checked: int
    withheld: Mapping[str, int]
    outside: int


def check_contents(engine: Engine, declared: Mapping[str, int], findings: Findings, progress: Progress) -> Contents:
    """Hash every stored content. declared: digests that signed statements declare taken out -> entry that does."""
    checked, withheld = 0, dict[str, int]()
    with reading(engine) as db, reading(engine) as parts:
        total = int(db.execute(select(func.count()).select_from(blob)).scalar_one())
        for row in _rows(db):
            if checked % 2048 == 0:
                progress(message("Hashing the contents"), checked, total)
            checked += 1
            name = as_bytes(row.sha256).hex()
            if row.held is None:
                if name in declared:
                    withheld[name] = declared[name]
                else:
                    what = message("the content is gone, and no signed statement declares that it was taken out")
                    findings.add("blob", name, what)
                continue
            if name in declared:
                what = message("entry {index} declares the content erased, and it is here", index=declared[name])
                findings.add("blob", name, what, UNFINISHED)
            digest = hashlib.sha256(as_bytes(row.data)) if row.data is not None else _in_parts(parts, row)
            if digest.digest() != as_bytes(row.sha256):
                findings.add("blob", name, message("the content is not what its digest says"))
            elif row.size != row.held:
                findings.add("blob", name, message("the size is not that of the content"))
        progress(message("Hashing the contents"), total, total)
        outside = _outside(db, parts)
    return Contents(checked, dict(sorted(withheld.items())), outside)


def _rows(db: Connection) -> Iterator[Any]:
    """Yield digest, size, true size, and the content itself where it is small."""
    column = blob.c
    held = func.length(column.data)
    query = select(column.sha256, column.size, held.label("held"), case((held <= _PART, column.data)).label("data"))
    yield from db.execute(query.execution_options(yield_per=_AT_ONCE))


def _in_parts(db: Connection, row: Any) -> Any:
    digest = hashlib.sha256()
    for start in range(1, row.held + 1, _PART):
        query = select(func.substr(blob.c.data, start, _PART)).where(blob.c.sha256 == row.sha256)
        digest.update(as_bytes(db.execute(query).scalar()))
    return digest


def _outside(db: Connection, other: Connection) -> int:
    """Count the contents that statements name and that have no row."""
    query = (
        select(blob.c.data)
        .join(log_leaf, log_leaf.c.payload == blob.c.sha256)
        .where(log_leaf.c.log_id == LOG_ID, log_leaf.c.predicate_type.in_([ASSESSMENT, EVIDENCE, PLAN]))
    )
    named: set[bytes] = set()
    absent: set[bytes] = set()
    for row in db.execute(query.execution_options(yield_per=_AT_ONCE)):
        named |= _named(as_bytes(row.data))
        if len(named) >= _AT_ONCE:
            absent |= _absent(other, named)
            named = set()
    return len(absent | _absent(other, named))


def _named(payload: bytes) -> set[bytes]:
    try:
        items = json.loads(payload)["predicate"]["items"]
        return {bytes.fromhex(item["digest"]["sha256"]) for item in items}
    except (ValueError, KeyError, TypeError):
        return set()


def _absent(db: Connection, named: set[bytes]) -> set[bytes]:
    if not named:
        return set()
    found = {bytes(row[0]) for row in db.execute(select(blob.c.sha256).where(blob.c.sha256.in_(named)))}
    return named - found
