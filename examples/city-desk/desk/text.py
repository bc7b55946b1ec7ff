"""Text as the desk compares it: width, kana, case and era years are folded; hostile characters are dropped."""

import re
import unicodedata
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """The languages the desk speaks."""

    JA = "ja"
    EN = "en"


_ERAS: Final = {"令和": 2018, "平成": 1988, "昭和": 1925, "r": 2018, "h": 1988, "s": 1925}
_ERA_YEAR: Final = re.compile(r"(令和|平成|昭和|(?<![a-z])[rhs])\s?(元|[0-9]{1,2})\s?年(度?)")
_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—−―"), "-")
_APOSTROPHES: Final = dict.fromkeys(map(ord, "’‘"), "'")
_WORD: Final = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_RUN: Final = re.compile(r"[ぁ-ゖァ-ヺー一-鿿々〇]+|[a-z0-9]+")
_SOFT: Final = re.compile(r"[ぁ-ゖー]+")
_JAPANESE: Final = re.compile(r"[ぁ-ゖァ-ヺー一-鿿々]")
_LATIN_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_SENTENCE_WORDS: Final = 4
_LETTER: Final = re.compile(r"[^\W\d_]")
_SENTENCE_JA: Final = re.compile(r"[^。！？!?\n]+[。！？!?]?")
_SENTENCE_EN: Final = re.compile(r"[^\n]+?(?:[.!?](?=\s|$)|$)", re.MULTILINE)


def clean(text: str) -> str:
    """Return text in NFKC without control, direction and private characters; line ends and tabs stay."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return unicodedata.normalize("NFKC", "".join(kept))


def plain(text: str) -> str:
    """Return text in lower case with Western years and one kind of dash; katakana stays katakana."""
    lowered = clean(text).lower().translate(_DASHES).translate(_APOSTROPHES)
    return _ERA_YEAR.sub(_western_year, lowered)


def fold(text: str) -> str:
    """Return the form in which texts are compared: `plain`, and katakana as hiragana."""
    return plain(text).translate(_KATAKANA)


def _western_year(match: re.Match[str]) -> str:
    year = 1 if match[2] == "元" else int(match[2])
    return f"{_ERAS[match[1]] + year}年{match[3]}"


def language_of(text: str) -> Language | None:
    """Return the language of a text, None where it is neither Japanese nor written in Latin letters."""
    letters = _LETTER.findall(text)
    japanese = len(_JAPANESE.findall(text))
    # A sentence of one language may name things in the other: 25cc, PC, 粗大ごみ.
    words = len(_LATIN_WORD.findall(text))
    if japanese and (words < _SENTENCE_WORDS or japanese > 3 * words):
        return Language.JA
    latin = sum(letter.isascii() or "LATIN" in unicodedata.name(letter, "") for letter in letters)
    return Language.EN if latin * 2 >= len(letters) else None


def grams(text: str, language: Language) -> list[str]:
    """Return what is looked up: pairs of characters in Japanese, stems of words in English, both folded."""
    return [gram for gram, _ in weighed_grams(text, language)]


def weighed_grams(text: str, language: Language) -> list[tuple[str, bool]]:
    """Return the grams of a text, each with whether it is soft: hiragana only, as endings and particles are."""
    if language is Language.EN:
        return [(stem(word), False) for word in _WORD.findall(fold(text))]
    found: list[tuple[str, bool]] = []
    for run in _RUN.findall(plain(text)):
        pieces = [run] if run.isascii() else [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        found += [(piece.translate(_KATAKANA), bool(_SOFT.fullmatch(piece))) for piece in pieces]
    return found


def stem(word: str) -> str:
    """Return an English word without its most common endings; two forms of a word should meet, no more than that."""
    for ending, least in (("'s", 1), ("ies", 3), ("ing", 4), ("ed", 4), ("es", 4), ("s", 3), ("e", 4), ("y", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word


def sentences(text: str, language: Language) -> list[str]:
    """Return the sentences of a text, each with its full stop."""
    pattern = _SENTENCE_JA if language is Language.JA else _SENTENCE_EN
    return [found.strip() for found in pattern.findall(text) if found.strip()]
