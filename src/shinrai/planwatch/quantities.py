"""Values with their unit, periods and counts as people read them."""

from collections.abc import Iterable
from decimal import Decimal

from shinrai.language import Bilingual, Language, Message, message
from shinrai.planwatch.model import Interval, Observation, Period, Qualifier, Target
from shinrai.planwatch.words import DIRECTION
from shinrai.report.quantities import day


def listed(parts: Iterable[str], language: Language) -> str:
    """Join parts with the comma of a language."""
    return ("、" if language is Language.JA else ", ").join(parts)


def labelled(name: str, text: str, language: Language) -> str:
    """Put a name before a text with the colon of a language."""
    return f"{name}：{text}" if language is Language.JA else f"{name}: {text}"


def bracketed(text: str, aside: str, language: Language) -> str:
    """Put an aside behind a text with the brackets of a language."""
    return f"{text}（{aside}）" if language is Language.JA else f"{text} ({aside})"


def amount(value: Decimal, unit: Bilingual, qualifier: Qualifier = Qualifier.EXACT) -> Message:
    """Show a value such as `26.7%`, `200 people` or `about 2 times`; the source's own digits are kept."""
    shown = Bilingual(ja=f"{value:,f}{_unit_ja(unit.ja)}", en=f"{value:,f}{_unit_en(unit.en)}")
    if qualifier is Qualifier.EXACT:
        return message("{amount}", amount=shown)
    if qualifier is Qualifier.ABOUT:
        return message("about {amount}", amount=shown)
    return message("over {amount}", amount=shown)


def _unit_en(unit: str) -> str:
    return unit if unit == "%" else f" {unit}"


def _unit_ja(unit: str) -> str:
    # A unit in Latin letters stands apart from the number, one in Japanese does not.
    return f" {unit}" if unit[:1].isascii() and unit != "%" else unit


def uncertainty(value: Observation, unit: Bilingual) -> Message:
    """Show number of answers and interval, or say that the source gives none."""
    n = message("n not given") if value.n is None else message("n = {n}", n=f"{value.n:,}")
    if value.interval is None:
        return message("{n}, interval not given", n=n)
    return message("{n}, {interval}", n=n, interval=_interval(value.interval, unit))


def _interval(interval: Interval, unit: Bilingual) -> Message:
    return message(
        "{level}% interval {low} to {high}",
        level=f"{interval.level:f}",
        low=amount(interval.low, unit),
        high=amount(interval.high, unit),
    )


def aim(target: Target, unit: Bilingual) -> Message:
    """Show a target such as `60% or more`."""
    shown = amount(target.value, unit, target.qualifier)
    return message("{amount} {direction}", amount=shown, direction=DIRECTION[target.direction])


def period(when: Period, language: Language) -> str:
    """Show a period in a language: a day in words, months, years and fiscal years as Japanese offices write them."""
    if when.first == when.last:
        return day(when.first, language)
    if when.text.startswith("FY"):
        return f"{when.first.year}年度" if language is Language.JA else f"FY{when.first.year}"
    if "/" in when.text:
        first, _, last = when.text.partition("/")
        return f"{_month(first, language)}–{_month(last, language)}"
    return _month(when.text, language)


def _month(text: str, language: Language) -> str:
    year, _, month = text.partition("-")
    if language is Language.EN:
        return text
    return f"{year}年{int(month)}月" if month else f"{year}年"
