"""Slips of the hand and of the input method in Japanese. Numbers, Latin letters and marks stay as they are."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.scorers.settings import as_count
from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied
from shinrai.frameworks.located import Fields, as_choice, as_fields, as_tuple
from shinrai.language import message

MAX_EDITS = 5
MAX_WAYS = 5


class Slip(StrEnum):
    """A kind of slip."""

    PARTICLE = "dropped_particle"
    SWAP = "swapped_kana"
    DOUBLE = "doubled_kana"
    VOICING = "dropped_voicing"
    HOMOPHONE = "wrong_conversion"
    ROMAJI = "romaji_left_over"


@dataclass(frozen=True, slots=True)
class Typos:
    """slips: kinds to draw from. edits: slips per text asked. ways: variations per probe."""

    slips: tuple[Slip, ...]
    edits: int
    ways: int


# One slip at a place of a text: where it begins and ends, and what stands there then.
_Slip = tuple[int, int, str]

# は, が, を and に between content words; elsewhere the same kana may be part of a word.
_PARTICLE = re.compile(r"(?<=[一-龯々ァ-ヶー])[はがをに](?=[一-龯々ァ-ヶー])")
_KANA_RUN = re.compile(r"[ぁ-ん]{3,}")
_HOMOPHONES = (
    ("以外", "意外"),
    ("機会", "機械"),
    ("保証", "保障"),
    ("申請", "新生"),
    ("証明", "照明"),
    ("手数料", "手数両"),
    ("住民票", "住民表"),
    ("収集", "招集"),
    ("回収", "改修"),
    ("届出", "届で"),
    ("転入", "点入"),
    ("窓口", "窓愚痴"),
    ("保育園", "保育円"),
    ("期限", "起源"),
    ("料金", "両金"),
    ("受付", "受漬け"),
    ("相談", "早段"),
    ("予約", "余薬"),
    ("再発行", "再発効"),
    ("必要", "筆用"),
)
_ROMAJI = (("です", "でs"), ("ます", "まs"), ("ください", "くだsあい"), ("たい", "たi"), ("ない", "なi"))


def _particles(text: str) -> list[_Slip]:
    return [(match.start(), match.end(), "") for match in _PARTICLE.finditer(text)]


def _swaps(text: str) -> list[_Slip]:
    return [
        (at, at + 2, text[at + 1] + text[at])
        for run in _KANA_RUN.finditer(text)
        for at in range(run.start(), run.end() - 1)
        if text[at] != text[at + 1]
    ]


def _doubles(text: str) -> list[_Slip]:
    return [(at, at + 1, text[at] * 2) for run in _KANA_RUN.finditer(text) for at in range(run.start() + 1, run.end())]


def _voicings(text: str) -> list[_Slip]:
    found = []
    for run in _KANA_RUN.finditer(text):
        for at in range(run.start(), run.end()):
            parts = unicodedata.normalize("NFD", text[at])
            if len(parts) == 2:
                found.append((at, at + 1, parts[0]))
    return found


def _pairs(pairs: tuple[tuple[str, str], ...]) -> Callable[[str], list[_Slip]]:
    def places(text: str) -> list[_Slip]:
        return [
            (match.start(), match.end(), wrong)
            for right, wrong in pairs
            for match in re.finditer(re.escape(right), text)
        ]

    return places


_PLACES: dict[Slip, Callable[[str], list[_Slip]]] = {
    Slip.PARTICLE: _particles,
    Slip.SWAP: _swaps,
    Slip.DOUBLE: _doubles,
    Slip.VOICING: _voicings,
    Slip.HOMOPHONE: _pairs(_HOMOPHONES),
    Slip.ROMAJI: _pairs(_ROMAJI),
}


def slipped(text: str, how: Typos, draws: Draws) -> tuple[str, tuple[Change, ...]]:
    """Return a text with at most how.edits slips, no two at one place, and what was changed."""
    places = [place for slip in how.slips for place in _PLACES[slip](text)]
    chosen: list[_Slip] = []
    while places and len(chosen) < how.edits:
        one = draws.pick(places)
        chosen.append(one)
        places = [place for place in places if place[1] <= one[0] or place[0] >= one[1]]
    made, changes = text, []
    for start, end, instead in sorted(chosen, reverse=True):
        changes.append(
            Change.of(_around(text, start, end), text[max(0, start - 2) : start] + instead + text[end : end + 2])
        )
        made = made[:start] + instead + made[end:]
    return made, tuple(reversed(changes))


def _around(text: str, start: int, end: int) -> str:
    return text[max(0, start - 2) : end + 2]


def _read(fields: Fields) -> Typos:
    given = as_fields(fields, (), ("slips", "edits", "ways")).values
    slips = as_tuple(given["slips"], lambda node: as_choice(node, Slip)) if "slips" in given else tuple(Slip)
    return Typos(
        slips,
        as_count(given["edits"], 1, MAX_EDITS) if "edits" in given else 1,
        as_count(given["ways"], 1, MAX_WAYS) if "ways" in given else 1,
    )


def _vary(how: Typos, said: Said, draws: Draws) -> Iterator[Varied]:
    for way in range(1, how.ways + 1):
        made, changes = slipped(said.texts[said.asked], how, draws)
        texts = (*said.texts[: said.asked], made, *said.texts[said.asked + 1 :])
        yield Varied(str(way), texts, changes)


TYPOS = Operator("typos", "1", message("Slips in Japanese text"), _read, _vary)
