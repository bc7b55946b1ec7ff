"""What a description may change about the checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DECIDING_GAPS = ("selection_rate.ratio", "tpr.difference", "fpr.difference")
"""Metrics of group_fairness that decide unless the description says otherwise."""

MIN_GROUP = 30
"""Groups of fewer rows are suppressed unless the description says otherwise."""


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Limits and choices for the checks of one target.

    limits: metric name ("accuracy", "selection_rate.ratio", "gap", "missing", ...; see METRICS) to limit; a metric with
    a limit decides. decide_on: which metrics of group_fairness decide. min_group: a group of fewer rows is suppressed.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    decide_on: tuple[str, ...] = DECIDING_GAPS
    min_group: int = MIN_GROUP
