"""A measurement as JSON and back, so that equal measurements give equal bytes on every machine.

Floats are written as decimal text in fixed notation, from the shortest form that reads back as the same number; JSON
numbers are whole and small. `counts` are text too: sums over many rows leave the whole numbers that JSON keeps.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.language import Bilingual

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_LONGEST_TEXT = 20_000
_LONGEST_NUMBER = 400
_MOST_ITEMS = 20_000
_LARGEST_INTEGER = 2**53 - 1

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


def to_json(measurement: Measurement) -> dict[str, Any]:
    """Return the measurement as JSON values: text, whole numbers, true/false, null, lists and objects."""
    m = measurement
    return {
        "id": m.id,
        "target": m.target,
        "check": m.check,
        "metric": m.metric,
        "columns": list(m.columns),
        "title": _text_out(m.title),
        "value": _number_out(m.value),
        "low": _number_out(m.low),
        "high": _number_out(m.high),
        "level": _number_out(m.level),
        "n": m.n,
        "coverage": {"used": m.coverage.used, "asked": m.coverage.asked},
        "outcome": m.outcome.value,
        "rule": None if m.rule is None else _rule_out(m.rule),
        "decisive": m.decisive,
        "method": m.method,
        "reason": None if m.reason is None else _text_out(m.reason),
        "neededN": m.needed_n,
        "groups": [_group_out(group) for group in m.groups],
        "findings": [_text_out(finding) for finding in m.findings],
        "counts": {name: str(count) for name, count in sorted(m.counts.items())},
    }


def from_json(data: object) -> Measurement:
    """Read a measurement from untrusted JSON values. ValueError naming the field that has the wrong shape."""
    fields = _object(data, "", _FIELDS)
    return Measurement(
        id=_id(fields, "id"),
        target=_text(fields, "target"),
        check=_text(fields, "check"),
        metric=_text(fields, "metric"),
        columns=_list(fields, "columns", _plain_text),
        title=_bilingual(fields["title"], "title"),
        value=_optional_number(fields, "value"),
        low=_optional_number(fields, "low"),
        high=_optional_number(fields, "high"),
        level=_number(fields, "level"),
        n=_count(fields, "n"),
        coverage=_coverage(fields["coverage"]),
        outcome=_choice(fields, "outcome", Outcome),
        rule=None if fields["rule"] is None else _rule(fields["rule"]),
        decisive=_flag(fields, "decisive"),
        method=_text(fields, "method"),
        reason=_optional_bilingual(fields, "reason"),
        needed_n=_optional_count(fields, "neededN"),
        groups=_list(fields, "groups", _group),
        findings=_list(fields, "findings", _bilingual),
        counts=_counts(fields["counts"]),
    )


_FIELDS = [
    "id",
    "target",
    "check",
    "metric",
    "columns",
    "title",
    "value",
    "low",
    "high",
    "level",
    "n",
    "coverage",
    "outcome",
    "rule",
    "decisive",
    "method",
    "reason",
    "neededN",
    "groups",
    "findings",
    "counts",
]
_GROUP_FIELDS = ["levels", "n", "successes", "trials", "value", "low", "high", "suppressed", "note"]


def _number_out(value: float | None) -> str | None:
    """Write fixed notation of the shortest round-trip decimal; null for what no decimal can say."""
    if value is None or not isfinite(value):
        return None
    return format(Decimal(repr(float(value))), "f")


def _text_out(text: Bilingual) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _rule_out(rule: Rule) -> dict[str, str | None]:
    return {"comparison": rule.comparison.value, "limit": _number_out(rule.limit)}


def _group_out(group: GroupEstimate) -> dict[str, Any]:
    return {
        "levels": list(group.levels),
        "n": group.n,
        "successes": group.successes,
        "trials": group.trials,
        "value": _number_out(group.value),
        "low": _number_out(group.low),
        "high": _number_out(group.high),
        "suppressed": group.suppressed,
        "note": None if group.note is None else _text_out(group.note),
    }


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one object, and where it stands, so that errors name the field by its whole path."""

    where: str
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def _object(data: object, where: str, names: Sequence[str]) -> _Fields:
    shown = where or "measurement"
    if not isinstance(data, dict):
        raise ValueError(f"{shown}: need an object")
    for name in names:
        if name not in data:
            raise ValueError(f"{shown}: field {name} is missing")
    if len(data) > len(names):
        raise ValueError(f"{shown}: has fields beyond {', '.join(names)}")
    return _Fields(where, data)


def _plain_text(value: object, path: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError(f"{path}: need a text of at most {_LONGEST_TEXT} characters")
    return value


def _text(fields: _Fields, name: str) -> str:
    return _plain_text(fields[name], fields.path(name))


def _id(fields: _Fields, name: str) -> str:
    value = _text(fields, name)
    if not _ID.fullmatch(value):
        raise ValueError(f"{fields.path(name)}: does not match {_ID.pattern}")
    return value


def _list(fields: _Fields, name: str, read: Callable[[object, str], _T]) -> tuple[_T, ...]:
    value = fields[name]
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        raise ValueError(f"{fields.path(name)}: need a list of at most {_MOST_ITEMS} entries")
    return tuple(read(entry, f"{fields.path(name)}[{place}]") for place, entry in enumerate(value))


def _bilingual(data: object, path: str) -> Bilingual:
    fields = _object(data, path, ["ja", "en"])
    return Bilingual(ja=_text(fields, "ja"), en=_text(fields, "en"))


def _optional_bilingual(fields: _Fields, name: str) -> Bilingual | None:
    return None if fields[name] is None else _bilingual(fields[name], fields.path(name))


def _optional_number(fields: _Fields, name: str) -> float | None:
    return None if fields[name] is None else _number(fields, name)


def _number(fields: _Fields, name: str) -> float:
    value = fields[name]
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(value):
        raise ValueError(f"{fields.path(name)}: need a decimal number as text")
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{fields.path(name)}: is beyond the numbers that can be kept")
    return number


def _optional_count(fields: _Fields, name: str) -> int | None:
    return None if fields[name] is None else _count(fields, name)


def _count(fields: _Fields, name: str) -> int:
    value = fields[name]
    if type(value) is not int or not 0 <= value <= _LARGEST_INTEGER:
        raise ValueError(f"{fields.path(name)}: need a whole number from 0 to {_LARGEST_INTEGER}")
    return value


def _flag(fields: _Fields, name: str) -> bool:
    value = fields[name]
    if not isinstance(value, bool):
        raise ValueError(f"{fields.path(name)}: need true or false")
    return value


def _choice(fields: _Fields, name: str, choices: type[_E]) -> _E:
    value = _text(fields, name)
    if value not in list(choices):
        raise ValueError(f"{fields.path(name)}: need one of {', '.join(choices)}")
    return choices(value)


def _coverage(data: object) -> Coverage:
    fields = _object(data, "coverage", ["used", "asked"])
    coverage = Coverage(_count(fields, "used"), _count(fields, "asked"))
    if coverage.used > coverage.asked:
        raise ValueError("coverage: used is more than asked")
    return coverage


def _rule(data: object) -> Rule:
    fields = _object(data, "rule", ["comparison", "limit"])
    return Rule(_choice(fields, "comparison", Comparison), _number(fields, "limit"))


def _group(data: object, path: str) -> GroupEstimate:
    fields = _object(data, path, _GROUP_FIELDS)
    return GroupEstimate(
        levels=_list(fields, "levels", _plain_text),
        n=_optional_count(fields, "n"),
        successes=_optional_count(fields, "successes"),
        trials=_optional_count(fields, "trials"),
        value=_optional_number(fields, "value"),
        low=_optional_number(fields, "low"),
        high=_optional_number(fields, "high"),
        suppressed=_flag(fields, "suppressed"),
        note=_optional_bilingual(fields, "note"),
    )


def _counts(data: object) -> dict[str, int]:
    if not isinstance(data, dict) or len(data) > _MOST_ITEMS:
        raise ValueError(f"counts: need an object of at most {_MOST_ITEMS} entries")
    counts = {}
    for name, value in data.items():
        _plain_text(name, "counts")
        if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or not _WHOLE.fullmatch(value):
            raise ValueError(f"counts.{name[:80]}: need a whole number as text")
        counts[name] = int(value)
    return counts
