"""The commands that import and export, as a person types them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shinrai.cli.interchanging import import_results_command, suites_export_command, suites_import_command
from shinrai.evaluate.interchange.aisev_differences import DIFFERENCES
from shinrai.evaluate.suites import read_suite
from shinrai.language import Language, ShinraiError

LOG = Path(__file__).parent / "data" / "inspect-capital.eval"
ROWS = """text,ten_perspective,scorer,requirement,gsn_perspective,memo
市役所はどこですか。,説明可能性,requirement,根拠を示すこと。,G7-2,"一, 二"
市の花は？,説明可能性,requirement,根拠を示すこと。,G7-9,
,説明可能性,requirement,根拠を示すこと。,G7-2,
"""
TREE = """G7-1:
  goalType: TopGoal
  text: "説明"
  supportedBy: [G7-2,G7-3]
  scoreRate: [0.6,0.6]
G7-2:
  text: "一"
  undeveloped: true
G7-3:
  text: "二\x0b"
  undeveloped: true
"""


def invoke(language: Language, build: str, *given: object) -> Result:
    made = {"import": suites_import_command, "export": suites_export_command, "results": import_results_command}
    result = CliRunner().invoke(made[build](language), [str(each) for each in given])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rows, tree = tmp_path / "rows.csv", tmp_path / "goals.yaml"
    rows.write_text(ROWS, encoding="utf-8")
    tree.write_text(TREE, encoding="utf-8")
    return rows, tree


@pytest.mark.parametrize("language", list(Language))
def test_an_import_shows_every_difference_and_every_row_left_out(
    tmp_path: Path, files: tuple[Path, Path], language: Language
) -> None:
    out = tmp_path / "out"
    shown = invoke(language, "import", *files, "--from", "aisev", "--normalise", "--out", out).output
    for difference in DIFFERENCES:
        assert difference.theirs.text(language) in shown
        assert difference.ours.text(language) in shown
    for expected in ("aisev.p7.rows", "U+000B", "G7-9", "1.2"):
        assert expected in shown
    suite = read_suite((out / "aisev.p7.rows.yaml").read_bytes(), "suite")
    assert len(suite.probes) == 2
    assert (out / "goals" / "aisev.p7.yaml").is_file()


def test_weights_that_do_not_add_up_stop_the_import(tmp_path: Path, files: tuple[Path, Path]) -> None:
    with pytest.raises(ShinraiError, match=r"add up to 1\.2"):
        invoke(Language.EN, "import", *files, "--from", "aisev", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_gives_back_the_same_bytes(tmp_path: Path, files: tuple[Path, Path]) -> None:
    rows, _ = files
    out, back = tmp_path / "out", tmp_path / "back"
    invoke(Language.EN, "import", rows, "--from", "aisev", "--out", out, "--split", "leaf", "--at-least", "0.9")
    invoke(Language.EN, "export", out, "--to", "aisev", "--out", back)
    assert (back / "rows.csv").read_bytes() == rows.read_bytes()
    with pytest.raises(ShinraiError, match="already there"):
        invoke(Language.EN, "export", out, "--to", "aisev", "--out", back)


def test_one_suite_goes_out_as_rows(tmp_path: Path, files: tuple[Path, Path]) -> None:
    out, single = tmp_path / "out", tmp_path / "single.csv"
    invoke(Language.EN, "import", files[0], "--from", "aisev", "--out", out)
    invoke(Language.EN, "export", out / "aisev.p7.rows.yaml", "--to", "aisev", "--out", single)
    text = single.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "ID,text,ten_perspective,scorer,requirement,output,gsn_perspective"
    assert "line-2,市役所はどこですか。,説明可能性,requirement,根拠を示すこと。,,G7-2" in text


def test_json_lists_everything(tmp_path: Path, files: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    shown = invoke(Language.EN, "import", *files, "--from", "aisev", "--normalise", "--out", out, "--json").output
    read = json.loads(shown)
    assert read["files"][0]["rows"] == 3
    assert [row["line"] for row in read["files"][0]["left_out"]] == [4]
    assert read["unknown_goals"] == {"G7-9": [3]}
    assert (read["trees"][0]["goals"], read["trees"][0]["leaves"]) == (3, 2)
    assert len(read["differences"]) == len(DIFFERENCES)


def test_a_leaf_that_is_none_is_refused(tmp_path: Path, files: tuple[Path, Path]) -> None:
    with pytest.raises(ShinraiError, match="not a perspective with a leaf"):
        invoke(Language.EN, "import", files[0], "--from", "aisev", "--out", tmp_path / "out", "--shows", "11=x")


def test_results_are_shown_with_n_interval_coverage_and_claims() -> None:
    shown = invoke(Language.EN, "results", LOG, "--metric", "includes", "--at-least", "0.95").output
    assert "0.571 (95 % interval 0.188 to 0.885), n = 14, 14 of 16 samples usable" in shown
    assert "  fail" in shown
    assert "Claimed by the tool, not recomputed: stderr" in shown
    assert "exact" not in shown


def test_results_go_to_json_with_every_sample(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    shown = invoke(Language.JA, "results", LOG, "--json", "--out", out).output
    measured = json.loads(shown)
    assert [each["n"] for each in measured] == [14, 14]
    assert [each["decisive"] for each in measured] == [False, False]
    written = json.loads(out.read_text(encoding="utf-8"))
    assert [len(metric["scores"]) for metric in written["metrics"]] == [16, 16]
    assert len(written["sha256"]) == 64


def test_a_metric_that_is_not_there_is_said() -> None:
    with pytest.raises(ShinraiError, match="no such metric") as caught:
        invoke(Language.EN, "results", LOG, "--metric", "other")
    assert "exact, includes" in str(caught.value.fix)
    assert invoke(Language.EN, "results", LOG, "--at-least", "0.1", "--at-most", "0.2").exit_code == 2
