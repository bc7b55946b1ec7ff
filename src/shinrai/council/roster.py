"""The embedded council's roster and rubric, signed by the administrator's key and logged before any round."""

from collections.abc import Iterable, Mapping
from typing import Any

from shinrai.council.seats import SeatKind, embedded_seats
from shinrai.council.seats.completeness import MIN_COVERAGE
from shinrai.council.seats.statistics import MIN_DENOMINATOR, MIN_N
from shinrai.evidence.home import Home
from shinrai.evidence.keys import Signer, load_signer
from shinrai.evidence.statements import sign
from shinrai.evidence.store import Addition, Logged, Store
from shinrai_verify.dsse import Statement
from shinrai_verify.trust import ROSTER, encode_public, parse_roster, possession_bytes
from shinrai_verify.verify import RUBRIC

REQUIRED = {"recompute": 1, "provenance": 1}
"""Strata without which nothing is certified.

The seats' knowledge is not interchangeable: only recompute can see a forged number and only provenance a forged
signature, so no majority of the others may outvote them. The condition can only block, never help a value to win.
"""
SHARED_CAUSES = ("host:embedded", "operator:owner")
"""What the embedded seats share: they run on one machine for one operator. The report says so."""


def seat_signers(home: Home) -> Mapping[str, Signer]:
    """Return each seat's own key."""
    return {seat.id: load_signer(home.keys, f"seat-{seat.id}") for seat in embedded_seats()}


def seat_keys(rosters: Iterable[bytes]) -> dict[str, bytes]:
    """Return the keys of all members of rosters (their payloads): keyid -> raw public key."""
    parsed = [parse_roster(Statement.from_bytes(payload, "a roster").predicate, "a roster") for payload in rosters]
    return {member.keyid: member.public for roster in parsed for member in roster.members}


def ensure_roster(home: Home, store: Store, trust: Logged) -> Logged:
    """Return the logged roster of the embedded council."""
    signers = seat_signers(home)
    record = {
        "members": [_member(seat, signers[seat.id]) for seat in embedded_seats()],
        "required": REQUIRED,
        "version": 1,
    }
    return _ensure(home, store, Statement("council", trust.envelope.payload_sha256, ROSTER, record))


def ensure_rubric(home: Home, store: Store, trust: Logged) -> Logged:
    """Return the logged rubric: the constants by which the seats judge."""
    record = {
        "level": "0.95",
        "minCoverage": f"{MIN_COVERAGE.numerator}/{MIN_COVERAGE.denominator}",
        "minDenominator": MIN_DENOMINATOR,
        "minN": MIN_N,
        "multiplicity": "pass: intersection-union; fail: Bonferroni over the decisive measurements of the control",
        "version": 1,
    }
    return _ensure(home, store, Statement("rubric", trust.envelope.payload_sha256, RUBRIC, record))


def _member(seat: SeatKind, signer: Signer) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "alg": "ed25519",
        "causes": [f"program:{seat.id}", *SHARED_CAUSES],
        "domain": seat.id,
        "id": seat.id,
        "kind": "tool",
        "public": encode_public(signer.public),
        "strata": [seat.id],
    }
    return {**entry, "proof": encode_public(signer.sign(possession_bytes(entry)))}


def _ensure(home: Home, store: Store, statement: Statement) -> Logged:
    envelope = sign(statement, load_signer(home.keys, "admin"))
    store.append(Addition([envelope]))
    return store.logged([envelope.payload_sha256])[0]
