"""`shinrai plan`: follow a plan (the national one, or one's own) on the command line.

Exit codes of `plan status`: 0 every measure has a report and none is late, 1 something is late, 2 nothing is known to
be late but some measures have no report, 3 usage error. The other commands end with 0 or 3.
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli import building
from shinrai.cli.building import force_option, group, home_option, json_option
from shinrai.cli.plan_statistics import statistics_command
from shinrai.cli.watching import watch_command
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from rich.console import Console

    from shinrai.planwatch import Plan, Standing

DEFAULT = "jp.plan"

HELP = {
    "plan": message(
        "Follow a plan: the national AI Basic Plan, or the plan of a ministry, a local government or a company.\n\n"
        "PLAN is a plan that comes with Shinrai (jp.plan), or a file (.yaml, .xlsx)."
    ),
    "show": message("Show what is in a plan; with ID, one measure, commitment or indicator with its whole history."),
    "status": message(
        "Show where a plan stands: what was reported, what is late, what cannot be told.\n\n"
        "Exit codes: 0 every measure has a report and none is late, 1 something is late, 2 some have no report, "
        "3 usage error."
    ),
    "record": message(
        "Record what a source says of a measure, or a value of an indicator, signed by a named person.\n\n"
        "It lands in the evidence log and stays there; --replaces puts an earlier record right."
    ),
    "import": message("Turn a plan in a workbook into a plan file, or say in which cell something is wrong."),
    "template": message("Write the template of a plan as a workbook, with a guide and a filled example."),
    "diff": message("Compare two versions of a plan: added, dropped, carried on, and what changed."),
    "plan-option": message("The plan: one that comes with Shinrai, or a file (default: jp.plan)."),
    "as-of": message("Show it as it stood on this date (YYYY-MM-DD; default: today)."),
    "earlier": message("An earlier plan whose history belongs to it; may be given several times."),
    "state": message("What the source says of the measure."),
    "value": message("The value of the indicator, such as 31.2."),
    "date": message("Day, month, year or fiscal year it is about: 2025-12-19, 2025-12, 2025, FY2025."),
    "source": message("Where it can be read: an https address, or a document, which is kept in the log."),
    "by": message("The person (id) who records and signs it."),
    "name": message("That person's name, as reports show it."),
    "note-ja": message("What happened, in Japanese."),
    "note-en": message("What happened, in English. One of the two notes stands for both."),
    "certainty": message("C: read in the source itself; C2: in a text that quotes it; M: unverified (default: C)."),
    "replaces": message("Index in the log of the record that this one puts right."),
    "group": message("The group of the indicator that the value is about."),
    "n": message("How many answers the value rests on."),
    "interval": message("The interval that the source gives: its lower and upper end and its level in percent."),
    "published": message("The day on which the value was published (YYYY-MM-DD)."),
    "qualifier": message("How exactly the source gives the value."),
    "out-yaml": message("The plan file to write (default: beside the workbook, as .yaml)."),
    "out-xlsx": message("The workbook to write."),
    "example": message("Fill the example into the sheets, ready to be imported."),
}
"""Help texts; a message each, so that they stand in the catalogue."""

EXAMPLES = {
    "show": "shinrai plan show jp.plan JP-BP1-1.4.iv",
    "status": "shinrai plan status jp.plan --as-of 2026-11-20",
    "record": (
        "shinrai plan record JP-BP1-3.1.ii --state delivered --date 2025-12-19 "
        "--source https://www8.cao.go.jp/cstp/ai/ai_guideline/ai_guideline.html --by yamada --note-en 'Decided.'"
    ),
    "import": "shinrai plan import plan.xlsx --out plan.yaml",
    "template": "shinrai plan template --out plan.xlsx",
    "diff": "shinrai plan diff jp.plan phase-2.yaml",
}


def plan_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    from shinrai.cli.plan_reporting import report_command  # it is built from the options of this module

    made = group("plan", language, HELP["plan"])
    for build in (
        _show,
        _status,
        _record,
        _import,
        _template,
        _diff,
        report_command,
        statistics_command,
        watch_command,
    ):
        made.add_command(build(language))
    return made


def command(name: str, language: Language, run: Callable[..., Any], params: list[click.Parameter]) -> click.Command:
    """Return a command of the group, with its help and its example."""
    return building.command(name, language, run, params, HELP[name], EXAMPLES.get(name))


def option(name: str, language: Language, **given: Any) -> click.Option:
    """Return an option with its help."""
    return click.Option([f"--{name}"], help=HELP[name].text(language), **given)


def plan_argument(name: str = "plan", *, default: str | None = DEFAULT) -> click.Argument:
    """Return the argument that names a plan."""
    return click.Argument([name], default=default, required=default is None)


def day_option(name: str, language: Language) -> click.Option:
    """Return an option for one day."""
    return option(name, language, type=click.DateTime(["%Y-%m-%d"]), metavar="DATE")


def standing_of(plan: "Plan", home: Path | None, as_of: datetime | None) -> "Standing":
    """Return where a plan stands with what the evidence log says of it."""
    from shinrai.planwatch import followed, stand

    return stand(followed(plan, home), date.today() if as_of is None else as_of.date())


def printed(language: Language, write: Callable[[Language, "Console"], None]) -> None:
    """Print to the terminal; nothing goes wrong when the reader of a pipe leaves."""
    import os
    import sys

    from rich.console import Console

    try:
        write(language, Console(highlight=False))
    except SystemExit:
        # Rich ends the program with 1 when the reader of a pipe has left, and 1 would say that something is late.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(language: Language) -> click.Command:
    def run(
        plan: str, id_: str | None, home: Path | None, as_of: datetime | None, earlier: tuple[str, ...], as_json: bool
    ) -> int:
        from shinrai.planwatch import find_plan
        from shinrai.planwatch.machine import plan_json, to_json
        from shinrai.planwatch.terminal import print_plan

        found = find_plan(plan)
        if id_ is not None:
            _show_one(language, found, id_, home, as_of, earlier, as_json=as_json)
        elif as_json:
            click.echo(to_json(plan_json(found)), nl=False)
        else:
            printed(language, lambda language, console: print_plan(found, language, console))
        return 0

    params: list[click.Parameter] = [
        plan_argument(),
        click.Argument(["id_"], metavar="[ID]", required=False),
        home_option(language),
        day_option("as-of", language),
        option("earlier", language, multiple=True, metavar="PLAN"),
        json_option(language),
    ]
    return command("show", language, run, params)


def _show_one(
    language: Language,
    plan: "Plan",
    id_: str,
    home: Path | None,
    as_of: datetime | None,
    earlier: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    from shinrai.planwatch import available_plans, find_plan, load_plan, predecessors
    from shinrai.planwatch.machine import one_json, to_json
    from shinrai.planwatch.terminal_details import print_one

    standing = standing_of(plan, home, as_of)
    others = [find_plan(name) for name in earlier]
    others += [load_plan(key) for key in available_plans() if key != (plan.id, plan.version)]
    before = predecessors(plan, id_, [standing_of(other, home, as_of) for other in others])
    if as_json:
        click.echo(to_json(one_json(standing, id_, before)), nl=False)
    else:
        printed(language, lambda language, console: print_one(standing, id_, before, language, console))


def _status(language: Language) -> click.Command:
    def run(plan: str, home: Path | None, as_of: datetime | None, as_json: bool) -> int:
        from shinrai.planwatch import find_plan
        from shinrai.planwatch.machine import standing_json, to_json
        from shinrai.planwatch.terminal import print_standing

        standing = standing_of(find_plan(plan), home, as_of)
        if as_json:
            click.echo(to_json(standing_json(standing)), nl=False)
        else:
            printed(language, lambda language, console: print_standing(standing, language, console))
        return exit_code(standing)

    params: list[click.Parameter] = [
        plan_argument(),
        home_option(language),
        day_option("as-of", language),
        json_option(language),
    ]
    return command("status", language, run, params)


def exit_code(standing: "Standing") -> int:
    """Return 1 when something is late, else 2 when something has no report, else 0."""
    if standing.tally.late:
        return 1
    return 2 if standing.tally.no_report else 0


def _record(language: Language) -> click.Command:
    def run(id_: str, plan: str, home: Path | None, as_json: bool, **given: Any) -> int:
        from shinrai.cli.recording import record

        return record(language, id_, plan, home, given, as_json=as_json)

    words = {
        "state": ("not_started", "under_way", "delivered", "late", "dropped", "changed"),
        "certainty": ("C", "C2", "M"),
        "qualifier": ("exact", "about", "over"),
    }
    choices = {name: click.Choice(values) for name, values in words.items()}
    texts = ("note-ja", "note-en", "name", "group", "value")
    params: list[click.Parameter] = [
        click.Argument(["id_"], metavar="ID"),
        click.Option(["--plan"], default=DEFAULT, help=HELP["plan-option"].text(language)),
        option("state", language, type=choices["state"]),
        option("date", language, required=True),
        option("source", language, required=True),
        option("by", language, required=True),
        *(option(name, language) for name in texts),
        option("n", language, type=click.IntRange(1)),
        option("interval", language, nargs=3, metavar="LOW HIGH LEVEL"),
        option("qualifier", language, type=choices["qualifier"], default="exact", show_default=True),
        day_option("published", language),
        option("certainty", language, type=choices["certainty"], default="C"),
        option("replaces", language, type=click.IntRange(0)),
        home_option(language),
        json_option(language),
    ]
    return command("record", language, run, params)


def _import(language: Language) -> click.Command:
    def run(file: Path, out: Path | None, force: bool, as_json: bool) -> int:
        from shinrai.planwatch.machine import plan_json, to_json
        from shinrai.planwatch.workbook import import_workbook

        target = file.with_suffix(".yaml") if out is None else out
        done = import_workbook(file)
        write_whole(target, done.text, force=force)
        if as_json:
            click.echo(to_json(plan_json(done.plan)), nl=False)
            return 0
        said = message(
            "{path}: {measures} measures, {indicators} indicators, {owners} owners.",
            path=target,
            measures=len(done.plan.measures),
            indicators=len(done.plan.indicators),
            owners=len(done.plan.owners),
        )
        click.echo(said.text(language))
        if done.copied:
            both = message("{n} texts were given in one language only, and stand for both.", n=done.copied)
            click.echo(both.text(language))
        return 0

    params: list[click.Parameter] = [
        click.Argument(["file"], type=click.Path(path_type=Path, dir_okay=False)),
        click.Option(["--out"], type=click.Path(path_type=Path, dir_okay=False), help=HELP["out-yaml"].text(language)),
        force_option(language),
        json_option(language),
    ]
    return command("import", language, run, params)


def _template(language: Language) -> click.Command:
    def run(out: Path, example: bool, force: bool, as_json: bool) -> int:
        from shinrai.planwatch.machine import to_json
        from shinrai.planwatch.workbook_template import template_bytes

        if out.suffix.lower() != ".xlsx":
            raise ShinraiError(message("A template is a workbook: its name ends with .xlsx."))
        write_whole(out, template_bytes(language, filled=example), force=force)
        said: Message = message("{path} was written. When it is filled in: shinrai plan import {path}", path=out)
        click.echo(to_json({"path": str(out)}) if as_json else said.text(language), nl=not as_json)
        return 0

    params: list[click.Parameter] = [
        click.Option(
            ["--out"],
            type=click.Path(path_type=Path, dir_okay=False),
            default=Path("plan.xlsx"),
            show_default=True,
            help=HELP["out-xlsx"].text(language),
        ),
        option("example", language, is_flag=True),
        force_option(language),
        json_option(language),
    ]
    return command("template", language, run, params)


def write_whole(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file that appears whole or not at all; an existing one is replaced only when that was asked for."""
    import os

    if path.exists() and not force:
        raise ShinraiError(
            message("{path} exists already.", path=path),
            fix=message("Choose another name with --out, or replace it with --force."),
        )
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError as error:
        raise ShinraiError(message("{path} cannot be written.", path=path)) from error
    finally:
        fresh.unlink(missing_ok=True)


def _diff(language: Language) -> click.Command:
    def run(earlier: str, later: str, home: Path | None, as_of: datetime | None, as_json: bool) -> int:
        from shinrai.planwatch import compare, find_plan
        from shinrai.planwatch.machine import comparison_json, to_json
        from shinrai.planwatch.terminal_details import print_comparison

        found = compare(standing_of(find_plan(earlier), home, as_of), find_plan(later))
        if as_json:
            click.echo(to_json(comparison_json(found)), nl=False)
        else:
            printed(language, lambda language, console: print_comparison(found, language, console))
        return 0

    params: list[click.Parameter] = [
        plan_argument("earlier", default=None),
        plan_argument("later", default=None),
        home_option(language),
        day_option("as-of", language),
        json_option(language),
    ]
    return command("diff", language, run, params)
