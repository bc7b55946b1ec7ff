"""The simulator's results in one record: the failure table, exact figures against correlation, and simulated ones.

The record is plain data, so that page and JSON say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shinrai.council.correlation import (
    SEED,
    Simulated,
    against_clones,
    against_colluders,
    effective_votes,
    quorum,
    wrong_certificate,
)
from shinrai.council.failures import Situation, double_certificate, failure_table

RHOS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.9)
ERROR = 0.15
ACCURACY = 0.85
CLONE_ACCURACY = 0.65


@dataclass(frozen=True, slots=True)
class Correlated:
    """Exact figures at one correlation of errors. wrong: probability of a wrong certificate."""

    rho: float
    effective: float
    wrong: float


@dataclass(frozen=True, slots=True)
class Quorum:
    """A quorum on trial: split is how honest members have to be divided for two certificates; None: impossible."""

    votes: int
    split: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Simulation:
    """Everything the page shows."""

    n: int
    f: int
    q: int
    runs: int
    items: int
    seed: int
    table: tuple[Situation, ...]
    quorums: tuple[Quorum, ...]
    correlated: tuple[Correlated, ...]
    clones: tuple[tuple[int, Simulated], ...]
    colluders: tuple[tuple[int, Simulated], ...]


def run_simulation(n: int = 33, runs: int = 50, items: int = 400) -> Simulation:
    """Simulate a council of n members; runs × items questions for each figure."""
    f, q = (n - 1) // 3, quorum(n)
    sizes = sorted({0, n // 6, f, n // 2, 3 * n // 5, 2 * n // 3, n - 4})
    liars = sorted({0, f // 2, f, f + 1, n // 2, q, n - f // 2})
    trials: Sequence[int] = sorted({q, 2 * f + 1, (n + 1) // 2 + 1})
    return Simulation(
        n,
        f,
        q,
        runs,
        items,
        SEED,
        tuple(failure_table(n)),
        tuple(Quorum(votes, double_certificate(n, f, votes)) for votes in trials),
        tuple(Correlated(rho, effective_votes(n, rho), wrong_certificate(n, ERROR, rho, q)) for rho in RHOS),
        tuple(zip(sizes, against_clones(n, sizes, runs, items), strict=True)),
        tuple(zip(liars, against_colluders(n, liars, runs, items), strict=True)),
    )
