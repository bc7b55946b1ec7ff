"""The risk tier: how much care a system needs, derived from its description, with every step of the way.

Impact and likelihood give a first tier; what raises it is said in words. Where the description is silent the more
cautious answer is taken, and that is said too. The tier is Shinrai's own: the four axes of the Japanese government's
guideline on generative AI (DS-920), the classes of the EU AI Act and what the NIST AI RMF asks stand beside it, because
none of them can be computed from the others. docs/reference/risk-tiers.md explains and justifies each rule.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

from shinrai.language import Message, message
from shinrai.systems.description import System
from shinrai.systems.vocabulary import Audience, Autonomy, DataClass, DecisionLevel, Kind, Likelihood

_Z95: Final = 1.959963984540054


class Tier(StrEnum):
    """How much care a system needs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a tier asks of an assessment.

    checks: names of checks that may not be skipped where they can be run. minimum_n: the fewest samples behind a
    measurement that can show a requirement. human_seats: seats of the council held by people. review_days: for how
    many days a measurement counts at most.
    """

    checks: tuple[str, ...]
    minimum_n: int
    human_seats: int
    review_days: int


def samples_for(half_width: float) -> int:
    """Return the n at which a 95 % interval of any proportion is at most that wide on either side.

    The worst case is a proportion of one half: n = z²/(4·w²), rounded up.
    """
    return ceil(_Z95**2 / (4 * half_width**2))


CONSEQUENCES: Final[Mapping[Tier, Consequences]] = {
    Tier.LOW: Consequences(("performance",), samples_for(0.10), 0, 365),
    Tier.MEDIUM: Consequences(("performance", "group_fairness", "data_quality"), samples_for(0.05), 1, 180),
    Tier.HIGH: Consequences(
        ("performance", "group_fairness", "calibration", "data_quality", "personal_data"), samples_for(0.03), 2, 90
    ),
}

_FIRST: Final[Mapping[DecisionLevel, Mapping[Likelihood, Tier]]] = {
    DecisionLevel.NONE: {Likelihood.RARE: Tier.LOW, Likelihood.POSSIBLE: Tier.LOW, Likelihood.LIKELY: Tier.LOW},
    DecisionLevel.LIMITED: {Likelihood.RARE: Tier.LOW, Likelihood.POSSIBLE: Tier.LOW, Likelihood.LIKELY: Tier.MEDIUM},
    DecisionLevel.SIGNIFICANT: {
        Likelihood.RARE: Tier.MEDIUM,
        Likelihood.POSSIBLE: Tier.MEDIUM,
        Likelihood.LIKELY: Tier.HIGH,
    },
    DecisionLevel.CRITICAL: {Likelihood.RARE: Tier.HIGH, Likelihood.POSSIBLE: Tier.HIGH, Likelihood.LIKELY: Tier.HIGH},
}
_WEIGHTY: Final = frozenset({DecisionLevel.SIGNIFICANT, DecisionLevel.CRITICAL})
_ORDER: Final = tuple(Tier)

TIER_NAMES: Final[Mapping[Tier, Message]] = {
    Tier.LOW: message("low"),
    Tier.MEDIUM: message("medium"),
    Tier.HIGH: message("high"),
}
IMPACT_NAMES: Final[Mapping[DecisionLevel, Message]] = {
    DecisionLevel.NONE: message("no effect on decisions about people"),
    DecisionLevel.LIMITED: message("a small effect that is easily undone"),
    DecisionLevel.SIGNIFICANT: message("a significant effect on chances in life"),
    DecisionLevel.CRITICAL: message("life, health, liberty or a fundamental right at stake"),
}
LIKELIHOOD_NAMES: Final[Mapping[Likelihood, Message]] = {
    Likelihood.RARE: message("rare"),
    Likelihood.POSSIBLE: message("possible"),
    Likelihood.LIKELY: message("likely"),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One of the four axes of DS-920. leans: whether it speaks for treating the use as high-risk."""

    letter: str
    name: Message
    finding: Message
    leans: bool


@dataclass(frozen=True, slots=True)
class RiskTier:
    """A tier with the way to it. steps: one sentence for each fact that counted, in order."""

    tier: Tier
    steps: tuple[Message, ...]
    axes: tuple[Axis, ...]

    @property
    def consequences(self) -> Consequences:
        """What the tier asks of an assessment."""
        return CONSEQUENCES[self.tier]


def risk_tier(system: System) -> RiskTier:
    """Derive the tier of a described system."""
    impact = system.decision_effect.level
    likelihood = system.risk.likelihood if system.risk else Likelihood.LIKELY
    tier = _FIRST[impact][likelihood]
    told = (
        message("as the description judges it")
        if system.risk
        else message("taken because the description does not judge it")
    )
    steps = [
        message(
            "Impact: {impact}. Likelihood of harm: {likelihood} ({told}). Together: {tier}.",
            impact=IMPACT_NAMES[impact],
            likelihood=LIKELIHOOD_NAMES[likelihood],
            told=told,
            tier=TIER_NAMES[tier],
        )
    ]
    for least, reason in _raises(system, tier):
        if _ORDER.index(least) > _ORDER.index(tier):
            tier = least
            steps.append(message("{reason} So the tier is at least {tier}.", reason=reason, tier=TIER_NAMES[least]))
        else:
            steps.append(message("{reason} The tier is that high already.", reason=reason))
    return RiskTier(tier, tuple(steps), _axes(system))


def _raises(system: System, first: Tier) -> Iterator[tuple[Tier, Message]]:
    """Give what asks for a tier of its own, whatever impact and likelihood say."""
    if system.autonomy is Autonomy.DECIDES_ALONE:
        weighty = system.decision_effect.level in _WEIGHTY
        next_higher = _ORDER[min(_ORDER.index(first) + 1, len(_ORDER) - 1)]
        reason = message("Nobody reviews its decisions before they take effect.")
        yield (Tier.HIGH if weighty else next_higher), reason
    if DataClass.SENSITIVE in system.data:
        yield Tier.MEDIUM, message("It handles special-care personal data.")
    if _learns_from_people(system):
        yield Tier.MEDIUM, message("Personal or confidential data that users enter are used to train a model.")
    if _audience(system) is Audience.PUBLIC and Kind.GENERATIVE in system.kinds:
        yield Tier.MEDIUM, message("It generates content for people outside the organisation.")


def _learns_from_people(system: System) -> bool:
    return system.risk is not None and system.risk.trains_on_inputs and DataClass.NONE not in system.data


def _audience(system: System) -> Audience:
    if system.risk is not None:
        return system.risk.audience
    return Audience.PUBLIC if system.public_facing else Audience.ORGANISATION


_AUDIENCE_NAMES: Final[Mapping[Audience, Message]] = {
    Audience.TEAM: message("a few named people or one unit"),
    Audience.ORGANISATION: message("people throughout the organisation"),
    Audience.PUBLIC: message("people outside the organisation"),
}
_REVIEW_NAMES: Final[Mapping[Autonomy, Message]] = {
    Autonomy.ADVISES: message("a person decides"),
    Autonomy.DECIDES_WITH_REVIEW: message("a person reviews each decision before it takes effect"),
    Autonomy.DECIDES_ALONE: message("nobody reviews its decisions before they take effect"),
}


def _axes(system: System) -> tuple[Axis, ...]:
    """Return the four axes of DS-920. Which way an axis leans is our reading: the guideline leaves it to the CAIO."""
    audience, impact = _audience(system), system.decision_effect.level
    sensitive = DataClass.SENSITIVE in system.data or _learns_from_people(system)
    data = (
        message("special-care personal data, or entries that train a model")
        if sensitive
        else message("no personal or confidential data")
        if DataClass.NONE in system.data
        else message("personal or confidential data, not used for training")
    )
    return (
        Axis("A", message("Who uses it"), _AUDIENCE_NAMES[audience], audience is Audience.PUBLIC),
        Axis("B", message("Nature of the work"), IMPACT_NAMES[impact], impact in _WEIGHTY),
        Axis("C", message("Confidential or personal data"), data, sensitive),
        Axis(
            "D",
            message("Whether people judge each output"),
            _REVIEW_NAMES[system.autonomy],
            system.autonomy is Autonomy.DECIDES_ALONE,
        ),
    )
