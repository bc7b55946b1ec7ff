"""The language scorer: is an answer in Japanese, in English, or in something else? By script and common words.

Source of the idea: script statistics tell Japanese from Chinese by kana; function words tell English from other
languages in Latin letters (after Grefenstette 1995, "Comparing two language identification schemes").
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.sample import Answer, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer, failed, passed, undecided
from shinrai.evaluate.scorers.settings import as_number
from shinrai.evaluate.scorers.wording import visible
from shinrai.frameworks.located import Fields, as_choice, as_fields
from shinrai.language import message

_IGNORED = re.compile(r"```.{0,20000}?```|`[^`\n]{0,200}`|https?://\S{1,500}|[\w.+-]{1,64}@[\w.-]{1,255}", re.DOTALL)
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff々]")
_LATIN_WORD = re.compile("[A-Za-zÀ-ɏ]+(?:'[A-Za-z]+)?")
_OTHER_LETTER = re.compile("[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0900-\u0e7f\u1100-\u11ff\uac00-\ud7af]")
# Simplified forms that Japanese does not use.
_SIMPLIFIED = re.compile("[们这说时会对发开关问题东车书语认请让给还进远边过业务单样应该际议证话诉读谢]")
_COMMON_ENGLISH = re.compile(
    "the|of|and|to|in|is|you|that|it|for|on|are|with|as|at|be|this|have|from|or|by|not|but|what|all|were|we|when|your|can|"
    "there|an|which|do|how|if|will|up|other|about|out|many|then|them|would|like|so|these|her|him|has|two|more|could|go|no|"
    "way|my|than|been|who|its|now|i|a|he|she|they|please|yes|sorry|cannot|may|our|their|any|after|before|only|office|day|"
    "days|card|apply|open|closed|.{1,20}(?:n't|'s|'re|'ll)",
    re.IGNORECASE,
)
_ACCENTED = re.compile("[À-ɏ]")
MIXED_SHARE = 0.25
"""Share of the other language's letters from which an answer counts as mixed."""


class Spoken(StrEnum):
    """What an answer is written in."""

    JA = "ja"
    EN = "en"
    OTHER = "other"
    MIXED = "mixed"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Tongue:
    """language: the right one, ja or en. mixed_share: share of the other from which the answer is mixed."""

    language: Spoken
    mixed_share: float


def _read(fields: Fields) -> Tongue:
    given = as_fields(fields, ("language",), ("mixed_share",)).values
    share = as_number(given["mixed_share"], 0.01, 0.5) if "mixed_share" in given else MIXED_SHARE
    language = as_choice(given["language"], _Right)
    return Tongue(Spoken(language.value), share)


class _Right(StrEnum):
    JA = "ja"
    EN = "en"


def spoken(text: str, mixed_share: float = MIXED_SHARE) -> tuple[Spoken, dict[str, float]]:
    """Return the language of a text and the numbers it rests on. Code, addresses and numbers don't count."""
    plain = _IGNORED.sub(" ", visible(text))
    kana, han, other = len(_KANA.findall(plain)), len(_HAN.findall(plain)), len(_OTHER_LETTER.findall(plain))
    words = _LATIN_WORD.findall(plain)
    # A Japanese sentence of the same meaning takes about as many kana and kanji as an English one takes half-words.
    english = 2.0 * len(words)
    total = kana + han + other + english
    shares = {"kana": float(kana), "han": float(han), "latin_words": float(len(words)), "other_letters": float(other)}
    if total == 0:
        return Spoken.UNCLEAR, shares
    if other > total / 2:
        return Spoken.OTHER, shares
    if english >= total * (1 - mixed_share):
        return _latin(plain, words), shares
    if english > total * mixed_share and kana + han > 0:
        return (
            Spoken.MIXED if _latin(plain, words) is Spoken.EN and len(words) > 3 else _cjk(plain, kana, han)
        ), shares
    return _cjk(plain, kana, han), shares


def _cjk(plain: str, kana: int, han: int) -> Spoken:
    if kana == 0 or kana < han * 0.05:
        if len(_SIMPLIFIED.findall(plain)) >= 1:
            return Spoken.OTHER
        # A few characters can be a Japanese name or noun; a long text without kana is no Japanese.
        return Spoken.UNCLEAR if han <= 20 else Spoken.OTHER
    return Spoken.JA


def _latin(plain: str, words: list[str]) -> Spoken:
    common = sum(_COMMON_ENGLISH.fullmatch(word) is not None for word in words)
    if common / len(words) >= 0.2 and not len(_ACCENTED.findall(plain)) > len(words) * 0.2:
        return Spoken.EN
    return Spoken.UNCLEAR if len(words) < 6 else Spoken.OTHER


def _score(expected: Tongue, _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    found, numbers = spoken(answers[-1].text, expected.mixed_share)
    if found is Spoken.UNCLEAR:
        return undecided(message("The answer is too short to tell its language."), found.value, **numbers)
    if found is expected.language:
        return passed(message("The answer is in the right language."), found.value, **numbers)
    return failed(message("The answer is not in the right language."), found.value, **numbers)


LANGUAGE = SampleScorer("language", "1", message("The answer is in the right language"), _read, _score)
