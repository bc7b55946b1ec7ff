"""Intervals of one rate and of a difference: the published rows, and coverage summed over all tables."""

import json
from pathlib import Path

import numpy as np
import pytest

from shinrai.evaluate.statistics.interval import Z95
from shinrai.evaluate.statistics.proportions import newcombe, newcombe_bounds, wilson

CASES = json.loads((Path(__file__).parents[2] / "cases.json").read_text())


@pytest.mark.parametrize("item", CASES["newcombe"]["items"])
def test_newcombes_published_differences(item: dict[str, float]) -> None:
    found = newcombe(item["a"], item["n1"], item["b"], item["n2"])  # type: ignore[arg-type]
    assert [round(found.low, 4), round(found.high, 4)] == pytest.approx(item["diff_ci"], abs=1e-9)


@pytest.mark.parametrize("item", CASES["wilson"]["items"])
def test_newcombes_published_rates(item: dict[str, float]) -> None:
    found = wilson(item["x"], item["n"])  # type: ignore[arg-type]
    assert [round(found.low, 4), round(found.high, 4)] == pytest.approx(item["ci"], abs=1e-9)


@pytest.mark.parametrize(
    ("n1", "n2", "p1", "p2", "most"),
    [
        (15, 15, 0.1, 0.3, 0.99),
        (20, 200, 0.1, 0.1, 0.99),
        (50, 1000, 0.05, 0.1, 0.99),
        # So few successes that hardly any interval is narrow enough to miss.
        (30, 30, 0.05, 0.05, 0.9929),
        (200, 200, 0.3, 0.4, 0.99),
    ],
)
def test_the_difference_is_covered_in_93_to_99_of_100(n1: int, n2: int, p1: float, p2: float, most: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = (grid.ravel().astype(np.float64) for grid in np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1)))
    low, high = newcombe_bounds(a, np.full_like(a, n1), b, np.full_like(b, n2), Z95)
    chances = stats.binom.pmf(a, n1, p1) * stats.binom.pmf(b, n2, p2)
    assert 0.93 <= chances[(low <= p1 - p2) & (p1 - p2 <= high)].sum() <= most
