"""Scores of goal trees, derived from measurements and verdicts alone, for one moment.

A score is a band: what has no data could be anything from 0 to 1. Each suite of a leaf counts alike, and so does each
measurement of a suite that decides (where none does, each that informs). Measurements of one suite share a source, for
they rest on the same answers or, at several targets, on the same questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shinrai.assess.assessment import (
    GoalBand,
    GoalPart,
    GoalRecord,
    GoalTreeRecord,
    Interval,
    MeasurementRecord,
    RequirementResult,
    Result,
    Text,
)
from shinrai.evaluate.goals import Exclusion, Goal, GoalScore, score_goals
from shinrai.evaluate.statistics.bands import Band, Known
from shinrai.evaluate.statistics.interval import LEVEL
from shinrai.evaluate.statistics.interval import Interval as Bounds
from shinrai.language import Bilingual, Message, message

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What leaves are scored from. by_suite: the measurements of each suite that go into a score."""

    by_suite: Mapping[str, Sequence[MeasurementRecord]]
    every: Mapping[str, MeasurementRecord]
    results: Mapping[str, RequirementResult]
    certified: frozenset[str]
    as_of: datetime


def scored(
    tree: GoalTreeRecord,
    measurements: Sequence[MeasurementRecord],
    results: Sequence[RequirementResult],
    as_of: datetime,
) -> GoalTreeRecord:
    """Return a tree with its scores at a moment.

    measurements: current or not at that moment. results: at that moment; a goal whose requirement of the same id does
    not apply there, with a named approver, does not apply here.
    """
    evidence = _evidence(measurements, results, as_of)
    known: dict[str, Known] = {}
    score = score_goals(_expanded(tree.root, evidence, known), known)
    return tree.model_copy(
        update={
            "root": _record(tree.root, score.goal, evidence),
            "excluded": list(score.excluded),
            "unless_excluded": _band(score.unless_excluded),
        }
    )


def _evidence(
    measurements: Sequence[MeasurementRecord], results: Sequence[RequirementResult], as_of: datetime
) -> _Evidence:
    by_suite: dict[str, list[MeasurementRecord]] = {}
    for m in measurements:
        by_suite.setdefault(m.check, []).append(m)
    deciding = {suite: [m for m in found if m.decisive] or found for suite, found in by_suite.items()}
    every = {m.id: m for m in measurements}
    return _Evidence(deciding, every, {r.id: r for r in results}, frozenset(_certified(every, results)), as_of)


def _certified(measurements: Mapping[str, MeasurementRecord], results: Sequence[RequirementResult]) -> Iterator[str]:
    """Yield the ids of measurements that the council certified with the outcome that they have."""
    for leaf in (leaf for result in results for leaf in result.leaves):
        found = [measurements[name] for name in leaf.measurements if name in measurements]
        outcomes = {m.outcome for m in found if m.decisive}
        said = "fail" if "fail" in outcomes else "pass" if outcomes == {"pass"} else "inconclusive"
        if leaf.verdict is not None and leaf.verdict.outcome == said:
            yield from (m.id for m in found)


def _expanded(goal: GoalRecord, evidence: _Evidence, known: dict[str, Known]) -> Goal:
    """Return a goal as the statistics take it, each part of a leaf being a goal; fills in what is known of them."""
    excluded = _exclusion(goal, evidence)
    if goal.goals:
        under = tuple(_expanded(each, evidence, known) for each in goal.goals)
        return Goal(goal.id, goal.title.en, goal.weight, under, excluded)
    parts = []
    for number, part in enumerate(_parts(goal, evidence)):
        # No id of a goal holds a space, so these are taken by none.
        name = f"{goal.id} {number}"
        parts.append(Goal(name, name, part.share))
        if part.counts and part.measurement is not None:
            known[name] = _known(evidence.every[part.measurement])
    return Goal(goal.id, goal.title.en, goal.weight, tuple(parts), excluded)


def _exclusion(goal: GoalRecord, evidence: _Evidence) -> Exclusion | None:
    asked = evidence.results.get(goal.id)
    if asked is None or asked.result is not Result.NOT_APPLICABLE or asked.approver is None:
        return None
    return Exclusion((asked.exclusion or asked.cause).en, asked.approver.en)


def _parts(goal: GoalRecord, evidence: _Evidence) -> list[GoalPart]:
    """Return what a leaf's score rests on; the shares add up to 1, or there is nothing."""
    parts: list[GoalPart] = []
    for suite in goal.suites:
        share = 1 / len(goal.suites)
        found = evidence.by_suite.get(suite, ())
        if not found:
            cause = _text(message("The suite {suite} was not put to the system.", suite=suite))
            parts.append(GoalPart(suite=suite, measurement=None, share=share, counts=False, cause=cause))
        for m in found:
            why = _why_not(m, evidence)
            parts.append(
                GoalPart(
                    suite=suite,
                    measurement=m.id,
                    share=share / len(found),
                    counts=why is None,
                    cause=None if why is None else _text(why),
                )
            )
    return parts


def _why_not(m: MeasurementRecord, evidence: _Evidence) -> Message | None:
    """Say why a measurement is in no score, None where it is."""
    if not m.current and m.measured_on > evidence.as_of:
        return message("The evidence did not exist yet on this date.")
    if not m.current:
        return message("The evidence expired on {date}.", date=m.valid_until.isoformat())
    if m.value is None or m.interval is None or m.coverage.part == 0 or m.outcome == "error":
        return message("The measurement ended without a number.")
    low, high = m.interval.low, m.interval.high
    if not (-_ROUNDING <= low <= m.value + _ROUNDING and m.value - _ROUNDING <= high <= 1 + _ROUNDING):
        return message("The number is no share, so it is in no score.")
    if m.decisive and m.id not in evidence.certified:
        return message("The council has not certified this number.")
    return None


def _known(m: MeasurementRecord) -> Known:
    """Return a measurement's number with more being better; source: its suite."""
    assert m.value is not None  # noqa: S101  (what counts has a number; this tells the type checker)
    assert m.interval is not None  # noqa: S101
    low, value, high = (min(1.0, max(0.0, each)) for each in (m.interval.low, m.value, m.interval.high))
    if m.comparison == "at_most":
        low, value, high = 1 - high, 1 - value, 1 - low
    return Known(value, Bounds(min(low, value), max(high, value)), m.coverage.part, m.coverage.whole, m.check)


def _record(goal: GoalRecord, score: GoalScore, evidence: _Evidence) -> GoalRecord:
    applies = score.band is not None
    if goal.goals:
        under = [_record(each, found, evidence) for each, found in zip(goal.goals, score.goals, strict=True)]
        parts: list[GoalPart] = []
    else:
        under, parts = [], _parts(goal, evidence)
    asked = evidence.results.get(goal.id)
    excluded = score.exclusion is not None and asked is not None
    state = _state(score.band)
    return goal.model_copy(
        update={
            "goals": under,
            "share": score.share,
            "band": _band(score.band) if score.band is not None else None,
            "n": _samples(goal, under, evidence) if applies else 0,
            "state": state,
            "cause": _text(_cause(goal, under, parts, state)),
            "parts": parts,
            "moved": score.moved if goal.goals else 0.0,
            "exclusion": (asked.exclusion or asked.cause) if excluded and asked else None,
            "approver": asked.approver if excluded and asked else None,
        }
    )


def _state(band: Band | None) -> Literal["measured", "partly", "no_data", "not_applicable"]:
    if band is None:
        return "not_applicable"
    if band.coverage <= 0:
        return "no_data"
    return "measured" if band.coverage >= 1 - _ROUNDING else "partly"


def _cause(goal: GoalRecord, under: Sequence[GoalRecord], parts: Sequence[GoalPart], state: str) -> Message:
    if state == "not_applicable":
        return message("It does not apply.")
    if goal.goals:
        applying = [each for each in under if each.state != "not_applicable"]
        with_data = sum(each.state != "no_data" for each in applying)
        return message("{n} of the {m} goals right under it have data.", n=with_data, m=len(applying))
    if not parts:
        return message("No suite speaks to this yet.")
    counted = sum(part.counts for part in parts)
    if counted == 0 and len({part.cause for part in parts}) == 1 and parts[0].cause is not None:
        cause = parts[0].cause
        return message("No data: {cause}", cause=Bilingual(ja=cause.ja, en=cause.en))
    return message("{n} of the {m} numbers it rests on are there.", n=counted, m=len(parts))


def _samples(goal: GoalRecord, under: Sequence[GoalRecord], evidence: _Evidence) -> int:
    """Count the samples with a score under a goal; what several scorers or goals share is counted once."""
    most: dict[tuple[str, str], int] = {}
    for part in _counted(goal, under, evidence):
        m = evidence.every[part]
        most[m.target, m.check] = max(most.get((m.target, m.check), 0), m.n)
    return sum(most.values())


def _counted(goal: GoalRecord, under: Sequence[GoalRecord], evidence: _Evidence) -> Iterator[str]:
    if not goal.goals:
        yield from (p.measurement for p in _parts(goal, evidence) if p.counts and p.measurement is not None)
    for each in under:
        if each.state != "not_applicable":
            yield from _counted(each, each.goals, evidence)


def _band(band: Band) -> GoalBand:
    bounds = Interval(low=band.interval.low, high=band.interval.high, level=LEVEL)
    return GoalBand(low=band.low, high=band.high, interval=bounds, coverage=band.coverage)


def _text(said: Message) -> Text:
    both = said.both()
    return Text(ja=both.ja, en=both.en)
