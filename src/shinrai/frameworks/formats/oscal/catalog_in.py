"""An OSCAL catalog as a framework.

What Shinrai wrote itself (see `catalog_out`) is read from its properties and parts and comes back whole. A foreign
catalog says less: a control becomes a requirement whose text is its statement, a group a heading. A control inside a
control stands beside it, because a requirement that has evidence of its own cannot be a heading here. Withdrawn
controls ask for nothing and are left out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar

from shinrai.frameworks.formats.document import Cursor, Path
from shinrai.frameworks.formats.draft import Draft, Header, Row, day, usable_id
from shinrai.frameworks.formats.oscal.catalog_out import said_id
from shinrai.frameworks.formats.oscal.words import Json, is_ours, ours, said, value_of
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Phase,
    Requirement,
    Role,
    Scope,
    SourceKey,
    Start,
)
from shinrai.language import Bilingual, Message, Place, ShinraiError, message

_Choice = TypeVar("_Choice", bound=StrEnum)
_INSERT = re.compile(r"\{\{\s*insert:\s*param,\s*([^}\s]+)\s*\}\}")
_STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Read:
    """A catalog that has been read into a draft.

    header: as the framework has it, when the catalog carries one of ours. paths: where the node of each row stands.
    """

    draft: Draft
    header: Header | Framework
    paths: dict[str, Path]


@dataclass(slots=True)
class _Walk:
    """What is gathered on the way through a catalog."""

    draft: Draft
    paths: dict[str, Path] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    firsts: dict[str, Place] = field(default_factory=dict)

    def leave(self, what: str, place: Place) -> None:
        """Count something that a framework has no place for."""
        self.left[what] += 1
        self.firsts.setdefault(what, place)


def read_catalog(root: Cursor, findings: Findings, language: str) -> Read:
    """Read the catalog of a document. language: the language tag of a foreign catalog's texts."""
    catalog = root.need("catalog")
    walk = _Walk(Draft(findings, language))
    for holder in _holders(catalog):
        for param in holder.listed("params"):
            _note_param(param, walk)
    for child in _children(catalog):
        _read_node(child, None, walk)
    if walk.positions.keys() == {row.id for row in walk.draft.rows}:
        walk.draft.rows.sort(key=lambda row: walk.positions[row.id])
    header = _our_header(catalog) or _foreign_header(catalog, walk)
    for what, count in sorted(walk.left.items()):
        findings.lose(_LEFT[what](count), walk.firsts[what])
    return Read(walk.draft, header, walk.paths)


def _children(node: Cursor) -> Iterator[Cursor]:
    yield from node.listed("groups")
    yield from node.listed("controls")


def _holders(node: Cursor) -> Iterator[Cursor]:
    yield node
    for child in _children(node):
        yield from _holders(child)


def _read_node(node: Cursor, parent: str | None, walk: _Walk) -> None:
    """Read a group or control and what stands in it. parent: the id of the heading it stands under."""
    is_group = len(node.path) >= 2 and node.path[-2] == "groups"
    row: Row | Requirement | None
    try:
        if said_id(node.fields()) is not None:
            row = _our_row(node)
            walk.draft.names[row.id] = row.id
        else:
            row = _foreign_row(node, parent, is_group, walk)
    except ShinraiError as error:
        walk.draft.findings.fault(error)
        return
    below = parent
    if row is not None:
        walk.draft.rows.append(row)
        walk.paths[row.id] = node.path
        position = next((value_of(each) for each in ours(node.value, "props", "position")), "")
        if position.isascii() and position.isdigit() and len(position) < 10:
            walk.positions[row.id] = int(position)
        if is_group or (isinstance(row, Requirement) and not row.expects):
            below = row.id
    for child in _children(node):
        _read_node(child, below, walk)


def _foreign_row(node: Cursor, parent: str | None, is_group: bool, walk: _Walk) -> Row | None:
    title = node.need("title").text()
    wanted = node.words("id") or title
    if _withdrawn(node):
        walk.leave("withdrawn", node.place)
        return None
    if len(node.path) >= 4 and node.path[-4] == node.path[-2] == "controls":
        walk.leave("nested", node.place)
    draft = walk.draft
    text = "\n".join(_statement(node, walk)) or title
    return Row(
        id=draft.id_for(wanted, node.place),
        kind=Kind.HEADING if is_group else Kind.CONTROL,
        title=draft.said(title, node.place),
        text=draft.said(text, node.place),
        place=node.place,
        name=wanted,
        parent=parent,
        section=wanted,
    )


def _withdrawn(node: Cursor) -> bool:
    return any(
        each.words("name") == "status" and (each.words("value") or "").casefold() == "withdrawn"
        for each in node.listed("props")
    )


def _statement(node: Cursor, walk: _Walk) -> Iterator[str]:
    """Return the lines of a node's text: its statement, or what a group says about itself."""
    parts = list(node.listed("parts"))
    chosen = [part for part in parts if part.words("name") in {_STATEMENT, "overview"}]
    for part in parts:
        if part not in chosen and not is_ours(part.value):
            walk.leave("parts", part.place)
    for name in ("props", "links"):
        for each in node.listed(name):
            if not is_ours(each.value):
                walk.leave(name, each.place)
    for part in chosen:
        yield from _lines(part, walk)


def _lines(part: Cursor, walk: _Walk) -> Iterator[str]:
    label = next((each.words("value") for each in part.listed("props") if each.words("name") == "label"), None)
    text = part.words("prose")
    if text is not None:
        filled = _INSERT.sub(lambda found: f"[{walk.params.get(found.group(1), found.group(1))}]", text)
        yield f"{label} {filled}" if label else filled
    for inner in part.listed("parts"):
        yield from _lines(inner, walk)


def _note_param(param: Cursor, walk: _Walk) -> None:
    """Keep what stands for a parameter in a text: its values, its choices or its label."""
    walk.leave("params", param.place)
    select = param.get("select")
    texts = [each.text() for each in param.listed("values")]
    if not texts and select is not None:
        texts = [each.text() for each in select.listed("choice")]
    name = param.words("id")
    if name is not None:
        walk.params[name] = " / ".join(texts) or param.words("label") or name


def _foreign_header(catalog: Cursor, walk: _Walk) -> Header:
    metadata = catalog.need("metadata")
    title = metadata.need("title").text()
    for name in ("roles", "locations", "parties", "responsible-parties", "revisions", "document-ids", "actions"):
        for each in metadata.listed(name):
            walk.leave("metadata", each.place)
    back = catalog.get("back-matter")
    for each in () if back is None else back.listed("resources"):
        walk.leave("resources", each.place)
    address = next(
        (link.words("href") for link in metadata.listed("links") if link.words("rel") in {"canonical", "alternate"}),
        None,
    )
    names = [party.words("name") for party in metadata.listed("parties")]
    issuer = "; ".join(name for name in names if name)
    return Header(
        id=usable_id(title).casefold() or "oscal.catalog",
        version=usable_id(metadata.words("version") or "") or "1",
        title=walk.draft.said(title, metadata.place),
        issuer=walk.draft.said(issuer, metadata.place) if issuer else None,
        published=day(metadata.words("published")) or day(metadata.words("last-modified")),
        source=address,
    )


class _Ours:
    """Properties of ours on one node, by name."""

    def __init__(self, node: Cursor) -> None:
        self.place = node.place
        self.props = ours(node.fields(), "props")

    def all(self, name: str) -> list[str]:
        return [value_of(each) for each in self.props if each.get("name") == name]

    def maybe(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def one(self, name: str) -> str:
        found = self.maybe(name)
        if found is None:
            raise ShinraiError(message("The property “{name}” is missing.", name=name), place=self.place)
        return found

    def choice(self, name: str, choices: type[_Choice]) -> _Choice:
        return self.chosen(self.one(name), choices)

    def chosen(self, value: str, choices: type[_Choice]) -> _Choice:
        try:
            return choices(value)
        except ValueError:
            known = ", ".join(choices)
            raise ShinraiError(
                message("“{value}” is not one of {known}.", value=shown(value), known=known), place=self.place
            ) from None

    def day(self, name: str) -> date:
        return self.as_day(self.one(name))

    def as_day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ShinraiError(message("There is no day {value}.", value=shown(text)), place=self.place) from None

    def both(self, name: str) -> Bilingual:
        by_class = {said(each, "class"): value_of(each) for each in self.props if each.get("name") == name}
        return _both(by_class, name, self.place)

    def notes(self, name: str) -> tuple[Bilingual, ...]:
        groups: dict[str, dict[str, str]] = {}
        for each in self.props:
            if each.get("name") == name:
                groups.setdefault(said(each, "group"), {})[said(each, "class")] = value_of(each)
        return tuple(_both(by_class, name, self.place) for by_class in groups.values())


def _both(by_language: dict[str, str], name: str, place: Place) -> Bilingual:
    if "ja" not in by_language or "en" not in by_language:
        raise ShinraiError(message("“{name}” is not there in both languages.", name=name), place=place)
    return Bilingual(ja=by_language["ja"], en=by_language["en"])


def _our_header(catalog: Cursor) -> Framework | None:
    """Return the header that a catalog of ours carries, in a framework without rows; None for a foreign catalog."""
    metadata = catalog.need("metadata")
    if said_id(metadata.fields()) is None:
        return None
    read = _Ours(metadata)
    back = catalog.get("back-matter")
    keys = []
    for resource in () if back is None else back.listed("resources"):
        key = _Ours(resource)
        if key.maybe("source-key") is not None:
            keys.append(SourceKey(key.one("source-key"), key.both("title")))
    return Framework(
        id=read.one("id"),
        version=read.one("version"),
        title=read.both("title"),
        issuer=read.both("issuer"),
        force=read.choice("force", Force),
        published=read.day("published"),
        valid_from=read.day("valid-from"),
        superseded_by=read.maybe("superseded-by"),
        source=read.one("source"),
        licence=read.one("licence"),
        language_of_record=read.one("language-of-record"),
        coverage=read.choice("coverage", Coverage),
        requirements=(),
        digest="",
        source_keys=tuple(keys),
        certainty_notes=read.notes("certainty-note"),
        open_questions=read.notes("open-question"),
        scope=Scope(frozenset(read.all("region")), frozenset(read.all("fact"))),
    )


def _our_row(node: Cursor) -> Requirement:
    read = _Ours(node)
    id_ = read.one("id")
    starts = [each for each in read.props if each.get("name") == "start"]
    evidence = ours(node.fields(), "parts", "evidence")
    return Requirement(
        id=id_,
        kind=read.choice("kind", Kind),
        title=_part_in_both(node.fields(), "title", read.place),
        text=_part_in_both(node.fields(), "text", read.place),
        roles=frozenset(read.chosen(role, Role) for role in read.all("role")),
        when=frozenset(read.all("when")),
        force=read.choice("force", Force),
        certainty=read.choice("certainty", Certainty),
        source=read.one("source"),
        principle=read.maybe("principle"),
        expects=tuple(_our_evidence(each, id_, read) for each in evidence),
        phases=tuple(read.chosen(phase, Phase) for phase in read.all("phase")),
        starts=tuple(Start(said(each, "class") or None, read.as_day(value_of(each))) for each in starts),
        continues=read.maybe("continues"),
        tags=tuple(read.all("tag")),
    )


def _part_in_both(node: Json, name: str, place: Place) -> Bilingual:
    by_class = {said(each, "class"): said(each, "prose") for each in ours(node, "parts", name)}
    return _both(by_class, name, place)


def _our_evidence(part: Json, requirement: str, read: _Ours) -> ExpectedEvidence:
    name = next((value_of(each) for each in ours(part, "props", "name")), "")
    return ExpectedEvidence(
        f"{requirement}.{name}",
        read.chosen(said(part, "class"), EvidenceCode),
        _part_in_both(part, "title", read.place),
    )


_LEFT: dict[str, Callable[[int], Message]] = {
    "withdrawn": lambda count: message("Withdrawn controls that were left out: {count}.", count=count),
    "nested": lambda count: message("Controls inside others that now stand beside them: {count}.", count=count),
    "parts": lambda count: message(
        "Parts beside the statements (such as guidance) that have no place here: {count}.", count=count
    ),
    "props": lambda count: message("Properties that have no place here: {count}.", count=count),
    "links": lambda count: message("Links that have no place here: {count}.", count=count),
    "params": lambda count: message(
        "Parameters that stand in the texts and are not kept as parameters: {count}.", count=count
    ),
    "metadata": lambda count: message("Entries of the metadata that have no place here: {count}.", count=count),
    "resources": lambda count: message("Resources of the back matter that have no place here: {count}.", count=count),
}
