"""Programs and functions as targets: whatever they do is an error of theirs, and nothing of them is left over."""

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from shinrai.evaluate.runner.progress import Ending
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import Document, FaultKind, Tool
from shinrai.evaluate.targets.command import CommandTarget
from shinrai.evaluate.targets.python import PythonTarget
from shinrai.language import ShinraiError

ONE_TRY = RunSettings(deadline_seconds=3.0, retries=0, give_up_after=400)

DESK = """
import json, sys, time, os, subprocess
for line in sys.stdin:
    request = json.loads(line)
    question = request["turns"][-1]["text"]
    {body}
    print(json.dumps(reply), flush=True)
"""


def program(folder: Path, body: str, **described: object) -> CommandTarget:
    (folder / "desk.py").write_text(DESK.replace("{body}", body.replace("\n", "\n    ")))
    return CommandTarget("desk", (sys.executable, "desk.py"), folder=folder, **described)  # type: ignore[arg-type]


def test_a_program_answers_a_conversation(tmp_path, take):
    body = 'reply = {"text": f"{question} / {len(request[\'turns\'])}", "model": "m", "input_tokens": 1}'
    target = program(tmp_path, body, copies=3)
    summary, samples = take(target, 30, ONE_TRY, follow_ups=("and?",))
    assert summary.answered == 30
    assert [answer.text for answer in samples[0].answers][1] == "and? / 3"
    assert (samples[0].answers[0].model, samples[0].answers[0].input_tokens) == ("m", 1)


def test_documents_and_tools_reach_it(tmp_path, take):
    call = '{"name": request["tools"][0]["name"], "arguments": request["documents"][0]["text"]}'
    body = f'reply = {{"text": "", "tool_calls": [{call}]}}'
    target = program(tmp_path, body)
    _, [sample] = take(target, 1, ONE_TRY, documents=(Document("d", "t", "雨"),), tools=(Tool("find", "finds", "{}"),))
    assert [(call.name, call.arguments) for call in sample.answers[0].tool_calls] == [("find", "雨")]


@pytest.mark.parametrize(
    ("body", "kind", "detail"),
    [
        ("reply = {'txt': 'x'}", FaultKind.MALFORMED, "the line is no answer as described"),
        ("reply = 'x'", FaultKind.MALFORMED, "the line is no answer as described"),
        ("reply = {}", FaultKind.MALFORMED, "the line has no text"),
        ("reply = None; print('GRADE: C', flush=True)", FaultKind.MALFORMED, "the line is no answer as described"),
        ("reply = {'error': 'sk-abc 123'}", FaultKind.SERVER_ERROR, "the program reports error"),
        ("reply = {'error': 'ValueError'}", FaultKind.SERVER_ERROR, "the program reports ValueError"),
        ("reply = {'text': 'x' * 3_000_000}", FaultKind.TOO_LARGE, "the answer is larger than the limit"),
        ("reply = {'text': '\\ud800'}", FaultKind.MALFORMED, "the line is no answer as described"),
        ("print('[' * 100_000); reply = 1", FaultKind.MALFORMED, "the line is no answer as described"),
        ("sys.exit(3)", FaultKind.UNREACHABLE, "the program ended"),
        ("sys.stdout.write('{'); sys.stdout.flush(); sys.exit()", FaultKind.CUT, "the program ended"),
        ("time.sleep(60)", FaultKind.TIMEOUT, "no whole answer before the deadline"),
    ],
)
def test_what_a_program_can_do_wrong(tmp_path, take, body, kind, detail):
    settings = replace(ONE_TRY, deadline_seconds=1.0) if kind is FaultKind.TIMEOUT else ONE_TRY
    summary, samples = take(program(tmp_path, body, copies=2), 4, settings)
    assert summary.ending is Ending.COMPLETE
    assert Counter((s.fault.kind, s.fault.detail) for s in samples) == {(kind, detail): 4}


def test_a_late_answer_is_never_taken_for_the_next_one(tmp_path, take):
    slow_first = "time.sleep(2.0 if question == 'question 0' else 0)\nreply = {'text': question}"
    settings = replace(ONE_TRY, deadline_seconds=1.0)
    summary, samples = take(program(tmp_path, slow_first), 5, settings)
    assert summary.faults == {FaultKind.TIMEOUT: 1}
    assert [s.answer for s in samples if s.fault is None] == [f"question {i}" for i in range(1, 5)]


def test_a_program_that_dies_now_and_then_is_started_again(tmp_path, take):
    body = (
        "if question.endswith('3') and not os.path.exists('died' + question): open('died' + question, 'w'); sys.exit(1)"
    )
    summary, _ = take(program(tmp_path, body + "\nreply = {'text': question}"), 12, RunSettings())
    assert summary.answered == 12
    assert summary.requests == 13


def test_what_it_started_is_killed_with_it(tmp_path, take):
    body = (
        "child = subprocess.Popen(['sleep', '3456']); open('child', 'w').write(str(child.pid)); reply = {'text': 'x'}"
    )
    take(program(tmp_path, body), 1, ONE_TRY)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True).stdout.strip()
        if not state or state.startswith("Z"):
            break
        time.sleep(0.02)
    assert not state or state.startswith("Z")


def test_it_sees_no_secret_of_ours(tmp_path, take, monkeypatch):
    monkeypatch.setenv("DESK_KEY", "sk-of-another")
    monkeypatch.setenv("DESK_PLACE", "Osaka")
    target = program(tmp_path, "reply = {'text': repr(sorted(os.environ))}", environment=("DESK_PLACE",))
    _, [sample] = take(target, 1, ONE_TRY)
    assert "DESK_PLACE" in sample.answer
    assert "DESK_KEY" not in sample.answer


def test_nothing_is_interpreted_by_a_shell(tmp_path, take):
    target = CommandTarget("desk", ("no-such-program; touch pwned", "$(touch pwned)"), folder=tmp_path)
    with pytest.raises(ShinraiError, match="cannot be found"):
        take(target, 1, ONE_TRY)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
def test_a_file_that_is_no_program(tmp_path, take):
    (tmp_path / "notes.txt").write_text("hello")
    summary, _ = take(CommandTarget("desk", ("./notes.txt",), folder=tmp_path), 2, ONE_TRY)
    assert summary.faults == {FaultKind.UNREACHABLE: 2}


def function(folder: Path, text: str, **described: object) -> PythonTarget:
    (folder / "answers.py").write_text(text)
    return PythonTarget("desk", "answers:reply", folder=folder, **described)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "def reply(request):\n    print('noise')\n    return 'echo: ' + request['turns'][-1]['text']",
        "async def reply(request):\n    return {'text': 'echo: ' + request['turns'][-1]['text']}",
    ],
)
def test_a_function_answers(tmp_path, take, text):
    summary, samples = take(function(tmp_path, text, copies=2), 10, ONE_TRY)
    assert {sample.answer for sample in samples} == {f"echo: question {i}" for i in range(10)}
    assert summary.answered == 10


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("def reply(r):\n    raise KeyError('sk-secret')", FaultKind.SERVER_ERROR, "the program reports KeyError"),
        ("def reply(r):\n    return 3", FaultKind.MALFORMED, "the line is no answer as described"),
        ("def reply(r):\n    return {1, 2}", FaultKind.SERVER_ERROR, "the program reports TypeError"),
        ("def other(r):\n    return ''", FaultKind.UNREACHABLE, "the program ended"),
        ("import os\ndef reply(r):\n    os._exit(0)", FaultKind.UNREACHABLE, "the program ended"),
        ("def reply(r):\n    while True: pass", FaultKind.TIMEOUT, "no whole answer before the deadline"),
    ],
)
def test_what_a_function_can_do_wrong(tmp_path, take, text, kind, detail):
    settings = replace(ONE_TRY, deadline_seconds=1.0) if kind is FaultKind.TIMEOUT else ONE_TRY
    summary, samples = take(function(tmp_path, text, copies=2), 2, settings)
    assert summary.faults == {kind: 2}
    assert {sample.fault.detail for sample in samples} == {detail}


@pytest.mark.parametrize("name", ["answers", "answers:", ":reply", "answers:reply()", "os; x:y", "a b:c"])
def test_a_name_that_is_none(name):
    with pytest.raises(ShinraiError, match="module:function"):
        PythonTarget("desk", name)
