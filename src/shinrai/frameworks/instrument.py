"""Instruments: the laws, strategies, guidelines, standards and institutions that AI in Japan has to do with.

A framework says row by row what an instrument asks. An instrument record is the card in the catalogue: what it is, who
issued it, how strongly it binds, which versions there are, and what it means for whom. Where both exist they share an
id. The format is described in docs/reference/instruments.md; as with frameworks, nothing is filled in by guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

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
from shinrai.frameworks.model import Certainty, Role, SourceKey
from shinrai.frameworks.partial_date import PartialDate, as_partial_date
from shinrai.language import Bilingual, Message, Place, ShinraiError, message, suggest

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# These addresses become links in reports, so nothing that a browser would run.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?#=&%+-]*)?")
_JURISDICTION = re.compile(r"[A-Z]{2}|INT")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class InstrumentKind(StrEnum):
    """What an instrument is."""

    LAW = "law"
    CABINET_ORDER = "cabinet_order"
    ORDINANCE = "ordinance"
    STRATEGY = "strategy"
    PLAN = "plan"
    PRINCIPLES = "principles"
    GUIDELINE = "guideline"
    GUIDE = "guide"
    STANDARD = "standard"
    AGREEMENT = "agreement"
    REPORT = "report"
    INSTITUTION = "institution"


class LegalForce(StrEnum):
    """How an instrument binds; `FORCE_MEANINGS` says each in words."""

    BINDING = "binding"
    BINDING_ON_STATE = "binding_on_state"
    POLICY = "policy"
    COMMITMENT = "commitment"
    SOFT_LAW = "soft_law"
    STANDARD = "standard"
    PRIVATE = "private"
    NONE = "none"


FORCE_MEANINGS: Mapping[LegalForce, Message] = {
    LegalForce.BINDING: message("It binds everyone it addresses, and the law says what follows from a breach."),
    LegalForce.BINDING_ON_STATE: message(
        "It binds the bodies of the State; on firms it puts at most a duty of effort or cooperation without penalty."
    ),
    LegalForce.POLICY: message("It says what a government means to do and asks nothing of firms by itself."),
    LegalForce.COMMITMENT: message("States or organisations pledge themselves to it; no court enforces it."),
    LegalForce.SOFT_LAW: message("A public body recommends it; following it is voluntary."),
    LegalForce.STANDARD: message("It is voluntary until a contract, a certificate or a law refers to it."),
    LegalForce.PRIVATE: message("A private body recommends it; following it is voluntary."),
    LegalForce.NONE: message("It binds nobody: it reports, explains or is an institution."),
}

KIND_NAMES: Mapping[InstrumentKind, Message] = {
    InstrumentKind.LAW: message("law"),
    InstrumentKind.CABINET_ORDER: message("cabinet order"),
    InstrumentKind.ORDINANCE: message("local ordinance"),
    InstrumentKind.STRATEGY: message("strategy"),
    InstrumentKind.PLAN: message("plan"),
    InstrumentKind.PRINCIPLES: message("principles"),
    InstrumentKind.GUIDELINE: message("guideline"),
    InstrumentKind.GUIDE: message("guide"),
    InstrumentKind.STANDARD: message("standard"),
    InstrumentKind.AGREEMENT: message("international agreement or process"),
    InstrumentKind.REPORT: message("report"),
    InstrumentKind.INSTITUTION: message("institution"),
}

NOTHING_DIRECTLY = message("Nothing directly.")
"""What a role reads where an instrument has no meaning of its own for it."""


class TraitName(StrEnum):
    """What instruments are set side by side by."""

    APPROACH = "approach"
    RISK_CLASSIFICATION = "risk_classification"
    PROHIBITED_PRACTICES = "prohibited_practices"
    ENFORCEMENT = "enforcement"
    KEY_FOCUS = "key_focus"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where something was read. section: the place in the source, or None for the source as a whole."""

    keys: tuple[SourceKey, ...]
    section: str | None

    def __str__(self) -> str:
        """Return the keys and the section, as a requirement's source does."""
        keys = tuple(key.key for key in self.keys)
        return "; ".join((*keys, self.section) if self.section else keys)


@dataclass(frozen=True, slots=True)
class Licence:
    """Under what terms a text may be used, and how sure we are of it."""

    title: Bilingual
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class InstrumentVersion:
    """One version of an instrument.

    title: what tells it from the others, such as a law's number, or None. published, in_force: as exact as the source
    gives them, None where it does not; an institution is in force from its founding. superseded_by: the version of the
    same instrument that replaced it. address: its own address, if the source gives one beside the instrument's.
    """

    version: str
    title: Bilingual | None
    published: PartialDate | None
    in_force: PartialDate | None
    superseded_by: str | None
    address: str | None
    source: Citation
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an instrument means for each role, in our own words; None: nothing directly."""

    developer: Bilingual | None
    provider: Bilingual | None
    business_user: Bilingual | None
    government: Bilingual | None

    def for_role(self, role: Role) -> Bilingual | Message:
        """Return the sentence for a role, or the words that it has none. Roles without a column are a KeyError."""
        return {
            Role.DEVELOPER: self.developer,
            Role.PROVIDER: self.provider,
            Role.BUSINESS_USER: self.business_user,
            Role.GOVERNMENT: self.government,
        }[role] or NOTHING_DIRECTLY


@dataclass(frozen=True, slots=True)
class Trait:
    """One statement to compare by."""

    name: TraitName
    text: Bilingual
    source: Citation
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, strategy, guideline, standard or institution.

    jurisdiction: an ISO 3166-1 code, `EU`, or `INT` for what several states or none stand behind. superseded_by: the
    instrument that replaced or absorbed it. rests_on: the instruments it was made under. address: the official one, or
    None where no source gives it; then open_questions says so. language_of_record: the language whose text counts,
    `mul` for several, None for institutions. licence: None where the terms are not known. certainty: of title,
    issuer, kind and force; each version and trait has a mark of its own.
    """

    id: str
    title: Bilingual
    issuer: Bilingual
    kind: InstrumentKind
    force: LegalForce
    jurisdiction: str
    versions: tuple[InstrumentVersion, ...]
    superseded_by: str | None
    rests_on: tuple[str, ...]
    address: str | None
    language_of_record: str | None
    licence: Licence | None
    meaning: Meaning
    source: Citation
    certainty: Certainty
    open_questions: tuple[Bilingual, ...]
    traits: tuple[Trait, ...]

    @property
    def current(self) -> tuple[InstrumentVersion, ...]:
        """The versions that none of the others has replaced."""
        return tuple(version for version in self.versions if version.superseded_by is None)


_INSTRUMENT = (
    "id",
    "title",
    "issuer",
    "kind",
    "force",
    "jurisdiction",
    "versions",
    "address",
    "language_of_record",
    "licence",
    "meaning",
    "source",
    "certainty",
)
_INSTRUMENT_OPTIONAL = ("superseded_by", "rests_on", "open_questions", "traits")
_VERSION = ("version", "published", "in_force", "source", "certainty")
_VERSION_OPTIONAL = ("title", "superseded_by", "address")


def instruments() -> tuple[Instrument, ...]:
    """Return the instruments that come with Shinrai, by file and in the order of the file."""
    folder = files("shinrai.frameworks") / "instruments"
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda each: each.name)
    reading = _Reading()
    for entry in entries:
        reading.add(entry.read_bytes(), entry.name)
    return reading.finished()


def instrument(id: str) -> Instrument:  # noqa: A002  (the field's own name)
    """Return one instrument that comes with Shinrai; an id that does not exist is a ShinraiError."""
    shipped = {each.id: each for each in instruments()}
    if id in shipped:
        return shipped[id]
    raise ShinraiError(
        message("There is no instrument “{id}”.", id=shown(id)),
        fix=suggest(shown(id), shipped) or message("List the instruments to see which there are."),
    )


def read_instruments(data: bytes, name: str) -> tuple[Instrument, ...]:
    """Read one file of instruments.

    data: its bytes, UTF-8, at most 4 MiB. name: what errors call the file. Anything that is not in the documented
    format is a ShinraiError with file, line, column and field. Instruments it names stand in the same file.
    """
    reading = _Reading()
    reading.add(data, name)
    return reading.finished()


class _Reading:
    """Files read one after the other, with what can be checked only once all of them are known."""

    def __init__(self) -> None:
        self._read: dict[str, Instrument] = {}
        self._places: dict[str, Place] = {}
        self._named: list[tuple[str, Place]] = []

    def add(self, data: bytes, name: str) -> None:
        header = as_fields(read_yaml(data, name), ("source_keys", "licences", "instruments")).values
        sources = {key: SourceKey(key, as_bilingual(node)) for key, node in _named(header["source_keys"]).items()}
        licences = {key: _licence(node) for key, node in _named(header["licences"]).items()}
        for node in as_items(header["instruments"]):
            field = as_fields(node, _INSTRUMENT, _INSTRUMENT_OPTIONAL).values
            read = _instrument(field, sources, licences)
            self._claim(read.id, field["id"].place)
            self._read[read.id] = read
            self._named.extend(_targets(field))

    def _claim(self, id_: str, place: Place) -> None:
        earlier = self._places.setdefault(id_, place)
        if earlier is not place:
            raise ShinraiError(
                message(
                    "The id “{id}” is already used in {file}, line {line}.",
                    id=id_,
                    file=earlier.file,
                    line=earlier.line,
                ),
                fix=message("Give it another id."),
                place=place,
            )

    def finished(self) -> tuple[Instrument, ...]:
        for target, place in self._named:
            if target not in self._read:
                raise ShinraiError(
                    message("There is no instrument “{id}”.", id=target), fix=suggest(target, self._read), place=place
                )
        return tuple(self._read.values())


def _targets(field: Mapping[str, Node]) -> list[tuple[str, Place]]:
    """Return the instruments that a record names, each with the place where it does."""
    nodes = [*as_tuple(field.get("rests_on"), lambda node: node)]
    if "superseded_by" in field and not isinstance(field["superseded_by"], Nothing):
        nodes.append(field["superseded_by"])
    return [(_id(node), node.place) for node in nodes]


def _named(node: Node) -> Mapping[str, Node]:
    """Read fields whose names the file chooses."""
    fields = as_fields(node, (), node.values if isinstance(node, Fields) else ())
    for key, place in fields.keys.items():
        if not _ID.fullmatch(key):
            raise ShinraiError(message("“{key}” cannot be the key of a source.", key=shown(key)), place=place)
    return fields.values


def _licence(node: Node) -> Licence:
    field = as_fields(node, ("title", "certainty")).values
    return Licence(as_bilingual(field["title"]), as_choice(field["certainty"], Certainty))


def _instrument(
    field: Mapping[str, Node], sources: Mapping[str, SourceKey], licences: Mapping[str, Licence]
) -> Instrument:
    superseded_by = field.get("superseded_by")
    licence = field["licence"]
    return Instrument(
        id=_id(field["id"]),
        title=as_bilingual(field["title"]),
        issuer=as_bilingual(field["issuer"]),
        kind=as_choice(field["kind"], InstrumentKind),
        force=as_choice(field["force"], LegalForce),
        jurisdiction=as_match(field["jurisdiction"], _JURISDICTION, message("a country code, EU or INT")),
        versions=_versions(field["versions"], sources),
        superseded_by=None if superseded_by is None or isinstance(superseded_by, Nothing) else _id(superseded_by),
        rests_on=as_tuple(field.get("rests_on"), _id),
        address=_address(field),
        language_of_record=_optional_match(
            field["language_of_record"], _LANGUAGE, message("a language tag such as ja")
        ),
        licence=None if isinstance(licence, Nothing) else licences[as_word(licence, licences)],
        meaning=_meaning(field["meaning"]),
        source=_citation(field["source"], sources),
        certainty=as_choice(field["certainty"], Certainty),
        open_questions=as_tuple(field.get("open_questions"), as_bilingual),
        traits=_traits(field.get("traits"), sources),
    )


def _id(node: Node) -> str:
    return as_match(node, _ID, message("an id (letters, digits, “.”, “_” and “-”, at most 128)"))


def _optional_match(node: Node, pattern: re.Pattern[str], wanted: Message) -> str | None:
    return None if isinstance(node, Nothing) else as_match(node, pattern, wanted)


def _address(field: Mapping[str, Node]) -> str | None:
    address = _optional_match(field["address"], _ADDRESS, message("an address that begins with https:// or http://"))
    if address is None and not as_tuple(field.get("open_questions"), as_bilingual):
        raise ShinraiError(
            message("No address is given and no open question says so."),
            fix=message("Add the address, or an open question that says that it is not known."),
            place=field["address"].place,
        )
    return address


def _citation(node: Node, sources: Mapping[str, SourceKey]) -> Citation:
    field = as_fields(node, ("keys",), ("section",)).values
    keys = as_tuple(field["keys"], lambda key: sources[as_word(key, sources)])
    if not keys:
        raise ShinraiError(message("Name at least one source."), place=field["keys"].place)
    return Citation(keys, as_text(field["section"]) if "section" in field else None)


def _versions(node: Node, sources: Mapping[str, SourceKey]) -> tuple[InstrumentVersion, ...]:
    versions: dict[str, InstrumentVersion] = {}
    for item in as_items(node):
        field = as_fields(item, _VERSION, _VERSION_OPTIONAL).values
        version = _version(field, sources)
        if version.version in versions:
            raise ShinraiError(
                message("The version “{version}” is given twice.", version=version.version),
                fix=message("Keep one of the two."),
                place=field["version"].place,
            )
        versions[version.version] = version
    if not versions:
        raise ShinraiError(message("An instrument has at least one version."), place=node.place)
    _check_order(tuple(versions), versions, node)
    return tuple(versions.values())


def _check_order(order: tuple[str, ...], versions: Mapping[str, InstrumentVersion], node: Node) -> None:
    """Versions stand from the oldest to the newest, so a successor is always found further down."""
    for index, version in enumerate(versions.values()):
        if version.superseded_by is not None and version.superseded_by not in order[index + 1 :]:
            raise ShinraiError(
                message(
                    "The version “{version}” names “{successor}” as its successor, which does not follow it.",
                    version=version.version,
                    successor=version.superseded_by,
                ),
                fix=message("List versions from the oldest to the newest, and name one that is listed."),
                place=node.place,
            )


def _version(field: Mapping[str, Node], sources: Mapping[str, SourceKey]) -> InstrumentVersion:
    superseded_by = field.get("superseded_by")
    return InstrumentVersion(
        version=_id(field["version"]),
        title=as_bilingual(field["title"]) if "title" in field else None,
        published=_optional_date(field["published"]),
        in_force=_optional_date(field["in_force"]),
        superseded_by=None if superseded_by is None or isinstance(superseded_by, Nothing) else _id(superseded_by),
        address=as_match(field["address"], _ADDRESS, message("an address that begins with https:// or http://"))
        if "address" in field
        else None,
        source=_citation(field["source"], sources),
        certainty=as_choice(field["certainty"], Certainty),
    )


def _optional_date(node: Node) -> PartialDate | None:
    return None if isinstance(node, Nothing) else as_partial_date(node)


def _meaning(node: Node) -> Meaning:
    field = as_fields(node, ("developer", "provider", "business_user", "government")).values
    return Meaning(**{role: None if isinstance(each, Nothing) else as_bilingual(each) for role, each in field.items()})


def _traits(node: Node | None, sources: Mapping[str, SourceKey]) -> tuple[Trait, ...]:
    traits: dict[TraitName, Trait] = {}
    for item in () if node is None else as_items(node):
        field = as_fields(item, ("name", "text", "source", "certainty")).values
        name = as_choice(field["name"], TraitName)
        if name in traits:
            raise ShinraiError(message("The trait “{name}” is given twice.", name=name), place=field["name"].place)
        traits[name] = Trait(
            name,
            as_bilingual(field["text"]),
            _citation(field["source"], sources),
            as_choice(field["certainty"], Certainty),
        )
    return tuple(traits.values())
