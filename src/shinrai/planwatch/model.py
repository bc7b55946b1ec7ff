"""What a plan is: measures with those who answer for them, commitments, figures, indicators, and what was reported.

A plan holds what was written and what was reported. Nothing that follows from these (how far a measure has come, what
is late) is stored; `standing` works it out for a day.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual


class OwnerKind(StrEnum):
    """Whose plan it is."""

    NATIONAL = "national"
    MINISTRY = "ministry"
    MUNICIPALITY = "municipality"
    COMPANY = "company"

    @property
    def governmental(self) -> bool:
        """Whether the codes of the central ministries are known to the plan without being declared."""
        return self in {OwnerKind.NATIONAL, OwnerKind.MINISTRY}


class State(StrEnum):
    """What a source says of a measure.

    NOT_STARTED: named as not begun. UNDER_WAY: something was done, and more is to come; also a part that is finished.
    DELIVERED: what the plan asks has been done. LATE: a source says that a date was or will be missed (that a due date
    has passed without delivery is worked out and needs no event). DROPPED: given up. CHANGED: aim, lead or scope were
    replaced, and the measure goes on; the note says by what.
    """

    NOT_STARTED = "not_started"
    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    LATE = "late"
    DROPPED = "dropped"
    CHANGED = "changed"

    @property
    def closed(self) -> bool:
        """Whether nothing more is due after it."""
        return self in {State.DELIVERED, State.DROPPED}


class Stage(StrEnum):
    """Where in the PDCA cycle the owner says that a measure stands."""

    PLAN = "plan"
    DO = "do"
    CHECK = "check"
    ACT = "act"


class Origin(StrEnum):
    """Who set a number: the text of the plan, the press writing about it, or the organisation that follows it."""

    PLAN_TEXT = "plan_text"
    PRESS = "press"
    OWN = "own"


class Qualifier(StrEnum):
    """How exactly the source gives a number."""

    EXACT = "exact"
    ABOUT = "about"
    OVER = "over"


class Measurable(StrEnum):
    """Whether a narrative commitment can be followed by facts."""

    YES = "yes"
    PARTLY = "partly"
    WEAK = "weak"


class Direction(StrEnum):
    """On which side of a target the aim lies."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Period:
    """A day, month, calendar year, Japanese fiscal year (April to March) or range of months, as the source gives it.

    text: as written, such as `2025-12-19`, `2026-03`, `FY2024`. first, last: its days, both included.
    """

    text: str
    first: date
    last: date

    @classmethod
    def day(cls, when: date) -> "Period":
        """Return the period of one day."""
        return cls(when.isoformat(), when, when)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `2025-12-19`, `2026-03`, `2025`, `FY2024` or `2025-04/2026-03`; ValueError for anything else."""
        if not text.isascii() or text != text.strip():
            raise ValueError(text)
        start, slash, end = text.partition("/")
        if slash:
            if len(start) != 7 or len(end) != 7:
                raise ValueError(text)
            first, last = cls.parse(start).first, cls.parse(end).last
            if first > last:
                raise ValueError(text)
            return cls(text, first, last)
        if text.startswith("FY"):
            year = _year(text[2:])
            return cls(text, date(year, 4, 1), date(year + 1, 3, 31))
        if len(text) == 4:
            return cls(text, date(_year(text), 1, 1), date(_year(text), 12, 31))
        if len(text) == 7:
            month = date.fromisoformat(f"{text}-01")
            return cls(text, month, month.replace(day=calendar.monthrange(month.year, month.month)[1]))
        if len(text) != 10:
            raise ValueError(text)
        return cls.day(date.fromisoformat(text))


def _year(text: str) -> int:
    year = int(text) if len(text) == 4 and text.isdigit() else 0
    if not 1900 <= year <= 2999:
        raise ValueError(text)
    return year


@dataclass(frozen=True, slots=True)
class Source:
    """Where something can be read.

    address: where it opens (https), or None when no address is known. sha256: of the document, for one that is kept
    in the evidence log.
    """

    key: str
    title: Bilingual
    address: str | None = None
    published: date | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """The sources of one row, and the place in them."""

    sources: tuple[Source, ...]
    section: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses at which the row can be checked."""
        return tuple(source.address for source in self.sources if source.address is not None)

    @property
    def checkable(self) -> bool:
        """Whether a reader can open at least one source: by address, or as a document in the evidence log."""
        return any(source.address is not None or source.sha256 is not None for source in self.sources)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for measures. collective: stands for several (“relevant ministries”), so it can lead nothing."""

    code: str
    name: Bilingual
    collective: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the plan. under: the heading above it; one without is a policy of the plan."""

    id: str
    title: Bilingual
    under: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A numbered initiative.

    partners: who takes part beside the lead. repeats: the measure that the plan prints again here. continues: measures
    of an earlier plan that this one goes on with.
    """

    id: str
    section: str
    title: Bilingual
    lead: Owner
    certainty: Certainty
    source: Citation
    partners: tuple[Owner, ...] = ()
    due: date | None = None
    stage: Stage | None = None
    repeats: str | None = None
    continues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commitment:
    """A promise in the plan's prose. shown_by: what facts it could be followed by."""

    id: str
    text: Bilingual
    measurable: Measurable
    shown_by: Bilingual
    certainty: Certainty
    source: Citation


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is said of the plan, with whoever said it. unit: as people read it."""

    id: str
    title: Bilingual
    value: Decimal
    unit: Bilingual
    qualifier: Qualifier
    when: Period
    origin: Origin
    certainty: Certainty
    source: Citation
    note: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval that a survey gives. level: in percent. low <= high, in the unit of the indicator."""

    low: Decimal
    high: Decimal
    level: Decimal


@dataclass(frozen=True, slots=True)
class Record:
    """The entry of the evidence log by which something was recorded.

    by: the person (id) who signed it; name: the name given with it. plan_sha256: of the plan's file as it was then.
    replaces: payload digest of the record that this one puts right.
    """

    index: int
    payload_sha256: str
    by: str
    name: str | None
    recorded_on: datetime
    plan_sha256: str
    title: Bilingual
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """What a source says of a measure, commitment or section at a date. record: None for what came with the plan."""

    about: str
    when: Period
    state: State
    note: Bilingual
    certainty: Certainty
    source: Citation
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of an indicator. interval, n: None where the source gives none. published: the day it became known."""

    indicator: str
    group: str | None
    value: Decimal
    qualifier: Qualifier
    when: Period
    certainty: Certainty
    source: Citation
    interval: Interval | None = None
    n: int | None = None
    published: date | None = None
    note: Bilingual | None = None
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A value to reach, with whoever set it. by: the last day; None when no date was set."""

    value: Decimal
    direction: Direction
    qualifier: Qualifier
    origin: Origin
    certainty: Certainty
    source: Citation
    by: date | None = None
    group: str | None = None
    note: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A population of which an indicator has values of its own."""

    id: str
    title: Bilingual


@dataclass(frozen=True, slots=True)
class Indicator:
    """A quantity that is followed.

    question: the exact words that were asked, None when they are not known or nobody is asked. surveyed: whether people
    are asked at all. counted: what is counted, in our words; two indicators of nearly the same name differ here. shows:
    measures and commitments it is about.
    """

    id: str
    title: Bilingual
    unit: Bilingual
    question: Bilingual | None
    counted: Bilingual
    certainty: Certainty
    source: Citation
    surveyed: bool = True
    groups: tuple[Group, ...] = ()
    shows: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    targets: tuple[Target, ...] = ()

    def group(self, id_: str | None) -> Group | None:
        """Return a group by id, None for None."""
        return None if id_ is None else {group.id: group for group in self.groups}[id_]


@dataclass(frozen=True, slots=True)
class Succession:
    """The version that took a plan's place, and from which day."""

    version: str
    since: date
    certainty: Certainty
    source: Citation


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of one plan. sha256: lowercase hex, of the file it was read from."""

    id: str
    version: str
    owner_kind: OwnerKind
    title: Bilingual
    issuer: Bilingual
    published: date
    valid_from: date
    superseded_by: Succession | None
    source: str | None
    sources: tuple[Source, ...]
    owners: tuple[Owner, ...]
    sections: tuple[Section, ...]
    measures: tuple[Measure, ...]
    sha256: str
    commitments: tuple[Commitment, ...] = ()
    figures: tuple[Figure, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    events: tuple[StatusEvent, ...] = ()
    licence: str | None = None
    language_of_record: str | None = None
    certainty_notes: tuple[Bilingual, ...] = ()
    open_questions: tuple[Bilingual, ...] = ()

    @property
    def policies(self) -> tuple[Section, ...]:
        """The headings at the top."""
        return tuple(section for section in self.sections if section.under is None)

    @property
    def leads(self) -> tuple[Owner, ...]:
        """Everyone who leads a measure, in the order of the plan's owners."""
        leading = {measure.lead.code for measure in self.measures}
        return tuple(owner for owner in self.owners if owner.code in leading)

    def policy(self, section: str) -> Section:
        """Return the heading at the top above a section (itself when it is one)."""
        found = self.section(section)
        return found if found.under is None else self.policy(found.under)

    def section(self, id_: str) -> Section:
        """Return a section by id; KeyError when there is none."""
        return {section.id: section for section in self.sections}[id_]

    def titles(self) -> Mapping[str, Bilingual]:
        """Return what every id of the plan stands for."""
        return {
            **{section.id: section.title for section in self.sections},
            **{measure.id: measure.title for measure in self.measures},
            **{commitment.id: commitment.text for commitment in self.commitments},
            **{figure.id: figure.title for figure in self.figures},
            **{indicator.id: indicator.title for indicator in self.indicators},
        }

    def indicator(self, id_: str) -> Indicator:
        """Return an indicator by id; KeyError when there is none."""
        return {indicator.id: indicator for indicator in self.indicators}[id_]
