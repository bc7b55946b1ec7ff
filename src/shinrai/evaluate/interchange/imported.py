"""Results that another tool produced, as evidence of origin `imported`, and the measurement that follows from them.

What is kept of a file is what a number can be recomputed from: which samples there were, what each came to, and which
belong together. Prompts and answers stay in the file, which is known by its digest. A number that the tool printed but
that its samples do not give again is a claim: it is shown as such and nothing is decided on it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from math import fsum

from shinrai.evaluate.measurement import Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.scenarios import Cells, Prompt, histogram, holds, rate_of
from shinrai.evaluate.statistics.clustered import clustered_mean
from shinrai.evaluate.statistics.decision import decide, needed_n
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Bilingual, Message, message

CHECK = "imported"
SUM_BITS = 46
"""Sums of scores are counted in units of 2**-SUM_BITS."""
_AGREE = 1e-6


class Tool(StrEnum):
    """Whose file it is."""

    INSPECT = "inspect"
    PROMPTFOO = "promptfoo"
    GARAK = "garak"
    MOONSHOT = "moonshot"


TOOL_NAMES: Mapping[Tool, str] = {
    Tool.INSPECT: "Inspect",
    Tool.PROMPTFOO: "promptfoo",
    Tool.GARAK: "garak",
    Tool.MOONSHOT: "Moonshot",
}


@dataclass(frozen=True, slots=True)
class ImportedScore:
    """What one sample came to under one metric.

    sample: its id in the file. repeat: the tool's number of the repeat. cluster: samples that are not independent share
    it. outcome: PASS or FAIL where the tool gave 1 or 0; INCONCLUSIVE where it gave something between, or nothing that
    is a number; ERROR where target, judge or tool failed. value: the tool's number, None where there is none.
    """

    sample: str
    repeat: int
    cluster: str
    outcome: Outcome
    value: float | None
    reason: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that the tool printed. recomputed: what its samples give for it, None where they cannot give it."""

    name: str
    value: float
    recomputed: float | None

    @property
    def agrees(self) -> bool | None:
        """Whether the samples give the printed number; None where they cannot."""
        if self.recomputed is None:
            return None
        return abs(self.value - self.recomputed) <= _AGREE * max(1.0, abs(self.value))


@dataclass(frozen=True, slots=True)
class ImportedMetric:
    """One scorer of the tool over one set of samples.

    asked: how many scores there had to be, as the file says, and at least as many as it holds.
    """

    name: str
    model: str
    asked: int
    scores: tuple[ImportedScore, ...]
    claims: tuple[Claim, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Return how many scores came to an outcome."""
        return sum(score.outcome is outcome for score in self.scores)

    @property
    def undecided(self) -> int:
        """How many scores are neither an error nor a number."""
        return sum(score.value is None and score.outcome is Outcome.INCONCLUSIVE for score in self.scores)

    @property
    def missing(self) -> int:
        """How many scores had to be there and are not."""
        return self.asked - len(self.scores)


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A run of another tool as its file tells it.

    file: the name alone, without folders. sha256: of the file, lowercase hex. models: what was assessed, in the tool's
    words. status: how the run ended, in the tool's word. notes: what a reader of the numbers has to know.
    """

    tool: Tool
    tool_version: str | None
    file: str
    sha256: str
    models: tuple[str, ...]
    started: datetime | None
    finished: datetime | None
    status: str | None
    metrics: tuple[ImportedMetric, ...]
    notes: tuple[Bilingual, ...] = ()

    def metric(self, name: str) -> ImportedMetric | None:
        """Return the metric of a name, None where there is none."""
        return next((metric for metric in self.metrics if metric.name == name), None)


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A number and its interval. at: the interval of so many times as many scenarios."""

    value: float
    interval: Interval
    method: str
    at: Callable[[int], Interval]


def measure(run: ImportedRun, metric: ImportedMetric, target: str, rule: Rule | None = None) -> Measurement:
    """Return the measurement that the samples of a metric give.

    target: its id in the system description. rule: the description's; without one the number informs only. Errors,
    undecided and missing samples are in neither success nor failure: they lower the coverage, are counted, and undo a
    decision that would not stand if they had come out otherwise.
    """
    usable = [score for score in metric.scores if score.value is not None and score.outcome is not Outcome.ERROR]
    cells = _cells(metric) if all(score.value in (0.0, 1.0) for score in usable) else None
    estimate = _share(cells) if cells is not None else _mean(usable)
    outcome, reason, needed = _decided(metric, estimate, len(usable), rule, cells)
    found = estimate if isinstance(estimate, _Estimate) else None
    return Measurement(
        id=measurement_id(run.sha256, run.tool, metric.name, target),
        target=target,
        check=CHECK,
        metric=slug(metric.name),
        columns=(),
        title=message("{metric}, imported from {tool}", metric=metric.name, tool=TOOL_NAMES[run.tool]).both(),
        value=found.value if found else None,
        low=found.interval.low if found else None,
        high=found.interval.high if found else None,
        level=LEVEL,
        n=len(usable),
        coverage=Coverage(len(usable), metric.asked),
        outcome=outcome,
        rule=rule,
        decisive=rule is not None,
        method=found.method if found else "none",
        reason=reason.both() if reason else None,
        needed_n=needed,
        findings=(*run.notes, *_findings(metric)),
        counts={**_counts(metric, usable), **(histogram(cells) if cells is not None else _sums(usable))},
    )


def measurement_id(file_sha256: str, tool: Tool, metric: str, target: str) -> str:
    """Return the id of a metric's measurement."""
    return f"{target}.{CHECK}.{tool.value}-{file_sha256[:8]}.{slug(metric)}"


def _cells(metric: ImportedMetric) -> Cells:
    """Count good, decided and open scores by scenario and sample; what is missing is an open scenario of its own."""
    cells: dict[str, dict[Prompt, list[int]]] = {}
    for score in metric.scores:
        cell = cells.setdefault(f"of {score.cluster}", {}).setdefault((score.sample, None), [0, 0, 0])
        decided = score.value is not None and score.outcome is not Outcome.ERROR
        cell[0] += score.value == 1.0 and decided
        cell[1] += decided
        cell[2] += not decided
    cells |= {f"missing {number}": {("", None): [0, 0, 1]} for number in range(metric.missing)}
    return cells


def _share(cells: Cells) -> _Estimate | Undefined:
    found = rate_of(cells)
    if isinstance(found, Undefined):
        return found
    single = found.n == found.clusters
    method = "share; Wilson 1927" if single else "share; Wilson at the effective n of clusters, Dean and Pagano 2015"
    spread = found.spread
    return _Estimate(found.value, found.interval, method, lambda times: spread.at(LEVEL, times=float(times)))


def _mean(usable: list[ImportedScore]) -> _Estimate | Undefined:
    groups: dict[str, dict[str, list[float]]] = {}
    for score in usable:
        groups.setdefault(score.cluster, {}).setdefault(score.sample, []).append(score.value or 0.0)
    found = clustered_mean([list(prompts.values()) for prompts in groups.values()], ends=_ends(usable))
    if isinstance(found, Undefined):
        return found
    spread = found.spread
    return _Estimate(
        found.value,
        found.interval,
        "mean; clusters, Bell and McCaffrey 2002",
        lambda times: spread.at(LEVEL, times=float(times)),
    )


def _ends(usable: list[ImportedScore]) -> tuple[float, float] | None:
    return (0.0, 1.0) if all(0.0 <= (score.value or 0.0) <= 1.0 for score in usable) else None


def _sums(usable: list[ImportedScore]) -> dict[str, int]:
    """Count scenarios by the sum of their scores: `sums.<scores>.<sum>`, the sum in units of 2**-SUM_BITS.

    `ends` is 1 where every score lies between 0 and 1, so that the interval has these ends too.
    """
    scenarios: dict[str, list[float]] = {}
    for score in usable:
        scenarios.setdefault(score.cluster, []).append(score.value or 0.0)
    found = Counter((len(scores), round(fsum(scores) * (1 << SUM_BITS))) for scores in scenarios.values())
    return {
        "ends": int(_ends(usable) is not None),
        **{f"sums.{n}.{x}": times for (n, x), times in sorted(found.items())},
    }


def _decided(
    metric: ImportedMetric, estimate: _Estimate | Undefined, n: int, rule: Rule | None, cells: Cells | None
) -> tuple[Outcome, Message | None, int | None]:
    if n == 0:
        if metric.scores and all(score.outcome is Outcome.ERROR for score in metric.scores):
            return Outcome.ERROR, message("Every sample of the file is an error."), None
        return (
            Outcome.INCONCLUSIVE,
            message("The file holds no sample this number could be recomputed from; what the tool says is a claim."),
            None,
        )
    if isinstance(estimate, Undefined):
        return Outcome.INCONCLUSIVE, estimate.reason(), None
    if rule is None:
        return Outcome.INCONCLUSIVE, message("No limit is set; the number informs."), None
    outcome = decide(estimate.interval, rule)
    if outcome is not Outcome.INCONCLUSIVE:
        if n < metric.asked and (cells is None or not holds(cells, rule, outcome)):
            reason = message(
                "{n} of {m} samples have no verdict; if they came out otherwise, the decision would not hold.",
                n=metric.asked - n,
                m=metric.asked,
            )
            return Outcome.INCONCLUSIVE, reason, None
        return outcome, None, None
    needed = needed_n(n, estimate.value, estimate.at, rule)
    limit = f"{rule.limit:g}"
    if needed is None:
        return outcome, message("The interval holds the limit {limit}; these samples do not decide.", limit=limit), None
    return (
        outcome,
        message(
            "The interval holds the limit {limit}; about {needed} samples with the same rates would decide.",
            limit=limit,
            needed=f"{needed:,}",
        ),
        needed,
    )


def _findings(metric: ImportedMetric) -> Iterable[Bilingual]:
    errors, undecided = metric.count(Outcome.ERROR), metric.undecided
    if errors:
        yield message(
            "{n} of {asked} samples are errors: neither passed nor failed.", n=errors, asked=metric.asked
        ).both()
    if undecided:
        yield message("{n} of {asked} samples are undecided.", n=undecided, asked=metric.asked).both()
    if metric.missing:
        yield message(
            "{n} of {asked} samples that had to be taken are not in the file.", n=metric.missing, asked=metric.asked
        ).both()
    for claim in metric.claims:
        yield _claim(claim).both()


def _claim(claim: Claim) -> Message:
    value = f"{claim.value:.6g}"
    if claim.agrees is None:
        return message("Claimed by the tool, not recomputed: {name} = {value}.", name=claim.name, value=value)
    if claim.agrees:
        return message("The tool's {name} = {value} is what its samples give.", name=claim.name, value=value)
    return message(
        "The tool prints {name} = {value}, but its samples give {own}.",
        name=claim.name,
        value=value,
        own=f"{claim.recomputed:.6g}",
    )


def _counts(metric: ImportedMetric, usable: list[ImportedScore]) -> Mapping[str, int]:
    return {
        "asked": metric.asked,
        "in_file": len(metric.scores),
        "passed": metric.count(Outcome.PASS),
        "failed": metric.count(Outcome.FAIL),
        "undecided": metric.undecided,
        "between": metric.count(Outcome.INCONCLUSIVE) - metric.undecided,
        "errors": metric.count(Outcome.ERROR),
        "clusters": len({score.cluster for score in usable}),
    }


def mean_of_repeats(scores: Iterable[ImportedScore]) -> float | None:
    """Return the mean over samples of the mean over their repeats, None where no score has a number."""
    samples: dict[str, list[float]] = {}
    for score in scores:
        if score.value is not None and score.outcome is not Outcome.ERROR:
            samples.setdefault(score.sample, []).append(score.value)
    if not samples:
        return None
    return fsum(fsum(values) / len(values) for values in samples.values()) / len(samples)


def outcome_of(value: float | None) -> Outcome:
    """Return PASS for 1, FAIL for 0, INCONCLUSIVE for everything else."""
    if value == 1.0:
        return Outcome.PASS
    return Outcome.FAIL if value == 0.0 else Outcome.INCONCLUSIVE


def slug(name: str) -> str:
    """Return a name as a part of a measurement's id: ASCII, no dots, at most 40 characters."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")
    if plain == name and 0 < len(plain) <= 40:
        return plain
    return f"{plain[:31]}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")
