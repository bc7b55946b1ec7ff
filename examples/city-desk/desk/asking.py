"""What a question asks for: which aspects of a subject, and which of its words name the subject itself."""

import re
from functools import cache
from typing import Final

from desk.documents import Aspect
from desk.text import Language, fold, grams, plain, weighed_grams
from desk.wordings import names, pattern, words

_DATE: Final = re.compile(r"[0-9]{4}年度?(?:の?[0-9]{1,2}月)?(?:[0-9]{1,2}日)?|[0-9]{1,2}月[0-9]{1,2}日")


def aspects(question: str, language: Language) -> frozenset[Aspect]:
    """Return what a question asks for; empty where it only names a subject."""
    folded, group = fold(question), f"asks_{language.value}"
    return frozenset(Aspect(name) for name in names(group) if pattern(group, name).search(folded))


def subject(question: str, language: Language) -> dict[str, bool]:
    """Return the grams of a question without those that only ask, each with whether it is soft (see `text`)."""
    if language is Language.EN:
        return {gram: soft for gram, soft in weighed_grams(question, language) if gram not in _asking_words()}
    bare = pattern("asking", "ja").sub(" ", _DATE.sub(" ", plain(question)))
    found: dict[str, bool] = {}
    for gram, soft in weighed_grams(bare, language):
        found[gram] = found.get(gram, True) and soft
    # One leftover character between two cuts is a particle, not a subject.
    return {gram: soft for gram, soft in found.items() if len(gram) > 1 or not soft}


def points_back(question: str, language: Language) -> bool:
    """Whether a question speaks of something said before."""
    return bool(pattern("asking", f"back_{language.value}").search(fold(question).strip()))


@cache
def _asking_words() -> frozenset[str]:
    return frozenset(gram for word in words("asking", "en") for gram in grams(word, Language.EN))
