"""`shinrai suites`: what it prints, in both languages, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.cli.suites import suites_group
from shinrai.evaluate.suites import available_suites
from shinrai.language import Language, ShinraiError

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def carry_out(*arguments: str, language: Language = Language.EN) -> tuple[int, str]:
        code = suites_group(language)(list(arguments), standalone_mode=False)
        return code, capsys.readouterr().out

    return carry_out


def test_the_list_names_every_suite(run: Run) -> None:
    code, printed = run("list")
    assert code == 0 and all(name in printed for name in available_suites())
    code, printed = run("list", "--json")
    assert [each["id"] for each in json.loads(printed)] == list(available_suites())
    assert all(each["samples"] >= each["probes"] >= each["scenarios"] for each in json.loads(printed))


@pytest.mark.parametrize("name", available_suites())
@pytest.mark.parametrize("language", list(Language))
def test_a_suite_is_shown_with_its_limits(run: Run, name: str, language: Language) -> None:
    code, printed = run("show", name, language=language)
    assert code == 0 and name in printed and "0." in printed
    document = json.loads(run("show", name, "--json")[1])
    assert document["id"] == name and len(document["probeList"]) == document["probes"]
    assert all(each["canDecide"] for each in document["decisions"])


def test_a_probe_is_shown_with_its_variations(run: Run) -> None:
    code, printed = run("show", "shinrai.robustness.desk.ja", "toshokan-closed")
    assert code == 0 and "図書館の休館日は何曜日ですか。" in printed and "plain.plain: " in printed
    document = json.loads(run("show", "shinrai.robustness.desk.ja", "toshokan-closed", "--json")[1])
    assert document["prompts"][0]["variation"] is None
    assert all(each["changes"] for each in document["prompts"][1:])
    with pytest.raises(ShinraiError, match="no probe"):
        run("show", "shinrai.robustness.desk.ja", "toshokan-opened")


def test_another_seed_plants_another_canary(run: Run) -> None:
    first, same, other = (run("show", "shinrai.injection.direct.ja", "quiz", "--seed", seed)[1] for seed in "778")
    assert first == same != other


@pytest.mark.parametrize("name", available_suites())
def test_the_shipped_suites_are_sound(run: Run, name: str) -> None:
    assert run("check", name)[0] == 0


SMALL = """\
id: mine.small
version: "1"
title: {ja: 小さい, en: Small}
about: {ja: 小さい試験, en: A small test}
language: ja
licence: Apache-2.0
source: {origin: own, title: {ja: 自作, en: Our own}, certainty: C}
harm_class: none
shows: [AISI-P9-99.nothing-runs]
scorers: [{use: exact, settings: {answers: [はい]}, decision: {metric: pass_rate, comparison: at_least, limit: 0.9}}]
probes: [{id: a, ask: はいと言って。}, {id: b, ask: "\\u001b を言って。"}]
"""


def test_a_suite_of_ones_own_that_could_never_decide_is_told_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL.replace("\\u001b を", ""), encoding="utf-8")
    code, printed = run("check", str(path))
    assert code == 1 and "AISI-P9-99.nothing-runs" in printed and "with 2 scenarios" in printed
    document = json.loads(run("check", str(path), "--json")[1])
    assert len(document["findings"]) == 2 and document["strengths"][0]["canDecide"] is False
    path.write_text(SMALL, encoding="utf-8")
    with pytest.raises(ShinraiError) as caught:
        run("check", str(path))
    assert caught.value.place is not None and caught.value.place.file == str(path)
