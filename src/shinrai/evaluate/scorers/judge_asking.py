"""Ask judges through the engine: durable, resumable, with the limits and the spend of any run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinrai.evaluate.runner.earlier import EarlierAnswers
from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.progress import Progress, RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample, Sample
from shinrai.evaluate.scorers.judge import Judge, Judgement, judgements, plan
from shinrai.evaluate.scorers.judge_pairwise import Pair, PairJudgement, pair_instrument, pair_judgements, plan_pairs
from shinrai.evaluate.scorers.judge_prompt import Judged, digest_of
from shinrai.evaluate.scorers.judge_waiver import Waiver, require_other_model, require_other_report
from shinrai.evaluate.targets.chat import ChatTarget


@dataclass(frozen=True, slots=True)
class Defendant:
    """The system whose answers are judged. target: how it was asked, None for answers that came as records.

    models: that answered, as the system reported them.
    """

    target: ChatTarget | None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgeRun:
    """What a judge said of a list of answers. waiver: the one that was needed, for the result to carry; else None."""

    judgements: tuple[Judgement, ...]
    models: tuple[str, ...]
    waiver: Waiver | None
    summary: RunSummary


@dataclass(frozen=True, slots=True)
class PairRun:
    """What a judge said of pairs of answers."""

    judgements: tuple[PairJudgement, ...]
    models: tuple[str, ...]
    waiver: Waiver | None
    summary: RunSummary


def ask(
    judge: Judge,
    judged: Sequence[Judged],
    defendant: Defendant,
    journal: Path,
    settings: RunSettings,
    *,
    waiver: Waiver | None = None,
    earlier: EarlierAnswers | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> JudgeRun:
    """Have answers judged. journal: of this judge and these answers; an interrupted one is gone on with.

    ShinraiError: the judge is the system that is judged and there is no waiver, the judge cannot be opened, or the
    journal is another's. A judge that does not answer is no error here: its votes are then no verdicts.
    """
    needed = _before(judge, defendant, waiver)
    planned = plan(judge, judged)
    taken, summary = _run(judge, judge.instrument(), planned, journal, settings, earlier, progress)
    found = judgements(judge, judged, taken)
    models, later = _after(taken.values(), defendant, waiver)
    return JudgeRun(tuple(found), models, needed or later, summary)


def ask_pairs(
    judge: Judge,
    pairs: Sequence[Pair],
    defendant: Defendant,
    journal: Path,
    settings: RunSettings,
    *,
    waiver: Waiver | None = None,
    earlier: EarlierAnswers | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> PairRun:
    """Have pairs of answers judged, each in both orders; otherwise like `ask`."""
    needed = _before(judge, defendant, waiver)
    planned = plan_pairs(judge, pairs)
    taken, summary = _run(judge, pair_instrument(judge), planned, journal, settings, earlier, progress)
    found = pair_judgements(judge, pairs, taken)
    models, later = _after(taken.values(), defendant, waiver)
    return PairRun(tuple(found), models, needed or later, summary)


def _before(judge: Judge, defendant: Defendant, waiver: Waiver | None) -> Waiver | None:
    needed = None
    if defendant.target is not None:
        needed = require_other_model(defendant.target, judge.target, waiver)
    return needed or require_other_report(defendant.models, (judge.target.model,), waiver)


def _run(
    judge: Judge,
    instrument: str,
    planned: Sequence[PlannedSample],
    journal: Path,
    settings: RunSettings,
    earlier: EarlierAnswers | None,
    progress: Callable[[Progress], None] | None,
) -> tuple[dict[str, Sample], RunSummary]:
    about = {"judge": judge.id, "instrument": instrument, "plan": digest_of(*(each.key for each in planned))}
    with open_journal(journal, about) as opened:
        summary = run(planned, judge.target, settings, opened, earlier=earlier, progress=progress)
    # A fault that was asked again stands twice in the journal; the later record counts.
    return {each.sample.key: each.sample for each in read_journal(journal)}, summary


def _after(
    taken: Iterable[Sample], defendant: Defendant, waiver: Waiver | None
) -> tuple[tuple[str, ...], Waiver | None]:
    models = {sample.answers[-1].model or "" for sample in taken if sample.answers}
    return tuple(sorted(models)), require_other_report(defendant.models, models, waiver)
