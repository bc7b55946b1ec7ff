"""What a member does: check the round, write its votes down, sign them, and keep the proof that they were logged.

The coordinator is not trusted. It can keep a vote from the log or tell a member nothing; it cannot make a member vote
twice, vote on something else than it looked at, or take back what it signed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shinrai.council.case import Opinion
from shinrai.council.case_file import CouncilCase
from shinrai.council.journal import Recorded, StoppedError, VoteJournal
from shinrai.council.rounds import ballot_of, commitment_of, rationale_of, recall_statement
from shinrai.evidence.keys import Signer
from shinrai.evidence.statements import sign
from shinrai.language import ShinraiError, message
from shinrai_verify.council import INCONCLUSIVE
from shinrai_verify.council import Member as Enrolled
from shinrai_verify.dsse import Envelope, Signature
from shinrai_verify.merkle import included, leaf_hash
from shinrai_verify.note import Checkpoint, NoteKey, open_note
from shinrai_verify.verify import envelope_leaves


class RefusedError(ShinraiError):
    """A member does not take part in a round."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One member's vote on one control, signed."""

    control: str
    value: str
    ballot: Envelope
    rationale: Envelope


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof that a statement stands in the log, given to who sent it. path: the audit path to the head."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes


def enrolled(case: CouncilCase, name: str, signer: Signer) -> Enrolled:
    """Return the member's entry; RefusedError where it may not vote on this case."""
    entry = next((member for member in case.roster.members if member.id == name), None)
    if entry is None or entry.public != signer.public:
        raise RefusedError(
            message("The roster of this round does not list {member} with this key.", member=name),
            fix=message("Use the key with which this member enrolled."),
        )
    if {case.opened.bundle_id, str(case.subject["digest"].get("sha256"))} & set(case.conflicts.get(name, ())):
        raise RefusedError(message("{member} declared a conflict of interest on this system.", member=name))
    if case.log.revoked().get(entry.keyid, case.opened.index + 1) <= case.opened.index:
        raise RefusedError(message("The key of {member} was revoked before this round.", member=name))
    return entry


class Member:
    """A member with its key and its journal."""

    def __init__(self, name: str, signer: Signer, journal: VoteJournal) -> None:
        self.name, self._signer, self._journal = name, signer, journal

    def vote(self, case: CouncilCase, opinions: Mapping[str, Opinion], **more: object) -> list[Vote]:
        """Sign a ballot and a rationale for every opinion. more: what rationales add, `method` or `model`.

        Contents that are missing turn every value into `inconclusive`: who has not seen all does not judge. Raises
        RefusedError where the round is not in order, StoppedError where the journal holds another value.
        """
        enrolled(case, self.name, self._signer)
        self._check_attempts(case)
        votes = {c: self._recorded(case, c, self._fit(case, opinion), more) for c, opinion in opinions.items()}
        opened = case.opened
        about = {"attempt": opened.attempt, "bundle": opened.bundle_id, "round": opened.id}
        self._journal.record(about, votes)
        # What was written down first is what is signed, also where the reasons differ by now.
        kept = self._journal.votes(opened.id)
        return [self._signed(kept[control]) for control in sorted(votes)]

    def recall(self, case: CouncilCase) -> list[Vote]:
        """Sign again what the journal holds for a round: the same bytes, for a vote that got lost on its way."""
        enrolled(case, self.name, self._signer)
        return [self._signed(vote) for _, vote in sorted(self._journal.votes(case.opened.id).items())]

    def commitment(self, case: CouncilCase, votes: Sequence[Vote]) -> Envelope:
        """Return the commitment to votes in a sealed round."""
        signatures = {vote.control: vote.ballot.signatures[0].sig for vote in votes}
        return sign(commitment_of(case.opened, signatures), self._signer)

    def recall_request(self, case: CouncilCase) -> Envelope:
        """Return the signed question what the log holds of this member."""
        return sign(recall_statement(case.opened), self._signer)

    def compare(self, case: CouncilCase, logged: Sequence[Envelope]) -> None:
        """Raise StoppedError where the log already holds a vote of this member that its journal does not know.

        A journal and its mark that were both restored cannot know what was signed since; the log can.
        """
        known = self._journal.votes(case.opened.id)
        mine = {control: ballot_of(case.opened, control, vote.value).to_bytes() for control, vote in known.items()}
        for envelope in logged:
            signed = [s for s in envelope.signatures if s.sig == self._signer.sign(envelope.pae)]
            if not signed:
                continue
            if envelope.payload not in mine.values() and _is_ballot(case, envelope):
                raise StoppedError(
                    message("The log holds a vote of {member} that its journal does not know.", member=self.name),
                    fix=message("The journal was lost or restored. The logged vote stands; do not vote again."),
                )

    def _check_attempts(self, case: CouncilCase) -> None:
        """Refuse a round that leaves out one this member voted in."""
        shown = {opened.id for opened in case.attempts}
        hidden = sorted(set(self._journal.rounds(case.opened.bundle_id)) - shown)
        if hidden:
            raise RefusedError(
                message("A round on the same contents, in which {member} voted, is hidden.", member=self.name),
                fix=message("Show your votes of that round ({round}) to the others.", round=hidden[0]),
            )

    def _fit(self, case: CouncilCase, opinion: Opinion) -> Opinion:
        if not case.missing:
            return opinion
        reason = message("unavailable: {n} contents are neither here nor declared withheld.", n=len(case.missing))
        return Opinion(INCONCLUSIVE, reason, ())

    def _recorded(self, case: CouncilCase, control: str, opinion: Opinion, more: Mapping[str, object]) -> Recorded:
        rationale = rationale_of(
            case.opened, self.name, control, opinion.value, opinion.reason.both(), opinion.inspected, **more
        )
        ballot = ballot_of(case.opened, control, opinion.value).to_bytes()
        return Recorded(case.opened.id, control, opinion.value, ballot, rationale.to_bytes())

    def _signed(self, vote: Recorded) -> Vote:
        def envelope(payload: bytes) -> Envelope:
            bare = Envelope(payload, ())
            return Envelope(payload, (Signature(self._signer.keyid, self._signer.sign(bare.pae)),))

        return Vote(vote.control, vote.value, envelope(vote.ballot), envelope(vote.rationale))


def _is_ballot(case: CouncilCase, envelope: Envelope) -> bool:
    forms = (ballot_of(case.opened, control, value).to_bytes() for control in case.opened.controls for value in _VALUES)
    return envelope.payload in set(forms)


_VALUES = ("pass", "fail", "inconclusive")


def proven(envelope: Envelope, predicate_type: str, proof: Proof, keys: Sequence[NoteKey]) -> bool:
    """Whether a proof shows that an envelope with one signature stands in the log that a signed head covers.

    Fault where the checkpoint is not signed by one of the keys.
    """
    head = Checkpoint.parse(open_note(proof.checkpoint, keys, "a proof"), "a proof")
    entry, _ = envelope_leaves(envelope, predicate_type)[0]
    return included(leaf_hash(entry), proof.index, head.size, proof.path, head.root)


def seal_of(envelope: Envelope) -> str:
    """Return the digest by which a sealed ballot is known before it is shown."""
    return hashlib.sha256(envelope.signatures[0].sig).hexdigest()
