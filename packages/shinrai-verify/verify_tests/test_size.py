"""The verifier stays small enough to be read before it is believed; ADR 0012 says how small, and why not smaller."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

import shinrai_verify

SOURCE = Path(shinrai_verify.__file__).parent
FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
MOST_CODE, MOST_IN_A_FILE, MOST_IN_A_STEP = 2_300, 300, 150
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(source: str) -> int:
    """Count lines that hold code: no comment, no docstring, nothing empty."""
    texts: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            texts |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - texts)


def test_lines_of_code_are_counted_without_what_is_said_about_them():
    source = '"""Text\nof a module."""\n\n# why\na = 1  # what\n\n\ndef f():\n    """Says."""\n'
    source += "    return [\n        a,\n    ]\n"
    assert code_lines(source) == 5


def test_the_verifier_does_not_grow_unnoticed():
    assert sum(code_lines((SOURCE / name).read_text()) for name in FILES) <= MOST_CODE


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_longer_than_a_reader_can_keep_in_mind(name):
    most = MOST_IN_A_STEP if name.startswith("steps/") else MOST_IN_A_FILE
    assert len((SOURCE / name).read_text().splitlines()) <= most


@pytest.mark.parametrize("code", ["l1", *(f"v{number}" for number in range(1, 12))])
def test_each_step_is_in_the_file_that_bears_its_code(code):
    (name,) = (name for name in FILES if name.startswith(f"steps/{code}_"))
    assert (SOURCE / name).read_text().startswith(f'"""{code.upper()}: ')


def test_the_decision_names_every_file():
    root = SOURCE.parents[3]
    record = (root / "docs/adr/0012-size-of-the-verifier.md").read_text()
    assert [name for name in FILES if f"`{name}`" not in record and not name.endswith("__init__.py")] == []
