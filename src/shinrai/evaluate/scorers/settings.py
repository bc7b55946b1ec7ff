"""What scorers and operators read from suite files beyond text: numbers, yes or no, and lists, with their places."""

import re
from collections.abc import Iterable, Mapping

from shinrai.frameworks.located import Fields, Node, as_fields, as_items, as_match, as_text, as_word
from shinrai.language import Message, ShinraiError, message

_COUNT = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


def as_flag(node: Node | None, default: bool) -> bool:
    """Return yes or no; the default where nothing is written."""
    return default if node is None else as_word(node, ("yes", "no", "true", "false")) in {"yes", "true"}


def as_count(node: Node, low: int, high: int) -> int:
    """Return a whole number from low to high."""
    count = int(as_match(node, _COUNT, message("a whole number")))
    _check(count, low, high, node)
    return count


def as_number(node: Node, low: float, high: float) -> float:
    """Return a number from low to high."""
    number = float(as_match(node, _NUMBER, message("a number")))
    _check(number, low, high, node)
    return number


def _check(number: float, low: float, high: float, node: Node) -> None:
    if not low <= number <= high:
        raise ShinraiError(
            message("{number} is not between {low} and {high}.", number=number, low=low, high=high), place=node.place
        )


def as_texts(node: Node | None, limit: int) -> tuple[str, ...]:
    """Return a list of different texts, at most limit; nothing at all is an empty tuple."""
    if node is None:
        return ()
    items = as_items(node)
    if len(items) > limit:
        raise ShinraiError(
            message("The list has {size} entries; at most {limit} are read.", size=len(items), limit=limit),
            place=node.place,
        )
    texts: dict[str, None] = {}
    for item in items:
        text = as_text(item)
        if text in texts:
            raise ShinraiError(message("The entry stands here twice."), place=item.place)
        texts[text] = None
    return tuple(texts)


def named_texts(node: Node, limit: int) -> Mapping[str, str]:
    """Return fields whose names the file chooses itself, each with a text; at least one."""
    fields = as_fields(node, (), node.values if isinstance(node, Fields) else ())
    if not 1 <= len(fields.values) <= limit:
        raise ShinraiError(
            message("There are {size} fields here; 1 to {limit} are read.", size=len(fields.values), limit=limit),
            place=node.place,
        )
    return {name: as_text(value) for name, value in fields.values.items()}


def needs_one_of(fields: Fields, names: Iterable[str]) -> None:
    """Refuse fields that hold none of the names."""
    wanted = tuple(names)
    if not any(name in fields.values for name in wanted):
        raise missing(fields, message("one of {names}", names=", ".join(wanted)))


def missing(fields: Fields, what: Message) -> ShinraiError:
    """Return the error that says what is not there."""
    return ShinraiError(message("Here {what} is needed.", what=what), fix=message("Add it."), place=fields.place)


def merged(*nodes: Fields | None) -> Fields | None:
    """Return fields in which later ones take the place of earlier ones; None if there are none at all."""
    given = [node for node in nodes if node is not None]
    if not given:
        return None
    return Fields(
        {name: value for node in given for name, value in node.values.items()},
        {name: place for node in given for name, place in node.keys.items()},
        given[-1].place,
    )
