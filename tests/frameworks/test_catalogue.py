"""Every message of the room stands in its Japanese catalogue, with the same fields, and none is left over."""

import ast
import re
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

import shinrai.frameworks

ROOM = Path(shinrai.frameworks.__file__).parent


def templates() -> set[str]:
    """The literal first arguments of all calls of message() in the room; a computed one fails the test."""
    found = set()
    for source in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message":
                assert isinstance(node.args[0], ast.Constant), f"{source.name}:{node.lineno}"
                found.add(node.args[0].value)
    return found


def fields(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def catalogue() -> dict[str, str]:
    with (ROOM / "locales/ja/LC_MESSAGES/messages.po").open("rb") as source:
        return {entry.id: entry.string for entry in read_po(source, locale="ja", abort_invalid=True) if entry.id}


def test_every_message_has_its_japanese_and_none_is_left_over() -> None:
    assert set(catalogue()) == templates()


def test_translations_keep_the_fields() -> None:
    for english, japanese in catalogue().items():
        assert fields(japanese) == fields(english), english


def test_translations_are_japanese() -> None:
    joints = {"{listed}, {name}", "{first} {second}"}
    for english, japanese in catalogue().items():
        assert english in joints or re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", japanese), english
