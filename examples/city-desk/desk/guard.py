"""The guard: what it stops on the way in, drops from documents, and takes out on the way out.

It works on patterns of words. It does not understand, so an order put in words that it does not know gets through,
and so does a secret in a form that it does not look for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from desk.scope import Declined, declined
from desk.text import Language, clean, fold, language_of, sentences
from desk.wordings import pattern

_MASK: Final = "○○"
_SECRET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{6,}[A-Za-z0-9]")
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", re.ASCII)
_PHONE: Final = re.compile(r"(?<![0-9-])0[0-9]{1,4}[- ]?[0-9]{1,4}[- ]?[0-9]{3,4}(?![0-9-])")
_LONG_NUMBER: Final = re.compile(r"(?<![0-9])(?:[0-9][ -]?){11,15}[0-9](?![0-9])")
_NAMED: Final = re.compile(r"(?:私は|わたしは|名前は|氏名は|my name is )[^\s、。,.と]{2,20}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Screened:
    """A question after the guard.

    masked: whether personal data were taken out. reason: why it is declined, None where it is not.
    """

    text: str
    masked: bool
    reason: Declined | None


def screen(question: str) -> Screened:
    """Return a question without personal data, and whether it may be answered."""
    text = clean(question)
    if pattern("guard", "order").search(fold(text)):
        return Screened(text, False, Declined.ORDER)
    reason = declined(text)
    bare = text
    for personal in (_MAIL, _LONG_NUMBER, _PHONE, _NAMED):
        bare = personal.sub(_MASK, bare)
    # A sentence that only gives personal data is no part of the question.
    kept = [each for each in sentences(bare, language_of(text) or Language.JA) if _MASK not in each]
    return Screened(" ".join(kept) or bare, bare != text, reason)


def safe_sentences(texts: Iterable[str]) -> list[str]:
    """Return the sentences of a document that give no order to the assistant."""
    return [text for text in texts if not pattern("guard", "document_order").search(fold(text))]


def is_internal(title: str) -> bool:
    """Whether the title of a document says that it is not for the public."""
    return bool(pattern("guard", "internal").search(fold(title)))


def leaks(answer: str, instructions: str) -> bool:
    """Whether an answer holds a word of the operator's instructions that looks like a secret, spaced out or not."""
    squeezed = _squeeze(answer)
    return any(_squeeze(secret) in squeezed for secret in _SECRET.findall(instructions) if _looks_secret(secret))


def _looks_secret(word: str) -> bool:
    return any(c.isdigit() for c in word) or word.isupper()


def _squeeze(text: str) -> str:
    return re.sub(r"[\s_.・-]+", "", clean(text).lower())


def mask_personal(answer: str, public: frozenset[str]) -> str:
    """Return an answer in which only the city's own addresses and numbers are left.

    public: the numbers and addresses that the city publishes.
    """
    masked = answer
    for personal in (_MAIL, _LONG_NUMBER, _PHONE):
        masked = personal.sub(lambda match: match[0] if match[0] in public else _MASK, masked)
    return masked
