"""Every text has its Japanese: the catalogues against the code, and the compiled files against the catalogues."""

import ast
import importlib.util
import subprocess
import sys
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_messages", ROOT / "tools" / "update_messages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["update_messages"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


tool = _tool()
ROOMS = [pytest.param(room, id=room.name) for room in tool.rooms(ROOT)]

LEFT_OUT = {"possibility", "choice", "format", "number_type"}
"""Fields of libraries' texts: the singular of what the plural shows, and an English word for a kind of number."""


def fields(text: object) -> set[str]:
    """Return the `{fields}` of a text, or of all its forms together."""
    forms = text if isinstance(text, tuple) else (str(text),)
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_has_its_japanese_and_no_entry_is_left_over(room) -> None:
    said = tool.texts(room)
    entries = tool.read_catalogue(room)
    missing = sorted(str(text) for text in said if tool.is_empty(entries.get(text, "")))
    left_over = sorted(str(text) for text in set(entries) - said - tool.texts_of_others(room))
    assert not missing, f"not translated: {missing}"
    assert not left_over, f"no longer said: {left_over}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_translation_has_the_fields_of_its_text(room) -> None:
    entries = tool.read_catalogue(room)
    others = tool.texts_of_others(room) - tool.texts(room)
    for text, said in entries.items():
        # A plural may leave the number out of its singular, so the forms are taken together.
        left_out = fields(text) - fields(said) - (LEFT_OUT if text in others else set())
        assert not said or (not left_out and fields(said) <= fields(text)), text


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_fuzzy_and_the_compiled_catalogue_is_current(room) -> None:
    if not room.catalogue.exists():
        assert not tool.texts(room), f"{room.name} speaks, but has no catalogue"
        return
    with room.catalogue.open("rb") as stream:
        catalogue = read_po(stream, locale="ja", abort_invalid=True)
    assert [entry.id for entry in catalogue if entry.id and entry.fuzzy] == []
    expected = BytesIO()
    write_mo(expected, catalogue)
    compiled = room.catalogue.with_suffix(".mo")
    assert compiled.exists(), "not compiled: run make messages"
    assert _compiled(compiled.read_bytes()) == _compiled(expected.getvalue()), "out of date: run make messages"


def _compiled(data: bytes) -> dict[object, str]:
    """Return a compiled catalogue's entries, without its header, which says when it was compiled."""
    entries: dict[object, str] = dict(GNUTranslations(BytesIO(data))._catalog)
    del entries[""]
    return entries


def test_rooms_that_say_the_same_say_it_alike() -> None:
    said: dict[object, dict[object, list[str]]] = {}
    for room in tool.rooms(ROOT)[:-1]:
        for text, translation in tool.read_catalogue(room).items():
            if translation:
                said.setdefault(text, {}).setdefault(translation, []).append(room.name)
    # The rooms' catalogues are looked up as one, so that one of two translations would never be seen.
    assert {text: found for text, found in said.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.stem)
def test_the_text_of_a_message_stands_where_it_is_made(path: Path) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message"
    ]
    indirect = [
        node.lineno
        for node in calls
        if not (node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str))
    ]
    assert indirect == [], f"lines {indirect}: no tool can find a text that is not a literal"


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.stem)
def test_a_message_is_given_the_fields_it_names(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message" and node.args:
            given = {keyword.arg for keyword in node.keywords}
            text = node.args[0]
            if isinstance(text, ast.Constant) and None not in given and fields(text.value) != given:
                wrong.append((node.lineno, text.value))
    assert wrong == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small working tree: two rooms, a verifier, and the tools."""
    files = {
        "src/shinrai/hall/__init__.py": 'SAID = message("Good {time}", time=1)\n',
        "src/shinrai/attic/__init__.py": 'SAID = [message("Good {time}", time=1), message("Two " "parts")]\n',
        "src/shinrai/attic/page.html.j2": '<p>{{ _("A page for {name}", name=_("you")) }}</p>\n',
        "src/shinrai/attic/locales/ja/LC_MESSAGES/messages.po": _po(
            ("Good {time}", "よい{time}"), ("Gone", "なくなった")
        ),
        "packages/shinrai-verify/src/shinrai_verify/__init__.py": 'END = {0: "The end"}\nsay("ja", END[0])\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "tools").mkdir()
    for name in ("update_messages.py", "compile_messages.py"):
        (tmp_path / "tools" / name).write_bytes((ROOT / "tools" / name).read_bytes())
    return tmp_path


def _po(*entries: tuple[str, str]) -> str:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    return head + "".join(f'\nmsgid "{text}"\nmsgstr "{said}"\n' for text, said in entries)


def _update(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tree / "tools" / "update_messages.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_updating_keeps_adds_lends_and_removes(tree: Path) -> None:
    done = _update(tree)
    assert done.returncode == 1, done.stderr
    rooms = {room.name: tool.read_catalogue(room) for room in tool.rooms(tree)}
    assert rooms["attic"] == {"Good {time}": "よい{time}", "Two parts": "", "A page for {name}": "", "you": ""}
    assert rooms["hall"] == {"Good {time}": "よい{time}"}
    shown = {"pass", "fail", "inconclusive", "undecided", "void", "contested"}
    assert rooms["shinrai_verify"].keys() == {"The end", *shown}
    assert "attic: not translated: 'Two parts'" in done.stdout


def test_updating_twice_changes_nothing_and_leaves_no_dates(tree: Path) -> None:
    _update(tree)
    first = {path: path.read_bytes() for path in tree.rglob("messages.po")}
    assert len(list(tree.rglob("messages.mo"))) == len(first) == 3
    _update(tree)
    assert {path: path.read_bytes() for path in tree.rglob("messages.po")} == first
    assert not any(b"Date" in data or b"#:" in data for data in first.values())


def test_clicks_own_words_stay_in_the_catalogue_of_the_command_line(tree: Path) -> None:
    room = tree / "src/shinrai/cli"
    (room / "locales/ja/LC_MESSAGES").mkdir(parents=True)
    (room / "__init__.py").write_text("")
    (room / "locales/ja/LC_MESSAGES/messages.po").write_text(_po(("Options", "オプション"), ("No such", "ない")))
    _update(tree)
    assert tool.read_catalogue(tool.Room("cli", room)) == {"Options": "オプション"}
