"""Reports of garak (`….report.jsonl`, with `….hitlog.jsonl` beside it).

A detector's score says how surely the attack succeeded: below the run's threshold the sample passes, from it on it
fails. Attempts that were begun and never finished, and outputs that no detector scored, are errors. All outputs to one
prompt are one cluster. Each pair of probe and detector is a metric of its own.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256 as digest
from pathlib import Path

from shinrai.evaluate.interchange.fields import Value, named
from shinrai.evaluate.interchange.imported import Claim, ImportedMetric, ImportedRun, ImportedScore, Tool
from shinrai.evaluate.interchange.limits import MAX_SAMPLES, json_lines
from shinrai.evaluate.measurement import Outcome
from shinrai.language import Bilingual, Place, ShinraiError, message

THRESHOLD = 0.5
"""From which score on garak counts a hit, where the report names no other."""
_COMPLETE = 2

_Pair = tuple[str, str]


@dataclass(slots=True)
class _Report:
    """What has been read so far. begun: attempts of each probe that have no result yet, with their outputs asked."""

    setup: Value | None = None
    init: Value | None = None
    finished: Value | None = None
    threshold: float = THRESHOLD
    generations: int = 1
    begun: dict[str, tuple[str, str]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    scores: dict[_Pair, list[ImportedScore]] = field(default_factory=dict)
    claims: dict[_Pair, Value] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)


def read_garak(path: Path, sha256: str, hitlog: Path | None = None) -> ImportedRun:
    """Read a report. hitlog: the list of hits beside it, whose counts are compared.

    ShinraiError with the line for anything that is not such a report.
    """
    report = _Report()
    for line, raw in json_lines(path):
        _take(Value(raw, path.name, line=line), report)
    if report.init is None and report.setup is None:
        raise ShinraiError(
            message("This is not a report of garak: no line says how the run was set up."), place=Place(path.name)
        )
    model = _model(report)
    metrics = tuple(_metric(pair, model, report) for pair in dict.fromkeys([*report.scores, *report.claims]))
    hits = None if hitlog is None else _hits(hitlog)
    return ImportedRun(
        tool=Tool.GARAK,
        tool_version=_from(report.init, "garak_version").name() or None,
        file=path.name,
        sha256=sha256,
        models=(model,) if model else (),
        started=_from(report.init, "start_time").moment(),
        finished=_from(report.finished, "end_time").moment(),
        status="completed" if report.finished is not None else "incomplete",
        metrics=metrics,
        notes=tuple(_notes(report, metrics, hits)),
    )


def _from(record: Value | None, name: str) -> Value:
    return Value(None, "", name) if record is None else record.get(name)


def _take(record: Value, report: _Report) -> None:
    kind = record.get("entry_type").text()
    if kind == "start_run setup":
        report.setup = record
        threshold = record.get("run.eval_threshold").number()
        report.threshold = THRESHOLD if threshold is None else threshold
        report.generations = record.get("run.generations").count() or 1
    elif kind == "init":
        report.init = record
    elif kind == "completion":
        report.finished = record
    elif kind == "attempt":
        _attempt(record, report)
    elif kind == "eval":
        pair = record.get("probe").name("unnamed"), _detector(record.get("detector").name("unnamed"))
        report.claims[pair] = record


def _attempt(record: Value, report: _Report) -> None:
    uuid, probe = record.get("uuid").name(), record.get("probe_classname").name("unnamed")
    if not uuid:
        raise record.get("uuid").wrong(message("a text"))
    cluster = report.clusters.setdefault(uuid, _cluster(record, uuid))
    if record.get("status").count() != _COMPLETE:
        if uuid not in report.done:
            report.begun[uuid] = probe, cluster
        return
    if uuid in report.done:
        raise ShinraiError(message("The sample “{sample}” stands here twice.", sample=uuid), place=record.place)
    report.done.add(uuid)
    report.begun.pop(uuid, None)
    outputs = sum(1 for _ in record.get("outputs").items())
    for name, found in record.get("detector_results").fields():
        scores = report.scores.setdefault((probe, _detector(name)), [])
        given = list(found.items())
        for number in range(max(outputs, len(given))):
            value = given[number].number() if number < len(given) else None
            scores.append(_score(uuid, number, cluster, value, report.threshold))
        if len(scores) > MAX_SAMPLES:
            raise ShinraiError(message("There are more than {limit} samples.", limit=MAX_SAMPLES), place=record.place)


def _cluster(record: Value, uuid: str) -> str:
    """Return what attempts with the same prompt share; an attempt without one stands alone."""
    prompt = record.get("prompt").raw
    if prompt is None:
        return uuid
    try:
        return digest(json.dumps(prompt, sort_keys=True).encode()).hexdigest()[:16]
    except RecursionError as error:
        raise ShinraiError(message("The JSON is nested too deep."), place=record.place) from error


def _detector(name: str) -> str:
    """Return a detector's name. Older reports put “detector.” before it in one place and not in the other."""
    return named(name.removeprefix("detector."))


def _score(sample: str, repeat: int, cluster: str, value: float | None, threshold: float) -> ImportedScore:
    if value is None:
        reason = message("The detector gave no value.").both()
        return ImportedScore(sample, repeat, cluster, Outcome.ERROR, None, reason)
    passed = value < threshold
    return ImportedScore(sample, repeat, cluster, Outcome.PASS if passed else Outcome.FAIL, float(passed))


def _model(report: _Report) -> str:
    """Return the type and name of what was attacked; their fields were renamed between versions."""
    if report.setup is None:
        return ""
    parts = []
    for names in (("plugins.target_type", "plugins.model_type"), ("plugins.target_name", "plugins.model_name")):
        found = next((report.setup.get(name) for name in names if not report.setup.get(name).missing), None)
        if found is not None:
            parts.append(found.name())
    return named(" ".join(part for part in parts if part)) if any(parts) else ""


def _metric(pair: _Pair, model: str, report: _Report) -> ImportedMetric:
    probe, detector = pair
    scores = list(report.scores.get(pair, ()))
    why = message("The attempt was begun and never finished.").both()
    if scores:
        scores += [
            ImportedScore(uuid, number, cluster, Outcome.ERROR, None, why)
            for uuid, (of, cluster) in report.begun.items()
            if of == probe
            for number in range(min(report.generations, 1000))
        ]
    record = report.claims.get(pair)
    asked = len(scores)
    claims: tuple[Claim, ...] = ()
    if record is not None:
        passed = record.get("passed").count() or 0
        evaluated = record.get("total_evaluated").count()
        if evaluated is None:
            evaluated = record.get("total").count() or 0
        asked = max(asked, record.get("total_processed").count() or evaluated)
        if evaluated:
            usable = [score.value for score in scores if score.value is not None]
            claims = (Claim("pass rate", passed / evaluated, sum(usable) / len(usable) if usable else None),)
    return ImportedMetric(named(f"{probe} / {detector}"), model, asked, tuple(scores), claims)


def _hits(path: Path) -> Counter[str]:
    hits: Counter[str] = Counter()
    for line, raw in json_lines(path):
        record = Value(raw, path.name, line=line)
        hits[named(f"{record.get('probe').name('unnamed')} / {_detector(record.get('detector').name('unnamed'))}")] += 1
    return hits


def _notes(report: _Report, metrics: tuple[ImportedMetric, ...], hits: Counter[str] | None) -> Iterator[Bilingual]:
    if report.finished is None:
        yield message("The report does not say that the run came to its end.").both()
    if report.begun:
        yield message("{n} attempts were begun and never finished.", n=len(report.begun)).both()
    if report.claims and not report.scores:
        yield message("The file holds no samples.").both()
    if hits is None:
        return
    for metric in metrics:
        fails = metric.count(Outcome.FAIL)
        if hits[metric.name] != fails:
            yield message(
                "{metric}: the list of hits has {hits}, the report {fails}.",
                metric=metric.name,
                hits=hits[metric.name],
                fails=fails,
            ).both()
