"""From a framework to a workbook that people can edit in any spreadsheet program.

The same framework gives the same bytes: no clock is read. Texts are written as texts; one that a program could take
for a formula carries the mark that it is none (`quotePrefix`, ECMA-376 part 1, clause 18.8.45).
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from shinrai.frameworks.applicability import FACT_NAMES
from shinrai.frameworks.formats.xlsx.layout import (
    CHOICES,
    EVIDENCE,
    FRAMEWORK,
    HEADER,
    NOTES,
    README,
    REQUIREMENTS,
    SHEETS,
    SOURCES,
    Column,
    Sheet,
)
from shinrai.frameworks.formats.yaml_out import source_parts
from shinrai.frameworks.model import Framework, Requirement, Role
from shinrai.language import Bilingual, message

_OFFERED_ROWS = 2_000
_NEVER = datetime(2000, 1, 1)
_HEAD_FILL = PatternFill("solid", fgColor="FFD9E2F3")
_TOP = Alignment(vertical="top", wrap_text=True)
# Excel reads _xHHHH_ in a text as the character with that number.
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def write_xlsx(framework: Framework) -> bytes:
    """Return a framework as a workbook; `read_xlsx` gives the same framework back."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _readme(book)
    keys = frozenset(key.key for key in framework.source_keys)
    tables: dict[str, Iterable[Sequence[str | None]]] = {
        FRAMEWORK.name: _header_rows(framework),
        REQUIREMENTS.name: (_requirement_row(row, keys) for row in framework.requirements),
        EVIDENCE.name: (
            (row.id, leaf.id.removeprefix(f"{row.id}."), leaf.code, leaf.title.ja, leaf.title.en)
            for row in framework.requirements
            for leaf in row.expects
        ),
        SOURCES.name: ((key.key, key.title.ja, key.title.en) for key in framework.source_keys),
        NOTES.name: (
            *(("certainty", note.ja, note.en) for note in framework.certainty_notes),
            *(("question", note.ja, note.en) for note in framework.open_questions),
        ),
    }
    sheets = {sheet.name: _table(book, sheet, tables[sheet.name]) for sheet in SHEETS}
    _offer_choices(book, sheets)
    return _saved(book)


def _header_rows(framework: Framework) -> list[tuple[str, str | None, str]]:
    values: dict[str, str | None] = {
        "id": framework.id,
        "version": framework.version,
        "title_ja": framework.title.ja,
        "title_en": framework.title.en,
        "issuer_ja": framework.issuer.ja,
        "issuer_en": framework.issuer.en,
        "force": framework.force,
        "published": framework.published.isoformat(),
        "valid_from": framework.valid_from.isoformat(),
        "superseded_by": framework.superseded_by,
        "source": framework.source,
        "licence": framework.licence,
        "language_of_record": framework.language_of_record,
        "coverage": framework.coverage,
        "regions": _joined(sorted(framework.scope.regions)),
        "facts": _joined(fact for fact in FACT_NAMES if fact in framework.scope.facts),
    }
    return [(each.heading, values[each.name], f"{each.help.ja}\n{each.help.en}") for each in HEADER]


def _requirement_row(row: Requirement, keys: frozenset[str]) -> tuple[str | None, ...]:
    cited, section = source_parts(row, keys)
    starts = (f"{start.when}={start.day.isoformat()}" if start.when else start.day.isoformat() for start in row.starts)
    return (
        row.id,
        row.kind,
        row.title.ja,
        row.title.en,
        row.text.ja,
        row.text.en,
        _joined(role for role in Role if role in row.roles),
        _joined(fact for fact in FACT_NAMES if fact in row.when),
        row.force,
        row.certainty,
        _joined(cited),
        section,
        row.principle,
        _joined(row.phases),
        _joined(starts),
        row.continues,
        _joined(row.tags),
    )


def _joined(values: Iterable[str]) -> str | None:
    return ", ".join(values) or None


def _table(book: Workbook, sheet: Sheet, rows: Iterable[Sequence[str | None]]) -> Worksheet:
    made: Worksheet = book.create_sheet(sheet.title)
    _head(made, [column.heading for column in sheet.columns], [column.width for column in sheet.columns])
    for number, values in enumerate(rows, start=2):
        for column, value in enumerate(values, start=1):
            if value is not None:
                _put(made, number, column, value)
    return made


def _head(made: Worksheet, headings: list[str], widths: list[int]) -> None:
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True), start=1):
        cell = made.cell(1, column, heading)
        cell.font = Font(bold=True)
        cell.fill = _HEAD_FILL
        cell.alignment = _TOP
        shape = made.column_dimensions[get_column_letter(column)]
        shape.width = width
        # Texts stay texts when people type into rows that are empty yet: 1.10 must not become 1.1.
        shape.number_format = "@"
        shape.alignment = _TOP
    made.freeze_panes = "A2"


def _put(made: Worksheet, row: int, column: int, value: str) -> None:
    text = _LOOKS_ESCAPED.sub("_x005F_", str(value)).replace("\r", "_x000D_")
    cell = made.cell(row, column, text)
    cell.data_type = "s"
    cell.number_format = "@"
    cell.alignment = _TOP
    if text[0] in "=+-@":
        cell.quotePrefix = True


def _offer_choices(book: Workbook, sheets: dict[str, Worksheet]) -> None:
    """Write the sheet of choices, and offer them where one of them belongs."""
    listed = book.create_sheet(CHOICES.title)
    columns: dict[tuple[str, ...], str] = {}
    lists = [(column.ja, column.name, column.choices) for sheet in SHEETS for column in sheet.columns if column.choices]
    lists += [(column.ja, column.name, column.choices) for column in HEADER if column.choices]
    lists.append(("事実", "facts", tuple(FACT_NAMES)))
    for ja, name, choices in lists:
        if choices not in columns:
            number = len(columns) + 1
            letter = get_column_letter(number)
            columns[choices] = f"'{CHOICES.title}'!${letter}$2:${letter}${len(choices) + 1}"
            cell = listed.cell(1, number, f"{ja}\n{name}")
            cell.font = Font(bold=True)
            cell.alignment = _TOP
            listed.column_dimensions[letter].width = 22
            for row, choice in enumerate(choices, start=2):
                _put(listed, row, number, choice)
    for sheet in SHEETS:
        for index, column in enumerate(sheet.columns, start=1):
            if column.choices and not column.several:
                letter = get_column_letter(index)
                cells = f"{letter}2:{letter}{_OFFERED_ROWS}"
                _offer(sheets[sheet.name], cells, columns[column.choices], column)
    for index, column in enumerate(HEADER, start=2):
        if column.choices:
            _offer(sheets[FRAMEWORK.name], f"B{index}", columns[column.choices], column)


def _offer(made: Worksheet, cells: str, choices: str, column: Column) -> None:
    offered = DataValidation(type="list", formula1=choices, allow_blank=True, showErrorMessage=True)
    offered.promptTitle = column.heading.replace("\n", " ")[:32]
    offered.prompt = f"{column.help.ja}\n{column.help.en}"[:255]
    offered.showInputMessage = True
    offered.add(cells)
    made.add_data_validation(offered)


def _readme(book: Workbook) -> None:
    made = book.create_sheet(README.title)
    made.column_dimensions["A"].width = 28
    made.column_dimensions["B"].width = 60
    made.column_dimensions["C"].width = 60
    lines: list[tuple[str, Bilingual]] = [("", text.both()) for text in _EXPLAINED]
    for sheet in SHEETS[1:]:
        lines.append((sheet.title, _ABOUT[sheet.name].both()))
        lines += [(column.heading.replace("\n", " "), column.help) for column in sheet.columns]
    for number, (name, text) in enumerate(lines, start=1):
        for column, value in enumerate((name, text.ja, text.en), start=1):
            if value:
                _put(made, number, column, value)


def _saved(book: Workbook) -> bytes:
    """Return the file, with every time in it set to one that never changes."""
    book.properties.creator = "Shinrai"
    book.properties.created = _NEVER
    first, again = BytesIO(), BytesIO()
    book.save(first)
    with zipfile.ZipFile(first) as made, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as fixed:
        for part in made.infolist():
            content = made.read(part)
            if part.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(part.filename, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            fixed.writestr(entry, content)
    return again.getvalue()


_EXPLAINED = (
    message("This workbook holds one version of one framework. Fill in the sheets and import the file."),
    message("Every text stands in Japanese and in English. Write it in your own words; do not copy the source."),
    message("The heading rows stay as they are. Rows may be added anywhere below them; empty rows do no harm."),
    message("A column whose heading begins with “memo” is yours: it is not read and not kept."),
    message("Where a cell takes several values, put commas between them."),
    message("Do not merge cells and do not use formulas. Put an apostrophe before a text that begins with =."),
    message("A heading is a row that others name as the row above them. It has no evidence; every other row has some."),
)
_ABOUT = {
    REQUIREMENTS.name: message("One row for each thing that is asked, headings before what stands under them."),
    EVIDENCE.name: message("What can show each requirement, one row for each piece."),
    SOURCES.name: message("What the short names in the column of sources stand for."),
    NOTES.name: message("How to take the certainty marks, and what is still to be checked in the original."),
}
