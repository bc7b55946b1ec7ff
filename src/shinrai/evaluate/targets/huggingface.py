"""A language model in a local folder as a target, loaded by transformers (extra `huggingface`).

The model is read from safetensors in the folder and from nowhere else: no pickles, no code that comes with a model, no
look-up of anything. Questions that wait at the same time are answered as one batch. What a prompt becomes is what a
chat endpoint would be sent; tools and images are refused, since whether and how a model takes them is its own secret.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, Prompt, Speaker
from shinrai.evaluate.targets import chat_wire
from shinrai.evaluate.targets.huggingface_files import check_folder, model_digests
from shinrai.evaluate.targets.huggingface_model import (
    Decoding,
    LocalModel,
    Made,
    Question,
    device_kind,
    library_versions,
)
from shinrai.evaluate.targets.target import TargetError, Watch
from shinrai.language import ShinraiError, message

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,2})?")
_DTYPES = ("auto", "float32", "bfloat16", "float16")
_GATHER_SECONDS = 0.01
_MOST_TOKENS = 131_072
_LARGEST_BATCH = 1024
_HEAD = b'{"model":"local"'


@dataclass(frozen=True, slots=True)
class HuggingFaceTarget:
    """Which model, and how it answers.

    folder: as transformers saves a model, with a chat template. system: instructions before those of the prompt.
    max_new_tokens: of one answer. temperature: None takes the most likely token each time, and repeats are then alike.
    seed: of all draws; every question, repeat and turn draws its own. batch: questions answered together.
    device: `auto`, `cpu`, `mps`, `cuda` or `cuda:1`. dtype: of the numbers, `auto` takes the model's own.
    """

    id: str
    folder: Path
    system: str | None = None
    max_new_tokens: int = 512
    temperature: float | None = None
    top_p: float = 1.0
    seed: int = 0
    batch: int = 8
    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        warm = self.temperature is None or 0 < self.temperature <= 10
        sound = {
            "max_new_tokens": (1 <= self.max_new_tokens <= _MOST_TOKENS, f"1–{_MOST_TOKENS}"),
            "temperature": (warm, "0 < temperature ≤ 10"),
            "top_p": (0 < self.top_p <= 1, "0 < top_p ≤ 1"),
            "seed": (0 <= self.seed < 2**63, "0 ≤ seed < 2⁶³"),
            "batch": (1 <= self.batch <= _LARGEST_BATCH, f"1–{_LARGEST_BATCH}"),
        }
        for name, (within, span) in sound.items():
            if not within:
                raise ShinraiError(
                    message("The setting {name} of the local model is out of its range.", name=name),
                    fix=message("Its range is {range}.", range=span),
                )
        if not _DEVICE.fullmatch(self.device) or self.dtype not in _DTYPES:
            raise ShinraiError(
                message("The local model is to run on a device, or with numbers, that nobody knows."),
                fix=message(
                    "device is one of auto, cpu, mps, cuda, cuda:0; dtype is one of {dtypes}.",
                    dtypes=", ".join(_DTYPES),
                ),
            )

    @property
    def most_at_once(self) -> int:
        """One batch."""
        return self.batch

    def identity(self) -> Mapping[str, object]:
        """Return the digests of the model's files and all that decides how it answers, versions of libraries included.

        The size of the batch is part of it, since it changes the order in which numbers are added up.
        """
        return {
            "kind": "huggingface",
            "rendering": chat_wire.RENDERING,
            "files": model_digests(self.folder),
            "libraries": library_versions(),
            "system": self.system,
            "max_new_tokens": self.max_new_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "batch": self.batch,
            "device": device_kind(self.device),
            "dtype": self.dtype,
        }

    @asynccontextmanager
    async def open(self) -> AsyncIterator["HuggingFaceRespondent"]:
        """Load the model; ShinraiError where the extra is not installed or the folder is not what it should be."""
        check_folder(self.folder)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="model") as thread:
            model = await loop.run_in_executor(thread, LocalModel, self.folder, self.device, self.dtype)
            respondent = HuggingFaceRespondent(self, model, thread)
            try:
                yield respondent
            finally:
                await respondent.close()


class _Waiting:
    """A question with the one who waits for its answer."""

    __slots__ = ("question", "result")

    def __init__(self, question: Question, result: "asyncio.Future[Made]") -> None:
        self.question = question
        self.result = result


class HuggingFaceRespondent:
    """A model that is loaded."""

    def __init__(self, target: HuggingFaceTarget, model: LocalModel, thread: ThreadPoolExecutor) -> None:
        self._target = target
        self._decoding = Decoding(target.max_new_tokens, target.temperature, target.top_p)
        self._model = model
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Waiting] = []
        self._asked = asyncio.Event()
        self._closed = False
        self._server = self._loop.create_task(self._serve())

    async def reply(self, sample: PlannedSample, answers: Sequence[Answer], watch: Watch) -> Answer:
        """Ask once, together with the others that wait; see Respondent."""
        if self._closed:
            raise TargetError(FaultKind.UNREACHABLE, "the model is no longer loaded")
        started = self._loop.time()
        conversation = conversation_of(self._target.system, sample.prompt, answers)
        result: asyncio.Future[Made] = self._loop.create_future()

        def heard() -> None:
            watch.heard = self._loop.time()

        def seed_of(tokens: Sequence[int]) -> int:
            return _seed(self._target.seed, sample.repeat, tokens)

        def wanted() -> bool:
            return not (result.done() or self._closed)

        self._waiting.append(_Waiting(Question(conversation, seed_of, wanted, heard), result))
        self._asked.set()
        # A reply that is cancelled cancels its result, by which the model learns that nobody waits.
        made = await result
        return Answer(
            made.text,
            made.finish,
            input_tokens=made.input_tokens,
            output_tokens=made.output_tokens,
            seconds=self._loop.time() - started,
        )

    async def close(self) -> None:
        """Let the model stop at its next token, and wait for that."""
        self._closed = True
        self._asked.set()
        await self._server
        for each in self._waiting:
            each.result.cancel()

    async def _serve(self) -> None:
        while not self._closed:
            await self._asked.wait()
            if len(self._waiting) < self._target.batch:
                # Workers that were answered together ask again together, one after the other.
                await asyncio.sleep(_GATHER_SECONDS)
            batch, self._waiting = self._waiting[: self._target.batch], self._waiting[self._target.batch :]
            if not self._waiting:
                self._asked.clear()
            batch = [each for each in batch if each.question.wanted()]
            if batch:
                await self._take(batch)

    async def _take(self, batch: Sequence[_Waiting]) -> None:
        questions = [each.question for each in batch]
        results: Sequence[Made | TargetError]
        try:
            results = await self._loop.run_in_executor(self._thread, self._model.answer, questions, self._decoding)
        except Exception as error:
            results = [self._fault(error)] * len(batch)
        for each, made in zip(batch, results, strict=True):
            with suppress(asyncio.InvalidStateError):
                if isinstance(made, TargetError):
                    each.result.set_exception(made)
                else:
                    each.result.set_result(made)

    def _fault(self, error: Exception) -> TargetError:
        if self._model.no_memory_left(error):
            return TargetError(FaultKind.SERVER_ERROR, "the device has no memory left", transient=True, busy=True)
        return TargetError(FaultKind.SERVER_ERROR, f"the model broke off ({type(error).__name__})")


def conversation_of(system: str | None, prompt: Prompt, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the messages that a chat endpoint would be sent; TargetError(REFUSED) for tools and images."""
    if prompt.tools or any(turn.speaker is Speaker.TOOL for turn in prompt.turns):
        raise TargetError(FaultKind.REFUSED, "a local model is given no tools")
    if any(turn.images for turn in prompt.turns):
        raise TargetError(FaultKind.REFUSED, "a local model is shown no images")
    body = chat_wire.request_body(_HEAD, None, system, prompt, answers)
    messages: list[dict[str, Any]] = msgspec.json.decode(body)["messages"]
    return messages


def _seed(seed: int, repeat: int, tokens: Sequence[int]) -> int:
    parts = msgspec.json.encode([seed, repeat, list(tokens)])
    return int.from_bytes(hashlib.sha256(parts).digest()[:8], "big") >> 1
