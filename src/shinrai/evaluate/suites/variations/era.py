"""Years of the Japanese eras and of the common calendar, exchanged in a text; months and days stay as they are.

Years from 1873, the first Gregorian one, to 2099. A year is only exchanged where the text leaves no doubt: 1989 alone
is 昭和64 or 平成元, so it stays, and 1989年1月8日 becomes 平成元年1月8日. Eras begin on the day of the change.
Source: Era Name Act (Act No. 43 of 1979) and the cabinet orders of 1989 and 2019; imperial edicts of 1912 and 1926.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied, rewritten
from shinrai.frameworks.located import Fields, as_choice, as_fields
from shinrai.language import message


class Calendar(StrEnum):
    """By what years are counted."""

    WESTERN = "western"
    ERA = "era"


@dataclass(frozen=True, slots=True)
class Era:
    """An era: its first day that is exchanged, and the year that is its first."""

    name: str
    begins: date
    first_year: int


ERAS = (
    Era("明治", date(1873, 1, 1), 1868),
    Era("大正", date(1912, 7, 30), 1912),
    Era("昭和", date(1926, 12, 25), 1926),
    Era("平成", date(1989, 1, 8), 1989),
    Era("令和", date(2019, 5, 1), 2019),
)
_MONTH_DAY = r"(?=年(?:\s?([0-9０-９]{1,2})\s?月(?:\s?([0-9０-９]{1,2})\s?日)?)?)"
_ERA_YEAR = re.compile(
    rf"({'|'.join(era.name for era in ERAS)})\s?(元|[0-9０-９]{{1,2}}|[一二三四五六七八九十]{{1,3}})\s?{_MONTH_DAY}"
)
_WESTERN_YEAR = re.compile(rf"(?<![0-9０-９.])(?:西暦\s?)?((?:1[89]|20)[0-9]{{2}})\s?{_MONTH_DAY}")
_KANJI_DIGITS = {sign: value for value, sign in enumerate("一二三四五六七八九", 1)}


def to_western(text: str) -> tuple[str, tuple[Change, ...]]:
    """Return a text with years of the common calendar for era years, and what was changed."""
    changes: list[Change] = []

    def exchange(match: re.Match[str]) -> str:
        era = next(each for each in ERAS if each.name == match.group(1))
        number = _number(match.group(2))
        year = era.first_year + number - 1
        span = _span(year, match.group(3), match.group(4)) if number else None
        if span is None or not any(each is era for each in _eras_of(span)):
            return match.group()
        changes.append(Change.of(match.group() + "年", f"{year}年"))
        return str(year)

    return _ERA_YEAR.sub(exchange, text), tuple(changes)


def to_era(text: str) -> tuple[str, tuple[Change, ...]]:
    """Return a text with era years for years of the common calendar, and what was changed."""
    changes: list[Change] = []

    def exchange(match: re.Match[str]) -> str:
        year = int(match.group(1))
        span = _span(year, match.group(2), match.group(3))
        eras = _eras_of(span) if span else ()
        if len(eras) != 1:
            return match.group()
        number = year - eras[0].first_year + 1
        said = f"{eras[0].name}{'元' if number == 1 else number}"
        changes.append(Change.of(match.group() + "年", said + "年"))
        return said

    return _WESTERN_YEAR.sub(exchange, text), tuple(changes)


def _number(text: str) -> int:
    """Return an era year's number: 元 is 1, digits of any width, kanji up to 九十九; 0 for kanji that are no number."""
    if text == "元":
        return 1
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _KANJI_DIGITS[text] if len(text) == 1 else 0
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return 0
    return 10 * _KANJI_DIGITS.get(tens, 1) + _KANJI_DIGITS.get(ones, 0)


def _span(year: int, month: str | None, day: str | None) -> tuple[date, date] | None:
    """Return the first and last day that year, month and day leave open; None for a day that does not exist."""
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        if day is None:
            return date(year, int(month), 1), date(year, int(month), monthrange(year, int(month))[1])
        return date(year, int(month), int(day)), date(year, int(month), int(day))
    except ValueError:
        return None


def _eras_of(span: tuple[date, date]) -> tuple[Era, ...]:
    """Return the eras that some day of a span lies in."""
    ends = [era.begins for era in ERAS[1:]] + [date.max]
    return tuple(era for era, end in zip(ERAS, ends, strict=True) if era.begins <= span[1] and span[0] < end)


def _read(fields: Fields) -> Calendar:
    return as_choice(as_fields(fields, ("to",)).values["to"], Calendar)


def _vary(to: Calendar, said: Said, _: Draws) -> Iterator[Varied]:
    yield rewritten(to.value, said, to_western if to is Calendar.WESTERN else to_era)


ERA = Operator("era", "1", message("Years of Japanese eras and of the common calendar"), _read, _vary)
