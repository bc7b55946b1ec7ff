"""What chance alone would show: the gap expected between groups that do not differ, and the p of any difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shinrai.evaluate.audit.comparing import Form, gap_interval
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.tally import Group
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.reach import first_level
from shinrai.language import Message, message


@dataclass(frozen=True, slots=True)
class Chance:
    """What a metric's gap would be if the groups did not differ.

    expected: mean of max - min; p: of a gap at least as telling as the one seen. None with a reason where not taken.
    """

    p: float | None
    expected: float | None
    n: int
    method: str
    reason: Message | None = None
    expected_reason: Message | None = None


def chance(
    metric: str, groups: Sequence[Group], named: Mapping[str, Estimate | Message], settings: AuditSettings
) -> Chance:
    """Return what chance alone would show for one metric of the groups."""
    found = [each for each in named.values() if isinstance(each, Estimate)]
    n = sum(each.n for each in found)
    if len(found) < 2:
        return Chance(None, None, n, "", message("Fewer than two groups have this number ({count}).", count=len(found)))
    if any(each.bounds is None for each in found):
        return Chance(None, None, n, "", message("A group has no interval, so that there is no test."))

    def at(level: float) -> Interval:
        interval = gap_interval(found, Form.DIFFERENCE, level)
        assert interval is not None  # noqa: S101  (every group has bounds; this tells the type checker)
        return interval

    p = first_level(at, lambda interval: interval.low > 0)
    return Chance(
        p,
        None,
        n,
        "1 - the highest level at which the simultaneous interval of the difference shuts out 0",
        expected_reason=message("The gap that chance alone would show is known for plain shares of rows only."),
    )
