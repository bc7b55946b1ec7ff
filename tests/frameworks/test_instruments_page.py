"""The reference page on instruments is right: its examples run, and its lists are those of the code."""

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from shinrai.frameworks import Certainty
from shinrai.frameworks.instrument import (
    FORCE_MEANINGS,
    NOTHING_DIRECTLY,
    InstrumentKind,
    TraitName,
    instruments,
    read_instruments,
)

PAGE = (Path(__file__).parents[2] / "docs/reference/instruments.md").read_text(encoding="utf-8")


def row(name: str) -> str:
    found = re.search(rf"^\| `{re.escape(name)}`(?:, `[^`]+`)* \| (.*) \|$", PAGE, re.MULTILINE)
    assert found is not None, name
    return found.group(1)


def test_the_example_loads() -> None:
    (record,) = read_instruments(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0].encode(), "example.yaml")
    assert [str(version.published) for version in record.versions] == ["2024", "2026-03"]
    assert record.licence is not None and record.licence.certainty is Certainty.SECONDARY


def test_the_python_runs() -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    ran = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    assert "Overall approach" in ran.stdout and "jp.aigb 1.2 JP-AIGB-6" in ran.stdout


def test_lists_are_complete() -> None:
    assert set(re.findall(r"`([^`]+)`", row("kind"))) == set(InstrumentKind)
    assert all(row(force) == meaning.template for force, meaning in FORCE_MEANINGS.items())
    assert all(f"`{name}`" in PAGE.partition("## Side by side")[2] for name in TraitName)
    assert NOTHING_DIRECTLY.template in row("meaning")


def test_every_file_is_listed() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+\.yaml)` \|", PAGE, re.MULTILINE))
    assert listed == {entry.name for entry in (files("shinrai.frameworks") / "instruments").iterdir()}


def test_names_of_versions_that_the_source_does_not_name() -> None:
    named = set(re.findall(r"`([a-z]+)`", row("version")))
    assert named == {"unknown", "current", "various", "vision"}
    used = {version.version for each in instruments() for version in each.versions}
    assert {name for name in used if re.fullmatch("[a-z]+", name)} <= named | {"alpha", "draft"}
