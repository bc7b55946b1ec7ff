"""What a server can do wrong, and what becomes of it: an error that is counted, never an answer."""

import os
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.progress import Ending
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import FaultKind, Image, Speaker, Tool, Turn
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.chat_wire import Sampling

M, C = FaultKind.MALFORMED, FaultKind.CUT
ONE_TRY = RunSettings(deadline_seconds=1.0, stall_seconds=0.4, retries=0, give_up_after=400)


@pytest.mark.parametrize(
    ("behaviour", "stream", "kind", "detail"),
    [
        ("hang", False, FaultKind.TIMEOUT, "no whole answer before the deadline"),
        ("storm", False, FaultKind.RATE_LIMITED, "HTTP 429, rate_limit_exceeded"),
        ("storm_for_long", False, FaultKind.RATE_LIMITED, "HTTP 429"),
        ("malformed", False, M, "the response is no JSON"),
        ("other_fields", False, M, "the JSON has other fields than a chat completion"),
        ("no_choice", False, M, "no choice in the response"),
        ("silent", False, M, "the message has no content"),
        ("wrong_type", False, M, "the response is not declared as JSON"),
        ("wrong_type", True, M, "the response is not declared as JSON"),
        ("compressed", False, M, "the response is compressed, which was not asked for"),
        ("nested", False, M, "the JSON is nested too deeply"),
        ("huge_number", False, M, "the JSON has other fields than a chat completion"),
        ("surrogate", False, M, "the response is no JSON"),
        ("no_http", False, M, "the response is no HTTP"),
        ("long_header", False, M, "the response is no HTTP"),
        ("cut_body", False, C, "the connection ended in the middle of the answer"),
        ("cut_stream", True, C, "the connection ended in the middle of the answer"),
        ("ended_stream", True, C, "the stream ended in the middle of the answer"),
        ("stream_error", True, FaultKind.SERVER_ERROR, "the stream ended in an error event"),
        ("stalled_stream", True, FaultKind.TIMEOUT, "the answer stopped in the middle"),
        ("drip", True, FaultKind.TIMEOUT, "no whole answer before the deadline"),
        ("drip_head", False, FaultKind.TIMEOUT, "no whole answer before the deadline"),
        ("endless_stream", True, FaultKind.TOO_LARGE, "the answer is larger than the limit"),
        ("huge", False, FaultKind.TOO_LARGE, "the answer is larger than the limit"),
        ("huge_chunked", False, FaultKind.TOO_LARGE, "the answer is larger than the limit"),
        ("redirect", False, FaultKind.REFUSED, "the server redirects, which is not followed"),
        ("refused", False, FaultKind.REFUSED, "HTTP 401, bad"),
        ("nested_error", False, FaultKind.REFUSED, "HTTP 400"),
        ("reset", False, FaultKind.UNREACHABLE, None),
    ],
)
def test_each_fault_has_its_kind_and_the_run_ends(server, chat, take, behaviour, stream, kind, detail):
    server.behaviour = behaviour
    summary, samples = take(chat(stream=stream), 4, ONE_TRY)
    assert summary.ending is Ending.COMPLETE
    assert (summary.taken, summary.answered) == (4, 0)
    assert summary.faults == {kind: 4}
    assert str(summary.verdict) == "The target answered none of the samples."
    assert {sample.fault.kind for sample in samples} == {kind}
    if detail is not None:
        assert {sample.fault.detail for sample in samples} == {detail}


def test_nobody_listens(take):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = ChatTarget("desk", f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "m")
        summary, samples = take(target, 500)
    assert summary.ending is Ending.TARGET_DEAD
    assert summary.answered == 0
    assert summary.taken < 50
    assert {(s.fault.kind, s.fault.detail) for s in samples} == {(FaultKind.UNREACHABLE, "connection refused")}
    assert "not reachable: connection refused" in str(summary.verdict)


def test_an_unknown_host_is_unreachable(take):
    summary, samples = take(ChatTarget("desk", "http://nowhere.invalid/v1", "m"), 3, ONE_TRY)
    assert summary.faults == {FaultKind.UNREACHABLE: 3}
    assert samples[0].fault.detail == "the name of the host is not known"


@pytest.mark.parametrize("behaviour", ["hang", "storm", "malformed", "redirect", "huge", "reset"])
def test_a_target_that_answers_nobody_is_given_up(server, chat, take, behaviour):
    server.behaviour = behaviour
    summary, _ = take(chat(), 2000)
    assert summary.ending is Ending.TARGET_DEAD
    assert 0 < summary.taken < 100
    assert summary.answered == 0
    assert summary.missing == 2000 - summary.taken


def test_one_failure_in_six_loses_nothing(server, chat, take):
    server.behaviour = "one_in_six"
    summary, samples = take(chat(), 300, RunSettings())
    assert (summary.answered, summary.faults) == (300, {})
    assert len({sample.key for sample in samples}) == 300
    assert summary.requests == len(server.requests)
    assert 300 * 7 / 6 < summary.requests < 300 * 8 / 6


def test_without_retries_one_failure_in_six_is_counted_as_errors(server, chat, take):
    server.behaviour = "one_in_six"
    summary, samples = take(chat(), 300, replace(ONE_TRY, give_up_after=60))
    assert summary.ending is Ending.COMPLETE
    assert summary.faults == {FaultKind.SERVER_ERROR: 50}
    assert Counter(sample.fault.status for sample in samples if sample.fault) == {500: 50}


def test_a_rate_limit_is_kept_to(server, chat, take):
    server.behaviour, server.rate = "limited", 100
    summary, _ = take(chat(), 400, RunSettings(most_in_flight=64))
    assert (summary.answered, summary.faults) == (400, {})
    assert server.seen["429"] < 200


def test_a_limit_that_is_spent_at_once_loses_nothing(server, chat, take):
    # Nobody is answered for the rest of the period, in which many samples are refused more often than `retries`.
    server.behaviour, server.rate, server.period = "limited", 40, 2.0
    summary, _ = take(chat(), 60, RunSettings(most_in_flight=64, retries=2))
    assert (summary.answered, summary.faults) == (60, {})


def test_the_server_is_left_alone_as_long_as_it_asks(server, chat, take):
    server.behaviour = "storm_retry_after"
    summary, _ = take(chat(), 2, RunSettings(retries=1, deadline_seconds=5, give_up_after=400))
    assert summary.faults == {FaultKind.RATE_LIMITED: 2}
    times = sorted(request.at for request in server.requests)
    assert len(times) == 4
    assert times[2] - times[1] > 0.9


def test_answers_come_through_whole(server, chat, take, control_text):
    server.behaviour = "control"
    _, samples = take(chat(), 3)
    assert {sample.answer for sample in samples} == {control_text}
    answer = samples[0].answers[0]
    assert (answer.model, answer.input_tokens, answer.output_tokens, answer.finish) == ("faulty-1", 7, 3, "stop")


def test_a_stream_is_put_together(server, chat, take):
    server.behaviour = "stream"
    _, samples = take(chat(stream=True), 20)
    assert {sample.answer for sample in samples} == {f"echo: question {i}" for i in range(20)}
    answer = samples[0].answers[0]
    assert (answer.model, answer.input_tokens, answer.output_tokens, answer.finish) == ("faulty-1", 7, 3, "stop")
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


def test_a_streaming_target_may_answer_at_once(chat, take):
    _, samples = take(chat(stream=True), 1)
    assert samples[0].answer == "echo: question 0"


def test_a_filter_of_the_provider_is_an_answer_of_the_system(server, chat, take):
    server.behaviour = "filtered"
    summary, samples = take(chat(), 2)
    assert summary.answered == 2
    assert {(sample.answer, sample.answers[0].finish) for sample in samples} == {("", "content_filter")}


def test_a_conversation_carries_what_was_said(server, chat, take):
    _, samples = take(chat(system="Be kind."), 1, follow_ups=("and then?", "why?"))
    assert [answer.text for answer in samples[0].answers] == ["echo: question 0", "echo: and then?", "echo: why?"]
    assert samples[0].attempts == 3
    last = max(server.requests, key=lambda request: len(request.body["messages"])).body["messages"]
    assert [(turn["role"], turn["content"]) for turn in last] == [
        ("system", "Be kind."),
        ("user", "question 0"),
        ("assistant", "echo: question 0"),
        ("user", "and then?"),
        ("assistant", "echo: and then?"),
        ("user", "why?"),
    ]


def test_a_fault_in_a_later_turn_is_the_samples(server, chat, take):
    server.behaviour = "one_in_six"
    summary, samples = take(chat(), 3, replace(ONE_TRY, most_in_flight=1), follow_ups=("and then?",))
    assert summary.faults == {FaultKind.SERVER_ERROR: 1}
    assert sum(sample.answers == () for sample in samples) == 1


def test_tools_are_offered_and_calls_are_read(server, chat, take):
    server.behaviour = "tool"
    tools = (Tool("lookup", "Find a ward", '{"type":"object"}'),)
    _, samples = take(chat(), 1, tools=tools, follow_ups=("thanks",))
    first, second = samples[0].answers
    assert [(call.name, call.arguments) for call in first.tool_calls] == [("lookup", '{"ward":"北区"}')]
    assert second.text == "echo: thanks"
    asked = server.requests[-1].body
    assert asked["tools"][0]["function"]["parameters"] == {"type": "object"}
    assert [turn["role"] for turn in asked["messages"]] == ["user", "assistant", "tool", "user"]
    assert asked["messages"][1]["tool_calls"][0]["id"] == asked["messages"][2]["tool_call_id"]


def test_images_and_sampling_are_sent(server, chat, plan_of, tmp_path: Path):
    target = chat(sampling=Sampling(temperature=0.0, max_tokens=5, seed=40, extra={"reasoning_effort": "low"}))
    [planned] = plan_of(target, 1)
    image = Image("image/png", b"\x89PNG", "0" * 64)
    turn = Turn(Speaker.USER, "what is this?", (image,))
    planned = replace(planned, repeat=2, prompt=replace(planned.prompt, turns=(turn,)))
    with open_journal(tmp_path / "images.journal", {}) as journal:
        assert run([planned], target, ONE_TRY, journal).answered == 1
    body = server.requests[0].body
    assert body["messages"][0]["content"][1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert (body["temperature"], body["max_tokens"], body["seed"], body["reasoning_effort"]) == (0.0, 5, 42, "low")


def test_connections_are_used_again(server, chat, take):
    take(chat(), 200, RunSettings(most_in_flight=8))
    assert server.connections <= 8
    assert len(server.requests) == 200


def test_the_target_is_not_overrun_at_once(server, chat, take):
    server.latency = 0.05
    take(chat(), 400, RunSettings(most_in_flight=128))
    assert 16 < server.most_in_flight <= 128
    # Doubling: the first tenth of a second sees no more than the first two rounds.
    start = server.requests[0].at
    assert sum(request.at < start + 0.04 for request in server.requests) <= 16


@pytest.mark.parametrize(("behaviour", "answered"), [("large", 300), ("huge_chunked", 0)])
def test_large_answers_do_not_fill_the_memory(server, tmp_path: Path, behaviour, answered):
    server.behaviour, server.keep = "ok", False
    small, _ = run_elsewhere(server.url, 300, tmp_path / "small")
    server.behaviour = behaviour
    grown, summary = run_elsewhere(server.url, 300, tmp_path / "large")
    assert f"answered={answered}," in summary
    # 150 MB and more went by, with up to 200 samples in flight.
    assert grown - small < 90 * 1024


def run_elsewhere(url: str, n: int, journal: Path) -> tuple[int, str]:
    """Run n samples in a process of their own; its peak resident size in KiB, and what it says."""
    folder = journal.with_suffix(".out")
    with folder.open("w") as out:
        command = [sys.executable, str(Path(__file__).with_name("one_run.py")), url, str(n), str(journal), "200"]
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return used.ru_maxrss, folder.read_text()
