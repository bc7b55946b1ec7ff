"""A round: opened, voted on by every seat, closed, counted and certified, each step logged before the next.

Every step is a step of the run it belongs to, so a round that was killed goes on where it was and no seat votes twice.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shinrai.council.case import Case, Opinion
from shinrai.council.roster import seat_signers
from shinrai.council.seats import embedded_seats
from shinrai.evidence.home import Home
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign, timestamp
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.language import Bilingual
from shinrai_verify.council import VALUES, Ballot, Roster, Tally, tally
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.trust import parse_roster
from shinrai_verify.verify import CLOSE, RATIONALE, ROUND, VERDICT, ballot, verdict_record

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Rationale:
    """What a seat said on one control, as it stands in the log."""

    seat: str
    control: str
    value: str
    reason: Bilingual


@dataclass(frozen=True, slots=True)
class Decision:
    """A closed round: its id, the tallies, what the seats said, and the certificates (control -> SHA-256, bytes)."""

    round_id: str
    roster: Roster
    tallies: Mapping[str, Tally]
    rationales: tuple[Rationale, ...]
    certificates: Mapping[str, tuple[str, bytes]]
    logged: tuple[Logged, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a round takes place: the run it is part of and the documents it rests on."""

    home: Home
    store: Store
    run: str
    trust: Logged
    roster: Logged
    rubric: Logged


def hold_round(setting: Setting, case: Case, progress: Callable[[str], None]) -> Decision:
    """Hold the round on a case; progress is called with each seat's id before it is asked."""
    opened = _open(setting, case)
    voted: list[Logged] = []
    for seat in embedded_seats():
        progress(seat.id)
        voted += setting.store.step(setting.run, f"seat:{seat.id}") or _vote(setting, case, opened, seat.id)
    return _close(setting, case, opened, voted)


def _open(setting: Setting, case: Case) -> Logged:
    about = {
        "attempt": 1,
        "controls": sorted(claim.control for claim in case.claims),
        "log": {"origin": setting.store.key.name},
        "openedOn": timestamp(case.now),
        "prevRound": None,
        "reason": "assessment",
        "requireRationale": True,
        "roster": setting.roster.envelope.payload_sha256,
        "rubric": setting.rubric.envelope.payload_sha256,
        "trust": setting.trust.envelope.payload_sha256,
    }
    return _log(setting, "round", Statement("bundle", case.bundle_id, ROUND, about))


def _vote(setting: Setting, case: Case, opened: Logged, seat_id: str) -> list[Logged]:
    """Let one seat judge every claim and log its votes in one transaction: it votes once or not at all."""
    seat = next(seat for seat in embedded_seats() if seat.id == seat_id)
    signer, judge = seat_signers(setting.home)[seat_id], seat.judge(case)
    round_id = opened.envelope.payload_sha256
    envelopes: list[Envelope] = []
    for claim in sorted(case.claims, key=lambda claim: claim.control):
        opinion = judge(claim)
        envelopes.append(sign(ballot(case.bundle_id, round_id, claim.control, opinion.value), signer))
        envelopes.append(sign(_rationale(case, round_id, claim.control, opinion, seat_id), signer))
    setting.store.append(Addition(envelopes, run=setting.run, step=f"seat:{seat_id}"))
    return setting.store.step(setting.run, f"seat:{seat_id}")


def _rationale(case: Case, round_id: str, control: str, opinion: Opinion, seat_id: str) -> Statement:
    reason = opinion.reason.both()
    about = {
        "conflict": False,
        "control": control,
        "inspected": list(opinion.inspected),
        "member": seat_id,
        "method": "test" if seat_id == "recompute" else "examine",
        "notes": {"en": reason.en, "ja": reason.ja},
        "round": round_id,
        "value": opinion.value,
    }
    return Statement("bundle", case.bundle_id, RATIONALE, about)


def _close(setting: Setting, case: Case, opened: Logged, voted: list[Logged]) -> Decision:
    round_id = opened.envelope.payload_sha256
    closed = _log(setting, "close", Statement("bundle", case.bundle_id, CLOSE, {"round": round_id}))
    roster = parse_roster(setting.roster.statement.predicate, "the roster")
    tallies = _count(roster, case, voted)
    certificates = {
        control: certified
        for control, counted in tallies.items()
        if (certified := _certificate(case, round_id, control, counted, roster, voted))
    }
    controls = []
    for control in sorted(tallies):
        record = verdict_record(control, tallies[control])
        record["certificate"] = certificates[control][0] if control in certificates else None
        controls.append(record)
    summary = Statement("bundle", case.bundle_id, VERDICT, {"controls": controls, "round": round_id})
    verdict = _log(setting, "verdict", summary, {sha256: (JSON, data) for sha256, data in certificates.values()})
    rationales = tuple(_read_rationale(logged) for logged in voted if logged.statement.predicate_type == RATIONALE)
    return Decision(round_id, roster, tallies, rationales, certificates, (opened, *voted, closed, verdict))


def _count(roster: Roster, case: Case, voted: list[Logged]) -> dict[str, Tally]:
    by_key = {member.keyid: member.id for member in roster.members}
    ballots: dict[str, list[Ballot]] = {claim.control: [] for claim in case.claims}
    for logged in voted:
        if logged.statement.predicate_type != RATIONALE:
            about = logged.statement.predicate
            ballots[about["control"]].append(Ballot(by_key[logged.envelope.signatures[0].keyid], about["value"]))
    return {control: tally(roster, cast) for control, cast in ballots.items()}


def _certificate(
    case: Case, round_id: str, control: str, counted: Tally, roster: Roster, voted: list[Logged]
) -> tuple[str, bytes] | None:
    """Return the certificate of a decided control: the ballot once, with every signature that was counted for it."""
    if counted.outcome not in VALUES:
        return None
    payload = ballot(case.bundle_id, round_id, control, counted.outcome).to_bytes()
    counted_keys = {member.keyid for member in roster.members if member.id in counted.voters[counted.outcome]}
    signatures: list[Signature] = [
        signature
        for logged in voted
        if logged.envelope.payload == payload
        for signature in logged.envelope.signatures
        if signature.keyid in counted_keys
    ]
    unique = {signature.keyid: signature for signature in signatures}
    envelope = Envelope(payload, tuple(unique[keyid] for keyid in sorted(unique)))
    data = envelope.to_bytes()
    return hashlib.sha256(data).hexdigest(), data


def _log(
    setting: Setting, step: str, statement: Statement, blobs: Mapping[str, tuple[str, bytes]] | None = None
) -> Logged:
    done = setting.store.step(setting.run, step)
    if done:
        return done[0]
    envelope = sign(statement, load_signer(setting.home.keys, "coordinator"))
    setting.store.append(Addition([envelope], blobs or {}, run=setting.run, step=step))
    return setting.store.step(setting.run, step)[0]


def _read_rationale(logged: Logged) -> Rationale:
    about = logged.statement.predicate
    return Rationale(
        about["member"], about["control"], about["value"], Bilingual(about["notes"]["ja"], about["notes"]["en"])
    )
