import json

from hypothesis import given

from shinrai.assess.assessment import Assessment
from shinrai.language import Language
from shinrai.report import to_sarif

from .sample import assessment
from .strategies import assessments, may_be_green


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
