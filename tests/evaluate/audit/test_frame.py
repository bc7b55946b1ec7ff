"""The Python API: MetricFrame's vocabulary, and what other libraries answer wrongly without a word."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit import AuditFrame
from shinrai.language import ShinraiError

# Eight rows: group a is selected 4 of 4 times, group b 1 of 4 times.
TRUE = [1, 1, 0, 0, 1, 1, 0, 0]
PREDICTED = [1, 1, 1, 1, 1, 0, 0, 0]
GROUP = ["a"] * 4 + ["b"] * 4


def _gap(predicted: Any, favourable: Any, true: Any = None, group: Any = GROUP) -> Any:
    frame = AuditFrame(
        y_true=true if true is not None else predicted,
        y_pred=predicted,
        sensitive_features=group,
        favourable=favourable,
    )
    return frame.difference()["selection_rate"]


@pytest.mark.parametrize(
    ("yes", "no"),
    [("yes", "no"), ("1", "0"), (2, 1), (1, 2), (True, False), (1.0, 0.0), ("可", "否")],
)
def test_any_two_labels_give_the_right_gap(yes: Any, no: Any) -> None:
    predicted = [yes if p else no for p in PREDICTED]
    assert _gap(predicted, yes).exact == Fraction(3, 4)


def test_the_favourable_value_is_never_guessed() -> None:
    with pytest.raises(ShinraiError, match="favourable"):
        AuditFrame(y_true=TRUE, y_pred=PREDICTED, sensitive_features=GROUP)


def test_a_favourable_value_that_does_not_occur_is_an_error() -> None:
    with pytest.raises(ShinraiError):
        _gap(["yes", "no"] * 4, "YES!")


def test_probabilities_as_predictions_are_an_error() -> None:
    with pytest.raises(ShinraiError, match="probabilit"):
        _gap([0.9, 0.8, 0.7, 0.6, 0.9, 0.2, 0.1, 0.3], 1, TRUE)


def test_missing_predictions_are_counted_apart() -> None:
    frame = AuditFrame(y_true=TRUE, y_pred=[1, 1, None, None, 1, 0, 0, 0], sensitive_features=GROUP, favourable=1)
    assert frame.by_group["a"]["selection_rate"].exact == 1
    assert frame.by_group["a"]["selection_rate"].n == 2
    assert frame.to_dict()["rows"]["a"]["counts"]["positive_undecided"] == 0
    assert frame.to_dict()["rows"]["a"]["counts"]["negative_undecided"] == 2


def test_a_group_without_positives_has_no_tpr_and_no_unfairness() -> None:
    true, predicted = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0, 0, 0]
    frame = AuditFrame(
        y_true=true, y_pred=predicted, sensitive_features=["a"] * 4 + ["c"] * 3 + ["b"] * 3, favourable=1
    )
    number = frame.by_group["b"]["tpr"]
    assert number.value is None
    assert "favourable label" in str(number.reason)
    assert frame.difference()["tpr"].exact == 0
    assert set(frame.difference()["tpr"].left_out) == {"b"}
    two = AuditFrame(
        y_true=true[:4] + true[7:],
        y_pred=predicted[:4] + predicted[7:],
        sensitive_features=["a"] * 4 + ["b"] * 3,
        favourable=1,
    )
    assert two.difference()["tpr"].value is None
    assert two.features["sensitive_feature_0"].composites["equalized_odds_difference"].value is None


def test_nobody_selected_is_undefined_and_says_so() -> None:
    frame = AuditFrame(y_true=TRUE, y_pred=[0] * 8, sensitive_features=GROUP, favourable=1)
    ratio = frame.ratio()["selection_rate"]
    assert ratio.value is None
    assert "0 in every group" in str(ratio.reason)
    with pytest.raises(ValueError, match="undefined"):
        float(ratio)


def test_thousands_of_groups_are_refused_with_advice() -> None:
    with pytest.raises(ShinraiError) as caught:
        _gap([0, 1] * 1000, 1, group=[str(i) for i in range(2000)])
    assert caught.value.fix is not None


def test_unaligned_indexes_are_an_error() -> None:
    with pytest.raises(ShinraiError, match="index"):
        AuditFrame(
            y_true=pd.Series(TRUE),
            y_pred=pd.Series(PREDICTED, index=range(1, 9)),
            sensitive_features=pd.Series(GROUP),
            favourable=1,
        )


def test_unequal_lengths_are_an_error() -> None:
    with pytest.raises(ShinraiError, match="length"):
        AuditFrame(y_true=TRUE, y_pred=PREDICTED[:-1], sensitive_features=GROUP, favourable=1)


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_rows_without_a_group_are_a_group_of_their_own_and_compared_with_none(missing: Any) -> None:
    group = pd.Series([*GROUP[:-1], missing], dtype=object)
    frame = AuditFrame(y_true=TRUE, y_pred=PREDICTED, sensitive_features=group, favourable=1)
    assert frame.by_group["(missing)"]["selection_rate"].n == 1
    assert frame.difference()["selection_rate"].exact == Fraction(2, 3)
    assert any("without a group" in str(warning) for warning in frame.audit.warnings)


def test_spellings_of_one_group_are_merged_and_said() -> None:
    frame = AuditFrame(
        y_true=TRUE,
        y_pred=PREDICTED,
        sensitive_features=["男", "男 ", "男", "男", "女", "女", "女", "女"],
        favourable=1,
    )
    assert set(frame.by_group) == {"男", "女"}
    assert frame.to_dict()["merges"] == [{"column": "sensitive_feature_0", "label": "男", "spellings": ["男", "男 "]}]


def test_a_frame_and_names_give_what_arrays_give() -> None:
    columns = {"y": TRUE, "p": PREDICTED, "sex": GROUP, "age": ["x", "y"] * 4}
    expected = AuditFrame(y_true=TRUE, y_pred=PREDICTED, sensitive_features={"sex": GROUP}, favourable=1)
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), columns):
        found = AuditFrame(frame, y_true="y", y_pred="p", sensitive_features="sex", favourable=1)
        assert found.by_group == expected.by_group
        assert found.difference() == expected.difference()


def test_several_features_are_crossed_and_each_alone() -> None:
    frame = AuditFrame(
        y_true=TRUE,
        y_pred=np.array(PREDICTED),
        sensitive_features=pd.DataFrame({"sex": GROUP, "age": ["x", "y"] * 4}),
        favourable=1,
    )
    assert frame.by_group["b", "x"]["selection_rate"].exact == Fraction(1, 2)
    assert frame.features["sex"].group("b").numbers["selection_rate"].exact == Fraction(1, 4)


def test_names_without_a_table_and_arrays_beside_one_are_errors() -> None:
    with pytest.raises(ShinraiError, match="no table"):
        AuditFrame(y_true=TRUE, y_pred=PREDICTED, sensitive_features="sex", favourable=1)
    with pytest.raises(ShinraiError, match="by name"):
        AuditFrame({"p": PREDICTED, "g": GROUP}, y_pred=PREDICTED, sensitive_features="g", favourable=1)
    with pytest.raises(ShinraiError, match="sensitive feature"):
        AuditFrame(y_true=TRUE, y_pred=PREDICTED, sensitive_features={}, favourable=1)
    with pytest.raises(ShinraiError, match="called"):
        AuditFrame(y_true=TRUE, y_pred=PREDICTED, sensitive_features={"y_true": GROUP}, favourable=1)


ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("abc"), st.sampled_from("uv")),
    min_size=4,
    max_size=60,
)


@settings(max_examples=10, deadline=None)
@given(rows=ROWS)
def test_gaps_have_the_meaning_they_have_in_fairlearn(rows: list[tuple[int, int, str, str]]) -> None:
    true, predicted, group, _ = (list(column) for column in zip(*rows, strict=True))
    if len(set(group)) < 2 or 2 * len(set(group)) > len(rows) or set(true) != {0, 1}:
        return
    ours = AuditFrame(y_true=true, y_pred=predicted, sensitive_features=group, favourable=1)
    theirs = MetricFrame(
        metrics={"selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate},
        y_true=true,
        y_pred=predicted,
        sensitive_features=group,
    )
    for metric in ("selection_rate", "tpr", "fpr"):
        # Where a group has no such rows, their 0 is a number and ours has a reason instead.
        if any(numbers[metric].value is None for numbers in ours.by_group.values()):
            continue
        for method in ("between_groups", "to_overall"):
            assert float(ours.difference(method)[metric]) == pytest.approx(theirs.difference(method=method)[metric])
            if ours.ratio(method)[metric].value is not None:
                assert float(ours.ratio(method)[metric]) == pytest.approx(theirs.ratio(method=method)[metric])
        assert float(ours.group_max()[metric]) == pytest.approx(theirs.group_max()[metric])
        assert float(ours.group_min()[metric]) == pytest.approx(theirs.group_min()[metric])
        assert float(ours.overall[metric]) == pytest.approx(theirs.overall[metric])


def test_control_features_have_the_meaning_they_have_in_fairlearn() -> None:
    rng = np.random.default_rng(5)
    true, predicted = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    group, control = rng.choice(list("abc"), 400), rng.choice(["u", "v"], 400)
    ours = AuditFrame(
        y_true=true, y_pred=predicted, sensitive_features={"g": group}, control_features={"c": control}, favourable=1
    )
    theirs = MetricFrame(
        metrics={"selection_rate": selection_rate, "tpr": true_positive_rate},
        y_true=true,
        y_pred=predicted,
        sensitive_features={"g": group},
        control_features={"c": control},
    )
    assert list(ours.control_levels) == ["u", "v"]
    for level in ("u", "v"):
        for metric in ("selection_rate", "tpr"):
            assert float(ours.overall[level][metric]) == pytest.approx(theirs.overall.loc[level, metric])
            assert float(ours.difference()[level][metric]) == pytest.approx(theirs.difference().loc[level, metric])
            assert float(ours.ratio("to_overall")[level][metric]) == pytest.approx(
                theirs.ratio(method="to_overall").loc[level, metric]
            )
            assert float(ours.group_max()[level][metric]) == pytest.approx(theirs.group_max().loc[level, metric])
            for g in "abc":
                assert float(ours.by_group[level][g][metric]) == pytest.approx(theirs.by_group.loc[(level, g), metric])
