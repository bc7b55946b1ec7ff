"""The rate of answers that meet a requirement, by a judge, with the judge's errors taken out.

The rate is taken for each language by itself, because a judge is calibrated for each. A judge that is not calibrated,
or whose calibration has lapsed, gives a number that is marked so and decides nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

from shinrai.evaluate.measurement import Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.scorers.judge import Judge, Judgement
from shinrai.evaluate.scorers.judge_calibration import Calibration, why_uncalibrated
from shinrai.evaluate.scorers.judge_verdict import Word
from shinrai.evaluate.scorers.judge_waiver import Waiver
from shinrai.evaluate.statistics.clustered import Clustered, RateSpread, clustered_proportion
from shinrai.evaluate.statistics.decision import decide, needed_n
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.judge_correction import Corrected, Labelled, Rate, corrected_rate
from shinrai.evaluate.statistics.prediction_powered import Powered, powered_rate
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Message, message

METRIC = "met_rate"
CORRECTED = "Rogan-Gladen 1978, interval by square-and-add of Wilson's (Zou, Donner 2008)"
UNCORRECTED = "Wilson 1927 at the effective n (Dean, Pagano 2015), not corrected for the judge's errors"


@dataclass(frozen=True, slots=True)
class JudgedRate:
    """What a judge found in one language.

    met, not_met, undecided, errors: answers; they add up to asked. seen: the judge's rate of those it decided.
    corrected: without its errors, None where the judge is not calibrated. doubt: why it decides nothing, None where it
    may decide.
    """

    language: str
    met: int
    not_met: int
    undecided: int
    errors: int
    seen: Clustered | Undefined
    corrected: Corrected | Undefined | None
    doubt: Message | None

    @property
    def asked(self) -> int:
        """Answers that were to be judged."""
        return self.met + self.not_met + self.undecided + self.errors

    @property
    def decided(self) -> int:
        """Answers that the judge decided."""
        return self.met + self.not_met


def judged_rates(
    judge: Judge,
    judgements: Sequence[Judgement],
    models: Sequence[str],
    calibration: Calibration | None,
    on: date,
    clusters: Mapping[str, str] | None = None,
) -> tuple[JudgedRate, ...]:
    """Return the rate for each language, in the order of their tags.

    models: that answered in the whole run. clusters: for each answer's key the scenario it belongs to; answers without
    one are independent.
    """
    languages: dict[str, list[Judgement]] = {}
    for each in judgements:
        languages.setdefault(each.judged.language, []).append(each)
    return tuple(
        _rate(
            language,
            languages[language],
            why_uncalibrated(calibration, judge, models, language, on),
            calibration,
            clusters,
        )
        for language in sorted(languages)
    )


def _rate(
    language: str,
    judgements: Sequence[Judgement],
    doubt: Message | None,
    calibration: Calibration | None,
    clusters: Mapping[str, str] | None,
) -> JudgedRate:
    words = Counter(each.word for each in judgements)
    grouped: dict[str, list[tuple[int, int]]] = {}
    for each in judgements:
        if each.word in (Word.MET, Word.NOT_MET):
            cluster = (clusters or {}).get(each.judged.key, each.judged.key)
            grouped.setdefault(cluster, []).append((int(each.word is Word.MET), 1))
    seen = clustered_proportion(list(grouped.values()))
    corrected: Corrected | Undefined | None = None
    known = calibration.of(language) if calibration is not None and doubt is None else None
    if known is not None and isinstance(seen, Clustered):
        corrected = corrected_rate(Rate(seen.value, seen.interval), known.rates())
    return JudgedRate(
        language, words[Word.MET], words[Word.NOT_MET], words[Word.CANNOT_TELL], words[None], seen, corrected, doubt
    )


def judged_measurement(
    rate: JudgedRate,
    calibration: Calibration | None,
    *,
    target: str,
    check: str,
    title: Message,
    rule: Rule | None,
    decisive: bool,
    waiver: Waiver | None = None,
) -> Measurement:
    """Return a rate as a measurement. What an uncalibrated judge finds is INCONCLUSIVE whatever it is.

    ERROR where the judge gave no verdict on any answer.
    """
    value, interval = _shown(rate)
    outcome, reason, needed = _outcome(rate, calibration, rule)
    return Measurement(
        id=f"{target}.{check}.{rate.language}.{METRIC}",
        target=target,
        check=check,
        metric=METRIC,
        columns=(),
        title=title.both(),
        value=value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        level=LEVEL,
        n=rate.decided,
        coverage=Coverage(rate.decided, rate.asked),
        outcome=outcome,
        rule=rule,
        decisive=decisive,
        method=CORRECTED if isinstance(rate.corrected, Corrected) else UNCORRECTED,
        reason=None if reason is None else reason.both(),
        needed_n=needed,
        findings=tuple(each.both() for each in _findings(rate, waiver)),
        counts={
            "met": rate.met,
            "not_met": rate.not_met,
            "undecided": rate.undecided,
            "errors": rate.errors,
            **_calibration_counts(rate, calibration),
        },
    )


def _shown(rate: JudgedRate) -> tuple[float | None, Interval | None]:
    best = rate.corrected if isinstance(rate.corrected, Corrected) else rate.seen
    if rate.corrected is not None and not isinstance(rate.corrected, Corrected):
        # The calibration holds and yet fits no rate: the uncorrected number would look like a result.
        return None, None
    return (best.value, best.interval) if isinstance(best, Corrected | Clustered) else (None, None)


def _outcome(
    rate: JudgedRate, calibration: Calibration | None, rule: Rule | None
) -> tuple[Outcome, Message | None, int | None]:
    if rate.asked == rate.errors:
        return Outcome.ERROR, message("The judge gave no verdict on any answer."), None
    if isinstance(rate.seen, Undefined):
        return Outcome.INCONCLUSIVE, rate.seen.reason(), None
    if rate.doubt is not None:
        return Outcome.INCONCLUSIVE, message("{why} Its verdicts decide nothing.", why=rate.doubt), None
    if isinstance(rate.corrected, Undefined):
        return Outcome.INCONCLUSIVE, rate.corrected.reason(), None
    if rule is None or rate.corrected is None:
        return Outcome.INCONCLUSIVE, message("No limit is set; the number informs."), None
    outcome = decide(rate.corrected.interval, rule)
    if outcome is not Outcome.INCONCLUSIVE:
        return outcome, None, None
    needed = _needed(rate, rate.corrected, calibration, rule)
    if needed is None:
        return (
            outcome,
            message(
                "The interval holds the limit {limit}. More answers would not decide; the judge needs more labels.",
                limit=f"{rule.limit:g}",
            ),
            None,
        )
    return (
        outcome,
        message(
            "The interval holds the limit {limit}; about {needed} answers with the same verdicts would decide.",
            limit=f"{rule.limit:g}",
            needed=f"{needed:,}",
        ),
        needed,
    )


def _needed(rate: JudgedRate, corrected: Corrected, calibration: Calibration | None, rule: Rule) -> int | None:
    """Answers that would decide with the calibration as it is; None where its own error leaves the limit inside."""
    known = None if calibration is None else calibration.of(rate.language)
    if known is None or isinstance(rate.seen, Undefined) or not isinstance(rate.seen.spread, RateSpread):
        return None
    rates, seen, spread = known.rates(), rate.seen, rate.seen.spread

    def at(times: int) -> Interval:
        more = corrected_rate(Rate(seen.value, spread.at(times=float(times))), rates)
        return more.interval if isinstance(more, Corrected) else corrected.interval

    return needed_n(rate.decided, corrected.value, at, rule)


def _findings(rate: JudgedRate, waiver: Waiver | None) -> list[Message]:
    found = []
    if rate.doubt is not None:
        found.append(message("Not corrected for the judge's errors: {why}", why=rate.doubt))
    elif isinstance(rate.corrected, Corrected):
        seen = rate.corrected.seen
        found.append(
            message(
                "The judge itself found {seen} ({low} to {high}).",
                seen=f"{seen.value:.3f}",
                low=f"{seen.interval.low:.3f}",
                high=f"{seen.interval.high:.3f}",
            )
        )
    if rate.errors:
        found.append(message("On {n} of {m} answers the judge gave no verdict.", n=rate.errors, m=rate.asked))
    if rate.undecided:
        found.append(message("On {n} of {m} answers the judge could not tell.", n=rate.undecided, m=rate.asked))
    if waiver is not None:
        found.append(
            message(
                "The judge is or may be the system itself. {approver} allowed it: {reason}",
                approver=waiver.approver,
                reason=waiver.reason,
            )
        )
    return found


def _calibration_counts(rate: JudgedRate, calibration: Calibration | None) -> dict[str, int]:
    known = None if calibration is None or rate.doubt is not None else calibration.of(rate.language)
    if known is None:
        return {}
    labelled = known.labelled
    return {
        "calibration_found": labelled.found,
        "calibration_missed": labelled.missed,
        "calibration_false_alarms": labelled.false_alarms,
        "calibration_cleared": labelled.cleared,
    }


def reviewed_rate(
    judgements: Sequence[Judgement], people: Mapping[str, Word], *, design_effect: float = 1.0
) -> Powered | Undefined:
    """Rate of met requirements from a run of which people labelled a random part (prediction-powered inference).

    people: what they said of answers drawn at random, by key; answers on which they could not tell stay judged alone.
    It needs no calibration, since the labels show the judge's error on this very run. Answers without a verdict of the
    judge are in no number; ValueError for a design effect that is below 1 or not finite.
    """
    if not isfinite(design_effect):
        raise ValueError("need a finite design effect")
    decided = {each.judged.key: each.word for each in judgements if each.word in (Word.MET, Word.NOT_MET)}
    both = Counter((people[key], word) for key, word in decided.items() if people.get(key) in (Word.MET, Word.NOT_MET))
    rest = [word for key, word in decided.items() if people.get(key) not in (Word.MET, Word.NOT_MET)]
    if not rest:
        return Undefined.NO_SAMPLES
    labelled = Labelled(
        both[Word.MET, Word.MET],
        both[Word.MET, Word.NOT_MET],
        both[Word.NOT_MET, Word.MET],
        both[Word.NOT_MET, Word.NOT_MET],
    )
    return powered_rate(labelled, rest.count(Word.MET), len(rest), design_effect=design_effect)
