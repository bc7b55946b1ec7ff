import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.decision import MOST_ROWS, decide, needed_n
from shinrai.evaluate.statistics.gaps import difference_gap, ratio_gap
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import wilson

AT_MOST = Rule(Comparison.AT_MOST, 0.10)
AT_LEAST = Rule(Comparison.AT_LEAST, 0.80)


@pytest.mark.parametrize(
    ("low", "high", "rule", "outcome"),
    [
        (0.0, 0.10, AT_MOST, Outcome.PASS),
        (0.05, 0.15, AT_MOST, Outcome.INCONCLUSIVE),
        (0.10, 0.15, AT_MOST, Outcome.INCONCLUSIVE),
        (0.11, 0.15, AT_MOST, Outcome.FAIL),
        (0.80, 0.90, AT_LEAST, Outcome.PASS),
        (0.70, 0.90, AT_LEAST, Outcome.INCONCLUSIVE),
        (0.70, 0.80, AT_LEAST, Outcome.INCONCLUSIVE),
        (0.70, 0.79, AT_LEAST, Outcome.FAIL),
        (0.0, 0.0, Rule(Comparison.AT_MOST, 0.0), Outcome.PASS),
        (0.5, 0.5, Rule(Comparison.AT_MOST, 0.0), Outcome.FAIL),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, rule: Rule, outcome: Outcome) -> None:
    assert decide(Interval(low, high), rule) is outcome


def test_needed_rows_are_the_smallest_multiple_that_decides() -> None:
    def at(k: int) -> Interval:
        return wilson(85 * k, 100 * k)

    needed = needed_n(100, 0.85, at, AT_LEAST)
    assert needed is not None
    k = needed // 100
    assert needed % 100 == 0
    assert decide(at(k), AT_LEAST) is Outcome.PASS
    assert decide(at(k - 1), AT_LEAST) is Outcome.INCONCLUSIVE


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 60))
def test_needed_rows_of_gaps_decide(a: int, b: int) -> None:
    fractions = [(a, 60), (b, 60)]
    for gap_of, rule in ((difference_gap, AT_MOST), (ratio_gap, AT_LEAST)):
        gap = gap_of(fractions)
        if decide(gap.interval, rule) is not Outcome.INCONCLUSIVE:
            continue

        def at(k: int, gap_of=gap_of) -> Interval:
            return gap_of([(k * successes, k * trials) for successes, trials in fractions]).interval

        needed = needed_n(120, gap.value, at, rule)
        if needed is None:
            assert abs(gap.value - rule.limit) < 1e-3
        else:
            assert decide(at(needed // 120), rule) is not Outcome.INCONCLUSIVE
            assert needed == 240 or decide(at(needed // 120 - 1), rule) is Outcome.INCONCLUSIVE


def test_no_number_of_rows_decides_on_the_limit() -> None:
    # 4/5 in fractions whose quotient is not the float 0.8.
    assert needed_n(98, (28 / 49) / (35 / 49), lambda _: Interval(0.5, 1.0), AT_LEAST) is None


def test_more_than_a_thousand_million_rows_are_no_advice() -> None:
    assert needed_n(100, 0.5, lambda _: Interval(0.0, 1.0), AT_LEAST) is None
    assert needed_n(MOST_ROWS, 0.5, lambda _: Interval(0.0, 0.0), AT_LEAST) is None
    assert needed_n(2 * MOST_ROWS, 0.5, lambda _: Interval(0.0, 0.0), AT_LEAST) is None


def test_the_largest_multiple_is_tried_too() -> None:
    most = MOST_ROWS // 300_000_000

    def at(k: int) -> Interval:
        return Interval(0.9, 1.0) if k >= most else Interval(0.5, 1.0)

    assert needed_n(300_000_000, 0.9, at, AT_LEAST) == 900_000_000
