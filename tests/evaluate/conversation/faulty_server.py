"""A chat endpoint on loopback that can misbehave in every way a network and a server can.

    with faulty_server() as server:
        server.behaviour = "storm"
        ... server.url ...

It runs in a thread of its own with its own loop and speaks bytes, so that it can break the protocol at any point.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from time import monotonic
from typing import Any

Writer = asyncio.StreamWriter

CONTROL = "\x1b[31mred\x07\x00 ‮evil‬ <script>alert(1)</script> |=cmd"


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


@dataclass
class FaultyServer:
    """Its settings and what it saw. rate: answers in a period (seconds) before it says 429, for `limited`."""

    behaviour: str = "ok"
    latency: float = 0.0
    rate: int = 100
    period: float = 1.0
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    keep: bool = True
    window: tuple[float, int] = (float("-inf"), 0)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def faulty_server(behaviour: str = "ok", **settings: Any) -> Iterator[FaultyServer]:
    """Serve until the block ends."""
    server = FaultyServer(behaviour, **settings)
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        listener = await asyncio.start_server(lambda r, w: _connection(server, r, w), "127.0.0.1", 0, backlog=4096)
        server.port = listener.sockets[0].getsockname()[1]
        started.set()
        stopped = asyncio.Event()
        server.stop = lambda: loop.call_soon_threadsafe(stopped.set)  # type: ignore[attr-defined]
        await stopped.wait()
        listener.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(lambda *_: None)
        loop.run_until_complete(serve())
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        server.stop()  # type: ignore[attr-defined]
        thread.join(10)


async def _connection(server: FaultyServer, reader: asyncio.StreamReader, writer: Writer) -> None:
    server.connections += 1
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            raw = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Request(first.split()[1], headers, json.loads(raw) if raw else {}, monotonic())
            if server.keep:
                server.requests.append(request)
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
            try:
                if server.latency:
                    await asyncio.sleep(server.latency)
                await BEHAVIOURS[server.behaviour](server, request, writer)
                await writer.drain()
            finally:
                server.in_flight -= 1
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        pass  # the client hung up, which many of the tests are about
    finally:
        writer.close()


def asked(request: Request) -> str:
    """The last thing the user said."""
    content = request.body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def completion(text: str | None, **choice: Any) -> bytes:
    first = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "model": "faulty-1",
            "choices": [first | choice],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        }
    ).encode()


@cache
def made_once(text: str) -> bytes:
    """Return an answer that takes long to write out, and is given many times."""
    return completion(text)


def send(writer: Writer, body: bytes, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> None:
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body
    )


def start_stream(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")


def chunk(writer: Writer, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def event(content: str | None = None, finish: str | None = None, **delta: Any) -> bytes:
    said = {**({"content": content} if content is not None else {}), **delta}
    choice = {"index": 0, "delta": said, "finish_reason": finish}
    return b"data: " + json.dumps({"model": "faulty-1", "choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


Behaviour = Callable[[FaultyServer, Request, Writer], Awaitable[None]]


async def ok(_: FaultyServer, request: Request, writer: Writer) -> None:
    send(writer, completion("echo: " + asked(request)))


async def hang(_: FaultyServer, __: Request, ___: Writer) -> None:
    await asyncio.sleep(3600)


async def storm(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b'{"error":{"code":"rate_limit_exceeded"}}', "429 Too Many Requests")


async def storm_retry_after(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b"{}", "429 Too Many Requests", extra="Retry-After: 1\r\n")


async def storm_for_long(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b"{}", "429 Too Many Requests", extra="Retry-After: 86400\r\n")


async def limited(server: FaultyServer, request: Request, writer: Writer) -> None:
    """`rate` answers in a `period` that begins with its first request, then 429 until it is over."""
    began, used = server.window
    if request.at - began >= server.period:
        began, used = request.at, 0
    if used >= server.rate:
        server.seen["429"] += 1
        send(writer, b"{}", "429 Too Many Requests")
        return
    server.window = (began, used + 1)
    await ok(server, request, writer)


async def one_in_six(server: FaultyServer, request: Request, writer: Writer) -> None:
    server.seen["all"] += 1
    if server.seen["all"] % 6 == 0:
        send(writer, b"oops", "500 Internal Server Error", "text/plain")
    else:
        await ok(server, request, writer)


async def malformed(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, completion("GRADE: C")[:-9])


async def other_fields(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b'{"choices":[{"message":{"content":12}}]}')


async def no_choice(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b'{"choices":[]}')


async def silent(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, completion(None))


async def cut_body(_: FaultyServer, __: Request, writer: Writer) -> None:
    body = completion("a whole answer")
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    writer.write(body[:40])
    raise ConnectionError


async def cut_stream(_: FaultyServer, __: Request, writer: Writer) -> None:
    start_stream(writer)
    chunk(writer, event("The first half of"))
    raise ConnectionError


async def ended_stream(_: FaultyServer, __: Request, writer: Writer) -> None:
    start_stream(writer)
    chunk(writer, event("The first half of"))
    chunk(writer, b"")


async def stream(_: FaultyServer, request: Request, writer: Writer) -> None:
    start_stream(writer)
    whole = b": a comment\r\n\r\n" + event("") + b"".join(event(char) for char in "echo: " + asked(request))
    whole += event(None, "stop") + b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n'
    whole += b"data: [DONE]\n\n"
    for at in range(0, len(whole), 37):  # cut in the middle of events and of characters
        chunk(writer, whole[at : at + 37])
    chunk(writer, b"")


async def stream_error(_: FaultyServer, __: Request, writer: Writer) -> None:
    start_stream(writer)
    chunk(writer, event("The first") + b'data: {"error":{"message":"boom"}}\n\n')
    chunk(writer, b"")


async def stalled_stream(_: FaultyServer, __: Request, writer: Writer) -> None:
    start_stream(writer)
    chunk(writer, event("The first half of"))
    await writer.drain()
    await asyncio.sleep(3600)


async def endless_stream(_: FaultyServer, __: Request, writer: Writer) -> None:
    start_stream(writer)
    while True:
        chunk(writer, event("again and " * 2000))
        await writer.drain()


async def drip(_: FaultyServer, __: Request, writer: Writer) -> None:
    start_stream(writer)
    async for byte in _slowly(event("x" * 100_000)):
        chunk(writer, byte)
        await writer.drain()


async def _slowly(data: bytes) -> AsyncIterator[bytes]:
    for value in data:
        yield bytes([value])
        await asyncio.sleep(0.02)


async def drip_head(_: FaultyServer, __: Request, writer: Writer) -> None:
    async for byte in _slowly(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100_000):
        writer.write(byte)
        await writer.drain()


async def wrong_type(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b"<html>Sign in to the hotel network</html>", kind="text/html; charset=utf-8")


async def compressed(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b"\x1f\x8b" + b"x" * 100, extra="Content-Encoding: gzip\r\n")


async def huge(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, made_once("x" * 10_000_000))


async def huge_chunked(_: FaultyServer, __: Request, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _part in range(100):
        chunk(writer, b" " * 100_000)
        await writer.drain()
    chunk(writer, b"")


async def large(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, completion("y" * 500_000))


async def nested(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b',"choices":[]}')


async def nested_error(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b'{"error":' + b"[" * 7_000 + b"]" * 7_000 + b"}", "400 Bad Request")


async def huge_number(_: FaultyServer, request: Request, writer: Writer) -> None:
    body = completion("echo: " + asked(request)).replace(b'"prompt_tokens": 7', b'"prompt_tokens": ' + b"9" * 10_000)
    send(writer, body)


async def control(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, completion(CONTROL))


async def surrogate(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, completion("MARK").replace(b"MARK", rb"\ud800 alone"))


async def redirect(server: FaultyServer, request: Request, writer: Writer) -> None:
    server.seen[request.path] += 1
    send(writer, b"", "307 Temporary Redirect", extra=f"Location: http://127.0.0.1:{server.port}/stolen\r\n")


async def refused(_: FaultyServer, request: Request, writer: Writer) -> None:
    key = request.headers.get("authorization", "")
    body = {"error": {"message": f"Incorrect API key provided: {key}", "code": key.split()[-1] if key else "bad"}}
    send(writer, json.dumps(body).encode(), "401 Unauthorized")


async def filtered(_: FaultyServer, __: Request, writer: Writer) -> None:
    send(writer, b'{"error":{"code":"content_filter","message":"..."}}', "400 Bad Request")


async def no_http(_: FaultyServer, __: Request, writer: Writer) -> None:
    writer.write(b"\x16\x03\x01 not http at all\r\n\r\n")


async def long_header(_: FaultyServer, __: Request, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n")


async def reset(_: FaultyServer, __: Request, writer: Writer) -> None:
    writer.transport.abort()
    raise ConnectionError


async def tool(_: FaultyServer, request: Request, writer: Writer) -> None:
    if request.body["messages"][-1]["role"] == "user" and len(request.body["messages"]) == 1:
        calls = [{"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": '{"ward":"北区"}'}}]
        send(writer, completion(None, message={"role": "assistant", "content": None, "tool_calls": calls}))
    else:
        await ok(_, request, writer)


BEHAVIOURS: dict[str, Behaviour] = {
    name: found
    for name, found in list(globals().items())
    if asyncio.iscoroutinefunction(found) and not name.startswith("_")
}
