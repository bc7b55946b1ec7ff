"""From the targets of the description to what checks and seats take."""

import csv
from collections.abc import Iterator
from pathlib import Path

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.targets.table import TableTarget
from shinrai.language import ShinraiError, message, suggest
from shinrai.systems import Checks, Description, ResultsTarget
from shinrai.systems import TableTarget as DescribedTable


def table_settings(name: str, target: DescribedTable, folder: Path) -> TableTarget:
    """Return a described table as the evaluate room takes it; folder: where the description is."""
    return TableTarget(
        id=name,
        file=folder / target.file,
        label=target.label,
        prediction=target.prediction,
        score=target.score,
        threshold=target.threshold,
        favourable=target.favourable,
        groups=target.groups,
        intersections=target.intersections,
        strata=target.strata,
        cluster=target.cluster,
        weight=target.weight,
    )


def check_settings(checks: Checks, check: str) -> CheckSettings:
    """Return the settings of one check, defaults where the description says nothing.

    `group_audit` suppresses what `group_fairness` does: a group that one of them hides must not be shown by the other.
    """
    defaults = CheckSettings()
    if check == "group_audit":
        return CheckSettings(min_group=checks.group_fairness.min_group)
    described = getattr(checks, check)
    return CheckSettings(
        limits=dict(described.limits),
        decide_on=getattr(described, "decide_on", None) or defaults.decide_on,
        min_group=getattr(described, "min_group", defaults.min_group),
    )


def tables(description: Description) -> dict[str, DescribedTable]:
    """Return the targets that are tables."""
    return {name: target for name, target in description.targets.items() if isinstance(target, DescribedTable)}


def target_files(description: Description, folder: Path) -> dict[str, Path]:
    """Return the file of each table, and of each target of results."""
    return {
        name: folder / target.file
        for name, target in description.targets.items()
        if isinstance(target, DescribedTable | ResultsTarget)
    }


def check_targets(description: Description, folder: Path) -> None:
    """Refuse a description whose targets name a file or a column that is not there: a slip, not a finding."""
    for name, target in tables(description).items():
        file = folder / target.file
        if not file.is_file():
            raise ShinraiError(
                message("There is no file {path}.", path=target.file),
                fix=message("Correct the path, or make the file first."),
                place=description.place(("targets", name, "file")),
            )
        columns = _columns(file)
        for path, column in _named(target):
            if columns and column not in columns:
                raise ShinraiError(
                    message("The file {path} has no column “{column}”.", path=target.file, column=column),
                    fix=suggest(column, columns) or message("It has: {names}.", names=", ".join(columns[:30])),
                    place=description.place(("targets", name, *path)),
                )


def _named(target: DescribedTable) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for field in ("label", "prediction", "score", "cluster", "weight"):
        column = getattr(target, field)
        if column is not None:
            yield (field,), column
    for number, column in enumerate(target.groups):
        yield ("groups", number), column
    for number, column in enumerate(target.strata):
        yield ("strata", number), column


def _columns(file: Path) -> list[str]:
    """Return the names of the columns; none when the file cannot be read, which measuring it will then record."""
    if file.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return [str(name) for name in pq.read_schema(file).names]
        except (pa.ArrowException, OSError):
            return []
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return next(csv.reader([stream.readline(1_000_000)]), [])
    except (UnicodeDecodeError, csv.Error):
        return []
