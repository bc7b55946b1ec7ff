"""What a checkpoint that somebody shows is worth: who vouches for it, as of when, and whether two of them agree.

Times count only from witnesses: a cosignature says that a checkpoint was the newest the witness had seen at a time. The
log's word on time is not asked, and a timestamp token shows that a checkpoint existed, not that it was the newest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shinrai.evidence.cosignatures import Cosignature, WitnessPolicy, cosignatures
from shinrai_verify.merkle import consistent
from shinrai_verify.note import Checkpoint, NoteKey, open_note

CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A checkpoint that its log signed, and who else vouches for it.

    as_of: the latest moment at which enough witnesses for the quorum said it was the newest; None without a quorum.
    too_old: as_of is older than allowed, or there is none though an age was asked for. ahead: names of witnesses whose
    clock is ahead of ours, and which therefore do not count.
    """

    head: Checkpoint
    witnessed: tuple[Cosignature, ...]
    quorum: bool
    as_of: datetime | None
    too_old: bool
    ahead: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 all is met, 3 the policy is not."""
        return 0 if self.quorum and not self.too_old else 3


def appraise(
    note: bytes,
    logs: Iterable[NoteKey],
    policy: WitnessPolicy | None,
    now: datetime,
    max_age: timedelta | None = None,
) -> Appraisal:
    """Appraise a checkpoint note; Fault when it is not a good note of a known log.

    policy: whose cosignatures are asked for, None for nobody's; max_age: how long ago they may say it was the newest.
    """
    head = Checkpoint.parse(open_note(note, logs, "the checkpoint"), "the checkpoint")
    known = [witness.key for witness in policy.witnesses.values()] if policy else []
    found = cosignatures(note, known)
    good = [each for each in found if each.moment <= now + CLOCKS_DIFFER]
    quorum = policy is None or policy.met_by(each.witness for each in good)
    as_of = _as_of(good, policy) if policy is not None and quorum else None
    too_old = max_age is not None and (as_of is None or now - as_of > max_age)
    ahead = tuple(each.witness.name for each in found if each not in good)
    return Appraisal(head, tuple(good), quorum, as_of, too_old, ahead)


def _as_of(good: Sequence[Cosignature], policy: WitnessPolicy) -> datetime | None:
    """Return the latest moment such that those who vouched then or later are a quorum by themselves."""
    moments = sorted({each.moment for each in good}, reverse=True)
    for moment in moments:
        if policy.quorum is not None and policy.met_by(each.witness for each in good if each.moment >= moment):
            return moment
    return None


class Agreement(StrEnum):
    """How two checkpoints of one log stand to each other. UNPROVEN: nothing shows it; do not take it for agreement."""

    SAME = "same"
    CONTINUES = "continues"
    FORK = "fork"
    UNPROVEN = "unproven"


def compare(one: bytes, other: bytes, logs: Sequence[NoteKey], proof: Sequence[bytes] | None = None) -> Agreement:
    """Compare what two people saw of a log; Fault when a note is not a good one.

    proof: the consistency proof from the smaller to the larger, as somebody gave it. Two roots for one size are a fork,
    and the two notes its proof. A proof that does not hold shows nothing about the log, only about who gave it.
    """
    first, second = sorted(
        (Checkpoint.parse(open_note(note, logs, "the checkpoint"), "the checkpoint") for note in (one, other)),
        key=lambda head: head.size,
    )
    if first.origin != second.origin:
        return Agreement.UNPROVEN
    if first.size == second.size:
        return Agreement.SAME if first.root == second.root else Agreement.FORK
    if first.size == 0:
        return Agreement.CONTINUES
    held = proof is not None and consistent(first.size, first.root, second.size, second.root, proof)
    return Agreement.CONTINUES if held else Agreement.UNPROVEN
