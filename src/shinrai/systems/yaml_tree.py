"""From bytes to a tree in which every value knows its line and column.

The tree is built from the parser's events, with limits on size, depth and number of values. Anchors, aliases and tags
are refused, so nothing can be expanded or constructed; scalars stay text, so nothing is guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from shinrai.language import Message, Place, message
from shinrai.systems.faults import DescriptionError, Fault
from shinrai.systems.fields import Scalar
from shinrai.systems.quoting import shown

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 20
MAX_VALUES: Final = 20_000

Path = tuple[str | int, ...]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Tree:
    """A description as plain data.

    values, keys: line and column (from 1) of each value and of each key by path. unread: paths of aliases, which stand
    for nothing here. faults: what is wrong with the YAML although it could be read.
    """

    file: str
    data: object = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    unread: set[Path] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return where a path stands; for what is missing, where its parent stands."""
        marks = (self.keys, self.values) if key else (self.values, self.keys)
        known = path
        while known and not any(known in table for table in marks):
            known = known[:-1]
            # A missing entry belongs under its parent's key, not at the parent's first entry.
            marks = (self.keys, self.values)
        line, column = next((table[known] for table in marks if known in table), (1, 1))
        return Place(self.file, line, column, field_name(path) if path else None)


def field_name(path: Path) -> str:
    """Write a path as people read it: `people[2].name`, counting from 1."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step + 1}]"
        else:
            written += ("." if written else "") + shown(step)
    return written


def read_tree(content: bytes, file: str) -> Tree:
    """Parse a file's bytes. DescriptionError for what stops the reading; other faults are kept in the tree."""
    if len(content) > MAX_BYTES:
        raise _stop(
            Place(file),
            message("The file is larger than {limit} bytes.", limit=MAX_BYTES),
            message("A description is a short text; keep data and documents in files of their own."),
        )
    text = _decode(content, file)
    tree = Tree(file)
    try:
        _Builder(tree, yaml.parse(text, Loader=_Loader)).document()
    except yaml.MarkedYAMLError as error:
        raise DescriptionError((_syntax_fault(error, text, file),)) from error
    return tree


def _decode(content: bytes, file: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _stop(
            Place(file, line),
            message("The file is not UTF-8 text."),
            message("Save it as UTF-8; Shift_JIS and UTF-16 are not read."),
        ) from error
    found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]", text)
    if found:
        before = text[: found.start()]
        raise _stop(
            Place(file, before.count("\n") + 1, found.start() - before.rfind("\n")),
            message("There is a control character here: {sign}.", sign=f"U+{ord(found.group()):04X}"),
            message("Delete it; it may have come along when text was pasted."),
        )
    return text


def _stop(place: Place, what: Message, fix: Message) -> DescriptionError:
    return DescriptionError((Fault(place, what, fix),))


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    """Say where and in our words what the YAML parser stumbled over."""
    problem, context = str(error.problem), str(error.context)
    # A key without a colon is noticed on the next line only; the context is where the key begins.
    mark = error.context_mark if "expected ':'" in problem else error.problem_mark
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    return Fault(
        Place(file, mark.line + 1, mark.column + 1) if mark else Place(file),
        _syntax(problem, context, line, line[mark.column : mark.column + 1] if mark else ""),
        message(
            "Indent with spaces, not tabs or full-width spaces; write a half-width colon and a space after each "
            "key; put a text that holds “: ”, “#” or quotation marks between quotation marks."
        ),
    )


def _syntax(problem: str, context: str, line: str, sign: str) -> Message:
    """Choose the words; `problem` and `context` come from one of two parsers, which word them alike but not equally."""
    if "tab character" in problem or sign == "\t":
        return message("This line is indented with a tab.")
    if "expected ':'" in problem:
        if "：" in line:
            return message("The colon after this key is full-width (“：”).")
        return message("There is no colon after this key.")
    if "mapping values are not allowed" in problem:
        return message("A colon is not expected here: a text holds “: ”, or a line is indented too far.")
    if "cannot start any token" in problem:
        return message("A value can't begin with this sign; one that does must stand in quotation marks.")
    if "quoted scalar" in context:
        return message("A quotation mark is opened and not closed, or “\\” stands before a sign it can't stand before.")
    if "flow" in context:
        return message("A bracket is opened and not closed, or a comma is missing.")
    if "block" in context:
        return message("This line doesn't line up with the lines above.")
    return message("This is not valid YAML.")


class _Builder:
    """Builds the tree from the parser's events, and never goes deeper than MAX_DEPTH."""

    def __init__(self, tree: Tree, events: Iterator[yaml.Event]) -> None:
        self._tree = tree
        self._events = events
        self._count = 0

    def document(self) -> None:
        """Read the one document of the stream."""
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _stop(
                Place(self._tree.file, 1, 1),
                message("The file is empty."),
                message("Start from a template: run “shinrai init”."),
            )
        self._tree.data = self._value(next(self._events), ())
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _stop(
                Place(self._tree.file, *_position(after)),
                message("A second document begins here (“---”)."),
                message("Keep one description in one file."),
            )

    def _value(self, event: yaml.Event, path: Path) -> object:
        self._tree.values[path] = _position(event)
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise _stop(
                self._tree.place(path),
                message(
                    "The file is nested deeper than {depth} levels or holds more than {values} values.",
                    depth=MAX_DEPTH,
                    values=MAX_VALUES,
                ),
                message("Compare it with the template: run “shinrai init”."),
            )
        self._refuse_extras(event, path)
        if isinstance(event, yaml.ScalarEvent):
            # implicit[0]: written plainly, so that null means null.
            return None if event.implicit[0] and event.value in _NULLS else Scalar(event.value, plain=event.implicit[0])
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        self._tree.unread.add(path)
        return None

    def _sequence(self, path: Path) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            position = _position(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _stop(
                    Place(self._tree.file, *position, field_name(path) or None),
                    message("A key must be a simple text."),
                    message("Write “key: value”; a list needs “- ” before each entry."),
                )
            key = str(event.value)
            here = (*path, key)
            self._refuse_extras(event, here)
            if key not in values:
                self._tree.keys[here] = position
                values[key] = self._value(next(self._events), here)
                continue
            first = self._tree.keys[here][0]
            fault = Fault(
                Place(self._tree.file, *position, field_name(here)),
                message(
                    "The key “{key}” stands here a second time; the first is in line {line}.",
                    key=shown(key),
                    line=first,
                ),
                message("Keep one of the two."),
            )
            self._tree.faults.append(fault)
            # Read past the second value, under the same limits; what it holds is dropped.
            self._value(next(self._events), (*here, "…"))
        return values

    def _refuse_extras(self, event: yaml.Event, path: Path) -> None:
        place = Place(self._tree.file, *_position(event), field_name(path) or None)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            fault = Fault(
                place,
                message("Anchors and aliases (“&” and “*”) are not read."),
                message("Write the value out; put a text that begins with & or * between quotation marks."),
            )
            self._tree.faults.append(fault)
        elif getattr(event, "tag", None) is not None:
            fault = Fault(
                place,
                message("Type tags (“!”) are not read."),
                message("Remove the tag; put a text that begins with ! between quotation marks."),
            )
            self._tree.faults.append(fault)


def _position(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
