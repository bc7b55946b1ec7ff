"""CSV files of aisev, read and written so that what is not touched stays as it is, byte by byte.

Columns: `text` (what is put to the system), `ten_perspective`, and by `scorer` (`requirement`, `multiplechoice`,
`model_graded_qa`, `exact`; empty is `model_graded_qa`) also `requirement`, or `output`, or `ans0`, `ans1`… and
`output`. `ID` and `gsn_perspective` are optional. Columns that are not known are kept.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shinrai.language import Place, ShinraiError, message

MAX_BYTES = 32 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL = 100_000
REQUIRED = ("ten_perspective", "text")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class AisevRow:
    """A row. line: its first line in the file, from 1; 0 for a row that is not from one. raw: as it stands there."""

    line: int
    cells: Mapping[str, str]
    raw: str = ""

    def cell(self, name: str) -> str:
        """Return a cell without white space around it, empty where the column is not there."""
        return self.cells.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class AisevFile:
    """A file. head: all that stands before the first row, as it stands. parts: rows, and blank lines as they stand."""

    name: str
    sha256: str
    columns: tuple[str, ...]
    head: str
    parts: tuple[AisevRow | str, ...]

    @property
    def rows(self) -> tuple[AisevRow, ...]:
        """The rows, without the blank lines."""
        return tuple(part for part in self.parts if isinstance(part, AisevRow))

    @property
    def line_end(self) -> str:
        """How lines end in this file."""
        return "\r\n" if self.head.endswith("\r\n") else "\n"


def read_aisev_csv(data: bytes, name: str) -> AisevFile:
    """Read a file. name: what errors call it. ShinraiError with its line for anything that is not such a file."""
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has {size} bytes; at most {limit} are read.", size=len(data), limit=MAX_BYTES),
            place=Place(name),
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ShinraiError(
            message("The file is not UTF-8 text."),
            fix=message("Save it as “CSV UTF-8”."),
            place=Place(name, data.count(b"\n", 0, error.start) + 1),
        ) from error
    bom = _BOM if text.startswith(_BOM) else ""
    records = _records(text.removeprefix(_BOM), name)
    head = bom
    columns: tuple[str, ...] = ()
    for _, cells, raw in records:
        head += raw
        columns = tuple(cells)
        if columns:
            break
    _check_columns(columns, name)
    parts: list[AisevRow | str] = []
    for line, cells, raw in records:
        parts.append(_row(line, cells, raw, columns, name) if cells else raw)
        if len(parts) > MAX_ROWS:
            raise ShinraiError(
                message("The file has more than {limit} rows.", limit=MAX_ROWS),
                fix=message("Split it."),
                place=Place(name, line),
            )
    return AisevFile(name, sha256(data).hexdigest(), columns, head, tuple(parts))


def _records(text: str, name: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield line, cells and raw text of each record; a record may span lines."""
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(feed(), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ShinraiError(
                message(
                    "This row is not valid CSV, or one of its cells is longer than {limit} characters.", limit=131072
                ),
                fix=message("Look for a quotation mark that is not closed."),
                place=Place(name, line),
            ) from error
        yield line, cells, "".join(taken)
        line += len(taken)
        taken.clear()


def _check_columns(columns: tuple[str, ...], name: str) -> None:
    if len(columns) > MAX_COLUMNS:
        raise ShinraiError(
            message("There are {size} columns; at most {limit} are read.", size=len(columns), limit=MAX_COLUMNS),
            place=Place(name, 1),
        )
    for column in columns:
        if columns.count(column) > 1:
            raise ShinraiError(message("Two columns have the same name."), place=Place(name, 1, field=column[:40]))
    for column in REQUIRED:
        if column not in columns:
            raise ShinraiError(
                message("The column “{column}” is missing.", column=column),
                fix=message("The first line names the columns, as in ID,text,ten_perspective,scorer,requirement."),
                place=Place(name, 1),
            )


def _row(line: int, cells: Sequence[str], raw: str, columns: tuple[str, ...], name: str) -> AisevRow:
    if len(cells) > len(columns):
        raise ShinraiError(
            message(
                "The row has {cells} cells, the first line names {columns}.", cells=len(cells), columns=len(columns)
            ),
            fix=message("Put a cell that holds a comma into quotation marks."),
            place=Place(name, line),
        )
    for column, cell in zip(columns, cells, strict=False):
        if len(cell) > MAX_CELL:
            raise ShinraiError(
                message("The cell has {size} characters; at most {limit} are read.", size=len(cell), limit=MAX_CELL),
                place=Place(name, line, field=column[:40]),
            )
    return AisevRow(line, dict(zip(columns, cells, strict=False)), raw)


def write_aisev_csv(file: AisevFile, parts: Iterable[AisevRow | str]) -> bytes:
    """Return a file with these parts under the head of another; a part that has its raw text is written as that."""
    text = file.head
    for part in parts:
        raw = part if isinstance(part, str) else part.raw or _line(part, file.columns, file.line_end)
        if text and not text.endswith(("\n", "\r")):
            text += file.line_end
        text += raw
    return text.encode("utf-8")


def new_aisev_csv(rows: Sequence[AisevRow], columns: Sequence[str], name: str) -> bytes:
    """Return a new file with these rows and columns."""
    head = _line(AisevRow(0, {column: column for column in columns}), columns, "\n")
    return write_aisev_csv(AisevFile(name, "", tuple(columns), head, ()), rows)


def _line(row: AisevRow, columns: Sequence[str], line_end: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end).writerow([row.cells.get(column, "") for column in columns])
    return out.getvalue()
