"""Results follow from evidence by the rules, whatever the evidence is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.assess.assessment import (
    ApprovalRecord,
    AttestationRecord,
    Leaf,
    MeasurementRecord,
    RequirementResult,
    Result,
    Share,
    Text,
    Verdict,
)
from shinrai.assess.results import Evidence, combine, leaf_at, requirement_results, summarise

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = Text(ja="文", en="text")


def measurement(
    outcome: str = "pass",
    *,
    decisive: bool = True,
    current: bool = True,
    until: date = date(2027, 1, 1),
    made: datetime = NOW,
) -> MeasurementRecord:
    return MeasurementRecord(
        id=f"m-{outcome}", target="t", check="c", metric="m", columns=[], title=WORDS, value=0.5, interval=None, n=100,
        coverage=Share(part=1, whole=1), outcome=outcome, comparison="at_most", limit=0.1, decisive=decisive, method="",
        reason=None, needed_n=None, groups=[], findings=[], shows=[], evidence="e", log_index=0, measured_on=made,
        valid_until=until, current=current,
    )  # fmt: skip


def attestation(
    *,
    signed: bool = True,
    current: bool = True,
    until: date = date(2027, 1, 1),
    cause: Text | None = None,
    made: datetime | None = NOW,
) -> AttestationRecord:
    return AttestationRecord(
        id="a", shows="R.q", by=WORDS, position=WORDS, statement=WORDS, document=None, expires=until, signed=signed,
        signed_on=made if signed else None, current=current, evidence=None, log_index=None, cause=cause,
    )  # fmt: skip


def leaf(
    code: str = "A",
    *,
    verdict: str | None = "pass",
    contested: bool = False,
    measurements: list[str] | None = None,
    attestations: list[str] | None = None,
) -> Leaf:
    judged = Verdict(outcome=verdict, contested=contested, votes=[], certificate=None) if verdict else None
    return Leaf(
        id="R.l", title=WORDS, code=code, state="not_assessed", cause=WORDS, origin=None,
        measurements=measurements or [], attestations=attestations or [], verdict=judged,
    )  # fmt: skip


def evidence(*records: MeasurementRecord | AttestationRecord) -> Evidence:
    return Evidence(
        {r.id: r for r in records if isinstance(r, MeasurementRecord)},
        {r.id: r for r in records if isinstance(r, AttestationRecord)},
        NOW,
    )


LONG_AGO = date(2026, 1, 1)
TOMORROW = NOW + timedelta(days=1)
ERROR = measurement("error")
STALE = measurement(current=False, until=LONG_AGO)
EARLY = measurement(current=False, made=TOMORROW)
UNSIGNED = attestation(signed=False)
LAPSED = attestation(signed=False, cause=WORDS)
EXPIRED = attestation(current=False, until=LONG_AGO)
ASKED = {"attestations": ["a"]}


@pytest.mark.parametrize(
    ("given_leaf", "records", "state", "origin", "says"),
    [
        (leaf(measurements=["m-pass"]), [measurement()], "met", "measured", "All 1 decisive"),
        (leaf(verdict="fail", measurements=["m-fail"]), [measurement("fail")], "not_met", "measured", "1 of 1"),
        (leaf(verdict="inconclusive", measurements=["m-error"]), [ERROR], "not_assessed", None, "1 ended in an error"),
        (leaf(verdict="undecided", measurements=["m-pass"]), [measurement()], "not_assessed", None, "did not agree"),
        (leaf(verdict="void", measurements=["m-pass"]), [measurement()], "not_assessed", None, "did not agree"),
        (leaf(verdict=None, measurements=["m-pass"]), [measurement()], "not_assessed", None, "has not judged"),
        (leaf(contested=True, measurements=["m-pass"]), [measurement()], "not_assessed", None, "contested"),
        (leaf("Q", contested=True, **ASKED), [attestation()], "not_assessed", None, "contested"),
        (leaf(measurements=["m-pass"]), [STALE], "not_assessed", None, "expired on 2026-01-01"),
        (leaf(measurements=["m-pass"]), [EARLY], "not_assessed", None, "did not exist yet"),
        (leaf(verdict=None), [], "not_assessed", None, "No check measured"),
        (leaf(verdict=None, **ASKED), [attestation()], "not_assessed", None, "needs a measurement"),
        (leaf("L", verdict=None), [], "not_assessed", None, "logs or configuration"),
        (leaf("X", verdict=None), [], "not_assessed", None, "outside one organisation"),
        (leaf("Q", **ASKED), [attestation()], "met", "attested", "Attested by text"),
        (leaf("D", **ASKED), [attestation()], "met", "attested", "Attested by text"),
        (leaf("Q", verdict=None), [], "not_assessed", None, "Nobody has attested"),
        (leaf("Q", verdict=None, **ASKED), [UNSIGNED], "not_assessed", None, "Nobody has attested"),
        (leaf("Q", verdict=None, **ASKED), [LAPSED], "not_assessed", None, "text"),
        (leaf("Q", **ASKED), [EXPIRED], "not_assessed", None, "expired"),
        (leaf("Q", **ASKED), [attestation(current=False)], "not_assessed", None, "Nobody has attested"),
        (leaf("Q", verdict="inconclusive", **ASKED), [attestation()], "not_assessed", None, "did not certify"),
        (leaf("Q", verdict=None, **ASKED), [attestation()], "not_assessed", None, "did not certify"),
    ],
)  # fmt: skip
def test_a_leaf_is_what_its_evidence_says(
    given_leaf: Leaf, records: list[Any], state: str, origin: str | None, says: str
) -> None:
    found = leaf_at(given_leaf, evidence(*records))
    assert (found.state, found.origin) == (state, origin)
    assert says in found.cause.en
    assert found.cause.ja


@given(st.lists(st.sampled_from(["met", "not_met", "not_assessed"]), max_size=6))
def test_nothing_is_met_on_part_of_what_it_asks(states: list[Any]) -> None:
    result = combine(states)
    assert (result is Result.MET) == (bool(states) and set(states) == {"met"})
    assert (result is Result.NOT_MET) == ("not_met" in states)
    if not states or set(states) == {"not_assessed"}:
        assert result is Result.NOT_ASSESSED


def requirement(
    name: str = "R",
    *,
    leaves: list[Leaf] | None = None,
    principle: str | None = None,
    exclusion: Text | None = None,
    required: bool = False,
) -> RequirementResult:
    return RequirementResult(
        id=name, framework="f", principle=principle, title=WORDS, text=WORDS, force="should", certainty="C", source="s",
        roles=[], result=Result.NOT_ASSESSED, cause=WORDS, required=required, coverage=Share(part=0, whole=0),
        leaves=leaves or [], exclusion=exclusion,
    )  # fmt: skip


def approval(*covers: str, current: bool = True) -> ApprovalRecord:
    return ApprovalRecord(
        by=WORDS, position=WORDS, covers=list(covers), signed_on=NOW, expires=date(2027, 1, 1), current=current,
        evidence="e", log_index=0,
    )  # fmt: skip


def derive(
    *requirements: RequirementResult, approvals: list[ApprovalRecord] | None = None
) -> dict[str, RequirementResult]:
    records = evidence(measurement(), measurement("fail"), attestation())
    return {r.id: r for r in requirement_results(requirements, records, approvals or [])}


MET = leaf(measurements=["m-pass"])
FAILED = leaf(verdict="fail", measurements=["m-fail"])
OPEN = leaf(verdict=None)


def test_not_applicable_needs_a_reason_and_a_named_approver() -> None:
    asked = requirement(leaves=[MET], exclusion=WORDS)
    assert derive(asked)["R"].result is Result.NOT_ASSESSED
    assert derive(asked, approvals=[approval("other")])["R"].result is Result.NOT_ASSESSED
    assert derive(asked, approvals=[approval("R", current=False)])["R"].result is Result.NOT_ASSESSED
    found = derive(asked, approvals=[approval("R")])["R"]
    assert (found.result, found.approver, found.cause) == (Result.NOT_APPLICABLE, WORDS, WORDS)


@pytest.mark.parametrize(
    ("leaves", "result", "coverage"),
    [
        ([MET], Result.MET, (1, 1)),
        ([MET, OPEN], Result.PARTLY, (1, 2)),
        ([MET, FAILED], Result.NOT_MET, (2, 2)),
        ([OPEN], Result.NOT_ASSESSED, (0, 1)),
        ([OPEN, OPEN], Result.NOT_ASSESSED, (0, 2)),
    ],
)
def test_a_requirement_follows_from_its_leaves(leaves: list[Leaf], result: Result, coverage: tuple[int, int]) -> None:
    found = derive(requirement(leaves=leaves))["R"]
    assert (found.result, (found.coverage.part, found.coverage.whole)) == (result, coverage)
    assert found.cause.en


@pytest.mark.parametrize(
    ("below", "result"),
    [
        ([[MET], [MET]], Result.MET),
        ([[MET], [OPEN]], Result.PARTLY),
        ([[MET, OPEN], [OPEN]], Result.PARTLY),
        ([[MET], [FAILED]], Result.NOT_MET),
        ([[OPEN], [OPEN]], Result.NOT_ASSESSED),
        ([None, [MET]], Result.MET),
        ([None, None], Result.NOT_APPLICABLE),
    ],
)
def test_a_heading_follows_from_what_is_under_it(below: list[list[Leaf] | None], result: Result) -> None:
    parts = [
        requirement(f"P{number}", leaves=leaves or [OPEN], principle="H", exclusion=None if leaves else WORDS)
        for number, leaves in enumerate(below)
    ]
    found = derive(requirement("H"), *parts, approvals=[approval("P0", "P1")])["H"]
    assert found.result is result
    assert (found.approver is not None) == (result is Result.NOT_APPLICABLE)


def test_headings_of_headings_are_derived_from_the_bottom() -> None:
    found = derive(requirement("H"), requirement("I", principle="H"), requirement("P", principle="I", leaves=[MET]))
    assert {r.result for r in found.values()} == {Result.MET}


def test_a_heading_with_nothing_under_it_is_not_assessed() -> None:
    assert derive(requirement("H"))["H"].result is Result.NOT_ASSESSED
    assert (
        derive(requirement("H", exclusion=WORDS), requirement("P", principle="H", leaves=[MET]))["H"].result
        is Result.NOT_ASSESSED
    )


@pytest.mark.parametrize(
    ("results", "conclusion", "exit_code"),
    [
        ([Result.MET], "met", 0),
        ([Result.MET, Result.NOT_APPLICABLE], "met", 0),
        ([Result.NOT_APPLICABLE], "undecided", 2),
        ([], "undecided", 2),
        ([Result.MET, Result.PARTLY], "undecided", 2),
        ([Result.MET, Result.NOT_ASSESSED], "undecided", 2),
        ([Result.NOT_ASSESSED, Result.NOT_MET], "not_met", 1),
    ],
)
def test_the_conclusion_rests_on_the_required(results: list[Result], conclusion: str, exit_code: int) -> None:
    required = [
        requirement(f"R{n}", required=True, leaves=[OPEN]).model_copy(update={"result": r})
        for n, r in enumerate(results)
    ]
    other = requirement("other", leaves=[FAILED]).model_copy(update={"result": Result.NOT_MET})
    summary = summarise(
        [*required, other], [measurement(), measurement("error", current=False)], [attestation(current=False)]
    )
    assert (summary.conclusion, summary.exit_code) == (conclusion, exit_code)
    assert sum(summary.required_counts.values()) == len(results)
    assert summary.counts[Result.NOT_MET] == results.count(Result.NOT_MET) + 1
    assert summary.measurement_counts == {"pass": 1, "fail": 0, "inconclusive": 0, "error": 1}
    assert summary.origins == {"measured": 1, "imported": 0, "attested": 0}
