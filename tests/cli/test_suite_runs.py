"""`shinrai suites run` against a real server: what it prints and keeps, and with which code it ends."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shinrai.cli import main
from shinrai.cli.running import sentence
from shinrai.evaluate.runner.journal import read_journal
from shinrai.evaluate.runner.progress import Progress
from shinrai.language import Language, message

SUITE = """\
id: own.echo
version: "1"
title: {ja: こだま, en: Echo}
about: {ja: 試験, en: A test}
language: en
licence: Apache-2.0
source: {origin: own, title: {ja: 試験, en: A test}, certainty: C}
harm_class: none
shows: []
repeats: 3
scorers:
  - use: contains
    decision: {metric: pass_rate, comparison: at_least, limit: 0.8}
probes:
"""


@pytest.fixture
def server() -> Iterator[Any]:
    """The faulty server of the evaluate room's tests."""
    beside = Path(__file__).parents[1] / "evaluate/conversation/faulty_server.py"
    spec = importlib.util.spec_from_file_location("shinrai_tests_faulty_server", beside)
    assert spec and spec.loader
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.faulty_server() as running:
        yield running


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "echo.yaml"
    probes = [f"  - {{id: p{i}, ask: question {i}, expect: {{contains: {{all_of: [echo]}}}}}}" for i in range(40)]
    path.write_text(SUITE + "\n".join(probes) + "\n")
    return path


def run(suite: Path, url: str, out: Path, *more: str) -> int:
    asked = ["--url", url, "--model", "faulty-1", "--out", str(out), "--lang", "en"]
    return main(["suites", "run", str(suite), *asked, *more])


def test_all_decisive_pass(server: Any, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(suite, server.url, tmp_path / "out") == 0
    shown = capsys.readouterr()
    assert "Pass" in shown.out and "120/120" in shown.out
    assert "120 of 120 samples, 0 without an answer" in shown.err
    kept = {file.name for file in (tmp_path / "out/own.echo").iterdir()}
    assert {"journal", "samples.parquet", "measurements.json"} <= kept
    # Again: nothing is asked twice.
    asked = len(server.requests)
    assert run(suite, server.url, tmp_path / "out", "--quiet", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(server.requests) == asked
    assert (document["exitCode"], document["suites"][0]["answered"]) == (0, 120)
    assert document["suites"][0]["measurements"][0]["n"] == 120


def test_one_that_fails(server: Any, suite: Path, tmp_path: Path) -> None:
    suite.write_text(suite.read_text().replace("[echo]", "[something else]"))
    assert run(suite, server.url, tmp_path / "out", "--quiet") == 1


@pytest.mark.parametrize(("behaviour", "kind"), [("refused", "request refused"), ("malformed", "malformed response")])
def test_faults_leave_it_open_and_are_counted_by_kind(
    behaviour: str, kind: str, server: Any, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behaviour = behaviour
    assert run(suite, server.url, tmp_path / "out", "--quiet") == 2
    shown = capsys.readouterr().out
    assert f"without an answer ({kind})" in shown and "Error" in shown and "—" in shown
    assert "were not taken; the same command goes on from here" in shown


def test_spend_is_shown_and_stops_the_run(
    server: Any, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 7 tokens in and 3 out: 10 a sample at these prices.
    limit = ["--prices", "1000000,1000000,JPY", "--cost-limit", "5000", "--in-flight", "2"]
    assert run(suite, server.url, tmp_path / "out", *limit) == 0
    assert "spent 1200.0000 JPY" in capsys.readouterr().err
    assert run(suite, server.url, tmp_path / "short", *limit[:2], "--cost-limit", "700", "--in-flight", "2") == 2
    assert "The run stopped before its cost limit was passed." in capsys.readouterr().out


@pytest.mark.parametrize(
    "more",
    [
        ["--key", "sk-verysecret"],
        ["--prices", "1,2"],
        ["--prices", "nan,2,USD"],
        ["--cost-limit", "3"],
        ["--records", "suite"],
        ["--columns", "answr=x"],
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_asked(
    more: list[str], server: Any, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [str(suite) if each == "suite" else each for each in more]
    assert run(suite, server.url, tmp_path / "out", "--quiet", *more) == (0 if more[0] == "--columns" else 3)
    shown = capsys.readouterr()
    assert "verysecret" not in shown.out + shown.err
    assert more[0] == "--columns" or not server.requests


def test_collected_answers(suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = tmp_path / "answers.csv"
    rows = [f"question {i},echo {i},{r}" for i in range(40) for r in range(3)]
    records.write_text("asked,said,round\n" + "\n".join(rows) + "\n")
    columns = "question=asked,answer=said,repeat=round"
    asked = ["suites", "run", str(suite), "--records", str(records), "--out", str(tmp_path / "out"), "--quiet"]
    assert main([*asked, "--columns", columns]) == 0
    assert main([*asked, "--columns", "answr=said"]) == 3
    assert "answer" in capsys.readouterr().err


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 2)])
def test_a_run_that_is_ended_goes_on_where_it_stopped(
    how: signal.Signals, code: int, server: Any, suite: Path, tmp_path: Path
) -> None:
    server.latency = 0.05
    out = tmp_path / "out"
    command = [sys.executable, "-m", "shinrai", "suites", "run", str(suite), "--url", server.url, "--model", "m"]
    command += ["--out", str(out), "--in-flight", "4", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "SHINRAI_LANG": "en"})
    give_up = time.monotonic() + 30
    journal = out / "own.echo/journal"
    while len(server.requests) < 60 and time.monotonic() < give_up:
        time.sleep(0.02)
    process.send_signal(how)
    assert process.wait(20) == code
    before = len(list(read_journal(journal)))
    assert 0 < before < 120
    server.latency, asked = 0.0, len(server.requests)
    assert subprocess.run(command, check=False).returncode == 0
    assert len(server.requests) - asked == 120 - before
    assert len(list(read_journal(journal))) == 120


@pytest.mark.parametrize("language", list(Language))
def test_progress_is_told_in_words(language: Language) -> None:
    under_way = Progress(None, 7, 6, 1, 2, 3.5, None, 0, 0, None)
    told = sentence(message("{value}", value="x"), under_way, "JPY").text(language)
    assert "7" in told and "3.5" in told and "JPY" not in told
    long = sentence(message("{value}", value="x"), Progress(900, 7, 6, 1, 2, 3.5, 600.0, 0, 0, 1.5), "JPY")
    assert "1.5000 JPY" in long.text(language) and "10" in long.text(language)
