"""One careful fetch: what an address answers, or what kept it from answering. A failure is never “unchanged”.

Nothing is fetched but the address that was named, and what it redirects to on the same site. The answer is read in
pieces up to a limit; a clock runs over the whole fetch, so that neither a silent nor a dripping server can hold it
up. Only resolving the host's name is left to the system's own limit. No proxy is used unless asked for.
"""

import email.utils
import hashlib
import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from http.client import HTTPException
from types import TracebackType
from urllib.request import getproxies, proxy_bypass

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.util import make_headers, parse_url

from shinrai import __version__
from shinrai.language import Message, ShinraiError, message
from shinrai.planwatch.sources.addresses import Address, parse_address, redirected, stays_on_site
from shinrai.planwatch.sources.quoting import shown

USER_AGENT = f"shinrai/{__version__}"
_PIECE = 64 * 1024
_KEPT_OF_ERRORS = 64 * 1024
_LONGEST_PAUSE = 30.0
_CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FailureKind(StrEnum):
    """Why an address gave nothing to compare."""

    OUTAGE = "outage"  # no connection, broken off, or the server says that it is at fault or busy
    UNTRUSTED = "untrusted"  # the certificate does not prove the host
    TIMEOUT = "timeout"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    MOVED = "moved"  # a redirect that is not followed
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    UNDECODABLE = "undecodable"  # compressed or encoded in a way that cannot be undone
    MALFORMED = "malformed"  # not what a source of its kind answers


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one fetch may take.

    size: bytes of the answer, after decompression. seconds: for everything, waiting and repeating included. silence:
    seconds without a byte. attempts: how often to try, at least 1. backoff: seconds before the second attempt, doubled
    before each further one, times a random factor from 0.5 to 1.5. redirects: how many to follow.
    """

    size: int = 20_000_000
    seconds: float = 60.0
    silence: float = 15.0
    attempts: int = 3
    backoff: float = 0.5
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered.

    address: as it was named; final_address: after the redirects, which are listed in order. sha256: of the bytes, in
    lowercase hexadecimal. media_type: in lowercase, without parameters, "" if the server says none; charset: as the
    server says it. content: the bytes, or None if they were only to be hashed.
    """

    address: str
    final_address: str
    status: int
    sha256: str
    size: int
    media_type: str
    charset: str | None
    fetched_at: datetime
    redirects: tuple[str, ...] = ()
    attempts: int = 1
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an address answered nothing to compare.

    status: of HTTP, if it came to that. moved_to: where a redirect that was not followed leads, as the server wrote
    it, one line. retry_after: seconds the server asked to wait. body: at most 64 KiB of an error's answer.
    """

    kind: FailureKind
    address: str
    at: datetime
    status: int | None = None
    moved_to: str | None = None
    retry_after: float | None = None
    attempts: int = 1
    body: bytes = field(default=b"", repr=False)

    @property
    def message(self) -> Message:
        """Say what happened, without the address."""
        if self.kind is FailureKind.MOVED:
            return message("The page has moved to {address}; this redirect is not followed.", address=self.moved_to)
        said = _SAID[self.kind]
        return said if self.status in (None, 200) else message("{said} (HTTP {status})", said=said, status=self.status)


_SAID: Mapping[FailureKind, Message] = {
    FailureKind.OUTAGE: message("The server cannot be reached, broke off, or is out of order."),
    FailureKind.UNTRUSTED: message("The server's certificate cannot be trusted."),
    FailureKind.TIMEOUT: message("The server did not answer in time."),
    FailureKind.NOT_FOUND: message("There is nothing at this address any more, or there never was."),
    FailureKind.REFUSED: message("The server refused the request."),
    FailureKind.TOO_LARGE: message("The answer is too large and was not read to its end."),
    FailureKind.EMPTY: message("The answer is empty."),
    FailureKind.UNDECODABLE: message("The answer is compressed or encoded in a way that cannot be read."),
    FailureKind.MALFORMED: message("The answer is not in the documented form."),
}


class SourceError(ShinraiError):
    """A source did not answer, or not as documented. failure: why, if it was the fetch that failed."""

    failure: Failure | None = None


def source_error(failure: Failure) -> SourceError:
    """Return a failure as an error, for those who cannot go on without the answer."""
    error = SourceError(
        message("{address}: {reason}", address=shown(failure.address), reason=failure.message),
        fix=message("Try again later, and look at the address in a browser."),
    )
    error.failure = failure
    return error


@dataclass(frozen=True, slots=True)
class Confidential:
    """Query parameters that go over the wire and nowhere else: into no result, message, log or file."""

    parameters: str = field(repr=False)
    values: tuple[str, ...] = field(repr=False)

    def scrubbed(self, text: str) -> str:
        """Return a text of the server without the values, should it echo them."""
        for value in self.values:
            text = text.replace(value, "***")
        return text


def fetch(
    address: str,
    *,
    limits: Limits | None = None,
    keep: bool = True,
    accept: str = "*/*",
    confidential: Confidential | None = None,
    environment_proxies: bool = False,
) -> Fetched | Failure:
    """Fetch an address with GET.

    keep: hand out the bytes, not only their hash. confidential: sent along, but with it no redirect is followed, and
    plain http is refused beyond this machine. environment_proxies: use the proxies that the environment names.
    ShinraiError only for an address that cannot be fetched at all; everything that the network does is a Failure.
    """
    wanted = parse_address(address)
    if confidential is not None and wanted.scheme != "https" and not wanted.is_loopback:
        raise ShinraiError(
            message("A key is not sent to {address}, which is not encrypted.", address=shown(str(wanted))),
            fix=message("Use https://."),
        )
    job = _Job(str(wanted), limits or Limits(), keep, accept, confidential, environment_proxies)
    with _Clock(job.limits.seconds) as clock:
        attempt = 1
        while True:
            outcome = replace(_follow(job, wanted, clock), attempts=attempt)
            if isinstance(outcome, Fetched) or attempt >= job.limits.attempts or not _passing(outcome):
                return outcome
            pause = _pause(outcome, attempt, job.limits)
            if pause >= clock.remaining():
                return outcome
            time.sleep(pause)
            attempt += 1


@dataclass(frozen=True, slots=True)
class _Job:
    """What stays the same over all attempts and redirects of a fetch."""

    address: str
    limits: Limits
    keep: bool
    accept: str
    confidential: Confidential | None
    environment_proxies: bool

    def failure(self, kind: FailureKind, status: int | None = None) -> Failure:
        return Failure(kind, self.address, datetime.now(UTC), status)


def _passing(failure: Failure) -> bool:
    return failure.kind is FailureKind.OUTAGE


def _pause(failure: Failure, attempt: int, limits: Limits) -> float:
    # Many copies of Shinrai must not come back at the same moment, so the pause is never exact.
    own = limits.backoff * float(2 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311
    return max(own, failure.retry_after or 0.0)


def _follow(job: _Job, wanted: Address, clock: "_Clock") -> Fetched | Failure:
    """Fetch once, along the redirects that stay on the site."""
    here, passed = wanted, list[str]()
    while True:
        outcome = _guarded(job, here, clock)
        if not isinstance(outcome, _Redirect):
            return replace(outcome, redirects=tuple(passed)) if isinstance(outcome, Fetched) else outcome
        onward = redirected(here, outcome.location)
        allowed = 0 if job.confidential else job.limits.redirects
        if onward is None or len(passed) >= allowed or not stays_on_site(here, onward):
            location = job.confidential.scrubbed(outcome.location) if job.confidential else outcome.location
            to = shown(str(onward) if onward and not job.confidential else location)
            return replace(job.failure(FailureKind.MOVED, outcome.status), moved_to=to)
        passed.append(str(onward))
        here = onward


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    location: str


def _guarded(job: _Job, here: Address, clock: "_Clock") -> Fetched | Failure | _Redirect:
    """Exchange one request and answer, and turn everything that goes wrong on the way into a Failure."""
    try:
        outcome = _exchange(job, here, clock)
    except DecodeError:
        outcome = job.failure(FailureKind.UNDECODABLE)
    except TimeoutError:
        outcome = job.failure(FailureKind.TIMEOUT)
    except (HTTPError, HTTPException, OSError) as error:
        outcome = job.failure(_kind(error))
    # A connection cut by the clock looks like one broken off by the server, or even like a complete answer.
    return job.failure(FailureKind.TIMEOUT) if clock.is_up() else outcome


def _kind(error: BaseException) -> FailureKind:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return FailureKind.UNTRUSTED
        if isinstance(seen, TimeoutError):
            return FailureKind.TIMEOUT
        seen = seen.__cause__ or seen.__context__
    return FailureKind.OUTAGE


class _Unlogged(logging.Filter):
    """Keeps urllib3 from logging what it could not make out in a header: the server's words, perhaps with the key."""

    def filter(self, _record: logging.LogRecord) -> bool:
        return not _exchanging.get()


_exchanging = ContextVar("shinrai_exchanging", default=False)
logging.getLogger("urllib3.connection").addFilter(_Unlogged())


def _exchange(job: _Job, here: Address, clock: "_Clock") -> Fetched | Failure | _Redirect:
    connection = _connection(job, here, clock)
    before = _exchanging.set(True)
    try:
        headers = {"User-Agent": USER_AGENT, "Accept": job.accept, "Accept-Encoding": "gzip, deflate"}
        target = here.target
        if connection.through_proxy and here.scheme == "http":
            target = str(here)
            headers |= connection.proxy_headers
        connection.request("GET", target, headers=headers, preload_content=False)
        return _answer(job, here, connection.getresponse())
    finally:
        _exchanging.reset(before)
        connection.close()


def _answer(job: _Job, here: Address, response: HTTPResponse) -> Fetched | Failure | _Redirect:
    status = response.status
    if status in _REDIRECTS and response.headers.get("Location"):
        return _Redirect(status, response.headers["Location"])
    if response.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
        return job.failure(FailureKind.UNDECODABLE, status)
    if status != 200:
        body = _beginning(response)
        if job.confidential:
            body = job.confidential.scrubbed(body.decode("latin-1")).encode("latin-1")
        wait = _retry_after(response.headers.get("Retry-After"))
        return replace(job.failure(_kind_of_status(status), status), body=body, retry_after=wait)
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:19]) > job.limits.size:
        return job.failure(FailureKind.TOO_LARGE, status)
    return _body(job, here, response)


def _body(job: _Job, here: Address, response: HTTPResponse) -> Fetched | Failure:
    digest, size, pieces = hashlib.sha256(), 0, list[bytes]()
    for piece in response.stream(_PIECE, decode_content=True):
        size += len(piece)
        if size > job.limits.size:
            return job.failure(FailureKind.TOO_LARGE, response.status)
        digest.update(piece)
        if job.keep:
            pieces.append(piece)
    if not size:
        return job.failure(FailureKind.EMPTY, response.status)
    media_type, charset = _content_type(response.headers.get("Content-Type", ""))
    return Fetched(
        address=job.address,
        final_address=str(here),
        status=response.status,
        sha256=digest.hexdigest(),
        size=size,
        media_type=media_type,
        charset=charset,
        fetched_at=datetime.now(UTC),
        content=b"".join(pieces) if job.keep else None,
    )


def _beginning(response: HTTPResponse) -> bytes:
    try:
        return response.read(_KEPT_OF_ERRORS, decode_content=True)
    except (HTTPError, HTTPException, OSError):
        # The status says what is wrong; its explanation is only a help.
        return b""


def _kind_of_status(status: int) -> FailureKind:
    if status in (404, 410):
        return FailureKind.NOT_FOUND
    return FailureKind.OUTAGE if status == 429 or status >= 500 else FailureKind.REFUSED


def _content_type(header: str) -> tuple[str, str | None]:
    kind, _, rest = header[:500].partition(";")
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            return kind.strip().lower(), value.strip().strip("\"'").lower()
    return kind.strip().lower(), None


def _retry_after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After field asks for (RFC 9110, 10.2.3: seconds or a date)."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header.strip()[:9])
    try:
        when = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


class _Clock:
    """Ends a fetch when its time is up, whatever it is waiting for: it shuts down the socket."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._up = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def remaining(self) -> float:
        return self._end - time.monotonic()

    def is_up(self) -> bool:
        return self._up

    def watch(self, connected: socket.socket) -> None:
        with self._lock:
            self._forget()
            # TLS takes the socket over; its duplicate stays ours and is the same connection.
            self._socket = connected.dup()
        if self.remaining() <= 0:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self._up = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # The other side was faster.
                    return

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> "_Clock":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._forget()


class _Watched(HTTPConnection):
    """A connection that the clock can cut, and that keeps confidential parameters from urllib3 and so from its log."""

    clock: _Clock
    confidential: str = ""
    through_proxy: bool = False
    proxy_headers: Mapping[str, str] = {}

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self.clock.watch(connected)
        return connected

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        if self.confidential:
            url += ("&" if "?" in url else "?") + self.confidential
        super().putrequest(method, url, skip_host, skip_accept_encoding)


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS; certificates are always verified."""


def _connection(job: _Job, here: Address, clock: _Clock) -> _Watched:
    proxy = _environment_proxy(here) if job.environment_proxies else None
    host, port = (proxy.host, proxy.port) if proxy else (here.host, here.port)
    timeout = max(0.001, min(job.limits.silence, clock.remaining()))
    connection: _Watched
    if here.scheme == "https":
        connection = _WatchedTls(host, port, timeout=timeout, ssl_context=ssl.create_default_context())
    else:
        connection = _Watched(host, port, timeout=timeout)
    connection.clock = clock
    connection.confidential = job.confidential.parameters if job.confidential else ""
    if proxy:
        connection.through_proxy = True
        connection.proxy_headers = proxy.headers
        if here.scheme == "https":
            connection.set_tunnel(here.host, here.port, headers=proxy.headers)
    return connection


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    headers: Mapping[str, str] = field(repr=False)


def _environment_proxy(here: Address) -> _Proxy | None:
    named = getproxies().get(here.scheme)
    if not named or proxy_bypass(here.host):
        return None
    try:
        parts = parse_url(named if "://" in named else f"http://{named}")
    except HTTPError:
        parts = parse_url("")
    if parts.scheme != "http" or not parts.host:
        raise ShinraiError(
            message("The proxy that the environment names for {scheme} cannot be used.", scheme=here.scheme),
            fix=message("Give it as http://host:port."),
        )
    headers = make_headers(proxy_basic_auth=parts.auth) if parts.auth else {}
    return _Proxy(parts.host, parts.port or 80, dict(headers))
