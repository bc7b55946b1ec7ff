"""The recompute seat's work on results of other tools: every number a second time, from the file.

The file is read again by the same readers, for its format is another's and there is one description of it; its digest
is compared, so that it is the file that was planned. What each sample came to is counted and turned into intervals by
code that shares nothing with the evaluate room (`scenario_rates`).
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from shinrai.council.case import ImportedFile
from shinrai.council.seats import scenario_rates
from shinrai.council.seats.recompute import Recomputed
from shinrai.evaluate.interchange.imported import CHECK, ImportedMetric, measurement_id, slug
from shinrai.evaluate.interchange.results import read_results
from shinrai.evaluate.measurement import Coverage, Measurement, Outcome, Rule
from shinrai.language import Message, ShinraiError, message

_TOLERANCE = 1e-9
_UNITS = 1 << 46
_CHUNK = 1024 * 1024


def recompute_imported(
    imported: ImportedFile, target: str, measured: Sequence[Measurement]
) -> Mapping[str, Recomputed]:
    """Derive each measurement of a file again. Never raises on the content of the file."""
    try:
        if _sha256(imported.salt, imported.file) != imported.sha256:
            return {one.id: _unreadable(one, message("the file is another than was planned")) for one in measured}
        run = read_results(imported.file, imported.tool, alone=True)
    except (ShinraiError, OSError) as error:
        what = error.what if isinstance(error, ShinraiError) else message("the file cannot be read")
        return {one.id: _unreadable(one, what) for one in measured}
    known = {
        measurement_id(imported.sha256, imported.tool, name, target): (run.metric(name), rule)
        for name, rule in imported.rules.items()
    }
    found = {}
    for one in measured:
        metric, rule = known.get(one.id, (None, None))
        found[one.id] = (
            _unreadable(one, message("the file has no such metric"))
            if metric is None
            else _compared(one, target, metric, rule)
        )
    return found


def _sha256(salt: bytes, path: Path) -> str:
    digest = hashlib.sha256(salt)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _unreadable(measured: Measurement, what: Message) -> Recomputed:
    return Recomputed(measured.id, None, None, None, 0, Outcome.ERROR, (), agrees=False, difference=what)


def _compared(measured: Measurement, target: str, metric: ImportedMetric, rule: Rule | None) -> Recomputed:
    counts = _counts(metric)
    used = sum(_usable(each) for each in metric.scores)
    found = scenario_rates.interval(counts)
    low, high = (found.low, found.high) if found else (None, None)
    verdict = scenario_rates.outcome(counts, rule, low, high)
    if used == 0 and metric.scores and all(score.outcome is Outcome.ERROR for score in metric.scores):
        verdict = Outcome.ERROR
    elif found is None or rule is None:
        verdict = Outcome.INCONCLUSIVE
    recorded, value = (measured.value, measured.low, measured.high), found.value if found else None
    points = {
        "id": (measured.target, measured.check, measured.metric) == (target, CHECK, slug(metric.name)),
        "value": all(_same(mine, theirs) for mine, theirs in zip((value, low, high), recorded, strict=True)),
        "n": measured.n == used,
        "coverage": measured.coverage == Coverage(used, metric.asked),
        "counts": all(measured.counts.get(name) == times for name, times in counts.items())
        and not _extra(measured.counts, counts),
        "rule": measured.rule == rule,
        "decisive": measured.decisive == (rule is not None),
        "outcome": measured.outcome is verdict,
    }
    wrong = next((point for point, right in points.items() if not right), None)
    return Recomputed(
        measured.id,
        value,
        low,
        high,
        used,
        verdict,
        ("NumPy",),
        agrees=wrong is None,
        difference=None if wrong is None else message("counting again gives another {field}", field=_FIELDS[wrong]),
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
}


def _same(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _usable(score: object) -> bool:
    return getattr(score, "value", None) is not None and getattr(score, "outcome", None) is not Outcome.ERROR


def _counts(metric: ImportedMetric) -> dict[str, int]:
    """Count scenarios by what came of them, as the measurement has to."""
    usable = [score for score in metric.scores if _usable(score)]
    counts = {"asked": metric.asked, "in_file": len(metric.scores)}
    if all(score.value in (0.0, 1.0) for score in usable):
        came: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for score in metric.scores:
            cell = came[score.cluster]
            cell[0] += _usable(score) and score.value == 1.0
            cell[1] += _usable(score)
            cell[2] += not _usable(score)
        found = Counter(tuple(cell) for cell in came.values())
        found[0, 0, 1] += metric.asked - len(metric.scores)
        return counts | {f"clusters.{good}.{decided}.{left}": n for (good, decided, left), n in found.items() if n}
    sums: dict[str, list[float]] = defaultdict(list)
    for score in usable:
        sums[score.cluster].append(score.value or 0.0)
    totals = Counter((len(scores), round(math.fsum(scores) * _UNITS)) for scores in sums.values())
    ends = all(0.0 <= (score.value or 0.0) <= 1.0 for score in usable)
    return counts | {"ends": int(ends), **{f"sums.{n}.{total}": times for (n, total), times in totals.items()}}


def _extra(theirs: Mapping[str, int], mine: Mapping[str, int]) -> bool:
    return any(name.startswith(("clusters.", "sums.")) and name not in mine for name in theirs)
