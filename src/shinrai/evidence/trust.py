"""The trust document: whose keys may sign what. It grows by versions, each signed by the root of the one before."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shinrai.evidence.home import Home
from shinrai.evidence.keys import Signer, load_signer
from shinrai.evidence.statements import sign, timestamp
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.language import ShinraiError, message
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.trust import POLICY, ROLES, TRUST, encode_public, parse_trust

VALID_FOR = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
_OWN = ("root", "admin", "producer", "coordinator")


def person_signer(home: Home, person: str) -> Signer:
    """Return the key of a named person, made on first use."""
    return load_signer(home.keys, f"person-{person}")


def ensure_trust(home: Home, store: Store, people: Mapping[str, Signer], now: datetime) -> list[Logged]:
    """Return the chain of trust documents, extended when a person is new or the last one soon expires.

    people: id -> signer of everyone who attests or approves.
    """
    chain = store.of_type(TRUST)
    last: Mapping[str, Any] | None = chain[-1].statement.predicate if chain else None
    known = dict(last["keys"]) if last else {}
    own = {role: load_signer(home.keys, role) for role in _OWN}
    wanted = {own[role].keyid: _key(own[role], role) for role in _OWN}
    wanted |= {signer.keyid: _key(signer, person) for person, signer in people.items()}
    if last is not None and own["root"].keyid not in last["roles"]["root"]["keyids"]:
        # A new root would begin a history that nobody who holds an earlier trust.json could follow.
        raise ShinraiError(
            message("The root key in {path} is not the one that others were given to trust.", path=home.keys),
            fix=message("Restore root.pem from your backup; or start anew in another data folder."),
        )
    fresh = last is not None and last["expires"] > timestamp(now + RENEW_BEFORE)
    if fresh and all(known.get(keyid) == entry for keyid, entry in wanted.items()):
        return chain
    keys = {**known, **wanted}
    roles = {role: {"keyids": [own[role].keyid], "threshold": 1} for role in _OWN}
    attestors = sorted(keyid for keyid, entry in keys.items() if entry["holder"] not in ROLES)
    roles["attestor"] = {"keyids": attestors, "threshold": 1}
    document = {
        "expires": timestamp(now + VALID_FOR),
        "keys": keys,
        "prev": chain[-1].envelope.payload_sha256 if chain else None,
        "roles": roles,
        "version": len(chain) + 1,
    }
    first = chain[0].envelope.payload_sha256 if chain else "0" * 64
    store.append(Addition([sign(Statement("trust", first, TRUST, document), own["root"])]))
    return store.of_type(TRUST)


def _key(signer: Signer, holder: str) -> dict[str, str]:
    return {"alg": "ed25519", "holder": holder, "public": encode_public(signer.public)}


def policy_file(chain: list[Logged], store: Store) -> bytes:
    """Return `trust.json`: what an outsider needs to verify bundles of this data folder, and nothing secret."""
    record = {
        "logs": [str(store.key)],
        "requiredControls": [],
        "root": chain[0].envelope.payload_sha256,
        "schema": POLICY,
    }
    return canonical_json(record) + b"\n"


def known_keys(documents: Iterable[bytes]) -> dict[str, bytes]:
    """Return every key that trust documents (their payloads) ever named: keyid -> raw public key."""
    parsed = [parse_trust(payload, "", "a trust document")[0] for payload in documents]
    return {keyid: public for trust in parsed for keyid, public in trust.public.items()}


def utc_now() -> datetime:
    """Return the present time in UTC with whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
