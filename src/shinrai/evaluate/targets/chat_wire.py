"""The chat-completions protocol as pure functions: a prompt to a request body, a response body to an answer.

Everything a server sends is parsed strictly: a body that is not exactly what the protocol says is MALFORMED, and no
text is ever cut out of it. Source: the published reference of the `/chat/completions` endpoint, which vLLM, llama.cpp,
Ollama, Azure and others serve as well.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, TypeVar

import msgspec

from shinrai.evaluate.sample import Answer, Document, FaultKind, Prompt, Speaker, Tool, ToolCall, Turn
from shinrai.evaluate.targets.target import TargetError

RENDERING = 1
"""Version of how prompts become messages; part of the target's identity, as it changes what the system reads."""

OURS = frozenset({"model", "messages", "stream", "stream_options", "tools", "n"})
"""Fields of a request that only this module writes."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_NOT_RUN = '{"error":"tools are not run in this evaluation"}'

Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model draws its answer; None is the server's default.

    seed: repeat r of a sample is drawn with seed + r, so that repeats differ and are still reproducible.
    extra: further fields of the request (`reasoning_effort`, `max_completion_tokens`, …) as JSON values.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)

    def fields(self) -> dict[str, object]:
        """Return the fields that are set, by their name in the request."""
        named = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "stop": list(self.stop) or None,
        }
        return {name: value for name, value in named.items() if value is not None} | dict(self.extra)


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _Call(msgspec.Struct):
    function: _Function


class _Part(msgspec.Struct):
    type: str
    text: str = ""


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    tool_calls: list[_Call] | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    """Tokens as the server counts them."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: Usage | None = None


class _ErrorBody(msgspec.Struct):
    code: str | int | None = None
    type: str | None = None


class _Failure(msgspec.Struct):
    error: _ErrorBody


_completion = msgspec.json.Decoder(_Completion)
_failure = msgspec.json.Decoder(_Failure)


def request_head(model: str, sampling: Sampling, *, stream: bool, stream_usage: bool) -> bytes:
    """Return the start of every request body of a target, up to the messages; `seed` is written per sample."""
    fields: dict[str, object] = {"model": model, **sampling.fields()}
    fields.pop("seed", None)
    if stream:
        fields["stream"] = True
        if stream_usage:
            fields["stream_options"] = {"include_usage": True}
    return _encode(fields)[:-1]


def request_body(head: bytes, seed: int | None, system: str | None, prompt: Prompt, answers: Sequence[Answer]) -> bytes:
    """Return the body that asks for the answer to the next turn.

    answers: to the earlier turns; each is sent back as the assistant's words, followed by the next follow-up.
    """
    parts = [head, b',"messages":', _encode(_messages(system, prompt, answers))]
    if prompt.tools:
        parts += [b',"tools":', _tools(prompt.tools)]
    if seed is not None:
        parts += [b',"seed":', str(seed).encode()]
    parts.append(b"}")
    return b"".join(parts)


def _messages(system: str | None, prompt: Prompt, answers: Sequence[Answer]) -> list[dict[str, object]]:
    turns = prompt.turns
    leading = next((i for i, turn in enumerate(turns) if turn.speaker is not Speaker.SYSTEM), len(turns))
    instructions = [text for text in (system, *(turn.text for turn in turns[:leading])) if text]
    # Many chat templates know one system message only, at the very beginning.
    messages: list[dict[str, object]] = (
        [{"role": "system", "content": "\n\n".join(instructions)}] if instructions else []
    )
    last = len(turns) - 1
    for place, turn in enumerate(turns[leading:], start=leading):
        if turn.speaker is Speaker.TOOL:
            messages += _tool_result(turn, place, prompt.tools)
        else:
            text = _with_documents(prompt.documents, turn.text) if place == last and prompt.documents else turn.text
            messages.append({"role": turn.speaker.value, "content": _content(text, turn)})
    for place, (answer, follow_up) in enumerate(zip(answers, prompt.follow_ups, strict=False)):
        messages += _said(answer, place)
        messages.append({"role": "user", "content": follow_up})
    return messages


def _content(text: str, turn: Turn) -> object:
    if not turn.images:
        return text
    images = [
        {
            "type": "image_url",
            "image_url": {"url": f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"},
        }
        for image in turn.images
    ]
    return [{"type": "text", "text": text}, *images]


def _with_documents(documents: Sequence[Document], question: str) -> str:
    shown = [f'<document id="{d.id}" title="{d.title}">\n{d.text}\n</document>' for d in documents]
    return "\n\n".join([*shown, question])


def _said(answer: Answer, place: int) -> list[dict[str, object]]:
    """Return an earlier answer as messages. The protocol wants a result for each call; ours says it was not run."""
    if not answer.tool_calls:
        return [{"role": "assistant", "content": answer.text}]
    ids = [f"call_{place}_{nth}" for nth in range(len(answer.tool_calls))]
    calls = [_call(id_, call.name, call.arguments) for id_, call in zip(ids, answer.tool_calls, strict=True)]
    results: list[dict[str, object]] = [{"role": "tool", "tool_call_id": id_, "content": _NOT_RUN} for id_ in ids]
    return [{"role": "assistant", "content": answer.text or None, "tool_calls": calls}, *results]


def _tool_result(turn: Turn, place: int, tools: Sequence[Tool]) -> list[dict[str, object]]:
    """Return a planned tool result, after the call that the protocol wants before it."""
    id_ = f"planned_{place}"
    call = _call(id_, tools[0].name if tools else "lookup", "{}")
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id_, "content": turn.text},
    ]


def _call(id_: str, name: str, arguments: str) -> dict[str, object]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


@lru_cache(maxsize=256)
def _tools(tools: tuple[Tool, ...]) -> bytes:
    return _encode(
        [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": msgspec.json.decode(tool.parameters),
                },
            }
            for tool in tools
        ]
    )


def read_completion(body: bytes, seconds: float) -> Answer:
    """Read a whole response body. TargetError(MALFORMED): it is not a chat completion with a message in it."""
    completion = decoded(_completion, body)
    if not completion.choices:
        raise malformed("no choice in the response")
    choice = completion.choices[0]
    said, usage = choice.message, completion.usage or Usage()
    calls = tuple(ToolCall(call.function.name, call.function.arguments) for call in said.tool_calls or ())
    return Answer(
        text=finished_text(_content_text(said.content), said.refusal, calls, choice.finish_reason),
        finish=choice.finish_reason,
        tool_calls=calls,
        model=completion.model,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        seconds=seconds,
    )


def _content_text(content: str | list[_Part] | None) -> str | None:
    if content is None or isinstance(content, str):
        return content
    if any(part.type not in ("text", "output_text") for part in content):
        raise malformed("the message has a part that is no text")
    return "".join(part.text for part in content)


def finished_text(content: str | None, refusal: str | None, calls: Sequence[ToolCall], finish: str | None) -> str:
    """Return the words of a finished message; TargetError(MALFORMED) where it has none and no reason for that."""
    if content:
        return content
    if refusal:
        return refusal
    # A filter or a spent token limit is an answer without words; silence without a reason is no answer.
    if content is not None or calls or finish in ("content_filter", "length"):
        return ""
    raise malformed("the message has no content")


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """Decode what a server sent; TargetError(MALFORMED) for whatever is wrong with it."""
    try:
        return decoder.decode(body)
    except RecursionError:
        raise malformed("the JSON is nested too deeply") from None
    except msgspec.ValidationError:
        raise malformed("the JSON has other fields than a chat completion") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise malformed("the response is no JSON") from None


def malformed(detail: str, status: int | None = None) -> TargetError:
    """Make the fault for a response that does not follow the protocol."""
    return TargetError(FaultKind.MALFORMED, detail, status=status)


def error_code(body: bytes, secrets: Sequence[str]) -> str | None:
    """Return the code of an error body if it is a plain word; anything else a server says may hold a secret."""
    try:
        error = _failure.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    for word in (error.code, error.type):
        if isinstance(word, str) and _CODE.fullmatch(word) and not any(word in s or s in word for s in secrets):
            return word
    return None
