"""Put plan, evidence and verdicts together into one Assessment."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from shinrai.assess.assessment import (
    ApprovalRecord,
    Assessment,
    AttestationRecord,
    AxisRecord,
    BundleRecord,
    CouncilRecord,
    FrameworkRecord,
    GroupValue,
    Interval,
    Leaf,
    MeasurementRecord,
    RequirementResult,
    Result,
    Seat,
    Share,
    SystemRecord,
    TargetRecord,
    Text,
    TierRecord,
    Verdict,
    Vote,
)
from shinrai.assess.attesting import Signed
from shinrai.assess.conversations import identities
from shinrai.assess.goal_trees import goal_trees
from shinrai.assess.plan import Plan
from shinrai.assess.results import at, summarise, text
from shinrai.assess.targets import tables
from shinrai.council import Decision, Piece, embedded_seats
from shinrai.evaluate.checks import CHECKS
from shinrai.evaluate.measurement import GroupEstimate, Measurement
from shinrai.evaluate.scenarios import scenario_count
from shinrai.evidence.statements import parse_timestamp
from shinrai.evidence.store import Logged
from shinrai.frameworks import ExpectedEvidence, Framework, Requirement
from shinrai.language import Bilingual, Message, message
from shinrai.systems import ChatTarget, ModelTarget, Person, eu_classes
from shinrai.systems import Text as Described
from shinrai.systems.targets import Target
from shinrai.systems.template import unwritten_fields

Value = Literal["pass", "fail", "inconclusive"]
VerdictOutcome = Literal["pass", "fail", "inconclusive", "undecided", "void"]


@dataclass(frozen=True, slots=True)
class View:
    """What an assessment is put together from. rows: target -> how it is shared; rows_counted: target -> rows seen."""

    plan: Plan
    pieces: tuple[Piece, ...]
    signed: tuple[Signed, ...]
    approval: Logged | None
    decision: Decision
    rows: Mapping[str, str]
    rows_counted: Mapping[str, int | None]
    bundle_id: str
    origin: str
    version: str


def document_bytes(assessment: Assessment) -> bytes:
    """Return assessment.json: stable order, one trailing newline."""
    return assessment.model_dump_json(by_alias=True, indent=1).encode() + b"\n"


def build(view: View, as_of: datetime, now: datetime) -> Assessment:
    """Return the assessment as it stands at `as_of`."""
    measurements = [_measurement(piece, piece.measurement) for piece in view.pieces if piece.measurement is not None]
    attestations = [_attestation(view.plan, signed) for signed in view.signed]
    results = [_requirement(view, framework, r) for framework in view.plan.frameworks for r in framework.requirements]
    bare = Assessment(
        schema="https://shinrai.example/assessment/v1",
        shinrai=view.version,
        as_of=as_of,
        assessed_on=now,
        system=_system(view.plan),
        tier=_tier(view.plan),
        frameworks=[framework_record(framework) for framework in view.plan.frameworks],
        targets=_targets(view),
        summary=summarise(results, measurements, attestations),
        results=results,
        measurements=measurements,
        attestations=attestations,
        approvals=[_approval(view.plan, view.approval)] if view.approval else [],
        goals=goal_trees(check.suite for check in view.plan.conversations.values()),
        council=_council(view.decision),
        limits=[text(limit) for limit in _limits(view, measurements)],
        bundle=BundleRecord(
            id=view.bundle_id,
            origin=view.origin,
            log_size=view.decision.logged[-1].index + 1,
            withheld=[name for name, shared in view.rows.items() if shared not in ("rows", "samples", "file")],
        ),
    )
    return at(bare, as_of)


def _system(plan: Plan) -> SystemRecord:
    system = plan.description.system
    return SystemRecord(
        id=system.id,
        version=system.version,
        name=_text(system.name),
        purpose=_text(system.purpose),
        roles=[str(role) for role in system.roles],
        affected_people=_text(system.affected_people),
        decision_effect=_text(system.decision_effect.text),
        autonomy=str(system.autonomy),
        data=[str(each) for each in system.data],
        stage=str(system.stage),
        model=f"{system.model.name} {system.model.version}",
        suppliers=[f"{each.name}: {each.service} ({each.terms_version})" for each in system.suppliers],
        digest=plan.subject.sha256,
    )


def _tier(plan: Plan) -> TierRecord:
    tier = plan.tier
    return TierRecord(
        level=tier.tier.value,
        steps=[text(step) for step in tier.steps],
        axes=[
            AxisRecord(letter=a.letter, name=text(a.name), finding=text(a.finding), leans=a.leans) for a in tier.axes
        ],
        eu_classes=sorted(eu_classes(plan.description.system)),
        checks=list(tier.consequences.checks),
        minimum_n=tier.consequences.minimum_n,
        human_seats=tier.consequences.human_seats,
        review_days=tier.consequences.review_days,
    )


def framework_record(framework: Framework) -> FrameworkRecord:
    """Return a framework as an assessment names it."""
    return FrameworkRecord(
        id=framework.id,
        version=framework.version,
        title=_text(framework.title),
        issuer=_text(framework.issuer),
        source=framework.source,
        digest=framework.digest,
        superseded_by=framework.superseded_by,
        requirements=len(framework.requirements),
    )


def _targets(view: View) -> list[TargetRecord]:
    digests = {
        item["name"].removeprefix("rows of ").removeprefix("results of "): item["digest"]["sha256"]
        for piece in view.pieces
        for item in piece.predicate["items"][1:]
    }
    digests |= {name: hashlib.sha256(asked).hexdigest() for name, asked in identities(view.plan.conversations)}
    return [
        TargetRecord(
            id=name,
            kind=str(target.kind),
            file=_where(target),
            digest=digests.get(name, ""),
            rows=view.rows_counted[name],
            shared=cast(Literal["rows", "samples", "file", "counts", "withheld"], view.rows[name]),
        )
        for name, target in view.plan.description.targets.items()
    ]


def _where(target: Target) -> str:
    if isinstance(target, ChatTarget):
        return target.address
    return target.folder if isinstance(target, ModelTarget) else str(target.file)


def _measurement(piece: Piece, m: Measurement) -> MeasurementRecord:
    about = piece.predicate
    return MeasurementRecord(
        id=m.id,
        target=m.target,
        check=m.check,
        metric=m.metric,
        columns=list(m.columns),
        title=_text(m.title),
        value=m.value,
        interval=_interval(m.low, m.high, m.level),
        n=m.n,
        coverage=Share(part=m.coverage.used, whole=m.coverage.asked),
        outcome=m.outcome.value,
        comparison=m.rule.comparison.value if m.rule else None,
        limit=m.rule.limit if m.rule else None,
        decisive=m.decisive,
        origin=about["origin"],
        scenarios=scenario_count(m.counts),
        method=m.method,
        reason=_text(m.reason) if m.reason else None,
        needed_n=m.needed_n,
        groups=[_group(group, m.level) for group in m.groups],
        findings=[_text(finding) for finding in m.findings],
        shows=list(about["controls"]),
        evidence=piece.logged.envelope.payload_sha256,
        log_index=piece.logged.index,
        measured_on=parse_timestamp(about["finishedOn"]),
        valid_until=date.fromisoformat(about["validUntil"]),
        current=True,
    )


def _group(group: GroupEstimate, level: float) -> GroupValue:
    return GroupValue(
        levels=list(group.levels),
        n=group.n,
        successes=group.successes,
        trials=group.trials,
        value=group.value,
        interval=_interval(group.low, group.high, level),
        suppressed=group.suppressed,
        note=_text(group.note) if group.note else None,
    )


def _interval(low: float | None, high: float | None, level: float) -> Interval | None:
    return None if low is None or high is None else Interval(low=low, high=high, level=level)


def _attestation(plan: Plan, signed: Signed) -> AttestationRecord:
    request, person = signed.request, plan.description.person(signed.request.by)
    about = signed.logged.statement.predicate if signed.logged else None
    return AttestationRecord(
        id=request.id,
        shows=request.shows,
        by=_text(person.name),
        position=_text(person.position),
        statement=_text(request.statement),
        document=str(request.document) if request.document else None,
        expires=request.expires,
        signed=signed.logged is not None,
        signed_on=parse_timestamp(about["signedOn"]) if about else None,
        current=signed.logged is not None,
        evidence=signed.logged.envelope.payload_sha256 if signed.logged else None,
        log_index=signed.logged.index if signed.logged else None,
        cause=text(signed.cause) if signed.cause else None,
    )


def _approval(plan: Plan, logged: Logged) -> ApprovalRecord:
    about = logged.statement.predicate
    person: Person = plan.description.person(about["decider"])
    return ApprovalRecord(
        by=_text(person.name),
        position=_text(person.position),
        covers=list(about["controls"]),
        signed_on=parse_timestamp(about["signedOn"]),
        expires=date.fromisoformat(about["validUntil"]),
        current=True,
        evidence=logged.envelope.payload_sha256,
        log_index=logged.index,
    )


def _requirement(view: View, framework: Framework, requirement: Requirement) -> RequirementResult:
    excluded = view.plan.excluded.get(requirement.id)
    return requirement_record(
        requirement,
        framework.id,
        [_leaf(view, leaf) for leaf in requirement.expects],
        required=requirement.id in view.plan.required,
        exclusion=_text(excluded.reason) if excluded else None,
    )


def requirement_record(
    requirement: Requirement, framework: str, leaves: list[Leaf], *, required: bool, exclusion: Text | None
) -> RequirementResult:
    """Return a requirement as an assessment shows it, before its result is derived."""
    return RequirementResult(
        id=requirement.id,
        framework=framework,
        principle=requirement.principle,
        title=_text(requirement.title),
        text=_text(requirement.text),
        force=requirement.force.value,
        certainty=requirement.certainty.value,
        source=requirement.source,
        roles=sorted(str(role) for role in requirement.roles),
        result=Result.NOT_ASSESSED,
        cause=text(message("This has not been assessed.")),
        required=required,
        coverage=Share(part=0, whole=len(requirement.expects)),
        leaves=leaves,
        exclusion=exclusion,
    )


def _leaf(view: View, leaf: ExpectedEvidence) -> Leaf:
    return open_leaf(leaf).model_copy(
        update={
            "measurements": [
                p.measurement.id for p in view.pieces if p.measurement and leaf.id in p.predicate["controls"]
            ],
            "attestations": [signed.request.id for signed in view.signed if signed.request.shows == leaf.id],
            "verdict": _verdict(view.decision, leaf.id),
        }
    )


def open_leaf(leaf: ExpectedEvidence) -> Leaf:
    """Return a piece of expected evidence for which there is none."""
    return Leaf(
        id=leaf.id,
        title=_text(leaf.title),
        code=leaf.code.value,
        state="not_assessed",
        cause=text(message("This has not been assessed.")),
        origin=None,
        measurements=[],
        attestations=[],
        verdict=None,
    )


def _verdict(decision: Decision, control: str) -> Verdict | None:
    counted = decision.tallies.get(control)
    if counted is None:
        return None
    votes = [
        Vote(seat=r.seat, value=cast(Value, r.value), reason=_text(r.reason), dissents=r.seat in counted.dissent)
        for r in decision.rationales
        if r.control == control
    ]
    certificate = decision.certificates.get(control)
    return Verdict(
        outcome=cast(VerdictOutcome, counted.outcome),
        contested=counted.contested,
        votes=votes,
        certificate=certificate[0] if certificate else None,
    )


def _council(decision: Decision) -> CouncilRecord:
    roster = decision.roster
    members = {member.id: member for member in roster.members}
    return CouncilRecord(
        n=roster.n,
        f=roster.f,
        q=roster.q,
        seats=[
            Seat(
                id=seat.id,
                kind="tool",
                title=_text(seat.title),
                examines=_text(seat.examines),
                domain=members[seat.id].domain,
                causes=list(members[seat.id].causes),
            )
            for seat in embedded_seats()
        ],
        required_seats=sorted(roster.required),
        common_causes_over_f=list(roster.common_causes_over_f),
        round=decision.round_id,
    )


_TABLE_LIMITS = (
    message(
        "The numbers describe the rows that were given. "
        "Whether those rows stand for the people the system meets was not measured."
    ),
    message(
        "A label is what was recorded, not always what was right: "
        "unfairness in past decisions is carried into every number that uses it."
    ),
    message("Intervals assume that rows are independent of each other, such as one row for each person."),
)
_CONVERSATION_LIMITS = (
    message(
        "Suites put a chosen set of questions. What they do not ask was not seen, and people may ask otherwise; "
        "intervals hold for more questions of the same kind."
    ),
    message(
        "Answers were scored by rules, not by people. A rule can take an answer for what it is not; "
        "whoever has the samples can score them again."
    ),
)


def _limits(view: View, measurements: Sequence[MeasurementRecord]) -> list[Message]:
    """Return what this assessment cannot say, so that nobody reads more into it."""
    unverified = sum(a.requirement.certainty.value != "C" for a in view.plan.considered)
    suppressed = {(m.target, *group.levels) for m in measurements for group in m.groups if group.suppressed}
    limits = [
        message("It shows voluntary adherence to guidelines. It is no certification and says nothing about the law."),
        *(_TABLE_LIMITS if tables(view.plan.description) else ()),
        *(_CONVERSATION_LIMITS if view.plan.conversations else ()),
        message(
            "The council's seats are programs on one machine, run by the owner. They catch errors and later changes; "
            "an owner who replaces the programs is caught only by recomputing from the bundle elsewhere."
        ),
        message(
            "{n} of the {m} requirements considered were taken from secondary sources or memory and are marked; "
            "the original text prevails.",
            n=unverified,
            m=len(view.plan.considered),
        ),
    ]
    if view.plan.tier.consequences.human_seats:
        limits.append(
            message(
                "The risk tier asks that people hold {n} of the council's seats; in this council they hold none.",
                n=view.plan.tier.consequences.human_seats,
            )
        )
    if suppressed:
        limits.append(message("{n} groups were too small to be shown or compared.", n=len(suppressed)))
    skipped = [name for name in CHECKS if getattr(view.plan.description.checks, name).skip]
    unwritten = unwritten_fields(view.plan.description)
    if unwritten:
        limits.append(message("Not written yet in the description: {names}.", names=", ".join(unwritten)))
    if skipped:
        limits.append(message("Left out by the description: {names}.", names=", ".join(skipped)))
    return limits


def _text(both: Bilingual | Described) -> Text:
    return Text(ja=both.ja, en=both.en)
