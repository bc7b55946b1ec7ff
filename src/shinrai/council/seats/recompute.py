"""The recompute seat's arithmetic: every number of the table checks a second time, from the rows.

Written from docs/reference/table-checks.md alone and sharing no code with the checks: other reader (pyarrow), other
counting (numpy), other intervals (roots instead of closed forms). A measurement that this derivation does not reach
is a disagreement with words, never a silent agreement, and an error stays an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from shinrai.council.seats import intervals
from shinrai.council.seats.recompute_audit import AUDITED, WITHIN, group_audit
from shinrai.council.seats.recompute_columns import data_quality, personal_data, profile
from shinrai.council.seats.recompute_compare import differences, same_count_value, together
from shinrai.council.seats.recompute_file import Source, UnreadableError, open_table
from shinrai.council.seats.recompute_peers import PeerValues, ask_peers, installed
from shinrai.council.seats.recompute_rates import (
    RATES,
    Derived,
    calibration,
    failed,
    group_fairness,
    group_fault,
    partition,
    performance,
)
from shinrai.council.seats.recompute_table import Decisions, read_decisions
from shinrai.council.seats.recompute_values import subject
from shinrai.evaluate.measurement import Comparison, Measurement, Outcome, Rule
from shinrai.language import Message, message

_DEFAULT_RULES: Mapping[tuple[str, str], Rule] = {
    **{("group_fairness", f"{rate}.difference"): Rule(Comparison.AT_MOST, 0.10) for rate in RATES},
    **{("group_fairness", f"{rate}.ratio"): Rule(Comparison.AT_LEAST, 0.80) for rate in RATES},
    ("calibration", "gap"): Rule(Comparison.AT_MOST, 0.05),
    ("data_quality", "missing"): Rule(Comparison.AT_MOST, 0.05),
    ("data_quality", "duplicates"): Rule(Comparison.AT_MOST, 0.01),
    ("data_quality", "leakage_suspects"): Rule(Comparison.AT_MOST, 0.0),
    ("personal_data", "columns"): Rule(Comparison.AT_MOST, 0.0),
}
_DECISIVE_GAPS = frozenset({"selection_rate.ratio", "tpr.difference", "fpr.difference"})
_DECISIVE = {
    ("performance", "accuracy"),
    ("calibration", "gap"),
    *(("data_quality", metric) for metric in ("missing", "duplicates", "leakage_suspects")),
    ("personal_data", "columns"),
}
_TABLE = "table"


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What the description says of a table target. favourable: as written there, text, number or boolean."""

    id: str
    label: str
    prediction: str | None = None
    score: str | None = None
    threshold: float | None = None
    favourable: str | int | float | bool = 1
    groups: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    strata: tuple[str, ...] = ()
    cluster: str | None = None
    weight: str | None = None

    @property
    def subjects(self) -> tuple[tuple[str, ...], ...]:
        """The group columns and then the intersections, each once."""
        return tuple(dict.fromkeys([*((name,) for name in self.groups), *self.intersections]))

    @property
    def declared(self) -> tuple[str, ...]:
        """The columns the target names, each once."""
        crossed = [name for columns in self.intersections for name in columns]
        ends = (*self.strata, self.cluster, self.weight)
        named = (self.label, self.prediction, self.score, *self.groups, *crossed, *ends)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, slots=True)
class CheckParameters:
    """What the description says of a check.

    limits: rules by metric. decide_on: metrics of group_fairness that decide, None leaves the defaults; a metric with
    a limit of its own decides as well.
    """

    limits: Mapping[str, Rule] = field(default_factory=dict)
    decide_on: frozenset[str] | None = None
    min_group: int = 30


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One measurement derived again.

    value, low, high, n, outcome: as derived here. implementations: who computed it. agrees: whether the measurement
    says the same; difference: in words what differs, None where nothing does.
    """

    id: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    outcome: Outcome
    implementations: tuple[str, ...]
    agrees: bool
    difference: Message | None


@dataclass(frozen=True, slots=True)
class _Question:
    check: str
    columns: tuple[str, ...]
    metric: str


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the file says: its rows and columns, an answer to each question that was asked, and what peers say."""

    rows: int
    columns: tuple[str, ...]
    derived: Mapping[_Question, Derived]
    said: PeerValues


def recompute(
    file: Path,
    target: TableSettings,
    measurements: Sequence[Measurement],
    checks: Mapping[str, CheckParameters],
    *,
    peers: bool = True,
) -> Mapping[str, Recomputed]:
    """Derive each measurement again from the file and compare.

    checks: parameters by check id; a check that is not named has the defaults. peers: also ask scikit-learn and
    fairlearn, where both are installed and the file has at most 200,000 rows. Never raises on the file's content.
    """
    known = {_id(target, question): question for question in _questions(target)}
    asked = list(dict.fromkeys(known[one.id] for one in measurements if one.id in known))
    answers = _answer(file, target, asked, checks, peers=peers)
    results: dict[str, Recomputed] = {}
    for measured in measurements:
        question = known.get(measured.id)
        if measured.id in results:
            twice = message("two measurements have this id")
            results[measured.id] = replace(results[measured.id], agrees=False, difference=twice)
        elif question is None or question not in answers.derived:
            results[measured.id] = _unknown(measured)
        else:
            parameters = checks.get(question.check, CheckParameters())
            results[measured.id] = _compared(measured, target, question, parameters, answers)
    return results


def _id(target: TableSettings, question: _Question) -> str:
    return f"{target.id}.{question.check}.{subject(question.columns)}.{question.metric}"


def _questions(target: TableSettings) -> Iterator[_Question]:
    """Every measurement that the page defines for a target."""
    if target.prediction is not None or target.score is not None:
        for metric in ("accuracy", *RATES, *(("auc",) if target.score is not None else ()), _TABLE):
            yield _Question("performance", (), metric)
        for columns in target.subjects:
            for rate in RATES:
                yield _Question("group_fairness", columns, f"{rate}.difference")
                yield _Question("group_fairness", columns, f"{rate}.ratio")
            for metric in (*AUDITED, *((WITHIN,) if target.strata else ())):
                yield _Question("group_audit", columns, metric)
        if target.subjects:
            yield _Question("group_fairness", (), _TABLE)
            yield _Question("group_audit", (), _TABLE)
    if target.score is not None:
        for metric in ("gap", "brier", _TABLE):
            yield _Question("calibration", (), metric)
        for columns in target.subjects:
            yield _Question("calibration", columns, "gap")
    for metric in ("missing", "duplicates", "constant", "leakage_suspects", _TABLE):
        yield _Question("data_quality", (), metric)
    for metric in ("columns", _TABLE):
        yield _Question("personal_data", (), metric)


def _answer(
    file: Path,
    target: TableSettings,
    asked: Sequence[_Question],
    checks: Mapping[str, CheckParameters],
    *,
    peers: bool,
) -> _Answers:
    if not asked:
        return _Answers(0, (), {}, PeerValues())
    try:
        source = open_table(file)
        decisions = _read(source, target)
    except UnreadableError as broken:
        return _Answers(0, (), dict.fromkeys(asked, failed(broken.what)), PeerValues())
    derived = _derive(source, target, decisions, asked, checks)
    said = PeerValues()
    # What the peers compute knows nothing of weights.
    if (
        peers
        and decisions.weights is None
        and any(_peers_define(question) for question in asked)
        and installed(decisions.rows)
    ):
        crossings = {question.columns for question in asked if question.check == "group_fairness" and question.columns}
        sound = [columns for columns in crossings if group_fault(decisions, columns) is None]
        said = ask_peers(decisions, {columns: partition(decisions, columns) for columns in sound})
    return _Answers(decisions.file_rows, tuple(source.kinds), derived, said)


def _read(source: Source, target: TableSettings) -> Decisions:
    return read_decisions(
        source,
        label=target.label,
        prediction=target.prediction,
        score=target.score,
        threshold=target.threshold,
        groups=list(dict.fromkeys([*(name for columns in target.subjects for name in columns), *target.strata])),
        favourable=target.favourable,
        cluster=target.cluster,
        weight=target.weight,
    )


def _derive(
    source: Source,
    target: TableSettings,
    decisions: Decisions,
    asked: Sequence[_Question],
    checks: Mapping[str, CheckParameters],
) -> dict[_Question, Derived]:
    """Answer what was asked, except what the page does not define for this table."""
    derived: dict[tuple[str, tuple[str, ...]], Mapping[str, Derived]] = {}
    counted = decisions.counted()
    for check, columns in dict.fromkeys((question.check, question.columns) for question in asked):
        smallest = checks.get(check, CheckParameters()).min_group
        if check == "performance":
            derived[check, columns] = performance(counted)
        elif check == "group_fairness":
            derived[check, columns] = group_fairness(counted, columns, smallest) if columns else {}
        elif check == "group_audit":
            audited = group_audit(counted, columns, target.strata, smallest) if columns else {}
            derived[check, columns] = audited
        elif check == "calibration":
            derived[check, columns] = calibration(counted, columns, smallest)
    derived |= _of_all_columns(source, target, decisions, {question.check for question in asked})
    return {
        question: answer
        for question in asked
        if (answer := _one(derived[question.check, question.columns], question)) is not None
    }


def _one(answers: Mapping[str, Derived], question: _Question) -> Derived | None:
    if question.metric in answers:
        return answers[question.metric]
    # The table was opened, so that nothing of it as a whole is an error.
    return Derived(None, None, None, 0, 0) if question.metric == _TABLE else None


def _of_all_columns(
    source: Source, target: TableSettings, decisions: Decisions, checks: set[str]
) -> dict[tuple[str, tuple[str, ...]], Mapping[str, Derived]]:
    """Answer the checks that read the columns no target names; a fault of their bytes is an error of these checks."""
    wanted = checks & {"data_quality", "personal_data"}
    if not wanted:
        return {}
    try:
        table = profile(source, decisions.label, rows_differ="data_quality" in wanted)
        answers: dict[str, Mapping[str, Derived]] = {"personal_data": personal_data(table)}
        if "data_quality" in wanted:
            answers["data_quality"] = data_quality(source, table, decisions.label, target.declared)
    except UnreadableError as broken:
        metrics = ("missing", "duplicates", "constant", "leakage_suspects", "columns", _TABLE)
        answers = dict.fromkeys(wanted, dict.fromkeys(metrics, failed(broken.what)))
    return {(check, ()): answers[check] for check in wanted}


def _peers_define(question: _Question) -> bool:
    return question.check in {"performance", "group_fairness"} or question.metric == "brier"


def _unknown(measured: Measurement) -> Recomputed:
    return Recomputed(
        measured.id,
        None,
        None,
        None,
        0,
        Outcome.ERROR if measured.outcome is Outcome.ERROR else Outcome.INCONCLUSIVE,
        (),
        agrees=False,
        difference=message("no second implementation"),
    )


def _compared(
    measured: Measurement, target: TableSettings, question: _Question, parameters: CheckParameters, answers: _Answers
) -> Recomputed:
    derived = answers.derived[question]
    rule = _rule(question, parameters, derived)
    outcome = Outcome.ERROR if derived.fault is not None else intervals.decide(rule, derived.low, derived.high)
    asked = 0 if question.metric == _TABLE else answers.rows
    columns = _columns(target, question, answers.columns)
    decisive = _decisive(question, parameters)
    points = [differences(measured, derived, outcome, rule, decisive, columns, asked)]
    if (measured.target, measured.check, measured.metric) != (target.id, question.check, question.metric):
        points.insert(0, message("its target, check or metric is not that of its id"))
    names, objection = _peers_say(question, derived, answers.said)
    points.append(objection)
    difference = together([point for point in points if point is not None])
    return Recomputed(
        measured.id,
        derived.value,
        derived.low,
        derived.high,
        derived.n,
        outcome,
        ("NumPy", *names),
        agrees=difference is None,
        difference=difference,
    )


def _rule(question: _Question, parameters: CheckParameters, derived: Derived) -> Rule | None:
    if question.metric in parameters.limits:
        return parameters.limits[question.metric]
    if derived.limit is not None:
        return Rule(Comparison.AT_LEAST, derived.limit)
    return _DEFAULT_RULES.get((question.check, question.metric))


def _decisive(question: _Question, parameters: CheckParameters) -> bool:
    if question.metric in parameters.limits or question.metric == _TABLE:
        return True
    if question.check == "group_fairness":
        return question.metric in (_DECISIVE_GAPS if parameters.decide_on is None else parameters.decide_on)
    return (question.check, question.metric) in _DECISIVE


def _columns(target: TableSettings, question: _Question, every: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that a number is computed from, in the order of the page."""
    match question.check, question.metric:
        case (_, "table") | ("data_quality", "missing"):
            return target.declared
        case ("data_quality", "leakage_suspects"):
            return (*(name for name in every if name not in target.declared), target.label)
        case ("data_quality" | "personal_data", _):
            return every
        case ("calibration", _) | (_, "auc"):
            other = target.score
        case _:
            other = target.prediction or target.score
    strata = target.strata if question.metric == WITHIN else ()
    unit = target.cluster or target.weight
    return tuple(name for name in (*question.columns, *strata, target.label, other, unit) if name is not None)


def _peers_say(question: _Question, derived: Derived, said: PeerValues) -> tuple[tuple[str, ...], Message | None]:
    """Return the peers that computed this number too, and what they object to."""
    if derived.fault is not None:
        return (), None
    if (question.check, question.metric) in said.scalars:
        theirs = said.scalars[question.check, question.metric]
        objection = message("{peer} finds {value}", peer=said.scalars_by, value=f"{theirs:.12g}")
        return (said.scalars_by,), None if same_count_value(derived.value, theirs) else objection
    by_level = said.groups.get(question.columns, {}).get(question.metric.partition(".")[0])
    if question.check != "group_fairness" or by_level is None:
        return (), None
    for group in derived.groups:
        # Undefined rates are 0 there, by a convention that this project does not share.
        if group.trials and group.value is not None and not same_count_value(group.value, by_level[group.levels]):
            name = ", ".join(group.levels)
            objection = message("{peer} finds another rate for “{group}”", peer=said.groups_by, group=name)
            return (said.groups_by,), objection
    return (said.groups_by,), None
