"""Changing facts of a description, to see what would follow."""

from pathlib import Path

import pytest

from shinrai.language import ShinraiError
from shinrai.systems import CHANGEABLE, Description, changed, read_description

EXAMPLE = Path(__file__).parents[2] / "examples" / "loan-screening" / "shinrai.yaml"


@pytest.fixture(scope="module")
def described() -> Description:
    return read_description(EXAMPLE)


def test_nothing_changed_is_the_same_description(described: Description) -> None:
    assert changed(described, {}).canonical() == described.canonical()


@pytest.mark.parametrize(
    ("name", "value", "added", "gone"),
    [
        ("autonomy", "decides_alone", {"unreviewed", "high_risk"}, set()),
        ("government_use", "true", {"government"}, set()),
        ("public_facing", "true", {"public_facing"}, set()),
        ("kinds", "predictive, generative", {"generative"}, set()),
        ("data", "none", set(), {"personal_data"}),
        ("areas", "", set(), {"essential_services"}),
        ("regions", "JP, DE", {"eu_high_risk_annex_iii"}, set()),
        ("likelihood", "likely", {"high_risk"}, set()),
        ("impact", "critical", {"high_risk"}, set()),
        ("audience", "organisation", set(), set()),
        ("trains_on_inputs", "true", set(), set()),
        ("stage", "in_service", set(), set()),
    ],
)
def test_one_change_changes_exactly_its_facts(
    described: Description, name: str, value: str, added: set[str], gone: set[str]
) -> None:
    after = changed(described, {name: value})
    assert after.facts == (described.facts - gone) | added
    assert name in CHANGEABLE


def test_roles_are_changed_too(described: Description) -> None:
    assert changed(described, {"roles": "provider"}).roles == {"provider"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"autonmy": "advises"}, "Did you mean “autonomy”?"),
        ({"zzzz": "1"}, "Known facts: audience, autonomy"),
        ({"autonomy": "alone"}, "“alone” is not allowed for “autonomy”.\n  → Choose from: advises"),
        ({"roles": "developer,boss"}, "“developer,boss” is not allowed for “roles”.\n  → Choose from: developer"),
        ({"regions": ""}, "“” is not allowed for “regions”."),
        ({"data": "none,personal"}, "breaks a rule: “none” says"),
        ({"audience": "public"}, "breaks a rule: The audience is called public"),
    ],
)
def test_what_cannot_be_is_refused(described: Description, changes: dict[str, str], text: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        changed(described, changes)
    assert text in str(caught.value)


def test_a_likelihood_that_nobody_judged_cannot_be_changed(described: Description) -> None:
    silent = described.model_copy(update={"system": described.system.model_copy(update={"risk": None})})
    with pytest.raises(ShinraiError) as caught:
        changed(silent, {"likelihood": "rare"})
    assert "“likelihood” cannot be changed, as the description has no “risk”." in str(caught.value)
