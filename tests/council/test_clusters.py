"""The second derivation of clustered intervals agrees with the first, and evidence that is impossible is refused."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.council.seats.clusters import Scenario, closed, rate, scenarios, t_quantile, wilson_bounds
from shinrai.council.seats.scenario_rates import outcome
from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.clustered import Clustered, clustered_proportion
from shinrai.evaluate.statistics.quantiles import t_quantile as first_t_quantile

AT_LEAST = Rule(Comparison.AT_LEAST, 0.8)
_SCENARIO = st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=300, deadline=None)
@given(st.lists(_SCENARIO, min_size=1, max_size=40))
def test_both_derivations_come_to_the_same_interval(clusters: list[tuple[int, int]]) -> None:
    first = clustered_proportion([[each] for each in clusters])
    second = rate(list(Counter(Scenario(good, n, 0) for good, n in clusters).items()))
    if isinstance(first, Clustered):
        assert second is not None
        bounds = (second.value, second.low, second.high)
        assert bounds == pytest.approx((first.value, first.interval.low, first.interval.high), rel=1e-9, abs=1e-12)
    else:
        assert second is None


@settings(max_examples=100, deadline=None)
@given(tail=st.floats(1e-3, 0.4), df=st.floats(1.0, 1e6))
def test_students_quantile_is_that_of_the_other_way(tail: float, df: float) -> None:
    assert t_quantile(tail, df) == pytest.approx(first_t_quantile(1 - 2 * tail, df), rel=1e-6)


def test_known_quantiles() -> None:
    # With one degree of freedom it is Cauchy's: tan; with two it has a closed form.
    assert t_quantile(0.025, 1.0) == pytest.approx(math.tan(math.pi * 0.475), rel=1e-9)
    assert t_quantile(0.025, 2.0) == pytest.approx(0.95 * math.sqrt(2 / (4 * 0.975 * 0.025)) / math.sqrt(1), rel=1e-9)


def test_the_ends_of_wilson_are_exact() -> None:
    assert wilson_bounds(0.0, 20.5, 2.0)[0] == 0.0 and wilson_bounds(1.0, 20.5, 2.0)[1] == 1.0


@pytest.mark.parametrize(
    "counts",
    [
        {"clusters.3.2.0": 1},
        {"clusters.1.2": 1},
        {"clusters.-1.2.0": 1},
        {"clusters.01.2.0": 1},
        {"clusters.1.2.0": 0},
        {"clusters.1.2.0": -5},
        {"clusters.1.2.0": 10**9},
        {"clusters.9999999999999999.9999999999999999.0": 1},
    ],
)
def test_impossible_counts_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"scenarios|decided"):
        scenarios(counts)


def test_what_is_open_can_turn_a_decision() -> None:
    decided = {"clusters.1.1.0": 60, "passed": 60}
    found = rate(scenarios(decided))
    assert found is not None and outcome(decided, AT_LEAST, found.low, found.high) is Outcome.PASS
    few, many = {**decided, "clusters.0.0.1": 1}, {**decided, "clusters.0.0.1": 15}
    assert outcome(few, AT_LEAST, found.low, found.high) is Outcome.PASS
    assert outcome(many, AT_LEAST, found.low, found.high) is Outcome.INCONCLUSIVE
    bad = rate(closed(scenarios(many), good=False))
    assert bad is not None and bad.value == pytest.approx(60 / 75)
    assert outcome(decided, None, None, None) is Outcome.INCONCLUSIVE
