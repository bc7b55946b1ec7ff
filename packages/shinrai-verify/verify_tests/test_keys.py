"""Signatures: the published vectors verify, and what libraries disagree on never does."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from shinrai_verify.keys import LOW_ORDER, keyid, public_der, verifies

from .edge_cases import ORDER, added, decoded

# RFC 8032, 7.1: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
VECTORS = [tuple(bytes.fromhex(part) for part in vector) for vector in RFC_8032]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_rfc_8032_vectors_verify_and_no_bit_of_them_may_change(public, message, signature):
    assert verifies(public, signature, message)
    assert not verifies(public, signature, message + b"\0")
    for position in range(0, 512, 7):
        bent = bytearray(signature)
        bent[position // 8] ^= 1 << position % 8
        assert not verifies(public, bytes(bent), message)


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_a_second_form_of_a_signature_is_refused(public, message, signature):
    # RFC 8032, 5.1.7: S must be below the order of the group.
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not verifies(public, signature[:32] + s.to_bytes(32, "little"), message)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_of_another_length_verify_nothing(length):
    assert not verifies(bytes(length), VECTORS[0][2], b"")


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_signatures_of_another_length_verify_nothing(length):
    assert not verifies(VECTORS[0][0], bytes(length), b"")


def test_a_key_that_is_no_point_verifies_nothing():
    assert not verifies(b"\x02" + bytes(31), VECTORS[0][2], b"")


def test_the_blocklist_is_the_fourteen_encodings_of_the_eight_points_of_low_order():
    assert len(LOW_ORDER) == 14
    points = {decoded(encoding) for encoding in LOW_ORDER}
    assert len(points) == 8
    for point in points:
        for _ in range(3):
            point = added(point, point)
        assert point == (0, 1)


@pytest.mark.parametrize("encoding", sorted(LOW_ORDER))
def test_low_order_keys_and_nonces_verify_nothing(encoding):
    # With a key or R of low order and S = 0 some libraries accept this for any or for some messages.
    for message in (b"", b"any", b"message"):
        for other in (encoding, VECTORS[0][0], b"\x01" + bytes(31)):
            assert not verifies(encoding, other + bytes(32), message)
            assert not verifies(other, encoding + bytes(32), message)


def test_the_library_alone_would_accept_one_of_them():
    # The rule is there for a reason: remove it and this forgery, good for every message, passes.
    identity = b"\x01" + bytes(31)
    Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), b"any message at all")
    assert not verifies(identity, identity + bytes(32), b"any message at all")


@pytest.mark.parametrize("public", [vector[0] for vector in VECTORS])
def test_a_key_id_is_what_openssl_gives(public):
    der = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public_der(public) == der
    assert keyid(public) == hashlib.sha256(der).hexdigest()


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=20))
def test_any_bytes_are_refused_without_an_error(public, signature, data):
    assert verifies(public, signature, data) is False
