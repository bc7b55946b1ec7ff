"""Every message of the room has a Japanese text with the same fields."""

import ast
import re
from pathlib import Path

from babel.messages.pofile import read_po

import shinrai.evaluate

ROOM = Path(shinrai.evaluate.__file__).parent


def templates() -> set[str]:
    found = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: the template is no literal"
                found.add(node.args[0].value)
    return found


def test_the_catalogue_holds_exactly_the_messages_of_the_room() -> None:
    with (ROOM / "locales/ja/LC_MESSAGES/messages.po").open("rb") as source:
        catalogue = {entry.id: entry.string for entry in read_po(source) if entry.id}
    assert catalogue.keys() == templates()
    for english, japanese in catalogue.items():
        assert japanese
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", japanese)), english
