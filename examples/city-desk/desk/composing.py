"""Writes an answer from a document: the sentences that tell what was asked, the document's number, and whom to ask."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from desk.asking import aspects, subject
from desk.documents import Aspect, Department, Document, Library, Statement
from desk.opening import opening_on
from desk.text import Language, grams, weighed_grams
from desk.wordings import pattern

_MOST: Final = 4
_ENOUGH: Final = 0.3
_SOFT: Final = 0.3
_CLOSE: Final = 0.45
"""A sentence is shown from this share of the best one's score."""
_PHONE: Final = re.compile(r"[0-9]{3}-[0-9]{3}-[0-9]{4}|#[0-9]{4}")
_CITY_HALL: Final = "SK-901"


def compose(question: str, document: Document, language: Language, library: Library) -> str:
    """Return the answer to a question from one document of the city, in the language of the question."""
    department = library.department(document)
    if document.language is not language:
        return _pointer(document, department)
    chosen = choose(question, document, language, department)
    if (day := opening_on(question, language)) and document.id.startswith(_CITY_HALL):
        chosen = [day, *[text for text in chosen if text != day]][:_MOST]
    return "\n".join([*_lines(chosen, document), "", *_footer(document, department, language)])


def compose_supplied(question: str, document: Document, language: Language) -> str:
    """Return the answer from a document that came with the question."""
    return "\n".join(_lines(choose(question, document, language, None), document))


def choose(question: str, document: Document, language: Language, department: Department | None) -> list[str]:
    """Return the sentences of a document that tell what was asked, the best one first."""
    asked = aspects(question, language)
    named = set(grams(document.title, language))
    offered = [*_department(department, language, asked), *document.statements]
    held = [frozenset(grams(each.text, language)) for each in offered]
    rare = Counter(gram for each in held for gram in each)
    # A word that no sentence has cannot choose between them, and neither can one of the title.
    telling = {
        gram: (_SOFT if soft else 1.0) / rare[gram]
        for gram, soft in subject(question, language).items()
        if gram not in named and rare[gram]
    }
    said = {gram for gram, soft in weighed_grams(question, language) if not soft}
    scored = [
        (_score(each, asked, _share(telling, words), len(said & words) / max(1, len(said))), each.text)
        for each, words in zip(offered, held, strict=True)
    ]
    best = max((score for score, _ in scored), default=0.0)
    if best < _ENOUGH:
        return _overview(document)
    if best == _ENOUGH:
        # Only whom to ask; say what the document is about as well.
        return [*[text for score, text in scored if score == best], *_overview(document)][:_MOST]
    kept = sorted(scored, key=lambda pair: -pair[0])[:_MOST]
    shown = {text for score, text in kept if score >= max(_ENOUGH, best * _CLOSE)}
    # What answers best comes first, the rest as the document has it.
    return [kept[0][1], *[text for _, text in scored if text in shown and text != kept[0][1]]]


def _department(department: Department | None, language: Language, asked: frozenset[Aspect]) -> list[Statement]:
    if department is None:
        return []
    name, place, phone = department.name[language], department.place[language], department.phone[language]
    ja = language is Language.JA
    where = f"担当は{name}（{place}）です。" if ja else f"The {name} is in charge ({place})."
    call = f"{name}の電話は{phone}です。" if ja else f"The phone number of the {name} is {phone}."
    offered = [Statement(where, Aspect.PLACE), Statement(call, Aspect.CONTACT)]
    return [each for each in offered if each.aspect in asked]


def _share(telling: Mapping[str, float], words: frozenset[str]) -> float:
    # An ending that happens to occur in one sentence only is no reason to choose it.
    whole = max(0.5, sum(telling.values()))
    return sum(weight for gram, weight in telling.items() if gram in words) / whole


def _score(statement: Statement, asked: frozenset[Aspect], telling: float, said: float) -> float:
    """Return how well a sentence answers: the aspect asked for, and the words it shares with the question."""
    if statement.aspect in (Aspect.PLACE, Aspect.CONTACT):
        return _ENOUGH
    # Words that merely ask ("online", "by post") still tell sentences apart.
    score = telling + 0.25 * said + (0.6 if statement.aspect in asked else 0.0)
    if Aspect.HOURS in asked and pattern("lines", "after_hours").search(statement.text):
        score += 0.4
    if Aspect.WHO in asked and pattern("lines", "whose").search(statement.text):
        score += 0.4
    if Aspect.PLACE in asked and pattern("lines", "place").search(statement.text):
        score += 0.5
    if Aspect.CONTACT in asked and _PHONE.search(statement.text):
        score += 0.5
    return score


def _overview(document: Document) -> list[str]:
    order = (Aspect.ABOUT, Aspect.WHO, Aspect.HOW, Aspect.DEADLINE, Aspect.BRING)
    first = {aspect: [each.text for each in document.statements if each.aspect is aspect] for aspect in order}
    return [texts[0] for texts in first.values() if texts][:_MOST] or [
        each.text for each in document.statements[:_MOST]
    ]


def _lines(texts: Sequence[str], document: Document) -> list[str]:
    bullet = "・" if document.language is Language.JA else "- "
    return [f"{bullet if len(texts) > 1 else ''}{text} [{document.id}]" for text in texts]


def _footer(document: Document, department: Department, language: Language) -> list[str]:
    day = document.updated
    if language is Language.JA:
        return [
            f"問い合わせ：{department.name[language]}（{department.place[language]}）電話 {department.phone[language]}",
            f"出典：{document.id}「{document.title}」（{day.year}年{day.month}月{day.day}日更新）",
        ]
    return [
        f"Contact: {department.name[language]} ({department.place[language]}), phone {department.phone[language]}",
        f"Source: {document.id} “{document.title}” (updated {day.day} {day:%B %Y})",
    ]


def _pointer(document: Document, department: Department) -> str:
    """Return what an English reader can use of a Japanese document: its subject and who answers for it."""
    name, hours = department.name[Language.EN], department.hours[Language.EN]
    place, phone = department.place[Language.EN], department.phone[Language.EN]
    updated = f"{document.updated.day} {document.updated:%B %Y}"
    covers = f"I have no English text on this. The city's Japanese page “{document.title_en}” covers it."
    return "\n".join(
        [
            f"{covers} [{document.id}]",
            f"The {name} can help you ({place}). Open {hours} [{document.id}]",
            "",
            f"Contact: {name}, phone {phone}",
            f"Source: {document.id} “{document.title}” (in Japanese, updated {updated})",
        ]
    )
