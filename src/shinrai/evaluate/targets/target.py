"""What the engine asks of anything that can answer: a description with an identity, and an open respondent.

A target is an immutable description; opening it gives a respondent, which answers one turn at a time. The engine owns
the conversation, the retries and the clock, so a respondent answers once or raises a TargetError, and never waits to
try again.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, SampleFault


class TargetError(Exception):
    """A turn has no answer.

    transient: whether asking again may help. busy: whether the target says it has too much to do. retry_after: the
    seconds it asks to be left alone, None if it names none. The text is safe to show: it holds nothing the target sent.
    """

    def __init__(
        self,
        kind: FaultKind,
        detail: str,
        *,
        status: int | None = None,
        transient: bool = False,
        busy: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.fault = SampleFault(kind, detail, status)
        self.transient = transient
        self.busy = busy
        self.retry_after = retry_after


class Watch:
    """The clock of one turn. The respondent notes each sign of life; the engine's sweep ends what is overdue.

    heard: loop time of the last part of an answer, None before the first, so that a system may think for long but not
    fall silent in the middle of a sentence.
    """

    __slots__ = ("heard",)

    def __init__(self) -> None:
        self.heard: float | None = None


class Respondent(Protocol):
    """An open target."""

    async def reply(self, sample: PlannedSample, answers: Sequence[Answer], watch: Watch) -> Answer:
        """Answer the turn that follows the answers already given.

        answers: to the prompt and to the first follow-ups, empty for the first turn. TargetError: there is no answer.
        A cancelled reply leaves the respondent fit for the next one.
        """
        ...


class Target(Protocol):
    """What can be asked."""

    @property
    def id(self) -> str:
        """Name in the system description."""
        ...

    @property
    def most_at_once(self) -> int | None:
        """Samples it can answer at the same time; None where it can be asked for as many as it bears."""
        ...

    def identity(self) -> Mapping[str, object]:
        """Return everything of the target that can change an answer, as JSON values and without secrets.

        ShinraiError: a file that belongs to it cannot be read.
        """
        ...

    def open(self) -> AbstractAsyncContextManager[Respondent]:
        """Resolve references and open what is needed; ShinraiError where that fails. Closed when the block ends."""
        ...


def next_text(sample: PlannedSample, answers: Sequence[Answer]) -> str:
    """Return what the user says in the turn that follows the answers already given."""
    return sample.prompt.follow_ups[len(answers) - 1] if answers else sample.prompt.turns[-1].text
