"""A real server on loopback that answers as it is told: well, badly, slowly, endlessly, or not at all."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Say = Callable[[BaseHTTPRequestHandler], None]


def answer(body: bytes | str = b"", status: int = 200, kind: str = "text/html; charset=utf-8", **headers: str) -> Say:
    """Answer at once. headers: further fields, with _ for -."""
    data = body.encode() if isinstance(body, str) else body

    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if kind:
            handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return say


def redirect(to: str, status: int = 302) -> Say:
    return answer(b"", status, Location=to)


def in_turn(*says: Say) -> Say:
    """Answer differently each time; the last answer stays."""
    waiting = list(says)

    def say(handler: BaseHTTPRequestHandler) -> None:
        (waiting.pop(0) if len(waiting) > 1 else waiting[0])(handler)

    return say


@dataclass
class SourceServer:
    """Paths and what they answer; `seen` has every request's path, with its query, and `agents` their User-Agent."""

    pages: dict[str, Say] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    site: str = ""

    def at(self, path: str) -> str:
        return self.site + path

    def stream(self, piece: bytes, *, kind: str = "text/html", pause: float = 0.0, most: int | None = None) -> Say:
        """Send a piece over and over, without saying how long it will be; until stopped or sent `most` times."""

        def say(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Type", kind)
            handler.end_headers()
            sent = 0
            while not self.stop.wait(pause) and (most is None or sent < most):
                handler.wfile.write(piece)
                sent += 1

        return say

    def drip_headers(self, handler: BaseHTTPRequestHandler) -> None:
        """Send a header field byte by byte, for ever."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.stop.wait(0.02):
            handler.wfile.write(b"a")

    def hang(self, _handler: BaseHTTPRequestHandler) -> None:
        self.stop.wait(30)


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(tls: tuple[Path, Path] | None = None) -> Iterator[SourceServer]:
    """Serve until the block ends. tls: certificate and key, for https."""
    told = SourceServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.seen.append(self.path)
            told.agents.append(self.headers.get("User-Agent", ""))
            say = told.pages.get(self.path) or told.pages.get(self.path.partition("?")[0])
            with suppress(OSError):
                (say or answer(b"nothing here", 404))(self)

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: object) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https"
    told.site = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
