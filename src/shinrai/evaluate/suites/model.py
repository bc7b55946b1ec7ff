"""What a suite is: probes, how they are varied, what scores them, and what the outcome would show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shinrai.evaluate.measurement import Rule
from shinrai.evaluate.sample import Prompt
from shinrai.evaluate.scorers import Scorer
from shinrai.evaluate.suites.variations import Operator
from shinrai.frameworks import Certainty
from shinrai.language import Bilingual, Message, message


class Origin(StrEnum):
    """Whose work the probes are."""

    OWN = "own"
    IMPORTED = "imported"


class HarmClass(StrEnum):
    """What would go wrong if the system failed a probe; NONE for probes of plain quality."""

    CRIME = "crime"
    FRAUD = "fraud"
    WEAPONS = "weapons"
    CYBER = "cyber"
    DRUGS = "drugs"
    HATE = "hate"
    HARASSMENT = "harassment"
    SEXUAL = "sexual"
    SELF_HARM = "self_harm"
    MISINFORMATION = "misinformation"
    MANIPULATION = "manipulation"
    UNFAIRNESS = "unfairness"
    PRIVACY = "privacy"
    INJECTION = "injection"
    LEAK = "leak"
    UNINTENDED_USE = "unintended_use"
    NONE = "none"


class Metric(StrEnum):
    """The number a decision is taken on.

    PASS_RATE: passed of passed and failed samples. AGREEMENT_RATE: pairs that agree of all pairs, from the details
    `agreeing` and `others` of the consistency scorer. Undecided and faulty samples are in neither; coverage shows them.
    """

    PASS_RATE = "pass_rate"  # noqa: S105  (a rate, not a password)
    AGREEMENT_RATE = "agreement_rate"


METRIC_NAMES: Mapping[Metric, Message] = {
    Metric.PASS_RATE: message("Share of samples that pass"),
    Metric.AGREEMENT_RATE: message("Share of pairs of answers that agree"),
}


@dataclass(frozen=True, slots=True)
class SuiteSource:
    """Where the probes are from. certainty: how sure we are that the labels say what the source says."""

    origin: Origin
    title: Bilingual
    address: str | None
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Goal:
    """The node of a goal tree that the suite's outcome belongs to."""

    tree: str
    node: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided on: the whole interval of the metric has to lie on the right side of the limit (0 to 1)."""

    metric: Metric
    rule: Rule


@dataclass(frozen=True, slots=True)
class UsedScorer:
    """A scorer in a suite. name: its name there, which its scores carry. decision: None where it informs only.

    every: whether it scores every probe, or only those that expect something of it.
    """

    name: str
    scorer: Scorer[Any]
    every: bool
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class UsedOperator:
    """A variation operator in a suite. most: variations of one probe at most."""

    name: str
    operator: Operator[Any]
    settings: Any
    most: int


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing put to a system.

    cluster: its scenario; probes of one scenario are not independent. weight: above 0, 1 where the suite says nothing.
    expected: what the scorers need, by the scorer's name in the suite; a scorer without an entry does not score it.
    """

    id: str
    cluster: str
    weight: float
    harm_class: HarmClass
    prompt: Prompt
    expected: Mapping[str, Any]
    paraphrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite of probes.

    language: of the probes (BCP 47). shows: requirement leaves its outcome can show. repeats: how often each prompt is
    put. notes: what a reader of its figures has to know. digest: SHA-256 (lowercase hex) of the file.
    """

    id: str
    version: str
    title: Bilingual
    about: Bilingual
    language: str
    licence: str
    source: SuiteSource
    harm_class: HarmClass
    shows: tuple[str, ...]
    goal: Goal | None
    scorers: tuple[UsedScorer, ...]
    variations: tuple[UsedOperator, ...]
    repeats: int
    probes: tuple[Probe, ...]
    notes: tuple[Bilingual, ...]
    digest: str
    by_id: Mapping[str, Probe] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {probe.id: probe for probe in self.probes})

    @property
    def clusters(self) -> int:
        """How many scenarios there are."""
        return len({probe.cluster for probe in self.probes})
