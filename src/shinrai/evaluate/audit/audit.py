"""The audit of a table of decisions: one result object, computed from counts alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shinrai.evaluate.audit.arms import Arm, arms_of, metrics_of
from shinrai.evaluate.audit.cells import CellTable, Merge, Origin, Roles, Subject
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.subjects import SubjectAudit, audit_subject, numbers_of
from shinrai.evaluate.audit.tally import merge_sentence
from shinrai.evaluate.audit.verdicts import Answer, Verdict
from shinrai.language import Message, ShinraiError, message


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that was found out.

    classes: of label and prediction, the favourable one first. overall: every metric for all rows. subjects: by group
    column or crossing, for the favourable class against the rest; by_class: the same for every other class of a task
    with several.
    """

    roles: Roles
    settings: AuditSettings
    classes: tuple[str, ...]
    overall: Mapping[str, Number]
    subjects: Mapping[Subject, SubjectAudit]
    merges: tuple[Merge, ...]
    origin: Origin
    warnings: tuple[Message, ...] = ()
    by_class: Mapping[str, Mapping[Subject, SubjectAudit]] = field(default_factory=dict)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every verdict, in the order of the subjects."""
        return tuple(each for subject in self.subjects.values() for each in subject.verdicts)

    @property
    def answer(self) -> Answer:
        """The verdicts as one: not met if any is, met if all are, else not enough evidence."""
        answers = {each.answer for each in self.verdicts}
        if Answer.NOT_MET in answers:
            return Answer.NOT_MET
        return Answer.MET if answers == {Answer.MET} else Answer.NOT_ENOUGH


def audit_cells(table: CellTable, settings: AuditSettings | None = None) -> Audit:
    """Audit a table of counts; ShinraiError where it holds nothing that could be compared."""
    settings = settings or AuditSettings()
    subjects: list[Subject] = [*((name,) for name in table.roles.groups), *table.roles.intersections]
    positive = table.classes[0] if table.classes else ""
    overall = _overall(table, positive)
    metrics = metrics_of(table)
    deciding = [metric for metric, _, _ in settings.deciding() if metric in metrics]
    family = max(1, len(subjects) * len(deciding))
    found = {subject: audit_subject(table, subject, positive, overall, settings, family=family) for subject in subjects}
    return Audit(
        table.roles,
        settings,
        table.classes,
        numbers_of(overall.estimates),
        found,
        table.merges,
        table.origin,
        _warnings(table, found),
    )


def _overall(table: CellTable, positive: str) -> Arm:
    arms = arms_of(table, (), positive)
    if not arms:
        raise ShinraiError(message("The table has no rows."), fix=message("Check the file, or the query."))
    return arms[0]


def _warnings(table: CellTable, subjects: Mapping[Subject, SubjectAudit]) -> tuple[Message, ...]:
    merges = tuple(merge_sentence(each.column, each.label, each.spellings) for each in table.merges)
    return (*merges, *(warning for each in subjects.values() for warning in each.warnings))
