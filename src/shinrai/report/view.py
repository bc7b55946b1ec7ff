"""The assessment arranged in the order a report shows it: goal tree, findings, votes, reasons. No words, no markup."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shinrai.assess.assessment import (
    Assessment,
    AttestationRecord,
    FrameworkRecord,
    Leaf,
    MeasurementRecord,
    RequirementResult,
    Result,
    Text,
    Vote,
)
from shinrai.report.standing import Standing, attestations_of, measurements_of, standing


@dataclass(frozen=True, slots=True)
class LeafView:
    """A leaf of the goal tree with the evidence it names."""

    leaf: Leaf
    standing: Standing
    measurements: tuple[MeasurementRecord, ...]
    attestations: tuple[AttestationRecord, ...]

    @property
    def expired(self) -> bool:
        """Whether it names evidence and none of it is current."""
        evidence = [record.current for record in self.measurements] + [record.current for record in self.attestations]
        return bool(evidence) and not any(evidence)


@dataclass(frozen=True, slots=True)
class RequirementView:
    """A requirement with its leaves. anchor: its id in the page."""

    anchor: str
    requirement: RequirementResult
    leaves: tuple[LeafView, ...]

    @property
    def unsettled(self) -> bool:
        """Whether something was tried and did not decide: an open vote, an interval across the limit, an error."""
        return any(
            view.standing in {Standing.INCONCLUSIVE, Standing.UNDECIDED}
            or any(record.outcome == "error" for record in view.measurements)
            for view in self.leaves
        )


@dataclass(frozen=True, slots=True)
class PrincipleView:
    """The requirements under one heading. heading: the requirement that is the heading, where the framework has it."""

    id: str | None
    heading: RequirementResult | None
    requirements: tuple[RequirementView, ...]


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """A framework's branch of the goal tree. record is None when the assessment names it in results alone."""

    id: str
    record: FrameworkRecord | None
    principles: tuple[PrincipleView, ...]
    counts: Mapping[Result, int]


@dataclass(frozen=True, slots=True)
class ReasonView:
    """Requirements that were not assessed for one and the same reason."""

    cause: Text
    required: tuple[RequirementView, ...]
    others: tuple[RequirementView, ...]


@dataclass(frozen=True, slots=True)
class MeasurementView:
    """A measurement. anchor: its id in the page. same_groups_as: an earlier one with equal group values."""

    anchor: str
    record: MeasurementRecord
    same_groups_as: "MeasurementView | None"


@dataclass(frozen=True, slots=True)
class Dissent:
    """A vote against what was certified, or on a control where nothing was."""

    anchor: str
    leaf: Leaf
    vote: Vote


def requirement_views(assessment: Assessment) -> list[RequirementView]:
    """Return every requirement in the assessment's order, with its leaves' standings."""
    return [
        RequirementView(
            f"r{index}", requirement, tuple(_leaf(requirement, leaf, assessment) for leaf in requirement.leaves)
        )
        for index, requirement in enumerate(assessment.results, start=1)
    ]


def framework_views(assessment: Assessment, requirements: list[RequirementView]) -> list[FrameworkView]:
    """Return the goal tree: framework, principle, requirement."""
    records = {record.id: record for record in assessment.frameworks}
    names = dict.fromkeys([*records, *(view.requirement.framework for view in requirements)])
    return [_framework(name, records.get(name), requirements) for name in names]


def with_result(requirements: list[RequirementView], result: Result) -> list[RequirementView]:
    """Return the requirements with a result, required ones first."""
    return sorted(
        (view for view in requirements if view.requirement.result is result),
        key=lambda view: not view.requirement.required,
    )


def not_assessed_by_reason(requirements: list[RequirementView]) -> list[ReasonView]:
    """Group what was not assessed by its reason; reasons that hold for required requirements come first."""
    groups: dict[tuple[str, str], list[RequirementView]] = {}
    for view in with_result(requirements, Result.NOT_ASSESSED):
        cause = view.requirement.cause
        groups.setdefault((cause.ja, cause.en), []).append(view)
    return [
        ReasonView(
            views[0].requirement.cause,
            tuple(view for view in views if view.requirement.required),
            tuple(view for view in views if not view.requirement.required),
        )
        for views in groups.values()
    ]


def measurement_views(assessment: Assessment) -> list[MeasurementView]:
    """Return the measurements in order; one whose groups equal an earlier one's refers to it."""
    views: list[MeasurementView] = []
    for index, record in enumerate(assessment.measurements, start=1):
        earlier = next((view for view in views if record.groups and view.record.groups == record.groups), None)
        views.append(MeasurementView(f"m{index}", record, earlier))
    return views


def by_check(views: list[MeasurementView]) -> dict[tuple[str, str], list[MeasurementView]]:
    """Group measurements by target and check, decisive ones first within each."""
    groups: dict[tuple[str, str], list[MeasurementView]] = {}
    for view in sorted(views, key=lambda view: not view.record.decisive):
        groups.setdefault((view.record.target, view.record.check), []).append(view)
    return dict(sorted(groups.items(), key=lambda item: min(int(view.anchor[1:]) for view in item[1])))


def dissents(requirements: list[RequirementView]) -> Iterator[Dissent]:
    """Yield every dissenting vote with where its control stands in the page."""
    for view in requirements:
        for leaf in view.leaves:
            for vote in leaf.leaf.verdict.votes if leaf.leaf.verdict else ():
                if vote.dissents:
                    yield Dissent(view.anchor, leaf.leaf, vote)


def _leaf(requirement: RequirementResult, leaf: Leaf, assessment: Assessment) -> LeafView:
    return LeafView(
        leaf,
        standing(requirement, leaf, assessment),
        tuple(measurements_of(leaf, assessment)),
        tuple(attestations_of(leaf, assessment)),
    )


def _framework(name: str, record: FrameworkRecord | None, requirements: list[RequirementView]) -> FrameworkView:
    mine = [view for view in requirements if view.requirement.framework == name]
    headings = {view.requirement.id: view.requirement for view in mine}
    named = {view.requirement.principle for view in mine}
    groups: dict[str | None, list[RequirementView]] = {}
    for view in mine:
        # A requirement that others stand under stands at the head of its own group.
        own = view.requirement.id if view.requirement.id in named else view.requirement.principle
        groups.setdefault(own, []).append(view)
    counts = {result: sum(view.requirement.result is result for view in mine) for result in Result}
    principles = tuple(PrincipleView(key, headings.get(key or ""), tuple(views)) for key, views in groups.items())
    return FrameworkView(name, record, principles, counts)
