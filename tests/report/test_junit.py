from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from hypothesis import given

from shinrai.assess.assessment import Assessment, Result
from shinrai.language import Language
from shinrai.report import to_junit

from .sample import assessment
from .strategies import assessments, may_be_green


def cases(xml: str) -> dict[str, Element]:
    return {case.attrib["name"]: case for case in ElementTree.fromstring(xml).iter("testcase")}


def child(case: Element) -> Element:
    return next(element for element in case if element.tag != "system-out")


def test_each_leaf_of_a_required_requirement_is_one_case() -> None:
    sample = assessment()
    expected = {leaf.id for item in sample.results if item.required for leaf in item.leaves}
    assert set(cases(to_junit(sample))) == expected


def test_a_failure_tells_number_interval_and_limit() -> None:
    failed = child(cases(to_junit(assessment()))["JP-AIGB-F-1.groups"])
    assert (failed.tag, failed.attrib["message"]) == ("failure", "Not met: One measurement fails.")
    assert "0.682 (95% interval 0.510 to 0.7999, n = 989); limit: at least 0.800" in (failed.text or "")


def test_what_is_not_decided_is_an_error_and_never_skipped() -> None:
    by_name = cases(to_junit(assessment(), Language.JA))
    for name, kind in (
        ("JP-AIGB-F-1.sex", "inconclusive"),
        ("JP-AIGB-F-2.gap", "undecided"),
        ("JP-AIGB-D-1.missing", "not_assessed"),
        ("JP-G13-1.log", "not_assessed"),
    ):
        error = child(by_name[name])
        assert (error.tag, error.attrib["type"]) == ("error", kind)
    assert "2026年10月31日で期限切れ" in (child(by_name["JP-AIGB-D-1.missing"]).text or "")


def test_not_applicable_with_an_approver_is_skipped_and_says_why() -> None:
    skipped = child(cases(to_junit(assessment()))["JP-G13-8.mark"])
    assert (skipped.tag, skipped.attrib["message"]) == ("skipped", "Not applicable: This system generates no content.")


def test_a_required_requirement_without_leaves_is_an_error() -> None:
    sample = assessment()
    bare = sample.results[3].model_copy(update={"leaves": [], "result": Result.MET})
    (case,) = cases(to_junit(sample.model_copy(update={"results": [bare]}))).values()
    assert child(case).tag == "error"


def test_totals_add_up() -> None:
    root = ElementTree.fromstring(to_junit(assessment()))
    for element in (root, *root.iter("testsuite")):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.attrib[name]) == len(list(element.iter(tag)))


@given(assessments())
def test_only_what_may_be_green_is_green(sample: Assessment) -> None:
    # Parsing shows as well that no text, however hostile, breaks the XML.
    green = {name for name, case in cases(to_junit(sample)).items() if all(el.tag == "system-out" for el in case)}
    allowed = {one.id for item in sample.results if item.required for one in item.leaves if may_be_green(item, one)}
    assert green == allowed
