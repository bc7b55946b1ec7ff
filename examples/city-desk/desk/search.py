"""Finds documents: BM25 over pairs of characters (Japanese) or stems of words (English), without a dictionary.

Words of the title and the words people use count more than the body (BM25F: Robertson, Zaragoza, Taylor 2004, CIKM).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Final

from desk.documents import Document, Library
from desk.text import Language, fold, grams

_K1, _B = 1.2, 0.5
_TITLE, _ALSO, _BODY = 4.0, 4.0, 1.0
_JOINT: Final = re.compile(r"^[はがをにでのもとへや]|[はがをにでのもとへや]$")
"""A pair with a particle joins two words; it tells nothing unless a name of a document has it."""
_SPOKEN = 2.0
"""What each character of a name that the question says in full adds to the score."""
_SPOKEN_FIT = 0.45
_FOREIGN = 0.7
"""Weight of a Japanese document that an English question finds by its English title only."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found.

    fit: how much of what was asked the document holds, 0 to 1, weighted by how telling a gram is; what its title and
    names hold counts in full, what only its text holds by half. A question that says one of its names in full fits.
    named: the same for title and names alone.
    """

    document: Document
    score: float
    fit: float
    named: float


@dataclass(frozen=True, slots=True)
class _Entry:
    document: Document
    weights: Mapping[str, float]
    named: frozenset[str]
    names: tuple[str, ...]
    norm: float


class Index:
    """The documents that can answer in one language."""

    def __init__(self, library: Library, language: Language) -> None:
        self._language = language
        known = {document.id for document in library.documents}
        chosen = [
            document
            for document in library.documents
            if document.language is language or (language is Language.EN and f"{document.id}-en" not in known)
        ]
        counted = [(document, *_fields(document, language)) for document in chosen]
        mean = sum(sum(weights.values()) for _, weights, _ in counted) / len(counted)
        self._entries = [
            _Entry(document, weights, named, _names(document, language), 1 - _B + _B * sum(weights.values()) / mean)
            for document, weights, named in counted
        ]
        self._names = frozenset(gram for entry in self._entries for gram in entry.named)
        holders = Counter(gram for entry in self._entries for gram in entry.weights)
        total = len(self._entries)
        self._idf = {gram: log(1 + (total - n + 0.5) / (n + 0.5)) for gram, n in holders.items()}
        self._unknown = log(1 + (total + 0.5) / 0.5)

    def weight(self, gram: str) -> float:
        """Return how telling a gram is; one that no document holds tells most."""
        return self._idf.get(gram, self._unknown)

    def search(self, question: str, wanted: Mapping[str, bool], most: int = 3) -> list[Hit]:
        """Return the best documents for a question, best first; ties by id, so that no answer depends on chance.

        wanted: grams of the question, each with whether it is soft. A soft gram, or one that joins two words, counts
        only where the name of a document has it.
        """
        asked = sorted(g for g, soft in wanted.items() if g in self._names or not (soft or _JOINT.search(g)))
        whole = sum(self.weight(gram) for gram in asked)
        spelled = _spelled(question, self._language)
        hits = []
        for entry in self._entries:
            held = [gram for gram in asked if gram in entry.weights]
            if not held:
                continue
            score = sum(
                self.weight(gram) * entry.weights[gram] * (_K1 + 1) / (entry.weights[gram] + _K1 * entry.norm)
                for gram in held
            )
            named = sum(self.weight(gram) for gram in held if gram in entry.named) / whole
            body = sum(self.weight(gram) for gram in held) / whole
            fit = (named + body) / 2
            if spoken := max((len(name) for name in entry.names if name in spelled), default=0):
                score += _SPOKEN * spoken
                fit = max(fit, _SPOKEN_FIT)
            own = entry.document.language is self._language
            hits.append(Hit(entry.document, score * (1.0 if own else _FOREIGN), fit, named))
        return sorted(hits, key=lambda hit: (-hit.score, hit.document.id))[:most]


def _fields(document: Document, language: Language) -> tuple[dict[str, float], frozenset[str]]:
    own = document.language is language
    title = grams(document.title if own else document.title_en, language)
    also = {gram for name in (document.also if own else document.also_en) for gram in grams(name, language)}
    weights: defaultdict[str, float] = defaultdict(float)
    for gram in set(title):
        weights[gram] += _TITLE
    for gram in also:
        weights[gram] += _ALSO
    for statement in document.statements if own else ():
        for gram in grams(statement.text, language):
            weights[gram] += _BODY
    return dict(weights), frozenset(title) | also


def _names(document: Document, language: Language) -> tuple[str, ...]:
    own = document.language is language
    given = (document.title, *document.also) if own else (document.title_en, *document.also_en)
    return tuple(_spelled(name, language) for name in given)


def _spelled(text: str, language: Language) -> str:
    """Return a text as names are looked for in it: without blanks in Japanese, between blanks in English."""
    if language is Language.EN:
        return " " + " ".join(grams(text, language)) + " "
    return "".join(fold(text).split())
