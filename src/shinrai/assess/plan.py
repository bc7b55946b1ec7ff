"""The plan: which requirements apply, which checks can show them, and the limits, fixed before anything is measured."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from shinrai.assess.conversations import ConversationCheck, conversations
from shinrai.assess.importing import ImportCheck, imports
from shinrai.assess.targets import table_settings, tables
from shinrai.evaluate.checks import planned, shows
from shinrai.evidence.statements import Item, Subject
from shinrai.frameworks import (
    MAX_BYTES,
    Applicability,
    ExpectedEvidence,
    Facts,
    Framework,
    Requirement,
    applicability,
    framework_bytes,
    load_framework,
    read_framework,
)
from shinrai.language import Bilingual, Message, ShinraiError, message, suggest
from shinrai.systems import TIER_NAMES, Description, RiskTier, TableTarget, risk_tier
from shinrai_verify.encoding import canonical_json

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Excluded:
    """A requirement that does not apply, and why: by a rule of the framework, or because the description says so."""

    requirement: Requirement
    reason: Bilingual


@dataclass(frozen=True)
class Plan:
    """What an assessment is going to do.

    framework_files: the file of each framework. checks: `<target>/<check>` to be run, in order; conversations: those
    of them that put a suite to a target; imports: those that take over results of other tools. tier: how much care the
    system needs. folder: where the description's relative paths start.
    """

    description: Description
    folder: Path
    frameworks: tuple[Framework, ...]
    framework_files: tuple[bytes, ...]
    considered: tuple[Applicability, ...]
    checks: tuple[str, ...]
    tier: RiskTier
    conversations: Mapping[str, ConversationCheck] = field(default_factory=dict)
    imports: Mapping[str, ImportCheck] = field(default_factory=dict)

    @cached_property
    def excluded(self) -> Mapping[str, Excluded]:
        """Requirements that do not apply, by id."""
        found = {a.requirement.id: Excluded(a.requirement, a.reason.both()) for a in self.considered if not a.applies}
        scope = self.description.scope
        for entry in scope.not_applicable if scope else ():
            requirement = self.requirements[entry.requirement]
            found[requirement.id] = Excluded(requirement, entry.reason.bilingual)
        return found

    @cached_property
    def requirements(self) -> Mapping[str, Requirement]:
        """Every requirement of the frameworks, by id."""
        return {a.requirement.id: a.requirement for a in self.considered}

    @cached_property
    def leaves(self) -> Mapping[str, ExpectedEvidence]:
        """The expected evidence of the requirements that apply, by id."""
        applying = [a.requirement for a in self.considered if a.requirement.id not in self.excluded]
        return {leaf.id: leaf for requirement in applying for leaf in requirement.expects}

    @cached_property
    def required(self) -> frozenset[str]:
        """The requirements that the conclusion rests on."""
        named = self.description.required
        if named:
            return frozenset(named)
        return frozenset(r.id for r in self.requirements.values() if r.expects and r.id not in self.excluded)

    @cached_property
    def material(self) -> bytes:
        """The facts whose change makes decisions lapse, as bytes; their digest is what every statement is about."""
        return canonical_json({**self.description.material(), "system": self.description.system.id})

    @property
    def subject(self) -> Subject:
        """What every statement of this assessment is about."""
        system = self.description.system
        return Subject(system.id, system.version, hashlib.sha256(self.material).hexdigest())

    @cached_property
    def scope(self) -> bytes:
        """What an approver of the scope signs: each excluded requirement with its reason, as bytes."""
        entries = [
            {"reason": {"en": e.reason.en, "ja": e.reason.ja}, "requirement": e.requirement.id}
            for _, e in sorted(self.excluded.items())
        ]
        return canonical_json({"excluded": entries, "subject": self.subject.sha256})

    @property
    def validity_days(self) -> int:
        """For how many days a measurement counts: as described, and no longer than the risk tier lets it."""
        return min(self.description.validity_days, self.tier.consequences.review_days)

    @property
    def limits(self) -> Mapping[str, str]:
        """The limits that the description fixes: `<target>/<check>/<metric>` -> decimal string."""
        fixed = {
            f"{check}/{metric}": repr(float(limit))
            for check in self.checks
            if check not in self.conversations and check not in self.imports
            for metric, limit in getattr(self.description.checks, check.partition("/")[2]).limits.items()
        }
        for conversation in self.conversations.values():
            fixed |= conversation.limits
        for taken in self.imports.values():
            fixed |= taken.limits
        return fixed

    def predicate(self, frameworks: Sequence[Item], inputs: Sequence[Item], version: str) -> dict[str, Any]:
        """Return the plan as it is logged before the first measurement."""
        return {
            "checks": list(self.checks),
            "controls": sorted(self.leaves),
            "items": [item.descriptor() for item in (*frameworks, *inputs)],
            "limits": dict(self.limits),
            "producer": {"id": "https://shinrai.example/shinrai", "version": version},
            "required": sorted(self.required),
            "tier": {
                "humanSeats": self.tier.consequences.human_seats,
                "level": str(self.tier.tier),
                "minimumN": self.tier.consequences.minimum_n,
                "reviewDays": self.tier.consequences.review_days,
            },
        }


def make_plan(description: Description, folder: Path, today: date, asked: Mapping[str, bytes] | None = None) -> Plan:
    """Plan the assessment of a described system; a name that no framework knows is a located error.

    today: the day that decides which requirements have come into effect. asked: target -> how it was asked, to make
    the plan of an assessment again that was carried out elsewhere.
    """
    files = tuple(_framework_file(description, number, folder) for number in range(len(description.frameworks)))
    frameworks = tuple(_framework(description, number, file) for number, file in enumerate(files))
    considered = tuple(
        entry for framework in frameworks for entry in applicability(framework, system_facts(description, today))
    )
    _check_unique(description, frameworks)
    put, taken = conversations(description, folder, asked), imports(description, folder)
    checks, tier = tuple(_checks(description, put, taken)), risk_tier(description.system)
    plan = Plan(description, folder, frameworks, files, considered, checks, tier, put, taken)
    _check_names(plan)
    _check_skips(plan)
    return plan


def system_facts(description: Description, today: date) -> Facts:
    """Return what decides which requirements are asked of a described system."""
    return Facts(description.roles, description.facts, frozenset(description.system.regions), today)


def _framework_file(description: Description, number: int, folder: Path) -> bytes:
    pin = description.frameworks[number]
    if pin.file is None:
        try:
            return framework_bytes(pin.id, pin.version)
        except ShinraiError as error:
            raise ShinraiError(error.what, fix=error.fix, place=description.place(("frameworks", number))) from error
    file = folder / pin.file
    if not file.is_file():
        raise ShinraiError(
            message("There is no file {path}.", path=pin.file),
            fix=message("Correct the path, or make the file first."),
            place=description.place(("frameworks", number, "file")),
        )
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _framework(description: Description, number: int, file: bytes) -> Framework:
    pin = description.frameworks[number]
    if pin.file is None:
        return load_framework(pin.id, pin.version)
    framework = read_framework(file, pin.file)
    if (framework.id, framework.version) != (pin.id, pin.version):
        raise ShinraiError(
            message(
                "The file holds {found}, the description names {asked}.",
                found=f"{framework.id} {framework.version}",
                asked=f"{pin.id} {pin.version}",
            ),
            fix=message("Correct id and version here, or the path."),
            place=description.place(("frameworks", number)),
        )
    return framework


def _check_unique(description: Description, frameworks: Sequence[Framework]) -> None:
    """Refuse two frameworks that give one id to different requirements: evidence could not tell them apart."""
    owner: dict[str, Framework] = {}
    for number, framework in enumerate(frameworks):
        for requirement in framework.requirements:
            other = owner.setdefault(requirement.id, framework)
            if other is not framework:
                raise ShinraiError(
                    message(
                        "Both {first} and {second} have a requirement “{id}”.",
                        first=f"{other.id} {other.version}",
                        second=f"{framework.id} {framework.version}",
                        id=requirement.id,
                    ),
                    fix=message("Keep one of the two; two versions of one framework cannot be assessed together."),
                    place=description.place(("frameworks", number)),
                )


def _check_skips(plan: Plan) -> None:
    """Refuse to leave out a check that the risk tier asks for and that a target could run."""
    for check in plan.tier.consequences.checks:
        if getattr(plan.description.checks, check).skip is None:
            continue
        for name, target in tables(plan.description).items():
            if check in planned(table_settings(name, target, Path())):
                raise ShinraiError(
                    message(
                        "A system of the risk tier “{tier}” cannot leave out the check {check}.",
                        tier=TIER_NAMES[plan.tier.tier],
                        check=check,
                    ),
                    fix=message("Remove the skip, or mend what the tier follows from: system.risk, autonomy, data."),
                    place=plan.description.place(("checks", check, "skip")),
                )


def _checks(
    description: Description, put: Mapping[str, ConversationCheck], taken: Mapping[str, ImportCheck]
) -> list[str]:
    found = []
    for name, target in description.targets.items():
        if not isinstance(target, TableTarget):
            found += [check for check in (*put, *taken) if check.partition("/")[0] == name]
            continue
        for check in planned(table_settings(name, target, Path())):
            if getattr(description.checks, check).skip is None:
                found.append(f"{name}/{check}")
    return found


def _check_names(plan: Plan) -> None:
    every_leaf = [leaf.id for requirement in plan.requirements.values() for leaf in requirement.expects]
    for taken in plan.imports.values():
        for number, leaf in enumerate(taken.described.shows):
            if leaf not in every_leaf:
                raise _unknown(plan, ("targets", taken.target, "shows", number), leaf, every_leaf)
    for number, attestation in enumerate(plan.description.attestations):
        if attestation.shows not in every_leaf:
            raise _unknown(plan, ("attestations", number, "shows"), attestation.shows, every_leaf)
    for number, requirement in enumerate(plan.description.required or ()):
        if requirement not in plan.requirements:
            raise _unknown(plan, ("required", number), requirement, plan.requirements)
    scope = plan.description.scope
    for number, entry in enumerate(scope.not_applicable if scope else ()):
        if entry.requirement not in plan.requirements:
            raise _unknown(
                plan, ("scope", "not_applicable", number, "requirement"), entry.requirement, plan.requirements
            )


def _unknown(plan: Plan, path: tuple[str | int, ...], name: str, known: Any) -> ShinraiError:
    versions = ", ".join(f"{framework.id} {framework.version}" for framework in plan.frameworks)
    what = message("“{name}” is not in the frameworks named here ({versions}).", name=name, versions=versions)
    fix: Message = suggest(name, known) or message("Look it up in the framework, or remove the line.")
    return ShinraiError(what, fix=fix, place=plan.description.place(path))


def showing(plan: Plan, check: str) -> list[str]:
    """Return the leaves that a check (`<target>/<check>`) shows among those that apply."""
    return [leaf for leaf in shown_by(plan, check) if leaf in plan.leaves]


def shown_by(plan: Plan, check: str) -> tuple[str, ...]:
    """Return every leaf that a check can show."""
    if check in plan.conversations:
        return plan.conversations[check].suite.shows
    if check in plan.imports:
        return plan.imports[check].described.shows
    return shows(check.partition("/")[2])


def file_sha256(path: Path) -> tuple[str, int]:
    """Return digest and size of a file, read in pieces."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
