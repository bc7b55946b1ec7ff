"""Build and sign statements: evidence, plans, and the envelopes around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from shinrai.evidence.keys import Signer
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.verify import EVIDENCE


@dataclass(frozen=True, slots=True)
class Item:
    """A content that a statement rests on. withheld: why its bytes are not given to others, or None.

    salted: whether the digest is over 32 random bytes and then the content.
    """

    name: str
    sha256: str
    size: int
    media_type: str
    kind: str
    withheld: str | None = None
    salted: bool = False

    def descriptor(self) -> dict[str, Any]:
        """Return the in-toto ResourceDescriptor."""
        return {"digest": {"sha256": self.sha256}, "mediaType": self.media_type, "name": self.name}

    def manifest_entry(self) -> dict[str, Any]:
        """Return the entry of the bundle's manifest."""
        about: dict[str, Any] = {"kind": self.kind, "size": self.size, "withheld": self.withheld is not None}
        if self.withheld is not None:
            about["withheldReason"] = self.withheld
        if self.salted:
            about["salted"] = True
        return {**self.descriptor(), "annotations": about}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: the system, its version, and the digest of its description."""

    name: str
    version: str
    sha256: str


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with seconds, as every document carries time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """Read what `timestamp` wrote; ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def evidence_statement(
    subject: Subject,
    kind: str,
    controls: Sequence[str],
    items: Sequence[Item],
    *,
    valid_until: date,
    **about: Any,
) -> Statement:
    """Return an evidence statement; kind is `evaluation`, `attestation` or `decision`.

    valid_until: the last day on which it counts. about: the further fields of its kind.
    """
    predicate = {
        "kind": kind,
        "controls": sorted(controls),
        "items": [item.descriptor() for item in items],
        "validUntil": valid_until.isoformat(),
        "supersedes": None,
        **about,
    }
    return Statement(subject.name, subject.sha256, EVIDENCE, predicate)


def sign(statement: Statement, *signers: Signer) -> Envelope:
    """Put a statement into an envelope signed by each signer, in the order of their key ids."""
    bare = Envelope(statement.to_bytes(), ())
    ordered = sorted(signers, key=lambda signer: signer.keyid)
    return Envelope(bare.payload, tuple(Signature(signer.keyid, signer.sign(bare.pae)) for signer in ordered))


def producer(version: str) -> Mapping[str, str]:
    """Return who made a measurement: this program and its version."""
    return {"id": "https://shinrai.example/shinrai", "version": version}
