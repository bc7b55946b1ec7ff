"""Whom to believe: the outsider's policy, the chain of trust documents and the council's roster.

The policy comes to the outsider by another way than the bundle. It pins the first trust document by the digest of its
payload; each later one needs the root thresholds of both the old and the new (the rule of TUF).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shinrai_verify import NAMESPACE
from shinrai_verify.council import Member, Roster
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named, canonical_json, digest, field, identifier, strict_json, unbase64
from shinrai_verify.keys import LOW_ORDER, keyid, verifies
from shinrai_verify.note import NoteKey

POLICY = NAMESPACE + "policy/v1"
TRUST = NAMESPACE + "trust/v1"
ROSTER = NAMESPACE + "roster/v1"
ROLES = ("root", "admin", "producer", "coordinator", "attestor")


@dataclass(frozen=True, slots=True)
class Policy:
    """What an outsider demands. required_controls: leaf ids that must be certified as passed."""

    root: str
    logs: tuple[NoteKey, ...]
    required_controls: tuple[str, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> "Policy":
        """Parse a policy (`trust.json`)."""
        what = Named("the trust file")
        record = strict_json(data, what)
        if field(record, "schema", str, what) != POLICY:
            raise Fault("{what} does not say “schema”: “{schema}”", what=what, schema=POLICY)
        unknown = sorted(set(record) - {"schema", "root", "logs", "requiredControls"})
        if unknown:
            # A demand that is not understood must not be dropped in silence.
            raise Fault("{what} has a field that is not known: {name}", what=what, name=ascii(unknown[0])[:80])
        return cls(
            digest(record.get("root"), what),
            tuple(NoteKey.parse(key) for key in _texts(record, "logs", what)),
            tuple(identifier(control, what) for control in _texts(record, "requiredControls", what)),
        )


@dataclass(frozen=True, slots=True)
class Trust:
    """One version of the trust document. public: keyid -> raw key; holders: keyid -> who holds it."""

    version: int
    expires: datetime
    public: Mapping[str, bytes]
    holders: Mapping[str, str]
    roles: Mapping[str, frozenset[str]]
    thresholds: Mapping[str, int]
    payload_sha256: str

    def signed_by(self, envelope: Envelope, role: str) -> bool:
        """Whether enough different keys of a role signed; counted by key bytes, whatever the key ids claim."""
        keys = {self.public[keyid] for keyid in self.roles[role]}
        good = {key for key in keys for s in envelope.signatures if verifies(key, s.sig, envelope.pae)}
        return len(good) >= self.thresholds[role]


def parse_trust(payload: bytes, payload_sha256: str, what: str) -> tuple[Trust, str | None]:
    """Parse a trust document; returns it and the digest of the one before."""
    statement = Statement.from_bytes(payload, what)
    record = statement.predicate
    if statement.predicate_type != TRUST:
        raise Fault("{what} is not a trust document", what=what)
    public, holders = {}, {}
    for key, entry in field(record, "keys", dict, what).items():
        public[digest(key, what)] = _public(entry, what)
        holders[key] = identifier(field(entry, "holder", str, what), what)
        if keyid(public[key]) != key:
            raise Fault("{what} has a key under an id that is not its own", what=what)
    roles, thresholds = {}, {}
    declared = field(record, "roles", dict, what)
    for role in ROLES:
        entry = field(declared, role, dict, what)
        members = frozenset(_texts(entry, "keyids", what))
        threshold = field(entry, "threshold", int, what)
        if not members <= set(public) or threshold < 1 or (role == "root" and threshold > len(members)):
            raise Fault("{what} has a role {role} that cannot be filled", what=what, role=role)
        if role != "root" and threshold > 1:
            # Statements are taken one signature at a time; a demand for more must not be dropped in silence.
            raise Fault(
                "{what} asks for several signatures of the role {role}, which is not supported", what=what, role=role
            )
        roles[role], thresholds[role] = members, threshold
    previous = record.get("prev")
    trust = Trust(
        field(record, "version", int, what),
        _time(record, "expires", what),
        public,
        holders,
        roles,
        thresholds,
        payload_sha256,
    )
    return trust, None if previous is None else digest(previous, what)


def follow(chain: list[Envelope], pinned: str) -> list[Trust]:
    """Verify a chain of trust documents from the pinned first one; returns them in order."""
    trusted: list[Trust] = []
    for number, envelope in enumerate(chain, start=1):
        what = f"trust/root.{number}.json"
        if number == 1 and envelope.payload_sha256 != pinned:
            raise Fault("{what} is not the trust document that you were given to trust", what=what)
        trust, previous = parse_trust(envelope.payload, envelope.payload_sha256, what)
        before = trusted[-1] if trusted else None
        if trust.version != number or previous != (before.payload_sha256 if before else None):
            raise Fault("{what} does not follow the one before it", what=what)
        # The old root first: what it did not sign may ask for any amount of work.
        if (before and not before.signed_by(envelope, "root")) or not trust.signed_by(envelope, "root"):
            raise Fault("{what} is not signed by enough root keys", what=what)
        known = {**trust.public, **(before.public if before else {})}
        if not all(verifies(known.get(s.keyid, b""), s.sig, envelope.pae) for s in envelope.signatures):
            # Not needed to trust it, but a byte that nothing accounts for could be changed unseen.
            raise Fault("{what}: the signature is not good", what=what)
        trusted.append(trust)
    if not trusted:
        raise Fault("the bundle has no {name}", name="trust/root.1.json")
    return trusted


def possession_bytes(entry: Mapping[str, object]) -> bytes:
    """Return what a member signs to prove that it holds its key: its roster entry without the proof."""
    return b"shinrai roster member v1\n" + canonical_json({k: v for k, v in entry.items() if k != "proof"})


def parse_roster(record: Mapping[str, object], what: str) -> Roster:
    """Parse a roster's predicate. n, f, q and domains are computed, never read."""
    members = []
    for entry in field(record, "members", list, what):
        public = _public(entry, what)
        if not verifies(public, unbase64(field(entry, "proof", str, what), what), possession_bytes(entry)):
            raise Fault("{what} has a member without proof that it holds its key", what=what)
        members.append(
            Member(
                identifier(field(entry, "id", str, what), what),
                keyid(public),
                public,
                field(entry, "kind", str, what),
                identifier(field(entry, "domain", str, what), what),
                tuple(_texts(entry, "causes", what)),
                tuple(_texts(entry, "strata", what)),
            )
        )
    if len({m.id for m in members}) < len(members) or len({m.public for m in members}) < len(members):
        raise Fault("{what} lists a member or a key twice", what=what)
    if len(members) < 4:
        raise Fault("{what} has fewer than four members", what=what)
    required = field(record, "required", dict, what)
    for stratum in required:
        field(required, stratum, int, what)
    return Roster(tuple(members), required)


def _public(entry: object, what: str) -> bytes:
    if field(entry, "alg", str, what) != "ed25519":
        raise Fault("{what} has a key of a kind that is not known", what=what)
    public = unbase64(field(entry, "public", str, what), what)
    if len(public) != 32 or public in LOW_ORDER:
        raise Fault("{what} has a key that is not a sound Ed25519 key", what=what)
    return public


def _texts(record: object, name: str, what: str) -> list[str]:
    values = field(record, name, list, what)
    if not all(isinstance(value, str) for value in values):
        raise Fault("{what} lacks a valid field “{name}”", what=what, name=name)
    return list(values)


def _time(record: object, name: str, what: str) -> datetime:
    text, form = field(record, name, str, what), "%Y-%m-%dT%H:%M:%SZ"
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        moment = None
    if moment is None or moment.strftime(form) != text:
        # strptime also takes digits of other scripts and leaves out zeros.
        raise Fault("{what} has a time that is not RFC 3339 in UTC", what=what)
    return moment


def encode_public(public: bytes) -> str:
    """Return a raw public key as the documents carry it."""
    return base64.b64encode(public).decode()
