"""The audit of a table of decisions: one result object, computed from counts alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shinrai.evaluate.audit.arms import Arm, arms_of, metrics_of
from shinrai.evaluate.audit.cells import CellTable, Levels, Origin, Roles, Subject, Task
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.leaving_out import LeftOut, in_order, leave_out, sentences
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.subgroup_search import Search, search
from shinrai.evaluate.audit.subjects import SubjectAudit, audit_subject, numbers_of
from shinrai.evaluate.audit.suppression import hidden_groups
from shinrai.evaluate.audit.tally import merge_sentence
from shinrai.evaluate.audit.verdicts import Answer, Verdict
from shinrai.evaluate.targets.values import Merge
from shinrai.language import Message, ShinraiError, message


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that was found out.

    classes: of label and prediction, the favourable one first. overall: every metric for all rows. subjects: by group
    column or crossing, for the favourable class against the rest; by_class: the same for every other class of a task
    with several. search: None where none was asked for, or none can be made. left_out: small groups whose rows no
    number here is made of, those of all rows among them; origin.rows are then the others.
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
    search: Search | None = None
    left_out: LeftOut = field(default_factory=dict)

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
    table, left = (table, {}) if settings.suppress_below is None else leave_out(table, settings.suppress_below)
    subjects: list[Subject] = [*((name,) for name in table.roles.groups), *table.roles.intersections]
    positive = table.classes[0] if table.classes else ""
    overall = _overall(table, positive)
    metrics = metrics_of(table)
    deciding = [metric for metric, _, _ in settings.deciding() if metric in metrics]
    family = max(1, len(subjects) * len(deciding))
    searched = _search(table, positive, settings)
    hidden = _hidden(table, subjects, settings, searched)
    if searched is not None and settings.suppress_below is not None:
        searched = searched.only(hidden)

    def audited(class_: str, chosen: AuditSettings) -> dict[Subject, SubjectAudit]:
        whole = overall if class_ == positive else _overall(table, class_)
        return {
            subject: audit_subject(
                table,
                subject,
                class_,
                whole,
                chosen,
                family=family,
                hidden=hidden.get(subject, frozenset()),
                left_out=[(level,) for level in in_order(left.get(subject[0], ()))] if len(subject) == 1 else (),
            )
            for subject in subjects
        }

    found = audited(positive, settings)
    # One verdict for each comparison; the other classes inform.
    informing = replace(settings, decide_on=(), limits={})
    others = table.classes[1:] if table.roles.task is Task.MULTICLASS else ()
    return Audit(
        table.roles,
        settings,
        table.classes,
        numbers_of(overall.estimates),
        found,
        table.merges,
        table.origin,
        (*sentences(left, settings.suppress_below or 0), *_warnings(table, found, settings)),
        {class_: audited(class_, informing) for class_ in others},
        searched,
        left,
    )


def _search(table: CellTable, positive: str, settings: AuditSettings) -> Search | None:
    if not settings.search or _unsearchable(table):
        return None
    if settings.confirm is None:
        return search(table, positive, min_trials=settings.min_group)
    from shinrai.evaluate.audit.confirming import confirmed, split

    looked_at, held_back = split(table, settings.confirm, settings.seed)
    return confirmed(search(looked_at, positive, min_trials=settings.min_group), held_back, positive)


def _unsearchable(table: CellTable) -> bool:
    roles = table.roles
    return roles.task is Task.REGRESSION or roles.cluster is not None or roles.weight is not None


def _hidden(
    table: CellTable, subjects: list[Subject], settings: AuditSettings, searched: Search | None
) -> Mapping[Subject, frozenset[Levels]]:
    """Return what is not shown; the subjects of findings are shown in part, and count as shown."""
    if settings.suppress_below is None:
        return {}
    more = [] if searched is None else [each.subject for each in searched.findings]
    return hidden_groups(table, dict.fromkeys([*subjects, *more]), settings.suppress_below)


def _overall(table: CellTable, positive: str) -> Arm:
    arms = arms_of(table, (), positive)
    if not arms:
        raise ShinraiError(message("The table has no rows."), fix=message("Check the file, or the query."))
    return arms[0]


def _warnings(
    table: CellTable, subjects: Mapping[Subject, SubjectAudit], settings: AuditSettings
) -> tuple[Message, ...]:
    merges = tuple(merge_sentence(each.column, each.label, each.spellings) for each in table.merges)
    said = [*merges, *(warning for each in subjects.values() for warning in each.warnings)]
    if settings.search and _unsearchable(table):
        said.append(
            message("Subgroups were not searched: the search needs decisions without weights and without clusters.")
        )
    return tuple(said)
