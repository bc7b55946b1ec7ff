import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.evaluate.measurement_json import from_json, to_json
from shinrai.language import Bilingual

texts = st.text(max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
bilingual = st.builds(Bilingual, ja=texts, en=texts)
whole = st.integers(0, 2**53 - 1)
groups = st.builds(
    GroupEstimate,
    levels=st.lists(texts, max_size=3).map(tuple),
    n=st.none() | whole,
    successes=st.none() | whole,
    trials=st.none() | whole,
    value=st.none() | floats,
    low=st.none() | floats,
    high=st.none() | floats,
    suppressed=st.booleans(),
    note=st.none() | bilingual,
)
measurements = st.builds(
    Measurement,
    id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True),
    target=texts,
    check=texts,
    metric=texts,
    columns=st.lists(texts, max_size=3).map(tuple),
    title=bilingual,
    value=st.none() | floats,
    low=st.none() | floats,
    high=st.none() | floats,
    level=floats,
    n=whole,
    coverage=st.tuples(whole, whole).map(lambda pair: Coverage(min(pair), max(pair))),
    outcome=st.sampled_from(Outcome),
    rule=st.none() | st.builds(Rule, st.sampled_from(Comparison), floats),
    decisive=st.booleans(),
    method=texts,
    reason=st.none() | bilingual,
    needed_n=st.none() | whole,
    groups=st.lists(groups, max_size=3).map(tuple),
    findings=st.lists(bilingual, max_size=3).map(tuple),
    counts=st.dictionaries(texts, st.integers(-(2**200), 2**200), max_size=3),
)

EXAMPLE = Measurement(
    id="d.performance.all.accuracy",
    target="d",
    check="performance",
    metric="accuracy",
    columns=("label", "prediction"),
    title=Bilingual(ja="正解率", en="Accuracy"),
    value=0.00001,
    low=0.0,
    high=1e22,
    level=0.95,
    n=200,
    coverage=Coverage(200, 210),
    outcome=Outcome.PASS,
    rule=Rule(Comparison.AT_LEAST, 0.5),
    decisive=True,
    method="Wilson 1927",
    groups=(GroupEstimate(("a",), 10, 5, 10, 0.5, 0.25, 0.75),),
    findings=(Bilingual(ja="所見", en="finding"),),
    counts={"sum": 2**80},
)


@given(measurements)
def test_there_and_back_is_the_same(measurement: Measurement) -> None:
    carried = json.loads(json.dumps(to_json(measurement)))
    assert from_json(carried) == measurement
    assert to_json(from_json(carried)) == carried


def no_floats(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(no_floats, value.values()))
    if isinstance(value, list):
        return all(map(no_floats, value))
    return not isinstance(value, float)


@given(measurements)
def test_floats_are_decimal_text(measurement: Measurement) -> None:
    assert no_floats(to_json(measurement))


def test_fixed_notation() -> None:
    data = to_json(EXAMPLE)
    assert (data["value"], data["low"], data["high"]) == ("0.00001", "0.0", "1" + "0" * 22)
    assert data["rule"] == {"comparison": "at_least", "limit": "0.5"}
    assert data["counts"] == {"sum": str(2**80)}
    assert data["neededN"] is None
    assert data["title"] == {"ja": "正解率", "en": "Accuracy"}


def test_what_no_decimal_can_say_is_null() -> None:
    group = GroupEstimate(("a",), 1, None, None, float("nan"), 0.0, float("inf"))
    data = to_json(replace(EXAMPLE, groups=(group,)))
    assert (data["groups"][0]["value"], data["groups"][0]["high"]) == (None, None)


BAD: list[tuple[str, Any]] = [
    ("id", "../x"),
    ("id", ""),
    ("id", "a\n"),
    ("id", 7),
    ("target", "x" * 20_001),
    ("columns", "label"),
    ("columns", [1]),
    ("columns", [""] * 20_001),
    ("title", {"ja": "x"}),
    ("title", {"ja": "x", "en": "y", "fr": "z"}),
    ("title", "x"),
    ("value", 0.5),
    ("value", "1e5"),
    ("value", "NaN"),
    ("value", "inf"),
    ("value", "0x1"),
    ("value", "01"),
    ("value", "٣"),
    ("value", "1\n"),
    ("value", "1" * 401),
    ("value", "1" * 400),
    ("level", None),
    ("n", None),
    ("n", True),
    ("n", -1),
    ("n", 2**53),
    ("n", 1.0),
    ("n", "1"),
    ("coverage", {"used": 3, "asked": 2}),
    ("coverage", {"used": 3}),
    ("outcome", "passed"),
    ("rule", {"comparison": "equals", "limit": "1"}),
    ("rule", {"comparison": "at_most", "limit": None}),
    ("rule", []),
    ("decisive", 1),
    ("reason", {}),
    ("neededN", "7"),
    ("groups", [{}]),
    ("groups", [{**to_json(EXAMPLE)["groups"][0], "suppressed": None}]),
    ("groups", [{**to_json(EXAMPLE)["groups"][0], "n": -1}]),
    ("groups", {}),
    ("findings", ["x"]),
    ("counts", []),
    ("counts", {"a": 1}),
    ("counts", {"a": "1.5"}),
    ("counts", {"a": "-0"}),
    ("counts", {"a": "1" * 401}),
    ("counts", {"x" * 20_001: "1"}),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=range(len(BAD)))
def test_wrong_shapes_name_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}\b") as caught:
        from_json({**to_json(EXAMPLE), field: value})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("data", [None, [], "x", 1, {}])
def test_what_is_no_measurement(data: Any) -> None:
    with pytest.raises(ValueError, match="measurement"):
        from_json(data)


def test_a_field_too_many() -> None:
    with pytest.raises(ValueError, match="beyond"):
        from_json({**to_json(EXAMPLE), "status": "met"})
