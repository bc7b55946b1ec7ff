"""Which requirements are asked of a system, and why: a pure function of the framework and a few facts.

The reason is given for every requirement, in or out, so that nothing drops out of an assessment in silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import reduce

from shinrai.frameworks.model import Framework, Requirement, Role
from shinrai.language import Message, ShinraiError, message, suggest

ROLE_NAMES = {
    Role.DEVELOPER: message("AI developers"),
    Role.PROVIDER: message("AI providers"),
    Role.BUSINESS_USER: message("AI business users"),
    Role.GOVERNMENT: message("government bodies"),
    Role.RESEARCH_INSTITUTE: message("research institutes"),
    Role.CITIZEN: message("citizens"),
}

FACT_NAMES = {
    "personal_data": message("it handles personal data"),
    "sensitive_data": message("it handles special-care personal data"),
    "confidential_data": message("it handles confidential data"),
    "generative": message("it generates content"),
    "agent": message("it acts on its own as an agent"),
    "physical": message("it moves things in the physical world"),
    "retrieval": message("it answers from documents that it looks up"),
    "multimodal": message("it takes in or produces images, sound or video"),
    "general_purpose": message("it is a general-purpose model or rests on one of its own"),
    "advanced": message("it is an advanced AI system"),
    "government": message("it is used by a government body"),
    "public_facing": message("the public uses it directly"),
    "unreviewed": message("its decisions take effect without a person's review"),
    "high_risk": message("its risk tier is high"),
    "biometrics": message("it is used for biometrics"),
    "critical_infrastructure": message("it is used in critical infrastructure"),
    "education": message("it is used in education"),
    "employment": message("it is used in employment"),
    "essential_services": message("it is used for access to essential services, such as credit or benefits"),
    "law_enforcement": message("it is used in law enforcement"),
    "migration": message("it is used in migration or border control"),
    "justice": message("it is used in justice or democratic processes"),
    "medical": message("it is used in medicine or health care"),
    "agriculture": message("it is used in agriculture"),
    "local_government": message("a local government uses it"),
    "defence": message("it is used in defence"),
    "content_creation": message("it is used to create content for publication"),
    "eu_prohibited": message("it falls under a practice that the EU prohibits"),
    "eu_high_risk_annex_iii": message("it is high-risk in the EU by its area of use (Annex III)"),
    "eu_high_risk_annex_i": message("it is high-risk in the EU as part of a regulated product (Annex I)"),
    "eu_transparency": message("it falls under the EU's transparency duties"),
    "eu_systemic_risk": message("it is a general-purpose model with systemic risk in the EU's sense"),
}

FACTS = frozenset(FACT_NAMES)
"""The facts of a system that `when`, `starts` and `scope` may name."""

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""The member states of the European Union, as ISO 3166-1 codes."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a requirement is asked.

    roles: those the organisation has for the system. facts: words of FACTS that hold for the system; any other word
    is a ShinraiError. regions: where it is used, ISO 3166-1 codes; None means that this is not known, and then no
    requirement drops out because of it. on: the day asked about; None means that dates decide nothing.
    """

    roles: frozenset[Role]
    facts: frozenset[str] = frozenset()
    regions: frozenset[str] | None = None
    on: date | None = None

    def __post_init__(self) -> None:
        for fact in sorted(self.facts - FACTS):
            raise ShinraiError(
                message("There is no fact “{fact}”.", fact=fact),
                fix=suggest(fact, FACTS) or message("Known facts: {known}.", known=", ".join(FACT_NAMES)),
            )


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether a requirement is asked of a system, with the reason."""

    requirement: Requirement
    applies: bool
    reason: Message


def applicability(framework: Framework, facts: Facts) -> tuple[Applicability, ...]:
    """Decide for each requirement, in the order of the file.

    It applies when the framework concerns the system (its scope), one of its roles is among the facts' (or it names
    none), one of the facts in its `when` holds (or it names none), and it has come into effect on the day asked about.
    """
    outside = _outside(framework, facts)
    if outside is not None:
        return tuple(Applicability(requirement, False, outside) for requirement in framework.requirements)
    return tuple(_decide(requirement, facts, framework.valid_from) for requirement in framework.requirements)


def _outside(framework: Framework, facts: Facts) -> Message | None:
    """Return why a framework does not concern a system at all, or None when it does."""
    regions = framework.scope.regions
    if regions and facts.regions is not None and not regions & _with_union(facts.regions):
        return message(
            "It concerns systems used in {asked}; this one is used in {held}.",
            asked=", ".join(sorted(regions)),
            held=", ".join(sorted(facts.regions)),
        )
    missing = framework.scope.facts - facts.facts
    if missing:
        return message(
            "The document concerns only systems of which this holds, and the description does not say so: {facts}.",
            facts=_facts(missing),
        )
    return None


def _with_union(regions: frozenset[str]) -> frozenset[str]:
    return regions | {"EU"} if regions & EU else regions


def _decide(requirement: Requirement, facts: Facts, valid_from: date) -> Applicability:
    roles = requirement.roles & facts.roles
    holding = requirement.when & facts.facts
    if requirement.roles and not roles:
        return Applicability(requirement, False, _other_roles(requirement, facts))
    if requirement.when and not holding:
        reason = message(
            "It is asked only if one of these holds, and the description of the system says none: {facts}.",
            facts=_facts(requirement.when),
        )
        return Applicability(requirement, False, reason)
    later = _not_yet(requirement, facts, valid_from)
    if later is not None:
        return Applicability(requirement, False, later)
    asked = message("It is asked of {roles}.", roles=_roles(roles)) if roles else message("It is asked of everyone.")
    if not holding:
        return Applicability(requirement, True, asked)
    reason = message("{asked} It is asked of this system because of this: {facts}.", asked=asked, facts=_facts(holding))
    return Applicability(requirement, True, reason)


def _not_yet(requirement: Requirement, facts: Facts, valid_from: date) -> Message | None:
    """Return why a requirement is not in effect on the day asked about, or None when it is.

    Of several starts that concern the system the earliest counts: a duty that one quality of the system brings does
    not wait for a later date that another quality would bring. Where starts are given but none concerns the system,
    the latest of them counts, as nothing says that it is bound earlier.
    """
    if facts.on is None:
        return None
    days = [start.day for start in requirement.starts if start.when is None or start.when in facts.facts]
    start = min(days) if days else max((each.day for each in requirement.starts), default=valid_from)
    if start <= facts.on:
        return None
    return message("It applies from {start} on; the day asked about is {day}.", start=start, day=facts.on)


def _other_roles(requirement: Requirement, facts: Facts) -> Message:
    asked = _roles(requirement.roles)
    if not facts.roles:
        return message("It is asked of {asked}; the description of the system names no role.", asked=asked)
    return message(
        "It is asked of {asked}; for this system the organisation counts among: {held}.",
        asked=asked,
        held=_roles(facts.roles),
    )


def _roles(roles: frozenset[Role]) -> Message:
    return _listed(name for role, name in ROLE_NAMES.items() if role in roles)


def _facts(facts: frozenset[str]) -> Message:
    return _listed(name for fact, name in FACT_NAMES.items() if fact in facts)


def _listed(names: Iterable[Message]) -> Message:
    """Join names; each language puts its own sign between them."""
    return reduce(lambda listed, name: message("{listed}, {name}", listed=listed, name=name), names)
