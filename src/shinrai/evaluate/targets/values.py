"""Canonical values: when two stored values are the same value, whatever file format they came from.

Rules 1 and 2 of docs/reference/table-checks.md. They are applied in Python to the distinct values of a column, never
row by row, so that their cost does not grow with the table.
"""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

SHOWN_CHARACTERS = 40
"""A value or name from the data is cut to this many characters where people see it."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Stored spellings of one column that are one group, shown under `label`."""

    column: str
    label: str
    spellings: tuple[str, ...]


def canonical(value: object) -> str | None:
    """Return the canonical text of a stored value, or None when it is missing (NULL, NaN, empty text).

    Text: NFKC, outer white space removed. Booleans: true, false. Whole numbers: their digits. Other numbers: the
    shortest decimal that reads back as the same number.
    """
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return unicodedata.normalize("NFKC", value).strip() or None
        case float() | Decimal():
            return _number(value)
        case _:
            return str(value)


def _number(value: float | Decimal) -> str | None:
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return str(value)
    if value == int(value):
        return str(int(value))
    return repr(value) if isinstance(value, float) else format(value.normalize(), "f")


def shown(text: str) -> str:
    """Make a text from the data fit to be shown: cut, and with control and format characters written as escapes."""
    cut = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)
