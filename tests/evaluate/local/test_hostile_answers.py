"""What a hostile system says: kept exactly in the evidence, harmless wherever people look, and never costly in memory.

Every answer goes the whole way: from a server on loopback or a file of records into journal, Parquet, scores, terminal,
JSON, HTML, JUnit and SARIF.
"""

import importlib.util
import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from shinrai.assess.assessment import Assessment, Text
from shinrai.cli import tables
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.measurement_json import from_json, to_json
from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.parquet import EvidenceRow, read_evidence, write_evidence
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import FaultKind, PlannedSample, Score
from shinrai.evaluate.scorers import Exclusion, Taken
from shinrai.evaluate.suites import PlannedPrompt, Suite, group_scores, plan, read_suite, sample_scores
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.http_limits import HttpLimits
from shinrai.evaluate.targets.records import RecordColumns, RecordsTarget
from shinrai.language import Bilingual, Language, ShinraiError
from shinrai.report import print_summary, render_html, to_junit, to_sarif

TESTS = Path(__file__).parents[2]
TOO_LONG = "x" * 10_000_000
HOSTILE = {
    "long": "W" * 900_000,
    "brackets": "[" * 100_000 + "]" * 100_000,
    "objects": '{"a":' * 100_000,
    "ansi": "\x1b[2J\x1b[31mred\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\click\x1b[8m\r\x08\x7f",
    "c1": "\x9b31m\x90payload\x9c\x85\x84",
    "bidi": "\u202eelif\u2066.\u2069\u200f\u061c\u202c txt.exe",
    "invisible": "a\ufeff\u200bb\u2060\u00ad\ufffe\U000e0041",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)></bdi></style><!--",
    "links": "javascript:alert(1) https://evil.example/?leak=1 ![x](https://evil.example/x.png)",
    "markup": "[red]no[/red] [link=https://evil.example]x[/link] [/] :smile:",
    "templates": "{{ 7*7 }}{% raw %}{field} {0} %s ${x}",
    "formula": "=cmd|' /C calc'!A0",
    "zeros": "\x00nul\x00",
    "accents": "e" + "\u0301" * 50_000,
    "lines": "\r\n" * 50_000 + "\u2028\u2029\v\f",
    "cdata": "]]><x/>&amp;&#0;",
    "empty": "",
}
PROBES = "".join(f"  - {{id: {name}, ask: {name}, documents: [d]}}\n" for name in HOSTILE)
SUITE = f"""\
id: test.hostile
version: "1"
title: {{ja: 試験, en: A test}}
about: {{ja: 試験である。, en: It is a test.}}
language: ja
licence: Apache-2.0
source: {{origin: own, title: {{ja: 自作, en: Our own}}, certainty: C}}
harm_class: leak
shows: []
system: 番号は{{canary}}です。
documents: [{{id: d, title: 文書, text: 九時から。}}]
scorers:
  - {{use: exact, settings: {{answers: [はい]}}}}
  - {{use: choice, settings: {{options: {{A: 甲, B: 乙}}, answer: A}}}}
  - {{use: regex, settings: {{pattern: "(a+)+$"}}}}
  - {{use: contains, settings: {{any_of: [九時]}}}}
  - {{use: not_contains, settings: {{none_of: [evil]}}}}
  - {{use: refusal, settings: {{wanted: refuse}}}}
  - {{use: language, settings: {{language: ja}}}}
  - {{use: json, settings: {{schema: '{{"type": "object"}}'}}}}
  - {{use: citations, settings: {{cited: [d]}}}}
  - {{use: personal}}
  - {{use: canary}}
  - {{use: consistency, settings: {{compare: text}}}}
repeats: 2
probes:
{PROBES}"""


def loaded(name: str, file: Path) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec and spec.loader
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """The faulty server with three more behaviours: hostile by name, and large in two sizes."""
    module = loaded("shinrai_tests_faulty_server", TESTS / "evaluate/conversation/faulty_server.py")

    async def hostile(_: Any, request: Any, writer: Any) -> None:
        name = module.asked(request).rpartition("\n")[2]
        answer = TOO_LONG if name == "ten million" else HOSTILE[name]
        said = {"role": "assistant", "content": answer}
        body = json.loads(module.completion(answer, message=said, finish_reason=HOSTILE["ansi"]))
        module.send(writer, json.dumps(body | {"model": HOSTILE["html"]}).encode())

    async def nearly_too_large(_: Any, __: Any, writer: Any) -> None:
        # One character outside the first plane makes Python keep four bytes for each of the others.
        module.send(writer, module.made_once("y" * 1_000_000 + "🦝"))

    module.BEHAVIOURS |= {"hostile": hostile, "nearly_too_large": nearly_too_large}
    with module.faulty_server("hostile", keep=False) as running:
        yield running


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read_suite(SUITE.encode(), "hostile.yaml")


Way = tuple[list[PlannedPrompt], list[PlannedSample], list[EvidenceRow], Path]


def whole_way(suite: Suite, target: Any, folder: Path) -> Way:
    prompts = list(plan(suite))
    key = keys_for(target.identity())
    planned = [
        PlannedSample(key(p.prompt, p.repeat), suite.id, p.probe.id, None, p.repeat, p.cluster, p.prompt)
        for p in prompts
    ]
    with open_journal(folder / "journal", {}) as journal:
        run(planned, target, RunSettings(), journal)
    files = write_evidence([folder / "journal"], planned, folder)
    return prompts, planned, list(read_evidence(files.samples, files.timings)), files.samples


@pytest.fixture(scope="module", params=["chat", "jsonl", "parquet"])
def way(request: pytest.FixtureRequest, suite: Suite, server: Any, tmp_path_factory: pytest.TempPathFactory) -> Way:
    """The same hostile answers from a server, from JSONL and from Parquet."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "chat":
        server.behaviour = "hostile"
        limits = HttpLimits(answer_bytes=8_388_608)
        return whole_way(suite, ChatTarget("desk", server.url, "faulty-1", limits=limits), folder)
    rows = [{"id": name, "nth": nth, "answer": answer} for name, answer in HOSTILE.items() for nth in range(2)]
    file = folder / f"records.{request.param}"
    if request.param == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import pyarrow as pa

        pq.write_table(pa.Table.from_pylist(rows), file)
    return whole_way(suite, RecordsTarget("past", file, RecordColumns(probe="id", repeat="nth")), folder)


@pytest.fixture(scope="module")
def scores(suite: Suite, way: Way) -> list[Score]:
    """What every scorer says of the answers that came one way."""
    prompts, planned, rows, _ = way
    found = [
        score for prompt, row in zip(prompts, rows, strict=True) for score in sample_scores(suite, prompt, row.sample)
    ]
    taken = [Taken(one, row.sample) for one, row in zip(planned, rows, strict=True)]
    grouped = group_scores(suite, {each.probe.id: each.probe for each in prompts}, taken)
    return found + [each for each in grouped if not isinstance(each, Exclusion)]


def test_the_evidence_holds_every_answer_as_it_came(way: Way) -> None:
    _, planned, rows, file = way
    answers = {(row.probe, row.repeat): row.sample.answer for row in rows if row.sample.fault is None}
    assert answers == {(name, nth): answer for name, answer in HOSTILE.items() for nth in range(2)}
    table = pq.read_table(file)
    assert table.num_rows == len(planned)
    texts = [answer["text"] for answers in table["answers"].to_pylist() for answer in answers]
    assert sorted(texts) == sorted([*HOSTILE.values(), *HOSTILE.values()])


def test_every_scorer_gives_a_score_that_can_be_shown(suite: Suite, scores: list[Score]) -> None:
    assert {score.scorer for score in scores} == {used.name for used in suite.scorers}
    for score in scores:
        said = score.reason.en + score.reason.ja
        assert "broke off" not in said, score.scorer
        assert len(said) < 2_000, score.scorer
        assert all(char.isprintable() for char in said), score.scorer
    # Nothing a hostile system says is taken for a good answer by the scorers that ask for one.
    asked = [score for score in scores if score.scorer in {"exact", "choice", "contains", "refusal", "citations"}]
    assert Outcome.PASS not in {score.outcome for score in asked}


def harmful(text: str) -> set[str]:
    """Return the characters of a text that a terminal obeys, or that show it as another than it is."""
    return {
        f"U+{ord(char):04X}"
        for char in text
        if (
            char != "\n"
            and (unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in "\u061c\u200e\u200f\ufeff\ufffe")
        )
        or 0x202A <= ord(char) <= 0x202E
        or 0x2066 <= ord(char) <= 0x2069
    }


@pytest.mark.parametrize("language", list(Language))
def test_tables_and_lines_on_the_terminal_are_harmless(
    way: Way, scores: list[Score], language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in way[2] if len(row.sample.answer) < 200_000]
    tables.table(
        [HOSTILE["ansi"], HOSTILE["markup"], "Model"],
        [(row.probe, row.sample.answer, row.sample.answers[0].finish or "") for row in rows],
        language,
    )
    for score in scores:
        tables.line(score.reason, language)
        tables.line(score.label or "", language, indent=2)
    for row in rows:
        tables.line(Bilingual(row.sample.answer, row.sample.answer), language, style="bold", indent=2)
    printed = capsys.readouterr().out
    assert harmful(printed) == set()
    assert "[red]no[/red] [link=https://evil.example]x[/link] [/] :smile:" in printed
    assert "⟨U+202E⟩elif" in printed


def test_json_on_the_terminal_is_harmless_and_still_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"answers": HOSTILE | {"lone": "\ud800"}, "japanese": "信頼"}
    tables.as_json(document)
    printed = capsys.readouterr().out
    assert harmful(printed) == set()
    assert json.loads(printed) == document
    assert "信頼" in printed


def measurement(text: str, name: str) -> Measurement:
    both = Bilingual(text, text)
    return Measurement(
        id=f"desk.conversation.{name}.pass_rate",
        target="desk",
        check="conversation",
        metric="pass_rate",
        columns=(text,),
        title=both,
        value=0.5,
        low=0.2,
        high=0.8,
        level=0.95,
        n=12,
        coverage=Coverage(12, 14),
        outcome=Outcome.FAIL,
        rule=Rule(Comparison.AT_LEAST, 0.9),
        decisive=True,
        method=text,
        reason=both,
        findings=(both, both),
    )


def test_a_measurement_reads_back_what_it_may_hold_and_refuses_the_rest() -> None:
    for name, answer in HOSTILE.items():
        text = json.dumps(to_json(measurement(answer[:20_000], name)))
        assert from_json(json.loads(text)) == measurement(answer[:20_000], name)
        if len(answer) > 20_000:
            with pytest.raises(ValueError):
                from_json(to_json(measurement(answer, name)))


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    """An assessment in which hostile answers stand wherever a measurement has words."""
    made: Assessment = loaded("shinrai_tests_report_sample", TESTS / "report/sample.py").assessment()
    texts = [Text(ja=answer[:20_000], en=answer[:20_000]) for answer in HOSTILE.values()]
    record = made.measurements[0]
    records = [
        record.model_copy(
            update={
                "id": f"desk.conversation.{name}.pass_rate",
                "columns": [text.en],
                "title": text,
                "method": text.en,
                "reason": text,
                "findings": texts,
                "outcome": "fail",
                "decisive": True,
            }
        )
        for name, text in zip(HOSTILE, texts, strict=True)
    ]
    return made.model_copy(update={"measurements": [*made.measurements, *records]})


class Page(HTMLParser):
    """What a browser would make of a page: its elements and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href", "action"}]


@pytest.mark.parametrize("language", list(Language))
def test_the_html_report_shows_them_as_text_alone(assessment: Assessment, language: Language) -> None:
    clean: Assessment = loaded("shinrai_tests_report_sample", TESTS / "report/sample.py").assessment()
    page, rendered = Page(render_html(clean, language)), render_html(assessment, language)
    hostile = Page(rendered)
    assert harmful(rendered) == set()
    assert hostile.tags == page.tags and not hostile.tags & {"script", "iframe", "object", "embed", "link", "form"}
    assert hostile.attributes == page.attributes and not any(name.startswith("on") for name in hostile.attributes)
    assert not any("evil" in target or target.startswith("javascript") for target in hostile.targets)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in rendered
    assert "{{ 7*7 }}" in rendered


@pytest.mark.parametrize("language", list(Language))
def test_the_summary_on_the_terminal_is_harmless(assessment: Assessment, language: Language) -> None:
    out = StringIO()
    print_summary(assessment, language, Console(file=out, width=120, highlight=False))
    assert harmful(out.getvalue()) == set()


def test_the_build_servers_files_are_harmless(assessment: Assessment) -> None:
    junit = to_junit(assessment, Language.EN)
    ElementTree.fromstring(junit)  # noqa: S314  (our own file)
    assert harmful(junit) == set()
    assert harmful("".join(strings(to_sarif(assessment)))) == set()


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def test_ten_million_characters_are_a_fault_and_not_an_answer(
    server: Any, tmp_path: Path, questions: Callable[..., list[PlannedSample]]
) -> None:
    server.behaviour = "hostile"
    target = ChatTarget("desk", server.url, "faulty-1")
    with open_journal(tmp_path / "j", {}) as journal:
        summary = run(questions(target, ["ten million", "html"]), target, RunSettings(), journal)
    assert (summary.answered, summary.faults) == (1, {FaultKind.TOO_LARGE: 1})
    assert (tmp_path / "j").stat().st_size < 10_000
    assert {taken.sample.answer for taken in read_journal(tmp_path / "j") if taken.sample.fault is None} == {
        HOSTILE["html"]
    }
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps({"question": "q", "answer": TOO_LONG}) + "\n")
    past = RecordsTarget("past", file)
    with open_journal(tmp_path / "k", {}) as journal, pytest.raises(ShinraiError, match="row 1, field answer") as said:
        run(questions(past, ["q"]), past, RunSettings(), journal)
    assert len(str(said.value)) < 1000


def memory_of(server: Any, behaviour: str, n: int, folder: Path) -> tuple[int, dict[str, Any]]:
    """Take n samples in a process of its own; returns the most memory it had, in bytes, and what came of them."""
    server.behaviour = behaviour
    folder.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("hostile_run.py")), server.url, str(n), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found["memory"], found


@pytest.fixture(scope="module")
def control(server: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any]]:
    """What a process needs that takes three hundred answers as they should be."""
    return memory_of(server, "control", 300, tmp_path_factory.mktemp("memory") / "control")


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", ["huge", "huge_chunked", "nested", "endless_stream"])
def test_what_is_too_large_or_no_answer_costs_no_memory(
    server: Any, control: tuple[int, dict[str, Any]], tmp_path: Path, behaviour: str
) -> None:
    before, usual = control
    after, found = memory_of(server, behaviour, 300, tmp_path / behaviour)
    assert usual["answered"] == 300
    assert found["answered"] == 0 and sum(found["faults"].values()) == 300
    # 32 bodies of 1 MiB at most are read at the same time.
    assert after - before < 96 * 2**20, f"{(after - before) / 2**20:.0f} MiB more"


@pytest.mark.slow
def test_the_largest_answers_cost_what_is_in_flight_and_not_what_was_taken(
    server: Any, control: tuple[int, dict[str, Any]], tmp_path: Path
) -> None:
    """64 in flight, each held as bytes, as text of four bytes a character, and as a line of the journal."""
    before, _ = control
    peaks: dict[int, list[int]] = {200: [], 500: []}
    for attempt in range(3):
        for n, peak in peaks.items():
            memory, found = memory_of(server, "nearly_too_large", n, tmp_path / f"{n}-{attempt}")
            assert found["answered"] == n
            peak.append(memory)
    # How many are large at the same moment differs from run to run and only ever adds; what is kept is in every run.
    few, many = min(peaks[200]), min(peaks[500])
    assert few - before < 64 * 12 * 2**20, f"{(few - before) / 2**20:.0f} MiB more"
    assert many - few < 128 * 2**20, f"{(many - few) / 2**20:.0f} MiB more for three hundred more answers"
    most = max(peaks[200] + peaks[500])
    assert most - before < 64 * 12 * 2**20, f"{(most - before) / 2**20:.0f} MiB more, at most"
