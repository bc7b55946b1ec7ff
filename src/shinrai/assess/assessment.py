"""The outcome of one assessment as one object: `assessment.json`, and the only thing a report is made from."""

from datetime import date, datetime
from enum import StrEnum
from math import fsum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

_ROUNDING = 1e-12


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
    comparison and limit: the decision rule, None for a number that informs only. origin: measured here, or imported
    from another tool. scenarios: how many independent ones n rests on; None where the rows of a table are independent.
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
    origin: Literal["measured", "imported"] = "measured"
    scenarios: int | None = None


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
    """A target that was measured. shared: whether the bundle carries its rows, samples or file, or counts alone.

    file: of a table or of collected answers; the address of a system that was asked. digest: of the table, or of all
    that could change an answer. rows: of the table, or the samples of its largest suite.
    """

    id: str
    kind: str
    file: str
    digest: str
    rows: int | None
    shared: Literal["rows", "samples", "file", "counts", "withheld"]


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


class GoalBand(_Record):
    """A goal's score in [0, 1], more being better.

    low, high: the score if all that has no data were 0, or 1. interval: holds the score whatever that is. coverage: the
    share of the weight that has data; of what does not apply there is none.
    """

    low: float
    high: float
    interval: Interval
    coverage: float


class GoalPart(_Record):
    """One thing that a leaf's score rests on: a suite that was not put, or one measurement of a suite.

    share: of the leaf. counts: whether the number is in the score; cause: why it is not.
    """

    suite: str
    measurement: str | None
    share: float
    counts: bool
    cause: Text | None


class GoalRecord(_Record):
    """A goal of a goal tree.

    weight: its share of the goal it stands under; share: its share of the tree once what does not apply has left. n:
    samples with a score, each counted once. state: no_data is neither 0 nor left out, its band is all of [0, 1]. band
    is None only where it does not apply. moved: the weight right under it that went to siblings. suites: those that
    speak to a leaf. exclusion and approver: why it does not apply, and who approved that.
    """

    id: str
    title: Text
    weight: float
    suites: list[str] = []
    goals: list["GoalRecord"] = []
    share: float = 0.0
    band: GoalBand | None = None
    n: int = 0
    state: Literal["measured", "partly", "no_data", "not_applicable"] = "no_data"
    cause: Text
    parts: list[GoalPart] = []
    moved: float = 0.0
    exclusion: Text | None = None
    approver: Text | None = None


class GoalTreeRecord(_Record):
    """A goal tree, as it was when it was assessed, and its scores.

    about: what its weights are, and whose choice. excluded: ids of goals that do not apply. unless_excluded: the band
    of the whole if these were simply not assessed.
    """

    id: str
    title: Text
    about: Text
    root: GoalRecord
    excluded: list[str] = []
    unless_excluded: GoalBand | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> "GoalTreeRecord":
        """Refuse ids that stand twice and weights that do not add up to 1: a score would be of something else."""
        left, ids = [self.root], set[str]()
        while left:
            goal = left.pop()
            weights = [each.weight for each in goal.goals]
            if goal.id in ids or min(weights, default=0) < 0 or abs(fsum(weights) - bool(weights)) > _ROUNDING:
                raise ValueError(f"the goals under {goal.id} are no goal tree")
            ids.add(goal.id)
            left += goal.goals
        return self


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
    goals: list[GoalTreeRecord] = []
    council: CouncilRecord
    limits: list[Text]
    bundle: BundleRecord
