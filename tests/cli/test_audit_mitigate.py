"""`shinrai audit mitigate`, `release` and `sample-data`, end to end; what is written gets signed, and lapses."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shinrai.cli import main

TABLE = ["--label", "適性", "--score", "評価点", "--prediction", "採否", "--favourable", "可", "--group", "性別"]
COUNTS = ["--prediction", "採否", "--label", "適性", "--favourable", "可", "--levels", "性別=女性,男性"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sample") / "applicants.parquet"
    assert main(["audit", "sample-data", "hr", "--rows", "6000", "--out", str(file)]) == 0
    return file


def run(*arguments: object) -> int:
    return main(["audit", *map(str, arguments)])


def test_sample_data_says_how_to_read_it_and_keeps_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, key = tmp_path / "loans.csv", tmp_path / "key.json"
    given = ["sample-data", "lending", "--gap", "none", "--rows", 300, "--out", out, "--key", key]
    assert run(*given) == 0
    assert "審査結果" in capsys.readouterr().out
    assert json.loads(key.read_text(encoding="utf-8"))["planted"] is None
    assert run(*given) == 3
    assert "is there already" in capsys.readouterr().err
    assert run(*given, "--force", "--strength", "7") == 3
    assert run(*given, "--force") == 0
    roles = ["--label", "返済", "--prediction", "審査結果", "--group", "性別", "--favourable", "可"]
    assert run("table", out, *roles) in (0, 2), "no gap was planted, so none is found"


def test_thresholds_show_what_they_cost_and_are_written_for_a_person(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "point.yaml"
    assert run("mitigate", "thresholds", sample, *TABLE, "--equal", "equalized_odds", "--out", out) == 0
    said = capsys.readouterr().out
    for part in ("女性", "男性", "Before", "After", "lose the favourable decision", "unlawful", "Nobody has signed it"):
        assert part in said
    assert run("mitigate", "thresholds", sample, *TABLE, "--out", out) == 3
    assert run("mitigate", "thresholds", sample, *TABLE, "--equal", "equalized_odds", "--rate", "0.5") == 3
    assert run("mitigate", "thresholds", sample, *TABLE, "--gain", "fp=9") == 3
    assert run("mitigate", "thresholds", sample, *TABLE, "--held-back", "1") == 3
    capsys.readouterr()
    assert run("mitigate", "thresholds", sample, *TABLE, "--deterministic", "--gain", "fp=-2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["deterministic"] is True
    assert found["gains"]["fp"] == "-2"
    groups = found["held_back"]["groups"]
    assert [group["levels"] for group in groups] == [["女性"], ["男性"]]
    assert groups[0]["before"]["tpr"]["n"] > 0
    assert found["cautions"][0]["ja"]


def test_rows_are_decided_by_the_point_and_other_data_make_it_lapse(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    point, out = tmp_path / "point.yaml", tmp_path / "decided.csv"
    model = ["--model", "screening 1"]
    assert run("mitigate", "thresholds", sample, *TABLE, *model, "--out", point) == 0
    assert run("mitigate", "decide", point, sample, "--key", "受付番号", "--out", out) == 0
    with out.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 6000
    assert rows[0].keys() == {"受付番号", "selected", "by_chance"}
    assert {row["selected"] for row in rows} == {"0", "1"}
    assert run("mitigate", "check", point, sample, *model) == 0
    capsys.readouterr()
    assert run("mitigate", "check", point, point, *model) == 1
    assert "the data" in capsys.readouterr().out
    assert run("mitigate", "check", point, sample, "--model", "screening 2") == 1
    assert "the model" in capsys.readouterr().out
    assert run("mitigate", "check", point, tmp_path / "nowhere", *model) == 3


def test_an_operating_point_is_approved_by_signing_it_and_a_change_makes_that_lapse(
    sample: Path, tmp_path: Path, describe: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    description = describe()
    point = description.parent / "operating-point.yaml"
    thresholds = ["mitigate", "thresholds", sample, *TABLE, "--out", point, "--shows", "JP-GL-C1.override-design"]
    assert run(*thresholds) == 0
    said = capsys.readouterr().out
    lines = said[said.index("attestations:") :].splitlines()[1:]
    block = "\n".join(lines).replace("PERSON", "yamada").replace("YYYY-MM-DD", "2099-03-31")
    text = description.read_text(encoding="utf-8")
    description.write_text(text.replace("attestations:\n", f"attestations:\n{block}\n"), encoding="utf-8")
    sign = ["sign", str(description), "--home", str(tmp_path / "home"), "--id", "operating-point", "--yes"]
    assert main(sign) == 0
    assert "Signed as entry" in capsys.readouterr().out
    assert main(sign) == 0
    assert "nothing changed since" in capsys.readouterr().out
    assert run(*thresholds, "--force", "--seed", "2") == 0
    capsys.readouterr()
    assert main(sign) == 0
    assert "Signed as entry" in capsys.readouterr().out, "another file is not what was signed"


def test_weights_and_repair_write_files_by_key(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "weights.csv"
    assert (
        run("mitigate", "weights", sample, "--label", "適性", "--group", "性別", "--favourable", "可", "--out", out)
        == 0
    )
    with out.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert sum(int(row["rows"]) * float(row["weight"]) for row in rows) == pytest.approx(6000)
    assert "train, then audit" in capsys.readouterr().out
    repaired = tmp_path / "repaired.csv"
    given = ["mitigate", "repair", sample, "--column", "年収万円", "--group", "性別", "--key", "受付番号"]
    assert run(*given, "--out", repaired) == 0
    assert len(repaired.read_text(encoding="utf-8").splitlines()) == 6001
    assert "Largest distance" in capsys.readouterr().out


def test_training_under_a_constraint_needs_its_extra(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fairlearn")
    given = ["mitigate", "train", sample, "--label", "適性", "--favourable", "可", "--group", "性別", "--equal", "tpr"]
    assert run(*given, "--feature", "年収万円", "--key", "受付番号", "--held-back", "1/3") == 0
    assert "trained on" in capsys.readouterr().out


def test_counts_are_released_from_a_budget_and_read_with_their_noise(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, out = tmp_path / "ledger.jsonl", tmp_path / "counts.csv"
    assert run("release", "budget", ledger, "--epsilon", "1", "--people", "応募者") == 0
    counts = ["release", "counts", sample, *COUNTS, "--ledger", ledger, "--rows-about", 6000, "--out", out]
    assert run(*counts, "--epsilon", "0.75") == 0
    assert "left: ε 0.25" in capsys.readouterr().out
    assert run(*counts, "--epsilon", "0.25") == 3, "the file is there"
    assert run(*counts, "--epsilon", "0.5", "--force") == 3, "the budget does not reach"
    assert "does not reach" in capsys.readouterr().err
    assert run(*counts, "--epsilon", "0", "--force") == 3
    capsys.readouterr()
    assert run("release", "ledger", ledger, "--json") == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (shown["spent"], shown["left"]) == ("3/4", "1/4")
    assert run("release", "ledger", ledger) == 0
    assert run("release", "show", out) == 0
    assert "include the noise" in capsys.readouterr().out
    table = ["table", out, "--prediction", "採否", "--label", "適性", "--favourable", "可", "--group", "性別"]
    assert run(*table, "--counts", "count", "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["noise"]["epsilon"] == "3/4"
    assert found["groups"]["性別"]["by_group"]["女性"]["selection_rate"]["interval"][0] > 0
    assert run("release", "show", sample) == 3


@pytest.mark.parametrize("arguments", [["--levels", "性別"], ["--levels", "性別=女性,"], ["--epsilon", "much"]])
def test_what_makes_no_release_is_said(sample: Path, tmp_path: Path, arguments: list[str]) -> None:
    ledger = tmp_path / "ledger.jsonl"
    assert run("release", "budget", ledger, "--epsilon", "1", "--people", "応募者") == 0
    given = ["--epsilon", "0.5", "--ledger", ledger, "--rows-about", 6000, "--out", tmp_path / "o.csv"]
    assert run("release", "counts", sample, *COUNTS, *given, *arguments) == 3
