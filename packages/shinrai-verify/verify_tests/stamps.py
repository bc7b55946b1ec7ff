"""Time-stamp tokens made byte by byte, so that a test can be an authority of any kind, or none (RFC 3161, RFC 5652)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
HASHES: Mapping[str, tuple[str, hashes.HashAlgorithm]] = {
    "sha256": ("2.16.840.1.101.3.4.2.1", hashes.SHA256()),
    "sha384": ("2.16.840.1.101.3.4.2.2", hashes.SHA384()),
    "sha512": ("2.16.840.1.101.3.4.2.3", hashes.SHA512()),
    "sha1": ("1.3.14.3.2.26", hashes.SHA1()),  # noqa: S303  (to see it refused)
}
RSA, ED25519, ED448, DSA_SHA256 = "1.2.840.113549.1.1.1", "1.3.101.112", "1.3.101.113", "2.16.840.1.101.3.4.3.2"
ECDSA = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WITHIN = (NOON - timedelta(days=30), NOON + timedelta(days=30))
STAMPS = [ExtendedKeyUsageOID.TIME_STAMPING]
INTEGER, BYTES, OID, TIME, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31


def der(tag: int, *parts: bytes) -> bytes:
    """Return a DER element; its length in the shortest form."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    body = b""
    for number in (40 * first + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        body += bytes(reversed(groups))
    return der(OID, body)


def _integer(number: int) -> bytes:
    return der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


@lru_cache
def private_key(kind: str) -> Any:
    """Return a key of a kind, the same each time."""
    made: Mapping[str, Callable[[], Any]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ed448": ed448.Ed448PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(2048),
    }
    return made[kind.partition(" ")[0]]()


@dataclass(frozen=True)
class Stamp:
    """What a token says and how it is made; the fields of a good one stand as they are.

    key: kind of the certified key; signer: of the key that signs (the same). imprint, digest, own: names of the digests
    of the stamped data, of the signer, and of the signature's own algorithm. time: as it stands there. certified: from
    when to when. uses: of the certificate; None for none. unsigned, crls: what else may stand there. before, after:
    certificates beside. claimed: what the attributes say the content's digest is.
    """

    data: bytes = b"text"
    key: str = "p256"
    signer: str | None = None
    imprint: str = "sha256"
    digest: str = "sha256"
    own: str | None = None
    time: str = "20260301120000Z"
    certified: tuple[datetime, datetime] = WITHIN
    uses: list[ObjectIdentifier] | None = field(default_factory=lambda: STAMPS)
    serial: int = 7
    named: int | None = None
    outer: str = SIGNED_DATA
    inner: str = TST_INFO
    attribute: str = TST_INFO
    claimed: bytes | None = None
    unsigned: bytes = b""
    crls: bytes = b""
    before: tuple[bytes, ...] = ()
    after: tuple[bytes, ...] = ()
    signers: int = 1
    status: bytes = b""
    implicit: bool = False

    @property
    def certificate(self) -> bytes:
        """The certificate, in DER; the signature on it is none that anyone reads."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        made = x509.CertificateBuilder(name, name, private_key(self.key).public_key(), self.serial, *self.certified)
        if self.uses is not None:
            made = made.add_extension(x509.ExtendedKeyUsage(self.uses), critical=True)
        # The same bytes each time: with Ed25519 nothing in a signature is random.
        return made.sign(private_key("ed25519 of the issuer"), None).public_bytes(Encoding.DER)

    @property
    def sha256(self) -> str:
        """What a policy pins."""
        return hashlib.sha256(self.certificate).hexdigest()

    @property
    def token(self) -> bytes:
        """The token, or the response with its status before it."""
        stamped = hashlib.new(self.imprint, self.data).digest()
        imprint = der(SEQUENCE, self._algorithm(HASHES[self.imprint][0]), der(BYTES, stamped))
        head = (_integer(1), _oid("1.2.3.4"), imprint, _integer(99))
        info = der(SEQUENCE, *head, der(TIME, self.time.encode()))
        certificates = der(0xA0, *self.before, self.certificate, *self.after)
        algorithms = der(SET, self._algorithm(HASHES[self.digest][0]))
        content = der(SEQUENCE, _oid(self.inner), der(0xA0, der(BYTES, info)))
        signers = der(SET, *[self._signer(info)] * self.signers)
        signed = der(SEQUENCE, _integer(3), algorithms, content, certificates, self.crls, signers)
        token = der(SEQUENCE, _oid(self.outer), der(0xA0, signed))
        return der(SEQUENCE, self.status, token) if self.status else token

    @staticmethod
    def _algorithm(dotted: str) -> bytes:
        return der(SEQUENCE, _oid(dotted))

    def _signer(self, info: bytes) -> bytes:
        claimed = hashlib.new(self.digest, info).digest() if self.claimed is None else self.claimed
        attributes = b"".join(
            der(SEQUENCE, _oid(kind), der(SET, value))
            for kind, value in ((CONTENT_TYPE, _oid(self.attribute)), (MESSAGE_DIGEST, der(BYTES, claimed)))
        )
        issuer = x509.load_der_x509_certificate(self.certificate).issuer.public_bytes()
        serial = der(SEQUENCE, issuer, _integer(self.serial if self.named is None else self.named))
        # What is signed is the SET; what stands in the token is the implicit field.
        signature = self._sign(der(0xA0 if self.implicit else SET, attributes))
        scheme = self._algorithm(self._scheme())
        parts = (_integer(1), serial, self._algorithm(HASHES[self.digest][0]), der(0xA0, attributes), scheme)
        return der(SEQUENCE, *parts, der(BYTES, signature), self.unsigned)

    def _scheme(self) -> str:
        kinds = {"rsa": RSA, "ed25519": ED25519, "ed448": ED448, "dsa": DSA_SHA256}
        return kinds.get(self.key) or ECDSA[self.own or self.digest]

    def _sign(self, data: bytes) -> bytes:
        key, method = private_key(self.signer or self.key), HASHES[self.own or self.digest][1]
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), method)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(method))
        return key.sign(data, method) if isinstance(key, dsa.DSAPrivateKey) else key.sign(data)


SECOND = timedelta(seconds=1)
OTHER = Stamp(key="p384", serial=7)
CRL = der(0xA1, der(SEQUENCE))
MORE = der(0xA1, der(SEQUENCE, _oid("1.2.840.113549.1.9.16.2.14"), der(SET, der(BYTES, b"x"))))
GOOD = {
    "plain": Stamp(),
    **{f"by {kind}": Stamp(key=kind) for kind in ("rsa", "p384", "p521", "ed25519")},
    **{f"over {name}": Stamp(imprint=name) for name in ("sha384", "sha512")},
    **{
        f"signed over {name} by {kind}": Stamp(key=kind, digest=name)
        for name in ("sha384", "sha512")
        for kind in ("rsa", "p256")
    },
    **{
        f"digest of its own, {name}": Stamp(digest="sha384" if name == "sha256" else "sha256", own=name)
        for name in ECDSA
    },
    "lists of what is revoked beside": Stamp(crls=CRL),
    "something unsigned after": Stamp(unsigned=MORE),
    "parts of a second": Stamp(time="20260301120000.25Z"),
    "in the first second of its certificate": Stamp(certified=(NOON, WITHIN[1])),
    "in the last second of its certificate": Stamp(certified=(WITHIN[0], NOON)),
    "another certificate before": Stamp(before=(OTHER.certificate,)),
    "another certificate after": Stamp(after=(OTHER.certificate,)),
    "what is no certificate before": Stamp(before=(der(SEQUENCE, b"\x05\x00"),)),
    "a long number": Stamp(serial=2**120 + 5),
    "as a response": Stamp(status=der(SEQUENCE, _integer(0))),
}
NO_STAMP = "it is not a time stamp"
ELSE = "it is a time stamp of something else"
NOT_GOOD = "it is not a good time stamp of the log's head"
NOT_FOR_IT = "it was made by a certificate that was not valid for it"
BAD = {
    "an envelope of another kind": (Stamp(outer="1.2.840.113549.1.7.3"), NO_STAMP),
    "a content of another kind": (Stamp(inner="1.2.840.113549.1.7.1"), NO_STAMP),
    "of something else": (Stamp(data=b"other"), ELSE),
    "over SHA-1": (Stamp(imprint="sha1"), NOT_GOOD),
    "signed over SHA-1": (Stamp(key="rsa", digest="sha1"), NOT_GOOD),
    "attributes of another content": (Stamp(claimed=bytes(32)), NOT_GOOD),
    "attributes of another kind of content": (Stamp(attribute="1.2.840.113549.1.7.1"), NOT_GOOD),
    **{
        f"signed by another key than its own, {kind}": (Stamp(key=kind, signer=f"{kind} of another"), NOT_GOOD)
        for kind in ("rsa", "p256", "ed25519")
    },
    "signed as the field that carries the attributes": (Stamp(implicit=True), NOT_GOOD),
    "by Ed448": (Stamp(key="ed448"), NOT_GOOD),
    "by DSA": (Stamp(key="dsa"), NOT_GOOD),
    "by two": (Stamp(signers=2), NOT_GOOD),
    "by nobody": (Stamp(signers=0), NOT_GOOD),
    "before its certificate": (Stamp(certified=(NOON + SECOND, WITHIN[1])), NOT_FOR_IT),
    "after its certificate": (Stamp(certified=(WITHIN[0], NOON - SECOND)), NOT_FOR_IT),
    "by a certificate for code, too": (Stamp(uses=[*STAMPS, ExtendedKeyUsageOID.CODE_SIGNING]), NOT_FOR_IT),
    "by a certificate for code": (Stamp(uses=[ExtendedKeyUsageOID.CODE_SIGNING]), NOT_FOR_IT),
    "by a certificate for nothing": (Stamp(uses=None), NOT_GOOD),
    "a time without seconds": (Stamp(time="202603011200Z"), NOT_GOOD),
    "a time with an offset": (Stamp(time="20260301120000+0900"), NOT_GOOD),
    "a time of no zone": (Stamp(time="20260301120000"), NOT_GOOD),
    "a time of two zones": (Stamp(time="20260301120000ZZ"), NOT_GOOD),
    "a time with a point and nothing after it": (Stamp(time="20260301120000.Z"), NOT_GOOD),
    "a time with words": (Stamp(time="20260301120000.nownowZ"), NOT_GOOD),
    "a day that there is not": (Stamp(time="20260230120000Z"), NOT_GOOD),
}
"""Tokens, and what is said of them."""


def over(stamp: Stamp, data: bytes) -> Stamp:
    """Return the same stamp over other data, unless it is one over something else."""
    return stamp if stamp.data == b"other" else replace(stamp, data=data)
