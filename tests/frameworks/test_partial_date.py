"""Dates as exact as their source."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks.located import read_yaml
from shinrai.frameworks.partial_date import PartialDate, as_partial_date
from shinrai.language import ShinraiError


@pytest.mark.parametrize(
    ("written", "earliest", "latest"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-02", date(2025, 2, 1), date(2025, 2, 28)),
        ("2025-12-19", date(2025, 12, 19), date(2025, 12, 19)),
    ],
)
def test_a_date_can_mean_the_days_between(written: str, earliest: date, latest: date) -> None:
    read = as_partial_date(read_yaml(written.encode(), "f.yaml"))
    assert (read.earliest, read.latest, str(read)) == (earliest, latest, written)


@given(st.dates(), st.sampled_from(["year", "month", "day"]))
def test_writing_and_reading_agree(day: date, precision: str) -> None:
    given_parts = {"year": 1, "month": 2, "day": 3}[precision]
    partial = PartialDate(*(day.year, day.month, day.day)[:given_parts])
    assert as_partial_date(read_yaml(str(partial).encode(), "f.yaml")) == partial
    assert partial.earliest <= day <= partial.latest


@pytest.mark.parametrize(
    "written",
    ["2025-02-29", "2025-13", "2025-00", "2025-12-00", "0000", "25-01-01", "2025/01", "May 2025", "2025-1", "２０２５"],
)
def test_what_is_no_date_is_refused_with_its_place(written: str) -> None:
    with pytest.raises(ShinraiError, match=re.escape("f.yaml:1:1")):
        as_partial_date(read_yaml(written.encode(), "f.yaml"))


def test_a_day_needs_its_month() -> None:
    with pytest.raises(ValueError, match="month"):
        PartialDate(2025, None, 3)
