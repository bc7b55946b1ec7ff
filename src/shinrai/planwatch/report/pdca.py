"""Where in the PDCA cycle measures stand: by the owner's word, and by a rule from what was last reported.

The two are kept apart: an owner's word is a claim, a report has a source. A measure with neither has no stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shinrai.planwatch.model import Stage, State
from shinrai.planwatch.standing import MeasureStanding, Standing

BY_REPORT: Mapping[State, Stage] = {
    State.NOT_STARTED: Stage.PLAN,
    State.UNDER_WAY: Stage.DO,
    # There is a result, or a missed date, to be set against what the plan asks.
    State.DELIVERED: Stage.CHECK,
    State.LATE: Stage.CHECK,
    # Aim, lead or scope were corrected.
    State.CHANGED: Stage.ACT,
    State.DROPPED: Stage.ACT,
}
"""The stage that follows from the state last reported."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A measure with its stage by the owner's word and by its last report; None where there is none."""

    standing: MeasureStanding
    by_owner: Stage | None
    by_report: Stage | None

    @property
    def differ(self) -> bool:
        """Whether the owner's word and the last report speak of different stages."""
        return self.by_owner is not None and self.by_report is not None and self.by_owner is not self.by_report


@dataclass(frozen=True, slots=True)
class Cycle:
    """Every measure of a plan with its stages."""

    placed: tuple[Placed, ...]

    def by_owner(self, stage: Stage) -> tuple[Placed, ...]:
        """Return the measures whose owner says that they stand there."""
        return tuple(each for each in self.placed if each.by_owner is stage)

    def by_report(self, stage: Stage) -> tuple[Placed, ...]:
        """Return the measures that stand there by their last report."""
        return tuple(each for each in self.placed if each.by_report is stage)

    @property
    def unplaced(self) -> tuple[Placed, ...]:
        """The measures of which neither says where they stand."""
        return tuple(each for each in self.placed if each.by_owner is None and each.by_report is None)

    @property
    def differing(self) -> tuple[Placed, ...]:
        """The measures of which the two say different things."""
        return tuple(each for each in self.placed if each.differ)


def cycle_of(standing: Standing) -> Cycle:
    """Place the measures of a plan in the cycle."""
    return Cycle(
        tuple(
            Placed(each, each.measure.stage, None if each.progress.state is None else BY_REPORT[each.progress.state])
            for each in standing.measures
        )
    )
