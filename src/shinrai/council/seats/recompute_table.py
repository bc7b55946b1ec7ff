"""The declared columns of a file as codes that counting can work on: one small integer for each row and column.

Only distinct values are looked at one by one. What makes the whole table an error is an `UnreadableError`; what makes
one group column an error stands with its column.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
_LARGEST_WEIGHT, _WEIGHT_BITS = 65_536, 46

Codes = NDArray[np.int32]
States = NDArray[np.int8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The level of each row as an index into labels; len(labels) stands for the level of missing values.

    stored: for each row of the file the index of its value as stored, of `spellings` different ones. fault: why the
    column can't be grouped by.
    """

    codes: Codes
    labels: tuple[str, ...]
    stored: Codes
    spellings: int
    fault: Message | None = None

    def only(self, there: NDArray[np.bool_]) -> "Levels":
        """Return the levels of some of the rows."""
        return self if self.fault is not None else replace(self, codes=self.codes[there])


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The declared columns of a table, row by row.

    label, prediction: NEGATIVE, POSITIVE or ABSENT; prediction is taken from the score where none is declared, and None
    without either. scores: NaN where missing, None without a score. clusters: for each row a number of its cluster.
    weights: for each row, in units of 2⁻⁴⁶. file_rows: of the file, where rows without weight have been left out.
    """

    rows: int
    label: States
    prediction: States | None
    scores: Floats | None
    groups: Mapping[str, Levels]
    clusters: NDArray[np.int64] | None = None
    weights: NDArray[np.int64] | None = None
    file_rows: int = 0

    @property
    def alike(self) -> bool:
        """Whether every row counts for one and by itself."""
        return self.clusters is None and self.weights is None

    def counted(self) -> "Decisions":
        """Return what is counted: all rows, or those that have weight."""
        if self.weights is None:
            return self
        there = self.weights > 0
        return replace(
            self,
            rows=int(there.sum()),
            label=self.label[there],
            prediction=None if self.prediction is None else self.prediction[there],
            scores=None if self.scores is None else self.scores[there],
            groups={name: each.only(there) for name, each in self.groups.items()},
            weights=self.weights[there],
        )


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


class _Units:
    """Gathers the column that makes units of rows: numbers of clusters, or weights."""

    def __init__(self) -> None:
        self._known: dict[object, int] = {}
        self._codes: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._numbers: list[Floats] = [np.empty(0)]
        self._gone = False

    def add_clusters(self, array: pa.Array) -> None:
        values, indices = distinct(array)
        codes = []
        for value in values.to_pylist():
            self._gone = self._gone or canonical(value) is None
            codes.append(self._known.setdefault(value, len(self._known)))
        self._gone = self._gone or bool(np.any(indices == len(codes)))
        self._codes.append(np.array([*codes, -1], dtype=np.int64)[indices])

    def add_weights(self, numbers: Floats) -> None:
        self._numbers.append(numbers)

    def clusters(self, name: str) -> NDArray[np.int64]:
        if self._gone:
            raise UnreadableError(message("a row has no cluster in “{column}”", column=name))
        return np.concatenate(self._codes)

    def weights(self, name: str) -> NDArray[np.int64]:
        """Weights in units of 2⁻⁴⁶, ties up; 0 where there is none."""
        numbers = np.nan_to_num(np.concatenate(self._numbers), nan=0.0, posinf=np.inf, neginf=-np.inf)
        if np.any((numbers < 0) | (numbers > _LARGEST_WEIGHT)):
            raise UnreadableError(
                message("a weight in “{column}” lies outside 0 to {most}", column=name, most=_LARGEST_WEIGHT)
            )
        scaled = numbers * float(1 << _WEIGHT_BITS)
        whole = np.floor(scaled)
        units = whole.astype(np.int64) + (scaled - whole >= 0.5)
        if not np.any(units > 0):
            raise UnreadableError(message("no row has a weight in “{column}”", column=name))
        return np.asarray(units, dtype=np.int64)


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
    cluster: str | None = None,
    weight: str | None = None,
) -> Decisions:
    """Read the declared columns of a file once; UnreadableError for what makes the whole table an error."""
    _check_declared(source, label, prediction, score, threshold, groups)
    _check_unit(source, cluster, weight)
    binary = {name: _Coder(_MOST_CLASS_SPELLINGS) for name in (label, prediction) if name is not None}
    grouping = {name: _Coder(MOST_GROUP_SPELLINGS) for name in groups if source.kinds[name] is not Kind.OTHER}
    scores: list[Floats] = [np.empty(0)]
    units = _Units()
    rows = 0
    more = [name for name in (score, cluster, weight) if name is not None]
    wanted = list(dict.fromkeys([*binary, *groups, *more]))
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
                if name == cluster:
                    units.add_clusters(values)
                if name == weight:
                    units.add_weights(as_floats(values))
    if rows == 0:
        raise UnreadableError(message("the file has no rows"))
    label_states, prediction_states = _states(source, binary, label, prediction, canonical(favourable))
    known_scores = None if score is None else _checked(np.concatenate(scores), score)
    if known_scores is not None and prediction is None and threshold is not None:
        prediction_states = _selected(known_scores, threshold)
    clusters = None if cluster is None else units.clusters(cluster)
    weights = None if weight is None else units.weights(weight)
    there = None if weights is None else weights > 0
    faulty = {name: Levels(*_NOTHING, _wrong_type(name)) for name in groups if name not in grouping}
    return Decisions(
        rows,
        label_states,
        prediction_states,
        known_scores,
        faulty | {name: _levels(name, coder, there) for name, coder in grouping.items()},
        clusters,
        weights,
        rows,
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


def _check_unit(source: Source, cluster: str | None, weight: str | None) -> None:
    for name in (cluster, weight):
        if name is not None and name not in source.kinds:
            raise UnreadableError(message("the file has no column “{column}”", column=name))
    if cluster is not None and source.kinds[cluster] is Kind.OTHER:
        raise UnreadableError(_wrong_type(cluster))
    if weight is not None and source.kinds[weight] not in {Kind.INTEGER, Kind.NUMBER}:
        raise UnreadableError(message("the weight column “{column}” holds no numbers", column=weight))


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


def _levels(name: str, coder: _Coder, there: NDArray[np.bool_] | None) -> Levels:
    """Merge spellings that are equal under case folding under the one most frequent among the rows that count."""
    if coder.long:
        return Levels(*_NOTHING, message("the group column “{column}” holds long texts", column=name))
    if coder.full:
        return Levels(*_NOTHING, too_many_levels(name))
    stored = coder.codes()
    sizes = np.bincount(stored if there is None else stored[there], minlength=len(coder.known))
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
