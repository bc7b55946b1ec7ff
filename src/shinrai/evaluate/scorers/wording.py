"""Texts made comparable: width, case, blanks, invisible signs and digit grouping no longer tell two texts apart."""

import re
import unicodedata
from functools import lru_cache

# Signs without a width of their own: soft hyphen, zero-width spaces and joiners, direction marks, word joiner,
# variation selectors, and the tag characters, which spell text that nobody sees.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]"
)
_BLANKS = re.compile(r"\s+")
_GROUPING = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_SENTENCE_END = re.compile(r"(?<=[。！？!?])|(?<=[.])(?=\s)|\n+")


def visible(text: str) -> str:
    """Return a text in NFKC without signs that have no width."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def comparable(text: str, *, keep_case: bool = False) -> str:
    """Return a text by which two ways of writing the same are equal.

    NFKC, no invisible signs, one kind of hyphen, no digit grouping (1,000 is 1000), single blanks, none at the ends,
    and case-folded unless keep_case. Applying it twice changes nothing more.
    """
    plain = _GROUPING.sub("", visible(text).translate(_DASHES))
    folded = plain if keep_case else unicodedata.normalize("NFKC", plain.casefold())
    return _BLANKS.sub(" ", folded).strip()


@lru_cache(maxsize=4096)
def comparable_term(term: str) -> str:
    """Return `comparable` of a suite's own text, of which there are few and each is looked for in many answers."""
    return comparable(term)


def occurs(needle: str, text: str) -> bool:
    """Whether a comparable needle occurs in a comparable text, and not as a part of a longer number or word.

    A needle that begins or ends with a digit or a Latin letter needs a boundary there: 10円 is not in 110円, and “art”
    not in “start”. Japanese has no such boundaries, so there a part counts.
    """
    if not needle:
        return False
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if _parted(text[:at][-2:], needle[0], before=True) and _parted(text[end : end + 2], needle[-1], before=False):
            return True
        at = text.find(needle, at + 1)
    return False


def _parted(beside: str, edge: str, *, before: bool) -> bool:
    """Tell whether a needle's edge is where a number or a word of the text begins or ends."""
    if not beside or not (edge.isascii() and edge.isalnum()):
        return True
    near, far = (beside[-1], beside[0]) if before else (beside[0], beside[-1])
    if edge.isdigit():
        decimal = near in ".," and len(beside) == 2 and far.isascii() and far.isdigit()
        return not (near.isascii() and near.isdigit()) and not decimal
    return not (near.isascii() and near.isalpha())


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text in either language, without blanks around them."""
    return tuple(part.strip() for part in _SENTENCE_END.split(text) if part and part.strip())
