"""The count of a round as a pure function of what stands in the log between its opening and its closing.

Anyone who holds the signed statements and their places runs it and comes to the same verdicts. Which ballots count, and
what they come to, are the verifier's own rules (`cast_in` and `tally` of `shinrai_verify`): who counts here counts as
an outsider will. A statement that is not of its shape, or by a key that was revoked before, is passed over.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from shinrai.council.rounds import OpenRound, Rubric, ballot_of
from shinrai_verify.council import VALUES, Ballot, Reconsidered, Roster, Tally, reconsidered, required_strata, tally
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.encoding import Fault
from shinrai_verify.keys import verifies
from shinrai_verify.verify import BALLOT, CLOSE, RATIONALE, REVEAL, ROUND, SEAL, Entry, cast_in, well_formed


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
    def entry(self) -> Entry:
        """The same as the verifier knows it."""
        sig = hashlib.sha256(self.signature).hexdigest()
        return Entry(self.index, self.keyid, sig, self.payload_sha256, self.statement)

    @property
    def envelope(self) -> Envelope:
        """The statement with this one signature."""
        return Envelope(self.payload, (Signature(self.keyid, self.signature),))


@dataclass(frozen=True, slots=True)
class RoundCount:
    """A counted round.

    counted: control -> the ballots that counted, by member. proofs: control -> member -> the ballots of one who signed
    more than one value, which convict it. closed: index of the close, None while the round is open. others: control ->
    ballots in the log that do not count and may yet convict. strata: what the rubric demands of each control.
    """

    tallies: Mapping[str, Tally]
    counted: Mapping[str, Mapping[str, SignedLeaf]]
    proofs: Mapping[str, Mapping[str, tuple[SignedLeaf, ...]]]
    rationales: tuple[SignedLeaf, ...]
    closed: int | None
    others: Mapping[str, tuple[Ballot, ...]] = field(default_factory=dict)
    strata: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

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
    ours = [leaf for leaf in leaves if _of_round(leaf, opened)]
    marks = sorted((leaf for leaf in ours if leaf.keyid in coordinators), key=lambda leaf: leaf.index)
    ends = {
        kind: next((m.index for m in marks if m.index > opened.index and m.statement.predicate_type == kind), None)
        for kind in (REVEAL, CLOSE)
    }
    gone = revoked or {}
    spoken = {
        leaf.index: leaf
        for leaf in ours
        if leaf.statement.predicate_type in (SEAL, BALLOT, RATIONALE)
        and leaf.index < gone.get(leaf.keyid, leaf.index + 1)
        and _sound(leaf.entry)
    }
    about = {"controls": list(opened.controls), "sealed": opened.sealed}
    opening = Entry(opened.index, "", "", opened.id, Statement("bundle", opened.bundle_id, ROUND, about))
    found = cast_in(opening, roster, (leaf.entry for leaf in spoken.values()), ends[CLOSE], ends[REVEAL])
    cast: dict[str, dict[str, dict[str, SignedLeaf]]] = {control: {} for control in opened.controls}
    for control, ballots in found.counted.items():
        for ballot, entry in ballots:
            cast[control].setdefault(ballot.member, {}).setdefault(ballot.value, spoken[entry.index])
    strata = {control: required_strata(rubric.predicate, control) for control in opened.controls}
    return RoundCount(
        {c: tally(roster, (ballot for ballot, _ in found.counted[c]), strata[c]) for c in opened.controls},
        {c: {m: next(iter(v.values())) for m, v in votes.items() if len(v) == 1} for c, votes in cast.items()},
        {c: {m: tuple(v.values()) for m, v in votes.items() if len(v) > 1} for c, votes in cast.items()},
        tuple(spoken[entry.index] for entry in found.reasons),
        ends[CLOSE],
        {control: tuple(ballot for ballot, _ in ballots) for control, ballots in found.others.items()},
        strata,
    )


def _sound(entry: Entry) -> bool:
    try:
        well_formed(entry)
    except Fault:
        return False
    return True


def _of_round(leaf: SignedLeaf, opened: OpenRound) -> bool:
    return leaf.statement.predicate.get("round") == opened.id and leaf.statement.subject_sha256 == opened.bundle_id


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
    """Return how each control stands in the light of ballots that are logged and do not count, or shown afterwards."""
    late, found = late_ballots(opened, roster, shown), {}
    for control, each in count.tallies.items():
        # Of a member that is absent from the count, a logged ballot is no news.
        logged = [ballot for ballot in count.others.get(control, ()) if ballot.member not in each.absent]
        ballots = [*logged, *late.get(control, [])]
        found[control] = reconsidered(roster, each, ballots, count.strata.get(control))
    return found


def certificate_signers(data: bytes, opened: OpenRound, roster: Roster, control: str, outcome: str) -> tuple[str, ...]:
    """Return the members whose good signatures a certificate carries; counted by key, whatever its key ids claim.

    This needs no log: with q signers or more the value is certified (level L1). Fault where it is no envelope.
    """
    envelope = Envelope.from_bytes(data, "the certificate")
    if envelope.payload != ballot_of(opened, control, outcome).to_bytes():
        return ()
    signed = [m.id for m in roster.members if any(verifies(m.public, s.sig, envelope.pae) for s in envelope.signatures)]
    return tuple(sorted(signed))
