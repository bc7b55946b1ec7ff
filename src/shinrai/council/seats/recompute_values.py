"""What a stored value means: canonical text, missing, numbers, and the subject of a measurement's id.

Written from docs/reference/table-checks.md alone. Works on single values; callers pass distinct ones, never rows.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

MISSING = "(missing)"

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
# Deliberately narrower than float(): no underscores, no hexadecimal, no "infinity" spelled out in prose.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER = 400


def canonical(value: object) -> str | None:
    """Return the canonical text of a value, or None when it is missing.

    Floats narrower than 64 bits are expected as numpy scalars, whose str() is the shortest of their own width.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return canonical_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return _canonical_decimal(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return _canonical_other(value)


def canonical_text(value: str) -> str | None:
    """NFKC, then trimmed; the empty text is missing."""
    return (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip() or None


def _canonical_decimal(value: Decimal) -> str | None:
    if value.is_nan():
        return None
    if value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    return format(value.normalize(), "f")


def _canonical_other(value: object) -> str | None:
    """Floats of any width, and whatever else a file may hold, by its text."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return canonical_text(str(value))
    if math.isnan(number):
        return None
    return str(int(number)) if number.is_integer() else str(value)


def number(value: object) -> float | None:
    """Return the number that a non-missing canonical text reads as (NaN for `nan`), or None when it is not one."""
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    if value.casefold() in {"nan", "+nan", "-nan"}:
        return math.nan
    return float(value) if _NUMBER.fullmatch(value) else None


def subject(columns: Sequence[str]) -> str:
    """Return the subject part of a measurement's id: `all` without columns, else the columns joined by `-and-`."""
    return "-and-".join(map(_column_in_id, columns)) or "all"


def _column_in_id(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return "column-" + hashlib.sha256(name.encode()).hexdigest()[:8]
