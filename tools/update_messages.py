"""Bring the catalogues in line with the texts in the code, and compile them.

Every room below `src/shinrai`, and the verifier, has one catalogue for each language it speaks besides English. A text
that is new in the code gets an entry without a translation (or with the one another room has for the same text); an
entry whose text is gone goes too. Nothing is guessed (no fuzzy entries), and the files hold neither dates nor
places, so that they change only when a text does. The exit code is 1 when translations are missing.
"""

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import normalize, read_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "ja"
_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: shinrai\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""
# Which argument of which call is a text for people: in the rooms, and in the verifier, which has its own words.
_ROOM_CALLS = {"message": 0}
_VERIFIER_CALLS = {"Fault": 0, "Named": 0, "say": 1, "t": 0, "note": 2}
# The verifier shows these as they stand in a tally.
_VERIFIER_TEXTS = frozenset({"pass", "fail", "inconclusive", "undecided", "void", "contested"})
Text = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """A folder of code with a catalogue of its own."""

    name: str
    folder: Path

    @property
    def catalogue(self) -> Path:
        """The catalogue's file."""
        return self.folder / "locales" / LANGUAGE / "LC_MESSAGES" / "messages.po"


def rooms(root: Path) -> list[Room]:
    """Return every room of a working tree, and the verifier."""
    folders = sorted(path for path in (root / "src" / "shinrai").iterdir() if (path / "__init__.py").exists())
    verifier = root / "packages" / "shinrai-verify" / "src" / "shinrai_verify"
    return [Room(folder.name, folder) for folder in [*folders, verifier]]


def texts(room: Room) -> set[Text]:
    """Return every text for people in the code and the templates of a room."""
    found: set[Text] = set()
    for path in sorted(room.folder.rglob("*.py")):
        found |= set(_python_texts(path, _VERIFIER_CALLS if room.name == "shinrai_verify" else _ROOM_CALLS))
    for path in sorted(room.folder.rglob("*.j2")):
        with path.open("rb") as stream:
            for _line, _call, said, _comments in babel_extract(stream, ["_"], [], {}):
                # With further arguments babel hands out all that are constant; the text is the first.
                found.add(said if isinstance(said, str) else str((said or ("",))[0]))
    return found | _VERIFIER_TEXTS if room.name == "shinrai_verify" else found


def _python_texts(path: Path, calls: Mapping[str, int]) -> Iterator[str]:
    tree = ast.parse(path.read_bytes(), str(path))
    named = _named_texts(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        position = calls.get(name)
        if position is not None and position < len(node.args):
            yield from _constants(node.args[position], named)


def _constants(node: ast.expr, named: Mapping[str, list[str]]) -> Iterator[str]:
    """Return the texts an argument can stand for: a constant, one of two, or a name that the file gives constants."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _constants(node.body, named)
            yield from _constants(node.orelse, named)
        case ast.Name():
            yield from named.get(node.id, [])
        case ast.Subscript(value=ast.Name(id=name)):
            yield from named.get(name, [])


def _named_texts(tree: ast.Module) -> Mapping[str, list[str]]:
    """Return, for each name that a file assigns constant texts to, those texts."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            said = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            found.setdefault(node.targets[0].id, []).extend(said)
    return found


def texts_of_others(room: Room) -> set[Text]:
    """Return the texts of libraries that look up the room's catalogue: click's in `cli`, argparse's in the verifier."""
    import click

    found: set[Text] = set()
    if room.name == "cli":
        # Click looks this one up by a variable.
        found.add("required")
        files = sorted(Path(click.__file__).parent.glob("*.py"))
    elif room.name == "shinrai_verify":
        files = [Path(argparse.__file__)]
    else:
        return found
    for path in files:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                said = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
                if said:
                    found.add(said if len(said) > 1 else said[0])
    return found


def read_catalogue(room: Room) -> dict[Text, Text]:
    """Return the translations a room has; none when it has no catalogue yet. A fuzzy entry is no translation."""
    if not room.catalogue.exists():
        return {}
    with room.catalogue.open("rb") as stream:
        catalogue: Catalog = read_po(stream, locale=LANGUAGE, abort_invalid=True)
    return {_text(entry.id): _text(entry.string) for entry in catalogue if entry.id and not entry.fuzzy}


def _text(said: str | list[str] | tuple[str, ...] | None) -> Text:
    """Return an entry's text, or its forms, as a value that can be a key."""
    return said or "" if isinstance(said, str | None) else tuple(said)


def is_empty(translation: Text) -> bool:
    """Whether a translation, or a form of it, has yet to be written."""
    return not translation or "" in ((translation,) if isinstance(translation, str) else translation)


def merged(room: Room, known: Mapping[Text, Text]) -> dict[Text, Text]:
    """Return the entries a room's catalogue should have. known: translations of other rooms, used where it has none."""
    old = read_catalogue(room)
    wanted = texts(room) | (texts_of_others(room) & set(old))
    return {text: old.get(text) or known.get(text, "") for text in wanted}


def write_catalogue(room: Room, entries: Mapping[Text, Text]) -> None:
    """Write a catalogue: a fixed header, entries in the order of their texts."""
    parts = [_HEADER.format(language=LANGUAGE)]
    for text in sorted(entries, key=lambda each: each if isinstance(each, tuple) else (each,)):
        said = entries[text]
        if isinstance(text, tuple):
            forms = said if isinstance(said, tuple) else (said,)
            lines = [f"msgid {_quoted(text[0])}", f"msgid_plural {_quoted(text[1])}"]
            lines += [f"msgstr[{number}] {_quoted(form)}" for number, form in enumerate(forms)]
        else:
            lines = [f"msgid {_quoted(text)}", f"msgstr {_quoted(str(said))}"]
        parts.append("\n".join(lines) + "\n")
    room.catalogue.parent.mkdir(parents=True, exist_ok=True)
    room.catalogue.write_text("\n".join(parts), encoding="utf-8", newline="\n")


def _quoted(text: str) -> str:
    return normalize(text, width=0)


def main() -> int:
    """Update and compile every catalogue; returns 1 when a text has no translation yet."""
    every = rooms(ROOT)
    known = {text: said for room in every for text, said in read_catalogue(room).items() if not is_empty(said)}
    missing = 0
    for room in every:
        entries = merged(room, known)
        if entries:
            write_catalogue(room, entries)
        for text in sorted(str(text) for text, said in entries.items() if is_empty(said)):
            print(f"{room.name}: not translated: {text!r}")
            missing += 1
    subprocess.run([sys.executable, str(ROOT / "tools" / "compile_messages.py")], check=True)  # noqa: S603  (our own)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
