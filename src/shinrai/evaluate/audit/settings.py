"""What may be chosen about an audit, and what holds where nothing is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shinrai.evaluate.audit.comparing import Form
from shinrai.evaluate.measurement import Comparison, Rule

SHARED_BELOW = 10
"""In what is passed on, groups of fewer rows are not shown."""

LIMITS = {Form.DIFFERENCE: 0.10, Form.RATIO: 0.80}
"""Largest difference and smallest ratio unless others are given; rules of thumb, not law."""

DECIDE_ON = ("selection_rate.ratio", "tpr.difference", "fpr.difference")
"""Comparisons that decide unless others are named."""


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Choices for one audit.

    min_group: a group of fewer rows gets no verdict. min_trials: nor does one with a smaller denominator.
    suppress_below: groups of fewer rows are not shown, nor what would give them away; None shows all, for the eyes of
    those who hold the rows. decide_on: "<metric>.difference" or ".ratio"; limits: for these names, where the default
    does not fit, and a name with a limit decides. seed, replicates: of what is drawn at random.
    search: whether every group and crossing that was counted is searched for what stands out. confirm: share of the
    rows that are held back from the search, and that its findings are measured again on; None holds none back.
    """

    min_group: int = 30
    min_trials: int = 10
    suppress_below: int | None = None
    decide_on: tuple[str, ...] = DECIDE_ON
    limits: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1
    replicates: int = 10_000
    search: bool = False
    confirm: float | None = None

    def deciding(self) -> tuple[tuple[str, Form, Rule], ...]:
        """Return metric, form and rule of each comparison that decides; ValueError for a name of no such form."""
        names = dict.fromkeys((*self.decide_on, *self.limits))
        found = []
        for name in names:
            metric, _, last = name.rpartition(".")
            form = Form(last)
            side = Comparison.AT_MOST if form is Form.DIFFERENCE else Comparison.AT_LEAST
            found.append((metric, form, Rule(side, self.limits.get(name, LIMITS[form]))))
        return tuple(found)
