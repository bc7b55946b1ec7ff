"""V3: the log's signed head, the entries under it, and who else saw it when."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shinrai_verify.encoding import Fault, canonical_json, digest, shaped, strict_json
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import LOG, Checkpoint, read_note
from shinrai_verify.statements import ABANDONMENT, ASSESSMENT, PLAN, REVOCATION, WITHHELD
from shinrai_verify.steps.work import CHECKPOINT, TOKEN, Work
from shinrai_verify.tiles import tile_entries, tile_names
from shinrai_verify.trust import TRUST

_LEAF = {**dict.fromkeys(("keyid", "pae", "payload", "subject"), digest), "sig": str, "type": str, "v": int}


def head(work: Work) -> None:
    """Hold the log to its head, and the head to the witnesses and times that are demanded."""
    outcome, note = work.outcome, work.bundle.read(CHECKPOINT)
    shown = {name.rpartition("/tile/")[2].partition("/")[0] for name in work.bundle.sha256}
    if work.whole and "0" in shown and "entries" not in shown:
        raise Fault("this is the case of a council round, on which its members vote, not the record of one")
    outside = work.policy.outside.or_else(work.trust[-1].outside).in_turn(work.trust[-1].turns)
    work.outside = outside
    witnesses = outside.quorum.witnesses.values() if outside.quorum else ()
    head, signed = read_head(work, note, CHECKPOINT)
    if head.size > 256 * len(work.bundle.sha256) and work.whole:
        raise Fault("the log has {n} entries, the bundle does not hold that many", n=head.size)
    for name, width in tile_names(head.size, "entries") if work.whole else ():
        _tile(work, name, width)
    if work.whole and root(work.leaves) != head.root:
        raise Fault("the log does not match its signed head: an entry was changed, removed, added or moved")
    if len(work.index_of) < len(work.leaves):
        raise Fault("the log holds an entry twice")
    outcome.checkpoint, outcome.checkpoint_note = head, note
    text = "the log {origin} with {n} entries matches its signed head"
    outcome.note("V3", 0, text, origin=head.origin, n=head.size)
    for key in witnesses:
        if key in signed:
            outcome.times[key.name] = datetime.fromtimestamp(signed[key], UTC)
    if outside.quorum and not outside.quorum.met(signed):
        outcome.note(
            "V3",
            3,
            "too few of the witnesses that you demand have signed the log's head ({n})",
            n=len(outcome.times),
        )
    _stamp(work, head.text.encode())
    _in_time(work)


def read_head(work: Work, note: bytes, what: str) -> tuple[Checkpoint, Mapping[Any, int]]:
    """Return the checkpoint in a note that a known log signed, and who signed it when."""
    quorum = work.outside.quorum
    text, signed = read_note(note, (*work.outside.logs, *(quorum.witnesses.values() if quorum else ())), what)
    # A log's key is named like the log: the key of one log cannot speak for another.
    if not any(key.kind == LOG and key.name == text.partition("\n")[0] for key in signed):
        raise Fault("{what} is not signed by a log key that you trust", what=what)
    return Checkpoint.parse(text, what), signed


def _tile(work: Work, name: str, width: int) -> None:
    for entry in tile_entries(work.bundle.read(name), name, width):
        record = shaped(strict_json(entry, name), _LEAF, name)
        if canonical_json(record) != entry:
            raise Fault("{what} is not in the form that Shinrai writes", what=name)
        whole_log, index = record["type"] in (TRUST, REVOCATION), len(work.leaves)
        run = record["subject"] == work.subject and record["type"] in (PLAN, ABANDONMENT, ASSESSMENT)
        erased = record["type"] == WITHHELD and record["subject"] in work.named
        if whole_log or run or erased or record["subject"] == work.outcome.bundle_id:
            work.ours[index] = record["type"]
        work.leaves.append(leaf_hash(entry))
        work.index_of[work.leaves[-1]] = index
    work.used.add(name)


def _stamp(work: Work, text: bytes) -> None:
    pinned = work.outside.tsa
    if not pinned and TOKEN in work.bundle.sha256:
        work.outcome.note("V3", 0, "{what} was not checked: you name no service that you trust", what=TOKEN)
    found = None
    if pinned and TOKEN in work.bundle.sha256:
        # Reading certificates takes a third of the time of a start, and few bundles are asked for their time stamp.
        from shinrai_verify.timestamp import stamped

        found = stamped(work.bundle.read(TOKEN), text, pinned, TOKEN)
    work.used.add(TOKEN)
    if found:
        work.outcome.times[f"tsa:{found[0]}"] = found[1]
    elif pinned:
        work.outcome.note("V3", 3, "the log's head bears no time stamp of a service that you trust")


def _in_time(work: Work) -> None:
    times, expires = work.outcome.times, work.trust[-1].expires
    if times:
        shown = ", ".join(f"{name} {time:%Y-%m-%dT%H:%M:%SZ}" for name, time in sorted(times.items()))
        work.outcome.note("V3", 0, "the log's head existed at: {times}", times=shown)
    # A proven time freezes what was valid then; a signer's own clock proves nothing.
    if expires < max(times.values(), default=work.now):
        work.outcome.note("V2", 3, "the trust document expired on {date}", date=expires.date())
    oldest = min(times.values(), default=None)
    if work.policy.max_age is not None and (oldest is None or work.now - oldest > work.policy.max_age):
        text = "nobody that you trust saw the log's head within the time that you demand"
        work.outcome.note("V3", 3, text)
