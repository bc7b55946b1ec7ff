"""A local program as a target: JSON lines in, JSON lines out, no shell.

The program is started once and answers one line after the other; several copies run where it is allowed. A request is
one object with `turns` (each `speaker`, `text` and, where there are any, `images`), `documents`, `tools` and `repeat`;
the turns hold the whole conversation so far. The answer is one object with `text` and, if it likes, `finish`, `model`,
`input_tokens`, `output_tokens` and `tool_calls` (each `name`, `arguments`); or `error` with a word that says why not.

A program that is too slow, says too much or something else is killed with all it has started, and started anew.
"""

import asyncio
import hashlib
import os
import re
import shutil
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, Speaker, ToolCall, Turn
from shinrai.evaluate.targets.target import TargetError, Watch
from shinrai.language import ShinraiError, message

_LARGEST_DIGESTED = 268_435_456
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
_encode = msgspec.json.Encoder().encode

Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class _Call(msgspec.Struct):
    name: str
    arguments: str = ""


class _Reply(msgspec.Struct, forbid_unknown_fields=True):
    text: str | None = None
    finish: str | None = None
    model: str | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    tool_calls: list[_Call] = msgspec.field(default_factory=list)
    error: str | None = None


_reply = msgspec.json.Decoder(_Reply)


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """How to run the program.

    argv: program and arguments, as they are. folder: where it runs. environment: names of variables it may see, beside
    PATH, HOME and the language. copies: processes that run at the same time. answer_bytes: of one line.
    """

    id: str
    argv: tuple[str, ...]
    folder: Path | None = None
    environment: tuple[str, ...] = ()
    copies: int = 1
    answer_bytes: int = 1_048_576

    @property
    def most_at_once(self) -> int:
        """One sample for each copy."""
        return self.copies

    def identity(self) -> Mapping[str, object]:
        """Return the command with the digests of the files it names: the program, and scripts among its arguments."""
        files = {str(place): _digest(self._file(word)) for place, word in enumerate(self.argv)}
        named = {place: digest for place, digest in files.items() if digest}
        return {"kind": "command", "argv": list(self.argv), "files": named}

    @asynccontextmanager
    async def open(self) -> AsyncIterator["CommandRespondent"]:
        """Make ready to start the program; ShinraiError where there is none."""
        if not self.argv or self._file(self.argv[0]) is None:
            raise ShinraiError(
                message("The program of the target cannot be found."),
                fix=message("Name a program that can be run, as a list: the program, then each argument."),
            )
        respondent = CommandRespondent(self)
        try:
            yield respondent
        finally:
            await respondent.close()

    def _file(self, word: str) -> Path | None:
        found = shutil.which(word, path=os.environ.get("PATH")) if word == self.argv[0] else None
        path = Path(found) if found else (self.folder or Path()) / word
        return path if path.is_file() else None


class CommandRespondent:
    """The running copies of a program."""

    def __init__(self, target: CommandTarget) -> None:
        self._target = target
        self._idle: list[asyncio.subprocess.Process] = []
        self._clock = asyncio.get_running_loop().time

    async def reply(self, sample: PlannedSample, answers: Sequence[Answer], watch: Watch) -> Answer:
        """Ask once; see Respondent."""
        started = self._clock()
        process = self._idle.pop() if self._idle else await self._start()
        try:
            line = await self._exchange(process, request_line(sample, answers))
        except BaseException:
            # Whatever it was doing, its next line would answer another question.
            await _kill(process)
            raise
        watch.heard = self._clock()
        try:
            answer = _answer(line, self._clock() - started)
        except TargetError as error:
            if error.fault.kind is FaultKind.MALFORMED:
                await _kill(process)
            else:
                self._idle.append(process)
            raise
        self._idle.append(process)
        return answer

    async def close(self) -> None:
        """Kill what is running."""
        while self._idle:
            await _kill(self._idle.pop())

    async def _start(self) -> asyncio.subprocess.Process:
        target = self._target
        passed = {name: os.environ[name] for name in (*_PASSED_ON, *target.environment) if name in os.environ}
        try:
            return await asyncio.create_subprocess_exec(
                *target.argv,
                cwd=target.folder,
                env=passed,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=target.answer_bytes,
                start_new_session=True,
            )
        except OSError:
            raise TargetError(FaultKind.UNREACHABLE, "the program cannot be started") from None

    async def _exchange(self, process: asyncio.subprocess.Process, request: bytes) -> bytes:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  (both are pipes)
        try:
            process.stdin.write(request)
            await process.stdin.drain()
            line = await process.stdout.readline()
        except ValueError:
            raise TargetError(FaultKind.TOO_LARGE, "the answer is larger than the limit") from None
        except (OSError, RuntimeError):
            # uvloop says by a RuntimeError that the program closed its end before it was written to.
            line = b""
        if not line.endswith(b"\n"):
            raise TargetError(FaultKind.CUT if line else FaultKind.UNREACHABLE, "the program ended", transient=True)
        return line


def request_line(sample: PlannedSample, answers: Sequence[Answer]) -> bytes:
    """Return the line that asks for the answer to the next turn."""
    prompt = sample.prompt
    turns = [_turn(turn) for turn in prompt.turns]
    for answer, follow_up in zip(answers, prompt.follow_ups, strict=False):
        turns.append({"speaker": Speaker.ASSISTANT.value, "text": answer.text})
        turns.append({"speaker": Speaker.USER.value, "text": follow_up})
    request = {
        "turns": turns,
        "documents": [{"id": d.id, "title": d.title, "text": d.text} for d in prompt.documents],
        "tools": [{"name": t.name, "description": t.description, "parameters": t.parameters} for t in prompt.tools],
        "repeat": sample.repeat,
    }
    return _encode(request) + b"\n"


def _turn(turn: Turn) -> dict[str, object]:
    said: dict[str, object] = {"speaker": turn.speaker.value, "text": turn.text}
    if turn.images:
        images = [{"media_type": image.media_type, "data": b64encode(image.data).decode()} for image in turn.images]
        said["images"] = images
    return said


def _answer(line: bytes, seconds: float) -> Answer:
    try:
        reply = _reply.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise TargetError(FaultKind.MALFORMED, "the line is no answer as described") from None
    if reply.error is not None:
        word = reply.error if _WORD.fullmatch(reply.error) else "error"
        raise TargetError(FaultKind.SERVER_ERROR, f"the program reports {word}", transient=True)
    if reply.text is None and not reply.tool_calls:
        raise TargetError(FaultKind.MALFORMED, "the line has no text")
    return Answer(
        text=reply.text or "",
        finish=reply.finish,
        tool_calls=tuple(ToolCall(call.name, call.arguments) for call in reply.tool_calls),
        model=reply.model,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        seconds=seconds,
    )


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process with all that it has started, and collect it."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


def _digest(file: Path | None) -> str | None:
    """Return the SHA-256 of a file, None where there is none or it is too large to be a program's own text."""
    if file is None or file.stat().st_size > _LARGEST_DIGESTED:
        return None
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
