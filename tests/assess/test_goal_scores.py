"""Scores of goal trees are bands: they follow from evidence at a moment, and what is unknown stays wide open."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shinrai.assess import assess, at
from shinrai.assess.assessment import (
    GoalBand,
    GoalRecord,
    GoalTreeRecord,
    Interval,
    Leaf,
    MeasurementRecord,
    RequirementResult,
    Result,
    Share,
    Text,
    Verdict,
)
from shinrai.assess.goal_scores import scored
from shinrai.assess.goal_trees import goal_trees
from shinrai.evaluate.suites import load_goal_tree, load_suite
from shinrai.evidence import Home
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = Text(ja="文", en="text")
NEAR = 1e-9


def measurement(
    suite: str = "s1",
    value: float | None = 0.8,
    interval: tuple[float, float] = (0.7, 0.9),
    *,
    metric: str = "contains.pass_rate",
    target: str = "t",
    comparison: str = "at_least",
    used: tuple[int, int] = (100, 100),
    outcome: str = "pass",
    decisive: bool = True,
    current: bool = True,
    made: datetime = NOW,
) -> MeasurementRecord:
    bounds = None if value is None else Interval(low=interval[0], high=interval[1], level=0.95)
    return MeasurementRecord(
        id=f"{target}.{suite}.{metric}", target=target, check=suite, metric=metric, columns=[], title=WORDS,
        value=value, interval=bounds, n=used[0], coverage=Share(part=used[0], whole=used[1]), outcome=outcome,
        comparison=comparison, limit=0.5, decisive=decisive, method="", reason=None, needed_n=None, groups=[],
        findings=[], shows=[], evidence="e", log_index=0, measured_on=made, valid_until=date(2027, 1, 1),
        current=current,
    )  # fmt: skip


def judged(*records: MeasurementRecord, verdict: str | None = "pass") -> RequirementResult:
    said = Verdict(outcome=verdict, contested=False, votes=[], certificate=None) if verdict else None
    leaf = Leaf(
        id="R.l", title=WORDS, code="A", state="not_assessed", cause=WORDS, origin=None,
        measurements=[m.id for m in records], attestations=[], verdict=said,
    )  # fmt: skip
    return requirement("R", leaves=[leaf])


def requirement(name: str, **changes: object) -> RequirementResult:
    plain = RequirementResult(
        id=name, framework="f", principle=None, title=WORDS, text=WORDS, force="should", certainty="C", source="s",
        roles=[], result=Result.NOT_ASSESSED, cause=WORDS, required=False, coverage=Share(part=0, whole=0), leaves=[],
    )  # fmt: skip
    return plain.model_copy(update=changes)


def leaf(name: str, weight: float, *suites: str) -> GoalRecord:
    return GoalRecord(id=name, title=WORDS, weight=weight, suites=list(suites), cause=WORDS)


def tree(*goals: GoalRecord) -> GoalTreeRecord:
    root = GoalRecord(id="top", title=WORDS, weight=1, goals=list(goals), cause=WORDS)
    return GoalTreeRecord(id="top", title=WORDS, about=WORDS, root=root)


HALVES = tree(leaf("a", 0.5, "s1"), leaf("b", 0.5, "s2"))


def band(found: GoalTreeRecord) -> GoalBand:
    assert found.root.band is not None
    return found.root.band


def one(record: MeasurementRecord, verdict: str | None = "pass") -> GoalRecord:
    return scored(tree(leaf("a", 1, "s1")), [record], [judged(record, verdict=verdict)], NOW).root.goals[0]


def test_without_evidence_anything_is_possible() -> None:
    found = scored(HALVES, [], [], NOW)
    assert (band(found).low, band(found).high, band(found).coverage) == (0, 1, 0)
    assert (band(found).interval.low, band(found).interval.high) == (0, 1)
    assert [(goal.state, goal.n) for goal in (found.root, *found.root.goals)] == [("no_data", 0)] * 3
    assert "was not put" in found.root.goals[0].cause.en
    assert scored(tree(leaf("a", 1)), [], [], NOW).root.goals[0].cause.en == "No suite speaks to this yet."


def test_what_was_measured_has_value_interval_coverage_and_n() -> None:
    found = one(measurement(used=(80, 100)))
    assert found.band is not None
    assert (found.band.low, found.band.high) == pytest.approx((0.64, 0.84))
    assert (found.state, found.n, found.band.coverage) == ("partly", 80, pytest.approx(0.8))
    assert found.band.interval.low == pytest.approx(0.8 * 0.7)
    assert one(measurement()).state == "measured"


def test_less_is_better_is_turned_round() -> None:
    found = one(measurement(value=0.1, interval=(0.05, 0.3), comparison="at_most"))
    assert found.band is not None
    bounds = found.band.interval
    assert (found.band.low, found.band.high, bounds.low, bounds.high) == pytest.approx((0.9, 0.9, 0.7, 0.95))


@pytest.mark.parametrize(
    ("record", "verdict", "says"),
    [
        (measurement(current=False), "pass", "expired on 2027-01-01"),
        (measurement(current=False, made=NOW + timedelta(days=1)), "pass", "did not exist yet"),
        (measurement(value=None, outcome="error", used=(0, 9)), "inconclusive", "without a number"),
        (measurement(value=0.5, outcome="error"), "inconclusive", "without a number"),
        (measurement(value=1.4, interval=(1.2, 1.6)), "pass", "no share"),
        (measurement(value=float("nan")), "pass", "no share"),
        (measurement(), None, "not certified"),
        (measurement(), "undecided", "not certified"),
        (measurement(), "fail", "not certified"),
        (measurement(outcome="fail"), "inconclusive", "not certified"),
    ],
)
def test_what_does_not_count_leaves_the_goal_open_and_says_why(
    record: MeasurementRecord, verdict: str | None, says: str
) -> None:
    found = one(record, verdict)
    assert (found.state, found.n) == ("no_data", 0)
    assert found.band is not None
    assert (found.band.low, found.band.high, found.band.coverage) == (0, 1, 0)
    assert says in found.cause.en
    assert says in found.parts[0].cause.en  # type: ignore[union-attr]


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_a_certified_number_counts_whatever_its_outcome(outcome: str) -> None:
    assert one(measurement(outcome=outcome), outcome).state == "measured"


def test_what_decides_is_scored_and_what_informs_only_where_nothing_decides() -> None:
    decides, informs = measurement(), measurement(metric="tone.pass_rate", value=0.7, decisive=False)
    found = scored(tree(leaf("a", 1, "s1")), [decides, informs], [judged(decides)], NOW).root.goals[0]
    assert [part.measurement for part in found.parts] == [decides.id]
    assert one(informs, None).state == "measured"


def test_errors_of_goals_that_share_a_suite_are_added_not_averaged_out() -> None:
    shared, record = tree(leaf("a", 0.5, "s1"), leaf("b", 0.5, "s1")), measurement()
    found = scored(shared, [record], [judged(record)], NOW)
    assert (band(found).interval.low, band(found).interval.high) == pytest.approx((0.7, 0.9))
    assert found.root.n == 100


def test_each_suite_of_a_leaf_counts_alike_and_one_that_was_not_put_is_unknown() -> None:
    found = scored(tree(leaf("a", 1, "s1", "s2")), [measurement()], [judged(measurement())], NOW).root.goals[0]
    assert found.band is not None
    assert (found.band.low, found.band.high, found.band.coverage) == pytest.approx((0.4, 0.9, 0.5))
    assert (found.state, found.cause.en) == ("partly", "1 of the 2 numbers it rests on are there.")


def test_samples_that_scorers_share_are_counted_once() -> None:
    records = [measurement(), measurement(metric="consistency.agreement_rate", used=(90, 100)), measurement(target="u")]
    found = scored(tree(leaf("a", 1, "s1")), records, [judged(*records)], NOW)
    assert found.root.n == 200


def test_what_does_not_apply_needs_an_approver_and_its_weight_is_seen_to_move() -> None:
    record = measurement("s2")
    out = requirement("a", result=Result.NOT_APPLICABLE, exclusion=WORDS, approver=WORDS)
    found = scored(HALVES, [record], [judged(record), out], NOW)
    assert (band(found).low, band(found).high, band(found).coverage) == pytest.approx((0.8, 0.8, 1))
    gone, rest = found.root.goals
    assert (gone.state, gone.band, gone.exclusion, gone.approver, gone.share) == (
        "not_applicable",
        None,
        WORDS,
        WORDS,
        0,
    )
    assert (rest.share, found.root.moved, found.excluded) == (1, 0.5, ["a"])
    assert found.unless_excluded is not None
    assert (found.unless_excluded.low, found.unless_excluded.high) == pytest.approx((0.4, 0.9))
    nobody = out.model_copy(update={"approver": None})
    assert band(scored(HALVES, [record], [judged(record), nobody], NOW)).coverage == pytest.approx(0.5)


@st.composite
def evidence(draw: st.DrawFn) -> tuple[GoalTreeRecord, list[MeasurementRecord], list[bool]]:
    """Draw a tree, a measurement of each suite, and which of these are there already."""
    size = draw(st.integers(1, 5))
    parts = draw(st.lists(st.integers(1, 9), min_size=size, max_size=size))
    suites = [f"s{number}" for number in range(size)]
    goals = [
        leaf(f"g{number}", part / sum(parts), *draw(st.sets(st.sampled_from(suites), max_size=3)))
        for number, part in enumerate(parts)
    ]
    records = []
    for suite in suites:
        low, value, high = sorted(draw(st.tuples(*[st.floats(0, 1)] * 3)))
        asked = draw(st.integers(1, 50))
        used = draw(st.integers(1, asked))
        records.append(measurement(suite, value, (low, high), used=(used, asked)))
    return tree(*goals), records, draw(st.lists(st.booleans(), min_size=size, max_size=size))


@given(evidence())
def test_more_data_stays_inside_the_band(drawn: tuple[GoalTreeRecord, list[MeasurementRecord], list[bool]]) -> None:
    goals, records, there = drawn
    fewer = [m.model_copy(update={"current": is_there}) for m, is_there in zip(records, there, strict=True)]
    results = [judged(*records)]
    before, after = scored(goals, fewer, results, NOW), scored(goals, records, results, NOW)
    pairs = zip((before.root, *before.root.goals), (after.root, *after.root.goals), strict=True)
    for was, now in pairs:
        assert was.band is not None
        assert now.band is not None
        assert was.band.low - NEAR <= now.band.low <= now.band.high <= was.band.high + NEAR
        assert was.band.coverage <= now.band.coverage + NEAR
        assert was.n <= now.n
        for each in (was.band, now.band):
            assert each.high - each.low == pytest.approx(1 - each.coverage)
            assert 0 <= each.interval.low <= each.low + NEAR
            assert each.high - NEAR <= each.interval.high <= 1


@pytest.mark.parametrize(
    "goals",
    [[leaf("a", 0.5)], [leaf("a", 0.6), leaf("b", 0.6)], [leaf("a", 1.5), leaf("b", -0.5)], [leaf("top", 1)]],
)
def test_a_tree_that_does_not_add_up_is_refused(goals: list[GoalRecord]) -> None:
    with pytest.raises(ValidationError, match="no goal tree"):
        tree(*goals)


def test_a_tree_is_kept_whole_when_a_suite_speaks_to_it() -> None:
    [kept] = goal_trees([load_suite("shinrai.injection.direct.ja")])
    assert [goal.id for goal in kept.root.goals] == [goal.id for goal in load_goal_tree().root.under]
    assert goal_trees([]) == []
    assert goal_trees([load_suite("shinrai.language.ja-en")]) == []


SUITE = """\
id: own.echo
version: "1"
title: {ja: こだま, en: Echo}
about: {ja: 試験, en: A test}
language: en
licence: Apache-2.0
source: {origin: own, title: {ja: 試験, en: A test}, certainty: C}
harm_class: none
shows: [JP-GL-C3.evaluation-runs]
goal: {tree: shinrai.perspectives, node: AISI-P6-4}
scorers:
  - use: contains
    decision: {metric: pass_rate, comparison: at_least, limit: 0.8}
probes:
"""
TARGET = """\
  talker:
    kind: records
    file: answers.csv
    columns: {question: question, answer: answer}
    suites: [{id: own.echo, version: "1", file: echo.yaml}]
    share: samples
"""


def test_an_assessment_scores_its_goals_and_they_open_again_when_evidence_expires(
    tmp_path: Path, home: Home, talker: Callable[[str], str]
) -> None:
    probes = [f"  - {{id: p{n}, ask: question {n}, expect: {{contains: {{all_of: [echo]}}}}}}\n" for n in range(60)]
    (tmp_path / "echo.yaml").write_text(SUITE + "".join(probes))
    answers = "".join(f"question {n},{'echo' if n % 10 else 'silence'}\n" for n in range(60))
    (tmp_path / "answers.csv").write_text("question,answer\n" + answers)
    (tmp_path / "shinrai.yaml").write_text(talker(TARGET))
    done = assess(tmp_path / "shinrai.yaml", home, tmp_path / "out")
    assert verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code == 0
    [found] = done.assessment.goals
    security = next(goal for goal in found.root.goals if goal.id == "AISI-P6")
    own = next(goal for goal in security.goals if goal.id == "AISI-P6-4")
    assert own.band is not None
    assert (own.band.low, own.band.high, own.n, own.state) == (pytest.approx(0.9), pytest.approx(0.9), 60, "measured")
    assert band(found).coverage == pytest.approx(1 / 77)
    assert [part.suite for part in own.parts] == ["own.echo"]
    [later] = at(done.assessment, NOW + timedelta(days=4000)).goals
    assert (band(later).low, band(later).high, band(later).coverage, later.root.n) == (0, 1, 0, 0)
    assert at(done.assessment, done.assessment.as_of).goals == done.assessment.goals
