"""The trust document grows by versions that follow each other."""

from datetime import UTC, datetime, timedelta

import pytest

from shinrai.evidence import Home, Store, ensure_trust
from shinrai.evidence.keys import key_path, load_signer
from shinrai.evidence.trust import known_keys, person_signer, policy_file, revoke, rotate, rotate_root
from shinrai.language import ShinraiError
from shinrai_verify.trust import TRUST, Policy, follow
from shinrai_verify.verify import REVOCATION

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


def test_a_role_gets_a_new_key_and_the_old_one_loses_its_right(home: Home, store: Store) -> None:
    chain = ensure_trust(home, store, {"yamada": person_signer(home, "yamada")}, NOW)
    before = {name: load_signer(home.keys, name).keyid for name in ("producer", "person-yamada")}
    for name, old in before.items():
        fresh = rotate(home, store, name, NOW)
        assert fresh.keyid != old
    assert [link.statement.predicate["version"] for link in store.of_type(TRUST)] == [1, 2, 3]
    trusted = follow([link.envelope for link in store.of_type(TRUST)], chain[0].envelope.payload_sha256)
    assert trusted[-1].roles["producer"] == {load_signer(home.keys, "producer").keyid}
    assert trusted[-1].roles["attestor"] == {load_signer(home.keys, "person-yamada").keyid}
    assert not set(before.values()) & set(trusted[-1].public)
    assert len(ensure_trust(home, store, {}, NOW)) == 3


@pytest.mark.parametrize("name", ["log", "seat-policy", "root", "stranger"])
def test_other_keys_are_not_rotated_like_this(home: Home, store: Store, name: str) -> None:
    with pytest.raises(ShinraiError, match="cannot be rotated like this"):
        rotate(home, store, name, NOW)


def test_roots_are_replaced_by_old_and_new_together(home: Home, store: Store) -> None:
    first = ensure_trust(home, store, {}, NOW)[0].envelope.payload_sha256
    fresh = [load_signer(home.keys, f"root-{name}") for name in "abc"]
    for threshold in (0, 4):
        with pytest.raises(ShinraiError, match="cannot be reached"):
            rotate_root(home, store, fresh, threshold, NOW)
    chain = rotate_root(home, store, fresh, 2, NOW)
    assert len(chain[-1].envelope.signatures) == 4
    trusted = follow([link.envelope for link in chain], first)
    assert (trusted[-1].thresholds["root"], trusted[-1].roles["root"]) == (2, {signer.keyid for signer in fresh})
    # The next one needs two of the three, whatever became of the old root.
    key_path(home.keys, "root").unlink()
    key_path(home.keys, "root-c").unlink()
    chain = ensure_trust(home, store, {"sato": person_signer(home, "sato")}, NOW)
    assert [t.version for t in follow([link.envelope for link in chain], first)] == [1, 2, 3]
    key_path(home.keys, "root-b").unlink()
    with pytest.raises(ShinraiError, match="2 root keys have to sign a trust document, 1 are here"):
        ensure_trust(home, store, {"kato": person_signer(home, "kato")}, NOW)


def test_the_same_key_is_not_two_roots(home: Home, store: Store) -> None:
    ensure_trust(home, store, {}, NOW)
    with pytest.raises(ShinraiError, match="cannot be reached"):
        rotate_root(home, store, [load_signer(home.keys, "root-a")] * 2, 2, NOW)


def test_a_revocation_is_logged(home: Home, store: Store) -> None:
    ensure_trust(home, store, {}, NOW)
    logged = revoke(home, store, load_signer(home.keys, "producer").keyid, 7, "stolen")
    assert logged.statement.predicate["invalidFromIndex"] == 7
    assert store.of_type(REVOCATION)[0].index == logged.index == 1
