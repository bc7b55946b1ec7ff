"""`shinrai frameworks list`, `search` and `compare`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, json_option
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.frameworks import Framework
    from shinrai.frameworks.comparison import Cell, Comparison
    from shinrai.frameworks.instrument import Instrument
    from shinrai.frameworks.search import Hit

HELP = {
    "list": message(
        "List the laws, strategies, guidelines, standards and institutions that Shinrai knows, and how much of each is "
        "data.\n\n"
        "Name one to see what it means for whom."
    ),
    "kind": message("Only this kind, such as law or guideline."),
    "data": message("Only those whose requirements are here as data."),
    "search": message(
        "Find requirements and instruments by words in either language, or by the beginning of an id.\n\n"
        "Words of the field are understood in both languages: 透明性 and transparency find the same."
    ),
    "versions": message("Also search versions that have been replaced."),
    "limit": message("Show at most so many (default: 20; 0 shows all)."),
    "compare": message(
        "Set instruments side by side: approach, risk classes, prohibitions, enforcement, focus, and what is counted "
        "from the data.\n\nWithout names: Japan, the EU, NIST and the UK."
    ),
}
COMPARED = ("jp.ai_act", "jp.aigb", "eu.ai_act", "us.nist.ai_rmf", "uk.principles")


def list_command(language: Language) -> click.Command:
    """Return `list`."""

    def carry_out(instrument: str | None, kind: str | None, data: bool, as_json: bool) -> int:
        from shinrai.frameworks import available, load_framework
        from shinrai.frameworks.instrument import instrument as one
        from shinrai.frameworks.instrument import instruments

        _check_kind(kind)
        held: dict[str, list[Framework]] = {}
        for key in available():
            held.setdefault(key.id, []).append(load_framework(*key))
        if instrument is not None:
            return _show_instrument(one(instrument), held.get(instrument, []), language, as_json=as_json)
        chosen = [
            each
            for each in instruments()
            if (kind is None or each.kind.value == kind) and (not data or each.id in held)
        ]
        return _show_list(chosen, held, language, as_json=as_json)

    options: list[click.Parameter] = [
        click.Argument(["instrument"], required=False),
        click.Option(["--kind"], help=HELP["kind"].text(language)),
        click.Option(["--data"], is_flag=True, help=HELP["data"].text(language)),
        json_option(language),
    ]
    example = "shinrai frameworks list --data\nshinrai frameworks list jp.ai_act"
    return command("list", language, carry_out, options, HELP["list"], example)


def _check_kind(kind: str | None) -> None:
    from shinrai.frameworks.instrument import InstrumentKind

    kinds = [each.value for each in InstrumentKind]
    if kind is not None and kind not in kinds:
        raise ShinraiError(
            message("There is no kind “{kind}”.", kind=kind), fix=message("Kinds: {known}.", known=", ".join(kinds))
        )


def _show_list(
    chosen: "Sequence[Instrument]", held: "dict[str, list[Framework]]", language: Language, *, as_json: bool
) -> int:
    from shinrai.cli import tables
    from shinrai.frameworks.instrument import KIND_NAMES

    if as_json:
        tables.as_json([instrument_json(each, held.get(each.id, [])) for each in chosen])
        return 0
    rows = [
        (each.id, KIND_NAMES[each.kind], _current(each), _held(held.get(each.id, []), language), each.certainty.value,
         each.title)
        for each in chosen
    ]  # fmt: skip
    columns = (
        message("Id"),
        message("Kind"),
        message("Version"),
        message("As data"),
        message("Mark"),
        message("Title"),
    )
    tables.table(columns, rows, language)
    n, m = sum(each.id in held for each in chosen), len(chosen)
    tables.line(message("{m} instruments, {n} of them as data.", m=m, n=n), language)
    return 0


def _current(instrument: "Instrument") -> str:
    return ", ".join(version.version for version in instrument.current) or "—"


def _held(frameworks: "Sequence[Framework]", language: Language) -> str:
    """Say how much of an instrument is data: rows for each version, and how many of them are confirmed."""
    told = [
        message(
            "{version}: {n} rows, {c} confirmed",
            version=f.version,
            n=len(f.requirements),
            c=sum(r.certainty.value == "C" for r in f.requirements),
        ).text(language)
        for f in frameworks
    ]
    return "; ".join(told) or "—"


def _show_instrument(
    instrument: "Instrument", frameworks: "Sequence[Framework]", language: Language, *, as_json: bool
) -> int:
    from shinrai.cli import tables
    from shinrai.frameworks.applicability import ROLE_NAMES
    from shinrai.frameworks.instrument import FORCE_MEANINGS, KIND_NAMES, NOTHING_DIRECTLY
    from shinrai.frameworks.model import Role

    if as_json:
        tables.as_json(instrument_json(instrument, frameworks))
        return 0
    tables.line(instrument.title, language, style="bold")
    tables.line(message("{id}, {kind}, {issuer}", id=instrument.id, kind=KIND_NAMES[instrument.kind],
                        issuer=instrument.issuer), language)  # fmt: skip
    tables.line(FORCE_MEANINGS[instrument.force], language)
    for role in ("developer", "provider", "business_user", "government"):
        meaning = getattr(instrument.meaning, role) or NOTHING_DIRECTLY
        tables.line(message("For {who}: {meaning}", who=ROLE_NAMES[Role(role)], meaning=meaning), language, indent=2)
    for version in instrument.versions:
        told = message(
            "Version {version}: published {published}, in force {day} ({mark})",
            version=version.version,
            published=version.published or "—",
            day=version.in_force or "—",
            mark=version.certainty.value,
        )
        tables.line(told, language, indent=2)
        if version.superseded_by:
            tables.line(message("Superseded by version {version}.", version=version.superseded_by), language, indent=4)
        if version.address:
            tables.line(version.address, language, indent=4)
    tables.line(message("Address: {address}", address=instrument.address or "—"), language, indent=2)
    if instrument.licence:
        licence = message(
            "Licence: {licence} ({mark})", licence=instrument.licence.title, mark=instrument.licence.certainty.value
        )
        tables.line(licence, language, indent=2)
    tables.line(message("Certainty: {mark}", mark=instrument.certainty.value), language, indent=2)
    tables.line(message("Source: {source}", source=instrument.source), language, indent=2)
    for question in instrument.open_questions:
        tables.line(message("Still to be checked: {text}", text=question), language, indent=2, style="yellow")
    tables.line(message("As data: {held}", held=_held(frameworks, language)), language, indent=2)
    return 0


def instrument_json(each: "Instrument", frameworks: "Sequence[Framework]") -> dict[str, Any]:
    """Return an instrument as JSON; frameworks: the versions of it that are data."""
    from shinrai.cli.tables import both

    return {
        "id": each.id,
        "title": both(each.title),
        "issuer": both(each.issuer),
        "kind": each.kind.value,
        "force": each.force.value,
        "jurisdiction": each.jurisdiction,
        "versions": [
            {
                "version": v.version,
                "title": both(v.title),
                "published": str(v.published) if v.published else None,
                "inForce": str(v.in_force) if v.in_force else None,
                "supersededBy": v.superseded_by,
                "address": v.address,
                "source": str(v.source),
                "certainty": v.certainty.value,
            }
            for v in each.versions
        ],
        "supersededBy": each.superseded_by,
        "restsOn": list(each.rests_on),
        "address": each.address,
        "languageOfRecord": each.language_of_record,
        "licence": {"title": both(each.licence.title), "certainty": each.licence.certainty.value}
        if each.licence
        else None,
        "means": {
            role: both(getattr(each.meaning, role)) for role in ("developer", "provider", "business_user", "government")
        },
        "source": str(each.source),
        "certainty": each.certainty.value,
        "openQuestions": [both(question) for question in each.open_questions],
        "data": [{"version": f.version, "rows": len(f.requirements), "coverage": f.coverage.value} for f in frameworks],
    }


def search_command(language: Language) -> click.Command:
    """Return `search`."""

    def carry_out(words: tuple[str, ...], every_version: bool, limit: int, as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.frameworks import available, load_framework
        from shinrai.frameworks.instrument import instruments
        from shinrai.frameworks.search import search

        frameworks = [load_framework(*key) for key in available()]
        hits = search(" ".join(words), frameworks, instruments(), versions="all" if every_version else "current")
        if as_json:
            tables.as_json([_hit_json(hit) for hit in hits])
        else:
            _show_hits(hits, limit, language)
        return 0 if hits else 1

    options: list[click.Parameter] = [
        click.Argument(["words"], nargs=-1, required=True),
        click.Option(["--all-versions", "every_version"], is_flag=True, help=HELP["versions"].text(language)),
        click.Option(["--limit"], type=click.IntRange(0), default=20, help=HELP["limit"].text(language)),
        json_option(language),
    ]
    example = "shinrai frameworks search 透明性\nshinrai frameworks search human oversight --limit 0"
    return command("search", language, carry_out, options, HELP["search"], example)


def _show_hits(hits: "Sequence[Hit]", limit: int, language: Language) -> None:
    from shinrai.cli import tables

    shown = hits[:limit] if limit else hits
    if hits:
        rows = [(f"{hit.id} {hit.version}" if hit.version else hit.id, *_hit_row(hit)) for hit in shown]
        tables.table((message("Framework"), message("Id"), message("Mark"), message("Title")), rows, language)
    tables.line(message("Found: {n}.", n=len(hits)), language)
    if len(hits) > len(shown):
        tables.line(message("{n} more; see them with --limit 0.", n=len(hits) - len(shown)), language)


def _hit_row(hit: "Hit") -> tuple[str, str, Any]:
    if hit.requirement is not None:
        return hit.requirement.id, hit.requirement.certainty.value, hit.requirement.title
    if hit.instrument is None:
        raise ValueError("a hit is a requirement or an instrument")
    return "—", hit.instrument.certainty.value, hit.instrument.title


def _hit_json(hit: "Hit") -> dict[str, Any]:
    from shinrai.cli.tables import both

    _, certainty, title = _hit_row(hit)
    return {
        "framework": hit.id,
        "version": hit.version,
        "requirement": hit.requirement.id if hit.requirement else None,
        "title": both(title),
        "certainty": certainty,
        "matches": [
            {
                "field": match.field.name.lower(),
                "part": match.part,
                "language": match.language.value if match.language else None,
                "spans": [list(span) for span in match.spans],
            }
            for match in hit.matches
        ],
    }


def compare_command(language: Language) -> click.Command:
    """Return `compare`."""

    def carry_out(instruments: tuple[str, ...], as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.frameworks import available, load_framework
        from shinrai.frameworks.comparison import compare
        from shinrai.frameworks.instrument import instrument

        chosen = [instrument(each) for each in instruments or COMPARED]
        if len({each.id for each in chosen}) < len(chosen):
            raise ShinraiError(message("An instrument is named twice."), fix=message("Name each once."))
        compared = compare(chosen, [load_framework(*key) for key in available()])
        if as_json:
            tables.as_json(_comparison_json(compared))
        else:
            _show_comparison(compared, language)
        return 0

    options: list[click.Parameter] = [click.Argument(["instruments"], nargs=-1), json_option(language)]
    example = "shinrai frameworks compare\nshinrai frameworks compare jp.ds920 eu.ai_act"
    return command("compare", language, carry_out, options, HELP["compare"], example)


def _show_comparison(compared: "Comparison", language: Language) -> None:
    """Print row by row: five columns of sentences do not fit side by side on a terminal."""
    from shinrai.cli import tables

    for row in compared.rows:
        tables.line(row.title, language, style="bold")
        tables.table(
            (message("Instrument"), message("Mark"), message("Source"), message("Finding")),
            [
                (instrument.id, cell.certainty.value if cell.certainty else "—", str(cell.source or "—"), cell.text)
                for instrument, cell in zip(compared.columns, row.cells, strict=True)
            ],
            language,
        )
        tables.line("", language)


def _comparison_json(compared: "Comparison") -> dict[str, Any]:
    return {
        "instruments": [each.id for each in compared.columns],
        "rows": [
            {
                "name": row.name,
                "title": _text(row.title),
                "counted": row.counted,
                "cells": [_cell(c) for c in row.cells],
            }
            for row in compared.rows
        ],
    }


def _cell(cell: "Cell") -> dict[str, Any]:
    return {
        "text": _text(cell.text),
        "value": cell.value,
        "known": cell.known,
        "source": str(cell.source) if cell.source else None,
        "certainty": cell.certainty.value if cell.certainty else None,
    }


def _text(text: Any) -> dict[str, str] | None:
    from shinrai.cli.tables import both

    return both(text)
