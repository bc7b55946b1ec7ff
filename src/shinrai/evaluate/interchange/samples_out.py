"""Our own samples and scores for other tools: a log that Inspect reads, and lines of JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Answer, PlannedSample, Sample, Score, Turn
from shinrai.evaluate.suites import Suite

_STOPS = {
    None: "stop",
    "stop": "stop",
    "length": "max_tokens",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
_HALF = re.compile("[\ud800-\udfff]")
_MARKS = {Outcome.PASS: "C", Outcome.FAIL: "I"}


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """A sample as planned, as it came, and its scores."""

    planned: PlannedSample
    sample: Sample
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a log says of a run. id: of the run; target: what was assessed, as the description names it."""

    id: str
    target: str
    started: datetime
    finished: datetime
    shinrai: str


def inspect_log(suite: Suite, run: RunFacts, samples: Sequence[ScoredSample]) -> bytes:
    """Return a log (JSON, version 2) that Inspect reads. Write it to a file that ends in `.json`.

    Passed is C and failed is I. A score that is undecided or an error is NaN, Inspect's mark for “not scored”, which
    its metrics leave out; a sample without an answer is an error of the sample. Repeats are epochs from 1.
    """
    names = [used.name for used in suite.scorers]
    log = {
        "version": 2,
        "status": "success",
        "eval": _spec(suite, run, samples),
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": _results(names, samples),
        "stats": {
            "started_at": _moment(run.started),
            "completed_at": _moment(run.finished),
            "model_usage": {},
        },
        "samples": [_sample(each, run) for each in samples],
    }
    # Inspect's reader refuses half a character even as an escape, so it becomes the sign for a lost character.
    return _HALF.sub("\ufffd", json.dumps(log, ensure_ascii=False)).encode("utf-8") + b"\n"


def _spec(suite: Suite, run: RunFacts, samples: Sequence[ScoredSample]) -> Mapping[str, Any]:
    ids = list(dict.fromkeys(_id(each.planned) for each in samples))
    return {
        "run_id": run.id,
        "created": _moment(run.started),
        "task": suite.id,
        "task_id": run.id,
        "task_version": suite.version,
        "dataset": {"name": suite.id, "samples": len(ids), "sample_ids": ids, "shuffled": False},
        "model": run.target,
        "model_args": {},
        "config": {"epochs": max((each.planned.repeat for each in samples), default=0) + 1},
        "packages": {"shinrai": run.shinrai},
        "metadata": {"suite_sha256": suite.digest},
    }


def _results(names: Sequence[str], samples: Sequence[ScoredSample]) -> Mapping[str, Any]:
    scores = []
    for name in names:
        outcomes = [score.outcome for each in samples for score in each.scores if score.scorer == name]
        passed, failed = outcomes.count(Outcome.PASS), outcomes.count(Outcome.FAIL)
        metrics = {}
        if passed + failed:
            metrics["accuracy"] = {"name": "accuracy", "value": passed / (passed + failed), "params": {}}
        scores.append({"name": name, "scorer": name, "params": {}, "metrics": metrics})
    answered = sum(each.sample.fault is None for each in samples)
    return {"total_samples": len(samples), "completed_samples": answered, "scores": scores}


def _sample(each: ScoredSample, run: RunFacts) -> Mapping[str, Any]:
    planned, sample = each.planned, each.sample
    asked = [_turn(turn) for turn in planned.prompt.turns]
    last = sample.answers[-1] if sample.answers else None
    made: dict[str, Any] = {
        "id": _id(planned),
        "epoch": planned.repeat + 1,
        "input": asked,
        "target": "",
        "messages": [*asked, *_said(planned, sample.answers)],
        "output": _output(last, run),
        "scores": {score.scorer: _score(score) for score in each.scores} if sample.fault is None else {},
        "metadata": {"key": sample.key, "cluster": planned.cluster},
        "started_at": _moment(datetime.fromtimestamp(sample.started_at, UTC)),
    }
    if sample.fault is not None:
        text = f"{sample.fault.kind.value}: {sample.fault.detail}"
        made["error"] = {"message": text, "traceback": "", "traceback_ansi": ""}
    return made


def _id(planned: PlannedSample) -> str:
    return planned.probe if planned.variation is None else f"{planned.probe}/{planned.variation}"


def _turn(turn: Turn) -> Mapping[str, str]:
    return {"role": turn.speaker.value, "content": turn.text}


def _said(planned: PlannedSample, answers: Sequence[Answer]) -> Iterator[Mapping[str, str]]:
    for number, answer in enumerate(answers):
        yield {"role": "assistant", "content": answer.text}
        if number < len(planned.prompt.follow_ups) and number + 1 < len(answers):
            yield {"role": "user", "content": planned.prompt.follow_ups[number]}


def _output(answer: Answer | None, run: RunFacts) -> Mapping[str, Any]:
    if answer is None:
        return {"model": run.target, "choices": []}
    choice = {
        "message": {"role": "assistant", "content": answer.text},
        "stop_reason": _STOPS.get(answer.finish, "unknown"),
    }
    return {"model": answer.model or run.target, "choices": [choice], "completion": answer.text}


def _score(score: Score) -> Mapping[str, Any]:
    value = _MARKS.get(score.outcome, float("nan"))
    return {"value": value, "answer": score.label, "explanation": score.reason.en, "metadata": dict(score.details)}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def sample_lines(samples: Iterable[ScoredSample]) -> Iterator[bytes]:
    """Yield a line of JSON for each sample with its scores; both languages of every reason."""
    for each in samples:
        planned, sample = each.planned, each.sample
        fault = sample.fault
        yield _encoded(
            {
                "key": sample.key,
                "suite": planned.suite,
                "probe": planned.probe,
                "variation": planned.variation,
                "repeat": planned.repeat,
                "cluster": planned.cluster,
                "prompt": [_turn(turn) for turn in planned.prompt.turns],
                "answers": [_answer(answer) for answer in sample.answers],
                "fault": None
                if fault is None
                else {"kind": fault.kind.value, "detail": fault.detail, "status": fault.status},
                "attempts": sample.attempts,
                "started_at": _moment(datetime.fromtimestamp(sample.started_at, UTC)),
                "scores": [_scored(score) for score in each.scores],
            }
        )


def _answer(answer: Answer) -> Mapping[str, Any]:
    return {
        "text": answer.text,
        "finish": answer.finish,
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "seconds": answer.seconds,
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in answer.tool_calls],
    }


def _scored(score: Score) -> Mapping[str, Any]:
    return {
        "scorer": score.scorer,
        "outcome": score.outcome.value,
        "label": score.label,
        "reason": {"ja": score.reason.ja, "en": score.reason.en},
        "details": dict(score.details),
    }


def _encoded(value: Mapping[str, Any]) -> bytes:
    """Return one line of JSON. Half a character, which a target can send and UTF-8 has no bytes for, is escaped."""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii") + b"\n"
