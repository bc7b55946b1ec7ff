"""Workbooks: nothing is lost on the way round, and every fault is found at its cell."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from shinrai.frameworks import available, load_framework
from shinrai.frameworks.formats.report import MAX_FAULTS, FaultyFile
from shinrai.frameworks.formats.xlsx import package, read_xlsx, template, write_xlsx
from shinrai.frameworks.formats.xlsx.layout import SHEETS
from shinrai.frameworks.formats.xlsx.template import EXAMPLE
from shinrai.language import Language, ShinraiError

TEMPLATE = template()
FRAMEWORK, REQUIREMENTS, EVIDENCE, SOURCES, NOTES = (sheet.title for sheet in SHEETS)


def changed(*changes: Callable[[Workbook], object]) -> bytes:
    """Return the template after someone worked on it in another program."""
    book = load_workbook(io.BytesIO(TEMPLATE))
    for change in changes:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def put(sheet: str, cell: str, value: object, **attributes: object) -> Callable[[Workbook], object]:
    def change(book: Workbook) -> None:
        book[sheet][cell] = value
        for name, said in attributes.items():
            setattr(book[sheet][cell], name, said)

    return change


def repacked(data: bytes, change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """Return a workbook with parts changed (None leaves a part out) and parts added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = change(part, old.read(part))
            if content is not None:
                new.writestr(part, content)
        for name, content in more.items():
            new.writestr(name, content)
    return stream.getvalue()


def with_shared_strings(data: bytes) -> bytes:
    """Return a workbook whose texts stand in one part, as Excel writes them."""
    strings: list[bytes] = []

    def shared(found: re.Match[bytes]) -> bytes:
        strings.append(found.group(2))
        return b'<c%s t="s"><v>%d</v></c>' % (found.group(1), len(strings) - 1)

    moved = repacked(
        data,
        lambda part, content: (
            re.sub(rb'<c( [^>]*) t="inlineStr"><is>(.*?)</is></c>', shared, content, flags=re.DOTALL)
            if part.startswith("xl/worksheets/")
            else content
        ),
    )
    items = b"".join(b"<si>%s</si>" % each for each in strings)
    namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return repacked(
        moved, _same, **{"xl/sharedStrings.xml": b'<?xml version="1.0"?><sst xmlns="%s">%s</sst>' % (namespace, items)}
    )


def _same(_: str, content: bytes) -> bytes:
    return content


def faults(data: bytes, name: str = "f.xlsx") -> list[ShinraiError]:
    with pytest.raises(ShinraiError) as caught:
        read_xlsx(data, name)
    error = caught.value
    found = list(error.faults) if isinstance(error, FaultyFile) else [error]
    for each in found:
        assert each.text(Language.EN).startswith("f.xlsx")
    return found


def said(data: bytes) -> list[str]:
    return [str(fault) for fault in faults(data)]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_framework_comes_back_as_it_was(frameworks, data) -> None:
    framework = data.draw(frameworks)
    book = write_xlsx(framework)
    again = read_xlsx(book, "f.xlsx").framework
    assert replace(again, digest=framework.digest) == framework
    assert write_xlsx(again) == book


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_shipped_frameworks_go_round(key) -> None:
    framework = load_framework(*key)
    assert replace(read_xlsx(write_xlsx(framework), "f.xlsx").framework, digest=framework.digest) == framework


def test_the_template_imports_as_it_stands() -> None:
    imported = read_xlsx(template(), "f.xlsx")
    assert replace(imported.framework, digest="") == EXAMPLE
    assert dict(imported.report.counts) == {"evidence": 2, "headings": 1, "requirements": 2}
    assert (imported.report.warnings, imported.report.losses) == ((), ())


def test_another_program_may_save_it_in_between() -> None:
    assert replace(read_xlsx(changed(), "f.xlsx").framework, digest="") == EXAMPLE


def test_texts_that_look_like_formulas_are_inert_and_come_back() -> None:
    awkward = ("=HYPERLINK(1)", "+1", "-1", "@x")
    for text in awkward:
        framework = replace(EXAMPLE, licence=text)
        book = write_xlsx(framework)
        cell = load_workbook(io.BytesIO(book))[FRAMEWORK]["B13"]
        assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
        assert read_xlsx(book, "f.xlsx").framework.licence == text


def test_choices_are_offered_and_the_sheets_are_explained() -> None:
    book = load_workbook(io.BytesIO(template()))
    offered = {str(each.sqref) for each in book[REQUIREMENTS].data_validations.dataValidation}
    assert any(cells.startswith("B2:B") for cells in offered)
    assert len({row[0].value for row in book["はじめに README"].iter_rows() if row[0].value}) > 20
    kinds = [cell.value for column in book["選択肢 choices"].columns for cell in column]
    assert "perspective" in kinds and "unreviewed" in kinds


def test_headings_may_be_typed_in_full_width_or_in_one_language() -> None:
    data = changed(
        put(REQUIREMENTS, "A1", "ＩＤ"), put(REQUIREMENTS, "C1", "題名（日本語）"), put(REQUIREMENTS, "D1", "Title EN")
    )
    assert replace(read_xlsx(data, "f.xlsx").framework, digest="") == EXAMPLE


def test_choices_may_be_typed_in_full_width_and_capitals() -> None:
    data = changed(put(REQUIREMENTS, "I3", "ＳＨＯＵＬＤ"), put(REQUIREMENTS, "G3", "Developer、ｐｒｏｖｉｄｅｒ"))
    assert replace(read_xlsx(data, "f.xlsx").framework, digest="") == EXAMPLE


def test_a_cell_formatted_as_a_date_is_a_day() -> None:
    data = changed(put(FRAMEWORK, "B9", datetime(2026, 1, 15), number_format="yyyy-mm-dd"))
    assert read_xlsx(data, "f.xlsx").framework.published == date(2026, 1, 15)


@pytest.mark.parametrize("made", [template(), with_shared_strings(template())], ids=["inline", "shared"])
def test_readings_of_japanese_characters_are_no_part_of_the_text(made: bytes) -> None:
    title = "<t>公平性</t>".encode()
    reading = '<rPh sb="0" eb="2"><t>コウヘイ</t></rPh>'.encode()
    with_reading = repacked(made, lambda _, content: content.replace(title, title + reading))
    assert with_reading != made
    assert replace(read_xlsx(with_reading, "f.xlsx").framework, digest="") == EXAMPLE


def test_ones_own_columns_and_sheets_are_left_out_and_said_to_be() -> None:
    data = changed(
        put(REQUIREMENTS, "R1", "memo 担当"), put(REQUIREMENTS, "R2", "山田"), lambda book: book.create_sheet("計算用"),
        put("計算用", "A1", 3),
    )  # fmt: skip
    imported = read_xlsx(data, "f.xlsx")
    assert replace(imported.framework, digest="") == EXAMPLE
    column, sheet = imported.report.losses
    assert column.text(Language.EN) == (f"f.xlsx, field {REQUIREMENTS}!R1: The column “memo 担当” is not read.")
    assert sheet.text(Language.EN) == "f.xlsx, field 計算用: The sheet “計算用” is not part of a framework."


CELL_FAULTS = {
    "a formula": (put(REQUIREMENTS, "E3", "=A1"), "E3", "The cell holds a formula."),
    "a text that begins like one": (
        put(REQUIREMENTS, "E3", "=A1", data_type="s"),
        "E3 (text_ja)",
        "begins with = like",
    ),
    "a number for a text": (put(REQUIREMENTS, "L3", 1.1), "L3 (section)", "1.1 is a number, not a text."),
    "a version that became a date": (
        put(FRAMEWORK, "B3", datetime(2026, 1, 15), number_format="yyyy-mm-dd"),
        "B3 (version)",
        "2026-01-15 is a date, not a text.",
    ),
    "a number for a date": (put(FRAMEWORK, "B9", 46037), "B9 (published)", "46037 is a number, not a text."),
    "a day with an hour": (
        put(FRAMEWORK, "B9", datetime(2026, 1, 15, 12), number_format="yyyy-mm-dd hh:mm"),
        "B9 (published)",
        "“2026-01-15T12:00:00” is not a date such as 2025-12-19.",
    ),
    "no such day": (put(FRAMEWORK, "B9", "2026-02-30"), "B9 (published)", "is not a date such as"),
    "a truth value": (put(REQUIREMENTS, "E3", True), "E3 (text_ja)", "TRUE is a truth value, not a text."),
    "an error value": (put(REQUIREMENTS, "E3", "#REF!", data_type="e"), "E3 (text_ja)", "shows the error #REF!"),
    "nothing where something is needed": (put(REQUIREMENTS, "F3", None), "F3 (text_en)", "The cell is empty."),
    "blanks": (put(REQUIREMENTS, "F3", "   "), "F3 (text_en)", "The text is empty."),
    "an invisible character": (put(REQUIREMENTS, "F3", "a\u202eb"), "F3 (text_en)", "U+202E is not allowed"),
    "a control character in disguise": (put(REQUIREMENTS, "F3", "a_x0007_b"), "F3 (text_en)", "U+0007 is not allowed"),
    "an endless text": (put(REQUIREMENTS, "F3", "a" * 5001), "F3 (text_en)", "5001 characters; at most 5000"),
    "an unknown kind": (put(REQUIREMENTS, "B3", "sub_itme"), "B3 (kind)", "Did you mean “sub_item”?"),
    "an unknown role": (put(REQUIREMENTS, "G3", "developer, boss"), "G3 (roles)", "“boss” is not one of developer"),
    "an id in full width": (put(REQUIREMENTS, "A3", "１．１"), "A3 (id)", "Did you mean “1.1”?"),
    "an id used twice": (put(REQUIREMENTS, "A3", "1"), "A3 (id)", "The id “1” is already used in row 2."),
    "an unknown heading": (put(REQUIREMENTS, "M3", "9"), "M3 (principle)", "“9” is not an earlier requirement"),
    "no source": (put(REQUIREMENTS, "K3", None), "K3 (source_keys)", "names at least one source"),
    "an unknown source": (put(REQUIREMENTS, "K3", "X"), "K3 (source_keys)", "“X” is not in the sheet"),
    "a start of an unknown fact": (put(REQUIREMENTS, "O3", "agnt=2026-01-01"), "O3 (starts)", "Did you mean “agent”?"),
    "a start that is no day": (put(REQUIREMENTS, "O3", "agent=soon"), "O3 (starts)", "“soon” is not a date"),
    "evidence for nothing": (put(EVIDENCE, "A2", "1.2"), "A2 (requirement)", "There is no requirement “1.2”."),
    "evidence twice": (put(EVIDENCE, "B3", "subgroup-metrics"), "B3 (name)", "is already used"),
    "evidence of a heading": (put(EVIDENCE, "A2", "1"), "A2 (id)", "so nothing can stand under it"),
    "a wrong address": (put(FRAMEWORK, "B12", "http://example.jp"), "B12 (source)", "begins with https://"),
    "an unknown field": (put(FRAMEWORK, "A17", "titel_ja"), "A17 (field)", "There is no field “titel_ja” here."),
    "a key twice": (put(SOURCES, "A3", "G"), "A3 (key)", "The key “G” is there twice."),
    "an unknown kind of note": (put(NOTES, "A2", "remark"), "A2 (kind)", "not one of certainty, question"),
    "a cell without a heading": (put(REQUIREMENTS, "T3", "x"), "T3", "in a column without a heading"),
    "an unknown column": (put(REQUIREMENTS, "R1", "zzz"), "R1", "There is no column “zzz”"),
}


@pytest.mark.parametrize("change, cell, words", CELL_FAULTS.values(), ids=CELL_FAULTS)
def test_a_fault_is_named_at_its_cell(change, cell: str, words: str) -> None:
    found = said(changed(change))
    assert any(f"!{cell}" in text and words in text for text in found), found


STRUCTURE = {
    "a misspelt column": (put(REQUIREMENTS, "E1", "text_jp"), f"{REQUIREMENTS}!E1: There is no column “text_jp”"),
    "a missing column": (lambda book: book[REQUIREMENTS].delete_cols(9), "The column “拘束力 force” is missing."),
    "a column twice": (put(REQUIREMENTS, "R1", "id"), f"{REQUIREMENTS}!R1: The column “id” is there twice."),
    "a missing sheet": (lambda book: book.remove(book[NOTES]), f"The sheet “{NOTES}” is missing."),
    "a misspelt sheet": (lambda book: setattr(book[EVIDENCE], "title", "evidense"), "There is no sheet “evidense”"),
    "a sheet twice": (lambda book: book.create_sheet("evidence"), "The sheet “evidence” is there twice."),
    "an empty sheet": (lambda book: book[SOURCES].delete_rows(1, 9), f"field {SOURCES}: The sheet is empty."),
    "a hidden sheet": (lambda book: setattr(book[NOTES], "sheet_state", "hidden"), f"The sheet “{NOTES}” is hidden."),
    "merged cells": (lambda book: book[REQUIREMENTS].merge_cells("A3:B4"), f"{REQUIREMENTS}!A3:B4: Cells are merged."),
    "a missing field": (lambda book: book[FRAMEWORK].delete_rows(3), "The field “版 version” is missing."),
    "no requirement": (lambda book: book[REQUIREMENTS].delete_rows(2, 5), "There is no requirement “1.1”."),
}


@pytest.mark.parametrize("change, words", STRUCTURE.values(), ids=STRUCTURE)
def test_a_wrong_workbook_is_refused_with_its_place(change, words: str) -> None:
    found = said(changed(change))
    assert any(words in text for text in found), found


def test_a_merge_that_claims_a_million_cells_costs_nothing() -> None:
    def merged(part: str, content: bytes) -> bytes:
        if not part.startswith("xl/worksheets/sheet3"):
            return content
        return content.replace(
            b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        )

    assert any("A1:XFD1048576" in text for text in said(repacked(template(), merged)))


def test_several_faults_are_reported_at_once_and_in_both_languages() -> None:
    data = changed(put(REQUIREMENTS, "B3", "x"), put(REQUIREMENTS, "I3", "y"), put(FRAMEWORK, "B9", "soon"))
    with pytest.raises(FaultyFile) as caught:
        read_xlsx(data, "f.xlsx")
    assert len(caught.value.faults) == 3
    assert str(caught.value).startswith("f.xlsx: The file has 3 faults.")
    for cell in ("!B9 (published)", "!B3 (kind)", "!I3 (force)"):
        assert cell in caught.value.text(Language.JA)


def test_a_flood_of_faults_is_counted() -> None:
    def flood(book: Workbook) -> None:
        for row in range(4, 200):
            book[REQUIREMENTS].cell(row, 1, f"row {row}")

    with pytest.raises(FaultyFile) as caught:
        read_xlsx(changed(flood), "f.xlsx")
    assert len(caught.value.faults) == MAX_FAULTS
    assert caught.value.more > 1000
    assert f"… and {caught.value.more} more." in str(caught.value)


SHARED = with_shared_strings(template())
BOMBS = {
    "not a workbook": (b"PK\x03\x04 nothing", "This is not a workbook"),
    "an empty file": (b"", "This is not a workbook"),
    "an old or protected one": (b"\xd0\xcf\x11\xe0" + bytes(600), "protected by a password or in the old .xls"),
    "too large": (b"PK" + bytes(16 * 1024 * 1024), "at most 16777216 are read"),
    "zeros that unpack": (
        repacked(template(), _same, **{"xl/media/a.bin": bytes(50_000_000)}),
        "unpacks to far more",
    ),
    "a thousand parts": (
        repacked(template(), _same, **{f"xl/media/{n}": b"" for n in range(1000)}),
        "unpacks to far more",
    ),
    "macros": (repacked(template(), _same, **{"xl/vbaProject.bin": b"x"}), "holds macros"),
    "macros by type": (
        repacked(template(), lambda part, content: content.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")
                 if part == "[Content_Types].xml" else content),
        "holds macros",
    ),
    "links to other files": (
        repacked(template(), _same, **{"xl/externalLinks/externalLink1.xml": b"<a/>"}),
        "refers to other files",
    ),
    "data from elsewhere": (
        repacked(template(), _same, **{"xl/connections.xml": b"<a/>"}),
        "fetches data from elsewhere",
    ),
    "files inside": (
        repacked(template(), _same, **{"xl/embeddings/a.bin": b"x"}), "other files inside"
    ),
    "entities": (
        repacked(SHARED, lambda part, content: b'<!DOCTYPE a [<!ENTITY b "c">]>' + content.split(b"?>", 1)[-1]
                 if part == "xl/sharedStrings.xml" else content),
        "not XML that can be read safely",
    ),
    "broken XML": (
        repacked(SHARED, lambda part, content: content[:-20] if part == "xl/sharedStrings.xml" else content),
        "not XML that can be read safely",
    ),
    "a missing part": (
        repacked(template(), lambda part, content: None if part == "xl/workbook.xml" else content),
        "This is not a workbook",
    ),
    "a string that is not there": (
        repacked(SHARED, lambda part, content: None if part == "xl/sharedStrings.xml" else content),
        "This is not a workbook",
    ),
    "a cell far away": (
        repacked(template(), lambda part, content: content.replace(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ) if "sheet3" in part else content),
        "There is something at XFD1048576",
    ),
}  # fmt: skip


@pytest.mark.parametrize("data, words", BOMBS.values(), ids=BOMBS)
def test_hostile_workbooks_are_refused(data: bytes, words: str) -> None:
    (text,) = said(data)
    assert words in text


@pytest.mark.parametrize("more", [b"<row>%s</row>" % (b'<c r="A3"/>' * 1001), b"<row/>" * 5001], ids=["cells", "rows"])
def test_many_cells_and_rows_are_refused_even_when_they_are_empty(more: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_CELLS", 1000)
    monkeypatch.setattr(package, "MAX_ELEMENTS", 5000)
    full = repacked(template(), lambda _, content: content.replace(b"</sheetData>", more + b"</sheetData>"))
    (text,) = said(full)
    assert "The workbook holds too much; at most 1000 cells are read." in text


def test_many_sheets_are_refused() -> None:
    (text,) = said(changed(lambda book: [book.create_sheet(f"x{n}") for n in range(30)]))
    assert "has 37 sheets; at most 30" in text


def test_hidden_rows_are_read_and_said_to_be() -> None:
    data = changed(lambda book: setattr(book[REQUIREMENTS].row_dimensions[3], "hidden", True))
    imported = read_xlsx(data, "f.xlsx")
    assert len(imported.framework.requirements) == 2
    assert "Row 3 is hidden and was read." in imported.report.warnings[0].text(Language.EN)


def test_looks_do_not_matter() -> None:
    def bold(book: Workbook) -> None:
        for row in book[REQUIREMENTS].iter_rows():
            for cell in row:
                cell.font = Font(bold=True)

    assert replace(read_xlsx(changed(bold), "f.xlsx").framework, digest="") == EXAMPLE
