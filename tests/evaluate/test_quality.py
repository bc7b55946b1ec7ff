import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.statistics.interval import simultaneous_z
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.targets.table import TableTarget

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]
ROWS = 400


def base(**more: Any) -> dict[str, Any]:
    random = np.random.default_rng(11)
    return {
        "label": [0, 1] * (ROWS // 2),
        "prediction": [0, 1, 1, 0] * (ROWS // 4),
        "id": list(range(ROWS)),
        "noise": random.random(ROWS),
        **more,
    }


def test_a_clean_table(target_of: MakeTarget, measure: Measure) -> None:
    measured = measure(target_of(base()), "data_quality")
    assert list(measured) == ["all.missing", "all.duplicates", "all.constant", "all.leakage_suspects"]
    assert [m.value for m in measured.values()] == [0.0, 0.0, 0.0, 0.0]
    assert [m.outcome for m in measured.values()] == [
        Outcome.PASS,
        Outcome.PASS,
        Outcome.INCONCLUSIVE,
        Outcome.PASS,
    ]
    assert [m.decisive for m in measured.values()] == [True, True, False, True]
    assert {m.coverage for m in measured.values()} == {Coverage(ROWS, ROWS)}


def test_missing_is_of_the_worst_declared_column(target_of: MakeTarget, measure: Measure) -> None:
    columns = base(
        g=["a", "", " ", "\u3000"] + ["b"] * (ROWS - 4),
        score=[None, float("nan")] + [0.5] * (ROWS - 2),
        x=[None] * ROWS,
    )
    missing = measure(target_of(columns, score="score", groups=("g",)), "data_quality")["all.missing"]
    interval = wilson(3, ROWS, simultaneous_z(4))
    assert (missing.value, missing.low, missing.high) == (3 / ROWS, interval.low, interval.high)
    assert missing.columns == ("label", "prediction", "score", "g")
    assert missing.counts == {"missing.0": 0, "missing.1": 0, "missing.2": 2, "missing.3": 3}
    assert [finding.en for finding in missing.findings] == [
        "Column “score”: rows without a value: 2.",
        "Column “g”: rows without a value: 3.",
    ]
    assert missing.rule == Rule(Comparison.AT_MOST, 0.05)
    worse = {**columns, "g": [None] * 60 + ["b"] * (ROWS - 60)}
    assert measure(target_of(worse, groups=("g",)), "data_quality")["all.missing"].outcome is Outcome.FAIL


def test_duplicates_are_counted_exactly(target_of: MakeTarget, measure: Measure) -> None:
    columns = base()
    columns["id"] = [i // 8 for i in range(ROWS)]
    columns["noise"] = [1.5] * (ROWS - 1) + [float("nan")]
    duplicates = measure(target_of(columns), "data_quality")["all.duplicates"]
    rows = list(zip(columns["label"], columns["prediction"], columns["id"], columns["noise"], strict=True))
    assert duplicates.counts == {"duplicates": ROWS - len(set(rows)), "rows": ROWS}
    assert duplicates.outcome is Outcome.FAIL


def test_nested_columns_and_dates_are_no_obstacle(target_of: MakeTarget, measure: Measure) -> None:
    columns = base(
        nested=[[1]] * ROWS,
        pair=[{"a": 1}, {"a": 2}] * (ROWS // 2),
        day=[datetime.date(2026, 1, 1)] * ROWS,
        raw=[b"\xff", b"\x00"] * (ROWS // 2),
    )
    measured = measure(target_of(columns), "data_quality")
    assert [finding.en.split("”")[0][-6:] for finding in measured["all.constant"].findings] == ["nested", "n “day"]
    # Both give the label away: their values alternate with it.
    assert measured["all.leakage_suspects"].counts == {"found": 2, "columns": 6}


def test_constant_columns(target_of: MakeTarget, measure: Measure) -> None:
    columns = base(
        one=["x"] * ROWS, sparse=["x", None] * (ROWS // 2), empty=[None] * ROWS, two=["x", "y"] * (ROWS // 2)
    )
    constant = measure(target_of(columns), "data_quality")["all.constant"]
    assert (constant.value, constant.low, constant.high) == (3 / 8, 3 / 8, 3 / 8)
    assert constant.counts == {"found": 3, "columns": 8}
    limited = measure(target_of(columns), "data_quality", CheckSettings({"constant": 0.1}))["all.constant"]
    assert (limited.outcome, limited.decisive, limited.needed_n) == (Outcome.FAIL, True, None)


LABEL = np.array([0, 1] * (ROWS // 2))
RANDOM = np.random.default_rng(2)


@pytest.mark.parametrize(
    ("column", "leaks"),
    [
        (np.where(LABEL == 1, "paid", "default"), True),
        (LABEL * 7, True),
        (np.where(LABEL == 1, "paid", None), False),
        (LABEL + RANDOM.random(ROWS) * 0.9, True),
        (-(LABEL + RANDOM.random(ROWS) * 0.9), True),
        (LABEL + RANDOM.random(ROWS) * 1.1, True),
        (LABEL + RANDOM.random(ROWS) * 2.0, False),
        (RANDOM.integers(0, 3, ROWS), False),
        (np.array([f"id{i}" for i in range(ROWS)]), False),
        (np.where(np.arange(ROWS) == 0, 1 - LABEL, LABEL), True),
        (np.where(np.arange(ROWS) < 40, 1 - LABEL, LABEL), False),
        (np.where(LABEL == 1, np.inf, 0.5), True),
        (np.full(ROWS, np.inf), False),
    ],
)
def test_columns_that_give_the_label_away(
    target_of: MakeTarget, measure: Measure, column: np.ndarray, leaks: bool
) -> None:
    leakage = measure(target_of(base(x=column)), "data_quality")["all.leakage_suspects"]
    assert leakage.value == (1 / 3 if leaks else 0.0)
    assert leakage.outcome is (Outcome.FAIL if leaks else Outcome.PASS)
    if leaks:
        assert [finding.en for finding in leakage.findings] == ["Column “x” alone gives the label away."]


def test_the_exact_area_decides_near_the_limit(target_of: MakeTarget, measure: Measure) -> None:
    seen = set()
    for spread in np.linspace(1.0, 1.4, 12):
        column = LABEL + RANDOM.random(ROWS) * spread
        column = np.round(column, 2)
        area = roc_auc_score(LABEL, column)
        leakage = measure(target_of(base(x=column)), "data_quality")["all.leakage_suspects"]
        assert (leakage.value > 0) == (area >= 0.99)
        seen.add(leakage.value > 0)
    assert seen == {True, False}


def test_without_undeclared_columns_there_is_nothing_to_leak(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [0, 1], "prediction": [0, 1]}
    assert "all.leakage_suspects" not in measure(target_of(columns), "data_quality")


def test_one_outcome_alone(target_of: MakeTarget, measure: Measure) -> None:
    leakage = measure(target_of(base(label=[1] * ROWS)), "data_quality")["all.leakage_suspects"]
    assert (leakage.outcome, leakage.value) == (Outcome.INCONCLUSIVE, None)
