"""What a run says of itself while it goes and when it has ended."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from shinrai.evaluate.runner.record import Taken
from shinrai.evaluate.sample import FaultKind, SampleFault
from shinrai.language import Message, message

FAULT_NAMES = {
    FaultKind.UNREACHABLE: message("not reachable"),
    FaultKind.TIMEOUT: message("out of time"),
    FaultKind.RATE_LIMITED: message("rate limit"),
    FaultKind.SERVER_ERROR: message("server error"),
    FaultKind.REFUSED: message("request refused"),
    FaultKind.MALFORMED: message("malformed response"),
    FaultKind.CUT: message("answer cut off"),
    FaultKind.TOO_LARGE: message("answer too large"),
    FaultKind.NOT_RECORDED: message("no answer recorded"),
    FaultKind.OVER_BUDGET: message("cost limit"),
    FaultKind.CANCELLED: message("run ended before"),
}
"""What people read for a kind of fault."""


class Ending(StrEnum):
    """Why a run ended. Only COMPLETE means that every planned sample has been taken."""

    COMPLETE = "complete"
    CANCELLED = "cancelled"
    TARGET_DEAD = "target_dead"
    OVER_BUDGET = "over_budget"


class Tally:
    """Counts of the samples that are on the disk."""

    def __init__(self) -> None:
        self.answered = 0
        self.reused = 0
        self.requests = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.uncounted = 0
        self.faults: Counter[FaultKind] = Counter()

    @property
    def taken(self) -> int:
        """Samples with a record."""
        return self.answered + self.faults.total()

    def count(self, taken: Taken, before: FaultKind | bool) -> None:
        """Add a record; before: how the record it replaces ended (`DonePositions.ended`)."""
        sample = taken.sample
        if isinstance(before, FaultKind):
            self.faults[before] -= 1
        elif before:
            self.answered -= 1
        if sample.fault is None:
            self.answered += 1
        else:
            self.faults[sample.fault.kind] += 1
        if taken.reused:
            self.reused += 1
            return
        self.requests += sample.attempts
        for answer in sample.answers:
            self.input_tokens += answer.input_tokens or 0
            self.output_tokens += answer.output_tokens or 0
            self.uncounted += answer.output_tokens is None


@dataclass(frozen=True, slots=True)
class Progress:
    """A run under way. Counts are of samples on the disk, those of earlier runs of the journal included.

    planned: None where the plan does not tell its length. per_second: samples, over the last seconds. eta_seconds:
    None where it cannot be told. spent: in the currency of the prices, this run alone; None without prices.
    """

    planned: int | None
    taken: int
    answered: int
    faults: int
    in_flight: int
    per_second: float
    eta_seconds: float | None
    input_tokens: int
    output_tokens: int
    spent: float | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run came to.

    planned: None where the plan does not tell its length and the run did not reach its end. taken: answered + faults.
    resumed: samples that were in the journal before this run. reused: samples, of all taken, whose answers come from
    earlier journals. requests: made for what was taken, retries included. uncounted_tokens: answers for which the
    target reported no tokens, so that spend rests on an estimate. cut_off: bytes of a torn tail that were dropped.
    verdict: what a person should know when the run is not complete. last_fault: the last one seen.
    """

    ending: Ending
    verdict: Message | None
    planned: int | None
    taken: int
    answered: int
    faults: dict[FaultKind, int]
    resumed: int
    reused: int
    requests: int
    input_tokens: int
    output_tokens: int
    uncounted_tokens: int
    spent: float | None
    cut_off: int
    seconds: float
    last_fault: SampleFault | None = field(default=None)

    @property
    def missing(self) -> int | None:
        """Planned samples that were not taken; None where the plan's length is not known."""
        return None if self.planned is None else self.planned - self.taken
