"""The engine: resumes, reuses, stops, waits and counts as it says."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest

from shinrai.evaluate.runner.earlier import EarlierAnswers
from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import JournalError, open_journal, read_journal
from shinrai.evaluate.runner.progress import Ending, Progress
from shinrai.evaluate.runner.settings import Prices, RunSettings
from shinrai.evaluate.runner.spend import estimate, input_tokens, tokens_of
from shinrai.evaluate.sample import Document, FaultKind, PlannedSample, Prompt, Speaker, Tool, Turn
from shinrai.language import ShinraiError

YEN = Prices(1_000_000.0, 2_000_000.0, "JPY")


def test_every_planned_sample_is_taken_once(chat, plan_of, tmp_path):
    plan = plan_of(chat(), 1500)
    seen: list[Progress] = []
    with open_journal(tmp_path / "j", {}) as journal:
        summary = run(iter(plan), chat(), RunSettings(), journal, progress=seen.append)
    taken = list(read_journal(tmp_path / "j"))
    assert sorted(t.position for t in taken) == list(range(1500))
    assert {t.sample.key: t.sample.answer for t in taken} == {p.key: "echo: " + p.prompt.turns[-1].text for p in plan}
    assert (summary.ending, summary.verdict, summary.planned, summary.missing) == (Ending.COMPLETE, None, 1500, 0)
    assert (summary.requests, summary.input_tokens, summary.output_tokens) == (1500, 10_500, 4_500)
    assert (seen[-1].taken, seen[-1].faults, seen[-1].planned) == (1500, 0, 1500)


def test_an_empty_plan_is_complete(chat, tmp_path):
    with open_journal(tmp_path / "j", {}) as journal:
        summary = run([], chat(), RunSettings(), journal)
    assert (summary.ending, summary.verdict, summary.taken) == (Ending.COMPLETE, None, 0)


def test_a_finished_run_asks_nothing_again(server, chat, take):
    take(chat(), 20)
    before = len(server.requests)
    summary, samples = take(chat(), 20)
    assert (summary.ending, summary.resumed, summary.answered) == (Ending.COMPLETE, 20, 20)
    assert (len(server.requests), len(samples)) == (before, 20)


def test_faults_stay_unless_they_are_to_be_tried_again(server, chat, take, fast):
    server.behaviour = "one_in_six"
    once = replace(fast, retries=0, give_up_after=400)
    first, _ = take(chat(), 60, once)
    assert first.faults == {FaultKind.SERVER_ERROR: 10}
    server.behaviour = "ok"
    again, _ = take(chat(), 60, once)
    assert (again.faults, again.answered) == ({FaultKind.SERVER_ERROR: 10}, 50)
    mended, samples = take(chat(), 60, replace(once, retry_faults=True))
    assert (mended.faults, mended.answered, mended.resumed) == ({}, 60, 60)
    assert len(samples) == 70  # the faults stay in the journal, and the answers follow


def test_another_plan_is_refused_before_it_is_asked(server, chat, plan_of, tmp_path):
    with open_journal(tmp_path / "j", {}) as journal:
        run(plan_of(chat(), 10), chat(), RunSettings(), journal)
    before = len(server.requests)
    with (
        open_journal(tmp_path / "j", {}) as journal,
        pytest.raises(JournalError, match="another plan: sample 1 differs"),
    ):
        run(plan_of(chat(), 10)[::-1], chat(), RunSettings(), journal)
    assert len(server.requests) == before


def test_earlier_answers_are_reused_by_key_alone(server, chat, plan_of, tmp_path):
    plan = plan_of(chat(), 1200)
    server.behaviour = "one_in_six"
    with open_journal(tmp_path / "old", {}) as journal:
        run(plan[:600], chat(), RunSettings(retries=0, give_up_after=900), journal)
    server.behaviour = "ok"
    before, earlier = len(server.requests), EarlierAnswers([tmp_path / "old"])
    assert len(earlier) == 500
    with open_journal(tmp_path / "new", {}) as journal:
        summary = run(plan[::-1], chat(), RunSettings(), journal, earlier=earlier)
    assert (summary.answered, summary.reused, summary.requests) == (1200, 500, 700)
    assert len(server.requests) - before == 700
    by_key = {t.sample.key: t for t in read_journal(tmp_path / "new")}
    assert all(by_key[p.key].sample.answer == "echo: " + p.prompt.turns[-1].text for p in plan)
    assert Counter(t.reused for t in by_key.values()) == {True: 500, False: 700}


def test_another_setting_reuses_nothing(chat, plan_of, tmp_path):
    with open_journal(tmp_path / "old", {}) as journal:
        run(plan_of(chat(), 30), chat(), RunSettings(), journal)
    other = chat(system="be rude")
    with open_journal(tmp_path / "new", {}) as journal:
        summary = run(plan_of(other, 30), other, RunSettings(), journal, earlier=EarlierAnswers([tmp_path / "old"]))
    assert (summary.reused, summary.requests) == (0, 30)


def test_no_earlier_answers_is_an_index_too(tmp_path):
    assert EarlierAnswers([]).find("0" * 64) is None
    with pytest.raises(JournalError):
        EarlierAnswers([tmp_path / "nowhere"])


def test_a_cancelled_run_goes_on_later(server, chat, plan_of, tmp_path):
    server.latency = 0.05
    plan, cancel = plan_of(chat(), 3000), threading.Event()
    with open_journal(tmp_path / "j", {}) as journal:
        timer = threading.Timer(0.6, cancel.set)
        timer.start()
        first = run(plan, chat(), RunSettings(most_in_flight=64), journal, cancel=cancel)
    assert first.ending is Ending.CANCELLED
    assert 0 < first.taken < 3000
    assert first.faults == {}
    server.latency = 0.0
    with open_journal(tmp_path / "j", {}) as journal:
        second = run(plan, chat(), RunSettings(), journal)
    assert (second.ending, second.answered, second.resumed) == (Ending.COMPLETE, 3000, first.taken)
    # What was under way was waited for, so nothing was asked for in vain.
    assert len(server.requests) == 3000


def test_ctrl_c_cancels_and_a_second_one_does_not_wait(server, chat, plan_of, tmp_path):
    server.behaviour = "hang"
    settings = RunSettings(drain_seconds=60)
    signals = [threading.Timer(at, os.kill, (os.getpid(), signal.SIGINT)) for at in (0.3, 0.6)]
    for timer in signals:
        timer.start()
    began = monotonic()
    with open_journal(tmp_path / "j", {}) as journal:
        summary = run(plan_of(chat(), 50), chat(), settings, journal)
    assert summary.ending is Ending.CANCELLED
    assert (summary.taken, summary.faults) == (0, {})
    assert monotonic() - began < 20
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_works_outside_the_main_thread(chat, take):
    found = []
    thread = threading.Thread(target=lambda: found.append(take(chat(), 5)[0].answered))
    thread.start()
    thread.join(20)
    assert found == [5]


def test_a_target_that_dies_in_the_middle_is_given_up_and_what_was_taken_stays(server, chat, plan_of, tmp_path):
    plan = plan_of(chat(), 3000)

    def dying() -> Iterator[PlannedSample]:
        for place, planned in enumerate(plan):
            if place == 500:
                server.behaviour = "refused"
            yield planned

    with open_journal(tmp_path / "j", {}) as journal:
        summary = run(dying(), chat(), RunSettings(give_up_after=50), journal)
    assert summary.ending is Ending.TARGET_DEAD
    assert 200 < summary.answered <= 500
    assert 50 <= summary.faults[FaultKind.REFUSED] < 400
    assert (summary.planned, summary.missing) == (None, None)
    assert "none of its last 50 samples has an answer (request refused: HTTP 401, bad)" in str(summary.verdict)
    assert len(list(read_journal(tmp_path / "j"))) == summary.taken


def test_requests_per_minute_are_kept_from_the_start(server, chat, take):
    summary, _ = take(chat(), 30, RunSettings(requests_per_minute=1200))
    assert summary.answered == 30
    times = sorted(request.at for request in server.requests)
    assert times[-1] - times[0] >= 29 / 20 * 0.9
    assert times[9] - times[0] > 9 / 20 * 0.6


def test_tokens_per_minute_are_kept(chat, take):
    # Ten tokens an answer: 6,000 a minute are ten answers a second.
    began = monotonic()
    summary, _ = take(chat(), 15, RunSettings(tokens_per_minute=6000, expected_output_tokens=10))
    assert summary.answered == 15
    assert 0.9 < monotonic() - began < 20


def test_the_run_stops_before_its_cost_limit(server, chat, take):
    settings = RunSettings(prices=YEN, cost_limit=13.0 * 100, most_in_flight=8, expected_output_tokens=5)
    summary, _ = take(chat(), 5000, settings)  # 7 + 2 × 3 = 13 an answer
    assert summary.ending is Ending.OVER_BUDGET
    assert summary.spent == 13.0 * summary.answered
    assert 80 <= summary.answered <= 100
    assert len(server.requests) == summary.requests == summary.answered


def test_a_limit_below_one_sample_asks_nothing(server, chat, take):
    summary, _ = take(chat(), 10, RunSettings(prices=YEN, cost_limit=0.5))
    assert (summary.ending, summary.taken, summary.spent) == (Ending.OVER_BUDGET, 0, 0.0)
    assert server.requests == []


def test_an_estimate_counts_every_turn_again(plan_of, chat):
    prompt = Prompt(
        (Turn(Speaker.USER, "abcd" * 10),),
        ("abcd",),
        (Document("d", "t", "日本語"),),
        (Tool("t", "abcd", ""),),
    )
    assert input_tokens(prompt, 100) == (10 + 3 + 1) + (10 + 3 + 1 + 100 + 1)
    assert [tokens_of(text) for text in ("", "a", "abcde", "あa")] == [0, 1, 2, 2]
    found = estimate(plan_of(chat(), 3), RunSettings(prices=YEN, expected_output_tokens=10))
    assert (found.samples, found.requests, found.output_tokens) == (3, 3, 30)
    assert found.cost == found.input_tokens + 60
    assert estimate([], RunSettings()).cost is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"most_in_flight": 0},
        {"deadline_seconds": 0.0},
        {"stall_seconds": float("inf")},
        {"requests_per_minute": -1.0},
        {"retries": -1},
        {"longest_wait_seconds": -1.0},
        {"cost_limit": 5.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ShinraiError):
        RunSettings(**wrong)


def test_an_error_of_our_own_ends_the_run(chat, tmp_path, plan_of):
    def broken() -> Iterator[PlannedSample]:
        yield from plan_of(chat(), 20)
        raise RuntimeError("the plan is broken")

    with open_journal(tmp_path / "j", {}) as journal, pytest.raises(RuntimeError, match="the plan is broken"):
        run(broken(), chat(), RunSettings(), journal)


def test_an_error_in_the_progress_ends_the_run(server, chat, tmp_path, plan_of):
    server.behaviour = "hang"

    def broken(_: Progress) -> None:
        raise RuntimeError("nobody can see this")

    with open_journal(tmp_path / "j", {}) as journal, pytest.raises(RuntimeError, match="nobody can see this"):
        run(plan_of(chat(), 20), chat(), RunSettings(), journal, progress=broken)


def test_a_disk_that_refuses_ends_the_run(server, chat, plan_of, tmp_path, monkeypatch):
    import shinrai.evaluate.runner.journal as module

    with open_journal(tmp_path / "j", {}) as journal:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module, "_write", full)
        with pytest.raises(JournalError, match="No space left on device"):
            run(plan_of(chat(), 5000), chat(), RunSettings(), journal)
    assert len(server.requests) < 5000
    assert list(read_journal(tmp_path / "j")) == []
