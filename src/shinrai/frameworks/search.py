"""Finding requirements and instruments by a word in either language.

A word of the glossary is widened to all the words of its entry, so that one written in Japanese finds the same rows,
in the same order, as its English twin. In such an entry an English word matches as a whole word or with a regular
ending ("risk", "risks"), and a Japanese one anywhere. A word that the glossary does not know matches plainly, as a part
of the text of either language or as the beginning of an id. Nothing of the query is read as a pattern.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from shinrai.frameworks.glossary import Glossary, Term, fold, kana_forms, load_glossary
from shinrai.frameworks.instrument import Instrument
from shinrai.frameworks.model import Framework, Requirement
from shinrai.language import Bilingual, Language

_BETWEEN = re.compile('[\\s\x00-\x1f\x7f-\x9f、。,;「」『』“”"()]+')
_ENDING = re.compile(r"(?:s|es|d|ed|ing|ly)?(?![a-z0-9])")
# What joins the character before it when a text is normalised: accents, and the voiced marks of kana. Without any of
# these no text gets shorter, so one that keeps its length keeps the place of every character.
_JOINS = "[\u0300-\u036f\u1160-\u11ff\u3099\u309a\uff9e\uff9f]"
_JOINING = re.compile(_JOINS)
_GROUP = re.compile(f".{_JOINS}*", re.DOTALL)


class Field(IntEnum):
    """Where a word was found; a lower value ranks higher."""

    ID = 0
    TITLE = 1
    TEXT = 2
    EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Match:
    """One text in which words were found.

    part: which text of that field, where it has several: the id of the evidence, or the name of an instrument's field.
    language: None for an id or a tag. spans: what to highlight, as [start, end) offsets into the text, in order and
    apart from each other.
    """

    field: Field
    part: str | None
    language: Language | None
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A requirement or an instrument that holds every word of the query.

    id: the framework's, or the instrument's. version: the framework's, None for an instrument. One of requirement and
    instrument is given. matches: at least one, by field.
    """

    id: str
    version: str | None
    requirement: Requirement | None
    instrument: Instrument | None
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One term of the query: the words of which any will do. id_prefix: how an id may begin; None: no id can match."""

    alternatives: tuple[str, ...]
    whole_words: bool
    id_prefix: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """Where a row holds what is wanted, and how it ranks for that."""

    rank: int
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One text of a row."""

    field: Field
    name: str | None
    language: Language | None
    text: str


def search(
    query: str,
    frameworks: Iterable[Framework],
    instruments: Iterable[Instrument] = (),
    *,
    versions: Literal["current", "all"] = "current",
    glossary: Glossary | None = None,
) -> tuple[Hit, ...]:
    """Find the requirements and instruments that hold every word of a query, the best first.

    query: words in Japanese or English, or the beginning of an id; any text is allowed, and one without words finds
    nothing. versions: "all" also looks into versions and instruments that another has replaced. glossary: the shipped
    one if None.

    A row ranks by where its words stand (id, title, text, evidence). Among equals requirements come before
    instruments, each in the order given.
    """
    wanted = _wanted(query, load_glossary() if glossary is None else glossary)
    if not wanted:
        return ()
    found: list[tuple[int, Hit]] = []
    for framework in frameworks:
        for requirement in framework.requirements if versions == "all" or framework.superseded_by is None else ():
            held = _held(tuple(_requirement_parts(requirement)), wanted)
            if held is not None:
                found.append((held.rank, Hit(framework.id, framework.version, requirement, None, held.matches)))
    for instrument in instruments:
        if versions == "all" or instrument.superseded_by is None:
            held = _held(tuple(_instrument_parts(instrument)), wanted)
            if held is not None:
                found.append((held.rank, Hit(instrument.id, None, None, instrument, held.matches)))
    return tuple(hit for _, hit in sorted(found, key=lambda each: each[0]))


def _wanted(query: str, glossary: Glossary) -> tuple[_Wanted, ...]:
    """Split a query into terms, the longest first, as these are the ones that rule out most rows."""
    words = [word for word in _BETWEEN.split(unicodedata.normalize("NFKC", query).casefold()) if fold(word).strip()]
    terms: dict[_Wanted, None] = {}
    at = 0
    while at < len(words):
        length, wanted = _term_at(words, at, glossary)
        terms[wanted] = None
        at += length
    return tuple(sorted(terms, key=lambda each: -min(map(len, each.alternatives))))


def _term_at(words: list[str], at: int, glossary: Glossary) -> tuple[int, _Wanted]:
    """Return the longest glossary term that begins at a word, or the word itself; and how many words it has."""
    for length in range(min(glossary.longest, len(words) - at), 0, -1):
        term = glossary.find(fold(" ".join(words[at : at + length])))
        if term is not None:
            return length, _widened(term)
    word = words[at]
    return 1, _Wanted(tuple(sorted(kana_forms(fold(word).strip()))), whole_words=False, id_prefix=word)


def _widened(term: Term) -> _Wanted:
    forms = {form for word in (*term.ja, *term.en) for form in kana_forms(fold(word)) | {fold(word)}}
    return _Wanted(tuple(sorted(forms)), whole_words=True, id_prefix=None)


def _requirement_parts(requirement: Requirement) -> Iterator[_Part]:
    yield _Part(Field.ID, None, None, requirement.id)
    yield from _both(Field.TITLE, None, requirement.title)
    yield from _both(Field.TEXT, None, requirement.text)
    for tag in requirement.tags:
        yield _Part(Field.TEXT, "tags", None, tag)
    for leaf in requirement.expects:
        yield from _both(Field.EVIDENCE, leaf.id, leaf.title)


def _instrument_parts(instrument: Instrument) -> tuple[_Part, ...]:
    meaning = instrument.meaning
    texts = {
        "issuer": instrument.issuer,
        "developer": meaning.developer,
        "provider": meaning.provider,
        "business_user": meaning.business_user,
        "government": meaning.government,
    }
    parts = [_Part(Field.ID, None, None, instrument.id), *_both(Field.TITLE, None, instrument.title)]
    for name, text in texts.items():
        parts.extend(() if text is None else _both(Field.TEXT, name, text))
    return tuple(parts)


def _both(field: Field, name: str | None, text: Bilingual) -> Iterator[_Part]:
    yield _Part(field, name, Language.JA, text.ja)
    yield _Part(field, name, Language.EN, text.en)


def _held(parts: tuple[_Part, ...], wanted: tuple[_Wanted, ...]) -> _Held | None:
    """Return where a row holds every wanted term, or None when it lacks one."""
    whole = fold("\n".join(part.text for part in parts))
    # A plain look at all its text rules out most rows. It holds the id as well, so no prefix of one is lost.
    if not all(any(alternative in whole for alternative in term.alternatives) for term in wanted):
        return None
    spans: dict[_Part, list[tuple[int, int]]] = {}
    rank = 0
    for term in wanted:
        held = [(part, found) for part in parts if (found := _spans(part, term))]
        if not held:
            return None
        rank += min(part.field for part, _ in held)
        for part, found in held:
            spans.setdefault(part, []).extend(found)
    matches = (Match(each.field, each.name, each.language, _merged(spans[each])) for each in parts if each in spans)
    return _Held(rank, tuple(matches))


def _spans(part: _Part, term: _Wanted) -> list[tuple[int, int]]:
    if part.field is Field.ID:
        return _id_spans(part.text.casefold(), term.id_prefix)
    folded = fold(part.text)
    if not any(alternative in folded for alternative in term.alternatives):
        return []
    origin: Sequence[int] = range(len(folded) + 1)
    if len(folded) != len(part.text) or _JOINING.search(part.text):
        folded, origin = _traced(part.text)
    return [
        (origin[start], origin[end])
        for alternative in term.alternatives
        for start, end in _places(folded, alternative, term.whole_words and alternative.isascii())
    ]


def _id_spans(id_: str, prefix: str | None) -> list[tuple[int, int]]:
    """Return the beginning of an id as a span if it is the prefix; `R-1` is no beginning of `R-10`."""
    if not prefix or not id_.startswith(prefix):
        return []
    cuts_number = prefix[-1].isdigit() and id_[len(prefix) : len(prefix) + 1].isdigit()
    return [] if cuts_number else [(0, len(prefix))]


def _traced(text: str) -> tuple[str, list[int]]:
    """Fold a text and say, for each place in the result and its end, where in the text that came from.

    Normalisation can join characters (a half-width kana and its voiced mark) or split one (ﬁ), so it is done for one
    group of joined characters at a time.
    """
    folded: list[str] = []
    origin: list[int] = []
    for group in _GROUP.finditer(text):
        piece = fold(group.group())
        folded.append(piece)
        origin.extend([group.start()] * len(piece))
    return "".join(folded), [*origin, len(text)]


def _places(folded: str, word: str, whole_word: bool) -> Iterator[tuple[int, int]]:
    """Yield where a word stands. whole_word: it may not begin or end inside another, a regular ending aside."""
    start = folded.find(word)
    while start >= 0:
        end = start + len(word)
        if not whole_word:
            yield start, end
        elif start == 0 or not (folded[start - 1].isascii() and folded[start - 1].isalnum()):
            ending = _ENDING.match(folded, end)
            if ending:
                yield start, ending.end()
        start = folded.find(word, end)


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
