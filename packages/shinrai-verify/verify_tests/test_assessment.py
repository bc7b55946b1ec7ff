"""The assessment (V11): it shows what was signed, and claims nothing beyond what was certified."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai_verify.encoding import canonical_json

from .world import ATTESTED, MEASURED, SEATS, World, measurement, put, said

PLAIN = World()
DOCUMENT = json.loads(PLAIN.document())
NOT_MET = {(name, MEASURED): ["fail"] for name in SEATS}
OPEN = {(name, MEASURED): ["inconclusive"] for name in SEATS}


def edited(*edits, votes=None):
    def edit(document):
        for each in edits:
            document = each(document)
        return document

    return World(edits={"document": edit}, votes=votes or {})


def result(number, value):
    return put("results", number, "result", value)


def conclusion(word, code):
    return lambda document: put("summary", {"conclusion": word, "exitCode": code})(document)


MET = conclusion("met", 0)
NO_VERDICT = "reports another verdict on"
CLAIMS = {
    # Claims beyond the council's verdict.
    "met without a certified pass": (
        edited(put("results", 1, "leaves", 0, "state", "met"), result(1, "met"), result(0, "met"), MET, votes=OPEN),
        "the assessment calls X-1.measured met, the council did not certify that",
    ),
    "met where the council failed it": (
        edited(put("results", 1, "leaves", 0, "state", "met"), result(1, "met"), result(0, "met"), MET, votes=NOT_MET),
        "the assessment calls X-1.measured met, the council did not certify that",
    ),
    "not met where the council passed it": (
        edited(put("results", 1, "leaves", 0, "state", "not_met")),
        "the assessment calls X-1.measured not_met, the council did not certify that",
    ),
    "met where nobody voted": (
        edited(put("results", 3, "leaves", 0, "state", "met")),
        "the assessment calls X-3.none met, the council did not certify that",
    ),
    "a state that does not exist": (
        edited(put("results", 1, "leaves", 0, "state", "excellent")),
        "the assessment calls X-1.measured excellent, the council did not certify that",
    ),
    "no state": (edited(put("results", 1, "leaves", 0, "state", ...)), "calls X-1.measured None"),
    "another verdict": (
        edited(put("results", 1, "leaves", 0, "verdict", "outcome", "fail")),
        f"{NO_VERDICT} X-1.measured",
    ),
    "no verdict": (edited(put("results", 1, "leaves", 0, "verdict", None)), f"{NO_VERDICT} X-1.measured"),
    "an invented verdict": (
        edited(put("results", 3, "leaves", 0, "verdict", {"outcome": "pass"})),
        f"{NO_VERDICT} X-3.none",
    ),
    "a verdict left out": (
        edited(
            put("results", 1, "leaves", []), result(1, "not_assessed"), result(0, "partly"), conclusion("undecided", 2)
        ),
        "the assessment leaves out X-1.measured, on which the council voted",
    ),
    "a failed requirement left out": (
        edited(put("results", 1, ...), result(0, "met"), MET, votes=NOT_MET),
        "the assessment leaves out X-1.measured, on which the council voted",
    ),
    # Results that do not follow from what is below them.
    "met on an open leaf": (
        edited(result(1, "met"), result(0, "met"), MET, votes=OPEN),
        "calls X-1 met, its evidence does not",
    ),
    "partly on a failed leaf": (edited(result(1, "partly"), votes=NOT_MET), "calls X-1 partly, its evidence does not"),
    "not assessed on a failed leaf": (edited(result(1, "not_assessed"), votes=NOT_MET), "calls X-1 not_assessed, its"),
    "not assessed on a met leaf": (edited(result(1, "not_assessed")), "calls X-1 not_assessed, its evidence does not"),
    "a heading met over a failed part": (
        edited(result(0, "met"), MET, votes=NOT_MET),
        "calls X met, its evidence does not",
    ),
    "a heading met over an open part": (
        edited(result(0, "met"), MET, votes=OPEN),
        "calls X met, its evidence does not",
    ),
    "a heading met over nothing": (
        edited(
            lambda d: {**d, "results": [*d["results"], {"id": "Y", "leaves": [], "principle": None, "result": "met"}]}
        ),
        "calls Y met, its evidence does not",
    ),
    "a heading left out with failed parts and no word": (
        edited(result(0, "not_assessed"), votes=NOT_MET),
        "calls X not_assessed",
    ),
    "a result that does not exist": (edited(result(1, "certified")), "calls X-1 certified, its evidence does not"),
    "no result": (edited(result(1, ...)), "calls X-1 None, its evidence does not"),
    "not applicable without approval": (edited(result(1, "not_applicable")), "calls X-1 not_applicable, its evidence"),
    "a heading not applicable over parts that apply": (edited(result(0, "not_applicable")), "calls X not_applicable"),
    "a requirement with a strange name": (edited(put("results", 1, "id", "X 1")), "assessment.json has an identifier"),
    "a leaf with a strange name": (
        edited(put("results", 1, "leaves", 0, "id", None)),
        "assessment.json has an identifier",
    ),
    "a failed requirement beside a met one of its name": (
        edited(lambda d: {**d, "results": [*d["results"], d["results"][1] | {"result": "met"}]}, votes=NOT_MET),
        "calls X-1 met, its evidence does not",
    ),
    # The conclusion.
    "met over an open requirement": (edited(MET, votes=OPEN), "the conclusion of the assessment does not follow"),
    "met over a failed requirement": (edited(MET, votes=NOT_MET), "the conclusion of the assessment does not follow"),
    "undecided over a failed requirement": (edited(conclusion("undecided", 2), votes=NOT_MET), "does not follow"),
    "met where nothing is required": (edited(put("results", 0, "required", False)), "does not follow"),
    "exit code 0 over a failed requirement": (edited(put("summary", "exitCode", 0), votes=NOT_MET), "does not follow"),
    "no conclusion": (edited(put("summary", None)), "lacks a valid field “summary”"),
    # Records that are not what was signed.
    "evidence that is not there": (
        edited(put("measurements", 0, "evidence", "ab" * 32)),
        "shows t.check.all.metric0 otherwise",
    ),
    "no evidence": (edited(put("measurements", 0, "evidence", None)), "assessment.json has a digest"),
    "an attestation nobody signed": (
        edited(put("attestations", 1, {"id": "later", "signed": True, "evidence": "ab" * 32})),
        "the assessment shows later otherwise than it was signed",
    ),
    "an attestation that says neither": (
        edited(put("attestations", 1, {"id": "later"})),
        "lacks a valid field “signed”",
    ),
    "an approval nobody signed": (
        edited(put("approvals", 0, "evidence", "ab" * 32)),
        "the assessment shows approval otherwise than it was signed",
    ),
    "a number passed off as an attestation": (
        edited(lambda d: put("attestations", 0, "evidence", d["measurements"][0]["evidence"])(d)),
        "is not of the expected shape",
    ),
    "no results": (edited(put("results", ...)), "lacks a valid field “results”"),
    "no measurements": (edited(put("measurements", ...)), "lacks a valid field “measurements”"),
}
FALSE_RECORDS = {
    "measurements": {
        "id": "t.check.all.other",
        "target": "u",
        "check": "other",
        "metric": "other",
        "columns": [],
        "title": {"en": "Excellent rate", "ja": "優秀な率"},
        "value": 0.99,
        "interval": {"low": 0.7, "high": 1.0, "level": 0.95},
        "n": 60_000,
        "coverage": {"part": 60, "whole": 61},
        "outcome": "fail",
        "comparison": "at_most",
        "limit": 0.1,
        "decisive": False,
        "method": "a better one",
        "reason": {"en": "x", "ja": "x"},
        "neededN": 5,
        "groups": [],
        "findings": [{"en": "x", "ja": "x"}],
        "shows": [ATTESTED],
        "logIndex": 5,
        "measuredOn": "2027-01-01T00:00:00Z",
        "validUntil": "2036-06-30",
    },
    "attestations": {
        "id": "other",
        "shows": MEASURED,
        "by": {"en": "The minister", "ja": "大臣"},
        "position": {"en": "Minister", "ja": "大臣"},
        "statement": {"en": "All is well", "ja": "問題ありません"},
        "expires": "2036-06-30",
        "signedOn": "2027-01-01T00:00:00Z",
        "logIndex": 0,
    },
    "approvals": {
        "covers": ["X-1", "X-3"],
        "by": {"en": "The minister", "ja": "大臣"},
        "position": {"en": "Minister", "ja": "大臣"},
        "expires": "2036-06-30",
        "signedOn": "2027-01-01T00:00:00Z",
        "logIndex": 0,
    },
}


def _result(name, said, *leaves, principle=None):
    shown = {leaf["id"]: leaf for result in DOCUMENT["results"] for leaf in result["leaves"]}
    about = {"id": name, "leaves": [shown[leaf] for leaf in leaves], "principle": principle, "required": False}
    return about | {"result": said}


def _with(*results):
    return edited(lambda document: {**document, "results": [*document["results"], *results]})


PARTLY = _result("Y-1", "partly", MEASURED, "X-3.none", principle="Y")
OPEN_LEAF = _result("Y-2", "not_assessed", "X-3.none", principle="Y")


@pytest.mark.parametrize(
    ("results", "follows"),
    [
        # A heading over parts that are partly met is partly met, whatever else is open.
        ((_result("Y", "partly"), PARTLY), True),
        ((_result("Y", "not_assessed"), PARTLY), False),
        ((_result("Y", "met"), PARTLY), False),
        ((_result("Y", "partly"), PARTLY, OPEN_LEAF), True),
        ((_result("Y", "not_assessed"), OPEN_LEAF), True),
        ((_result("Y", "partly"), OPEN_LEAF), False),
        # A requirement with leaves of its own rests on these alone.
        ((_result("Y", "met", MEASURED), OPEN_LEAF), True),
        ((_result("Y", "partly", MEASURED), OPEN_LEAF), False),
    ],
)
def test_a_result_is_what_follows_from_below(tmp_path, results, follows):
    outcome = _with(*results).verified(tmp_path)
    wrong = f"V11 the assessment calls Y {results[0]['result']}, its evidence does not"
    assert (outcome.exit_code, said(outcome)) == ((0, "") if follows else (1, wrong))


@pytest.mark.parametrize(
    ("numbers", "word", "code"),
    [((0, 3), "met", 0), ((3,), "undecided", 2), ((1, 2, 3), "met", 0), ((), "undecided", 2)],
)
def test_what_is_required_and_does_not_apply_hinders_nothing_and_shows_nothing(tmp_path, numbers, word, code):
    def required(document):
        for number, each in enumerate(document["results"]):
            each["required"] = number in numbers
        return document

    assert edited(required, conclusion(word, code)).verified(tmp_path).exit_code == 0
    other = ("undecided", 2) if word == "met" else ("met", 0)
    assert "the conclusion of the assessment does not follow" in said(
        edited(required, conclusion(*other)).verified(tmp_path)
    )


@pytest.mark.parametrize(
    ("world", "text"),
    [
        (edited(put("results", 1, "leaves", {})), "assessment.json lacks a valid field “leaves”"),
        (World(edits={"blobs": put("m0", b"{")}), "a measurement is not valid JSON"),
        (
            World(edits={"blobs": put("m0", canonical_json(measurement(0) | {"value": "0_75"}))}),
            "a measurement has a number that is not written plainly",
        ),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, world, text):
    assert said(world.verified(tmp_path)) == f"V11 {text}"


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_beyond_the_evidence_are_found_and_named(tmp_path, name):
    world, expected = CLAIMS[name]
    outcome = world.verified(tmp_path)
    assert outcome.exit_code == 1
    assert expected in said(outcome)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in FALSE_RECORDS.items() for name in fields])
@pytest.mark.parametrize("how", ["false", "none", "missing"])
def test_no_field_of_a_record_may_differ_from_what_was_signed(tmp_path, kind, name, how):
    true = DOCUMENT[kind][0][name]
    value = {"false": FALSE_RECORDS[kind][name], "none": None, "missing": ...}[how]
    outcome = edited(put(kind, 0, name, value)).verified(tmp_path)
    if true is None and how != "false":
        assert outcome.exit_code == 0
        return
    assert (outcome.exit_code, said(outcome).startswith("V11 the assessment shows ")) == (1, True)


@pytest.mark.parametrize("name", ["levels", "n", "successes", "trials", "value", "suppressed", "interval", "note"])
def test_no_field_of_a_group_may_differ_from_what_was_signed(tmp_path, name):
    outcome = edited(put("measurements", 0, "groups", 0, name, "other")).verified(tmp_path)
    assert (outcome.exit_code, "otherwise than it was signed" in said(outcome)) == (1, True)


def test_what_follows_is_taken(tmp_path):
    assert PLAIN.verified(tmp_path).exit_code == 0
    for votes in (NOT_MET, OPEN):
        assert World(votes=votes).verified(tmp_path).exit_code == 0


def test_a_requirement_may_lapse_but_its_verdict_stays_visible(tmp_path):
    # Evidence that has expired since: the state says so, the verdict of then is still told.
    lapsed = (put("results", 1, "leaves", 0, "state", "not_assessed"), result(1, "not_assessed"), result(0, "partly"))
    assert edited(*lapsed, conclusion("undecided", 2)).verified(tmp_path).exit_code == 0


def test_a_heading_with_nothing_that_applies_does_not_apply(tmp_path):
    heading = [{"id": "Y", "leaves": [], "principle": None, "result": "not_applicable"}]
    part = [{"id": "X-3", "leaves": [], "principle": "Y", "result": "not_applicable"}]
    world = edited(lambda document: {**document, "results": [*document["results"], *heading, *part]})
    assert (world.verified(tmp_path).exit_code, said(world.verified(tmp_path))) == (0, "")


def test_a_heading_left_out_without_approval_is_not_assessed(tmp_path):
    left_out = put("results", 0, "exclusion", {"en": "No", "ja": "否"})
    world = edited(left_out, result(0, "not_assessed"), conclusion("undecided", 2))
    assert world.verified(tmp_path).exit_code == 0


def _numbers(document, way=()):
    if isinstance(document, dict | list):
        for name, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from _numbers(value, (*way, name))
    elif isinstance(document, int | float) and not isinstance(document, bool):
        yield way


@settings(max_examples=60)
@given(st.sampled_from(sorted(_numbers(DOCUMENT["measurements"]), key=str)), st.integers(-5, 5) | st.floats(-2, 2))
def test_no_number_shown_may_be_any_other(tmp_path_factory, way, value):
    shown = copy.deepcopy(DOCUMENT["measurements"])
    put(*way, value)(shown)
    outcome = edited(put("measurements", shown)).verified(tmp_path_factory.mktemp("numbers"))
    assert outcome.exit_code == (0 if shown == DOCUMENT["measurements"] else 1)
