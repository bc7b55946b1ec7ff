"""The declared columns of a file as codes that counting can work on: one small integer for each row and column.

Only distinct values are looked at one by one. What makes the whole table an error is an `UnreadableError`; what makes
one group column an error stands with its column.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shinrai.council.seats.recompute_file import Kind, Source, UnreadableError, batches, in_words, typed
from shinrai.council.seats.recompute_values import MISSING, canonical
from shinrai.language import Message, message

NEGATIVE, POSITIVE, ABSENT = 0, 1, 2

_LONGEST_LABEL = 200
_MOST_CLASS_SPELLINGS = 1_000
MOST_GROUP_SPELLINGS = 10_000

Codes = NDArray[np.int32]
States = NDArray[np.int8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The level of each row as an index into labels; len(labels) stands for the level of missing values.

    stored: for each row the index of its value as stored, of `spellings` different ones. fault: why the column can't be
    grouped by.
    """

    codes: Codes
    labels: tuple[str, ...]
    stored: Codes
    spellings: int
    fault: Message | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The declared columns of a table, row by row.

    label, prediction: NEGATIVE, POSITIVE or ABSENT; prediction is taken from the score where none is declared, and None
    without either. scores: NaN where missing, None without a score. favourable: in its canonical form.
    """

    rows: int
    label: States
    prediction: States | None
    scores: Floats | None
    groups: Mapping[str, Levels]


class _Coder:
    """Gives every stored value of one column a number; stops once there are more than may be."""

    def __init__(self, most: int) -> None:
        self.known: dict[object, int] = {}
        self.texts: list[str | None] = []
        self.parts: list[Codes] = []
        self.long = False
        self._most, self._present = most, 0

    @property
    def full(self) -> bool:
        return self._present > self._most

    def add(self, array: pa.Array) -> None:
        if self.long or self.full:
            return
        values, indices = distinct(array)
        present = values.to_pylist()
        codes = [self._code(value) for value in present]
        codes.append(self._code(None) if np.any(indices == len(present)) else -1)
        self.parts.append(np.array(codes, dtype=np.int32)[indices])

    def _code(self, value: object) -> int:
        # NaN is not equal to itself and would be new each time.
        key = value if value == value else None
        if key not in self.known:
            text = canonical(key)
            self.texts.append(text)
            self._present += text is not None
            self.long = self.long or (text is not None and isinstance(key, str) and len(key) > _LONGEST_LABEL)
            self.known[key] = len(self.known)
        return self.known[key]

    def codes(self) -> Codes:
        return np.concatenate([np.empty(0, np.int32), *self.parts])


def distinct(array: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the distinct values of a batch, without NULL, and for each row the index of its own.

    The index len(values) stands for NULL. 0 and −0 are one value.
    """
    if pa.types.is_floating(array.type):
        array = pc.add(array, 0.0)
    if pa.types.is_dictionary(array.type) and (len(array.dictionary) > len(array) or array.dictionary.null_count):
        # A row group's dictionary comes with every batch of it: most of its values may not be in this one.
        array = array.cast(array.type.value_type)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = encoded.dictionary
    indices = pc.fill_null(encoded.indices.cast(pa.int64()), len(values)).to_numpy(zero_copy_only=False)
    used = np.bincount(indices, minlength=len(values) + 1)[:-1] > 0
    if used.all():
        return values, indices
    position = np.append(np.cumsum(used) - 1, used.sum())
    return values.filter(pa.array(used)), position[indices]


def read_decisions(
    source: Source,
    *,
    label: str,
    prediction: str | None,
    score: str | None,
    threshold: float | None,
    groups: Sequence[str],
    favourable: object,
) -> Decisions:
    """Read the declared columns of a file once; UnreadableError for what makes the whole table an error."""
    _check_declared(source, label, prediction, score, threshold, groups)
    binary = {name: _Coder(_MOST_CLASS_SPELLINGS) for name in (label, prediction) if name is not None}
    grouping = {name: _Coder(MOST_GROUP_SPELLINGS) for name in groups if source.kinds[name] is not Kind.OTHER}
    scores: list[Floats] = [np.empty(0)]
    rows = 0
    wanted = list(dict.fromkeys([*binary, *groups, *([score] if score is not None else [])]))
    with in_words():
        for batch in batches(source, wanted):
            rows += batch.num_rows
            for name in wanted:
                values = typed(source, name, batch.column(name))
                for coders in (binary, grouping):
                    if name in coders:
                        coders[name].add(values)
                if name == score:
                    scores.append(as_floats(values))
    if rows == 0:
        raise UnreadableError(message("the file has no rows"))
    label_states, prediction_states = _states(source, binary, label, prediction, canonical(favourable))
    known_scores = None if score is None else _checked(np.concatenate(scores), score)
    if known_scores is not None and prediction is None and threshold is not None:
        prediction_states = _selected(known_scores, threshold)
    faulty = {name: Levels(*_NOTHING, _wrong_type(name)) for name in groups if name not in grouping}
    return Decisions(
        rows,
        label_states,
        prediction_states,
        known_scores,
        faulty | {name: _levels(name, coder) for name, coder in grouping.items()},
    )


def as_floats(values: pa.Array) -> Floats:
    """Return a typed batch of numbers as doubles, NaN where missing."""
    if pa.types.is_decimal(values.type):
        # Arrow multiplies by an inexact power of ten; reading the digits gives the nearest double.
        values = values.cast(pa.string())
    floats = values.cast(pa.float64(), safe=False)
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)


_NOTHING: tuple[Codes, tuple[str, ...], Codes, int] = (np.empty(0, np.int32), (), np.empty(0, np.int32), 0)


def _check_declared(
    source: Source,
    label: str,
    prediction: str | None,
    score: str | None,
    threshold: float | None,
    groups: Sequence[str],
) -> None:
    for name in (label, prediction, score, *groups):
        if name is not None and name not in source.kinds:
            raise UnreadableError(message("the file has no column “{column}”", column=name))
    for name in (label, prediction):
        if name is not None and source.kinds[name] is Kind.OTHER:
            raise UnreadableError(_wrong_type(name))
    if score is not None and source.kinds[score] not in {Kind.INTEGER, Kind.NUMBER}:
        raise UnreadableError(message("the score column “{column}” holds no numbers", column=score))
    if score is not None and prediction is None and threshold is None:
        raise UnreadableError(message("the target has neither a prediction nor a threshold"))


def _states(
    source: Source, coders: Mapping[str, _Coder], label: str, prediction: str | None, wish: str | None
) -> tuple[States, States | None]:
    """Tell positive from negative; labels and predictions have to be written in the same two values at most."""
    classes: dict[str, set[str]] = {}
    for name, coder in coders.items():
        classes[name] = {text for text in coder.texts if text is not None}
        fraction = name == prediction and source.kinds[name] is Kind.NUMBER and any(map(_has_fraction, coder.known))
        if coder.long or coder.full or len(classes[name]) > 2 or fraction:
            raise UnreadableError(message("the column “{column}” does not hold two short values", column=name))
    if wish not in classes[label]:
        raise UnreadableError(message("the column “{column}” does not hold the favourable value", column=label))
    if prediction is not None and len(classes[label] | classes[prediction]) > 2:
        raise UnreadableError(message("labels and predictions are written differently"))
    states = [None if name is None else _binary(coders[name], wish) for name in (label, prediction)]
    assert states[0] is not None  # noqa: S101  (the label has a name)
    return states[0], states[1]


def _has_fraction(value: object) -> bool:
    return isinstance(value, float | Decimal) and math.isfinite(value) and value != math.floor(value)


def _binary(coder: _Coder, wish: str | None) -> States:
    states = [ABSENT if text is None else POSITIVE if text == wish else NEGATIVE for text in coder.texts]
    return np.array(states, dtype=np.int8)[coder.codes()]


def _checked(scores: Floats, name: str) -> Floats:
    if np.any((scores < 0) | (scores > 1)):
        raise UnreadableError(message("a score in “{column}” lies outside 0 to 1", column=name))
    return scores


def _selected(scores: Floats, threshold: float) -> States:
    states = (scores >= threshold).astype(np.int8)
    states[np.isnan(scores)] = ABSENT
    return states


def _levels(name: str, coder: _Coder) -> Levels:
    """Merge spellings that are equal under case folding under the most frequent one."""
    if coder.long:
        return Levels(*_NOTHING, message("the group column “{column}” holds long texts", column=name))
    if coder.full:
        return Levels(*_NOTHING, too_many_levels(name))
    stored = coder.codes()
    sizes = np.bincount(stored, minlength=len(coder.known))
    texts = [None if text == MISSING else text for text in coder.texts]
    spellings: dict[str, Counter[str]] = {}
    for text, size in zip(texts, sizes, strict=True):
        if text is not None:
            spellings.setdefault(text.casefold(), Counter())[text] += int(size)
    shown = {folded: min(counts, key=lambda text: (-counts[text], text)) for folded, counts in spellings.items()}
    order = {folded: index for index, folded in enumerate(sorted(shown, key=lambda folded: shown[folded]))}
    level_of = [len(order) if text is None else order[text.casefold()] for text in texts]
    codes = np.array([*level_of, 0], dtype=np.int32)[stored]
    return Levels(codes, tuple(shown[folded] for folded in order), stored, len(coder.known))


def too_many_levels(name: str) -> Message:
    """Say that a column, or columns joined by a sign, have more levels than can be compared."""
    return message("the group column “{column}” has more levels than can be compared", column=name)


def _wrong_type(name: str) -> Message:
    return message("the column “{column}” holds dates, bytes or nested values", column=name)
