"""A judge in a conversation: which answers of a suite it is asked about, what comes of it, and what that is worth.

A suite's scorer `requirement` asks what no rule can tell. Here a judge answers it: its replies come from the engine and
are kept like any samples, its verdicts become scores, and the rate that follows is corrected for its errors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from shinrai.evaluate.runner.parquet import EvidenceFiles, write_evidence
from shinrai.evaluate.runner.progress import Ending, Progress, RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import FaultKind, PlannedSample, Sample, Score
from shinrai.evaluate.scorers.judge import Judge, judgements, plan
from shinrai.evaluate.scorers.judge_asking import Defendant, ask
from shinrai.evaluate.scorers.judge_calibration import Calibration, why_uncalibrated
from shinrai.evaluate.scorers.judge_prompt import Judged, judged_of
from shinrai.evaluate.scorers.judge_waiver import Waiver
from shinrai.evaluate.scorers.requirement import REQUIREMENT
from shinrai.evaluate.scorers.scorer import why_unreadable
from shinrai.evaluate.statistics.judge_correction import Labelled
from shinrai.evaluate.suites import PlannedPrompt, Suite
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.target import Target
from shinrai.language import Message, message

JOURNAL = "journal"
Asking = tuple[PlannedSample, PlannedPrompt, Sample]
"""A sample as it was planned, the prompt it puts, and what came of it."""
Verdicts = Mapping[tuple[str, str], Score]
"""Scores by the key of the sample and the name of the scorer."""


@dataclass(frozen=True, slots=True)
class JudgeSetting:
    """The judge of a target's answers.

    calibration: None where the judge has none. waiver: allows that the judge is the target. on: the day of verdicts.
    """

    judge: Judge
    calibration: Calibration | None
    waiver: Waiver | None
    on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What a judge's verdicts on a suite are worth.

    labelled: how it fell on labelled answers, to correct with; None where it is not calibrated. doubt: why its verdicts
    decide nothing, None where they may. notes: what a reader has to know.
    """

    labelled: Labelled | None
    doubt: Message | None
    notes: tuple[Message, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """What a measurement's counts hold, so that others can correct again; all 0 without a calibration."""
        known = self.labelled or Labelled(0, 0, 0, 0)
        return {
            "judge.found": known.found,
            "judge.missed": known.missed,
            "judge.false_alarms": known.false_alarms,
            "judge.cleared": known.cleared,
        }


@dataclass(frozen=True, slots=True)
class Judging:
    """What a judge made of a suite. files: its replies as evidence."""

    verdicts: Verdicts
    standing: Standing
    files: EvidenceFiles
    summary: RunSummary


def wants_judge(suite: Suite) -> bool:
    """Whether a suite has a scorer that a judge answers."""
    return any(used.scorer is REQUIREMENT for used in suite.scorers)


def to_judge(suite: Suite, asked: Iterable[Asking]) -> list[tuple[str, str, Judged]]:
    """Return what a judge is asked about: the sample's key, the scorer's name, the answer with its requirement."""
    found = []
    for planned, prompt, sample in asked:
        if not sample.answers or why_unreadable(sample) is not None:
            continue
        for used in suite.scorers:
            expected = prompt.probe.expected.get(used.name)
            if used.scorer is REQUIREMENT and expected is not None:
                judged = judged_of(planned, sample, expected.in_words(), suite.language)
                found.append((sample.key, used.name, replace(judged, key=f"{sample.key}.{used.name}")))
    return found


def verdicts(judge: Judge, wanted: Sequence[tuple[str, str, Judged]], taken: Mapping[str, Sample]) -> Verdicts:
    """Return the scores that a judge's replies come to. taken: the replies by the keys of their plan."""
    made = judgements(judge, [judged for _, _, judged in wanted], taken)
    return {
        (key, scorer): replace(one.score, key=key, scorer=scorer)
        for (key, scorer, _), one in zip(wanted, made, strict=True)
    }


def standing_of(setting: JudgeSetting, models: Iterable[str], language: str, waiver: Waiver | None) -> Standing:
    """Return what the verdicts of the models that answered are worth in a language. waiver: the one that was needed."""
    named = tuple(sorted(set(models)))
    doubt = why_uncalibrated(setting.calibration, setting.judge, named, language, setting.on)
    known = setting.calibration.of(language) if setting.calibration is not None and doubt is None else None
    notes = [
        message(
            "Judge: {judge} ({model}).", judge=setting.judge.id, model=", ".join(each or "–" for each in named) or "–"
        )
    ]
    if doubt is not None:
        notes.append(message("Not corrected for the judge's errors: {why}", why=doubt))
    if waiver is not None:
        notes.append(
            message(
                "The judge is or may be the system itself. {approver} allowed it: {reason}",
                approver=waiver.approver,
                reason=waiver.reason,
            )
        )
    return Standing(known.labelled if known is not None else None, doubt, tuple(notes))


def judge_suite(
    suite: Suite,
    asked: Iterable[Asking],
    target: Target,
    setting: JudgeSetting,
    folder: Path,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Judging:
    """Have the answers of a suite judged; goes on where an earlier attempt in the folder stopped.

    ShinraiError: the judge is the system that is judged and there is no waiver, or the judge cannot be opened. A judge
    that does not answer is no error here: its votes are then no verdicts.
    """
    considered = list(asked)
    wanted = to_judge(suite, considered)
    answered = {answer.model or "" for _, _, sample in considered for answer in sample.answers[-1:]}
    defendant = Defendant(target if isinstance(target, ChatTarget) else None, tuple(sorted(answered)))
    judged = [each for _, _, each in wanted]
    folder.mkdir(parents=True, exist_ok=True)
    settings = RunSettings(retry_faults=True)
    run = ask(setting.judge, judged, defendant, folder / JOURNAL, settings, waiver=setting.waiver, progress=progress)
    missing = FaultKind.UNREACHABLE if run.summary.ending is Ending.TARGET_DEAD else FaultKind.CANCELLED
    files = write_evidence([folder / JOURNAL], plan(setting.judge, judged), folder, missing=missing)
    scores = {
        (key, scorer): replace(one.score, key=key, scorer=scorer)
        for (key, scorer, _), one in zip(wanted, run.judgements, strict=True)
    }
    return Judging(scores, standing_of(setting, run.models, suite.language, run.waiver), files, run.summary)
