"""The recompute seat's arithmetic: every number of the table checks a second time, from the rows.

Written from docs/reference/table-checks.md alone and sharing no code with the checks: other reader (pyarrow), other
counting (numpy), other intervals (roots instead of closed forms). A measurement that this derivation does not reach
is a disagreement with words, never a silent agreement, and an error stays an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from shinrai.council.seats import intervals
from shinrai.council.seats.recompute_columns import data_quality, personal_data, profile
from shinrai.council.seats.recompute_compare import differences, same_count_value, together
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
from shinrai.council.seats.recompute_table import (
    Decisions,
    Source,
    UnreadableError,
    open_table,
    read_decisions,
)
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
_DECISIVE = {
    ("performance", "accuracy"),
    *(("group_fairness", metric) for metric in ("selection_rate.ratio", "tpr.difference", "fpr.difference")),
    ("calibration", "gap"),
    *(("data_quality", metric) for metric in ("missing", "duplicates", "leakage_suspects")),
    ("personal_data", "columns"),
}


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What the description says of a table target. favourable: as written there, text, number or boolean."""

    id: str
    label: str | None
    prediction: str | None = None
    score: str | None = None
    threshold: float | None = None
    favourable: str | int | float | bool = 1
    groups: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()

    @property
    def declared(self) -> tuple[str, ...]:
        """The columns the target names, each once."""
        crossed = [name for columns in self.intersections for name in columns]
        named = (self.label, self.prediction, self.score, *self.groups, *crossed)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, slots=True)
class CheckParameters:
    """What the description says of a check. limits: rules by metric; decide_on: None leaves the defaults."""

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
    rows, answers, outside = _answer(file, target, asked, checks, peers=peers)
    results: dict[str, Recomputed] = {}
    for measured in measurements:
        if measured.id in results:
            twice = message("two measurements have this id")
            results[measured.id] = replace(results[measured.id], agrees=False, difference=twice)
            continue
        question = known.get(measured.id)
        parameters = checks.get(question.check, CheckParameters()) if question else CheckParameters()
        results[measured.id] = (
            _unknown(measured)
            if question is None
            else _compared(measured, target, question, parameters, answers[question], rows, outside)
        )
    return results


def _id(target: TableSettings, question: _Question) -> str:
    return f"{target.id}.{question.check}.{subject(question.columns)}.{question.metric}"


def _questions(target: TableSettings) -> Iterator[_Question]:
    """Every measurement that the page defines for a target."""
    for metric in ("accuracy", *RATES, *(("auc",) if target.score is not None else ())):
        yield _Question("performance", (), metric)
    for columns in (*((name,) for name in target.groups), *target.intersections):
        for rate in RATES:
            yield _Question("group_fairness", columns, f"{rate}.difference")
            yield _Question("group_fairness", columns, f"{rate}.ratio")
    if target.score is not None:
        yield _Question("calibration", (), "gap")
        yield _Question("calibration", (), "brier")
        for name in target.groups:
            yield _Question("calibration", (name,), "gap")
    for metric in ("missing", "duplicates", "constant", "leakage_suspects"):
        yield _Question("data_quality", (), metric)
    yield _Question("personal_data", (), "columns")


def _answer(
    file: Path,
    target: TableSettings,
    asked: Sequence[_Question],
    checks: Mapping[str, CheckParameters],
    *,
    peers: bool,
) -> tuple[int, dict[_Question, Derived], PeerValues]:
    """Return the rows of the file, the answers, and what the peers say."""
    if not asked:
        return 0, {}, PeerValues()
    try:
        source = open_table(file)
        absent = [name for name in target.declared if name not in source.types]
        if absent:
            raise UnreadableError(message("the file has no column “{column}”", column=absent[0]))
        decisions = _read(source, target)
        if decisions.rows == 0:
            raise UnreadableError(message("the file has no rows"))
        answers = _derive(source, target, decisions, asked, checks)
    except UnreadableError as broken:
        return 0, dict.fromkeys(asked, failed(broken.what)), PeerValues()
    said = PeerValues()
    if peers and any(_peers_define(question) for question in asked) and installed(decisions.rows):
        crossings = {question.columns for question in asked if question.check == "group_fairness"}
        sound = [columns for columns in crossings if group_fault(decisions, columns) is None]
        said = ask_peers(decisions, {columns: partition(decisions, columns) for columns in sound})
    return decisions.rows, answers, said


def _read(source: Source, target: TableSettings) -> Decisions:
    crossed = [name for columns in target.intersections for name in columns]
    return read_decisions(
        source,
        label=target.label,
        prediction=target.prediction,
        score=target.score,
        threshold=target.threshold,
        groups=list(dict.fromkeys([*target.groups, *crossed])),
        favourable=target.favourable,
    )


def _derive(
    source: Source,
    target: TableSettings,
    decisions: Decisions,
    asked: Sequence[_Question],
    checks: Mapping[str, CheckParameters],
) -> dict[_Question, Derived]:
    whole = {question.check for question in asked}
    table = None
    if whole & {"data_quality", "personal_data"}:
        table = profile(source, decisions.label, rows_differ="data_quality" in whole)
    derived: dict[tuple[str, tuple[str, ...]], Mapping[str, Derived]] = {}
    for question in asked:
        key = (question.check, question.columns)
        if key in derived:
            continue
        smallest = checks.get(question.check, CheckParameters()).min_group
        if question.check == "performance":
            derived[key] = performance(decisions)
        elif question.check == "group_fairness":
            derived[key] = group_fairness(decisions, question.columns, smallest)
        elif question.check == "calibration":
            derived[key] = calibration(decisions, question.columns, smallest)
        elif table is not None and question.check == "data_quality":
            derived[key] = data_quality(source, table, decisions.label, target.declared)
        elif table is not None:
            derived[key] = personal_data(table)
    return {question: derived[question.check, question.columns][question.metric] for question in asked}


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
    measured: Measurement,
    target: TableSettings,
    question: _Question,
    parameters: CheckParameters,
    derived: Derived,
    rows: int,
    said: PeerValues,
) -> Recomputed:
    rule = _rule(question, parameters, derived)
    outcome = Outcome.ERROR if derived.fault is not None else intervals.decide(rule, derived.low, derived.high)
    decisive = _decisive(question, parameters)
    points = [differences(measured, derived, outcome, rule, decisive, rows)]
    if (measured.target, measured.check, measured.metric) != (target.id, question.check, question.metric):
        points.insert(0, message("its target, check or metric is not that of its id"))
    names, objection = _peers_say(question, derived, said)
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
    if parameters.decide_on is not None:
        return question.metric in parameters.decide_on
    return (question.check, question.metric) in _DECISIVE or question.metric in parameters.limits


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
