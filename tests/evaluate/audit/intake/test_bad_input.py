"""What an intake does with input that is not as it should be: an error with a place and a remedy, or a counted case."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.audit.cells import Cell, CellTable, Merge, Roles, Task
from shinrai.evaluate.audit.intake import Wanted, read_cells
from shinrai.evaluate.audit.intake.sources import open_engine
from shinrai.evaluate.targets.faults import TableError
from shinrai.language import Language

Y, P, G = [1, 0, 1, 0, 1, 0], [1, 0, 0, 0, 1, 1], ["a", "a", "a", "b", "b", "b"]
ROLES = Roles("p", "y", favourable=1, groups=("g",))


def fault(columns: Any, roles: Roles = ROLES, wanted: Wanted | None = None) -> TableError:
    """The error of a table, which says what to do, in both languages."""
    with pytest.raises(TableError) as raised:
        read_cells(columns, roles, wanted=wanted)
    found = raised.value
    assert found.fix is not None
    assert found.place is not None
    for language in Language:
        assert "{" not in found.text(language)
    return found


def rows_by(table: CellTable, name: str) -> dict[str | None, int]:
    """Rows of each level of a column."""
    found: dict[str | None, int] = {}
    for cell in table.cells[(name,)]:
        found[cell.levels[0]] = found.get(cell.levels[0], 0) + cell.rows
    return found


def test_missing_groups_are_one_level_of_their_own() -> None:
    texts = read_cells({"y": Y, "p": P, "g": ["a", "b", None, "", "　", "(missing)"]}, ROLES)
    assert rows_by(texts, "g") == {"a": 1, "b": 1, None: 4}
    numbers = read_cells({"y": Y * 2, "p": P * 2, "g": [1.5, 2.0, math.nan, None, 2.5, 2.5] * 2}, ROLES)
    assert rows_by(numbers, "g") == {"1.5": 2, "2": 2, "2.5": 4, None: 4}


def test_missing_labels_and_predictions_are_counted_apart_in_each_group() -> None:
    table = read_cells({"y": [1, None, 0, None, 1, 0], "p": [1, 1, None, None, 0, 0], "g": G}, ROLES)
    assert Cell(("a",), (), None, "1", 1) in table.cells[("g",)]
    assert Cell(("a",), (), "0", None, 1) in table.cells[("g",)]
    assert Cell(("b",), (), None, None, 1) in table.cells[("g",)]


def test_a_single_group_is_an_error_that_names_it() -> None:
    found = fault({"y": Y, "p": P, "g": ["a"] * 6})
    assert "single group (“a”)" in str(found)
    assert found.place is not None
    assert found.place.field == "g"


def test_a_single_class_is_an_error_that_names_it() -> None:
    assert "single class (“1”)" in str(fault({"y": [1] * 6, "p": P, "g": G}))


def test_an_empty_table_is_an_error() -> None:
    import pyarrow as pa

    empty = pa.table({"y": pa.array([], pa.int64()), "p": pa.array([], pa.int64()), "g": pa.array([], pa.string())})
    assert "no rows" in str(fault(empty))


def test_a_column_without_any_value_is_an_error() -> None:
    assert "missing" in str(fault({"y": Y, "p": P, "g": [None, "", " ", None, None, None]}))


@pytest.mark.parametrize("rows", [30, 20_000])
def test_too_many_groups_are_refused_with_advice(rows: int) -> None:
    columns = {"y": [0, 1] * (rows // 2), "p": [1, 0] * (rows // 2), "g": [f"id{i}" for i in range(rows)]}
    found = fault(columns)
    assert "more than 200 groups" in str(found)
    assert "bands" in str(found)
    assert "largest groups" in str(found)


def test_a_crossing_of_too_many_groups_is_refused_before_it_is_counted() -> None:
    n = 1_100_000
    import pyarrow as pa

    wide = {f"g{k}": pa.array([i // 200**k % 200 for i in range(n)], pa.int16()) for k in range(3)}
    of_row = pa.array([i % 2 for i in range(n)], pa.int8())
    roles = Roles("p", "p2", favourable=1, groups=tuple(wide), intersections=(tuple(wide),))
    assert "Crossing “g0 × g1 × g2”" in str(fault(pa.table({"p": of_row, "p2": of_row, **wide}), roles))


def test_texts_that_are_no_classes_are_refused() -> None:
    assert "more than 200 characters" in str(fault({"y": Y, "p": P, "g": ["x" * 300, *"abcde"]}))
    assert read_cells({"y": Y, "p": P, "g": [" " * 300, *"aabbb"]}, ROLES).cells[("g",)][-1].levels == (None,)


CODINGS = [
    (["yes", "no"], "yes"),
    (["1", "0"], 1),
    ([1, 0], "1"),
    ([1.0, 0.0], 1),
    ([True, False], True),
    ([2, 1], 2),
    (["承認", "否認"], "承認"),
    (["ＯＫ ", "NG"], "OK"),
]


@pytest.mark.parametrize(("values", "favourable"), CODINGS)
def test_any_coding_counts_alike_with_the_favourable_value_given(values: list[Any], favourable: Any) -> None:
    y, p = ([values[0] if each else values[1] for each in column] for column in (Y, P))
    table = read_cells({"y": y, "p": p, "g": G}, Roles("p", "y", favourable=favourable, groups=("g",)))
    good = table.classes[0]
    of_a = {(c.label == good, c.prediction == good): c.rows for c in table.cells[("g",)] if c.levels == ("a",)}
    assert of_a == {(True, True): 1, (False, False): 1, (True, False): 1}


def test_the_favourable_value_is_never_guessed() -> None:
    assert "never guessed" in str(fault({"y": Y, "p": P, "g": G}, Roles("p", "y", groups=("g",))))
    wrong = fault({"y": Y, "p": P, "g": G}, Roles("p", "y", favourable="yes", groups=("g",)))
    assert "“yes” does not occur" in str(wrong)
    assert "“0”, “1”" in str(wrong)


def test_labels_and_predictions_in_different_codings_are_an_error() -> None:
    assert "different values" in str(fault({"y": Y, "p": ["yes", "no"] * 3, "g": G}))


def test_more_than_two_classes_are_multiclass_or_an_error() -> None:
    columns = {"y": ["a", "b", "c"] * 2, "p": ["c", "b", "a"] * 2, "g": G}
    found = fault(columns, Roles("p", "y", favourable="a", groups=("g",)))
    assert "more than two values (“a”, “b”, “c”)" in str(found)
    assert "multiclass" in str(found)
    table = read_cells(columns, Roles("p", "y", favourable="b", groups=("g",), task=Task.MULTICLASS))
    assert table.classes == ("b", "a", "c")
    assert sum(cell.rows for cell in table.cells[()]) == 6
    many = {"y": [f"c{i}" for i in range(300)], "p": ["c0"] * 300, "g": ["a", "b"] * 150}
    of_many = Roles("p", "y", favourable="c0", groups=("g",), task=Task.MULTICLASS)
    assert "more than 200 classes" in str(fault(many, of_many))


def test_probabilities_given_as_predictions_are_an_error_that_names_the_row() -> None:
    found = fault({"y": Y, "p": [1.0, 0.0, 0.25, 0.5, 1.0, 0.0], "g": G})
    assert "look like probabilities" in str(found)
    assert "threshold" in str(found)
    assert found.place is not None
    assert (found.place.row, found.place.field) == (3, "p")


@pytest.mark.parametrize(("odd", "at", "together"), [(1.5, 7, 1), (-0.25, 0, 1), (math.inf, 7, 1), (-math.inf, 0, 2)])
def test_scores_outside_0_to_1_are_an_error_unless_only_ranked(odd: float, at: int, together: int) -> None:
    columns = {"y": Y, "p": P, "g": G, "s": [0.5, 0.25, None, odd, 0.75, math.nan]}
    roles = Roles("p", "y", "s", favourable=1, groups=("g",))
    found = fault(columns, roles)
    assert "outside 0 to 1" in str(found)
    assert found.place is not None
    assert found.place.row == 4
    ranked = read_cells(columns, roles, wanted=Wanted(bins=8, calibration=False))
    finite = [each for each in (0.25, 0.5, 0.75, odd) if math.isfinite(each)]
    assert ranked.score_range == (min(finite), max(finite))
    by_class = {each.positive: each.counts for each in ranked.bins[()]}
    assert sum(by_class[True]) == 2
    assert by_class[False][at] == together


def test_mixed_types_widths_and_blanks_are_merged_and_reported() -> None:
    columns = {"y": Y * 2, "p": P * 2, "g": [1, "1", "１ ", "男", "男 ", " 男", "Ｘ", "x", "x", 2, 2.0, "２"]}
    table = read_cells(columns, ROLES)
    assert rows_by(table, "g") == {"1": 3, "2": 3, "x": 3, "男": 3}
    assert table.merges == (
        Merge("g", "1", ("1", "１ ")),
        Merge("g", "2", ("2", "２")),
        Merge("g", "x", ("x", "Ｘ")),
        Merge("g", "男", (" 男", "男", "男 ")),
    )


def test_spellings_of_labels_are_merged_and_reported_too() -> None:
    columns = {"y": ["yes", " yes", "no", "ｎｏ", "yes", "no"], "p": ["yes", "no"] * 3, "g": G}
    table = read_cells(columns, Roles("p", "y", favourable="yes", groups=("g",)))
    assert table.merges == (Merge("y", "no", ("no", "ｎｏ")), Merge("y", "yes", (" yes", "yes")))


def test_unequal_lengths_are_an_error() -> None:
    found = fault({"y": Y, "p": [*P, 1], "g": G})
    assert "different lengths (6 and 7)" in str(found)


def test_series_with_other_indexes_are_an_error() -> None:
    pandas = pytest.importorskip("pandas")
    columns = {"y": pandas.Series(Y), "p": pandas.Series(P, index=range(1, 7)), "g": pandas.Series(G)}
    assert "different indexes" in str(fault(columns))
    same = {name: pandas.Series(values, index=range(6)) for name, values in {"y": Y, "p": P, "g": G}.items()}
    assert read_cells(same, ROLES).origin.rows == 6


def test_several_rows_of_one_person_are_summed_by_cluster() -> None:
    columns = {"y": Y, "p": P, "g": G, "who": [7, 7, 8, 9, 9, 9]}
    table = read_cells(columns, Roles("p", "y", favourable=1, groups=("g",), cluster="who"))
    selected = table.clusters[("g",)][("b",)]["selection_rate"]
    assert (selected.clusters, selected.s, selected.t, selected.ss, selected.st, selected.tt) == (1, 2, 3, 4, 6, 9)
    right = table.clusters[()][()]["accuracy"]
    assert (right.clusters, right.s, right.t, right.ss) == (3, 4, 6, 8)


def test_a_row_without_its_cluster_is_an_error() -> None:
    roles = Roles("p", "y", favourable=1, groups=("g",), cluster="who")
    found = fault({"y": Y, "p": P, "g": G, "who": ["x", "x", "", "y", "y", None]}, roles)
    assert "empty in 2 rows" in str(found)
    assert found.place is not None
    assert found.place.row == 3


WEIGHTED = Roles("p", "y", favourable=1, groups=("g",), weight="w")


def test_negative_weights_are_an_error_that_names_the_row() -> None:
    found = fault({"y": Y, "p": P, "g": G, "w": [1.0, 2.0, 1.0, -0.5, 1.0, -1.0]}, WEIGHTED)
    assert "negative in 2 rows" in str(found)
    assert found.place is not None
    assert found.place.row == 4


def test_rows_of_weight_0_or_nan_are_dropped_with_a_count() -> None:
    table = read_cells({"y": Y, "p": P, "g": G, "w": [0.5, 0.25, 0.0, math.nan, 3.0, None]}, WEIGHTED)
    assert table.weightless == 3
    assert sum(cell.rows for cell in table.cells[()]) == 3
    assert [c.weight for c in table.cells[("g",)] if c.levels == ("b",)] == [3 << 46]
    assert [c.weight_squares for c in table.cells[("g",)] if c.levels == ("b",)] == [9 << 92]


@pytest.mark.parametrize(
    ("weights", "said"),
    [([math.inf] * 6, "infinite"), ([0.0] * 6, "above 0"), ([1e6] * 6, "larger unit"), (["heavy"] * 6, "numbers")],
)
def test_weights_that_cannot_be_summed_are_an_error(weights: list[Any], said: str) -> None:
    assert said in str(fault({"y": Y, "p": P, "g": G, "w": weights}, WEIGHTED))


COUNTED = Roles("p", "y", favourable=1, groups=("g",), counts="n")
CELLS = {"y": [1, 0, 1, 0], "p": [1, 0, 0, 1], "g": ["a", "a", "b", "b"], "n": [10, 20, 30, 40]}


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([10, 20, -3, 40], "-3 is negative"),
        ([10, 20, 2.5, 40], "2.5 is not a whole number"),
        ([10, 20, None, 40], "missing"),
        ([10.0, 20, math.nan, 40], "missing"),
        ([10, 20, 10**13, 40], "larger than"),
    ],
)
def test_counts_that_are_no_counts_are_an_error_that_names_the_row(counts: list[Any], said: str) -> None:
    found = fault(CELLS | {"n": counts}, COUNTED)
    assert said in str(found)
    assert found.place is not None
    assert (found.place.row, found.place.field) == (3, "n")


def test_counts_in_a_file_name_the_row_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text("g,y,p,n\na,1,1,10\na,0,0,20\nb,1,0,-30\n", encoding="utf-8")
    found = fault(file, COUNTED)
    assert found.text(Language.EN).startswith(f"{file}, row 3, field n: The count -30 is negative.")


def test_a_cell_given_twice_is_an_error_that_names_both_rows() -> None:
    found = fault({name: [*values, values[1]] for name, values in CELLS.items()} | {"n": [1, 2, 3, 4, 5]}, COUNTED)
    assert "same cell as row 2" in str(found)
    assert found.place is not None
    assert found.place.row == 5


def test_cells_that_differ_in_spelling_add_up_and_are_reported() -> None:
    table = read_cells(CELLS | {"g": ["a", "a", "Ａ", "b"], "y": [1, 0, 1, 0], "p": [1, 0, 1, 1]}, COUNTED)
    # Both spellings have 30 rows; the smaller by code point is shown.
    assert table.cells[("g",)][1] == Cell(("A",), (), "1", "1", 10 + 30)
    assert rows_by(table, "g") == {"A": 60, "b": 40}
    assert table.merges == (Merge("g", "A", ("a", "Ａ")),)


def test_cells_with_columns_that_are_not_audited_add_up() -> None:
    finer = {name: [*values, *values] for name, values in CELLS.items()} | {"region": ["e"] * 4 + ["w"] * 4}
    assert rows_by(read_cells(finer, COUNTED), "g") == {"a": 60, "b": 140}


def test_margins_are_checked_and_left_out() -> None:
    g, y, p = (
        ["a", "a", "b", "b", "合計", "a"],
        ["1", "0", "1", "0", "合計", "合計"],
        ["1", "0", "0", "1", "合計", "合計"],
    )
    table = read_cells({"g": g, "y": y, "p": p, "n": [10, 20, 30, 40, 100, 30]}, COUNTED)
    assert rows_by(table, "g") == {"a": 30, "b": 70}
    assert table.origin.rows == 100


def test_margins_that_disagree_are_an_error_that_names_the_row() -> None:
    g, y, p = (
        ["a", "a", "b", "b", "Total", "a"],
        ["1", "0", "1", "0", "Total", "Total"],
        ["1", "0", "0", "1", "Total", "Total"],
    )
    found = fault({"g": g, "y": y, "p": p, "n": [10, 20, 30, 40, 100, 31]}, COUNTED)
    assert "The total 31 disagrees with its cells, which add up to 30." in str(found)
    assert found.place is not None
    assert found.place.row == 6


def test_margins_over_a_column_that_is_not_audited_are_left_out_too() -> None:
    regions = {name: [*values, *values, *values] for name, values in CELLS.items()}
    regions |= {"region": ["東"] * 4 + ["西"] * 4 + ["総計"] * 4, "n": [*CELLS["n"], 1, 2, 3, 4, 11, 22, 33, 44]}
    assert read_cells(regions, COUNTED).origin.rows == 110
    assert "disagrees" in str(fault(regions | {"n": [*CELLS["n"], 1, 2, 3, 4, 11, 22, 33, 45]}, COUNTED))


def test_counts_that_are_texts_are_an_error() -> None:
    assert "has to hold numbers" in str(fault(CELLS | {"n": ["ten", "20", "30", "40"]}, COUNTED))


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("g,p\na,1\nb,0\na,0\nb,1\n", encoding="utf-8")
    roles = Roles("p", favourable=1, groups=("g",))
    with pytest.raises(TableError, match="changed while it was read"), open_engine(file, roles, Wanted()):
        file.write_text("g,p\na,1\n", encoding="utf-8")


def test_too_many_groups_for_so_many_bins_are_refused() -> None:
    columns = {"y": Y * 100, "p": P * 100, "s": [0.5] * 600, "g": [f"g{i % 150}" for i in range(600)]}
    roles = Roles("p", "y", "s", favourable=1, groups=("g",))
    assert "more than can be counted" in str(fault(columns, roles, Wanted(bins=60_000)))


def test_a_group_counted_0_changes_nothing() -> None:
    more = {name: [*values, last] for (name, values), last in zip(CELLS.items(), [1, 1, "c", 0], strict=True)}
    assert read_cells(more, COUNTED).cells == read_cells(CELLS, COUNTED).cells


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (Roles(None, "y", favourable=1), "Neither a prediction"),
        (Roles(None, "y", "s", math.nan, 1), "finite"),
        (Roles("p", favourable=1, groups=("p",)), "two roles"),
        (Roles("p", "p", favourable=1), "two roles"),
        (Roles("p", "y", favourable=1, groups=("g",), strata=("g",)), "two roles"),
        (Roles("p", "y", favourable=1, intersections=(("g", "g"),)), "two roles"),
        (Roles("p", "y", favourable=1, groups=("g",), cluster="c", weight="w"), "not counted together"),
        (Roles("p", "y", favourable=1, task=Task.REGRESSION), "no favourable value"),
        (Roles(None, "y", "s", 0.5, 1, task=Task.MULTICLASS), "not several"),
        (Roles("p", "y", favourable=1, groups=("gg",)), "Did you mean “g”?"),
        (Roles("p", "y", favourable=1, groups=("g\0",)), "cannot be the name"),
    ],
)
def test_roles_that_do_not_fit_are_an_error(roles: Roles, said: str) -> None:
    columns = {"y": Y, "p": P, "g": G, "s": [0.5] * 6, "c": Y, "w": [1.0] * 6}
    assert said in str(fault(columns, roles))


def test_a_value_that_is_no_table_is_an_error(tmp_path: Path) -> None:
    assert "no table" in str(fault(7))
    broken = tmp_path / "t.feather"
    broken.write_bytes(b"no arrow at all")
    assert "Arrow IPC" in str(fault(broken))
    assert "does not exist" in str(fault(tmp_path / "none.arrow"))


def test_types_that_cannot_serve_are_an_error(parquet: Callable[..., Path]) -> None:
    from datetime import date

    found = fault(parquet({"y": Y, "p": P, "g": [date(2026, 1, day) for day in range(1, 7)]}))
    assert "cannot be a group" in str(found)
    regression = Roles("p", "y", groups=("g",), task=Task.REGRESSION)
    assert "has to hold numbers" in str(fault({"y": [str(v) for v in Y], "p": P, "g": G}, regression))
    assert "infinite in 1 rows" in str(fault({"y": [*Y[:-1], math.inf], "p": P, "g": G}, regression))
    assert "larger unit" in str(fault({"y": [*Y[:-1], 1e12], "p": P, "g": G}, regression))


def test_personal_values_are_not_echoed() -> None:
    people = [f"山田{i}@example.jp" for i in range(400)]
    columns = {"y": [0, 1] * 200, "p": [0, 1] * 200, "g": people}
    assert "山田" not in fault(columns).text(Language.JA)
    assert "山田" not in str(fault(columns | {"y": people, "g": ["a", "b"] * 200}))
