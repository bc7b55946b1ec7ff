"""The goals right under a tree's top as a wheel of bands.

Each goal is a sector from the centre (0%) to the rim (100%). What is drawn in it is never a point: a filled segment
from the band's low end to its high end, a line with end marks for the interval, and hatching with a dashed outline
where there is no data. Shapes tell the states apart, colour only helps. Goals stand as numbers, which the table beside
the wheel names, so that no label has to fit round a circle.
"""

from collections.abc import Iterator
from math import ceil, cos, floor, pi, sin
from typing import Final
from xml.etree import ElementTree

from shinrai.assess.assessment import GoalBand, GoalRecord, GoalTreeRecord
from shinrai.language import Language, message
from shinrai.report.characters import harmless
from shinrai.report.charts import INK, LINE, QUIET, Chart
from shinrai.report.quantities import Unit, interval, number
from shinrai.report.svg import embed
from shinrai.report.words import GOAL, said

MOST_AXES: Final = 24
FILL: Final = "#aab4ee"
_WIDTH, _HEIGHT, _RADIUS = 380, 316, 112
_CENTRE: Final = (_WIDTH / 2, _HEIGHT / 2)
_GAP: Final = 0.02
_THINNEST: Final = 3 / _RADIUS
_HATCH: Final = 0.11
_Point = tuple[float, float]


def radar(tree: GoalTreeRecord, language: Language, name: str) -> Chart | None:
    """Draw the goals right under the top of a tree; None when there are none, or more than MOST_AXES."""
    goals = tree.root.goals
    if not 0 < len(goals) <= MOST_AXES:
        return None
    texts: dict[str, str] = {}
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_WIDTH} {_HEIGHT}"})
    for place, goal in enumerate(goals):
        _sector(root, goal, _middle(place, len(goals)), pi / len(goals) - _GAP)
    _grid(root, len(goals), texts)
    for place, goal in enumerate(goals):
        _label(root, place, goal, _middle(place, len(goals)), texts, language)
    title = message("{title}: the band of each goal", title=said(tree.title, language)).text(language)
    described = "; ".join(_described(place, goal, language) for place, goal in enumerate(goals, start=1))
    rendered = ElementTree.tostring(root, encoding="unicode")
    svg = embed(rendered, name=name, title=harmless(title), description=harmless(described), texts=texts)
    return Chart(svg, len(goals), len(goals))


def _described(place: int, goal: GoalRecord, language: Language) -> str:
    head = message("{number}. {title}", number=place, title=said(goal.title, language)).text(language)
    if goal.band is None or goal.state == "no_data":
        return message("{name}: {text}", name=head, text=GOAL[goal.state]).text(language)
    words = message(
        "band {low} to {high}, {interval}",
        low=number(goal.band.low, Unit.SHARE),
        high=number(goal.band.high, Unit.SHARE),
        interval=interval(goal.band.interval, Unit.SHARE),
    )
    return message("{name}: {text}", name=head, text=words).text(language)


def _middle(place: int, of: int) -> float:
    """Return the angle of a goal's middle, the first one at the top, going round with the clock."""
    return -pi / 2 + 2 * pi * place / of


def _at(angle: float, radius: float) -> _Point:
    return _CENTRE[0] + _RADIUS * radius * cos(angle), _CENTRE[1] + _RADIUS * radius * sin(angle)


def _sector(root: ElementTree.Element, goal: GoalRecord, middle: float, half: float) -> None:
    if goal.band is None:
        _line(root, [_at(middle, 0), _at(middle, 1)], {"stroke": QUIET, "stroke-dasharray": "1,4", "stroke-width": "2"})
    elif goal.state == "no_data":
        for stroke in _hatching(middle - half, middle + half):
            _line(root, stroke, {"stroke": QUIET, "stroke-width": "1"})
        _path(root, _segment(middle, half, 0, 1), {"fill": "none", "stroke": QUIET, "stroke-dasharray": "5,3"})
    else:
        _band(root, goal.band, middle, half)


def _band(root: ElementTree.Element, band: GoalBand, middle: float, half: float) -> None:
    low, high = band.low, band.high
    if high - low < _THINNEST:
        # A segment of no width is drawn as thick as a line, or nobody would see it.
        low = min(max(0.0, (low + high - _THINNEST) / 2), 1 - _THINNEST)
        high = low + _THINNEST
    _path(root, _segment(middle, half, low, high), {"fill": FILL, "stroke": LINE, "stroke-width": "1.5"})
    ends = band.interval.low, band.interval.high
    stroke = {"stroke": INK, "stroke-width": "2"}
    _line(root, [_at(middle, end) for end in ends], stroke)
    for end in ends:
        x, y = _at(middle, end)
        across = -5 * sin(middle), 5 * cos(middle)
        _line(root, [(x - across[0], y - across[1]), (x + across[0], y + across[1])], stroke)


def _segment(middle: float, half: float, low: float, high: float) -> str:
    """Return the path of a ring's segment; half: half its angle, below pi."""
    large = int(half > pi / 2)
    start, end = middle - half, middle + half
    outer = f"M{_xy(_at(start, high))}A{_arc(high)} 0 {large} 1 {_xy(_at(end, high))}"
    if low <= 0:
        return f"{outer}L{_xy(_CENTRE)}Z"
    return f"{outer}L{_xy(_at(end, low))}A{_arc(low)} 0 {large} 0 {_xy(_at(start, low))}Z"


def _hatching(start: float, end: float) -> Iterator[list[_Point]]:
    """Yield slanting strokes over a whole sector, each from its first side outwards to its other one."""
    rise = 0.18
    first = -rise
    while first < 1:
        steps = [(step / 8, first + rise * step / 8) for step in range(9)]
        inside = [(start + (end - start) * along, radius) for along, radius in steps if 0 < radius < 1]
        if len(inside) > 1:
            yield [_at(angle, radius) for angle, radius in inside]
        first += _HATCH


def _grid(root: ElementTree.Element, of: int, texts: dict[str, str]) -> None:
    for share in (0.25, 0.5, 0.75, 1.0):
        style = {"fill": "none", "stroke": QUIET, "stroke-width": "1", "stroke-opacity": "1" if share == 1 else "0.35"}
        left, right = _at(pi, share), _at(0, share)
        both = f"M{_xy(left)}A{_arc(share)} 0 1 1 {_xy(right)}A{_arc(share)} 0 1 1 {_xy(left)}"
        _path(root, both, style)
    between = _middle(0, of) - pi / of
    for share in (0.5, 1.0):
        x, y = _at(between, share)
        _text(root, (x, y + 3), f"{share:.0%}", texts, {"font-size": "10", "text-anchor": "middle", "fill": QUIET})


def _label(
    root: ElementTree.Element, place: int, goal: GoalRecord, angle: float, texts: dict[str, str], language: Language
) -> None:
    x, y = _at(angle, 1 + 14 / _RADIUS)
    anchor = "middle" if abs(cos(angle)) < 0.2 else "start" if cos(angle) > 0 else "end"
    # Two lines of text stand beside the rim, whole above it at the top and whole below it at the foot.
    first = y - 2 + 9 * sin(angle)
    style = {"text-anchor": anchor, "fill": INK}
    _text(root, (x, first), str(place + 1), texts, style | {"font-size": "14", "font-weight": "bold"})
    if goal.band is None or goal.state == "no_data":
        words = GOAL[goal.state]
    else:
        # Rounded outwards, so that what is read here is never narrower than the band.
        words = message("{low}–{high}%", low=floor(100 * goal.band.low), high=ceil(100 * goal.band.high))
    _text(root, (x, first + 14), words.text(language), texts, style | {"font-size": "12"})


def _path(root: ElementTree.Element, d: str, style: dict[str, str]) -> None:
    ElementTree.SubElement(root, "path", {"d": d, **style})


def _line(root: ElementTree.Element, points: list[_Point], style: dict[str, str]) -> None:
    _path(root, "M" + "L".join(map(_xy, points)), {"fill": "none", **style})


def _text(root: ElementTree.Element, at: _Point, text: str, texts: dict[str, str], style: dict[str, str]) -> None:
    texts[key := f"@{len(texts)}"] = text
    ElementTree.SubElement(root, "text", {"x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}", **style}).text = key


def _xy(point: _Point) -> str:
    return f"{point[0]:.2f},{point[1]:.2f}"


def _arc(share: float) -> str:
    return f"{_RADIUS * share:.2f},{_RADIUS * share:.2f}"
