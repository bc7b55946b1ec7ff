"""Foreign JSON and YAML in which every value knows its place.

The files may come from strangers: size, depth and number of values are limited, and anchors, aliases, tags, duplicate
names, further documents and invisible characters are refused. YAML values stay the texts they were written as.

Shinrai's own files are read by `shinrai.frameworks.located`; foreign ones may be larger, and JSON keeps its numbers.
"""

import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from shinrai.frameworks.located import FORBIDDEN, shown
from shinrai.language import Message, Place, ShinraiError, message

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 50
MAX_VALUES = 2_000_000
MAX_SIGNS = 2 * MAX_VALUES
MAX_TEXT = 200_000
"""Characters in one text of a foreign file; what the framework format takes is less, see `draft`."""

Path = tuple[str | int, ...]
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Block(dict[str, Any]):
    """Fields of a YAML file. marks: the line and column of each name, counted from 1."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        self.marks: dict[str, tuple[int, int]] = {}


class _Rows(list[Any]):
    """A list of a YAML file. marks: the line and column of each item, counted from 1."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        self.marks: list[tuple[int, int]] = []


@dataclass(frozen=True, slots=True)
class Document:
    """A file that has been read. locate: finds the line and column of a value by its path."""

    name: str
    value: Any
    locate: Callable[[Path], tuple[int, int] | None]

    @property
    def root(self) -> "Cursor":
        """The outermost value."""
        return Cursor(self, (), self.value)

    def place(self, path: Path) -> Place:
        """Return where a value stands."""
        line, column = self.locate(path) or (None, None)
        return Place(self.name, line, column, field_name(path) or None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value of a document and its path."""

    document: Document
    path: Path
    value: Any

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return self.document.place(self.path)

    def get(self, name: str) -> "Cursor | None":
        """Return a field, or None when it is missing or empty. Anything but fields is a ShinraiError."""
        found = self.fields().get(name)
        return None if found is None else Cursor(self.document, (*self.path, name), found)

    def need(self, name: str) -> "Cursor":
        """Return a field that has to be there."""
        found = self.get(name)
        if found is None:
            raise ShinraiError(
                message("The field “{name}” is missing.", name=name), fix=message("Add it."), place=self.place
            )
        return found

    def fields(self) -> dict[str, Any]:
        """Return the fields."""
        if not isinstance(self.value, dict):
            raise self.wrong(message("a block of fields"))
        return self.value

    def items(self) -> Iterator["Cursor"]:
        """Return the items of a list."""
        if not isinstance(self.value, list):
            raise self.wrong(message("a list"))
        return (Cursor(self.document, (*self.path, index), item) for index, item in enumerate(self.value))

    def text(self) -> str:
        """Return a text that is more than white space."""
        if not isinstance(self.value, str):
            raise self.wrong(message("a text"))
        if not self.value.strip():
            raise ShinraiError(message("The text is empty."), fix=message("Write it."), place=self.place)
        return self.value

    def words(self, name: str) -> str | None:
        """Return a field's text, or None when it is missing, empty or blank. Numbers are written out."""
        found = self.get(name)
        if found is None:
            return None
        if isinstance(found.value, int | float) and not isinstance(found.value, bool):
            return str(found.value)
        if not isinstance(found.value, str):
            raise found.wrong(message("a text"))
        return found.value if found.value.strip() else None

    def listed(self, name: str) -> Iterator["Cursor"]:
        """Return the items of a field, none when it is missing."""
        found = self.get(name)
        return iter(()) if found is None else found.items()

    def wrong(self, wanted: Message) -> ShinraiError:
        """Return the error that this is another kind of value than the one wanted."""
        return ShinraiError(
            message("Expected {wanted}, found {found}.", wanted=wanted, found=_kind(self.value)), place=self.place
        )


def field_name(path: Path) -> str:
    """Return a path as errors write it: `objects.framework.requirement_nodes[3].name`."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{shown(step, 40)}" if name else shown(step, 40)
    return name


def _kind(value: Any) -> Message:
    for types, kind in (
        (bool, message("a truth value")),
        (str, message("a text")),
        ((int, float), message("a number")),
        (list, message("a list")),
        (dict, message("a block of fields")),
    ):
        if isinstance(value, types):
            return kind
    return message("an empty value")


def decoded(data: bytes, name: str) -> str:
    """Return the text of a UTF-8 file of at most MAX_BYTES."""
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has {size} bytes; at most {limit} are read.", size=len(data), limit=MAX_BYTES),
            place=Place(name),
        )
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ShinraiError(
            message("The file is not UTF-8 text."), fix=message("Save the file as UTF-8."), place=Place(name, line)
        ) from error


def _refuse_invisible(text: str, place: Callable[[int], Place]) -> None:
    found = FORBIDDEN.search(text)
    if found:
        raise ShinraiError(
            message("The invisible character {code} is not allowed.", code=f"U+{ord(found.group()):04X}"),
            fix=message("Delete it."),
            place=place(found.start()),
        )


def _at(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def read_json(data: bytes, name: str) -> Document:
    """Read a JSON file (RFC 8259). Numbers that are not finite, and names given twice, are errors."""
    text = decoded(data, name)
    _refuse_invisible(text, lambda at: Place(name, *_at(text, at)))
    _limit_json(data, name)
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ShinraiError(
            message("This is not valid JSON."),
            fix=message("The parser says: {problem}.", problem=shown(error.msg, 160)),
            place=Place(name, error.lineno, error.colno),
        ) from error
    except _WrongJSON as error:
        raise ShinraiError(error.what, place=Place(name)) from error
    except RecursionError as error:
        raise _too_deep(Place(name)) from error
    except ValueError as error:
        # Python refuses to read integers of thousands of digits.
        raise ShinraiError(message("This is not valid JSON."), place=Place(name)) from error
    document = Document(name, value, _Positions(text, value).of)
    for path, said in _walked(value):
        if len(path) >= MAX_DEPTH:
            raise _too_deep(document.place(path))
        if not isinstance(said, str):
            continue
        if FORBIDDEN.search(said):
            _refuse_invisible(said, lambda _at, path=path: document.place(path))  # type: ignore[misc]
        if len(said) > MAX_TEXT:
            raise _too_long(said, document.place(path))
    return document


class _WrongJSON(Exception):  # noqa: N818
    def __init__(self, what: Message) -> None:
        super().__init__(what)
        self.what = what


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _WrongJSON(message("The field “{name}” is given twice in one block.", name=shown(name)))
            seen.add(name)
    return made


def _refuse_constant(constant: str) -> Any:
    raise _WrongJSON(message("“{value}” is not a number that JSON knows.", value=constant))


def _limit_json(data: bytes, name: str) -> None:
    """Refuse a file that could hold too many values, before any of them is built.

    Every value but the first follows one of these signs; some stand in texts, so this counts a few too many.
    """
    if sum(data.count(sign) for sign in (b",", b":", b"[", b"{")) > MAX_SIGNS:
        raise ShinraiError(
            message("The file holds too much; at most {limit} values are read.", limit=MAX_VALUES), place=Place(name)
        )


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(?P<name>\s*:)?|[\[\]{}]|[^\s\[\]{},:"]+', re.DOTALL)


class _Positions:
    """Where the values of a JSON text begin.

    An importer may ask for thousands of places of a large file, or for none. So the text is gone through once, when the
    first place is asked for; and two numbers are kept of each value, for a hostile file holds MAX_VALUES of them.
    """

    def __init__(self, text: str, value: Any) -> None:
        self._text = text
        self._value = value
        # In the order of the text: where each value begins, and how many values it holds, itself among them.
        self._starts = array("Q")
        self._sizes = array("Q")
        self._lines = array("Q")
        self._inside: dict[int, dict[str | int, int]] = {}

    def of(self, path: Path) -> tuple[int, int] | None:
        """Return line and column of a value, counted from 1; None where there is no value of this path."""
        if not self._starts:
            self._read()
        nth, value = 0, self._value
        for step in path:
            found = self._children(nth, value).get(step)
            if found is None:
                return None
            nth, value = found, value[step]
        line = bisect_right(self._lines, self._starts[nth])
        return line, self._starts[nth] - self._lines[line - 1] + 1

    def _read(self) -> None:
        unfinished: list[int] = []
        for token in _TOKEN.finditer(self._text):
            sign = token.group()
            if sign in "}]":
                nth = unfinished.pop()
                self._sizes[nth] = len(self._starts) - nth
            elif not token["name"]:
                if sign in "{[":
                    unfinished.append(len(self._starts))
                self._starts.append(token.start())
                self._sizes.append(1)
        self._lines.append(0)
        self._lines.extend(found.end() for found in re.finditer("\n", self._text))

    def _children(self, nth: int, value: Any) -> dict[str | int, int]:
        """Return the numbers of the values that a value holds, by name or index."""
        if nth not in self._inside:
            self._inside[nth] = {}
            below = nth + 1
            for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
                self._inside[nth][step] = below
                below += self._sizes[below]
        return self._inside[nth]


def _too_deep(place: Place) -> ShinraiError:
    return ShinraiError(message("Values are nested more than {limit} deep.", limit=MAX_DEPTH), place=place)


def _walked(value: Any) -> Iterator[tuple[Path, Any]]:
    """Return every value and every name of a field, with its path."""
    pending: list[tuple[Path, Any]] = [((), value)]
    while pending:
        path, each = pending.pop()
        yield path, each
        if len(path) >= MAX_DEPTH:
            continue
        if isinstance(each, dict):
            for name, inner in each.items():
                yield path, name
                pending.append(((*path, name), inner))
        elif isinstance(each, list):
            pending.extend(((*path, index), inner) for index, inner in enumerate(each))


def _too_long(text: str, place: Place) -> ShinraiError:
    return ShinraiError(
        message("The text has {size} characters; at most {limit} are allowed.", size=len(text), limit=MAX_TEXT),
        place=place,
    )


def read_yaml(data: bytes, name: str, *, forgiven: str = "") -> Document:
    """Read one YAML document; every value is a text, a list, fields, or None for nothing.

    forgiven: invisible characters that are left out instead of refused, for formats whose files are known to have
    them.
    """
    text = decoded(data, name).translate(str.maketrans("", "", forgiven))
    _refuse_invisible(text, lambda at: Place(name, *_at(text, at)))
    loader = _Loader(text)
    try:
        value = _yaml_value(loader, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        problem = shown(str(error.problem or error.context), 160)
        raise ShinraiError(message("This is not valid YAML: {problem}.", problem=problem), place=place) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ShinraiError(message("This is not valid YAML."), place=Place(name)) from error
    finally:
        loader.dispose()
    return Document(name, value, lambda path: _yaml_position(value, path))


def _yaml_position(value: Any, path: Path) -> tuple[int, int] | None:
    at = None
    for step in path:
        at = value.marks[step]
        value = value[step]
    return at


def _yaml_value(loader: Any, name: str) -> Any:
    """Build the one document of a stream without recursion."""
    open_: list[_Block | _Rows] = []
    pending: list[str | None] = []  # for each open block the name whose value comes next
    root: list[Any] = []
    count = 0
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, yaml.NodeEvent):
            count += 1
            _refuse_event(event, count, len(open_), name)
        if isinstance(event, yaml.ScalarEvent):
            _put(_scalar(event, name), event, open_, pending, root, name)
        elif isinstance(event, yaml.CollectionStartEvent):
            made = _Rows() if isinstance(event, yaml.SequenceStartEvent) else _Block()
            _put(made, event, open_, pending, root, name)
            open_.append(made)
            pending.append(None)
        elif isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
            pending.pop()
    if not root:
        raise ShinraiError(message("The file is empty."), place=Place(name))
    return root[0]


def _refuse_event(event: Any, count: int, depth: int, name: str) -> None:
    if count > MAX_VALUES:
        raise ShinraiError(
            message("The file holds too much; at most {limit} values are read.", limit=MAX_VALUES),
            place=_mark(event, name),
        )
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise ShinraiError(
            message("Anchors and aliases (& and *) are not allowed."),
            fix=message("Write the value out in each place."),
            place=_mark(event, name),
        )
    if event.tag is not None:
        raise ShinraiError(
            message("Tags (!) are not allowed."), fix=message("Delete the tag."), place=_mark(event, name)
        )
    if depth > MAX_DEPTH:
        raise _too_deep(_mark(event, name))


def _mark(event: Any, name: str) -> Place:
    return Place(name, event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(event: Any, name: str) -> str | None:
    if event.implicit[0] and event.value in {"", "~", "null", "Null", "NULL"}:
        return None
    value: str = event.value
    _refuse_invisible(value, lambda _at: _mark(event, name))
    if len(value) > MAX_TEXT:
        raise _too_long(value, _mark(event, name))
    return value


def _put(
    value: Any, event: Any, open_: list[_Block | _Rows], pending: list[str | None], root: list[Any], name: str
) -> None:
    """Put a value where it belongs: into the open list, or as a name or a value into the open block."""
    mark = (event.start_mark.line + 1, event.start_mark.column + 1)
    if not open_:
        if root:
            raise ShinraiError(
                message("A second document begins here; a file holds one."),
                fix=message("Put it into a file of its own."),
                place=Place(name, *mark),
            )
        root.append(value)
        return
    into = open_[-1]
    if isinstance(into, _Rows):
        into.append(value)
        into.marks.append(mark)
        return
    waiting = pending[-1]
    if waiting is not None:
        into[waiting] = value
        pending[-1] = None
        return
    if not isinstance(value, str):
        raise ShinraiError(message("The name of a field must be a text."), place=Place(name, *mark))
    if value in into.marks:
        raise ShinraiError(
            message("The field is already given in line {line}.", line=into.marks[value][0]),
            fix=message("Keep one of the two."),
            place=Place(name, *mark, shown(value, 40)),
        )
    into.marks[value] = mark
    pending[-1] = value
