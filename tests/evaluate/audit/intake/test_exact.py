"""Every count and sum against a second derivation in fractions, row by row."""

# ruff: noqa: ARG005  (each rate looks at what it needs of a row)

from collections import Counter, defaultdict
from fractions import Fraction
from math import floor
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.cells import Roles, Task
from shinrai.evaluate.audit.intake import Wanted, read_cells

UNIT = Fraction(1, 1 << 46)


def units(value: float) -> int:
    """Round to units of 2^-46, ties away from 0."""
    size = abs(Fraction(value)) / UNIT
    return (-1 if value < 0 else 1) * floor(size + Fraction(1, 2))


def table_of(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows with two groups and two labels at least."""
    fixed = [{"g": "a", "y": 1, "p": 1}, {"g": "b", "y": 0, "p": 1}, {"g": "b", "y": 1, "p": 0}] * 2
    given_rows = st.lists(st.fixed_dictionaries(values), min_size=len(fixed), max_size=25)
    return given_rows.map(lambda rows: [row | (fixed[i] if i < len(fixed) else {}) for i, row in enumerate(rows)])


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


GROUP, BIT = st.sampled_from(["a", "b", None]), st.sampled_from([0, 1, None])
EXACT_TIES = st.integers(0, 1 << 47).map(lambda n: n / (1 << 47))


@settings(max_examples=25, deadline=None)
@given(table_of(g=GROUP, y=BIT, p=BIT, s=st.one_of(st.floats(0, 1), EXACT_TIES), bins=st.just(0)), st.integers(1, 9))
def test_score_bins(rows: list[dict[str, Any]], bins: int) -> None:
    roles = Roles("p", "y", "s", favourable=1, groups=("g",))
    table = read_cells(columns_of(rows), roles, wanted=Wanted(bins=bins))
    expected: dict[Any, list[list[int]]] = defaultdict(lambda: [[0] * bins for _ in range(3)])
    for row in rows:
        if row["y"] is not None:
            kept = expected[(row["g"],), row["y"] == 1]
            place = min(floor(bins * row["s"]), bins - 1)
            for each, value in zip(kept, (1, units(row["s"]), units(row["s"] * row["s"])), strict=True):
                each[place] += value
    found = {(b.levels, b.positive): [list(b.counts), list(b.sums), list(b.squares)] for b in table.bins[("g",)]}
    assert found == expected


@settings(max_examples=25, deadline=None)
@given(table_of(g=GROUP, y=BIT, p=BIT, w=st.one_of(st.floats(0, 65_536), st.sampled_from([1.5 * 2**-46, None]))))
def test_cells_with_weights(rows: list[dict[str, Any]]) -> None:
    rows = [*rows, *({"g": g, "y": y, "p": 1, "w": 1.0} for g, y in [("a", 1), ("b", 0)])]
    table = read_cells(columns_of(rows), Roles("p", "y", favourable=1, groups=("g",), weight="w"))
    expected: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        if row["w"]:
            key = (row["g"], *(None if row[name] is None else str(row[name]) for name in ("y", "p")))
            weight = units(row["w"])
            expected[key] = [
                each + more for each, more in zip(expected[key], (1, weight, weight * weight), strict=True)
            ]
    found = {(*c.levels, c.label, c.prediction): [c.rows, c.weight, c.weight_squares] for c in table.cells[("g",)]}
    assert found == expected
    assert table.weightless == sum(not row["w"] for row in rows)


NUMBER = st.one_of(st.floats(-(2**30), 2**30), st.sampled_from([0.5 * 2**-46, -0.5 * 2**-46, 5e6]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.none() | NUMBER, NUMBER), min_size=4, max_size=25))
def test_sums_of_numbers(rows: list[tuple[str, float | None, float]]) -> None:
    rows = [*rows, ("a", 1.0, 2.0), ("b", 0.1, 0.3)]
    columns = dict(zip(("g", "y", "p"), map(list, zip(*rows, strict=True)), strict=True))
    table = read_cells(columns, Roles("p", "y", groups=("g",), task=Task.REGRESSION))
    for sums in table.numbers[("g",)]:
        of_group = [(y, p) for g, y, p in rows if g == sums.levels[0] and y is not None]
        assert sums.rows == len(of_group)
        values = {
            "label": [y for y, _ in of_group],
            "label_squares": [y * y for y, _ in of_group],
            "prediction": [p for _, p in of_group],
            "prediction_squares": [p * p for _, p in of_group],
            "residual": [y - p for y, p in of_group],
            "residual_squares": [(y - p) * (y - p) for y, p in of_group],
            "absolute": [abs(y - p) for y, p in of_group],
        }
        assert {name: getattr(sums, name) for name in values} == {n: sum(map(units, v)) for n, v in values.items()}
    assert {cell.levels[0]: cell.rows for cell in table.cells[("g",)]} == Counter(g for g, _, _ in rows)


@settings(max_examples=25, deadline=None)
@given(table_of(g=GROUP, y=BIT, p=BIT, c=st.integers(0, 6)))
def test_cluster_sums(rows: list[dict[str, Any]]) -> None:
    table = read_cells(columns_of(rows), Roles("p", "y", favourable=1, groups=("g",), cluster="c"))
    trials = {
        "selection_rate": (lambda y, p: True, lambda y, p: p == 1),
        "accuracy": (lambda y, p: True, lambda y, p: y == p),
        "tpr": (lambda y, p: y == 1, lambda y, p: p == 1),
        "fpr": (lambda y, p: y == 0, lambda y, p: p == 1),
        "fnr": (lambda y, p: y == 1, lambda y, p: p == 0),
        "tnr": (lambda y, p: y == 0, lambda y, p: p == 0),
        "ppv": (lambda y, p: p == 1, lambda y, p: y == 1),
        "npv": (lambda y, p: p == 0, lambda y, p: y == 0),
    }
    for levels, of_rates in table.clusters[("g",)].items():
        assert set(of_rates) == set(trials)
        for rate, (tried, succeeded) in trials.items():
            counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
            for row in rows:
                y, p = row["y"], row["p"]
                if (row["g"],) == levels and y is not None and p is not None and tried(y, p):
                    counts[row["c"]][0] += succeeded(y, p)
                    counts[row["c"]][1] += 1
            s, t = ([each[place] for each in counts.values()] for place in (0, 1))
            sums = of_rates[rate]
            assert (sums.clusters, sums.s, sums.t) == (len(counts), sum(s), sum(t))
            products = [sum(map(int.__mul__, left, right)) for left, right in ((s, s), (s, t), (t, t))]
            assert [sums.ss, sums.st, sums.tt] == products


def test_rows_selected_at_a_threshold_without_a_second_class() -> None:
    table = read_cells(
        {"g": ["a", "a", "b", "b"], "s": [0.5, 0.4, None, 0.9]}, Roles(None, None, "s", 0.5, "hire", ("g",))
    )
    assert table.classes == ("hire", "(other)")
    assert [(c.levels[0], c.label, c.prediction, c.rows) for c in table.cells[("g",)]] == [
        ("a", None, "(other)", 1),
        ("a", None, "hire", 1),
        ("b", None, "hire", 1),
        ("b", None, None, 1),
    ]


def test_no_groups_at_all_and_a_relation_over_a_table_called_t() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT range % 2 AS y, range % 3 = 0 AS p FROM range(60)")
    relation = connection.sql("SELECT y, CAST(p AS INTEGER) AS p FROM t WHERE p OR y = 1")
    table = read_cells(relation, Roles("p", "y", favourable=1))
    assert {(c.label, c.prediction): c.rows for c in table.cells[()]} == {
        ("0", "1"): 10,
        ("1", "0"): 20,
        ("1", "1"): 10,
    }
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(60,)]
    numbers = read_cells(relation, Roles("p", "y", task=Task.REGRESSION))
    assert numbers.numbers[()][0].residual == 10 * (1 << 46)
