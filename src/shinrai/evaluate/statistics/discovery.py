"""Many checks at once: decisions of a family of which the expected share of wrong ones stays below a bound.

Twenty checks decided one by one at level 0.95 go wrong somewhere more often than not. Here every check that was asked
belongs to the family, whether it came to a number or not, and the family's size stands beside the decisions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from shinrai.evaluate.measurement import Outcome, Rule
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.reach import first_level

RATE = 1 - LEVEL
"""Bound of the false-discovery rate, unless another is asked for."""


class Procedure(StrEnum):
    """How p-values are adjusted.

    BENJAMINI_YEKUTIELI holds under any dependence. BENJAMINI_HOCHBERG finds more, and holds for independent checks and
    those of positive regression dependence.
    """

    BENJAMINI_YEKUTIELI = "benjamini_yekutieli"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


@dataclass(frozen=True, slots=True)
class Member:
    """One check of a family. at: its interval at a level, None where it has no number (an error, or undefined)."""

    id: str
    rule: Rule
    at: Callable[[float], Interval] | None


@dataclass(frozen=True, slots=True)
class MemberDecision:
    """What a check comes to.

    alone: decided by itself at LEVEL. outcome: decided within the family. p: two-sided, of the value lying on the
    limit; adjusted: the smallest bound of the false-discovery rate at which the family decides this check. Without a
    number, alone and outcome are None and both p are 1; the reason stands with the check.
    """

    id: str
    alone: Outcome | None
    outcome: Outcome | None
    p: float
    adjusted: float


@dataclass(frozen=True, slots=True)
class Family:
    """Decisions of a family. m: its size, checks without a number included. level: of the intervals that decide."""

    name: str
    m: int
    rate: float
    procedure: Procedure
    level: float
    members: tuple[MemberDecision, ...]

    @property
    def discoveries(self) -> int:
        """How many checks the family decides."""
        return sum(member.outcome in (Outcome.PASS, Outcome.FAIL) for member in self.members)


def adjusted(ps: Sequence[float], procedure: Procedure = Procedure.BENJAMINI_YEKUTIELI) -> tuple[float, ...]:
    """Return adjusted p-values, in the order given; ps in [0, 1], ValueError otherwise.

    Rejecting those at most q keeps the expected share of false rejections at q or below.
    Sources: Benjamini, Hochberg 1995, JRSS B 57:289; Benjamini, Yekutieli 2001, Ann. Stat. 29:1165.
    """
    given = np.array(ps, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("need p-values between 0 and 1")
    order = np.argsort(given, kind="stable")
    factor = penalty(len(given), procedure)
    raised = given[order] * factor * len(given) / np.arange(1, len(given) + 1)
    settled = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    result = np.empty_like(settled)
    result[order] = settled
    return tuple(float(p) for p in result)


def penalty(m: int, procedure: Procedure) -> float:
    """Return what p-values of a family of m are multiplied by: 1, or 1 + 1/2 + ... + 1/m for any dependence."""
    return sum(1 / k for k in range(1, m + 1)) if procedure is Procedure.BENJAMINI_YEKUTIELI else 1.0


def decide_family(
    name: str,
    members: Sequence[Member],
    *,
    procedure: Procedure = Procedure.BENJAMINI_YEKUTIELI,
    rate: float = RATE,
) -> Family:
    """Decide all checks of a family, three ways each, with the false-discovery rate at most `rate`.

    members: ids are distinct, ValueError otherwise. A discovery is a PASS or a FAIL; it is false when the true value
    lies on the other side of the limit. Each check's p is 1 - the level at which its interval reaches the limit, so a
    check is decided exactly if its interval at the family's `level` = 1 - R·rate/(m·penalty) lies wholly on one side,
    with R the number of checks decided. Source: Benjamini, Yekutieli 2005, JASA 100:71 (directional decisions and
    intervals of those selected).
    """
    if len({member.id for member in members}) != len(members):
        raise ValueError("two checks of the family have the same id")
    if not 0 < rate < 1:
        raise ValueError(f"need a rate between 0 and 1, got {rate}")
    ps = [_p(member) for member in members]
    raised = adjusted(ps, procedure)
    found = sum(p <= rate for p in raised)
    share = max(1, found) / (max(1, len(members)) * penalty(max(1, len(members)), procedure))
    decisions = tuple(_decision(member, p, up, rate) for member, p, up in zip(members, ps, raised, strict=True))
    return Family(name, len(members), rate, procedure, 1 - rate * share, decisions)


def _p(member: Member) -> float:
    if member.at is None:
        return 1.0
    return first_level(member.at, lambda interval: decide(interval, member.rule) is not Outcome.INCONCLUSIVE)


def _decision(member: Member, p: float, raised: float, rate: float) -> MemberDecision:
    if member.at is None:
        return MemberDecision(member.id, None, None, p, raised)
    alone = decide(member.at(LEVEL), member.rule)
    outcome = decide(member.at(1 - p), member.rule) if raised <= rate else Outcome.INCONCLUSIVE
    return MemberDecision(member.id, alone, outcome, p, raised)
