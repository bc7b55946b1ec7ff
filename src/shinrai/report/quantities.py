"""Numbers and dates as people read them, in one language.

A value is stored in the unit of its metric, rates as fractions. Rates are shown as percentages, differences of rates as
percentage points, everything else as a plain number. Where rounding would make a value look equal to the limit it
is compared with, more decimals are shown.
"""

from datetime import date, datetime, timedelta
from enum import Enum
from math import isfinite

from shinrai.assess.assessment import Interval, MeasurementRecord, Share
from shinrai.language import Language, Message, message


class Unit(Enum):
    """How a number is shown: a percentage, percentage points, or as it is.

    CHANCE: a p value or a probability, which has no interval: where one is recorded, both ends are the value.
    """

    SHARE = "share"
    POINTS = "points"
    PLAIN = "plain"
    CHANCE = "chance"


_POINTS = {"difference", "gap", "adjusted_difference"}
_CHANCES = {"any_difference", "below_four_fifths"}
_COMPARISONS = {"difference", "ratio", "adjusted_difference", *_CHANCES}
_SHARES = {
    "accuracy",
    "selection_rate",
    "tpr",
    "fpr",
    "ppv",
    "missing",
    "duplicates",
    "constant",
    "leakage_suspects",
    "columns",
    "pass_rate",
    "agreement_rate",
}
_TALKED = {"pass_rate", "agreement_rate"}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MOST_DECIMALS = 6
_LEAST_CHANCE = 0.0001


def unit_of(metric: str) -> Unit:
    """Return the unit of a measurement's value. A metric unknown here is shown as the plain number that it is."""
    last = metric.rsplit(".", 1)[-1]
    if last in _POINTS:
        return Unit.POINTS
    if last in _CHANCES:
        return Unit.CHANCE
    return Unit.SHARE if last in _SHARES else Unit.PLAIN


def of_conversation(metric: str) -> bool:
    """Whether a metric is one of conversations: of samples, not of rows."""
    return metric.rpartition(".")[2] in _TALKED


def unit_of_groups(metric: str) -> Unit:
    """Return the unit of the groups' own values: a difference or ratio of rates has groups that are rates."""
    rate, _, comparison = metric.rpartition(".")
    return unit_of(rate) if rate and comparison in _COMPARISONS else unit_of(metric)


def number(value: float | None, unit: Unit, *, against: float | None = None) -> Message:
    """Show one number; None and what is not finite is a dash, never a zero."""
    if value is None or not isfinite(value):
        return message("—")
    shown = _digits(value, unit, against)
    if unit is Unit.SHARE:
        return message("{number}%", number=shown)
    if unit is Unit.POINTS:
        return message("{number} points", number=shown)
    return message("{number}", number=shown)


def interval(bounds: Interval | None, unit: Unit, *, against: float | None = None) -> Message:
    """Show an interval with its level, such as `95% interval 1.0% to 2.0%`."""
    if bounds is None or unit is Unit.CHANCE:
        return message("no interval")
    return message(
        "{level}% interval {range}", level=f"{bounds.level * 100:g}", range=span(bounds, unit, against=against)
    )


def span(bounds: Interval | None, unit: Unit, *, against: float | None = None) -> Message:
    """Show the two ends of an interval; points are named once, and no interval is a dash."""
    if bounds is None or unit is Unit.CHANCE:
        return message("—")
    low = number(bounds.low, unit, against=against)
    if unit is Unit.POINTS and isfinite(bounds.low):
        low = message("{number}", number=_digits(bounds.low, unit, against))
    return message("{low} to {high}", low=low, high=number(bounds.high, unit, against=against))


def limit(record: MeasurementRecord) -> Message:
    """Show the decision rule of a measurement."""
    if record.comparison is None or record.limit is None:
        return message("no limit; this number informs only")
    bound = number(record.limit, unit_of(record.metric))
    if record.comparison == "at_most":
        return message("at most {limit}", limit=bound)
    return message("at least {limit}", limit=bound)


def share(part_of_whole: Share) -> Message:
    """Show part of whole as counts with a percentage; of nothing there is no percentage."""
    if part_of_whole.whole == 0:
        return message("0 of 0")
    return message(
        "{part} of {whole} ({percent}%)",
        part=count(part_of_whole.part),
        whole=count(part_of_whole.whole),
        percent=f"{100 * part_of_whole.part / part_of_whole.whole:.1f}",
    )


def count(n: int | None) -> str:
    """Show a count with digit groups; None is a dash."""
    return "—" if n is None else f"{n:,}"


def day(when: date, language: Language) -> str:
    """Show a date: 2026年11月20日 or 20 November 2026."""
    if language is Language.JA:
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def moment(when: datetime, language: Language) -> str:
    """Show a date with time and zone; a time without zone is shown without one."""
    offset = when.utcoffset()
    if offset is None:
        zone = ""
    elif offset == timedelta(0):
        zone = " UTC"
    else:
        zone = f" UTC{when:%z}"
    return f"{day(when.date(), language)} {when:%H:%M}{zone}"


def _digits(value: float, unit: Unit, against: float | None) -> str:
    if unit is Unit.CHANCE:
        return _chance(value)
    factor, decimals = (1, 3) if unit is Unit.PLAIN else (100, 1)
    scaled = value * factor
    # A small share keeps a second decimal, so that 0.04 % does not read as none.
    if factor != 1 and scaled != 0 and abs(scaled) < 1:
        decimals += 1
    if against is not None and against != value and isfinite(against):
        while decimals < _MOST_DECIMALS and f"{scaled:.{decimals}f}" == f"{against * factor:.{decimals}f}":
            decimals += 1
    text = f"{scaled:,.{decimals}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "\u2212")


def _chance(value: float) -> str:
    """Show a chance with four decimals; one that is not quite 0 or 1 is not shown as either."""
    if 0 < value < _LEAST_CHANCE / 2:
        return f"< {_LEAST_CHANCE}"
    if 1 - _LEAST_CHANCE / 2 < value < 1:
        return f"> {1 - _LEAST_CHANCE}"
    return f"{value:.4f}"
