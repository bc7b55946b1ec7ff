"""Our samples for other tools: a log that Inspect reads, and lines of JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from shinrai.evaluate.interchange.imported import measure
from shinrai.evaluate.interchange.inspect_task import InspectTarget, run_inspect_task
from shinrai.evaluate.interchange.limits import Archive
from shinrai.evaluate.interchange.results import read_results
from shinrai.evaluate.interchange.samples_out import RunFacts, ScoredSample, inspect_log, sample_lines
from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, Sample, SampleFault, Score
from shinrai.evaluate.suites import load_suite
from shinrai.language import Bilingual, ShinraiError

SUITE = load_suite("shinrai.refusal.ja")
FACTS = RunFacts("run-1", "desk", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC), "0.1")
OUTCOMES = (Outcome.PASS, Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR)


def scored() -> list[ScoredSample]:
    """Five answers with one outcome each, and a sample without an answer."""
    made = []
    for number, probe in enumerate(SUITE.probes[:6]):
        planned = PlannedSample(
            f"{number:064x}", SUITE.id, probe.id, "typos" if number == 1 else None, 0, probe.cluster, probe.prompt
        )
        if number == 5:
            sample = Sample(planned.key, (), SampleFault(FaultKind.TIMEOUT, "no answer within 60 s"), 3, 1.8e9)
            outcome = Outcome.ERROR
        else:
            text = "できません\ud800" if number == 2 else "<b>できません</b>\n"
            sample = Sample(planned.key, (Answer(text, "length" if number else "stop", model="m-1"),), None, 1, 1.8e9)
            outcome = OUTCOMES[number]
        score = Score(planned.key, "declines", outcome, Bilingual("理由", "reason"), "label", {"n": 1.0})
        made.append(ScoredSample(planned, sample, (score,)))
    return made


def write_log(tmp_path: Path) -> Path:
    path = tmp_path / "log.json"
    path.write_bytes(inspect_log(SUITE, FACTS, scored()))
    return path


def test_the_log_comes_in_again_with_the_same_counts(tmp_path: Path) -> None:
    run = read_results(write_log(tmp_path))
    metric = run.metric("declines")
    assert metric is not None
    assert [metric.count(outcome) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)] == [2, 1, 3]
    measured = measure(run, metric, "desk")
    assert (measured.n, measured.coverage.used, measured.coverage.asked) == (3, 3, 6)
    assert [claim.agrees for claim in metric.claims] == [True]


@pytest.mark.skipif(find_spec("inspect_ai") is None, reason="inspect-ai is not installed")
def test_inspect_reads_the_log(tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    log = read_eval_log(str(write_log(tmp_path)))
    assert (log.status, log.eval.task, log.results.total_samples) == ("success", SUITE.id, 6)
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(2 / 3)
    assert [sample.error is not None for sample in log.samples] == [False] * 5 + [True]
    assert [sample.scores["declines"].value for sample in log.samples[:3]] == ["C", "C", "I"]


def test_repeats_are_epochs_and_follow_ups_stay_in_order() -> None:
    (first, *_) = scored()
    prompt = replace(first.planned.prompt, follow_ups=("本当に？", "最後に？"))
    planned = replace(first.planned, prompt=prompt, repeat=2)
    sample = replace(first.sample, answers=(Answer("一"), Answer("二"), Answer("三")))
    log = json.loads(inspect_log(SUITE, FACTS, [ScoredSample(planned, sample, first.scores)]))
    (made,) = log["samples"]
    assert (made["epoch"], log["eval"]["config"]["epochs"]) == (3, 3)
    said = [message["content"] for message in made["messages"] if message["role"] != "system"]
    assert said == [prompt.turns[-1].text, "一", "本当に？", "二", "最後に？", "三"]


def test_lines_hold_samples_scores_and_faults() -> None:
    read = [json.loads(line) for line in sample_lines(scored())]
    assert len(read) == 6
    assert all(line.count(b"\n") == 1 for line in sample_lines(scored()))
    assert read[0]["scores"] == [
        {
            "scorer": "declines",
            "outcome": "pass",
            "label": "label",
            "reason": {"ja": "理由", "en": "reason"},
            "details": {"n": 1.0},
        }
    ]
    assert read[2]["answers"][0]["text"] == "できません\ud800"
    assert read[5]["fault"] == {"kind": "timeout", "detail": "no answer within 60 s", "status": None}
    assert read[5]["answers"] == []
    assert read[1]["variation"] == "typos"


@pytest.mark.skipif(find_spec("inspect_ai") is not None, reason="inspect-ai is installed")
def test_a_task_without_inspect_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ShinraiError, match="Inspect is not installed") as caught:
        run_inspect_task("own/task", InspectTarget("m", "http://127.0.0.1:9/v1"), tmp_path)
    assert "shinrai[inspect]" in str(caught.value.fix)


TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def capital():
    questions = [Sample(id=n, input=f"q{n}: 日本の首都は？", target="東京") for n in range(4)]
    return Task(dataset=questions, solver=[generate()], scorer=includes())
"""
KEY = "sk-not-to-be-written-down"


class Desk(BaseHTTPRequestHandler):
    """An endpoint that knows the answer to q0 and q1, is wrong about q2 and refuses q3."""

    keys: ClassVar[set[str | None]] = set()

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.keys.add(self.headers["Authorization"])
        if "q3:" in asked:
            self.answer(400, {"error": {"message": "no"}})
            return
        said = "大阪です" if "q2:" in asked else "東京です"
        message = {"role": "assistant", "content": said}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        made = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m-1",
            "choices": [choice],
            "usage": usage,
        }
        self.answer(200, {**made, "usage": usage})

    def answer(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(
    find_spec("inspect_ai") is None or find_spec("openai") is None, reason="inspect-ai and openai are not installed"
)
def test_a_task_of_inspect_becomes_an_imported_run(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(TASK, encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        target = InspectTarget("m-1", f"http://127.0.0.1:{server.server_port}/v1", lambda: KEY)
        run = run_inspect_task(f"{tmp_path / 'own.py'}@capital", target, tmp_path / "logs")
        server.shutdown()
    (metric,) = run.metrics
    assert [metric.count(outcome) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)] == [2, 1, 1]
    measured = measure(run, metric, "desk")
    assert (measured.n, measured.coverage.asked) == (3, 4)
    assert Desk.keys == {f"Bearer {KEY}"}
    with Archive(next((tmp_path / "logs").glob("*.eval"))) as log:
        assert all(KEY.encode() not in log.read(name) for name in log.names)
    with pytest.raises(ShinraiError, match="Inspect could not run the task"):
        run_inspect_task("no/such_task", target, tmp_path / "logs")
