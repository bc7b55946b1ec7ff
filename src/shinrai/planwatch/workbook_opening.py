"""Opening a workbook that may come from a stranger: it is measured before anything in it is unpacked."""

import re
import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from shinrai.frameworks.located import shown
from shinrai.language import Place, ShinraiError, message

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

MAX_FILE = 8 * 1024 * 1024
MAX_UNPACKED = 24 * 1024 * 1024
MAX_PARTS = 500
MAX_RATIO = 200
"""How many times its packed size a part of more than 1 MiB may unpack to; sheets of text reach about 30."""
MAX_RANGE = 10_000

_SPREAD = frozenset({"mergeCell", "hyperlink", "comment"})
"""Elements whose range openpyxl spreads out into cells."""
_RANGE = re.compile(r"[A-Z]{1,3}[0-9]{1,7}(:[A-Z]{1,3}[0-9]{1,7})?")


def workbook_bytes(path: Path) -> bytes:
    """Return a workbook's file, at most 8 MiB."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise ShinraiError(message("There is no such file, or it cannot be read."), place=Place(str(path))) from error
    if len(data) > MAX_FILE:
        raise ShinraiError(message("The workbook is larger than {limit} MiB.", limit=8), place=Place(str(path)))
    return data


def open_workbook(data: bytes, name: str) -> "Workbook":
    """Open a workbook with its formulas as they are written, without following its links. name: for errors."""
    _measure(data, name)
    import openpyxl

    try:
        return openpyxl.load_workbook(BytesIO(data), keep_links=False)
    except Exception as error:  # openpyxl lets through whatever a broken part makes it raise
        raise _no_workbook(name) from error


def _measure(data: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _no_workbook(name) from error
    _check_parts(parts, name)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for part in parts:
            if part.filename.lower().endswith(".xml"):
                _check_ranges(archive, part, name)


def _check_parts(parts: Sequence[zipfile.ZipInfo], name: str) -> None:
    # What a part unpacks to is what the directory says: Python's reader stops there and compares the checksum.
    size = sum(part.file_size for part in parts)
    dense = any(part.file_size > 1024 * 1024 and part.file_size > MAX_RATIO * part.compress_size for part in parts)
    if size > MAX_UNPACKED or len(parts) > MAX_PARTS or dense:
        raise ShinraiError(
            message("The workbook unpacks into more than a plan can hold; it was not opened."),
            fix=message("Copy the plan's rows into a fresh template (“shinrai plan template --out plan.xlsx”)."),
            place=Place(name),
        )
    if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
        raise ShinraiError(
            message("The workbook holds macros; it was not opened."),
            fix=message("Save it as an XLSX workbook without macros."),
            place=Place(name),
        )


def _check_ranges(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    """Refuse ranges of a size that only an attack has: openpyxl makes a cell for each place in them."""
    from xml.etree.ElementTree import ParseError

    from openpyxl.xml.functions import iterparse  # the hardened one: it refuses entities with a ValueError

    try:
        with archive.open(part) as stream:
            for _, element in iterparse(stream):
                kind, ref = element.tag.rpartition("}")[2], element.get("ref", "")
                if kind in _SPREAD and not _RANGE.fullmatch(ref):
                    raise _no_workbook(name)
                if kind in _SPREAD and _area(ref) > MAX_RANGE:
                    raise ShinraiError(
                        message("The range {range} is far larger than a plan.", range=ref),
                        fix=message("Remove the merge, link or comment that spans it."),
                        place=Place(name, field=shown(part.filename)),
                    )
                element.clear()
    except (
        ParseError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise _no_workbook(name) from error


def _area(ref: str) -> int:
    first, _, last = ref.partition(":")
    (left, top), (right, bottom) = _corner(first), _corner(last or first)
    return (abs(right - left) + 1) * (abs(bottom - top) + 1)


def _corner(cell: str) -> tuple[int, int]:
    letters = cell.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column, int(cell[len(letters) :])


def _no_workbook(name: str) -> ShinraiError:
    return ShinraiError(
        message("This is not an XLSX workbook that can be read."),
        fix=message("Save it as .xlsx without a password, and try again."),
        place=Place(name),
    )
