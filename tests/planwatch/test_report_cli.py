"""`shinrai plan report`: which files it writes, for the national plan and for one's own, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from shinrai.cli.plan_reporting import EXAMPLE, report_command
from shinrai.evidence import Home
from shinrai.language import Language, ShinraiError
from shinrai.planwatch.workbook_template import template_bytes

Run = Callable[..., int]
FILES = ["plan-report.en.html", "plan-report.ja.html", "plan-report.json"]


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in its own data folder and working folder; returns the code."""
    monkeypatch.setenv("SHINRAI_HOME", str(home.path))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, lang: str = "en") -> int:
        code: int = report_command(Language(lang)).main([*arguments], standalone_mode=False)
        return code

    return call


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_national_plan_needs_one_command(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--out", "follow-up", "--as-of", "2026-11-20") == 0
    assert written(tmp_path / "follow-up") == FILES
    assert "8 of 63 measures have a report" in capsys.readouterr().out
    given = json.loads((tmp_path / "follow-up" / "plan-report.json").read_text("utf-8"))
    assert given["standing"]["counts"]["noReport"] == 55
    assert given["moved"]["since"] == "2025-11-20"
    for lang in ("ja", "en"):
        page = (tmp_path / "follow-up" / f"plan-report.{lang}.html").read_text("utf-8")
        assert page.startswith("<!doctype html>") or "<!doctype html>" in page[:20]
        assert f'<html lang="{lang}">' in page


def test_a_workbook_of_ones_own_becomes_the_same_report(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.xlsx").write_bytes(template_bytes(Language.JA, filled=True))
    assert run("plan.xlsx", "--out", "out", "--as-of", "2026-11-20") == 0
    page = (tmp_path / "out" / "plan-report.ja.html").read_text("utf-8")
    assert "アオバ精機" in page
    assert "府省庁" not in page


def test_a_report_is_replaced_only_on_request(run: Run, tmp_path: Path) -> None:
    assert run("--out", "out", "--as-of", "2026-11-20") == 0
    (tmp_path / "out" / "plan-report.ja.html").unlink()
    with pytest.raises(ShinraiError, match="exists already"):
        run("--out", "out", "--as-of", "2026-11-21")
    # Nothing of the refused report was written.
    assert written(tmp_path / "out") == [FILES[0], FILES[2]]
    assert run("--out", "out", "--as-of", "2026-11-21", "--force") == 0
    given = json.loads((tmp_path / "out" / "plan-report.json").read_text("utf-8"))
    assert given["standing"]["asOf"] == "2026-11-21"


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_versions_the_one_published_first_is_the_earlier(
    run: Run, tmp_path: Path, write: Callable[..., Path], turned: bool
) -> None:
    first = str(write())
    later = (
        ('version: "2026"', 'version: "2027"'),
        ("published: 2026-04-01", "published: 2027-04-01"),
        ("id: T-2, section: S2", "id: U-2, continues: [T-2], section: S2"),
        ("lead: GA, with: [DX]", "lead: DX, with: [GA]"),
    )
    second = str(write(*later, name="later.yaml"))
    plan, other = (second, first) if turned else (first, second)
    assert run(plan, "--against", other, "--out", "out", "--as-of", "2026-11-20") == 0
    given = json.loads((tmp_path / "out" / "plan-report.json").read_text("utf-8"))["comparison"]
    assert given["earlier"]["plan"]["version"] == "2026"
    changes = {each["id"]: each["changes"] for each in given["continued"]}
    assert changes["U-2"] == ["re_led", "partners"]
    assert given["dropped"] == []


def test_a_start_that_is_not_before_the_day_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ShinraiError, match="2026-11-20 is not before 2026-11-20"):
        run("--out", "out", "--as-of", "2026-11-20", "--since", "2026-11-20")
    assert not (tmp_path / "out").exists()


def test_since_says_what_moved(run: Run, tmp_path: Path) -> None:
    assert run("--out", "out", "--as-of", "2026-11-20", "--since", "2026-08-31") == 0
    given = json.loads((tmp_path / "out" / "plan-report.json").read_text("utf-8"))
    # September counts from its last day, August from its own, which is not after it.
    assert [each["about"] for each in given["moved"]["reports"]] == ["JP-BP1-3.1.iii"]


def test_a_folder_that_cannot_be_made_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ShinraiError, match="cannot be written"):
        run("--out", "file/below", "--as-of", "2026-11-20")


def test_json_is_the_file_that_was_written(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--out", "out", "--as-of", "2026-11-20", "--json") == 0
    assert capsys.readouterr().out == (tmp_path / "out" / "plan-report.json").read_text("utf-8")


def test_the_help_speaks_both_languages() -> None:
    for language, word in ((Language.JA, "フォローアップ報告書"), (Language.EN, "follow-up report")):
        command = report_command(language)
        assert word in (command.help or "")
        assert EXAMPLE in (command.epilog or "")
        helps = [each.help for each in command.params if isinstance(each, click.Option)]
        assert all(helps)
