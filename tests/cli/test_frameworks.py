"""`shinrai frameworks`: what it finds and says, in both languages, for people and for programs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shinrai.cli import main
from shinrai.frameworks import available, current, framework_bytes
from shinrai.frameworks.instrument import instruments

EXAMPLE = Path(__file__).parents[2] / "examples" / "loan-screening" / "shinrai.yaml"
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINRAI_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["frameworks", *arguments]) == code
    return capsys.readouterr().out


def read(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    return json.loads(said(capsys, *arguments, "--json", code=code))


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "jp.ai_act"],
        ["show", "jp.aigb"],
        ["show", "jp.aigb", "JP-AIGB-6.2"],
        ["search", "透明性"],
        ["search", "transparency"],
        ["diff", "jp.ds920@1", "jp.ds920@2.0", "--texts"],
        ["map", "iso.42001", "jp.aigb"],
        ["compare"],
        ["applies", str(EXAMPLE), "--all"],
        ["applies", str(EXAMPLE), "--set", "autonomy=decides_alone"],
    ],
    ids=lambda arguments: " ".join(Path(each).name for each in arguments),
)
def test_every_command_speaks_the_language_asked_for(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    english = said(capsys, *arguments)
    japanese = said(capsys, *arguments, "--lang", "ja")
    assert english != japanese
    assert JAPANESE.search(japanese)
    assert not JAPANESE.search(english.replace("透明性", ""))
    both = read(capsys, *arguments)
    assert both


def test_the_list_holds_every_instrument_and_says_what_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {each["id"]: each for each in read(capsys, "list")}
    assert set(listed) == {each.id for each in instruments()}
    held = {id_: [data["version"] for data in each["data"]] for id_, each in listed.items() if each["data"]}
    shipped: dict[str, list[str]] = {}
    for key in available():
        shipped.setdefault(key.id, []).append(key.version)
    assert held == shipped
    only = read(capsys, "list", "--data")
    assert {each["id"] for each in only} == set(shipped)
    assert {each["kind"] for each in read(capsys, "list", "--kind", "law")} == {"law"}


def test_the_same_is_found_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    japanese, english = read(capsys, "search", "透明性"), read(capsys, "search", "transparency")
    assert japanese == english
    assert "JP-AIGB-6" in {hit["requirement"] for hit in japanese}
    assert len({hit["framework"] for hit in japanese}) > 5
    everything = read(capsys, "search", "透明性", "--all-versions")
    assert {("jp.aigb", "1.1"), ("jp.aigb", "1.2")} <= {(hit["framework"], hit["version"]) for hit in everything}
    assert ("jp.aigb", "1.1") not in {(hit["framework"], hit["version"]) for hit in japanese}


def test_finding_nothing_says_so_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "search", "qqqqzzzz", code=1) == "Found: 0.\n"
    assert read(capsys, "search", "qqqqzzzz", code=1) == []


def test_a_long_list_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    cut = said(capsys, "search", "transparency", "--limit", "3")
    assert len(cut.splitlines()) == 6
    assert "more; see them with --limit 0." in cut
    assert "more" not in said(capsys, "search", "transparency", "--limit", "0").splitlines()[-1]


def test_what_one_fact_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Each fact alone, on the loan example: exactly what it should change comes in or goes out."""

    def changes(*given: str, frameworks: tuple[str, ...] = ()) -> tuple[set[str], set[str], str]:
        arguments = [part for each in given for part in ("--set", each)]
        arguments += [part for each in frameworks for part in ("--framework", each)]
        after = read(capsys, "applies", str(EXAMPLE), "--on", "2026-11-20", *arguments)["after"]
        comes = {each["id"] for each in after["changes"] if each["applies"]}
        goes = {each["id"] for each in after["changes"] if not each["applies"]}
        return comes, goes, after["tier"]["tier"]

    assert changes("autonomy=decides_with_review") == (set(), set(), "medium")
    assert changes("autonomy=decides_alone") == (set(), set(), "high")
    comes, goes, _ = changes("roles=developer,business_user,provider")
    assert comes and all(id_.startswith("JP-AIGB-P-") for id_ in comes) and not goes
    comes, goes, _ = changes("roles=business_user")
    assert goes and all(id_.startswith("JP-AIGB-D-") for id_ in goes) and not comes
    comes, goes, _ = changes("kinds=predictive,agent")
    assert {"JP-AIGB-1.2-d3", "JP-AIGB-1.2-d4", "JP-AIGB-1.2-d5"} <= comes and not goes
    # The guideline for government use concerns generative AI of government bodies, and nothing short of both.
    government = ("jp.ds920",)
    assert changes("government_use=true", frameworks=government)[:2] == (set(), set())
    assert changes("kinds=generative", frameworks=government)[:2] == (set(), set())
    comes, goes, _ = changes("government_use=true", "kinds=generative", "roles=government", frameworks=government)
    assert comes and not goes
    # Regions decide about the law of the European Union, and dates about when.
    comes, _, _ = changes("regions=JP,DE", frameworks=("eu.ai_act",))
    assert comes and "EU-9" not in comes


def test_a_row_of_the_european_law_comes_into_effect_on_its_day(capsys: pytest.CaptureFixture[str]) -> None:
    def applying(day: str) -> set[str]:
        given = ["--framework", "eu.ai_act", "--set", "regions=DE", "--set", "roles=developer,provider", "--on", day]
        changes = read(capsys, "applies", str(EXAMPLE), *given)["after"]["changes"]
        return {each["id"] for each in changes if each["applies"]}

    before, after = applying("2027-12-01"), applying("2027-12-02")
    assert before < after
    assert "EU-9" in after - before


def test_every_row_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    document = read(capsys, "applies", str(EXAMPLE))
    assert {each["id"] for each in document["requirements"]} >= {"JP-GL-C1", "JP-AIGB-P-2-i"}
    for each in document["requirements"]:
        assert each["reason"]["en"].endswith(".") and each["reason"]["ja"].endswith("。")
    text = said(capsys, "applies", str(EXAMPLE), "--all")
    assert text.count("\n✓") + text.count("\n–") >= len(document["requirements"])


def test_the_comparison_is_generated_and_every_cell_says_where_from(capsys: pytest.CaptureFixture[str]) -> None:
    document = read(capsys, "compare", "jp.ai_act", "eu.ai_act", "us.nist.ai_rmf", "uk.principles")
    rows = {row["name"]: row for row in document["rows"]}
    assert {"approach", "risk_classification", "prohibited_practices", "enforcement", "key_focus"} <= set(rows)
    for row in document["rows"]:
        for cell in row["cells"]:
            assert cell["text"]["ja"] and cell["text"]["en"]
            assert (cell["source"] is not None and cell["certainty"] in {"C", "C2", "M"}) or not cell["known"]
    enforcement = dict(zip(document["instruments"], rows["enforcement"]["cells"], strict=True))
    assert "name" not in enforcement["jp.ai_act"]["text"]["en"].lower().split()
    assert "35" in enforcement["eu.ai_act"]["text"]["en"]


def test_no_mapping_claims_more_than_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    ids = [key.id for key in current()]
    for source, target in (("iso.42001", "jp.aigb"), ("jp.aigb", "us.nist.ai_rmf"), ("g7.haip.coc", "jp.aigb")):
        assert source in ids and target in ids
        document = read(capsys, "map", source, target)
        assert sum(document["counts"].values()) == document["n"] == len(document["rows"])
        # Nothing shipped has been reviewed by a second person yet, so nothing carries a result.
        assert document["counts"]["carried"] == 0
        for row in document["rows"]:
            if row["relation"] in {"intersects", "subset"}:
                assert row["standing"] not in {"carried", "would_carry"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["show", "jp.aigbb"], "Did you mean “jp.aigb”?"),
        (["show", "jp.aigb", "JP-AIGB-66"], "jp.aigb 1.2 has no requirement “JP-AIGB-66”."),
        (["list", "jp.act"], "There is no instrument “jp.act”."),
        (["list", "--kind", "lawn"], "Kinds: law, "),
        (["diff", "jp.aigb", "jp.ds920"], "are two instruments, not two versions of one."),
        (["map", "jp.aigb", "jp.aigb"], "A framework is not mapped to itself."),
        (["compare", "jp.aigb", "jp.aigb"], "An instrument is named twice."),
        (["applies", str(EXAMPLE), "--set", "autonomy"], "“autonomy” is not a change."),
        (["applies", str(EXAMPLE), "--set", "autonomy=x"], "Choose from: advises"),
        (["applies", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_slip_ends_with_3_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    assert main(["frameworks", *arguments]) == 3
    assert text in capsys.readouterr().err


def test_a_file_of_ones_own_is_shown_like_any_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(framework_bytes("jp.guideline13", "2025-12-19"))
    assert said(capsys, "show", str(file)) == said(capsys, "show", "jp.guideline13")
