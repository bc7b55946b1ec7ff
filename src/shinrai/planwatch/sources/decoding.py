"""From bytes to text, for pages that say wrongly, or not at all, how they are encoded.

Two pages of the same text in different encodings come out equal, so that a change of encoding alone is no change.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_XML = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})""")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Browsers read these names as their larger relatives (WHATWG Encoding), and so do pages written for them.
_MEANT = {"shift_jis": "cp932", "ascii": "cp1252", "iso8859-1": "cp1252", "utf-16-le": "utf-16-le"}
# Servers write these for any page when nobody has told them better, so what the page says goes first.
_WEAK = frozenset({"cp1252"})
# EUC-JP before Shift_JIS: bytes of EUC-JP often pass as half-width katakana, the other way round hardly ever.
_GUESSES = ("utf-8", "euc_jp", "cp932")
# The same sign of JIS X 0208 has two readings in Unicode, and which one comes out depends on the encoding.
_ONE_READING = str.maketrans("〜‖−¢£¬—", "～∥－￠￡￢―")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and the encoding it was read with, by Python's name."""

    text: str
    encoding: str


def decode(content: bytes, declared: str | None = None) -> Decoded | None:
    """Return the text of a page, or None when no encoding fits it.

    declared: what the server says. The order is byte-order mark, server, page, then UTF-8, EUC-JP and Shift_JIS; an
    encoding that does not fit the bytes to the last one is passed over.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content, encoding)
    inside = _META.search(content, 0, 4096) or _XML.search(content, 0, 200)
    named = [_codec(declared), _codec(inside.group(1).decode("ascii") if inside else None)]
    strong = [name for name in named if name and name not in _WEAK]
    for encoding in dict.fromkeys([*strong, *(["iso2022_jp"] if b"\x1b$" in content else []), *_GUESSES]):
        decoded = _decoded(content, encoding)
        if decoded is not None:
            return decoded
    return next((found for name in named if name and (found := _decoded(content, name))), None)


def _codec(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Codecs such as base64 are no encodings of text.
    return _MEANT.get(codec.name, codec.name) if getattr(codec, "_is_text_encoding", False) else None


def _decoded(content: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(content.decode(encoding).removeprefix("\ufeff"), encoding)
    except ValueError:
        return None


def one_spelling(text: str) -> str:
    """Return a text in which signs that only differ by the way they were encoded are equal, in Unicode's form NFC."""
    return unicodedata.normalize("NFC", text.translate(_ONE_READING))
