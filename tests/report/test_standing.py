from hypothesis import given

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult, Result
from shinrai.report.standing import Standing, attestations_of, measurements_of, standing

from .sample import assessment, leaf, requirement, text, verdict
from .strategies import assessments, may_be_green

WHY = text("理由", "reason")
GOOD, STALE, INCONCLUSIVE = (
    "loans.performance.all.accuracy",
    "loans.data_quality.all.missing",
    "loans.group_fairness.sex.tpr.difference",
)


def stands(one: Leaf, **changes: object) -> Standing:
    item = requirement("R", text("要求", "R"), Result.PARTLY, WHY, [one]).model_copy(update=changes)
    return standing(item, one, assessment())


def test_a_certified_pass_on_current_evidence_is_met() -> None:
    one = leaf("R.a", WHY, "met", WHY, origin="measured", measurements=[GOOD], verdict=verdict("pass"))
    assert stands(one) is Standing.MET


def test_a_current_signed_statement_needs_no_vote() -> None:
    assert stands(leaf("R.a", WHY, "met", WHY, origin="attested", attestations=["oversight"])) is Standing.MET


def test_met_without_a_vote_on_a_measurement_is_undecided() -> None:
    assert stands(leaf("R.a", WHY, "met", WHY, origin="measured", measurements=[GOOD])) is Standing.UNDECIDED


def test_met_on_expired_or_missing_evidence_is_undecided() -> None:
    for names in ([STALE], ["gone"], []):
        one = leaf("R.a", WHY, "met", WHY, origin="measured", measurements=names, verdict=verdict("pass"))
        assert stands(one) is Standing.UNDECIDED
    unsigned = leaf("R.a", WHY, "met", WHY, origin="attested", attestations=["training"])
    assert stands(unsigned) is Standing.UNDECIDED


def test_met_against_the_verdict_is_undecided() -> None:
    for outcome in ("fail", "inconclusive", "undecided", "void"):
        one = leaf("R.a", WHY, "met", WHY, origin="measured", measurements=[GOOD], verdict=verdict(outcome))
        assert stands(one) is Standing.UNDECIDED


def test_not_met_stays_not_met() -> None:
    assert stands(leaf("R.a", WHY, "not_met", WHY)) is Standing.NOT_MET


def test_not_assessed_tells_why() -> None:
    assert stands(leaf("R.a", WHY, "not_assessed", WHY)) is Standing.NOT_ASSESSED
    assert stands(leaf("R.a", WHY, "not_assessed", WHY, measurements=[INCONCLUSIVE])) is Standing.INCONCLUSIVE
    assert stands(leaf("R.a", WHY, "not_assessed", WHY, verdict=verdict("inconclusive"))) is Standing.INCONCLUSIVE
    assert stands(leaf("R.a", WHY, "not_assessed", WHY, measurements=[STALE])) is Standing.NOT_ASSESSED
    for outcome in ("undecided", "void"):
        assert stands(leaf("R.a", WHY, "not_assessed", WHY, verdict=verdict(outcome))) is Standing.UNDECIDED


def test_not_applicable_needs_a_named_approver() -> None:
    one = leaf("R.a", WHY, "met", WHY)
    assert stands(one, result=Result.NOT_APPLICABLE, approver=WHY) is Standing.NOT_APPLICABLE
    assert stands(one, result=Result.NOT_APPLICABLE, approver=None) is Standing.UNDECIDED


@given(assessments())
def test_only_what_may_be_green_is_met(sample: Assessment) -> None:
    def agrees(item: RequirementResult, one: Leaf) -> bool:
        return (standing(item, one, sample) is Standing.MET) == may_be_green(item, one)

    assert all(agrees(item, one) for item in sample.results for one in item.leaves)


def test_evidence_that_the_assessment_does_not_carry_is_left_out() -> None:
    one = leaf("R.a", WHY, "met", WHY, measurements=["gone", GOOD], attestations=["gone", "oversight"])
    assert [record.id for record in measurements_of(one, assessment())] == [GOOD]
    assert [record.id for record in attestations_of(one, assessment())] == ["oversight"]
