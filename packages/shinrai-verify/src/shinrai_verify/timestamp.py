"""RFC 3161 time-stamp tokens over a checkpoint, by services whose signing certificate the policy pins.

No chain is built: the certificate that signed must itself be pinned by its SHA-256, be meant for time stamping and
have been valid at the time it states. Sources: RFC 3161, 2.4; RFC 5652, 5.3 and 5.4; RFC 5816; X.690 (DER).
"""

import hashlib
import re
from collections.abc import Collection
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from shinrai_verify.encoding import Fault

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "608648016503040201": hashes.SHA256(),
    "608648016503040202": hashes.SHA384(),
    "608648016503040203": hashes.SHA512(),
}
_SIGNED_DATA, _TST_INFO = "2a864886f70d010702", "2a864886f70d0109100104"
_TIME = re.compile(r"([0-9]{14})(?:\.[0-9]+)?Z", re.ASCII)
_CONTENT_TYPE, _MESSAGE_DIGEST = "2a864886f70d010903", "2a864886f70d010904"


class _Node:
    """A DER element. Lengths must be definite, minimal and within what is there."""

    def __init__(self, data: bytes, start: int, what: str) -> None:
        head = data[start : start + 6]
        extra = head[1] - 128 if len(head) > 1 and head[1] > 128 else 0
        length = int.from_bytes(head[2 : 2 + extra], "big") if extra else head[1] if len(head) > 1 else -1
        self.body = start + 2 + extra
        self.end = self.body + length
        minimal = length >= 0x80 and head[2] if extra else 0 <= length < 0x80
        if extra > 4 or not minimal or self.end > len(data):
            raise Fault("{what} is not a time stamp", what=what)
        self.tag, self.value, self.raw, self._what = head[0], data[self.body : self.end], data[start : self.end], what

    @property
    def parts(self) -> list["_Node"]:
        found, at = [], 0
        while at < len(self.value):
            found.append(_Node(self.value, at, self._what))
            at = found[-1].end
        return found


def stamped(token: bytes, data: bytes, pinned: Collection[str], what: str) -> tuple[str, datetime] | None:
    """Return the pinned certificate (its SHA-256) and the time of a token over data; None if another one signed.

    Raises a Fault for a token over something else, with a bad signature, or by a certificate not valid at that time.
    """
    try:
        return _stamped(_Node(token, 0, what), token, data, pinned, what)
    except Fault:
        raise
    except Exception as error:  # whatever the library makes of hostile bytes
        raise Fault("{what} is not a good time stamp of the log's head", what=what) from error


def _stamped(top: _Node, token: bytes, data: bytes, pinned: Collection[str], what: str) -> tuple[str, datetime] | None:
    content = top if top.parts[0].tag == 6 else top.parts[1]  # a bare token, or a response with its status before it
    kind, wrapped = content.parts
    _, _, inner, *rest = wrapped.parts[0].parts
    certificates = next(part for part in rest if part.tag == 0xA0).parts
    (signer,) = rest[-1].parts
    if top.raw != token or kind.value.hex() != _SIGNED_DATA or inner.parts[0].value.hex() != _TST_INFO:
        raise Fault("{what} is not a time stamp", what=what)
    info = inner.parts[1].parts[0].value
    _, _, imprint, _, when, *_ = _Node(info, 0, what).parts
    algorithm, digest = imprint.parts
    if hashlib.new(_HASHES[algorithm.parts[0].value.hex()].name, data).digest() != digest.value:
        raise Fault("{what} is a time stamp of something else", what=what)
    _, serial, digests, attributes, scheme, signature = signer.parts[:6]
    issuer, number = serial.parts
    for part in certificates:
        sha256 = hashlib.sha256(part.raw).hexdigest()
        if sha256 not in pinned:
            continue  # not even read: it lies beside what is signed
        found = x509.load_der_x509_certificate(part.raw)
        if (found.serial_number, found.issuer.public_bytes()) == (int.from_bytes(number.value, "big"), issuer.raw):
            break
    else:
        return None
    said = {part.parts[0].value.hex(): part.parts[1].parts[0].value for part in attributes.parts}
    method = _HASHES[digests.parts[0].value.hex()]
    if said[_MESSAGE_DIGEST] != hashlib.new(method.name, info).digest() or said[_CONTENT_TYPE].hex() != _TST_INFO:
        raise Fault("{what} is not a good time stamp of the log's head", what=what)
    # The attributes are signed as the SET that they are, not as the implicit field that carries them.
    _check(found.public_key(), signature.value, b"\x31" + attributes.raw[1:], method, scheme)
    shown = _TIME.fullmatch(when.value.decode("ascii"))
    if shown is None:
        raise Fault("{what} is not a good time stamp of the log's head", what=what)
    time = datetime.strptime(shown[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    in_date = found.not_valid_before_utc <= time <= found.not_valid_after_utc
    if not in_date or list(usage) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Fault("{what} was made by a certificate that was not valid for it", what=what)
    return sha256, time


def _check(key: object, signature: bytes, data: bytes, method: hashes.HashAlgorithm, scheme: _Node) -> None:
    # ecdsa-with-SHA256, -384 and -512 name a digest of their own.
    own = {
        "2a8648ce3d040302": hashes.SHA256(),
        "2a8648ce3d040303": hashes.SHA384(),
        "2a8648ce3d040304": hashes.SHA512(),
    }
    method = own.get(scheme.parts[0].value.hex(), method)
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), method)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(method))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        raise ValueError("a kind of key that is not known")
