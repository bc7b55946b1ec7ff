"""Charts of an assessment as SVG.

Drawn from Vega-Lite specifications, given as plain dicts to `vl_convert`, which renders them without a browser. They
are narrow enough for a phone: a row's label stands above its line, not beside it. State is told by shape and by words,
never by colour alone: a filled dot is a value, a bar its interval, a dashed line the limit, a dotted one the overall
rate.
Fonts come from the page, so labels are cut here by the columns they take, not by a font's measure.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

from shinrai.assess.assessment import Assessment, GroupValue, MeasurementRecord, Result
from shinrai.language import Language, message
from shinrai.report.characters import harmless, shorten
from shinrai.report.quantities import Unit, count, limit, number, of_conversation, span, unit_of, unit_of_groups
from shinrai.report.svg import embed
from shinrai.report.words import HARM, RESULT, said, word

INK, QUIET, LINE, BEYOND = "#1a1a1a", "#595959", "#0017c1", "#b30000"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_WIDTH, _ROW = 290, 40
# A group's name and its numbers stand on two lines.
_GROUP_ROW = 56
_AXIS_LABEL = {
    Unit.SHARE: "format(datum.value * 100, '~g') + '%'",
    Unit.POINTS: "format(datum.value * 100, '~g')",
    Unit.PLAIN: "datum.label",
    Unit.CHANCE: "datum.label",
}
# A chart with more rows than this is longer than a page; the table has them all.
MOST_ROWS = 24
# Each chart takes 20 to 40 ms; a report must not wait for hundreds of them.
MOST_CHARTS = 40


@dataclass(frozen=True, slots=True)
class Chart:
    """An embedded SVG; shown of total rows says whether it was cut."""

    svg: str
    shown: int
    total: int


def results_chart(assessment: Assessment, language: Language, name: str) -> Chart:
    """Draw how many requirements have which result; bars of required ones are solid, of the others outlined."""
    rows: list[dict[str, Any]] = []
    for result in Result:
        required = assessment.summary.required_counts.get(result, 0)
        every = assessment.summary.counts.get(result, 0)
        counts = message("required {required}, all {every}", required=count(required), every=count(every))
        label = message("{name}: {text}", name=RESULT[result], text=counts).text(language)
        rows.append({"row": len(rows), "required": required, "every": every, "label": label})
    largest = max(1, *(row["every"] for row in rows))
    x = {"type": "quantitative", "scale": {"domain": [0, largest]}, "axis": None}
    spec = row_frame(rows, _ROW) | {
        "layer": [
            {
                "mark": {
                    "type": "bar",
                    "height": 12,
                    "yOffset": 8,
                    "fill": "#ffffff",
                    "stroke": QUIET,
                    "strokeWidth": 1,
                },
                "encoding": {"x": {"field": "every", **x}},
            },
            {
                "mark": {"type": "bar", "height": 12, "yOffset": 8, "fill": LINE},
                "encoding": {"x": {"field": "required", **x}},
            },
            label_layer(),
        ],
    }
    title = message("Requirements by result").text(language)
    description = "; ".join(str(row["label"]) for row in rows)
    return Chart(draw(spec, name, title, description), len(rows), len(rows))


def decision_chart(record: MeasurementRecord, language: Language, name: str) -> Chart | None:
    """Draw value and interval against the limit; None when there is no interval or no limit to compare."""
    if record.value is None or record.interval is None or record.limit is None:
        return None
    points = [record.value, record.interval.low, record.interval.high, record.limit]
    if not all(map(isfinite, points)):
        return None
    unit = unit_of(record.metric)
    bounds = record.interval
    label = message(
        "{value} [{range}]",
        value=number(record.value, unit, against=record.limit),
        range=span(bounds, unit, against=record.limit),
    ).text(language)
    rows = [{"row": 0, "value": record.value, "low": bounds.low, "high": bounds.high, "label": label}]
    # What must stay small is read from zero; what must be large enough is read near its limit.
    low, high = domain_of([*points, 0.0] if record.comparison == "at_most" else points)
    colour = BEYOND if record.outcome == "fail" else LINE
    words = limit(record).text(language)
    spec = row_frame(rows, _ROW) | {
        "layer": [
            *reference_layers(
                record.limit, message("limit: {limit}", limit=words).text(language), (low, high), [6, 3], INK
            ),
            *interval_layers(unit, (low, high), colour),
            label_layer(),
        ],
    }
    title = message("{title}: value, interval and limit", title=said(record.title, language)).text(language)
    description = f"{label}; {message('limit: {limit}', limit=words).text(language)}"
    return Chart(draw(spec, name, title, description), 1, 1)


def groups_chart(record: MeasurementRecord, language: Language, name: str) -> Chart | None:
    """Draw each group's value and interval with the overall rate; None when fewer than two groups can be shown.

    Of more than MOST_ROWS groups those with the smallest and the largest values are drawn.
    """
    unit = unit_of_groups(record.metric)
    drawn = [group for group in record.groups if _drawable(group)]
    if len(drawn) < 2:
        return None
    shown = _extremes(drawn, MOST_ROWS)
    names = [shorten(group_name(group, record.metric, language), 40) for group in shown]
    rows = [_group_row(index, group, unit, language, names[index]) for index, group in enumerate(shown)]
    overall = _overall(drawn)
    points = [row[key] for row in rows for key in ("low", "high", "value")] + ([] if overall is None else [overall])
    domain = domain_of(points)
    references: list[dict[str, Any]] = []
    if overall is not None:
        words = message("all shown groups: {value}", value=number(overall, unit)).text(language)
        references = reference_layers(overall, words, domain, [2, 2], QUIET)
    spec = row_frame(rows, _GROUP_ROW) | {
        "layer": [
            *references,
            *interval_layers(unit, domain, LINE, 17),
            label_layer(1),
            label_layer(-16, "name", "bold"),
        ],
    }
    title = message("{title}: each group", title=said(record.title, language)).text(language)
    description = "; ".join(f"{row['name']}: {row['label']}" for row in rows)
    return Chart(draw(spec, name, title, description), len(rows), len(drawn))


def group_name(group: GroupValue, metric: str, language: Language) -> str:
    """Return the labels of a group as one harmless text; the groups of a conversation are harm classes."""
    if of_conversation(metric):
        return " × ".join(harmless(word(HARM, level).text(language)) for level in group.levels)
    return " × ".join(harmless(level) for level in group.levels)


def _drawable(group: GroupValue) -> bool:
    if group.suppressed or group.value is None or group.interval is None:
        return False
    return all(map(isfinite, (group.value, group.interval.low, group.interval.high)))


def _extremes(groups: Sequence[GroupValue], most: int) -> list[GroupValue]:
    if len(groups) <= most:
        return list(groups)
    ordered = sorted(groups, key=lambda group: (group.value or 0.0, group.levels))
    return ordered[: most // 2] + ordered[-(most - most // 2) :]


def _overall(groups: Sequence[GroupValue]) -> float | None:
    trials = sum(group.trials or 0 for group in groups)
    if trials == 0 or any(group.successes is None or group.trials is None for group in groups):
        return None
    return sum(group.successes or 0 for group in groups) / trials


def _group_row(index: int, group: GroupValue, unit: Unit, language: Language, name: str) -> dict[str, Any]:
    bounds = group.interval
    assert bounds is not None  # noqa: S101  (only groups with an interval are drawn; this tells the type checker)
    numbers = message(
        "{value} [{range}], n = {n}",
        value=number(group.value, unit),
        range=span(bounds, unit),
        n=count(group.n),
    ).text(language)
    return {"row": index, "value": group.value, "low": bounds.low, "high": bounds.high, "label": numbers, "name": name}


def row_frame(rows: Sequence[dict[str, Any]], row_height: int) -> dict[str, Any]:
    """Return a specification without layers, one row of the chart for each row of data."""
    return {
        "$schema": _SCHEMA,
        "data": {"values": list(rows)},
        "width": _WIDTH,
        "height": row_height * len(rows),
        "padding": {"left": 10, "right": 10, "top": 2, "bottom": 4},
        "background": None,
        "encoding": {
            "y": {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
        },
        "config": {
            "view": {"stroke": None},
            "axis": {
                "labelColor": QUIET,
                "labelFontSize": 11,
                "gridColor": "#d9d9d9",
                "domainColor": QUIET,
                "tickColor": QUIET,
            },
            "text": {"color": INK, "fontSize": 12},
        },
    }


def domain_of(points: Sequence[float]) -> tuple[float, float]:
    """Span the points with some air; a span of nothing still needs a width."""
    low, high = min(points), max(points)
    air = (high - low) * 0.04 or 0.01
    return (low if low == 0 else low - air), high + air


def interval_layers(unit: Unit, domain: tuple[float, float], colour: str, down: int = 8) -> list[dict[str, Any]]:
    """Return the layers of a value with its interval, from the fields value, low and high of each row."""
    axis = {
        "orient": "bottom",
        "title": None,
        "tickCount": 4,
        "labelExpr": _AXIS_LABEL[unit],
        "labelFlush": True,
    }
    x = {"type": "quantitative", "scale": {"domain": list(domain), "nice": False, "zero": False}, "axis": axis}
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "yOffset": down, "color": colour},
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
        },
        {"mark": _tick(colour, down), "encoding": {"x": {"field": "low", **x}}},
        {"mark": _tick(colour, down), "encoding": {"x": {"field": "high", **x}}},
        {
            "mark": {
                "type": "point",
                "shape": "circle",
                "filled": True,
                "size": 90,
                "opacity": 1,
                "yOffset": down,
                "color": colour,
            },
            "encoding": {"x": {"field": "value", **x}},
        },
    ]


def _tick(colour: str, down: int) -> dict[str, Any]:
    return {"type": "tick", "orient": "vertical", "thickness": 2, "size": 12, "yOffset": down, "color": colour}


def label_layer(dy: int = -9, field: str = "label", weight: str = "normal") -> dict[str, Any]:
    """Return the layer of a text at the start of each row."""
    return {
        "mark": {"type": "text", "align": "left", "baseline": "middle", "dy": dy, "fontWeight": weight},
        "encoding": {"x": {"value": 0}, "text": {"field": field, "type": "nominal"}},
    }


def reference_layers(
    at: float, words: str, domain: tuple[float, float], dash: list[int], colour: str
) -> list[dict[str, Any]]:
    """Return the layers of a line across all rows, with its words above."""
    x = {"datum": at, "type": "quantitative", "scale": {"domain": list(domain)}}
    # The words stand above the frame, on the side of the line that has room.
    left_half = at < (domain[0] + domain[1]) / 2
    return [
        {
            "mark": {"type": "rule", "strokeDash": dash, "strokeWidth": 2, "color": colour},
            "encoding": {"x": x, "y": None},
        },
        {
            "mark": {
                "type": "text",
                "align": "left" if left_half else "right",
                "baseline": "bottom",
                "dy": -3,
                "color": colour,
            },
            "encoding": {"x": x, "y": {"value": 0}, "text": {"value": words}},
        },
    ]


def draw(spec: dict[str, Any], name: str, title: str, description: str) -> str:
    """Return the SVG of a layered specification whose rows all stand in `data`; its texts never reach the renderer."""
    texts: dict[str, str] = {}
    rendered = _rendered(json.dumps(_with_placeholders(spec, texts), sort_keys=True))
    return embed(rendered, name=name, title=harmless(title), description=harmless(description), texts=texts)


@lru_cache(maxsize=4 * MOST_CHARTS)
def _rendered(spec: str) -> str:
    """Render a specification, given as JSON; without its texts it is the same in both languages and drawn once."""
    # Starting the renderer takes a third of a second; nothing but a report needs it.
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[]))


def _with_placeholders(spec: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    """Return the specification with a short placeholder for each text; fills `texts` with what they stand for.

    The renderer measures every text, which takes most of its time when the text is Japanese, and for nothing: no text
    here decides where anything stands. So what others wrote never reaches the renderer either.
    """

    def put(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        texts[key := f"@{len(texts)}"] = value
        return key

    rows = [{field: put(value) for field, value in row.items()} for row in spec["data"]["values"]]
    layers = []
    for layer in spec["layer"]:
        encoding = dict(layer["encoding"])
        if "value" in encoding.get("text", {}):
            encoding["text"] = {"value": put(encoding["text"]["value"])}
        layers.append(layer | {"encoding": encoding})
    return spec | {"data": {"values": rows}, "layer": layers}
