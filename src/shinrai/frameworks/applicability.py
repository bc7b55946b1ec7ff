"""Which requirements are asked of a system, and why: a pure function of the framework and a few facts.

The reason is given for every requirement, in or out, so that nothing drops out of an assessment in silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
    "generative": message("it generates content"),
    "agent": message("it acts on its own as an agent"),
    "physical": message("it moves things in the physical world"),
    "government": message("it is used by a government body"),
    "public_facing": message("the public uses it directly"),
    "advanced": message("it is an advanced AI system"),
}

FACTS = frozenset(FACT_NAMES)
"""The facts of a system that a requirement's `when` may name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a requirement is asked.

    roles: those the organisation has for the system. facts: words of FACTS that hold for the system; any other word
    is a ShinraiError.
    """

    roles: frozenset[Role]
    facts: frozenset[str] = frozenset()

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

    It applies when one of its roles is among the facts' (or it names none) and one of the facts in its `when` holds
    (or it names none).
    """
    return tuple(_decide(requirement, facts) for requirement in framework.requirements)


def _decide(requirement: Requirement, facts: Facts) -> Applicability:
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
    asked = message("It is asked of {roles}.", roles=_roles(roles)) if roles else message("It is asked of everyone.")
    if not holding:
        return Applicability(requirement, True, asked)
    reason = message("{asked} It is asked of this system because of this: {facts}.", asked=asked, facts=_facts(holding))
    return Applicability(requirement, True, reason)


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
