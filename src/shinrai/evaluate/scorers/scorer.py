"""What a scorer is, and how one sample becomes one score.

A scorer is pure: the same expectation, prompt and answers give the same finding on any machine. It looks at the
answers of one sample, or (a group scorer) at all samples of one probe together. What it expects is read from the suite
file by the scorer itself, so that a setting nobody reads is an error where it stands.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Answer, PlannedSample, Prompt, Sample, Score
from shinrai.frameworks.located import Fields
from shinrai.language import Message, message

E = TypeVar("E")

MAX_CHARACTERS = 1_000_000
"""Longest answers a scorer reads, all turns together; longer ones are an error, so that no part goes unread."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scorer found: the outcome of a Score before it is tied to a sample."""

    outcome: Outcome
    reason: Message
    label: str | None = None
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """A sample as it was planned and as it came."""

    planned: PlannedSample
    sample: Sample


@dataclass(frozen=True, slots=True)
class SampleScorer(Generic[E]):
    """A scorer of one sample.

    read: makes the expectation of a probe from the scorer's settings and the probe's own, already merged; raises
    ShinraiError with a place. score: the finding on answers, of which there is at least one.
    version: changes whenever the same answer could be scored otherwise.
    """

    name: str
    version: str
    title: Message
    read: Callable[[Fields], E]
    score: Callable[[E, Prompt, tuple[Answer, ...]], Finding]


@dataclass(frozen=True, slots=True)
class GroupScorer(Generic[E]):
    """A scorer of all samples of one probe together, its variations and repeats.

    score: one finding for each sample handed in, in their order; None for a sample that is the yardstick of the others
    and so cannot be scored itself. Samples handed in have answers.
    """

    name: str
    version: str
    title: Message
    read: Callable[[Fields], E]
    score: Callable[[E, Sequence[Taken]], Sequence[Finding | None]]


Scorer = SampleScorer[E] | GroupScorer[E]


def passed(reason: Message, label: str | None = None, **details: float) -> Finding:
    """Return a finding that passes."""
    return Finding(Outcome.PASS, reason, label, details)


def failed(reason: Message, label: str | None = None, **details: float) -> Finding:
    """Return a finding that fails."""
    return Finding(Outcome.FAIL, reason, label, details)


def undecided(reason: Message, label: str | None = None, **details: float) -> Finding:
    """Return a finding of a scorer that cannot tell."""
    return Finding(Outcome.INCONCLUSIVE, reason, label, details)


def score_sample(scorer: SampleScorer[E], name: str, expected: E, prompt: Prompt, sample: Sample) -> Score:
    """Score one sample. name: the scorer's name in its suite, which with the sample's key names the score.

    A sample without an answer, or one that the scorer cannot read, is ERROR and nothing else.
    """
    unreadable = why_unreadable(sample)
    if unreadable is not None:
        return tied(Finding(Outcome.ERROR, unreadable), sample.key, name)
    try:
        finding = scorer.score(expected, prompt, sample.answers)
    except Exception as error:
        # An answer that no scorer foresaw must cost its own sample only, and must show.
        finding = Finding(Outcome.ERROR, message("The scorer broke off: {error}.", error=type(error).__name__))
    return tied(finding, sample.key, name)


def why_unreadable(sample: Sample) -> Message | None:
    """Return why no scorer may look at a sample, None if it may."""
    if sample.fault is not None:
        return message("No answer came: {kind}.", kind=sample.fault.kind.value)
    length = sum(len(answer.text) for answer in sample.answers)
    if length > MAX_CHARACTERS:
        return message(
            "The answer has {size} characters; scorers read at most {limit}.", size=length, limit=MAX_CHARACTERS
        )
    return None


def tied(finding: Finding, key: str, name: str) -> Score:
    """Return the score that a finding makes for a sample."""
    return Score(key, name, finding.outcome, finding.reason.both(), finding.label, finding.details)
