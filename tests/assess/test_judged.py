"""An assessment in which a judge answers what no rule can tell: corrected, counted again, and verified."""

import csv
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.assess import Assessed, assess
from shinrai.cli.judging import calibrate
from shinrai.council.seats import judged_rates, scenario_rates
from shinrai.council.seats.clusters import Rate as SeatRate
from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.judge_correction import Corrected, Labelled, Rate, corrected_rate
from shinrai.evaluate.statistics.judge_correction import calibrate as rates_of
from shinrai.evidence import Home
from shinrai.language import Language, ShinraiError
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

LEAF = "JP-GL-C3.evaluation-runs"
SUITE = """\
id: own.counter
version: "1"
title: {ja: 窓口, en: Counter}
about: {ja: 試験, en: A test}
language: ja
licence: Apache-2.0
source: {origin: own, title: {ja: 試験, en: A test}, certainty: C}
harm_class: none
shows: [JP-GL-C3.evaluation-runs]
scorers:
  - use: requirement
    decision: {metric: pass_rate, comparison: at_least, limit: 0.7}
probes:
"""
TARGET = """\
  desk:
    kind: records
    file: answers.jsonl
    suites: [{id: own.counter, version: "1", file: counter.yaml}]
    judge: JUDGE
    share: samples
"""
ASKED = "窓口の番号を答える。"
GOOD, BAD = "3番窓口です。", "市役所です。"


@pytest.fixture
def endpoints() -> Iterator[Any]:
    """The judges' endpoints of the evaluate room's tests, and a judge that does its work."""
    beside = Path(__file__).parents[1] / "evaluate/judges/conftest.py"
    spec = importlib.util.spec_from_file_location("shinrai_tests_judges", beside)
    assert spec and spec.loader
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


@pytest.fixture
def judged(endpoints: Any, home: Home, tmp_path: Path, talker: Callable[[str], str]) -> Iterator[Callable[..., Path]]:
    """Write a description whose target's answers a judge is asked about; returns its path."""
    with ExitStack() as stack:
        folder = tmp_path / "desk"
        folder.mkdir()

        def write(
            good: int = 90,
            bad: int = 10,
            calibrated: bool = True,
            model: str = "judge-1",
            waiver: str = "",
            **asked: Any,
        ) -> Path:
            behaviour = asked.get("behaviour", endpoints.names_the_counter)
            endpoint = stack.enter_context(endpoints.serving(behaviour, model))
            (folder / "judge.yaml").write_text(
                f"judge: 1\nid: clerk\nurl: {endpoint.url}\nmodel: {model}\nlanguage: ja\n"
            )
            answers = [GOOD] * good + [BAD] * bad
            lines = [{"question": f"質問{i}", "answer": said, "model": "desk-1"} for i, said in enumerate(answers)]
            text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
            (folder / "answers.jsonl").write_text(text)
            probes = [
                f"  - {{id: p{i}, harm_class: none, ask: 質問{i}, expect: {{requirement: {{requirement: {ASKED}}}}}}}"
                for i in range(len(answers))
            ]
            (folder / "counter.yaml").write_text(SUITE + "\n".join(probes) + "\n")
            judge = "file: judge.yaml"
            if calibrated:
                calibrate(
                    Language.EN,
                    labels(folder, 60),
                    folder / "judge.yaml",
                    folder / "calibration.json",
                    365,
                    home.path,
                    as_json=False,
                )
                judge += ", calibration: calibration.json"
            columns = "columns: {model: model}\n    "
            described = TARGET.replace("JUDGE", f"{{{judge}{waiver}}}").replace("    suites", f"    {columns}suites")
            (folder / "shinrai.yaml").write_text(talker(described))
            return folder / "shinrai.yaml"

        yield write


def labels(folder: Path, each: int) -> Path:
    path = folder / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item", "requirement", "question", "answer", "label", "language", "labeller"])
        for number in range(2 * each):
            met = number < each
            answer = f"{GOOD if met else BAD}（{number}）"
            table.writerow([number, ASKED, "どこですか。", answer, "met" if met else "not met", "ja", "山田"])
    return path


def run(path: Path, home: Home) -> Assessed:
    return assess(path, home, path.parent.parent / "out")


def leaf_of(done: Assessed) -> Any:
    return next(leaf for result in done.assessment.results for leaf in result.leaves if leaf.id == LEAF)


def test_a_calibrated_judge_decides_and_every_seat_agrees(judged: Callable[..., Path], home: Home) -> None:
    done = run(judged(good=112, bad=8), home)
    (measured,) = done.assessment.measurements
    assert (measured.outcome, measured.n, measured.coverage.whole) == ("pass", 120, 120)
    assert measured.value == pytest.approx(112 / 120)
    assert "Rogan-Gladen" in measured.method
    notes = [finding.en for finding in measured.findings]
    assert any("clerk (judge-1)" in note for note in notes)
    assert any("itself found 0.933" in note for note in notes)
    leaf = leaf_of(done)
    assert leaf.state == "met"
    assert {vote.value for vote in leaf.verdict.votes} == {"pass"}
    assert verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code == 0
    assert run(path := home.path.parent / "desk" / "shinrai.yaml", home).assessment.summary == done.assessment.summary
    assert path.is_file()


def test_the_widened_interval_decides_not_the_judges_own(judged: Callable[..., Path], home: Home) -> None:
    # 79 of 100: the judge's own interval would clear a limit of 0.7, the corrected one does not.
    done = run(judged(good=79, bad=21), home)
    (measured,) = done.assessment.measurements
    assert measured.interval is not None
    assert measured.interval.low < 0.7 < measured.interval.high
    assert measured.outcome == "inconclusive"


def test_without_a_calibration_nothing_is_decided(judged: Callable[..., Path], home: Home) -> None:
    done = run(judged(good=120, bad=0, calibrated=False), home)
    (measured,) = done.assessment.measurements
    assert (measured.outcome, measured.value, measured.n) == ("inconclusive", 1.0, 120)
    assert measured.reason is not None
    assert "not calibrated" in measured.reason.en
    leaf = leaf_of(done)
    assert leaf.state == "not_assessed"
    assert {vote.value for vote in leaf.verdict.votes} == {"inconclusive"}


def test_a_judge_without_verdicts_is_an_error(judged: Callable[..., Path], home: Home) -> None:
    done = run(judged(good=40, bad=0, calibrated=False, behaviour=lambda _: "満たしています。"), home)
    (measured,) = done.assessment.measurements
    assert (measured.outcome, measured.value, measured.n, measured.coverage.part) == ("error", None, 0, 0)
    assert leaf_of(done).state == "not_assessed"


def test_a_judge_that_is_the_system_is_refused_unless_somebody_answers_for_it(
    judged: Callable[..., Path], home: Home
) -> None:
    with pytest.raises(ShinraiError, match="is the model that is to be judged"):
        run(judged(good=40, bad=0, calibrated=False, model="desk-1"), home)
    waiver = ", waiver: {reason: {ja: 他にない, en: There is no other}, approver: yamada}"
    done = run(judged(good=40, bad=0, calibrated=False, model="desk-1", waiver=waiver), home)
    (measured,) = done.assessment.measurements
    assert any("Yamada allowed it" in finding.en for finding in measured.findings)


def test_a_calibration_by_a_stranger_is_refused(judged: Callable[..., Path], home: Home) -> None:
    path = judged()
    record = json.loads((path.parent / "calibration.json").read_text())
    record["signatures"][0]["keyid"] = "0" * 64
    (path.parent / "calibration.json").write_text(json.dumps(record))
    with pytest.raises(ShinraiError, match="not signed by a key"):
        run(path, home)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{file: none.yaml}", "no file none.yaml"),
        ("{file: judge.yaml, calibration: none.json}", "no file none.json"),
        ("{file: judge.yaml, waiver: {reason: {ja: a, en: a}, approver: nobody}}", "nobody"),
    ],
)
def test_slips_are_located(judged: Callable[..., Path], home: Home, text: str, words: str) -> None:
    path = judged(good=3, bad=0, calibrated=False)
    path.write_text(path.read_text().replace("{file: judge.yaml}", text))
    with pytest.raises(ShinraiError) as refused:
        run(path, home)
    assert words in str(refused.value)
    assert "shinrai.yaml:" in str(refused.value)


def test_the_recompute_seat_reads_the_replies_again(
    judged: Callable[..., Path], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shinrai.assess import run as assessment_run
    from shinrai.council.seats.recompute_conversation import recompute_conversation

    seen: list[Any] = []
    real = assessment_run.hold_round
    monkeypatch.setattr(assessment_run, "hold_round", lambda *a: (seen.append(a[1]), real(*a))[1])
    run(judged(), home)
    case = seen[0]
    asked = case.conversations["desk/own.counter"]
    measured = [piece.measurement for claim in case.claims for piece in claim.pieces]
    name = measured[0].id
    assert recompute_conversation(asked, "desk", measured)[name].agrees
    # One reply turned round, as somebody with the file could do.
    table = pq.read_table(asked.judge.replies)
    rows = table.to_pylist()
    rows[0]["answers"][0]["text"] = rows[0]["answers"][0]["text"].replace('"met"', '"not_met"')
    changed = asked.judge.replies.with_name("changed.parquet")
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), changed)
    again = recompute_conversation(replace(asked, judge=replace(asked.judge, replies=changed)), "desk", measured)
    assert not again[name].agrees
    # The replies of one answer left out.
    pq.write_table(type(table).from_pylist(rows[1:], schema=table.schema), changed)
    again = recompute_conversation(replace(asked, judge=replace(asked.judge, replies=changed)), "desk", measured)
    assert "other answers" in str(again[name].difference)
    # The judge's part forgotten altogether.
    assert not recompute_conversation(replace(asked, judge=None), "desk", measured)[name].agrees


COUNTS = st.integers(0, 400)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 300), st.integers(2, 300))
def test_the_seats_correction_is_the_same(
    found: int, missed: int, alarms: int, cleared: int, good: int, n: int
) -> None:
    from shinrai.evaluate.statistics.proportions import wilson

    good = min(good, n)
    theirs = wilson(good, n)
    seen = Rate(good / n, Interval(*theirs)) if isinstance(theirs, tuple) else Rate(good / n, theirs)
    made = corrected_rate(seen, rates_of(Labelled(found, missed, alarms, cleared)))
    names = ("judge.found", "judge.missed", "judge.false_alarms", "judge.cleared")
    counts = dict(zip(names, (found, missed, alarms, cleared), strict=True))
    mine = judged_rates.corrected(SeatRate(seen.value, seen.interval.low, seen.interval.high), counts)
    if isinstance(made, Corrected):
        assert mine is not None
        assert (mine.value, mine.low, mine.high) == pytest.approx((made.value, *_ends(made)), abs=1e-9)
    else:
        assert mine is None


def _ends(made: Corrected) -> tuple[float, float]:
    return made.interval.low, made.interval.high


def test_counts_below_zero_are_refused() -> None:
    counts = {"judge.found": -1, "judge.missed": 0, "judge.false_alarms": 0, "judge.cleared": 0}
    with pytest.raises(ValueError, match="below 0"):
        scenario_rates.outcome({**counts, "clusters.1.1.0": 3}, Rule(Comparison.AT_LEAST, 0.1), 0.5, 1.0)


def test_an_uncalibrated_judge_decides_nothing_for_the_policy_seat() -> None:
    counts = {"judge.found": 0, "judge.missed": 0, "judge.false_alarms": 0, "judge.cleared": 0, "clusters.1.1.0": 300}
    assert scenario_rates.outcome(counts, Rule(Comparison.AT_LEAST, 0.1), 0.5, 1.0) is Outcome.INCONCLUSIVE


def test_seats_elsewhere_count_what_a_judge_said_as_the_embedded_ones_do(
    judged: Callable[..., Path], home: Home, seats_agree_elsewhere: Callable[[Assessed], None]
) -> None:
    seats_agree_elsewhere(run(judged(good=112, bad=8), home))
