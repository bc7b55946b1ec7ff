"""Canonical labels for the stored values of a column: rules 1 to 4 of docs/reference/table-checks.md.

They are applied in Python to the distinct values an engine returns, so that every engine merges the same spellings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinrai.evaluate.targets.cube import MISSING
from shinrai.evaluate.targets.values import Merge, canonical

OTHER = "(other)"
"""The class of rows below the threshold, where the table names no second class."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """labels: canonical, by code point, and None last for missing values. codes: stored value to place in labels."""

    column: str
    labels: tuple[str | None, ...]
    codes: Mapping[object, int]
    stored: Mapping[str, tuple[object, ...]]

    def code(self, value: object) -> int:
        """Return the place of a stored value's label."""
        return self.codes[_key(value)]

    @property
    def merges(self) -> tuple[Merge, ...]:
        """Labels that have several spellings."""
        spelled = {label: tuple(sorted({str(value) for value in stored})) for label, stored in self.stored.items()}
        return tuple(Merge(self.column, label, texts) for label, texts in sorted(spelled.items()) if len(texts) > 1)

    @property
    def replaced(self) -> dict[object, object]:
        """Map spellings to the one that stands for all of a label, and missing values to None."""
        found: dict[object, object] = {}
        for stored in self.stored.values():
            first = min(stored, key=str)
            found.update({value: first for value in stored if value is not first})
        missing = len(self.labels) - 1
        found.update({value: None for value, code in self.codes.items() if code == missing and value is not None})
        return found


def rows_by_value(values: Iterable[object], rows: Iterable[int]) -> Counter[object]:
    """Count the rows of each stored value; NaN is missing, as NULL is."""
    counted: Counter[object] = Counter()
    for value, n in zip(values, rows, strict=True):
        counted[_key(value)] += n
    return counted


def group_vocabulary(column: str, rows: Mapping[object, int]) -> Vocabulary:
    """Label the groups of a column: those equal under case folding are one, shown under its most frequent spelling."""
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    canonicals: dict[object, str | None] = {}
    for value, n in rows.items():
        label = canonical(value)
        canonicals[value] = label = None if label == MISSING else label
        if label is not None:
            spelled[label.casefold()][label] += n
    shown = {key: min(labels, key=lambda label: (-labels[label], label)) for key, labels in spelled.items()}
    of_value = {value: None if label is None else shown[label.casefold()] for value, label in canonicals.items()}
    return _vocabulary(column, of_value, shown.values())


def class_vocabulary(column: str, values: Iterable[object], classes: Iterable[str]) -> Vocabulary:
    """Label the classes of a label or prediction; classes: all there are, of both columns together."""
    return _vocabulary(column, {_key(value): canonical(value) for value in values}, classes)


def threshold_vocabulary(column: str, favourable: str, classes: Iterable[str]) -> Vocabulary:
    """Label decisions by threshold: 1 is the favourable class, 0 the other one."""
    classes = list(classes)
    other = next((label for label in classes if label != favourable), OTHER)
    return _vocabulary(column, {1: favourable, 0: other}, {*classes, other})


def no_vocabulary() -> Vocabulary:
    """Label nothing: a column that is not there has missing values only."""
    return Vocabulary("", (None,), {None: 0}, {})


def _vocabulary(column: str, of_value: Mapping[object, str | None], labels: Iterable[str]) -> Vocabulary:
    ordered: Sequence[str | None] = [*sorted(set(labels)), None]
    places = {label: place for place, label in enumerate(ordered)}
    stored: dict[str, list[object]] = defaultdict(list)
    for value, label in of_value.items():
        if label is not None:
            stored[label].append(value)
    codes = {value: places[label] for value, label in of_value.items()}
    codes.setdefault(None, places[None])
    return Vocabulary(column, tuple(ordered), codes, {label: tuple(values) for label, values in stored.items()})


def _key(value: Any) -> object:
    """NaN is not equal to itself and can't be found again; it is missing, as NULL is."""
    return None if value != value else value
