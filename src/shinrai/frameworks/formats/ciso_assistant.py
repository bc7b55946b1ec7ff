"""Library files of CISO Assistant (YAML): frameworks and mapping sets in, frameworks out.

A library holds objects: a framework as a flat list of `requirement_nodes` whose parents are named by URN, reference
controls, mapping sets and more. Nodes that are not assessable are headings; the others are requirements. A translation
in Japanese or English is used where there is one.

Source: the format as the project documents it for authors of libraries (tools/README.md and documentation/ of its
repository, November 2026). Nothing here derives from its code.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from shinrai.frameworks.applicability import ROLE_NAMES
from shinrai.frameworks.formats.document import Cursor, Document
from shinrai.frameworks.formats.draft import Draft, Evidence, Header, Row, day, is_untranslated, marked, usable_id
from shinrai.frameworks.formats.report import Findings, ImportedMapping
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import EvidenceCode, Force, Framework, Kind, Requirement, Role
from shinrai.language import Language, ShinraiError, message, suggest

RELATIONS = {
    "equal": "equal",
    "subset": "subset",
    "superset": "superset",
    "intersect": "intersects",
    "not_related": "none",
}
_FORCES = {"mandatory": Force.SHOULD}
_OBJECTS = {"framework", "frameworks", "requirement_mapping_set", "requirement_mapping_sets"}
_NODE = {
    "urn",
    "ref_id",
    "name",
    "description",
    "assessable",
    "depth",
    "parent_urn",
    "translations",
    "annotation",
    "typical_evidence",
    "implementation_groups",
    "importance",
    "weight",
    "questions",
}
_TITLE = 60
_TAG = re.compile(r"[^a-z0-9-]+")


@dataclass(slots=True)
class _Nodes:
    """The nodes of a framework so far: the id of the heading that things under a node stand under, by its URN."""

    draft: Draft
    headings: dict[str, str | None] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)


def read_ciso(document: Document, findings: Findings) -> tuple[Draft, Header] | None:
    """Read the framework of a library; None when it holds none. Its language is the library's `locale`."""
    library = document.root
    objects = library.need("objects")
    frameworks = [each for name in ("framework", "frameworks") for each in _one_or_more(objects, name)]
    for name in objects.fields():
        if name not in _OBJECTS:
            findings.lose(
                message("The objects of the kind “{kind}” have no place here.", kind=shown(name)), objects.place
            )
    if not frameworks:
        return None
    if len(frameworks) > 1:
        raise ShinraiError(
            message("The library holds {count} frameworks.", count=len(frameworks)),
            fix=message("Divide it into files of one framework each."),
            place=frameworks[1].place,
        )
    draft = Draft(findings, library.words("locale") or "en")
    nodes = _Nodes(draft)
    framework = frameworks[0]
    draft.name = framework.words("urn")
    for node in framework.need("requirement_nodes").items():
        try:
            _read_node(node, nodes)
        except ShinraiError as error:
            findings.fault(error)
    for name, count in sorted(nodes.left.items()):
        findings.lose(
            message("The field “{name}” has no place here (found {count} times).", name=shown(name), count=count)
        )
    return draft, _header(library, framework, draft)


def read_mappings(document: Document, findings: Findings) -> tuple[ImportedMapping, ...]:
    """Return the mappings of a library, in the order of the file."""
    objects = document.root.need("objects")
    found = []
    for name in ("requirement_mapping_set", "requirement_mapping_sets"):
        for each in _one_or_more(objects, name):
            source = each.need("source_framework_urn").text()
            target = each.need("target_framework_urn").text()
            findings.counts["mapping sets"] += 1
            for pair in each.need("requirement_mappings").items():
                try:
                    found.append(_mapping(pair, source, target))
                except ShinraiError as error:
                    findings.fault(error)
    findings.counts["mappings"] = len(found)
    return tuple(found)


def _mapping(pair: Cursor, source: str, target: str) -> ImportedMapping:
    relation = pair.need("relationship").text()
    if relation not in RELATIONS:
        known = ", ".join(RELATIONS)
        raise ShinraiError(
            message("“{value}” is not one of {known}.", value=shown(relation), known=known),
            fix=suggest(shown(relation), RELATIONS),
            place=pair.need("relationship").place,
        )
    strength = pair.words("strength_of_relationship")
    if strength is not None and not re.fullmatch(r"[0-9]|10", strength):
        raise ShinraiError(
            message("“{value}” is not a strength from 0 to 10.", value=shown(strength)),
            place=pair.need("strength_of_relationship").place,
        )
    return ImportedMapping(
        source_framework=source,
        source=pair.need("source_requirement_urn").text(),
        target_framework=target,
        target=pair.need("target_requirement_urn").text(),
        relation=RELATIONS[relation],
        rationale=pair.words("rationale"),
        strength=None if strength is None else int(strength),
    )


def _one_or_more(objects: Cursor, name: str) -> Iterator[Cursor]:
    found = objects.get(name)
    if found is None:
        return iter(())
    return found.items() if isinstance(found.value, list) else iter((found,))


def _header(library: Cursor, framework: Cursor, draft: Draft) -> Header:
    name = _said(framework, "name") or _said(library, "name")
    if name is None:
        raise ShinraiError(
            message("The field “{name}” is missing.", name="name"), fix=message("Add it."), place=framework.place
        )
    wanted = framework.words("ref_id") or framework.words("urn") or "library"
    provider = library.words("provider")
    return Header(
        id=usable_id(wanted) or "library",
        version=usable_id(library.words("version") or "") or "1",
        title=draft.said(_by_tag(name, draft.language), framework.place),
        issuer=None if provider is None else draft.said(provider, library.place),
        published=day(library.words("publication_date")),
        licence=library.words("copyright"),
    )


def _read_node(node: Cursor, nodes: _Nodes) -> None:
    draft = nodes.draft
    urn = node.need("urn").text()
    for each in node.fields():
        if each not in _NODE:
            nodes.left[each] += 1
    if urn in nodes.headings:
        raise ShinraiError(
            message("The id “{id}” is already used.", id=shown(urn, 140)),
            fix=message("Give it another id."),
            place=node.need("urn").place,
        )
    parent_urn = node.words("parent_urn")
    if parent_urn is not None and parent_urn not in nodes.headings:
        raise ShinraiError(
            message("“{id}” is not an earlier requirement of this file.", id=shown(parent_urn, 140)),
            place=node.need("parent_urn").place,
        )
    parent = None if parent_urn is None else nodes.headings[parent_urn]
    assessable = (node.words("assessable") or "false").casefold() == "true"
    row = _row(node, urn, parent, assessable, nodes)
    if parent_urn is not None and draft.names.get(parent or "") != parent_urn:
        draft.findings.lose(
            message("The row above it is assessed itself, so it now stands beside that row."), node.place
        )
    nodes.headings[urn] = parent if assessable else row.id
    draft.rows.append(row)


def _row(node: Cursor, urn: str, parent: str | None, assessable: bool, nodes: _Nodes) -> Row:
    draft = nodes.draft
    name, description = _said(node, "name"), _said(node, "description")
    reference = node.words("ref_id")
    texts = description or name or ({"": reference} if reference else None)
    if texts is None:
        raise ShinraiError(
            message("The node has neither a name nor a description."), fix=message("Write one."), place=node.place
        )
    titles = name or {tag: text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…" for tag, text in texts.items()}
    annotation = _said(node, "annotation")
    if annotation:
        texts = {tag: f"{text}\n{_in_language(annotation, tag, draft.language)}" for tag, text in texts.items()}
    id_ = draft.id_for(reference or urn.rsplit(":", 1)[-1], node.place)
    draft.names[id_] = urn
    return Row(
        id=id_,
        kind=Kind.CONTROL if assessable else Kind.HEADING,
        title=draft.said(_by_tag(titles, draft.language), node.place),
        text=draft.said(_by_tag(texts, draft.language), node.place),
        place=node.place,
        name=urn,
        parent=parent,
        section=reference,
        force=_FORCES.get(node.words("importance") or "", Force.MAY),
        tags=tuple(_tags(node)),
        evidence=tuple(_evidence(node, nodes)) if assessable else (),
    )


def _tags(node: Cursor) -> Iterator[str]:
    for group in node.listed("implementation_groups"):
        yield f"group-{_TAG.sub('-', group.text().casefold()).strip('-')}"[:40].rstrip("-")
    importance, weight = node.words("importance"), node.words("weight")
    if importance is not None:
        yield f"importance-{_TAG.sub('-', importance.casefold()).strip('-')}"[:40].rstrip("-")
    if weight is not None and re.fullmatch(r"[0-9]{1,9}", weight):
        yield f"weight-{weight}"


def _evidence(node: Cursor, nodes: _Nodes) -> Iterator[Evidence]:
    draft = nodes.draft
    typical = _said(node, "typical_evidence")
    if typical:
        yield Evidence("document", EvidenceCode.DOCUMENT, draft.said(_by_tag(typical, draft.language), node.place))
    questions = node.get("questions")
    for number, name in enumerate({} if questions is None else questions.fields(), start=1):
        question = questions.need(name) if questions is not None else node
        text = _said(question, "text")
        if text:
            evidence = Evidence(
                f"question-{number}", EvidenceCode.ANSWER, draft.said(_by_tag(text, draft.language), node.place)
            )
            yield evidence
        if question.get("choices") is not None:
            nodes.left["questions.choices"] += 1


def _said(thing: Cursor, name: str) -> dict[str, str] | None:
    """Return a text by language tag, "" for the library's own; None when it is missing."""
    own = thing.words(name)
    if own is None:
        return None
    texts = {"": own}
    translations = thing.get("translations")
    for tag in {} if translations is None else translations.fields():
        translation = translations.get(tag) if translations is not None else None
        text = None if translation is None else translation.words(name)
        if text is not None:
            texts[tag] = text
    return texts


def _in_language(texts: dict[str, str], tag: str, own: str) -> str:
    """Return a text in one language, marked when it is there only in the library's own."""
    if tag in texts:
        return texts[tag]
    language = next((each for each in Language if tag.split("-")[0] == each), None)
    return texts[""] if language is None else marked(texts[""], language, own)


def _by_tag(texts: dict[str, str], language: str) -> dict[str, str]:
    return {tag or language: text for tag, text in texts.items()}


def write_ciso(framework: Framework, language: Language, packager: str = "shinrai") -> bytes:
    """Return a framework as a library. language: the library's locale; the other one becomes a translation.

    Roles become implementation groups. Evidence is told in `typical_evidence`, force, certainty and source in
    `annotation`, because the format has no fields for them.
    """
    reference = re.sub(r"[^a-z0-9._-]+", "-", f"{framework.id}-{framework.version}".casefold())
    other = next(each for each in Language if each is not language)
    urns = _urns(framework, f"urn:{packager}:risk:req_node:{reference}")
    translated = framework.title.text(other)
    library: dict[str, Any] = {
        "urn": f"urn:{packager}:risk:library:{reference}",
        "locale": language.value,
        "ref_id": reference,
        "name": framework.title.text(language),
        "description": f"{framework.title.text(language)} ({framework.version})",
        "copyright": framework.licence,
        "version": 1,
        "publication_date": framework.published.isoformat(),
        "provider": framework.issuer.text(language),
        "packager": packager,
        "translations": {other.value: {"name": translated, "description": translated}},
        "objects": {
            "framework": {
                "urn": f"urn:{packager}:risk:framework:{reference}",
                "ref_id": reference,
                "name": framework.title.text(language),
                "description": framework.title.text(language),
                "implementation_groups_definition": [
                    {"ref_id": role.value, "name": ROLE_NAMES[role].text(language), "description": ""}
                    for role in Role
                    if any(role in row.roles for row in framework.requirements)
                ],
                "requirement_nodes": [_node(row, framework, urns, language, other) for row in framework.requirements],
            }
        },
    }
    text: str = yaml.safe_dump(library, allow_unicode=True, sort_keys=False, width=120)
    return text.encode("utf-8")


def _urns(framework: Framework, base: str) -> dict[str, str]:
    """Return the URN of each requirement; URNs are written small, so two ids may need a number to differ."""
    urns: dict[str, str] = {}
    taken: set[str] = set()
    for row in framework.requirements:
        urn, number = f"{base}:{row.id.casefold()}", 1
        while urn in taken:
            number += 1
            urn = f"{base}:{row.id.casefold()}-{number}"
        taken.add(urn)
        urns[row.id] = urn
    return urns


def _node(
    row: Requirement, framework: Framework, urns: dict[str, str], language: Language, other: Language
) -> dict[str, Any]:
    depth, above = 1, row.principle
    while above is not None:
        depth, above = depth + 1, framework.by_id[above].principle
    node: dict[str, Any] = {"urn": urns[row.id], "assessable": bool(row.expects), "depth": depth}
    if row.principle is not None:
        node["parent_urn"] = urns[row.principle]
    node |= {"ref_id": row.id, "name": row.title.text(language), "description": row.text.text(language)}
    node["annotation"] = f"{row.force} / {row.certainty} / {row.source}"
    if row.expects:
        node["typical_evidence"] = _typical(row, language)
    if row.roles:
        node["implementation_groups"] = [role.value for role in Role if role in row.roles]
    translation = {
        name: text.text(other)
        for name, text in (("name", row.title), ("description", row.text))
        if not is_untranslated(text, other)
    }
    if row.expects and not any(is_untranslated(leaf.title, other) for leaf in row.expects):
        translation["typical_evidence"] = _typical(row, other)
    if translation:
        node["translations"] = {other.value: translation}
    return node


def _typical(row: Requirement, language: Language) -> str:
    return "\n".join(f"[{leaf.code}] {leaf.title.text(language)}" for leaf in row.expects)
