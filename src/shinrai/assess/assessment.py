"""The outcome of one assessment as one object: `assessment.json`, and the only thing a report is made from."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Result(StrEnum):
    """The result of a requirement. It is derived from current evidence, never typed; the default is NOT_ASSESSED."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_ASSESSED = "not_assessed"
    NOT_APPLICABLE = "not_applicable"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Text(_Record):
    """A text in both languages."""

    ja: str
    en: str


class Interval(_Record):
    """A closed interval in the unit of its estimate."""

    low: float
    high: float
    level: float


class Share(_Record):
    """part of whole, as counts."""

    part: int
    whole: int


class GroupValue(_Record):
    """One group of a measurement. n is None and suppressed is true for a group too small to be shown."""

    levels: list[str]
    n: int | None
    successes: int | None
    trials: int | None
    value: float | None
    interval: Interval | None
    suppressed: bool
    note: Text | None


class MeasurementRecord(_Record):
    """A measurement with the evidence that proves it.

    evidence: SHA-256 of the signed payload; log_index: its place in the log. current: not expired at `as_of`.
    comparison and limit: the decision rule, None for a number that informs only.
    """

    id: str
    target: str
    check: str
    metric: str
    columns: list[str]
    title: Text
    value: float | None
    interval: Interval | None
    n: int
    coverage: Share
    outcome: Literal["pass", "fail", "inconclusive", "error"]
    comparison: Literal["at_least", "at_most"] | None
    limit: float | None
    decisive: bool
    method: str
    reason: Text | None
    needed_n: int | None
    groups: list[GroupValue]
    findings: list[Text]
    shows: list[str]
    evidence: str
    log_index: int
    measured_on: datetime
    valid_until: date
    current: bool


class AttestationRecord(_Record):
    """A named person's signed statement. current: signed, bound to this system and not expired at `as_of`."""

    id: str
    shows: str
    by: Text
    position: Text
    statement: Text
    document: str | None
    expires: date
    signed: bool
    signed_on: datetime | None
    current: bool
    evidence: str | None
    log_index: int | None
    cause: Text | None


class ApprovalRecord(_Record):
    """A named person's signed approval of the scope: which requirements do not apply.

    covers: requirement ids. current: made for the system as it is now, signed before and not expired at `as_of`.
    """

    by: Text
    position: Text
    covers: list[str]
    signed_on: datetime
    expires: date
    current: bool
    evidence: str
    log_index: int


class Vote(_Record):
    """What one seat said on one control, and why."""

    seat: str
    value: Literal["pass", "fail", "inconclusive"]
    reason: Text
    dissents: bool


class Verdict(_Record):
    """What the council certified on one control. outcome `undecided` means no value reached the quorum."""

    outcome: Literal["pass", "fail", "inconclusive", "undecided", "void"]
    contested: bool
    votes: list[Vote]
    certificate: str | None


class Leaf(_Record):
    """One expected piece of evidence: a leaf of the goal tree.

    code: A, L, D, Q or X (see the frameworks room). state: what current, certified evidence says. origin: what kind of
    evidence decided it. cause: why the state is what it is, in words a board member understands.
    """

    id: str
    title: Text
    code: Literal["A", "L", "D", "Q", "X"]
    state: Literal["met", "not_met", "not_assessed"]
    cause: Text
    origin: Literal["measured", "imported", "attested"] | None
    measurements: list[str]
    attestations: list[str]
    verdict: Verdict | None


class RequirementResult(_Record):
    """A requirement and its result.

    coverage: leaves decided of leaves asked. required: the exit code rests on it. exclusion: why it does not apply to
    this system; the result is then NOT_APPLICABLE once a named person (`approver`) has approved that.
    outdated: why an earlier result cannot stand, where the framework is seen in another version than was assessed.
    """

    id: str
    framework: str
    principle: str | None
    title: Text
    text: Text
    force: Literal["must", "should", "may"]
    certainty: Literal["C", "C2", "M"]
    source: str
    roles: list[str]
    result: Result
    cause: Text
    required: bool
    coverage: Share
    leaves: list[Leaf]
    exclusion: Text | None = None
    approver: Text | None = None
    outdated: Text | None = None


class FrameworkRecord(_Record):
    """A framework version the assessment pinned."""

    id: str
    version: str
    title: Text
    issuer: Text
    source: str
    digest: str
    superseded_by: str | None
    requirements: int


class SystemRecord(_Record):
    """What was assessed, as the description says. digest: SHA-256 of the facts whose change makes decisions lapse."""

    id: str
    version: str
    name: Text
    purpose: Text
    roles: list[str]
    affected_people: Text
    decision_effect: Text
    autonomy: str
    data: list[str]
    stage: str
    model: str
    suppliers: list[str]
    digest: str


class AxisRecord(_Record):
    """One of the four axes of the Japanese government's guideline on generative AI (DS-920)."""

    letter: str
    name: Text
    finding: Text
    leans: bool


class TierRecord(_Record):
    """The risk tier of the system, how it was derived, and what it asks of an assessment.

    steps: the derivation in words. minimum_n: fewer samples than that cannot show a requirement. human_seats: seats
    held by people that it asks for. review_days: the longest a measurement counts. eu_classes: words of FACTS.
    """

    level: Literal["low", "medium", "high"]
    steps: list[Text]
    axes: list[AxisRecord]
    eu_classes: list[str]
    checks: list[str]
    minimum_n: int
    human_seats: int
    review_days: int


class TargetRecord(_Record):
    """A target that was measured. shared: whether the bundle carries its rows or samples, or counts alone.

    file: of a table or of collected answers; the address of a system that was asked. digest: of the table, or of all
    that could change an answer. rows: of the table, or the samples of its largest suite.
    """

    id: str
    kind: str
    file: str
    digest: str
    rows: int | None
    shared: Literal["rows", "samples", "counts", "withheld"]


class Seat(_Record):
    """A member of the council: what it examines and what it shares with others."""

    id: str
    kind: Literal["tool", "model", "human"]
    title: Text
    examines: Text
    domain: str
    causes: list[str]


class CouncilRecord(_Record):
    """The council: n seats, f faults tolerated, q votes needed, and which shared causes cover more than f seats."""

    n: int
    f: int
    q: int
    seats: list[Seat]
    required_seats: list[str]
    common_causes_over_f: list[str]
    round: str


class Summary(_Record):
    """The first page. origins: current pieces of evidence by kind."""

    conclusion: Literal["met", "not_met", "undecided"]
    exit_code: Literal[0, 1, 2]
    counts: dict[Result, int]
    required_counts: dict[Result, int]
    measurement_counts: dict[str, int]
    coverage: Share
    origins: dict[Literal["measured", "imported", "attested"], int]


class BundleRecord(_Record):
    """Where the evidence is: the bundle's id, the log it stands in, and how many entries that had after the verdict."""

    id: str
    origin: str
    log_size: int
    withheld: list[str]


class Assessment(_Record):
    """One assessment, complete. Everything a report shows is in here."""

    schema_id: Literal["https://shinrai.example/assessment/v1"] = Field(alias="schema")
    shinrai: str
    as_of: datetime
    assessed_on: datetime
    system: SystemRecord
    tier: TierRecord
    frameworks: list[FrameworkRecord]
    targets: list[TargetRecord]
    summary: Summary
    results: list[RequirementResult]
    measurements: list[MeasurementRecord]
    attestations: list[AttestationRecord]
    approvals: list[ApprovalRecord] = []
    council: CouncilRecord
    limits: list[Text]
    bundle: BundleRecord
