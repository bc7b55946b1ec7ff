"""A streamed chat completion, put together from server-sent events as its bytes arrive.

Source: the WHATWG HTML standard, server-sent events, and the chunk object of the chat-completions reference.
"""

from dataclasses import dataclass

import msgspec

from shinrai.evaluate.sample import Answer, FaultKind, ToolCall
from shinrai.evaluate.targets.chat_wire import Usage, decoded, finished_text, malformed
from shinrai.evaluate.targets.target import TargetError

_DONE = b"[DONE]"
_MOST_CALLS = 128


class _FunctionDelta(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _CallDelta(msgspec.Struct):
    index: int = 0
    function: _FunctionDelta | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_CallDelta] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None
    index: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    model: str | None = None
    usage: Usage | None = None
    error: msgspec.Raw = msgspec.Raw()


_chunk = msgspec.json.Decoder(_Chunk)


@dataclass(slots=True)
class _GrowingCall:
    name: str
    arguments: list[str]


class StreamedAnswer:
    """The answer so far. Feed it bytes; ask for the answer when the stream has ended."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0
        self._event: list[bytes] = []
        self._text: list[str] | None = None
        self._refusal: list[str] = []
        self._calls: dict[int, _GrowingCall] = {}
        self._finish: str | None = None
        self._model: str | None = None
        self._usage = Usage()
        self.done = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes, cut anywhere. TargetError: an event is not what the protocol says, or an error."""
        self._rest += data
        start = 0
        # Only what is new is searched, so that a stream of single bytes costs no more than one of large parts.
        while not self.done and (end := self._rest.find(b"\n", self._searched)) >= 0:
            self._line(bytes(self._rest[start:end]).rstrip(b"\r"))
            start = self._searched = end + 1
        del self._rest[:start]
        self._searched = len(self._rest)

    def answer(self, seconds: float) -> Answer:
        """Return the whole answer. TargetError(CUT): the stream ended before it said that it was finished."""
        if not self.done and self._finish is None and [*self._event, bytes(self._rest).strip()] != [b"data: " + _DONE]:
            raise TargetError(FaultKind.CUT, "the stream ended in the middle of the answer", transient=True)
        calls = tuple(ToolCall(call.name, "".join(call.arguments)) for _, call in sorted(self._calls.items()))
        return Answer(
            text=finished_text(
                None if self._text is None else "".join(self._text), "".join(self._refusal), calls, self._finish
            ),
            finish=self._finish,
            tool_calls=calls,
            model=self._model,
            input_tokens=self._usage.prompt_tokens,
            output_tokens=self._usage.completion_tokens,
            seconds=seconds,
        )

    def _line(self, line: bytes) -> None:
        if not line:
            if self._event:
                self._dispatch(b"\n".join(self._event))
                self._event.clear()
        elif line.startswith(b"data:"):
            self._event.append(line[6:] if line[5:6] == b" " else line[5:])

    def _dispatch(self, data: bytes) -> None:
        if data == _DONE:
            self.done = True
            return
        chunk = decoded(_chunk, data)
        if bytes(chunk.error) not in (b"", b"null"):
            raise TargetError(FaultKind.SERVER_ERROR, "the stream ended in an error event", transient=True)
        self._model = chunk.model or self._model
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._finish = choice.finish_reason or self._finish
                if choice.delta:
                    self._grow(choice.delta)

    def _grow(self, delta: _Delta) -> None:
        if delta.content is not None:
            if self._text is None:
                self._text = []
            self._text.append(delta.content)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        for part in delta.tool_calls or ():
            call = self._calls.setdefault(part.index, _GrowingCall("", []))
            if len(self._calls) > _MOST_CALLS:
                raise malformed("the answer calls more tools than can be read")
            if part.function:
                call.name = part.function.name or call.name
                call.arguments.append(part.function.arguments or "")
