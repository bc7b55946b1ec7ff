"""Indicators as pictures: values over time against targets, and groups side by side.

A filled mark is a value read in its source, a hollow one rests on a secondary or unverified source. A line through a
mark is the interval that the survey gives. A target is a broken line, broken in another way for each origin, and says
its origin in words.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual, Language, Message, message
from shinrai.planwatch.model import Indicator, Observation, Origin, Period, Target
from shinrai.planwatch.quantities import aim, amount, bracketed, listed, period
from shinrai.planwatch.report.wording import ORIGIN_SHORT
from shinrai.planwatch.standing import IndicatorStanding, Series
from shinrai.planwatch.words import ORIGIN
from shinrai.report.characters import harmless, shorten
from shinrai.report.charts import INK, LINE, QUIET, Chart, draw
from shinrai.report.quantities import day

_WIDTH, _HEIGHT, _ROW = 290, 190, 44
_DASH = {Origin.PLAN_TEXT: [10, 4], Origin.PRESS: [2, 3], Origin.OWN: [9, 3, 2, 3]}
_INK = {Origin.PLAN_TEXT: INK, Origin.PRESS: QUIET, Origin.OWN: INK}
# Labels nearer than this would stand on one another.
_APART = 62
MOST_GROUPS = 24

POINT, HOLLOW, AIM, DATED, BAR, OUTLINE = range(6)


def drawn_series(standing: IndicatorStanding) -> tuple[Series, ...]:
    """Return the series that are drawn over time: with two values, or with a value and a target."""
    aimed = {target.target.group for target in standing.targets}
    return tuple(
        series
        for series in standing.series
        if (len(series.observations) > 1 and (_group(series) in aimed or series is standing.series[0]))
        or (series.observations and _group(series) in aimed)
    )


def _group(series: Series) -> str | None:
    return None if series.group is None else series.group.id


def line_chart(standing: IndicatorStanding, series: Series, language: Language, name: str) -> Chart:
    """Draw the values of one series over time, with the targets that were set for it."""
    indicator = standing.indicator
    targets = [each.target for each in standing.targets if each.target.group == _group(series)]
    values = series.observations
    low, high = _range(indicator, values, targets)
    first, last = _span(values, targets)
    marks = [_point(value, indicator, language) for value in values]
    _thin(marks, first, last)
    marks += _aims(targets, indicator, (low, high), (first, last), marks, language)
    described = [_described(value, indicator, language) for value in values]
    described += [_aimed(target, indicator, language) for target in targets]
    title = harmless(indicator.title.text(language))
    if series.group is not None:
        title = bracketed(title, harmless(series.group.title.text(language)), language)
    spec = _line_spec(marks, (first, last), (low, high))
    return Chart(draw(spec, name, title, listed(described, language)), len(values), len(values))


def _range(indicator: Indicator, values: Sequence[Observation], targets: Sequence[Target]) -> tuple[float, float]:
    """Percentages are drawn from 0 to 100, other values from zero, so that no change looks larger than it is."""
    points = [value.value for value in values] + [target.value for target in targets]
    points += [end for value in values if value.interval for end in (value.interval.low, value.interval.high)]
    low, high = min((*points, Decimal(0))), max((*points, Decimal(0)))
    if indicator.unit.en == "%" and low >= 0 and high <= 100:
        return 0.0, 100.0
    air = (high - low) / 10 or Decimal(1)
    return float(low - air if low < 0 else low), float(high + air)


def _span(values: Sequence[Observation], targets: Sequence[Target]) -> tuple[float, float]:
    days = [_middle(value.when) for value in values]
    days += [float(target.by.toordinal()) for target in targets if target.by is not None]
    first, last = min(days), max(days)
    air = (last - first) * 0.16 or 180
    return first - air, last + air


def _middle(when: Period) -> float:
    return (when.first.toordinal() + when.last.toordinal()) / 2


def _point(value: Observation, indicator: Indicator, language: Language) -> dict[str, Any]:
    read = value.certainty is Certainty.CONFIRMED
    mark: dict[str, Any] = {
        "kind": POINT if read else HOLLOW,
        "x": _middle(value.when),
        "y": float(value.value),
        "value": harmless(amount(value.value, indicator.unit, value.qualifier).text(language)),
        "when": period(value.when, language),
        "labelled": 1,
        "spread": 0,
    }
    if value.interval is not None:
        mark |= {"low": float(value.interval.low), "high": float(value.interval.high), "spread": 1}
    return mark


def _thin(marks: list[dict[str, Any]], first: float, last: float) -> None:
    """Take labels away where they would stand on one another; the last value keeps its own."""
    taken: list[float] = []
    for mark in sorted(marks, key=lambda mark: mark["x"], reverse=True):
        at = (mark["x"] - first) / (last - first) * _WIDTH
        mark["labelled"] = int(all(abs(at - other) >= _APART for other in taken))
        if mark["labelled"]:
            taken.append(at)


def _aims(
    targets: Sequence[Target],
    indicator: Indicator,
    bounds: tuple[float, float],
    span: tuple[float, float],
    points: Sequence[dict[str, Any]],
    language: Language,
) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = []
    for target in targets:
        value, origin = float(target.value), list(Origin).index(target.origin)
        end = span[1] if target.by is None else float(target.by.toordinal())
        near = [point for point in points if abs(point["y"] - value) < 0.14 * (bounds[1] - bounds[0])]
        left = any(point["x"] < (span[0] + span[1]) / 2 for point in near)
        right = any(point["x"] >= (span[0] + span[1]) / 2 for point in near)
        words = _words(target, indicator, language)
        marks.append(
            {
                "kind": AIM,
                "x": span[0],
                "x2": end,
                "y": value,
                "origin": origin,
                "text": shorten(harmless(words.text(language)), 54),
                # The words stand on the side where no value is in their way.
                "side": int(left and not right),
            }
        )
        if target.by is not None:
            marks.append({"kind": DATED, "x": end, "y": value, "origin": origin})
    return marks


def _words(target: Target, indicator: Indicator, language: Language) -> Message:
    aimed, origin = aim(target, indicator.unit), ORIGIN_SHORT[target.origin]
    if target.by is None:
        return message("{aim} ({origin})", aim=aimed, origin=origin)
    by = target.by.isoformat() if language is Language.EN else day(target.by, language)
    return message("{aim} by {date} ({origin})", aim=aimed, date=by, origin=origin)


def _aimed(target: Target, indicator: Indicator, language: Language) -> str:
    by = message("no date set") if target.by is None else message("by {date}", date=day(target.by, language))
    said = message(
        "target {aim} ({date}): {origin}", aim=aim(target, indicator.unit), date=by, origin=ORIGIN[target.origin]
    )
    return harmless(said.text(language))


def _described(value: Observation, indicator: Indicator, language: Language) -> str:
    shown = amount(value.value, indicator.unit, value.qualifier).text(language)
    return harmless(bracketed(shown, period(value.when, language), language))


def _line_spec(marks: list[dict[str, Any]], across: tuple[float, float], up: tuple[float, float]) -> dict[str, Any]:
    x = {"type": "quantitative", "scale": {"domain": list(across), "nice": False, "zero": False}, "axis": None}
    axis = {"title": None, "tickCount": 5, "labelFlush": False, "grid": True}
    y = {"type": "quantitative", "scale": {"domain": list(up), "nice": False}, "axis": axis}
    at = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
    layers: list[dict[str, Any]] = []
    for index, origin in enumerate(Origin):
        chosen = [{"filter": f"datum.kind == {AIM} && datum.origin == {index}"}]
        rule = {"type": "rule", "strokeDash": _DASH[origin], "strokeWidth": 2, "color": _INK[origin]}
        layers.append({"transform": chosen, "mark": rule, "encoding": {**at, "x2": {"field": "x2"}}})
        dated = [{"filter": f"datum.kind == {DATED} && datum.origin == {index}"}]
        flag = {"type": "point", "shape": "diamond", "filled": True, "opacity": 1, "size": 80, "color": _INK[origin]}
        layers.append({"transform": dated, "mark": flag, "encoding": at})
    values = f"(datum.kind == {POINT} || datum.kind == {HOLLOW})"
    line = {"type": "line", "color": LINE, "strokeWidth": 2, "interpolate": "linear"}
    layers.append({"transform": [{"filter": values}], "mark": line, "encoding": at})
    spread = [{"filter": f"{values} && datum.spread == 1"}]
    ends = {"x": at["x"], "y": {"field": "low", **y}, "y2": {"field": "high"}}
    bar = {"type": "rule", "strokeWidth": 2.5, "color": LINE}
    layers.append({"transform": spread, "mark": bar, "encoding": ends})
    tick = {"type": "tick", "orient": "horizontal", "thickness": 2, "size": 12, "color": LINE}
    for end in ("low", "high"):
        layers.append({"transform": spread, "mark": tick, "encoding": {"x": at["x"], "y": {"field": end, **y}}})
    for kind, fill in ((POINT, LINE), (HOLLOW, "#ffffff")):
        dot = {"type": "point", "size": 80, "opacity": 1, "fill": fill, "stroke": LINE, "strokeWidth": 2}
        layers.append({"transform": [{"filter": f"datum.kind == {kind}"}], "mark": dot, "encoding": at})
    layers += _line_texts(values, at, x)
    return _frame(marks, _HEIGHT, layers)


def _line_texts(values: str, at: dict[str, Any], x: dict[str, Any]) -> list[dict[str, Any]]:
    text: dict[str, Any] = {"type": "text", "color": INK, "fontSize": 12}
    value = {**at, "text": {"field": "value", "type": "nominal"}}
    under = {"x": {"field": "x", **x}, "y": {"value": _HEIGHT}, "text": {"field": "when", "type": "nominal"}}
    layers = [
        {
            "transform": [{"filter": f"{values} && datum.labelled == 1"}],
            "mark": text | {"dy": 15, "color": QUIET, "fontSize": 11},
            "encoding": under,
        }
    ]
    # Above a value, or beside it where its interval stands above.
    for spread, place in ((0, {"dy": -14}), (1, {"dx": 9, "dy": 11, "align": "left", "baseline": "middle"})):
        chosen = [{"filter": f"{values} && datum.labelled == 1 && datum.spread == {spread}"}]
        layers.append({"transform": chosen, "mark": text | place | {"fontWeight": "bold"}, "encoding": value})
    for side, align in ((0, "left"), (1, "right")):
        words = text | {"align": align, "dy": -7, "fontSize": 11}
        place = {"x": {"value": side * (_WIDTH - 6) + 3}, "y": at["y"], "text": {"field": "text", "type": "nominal"}}
        chosen = [{"filter": f"datum.kind == {AIM} && datum.side == {side}"}]
        layers.append({"transform": chosen, "mark": words, "encoding": place})
    return layers


def groups_chart(standing: IndicatorStanding, language: Language, name: str) -> Chart | None:
    """Draw the last value of each group as a bar from zero; None when fewer than two groups have one."""
    indicator = standing.indicator
    found = [series for series in standing.series if series.observations]
    if len(found) < 2:
        return None
    shown = found[:MOST_GROUPS]
    last = [series.observations[-1] for series in shown]
    low, high = _range(indicator, last, ())
    # One period for all stands in the caption.
    periods = {value.when for value in last}
    marks = []
    for row, (series, value) in enumerate(zip(shown, last, strict=True)):
        read = value.certainty is Certainty.CONFIRMED
        group = Bilingual("", "") if series.group is None else series.group.title
        told = amount(value.value, indicator.unit, value.qualifier).text(language)
        if len(periods) > 1:
            told = bracketed(told, period(value.when, language), language)
        mark: dict[str, Any] = {
            "kind": BAR if read else OUTLINE,
            "row": row,
            "zero": 0,
            "value": float(value.value),
            "name": shorten(harmless(group.text(language)), 40 if len(periods) == 1 else 28),
            "told": harmless(told),
            "spread": 0,
        }
        if value.interval is not None:
            mark |= {"low": float(value.interval.low), "high": float(value.interval.high), "spread": 1}
        marks.append(mark)
    title = message("{title}: the groups side by side, last value of each", title=indicator.title)
    described = "; ".join(f"{mark['name']}: {mark['told']}" for mark in marks)
    spec = _groups_spec(marks, (low, high))
    return Chart(draw(spec, name, title.text(language), described), len(shown), len(found))


def _groups_spec(marks: list[dict[str, Any]], across: tuple[float, float]) -> dict[str, Any]:
    axis = {"orient": "bottom", "title": None, "tickCount": 5, "labelFlush": True}
    x = {"type": "quantitative", "scale": {"domain": list(across), "nice": False}, "axis": axis}
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
    bars = {"x": {"field": "zero", **x}, "x2": {"field": "value"}, "y": y}
    layers: list[dict[str, Any]] = []
    for kind, fill, dash in ((BAR, LINE, None), (OUTLINE, "#ffffff", [3, 2])):
        bar: dict[str, Any] = {"type": "bar", "height": 13, "yOffset": 11, "fill": fill, "stroke": LINE}
        if dash is not None:
            bar |= {"strokeDash": dash, "strokeWidth": 1.5}
        layers.append({"transform": [{"filter": f"datum.kind == {kind}"}], "mark": bar, "encoding": bars})
    spread = [{"filter": "datum.spread == 1"}]
    ends = {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y}
    rule = {"type": "rule", "strokeWidth": 2.5, "color": INK, "yOffset": 11}
    layers.append({"transform": spread, "mark": rule, "encoding": ends})
    for end in ("low", "high"):
        tick = {"type": "tick", "orient": "vertical", "thickness": 2, "size": 13, "color": INK, "yOffset": 11}
        layers.append({"transform": spread, "mark": tick, "encoding": {"x": {"field": end, **x}, "y": y}})
    for field, align, at, weight in (("name", "left", 0, "normal"), ("told", "right", _WIDTH, "bold")):
        mark = {"type": "text", "align": align, "baseline": "middle", "dy": -8, "fontSize": 12, "fontWeight": weight}
        texts = {"x": {"value": at}, "y": y, "text": {"field": field, "type": "nominal"}}
        layers.append({"mark": mark | {"color": INK}, "encoding": texts})
    return _frame(marks, _ROW * len(marks), layers)


def _frame(marks: list[dict[str, Any]], height: int, layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "data": {"values": marks},
        "width": _WIDTH,
        "height": height,
        "padding": {"left": 2, "right": 10, "top": 10, "bottom": 24},
        "background": None,
        "layer": layers,
        "config": {
            "view": {"stroke": None},
            "axis": {
                "labelColor": QUIET,
                "labelFontSize": 11,
                "gridColor": "#e4e4e4",
                "domainColor": QUIET,
                "tickColor": QUIET,
            },
        },
    }
