"""From a table of scores to rules for each group, with what they change on rows that were held back."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from shinrai.evaluate.audit.mitigation.outcome import Outcome, outcome
from shinrai.evaluate.audit.mitigation.parts import Parted, Split, read_parts
from shinrai.evaluate.audit.mitigation.thresholds import TOLERANCE, Equal, Fitted, Gains, Rule, Step, fit
from shinrai.evaluate.targets.table import TableTarget

CHANCE_PARTS = 10**6
"""Chances are rounded to so many parts, so that a person can copy them; rates move by half a millionth at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make equal, and how; as in thresholds.fit."""

    equal: Equal
    gains: Gains = field(default_factory=Gains)
    deterministic: bool = False
    rate: Fraction | None = None
    tolerance: Fraction = TOLERANCE


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rules, and the outcome on the rows held back."""

    wanted: Wanted
    parted: Parted
    fitted: Fitted
    outcome: Outcome


def choose(target: TableTarget, split: Split, wanted: Wanted) -> Chosen:
    """Fit rules on one part of a table and compare on the other. Errors as in parts.read_parts and thresholds.fit."""
    parted = read_parts(target, split)
    found = fit(
        parted.fit.groups,
        parted.fit.missing,
        wanted.equal,
        gains=wanted.gains,
        deterministic=wanted.deterministic,
        rate=wanted.rate,
        tolerance=wanted.tolerance,
    )
    fitted = replace(found, rules={levels: _rounded(rule) for levels, rule in found.rules.items()})
    fitted = replace(fitted, rest=_rounded(found.rest))
    return Chosen(wanted, parted, fitted, outcome(parted.held_back, fitted, wanted.gains))


def _rounded(rule: Rule) -> Rule:
    steps: list[Step] = []
    for step in rule.steps:
        chance = Fraction(round(step.chance * CHANCE_PARTS), CHANCE_PARTS)
        if chance > (steps[-1].chance if steps else 0):
            steps.append(Step(step.cut, chance))
    return Rule(tuple(steps))
