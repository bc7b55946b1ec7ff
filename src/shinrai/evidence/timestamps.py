"""Tokens of timestamping authorities (RFC 3161) over checkpoints: evidence, by somebody else, of when they existed.

The imprint is the SHA-256 of the checkpoint's note text, without signature lines, so that witnesses can be added later.
A token shows that a checkpoint existed at a time. It does not show that the checkpoint was the newest then: anyone can
have an old one stamped today. For that, ask witnesses.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import insert, select

from shinrai.evidence.cosignatures import split_note
from shinrai.evidence.database import reading, refusals
from shinrai.evidence.faults import in_words
from shinrai.evidence.publisher import hold
from shinrai.evidence.schema import LOG_ID, log_timestamp
from shinrai.language import Message, Place, ShinraiError, message
from shinrai_verify.encoding import Fault, Named
from shinrai_verify.note import Checkpoint, open_note

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from shinrai.evidence.store import Store

_MOST_BYTES = 64 * 1024
_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token that was verified: when the authority says it saw the checkpoint."""

    authority: str
    moment: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A token as the database holds it, over the checkpoint of `size` entries."""

    size: int
    authority: str
    token: bytes


def request_token(url: str, text: str, *, seconds: float = 30.0) -> bytes:
    """Have an authority stamp a note text; returns its response (DER), whose signer is for `verify_token` to judge.

    Imprint and nonce are compared with what was asked. ShinraiError when the authority does not answer, refuses, or
    answers another request.
    """
    client = _client()
    builder = client.TimestampRequestBuilder().data(text.encode()).hash_algorithm(client.HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    token = _post(url, request.as_bytes(), seconds)
    response = _decoded(token)
    if response.tst_info.nonce != request.nonce or not _is_over(response, text):
        raise ShinraiError(
            message("The timestamping authority answered something else than it was asked."),
            fix=message("Ask again; if it stays so, use another authority."),
        )
    return token


def verify_token(token: bytes, text: str, roots: Sequence["Certificate"]) -> datetime:
    """Return the time that a token gives for a note text; Fault when it is not a good token over it.

    roots: the certificates that the verifier trusts, of authorities or of those who certify them.
    """
    what = Named("the timestamp")
    client = _client()
    try:
        response = client.decode_timestamp_response(_in_order(token))
        if not _is_over(response, text):
            raise Fault("{what} is over something else", what=what)
        builder = client.VerifierBuilder()
        for certificate in roots:
            builder = builder.add_root_certificate(certificate)
        builder.build().verify_message(response, text.encode())
        moment: datetime = response.tst_info.gen_time
    except (client.VerificationError, ValueError, OverflowError) as error:
        raise Fault("{what} is not one of an authority that you trust", what=what) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def covers(token: bytes, text: str) -> bool:
    """Whether a token is over a note text, whoever signed it."""
    client = _client()
    try:
        return _is_over(client.decode_timestamp_response(_in_order(token)), text)
    except ValueError:
        return False


def stamp(store: "Store", url: str, *, seconds: float = 30.0) -> Stored:
    """Have the newest checkpoint stamped and keep the token; one that is there already is returned."""
    note = store.newest_checkpoint()
    if note is None:
        raise ShinraiError(
            message("No checkpoint has been published."), fix=message("Publish one: shinrai log publish")
        )
    text, _ = split_note(note)
    size = Checkpoint.parse(open_note(note, store.keys, "the checkpoint"), "the checkpoint").size
    authority = public_part(url)
    for held in tokens(store, size):
        if held.authority == authority:
            return held
    token = request_token(url, text, seconds=seconds)
    with refusals(), store.engine.begin() as db:
        hold(db)
        db.execute(insert(log_timestamp).values(log_id=LOG_ID, size=size, authority=authority, token=token))
    return Stored(size, authority, token)


def tokens(store: "Store", size: int | None = None) -> list[Stored]:
    """Return the tokens of a checkpoint, or all of them, by size."""
    column = log_timestamp.c
    query = select(column.size, column.authority, column.token).where(column.log_id == LOG_ID)
    if size is not None:
        query = query.where(column.size == size)
    with refusals(), reading(store.engine) as db:
        rows = db.execute(query.order_by(column.size, column.authority)).all()
    return [Stored(int(row.size), row.authority, bytes(row.token)) for row in rows]


def public_part(url: str) -> str:
    """Return an address without user, password and query; ShinraiError when it is not one of HTTP."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ShinraiError(
            message("The address of a timestamping authority starts with http:// or https://."),
            fix=message("Example: shinrai log timestamp ask --authority https://tsa.example/"),
        )
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _is_over(response: Any, text: str) -> bool:
    imprint = response.tst_info.message_imprint
    expected = hashlib.sha256(text.encode()).digest()
    return bool(imprint.hash_algorithm.dotted_string == _SHA256 and imprint.message == expected)


def _in_order(token: bytes) -> bytes:
    """Return a token with its certificates in the order that DER asks of a set, which OpenSSL does not keep to.

    No signature covers that order. What is not of the form of a token comes back as it is.
    """
    try:
        at = _inside(token, 0)  # TimeStampResp
        at = _inside(token, _after(token, at))  # its token, behind the status
        at = _inside(token, _inside(token, _after(token, at)))  # SignedData, behind the object identifier
        for _ in range(3):  # version, digest algorithms, content
            at = _after(token, at)
        start, end = _inside(token, at), _after(token, at)
        if token[at] != 0xA0:
            return token
        certificates, place = [], start
        while place < end:
            certificates.append(token[place : _after(token, place)])
            place = _after(token, place)
    except IndexError:
        return token
    return token[:start] + b"".join(sorted(certificates)) + token[end:] if place == end else token


def _header(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of a DER element begins and how long it is; IndexError when it does not fit."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        start += count
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > len(data):
        raise IndexError
    return start, length


def _inside(data: bytes, at: int) -> int:
    return _header(data, at)[0]


def _after(data: bytes, at: int) -> int:
    return sum(_header(data, at))


def _decoded(token: bytes) -> Any:
    try:
        response = _client().decode_timestamp_response(_in_order(token))
        granted = response.status == 0
    except ValueError:
        granted = False
    if not granted:
        raise ShinraiError(
            message("The timestamping authority did not give a timestamp."),
            fix=message("See its log, or use another authority."),
        )
    return response


def _post(url: str, body: bytes, seconds: float) -> bytes:
    """Ask the named address and nobody else: no proxy of the environment, no redirect."""
    from urllib.error import URLError
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    public_part(url)
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310  (the scheme was looked at)
    try:
        with build_opener(ProxyHandler({}), Stay()).open(request, timeout=seconds) as response:
            answer: bytes = response.read(_MOST_BYTES + 1)
    except (URLError, OSError, ValueError) as error:
        raise ShinraiError(
            message("The timestamping authority cannot be asked ({kind}).", kind=type(error).__name__),
            fix=message("Check its address and whether it runs."),
        ) from None
    return answer if len(answer) <= _MOST_BYTES else b""


def _client() -> Any:
    try:
        import rfc3161_client
    except ModuleNotFoundError as error:
        raise ShinraiError(
            message("Timestamps need what the extra `timestamps` brings."),
            fix=message("Install it: pip install 'shinrai[timestamps]'"),
        ) from error
    return rfc3161_client


def roots_from_pem(data: bytes, file: str) -> list["Certificate"]:
    """Return the certificates of a PEM file; ShinraiError when there is none in it."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(data)
    except ValueError:
        raise ShinraiError(
            message("The file holds no certificate in PEM form."),
            fix=message("Get the certificate of the authority, or of who certifies it, from the authority."),
            place=Place(file),
        ) from None


def verified(store: "Store", roots: Sequence["Certificate"]) -> list[tuple[Stored, datetime | Message]]:
    """Return every token with the time it gives, or with what is wrong with it."""
    from shinrai.evidence.schema import log_checkpoint

    found: list[tuple[Stored, datetime | Message]] = []
    with refusals(), reading(store.engine) as db:
        point = log_checkpoint.c
        rows = db.execute(select(point.size, point.note).where(point.log_id == LOG_ID, point.size.in_(_sizes(store))))
        notes = {int(size): str(note) for size, note in rows}
    for each in tokens(store):
        try:
            text, _ = split_note(notes[each.size].encode())
            found.append((each, verify_token(each.token, text, roots)))
        except KeyError:
            found.append((each, message("its checkpoint is missing")))
        except Fault as fault:
            found.append((each, message("{fault}", fault=in_words(fault))))
    return found


def _sizes(store: "Store") -> list[int]:
    return sorted({each.size for each in tokens(store)})
