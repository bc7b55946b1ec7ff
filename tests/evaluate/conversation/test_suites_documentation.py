"""The document on suite files says what is: its examples are read, its tables name everything there is."""

import re
from pathlib import Path

from shinrai.evaluate.scorers import SCORERS
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.suites import (
    HarmClass,
    available_suites,
    load_goal_tree,
    load_suite,
    plan,
    read_goal_tree,
    read_suite,
)
from shinrai.evaluate.suites.variations import OPERATORS

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "suite-format.md").read_text(encoding="utf-8")


def test_the_examples_are_read() -> None:
    suite, tree = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert [each.variation.name for each in plan(read_suite(suite.encode(), "example")) if each.variation]
    assert [node.id for node, _ in read_goal_tree(tree.encode(), "example").root.leaves()] == ["safe", "same", "words"]


def test_every_scorer_operator_class_and_suite_is_named() -> None:
    for name in [*SCORERS, *OPERATORS, *(f"{each.value}" for each in HarmClass)]:
        assert f"`{name}`" in TEXT, name
    for name in available_suites():
        suite = load_suite(name)
        assert f"| `{name}` | {len(suite.probes)} | {suite.title.en} |" in TEXT


def test_its_figures_are_right() -> None:
    leaves = [node for node, _ in load_goal_tree().root.leaves()]
    assert f"Of its {len(leaves)} items {sum(bool(node.suites) for node in leaves)} have a suite." in TEXT
    assert f"30 of 30 is an interval from {wilson(30, 30).low:.3f} to 1" in TEXT
