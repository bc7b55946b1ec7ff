"""What the risk tier asks of an assessment, and frameworks of one's own."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.assess import Assessed, Result, assess
from shinrai.evidence import Home
from shinrai.frameworks import framework_bytes
from shinrai.language import ShinraiError
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

Describe = Callable[..., Path]
OWN = framework_bytes("jp.guideline13", "2025-12-19").decode().replace("id: jp.guideline13", "id: own.guideline", 1)
PIN = '{id: own.guideline, version: "2025-12-19", file: rules/own.yaml}'


def run(path: Path, home: Home) -> Assessed:
    return assess(path, home, path.parent.parent / "out")


def result(done: Assessed, requirement: str) -> Result:
    return next(r.result for r in done.assessment.results if r.id == requirement)


def edited(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def with_own(path: Path, text: str = OWN, pin: str = PIN) -> Path:
    (path.parent / "rules").mkdir(exist_ok=True)
    (path.parent / "rules" / "own.yaml").write_text(text, encoding="utf-8")
    return edited(path, ('{id: jp.guideline13, version: "2025-12-19"}', pin))


def refused(path: Path, home: Home) -> ShinraiError:
    with pytest.raises(ShinraiError) as caught:
        run(path, home)
    assert "shinrai.yaml:" in str(caught.value) or "own.yaml:" in str(caught.value)
    return caught.value


def test_a_higher_tier_asks_for_more_samples(describe: Describe, home: Home) -> None:
    """500 people in each rate show fairness at the medium tier; at the high tier no longer, and the report says why."""
    medium = run(describe("fair 100"), home)
    assert (medium.assessment.tier.level, medium.assessment.tier.minimum_n) == ("medium", 385)
    assert result(medium, "JP-GL-C2") is Result.MET
    high = run(edited(describe("fair 100"), ("likelihood: possible", "likelihood: likely")), home)
    assert (high.assessment.tier.level, high.assessment.tier.minimum_n) == ("high", 1068)
    assert result(high, "JP-GL-C2") is Result.NOT_ASSESSED
    (fairness,) = [r for r in high.assessment.results if r.id == "JP-GL-C2"]
    assert "at least 1068 independent samples; the smallest measurement has 500" in fairness.cause.en
    assert verify(high.bundle, Policy.from_bytes(high.trust.read_bytes())).exit_code == 0


def test_few_samples_never_excuse_a_failure(describe: Describe, home: Home) -> None:
    done = run(edited(describe("biased 50"), ("likelihood: possible", "likelihood: likely")), home)
    assert done.assessment.tier.level == "high"
    assert result(done, "JP-GL-C2") is Result.NOT_MET


def test_a_measurement_counts_no_longer_than_the_tier_lets_it(describe: Describe, home: Home) -> None:
    done = run(edited(describe(), ("likelihood: possible", "likelihood: likely")), home)
    days = {(m.valid_until - m.measured_on.date()).days for m in done.assessment.measurements}
    assert days == {90}


def test_the_report_says_that_people_are_missing_from_the_council(describe: Describe, home: Home) -> None:
    limits = [limit.en for limit in run(describe(), home).assessment.limits]
    assert "The risk tier asks that people hold 1 of the council's seats; in this council they hold none." in limits


def test_what_the_tier_asks_for_cannot_be_skipped(describe: Describe, home: Home) -> None:
    skip = "checks:\n  group_fairness:\n    skip: {reason: {ja: 不要, en: Not needed}}\n"
    error = refused(describe(more=skip), home)
    assert "A system of the risk tier “medium” cannot leave out the check group_fairness." in str(error)
    low = edited(describe(more=skip), ("level: significant", "level: limited"))
    done = run(low, home)
    assert done.assessment.tier.level == "low"
    assert "group_fairness" not in {m.check for m in done.assessment.measurements}


def test_a_framework_of_ones_own_is_assessed_and_travels_with_the_evidence(describe: Describe, home: Home) -> None:
    done = run(with_own(describe("fair 500")), home)
    (framework,) = done.assessment.frameworks
    assert (framework.id, framework.version) == ("own.guideline", "2025-12-19")
    assert result(done, "JP-GL-C2") is Result.MET
    outcome = verify(done.bundle, Policy.from_bytes(done.trust.read_bytes()))
    assert outcome.exit_code == 0


@pytest.mark.parametrize(
    ("pin", "text", "says"),
    [
        (PIN.replace("own.yaml", "none.yaml"), OWN, "There is no file rules/none.yaml."),
        (
            PIN.replace("own.guideline", "own.other"),
            OWN,
            "holds own.guideline 2025-12-19, the description names",
        ),
        (PIN, OWN.replace("kind: consideration", "kind: consideraton", 1), "Did you mean “consideration”?"),
        (PIN.replace("rules/own.yaml", "../own.yaml"), OWN, "out of the description's folder"),
        (PIN.replace("rules/own.yaml", "rules/own.json"), OWN, "This kind of file is not read here."),
        ('{id: jp.aigbb, version: "1.2"}', OWN, "There is no framework “jp.aigbb”."),
        ('{id: jp.aigb, version: "0.9"}', OWN, "has no version “0.9”"),
        (f'{{id: jp.guideline13, version: "2025-12-19"}}\n  - {PIN}', OWN, "have a requirement “JP-GL-C1”"),
    ],
)
def test_a_framework_that_cannot_be_used_is_a_located_error(
    describe: Describe, home: Home, pin: str, text: str, says: str
) -> None:
    path = describe()
    error = refused(with_own(path, text, pin), home)
    assert re.sub(r"\s+", " ", says) in re.sub(r"\s+", " ", str(error))
    assert not (path.parent.parent / "out").exists()
