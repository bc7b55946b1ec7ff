"""The seats of the council on the case of a real small assessment, and on what somebody changed in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from shinrai.assess import assess, make_plan, sign_attestation
from shinrai.assess import run as assessment_run
from shinrai.council import Case, Claim, Piece
from shinrai.council.seats import completeness, embedded_seats, policy
from shinrai.council.seats.provenance import Provenance
from shinrai.council.seats.recompute_seat import Recompute, limit_rules
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Outcome, Rule
from shinrai.evidence import Home, Store
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai.evidence.trust import utc_now
from shinrai.frameworks.model import EvidenceCode
from shinrai.systems import read_description
from shinrai_verify.council import FAIL, INCONCLUSIVE, PASS

TODAY = date(2026, 11, 20)

Describe = Callable[..., Path]
SEATS = [kind.id for kind in embedded_seats()]
BIAS = "JP-GL-C2.bias-runs"
ATTESTED = "JP-GL-C1.override-design"
LIMITS = "checks:\n  group_fairness:\n    limits: {selection_rate.ratio: 0.8}\n"


class _CapturedError(Exception):
    """Ends an assessment once its case is known."""

    def __init__(self, case: Case) -> None:
        super().__init__("captured")
        self.case = case


@pytest.fixture
def case_of(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Case]:
    """Assess a described system up to the round, and return the case the council would be given."""

    def hold_round(_setting: Any, case: Case, _progress: Any) -> None:
        raise _CapturedError(case)

    def captured(path: Path) -> Case:
        plan = make_plan(read_description(path), path.parent, TODAY)
        store = Store(home)
        sign_attestation(home, store, plan, plan.description.attestations[0], utc_now())
        store.close()
        monkeypatch.setattr(assessment_run, "hold_round", hold_round)
        with pytest.raises(_CapturedError) as stopped:
            assess(path, home, path.parent.parent / "out")
        return stopped.value.case

    return captured


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What has been assessed once and is looked at by many: nothing of it is ever changed in place."""
    return {}


@pytest.fixture
def case(kept: dict[str, Any], describe: Describe, case_of: Callable[[Path], Case], home: Home) -> Case:
    if not kept:
        kept |= {"case": case_of(describe("fair 500", more=LIMITS)), "keys": home.keys}
    return kept["case"]


@pytest.fixture
def keys(case: Case, kept: dict[str, Any]) -> Path:  # noqa: ARG001  (the case is what fills kept)
    """The folder of the keys that the case was signed with."""
    return kept["keys"]


def claim_of(case: Case, control: str = BIAS) -> Claim:
    return next(claim for claim in case.claims if claim.control == control)


def say(case: Case, seat: str, claim: Claim | None = None) -> tuple[str, str]:
    """What a seat says on a claim, and why, in English."""
    judge = next(kind for kind in embedded_seats() if kind.id == seat).judge(case)
    opinion = judge(claim or claim_of(case))
    assert not opinion.reason.both().ja.isascii()
    return opinion.value, opinion.reason.both().en


def with_measurement(claim: Claim, change: Callable[[Measurement], Mapping[str, Any]], metric: str) -> Claim:
    """The claim with the fields of one measurement changed."""
    pieces = [
        replace(piece, measurement=replace(piece.measurement, **change(piece.measurement)))
        if piece.measurement is not None and piece.measurement.metric == metric
        else piece
        for piece in claim.pieces
    ]
    return replace(claim, pieces=tuple(pieces))


def with_predicate(piece: Piece, **changed: Any) -> Piece:
    """The piece with the statement that was logged reading otherwise."""
    statement = piece.logged.statement
    predicate = {**statement.predicate, **changed}
    return replace(piece, logged=replace(piece.logged, statement=replace(statement, predicate=predicate)))


def with_first(claim: Claim, change: Callable[[Piece], Piece]) -> Claim:
    return replace(claim, pieces=(change(claim.pieces[0]), *claim.pieces[1:]))


@pytest.mark.parametrize("seat", SEATS)
def test_an_honest_case_is_agreed_to(case: Case, seat: str) -> None:
    assert say(case, seat)[0] == PASS
    assert say(case, seat, claim_of(case, ATTESTED))[0] == PASS


def test_an_honest_failure_is_agreed_to(describe: Describe, case_of: Callable[[Path], Case]) -> None:
    case = case_of(describe("biased 200"))
    assert {say(case, seat)[0] for seat in SEATS} == {FAIL}


def test_an_honest_error_is_agreed_to(describe: Describe, case_of: Callable[[Path], Case]) -> None:
    case = case_of(describe("label,decision,sex\n1,1,f\n0,0,m\n2,0,m\n" * 20))
    assert {piece.measurement.metric for piece in claim_of(case).pieces if piece.measurement} == {"table"}
    assert {say(case, seat)[0] for seat in SEATS} == {INCONCLUSIVE}
    assert "with the same result" in say(case, "recompute")[1]


# ---- what chance and circumstances say of a gap ----

REGIONS = "label,decision,sex,region\n" + "".join(
    f"{label},{label},{sex},{region}\n"
    for region, shares in {"east": {"f": 30, "m": 60}, "west": {"f": 10, "m": 25}}.items()
    for sex, favoured in shares.items()
    for label in [1] * favoured + [0] * (80 - favoured)
)


@pytest.fixture
def stratified(describe: Describe, case_of: Callable[[Path], Case]) -> Case:
    return case_of(describe(REGIONS, share="rows\n    strata: [region]"))


def test_a_number_within_strata_is_asked_for_in_the_description_and_noticed_when_changed(stratified: Case) -> None:
    claim = claim_of(stratified)
    within = [
        piece.measurement for piece in claim.pieces if piece.measurement and piece.measurement.check == "group_audit"
    ]
    assert {one.metric for one in within} >= {"selection_rate.adjusted_difference", "tpr.any_difference"}
    assert not any(one.decisive for one in within)
    assert "with the same result" in say(stratified, "recompute")[1]
    for metric, change in {
        "selection_rate.adjusted_difference": {"value": 0.0, "low": -0.1, "high": 0.1},
        "tpr.any_difference": {"value": 0.5, "low": 0.5, "high": 0.5},
    }.items():
        other = with_measurement(claim, lambda _, change=change: change, metric)  # type: ignore[misc]
        assert f"{metric}: value" in say(replace(stratified, claims=(other,)), "recompute", other)[1]
        assert "does not follow from its counts" in say(stratified, "statistics", other)[1]
    planned = replace(claim, pieces=tuple(p for p in claim.pieces if p.measurement not in within))
    assert "decisions/group_audit are missing" in say(stratified, "completeness", planned)[1]


# ---- policy ----


def test_policy_sees_a_limit_that_was_not_planned(case: Case) -> None:
    claim = with_measurement(claim_of(case), lambda _: {"rule": Rule(Comparison.AT_LEAST, 0.7)}, "selection_rate.ratio")
    value, reason = say(case, "policy", claim)
    assert (value, "not the one that was planned" in reason) == (INCONCLUSIVE, True)
    claim = with_measurement(claim_of(case), lambda _: {"rule": None}, "selection_rate.ratio")
    assert say(case, "policy", claim)[0] == INCONCLUSIVE


def test_policy_sees_a_rule_that_is_not_satisfied(case: Case) -> None:
    claim = with_measurement(claim_of(case), lambda _: {"low": 0.5}, "selection_rate.ratio")
    value, reason = say(case, "policy", claim)
    assert (value, "not what it says" in reason) == (INCONCLUSIVE, True)


def test_policy_sees_a_requirement_that_does_not_apply(case: Case) -> None:
    value, reason = say(replace(case, applicable=case.applicable - {BIAS}), "policy")
    assert (value, "does not apply" in reason) == (INCONCLUSIVE, True)


def test_policy_sees_a_check_that_can_not_show_the_requirement(case: Case) -> None:
    value, reason = say(replace(case, shows={**case.shows, "decisions/group_fairness": ()}), "policy")
    assert (value, "cannot show this" in reason) == (INCONCLUSIVE, True)


def test_policy_leaves_an_error_an_error(case: Case) -> None:
    claim = with_measurement(
        claim_of(case), lambda _: {"outcome": Outcome.ERROR, "value": None, "low": None, "high": None}, "tpr.difference"
    )
    assert policy.opinion(case, claim).value == INCONCLUSIVE
    assert "judged by the rules" in str(policy.opinion(case, claim).reason)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"controls": ["JP-GL-C1.other"]}, "attests something else"),
        ({"choice": "deny"}, "does not affirm"),
        ({"validUntil": "2020-01-01"}, "has expired"),
    ],
)
def test_policy_reads_what_was_attested(case: Case, changed: Mapping[str, Any], words: str) -> None:
    claim = with_first(claim_of(case, ATTESTED), lambda piece: with_predicate(piece, **changed))
    value, reason = say(case, "policy", claim)
    assert (value, words in reason) == (INCONCLUSIVE, True)


def test_policy_needs_somebody_who_attests(case: Case) -> None:
    claim = replace(claim_of(case, ATTESTED), pieces=())
    assert say(case, "policy", claim) == (INCONCLUSIVE, "Nobody has attested this.")


# ---- provenance ----


def test_provenance_sees_another_subject(case: Case) -> None:
    assert "another state of the system" in say(replace(case, subject="0" * 64), "provenance")[1]


def test_provenance_sees_what_has_expired(case: Case) -> None:
    value, reason = say(replace(case, now=case.now + timedelta(days=181)), "provenance")
    assert (value, "expired on" in reason) == (INCONCLUSIVE, True)
    assert say(replace(case, now=case.now + timedelta(days=179)), "provenance")[0] == PASS


def test_provenance_sees_missing_and_changed_contents(case: Case) -> None:
    measurement = claim_of(case).pieces[0].predicate["items"][0]["digest"]["sha256"]
    without = {sha256: content for sha256, content in case.contents.items() if sha256 != measurement}
    for contents in (without, {**case.contents, measurement: b"{}"}):
        value, reason = say(replace(case, contents=contents), "provenance")
        assert (value, "is not at hand or is not what entry" in reason) == (INCONCLUSIVE, True)


def test_provenance_sees_changed_rows(describe: Describe, case_of: Callable[[Path], Case]) -> None:
    case = case_of(describe("fair 50"))
    rows = case.rows["decisions"].file
    rows.write_text(rows.read_text() + "1,1,f\n")
    value, reason = say(case, "provenance")
    assert (value, "rows of decisions" in reason) == (INCONCLUSIVE, True)


def test_provenance_sees_an_entry_that_is_not_in_the_log(case: Case) -> None:
    shorter = replace(case, leaves=[*case.leaves[:-1], b"\x00" * 32])
    outcomes = {say(shorter, "provenance", claim) for claim in case.claims}
    assert any("not in the log that was published" in reason for _, reason in outcomes)
    assert {value for value, _ in outcomes} == {INCONCLUSIVE}


def test_provenance_sees_an_entry_that_was_never_logged(case: Case, keys: Path) -> None:
    def again(piece: Piece) -> Piece:
        statement = replace(piece.logged.statement, predicate={**piece.predicate, "finishedOn": "2020-01-01T00:00:00Z"})
        envelope = sign(statement, load_signer(keys, "producer"))
        return replace(piece, logged=replace(piece.logged, statement=statement, envelope=envelope))

    value, reason = say(case, "provenance", with_first(claim_of(case), again))
    assert (value, "not in the log" in reason) == (INCONCLUSIVE, True)


@pytest.mark.parametrize("key", ["stranger", "seat-policy"])
def test_provenance_sees_an_unknown_key(case: Case, keys: Path, key: str) -> None:
    def by_another(piece: Piece) -> Piece:
        envelope = sign(piece.logged.statement, load_signer(keys, key))
        return replace(piece, logged=replace(piece.logged, envelope=envelope))

    value, _ = say(case, "provenance", with_first(claim_of(case), by_another))
    assert value == INCONCLUSIVE
    if key == "stranger":
        reason = say(case, "provenance", with_first(claim_of(case), by_another))[1]
        assert "good signature of a known key" in reason


def test_provenance_sees_a_broken_signature(case: Case) -> None:
    def broken(piece: Piece) -> Piece:
        first = piece.logged.envelope.signatures[0]
        envelope = replace(piece.logged.envelope, signatures=(replace(first, sig=bytes(64)),))
        return replace(piece, logged=replace(piece.logged, envelope=envelope))

    value, reason = say(case, "provenance", with_first(claim_of(case), broken))
    assert (value, "good signature" in reason) == (INCONCLUSIVE, True)


def test_provenance_sees_a_number_older_than_its_plan(case: Case) -> None:
    late = replace(case, plan=replace(case.plan, index=10**6))
    assert "measured before it was planned" in say(late, "provenance")[1]
    assert Provenance(late).opinion(claim_of(case, ATTESTED)).value == PASS


# ---- completeness ----


def test_completeness_sees_a_part_that_is_missing(case: Case) -> None:
    claim = claim_of(case)
    value, reason = say(case, "completeness", replace(claim, pieces=claim.pieces[1:]))
    assert (value, "decisions/group_fairness are missing" in reason) == (INCONCLUSIVE, True)


def test_completeness_sees_a_planned_check_without_any_result(case: Case) -> None:
    predicate = {**case.plan.statement.predicate, "checks": ["other/group_fairness", "decisions/group_fairness"]}
    planned = replace(case.plan, statement=replace(case.plan.statement, predicate=predicate))
    value, reason = say(replace(case, plan=planned), "completeness")
    assert (value, "other/group_fairness are missing" in reason) == (INCONCLUSIVE, True)


def test_completeness_asks_for_four_fifths_of_the_rows(case: Case) -> None:
    for used, wanted in ((3_999, INCONCLUSIVE), (4_000, PASS)):
        claim = with_measurement(
            claim_of(case), lambda _, used=used: {"coverage": Coverage(used, 5_000)}, "tpr.difference"
        )
        value, reason = say(case, "completeness", claim)
        assert value == wanted
        assert "80" in reason


def test_completeness_leaves_a_table_that_nobody_could_read_to_the_others(case: Case) -> None:
    claim = with_measurement(claim_of(case), lambda _: {"coverage": Coverage(0, 0)}, "tpr.difference")
    assert completeness.opinion(case, claim).value == PASS


# ---- recompute ----


@pytest.mark.parametrize("metric", ["tpr.difference", "ppv.ratio"])
def test_recompute_sees_a_forged_number(case: Case, metric: str) -> None:
    forged = with_measurement(claim_of(case), lambda one: {"value": (one.value or 0.0) + 0.01}, metric)
    changed = replace(case, claims=tuple(forged if one.control == BIAS else one for one in case.claims))
    value, reason = say(changed, "recompute", forged)
    assert (value, metric in reason, "recorded" in reason) == (INCONCLUSIVE, True, True)


def test_recompute_reads_the_rows_and_says_so(case: Case) -> None:
    opinion = Recompute(case).opinion(claim_of(case))
    assert case.rows["decisions"].sha256 in opinion.inspected
    assert "NumPy" in str(opinion.reason)


def test_recompute_uses_the_limits_of_the_description(case: Case) -> None:
    parameters = case.rows["decisions"].checks["group_fairness"]
    assert parameters.limits == {"selection_rate.ratio": Rule(Comparison.AT_LEAST, 0.8)}
    assert limit_rules({"fpr": 0.1, "tpr.difference": 0.2, "auc": 0.7}) == {
        "fpr": Rule(Comparison.AT_MOST, 0.1),
        "tpr.difference": Rule(Comparison.AT_MOST, 0.2),
        "auc": Rule(Comparison.AT_LEAST, 0.7),
    }


def test_recompute_has_nothing_to_say_without_numbers(case: Case) -> None:
    attested = claim_of(case, ATTESTED)
    assert say(case, "recompute", attested)[0] == PASS
    claim = Claim(BIAS, EvidenceCode.MEASUREMENT, attested.pieces)
    assert say(case, "recompute", claim)[0] == INCONCLUSIVE
