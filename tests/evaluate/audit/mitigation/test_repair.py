"""Repair keeps ranks within groups, takes differences away as far as it is told, and is measured on other rows."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.mitigation.parts import Split
from shinrai.evaluate.audit.mitigation.repair import apply_repair, distance, fit_repair, repair_column
from shinrai.evaluate.audit.mitigation.rows import Rows, read_rows
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget
from shinrai.language import ShinraiError

SPLIT = Split(2, Fraction(1, 2), "受付番号")


@pytest.fixture(scope="module")
def incomes(planted: TableTarget) -> Rows:
    return read_rows(planted.file, ("性別",), ("年収万円", "雇用形態"), SPLIT)


values_of = st.lists(st.integers(-50, 50), min_size=2, max_size=60).map(lambda each: np.array(each, dtype=np.float64))


@settings(max_examples=50)
@given(values_of, values_of, st.floats(0, 1))
def test_ranks_within_a_group_are_kept(one: np.ndarray, other: np.ndarray, amount: float) -> None:
    repair = fit_repair("x", {("a",): one, ("b",): other}, amount)
    for levels, values in ((("a",), one), (("b",), other)):
        ordered = np.sort(values)
        moved = apply_repair(repair, levels, ordered)
        assert (np.diff(moved) >= -1e-9).all()
        if amount == 0:
            assert moved == pytest.approx(ordered)


def test_groups_of_the_same_size_become_alike_value_by_value() -> None:
    one, other = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([11.0, 13.0, 15.0, 17.0, 19.0])
    groups = {("a",): one, ("b",): other}
    # At each rank the median of two values is their mean.
    wanted = (one + other) / 2
    for levels, values in groups.items():
        assert apply_repair(fit_repair("x", groups, 1.0), levels, values) == pytest.approx(wanted, abs=0.8)
        half = apply_repair(fit_repair("x", groups, 0.5), levels, values)
        assert half == pytest.approx((values + wanted) / 2, abs=0.4)
    ends = apply_repair(fit_repair("x", groups, 1.0), ("a",), np.array([-100.0, 100.0]))
    assert ends == pytest.approx([wanted[0], wanted[-1]])


def test_the_distance_closes_on_rows_held_back(incomes: Rows) -> None:
    whole = repair_column(incomes, "年収万円", 1.0)
    half = repair_column(incomes, "年収万円", 0.5)
    assert whole.before is not None
    assert whole.after is not None
    assert half.after is not None
    assert whole.before.interval.low > 0.1
    assert whole.after.interval.high < whole.before.interval.low
    assert whole.after.value < half.after.value < whole.before.value
    assert whole.before.n == int(incomes.held_back.sum()) == sum(moved.rows for moved in whole.groups)
    women, men = whole.groups
    assert (women.levels, men.levels) == (("女性",), ("男性",))
    assert women.mean_after > women.mean_before
    assert men.mean_after < men.mean_before
    assert whole.unmoved == 0
    untouched = repair_column(incomes, "年収万円", 0.0)
    assert untouched.values == pytest.approx(incomes.columns["年収万円"])


def test_intervals_of_the_distance_hold_for_equal_groups() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(100):
        found = distance([rng.normal(size=200), rng.normal(size=200)])
        assert found is not None
        held += found.interval.low == 0
    assert held >= 95
    assert distance([np.ones(3)]) is None


def test_rows_without_value_or_group_stay_as_they_are(tmp_path: Path) -> None:
    lines = ["k,g,x", *(f"{n},{'ab'[n % 2]},{n % 50 + 20 * (n % 2)}" for n in range(400))]
    lines += ["900,,7", "901,a,", "902,rare,5"]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = read_rows(file, ("g",), ("x",), Split(1, Fraction(1, 2), "k"))
    found = repair_column(rows, "x", 1.0)
    assert found.unmoved == 3
    place = {key: number for number, key in enumerate(rows.keys)}
    assert found.values[place["900"]] == 7
    assert np.isnan(found.values[place["901"]])
    assert found.values[place["902"]] == 5


def test_what_cannot_be_repaired_is_said(incomes: Rows, planted: TableTarget, tmp_path: Path) -> None:
    with pytest.raises(ShinraiError, match="does not hold finite numbers"):
        repair_column(incomes, "雇用形態", 1.0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        repair_column(incomes, "年収万円", 1.5)
    with pytest.raises(ValueError, match="by a key"):
        read_rows(planted.file, ("性別",), (), Split(1, Fraction(1, 2)))
    with pytest.raises(TableError, match="no column"):
        read_rows(planted.file, ("性別",), ("nowhere",), SPLIT)
    file = tmp_path / "rows.csv"
    file.write_text("k,g,x\n1,a,1\n1,b,2\n", encoding="utf-8")
    with pytest.raises(TableError, match="stands twice"):
        read_rows(file, ("g",), ("x",), Split(1, Fraction(1, 2), "k"))
    file.write_text("k,g,x\n1,a,1\n2,b,2\n", encoding="utf-8")
    with pytest.raises(ShinraiError, match="Fewer than two groups"):
        repair_column(read_rows(file, ("g",), ("x",), Split(1, Fraction(1, 2), "k")), "x", 1.0)
