"""Full and half width of digits, Latin letters and katakana. Done twice, either direction changes nothing more."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied, rewritten
from shinrai.frameworks.located import Fields, as_choice, as_fields, as_tuple
from shinrai.language import message


class Width(StrEnum):
    """How wide signs become."""

    FULL = "full"
    HALF = "half"


class Signs(StrEnum):
    """Which signs are changed."""

    DIGITS = "digits"
    LATIN = "latin"
    KATAKANA = "katakana"


def _half_katakana() -> dict[str, str]:
    """Full-width katakana by their half-width form, voiced ones as two signs; made of what NFKC says of the latter."""
    singles = [chr(code) for code in range(0xFF61, 0xFFA0)]
    forms = singles + [sign + mark for sign in singles for mark in "ﾞﾟ"]
    found: dict[str, str] = {}
    for form in forms:
        wide = unicodedata.normalize("NFKC", form)
        if len(wide) == 1 and wide not in found and unicodedata.name(wide, "").startswith("KATAKANA"):
            found[wide] = form
    return found


_HALF_KATAKANA = _half_katakana()
_FULL_KATAKANA = {half: full for full, half in _HALF_KATAKANA.items()}
_RUNS = {
    (Width.FULL, Signs.DIGITS): re.compile("[0-9]+"),
    (Width.FULL, Signs.LATIN): re.compile("[A-Za-z]+"),
    (Width.FULL, Signs.KATAKANA): re.compile("[\uff66-\uff9f]+"),
    (Width.HALF, Signs.DIGITS): re.compile("[０-９]+"),
    (Width.HALF, Signs.LATIN): re.compile("[Ａ-Ｚａ-ｚ]+"),
    (Width.HALF, Signs.KATAKANA): re.compile(f"[{''.join(_HALF_KATAKANA)}]+"),
}
_SHIFT = ord("０") - ord("0")


@dataclass(frozen=True, slots=True)
class Widths:
    """to: the width wanted. signs: what is changed."""

    to: Width
    signs: tuple[Signs, ...]


def widened(text: str, to: Width, signs: Signs) -> str:
    """Return a run of one kind of signs in the other width."""
    if signs is Signs.KATAKANA and to is Width.HALF:
        return "".join(_HALF_KATAKANA.get(sign, sign) for sign in text)
    if signs is Signs.KATAKANA:
        # A mark that voices the sign before it is one sign with it.
        pairs = re.findall("[\uff66-\uff9f][ﾞﾟ]?", text)
        return "".join(_FULL_KATAKANA.get(p, "".join(_FULL_KATAKANA.get(sign, sign) for sign in p)) for p in pairs)
    shift = _SHIFT if to is Width.FULL else -_SHIFT
    return "".join(chr(ord(sign) + shift) for sign in text)


def change_width(text: str, how: Widths) -> tuple[str, tuple[Change, ...]]:
    """Return a text with signs in the other width, and what was changed."""
    changes: list[Change] = []
    for signs in how.signs:

        def exchange(match: re.Match[str], signs: Signs = signs) -> str:
            made = widened(match.group(), how.to, signs)
            if made != match.group():
                changes.append(Change.of(match.group(), made))
            return made

        text = _RUNS[how.to, signs].sub(exchange, text)
    return text, tuple(changes)


def _read(fields: Fields) -> Widths:
    given = as_fields(fields, ("to",), ("signs",)).values
    signs = as_tuple(given["signs"], lambda node: as_choice(node, Signs)) if "signs" in given else tuple(Signs)
    return Widths(as_choice(given["to"], Width), signs)


def _vary(how: Widths, said: Said, _: Draws) -> Iterator[Varied]:
    yield rewritten(how.to.value, said, lambda text: change_width(text, how))


WIDTH = Operator("width", "1", message("Full width and half width"), _read, _vary)
