import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given

from shinrai.assess.assessment import Assessment
from shinrai.report import json_schema, to_json

from .sample import HOSTILE, assessment
from .strategies import assessments

PUBLISHED = Path(__file__).parents[2] / "docs/reference/assessment.schema.json"


def test_the_published_schema_is_the_one_of_the_code() -> None:
    # When this fails: python -m shinrai.report.machine > docs/reference/assessment.schema.json
    assert json.loads(PUBLISHED.read_text("utf-8")) == json_schema()


def test_assessment_json_follows_its_schema() -> None:
    jsonschema_rs.validator_for(json_schema()).validate(json.loads(to_json(assessment())))


def test_the_schema_refuses_a_status_that_does_not_exist() -> None:
    wrong = json.loads(to_json(assessment()))
    wrong["results"][0]["result"] = "compliant"
    assert not jsonschema_rs.validator_for(json_schema()).is_valid(wrong)


@given(assessments())
def test_nothing_is_lost_on_the_way_to_json_and_back(sample: Assessment) -> None:
    assert Assessment.model_validate_json(to_json(sample)) == sample


def test_equal_assessments_give_equal_bytes() -> None:
    first = assessment()
    counts = dict(reversed(first.summary.counts.items()))
    second = first.model_copy(update={"summary": first.summary.model_copy(update={"counts": counts})})
    assert to_json(first) == to_json(second)
    assert to_json(first).endswith("}\n")


def test_what_a_viewer_would_obey_is_escaped_and_means_the_same() -> None:
    written = to_json(assessment())
    assert "\u202e" not in written
    assert json.loads(written)["limits"][1]["en"] == HOSTILE


def test_a_number_that_is_not_finite_is_refused() -> None:
    sample = assessment()
    broken = sample.measurements[0].model_copy(update={"value": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(sample.model_copy(update={"measurements": [broken]}))
