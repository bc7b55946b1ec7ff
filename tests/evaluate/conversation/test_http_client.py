"""The HTTP client against servers that send exactly these bytes, and nothing that an honest server would."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.targets import http_client
from shinrai.evaluate.targets.http_client import CutError, DisconnectedError, HttpPool, NotHttpError, Response

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"


async def request_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


def answering(*parts: bytes, close: bool = True, pause: float = 0.0) -> Serve:
    """A server that sends these parts to every request, and then closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request_of(reader)
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if close:
                writer.close()
                return

    return serve


def with_server(serve: Serve, use: Callable[[HttpPool], Awaitable[Any]], **given: Any) -> Any:
    async def go() -> Any:
        async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(quietly, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pool = HttpPool(f"http://127.0.0.1:{port}/v1/chat?x=1", given.get("headers", {"X-One": "1"}), 5.0)
        try:
            return await asyncio.wait_for(use(pool), 20)
        finally:
            pool.close()
            server.close()

    return asyncio.run(go())


async def whole(pool: HttpPool, body: bytes = b"{}") -> tuple[Response, bytes]:
    response = await pool.post(body)
    return response, await response.read()


def test_the_request_is_what_it_should_be() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request_of(reader))
        writer.write(OK)

    response, body = with_server(serve, lambda pool: whole(pool, b'{"a":1}'))
    head, sent = seen[0]
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/chat?x=1 HTTP/1.1"
    assert lines[1].startswith("Host: 127.0.0.1:")
    assert lines[2:] == ["X-One: 1", "Content-Length: 7", "", ""]
    assert (sent, body) == (b'{"a":1}', b"{}")
    assert (response.status, response.media_type, response.length) == (200, "application/json", 2)


def test_a_connection_is_used_again_and_a_dead_one_is_not() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await request_of(reader)
            writer.write(OK)
        writer.close()

    async def use(pool: HttpPool) -> None:
        for _ in range(4):
            await whole(pool)
            await asyncio.sleep(0.02)

    with_server(serve, use)
    assert connections == 2


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"],
            b"abcde",
        ),
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"until ", b"the end"], b"until the end"),
        ([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", b"{}"], b"{}"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", OK], b"{}"),
        ([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK], b"{}"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
        ([bytes([byte]) for byte in OK], b"{}"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n"], b"a"),
    ],
)
def test_bodies_come_whole_however_they_are_framed(parts: list[bytes], body: bytes) -> None:
    assert with_server(answering(*parts), whole)[1] == body


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([], DisconnectedError),
        ([b"HTTP/1.1 200"], DisconnectedError),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], NotHttpError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"], NotHttpError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\nab"], NotHttpError),
        ([b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000], NotHttpError),
        ([b"HTTP/1.1 200 OK\r\n" + b"".join(b"A%d: a\r\n" % n for n in range(300)) + b"\r\n"], NotHttpError),
        ([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], NotHttpError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"], CutError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"], CutError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"], CutError),
    ],
)
def test_what_is_no_whole_response_is_told_apart(parts: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        with_server(answering(*parts, pause=0.01), whole)


@pytest.mark.parametrize("stray", [OK, OK[:40], b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"\x00\xff junk"])
def test_a_second_answer_never_meets_the_next_question(stray: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(9):
            await request_of(reader)
            said = b'"%d"' % number
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said) + stray)

    async def use(pool: HttpPool) -> list[bytes]:
        found = []
        for _ in range(3):
            found.append((await whole(pool))[1])
            await asyncio.sleep(0.02)
        return found

    # Each time the connection is dropped, so that every question is the first one of its connection.
    assert with_server(serve, use) == [b'"0"', b'"0"', b'"0"']


def test_a_body_waits_in_the_kernel_until_it_is_wanted() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        part = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
        for _ in range(2_000):
            writer.write(part)
            await writer.drain()
            sent += len(part)

    async def use(pool: HttpPool) -> tuple[int, int]:
        response = await pool.post(b"{}")
        await asyncio.sleep(0.3)
        stopped = sent
        got = 0
        while got < 20_000_000:
            got += len(await response.read_part())
        response.close()
        return stopped, sent

    stopped, later = with_server(serve, use)
    # What buffers of the kernel take, on both sides, and no more.
    assert stopped < 16_000_000
    assert later > stopped


def test_an_early_answer_to_a_long_question_ends_the_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0.5)
        writer.close()

    async def use(pool: HttpPool) -> int:
        response, _ = await whole(pool, b"a" * 50_000_000)
        assert not pool._idle
        return response.status

    assert with_server(serve, use) == 413


def test_a_long_question_arrives_whole() -> None:
    body = bytes(range(256)) * 20_000
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append((await request_of(reader))[1])
            writer.write(OK)

    async def use(pool: HttpPool) -> None:
        await whole(pool, body)
        assert len(pool._idle) == 1
        await whole(pool, body)

    with_server(serve, use)
    assert seen == [body, body]


def test_who_stops_waiting_takes_the_connection_along() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        await asyncio.sleep(0.2)
        writer.write(OK)

    async def use(pool: HttpPool) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.post(b"{}"), 0.05)
        await asyncio.sleep(0.3)
        assert not pool._idle

    with_server(serve, use)


def test_closing_an_unread_response_ends_the_connection() -> None:
    async def use(pool: HttpPool) -> None:
        response = await pool.post(b"{}")
        response.close()
        with pytest.raises(CutError):
            await response.read()
        assert not pool._idle

    with_server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab", close=False), use)


def test_a_rested_connection_is_not_trusted_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "_IDLE_SECONDS", 0.0)
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(OK, close=False)(reader, writer)

    async def use(pool: HttpPool) -> None:
        for _ in range(3):
            await whole(pool)

    with_server(serve, use)
    assert connections == 3


@pytest.mark.parametrize("headers", [{"X": "a\r\nB: c"}, {"X\n": "a"}, {"X": "é"}, {"X": "a\x00"}])
def test_headers_cannot_be_smuggled(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="HTTP cannot carry"):
        HttpPool("http://127.0.0.1:1/", headers, 1.0)


def test_nobody_listens_and_nobody_is_found() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def use(url: str) -> None:
        await HttpPool(url, {}, 5.0).post(b"")

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(use(f"http://127.0.0.1:{port}/"))
    with pytest.raises(socket.gaierror):
        asyncio.run(use("http://does-not-exist.invalid/"))


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run(
        [
            *made,
            "-keyout",
            tmp_path / "key.pem",
            "-out",
            tmp_path / "cert.pem",
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    async def go(trusted: bool) -> bytes:
        server = await asyncio.start_server(answering(OK), "127.0.0.1", 0, ssl=context)
        pool = HttpPool(f"https://localhost:{server.sockets[0].getsockname()[1]}/", {}, 5.0)
        assert pool._tls is not None
        if trusted:
            pool._tls.load_verify_locations(tmp_path / "cert.pem")
        try:
            return (await whole(pool))[1]
        finally:
            pool.close()
            server.close()

    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(go(False))
    assert asyncio.run(go(True)) == b"{}"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_do_more_than_an_error(junk: bytes, after_head: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" if after_head else b""
    with suppress(NotHttpError, DisconnectedError, CutError):
        assert isinstance(with_server(answering(head + junk), whole)[1], bytes)
