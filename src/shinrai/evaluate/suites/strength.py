"""Can a suite decide at all? With too few scenarios even a system without a fault stays undecided."""

from dataclasses import dataclass

from shinrai.evaluate.measurement import Comparison
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.suites.model import Decision, Suite


@dataclass(frozen=True, slots=True)
class Strength:
    """What a deciding scorer could show at best.

    probes, clusters: asked of the scorer. best: the interval if every scenario came out right; scenarios are counted,
    not samples, because samples of one scenario are not independent.
    """

    scorer: str
    decision: Decision
    probes: int
    clusters: int
    best: Interval

    @property
    def can_decide(self) -> bool:
        """Whether a system without a fault would pass."""
        rule = self.decision.rule
        if rule.comparison is Comparison.AT_LEAST:
            return self.best.low >= rule.limit
        return self.best.high <= rule.limit


def strengths(suite: Suite) -> tuple[Strength, ...]:
    """Return what each deciding scorer of a suite could show at best."""
    found = []
    for used in suite.scorers:
        if used.decision is None:
            continue
        asked = [probe for probe in suite.probes if used.name in probe.expected]
        clusters = len({probe.cluster for probe in asked})
        right = clusters if used.decision.rule.comparison is Comparison.AT_LEAST else 0
        found.append(Strength(used.name, used.decision, len(asked), clusters, wilson(right, clusters)))
    return tuple(found)
