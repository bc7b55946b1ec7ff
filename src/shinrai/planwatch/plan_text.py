"""Write a plan as the YAML that the reader of plan files takes; reading it gives the same plan again."""

from collections.abc import Mapping
from typing import Any

import yaml

from shinrai.language import Bilingual
from shinrai.planwatch.indicator_rows import NOT_ASKED, NOT_KNOWN
from shinrai.planwatch.model import (
    Citation,
    Commitment,
    Figure,
    Indicator,
    Measure,
    Observation,
    Plan,
    Qualifier,
    StatusEvent,
    Target,
)
from shinrai.planwatch.plan_file import ministries
from shinrai.planwatch.values import NOT_GIVEN

_ONE_LINE = 1_000_000
_HEAD = "# A plan as data. The format: docs/how-to/follow-a-plan.md\n"


class _Dumper(yaml.SafeDumper):
    """Writes every value out, as the reader takes neither anchors nor aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (yaml's own signature)
        return True


def plan_yaml(plan: Plan) -> bytes:
    """Return a plan file, UTF-8."""
    text = yaml.dump(
        _plan(plan), Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=_ONE_LINE
    )
    return (_HEAD + text).encode()


def _plan(plan: Plan) -> dict[str, Any]:
    succession = plan.superseded_by
    known = ministries() if plan.owner_kind.governmental else {}
    return (
        _given(
            id=plan.id,
            version=plan.version,
            owner_kind=plan.owner_kind.value,
            title=_both(plan.title),
            issuer=_both(plan.issuer),
            published=plan.published.isoformat(),
            valid_from=plan.valid_from.isoformat(),
        )
        | _given(
            superseded_by=None
            if succession is None
            else {
                "version": succession.version,
                "since": succession.since.isoformat(),
                "certainty": succession.certainty.value,
                "source": _cited(succession.source),
            },
        )
        | {"source": plan.source}
        | _given(
            licence=plan.licence,
            language_of_record=plan.language_of_record,
            certainty_notes=[_both(note) for note in plan.certainty_notes],
            open_questions=[_both(question) for question in plan.open_questions],
            sources={
                source.key: {"title": _both(source.title), "address": source.address}
                | _given(published=None if source.published is None else source.published.isoformat())
                for source in plan.sources
            },
            owners=[
                {"code": owner.code, "name": _both(owner.name)} | ({"collective": "yes"} if owner.collective else {})
                for owner in plan.owners
                if owner.code not in known
            ],
            sections=[
                _given(id=section.id, title=_both(section.title), under=section.under) for section in plan.sections
            ],
            measures=[_measure(measure) for measure in plan.measures],
            commitments=[_commitment(commitment) for commitment in plan.commitments],
            figures=[_figure(figure) for figure in plan.figures],
            indicators=[_indicator(indicator) for indicator in plan.indicators],
            events=[_event(event) for event in plan.events],
        )
    )


def _given(**values: Any) -> dict[str, Any]:
    """Return the values that say something."""
    return {name: value for name, value in values.items() if value is not None and value != []}


def _both(text: Bilingual) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _cited(source: Citation) -> Mapping[str, Any]:
    return _given(keys=[each.key for each in source.sources], section=source.section)


def _sourced(row: Measure | Commitment | Figure | Indicator | Observation | Target | StatusEvent) -> dict[str, Any]:
    return {"certainty": row.certainty.value, "source": _cited(row.source)}


def _measure(measure: Measure) -> dict[str, Any]:
    return _given(
        id=measure.id,
        section=measure.section,
        title=_both(measure.title),
        lead=measure.lead.code,
        due=None if measure.due is None else measure.due.isoformat(),
        stage=None if measure.stage is None else measure.stage.value,
        repeats=measure.repeats,
        continues=list(measure.continues),
        **{"with": [owner.code for owner in measure.partners]},
        **_sourced(measure),
    )


def _commitment(commitment: Commitment) -> dict[str, Any]:
    return _given(
        id=commitment.id,
        text=_both(commitment.text),
        measurable=commitment.measurable.value,
        shown_by=_both(commitment.shown_by),
        **_sourced(commitment),
    )


def _figure(figure: Figure) -> dict[str, Any]:
    return _given(
        id=figure.id,
        title=_both(figure.title),
        value=str(figure.value),
        unit=_both(figure.unit),
        qualifier=_qualifier(figure.qualifier),
        date=figure.when.text,
        origin=figure.origin.value,
        note=None if figure.note is None else _both(figure.note),
        **_sourced(figure),
    )


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return _given(
        id=indicator.id,
        title=_both(indicator.title),
        unit=_both(indicator.unit),
        question=_question(indicator),
        counted=_both(indicator.counted),
        shows=list(indicator.shows),
        groups=[{"id": group.id, "title": _both(group.title)} for group in indicator.groups],
        observations=[_observation(value) for value in indicator.observations],
        targets=[_target(target) for target in indicator.targets],
        **_sourced(indicator),
    )


def _question(indicator: Indicator) -> str | dict[str, str]:
    if indicator.question is not None:
        return _both(indicator.question)
    return NOT_KNOWN if indicator.surveyed else NOT_ASKED


def _observation(value: Observation) -> dict[str, Any]:
    interval = value.interval
    return _given(
        group=value.group,
        value=str(value.value),
        qualifier=_qualifier(value.qualifier),
        date=value.when.text,
        published=None if value.published is None else value.published.isoformat(),
        n=NOT_GIVEN if value.n is None else str(value.n),
        interval=NOT_GIVEN
        if interval is None
        else {"low": str(interval.low), "high": str(interval.high), "level": str(interval.level)},
        note=None if value.note is None else _both(value.note),
        **_sourced(value),
    )


def _target(target: Target) -> dict[str, Any]:
    return _given(
        group=target.group,
        value=str(target.value),
        direction=target.direction.value,
        qualifier=_qualifier(target.qualifier),
        origin=target.origin.value,
        by=NOT_GIVEN if target.by is None else target.by.isoformat(),
        note=None if target.note is None else _both(target.note),
        **_sourced(target),
    )


def _event(event: StatusEvent) -> dict[str, Any]:
    return _given(
        about=event.about,
        date=event.when.text,
        state=event.state.value,
        note=_both(event.note),
        **_sourced(event),
    )


def _qualifier(qualifier: Qualifier) -> str | None:
    return None if qualifier is Qualifier.EXACT else qualifier.value
