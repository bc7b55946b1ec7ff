"""A plan in a workbook (XLSX), read into the same nodes as a YAML file, so that both have one reader.

What a sheet only shows (formulas, merged cells) is refused with sheet, cell and column; an unknown sheet or column is
an error too, so that no row is lost in silence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from shinrai.frameworks import Certainty
from shinrai.frameworks.located import Fields, Items, Node, Nothing, Text, shown
from shinrai.language import Place, ShinraiError, message, suggest
from shinrai.planwatch.indicator_rows import NOT_ASKED, NOT_KNOWN
from shinrai.planwatch.model import Plan
from shinrai.planwatch.plan_file import plan_from, read_plan
from shinrai.planwatch.plan_text import plan_yaml
from shinrai.planwatch.values import NOT_GIVEN
from shinrai.planwatch.workbook_cells import Table, cell_node, filled
from shinrai.planwatch.workbook_layout import EXAMPLE, GUIDE, SHEETS, Column, plain
from shinrai.planwatch.workbook_opening import open_workbook, workbook_bytes

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell

MAX_ROWS = 2_000
MAX_COLUMNS = 100

OWN_SOURCE = "PLAN"
"""The key of the source that a row names when it gives none: the plan itself."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A workbook turned into a plan file. copied: texts given in one language only, which now stand for both."""

    plan: Plan
    text: bytes
    copied: int


def import_workbook(path: Path) -> Imported:
    """Turn a workbook into a plan file, and read that file back; anything wrong is a ShinraiError with its cell."""
    root = _root(workbook_bytes(path), path.name)
    text = plan_yaml(plan_from(root, "0" * 64))
    return Imported(read_plan(text, path.with_suffix(".yaml").name), text, _copied(root))


def read_workbook(path: Path) -> Plan:
    """Read a plan from a workbook; its digest is that of the workbook."""
    data = workbook_bytes(path)
    return plan_from(_root(data, path.name), sha256(data).hexdigest())


def _root(data: bytes, name: str) -> Fields:
    """Return the plan as the node a YAML file would give."""
    tables = _tables(data, name)
    rows = {sheet.name: _rows(tables.get(sheet.name)) for sheet in SHEETS}
    top = Place(name)
    (header,) = rows["plan"]
    values = {"source": Nothing(top), **header.values, "sources": _sources(rows["sources"], header, top)}
    for of in ("owners", "sections", "measures", "commitments", "figures", "events"):
        values[of] = Items(tuple(rows[of]), tables[of].place() if of in tables else top)
    values["indicators"] = Items(tuple(_indicators(rows)), top)
    return Fields(values, dict.fromkeys(values, top), top)


def _tables(data: bytes, name: str) -> Mapping[str, Table]:
    """Return the sheets by the name of what they hold."""
    by_title = {title: sheet for sheet in (*SHEETS, GUIDE, EXAMPLE) for title in sheet.names}
    found: dict[str, Table] = {}
    for cells in open_workbook(data, name).worksheets:
        sheet = by_title.get(plain(cells.title))
        if sheet in (GUIDE, EXAMPLE) or cells.title.startswith("#"):
            continue
        place = Place(name, field=shown(cells.title))
        if sheet is None:
            near = suggest(cells.title, [known.title for known in SHEETS])
            raise ShinraiError(
                message("The sheet “{title}” is not one of a plan.", title=shown(cells.title)),
                fix=near or message("Delete it, or let its name begin with “#” to have it left out."),
                place=place,
            )
        if sheet.name in found:
            raise ShinraiError(message("There are two sheets “{title}”.", title=sheet.title), place=place)
        found[sheet.name] = Table(name, sheet, cells)
    for sheet in SHEETS:
        if sheet.required and sheet.name not in found:
            raise ShinraiError(
                message("The sheet “{title}” is missing.", title=sheet.title),
                fix=message("Make a template with “shinrai plan template --out plan.xlsx” and take it from there."),
                place=Place(name),
            )
    return found


def _rows(table: Table | None) -> list[Fields]:
    """Return each filled row of a sheet as fields."""
    if table is None:
        return []
    cells = table.cells
    if cells.max_row > MAX_ROWS or cells.max_column > MAX_COLUMNS:
        raise ShinraiError(
            message("The sheet reaches to row {row} and column {column}.", row=cells.max_row, column=cells.max_column),
            fix=message(
                "At most {rows} rows and {columns} columns are read. Delete the others, empty ones too.",
                rows=MAX_ROWS,
                columns=MAX_COLUMNS,
            ),
            place=table.place(),
        )
    for merged in cells.merged_cells.ranges:
        raise ShinraiError(
            message("These cells are merged; it cannot be told to which rows their value belongs."),
            fix=message("Unmerge them and write the value into each row."),
            place=table.place(merged.coord),
        )
    grid = [tuple(row) for row in cells.iter_rows(max_col=max(2, cells.max_column))]
    if table.sheet.upright:
        # One item with its headers in the first column: the same as one row, turned.
        pairs = [(row[0], row[1]) for row in grid if filled(row[0])]
        grid = [tuple(label for label, _ in pairs), tuple(value for _, value in pairs)]
    return list(_items(table, grid))


def _items(table: Table, grid: Sequence[Sequence["Cell | MergedCell"]]) -> Iterator[Fields]:
    columns: dict[int, Column] = {}
    for position, cell in enumerate(grid[0] if grid else ()):
        if filled(cell):
            columns[position] = _known(table, cell, columns)
    below = enumerate(grid[1:], start=2)
    rows = [(number, row) for number, row in below if table.sheet.upright or any(filled(cell) for cell in row)]
    if rows or table.sheet.required:
        _check_complete(table, {column.path for column in columns.values()})
    for number, row in rows:
        stray = next((cell for position, cell in enumerate(row) if position not in columns and filled(cell)), None)
        if stray is not None:
            raise ShinraiError(
                message("This cell has a value, but its column has no header."),
                fix=message("Delete the value, or give the column a header of the template."),
                place=table.place(stray.coordinate),
            )
        yield _row(table, number, [(column, row[position]) for position, column in columns.items()])


def _known(table: Table, cell: "Cell | MergedCell", earlier: Mapping[int, Column]) -> Column:
    given = str(cell.value)
    place = table.place(cell.coordinate)
    column = next((column for column in table.sheet.columns if plain(given) in column.names), None)
    if column is None:
        names = [name for known in table.sheet.columns for name in (known.ja, known.en)]
        raise ShinraiError(
            message("The sheet “{sheet}” has no column “{name}”.", sheet=table.sheet.title, name=shown(given)),
            fix=suggest(shown(given), names) or message("Delete it, or use a header of the template."),
            place=place,
        )
    if column in earlier.values():
        raise ShinraiError(message("The column “{name}” stands here twice.", name=shown(given)), place=place)
    return column


def _check_complete(table: Table, given: set[str]) -> None:
    """Refuse a sheet without a column that is needed; a text needs one of its two languages."""
    for column in table.sheet.columns:
        stem, _, language = column.path.rpartition(".")
        other = f"{stem}.{'en' if language == 'ja' else 'ja'}"
        if column.required and column.path not in given and other not in given:
            raise ShinraiError(
                message("The column “{name}” is missing.", name=f"{column.ja} / {column.en}"),
                fix=message("Take its header from the template."),
                place=table.place(),
            )


def _row(table: Table, number: int, cells: Sequence[tuple[Column, "Cell | MergedCell"]]) -> Fields:
    here = table.place(number)
    given = {column.path: cell_node(table, column, cell) for column, cell in cells}
    for column, cell in cells:
        stem, _, language = column.path.rpartition(".")
        twin = given.get(f"{stem}.{'en' if language == 'ja' else 'ja'}", given[column.path])
        if column.required and isinstance(given[column.path], Nothing) and isinstance(twin, Nothing):
            raise ShinraiError(
                message("This cell is empty, but a value is needed."),
                fix=message("Fill it in."),
                place=table.place(cell.coordinate, column),
            )
    parts: dict[str, dict[str, Node]] = {}
    for path, node in given.items():
        if not isinstance(node, Nothing):
            name, _, part = path.partition(".")
            parts.setdefault(name, {})[part] = node
    values = {name: _joined(inner, here) for name, inner in parts.items()}
    if any(column.path == "source.keys" for column in table.sheet.columns):
        values.update(_sourced(values, here))
    return Fields(values, dict.fromkeys(values, here), here)


def _joined(parts: Mapping[str, Node], here: Place) -> Node:
    """Put the parts of a value together; a text in one language stands for both."""
    if "" in parts:
        return parts[""]
    if len(parts) == 1 and set(parts) < {"ja", "en"}:
        (only,) = parts.values()
        parts = {"ja": only, "en": only}
    return Fields(parts, dict.fromkeys(parts, here), here)


def _sourced(row: Mapping[str, Node], here: Place) -> Mapping[str, Node]:
    """Return source and certainty of a row; without a source it is the plan itself, which the person has at hand."""
    own = Items((Text(OWN_SOURCE, here),), here)
    given = row.get("source")
    inner = {"keys": own, **given.values} if isinstance(given, Fields) else {"keys": own}
    source = Fields(inner, dict.fromkeys(inner, here), here)
    return {"source": source, "certainty": row.get("certainty", Text(Certainty.CONFIRMED.value, here))}


def _sources(rows: Sequence[Fields], header: Fields, top: Place) -> Fields:
    """Return the sources by key, with the plan itself among them."""
    found: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for row in rows:
        key = row.values["key"]
        if not isinstance(key, Text) or key.value in found:
            raise ShinraiError(message("A source's key is used twice."), place=key.place)
        found[key.value] = _with(row, {"address": row.values.get("address", Nothing(row.place))}, drop="key")
        keys[key.value] = key.place
    if OWN_SOURCE not in found:
        about = {"title": header.values["title"], "address": header.values.get("source", Nothing(top))}
        found[OWN_SOURCE] = Fields(about, dict.fromkeys(about, top), top)
        keys[OWN_SOURCE] = top
    return Fields(found, keys, top)


def _indicators(rows: Mapping[str, Sequence[Fields]]) -> Iterator[Fields]:
    """Return the indicators with the rows of the other sheets that belong to them."""
    known = [_text(row, "id") for row in rows["indicators"]]
    below: dict[str, dict[str, list[Fields]]] = {id_: {} for id_ in known}
    for sheet in ("groups", "observations", "targets"):
        for row in rows[sheet]:
            id_ = _text(row, "indicator")
            if id_ not in below:
                raise ShinraiError(
                    message("There is no indicator “{id}” in the sheet of indicators.", id=shown(id_)),
                    fix=suggest(shown(id_), known),
                    place=row.values["indicator"].place,
                )
            below[id_].setdefault(sheet, []).append(_with(row, _explicit(sheet, row), drop="indicator"))
    for row, id_ in zip(rows["indicators"], known, strict=True):
        more: dict[str, Node] = {name: Items(tuple(each), row.place) for name, each in below[id_].items()}
        yield _with(row, {"question": _question(row), **more})


def _question(row: Fields) -> Node:
    """Return the words of the question; an empty cell says that they are not known, `not_asked` that there is none."""
    given = row.values.get("question", Text(NOT_KNOWN, row.place))
    if isinstance(given, Fields):
        for node in given.values.values():
            if isinstance(node, Text) and node.value in (NOT_ASKED, NOT_KNOWN):
                return node
    return given


def _explicit(sheet: str, row: Fields) -> Mapping[str, Node]:
    """Return what an empty cell says: that the source gives no number of answers, interval or date."""
    names = {"observations": ("n", "interval"), "targets": ("by",)}.get(sheet, ())
    return {name: Text(NOT_GIVEN, row.place) for name in names if name not in row.values}


def _text(row: Fields, name: str) -> str:
    node = row.values[name]
    return node.value if isinstance(node, Text) else ""


def _copied(node: Node) -> int:
    """Return how many texts below a node stand for both languages."""
    if isinstance(node, Items):
        return sum(map(_copied, node.items))
    if not isinstance(node, Fields):
        return 0
    both = set(node.values) == {"ja", "en"} and node.values["ja"] is node.values["en"]
    return both + sum(map(_copied, node.values.values()))


def _with(row: Fields, more: Mapping[str, Node], drop: str | None = None) -> Fields:
    values = {name: node for name, node in {**row.values, **more}.items() if name != drop}
    return Fields(values, dict.fromkeys(values, row.place), row.place)
