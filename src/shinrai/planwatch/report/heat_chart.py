"""The heat map as a picture: state is told by shape, shade and number, so that it reads in grey and on a phone.

Everything stands on one plane of plain numbers, because the label of a row stands above its cells, not beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinrai.language import Bilingual, Language, Message, message
from shinrai.planwatch.model import Owner, Plan, Section
from shinrai.planwatch.report.heat import HeatCell, HeatMap, Shade
from shinrai.report.characters import harmless, shorten, width
from shinrai.report.charts import INK, QUIET, Chart, draw

_FILL: Mapping[Shade, str] = {
    Shade.NO_REPORT: "#ffffff",
    Shade.SOME: "#ffffff",
    Shade.ALL: "#9db7f9",
    Shade.CLOSED: "#0017c1",
}
_HATCH = "#8aa3ea"
_TEXT: Mapping[Shade, str] = {Shade.NO_REPORT: INK, Shade.SOME: INK, Shade.ALL: INK, Shade.CLOSED: "#ffffff"}

_WIDTH, _LABEL, _CELL, _GAP, _BESIDE, _HEADING = 336, 17, 30, 7, 3, 22
_NARROWEST, _WIDEST = 28, 84
_COLUMN_LABEL = 22  # columns of text, half-width
MOST_COLUMNS, MOST_ROWS = 12, 40

RECT, HATCH, NUMBER, SHARE, LATE, ROW, LEVEL, TURNED, HEADING = range(9)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A row or column: id, what is written at it, and for the first row of a policy, the policy above it."""

    id: str
    label: str
    above: str | None = None


def leads_chart(plan: Plan, heat: HeatMap, title: Message, language: Language, name: str) -> Chart:
    """Draw headings down and leads across; of many leads, those with most measures are drawn."""
    drawn = _busiest(heat, MOST_COLUMNS)
    columns = [_Axis(owner.code, _short(owner, language)) for owner in drawn]
    rows = _rows(plan, heat, language)
    codes = {owner.code for owner in drawn}
    cells = {(cell.section.id, cell.owner.code): cell for cell in heat.cells if cell.owner.code in codes}
    return _chart(rows, columns, cells, len(heat.cells), title, language, name)


def partners_chart(heat: HeatMap, title: Message, language: Language, name: str) -> Chart:
    """Draw those who take part down and policies across."""
    columns = [_Axis(each.id, each.id) for each in heat.sections[:MOST_COLUMNS]]
    rows = [_Axis(owner.code, _named(owner, language)) for owner in heat.owners[:MOST_ROWS]]
    cells = {(cell.owner.code, cell.section.id): cell for cell in heat.cells}
    return _chart(rows, columns, cells, len(heat.cells), title, language, name)


def _busiest(heat: HeatMap, most: int) -> Sequence[Owner]:
    if len(heat.owners) <= most:
        return heat.owners
    load = {owner.code: 0 for owner in heat.owners}
    for cell in heat.cells:
        load[cell.owner.code] += cell.tally.measures
    kept = set(sorted(load, key=lambda code: -load[code])[:most])
    return [owner for owner in heat.owners if owner.code in kept]


def _short(owner: Owner, language: Language) -> str:
    """Return an owner as a narrow column shows one: by its Japanese name, in English by its code."""
    return shorten(harmless(owner.name.ja if language is Language.JA else owner.code), _COLUMN_LABEL)


def _named(owner: Owner, language: Language) -> str:
    name = harmless(owner.name.text(language))
    return shorten(name if language is Language.JA else f"{owner.code} {name}", 52)


def _rows(plan: Plan, heat: HeatMap, language: Language) -> list[_Axis]:
    rows: list[_Axis] = []
    before: Section | None = None
    for each in heat.sections[:MOST_ROWS]:
        policy = plan.policy(each.id)
        above = None if policy in (before, each) else _headed(policy.id, policy.title, language)
        rows.append(_Axis(each.id, _headed(each.id, each.title, language), above))
        before = policy
    return rows


def _headed(id_: str, title: Bilingual, language: Language) -> str:
    return shorten(f"{id_} {harmless(title.text(language))}", 52)


def _chart(
    rows: Sequence[_Axis],
    columns: Sequence[_Axis],
    cells: Mapping[tuple[str, str], HeatCell],
    total: int,
    title: Message,
    language: Language,
    name: str,
) -> Chart:
    step = min(_WIDEST, max(_NARROWEST, _WIDTH / max(1, len(columns))))
    across = max(_WIDTH, step * len(columns))
    # A label that is as wide as its column stands upright, a longer one is turned.
    turned = any(width(column.label) * 6 > step for column in columns)
    head = 6.2 * max((width(column.label) for column in columns), default=0) + 6 if turned else 18
    marks: list[dict[str, Any]] = [
        {"kind": TURNED if turned else LEVEL, "x": (i + 0.5) * step, "y": head - 5, "text": column.label}
        for i, column in enumerate(columns)
    ]
    shown = []
    top = head
    for row in rows:
        if row.above is not None:
            marks.append({"kind": HEADING, "x": 0, "y": top + 13, "x2": across, "y2": top + 18, "text": row.above})
            top += _HEADING
        marks.append({"kind": ROW, "x": 0, "y": top + 10, "text": row.label})
        for i, column in enumerate(columns):
            if (found := cells.get((row.id, column.id))) is not None:
                shown.append(_said(row, column, found))
                marks += _cell_marks(found, i * step + 1, top + _LABEL, step - _BESIDE)
        top += _LABEL + _CELL + _GAP
    description = "; ".join(each.text(language) for each in shown)
    return Chart(draw(_spec(marks, across, top), name, title.text(language), description), len(shown), total)


def _said(row: _Axis, column: _Axis, cell: HeatCell) -> Message:
    return message(
        "{row}, {column}: {n} measures, {reported} with a report",
        row=row.label,
        column=column.label,
        n=cell.tally.measures,
        reported=cell.tally.reported,
    )


def _cell_marks(cell: HeatCell, x: float, y: float, wide: float) -> list[dict[str, Any]]:
    shade, level = cell.shade, list(Shade).index(cell.shade)
    box = {"x": x, "y": y, "x2": x + wide, "y2": y + _CELL, "shade": level}
    marks: list[dict[str, Any]] = [{"kind": RECT, **box}]
    if shade is Shade.SOME:
        marks += [{"kind": HATCH, **line} for line in _hatch(x, y, wide, _CELL)]
    middle = x + wide / 2
    counts = cell.tally
    if shade is Shade.NO_REPORT:
        marks.append({"kind": NUMBER, "x": middle, "y": y + _CELL / 2, "text": str(counts.measures), "shade": level})
    else:
        share = f"{counts.reported}/{counts.measures}"
        marks.append({"kind": NUMBER, "x": middle, "y": y + 10, "text": str(counts.measures), "shade": level})
        marks.append({"kind": SHARE, "x": middle, "y": y + 22, "text": share, "shade": level})
    if counts.late:
        marks.append({"kind": LATE, **box, "text": "!", "tx": x + wide - 5, "ty": y + 8})
    return marks


def _hatch(x: float, y: float, wide: float, high: float, every: float = 6) -> list[dict[str, float]]:
    """Return the lines of a hatching that runs up to the right and stays inside a box."""
    lines = []
    reach = every
    while reach < wide + high:
        start, end = max(0.0, reach - high), min(wide, reach)
        lines.append({"x": x + start, "y": y + reach - start, "x2": x + end, "y2": y + reach - end})
        reach += every
    return lines


def _spec(marks: list[dict[str, Any]], across: float, height: float) -> dict[str, Any]:
    x: dict[str, Any] = {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [0, across], "nice": False},
        "axis": None,
    }
    y: dict[str, Any] = {
        "field": "y",
        "type": "quantitative",
        "scale": {"domain": [0, height], "reverse": True, "nice": False},
        "axis": None,
    }
    ends: dict[str, Any] = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}

    def layer(kind: int, mark: dict[str, Any], shade: int | None = None, **more: Any) -> dict[str, Any]:
        chosen = f"datum.kind == {kind}" + ("" if shade is None else f" && datum.shade == {shade}")
        return {"transform": [{"filter": chosen}], "mark": mark, "encoding": {"x": x, "y": y, **more}}

    text: dict[str, Any] = {"text": {"field": "text", "type": "nominal"}}
    layers = []
    for level, shade in enumerate(Shade):
        outline: dict[str, Any] = {"stroke": QUIET, "strokeWidth": 1, "fill": _FILL[shade]}
        if shade is Shade.NO_REPORT:
            outline["strokeDash"] = [3, 2]
        layers.append(layer(RECT, {"type": "rect", **outline}, level, **ends))
    layers.append(layer(HATCH, {"type": "rule", "stroke": _HATCH, "strokeWidth": 1.2}, **ends))
    layers.append(layer(LATE, {"type": "rect", "fill": None, "stroke": INK, "strokeWidth": 3}, **ends))
    for level, shade in enumerate(Shade):
        ink = {"type": "text", "baseline": "middle", "color": _TEXT[shade]}
        layers.append(layer(NUMBER, ink | {"fontSize": 13, "fontWeight": "bold"}, level, **text))
        layers.append(layer(SHARE, ink | {"fontSize": 9.5}, level, **text))
    line = {"type": "rule", "stroke": QUIET, "strokeWidth": 1}
    under = {"x": x, "x2": {"field": "x2"}, "y": y | {"field": "y2"}}
    layers.append({"transform": [{"filter": f"datum.kind == {HEADING}"}], "mark": line, "encoding": under})
    label = {"type": "text", "align": "left", "baseline": "alphabetic", "fontSize": 11, "color": INK}
    for kind, mark in (
        (HEADING, label | {"fontSize": 12, "fontWeight": "bold"}),
        (ROW, label),
        (LEVEL, label | {"align": "center", "fontSize": 10}),
        (TURNED, label | {"baseline": "middle", "angle": -90}),
    ):
        layers.append(layer(kind, mark, **text))
    late_at: dict[str, Any] = {"x": x | {"field": "tx"}, "y": y | {"field": "ty"}}
    bang = {"type": "text", "baseline": "middle", "fontWeight": "bold", "fontSize": 12, "color": INK}
    layers.append(layer(LATE, bang, **late_at, **text))
    return {
        "data": {"values": marks},
        "width": across,
        "height": height,
        "padding": 2,
        "background": None,
        "layer": layers,
        "config": {"view": {"stroke": None}},
    }
