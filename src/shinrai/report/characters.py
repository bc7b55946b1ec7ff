"""Text from outside made harmless before it is shown: control characters, direction overrides, width.

Escaping for HTML or XML is the business of whoever writes it; this comes before.
"""

import re
import unicodedata
from itertools import accumulate

# Direction controls can make a name read as another one; a reader should see that they are there.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# C0 and C1 controls, DEL, lone surrogates and non-characters: no text needs them, and XML forbids most.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff]")
_SPACE = re.compile("[\t\n\r\u2028\u2029]+")


def harmless(text: str) -> str:
    """Return the text on one line, without control characters and with direction controls made visible."""
    one_line = _SPACE.sub(" ", text)
    return _DIRECTION.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", _CONTROL.sub("", one_line))


def width(text: str) -> int:
    """Columns the text takes where full-width characters take two and combining ones none."""
    return sum(map(_columns, text))


def shorten(text: str, columns: int) -> str:
    """Cut the text to at most this many columns; what is cut off is replaced by an ellipsis."""
    if width(text) <= columns:
        return text
    ends = accumulate(map(_columns, text))
    return "".join(character for character, end in zip(text, ends, strict=True) if end < columns) + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
