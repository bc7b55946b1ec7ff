"""A table that people filled in, from CSV or XLSX, with the place of every cell.

Files come from strangers: workbooks are read as `read_package` reads them, CSV within limits, formulas are refused, and
headings are matched by name in either language.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.formats.xlsx.layout import MEMO, meant, plain
from shinrai.frameworks.formats.xlsx.package import CellKind, RawSheet, place, read_package
from shinrai.frameworks.located import shown
from shinrai.language import Message, Place, ShinraiError, message

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 10_000
_LIKE_FORMULA = re.compile(r"[\s'\"]*[=+\-@＝＋－＠]|[\t\r\n]")

MAX_FIELD = 100_000
"""Characters of a cell; far below what the csv module takes."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column. needed: whether the table must have it. exact: whether a number or a date in it may not be text."""

    name: str
    ja: str
    needed: bool = True
    exact: bool = False

    @property
    def both(self) -> str:
        """The heading as it is written."""
        return f"{self.ja} {self.name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row below the heading. values: texts of the cells that hold something; places: of every known column."""

    values: dict[str, str]
    places: dict[str, Place]

    def text(self, column: str) -> str:
        """Return the text of a cell, empty where nothing stands."""
        return self.values.get(column, "")


def read_table(path: Path, headings: Sequence[Heading], findings: Findings) -> list[Row]:
    """Return the rows of a table; faults of single cells go to findings.

    ShinraiError: the file cannot be read as a table at all, or has no needed column.
    """
    data = _bytes(path)
    if path.suffix.lower() == ".xlsx":
        return _workbook(data, path.name, headings, findings)
    if path.suffix.lower() == ".csv":
        return _csv(data, path.name, headings, findings)
    raise ShinraiError(
        message("This file is neither .csv nor .xlsx."),
        fix=message("Save it as one of the two."),
        place=Place(path.name),
    )


def like_formula(text: str) -> bool:
    """Whether a spreadsheet program could take a text for a formula."""
    return _LIKE_FORMULA.match(text) is not None


def inert(text: str) -> str:
    """Return the text of a CSV cell, with an apostrophe before what could be taken for a formula."""
    return f"'{text}" if like_formula(text) else text


def _restored(text: str) -> str:
    """Return the text that `inert` made safe."""
    return text[1:] if text.startswith("'") and like_formula(text[1:]) else text


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has more than {limit} bytes, which is not read.", limit=MAX_BYTES), place=Place(path.name)
        )
    return data


def _csv(data: bytes, name: str, headings: Sequence[Heading], findings: Findings) -> list[Row]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ShinraiError(
            message("The file is not UTF-8 text."),
            fix=message("Save it as “CSV UTF-8”, or as .xlsx."),
            place=Place(name),
        ) from None
    lines = _lines(text, name)
    first = next(lines, None)
    if first is None:
        raise _empty(name)
    at, cells = first
    columns = _columns(list(enumerate(cells)), headings, Place(name, at), findings)
    rows = []
    for line, values in lines:
        places = {column: Place(name, line, field=column) for column in columns.values()}
        found = {}
        for number, value in enumerate(values):
            if number in columns and value:
                found[columns[number]] = _restored(value)
            elif value and number >= len(cells):
                findings.fault(_without_heading(Place(name, line)))
        if found:
            rows.append(Row(found, places))
    return rows


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line on which it begins."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for count, values in enumerate(reader):
            if count > MAX_ROWS:
                raise ShinraiError(
                    message("The table has more than {limit} rows.", limit=MAX_ROWS), place=Place(name, start)
                )
            if any(len(value) > MAX_FIELD for value in values):
                raise ShinraiError(
                    message("A cell holds more than {limit} characters.", limit=MAX_FIELD), place=Place(name, start)
                )
            if any(values):
                yield start, values
            start = reader.line_num + 1
    except csv.Error as error:
        raise ShinraiError(
            message("This is not valid CSV: {reason}.", reason=shown(str(error))),
            fix=message("Put quotation marks around cells that hold commas, quotation marks or line breaks."),
            place=Place(name, start),
        ) from None


def _workbook(data: bytes, name: str, headings: Sequence[Heading], findings: Findings) -> list[Row]:
    sheets = [sheet for sheet in read_package(data, name, findings) if sheet.rows]
    if not sheets:
        raise _empty(name)
    sheet = next((each for each in sheets if _fits(each, headings)), sheets[-1])
    head = min(sheet.rows)
    cells = sheet.rows[head]
    letters = {number: cell.reference.rstrip("0123456789") for number, cell in cells.items()}
    where = place(name, sheet.title, str(head))
    columns = _columns([(number, cell.text) for number, cell in cells.items()], headings, where, findings)
    exact = {heading.name for heading in headings if heading.exact}
    rows = []
    for number in sorted(sheet.rows):
        if number == head:
            continue
        places = {column: place(name, sheet.title, f"{letters[at]}{number}", column) for at, column in columns.items()}
        found = {}
        for at, cell in sheet.rows[number].items():
            if at in columns:
                column = columns[at]
                if cell.kind is CellKind.TEXT or (cell.kind is CellKind.NUMBER and column not in exact):
                    found[column] = cell.text
                elif cell.kind is not CellKind.FORMULA:  # formulas are faults already
                    findings.fault(_no_text(places[column]))
            elif at not in cells:
                findings.fault(_without_heading(place(name, sheet.title, cell.reference)))
        if found:
            rows.append(Row(found, places))
    return rows


def _fits(sheet: RawSheet, headings: Sequence[Heading]) -> bool:
    said = [cell.text for cell in sheet.rows[min(sheet.rows)].values()]
    return all(any(meant(text, each.name, each.ja) for text in said) for each in headings if each.needed)


def _columns(
    cells: Sequence[tuple[int, str]], headings: Sequence[Heading], where: Place, findings: Findings
) -> dict[int, str]:
    """Return the name of each known column by its number; other columns are not read."""
    columns: dict[int, str] = {}
    for number, text in cells:
        known = next((each for each in headings if meant(text, each.name, each.ja)), None)
        if known is None and text.strip() and not plain(text).startswith(MEMO):
            findings.warn(message("The column “{column}” is not read.", column=shown(text)), where)
        elif known is not None and known.name in columns.values():
            raise ShinraiError(
                message("The column “{column}” is there twice.", column=known.both),
                fix=message("Keep one of the two."),
                place=where,
            )
        elif known is not None:
            columns[number] = known.name
    for each in headings:
        if each.needed and each.name not in columns.values():
            raise ShinraiError(
                message("The column “{column}” is missing.", column=each.both), fix=message("Add it."), place=where
            )
    return columns


def _empty(name: str) -> ShinraiError:
    return ShinraiError(message("The table is empty."), place=Place(name))


def _without_heading(where: Place) -> ShinraiError:
    return ShinraiError(
        message("This cell stands in a column without a heading."),
        fix=message("Give the column a heading, or delete the cell."),
        place=where,
    )


def _no_text(where: Place) -> ShinraiError:
    return ShinraiError(
        message("The cell holds a number, a date or an error where a text belongs."),
        fix=message("Format the cell as text and type it again."),
        place=where,
    )


def fault(row: Row, column: str, what: Message, fix: Message | None = None) -> ShinraiError:
    """Return the error for a cell."""
    return ShinraiError(what, fix=fix, place=row.places.get(column))
