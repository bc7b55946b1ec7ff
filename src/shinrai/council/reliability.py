"""How well members judge and how much they err together, measured on items with known answers.

For diagnosis alone: nothing here weights a vote. Weights learnt from agreement reward whoever agrees with itself, and
each is one more thing to manipulate. Votes on real items are no measure: agreement on them mixes truth with error.

Two numbers say how many independent votes n members are worth. Kish: n / (1 + (n-1)·r) with r the mean correlation phi
of errors over pairs. Eigenvalues: (sum of eigenvalues)² / (sum of their squares) of the matrix of phi, which is
n² / (sum of all phi²). Source: Kish 1965, Survey Sampling, 8.2; Nyholt 2004, Am. J. Hum. Genet. 74:765 (same idea).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import wilson
from shinrai_verify.council import FAIL, PASS

LEAST_ITEMS = 200
"""Fewer known-answer items leave phi within ±0.14 or worse; n_eff is then not said at all."""
_REPLICATES = 500
_SEED = 20_261_120

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Rate:
    """hits of n with the Wilson interval; interval None where n is 0."""

    hits: int
    n: int
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class MemberReliability:
    """One member. sensitivity: of what has to fail, how much it fails; specificity: of what has to pass, it passes.

    undecided: items on which it voted inconclusive; absent: on which it has no vote. Both count as not found.
    """

    member: str
    sensitivity: Rate
    specificity: Rate
    undecided: int
    absent: int


@dataclass(frozen=True, slots=True)
class Effective:
    """How many independent votes the members are worth. by_kish, by_eigenvalues: estimates with 95 % intervals.

    phi: mean over pairs. without_error: members that never erred, whose phi is not defined; they count as independent.
    """

    by_kish: float
    kish: Interval
    by_eigenvalues: float
    eigenvalues: Interval
    phi: float
    without_error: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """What the items showed. effective: None where there are fewer than LEAST_ITEMS."""

    items: int
    members: tuple[MemberReliability, ...]
    effective: Effective | None


def reliability(
    members: Sequence[str], truth: Mapping[str, str], votes: Mapping[str, Mapping[str, str]]
) -> Reliability:
    """Measure members. truth: item -> answer; votes: item -> member -> value (an equivocator's vote is left out)."""
    items = sorted(truth)
    found = tuple(_member(member, items, truth, votes) for member in members)
    errors = np.array(
        [[_wrong(votes.get(item, {}).get(member), truth[item]) for item in items] for member in members], dtype=float
    )
    enough = len(items) >= LEAST_ITEMS and len(members) > 1
    return Reliability(len(items), found, effective(errors) if enough else None)


def _wrong(value: str | None, answer: str) -> bool:
    return value in (PASS, FAIL) and value != answer


def _member(
    member: str, items: Sequence[str], truth: Mapping[str, str], votes: Mapping[str, Mapping[str, str]]
) -> MemberReliability:
    said = [(truth[item], votes.get(item, {}).get(member)) for item in items]
    absent = sum(value is None for _, value in said)
    undecided = sum(value not in (PASS, FAIL, None) for _, value in said)
    return MemberReliability(member, _rate(said, FAIL), _rate(said, PASS), undecided, absent)


def _rate(said: Sequence[tuple[str, str | None]], answer: str) -> Rate:
    asked = [value for known, value in said if known == answer]
    hits = sum(value == answer for value in asked)
    return Rate(hits, len(asked), wilson(hits, len(asked)) if asked else None)


def effective(errors: Array) -> Effective:
    """Return n_eff from error indicators (members × items, 0 or 1), with a bootstrap over items.

    A replicate carries the noise of the items twice, so the replicates are moved to have the estimate as their median
    before their 2.5 and 97.5 percentiles are taken; both stay between 1 and the number of members.
    """
    generator = np.random.default_rng(_SEED)
    n, items = errors.shape
    kish, eigenvalues, phi = _estimates(errors, np.ones(items))
    drawn = np.array(
        [
            _estimates(errors, generator.multinomial(items, np.full(items, 1 / items)).astype(float))[:2]
            for _ in range(_REPLICATES)
        ]
    )
    moved = np.clip(drawn - np.median(drawn, axis=0) + [kish, eigenvalues], 1, n)
    low, high = np.percentile(moved, [2.5, 97.5], axis=0)
    return Effective(
        kish,
        Interval(float(low[0]), float(high[0])),
        eigenvalues,
        Interval(float(low[1]), float(high[1])),
        phi,
        int((errors.std(axis=1) == 0).sum()),
    )


def _estimates(errors: Array, weights: Array) -> tuple[float, float, float]:
    n = errors.shape[0]
    matrix = phi_matrix(errors, weights)
    others = ~np.eye(n, dtype=bool)
    phis = matrix[others]
    mean = float(phis.mean())
    # Chance alone makes phi² larger than it is, by (1 - phi²)/(items - 2); over all pairs that would look like ties.
    squares = phis**2 - (1 - phis**2) / max(1, errors.shape[1] - 2)
    # Errors that avoid each other would give more votes than members; no such claim is made.
    kish = n / (1 + (n - 1) * max(0.0, mean))
    return kish, n * n / (n + max(0.0, float(squares.sum()))), mean


def phi_matrix(errors: Array, weights: Array | None = None) -> Array:
    """Return the correlation of the members' error indicators; 0 with a member that never or always errs."""
    given = np.ones(errors.shape[1]) if weights is None else weights
    total = given.sum()
    centred = errors - ((errors @ given) / total)[:, None]
    covariance = (centred * given) @ centred.T
    spread = np.sqrt(np.diag(covariance))
    safe = np.where(spread < 1e-9, np.inf, spread)
    matrix = covariance / np.outer(safe, safe)
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix, dtype=np.float64)
