"""The table of instruments: nothing blank, every statement with its source, and the old guide's errors gone."""

from dataclasses import replace
from functools import cache

import pytest

from shinrai.frameworks import Certainty, Coverage, Framework, Role, available, load_framework
from shinrai.frameworks.comparison import NO_DATA, SIDE_BY_SIDE, Cell, Comparison, compare
from shinrai.frameworks.instrument import Instrument, TraitName, instruments
from shinrai.language import Language


@cache
def records() -> dict[str, Instrument]:
    return {each.id: each for each in instruments()}


@pytest.fixture(scope="module")
def frameworks() -> tuple[Framework, ...]:
    return tuple(load_framework(*key) for key in available())


@pytest.fixture(scope="module")
def usual(frameworks: tuple[Framework, ...]) -> Comparison:
    return compare([records()[id_] for id_ in SIDE_BY_SIDE], frameworks)


def cells(comparison: Comparison, name: str) -> tuple[Cell, ...]:
    return next(row.cells for row in comparison.rows if row.name == name)


def test_rows_and_columns_are_those_of_the_old_table_and_more(usual: Comparison) -> None:
    assert tuple(column.id for column in usual.columns) == SIDE_BY_SIDE
    names = [row.name for row in usual.rows]
    assert names[:5] == [name.value for name in TraitName] and len(names) == len(set(names))
    assert all(len(row.cells) == len(SIDE_BY_SIDE) for row in usual.rows)


def test_every_cell_has_a_source_or_says_that_there_is_no_data(frameworks: tuple[Framework, ...]) -> None:
    for row in compare(records().values(), frameworks).rows:
        for cell in row.cells:
            assert (cell.source is None) == (cell.certainty is None) == (cell.text is NO_DATA) == (not cell.known)
            for language in Language:
                assert cell.text.text(language).strip()
                assert row.title.text(language).strip()
            if cell.source is not None:
                assert str(cell.source)


def test_traits_are_known_for_the_usual_four(usual: Comparison) -> None:
    for name in TraitName:
        assert all(cell.known for cell in cells(usual, name.value)), name


def test_the_errors_of_the_old_table_are_gone(usual: Comparison) -> None:
    japan, union, _, _ = cells(usual, "enforcement")
    assert "shame" not in japan.text.text(Language.EN)
    for word in ("guidance", "advice", "information"):
        assert word in japan.text.text(Language.EN)
    assert "ceilings that differ by breach" in union.text.text(Language.EN)
    assert "EUR 35 million" in union.text.text(Language.EN) and union.certainty is Certainty.SECONDARY
    tiers = cells(usual, "risk_classification")[1].text.text(Language.EN)
    for word in ("prohibited", "Annex I", "Annex III", "transparency", "general-purpose", "systemic risk"):
        assert word in tiers


def test_what_has_no_framework_file_says_no_data(frameworks: tuple[Framework, ...]) -> None:
    without = compare([records()["un.gdc"]], frameworks)
    for row in without.rows:
        if row.counted:
            assert [cell.text for cell in row.cells] == [NO_DATA]
    assert NO_DATA.text(Language.EN) == "No data."


def test_counts_are_those_of_the_file(frameworks: tuple[Framework, ...]) -> None:
    guideline = next(each for each in frameworks if each.id == "jp.guideline13")
    table = compare([records()["jp.guideline13"]], frameworks)
    headings = {row.principle for row in guideline.requirements}
    asked = [row for row in guideline.requirements if row.id not in headings]
    values = {row.name: row.cells[0].value for row in table.rows if row.counted}
    assert values["requirements"] == len(asked) > 20
    assert sum(int(values[f"force_{force}"] or 0) for force in ("must", "should", "may")) == len(asked)
    assert values["role_everyone"] == sum(not row.roles for row in asked)
    for role in Role:
        assert values[f"role_{role.value}"] == sum(role in row.roles for row in asked)
    assert values["coverage"] == "extract" and values["recorded_version"] == "2025-12-19"


def test_a_count_from_an_extract_says_so_and_is_as_sure_as_its_weakest_row(frameworks: tuple[Framework, ...]) -> None:
    business = next(each for each in frameworks if each.id == "jp.aigb" and each.superseded_by is None)
    extract = replace(business, coverage=Coverage.EXTRACT)
    (cell,) = cells(compare([records()["jp.aigb"]], [extract]), "requirements")
    assert cell.text.text(Language.EN) == f"{cell.value} in the extract"
    assert cell.certainty is Certainty.UNVERIFIED
    whole = replace(business, coverage=Coverage.COMPLETE)
    (cell,) = cells(compare([records()["jp.aigb"]], [whole]), "requirements")
    assert cell.text.text(Language.JA) == str(cell.value)
    assert cell.source is not None and business.digest in cell.source.keys[0].title.en


def test_the_version_in_force_is_counted(frameworks: tuple[Framework, ...]) -> None:
    business = next(each for each in frameworks if each.id == "jp.aigb" and each.superseded_by is None)
    old = replace(business, version="0.9", superseded_by="1.2")
    older = replace(business, version="0.8", superseded_by="0.9")
    for given, expected in ([old, business], "1.2"), ([business, old], "1.2"), ([older, old], "0.9"):
        (cell,) = cells(compare([records()["jp.aigb"]], given), "recorded_version")
        assert cell.value == expected


def test_dates_come_from_the_current_version(usual: Comparison, frameworks: tuple[Framework, ...]) -> None:
    assert [cell.value for cell in cells(usual, "in_force")] == ["2025-09-01", "2026-07-27", "2023-01-26", None]
    (plan,) = cells(compare([records()["jp.plan"]], frameworks), "published")
    assert plan.value == "2026-07-14" and plan.certainty is Certainty.SECONDARY
