"""An OpenAI-compatible server for the desk, on this machine's loopback address only.

    python -m desk.server --port 0 --guard on

It prints its address when it is ready, and ends on SIGINT or SIGTERM after the answers under way. It keeps and logs
nothing of what it is asked.
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import time
from traceback import extract_tb
from typing import Final

import msgspec
from aiohttp import web

from desk.documents import DOCUMENTS, PLANTED
from desk.protocol import MODEL, MOST_BYTES, ProtocolError, chunks, completion, finish, read_request
from desk.replying import Desk

LOOPBACK: Final = "127.0.0.1"
_SLOWEST_BODY: Final = 15.0
_DESK: Final = web.AppKey("desk", Desk)
_FINGERPRINT: Final = web.AppKey("fingerprint", str)
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def make_app(desk: Desk, fingerprint: str) -> web.Application:
    """Return the server's routes. fingerprint: names everything that can change an answer."""
    app = web.Application(middlewares=[_as_protocol_errors], client_max_size=MOST_BYTES)
    app[_DESK], app[_FINGERPRINT] = desk, fingerprint
    app.router.add_post("/v1/chat/completions", _complete)
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/health", _health)
    return app


@web.middleware
async def _as_protocol_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProtocolError as fault:
        return _json(fault.body(), fault.status)
    except web.HTTPRequestEntityTooLarge:
        text = f"The body is larger than {MOST_BYTES} bytes."
        response = _json(ProtocolError(413, text, code="request_too_large").body(), 413)
        response.force_close()
        return response
    except web.HTTPException as other:
        code = other.reason.lower().replace(" ", "_")
        return _json(ProtocolError(other.status, other.reason, code=code).body(), other.status)
    except Exception as error:
        # An error's own words may repeat what was asked, so only its kind and place are recorded.
        place = extract_tb(error.__traceback__)[-1]
        logging.getLogger(__name__).error("%s in %s:%s", type(error).__name__, place.name, place.lineno)
        return _json(ProtocolError(500, "The desk failed.", kind="server_error", code="internal_error").body(), 500)


async def _complete(request: web.Request) -> web.StreamResponse:
    # A page in a browser cannot send this type to another origin unasked.
    packed = request.headers.get("Content-Encoding", "identity") != "identity"
    if request.content_type != "application/json" or packed:
        raise ProtocolError(415, "Send application/json, not compressed.", code="unsupported_media_type")
    try:
        async with asyncio.timeout(_SLOWEST_BODY):
            body = await request.read()
    except TimeoutError:
        raise ProtocolError(408, "The body came too slowly.", code="request_timeout") from None
    wanted = read_request(body)
    reply = request.app[_DESK].reply(wanted.turns)
    done = finish(wanted, reply.text, filtered=reply.declined is not None)
    created, fingerprint = int(time()), request.app[_FINGERPRINT]
    if not wanted.stream:
        return _json(completion(done, created, fingerprint))
    response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for chunk in chunks(done, created, fingerprint, usage=wanted.usage_in_stream):
        await response.write(chunk)
    await response.write_eof()
    return response


async def _models(_: web.Request) -> web.Response:
    listed = {"id": MODEL, "object": "model", "created": 0, "owned_by": "shiokaze-city"}
    return _json({"object": "list", "data": [listed]})


async def _health(request: web.Request) -> web.Response:
    desk = request.app[_DESK]
    guard = "on" if desk.guarded else "off"
    return _json({"status": "ok", "guard": guard, "documents": len(desk.library.documents)})


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json", headers=_HEADERS
    )


def fingerprint_of(*, guarded: bool, planted: bool) -> str:
    """Return a digest of the documents, the program and its settings."""
    digest = sha256(f"{guarded} {planted}".encode())
    folders = [DOCUMENTS, Path(__file__).parent, *([PLANTED] if planted else [])]
    for path in sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix != ".pyc" and path.is_file()
    ):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"fp_{digest.hexdigest()[:16]}"


async def serve(port: int, *, guarded: bool, planted: bool) -> None:
    """Serve until a signal comes. port: 0 takes a free one."""
    app = make_app(Desk(guarded=guarded, planted=planted), fingerprint_of(guarded=guarded, planted=planted))
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=5)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            # Windows has no such handlers; there the interrupt ends the loop itself.
            with suppress(NotImplementedError):
                loop.add_signal_handler(each, stop.set)
        print(f"listening on http://{LOOPBACK}:{runner.addresses[0][1]}/v1", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
    print("stopped", flush=True)


def main() -> None:
    """Run the server that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m desk.server", description="The question desk of Shiokaze City.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--guard", choices=["on", "off"], default="on")
    parser.add_argument("--planted", action="store_true", help="also load the documents of the attack")
    given = parser.parse_args()
    try:
        asyncio.run(serve(given.port, guarded=given.guard == "on", planted=given.planted))
    except KeyboardInterrupt:
        return
    except OSError as error:
        sys.exit(f"Port {given.port} cannot be used: {error.strerror}. Give another one, or 0 for a free one.")


if __name__ == "__main__":
    main()
