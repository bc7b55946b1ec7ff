"""HTTP/1.1 to one endpoint: POST, keep-alive, bodies read as they come and no faster than they are wanted.

The parser is llhttp (by httptools) and the loop is asyncio's; what is here joins the two, because with a full client
most of what a sample costs is the client (docs/adr/0011-http-client.md). Left out on purpose: redirects, cookies,
proxies, compression, pipelining. What a server sends is hostile: a head has a limit, a body waits in the kernel until
it is asked for, and whatever comes after an answer ends the connection.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from time import monotonic
from urllib.parse import urlsplit

import aiohappyeyeballs
import httptools

_HEAD_BYTES = 65_536
_HEADERS = 256
_HIGH_WATER = 65_536
_IDLE_SECONDS = 30.0
_ADDRESS_SECONDS = 300.0
_NEXT_ADDRESS_SECONDS = 0.25
_WRITE_AT_ONCE = 262_144


class NotHttpError(Exception):
    """What came is no HTTP response."""


class DisconnectedError(Exception):
    """The connection ended before a response began."""


class CutError(Exception):
    """The connection ended, or stopped making sense, in the middle of a response."""


class Response:
    """A response whose head has come. Read it to its end, or close it."""

    __slots__ = ("_connection", "_done", "_error", "_parts", "_size", "_waiter", "headers", "status")

    def __init__(self, connection: "_Connection", status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self._connection: _Connection | None = connection
        self._parts: list[bytes] = []
        self._size = 0
        self._done = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def media_type(self) -> str:
        """The type of the body in lower case, without parameters; empty where none is declared."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """The declared length of the body in bytes, None where there is none."""
        declared = self.headers.get("content-length", "")
        return int(declared) if declared.isascii() and declared.isdecimal() and len(declared) < 19 else None

    async def read(self) -> bytes:
        """Return the whole body. CutError where it does not come whole."""
        while not self._done:
            await self._more()
        self._raise()
        return self._take()

    async def read_part(self) -> bytes:
        """Return what has come since the last part, and b"" at the end. CutError where the rest does not come."""
        while not self._parts and not self._done:
            await self._more()
        if not self._parts:
            self._raise()
        return self._take()

    def close(self) -> None:
        """Let go of what is not read: the connection ends unless the response has come whole."""
        if not self._done and self._connection is not None:
            self._connection.abort()

    async def _more(self) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101  (a response that is not done has its connection)
        connection.resume()
        self._waiter = connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _take(self) -> bytes:
        parts, self._parts, self._size = self._parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def fed(self, part: bytes) -> bool:
        """Keep a part of the body; returns whether enough waits to be read."""
        self._parts.append(part)
        self._size += len(part)
        self._wake()
        return self._size > _HIGH_WATER

    def ended(self, error: Exception | None = None) -> None:
        """Take note that nothing more comes."""
        if not self._done:
            self._done, self._error, self._connection = True, error, None
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class _Connection(asyncio.Protocol):
    """One connection. It belongs to one request at a time; httptools calls the methods that begin with `on_`."""

    __slots__ = (
        "_drained",
        "_head_bytes",
        "_headers",
        "_informational",
        "_paused",
        "_pool",
        "_response",
        "_transport",
        "_unsent",
        "_waiter",
        "idle_since",
        "loop",
        "parser",
    )

    def __init__(self, pool: "HttpPool") -> None:
        self.loop = asyncio.get_running_loop()
        self.idle_since = 0.0
        self.parser = httptools.HttpResponseParser(self)
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._response: Response | None = None
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._informational = False
        self._paused = False
        self._drained: asyncio.Event | None = None
        self._unsent = False

    @property
    def usable(self) -> bool:
        """Whether another request can be put on it."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes) -> Response:
        """Send a request and return the response once its head has come."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise DisconnectedError
        waiter: asyncio.Future[Response] = self.loop.create_future()
        self._waiter = waiter
        self._head_bytes = 0
        try:
            if len(body) <= _WRITE_AT_ONCE:
                transport.write(head + body)
            else:
                await self._write_large(transport, head, body, waiter)
            return await waiter
        except BaseException:
            # Nobody waits for the answer any more, so it must not meet the next question.
            self.abort()
            raise

    async def _write_large(
        self, transport: asyncio.Transport, head: bytes, body: bytes, waiter: "asyncio.Future[Response]"
    ) -> None:
        self._unsent = True
        transport.write(head)
        view = memoryview(body)
        for start in range(0, len(body), _WRITE_AT_ONCE):
            if waiter.done() or transport.is_closing():
                return
            transport.write(view[start : start + _WRITE_AT_ONCE])
            if self._drained is not None:
                await self._drained.wait()
        self._unsent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def pause_writing(self) -> None:
        self._drained = asyncio.Event()

    def resume_writing(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def data_received(self, data: bytes) -> None:
        if self._waiter is None and self._response is None:
            self.abort()
            return
        if self._response is None:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(NotHttpError() if self._response is None else CutError())
        else:
            if self._response is None and self._waiter is not None and self._head_bytes > _HEAD_BYTES:
                self._fail(NotHttpError())

    def on_message_begin(self) -> None:
        self._headers = {}
        if self._waiter is None and self._response is None:
            # Nobody asked for a second answer, and its rest must not be taken for the next one.
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) >= _HEADERS or len(name) + len(value) > _HEAD_BYTES:
            raise ValueError("more headers than an answer needs")
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        headers, self._headers = self._headers, {}
        self._informational = 100 <= status < 200
        if self._informational or self._waiter is None:
            return
        self._response = Response(self, status, headers)
        if not self._waiter.done():
            self._waiter.set_result(self._response)
        self._waiter = None

    def on_body(self, part: bytes) -> None:
        if self._response is not None and self._response.fed(part) and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        response = self._response
        if response is None or self._informational:
            return
        self._response = None
        keep = self.parser.should_keep_alive()
        response.ended()
        if not keep or not self.usable or self._unsent:
            self.abort()
            return
        self.resume()
        self.idle_since = monotonic()
        self._pool.give_back(self)

    def resume(self) -> None:
        """Read on where reading had to wait."""
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.resume_writing()
        waiter, response = self._waiter, self._response
        self._waiter = self._response = None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error if isinstance(error, ssl.SSLError) else DisconnectedError())
        if response is not None:
            framed = "content-length" in response.headers or "transfer-encoding" in response.headers
            response.ended(CutError() if framed or error is not None else None)

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        waiter, response = self._waiter, self._response
        self._waiter = self._response = None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        if response is not None:
            response.ended(error)
        self.abort()


class HttpPool:
    """The connections to one endpoint, opened as they are needed; whoever uses it bounds how many that are.

    url: http or https. headers: sent with every request; names and values without control characters.
    connect_seconds: for name, connection and TLS together.
    """

    def __init__(self, url: str, headers: Mapping[str, str], connect_seconds: float) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        self._host, self._port = host, parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._connect_seconds = connect_seconds
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authority = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
        if parts.port is not None:
            authority += f":{parts.port}"
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {authority}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if any(not line.isprintable() or not line.isascii() for line in lines):
            raise ValueError("a header, or the address, holds what HTTP cannot carry")
        self._head = "\r\n".join([*lines, "Content-Length: "]).encode("ascii")
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._addresses: tuple[float, list[tuple[int, int, int, str, tuple[object, ...]]]] = (0.0, [])

    async def post(self, body: bytes) -> Response:
        """Send a body and return the response once its head has come.

        NotHttpError, DisconnectedError: what came instead. OSError (of it socket.gaierror, ssl.SSLError, TimeoutError):
        no connection could be made.
        """
        connection = self._rested() or await self._connect()
        return await connection.ask(b"%b%d\r\n\r\n" % (self._head, len(body)), body)

    def give_back(self, connection: _Connection) -> None:
        """Take a connection whose response has come whole."""
        self._idle.append(connection)

    def close(self) -> None:
        """End all connections."""
        for connection in self._open:
            connection.abort()
        self._idle.clear()
        self._open.clear()

    def _rested(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and monotonic() - connection.idle_since < _IDLE_SECONDS:
                return connection
            connection.abort()
            self._open.discard(connection)
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._connect_seconds):
            addresses = await self._resolved(loop)
            found = await aiohappyeyeballs.start_connection(
                addresses,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
            )
            try:
                _, connection = await loop.create_connection(
                    lambda: _Connection(self),
                    sock=found,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
            except BaseException:
                found.close()
                raise
        self._open = {each for each in self._open if each.usable} if len(self._open) > 64 else self._open
        self._open.add(connection)
        return connection

    async def _resolved(self, loop: asyncio.AbstractEventLoop) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
        known, addresses = self._addresses
        if not addresses or monotonic() - known > _ADDRESS_SECONDS:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            addresses = [(int(f), int(t), p, c, a) for f, t, p, c, a in found]
            self._addresses = monotonic(), addresses
        return addresses
