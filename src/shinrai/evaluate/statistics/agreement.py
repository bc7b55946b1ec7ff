"""Agreement: of repeats with each other, of two judges, of a panel. Chance-corrected, with intervals, and who differs.

A coefficient is a smooth function of the shares of a table, and its variance is that of its first-order influence.
Few items often agree in full, and would then show no variance at all; four items, spread evenly over all outcomes, are
added before the interval is taken, which makes it cover (docs/reference/conversation-statistics.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from shinrai.evaluate.statistics.clustered import Clustered, Floats, clustered_mean
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.quantiles import t_quantile
from shinrai.evaluate.statistics.undefined import Undefined

Table = Sequence[Sequence[int]]
"""Items by the category that the first (row) and the second judge (column) gave; square, at least 2 by 2."""

Coefficient = Literal["kappa", "ac1"]

_ADDED = 4.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient: 1 is full agreement, 0 what chance would give. observed: share of items (or pairs) that agree."""

    value: float
    interval: Interval
    observed: float
    n: int


@dataclass(frozen=True, slots=True)
class Consistency:
    """Repeats of one prompt against each other.

    pairs: share of pairs of repeats that agree, prompts counting alike. stable: share of prompts whose repeats all
    agree. unstable: ids of the others. unrepeated: prompts with one score only, in no number here.
    """

    pairs: Clustered | Undefined
    stable: Clustered | Undefined
    unstable: tuple[str, ...]
    unrepeated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Several judges on the same items.

    agreement: Krippendorff's alpha. differing: ids of the items on which judges differ, for a person to look at.
    single: items with fewer than two verdicts, in no number here.
    """

    agreement: Agreement | Undefined
    differing: tuple[str, ...]
    single: tuple[str, ...]


def chance_corrected(table: Table, coefficient: Coefficient, *, level: float = LEVEL) -> Agreement | Undefined:
    """Cohen's kappa or Gwet's AC1 of two judges.

    table: counts of 0 or more, ValueError otherwise. kappa is undefined when both judges used a single category only.
    Sources: Cohen 1960, Educ. Psychol. Meas. 20:37; Fleiss, Cohen, Everitt 1969, Psychol. Bull. 72:323 (variance);
    Gwet 2008, Br. J. Math. Stat. Psychol. 61:29. Kappa falls with the rarity of a category though the judges agree no
    less (Feinstein, Cicchetti 1990, J. Clin. Epidemiol. 43:543), so show it with the base rate and AC1.
    """
    counts = np.array(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2 or (counts < 0).any():
        raise ValueError("need a square table of counts of 0 or more, at least 2 by 2")
    n = int(counts.sum())
    if n < 2:
        return Undefined.TOO_FEW_LABELS
    if coefficient == "kappa" and _by_chance(counts / n, coefficient)[0] == 1:
        return Undefined.ONE_CATEGORY
    value, _ = _coefficient(counts, coefficient)
    centre, variance = _coefficient(counts + _ADDED / counts.size, coefficient)
    half = t_quantile(level, n - 1) * sqrt(variance)
    interval = Interval(max(-1.0, min(value, centre - half)), min(1.0, max(value, centre + half)))
    return Agreement(value, interval, float(np.trace(counts)) / n, n)


def repeat_consistency(
    prompts: Mapping[str, Sequence[int]], clusters: Mapping[str, str] | None = None, *, level: float = LEVEL
) -> Consistency:
    """How often repeats of one prompt come out alike.

    prompts: for each prompt how many of its repeats came out in each way. clusters: the scenario of each prompt; each
    is its own when left out. Prompts without a repeat are listed, not counted.
    """
    repeated = {name: counts for name, counts in prompts.items() if sum(counts) > 1}
    by_cluster: dict[str, list[str]] = {}
    for name in repeated:
        by_cluster.setdefault(name if clusters is None else clusters[name], []).append(name)
    agreeing = {name: _agreeing_pairs(counts) for name, counts in repeated.items()}
    rates = [[[agreeing[name]] for name in names] for names in by_cluster.values()]
    same = [[[float(agreeing[name] == 1)] for name in names] for names in by_cluster.values()]
    return Consistency(
        pairs=clustered_mean(rates, ends=(0.0, 1.0), level=level),
        stable=clustered_mean(same, ends=(0.0, 1.0), level=level),
        unstable=tuple(sorted(name for name, share in agreeing.items() if share < 1)),
        unrepeated=tuple(sorted(prompts.keys() - repeated.keys())),
    )


def panel_agreement(verdicts: Mapping[str, Sequence[str]], *, level: float = LEVEL) -> Panel:
    """Krippendorff's alpha for categories, any number of judges, any of them missing on any item.

    verdicts: for each item the categories its judges gave. Undefined for fewer than two items with two verdicts, or
    one category in all. Source: Krippendorff 2011, Computing Krippendorff's alpha-reliability.
    """
    paired = {item: given for item, given in verdicts.items() if len(given) > 1}
    categories = sorted({category for given in paired.values() for category in given})
    rows = [[list(given).count(category) for category in categories] for given in paired.values()]
    return Panel(
        agreement=_alpha(np.array(rows, dtype=np.float64).reshape(len(rows), len(categories)), level),
        differing=tuple(sorted(item for item, given in paired.items() if len(set(given)) > 1)),
        single=tuple(sorted(verdicts.keys() - paired.keys())),
    )


def _agreeing_pairs(counts: Sequence[int]) -> float:
    n = sum(counts)
    return sum(count * (count - 1) for count in counts) / (n * (n - 1))


def _coefficient(counts: Floats, coefficient: Coefficient) -> tuple[float, float]:
    """Return the coefficient of a table and the variance of its first-order influence."""
    n = float(counts.sum())
    shares = counts / n
    chance, slope = _by_chance(shares, coefficient)
    observed = float(np.trace(shares))
    value = 1 - (1 - observed) / (1 - chance)
    influence = (np.eye(len(shares)) - (1 - value) * slope) / (1 - chance)
    mean = float((shares * influence).sum())
    return value, max(0.0, float((shares * influence**2).sum()) - mean**2) / n


def _by_chance(shares: Floats, coefficient: Coefficient) -> tuple[float, Floats]:
    """Agreement that chance would give, and its derivative by each share."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    if coefficient == "kappa":
        return float(rows @ columns), columns[:, None] + rows[None, :]
    used, others = (rows + columns) / 2, len(shares) - 1
    slope = (1 - 2 * used) / 2
    return float((used * (1 - used)).sum()) / others, (slope[:, None] + slope[None, :]) / others


def _alpha(rows: Floats, level: float) -> Agreement | Undefined:
    """rows: for each item how many judges gave each category, at least two of them."""
    if len(rows) < 2:
        return Undefined.TOO_FEW_LABELS
    categories = rows.shape[1]
    if categories < 2:
        return Undefined.ONE_CATEGORY
    n = float(rows.sum())
    value, _ = _alpha_of(rows, np.ones(len(rows)), n - 1)
    # Every pair of categories once more, with four items' worth of weight in all.
    extra = (np.eye(categories)[:, None, :] + np.eye(categories)[None, :, :]).reshape(-1, categories)
    weights = np.concatenate([np.ones(len(rows)), np.full(len(extra), _ADDED / len(extra))])
    everything = np.concatenate([rows, extra])
    centre, variance = _alpha_of(everything, weights, float(weights @ everything.sum(axis=1)))
    half = t_quantile(level, len(rows) - 1) * sqrt(variance)
    interval = Interval(max(-1.0, min(value, centre - half)), min(1.0, max(value, centre + half)))
    pairs = (rows * (rows - 1)).sum(axis=1) / (rows.sum(axis=1) - 1)
    return Agreement(value, interval, float(pairs.sum()) / n, len(rows))


def _alpha_of(rows: Floats, weights: Floats, others: float) -> tuple[float, float]:
    """Return alpha and the variance of its influence. others: verdicts that another one can be paired with."""
    given = rows.sum(axis=1)
    n = float(weights @ given)
    differing = (given**2 - (rows**2).sum(axis=1)) / (given - 1)
    totals = weights @ rows
    observed = float(weights @ differing) / n
    by_chance = (n**2 - float(totals @ totals)) / (n * others)
    share = totals / n
    mean_chance = 1 - float(share @ share)
    of_observed = (differing - observed * given) / n
    of_chance = 2 * (given * float(share @ share) - rows @ share) / n
    influence = (of_observed - observed / mean_chance * of_chance) / mean_chance
    return 1 - observed / by_chance, float(weights @ influence**2)
