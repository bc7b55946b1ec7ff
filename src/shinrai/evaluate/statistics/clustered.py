"""Proportions and means of samples that come in clusters: several prompts of a scenario, several repeats of a prompt.

Samples of one cluster are alike, so n of them say less than n independent ones. The interval stands on the effective
n, the number of independent samples that would say as much, and on Student's t, because the spread between clusters is
itself estimated from few clusters. Where an outcome is so rare that it shows in few clusters, their likeness can't be
seen either; the estimate then leans to the worst case, in which each cluster counts as one sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.gaps import Fraction
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.proportions import wilson_bounds
from shinrai.evaluate.statistics.quantiles import t_beside, t_quantile
from shinrai.evaluate.statistics.undefined import Undefined

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """Variance of a single sample's score, in its two parts (squared unit of the score).

    between_prompts: how much prompts differ in their expected score. within_repeats: how much the same prompt's repeats
    differ. More repeats make only the second smaller; more prompts make both smaller.
    """

    between_prompts: float
    within_repeats: float


@dataclass(frozen=True, slots=True)
class RateSpread:
    """What the interval of a rate, or of a mean on a scale with two ends, needs.

    rate: the value on [0, 1]. observed_n: effective n as the clusters' spread shows it. worst_n: effective n if the
    samples of a cluster were all alike. seen: clusters that hold the rarer outcome. df: degrees of freedom, infinite
    for independent samples. start, width: lowest value of the scale, and from there to the highest.
    """

    rate: float
    observed_n: float
    worst_n: float
    seen: int
    df: float
    start: float = 0.0
    width: float = 1.0

    @property
    def value(self) -> float:
        """The value on its scale."""
        return self.start + self.width * self.rate

    def effective_n(self, times: float = 1.0) -> float:
        """Return the effective n of `times` as many clusters of the same kind."""
        return leaning_n(self.observed_n, self.worst_n, self.seen, times)

    def at(self, level: float = LEVEL, *, times: float = 1.0, value: float | None = None) -> Interval:
        """Wilson's interval at the effective n with Student's t, for another level, number of clusters or value."""
        rate = self.rate if value is None else (value - self.start) / self.width
        return self._bounds(rate, times, t_quantile(level, grown(self.df, times)))

    def beside(self, z: float) -> Interval:
        """Return the interval whose level is that of a normal quantile, which may be too near 1 to be written."""
        return self._bounds(self.rate, 1.0, t_beside(z, self.df))

    def _bounds(self, rate: float, times: float, t: float) -> Interval:
        n = np.array([self.effective_n(times)])
        low, high = wilson_bounds(np.array([rate]) * n, n, t)
        bounds = min(float(low[0]), rate), max(float(high[0]), rate)
        return Interval(self.start + self.width * bounds[0], self.start + self.width * bounds[1])

    def standard_error(self, times: float = 1.0) -> float:
        """Return the standard error of the value."""
        return self.width * sqrt(self.rate * (1 - self.rate) / self.effective_n(times))


@dataclass(frozen=True, slots=True)
class MeanSpread:
    """What the interval of a mean without ends needs. se: standard error; df: degrees of freedom."""

    value: float
    se: float
    df: float

    def at(self, level: float = LEVEL, *, times: float = 1.0, value: float | None = None) -> Interval:
        """Value ± t·se, for another level, number of clusters or value."""
        centre = self.value if value is None else value
        half = t_quantile(level, grown(self.df, times)) * self.standard_error(times)
        return Interval(centre - half, centre + half)

    def standard_error(self, times: float = 1.0) -> float:
        """Return the standard error of the mean."""
        return self.se / sqrt(times)


@dataclass(frozen=True, slots=True)
class Clustered:
    """A rate or mean over clustered samples.

    n: samples. design_effect: n over effective_n, at least 1. parts: None (as Undefined) without repeats.
    spread: gives the interval at other levels and numbers of clusters.
    """

    value: float
    interval: Interval
    n: int
    prompts: int
    clusters: int
    effective_n: float
    design_effect: float
    df: float
    parts: Parts | Undefined
    spread: RateSpread | MeanSpread


def clustered_proportion(clusters: Sequence[Sequence[Fraction]], *, level: float = LEVEL) -> Clustered | Undefined:
    """Share of successes among all samples, with an interval that holds for clustered samples.

    clusters: for each cluster its prompts as (successes, trials), the trials being repeats; 0 <= successes <= trials
    and trials >= 1, ValueError otherwise. Where every cluster is a single sample this is Wilson's interval.
    Sources: Dean, Pagano 2015, J. Surv. Stat. Methodol. 3:484 (Wilson at the effective n, with t); Bell, McCaffrey
    2002, Surv. Methodol. 28:169 (variance and degrees of freedom for few and unequal clusters). The lean to the worst
    case is our own and was chosen by simulation (docs/reference/conversation-statistics.md).
    """
    for successes, trials in (prompt for cluster in clusters for prompt in cluster):
        if trials < 1 or not 0 <= successes <= trials:
            raise ValueError(f"need 0 <= successes <= trials and trials >= 1, got {successes} of {trials}")
    return _clustered([[(t, float(s), float(s)) for s, t in cluster] for cluster in clusters], (0.0, 1.0), level)


def clustered_mean(
    clusters: Sequence[Sequence[Sequence[float]]],
    *,
    ends: tuple[float, float] | None = None,
    level: float = LEVEL,
) -> Clustered | Undefined:
    """Mean of all scores, with an interval that holds for clustered samples.

    clusters: for each cluster its prompts, for each prompt the scores of its repeats. ends: the scale's lowest and
    highest possible score, ValueError where a score lies outside; without them the interval is mean ± t·se, and
    undefined if all clusters have one value. With them it is the one of a proportion, stretched to the scale.
    """
    prompts = [[(len(scores), fsum(scores), fsum(x * x for x in scores)) for scores in cluster] for cluster in clusters]
    if any(n == 0 for cluster in prompts for n, _, _ in cluster):
        raise ValueError("every prompt needs at least one score")
    if ends is None:
        return _clustered(prompts, None, level)
    low, high = ends
    if not low < high or any(not low <= x <= high for cluster in clusters for scores in cluster for x in scores):
        raise ValueError(f"need scores between {low} and {high}")
    return _clustered(prompts, ends, level)


def variance_parts(prompts: Sequence[tuple[int, float, float]]) -> Parts | Undefined:
    """Split the variance of a score by one-way analysis of variance, prompts being the groups.

    prompts: (n, sum, sum of squares) of each prompt's scores. Undefined without a prompt of two repeats, or with one
    prompt. Source: Searle, Casella, McCulloch 1992, Variance Components, ch. 3 (ANOVA estimators, negative ones cut).
    """
    n, total = sum(r for r, _, _ in prompts), fsum(x for _, x, _ in prompts)
    free = n - len(prompts)
    if free < 1 or len(prompts) < 2:
        return Undefined.NO_REPEATS
    within = max(0.0, fsum(square - x * x / r for r, x, square in prompts) / free)
    among = fsum(r * (x / r - total / n) ** 2 for r, x, _ in prompts) / (len(prompts) - 1)
    size = (n - sum(r * r for r, _, _ in prompts) / n) / (len(prompts) - 1)
    return Parts(max(0.0, (among - within) / size), within)


def robust_variance(sums: Floats, sizes: Floats) -> tuple[float, float]:
    """Variance of sum(sums) / sum(sizes) from the spread between clusters, and its degrees of freedom.

    sums, sizes: by cluster, at least two. The residual of each cluster is raised for its own pull on the ratio, which
    makes the variance unbiased for independent samples; the degrees of freedom are Satterthwaite's.
    Source: Bell, McCaffrey 2002, Surv. Methodol. 28:169, written out for a ratio.
    """
    share = sizes / sizes.sum()
    residuals = sums - sums.sum() / sizes.sum() * sizes
    variance = float((residuals**2 / (1 - share)).sum()) / float(sizes.sum()) ** 2
    pull = share**2 / (1 - share)
    df = 1 / float((share**2).sum() + pull.sum() ** 2 - (pull**2).sum())
    return variance, max(1.0, df)


def leaning_n(observed: float, worst: float, seen: int, times: float = 1.0) -> float:
    """Effective n of `times` as many clusters: the observed one, leaning to the worst the fewer clusters show it.

    seen: clusters on which the observed one rests. Of the variance, 1 in seen + 1 parts is the worst case's.
    """
    trust = seen * times / (seen * times + 1)
    return times / (trust / observed + (1 - trust) / worst)


def grown(df: float, times: float) -> float:
    """Degrees of freedom of `times` as many clusters."""
    return max(1.0, (df + 1) * times - 1)


def _clustered(
    clusters: Sequence[Sequence[tuple[int, float, float]]], ends: tuple[float, float] | None, level: float
) -> Clustered | Undefined:
    """clusters: (n, sum, sum of squares) of each prompt of each cluster."""
    filled = [cluster for cluster in clusters if cluster]
    prompts = [prompt for cluster in filled for prompt in cluster]
    if not prompts:
        return Undefined.NO_SAMPLES
    if len(filled) == 1:
        return Undefined.ONE_CLUSTER
    sizes = np.array([sum(n for n, _, _ in cluster) for cluster in filled], dtype=np.float64)
    sums = np.array([fsum(x for _, x, _ in cluster) for cluster in filled])
    n = int(sizes.sum())
    spread: RateSpread | MeanSpread
    if ends is None:
        variance, df = robust_variance(sums, sizes)
        if variance == 0:
            return Undefined.NO_SPREAD
        mean = fsum(sums) / n
        each = max(0.0, fsum(square for _, _, square in prompts) - n * mean**2) / (n - 1)
        spread, effective = MeanSpread(mean, sqrt(variance), df), min(float(n), each / variance)
    else:
        spread = rate_spread(sums, sizes, ends)
        effective = spread.effective_n()
    return Clustered(
        value=spread.value,
        interval=spread.at(level),
        n=n,
        prompts=len(prompts),
        clusters=len(filled),
        effective_n=effective,
        design_effect=n / effective,
        df=spread.df,
        parts=variance_parts(prompts),
        spread=spread,
    )


def rate_spread(sums: Floats, sizes: Floats, ends: tuple[float, float] = (0.0, 1.0)) -> RateSpread:
    """Spread of a rate or of a mean on a scale with two ends. sums, sizes: by cluster, at least two."""
    start, width = ends[0], ends[1] - ends[0]
    parts, n = (sums - start * sizes) / width, float(sizes.sum())
    rate = min(1.0, max(0.0, float(parts.sum()) / n))
    if len(sizes) == n:
        return RateSpread(rate, n, n, 0, inf, start, width)
    variance, df = robust_variance(parts, sizes)
    worst = n**2 / float((sizes**2).sum())
    seen = min(int((parts > 0).sum()), int((parts < sizes).sum()))
    observed = n if variance == 0 else min(n, rate * (1 - rate) / variance)
    return RateSpread(rate, observed if seen else worst, worst, seen, df, start, width)
