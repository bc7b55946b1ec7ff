"""DSSE envelopes (secure-systems-lab/dsse 1.0.2) and the in-toto Statements inside.

An envelope is malleable (key id, base64 alphabet, order of signatures), so its hash is never an identity: payloads and
log leaves are.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinrai_verify.encoding import Fault, canonical_json, digest, field, strict_json, unbase64

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_SIGNATURES = 1024


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
        return canonical_json(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [{"keyid": s.keyid, "sig": base64.b64encode(s.sig).decode()} for s in self.signatures],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, what: str) -> "Envelope":
        """Parse an envelope; fields nobody asked for are ignored, as DSSE wants."""
        record = strict_json(data, what)
        payload_type = field(record, "payloadType", str, what)
        if payload_type != PAYLOAD_TYPE:
            raise Fault("{what} has the payload type {type}, which is not known", what=what, type=payload_type[:80])
        signatures = field(record, "signatures", list, what)
        if not 1 <= len(signatures) <= MAX_SIGNATURES:
            raise Fault("{what} has {n} signatures", what=what, n=len(signatures))
        return cls(
            unbase64(field(record, "payload", str, what), what),
            tuple(
                Signature(
                    digest(field(entry, "keyid", str, what), what), unbase64(field(entry, "sig", str, what), what)
                )
                for entry in signatures
            ),
        )


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
        return canonical_json(
            {
                "_type": STATEMENT_TYPE,
                "predicate": self.predicate,
                "predicateType": self.predicate_type,
                "subject": [{"digest": {"sha256": self.subject_sha256}, "name": self.subject_name}],
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes, what: str) -> "Statement":
        """Parse a payload whose signature has been verified."""
        record = strict_json(payload, what)
        if field(record, "_type", str, what) != STATEMENT_TYPE:
            raise Fault("{what} is not an in-toto Statement v1", what=what)
        subjects = field(record, "subject", list, what)
        if len(subjects) != 1:
            raise Fault("{what} must have exactly one subject", what=what)
        return cls(
            field(subjects[0], "name", str, what),
            digest(field(field(subjects[0], "digest", dict, what), "sha256", str, what), what),
            field(record, "predicateType", str, what),
            field(record, "predicate", dict, what),
        )
