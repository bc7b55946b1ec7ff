"""One measure or indicator in the terminal with its whole history, and two plans side by side."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from shinrai.language import Language, Message, message
from shinrai.planwatch.comparison import Change, Comparison, Continued
from shinrai.planwatch.model import Commitment, Indicator, Measure, Plan, StatusEvent
from shinrai.planwatch.quantities import aim, amount, bracketed, labelled, listed, period, uncertainty
from shinrai.planwatch.standing import CommitmentStanding, IndicatorStanding, MeasureStanding, Progress, Standing
from shinrai.planwatch.terminal import heading, late_line, print_source, say
from shinrai.planwatch.values import no_such_id
from shinrai.planwatch.words import CERTAINTY, MEASURABLE, NO_REPORT, ORIGIN, REACH, STAGE, STATE
from shinrai.report.quantities import day, moment

if TYPE_CHECKING:
    from rich.console import Console

CHANGE: Mapping[Change, Message] = {
    Change.RE_LED: message("another lead"),
    Change.PARTNERS: message("other partners"),
    Change.RE_WORDED: message("another wording"),
    Change.MOVED: message("moved to another section"),
    Change.DUE: message("another due date"),
    Change.SPLIT: message("one of several that go on with it"),
    Change.MERGED: message("goes on with several"),
}

Earlier = Sequence[tuple[Plan, MeasureStanding]]
"""Measures of earlier plans that one goes on with."""


def print_one(standing: Standing, id_: str, earlier: Earlier, language: Language, console: "Console") -> None:
    """Print one measure, commitment or indicator; an id that the plan does not have is a ShinraiError."""
    for measure in standing.measures:
        if measure.measure.id == id_:
            return print_measure(measure, earlier, language, console)
    for commitment in standing.commitments:
        if commitment.commitment.id == id_:
            return print_commitment(commitment, language, console)
    for indicator in standing.indicators:
        if indicator.indicator.id == id_:
            return print_indicator(indicator, language, console)
    raise no_such_id(standing.plan, id_)


def print_measure(each: MeasureStanding, earlier: Earlier, language: Language, console: "Console") -> None:
    """Print a measure, what was reported on it, and what was reported on those it goes on with."""
    measure = each.measure
    say(console, f"{measure.id} {measure.title.text(language)}", "bold")
    people = [measure.lead.name.text(language), *(owner.name.text(language) for owner in measure.partners)]
    say(
        console,
        message("Lead {lead}; with {others}", lead=people[0], others=listed(people[1:], language) or "—").text(
            language
        ),
    )
    due = "—" if measure.due is None else day(measure.due, language)
    stage = message("not said") if measure.stage is None else STAGE[measure.stage]
    say(console, message("Due {due}; PDCA stage: {stage}", due=due, stage=stage).text(language))
    if measure.repeats is not None:
        say(console, message("Repeats {id}, whose reports count for it.", id=measure.repeats).text(language))
    print_source(measure.source, measure.certainty, language, console)
    if each.late is not None:
        say(console, late_line(each, language), "bold red")
    _print_history(each.progress, language, console)
    for plan, before in earlier:
        heading(
            console,
            message(
                "Goes on with {id} of {plan}: {title}",
                id=before.measure.id,
                plan=plan.title,
                title=before.measure.title,
            ),
            language,
        )
        _print_history(before.progress, language, console)


def print_commitment(each: CommitmentStanding, language: Language, console: "Console") -> None:
    """Print a commitment and what was reported on it."""
    commitment = each.commitment
    say(console, f"{commitment.id} {commitment.text.text(language)}", "bold")
    said = message(
        "Measurable: {measurable}; shown by: {shown_by}; indicators: {indicators}",
        measurable=MEASURABLE[commitment.measurable],
        shown_by=commitment.shown_by,
        indicators=", ".join(each.indicators) or "—",
    )
    say(console, said.text(language))
    print_source(commitment.source, commitment.certainty, language, console)
    _print_history(each.progress, language, console)


def _print_history(progress: Progress, language: Language, console: "Console") -> None:
    if not progress.history:
        say(console, NO_REPORT.text(language), "magenta")
    for entry in progress.history:
        event, by = entry.event, entry.replaced_by
        line = _told(event, language)
        say(console, line, "" if by is None else "strike dim")
        print_source(event.source, event.certainty, language, console, indent=4)
        if event.record is not None:
            said = message(
                "recorded by {who} on {when}, entry {index} of the log; {certainty}",
                certainty=CERTAINTY[event.certainty],
                who=event.record.name or event.record.by,
                when=moment(event.record.recorded_on, language),
                index=event.record.index,
            )
            say(console, said.text(language), indent=4)
        if by is not None:
            say(console, message("put right by entry {index}", index=by.index).text(language), indent=4)


def print_indicator(each: IndicatorStanding, language: Language, console: "Console") -> None:
    """Print an indicator with its question, every value with what is known of its uncertainty, and its targets."""
    indicator = each.indicator
    say(console, f"{indicator.id} {indicator.title.text(language)}", "bold")
    none = message("not known") if indicator.surveyed else message("none; it is counted, nobody is asked")
    question = indicator.question or none
    say(console, message("Question: {question}", question=question).text(language))
    say(console, message("Counted: {counted}", counted=indicator.counted).text(language))
    print_source(indicator.source, indicator.certainty, language, console)
    for series in each.series:
        if series.group is not None:
            say(console, series.group.title.text(language), "bold")
        if not series.observations:
            say(console, message("no value").text(language), indent=2)
        for value in series.observations:
            shown = amount(value.value, indicator.unit, value.qualifier).text(language)
            spread = uncertainty(value, indicator.unit).text(language)
            line = labelled(period(value.when, language), bracketed(shown, spread, language), language)
            say(console, line, indent=2)
            print_source(value.source, value.certainty, language, console, indent=4)
    for target in each.targets:
        by = target.target.by
        said = message(
            "Target {aim} ({date}), {origin}: {reach}",
            aim=aim(target.target, indicator.unit),
            date=message("no date set") if by is None else message("by {date}", date=day(by, language)),
            origin=ORIGIN[target.target.origin],
            reach=REACH[target.reach],
        )
        say(console, said.text(language))
        print_source(target.target.source, target.target.certainty, language, console, indent=4)


def print_comparison(found: Comparison, language: Language, console: "Console") -> None:
    """Print what changed, with what was reported on everything that was carried on or dropped."""
    said = message(
        "From {earlier} to {later}",
        earlier=f"{found.earlier.id}/{found.earlier.version}",
        later=f"{found.later.id}/{found.later.version}",
    )
    say(console, said.text(language), "bold")
    totals = message(
        "Added {added}, dropped {dropped}, carried on {continued} ({unchanged} unchanged).",
        added=len(found.added),
        dropped=len(found.dropped),
        continued=len(found.continued),
        unchanged=len(found.unchanged),
    )
    say(console, totals.text(language))
    if found.added:
        heading(console, message("Added"), language)
        for measure in found.added:
            say(console, _line(measure, language), "green")
    if found.dropped:
        heading(console, message("Dropped, with what was reported last"), language)
        for ended in found.dropped:
            say(console, _line(ended.measure, language), "red")
            _print_last(ended.progress, language, console)
    changed = [each for each in found.continued if each.changes]
    if changed:
        heading(console, message("Carried on with changes"), language)
        for each in changed:
            _print_continued(each, found, language, console)
    _print_others(found, language, console)


def _print_continued(each: Continued, found: Comparison, language: Language, console: "Console") -> None:
    changes = listed((CHANGE[change].text(language) for change in each.changes), language)
    say(console, labelled(_line(each.later, language), changes, language))
    for before in each.earlier:
        say(console, message("before: {line}", line=_line(before, language)).text(language), indent=4)
        _print_last(found.progress[before.id], language, console)


def _print_last(progress: Progress, language: Language, console: "Console") -> None:
    latest = progress.latest
    if latest is None:
        say(console, NO_REPORT.text(language), "magenta", indent=4)
    else:
        say(console, _told(latest, language), indent=4)


def _told(event: StatusEvent, language: Language) -> str:
    head = f"{period(event.when, language)} {STATE[event.state].text(language)}"
    return labelled(head, event.note.text(language), language)


def _print_others(found: Comparison, language: Language, console: "Console") -> None:
    lines = (
        message("Commitments added: {ids}", ids=_ids(found.commitments_added)),
        message("Commitments dropped: {ids}", ids=_ids(found.commitments_dropped)),
        message("Indicators added: {ids}", ids=_ids(found.indicators_added)),
        message("Indicators dropped: {ids}", ids=_ids(found.indicators_dropped)),
        message("Targets changed: {ids}", ids=_ids([each.later for each in found.retargeted])),
        message("Named as continued, but not in the earlier plan: {ids}", ids=", ".join(found.unknown)),
    )
    console.print()
    for line in lines:
        if line.parameters["ids"]:
            say(console, line.text(language))


def _ids(rows: Sequence[Commitment] | Sequence[Indicator]) -> str:
    return ", ".join(row.id for row in rows)


def _line(measure: Measure, language: Language) -> str:
    lead = measure.lead.name.ja if language is Language.JA else measure.lead.code
    return bracketed(f"{measure.id} {measure.title.text(language)}", lead, language)
