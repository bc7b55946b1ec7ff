"""The cells of a workbook from a stranger, without trusting what the file says of itself.

A workbook is a ZIP archive of XML. Libraries that load one whole build merged ranges and empty rows as large as the
file claims, so that a few bytes can take all memory; this reads each part as a stream, within limits, and keeps only
cells that hold something. Macros, links to other files, encryption and document type definitions are refused.

Source: ECMA-376 part 1, clauses 18.2 (workbook), 18.3 (worksheets), 18.4 (shared strings), 18.8 (styles), 22.9.2.19
(escapes of characters).
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.language import Message, Place, ShinraiError, message

MAX_BYTES = 16 * 1024 * 1024
MAX_UNPACKED = 64 * 1024 * 1024
MAX_PARTS = 500
MAX_RATIO = 200
MAX_SHEETS = 30
MAX_ROWS = 10_000
MAX_COLUMNS = 100
MAX_CELLS = 200_000
MAX_ELEMENTS = 800_000
MAX_STRINGS = 200_000

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
# What the libraries raise for archives and parts that are not what they should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    LookupError,
    ValueError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
)
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFUSED_PARTS = {
    "vbaproject.bin": message("The workbook holds macros."),
    "xl/externallinks/": message("The workbook refers to other files."),
    "xl/connections.xml": message("The workbook fetches data from elsewhere."),
    "xl/querytables/": message("The workbook fetches data from elsewhere."),
    "xl/embeddings/": message("The workbook has other files inside."),
    "xl/activex/": message("The workbook holds active controls."),
    "xl/macrosheets/": message("The workbook holds macros."),
}


class _TooMuchError(Exception):
    """A part has more elements than any framework needs."""


class CellKind(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TRUTH = "truth"
    ERROR = "error"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that holds something. inert: marked in the workbook as text that is never a formula."""

    reference: str
    kind: CellKind
    text: str
    inert: bool = False


@dataclass(frozen=True, slots=True)
class RawSheet:
    """The cells of a sheet by row and column, both counted from 1; only those that hold something."""

    title: str
    rows: dict[int, dict[int, Cell]]


@dataclass(frozen=True, slots=True)
class _Style:
    date: bool
    inert: bool


@dataclass(slots=True)
class _Book:
    archive: zipfile.ZipFile
    name: str
    strings: list[str]
    styles: list[_Style]
    epoch: Any
    cells: int = 0


def read_package(data: bytes, name: str, findings: Findings) -> tuple[RawSheet, ...]:
    """Return the visible sheets of a workbook.

    A file that is no workbook or goes beyond a limit is a ShinraiError at once. Hidden sheets, merged cells and
    formulas go to findings as faults, each with its place.
    """
    archive = _opened(data, name)
    try:
        with archive:
            _refuse_parts(archive, name)
            return tuple(_sheets(archive, name, findings))
    except (ParseError, DefusedXmlException) as error:
        raise ShinraiError(
            message("A part of the workbook is not XML that can be read safely."),
            fix=message("Open it in a spreadsheet program and save it as .xlsx again."),
            place=Place(name),
        ) from error
    except _TooMuchError as error:
        raise _too_much(name) from error
    except _DAMAGE as error:
        raise _damaged(name) from error


def place(name: str, sheet: str, reference: str, column: str | None = None) -> Place:
    """Return where a cell is: the file, and the sheet, cell and column as the field."""
    return Place(name, field=f"{shown(sheet, 40)}!{reference}" + (f" ({column})" if column else ""))


def _damaged(name: str) -> ShinraiError:
    return ShinraiError(
        message("This is not a workbook that can be read."),
        fix=message("Open it in a spreadsheet program and save it as .xlsx again."),
        place=Place(name),
    )


def _opened(data: bytes, name: str) -> zipfile.ZipFile:
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has {size} bytes; at most {limit} are read.", size=len(data), limit=MAX_BYTES),
            place=Place(name),
        )
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ShinraiError(
            message("The workbook is protected by a password or in the old .xls format."),
            fix=message("Save it as .xlsx without a password."),
            place=Place(name),
        )
    try:
        return zipfile.ZipFile(BytesIO(data))
    except _DAMAGE as error:
        raise _damaged(name) from error


def _refuse_parts(archive: zipfile.ZipFile, name: str) -> None:
    parts = archive.infolist()
    packed = [part for part in parts if part.file_size > 1_000_000]
    if (
        len(parts) > MAX_PARTS
        or sum(part.file_size for part in parts) > MAX_UNPACKED
        or any(part.file_size > MAX_RATIO * max(part.compress_size, 1) for part in packed)
    ):
        raise ShinraiError(
            message("The workbook unpacks to far more than a framework needs."),
            fix=message("Delete what does not belong there and save it again."),
            place=Place(name),
        )
    if len({part.filename for part in parts}) != len(parts) or any(_is_odd(part) for part in parts):
        raise _damaged(name)
    for part in parts:
        lowered = part.filename.lower()
        for mark, what in _REFUSED_PARTS.items():
            if lowered.startswith(mark) or lowered.endswith("/" + mark):
                raise ShinraiError(
                    what, fix=message("Save a copy as .xlsx that holds nothing but the tables."), place=Place(name)
                )


def _is_odd(part: zipfile.ZipInfo) -> bool:
    return bool(part.flag_bits & 1) or part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def _part(book: zipfile.ZipFile, part: str) -> IO[bytes]:
    return book.open(part)


def _ends(stream: IO[bytes]) -> Iterator[Element]:
    """Return the elements of a part as they end, by their local names; both flavours of the standard are read."""
    for count, (_, element) in enumerate(iterparse(stream, events=("end",), forbid_dtd=True)):
        if count > MAX_ELEMENTS:
            raise _TooMuchError
        element.tag = element.tag.removeprefix(_MAIN).removeprefix(_STRICT)
        if element.tag == "rPh":
            # The reading of Japanese characters is no part of the text.
            element.clear()
        yield element


def _sheets(archive: zipfile.ZipFile, name: str, findings: Findings) -> Iterator[RawSheet]:
    names = {part.filename for part in archive.infolist()}
    with _part(archive, "[Content_Types].xml") as stream:
        if b"macroEnabled" in stream.read(1_000_000):
            raise ShinraiError(
                _REFUSED_PARTS["vbaproject.bin"],
                fix=message("Save a copy as .xlsx that holds nothing but the tables."),
                place=Place(name),
            )
    listed, mac = _listed(archive)
    book = _Book(
        archive,
        name,
        _strings(archive, name) if "xl/sharedStrings.xml" in names else [],
        _styles(archive) if "xl/styles.xml" in names else [],
        CALENDAR_MAC_1904 if mac else CALENDAR_WINDOWS_1900,
    )
    if len(listed) > MAX_SHEETS:
        raise ShinraiError(
            message("The workbook has {count} sheets; at most {limit} are read.", count=len(listed), limit=MAX_SHEETS),
            place=Place(name),
        )
    for title, part, state in listed:
        if state != "visible":
            findings.fault(
                ShinraiError(
                    message("The sheet “{sheet}” is hidden.", sheet=shown(title)),
                    fix=message("Show it or delete it, so that everyone sees what is imported."),
                    place=Place(name, field=shown(title, 40)),
                )
            )
        elif part.startswith("xl/worksheets/"):
            yield RawSheet(title, _rows(book, title, part, findings))


def _listed(archive: zipfile.ZipFile) -> tuple[list[tuple[str, str, str]], bool]:
    """Return title, part and state of each sheet, and whether days count from 1904."""
    targets = {}
    with _part(archive, "xl/_rels/workbook.xml.rels") as stream:
        for element in _ends(stream):
            if element.get("Id") is not None:
                targets[element.get("Id")] = element.get("Target") or ""
    sheets, mac = [], False
    with _part(archive, "xl/workbook.xml") as stream:
        for element in _ends(stream):
            if element.tag == "workbookPr":
                mac = element.get("date1904") in {"1", "true"}
            elif element.tag == "sheet":
                relation = next((value for key, value in element.items() if key.endswith("}id")), None)
                target = targets[relation]
                part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
                sheets.append((element.get("name") or "", part, element.get("state") or "visible"))
    return sheets, mac


def _strings(archive: zipfile.ZipFile, name: str) -> list[str]:
    strings: list[str] = []
    with _part(archive, "xl/sharedStrings.xml") as stream:
        for element in _ends(stream):
            if element.tag == "si":
                strings.append(_said(element))
                element.clear()
            if len(strings) > MAX_STRINGS:
                raise _too_much(name)
    return strings


def _said(element: Element) -> str:
    return _ESCAPE.sub(
        lambda found: chr(int(found.group(1), 16)), "".join(each.text or "" for each in element.iter("t"))
    )


def _styles(archive: zipfile.ZipFile) -> list[_Style]:
    formats = dict(BUILTIN_FORMATS)
    styles: list[tuple[int, bool]] = []
    inside = False
    with _part(archive, "xl/styles.xml") as stream:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            tag = element.tag.removeprefix(_MAIN).removeprefix(_STRICT)
            if tag == "cellXfs":
                inside = event == "start"
            elif event == "start" and tag == "numFmt":
                formats[int(element.get("numFmtId") or 0)] = element.get("formatCode") or ""
            elif event == "start" and tag == "xf" and inside:
                styles.append((int(element.get("numFmtId") or 0), element.get("quotePrefix") in {"1", "true"}))
    return [_Style(bool(is_date_format(formats.get(number, "General"))), inert) for number, inert in styles]


def _too_much(name: str) -> ShinraiError:
    return ShinraiError(
        message("The workbook holds too much; at most {limit} cells are read.", limit=MAX_CELLS), place=Place(name)
    )


def _rows(book: _Book, title: str, part: str, findings: Findings) -> dict[int, dict[int, Cell]]:
    rows: dict[int, dict[int, Cell]] = {}
    count = 0
    with _part(book.archive, part) as stream:
        for element in _ends(stream):
            if element.tag == "c":
                count += 1
                book.cells += 1
                if book.cells > MAX_CELLS:
                    raise _too_much(book.name)
                cell = _cell(element, book, title, findings)
                if cell is not None:
                    row, column = _numbers(cell.reference)
                    _refuse_far(row, column, book.name, title, cell.reference)
                    rows.setdefault(row, {})[column] = cell
            elif element.tag == "row":
                if element.get("hidden") in {"1", "true"}:
                    findings.warn(
                        message("Row {row} is hidden and was read.", row=element.get("r")),
                        Place(book.name, field=shown(title, 40)),
                    )
                element.clear()
            elif element.tag == "mergeCell":
                findings.fault(
                    ShinraiError(
                        message("Cells are merged."),
                        fix=message("Undo the merge and write the value into every cell it belongs to."),
                        place=place(book.name, title, shown(element.get("ref") or "", 20)),
                    )
                )
    return rows


def _numbers(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ValueError("a cell without a place")
    return int(found.group(2)), column_index_from_string(found.group(1))


def _refuse_far(row: int, column: int, name: str, title: str, reference: str) -> None:
    if row > MAX_ROWS or column > MAX_COLUMNS:
        raise ShinraiError(
            message(
                "There is something at {cell}; at most {rows} rows and {columns} columns are read.",
                cell=reference,
                rows=MAX_ROWS,
                columns=get_column_letter(MAX_COLUMNS),
            ),
            fix=message("Delete it."),
            place=place(name, title, reference),
        )


def _cell(element: Element, book: _Book, title: str, findings: Findings) -> Cell | None:
    reference = element.get("r") or ""
    kind = element.get("t") or "n"
    number = int(element.get("s") or 0)
    style = book.styles[number] if number < len(book.styles) else _Style(date=False, inert=False)
    value = _child(element, "v")
    if _child(element, "f") is not None:
        _fault_formula(findings, book.name, title, reference)
        return Cell(reference, CellKind.FORMULA, "")
    if kind == "inlineStr":
        inline = _child(element, "is")
        text = "" if inline is None else _said(inline)
        return Cell(reference, CellKind.TEXT, text, style.inert) if text else None
    if value is None or value.text is None:
        return None
    if kind == "s":
        text = book.strings[int(value.text)]
        return Cell(reference, CellKind.TEXT, text, style.inert) if text else None
    return _plain_cell(reference, kind, value.text, style, book)


def _plain_cell(reference: str, kind: str, text: str, style: _Style, book: _Book) -> Cell:
    if kind == "b":
        return Cell(reference, CellKind.TRUTH, "TRUE" if text == "1" else "FALSE")
    if kind == "e":
        return Cell(reference, CellKind.ERROR, shown(text, 20))
    if kind == "d":
        return Cell(reference, CellKind.DATE, text)
    if kind == "str":
        return Cell(reference, CellKind.TEXT, text, style.inert)
    if style.date:
        try:
            return Cell(reference, CellKind.DATE, from_excel(float(text), epoch=book.epoch).isoformat())
        except (OverflowError, ValueError):
            # Shown as a row of # by spreadsheet programs; here it is the number it is.
            pass
    return Cell(reference, CellKind.NUMBER, shown(text, 20))


def _child(element: Element, tag: str) -> Element | None:
    return next((each for each in element if each.tag.rpartition("}")[2] == tag), None)


def _fault_formula(findings: Findings, name: str, title: str, reference: str) -> None:
    findings.fault(
        ShinraiError(
            message("The cell holds a formula."),
            fix=FORMULA_FIX,
            place=place(name, title, reference),
        )
    )


FORMULA_FIX: Message = message("Write its result as text; a text that begins with = needs an apostrophe before it.")
