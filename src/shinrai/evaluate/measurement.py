"""What a check hands out: a number with n, interval, coverage and a decision taken on the interval's bound."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shinrai.language import Bilingual


class Outcome(StrEnum):
    """What a measurement came to. A fault of target, judge or network is ERROR: never a pass, never a fail."""

    PASS = "pass"  # noqa: S105  (an outcome, not a password)
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Comparison(StrEnum):
    """Which side of the limit is the right one."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Rule:
    """The decision rule of a measurement: the whole interval has to lie on the right side of the limit."""

    comparison: Comparison
    limit: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was asked has data: used of asked rows (0 <= used <= asked)."""

    used: int
    asked: int


@dataclass(frozen=True, slots=True)
class GroupEstimate:
    """The estimate of one group.

    levels: one label for each group column. successes of trials is the rate's fraction; for a metric that is not a
    rate both are None. value, low and high are None when undefined or suppressed, and `note` says why.
    n: rows of the group; None when suppressed below the size that may be shown.
    """

    levels: tuple[str, ...]
    n: int | None
    successes: int | None
    trials: int | None
    value: float | None
    low: float | None
    high: float | None
    suppressed: bool = False
    note: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number and what it means.

    id: `<target>.<check>.<subject>.<metric>`, matching `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`; the same description and
      data give the same id. value: in the unit of the metric, None when undefined (reason says why). low, high: the
      interval at `level` (0.95), None when value is. n: rows that went into it.
    decisive: whether the requirement's outcome rests on it; others inform only and the report says so.
    rule: None only where decisive is False, or where the outcome is ERROR because the table could not be opened.
    needed_n: for INCONCLUSIVE, the n that would be expected to decide.
    counts: the exact integers the value was computed from, so that others can recompute it.
    method: names of estimator and interval with their source.
    """

    id: str
    target: str
    check: str
    metric: str
    columns: tuple[str, ...]
    title: Bilingual
    value: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    coverage: Coverage
    outcome: Outcome
    rule: Rule | None
    decisive: bool
    method: str
    reason: Bilingual | None = None
    needed_n: int | None = None
    groups: tuple[GroupEstimate, ...] = ()
    findings: tuple[Bilingual, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
