"""DSSE envelopes (secure-systems-lab/dsse 1.0.2) and the in-toto Statements inside.

An envelope is malleable (key id, base64 alphabet, order of signatures), so its hash is never an identity: payloads and
log leaves are.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinrai_verify.encoding import Fault, canonical_json, digest, shaped, strict_json, unbase64

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_SIGNATURES = 1024
_ENVELOPE = {"payload": str, "payloadType": str, "signatures": list}
_SIGNATURE = {"keyid": digest, "sig": str}
_STATEMENT = {"_type": str, "subject": list, "predicateType": str, "predicate": dict}
_SUBJECT = {"name": str, "digest": {"sha256": digest}}


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; keyid is a hint that nobody signed."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload as received and the signatures over its PAE."""

    payload: bytes
    signatures: tuple[Signature, ...]
    payload_type: str = PAYLOAD_TYPE

    @property
    def pae(self) -> bytes:
        """The bytes that are signed."""
        return pae(self.payload_type, self.payload)

    @property
    def payload_sha256(self) -> str:
        """The payload's identity."""
        return hashlib.sha256(self.payload).hexdigest()

    def to_bytes(self) -> bytes:
        """Serialise in the one form Shinrai writes, without a newline."""
        signatures = [{"keyid": s.keyid, "sig": base64.b64encode(s.sig).decode()} for s in self.signatures]
        payload = base64.b64encode(self.payload).decode()
        return canonical_json({"payload": payload, "payloadType": self.payload_type, "signatures": signatures})

    @classmethod
    def from_bytes(cls, data: bytes, what: str) -> "Envelope":
        """Parse an envelope; fields nobody asked for are ignored, as DSSE wants."""
        record = shaped(strict_json(data, what), _ENVELOPE, what)
        kind, signatures = record["payloadType"], record["signatures"]
        if kind != PAYLOAD_TYPE:
            raise Fault("{what} has the payload type {type}, which is not known", what=what, type=kind)
        if not 1 <= len(signatures) <= MAX_SIGNATURES:
            raise Fault("{what} has {n} signatures", what=what, n=len(signatures))
        shaped(signatures, [_SIGNATURE], what)
        signed = tuple(Signature(entry["keyid"], unbase64(entry["sig"], what)) for entry in signatures)
        return cls(unbase64(record["payload"], what), signed)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding. Lengths count bytes; the type is ASCII, so that none can differ."""
    kind = payload_type.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto Statement v1 with exactly one subject that has a SHA-256."""

    subject_name: str
    subject_sha256: str
    predicate_type: str
    predicate: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Serialise as RFC 8785, so that different members produce equal bytes."""
        subject = [{"digest": {"sha256": self.subject_sha256}, "name": self.subject_name}]
        about = {"predicate": self.predicate, "predicateType": self.predicate_type, "subject": subject}
        return canonical_json({"_type": STATEMENT_TYPE, **about})

    @classmethod
    def from_bytes(cls, payload: bytes, what: str) -> "Statement":
        """Parse a payload whose signature has been verified."""
        record = shaped(strict_json(payload, what), _STATEMENT, what)
        if record["_type"] != STATEMENT_TYPE:
            raise Fault("{what} is not an in-toto Statement v1", what=what)
        if len(record["subject"]) != 1:
            raise Fault("{what} must have exactly one subject", what=what)
        subject = shaped(record["subject"][0], _SUBJECT, what)
        return cls(subject["name"], subject["digest"]["sha256"], record["predicateType"], record["predicate"])
