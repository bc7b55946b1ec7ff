"""An audit as JSON and in a notebook: the format, nothing that is not a number, and nothing that could run."""

import json
import re
from typing import Any

import pytest

from shinrai.evaluate.audit import AuditFrame, AuditSettings
from shinrai.evaluate.audit.notebook import safe
from shinrai.language import Language

EVIL = "<script>alert('x')</script>\u202e&"
RATES = ("selection_rate", "accuracy", "tpr", "fpr", "fnr", "tnr", "ppv", "npv", "f1")


@pytest.fixture(scope="module")
def frame() -> AuditFrame:
    rows = {
        "y": [1, 0, 1, 1, 0, 0] * 12,
        "p": [1, 0, 0, 1, 1, 0] * 12,
        "g": [EVIL, "b", "b", EVIL, "b", EVIL] * 12,
        "age": ["x", "x", "y", "y", "x", "y"] * 12,
    }
    return AuditFrame(
        rows, y_true="y", y_pred="p", sensitive_features="g", favourable=1, settings=AuditSettings(replicates=100)
    )


def test_the_documented_keys_are_there(frame: AuditFrame) -> None:
    data = frame.to_dict()
    assert data == json.loads(json.dumps(data, allow_nan=False))
    for place in (data, data["groups"]["g"]):
        for metric in RATES:
            number = place["by_group"]["b"][metric]
            assert set(number) >= {"value", "n", "interval", "method"}
            assert number["interval"][0] <= number["value"] <= number["interval"][1]
            for form in ("difference", "ratio"):
                assert set(place[form][metric]) >= {"value", "n", "interval", "method"}
            assert 0 < place["p_any_difference"][metric] <= 1
        assert place["expected_under_null"]["selection_rate"] > 0
        assert place["expected_under_null"]["f1"] is None
    assert data["overall"]["selection_rate"]["exact"] == "1/2"
    assert data["origin"]["rows"] == 72
    assert data["origin"]["sql"]
    assert data["seed"] == 1
    assert {each["metric"] for each in data["verdicts"]} == {
        "selection_rate.ratio",
        "tpr.difference",
        "fpr.difference",
    }


def test_several_columns_stand_apart_and_crossings_too() -> None:
    rows = {"p": [1, 0] * 20, "a": ["x", "x", "y", "y"] * 10, "b": ["u"] * 20 + ["v"] * 20}
    data = AuditFrame(rows, y_pred="p", sensitive_features=["a", "b"], favourable=1).to_dict()
    assert "by_group" not in data
    assert set(data["groups"]) == {"a", "b"}
    assert set(data["intersections"]["a × b"]["by_group"]) == {"x × u", "x × v", "y × u", "y × v"}
    assert set(data["overall"]) == {"selection_rate"}


def test_what_is_undefined_is_null_with_a_reason_in_both_languages() -> None:
    rows: dict[str, Any] = {"p": [0] * 30 + [1], "y": [0, 1] * 15 + [1], "a": ["x", "y"] * 15 + [None]}
    data = AuditFrame(rows, y_true="y", y_pred="p", sensitive_features="a", favourable=1).to_dict()
    ratio = data["ratio"]["selection_rate"]
    assert (ratio["value"], ratio["interval"]) == (None, None)
    assert set(ratio["reason"]) == {"ja", "en"}
    assert data["by_group"]["x"]["ppv"]["value"] is None
    assert data["by_group"]["x"]["ppv"]["reason"]["en"]
    assert data["composites"]["equalized_odds_difference"]["value"] is None
    assert data["rows"]["(missing)"]["standing"] == "missing"


def test_names_with_a_cross_stay_two_groups() -> None:
    rows = {"p": [1, 0] * 10, "a": ["x × y", "x"] * 10, "b": ["z", "y × z"] * 10}
    data = AuditFrame(rows, y_pred="p", sensitive_features=["a", "b"], favourable=1).to_dict()
    assert {tuple(each["levels"]) for each in data["intersections"]["a × b"]["rows"].values()} == {
        ("x × y", "z"),
        ("x", "y × z"),
        ("x × y", "y × z"),
        ("x", "z"),
    }


@pytest.mark.parametrize("language", Language)
def test_the_notebook_needs_nothing_and_runs_nothing(frame: AuditFrame, language: Language) -> None:
    html = frame.to_html(language)
    assert f'lang="{language.value}"' in html
    assert "<script" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"(src|href|url\(|@import|on\w+=)", html)
    assert html.count("<div") == html.count("</div>")
    assert html.count("<svg") == html.count("</svg>") > 0
    assert html.startswith('<div class="shinrai-audit"')


def test_the_notebook_speaks_the_language_of_the_environment(
    frame: AuditFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in ("ja", "en"):
        monkeypatch.setenv("SHINRAI_LANG", language)
        assert f'lang="{language}"' in frame._repr_html_()
    assert repr(frame) == "<AuditFrame of 72 rows by g: not_met>"


def test_what_does_not_print_is_written_out() -> None:
    assert safe("a\u0000\u202e<b>") == "a\\u0000\\u202e&lt;b&gt;"
