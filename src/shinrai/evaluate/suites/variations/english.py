"""Case and typing slips in English words. Slips fall on words of four letters or more, never on the first letter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.scorers.settings import as_count
from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied, rewritten
from shinrai.frameworks.located import Fields, as_choice, as_fields
from shinrai.language import message

MAX_EDITS = 5
_WORD = re.compile(r"(?<![A-Za-z0-9_@./{])[A-Za-z]{4,}(?![A-Za-z0-9_@}:/])")


class English(StrEnum):
    """What is done to English text."""

    LOWER = "lower"
    UPPER = "upper"
    TYPOS = "typos"


@dataclass(frozen=True, slots=True)
class EnglishChange:
    """change: what is done. edits: slips, for TYPOS."""

    change: English
    edits: int


def change_case(text: str, to: English) -> tuple[str, tuple[Change, ...]]:
    """Return a text in lower or upper case; applied twice it changes nothing more."""
    made = re.sub(
        r"[A-Za-z]+", lambda word: word.group().lower() if to is English.LOWER else word.group().upper(), text
    )
    return made, (Change.of(text, made),) if made != text else ()


def mistyped(text: str, edits: int, draws: Draws) -> tuple[str, tuple[Change, ...]]:
    """Return a text with at most so many slips, each in another word, and what was changed."""
    words = list(_WORD.finditer(text))
    chosen: list[re.Match[str]] = []
    while words and len(chosen) < edits:
        chosen.append(words.pop(draws.below(len(words))))
    made, changes = text, []
    for word in sorted(chosen, key=lambda match: -match.start()):
        slip = _slip(word.group(), draws)
        if slip != word.group():
            changes.append(Change.of(word.group(), slip))
            made = made[: word.start()] + slip + made[word.end() :]
    return made, tuple(reversed(changes))


def _slip(word: str, draws: Draws) -> str:
    at = 1 + draws.below(len(word) - 2)
    kind = draws.below(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]


def _read(fields: Fields) -> EnglishChange:
    given = as_fields(fields, ("change",), ("edits",)).values
    edits = as_count(given["edits"], 1, MAX_EDITS) if "edits" in given else 1
    return EnglishChange(as_choice(given["change"], English), edits)


def _vary(how: EnglishChange, said: Said, draws: Draws) -> Iterator[Varied]:
    if how.change is English.TYPOS:
        yield rewritten(how.change.value, said, lambda text: mistyped(text, how.edits, draws))
    else:
        yield rewritten(how.change.value, said, lambda text: change_case(text, how.change))


ENGLISH = Operator("english", "1", message("Case and slips in English text"), _read, _vary)
