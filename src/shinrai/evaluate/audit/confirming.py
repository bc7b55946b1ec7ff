"""Findings of a search, measured again on rows that took no part in it.

Rows that are alike in all searched columns, label and prediction cannot be told apart in any count. To hold a random
part of all rows back is then to deal each such cell's rows out by a multivariate hypergeometric draw: the same draw for
a file, a database and a table of counts, without a row being touched.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from shinrai.evaluate.audit.cells import Cell, CellTable, Levels, Roles, Subject
from shinrai.evaluate.audit.estimates import Number, share, undefined
from shinrai.evaluate.audit.metrics import RATES
from shinrai.evaluate.audit.subgroup_search import MOST_COLUMNS, Held, Search, Subgroup
from shinrai.evaluate.audit.tally import groups_of
from shinrai.evaluate.statistics.discovery import RATE, Procedure, adjusted
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import newcombe_bounds
from shinrai.evaluate.statistics.quantiles import normal_quantile
from shinrai.evaluate.statistics.subgroups import Counts, p_values
from shinrai.language import Message, ShinraiError, message

_MOST_ROWS = 10**9
_STREAM = 2


def crossed_by(roles: Roles) -> tuple[Subject, ...]:
    """Return what has to be counted so that rows can be held back: the crossing of all group columns."""
    return (roles.groups,) if len(roles.groups) > 1 else ()


def split(table: CellTable, part: float, seed: int) -> tuple[CellTable, CellTable]:
    """Hold a random part of the rows back. Returns what is searched, and what is held back.

    part: of the rows, between 0 and 1. ShinraiError: the cells do not tell rows apart by all searched columns at once,
    or there are too many rows to be drawn from.
    """
    columns = tuple(dict.fromkeys(name for subject in table.cells for name in subject))
    finest = next((each for each in table.cells if set(each) == set(columns)), None)
    if finest is None:
        raise ShinraiError(
            message("No rows can be held back: the crossing of all group columns was not counted."),
            fix=message("Name fewer group columns, or leave the confirmation out."),
        )
    cells = _without_strata(table.cells[finest])
    rows = np.array([cell.rows for cell in cells], dtype=np.int64)
    if int(rows.sum()) >= _MOST_ROWS:
        raise ShinraiError(
            message("The table has too many rows for chance to be drawn."),
            fix=message("Leave the confirmation out; with so many rows chance is no matter."),
        )
    generator = np.random.Generator(np.random.PCG64([seed, _STREAM]))
    back = generator.multivariate_hypergeometric(rows, round(part * int(rows.sum())), method="marginals")
    return _table(table, finest, cells, rows - back), _table(table, finest, cells, back)


def _without_strata(cells: tuple[Cell, ...]) -> list[Cell]:
    """Return the cells over all strata, in an order that does not hang on where they were counted."""
    rows: dict[tuple[Levels, str | None, str | None], int] = {}
    for cell in cells:
        key = (cell.levels, cell.label, cell.prediction)
        rows[key] = rows.get(key, 0) + cell.rows
    order = sorted(rows, key=lambda key: [(text is None, text or "") for text in (*key[0], key[1], key[2])])
    return [Cell(levels, (), label, prediction, rows[levels, label, prediction]) for levels, label, prediction in order]


def _table(table: CellTable, finest: Subject, cells: list[Cell], rows: Any) -> CellTable:
    found: dict[Subject, tuple[Cell, ...]] = {}
    for subject in table.cells:
        if len(subject) > MOST_COLUMNS:
            continue
        places = [finest.index(name) for name in subject]
        sums: dict[Any, int] = {}
        for cell, n in zip(cells, rows.tolist(), strict=True):
            if n:
                key = (tuple(cell.levels[place] for place in places), cell.label, cell.prediction)
                sums[key] = sums.get(key, 0) + n
        found[subject] = tuple(Cell(levels, (), y, p, n) for (levels, y, p), n in sums.items())
    origin = replace(table.origin, rows=int(rows.sum()))
    return replace(table, cells=found, bins={}, numbers={}, origin=origin)


def confirmed(found: Search, held: CellTable, positive: str) -> Search:
    """Return the findings with what the held-back rows say of them.

    The findings alone are the family: Benjamini-Hochberg over them, and intervals that hold for all of them together.
    A finding is confirmed when its adjusted p is at most RATE and the gap has the sign it was found with.
    """
    counts = [_counts(each, held, positive) for each in found.findings]
    if counts:
        column = np.array(counts, dtype=np.int64).reshape(len(counts), 4)
        ps = p_values(Counts(column[:, 0], column[:, 1], column[:, 2], column[:, 3])).tolist()
    else:
        ps = []
    raised = adjusted(ps, Procedure.BENJAMINI_HOCHBERG) if ps else ()
    z = normal_quantile(1 - RATE / max(1, len(counts)))
    findings = tuple(
        replace(each, held=_held(each, numbers, p, up, z))
        for each, numbers, p, up in zip(found.findings, counts, ps, raised, strict=True)
    )
    again: Mapping[str, Subgroup] = {f"{each.metric}/{each.name}": each for each in findings}
    flagged = tuple(again.get(f"{each.metric}/{each.name}", each) for each in found.flagged)
    return replace(found, findings=findings, flagged=flagged, held_back=held.origin.rows)


def _counts(each: Subgroup, held: CellTable, positive: str) -> tuple[int, int, int, int]:
    rate = RATES[each.metric]
    whole = groups_of(held, (), positive)
    own = [group for group in groups_of(held, each.subject, positive) if group.levels == each.levels]
    s, t = (rate.part(own[0].rows), rate.whole(own[0].rows)) if own else (0, 0)
    every = (rate.part(whole[0].rows), rate.whole(whole[0].rows)) if whole else (0, 0)
    return s, t, every[0] - s, every[1] - t


def _held(each: Subgroup, counts: tuple[int, int, int, int], p: float, raised: float, z: float) -> Held:
    a, n, b, m = counts
    none: Message = message("No row that was held back counts towards it.")
    number = share(a, n).number() if n else undefined(none)
    rest = share(b, m).number() if m else undefined(none)
    if not n or not m:
        return Held(number, rest, undefined(none, n + m), p, raised, False)
    columns = [np.array([float(count)]) for count in counts]
    low, high = newcombe_bounds(columns[0], columns[1], columns[2], columns[3], z)
    gap = a / n - b / m
    method = "Newcombe 1998 method 10, Bonferroni over the findings"
    difference = Number(gap, n + m, Interval(float(low[0]), float(high[0])), method)
    same = gap * (each.difference.value or 0.0) > 0
    return Held(number, rest, difference, p, raised, same and raised <= RATE)
