"""The reference page is right: its example loads, and its lists are those of the code."""

import re
from pathlib import Path

import pytest

from shinrai.frameworks import FACTS, Certainty, Coverage, EvidenceCode, Force, Kind, Phase, Role, read_framework
from shinrai.frameworks.located import MAX_BYTES, MAX_DEPTH, MAX_TEXT, MAX_VALUES
from shinrai.language import ShinraiError

PAGE = (Path(__file__).parents[2] / "docs/reference/framework-format.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]


def cell(name: str) -> set[str]:
    """The words in code marks of the table row that begins with the name, after the name itself."""
    rows = re.findall(rf"^\| `{name}` \|(.*)\|$", PAGE, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_the_example_loads() -> None:
    framework = read_framework(EXAMPLE.encode(), "example.yaml")
    assert [leaf.id for leaf in framework.by_id["EX-1.1"].expects] == ["EX-1.1.subgroup-metrics", "EX-1.1.acceptance"]


def test_the_error_is_the_one_that_is_shown() -> None:
    with pytest.raises(ShinraiError) as caught:
        read_framework(EXAMPLE.replace("roles: []", "roless: []").encode(), "example.yaml")
    assert f"```\n{caught.value}\n```" in PAGE


def test_lists_are_complete() -> None:
    assert cell("roles") == {"[]", *Role}
    facts = PAGE[PAGE.index("Facts: ") : PAGE.index("## Expected evidence")]
    assert set(re.findall(r"`([^`]+)`", facts)) == FACTS
    assert cell("kind") == set(Kind)
    assert cell("phases") == set(Phase)
    assert cell("coverage") == set(Coverage)
    assert cell("force") == set(Force)
    assert cell("certainty") == set(Certainty)
    assert all(f"| `{code}` |" in PAGE for code in EvidenceCode)


def test_limits_are_those_of_the_reader() -> None:
    assert f"{MAX_BYTES // 2**20} MiB, {MAX_VALUES:,} values, {MAX_DEPTH} levels, and {MAX_TEXT:,} characters" in PAGE
