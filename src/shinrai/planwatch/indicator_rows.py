"""Figures and indicators of a plan file, with their observations and targets."""

from shinrai.frameworks import Certainty
from shinrai.frameworks.located import (
    Node,
    Text,
    as_bilingual,
    as_choice,
    as_date,
    as_fields,
    as_tuple,
    as_word,
)
from shinrai.language import Bilingual, ShinraiError, message
from shinrai.planwatch.model import (
    Direction,
    Figure,
    Group,
    Indicator,
    Interval,
    Observation,
    Origin,
    Qualifier,
    Source,
    Target,
)
from shinrai.planwatch.values import (
    NOT_GIVEN,
    Claims,
    as_citation,
    as_count,
    as_id,
    as_ids,
    as_number,
    as_period,
    known,
    or_none,
)

NOT_KNOWN = "not_known"
"""Written where the exact words of a survey's question are not known."""
NOT_ASKED = "not_asked"
"""Written where an indicator is counted and nobody is asked."""

_FIGURE = ("id", "title", "value", "unit", "date", "origin", "certainty", "source")
_INDICATOR = ("id", "title", "unit", "question", "counted", "certainty", "source")
_INDICATOR_OPTIONAL = ("groups", "shows", "observations", "targets")
_OBSERVATION = ("value", "date", "n", "interval", "certainty", "source")
_OBSERVATION_OPTIONAL = ("group", "qualifier", "published", "note")
_TARGET = ("value", "direction", "origin", "by", "certainty", "source")
_TARGET_OPTIONAL = ("group", "qualifier", "note")


def as_figure(node: Node, sources: dict[str, Source], claims: Claims) -> Figure:
    """Read one figure that is said of the plan."""
    field = as_fields(node, _FIGURE, ("qualifier", "note")).values
    return Figure(
        id=claims.claim(field["id"]),
        title=as_bilingual(field["title"]),
        value=as_number(field["value"]),
        unit=as_bilingual(field["unit"]),
        qualifier=_qualifier(field.get("qualifier")),
        when=as_period(field["date"]),
        origin=as_choice(field["origin"], Origin),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
        note=_note(field.get("note")),
    )


def as_indicator(node: Node, sources: dict[str, Source], titles: set[str], claims: Claims) -> Indicator:
    """Read one indicator. titles: the ids of measures and commitments that it can be about."""
    field = as_fields(node, _INDICATOR, _INDICATOR_OPTIONAL).values
    id_ = claims.claim(field["id"])
    groups = as_tuple(or_none(field.get("groups")), _group)
    names = {group.id for group in groups}
    if len(names) < len(groups):
        raise ShinraiError(message("A group of this indicator is given twice."), place=field["groups"].place)
    return Indicator(
        id=id_,
        title=as_bilingual(field["title"]),
        unit=as_bilingual(field["unit"]),
        question=_question(field["question"]),
        counted=as_bilingual(field["counted"]),
        surveyed=not _is(field["question"], NOT_ASKED),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
        groups=groups,
        shows=tuple(known(node, about, titles, place) for about, place in as_ids(field.get("shows"))),
        observations=as_tuple(or_none(field.get("observations")), lambda row: _observation(row, id_, names, sources)),
        targets=as_tuple(or_none(field.get("targets")), lambda row: _target(row, names, sources)),
    )


def _question(node: Node) -> Bilingual | None:
    """Return the question's words, None where a word says why there are none: nobody is to forget it."""
    if _is(node, NOT_KNOWN) or _is(node, NOT_ASKED):
        return None
    if isinstance(node, Text):
        as_word(node, (NOT_KNOWN, NOT_ASKED))
    return as_bilingual(node)


def _is(node: Node, word: str) -> bool:
    return isinstance(node, Text) and node.value.strip() == word


def _group(node: Node) -> Group:
    field = as_fields(node, ("id", "title")).values
    return Group(as_id(field["id"]), as_bilingual(field["title"]))


def _member(node: Node | None, row: Node, names: set[str]) -> str | None:
    given = or_none(node)
    if given is None and names:
        raise ShinraiError(
            message("This indicator has groups, so each of its values names one."),
            fix=message("Add “group”, one of: {names}.", names=", ".join(sorted(names))),
            place=row.place,
        )
    return None if given is None else as_word(given, sorted(names))


def _observation(node: Node, indicator: str, names: set[str], sources: dict[str, Source]) -> Observation:
    field = as_fields(node, _OBSERVATION, _OBSERVATION_OPTIONAL).values
    published = or_none(field.get("published"))
    value, interval = as_number(field["value"]), _interval(field["interval"])
    if interval is not None and not interval.low <= value <= interval.high:
        raise ShinraiError(message("The value lies outside its interval."), place=field["interval"].place)
    return Observation(
        indicator=indicator,
        group=_member(field.get("group"), node, names),
        value=value,
        qualifier=_qualifier(field.get("qualifier")),
        when=as_period(field["date"]),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
        interval=interval,
        n=as_count(field["n"]),
        published=None if published is None else as_date(published),
        note=_note(field.get("note")),
    )


def _interval(node: Node) -> Interval | None:
    if _is(node, NOT_GIVEN):
        return None
    field = as_fields(node, ("low", "high", "level")).values
    interval = Interval(as_number(field["low"]), as_number(field["high"]), as_number(field["level"]))
    if interval.low > interval.high:
        raise ShinraiError(message("The interval ends below its beginning."), place=node.place)
    if not 0 < interval.level < 100:
        raise ShinraiError(message("A level lies between 0 and 100 percent."), place=field["level"].place)
    return interval


def _target(node: Node, names: set[str], sources: dict[str, Source]) -> Target:
    field = as_fields(node, _TARGET, _TARGET_OPTIONAL).values
    by = None if _is(field["by"], NOT_GIVEN) else as_date(field["by"])
    return Target(
        value=as_number(field["value"]),
        direction=as_choice(field["direction"], Direction),
        qualifier=_qualifier(field.get("qualifier")),
        origin=as_choice(field["origin"], Origin),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
        by=by,
        group=_member(field.get("group"), node, names),
        note=_note(field.get("note")),
    )


def _qualifier(node: Node | None) -> Qualifier:
    given = or_none(node)
    return Qualifier.EXACT if given is None else as_choice(given, Qualifier)


def _note(node: Node | None) -> Bilingual | None:
    given = or_none(node)
    return None if given is None else as_bilingual(given)
