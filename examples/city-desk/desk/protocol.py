"""The chat-completions protocol: what a request may say, and how answers and errors are written.

Requests are read strictly and within limits. An error says what was wrong and never repeats what was sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec

from desk.replying import Turn

MODEL: Final = "shiokaze-desk"
MOST_BYTES: Final = 262_144
MOST_CHARACTERS: Final = 64_000
LONGEST_MESSAGE: Final = 20_000
_PIECE: Final = 12
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9\s]")


class _Part(msgspec.Struct):
    type: str
    text: str = ""


class _Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


_Share = Annotated[float, msgspec.Meta(ge=0, le=2)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class _Request(msgspec.Struct):
    model: str
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1, max_length=200)]
    stream: bool = False
    stream_options: _StreamOptions | None = None
    temperature: _Share | None = None
    top_p: _Share | None = None
    max_tokens: _Count | None = None
    max_completion_tokens: _Count | None = None
    n: int | None = None
    stop: str | Annotated[list[str], msgspec.Meta(max_length=4)] | None = None
    seed: int | None = None
    tools: list[Any] | None = None


_requests: Final = msgspec.json.Decoder(_Request)


class ProtocolError(Exception):
    """A request that cannot be answered. param: the field that is wrong, None where it is the whole request."""

    def __init__(
        self,
        status: int,
        text: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.param, self.code, self.kind = status, text, param, code, kind

    def body(self) -> dict[str, object]:
        """Return the error object of the protocol."""
        return {"error": {"message": self.text, "type": self.kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that can be answered. most: tokens of the answer at most. stop: texts before which it ends."""

    turns: tuple[Turn, ...]
    stream: bool
    usage_in_stream: bool
    most: int | None
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """An answer as it is sent. finish: `stop`, `length` or `content_filter`."""

    id: str
    text: str
    finish: str
    asked: int
    said: int

    def usage(self) -> dict[str, int]:
        """Return the tokens of prompt and answer, counted as words and signs."""
        return {
            "prompt_tokens": self.asked,
            "completion_tokens": self.said,
            "total_tokens": self.asked + self.said,
        }


def read_request(body: bytes) -> Wanted:
    """Read a request.

    ProtocolError: 400 where it is no JSON or too long, 404 for another model, 422 where it asks what cannot be done.
    """
    try:
        request = _requests.decode(body)
    except msgspec.ValidationError:
        raise _invalid("A field is missing or has a value that it cannot have.", None) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ProtocolError(400, "The body is not valid JSON.", code="invalid_json") from None
    if request.model != MODEL:
        raise ProtocolError(404, "There is no such model.", param="model", code="model_not_found")
    if request.n not in (None, 1):
        raise _invalid("Only one answer can be given.", "n")
    if request.tools:
        raise _invalid("This desk calls no tools.", "tools")
    turns = tuple(_turn(message) for message in request.messages)
    if max(len(turn.text) for turn in turns) > LONGEST_MESSAGE or sum(len(t.text) for t in turns) > MOST_CHARACTERS:
        raise ProtocolError(
            400,
            f"At most {LONGEST_MESSAGE} characters in a message and {MOST_CHARACTERS} in all.",
            param="messages",
            code="context_length_exceeded",
        )
    if turns[-1].speaker != "user":
        raise _invalid("The last message has to be the user's.", "messages")
    stop = (request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ())
    limits = [limit for limit in (request.max_tokens, request.max_completion_tokens) if limit is not None]
    usage = request.stream_options is not None and request.stream_options.include_usage
    return Wanted(turns, request.stream, usage, min(limits, default=None), tuple(filter(None, stop)))


def _turn(message: _Message) -> Turn:
    content = message.content or ""
    if not isinstance(content, str):
        if any(part.type != "text" for part in content):
            raise _invalid("Only text can be read.", "messages")
        content = "\n".join(part.text for part in content)
    return Turn("system" if message.role == "developer" else message.role, content)


def _invalid(text: str, param: str | None) -> ProtocolError:
    return ProtocolError(422, text, param=param, code="invalid_value")


def finish(wanted: Wanted, text: str, *, filtered: bool) -> Finished:
    """Cut an answer where the request says so, and count it. filtered: whether a guard declined the question."""
    ends = [at for stop in wanted.stop if (at := text.find(stop)) >= 0]
    text = text[: min(ends, default=len(text))]
    tokens = list(_TOKEN.finditer(text))
    reason = "content_filter" if filtered else "stop"
    if wanted.most is not None and len(tokens) > wanted.most:
        text, reason = text[: tokens[wanted.most - 1].end()], "length"
        tokens = tokens[: wanted.most]
    asked = sum(len(_TOKEN.findall(turn.text)) for turn in wanted.turns)
    # The same request gets the same answer, so it may as well get the same id.
    digest = sha256(
        "\0".join([text, *(f"{turn.speaker}\0{turn.text}" for turn in wanted.turns)]).encode("utf-8", "replace")
    )
    return Finished(f"chatcmpl-{digest.hexdigest()[:24]}", text, reason, asked, len(tokens))


def completion(done: Finished, created: int, fingerprint: str) -> dict[str, object]:
    """Return the body of an answer that is sent in one piece."""
    message = {"role": "assistant", "content": done.text, "refusal": None}
    return {
        **_head(done, "chat.completion", created, fingerprint),
        "choices": [{"index": 0, "message": message, "finish_reason": done.finish, "logprobs": None}],
        "usage": done.usage(),
    }


def chunks(done: Finished, created: int, fingerprint: str, *, usage: bool) -> Iterator[bytes]:
    """Yield the events of an answer that is streamed."""
    head = _head(done, "chat.completion.chunk", created, fingerprint)
    pieces = [done.text[at : at + _PIECE] for at in range(0, len(done.text), _PIECE)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": piece}, None) for piece in pieces]
    deltas.append(({}, done.finish))
    for delta, reason in deltas:
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    if usage:
        yield _event({**head, "choices": [], "usage": done.usage()})
    yield b"data: [DONE]\n\n"


def _head(done: Finished, kind: str, created: int, fingerprint: str) -> dict[str, object]:
    return {"id": done.id, "object": kind, "created": created, "model": MODEL, "system_fingerprint": fingerprint}


def _event(body: object) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
