"""Faults of a table that several parts of the intake find."""

from pathlib import Path

from shinrai.evaluate.targets.faults import TableError, in_file
from shinrai.evaluate.targets.values import shown
from shinrai.language import message


def no_number(place: Path, column: str, stored: str) -> TableError:
    """Make the error for a column that has to hold numbers."""
    return in_file(
        place,
        message(
            "Column “{column}” has to hold numbers and has the type {type}.", column=shown(column), type=shown(stored)
        ),
        message("Write it as numbers, or name another column."),
        column=column,
    )


def changed(place: Path) -> TableError:
    """Make the error for a table that is not the same at the end as at the beginning."""
    return in_file(
        place,
        message("The table changed while it was read."),
        message("Audit a copy or a snapshot of it that stays as it is."),
    )
