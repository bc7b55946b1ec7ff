"""The citation scorer: does an answer cite the documents it was given, do they exist, and is what it quotes in them?

Whether a document supports a sentence is measured by overlap of character pairs and marked as a heuristic: it finds
sentences that have nothing to do with the document they cite; it cannot tell a true sentence from its negation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shinrai.evaluate.sample import Answer, Document, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer, failed, passed, undecided
from shinrai.evaluate.scorers.settings import as_count, as_flag, as_number, as_texts
from shinrai.evaluate.scorers.wording import comparable, sentences, visible
from shinrai.frameworks.located import Fields, as_fields
from shinrai.language import message

MAX_MARKS = 500
_MARK = re.compile(
    r"\[([^\[\]\n]{1,120})\]|【([^【】\n]{1,120})】|[(（](?:出典|参照|資料|source|see)\s{0,2}[:：]?\s{0,2}([^()（）\n]{1,120})[)）]",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[,、;；／/・]|\s+and\s+|および|及び")
_LEAD = re.compile(r"^(?:出典|参照|資料|文書|文献|source|doc(?:ument)?|see)\s{0,2}[:：]?\s{0,2}", re.IGNORECASE)
_QUOTE = re.compile(r"「([^「」\n]{1,300})」|“([^“”\n]{1,300})”|\"([^\"\n]{1,300})\"")
# A mark after the full stop belongs to the sentence before it.
_TRAILING = re.compile(r"([。.！!？?])[ \t]{0,3}((?:\[[^\[\]\n]{1,120}\]|【[^【】\n]{1,120}】){1,5})")
_ID_LIKE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked of citations.

    cited: documents of which one at least has to be cited; empty means any. at_least: how many citations. quotes_from:
    a quotation of so many characters or more has to occur in a document; 0 asks nothing of quotations.
    support: overlap from which a document is taken to support the sentence that cites it; 0 asks nothing.
    by_title: whether the title of a document, written out in the answer, cites it.
    """

    cited: tuple[str, ...]
    at_least: int
    quotes_from: int
    support: float
    by_title: bool


def _read(fields: Fields) -> Sources:
    given = as_fields(fields, (), ("cited", "at_least", "quotes_from", "support", "by_title")).values
    return Sources(
        as_texts(given.get("cited"), 50),
        as_count(given["at_least"], 0, 50) if "at_least" in given else 1,
        as_count(given["quotes_from"], 0, 300) if "quotes_from" in given else 12,
        as_number(given["support"], 0.0, 1.0) if "support" in given else 0.0,
        as_flag(given.get("by_title"), True),
    )


def marks_of(text: str, documents: Sequence[Document]) -> tuple[frozenset[str], int]:
    """Return the ids of documents that the marks in a text name, and how many marks name none.

    A mark is [x], 【x】 or (出典: x); x is a document's id, its title, or its number in the order given. A bracket that
    holds no id-like word and no title is a remark, not a citation.
    """
    names: dict[str, str] = {}
    for number, document in enumerate(documents, 1):
        names[str(number)] = document.id
    for document in documents:
        names[comparable(document.title)] = document.id
    for document in documents:
        names[comparable(document.id)] = document.id
    found: set[str] = set()
    unknown = 0
    for count, match in enumerate(_MARK.finditer(text)):
        if count >= MAX_MARKS:
            break
        sourced = match.group(3) is not None
        inside = next(group for group in match.groups() if group is not None)
        for part in [inside, *_PARTS.split(inside)] if comparable(inside) in names else _PARTS.split(inside):
            led = _LEAD.match(part.strip())
            name = comparable(_LEAD.sub("", part.strip()))
            if name in names:
                found.add(names[name])
            elif name and (sourced or led or _cites(name, documents)):
                unknown += 1
    return frozenset(found), unknown


def _cites(name: str, documents: Sequence[Document]) -> bool:
    """Whether a bracketed word looks like the id of a document: a number, or a word with a digit like the ids given."""
    if name.isdigit():
        return len(name) <= 3
    return bool(_ID_LIKE.fullmatch(name)) and any(
        _shape(name) == _shape(comparable(document.id)) for document in documents
    )


def _shape(name: str) -> str:
    return re.sub(r"[a-z]+", "a", re.sub(r"[0-9]+", "0", name))


def overlap(sentence: str, document: str) -> float:
    """Return the share of a sentence's character pairs that occur in a document, from 0 to 1; blanks don't count."""
    said, given = comparable(sentence).replace(" ", ""), comparable(document).replace(" ", "")
    pairs = {said[at : at + 2] for at in range(len(said) - 1)}
    return sum(pair in given for pair in pairs) / len(pairs) if pairs else 0.0


def _score(expected: Sources, prompt: Prompt, answers: tuple[Answer, ...]) -> Finding:
    text = visible(answers[-1].text)
    documents = {document.id: document for document in prompt.documents}
    if not documents:
        return undecided(message("The probe gives no documents that could be cited."))
    cited, unknown = marks_of(text, prompt.documents)
    if expected.by_title:
        cited |= {each.id for each in prompt.documents if comparable(each.title) in comparable(text)}
    quotes, wrong = _quotations(text, expected.quotes_from, documents)
    numbers = {
        "cited": float(len(cited)),
        "unknown": float(unknown),
        "quotes": float(quotes),
        "wrong_quotes": float(wrong),
    }
    if unknown:
        return failed(message("{n} citations name no document that was given.", n=unknown), None, **numbers)
    if wrong:
        return failed(message("{n} quotations occur in no document that was given.", n=wrong), None, **numbers)
    if len(cited) < expected.at_least:
        return failed(
            message("{n} documents are cited, {m} are asked for.", n=len(cited), m=expected.at_least), None, **numbers
        )
    if expected.cited and not cited & set(expected.cited):
        return failed(message("None of the documents that hold the answer is cited."), None, **numbers)
    if expected.support:
        least = _least_support(text, documents)
        numbers["support"] = least
        if least < expected.support:
            return undecided(
                message("A sentence shares little with the document it cites (heuristic)."), None, **numbers
            )
    return passed(message("The citations exist, and so do the quotations."), None, **numbers)


def _quotations(text: str, length: int, documents: Mapping[str, Document]) -> tuple[int, int]:
    """Count the quotations that are long enough, and those that occur in no document."""
    if not length:
        return 0, 0
    given = [comparable(f"{document.title} {document.text}") for document in documents.values()]
    quoted = [comparable(next(filter(None, match.groups()))) for match in _QUOTE.finditer(text)]
    asked = [quote for quote in quoted if len(quote) >= length]
    return len(asked), sum(not any(quote.rstrip("。.") in document for document in given) for quote in asked)


def _least_support(text: str, documents: Mapping[str, Document]) -> float:
    """Return the smallest overlap of a sentence with the best of the documents it cites; 1.0 when none cites."""
    least = 1.0
    for sentence in sentences(_TRAILING.sub(r"\2\1", text)):
        cited, _ = marks_of(sentence, tuple(documents.values()))
        if cited:
            bare = _MARK.sub("", sentence)
            least = min(least, max(overlap(bare, documents[id_].text) for id_ in cited))
    return least


CITATIONS = SampleScorer("citations", "1", message("Citations and quotations exist in the documents"), _read, _score)
