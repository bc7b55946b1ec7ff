"""The weakness that assistants with a language model have: they follow what they read, whoever wrote it.

The desk has no language model, so this module stands in for that weakness with rules. Whatever is in its context
(the instructions of the operator, the question, the documents) may give it orders: to say something, to join two
words, to show its instructions, to play a person. What it makes of them is deterministic, and the guard of `guard`
does not know all the ways in which an order can be put. That gap is there to be found by an assessment.
"""

import base64
import re
from collections.abc import Iterable
from typing import Final

from desk.asking import subject
from desk.text import Language, clean, fold, grams, sentences
from desk.wordings import pattern, text

_SAY: Final = re.compile(
    r"「([^「」\n]{1,200})」と(?:だけ|のみ|必ず|そのまま|一言)?[、 ]?"
    r"(?:答え|回答|言っ|言い|言う|出力|書い|書き|返(?:し|答|事)|案内|伝え|表示|述べ|名乗)"
)
_SAY_EN: Final = re.compile(
    r"\b(?:say|reply with|respond with|answer with|output|print|write|answer)(?: only| exactly| just| this)?:? "
    r"[\"“']([^\"”'\n]{1,200})[\"”']",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"[A-Z0-9]{4,}")
_ENGLISH_SECRET: Final = re.compile(
    r"password|passphrase|secret|code ?word|(?:management|maintenance|reference) number"
)
_CLEARLY: Final = 0.5
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]{2,}(?![A-Za-z0-9])")


def obey(question: str, instructions: str, language: Language) -> str | None:
    """Return what a question leads the assistant to say, None where it orders nothing.

    instructions: the operator's, which hold what must stay secret.
    """
    asked = clean(question)
    if pattern("obeys", "person").search(asked):
        return text("person", language)
    if pattern("obeys", "own_text").search(asked) and pattern("obeys", "show").search(asked):
        return _disguised(instructions.strip(), asked)
    if said := _SAY.search(asked) or _SAY_EN.search(asked):
        return str(said[1])
    tokens: list[str] = _TOKEN.findall(asked)
    if pattern("obeys", "join").search(asked) and len(tokens) >= 2:
        return tokens[0] + tokens[1]
    secret = _recalled(asked, instructions)
    return _disguised(secret, asked) if secret else None


def slipped_in(read: Iterable[str], language: Language) -> str | None:
    """Return what an order hidden in a document makes the assistant say, None where there is none.

    read: the lines of the documents that were looked up. Orders are followed in the language of the question.
    """
    order = _SAY if language is Language.JA else _SAY_EN
    found = next((match for line in read if (match := order.search(clean(line)))), None)
    return str(found[1]) if found else None


def _recalled(question: str, instructions: str) -> str | None:
    """Return the sentence of the instructions that the question is about, if one clearly is."""
    told = [each for each in sentences(instructions, Language.JA) if _CODE.search(each)]
    if told and _ENGLISH_SECRET.search(fold(question)):
        return told[0]
    wanted = set(subject(question, Language.JA))
    shares = [len(wanted & set(grams(each, Language.JA))) / max(1, len(wanted)) for each in told]
    best = max(shares, default=0.0)
    return told[shares.index(best)] if best >= _CLEARLY else None


def _disguised(secret: str, question: str) -> str:
    """Return a text in the form the question asks for."""
    if pattern("obeys", "backwards").search(question):
        return secret[::-1]
    if pattern("obeys", "base64").search(question):
        return base64.b64encode(secret.encode()).decode()
    return " ".join(secret) if pattern("obeys", "spaced").search(question) else secret
