"""The plans that come with Shinrai, and how a name on the command line becomes a plan."""

import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from shinrai.frameworks.located import MAX_BYTES, shown
from shinrai.language import Place, ShinraiError, message, suggest
from shinrai.planwatch.model import Plan
from shinrai.planwatch.plan_file import read_plan


class PlanKey(NamedTuple):
    """The name of one version of one plan."""

    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.id}/{self.version}"


def available_plans() -> tuple[PlanKey, ...]:
    """Return the plans that come with Shinrai, by id, and then by version from the oldest to the newest."""
    data = files("shinrai.planwatch") / "data"
    keys = (
        PlanKey(folder.name, entry.name.removesuffix(".yaml"))
        for folder in data.iterdir()
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry.name.endswith(".yaml")
    )
    return tuple(sorted(keys, key=lambda key: (key.id, _version_order(key.version))))


def _version_order(version: str) -> tuple[tuple[int, str], ...]:
    """Order phase-9 before phase-10: numbers by value, everything else as text."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", version))


def load_plan(key: PlanKey) -> Plan:
    """Load a plan that comes with Shinrai; an unknown one is a ShinraiError that lists those that there are."""
    if key not in available_plans():
        raise _unknown(str(key))
    data = (files("shinrai.planwatch") / "data" / key.id / f"{key.version}.yaml").read_bytes()
    return read_plan(data, f"{key}.yaml")


def find_plan(name: str) -> Plan:
    """Return the plan that a name stands for: a file (.yaml, .xlsx), `id/version`, or `id` for its newest version."""
    if name.endswith((".yaml", ".yml", ".xlsx")) or Path(name).is_file():
        return open_plan(Path(name))
    fitting = [key for key in available_plans() if name in (key.id, str(key))]
    if not fitting:
        raise _unknown(name)
    return load_plan(fitting[-1])


def open_plan(path: Path) -> Plan:
    """Read a plan from a YAML file or a workbook."""
    if path.suffix.lower() == ".xlsx":
        from shinrai.planwatch.workbook import read_workbook

        return read_workbook(path)
    try:
        # One byte more than is read shows a file that is too large, however large it is.
        with path.open("rb") as stream:
            return read_plan(stream.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> ShinraiError:
    return ShinraiError(
        message("There is no such file, or it cannot be read."),
        fix=message("Check the path, or name a plan that comes with Shinrai: {known}.", known=_listed()),
        place=Place(str(path)),
    )


def _unknown(name: str) -> ShinraiError:
    names = [*(str(key) for key in available_plans()), *dict.fromkeys(key.id for key in available_plans())]
    return ShinraiError(
        message("There is no plan “{name}”.", name=shown(name)),
        fix=suggest(name, names) or message("Name a file (.yaml, .xlsx), or one of: {known}.", known=_listed()),
    )


def _listed() -> str:
    return ", ".join(str(key) for key in available_plans())
