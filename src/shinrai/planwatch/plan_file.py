"""Plan files: how one becomes a `Plan`.

A plan file is the strict YAML of `shinrai.frameworks.located`; a workbook is turned into the same nodes, so that there
is one reader and one set of rules. Nothing is filled in by guess: what is missing, unknown or of the wrong kind is an
error with its place. The format is described in docs/how-to/follow-a-plan.md.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from shinrai.frameworks import Certainty
from shinrai.frameworks.located import (
    Node,
    as_bilingual,
    as_choice,
    as_date,
    as_fields,
    as_items,
    as_text,
    as_tuple,
    as_word,
    read_yaml,
)
from shinrai.language import ShinraiError, message, suggest
from shinrai.planwatch.indicator_rows import as_figure, as_indicator
from shinrai.planwatch.model import (
    Commitment,
    Measurable,
    Measure,
    Owner,
    OwnerKind,
    Plan,
    Section,
    Source,
    Stage,
    State,
    StatusEvent,
    Succession,
)
from shinrai.planwatch.values import (
    Claims,
    as_address,
    as_citation,
    as_id,
    as_ids,
    as_period,
    known,
    named_fields,
    or_none,
)

_HEADER = (
    "id",
    "version",
    "owner_kind",
    "title",
    "issuer",
    "published",
    "valid_from",
    "source",
    "sources",
    "sections",
    "measures",
)
_HEADER_OPTIONAL = (
    "superseded_by",
    "licence",
    "language_of_record",
    "owners",
    "commitments",
    "figures",
    "indicators",
    "events",
    "certainty_notes",
    "open_questions",
)
_MEASURE = ("id", "section", "title", "lead", "certainty", "source")
_MEASURE_OPTIONAL = ("with", "due", "stage", "repeats", "continues")
_COMMITMENT = ("id", "text", "measurable", "shown_by", "certainty", "source")
_EVENT = ("about", "date", "state", "note", "certainty", "source")
_TRUE = "yes"


def read_plan(text: bytes, name: str) -> Plan:
    """Read a plan file: UTF-8, at most 4 MiB. name: what errors call it."""
    return plan_from(read_yaml(text, name), sha256(text).hexdigest())


def plan_from(root: Node, digest: str) -> Plan:
    """Make a plan of located values. digest: SHA-256 (lowercase hex) of the file they come from.

    Anything that is not a plan in the documented format is a ShinraiError with its place.
    """
    header = as_fields(root, _HEADER, _HEADER_OPTIONAL)
    field = header.values
    kind = as_choice(field["owner_kind"], OwnerKind)
    sources = _sources(field["sources"])
    claims = Claims()
    owners = _owners(field.get("owners"), kind)
    sections = _sections(field["sections"], claims)
    measures = _measures(field["measures"], sections, owners, sources, claims)
    commitments = as_tuple(or_none(field.get("commitments")), lambda node: _commitment(node, sources, claims))
    titles = {*(each.id for each in measures), *(each.id for each in commitments)}
    licence, language, source = (or_none(field.get(name)) for name in ("licence", "language_of_record", "source"))
    used = {owner.code for measure in measures for owner in (measure.lead, *measure.partners)}
    declared = set(owners) - (set(ministries()) if kind.governmental else set())
    return Plan(
        id=as_id(field["id"]),
        version=as_id(field["version"]),
        owner_kind=kind,
        title=as_bilingual(field["title"]),
        issuer=as_bilingual(field["issuer"]),
        published=as_date(field["published"]),
        valid_from=as_date(field["valid_from"]),
        superseded_by=_succession(or_none(field.get("superseded_by")), sources),
        source=None if source is None else as_address(source),
        sources=tuple(sources.values()),
        owners=tuple(owner for owner in owners.values() if owner.code in used | declared),
        sections=tuple(sections.values()),
        measures=measures,
        sha256=digest,
        commitments=commitments,
        figures=as_tuple(or_none(field.get("figures")), lambda node: as_figure(node, sources, claims)),
        indicators=as_tuple(or_none(field.get("indicators")), lambda node: as_indicator(node, sources, titles, claims)),
        events=as_tuple(or_none(field.get("events")), lambda node: _event(node, sources, titles | set(sections))),
        licence=None if licence is None else as_text(licence),
        language_of_record=None if language is None else as_text(language),
        certainty_notes=as_tuple(or_none(field.get("certainty_notes")), as_bilingual),
        open_questions=as_tuple(or_none(field.get("open_questions")), as_bilingual),
    )


def _listed(node: Node | None) -> tuple[Node, ...]:
    given = or_none(node)
    return () if given is None else as_items(given)


def _sources(node: Node) -> dict[str, Source]:
    found = {}
    for key, about in named_fields(node).values.items():
        field = as_fields(about, ("title", "address"), ("published",)).values
        address, published = or_none(field["address"]), or_none(field.get("published"))
        found[key] = Source(
            key=key,
            title=as_bilingual(field["title"]),
            address=None if address is None else as_address(address),
            published=None if published is None else as_date(published),
        )
    if not found:
        raise ShinraiError(message("A plan names at least one source."), place=node.place)
    return found


@lru_cache(maxsize=1)
def ministries() -> Mapping[str, Owner]:
    """Return the central ministries and agencies by their codes, and the two collective names plans use."""
    data = (files("shinrai.planwatch") / "data" / "ministries.yaml").read_bytes()
    root = as_fields(read_yaml(data, "ministries.yaml"), ("ministries",))
    return {owner.code: owner for owner in as_tuple(root.values["ministries"], _owner)}


def _owners(node: Node | None, kind: OwnerKind) -> dict[str, Owner]:
    found = dict(ministries()) if kind.governmental else {}
    for item in _listed(node):
        owner = _owner(item)
        if owner.code in found:
            raise ShinraiError(
                message("“{code}” already stands for {name}.", code=owner.code, name=found[owner.code].name),
                fix=message("Choose another code, or leave this row out."),
                place=item.place,
            )
        found[owner.code] = owner
    return found


def _owner(node: Node) -> Owner:
    field = as_fields(node, ("code", "name"), ("collective",)).values
    collective = or_none(field.get("collective"))
    return Owner(
        as_id(field["code"]),
        as_bilingual(field["name"]),
        collective is not None and as_word(collective, (_TRUE, "no")) == _TRUE,
    )


def _sections(node: Node, claims: Claims) -> dict[str, Section]:
    found: dict[str, Section] = {}
    for item in as_items(node):
        field = as_fields(item, ("id", "title"), ("under",)).values
        under = or_none(field.get("under"))
        above = None if under is None else known(under, as_id(under), set(found))
        if above is not None and under is not None and found[above].under is not None:
            raise ShinraiError(message("Sections have two levels at most."), place=under.place)
        section = Section(claims.claim(field["id"]), as_bilingual(field["title"]), above)
        found[section.id] = section
    if not found:
        raise ShinraiError(message("A plan has at least one section."), place=node.place)
    return found


def _measures(
    node: Node, sections: dict[str, Section], owners: dict[str, Owner], sources: dict[str, Source], claims: Claims
) -> tuple[Measure, ...]:
    found: dict[str, Measure] = {}
    for item in as_items(node):
        measure = _measure(item, sections, owners, sources, claims, found)
        found[measure.id] = measure
    if not found:
        raise ShinraiError(message("A plan has at least one measure."), place=node.place)
    return tuple(found.values())


def _measure(
    node: Node,
    sections: dict[str, Section],
    owners: dict[str, Owner],
    sources: dict[str, Source],
    claims: Claims,
    earlier: dict[str, Measure],
) -> Measure:
    field = as_fields(node, _MEASURE, _MEASURE_OPTIONAL).values
    due, stage, repeats = (or_none(field.get(name)) for name in ("due", "stage", "repeats"))
    lead = _named(field["lead"], owners)
    if lead.collective:
        raise ShinraiError(
            message("“{code}” stands for several and cannot lead.", code=lead.code),
            fix=message("Name one as the lead, the others under “with”."),
            place=field["lead"].place,
        )
    partners = as_tuple(or_none(field.get("with")), lambda item: _named(item, owners))
    if lead in partners or len(set(partners)) < len(partners):
        raise ShinraiError(message("An owner is named twice."), place=field["with"].place)
    original = None if repeats is None else known(repeats, as_id(repeats), set(earlier))
    if original is not None and repeats is not None and earlier[original].repeats is not None:
        raise ShinraiError(
            message("“{id}” is itself a repetition.", id=original),
            fix=suggest(original, (earlier[original].repeats or "",)),
            place=repeats.place,
        )
    return Measure(
        id=claims.claim(field["id"]),
        section=known(field["section"], as_id(field["section"]), set(sections)),
        title=as_bilingual(field["title"]),
        lead=lead,
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
        partners=partners,
        due=None if due is None else as_date(due),
        stage=None if stage is None else as_choice(stage, Stage),
        repeats=original,
        continues=tuple(id_ for id_, _ in as_ids(field.get("continues"))),
    )


def _named(node: Node, owners: dict[str, Owner]) -> Owner:
    code = as_id(node)
    if code not in owners:
        raise ShinraiError(
            message("There is no owner “{code}”.", code=code),
            fix=suggest(code, owners) or message("Add it under “owners”, with code and name."),
            place=node.place,
        )
    return owners[code]


def _commitment(node: Node, sources: dict[str, Source], claims: Claims) -> Commitment:
    field = as_fields(node, _COMMITMENT).values
    return Commitment(
        id=claims.claim(field["id"]),
        text=as_bilingual(field["text"]),
        measurable=as_choice(field["measurable"], Measurable),
        shown_by=as_bilingual(field["shown_by"]),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
    )


def _event(node: Node, sources: dict[str, Source], titles: set[str]) -> StatusEvent:
    field = as_fields(node, _EVENT).values
    return StatusEvent(
        about=known(field["about"], as_id(field["about"]), titles),
        when=as_period(field["date"]),
        state=as_choice(field["state"], State),
        note=as_bilingual(field["note"]),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
    )


def _succession(node: Node | None, sources: dict[str, Source]) -> Succession | None:
    if node is None:
        return None
    field = as_fields(node, ("version", "since", "certainty", "source")).values
    return Succession(
        version=as_id(field["version"]),
        since=as_date(field["since"]),
        certainty=as_choice(field["certainty"], Certainty),
        source=as_citation(field["source"], sources),
    )
