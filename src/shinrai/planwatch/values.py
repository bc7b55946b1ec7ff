"""How single values of a plan are read, each with the place at which it stands."""

import re
from decimal import Decimal

from shinrai.frameworks.located import Fields, Node, Nothing, as_fields, as_items, as_match, as_text, as_word, shown
from shinrai.language import Place, ShinraiError, message, suggest
from shinrai.planwatch.model import Citation, Period, Plan, Source

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# Addresses become links in reports, so nothing that a browser would run.
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/?#=&%+,:@!$'()*;-]*)?")
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")
_COUNT = re.compile(r"[1-9][0-9]{0,11}")
NOT_GIVEN = "not_given"
"""Written where a source gives neither a number of answers nor an interval: left out on purpose, not forgotten."""


def as_id(node: Node) -> str:
    """Return an id."""
    return as_match(node, ID, message("an id (letters, digits, “.”, “_” and “-”, at most 128)"))


def as_number(node: Node) -> Decimal:
    """Return a plain decimal number: no thousands separators, no exponent, at most six decimals."""
    return Decimal(as_match(node, NUMBER, message("a plain number such as 26.7")))


def as_count(node: Node) -> int | None:
    """Return a number of at least 1, or None for `not_given`."""
    if as_text(node) == NOT_GIVEN:
        return None
    return int(as_match(node, _COUNT, message("a whole number of at least 1, or not_given")))


def as_period(node: Node) -> Period:
    """Return a period as `Period.parse` reads it."""
    text = as_text(node)
    try:
        return Period.parse(text)
    except ValueError as error:
        raise ShinraiError(
            message("“{value}” is not a day, month, year or fiscal year.", value=shown(text)),
            fix=message("Write it as 2025-12-19, 2025-12, 2025, FY2025 or 2025-04/2026-03."),
            place=node.place,
        ) from error


def as_address(node: Node) -> str:
    """Return an address that a report may link to."""
    return as_match(node, ADDRESS, message("an address that begins with https://"))


def or_none(node: Node | None) -> Node | None:
    """Return a value, or None when it is left out or empty."""
    return None if node is None or isinstance(node, Nothing) else node


def as_ids(node: Node | None) -> tuple[tuple[str, Place], ...]:
    """Return a list of ids with their places; nothing at all is an empty list. An id twice is an error."""
    found: dict[str, Place] = {}
    for item in () if or_none(node) is None or node is None else as_items(node):
        id_ = as_id(item)
        if id_ in found:
            raise ShinraiError(message("“{id}” is listed twice.", id=id_), place=item.place)
        found[id_] = item.place
    return tuple(found.items())


def as_citation(node: Node, sources: dict[str, Source]) -> Citation:
    """Return the sources that a row names by key, and the place in them."""
    field = as_fields(node, ("keys",), ("section",)).values
    named = [as_word(key, sources) for key in as_items(field["keys"])]
    if not named:
        raise ShinraiError(
            message("Every row names at least one source."),
            fix=message("Add the key of a source; they stand under “sources”."),
            place=field["keys"].place,
        )
    section = or_none(field.get("section"))
    return Citation(tuple(sources[key] for key in dict.fromkeys(named)), None if section is None else as_text(section))


class Claims:
    """The ids of one file, each used once."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}

    def claim(self, node: Node) -> str:
        """Return an id that nothing else in the file has."""
        id_ = as_id(node)
        if id_ in self._places:
            raise ShinraiError(
                message("The id “{id}” is already used: {place}.", id=id_, place=_shown(self._places[id_])),
                fix=message("Give it another id."),
                place=node.place,
            )
        self._places[id_] = node.place
        return id_


def _shown(place: Place) -> str:
    """Return a place without its file, which is the same."""
    if place.line is not None:
        return str(place.line)
    return place.field or place.file


def known(node: Node, id_: str, among: dict[str, object] | set[str], place: Place | None = None) -> str:
    """Return an id that is among those given; another one is an error with the nearest as a suggestion."""
    if id_ not in among:
        raise ShinraiError(
            message("There is no “{id}” in this plan.", id=shown(id_)),
            fix=suggest(id_, among) or message("Correct the id, or add what it names."),
            place=place or node.place,
        )
    return id_


def named_fields(node: Node) -> Fields:
    """Return fields whose names the file chooses itself, each of them an id."""
    fields = as_fields(node, (), node.values if isinstance(node, Fields) else ())
    for key, place in fields.keys.items():
        if not ID.fullmatch(key):
            raise ShinraiError(message("“{key}” cannot be the key of a source.", key=shown(key)), place=place)
    return fields


def no_such_id(plan: Plan, id_: str) -> ShinraiError:
    """Return the error for an id that a plan does not have, with the nearest that it has."""
    return ShinraiError(
        message("There is no “{id}” in this plan.", id=shown(id_)),
        fix=suggest(shown(id_), plan.titles()) or message("“shinrai plan show” lists the ids."),
    )
