"""Ed25519 keys: their ids, and a verification rule on which all libraries agree."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
_P = 2**255 - 19
_ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
LOW_ORDER = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8)
    for sign in (0, 1)
)
"""The 14 encodings of points of low order (C2SP/CCTV, ed25519). OpenSSL and libsodium disagree on some of them."""


def public_der(public: bytes) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a raw 32-byte public key (RFC 8410)."""
    return _SPKI_PREFIX + public


def keyid(public: bytes) -> str:
    """Return the key's id: lowercase hex SHA-256 of its DER SubjectPublicKeyInfo."""
    return hashlib.sha256(public_der(public)).hexdigest()


def verifies(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature is good. Wrong lengths and low-order key or R are never good, whatever the library says."""
    if len(public) != 32 or len(signature) != 64 or public in LOW_ORDER or signature[:32] in LOW_ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
