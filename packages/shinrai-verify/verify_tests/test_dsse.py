"""Envelopes: the published encoding, one leaf for every spelling, and nothing read that was not signed."""

import base64
import json

import pytest

from shinrai_verify.dsse import MAX_SIGNATURES, PAYLOAD_TYPE, Envelope, Signature, Statement, pae
from shinrai_verify.encoding import Fault
from shinrai_verify.verify import envelope_leaves

from .world import Key, sign

STATEMENT = Statement("x", "ab" * 32, "https://example.org/t", {"b": 1, "a": "九"})
ENVELOPE = sign(STATEMENT, "one", "two")


def test_pae_is_the_one_of_the_dsse_protocol():
    # secure-systems-lab/dsse, protocol.md
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_pae_counts_bytes_and_takes_no_type_that_could_be_counted_otherwise():
    assert pae(PAYLOAD_TYPE, "九".encode()) == b"DSSEv1 28 application/vnd.in-toto+json 3 " + "九".encode()
    with pytest.raises(UnicodeEncodeError):
        pae("application/é", b"")


def test_an_envelope_is_read_back():
    assert Envelope.from_bytes(ENVELOPE.to_bytes(), "it") == ENVELOPE
    assert Envelope.from_bytes(ENVELOPE.to_bytes(), "it").pae == pae(PAYLOAD_TYPE, STATEMENT.to_bytes())


def _record() -> dict:
    return json.loads(ENVELOPE.to_bytes())


def _url_safe(record):
    for holder, name in [(record, "payload"), *((s, "sig") for s in record["signatures"])]:
        holder[name] = base64.urlsafe_b64encode(base64.b64decode(holder[name])).decode()


MALLEABLE = {
    "the URL-safe alphabet": _url_safe,
    "further fields": lambda record: record.update(
        comment="hello", signatures=[{**s, "cert": "x"} for s in record["signatures"]]
    ),
    "another order of signatures": lambda record: record["signatures"].reverse(),
    "a second payload": lambda record: record.update(Payload="AAAA", payload_=_record()["payload"]),
}


@pytest.mark.parametrize("name", MALLEABLE)
def test_every_spelling_of_an_envelope_has_the_same_leaves(name):
    record = _record()
    MALLEABLE[name](record)
    for indent in (None, 1):
        read = Envelope.from_bytes(json.dumps(record, indent=indent).encode(), "it")
        assert sorted(envelope_leaves(read, "t")) == sorted(envelope_leaves(ENVELOPE, "t"))
        assert read.payload == ENVELOPE.payload


def _set(**fields):
    return lambda record: record.update(fields)


REFUSED = {
    "no payload": (lambda record: record.pop("payload"), "field “payload”"),
    "payload of another kind": (_set(payload=5), "field “payload”"),
    "payload with trailing bits": (_set(payload="YR=="), "not valid base64"),
    "payload of mixed alphabets": (_set(payload="+-++"), "not valid base64"),
    "another payload type": (_set(payloadType="text/plain"), "payload type text/plain"),
    "payload type with other letters": (_set(payloadType=PAYLOAD_TYPE.replace("a", "а")), "payload type"),
    "no payload type": (_set(payloadType=None), "field “payloadType”"),
    "no signatures": (_set(signatures=[]), "has 0 signatures"),
    "too many signatures": (_set(signatures=[{}] * (MAX_SIGNATURES + 1)), "has 1025 signatures"),
    "signatures of another kind": (_set(signatures={}), "field “signatures”"),
    "a signature without a key id": (_set(signatures=[{"sig": "AAAA"}]), "field “keyid”"),
    "a key id in capitals": (_set(signatures=[{"sig": "AAAA", "keyid": "AB" * 32}]), "digest"),
    "a signature that is no object": (_set(signatures=["x"]), "not an object"),
    "a signature that is no base64": (_set(signatures=[{"sig": "!", "keyid": "ab" * 32}]), "not valid base64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_envelopes_are_refused(name):
    change, said = REFUSED[name]
    record = _record()
    change(record)
    with pytest.raises(Fault) as caught:
        Envelope.from_bytes(json.dumps(record).encode(), "it")
    assert said in str(caught.value)


def test_a_repeated_payload_is_refused():
    data = ENVELOPE.to_bytes().replace(b'{"payload":', b'{"payload":"AAAA","payload":', 1)
    with pytest.raises(Fault, match="repeated key"):
        Envelope.from_bytes(data, "it")


def test_a_statement_is_read_back_and_is_canonical():
    assert Statement.from_bytes(STATEMENT.to_bytes(), "it") == STATEMENT
    assert STATEMENT.to_bytes().index(b'"_type"') < STATEMENT.to_bytes().index(b'"predicate"')


BAD_STATEMENTS = {
    "another type": (_set(_type="https://in-toto.io/Statement/v0.1"), "not an in-toto Statement v1"),
    "no subject": (_set(subject=[]), "exactly one subject"),
    "two subjects": (_set(subject=[{}, {}]), "exactly one subject"),
    "subject of another kind": (_set(subject="x"), "field “subject”"),
    "subject without a name": (_set(subject=[{"digest": {"sha256": "ab" * 32}}]), "field “name”"),
    "subject without a digest": (_set(subject=[{"name": "x"}]), "field “digest”"),
    "only MD5": (_set(subject=[{"name": "x", "digest": {"md5": "ab" * 16}}]), "field “sha256”"),
    "SHA-256 in capitals": (_set(subject=[{"name": "x", "digest": {"sha256": "AB" * 32}}]), "digest"),
    "SHA-256 of odd length": (_set(subject=[{"name": "x", "digest": {"sha256": "ab" * 31 + "a"}}]), "digest"),
    "no predicate type": (_set(predicateType=None), "field “predicateType”"),
    "predicate of another kind": (_set(predicate=[]), "field “predicate”"),
    "a number with a fraction": (_set(predicate={"a": 1.0}), "the number 1.0"),
}


@pytest.mark.parametrize("name", BAD_STATEMENTS)
def test_malformed_statements_are_refused(name):
    change, said = BAD_STATEMENTS[name]
    record = json.loads(STATEMENT.to_bytes())
    change(record)
    with pytest.raises(Fault) as caught:
        Statement.from_bytes(json.dumps(record).encode(), "it")
    assert said in str(caught.value)


def test_among_several_digests_the_sha256_decides():
    record = json.loads(STATEMENT.to_bytes())
    record["subject"][0]["digest"]["sha512"] = "00" * 64
    assert Statement.from_bytes(json.dumps(record).encode(), "it").subject_sha256 == "ab" * 32


def test_a_leaf_commits_to_who_signed_and_to_the_signature():
    bare = Envelope(ENVELOPE.payload, (Signature(Key("one").keyid, bytes(64)),))
    leaves = {leaf for leaf, _ in envelope_leaves(ENVELOPE, "t") + envelope_leaves(bare, "t")}
    assert len(leaves) == 3
    assert [keyid for _, keyid in envelope_leaves(ENVELOPE, "t")] == sorted([Key("one").keyid, Key("two").keyid])


def test_as_many_signatures_as_allowed_are_read():
    many = tuple(Signature(f"{number:064x}", bytes(64)) for number in range(1024))
    assert Envelope.from_bytes(Envelope(b"{}", many).to_bytes(), "it").signatures == many
