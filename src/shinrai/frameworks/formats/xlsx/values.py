"""Values of cells: what cannot be read is noted as a fault at its cell.

After a fault a value that means nothing is returned, so that reading goes on and finds the other faults; a file with
faults is refused as a whole, and such a value goes no further.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from shinrai.frameworks.applicability import FACT_NAMES
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.formats.xlsx.layout import SEPARATORS, plain
from shinrai.frameworks.formats.xlsx.package import FORMULA_FIX, Cell, CellKind, place
from shinrai.frameworks.loader import ADDRESS, ID, LANGUAGE, LEAF, REGION, TAG
from shinrai.frameworks.located import FORBIDDEN, MAX_TEXT, shown
from shinrai.frameworks.model import Start
from shinrai.language import Bilingual, Message, ShinraiError, message, suggest

_Found = TypeVar("_Found")
_Choice = TypeVar("_Choice", bound=StrEnum)
_NO_DAY = date.min


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by column name. references: where each column's cell is or would be, such as `C7`."""

    sheet: str
    number: int
    cells: dict[str, Cell]
    references: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form that a text must have, and the form in words."""

    form: Callable[[str], object]
    words: Message


AN_ID = Pattern(ID.fullmatch, message("an id (letters, digits, “.”, “_” and “-”, at most 128)"))
A_LEAF = Pattern(LEAF.fullmatch, message("a name (lower-case letters, digits and “-”, a letter first)"))
AN_ADDRESS = Pattern(ADDRESS.fullmatch, message("an address that begins with https://"))
A_REGION = Pattern(REGION.fullmatch, message("a country code of two capital letters (ISO 3166-1), or EU"))
A_TAG = Pattern(TAG.fullmatch, message("a tag (lower-case letters)"))
A_LANGUAGE = Pattern(LANGUAGE.fullmatch, message("a language tag such as ja"))


class Values:
    """Reads the cells of one workbook."""

    def __init__(self, name: str, findings: Findings) -> None:
        self.name = name
        self.findings = findings

    def fault(self, row: Row, column: str, what: Message, fix: Message | None = None) -> None:
        """Note a fault at a cell."""
        where = place(self.name, row.sheet, row.references.get(column, str(row.number)), column)
        self.findings.fault(ShinraiError(what, fix=fix, place=where))

    def text(self, row: Row, column: str) -> str:
        """Return the text of a cell as it stands; an empty cell is a fault."""
        if column not in row.cells:
            self.fault(row, column, message("The cell is empty."), message("Write it."))
        return self.optional_text(row, column) or ""

    def optional_text(self, row: Row, column: str) -> str | None:
        """Return the text of a cell as it stands, or None when it is empty."""
        cell = row.cells.get(column)
        if cell is None or cell.kind is CellKind.FORMULA:  # formulas are faults already
            return None
        wrong = _refusal(cell)
        if wrong is not None:
            self.fault(row, column, *wrong)
            return None
        return cell.text

    def both(self, row: Row, stem: str = "") -> Bilingual:
        """Return a text that stands in two columns."""
        return Bilingual(ja=self.text(row, f"{stem}ja"), en=self.text(row, f"{stem}en"))

    def match(self, row: Row, column: str, pattern: Pattern) -> str:
        """Return a text of a certain form; blanks at its ends do not count."""
        word = self.text(row, column).strip()
        return (self._matched(row, column, word, pattern) or "") if word else ""

    def optional_match(self, row: Row, column: str, pattern: Pattern) -> str | None:
        """Return a text of a certain form, or None when the cell is empty."""
        word = self.optional_text(row, column)
        return None if word is None else self._matched(row, column, word.strip(), pattern)

    def _matched(self, row: Row, column: str, word: str, pattern: Pattern) -> str | None:
        if pattern.form(word):
            return word
        folded = unicodedata.normalize("NFKC", word)
        fix = message("Did you mean “{name}”?", name=shown(folded)) if pattern.form(folded) else None
        self.fault(row, column, message("“{value}” is not {wanted}.", value=shown(word), wanted=pattern.words), fix)
        return None

    def choice(self, row: Row, column: str, choices: type[_Choice]) -> _Choice:
        """Return a member of an enumeration; widths and case do not matter."""
        word = self.text(row, column).strip()
        found = self.chosen(row, column, word, [each.value for each in choices]) if word else None
        return choices(found) if found else next(iter(choices))

    def chosen(self, row: Row, column: str, word: str, known: Iterable[str]) -> str | None:
        """Return the known word that is meant, or None after a fault."""
        words = tuple(known)
        for each in words:
            if plain(each) == plain(word):
                return each
        self.fault(
            row,
            column,
            message("“{value}” is not one of {known}.", value=shown(word), known=", ".join(words)),
            suggest(shown(word), words),
        )
        return None

    def several(self, row: Row, column: str, read: Callable[[str], _Found | None]) -> tuple[_Found, ...]:
        """Return the values of a cell that may hold more than one, each read with the given function."""
        text = self.optional_text(row, column)
        words = [] if text is None else [word for word in SEPARATORS.split(text.strip()) if word]
        return tuple(found for found in map(read, words) if found is not None)

    def choices(self, row: Row, column: str, choices: type[_Choice]) -> tuple[_Choice, ...]:
        """Return members of an enumeration."""
        known = [each.value for each in choices]
        return tuple(map(choices, self.several(row, column, lambda word: self.chosen(row, column, word, known))))

    def facts(self, row: Row, column: str) -> frozenset[str]:
        """Return facts of a system."""
        return frozenset(self.several(row, column, lambda word: self.chosen(row, column, word, FACT_NAMES)))

    def matches(self, row: Row, column: str, pattern: Pattern) -> tuple[str, ...]:
        """Return texts of a certain form."""
        return self.several(row, column, lambda word: self._matched(row, column, word, pattern))

    def day(self, row: Row, column: str) -> date:
        """Return a day, from a cell formatted as a date or from a text YYYY-MM-DD."""
        cell = row.cells.get(column)
        if cell is not None and cell.kind is CellKind.DATE:
            return self._as_day(row, column, cell.text.removesuffix("T00:00:00")) or _NO_DAY
        word = unicodedata.normalize("NFKC", self.text(row, column)).strip()
        return (self._as_day(row, column, word) if word else None) or _NO_DAY

    def _as_day(self, row: Row, column: str, text: str) -> date | None:
        try:
            if len(text) == len("2026-01-01"):
                return date.fromisoformat(text)
        except ValueError:
            pass  # the fault below says so
        wanted = message("a date such as 2025-12-19")
        self.fault(row, column, message("“{value}” is not {wanted}.", value=shown(text), wanted=wanted))
        return None

    def starts(self, row: Row) -> tuple[Start, ...]:
        """Return the days from which a row applies, each perhaps after a fact and `=`."""
        cell = row.cells.get("starts")
        if cell is not None and cell.kind is CellKind.DATE:
            return (Start(None, self.day(row, "starts")),)
        return self.several(row, "starts", lambda word: self._start(row, word))

    def _start(self, row: Row, word: str) -> Start | None:
        fact, equals, rest = word.rpartition("=")
        when = self.chosen(row, "starts", fact, FACT_NAMES) if equals else None
        on = self._as_day(row, "starts", unicodedata.normalize("NFKC", rest.strip()))
        return None if on is None else Start(when, on)


_AS_TEXT = message("Format the cell as text and type it again, so that 1.10 does not become 1.1.")
_NOT_TEXT: dict[CellKind, Callable[[Cell], tuple[Message, Message]]] = {
    CellKind.NUMBER: lambda cell: (message("{value} is a number, not a text.", value=cell.text), _AS_TEXT),
    CellKind.DATE: lambda cell: (message("{value} is a date, not a text.", value=cell.text[:10]), _AS_TEXT),
    CellKind.TRUTH: lambda cell: (message("{value} is a truth value, not a text.", value=cell.text), _AS_TEXT),
    CellKind.ERROR: lambda cell: (
        message("The cell shows the error {value}.", value=cell.text),
        message("Write the text that belongs there."),
    ),
}


def _refusal(cell: Cell) -> tuple[Message, Message] | None:
    """Return why what a cell holds is not taken as a text, or None when it is."""
    if cell.kind is not CellKind.TEXT:
        return _NOT_TEXT[cell.kind](cell)
    if cell.text.startswith("=") and not cell.inert:
        return message("The text begins with = like a formula."), FORMULA_FIX
    if not cell.text.strip():
        return message("The text is empty."), message("Write it.")
    found = FORBIDDEN.search(cell.text)
    if found:
        code = f"U+{ord(found.group()):04X}"
        return message("The invisible character {code} is not allowed.", code=code), message("Delete it.")
    if len(cell.text) > MAX_TEXT:
        size = len(cell.text)
        return (
            message("The text has {size} characters; at most {limit} are allowed.", size=size, limit=MAX_TEXT),
            message("Shorten it or divide it into several rows."),
        )
    return None
