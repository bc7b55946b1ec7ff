"""A score of weighted parts as a band: what was measured, and what was not and so could be anything.

A part without data is neither 0 nor left out. It contributes everything from 0 to 1, so the score is a band from "all
that is unknown is bad" to "all that is unknown is good", and the band's width is what was not assessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, hypot, sqrt

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
    added as they are, which holds however they depend on each other; those of different sources as the root of the sum
    of their squares, which is for independent ones. Where there are several sources, each error is on neither side
    taken as smaller than the interval's half width without its shrinkage: of many skewed parts with small n the short
    sides alone would not cover. Source: Zou, Donner 2008, Stat. Med. 27:1693, but for that last widening, which is our
    own and was chosen by simulation (docs/reference/conversation-statistics.md).
    """
    if any(part.weight < 0 for part in parts) or not abs(fsum(part.weight for part in parts) - 1) <= _ROUNDING:
        raise ValueError("need weights of 0 or more that sum to 1")
    known = [(part.weight * part.known.coverage, part.known) for part in parts if part.known is not None]
    coverage = min(1.0, fsum(weight for weight, _ in known))
    low = min(1.0, fsum(weight * result.value for weight, result in known))
    high = min(1.0, low + (1 - coverage))
    errors: dict[str, tuple[float, float, float]] = {}
    for weight, result in known:
        below, above, half = errors.get(result.source, (0.0, 0.0, 0.0))
        errors[result.source] = (
            below + weight * (result.value - result.interval.low),
            above + weight * (result.interval.high - result.value),
            half + weight * _half_width(result.interval),
        )
    least = [half if len(errors) > 1 else 0.0 for _, _, half in errors.values()]
    down = hypot(*(max(each, half) for (each, _, _), half in zip(errors.values(), least, strict=True)))
    up = hypot(*(max(each, half) for (_, each, _), half in zip(errors.values(), least, strict=True)))
    return Band(low, high, Interval(max(0.0, low - down), min(1.0, high + up)), coverage)


def _half_width(interval: Interval) -> float:
    """Half the width, and of Wilson's interval at 1/2 what it would be had it not been drawn in; 1 at most."""
    half = (interval.high - interval.low) / 2
    drawn_in = 1 - 4 * half * half
    return half / sqrt(drawn_in) if drawn_in > half * half else 1.0
