"""The checks on a table of decisions: what each is called, what it needs, what it shows, and how it is run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from shinrai.evaluate.checks import calibration, group_audit, group_fairness, performance, personal_data, quality
from shinrai.evaluate.checks.assembly import Basis, Frame, faulty
from shinrai.evaluate.checks.settings import DECIDING_GAPS, MIN_GROUP, CheckSettings
from shinrai.evaluate.measurement import Coverage, Measurement
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import Table, TableTarget
from shinrai.language import Bilingual, Message, message

__all__ = [
    "CHECKS",
    "DECIDING_GAPS",
    "METRICS",
    "MIN_GROUP",
    "Check",
    "CheckSettings",
    "error_measurements",
    "planned",
    "shows",
]


@dataclass(frozen=True, slots=True)
class Check:
    """One family of measurements.

    metrics: the names that a limit can be set for. applies: whether a target has what the check needs; needs says it
    in words.
    """

    name: str
    title: Bilingual
    needs: Bilingual
    metrics: tuple[str, ...]
    measure: Callable[[Table, CheckSettings], tuple[Measurement, ...]]
    applies: Callable[[TableTarget], bool]


def _check(
    module_name: str,
    title: Message,
    needs: Message,
    metrics: tuple[str, ...],
    measure: Callable[[Table, CheckSettings], tuple[Measurement, ...]],
    applies: Callable[[TableTarget], bool],
) -> Check:
    return Check(module_name, title.both(), needs.both(), metrics, measure, applies)


def _registry() -> dict[str, Check]:
    checks = (
        _check(
            performance.NAME,
            message("Performance of the decisions"),
            message("label, and prediction or score with threshold"),
            performance.METRICS,
            performance.measure,
            lambda target: target.decides,
        ),
        _check(
            group_fairness.NAME,
            message("Fairness between groups"),
            message("label, prediction or score with threshold, and groups"),
            group_fairness.METRICS,
            group_fairness.measure,
            lambda target: target.decides and bool(target.subjects),
        ),
        _check(
            group_audit.NAME,
            message("Gaps between groups beside chance and circumstances"),
            message("label, prediction or score with threshold, and groups"),
            group_audit.METRICS,
            group_audit.measure,
            lambda target: target.decides and bool(target.subjects),
        ),
        _check(
            calibration.NAME,
            message("Calibration of the score"),
            message("label and score"),
            calibration.METRICS,
            calibration.measure,
            lambda target: target.score is not None,
        ),
        _check(
            quality.NAME,
            message("Quality of the data"),
            message("label"),
            quality.METRICS,
            quality.measure,
            lambda _: True,
        ),
        _check(
            personal_data.NAME,
            message("Personal data in the columns"),
            message("any column"),
            personal_data.METRICS,
            personal_data.measure,
            lambda _: True,
        ),
    )
    return {check.name: check for check in checks}


CHECKS: Mapping[str, Check] = _registry()
"""Every check by its name, in the order they are run and shown."""

METRICS: Mapping[str, tuple[str, ...]] = {name: check.metrics for name, check in CHECKS.items()}
"""The metrics of each check; no two checks share one."""


def planned(target: TableTarget) -> tuple[str, ...]:
    """Names of the checks that can run on a target, in order."""
    return tuple(name for name, check in CHECKS.items() if check.applies(target))


def error_measurements(target: TableTarget, check: str, error: TableError) -> tuple[Measurement, ...]:
    """Return what a check says about a table that cannot be opened: one `error`, so that it is counted and shown.

    Its id is `<target>.<check>.all.table`. It decides, and has no rule: the limit may depend on data nobody could read.
    """
    frame = Frame(
        target.id,
        check,
        (),
        "table",
        target.declared,
        Message("{title}", {"title": CHECKS[check].title}),
        "none",
        None,
        True,
    )
    return (faulty(frame, Basis(0, Coverage(0, 0)), error),)


def shows(check: str) -> tuple[str, ...]:
    """Ids of the expected evidence that a check shows. KeyError for a name that is no check."""
    return _shows()[check]


@lru_cache(maxsize=1)
def _shows() -> Mapping[str, tuple[str, ...]]:
    text = files("shinrai.evaluate.checks").joinpath("shows.yaml").read_text(encoding="utf-8")
    return {check: tuple(leaves) for check, leaves in yaml.safe_load(text).items()}
