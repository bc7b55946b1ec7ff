"""How a judge errs, measured against people's labels, and when that measurement no longer holds.

A calibration belongs to one judge: its instructions, its settings and the models that answered. It says, for each
language, how the judge's verdicts fell on answers that people had labelled. It lapses on its last day, and as soon as
any of the three is another. It is kept as counts, so that every rate can be computed again from the signed record.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shinrai.evaluate.scorers.judge import Judge, Judgement, identity_digest
from shinrai.evaluate.scorers.judge_prompt import REQUIREMENT_PROMPTS
from shinrai.evaluate.scorers.judge_verdict import Word
from shinrai.evaluate.statistics import judge_correction as correction
from shinrai.evaluate.statistics.agreement import Agreement, chance_corrected
from shinrai.evaluate.statistics.judge_correction import Labelled
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Message, message

WORDS = tuple(Word)
VALID_DAYS = 365


@dataclass(frozen=True, slots=True)
class Label:
    """What people say of an answer. word: on which they agree, None where they do not."""

    key: str
    language: str
    word: Word | None
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class LanguageCalibration:
    """How a judge's verdicts fell on the labelled answers of one language.

    labelled: a requirement that is met is the positive. undecided: answers on which the judge could not tell or
    contradicted itself; errors: on which it gave no verdict; neither is in labelled. flips: answers for which repeats
    differed.
    """

    language: str
    labelled: Labelled
    undecided: int
    errors: int
    flips: int

    def __post_init__(self) -> None:
        if min(self.undecided, self.errors, self.flips) < 0:
            raise ValueError("need counts of 0 or more")

    @property
    def asked(self) -> int:
        """Labelled answers that the judge was asked about."""
        return self.labelled.n + self.undecided + self.errors

    def rates(self) -> correction.Calibration:
        """Sensitivity, specificity, kappa with base rate, each with its interval."""
        return correction.calibrate(self.labelled)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibration record.

    judge: its name. identity: digest of instructions, settings and models. prompt, settings: digests, to tell what
    changed. models: that answered, as reported; an empty name for an endpoint that reports none. labels: digest of the
    file of labels. labellers: how many people labelled. disputed: answers on which people did not agree; unsettled: on
    which they could not tell; neither is used. together: what two labellers said of the same answers, by words (met,
    not_met, cannot_tell), the first in rows. made_on, valid_until: days, the last one included.
    """

    judge: str
    identity: str
    prompt: str
    settings: str
    models: tuple[str, ...]
    languages: tuple[LanguageCalibration, ...]
    labels: str
    labellers: int
    disputed: int
    unsettled: int
    together: tuple[tuple[int, ...], ...]
    made_on: date
    valid_until: date

    def of(self, language: str) -> LanguageCalibration | None:
        """Return what is known for a language, None where nothing is."""
        return next((each for each in self.languages if each.language == language), None)

    def people_agree(self) -> Agreement | Undefined:
        """Kappa of two labellers, which no judge can be expected to exceed."""
        return chance_corrected(self.together, "kappa")


def calibration_of(
    judge: Judge,
    labels: Sequence[Label],
    judgements: Iterable[Judgement],
    *,
    labels_sha256: str,
    labellers: int,
    made_on: date,
    valid_until: date,
) -> Calibration:
    """Compare a judge with people.

    judgements: of the labelled answers, in any order. ValueError: one of them has no label, or the judge was another.
    """
    found = {each.judged.key: each for each in judgements}
    by_key = {label.key: label for label in labels}
    if found.keys() - by_key.keys() or any(each.instrument != judge.instrument() for each in found.values()):
        raise ValueError("the judgements are not of these labels and this judge")
    models = sorted({model for each in found.values() for model in each.models})
    together = Counter(tuple(label.words[:2]) for label in labels if len(label.words) > 1)
    usable = [label for label in labels if label.word in (Word.MET, Word.NOT_MET)]
    return Calibration(
        judge=judge.id,
        identity=judge.identity(models),
        prompt=REQUIREMENT_PROMPTS[judge.language],
        settings=judge.settings(),
        models=tuple(models),
        languages=tuple(
            _language(language, [label for label in usable if label.language == language], found)
            for language in sorted({label.language for label in usable})
        ),
        labels=labels_sha256,
        labellers=labellers,
        disputed=sum(label.word is None for label in labels),
        unsettled=sum(label.word is Word.CANNOT_TELL for label in labels),
        together=tuple(tuple(together[one, other] for other in WORDS) for one in WORDS),
        made_on=made_on,
        valid_until=valid_until,
    )


def _language(language: str, labels: Sequence[Label], found: Mapping[str, Judgement]) -> LanguageCalibration:
    said = [(label.word, found[label.key].word if label.key in found else None) for label in labels]
    counts = Counter(said)
    return LanguageCalibration(
        language=language,
        labelled=Labelled(
            found=counts[Word.MET, Word.MET],
            missed=counts[Word.MET, Word.NOT_MET],
            false_alarms=counts[Word.NOT_MET, Word.MET],
            cleared=counts[Word.NOT_MET, Word.NOT_MET],
        ),
        undecided=sum(judged is Word.CANNOT_TELL for _, judged in said),
        errors=sum(judged is None for _, judged in said),
        flips=sum(label.key in found and found[label.key].flips for label in labels),
    )


def why_lapsed(calibration: Calibration, judge: Judge, models: Iterable[str], on: date) -> Message | None:
    """Return why a calibration does not hold for a judge, the models that answered and a day; None where it holds."""
    now = tuple(sorted(set(models)))
    if calibration.prompt != REQUIREMENT_PROMPTS[judge.language]:
        return message("The judge's instructions have changed since it was calibrated.")
    if calibration.settings != judge.settings():
        return message("The judge's endpoint or settings have changed since it was calibrated.")
    if calibration.models != now:
        before, after = (", ".join(each or "–" for each in names)[:120] for names in (calibration.models, now))
        return message(
            "The judge's model has changed since it was calibrated: {before} → {now}.", before=before, now=after
        )
    if calibration.identity != identity_digest(judge.instrument(), now):
        return message("The calibration is of another judge.")
    if on > calibration.valid_until:
        return message("The judge's calibration was valid until {date}.", date=calibration.valid_until)
    if on < calibration.made_on:
        return message("The judge's calibration was made later, on {date}.", date=calibration.made_on)
    return None


def why_uncalibrated(
    calibration: Calibration | None, judge: Judge, models: Iterable[str], language: str, on: date
) -> Message | None:
    """Return why a judge's verdicts on answers in a language decide nothing; None where they may."""
    if calibration is None:
        return message("The judge is not calibrated.")
    lapsed = why_lapsed(calibration, judge, models, on)
    if lapsed is not None:
        return lapsed
    known = calibration.of(language)
    if known is None:
        return message("The judge is not calibrated for the language {language}.", language=language[:35])
    rates = known.rates()
    for rate in (rates.sensitivity, rates.specificity):
        if isinstance(rate, Undefined):
            return rate.reason()
    return None if rates.informative else Undefined.JUDGE_NOT_INFORMATIVE.reason()
