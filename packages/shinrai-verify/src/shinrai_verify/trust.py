"""Whom to believe: the outsider's policy, the chain of trust documents and the council's roster.

The policy comes to the outsider by another way than the bundle. It pins the first trust document by the digest of its
payload; each later one needs the root thresholds of both the old and the new (the rule of TUF 1.0.34, 5.3).
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shinrai_verify import NAMESPACE
from shinrai_verify.council import Member, Roster
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import (
    Fault,
    Named,
    canonical_json,
    digest,
    identifier,
    moment,
    shaped,
    strict_json,
    unbase64,
)
from shinrai_verify.keys import LOW_ORDER, keyid, verifies
from shinrai_verify.note import LOG, NoteKey, Quorum

POLICY = NAMESPACE + "policy/v1"
TRUST = NAMESPACE + "trust/v1"
ROSTER = NAMESPACE + "roster/v1"
ROLES = ("root", "admin", "producer", "coordinator", "attestor")
_TURN = {"key": str, "from": int}
_OUTSIDE = {"logs": ([str],), "tsa": ([{"name": str, "certSha256": [digest]}],), "witnessPolicy": (str,)}
_POLICY = {"schema": str, "root": digest, "requiredControls": ([identifier],), "lastSeen": (str,), "maxAge": (int,)}
_LONGEST_AGE = 86_399_999_999_999  # seconds; beyond it no calendar reaches
_KEY = {"alg": str, "public": str}
_ROLE = {"keyids": [str], "threshold": int}
_TRUST = {"version": int, "prev": (digest,), "expires": moment, "keys": dict, "roles": dict.fromkeys(ROLES, _ROLE)}
_TRUST |= {"logKeys": ([_TURN],)}
_MEMBER = {**_KEY, "id": identifier, "kind": str, "domain": identifier, "causes": [str], "strata": [str], "proof": str}


@dataclass(frozen=True, slots=True)
class Outside:
    """Who else must have seen the log's head. logs: its keys; tsa: pinned certificates; quorum: of witnesses."""

    logs: tuple[NoteKey, ...] = ()
    tsa: frozenset[str] = frozenset()
    quorum: Quorum | None = None

    @classmethod
    def of(cls, record: Mapping[str, object], what: str) -> "Outside":
        """Read the three fields from a policy or a trust document."""
        about = shaped(record, _OUTSIDE, what)
        pinned = frozenset(sha256 for service in about.get("tsa") or [] for sha256 in service["certSha256"])
        quorum = Quorum.parse(about["witnessPolicy"]) if about.get("witnessPolicy") else None
        logs = (*(NoteKey.parse(key) for key in about.get("logs") or []), *(quorum.logs if quorum else ()))
        return cls(logs, pinned, quorum)

    def or_else(self, other: "Outside") -> "Outside":
        """Return this, and the other's word wherever this one says nothing."""
        return Outside(self.logs or other.logs, self.tsa or other.tsa, self.quorum or other.quorum)

    def in_turn(self, turns: tuple[NoteKey, ...]) -> "Outside":
        """Return this with the keys of a log in their turns, where it trusts one of them; else as it is."""
        if not {key.public for key in self.logs if turns and key.name == turns[0].name} & {t.public for t in turns}:
            return self
        others = tuple(key for key in self.logs if key.name != turns[0].name)
        return Outside((*others, *turns), self.tsa, self.quorum)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an outsider demands. required_controls: leaf ids that must be certified as passed.

    last_seen: checkpoint note of an earlier visit; max_age: how old the proven time of the log's head may be.
    """

    root: str
    outside: Outside
    required_controls: tuple[str, ...] = ()
    last_seen: bytes | None = None
    max_age: timedelta | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Policy":
        """Parse a policy (`trust.json`). maxAge is in seconds."""
        what = Named("the trust file")
        record = strict_json(data, what)
        if shaped(record, {"schema": str}, what)["schema"] != POLICY:
            raise Fault("{what} does not say “schema”: “{schema}”", what=what, schema=POLICY)
        unknown = sorted(set(record) - {*_POLICY, *_OUTSIDE})
        if unknown:
            # A demand that is not understood must not be dropped in silence.
            raise Fault("{what} has a field that is not known: {name}", what=what, name=ascii(unknown[0]))
        about, age, seen = shaped(record, _POLICY, what), record.get("maxAge"), record.get("lastSeen")
        controls = tuple(about.get("requiredControls") or ())
        if not 0 <= (age or 0) <= _LONGEST_AGE:
            raise Fault("{what} lacks a valid field “{name}”", what=what, name="maxAge")
        longest = None if age is None else timedelta(seconds=age)
        return cls(about["root"], Outside.of(record, what), controls, seen and seen.encode(), longest)


@dataclass(frozen=True, slots=True)
class Trust:
    """One version of the trust document. public: keyid -> raw key; holders: keyid -> who holds it.

    turns: the keys of the log, each from the size at which it took the place of the one before; none if none ever did.
    """

    version: int
    expires: datetime
    public: Mapping[str, bytes]
    holders: Mapping[str, str]
    roles: Mapping[str, frozenset[str]]
    thresholds: Mapping[str, int]
    payload_sha256: str
    outside: Outside
    turns: tuple[NoteKey, ...] = ()

    def enough(self, role: str, keyids: Iterable[str]) -> bool:
        """Whether these keys, counted by their bytes, reach the threshold of a role."""
        return len({self.public[key] for key in self.roles[role] & set(keyids)}) >= self.thresholds[role]

    def signed_by(self, envelope: Envelope, role: str) -> bool:
        """Whether enough different keys of a role signed, whatever the key ids of the signatures claim."""
        signatures, pae = envelope.signatures, envelope.pae
        good = {id_ for id_ in self.roles[role] for s in signatures if verifies(self.public[id_], s.sig, pae)}
        return self.enough(role, good)


def parse_trust(payload: bytes, payload_sha256: str, what: str) -> tuple[Trust, str | None]:
    """Parse a trust document; returns it and the digest of the one before."""
    statement = Statement.from_bytes(payload, what)
    if statement.predicate_type != TRUST:
        raise Fault("{what} is not a trust document", what=what)
    record = shaped(statement.predicate, _TRUST, what)
    public = {digest(key, what): _public(entry, what) for key, entry in record["keys"].items()}
    holders = {key: identifier(shaped(e, {"holder": str}, what)["holder"], what) for key, e in record["keys"].items()}
    if any(keyid(public[key]) != key for key in public):
        raise Fault("{what} has a key under an id that is not its own", what=what)
    roles = {role: frozenset(record["roles"][role]["keyids"]) for role in ROLES}
    thresholds = {role: record["roles"][role]["threshold"] for role in ROLES}
    for role in ROLES:
        # A role without keys may stand there: nobody holds it yet. A person attests alone, in the own name.
        reachable = thresholds[role] <= (1 if role == "attestor" else len(roles[role]))
        reachable = reachable or (role != "root" and thresholds[role] == 1 and not roles[role])
        if not roles[role] <= set(public) or thresholds[role] < 1 or not reachable:
            raise Fault("{what} has a role {role} that cannot be filled", what=what, role=role)
    expires, outside = moment(record["expires"], what), Outside.of(record, what)
    turns = _turns(record.get("logKeys") or [], what)
    trust = Trust(record["version"], expires, public, holders, roles, thresholds, payload_sha256, outside, turns)
    return trust, record.get("prev")


def _turns(entries: Sequence[Mapping[str, Any]], what: str) -> tuple[NoteKey, ...]:
    """Read the keys of a log: of one name, each once, the first from the start, each later than the one before."""
    keys, starts = [NoteKey.parse(entry["key"]) for entry in entries], [entry["from"] for entry in entries]
    sound = starts == sorted(set(starts)) and starts[:1] in ([], [0]) and len({key.name for key in keys}) <= 1
    if not sound or len({key.public for key in keys}) < len(keys):
        raise Fault("{what} has log keys that do not follow one another", what=what)
    ends = [*starts[1:], None]
    return tuple(NoteKey(k.name, k.public, LOG, start, end) for k, start, end in zip(keys, starts, ends, strict=False))


def _continues(before: Trust, trust: Trust) -> bool:
    """Whether the log's keys are those of the document before, and further ones after them."""
    known = [(key.name, key.public, key.since) for key in before.turns]
    mine = [(key.name, key.public, key.since) for key in trust.turns]
    first = {(key.name, key.public) for key in before.outside.logs}
    return mine[: len(known)] == known and (bool(known) or not first or not mine or mine[0][:2] in first)


def follow(chain: list[Envelope], pinned: str) -> list[Trust]:
    """Verify a chain of trust documents from the pinned first one; returns them in order."""
    trusted: list[Trust] = []
    for number, envelope in enumerate(chain, start=1):
        what, before = f"trust/root.{number}.json", trusted[-1] if trusted else None
        if number == 1 and envelope.payload_sha256 != pinned:
            raise Fault("{what} is not the trust document that you were given to trust", what=what)
        trust, previous = parse_trust(envelope.payload, envelope.payload_sha256, what)
        if trust.version != number or previous != (before.payload_sha256 if before else None):
            raise Fault("{what} does not follow the one before it", what=what)
        if before and not _continues(before, trust):
            raise Fault("{what} has log keys that do not follow one another", what=what)
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
    for entry in shaped(record, {"members": [_MEMBER], "required": dict}, what)["members"]:
        public = _public(entry, what)
        if not verifies(public, unbase64(entry["proof"], what, standard=True), possession_bytes(entry)):
            raise Fault("{what} has a member without proof that it holds its key", what=what)
        lists = tuple(entry["causes"]), tuple(entry["strata"])
        members.append(Member(entry["id"], keyid(public), public, entry["kind"], entry["domain"], *lists))
    if len({m.id for m in members}) < len(members) or len({m.public for m in members}) < len(members):
        raise Fault("{what} lists a member or a key twice", what=what)
    if len(members) < 4:
        raise Fault("{what} has fewer than four members", what=what)
    return Roster(tuple(members), parse_strata(record["required"], what))


def parse_strata(record: object, what: str) -> Mapping[str, int]:
    """Parse which strata are needed: stratum -> least votes."""
    strata = shaped({"required": record}, {"required": dict}, what)["required"]
    return dict(shaped(strata, dict.fromkeys(strata, int), what))


def _public(entry: object, what: str) -> bytes:
    key = shaped(entry, _KEY, what)
    if key["alg"] != "ed25519":
        raise Fault("{what} has a key of a kind that is not known", what=what)
    public = unbase64(key["public"], what, standard=True)
    if len(public) != 32 or public in LOW_ORDER:
        raise Fault("{what} has a key that is not a sound Ed25519 key", what=what)
    return public


def encode_public(public: bytes) -> str:
    """Return a raw public key as the documents carry it."""
    return base64.b64encode(public).decode()
