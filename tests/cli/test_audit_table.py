"""`shinrai audit table`: from a file to words, JSON and a page, with exit codes that mean something."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from shinrai.cli import main
from shinrai.cli.audit import EXAMPLE

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    """Four hundred decisions: women are selected a third as often as men; five rows are of a small group."""
    lines = ["approved,predicted,sex,age,score"]
    for i in range(400):
        sex = "男" if i % 2 else "女"
        selected = int(i % 10 < 6) if i % 2 else int(i % 10 < 2)
        lines.append(f"{int(i % 3 > 0)},{selected},{sex},{'若年' if i % 4 < 2 else '高齢'},{(i * 37 % 100) / 100}")
    lines += ["1,1,回答しない,若年,0.5"] * 5
    file = tmp_path / "decisions.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*arguments: object) -> tuple[int, str]:
        code = main(["audit", "table", *map(str, arguments)])
        found = capsys.readouterr()
        return code, found.out + found.err

    return go


ROLES = ("--label", "approved", "--prediction", "predicted", "--group", "sex", "--favourable", "1")


def test_json_has_the_groups_and_their_gaps(run: Run, decisions: Path) -> None:
    code, out = run(decisions, *ROLES, "--json")
    data = json.loads(out)
    assert code == 1
    assert data["answer"] == "not_met"
    assert data["by_group"]["女"]["selection_rate"]["exact"] == "1/5"
    assert data["groups"]["sex"]["by_group"]["男"]["selection_rate"]["n"] == 200
    assert data["by_group"]["回答しない"]["tpr"]["value"] == 1.0
    assert data["verdicts"][0]["too_small"] == ["回答しない"]
    assert list(data["origin"]["digests"]) == ["decisions.csv"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_words_say_what_came_out_first(run: Run, decisions: Path, language: str) -> None:
    code, out = run(decisions, *ROLES, "--lang", language)
    assert code == 1
    assert out.startswith("✗")
    assert "“女”" in out or "「女」" in out
    assert "20.0% [15.0, 26.1]" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(("language", "cut"), [("ja", "50グループのうち"), ("en", "50 groups: those with")])
def test_of_many_groups_the_outermost_are_listed(run: Run, tmp_path: Path, language: str, cut: str) -> None:
    file = tmp_path / "areas.csv"
    lines = [f"g{i:02},{decision},{n}" for i in range(50) for decision, n in ((1, 100 + (i * 7) % 50), (0, 100))]
    lines += [f"{line},{half}" for half in "ab" for line in lines]
    file.write_text("\n".join(["area,chosen,n,half", *lines[100:]]) + "\n", encoding="utf-8")
    roles = ("--prediction", "chosen", "--group", "area", "--favourable", 1, "--counts", "n", "--strata", "half")
    _, out = run(file, *roles, "--lang", language)
    assert cut in out
    # In each list, where one stands that the groups are compared with: the lowest first, the highest last.
    by_rate = sorted((f"g{i:02}" for i in range(50)), key=lambda name: (int(name[1:]) * 7) % 50)
    first_words = [line.split()[0] for line in out.splitlines() if re.match(r"g\d\d\s", line)]
    shown = [*by_rate[:20], *by_rate[-20:]]
    assert first_words == [*shown, *shown[:-1], *shown[:-1]]


def test_too_little_evidence_is_neither_kept_nor_broken(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("race,arrested,n\nblack,1,102\nblack,0,277\nother,1,12\nother,0,41\n", encoding="utf-8")
    code, out = run(file, "--prediction", "arrested", "--group", "race", "--favourable", 1, "--counts", "n", "--json")
    data = json.loads(out)
    assert code == 2
    assert data["p_any_difference"]["selection_rate"] == pytest.approx(0.618, abs=0.02)
    assert data["difference"]["selection_rate"]["exact"] == "858/20087"
    assert data["verdicts"][0]["needed_n"] > 432
    assert data["origin"]["rows"] == 432


def test_a_limit_that_is_kept_ends_with_nought(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("g,p,n\na,1,5000\na,0,5000\nb,1,4900\nb,0,5100\n", encoding="utf-8")
    code, out = run(file, "--prediction", "p", "--group", "g", "--favourable", 1, "--counts", "n")
    assert code == 0
    assert out.startswith("✓")


def test_strata_crossings_search_and_limits(run: Run, decisions: Path) -> None:
    code, out = run(
        decisions, *ROLES, "--group", "age", "--intersect", "sex,age", "--search",
        "--limit", "accuracy.difference=0.9", "--json",
    )  # fmt: skip
    data = json.loads(out)
    assert code == 1
    assert set(data["groups"]) == {"sex", "age"}
    assert "女 × 若年" in data["intersections"]["sex × age"]["by_group"]
    assert data["search"]["findings"][0]["columns"] == ["sex"]
    assert "accuracy.difference" in {each["metric"] for each in data["verdicts"]}
    code, out = run(decisions, *ROLES, "--strata", "age", "--json")
    assert set(json.loads(out)["strata"]) == {"若年", "高齢"}
    assert json.loads(out)["stratified"]["selection_rate"]["groups"]["女"]["reference"] == "回答しない"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--favourable", "2"), "2"),
        (("--intersect", "sex"), "crossed"),
        (("--limit", "tpr=1"), "limit"),
        (("--limit", "tpr.difference=x"), "limit"),
        (("--limit", "nothing.ratio=1"), "limit"),
        (("--group", "nowhere"), "nowhere"),
        (("--task", "guess"), "guess"),
    ],
)
def test_what_does_not_fit_ends_with_three(run: Run, decisions: Path, arguments: tuple[str, str], words: str) -> None:
    code, out = run(decisions, *ROLES, *arguments, "--lang", "en")
    assert code == 3
    assert words in out


def test_a_missing_file_ends_with_three(run: Run, tmp_path: Path) -> None:
    code, out = run(tmp_path / "nothing.csv", *ROLES)
    assert code == 3
    assert "nothing.csv" in out


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_hides_what_is_small_and_fetches_nothing(
    run: Run, decisions: Path, tmp_path: Path, language: str
) -> None:
    page = tmp_path / "audit.html"
    code, _ = run(decisions, *ROLES, "--score", "score", "--search", "--html", page, "--lang", language)
    text = page.read_text(encoding="utf-8")
    assert code == 1
    assert f'<html lang="{language}">' in text
    assert text.count("<svg") > 6
    assert not re.search(r"<script|src=|@import|url\(|http-equiv=\"refresh", text)
    hidden = re.search(r'<tr class="suppressed"><th scope="row">(<bdi>)?回答しない.*?</tr>', text, re.DOTALL)
    assert hidden is not None
    assert not re.search(r"\d", re.sub(r"<[^>]*>", "", hidden[0]))
    # Five rows could be had from the total if only they were hidden: they are in no total, and no one else is hidden.
    assert {each for _, each in re.findall(r'class="suppressed"><th scope="row">(<bdi>)?([^< ]+)', text)} == {
        "回答しない"
    }
    assert {"ja": "全行の値を含むすべての集計から除いています", "en": "left out of every number here"}[language] in text


def test_the_page_shows_all_where_that_is_asked_for(run: Run, decisions: Path, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    run(decisions, *ROLES, "--html", page, "--suppress-below", 0)
    assert 'class="suppressed"' not in page.read_text(encoding="utf-8")


def test_names_from_the_table_cannot_run(run: Run, tmp_path: Path) -> None:
    file, page = tmp_path / "d.csv", tmp_path / "audit.html"
    evil = "<img src=x onerror=alert(1)>"
    rows: list[Any] = [f"{i % 2},{evil if i % 3 else 'b'}" for i in range(90)]
    file.write_text("\n".join(["p,g", *rows]) + "\n", encoding="utf-8")
    run(file, "--prediction", "p", "--group", "g", "--favourable", 1, "--html", page)
    assert "<img" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("line", EXAMPLE.splitlines())
def test_the_examples_of_the_help_work(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    columns = {
        "approved": [i % 3 > 0 for i in range(120)],
        "predicted": [int(i % 5 > 1) for i in range(120)],
        "sex": ["女", "男"] * 60,
        "age_band": ["20-39"] * 40 + ["40-59"] * 80,
        "score": [(i * 7 % 120) / 120 for i in range(120)],
    }
    table = pa.table(columns | {"approved": [int(each) for each in columns["approved"]]})
    pq.write_table(table, "decisions.parquet")
    csv.write_csv(table, "decisions.csv")
    Path("counts.csv").write_text(
        "sex,department,admitted,n\n女,a,yes,40\n女,a,no,20\n男,a,yes,35\n男,a,no,25\n女,b,yes,4\n男,b,no,9\n", "utf-8"
    )
    _, _, _, *arguments = shlex.split(line)
    code, out = run(*arguments)
    assert code in {0, 1, 2}, out


def test_findings_are_confirmed_on_rows_held_back(run: Run, decisions: Path) -> None:
    code, out = run(decisions, *ROLES, "--search", "--confirm", 0.4, "--json")
    search = json.loads(out)["search"]
    rows = json.loads(out)["origin"]["rows"]
    assert code in (0, 1, 2)
    assert search["held_back"] == round(0.4 * rows)
    assert all(each["held"]["number"]["n"] <= search["held_back"] for each in search["findings"])
    assert run(decisions, *ROLES, "--confirm", 0.4)[0] == 3
