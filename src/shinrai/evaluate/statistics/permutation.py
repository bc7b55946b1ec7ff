"""Does any group differ? The gaps that groups without a difference show by chance, with all margins held.

The largest rate minus the smallest grows with the number of groups and with their smallness, even among groups that are
equal; a bootstrap of it therefore shuts out "no difference" nearly always. Here the successes are dealt out again among
the groups, each group keeping its size and the total staying what it is. The gaps of these draws are what chance alone
gives, and the share of draws whose gap is at least the one seen is an exact test's p.

So that a second party can draw the same: stratum k (from 0; there is one where none are given) draws from
`numpy.random.Generator(numpy.random.PCG64([seed, k]))` by `multivariate_hypergeometric(trials, successes, size,
method="marginals")`, row after row. Totals of 10⁹ trials and more go beyond that method and are drawn group after group
in blocks of `BLOCK` // groups rows (see `_beyond`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.gaps import Fraction
from shinrai.evaluate.statistics.interval import LEVEL
from shinrai.evaluate.statistics.undefined import Undefined

DRAWS = 10_000
"""How often the successes are dealt out, unless another number is asked for."""

SEED = 1
"""Seed of the draws, unless another is asked for. It belongs in the evidence."""

BLOCK = 250_000
"""Numbers that are held at a time: it bounds the memory, and changes no draw of fewer than 10⁹ trials."""

_MOST = 10**9
_SAME = 1e-12

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NullStatistic:
    """A gap beside what chance gives.

    value: the gap seen. expected: its mean where groups do not differ. usual: 95 % of the draws without a difference
    have a gap no worse than this (for a ratio: no smaller). p: (b + 1) / (draws + 1), b draws having a gap at least as
    bad as the one seen.
    """

    value: float
    expected: float
    usual: float
    p: float


@dataclass(frozen=True, slots=True)
class NoDifference:
    """Gaps under "no group differs".

    difference: largest rate minus smallest. ratio: smallest over largest, undefined where nobody has a success.
    deviation: largest |successes - expected| of a group in units of its standard deviation, which leans on no group for
    being small. group_p: for each group, in the order given, the p of its own deviation, adjusted for all groups
    (Westfall, Young 1993, single step). below_four_fifths: share of draws without a difference whose ratio is below
    4/5, which is how often that rule alone would raise an alarm.
    """

    difference: NullStatistic
    ratio: NullStatistic | Undefined
    deviation: NullStatistic
    group_p: tuple[float, ...]
    below_four_fifths: float
    draws: int
    seed: int


def no_difference(groups: Sequence[Fraction], *, draws: int = DRAWS, seed: int = SEED) -> NoDifference:
    """Test whether any of the groups has another rate than the rest.

    groups: (successes, trials) of at least two groups, 0 <= successes <= trials and trials >= 1; draws at least 1, seed
    0 or more; ValueError otherwise. For the selection rate, trials are a group's rows; for a rate such as the true
    positive rate they are its own denominator.
    Sources: Fisher 1935, The Design of Experiments (fixed margins); Phipson, Smyth 2010, Stat. Appl. Genet. Mol. Biol.
    9:39 (the one that is added to b and to the draws); Westfall, Young 1993 (largest statistic).
    """
    return no_difference_within([groups], draws=draws, seed=seed)


def no_difference_within(strata: Sequence[Sequence[Fraction]], *, draws: int = DRAWS, seed: int = SEED) -> NoDifference:
    """Test whether any group differs within strata: successes are dealt out inside each stratum only.

    strata: for each the (successes, trials) of the same groups in the same order; a group may have no trials in some
    strata, but has some in all together; ValueError otherwise, and as no_difference has it. A group's rate is the rate
    of all plus (successes - expected) / trials, and its part in the ratio is successes / expected, where expected is
    what its trials would give at their strata's rates; with one stratum these are the plain rate and ratio.
    """
    urns = [_urn(groups) for groups in strata]
    if not urns or len({len(trials) for _, trials in urns}) != 1 or len(urns[0][1]) < 2:
        raise ValueError("need at least two groups, the same in every stratum")
    scale = _scale(urns)
    if (scale.trials < 1).any():
        raise ValueError("need at least one trial in every group")
    if draws < 1 or seed < 0:
        raise ValueError(f"need at least one draw and a seed of 0 or more, got {draws} and {seed}")
    seen = _gaps(sum((successes for successes, _ in urns), np.zeros_like(urns[0][0]))[None, :], scale)
    drawn = [_worst(_gaps(block, scale)) for block in _blocks(urns, draws, seed)]
    difference, ratio, deviation = (np.concatenate(each) for each in zip(*drawn, strict=True))
    worst = float(seen.deviations.max())
    return NoDifference(
        difference=_against(float(seen.difference[0]), difference),
        ratio=_against(float(seen.ratio[0]), ratio, smaller=True) if scale.expected.any() else Undefined.ALL_ZERO,
        deviation=_against(worst, deviation),
        group_p=tuple(_share(deviation >= own * (1 - _SAME)) for own in seen.deviations[:, 0]),
        below_four_fifths=float((ratio < 0.8 - _SAME).mean()),
        draws=draws,
        seed=seed,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """By group: trials, expected successes, their standard deviation, and what is added to successes / trials."""

    trials: Floats
    expected: Floats
    deviation: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class _Gaps:
    """By draw; deviations by group and draw."""

    difference: Floats
    ratio: Floats
    deviations: Floats


def _urn(groups: Sequence[Fraction]) -> tuple[Whole, Whole]:
    counts = np.array(groups, dtype=np.int64).reshape(len(groups), 2)
    successes, trials = counts[:, 0], counts[:, 1]
    if (successes < 0).any() or (successes > trials).any():
        raise ValueError("need 0 <= successes <= trials in every group")
    return successes, trials


def _scale(urns: Sequence[tuple[Whole, Whole]]) -> _Scale:
    trials = np.zeros(len(urns[0][1]))
    expected, variance = np.zeros_like(trials), np.zeros_like(trials)
    for successes, sizes in urns:
        total, rate = float(sizes.sum()), float(successes.sum()) / max(1.0, float(sizes.sum()))
        trials += sizes
        expected += sizes * rate
        variance += sizes * rate * (1 - rate) * (total - sizes) / max(1.0, total - 1)
    # One stratum needs no adjustment, and adding the rounding of one would tell equal rates apart.
    overall = expected.sum() / max(1.0, trials.sum())
    shift = overall - expected / np.maximum(trials, 1) if len(urns) > 1 else np.zeros_like(trials)
    return _Scale(trials, expected, np.sqrt(variance), shift)


def _gaps(successes: Whole, scale: _Scale) -> _Gaps:
    """successes: draws in rows, groups in columns."""
    # Groups in rows: the draws of one lie beside each other in memory, and every step is a run through them.
    dealt = np.ascontiguousarray(successes.T, dtype=np.float64)
    trials, expected, deviation = scale.trials[:, None], scale.expected[:, None], scale.deviation[:, None]
    rates = dealt / trials + scale.shift[:, None]
    difference = rates.max(axis=0) - rates.min(axis=0)
    # A group all of whose strata are without successes can't deviate, and takes no part.
    part = scale.expected > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = dealt[part] / expected[part]
        deviations = np.abs(dealt - expected) / deviation
    deviations[scale.deviation == 0] = 0.0
    ratio = parts.min(axis=0) / parts.max(axis=0) if len(parts) else np.ones(len(successes))
    return _Gaps(difference, ratio, deviations)


def _worst(gaps: _Gaps) -> tuple[Floats, Floats, Floats]:
    return gaps.difference, gaps.ratio, gaps.deviations.max(axis=0)


def _blocks(urns: Sequence[tuple[Whole, Whole]], draws: int, seed: int) -> Iterator[Whole]:
    """Successes of every group over all strata, for as many draws at a time as memory allows."""
    generators = [np.random.Generator(np.random.PCG64([seed, k])) for k in range(len(urns))]
    rows = max(1, BLOCK // len(urns[0][1]))
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        block = np.zeros((size, len(urns[0][1])), dtype=np.int64)
        for (successes, trials), generator in zip(urns, generators, strict=True):
            block += _deal(trials, int(successes.sum()), size, generator)
        yield block


def _deal(trials: Whole, successes: int, size: int, generator: np.random.Generator) -> Whole:
    if int(trials.sum()) < _MOST:
        return generator.multivariate_hypergeometric(trials, successes, size=size, method="marginals")
    dealt = np.zeros((size, len(trials)), dtype=np.int64)
    left, places = np.full(size, successes, dtype=np.int64), int(trials.sum())
    for group, own in enumerate(int(n) for n in trials):
        if places < _MOST:
            dealt[:, group] = generator.hypergeometric(left, places - left, own) if own else 0
        else:
            dealt[:, group] = _beyond(own, left, places, generator)
        left, places = left - dealt[:, group], places - own
    return dealt


def _beyond(own: int, left: Whole, places: int, generator: np.random.Generator) -> Whole:
    """Successes that fall on `own` of `places` >= 10⁹ places, to within a thousandth of their variance.

    The smallest of the four margins says which law is close: where it is below a thousandth of all places, its items
    fall one by one with hardly any effect on each other (binomial); else at least a thousand are expected in every
    cell (normal).
    """
    successes = float(left.mean())
    few_places = min(own, places - own) <= min(successes, places - successes)
    smallest = min(own, places - own, successes, places - successes)
    if smallest >= places / 1000:
        rate = left / places
        spread = np.sqrt(own * rate * (1 - rate) * (places - own) / (places - 1))
        drawn = np.rint(generator.normal(own * rate, spread)).astype(np.int64)
    elif few_places:
        fallen = generator.binomial(min(own, places - own), left / places)
        drawn = fallen if own <= places - own else left - fallen
    else:
        rare = left if successes <= places - successes else places - left
        fallen = generator.binomial(rare, own / places)
        drawn = fallen if successes <= places - successes else own - fallen
    return np.clip(drawn, np.maximum(0, left - (places - own)), np.minimum(own, left))


def _against(value: float, null: Floats, *, smaller: bool = False) -> NullStatistic:
    sign = -1.0 if smaller else 1.0
    worse = sign * null >= sign * value - _SAME * max(1.0, abs(value))
    usual = float(np.quantile(sign * null, LEVEL, method="inverted_cdf"))
    return NullStatistic(value, float(null.mean()), sign * usual + 0.0, _share(worse))


def _share(worse: NDArray[np.bool_]) -> float:
    return (int(worse.sum()) + 1) / (len(worse) + 1)
