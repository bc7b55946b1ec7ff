"""What a reader has to know of how groups came about, before any number: missing values, small and hidden groups."""

from collections.abc import Callable, Sequence

from shinrai.evaluate.audit.arms import Arm
from shinrai.evaluate.audit.cells import CellTable, Levels, Subject
from shinrai.evaluate.audit.comparing import Form, between_groups
from shinrai.evaluate.audit.estimates import share
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.tally import Tally, name_of
from shinrai.language import Message, message

_NAMED = 10


def warnings_of(
    table: CellTable, subject: Subject, groups: Sequence[Arm], settings: AuditSettings, hidden: frozenset[Levels]
) -> tuple[Message, ...]:
    """Return the warnings about the groups of one subject."""
    shown = [each for each in groups if not each.missing and each.levels not in hidden]
    found: list[Message] = []
    columns = name_of(subject)
    without = sum(each.rows for each in groups if each.missing and each.levels not in hidden)
    if without:
        found.append(
            message(
                "“{columns}”: rows without a group, compared with none: {rows}.", columns=columns, rows=f"{without:,}"
            )
        )
    small = [each.name for each in shown if each.rows < settings.min_group]
    if small:
        found.append(
            message(
                "“{columns}”: groups of fewer than {rows} rows get no verdict: {groups}.",
                columns=columns,
                rows=settings.min_group,
                groups=", ".join(small[:_NAMED]) + ("…" if len(small) > _NAMED else ""),
            )
        )
    if hidden:
        found.append(
            message(
                "“{columns}”: groups not shown, as they are small or would give a small one away: {count}.",
                columns=columns,
                count=len(hidden),
            )
        )
    return (*found, *_missing_unevenly(table, columns, shown))


def _missing_unevenly(table: CellTable, columns: str, groups: Sequence[Arm]) -> tuple[Message, ...]:
    """Say where labels or predictions are missing more often in one group than in another."""
    kinds: list[tuple[Message, Callable[[Tally], int]]] = []
    if table.roles.prediction is not None or table.roles.score is not None:
        kinds.append((message("prediction"), lambda tally: tally.rows - tally.predicted))
    if table.roles.label is not None:
        kinds.append((message("label"), lambda tally: tally.rows - tally.labelled))
    found = []
    for what, count in kinds:
        shares = {each.name: share(count(each.counts), each.rows) for each in groups if each.rows and each.counts}
        gap = between_groups(shares, Form.DIFFERENCE)
        if gap.interval is not None and gap.interval.low > 0:
            found.append(
                message(
                    "“{columns}”: the {what} is missing more often in “{most}” than in “{least}” (difference {gap} "
                    "points), which can bias every other number.",
                    columns=columns,
                    what=what,
                    most=gap.high_group,
                    least=gap.low_group,
                    gap=f"{100 * float(gap):.1f}",
                )
            )
    return tuple(found)
