"""Searching thousands of subgroups for one that is treated otherwise, without finding what is not there.

Screening tests every subgroup against all other rows and bounds the share of false flags; what is flagged is measured
anew on rows that took no part in the choice. Largest is what the data are sure of: findings come in the order of the
smallest gap that their interval allows, so a small subgroup with a large gap by luck does not lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.discovery import RATE, Procedure, adjusted
from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.hypergeometric import hypergeometric
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import newcombe_bounds
from shinrai.evaluate.statistics.quantiles import normal_quantile
from shinrai.evaluate.statistics.shrinkage import shrink
from shinrai.evaluate.statistics.simultaneous import holm

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

MIN_TRIALS = 30
"""Trials that a subgroup and its complement need to be tested, unless another number is asked for."""

_LARGE, _SAME = 5.0, 1e-9


@dataclass(frozen=True, slots=True)
class Counts:
    """Successes and trials of subgroups, and of all rows that each is compared with. Arrays of one length."""

    successes: Whole
    trials: Whole
    rest_successes: Whole
    rest_trials: Whole

    def __post_init__(self) -> None:
        if len({len(self.successes), len(self.trials), len(self.rest_successes), len(self.rest_trials)}) != 1:
            raise ValueError("need four columns of one length")
        for part, whole in ((self.successes, self.trials), (self.rest_successes, self.rest_trials)):
            if (part < 0).any() or (part > whole).any():
                raise ValueError("need 0 <= successes <= trials in every subgroup and its complement")

    def at(self, places: Sequence[int] | NDArray[np.intp]) -> "Counts":
        """Return some of the subgroups, in the order of the places."""
        chosen = np.asarray(places, dtype=np.intp)
        return Counts(
            self.successes[chosen], self.trials[chosen], self.rest_successes[chosen], self.rest_trials[chosen]
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One subgroup that was tested.

    place: in the counts given. rate, rest: its own and its complement's. difference: rate - rest; the interval allows
    for the choice of those flagged. p: of no difference; adjusted: Benjamini-Hochberg. flagged: adjusted is at most the
    rate asked for. shrunk, shrunk_interval: the rate drawn to the mean of all subgroups tested.
    """

    place: int
    n: int
    rate: float
    rest: float
    difference: Gap
    p: float
    adjusted: float
    flagged: bool
    shrunk: float
    shrunk_interval: Interval


@dataclass(frozen=True, slots=True)
class Screening:
    """Findings, or the flagged ones alone: the flagged first, by the smallest gap their interval allows, the rest by p.

    tested: their number, the family that p-values are adjusted for. small: places with too few trials to be tested.
    level: of the intervals.
    """

    findings: tuple[Finding, ...]
    tested: int
    small: tuple[int, ...]
    rate: float
    level: float

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """Those flagged."""
        return tuple(finding for finding in self.findings if finding.flagged)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A flagged subgroup on rows that took no part in flagging it.

    difference: without the luck of being chosen; intervals hold for all confirmations together (Bonferroni). holm: p
    adjusted for all of them. confirmed: holm is at most the rate, and the gap has the sign it was flagged with.
    """

    place: int
    n: int
    difference: Gap | None
    p: float
    holm: float
    confirmed: bool


def p_values(counts: Counts) -> Floats:
    """Two-sided p of no difference between each subgroup and its complement.

    Pearson's chi-squared times (N - 1)/N where at least 5 are expected in each of the four cells, else Fisher's exact
    test with the mid-p. 1 without trials on a side. Sources: Campbell 2007, Stat. Med. 26:3661; Lancaster 1961, JASA
    56:223.
    """
    a, n, b, m = (np.asarray(each, dtype=np.float64) for each in _columns(counts))
    total, with_ = n + m, a + b
    rate = with_ / np.maximum(total, 1)
    expected = np.minimum(n, m) * np.minimum(rate, 1 - rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (a - n * rate) / np.sqrt(n * m * rate * (1 - rate) / np.maximum(total - 1, 1))
    ps = np.array([erfc(each / sqrt(2)) if isfinite(each) else 1.0 for each in np.abs(z).tolist()])
    for place in np.flatnonzero((expected < _LARGE) & (n > 0) & (m > 0)):
        ps[place] = _fisher(*(int(each[place]) for each in _columns(counts)))
    return ps


def screen(
    counts: Counts, *, min_trials: int = MIN_TRIALS, rate: float = RATE, only_flagged: bool = False
) -> Screening:
    """Test subgroups, adjust for their number, and put them in order.

    min_trials: at least 1; 0 < rate < 1; ValueError otherwise. only_flagged: the others are not
    described. The intervals are Newcombe's at level 1 - R·rate/m with R flagged of m tested (at least 1), so that on
    average at most `rate` of the flagged ones' intervals miss.
    Sources: Benjamini, Hochberg 1995, JRSS B 57:289; Benjamini, Yekutieli 2005, JASA 100:71.
    """
    if min_trials < 1 or not 0 < rate < 1:
        raise ValueError(f"need at least one trial and a rate between 0 and 1, got {min_trials} and {rate}")
    enough = (counts.trials >= min_trials) & (counts.rest_trials >= min_trials)
    places, small = np.flatnonzero(enough), tuple(int(place) for place in np.flatnonzero(~enough))
    tested = counts.at(places)
    ps = p_values(tested)
    raised = np.array(adjusted(ps.tolist(), Procedure.BENJAMINI_HOCHBERG))
    flagged = raised <= rate
    level = 1 - rate * max(1, int(flagged.sum())) / max(1, len(places))
    described = np.flatnonzero(flagged) if only_flagged else np.arange(len(places))
    shrunk = _shrunk(tested, described)
    places, tested, ps, raised, flagged = (
        places[described],
        tested.at(described),
        ps[described],
        raised[described],
        flagged[described],
    )
    gaps = _gaps(tested, normal_quantile(level))
    # Only the flagged ones are put in the order of their gaps.
    smallest = np.array(
        [gap.interval.magnitude().low if chosen else 0.0 for gap, chosen in zip(gaps, flagged.tolist(), strict=True)]
    )
    # Lists of Python's own numbers: to take them one by one from arrays would cost more than to find them.
    columns = (places, tested.trials, tested.successes / tested.trials, tested.rest_successes / tested.rest_trials)
    findings = [
        Finding(place, n, own, rest, gap, p, up, chosen, value, interval)
        for place, n, own, rest, gap, p, up, chosen, (value, interval) in zip(
            *(column.tolist() for column in columns),
            gaps,
            ps.tolist(),
            raised.tolist(),
            flagged.tolist(),
            shrunk,
            strict=True,
        )
    ]
    # The place decides last, so that the order never hangs on anything else.
    order = np.lexsort((places, ps, -smallest, ~flagged))
    return Screening(tuple(findings[i] for i in order), int(enough.sum()), small, rate, level)


def confirm(screening: Screening, held_out: Counts) -> tuple[Confirmation, ...]:
    """Measure the flagged subgroups on held-out rows; those confirmed first, by the smallest gap their interval allows.

    held_out: the same subgroups in the same places as were screened, from rows that were not. Source: Holm 1979.
    """
    flagged = screening.flagged
    chosen = held_out.at([finding.place for finding in flagged])
    ps = p_values(chosen)
    raised = holm(ps.tolist())
    there = (chosen.trials > 0) & (chosen.rest_trials > 0)
    z = normal_quantile(1 - screening.rate / max(1, len(flagged)))
    places = np.flatnonzero(there)
    gaps = dict(zip(places.tolist(), _gaps(chosen.at(places), z), strict=True))
    found = [
        Confirmation(
            place=finding.place,
            n=int(chosen.trials[i]),
            difference=gaps.get(i),
            p=float(ps[i]),
            holm=raised[i],
            confirmed=i in gaps and raised[i] <= screening.rate and gaps[i].value * finding.difference.value > 0,
        )
        for i, finding in enumerate(flagged)
    ]
    return tuple(sorted(found, key=lambda each: (not each.confirmed, -_smallest(each), each.p, each.place)))


def _columns(counts: Counts) -> tuple[Whole, Whole, Whole, Whole]:
    return counts.successes, counts.trials, counts.rest_successes, counts.rest_trials


def _gaps(counts: Counts, z: float) -> list[Gap]:
    a, n, b, m = (np.asarray(each, dtype=np.float64) for each in _columns(counts))
    low, high = newcombe_bounds(a, n, b, m, z)
    return [
        Gap(value, Interval(below, above))
        for value, below, above in zip((a / n - b / m).tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def _smallest(each: Confirmation) -> float:
    return each.difference.interval.magnitude().low if each.difference else 0.0


def _shrunk(counts: Counts, places: Whole) -> list[tuple[float, Interval]]:
    if not len(places):
        return []
    # One subgroup has no others to be like; its complement is the only mean there is.
    alone = len(counts.trials) == 1
    together = shrink(
        np.concatenate([counts.successes, counts.rest_successes]) if alone else counts.successes,
        np.concatenate([counts.trials, counts.rest_trials]) if alone else counts.trials,
        places=places,
    )
    found = zip(together.values.tolist(), together.low.tolist(), together.high.tolist(), strict=True)
    return [(value, Interval(low, high)) for value, low, high in found]


def _fisher(a: int, n: int, b: int, m: int) -> float:
    """Mid-p of Fisher's exact test: tables less probable than the one seen, and half of those as probable.

    1 where the margins leave one table only.
    """
    k, chances = hypergeometric(n, m, a + b)
    if len(k) == 1:
        return 1.0
    if not k[0] <= a <= k[-1]:
        return 0.0
    seen = chances[a - int(k[0])]
    less, most = chances[chances < seen * (1 - _SAME)].sum(), chances[chances <= seen * (1 + _SAME)].sum()
    return float(min(1.0, (less + most) / 2))
