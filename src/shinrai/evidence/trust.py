"""The trust document: whose keys may sign what. It grows by versions, each signed by the root of the one before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from shinrai.evidence.database import reading, refusals
from shinrai.evidence.home import Home
from shinrai.evidence.keys import Signer, key_names, load_signer, retire
from shinrai.evidence.schema import LOG_ID, log
from shinrai.evidence.statements import sign, timestamp
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.language import ShinraiError, message
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.note import NoteKey
from shinrai_verify.trust import POLICY, ROLES, TRUST, encode_public, parse_trust
from shinrai_verify.verify import REVOCATION

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
    own = {role: load_signer(home.keys, role) for role in (_OWN if last is None else _OWN[1:])}
    wanted = {own[role].keyid: _key(own[role], role) for role in own}
    wanted |= {signer.keyid: _key(signer, person) for person, signer in people.items()}
    if last is not None and not {s.keyid for s in root_signers(home)} & set(last["roles"]["root"]["keyids"]):
        # A new root would begin a history that nobody who holds an earlier trust.json could follow.
        raise ShinraiError(
            message("The root key in {path} is not the one that others were given to trust.", path=home.keys),
            fix=message("Restore root.pem from your backup; or start anew in another data folder."),
        )
    fresh = last is not None and last["expires"] > timestamp(now + RENEW_BEFORE)
    current = last is not None and all(own[role].keyid in last["roles"][role]["keyids"] for role in own)
    if fresh and current and all(known.get(keyid) == entry for keyid, entry in wanted.items()):
        return chain
    roles: dict[str, Any] = {role: {"keyids": [own[role].keyid], "threshold": 1} for role in own}
    if last is not None:
        roles["root"] = last["roles"]["root"]
    keys = {**known, **wanted}
    return _issue(home, store, keys, roles, now, [])


def _issue(
    home: Home,
    store: Store,
    keys: Mapping[str, Any],
    roles: dict[str, Any],
    now: datetime,
    joining: Sequence[Signer],
    turns: Sequence[NoteKey] | None = None,
    at: int | None = None,
) -> list[Logged]:
    """Sign and log the next version with the root keys at hand, as many as the last one and this one need.

    keys: keyid -> entry. roles: all but attestor, which everyone holds who is named and holds no other role. joining:
    root keys that are new in this version. turns: the log's keys where they change. at: the size the log must have.
    """
    chain = store.of_type(TRUST)
    last: Mapping[str, Any] = chain[-1].statement.predicate if chain else {"roles": roles}
    attestors = sorted(keyid for keyid, entry in keys.items() if entry["holder"] not in ROLES)
    document: dict[str, Any] = {
        "expires": timestamp(now + VALID_FOR),
        "keys": keys,
        "logs": [str(key) for key in turns or store.keys],
        "prev": chain[-1].envelope.payload_sha256 if chain else None,
        "roles": {**roles, "attestor": {"keyids": attestors, "threshold": 1}},
        "version": len(chain) + 1,
    }
    said = last.get("logKeys") if turns is None else [{"from": key.since, "key": str(key)} for key in turns]
    if said:
        document["logKeys"] = said
    signers = {signer.keyid: signer for signer in (*root_signers(home), *joining)}
    asked = (last["roles"]["root"], roles["root"])
    for role in asked:
        at_hand = set(signers) & set(role["keyids"])
        if len(at_hand) < role["threshold"]:
            raise ShinraiError(
                message(
                    "{n} root keys have to sign a trust document, {m} are here.", n=role["threshold"], m=len(at_hand)
                ),
                fix=message(
                    "Put further root keys into {path}, as root-NAME; or register their commands.", path=home.keys
                ),
            )
    signing = [signer for keyid, signer in signers.items() if any(keyid in role["keyids"] for role in asked)]
    first = chain[0].envelope.payload_sha256 if chain else "0" * 64
    store.append(Addition([sign(Statement("trust", first, TRUST, document), *signing)], at=at))
    return store.of_type(TRUST)


def root_signers(home: Home) -> list[Signer]:
    """Return the root keys at hand: `root` and every `root-NAME`."""
    names = [name for name in key_names(home.keys) if name == "root" or name.startswith("root-")]
    return [load_signer(home.keys, name) for name in names if ".retired-" not in name]


def rotate(home: Home, store: Store, name: str, now: datetime) -> Signer:
    """Give a role or a person a new key and name it in a new trust document; returns the new signer.

    The old key is put aside. What it signed before stays valid, by its place in the log; from the new document on it
    has no right. ShinraiError for keys that cannot be rotated so.
    """
    if name not in ("admin", "producer", "coordinator") and not name.startswith("person-"):
        raise ShinraiError(
            message("The key {name} cannot be rotated like this.", name=name),
            fix=message(
                "Roots are replaced with `shinrai keys rotate root --threshold K NAME…`; the log's key with "
                "`shinrai keys rotate log`; a seat's key by a new roster."
            ),
        )
    ensure_trust(home, store, {}, now)
    old = retire(home.keys, name)
    fresh = load_signer(home.keys, name)
    last = store.of_type(TRUST)[-1].statement.predicate
    keys = {keyid: entry for keyid, entry in last["keys"].items() if keyid != old}
    holder = name.removeprefix("person-")
    roles = {role: last["roles"][role] for role in _OWN}
    if name in roles:
        roles[name] = {"keyids": [fresh.keyid], "threshold": 1}
    _issue(home, store, {**keys, fresh.keyid: _key(fresh, holder)}, roles, now, [])
    return fresh


def name_log_key(home: Home, store: Store, fresh: Signer, now: datetime) -> NoteKey:
    """Name a new key of the log in a new trust document: it signs every head that holds the document, the old one none.

    GrownError when something else was logged meanwhile; nothing was then.
    """
    ensure_trust(home, store, {}, now)
    with refusals(), reading(store.engine) as db:
        size = int(db.execute(select(log.c.size).where(log.c.log_id == LOG_ID)).scalar_one())
    last = store.of_type(TRUST)[-1].statement.predicate
    turns = (*store.keys, NoteKey(store.key.name, fresh.public, since=size + 1))
    _issue(home, store, last["keys"], {role: last["roles"][role] for role in _OWN}, now, [], turns, size)
    return turns[-1]


def rotate_root(home: Home, store: Store, fresh: Sequence[Signer], threshold: int, now: datetime) -> list[Logged]:
    """Replace the root keys: the new document is signed by enough old and by enough new ones; returns the chain."""
    ensure_trust(home, store, {}, now)
    if not 1 <= threshold <= len({signer.public for signer in fresh}):
        raise ShinraiError(
            message("A threshold of {k} cannot be reached with {n} keys.", k=threshold, n=len(fresh)),
            fix=message("Name at least as many different keys as have to sign."),
        )
    last = store.of_type(TRUST)[-1].statement.predicate
    keys = {keyid: entry for keyid, entry in last["keys"].items() if keyid not in last["roles"]["root"]["keyids"]}
    keys |= {signer.keyid: _key(signer, "root") for signer in fresh}
    roles = {role: last["roles"][role] for role in _OWN}
    roles["root"] = {"keyids": sorted(signer.keyid for signer in fresh), "threshold": threshold}
    return _issue(home, store, keys, roles, now, fresh)


def revoke(home: Home, store: Store, keyid: str, start: int, reason: str) -> Logged:
    """Log that a key's signatures count for nothing from a place in the log on, signed by the administrator.

    The administrator's own key is revoked likewise, by itself, as a key may always give itself up.
    """
    about = {"invalidFromIndex": start, "keyid": keyid, "reason": reason}
    envelope = sign(Statement("key", keyid, REVOCATION, about), load_signer(home.keys, "admin"))
    index = store.append(Addition([envelope]))[0]
    return Logged(index, envelope, Statement.from_bytes(envelope.payload, "a revocation"))


def _key(signer: Signer, holder: str) -> dict[str, str]:
    return {"alg": "ed25519", "holder": holder, "public": encode_public(signer.public)}


def policy_file(chain: list[Logged], store: Store) -> bytes:
    """Return `trust.json`: what an outsider needs to verify bundles of this data folder, and nothing secret."""
    record = {
        # The first key of the log, for good: the chain of trust documents says which came after it, and when.
        "logs": [str(store.keys[0])],
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
