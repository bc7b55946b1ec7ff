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


class Kind(StrEnum):
    """What a row is in its source, so that counts such as "ten principles" are taken by machine."""

    HEADING = "heading"
    PHILOSOPHY = "philosophy"
    PRINCIPLE = "principle"
    CONSIDERATION = "consideration"
    APPROACH = "approach"
    MATTER = "matter"
    SUB_ITEM = "sub_item"
    ROLE_ITEM = "role_item"
    DEFINITION = "definition"
    ARTICLE = "article"
    PARAGRAPH = "paragraph"
    SUPPLEMENTARY = "supplementary"
    GOVERNANCE_STEP = "governance_step"
    ACTION_GOAL = "action_goal"
    ACTION = "action"
    QUESTION = "question"
    WORKSHEET_FIELD = "worksheet_field"
    PERSPECTIVE = "perspective"
    EVALUATION_ITEM = "evaluation_item"
    PROCESS = "process"
    STEP = "step"
    ATTACK_TYPE = "attack_type"
    RISK_AXIS = "risk_axis"
    SHEET_ITEM = "sheet_item"
    DUTY = "duty"
    SECTION = "section"
    FUNCTION = "function"
    CATEGORY = "category"
    SUBCATEGORY = "subcategory"
    RISK = "risk"
    CLAUSE = "clause"
    CONTROL = "control"


class Phase(StrEnum):
    """When in a system's life a row is to be done; the names are those of the AI Guidelines for Business, widened."""

    PLANNING = "planning"
    DATA = "data"
    DEVELOPMENT = "development"
    AFTER_DEVELOPMENT = "after_development"
    IMPLEMENTATION = "implementation"
    AFTER_PROVISION = "after_provision"
    USE = "use"
    RETIREMENT = "retirement"


class Coverage(StrEnum):
    """How much of the instrument a file holds. EXTRACT: chosen rows only, so nothing follows from what is missing."""

    COMPLETE = "complete"
    EXTRACT = "extract"


@dataclass(frozen=True, slots=True)
class Start:
    """From when a row applies. when: the fact of a system it applies to from then on; None means every system."""

    when: str | None
    day: date


@dataclass(frozen=True, slots=True)
class Scope:
    """What a system must be for any row of a file to concern it.

    regions: ISO 3166-1 codes or `EU`, of which one must be among the system's; empty means anywhere. facts: words of
    FACTS that must all hold.
    """

    regions: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()


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

    kind: what the row is in its source. roles: who is asked; empty means everyone. when: facts of a system (see
    `Facts`) of which at least one must hold, empty means always. principle: the id of the heading it stands under, or
    None at the top. phases: when it is to be done; a row that the source lists in two phases has both. starts: from
    when it applies, empty means from the framework's `valid_from`. continues: the id it had in the version before, if
    that was another. tags: words to find it by, such as `multimodal`.
    """

    id: str
    kind: Kind
    title: Bilingual
    text: Bilingual
    roles: frozenset[Role]
    when: frozenset[str]
    force: Force
    certainty: Certainty
    source: str
    principle: str | None
    expects: tuple[ExpectedEvidence, ...]
    phases: tuple[Phase, ...] = ()
    starts: tuple[Start, ...] = ()
    continues: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A short name that requirements cite, and the source it stands for."""

    key: str
    title: Bilingual


@dataclass(frozen=True, slots=True)
class Framework:
    """One version of one instrument.

    digest: SHA-256 (lowercase hex) of the file it was read from. coverage: whether the file holds the whole instrument.
    scope: which systems it concerns at all. source_keys: what the keys in a requirement's source stand for.
    certainty_notes: how to take the certainty marks of this file. open_questions: what is still to be
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
    coverage: Coverage
    requirements: tuple[Requirement, ...]
    digest: str
    source_keys: tuple[SourceKey, ...] = ()
    certainty_notes: tuple[Bilingual, ...] = ()
    open_questions: tuple[Bilingual, ...] = ()
    scope: Scope = Scope()

    @property
    def by_id(self) -> Mapping[str, Requirement]:
        """Requirements by their id."""
        return {requirement.id: requirement for requirement in self.requirements}
