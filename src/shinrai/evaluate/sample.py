"""What a conversation with a system is made of: the prompt that is planned, the answer that came, and its score.

Everything here is immutable and free of the network. A sample either has answers or a fault, never both and never
neither: a fault of the target, the judge or the network is counted and shown as such, and no score is made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shinrai.evaluate.measurement import Outcome
from shinrai.language import Bilingual


class Speaker(StrEnum):
    """Whose words a turn holds."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Image:
    """An image shown to the system. sha256: of data, lowercase hex."""

    media_type: str
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation."""

    speaker: Speaker
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A text given to the system with the question, for it to answer from and to cite by its id."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the system may call. parameters: its JSON Schema, as JSON text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is put to a system.

    turns: what is sent first; the last is the user's. follow_ups: what the user says after each answer.
    """

    turns: tuple[Turn, ...]
    follow_ups: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedSample:
    """One sample that is going to be taken.

    key: SHA-256 (lowercase hex) of everything that can change the answer: target, model, settings, prompt, repeat.
    variation: the operator that made the prompt from its probe, None for the probe itself. repeat: from 0.
    cluster: samples that are not independent of each other share it (variations and repeats of one scenario).
    """

    key: str
    suite: str
    probe: str
    variation: str | None
    repeat: int
    cluster: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that the system asked for. arguments: JSON text as it came, which need not be valid."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system answered to one turn.

    finish: why it ended, in the target's word, None if it does not say. model: as the target reports it. tokens: None
    where the target reports none. seconds: from request to the last byte.
    """

    text: str
    finish: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0


class FaultKind(StrEnum):
    """Why a sample has no answer."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    REFUSED = "refused"
    MALFORMED = "malformed"
    CUT = "cut"
    TOO_LARGE = "too_large"
    NOT_RECORDED = "not_recorded"
    OVER_BUDGET = "over_budget"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SampleFault:
    """A fault of target or network. status: the HTTP status, if one came. detail: short, safe to show, no secrets."""

    kind: FaultKind
    detail: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was taken: answers in the order of the turns, or the fault that ended it.

    attempts: requests made, retries included. started_at: seconds since the epoch (UTC).
    """

    key: str
    answers: tuple[Answer, ...]
    fault: SampleFault | None
    attempts: int
    started_at: float

    def __post_init__(self) -> None:
        if (self.fault is None) == (not self.answers):
            raise ValueError("a sample has answers or a fault")

    @property
    def answer(self) -> str:
        """The text of the last answer; ValueError where the sample is a fault."""
        if not self.answers:
            raise ValueError("this sample has no answer")
        return self.answers[-1].text


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer made of a sample.

    outcome: PASS or FAIL; INCONCLUSIVE where the scorer cannot tell; ERROR where it could not run, or the sample is a
    fault. label: what was found, for scorers that name things. details: numbers for recomputing.
    """

    key: str
    scorer: str
    outcome: Outcome
    reason: Bilingual
    label: str | None = None
    details: Mapping[str, float] = field(default_factory=dict)
