"""What every engine answers: a profile, and counts with exact sums, as rows of stored values and whole numbers.

Sums leave an engine in pieces that fit 64 bits in each row and are put together here: piece · 2^shift. No engine has
one integer type that holds the square of a weight in units of 2^-46.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from shinrai.evaluate.audit.cells import SCALE_BITS, Subject
from shinrai.evaluate.audit.intake.planner import Bundle
from shinrai.evaluate.audit.intake.wanted import Asked, Field
from shinrai.evaluate.targets.reading import Kind

HALF_BITS = 31
"""Weights in units are cut into halves of so many bits before they are squared."""

LARGEST_WEIGHT = 1 << 16
LARGEST_NUMBER = 1 << 30
"""Beyond these the units of a value, or of the square of a difference, leave 64 bits."""

LARGEST_PLAIN = 1 << 8
"""Scores up to this need one piece for themselves and one for their square."""


class Seen(StrEnum):
    """A fact about a column that is found before anything is grouped by."""

    ROWS = "rows"
    DISTINCT = "distinct"
    LONGEST = "longest"
    FRACTIONS = "fractions"
    OUTSIDE = "outside"
    INFINITE = "infinite"
    LOW = "low"
    HIGH = "high"
    MISSING = "missing"
    NEGATIVE = "negative"
    UNUSABLE = "unusable"


Profile = Mapping[tuple[Seen, str], Any]
"""Facts by kind and column; ROWS has the column "". LOW and HIGH are those of finite values, None without any.

DISTINCT: stored values, about. LONGEST: characters of the longest text. FRACTIONS, OUTSIDE ([0, 1]), INFINITE, MISSING,
NEGATIVE and UNUSABLE (a weight that is 0 or missing): rows.
"""


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of equal width over [low, high], low < high."""

    bins: int
    low: float
    high: float

    @property
    def plain(self) -> bool:
        """Whether a score and its square fit one piece each."""
        return max(abs(self.low), abs(self.high)) <= LARGEST_PLAIN


@dataclass(frozen=True, slots=True)
class Coding:
    """How stored values become classes and groups, for what cannot be folded afterwards.

    classes: stored values of each class, the favourable one first. replaced: for each column, stored value to the one
    it is counted as; to None where it is missing. Values not named stay as they are.
    """

    label: tuple[tuple[object, ...], ...]
    prediction: tuple[tuple[object, ...], ...]
    replaced: Mapping[str, Mapping[object, object]]


@dataclass(frozen=True, slots=True)
class Digits:
    """A column of an answer as places in a list of stored values; None is one of them where it occurs."""

    values: tuple[object, ...]
    places: npt.NDArray[np.int64]

    @property
    def occurring(self) -> list[object]:
        """Values that some row has."""
        return [self.values[place] for place in np.flatnonzero(np.bincount(self.places)).tolist()]


@dataclass(frozen=True, slots=True)
class Binned:
    """Scores of each row of an answer, in bins of equal width over [0, 1]; all int64.

    bins: a power of two. places: the bin; `bins` for scores of 1, and beyond for rows without one. sums, squares: of
    the scores and of their squares, rounded to units of 2^-46 each, less those of the bin's lower edge.
    """

    bins: int
    places: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    squares: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What one scan told of a plain table: profile, cells and bins together.

    profile: every fact exact but LOW and HIGH of the score, which are bounds. columns: keys, label, prediction. n: rows
    of the table for each row of the answer. scores: None where none are asked for.
    """

    profile: Profile
    columns: tuple[Digits, ...]
    n: npt.NDArray[np.int64]
    scores: Binned | None


class Engine(Protocol):
    """A table that can be asked. Rows are in no order; groups are stored values in the order of a bundle's columns."""

    @property
    def name(self) -> str:
        """Name of the engine for the evidence."""

    @property
    def place(self) -> Path:
        """What errors call the table."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every column by name."""

    def at_once(self, asked: Asked) -> AtOnce | None:
        """Tell profile, cells and bins from one scan; None where a table or a question is not of that kind."""

    def profile(self, asked: Asked) -> Profile:
        """Look at the declared columns in one scan."""

    def cells(self, asked: Asked, bundles: Sequence[Bundle], *, dense: int) -> list[list[tuple[Any, ...]]]:
        """For each bundle rows (groups..., label, prediction, n, pieces of `weight_sums`, of `number_sums`...).

        dense: rows, where all keys crossed have much fewer cells than that; 0 otherwise.
        """

    def bins(self, asked: Asked, bundles: Sequence[Bundle], binning: Binning) -> list[list[tuple[Any, ...]]]:
        """For each bundle rows (groups..., label, bin, n, pieces of `score_sums`...); label and score present."""

    def clusters(self, asked: Asked, subjects: Sequence[Subject], coding: Coding) -> list[list[tuple[Any, ...]]]:
        """For each subject rows (groups..., then clusters, s, t, ss, st, tt of each of `RATES`)."""

    def locate(self, seen: Seen, name: str) -> int | None:
        """Return the first row, from 1, of those that a fact counts; None where rows have no place."""

    def statements(self) -> tuple[str, ...]:
        """Every statement that was run, for the engine's own shell."""

    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each file by its name."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum by name, and the powers of two that its pieces are multiplied by."""

    name: str
    shifts: tuple[int, ...]


WHOLE_AND_REST = (SCALE_BITS, 0)


def weight_sums(asked: Asked) -> tuple[Sum, ...]:
    """Return the sums of a cell: of weights and of their squares, where there are weights."""
    if asked.roles.weight is None:
        return ()
    return (Sum("weight", (0,)), Sum("weight_squares", (2 * HALF_BITS, HALF_BITS + 1, 0)))


def number_sums(asked: Asked) -> tuple[Sum, ...]:
    """Return the sums of a cell of a regression, in the order of NumberSums."""
    if not asked.numeric:
        return ()
    names = ("label", "label_squares", "prediction", "prediction_squares", "residual", "residual_squares", "absolute")
    return (Sum("rows", (0,)), *(Sum(name, WHOLE_AND_REST) for name in names))


def score_sums(binning: Binning) -> tuple[Sum, ...]:
    """Return the sums of a bin: of scores and of their squares."""
    shifts = (0,) if binning.plain else WHOLE_AND_REST
    return (Sum("sums", shifts), Sum("squares", shifts))


def rates(asked: Asked) -> tuple[str, ...]:
    """Name the rates that cluster sums are made for; without labels there are selections alone."""
    if asked.roles.label is None:
        return ("selection_rate",)
    return ("selection_rate", "accuracy", "tpr", "fpr", "fnr", "tnr", "ppv", "npv")


def facts(asked: Asked) -> tuple[tuple[Seen, str], ...]:
    """Say what a profile has to tell."""
    roles = asked.roles
    found = [(Seen.ROWS, "")]
    classes = () if asked.numeric else (roles.label, roles.prediction)
    for name in dict.fromkeys([*asked.keys, *(name for name in classes if name is not None)]):
        if asked.kind(name) is not Kind.OTHER:
            found.append((Seen.DISTINCT, name))
        if asked.kind(name) is Kind.TEXT:
            found.append((Seen.LONGEST, name))
    if roles.prediction and not asked.numeric and asked.kind(roles.prediction) is Kind.NUMBER:
        found.append((Seen.FRACTIONS, roles.prediction))
    numbers = [roles.score, *((roles.label, roles.prediction) if asked.numeric else ()), roles.weight]
    for name in dict.fromkeys(name for name in numbers if name is not None):
        found += [(Seen.INFINITE, name), (Seen.LOW, name), (Seen.HIGH, name)]
    if roles.score is not None:
        found.append((Seen.OUTSIDE, roles.score))
    if roles.weight is not None:
        found += [(Seen.NEGATIVE, roles.weight), (Seen.UNUSABLE, roles.weight)]
    if roles.cluster is not None:
        found.append((Seen.MISSING, roles.cluster))
    return tuple(found)
