"""How a run is to be taken: how fast, how long, how often, and for how much money."""

from dataclasses import dataclass

from shinrai.language import Message, ShinraiError, message


@dataclass(frozen=True, slots=True)
class Prices:
    """What the user's supplier asks for a million tokens, in one currency. We know no prices ourselves."""

    input_per_million: float
    output_per_million: float
    currency: str

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """Return the price of so many tokens."""
        return (input_tokens * self.input_per_million + output_tokens * self.output_per_million) / 1_000_000


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Limits of one run; ShinraiError where they make no sense.

    most_in_flight: samples asked at the same time at most; the engine finds out how many the target bears.
    deadline_seconds: for one turn, retries included, our own waiting for a rate limit excluded. stall_seconds: silence
    allowed in the middle of an answer. retries: of one turn, after the first request; five times as many at a rate
    limit of a target that answered anybody within the last minute. longest_wait_seconds: a server that asks to be left
    alone for longer gets its way, and the sample is a fault.
    give_up_after: the target counts as dead when so many samples in a row had no answer; a quarter of that suffices
    where it has never answered. retry_faults: take samples again that an earlier run of the journal recorded as faults.
    cost_limit: in the currency of the prices, for this run alone; needs prices. The run stops before a sample that
    would pass it, judged by the mean of the earlier ones. expected_output_tokens: of one answer, until the target's own
    counts are known.
    """

    most_in_flight: int = 256
    deadline_seconds: float = 120.0
    stall_seconds: float = 30.0
    retries: int = 4
    longest_wait_seconds: float = 60.0
    give_up_after: int = 60
    retry_faults: bool = False
    drain_seconds: float = 2.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    prices: Prices | None = None
    cost_limit: float | None = None
    expected_output_tokens: int = 500

    def __post_init__(self) -> None:
        positive = {
            "most_in_flight": self.most_in_flight,
            "deadline_seconds": self.deadline_seconds,
            "stall_seconds": self.stall_seconds,
            "give_up_after": self.give_up_after,
            "requests_per_minute": self.requests_per_minute,
            "tokens_per_minute": self.tokens_per_minute,
            "cost_limit": self.cost_limit,
        }
        for name, value in positive.items():
            if value is not None and not 0 < value < float("inf"):
                raise _senseless(message("The setting {name} has to be more than zero.", name=name))
        for name, limit in {"retries": self.retries, "longest_wait_seconds": self.longest_wait_seconds}.items():
            if not 0 <= limit < float("inf"):
                raise _senseless(message("The setting {name} cannot be less than zero.", name=name))
        if self.cost_limit is not None and self.prices is None:
            raise _senseless(message("A cost limit needs the prices of the supplier."))


def _senseless(what: Message) -> ShinraiError:
    return ShinraiError(what, fix=message("Correct the settings of the run."))
