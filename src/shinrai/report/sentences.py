"""Whole sentences about an assessment: what a board member reads and what a build log prints."""

from shinrai.assess.assessment import Assessment, CouncilRecord, MeasurementRecord, Result
from shinrai.language import Bilingual, Language, Message, message
from shinrai.report.quantities import count, day, interval, limit, number, unit_of
from shinrai.report.words import cause_words, said


def conclusion(assessment: Assessment) -> Message:
    """Return the conclusion in one sentence. It speaks of voluntary adherence, never of the law."""
    counts = assessment.summary.required_counts
    asked = sum(counts.values()) - counts.get(Result.NOT_APPLICABLE, 0)
    system = Bilingual(ja=assessment.system.name.ja, en=assessment.system.name.en)
    if assessment.summary.conclusion == "met":
        return message(
            "“{system}” shows voluntary adherence to all {asked} required requirements that apply to it.",
            system=system,
            asked=asked,
        )
    open_ones = counts.get(Result.PARTLY, 0) + counts.get(Result.NOT_ASSESSED, 0)
    if assessment.summary.conclusion == "not_met":
        return message(
            "“{system}” does not show voluntary adherence to all {asked} required requirements that apply to it; "
            "not met: {failed}, not assessed or only partly met: {open}.",
            system=system,
            asked=asked,
            failed=counts.get(Result.NOT_MET, 0),
            open=open_ones,
        )
    return message(
        "It is undecided whether “{system}” shows voluntary adherence: {open} of {asked} required requirements are "
        "not assessed or only partly met.",
        system=system,
        asked=asked,
        open=open_ones,
    )


def measurement_sentence(record: MeasurementRecord, language: Language) -> Message:
    """Return what a measurement found, with n, interval and limit, and why that decides or does not."""
    unit = unit_of(record.metric)
    if record.outcome == "error":
        return message("The measurement ended in an error: {reason}", reason=_reason(record, language))
    if record.value is None:
        return message("No value could be computed: {reason}", reason=_reason(record, language))
    facts = message(
        "{value} ({interval}, n = {n})",
        value=number(record.value, unit, against=record.limit),
        interval=interval(record.interval, unit, against=record.limit),
        n=count(record.n),
    )
    if record.comparison is None:
        return message("{facts}. It informs only; no result rests on it.", facts=facts)
    return message(
        "{facts}; limit: {limit}. {meaning}", facts=facts, limit=limit(record), meaning=_meaning(record, language)
    )


def titled_sentence(record: MeasurementRecord, language: Language) -> Message:
    """Return the measurement's title and what it found. What has expired is said to have expired."""
    text = measurement_sentence(record, language)
    if not record.current:
        text = message("expired on {day}; at that time: {text}", day=day(record.valid_until, language), text=text)
    return message("{name}: {text}", name=said(record.title, language), text=text)


def _reason(record: MeasurementRecord, language: Language) -> str | Message:
    return said(record.reason, language) if record.reason else message("no reason was recorded.")


def _meaning(record: MeasurementRecord, language: Language) -> Message:
    if record.outcome == "pass":
        return message("The whole interval is within the limit.")
    if record.outcome == "fail":
        return message("The whole interval is beyond the limit.")
    if record.needed_n is not None:
        return message(
            "The interval does not settle it; about n = {needed} would be expected to decide.",
            needed=count(record.needed_n),
        )
    if record.outcome == "inconclusive" and record.reason is not None:
        return message("{reason}", reason=said(record.reason, language))
    return message("The interval does not settle it.")


def council_sentence(council: CouncilRecord) -> Message:
    """Return how the council decides, in words."""
    return message(
        "{n} seats vote on each piece of expected evidence. A value counts only when at least {q} of them sign it; the "
        "number of faulty seats this tolerates is {f}.",
        n=council.n,
        q=council.q,
        f=council.f,
    )


def independence_sentences(council: CouncilRecord) -> list[Message]:
    """Say plainly which causes are shared by more seats than the council tolerates. Empty when there is none."""
    if not council.common_causes_over_f:
        return []
    shared = [
        message(
            "{seats} of {n} seats share {cause}. One fault there could mislead more than the {f} seats tolerated.",
            seats=sum(cause in seat.causes for seat in council.seats),
            n=council.n,
            f=council.f,
            cause=cause_words(cause),
        )
        for cause in council.common_causes_over_f
    ]
    return [
        *shared,
        message(
            "The vote therefore shows that separate computations and rules agree. It is no protection against "
            "whoever controls what the seats share, and no tolerance of Byzantine faults is claimed."
        ),
    ]
