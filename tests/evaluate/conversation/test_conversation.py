"""From a suite and a system that talks to measurements: every sample accounted for, and no verdict out of nothing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.conversation import Conversed, converse, measure, planned_with
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.runner.parquet import read_evidence
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import FaultKind, Score
from shinrai.evaluate.scorers.accounts import accounts
from shinrai.evaluate.suites import Suite, read_suite
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.records import RecordColumns, RecordsTarget
from shinrai.language import Bilingual, ShinraiError

Chat = Callable[..., ChatTarget]

SUITE = """\
id: own.echo
version: "1"
title: {{ja: こだま, en: Echo}}
about: {{ja: 試験, en: A test}}
language: en
licence: Apache-2.0
source: {{origin: own, title: {{ja: 試験, en: A test}}, certainty: C}}
harm_class: none
shows: []
scorers:
  - use: contains
    name: right
    decision: {{metric: pass_rate, comparison: at_least, limit: {limit}}}
probes:
{probes}
"""


def suite_of(clusters: int, each: int = 1, *, expected: str = "echo", limit: float = 0.8) -> Suite:
    probes = [
        f"  - {{id: p{c}-{i}, scenario: s{c}, ask: question {c} {i}, expect: {{right: {{all_of: [{expected}]}}}}}}"
        for c in range(clusters)
        for i in range(each)
    ]
    return read_suite(SUITE.format(limit=limit, probes="\n".join(probes)).encode(), "own.yaml")


def one(done: Conversed) -> Measurement:
    assert len(done.measurements) == 1
    return done.measurements[0]


def test_a_system_that_answers_is_measured(chat: Chat, fast: RunSettings, tmp_path: Path) -> None:
    done = converse(suite_of(60), chat(), tmp_path / "run", settings=fast)
    measured = one(done)
    assert (measured.id, measured.metric) == ("desk.own.echo.right.pass_rate", "right.pass_rate")
    assert (measured.outcome, measured.value, measured.n) == (Outcome.PASS, 1.0, 60)
    assert measured.low is not None and measured.low >= 0.8
    assert measured.counts["clusters.1.1.0"] == 60
    rows = list(read_evidence(done.files.samples))
    assert [row.probe for row in rows] == [f"p{c}-0" for c in range(60)]


def test_a_dead_target_is_an_error_and_nothing_else(fast: RunSettings, tmp_path: Path) -> None:
    target = ChatTarget("desk", "http://127.0.0.1:9/v1", "none")
    done = converse(suite_of(40), target, tmp_path / "run", settings=replace(fast, retries=0))
    measured = one(done)
    assert (measured.outcome, measured.value, measured.n) == (Outcome.ERROR, None, 0)
    assert (measured.coverage.used, measured.coverage.asked) == (0, 40)
    assert measured.counts["errors"] == 40
    kinds = {row.sample.fault.kind for row in read_evidence(done.files.samples) if row.sample.fault}
    assert kinds == {FaultKind.UNREACHABLE}


@pytest.mark.parametrize("behaviour", ["storm", "malformed", "cut_body", "refused", "wrong_type", "silent"])
def test_no_fault_of_a_server_becomes_a_verdict(
    behaviour: str, server: Any, chat: Chat, fast: RunSettings, tmp_path: Path
) -> None:
    server.behaviour = behaviour
    measured = one(converse(suite_of(20), chat(), tmp_path / "run", settings=replace(fast, retries=0)))
    assert measured.outcome is Outcome.ERROR and measured.counts["errors"] == 20


def test_a_run_that_was_broken_off_goes_on(server: Any, chat: Chat, fast: RunSettings, tmp_path: Path) -> None:
    server.behaviour = "hang"
    hurried = replace(fast, deadline_seconds=0.2, retries=0, give_up_after=8)
    first = one(converse(suite_of(60), chat(), tmp_path / "run", settings=hurried))
    assert first.outcome is Outcome.ERROR
    server.behaviour = "ok"
    again = converse(suite_of(60), chat(), tmp_path / "run", settings=replace(fast, retry_faults=True))
    assert again.summary.resumed > 0 and one(again).outcome is Outcome.PASS
    whole = converse(suite_of(60), chat(), tmp_path / "whole", settings=fast)
    assert again.files.samples.read_bytes() == whole.files.samples.read_bytes()


def test_another_seed_is_another_run(chat: Chat, fast: RunSettings, tmp_path: Path) -> None:
    converse(suite_of(4), chat(), tmp_path / "run", settings=fast)
    with pytest.raises(ShinraiError):
        converse(suite_of(4), chat(), tmp_path / "run", settings=fast, seed=1)
    with pytest.raises(ShinraiError):
        converse(suite_of(4), chat(), tmp_path / "run", settings=fast, repeats=2)


def test_what_is_not_recorded_is_missing_not_failed(tmp_path: Path) -> None:
    suite, file = suite_of(50), tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps({"p": f"p{c}-0", "a": "echo"}) + "\n" for c in range(47)))
    target = RecordsTarget("records", file, RecordColumns(answer="a", probe="p"))
    measured = one(converse(suite, target, tmp_path / "run"))
    assert (measured.counts["passed"], measured.counts["errors"]) == (47, 3)
    assert measured.value == 1.0 and measured.coverage.used == 47
    # 47 of 47 pass with room to spare; 47 of 50 would not clear a limit of 0.88, so there is no decision there.
    assert measured.outcome is Outcome.PASS
    strict = suite_of(50, limit=0.88)
    assert one(converse(strict, target, tmp_path / "strict")).outcome is Outcome.INCONCLUSIVE


def test_two_probes_that_ask_the_same_are_refused() -> None:
    text = SUITE.format(
        limit=0.8,
        probes="\n".join(f"  - {{id: p{i}, ask: the same, expect: {{right: {{all_of: [x]}}}}}}" for i in range(2)),
    )
    with pytest.raises(ShinraiError, match="p0 and p1"):
        planned_with(read_suite(text.encode(), "own.yaml"), {"kind": "none"})


OUTCOMES = st.lists(st.lists(st.sampled_from(list(Outcome)), min_size=2, max_size=2), min_size=2, max_size=30)


def decided_on(suite: Suite, outcomes: Sequence[Sequence[Outcome]]) -> Measurement:
    asked = planned_with(suite, {"kind": "none"})
    flat = [outcome for cluster in outcomes for outcome in cluster]
    why = Bilingual(ja="試験", en="test")
    scores = [Score(s.key, "right", outcome, why) for s, outcome in zip(asked.samples, flat, strict=True)]
    return measure(asked, "desk", scores, accounts([s.key for s in asked.samples], ["right"], scores))[0]


@settings(max_examples=150, deadline=None)
@given(outcomes=OUTCOMES, rest=st.randoms(use_true_random=False), limit=st.sampled_from([0.2, 0.5, 0.8]))
def test_no_sample_without_a_verdict_could_turn_a_decision(
    outcomes: list[list[Outcome]], rest: Any, limit: float
) -> None:
    suite = suite_of(len(outcomes), 2, limit=limit)
    measured = decided_on(suite, outcomes)
    counts = measured.counts
    told = sum(counts[name] for name in ("passed", "failed", "inconclusive", "errors", "excluded"))
    assert told == counts["planned"] == 2 * len(outcomes)
    assert measured.n == counts["passed"] + counts["failed"] == measured.coverage.used
    for ends in ((Outcome.PASS,), (Outcome.FAIL,), (Outcome.PASS, Outcome.FAIL)):
        closed = [
            [each if each in {Outcome.PASS, Outcome.FAIL} else rest.choice(ends) for each in cluster]
            for cluster in outcomes
        ]
        if measured.outcome in {Outcome.PASS, Outcome.FAIL}:
            assert decided_on(suite, closed).outcome is measured.outcome


@settings(max_examples=50, deadline=None)
@given(outcomes=OUTCOMES)
def test_errors_alone_are_an_error(outcomes: list[list[Outcome]]) -> None:
    suite = suite_of(len(outcomes), 2)
    assert decided_on(suite, [[Outcome.ERROR] * 2 for _ in outcomes]).outcome is Outcome.ERROR
    open_ = decided_on(suite, [[Outcome.INCONCLUSIVE] * 2 for _ in outcomes])
    assert open_.outcome is Outcome.INCONCLUSIVE and open_.value is None


def test_what_failed_is_named_once_with_its_repeats() -> None:
    measured = decided_on(suite_of(30, 2), [[Outcome.FAIL, Outcome.PASS]] * 30)
    assert len(measured.findings) == 21
    assert measured.findings[0].en == "p0-0: test" and measured.findings[-1].en == "10 more stand in the samples."
    asked = planned_with(suite_of(3), {"kind": "none"}, repeats=4)
    why = Bilingual(ja="試験", en="test")
    scores = [Score(each.key, "right", Outcome.ERROR, why) for each in asked.samples]
    repeated = measure(asked, "desk", scores, accounts([s.key for s in asked.samples], ["right"], scores))[0]
    assert [each.en for each in repeated.findings] == [f"p{c}-0, 4 times: test" for c in range(3)]
