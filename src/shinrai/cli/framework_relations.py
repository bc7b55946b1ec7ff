"""`shinrai frameworks diff` and `map`: what a version changed, and what another framework's results are worth here."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, json_option
from shinrai.language import Language, Message, message

if TYPE_CHECKING:
    from shinrai.frameworks.difference import Difference, RowChange
    from shinrai.frameworks.mapped import MappedCoverage, MappedRow
    from shinrai.frameworks.paths import Path

HELP = {
    "diff": message(
        "Show what differs between two versions of a framework: added, dropped, changed, moved.\n\n"
        "What it means for an assessment: shinrai report BUNDLE --trust TRUST --under FRAMEWORK@VERSION"
    ),
    "texts": message("Also show the wording before and after."),
    "map": message(
        "Show what results for one framework are worth for another, row by row.\n\n"
        "A mapping can suggest, never satisfy: only “equal” and “superset” carry a result, and only once a person has "
        "reviewed them."
    ),
    "hops": message("How many mappings may be chained (1 to 4, default 3)."),
    "rows": message("List every row, also those to which nothing is mapped."),
}
CHANGES: dict[str, Message] = {
    "added": message("added"),
    "dropped": message("dropped"),
    "changed": message("changed"),
    "moved": message("moved"),
    "editorial": message("editorial only"),
    "unchanged": message("unchanged"),
}
RELATIONS: dict[str, Message] = {
    "equal": message("equal"),
    "superset": message("superset"),
    "subset": message("subset"),
    "intersects": message("intersects"),
    "none": message("nothing in common"),
}
STATES: dict[str, Message] = {
    "reviewed": message("reviewed"),
    "proposed": message("proposed"),
    "disputed": message("disputed"),
}
STANDINGS: dict[str, Message] = {
    "carried": message("carries"),
    "would_carry": message("would carry"),
    "related": message("related"),
    "disputed": message("disputed"),
    "heading": message("heading only"),
    "nothing": message("nothing"),
}


def diff_command(language: Language) -> click.Command:
    """Return `diff`."""

    def carry_out(old: str, new: str, texts: bool, as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.frameworks import choose
        from shinrai.frameworks.difference import difference

        found = difference(choose(old), choose(new))
        if as_json:
            tables.as_json(_difference_json(found))
        else:
            _show_difference(found, language, texts=texts)
        return 0

    options: list[click.Parameter] = [
        click.Argument(["old"]),
        click.Argument(["new"]),
        click.Option(["--texts"], is_flag=True, help=HELP["texts"].text(language)),
        json_option(language),
    ]
    example = "shinrai frameworks diff jp.aigb@1.1 jp.aigb@1.2\nshinrai frameworks diff jp.ds920@1 jp.ds920 --texts"
    return command("diff", language, carry_out, options, HELP["diff"], example)


def _show_difference(found: "Difference", language: Language, *, texts: bool) -> None:
    from shinrai.cli import tables
    from shinrai.frameworks.difference import Change

    counts = {change: len(found.of(change)) for change in Change}
    told = ", ".join(f"{CHANGES[change].text(language)} {n}" for change, n in counts.items())
    versions = message("{id}: {old} → {new}", id=found.new.id, old=found.old.version, new=found.new.version)
    tables.line(versions, language, style="bold")
    tables.line(told, language)
    for caveat in found.caveats:
        tables.line(caveat, language, style="yellow")
    rows = [
        (CHANGES[row.change], _ids(row), _what(row, language), (row.new or row.old).title)  # type: ignore[union-attr]
        for row in found.rows
        if row.change is not Change.UNCHANGED
    ]
    if rows:
        tables.line("", language)
        tables.table((message("Change"), message("Id"), message("What differs"), message("Title")), rows, language)
    if texts:
        for row in found.of(Change.CHANGED):
            _show_wording(row, language)


def _ids(row: "RowChange") -> str:
    if row.old and row.new and row.old.id != row.new.id:
        return f"{row.old.id} → {row.new.id}"
    return (row.new or row.old).id  # type: ignore[union-attr]


def _what(row: "RowChange", language: Language) -> str:
    from shinrai.frameworks.difference import FIELD_NAMES

    joint = "、" if language is Language.JA else ", "
    return joint.join(FIELD_NAMES[field].text(language) for field in row.fields) or "—"


def _show_wording(row: "RowChange", language: Language) -> None:
    from rich.text import Text

    from shinrai.cli import tables
    from shinrai.frameworks.wording import Kept, wording

    if row.old is None or row.new is None or "text" not in row.fields:
        return
    tables.line("", language)
    tables.line(_ids(row), language, style="bold")
    shown = Text()
    # Signs as well as colours, so that it can be read without colours.
    marks = {Kept.BOTH: ("", "", ""), Kept.OLD: ("[-", "-]", "red"), Kept.NEW: ("{+", "+}", "green")}
    for stretch in wording(row.old.text.text(language), row.new.text.text(language)):
        before, after, style = marks[stretch.kept]
        shown.append(before + tables.said(stretch.text, language) + after, style=style)
    tables.show(shown)


def _difference_json(found: "Difference") -> dict[str, Any]:
    from shinrai.cli.tables import both

    touched = found.touched
    return {
        "id": found.new.id,
        "old": found.old.version,
        "new": found.new.version,
        "header": list(found.header),
        "caveats": [both(caveat) for caveat in found.caveats],
        "rows": [
            {
                "change": row.change.value,
                "old": row.old.id if row.old else None,
                "new": row.new.id if row.new else None,
                "fields": list(row.fields),
                "cause": both(touched.get(row.new.id)) if row.new else None,
                "text": {
                    "old": both(row.old.text) if row.old else None,
                    "new": both(row.new.text) if row.new else None,
                },
            }
            for row in found.rows
        ],
    }


def map_command(language: Language) -> click.Command:
    """Return `map`."""

    def carry_out(source: str, target: str, hops: int, every: bool, as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.frameworks import available, choose, load_framework
        from shinrai.frameworks.mapped import coverage
        from shinrai.frameworks.mapping import mapping_sets

        sets = mapping_sets([load_framework(*key) for key in available()])
        found = coverage(choose(source), choose(target), sets, max_hops=hops)
        if as_json:
            tables.as_json(_coverage_json(found))
        else:
            _show_coverage(found, language, every=every)
        return 0

    options: list[click.Parameter] = [
        click.Argument(["source"]),
        click.Argument(["target"]),
        click.Option(["--hops"], type=click.IntRange(1, 4), default=3, help=HELP["hops"].text(language)),
        click.Option(["--all", "every"], is_flag=True, help=HELP["rows"].text(language)),
        json_option(language),
    ]
    example = "shinrai frameworks map iso.42001 jp.aigb\nshinrai frameworks map jp.aigb us.nist.ai_rmf --hops 1"
    return command("map", language, carry_out, options, HELP["map"], example)


def _show_coverage(found: "MappedCoverage", language: Language, *, every: bool) -> None:
    from shinrai.cli import tables

    for number, told in enumerate(found.lines()):
        tables.line(told, language, style="" if number else "bold", indent=2 if number else 0)
    listed = [row for row in found.rows if every or row.standing.value != "nothing"]
    rows = [_mapped_row(together, language) for together in _grouped(listed)]
    if rows:
        tables.line("", language)
        columns = (
            message("Row"),
            message("Standing"),
            message("Relation"),
            message("State"),
            message("Path"),
            message("Why"),
        )
        tables.table(columns, rows, language)


def _grouped(rows: "Sequence[MappedRow]") -> "Iterable[list[MappedRow]]":
    """Put rows together of which nothing but their heading is mapped, and in the same way."""
    from itertools import groupby

    for (heading, _), together in groupby(rows, key=lambda row: (row.heading, row.path)):
        if heading is None:
            yield from ([row] for row in together)
        else:
            yield list(together)


def _mapped_row(rows: "Sequence[MappedRow]", language: Language) -> Sequence[Any]:
    row = rows[0]
    name = row.id if len(rows) == 1 else f"{row.id} … {rows[-1].id} ({len(rows)})"
    if row.path is None:
        return name, STANDINGS[row.standing], "—", "—", "—", "—"
    return (
        name,
        STANDINGS[row.standing],
        RELATIONS[row.path.relation],
        STATES[row.path.state],
        _path(row.path),
        " / ".join(_rationales(row.path, language)) or "—",
    )


def _path(path: "Path") -> str:
    return " → ".join([path.source.id, *(link.target.id for link in path.links)])


def _rationales(path: "Path", language: Language) -> Iterable[str]:
    return (link.mapping.rationale.text(language) for link in path.links if link.mapping.rationale)


def _coverage_json(found: "MappedCoverage") -> dict[str, Any]:
    from shinrai.cli.tables import both

    return {
        "source": {"id": found.source.id, "version": found.source.version},
        "target": {"id": found.target.id, "version": found.target.version},
        "n": found.n,
        "counts": {standing.value: count for standing, count in found.counts.items()},
        "words": [both(told) for told in found.lines()],
        "rows": [
            {
                "id": row.id,
                "standing": row.standing.value,
                "heading": row.heading,
                "relation": row.path.relation.value if row.path else None,
                "state": row.path.state.value if row.path else None,
                "path": [
                    {
                        "from": link.source.id,
                        "to": link.target.id,
                        "relation": link.relation.value,
                        "state": link.state.value,
                        "author": link.mapping.author,
                        "reviewer": link.mapping.reviewer,
                        "rationale": both(link.mapping.rationale),
                    }
                    for link in row.path.links
                ]
                if row.path
                else [],
            }
            for row in found.rows
        ],
    }
