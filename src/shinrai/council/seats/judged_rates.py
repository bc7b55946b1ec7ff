"""A rate without a judge's errors a second time, from counts alone.

Written from docs/reference/conversation-statistics.md: Rogan and Gladen's rate, and the rates that agree with what the
judge found once the intervals of its three parts are put together by square-and-add.
"""

import math
from collections.abc import Callable, Mapping

from shinrai.council.seats.clusters import Rate
from shinrai.council.seats.intervals import simultaneous_z, wilson

_NAMES = ("judge.found", "judge.missed", "judge.false_alarms", "judge.cleared")
_STEPS = 80


def is_judged(counts: Mapping[str, int]) -> bool:
    """Whether a judge told good from bad."""
    return _NAMES[0] in counts


def is_calibrated(counts: Mapping[str, int]) -> bool:
    """Whether there are labelled answers to correct with; ValueError where their counts are impossible."""
    known = [counts[name] for name in _NAMES]
    if min(known) < 0:
        raise ValueError("counts of labelled answers below 0")
    return any(known)


def corrected(seen: Rate, counts: Mapping[str, int], family: int = 1) -> Rate | None:
    """Return the rate behind what a judge found; None where it is no better than chance, or where no rate fits.

    seen: the judge's own, at the level of the family.
    """
    found, missed, alarms, cleared = (counts[name] for name in _NAMES)
    if not found + missed or not alarms + cleared:
        return None
    hit, alarm = found / (found + missed), alarms / (alarms + cleared)
    hit_low, hit_high = (float(end) for end in wilson(found, found + missed, simultaneous_z(family)))
    alarm_low, alarm_high = (float(end) for end in wilson(alarms, alarms + cleared, simultaneous_z(family)))
    if hit - alarm - math.hypot(hit - hit_low, alarm_high - alarm) <= 0:
        return None

    def beyond(rate: float, side: int) -> float:
        """Return one end of what the judge found beyond what it finds at this true rate. side: -1 lower, 1 upper."""
        centre = seen.value - rate * hit - (1 - rate) * alarm
        if side < 0:
            parts = (seen.value - seen.low, rate * (hit_high - hit), (1 - rate) * (alarm_high - alarm))
        else:
            parts = (seen.high - seen.value, rate * (hit - hit_low), (1 - rate) * (alarm - alarm_low))
        return centre + side * math.hypot(*parts)

    if beyond(0.0, 1) < 0 or beyond(1.0, -1) > 0:
        return None
    value = min(1.0, max(0.0, (seen.value - alarm) / (hit - alarm)))
    low = _edge(value, 0.0, lambda rate: beyond(rate, -1) > 0)
    high = _edge(value, 1.0, lambda rate: beyond(rate, 1) < 0)
    return Rate(value, low, high)


def _edge(inside: float, end: float, outside: Callable[[float], bool]) -> float:
    if not outside(end):
        return end
    for _ in range(_STEPS):
        middle = inside + (end - inside) / 2
        if outside(middle):
            end = middle
        else:
            inside = middle
    return inside + (end - inside) / 2
