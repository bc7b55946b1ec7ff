"""A local model at work: loaded from its folder alone, offline, and asked in batches.

torch and transformers belong to the extra `huggingface` and are imported only here, when a model is used. No code that
comes with a model is run, no pickle is read, and nothing is looked up anywhere.

An answer is drawn by adding Gumbel noise to the logits and taking the largest, which samples from their softmax
(Gumbel 1954; Maddison, Tarlow, Minka 2014, NIPS 27). The noise of a row comes from a generator of its own, so that what
is drawn for a question depends on its seed and never on the questions that happen to be in the same batch.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shinrai.evaluate.sample import FaultKind
from shinrai.evaluate.targets.target import TargetError
from shinrai.language import Place, ShinraiError, message

_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
_REASON_CHARACTERS = 200
_TINIEST = 1e-20
Conversation = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How an answer is made. temperature: None takes the most likely token each time; top_p: 1 leaves none out."""

    max_new_tokens: int
    temperature: float | None
    top_p: float


@dataclass(frozen=True, slots=True)
class Question:
    """One conversation that waits for its next words.

    seed_of: the seed of its draws, from the tokens it became. wanted: whether anybody still waits. heard: called at
    every token.
    """

    conversation: Conversation
    seed_of: Callable[[Sequence[int]], int]
    wanted: Callable[[], bool]
    heard: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What the model answered. finish: `stop` where it ended by itself, `length` where the limit of tokens did."""

    text: str
    finish: str
    input_tokens: int
    output_tokens: int


def libraries() -> tuple[Any, Any]:
    """Return torch and transformers, kept off the network; ShinraiError where the extra is not installed."""
    # The hub's client reads these once, when it is first imported.
    os.environ.update(_OFFLINE)
    if "huggingface_hub.constants" in sys.modules:
        sys.modules["huggingface_hub.constants"].HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    try:
        return import_module("torch"), import_module("transformers")
    except ImportError as error:
        raise ShinraiError(
            message("A local model needs {library}, which is not installed.", library=error.name or "transformers"),
            fix=message("Install the extra: pip install 'shinrai[huggingface]'."),
        ) from None


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries whose arithmetic makes the answers."""
    libraries()
    return {name: version(name) for name in ("tokenizers", "torch", "transformers")}


def device_kind(device: str) -> str:
    """Return `cpu`, `cuda` or `mps`: the kind asked for, or the best there is for `auto`."""
    torch, _ = libraries()
    if device != "auto":
        return device.partition(":")[0]
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class LocalModel:
    """A model in memory. It is asked from one thread at a time."""

    def __init__(self, folder: Path, device: str, dtype: str) -> None:
        self._torch, self._transformers = libraries()
        self._device = device_kind(device) if device == "auto" else device
        self._transformers.utils.logging.set_verbosity_error()
        self._transformers.utils.logging.disable_progress_bar()
        self._tokenizer, self._model = self._load(folder, dtype)
        own = self._model.generation_config
        ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
        self._ends = sorted({end for end in (*ends, self._tokenizer.eos_token_id) if end is not None})
        padding = (self._tokenizer.pad_token_id, own.pad_token_id, *self._ends, 0)
        self._padding = next(token for token in padding if token is not None)
        # How the author likes to decode would otherwise fill in whatever the target's description leaves open.
        self._model.generation_config = self._transformers.GenerationConfig()
        context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self._context = context if isinstance(context, int) and context > 0 else None

    def _load(self, folder: Path, dtype: str) -> tuple[Any, Any]:
        place = Place(str(folder))
        only = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = self._transformers.AutoTokenizer.from_pretrained(str(folder.resolve()), **only)
            model, found = self._transformers.AutoModelForCausalLM.from_pretrained(
                str(folder.resolve()), **only, use_safetensors=True, dtype=dtype, output_loading_info=True
            )
            model = model.to(self._device).eval()
        except Exception as error:
            # Whatever is wrong with a model shows as one of some thirty kinds of error in three libraries.
            said = "".join(char if char.isprintable() else " " for char in str(error))[:_REASON_CHARACTERS]
            raise ShinraiError(
                message("The model cannot be loaded: {kind}: {reason}.", kind=type(error).__name__, reason=said),
                fix=message("Check that this folder works with transformers, without code of its own, on this device."),
                place=place,
            ) from None
        if missing := sorted(found["missing_keys"]):
            raise ShinraiError(
                message(
                    "The model's files lack {count} of its weights, which would be filled with chance.",
                    count=len(missing),
                ),
                fix=message("Save the model again, whole, as safetensors."),
                place=place,
            )
        if not tokenizer.chat_template:
            raise ShinraiError(
                message("The model has no chat template, so that nobody knows how to talk to it."),
                fix=message("Take a model that was made for conversation, or add its chat_template.jinja."),
                place=place,
            )
        return tokenizer, model

    def answer(self, questions: Sequence[Question], decoding: Decoding) -> list[Made | TargetError]:
        """Answer questions together, in their order. A question that cannot be put costs the others nothing."""
        results: list[Made | TargetError | None] = [None] * len(questions)
        rows: list[tuple[int, list[int]]] = []
        for place, question in enumerate(questions):
            try:
                rows.append((place, self._tokens(question.conversation, decoding)))
            except TargetError as error:
                results[place] = error
        if rows:
            asked = [questions[place] for place, _ in rows]
            made = self._generate(asked, [tokens for _, tokens in rows], decoding)
            for (place, _), answer in zip(rows, made, strict=True):
                results[place] = answer
        return [result for result in results if result is not None]

    def _tokens(self, conversation: Conversation, decoding: Decoding) -> list[int]:
        try:
            text = self._tokenizer.apply_chat_template(
                [dict(turn) for turn in conversation], tokenize=False, add_generation_prompt=True
            )
            tokens = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        except Exception as error:
            # A template is a program of the model's author; many refuse a system turn by raising.
            detail = f"the chat template does not take the conversation ({type(error).__name__})"
            raise TargetError(FaultKind.REFUSED, detail) from None
        if not tokens:
            raise TargetError(FaultKind.REFUSED, "the chat template makes nothing of the conversation")
        if self._context is not None and len(tokens) + decoding.max_new_tokens > self._context:
            raise TargetError(FaultKind.REFUSED, "prompt and answer do not fit into the model's context")
        return list(tokens)

    def _generate(
        self, questions: Sequence[Question], rows: Sequence[Sequence[int]], decoding: Decoding
    ) -> list[Made | TargetError]:
        torch, width = self._torch, max(map(len, rows))
        blanks = [width - len(row) for row in rows]
        tokens = [[self._padding] * blank + list(row) for blank, row in zip(blanks, rows, strict=True)]
        mask = [[0] * blank + [1] * len(row) for blank, row in zip(blanks, rows, strict=True)]
        seeds = [question.seed_of(row) for question, row in zip(questions, rows, strict=True)]
        draw = _Draw(torch, self._warper(decoding), decoding.temperature, seeds)
        settings = self._transformers.GenerationConfig(
            max_new_tokens=decoding.max_new_tokens,
            do_sample=False,
            eos_token_id=self._ends or None,
            pad_token_id=self._padding,
        )
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=torch.tensor(tokens, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                generation_config=settings,
                logits_processor=self._transformers.LogitsProcessorList([draw]),
                stopping_criteria=self._transformers.StoppingCriteriaList([_Listening(torch, questions)]),
            )
        return [
            self._read(row.tolist(), len(asked), broken)
            for row, asked, broken in zip(made[:, width:], rows, draw.broken, strict=True)
        ]

    def _warper(self, decoding: Decoding) -> Any:
        if decoding.temperature is None or decoding.top_p >= 1:
            return None
        return self._transformers.TopPLogitsWarper(decoding.top_p)

    def _read(self, tokens: Sequence[int], asked: int, broken: bool) -> Made | TargetError:
        if broken:
            return TargetError(FaultKind.SERVER_ERROR, "the model's numbers are not finite")
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        text = self._tokenizer.decode(tokens[:end], skip_special_tokens=True)
        count = len(tokens) if end is None else end + 1
        return Made(text, "length" if end is None else "stop", asked, count)

    def no_memory_left(self, error: Exception) -> bool:
        """Whether an error says that the batch was too large for the device."""
        return isinstance(error, self._torch.OutOfMemoryError)


class _Draw:
    """The logits of every step, ready for the largest to be taken. broken: rows that held a NaN."""

    def __init__(self, torch: Any, warper: Any, temperature: float | None, seeds: Sequence[int]) -> None:
        self._torch = torch
        self._warper = warper
        self._temperature = temperature
        # Drawn on the CPU, where a seed gives the same numbers for every device.
        self._sources = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.broken = [False] * len(seeds)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        torch = self._torch
        broken = scores.isnan().any(dim=-1).tolist()
        self.broken = [before or now for before, now in zip(self.broken, broken, strict=True)]
        if self._temperature is None:
            return scores
        scores = scores.float() / self._temperature
        if self._warper is not None:
            scores = self._warper(input_ids, scores)
        drawn = torch.stack([torch.rand(scores.shape[-1], generator=source) for source in self._sources])
        return scores - (-(drawn.clamp(_TINIEST, 1 - 1e-7)).log()).log().to(scores.device)


class _Listening:
    """Ends the rows nobody waits for any more, and tells the others' watches that the model is alive."""

    def __init__(self, torch: Any, questions: Sequence[Question]) -> None:
        self._torch = torch
        self._questions = questions

    def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        unwanted = [not question.wanted() for question in self._questions]
        for question, gone in zip(self._questions, unwanted, strict=True):
            if not gone:
                question.heard()
        return self._torch.tensor(unwanted, dtype=self._torch.bool, device=input_ids.device)
