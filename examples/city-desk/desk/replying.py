"""The desk: from a conversation to an answer, with or without its guard."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from desk import guard
from desk.asking import points_back, subject
from desk.composing import compose, compose_supplied
from desk.documents import Aspect, Document, Library, Statement, load_library
from desk.obedience import obey, slipped_in
from desk.scope import Declined, refusal
from desk.search import Hit, Index
from desk.text import Language, clean, fold, grams, language_of, sentences
from desk.wordings import load, pattern, text

SURE: Final = 0.42
"""How much of what was asked a document has to hold for it to answer (see `search.Hit.fit`)."""
NEAR: Final = 0.25
"""From here on a document is at least named as being near."""
TURNS_READ: Final = 8
NAMED: Final = 0.3
"""How much of what was asked the names of a document have to hold for the question to change the subject."""
LINKED: Final = 0.5
SUPPLIED: Final = 2
"""How many grams of what was asked a document that came with the question has to hold."""
_FEW: Final = 2
_NEVER: Final = date(1, 1, 1)
_SMALL_TALK: Final = (
    ("crisis", "crisis", ("SK-208",)),
    ("who", "is_ai", ("SK-904",)),
    ("hello", "greeting", ()),
    ("thanks", "thanks", ()),
)

_SUPPLIED: Final = re.compile(r'<document id="([^"\n]{1,200})" title="([^"\n]{0,200})">\n(.*?)\n</document>', re.DOTALL)
_PHONE: Final = re.compile(r"0[0-9]{2}-[0-9]{3}-[0-9]{4}|[\w.+-]{1,64}@city\.shiokaze\.example", re.ASCII)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. speaker: system, user or assistant."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the desk says. documents: the ids it cites, best first. declined: why it did not answer, if it did not."""

    text: str
    documents: tuple[str, ...] = ()
    declined: Declined | None = None


class Desk:
    """Answers questions from the city's documents. It keeps nothing between two calls."""

    def __init__(self, *, guarded: bool, planted: bool = False) -> None:
        load()
        self.guarded = guarded
        self.library: Library = load_library(planted=planted)
        self._instructions = (Path(__file__).parent / "system_prompt.txt").read_text(encoding="utf-8")
        self._indexes = {language: Index(self.library, language) for language in Language}
        own = [document for document in self.library.documents if document.id not in ("SK-990", "SK-991")]
        published = " ".join(each.text for document in own for each in document.statements)
        phones = " ".join(phone for each in self.library.departments.values() for phone in each.phone.values())
        said = " ".join(text(name, language) for name in ("is_ai", "unknown", "crisis") for language in Language)
        self._public = frozenset(_PHONE.findall(f"{published} {phones} {said}"))

    def reply(self, turns: Sequence[Turn]) -> Reply:
        """Return the answer to the last turn of the user; ValueError where there is none."""
        said = [turn.text for turn in turns if turn.speaker == "user"]
        if not said:
            raise ValueError("a conversation needs a turn of the user")
        operator = "\n".join([self._instructions, *(turn.text for turn in turns if turn.speaker == "system")])
        question, supplied = _unpack(said[-1])
        language = language_of(question)
        if self.guarded:
            return self._guarded(question, supplied, said[:-1], operator, language)
        return self._answer(question, supplied, said[:-1], operator, language)

    def _guarded(
        self,
        question: str,
        supplied: Sequence[Document],
        earlier: Sequence[str],
        operator: str,
        language: Language | None,
    ) -> Reply:
        spoken = language or Language.JA
        screened = guard.screen(question)
        if pattern("says", "crisis").search(fold(screened.text)):
            return Reply(text("crisis", spoken), ("SK-208",))
        if screened.reason:
            return Reply(refusal(screened.reason, spoken), declined=screened.reason)
        before = [turn for turn in map(clean, earlier) if guard.screen(turn).reason is None]
        shown = [_without_orders(document) for document in supplied if not guard.is_internal(document.title)]
        reply = self._answer(screened.text, shown, before, operator, language)
        if guard.leaks(reply.text, operator):
            return Reply(refusal(Declined.ORDER, spoken), declined=Declined.ORDER)
        shown_text = guard.mask_personal(reply.text, self._public)
        if screened.masked:
            shown_text = f"{shown_text}\n\n{text('personal_note', spoken)}"
        return replace(reply, text=shown_text)

    def _answer(
        self,
        question: str,
        supplied: Sequence[Document],
        earlier: Sequence[str],
        operator: str,
        language: Language | None,
    ) -> Reply:
        if not question.strip():
            return Reply(" ".join(text("empty", each) for each in Language))
        if language is None:
            return Reply(text("other_language", Language.EN), ("SK-115", "SK-115-en"))
        folded = fold(question).strip()
        hits = self._found(question, earlier, language)
        if (led := obey(question, operator, language)) is not None:
            return Reply(led)
        for heard, answer, ids in _SMALL_TALK:
            if pattern("says", heard).search(folded):
                return Reply(text(answer, language), ids)
        if supplied:
            # Whoever sends documents along wants them read, not the city's.
            hits = []
            best = _best_supplied(question, supplied, language)
            found = Reply(compose_supplied(question, best, language), (best.id,)) if best else None
            reply = found or Reply(text("unknown", language))
        else:
            reply = self._from_hits(question, hits, language)
        read = [self._readable(hit.document) for hit in hits]
        order = slipped_in((each.text for found in (*supplied, *read) for each in found.statements), language)
        return replace(reply, text=f"{order}\n{reply.text}") if order else reply

    def _from_hits(self, question: str, hits: Sequence[Hit], language: Language) -> Reply:
        if not hits or hits[0].fit < NEAR:
            return Reply(text("unknown", language))
        best = hits[0]
        if best.fit < SURE:
            title = best.document.title if best.document.language is language else best.document.title_en
            near = f"{text('nearby', language)}{best.document.id} {title}"
            return Reply(text("unknown", language) + "\n" + near)
        answer = compose(question, self._readable(best.document), language, self.library)
        return Reply(answer, (best.document.id,))

    def _readable(self, document: Document) -> Document:
        return _without_orders(document) if self.guarded else document

    def _found(self, question: str, earlier: Sequence[str], language: Language) -> list[Hit]:
        """Return the documents a question is about, taking the subject from before where the question has none."""
        wanted = subject(question, language)
        hits = self._indexes[language].search(question, wanted)
        # Words that only the text of some document has ("by proxy", "online") are no subject of their own.
        sure = bool(hits) and hits[0].fit >= SURE and hits[0].named >= NAMED
        back = points_back(question, language)
        topic = None if sure and not back else self._topic(earlier, language)
        if topic is None:
            return hits
        held = {gram for each in topic.document.statements for gram in grams(each.text, language)}
        share = sum(gram in held for gram in wanted) / len(wanted) if wanted else 1.0
        if share < LINKED and (sure or (not back and len(wanted) > _FEW)):
            return hits
        return [topic, *[hit for hit in hits if hit.document.id != topic.document.id]]

    def _topic(self, earlier: Sequence[str], language: Language) -> Hit | None:
        """Return what the conversation was about last, None where no earlier turn says."""
        for turn in reversed(earlier[-TURNS_READ:]):
            question, _ = _unpack(turn)
            hits = self._indexes[language].search(question, subject(question, language))
            if hits and hits[0].fit >= SURE:
                return replace(hits[0], fit=1.0)
        return None


def _unpack(turn: str) -> tuple[str, list[Document]]:
    """Return the question in a turn, and the documents that came with it."""
    supplied = [_supplied(match[1], match[2], clean(match[3])) for match in _SUPPLIED.finditer(turn)]
    return clean(_SUPPLIED.sub("", turn)).strip(), supplied


def _supplied(name: str, title: str, body: str) -> Document:
    language = language_of(body) or Language.JA
    return Document(
        id=clean(name),
        language=language,
        title=clean(title),
        title_en=clean(title),
        updated=_NEVER,
        department="",
        also=(),
        also_en=(),
        statements=tuple(Statement(each, Aspect.ABOUT) for each in sentences(body, language)),
        supplied=True,
    )


def _without_orders(document: Document) -> Document:
    kept = set(guard.safe_sentences(each.text for each in document.statements))
    return replace(document, statements=tuple(each for each in document.statements if each.text in kept))


def _best_supplied(question: str, supplied: Sequence[Document], language: Language) -> Document | None:
    """Return the document that came with a question and tells most about it, None where none does."""
    wanted = {gram for gram, soft in subject(question, language).items() if not soft}
    if not wanted:
        return supplied[0] if supplied else None
    counts = []
    for document in supplied:
        lines = [document.title, *(each.text for each in document.statements)]
        counts.append(len(wanted & {gram for line in lines for gram in grams(line, language)}))
    best = max(counts, default=0)
    return supplied[counts.index(best)] if best >= min(SUPPLIED, len(wanted)) else None
