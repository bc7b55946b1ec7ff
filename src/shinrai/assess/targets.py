"""From the targets of the description to what checks and seats take."""

from pathlib import Path

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.targets.table import TableTarget
from shinrai.systems import Checks, Description
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
    )


def check_settings(checks: Checks, check: str) -> CheckSettings:
    """Return the settings of one check, defaults where the description says nothing."""
    described = getattr(checks, check)
    defaults = CheckSettings()
    return CheckSettings(
        limits=dict(described.limits),
        decide_on=getattr(described, "decide_on", None) or defaults.decide_on,
        min_group=getattr(described, "min_group", defaults.min_group),
    )


def target_files(description: Description, folder: Path) -> dict[str, Path]:
    """Return the file of each target."""
    return {name: folder / target.file for name, target in description.targets.items()}
