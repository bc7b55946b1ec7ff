"""From a suite and a system that talks to measurements: ask, keep, score, decide.

What was asked and answered is on the disk before it counts, and every planned sample ends in a score or in a list of
what was left out. A sample without a verdict is never counted as passed or failed; where such samples could turn the
decision, there is none.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinrai.evaluate.measurement import Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.parquet import EvidenceFiles, EvidenceRow, read_evidence, write_evidence
from shinrai.evaluate.runner.progress import Progress, RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample, Score
from shinrai.evaluate.scorers import Exclusion, Taken
from shinrai.evaluate.scorers.accounts import Account, accounts
from shinrai.evaluate.statistics.clustered import Clustered, clustered_proportion
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.interval import LEVEL
from shinrai.evaluate.statistics.planning import needed_clusters
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.suites import METRIC_NAMES, Metric, PlannedPrompt, Suite, group_scores, not_asked, plan
from shinrai.evaluate.suites.model import UsedScorer
from shinrai.evaluate.suites.scoring import sample_scores
from shinrai.evaluate.targets.target import Target
from shinrai.language import Bilingual, Message, message

JOURNAL = "journal"
METHOD = (
    "Wilson score interval at the effective n of clustered samples, with t quantiles (Dean, Pagano 2015; "
    "Bell, McCaffrey 2002); docs/reference/conversation-statistics.md"
)
_MOST_FINDINGS = 20
_Fraction = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Conversed:
    """What asking a system a whole suite came to. accounts: what became of every planned sample, scorer by scorer."""

    suite: Suite
    measurements: tuple[Measurement, ...]
    scores: tuple[Score, ...]
    accounts: tuple[Account, ...]
    files: EvidenceFiles
    summary: RunSummary


@dataclass(frozen=True, slots=True)
class Asked:
    """A suite as it is put to one target: prompts with the keys of their samples, in order."""

    suite: Suite
    seed: int
    prompts: tuple[PlannedPrompt, ...]
    samples: tuple[PlannedSample, ...]


def converse(
    suite: Suite,
    target: Target,
    folder: Path,
    *,
    settings: RunSettings | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
) -> Conversed:
    """Ask a system every prompt of a suite and measure its answers.

    folder: where journal and samples are kept; a run that was broken off goes on there. JournalError: the folder holds
    another run. ShinraiError: the target cannot be opened.
    """
    asked = planned_for(suite, target, seed)
    identity = {"seed": seed, "suite": suite.digest, "target": target.identity()}
    folder.mkdir(parents=True, exist_ok=True)
    with open_journal(folder / JOURNAL, identity) as journal:
        summary = run(asked.samples, target, settings or RunSettings(), journal, progress=progress)
    files = write_evidence([folder / JOURNAL], asked.samples, folder)
    scores, accounted = score_all(asked, read_evidence(files.samples))
    return Conversed(suite, measure(asked, target.id, scores, accounted), scores, accounted, files, summary)


def planned_for(suite: Suite, target: Target, seed: int = 0) -> Asked:
    """Return the prompts of a suite with the keys that their samples have at a target."""
    key = keys_for(target.identity())
    prompts = tuple(plan(suite, seed=seed))
    samples = tuple(
        PlannedSample(
            key=key(each.prompt, each.repeat),
            suite=suite.id,
            probe=each.probe.id,
            variation=each.variation.name if each.variation else None,
            repeat=each.repeat,
            cluster=each.cluster,
            prompt=each.prompt,
        )
        for each in prompts
    )
    return Asked(suite, seed, prompts, samples)


def score_all(asked: Asked, rows: Iterator[EvidenceRow]) -> tuple[tuple[Score, ...], tuple[Account, ...]]:
    """Score the samples of a run, in the order of the plan, and account for every one of them."""
    suite = asked.suite
    taken: list[Taken] = []
    scores: list[Score] = []
    excluded: list[Exclusion] = []
    for planned, sample, row in zip(asked.prompts, asked.samples, rows, strict=True):
        if row.sample.key != sample.key:
            raise ValueError("the samples are not those of this plan")
        taken.append(Taken(sample, row.sample))
        scores += sample_scores(suite, planned, row.sample)
        excluded += not_asked(suite, planned.probe, sample.key)
    probes = {each.probe.id: each.probe for each in asked.prompts}
    for found in group_scores(suite, probes, taken):
        if isinstance(found, Score):
            scores.append(found)
        else:
            excluded.append(found)
    names = [used.name for used in suite.scorers]
    return tuple(scores), accounts([each.key for each in asked.samples], names, scores, excluded)


def measure(
    asked: Asked, target: str, scores: Sequence[Score], accounted: Sequence[Account]
) -> tuple[Measurement, ...]:
    """Return one measurement for each scorer of the suite."""
    by_scorer: dict[str, dict[str, Score]] = defaultdict(dict)
    for score in scores:
        by_scorer[score.scorer][score.key] = score
    account = {each.scorer: each for each in accounted}
    return tuple(
        _measurement(asked, target, used, by_scorer[used.name], account[used.name]) for used in asked.suite.scorers
    )


def _measurement(
    asked: Asked, target: str, used: UsedScorer, scores: Mapping[str, Score], account: Account
) -> Measurement:
    metric = used.decision.metric if used.decision else Metric.PASS_RATE
    rule = used.decision.rule if used.decision else None
    estimate = _estimate(asked, scores, metric)
    outcome, reason, needed = _decided(asked, scores, metric, rule, estimate, account)
    known = isinstance(estimate, Clustered)
    return Measurement(
        id=f"{target}.{asked.suite.id}.{used.name}.{metric}",
        target=target,
        check=asked.suite.id,
        metric=metric,
        columns=(),
        title=message(
            "{suite}: {scorer}. {metric}",
            suite=asked.suite.title,
            scorer=used.scorer.title,
            metric=METRIC_NAMES[metric],
        ).both(),
        value=estimate.value if isinstance(estimate, Clustered) else None,
        low=estimate.interval.low if isinstance(estimate, Clustered) else None,
        high=estimate.interval.high if isinstance(estimate, Clustered) else None,
        level=LEVEL,
        n=account.passed + account.failed,
        coverage=Coverage(account.passed + account.failed, account.asked),
        outcome=outcome,
        rule=rule,
        decisive=rule is not None,
        method=METHOD,
        reason=reason,
        needed_n=needed,
        groups=_by_harm(asked, scores) if known and metric is Metric.PASS_RATE else (),
        findings=_findings(asked, scores),
        counts={
            "passed": account.passed,
            "failed": account.failed,
            "inconclusive": account.inconclusive,
            "errors": account.errors,
            "excluded": len(account.excluded),
            "planned": account.planned,
        },
    )


def _estimate(
    asked: Asked, scores: Mapping[str, Score], metric: Metric, unresolved: Outcome | None = None
) -> Clustered | Undefined:
    """Return the metric; unresolved: what samples without a verdict count as, None leaves them out."""
    clusters: dict[str, dict[tuple[str, str | None], list[int]]] = defaultdict(dict)
    for planned, sample in zip(asked.prompts, asked.samples, strict=True):
        score = scores.get(sample.key)
        if score is None:
            continue
        good, all_ = _fraction(score, metric, unresolved)
        if all_:
            # Pairs are counted in both of their answers, so a probe's pairs stand together as one prompt.
            prompt = (sample.probe, sample.variation if metric is Metric.PASS_RATE else None)
            counted = clusters[planned.cluster].setdefault(prompt, [0, 0])
            counted[0] += good
            counted[1] += all_
    twice = 1 if metric is Metric.PASS_RATE else 2
    fractions = [[(good // twice, all_ // twice) for good, all_ in each.values()] for each in clusters.values()]
    return clustered_proportion(fractions) if fractions else Undefined.NO_SAMPLES


def _fraction(score: Score, metric: Metric, unresolved: Outcome | None) -> _Fraction:
    outcome = score.outcome if score.outcome in {Outcome.PASS, Outcome.FAIL} else unresolved
    if metric is Metric.AGREEMENT_RATE:
        if score.outcome in {Outcome.PASS, Outcome.FAIL}:
            return int(score.details["agreeing"]), int(score.details["others"])
        return (0, 0) if unresolved is None else (2 if unresolved is Outcome.PASS else 0, 2)
    if outcome is None:
        return 0, 0
    return int(outcome is Outcome.PASS), 1


def _decided(
    asked: Asked,
    scores: Mapping[str, Score],
    metric: Metric,
    rule: Rule | None,
    estimate: Clustered | Undefined,
    account: Account,
) -> tuple[Outcome, Bilingual | None, int | None]:
    """Return outcome, reason and, where more would decide, the number of samples."""
    if account.asked and account.errors == account.asked:
        return Outcome.ERROR, message("None of the {n} samples could be scored.", n=account.asked).both(), None
    if isinstance(estimate, Undefined):
        return Outcome.INCONCLUSIVE, estimate.reason().both(), None
    if rule is None:
        return Outcome.INCONCLUSIVE, message("No limit is set; the number informs.").both(), None
    outcome = decide(estimate.interval, rule)
    if outcome is Outcome.INCONCLUSIVE:
        needed = needed_clusters(estimate, rule)
        return outcome, _open(rule, needed.samples if needed else None).both(), needed.samples if needed else None
    unknown = account.inconclusive + account.errors
    if unknown and not _holds(asked, scores, metric, rule, outcome):
        reason = message(
            "{n} of {m} samples have no verdict; if they came out otherwise, the decision would not hold.",
            n=unknown,
            m=account.asked,
        )
        return Outcome.INCONCLUSIVE, reason.both(), None
    return outcome, None, None


def _holds(asked: Asked, scores: Mapping[str, Score], metric: Metric, rule: Rule, outcome: Outcome) -> bool:
    """Whether a decision stands however the samples without a verdict would have come out."""
    ends = (_estimate(asked, scores, metric, each) for each in (Outcome.PASS, Outcome.FAIL))
    return all(isinstance(each, Clustered) and decide(each.interval, rule) is outcome for each in ends)


def _open(rule: Rule, needed: int | None) -> Message:
    if needed is None:
        return message("The interval holds the limit {limit}; these samples do not decide.", limit=f"{rule.limit:g}")
    return message(
        "The interval holds the limit {limit}; about {needed} samples of the same kind would decide.",
        limit=f"{rule.limit:g}",
        needed=f"{needed:,}",
    )


def _by_harm(asked: Asked, scores: Mapping[str, Score]) -> tuple[GroupEstimate, ...]:
    """Return the rate of each harm class, where there are several."""
    classes: dict[str, dict[str, Score]] = defaultdict(dict)
    for planned, sample in zip(asked.prompts, asked.samples, strict=True):
        if sample.key in scores:
            classes[planned.probe.harm_class.value][sample.key] = scores[sample.key]
    if len(classes) < 2:
        return ()
    return tuple(_group(asked, name, found) for name, found in sorted(classes.items()))


def _group(asked: Asked, name: str, scores: Mapping[str, Score]) -> GroupEstimate:
    estimate = _estimate(asked, scores, Metric.PASS_RATE)
    counts = Counter(score.outcome for score in scores.values())
    known = isinstance(estimate, Clustered)
    return GroupEstimate(
        levels=(name,),
        n=counts[Outcome.PASS] + counts[Outcome.FAIL],
        successes=counts[Outcome.PASS],
        trials=counts[Outcome.PASS] + counts[Outcome.FAIL],
        value=estimate.value if isinstance(estimate, Clustered) else None,
        low=estimate.interval.low if isinstance(estimate, Clustered) else None,
        high=estimate.interval.high if isinstance(estimate, Clustered) else None,
        note=None if known else _reason(estimate),
    )


def _reason(estimate: Clustered | Undefined) -> Bilingual | None:
    return estimate.reason().both() if isinstance(estimate, Undefined) else None


def _findings(asked: Asked, scores: Mapping[str, Score]) -> tuple[Bilingual, ...]:
    """Name the samples that failed or had no verdict, failures first; answers are not quoted."""
    order = {Outcome.FAIL: 0, Outcome.ERROR: 1, Outcome.INCONCLUSIVE: 2}
    told = [
        (order[scores[sample.key].outcome], sample, scores[sample.key])
        for sample in asked.samples
        if sample.key in scores and scores[sample.key].outcome in order
    ]
    told.sort(key=lambda each: each[0])
    findings = [
        message("{probe}: {reason}", probe=_name(sample), reason=score.reason).both()
        for _, sample, score in told[:_MOST_FINDINGS]
    ]
    if len(told) > _MOST_FINDINGS:
        findings.append(message("{n} more stand in the samples.", n=len(told) - _MOST_FINDINGS).both())
    return tuple(findings)


def _name(sample: PlannedSample) -> str:
    return sample.probe if sample.variation is None else f"{sample.probe} ({sample.variation})"
