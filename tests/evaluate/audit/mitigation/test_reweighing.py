"""Weights make group and label independent, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.audit.cells import Cell, CellTable, Origin, Roles
from shinrai.evaluate.audit.mitigation.reweighing import reweigh, weights
from shinrai.language import ShinraiError

LOANS = {(("black",), "1"): 133, (("black",), "0"): 64, (("white",), "1"): 1527, (("white",), "0"): 154}


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=2, max_size=6))
def test_every_group_gets_the_common_share_of_the_favourable_label(groups: list[tuple[int, int]]) -> None:
    rows = {((str(n),), label): count for n, pair in enumerate(groups) for label, count in zip("10", pair, strict=True)}
    found = weights(rows, ("1", "0"))
    weighed = {(cell.levels, cell.label): cell.rows * (cell.weight or 0) for cell in found.cells}
    for levels, base in found.base_rates.items():
        whole = weighed[levels, "1"] + weighed[levels, "0"]
        assert whole == sum(rows[levels, label] for label in "10"), "a group counts as much as before"
        assert weighed[levels, "1"] / whole == found.common
        assert base == Fraction(rows[levels, "1"], whole)
    assert sum(weighed.values()) == sum(rows.values())
    assert found.effective_rows <= sum(rows.values())


def test_published_counts() -> None:
    found = weights(LOANS, ("1", "0"))
    by_cell = {(cell.levels[0], cell.label): cell.weight for cell in found.cells}
    # Both rows and columns of the table are known, so each weight is their product over cell and total.
    assert by_cell["black", "1"] == Fraction(197 * 1660, 1878 * 133)
    assert by_cell["white", "0"] == Fraction(1681 * 218, 1878 * 154)
    assert found.most == by_cell["black", "1"]


def test_an_empty_cell_has_no_weight_and_missing_rows_are_counted() -> None:
    cells = (
        Cell(("a",), (), "1", "1", 5),
        Cell(("a",), (), "1", "0", 5),
        Cell(("a",), (), "0", "0", 10),
        Cell(("b",), (), "0", "1", 20),
        Cell((None,), (), "1", "1", 3),
        Cell(("b",), (), None, "1", 4),
    )
    table = CellTable(Roles("p", "y", groups=("g",)), ("1", "0"), {("g",): cells}, Origin("duckdb", (), 47, {}))
    found = reweigh(table, ("g",))
    assert found.left_out == 7
    assert {(cell.levels[0], cell.label): cell.weight for cell in found.cells} == {
        ("a", "1"): Fraction(1, 2),
        ("a", "0"): Fraction(3, 2),
        ("b", "1"): None,
        ("b", "0"): Fraction(3, 4),
    }
    with pytest.raises(ShinraiError, match="two groups and two labels"):
        weights({(("a",), "1"): 3, (("b",), "1"): 4}, ("1", "0"))
