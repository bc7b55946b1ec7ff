import sys
import unicodedata
from decimal import Decimal

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.targets.reading import Column, Kind
from shinrai.evaluate.targets.values import canonical, shown


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (None, None),
        (float("nan"), None),
        ("", None),
        (" \u3000\t", None),
        ("男 ", "男"),
        ("Ａ１", "A1"),
        ("ｶﾅ", "カナ"),
        ("01", "01"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (-7, "-7"),
        (1.0, "1"),
        (-0.0, "0"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (float(np.float32(0.1)), "0.10000000149011612"),
        (float("inf"), "inf"),
        (Decimal("1.00"), "1"),
        (Decimal("1.50"), "1.5"),
        (Decimal("0.0000001"), "0.0000001"),
    ],
)
def test_canonical(stored: object, expected: str | None) -> None:
    assert canonical(stored) == expected


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none()))
def test_canonical_is_its_own_canonical_form(stored: object) -> None:
    once = canonical(stored)
    assert once is None or (once and canonical(once) == once)


def test_what_the_database_calls_blank_is_what_canonical_makes_nothing() -> None:
    connection = duckdb.connect(":memory:")
    characters = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    missing = Column("c", Kind.TEXT, "VARCHAR", "c", "c").missing
    connection.execute("CREATE TABLE t (c VARCHAR)")
    connection.execute("INSERT INTO t SELECT unnest(?::VARCHAR[])", [characters])
    blank = {row[0] for row in connection.execute(f"SELECT c FROM t WHERE {missing}").fetchall()}
    assert blank == {char for char in characters if canonical(char) is None}
    assert " " in blank
    assert unicodedata.normalize("NFKC", "\u3000") == " "


def test_shown_is_short_and_harmless() -> None:
    assert shown("男性") == "男性"
    assert shown("x" * 40) == "x" * 40
    assert shown("x" * 41) == "x" * 39 + "…"
    assert shown("a\x1b[31m\n\u202eb") == "a\\u001b[31m\\u000a\\u202eb"
