"""Parquet from journals: every planned sample has a row, and an interrupted run gives the same bytes."""

# ruff: noqa: S311  (chance makes orders and moments here, no secrets)

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import JournalError, open_journal, read_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.parquet import read_evidence, write_evidence
from shinrai.evaluate.runner.record import Taken, to_line
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import (
    Answer,
    FaultKind,
    PlannedSample,
    Prompt,
    Sample,
    SampleFault,
    Speaker,
    ToolCall,
    Turn,
)
from shinrai.language import ShinraiError

ONE_RUN = str(Path(__file__).with_name("one_run.py"))


def planned(n: int) -> list[PlannedSample]:
    key = keys_for({"target": "t"})
    prompts = [Prompt((Turn(Speaker.USER, f"問い{i}"),)) for i in range(n)]
    return [
        PlannedSample(key(prompt, i % 2), "suite", f"p{i}", "kana" if i % 3 else None, i % 2, f"c{i // 3}", prompt)
        for i, prompt in enumerate(prompts)
    ]


def sample(of: PlannedSample, text: str | None, **timing: float) -> Sample:
    answers = (
        ()
        if text is None
        else (
            Answer(text, "stop", (ToolCall("find", "{}"),), "m", 3, None, timing.get("seconds", 0.5)),
            Answer("", None),
        )
    )
    fault = SampleFault(FaultKind.CUT, "why", 200) if text is None else None
    return Sample(of.key, answers, fault, int(timing.get("attempts", 1)), timing.get("started_at", 7.25))


def journal_of(path: Path, records: list[Taken]) -> Path:
    with open_journal(path, {}) as journal:
        for start in range(0, len(records), 50):
            journal.append([to_line(record) for record in records[start : start + 50]])
    return path


def test_rows_come_back_in_the_order_of_the_plan(tmp_path):
    plan = planned(100)
    records = [Taken(i, sample(p, None if i % 10 == 0 else f"答え{i}"), i % 7 == 0) for i, p in enumerate(plan)]
    random.Random(1).shuffle(records)
    files = write_evidence([journal_of(tmp_path / "j", records)], plan, tmp_path)
    assert (files.rows, files.missing) == (100, 0)
    rows = list(read_evidence(files.samples, files.timings))
    expected = {record.position: record.sample for record in records}
    assert [row.sample for row in rows] == [expected[i] for i in range(100)]
    assert [(r.suite, r.probe, r.variation, r.repeat, r.cluster) for r in rows] == [
        (p.suite, p.probe, p.variation, p.repeat, p.cluster) for p in plan
    ]
    assert rows[3].prompt == '{"turns":[["user","問い3"]]}'
    assert pq.read_table(files.timings)["reused"].to_pylist() == [i % 7 == 0 for i in range(100)]
    without = list(read_evidence(files.samples))
    assert [row.sample.answers[0].text for row in without if row.sample.answers] == [
        row.sample.answers[0].text for row in rows if row.sample.answers
    ]
    assert {(row.sample.attempts, row.sample.started_at) for row in without} == {(0, 0.0)}


def test_timings_and_order_leave_the_samples_as_they_are(tmp_path):
    plan, contents = planned(200), []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        chance = random.Random(number)
        records = [
            Taken(i, sample(p, f"答え{i}", seconds=chance.random(), started_at=chance.random(), attempts=number), False)
            for i, p in enumerate(plan)
        ]
        chance.shuffle(records)
        files = write_evidence([journal_of(folder / "j", records)], plan, folder)
        contents.append(files.samples.read_bytes())
    assert len(set(contents)) == 1


def test_a_sample_that_was_never_taken_says_so(tmp_path):
    plan = planned(10)
    files = write_evidence(
        [journal_of(tmp_path / "j", [Taken(4, sample(plan[4], "x"), False)])],
        plan,
        tmp_path,
        missing=FaultKind.OVER_BUDGET,
    )
    assert (files.rows, files.missing) == (10, 9)
    kinds = Counter(row.sample.fault and row.sample.fault.kind for row in read_evidence(files.samples, files.timings))
    assert kinds == {FaultKind.OVER_BUDGET: 9, None: 1}


def test_of_two_records_an_answer_wins_over_a_fault_and_the_later_over_the_earlier(tmp_path):
    plan = planned(4)
    given = [[None, "a", "a", None], ["b", None, "b", None]]
    journals = [
        journal_of(tmp_path / str(n), [Taken(i, sample(plan[i], text), False) for i, text in enumerate(texts)])
        for n, texts in enumerate(given)
    ]
    files = write_evidence(journals, plan, tmp_path)
    rows = [row.sample.answers[0].text if row.sample.answers else None for row in read_evidence(files.samples)]
    assert rows == ["b", "a", "b", None]


@pytest.mark.parametrize("change", ["shorter", "moved"])
def test_another_plan_is_refused(tmp_path, change):
    plan = planned(20)
    path = journal_of(tmp_path / "j", [Taken(i, sample(p, "x"), False) for i, p in enumerate(plan)])
    other = plan[:10] if change == "shorter" else plan[::-1]
    with pytest.raises(JournalError, match="written for another plan"):
        write_evidence([path], other, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["j"]


def test_no_plan_is_a_file_without_rows(tmp_path):
    files = write_evidence([], [], tmp_path)
    assert files.rows == 0
    assert list(read_evidence(files.samples, files.timings)) == []


def test_what_is_no_evidence_is_refused(tmp_path):
    files = write_evidence([], planned(2), tmp_path)
    (tmp_path / "text").write_text("hello")
    for wrong in ((tmp_path / "text", None), (files.timings, None), (files.samples, files.samples), (tmp_path, None)):
        with pytest.raises(ShinraiError, match="no evidence of samples"):
            list(read_evidence(*wrong))


def test_many_row_groups(tmp_path):
    plan = planned(40)
    records = [Taken(i, sample(p, f"{i}" * 500_000), False) for i, p in enumerate(plan)]
    files = write_evidence([journal_of(tmp_path / "j", records)], plan, tmp_path)
    assert pq.ParquetFile(files.samples).metadata.num_row_groups > 2
    assert [row.probe for row in read_evidence(files.samples, files.timings)] == [p.probe for p in plan]


def start(url: str, n: int, journal: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, ONE_RUN, url, str(n), str(journal), "64"], stdout=subprocess.DEVNULL)


def wait_for_growth(process: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until the process has written samples, so that the kill comes in the middle of its work."""
    size = max(path.stat().st_size if path.exists() else 0, 400)
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if path.exists() and path.stat().st_size > size:
            return
        time.sleep(0.002)


@pytest.mark.slow
def test_killed_at_twenty_points_nothing_is_lost_or_doubled(server, chat, plan_of, tmp_path):
    """A real process is killed, resumed and killed again; the evidence equals that of a run nobody disturbed."""
    n, server.latency, server.keep = 8_000, 0.04, False
    target = chat()
    plan, path, chance = plan_of(target, n), tmp_path / "killed.journal", random.Random(20261120)
    in_the_middle, before = 0, 0
    for _ in range(20):
        process = start(server.url, n, path)
        wait_for_growth(process, path)
        time.sleep(chance.uniform(0, 0.1))
        in_the_middle += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        positions = [taken.position for taken in read_journal(path)]
        assert len(set(positions)) == len(positions) >= before
        before = len(positions)
    assert in_the_middle >= 15
    assert start(server.url, n, path).wait() == 0
    assert sorted(taken.position for taken in read_journal(path)) == list(range(n))

    with open_journal(tmp_path / "whole.journal", {}) as journal:
        assert run(plan, target, RunSettings(), journal).answered == n
    contents = []
    for name in ("killed", "whole"):
        folder = tmp_path / name
        folder.mkdir()
        files = write_evidence([tmp_path / f"{name}.journal"], plan, folder)
        assert files.missing == 0
        contents.append(files.samples.read_bytes())
        size = sum(file.stat().st_size for file in (files.samples, files.timings))
        assert size / n < 236
    assert contents[0] == contents[1]


def test_the_first_request_leaves_within_a_second(server, tmp_path):
    began = time.monotonic()
    process = start(server.url, 200_000, tmp_path / "j")
    while not server.requests and time.monotonic() - began < 10:
        time.sleep(0.005)
    left = server.requests[0].at - began
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # A second on a machine of its own; a busy one may take a little longer to start an interpreter.
    assert left < 3.0
