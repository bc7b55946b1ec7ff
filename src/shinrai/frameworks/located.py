"""YAML in which every value knows its place, so that an error can name file, line, column and field.

A framework file may come from a stranger, so this reads a deliberately small YAML: text, lists and fields. Anchors,
aliases, tags and second documents are refused, and so are duplicate keys, control characters, deep nesting and large
files. Values are never guessed at: `1.2` and `no` are text, and only an empty value, `null` or `~` is nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

import yaml

from shinrai.language import Bilingual, Message, Place, ShinraiError, message, suggest

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 20
MAX_TEXT = 5_000
MAX_VALUES = 100_000

# The bindings to libyaml are ten times as fast, but an installation of PyYAML may lack them.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# C0 and C1 controls but tab and line ends; line and paragraph separators; marks that turn the direction of text
# around and so hide what it says; surrogates; non-characters and a byte-order mark that is not the first character.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Text:
    """A text."""

    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty value."""

    place: Place


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Fields:
    """Named values. keys: the place of each name."""

    values: Mapping[str, "Node"]
    keys: Mapping[str, Place]
    place: Place


Node = Text | Nothing | Items | Fields


def shown(text: str, limit: int = 60) -> str:
    """Return a stranger's text fit for an error message: on one line, and not longer than limit characters."""
    flat = " ".join(text[: 4 * limit].split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def read_yaml(data: bytes, name: str) -> Node:
    """Read one document. name: what errors call the file.

    Raises ShinraiError with a place for anything that is not the YAML described at the top of this module.
    """
    text = _decoded(data, name)
    loader = _Loader(text)
    try:
        return _document(loader, name)
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, text, name)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The pure Python scanner lets chr() fail on an escape such as "\UFFFFFFFF".
        raise ShinraiError(message("This is not valid YAML."), place=Place(name)) from error
    finally:
        loader.dispose()


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has {size} bytes; at most {limit} are read.", size=len(data), limit=MAX_BYTES),
            place=Place(name),
        )
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        place = Place(name, data.count(b"\n", 0, error.start) + 1, len(data[start : error.start].decode("utf-8")) + 1)
        raise ShinraiError(
            message("The file is not UTF-8 text."), fix=message("Save the file as UTF-8."), place=place
        ) from error
    forbidden = FORBIDDEN.search(text)
    if forbidden:
        at = forbidden.start()
        line = text.count("\n", 0, at) + 1
        _refuse_character(forbidden.group(), Place(name, line, at - text.rfind("\n", 0, at)))
    return text


def _refuse_character(character: str, place: Place) -> NoReturn:
    raise ShinraiError(
        message("The invisible character {code} is not allowed.", code=f"U+{ord(character):04X}"),
        fix=message("Delete it."),
        place=place,
    )


def _refuse_syntax(error: yaml.MarkedYAMLError, text: str, name: str) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
    lines = re.split("\r\n|\r|\n", text)
    if mark and mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t":
        raise ShinraiError(
            message("A tab stands where YAML allows only spaces."),
            fix=message("Indent with spaces."),
            place=place,
        ) from error
    problem = shown(str(error.problem or error.context), 160)
    raise ShinraiError(message("This is not valid YAML: {problem}.", problem=problem), place=place) from error


def _document(loader: Any, name: str) -> Node:
    events = _events(loader, name)
    next(events)  # the start of the stream
    if isinstance(next(events), yaml.StreamEndEvent):
        raise ShinraiError(message("The file is empty."), place=Place(name))
    root = _node(next(events), events, name, "", 1)
    next(events)  # the end of the document
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise ShinraiError(
            message("A second document begins here; a file holds one."),
            fix=message("Put it into a file of its own."),
            place=Place(name, after.start_mark.line + 1, after.start_mark.column + 1),
        )
    return root


def _events(loader: Any, name: str) -> Iterator[Any]:
    count = 0
    while loader.check_event():
        event = loader.get_event()
        count += isinstance(event, yaml.NodeEvent)
        if count > MAX_VALUES:
            raise ShinraiError(
                message("The file holds too much; at most {limit} values are read.", limit=MAX_VALUES),
                place=Place(name, event.start_mark.line + 1, event.start_mark.column + 1),
            )
        yield event


def _node(event: Any, events: Iterator[Any], file: str, path: str, depth: int) -> Node:
    """Build the value that begins with event. Recursion ends at MAX_DEPTH, far below Python's own limit."""
    place = Place(file, event.start_mark.line + 1, event.start_mark.column + 1, path or None)
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise ShinraiError(
            message("Anchors and aliases (& and *) are not allowed."),
            fix=message("Write the value out in each place."),
            place=place,
        )
    if event.tag is not None:
        raise ShinraiError(message("Tags (!) are not allowed."), fix=message("Delete the tag."), place=place)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event, place)
    if depth > MAX_DEPTH:
        raise ShinraiError(message("Values are nested more than {limit} deep.", limit=MAX_DEPTH), place=place)
    if isinstance(event, yaml.SequenceStartEvent):
        return Items(tuple(_items(events, file, path, depth)), place)
    return _fields(events, file, path, depth, place)


def _scalar(event: Any, place: Place) -> Text | Nothing:
    # implicit[0] says that the value is plain; the two parsers do not agree on its style.
    if event.implicit[0] and event.value in {"", "~", "null", "Null", "NULL"}:
        return Nothing(place)
    # An escape in quotes can write a character that the file itself does not hold.
    forbidden = FORBIDDEN.search(event.value)
    if forbidden:
        _refuse_character(forbidden.group(), place)
    if len(event.value) > MAX_TEXT:
        raise ShinraiError(
            message(
                "The text has {size} characters; at most {limit} are allowed.", size=len(event.value), limit=MAX_TEXT
            ),
            place=place,
        )
    return Text(event.value, place)


def _items(events: Iterator[Any], file: str, path: str, depth: int) -> Iterator[Node]:
    index = 0
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        yield _node(event, events, file, f"{path}[{index}]", depth + 1)
        index += 1


def _fields(events: Iterator[Any], file: str, path: str, depth: int, place: Place) -> Fields:
    values: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, file, path, depth + 1)
        if not isinstance(key, Text):
            raise ShinraiError(message("The name of a field must be a text."), place=key.place)
        field = f"{path}.{shown(key.value, 40)}" if path else shown(key.value, 40)
        here = Place(file, key.place.line, key.place.column, field)
        if key.value in values:
            raise ShinraiError(
                message("The field is already given in line {line}.", line=keys[key.value].line),
                fix=message("Keep one of the two."),
                place=here,
            )
        keys[key.value] = here
        values[key.value] = _node(next(events), events, file, field, depth + 1)
    return Fields(values, keys, place)


_KINDS: Mapping[type[Node], Message] = {
    Text: message("a text"),
    Nothing: message("an empty value"),
    Items: message("a list"),
    Fields: message("a block of fields"),
}


def _expected(wanted: Message, node: Node) -> ShinraiError:
    return ShinraiError(
        message("Expected {wanted}, found {found}.", wanted=wanted, found=_KINDS[type(node)]), place=node.place
    )


def as_fields(node: Node, required: Iterable[str], optional: Iterable[str] = ()) -> Fields:
    """Return a node as fields that hold every required name and, beside these, only optional ones."""
    if not isinstance(node, Fields):
        raise _expected(message("a block of fields"), node)
    needed = tuple(required)
    known = (*needed, *optional)
    for name, place in node.keys.items():
        if name not in known:
            fix = suggest(shown(name), known) or message("Known fields: {known}.", known=", ".join(known))
            raise ShinraiError(message("There is no field “{name}” here.", name=shown(name)), fix=fix, place=place)
    for name in needed:
        if name not in node.values:
            raise ShinraiError(
                message("The field “{name}” is missing.", name=name), fix=message("Add it."), place=node.place
            )
    return node


def as_items(node: Node) -> tuple[Node, ...]:
    """Return the items of a list."""
    if not isinstance(node, Items):
        raise _expected(message("a list"), node)
    return node.items


def as_text(node: Node) -> str:
    """Return a text that is more than white space."""
    if not isinstance(node, Text):
        raise _expected(message("a text"), node)
    if not node.value.strip():
        raise ShinraiError(message("The text is empty."), fix=message("Write it."), place=node.place)
    return node.value


def as_match(node: Node, pattern: re.Pattern[str], wanted: Message) -> str:
    """Return a text that matches the whole of a pattern. wanted: the pattern in words."""
    text = as_text(node)
    if not pattern.fullmatch(text):
        raise ShinraiError(message("“{value}” is not {wanted}.", value=shown(text), wanted=wanted), place=node.place)
    return text


def as_choice(node: Node, choices: type[_Choice]) -> _Choice:
    """Return a member of an enumeration by its value."""
    return choices(as_word(node, [choice.value for choice in choices]))


def as_word(node: Node, known: Iterable[str]) -> str:
    """Return a text that is one of the known words."""
    text = as_text(node)
    words = tuple(known)
    if text not in words:
        raise ShinraiError(
            message("“{value}” is not one of {known}.", value=shown(text), known=", ".join(words)),
            fix=suggest(shown(text), words),
            place=node.place,
        )
    return text


def as_date(node: Node) -> date:
    """Return a day written as YYYY-MM-DD (ISO 8601, extended format)."""
    text = as_match(node, _ISO_DATE, message("a date such as 2025-12-19"))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ShinraiError(message("There is no day {value}.", value=text), place=node.place) from error


def as_bilingual(node: Node) -> Bilingual:
    """Return a text that is given in both languages."""
    both = as_fields(node, ("ja", "en"))
    return Bilingual(ja=as_text(both.values["ja"]), en=as_text(both.values["en"]))


_Item = TypeVar("_Item")


def as_tuple(node: Node | None, read: Callable[[Node], _Item]) -> tuple[_Item, ...]:
    """Return the items of a list, each read with the given function; nothing at all is an empty tuple."""
    return () if node is None else tuple(read(item) for item in as_items(node))
