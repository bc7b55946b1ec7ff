import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.statistics.interval import Z95, Interval, simultaneous_z
from shinrai.evaluate.statistics.means import Sums, mean_gap, mean_interval

values = st.lists(st.integers(-1000, 1000), min_size=2, max_size=50)


def sums(numbers: list[int]) -> Sums:
    return Sums(len(numbers), sum(numbers), sum(number**2 for number in numbers), 1000)


@given(values)
def test_mean_and_interval_by_the_definition(numbers: list[int]) -> None:
    scaled = np.array(numbers) / 1000
    half = Z95 * np.std(scaled, ddof=1) / np.sqrt(len(numbers))
    interval = mean_interval(sums(numbers), Z95)
    assert sums(numbers).mean == pytest.approx(scaled.mean(), abs=1e-15)
    assert interval.low == pytest.approx(scaled.mean() - half, abs=1e-12)
    assert interval.high == pytest.approx(scaled.mean() + half, abs=1e-12)


@given(st.lists(values, min_size=1, max_size=5))
def test_gap_by_the_definition(groups: list[list[int]]) -> None:
    z = simultaneous_z(len(groups))
    sizes = [mean_interval(sums(group), z).magnitude() for group in groups]
    gap = mean_gap([sums(group) for group in groups])
    assert gap.value == max(abs(sums(group).mean) for group in groups)
    assert gap.interval == Interval(max(size.low for size in sizes), max(size.high for size in sizes))
    assert gap.interval.low <= gap.value <= gap.interval.high


def test_equal_values_leave_no_doubt_and_one_value_no_interval() -> None:
    assert mean_interval(sums([3, 3, 3]), Z95) == Interval(0.003, 0.003)
    with pytest.raises(ValueError, match="at least two"):
        mean_interval(sums([3]), Z95)
    with pytest.raises(ValueError, match="at least one"):
        mean_gap([])
