"""`shinrai plan statistics`: look up figures of the government's statistics, to be recorded for an indicator."""

from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, json_option
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.planwatch.sources.estat import Observation, Statistics, TablePage

HELP = {
    "statistics": message(
        "Look up tables and values of e-Stat, the portal of official statistics.\n\n"
        "Words search for tables; a table's id (--table) shows its values. Nothing is recorded: a value becomes part "
        "of a plan only by “shinrai plan record”. e-Stat is asked only when you run this, with a key of your own."
    ),
    "table": message("Show the values of this table (id)."),
    "where": message("Only values with this code, such as cdTimeFrom=2023000000 or cdCat01=100; may be repeated."),
    "key": message("Where your application id is: env:NAME or file:PATH. It is never shown or kept."),
    "base": message("Another address with the same answers, such as a mirror."),
    "limit": message("Show at most so many (default: 50)."),
}
EXAMPLE = "shinrai plan statistics 生成AI 利用 --key env:ESTAT_APP_ID"


def statistics_command(language: Language) -> click.Command:
    """Return `statistics`."""

    def carry_out(
        words: tuple[str, ...],
        table: str | None,
        where: tuple[str, ...],
        key: str,
        base: str | None,
        limit: int,
        as_json: bool,
    ) -> int:
        from shinrai.planwatch.sources.estat import BASE, EStat
        from shinrai.planwatch.sources.key_reference import read_key

        if bool(words) == (table is not None):
            raise ShinraiError(
                message("Either words to search for or a table is needed."),
                fix=message("Write words, or --table with a table's id."),
            )
        service = EStat(read_key(key), base or BASE)
        if table is None:
            return _show_tables(service.tables(" ".join(words), limit=limit), language, as_json=as_json)
        return _show_values(service.statistics(table, dict(map(_pair, where))), limit, language, as_json=as_json)

    def text(name: str) -> str:
        return HELP[name].text(language)

    options: list[click.Parameter] = [
        click.Argument(["words"], nargs=-1),
        click.Option(["--table"], metavar="ID", help=text("table")),
        click.Option(["--where"], multiple=True, metavar="NAME=CODE", help=text("where")),
        click.Option(["--key"], required=True, metavar="REFERENCE", help=text("key")),
        click.Option(["--base"], metavar="URL", help=text("base")),
        click.Option(["--limit"], type=click.IntRange(1, 1000), default=50, help=text("limit")),
        json_option(language),
    ]
    return command("statistics", language, carry_out, options, HELP["statistics"], EXAMPLE)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ShinraiError(message("“{text}” is not a narrowing.", text=text), fix=message("Write it as NAME=CODE."))
    return name, value


def _show_tables(page: "TablePage", language: Language, *, as_json: bool) -> int:
    from shinrai.cli import tables

    if as_json:
        names = ("id", "survey", "organisation", "title", "surveyed", "updated", "cells")
        tables.as_json({"total": page.total, "tables": [{n: getattr(t, n) for n in names} for t in page.tables]})
        return 0 if page.tables else 1
    if page.tables:
        rows = [(t.id, t.surveyed, t.organisation, f"{t.survey}: {t.title}") for t in page.tables]
        tables.table((message("Id"), message("Surveyed"), message("Organisation"), message("Table")), rows, language)
    tables.line(message("Found: {n}, shown: {m}.", n=page.total, m=len(page.tables)), language)
    return 0 if page.tables else 1


def _show_values(found: "Statistics | None", limit: int, language: Language, *, as_json: bool) -> int:
    from shinrai.cli import tables

    if found is None:
        tables.line(message("Found: {n}.", n=0), language)
        return 1
    if as_json:
        tables.as_json(_json(found))
        return 0
    tables.line(f"{found.table.survey}: {found.table.title} ({found.table.id})", language, style="bold")
    rows = [_row(each) for each in found.observations[:limit]]
    columns = [message("Time"), message("Area"), message("What"), message("Value")]
    tables.table(columns, rows, language)
    tables.line(message("Found: {n}, shown: {m}.", n=len(found.observations), m=len(rows)), language)
    if found.missing:
        tables.line(
            message("Values that are not published: {n}; a sign stands in their place.", n=found.missing), language
        )
    if found.in_part:
        tables.line(message("e-Stat says that it left something out."), language, style="yellow")
    return 0


def _row(each: "Observation") -> tuple[str, str, str, str]:
    value = str(each.value) if each.value is not None else (each.sign or "—")
    return (
        each.time.name if each.time else "—",
        each.area.name if each.area else "—",
        " / ".join(label.name for label in each.categories) or "—",
        f"{value} {each.unit or ''}".strip(),
    )


def _json(found: "Statistics") -> dict[str, Any]:
    return {
        "table": {"id": found.table.id, "survey": found.table.survey, "title": found.table.title},
        "total": found.total,
        "missing": found.missing,
        "inPart": found.in_part,
        "signs": dict(found.signs),
        "observations": [
            {
                "value": str(each.value) if each.value is not None else None,
                "sign": each.sign,
                "meaning": each.meaning,
                "unit": each.unit,
                "time": each.time.code if each.time else None,
                "area": each.area.code if each.area else None,
                "categories": {label.axis: label.code for label in each.categories},
                "words": {label.axis: label.name for label in each.categories},
            }
            for each in found.observations
        ],
    }
