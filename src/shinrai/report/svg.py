"""A chart's SVG made fit to stand inside a report: known elements and attributes only, a title, a description.

The renderer's SVG is rebuilt from a list of what is allowed, so that nothing in it can run, load or refer to anything,
whatever the labels hold. Its own accessibility notes (one for each mark) give way to a title and a description.
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {"g", "path", "line", "rect", "text", "tspan"}
_ATTRIBUTES = {
    "d",
    "dy",
    "fill",
    "fill-opacity",
    "font-size",
    "font-weight",
    "height",
    "opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "transform",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
}
_VALUE = re.compile(r"[#%(),.\-+\w\s]*", re.ASCII)
_LONG_FRACTION = re.compile(r"(\.\d{2})\d+")


def embed(rendered: str, *, name: str, title: str, description: str, texts: Mapping[str, str]) -> str:
    """Return the SVG for use inside HTML, with `role="img"`, named by a title and a description.

    name: the id of the element, unique in the page. texts: what the placeholders among its texts stand for.
    ValueError when the text is no SVG or declares a document type.
    """
    if "<!" in rendered:
        raise ValueError("a chart must not declare a document type")
    root = ElementTree.fromstring(rendered)  # noqa: S314  (without a document type there are no entities to expand)
    if root.tag != f"{_NAMESPACE}svg":
        raise ValueError(f"a chart must be SVG, got {root.tag}")
    clean = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "id": name,
            "class": "chart",
            "role": "img",
            "aria-labelledby": f"{name}-t {name}-d",
            "viewBox": _checked(root.get("viewBox", "")),
        },
    )
    ElementTree.SubElement(clean, "title", {"id": f"{name}-t"}).text = title
    ElementTree.SubElement(clean, "desc", {"id": f"{name}-d"}).text = description
    for child in root:
        _copy(child, clean, texts)
    return ElementTree.tostring(clean, encoding="unicode")


def _copy(element: ElementTree.Element, parent: ElementTree.Element, texts: Mapping[str, str]) -> None:
    tag = element.tag.removeprefix(_NAMESPACE)
    invisible = element.get("display") == "none" or (tag == "path" and not element.get("d"))
    if tag not in _ELEMENTS or invisible:
        return
    kept = {key: _checked(value) for key, value in element.attrib.items() if key in _ATTRIBUTES}
    copy = ElementTree.SubElement(parent, tag, kept)
    copy.text = texts.get(element.text, element.text) if element.text else None
    for child in element:
        _copy(child, copy, texts)


def _checked(value: str) -> str:
    if not _VALUE.fullmatch(value) or "url" in value.lower():
        raise ValueError("a chart attribute holds what a chart does not need")
    return _LONG_FRACTION.sub(r"\1", value)
