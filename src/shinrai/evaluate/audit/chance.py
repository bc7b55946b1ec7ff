"""What chance alone would show: the gap expected between groups that do not differ, and the p of any difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shinrai.evaluate.audit.comparing import Form, gap_interval
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.permutation import no_difference
from shinrai.evaluate.statistics.reach import first_level
from shinrai.language import Message, message

PERMUTATION = "successes dealt out again with all margins held (Fisher 1935; Westfall, Young 1993)"
INVERTED = "1 - the highest level at which the simultaneous interval of the difference shuts out 0"


@dataclass(frozen=True, slots=True)
class Chance:
    """What a metric's gap would be if the groups did not differ.

    p: of the largest deviation of a group, or None with a reason. expected, usual: the mean of max - min over draws
    without a difference, and what 95 % of them do not exceed; None where the metric is no plain share of rows.
    draws, seed: of the draws; 0 draws where p comes from the interval. group_p: by group, adjusted for all of them.
    """

    p: float | None
    expected: float | None
    usual: float | None
    n: int
    method: str
    draws: int = 0
    seed: int = 0
    group_p: Mapping[str, float] | None = None
    reason: Message | None = None


def chance(named: Mapping[str, Estimate | Message], settings: AuditSettings) -> Chance:
    """Return what chance alone would show for one metric of the groups."""
    found = {name: each for name, each in named.items() if isinstance(each, Estimate)}
    n = sum(each.n for each in found.values())
    if len(found) < 2:
        return _untold(n, message("Fewer than two groups have this number ({count}).", count=len(found)))
    counts = [each.counts for each in found.values() if each.counts is not None]
    if len(counts) == len(found):
        null = no_difference(counts, draws=settings.replicates, seed=settings.seed)
        return Chance(
            null.deviation.p,
            null.difference.expected,
            null.difference.usual,
            n,
            PERMUTATION,
            null.draws,
            null.seed,
            dict(zip(found, null.group_p, strict=True)),
        )
    if any(each.bounds is None for each in found.values()):
        return _untold(n, message("A group has no interval, so that there is no test."))
    return Chance(by_interval(list(found.values())), None, None, n, INVERTED, reason=unknown_gap())


def by_interval(found: Sequence[Estimate]) -> float:
    """Return the p of any difference between at least two numbers that have bounds, from the intervals alone."""

    def at(level: float) -> Interval:
        interval = gap_interval(found, Form.DIFFERENCE, level)
        assert interval is not None  # noqa: S101  (every group has bounds; this tells the type checker)
        return interval

    return first_level(at, lambda interval: interval.low > 0)


def unknown_gap() -> Message:
    """Say why it is not known how large a gap chance alone would show."""
    return message("The gap that chance alone would show is known for plain shares of rows only.")


def _untold(n: int, reason: Message) -> Chance:
    return Chance(None, None, None, n, "", reason=reason)
