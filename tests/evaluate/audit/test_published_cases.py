"""Published cases: every rate and every gap exact as a fraction, and the ones that must or must not be flagged."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest

from shinrai.evaluate.audit.audit import Audit, audit_cells
from shinrai.evaluate.audit.verdicts import Answer

MakeCells = Callable[..., Any]
TWO_GAPS = {"max_minus_min": "difference", "min_over_max": "ratio"}


@pytest.fixture
def user_guide(cells_of: MakeCells, published: Mapping[str, Any]) -> Audit:
    rows = published["confusion"]["rows"]
    listed = [
        {"label": y, "decision": p, "group": g}
        for y, p, g in zip(rows["y_true"], rows["y_pred"], rows["group"], strict=True)
    ]
    return audit_cells(cells_of(listed, label="label", prediction="decision", groups=("group",)))


def test_every_rate_of_every_group_is_the_published_fraction(user_guide: Audit, published: Mapping[str, Any]) -> None:
    compared = 0
    for level, known in published["confusion"]["by_group"].items():
        group = user_guide.subjects[("group",)].group(level)
        for metric, value in known.items():
            if metric == "n":
                assert group.rows == value
                continue
            assert group.numbers[metric].exact == _fraction(value), (level, metric)
            compared += 1
    assert compared >= 24


def test_every_gap_is_the_published_fraction(user_guide: Audit, published: Mapping[str, Any]) -> None:
    found = user_guide.subjects[("group",)]
    for metric, gaps in published["confusion"]["disparities"].items():
        if metric.startswith("equalized_odds"):
            assert found.composites[metric].exact == _fraction(gaps)
            continue
        for name, value in gaps.items():
            assert getattr(found, TWO_GAPS[name])[metric].exact == _fraction(value), (metric, name)


def test_gaps_to_all_rows_are_those_published(user_guide: Audit) -> None:
    found = user_guide.subjects[("group",)]
    assert {m: found.gaps.difference_to_overall[m].exact for m in ("tpr", "fpr", "selection_rate")} == {
        "tpr": Fraction(1, 10),
        "fpr": Fraction(2, 3),
        "selection_rate": Fraction(7, 36),
    }
    assert {m: found.gaps.ratio_to_overall[m].exact for m in ("tpr", "fpr", "selection_rate")} == {
        "tpr": Fraction(4, 5),
        "fpr": Fraction(0),
        "selection_rate": Fraction(20, 27),
    }
    assert user_guide.overall["selection_rate"].exact == Fraction(5, 9)


def test_small_groups_get_no_verdict(user_guide: Audit) -> None:
    assert {each.answer for each in user_guide.verdicts} == {Answer.NOT_ENOUGH}
    assert all(set(each.too_small) == {"a", "b", "c"} for each in user_guide.verdicts)


@pytest.mark.parametrize("place", range(4))
def test_rates_gaps_and_the_rule_of_thumb_are_exact(
    cells_of: MakeCells, published: Mapping[str, Any], place: int
) -> None:
    case = published["rates"][place]
    found = audit_cells(cells_of(case["counts"])).subjects[("group",)]
    for level, rate in case["rate"].items():
        number = found.group(level).numbers["selection_rate"]
        assert number.exact == _fraction(rate)
        assert number.interval is not None
        low, high = case["wilson_ci95"][level]
        assert (number.interval.low, number.interval.high) == pytest.approx((low, high), abs=1e-6)
        assert found.four_fifths[level].exact == _fraction(case["impact_ratio_to_max"][level])
        assert found.four_fifths[level].met is case["four_fifths_pass"][level]
    assert found.difference["selection_rate"].exact == _fraction(case["difference_max_min"])


def _case(published: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    return next(case for case in published["rates"] if part in case["id"])


def test_the_recidivism_case_is_not_flagged(cells_of: MakeCells, published: Mapping[str, Any]) -> None:
    found = audit_cells(cells_of(_case(published, "rossi")["counts"]))
    null = found.subjects[("group",)].chance["selection_rate"]
    assert null.p == pytest.approx(0.618, abs=0.02)
    assert null.expected is not None
    assert found.subjects[("group",)].difference["selection_rate"].interval.low == 0
    assert found.answer is Answer.NOT_ENOUGH
    assert found.verdicts[0].needed_n is not None
    assert found.verdicts[0].needed_n > 432


def test_real_gaps_are_flagged(cells_of: MakeCells, published: Mapping[str, Any]) -> None:
    found = audit_cells(cells_of(_case(published, "ucb")["counts"]))
    assert found.answer is Answer.NOT_MET
    assert found.subjects[("group",)].chance["selection_rate"].p < 0.001


def _fraction(value: Any) -> Fraction:
    return Fraction(value["exact"] if isinstance(value, Mapping) else value)


def _admissions(published: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"sex": sex, "department": department, "admitted": admitted, "n": n}
        for department, groups in _case(published, "ucb")["strata"].items()
        for sex, counts in groups.items()
        for admitted, n in (("yes", counts["favourable"]), ("no", counts["total"] - counts["favourable"]))
    ]


def test_a_gap_that_turns_round_within_strata_is_flagged(cells_of: MakeCells, published: Mapping[str, Any]) -> None:
    table = cells_of(
        _admissions(published),
        prediction="admitted",
        favourable="yes",
        groups=("sex",),
        strata=("department",),
        counts="n",
    )
    found = audit_cells(table)
    subject = found.subjects[("sex",)]
    assert subject.ratio["selection_rate"].exact == Fraction(1498887, 2198330)
    within = subject.stratified["selection_rate"].adjusted[0]
    assert (within.group, within.reference) == ("Female", "Male")
    known = _case(published, "ucb")["stratified"]
    assert float(within.odds_ratio) == pytest.approx(1 / known["mantel_haenszel_odds_ratio"], abs=1e-6)
    assert within.odds_ratio.interval is not None
    assert (1 / within.odds_ratio.interval.high, 1 / within.odds_ratio.interval.low) == pytest.approx(
        known["mh_or_ci95"], abs=1e-6
    )
    assert within.p == pytest.approx(known["cmh_p"], abs=1e-4)
    assert within.simpson is not None
    assert within.simpson.reversed
    assert any("Simpson" in str(warning) for warning in found.warnings)
    assert list(subject.strata) == [(letter,) for letter in "ABCDEF"]
    assert subject.strata["A",].groups[0].numbers["selection_rate"].exact == Fraction(89, 108)
