"""Mappings: which row of one framework relates how to which row of another, who says so, and who has checked it.

A mapping can suggest and never satisfy. What a chain of them is worth is decided in `paths`; this module says what a
mapping is, reads the files below `mappings/` (format: docs/reference/mappings.md), and finds statements that cannot
both be true.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple

from shinrai.frameworks.loader import FrameworkKey
from shinrai.frameworks.located import (
    Fields,
    Node,
    Nothing,
    as_bilingual,
    as_choice,
    as_fields,
    as_items,
    as_match,
    as_text,
    as_tuple,
    as_word,
    read_yaml,
    shown,
)
from shinrai.frameworks.model import Certainty, Framework, SourceKey
from shinrai.frameworks.relation import Relation, inverse
from shinrai.language import Bilingual, Message, Place, ShinraiError, message, suggest

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_STRENGTH = re.compile(r"10|[0-9]")

_HEADER = ("from", "to", "author", "licence", "source_keys", "method", "mappings")
_PAIR = ("source", "target", "relation", "basis", "state", "certainty", "cites", "rationale")
_PAIR_OPTIONAL = ("author", "reviewer", "dispute", "strength")


class Basis(StrEnum):
    """What was compared, after NIST IR 8477: the wording, the meaning, or the effect of the two rows."""

    SYNTACTIC = "syntactic"
    SEMANTIC = "semantic"
    FUNCTIONAL = "functional"


class State(StrEnum):
    """How far a mapping has been checked, best first. DISPUTED: somebody has objected, with a reason."""

    REVIEWED = "reviewed"
    PROPOSED = "proposed"
    DISPUTED = "disputed"


def weakest(states: Iterable[State]) -> State:
    """Return the worst of the states; REVIEWED when there is none."""
    order = tuple(State)
    return max(states, key=order.index, default=State.REVIEWED)


class Row(NamedTuple):
    """One requirement of one version of one instrument."""

    framework: FrameworkKey
    id: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """One pair of rows: the source row stands in `relation` to the target row.

    rationale: what the two share and where they part; None only in data from elsewhere. basis, strength (0 to 10):
    None only in data from elsewhere that does not say. author: who says so; reviewer: who checked it, None before.
    dispute: the objection. cites: the keys of the sources, as the set declares them. certainty: how sure we are of the
    pair itself.
    """

    source: Row
    target: Row
    relation: Relation
    state: State
    author: str
    certainty: Certainty
    rationale: Bilingual | None = None
    basis: Basis | None = None
    reviewer: str | None = None
    dispute: Bilingual | None = None
    cites: tuple[str, ...] = ()
    strength: int | None = None

    @property
    def self_reviewed(self) -> bool:
        """Whether the reviewer is the author, which makes a review worthless."""
        return self.reviewer is not None and _person(self.reviewer) == _person(self.author)

    @property
    def standing(self) -> State:
        """The state that counts: data from elsewhere may say "reviewed" without a reviewer other than the author."""
        unreviewed = self.state is State.REVIEWED and (self.reviewer is None or self.self_reviewed)
        return State.PROPOSED if unreviewed else self.state


def _person(name: str) -> str:
    """Fold a name so that width, case and spacing do not make one person into two."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


@dataclass(frozen=True, slots=True)
class MappingSet:
    """The mappings from one version of one instrument to one version of another.

    name: what errors and reports call it. method: how the pairs were found and judged.
    """

    name: str
    source: FrameworkKey
    target: FrameworkKey
    author: str
    licence: str
    method: Bilingual
    mappings: tuple[Mapping, ...]
    source_keys: tuple[SourceKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements about the same two rows that exclude each other; second is turned round to read like first."""

    first: Mapping
    second: Mapping
    sets: tuple[str, str]

    @property
    def what(self) -> Message:
        """The contradiction in words."""
        return message(
            "“{source}” and “{target}”: {first} says “{one}”, {second} says “{other}”.",
            source=shown(self.first.source.id),
            target=shown(self.first.target.id),
            first=shown(self.sets[0]),
            one=self.first.relation,
            second=shown(self.sets[1]),
            other=_towards(self.second, self.first.source),
        )


def _towards(mapping: Mapping, source: Row) -> Relation:
    """Return the relation of a mapping as read from the given one of its two rows."""
    return mapping.relation if mapping.source == source else inverse(mapping.relation)


def contradictions(sets: Iterable[MappingSet]) -> tuple[Contradiction, ...]:
    """Find the pairs of rows about which two mappings differ, in whichever direction each is written.

    The relations of NIST IR 8477 exclude each other as stated: who says “intersects” says that neither row contains
    the other. Mappings that are themselves disputed contradict nothing. Each further statement is held against the
    first one.
    """
    first: dict[frozenset[Row], tuple[Mapping, str]] = {}
    found = []
    for each in sets:
        for mapping in each.mappings:
            if mapping.state is State.DISPUTED:
                continue
            earlier, name = first.setdefault(frozenset((mapping.source, mapping.target)), (mapping, each.name))
            if _towards(mapping, earlier.source) is not earlier.relation:
                found.append(Contradiction(earlier, mapping, (name, each.name)))
    return tuple(found)


def read_mappings(text: bytes, name: str, frameworks: Iterable[Framework] = ()) -> MappingSet:
    """Read a mapping file.

    text: its bytes, UTF-8, at most 4 MiB. name: what errors call the file. frameworks: those whose ids are known; a
    row of one of them that does not exist is an error. Anything that is not a mapping file in the documented format is
    a ShinraiError with file, line, column and field.
    """
    header = as_fields(read_yaml(text, name), _HEADER)
    field = header.values
    source, target = _framework(field["from"]), _framework(field["to"])
    if source == target:
        raise ShinraiError(
            message("A framework is not mapped to itself."),
            fix=message("Name another framework, or another version of this one."),
            place=field["to"].place,
        )
    known = {FrameworkKey(each.id, each.version): each.by_id.keys() for each in frameworks}
    author = as_text(field["author"])
    source_keys = _source_keys(field["source_keys"])
    reader = _Reader(source, target, author, [key.key for key in source_keys], known)
    return MappingSet(
        name=name,
        source=source,
        target=target,
        author=author,
        licence=as_text(field["licence"]),
        method=as_bilingual(field["method"]),
        mappings=reader.pairs(field["mappings"]),
        source_keys=source_keys,
    )


def _framework(node: Node) -> FrameworkKey:
    field = as_fields(node, ("id", "version")).values
    return FrameworkKey(_id(field["id"]), _id(field["version"]))


def _id(node: Node) -> str:
    return as_match(node, _ID, message("an id (letters, digits, “.”, “_” and “-”, at most 128)"))


def _source_keys(node: Node) -> tuple[SourceKey, ...]:
    fields = as_fields(node, (), node.values if isinstance(node, Fields) else ())
    for key, place in fields.keys.items():
        if not _ID.fullmatch(key):
            raise ShinraiError(message("“{key}” cannot be the key of a source.", key=shown(key)), place=place)
    return tuple(SourceKey(key, as_bilingual(title)) for key, title in fields.values.items())


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the pairs of one file are read against."""

    source: FrameworkKey
    target: FrameworkKey
    author: str
    source_keys: Sequence[str]
    known: Dictionary[FrameworkKey, Iterable[str]]

    def pairs(self, node: Node) -> tuple[Mapping, ...]:
        """Read the list of pairs, each of which may stand there once."""
        earlier: dict[tuple[Row, Row], tuple[Mapping, Place]] = {}
        for item in as_items(node):
            mapping = self.pair(as_fields(item, _PAIR, _PAIR_OPTIONAL))
            key = (mapping.source, mapping.target)
            if key in earlier:
                _refuse_second(mapping, *earlier[key], item.place)
            earlier[key] = (mapping, item.place)
        if not earlier:
            raise ShinraiError(message("A mapping file has at least one pair."), place=node.place)
        return tuple(mapping for mapping, _ in earlier.values())

    def pair(self, fields: Fields) -> Mapping:
        """Read one pair."""
        field = fields.values
        mapping = Mapping(
            source=self.row(self.source, field["source"]),
            target=self.row(self.target, field["target"]),
            relation=as_choice(field["relation"], Relation),
            state=as_choice(field["state"], State),
            author=as_text(field["author"]) if "author" in field else self.author,
            certainty=as_choice(field["certainty"], Certainty),
            rationale=as_bilingual(field["rationale"]),
            basis=as_choice(field["basis"], Basis),
            reviewer=_optional_text(field.get("reviewer")),
            dispute=as_bilingual(field["dispute"]) if "dispute" in field else None,
            cites=self.cites(field["cites"]),
            strength=_strength(field["strength"]) if "strength" in field else None,
        )
        _check_state(mapping, fields)
        return mapping

    def row(self, framework: FrameworkKey, node: Node) -> Row:
        """Read the id of a row, which must exist where its framework is known."""
        id_ = _id(node)
        ids = self.known.get(framework)
        if ids is not None and id_ not in ids:
            raise ShinraiError(
                message(
                    "{framework} {version} has no row “{id}”.",
                    framework=framework.id,
                    version=framework.version,
                    id=shown(id_),
                ),
                fix=suggest(id_, ids),
                place=node.place,
            )
        return Row(framework, id_)

    def cites(self, node: Node) -> tuple[str, ...]:
        """Read the keys of the sources of one pair."""
        keys = as_tuple(node, lambda key: as_word(key, self.source_keys))
        if not keys:
            raise ShinraiError(message("A mapping names at least one source."), place=node.place)
        return keys


def _optional_text(node: Node | None) -> str | None:
    return None if node is None or isinstance(node, Nothing) else as_text(node)


def _strength(node: Node) -> int:
    return int(as_match(node, _STRENGTH, message("a strength from 0 to 10")))


def _refuse_second(mapping: Mapping, earlier: Mapping, first: Place, place: Place) -> None:
    if mapping.relation is earlier.relation:
        raise ShinraiError(
            message("The pair is already given in line {line}.", line=first.line),
            fix=message("Keep one of the two."),
            place=place,
        )
    raise ShinraiError(
        message(
            "The pair is already given in line {line}, with “{one}”; here it has “{other}”, and both cannot be true.",
            line=first.line,
            one=earlier.relation,
            other=mapping.relation,
        ),
        fix=message("Keep the one that is right; to record an objection, set its state to “disputed” and say why."),
        place=place,
    )


def _check_state(mapping: Mapping, fields: Fields) -> None:
    """Refuse a state that the other fields of the pair do not bear out."""
    field = fields.values
    if mapping.state is State.REVIEWED and mapping.reviewer is None:
        raise ShinraiError(
            message("The pair is said to be reviewed, but no reviewer is named."),
            fix=message("Name the reviewer, or set the state to “proposed”."),
            place=field["state"].place,
        )
    if mapping.state is State.PROPOSED and mapping.reviewer is not None:
        raise ShinraiError(
            message("A reviewer is named, but the pair is only proposed."),
            fix=message("Set the state to “reviewed” or “disputed”, or delete the reviewer."),
            place=field["reviewer"].place,
        )
    if mapping.self_reviewed:
        raise ShinraiError(
            message("The reviewer is the author of the pair."),
            fix=message("Let another person review it."),
            place=field["reviewer"].place,
        )
    if mapping.state is State.DISPUTED and mapping.dispute is None:
        raise ShinraiError(
            message("The pair is disputed, but nothing says why."),
            fix=message("Add the objection as “dispute”, in both languages."),
            place=field["state"].place,
        )
    if mapping.state is not State.DISPUTED and mapping.dispute is not None:
        raise ShinraiError(
            message("An objection is recorded, but the pair is not disputed."),
            fix=message("Set the state to “disputed”, or delete the objection."),
            place=field["dispute"].place,
        )


def mapping_sets(frameworks: Iterable[Framework] = ()) -> tuple[MappingSet, ...]:
    """Return the mapping sets that come with Shinrai, by file name.

    frameworks: those against whose rows the ids are checked. Sets that state a pair twice are a ShinraiError, in
    whichever direction it is written.
    """
    known = tuple(frameworks)
    folder = files("shinrai.frameworks") / "mappings"
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda each: each.name)
    sets = tuple(read_mappings(entry.read_bytes(), entry.name, known) for entry in entries)
    check_together(sets)
    return sets


def check_together(sets: Iterable[MappingSet]) -> None:
    """Refuse sets of which two say something about the same two rows, whether or not they agree."""
    first: dict[frozenset[Row], str] = {}
    for each in sets:
        for mapping in each.mappings:
            pair = frozenset((mapping.source, mapping.target))
            if pair in first:
                raise ShinraiError(
                    message(
                        "“{source}” and “{target}” are already mapped in {name}.",
                        source=shown(mapping.source.id),
                        target=shown(mapping.target.id),
                        name=first[pair],
                    ),
                    fix=message("Keep one of the two."),
                    place=Place(each.name),
                )
            first[pair] = each.name
