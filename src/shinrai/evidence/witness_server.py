"""A witness over HTTP: `POST /add-checkpoint`, and `GET /checkpoint?origin=…` for those who compare what they saw."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from shinrai.evidence.witness import MAX_REQUEST_BYTES, Answer, WitnessService
from shinrai.language import ShinraiError, message

if TYPE_CHECKING:
    from aiohttp import web


def application(service: WitnessService) -> "web.Application":
    """Return the application; decisions are taken in threads, since they wait for the disk."""
    from aiohttp import web

    async def add_checkpoint(request: web.Request) -> web.Response:
        return _response(await asyncio.to_thread(service.add_checkpoint, await request.read()))

    async def checkpoint(request: web.Request) -> web.Response:
        note = await asyncio.to_thread(service.newest, request.query.get("origin", ""))
        return _response(Answer(404, "this log is not known here\n") if note is None else Answer(200, note.decode()))

    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app.router.add_post("/add-checkpoint", add_checkpoint)
    app.router.add_get("/checkpoint", checkpoint)
    return app


def _response(answer: Answer) -> "web.Response":
    from aiohttp import web

    kind = {"Content-Type": answer.media_type}
    return web.Response(status=answer.status, body=answer.body.encode(), headers=kind)


def serve(service: WitnessService, host: str, port: int, told: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM. told: gets the address when it is listening, with the port if it was 0."""
    asyncio.run(_serve(service, host, port, told))


async def _serve(service: WitnessService, host: str, port: int, told: Callable[[str], None]) -> None:
    import signal

    from aiohttp import web

    runner = web.AppRunner(application(service), access_log=None)
    await runner.setup()
    try:
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
        except OSError as error:
            raise ShinraiError(
                message("Nothing can listen at {host}:{port}: {reason}.", host=host, port=port, reason=error.strerror),
                fix=message("Choose another address with --listen."),
            ) from None
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        bound = runner.addresses[0]
        told(f"http://{bound[0]}:{bound[1]}")
        await stop.wait()
    finally:
        await runner.cleanup()
