"""No export shows as passed what is not certified as passed: every combination there is, in every format."""

from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult, Result
from shinrai.report.intoto import to_verification_result
from shinrai.report.outcome import Outcome, leaf_outcome, requirement_outcomes

from . import readers
from .sample import SEATS, assessment, leaf, requirement, text, verdict
from .strategies import assessments, may_be_green

# Each dimension from its best value on; the first value of an ordered one is the only one that may be green.
STATES = ("met", "not_assessed", "not_met")
VERDICTS = ("pass", None, "inconclusive", "undecided", "void", "fail")
CONTESTED = (False, True)
ORIGINS = ("measured", "attested", None)
RESULTS = tuple(Result)
EVIDENCE = ("loans.performance.all.accuracy", "loans.data_quality.all.missing", None)
APPROVED = (True, False)
OUTDATED = (False, True)
ALL = tuple(product(STATES, VERDICTS, CONTESTED, ORIGINS, RESULTS, EVIDENCE, APPROVED, OUTDATED))
READERS: dict[str, Callable[[Assessment], readers.Read]] = {
    "OSCAL": readers.oscal,
    "SARIF": readers.sarif,
    "JUnit": readers.junit,
    "in-toto test result": readers.tests_passed,
}


def name_of(number: int) -> str:
    return f"R-{number}.leaf"


@cache
def everything() -> Assessment:
    """Return one assessment with a requirement for each combination."""
    results = []
    for number, (state, outcome, contested, origin, result, evidence, approved, outdated) in enumerate(ALL):
        judged = None
        if outcome is not None:
            judged = verdict(outcome, against=SEATS[:2] if contested else ()).model_copy(update={"votes": []})
        one = leaf(
            name_of(number),
            text("証拠", "Evidence"),
            state,
            text("理由", "Reason"),
            origin=origin,
            measurements=[evidence] if evidence else [],
            verdict=judged,
        )
        approver = text("承認者", "An approver") if approved else None
        also = text("別の版", "Another version") if outdated else None
        row = requirement(f"R-{number}", one.title, result, one.cause, [one], approver=approver, outdated=also)
        results.append(row.model_copy(update={"principle": None}))
    return assessment().model_copy(update={"results": results})


@cache
def read(reader: str) -> readers.Read:
    return READERS[reader](everything())


def rows() -> list[tuple[RequirementResult, Leaf]]:
    return [(item, item.leaves[0]) for item in everything().results]


@pytest.mark.parametrize("reader", READERS)
def test_a33_only_a_certified_pass_is_green(reader: str) -> None:
    allowed = {one.id for item, one in rows() if may_be_green(item, one)}
    assert allowed
    assert read(reader).green == allowed


def test_a33_a_verification_result_lists_certified_passes_alone() -> None:
    allowed = {one.id for item, one in rows() if may_be_green(item, one) and one.verdict and one.verdict.certificate}
    assert readers.properties(everything()).green == allowed
    listed = to_verification_result(everything()).predicate["properties"]
    assert "SHINRAI_ALL_REQUIRED_PASS" not in listed


def test_a33_where_alerts_alone_are_shown_silence_is_a_pass_or_an_approved_exclusion() -> None:
    approved = {one.id for item, one in rows() if item.result is Result.NOT_APPLICABLE and item.approver}
    allowed = {one.id for item, one in rows() if may_be_green(item, one)} | approved
    assert readers.alerts(everything()).green == allowed


@pytest.mark.parametrize("reader", READERS)
def test_a33_what_failed_is_shown_as_failed(reader: str) -> None:
    failed = {one.id for item, one in rows() if item.result is not Result.NOT_APPLICABLE and one.state == "not_met"}
    shown = read(reader).failed
    assert failed <= shown if reader == "in-toto test result" else failed == shown


@pytest.mark.parametrize("reader", READERS)
def test_a33_nothing_gets_greener_by_getting_worse(reader: str) -> None:
    green, number = read(reader).green, {combination: index for index, combination in enumerate(ALL)}
    worse = {0: STATES, 1: VERDICTS[2:], 2: CONTESTED, 5: EVIDENCE, 7: OUTDATED}
    pairs = 0
    for combination, index in number.items():
        for place, values in worse.items():
            if name_of(index) in green or combination[place] not in values:
                continue
            for value in values[values.index(combination[place]) + 1 :]:  # type: ignore[arg-type]
                other = (*combination[:place], value, *combination[place + 1 :])
                assert name_of(number[other]) not in green
                pairs += 1
    assert pairs > 10_000


def test_a33_an_outcome_is_a_pass_exactly_where_it_may_be_green() -> None:
    sample = everything()
    for item, one in rows():
        assert (leaf_outcome(item, one, sample) is Outcome.PASS) == may_be_green(item, one)
    for (item, one), outcome in zip(rows(), requirement_outcomes(sample), strict=True):
        if outcome is Outcome.PASS:
            assert may_be_green(item, one)
            assert item.result is Result.MET


@settings(max_examples=40, deadline=None)
@given(assessments())
def test_a33_in_any_assessment_every_format_agrees_on_what_is_green(sample: Assessment) -> None:
    allowed = {one.id for item in sample.results for one in item.leaves if may_be_green(item, one)}
    required = {one.id for item in sample.results if item.required for one in item.leaves}
    assert readers.oscal(sample).green == readers.sarif(sample).green == allowed
    assert readers.junit(sample).green == readers.tests_passed(sample).green == allowed & required
    assert readers.properties(sample).green <= allowed
    assert readers.alerts(sample).green >= allowed & required


@settings(max_examples=40, deadline=None)
@given(assessments())
def test_a33_a_control_is_satisfied_only_where_all_of_it_is(sample: Assessment) -> None:
    states = readers.oscal_controls(sample)
    assert set(states) == {item.id for item in sample.results}
    for item in sample.results:
        whole = bool(item.leaves) and all(may_be_green(item, one) for one in item.leaves)
        assert (states[item.id] == "satisfied") == (item.result is Result.MET and whole)
        approved = item.result is Result.NOT_APPLICABLE and item.approver
        if item.required and states[item.id] != "satisfied" and not approved:
            assert item.id in readers.actions(sample)


def test_a33_a_contested_pass_is_contested_and_a_void_round_void() -> None:
    sample = everything()
    found = {}
    for (state, outcome, contested, origin, result, *_), (item, one) in zip(ALL, rows(), strict=True):
        if (state, origin, result) == ("met", "measured", Result.MET) and item.outdated is None:
            found[outcome, contested] = leaf_outcome(item, one, sample)
    assert found["pass", True] is Outcome.CONTESTED
    assert found["void", False] is Outcome.VOID
    assert found["undecided", True] is Outcome.UNDECIDED


def test_a_heading_rests_on_what_stands_under_it() -> None:
    sample = assessment()
    part = next(item for item in sample.results if item.id == "JP-AIGB-S-1")
    head = part.model_copy(update={"id": "HEAD", "leaves": []})
    under = part.model_copy(update={"principle": "HEAD"})
    worse = next(item for item in sample.results if item.id == "JP-AIGB-F-2").model_copy(update={"principle": "HEAD"})

    def outcome(*rows: RequirementResult) -> Outcome:
        return requirement_outcomes(sample.model_copy(update={"results": list(rows)}))[0]

    assert outcome(head, under) is Outcome.PASS
    assert outcome(head, under, worse) is Outcome.UNDECIDED
    assert outcome(head) is Outcome.NOT_ASSESSED
    # Two headings that stand under each other rest on nothing.
    other = head.model_copy(update={"id": "B", "principle": "HEAD"})
    assert outcome(head.model_copy(update={"principle": "B"}), other) is Outcome.NOT_ASSESSED
    # Nor does a chain of headings that nobody can follow to its end.
    chain = [head.model_copy(update={"id": f"H{n}", "principle": f"H{n - 1}"}) for n in range(2000)]
    assert outcome(*chain) is Outcome.NOT_ASSESSED
