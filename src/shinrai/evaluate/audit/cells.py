"""Counts and exact sums of a table of decisions: all that leaves the data, and all that an audit computes from.

Every sum is a whole number (of units of 2⁻⁴⁶ where values have fractions), so that Parquet, a database and a table of
counts give the same bytes whatever the order of rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shinrai.evaluate.targets.values import Merge

SCALE_BITS = 46
"""Fractions are kept as whole numbers of units of 2**-SCALE_BITS, ties away from 0."""

Levels = tuple[str | None, ...]
"""One canonical group label for each column of a subject; None where the value is missing."""

Subject = tuple[str, ...]
"""Names of the columns that rows are grouped by: none (all rows), one, or several crossed."""


class Task(StrEnum):
    """What the label is: two classes, several, or a number."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what.

    label: the right outcome; None where only the selection is known. prediction: the decided outcome. score: the
    probability of the favourable outcome; without `prediction`, rows at score >= threshold are selected.
    favourable: the value of label and prediction that means the favourable outcome; None only for regression.
    groups: columns whose levels are compared; intersections: groups to be crossed; strata: columns that comparisons
    are made within. cluster: rows of one value belong together (a person, a household). weight: column of sampling
    weights. counts: each row is a cell and this column says how many rows it stands for.
    """

    prediction: str | None
    label: str | None = None
    score: str | None = None
    threshold: float | None = None
    favourable: str | int | float | bool | None = None
    groups: tuple[str, ...] = ()
    intersections: tuple[Subject, ...] = ()
    strata: tuple[str, ...] = ()
    cluster: str | None = None
    weight: str | None = None
    counts: str | None = None
    task: Task = Task.BINARY


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows alike in levels, strata, label and prediction.

    levels: of the subject; strata: of Roles.strata. label, prediction: the canonical class, None where missing (both
    None for regression). rows: how many. weight, weight_squares: sums of the weights and of their squares in units of
    2**-SCALE_BITS and of 2**(-2*SCALE_BITS); None without a weight column.
    """

    levels: Levels
    strata: Levels
    label: str | None
    prediction: str | None
    rows: int
    weight: int | None = None
    weight_squares: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over clusters for one fraction of one group: clusters with s successes of t trials each.

    clusters: those with t > 0. Σs, Σt, Σs², Σst, Σt²; enough for the linearised variance of Σs/Σt.
    """

    clusters: int
    s: int
    t: int
    ss: int
    st: int
    tt: int


@dataclass(frozen=True, slots=True)
class ScoreBins:
    """Scores of the rows of one group and one class of label, in bins of equal width over [low, high].

    counts[b]: rows in bin b = min(floor(bins * (score - low) / (high - low)), bins - 1). sums[b], squares[b]: Σ score
    and Σ score² of the bin, each score and square rounded to units of 2**-SCALE_BITS first.
    """

    levels: Levels
    positive: bool
    counts: tuple[int, ...]
    sums: tuple[int, ...]
    squares: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NumberSums:
    """Sums of one group for regression, in units of 2**-SCALE_BITS (squares: each square rounded to such units).

    rows: with label and prediction. residual: Σ(y - p); residual_squares: Σ(y - p)²; absolute: Σ|y - p|.
    """

    levels: Levels
    strata: Levels
    rows: int
    label: int
    label_squares: int
    prediction: int
    prediction_squares: int
    residual: int
    residual_squares: int
    absolute: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the cells come from, for the evidence.

    engine: "duckdb", "postgres", "counts", ... sql: every query that was run, as text that can be pasted into the
    engine's own shell. rows: of the table. digests: name to SHA-256 of each file read; empty for a database.
    """

    engine: str
    sql: tuple[str, ...]
    rows: int
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CellTable:
    """Everything an audit computes from.

    classes: canonical classes of label and prediction together, the favourable one first, then by code point.
    cells: for every subject that was asked for, () among them, its cells in order of levels, strata, label, prediction
    (missing last). clusters: subject to levels to name of the rate to its sums; empty without a cluster column. bins,
    numbers: by subject; empty without a score, or unless the task is regression. score_range: low and high of the bins.
    weightless: rows that were left out because their weight is 0 or missing.
    """

    roles: Roles
    classes: tuple[str, ...]
    cells: Mapping[Subject, tuple[Cell, ...]]
    origin: Origin
    merges: tuple[Merge, ...] = ()
    clusters: Mapping[Subject, Mapping[Levels, Mapping[str, ClusterSums]]] = field(default_factory=dict)
    bins: Mapping[Subject, tuple[ScoreBins, ...]] = field(default_factory=dict)
    numbers: Mapping[Subject, tuple[NumberSums, ...]] = field(default_factory=dict)
    score_range: tuple[float, float] = (0.0, 1.0)
    weightless: int = 0
