"""From a suite and a system that talks to measurements: ask, keep, score, decide.

What was asked and answered is on the disk before it counts, and every planned sample ends in a score or in a list of
what was left out. A sample without a verdict is never counted as passed or failed; where such samples could turn the
decision, there is none.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, comb
from pathlib import Path

from shinrai.evaluate.judging import JudgeSetting, Judging, Standing, Verdicts, judge_suite, wants_judge
from shinrai.evaluate.measurement import Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.parquet import EvidenceFiles, EvidenceRow, read_evidence, write_evidence
from shinrai.evaluate.runner.progress import Ending, Progress, RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import FaultKind, PlannedSample, Score
from shinrai.evaluate.scenarios import Cells, Prompt, histogram, holds, judged_rate, rate_of
from shinrai.evaluate.scorers import Exclusion, Taken
from shinrai.evaluate.scorers.accounts import Account, accounts
from shinrai.evaluate.scorers.judge_rate import CORRECTED
from shinrai.evaluate.scorers.requirement import REQUIREMENT
from shinrai.evaluate.statistics.clustered import Clustered
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.interval import LEVEL
from shinrai.evaluate.statistics.judge_correction import Corrected
from shinrai.evaluate.statistics.planning import needed_clusters
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.suites import METRIC_NAMES, Metric, PlannedPrompt, Suite, group_scores, not_asked, plan
from shinrai.evaluate.suites.model import UsedScorer
from shinrai.evaluate.suites.scoring import sample_scores
from shinrai.evaluate.targets.target import Target
from shinrai.language import Bilingual, Message, Place, ShinraiError, message

JOURNAL = "journal"
JUDGE = "judge"
"""The folder of a judge's journal and replies, inside that of the conversation."""
METHOD = (
    "Wilson score interval at the effective n of clustered samples, with t quantiles (Dean, Pagano 2015; "
    "Bell, McCaffrey 2002); docs/reference/conversation-statistics.md"
)
_MOST_FINDINGS = 20
_VERDICTS = frozenset({Outcome.PASS, Outcome.FAIL})
_WHY_MISSING = {Ending.OVER_BUDGET: FaultKind.OVER_BUDGET, Ending.TARGET_DEAD: FaultKind.UNREACHABLE}


@dataclass(frozen=True, slots=True)
class Conversed:
    """What asking a system a whole suite came to. accounts: what became of every planned sample, scorer by scorer.

    judging: what a judge made of it, None where none was asked.
    """

    suite: Suite
    measurements: tuple[Measurement, ...]
    scores: tuple[Score, ...]
    accounts: tuple[Account, ...]
    files: EvidenceFiles
    summary: RunSummary
    judging: Judging | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A suite as it is put to one target: prompts with the keys of their samples, in order."""

    suite: Suite
    seed: int
    repeats: int
    prompts: tuple[PlannedPrompt, ...]
    samples: tuple[PlannedSample, ...]


def converse(
    suite: Suite,
    target: Target,
    folder: Path,
    *,
    settings: RunSettings | None = None,
    seed: int = 0,
    repeats: int | None = None,
    judge: JudgeSetting | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Conversed:
    """Ask a system every prompt of a suite and measure its answers.

    folder: where journal and samples are kept; a run that was broken off goes on there. repeats: instead of the suite's
    own, at least 1. judge: answers what the suite's rules cannot tell; without one these scores are errors.
    JournalError: the folder holds another run. ShinraiError: the target or the judge cannot be opened.
    """
    asked = planned_for(suite, target, seed, repeats)
    identity = {"repeats": asked.repeats, "seed": seed, "suite": suite.digest, "target": target.identity()}
    folder.mkdir(parents=True, exist_ok=True)
    with open_journal(folder / JOURNAL, identity) as journal:
        summary = run(asked.samples, target, settings or RunSettings(), journal, progress=progress)
    missing = _WHY_MISSING.get(summary.ending, FaultKind.CANCELLED)
    files = write_evidence([folder / JOURNAL], asked.samples, folder, missing=missing)
    judging = None
    if judge is not None and wants_judge(suite) and summary.ending is not Ending.CANCELLED:
        rows = read_evidence(files.samples)
        put = ((s, p, row.sample) for s, p, row in zip(asked.samples, asked.prompts, rows, strict=True))
        judging = judge_suite(suite, put, target, judge, folder / JUDGE, progress=progress)
        if judging.summary.ending is Ending.CANCELLED:
            summary = judging.summary
    scores, accounted = score_all(asked, read_evidence(files.samples), judging.verdicts if judging else {})
    found = measure(asked, target.id, scores, accounted, judging.standing if judging else None)
    return Conversed(suite, found, scores, accounted, files, summary, judging)


def planned_for(suite: Suite, target: Target, seed: int = 0, repeats: int | None = None) -> Asked:
    """Return the prompts of a suite with the keys that their samples have at a target."""
    return planned_with(suite, target.identity(), seed, repeats)


def planned_with(suite: Suite, identity: Mapping[str, object], seed: int = 0, repeats: int | None = None) -> Asked:
    """Return the prompts of a suite with the keys that their samples have at a target of this identity."""
    key = keys_for(identity)
    times = suite.repeats if repeats is None else repeats
    prompts: list[PlannedPrompt] = []
    samples: list[PlannedSample] = []
    owner: dict[str, str] = {}
    for each in plan(suite, seed=seed, repeats=times):
        made = PlannedSample(
            key=key(each.prompt, each.repeat),
            suite=suite.id,
            probe=each.probe.id,
            variation=each.variation.name if each.variation else None,
            repeat=each.repeat,
            cluster=each.cluster,
            prompt=each.prompt,
        )
        other = owner.get(made.key)
        if other is not None and other != each.probe.id:
            raise ShinraiError(
                message("The probes {first} and {second} ask the very same.", first=other, second=each.probe.id),
                fix=message("Keep one of the two: one answer cannot count twice."),
                place=Place(suite.id),
            )
        # A variation that says what is asked already is no second sample.
        if other is None:
            owner[made.key] = each.probe.id
            prompts.append(each)
            samples.append(made)
    return Asked(suite, seed, times, tuple(prompts), tuple(samples))


def score_all(
    asked: Asked, rows: Iterator[EvidenceRow], verdicts: Verdicts | None = None
) -> tuple[tuple[Score, ...], tuple[Account, ...]]:
    """Score the samples of a run, in the order of the plan, and account for every one of them.

    verdicts: of a judge, where one was asked.
    """
    said = verdicts or {}
    suite = asked.suite
    taken: list[Taken] = []
    scores: list[Score] = []
    excluded: list[Exclusion] = []
    for planned, sample, row in zip(asked.prompts, asked.samples, rows, strict=True):
        if row.sample.key != sample.key:
            raise ValueError("the samples are not those of this plan")
        taken.append(Taken(sample, row.sample))
        scores += [said.get((each.key, each.scorer), each) for each in sample_scores(suite, planned, row.sample)]
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
    asked: Asked,
    target: str,
    scores: Sequence[Score],
    accounted: Sequence[Account],
    judged: Standing | None = None,
) -> tuple[Measurement, ...]:
    """Return one measurement for each scorer of the suite. judged: what a judge's verdicts are worth, if any."""
    by_scorer: dict[str, dict[str, Score]] = defaultdict(dict)
    for score in scores:
        by_scorer[score.scorer][score.key] = score
    account = {each.scorer: each for each in accounted}
    return tuple(
        _measurement(
            asked,
            target,
            used,
            by_scorer[used.name],
            account[used.name],
            judged if used.scorer is REQUIREMENT else None,
        )
        for used in asked.suite.scorers
    )


def _measurement(
    asked: Asked,
    target: str,
    used: UsedScorer,
    scores: Mapping[str, Score],
    account: Account,
    judged: Standing | None,
) -> Measurement:
    metric = used.decision.metric if used.decision else Metric.PASS_RATE
    rule = used.decision.rule if used.decision else None
    cells = _cells(asked, scores, metric)
    labelled = judged.labelled if judged else None
    estimate = rate_of(cells) if labelled is None else judged_rate(cells, labelled)
    outcome, reason, needed = _decided(cells, rule, estimate, account, judged)
    known = None if isinstance(estimate, Undefined) else estimate
    return Measurement(
        id=measurement_id(target, asked.suite, used),
        target=target,
        check=asked.suite.id,
        metric=metric_of(used),
        columns=(),
        title=message(
            "{suite}: {scorer} ({name}). {metric}",
            suite=asked.suite.title,
            scorer=used.scorer.title,
            name=used.name,
            metric=METRIC_NAMES[metric],
        ).both(),
        value=known.value if known else None,
        low=known.interval.low if known else None,
        high=known.interval.high if known else None,
        level=LEVEL,
        n=account.passed + account.failed,
        coverage=Coverage(account.passed + account.failed, account.asked),
        outcome=outcome,
        rule=rule,
        decisive=rule is not None,
        method=METHOD if labelled is None else f"{CORRECTED}; {METHOD}",
        reason=reason,
        needed_n=needed,
        groups=_by_harm(asked, scores) if known and labelled is None and metric is Metric.PASS_RATE else (),
        findings=(*_judged_notes(judged, cells), *_findings(asked, scores)),
        counts={
            "passed": account.passed,
            "failed": account.failed,
            "inconclusive": account.inconclusive,
            "errors": account.errors,
            "excluded": len(account.excluded),
            "planned": account.planned,
            **histogram(cells),
            **(judged.counts if judged else {}),
        },
    )


def metric_of(used: UsedScorer) -> str:
    """Return the metric of a scorer's measurement: `<scorer's name>.<metric>`."""
    return f"{used.name}.{used.decision.metric if used.decision else Metric.PASS_RATE}"


def measurement_id(target: str, suite: Suite, used: UsedScorer) -> str:
    """Return the id of a scorer's measurement."""
    return f"{target}.{suite.id}.{metric_of(used)}"


def _cells(asked: Asked, scores: Mapping[str, Score], metric: Metric) -> Cells:
    """Count, by scenario and prompt: good ones, decided ones, and those that stayed open."""
    clusters: dict[str, dict[Prompt, list[int]]] = defaultdict(dict)
    members: dict[tuple[str, str], int] = Counter()
    for planned, sample in zip(asked.prompts, asked.samples, strict=True):
        score = scores.get(sample.key)
        if score is None:
            continue
        decided = score.outcome in _VERDICTS
        if metric is Metric.PASS_RATE:
            cell = clusters[planned.cluster].setdefault((sample.probe, sample.variation), [0, 0, 0])
            cell[0] += score.outcome is Outcome.PASS
            cell[1] += decided
            cell[2] += not decided
        else:
            # Pairs are counted in both of their answers, so a probe's pairs stand together as one prompt.
            cell = clusters[planned.cluster].setdefault((sample.probe, None), [0, 0, 0])
            cell[0] += int(score.details["agreeing"]) if decided else 0
            cell[1] += int(score.details["others"]) if decided else 0
            members[planned.cluster, sample.probe] += 1
    for (cluster, probe), n in members.items():
        cell = clusters[cluster][probe, None]
        agreeing, pairs = cell[0] // 2, cell[1] // 2
        clusters[cluster][probe, None] = [agreeing, pairs, comb(n, 2) - pairs]
    return clusters


def _decided(
    cells: Cells,
    rule: Rule | None,
    estimate: Clustered | Corrected | Undefined,
    account: Account,
    judged: Standing | None,
) -> tuple[Outcome, Bilingual | None, int | None]:
    """Return outcome, reason and, where more would decide, the number of samples."""
    if account.asked and account.errors == account.asked:
        return Outcome.ERROR, message("None of the {n} samples could be scored.", n=account.asked).both(), None
    if isinstance(estimate, Undefined):
        return Outcome.INCONCLUSIVE, estimate.reason().both(), None
    if judged is not None and judged.doubt is not None:
        return Outcome.INCONCLUSIVE, message("{why} Its verdicts decide nothing.", why=judged.doubt).both(), None
    if rule is None:
        return Outcome.INCONCLUSIVE, message("No limit is set; the number informs.").both(), None
    outcome = decide(estimate.interval, rule)
    if outcome is Outcome.INCONCLUSIVE:
        now = account.passed + account.failed
        more = needed_clusters(estimate, rule) if isinstance(estimate, Clustered) else None
        needed = ceil(now * more.clusters / estimate.clusters) if more and isinstance(estimate, Clustered) else None
        return outcome, _open(rule, needed).both(), needed
    unknown = account.inconclusive + account.errors
    if unknown and not holds(cells, rule, outcome, judged.labelled if judged else None):
        reason = message(
            "{n} of {m} samples have no verdict; if they came out otherwise, the decision would not hold.",
            n=unknown,
            m=account.asked,
        )
        return Outcome.INCONCLUSIVE, reason.both(), None
    return outcome, None, None


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
    estimate = rate_of(_cells(asked, scores, Metric.PASS_RATE))
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


def _judged_notes(judged: Standing | None, cells: Cells) -> tuple[Bilingual, ...]:
    """Say whose verdicts these are, and what the judge itself found before its errors were taken out."""
    if judged is None:
        return ()
    notes = list(judged.notes)
    seen = rate_of(cells)
    if judged.labelled is not None and isinstance(seen, Clustered):
        notes.append(
            message(
                "The judge itself found {seen} ({low} to {high}).",
                seen=f"{seen.value:.3f}",
                low=f"{seen.interval.low:.3f}",
                high=f"{seen.interval.high:.3f}",
            )
        )
    return tuple(note.both() for note in notes)


def _findings(asked: Asked, scores: Mapping[str, Score]) -> tuple[Bilingual, ...]:
    """Name the samples that failed or had no verdict, failures first; answers are not quoted."""
    order = {Outcome.FAIL: 0, Outcome.ERROR: 1, Outcome.INCONCLUSIVE: 2}
    # The repeats of a prompt that came to the same are told once.
    told = Counter(
        (order[scores[sample.key].outcome], _name(sample), scores[sample.key].reason)
        for sample in asked.samples
        if sample.key in scores and scores[sample.key].outcome in order
    )
    ordered = sorted(told.items(), key=lambda each: each[0][0])
    findings = [_finding(name, reason, n) for (_, name, reason), n in ordered[:_MOST_FINDINGS]]
    rest = sum(n for _, n in ordered[_MOST_FINDINGS:])
    if rest:
        findings.append(message("{n} more stand in the samples.", n=rest).both())
    return tuple(findings)


def _finding(name: str, reason: Bilingual, n: int) -> Bilingual:
    if n == 1:
        return message("{probe}: {reason}", probe=name, reason=reason).both()
    return message("{probe}, {n} times: {reason}", probe=name, n=n, reason=reason).both()


def _name(sample: PlannedSample) -> str:
    return sample.probe if sample.variation is None else f"{sample.probe} ({sample.variation})"
