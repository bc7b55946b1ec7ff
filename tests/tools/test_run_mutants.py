"""The run of mutants tells those that a test notices from those that none does, and goes on where it was stopped."""

import json
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "run_mutants.py"
NUMBERS = """\
def larger(a, b):
    return a if a > b else b


def counted(limit):
    found = 0
    while found < limit:
        found += 1
    return found


def forgotten(a):
    return a + 1
"""
TESTS = """\
import pytest

from tiny.numbers import counted, larger


@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 1)])
def test_larger(a, b):
    assert larger(a, b) == 2


def test_counted():
    assert counted(3) == 3


def test_that_fails_without_any_change():
    assert counted(3) == 4
"""


def test_each_mutant_is_killed_survives_never_ends_or_is_not_reached(tmp_path: Path) -> None:
    source, folder = tmp_path / "tiny", tmp_path / "work"
    for name, text in {"src/tiny/numbers.py": NUMBERS, "verify_tests/test_numbers.py": TESTS}.items():
        (source / name).parent.mkdir(parents=True)
        (source / name).parent.joinpath("__init__.py").touch()
        (source / name).write_text(text)

    def run(*more: str) -> str:
        command = [sys.executable, str(TOOL), "--folder", str(folder), "--source", str(source), "--seconds", "1", *more]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    said = run()
    # By hand: >= for > makes no difference, and from 1 it is counted to 3 as well as from 0.
    assert "survived: tiny.numbers.x_larger__mutmut_3\n-    return a if a > b else b\n+    return a if a >= b" in said
    assert "survived: tiny.numbers.x_counted__mutmut_2\n-    found = 0\n+    found = 1\n" in said
    assert "unreached: tiny.numbers.x_forgotten__mutmut_1\n" in said
    assert "4 tests, 0 s; 1 left out:\n  verify_tests/test_numbers.py::test_that_fails_without_any_change\n" in said
    assert said.endswith("11 mutants: {'killed': 5, 'survived': 2, 'endless': 2, 'unreached': 2}; 63.6 % killed\n")
    # Nothing is tried twice, but what survived with the tests as they are then.
    assert run().endswith("63.6 % killed\n")
    (source / "verify_tests" / "test_numbers.py").write_text(
        TESTS.replace("    assert counted(3) == 3\n", "    assert counted(3) == 3\n    assert counted(0) == 0\n")
    )
    assert run("--again").endswith("72.7 % killed\n")
    found = json.loads((folder / "found.json").read_text())
    assert found["tiny.numbers.x_counted__mutmut_2"] == "killed"
