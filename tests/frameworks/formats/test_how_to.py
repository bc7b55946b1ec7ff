"""The page on bringing one's own framework is right: its code runs and prints what is shown."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from shinrai.frameworks.formats import EXPORT_FORMATS, IMPORT_FORMATS
from shinrai.frameworks.formats.xlsx.layout import SHEETS

PAGE = (Path(__file__).parents[3] / "docs/how-to/bring-your-own-framework.md").read_text(encoding="utf-8")


def test_the_code_runs_and_prints_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = io.StringIO()
    shown = 0
    for kind, body in re.findall(r"```(python|text)\n(.*?)```", PAGE, re.DOTALL):
        if kind == "python":
            assert printed.getvalue() == ""
            with contextlib.redirect_stdout(printed):
                exec(compile(body, "bring-your-own-framework.md", "exec"), names)  # noqa: S102  (the page's own code)
        else:
            assert printed.getvalue() == body
            printed = io.StringIO()
            shown += 1
    assert shown == 5


def test_the_tables_are_complete() -> None:
    cells = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert cells == [*(sheet.title for sheet in SHEETS), *IMPORT_FORMATS, *EXPORT_FORMATS]
