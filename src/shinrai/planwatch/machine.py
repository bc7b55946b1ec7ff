"""What the commands of `shinrai plan` print with `--json`: one object each, with its schema's name.

Texts are in both languages, dates ISO 8601, numbers plain; what is not known is null, never zero.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from shinrai.language import Bilingual
from shinrai.planwatch.comparison import Comparison, Continued
from shinrai.planwatch.model import (
    Citation,
    Figure,
    Indicator,
    Measure,
    Observation,
    Owner,
    Plan,
    Record,
    StatusEvent,
    Target,
)
from shinrai.planwatch.standing import (
    CommitmentStanding,
    IndicatorStanding,
    MeasureStanding,
    Progress,
    Reported,
    Standing,
    Tally,
    TargetStanding,
)
from shinrai.planwatch.values import no_such_id
from shinrai_verify import NAMESPACE

SHOWN = NAMESPACE + "plan/v1"
STANDING = NAMESPACE + "plan-standing/v1"
ONE = NAMESPACE + "plan-item/v1"
COMPARISON = NAMESPACE + "plan-comparison/v1"

Json = dict[str, Any]


def to_json(value: Mapping[str, Any]) -> str:
    """Return JSON text: two spaces, in the order given, one trailing newline; ValueError for what is not finite."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def plan_json(plan: Plan) -> Json:
    """Return a plan as it was written."""
    return {
        "schema": SHOWN,
        **_head(plan),
        "sections": [{"id": each.id, "title": _both(each.title), "under": each.under} for each in plan.sections],
        "measures": [_measure(each) for each in plan.measures],
        "commitments": [
            {
                "id": each.id,
                "text": _both(each.text),
                "measurable": each.measurable.value,
                "shownBy": _both(each.shown_by),
                **_sourced(each.certainty.value, each.source),
            }
            for each in plan.commitments
        ],
        "figures": [_figure(each) for each in plan.figures],
        "indicators": [_indicator(each) for each in plan.indicators],
        "certaintyNotes": [_both(note) for note in plan.certainty_notes],
        "openQuestions": [_both(question) for question in plan.open_questions],
    }


def standing_json(standing: Standing) -> Json:
    """Return where a plan stands."""
    gaps = standing.gaps
    return {
        "schema": STANDING,
        **_head(standing.plan),
        "asOf": standing.as_of.isoformat(),
        "superseded": standing.superseded,
        "unique": standing.unique,
        "counts": _tally(standing.tally),
        "cells": [{"policy": cell.policy.id, "lead": cell.lead.code, **_tally(cell.tally)} for cell in standing.cells],
        "stages": {stage.value: _tally(tally) for stage, tally in standing.stages.items()},
        "measures": [measure_json(each) for each in standing.measures],
        "commitments": [_commitment(each) for each in standing.commitments],
        "sections": {id_: _progress(progress) for id_, progress in standing.sections.items()},
        "indicators": [indicator_json(each) for each in standing.indicators],
        "gaps": {
            "unsourced": [
                {"row": each.row.value, "id": each.id, "title": _both(each.title), "source": _cited(each.source)}
                for each in gaps.unsourced
            ],
            "withoutDue": list(gaps.without_due),
            "withoutReport": list(gaps.without_report),
            "withoutStage": list(gaps.without_stage),
            "commitmentsWithoutIndicator": list(gaps.commitments_without_indicator),
            "questionsNotKnown": list(gaps.questions_not_known),
            "withoutObservation": list(gaps.without_observation),
            "targetsWithoutDate": {"part": gaps.targets_without_date, "whole": gaps.targets},
            "observationsWithoutInterval": {"part": gaps.observations_without_interval, "whole": gaps.observations},
        },
        "strays": [
            _event(each) if isinstance(each, StatusEvent) else {"indicator": each.indicator, **_observation(each)}
            for each in standing.strays
        ],
    }


def comparison_json(found: Comparison) -> Json:
    """Return what changed from one plan to another."""
    return {
        "schema": COMPARISON,
        "earlier": _head(found.earlier),
        "later": _head(found.later),
        "added": [_measure(each) for each in found.added],
        "dropped": [{**_measure(each.measure), "progress": _progress(each.progress)} for each in found.dropped],
        "continued": [_continued(each, found) for each in found.continued],
        "unknown": list(found.unknown),
        "commitments": _ids(found.commitments_added, found.commitments_dropped),
        "indicators": _ids(found.indicators_added, found.indicators_dropped),
        "retargeted": [
            {
                "id": each.later.id,
                "earlier": [_target(target) for target in each.earlier.targets],
                "later": [_target(target) for target in each.later.targets],
            }
            for each in found.retargeted
        ],
    }


def one_json(standing: Standing, id_: str, earlier: Sequence[tuple[Plan, MeasureStanding]] = ()) -> Json:
    """Return one measure, commitment or indicator with its history; earlier: the measures it goes on with."""
    for measure in standing.measures:
        if measure.measure.id == id_:
            before = [{"plan": f"{plan.id}/{plan.version}", **measure_json(each)} for plan, each in earlier]
            return {"schema": ONE, **measure_json(measure), "earlier": before}
    for commitment in standing.commitments:
        if commitment.commitment.id == id_:
            return {"schema": ONE, **_commitment(commitment)}
    for indicator in standing.indicators:
        if indicator.indicator.id == id_:
            return {"schema": ONE, **indicator_json(indicator)}
    raise no_such_id(standing.plan, id_)


def _ids(added: Any, dropped: Any) -> Json:
    return {"added": [each.id for each in added], "dropped": [each.id for each in dropped]}


def _continued(each: Continued, found: Comparison) -> Json:
    return {
        **_measure(each.later),
        "changes": [change.value for change in each.changes],
        "earlier": [{**_measure(before), "progress": _progress(found.progress[before.id])} for before in each.earlier],
    }


def measure_json(standing: MeasureStanding) -> Json:
    """Return a measure with how far it has come."""
    return {
        **_measure(standing.measure),
        "policy": standing.policy.id,
        **_progress(standing.progress),
        "late": None if standing.late is None else standing.late.value,
    }


def _commitment(standing: CommitmentStanding) -> Json:
    return {
        "id": standing.commitment.id,
        "text": _both(standing.commitment.text),
        **_progress(standing.progress),
        "indicators": list(standing.indicators),
    }


def _progress(progress: Progress) -> Json:
    return {
        "state": None if progress.state is None else progress.state.value,
        "history": [_reported(entry) for entry in progress.history],
    }


def _reported(entry: Reported) -> Json:
    by = entry.replaced_by
    return {**_event(entry.event), "replacedBy": None if by is None else by.index}


def _event(event: StatusEvent) -> Json:
    return {
        "about": event.about,
        "date": event.when.text,
        "state": event.state.value,
        "note": _both(event.note),
        **_sourced(event.certainty.value, event.source),
        "record": _record(event.record),
    }


def _record(record: Record | None) -> Json | None:
    if record is None:
        return None
    return {
        "index": record.index,
        "payload": record.payload_sha256,
        "by": record.by,
        "name": record.name,
        "recordedOn": record.recorded_on.isoformat().replace("+00:00", "Z"),
        "plan": record.plan_sha256,
        "title": _both(record.title),
    }


def indicator_json(standing: IndicatorStanding) -> Json:
    """Return an indicator with its values and targets."""
    return {
        **_indicator(standing.indicator),
        "series": [
            {
                "group": None if series.group is None else series.group.id,
                "observations": [_observation(value) for value in series.observations],
            }
            for series in standing.series
        ],
        "targets": [_target_standing(target) for target in standing.targets],
    }


def _target_standing(standing: TargetStanding) -> Json:
    latest = standing.latest
    return {
        **_target(standing.target),
        "reach": standing.reach.value,
        "byPoint": standing.by_point,
        "overdue": standing.overdue,
        "latest": None if latest is None else {"value": _number(latest.value), "date": latest.when.text},
    }


def _head(plan: Plan) -> Json:
    after = plan.superseded_by
    return {
        "plan": {
            "id": plan.id,
            "version": plan.version,
            "ownerKind": plan.owner_kind.value,
            "title": _both(plan.title),
            "issuer": _both(plan.issuer),
            "published": plan.published.isoformat(),
            "validFrom": plan.valid_from.isoformat(),
            "supersededBy": None if after is None else {"version": after.version, "since": after.since.isoformat()},
            "source": plan.source,
            "sha256": plan.sha256,
        }
    }


def _measure(measure: Measure) -> Json:
    return {
        "id": measure.id,
        "section": measure.section,
        "title": _both(measure.title),
        "lead": _owner(measure.lead),
        "with": [_owner(owner) for owner in measure.partners],
        "due": None if measure.due is None else measure.due.isoformat(),
        "stage": None if measure.stage is None else measure.stage.value,
        "repeats": measure.repeats,
        "continues": list(measure.continues),
        **_sourced(measure.certainty.value, measure.source),
    }


def _figure(figure: Figure) -> Json:
    return {
        "id": figure.id,
        "title": _both(figure.title),
        "value": _number(figure.value),
        "qualifier": figure.qualifier.value,
        "unit": _both(figure.unit),
        "date": figure.when.text,
        "origin": figure.origin.value,
        "note": None if figure.note is None else _both(figure.note),
        **_sourced(figure.certainty.value, figure.source),
    }


def _indicator(indicator: Indicator) -> Json:
    return {
        "id": indicator.id,
        "title": _both(indicator.title),
        "unit": _both(indicator.unit),
        "question": None if indicator.question is None else _both(indicator.question),
        "surveyed": indicator.surveyed,
        "counted": _both(indicator.counted),
        "groups": [{"id": group.id, "title": _both(group.title)} for group in indicator.groups],
        "shows": list(indicator.shows),
        "observations": [_observation(value) for value in indicator.observations],
        "targets": [_target(target) for target in indicator.targets],
        **_sourced(indicator.certainty.value, indicator.source),
    }


def _observation(value: Observation) -> Json:
    interval = value.interval
    return {
        "group": value.group,
        "value": _number(value.value),
        "qualifier": value.qualifier.value,
        "date": value.when.text,
        "published": None if value.published is None else value.published.isoformat(),
        "n": value.n,
        "interval": None
        if interval is None
        else {"low": _number(interval.low), "high": _number(interval.high), "level": _number(interval.level)},
        "note": None if value.note is None else _both(value.note),
        **_sourced(value.certainty.value, value.source),
        "record": _record(value.record),
    }


def _target(target: Target) -> Json:
    return {
        "group": target.group,
        "value": _number(target.value),
        "direction": target.direction.value,
        "qualifier": target.qualifier.value,
        "origin": target.origin.value,
        "by": None if target.by is None else target.by.isoformat(),
        "note": None if target.note is None else _both(target.note),
        **_sourced(target.certainty.value, target.source),
    }


def _tally(tally: Tally) -> Json:
    return {
        "measures": tally.measures,
        "states": {state.value: count for state, count in tally.states.items()},
        "noReport": tally.no_report,
        "late": tally.late,
    }


def _sourced(certainty: str, source: Citation) -> Json:
    return {"certainty": certainty, "source": _cited(source)}


def _cited(source: Citation) -> Json:
    return {
        "sources": [
            {"key": each.key, "title": _both(each.title), "address": each.address, "sha256": each.sha256}
            for each in source.sources
        ],
        "section": source.section,
    }


def _owner(owner: Owner) -> Json:
    return {"code": owner.code, "name": _both(owner.name)}


def _both(text: Bilingual) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
