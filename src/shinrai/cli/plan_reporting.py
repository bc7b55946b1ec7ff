"""`shinrai plan report`: the follow-up report of a plan, in both languages and as JSON.

Exit codes: 0 the report was written, 3 usage error. Whether something is late is said by `shinrai plan status`.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.cli.building import command, force_option, home_option, json_option
from shinrai.cli.planning import day_option, plan_argument, standing_of, write_whole
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.planwatch import Plan, Standing
    from shinrai.planwatch.comparison import Comparison
    from shinrai.planwatch.report import PlanReport

NAME = "plan-report"
EXAMPLE = "shinrai plan report jp.plan --out follow-up --against phase-2.yaml"
HELP = {
    "report": message(
        "Write the follow-up report of a plan: one HTML file for each language, and every figure as JSON."
    ),
    "out": message("The folder for the report; it is made when it is not there."),
    "since": message("What came to count after this date has moved (YYYY-MM-DD; default: a year before --as-of)."),
    "against": message("Compare with this version or plan: what it adds, ends, re-leads and carries on."),
}
"""Help texts; a message each, so that they stand in the catalogue."""


def report_command(language: Language) -> click.Command:
    """Return the command with its help in a language."""

    def run(
        plan: str,
        out: Path,
        home: Path | None,
        as_of: datetime | None,
        since: datetime | None,
        against: str | None,
        force: bool,
        as_json: bool,
    ) -> int:
        from shinrai.planwatch import find_plan
        from shinrai.planwatch.machine import to_json
        from shinrai.planwatch.report import report_json

        found = _gathered(find_plan(plan), home, as_of, since, against)
        paths = _write(found, out, force=force)
        if as_json:
            click.echo(to_json(report_json(found)), nl=False)
        else:
            _say(found, paths, language)
        return 0

    folder = click.Path(path_type=Path, file_okay=False)
    moment = click.DateTime(["%Y-%m-%d"])
    params: list[click.Parameter] = [
        plan_argument(),
        click.Option(["--out"], type=folder, required=True, help=HELP["out"].text(language)),
        day_option("as-of", language),
        click.Option(["--since"], type=moment, metavar="DATE", help=HELP["since"].text(language)),
        click.Option(["--against"], metavar="PLAN", help=HELP["against"].text(language)),
        home_option(language),
        force_option(language),
        json_option(language),
    ]
    return command("report", language, run, params, HELP["report"], EXAMPLE)


def _gathered(
    plan: "Plan", home: Path | None, as_of: datetime | None, since: datetime | None, against: str | None
) -> "PlanReport":
    from shinrai.planwatch import available_plans, find_plan, load_plan
    from shinrai.planwatch.report import gather, year_before

    standing = standing_of(plan, home, as_of)
    start = year_before(standing.as_of) if since is None else since.date()
    if start >= standing.as_of:
        raise ShinraiError(
            message("{since} is not before {as_of}.", since=start.isoformat(), as_of=standing.as_of.isoformat()),
            fix=message("Give --since a date before --as-of."),
        )
    shipped = [load_plan(key) for key in available_plans() if key != (plan.id, plan.version)]
    others = [standing_of(other, home, as_of) for other in shipped]
    comparison = None
    if against is not None:
        other = standing_of(find_plan(against), home, as_of)
        others.insert(0, other)
        comparison = _compared(standing, other)
    return gather(standing, since=start, comparison=comparison, others=others)


def _compared(standing: "Standing", other: "Standing") -> "Comparison":
    """Compare the plan that was published first with the other one; of two of one day, the one reported on is first."""
    from shinrai.planwatch import compare

    if other.plan.published < standing.plan.published:
        return compare(other, standing.plan)
    return compare(standing, other.plan)


def _write(report: "PlanReport", out: Path, *, force: bool) -> list[Path]:
    from shinrai.planwatch.machine import to_json
    from shinrai.planwatch.report import render_plan_html, report_json

    texts = {out / f"{NAME}.{each.value}.html": render_plan_html(report, each) for each in Language}
    texts[out / f"{NAME}.json"] = to_json(report_json(report))
    # Before anything is written, so that no report is half of one day and half of another.
    if not force:
        for path in texts:
            if path.exists():
                raise ShinraiError(
                    message("A file of the report exists already: {path}.", path=path),
                    fix=message("Choose another folder with --out, or replace the report with --force."),
                )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ShinraiError(message("{path} cannot be written.", path=out)) from error
    for path, text in texts.items():
        write_whole(path, text.encode(), force=force)
    return list(texts)


def _say(report: "PlanReport", paths: list[Path], language: Language) -> None:
    from shinrai.report.quantities import day  # with all it stands on, which other commands need not load

    counts = report.standing.tally
    said = message(
        "Follow-up report of {plan} as of {date}: {reported} of {all} measures have a report.",
        plan=report.plan.title,
        date=day(report.standing.as_of, language),
        reported=counts.reported,
        all=counts.measures,
    )
    click.echo(said.text(language))
    for path in paths:
        click.echo(f"  {path}")
