"""How much more has to be measured for a clustered number to be decided."""

from dataclasses import dataclass
from math import ceil
from statistics import NormalDist

from shinrai.evaluate.measurement import Rule
from shinrai.evaluate.statistics.clustered import Clustered
from shinrai.evaluate.statistics.decision import needed_n
from shinrai.evaluate.statistics.interval import LEVEL, Interval

CHANCE = 0.8
"""Chance with which a fresh run of the needed size decides, if the value seen is the true one."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What would decide: clusters (scenarios), and prompts and samples at the present numbers per cluster."""

    clusters: int
    prompts: int
    samples: int


def needed_clusters(estimate: Clustered, rule: Rule, *, chance: float = CHANCE, level: float = LEVEL) -> Needed | None:
    """Clusters of the same kind with which a fresh run would decide with the given chance, the value seen being true.

    estimate: one that the rule leaves inconclusive. chance: 0.5 <= chance < 1, ValueError otherwise; at 0.5 it is the
    number at which the very same value would decide. None when the value lies on the limit, or when more than
    decision.MOST_ROWS clusters would be needed.
    """
    if not 0.5 <= chance < 1:
        raise ValueError(f"need a chance of at least 0.5 and below 1, got {chance}")
    spread, luck = estimate.spread, NormalDist().inv_cdf(chance)
    towards = 1.0 if spread.value < rule.limit else -1.0

    def at(clusters: int) -> Interval:
        times = clusters / estimate.clusters
        unlucky = spread.value + towards * luck * spread.standard_error(times)
        # Beyond the limit the unlucky value would decide for the wrong side.
        if (unlucky - rule.limit) * towards >= 0:
            return Interval(min(spread.value, rule.limit) - 1, max(spread.value, rule.limit) + 1)
        return spread.at(level, times=times, value=unlucky)

    clusters = needed_n(1, spread.value, at, rule)
    if clusters is None:
        return None
    per_cluster = clusters / estimate.clusters
    return Needed(clusters, ceil(estimate.prompts * per_cluster), ceil(estimate.n * per_cluster))
