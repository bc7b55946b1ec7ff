"""The coordinator: opens rounds, takes votes into the log, closes, counts and writes the record.

It has no say in the outcome. All of its state stands in the log, so it can be stopped and started at any moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from shinrai.council.canaries import ANSWERS, CANARIES
from shinrai.council.case_file import write_case, write_record
from shinrai.council.counting import RoundCount, SignedLeaf, count_round
from shinrai.council.faults import located
from shinrai.council.member import Proof
from shinrai.council.members import read_roster
from shinrai.council.rounds import (
    COMMIT,
    REVEAL,
    OpenRound,
    RoundPlan,
    Rubric,
    ballot_of,
    close_statement,
    read_round,
    read_rubric,
    reveal_statement,
    round_statement,
)
from shinrai.evidence.bundle import Content
from shinrai.evidence.home import Home
from shinrai.evidence.keys import load_signer
from shinrai.evidence.merkle import inclusion_proof, tree_levels
from shinrai.evidence.statements import sign
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.language import Message, ShinraiError, message
from shinrai_verify.council import VALUES, Roster
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import leaf_hash
from shinrai_verify.note import Checkpoint, open_note
from shinrai_verify.trust import TRUST
from shinrai_verify.verify import (
    ABANDONMENT,
    ASSESSMENT,
    BALLOT,
    CLOSE,
    PLAN,
    RATIONALE,
    REVOCATION,
    ROUND,
    VERDICT,
    council_record,
    envelope_leaves,
    verdict_record,
)

JSON = "application/json"
MAX_SUBMISSIONS = 100
"""Submissions of one member to one round: enough to try again, too few to fill the log."""


class RejectedError(ShinraiError):
    """A submission that is not taken into the log."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What a round rests on, logged before it: the trust chain, roster and rubric."""

    trust: Sequence[Logged]
    roster: Logged
    rubric: Logged


@dataclass(frozen=True, slots=True)
class RoundStatus:
    """Where a round stands. voted: members whose ballots are in the log; committed: in a sealed round."""

    phase: str
    voted: tuple[str, ...]
    committed: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed round: the count, the verdict statement, and certificates by control (SHA-256, bytes)."""

    count: RoundCount
    verdict: Logged
    certificates: Mapping[str, tuple[str, bytes]]


def open_round(home: Home, store: Store, documents: Documents, plan: RoundPlan, now: datetime) -> OpenRound:
    """Log the opening of a round; attempts on the same bundle are counted up and chained by the log itself."""
    read_roster(documents.roster.statement.predicate)
    earlier = [logged for logged in store.of_type(ROUND) if logged.statement.subject_sha256 == plan.bundle_id]
    previous = earlier[-1].envelope.payload_sha256 if earlier else None
    shas = (
        documents.roster.envelope.payload_sha256,
        documents.rubric.envelope.payload_sha256,
        documents.trust[-1].envelope.payload_sha256,
    )
    statement = round_statement(plan, store.key.name, (len(earlier) + 1, previous), now, shas)
    store.append(Addition([sign(statement, load_signer(home.keys, "coordinator"))]))
    logged = store.logged([sha256(statement.to_bytes()).hexdigest()])[0]
    return read_round(logged.index, logged.envelope.payload_sha256, logged.statement)


class Coordinator:
    """The coordinator of one round that was opened."""

    def __init__(self, home: Home, store: Store, round_id: str) -> None:
        self._home, self._store = home, store
        with located(None):
            logged = _only(store, round_id, message("The log holds no round {id}.", id=round_id))
            self.opened = read_round(logged.index, round_id, logged.statement)
            self.roster_record = _only(store, self.opened.roster_sha256, message("The log holds no such roster."))
            rubric = _only(store, self.opened.rubric_sha256, message("The log holds no such rubric."))
            self.roster: Roster = read_roster(self.roster_record.statement.predicate)
            self.rubric: Rubric = read_rubric(self.opened.rubric_sha256, rubric.statement.predicate)
        self._rubric_record, self._opening = rubric, logged
        self._members = {member.keyid: member for member in self.roster.members}
        self._submitted: dict[str, list[list[SignedLeaf]]] = {}
        self._coordinators = frozenset({load_signer(home.keys, "coordinator").keyid})
        self._forms = {
            ballot_of(self.opened, control, value).to_bytes(): (control, value)
            for control in self.opened.controls
            for value in VALUES
        }

    @property
    def store(self) -> Store:
        """The log."""
        return self._store

    def accept(self, envelopes: Sequence[Envelope]) -> list[Proof]:
        """Log what one member sends and return the proofs that it is in the log.

        Raises RejectedError, and logs nothing of it, where the round is over or a statement is none of a member's. Two
        different ballots of one member are taken: they convict it.
        """
        phase = self._phase()
        if phase == "closed":
            raise RejectedError(message("The round is closed. A vote that comes now is evidence, but does not count."))
        if not envelopes or len(envelopes) > 2 * len(self.opened.controls) * len(VALUES) + 1:
            raise RejectedError(message("A submission holds nothing, or more than a member can say in a round."))
        senders = {self._sender(position, envelope, phase) for position, envelope in enumerate(envelopes, start=1)}
        if len(senders) != 1:
            raise RejectedError(message("A submission holds statements of several members."))
        if envelopes[0].signatures[0].keyid in self._revoked():
            raise RejectedError(message("The key of this member was revoked."))
        self._log(senders.pop(), envelopes)
        return self.proofs(envelopes)

    def proofs(self, envelopes: Sequence[Envelope]) -> list[Proof]:
        """Return a proof for each envelope of one signature, against a head that covers them all."""
        note = self._store.publish()
        leaves = self._store.leaves()
        index_of = {leaf: index for index, leaf in enumerate(leaves)}
        levels = tree_levels(leaves)
        found = []
        for envelope in envelopes:
            kind = Statement.from_bytes(envelope.payload, "a statement").predicate_type
            index = index_of[leaf_hash(envelope_leaves(envelope, kind)[0][0])]
            found.append(Proof(index, tuple(inclusion_proof(levels, index)), note))
        return found

    def _sender(self, position: int, envelope: Envelope, phase: str) -> str:
        if len(envelope.signatures) != 1 or envelope.signatures[0].keyid not in self._members:
            raise _rejected(position, message("it is not signed by one member of this round"))
        member = self._members[envelope.signatures[0].keyid]
        if not verifies(member.public, envelope.signatures[0].sig, envelope.pae):
            raise _rejected(position, message("its signature is not good"))
        with located(None):
            statement = Statement.from_bytes(envelope.payload, "a statement")
        kind, about = statement.predicate_type, statement.predicate
        if about.get("round") != self.opened.id or statement.subject_sha256 != self.opened.bundle_id:
            raise _rejected(position, message("it is about another round or other contents"))
        if kind not in (BALLOT, RATIONALE, COMMIT):
            raise _rejected(position, message("it is no ballot, rationale or commitment"))
        if kind == BALLOT and envelope.payload not in self._forms:
            raise _rejected(position, message("it is no ballot on a control of this round"))
        if kind == RATIONALE and about.get("control") not in self.opened.controls:
            raise _rejected(position, message("it is a rationale on a control that this round is not about"))
        if kind != COMMIT and phase == "committing":
            raise _rejected(position, message("the round is sealed and takes commitments alone until it is revealed"))
        if kind == COMMIT and phase != "committing":
            raise _rejected(position, message("commitments are no longer taken"))
        return member.id

    def _log(self, member: str, envelopes: Sequence[Envelope]) -> None:
        steps = self._steps(member)
        sent = {envelope.to_bytes() for envelope in envelopes}
        if any({leaf.envelope.to_bytes() for leaf in step} >= sent for step in steps):
            return
        if len(steps) >= MAX_SUBMISSIONS:
            raise RejectedError(message("{member} has sent too much to this round.", member=member))
        run = f"council:{self.opened.id}"
        self._store.append(Addition(envelopes, run=run, step=f"{member}:{len(steps)}"))

    def _steps(self, member: str) -> list[list[SignedLeaf]]:
        """Return a member's submissions. What is in the log stays as it is, so only the newest are looked for."""
        known = self._submitted.setdefault(member, [])
        while logged := self._store.step(f"council:{self.opened.id}", f"{member}:{len(known)}"):
            known.append([_leaf(each) for each in logged])
        return known

    def leaves(self, members: Sequence[str] | None = None) -> list[SignedLeaf]:
        """Return what members have in the log, with places; of all members, or of some."""
        asked = members if members is not None else [member.id for member in self.roster.members]
        found = {leaf.index: leaf for member in asked for step in self._steps(member) for leaf in step}
        return [found[index] for index in sorted(found)]

    def _marks(self) -> list[SignedLeaf]:
        run = f"council:{self.opened.id}"
        return [_leaf(each) for step in ("reveal", "close") for each in self._store.step(run, step)]

    def _revoked(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for each in self._store.of_type(REVOCATION):
            key, start = each.statement.predicate["keyid"], each.statement.predicate["invalidFromIndex"]
            found[key] = min(start, found.get(key, start))
        return found

    def status(self) -> RoundStatus:
        """Return where the round stands; it never tells how anybody voted."""
        phase, leaves = self._phase(), self.leaves()
        by_kind = {
            kind: {self._members[leaf.keyid].id for leaf in leaves if leaf.statement.predicate_type == kind}
            for kind in (BALLOT, COMMIT)
        }
        waited = by_kind[COMMIT if phase == "committing" else BALLOT]
        waiting = tuple(sorted(m.id for m in self.roster.members if m.id not in waited))
        return RoundStatus(phase, tuple(sorted(by_kind[BALLOT])), tuple(sorted(by_kind[COMMIT])), waiting)

    def _phase(self) -> str:
        marks = {leaf.statement.predicate_type for leaf in self._marks()}
        if CLOSE in marks:
            return "closed"
        return "committing" if self.opened.sealed and REVEAL not in marks else "voting"

    def count(self) -> RoundCount:
        """Count what is in the log; before the close nobody should be told."""
        leaves = [*self.leaves(), *self._marks()]
        return count_round(self.opened, self.roster, self.rubric, leaves, self._coordinators, self._revoked())

    def reveal(self) -> None:
        """End the commitments of a sealed round; from now on ballots are taken."""
        if not self.opened.sealed:
            raise ShinraiError(message("The round is not sealed; there is nothing to reveal."))
        self._speak("reveal", reveal_statement(self.opened))

    def close(self) -> Closed:
        """End the round and log the verdict; closing twice returns the same."""
        self._speak("close", close_statement(self.opened))
        count = self.count()
        certificates = {}
        for control in self.opened.controls:
            data = count.certificate(self.opened, control)
            if data is not None:
                certificates[control] = (sha256(data).hexdigest(), data)
        controls = []
        for control in sorted(count.tallies):
            record = verdict_record(control, count.tallies[control])
            record["certificate"] = certificates[control][0] if control in certificates else None
            controls.append(record)
        said = {"controls": controls, "council": council_record(self.roster), "round": self.opened.id}
        summary = Statement("bundle", self.opened.bundle_id, VERDICT, said)
        blobs = {digest: (JSON, data) for digest, data in certificates.values()}
        verdict = self._speak("verdict", summary, blobs)
        self._store.publish()
        return Closed(count, verdict, certificates)

    def _speak(self, step: str, statement: Statement, blobs: Mapping[str, tuple[str, bytes]] | None = None) -> Logged:
        run = f"council:{self.opened.id}"
        if not self._store.step(run, step):
            envelope = sign(statement, load_signer(self._home.keys, "coordinator"))
            self._store.append(Addition([envelope], blobs or {}, run=run, step=step))
        return self._store.step(run, step)[0]

    def write_case(self, path: Path, manifest: bytes, contents: Mapping[str, Content], more: Sequence[Logged]) -> None:
        """Write the case for members. more: the evidence and plans about the contents. No vote is in it."""
        self._write(path, manifest, contents, [_leaf(each) for each in more])

    def write_record(
        self, path: Path, manifest: bytes, contents: Mapping[str, Content], more: Sequence[Logged]
    ) -> Closed:
        """Write the record of a closed round: what `shinrai-verify` checks without us.

        It holds the contents, every statement about them that the log has up to now, earlier rounds and their
        certificates among them, and the log as in a bundle. Of a round opened after this one nothing is told but,
        by the log's entries, that it is there.
        """
        closed = self.close()
        later = {e.envelope.payload_sha256 for e in self._rounds() if e.index > self.opened.index}
        kinds = (ROUND, COMMIT, REVEAL, BALLOT, RATIONALE, CLOSE, VERDICT, CANARIES, ANSWERS)
        about = [
            each
            for kind in kinds
            for each in self._store.of_type(kind)
            if each.statement.subject_sha256 == self.opened.bundle_id
            and not {each.envelope.payload_sha256, str(each.statement.predicate.get("round"))} & later
        ]
        systems = {each.statement.subject_sha256 for each in more}
        runs = [e for kind in (PLAN, ABANDONMENT, ASSESSMENT) for e in self._store.of_type(kind)]
        runs = [each for each in runs if each.statement.subject_sha256 in systems]
        certificates = {
            str(claim["certificate"])
            for each in about
            if each.statement.predicate_type == VERDICT
            for claim in each.statement.predicate["controls"]
            if claim.get("certificate") is not None
        }
        note, size = self._head()
        shown = {e.index: e for e in (*self._documents(), *about, *runs, *more) if e.index < size}
        trust = [each.envelope for each in self._store.of_type(TRUST) if each.index < size]
        held = {**contents, **{sha256: self._store.blob(sha256) for sha256 in certificates}}
        envelopes = [each.envelope for _, each in sorted(shown.items())]
        log = (note, self._store.leaves()[:size], self._store.entries()[:size])
        write_record(path, manifest, held, envelopes, trust, log)
        return closed

    def _write(
        self, path: Path, manifest: bytes, contents: Mapping[str, Content], leaves: Sequence[SignedLeaf]
    ) -> None:
        trust = self._store.of_type(TRUST)
        known = [e for e in self._store.of_type(CANARIES) if e.statement.subject_sha256 == self.opened.bundle_id]
        every = {leaf.index: leaf for leaf in (*(_leaf(e) for e in (*self._documents(), *known)), *leaves)}
        note, size = self._head()
        chain = [each.envelope for each in trust if each.index < size]
        shown = [leaf for leaf in every.values() if leaf.index < size]
        write_case(path, manifest, contents, shown, chain, (note, self._store.leaves()[:size]))

    def _head(self) -> tuple[bytes, int]:
        """Publish the log; returns the signed head and its size. Others may append at once, so no more is shown."""
        note = self._store.publish()
        text = open_note(note, [self._store.key], "the checkpoint")
        return note, Checkpoint.parse(text, "the checkpoint").size

    def _rounds(self) -> list[Logged]:
        """Return every round on these contents."""
        return [e for e in self._store.of_type(ROUND) if e.statement.subject_sha256 == self.opened.bundle_id]

    def _documents(self) -> list[Logged]:
        """Return what this round and those before it rest on, and the rounds themselves."""
        rounds = [each for each in self._rounds() if each.index <= self.opened.index]
        names = [str(each.statement.predicate[name]) for each in rounds for name in ("roster", "rubric")]
        return [
            *self._store.of_type(TRUST),
            *self._store.logged(dict.fromkeys(names)),
            *rounds,
            *self._store.of_type(REVOCATION),
        ]


def _leaf(logged: Logged) -> SignedLeaf:
    first = logged.envelope.signatures[0]
    return SignedLeaf(logged.index, first.keyid, first.sig, logged.envelope.payload, logged.statement)


def _rejected(position: int, why: Message) -> RejectedError:
    return RejectedError(message("Statement {number} of the submission is not taken: {why}.", number=position, why=why))


def _only(store: Store, payload_sha256: str, missing: Message) -> Logged:
    try:
        return store.logged([payload_sha256])[0]
    except (IndexError, KeyError, ValueError):
        raise ShinraiError(missing) from None


def log_document(home: Home, store: Store, statement: Statement) -> Logged:
    """Log a roster or rubric, signed by the administrator; one that is in the log already keeps its place."""
    envelope = sign(statement, load_signer(home.keys, "admin"))
    store.append(Addition([envelope]))
    return store.logged([envelope.payload_sha256])[0]
