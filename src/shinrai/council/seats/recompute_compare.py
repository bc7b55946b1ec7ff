"""Say in words where a measurement and its second derivation part."""

import math
from collections.abc import Iterator, Sequence

from shinrai.council.seats.recompute_rates import Derived, Group
from shinrai.evaluate.measurement import Comparison, GroupEstimate, Measurement, Outcome, Rule
from shinrai.language import Message, message

_COUNTED, _SOLVED = 1e-9, 1e-6
# Differences of sums around zero can't be told apart more finely than this.
_NOUGHT = 1e-10
_TOLD = 3


def differences(
    measured: Measurement, derived: Derived, outcome: Outcome, rule: Rule | None, decisive: bool, asked: int
) -> Message | None:
    """Return what differs, at most the first three points, or None.

    outcome, rule, decisive: what they should be. asked: rows in the file.
    """
    if derived.beyond is not None:
        return derived.beyond
    if outcome is Outcome.ERROR or measured.outcome is Outcome.ERROR:
        return _fault(measured, derived, decisive)
    points = [
        *_numbers(measured, derived, asked),
        *_decision(measured, outcome, rule, decisive),
        *_groups(measured.groups, derived.groups),
    ]
    return together(points)


def together(points: Sequence[Message]) -> Message | None:
    """Join several points into one message."""
    told: Message | None = None
    for point in points[:_TOLD]:
        told = point if told is None else message("{first}; {second}", first=told, second=point)
    return told


def same_count_value(mine: float | None, theirs: float | None) -> bool:
    """Whether two values that come from counts are one."""
    return _same(mine, theirs, _COUNTED)


def _same(mine: float | None, theirs: float | None, relative: float) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=relative, abs_tol=_NOUGHT if relative == _COUNTED else _COUNTED)


def _fault(measured: Measurement, derived: Derived, decisive: bool) -> Message | None:
    if derived.fault is None:
        return message("recorded as an error, but the data have no such fault")
    if measured.outcome is not Outcome.ERROR:
        return message("not recorded as an error, although {fault}", fault=derived.fault)
    if (measured.value, measured.low, measured.high) != (None, None, None):
        return message("an error carries a value, although {fault}", fault=derived.fault)
    if measured.decisive is not decisive:
        return message("whether it is decisive was changed")
    return None


def _numbers(measured: Measurement, derived: Derived, asked: int) -> Iterator[Message]:
    if not _same(derived.value, measured.value, _COUNTED):
        mine, theirs = _number(derived.value), _number(measured.value)
        yield message("value {theirs} recorded, {mine} derived", theirs=theirs, mine=mine)
    if not _same(derived.low, measured.low, _SOLVED):
        mine, theirs = _number(derived.low), _number(measured.low)
        yield message("lower bound {theirs} recorded, {mine} derived", theirs=theirs, mine=mine)
    if not _same(derived.high, measured.high, _SOLVED):
        mine, theirs = _number(derived.high), _number(measured.high)
        yield message("upper bound {theirs} recorded, {mine} derived", theirs=theirs, mine=mine)
    if derived.n != measured.n:
        yield message("n {theirs} recorded, {mine} derived", theirs=measured.n, mine=derived.n)
    if (measured.coverage.used, measured.coverage.asked) != (derived.used, asked):
        yield message(
            "coverage {used} of {asked} recorded, {mine} of {rows} derived",
            used=measured.coverage.used,
            asked=measured.coverage.asked,
            mine=derived.used,
            rows=asked,
        )
    for name, count in derived.counts.items():
        if measured.counts.get(name, count) != count:
            yield message(
                "count {name}: {theirs} recorded, {mine} derived",
                name=name,
                theirs=measured.counts[name],
                mine=count,
            )


def _decision(measured: Measurement, outcome: Outcome, rule: Rule | None, decisive: bool) -> Iterator[Message]:
    if not math.isclose(measured.level, 0.95):
        yield message("the interval is recorded at another level than 0.95")
    if measured.decisive is not decisive:
        yield message("whether it is decisive was changed")
    if (rule is None) is not (measured.rule is None) or (
        rule is not None
        and measured.rule is not None
        and not (rule.comparison is measured.rule.comparison and _same(rule.limit, measured.rule.limit, _COUNTED))
    ):
        yield message("rule {theirs} recorded, {mine} asked for", theirs=_rule(measured.rule), mine=_rule(rule))
    # Without a rule nothing is decided, and the page asks only that it be no fail.
    undecided = rule is None and measured.value is not None and measured.outcome is Outcome.PASS
    if measured.outcome is not outcome and not undecided:
        yield message(
            "outcome {theirs} recorded, {mine} derived", theirs=_outcome(measured.outcome), mine=_outcome(outcome)
        )


def _groups(measured: Sequence[GroupEstimate], derived: Sequence[Group]) -> Iterator[Message]:
    theirs = {group.levels: group for group in measured}
    if len(theirs) < len(measured):
        yield message("a group is listed twice")
    for group in derived:
        name = ", ".join(group.levels)
        listed = theirs.pop(group.levels, None)
        if listed is None:
            yield message("the group “{group}” is not listed", group=name)
        elif listed.suppressed is not group.suppressed:
            yield message("the group “{group}” is suppressed in one derivation only", group=name)
        elif group.suppressed:
            if any(part is not None for part in _shown(listed)):
                yield message("the suppressed group “{group}” shows numbers", group=name)
        elif not _same_group(listed, group):
            yield message("the numbers of the group “{group}” differ", group=name)
    for listed in theirs.values():
        # A crossing that no row falls into may be listed as empty.
        if listed.n or any(part is not None for part in _shown(listed)[1:]):
            yield message("a group “{group}” is listed that the data do not have", group=", ".join(listed.levels))


def _shown(group: GroupEstimate) -> tuple[float | None, ...]:
    return group.n, group.successes, group.trials, group.value, group.low, group.high


def _same_group(listed: GroupEstimate, group: Group) -> bool:
    if listed.n != group.n:
        return False
    if not group.compared and all(part is None for part in _shown(listed)[3:]):
        # What is not compared may stand without a value; its counts, where given, must still be right.
        return listed.successes in (None, group.successes) and listed.trials in (None, group.trials)
    return (
        (listed.successes, listed.trials) == (group.successes, group.trials)
        and _same(group.value, listed.value, _COUNTED)
        and _same(group.low, listed.low, _SOLVED)
        and _same(group.high, listed.high, _SOLVED)
    )


def _number(value: float | None) -> Message | str:
    return message("undefined") if value is None else f"{value:.12g}"


def _rule(rule: Rule | None) -> Message:
    if rule is None:
        return message("none")
    if rule.comparison is Comparison.AT_MOST:
        return message("at most {limit}", limit=_number(rule.limit))
    return message("at least {limit}", limit=_number(rule.limit))


def _outcome(outcome: Outcome) -> Message:
    """Name an outcome; errors have gone their own way before."""
    if outcome is Outcome.PASS:
        return message("pass")
    return message("fail") if outcome is Outcome.FAIL else message("inconclusive")
