"""What a cell of a workbook says: the text a plan file would have in its place, or an error with its coordinate."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from shinrai.frameworks.located import MAX_TEXT, Items, Nothing, Text, shown
from shinrai.language import Place, ShinraiError, message
from shinrai.planwatch.workbook_layout import Column, Kind, Sheet, plain
from shinrai.report.characters import harmless

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

_SEPARATORS = re.compile(r"[,;、，；\s]+")
_SLASHED_DAY = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of a file, and what it holds."""

    file: str
    sheet: Sheet
    cells: "Worksheet"

    def place(self, where: str | int | None = None, column: Column | None = None) -> Place:
        """Return a place in it: the sheet, the cell or row, and the column in both languages."""
        name = shown(self.cells.title)
        at = name if where is None else f"{name}!{where}"
        return Place(self.file, field=at if column is None else f"{at} ({column.ja} / {column.en})")


def filled(cell: "Cell | MergedCell") -> bool:
    """Whether a cell holds more than white space."""
    return cell.value is not None and (not isinstance(cell.value, str) or bool(cell.value.strip()))


def cell_node(table: Table, column: Column, cell: "Cell | MergedCell") -> Text | Nothing | Items:
    """Return the value of a cell as the reader of plan files takes it."""
    place = table.place(cell.coordinate, column)
    if cell.data_type in ("f", "e"):
        raise ShinraiError(
            message("This cell holds a formula or an error, not a value."),
            fix=message("Copy the cell and paste it as a value."),
            place=place,
        )
    text = _text(cell, column, place)
    if not text:
        return Nothing(place)
    if len(text) > MAX_TEXT or harmless(text) != text:
        raise ShinraiError(
            message("The text is too long, or holds invisible characters."),
            fix=message("Write at most {limit} visible characters.", limit=MAX_TEXT),
            place=place,
        )
    if column.kind is Kind.LIST:
        return Items(tuple(Text(item, place) for item in _SEPARATORS.split(text) if item), place)
    return Text(column.choices().get(plain(text), text), place)


def _text(cell: "Cell | MergedCell", column: Column, place: Place) -> str:
    value: object = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        if value.time() != time():
            raise ShinraiError(message("Here a day is expected, without a time."), place=place)
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        # Full-width digits and letters are usual in Japanese offices; in prose they are meant as they stand.
        text = " ".join(value.split())
        return text if column.kind is Kind.TEXT else _as_meant(unicodedata.normalize("NFKC", text), column.kind)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, percent="%" in str(cell.number_format) and column.kind is Kind.NUMBER)
    raise ShinraiError(message("This value is of a kind that no column of a plan has."), place=place)


def _as_meant(text: str, kind: Kind) -> str:
    day = _SLASHED_DAY.fullmatch(text) if kind in (Kind.DATE, Kind.PERIOD) else None
    if day:
        return f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"
    return text.replace(",", "") if kind is Kind.NUMBER else text


def _number(value: float, *, percent: bool) -> str:
    """Return a number as people see it: one in percent format as the percentage that the sheet shows."""
    exact = Decimal(repr(value)) * (100 if percent else 1)
    return f"{exact.normalize():f}" if exact.is_finite() else repr(value)
