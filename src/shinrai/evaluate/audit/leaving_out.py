"""Small groups that are left out of everything, totals too, where a total would give them away.

The size of a single small group, such as seven rows without a value, is the total less the groups that are shown. To
hide the next group as well would hide what the audit is about: one of two sexes, say. So the rows of the small group
are taken out of the table before anything is computed. Whatever is printed is then a function of the other rows alone,
and nothing about the small group follows from it but that it is small.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shinrai.evaluate.audit.cells import Cell, CellTable, Levels, NumberSums, Roles, ScoreBins, Subject
from shinrai.evaluate.audit.intake import Wanted, read_cells
from shinrai.evaluate.audit.suppression import too_telling
from shinrai.evaluate.audit.tally import group_title, groups_of, unified
from shinrai.evaluate.targets.faults import TableError
from shinrai.language import Message, message

LeftOut = Mapping[str, frozenset[str | None]]
"""Group column to the levels whose rows are left out; None is the level without a value."""

_MOST_ROUNDS = 4


def read_to_share(
    data: Any, roles: Roles, k: int | None, *, wanted: Wanted | None = None, crossed: Sequence[Subject] = ()
) -> CellTable:
    """Count a table, and what it takes to leave small groups out where k is not None.

    crossed: what else is to be counted. Where the crossings that leaving out takes cannot be counted, they are left
    off, and other groups are hidden instead.
    """
    asked = tuple(dict.fromkeys([*roles.intersections, *crossed]))
    table = replace(read_cells(data, replace(roles, intersections=asked), wanted=wanted), roles=roles)
    if k is None:
        return table
    for _ in range(_MOST_ROUNDS):
        needed = _lacking(table, _weak_everywhere(table, k))
        if not needed:
            return table
        try:
            more = replace(roles, intersections=tuple(dict.fromkeys([*asked, *needed])))
            table = replace(read_cells(data, more, wanted=wanted), roles=roles)
        except TableError:
            return table
    return table


def leave_out(table: CellTable, k: int) -> tuple[CellTable, LeftOut]:
    """Return the table without the rows of small groups that a total would give away, and which these are.

    The table itself, and nothing left out, where nothing is, or where its cells do not tell what would be left.
    """
    left = _weak_everywhere(table, k)
    kept = _without(table, left) if left else None
    if kept is None or not any(cell.rows for cell in kept.cells.get((), ())):
        return table, {}
    rows = sum(cell.rows for cell in kept.cells[()])
    return replace(kept, origin=replace(kept.origin, rows=rows)), left


def sentences(left: LeftOut, k: int) -> tuple[Message, ...]:
    """Say what was left out, and why."""
    return tuple(
        message(
            "“{columns}”: groups of fewer than {rows} rows ({groups}) are left out of every number here, those of all "
            "rows too, so that no total gives them away.",
            columns=column,
            rows=k,
            groups=_listed([group_title((level,)) for level in in_order(levels)]),
        )
        for column, levels in left.items()
    )


def _listed(titles: Sequence[Message | str]) -> Message | str:
    shown = titles[0]
    for title in titles[1:]:
        shown = message("{group}, {other}", group=shown, other=title)
    return shown


def in_order(levels: Iterable[str | None]) -> list[str | None]:
    """Return levels by code point, the missing one last."""
    return sorted(levels, key=lambda level: (level is None, level or ""))


def _weak_everywhere(table: CellTable, k: int) -> LeftOut:
    """Return the levels to be left out: to leave some out can make others small."""
    if table.roles.cluster is not None:
        # Sums over the clusters of what is left do not follow from those of the parts.
        return {}
    left: dict[str, frozenset[str | None]] = {}
    current: CellTable | None = table
    while current is not None:
        found = {name: weak for name in table.roles.groups if (weak := _weak(current, name, k))}
        if not found:
            break
        left |= {name: left.get(name, frozenset()) | levels for name, levels in found.items()}
        current = _without(table, left)
    return {name: left[name] for name in table.roles.groups if name in left}


def _weak(table: CellTable, column: str, k: int) -> frozenset[str | None]:
    positive = table.classes[0] if table.classes else ""
    groups = groups_of(table, (column,), positive)
    small = [each for each in groups if 0 < each.rows.rows < k]
    if not small or not too_telling([each.rows for each in small], [each.rows for each in groups], k):
        return frozenset()
    return frozenset(each.levels[0] for each in small)


def _published(roles: Roles) -> tuple[Subject, ...]:
    return ((), *((name,) for name in roles.groups), *roles.intersections)


def _lacking(table: CellTable, left: LeftOut) -> tuple[Subject, ...]:
    """Return the crossings without which the subjects cannot be counted without what is left out."""
    needed = [_crossing(table, subject, left) for subject in _published(table.roles)]
    return tuple(dict.fromkeys(each for each in needed if len(each) > 1 and _counted(table, each) is None))


def _crossing(table: CellTable, subject: Subject, left: LeftOut) -> Subject:
    return (*subject, *(name for name in table.roles.groups if name in left and name not in subject))


def _counted(table: CellTable, columns: Subject) -> Subject | None:
    """Return the subject under which the table has the cells of columns, in whatever order."""
    return next((each for each in table.cells if set(each) == set(columns)), None)


def _without(table: CellTable, left: LeftOut) -> CellTable | None:
    """Return the table without the rows of some levels; None where it lacks the crossings that tell what is left."""
    sources = {subject: _counted(table, _crossing(table, subject, left)) for subject in table.cells}
    if any(sources.get(subject) is None for subject in _published(table.roles)):
        return None
    kept = {subject: source for subject, source in sources.items() if source is not None}
    return replace(
        table,
        cells={subject: _cells(table, subject, source, left) for subject, source in kept.items()},
        bins={s: _bins(table, s, source, left) for s, source in kept.items() if source in table.bins},
        numbers={s: _numbers(table, s, source, left) for s, source in kept.items() if source in table.numbers},
    )


def _stays(levels: Levels, source: Subject, left: LeftOut) -> bool:
    return all(level not in left.get(name, ()) for name, level in zip(source, unified(levels), strict=True))


def _part(levels: Levels, source: Subject, subject: Subject) -> Levels:
    return tuple(levels[source.index(name)] for name in subject)


def _cells(table: CellTable, subject: Subject, source: Subject, left: LeftOut) -> tuple[Cell, ...]:
    sums: dict[Any, list[int]] = {}
    for cell in table.cells[source]:
        if _stays(cell.levels, source, left):
            key = (_part(cell.levels, source, subject), cell.strata, cell.label, cell.prediction)
            have = sums.setdefault(key, [0, 0, 0])
            amounts = (cell.rows, cell.weight or 0, cell.weight_squares or 0)
            sums[key] = [a + b for a, b in zip(have, amounts, strict=True)]
    found = []
    for cell in table.cells[subject]:
        amount = sums.get((cell.levels, cell.strata, cell.label, cell.prediction))
        if amount is not None:
            weighted = cell.weight is not None
            found.append(
                replace(
                    cell,
                    rows=amount[0],
                    weight=amount[1] if weighted else None,
                    weight_squares=amount[2] if weighted else None,
                )
            )
    return tuple(found)


def _bins(table: CellTable, subject: Subject, source: Subject, left: LeftOut) -> tuple[ScoreBins, ...]:
    sums: dict[tuple[Levels, bool], ScoreBins] = {}
    for each in table.bins[source]:
        if not _stays(each.levels, source, left):
            continue
        levels = _part(each.levels, source, subject)
        have = sums.get((levels, each.positive))
        made = replace(each, levels=levels)
        sums[levels, each.positive] = made if have is None else _binned_together(have, made)
    order = [(each.levels, each.positive) for each in table.bins[subject]]
    return tuple(sums[key] for key in order if key in sums)


def _binned_together(one: ScoreBins, other: ScoreBins) -> ScoreBins:
    return replace(
        one,
        counts=tuple(a + b for a, b in zip(one.counts, other.counts, strict=True)),
        sums=tuple(a + b for a, b in zip(one.sums, other.sums, strict=True)),
        squares=tuple(a + b for a, b in zip(one.squares, other.squares, strict=True)),
    )


_SUMMED = (
    *("rows", "label", "label_squares", "prediction", "prediction_squares"),
    *("residual", "residual_squares", "absolute"),
)


def _numbers(table: CellTable, subject: Subject, source: Subject, left: LeftOut) -> tuple[NumberSums, ...]:
    sums: dict[tuple[Levels, Levels], NumberSums] = {}
    for each in table.numbers[source]:
        if not _stays(each.levels, source, left):
            continue
        key = (_part(each.levels, source, subject), each.strata)
        made = replace(each, levels=key[0])
        have = sums.get(key)
        if have is not None:
            made = replace(made, **{name: getattr(have, name) + getattr(made, name) for name in _SUMMED})
        sums[key] = made
    order = [(each.levels, each.strata) for each in table.numbers[subject]]
    return tuple(sums[key] for key in order if key in sums)
