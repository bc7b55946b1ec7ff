"""Logs of Inspect. `data/inspect-capital.eval` was made by Inspect 0.3.285 itself, with `make_inspect_log.py`."""

import json
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.interchange.imported import measure
from shinrai.evaluate.interchange.limits import Archive, parse_json
from shinrai.evaluate.interchange.results import read_results, run_to_json
from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.language import ShinraiError

HERE = Path(__file__).parent
STORED = HERE / "data" / "inspect-capital.eval"
ASKED, SCORED, CORRECT = 16, 14, 8


def check_capital(path: Path) -> None:
    run = read_results(path)
    assert run.models == ("mockllm/model",)
    assert run.status == "success"
    assert run.started is not None
    assert run.finished is not None
    assert [metric.name for metric in run.metrics] == ["exact", "includes"]
    for metric in run.metrics:
        assert (metric.asked, len(metric.scores), metric.missing) == (ASKED, ASKED, 0)
        assert metric.count(Outcome.ERROR) == ASKED - SCORED
        assert metric.count(Outcome.PASS) == CORRECT
        assert metric.count(Outcome.FAIL) == SCORED - CORRECT
        assert {score.cluster for score in metric.scores} == {f"q{number}" for number in range(8)}
        printed = [claim for claim in metric.claims if claim.name in ("mean", "accuracy")]
        assert [claim.agrees for claim in printed] == [True]
        measured = measure(run, metric, "desk")
        assert measured.n == SCORED
        assert (measured.coverage.used, measured.coverage.asked) == (SCORED, ASKED)
        assert measured.value == pytest.approx(CORRECT / SCORED)
        assert measured.low is not None
        assert measured.high is not None
        # Epochs of one question say the same here, so 14 scores count as little more than 7.
        assert measured.low < 0.25
        assert measured.high > 0.84
        assert not measured.decisive


def test_the_stored_log_has_the_right_n() -> None:
    check_capital(STORED)


@pytest.mark.skipif(find_spec("inspect_ai") is None, reason="inspect-ai is not installed; the stored log is tested")
def test_a_log_made_now_has_the_right_n(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, HERE / "make_inspect_log.py", tmp_path], capture_output=True, text=True, check=True
    )
    check_capital(Path(made.stdout.strip().splitlines()[-1]))


def as_json(changes: dict[str, Any], tmp_path: Path) -> Path:
    """Write the stored log as Inspect's JSON log, with other values at the top."""
    with Archive(STORED) as archive:
        log = parse_json(archive.read("header.json"), "header.json")
        names = [name for name in archive.names if name.startswith("samples/")]
        log["samples"] = [parse_json(archive.read(name), name) for name in names]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**log, **changes}), encoding="utf-8")
    return path


def test_the_json_form_gives_the_same(tmp_path: Path) -> None:
    check_capital(as_json({}, tmp_path))


def changed_samples(tmp_path: Path, change: Any) -> Path:
    samples = json.loads(as_json({}, tmp_path).read_text(encoding="utf-8"))["samples"]
    return as_json({"samples": [each for sample in samples if (each := change(sample)) is not None]}, tmp_path)


def test_missing_samples_lower_the_coverage(tmp_path: Path) -> None:
    run = read_results(changed_samples(tmp_path, lambda sample: sample if sample["id"] != "q1" else None))
    metric = run.metrics[0]
    assert (metric.asked, metric.missing) == (ASKED, 2)
    measured = measure(run, metric, "desk")
    assert (measured.n, measured.coverage.asked) == (12, ASKED)
    assert any("2 of 16 samples that had to be taken" in finding.en for finding in measured.findings)


def test_what_the_tool_prints_and_its_samples_do_not_give_is_said(tmp_path: Path) -> None:
    def one_more(sample: dict[str, Any]) -> dict[str, Any]:
        if sample["id"] == "q0":
            sample["scores"]["exact"]["value"] = "C"
        return sample

    run = read_results(changed_samples(tmp_path, one_more))
    exact = run.metric("exact")
    assert exact is not None
    assert [claim.agrees for claim in exact.claims if claim.name == "mean"] == [False]
    assert any("The tool prints mean = 0.571429" in finding.en for finding in measure(run, exact, "desk").findings)


def test_a_log_without_samples_is_a_claim_only(tmp_path: Path) -> None:
    run = read_results(as_json({"samples": None}, tmp_path))
    metric = run.metric("includes")
    assert metric is not None
    assert (metric.asked, metric.scores) == (ASKED, ())
    measured = measure(run, metric, "desk", Rule(Comparison.AT_LEAST, 0.1))
    assert measured.outcome is Outcome.INCONCLUSIVE
    assert (measured.value, measured.n, measured.coverage.used) == (None, 0, 0)
    assert any("Claimed by the tool, not recomputed: accuracy" in finding.en for finding in measured.findings)


def test_all_samples_in_error_is_an_error_and_never_a_fail(tmp_path: Path) -> None:
    def broken(sample: dict[str, Any]) -> dict[str, Any]:
        return {**sample, "error": {"message": "no route"}, "scores": {}}

    run = read_results(changed_samples(tmp_path, broken))
    for metric in run.metrics:
        measured = measure(run, metric, "desk", Rule(Comparison.AT_LEAST, 0.5))
        assert measured.outcome is Outcome.ERROR
        assert measured.value is None
        assert dict(measured.counts)["errors"] == ASKED


@pytest.mark.parametrize(
    ("value", "outcome", "number"),
    [
        ("C", Outcome.PASS, 1.0),
        ("I", Outcome.FAIL, 0.0),
        ("N", Outcome.FAIL, 0.0),
        ("P", Outcome.INCONCLUSIVE, 0.5),
        (True, Outcome.PASS, 1.0),
        (0, Outcome.FAIL, 0.0),
        (0.25, Outcome.INCONCLUSIVE, 0.25),
        ("good", Outcome.INCONCLUSIVE, None),
        ([1, 2], Outcome.INCONCLUSIVE, None),
        (None, Outcome.INCONCLUSIVE, None),
        (float("nan"), Outcome.ERROR, None),
        (float("inf"), Outcome.INCONCLUSIVE, None),
    ],
)
def test_marks_and_numbers(tmp_path: Path, value: Any, outcome: Outcome, number: float | None) -> None:
    def change(sample: dict[str, Any]) -> dict[str, Any]:
        if (sample["id"], sample["epoch"]) == ("q1", 1):
            sample["scores"]["exact"]["value"] = value
        return sample

    metric = read_results(changed_samples(tmp_path, change)).metric("exact")
    assert metric is not None
    (score,) = [each for each in metric.scores if (each.sample, each.repeat) == ("q1", 1)]
    assert (score.outcome, score.value) == (outcome, number)


def test_a_score_with_several_values_is_several_metrics(tmp_path: Path) -> None:
    def change(sample: dict[str, Any]) -> dict[str, Any]:
        if sample["scores"]:
            sample["scores"] = {"safety": {"value": {"refuses": 1, "polite": 0.5}}}
        return sample

    run = read_results(changed_samples(tmp_path, change))
    names = {metric.name for metric in run.metrics}
    assert {"safety/refuses", "safety/polite"} <= names
    polite = run.metric("safety/polite")
    assert polite is not None
    measured = measure(run, polite, "desk")
    assert measured.value == 0.5
    assert measured.method.startswith("mean")


def test_a_sample_twice_is_refused(tmp_path: Path) -> None:
    samples = json.loads(as_json({}, tmp_path).read_text(encoding="utf-8"))["samples"]
    with pytest.raises(ShinraiError, match="“q0” stands here twice for epoch 1") as caught:
        read_results(as_json({"samples": [*samples, samples[0]]}, tmp_path))
    assert caught.value.place is not None
    assert caught.value.place.field == "samples[16]"


def test_invalid_and_edited_samples_are_said(tmp_path: Path) -> None:
    def change(sample: dict[str, Any]) -> dict[str, Any]:
        if sample["id"] == "q1":
            sample["invalidation"] = {"author": "someone"}
        if sample["id"] == "q2":
            sample["scores"]["exact"]["history"] = [{"value": "I"}]
        return sample

    run = read_results(changed_samples(tmp_path, change))
    assert run.metrics[0].count(Outcome.ERROR) == 4
    assert any("2 scores were changed after the run" in note.en for note in run.notes)


def test_a_run_that_died_is_read_from_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "died.eval"
    with Archive(STORED) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.names:
            if name == "_journal/start.json" or name.startswith("samples/q0"):
                archive.writestr(name, whole.read(name))
    run = read_results(path)
    assert run.status == "started"
    assert any("ended as “started”" in note.en for note in run.notes)
    exact = run.metric("exact")
    assert exact is not None
    assert (exact.asked, len(exact.scores), exact.missing) == (ASKED, 2, 14)


def test_what_is_not_such_a_log_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(ShinraiError, match="not a log of Inspect"):
        read_results(path)
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(ShinraiError, match="No tool that is known"):
        read_results(tmp_path / "b.json")


def test_the_json_holds_every_sample_and_no_text_of_prompts_or_answers() -> None:
    run = read_results(STORED)
    written = json.dumps(run_to_json(run), ensure_ascii=False)
    assert json.loads(written)["metrics"][0]["asked"] == ASKED
    assert written.count('"sample"') == 2 * ASKED
    assert "東京" not in written
    assert "Traceback" not in written
    assert "/site-packages/" not in written


def test_a_limit_decides_on_the_bound_only() -> None:
    run = read_results(STORED)
    metric = run.metrics[0]
    assert measure(run, metric, "desk", Rule(Comparison.AT_LEAST, 0.05)).outcome is Outcome.PASS
    assert measure(run, metric, "desk", Rule(Comparison.AT_LEAST, 0.95)).outcome is Outcome.FAIL
    undecided = measure(run, metric, "desk", Rule(Comparison.AT_LEAST, 0.5))
    assert undecided.outcome is Outcome.INCONCLUSIVE
    assert undecided.decisive
    assert undecided.needed_n is not None
    assert undecided.needed_n > SCORED
