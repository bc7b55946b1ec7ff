"""A seat on another machine: fetch the case, check it, judge, vote, and keep the proof.

The coordinator at the other end is not trusted: sizes are limited, redirects are not followed, and an answer that does
not prove that the votes are in the log counts as none.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from shinrai.council.case import Opinion
from shinrai.council.case_file import CouncilCase, read_case
from shinrai.council.exchange import MAX_FILE, read_statements, statements_of
from shinrai.council.member import Member, Proof, Vote, proven
from shinrai.language import ShinraiError, message
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, strict_json, unbase64
from shinrai_verify.encoding import field as get
from shinrai_verify.note import NoteKey
from shinrai_verify.trust import Policy

MAX_CASE = 4 * 1024**3
MAX_ANSWER = 64 * 1024 * 1024
_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
Judging = Callable[[CouncilCase], Mapping[str, Opinion]]


class UnreachableError(ShinraiError):
    """The coordinator cannot be reached, or what it answers is nothing that was asked for."""


@dataclass(frozen=True, slots=True)
class SeatSetting:
    """How a seat attends. folder: for the case and, where they were not logged, the votes. patience: seconds to try."""

    url: str
    policy: Policy
    folder: Path
    patience: float = 60.0


@dataclass(frozen=True, slots=True)
class Attended:
    """What a seat did. proofs: one for each statement sent; empty where the coordinator gave none that holds."""

    votes: tuple[Vote, ...]
    proofs: tuple[Proof, ...]
    case: CouncilCase

    @property
    def logged(self) -> bool:
        """Whether the votes are proven to be in the log."""
        return bool(self.proofs)


async def attend(setting: SeatSetting, member: Member, judge: Judging) -> Attended:
    """Attend one round. Raises ShinraiError where the round is not in order or the coordinator cannot be reached."""
    parts = urlsplit(setting.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ShinraiError(
            message("The address of the coordinator is no plain http or https address."),
            fix=message("Write it like `https://council.example:8443`."),
        )
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
    async with aiohttp.ClientSession(
        timeout=timeout, auto_decompress=False, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        return await _Attendance(setting, member, session).carry_out(judge)


class _Attendance:
    def __init__(self, setting: SeatSetting, member: Member, session: aiohttp.ClientSession) -> None:
        self._setting, self._member, self._session = setting, member, session
        self._turns: tuple[NoteKey, ...] = ()
        self._base = setting.url.rstrip("/")
        self._end = asyncio.get_running_loop().time() + setting.patience

    async def carry_out(self, judge: Judging) -> Attended:
        self._setting.folder.mkdir(parents=True, exist_ok=True)
        file = self._setting.folder / f"{self._member.name}.case.zip"
        await self._patiently(lambda: self._fetch("/case", file))
        case = await asyncio.to_thread(read_case, file, self._setting.policy)
        logged = await self._patiently(lambda: self._recalled(case))
        self._member.compare(case, logged)
        self._turns = case.log.trust[-1].turns
        votes = await self._judged(case, judge)
        kept = self._setting.folder / f"{self._member.name}.votes.jsonl"
        # Before anything is sent, so that a vote that is hidden can be shown to everybody.
        kept.write_bytes(b"".join(envelope.to_bytes() + b"\n" for envelope in statements_of(votes)))
        if case.opened.sealed:
            await self._commit(case, votes)
        proofs = await self._patiently(lambda: self._send(statements_of(votes)))
        return Attended(tuple(votes), tuple(proofs), case)

    async def _judged(self, case: CouncilCase, judge: Judging) -> list[Vote]:
        """Judge, or after a restart take what was written down: a second judgement could differ."""
        before = self._member.recall(case)
        if {vote.control for vote in before} >= set(case.opened.controls):
            return before
        opinions = await asyncio.to_thread(judge, case)
        return self._member.vote(case, opinions)

    async def _commit(self, case: CouncilCase, votes: Sequence[Vote]) -> None:
        if (await self._patiently(self._phase)) == "committing":
            await self._patiently(lambda: self._send([self._member.commitment(case, votes)]))
        pause = _PAUSE
        while (await self._patiently(self._phase)) == "committing":
            if asyncio.get_running_loop().time() > self._end:
                raise UnreachableError(message("The coordinator does not end the commitments of the sealed round."))
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 1.5 * pause)

    async def _phase(self) -> str:
        record = strict_json(await self._get("/status"), "status", limit=MAX_ANSWER)
        return str(get(record, "phase", str, "status"))

    async def _recalled(self, case: CouncilCase) -> list[Envelope]:
        asked = self._member.recall_request(case)
        data = await self._post("/recall", asked.to_bytes() + b"\n")
        return read_statements(data, "recall") if data else []

    async def _send(self, envelopes: Sequence[Envelope]) -> list[Proof]:
        data = await self._post("/votes", b"".join(envelope.to_bytes() + b"\n" for envelope in envelopes))
        record = strict_json(data, "the proofs", limit=MAX_ANSWER)
        proofs = [_proof(entry) for entry in get(record, "proofs", list, "the proofs")]
        keys = self._setting.policy.outside.in_turn(self._turns).logs
        if len(proofs) != len(envelopes) or not all(
            proven(envelope, Statement.from_bytes(envelope.payload, "a vote").predicate_type, proof, keys)
            for envelope, proof in zip(envelopes, proofs, strict=True)
        ):
            raise UnreachableError(message("The coordinator does not prove that the votes are in the log."))
        return proofs

    async def _patiently(self, step: Callable[[], Any]) -> Any:
        """Try again while the coordinator is away, as long as the seat has patience."""
        pause = _PAUSE
        while True:
            try:
                return await step()
            except (aiohttp.ClientError, TimeoutError, OSError, UnreachableError, Fault) as error:
                if asyncio.get_running_loop().time() + pause > self._end:
                    raise UnreachableError(
                        message("The coordinator cannot be reached, or answers with nothing of use."),
                        fix=message("Your votes, if you gave any, are kept in {folder}.", folder=self._setting.folder),
                    ) from error
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    async def _get(self, path: str) -> bytes:
        async with self._session.get(self._base + path, allow_redirects=False) as response:
            return await _body(response)

    async def _post(self, path: str, data: bytes) -> bytes:
        async with self._session.post(self._base + path, data=data, allow_redirects=False) as response:
            return await _body(response)

    async def _fetch(self, path: str, file: Path) -> None:
        async with self._session.get(self._base + path, allow_redirects=False) as response:
            if response.status != 200:
                raise UnreachableError(message("The coordinator answers with status {code}.", code=response.status))
            read = 0
            with file.open("wb") as stream:
                async for part in response.content.iter_chunked(1024 * 1024):
                    read += len(part)
                    if read > MAX_CASE:
                        raise ShinraiError(message("The case has more than {limit} bytes.", limit=MAX_CASE))
                    await asyncio.to_thread(stream.write, part)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for part in response.content.iter_chunked(65_536):
        data += part
        if len(data) > MAX_FILE:
            raise UnreachableError(message("The coordinator answers with more than is read."))
    if response.status in (400, 403, 409):
        # A refusal is an answer: trying again would not help. Its text is the coordinator's and is not believed.
        raise ShinraiError(message("The coordinator refuses (status {code}).", code=response.status))
    if response.status != 200:
        raise UnreachableError(message("The coordinator answers with status {code}.", code=response.status))
    return bytes(data)


def _proof(entry: Any) -> Proof:
    what = "a proof"
    path = tuple(unbase64(node, what) for node in get(entry, "path", list, what))
    return Proof(get(entry, "index", int, what), path, get(entry, "checkpoint", str, what).encode())
