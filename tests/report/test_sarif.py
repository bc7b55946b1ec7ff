import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from shinrai.assess.assessment import Assessment
from shinrai.language import Language
from shinrai.report import to_sarif

from .sample import HOSTILE, assessment
from .strategies import assessments, may_be_green

SCHEMA = Path(__file__).parent / "schemas" / "sarif_schema_2.1.0_rtm.5.json.gz"


@cache
def schema() -> Any:
    text = gzip.decompress(SCHEMA.read_bytes()).decode("utf-8")
    # The published expression for a language tag has a bracket that nothing opens, which strict readers refuse.
    text = text.replace('"^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$"', '"^[a-zA-Z]{2}(-[a-zA-Z]{2})?$"')
    tree = json.loads(text)
    return jsonschema_rs.validator_for(tree, validate_formats=True)


def errors(sample: Assessment, **given: Any) -> list[str]:
    tree = json.loads(json.dumps(to_sarif(sample, **given)))
    return [f"{list(error.instance_path)}: {error.message[:200]}" for error in schema().iter_errors(tree)]


def results(sample: Assessment) -> dict[str, dict[str, object]]:
    return {result["ruleId"]: result for result in to_sarif(sample)["runs"][0]["results"]}


def test_kinds_and_levels() -> None:
    found = {name: (result["kind"], result["level"]) for name, result in results(assessment()).items()}
    assert found["JP-AIGB-S-1.accuracy"] == ("pass", "none")
    assert found["JP-AIGB-F-1.groups"] == ("fail", "error")
    assert found["JP-AIGB-F-1.sex"] == ("open", "none")
    assert found["JP-AIGB-F-2.gap"] == ("review", "none")
    assert found["JP-G13-2.log"] == ("review", "none")
    assert found["JP-G13-8.mark"] == ("notApplicable", "none")


def test_results_point_at_their_rules_and_at_the_description() -> None:
    run = to_sarif(assessment(), Language.JA, description="config/shinrai.yaml")["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == "config/shinrai.yaml"
    assert rules[0]["shortDescription"]["text"] == "Measurement of fairness between groups"
    assert rules[0]["properties"]["titleJa"] == "集団間の公平性の測定"
    assert run["results"][0]["message"]["text"].startswith("未達成：1件の測定が不合格です。")


def test_fingerprints_are_stable_and_distinct() -> None:
    first, second = results(assessment()), results(assessment())
    prints = [result["partialFingerprints"] for result in first.values()]
    assert prints == [result["partialFingerprints"] for result in second.values()]
    assert len({json.dumps(one) for one in prints}) == len(prints)


@given(assessments())
def test_only_what_may_be_green_passes_and_only_failures_have_a_level(sample: Assessment) -> None:
    found = results(sample)
    green = {name for name, result in found.items() if result["kind"] == "pass"}
    assert green == {one.id for item in sample.results for one in item.leaves if may_be_green(item, one)}
    assert all((result["kind"] == "fail") == (result["level"] == "error") for result in found.values())


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("alerts_only", [False, True])
def test_it_is_valid_by_the_published_schema(language: Language, alerts_only: bool) -> None:
    # A path that is no address as it stands, and hostile text nearly everywhere.
    description = f"Ordner mit Leerzeichen/{HOSTILE}.yaml"
    assert errors(assessment(), language=language, alerts_only=alerts_only, description=description) == []


@given(assessments())
def test_any_assessment_is_valid_and_results_point_at_their_rules(sample: Assessment) -> None:
    assert errors(sample) == []
    (run,) = to_sarif(sample)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_what_is_met_in_part_says_so_in_each_result() -> None:
    properties = results(assessment())["JP-AIGB-D-1.personal"]["properties"]
    assert (properties["outcome"], properties["requirementResult"]) == ("pass", "partly")  # type: ignore[index]


def test_for_a_service_that_shows_alerts_alone_everything_open_is_one() -> None:
    alerts = {r["ruleId"]: r for r in to_sarif(assessment(), alerts_only=True)["runs"][0]["results"]}
    assert alerts["JP-AIGB-F-1.groups"]["level"] == "error"
    assert alerts["JP-AIGB-F-2.gap"]["level"] == "warning"
    assert not {"JP-AIGB-S-1.accuracy", "JP-G13-8.mark", "JP-G13-2.log"} & set(alerts)
    # Without a kind the standard takes `fail`, which may have a level above `none`.
    assert all("kind" not in alert for alert in alerts.values())


def test_a_required_requirement_of_which_nothing_was_asked_is_reported() -> None:
    sample = assessment()
    bare = sample.results[3].model_copy(update={"leaves": []})
    (result,) = results(sample.model_copy(update={"results": [bare]})).values()
    assert (result["kind"], result["ruleId"]) == ("review", bare.id)
