"""Result files of promptfoo (`promptfoo eval -o results.json`), versions 2 and 3 of its results.

promptfoo counts an assertion whose own script broke as a failure of the model; here it is an error. Tests with the same
variables and assertions are repeats of one another and one cluster. Each model and prompt is a metric of its own.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256 as digest
from pathlib import Path

from shinrai.evaluate.interchange.fields import Value, named
from shinrai.evaluate.interchange.imported import Claim, ImportedMetric, ImportedRun, ImportedScore, Tool, outcome_of
from shinrai.evaluate.interchange.limits import MAX_SAMPLES, parse_json, read_file
from shinrai.evaluate.measurement import Outcome
from shinrai.language import Bilingual, Place, ShinraiError, message

_ERROR = 2  # ResultFailureReason.ERROR
_BROKEN = ("Custom function threw error", "Python code execution failed", "Ruby code execution failed")

_Group = tuple[str, int]


def read_promptfoo(path: Path, sha256: str) -> ImportedRun:
    """Read a result file. ShinraiError with a place for anything that is not one."""
    root = Value(parse_json(read_file(path), path.name), path.name)
    results = root.get("results")
    rows = list(results.get("results").items())
    if results.get("results").missing or len(rows) > MAX_SAMPLES:
        raise ShinraiError(
            message("This is not a result file of promptfoo: it has no list “{field}”.", field="results.results"),
            place=Place(path.name),
        )
    groups: dict[_Group, list[ImportedScore]] = {}
    repeats: dict[tuple[_Group, str], int] = {}
    broken = 0
    for row in rows:
        group = row.at("provider", "id").name("unnamed"), row.get("promptIdx").count() or 0
        cluster = _cluster(row)
        repeat = repeats[group, cluster] = repeats.get((group, cluster), -1) + 1
        score, was_broken = _score(row, cluster, repeat)
        broken += was_broken
        groups.setdefault(group, []).append(score)
    printed = list(results.get("prompts").items())
    metrics = tuple(_metric(group, scores, len(groups), printed) for group, scores in groups.items())
    metadata = root.get("metadata")
    return ImportedRun(
        tool=Tool.PROMPTFOO,
        tool_version=metadata.get("promptfooVersion").name() or None,
        file=path.name,
        sha256=sha256,
        models=tuple(dict.fromkeys(model for model, _ in groups)),
        started=metadata.get("evaluationCreatedAt").moment() or results.get("timestamp").moment(),
        finished=None,
        status=None,
        metrics=metrics,
        notes=tuple(_notes(broken, rows)),
    )


def _cluster(row: Value) -> str:
    """Return what tests with the same variables and assertions share."""
    test = row.get("testCase")
    parts = [test.get("vars").raw or row.get("vars").raw, test.get("assert").raw]
    try:
        text = json.dumps(parts, sort_keys=True)
    except RecursionError as error:
        raise ShinraiError(message("The JSON is nested too deep."), place=row.place) from error
    return digest(text.encode()).hexdigest()[:16]


def _score(row: Value, cluster: str, repeat: int) -> tuple[ImportedScore, bool]:
    """Return the score of a row, and whether promptfoo counts a broken assertion as a failure there."""
    failed = row.get("failureReason").count() == _ERROR
    success, grading = row.get("success").flag(), row.get("gradingResult")
    if failed or (grading.missing and not success):
        reason = message("The tool says that the sample is an error.").both()
        return ImportedScore(cluster, repeat, cluster, Outcome.ERROR, None, reason), False
    if not success and _broke(grading):
        reason = message("The tool's own assertion broke.").both()
        return ImportedScore(cluster, repeat, cluster, Outcome.ERROR, None, reason), True
    if success is None:
        raise row.get("success").wrong(message("yes or no"))
    value = float(success)
    return ImportedScore(cluster, repeat, cluster, outcome_of(value), value), False


def _broke(grading: Value) -> bool:
    """Whether a failure rests on broken assertions alone: one that also failed an honest assertion stays a failure."""
    failing = [part for part in grading.get("componentResults").items() if part.get("pass").flag() is False]
    return bool(failing) and all((part.get("reason").text() or "").startswith(_BROKEN) for part in failing)


def _metric(group: _Group, scores: list[ImportedScore], groups: int, printed: list[Value]) -> ImportedMetric:
    model, prompt = group
    name = "success" if groups == 1 else named(f"success, prompt {prompt + 1}, {model}")
    claimed = printed[prompt].get("metrics") if prompt < len(printed) else Value(None, "", "")
    counted = [claimed.get(f"test{kind}Count").count() for kind in ("Pass", "Fail", "Error")]
    passed, failed, errors = (each or 0 for each in counted)
    claims: tuple[Claim, ...] = ()
    if passed + failed:
        usable = [score.value for score in scores if score.value is not None]
        own = sum(usable) / len(usable) if usable else None
        claims = (Claim("pass rate", passed / (passed + failed), own),)
    return ImportedMetric(name, model, max(len(scores), passed + failed + errors), tuple(scores), claims)


def _notes(broken: int, rows: Iterable[Value]) -> Iterator[Bilingual]:
    if broken:
        yield message(
            "{n} samples that promptfoo counts as failed are errors: its own assertion broke.", n=broken
        ).both()
    if not any(True for _ in rows):
        yield message("The file holds no samples.").both()
