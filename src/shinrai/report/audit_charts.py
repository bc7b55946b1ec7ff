"""Charts of an audit: rates of groups, calibration, what each threshold would do, and subgroups that stand out.

Told apart by shape, dash and words, never by colour alone: each group of a line chart has a dash and a mark of its own,
and the key beside the chart shows both. They are narrow enough for a phone.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from shinrai.evaluate.audit.audit import Audit
from shinrai.evaluate.audit.scores import Curves
from shinrai.evaluate.audit.subgroup_search import Search
from shinrai.evaluate.audit.subjects import Standing, SubjectAudit
from shinrai.evaluate.audit.words import amount, is_share, number_text, title
from shinrai.language import Language, message
from shinrai.report.characters import harmless, shorten
from shinrai.report.charts import (
    INK,
    LINE,
    MOST_ROWS,
    QUIET,
    Chart,
    domain_of,
    draw,
    interval_layers,
    label_layer,
    reference_layers,
    row_frame,
)
from shinrai.report.quantities import Unit

_WIDTH, _HEIGHT, _GROUP_ROW = 290, 220, 56
MOST_LINES = 6
"""Groups in one line chart; more could not be told apart."""

DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (8, 4), (2, 3), (10, 3, 2, 3), (5, 2), (6, 2, 1, 2, 1, 2))
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_SHADES = (LINE, INK, "#8a4b00", "#595959", "#00694b", "#7a1f6b")


def rates_chart(audit: Audit, subject: SubjectAudit, metric: str, language: Language, name: str) -> Chart | None:
    """Draw a number of each group with its interval, and that of all rows; None with fewer than two groups to draw."""
    drawn = [
        (group.name, group.numbers[metric], group.rows)
        for group in subject.groups
        if group.standing in {Standing.COMPARED, Standing.SMALL}
        and group.numbers[metric].value is not None
        and group.numbers[metric].interval is not None
    ]
    if len(drawn) < 2:
        return None
    ordered = sorted(drawn, key=lambda each: (each[1].value or 0.0, each[0]))
    half = MOST_ROWS // 2
    shown = ordered if len(ordered) <= MOST_ROWS else ordered[:half] + ordered[-half:]
    rows = []
    for place, (group, number, _) in enumerate(shown):
        assert number.interval is not None  # noqa: S101  (chosen above; this tells the type checker)
        label = message("{number}, n = {n}", number=number_text(number, metric), n=f"{number.n:,}").text(language)
        rows.append(
            {
                "row": place,
                "value": number.value,
                "low": number.interval.low,
                "high": number.interval.high,
                "label": label,
                "name": shorten(harmless(group), 40),
            }
        )
    unit = Unit.SHARE if is_share(metric) else Unit.PLAIN
    return _interval_chart(rows, audit.overall[metric].value, metric, unit, (language, name, len(drawn)))


def _interval_chart(
    rows: list[dict[str, Any]], overall: float | None, metric: str, unit: Unit, told: tuple[Language, str, int]
) -> Chart:
    language, name, total = told
    points = [row[key] for row in rows for key in ("low", "high", "value")] + ([] if overall is None else [overall])
    domain = domain_of(points)
    references: list[dict[str, Any]] = []
    if overall is not None:
        words = message("all rows: {value}", value=amount(overall, metric)).text(language)
        references = reference_layers(overall, words, domain, [2, 2], QUIET)
    spec = row_frame(rows, _GROUP_ROW) | {
        "layer": [
            *references,
            *interval_layers(unit, domain, LINE, 17),
            label_layer(1),
            label_layer(-16, "name", "bold"),
        ],
    }
    headed = message("{title}: each group", title=title(metric)).text(language)
    description = "; ".join(f"{row['name']}: {row['label']}" for row in rows)
    return Chart(draw(spec, name, headed, description), len(rows), total)


def subgroups_chart(search: Search, metric: str, language: Language, name: str) -> Chart | None:
    """Draw the rate of each subgroup that stands out in a metric; None where there is none."""
    found = [each for each in search.findings if each.metric == metric and each.number.interval is not None]
    if not found:
        return None
    rows = []
    for place, each in enumerate(found):
        assert each.number.interval is not None  # noqa: S101  (chosen above; this tells the type checker)
        label = message("{number}, n = {n}", number=number_text(each.number, metric), n=f"{each.number.n:,}").text(
            language
        )
        rows.append(
            {
                "row": place,
                "value": each.number.value,
                "low": each.number.interval.low,
                "high": each.number.interval.high,
                "label": label,
                "name": shorten(harmless(each.name), 44),
            }
        )
    rest = found[0]
    total = rest.number.n + rest.rest.n
    successes = (rest.number.value or 0.0) * rest.number.n + (rest.rest.value or 0.0) * rest.rest.n
    return _interval_chart(rows, successes / total, metric, Unit.SHARE, (language, name, len(rows)))


def calibration_chart(group: str, curves: Curves, language: Language, name: str) -> Chart | None:
    """Draw what share really had the favourable label against the mean score; None without two points."""
    points = curves.calibration
    if len(points) < 2:
        return None
    rows: list[dict[str, Any]] = [
        {
            "kind": 1,
            "x": each.score,
            "value": each.rate.value,
            "low": each.rate.interval.low,
            "high": each.rate.interval.high,
        }
        for each in points
    ]
    rows += [{"kind": 0, "x": end, "value": end} for end in (0.0, 1.0)]
    x, y = _share_axis("x"), _share_axis("y")
    at = {"x": {"field": "x", **x}, "y": {"field": "value", **y}}
    marked = [{"filter": "datum.kind == 1"}]
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "datum.kind == 0"}],
            "mark": {"type": "line", "strokeDash": [6, 3], "strokeWidth": 1.5, "color": QUIET},
            "encoding": at,
        },
        {
            "transform": marked,
            "mark": {"type": "rule", "strokeWidth": 2.5, "color": LINE},
            "encoding": {"x": at["x"], "y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "transform": marked,
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": LINE},
            "encoding": at,
        },
    ]
    headed = message("Calibration of “{group}”", group=group).text(language)
    said = "; ".join(
        f"{100 * each.score:.0f}% → {100 * each.rate.value:.0f}% "
        f"[{100 * each.rate.interval.low:.0f}–{100 * each.rate.interval.high:.0f}], n = {each.n:,}"
        for each in points
    )
    return Chart(draw(_plane(rows, layers), name, headed, said), len(points), len(points))


def thresholds_chart(
    curves: Mapping[str, Curves], metric: str, at: float | None, language: Language, name: str
) -> Chart | None:
    """Draw a rate of each group against the threshold, one dash and mark for each; None with fewer than two groups."""
    shown = list(curves.items())[:MOST_LINES]
    if len(shown) < 2:
        return None
    rows: list[dict[str, Any]] = []
    for place, (_, found) in enumerate(shown):
        values = getattr(found.sweep, metric)
        every = max(1, len(values) // 8)
        for step, (threshold, triple) in enumerate(zip(found.sweep.thresholds, values, strict=True)):
            if triple is not None and isfinite(threshold):
                # Marks stand apart from group to group, so that lines that lie on one another still show.
                marked = (step + place * every // max(1, len(shown))) % every == 0
                rows.append({"line": place, "x": threshold, "value": triple[0], "marked": int(marked)})
    x, y = _share_axis("x"), _share_axis("y")
    where = {"x": {"field": "x", **x}, "y": {"field": "value", **y}}
    layers: list[dict[str, Any]] = []
    for place in range(len(shown)):
        own = [{"filter": f"datum.line == {place}"}]
        line = {"type": "line", "strokeDash": list(DASHES[place]), "strokeWidth": 2, "color": _SHADES[place]}
        layers.append({"transform": own, "mark": line, "encoding": where})
        mark = {
            "type": "point",
            "shape": SHAPES[place],
            "filled": True,
            "size": 45,
            "opacity": 1,
            "color": _SHADES[place],
        }
        marked_only = [{"filter": f"datum.line == {place} && datum.marked == 1"}]
        layers.append({"transform": marked_only, "mark": mark, "encoding": where})
    if at is not None:
        rule = {"type": "rule", "strokeDash": [3, 3], "strokeWidth": 1.5, "color": QUIET}
        layers.append({"mark": rule, "encoding": {"x": {"datum": at, **x}}})
    headed = message("{rate} at each threshold", rate=title(metric)).text(language)
    described = "; ".join(f"{harmless(group)}: {_described(found, metric)}" for group, found in shown)
    return Chart(draw(_plane(rows, layers), name, headed, described), len(shown), len(curves))


def line_key(place: int) -> str:
    """Return the SVG of the dash and mark of a group, for the key beside a chart."""
    dash = " ".join(map(str, DASHES[place]))
    colour = _SHADES[place]
    marks = {
        "circle": '<circle cx="20" cy="8" r="4"/>',
        "square": '<rect x="16" y="4" width="8" height="8"/>',
        "triangle-up": '<path d="M20 3L25 12H15z"/>',
        "diamond": '<path d="M20 2L25 8L20 14L15 8z"/>',
        "cross": '<path d="M18 3h4v3h3v4h-3v3h-4v-3h-3v-4h3z"/>',
        "triangle-down": '<path d="M20 13L15 4H25z"/>',
    }
    return (
        f'<svg width="40" height="16" viewBox="0 0 40 16" aria-hidden="true" fill="{colour}">'
        f'<path d="M0 8H40" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        f"{marks[SHAPES[place]]}</svg>"
    )


def _described(curves: Curves, metric: str) -> str:
    values: Sequence[tuple[float, float, float] | None] = getattr(curves.sweep, metric)
    told = []
    for wanted in (0.25, 0.5, 0.75):
        near = min(range(len(values)), key=lambda step: abs(curves.sweep.thresholds[step] - wanted))
        triple = values[near]
        if triple is not None:
            told.append(f"{curves.sweep.thresholds[near]:.2f} → {100 * triple[0]:.0f}%")
    return ", ".join(told)


def _share_axis(side: str) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "title": None,
        "tickCount": 5,
        "labelExpr": "format(datum.value * 100, '~g') + '%'",
        "labelFlush": side == "x",
        "grid": True,
    }
    scale = {"domain": [0, 1], "nice": False, "zero": False}
    return {"type": "quantitative", "scale": scale, "axis": axis}


def _plane(rows: list[dict[str, Any]], layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": rows},
        "width": _WIDTH,
        "height": _HEIGHT,
        "padding": {"left": 10, "right": 14, "top": 6, "bottom": 4},
        "background": None,
        "layer": layers,
        "config": {
            "view": {"stroke": None},
            "axis": {
                "labelColor": QUIET,
                "labelFontSize": 11,
                "gridColor": "#d9d9d9",
                "domainColor": QUIET,
                "tickColor": QUIET,
            },
        },
    }
