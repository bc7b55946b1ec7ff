"""The coordinator over HTTP. Members bring their own checks, so nothing here has to be believed.

GET /round and /status say where the round stands, GET /case gives the case, POST /votes takes signed statements (one a
line) and answers with proofs of their places in the log, POST /recall gives a member what it has in the log, and GET
/record gives everything once the round is closed. How anybody voted is told to nobody before that.
"""

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from aiohttp import web

from shinrai.council.coordinator import Coordinator, RoundStatus
from shinrai.council.exchange import read_statements
from shinrai.council.member import Proof
from shinrai.council.rounds import RECALL
from shinrai.language import Message, ShinraiError, message
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault
from shinrai_verify.keys import verifies

MAX_SUBMISSION = 32 * 1024 * 1024
_LOOK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class ServedRound:
    """What is served. case: the file that members get. record: where the record is written when the round closes.

    seconds: after which each phase ends, whoever is missing; it ends earlier when everybody has voted.
    """

    coordinator: Coordinator
    case: Path
    seconds: float
    record: Path | None = None


class RoundServer:
    """One round over HTTP. `finished` is set when the round is closed."""

    def __init__(self, served: ServedRound) -> None:
        self._served, self._coordinator = served, served.coordinator
        self._lock = asyncio.Lock()
        self._status = self._coordinator.status()
        self.finished = asyncio.Event()
        self._changed = asyncio.Event()

    def application(self) -> web.Application:
        """Return the application."""
        made = web.Application(client_max_size=MAX_SUBMISSION)
        made.add_routes(
            [
                web.get("/round", self._round),
                web.get("/status", self._show_status),
                web.get("/case", self._case),
                web.get("/record", self._record),
                web.post("/votes", self._votes),
                web.post("/recall", self._recall),
            ]
        )
        return made

    async def run(self) -> None:
        """Lead the round through its phases until it is closed."""
        if self._status.phase == "committing":
            await self._until_all_have_come()
            await self._change(self._coordinator.reveal)
        if self._status.phase == "voting":
            await self._until_all_have_come()
        await self._change(lambda: self._coordinator.close())
        self.finished.set()

    async def _until_all_have_come(self) -> None:
        end = monotonic() + self._served.seconds
        while self._status.waiting and (left := end - monotonic()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(min(left, _LOOK_AGAIN)):
                    await self._changed.wait()
            except TimeoutError:
                # Votes also come by file and from the terminal, past this server and into the same log.
                await self._change(lambda: None)

    async def _change(self, step: Any) -> Any:
        """Do one thing to the log after the other, off the loop: each waits for the disk."""
        async with self._lock:
            done = await asyncio.to_thread(step)
            self._status = await asyncio.to_thread(self._coordinator.status)
        self._changed.set()
        return done

    async def _round(self, _request: web.Request) -> web.Response:
        opened = self._coordinator.opened
        return web.json_response({"round": opened.id, "sealed": opened.sealed, **_shown(self._status)})

    async def _show_status(self, _request: web.Request) -> web.Response:
        return web.json_response(_shown(self._status))

    async def _case(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self._served.case, headers={"Content-Type": "application/zip"})

    async def _record(self, _request: web.Request) -> web.StreamResponse:
        if self._served.record is None or not self._served.record.exists() or not self.finished.is_set():
            return _refusal(404, message("The round is not closed, so its record is not given out."))
        return web.FileResponse(self._served.record, headers={"Content-Type": "application/zip"})

    async def _votes(self, request: web.Request) -> web.Response:
        try:
            envelopes = read_statements(await request.read(), "votes")
            proofs: list[Proof] = await self._change(lambda: self._coordinator.accept(envelopes))
        except ShinraiError as error:
            return _refusal(409 if self._status.phase == "closed" else 400, error.what)
        return web.json_response({"proofs": [proof_record(proof) for proof in proofs]})

    async def _recall(self, request: web.Request) -> web.Response:
        """Give a member what it has in the log; it asks with its signature, as nobody else may know before the end."""
        try:
            asked = read_statements(await request.read(), "recall")[0]
            member = self._asking(asked)
        except (Fault, ShinraiError):
            member = None
        if member is None:
            return _refusal(403, message("Only a member of this round is told what it has in the log."))
        async with self._lock:
            leaves = await asyncio.to_thread(self._coordinator.leaves, [member])
        return web.Response(body=b"".join(leaf.envelope.to_bytes() + b"\n" for leaf in leaves))

    def _asking(self, asked: Envelope) -> str | None:
        statement = Statement.from_bytes(asked.payload, "recall")
        if statement.predicate_type != RECALL or statement.predicate.get("round") != self._coordinator.opened.id:
            return None
        for member in self._coordinator.roster.members:
            if any(verifies(member.public, signature.sig, asked.pae) for signature in asked.signatures):
                return member.id
        return None


def _shown(status: RoundStatus) -> dict[str, Any]:
    return {"phase": status.phase, "waiting": len(status.waiting)}


def _refusal(code: int, why: Message) -> web.Response:
    said = why.both()
    return web.json_response({"error": {"en": said.en, "ja": said.ja}}, status=code)


def proof_record(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON carries it."""
    return {
        "checkpoint": proof.checkpoint.decode(),
        "index": proof.index,
        "path": [base64.b64encode(node).decode() for node in proof.path],
    }


async def serve(served: ServedRound, host: str, port: int, ready: Any = None) -> RoundStatus:
    """Serve a round until it is closed. ready: called with the port that is listened on."""
    server = RoundServer(served)
    runner = web.AppRunner(server.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        if ready is not None:
            ready(runner.addresses[0][1])
        await server.run()
        return server._status
    finally:
        await runner.cleanup()
