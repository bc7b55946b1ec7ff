"""The risk tier: each rule alone, that more risk never lowers it, and that every step is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.checks import CHECKS
from shinrai.language import Language
from shinrai.systems import (
    CONSEQUENCES,
    Audience,
    Autonomy,
    DataClass,
    DecisionEffect,
    DecisionLevel,
    Kind,
    Likelihood,
    Model,
    RiskJudgement,
    Stage,
    System,
    Text,
    Tier,
    risk_tier,
)
from shinrai.systems.tier import samples_for

WORDS = Text(ja="文", en="text")
ORDER = list(Tier)


def system(
    level: DecisionLevel = DecisionLevel.NONE,
    likelihood: Likelihood | None = Likelihood.RARE,
    autonomy: Autonomy = Autonomy.ADVISES,
    data: tuple[DataClass, ...] = (DataClass.NONE,),
    kinds: tuple[Kind, ...] = (Kind.PREDICTIVE,),
    audience: Audience = Audience.TEAM,
    trains: bool = False,
    public: bool = False,
) -> System:
    risk = None
    if likelihood is not None:
        risk = RiskJudgement(likelihood=likelihood, reason=WORDS, audience=audience, trains_on_inputs=trains)
    return System(
        id="s", version="1", name=WORDS, purpose=WORDS, roles=("provider",), kinds=kinds, affected_people=WORDS,
        decision_effect=DecisionEffect(level=level, text=WORDS), autonomy=autonomy, data=data, government_use=False,
        public_facing=public, stage=Stage.PILOT, regions=("JP",), risk=risk, model=Model(name="m", version="1"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("level", "likelihood", "tier"),
    [
        ("none", "rare", "low"),
        ("none", "possible", "low"),
        ("none", "likely", "low"),
        ("limited", "rare", "low"),
        ("limited", "possible", "low"),
        ("limited", "likely", "medium"),
        ("significant", "rare", "medium"),
        ("significant", "possible", "medium"),
        ("significant", "likely", "high"),
        ("critical", "rare", "high"),
        ("critical", "possible", "high"),
        ("critical", "likely", "high"),
    ],
)
def test_impact_and_likelihood_give_the_first_tier(level: str, likelihood: str, tier: str) -> None:
    found = risk_tier(system(DecisionLevel(level), Likelihood(likelihood)))
    assert found.tier is Tier(tier)
    assert len(found.steps) == 1


def test_an_unjudged_likelihood_is_the_cautious_one_and_says_so() -> None:
    found = risk_tier(system(DecisionLevel.SIGNIFICANT, None))
    assert found.tier is Tier.HIGH
    assert "taken because the description does not judge it" in str(found.steps[0])


@pytest.mark.parametrize(
    ("given_system", "tier", "told"),
    [
        (system(DecisionLevel.SIGNIFICANT, autonomy=Autonomy.DECIDES_ALONE), Tier.HIGH, "Nobody reviews"),
        (system(DecisionLevel.LIMITED, autonomy=Autonomy.DECIDES_ALONE), Tier.MEDIUM, "Nobody reviews"),
        (system(DecisionLevel.NONE, autonomy=Autonomy.DECIDES_ALONE), Tier.MEDIUM, "Nobody reviews"),
        (system(DecisionLevel.CRITICAL, autonomy=Autonomy.DECIDES_ALONE), Tier.HIGH, "that high already"),
        (system(data=(DataClass.SENSITIVE,)), Tier.MEDIUM, "special-care"),
        (system(data=(DataClass.PERSONAL,), trains=True), Tier.MEDIUM, "used to train"),
        (system(data=(DataClass.NONE,), trains=True), Tier.LOW, "Impact"),
        (system(kinds=(Kind.GENERATIVE,), audience=Audience.PUBLIC, public=True), Tier.MEDIUM, "outside"),
        (system(kinds=(Kind.GENERATIVE,), likelihood=None, public=True), Tier.MEDIUM, "outside"),
        (system(kinds=(Kind.GENERATIVE,)), Tier.LOW, "Impact"),
    ],
)
def test_what_raises_the_tier(given_system: System, tier: Tier, told: str) -> None:
    found = risk_tier(given_system)
    assert found.tier is tier
    assert told in str(found.steps[-1])


systems = st.builds(
    system,
    level=st.sampled_from(DecisionLevel),
    likelihood=st.none() | st.sampled_from(Likelihood),
    autonomy=st.sampled_from(Autonomy),
    data=st.sampled_from([(DataClass.NONE,), (DataClass.PERSONAL,), (DataClass.SENSITIVE, DataClass.CONFIDENTIAL)]),
    kinds=st.sampled_from([(Kind.PREDICTIVE,), (Kind.GENERATIVE,)]),
    audience=st.sampled_from(Audience),
    trains=st.booleans(),
)


@given(systems, st.data())
def test_more_risk_never_lowers_the_tier(given_system: System, data: st.DataObject) -> None:
    """Each fact alone is moved to a graver value; the tier may stay or rise."""
    before = ORDER.index(risk_tier(given_system).tier)
    changes: list[dict[str, object]] = [{"autonomy": Autonomy.DECIDES_ALONE}]
    levels = list(DecisionLevel)
    graver = levels[levels.index(given_system.decision_effect.level) :]
    changes += [{"decision_effect": DecisionEffect(level=level, text=WORDS)} for level in graver]
    if given_system.risk:
        changes.append({"risk": given_system.risk.model_copy(update={"likelihood": Likelihood.LIKELY})})
        changes.append({"risk": given_system.risk.model_copy(update={"audience": Audience.PUBLIC})})
    change = data.draw(st.sampled_from(changes))
    assert ORDER.index(risk_tier(given_system.model_copy(update=change)).tier) >= before


@given(systems)
def test_every_step_and_axis_is_told_in_both_languages(given_system: System) -> None:
    found = risk_tier(given_system)
    for step in found.steps:
        assert step.text(Language.EN).endswith(".") and step.text(Language.JA).endswith("。")
    assert [axis.letter for axis in found.axes] == ["A", "B", "C", "D"]
    for axis in found.axes:
        assert axis.finding.text(Language.JA) != axis.finding.text(Language.EN)


def test_axes_lean_by_their_own_fact() -> None:
    def leaning(**changes: object) -> str:
        return "".join(axis.letter for axis in risk_tier(system(**changes)).axes if axis.leans)  # type: ignore[arg-type]

    assert leaning() == ""
    assert leaning(audience=Audience.PUBLIC) == "A"
    assert leaning(level=DecisionLevel.SIGNIFICANT) == "B"
    assert leaning(data=(DataClass.SENSITIVE,)) == "C"
    assert leaning(data=(DataClass.CONFIDENTIAL,)) == ""
    assert leaning(autonomy=Autonomy.DECIDES_ALONE) == "D"


def test_consequences_grow_with_the_tier_and_name_real_checks() -> None:
    low, medium, high = (CONSEQUENCES[tier] for tier in ORDER)
    assert low.minimum_n < medium.minimum_n < high.minimum_n
    assert low.human_seats < medium.human_seats < high.human_seats
    assert low.review_days > medium.review_days > high.review_days
    assert set(low.checks) < set(medium.checks) < set(high.checks) <= set(CHECKS)


def test_samples_for_a_half_width() -> None:
    # The textbook figures for a 95 % interval of a proportion at its worst.
    assert [samples_for(width) for width in (0.10, 0.05, 0.03)] == [97, 385, 1068]
