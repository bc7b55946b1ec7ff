"""Proofs from stored nodes are those of the RFC, and tlog-proof files have one form."""

import base64

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evidence import LogFault
from shinrai.evidence.database import reading
from shinrai.evidence.merkle import (
    Growing,
    complete_nodes,
    consistency_proof,
    consistency_spans,
    inclusion_proof,
    inclusion_spans,
    tree_levels,
)
from shinrai.evidence.proofs import HEADER, Proof, consistency, inclusion
from shinrai_verify.encoding import Fault
from shinrai_verify.merkle import consistent, included, leaf_hash, root

from .conftest import World, meddle

LEAVES = [leaf_hash(bytes([n])) for n in range(70)]


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_spans_are_the_audit_path(place: tuple[int, int]) -> None:
    index, size = place
    path = [root(LEAVES[low:high]) for low, high in inclusion_spans(index, size)]
    assert path == inclusion_proof(tree_levels(LEAVES[:size]), index)
    assert included(LEAVES[index], index, size, path, root(LEAVES[:size]))


@given(st.integers(1, 70).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new))))
def test_spans_are_the_consistency_proof(sizes: tuple[int, int]) -> None:
    old, new = sizes
    assert consistent(old, root(LEAVES[:old]), new, root(LEAVES[:new]), consistency_proof(LEAVES[:new], old))
    for low, high in consistency_spans(old, new):
        parts = [(index << level, (index + 1) << level) for level, index in complete_nodes((low, high))]
        assert [parts[0][0], *(end for _, end in parts)] == [*(start for start, _ in parts), high]


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_growing_tree_has_the_root_of_all(start: int, more: int) -> None:
    end = min(70, start + more)
    peaks = [root(LEAVES[i << level : (i + 1) << level]) for level, i in complete_nodes((0, start))]
    tree = Growing(start, peaks)
    for leaf in LEAVES[start:end]:
        tree.append(leaf)
    assert (tree.size, tree.root) == (max(start, end), root(LEAVES[: max(start, end)]))


@pytest.mark.parametrize("wrong", [(-1, 5), (5, 5), (0, 0), (2**63, 2**63)])
def test_no_path_for_what_is_not_there(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="index"):
        inclusion_spans(*wrong)


@pytest.mark.parametrize("wrong", [(-1, 5), (6, 5)])
def test_no_consistency_backwards(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="old"):
        consistency_spans(*wrong)


def test_proofs_from_the_database_verify(world: World) -> None:
    store = world.filled(37)
    leaves = store.leaves()
    with reading(store.engine) as db:
        for size in (1, 2, 7, 16, 36, 37):
            for index in {0, 1, size // 2, size - 1} & set(range(size)):
                assert included(leaves[index], index, size, inclusion(db, index, size), root(leaves[:size]))
            for old in {1, size // 2, size - 1, size} & set(range(1, size + 1)):
                proof = consistency(db, old, size)
                assert consistent(old, root(leaves[:old]), size, root(leaves[:size]), proof)
        assert consistency(db, 0, 37) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log_node SET hash = (SELECT sha256 FROM blob LIMIT 1) WHERE level = 2 AND idx = 1",
        "UPDATE log_leaf SET leaf_hash = (SELECT sha256 FROM blob LIMIT 1) WHERE idx = 1",
        "UPDATE log_leaf SET entry = (SELECT entry FROM log_leaf WHERE idx = 1) WHERE idx = 0",
        "DELETE FROM log_node WHERE level = 2 AND idx = 1",
    ],
)
def test_a_proof_that_does_not_hold_is_never_given(world: World, change: str) -> None:
    store = world.filled(9)
    assert meddle(store, change) == 1
    with pytest.raises((LogFault, Fault)):
        store.prove(0)


def test_a_proof_is_found_by_its_statement(world: World) -> None:
    store = world.filled(5)
    envelope = world.envelope("entry 3")
    assert store.index_of(envelope.payload_sha256) == 3
    with pytest.raises(KeyError):
        store.index_of("0" * 64)
    with pytest.raises(KeyError):
        store.entry(5)


def proof_of(world: World) -> tuple[Proof, bytes, object]:
    store = world.filled(5)
    return store.prove(3), store.entry(3), store.key


def test_a_file_says_what_the_proof_says(embedded: World) -> None:
    proof, entry, key = proof_of(embedded)
    data = proof.to_bytes()
    assert data.startswith(f"{HEADER}\nindex 3\n".encode())
    assert Proof.from_bytes(data) == proof
    assert Proof.from_bytes(data).verify(entry, [key]).size == 5
    extra = Proof(proof.index, proof.path, proof.checkpoint, b"what nobody vouches for")
    assert Proof.from_bytes(extra.to_bytes()) == extra
    assert b"\nextra d2hhdCBub2JvZHkgdm91Y2hlcyBmb3I=\n" in extra.to_bytes()


def test_a20_a_file_has_one_form(embedded: World) -> None:
    proof, entry, key = proof_of(embedded)
    good = proof.to_bytes()
    line = base64.b64encode(proof.path[0])
    broken = [
        b"",
        HEADER.encode(),
        good.replace(b"@v1", b"@v2"),
        good.replace(b"\n", b"\r\n"),
        good.replace(b"index 3", b"index 03"),
        good.replace(b"index 3", b"index +3"),
        good.replace(b"index 3", b"index 1_0"),
        good.replace(b"index 3", "index ３".encode()),
        good.replace(b"index 3", b"index  3"),
        good.replace(b"index 3\n", b""),
        good.replace(b"index 3", b"index 3\nextra eA=="),
        good.replace(b"index 3", b"extra eA\nindex 3"),
        good.replace(b"index 3", b"extra eB==\nindex 3"),
        good.replace(line, line[:-2]),
        good.replace(line, base64.b64encode(proof.path[0][:31])),
        good.replace(line, line.replace(b"=", b"")),
        good.replace(line, b"\n".join([line] * 64)),
        good.replace(b"\n\n", b"\n"),
        good + b"x" * 200_000,
    ]
    for data in broken:
        with pytest.raises(Fault):
            Proof.from_bytes(data).verify(entry, [key])


@given(st.data())
def test_a1_a_proof_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    good, entry, key = _made()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    with pytest.raises(Fault):
        Proof.from_bytes(bad).verify(entry, [key])


@given(st.integers(0, 400))
def test_a2_a_proof_cut_short_is_refused(length: int) -> None:
    good, entry, key = _made()
    with pytest.raises(Fault):
        Proof.from_bytes(good[: min(length, len(good) - 1)]).verify(entry, [key])


_MADE: list[tuple[bytes, bytes, object]] = []


def _made() -> tuple[bytes, bytes, object]:
    """A proof made without a database, once."""
    if not _MADE:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        from shinrai_verify.note import Checkpoint, NoteKey, signature_line

        private = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        key = NoteKey("log.example", private.public_key().public_bytes_raw())
        head = Checkpoint(key.name, 70, root(LEAVES))
        note = head.text + "\n" + signature_line(key, private.sign(head.text.encode()))
        proof = Proof(20, tuple(inclusion_proof(tree_levels(LEAVES), 20)), note.encode())
        _MADE.append((proof.to_bytes(), bytes([20]), key))
    return _MADE[0]


def test_a19_wrong_places_and_lengths_are_refused() -> None:
    good, entry, key = _made()
    proof = Proof.from_bytes(good)
    for wrong in (
        Proof(21, proof.path, proof.checkpoint),
        Proof(70, proof.path, proof.checkpoint),
        Proof(2**62, proof.path, proof.checkpoint),
        Proof(20, proof.path[:-1], proof.checkpoint),
        Proof(20, (*proof.path, b"x" * 32), proof.checkpoint),
        Proof(20, proof.path[::-1], proof.checkpoint),
        Proof(20, (), proof.checkpoint),
    ):
        with pytest.raises(Fault, match="does not show"):
            wrong.verify(entry, [key])
    # A node offered as an entry: the hash of an entry begins with another byte.
    with pytest.raises(Fault):
        Proof(10, proof.path[1:], proof.checkpoint).verify(LEAVES[20] + LEAVES[21], [key])


def test_reading_keeps_no_writer_waiting(embedded: World) -> None:
    store = embedded.filled(3)
    with reading(store.engine) as db:
        before = db.execute(sa.text("SELECT size FROM log")).scalar()
        store.append(embedded.addition(["while somebody reads"]))
        assert db.execute(sa.text("SELECT size FROM log")).scalar() == before
    assert len(store.leaves()) == 4
