"""An assessment of a system that talks: planned, asked, proved, judged by every seat, and verified by an outsider."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.assess import Assessed, assess
from shinrai.council.case import AskedSuite
from shinrai.council.seats.recompute_conversation import recompute_conversation
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.measurement_json import from_json
from shinrai.evidence import Home
from shinrai.language import ShinraiError
from shinrai_verify.encoding import strict_json
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

SUITE = """\
id: own.echo
version: "1"
title: {ja: こだま, en: Echo}
about: {ja: 試験, en: A test}
language: en
licence: Apache-2.0
source: {origin: own, title: {ja: 試験, en: A test}, certainty: C}
harm_class: none
shows: [JP-GL-C3.evaluation-runs]
repeats: 2
scorers:
  - use: contains
    decision: {metric: pass_rate, comparison: at_least, limit: 0.8}
  - use: consistency
    settings: {compare: terms, terms: [echo]}
    decision: {metric: agreement_rate, comparison: at_least, limit: 0.8}
variations:
  - use: paraphrase
probes:
"""
TARGET = """\
  talker:
    kind: chat
    address: URL
    model: faulty-1
    limits: {in_flight: 16, deadline_seconds: 5}
    suites: [{id: own.echo, version: "1", file: suites/echo.yaml}]
    share: SHARE
"""
Talk = Callable[..., Path]
"""Writes a description of the server; returns its path."""


@pytest.fixture
def server() -> Iterator[Any]:
    """The faulty server of the evaluate room's tests, behaving well until told otherwise."""
    beside = Path(__file__).parents[1] / "evaluate/conversation/faulty_server.py"
    spec = importlib.util.spec_from_file_location("shinrai_tests_faulty_server", beside)
    assert spec and spec.loader
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.faulty_server() as running:
        yield running


@pytest.fixture
def talk(server: Any, tmp_path: Path, talker: Callable[[str], str]) -> Talk:
    def write(share: str = "samples", probes: int = 110, expected: str = "echo") -> Path:
        folder = tmp_path / "talker"
        (folder / "suites").mkdir(parents=True, exist_ok=True)
        asked = [
            f"  - {{id: p{i}, harm_class: {'crime' if i % 2 else 'none'}, ask: question number {i}, "
            f"paraphrases: [number {i} please], expect: {{contains: {{all_of: [{expected}]}}}}}}"
            for i in range(probes)
        ]
        (folder / "suites/echo.yaml").write_text(SUITE + "\n".join(asked) + "\n")
        path = folder / "shinrai.yaml"
        path.write_text(talker(TARGET.replace("URL", server.url).replace("SHARE", share)))
        return path

    return write


def run(path: Path, home: Home) -> Assessed:
    return assess(path, home, path.parent.parent / "out")


def verified(done: Assessed) -> int:
    return verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code


def test_a_system_that_talks_is_assessed_and_verified(talk: Talk, home: Home) -> None:
    done = run(talk(), home)
    assert verified(done) == 0
    record = {each.id: each for each in done.assessment.measurements}
    rate = record["talker.own.echo.contains.pass_rate"]
    assert (rate.outcome, rate.n, rate.coverage.whole) == ("pass", 440, 440)
    assert [group.levels for group in rate.groups] == [["crime"], ["none"]]
    assert record["talker.own.echo.consistency.agreement_rate"].outcome == "pass"
    leaf = next(leaf for r in done.assessment.results for leaf in r.leaves if leaf.id == "JP-GL-C3.evaluation-runs")
    assert leaf.state == "met" and leaf.verdict is not None
    assert {vote.value for vote in leaf.verdict.votes} == {"pass"}
    told = {vote.seat: vote.reason.en for vote in leaf.verdict.votes}
    assert "same scorers" in told["recompute"]
    target = done.assessment.targets[0]
    assert (target.kind, target.shared, target.rows) == ("chat", "samples", 440)
    with zipfile.ZipFile(done.bundle) as bundle:
        names = {entry["name"] for entry in json.loads(bundle.read("manifest.json"))["entries"]}
    assert {"samples of talker/own.echo", "suite own.echo 1", "how talker is asked"} <= names


def test_counts_alone_keep_the_conversations_at_home(talk: Talk, home: Home) -> None:
    done = run(talk("counts", 40), home)
    assert verified(done) == 2
    assert done.assessment.bundle.withheld == ["talker"]
    with zipfile.ZipFile(done.bundle) as bundle:
        carried = b"".join(bundle.read(name) for name in bundle.namelist())
    assert b"PAR1" not in carried and b"echo: question" not in carried
    # The seats saw them all the same.
    leaf = next(leaf for r in done.assessment.results for leaf in r.leaves if leaf.id == "JP-GL-C3.evaluation-runs")
    assert leaf.verdict is not None and leaf.verdict.outcome == "pass"


def test_a_system_that_fails_is_not_met(talk: Talk, home: Home) -> None:
    done = run(talk(expected="something else", probes=60), home)
    assert done.assessment.summary.exit_code == 1 and verified(done) == 0


def test_a_dead_system_is_an_error_and_leaves_it_open(server: Any, talk: Talk, home: Home) -> None:
    server.behaviour = "refused"
    done = run(talk(probes=40), home)
    assert {m.outcome for m in done.assessment.measurements} == {"error"}
    assert done.assessment.summary.exit_code == 2 and verified(done) == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("file: suites/echo.yaml", "file: suites/other.yaml", "There is no file suites/other.yaml"),
        (", file: suites/echo.yaml", "", "There is no suite"),
        ('id: own.echo, version: "1"', 'id: own.echo, version: "2"', "own.echo 1"),
        ("model: faulty-1", "model: faulty-1\n    key: env:SHINRAI_TEST_NO_SUCH_KEY", "SHINRAI_TEST_NO_SUCH_KEY"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_asked(
    old: str, new: str, told: str, server: Any, talk: Talk, home: Home
) -> None:
    path = talk()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ShinraiError, match=told) as caught:
        run(path, home)
    assert caught.value.place is not None and caught.value.place.line
    assert not server.requests


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_ended_in_the_middle_it_goes_on(how: signal.Signals, server: Any, talk: Talk, home: Home) -> None:
    server.latency = 0.05
    path = talk(probes=60)
    command = [sys.executable, "-m", "shinrai", "assess", str(path), "--out", str(path.parent / "out"), "--quiet"]
    environment = {**os.environ, "SHINRAI_HOME": str(home.path), "SHINRAI_LANG": "en"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    give_up = time.monotonic() + 60
    while len(server.requests) < 120 and time.monotonic() < give_up:
        time.sleep(0.02)
    process.send_signal(how)
    assert process.wait(20) == (130 if how is signal.SIGINT else -how)
    server.latency, asked = 0.0, len(server.requests)
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode in (0, 2)
    assert 120 <= asked < 240 and 0 < len(server.requests) - asked < 240
    bundle, trust = path.parent / "out/bundle.zip", path.parent / "out/trust.json"
    assert verify(bundle, Policy.from_bytes(trust.read_bytes())).exit_code == 0


def test_collected_answers_beside_a_table(talk: Talk, describe: Callable[..., Path], home: Home) -> None:
    talk(probes=40)
    path = describe("fair 500")
    folder = path.parent
    (folder / "echo.yaml").write_bytes((folder.parent / "talker/suites/echo.yaml").read_bytes())
    asked = [text for i in range(40) for text in (f"question number {i}", f"number {i} please")]
    rows = [json.dumps({"q": text, "a": f"echo {text}", "r": repeat}) for text in asked for repeat in (0, 1)]
    (folder / "answers.jsonl").write_text("\n".join(rows[:-1]) + "\n")
    target = (
        "  logs:\n    kind: records\n    file: answers.jsonl\n    columns: {question: q, answer: a, repeat: r}\n"
        '    suites: [{id: own.echo, version: "1", file: echo.yaml}]\n    share: samples\n'
    )
    path.write_text(path.read_text().replace("attestations:\n", target + "attestations:\n", 1))
    done = run(path, home)
    assert verified(done) == 0
    record = {each.id: each for each in done.assessment.measurements}
    rate = record["logs.own.echo.contains.pass_rate"]
    assert (rate.outcome, rate.n, rate.coverage.whole) == ("pass", 159, 160)
    assert "decisions.performance.all.accuracy" in record
    assert [(each.id, each.shared) for each in done.assessment.targets] == [("decisions", "rows"), ("logs", "samples")]
    verdicts = [leaf.verdict for r in done.assessment.results for leaf in r.leaves if leaf.verdict]
    # Rows and samples of one leaf are recomputed together, each from its own file.
    assert all(not vote.dissents for verdict in verdicts for vote in verdict.votes)


def test_lost_samples_are_said_and_mended(talk: Talk, home: Home) -> None:
    path = talk(probes=40)
    run(path, home)
    kept = list((home.path / "runs").rglob("samples.parquet"))
    assert len(kept) == 1
    # The run was delivered, so that the same description is another run, with samples of its own.
    kept[0].unlink()
    assert verified(run(path, home)) == 0
    assert len(list((home.path / "runs").rglob("samples.parquet"))) == 1


@pytest.fixture
def conversation(talk: Talk, home: Home) -> tuple[AskedSuite, list[Measurement]]:
    """What the recompute seat sees of an honest run."""
    done = run(talk(probes=40), home)
    with zipfile.ZipFile(done.bundle) as bundle:
        named = {e["name"]: e["digest"]["sha256"] for e in json.loads(bundle.read("manifest.json"))["entries"]}

        def read(name: str) -> bytes:
            return bundle.read(f"blobs/sha256/{named[name]}")

        samples = done.bundle.parent / "samples.parquet"
        samples.write_bytes(read("samples of talker/own.echo"))
        asked = AskedSuite(
            samples,
            named["samples of talker/own.echo"],
            read("suite own.echo 1"),
            read("how talker is asked"),
            0,
            None,
        )
        ids = [m.id for m in done.assessment.measurements]
        return asked, [from_json(strict_json(read(each), "a measurement")) for each in ids]


def test_an_honest_run_is_confirmed_by_another_way(conversation: tuple[AskedSuite, list[Measurement]]) -> None:
    asked, measured = conversation
    again = recompute_conversation(asked, "talker", measured)
    assert [again[one.id].difference for one in measured] == [None, None]
    assert all(again[one.id].agrees for one in measured)


def test_every_forged_number_is_seen(conversation: tuple[AskedSuite, list[Measurement]]) -> None:
    asked, (first, second) = conversation
    assert first.value is not None and first.low is not None and first.rule is not None
    forged = [
        replace(first, value=first.value - 1e-6),
        replace(first, low=first.low + 1e-6),
        replace(first, n=first.n + 1),
        replace(first, coverage=replace(first.coverage, asked=first.coverage.asked - 1)),
        replace(first, outcome=Outcome.FAIL),
        replace(first, rule=replace(first.rule, limit=0.5)),
        replace(first, decisive=False),
        replace(first, counts={**first.counts, "passed": first.counts["passed"] - 1}),
        replace(first, groups=first.groups[:1]),
        replace(first, groups=(replace(first.groups[0], successes=1), first.groups[1])),
        replace(second, id=first.id),
    ]
    for each in forged:
        assert not recompute_conversation(asked, "talker", [each])[each.id].agrees, each


def test_samples_of_another_plan_are_seen(conversation: tuple[AskedSuite, list[Measurement]], tmp_path: Path) -> None:
    asked, measured = conversation
    table = pq.read_table(asked.samples)

    def differs(changed: AskedSuite) -> bool:
        again = recompute_conversation(changed, "talker", measured)
        return not any(again[one.id].agrees for one in measured)

    def written(changed: Any) -> AskedSuite:
        file = tmp_path / "changed.parquet"
        pq.write_table(changed, file)
        return replace(asked, samples=file)

    assert differs(replace(asked, seed=1)) is False, "nothing in this suite is drawn"
    assert differs(replace(asked, repeats=1))
    assert differs(replace(asked, identity=asked.identity.replace(b"faulty-1", b"faulty-2")))
    assert differs(written(table.slice(1)))
    assert differs(written(table.take(list(range(len(table) - 1, -1, -1)))))
    assert differs(written(table.drop_columns(["prompt"])))
    prompts = table.column("prompt").to_pylist()
    prompts[0] = prompts[0].replace("question", "easier question")
    assert differs(written(table.set_column(table.schema.get_field_index("prompt"), "prompt", [prompts])))
    for name, values in (
        ("fault", ["bribed"] * len(table)),
        ("key", ["text"] * len(table)),
        ("answers", [[]] * len(table)),
        ("answers", ["text"] * len(table)),
        ("repeat", ["zero"] * len(table)),
    ):
        assert differs(written(table.set_column(table.schema.get_field_index(name), name, pa.array(values))))
    (tmp_path / "no.parquet").write_bytes(b"PAR1 nothing")
    assert differs(replace(asked, samples=tmp_path / "no.parquet"))


def test_answers_that_were_changed_come_to_another_number(
    conversation: tuple[AskedSuite, list[Measurement]], tmp_path: Path
) -> None:
    asked, measured = conversation
    table = pq.read_table(asked.samples)
    answers = table.column("answers").to_pylist()
    answers[0][0]["text"] = "something else"
    column = table.schema.field("answers")
    index = table.schema.get_field_index("answers")
    changed = table.set_column(index, column, pa.array(answers, column.type))
    pq.write_table(changed, tmp_path / "changed.parquet")
    again = recompute_conversation(replace(asked, samples=tmp_path / "changed.parquet"), "talker", measured)
    assert not any(each.agrees for each in again.values())


def model_target(path: Path, folder: str) -> Path:
    text = path.read_text()
    start, end = text.index("    kind: chat"), text.index("    suites:")
    asked = "    sampling: {temperature: 0, max_tokens: 8}\n    batch: 4\n"
    path.write_text(f"{text[:start]}    kind: model\n    folder: {folder}\n{asked}{text[end:]}")
    return path


def test_a_model_in_a_folder_that_is_not_there_is_a_located_error(talk: Talk, home: Home) -> None:
    with pytest.raises(ShinraiError) as refused:
        run(model_target(talk(probes=4), "models/none"), home)
    assert "targets.talker" in str(refused.value)
    assert refused.value.place is not None
    assert refused.value.place.line is not None


def test_seats_elsewhere_count_a_conversation_as_the_embedded_ones_do(
    talk: Talk, home: Home, seats_agree_elsewhere: Callable[[Assessed], None]
) -> None:
    path = talk()
    # Personal, so that the samples are salted: a seat elsewhere takes the salt off before it counts.
    path.write_text(path.read_text().replace("data: [none]", "data: [personal]"))
    seats_agree_elsewhere(run(path, home))
