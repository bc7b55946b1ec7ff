"""Tables of cells for the audit, from rows or from counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.audit.cells import SCALE_BITS, Cell, CellTable, ClusterSums, Origin, Roles, Subject, Task

Row = Mapping[str, Any]
MakeCells = Callable[..., CellTable]


def make_cells(rows: Sequence[Row], roles: Roles, extra: Sequence[Subject] = ()) -> CellTable:
    """Count rows in plain Python, slowly and by the definitions of cells.py alone."""
    subjects: list[Subject] = [(), *((name,) for name in roles.groups), *roles.intersections, *extra]
    favourable = str(roles.favourable)
    named = {str(row[c]) for row in rows for c in (roles.label, roles.prediction) if c and row.get(c) is not None}
    classes = (favourable, *sorted(named - {favourable}))
    cells = {subject: _cells(rows, roles, subject) for subject in dict.fromkeys(subjects)}
    total = sum(int(row[roles.counts]) if roles.counts else 1 for row in rows)
    return CellTable(roles, classes, cells, Origin("rows", (), total, {}), clusters=_clusters(rows, roles, subjects))


def _text(row: Row, column: str | None) -> str | None:
    return None if column is None or row.get(column) is None else str(row[column])


def _cells(rows: Sequence[Row], roles: Roles, subject: Subject) -> tuple[Cell, ...]:
    counts: Counter[Any] = Counter()
    weights: Counter[Any] = Counter()
    squares: Counter[Any] = Counter()
    for row in rows:
        key = (
            tuple(_text(row, c) for c in subject),
            tuple(_text(row, c) for c in roles.strata),
            _text(row, roles.label),
            _text(row, roles.prediction),
        )
        counts[key] += int(row[roles.counts]) if roles.counts else 1
        if roles.weight:
            units = round(row[roles.weight] * 2**SCALE_BITS)
            weights[key] += units
            squares[key] += units**2
    order = sorted(
        counts, key=lambda key: tuple((p is None, p or "") for part in (key[0], key[1], key[2:]) for p in part)
    )
    return tuple(
        Cell(*key, counts[key], weights[key] if roles.weight else None, squares[key] if roles.weight else None)
        for key in order
    )


def _clusters(rows: Sequence[Row], roles: Roles, subjects: Sequence[Subject]) -> Mapping[Subject, Any]:
    """Sums over clusters of the selection rate and of accuracy."""
    if roles.cluster is None:
        return {}
    fractions: dict[str, Callable[[Row], tuple[bool, bool]]] = {
        "selection_rate": lambda row: (_text(row, roles.prediction) == str(roles.favourable), True),
        "accuracy": lambda row: (_text(row, roles.prediction) == _text(row, roles.label), True),
    }
    found: dict[Subject, dict[Any, dict[str, ClusterSums]]] = {}
    for subject in subjects:
        for name, of in fractions.items():
            sums: dict[Any, Counter[Any]] = {}
            for row in rows:
                s, t = of(row)
                per = sums.setdefault(tuple(_text(row, c) for c in subject), Counter())
                per[row[roles.cluster], "s"] += s and t
                per[row[roles.cluster], "t"] += t
            for levels, per in sums.items():
                pairs = [(per[c, "s"], per[c, "t"]) for c in {c for c, _ in per}]
                made = ClusterSums(
                    len(pairs),
                    sum(s for s, _ in pairs),
                    sum(t for _, t in pairs),
                    sum(s * s for s, _ in pairs),
                    sum(s * t for s, t in pairs),
                    sum(t * t for _, t in pairs),
                )
                found.setdefault(subject, {}).setdefault(levels, {})[name] = made
    return found


def crossings(columns: Sequence[str], ways: int) -> list[Subject]:
    """Return every crossing of up to so many columns."""
    return [subject for way in range(2, ways + 1) for subject in combinations(columns, way)]


@pytest.fixture(scope="session")
def cells_of() -> MakeCells:
    """Rows (dicts), or counts by group as (favourable, total), to a CellTable."""

    def make(rows: Any, *, extra: Sequence[Subject] = (), **roles: Any) -> CellTable:
        if isinstance(rows, Mapping):
            rows = [
                {"group": level, "decision": decision, "n": n}
                for level, counts in rows.items()
                for decision, n in ((1, counts["favourable"]), (0, counts["total"] - counts["favourable"]))
                if n
            ]
            roles = {"prediction": "decision", "groups": ("group",), "counts": "n", **roles}
        roles = {"favourable": 1, "task": Task.BINARY, **roles}
        return make_cells(rows, Roles(**roles), extra)

    return make


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """Published counts and what is known of them."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("fairness_cases.json").read_text(encoding="utf-8"))
    return found
