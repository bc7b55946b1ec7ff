"""What a framework is: requirements, the evidence each one expects, and how sure we are of every row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shinrai.language import Bilingual


class Role(StrEnum):
    """Who has to act. The first three are the actors of the AI Guidelines for Business."""

    DEVELOPER = "developer"
    PROVIDER = "provider"
    BUSINESS_USER = "business_user"
    GOVERNMENT = "government"
    RESEARCH_INSTITUTE = "research_institute"
    CITIZEN = "citizen"


class Force(StrEnum):
    """How strongly the source asks: a legal duty, a best-efforts duty, or voluntary guidance."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"


class Certainty(StrEnum):
    """How sure we are that a row says what the source says.

    CONFIRMED: read in the source. SECONDARY: read in a source that quotes it. UNVERIFIED: from memory or derived.
    """

    CONFIRMED = "C"
    SECONDARY = "C2"
    UNVERIFIED = "M"


class EvidenceCode(StrEnum):
    """What can show a requirement.

    A: a measurement of the running system. L: logs or configuration read by software. D: a document that exists, is
    current and approved. Q: the signed answer of a named person. X: lies outside one organisation.
    """

    MEASUREMENT = "A"
    LOG = "L"
    DOCUMENT = "D"
    ANSWER = "Q"
    OUTSIDE = "X"

    @property
    def attestable(self) -> bool:
        """Whether a named person's signed statement can show it; what software must measure or read is not."""
        return self in {EvidenceCode.DOCUMENT, EvidenceCode.ANSWER}


@dataclass(frozen=True, slots=True)
class ExpectedEvidence:
    """One leaf of the assurance case: a piece of evidence that a requirement asks for.

    id: `<requirement id>.<leaf name>`; it is also the control that the council votes on.
    """

    id: str
    code: EvidenceCode
    title: Bilingual


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing a framework asks, in our own words.

    roles: who is asked; empty means everyone. when: facts of a system (see `Facts`) of which at least one must hold,
    empty means always. principle: the id of the heading it stands under, or None at the top.
    """

    id: str
    title: Bilingual
    text: Bilingual
    roles: frozenset[Role]
    when: frozenset[str]
    force: Force
    certainty: Certainty
    source: str
    principle: str | None
    expects: tuple[ExpectedEvidence, ...]


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A short name that requirements cite, and the source it stands for."""

    key: str
    title: Bilingual


@dataclass(frozen=True, slots=True)
class Framework:
    """One version of one instrument.

    digest: SHA-256 (lowercase hex) of the file it was read from. source_keys: what the keys in a requirement's source
    stand for. certainty_notes: how to take the certainty marks of this file. open_questions: what is still to be
    checked in the original.
    """

    id: str
    version: str
    title: Bilingual
    issuer: Bilingual
    force: Force
    published: date
    valid_from: date
    superseded_by: str | None
    source: str
    licence: str
    language_of_record: str
    requirements: tuple[Requirement, ...]
    digest: str
    source_keys: tuple[SourceKey, ...] = ()
    certainty_notes: tuple[Bilingual, ...] = ()
    open_questions: tuple[Bilingual, ...] = ()

    @property
    def by_id(self) -> Mapping[str, Requirement]:
        """Requirements by their id."""
        return {requirement.id: requirement for requirement in self.requirements}
