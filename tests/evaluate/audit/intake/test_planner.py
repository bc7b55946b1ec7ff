"""The planner puts every subject into one bundle, and as few bundles as its limit allows."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.audit.intake.fold import exact, fold
from shinrai.evaluate.audit.intake.planner import MOST_FOLDED, cells_of, plan

LEVELS = {f"a{k}": k for k in (2, 3, 4, 5, 6, 7, 8, 10)}


def test_two_columns_are_one_scan() -> None:
    (bundle,) = plan([(), ("a2",), ("a5",), ("a5", "a2")], (), LEVELS, 9)
    assert bundle.columns == ("a2", "a5")
    assert bundle.subjects == ((), ("a2",), ("a5",), ("a5", "a2"))


def test_a_search_of_92_crossings_is_few_bundles() -> None:
    subjects = [each for depth in (1, 2, 3) for each in combinations(LEVELS, depth)]
    bundles = plan(subjects, (), LEVELS, 9)
    assert len(subjects) == 92
    assert len(bundles) < 20
    assert all(cells_of(bundle.columns, LEVELS, 9) <= MOST_FOLDED for bundle in bundles)


@given(
    st.lists(st.lists(st.sampled_from(list(LEVELS)), unique=True, max_size=4).map(tuple), min_size=1, max_size=12),
    st.sampled_from([(), ("a3",)]),
    st.integers(1, 100_000),
)
def test_every_subject_is_in_exactly_one_bundle_that_has_its_columns(
    subjects: list[tuple[str, ...]], always: tuple[str, ...], most: int
) -> None:
    bundles = plan(subjects, always, LEVELS, 4, most)
    placed = [subject for bundle in bundles for subject in bundle.subjects]
    assert sorted(placed) == sorted(set(subjects))
    for bundle in bundles:
        assert all({*subject, *always} <= set(bundle.columns) for subject in bundle.subjects)
        needed = {frozenset({*subject, *always}) for subject in bundle.subjects}
        assert cells_of(bundle.columns, LEVELS, 4) <= most or frozenset(bundle.columns) in needed


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(-(2**70), 2**70)), min_size=1))
def test_folding_is_exact_whatever_the_size_of_the_numbers(rows: list[tuple[int, int, int]]) -> None:
    codes = [np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1)]
    apart, (sums,) = fold(codes, [3, 4], [exact([row[2] for row in rows])])
    expected: dict[tuple[int, ...], int] = {}
    for first, second, value in rows:
        expected[first, second] = expected.get((first, second), 0) + value
    assert [tuple(line) for line in apart.tolist()] == sorted(expected)
    assert dict(zip(map(tuple, apart.tolist()), map(int, sums), strict=True)) == expected


@pytest.mark.parametrize("by", [(), (0,)])
def test_folding_into_fewer_columns_adds_up(by: tuple[int, ...]) -> None:
    codes = [np.array([0, 1, 1, 2], dtype=np.int64) for _ in by]
    apart, (sums,) = fold(codes, [3 for _ in by], [exact([1, 2, 3, 4])])
    assert sums.tolist() == ([1, 5, 4] if by else [10])
    assert apart.shape == (len(sums), len(by))
