"""Framework files: which there are, and how one becomes a Framework.

The format is described in docs/reference/framework-format.md. Nothing is filled in by guess: a field that is missing,
unknown or of the wrong kind is an error with its place.
"""

import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from shinrai.frameworks.applicability import FACT_NAMES
from shinrai.frameworks.located import (
    Fields,
    Node,
    Nothing,
    as_bilingual,
    as_choice,
    as_date,
    as_fields,
    as_items,
    as_match,
    as_text,
    as_tuple,
    as_word,
    read_yaml,
    shown,
)
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
from shinrai.language import Place, ShinraiError, message, suggest

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# A leaf name begins with a letter, so that a leaf's id cannot look like the id of a sub-item.
LEAF = re.compile(r"[a-z][a-z0-9-]{0,63}")
# These addresses become links in reports, so nothing that a browser would run.
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?#=&%+-]*)?")
REGION = re.compile(r"[A-Z]{2}")
TAG = re.compile(r"[a-z][a-z0-9-]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_HEADER = (
    "id",
    "version",
    "title",
    "issuer",
    "force",
    "published",
    "valid_from",
    "superseded_by",
    "source",
    "licence",
    "language_of_record",
    "coverage",
    "source_keys",
    "certainty_notes",
    "open_questions",
    "requirements",
)
_HEADER_OPTIONAL = ("scope",)
_REQUIREMENT = ("id", "kind", "title", "text", "roles", "force", "certainty", "source", "expects")
_REQUIREMENT_OPTIONAL = ("when", "principle", "phases", "starts", "continues", "tags")


class FrameworkKey(NamedTuple):
    """The name of one version of one instrument."""

    id: str
    version: str


@cache
def available() -> tuple[FrameworkKey, ...]:
    """Return the frameworks that come with Shinrai, by id and then from the oldest version to the newest."""
    data = files("shinrai.frameworks") / "data"
    keys = (
        FrameworkKey(folder.name, entry.name.removesuffix(".yaml"))
        for folder in data.iterdir()
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry.name.endswith(".yaml")
    )
    return tuple(sorted(keys, key=lambda key: (key.id, _version_order(key.version))))


def _version_order(version: str) -> tuple[tuple[int, str], ...]:
    """Order 1.9 before 1.10: numbers by value, everything else as text."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", version))


def load_framework(id: str, version: str) -> Framework:  # noqa: A002  (the field's own name)
    """Load a framework that comes with Shinrai.

    An id or version that does not exist is a ShinraiError that lists those that do.
    """
    from shinrai.frameworks import compiled  # it reads files with this module

    source = framework_bytes(id, version)
    ready = files("shinrai.frameworks") / "data" / id / f"{version}.json"
    found = compiled.load(ready.read_bytes(), source) if ready.is_file() else None
    return found or read_framework(source, f"{id}/{version}.yaml")


def framework_bytes(id: str, version: str) -> bytes:  # noqa: A002  (the field's own name)
    """Return the file of a framework that comes with Shinrai; errors as `load_framework`."""
    shipped = available()
    if FrameworkKey(id, version) not in shipped:
        raise _unknown(id, version, shipped)
    return (files("shinrai.frameworks") / "data" / id / f"{version}.yaml").read_bytes()


def _unknown(id_: str, version: str, shipped: tuple[FrameworkKey, ...]) -> ShinraiError:
    versions = [key.version for key in shipped if key.id == id_]
    if versions:
        what = message("The framework “{id}” has no version “{version}”.", id=id_, version=shown(version))
        near = suggest(shown(version), versions)
        listed = message("Versions available: {known}.", known=", ".join(versions))
    else:
        what = message("There is no framework “{id}”.", id=shown(id_))
        near = suggest(shown(id_), sorted({key.id for key in shipped}))
        listed = message("Available: {known}.", known=", ".join(f"{key.id} {key.version}" for key in shipped))
    return ShinraiError(what, fix=message("{first} {second}", first=near, second=listed) if near else listed)


def read_framework(text: bytes, name: str) -> Framework:
    """Read a framework file.

    text: its bytes, UTF-8, at most 4 MiB. name: what errors call the file. Anything that is not a framework in the
    documented format is a ShinraiError with file, line, column and field.
    """
    header = as_fields(read_yaml(text, name), _HEADER, _HEADER_OPTIONAL)
    field = header.values
    source_keys = _source_keys(field["source_keys"])
    return Framework(
        id=_id(field["id"]),
        version=_id(field["version"]),
        title=as_bilingual(field["title"]),
        issuer=as_bilingual(field["issuer"]),
        force=as_choice(field["force"], Force),
        published=as_date(field["published"]),
        valid_from=as_date(field["valid_from"]),
        superseded_by=None if isinstance(field["superseded_by"], Nothing) else _id(field["superseded_by"]),
        source=as_match(field["source"], ADDRESS, message("an address that begins with https://")),
        licence=as_text(field["licence"]),
        language_of_record=as_match(field["language_of_record"], LANGUAGE, message("a language tag such as ja")),
        coverage=as_choice(field["coverage"], Coverage),
        requirements=_requirements(field["requirements"], tuple(key.key for key in source_keys)),
        digest=sha256(text).hexdigest(),
        source_keys=source_keys,
        certainty_notes=as_tuple(field["certainty_notes"], as_bilingual),
        open_questions=as_tuple(field["open_questions"], as_bilingual),
        scope=_scope(field.get("scope")),
    )


def _scope(node: Node | None) -> Scope:
    if node is None:
        return Scope()
    field = as_fields(node, (), ("regions", "facts")).values
    region = message("a country code of two capital letters (ISO 3166-1), or EU")
    return Scope(
        regions=frozenset(as_tuple(field.get("regions"), lambda each: as_match(each, REGION, region))),
        facts=frozenset(as_tuple(field.get("facts"), lambda each: as_word(each, FACT_NAMES))),
    )


def _id(node: Node) -> str:
    return as_match(node, ID, message("an id (letters, digits, “.”, “_” and “-”, at most 128)"))


def _source_keys(node: Node) -> tuple[SourceKey, ...]:
    fields = as_fields(node, (), node.values if isinstance(node, Fields) else ())
    for key, place in fields.keys.items():
        if not ID.fullmatch(key):
            raise ShinraiError(message("“{key}” cannot be the key of a source.", key=shown(key)), place=place)
    return tuple(SourceKey(key, as_bilingual(title)) for key, title in fields.values.items())


def _requirements(node: Node, source_keys: tuple[str, ...]) -> tuple[Requirement, ...]:
    places: dict[str, Place] = {}
    earlier: dict[str, Requirement] = {}
    for item in as_items(node):
        field = as_fields(item, _REQUIREMENT, _REQUIREMENT_OPTIONAL).values
        requirement = _requirement(field, source_keys, places)
        _check_principle(requirement, field.get("principle"), earlier)
        earlier[requirement.id] = requirement
    if not earlier:
        raise ShinraiError(message("A framework has at least one requirement."), place=node.place)
    headings = {requirement.principle for requirement in earlier.values()}
    for requirement in earlier.values():
        if not requirement.expects and requirement.id not in headings:
            raise ShinraiError(
                message("“{id}” expects no evidence and nothing stands under it.", id=requirement.id),
                fix=message("Say what could show it; without that it could never be met."),
                place=places[requirement.id],
            )
    return tuple(earlier.values())


def _check_principle(requirement: Requirement, node: Node | None, earlier: dict[str, Requirement]) -> None:
    if requirement.principle is None or node is None:
        return
    heading = earlier.get(requirement.principle)
    if heading is None:
        raise ShinraiError(
            message("“{id}” is not an earlier requirement of this file.", id=requirement.principle),
            fix=suggest(requirement.principle, earlier),
            place=node.place,
        )
    if heading.expects:
        raise ShinraiError(
            message("“{id}” expects evidence of its own, so nothing can stand under it.", id=heading.id),
            fix=message("Move its evidence to a requirement below it."),
            place=node.place,
        )


def _requirement(field: Mapping[str, Node], source_keys: tuple[str, ...], places: dict[str, Place]) -> Requirement:
    """Read one requirement. places: where each id so far stands; its own ids are added."""
    id_ = _claimed(_id(field["id"]), field["id"].place, places)
    principle = field.get("principle")
    return Requirement(
        id=id_,
        kind=as_choice(field["kind"], Kind),
        title=as_bilingual(field["title"]),
        text=as_bilingual(field["text"]),
        roles=frozenset(as_tuple(field["roles"], lambda node: as_choice(node, Role))),
        when=frozenset(as_tuple(field.get("when"), lambda node: as_word(node, FACT_NAMES))),
        force=as_choice(field["force"], Force),
        certainty=as_choice(field["certainty"], Certainty),
        source=_source(field["source"], source_keys),
        principle=None if principle is None or isinstance(principle, Nothing) else _id(principle),
        expects=as_tuple(field["expects"], lambda node: _leaf(node, id_, places)),
        phases=as_tuple(field.get("phases"), lambda node: as_choice(node, Phase)),
        starts=as_tuple(field.get("starts"), _start),
        continues=_id(field["continues"]) if "continues" in field else None,
        tags=as_tuple(field.get("tags"), lambda node: as_match(node, TAG, message("a tag (lower-case letters)"))),
    )


def _start(node: Node) -> Start:
    field = as_fields(node, ("day",), ("when",)).values
    return Start(as_word(field["when"], FACT_NAMES) if "when" in field else None, as_date(field["day"]))


def _source(node: Node, source_keys: tuple[str, ...]) -> str:
    field = as_fields(node, ("keys",), ("section",)).values
    keys = as_tuple(field["keys"], lambda key: as_word(key, source_keys))
    if not keys:
        raise ShinraiError(message("A requirement names at least one source."), place=field["keys"].place)
    return "; ".join((*keys, as_text(field["section"])) if "section" in field else keys)


def _leaf(node: Node, requirement: str, places: dict[str, Place]) -> ExpectedEvidence:
    field = as_fields(node, ("name", "code", "title")).values
    name = as_match(field["name"], LEAF, message("a name (lower-case letters, digits and “-”, a letter first)"))
    id_ = f"{requirement}.{name}"
    if not ID.fullmatch(id_):
        raise ShinraiError(message("The id “{id}” is longer than 128 characters.", id=id_), place=field["name"].place)
    return ExpectedEvidence(
        id=_claimed(id_, field["name"].place, places),
        code=as_choice(field["code"], EvidenceCode),
        title=as_bilingual(field["title"]),
    )


def _claimed(id_: str, place: Place, places: dict[str, Place]) -> str:
    if id_ in places:
        raise ShinraiError(
            message("The id “{id}” is already used in line {line}.", id=id_, line=places[id_].line),
            fix=message("Give it another id."),
            place=place,
        )
    places[id_] = place
    return id_
