"""What happens when members err together: exact where a formula exists, by simulation where not.

Exact: with error p and correlation rho of exchangeable members the number of errors is beta-binomial with
a = p(1-rho)/rho and b = (1-p)(1-rho)/rho; rho = 0 is the binomial. Source: Skellam 1948, J. R. Stat. Soc. B 10:257.

Simulation: clones give one verdict together, colluders know the truth and deny it, everybody else errs alone. A wrong
verdict is a certificate for the wrong value. Results carry the number of items, the seed and a Wilson interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma
from typing import Any

import numpy as np

from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import wilson

Array = np.ndarray[Any, np.dtype[np.float64]]
SEED = 20_261_120
_EM_ROUNDS = 50


def quorum(n: int) -> int:
    """Return q of n members."""
    return (n + (n - 1) // 3) // 2 + 1


def wrong_certificate(n: int, error: float, rho: float, needed: int) -> float:
    """Return the exact probability that at least `needed` of n members err together.

    error: of one member, in (0, 1). rho: correlation of the errors of two members, in [0, 1).
    """
    if not 0 < error < 1 or not 0 <= rho < 1:
        raise ValueError("need 0 < error < 1 and 0 <= rho < 1")
    if rho == 0:
        return sum(comb(n, k) * error**k * (1 - error) ** (n - k) for k in range(needed, n + 1))
    a, b = error * (1 - rho) / rho, (1 - error) * (1 - rho) / rho
    return sum(comb(n, k) * exp(_log_beta(k + a, n - k + b) - _log_beta(a, b)) for k in range(needed, n + 1))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def effective_votes(n: int, rho: float) -> float:
    """Return how many independent votes n equally correlated ones are worth: n / (1 + (n-1)·rho)."""
    return n / (1 + (n - 1) * rho)


@dataclass(frozen=True, slots=True)
class Bench:
    """A council on the bench: groups of members that err as one, all others alone, and liars.

    clones: sizes of groups, each one domain. accuracy: of a clone group and of an independent member. colluders: deny
    the truth, each in its own domain.
    """

    n: int
    clones: tuple[int, ...] = ()
    clone_accuracy: float = 0.65
    accuracy: float = 0.85
    colluders: int = 0

    @property
    def domains(self) -> Array:
        """The domain of each member, as numbers."""
        grouped = [number for number, size in enumerate(self.clones) for _ in range(size)]
        alone = range(len(self.clones), len(self.clones) + self.n - len(grouped))
        return np.array([*grouped, *alone], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of items with its Wilson interval."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.n

    @property
    def interval(self) -> Interval:
        """Wilson interval."""
        return wilson(self.hits, self.n)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of many items. members_*: with the quorum of members alone; both_*: with that of domains as well."""

    majority_right: Share
    dawid_skene_right: Share
    dawid_skene_on_clones: float
    members_wrong: Share
    members_right: Share
    both_wrong: Share
    both_right: Share


def simulate(bench: Bench, runs: int, items: int, seed: int = SEED) -> Simulated:
    """Let a council vote on runs × items questions of two answers."""
    generator = np.random.default_rng(seed)
    right, skene, wrong_members, right_members, wrong_both, right_both, belief = 0, 0, 0, 0, 0, 0, 0.0
    for _ in range(runs):
        truth = generator.integers(0, 2, items)
        votes = _votes(bench, truth, generator)
        members, both = _certified(bench, votes)
        right += int(((votes.mean(axis=0) > 0.5).astype(int) == truth).sum())
        labels, accuracy = dawid_skene(votes)
        skene += int((labels == truth).sum())
        belief += float(accuracy[: bench.clones[0]].mean()) if bench.clones else 0.0
        wrong_members += int((members == 1 - truth).sum())
        right_members += int((members == truth).sum())
        wrong_both += int((both == 1 - truth).sum())
        right_both += int((both == truth).sum())
    n = runs * items
    return Simulated(
        Share(right, n),
        Share(skene, n),
        belief / runs,
        Share(wrong_members, n),
        Share(right_members, n),
        Share(wrong_both, n),
        Share(right_both, n),
    )


def _votes(bench: Bench, truth: Any, generator: np.random.Generator) -> Array:
    """Return votes, members × items, 0 or 1."""
    rows = []
    for size in bench.clones:
        correct = generator.random(len(truth)) < bench.clone_accuracy
        rows += [np.where(correct, truth, 1 - truth)] * size
    honest = bench.n - len(rows) - bench.colluders
    for _ in range(honest):
        correct = generator.random(len(truth)) < bench.accuracy
        rows.append(np.where(correct, truth, 1 - truth))
    rows += [1 - truth] * bench.colluders
    return np.asarray(rows)


def _certified(bench: Bench, votes: Array) -> tuple[Array, Array]:
    """Return the certified value of each item, -1 where there is none: by members alone, and by domains as well."""
    domains = bench.domains.astype(int)
    sizes = np.bincount(domains)
    # Whole multiples of the smallest common share, so that no rounding decides.
    unit = int(np.lcm.reduce(sizes))
    weights = unit // sizes[domains]
    d = len(sizes)
    members = np.full(votes.shape[1], -1)
    both = members.copy()
    for value in (0, 1):
        votes_for = votes == value
        reached = votes_for.sum(axis=0) >= quorum(bench.n)
        weight = (votes_for * weights[:, None]).sum(axis=0)
        members[reached] = value
        both[reached & (2 * weight > unit * (d + (d - 1) // 3))] = value
    return members, both


def dawid_skene(votes: Array) -> tuple[Array, Array]:
    """Return labels and believed accuracies of members (members × items, 0 or 1), by expectation maximisation.

    Shown to say why it never weights a vote: it believes whoever agrees with itself. Source: Dawid and Skene 1979,
    Appl. Stat. 28:20, with one accuracy for each member.
    """
    belief = votes.mean(axis=0)
    accuracy = np.full(votes.shape[0], 0.5)
    for _ in range(_EM_ROUNDS):
        accuracy = np.clip((votes * belief + (1 - votes) * (1 - belief)).mean(axis=1), 1e-6, 1 - 1e-6)
        prior = float(np.clip(belief.mean(), 1e-6, 1 - 1e-6))
        odds = np.log(accuracy / (1 - accuracy)) @ (2 * votes - 1) + np.log(prior / (1 - prior))
        belief = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return (belief > 0.5).astype(int), accuracy


def against_clones(n: int, sizes: Sequence[int], runs: int, items: int) -> list[Simulated]:
    """Return what comes of councils in which more and more members are clones of one judge."""
    return [simulate(Bench(n, (size,) if size else ()), runs, items) for size in sizes]


def against_colluders(n: int, numbers: Sequence[int], runs: int, items: int) -> list[Simulated]:
    """Return what comes of councils with more and more colluders."""
    return [simulate(Bench(n, colluders=number), runs, items) for number in numbers]
