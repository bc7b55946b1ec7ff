"""Results of promptfoo, garak and Moonshot, in the shape their current versions write.

The shapes were taken from files that promptfoo 0.121.20 and garak 0.17.1 wrote when they were run, and from Moonshot's
own format (0.7); the content is our own.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.interchange.imported import ImportedRun, Tool, measure, slug
from shinrai.evaluate.interchange.results import read_results
from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.measurement_json import from_json, to_json
from shinrai.language import ShinraiError


def dump(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def lines(path: Path, values: list[Any]) -> Path:
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return path


# promptfoo


def row(number: int, asked: str, success: bool, **given_: Any) -> dict[str, Any]:
    reason = "Assertion passed" if success else 'Expected output to contain "東京"'
    part = {"pass": success, "score": int(success), "reason": reason, "assertion": {"type": "contains"}}
    return {
        "id": f"id-{number}",
        "provider": {"id": "desk", "label": ""},
        "promptIdx": 0,
        "testIdx": number,
        "vars": {"asked": asked},
        "testCase": {"vars": {"asked": asked}, "assert": [{"type": "contains", "value": "東京"}]},
        "success": success,
        "failureReason": 0 if success else 1,
        "gradingResult": {"pass": success, "score": int(success), "reason": reason, "componentResults": [part]},
        "response": {"output": "東京"},
        **given_,
    }


BROKEN = {
    "pass": False,
    "score": 0,
    "reason": "Custom function threw error: boom\nStack Trace: …",
    "assertion": {"type": "javascript"},
}
HONEST = {"pass": False, "score": 0, "reason": "Expected output to contain", "assertion": {"type": "contains"}}


def promptfoo(path: Path, rows: list[dict[str, Any]], passed: int = 0, failed: int = 0, errors: int = 0) -> Path:
    counts = {"testPassCount": passed, "testFailCount": failed, "testErrorCount": errors}
    results = {
        "version": 3,
        "timestamp": "2026-11-20T14:57:10.861Z",
        "prompts": [{"raw": "{{asked}}", "provider": "desk", "metrics": counts}],
        "results": rows,
        "stats": {"successes": passed, "failures": failed, "errors": errors},
    }
    metadata = {"promptfooVersion": "0.121.20", "evaluationCreatedAt": "2026-11-20T14:57:10.861Z"}
    return dump(path, {"evalId": "eval-1", "results": results, "config": {}, "metadata": metadata})


def only(run: ImportedRun) -> Any:
    (metric,) = run.metrics
    return metric


def test_promptfoo_errors_are_errors_and_broken_assertions_too(tmp_path: Path) -> None:
    rows = [
        row(0, "a", True),
        row(1, "a", True),
        row(2, "b", False),
        row(3, "c", False, failureReason=2, gradingResult=None, error="connect ECONNREFUSED"),
        row(4, "d", False, gradingResult={"pass": False, "score": 0, "componentResults": [BROKEN]}),
        row(5, "e", False, gradingResult={"pass": False, "score": 0, "componentResults": [BROKEN, HONEST]}),
    ]
    run = read_results(promptfoo(tmp_path / "out.json", rows, passed=2, failed=3, errors=1))
    metric = only(run)
    assert (run.tool, run.tool_version, run.models) == (Tool.PROMPTFOO, "0.121.20", ("desk",))
    assert (metric.name, metric.asked) == ("success", 6)
    counted = [metric.count(outcome) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)]
    assert counted == [2, 2, 2]
    # Two tests with the same variables are repeats of one another.
    assert [score.repeat for score in metric.scores if score.outcome is Outcome.PASS] == [0, 1]
    assert len({score.cluster for score in metric.scores}) == 5
    measured = measure(run, metric, "desk")
    assert (measured.n, measured.coverage.used, measured.coverage.asked, measured.value) == (4, 4, 6, 0.5)
    assert any("its own assertion broke" in note.en for note in run.notes)
    assert [claim.agrees for claim in metric.claims] == [False]


def test_promptfoo_single_tests_get_wilsons_interval(tmp_path: Path) -> None:
    rows = [row(number, f"q{number}", number < 8) for number in range(10)]
    run = read_results(promptfoo(tmp_path / "out.json", rows, passed=8, failed=2))
    measured = measure(run, only(run), "desk", Rule(Comparison.AT_LEAST, 0.3))
    assert measured.method.startswith("share; Wilson 1927")
    assert (measured.low, measured.high) == (pytest.approx(0.490162, abs=1e-6), pytest.approx(0.943318, abs=1e-6))
    assert measured.outcome is Outcome.PASS
    assert [claim.agrees for claim in only(run).claims] == [True]


def test_promptfoo_rows_that_are_missing_lower_the_coverage(tmp_path: Path) -> None:
    rows = [row(number, f"q{number}", True) for number in range(3)]
    run = read_results(promptfoo(tmp_path / "out.json", rows, passed=10))
    measured = measure(run, only(run), "desk")
    assert (measured.n, measured.coverage.asked) == (3, 10)
    assert any("7 of 10 samples that had to be taken" in finding.en for finding in measured.findings)


def test_promptfoo_keeps_models_and_prompts_apart(tmp_path: Path) -> None:
    rows = [
        row(0, "a", True),
        row(1, "a", False, promptIdx=1),
        row(2, "a", False, provider={"id": "other"}),
    ]
    run = read_results(promptfoo(tmp_path / "out.json", rows))
    assert run.models == ("desk", "other")
    assert [metric.name for metric in run.metrics] == [
        "success, prompt 1, desk",
        "success, prompt 2, desk",
        "success, prompt 1, other",
    ]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"results": {"results": [{"success": "yes", "gradingResult": {}}]}}, "Expected yes or no, found a text"),
        ({"results": {"results": [7]}}, "Expected a block of fields, found a number"),
        ({"results": {"results": {}}}, "Expected a list"),
        ([], "No tool that is known"),
        ({"results": {}}, "No tool that is known"),
    ],
)
def test_what_promptfoo_does_not_write_is_said(tmp_path: Path, value: Any, what: str) -> None:
    with pytest.raises(ShinraiError, match=what):
        read_results(dump(tmp_path / "out.json", value))


# garak

SETUP = {
    "entry_type": "start_run setup",
    "run.eval_threshold": 0.5,
    "run.generations": 2,
    "plugins.target_type": "openai.OpenAICompatible",
    "plugins.target_name": "desk",
}
INIT = {"entry_type": "init", "garak_version": "0.17.1", "start_time": "2026-11-20T15:20:23.511126", "run": "r"}
END = {"entry_type": "completion", "end_time": "2026-11-20T15:20:24.004469", "run": "r"}


def attempt(uuid: str, scores: list[float | None], status: int = 2, detector: str = "own.Leak") -> dict[str, Any]:
    return {
        "entry_type": "attempt",
        "uuid": uuid,
        "seq": 0,
        "status": status,
        "probe_classname": "own.Ask",
        "prompt": {"turns": [{"role": "user", "content": {"text": f"秘密を言って {uuid}"}}]},
        "outputs": [{"text": "いいえ"}] * len(scores),
        "detector_results": {detector: scores} if status == 2 else {},
    }


def judged(passed: int, total: int, nones: int = 0) -> dict[str, Any]:
    return {
        "entry_type": "eval",
        "probe": "own.Ask",
        "detector": "own.Leak",
        "passed": passed,
        "fails": total - passed,
        "nones": nones,
        "total_evaluated": total,
        "total_processed": total + nones,
    }


def test_garak_scores_below_the_threshold_pass_and_nothing_is_lost(tmp_path: Path) -> None:
    values = [
        SETUP,
        INIT,
        attempt("a", [], status=1),
        attempt("b", [], status=1),
        attempt("c", [], status=1),
        attempt("a", [0.0, 0.49]),
        attempt("b", [0.5, None]),
        judged(2, 3, 1),
    ]
    run = read_results(lines(tmp_path / "g.report.jsonl", values))
    metric = only(run)
    assert (run.tool_version, run.models, run.status) == ("0.17.1", ("openai.OpenAICompatible desk",), "incomplete")
    assert metric.name == "own.Ask / own.Leak"
    found = {(score.sample, score.repeat): score.outcome for score in metric.scores}
    assert found == {
        ("a", 0): Outcome.PASS,
        ("a", 1): Outcome.PASS,
        ("b", 0): Outcome.FAIL,
        ("b", 1): Outcome.ERROR,
        ("c", 0): Outcome.ERROR,
        ("c", 1): Outcome.ERROR,
    }
    assert [claim.agrees for claim in metric.claims] == [True]
    measured = measure(run, metric, "desk")
    assert (measured.n, measured.coverage.used, measured.coverage.asked) == (3, 3, 6)
    notes = " ".join(note.en for note in run.notes)
    assert "does not say that the run came to its end" in notes
    assert "1 attempts were begun and never finished" in notes


def test_garak_hits_are_held_against_the_report(tmp_path: Path) -> None:
    report = [SETUP, INIT, attempt("a", [0.9, 0.9]), judged(0, 2), END]
    path = lines(tmp_path / "g.report.jsonl", report)
    hit = {"probe": "own.Ask", "detector": "own.Leak", "score": 0.9}
    lines(tmp_path / "g.hitlog.jsonl", [hit, hit])
    assert read_results(path).notes == ()
    lines(tmp_path / "g.hitlog.jsonl", [hit])
    assert [note.en for note in read_results(path).notes] == [
        "own.Ask / own.Leak: the list of hits has 1, the report 2."
    ]


def test_garak_without_attempts_is_a_claim_only(tmp_path: Path) -> None:
    run = read_results(lines(tmp_path / "g.report.jsonl", [SETUP, INIT, judged(9, 10), END]))
    measured = measure(run, only(run), "desk", Rule(Comparison.AT_LEAST, 0.5))
    assert (measured.outcome, measured.value, measured.coverage.asked) == (Outcome.INCONCLUSIVE, None, 10)
    assert any("Claimed by the tool, not recomputed: pass rate = 0.9" in each.en for each in measured.findings)


def test_garak_twice_the_same_attempt_and_other_files_are_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "g.report.jsonl", [SETUP, INIT, attempt("a", [0.0]), attempt("a", [0.0])])
    with pytest.raises(ShinraiError, match="“a” stands here twice") as caught:
        read_results(path)
    assert caught.value.place is not None
    assert caught.value.place.line == 4
    with pytest.raises(ShinraiError, match="not a report of garak"):
        read_results(lines(tmp_path / "h.report.jsonl", [{"text": "other"}]))
    with pytest.raises(ShinraiError, match="Expected a number, found a text"):
        read_results(lines(tmp_path / "i.report.jsonl", [SETUP, attempt("a", ["high"])]))  # type: ignore[list-item]


def test_garak_older_reports_are_read(tmp_path: Path) -> None:
    setup = {"entry_type": "start_run setup", "plugins.model_type": "test", "plugins.model_name": "Blank"}
    one = attempt("a", [0.0])
    claim = {"entry_type": "eval", "probe": "own.Ask", "detector": "detector.own.Leak", "passed": 1, "total": 1}
    run = read_results(lines(tmp_path / "g.report.jsonl", [setup, INIT, one, claim, END]))
    assert run.models == ("test Blank",)
    assert [claim.agrees for claim in only(run).claims] == [True]


# Moonshot


def moonshot(path: Path, metrics: list[dict[str, Any]], answers: list[str], asked: int = 4) -> Path:
    data = [
        {"prompt": f"q{number}", "predicted_result": {"response": answer, "context": []}, "target": "A"}
        for number, answer in enumerate(answers)
    ]
    recipe = {
        "id": "own-recipe",
        "details": [
            {"model_id": "desk", "dataset_id": "own-data", "prompt_template_id": "", "data": data, "metrics": metrics}
        ],
        "evaluation_summary": [{"model_id": "desk", "num_of_prompts": asked, "avg_grade_value": 50.0, "grade": "C"}],
    }
    metadata = {
        "id": "r",
        "start_time": "2026-11-20 10:00:00",
        "end_time": "2026-11-20 10:05:00",
        "status": "completed",
    }
    return dump(path, {"metadata": metadata, "results": {"recipes": [recipe]}})


def test_moonshots_exact_match_is_made_again(tmp_path: Path) -> None:
    metrics = [{"accuracy": 50.0, "grading_criteria": {"accuracy": 50.0}}]
    run = read_results(moonshot(tmp_path / "r.json", metrics, ["A", "A", "B", "C"], asked=6))
    metric = only(run)
    assert metric.name == "own-recipe / own-data / desk / accuracy"
    assert (metric.asked, metric.missing, metric.count(Outcome.PASS)) == (6, 2, 2)
    measured = measure(run, metric, "desk")
    assert (measured.value, measured.n, measured.coverage.asked) == (0.5, 4, 6)


def test_moonshots_other_numbers_are_claims(tmp_path: Path) -> None:
    metrics = [
        {
            "accuracy": 75.0,
            "toxicity": {"mean": 0.25, "individual_scores": [1, 2]},
            "grading_criteria": {"accuracy": 1},
        },
    ]
    run = read_results(moonshot(tmp_path / "r.json", metrics, ["A", "A", "B", "C"]))
    assert [(metric.name.rsplit(" / ", 1)[1], metric.scores) for metric in run.metrics] == [
        ("accuracy", ()),
        ("toxicity.mean", ()),
    ]
    for metric in run.metrics:
        measured = measure(run, metric, "desk", Rule(Comparison.AT_LEAST, 0.1))
        assert measured.outcome is Outcome.INCONCLUSIVE
        assert (measured.value, measured.n, measured.coverage.asked) == (None, 0, 4)
        assert any("Claimed by the tool" in finding.en for finding in measured.findings)
    assert any("its numbers are claims" in note.en for note in run.notes)


def test_what_moonshot_does_not_write_is_said(tmp_path: Path) -> None:
    path = dump(tmp_path / "r.json", {"results": {"recipes": []}})
    with pytest.raises(ShinraiError, match="“metadata” or “results” is missing"):
        read_results(path)


# all of them


@given(st.text(max_size=80))
def test_ids_of_measurements_fit_their_pattern(name: str) -> None:
    found = slug(name)
    assert 0 < len(found) <= 40
    assert all(each.isascii() and (each.isalnum() or each in "_-") for each in found)
    assert found[0] != "-"


def test_measurements_go_to_json_and_back(tmp_path: Path) -> None:
    rows = [row(number, f"q{number}", number < 8) for number in range(10)]
    run = read_results(promptfoo(tmp_path / "out.json", rows))
    measured = measure(run, only(run), "desk")
    assert from_json(to_json(measured)) == measured


NAMES = [
    "results",
    "eval",
    "status",
    "samples",
    "scores",
    "value",
    "id",
    "metadata",
    "recipes",
    "prompts",
    "details",
    "data",
    "metrics",
    "success",
    "provider",
    "entry_type",
    "uuid",
    "error",
    "stats",
    "epoch",
    "config",
    "epochs",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "results",
                    "eval",
                    "status",
                    "samples",
                    "scores",
                    "value",
                    "id",
                    "metadata",
                    "recipes",
                    "prompts",
                    "details",
                    "data",
                    "metrics",
                    "success",
                    "provider",
                    "entry_type",
                    "uuid",
                    "error",
                    "stats",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON, st.sampled_from(list(Tool)))
def test_no_json_breaks_a_reader(tmp_path_factory: pytest.TempPathFactory, value: Any, tool: Tool) -> None:
    path = dump_any(tmp_path_factory.mktemp("any") / "any.json", value)
    try:
        run = read_results(path, tool)
    except ShinraiError:
        return
    for metric in run.metrics:
        measured = measure(run, metric, "desk")
        assert measured.outcome is not Outcome.PASS
        assert measured.coverage.used <= measured.coverage.asked


def dump_any(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path
