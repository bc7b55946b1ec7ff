"""What is signed and logged: types of statements, who signs each, their shapes, and the log entries of an envelope."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinrai_verify import NAMESPACE
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named, canonical_json, digest, identifier, shaped, strict_json
from shinrai_verify.trust import ROSTER

BUNDLE = NAMESPACE + "bundle/v1"
EVIDENCE = NAMESPACE + "evidence/v1"
PLAN = NAMESPACE + "plan/v1"
ABANDONMENT = NAMESPACE + "abandonment/v1"
RUBRIC = NAMESPACE + "council-rubric/v1"
ROUND = NAMESPACE + "council-round/v1"
SEAL = NAMESPACE + "council-seal/v1"
REVEAL = NAMESPACE + "council-reveal/v1"
BALLOT = NAMESPACE + "council-ballot/v1"
RATIONALE = NAMESPACE + "council-rationale/v1"
CLOSE = NAMESPACE + "council-close/v1"
VERDICT = NAMESPACE + "council-verdict/v1"
CANARIES = NAMESPACE + "council-canaries/v1"
ANSWERS = NAMESPACE + "council-canary-answers/v1"
ASSESSMENT = NAMESPACE + "assessment/v1"
REVOCATION = NAMESPACE + "revocation/v1"
WITHHELD = NAMESPACE + "withheld/v1"

SIGNERS: Mapping[str, str] = {
    **dict.fromkeys((ROSTER, RUBRIC, REVOCATION, WITHHELD, CANARIES, ANSWERS), "admin"),
    **dict.fromkeys((PLAN, ABANDONMENT, ASSESSMENT), "producer"),
    **dict.fromkeys((ROUND, REVEAL, CLOSE, VERDICT), "coordinator"),
}
"""The role whose keys sign a type; evidence is signed by the producer or an attestor, MEMBERS by the members."""
MEMBERS = (SEAL, BALLOT, RATIONALE)
"""What members of a council sign."""
_ITEMS = [{"digest": {"sha256": digest}}]
_OF_ROUND = {"round": digest}
_VOTE = {**_OF_ROUND, "control": str, "value": str}
SHAPES: Mapping[str, Any] = {
    EVIDENCE: {"kind": str, "controls": [identifier], "items": _ITEMS, "supersedes": (digest,), "plan": (digest,)},
    PLAN: {"checks": [str], "controls": [identifier], "items": _ITEMS},
    ABANDONMENT: {"plan": digest, "reason": str},
    ROUND: {"attempt": int, "controls": [identifier], "log": {"origin": str}, "prevRound": (digest,)}
    | dict.fromkeys(("roster", "rubric", "trust"), digest)
    | dict.fromkeys(("sealed", "standalone"), (bool,)),
    SEAL: {**_OF_ROUND, "seals": [{"control": identifier, "seal": digest}]},
    BALLOT: _VOTE,
    RATIONALE: {**_VOTE, "inspected": [digest], "conflict": (bool,)},
    **dict.fromkeys((REVEAL, CLOSE), _OF_ROUND),
    VERDICT: {**_OF_ROUND, "controls": [{"control": identifier, "outcome": str, "certificate": (digest,)}]}
    | {"council": (dict,)},
    CANARIES: {"answers": {"digest": {"sha256": digest}}, "items": int},
    ANSWERS: {**_OF_ROUND, "answers": [{"control": identifier, "answer": str}], "salt": digest},
    ASSESSMENT: {"bundle": digest, "items": _ITEMS, "plan": (digest,)},
    REVOCATION: {"keyid": digest, "invalidFromIndex": int},
    WITHHELD: {"items": _ITEMS, "reason": str, "when": str},
}
"""The shape of each predicate; what it lacks here is not looked at."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified statement and its place in the log. sig: SHA-256 of the signature."""

    index: int
    keyid: str
    sig: str
    payload_sha256: str
    statement: Statement

    @property
    def about(self) -> Mapping[str, Any]:
        """The predicate."""
        return self.statement.predicate


def ballot(bundle_id: str, round_id: str, control: str, value: str) -> Statement:
    """Return the ballot on one control: byte for byte the same for all members who choose the same value."""
    return Statement("bundle", bundle_id, BALLOT, {"control": control, "round": round_id, "value": value})


def well_formed(entry: Entry) -> None:
    """Raise a Fault unless a statement has the shape of its type, and a ballot its one form."""
    what, about, kind = Named("entry {index}", index=entry.index), entry.about, entry.statement.predicate_type
    shaped(about, SHAPES.get(kind, dict), what)
    if kind == BALLOT:
        only = ballot(entry.statement.subject_sha256, about["round"], about["control"], about["value"])
        if entry.payload_sha256 != hashlib.sha256(only.to_bytes()).hexdigest():
            # No certificate could carry it, since all signers of one sign the same bytes.
            raise Fault("{what} is not in the form that Shinrai writes", what=what)


def read_envelope(data: bytes, what: str) -> Envelope:
    """Read an envelope, which has to be in the one form that Shinrai writes."""
    envelope = Envelope.from_bytes(data, what)
    keyids = [signature.keyid for signature in envelope.signatures]
    if envelope.to_bytes() != data or keyids != sorted(set(keyids)):
        # Every byte of a bundle must be accounted for: other spellings of the same envelope are not taken.
        raise Fault("{what} is not in the form that Shinrai writes", what=what)
    return envelope


def leaf_bytes(keyid: str, signature: str, pae: str, payload: str, subject: str, predicate_type: str) -> bytes:
    """Return the log entry of one signature: what was signed about what, by whom, and how; not the malleable envelope.

    pae, payload, subject: SHA-256. The subject lets a reader see that an entry about a system was left out.
    """
    about = {"keyid": keyid, "pae": pae, "payload": payload, "sig": signature, "subject": subject}
    return canonical_json({**about, "type": predicate_type, "v": 1})


def envelope_leaves(envelope: Envelope, predicate_type: str, subject: str | None = None) -> list[tuple[bytes, str]]:
    """Return the log entries of an envelope, one for each signature, with the key id that signed.

    subject: the SHA-256 of what the statement is about; read from the payload when it is not given.
    """
    subject = subject or Statement.from_bytes(envelope.payload, Named("an envelope")).subject_sha256
    pae, payload = hashlib.sha256(envelope.pae).hexdigest(), envelope.payload_sha256
    signatures = strict_json(envelope.to_bytes(), Named("an envelope"))["signatures"]
    return [(leaf_bytes(s["keyid"], s["sig"], pae, payload, subject, predicate_type), s["keyid"]) for s in signatures]
