"""Whom to believe: the outsider's policy, the rotation of keys, and the roster."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.encoding import Fault, canonical_json
from shinrai_verify.keys import LOW_ORDER, verifies
from shinrai_verify.note import WITNESS, NoteKey
from shinrai_verify.trust import POLICY, TRUST, Policy, encode_public, follow, parse_roster, parse_trust

from .world import SEATS, Key, seat, sha256, sign, trust_document

LOG = str(NoteKey("example.org/log", Key("log").public))


def _policy(**changes):
    record = {"schema": POLICY, "root": "ab" * 32, "logs": [LOG], "requiredControls": ["JP-GL-C1.override-design"]}
    return canonical_json({name: value for name, value in {**record, **changes}.items() if value is not ...})


def test_a_policy_is_read():
    policy = Policy.from_bytes(_policy())
    assert policy.root == "ab" * 32
    assert [str(key) for key in policy.outside.logs] == [LOG]
    assert policy.required_controls == ("JP-GL-C1.override-design",)


def test_ages_heads_services_and_witnesses_of_a_policy_are_read():
    day = 86_400
    witness = NoteKey("example.org/witness", Key("witness").public, WITNESS)
    quorum = f"log {LOG}\nwitness w {witness}\nquorum w\n"
    services = [{"name": "x", "certSha256": ["ab" * 32]}, {"name": "y", "certSha256": ["cd" * 32, "ef" * 32]}]
    policy = Policy.from_bytes(_policy(maxAge=day, lastSeen="a\n", logs=..., tsa=services, witnessPolicy=quorum))
    assert (policy.max_age, policy.last_seen) == (timedelta(days=1), b"a\n")
    assert policy.outside.tsa == {"ab" * 32, "cd" * 32, "ef" * 32}
    assert [str(key) for key in policy.outside.logs] == [LOG]
    assert list(policy.outside.quorum.witnesses.values()) == [witness]
    none = Policy.from_bytes(_policy())
    assert (none.max_age, none.last_seen, none.outside.tsa, none.outside.quorum) == (None, None, frozenset(), None)
    longest = 86_399_999_999_999
    for age in (longest + 1, -1):
        with pytest.raises(Fault) as caught:
            Policy.from_bytes(_policy(maxAge=age))
        assert str(caught.value) == "the trust file lacks a valid field “maxAge”"
    for age in (0, longest):
        assert Policy.from_bytes(_policy(maxAge=age)).max_age == timedelta(seconds=age)


POLICIES = {
    "a field that is not known": (_policy(minWitnesses=2), "a field that is not known: 'minWitnesses'"),
    "a hostile field name": (
        _policy(**{"\u202e\x1b": 1}),
        "not known: '\\u202e\\x1b'",
    ),
    "another schema": (_policy(schema="https://example.org/policy/v2"), "does not say “schema”"),
    "no schema": (_policy(schema=...), "lacks a valid field “schema”"),
    "no root": (_policy(root=...), "lacks a valid field “root”"),
    "root in capitals": (_policy(root="AB" * 32), "digest"),
    "a log that is no key": (_policy(logs=["x+y+z"]), "is not a C2SP verifier key"),
    "a log that is no text": (_policy(logs=[5]), "lacks a valid field “logs”"),
    "required controls of another kind": (_policy(requiredControls="x"), "lacks a valid field “requiredControls”"),
    "an age that is no number": (_policy(maxAge="1 day"), "lacks a valid field “maxAge”"),
    "a head that is no text": (_policy(lastSeen=5), "lacks a valid field “lastSeen”"),
    "a service without certificates": (_policy(tsa=[{"name": "x"}]), "lacks a valid field “certSha256”"),
    "a witness policy that is none": (_policy(witnessPolicy="quorum x\n"), "a line that is not understood: quorum x"),
    "a control that is no identifier": (_policy(requiredControls=["a b"]), "identifier"),
    "no object": (b"[]", "is not an object"),
    "no JSON": (b"PK", "is not valid JSON"),
    "a repeated field": (b'{"root":"a","root":"b"}', "repeated key"),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policies_that_are_not_understood_are_refused(name):
    data, said = POLICIES[name]
    with pytest.raises(Fault) as caught:
        Policy.from_bytes(data)
    assert said in str(caught.value)


def _chain(*versions):
    """Sign a chain; versions: (keys that sign, changes of the document)."""
    chain = []
    for number, (signers, changes) in enumerate(versions, start=1):
        given = {"prev": chain[-1].payload_sha256 if chain else None, "version": number, **changes}
        chain.append(sign(Statement("trust", "0" * 64, TRUST, trust_document(**given)), *signers))
    return chain


OLD, NEW = {"root": ["old"]}, {"root": ["new"]}
TWO_OLD = {"root": ["a", "b", "c"], "root_threshold": 2}
TWO_NEW = {"root": ["b", "d", "e"], "root_threshold": 2}
# After the truth table of tuf-conformance: who signs version 2, and whether it is followed.
ROTATIONS = {
    "old and new": (OLD, NEW, ["old", "new"], True),
    "old only": (OLD, NEW, ["old"], False),
    "new only": (OLD, NEW, ["new"], False),
    "neither": (OLD, NEW, ["stranger"], False),
    "the same root again": (OLD, OLD, ["old"], True),
    "the same root, signed by a stranger": (OLD, OLD, ["stranger"], False),
    "an added root, by the old": (OLD, {"root": ["old", "new"]}, ["old"], True),
    "an added root, by the added": (OLD, {"root": ["old", "new"]}, ["new"], False),
    "a higher threshold, met": (OLD, {"root": ["old", "new"], "root_threshold": 2}, ["old", "new"], True),
    "a higher threshold, not met": (OLD, {"root": ["old", "new"], "root_threshold": 2}, ["old"], False),
    "two of three to two of three, all four": (TWO_OLD, TWO_NEW, ["a", "b", "d"], True),
    "two of three, one key in both counts for both": (TWO_OLD, TWO_NEW, ["a", "b", "e"], True),
    "two of three, old below threshold": (TWO_OLD, TWO_NEW, ["b", "d", "e"], False),
    "two of three, new below threshold": (TWO_OLD, TWO_NEW, ["a", "b", "c"], False),
    "the same key twice": (TWO_OLD, TWO_OLD, ["a", "a"], False),
    "a lower threshold, signed by one": (TWO_OLD, {"root": ["a"]}, ["a"], False),
}


@pytest.mark.parametrize("name", ROTATIONS)
def test_rotation_needs_the_old_and_the_new_root(name):
    first, second, signers, followed = ROTATIONS[name]
    chain = _chain((first["root"], first), (signers, second))
    if followed:
        assert [trust.version for trust in follow(chain, chain[0].payload_sha256)] == [1, 2]
        return
    with pytest.raises(Fault, match=r"trust/root\.2\.json is not signed by enough root keys"):
        follow(chain, chain[0].payload_sha256)


def test_a_key_counts_once_however_many_signatures_and_ids_it_uses():
    good = _chain((["a", "b"], TWO_OLD))[0]
    first, second = good.signatures
    for other in (first.keyid, second.keyid, "0" * 64):
        lying = Envelope(good.payload, (first, Signature(other, first.sig)))
        with pytest.raises(Fault, match="not signed by enough root keys"):
            follow([lying], good.payload_sha256)


@pytest.mark.parametrize("claimed", ["0" * 64, Key("stranger").keyid, Key("admin").keyid])
def test_a_signature_that_is_not_by_the_key_it_names_is_refused(claimed):
    good = _chain((["a", "b"], TWO_OLD))[0]
    first, second = good.signatures
    for signatures in ((first, Signature(claimed, second.sig)), (first, second, Signature(claimed, bytes(64)))):
        with pytest.raises(Fault, match="the signature is not good"):
            follow([Envelope(good.payload, signatures)], good.payload_sha256)


CHAINS = {
    "version skipped": ([(["old"], OLD), (["old"], {**OLD, "version": 3})], "does not follow"),
    "version repeated": ([(["old"], OLD), (["old"], {**OLD, "version": 1})], "does not follow"),
    "first is not version 1": ([(["old"], {**OLD, "version": 2})], "does not follow"),
    "another one before": ([(["old"], OLD), (["old"], {**OLD, "prev": "ab" * 32})], "does not follow"),
    "none before the second": ([(["old"], OLD), (["old"], {**OLD, "prev": None})], "does not follow"),
    "one before the first": ([(["old"], {**OLD, "prev": "ab" * 32})], "does not follow"),
    "the first not signed by itself": ([(["stranger"], OLD)], "not signed by enough root keys"),
}


@pytest.mark.parametrize("name", CHAINS)
def test_broken_chains_are_refused(name):
    versions, said = CHAINS[name]
    chain = _chain(*versions)
    with pytest.raises(Fault) as caught:
        follow(chain, chain[0].payload_sha256)
    assert said in str(caught.value)


def test_the_first_document_is_the_one_given_and_there_must_be_one():
    chain = _chain((["old"], OLD))
    with pytest.raises(Fault, match="is not the trust document that you were given to trust"):
        follow(chain, "ab" * 32)
    with pytest.raises(Fault, match=r"the bundle has no trust/root\.1\.json"):
        follow([], "ab" * 32)


def test_a_document_the_old_root_did_not_sign_may_not_ask_for_work(monkeypatch):
    asked = []
    monkeypatch.setattr("shinrai_verify.trust.verifies", lambda key, *rest: asked.append(key) or verifies(key, *rest))
    many = {"root": [f"new{n}" for n in range(30)], "root_threshold": 30}
    chain = _chain((["old"], OLD), (["stranger"], many))
    with pytest.raises(Fault, match="not signed by enough root keys"):
        follow(chain, chain[0].payload_sha256)
    assert set(asked) == {Key("old").public}


def _bent(change):
    document = trust_document()
    change(document)
    return Statement("trust", "0" * 64, TRUST, document).to_bytes()


def _under_wrong_id(document):
    ids = sorted(document["keys"])
    document["keys"][ids[0]] = document["keys"][ids[1]]


def _key(**changes):
    return lambda document: document["keys"][Key("root").keyid].update(changes)


def _role(role, **changes):
    return lambda document: document["roles"][role].update(changes)


DOCUMENTS = {
    "a key under an id that is not its own": (_under_wrong_id, "an id that is not its own"),
    "an id that is no digest": (lambda d: d["keys"].update(x=d["keys"][Key("root").keyid]), "digest"),
    "a key of another kind": (_key(alg="ml-dsa-44"), "a key of a kind that is not known"),
    "a key without a kind": (_key(alg=None), "lacks a valid field “alg”"),
    "a short key": (_key(public="AAAA"), "not a sound Ed25519 key"),
    "a key of low order": (_key(public=encode_public(min(LOW_ORDER))), "not a sound Ed25519 key"),
    "a key that is no base64": (_key(public="!"), "not valid base64"),
    "a holder that is no identifier": (_key(holder="Y. Yamada"), "identifier"),
    "no holder": (_key(holder=None), "lacks a valid field “holder”"),
    "no role root": (lambda d: d["roles"].pop("root"), "lacks a valid field “root”"),
    "no role admin": (lambda d: d["roles"].pop("admin"), "lacks a valid field “admin”"),
    "a role with an unknown key": (_role("admin", keyids=["ab" * 32]), "a role admin that cannot be filled"),
    "a root threshold out of reach": (_role("root", threshold=2), "a role root that cannot be filled"),
    "a root threshold of none": (_role("root", threshold=0), "a role root that cannot be filled"),
    "a negative threshold": (_role("admin", threshold=-1), "a role admin that cannot be filled"),
    "a threshold that is a truth": (_role("root", threshold=True), "lacks a valid field “threshold”"),
    "two attestors who have to agree": (
        _role("attestor", keyids=[Key("yamada").keyid, Key("root").keyid], threshold=2),
        "a role attestor that cannot be filled",
    ),
    "a root without keys": (_role("root", keyids=[]), "a role root that cannot be filled"),
    "a threshold of a role without keys": (
        _role("admin", keyids=[], threshold=2),
        "a role admin that cannot be filled",
    ),
    "a threshold we would not keep": (_role("admin", threshold=2), "a role admin that cannot be filled"),
    "a time without zone": (lambda d: d.update(expires="2099-01-01T00:00:00"), "RFC 3339"),
    "a time with an offset": (lambda d: d.update(expires="2099-01-01T00:00:00+09:00"), "RFC 3339"),
    "a time without zeros": (lambda d: d.update(expires="2099-1-1T0:0:0Z"), "RFC 3339"),
    "a time in other digits": (lambda d: d.update(expires="２099-01-01T00:00:00Z"), "RFC 3339"),
    "a day that does not exist": (lambda d: d.update(expires="2099-02-30T00:00:00Z"), "RFC 3339"),
    "no time": (lambda d: d.pop("expires"), "lacks a valid field “expires”"),
    "no version": (lambda d: d.pop("version"), "lacks a valid field “version”"),
    "a digest before it that is none": (lambda d: d.update(prev="x"), "digest"),
    "keys of another kind": (lambda d: d.update(keys=[]), "lacks a valid field “keys”"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_malformed_trust_documents_are_refused(name):
    change, said = DOCUMENTS[name]
    payload = _bent(change)
    with pytest.raises(Fault) as caught:
        parse_trust(payload, sha256(payload), "the document")
    assert said in str(caught.value)


def test_another_statement_is_no_trust_document():
    payload = Statement("trust", "0" * 64, TRUST + "x", trust_document()).to_bytes()
    with pytest.raises(Fault, match="is not a trust document"):
        parse_trust(payload, sha256(payload), "the document")


def test_a_trust_document_is_read():
    payload = _bent(lambda document: document)
    trust, previous = parse_trust(payload, sha256(payload), "the document")
    assert (trust.version, previous, trust.expires) == (1, None, datetime(2099, 1, 1, tzinfo=UTC))
    assert trust.holders[Key("yamada").keyid] == "yamada"
    assert trust.roles["attestor"] == {Key("yamada").keyid}


def test_a_key_has_one_spelling():
    names = (f"key-{number}" for number in range(1000))
    name = next(name for name in names if {"+", "/"} & set(encode_public(Key(name).public)))
    document = trust_document(people=["yamada", name])
    entry = document["keys"][Key(name).keyid]
    good = Statement("trust", "0" * 64, TRUST, document).to_bytes()
    assert parse_trust(good, sha256(good), "the document")[0].public[Key(name).keyid] == Key(name).public
    entry["public"] = entry["public"].replace("+", "-").replace("/", "_")
    payload = Statement("trust", "0" * 64, TRUST, document).to_bytes()
    with pytest.raises(Fault, match="not valid base64"):
        parse_trust(payload, sha256(payload), "the document")


@pytest.mark.parametrize("role", ["admin", "producer", "coordinator", "attestor"])
def test_a_role_may_wait_for_its_first_key(role):
    payload = _bent(_role(role, keyids=[]))
    trust, _ = parse_trust(payload, sha256(payload), "the document")
    assert trust.roles[role] == frozenset()


def test_one_key_may_hold_every_role_and_every_key_may_hold_one():
    everyone = [Key(name).keyid for name in ("root", "admin", "producer", "coordinator", "yamada")]
    payload = _bent(_role("attestor", keyids=everyone))
    assert parse_trust(payload, sha256(payload), "the document")[0].roles["attestor"] == set(everyone)


def test_what_is_broken_in_a_trust_document_is_said_of_it():
    for change in (
        lambda d: d.update(expires="x"),
        lambda d: d.update(logs=["x+y+z"]),
        lambda d: d.update(prev="x"),
        lambda d: d.update(tsa=["x"]),
    ):
        payload = _bent(change)
        with pytest.raises(Fault, match=r"^the document|verifier key"):
            parse_trust(payload, sha256(payload), "the document")
    with pytest.raises(Fault, match=r"^the document"):
        parse_trust(b"{}", sha256(b"{}"), "the document")


def _roster(members, required=None):
    return json.loads(json.dumps({"members": members, "required": {} if required is None else required}))


def test_a_roster_is_read_and_its_numbers_are_computed():
    record = _roster([seat(name) for name in SEATS], {"north": 1}) | {"n": 99, "f": 33, "q": 1}
    roster = parse_roster(record, "the roster")
    assert (roster.n, roster.f, roster.q) == (5, 1, 4)
    assert roster.required == {"north": 1}
    assert [member.keyid for member in roster.members] == [Key(f"seat-{name}").keyid for name in SEATS]


GOOD = [seat(name) for name in SEATS]
ROSTERS = {
    "the same id twice": ([*GOOD, seat("north", "another")], "lists a member or a key twice"),
    "the same key twice": ([*GOOD, seat("sixth", "seat-north")], "lists a member or a key twice"),
    "fewer than four": (GOOD[:3], "fewer than four members"),
    "nobody": ([], "fewer than four members"),
    "no proof": ([*GOOD[1:], {**GOOD[0], "proof": encode_public(bytes(64))}], "without proof that it holds its key"),
    "a proof in the other alphabet": ([*GOOD[1:], {**GOOD[0], "proof": "-" * 86 + "=="}], "not valid base64"),
    "the proof of another": ([*GOOD[1:], {**GOOD[0], "proof": GOOD[1]["proof"]}], "without proof"),
    "a domain changed after the proof": ([*GOOD[1:], {**GOOD[0], "domain": "x"}], "without proof"),
    "a stratum added after the proof": ([*GOOD[1:], {**GOOD[0], "strata": ["human"]}], "without proof"),
    "a key of low order": (
        [*GOOD[1:], {**GOOD[0], "public": encode_public(min(LOW_ORDER))}],
        "not a sound Ed25519 key",
    ),
    "a key of another kind": ([*GOOD[1:], {**GOOD[0], "alg": "bls"}], "a key of a kind that is not known"),
    "an id that is no identifier": ([*GOOD, seat("si xth")], "identifier"),
    "a domain that is no identifier": ([*GOOD, seat("sixth", domain="")], "identifier"),
    "causes of another kind": ([*GOOD, seat("sixth", causes="x")], "lacks a valid field “causes”"),
    "strata of another kind": ([*GOOD, seat("sixth", strata=[1])], "lacks a valid field “strata”"),
    "a member that is no object": ([*GOOD, "x"], "is not an object"),
}


@pytest.mark.parametrize("name", ROSTERS)
def test_rosters_that_could_count_someone_twice_or_for_another_are_refused(name):
    members, said = ROSTERS[name]
    with pytest.raises(Fault) as caught:
        parse_roster(_roster(members), "the roster")
    assert said in str(caught.value)


def test_required_strata_are_numbers():
    for required in ([], {"north": "1"}, {"north": True}):
        with pytest.raises(Fault, match="lacks a valid field"):
            parse_roster(_roster(GOOD, required), "the roster")


def test_four_members_are_enough_and_all_of_them_is_read():
    roster = parse_roster(_roster([seat(name, kind="human", domain="d-" + name) for name in SEATS[:4]]), "it")
    assert [(member.id, member.kind, member.domain) for member in roster.members] == [
        (name, "human", "d-" + name) for name in SEATS[:4]
    ]
    assert (roster.n, roster.q, len(roster.domains)) == (4, 3, 4)
