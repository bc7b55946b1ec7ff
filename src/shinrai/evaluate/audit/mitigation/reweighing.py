"""Weights for training rows under which group and label are independent, in closed form from counts.

Source: Kamiran, Calders 2012, Data preprocessing techniques for classification without discrimination, KAIS 33:1.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from shinrai.evaluate.audit.cells import CellTable, Levels, Subject
from shinrai.language import ShinraiError, message


@dataclass(frozen=True, slots=True)
class Weight:
    """Rows of one group and label. weight: None where there are no such rows, so none is needed."""

    levels: Levels
    label: str
    rows: int
    weight: Fraction | None


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of every group and label. left_out: rows without a label or a group; they have no weight.

    base_rates: share of the favourable label in each group before; after weighing it is `common` in all of them.
    """

    cells: tuple[Weight, ...]
    base_rates: Mapping[Levels, Fraction]
    common: Fraction
    left_out: int

    @property
    def most(self) -> Fraction:
        """The largest weight: how much a single row can come to count."""
        return max(cell.weight for cell in self.cells if cell.weight is not None)

    @property
    def effective_rows(self) -> Fraction:
        """Rows that would say as much without weights (Kish)."""
        total = sum((cell.rows * cell.weight for cell in self.cells if cell.weight is not None), Fraction(0))
        squares = sum((cell.rows * cell.weight**2 for cell in self.cells if cell.weight is not None), Fraction(0))
        return total**2 / squares


def reweigh(table: CellTable, subject: Subject) -> Weights:
    """Weigh the rows of a subject: w(group, label) = rows(group) · rows(label) / (rows · rows(group, label)).

    A table without label has the column to be made independent of the group as its prediction. ShinraiError: fewer
    than two groups or two labels have rows.
    """
    rows: dict[tuple[Levels, str], int] = defaultdict(int)
    left_out = 0
    for cell in table.cells[subject]:
        label = cell.prediction if table.roles.label is None else cell.label
        if label is None or None in cell.levels:
            left_out += cell.rows
        else:
            rows[cell.levels, label] += cell.rows
    return weights(rows, table.classes, left_out)


def weights(rows: Mapping[tuple[Levels, str], int], classes: tuple[str, ...], left_out: int = 0) -> Weights:
    """Weigh counts by group and label. classes: the labels, the favourable one first."""
    of_group: dict[Levels, int] = defaultdict(int)
    of_label: dict[str, int] = defaultdict(int)
    for (levels, label), count in rows.items():
        of_group[levels] += count
        of_label[label] += count
    groups = sorted(levels for levels, count in of_group.items() if count)
    labels = [label for label in classes if of_label[label]]
    if len(groups) < 2 or len(labels) < 2:
        raise ShinraiError(
            message("Weights need rows of at least two groups and two labels."),
            fix=message("Name a group column and a label that both vary."),
        )
    whole = sum(of_group.values())
    cells = tuple(
        Weight(
            levels,
            label,
            count := rows.get((levels, label), 0),
            Fraction(of_group[levels] * of_label[label], whole * count) if count else None,
        )
        for levels in groups
        for label in labels
    )
    favourable = labels[0] if labels[0] == classes[0] else None
    base = {levels: Fraction(rows.get((levels, favourable or ""), 0), of_group[levels]) for levels in groups}
    return Weights(cells, base, Fraction(of_label[favourable or ""], whole), left_out)
