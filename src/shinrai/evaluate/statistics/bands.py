"""A score of weighted parts as a band: what was measured, and what was not and so could be anything.

A part without data is neither 0 nor left out. It contributes everything from 0 to 1, so the score is a band from "all
that is unknown is bad" to "all that is unknown is good", and the band's width is what was not assessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, hypot

from shinrai.evaluate.statistics.interval import Interval

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Known:
    """The result of a part: a value in [0, 1], larger being better, and its interval.

    used of asked: samples with a score of all that were asked (0 < used <= asked); what has none counts as unknown.
    source: parts of one source rest on the same answers or the same labels, so their errors may go together.
    """

    value: float
    interval: Interval
    used: int
    asked: int
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.interval.low <= self.value <= self.interval.high <= 1:
            raise ValueError(f"need a value in its interval in [0, 1], got {self.value} in {self.interval}")
        if not 0 < self.used <= self.asked:
            raise ValueError(f"need 0 < used <= asked, got {self.used} of {self.asked}")

    @property
    def coverage(self) -> float:
        """Share of what was asked that has data."""
        return self.used / self.asked


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score. weight: 0 or more; known: None where there is no data."""

    weight: float
    known: Known | None


@dataclass(frozen=True, slots=True)
class Band:
    """A score in [0, 1].

    low, high: the score if everything unknown were 0, or 1; equal at full coverage. interval: holds the score at the
    level of the parts' intervals, whatever the unknown is. coverage: share of the weight that has data.
    """

    low: float
    high: float
    interval: Interval
    coverage: float


def band(parts: Sequence[Part]) -> Band:
    """Put weighted parts together.

    parts: weights are finite, 0 or more, and sum to 1; ValueError otherwise. The errors of parts of one source are
    added as they are, which holds however they depend on each other; those of different sources by square-and-add,
    which is for independent ones. Source: Zou, Donner 2008, Stat. Med. 27:1693.
    """
    if any(part.weight < 0 for part in parts) or not abs(fsum(part.weight for part in parts) - 1) <= _ROUNDING:
        raise ValueError("need weights of 0 or more that sum to 1")
    known = [(part.weight * part.known.coverage, part.known) for part in parts if part.known is not None]
    coverage = min(1.0, fsum(weight for weight, _ in known))
    low = min(1.0, fsum(weight * result.value for weight, result in known))
    high = min(1.0, low + (1 - coverage))
    below: dict[str, float] = {}
    above: dict[str, float] = {}
    for weight, result in known:
        below[result.source] = below.get(result.source, 0.0) + weight * (result.value - result.interval.low)
        above[result.source] = above.get(result.source, 0.0) + weight * (result.interval.high - result.value)
    interval = Interval(max(0.0, low - hypot(*below.values())), min(1.0, high + hypot(*above.values())))
    return Band(low, high, interval, coverage)
