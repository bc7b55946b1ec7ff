"""Other wordings: paraphrases that a suite gives, kana for kanji, and the register of politeness."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.scorers.settings import named_texts
from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied, rewritten
from shinrai.frameworks.located import Fields, as_choice, as_fields
from shinrai.language import message

MAX_READINGS = 500


def _read_nothing(fields: Fields) -> None:
    as_fields(fields, ())


def _paraphrases(_: None, said: Said, __: Draws) -> Iterator[Varied]:
    for number, other in enumerate(said.paraphrases, 1):
        texts = (*said.texts[: said.asked], other, *said.texts[said.asked + 1 :])
        yield Varied(str(number), texts, (Change.of(said.texts[said.asked], other),))


class Script(StrEnum):
    """How words are written."""

    KANA = "kana"
    KANJI = "kanji"


@dataclass(frozen=True, slots=True)
class Readings:
    """readings: kana by the kanji they are read for. to: what they are written in."""

    readings: Mapping[str, str]
    to: Script


def exchange_words(text: str, pairs: Mapping[str, str]) -> tuple[str, tuple[Change, ...]]:
    """Return a text with words exchanged, the longest first, none of them twice."""
    changes: list[Change] = []

    def exchange(match: re.Match[str]) -> str:
        changes.append(Change.of(match.group(), pairs[match.group()]))
        return pairs[match.group()]

    either = "|".join(map(re.escape, sorted(pairs, key=lambda word: (-len(word), word))))
    return re.sub(either, exchange, text), tuple(changes)


def _read_kana(fields: Fields) -> Readings:
    given = as_fields(fields, ("readings",), ("to",)).values
    to = as_choice(given["to"], Script) if "to" in given else Script.KANA
    return Readings(named_texts(given["readings"], MAX_READINGS), to)


def _kana(how: Readings, said: Said, _: Draws) -> Iterator[Varied]:
    pairs = how.readings if how.to is Script.KANA else {kana: kanji for kanji, kana in how.readings.items()}
    yield rewritten(how.to.value, said, lambda text: exchange_words(text, pairs))


class Register(StrEnum):
    """How politely the user speaks: plainly, or as in a letter."""

    PLAIN = "plain"
    HUMBLE = "humble"


# Endings whose other register has the same meaning whatever stands before them. 「どこですか」 must not become
# 「どこか」, which means "somewhere"; 「どこ？」 is safe.
_VERBS = {
    "でき": "できる",
    "あり": "ある",
    "なり": "なる",
    "かかり": "かかる",
    "もらえ": "もらえる",
    "使え": "使える",
    "出せ": "出せる",
    "受けられ": "受けられる",
    "借りられ": "借りられる",
    "捨てられ": "捨てられる",
    "届き": "届く",
    "間に合い": "間に合う",
    "要り": "要る",
    "てい": "ている",
    "でい": "でいる",
    "行け": "行ける",
    "取れ": "取れる",
    "払え": "払える",
    "変わり": "変わる",
    "始まり": "始まる",
    "終わり": "終わる",
    "開い": "開く",
}
_PLAIN = (
    *((f"{stem}ますでしょうか", f"{plain}？") for stem, plain in _VERBS.items()),
    *((f"{stem}ますか", f"{plain}？") for stem, plain in _VERBS.items()),
    *((f"{stem}ます", plain) for stem, plain in _VERBS.items()),
    ("のでしょうか", "の？"),
    ("んでしょうか", "の？"),
    ("のですか", "の？"),
    ("んですか", "の？"),
    ("でしょうか", "？"),
    ("ですか", "？"),
    ("たいです", "たい"),
    ("てください", "て"),
    ("でください", "で"),
)
_HUMBLE = (
    *((f"{stem}ますか", f"{stem}ますでしょうか") for stem in _VERBS),
    ("のですか", "のでしょうか"),
    ("ですか", "でしょうか"),
    ("たいです", "たく存じます"),
    ("てください", "ていただけますでしょうか"),
    ("でください", "でいただけますでしょうか"),
)
_SENTENCE_END = r"(?=[。？！?!\n]|$)"
# A plain question ends in its mark; the full stop that stood there goes.
_STOP = r"([。？?]?)"


def change_register(text: str, to: Register) -> tuple[str, tuple[Change, ...]]:
    """Return a text whose sentences end in another register where that is safe, and what was changed."""
    rules = dict(_PLAIN if to is Register.PLAIN else _HUMBLE)
    either = "|".join(map(re.escape, sorted(rules, key=lambda ending: -len(ending))))
    changes: list[Change] = []

    def exchange(match: re.Match[str]) -> str:
        ending, stop = match.group(1), match.group(2)
        other = rules[ending]
        made = other if other.endswith("？") else other + stop
        changes.append(Change.of(match.group(), made))
        return made

    return re.sub(f"(?<!ません)(?<!ませ)({either}){_SENTENCE_END}{_STOP}", exchange, text), tuple(changes)


def _read_register(fields: Fields) -> Register:
    return as_choice(as_fields(fields, ("to",)).values["to"], Register)


def _register(to: Register, said: Said, _: Draws) -> Iterator[Varied]:
    yield rewritten(to.value, said, lambda text: change_register(text, to))


PARAPHRASE = Operator("paraphrase", "1", message("Other wordings that the suite gives"), _read_nothing, _paraphrases)
KANA = Operator("kana", "1", message("Kana for kanji, or kanji for kana"), _read_kana, _kana)
REGISTER = Operator("register", "1", message("A plainer or a humbler register of Japanese"), _read_register, _register)
