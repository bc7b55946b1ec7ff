"""The count of a round as a pure function of what stands in the log between its opening and its closing.

Anyone who holds the signed statements and their places runs it and comes to the same verdicts. A ballot counts when a
member of the roster signed it, with a key that was valid at its place, between opening and closing, with a rationale of
the same value where the round asks for one, and in a sealed round after the member committed to exactly this ballot.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shinrai.council.rounds import COMMIT, REVEAL, OpenRound, Rubric, ballot_of
from shinrai_verify.council import VALUES, Ballot, Reconsidered, Roster, Tally, reconsidered, required_strata, tally
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.keys import verifies
from shinrai_verify.verify import BALLOT, CLOSE, RATIONALE


@dataclass(frozen=True, slots=True)
class SignedLeaf:
    """One signature over one statement, verified, and where it stands in the log."""

    index: int
    keyid: str
    signature: bytes
    payload: bytes
    statement: Statement

    @property
    def payload_sha256(self) -> str:
        """The statement's identity."""
        return hashlib.sha256(self.payload).hexdigest()

    @property
    def envelope(self) -> Envelope:
        """The statement with this one signature."""
        return Envelope(self.payload, (Signature(self.keyid, self.signature),))


@dataclass(frozen=True, slots=True)
class RoundCount:
    """A counted round.

    counted: control -> the ballots that counted, by member. proofs: control -> member -> the ballots of one who signed
    more than one value, which convict it. closed: index of the close, None while the round is open.
    """

    tallies: Mapping[str, Tally]
    counted: Mapping[str, Mapping[str, SignedLeaf]]
    proofs: Mapping[str, Mapping[str, tuple[SignedLeaf, ...]]]
    rationales: tuple[SignedLeaf, ...]
    closed: int | None

    def certificate(self, opened: OpenRound, control: str) -> bytes | None:
        """Return the certificate of a decided control: one ballot with every signature that counted for its value."""
        outcome = self.tallies[control].outcome
        if outcome not in VALUES:
            return None
        voters = set(self.tallies[control].voters[outcome])
        leaves = sorted(
            (leaf for member, leaf in self.counted[control].items() if member in voters), key=lambda leaf: leaf.keyid
        )
        signatures = tuple(Signature(leaf.keyid, leaf.signature) for leaf in leaves)
        return Envelope(ballot_of(opened, control, outcome).to_bytes(), signatures).to_bytes()


def count_round(
    opened: OpenRound,
    roster: Roster,
    rubric: Rubric,
    leaves: Iterable[SignedLeaf],
    coordinators: Collection[str],
    revoked: Mapping[str, int] | None = None,
) -> RoundCount:
    """Count a round. leaves: signed statements of the log. coordinators: keys whose word ends commitments and rounds.

    revoked: keyid -> first index at which it is not valid.
    """
    by_key = {member.keyid: member.id for member in roster.members}
    ours = sorted((leaf for leaf in leaves if _of_round(leaf, opened)), key=lambda leaf: leaf.index)
    marks = [leaf for leaf in ours if leaf.keyid in coordinators and leaf.index > opened.index]
    end = next((leaf.index for leaf in marks if leaf.statement.predicate_type == CLOSE), None)
    window = [
        leaf
        for leaf in ours
        if leaf.index > opened.index
        and (end is None or leaf.index < end)
        and leaf.keyid in by_key
        and leaf.index < (revoked or {}).get(leaf.keyid, leaf.index + 1)
    ]
    reasons = [leaf for leaf in window if leaf.statement.predicate_type == RATIONALE]
    explained = {(r.keyid, r.statement.predicate.get("control"), r.statement.predicate.get("value")) for r in reasons}
    seals = _seals(window, marks)
    cast: dict[str, dict[str, dict[str, SignedLeaf]]] = {control: {} for control in opened.controls}
    for leaf in window:
        control, value = _vote(leaf)
        if leaf.statement.predicate_type != BALLOT or control not in cast or value not in VALUES:
            continue
        if opened.require_rationale and (leaf.keyid, control, value) not in explained:
            continue
        if leaf.payload != ballot_of(opened, control, value).to_bytes():
            continue
        if opened.sealed and not _unsealed(leaf, control, seals):
            continue
        cast[control].setdefault(by_key[leaf.keyid], {}).setdefault(value, leaf)
    return RoundCount(
        {control: _tally(roster, rubric, control, votes) for control, votes in cast.items()},
        {c: {m: next(iter(v.values())) for m, v in votes.items() if len(v) == 1} for c, votes in cast.items()},
        {c: {m: tuple(v.values()) for m, v in votes.items() if len(v) > 1} for c, votes in cast.items()},
        tuple(reasons),
        end,
    )


def _tally(roster: Roster, rubric: Rubric, control: str, votes: Mapping[str, Mapping[str, SignedLeaf]]) -> Tally:
    ballots = [Ballot(member, value) for member, values in votes.items() for value in values]
    return tally(roster, ballots, required_strata(rubric.predicate, control))


def _of_round(leaf: SignedLeaf, opened: OpenRound) -> bool:
    return leaf.statement.predicate.get("round") == opened.id and leaf.statement.subject_sha256 == opened.bundle_id


def _vote(leaf: SignedLeaf) -> tuple[str, str]:
    about = leaf.statement.predicate
    return str(about.get("control")), str(about.get("value"))


@dataclass(frozen=True, slots=True)
class _Seals:
    """The commitments of a sealed round: (keyid, control) -> the first digest given; revealed: where they ended."""

    given: Mapping[tuple[str, str], str]
    revealed: int | None


def _seals(window: Sequence[SignedLeaf], marks: Sequence[SignedLeaf]) -> _Seals:
    revealed = next((leaf.index for leaf in marks if leaf.statement.predicate_type == REVEAL), None)
    given: dict[tuple[str, str], str] = {}
    for leaf in window:
        if leaf.statement.predicate_type != COMMIT or (revealed is not None and leaf.index > revealed):
            continue
        for seal in leaf.statement.predicate.get("seals", []):
            # The first commitment stands: a second one would let a member choose after seeing others.
            given.setdefault((leaf.keyid, str(seal.get("control"))), str(seal.get("seal")))
    return _Seals(given, revealed)


def _unsealed(leaf: SignedLeaf, control: str, seals: _Seals) -> bool:
    if seals.revealed is None or leaf.index < seals.revealed:
        return False
    return seals.given.get((leaf.keyid, control)) == hashlib.sha256(leaf.signature).hexdigest()


def late_ballots(opened: OpenRound, roster: Roster, shown: Iterable[Envelope]) -> dict[str, list[Ballot]]:
    """Return what ballots that somebody shows after the round say, by control; other papers are passed over.

    Whoever shows them needs no trust: each is signed by the member over exactly this round's ballot.
    """
    found: dict[str, list[Ballot]] = {}
    forms = {
        ballot_of(opened, control, value).to_bytes(): (control, value)
        for control in opened.controls
        for value in VALUES
    }
    for envelope in shown:
        if envelope.payload not in forms:
            continue
        control, value = forms[envelope.payload]
        for member in roster.members:
            if any(verifies(member.public, signature.sig, envelope.pae) for signature in envelope.signatures):
                found.setdefault(control, []).append(Ballot(member.id, value))
    return found


def look_again(
    opened: OpenRound, roster: Roster, count: RoundCount, shown: Iterable[Envelope]
) -> dict[str, Reconsidered]:
    """Return how each control stands in the light of ballots shown after the round."""
    late = late_ballots(opened, roster, shown)
    return {control: reconsidered(roster, each, late.get(control, [])) for control, each in count.tallies.items()}


def certificate_signers(data: bytes, opened: OpenRound, roster: Roster, control: str, outcome: str) -> tuple[str, ...]:
    """Return the members whose good signatures a certificate carries; counted by key, whatever its key ids claim.

    This needs no log: with q signers or more the value is certified (level L1). Fault where it is no envelope.
    """
    envelope = Envelope.from_bytes(data, "the certificate")
    if envelope.payload != ballot_of(opened, control, outcome).to_bytes():
        return ()
    signed = [m.id for m in roster.members if any(verifies(m.public, s.sig, envelope.pae) for s in envelope.signatures)]
    return tuple(sorted(signed))
