"""What other rooms read from a description."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shinrai.frameworks.model import Role
from shinrai.systems import Description, parse_description, read_description


@pytest.fixture
def described(minimal: str) -> Callable[..., Description]:
    """Return the faultless description with texts replaced by other valid ones."""

    def describe(*replacements: tuple[str, str]) -> Description:
        text = minimal
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        return parse_description(text.encode(), "f")

    return describe


def test_roles(described: Callable[..., Description]) -> None:
    assert described().roles == {Role.DEVELOPER, Role.BUSINESS_USER}


@pytest.mark.parametrize(
    ("old", "new", "facts"),
    [
        ("", "", set()),
        ("data: [personal]", "data: [none]", {"-personal_data"}),
        ("data: [personal]", "data: [confidential]", {"-personal_data", "confidential_data"}),
        ("data: [personal]", "data: [sensitive, confidential]", {"sensitive_data", "confidential_data"}),
        ("kinds: [predictive]", "kinds: [generative, agent]", {"generative", "agent"}),
        ("kinds: [predictive]", "kinds: [predictive, physical, advanced]", {"physical", "advanced"}),
        (
            "kinds: [predictive]",
            "kinds: [retrieval, multimodal, general_purpose]",
            {"retrieval", "multimodal", "general_purpose"},
        ),
        ("government_use: false", "government_use: true", {"government"}),
        ("roles: [developer", "roles: [government", {"government"}),
        ("public_facing: false", "public_facing: true", {"public_facing"}),
        ("autonomy: advises", "autonomy: decides_alone", {"unreviewed"}),
        ("autonomy: advises", "autonomy: decides_with_review", set()),
        ("level: significant", "level: limited", {"-high_risk"}),
        ("regions: [JP, NO]", "regions: [JP, NO]\n  areas: [employment, agriculture]", {"employment", "agriculture"}),
        ("regions: [JP, NO]", "regions: [JP, DE]\n  areas: [employment]", {"employment", "eu_high_risk_annex_iii"}),
        ("regions: [JP, NO]", "regions: [FR]\n  areas: [agriculture]", {"agriculture"}),
        (
            "regions: [JP, NO]",
            "regions: [FR]\n  areas: [biometrics]",
            {"biometrics", "eu_high_risk_annex_iii", "eu_transparency"},
        ),
        (
            "regions: [JP, NO]",
            "regions: [FR]\n  eu: {prohibited_practice: true, regulated_product: true, systemic_risk: true}",
            {"eu_prohibited", "eu_high_risk_annex_i", "eu_systemic_risk"},
        ),
        ("regions: [JP, NO]", "regions: [JP]\n  eu: {prohibited_practice: true}", set()),
    ],
)
def test_changing_one_thing_changes_exactly_its_facts(
    described: Callable[..., Description], old: str, new: str, facts: set[str]
) -> None:
    before = {"personal_data", "high_risk"}  # the likelihood is not judged, so the cautious one is taken
    added = {fact for fact in facts if not fact.startswith("-")}
    gone = {fact[1:] for fact in facts if fact.startswith("-")}
    if "-high_risk" in facts:
        # A limited effect that is likely to do harm is of the medium tier.
        assert gone == {"high_risk"}
    after = described((old, new)).facts
    assert after == (before - gone) | added


def test_digest_is_that_of_the_bytes(tmp_path: Path, minimal: str) -> None:
    path = tmp_path / "shinrai.yaml"
    path.write_bytes(minimal.encode() + b"# end\r\n")
    assert read_description(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_description_made_in_code_has_no_digest(described: Callable[..., Description]) -> None:
    with pytest.raises(ValueError, match="no digest"):
        _ = Description.model_validate(described().canonical()).digest


def test_canonical_is_json_and_reads_back(described: Callable[..., Description]) -> None:
    content = json.loads(json.dumps(described().canonical()))
    assert content == described().canonical()
    assert Description.model_validate(content).canonical() == content
    assert content["attestations"][0]["expires"] == "2027-03-31"
    assert content["checks"]["calibration"] == {"limits": {}, "min_group": 30, "skip": None}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("version: 1.10", "version: 1.11", {"model"}),
        ("file: model/m.json", "endpoint: 'https://a.example:8443/v1'", {"model"}),
        ("[developer, business_user]", "[developer]", {"roles"}),
        ("autonomy: advises", "autonomy: decides_alone", {"autonomy"}),
        ("data: [personal]", "data: [personal, sensitive]", {"data"}),
        ("kinds: [predictive]", "kinds: [predictive, agent]", {"kinds"}),
        ("terms_version: 2026-01-01", "terms_version: 2026-06-01", {"suppliers"}),
        ("version: 2025-12-19", "version: 2026-12-19", {"frameworks"}),
        ("government_use: false", "government_use: true", {"government_use"}),
        ("[developer, business_user]", "[business_user, developer]", set()),
        ("stage: pilot", "stage: in_service", set()),
        ("  version: 2026.1", "  version: 2026.2", set()),
        ("申込みの審査", "申込みの一次審査", set()),
        ("validity_days: 180", "validity_days: 90", set()),
    ],
)
def test_material_changes(described: Callable[..., Description], old: str, new: str, changed: set[str]) -> None:
    before, after = described().material(), described((old, new)).material()
    assert {key for key in before if before[key] != after[key]} == changed
    assert json.loads(json.dumps(after)) == after


def test_a_date_made_in_code_is_a_date(described: Callable[..., Description]) -> None:
    content = described().canonical()
    content["attestations"][0]["expires"] = date(2027, 3, 31)
    assert Description.model_validate(content).attestations[0].expires == date(2027, 3, 31)


def test_a_person_is_found_by_id(described: Callable[..., Description]) -> None:
    assert described().person("yamada").name.bilingual.ja == "山田"
    with pytest.raises(KeyError):
        described().person("sato")


def test_a_description_cannot_be_changed(described: Callable[..., Description]) -> None:
    description = described()
    with pytest.raises(ValidationError):
        description.validity_days = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        description.system.stage = "retired"  # type: ignore[assignment,misc]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (("validity_days",), True),
        (("validity_days",), 1.5),
        (("system", "government_use"), 1),
        (("targets", "decisions", "threshold"), float("nan")),
        (("targets", "decisions", "threshold"), True),
        (("targets", "decisions", "favourable"), float("inf")),
        (("targets", "decisions", "favourable"), None),
        (("attestations", 0, "expires"), 20270331),
    ],
)
def test_values_made_in_code_are_held_to_their_types(
    described: Callable[..., Description], part: tuple[str | int, ...], value: object
) -> None:
    content: Any = described().canonical()
    within = content
    for step in part[:-1]:
        within = within[step]
    within[part[-1]] = value
    with pytest.raises(ValidationError):
        Description.model_validate(content)
