"""What a stored value means: canonical text, white space, and the subject of a measurement's id.

Written from docs/reference/table-checks.md alone. Works on single values; callers pass distinct ones, never rows.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

MISSING = "(missing)"
WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x10000))))
"""Every character that str.strip takes off; none lies beyond the basic plane."""

SPACES = "".join(char for char in WHITE_SPACE if unicodedata.category(char) == "Zs")
"""Unicode's space separators: the white space that may stand around a number in a CSV file."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
_LONGEST_SUBJECT = 60


def canonical(value: object) -> str | None:
    """Return the canonical text of a text, truth value, integer, 64-bit float or decimal; None when it is missing."""
    if value is None:
        return None
    if isinstance(value, str):
        return canonical_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return _canonical_number(value)
    return str(value)


def canonical_text(value: str) -> str | None:
    """NFKC, then trimmed; the empty text is missing."""
    return (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip() or None


def _canonical_number(value: float | Decimal) -> str | None:
    if math.isnan(value):
        return None
    if math.isfinite(value) and value == int(value):
        return str(int(value))
    return repr(value) if isinstance(value, float) else format(value.normalize(), "f")


def subject(columns: Sequence[str]) -> str:
    """Return the subject part of a measurement's id: `all` without columns, else the columns joined by `-and-`."""
    joined = "-and-".join(map(_column_in_id, columns)) or "all"
    return joined if len(joined) <= _LONGEST_SUBJECT else "columns-" + _short_digest(joined)


def _column_in_id(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and name != "all":
        return name
    return "column-" + _short_digest(name)


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
