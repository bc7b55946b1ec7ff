"""Run every test and hold the rules to 100 % branch coverage.

Without arguments: all tests, on two processes where there is more than one core, with the coverage gate. With
arguments: they go to pytest as they are, without the gate (`python tools/run_tests.py tests/assess -k lapse`).
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests", "packages/shinrai-verify/verify_tests")
VERIFIER = "packages/shinrai-verify/src/shinrai_verify"
RULES = (
    "src/shinrai/assess/results.py",
    "src/shinrai/assess/transition.py",
    "src/shinrai/council/seats/intervals.py",
    "src/shinrai/evaluate/goals.py",
    "src/shinrai/evaluate/measurement.py",
    "src/shinrai/evaluate/scorers/judge_verdict.py",
    "src/shinrai/evaluate/statistics",
    "src/shinrai/frameworks/applicability.py",
    "src/shinrai/frameworks/difference.py",
    "src/shinrai/frameworks/mapped.py",
    "src/shinrai/frameworks/mapping.py",
    "src/shinrai/frameworks/paths.py",
    "src/shinrai/frameworks/relation.py",
    "src/shinrai/frameworks/worth.py",
    "src/shinrai/systems/facts.py",
    "src/shinrai/systems/tier.py",
    f"{VERIFIER}/council.py",
    f"{VERIFIER}/dsse.py",
    f"{VERIFIER}/encoding.py",
    f"{VERIFIER}/keys.py",
    f"{VERIFIER}/merkle.py",
    f"{VERIFIER}/note.py",
    f"{VERIFIER}/outcome.py",
    f"{VERIFIER}/statements.py",
    f"{VERIFIER}/steps",
    f"{VERIFIER}/tiles.py",
    f"{VERIFIER}/trust.py",
    f"{VERIFIER}/verify.py",
    f"{VERIFIER}/votes.py",
)
"""Files, and folders of files, of which every line and every branch has to be tested."""

TRACED = (
    "packages/shinrai-verify/verify_tests/test_contents.py",
    "packages/shinrai-verify/verify_tests/test_council.py",
    "packages/shinrai-verify/verify_tests/test_dsse.py",
    "packages/shinrai-verify/verify_tests/test_encoding.py",
    "packages/shinrai-verify/verify_tests/test_erasures.py",
    "packages/shinrai-verify/verify_tests/test_insiders.py",
    "packages/shinrai-verify/verify_tests/test_keys.py",
    "packages/shinrai-verify/verify_tests/test_log.py",
    "packages/shinrai-verify/verify_tests/test_merkle.py",
    "packages/shinrai-verify/verify_tests/test_note.py",
    "packages/shinrai-verify/verify_tests/test_one_reading.py",
    "packages/shinrai-verify/verify_tests/test_outside.py",
    "packages/shinrai-verify/verify_tests/test_records.py",
    "packages/shinrai-verify/verify_tests/test_rotations.py",
    "packages/shinrai-verify/verify_tests/test_runs.py",
    "packages/shinrai-verify/verify_tests/test_trust.py",
    "packages/shinrai-verify/verify_tests/test_votes.py",
    "tests/assess/test_results.py",
    "tests/assess/test_tier_and_own_frameworks.py",
    "tests/assess/test_transition.py",
    "tests/council/test_intervals.py",
    "tests/council/test_statistics_seat.py",
    "tests/evaluate/audit/privacy/test_noise.py",
    "tests/evaluate/audit/statistics",
    "tests/evaluate/conversation/test_stat_*.py",
    "tests/evaluate/judges/test_judge_verdict.py",
    "tests/evaluate/test_calibration.py",
    "tests/evaluate/test_decision.py",
    "tests/evaluate/test_gaps.py",
    "tests/evaluate/test_means.py",
    "tests/evaluate/test_measurement_json.py",
    "tests/evaluate/test_performance.py",
    "tests/evaluate/test_proportions.py",
    "tests/evaluate/test_ranking.py",
    "tests/frameworks/test_applicability.py",
    "tests/frameworks/test_difference.py",
    "tests/frameworks/test_mapped.py",
    "tests/frameworks/test_mapping.py",
    "tests/frameworks/test_paths.py",
    "tests/frameworks/test_relation.py",
    "tests/frameworks/test_scope_and_dates.py",
    "tests/frameworks/test_worth.py",
    "tests/systems",
)
"""The tests of the rules: they reach all of them, and while any other test runs, nothing is traced, see `whole_run`."""

LONGEST = (
    "tests/docs/test_commands.py",
    "tests/isolation/test_isolation.py",
    "tests/evaluate/local/test_hostile_answers.py",
    "tests/evaluate/workers/test_shared_runs.py",
    "tests/planwatch/test_report_browser.py",
    "tests/report/test_browser.py",
)
"""Files of few tests that take long: they come first, or all processes but one would wait for them in the end."""

CONFIG = ".coveragerc"


def write_config(folder: Path) -> Path:
    """Write a configuration that measures the rules alone: tracing the rest takes time."""
    files = "".join(f"\n    {file}" for file in rule_files())
    config = folder / CONFIG
    config.write_text(f"[run]\nbranch = True\nparallel = True\ndata_file = {folder / '.coverage'}\ninclude ={files}\n")
    return config


def rule_files() -> list[Path]:
    """Return every file that the gate is about; a rule that is not there is an error of this list."""
    found: list[Path] = []
    for name in RULES:
        path = ROOT / name
        if not path.exists():
            sys.exit(f"{name} stands in RULES of tools/run_tests.py, but is not there.")
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def given_to(option: str, patterns: Sequence[str]) -> Iterator[str]:
    """Give each file of a list to an option; a pattern that fits nothing is an error of the list."""
    for pattern in patterns:
        paths = sorted(ROOT.glob(pattern))
        if not paths:
            sys.exit(f"{pattern} stands in a list of tools/run_tests.py, but is not there.")
        yield from (f"{option}={path.relative_to(ROOT)}" for path in paths)


def uncovered(data_file: Path) -> Iterator[str]:
    """Say which lines and branches of the rules no test has reached, one text for each file."""
    measured = coverage.Coverage(data_file=str(data_file), config_file=str(data_file.with_name(CONFIG)))
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(morfs=[str(file) for file in rule_files()], outfile=str(report), ignore_errors=True)
        files = {(ROOT / name).resolve(): found for name, found in json.loads(report.read_bytes())["files"].items()}
    for file in rule_files():
        name = file.relative_to(ROOT).as_posix()
        if file not in files:
            yield f"{name}: was not measured"
            continue
        parts = []
        if lines := files[file]["missing_lines"]:
            parts.append("lines " + ", ".join(ranges(lines)))
        branches = [(start, end) for start, end in files[file]["missing_branches"] if start not in lines]
        if branches:
            parts.append("branches " + ", ".join(f"{a}→{b if b > 0 else 'end'}" for a, b in branches))
        if parts:
            yield f"{name}: {'; '.join(parts)}"


def ranges(lines: Sequence[int]) -> Iterator[str]:
    """Write sorted line numbers as ranges: 3, 4, 5, 9 is 3-5, 9."""
    start = previous = lines[0]
    for line in [*lines[1:], None]:
        if line is not None and line == previous + 1:
            previous = line
            continue
        yield str(start) if start == previous else f"{start}-{previous}"
        if line is not None:
            start = previous = line


class Gate:
    """Says before pytest's closing line whether the rules are covered."""

    def __init__(self, data_file: Path) -> None:
        self._data_file = data_file
        self.missing: list[str] = ["nothing was measured"]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Report what is missing."""
        self.missing = list(uncovered(self._data_file))
        terminalreporter.section("coverage of the rules")
        if not self.missing:
            terminalreporter.write_line(f"Every line and branch of {len(rule_files())} files is tested.")
        for text in self.missing:
            terminalreporter.write_line(f"not tested: {text}", red=True)


def main(given: Sequence[str]) -> int:
    """Run pytest; returns its exit code, or 1 when only the gate is not passed."""
    os.chdir(ROOT)
    if given:
        return int(pytest.main(list(given)))
    arguments = [name for name in TESTS if Path(name).exists()]
    if (os.cpu_count() or 1) > 1:
        # Tests of one file stay together: what a file sets up once is set up once.
        arguments += ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    arguments += ["-p", "whole_run", *given_to("--traced", TRACED), *given_to("--first", LONGEST)]
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder))
        arguments += ["--cov", "--cov-branch", f"--cov-config={config}", "--cov-report=", "-q", "--no-header"]
        gate = Gate(Path(folder) / ".coverage")
        code = int(pytest.main(arguments, plugins=[gate]))
    if code == 0 and gate.missing:
        print(
            "The tests pass, but the rules are not covered in full; see above. Their tests have to stand in TRACED.",
            file=sys.stderr,
        )
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
