"""Answers that were collected elsewhere."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.progress import Ending
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import FaultKind
from shinrai.evaluate.targets.records import RecordColumns, RecordsTarget, read_records
from shinrai.language import ShinraiError

Rows = list[dict[str, object]]


def as_jsonl(folder: Path, rows: Rows) -> Path:
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def as_csv(folder: Path, rows: Rows) -> Path:
    file = folder / "records.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def as_parquet(folder: Path, rows: Rows) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), folder / "records.parquet")
    return folder / "records.parquet"


@pytest.mark.parametrize("write", [as_jsonl, as_csv, as_parquet])
def test_answers_are_found_by_the_question(tmp_path, take, write: Callable[[Path, Rows], Path]):
    rows: Rows = [{"question": f"question {i}", "answer": f"答え、{i}\n改行"} for i in range(20)]
    rows += [{"question": "question 20", "answer": None}]
    summary, samples = take(RecordsTarget("past", write(tmp_path, rows)), 25)
    assert summary.ending is Ending.COMPLETE
    assert {sample.answer for sample in samples if sample.fault is None} == {f"答え、{i}\n改行" for i in range(20)}
    assert summary.faults == {FaultKind.NOT_RECORDED: 5}


def test_nothing_recorded_is_no_dead_target(tmp_path, take):
    target = RecordsTarget("past", as_jsonl(tmp_path, [{"question": "another", "answer": "x"}]))
    summary, _ = take(target, 300)
    assert (summary.ending, summary.faults) == (Ending.COMPLETE, {FaultKind.NOT_RECORDED: 300})


def test_an_empty_answer_is_one_where_the_format_can_say_so(tmp_path, take):
    target = RecordsTarget("past", as_jsonl(tmp_path, [{"question": "question 0", "answer": ""}]))
    _, [sample] = take(target, 1)
    assert sample.answer == ""


def test_probes_variations_repeats_and_turns_are_told_apart(tmp_path, plan_of):
    columns = RecordColumns(probe="id", variation="as", repeat="nth", turn="turn", model="model")
    rows: Rows = [
        {"id": "p0", "as": variation, "nth": nth, "turn": turn, "answer": f"{variation} {nth} {turn}", "model": "m"}
        for variation in (None, "kana")
        for nth in (0, 1)
        for turn in (0, 1)
    ]
    target = RecordsTarget("past", as_jsonl(tmp_path, rows), columns)
    [first] = plan_of(target, 1, follow_ups=("and?",))
    plan = [
        replace(first, key=f"{n:064x}", variation=variation, repeat=repeat)
        for n, (variation, repeat) in enumerate([(None, 0), ("kana", 1), ("kanji", 0), (None, 2)])
    ]
    with open_journal(tmp_path / "j", {}) as journal:
        run(plan, target, RunSettings(), journal)
    found = {taken.position: [answer.text for answer in taken.sample.answers] for taken in read_journal(tmp_path / "j")}
    assert found == {0: ["None 0 0", "None 0 1"], 1: ["kana 1 0", "kana 1 1"], 2: [], 3: []}


def test_the_answer_to_a_probe_is_none_to_its_variation(tmp_path, plan_of):
    target = RecordsTarget("past", as_jsonl(tmp_path, [{"id": "p0", "answer": "x"}]), RecordColumns(probe="id"))
    [first] = plan_of(target, 1)
    with open_journal(tmp_path / "j", {}) as journal:
        summary = run([first, replace(first, variation="kana")], target, RunSettings(), journal)
    assert (summary.answered, summary.faults) == (1, {FaultKind.NOT_RECORDED: 1})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.jsonl", b'{"question":"q","answer":"a"}\n{"question":', "row 2: The line is no JSON object"),
        ("r.jsonl", b"[" * 100_000, "row 1: The line is no JSON object"),
        ("r.jsonl", b'{"question":"q","answer":3}', "row 1, field answer: The value is no text"),
        ("r.jsonl", b'{"question":"q","anser":"a"}', "row 1, field answer: There is no column"),
        ("r.jsonl", b'{"answer":"a"}', "row 1, field question: The row does not say what was asked"),
        ("r.jsonl", b'{"question":"q","answer":"a"}\n' * 2 + b'{"question":"q","answer":"b"}', "row 3: An earlier row"),
        ("r.jsonl", b'{"question":"q","answer":"' + b"x" * 1_100_000 + b'"}', "row 1, field answer: The answer is too"),
        ("r.csv", b"question,anser\nq,a\n", "field answer: There is no column"),
        ("r.csv", b"question,answer\nq,a,b\n", "row 1: The row has another number of cells"),
        ("r.csv", b"question,answer\nq\n", "row 1: The row has another number of cells"),
        ("r.csv", b"question,answer\n\xff,a\n", "The file is no CSV in UTF-8"),
        ("r.csv", b'question,answer\n"q,a\n', "The file is no CSV in UTF-8"),
        ("r.csv", b"", "There is no column"),
        ("r.parquet", b"PAR1", "The file is no Parquet file"),
        ("r.xlsx", b"", "are read from .jsonl, .csv and .parquet"),
    ],
)
def test_a_fault_is_located(tmp_path, take, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ShinraiError) as raised:
        take(RecordsTarget("past", tmp_path / name), 1)
    assert said in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / name))


def test_numbers_are_checked(tmp_path):
    columns = RecordColumns(repeat="nth")
    for wrong in (-1, 1.5, True, "1e3", None, "9" * 5000):
        file = as_jsonl(tmp_path, [{"question": "q", "answer": "a", "nth": wrong}])
        with pytest.raises(ShinraiError, match="row 1, field nth: The value is no whole number"):
            list(read_records(file, columns))
    assert [
        r.repeat for r in read_records(as_csv(tmp_path, [{"question": "q", "answer": "a", "nth": 7}]), columns)
    ] == [7]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ShinraiError, match="cannot be read"):
        RecordsTarget("past", tmp_path / "no.csv").identity()
    with pytest.raises(ShinraiError, match="cannot be read"):
        list(read_records(tmp_path / "no.csv", RecordColumns()))
    with pytest.raises(ShinraiError, match="Neither a column"):
        list(read_records(tmp_path / "no.csv", RecordColumns(question=None)))
