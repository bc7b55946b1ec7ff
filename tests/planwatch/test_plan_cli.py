"""`shinrai plan`: what it prints in both languages, what it writes, and with which code it ends."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import openpyxl
import pytest

from shinrai.cli import main
from shinrai.cli.planning import EXAMPLES, plan_group
from shinrai.evidence import Home
from shinrai.language import Language
from shinrai.report.characters import width

TOWN = Path(__file__).parent / "town.yaml"
RECORD = ["plan", "record", "T-2", "--plan", str(TOWN), "--state", "delivered", "--date", "2026-10-01"]
SOURCE = ["--source", "https://town.example/minutes", "--by", "yamada", "--note-ja", "承認した。"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in its own data folder at 80 columns; returns code, output and errors."""
    monkeypatch.setenv("SHINRAI_HOME", str(home.path))
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str, lang: str = "en") -> tuple[int, str, str]:
        code = main(["--lang", lang, *arguments])
        return code, *capsys.readouterr()

    return call


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "jp.plan", "JP-BP1-1.4.iv"),
        ("show", "jp.plan", "JP-BP1-N6"),
        ("show", "jp.plan", "JP-BP1-I2"),
        ("status", "--as-of", "2026-11-20"),
        ("status", str(TOWN), "--as-of", "2026-11-20"),
        ("diff", "jp.plan", str(TOWN)),
    ],
    ids=lambda given: " ".join(Path(part).name for part in given),
)
def test_text_fits_80_columns_in_both_languages(run: Run, arguments: tuple[str, ...], lang: str) -> None:
    _, out, err = run("plan", *arguments, lang=lang)
    assert err == ""
    assert out.strip()
    too_wide = [line for line in out.splitlines() if width(line.rstrip()) > 80 and "https://" not in line]
    assert too_wide == []
    assert "…" not in out
    assert bool(re.search("[\u3040-\u30ff]", out)) is (lang == "ja")


def test_show_says_who_gave_a_figure(run: Run) -> None:
    _, out, _ = run("plan", "show", "--json")
    origins = {each["id"]: (each["value"], each["origin"]) for each in json.loads(out)["figures"]}
    assert origins["JP-BP1-F5"] == (80, "press")
    assert origins["JP-BP1-F7"] == (1, "press")
    assert origins["JP-BP1-F1"] == (200, "plan_text")


def test_status_of_the_national_plan(run: Run) -> None:
    code, out, _ = run("plan", "status", "--as-of", "2026-11-20", "--json")
    assert code == 2
    found = json.loads(out)
    assert found["counts"] == {"measures": 63, "states": {"under_way": 7, "delivered": 1}, "noReport": 55, "late": 0}
    assert (found["unique"], found["superseded"]) == (62, True)
    assert sum(cell["measures"] for cell in found["cells"]) == 63
    assert found["gaps"]["targetsWithoutDate"] == {"part": 4, "whole": 4}
    assert run("plan", "status", "--as-of", "2025-12-31", "--json")[0] == 2


def test_status_ends_with_1_when_something_is_late_and_0_when_all_is_reported(run: Run) -> None:
    assert run("plan", "status", str(TOWN), "--as-of", "2026-06-30")[0] == 2
    assert run("plan", "status", str(TOWN), "--as-of", "2026-07-01")[0] == 1
    at = ["--plan", str(TOWN), "--date", "2026-07-01", "--state", "delivered"]
    assert run("plan", "record", "T-1", *at, *SOURCE)[0] == 0
    assert run("plan", "record", "T-2", *at, *SOURCE)[0] == 0
    assert run("plan", "status", str(TOWN), "--as-of", "2026-07-01")[0] == 0


def test_recording_and_reading_back(run: Run) -> None:
    code, out, _ = run(*RECORD, *SOURCE, "--name", "山田 花子", "--json")
    assert code == 0
    done = json.loads(out)
    assert done == {"about": "T-2", "index": done["index"], "fresh": True}
    _, out, _ = run(*RECORD, *SOURCE, "--name", "山田 花子", lang="ja")
    assert "何も追加しませんでした" in out
    _, out, _ = run("plan", "show", str(TOWN), "T-2", lang="ja")
    assert "山田 花子が" in out
    assert "承認した。" in out
    _, out, _ = run("plan", "show", str(TOWN), "T-2", "--json")
    assert json.loads(out)["history"][0]["record"]["by"] == "yamada"
    _, out, _ = run("plan", "show", str(TOWN), "T-2", "--as-of", "2026-09-30", "--json")
    assert json.loads(out)["state"] is None
    assert run("log", "check")[0] == 0


@pytest.mark.parametrize("left_out", ["--source", "--by", "--note-ja", "--date"])
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_recording_without_source_person_date_or_note_is_refused(run: Run, left_out: str, lang: str) -> None:
    given = [*RECORD, *SOURCE]
    at = given.index(left_out)
    code, out, err = run(*given[:at], *given[at + 2 :], lang=lang)
    assert (code, out) == (3, "")
    assert left_out.split("-")[2] in err


def test_a_value_of_an_indicator(run: Run) -> None:
    given = ["plan", "record", "T-I1", "--plan", str(TOWN), "--value", "52.5", "--date", "2026-09", *SOURCE]
    assert run(*given, "--n", "400", "--interval", "47.6", "57.3", "95", "--published", "2026-10-01")[0] == 0
    _, out, _ = run("plan", "show", str(TOWN), "T-I1")
    assert "2026-09: 52.5% (n = 400, 95% interval 47.6% to 57.3%)" in out
    assert "Target 45% or more (by 30 September 2026), text of the plan: reached" in out
    code, _, err = run(*given, "--state", "late")
    assert code == 3
    assert "either --state" in err
    for wrong in (("--value", "much"), ("--date", "someday"), ("--group", "JP")):
        assert run(*given, *wrong)[0] == 3


def test_a_company_plan_from_spreadsheet_to_status(run: Run, tmp_path: Path) -> None:
    sheet, file = tmp_path / "plan.xlsx", tmp_path / "plan.yaml"
    assert run("plan", "template", "--out", str(sheet), "--example")[0] == 0
    assert run("plan", "template", "--out", str(sheet))[0] == 3
    code, out, _ = run("plan", "import", str(sheet))
    assert code == 0
    assert "4 measures, 1 indicators, 3 owners" in out
    assert file.read_text(encoding="utf-8").startswith("# A plan as data")
    for source in (sheet, file):
        code, out, _ = run("plan", "status", str(source), "--as-of", "2026-11-20", "--json")
        assert code == 1
        assert json.loads(out)["counts"]["late"] == 2
    code, _, err = run("plan", "import", str(sheet))
    assert code == 3
    assert "exists already" in err
    assert run("plan", "import", str(sheet), "--force")[0] == 0
    assert list(tmp_path.glob(".*")) == []


def test_a_fault_in_a_spreadsheet_writes_nothing(run: Run, tmp_path: Path) -> None:
    sheet, file = tmp_path / "plan.xlsx", tmp_path / "plan.yaml"
    run("plan", "template", "--out", str(sheet), "--example")
    book = openpyxl.load_workbook(sheet)
    book["施策 Measures"]["E3"].value = "NOBODY"
    book.save(sheet)
    code, out, err = run("plan", "import", str(sheet), lang="ja")
    assert (code, out) == (3, "")
    assert err.startswith("plan.xlsx、") or "施策 Measures!E3" in err
    assert "NOBODY" in err
    assert not file.exists()


def test_diff_as_text_and_json(run: Run, tmp_path: Path) -> None:
    later = tmp_path / "later.yaml"
    later.write_text(
        TOWN.read_text("utf-8")
        .replace('version: "2026"', 'version: "2027"')
        .replace("lead: GA, with: [DX]", "lead: DX"),
        encoding="utf-8",
    )
    code, out, _ = run("plan", "diff", str(TOWN), str(later), "--json")
    assert code == 0
    changed = {each["id"]: each["changes"] for each in json.loads(out)["continued"]}
    assert changed == {"T-1": [], "T-2": ["re_led", "partners"], "T-3": []}
    _, out, _ = run("plan", "diff", str(TOWN), str(later), lang="ja")
    assert "主担当の変更" in out
    assert "報告なし" in out


def test_an_unknown_plan_or_id_is_a_usage_error_with_a_suggestion(run: Run) -> None:
    code, _, err = run("plan", "show", "jp.plam")
    assert code == 3
    assert "jp.plan" in err
    code, _, err = run("plan", "show", "jp.plan", "JP-BP1-1.4.iv.")
    assert code == 3
    assert "JP-BP1-1.4.iv" in err


@pytest.mark.parametrize("language", Language)
def test_every_command_has_help_and_most_an_example(run: Run, language: Language) -> None:
    group = plan_group(language)
    assert set(group.commands) >= {"show", "status", "record", "import", "template", "diff"}
    for name in EXAMPLES:
        code, out, _ = run("plan", name, "--help", lang=language.value)
        assert code == 0
        assert EXAMPLES[name][:40] in out
        options = [each for each in group.commands[name].params if isinstance(each, click.Option)]
        assert all(each.help for each in options)
        assert {"--json", "--lang"} <= {opt for each in options for opt in each.opts}


def test_the_examples_are_commands_that_parse() -> None:
    for example in EXAMPLES.values():
        assert re.match(r"shinrai plan [a-z]+ ", example)


def test_a_reader_who_leaves_makes_no_difference(home: Home) -> None:
    status = f"{sys.executable} -m shinrai plan status --as-of 2026-11-20 --home {home.path}"
    command = f"{status} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_of_other_commands_needs_no_plan_room() -> None:
    asked = "main(['plan', '--help']); print([name for name in sys.modules if 'planwatch' in name])"
    script = f"import sys; from shinrai.cli import main; {asked}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(("lang", "said"), [("ja", "継続"), ("en", "Goes on with JP-BP1-3.1.v")])
def test_the_history_of_an_earlier_phase_is_shown_with_the_later_measure(
    run: Run, tmp_path: Path, lang: str, said: str
) -> None:
    later = tmp_path / "phase-2.yaml"
    text = TOWN.read_text("utf-8").replace("lead: GA, with: [DX]", "lead: GA, continues: [JP-BP1-3.1.v]")
    later.write_text(text, encoding="utf-8")
    _, out, _ = run("plan", "show", str(later), "T-2", "--as-of", "2026-11-20", lang=lang)
    assert said in out
    assert "https://aisi.go.jp/output/output_information/260707/" in out
    _, out, _ = run("plan", "show", str(later), "T-2", "--as-of", "2026-11-20", "--json")
    (before,) = json.loads(out)["earlier"]
    assert (before["plan"], before["id"], len(before["history"])) == ("jp.plan/phase-1", "JP-BP1-3.1.v", 3)
