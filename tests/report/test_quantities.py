from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.assess.assessment import Interval, Share
from shinrai.language import Language
from shinrai.report.quantities import (
    Unit,
    count,
    day,
    interval,
    limit,
    moment,
    number,
    share,
    span,
    unit_of,
    unit_of_groups,
)

from .sample import MEASUREMENTS

JA, EN = Language.JA, Language.EN


@pytest.mark.parametrize(
    ("metric", "unit", "groups"),
    [
        ("accuracy", Unit.SHARE, Unit.SHARE),
        ("auc", Unit.PLAIN, Unit.PLAIN),
        ("selection_rate.difference", Unit.POINTS, Unit.SHARE),
        ("selection_rate.ratio", Unit.PLAIN, Unit.SHARE),
        ("selection_rate.adjusted_difference", Unit.POINTS, Unit.SHARE),
        ("tpr.any_difference", Unit.CHANCE, Unit.SHARE),
        ("selection_rate.below_four_fifths", Unit.CHANCE, Unit.SHARE),
        ("gap", Unit.POINTS, Unit.POINTS),
        ("brier", Unit.PLAIN, Unit.PLAIN),
        ("something_new", Unit.PLAIN, Unit.PLAIN),
    ],
)
def test_units_follow_the_metric(metric: str, unit: Unit, groups: Unit) -> None:
    assert (unit_of(metric), unit_of_groups(metric)) == (unit, groups)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.345, Unit.SHARE, "34.5%"),
        (0.04321, Unit.CHANCE, "0.0432"),
        (1.0, Unit.CHANCE, "1.0000"),
        (0.00001, Unit.CHANCE, "< 0.0001"),
        (0.99999, Unit.CHANCE, "> 0.9999"),
        (0.0004, Unit.SHARE, "0.04%"),
        (0.0, Unit.SHARE, "0.0%"),
        (-0.0001, Unit.PLAIN, "0.000"),
        (-0.073, Unit.POINTS, "\u22127.3 points"),
        (0.8, Unit.PLAIN, "0.800"),
        (None, Unit.SHARE, "—"),
        (float("nan"), Unit.SHARE, "—"),
        (float("inf"), Unit.PLAIN, "—"),
    ],
)
def test_numbers(value: float | None, unit: Unit, shown: str) -> None:
    assert number(value, unit).text(EN) == shown


def test_rounding_never_hides_that_a_limit_was_missed() -> None:
    assert number(0.79994, Unit.PLAIN, against=0.8).text(EN) == "0.7999"
    assert number(0.1004, Unit.POINTS, against=0.1).text(EN) == "10.04 points"
    assert number(0.8, Unit.PLAIN, against=0.8).text(EN) == "0.800"


@given(st.floats(0, 1), st.floats(0, 1))
def test_different_numbers_that_differ_by_a_millionth_read_differently(value: float, bound: float) -> None:
    same = number(value, Unit.SHARE, against=bound).text(EN) == number(bound, Unit.SHARE, against=value).text(EN)
    assert not same or abs(value - bound) < 1e-6


def test_intervals_name_points_once_and_carry_their_level() -> None:
    bounds = Interval(low=0.04, high=0.22, level=0.95)
    assert interval(bounds, Unit.POINTS).text(EN) == "95% interval 4.0 to 22.0 points"
    assert interval(bounds, Unit.POINTS).text(JA) == "95%区間 4.0〜22.0ポイント"
    assert interval(None, Unit.SHARE).text(EN) == "no interval"
    assert span(None, Unit.SHARE).text(EN) == "—"
    assert span(Interval(low=float("nan"), high=1.0, level=0.95), Unit.POINTS).text(EN) == "— to 100.0 points"


def test_limits_say_their_side() -> None:
    by_id = {record.id: record for record in MEASUREMENTS}
    assert limit(by_id["loans.performance.all.accuracy"]).text(EN) == "at least 87.7%"
    assert limit(by_id["loans.group_fairness.sex.tpr.difference"]).text(JA) == "10.0ポイント以下"
    assert limit(by_id["loans.performance.all.auc"]).text(EN) == "no limit; this number informs only"


def test_a_share_of_nothing_has_no_percentage() -> None:
    assert share(Share(part=0, whole=0)).text(EN) == "0 of 0"
    assert share(Share(part=989, whole=1000)).text(JA) == "1,000件中989件（98.9%）"


def test_an_unknown_count_is_no_zero() -> None:
    assert (count(None), count(0), count(12345)) == ("—", "0", "12,345")


def test_dates_in_both_languages() -> None:
    assert day(date(2026, 11, 20), JA) == "2026年11月20日"
    assert day(date(2026, 11, 20), EN) == "20 November 2026"


def test_moments_carry_their_zone_if_they_have_one() -> None:
    plain = datetime(2026, 11, 20, 9, 5)
    tokyo = timezone(timedelta(hours=9))
    assert moment(plain, EN) == "20 November 2026 09:05"
    assert moment(plain.replace(tzinfo=UTC), EN) == "20 November 2026 09:05 UTC"
    assert moment(plain.replace(tzinfo=tokyo), JA) == "2026年11月20日 09:05 UTC+0900"
