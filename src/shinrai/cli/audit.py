"""`shinrai audit table`: audit a table of decisions from the command line, without a description file.

Exit codes: 0 every verdict is met, 1 one is not met, 2 not enough evidence, 3 usage error or an unusable table.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.cli.audit_mitigate import mitigate_group
from shinrai.cli.audit_release import release_group
from shinrai.cli.audit_samples import sample_data_command
from shinrai.cli.building import command, group, json_option
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evaluate.audit import AuditSettings, CellTable, Roles

_CODES = {"met": 0, "not_met": 1, "not_enough_evidence": 2}

HELP = {
    "audit": message("Audit decisions: whether groups are treated alike, with intervals and without moving the rows."),
    "table": message(
        "Audit a table of decisions: rates of each group, their gaps, what chance alone would show, and verdicts.\n\n"
        "FILE is Parquet, CSV or Arrow. The favourable value is never guessed.\n\n"
        "Exit codes: 0 all verdicts met, 1 one not met, 2 not enough evidence, 3 usage error."
    ),
    "label": message("Column of what really happened or was right. Without it only selection rates are compared."),
    "prediction": message("Column of what was decided."),
    "group": message("Column whose groups are compared; may be repeated."),
    "favourable": message("The value of label and prediction that means the favourable outcome."),
    "counts": message("Column of counts: each row of the file is a cell, and this says how many rows it stands for."),
    "strata": message("Column within whose values groups are compared too, such as a department; may be repeated."),
    "score": message("Column of the probability of the favourable outcome, from 0 to 1."),
    "threshold": message("Without --prediction: rows with a score of at least this are selected."),
    "cluster": message("Column that says which rows belong together, such as those of one person."),
    "weight": message("Column of sampling weights."),
    "intersect": message("Group columns to be crossed, as A,B; may be repeated."),
    "search": message("Search groups and crossings of up to three group columns for rates that stand out."),
    "confirm": message("With --search: hold this share of the rows back, and measure the findings again on them."),
    "task": message("What label and prediction are: two classes, several classes, or numbers."),
    "min-group": message("Groups of fewer rows get no verdict."),
    "limit": message("Limit of a comparison, such as tpr.difference=0.05 or ppv.ratio=0.9; it then decides."),
    "suppress-below": message(
        "Do not show groups of fewer rows, nor what would give them away; 0 shows all (default: 0; 10 with --html)."
    ),
    "seed": message("Seed of what is drawn at random."),
    "html": message("Write a page with charts to this file, to be passed on."),
}
EXAMPLE = (
    "shinrai audit table decisions.parquet --label approved --prediction predicted --group sex --favourable 1\n"
    "shinrai audit table counts.csv --prediction admitted --favourable yes --group sex --strata department --counts n\n"
    "shinrai audit table decisions.csv --label approved --score score --threshold 0.5 --favourable 1 "
    "--group sex --group age_band --intersect sex,age_band --json"
)


def audit_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    made = group("audit", language, HELP["audit"])
    for build in (_table, mitigate_group, release_group, sample_data_command):
        made.add_command(build(language))
    return made


def _table(language: Language) -> click.Command:
    return command(
        "table", language, lambda **given: _run(language, **given), _options(language), HELP["table"], EXAMPLE
    )


def _options(language: Language) -> list[click.Parameter]:
    def text(name: str) -> str:
        return HELP[name].text(language)

    def column(name: str, *, multiple: bool = False) -> click.Option:
        return click.Option([f"--{name}"], metavar="COLUMN", multiple=multiple, help=text(name))

    tasks = click.Choice(["binary", "multiclass", "regression"])
    return [
        click.Argument(["file"], type=click.Path(path_type=Path)),
        column("label"),
        column("prediction"),
        click.Option(["--group", "groups"], metavar="COLUMN", multiple=True, required=True, help=text("group")),
        click.Option(["--favourable"], metavar="VALUE", help=text("favourable")),
        column("counts"),
        column("strata", multiple=True),
        column("score"),
        click.Option(["--threshold"], type=float, help=text("threshold")),
        column("cluster"),
        column("weight"),
        click.Option(["--intersect"], metavar="A,B", multiple=True, help=text("intersect")),
        click.Option(["--search"], is_flag=True, help=text("search")),
        click.Option(["--confirm"], type=click.FloatRange(0.1, 0.9), metavar="SHARE", help=text("confirm")),
        click.Option(["--task"], type=tasks, default="binary", show_default=True, help=text("task")),
        click.Option(["--limit", "limits"], metavar="NAME=VALUE", multiple=True, help=text("limit")),
        click.Option(["--min-group"], type=click.IntRange(1), default=30, show_default=True, help=text("min-group")),
        click.Option(["--suppress-below"], type=click.IntRange(0), metavar="ROWS", help=text("suppress-below")),
        click.Option(["--seed"], type=click.IntRange(0), default=1, show_default=True, help=text("seed")),
        click.Option(["--html"], type=click.Path(path_type=Path, dir_okay=False), help=text("html")),
        json_option(language),
    ]


def _run(
    language: Language,
    *,
    file: Path,
    label: str | None,
    prediction: str | None,
    groups: tuple[str, ...],
    favourable: str | None,
    counts: str | None,
    strata: tuple[str, ...],
    score: str | None,
    threshold: float | None,
    cluster: str | None,
    weight: str | None,
    intersect: tuple[str, ...],
    search: bool,
    confirm: float | None,
    task: str,
    limits: tuple[str, ...],
    min_group: int,
    suppress_below: int | None,
    seed: int,
    html: Path | None,
    as_json: bool,
) -> int:
    from dataclasses import replace

    from shinrai.cli import tables
    from shinrai.cli.audit_release import show_noisy
    from shinrai.cli.audit_showing import show_audit
    from shinrai.evaluate.audit import AuditSettings, Roles, Task, audit_cells, to_data
    from shinrai.evaluate.audit.privacy.noisy import read_noisy
    from shinrai.evaluate.audit.settings import SHARED_BELOW

    roles = Roles(
        prediction,
        label,
        score,
        threshold,
        favourable,
        tuple(dict.fromkeys(groups)),
        tuple(dict.fromkeys(_crossing(each, groups) for each in intersect)),
        tuple(dict.fromkeys(strata)),
        cluster,
        weight,
        counts,
        Task(task),
    )
    settings = AuditSettings(
        min_group=min_group,
        suppress_below=suppress_below or None,
        seed=seed,
        limits=dict(map(_limit, limits)),
        search=search,
        confirm=confirm,
    )
    noisy = read_noisy(file) if counts is not None and file.is_file() else None
    if noisy is not None:
        # Their intervals have to include the noise, which a table of counts alone does not know of.
        show_noisy(noisy, as_json=as_json, language=language)
        return _CODES["not_enough_evidence"]
    # What is passed on does not show small groups, unless said otherwise.
    below = SHARED_BELOW if html is not None and suppress_below is None else suppress_below or None
    cells = _counted(file, roles, settings, below)
    found = audit_cells(cells, settings)
    if html is not None:
        _write_page(cells, replace(settings, suppress_below=below), html, file.name, language)
    if as_json:
        tables.as_json(to_data(found))
    else:
        show_audit(found, file.name, language)
        if html is not None:
            tables.line(message("Written: {path}", path=str(html)), language)
    return _CODES[found.answer.value]


def _counted(file: Path, roles: "Roles", settings: "AuditSettings", below: int | None) -> "CellTable":
    """Count the table, and what it takes to confirm findings and to leave small groups out."""
    from shinrai.evaluate.audit import Wanted
    from shinrai.evaluate.audit.confirming import crossed_by
    from shinrai.evaluate.audit.leaving_out import read_to_share

    if settings.confirm is not None and not settings.search:
        raise ShinraiError(
            message("There is nothing to confirm without a search."),
            fix=message("Add --search, or leave --confirm out."),
        )
    wanted = Wanted(search=min(3, len(roles.groups)) if settings.search else 0)
    return read_to_share(
        file, roles, below, wanted=wanted, crossed=() if settings.confirm is None else crossed_by(roles)
    )


def _crossing(text: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Read A,B; a column whose own name has a comma is found among the groups."""
    names = tuple(name for name in text.split(",") if name) if text not in groups else (text,)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ShinraiError(
            message("“{text}” does not name columns to be crossed.", text=text),
            fix=message("Write two or three different columns with commas, such as --intersect sex,age_band."),
        )
    return names


def _limit(text: str) -> tuple[str, float]:
    """Read <metric>.difference=0.05 or <metric>.ratio=0.9."""
    from shinrai.evaluate.audit.arms import ALL_TITLES

    name, _, value = text.partition("=")
    metric, _, form = name.rpartition(".")
    try:
        limit = float(value)
    except ValueError:
        limit = -1.0
    if metric not in ALL_TITLES or form not in {"difference", "ratio"} or not 0 <= limit < float("inf"):
        raise ShinraiError(
            message("“{text}” is no limit of a comparison.", text=text),
            fix=message("Write metric.difference=VALUE or metric.ratio=VALUE, such as tpr.difference=0.05."),
        )
    return name, limit


def _write_page(cells: "CellTable", settings: "AuditSettings", html: Path, name: str, language: Language) -> None:
    """Write the page. settings: whether what is passed on shows small groups."""
    from shinrai.cli.whole_files import write_whole
    from shinrai.evaluate.audit import audit_cells
    from shinrai.report.audit_page import render_audit_html

    write_whole(html, render_audit_html(audit_cells(cells, settings), name, language).encode())
