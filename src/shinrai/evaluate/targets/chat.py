"""Any endpoint that speaks `/chat/completions`, streamed or not, over connections that are used again.

What a server sends is hostile: redirects are not followed, compressed bodies are refused, bodies are read up to a
limit and parsed strictly, and nothing of an error body is quoted, since servers echo keys in them.
"""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample
from shinrai.evaluate.targets import chat_wire
from shinrai.evaluate.targets.chat_stream import StreamedAnswer
from shinrai.evaluate.targets.chat_wire import Sampling, malformed
from shinrai.evaluate.targets.http_client import CutError, DisconnectedError, HttpPool, NotHttpError, Response
from shinrai.evaluate.targets.http_limits import HttpLimits
from shinrai.evaluate.targets.references import Secret, is_reference, resolve
from shinrai.evaluate.targets.target import TargetError, Watch
from shinrai.language import ShinraiError, message

_SMALL = 65_536
_ERROR_BYTES = 16_384
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OUR_HEADERS = frozenset({"authorization", "content-type", "content-length", "host", "accept-encoding"})
_SECRETIVE = re.compile(r"key|token|secret|auth|passw|cookie|signature|credential|^sig$", re.IGNORECASE)
_BUSY = frozenset({429, 503, 504, 529})
_AGAIN = frozenset({408, 425, 500, 502})


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """How to reach a chat endpoint.

    url: the base (`https://host/v1`) or the whole address of the endpoint. key: a reference, sent as a bearer token
    unless `headers` carries it otherwise. system: instructions before those of the prompt. headers: further headers; a
    value may be a reference. stream_usage: ask a streaming server for token counts. plain_http: send a key without TLS
    to another machine.
    """

    id: str
    url: str
    model: str
    key: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    system: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False
    stream_usage: bool = True
    plain_http: bool = False
    limits: HttpLimits = field(default_factory=HttpLimits)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def most_at_once(self) -> int:
        """As many as there may be connections."""
        return self.limits.connections

    def identity(self) -> Mapping[str, object]:
        """Return what of the target can change an answer. A header given by reference counts by its reference."""
        return {
            "kind": "chat",
            "rendering": chat_wire.RENDERING,
            "url": endpoint(self.url),
            "model": self.model,
            "sampling": self.sampling.fields(),
            "system": self.system,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "stream": self.stream,
        }

    @asynccontextmanager
    async def open(self) -> AsyncIterator["ChatRespondent"]:
        """Resolve the references and open the session; ShinraiError where a reference leads nowhere."""
        secrets = {name: resolve(value) for name, value in self.headers.items() if is_reference(value)}
        key = resolve(self.key) if self.key is not None else None
        headers = {name: secrets[name].value if name in secrets else value for name, value in self.headers.items()}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.value}"
        pool = _pool(self, headers)
        try:
            yield ChatRespondent(self, pool, [*secrets.values(), *([key] if key else [])])
        finally:
            pool.close()


def endpoint(url: str) -> str:
    """Return the whole address of the endpoint that a base address stands for; a query is kept."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith("/chat/completions") else path + "/chat/completions"))


def _check(target: ChatTarget) -> None:
    parts = urlsplit(target.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ShinraiError(
            message("The address of the chat endpoint is no http or https address."),
            fix=message("Write it like `https://host/v1`."),
        )
    if parts.username is not None or parts.password is not None:
        raise ShinraiError(
            message("The address of the chat endpoint carries a user name or password."),
            fix=message("Give the key as a reference, `env:NAME` or `file:PATH`."),
        )
    if any(_SECRETIVE.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise ShinraiError(
            message("The address of the chat endpoint carries a key in its query."),
            fix=message("Give the key as a reference, `env:NAME` or `file:PATH`."),
        )
    carries_secret = target.key is not None or any(is_reference(value) for value in target.headers.values())
    if carries_secret and parts.scheme == "http" and parts.hostname not in _LOOPBACK and not target.plain_http:
        raise ShinraiError(
            message("A key would be sent to {host} without encryption.", host=parts.hostname),
            fix=message("Use https, or set `plain_http` if this network may be trusted."),
        )
    if ours := sorted(chat_wire.OURS & target.sampling.extra.keys()):
        raise ShinraiError(
            message("The request field {field} cannot be set by hand.", field=", ".join(ours)),
            fix=message("Leave it out; it follows from the target and the prompt."),
        )
    for name, value in target.headers.items():
        if name.lower() in _OUR_HEADERS and not (name.lower() == "authorization" and is_reference(value)):
            raise ShinraiError(
                message("The header {name} cannot be set by hand.", name=name),
                fix=message("Give a key as a reference, `env:NAME` or `file:PATH`."),
            )
        if _SECRETIVE.search(name) and not is_reference(value):
            raise ShinraiError(
                message("The header {name} seems to hold a key, which is never written down.", name=name),
                fix=message("Give a key as a reference, `env:NAME` or `file:PATH`."),
            )
        if not (name.isascii() and name.isprintable() and value.isascii() and value.isprintable()):
            raise ShinraiError(
                message("The name or value of a header holds characters that no HTTP header can."),
                fix=message("Use printable ASCII characters."),
            )


def _pool(target: ChatTarget, headers: Mapping[str, str]) -> HttpPool:
    sent = {
        **headers,
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json" if target.stream else "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "shinrai",
    }
    try:
        return HttpPool(endpoint(target.url), sent, target.limits.connect_seconds)
    except ValueError as error:
        raise ShinraiError(
            message("The address of the chat endpoint, its key or a header holds characters that HTTP cannot carry."),
            fix=message("Use printable ASCII characters."),
        ) from error


class ChatRespondent:
    """An open chat endpoint."""

    def __init__(self, target: ChatTarget, pool: HttpPool, secrets: Sequence[Secret]) -> None:
        self._target = target
        self._pool = pool
        self._secrets = [secret.value for secret in secrets]
        self._head = chat_wire.request_head(
            target.model, target.sampling, stream=target.stream, stream_usage=target.stream_usage
        )
        self._large = asyncio.Semaphore(target.limits.large_answers)
        self._clock = asyncio.get_running_loop().time

    async def reply(self, sample: PlannedSample, answers: Sequence[Answer], watch: Watch) -> Answer:
        """Ask once; see Respondent."""
        target = self._target
        seed = None if target.sampling.seed is None else target.sampling.seed + sample.repeat
        body = chat_wire.request_body(self._head, seed, target.system, sample.prompt, answers)
        started = self._clock()
        try:
            response = await self._pool.post(body)
            try:
                return await self._read(response, started, watch)
            finally:
                # What is unread is not waited for; only a response read to its end gives its connection back.
                response.close()
        except (NotHttpError, DisconnectedError, CutError, OSError) as error:
            raise _network_fault(error) from None

    async def _read(self, response: Response, started: float, watch: Watch) -> Answer:
        if response.status != 200:
            return await self._other_status(response, self._clock() - started)
        kind = response.media_type
        if response.headers.get("content-encoding", "identity") != "identity":
            raise malformed("the response is compressed, which was not asked for", 200)
        if self._target.stream and kind == "text/event-stream":
            return await self._streamed(response, started, watch)
        if kind != "application/json" and not kind.endswith("+json"):
            raise malformed("the response is not declared as JSON", 200)
        length = response.length
        body = await response.read() if length is not None and length <= _SMALL else await self._body(response, watch)
        return chat_wire.read_completion(body, self._clock() - started)

    async def _streamed(self, response: Response, started: float, watch: Watch) -> Answer:
        streamed = StreamedAnswer()
        async with aclosing(self._parts(response, watch)) as parts:
            async for part in parts:
                streamed.feed(part)
                if streamed.done:
                    break
        return streamed.answer(self._clock() - started)

    async def _body(self, response: Response, watch: Watch) -> bytes:
        body = bytearray()
        async with aclosing(self._parts(response, watch)) as parts:
            async for part in parts:
                body += part
        return bytes(body)

    async def _parts(self, response: Response, watch: Watch) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, and hold a place among the large answers while it is one."""
        most = self._target.limits.answer_bytes
        if (response.length or 0) > most:
            raise _too_large()
        read, large = 0, False
        try:
            while part := await response.read_part():
                watch.heard = self._clock()
                read += len(part)
                if read > most:
                    raise _too_large()
                if read > _SMALL and not large:
                    await self._large.acquire()
                    large = True
                    watch.heard = self._clock()
                yield part
        finally:
            if large:
                self._large.release()

    async def _other_status(self, response: Response, seconds: float) -> Answer:
        status = response.status
        if 300 <= status < 400:
            raise TargetError(FaultKind.REFUSED, "the server redirects, which is not followed", status=status)
        code = chat_wire.error_code(await _start_of(response), self._secrets)
        if status == 400 and code == "content_filter":
            # The filter before the model belongs to the system: that it stepped in is the system's answer.
            return Answer("", finish=code, seconds=seconds)
        detail = f"HTTP {status}" + (f", {code}" if code else "")
        if status == 429:
            # Spent money does not come back by waiting.
            again = code != "insufficient_quota"
            kind = FaultKind.RATE_LIMITED
        elif status >= 500 or status in _AGAIN:
            again, kind = status in _BUSY or status in _AGAIN, FaultKind.SERVER_ERROR
        elif status >= 400:
            again, kind = False, FaultKind.REFUSED
        else:
            raise malformed("the server answers with a success that is none", status)
        wait = _seconds(response.headers.get("retry-after"))
        raise TargetError(kind, detail, status=status, transient=again, busy=status in _BUSY, retry_after=wait)


async def _start_of(response: Response) -> bytes:
    body = bytearray()
    while len(body) < _ERROR_BYTES and (part := await response.read_part()):
        body += part
    return bytes(body[:_ERROR_BYTES])


def _too_large() -> TargetError:
    return TargetError(FaultKind.TOO_LARGE, "the answer is larger than the limit", status=200)


def _seconds(retry_after: str | None) -> float | None:
    """Return what a Retry-After header asks for: seconds or a date (RFC 9110 §10.2.3); None if it is neither."""
    if retry_after is None or len(retry_after) > 64:
        return None
    if retry_after.isdecimal() and retry_after.isascii():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except (ValueError, OverflowError):
        return None


_ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "too many open files",
}


def _network_fault(error: Exception) -> TargetError:
    """Name what went wrong below HTTP. The text is ours: those of the libraries hold addresses and bytes."""
    match error:
        case ssl.SSLError():
            return TargetError(FaultKind.UNREACHABLE, "the TLS connection is not accepted")
        case socket.gaierror():
            return TargetError(FaultKind.UNREACHABLE, "the name of the host is not known", transient=True)
        case CutError():
            return TargetError(FaultKind.CUT, "the connection ended in the middle of the answer", transient=True)
        case DisconnectedError():
            return TargetError(FaultKind.UNREACHABLE, "the connection ended before an answer", transient=True)
        case TimeoutError():
            return TargetError(FaultKind.UNREACHABLE, "connection timed out", transient=True, busy=True)
        case OSError():
            detail = _ERRNO.get(error.errno or 0, "network error")
            return TargetError(FaultKind.UNREACHABLE, detail, transient=True, busy=error.errno == errno.ECONNRESET)
        case _:
            return malformed("the response is no HTTP")
