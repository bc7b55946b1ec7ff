"""The recompute seat's work on conversations: every number a second time, from the samples.

The samples are read by another reader (pyarrow rows as they stand), their keys are made again from what the file says
was asked, answers are scored again with the suite that the plan names, and verdicts are counted and turned into
intervals by code that shares nothing with the evaluate room (`clusters`). The scorers are the same: a second opinion on
an answer's meaning would be another measurement. What is compared is therefore that these answers get these scores, and
that these scores come to these numbers.
"""

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shinrai.council.case import AskedSuite
from shinrai.council.seats.clusters import Rate, Scenario, rate
from shinrai.council.seats.recompute import Recomputed
from shinrai.council.seats.scenario_rates import interval as derived
from shinrai.council.seats.scenario_rates import outcome
from shinrai.evaluate.conversation import planned_with
from shinrai.evaluate.judging import Standing, Verdicts, standing_of, to_judge, verdicts
from shinrai.evaluate.measurement import Coverage, Measurement, Outcome
from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, Sample, SampleFault, Score, ToolCall
from shinrai.evaluate.scorers import Taken
from shinrai.evaluate.scorers.judge import plan as judge_plan
from shinrai.evaluate.scorers.requirement import REQUIREMENT
from shinrai.evaluate.suites import Metric, PlannedPrompt, Suite, group_scores, read_suite, sample_scores
from shinrai.evaluate.suites.model import UsedScorer
from shinrai.language import Message, ShinraiError, message

_TOLERANCE = 1e-9
_ROWS_AT_ONCE = 2048
_COLUMNS = ("key", "suite", "probe", "variation", "repeat", "cluster", "prompt", "answers", "fault")
_NAMES = ("NumPy", "pyarrow")
_Scenarios = list[tuple[Scenario, int]]


@dataclass(frozen=True, slots=True)
class _Row:
    planned: PlannedSample
    prompt: PlannedPrompt
    sample: Sample


class DifferentSamplesError(Exception):
    """The samples are not those of the plan. what: in words."""

    def __init__(self, what: Message) -> None:
        super().__init__(str(what))
        self.what = what


def recompute_conversation(asked: AskedSuite, target: str, measured: Sequence[Measurement]) -> Mapping[str, Recomputed]:
    """Derive each measurement of a conversation again. Never raises on the content of the samples."""
    try:
        suite = read_suite(asked.suite, "the suite")
        rows = list(_rows(asked, suite))
        said, standing = _judged(asked, suite, rows)
    except (DifferentSamplesError, ShinraiError) as error:
        return {one.id: _unreadable(one, error.what) for one in measured}
    known = {f"{target}.{suite.id}.{_metric(used)}": used for used in suite.scorers}
    scores = _scores(suite, rows, said)
    found: dict[str, Recomputed] = {}
    for one in measured:
        used = known.get(one.id)
        if used is None or one.id in found:
            found[one.id] = _unreadable(one, message("no second implementation"))
        else:
            judged = standing if used.scorer is REQUIREMENT else None
            found[one.id] = _compared(one, target, suite, used, rows, scores[used.name], judged)
    return found


def _judged(asked: AskedSuite, suite: Suite, rows: Sequence[_Row]) -> tuple[Verdicts, Standing | None]:
    """Read the judge's replies again and return the verdicts that they come to, with what these are worth."""
    if asked.judge is None:
        return {}, None
    setting = asked.judge.setting
    wanted = to_judge(suite, ((row.planned, row.prompt, row.sample) for row in rows))
    planned = {each.key for each in judge_plan(setting.judge, [judged for _, _, judged in wanted])}
    taken = {row["key"].hex(): _sample(row["key"].hex(), row) for row in _read(asked.judge.replies)}
    if taken.keys() != planned:
        raise DifferentSamplesError(message("the judge's replies are to other answers"))
    models = {reply.answers[-1].model or "" for reply in taken.values() if reply.answers}
    # A waiver changes nothing in a number, so it is not asked for again.
    return verdicts(setting.judge, wanted, taken), standing_of(setting, models, suite.language, None)


def _metric(used: UsedScorer) -> str:
    return f"{used.name}.{used.decision.metric if used.decision else Metric.PASS_RATE}"


def _rows(asked: AskedSuite, suite: Suite) -> Iterator[_Row]:
    """Yield the samples next to what was planned; they have to be the same ones in the same order."""
    plan = planned_with(suite, json.loads(asked.identity), asked.seed, asked.repeats)
    planned = iter(zip(plan.prompts, plan.samples, strict=True))
    for row in _read(asked.samples):
        prompt, sample = next(planned, (None, None))
        if prompt is None or sample is None:
            raise DifferentSamplesError(message("there are more samples than were planned"))
        try:
            key, stated, taken = _key(asked.identity, row), row["key"].hex(), _sample(sample.key, row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DifferentSamplesError(message("the samples cannot be read")) from error
        named = (row["suite"], row["probe"], row["variation"], row["repeat"], row["cluster"])
        if named != (suite.id, sample.probe, sample.variation, sample.repeat, sample.cluster):
            raise DifferentSamplesError(message("the samples stand in another order than the plan's"))
        if not key == stated == sample.key:
            raise DifferentSamplesError(message("what was asked is not what was planned"))
        yield _Row(sample, prompt, taken)
    if next(planned, None) is not None:
        raise DifferentSamplesError(message("samples that were planned are missing"))


def _read(samples: Path) -> Iterator[dict[str, Any]]:
    try:
        file = pq.ParquetFile(samples)
        missing = [name for name in _COLUMNS if name not in file.schema_arrow.names]
        if missing:
            raise DifferentSamplesError(message("the samples have no column {name}", name=missing[0]))
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(_COLUMNS)):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DifferentSamplesError(message("the samples cannot be read")) from error


def _key(identity: bytes, row: Mapping[str, Any]) -> str:
    """Make a sample's key from its parts: JSON with sorted names and no white space, hashed."""
    prompt, repeat = row["prompt"].encode("utf-8", "surrogatepass"), str(row["repeat"]).encode()
    parts = b'{"format":1,"prompt":' + prompt + b',"repeat":' + repeat + b',"target":' + identity + b"}"
    return hashlib.sha256(parts).hexdigest()


def _sample(key: str, row: Mapping[str, Any]) -> Sample:
    if row["fault"] is not None:
        return Sample(key, (), SampleFault(FaultKind(row["fault"]), ""), 0, 0.0)
    answers = tuple(
        Answer(
            text=answer["text"],
            finish=answer["finish"],
            tool_calls=tuple(ToolCall(call["name"], call["arguments"]) for call in answer["tool_calls"]),
            model=answer["model"],
        )
        for answer in row["answers"]
    )
    return Sample(key, answers, None, 0, 0.0)


def _scores(suite: Suite, rows: Sequence[_Row], said: Verdicts) -> Mapping[str, Mapping[str, Score]]:
    """Score every sample again; scorer -> key -> score. said: what a judge says."""
    found: dict[str, dict[str, Score]] = {used.name: {} for used in suite.scorers}
    for row in rows:
        for score in sample_scores(suite, row.prompt, row.sample):
            found[score.scorer][score.key] = said.get((score.key, score.scorer), score)
    probes = {row.prompt.probe.id: row.prompt.probe for row in rows}
    for each in group_scores(suite, probes, [Taken(row.planned, row.sample) for row in rows]):
        if isinstance(each, Score):
            found[each.scorer][each.key] = each
    return found


def _compared(
    measured: Measurement,
    target: str,
    suite: Suite,
    used: UsedScorer,
    rows: Sequence[_Row],
    scores: Mapping[str, Score],
    judged: Standing | None,
) -> Recomputed:
    metric = used.decision.metric if used.decision else Metric.PASS_RATE
    rule = used.decision.rule if used.decision else None
    scored = [(row, scores[row.planned.key]) for row in rows if row.planned.key in scores]
    came = Counter(score.outcome for _, score in scored)
    found = _by_scenario(scored, metric)
    histogram = {f"clusters.{each.good}.{each.decided}.{each.open}": times for each, times in found}
    standing = judged.counts if judged else {}
    interval = derived({**histogram, **standing})
    decided = came[Outcome.PASS] + came[Outcome.FAIL]
    if scored and came[Outcome.ERROR] == len(scored):
        verdict = Outcome.ERROR
    elif interval is None or rule is None:
        verdict = Outcome.INCONCLUSIVE
    else:
        verdict = outcome({**histogram, **standing}, rule, interval.low, interval.high)
    counts = {
        "passed": came[Outcome.PASS],
        "failed": came[Outcome.FAIL],
        "inconclusive": came[Outcome.INCONCLUSIVE],
        "errors": came[Outcome.ERROR],
        "excluded": len(rows) - len(scored),
        "planned": len(rows),
        **histogram,
        **standing,
    }
    points = [
        (measured.target, measured.check, measured.metric) == (target, suite.id, _metric(used)) or _says("id"),
        _same(measured, interval) or _says("value"),
        measured.n == decided or _says("n"),
        measured.coverage == Coverage(decided, len(scored)) or _says("coverage"),
        dict(measured.counts) == counts or _says("counts"),
        measured.rule == rule or _says("rule"),
        measured.decisive == (rule is not None) or _says("decisive"),
        measured.outcome is verdict or _says("outcome"),
        _same_groups(measured, scored, metric, known=interval is not None and not (judged and judged.labelled))
        or _says("groups"),
    ]
    difference = next((point for point in points if isinstance(point, Message)), None)
    return Recomputed(
        measured.id,
        interval.value if interval else None,
        interval.low if interval else None,
        interval.high if interval else None,
        decided,
        verdict,
        _NAMES,
        agrees=difference is None,
        difference=difference,
    )


_FIELDS = {
    "id": message("identifier"),
    "value": message("value or interval"),
    "n": message("number of samples"),
    "coverage": message("coverage"),
    "counts": message("set of counts"),
    "rule": message("decision rule"),
    "decisive": message("decisiveness"),
    "outcome": message("outcome"),
    "groups": message("table of harm classes"),
}


def _says(what: str) -> Message:
    return message("scoring and counting again gives another {field}", field=_FIELDS[what])


def _by_scenario(scored: Sequence[tuple[_Row, Score]], metric: Metric) -> _Scenarios:
    """Count each scenario's good, decided and open samples, or pairs of samples."""
    members: dict[str, list[tuple[_Row, Score]]] = defaultdict(list)
    for row, score in scored:
        members[row.planned.cluster].append((row, score))
    came = Counter(_pairs(each) if metric is Metric.AGREEMENT_RATE else _samples(each) for each in members.values())
    return sorted(came.items())


def _samples(members: Sequence[tuple[_Row, Score]]) -> Scenario:
    came = Counter(score.outcome for _, score in members)
    good, bad = came[Outcome.PASS], came[Outcome.FAIL]
    return Scenario(good, good + bad, len(members) - good - bad)


def _pairs(members: Sequence[tuple[_Row, Score]]) -> Scenario:
    """Count pairs of answers to one probe: those that agree, those compared, and those that could not be."""
    good = decided = every = 0
    probes = Counter(row.planned.probe for row, _ in members)
    for _, score in members:
        if score.outcome in (Outcome.PASS, Outcome.FAIL):
            good += round(score.details["agreeing"])
            decided += round(score.details["others"])
    every = sum(n * (n - 1) // 2 for n in probes.values())
    # Both of a pair's answers count it.
    return Scenario(good // 2, decided // 2, every - decided // 2)


def _same(measured: Measurement, interval: Rate | None) -> bool:
    mine = (interval.value, interval.low, interval.high) if interval else (None, None, None)
    return _close((measured.value, measured.low, measured.high), mine)


def _close(theirs: Sequence[float | None], mine: Sequence[float | None]) -> bool:
    return all(
        a is b if a is None or b is None else math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
        for a, b in zip(theirs, mine, strict=True)
    )


def _same_groups(measured: Measurement, scored: Sequence[tuple[_Row, Score]], metric: Metric, *, known: bool) -> bool:
    classes: dict[str, list[tuple[_Row, Score]]] = defaultdict(list)
    for row, score in scored:
        classes[row.prompt.probe.harm_class.value].append((row, score))
    if not known or metric is not Metric.PASS_RATE or len(classes) < 2:
        return not measured.groups
    if [group.levels for group in measured.groups] != [(name,) for name in sorted(classes)]:
        return False
    for group in measured.groups:
        members = classes[group.levels[0]]
        good, decided, _ = _samples(members)
        interval = rate(_by_scenario(members, Metric.PASS_RATE))
        mine = (interval.value, interval.low, interval.high) if interval else (None, None, None)
        if (group.n, group.successes, group.trials) != (decided, good, decided) or group.suppressed:
            return False
        if not _close((group.value, group.low, group.high), mine):
            return False
    return True


def _unreadable(measured: Measurement, what: Message) -> Recomputed:
    still = Outcome.ERROR if measured.outcome is Outcome.ERROR else Outcome.INCONCLUSIVE
    return Recomputed(measured.id, None, None, None, 0, still, (), agrees=False, difference=what)
