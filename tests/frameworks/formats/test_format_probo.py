"""Framework files of Probo."""

import json

import pytest

from shinrai.frameworks.formats import FaultyFile, import_framework
from shinrai.language import Bilingual, Language, ShinraiError

GOOD = {
    "id": "SAMPLE 1:2026",
    "name": "Sample (2026)",
    "colour": "blue",
    "controls": [
        {"id": "4.1", "name": "Context"},
        {"id": "Art. 5(1)(a)", "name": "Fairness", "description": "Be fair.", "owner": "x"},
        {"id": "第1条", "name": "目的"},
        {"id": "Art. 5(1)-(a)", "name": "Fairness again"},
    ],
}


def read(tree, language: str | None = None):
    return import_framework(json.dumps(tree).encode(), "p.json", language=language)


def test_controls_become_requirements() -> None:
    imported = read(GOOD)
    framework = imported.framework
    assert (framework.id, framework.version) == ("sample-1-2026", "1")
    assert [row.id for row in framework.requirements] == ["4.1", "Art.-5-1-a", "1", "Art.-5-1-a-2"]
    assert imported.names["Art.-5-1-a"] == "Art. 5(1)(a)"
    second = framework.requirements[1]
    assert second.text == Bilingual(ja="〔未訳〕Be fair.", en="Be fair.")
    assert second.source == "FILE; Art. 5(1)(a)"
    said = [each.text(Language.EN) for each in imported.report.warnings]
    assert any("“Art. 5(1)(a)” cannot be an id here; it became “Art.-5-1-a”." in text for text in said)
    losses = [each.text(Language.EN) for each in imported.report.losses]
    assert losses == [
        "The field “colour” has no place here (found 1 times).",
        "The field “controls.owner” has no place here (found 1 times).",
    ]


def test_japanese_files_lack_the_english() -> None:
    framework = read(GOOD, "ja").framework
    assert framework.requirements[2].title == Bilingual(ja="目的", en="[not translated] 目的")


def control(**fields: object) -> dict[str, object]:
    return {**GOOD, "controls": [{"id": "1", "name": "One"}, {"id": "2", "name": "Two", **fields}]}


WRONG = {
    "an id twice": (control(id="1"), "field controls[1].id: The id “1” is already used by control 1."),
    "no id": (control(id=None), "field controls[1]: The field “id” is missing."),
    "no name": (control(name=None), "field controls[1]: The field “name” is missing."),
    "a name that is no text": (control(name=["a"]), "field controls[1].name: Expected a text, found a list."),
    "an empty name": (control(name=" "), "field controls[1].name: The text is empty."),
    "no control": ({**GOOD, "controls": []}, "There is no row in this file."),
    "controls that are no list": ({**GOOD, "controls": {"a": 1}}, "field controls: Expected a list"),
    "a name that is a number": ({**GOOD, "name": 5}, "field name: Expected a text, found a number."),
}


@pytest.mark.parametrize("tree, words", WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_its_place(tree, words) -> None:
    with pytest.raises(ShinraiError) as caught:
        read(tree)
    assert words in str(caught.value)


def test_faults_are_reported_together() -> None:
    tree = {**GOOD, "controls": [{"id": "1"}, {"name": "x"}, {"id": "2", "name": ""}]}
    with pytest.raises(FaultyFile) as caught:
        read(tree)
    assert len(caught.value.faults) == 3
