"""The trust document grows by versions that follow each other."""

from datetime import UTC, datetime, timedelta

import pytest

from shinrai.evidence import Home, Store, ensure_trust
from shinrai.evidence.keys import key_path, load_signer
from shinrai.evidence.trust import known_keys, person_signer, policy_file
from shinrai.language import ShinraiError
from shinrai_verify.trust import Policy, follow

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_people_are_added_by_new_versions(home: Home, store: Store) -> None:
    first = ensure_trust(home, store, {}, NOW)
    assert len(ensure_trust(home, store, {}, NOW)) == 1
    yamada = person_signer(home, "yamada")
    chain = ensure_trust(home, store, {"yamada": yamada}, NOW)
    assert len(chain) == 2
    assert len(ensure_trust(home, store, {"yamada": yamada}, NOW)) == 2
    trusted = follow([link.envelope for link in chain], first[0].envelope.payload_sha256)
    assert trusted[-1].holders[yamada.keyid] == "yamada"
    assert yamada.keyid in trusted[-1].roles["attestor"]
    assert yamada.keyid in known_keys(link.envelope.payload for link in chain)
    assert person_signer(home, "sato").keyid not in known_keys(link.envelope.payload for link in chain)


def test_the_document_is_renewed_before_it_expires(home: Home, store: Store) -> None:
    ensure_trust(home, store, {}, NOW)
    assert len(ensure_trust(home, store, {}, NOW + timedelta(days=334))) == 1
    assert len(ensure_trust(home, store, {}, NOW + timedelta(days=336))) == 2


def test_the_policy_names_root_and_log(home: Home, store: Store) -> None:
    chain = ensure_trust(home, store, {}, NOW)
    policy = Policy.from_bytes(policy_file(chain, store))
    assert (policy.root, policy.outside.logs) == (chain[0].envelope.payload_sha256, (store.key,))


def test_a_lost_root_key_is_noticed(home: Home, store: Store) -> None:
    ensure_trust(home, store, {}, NOW)
    key_path(home.keys, "root").unlink()
    with pytest.raises(ShinraiError, match="not the one that others were given to trust"):
        ensure_trust(home, store, {}, NOW)


def test_another_lost_key_is_replaced_by_the_root(home: Home, store: Store) -> None:
    ensure_trust(home, store, {}, NOW)
    before = load_signer(home.keys, "producer").keyid
    key_path(home.keys, "producer").unlink()
    chain = ensure_trust(home, store, {}, NOW)
    trusted = follow([link.envelope for link in chain], chain[0].envelope.payload_sha256)
    assert trusted[-1].roles["producer"] == {load_signer(home.keys, "producer").keyid}
    assert before in trusted[0].roles["producer"]
