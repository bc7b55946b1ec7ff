"""Result files of Moonshot (`generated-outputs/results/….json`).

Moonshot keeps each answer with what was expected, but not what its metric made of it. Only its exact match can be made
again from that, and only where that gives the printed figure is it taken as what the metric did. Every other number of
such a file is a claim: shown, and not decided on.
"""

from collections.abc import Iterator
from hashlib import sha256 as digest
from pathlib import Path

from shinrai.evaluate.interchange.fields import Value, named
from shinrai.evaluate.interchange.imported import Claim, ImportedMetric, ImportedRun, ImportedScore, Tool, outcome_of
from shinrai.evaluate.interchange.limits import MAX_SAMPLES, parse_json, read_file
from shinrai.language import Bilingual, Place, ShinraiError, message

_EXACT = ("accuracy", "exact_str_match")
_PERCENT = 100.0
_NOT_NUMBERS = ("grading_criteria", "individual_scores")
_AGREE = 1e-6


def read_moonshot(path: Path, sha256: str) -> ImportedRun:
    """Read a result file. ShinraiError with a place for anything that is not one."""
    root = Value(parse_json(read_file(path), path.name), path.name)
    metadata, results = root.get("metadata"), root.get("results")
    if metadata.missing or results.missing:
        raise ShinraiError(
            message(
                "This is not a result file of Moonshot: “{one}” or “{other}” is missing.",
                one="metadata",
                other="results",
            ),
            place=Place(path.name),
        )
    metrics = tuple(metric for recipe in _recipes(results) for metric in _metrics(recipe))
    return ImportedRun(
        tool=Tool.MOONSHOT,
        tool_version=None,
        file=path.name,
        sha256=sha256,
        models=tuple(dict.fromkeys(metric.model for metric in metrics)),
        started=metadata.get("start_time").moment(),
        finished=metadata.get("end_time").moment(),
        status=metadata.get("status").name() or None,
        metrics=metrics,
        notes=tuple(_notes(metadata, metrics)),
    )


def _recipes(results: Value) -> Iterator[Value]:
    yield from results.get("recipes").items()
    for cookbook in results.get("cookbooks").items():
        yield from cookbook.get("recipes").items()


def _metrics(recipe: Value) -> Iterator[ImportedMetric]:
    name = recipe.get("id").name("unnamed")
    asked = {
        each.get("model_id").name("unnamed"): each.get("num_of_prompts").count() or 0
        for each in recipe.get("evaluation_summary").items()
    }
    details = list(recipe.get("details").items())
    for detail in details:
        model = detail.get("model_id").name("unnamed")
        alone = sum(each.get("model_id").name("unnamed") == model for each in details) == 1
        parts = [name, detail.get("dataset_id").name(), detail.get("prompt_template_id").name(), model]
        data = list(detail.get("data").items())
        if len(data) > MAX_SAMPLES:
            raise ShinraiError(message("There are more than {limit} samples.", limit=MAX_SAMPLES), place=detail.place)
        # The summary counts all data sets of a recipe together, so it can be held against one only where it is alone.
        expected = max(len(data), asked.get(model, 0) if alone else 0)
        for metric in detail.get("metrics").items():
            for key, value in _numbers(metric):
                label = named(" / ".join([*(part for part in parts if part), key]))
                yield _metric(label, model, expected, key, value, data)


def _numbers(metric: Value, above: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a metric by their name; those of an inner block carry its name."""
    for name, value in metric.fields():
        if name in _NOT_NUMBERS:
            continue
        key = f"{above}.{name}" if above else name
        if isinstance(value.raw, dict) and depth < 3:
            yield from _numbers(value, key, depth + 1)
        elif isinstance(value.raw, int | float) and not isinstance(value.raw, bool):
            number = value.number()
            if number is not None:
                yield key, number


def _metric(label: str, model: str, asked: int, key: str, printed: float, data: list[Value]) -> ImportedMetric:
    scores = _exact(data) if key in _EXACT else ()
    own = _PERCENT * sum(score.value or 0.0 for score in scores) / len(scores) if scores else None
    if own is None or abs(own - printed) > _AGREE * _PERCENT:
        return ImportedMetric(label, model, asked, (), (Claim(key, printed, None),))
    return ImportedMetric(label, model, asked, scores, (Claim(key, printed, own),))


def _exact(data: list[Value]) -> tuple[ImportedScore, ...]:
    """Return whether each answer is the expected one, sign by sign, as Moonshot's exact match has it."""
    scores = []
    for number, row in enumerate(data):
        answer, expected = row.get("predicted_result").raw, row.get("target").raw
        if isinstance(answer, dict):
            answer = answer.get("response")
        hit = answer in expected if isinstance(expected, list) else answer == expected
        prompt = row.get("prompt").raw
        text = prompt if isinstance(prompt, str) else str(number)
        cluster = digest(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        scores.append(ImportedScore(str(number), 0, cluster, outcome_of(float(hit)), float(hit)))
    return tuple(scores)


def _notes(metadata: Value, metrics: tuple[ImportedMetric, ...]) -> Iterator[Bilingual]:
    status = metadata.get("status").name()
    if status and status.lower() != "completed":
        yield message("Moonshot says that the run ended as “{status}”.", status=status).both()
    if any(metric.scores for metric in metrics):
        yield message(
            "Moonshot does not keep what a metric made of each sample. Exact matches were compared again; every other "
            "number is a claim."
        ).both()
    elif metrics:
        yield message("Moonshot does not keep what a metric made of each sample, so its numbers are claims.").both()
