"""Each seat's ballots as Sigstore bundles (format v0.3), made from the signatures that are already in the bundle.

A Sigstore bundle holds exactly one DSSE signature, so a council's certificate cannot be one; each member gets its own.
What needs Sigstore's services is not in them and is not imitated: no certificate of an identity (Fulcio), no entry in
the public log (Rekor), no timestamp. They verify against the member's public key, with a client that is told not to ask
for a log entry; the proof that the ballot stands in a log is in Shinrai's bundle.
Source: sigstore/protobuf-specs, `sigstore_bundle.proto`, media type v0.3.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from shinrai.language import ShinraiError, message
from shinrai_verify.council import Member
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.keys import public_der, verifies
from shinrai_verify.trust import ROSTER, parse_roster
from shinrai_verify.verify import BALLOT, ROUND

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_WHAT = "a statement of the bundle"


@dataclass(frozen=True, slots=True)
class SignedBallots:
    """A member's ballots. bundles: a Sigstore bundle each, JSON without newline, sorted by control; pem: its key."""

    member: str
    pem: bytes
    bundles: tuple[bytes, ...]


def member_bundles(attestations: bytes, round_id: str) -> list[SignedBallots]:
    """Return the ballots of a round for each member of its roster, members in the roster's order.

    attestations: `attestations.intoto.jsonl` of a bundle that has been verified. round_id: SHA-256 of the payload that
    opened the round. Raises ShinraiError when the round or its roster is not among them.
    """
    envelopes = [Envelope.from_bytes(line, _WHAT) for line in attestations.splitlines()]
    statements = {envelope.payload_sha256: Statement.from_bytes(envelope.payload, _WHAT) for envelope in envelopes}
    opened = statements.get(round_id)
    roster = statements.get(str(opened.predicate.get("roster"))) if opened is not None else None
    if opened is None or roster is None or (opened.predicate_type, roster.predicate_type) != (ROUND, ROSTER):
        raise ShinraiError(message("The bundle does not hold the council's round and roster, so no ballots either."))
    found = []
    for member in parse_roster(roster.predicate, _WHAT).members:
        ballots = dict(_ballots(member, envelopes, statements, round_id))
        found.append(SignedBallots(member.id, _pem(member.public), tuple(ballots[name] for name in sorted(ballots))))
    return found


def _ballots(
    member: Member, envelopes: list[Envelope], statements: dict[str, Statement], round_id: str
) -> Iterator[tuple[str, bytes]]:
    for envelope in envelopes:
        statement = statements[envelope.payload_sha256]
        if statement.predicate_type != BALLOT or statement.predicate.get("round") != round_id:
            continue
        for signature in envelope.signatures:
            # The key id is a hint that nobody signed: whose signature it is, only the key can say.
            if signature.keyid == member.keyid and verifies(member.public, signature.sig, envelope.pae):
                name = f"{statement.predicate['control']}\0{statement.predicate['value']}"
                yield name, _bundle(member, envelope, signature.sig)


def _bundle(member: Member, envelope: Envelope, signature: bytes) -> bytes:
    hint = base64.b64encode(hashlib.sha256(public_der(member.public)).digest()).decode()
    return canonical_json(
        {
            "dsseEnvelope": {
                "payload": base64.b64encode(envelope.payload).decode(),
                "payloadType": envelope.payload_type,
                "signatures": [{"keyid": member.keyid, "sig": base64.b64encode(signature).decode()}],
            },
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        }
    )


def _pem(public: bytes) -> bytes:
    text = base64.b64encode(public_der(public)).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n".encode()
