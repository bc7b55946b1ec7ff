"""Results of other tools in an assessment: imported evidence, counted again by the seats, verified by an outsider."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shinrai.assess import Assessed, assess
from shinrai.council.case import ImportedFile
from shinrai.council.seats import clustered_sums, clusters
from shinrai.council.seats.recompute_imported import recompute_imported
from shinrai.evaluate.interchange.imported import Tool, measure
from shinrai.evaluate.interchange.results import read_results
from shinrai.evaluate.measurement import Comparison, Measurement, Outcome, Rule
from shinrai.evaluate.scenarios import scenario_count
from shinrai.evidence import Home
from shinrai.language import ShinraiError
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

INSPECT_LOG = Path(__file__).parents[1] / "evaluate/conversation/data/inspect-capital.eval"
LEAF = "JP-GL-C3.evaluation-runs"
TARGET = """\
  elsewhere:
    kind: results
    file: FILE
    metrics: METRICS
    shows: [JP-GL-C3.evaluation-runs]
    share: SHARE
"""
Take = Callable[..., Path]
"""Writes a description of a file of results; returns its path."""


@pytest.fixture
def take(tmp_path: Path, talker: Callable[[str], str]) -> Take:
    def write(file: Path, metrics: str, share: str = "file") -> Path:
        folder = tmp_path / "talker"
        folder.mkdir(exist_ok=True)
        if file.parent != folder:
            shutil.copy(file, folder)
        text = TARGET.replace("FILE", file.name).replace("METRICS", metrics).replace("SHARE", share)
        (folder / "shinrai.yaml").write_text(talker(text))
        return folder / "shinrai.yaml"

    return write


def promptfoo(tmp_path: Path, outcomes: list[bool | None], repeats: int = 1) -> Path:
    """Write a promptfoo file with these outcomes, each asked so many times; None is an error."""
    results: list[dict[str, Any]] = []
    for number, passed in enumerate(outcomes):
        test = {"vars": {"n": number}}
        about = {"provider": {"id": "desk"}, "promptIdx": 0, "testCase": test}
        known = {"success": passed, "gradingResult": {"pass": passed}}
        failed = {"success": False, "failureReason": 2, "gradingResult": None}
        results += [{**about, **(failed if passed is None else known)}] * repeats
    file = tmp_path / "results.json"
    body = {"version": 3, "prompts": [], "results": results}
    file.write_text(json.dumps({"evalId": "e", "metadata": {"promptfooVersion": "0.121.20"}, "results": body}))
    return file


def run(path: Path, home: Home) -> Assessed:
    return assess(path, home, path.parent.parent / "out")


def leaf_of(done: Assessed) -> Any:
    return next(leaf for result in done.assessment.results for leaf in result.leaves if leaf.id == LEAF)


def test_a_log_made_by_inspect_becomes_imported_evidence_with_its_n(take: Take, home: Home) -> None:
    done = run(take(INSPECT_LOG, "[{name: exact, at_least: 0.5}, {name: includes}]"), home)
    assert verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code == 0
    found = {each.metric: each for each in done.assessment.measurements}
    exact = found["exact"]
    # 8 questions, 2 epochs each, of which one question ended in an error both times.
    assert (exact.n, exact.coverage.part, exact.coverage.whole, exact.scenarios) == (14, 14, 16, 7)
    assert (exact.origin, exact.check, exact.decisive) == ("imported", "imported", True)
    assert not found["includes"].decisive
    assert done.assessment.summary.origins["imported"] == 2
    assert done.assessment.summary.origins["measured"] == 0
    assert leaf_of(done).state == "not_assessed"
    assert [(t.id, t.kind, t.shared) for t in done.assessment.targets] == [("elsewhere", "results", "file")]


def test_enough_imported_samples_show_a_requirement_and_say_that_they_were_imported(
    take: Take, home: Home, tmp_path: Path
) -> None:
    done = run(take(promptfoo(tmp_path, [True] * 410), "[{name: success, at_least: 0.9}]"), home)
    leaf = leaf_of(done)
    assert (leaf.state, leaf.origin) == ("met", "imported")
    assert {vote.value for vote in leaf.verdict.votes} == {"pass"}
    assert verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code == 0


def test_personal_results_are_salted_and_counted_again_all_the_same(
    take: Take, home: Home, tmp_path: Path, seats_agree_elsewhere: Callable[[Any], None]
) -> None:
    file = promptfoo(tmp_path, [True] * 410)
    path = take(file, "[{name: success, at_least: 0.9}]")
    path.write_text(path.read_text().replace("data: [none]", "data: [personal]"))
    done = run(path, home)
    assert {vote.value for vote in leaf_of(done).verdict.votes} == {"pass"}
    # No digit of the file's own digest gets out, by which a guess could be confirmed.
    plain = hashlib.sha256(file.read_bytes()).hexdigest()
    assert plain[:8] not in done.assessment.model_dump_json()
    seats_agree_elsewhere(done)


def test_repeats_do_not_make_up_for_scenarios(take: Take, home: Home, tmp_path: Path) -> None:
    done = run(take(promptfoo(tmp_path, [True] * 40, repeats=12), "[{name: success, at_least: 0.8}]"), home)
    (measured,) = done.assessment.measurements
    assert (measured.n, measured.scenarios, measured.outcome) == (480, 40, "pass")
    leaf = leaf_of(done)
    assert leaf.state == "not_assessed"
    assert "40" in leaf.cause.en


def test_counts_alone_leave_the_file_at_home(take: Take, home: Home, tmp_path: Path) -> None:
    done = run(take(promptfoo(tmp_path, [True] * 40), "[{name: success, at_least: 0.8}]", share="counts"), home)
    assert done.assessment.targets[0].shared == "counts"
    assert verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code == 2


@pytest.mark.parametrize(
    ("metrics", "words", "field"),
    [
        ("[{name: sucess}]", "no metric", "name"),
        ("[{name: success, at_least: 0.8, at_most: 0.9}]", "one limit", "at_most"),
        ("[{name: success}, {name: success}]", "twice", "name"),
    ],
)
def test_a_slip_in_the_description_is_located(
    take: Take, home: Home, tmp_path: Path, metrics: str, words: str, field: str
) -> None:
    path = take(promptfoo(tmp_path, [True] * 40), metrics)
    with pytest.raises(ShinraiError) as refused:
        run(path, home)
    shown = str(refused.value)
    assert words in shown
    assert "shinrai.yaml:29" in shown
    assert field in shown


def test_a_damaged_file_is_told_before_anything_is_logged(take: Take, home: Home, tmp_path: Path) -> None:
    path = take(promptfoo(tmp_path, [True]), "[{name: success}]")
    (path.parent / "results.json").write_text('{"results": {"results": [')
    with pytest.raises(ShinraiError, match=r"results\.json"):
        run(path, home)


def rated(tmp_path: Path, values: list[float], per_sample: int = 1) -> Path:
    """Write an Inspect log whose scores are these numbers."""
    samples = [
        {"id": f"q{number // per_sample}", "epoch": number % per_sample + 1, "scores": {"grade": {"value": value}}}
        for number, value in enumerate(values)
    ]
    file = tmp_path / "log.json"
    dataset = {"samples": len(values) // per_sample}
    spec = {"model": "m", "dataset": dataset, "config": {"epochs": per_sample}, "scorers": [{"name": "grade"}]}
    file.write_text(json.dumps({"status": "success", "eval": spec, "samples": samples}))
    return file


def again(file: Path, rule: Rule | None, *, of: str) -> tuple[Measurement, Any]:
    read = read_results(file, alone=True)
    metric = read.metric(of)
    assert metric is not None
    measured = measure(read, metric, "t", rule)
    imported = ImportedFile(file, read.sha256, read.tool, {of: rule})
    return measured, recompute_imported(imported, "t", [measured])[measured.id]


AT_LEAST = Rule(Comparison.AT_LEAST, 0.5)


@pytest.mark.parametrize("per_sample", [1, 2, 4])
@pytest.mark.parametrize(
    "values", [[0.75] * 20 + [0.5] * 20, [1.0, 0.0] * 20, [3.0, 7.5] * 20, [2.0] * 40, [0.5] * 40, [1.0] * 40]
)
def test_the_seat_comes_to_the_same_on_shares_and_on_means(
    tmp_path: Path, values: list[float], per_sample: int
) -> None:
    measured, recomputed = again(rated(tmp_path, values, per_sample), AT_LEAST, of="grade")
    assert recomputed.agrees, str(recomputed.difference)
    assert recomputed.outcome is measured.outcome
    assert scenario_count(measured.counts) == 40 // per_sample


@pytest.mark.parametrize(
    "change",
    [
        {"n": 41},
        {"value": 0.7},
        {"low": 0.1},
        {"outcome": Outcome.FAIL},
        {"decisive": False},
        {"rule": Rule(Comparison.AT_LEAST, 0.1)},
        {"metric": "other"},
        {"counts": {}},
    ],
)
def test_the_seat_sees_what_somebody_changed(tmp_path: Path, change: dict[str, Any]) -> None:
    file = rated(tmp_path, [0.75] * 20 + [0.5] * 20)
    read = read_results(file, alone=True)
    metric = read.metric("grade")
    assert metric is not None
    measured = replace(measure(read, metric, "t", AT_LEAST), **change)
    imported = ImportedFile(file, read.sha256, read.tool, {"grade": AT_LEAST})
    assert not recompute_imported(imported, "t", [measured])[measured.id].agrees


def test_the_seat_sees_another_file_and_another_metric(tmp_path: Path) -> None:
    file = rated(tmp_path, [0.75] * 40)
    read = read_results(file, alone=True)
    metric = read.metric("grade")
    assert metric is not None
    measured = measure(read, metric, "t", AT_LEAST)
    for imported in (
        ImportedFile(file, "0" * 64, Tool.INSPECT, {"grade": AT_LEAST}),
        ImportedFile(file, read.sha256, Tool.INSPECT, {"other": AT_LEAST}),
        ImportedFile(file, read.sha256, Tool.GARAK, {"grade": AT_LEAST}),
        ImportedFile(tmp_path / "gone.json", read.sha256, Tool.INSPECT, {"grade": AT_LEAST}),
    ):
        assert not recompute_imported(imported, "t", [measured])[measured.id].agrees


def test_what_is_open_undoes_a_decision_that_it_could_turn(tmp_path: Path) -> None:
    sure, recomputed = again(promptfoo(tmp_path, [True] * 60 + [None]), Rule(Comparison.AT_LEAST, 0.8), of="success")
    assert (sure.outcome, recomputed.outcome) == (Outcome.PASS, Outcome.PASS)
    open_, recomputed = again(
        promptfoo(tmp_path, [True] * 60 + [None] * 12), Rule(Comparison.AT_LEAST, 0.8), of="success"
    )
    assert (open_.outcome, recomputed.outcome) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    assert recomputed.agrees
    assert open_.reason is not None
    assert "12 of 72" in open_.reason.en


@pytest.mark.parametrize(
    "counts",
    [
        {"ends": 1, "sums.1.-1": 2},
        {"ends": 1, f"sums.1.{(1 << 46) + 1}": 2},
        {"ends": 0, "sums.0.1": 2},
        {"ends": 0, "sums.x": 2},
        {"ends": 0, "sums.1.1": 0},
    ],
)
def test_impossible_sums_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"count|sum"):
        clustered_sums.mean_rate(counts)


def test_a_mean_of_one_scenario_or_without_spread_has_no_interval() -> None:
    assert clustered_sums.mean_rate({"ends": 1, "sums.3.5": 1}) is None
    assert clustered_sums.mean_rate({"ends": 0, f"sums.1.{7 << 46}": 9}) is None
    assert clusters.rate([]) is None


def test_seats_elsewhere_count_imported_results_as_the_embedded_ones_do(
    take: Take, home: Home, tmp_path: Path, seats_agree_elsewhere: Callable[[Assessed], None]
) -> None:
    seats_agree_elsewhere(run(take(promptfoo(tmp_path, [True] * 410), "[{name: success, at_least: 0.9}]"), home))
