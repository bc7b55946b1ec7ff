"""Plans in workbooks: the template is ready to use, and whatever is wrong is named with sheet, cell and column."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.workbook.workbook import Workbook

from shinrai.language import Language, ShinraiError
from shinrai.planwatch import follow, import_workbook, read_plan, read_workbook, stand
from shinrai.planwatch.example_plan import ROWS
from shinrai.planwatch.workbook_layout import EXAMPLE, GUIDE, SHEETS
from shinrai.planwatch.workbook_template import template_bytes

MEASURES, PLAN, VALUES = "施策 Measures", "計画 Plan", "実績値 Values"
Save = Callable[[Workbook], Path]


@pytest.fixture(scope="module")
def example() -> bytes:
    return template_bytes(Language.JA, filled=True)


@pytest.fixture
def book(example: bytes) -> Workbook:
    return openpyxl.load_workbook(BytesIO(example))


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def put(book: Workbook) -> Path:
        path = tmp_path / "plan.xlsx"
        book.save(path)
        return path

    return put


def column(book: Workbook, sheet: str, header: str) -> str:
    """Return the letter of a column by part of its header."""
    return next(cell.column_letter for cell in book[sheet][1] if header in str(cell.value))


def refusal(path: Path) -> ShinraiError:
    with pytest.raises(ShinraiError) as caught:
        read_workbook(path)
    return caught.value


@pytest.mark.parametrize("language", Language)
def test_the_filled_template_becomes_a_plan(language: Language, tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    path.write_bytes(template_bytes(language, filled=True))
    done = import_workbook(path)
    assert done.copied == 0
    assert [each.id for each in done.plan.measures] == [row["id"] for row in ROWS["measures"]]
    assert done.plan.measures[0].due == date(2026, 9, 30)
    assert [owner.code for owner in done.plan.measures[2].partners] == ["DX", "HR"]
    assert [value.value for value in done.plan.indicators[0].observations] == [Decimal("31.5"), Decimal("48.2")]
    assert read_plan(done.text, "plan.yaml") == done.plan
    found = stand(follow(done.plan), date(2026, 11, 20))
    assert [each.measure.id for each in found.late] == ["AOBA-4", "AOBA-1"]
    assert found.gaps.unsourced == ()


def test_the_empty_template_says_what_to_fill_in_first(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    path.write_bytes(template_bytes(Language.EN))
    error = refusal(path)
    assert error.place is not None
    assert error.place.field == "計画 Plan!B1 (計画ID / Plan ID)"


def test_the_template_has_a_guide_an_example_and_headers_in_both_languages(book: Workbook) -> None:
    assert book.sheetnames == [GUIDE.title, *(sheet.title for sheet in SHEETS), EXAMPLE.title]
    heads = [str(cell.value) for cell in book[MEASURES][1]]
    assert heads[0] == "施策ID\nMeasure ID"
    assert all("\n" in head for head in heads)
    assert "AOBA-1" in {cell.value for row in book[EXAMPLE.title].iter_rows() for cell in row}
    assert book[MEASURES].data_validations.dataValidation[0].formula1 == '"計画（P）,実行（D）,評価（C）,改善（A）"'


@pytest.mark.parametrize(
    ("sheet", "header", "row", "given", "said"),
    [
        (MEASURES, "Lead", 3, "XX", "no owner “XX”"),
        (MEASURES, "Measure ID", 3, "AOBA-1", "already used"),
        (MEASURES, "Section ID", 3, "SALES", "no “SALES”"),
        (MEASURES, "Due on", 3, "来年", "a date such as"),
        (MEASURES, "Due on", 3, datetime(2026, 4, 1, 13, 30), "without a time"),
        (MEASURES, "PDCA stage", 3, "考え中", "not one of"),
        (MEASURES, "Title of the measure (Japanese)", 3, "=1+1", "formula"),
        (MEASURES, "Title of the measure (Japanese)", 3, "#REF!", "formula or an error"),
        (MEASURES, "Title of the measure (Japanese)", 3, "a\u202eb", "invisible"),
        (MEASURES, "Title of the measure (Japanese)", 3, "長" * 5001, "too long"),
        (MEASURES, "Title of the measure (Japanese)", 3, True, "of a kind"),
        (MEASURES, "Lead", 3, None, "is empty"),
        (VALUES, "Value", 2, "三割", "plain number"),
        (VALUES, "Value", 2, 99.0, "outside its interval"),
        (VALUES, "Value", 2, time(1, 2), "of a kind"),
        (VALUES, "Indicator ID", 2, "AOBA-I9", "no indicator “AOBA-I9”"),
        (VALUES, "Source keys", 2, "NOWHERE", "“NOWHERE”"),
        (VALUES, "Number of answers", 2, -3, "at least 1"),
    ],
)
def test_a_fault_names_sheet_cell_and_column(
    book: Workbook, save: Save, sheet: str, header: str, row: int, given: object, said: str
) -> None:
    cell = f"{column(book, sheet, header)}{row}"
    book[sheet][cell].value = given
    error = refusal(save(book))
    assert said in str(error)
    assert error.place is not None
    field = str(error.place.field)
    assert error.place.file == "plan.xlsx"
    if said != "outside its interval":
        assert field.startswith(f"{sheet}!{cell} ("), field
        assert header in field
    assert error.text(Language.JA) != str(error)


def test_merged_cells_are_refused(book: Workbook, save: Save) -> None:
    book[MEASURES].merge_cells("A2:A3")
    error = refusal(save(book))
    assert error.place is not None
    assert error.place.field == f"{MEASURES}!A2:A3"


@pytest.mark.parametrize(("title", "fix"), [("施策 Measure", "施策 Measures"), ("メモ", "#")])
def test_an_unknown_sheet_is_refused_and_one_with_a_hash_is_left_out(
    book: Workbook, save: Save, title: str, fix: str
) -> None:
    book.create_sheet(title)["A1"] = "x"
    error = refusal(save(book))
    assert title in str(error)
    assert fix in str(error)
    book[title].title = f"#{title}"
    assert read_workbook(save(book)).id == "aoba.ai-plan"


def test_a_missing_sheet_or_column_and_a_strange_one(book: Workbook, save: Save) -> None:
    header = book[MEASURES]["A1"].value
    book[MEASURES]["A1"].value = "番号"
    assert "has no column “番号”" in str(refusal(save(book)))
    book[MEASURES]["A1"].value = None
    assert "施策ID / Measure ID" in str(refusal(save(book)))
    book[MEASURES]["A1"].value = book[MEASURES]["B1"].value
    assert "twice" in str(refusal(save(book)))
    book[MEASURES]["A1"].value = header
    book[MEASURES]["AZ3"].value = "note"
    assert "AZ3" in str(refusal(save(book)))
    del book[MEASURES]
    assert "is missing" in str(refusal(save(book)))


def test_what_people_write_is_understood_as_they_see_it(book: Workbook, save: Save) -> None:
    measures, values = book[MEASURES], book[VALUES]
    measures[f"{column(book, MEASURES, 'Due on')}2"].value = "２０２６/９/３０"
    measures[f"{column(book, MEASURES, 'Lead')}2"].value = "ＤＸ"
    measures[f"{column(book, MEASURES, 'Partners')}4"].value = "DX、HR"
    measures[f"{column(book, MEASURES, 'PDCA stage')}2"].value = "Check (C)"
    measures[f"{column(book, MEASURES, 'English')}2"].value = None
    share = values[f"{column(book, VALUES, 'Value')}2"]
    share.value, share.number_format = 0.315, "0.0%"
    done = import_workbook(save(book))
    first = done.plan.measures[0]
    assert (first.due, first.lead.code, first.stage) == (date(2026, 9, 30), "DX", "check")
    assert first.title.en == first.title.ja
    assert done.copied == 1
    assert [owner.code for owner in done.plan.measures[2].partners] == ["DX", "HR"]
    assert done.plan.indicators[0].observations[0].value == Decimal("31.5")


def test_empty_rows_and_sheets_are_left_out(book: Workbook, save: Save) -> None:
    book[MEASURES].insert_rows(3, amount=2)
    del book["進捗報告 Status reports"]
    plan = read_workbook(save(book))
    assert (len(plan.measures), plan.events) == (4, ())


def test_a_second_phase_of_the_national_plan_can_be_imported(book: Workbook, save: Save) -> None:
    cells = {str(row[0].value).split("\n")[1]: row[1] for row in book[PLAN].iter_rows()}
    cells["Plan ID"].value, cells["Version"].value, cells["Kind of plan"].value = "jp.plan", "phase-2", "national"
    measures = book[MEASURES]
    for number, lead in enumerate(("DA", "CAO", "METI", "MIC"), start=2):
        measures[f"A{number}"].value = f"JP-BP2-1.1.{number}"
        measures[f"{column(book, MEASURES, 'Lead')}{number}"].value = lead
        measures[f"{column(book, MEASURES, 'Partners')}{number}"].value = "RELEVANT"
        measures[f"{column(book, MEASURES, 'Continues')}{number}"].value = "JP-BP1-1.1.i, JP-BP1-1.1.ii"
    for sheet in ("指標 Indicators", VALUES, "目標値 Targets", "進捗報告 Status reports", "担当 Owners"):
        del book[sheet]
    plan = import_workbook(save(book)).plan
    assert plan.measures[0].continues == ("JP-BP1-1.1.i", "JP-BP1-1.1.ii")
    assert [owner.code for owner in plan.owners] == ["CAO", "DA", "MIC", "METI", "RELEVANT"]


def zipped(**parts: bytes) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not an XLSX"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "not an XLSX"),
        (b"PK\x03\x04" + b"\0" * 600, "not an XLSX"),
        (zipped(a_xml=b"<a/>"), "not an XLSX"),
        (zipped(a_xml=b"\0" * (2 * 1024 * 1024)), "more than a plan can hold"),
        (zipped(**{f"p{n}_xml": bytes(range(256)) * 4096 for n in range(25)}), "more than a plan can hold"),
        (zipped(**{f"p{n}_xml": b"x" for n in range(600)}), "more than a plan can hold"),
        (zipped(xl_xml=b"<a/>", vbaProject_bin=b"x"), "macros"),
        (b"x" * (8 * 1024 * 1024 + 1), "larger than 8 MiB"),
    ],
    ids=["empty", "password", "torn", "other", "dense", "large", "many", "macros", "file"],
)
def test_what_is_no_workbook_or_a_bomb_is_not_opened(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "plan.xlsx"
    path.write_bytes(data)
    assert said in str(refusal(path))


def test_entities_in_a_part_are_not_expanded(example: bytes, tmp_path: Path) -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    for part in ("xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet2.xml"):
        changed = BytesIO()
        with zipfile.ZipFile(BytesIO(example)) as old, zipfile.ZipFile(changed, "w") as new:
            for name in old.namelist():
                new.writestr(name, entity if name == part else old.read(name))
        path = tmp_path / "plan.xlsx"
        path.write_bytes(changed.getvalue())
        assert "not an XLSX" in str(refusal(path)), part


@pytest.mark.parametrize(
    "element",
    [
        '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        '<hyperlinks><hyperlink ref="A1:XFD1048576" location="x"/></hyperlinks>',
    ],
)
def test_a_range_over_the_whole_sheet_is_refused_before_it_is_spread_out(
    example: bytes, tmp_path: Path, element: str
) -> None:
    changed = BytesIO()
    with zipfile.ZipFile(BytesIO(example)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "xl/worksheets/sheet6.xml":
                part = part.replace(b"</sheetData>", b"</sheetData>" + element.encode())
            new.writestr(name, part)
    path = tmp_path / "plan.xlsx"
    path.write_bytes(changed.getvalue())
    assert "A1:XFD1048576" in str(refusal(path))


def test_a_cell_far_away_is_refused_before_the_sheet_is_walked(book: Workbook, save: Save) -> None:
    book[MEASURES].cell(1_048_576, 3, "x")
    assert "row 1048576" in str(refusal(save(book)))


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False),
    st.dates(date(1990, 1, 1)), st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12),
    st.sampled_from(["=A1", "AOBA-1", "DX", "C2", "not_given", "FY2025", "%", "計画（P）"]),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sheet=st.sampled_from(SHEETS), row=st.integers(1, 6), position=st.integers(1, 14), value=VALUE)
def test_any_value_in_any_cell_gives_a_plan_or_an_error_with_a_place(
    example: bytes,
    tmp_path: Path,
    sheet,
    row: int,
    position: int,
    value: object,
) -> None:
    book = openpyxl.load_workbook(BytesIO(example))
    book[sheet.title].cell(row, position).value = value
    path = tmp_path / "fuzzed.xlsx"
    book.save(path)
    try:
        plan = import_workbook(path).plan
    except ShinraiError as error:
        assert error.place is not None
        assert error.place.file == "fuzzed.xlsx"
    else:
        assert plan.measures
