"""Every message of the room is in the Japanese catalogue, with the same fields."""

import ast
import re
from pathlib import Path

from babel.messages.pofile import read_po

import shinrai.systems

ROOM = Path(shinrai.systems.__file__).parent


def templates() -> set[str]:
    found = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno}"
                found.add(node.args[0].value)
    return found


def test_the_catalogue_holds_every_message_and_no_other() -> None:
    with (ROOM / "locales" / "ja" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = {entry.id: entry.string for entry in read_po(source, locale="ja") if entry.id}
    assert set(catalogue) == templates()
    for english, japanese in catalogue.items():
        assert set(re.findall(r"(?<!\{)\{(\w+)\}", english)) == set(re.findall(r"(?<!\{)\{(\w+)\}", japanese)), english
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", japanese) or not re.sub(r"\{\w+\}", "", english).strip(), english
