"""The in-toto statements: what policies of others look at, and signatures that the outsider's verifier accepts."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from shinrai.assess.assessment import Assessment, Result, Text
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai.report.intoto import SVR, TEST_RESULT, to_test_result, to_verification_result
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault
from shinrai_verify.keys import verifies

from .sample import assessment
from .strategies import assessments, may_be_green


def passing() -> Assessment:
    """Return an assessment in which all that is required is certified."""
    sample = assessment()
    met = [item for item in sample.results if item.id in {"JP-AIGB-S-1", "JP-AIGB-H-1", "JP-G13-8"}]
    summary = sample.summary.model_copy(update={"conclusion": "met"})
    return sample.model_copy(update={"results": met, "summary": summary})


def test_the_subject_is_the_system_by_the_digest_of_its_facts() -> None:
    for statement, kind in ((to_test_result(assessment()), TEST_RESULT), (to_verification_result(assessment()), SVR)):
        assert statement.predicate_type == kind
        assert (statement.subject_name, statement.subject_sha256) == ("loan-screening", assessment().system.digest)


def test_what_is_open_stands_among_what_failed_and_never_among_warnings() -> None:
    predicate = to_test_result(assessment()).predicate
    assert predicate["result"] == "FAILED"
    assert predicate["warnedTests"] == []
    assert predicate["passedTests"] == ["JP-AIGB-H-1.oversight", "JP-AIGB-S-1.accuracy", "JP-AIGB-D-1.personal"]
    assert {"JP-AIGB-F-1.sex", "JP-AIGB-F-2.gap", "JP-G13-1.log"} <= set(predicate["failedTests"])
    outcomes = predicate["shinrai_outcomes"]
    assert (outcomes["JP-AIGB-F-1.sex"], outcomes["JP-AIGB-F-2.gap"]) == ("inconclusive", "undecided")
    # What does not apply was not tested: it neither passed nor failed.
    assert outcomes["JP-G13-8.mark"] == "not_applicable"
    assert "JP-G13-8.mark" not in {*predicate["failedTests"], *predicate["passedTests"]}


def test_all_passes_only_when_all_that_is_required_does() -> None:
    assert to_test_result(passing()).predicate["result"] == "PASSED"
    assert to_verification_result(passing()).predicate["properties"] == [
        "SHINRAI_ALL_REQUIRED_PASS",
        "SHINRAI_PASS:JP-AIGB-H-1.oversight",
        "SHINRAI_PASS:JP-AIGB-S-1.accuracy",
    ]
    undecided = passing().model_copy(update={"summary": assessment().summary})
    nothing = passing().model_copy(update={"results": []})
    excluded = [item for item in passing().results if item.result is Result.NOT_APPLICABLE]
    for sample in (undecided, nothing, passing().model_copy(update={"results": excluded})):
        assert to_test_result(sample).predicate["result"] == "FAILED"
        assert "SHINRAI_ALL_REQUIRED_PASS" not in to_verification_result(sample).predicate["properties"]


def test_a_statement_of_a_person_that_no_council_certified_is_no_verified_property() -> None:
    sample = passing()
    attested = sample.results[0]
    alone = attested.leaves[0].model_copy(update={"verdict": None})
    uncertified = sample.model_copy(update={"results": [attested.model_copy(update={"leaves": [alone]})]})
    assert to_test_result(uncertified).predicate["result"] == "PASSED"
    assert to_verification_result(uncertified).predicate["properties"] == []


def test_a_verification_result_names_its_policies_and_how_long_the_evidence_counts() -> None:
    predicate = to_verification_result(assessment()).predicate
    assert predicate["verifier"]["id"] == "https://shinrai.example/shinrai/0.1.0"
    assert [policy["name"] for policy in predicate["verifier"]["policies"]] == [
        *("jp.aigb 1.2", "jp.guideline13 2025-12-19", "manifest.json"),
    ]
    assert predicate["timeCreated"] == "2026-11-20T10:30:00Z"
    assert predicate["shinrai_validUntil"] == "2027-03-31"


@given(assessments())
def test_only_certified_passes_are_properties(sample: Assessment) -> None:
    properties = to_verification_result(sample).predicate["properties"]
    allowed = {f"SHINRAI_PASS:{one.id}" for item in sample.results for one in item.leaves if may_be_green(item, one)}
    assert set(properties) - {"SHINRAI_ALL_REQUIRED_PASS"} <= allowed
    assert Statement.from_bytes(to_verification_result(sample).to_bytes(), "it").predicate["properties"] == properties


@pytest.mark.parametrize("make", [to_test_result, to_verification_result])
def test_the_signature_verifies_with_the_outsiders_verifier_and_a_changed_word_does_not(make, tmp_path: Path) -> None:
    signer = load_signer(tmp_path, "producer")
    data = sign(make(assessment()), signer).to_bytes()
    envelope = Envelope.from_bytes(data, "it")
    (signature,) = envelope.signatures
    assert signature.keyid == signer.keyid
    assert verifies(signer.public, signature.sig, envelope.pae)
    lie = Envelope(envelope.payload.replace(b"not_assessed", b"pass"), envelope.signatures)
    forged = Envelope(envelope.payload.replace(b'"properties":[', b'"properties":["SHINRAI_ALL_REQUIRED_PASS",'), ())
    changed = lie if lie.payload != envelope.payload else forged
    assert changed.payload != envelope.payload
    assert not verifies(signer.public, signature.sig, changed.pae)
    # Equal input, equal bytes: Ed25519 signs the same way every time.
    assert sign(make(assessment()), signer).to_bytes() == data


def test_hostile_names_reach_no_reader_as_they_are() -> None:
    sample = assessment()
    hostile = "a\u202e\x00\nb"
    named = sample.model_copy(update={"system": sample.system.model_copy(update={"id": hostile})})
    payload = json.loads(to_test_result(named).to_bytes())
    assert payload["subject"][0]["name"] == "a⟨U+202E⟩ b"
    with pytest.raises(Fault):
        Statement.from_bytes(b'{"_type":"x"}', "it")


def test_texts_of_people_are_not_in_the_statements() -> None:
    for statement in (to_test_result(assessment()), to_verification_result(assessment())):
        said = statement.to_bytes().decode("utf-8")
        for text in (assessment().system.name, assessment().attestations[0].by):
            assert isinstance(text, Text)
            assert text.ja not in said
            assert text.en not in said
