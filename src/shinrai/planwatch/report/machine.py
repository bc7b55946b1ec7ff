"""Every figure of the report for programs: where the plan stands, and what the report adds to it."""

from typing import Any

from shinrai.planwatch.machine import comparison_json, standing_json
from shinrai.planwatch.model import Stage
from shinrai.planwatch.report.contents import Due, Moved, PlanReport
from shinrai.planwatch.report.heat import HeatMap, closed
from shinrai.planwatch.report.pdca import Cycle
from shinrai_verify import NAMESPACE

REPORT = NAMESPACE + "plan-report/v1"

Json = dict[str, Any]


def report_json(report: PlanReport) -> Json:
    """Return the report as one object; ids lead into `standing`, which has the texts."""
    return {
        "schema": REPORT,
        "standing": standing_json(report.standing),
        "moved": _moved(report.moved, len(report.standing.measures)),
        "due": _due(report.due),
        "leads": _map(report.leads),
        "partners": _map(report.partners),
        "pdca": _cycle(report.cycle),
        "unsourced": {"part": len(report.standing.gaps.unsourced), "whole": report.rows},
        "comparison": None if report.comparison is None else comparison_json(report.comparison),
    }


def _moved(moved: Moved, measures: int) -> Json:
    return {
        "since": moved.since.isoformat(),
        "measures": {"part": len(moved.measures), "whole": measures, "ids": list(moved.measures)},
        "reports": [
            {"day": each.day.isoformat(), "about": each.about, "state": each.entry.event.state.value}
            for each in moved.reports
        ],
        "values": [
            {"day": each.day.isoformat(), "indicator": each.indicator.id, "group": each.value.group}
            for each in moved.values
        ],
    }


def _due(due: Due) -> Json:
    return {
        "late": [each.measure.id for each in due.late],
        "toCome": [each.measure.id for each in due.to_come],
        "closed": [each.measure.id for each in due.closed],
        "withoutDate": [each.measure.id for each in due.without_date],
    }


def _map(heat: HeatMap) -> list[Json]:
    return [
        {
            "section": cell.section.id,
            "owner": cell.owner.code,
            "shade": cell.shade.value,
            "measures": list(cell.measures),
            "reported": cell.tally.reported,
            "noReport": cell.tally.no_report,
            "closed": closed(cell.tally),
            "late": cell.tally.late,
        }
        for cell in heat.cells
    ]


def _cycle(cycle: Cycle) -> Json:
    def ids(stage: Stage, *, owner: bool) -> list[str]:
        return [each.standing.measure.id for each in (cycle.by_owner(stage) if owner else cycle.by_report(stage))]

    return {
        "byOwner": {stage.value: ids(stage, owner=True) for stage in Stage},
        "byReport": {stage.value: ids(stage, owner=False) for stage in Stage},
        "differing": [each.standing.measure.id for each in cycle.differing],
        "unplaced": [each.standing.measure.id for each in cycle.unplaced],
    }
