"""How values of ours are written in OSCAL 1.2.1: properties, parts, identifiers.

Property values and titles in OSCAL are single lines without blanks at their ends, and identifiers do not begin with a
digit; texts of ours may be anything. What does not fit stands in the `remarks` of its property.

Source: NIST OSCAL 1.2.1, JSON schemas of the catalog, profile and mapping models.
"""

import json
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shinrai.language import Bilingual, Language

VERSION = "1.2.1"
NAMESPACE = "https://shinrai.example/ns/oscal"
"""The namespace of Shinrai's own properties and parts."""

_IN_REMARKS = "see-remarks"
_UUIDS = uuid5(NAMESPACE_URL, NAMESPACE)

Json = dict[str, Any]


def uuid_of(*parts: str) -> str:
    """Return a UUID that is always the same for the same parts (RFC 9562, version 5)."""
    return str(uuid5(_UUIDS, json.dumps(parts, ensure_ascii=False)))


def token(id_: str) -> str:
    """Return an id of ours as an OSCAL token; ids of ours never begin with an underscore, so none collide."""
    return f"_{id_}" if id_[0].isdigit() else id_


def is_line(text: str) -> bool:
    """Return whether OSCAL takes a text as a property's value."""
    return not (set(text) & set("\n\r\u2028\u2029\x85")) and not text[:1].isspace() and not text[-1:].isspace()


def line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def moment(day: date) -> str:
    """Return the beginning of a day, in UTC."""
    return f"{day.isoformat()}T00:00:00Z"


def prop(name: str, value: str, class_: str | None = None, group: str | None = None) -> Json:
    """Return a property of ours."""
    made: Json = {"name": name, "ns": NAMESPACE, "value": value if is_line(value) else _IN_REMARKS}
    if class_ is not None:
        made["class"] = class_
    if group is not None:
        made["group"] = group
    if not is_line(value):
        made["remarks"] = value
    return made


def props_in_both(name: str, text: Bilingual, group: str | None = None) -> list[Json]:
    """Return a text in both languages as two properties."""
    return [prop(name, text.text(language), language.value, group) for language in Language]


def prose(name: str, text: str, class_: str) -> Json:
    """Return a part of ours that holds a text."""
    return {"name": name, "ns": NAMESPACE, "class": class_, "prose": text}


def prose_in_both(name: str, text: Bilingual) -> list[Json]:
    """Return a text in both languages as two parts."""
    return [prose(name, text.text(language), language.value) for language in Language]


def is_ours(thing: Any) -> bool:
    """Return whether a property or a part is one of ours."""
    return isinstance(thing, dict) and thing.get("ns") == NAMESPACE


def ours(node: Json, where: str, name: str | None = None) -> list[Json]:
    """Return our properties or parts of a node, all or those of one name. where: `props` or `parts`."""
    things = node.get(where)
    found = [each for each in things if is_ours(each)] if isinstance(things, list) else []
    return found if name is None else [each for each in found if each.get("name") == name]


def said(thing: Json, name: str) -> str:
    """Return a field of a property or part, empty when it is missing or no text."""
    value = thing.get(name)
    return value if isinstance(value, str) else ""


def value_of(thing: Json) -> str:
    """Return what a property says, wherever it stands."""
    value = said(thing, "value")
    return said(thing, "remarks") if value == _IN_REMARKS and "remarks" in thing else value


def dumped(tree: Json) -> bytes:
    """Return a document as JSON, UTF-8, made to be read."""
    return (json.dumps(tree, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
