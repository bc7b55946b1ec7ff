"""Plans in the terminal: what is in one, and where it stands.

Words carry everything; colour only helps. Text of a plan is made harmless first, because a terminal obeys control
characters, and is handed to `rich` as plain text, so that nothing in it is read as markup.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from shinrai.frameworks import Certainty
from shinrai.language import Language, Message, message
from shinrai.planwatch.model import Citation, Commitment, Figure, Measure, Owner, Plan, StatusEvent
from shinrai.planwatch.quantities import aim, amount, bracketed, labelled, listed, period
from shinrai.planwatch.standing import Gaps, IndicatorStanding, MeasureStanding, Standing, Tally
from shinrai.planwatch.words import CERTAINTY, LATENESS, MEASURABLE, NO_REPORT, ORIGIN, OWNER_KIND, STAGE, STATE
from shinrai.report.characters import harmless
from shinrai.report.quantities import day

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Line

_STYLE = {
    "not_started": "",
    "under_way": "cyan",
    "delivered": "green",
    "late": "bold red",
    "dropped": "dim",
    "changed": "yellow",
}


def say(console: "Console", text: str, style: str = "", *, indent: int = 0) -> None:
    """Print a text as it is, every line of it indented."""
    from rich.padding import Padding
    from rich.text import Text as Line

    console.print(Padding(Line(harmless(text), style=style), (0, 0, 0, indent), expand=False))


def heading(console: "Console", text: Message, language: Language) -> None:
    """Print a heading with an empty line before it."""
    console.print()
    say(console, text.text(language), "bold")


def table_of(heads: Sequence[tuple[Message | str, dict[str, object]]], language: Language) -> "Table":
    """Return a table with heads; each with the options that `rich` takes for its column."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Line

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head, options in heads:
        shown = head if isinstance(head, str) else head.text(language)
        # Whatever does not fit goes to the next line; text cut off with an ellipsis would be lost.
        table.add_column(Line(harmless(shown)), **{"overflow": "fold", **options})  # type: ignore[arg-type]
    return table


def cell(text: str, style: str = "") -> "Line":
    """Return a text for a cell."""
    from rich.text import Text as Line

    return Line(harmless(text), style=style)


def print_source(
    source: Citation, certainty: Certainty, language: Language, console: "Console", indent: int = 2
) -> None:
    """Print the sources of a row with their addresses, and how sure we are of it."""
    from rich.text import Text as Line

    for each in source.sources:
        title = each.title.text(language)
        if title != each.address:
            told = [title] if source.section is None else [title, source.section]
            say(console, f"{listed(told, language)} [{CERTAINTY[certainty].text(language)}]", indent=indent)
        if each.address is not None:
            # An address that is broken over two lines cannot be copied.
            console.print(Line(" " * indent + harmless(each.address)), soft_wrap=True)
        elif each.sha256 is None:
            say(console, message("no address known").text(language), "magenta", indent=indent)


def print_head(plan: Plan, language: Language, console: "Console") -> None:
    """Print title, kind, issuer, dates, and what took its place."""
    from rich.text import Text as Line

    say(console, bracketed(plan.title.text(language), f"{plan.id}/{plan.version}", language), "bold")
    issued = message(
        "{kind}, {issuer}, {date}",
        kind=OWNER_KIND[plan.owner_kind],
        issuer=plan.issuer,
        date=day(plan.published, language),
    )
    say(console, issued.text(language))
    if plan.source is not None:
        console.print(Line(harmless(plan.source)), soft_wrap=True)
    after = plan.superseded_by
    if after is not None:
        said = message(
            "Its place was taken by {version} on {date} ({certainty}).",
            version=after.version,
            date=day(after.since, language),
            certainty=CERTAINTY[after.certainty],
        )
        say(console, said.text(language), "yellow")


def print_plan(plan: Plan, language: Language, console: "Console") -> None:
    """Print everything that the plan holds, its measures by section."""
    print_head(plan, language, console)
    for policy in plan.policies:
        heading(console, message("{id} {title}", id=policy.id, title=policy.title), language)
        console.print(_measures([each for each in plan.measures if plan.policy(each.section) == policy], language))
    if language is Language.EN:
        say(console, ", ".join(f"{owner.code}: {owner.name.en}" for owner in plan.owners))
    if plan.commitments:
        heading(console, message("Commitments in the plan's prose"), language)
        console.print(_commitments(plan.commitments, language))
    if plan.figures:
        heading(console, message("Figures, by who gave them"), language)
        console.print(_figures(plan.figures, language))
    if plan.indicators:
        heading(console, message("Indicators"), language)
        rows = table_of(
            (("ID", {"no_wrap": True}), (message("Indicator"), {}), (message("What is counted"), {})), language
        )
        for each in plan.indicators:
            rows.add_row(cell(each.id), cell(each.title.text(language)), cell(each.counted.text(language)))
        console.print(rows)
    console.print()
    counted = message(
        "{measures} measures ({unique} without repetitions), {commitments} commitments, {figures} figures, "
        "{indicators} indicators.",
        measures=len(plan.measures),
        unique=sum(each.repeats is None for each in plan.measures),
        commitments=len(plan.commitments),
        figures=len(plan.figures),
        indicators=len(plan.indicators),
    )
    say(console, counted.text(language))
    for note in (*plan.certainty_notes, *plan.open_questions):
        say(console, f"- {note.text(language)}")


def _measures(measures: Sequence[Measure], language: Language) -> "Table":
    due = any(each.due is not None for each in measures)
    heads: list[tuple[Message | str, dict[str, object]]] = [
        ("ID", {"no_wrap": True}),
        (message("Measure"), {"overflow": "fold"}),
        (message("Lead"), {"overflow": "fold"}),
        (message("Partners"), {"overflow": "fold"}),
    ]
    rows = table_of([*heads, (message("Due on"), {"no_wrap": True})] if due else heads, language)
    for each in measures:
        partners = listed((_who(owner, language) for owner in each.partners), language)
        values = [cell(each.id), cell(each.title.text(language)), cell(_who(each.lead, language)), cell(partners)]
        rows.add_row(*values, *([cell("—" if each.due is None else each.due.isoformat())] if due else []))
    return rows


def _who(owner: Owner, language: Language) -> str:
    """Return an owner as a narrow column shows one: by its Japanese name, which is short, in English by its code."""
    return owner.name.ja if language is Language.JA else owner.code


def _commitments(commitments: Sequence[Commitment], language: Language) -> "Table":
    rows = table_of(
        (
            ("ID", {"no_wrap": True}),
            (message("Commitment"), {}),
            (message("Measurable"), {}),
            (message("Shown by"), {}),
        ),
        language,
    )
    for each in commitments:
        rows.add_row(
            cell(each.id),
            cell(each.text.text(language)),
            cell(MEASURABLE[each.measurable].text(language)),
            cell(each.shown_by.text(language)),
        )
    return rows


def _figures(figures: Sequence[Figure], language: Language) -> "Table":
    rows = table_of(
        (("ID", {"no_wrap": True}), (message("Figure"), {}), (message("Amount"), {}), (message("Origin"), {})), language
    )
    for each in figures:
        rows.add_row(
            cell(each.id),
            cell(each.title.text(language)),
            cell(amount(each.value, each.unit, each.qualifier).text(language)),
            cell(ORIGIN[each.origin].text(language), "yellow" if each.origin.value == "press" else ""),
        )
    return rows


def print_standing(standing: Standing, language: Language, console: "Console") -> None:
    """Print where a plan stands: counts, policy by lead, reports, what is late, indicators, what is not known."""
    print_head(standing.plan, language, console)
    say(console, message("As of {date}", date=day(standing.as_of, language)).text(language))
    console.print()
    say(console, counts(standing.tally, language))
    if standing.unique < standing.tally.measures:
        repeated = message("Measures that repeat another one: {n}.", n=standing.tally.measures - standing.unique)
        say(console, repeated.text(language))
    heading(console, message("Measures with a report, of all, by lead and policy"), language)
    console.print(_matrix(standing, language))
    for policy in standing.plan.policies:
        say(console, labelled(policy.id, policy.title.text(language), language), indent=2)
    if any(tally.measures for tally in standing.stages.values()):
        said = listed(
            (f"{STAGE[stage].text(language)} {tally.measures}" for stage, tally in standing.stages.items()), language
        )
        stages = message("PDCA: {stages}; not said {n}.", stages=said, n=len(standing.gaps.without_stage))
        say(console, stages.text(language))
    _print_reported(standing, language, console)
    if standing.late:
        heading(console, message("Late"), language)
        for each in standing.late:
            say(console, late_line(each, language), "bold red")
    if standing.indicators:
        heading(console, message("Indicators"), language)
        for indicator in standing.indicators:
            print_indicator_line(indicator, language, console)
    heading(console, message("What cannot be told"), language)
    unknown = list(gap_lines(standing.gaps, standing.tally.measures))
    for line in unknown or [message("Nothing: every measure and value has what is asked of it.")]:
        say(console, f"- {line.text(language)}")
    if standing.strays:
        strays = message("{n} records in the log name ids that this plan does not have.", n=len(standing.strays))
        say(console, f"- {strays.text(language)}")


def counts(tally: Tally, language: Language) -> str:
    """Return the counts of measures by state on one line, no report last and never left out."""
    parts = [f"{STATE[state].text(language)} {n}" for state, n in tally.states.items()]
    parts.append(f"{NO_REPORT.text(language)} {tally.no_report}")
    said = message(
        "{n} measures: {states}. Late: {late}.", n=tally.measures, states=listed(parts, language), late=tally.late
    )
    return said.text(language)


def _matrix(standing: Standing, language: Language) -> "Table":
    plan = standing.plan
    columns: list[tuple[Message | str, dict[str, object]]] = [(message("Lead"), {"overflow": "fold"})]
    columns += [(policy.id, {"justify": "right", "no_wrap": True}) for policy in plan.policies]
    rows = table_of(columns, language)
    cells = {(cell_.policy.id, cell_.lead.code): cell_.tally for cell_ in standing.cells}
    for lead in plan.leads:
        found = [cells.get((policy.id, lead.code)) for policy in plan.policies]
        rows.add_row(
            cell(lead.name.text(language)),
            *(cell("") if each is None else cell(_share(each), "red" if each.late else "") for each in found),
        )
    return rows


def _share(tally: Tally) -> str:
    return f"{tally.reported}/{tally.measures}" + (" !" if tally.late else "")


def _print_reported(standing: Standing, language: Language, console: "Console") -> None:
    titles = standing.plan.titles()
    found: list[tuple[str, StatusEvent]] = []
    for id_, progress in (
        *((each.measure.id, each.progress) for each in standing.measures if each.measure.repeats is None),
        *((each.commitment.id, each.progress) for each in standing.commitments),
        *standing.sections.items(),
    ):
        if progress.latest is not None:
            found.append((id_, progress.latest))
    if not found:
        return
    heading(console, message("Last reports"), language)
    rows = table_of(
        (
            ("ID", {"no_wrap": True}),
            (message("Reported state"), {"no_wrap": True}),
            (message("Date or period"), {"no_wrap": True}),
            (message("What was reported"), {"overflow": "fold"}),
        ),
        language,
    )
    for id_, event in found:
        said = event.note.text(language) + ("" if event.about in titles else f" ({event.about})")
        rows.add_row(
            cell(id_),
            cell(STATE[event.state].text(language), _STYLE[event.state.value]),
            cell(event.when.text),
            cell(f"{said} [{event.certainty.value}]"),
        )
    console.print(rows)


def late_line(each: MeasureStanding, language: Language) -> str:
    """Return one late measure on one line."""
    due = each.measure.due
    said = message(
        "{id} {title} ({lead}): due {due}, {why}",
        id=each.measure.id,
        title=each.measure.title,
        lead=each.measure.lead.name,
        due="—" if due is None else day(due, language),
        why=message("unknown") if each.late is None else LATENESS[each.late],
    )
    return said.text(language)


def print_indicator_line(each: IndicatorStanding, language: Language, console: "Console") -> None:
    """Print an indicator with the last value of each group, and its targets with their origin."""
    unit = each.indicator.unit
    say(console, f"{each.indicator.id} {each.indicator.title.text(language)}")
    values = []
    for series in each.series:
        if series.observations:
            last = series.observations[-1]
            name = "" if series.group is None else f"{series.group.title.text(language)} "
            shown = amount(last.value, unit, last.qualifier).text(language)
            values.append(bracketed(f"{name}{shown}", period(last.when, language), language))
    say(console, " · ".join(values) or message("no value").text(language), indent=4)
    for target in each.targets:
        by = target.target.by
        said = message(
            "target {aim} ({date}): {origin}",
            aim=aim(target.target, unit),
            date=message("no date set") if by is None else message("by {date}", date=day(by, language)),
            origin=ORIGIN[target.target.origin],
        )
        say(console, said.text(language), indent=4)


def gap_lines(gaps: Gaps, measures: int) -> Iterable[Message]:
    """Return what cannot be known, each with its share of the whole; what is complete is left out."""
    if gaps.without_report:
        yield message("{n} of {all} measures have no report.", n=len(gaps.without_report), all=measures)
    if gaps.without_due:
        yield message("{n} of {all} measures have no due date.", n=len(gaps.without_due), all=measures)
    if gaps.commitments_without_indicator:
        yield message("No indicator for these commitments: {ids}.", ids=", ".join(gaps.commitments_without_indicator))
    if gaps.without_observation:
        yield message("No value for these indicators: {ids}.", ids=", ".join(gaps.without_observation))
    if gaps.questions_not_known:
        yield message("The words of the question are not known for: {ids}.", ids=", ".join(gaps.questions_not_known))
    if gaps.observations_without_interval:
        yield message(
            "{n} of {all} values have no interval.", n=gaps.observations_without_interval, all=gaps.observations
        )
    if gaps.targets_without_date:
        yield message("{n} of {all} targets have no date.", n=gaps.targets_without_date, all=gaps.targets)
    if gaps.unsourced:
        yield message("{n} rows name no source that a reader can open.", n=len(gaps.unsourced))
