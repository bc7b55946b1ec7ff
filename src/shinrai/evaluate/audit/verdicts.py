"""Three-way verdicts on gaps: met, not met, or not enough evidence, with how many rows would be enough.

All verdicts of an audit are one family: each is taken at a level raised so that, with 95 % confidence, none of them is
wrong (Bonferroni). A group that is small takes no part and is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.audit.cells import Subject
from shinrai.evaluate.audit.comparing import Form, Gap, between_groups, gap_interval
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.measurement import Outcome, Rule
from shinrai.evaluate.statistics.decision import decide, needed_n
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.language import Message, message


class Answer(StrEnum):
    """What a verdict comes to."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ENOUGH = "not_enough_evidence"


_ANSWERS = {Outcome.PASS: Answer.MET, Outcome.FAIL: Answer.NOT_MET, Outcome.INCONCLUSIVE: Answer.NOT_ENOUGH}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision on one gap of one subject.

    gap: over the compared groups, with its interval at `level`, on whose bound the answer rests. too_small: groups
    left out for their size. needed_n: rows that count at which the same rates would decide, None where no number helps.
    """

    subject: Subject
    metric: str
    form: Form
    rule: Rule
    answer: Answer
    gap: Gap
    level: float
    compared: tuple[str, ...]
    too_small: tuple[str, ...]
    needed_n: int | None = None
    reason: Message | None = None

    @property
    def name(self) -> str:
        """Metric and form, as settings name them."""
        return f"{self.metric}.{self.form.value}"


def verdict(
    subject: Subject,
    metric: str,
    form: Form,
    rule: Rule,
    estimates: Mapping[str, Estimate | Message],
    too_small: Sequence[str],
    family: int,
) -> Verdict:
    """Decide one comparison. estimates: of the groups large enough; family: how many verdicts the audit takes."""
    level = 1 - (1 - LEVEL) / family
    gap = between_groups(estimates, form, level)
    compared = tuple(name for name, each in estimates.items() if isinstance(each, Estimate))

    def answered(answer: Answer, reason: Message | None = None, needed: int | None = None) -> Verdict:
        return Verdict(subject, metric, form, rule, answer, gap, level, compared, tuple(too_small), needed, reason)

    if gap.value is None:
        return answered(Answer.NOT_ENOUGH, gap.reason)
    if gap.interval is None:
        return answered(Answer.NOT_ENOUGH, message("The gap has no interval, so that nothing can be decided."))
    answer = _ANSWERS[decide(gap.interval, rule)]
    if answer is not Answer.NOT_ENOUGH:
        return answered(answer)
    found = [each for each in estimates.values() if isinstance(each, Estimate)]

    def at(k: int) -> Interval:
        wide = gap_interval([each.times(k) for each in found], form, level)
        assert wide is not None  # noqa: S101  (it had one at k = 1; this tells the type checker)
        return wide

    needed = needed_n(gap.n, gap.value, at, rule)
    reason = (
        message("The interval holds the limit; with the same rates {n} rows would decide.", n=f"{needed:,}")
        if needed is not None
        else message("The interval holds the limit, and the value lies so close to it that more rows hardly help.")
    )
    return answered(Answer.NOT_ENOUGH, reason, needed)
