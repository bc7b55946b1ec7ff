"""Follow-up of plans: the national AI Basic Plan, and the plans of ministries, local governments and companies.

A plan is data: measures with those who answer for them, commitments, figures apart from what the press wrote, and
indicators whose every value has a date and a source. What is reported on it comes with the plan's file or as statements
that named persons signed, in the evidence log. Where a plan stands is worked out for a day and never stored: what
nobody reported is “no report”, not zero. Public names are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shinrai.planwatch.comparison import Comparison, compare, predecessors
    from shinrai.planwatch.model import (
        Citation,
        Commitment,
        Figure,
        Indicator,
        Measure,
        Observation,
        Origin,
        Owner,
        Period,
        Plan,
        Source,
        Stage,
        State,
        StatusEvent,
        Target,
    )
    from shinrai.planwatch.plan_file import read_plan
    from shinrai.planwatch.plan_text import plan_yaml
    from shinrai.planwatch.recorded import followed, read_records
    from shinrai.planwatch.recording import Draft, Recorded, Value, record_observation, record_status
    from shinrai.planwatch.shipped import PlanKey, available_plans, find_plan, load_plan, open_plan
    from shinrai.planwatch.standing import Followed, Standing, follow, stand
    from shinrai.planwatch.workbook import import_workbook, read_workbook

_HOMES = {
    "comparison": ("Comparison", "compare", "predecessors"),
    "model": (
        *("Citation", "Commitment", "Figure", "Indicator", "Measure", "Observation", "Origin", "Owner", "Period"),
        *("Plan", "Source", "Stage", "State", "StatusEvent", "Target"),
    ),
    "plan_file": ("read_plan",),
    "plan_text": ("plan_yaml",),
    "recorded": ("followed", "read_records"),
    "recording": ("Draft", "Recorded", "Value", "record_observation", "record_status"),
    "shipped": ("PlanKey", "available_plans", "find_plan", "load_plan", "open_plan"),
    "standing": ("Followed", "Standing", "follow", "stand"),
    "workbook": ("import_workbook", "read_workbook"),
}

__all__ = [
    "Citation",
    "Commitment",
    "Comparison",
    "Draft",
    "Figure",
    "Followed",
    "Indicator",
    "Measure",
    "Observation",
    "Origin",
    "Owner",
    "Period",
    "Plan",
    "PlanKey",
    "Recorded",
    "Source",
    "Stage",
    "Standing",
    "State",
    "StatusEvent",
    "Target",
    "Value",
    "available_plans",
    "compare",
    "find_plan",
    "follow",
    "followed",
    "import_workbook",
    "load_plan",
    "open_plan",
    "plan_yaml",
    "predecessors",
    "read_plan",
    "read_records",
    "read_workbook",
    "record_observation",
    "record_status",
    "stand",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that has it."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"shinrai.planwatch.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
