from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.statistics.gaps import difference_gap, ratio_gap
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.targets.table import TableTarget

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]


def population(**groups: tuple[int, int, int, int]) -> dict[str, list[Any]]:
    """Columns of groups with counts of tp, fp, fn, tn."""
    columns: dict[str, list[Any]] = {"label": [], "prediction": [], "g": []}
    for name, (tp, fp, fn, tn) in groups.items():
        columns["label"] += [1] * tp + [0] * fp + [1] * fn + [0] * tn
        columns["prediction"] += [1] * (tp + fp) + [0] * (fn + tn)
        columns["g"] += [name] * (tp + fp + fn + tn)
    return columns


def test_gaps_of_two_groups(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(60, 20, 20, 100), b=(30, 20, 50, 100))
    measured = measure(target_of(columns, groups=("g",)), "group_fairness")
    rates = {
        "selection_rate": [(80, 200), (50, 200)],
        "tpr": [(60, 80), (30, 80)],
        "fpr": [(20, 120), (20, 120)],
        "ppv": [(60, 80), (30, 50)],
    }
    assert list(measured) == [f"g.{rate}.{form}" for rate in rates for form in ("difference", "ratio")]
    for rate, fractions in rates.items():
        for form, gap in (("difference", difference_gap(fractions)), ("ratio", ratio_gap(fractions))):
            m = measured[f"g.{rate}.{form}"]
            assert (m.value, m.low, m.high) == (gap.value, gap.interval.low, gap.interval.high)
            assert m.n == sum(trials for _, trials in fractions)
            assert m.coverage == Coverage(400, 400)
            assert m.columns == ("g", "label", "prediction")
            assert [(e.levels, e.n, e.successes, e.trials) for e in m.groups] == [
                (("a",), 200, *fractions[0]),
                (("b",), 200, *fractions[1]),
            ]
            for estimate, (successes, trials) in zip(m.groups, fractions, strict=True):
                interval = wilson(successes, trials)
                assert (estimate.value, estimate.low, estimate.high) == (
                    successes / trials,
                    interval.low,
                    interval.high,
                )
    assert measured["g.tpr.difference"].outcome is Outcome.FAIL
    assert measured["g.selection_rate.ratio"].rule == Rule(Comparison.AT_LEAST, 0.80)
    assert measured["g.tpr.difference"].rule == Rule(Comparison.AT_MOST, 0.10)


def test_what_decides(target_of: MakeTarget, measure: Measure) -> None:
    target = target_of(population(a=(60, 20, 20, 100), b=(30, 20, 50, 100)), groups=("g",))
    default = {name for name, m in measure(target, "group_fairness").items() if m.decisive}
    assert default == {"g.selection_rate.ratio", "g.tpr.difference", "g.fpr.difference"}
    settings = CheckSettings(decide_on=("ppv.ratio",), limits={"tpr.ratio": 0.3})
    changed = measure(target, "group_fairness", settings)
    assert {name for name, m in changed.items() if m.decisive} == {"g.ppv.ratio", "g.tpr.ratio"}
    assert changed["g.tpr.ratio"].rule == Rule(Comparison.AT_LEAST, 0.3)


def test_a_90_to_10_population_that_is_fair_passes(target_of: MakeTarget, measure: Measure) -> None:
    # Rates over the group, not over the population: the minority is a tenth of the rows and treated alike.
    columns = population(majority=(5_400, 900, 600, 2_100), minority=(600, 100, 66, 234))
    measured = measure(target_of(columns, groups=("g",)), "group_fairness")
    assert measured["g.selection_rate.ratio"].value == pytest.approx(1.0)
    for m in measured.values():
        assert m.outcome is Outcome.PASS or not m.decisive
    rates = {estimate.levels: estimate.value for estimate in measured["g.selection_rate.difference"].groups}
    assert rates == {("majority",): 0.7, ("minority",): 0.7}


def test_a_group_of_minimum_size_is_compared_and_one_below_is_suppressed(
    target_of: MakeTarget, measure: Measure
) -> None:
    columns = population(a=(50, 50, 50, 50), b=(10, 10, 10, 0), c=(29, 0, 0, 0))
    m = measure(target_of(columns, groups=("g",)), "group_fairness")["g.selection_rate.difference"]
    small = m.groups[2]
    assert (small.levels, small.suppressed) == (("c",), True)
    assert (small.n, small.successes, small.trials, small.value, small.low, small.high) == (None,) * 6
    assert small.note.en.startswith("Fewer than 30 rows")
    assert m.value == pytest.approx(20 / 30 - 0.5)
    assert m.coverage == Coverage(230, 259)
    assert "Groups suppressed for having fewer than 30 rows: 1." in [finding.en for finding in m.findings]
    lower = measure(target_of(columns, groups=("g",)), "group_fairness", CheckSettings(min_group=5))
    assert lower["g.selection_rate.difference"].value == 0.5


def test_a_group_without_positives_has_no_true_positive_rate(target_of: MakeTarget, measure: Measure) -> None:
    # A perfect predictor: fairlearn gives TPR 0.0 and an equalized odds difference of 1.0 here.
    columns = population(a=(50, 0, 0, 50), b=(50, 0, 0, 50), c=(0, 0, 0, 100))
    measured = measure(target_of(columns, groups=("g",)), "group_fairness")
    tpr = measured["g.tpr.difference"]
    assert tpr.value == 0.0
    assert (tpr.groups[2].value, tpr.groups[2].trials, tpr.groups[2].n) == (None, 0, 100)
    assert "undefined" in tpr.groups[2].note.en
    assert (tpr.n, tpr.coverage) == (100, Coverage(200, 300))


def test_a_small_denominator_is_shown_and_not_compared(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 0, 50, 50), b=(50, 0, 50, 50), c=(9, 0, 0, 91), d=(10, 0, 0, 90))
    tpr = measure(target_of(columns, groups=("g",)), "group_fairness")["g.tpr.difference"]
    assert (tpr.groups[2].value, tpr.groups[2].trials) == (1.0, 9)
    assert "not compared" in tpr.groups[2].note.en
    assert tpr.groups[3].note is None
    assert tpr.n == 100 + 100 + 10


def test_nobody_selected_anywhere(target_of: MakeTarget, measure: Measure) -> None:
    measured = measure(target_of(population(a=(0, 0, 50, 50), b=(0, 0, 50, 50)), groups=("g",)), "group_fairness")
    ratio = measured["g.selection_rate.ratio"]
    assert (ratio.outcome, ratio.value) == (Outcome.INCONCLUSIVE, None)
    assert "0 in every group" in ratio.reason.en
    assert measured["g.selection_rate.difference"].value == 0.0
    assert measured["g.ppv.difference"].value is None


def test_fewer_than_two_groups(target_of: MakeTarget, measure: Measure) -> None:
    for columns in (population(a=(50, 50, 50, 50)), population(a=(50, 50, 50, 50), b=(1, 1, 1, 1))):
        for m in measure(target_of(columns, groups=("g",)), "group_fairness").values():
            assert (m.outcome, m.value) == (Outcome.INCONCLUSIVE, None)
            assert "Fewer than two groups" in m.reason.en
            assert m.coverage.used == 200


def test_missing_group_values_are_a_level_that_is_never_compared(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 50, 50, 50), b=(50, 50, 50, 50), c=(100, 0, 0, 0))
    columns["g"] = [None if g == "c" else g for g in columns["g"]]
    columns["g"][-1], columns["g"][-2] = "", "\u3000"
    m = measure(target_of(columns, groups=("g",)), "group_fairness")["g.selection_rate.difference"]
    assert [estimate.levels for estimate in m.groups] == [("a",), ("b",), ("(missing)",)]
    assert (m.groups[2].n, m.groups[2].value) == (100, 1.0)
    assert m.groups[2].note.en == "Rows without a group; not compared."
    assert m.value == 0.0
    assert "Rows without a group, compared with none: 100." in [finding.en for finding in m.findings]


def test_nan_and_null_are_one_missing_group(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 50, 50, 50), b=(50, 50, 50, 50), c=(100, 0, 0, 0))
    codes: dict[str, float | None] = {"a": 1.0, "b": 2.0, "c": None}
    columns["g"] = [codes[g] for g in columns["g"]]
    columns["g"][-40:] = [float("nan")] * 40
    m = measure(target_of(columns, groups=("g",)), "group_fairness")["g.selection_rate.difference"]
    assert [(estimate.levels, estimate.n) for estimate in m.groups] == [
        (("1",), 200),
        (("2",), 200),
        (("(missing)",), 100),
    ]


def test_spellings_of_one_group_are_merged_and_said(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 50, 50, 50), b=(50, 50, 50, 50))
    columns["g"] = (["Male"] * 90 + ["MALE"] * 60 + ["Ｍａｌｅ "] * 50) + ["Female"] * 100 + ["female"] * 100
    m = measure(target_of(columns, groups=("g",)), "group_fairness")["g.tpr.difference"]
    # A tie between Female and female goes to the smaller code point.
    assert [(estimate.levels, estimate.n) for estimate in m.groups] == [(("Female",), 200), (("Male",), 200)]
    assert [finding.en for finding in m.findings] == [
        "Column “g”: “Female”, “female” are counted as one group “Female”.",
        "Column “g”: “MALE”, “Male”, “Ｍａｌｅ ” are counted as one group “Male”.",
    ]
    assert "同じグループ「Male」" in m.findings[1].ja


def test_crossed_groups(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 50, 50, 50), b=(50, 50, 50, 50))
    columns["h"] = (["x"] * 100 + ["y"] * 60 + ["Y"] * 40) + ["x"] * 160 + [None] * 40
    target = target_of(columns, groups=("g",), intersections=(("g", "h"),))
    measured = measure(target, "group_fairness")
    assert len(measured) == 16
    m = measured["g-and-h.selection_rate.difference"]
    assert [(estimate.levels, estimate.n) for estimate in m.groups] == [
        (("a", "x"), 100),
        (("a", "y"), 100),
        (("b", "x"), 160),
        (("b", "(missing)"), 40),
    ]
    assert m.value == 1.0
    assert m.columns == ("g", "h", "label", "prediction")
    assert "Combinations of groups that do not occur in the table: 1." in [finding.en for finding in m.findings]


def test_rows_without_label_do_not_count_and_show_in_the_coverage(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 50, 50, 50), b=(50, 50, 50, 50))
    columns["label"][0:20] = [None] * 20
    m = measure(target_of(columns, groups=("g",)), "group_fairness")["g.selection_rate.difference"]
    assert (m.groups[0].n, m.groups[0].trials) == (200, 180)
    assert m.coverage == Coverage(380, 400)


def test_ids_of_columns_that_are_no_words(target_of: MakeTarget, measure: Measure) -> None:
    columns = population(a=(50, 50, 50, 50), b=(50, 50, 50, 50))
    names = ["性別", "all", "a-and-b", "x" * 50, "y" * 50]
    for name in names:
        columns[name] = columns["g"]
    target = target_of(columns, groups=tuple(names[:3]), intersections=(("g", "性別"), tuple(names[3:])))
    subjects = list(dict.fromkeys(name.split(".")[0] for name in measure(target, "group_fairness")))
    assert subjects[0] == "column-5f276e7a"
    assert subjects[1].startswith("column-")
    assert subjects[2].startswith("column-")
    assert subjects[3] == "g-and-column-5f276e7a"
    assert subjects[4].startswith("columns-")
    assert len(set(subjects)) == 5


def test_the_published_example_as_fractions(cases: dict[str, Any], target_of: MakeTarget, measure: Measure) -> None:
    case = cases["confusion"]
    rows = case["rows"]
    # Each row ten times over, so that no group is too small to be compared; the rates stay what they are.
    columns = {
        "label": rows["y_true"] * 10,
        "prediction": rows["y_pred"] * 10,
        "g": rows["group"] * 10,
    }
    measured = measure(target_of(columns, groups=("g",)), "group_fairness")
    for metric, disparity in case["disparities"].items():
        difference, ratio = measured[f"g.{metric}.difference"], measured[f"g.{metric}.ratio"]
        assert difference.value == pytest.approx(float(Fraction(disparity["max_minus_min"])), abs=1e-15)
        assert ratio.value == pytest.approx(float(Fraction(disparity["min_over_max"])), abs=1e-15)
        for estimate in difference.groups:
            exact = Fraction(case["by_group"][estimate.levels[0]][metric])
            assert Fraction(estimate.successes, estimate.trials) == exact


def test_the_exact_tables(cases: dict[str, Any], target_of: MakeTarget, measure: Measure) -> None:
    for case in cases["rates"]:
        columns: dict[str, list[Any]] = {"label": [], "prediction": [], "g": []}
        for group, count in case["counts"].items():
            columns["prediction"] += [1] * count["favourable"] + [0] * (count["total"] - count["favourable"])
            columns["g"] += [group] * count["total"]
        columns["label"] = [place % 2 for place in range(len(columns["g"]))]
        measured = measure(target_of(columns, groups=("g",)), "group_fairness")
        smallest = min(Fraction(exact) for exact in case["impact_ratio_to_max"].values())
        ratio = measured["g.selection_rate.ratio"]
        assert ratio.value == pytest.approx(float(smallest), rel=1e-15)
        by_level = {estimate.levels[0]: estimate for estimate in ratio.groups}
        for group, interval in case["wilson_ci95"].items():
            assert [round(by_level[group].low, 6), round(by_level[group].high, 6)] == interval
        if case["id"] == "loanapp_wooldridge":
            assert measured["g.selection_rate.difference"].low > 0.10
            assert measured["g.selection_rate.difference"].outcome is Outcome.FAIL
        if case["id"] == "rossi_recidivism":
            # Not significant; it must not be flagged.
            assert measured["g.selection_rate.difference"].low == 0.0
            assert ratio.outcome is Outcome.INCONCLUSIVE


def test_the_order_of_rows_and_the_number_of_threads_change_nothing(target_of: MakeTarget, measure: Measure) -> None:
    random = np.random.default_rng(5)
    rows = 5_000
    columns = {
        "label": random.integers(0, 2, rows),
        "prediction": random.integers(0, 2, rows),
        "score": random.random(rows),
        "g": random.choice(["a", "b", "c"], rows),
    }
    order = random.permutation(rows)
    for check in ("group_fairness", "calibration", "performance"):
        one = measure(target_of(columns, groups=("g",), score="score"), check)
        shuffled = {name: values[order] for name, values in columns.items()}
        assert measure(target_of(shuffled, groups=("g",), score="score"), check) == one


def test_columns_crossed_in_two_orders_are_counted_once_each(target_of: MakeTarget, measure: Measure) -> None:
    columns = {
        "label": [0, 1, 1] * 40,
        "prediction": [0, 1] * 60,
        "a": ["x", "y"] * 60,
        "b": ["p"] * 70 + ["q"] * 50,
    }
    target = target_of(columns, groups=("a",), intersections=(("a", "b"), ("b", "a")))
    got = measure(target, "group_fairness", CheckSettings(min_group=1))
    one, other = (got[f"{name}.selection_rate.difference"] for name in ("a-and-b", "b-and-a"))
    assert (one.value, one.n) == (other.value, other.n) == (1.0, 120)
    assert [group.levels[::-1] for group in other.groups] == [("x", "p"), ("y", "p"), ("x", "q"), ("y", "q")]


def test_a_group_that_is_called_missing_is_missing(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [0, 1] * 60, "prediction": [0, 1] * 60, "a": ["x", "y", "（missing）", None] * 30}
    groups = measure(target_of(columns, groups=("a",)), "group_fairness")["a.tpr.ratio"].groups
    assert [(group.levels, group.n) for group in groups] == [(("x",), 30), (("y",), 30), (("(missing)",), 60)]
