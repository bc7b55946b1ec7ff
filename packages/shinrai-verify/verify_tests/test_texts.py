"""Every sentence the verifier can say has a Japanese one, with the same fields."""

import ast
import re
import string
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import shinrai_verify
from shinrai_verify.cli import _CONCLUSIONS, _EPILOG, _RECORD_CONCLUSIONS
from shinrai_verify.council import UNDECIDED, VALUES, VOID

SOURCE = Path(shinrai_verify.__file__).parent
CATALOGUE = SOURCE / "locales/ja/LC_MESSAGES/messages.po"
PLACES = {"Fault": 0, "Named": 0, "note": 2, "say": 1, "t": 0}
# What the argument parser of Python 3.11 to 3.14 can say about this command.
ARGPARSE = {
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "the following arguments are required: %s",
    "unrecognized arguments: %s",
    "argument %(argument_name)s: %(message)s",
    "expected one argument",
    "expected at most one argument",
    "ignored explicit argument %r",
    "invalid choice: %(value)r (choose from %(choices)s)",
}


def _name(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts():
    """Return every text given literally, and the calls whose text is a variable."""
    found, indirect = set(), []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        named: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value.value if isinstance(node.value, ast.Constant) else None
                if isinstance(value, str):
                    named.setdefault(node.targets[0].id, set()).add(value)
        for node in ast.walk(tree):
            place = PLACES.get(_name(node.func)) if isinstance(node, ast.Call) else None
            if place is None or len(node.args) <= place:
                continue
            text = node.args[place]
            if isinstance(text, ast.Name) and text.id in named:
                found |= named[text.id]
            elif isinstance(text, ast.Constant) and isinstance(text.value, str):
                found.add(text.value)
            else:
                indirect.append(f"{path.name}: {ast.unparse(text)}")
    return found, indirect


LITERAL, INDIRECT = _texts()
SAID = (
    LITERAL
    | {*_CONCLUSIONS.values(), *_RECORD_CONCLUSIONS.values(), _EPILOG}
    | {*VALUES, UNDECIDED, VOID, "contested"}
    | ARGPARSE
)
with CATALOGUE.open("rb") as stream:
    JAPANESE = {entry.id: entry.string for entry in read_po(stream, locale="ja", abort_invalid=True) if entry.id}


def _fields(text):
    braces = Counter(name for _, name, _, _ in string.Formatter().parse(text) if name)
    return braces + Counter(re.findall(r"%(?:\(\w+\))?[rs]", text))


def test_the_texts_are_found():
    assert "{what} is not valid JSON" in LITERAL
    assert "entry {index}" in LITERAL
    assert "the council round" in LITERAL
    assert len(LITERAL) > 100


def test_texts_that_are_no_literals_are_ones_that_are_known_otherwise():
    # Each passes on a text that is found where it is made.
    assert sorted(INDIRECT) == [
        "cli.py: _CONCLUSIONS[outcome.exit_code]",
        "cli.py: _RECORD_CONCLUSIONS[outcome.exit_code]",
        "cli.py: counted.outcome",
        "cli.py: error.text",
        "cli.py: fault.text",
        "cli.py: late",
        "cli.py: s.text",
        "cli.py: s.text",
        "messages.py: value.text",
        "verify.py: fault.text",
    ]


@pytest.mark.parametrize("text", sorted(SAID))
def test_each_text_has_a_japanese_one_with_the_same_fields(text):
    japanese = JAPANESE.get(text)
    assert japanese
    assert _fields(japanese) == _fields(text)
    assert text.endswith("\n") == japanese.endswith("\n")
    assert not re.search(r"[｡､｢｣]", japanese)


def test_no_japanese_text_is_left_over():
    assert set(JAPANESE) == SAID


def test_no_field_is_named_like_an_argument_of_a_step():
    taken = {"code", "exit_class", "text", "self"}
    assert not any(taken & set(_fields(text)) for text in LITERAL)
