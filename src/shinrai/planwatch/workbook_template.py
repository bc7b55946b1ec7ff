"""The template of a plan in a workbook: a sheet for each kind of row, a guide, and a filled example."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from shinrai.language import Language, message
from shinrai.planwatch.example_plan import ROWS
from shinrai.planwatch.example_plan import Cell as Value
from shinrai.planwatch.workbook_layout import EXAMPLE, GUIDE, SHEETS, Column, Kind, Sheet

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_WIDTHS = {Kind.TEXT: 30, Kind.ID: 16, Kind.DATE: 14, Kind.PERIOD: 14, Kind.NUMBER: 12, Kind.LIST: 22}
_READY_ROWS = 500
"""Rows for which the template offers choices."""


def template_bytes(language: Language, *, filled: bool = False) -> bytes:
    """Return a template. language: of guide and choices; headers have both. filled: with the example in its place."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    _guide(book, language)
    for sheet in SHEETS:
        _entry(book, sheet, language, ROWS.get(sheet.name, ()) if filled else ())
    _example(book, language)
    book.active = 1
    data = BytesIO()
    book.save(data)
    return data.getvalue()


def _guide(book: "Workbook", language: Language) -> None:
    """Write what each sheet and column is for, in one language."""
    table: Worksheet = book.create_sheet(GUIDE.title)
    for line in _GUIDE:
        table.append([line.text(language)])
    table.append([])
    heads = (message("Sheet"), message("Column"), message("Needed?"), message("May hold"))
    table.append([head.text(language) for head in heads])
    _style_heads([table.cell(table.max_row, position) for position in range(1, len(heads) + 1)])
    for sheet in SHEETS:
        for column in sheet.columns:
            needed = message("needed") if column.required else message("may be empty")
            name = column.ja if language is Language.JA else column.en
            table.append([sheet.title, name, needed.text(language), _allowed(column, language)])
    for letter, width in zip("ABCD", (24, 34, 12, 70), strict=True):
        table.column_dimensions[letter].width = width


_GUIDE = (
    message("Fill in the sheets from “計画 Plan” on; this guide and the example are left out when the file is read."),
    message("One row for each item, no merged cells, no formulas. Sheets that are not needed may stay empty."),
    message("A text may be given in one language; it then stands for both."),
    message("Turn it into a plan file: shinrai plan import plan.xlsx --out plan.yaml"),
)

_KINDS = {
    Kind.TEXT: message("a text"),
    Kind.ID: message("an id of letters, digits, “.”, “_” and “-”"),
    Kind.DATE: message("a day"),
    Kind.PERIOD: message("a day, or 2026-03, FY2025, 2025"),
    Kind.NUMBER: message("a number"),
    Kind.LIST: message("ids, with commas between them"),
}


def _allowed(column: Column, language: Language) -> str:
    if column.words is None:
        return _KINDS[column.kind].text(language)
    return " / ".join(word.text(language) for word in column.words.values())


def _entry(book: "Workbook", sheet: Sheet, language: Language, rows: Sequence[Mapping[str, Value]]) -> None:
    from openpyxl.utils import get_column_letter

    table: Worksheet = book.create_sheet(sheet.title)
    if sheet.upright:
        for number, column in enumerate(sheet.columns, start=1):
            _style_heads([_put(table, number, 1, column.header)])
            for row in rows:
                _value(table, number, 2, column, row, language)
            _offer(table, column, f"B{number}", language)
        table.column_dimensions["A"].width, table.column_dimensions["B"].width = 30, 60
        return
    for number, column in enumerate(sheet.columns, start=1):
        _style_heads([_put(table, 1, number, column.header)])
        letter = get_column_letter(number)
        table.column_dimensions[letter].width = _WIDTHS[column.kind]
        for at, row in enumerate(rows, start=2):
            _value(table, at, number, column, row, language)
        _offer(table, column, f"{letter}2:{letter}{_READY_ROWS}", language)
    table.freeze_panes = "B2"


def _example(book: "Workbook", language: Language) -> None:
    """Write all rows of the example on one sheet, block by block."""
    from openpyxl.utils import get_column_letter

    table: Worksheet = book.create_sheet(EXAMPLE.title)
    at = 1
    for sheet in SHEETS:
        rows = ROWS.get(sheet.name, ())
        if not rows:
            continue
        _put(table, at, 1, sheet.title)
        for number, column in enumerate(sheet.columns, start=1):
            _style_heads([_put(table, at + 1, number, column.header)])
            for below, row in enumerate(rows, start=at + 2):
                _value(table, below, number, column, row, language)
        at += len(rows) + 3
    for number in range(1, table.max_column + 1):
        table.column_dimensions[get_column_letter(number)].width = 20


def _value(
    table: "Worksheet", row: int, position: int, column: Column, values: Mapping[str, Value], language: Language
) -> None:
    value = values.get(column.path)
    if value is not None:
        word = None if column.words is None else {str(key): each for key, each in column.words.items()}[str(value)]
        _put(table, row, position, value if word is None else word.text(language))


def _put(table: "Worksheet", row: int, position: int, value: Value) -> "Cell | MergedCell":
    from openpyxl.styles import Alignment

    cell = table.cell(row, position, value)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _style_heads(cells: "Sequence[Cell | MergedCell]") -> None:
    from openpyxl.styles import Font, PatternFill

    for cell in cells:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE5EE")


def _offer(table: "Worksheet", column: Column, cells: str, language: Language) -> None:
    """Let the sheet offer the choices of a column; other values stay possible and are judged when it is read."""
    from openpyxl.worksheet.datavalidation import DataValidation

    if column.words is None:
        return
    listed = ",".join(word.text(language) for word in column.words.values())
    offer = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=False)
    table.add_data_validation(offer)
    offer.add(cells)
