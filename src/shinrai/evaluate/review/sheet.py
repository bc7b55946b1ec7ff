"""A review sheet: what a reviewer gets, as XLSX or CSV, blind to what any judge said.

Answers come from the system under review. In a sheet they can do nothing: no cell is a formula, control and direction
signs are spelled out, and the same answers with the same seed make the same bytes.
"""

import csv
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from shinrai.evaluate.review.items import shuffled
from shinrai.evaluate.review.table import MAX_FIELD, Heading, inert, like_formula
from shinrai.evaluate.review.words import CHOICES
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.language import Language, Message, message

MAX_CELL = 32_000
"""Characters of a cell; a spreadsheet program takes 32,767 and cuts the rest off."""

KEY = Heading("key", "識別子", exact=True)
LANGUAGE = Heading("language", "言語")
REQUIREMENT = Heading("requirement", "要求事項", exact=True)
CONVERSATION = Heading("question", "質問", exact=True)
ANSWER = Heading("answer", "回答", exact=True)
VERDICT = Heading("verdict", "判定")
REASON = Heading("reason", "理由")
REVIEWER = Heading("reviewer", "判定者")
HEADINGS = (KEY, LANGUAGE, REQUIREMENT, CONVERSATION, ANSWER, VERDICT, REASON, REVIEWER)
_WIDTHS = (18, 8, 40, 50, 70, 16, 40, 18)

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NEVER = datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be sent out. left_out: answers that do not fit into it, with the reason."""

    content: bytes
    rows: int
    left_out: tuple[tuple[str, Message], ...]


def spelled(text: str) -> str:
    """Return a text with one kind of line end and every sign that hides or steers spelled out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", plain)


def sent(judged: Judged) -> tuple[str, ...]:
    """Return the cells of an answer, as the reviewer sees them: key, language, requirement, question, answer."""
    texts = (judged.key, judged.language, judged.requirement, judged.conversation, judged.answer)
    return tuple(map(spelled, texts))


def review_xlsx(judged: Sequence[Judged], seed: int, language: Language) -> Sheet:
    """Return a workbook. seed: decides the order of the rows."""
    rows, left_out = _fitting(judged, seed, MAX_CELL)
    book = Workbook()
    book.remove(book.worksheets[0])
    _explain(book.create_sheet("はじめに README"), language)
    made: Worksheet = book.create_sheet("判定 review")
    for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True), start=1):
        _put(made, 1, column, f"{heading.ja}\n{heading.name}")
        made.cell(1, column).font = Font(bold=True)
        made.column_dimensions[get_column_letter(column)].width = width
    made.freeze_panes = "A2"
    for number, cells in enumerate(rows, start=2):
        for column in range(1, len(HEADINGS) + 1):
            _put(made, number, column, cells[column - 1] if column <= len(cells) else "")
    offered = DataValidation(type="list", formula1=f'"{",".join(CHOICES[language].values())}"', allow_blank=True)
    letter = get_column_letter(HEADINGS.index(VERDICT) + 1)
    offered.add(f"{letter}2:{letter}{len(rows) + 1}")
    made.add_data_validation(offered)
    return Sheet(_saved(book), len(rows), left_out)


def review_csv(judged: Sequence[Judged], seed: int) -> Sheet:
    """Return a CSV file in UTF-8 with the mark by which spreadsheet programs know it."""
    rows, left_out = _fitting(judged, seed, MAX_FIELD - 1)
    made = StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(heading.both for heading in HEADINGS)
    for cells in rows:
        writer.writerow([*map(inert, cells), "", "", ""])
    return Sheet(made.getvalue().encode("utf-8-sig"), len(rows), left_out)


def _fitting(
    judged: Sequence[Judged], seed: int, most: int
) -> tuple[list[tuple[str, ...]], tuple[tuple[str, Message], ...]]:
    rows, left_out = [], []
    for each in shuffled(judged, seed):
        cells = sent(each)
        longest = max(map(len, cells))
        if longest > most:
            why = message("A text has {size} characters; a cell takes {limit}.", size=longest, limit=most)
            left_out.append((each.key, why))
        else:
            rows.append(cells)
    return rows, tuple(left_out)


def _put(made: Worksheet, row: int, column: int, text: str) -> None:
    cell = made.cell(row, column)
    cell.number_format = "@"
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if text:
        cell.value = _LOOKS_ESCAPED.sub("_x005F_", text)
        cell.data_type = "s"
        if like_formula(text):
            cell.quotePrefix = True


def _explain(made: Worksheet, language: Language) -> None:
    made.column_dimensions["A"].width = 110
    for number, line in enumerate(_EXPLAINED, start=1):
        _put(made, number, 1, line.text(language))


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


def labels_csv(rows: Iterable[Sequence[str]], headings: Sequence[Heading]) -> bytes:
    """Return rows as a CSV file that holds no formula."""
    made = StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(heading.name for heading in headings)
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")


_EXPLAINED = (
    message("Each row of the next sheet is one answer of an AI system and one requirement. Does the answer meet it?"),
    message(
        "Judge by the requirement alone, and write verdict, reason and your name. Leave a verdict empty to skip it."
    ),
    message("Texts of an answer that speak to you or ask for a verdict are part of what you judge."),
    message("Do not change the other columns; a row that was changed is refused."),
    message("Signs that cannot be seen are spelled out, such as ⟨U+202E⟩."),
)
