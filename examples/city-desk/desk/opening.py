"""Whether the city hall is open on a day that a question names. It never asks the clock, so answers stay the same."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

import yaml

from desk.documents import DOCUMENTS
from desk.text import Language, fold

_WEEKDAYS_JA: Final = "月火水木金土日"
_MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH: Final = "|".join(_MONTHS)
_DATES: Final = (
    re.compile(r"(?:(?P<y>[0-9]{4})年)?(?P<m>[0-9]{1,2})月(?P<d>[0-9]{1,2})日"),
    re.compile(r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})[-/](?P<d>[0-9]{1,2})"),
    re.compile(rf"(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{_MONTH})(?:,? (?P<y>[0-9]{{4}}))?"),
    re.compile(rf"(?P<m>{_MONTH}) (?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y>[0-9]{{4}}))?"),
)


@dataclass(frozen=True, slots=True)
class _Calendar:
    holidays: dict[int, frozenset[str]]
    closed_from: str
    closed_to: str


@cache
def _calendar() -> _Calendar:
    given = yaml.safe_load((DOCUMENTS / "calendar.yaml").read_text(encoding="utf-8"))
    holidays = {int(year): frozenset(days) for year, days in given["holidays"].items()}
    return _Calendar(holidays, given["year_end"]["from"], given["year_end"]["to"])


def opening_on(question: str, language: Language) -> str | None:
    """Return a sentence on the day a question names, None where it names none or the day cannot be told."""
    folded = fold(question)
    for pattern in _DATES:
        if match := pattern.search(folded):
            month = _MONTHS.index(match["m"]) + 1 if match["m"] in _MONTHS else int(match["m"])
            year = int(match["y"]) if match["y"] else None
            return _sentence(year, month, int(match["d"]), language)
    return None


def _sentence(year: int | None, month: int, day: int, language: Language) -> str | None:
    calendar = _calendar()
    key = f"{month:02d}-{day:02d}"
    year_end = key >= calendar.closed_from or key <= calendar.closed_to
    if year is None:
        return _closed(f"{month}月{day}日", f"{day} {_MONTHS[month - 1].title()}", language) if year_end else None
    try:
        when = date(year, month, day)
    except ValueError:
        return None
    ja = f"{year}年{month}月{day}日（{_WEEKDAYS_JA[when.weekday()]}）"
    en = f"{when:%A}, {day} {_MONTHS[month - 1].title()} {year}"
    if year_end or key in calendar.holidays.get(year, ()):
        return _closed(ja, en, language)
    if when.weekday() == 6 and 8 <= day <= 14:
        return (
            f"{ja}は休みですが、第2日曜のため市民課は9:00–12:00に開きます。"
            if language is Language.JA
            else f"On {en} the city hall is closed, but the Citizens Division is open 9:00–12:00 (second Sunday)."
        )
    if when.weekday() >= 5:
        return _closed(ja, en, language)
    if year not in calendar.holidays:
        return None
    late = when.weekday() == 3
    if language is Language.JA:
        return f"{ja}は、8:30–17:15に開いています" + ("（市民課は19:00まで）。" if late else "。")
    return f"On {en} the city hall is open 8:30–17:15" + (" (Citizens Division until 19:00)." if late else ".")


def _closed(ja: str, en: str, language: Language) -> str:
    return f"{ja}は、市役所は休みです。" if language is Language.JA else f"On {en} the city hall is closed."
