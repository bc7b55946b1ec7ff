"""Values and names that look like personal data. Values come in, kinds and counts go out; no value is ever returned."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from math import comb

import yaml

# Signs that stand for a hyphen in numbers written in Japanese; the long vowel mark is what a phone keyboard gives.
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))

_EMAIL = re.compile(
    r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]{1,64}@(?:[0-9A-Za-z-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![0-9A-Za-z])"
)
_GAP = r"[-() ]{0,2}"
_PHONE = re.compile(
    r"(?<![0-9A-Za-z+-])(?:\+81[- ]?(?:\(0\))?|0)"
    rf"(?:[256789]{_GAP}0{_GAP}[1-9](?:{_GAP}[0-9]){{7}}|(?![256789]{_GAP}0)[1-9](?:{_GAP}[0-9]){{8}})"
    r"(?![0-9A-Za-z-])"
)
_POSTAL = re.compile(r"(?<![0-9A-Za-z-])(?:〒 ?[0-9]{3}-?[0-9]{4}|[0-9]{3}-[0-9]{4})(?![0-9A-Za-z-])")
_GROUPED_DIGITS = re.compile(r"[0-9](?:[- ]?[0-9]){11,18}")
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"
    r"|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}"
)

MIN_OF = 5
"""One in so many of the values has to match, as a whole number: 0.2 is none in binary."""
MIN_MATCHES = 3
_CHANCE = 0.1
"""Share of random 12-digit numbers that have a right check digit of a My Number."""
_UNLIKELY = 1e-6


class PersonalKind(StrEnum):
    """A kind of personal data that a column can hold."""

    NAME = "column_name"
    EMAIL = "email"
    PHONE = "phone"
    POSTAL = "postal_code"
    CARD = "card_number"
    MY_NUMBER = "my_number"


@dataclass(frozen=True, slots=True)
class Flag:
    """Why a column is flagged: matches of the values looked at; none of either for its name."""

    kind: PersonalKind
    matches: int
    looked_at: int


def flags_of(name: str, values: Iterable[str]) -> tuple[Flag, ...]:
    """Flag a column: by its name, and by the canonical values looked at."""
    texts = [unicodedata.normalize("NFKC", value).translate(_DASHES) for value in values]
    found = [Flag(PersonalKind.NAME, 0, 0)] if names_personal_data(name) else []
    tests = {
        PersonalKind.EMAIL: is_email,
        PersonalKind.PHONE: is_phone,
        PersonalKind.POSTAL: is_postal_code,
        PersonalKind.CARD: is_card_number,
        PersonalKind.MY_NUMBER: is_my_number,
    }
    for kind, test in tests.items():
        matches = sum(map(test, texts))
        if matches < MIN_MATCHES or matches * MIN_OF < len(texts):
            continue
        if kind is PersonalKind.MY_NUMBER and _by_chance(matches, sum(_digits(text, 12) is not None for text in texts)):
            continue
        found.append(Flag(kind, matches, len(texts)))
    return tuple(found)


def is_email(text: str) -> bool:
    """Whether the text holds an e-mail address; a kana or kanji may touch it."""
    return _EMAIL.search(text) is not None


def is_phone(text: str) -> bool:
    """Whether the text holds a Japanese telephone number: 10 digits, or 11 for mobile and IP numbers."""
    return _PHONE.search(text) is not None


def is_postal_code(text: str) -> bool:
    """Whether the text holds a Japanese postal code with its mark or its hyphen."""
    return _POSTAL.search(text) is not None


def is_card_number(text: str) -> bool:
    """Whether the whole text is a card number: issuer's prefix and length, and the check digit of ISO/IEC 7812."""
    if not _GROUPED_DIGITS.fullmatch(text):
        return False
    digits = re.sub(r"[- ]", "", text)
    if not _ISSUERS.fullmatch(digits):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def is_my_number(text: str) -> bool:
    """Whether the whole text is 12 digits with the check digit of an individual number.

    Source: Order of the Ministry of Internal Affairs and Communications No. 85 of 2014, article 5.
    """
    digits = _digits(text, 12)
    if digits is None:
        return False
    # P_n counts from the lowest of the eleven digits; Q_n is n+1 up to the sixth, then n-5.
    weighted = sum(int(digits[11 - n]) * (n + 1 if n <= 6 else n - 5) for n in range(1, 12))
    rest = weighted % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def _digits(text: str, count: int) -> str | None:
    """Return the digits of a text that is nothing but so many of them, single spaces and hyphens between them aside."""
    if not _GROUPED_DIGITS.fullmatch(text):
        return None
    digits = re.sub(r"[- ]", "", text)
    return digits if len(digits) == count else None


def _by_chance(matches: int, candidates: int) -> bool:
    """Tell whether so many right check digits among random numbers are no surprise: one-sided binomial test."""
    tail = sum(
        comb(candidates, k) * _CHANCE**k * (1 - _CHANCE) ** (candidates - k) for k in range(matches, candidates + 1)
    )
    return tail >= _UNLIKELY


def names_personal_data(name: str) -> bool:
    """Whether the name of a column says that it holds personal data."""
    lists = _lists()
    plain = unicodedata.normalize("NFKC", name)
    words = [word.lower() for word in re.findall(r"[A-Za-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain))]
    if words and (" ".join(words) in lists["whole"] or _ends_with_words(words, lists["last_words"])):
        return True
    letters = "".join(char for char in plain if char.isalnum()).rstrip("0123456789")
    return letters.endswith(lists["japanese_endings"])


def _ends_with_words(words: list[str], phrases: tuple[str, ...]) -> bool:
    joined = " " + " ".join(words)
    return any(joined.endswith(" " + phrase) for phrase in phrases)


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, tuple[str, ...]]:
    text = files("shinrai.evaluate.checks").joinpath("personal_names.yaml").read_text(encoding="utf-8")
    return {key: tuple(entries) for key, entries in yaml.safe_load(text).items()}
