"""Merkle trees: the published trees, all small proofs, and every way of bending one."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evidence.merkle import consistency_proof, inclusion_proof, tree_levels
from shinrai_verify.merkle import consistent, included, leaf_hash, node_hash, root
from shinrai_verify.verify import tile_names

# The tree that Certificate Transparency implementations test with: eight leaves and the heads over the first 0 to 8.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
HEADS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in INPUTS]
# RFC 6962 test data as published: consistency from 6 to 8, and from 2 to 5.
CONSISTENCY = {
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
MANY = [leaf_hash(str(n).encode()) for n in range(64)]
SIZES = range(1, 41)


@pytest.mark.parametrize("size", range(9))
def test_published_heads(size):
    assert root(LEAVES[:size]).hex() == HEADS[size]


@pytest.mark.parametrize("sizes", CONSISTENCY)
def test_published_consistency_proofs(sizes):
    old, new = sizes
    proof = [bytes.fromhex(node) for node in CONSISTENCY[sizes]]
    heads = [bytes.fromhex(head) for head in HEADS]
    assert consistent(old, heads[old], new, heads[new], proof)
    assert consistency_proof(LEAVES[:new], old) == proof
    assert not consistent(old, heads[old - 1], new, heads[new], proof)
    assert not consistent(old, heads[old], new, heads[new - 1], proof)


def _split_root(leaves):
    """Return the head as RFC 9162, 2.1.1 defines it, from above."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return node_hash(_split_root(leaves[:split]), _split_root(leaves[split:]))


@pytest.mark.parametrize("size", SIZES)
def test_the_head_is_the_one_that_is_defined(size):
    assert root(MANY[:size]) == _split_root(MANY[:size])


def _bent(proof):
    """Yield every proof that differs from this one in a simple way."""
    stranger = hashlib.sha256(b"stranger").digest()
    for place in range(len(proof)):
        yield proof[:place] + proof[place + 1 :]
        yield [*proof[:place], stranger, *proof[place + 1 :]]
        yield [*proof[:place], proof[place][:-1], *proof[place + 1 :]]
    for place in range(len(proof) + 1):
        yield [*proof[:place], stranger, *proof[place:]]
    for place in range(len(proof) - 1):
        if proof[place] != proof[place + 1]:
            yield [*proof[:place], proof[place + 1], proof[place], *proof[place + 2 :]]


@pytest.mark.parametrize("size", SIZES)
def test_every_inclusion_proof_holds_and_no_bent_one(size):
    leaves, head = MANY[:size], root(MANY[:size])
    for index in range(size):
        proof = inclusion_proof(tree_levels(leaves), index)
        assert included(leaves[index], index, size, proof, head)
        assert not any(included(leaves[index], index, size, bent, head) for bent in _bent(proof))
        assert not any(included(leaves[index], other, size, proof, head) for other in range(size) if other != index)
        assert not included(MANY[63], index, size, proof, head)
        assert not included(leaves[index], index, size, proof, MANY[63])
        for wrong in (-1, size, size + 1, 2**63):
            assert not included(leaves[index], wrong, size, proof, head)
        # Another size can only pass where the path is the same, and then the head fixes the size elsewhere.
        assert not included(leaves[index], index, 0, proof, head)
        assert not included(leaves[index], index, size + 2**63, proof, head)


@pytest.mark.parametrize("new", SIZES)
def test_every_consistency_proof_holds_and_no_bent_one(new):
    heads = [root(MANY[:size]) for size in range(new + 1)]
    for old in range(1, new + 1):
        proof = consistency_proof(MANY[:new], old)
        assert consistent(old, heads[old], new, heads[new], proof)
        assert not any(consistent(old, heads[old], new, heads[new], bent) for bent in _bent(proof))
        assert not consistent(old, MANY[63], new, heads[new], proof)
        assert not consistent(old, heads[old], new, MANY[63], proof)
        for wrong in range(new + 2):
            if wrong != old:
                assert not consistent(wrong, heads[old], new, heads[new], proof)


@pytest.mark.parametrize("sizes", [(0, 0), (0, 5), (-1, 5), (6, 5), (2**63, 5)])
def test_sizes_that_no_proof_can_be_about(sizes):
    old, new = sizes
    assert not consistent(old, MANY[0], new, MANY[0], [])


def test_no_proof_leads_from_a_part_to_the_whole_without_a_node():
    assert not consistent(3, root(MANY[:3]), 7, root(MANY[:7]), [])
    assert not consistent(4, root(MANY[:4]), 7, root(MANY[:7]), [])
    assert consistent(5, root(MANY[:5]), 5, root(MANY[:5]), [])
    assert not consistent(5, root(MANY[:5]), 5, root(MANY[:5]), [MANY[0]])


def test_a_node_cannot_be_passed_off_as_a_leaf():
    # The second preimage of a tree without domain separation: two children as one leaf.
    children = MANY[0] + MANY[1]
    assert leaf_hash(children) != node_hash(MANY[0], MANY[1])
    assert not included(leaf_hash(children), 0, 1, [], root(MANY[:2]))


@settings(max_examples=60)
@given(st.integers(1, 2**64), st.integers(0, 2**64), st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_invented_proofs_of_any_size_are_refused_in_an_instant(size, index, proof):
    assert not included(MANY[0], index, size, proof, MANY[1])
    assert not consistent(index, MANY[0], size, MANY[1], proof)


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (0, []),
        (1, [("log/tile/0/000.p/1", 1)]),
        (255, [("log/tile/0/000.p/255", 255)]),
        (256, [("log/tile/0/000", 256)]),
        (257, [("log/tile/0/000", 256), ("log/tile/0/001.p/1", 1)]),
    ],
)
def test_tiles_of_small_logs(size, names):
    assert tile_names(size) == names


def test_tiles_of_large_logs_are_named_in_groups_of_three_digits():
    # C2SP tlog-tiles: the tile of index 1234067 is x001/x234/067.
    names = tile_names(256 * 1_001 + 5)
    assert names[999] == ("log/tile/0/999", 256)
    assert names[1000] == ("log/tile/0/x001/000", 256)
    assert names[-1] == ("log/tile/0/x001/001.p/5", 5)
    assert tile_names(256 * 1_000_001)[-1] == ("log/tile/0/x001/x000/000", 256)
    assert sum(width for _, width in names) == 256 * 1_001 + 5


def test_a_leaf_is_hashed_after_a_zero_and_a_node_after_a_one():
    # RFC 6962, 2.1: so a node can never pass for a leaf. The first is the published hash of the empty leaf.
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(b"a" * 32, b"b" * 32) == hashlib.sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()
