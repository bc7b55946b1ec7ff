"""Logs of Inspect (`.eval` archives and `.json`), read without Inspect.

Format: the log's JSON as of Inspect 0.3 (log version 2); an `.eval` file is a ZIP archive with `header.json`, or only
`_journal/start.json` where the run died, and one member for each sample and epoch.

Inspect leaves samples that ended in an error out of its means; here they are errors and lower the coverage. Its marks
C, P, I and N count 1, ½, 0 and 0 as they do there. Epochs of one sample are one cluster.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path

from shinrai.evaluate.interchange.fields import Value, named
from shinrai.evaluate.interchange.imported import (
    Claim,
    ImportedMetric,
    ImportedRun,
    ImportedScore,
    Tool,
    mean_of_repeats,
    outcome_of,
)
from shinrai.evaluate.interchange.limits import MAX_SAMPLES, Archive, parse_json, read_file
from shinrai.evaluate.measurement import Outcome
from shinrai.language import Bilingual, Message, Place, ShinraiError, message

_MARKS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_MEANS = ("accuracy", "mean")


@dataclass(slots=True)
class _Collected:
    """What has been read so far. seen: (sample, epoch) of every sample in the file."""

    scores: dict[str, list[ImportedScore]] = field(default_factory=dict)
    faults: list[tuple[str, int, Message]] = field(default_factory=list)
    seen: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    edited: int = 0


def read_inspect_log(path: Path, sha256: str) -> ImportedRun:
    """Read a log. sha256: of the file, lowercase hex. ShinraiError with a place for anything that is not such a log."""
    collected = _Collected()
    if path.suffix == ".eval":
        with Archive(path) as archive:
            header = _header(archive)
            for name in archive.names:
                if name.startswith("samples/") and name.endswith(".json"):
                    _collect(_part(archive, name), collected)
    else:
        header = Value(parse_json(read_file(path), path.name), path.name)
        for sample in header.get("samples").items():
            _collect(sample, collected)
    if header.get("eval").missing:
        raise ShinraiError(
            message("This is not a log of Inspect: it has no “{field}”.", field="eval"), place=Place(path.name)
        )
    return _run(header, collected, path.name, sha256)


def _header(archive: Archive) -> Value:
    for name in ("header.json", "_journal/start.json"):
        if name in archive.names:
            return _part(archive, name)
    raise ShinraiError(
        message("This is not a log of Inspect: it has no “{field}”.", field="header.json"), place=Place(archive.name)
    )


def _part(archive: Archive, name: str) -> Value:
    file = f"{archive.name}!{named(name)}"
    return Value(parse_json(archive.read(name), file), file)


def _collect(sample: Value, into: _Collected) -> None:
    id_, epoch = sample.get("id").name(), sample.get("epoch").count() or 1
    if not id_:
        raise sample.get("id").wrong(message("a text"))
    key = id_, epoch
    if key in into.seen:
        raise ShinraiError(
            message("The sample “{sample}” stands here twice for epoch {epoch}.", sample=id_, epoch=epoch),
            place=sample.place,
        )
    into.seen[key] = set()
    if len(into.seen) > MAX_SAMPLES:
        raise ShinraiError(message("There are more than {limit} samples.", limit=MAX_SAMPLES), place=sample.place)
    fault = _fault(sample)
    if fault is not None:
        into.faults.append((id_, epoch, fault))
        return
    for name, score in sample.get("scores").fields():
        into.edited += any(True for _ in score.get("history").items())
        for metric, value in _values(name, score.get("value")):
            into.seen[key].add(metric)
            into.scores.setdefault(metric, []).append(_score(id_, epoch, value))


def _fault(sample: Value) -> Message | None:
    if not sample.get("error").missing:
        return message("The sample ended in an error.")
    if not sample.get("invalidation").missing:
        return message("The sample was declared invalid.")
    return None


def _values(name: str, value: Value) -> Iterator[tuple[str, Value]]:
    """Yield the metric of a score; each field of a score with several is a metric of its own."""
    if isinstance(value.raw, dict):
        for part, found in value.fields():
            yield named(f"{name}/{part}"), found
    else:
        yield named(name), value


def _score(id_: str, epoch: int, value: Value) -> ImportedScore:
    raw = value.raw
    reason: Message | None = None
    number: float | None = None
    if isinstance(raw, bool):
        number = float(raw)
    elif isinstance(raw, str):
        number = _MARKS.get(raw)
    elif isinstance(raw, int | float):
        if isinstance(raw, float) and isnan(raw):
            reason = message("The scorer gave no value.")
            return ImportedScore(id_, epoch, id_, Outcome.ERROR, None, reason.both())
        number = value.number()
    if number is None:
        reason = message("The score is not a number.")
        return ImportedScore(id_, epoch, id_, Outcome.INCONCLUSIVE, None, reason.both())
    return ImportedScore(id_, epoch, id_, outcome_of(number), number)


def _run(header: Value, collected: _Collected, file: str, sha256: str) -> ImportedRun:
    spec, results = header.get("eval"), header.get("results")
    epochs = spec.at("config", "epochs").count() or 1
    declared = _chosen(header) or spec.at("dataset", "samples").count() or 0
    asked = max(declared * epochs, results.get("total_samples").count() or 0, len(collected.seen))
    model = spec.get("model").name("")
    claims = _claims(results)
    names = list(dict.fromkeys([*(each.get("name").name() for each in spec.get("scorers").items()), *claims]))
    found = [*collected.scores, *(name for name in names if not _known(name, collected.scores))]
    metrics = tuple(_metric(name, model, asked, collected, claims.get(name, {})) for name in found)
    version = spec.at("packages", "inspect_ai")
    stats = header.get("stats")
    return ImportedRun(
        tool=Tool.INSPECT,
        tool_version=version.name() or None,
        file=file,
        sha256=sha256,
        models=(model,) if model else (),
        started=stats.get("started_at").moment() or spec.get("created").moment(),
        finished=stats.get("completed_at").moment(),
        status=header.get("status").name() or "started",
        metrics=metrics,
        notes=tuple(_notes(header, collected)),
    )


def _known(name: str, scores: Iterable[str]) -> bool:
    """Whether a scorer has scores, under its name or as several metrics. Inspect may put a package before a name."""
    short = name.rsplit("/", 1)[-1]
    return any(each in (name, short) or each.startswith((f"{name}/", f"{short}/")) for each in scores)


def _metric(name: str, model: str, asked: int, collected: _Collected, claimed: dict[str, float]) -> ImportedMetric:
    scores = list(collected.scores.get(name, ()))
    scores += [
        ImportedScore(sample, epoch, sample, Outcome.ERROR, None, why.both()) for sample, epoch, why in collected.faults
    ]
    faulty = {(sample, epoch) for sample, epoch, _ in collected.faults}
    unscored = message("The sample has no score by this scorer.").both()
    scores += [
        ImportedScore(sample, epoch, sample, Outcome.ERROR, None, unscored)
        for (sample, epoch), metrics in collected.seen.items()
        if name not in metrics and (sample, epoch) not in faulty
    ]
    scores.sort(key=lambda score: (score.sample, score.repeat))
    own = mean_of_repeats(scores)
    claims = tuple(Claim(key, value, own if key in _MEANS else None) for key, value in claimed.items())
    return ImportedMetric(name, model, asked, tuple(scores), claims)


def _claims(results: Value) -> dict[str, dict[str, float]]:
    """Return the printed metrics by the name of their score. A second reducer's carry its name."""
    claims: dict[str, dict[str, float]] = {}
    for score in results.get("scores").items():
        reducer = score.get("reducer").name()
        suffix = f" ({reducer})" if reducer not in ("", "mean") else ""
        for name, metric in score.get("metrics").fields():
            value = metric.get("value").number()
            if value is not None:
                claims.setdefault(score.get("name").name(), {})[named(name) + suffix] = value
    return claims


def _notes(header: Value, collected: _Collected) -> Iterator[Bilingual]:
    status = header.get("status").name() or "started"
    if status != "success":
        yield message("Inspect's log says that the run ended as “{status}”.", status=status).both()
    if header.get("invalidated").flag():
        yield message("The log was declared invalid.").both()
    taken, whole = _chosen(header), header.at("eval", "dataset", "samples").count() or 0
    if 0 < taken < whole:
        yield message("Only {n} of the {whole} samples of the data set were chosen.", n=taken, whole=whole).both()
    if collected.edited:
        yield message("{n} scores were changed after the run.", n=collected.edited).both()
    if not collected.seen:
        yield message("The log holds no samples.").both()


def _chosen(header: Value) -> int:
    """Return how many samples of the data set the run was to take, 0 where the log does not say."""
    return sum(1 for _ in header.at("eval", "dataset", "sample_ids").items())
