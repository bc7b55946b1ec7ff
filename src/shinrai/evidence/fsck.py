"""Check everything that the database holds against what was signed: nothing is believed because it is stored.

Every entry is hashed from its bytes, every node from the entries below it, every checkpoint compared with the tree over
those hashes and with its own signature, every content with its digest, every signature with its statement, and the
chains of trust documents and rosters followed. All checkpoints are compared with one and the same sequence of entries,
so those that agree with it are consistent with each other. Memory stays the same for any size of log, but for the list
of findings, which ends at a limit and says so.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from shinrai.evidence.cosignatures import split_note
from shinrai.evidence.database import reading, refusals
from shinrai.evidence.findings import FORGED, UNFINISHED, Findings, Progress, Report
from shinrai.evidence.fsck_contents import check_contents
from shinrai.evidence.fsck_processes import collect, verifying
from shinrai.evidence.fsck_signatures import Range
from shinrai.evidence.fsck_tree import TreeCheck, as_bytes
from shinrai.evidence.fsck_trust import check_trust
from shinrai.evidence.home import salted_as
from shinrai.evidence.schema import LOG_ID, log, log_checkpoint, log_leaf, log_timestamp, run_step
from shinrai.language import ShinraiError, message
from shinrai_verify.encoding import Fault
from shinrai_verify.note import Checkpoint

if TYPE_CHECKING:
    from shinrai.evidence.store import Store

__all__ = ["fsck"]


def fsck(
    store: "Store",
    *,
    keys: Mapping[str, bytes] | None = None,
    sample: int | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check the log of a data folder; returns the report, whose findings are empty when all is well.

    keys: keyid -> raw public key of the signers known, read from the log's own documents when None. sample: verify
    about so many signatures, spread evenly, instead of all; everything else is checked in full. processes: how many
    verify signatures on a large log (default: one for each processor).
    """
    findings, told = Findings(), progress or (lambda *_: None)
    known = check_trust(store, findings)
    with refusals(), reading(store.engine) as db:
        size = _size(db, store, findings)
        whole = Range(0, size, 1 if not sample or sample >= size else size // sample)
        with verifying(store, whole, known.keys if keys is None else keys, processes) as steps:
            tree = TreeCheck(db, known.turns or store.keys, size, _mark(store, findings), findings, told)
            tree.run()
            _run_steps(db, size, findings)
            stamps = _timestamps(db, findings)
            _left_behind(store, known.declared, findings)
            contents = check_contents(store.engine, known.declared, findings, told)
            verified = collect(steps, whole, findings, told)
    return Report(
        entries=size,
        nodes=tree.nodes,
        checkpoints=tree.checkpoints,
        contents=contents.checked,
        signatures=verified,
        timestamps=stamps,
        withheld=contents.withheld,
        outside=contents.outside,
        findings=tuple(findings.kept),
        more=findings.more,
    )


def _size(db: Connection, store: "Store", findings: Findings) -> int:
    """Return how many entries to walk over: what the log says it has, but no more than there can be."""
    row = db.execute(select(log.c.size, log.c.origin).where(log.c.log_id == LOG_ID)).one()
    if row.origin != store.key.name:
        findings.add("log", LOG_ID, message("the log belongs to another key"), FORGED)
    # SQLite takes text where a number belongs, and sorts it behind all numbers.
    last = db.execute(select(func.max(log_leaf.c.idx)).where(log_leaf.c.idx < 2**62)).scalar()
    held = 0 if last is None else int(last) + 1
    size = row.size if isinstance(row.size, int) else -1
    if not 0 <= size <= held:
        what = message("the log says that it has {size} entries, and has {held}", size=row.size, held=held)
        findings.add("log", LOG_ID, what)
    return size if 0 <= size <= held else held


def _mark(store: "Store", findings: Findings) -> Checkpoint | None:
    try:
        return store.publisher.mark.read()
    except ShinraiError as error:
        findings.add("log", LOG_ID, error.what)
        return None


def _run_steps(db: Connection, size: int, findings: Findings) -> None:
    step = run_step.c
    for row in db.execute(select(step.run, step.step, step.idx).where((step.idx >= size) | (step.idx < 0)).limit(100)):
        what = message("the step rests on the entry {index}, which there is not", index=row.idx)
        findings.add("run_step", f"{row.run[:16]}/{row.step}", what)


def _left_behind(store: "Store", declared: Mapping[str, int], findings: Findings) -> None:
    """Look for copies of erased contents in the files of the data folder, and for their salts."""
    from shinrai.evidence.erasure import copies

    for sha256, places in copies(store.home, declared).items():
        entry = declared[sha256]
        for place in places:
            what = message("entry {index} declares {digest} erased, and a copy is here", index=entry, digest=sha256)
            findings.add("file", place.relative_to(store.home.path), what, UNFINISHED)
        if salted_as(store.home, sha256) is not None:
            what = message("entry {index} declares the content erased, and its salt is here", index=entry)
            findings.add("salt", sha256, what, UNFINISHED)


def _timestamps(db: Connection, findings: Findings) -> int:
    """Compare what each token is over with its checkpoint; returns how many there are. Who signed them is not asked."""
    from importlib.util import find_spec

    stamp, point = log_timestamp.c, log_checkpoint.c
    query = select(stamp.size, stamp.authority, stamp.token, point.note).outerjoin_from(
        log_timestamp, log_checkpoint, (point.log_id == stamp.log_id) & (point.size == stamp.size)
    )
    count, readable = 0, find_spec("rfc3161_client") is not None
    for row in db.execute(query.order_by(stamp.size)):
        count += 1
        if row.note is None:
            findings.add("log_timestamp", row.size, message("its checkpoint is missing"))
        elif readable and not _covered(as_bytes(row.token), str(row.note)):
            findings.add("log_timestamp", row.size, message("the token is not over its checkpoint"))
    return count


def _covered(token: bytes, note: str) -> bool:
    from shinrai.evidence.timestamps import covers

    try:
        return covers(token, split_note(note.encode())[0])
    except Fault:
        return False
