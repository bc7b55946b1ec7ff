"""Put one measurement together: its id, the decision on its interval, and the reason when there is none."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.evaluate.statistics.decision import decide, needed_n
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.values import shown
from shinrai.language import Bilingual, Message, message

ALL = "all"
_LONGEST_SUBJECT = 60


@dataclass(frozen=True, slots=True)
class Frame:
    """What a measurement is about, before anything is computed.

    subject: group columns, empty for all rows. columns: every column the number is computed from. rule: None for a
    metric without a limit. decisive: whether the requirement rests on it; needs a rule.
    """

    target: str
    check: str
    subject: tuple[str, ...]
    metric: str
    columns: tuple[str, ...]
    title: Message
    method: str
    rule: Rule | None
    decisive: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; at: the interval if every count were k times what it is, for needed_n."""

    value: float
    interval: Interval
    at: Callable[[int], Interval] | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a number stands on: rows used, coverage, and what else is shown with it."""

    n: int
    coverage: Coverage
    groups: tuple[GroupEstimate, ...] = ()
    findings: tuple[Message, ...] = ()
    counts: Mapping[str, int] | None = None


def measured(frame: Frame, estimate: Estimate, basis: Basis) -> Measurement:
    """Decide on the interval's bound; without a rule the number informs and its outcome is inconclusive."""
    needed: int | None = None
    reason: Message | None = None
    if frame.rule is None:
        outcome = Outcome.INCONCLUSIVE
        reason = message("No limit is set; the number informs.")
    else:
        outcome = decide(estimate.interval, frame.rule)
        if outcome is Outcome.INCONCLUSIVE:
            needed = None if estimate.at is None else needed_n(basis.n, estimate.value, estimate.at, frame.rule)
            reason = _undecided(frame.rule, needed)
    return _record(frame, estimate, basis, outcome, reason.both() if reason else None, needed)


def undefined(frame: Frame, basis: Basis, reason: Message) -> Measurement:
    """Record a number that these rows do not define: inconclusive, and why."""
    return _record(frame, None, basis, Outcome.INCONCLUSIVE, reason.both())


def faulty(frame: Frame, basis: Basis, reason: Message | TableError) -> Measurement:
    """Record a number that a fault of the data forbids: an error, and what to do about it."""
    text = reason.reason() if isinstance(reason, TableError) else reason.both()
    return _record(frame, None, basis, Outcome.ERROR, text)


def rule_for(metric: str, limits: Mapping[str, float], comparison: Comparison, default: float | None) -> Rule | None:
    """Return the rule of a metric: the description's limit, else the default one, else none."""
    limit = limits.get(metric, default)
    return None if limit is None else Rule(comparison, limit)


def subject_name(subject: Sequence[str]) -> str:
    """Return the part of an id that names the group columns: ASCII, without a dot, and not too long."""
    if not subject:
        return ALL
    joined = "-and-".join(_column_name(column) for column in subject)
    return joined if len(joined) <= _LONGEST_SUBJECT else f"columns-{_short_hash(joined)}"


def shown_subject(subject: Sequence[str]) -> str:
    """Return the group columns as people read them."""
    return " × ".join(shown(column) for column in subject)


def _column_name(column: str) -> str:
    plain = re.fullmatch(r"[A-Za-z0-9_]+", column) and column != ALL
    return column if plain else f"column-{_short_hash(column)}"


def _short_hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _undecided(rule: Rule, needed: int | None) -> Message:
    if needed is None:
        return message("The interval holds the limit {limit}; these rows do not decide.", limit=f"{rule.limit:g}")
    return message(
        "The interval holds the limit {limit}; about {needed} rows with the same rates would decide.",
        limit=f"{rule.limit:g}",
        needed=f"{needed:,}",
    )


def _record(
    frame: Frame,
    estimate: Estimate | None,
    basis: Basis,
    outcome: Outcome,
    reason: Bilingual | None,
    needed: int | None = None,
) -> Measurement:
    return Measurement(
        id=f"{frame.target}.{frame.check}.{subject_name(frame.subject)}.{frame.metric}",
        target=frame.target,
        check=frame.check,
        metric=frame.metric,
        columns=frame.columns,
        title=frame.title.both(),
        value=estimate.value if estimate else None,
        low=estimate.interval.low if estimate else None,
        high=estimate.interval.high if estimate else None,
        level=LEVEL,
        n=basis.n,
        coverage=basis.coverage,
        outcome=outcome,
        rule=frame.rule,
        decisive=frame.decisive,
        method=frame.method,
        reason=reason,
        needed_n=needed,
        groups=basis.groups,
        findings=tuple(finding.both() for finding in basis.findings),
        counts=dict(basis.counts or {}),
    )
