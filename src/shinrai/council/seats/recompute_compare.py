"""Say in words where a measurement and its second derivation part."""

import math
from collections.abc import Iterator, Sequence

from shinrai.council.seats.intervals import decide
from shinrai.council.seats.recompute_rates import Derived, Group
from shinrai.evaluate.measurement import Comparison, GroupEstimate, Measurement, Outcome, Rule
from shinrai.language import Message, message

# Both derivations solve for the same bounds in doubles, by ways that lose different last digits.
_COUNTED, _SOLVED = 1e-12, 1e-9
_TOLD = 3
_MOST_ROWS = 10**9
_ON_THE_LIMIT = 1e-12


def differences(
    measured: Measurement,
    derived: Derived,
    outcome: Outcome,
    rule: Rule | None,
    decisive: bool,
    columns: Sequence[str],
    asked: int,
) -> Message | None:
    """Return what differs, at most the first three points, or None.

    outcome, rule, decisive, columns: what they should be. asked: rows in the file.
    """
    points = []
    if derived.fault is not None and measured.outcome is not Outcome.ERROR:
        points.append(message("not recorded as an error, although {fault}", fault=derived.fault))
    elif derived.fault is None and measured.outcome is Outcome.ERROR:
        points.append(message("recorded as an error, but the data have no such fault"))
    else:
        points += _decision(measured, outcome, rule, decisive)
        points += _needed(measured, derived, outcome, rule)
    points += [*_numbers(measured, derived, asked), *_groups(measured.groups, derived.groups)]
    if tuple(columns) != measured.columns:
        points.append(message("the columns it is computed from are recorded otherwise"))
    return together(points)


def together(points: Sequence[Message]) -> Message | None:
    """Join several points into one message."""
    told: Message | None = None
    for point in points[:_TOLD]:
        told = point if told is None else message("{first}; {second}", first=told, second=point)
    return told


def same_count_value(mine: float | None, theirs: float | None) -> bool:
    """Whether two values that come from counts are one, whatever the order they were added up in."""
    return _same(mine, theirs, _SOLVED)


def _same(mine: float | None, theirs: float | None, tolerance: float) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=tolerance, abs_tol=tolerance)


def _numbers(measured: Measurement, derived: Derived, asked: int) -> Iterator[Message]:
    if not _same(derived.value, measured.value, max(_COUNTED, derived.tolerance)):
        mine, theirs = _number(derived.value), _number(measured.value)
        yield message("value {theirs} recorded, {mine} derived", theirs=theirs, mine=mine)
    if not _same(derived.low, measured.low, max(_SOLVED, derived.tolerance)):
        mine, theirs = _number(derived.low), _number(measured.low)
        yield message("lower bound {theirs} recorded, {mine} derived", theirs=theirs, mine=mine)
    if not _same(derived.high, measured.high, max(_SOLVED, derived.tolerance)):
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
    for name in sorted(derived.counts.keys() | measured.counts.keys()):
        mine_, theirs_ = derived.counts.get(name), measured.counts.get(name)
        if mine_ != theirs_:
            none = message("none")
            yield message(
                "count {name}: {theirs} recorded, {mine} derived",
                name=name,
                theirs=none if theirs_ is None else theirs_,
                mine=none if mine_ is None else mine_,
            )


def _decision(measured: Measurement, outcome: Outcome, rule: Rule | None, decisive: bool) -> Iterator[Message]:
    if measured.level != 0.95:
        yield message("the interval is recorded at another level than 0.95")
    if measured.decisive is not decisive:
        yield message("whether it is decisive was changed")
    if (rule is None) is not (measured.rule is None) or (
        rule is not None
        and measured.rule is not None
        and not (rule.comparison is measured.rule.comparison and _same(rule.limit, measured.rule.limit, _COUNTED))
    ):
        yield message("rule {theirs} recorded, {mine} asked for", theirs=_rule(measured.rule), mine=_rule(rule))
    # A bound may lie on the limit itself but for its last digits; the outcome then follows from the bound as recorded.
    if measured.outcome not in {outcome, decide(rule, measured.low, measured.high)}:
        yield message(
            "outcome {theirs} recorded, {mine} derived", theirs=_outcome(measured.outcome), mine=_outcome(outcome)
        )


def _needed(measured: Measurement, derived: Derived, outcome: Outcome, rule: Rule | None) -> Iterator[Message]:
    """Hold the rows that a decision is said to need against the definition, at that many rows and at one step fewer."""
    needed, n, at = measured.needed_n, derived.n, derived.at
    if rule is None or derived.value is None or at is None or n == 0 or outcome is not Outcome.INCONCLUSIVE:
        right = needed is None or measured.outcome is not outcome
    elif needed is None:
        most = _MOST_ROWS // n
        right = abs(derived.value - rule.limit) <= _ON_THE_LIMIT or most < 2 or not _decides(rule, *at(most), -_SOLVED)
    else:
        k = needed // n
        right = (
            needed == k * n
            and 2 <= k <= _MOST_ROWS // n
            and _decides(rule, *at(k), _SOLVED)
            and (k == 2 or not _decides(rule, *at(k - 1), -_SOLVED))
        )
    if not right:
        yield message("the number of rows that would decide is not {needed}", needed=_number(needed))


def _decides(rule: Rule, low: float, high: float, slack: float) -> bool:
    """Whether the interval lies on one side of the limit, or is no more than the slack away from that."""
    return min(high - rule.limit, rule.limit - low) <= slack


def _groups(measured: Sequence[GroupEstimate], derived: Sequence[Group]) -> Iterator[Message]:
    if [group.levels for group in measured] != [group.levels for group in derived]:
        yield message("other groups are listed than the data have, or in another order")
        return
    for listed, group in zip(measured, derived, strict=True):
        name = ", ".join(group.levels)
        if listed.suppressed is not group.suppressed:
            yield message("the group “{group}” is suppressed in one derivation only", group=name)
        elif not _same_group(listed, group):
            yield message("the numbers of the group “{group}” differ", group=name)


def _same_group(listed: GroupEstimate, group: Group) -> bool:
    return (
        (listed.n, listed.successes, listed.trials) == (group.n, group.successes, group.trials)
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
