"""Rates of one group: what is undefined and why, and the laws that any correct counting obeys."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef

from shinrai.evaluate.audit.audit import Audit, audit_cells
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.settings import AuditSettings

MakeCells = Callable[..., Any]
QUICK = AuditSettings(replicates=50, decide_on=())
ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("ab")), min_size=1, max_size=40)


def _audit(cells_of: MakeCells, rows: Sequence[tuple[Any, ...]], favourable: int = 1, **more: Any) -> Audit:
    listed = [{"y": y, "p": p, "g": g, "n": 1} for y, p, g in rows]
    return audit_cells(cells_of(listed, label="y", prediction="p", groups=("g",), favourable=favourable, **more), QUICK)


def _numbers(found: Audit, group: str) -> Any:
    return found.subjects[("g",)].group(group).numbers


@settings(max_examples=12, deadline=None)
@given(rows=ROWS)
def test_swapping_the_favourable_label_swaps_the_rates(cells_of: MakeCells, rows: list[tuple[int, int, str]]) -> None:
    one, other = _audit(cells_of, rows), _audit(cells_of, rows, favourable=0)
    for group in {g for _, _, g in rows}:
        for metric, swapped in (("tpr", "tnr"), ("fpr", "fnr"), ("ppv", "npv"), ("accuracy", "accuracy")):
            assert _numbers(one, group)[metric].exact == _numbers(other, group)[swapped].exact


@settings(max_examples=12, deadline=None)
@given(rows=ROWS)
def test_the_identity_of_chouldechova_holds(cells_of: MakeCells, rows: list[tuple[int, int, str]]) -> None:
    for group in {g for _, _, g in rows}:
        number = _numbers(_audit(cells_of, rows), group)
        p, ppv, tpr, fpr = (number[name].exact for name in ("base_rate", "ppv", "tpr", "fpr"))
        if None in (p, ppv, tpr, fpr) or p == 1 or ppv == 0:
            continue
        assert fpr == p / (1 - p) * (1 - ppv) / ppv * tpr


@settings(max_examples=10, deadline=None)
@given(rows=ROWS, times=st.integers(2, 9))
def test_repeating_all_rows_changes_no_value_and_narrows_intervals(
    cells_of: MakeCells, rows: list[tuple[int, int, str]], times: int
) -> None:
    once, often = _audit(cells_of, rows), _audit(cells_of, rows * times)
    for group in {g for _, _, g in rows}:
        for metric, number in _numbers(once, group).items():
            again = _numbers(often, group)[metric]
            assert again.exact == number.exact
            if number.interval is not None:
                assert again.interval.high - again.interval.low <= number.interval.high - number.interval.low + 1e-12


@settings(max_examples=10, deadline=None)
@given(rows=ROWS)
def test_labels_of_groups_change_no_gap(cells_of: MakeCells, rows: list[tuple[int, int, str]]) -> None:
    renamed = [(y, p, {"a": "z", "b": "c"}[g]) for y, p, g in rows]
    one, other = _audit(cells_of, rows).subjects[("g",)], _audit(cells_of, renamed).subjects[("g",)]
    for metric, gap in one.difference.items():
        assert gap.exact == other.difference[metric].exact
        assert one.ratio[metric].exact == other.ratio[metric].exact


@settings(max_examples=10, deadline=None)
@given(rows=ROWS)
def test_composites_are_those_of_scikit_learn(cells_of: MakeCells, rows: list[tuple[int, int, str]]) -> None:
    true, predicted = [y for y, _, _ in rows], [p for _, p, _ in rows]
    overall = _audit(cells_of, rows).overall
    if overall["f1"].value is not None:
        assert float(overall["f1"]) == pytest.approx(f1_score(true, predicted))
    if overall["mcc"].value is not None:
        assert float(overall["mcc"]) == pytest.approx(matthews_corrcoef(true, predicted))
        low, high = overall["mcc"].interval.low, overall["mcc"].interval.high
        assert low <= float(overall["mcc"]) <= high
        assert high - low > 0.01


def test_what_has_no_denominator_has_a_reason_and_no_value(cells_of: MakeCells) -> None:
    found = _audit(cells_of, [(0, 0, "a"), (0, 0, "a"), (1, 1, "b"), (0, 1, "b")])
    numbers = _numbers(found, "a")
    for metric, words in (
        ("tpr", "favourable label"),
        ("ppv", "favourable prediction"),
        ("f1", "favourable"),
        ("mcc", "one class"),
        ("balanced_accuracy", "favourable label"),
    ):
        assert numbers[metric].value is None
        assert numbers[metric].interval is None
        assert words in str(numbers[metric].reason)
    assert numbers["selection_rate"].exact == 0


def test_a_rate_of_none_or_all_never_has_an_interval_of_no_width(cells_of: MakeCells) -> None:
    numbers = _numbers(_audit(cells_of, [(1, 1, "a")] * 5 + [(0, 0, "b")] * 5), "a")
    assert numbers["selection_rate"].interval.low < 0.7
    assert numbers["f1"].interval.low < 0.8


def test_missing_labels_do_not_hide_selections(cells_of: MakeCells) -> None:
    rows = [(1, 1, "a"), (None, 1, "a"), (None, 0, "a"), (0, None, "a"), (None, None, "a"), (0, 0, "b")]
    numbers = _numbers(_audit(cells_of, rows), "a")
    assert (numbers["selection_rate"].exact, numbers["selection_rate"].n) == (Fraction(2, 3), 3)
    assert (numbers["base_rate"].exact, numbers["base_rate"].n) == (Fraction(1, 2), 2)
    assert (numbers["tpr"].exact, numbers["tpr"].n) == (1, 1)


def test_labels_missing_more_often_in_one_group_are_a_finding(cells_of: MakeCells) -> None:
    rows = [(1, 1, "a")] * 50 + [(None, 1, "a")] * 50 + [(1, 1, "b")] * 100
    assert any("label is missing more often" in str(warning) for warning in _audit(cells_of, rows).warnings)


def test_equal_weights_change_no_value(cells_of: MakeCells) -> None:
    rows = [{"y": i % 2, "p": (i // 2) % 2, "g": "ab"[i % 3 == 0], "w": 2.5} for i in range(60)]
    plain = audit_cells(cells_of(rows, label="y", prediction="p", groups=("g",)), QUICK)
    weighted = audit_cells(cells_of(rows, label="y", prediction="p", groups=("g",), weight="w"), QUICK)
    for metric in ("selection_rate", "tpr", "f1", "balanced_accuracy"):
        one, other = plain.overall[metric], weighted.overall[metric]
        assert one.exact == other.exact
        assert other.interval is not None
        assert (other.interval.low, other.interval.high) == pytest.approx((one.interval.low, one.interval.high))
    assert weighted.overall["mcc"].value is None
    assert weighted.subjects[("g",)].four_fifths == {}
    assert weighted.subjects[("g",)].chance["selection_rate"].expected is None


def test_weights_weigh(cells_of: MakeCells) -> None:
    rows = [{"p": 1, "g": "a", "w": 3.0}, {"p": 0, "g": "a", "w": 1.0}, {"p": 0, "g": "b", "w": 1.0}]
    found = audit_cells(cells_of(rows, prediction="p", groups=("g",), weight="w"), QUICK)
    assert _numbers(found, "a")["selection_rate"].exact == Fraction(3, 4)


def test_rows_that_come_together_widen_the_interval(cells_of: MakeCells) -> None:
    rows = [{"p": int(i % 3 == 0), "y": 1, "g": "ab"[i % 2], "c": i} for i in range(60) for _ in range(5)]
    plain = audit_cells(cells_of(rows, label="y", prediction="p", groups=("g",)), QUICK)
    clustered = audit_cells(cells_of(rows, label="y", prediction="p", groups=("g",), cluster="c"), QUICK)
    one, other = plain.overall["selection_rate"], clustered.overall["selection_rate"]
    assert one.exact == other.exact
    ratio = (other.interval.high - other.interval.low) / (one.interval.high - one.interval.low)
    assert ratio == pytest.approx(sqrt(5), rel=0.1)
    assert clustered.overall["tpr"].interval is None
    assert "cluster" in clustered.overall["tpr"].method


def test_an_undefined_number_is_no_float() -> None:
    with pytest.raises(ValueError, match="undefined"):
        float(Number(None, 0))
