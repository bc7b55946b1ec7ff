"""Hidden groups stay hidden: no count of rows follows from what is shown, over all columns and crossings together."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from shinrai.evaluate.audit.cells import CellTable, Subject
from shinrai.evaluate.audit.suppression import hidden_groups

MakeCells = Callable[..., Any]
K = 10


def _table(cells_of: MakeCells, counts: dict[tuple[str, ...], int], subjects: Sequence[Subject]) -> CellTable:
    columns = ("a", "b", "c")[: len(next(iter(counts)))]
    rows = [
        dict(zip(columns, levels, strict=True)) | {"p": p, "n": n}
        for levels, total in counts.items()
        for p, n in ((1, total // 2), (0, total - total // 2))
        if n
    ]
    crossed = tuple(each for each in subjects if len(each) > 1)
    return cells_of(rows, prediction="p", groups=columns, counts="n", intersections=crossed)


def _bounds(
    counts: dict[tuple[str, ...], int], columns: tuple[str, ...], subjects: Sequence[Subject], hidden: Any
) -> dict[tuple[Subject, tuple[str, ...]], float]:
    """How far each hidden count could differ from what it is, by linear programs over the finest cells."""
    # Nobody is told which of the finest cells are empty, unless a crossing that is printed says so.
    finest = list(product(*(sorted({levels[place] for levels in counts}) for place in range(len(columns)))))
    rows, values = [np.ones(len(finest))], [sum(counts.values())]
    secret = {}
    for subject in subjects:
        places = [columns.index(name) for name in subject]
        seen = Counter[tuple[str, ...]]()
        for levels in finest:
            seen[tuple(levels[p] for p in places)] += counts.get(levels, 0)
        for levels, n in seen.items():
            row = np.array([tuple(each[p] for p in places) == levels for each in finest], dtype=float)
            if levels in hidden[subject]:
                secret[subject, levels] = row
            else:
                rows.append(row)
                values.append(n)
    found = {}
    for name, row in secret.items():
        low, high = (
            linprog(sign * row, A_eq=np.array(rows), b_eq=values, bounds=(0, None), method="highs") for sign in (1, -1)
        )
        assert low.status == high.status == 0
        found[name] = -high.fun - low.fun
    return found


TWO = st.lists(st.integers(0, 60), min_size=12, max_size=12)
THREE = st.lists(st.integers(0, 40), min_size=12, max_size=12)


@settings(max_examples=30, deadline=None)
@given(sizes=TWO)
def test_no_hidden_count_of_two_columns_can_be_had_from_the_rest(cells_of: MakeCells, sizes: list[int]) -> None:
    _check(cells_of, dict(zip(product("xyz", "1234"), sizes, strict=True)), [("a",), ("b",), ("a", "b")])


@settings(max_examples=20, deadline=None)
@given(sizes=THREE)
def test_nor_across_crossings_that_share_a_column(cells_of: MakeCells, sizes: list[int]) -> None:
    counts = dict(zip(product("xy", "123", "mn"), sizes, strict=True))
    _check(cells_of, counts, [("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "c")])
    _check(cells_of, counts, [("a", "b"), ("b", "c")])


def _check(cells_of: MakeCells, sizes: dict[tuple[str, ...], int], subjects: list[Subject]) -> None:
    counts = {levels: n for levels, n in sizes.items() if n}
    if sum(counts.values()) < K:
        return
    columns = ("a", "b", "c")[: len(next(iter(counts)))]
    hidden = hidden_groups(_table(cells_of, counts, subjects), subjects, K)
    for subject in subjects:
        seen = Counter[tuple[str, ...]]()
        for levels, n in counts.items():
            seen[tuple(levels[columns.index(name)] for name in subject)] += n
        assert {levels for levels, n in seen.items() if n < K} <= hidden[subject]
    for name, reach in _bounds(counts, columns, subjects, hidden).items():
        assert reach >= 0.5 or _is_all(counts, columns, name), name


def _is_all(counts: dict[tuple[str, ...], int], columns: tuple[str, ...], name: Any) -> bool:
    """Whether a group is the whole table, whose size is told anyway."""
    subject, levels = name
    places = [columns.index(each) for each in subject]
    return all(tuple(each[p] for p in places) == levels for each in counts)


def test_one_small_group_takes_the_next_smallest_with_it(cells_of: MakeCells) -> None:
    table = cells_of({g: {"favourable": n // 2, "total": n} for g, n in (("a", 4), ("b", 40), ("c", 300))})
    assert hidden_groups(table, [("group",)], K) == {("group",): frozenset({("a",), ("b",)})}


def test_nothing_is_hidden_where_nothing_is_small(cells_of: MakeCells) -> None:
    table = cells_of({g: {"favourable": 20, "total": 40} for g in "abc"})
    assert hidden_groups(table, [("group",)], K) == {("group",): frozenset()}


def test_hidden_groups_that_are_all_alike_take_one_more_with_them(cells_of: MakeCells) -> None:
    sizes = {"a": (0, 6), "b": (0, 12), "c": (9, 20), "d": (200, 400)}
    table = cells_of({g: {"favourable": s, "total": n} for g, (s, n) in sizes.items()})
    assert hidden_groups(table, [("group",)], K)[("group",)] == frozenset({("a",), ("b",), ("c",)})


def test_a_crossing_never_gives_a_hidden_column_back(cells_of: MakeCells) -> None:
    counts = {("x", "1"): 5, ("x", "2"): 30, ("y", "1"): 50, ("y", "2"): 60, ("z", "1"): 70, ("z", "2"): 80}
    subjects: list[Subject] = [("a",), ("b",), ("a", "b")]
    hidden = hidden_groups(_table(cells_of, counts, subjects), subjects, K)
    assert ("x", "1") in hidden["a", "b"]
    assert len(hidden["a", "b"]) >= 4


def test_a_smallest_size_is_at_least_one(cells_of: MakeCells) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        hidden_groups(cells_of({"a": {"favourable": 1, "total": 2}}), [("group",)], 0)
