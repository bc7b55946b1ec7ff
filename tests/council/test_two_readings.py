"""The checks and the recompute seat on single rules, on files that are hard to read, and on bad input."""

import decimal
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.council.seats import intervals, recompute_personal, recompute_rates
from shinrai.council.seats.recompute_values import canonical as canonical_again
from shinrai.council.seats.recompute_values import subject
from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.checks import performance as performance_check
from shinrai.evaluate.checks.assembly import subject_name
from shinrai.evaluate.checks.personal_patterns import flags_of, is_email, is_phone, is_postal_code, names_personal_data
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.targets.table import TableTarget
from shinrai.evaluate.targets.values import canonical

Compare = Callable[..., dict[str, Measurement]]
Write = Callable[..., Path]

FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *("a@b.jp", "x.y", "@", "@b.c.", "jp", ".", "-", "co1", "a" * 64, "b" * 63 + "."),
            *("1", "〒", "123", "4567", "090"),
            *("03", "1234", "5678", "+81", " ", "(", "(0)", ")", "0", "6", "060", "あ", "１"),
            *("4111", "1111", "62", "30", "65"),
            *("378282246310005", "5555555555554444", "123456789018", "ー", "−", "_", "%", "+", "3530111333300000"),
        ]
    ),
    min_size=1,
    max_size=8,
).map("".join)


@given(st.lists(FRAGMENTS, min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_values_look_like_personal_data_to_both_or_to_neither(values: list[str]) -> None:
    # Three times each, so that one pattern among few values is enough to be flagged.
    texts = [canonical(value) or "x" for value in values] * 3
    assert bool(flags_of("plain", texts)) is recompute_personal.values_say_so(texts)
    for text in texts:
        dashed = text.translate(dict.fromkeys(map(ord, "ー−"), "-"))
        assert is_email(dashed) is recompute_personal.has_email(dashed)
        assert is_phone(dashed) is recompute_personal.has_phone(dashed)
        assert is_postal_code(dashed) is recompute_personal.has_postal_code(dashed)


@given(
    st.lists(
        st.sampled_from(
            [
                *("name", "Name", "full", "customer", "Email", "mail", "e", "tel", "no", "Phone"),
                *("number", "氏名", "お名前"),
                *("(カナ)", "1", "２", "_", "-", " ", "İ", "\u212a", "ｎａｍｅ", "FAX番号", "電話", "①"),
                *("々", "zip", "DOB"),
            ]
        ),
        min_size=1,
        max_size=5,
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_names_say_personal_data_to_both_or_to_neither(name: str) -> None:
    assert names_personal_data(name) is recompute_personal.name_says_so(name)


def test_the_lists_of_names_are_those_of_the_page() -> None:
    page = Path("docs/reference/table-checks.md").read_text(encoding="utf-8")
    stated = re.findall(r"one of[:：]\s*(.+?)[;.]\n", page.partition("*Names.*")[2], re.DOTALL)
    whole, last_words, japanese = ([entry.strip() for entry in re.split("[,、]", text)] for text in stated)
    lists = yaml.safe_load(Path("src/shinrai/evaluate/checks/personal_names.yaml").read_text(encoding="utf-8"))
    assert {" ".join(entry.split()) for entry in last_words} == set(lists["last_words"]) == recompute_personal._ENDINGS
    assert set(whole) == set(lists["whole"]) == recompute_personal._WHOLE
    assert set(japanese) == set(lists["japanese_endings"]) == set(recompute_personal._JAPANESE_ENDINGS)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.decimals(allow_nan=False)))
def test_canonical_values_are_alike(value: Any) -> None:
    assert canonical(value) == canonical_again(value)


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.sampled_from(["x" * 30, "all", "性別", "a_1"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_subjects_are_named_alike(columns: list[str]) -> None:
    assert subject_name(columns) == subject(columns)


# ---- files that are hard to read ----

CSV = {
    "plain": b"a,b\n1,2\n3,4\n",
    "quoted nothing": b'a,b\n"",2\n,4\n',
    "an empty line": b"a,b\n1,2\n\n3,4\n",
    "empty lines at the end": b"a,b\n1,2\n\n\n",
    "an empty first line": b"\na,b\n1,2\n",
    "one column": b"b\n2\n\n3\n",
    "one column, empty at the end": b"b\n2\n\n\n",
    "one column, quoted nothing": b'b\n2\n""\n',
    "one column, nothing": b"b\n\n",
    "crlf": b"a,b\r\n1,2\r\n3,4\r\n",
    "one column, crlf": b"b\r\n2\r\n\r\n3\r\n",
    "cr": b"a,b\r1,2\r3,4\r",
    "cr, and lf in a value": b'a,b\r"x\ny",2\r3,4\r',
    "crlf after lf": b"a,b\n1,2\r\n3,4\n",
    "lf after crlf": b"a,b\r\n1,2\n3,4\r\n",
    "lf last after crlf": b"a,b\r\n1,2\n",
    "cr in a value": b"a,b\nx\ry,2\n3,4\n",
    "cr before lf twice": b"a,b\r\r\n1,2\r\r\n",
    "cr last after crlf": b"a,b\r\n1,2\r\n\r",
    "cr last after lf": b"a,b\n1,2\n,\r",
    "cr at the start of a line": b"a,b\n\r3,2\n",
    "crlf in an empty line": b"a,b\n\r\n\n1,2\n",
    "cr and crlf after the header": b"a,b\r\r\n1,2\r\n",
    "a line break in quotes": b'a,b\n"x\ny",2\n"p\n\nq",4\n',
    "another line break in quotes": b'a,b\n"x\r\ny",2\n3,4\n',
    "a quote within": b'a,b\nx"y,2\n5\'10",4\n',
    "a quoted word within": b'a,b\nx "y" z,2\n3,4\n',
    "text behind a quote": b'a,b\n"x"y,2\n3,4\n',
    "a space behind a quote": b'a,b\n"x" ,2\n3,4\n',
    "a space before a quote": b'a,b\n "x",2\n3,4\n',
    "a tab before a quote": b'a,b\n\t"x",2\n3,4\n',
    "a tab behind a quote": b'a,b\n"x"\t,2\n3,4\n',
    "a wide space before a quote": 'a,b\n　"x",2\n3,4\n'.encode(),
    "two quoted words": b'a,b\n"x" "y",2\n3,4\n',
    "doubled quotes": b'a,b\n"x""y",2\n"""z""",4\n',
    "quotes alone": b'a,b\n"""",2\n"""""",4\n',
    "a doubled quote outside": b'a,b\n""x,2\n3,4\n',
    "a backslash": b'a,b\n"x\\"y",2\n3,4\n',
    "an open quote": b'a,b\n"x,2\n3,4\n',
    "an open quote after spaces": b'a,b\n  "x,2\n3,4\n',
    "an open quote at the end": b'a,b\n1,2\n3,"4\n',
    "a comma in quotes": b'a,b\n"x,y",2\n"p,q",4\n',
    "quoted numbers": b'a,b\n"1","2"\n" 3 ","4"\n',
    "too few": b"a,b\n1\n3,4\n",
    "too many": b"a,b\n1,2,3\n3,4\n",
    "a comma too many": b"a,b\n1,2,\n3,4,\n",
    "two commas too many": b"a,b\n1,2,,\n3,4\n",
    "a quoted value too many": b'a,b\n1,2,""\n3,4\n',
    "a blank too many": b"a,b\n1,2, \n3,4\n",
    "only commas": b"a,b\n,\n,2\n",
    "no line break at the end": b"a,b\n1,2\n3,4",
    "nothing behind the last comma": b"a,b\n1,2\n3,",
    "byte order mark": b"\xef\xbb\xbfa,b\n1,2\n",
    "byte order mark and quotes": b'\xef\xbb\xbf"a","b"\n1,2\n',
    "byte order mark alone": b"\xef\xbb\xbf",
    "nul": b"a,b\n1\x00,2\n3,4\n",
    "a header alone": b"a,b\n",
    "a header without an end": b"a,b",
    "a line break in the header": b'"a\nx",b\n1,2\n',
    "a line break and a comma in the header": b'b,"c,d\n"\n2,a\n',
    "a space before a quoted name": b'a, "b"\n1,2\n',
    "a space behind a quoted name": b'"a" ,b\n1,2\n',
    "a name without end": b'a,"b\n1,2\n',
    "a column without a name": b"a,,b\n1,1,2\n",
    "names that differ by case": b"b,B\n1,2\n",
    "a name of spaces": b" ,b\n1,2\n",
    "spaces around names": b" a ,b\n1,2\n",
    "a blank line with a space": b"a,b\n \n1,2\n",
    "Shift_JIS": "a,b\n男,2\n".encode("cp932"),
    "half a character": b"a,b\n\xe7\x94,2\n",
    "a surrogate": b"a,b\n\xed\xa0\x80,2\n",
    "white space of many kinds": "a,b\n\u3000\u00a0\t,2\n x\u2003,4\n\u200b,4\n".encode(),
    "control characters": b"a,b\n\x1c\x1f,2\n\x0b1\x0c,4\n",
    "line separators in a value": "a,b\nx\u2028y\u0085z,2\n3,4\n".encode(),
    "substitute at the end": b"a,b\n1,2\n\x1a",
    "a long value": b"a,b\n" + b"x" * 1_900_000 + b",2\n",
    "a line that is too long": b"a,b\n" + b"x" * 2_100_000 + b",2\n",
    "empty": b"",
}


@pytest.mark.parametrize("name", CSV)
def test_a_file_is_one_table_or_none(tmp_path: Path, name: str, compared: Compare) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(CSV[name])
    compared(TableTarget("t", file, "b", 2, groups=("b",)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.parquet", b""),
        ("t.parquet", b"PAR1 and nothing more PAR1"),
        ("t.parquet", CSV["plain"]),
        ("t.txt", CSV["plain"]),
        ("t", CSV["plain"]),
        ("t.CSV", CSV["plain"]),
        ("[a]*?.csv", CSV["plain"]),
    ],
)
def test_a_file_of_another_kind(tmp_path: Path, name: str, content: bytes, compared: Compare) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    compared(TableTarget("t", file, "b", 2))


def test_a_file_that_is_not_there(tmp_path: Path, compared: Compare) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "none.parquet", "folder.csv"):
        assert compared(TableTarget("t", tmp_path / name, "b", 2)).keys() == {
            "data_quality.all.table",
            "personal_data.all.table",
        }


NUMBERS = [
    *(
        "1",
        "-0",
        "01",
        "1.0",
        "1.50",
        "1e3",
        "1E-400",
        "1e99",
        "1e100",
        "nan",
        "NaN",
        "",
        " 2",
        "\t3 ",
        "+1",
        ".5",
        "5.",
    ),
    *("123456789012345678", "1234567890123456789", "true", "False", "TRUE ", "　4", "1_000", "１", "inf", "-1.5e-3"),
]


def test_columns_of_csv_are_typed_alike(tmp_path: Path, compared: Compare, write: Write) -> None:
    mixed = [NUMBERS, ["1", "nan"], ["1", ""], ["true", "1"], ["1", "2.5", "1e3"], ["TRUE", "false", " "], ["01", "1"]]
    columns = {f"v{place}": texts for place, texts in enumerate([*([text] for text in NUMBERS), *mixed])}
    table = {name: [texts[i % len(texts)] for i in range(120)] for name, texts in columns.items()}
    file = write(tmp_path, {"y": ["1", "0"] * 60, "p": ["1.0", "0.0", "1"] * 40} | table, "t.csv")
    chosen = {"group_fairness": CheckSettings({}, (), 1)}
    compared(TableTarget("t", file, "y", 1, prediction="p", groups=tuple(columns)), chosen)


# ---- the bad input that the checks promise to stand ----


def columns_of(rows: int, **changed: Any) -> dict[str, Any]:
    random = np.random.default_rng(4)
    label = random.integers(0, 2, rows)
    decision = np.where(random.random(rows) < 0.8, label, 1 - label)
    return {"y": label, "p": decision, "g": random.choice(["a", "b"], rows), "h": ["x"] * rows} | changed


BOTH = {"prediction": "p", "groups": ("g",), "intersections": (("g", "h"),)}
SCORE = {"score": "s", "threshold": 0.5, "groups": ("g",)}
HALF = [0, 1] * 60
BAD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "groups that are NULL, NaN and empty": ({"g": [None, "", " ", "a", "b", "b"] * 20}, BOTH),
    "groups of numbers that are NULL and NaN": ({"g": [None, float("nan"), 1.0, 1.0, 2.0, -0.0] * 20}, BOTH),
    "a group called missing": ({"g": ["(missing)", "（missing）", "a", "b"] * 30}, BOTH),
    "a group without positives": ({"g": ["c" if i % 6 == 2 else "a" for i in range(120)], "y": HALF}, BOTH),
    "labels that are missing": ({"y": [None, 1, 0, 1] * 30}, BOTH),
    "predictions that are missing": ({"p": [None, 1, 0, 1] * 30}, BOTH),
    "no prediction at all": ({"p": pa.nulls(120, pa.int64())}, BOTH),
    "one class of labels": ({"y": [1] * 120}, BOTH),
    "the other class of labels": ({"y": [0] * 120}, BOTH),
    "one class where predictions are": ({"y": HALF, "p": [None, 1] * 60}, BOTH),
    "one class of predictions": ({"p": [0] * 120}, BOTH),
    "one group": ({"g": ["a"] * 120}, BOTH),
    "small groups": ({"g": ["a", "b"] * 45 + ["c"] * 29 + ["d"]}, BOTH),
    "groups of text": ({"g": [f"name {i}" for i in range(120)]}, BOTH),
    "as many groups as half the rows": ({"g": [i // 2 for i in range(120)]}, BOTH),
    "groups of dates": ({"g": pa.array(HALF, pa.int32()).cast(pa.date32())}, BOTH),
    "groups of lists": ({"g": [[i] for i in HALF]}, BOTH),
    "groups of long texts": ({"g": ["x" * 201, "y"] * 60}, BOTH),
    "groups of long blanks": ({"g": [" " * 300, "y"] * 60}, BOTH),
    "no value in any group": ({"g": [None, " "] * 60}, BOTH),
    "no row with every value of a crossing": ({"g": [None, "a"] * 60, "h": ["x", None] * 60}, BOTH),
    "labels of text": ({"y": ["１", "1 ", "0", " 0"] * 30}, BOTH),
    "labels of truth values": ({"y": [True, False] * 60, "p": [True] * 120}, BOTH | {"favourable": True}),
    "labels of 1 and 2": ({"y": [1, 2] * 60, "p": [2, 2] * 60}, BOTH | {"favourable": 2}),
    "labels of floats": ({"y": [1.0, 0.0, float("nan")] * 40}, BOTH),
    "labels of narrow floats": ({"y": pa.array([0.1, 0.5] * 60, pa.float32())}, BOTH | {"prediction": None}),
    "a favourable value in full width": ({"y": ["y", "n"] * 60, "p": ["y"] * 120}, BOTH | {"favourable": "ｙ"}),
    "three labels": ({"y": [0, 1, 2] * 40}, BOTH),
    "labels that differ by case": ({"y": ["Yes", "yes", "no"] * 40}, BOTH | {"favourable": "yes"}),
    "predictions written differently": ({"p": [1, 2] * 60}, BOTH),
    "a favourable value that no label has": ({}, BOTH | {"favourable": "none"}),
    "an empty favourable value": ({}, BOTH | {"favourable": " "}),
    "probabilities as predictions": ({"p": [0.2, 0.7] * 60}, BOTH),
    "infinite predictions": ({"p": [1.0, float("inf")] * 60, "y": [1.0, float("inf")] * 60}, BOTH),
    "scores": ({"s": [i / 120 for i in range(120)]}, SCORE),
    "scores that tie": ({"s": [0.25, 0.5, 0.75] * 40}, SCORE),
    "scores of whole numbers": ({"s": HALF}, SCORE),
    "scores that are missing": ({"s": pa.nulls(120, pa.float64())}, SCORE),
    "scores that are NaN": ({"s": [float("nan"), 0.5, 0.2] * 40}, SCORE),
    "scores of text": ({"s": ["0.5"] * 120}, SCORE),
    "scores outside": ({"s": [0.5, 1.2] * 60}, SCORE),
    "scores that are infinite": ({"s": [0.5, float("inf")] * 60}, SCORE),
    "scores of nothing": ({"s": pa.nulls(120)}, SCORE),
    "no threshold": ({"s": [0.5] * 120}, SCORE | {"threshold": None}),
    "scores of one positive": ({"y": [1] + [0] * 119, "s": [i / 120 for i in range(120)]}, SCORE),
    "scores of one class": ({"y": [1] * 120, "s": [0.5] * 120}, SCORE),
    "a score beside predictions": ({"s": [0.5, 0.25] * 60}, BOTH | {"score": "s"}),
    "duplicate rows": ({"y": [1, 1, 0] * 40, "p": [1, 1, 0] * 40, "g": ["a"] * 120}, BOTH),
    "a column that is not there": ({}, BOTH | {"groups": ("nowhere",)}),
    "names that are SQL": ({'x"; DROP TABLE t; --': ["a", "b"] * 60}, BOTH | {"groups": ('x"; DROP TABLE t; --',)}),
    "a crossing in another order": ({"h": ["x", "y", "y"] * 40}, BOTH | {"intersections": (("g", "h"), ("h", "g"))}),
    "a column that gives the label away": ({"y": HALF, "copy": ["n", "y"] * 60}, BOTH),
    "a number that gives the label away": ({"y": HALF, "near": [i % 2 + i / 999 for i in range(120)]}, BOTH),
    "infinity that gives the label away": ({"y": HALF, "v": [0.0, float("inf")] * 60}, BOTH),
    "an area of exactly 0.99": ({"y": [0] * 10 + [1] * 10, "v": [0.0] * 9 + [1.5, 1.0] + [2.0] * 9}, {}),
    "an area of exactly 0.01": ({"y": [1] * 10 + [0] * 10, "v": [0.0] * 9 + [1.5, 1.0] + [2.0] * 9}, {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["t.parquet", "t.csv"])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_comes_to_the_same(tmp_path: Path, name: str, kind: str, compared: Compare, write: Write) -> None:
    changed, described = BAD[name]
    rows = len(next(iter(changed.values()), range(120)))
    columns = columns_of(rows, **changed)
    if kind == "t.csv":
        columns = {
            key: ["" if value is None else str(value) for value in pa.array(values).to_pylist()]
            for key, values in columns.items()
        }
    file = write(tmp_path, columns, kind)
    # Reading is what differs, and takes no crossing to be seen a second time.
    described = described | ({"intersections": ()} if kind == "t.csv" else {})
    compared(TableTarget(**{"id": "t", "file": file, "label": "y", "favourable": 1} | described))


def test_a_table_without_rows(tmp_path: Path, compared: Compare, write: Write) -> None:
    empty = pa.table({"y": pa.array([], pa.int64()), "p": pa.array([], pa.int64())})
    got = compared(TableTarget("t", write(tmp_path, empty), "y", 1, prediction="p"))
    assert {one.outcome for one in got.values()} == {Outcome.ERROR}


@pytest.mark.parametrize("spellings", [9_999, 10_000, 10_001, 30_000])
def test_very_many_spellings_of_few_groups(tmp_path: Path, spellings: int, compared: Compare, write: Write) -> None:
    blanks = [" " * (i % 100) + "　" * (i // 100 % 100) + "\t" * (i // 10_000) for i in range(spellings)]
    table = columns_of(
        30_001, g=[f"a{blanks[i % spellings]}" for i in range(30_001)], h=["x", "y", "z"] * 10_000 + ["x"]
    )
    got = compared(TableTarget("t", write(tmp_path, table), "y", 1, prediction="p", groups=("g", "h")))
    wanted = Outcome.ERROR if spellings > 10_000 else Outcome.INCONCLUSIVE
    assert got["group_fairness.g.tpr.difference"].outcome is wanted


@pytest.mark.parametrize("spellings", [21, 22])
def test_very_many_combinations_of_spellings(tmp_path: Path, compared: Compare, write: Write, spellings: int) -> None:
    places = np.arange(22**3)
    columns = {
        name: [f"{name}{' ' * (int(place) // 22**power % spellings)}" for place in places]
        for power, name in enumerate(("g", "h", "i"))
    }
    file = write(tmp_path, columns_of(22**3, **columns))
    got = compared(TableTarget("t", file, "y", 1, prediction="p", intersections=(("g", "h", "i"),)))
    wanted = Outcome.ERROR if spellings**3 > 10_000 else Outcome.INCONCLUSIVE
    assert got["group_fairness.g-and-h-and-i.tpr.difference"].outcome is wanted


@pytest.mark.parametrize("spellings", [999, 1_000, 1_001, 5_000])
def test_very_many_spellings_of_a_label(tmp_path: Path, spellings: int, compared: Compare, write: Write) -> None:
    blanks = [" " * (i % 100) + "　" * (i // 100 % 100) for i in range(spellings)]
    table = columns_of(6_000, y=[f"1{blanks[i % spellings]}" for i in range(6_000)], p=["0"] * 6_000)
    got = compared(TableTarget("t", write(tmp_path, table), "y", 1, prediction="p"))
    assert ("performance.all.table" in got) is (spellings > 1_000)


def test_scores_in_bins_above_a_million_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compared: Compare, write: Write
) -> None:
    monkeypatch.setattr(performance_check, "EXACT_ROWS", 1_000)
    monkeypatch.setattr(recompute_rates, "_EXACT_ROWS", 1_000)
    random = np.random.default_rng(8)
    table = columns_of(1_001)
    table["s"] = np.clip(table["y"] * 0.2 + random.normal(0.5, 0.2, 1_001), 0, 1).round(4)
    got = compared(TableTarget("t", write(tmp_path, table), "y", 1, score="s", threshold=0.5))
    auc = got["performance.all.auc"]
    bound = auc.counts["pairs_in_one_bin"] / (2 * auc.counts["positives"] * auc.counts["negatives"])
    assert 0 < bound < 1e-3
    assert float(re.search(r"at most (\S+)", auc.method)[1]) >= bound
    exact = intervals.auc(table["s"][table["y"] == 1], table["s"][table["y"] == 0])
    assert exact != auc.value
    assert abs(exact - auc.value) <= bound


def test_bytes_no_text_can_have(tmp_path: Path, compared: Compare, write: Write) -> None:
    text = pa.array(["ok"] * 120)
    broken = pa.Array.from_buffers(pa.string(), 120, [None, text.buffers()[1], pa.py_buffer(b"o\xff" * 120)])
    got = compared(TableTarget("t", write(tmp_path, columns_of(120, note=broken)), "y", 1, prediction="p"))
    assert got["data_quality.all.table"].outcome is Outcome.ERROR
    assert got["performance.all.accuracy"].value is not None
    got = compared(TableTarget("t", write(tmp_path, columns_of(120, g=broken)), "y", 1, prediction="p", groups=("g",)))
    assert {one.metric for one in got.values()} == {"table"}


def test_decimals_become_the_nearest_doubles(tmp_path: Path, compared: Compare, write: Write) -> None:
    # Multiplying by an inexact power of ten would put some of these one bit off.
    values = pa.array([decimal.Decimal(i) / 1000 for i in range(1000)], pa.decimal128(6, 3))
    compared(TableTarget("t", write(tmp_path, columns_of(1000, s=values)), "y", 1, **SCORE))


def repeated(values: list[Any], stored: pa.DataType) -> pa.Array:
    return pa.array([values[i % len(values)] for i in range(120)], stored)


MAILS = ["a@b.jp", None, "c@d.jp", "e@f.jp", ""]
INSTANTS = [1, None, 86_400_000_000_001, 1]
EVERY_TYPE = {
    "null": pa.nulls(120),
    "boolean": repeated([True, None, False], pa.bool_()),
    "small integers": repeated([1, -1, None], pa.int8()),
    "large integers": repeated([2**64 - 1, 2**63, None], pa.uint64()),
    "half floats": repeated(np.array([0.1, 2, 0.3], np.float16).tolist(), pa.float32()).cast(pa.float16()),
    "narrow floats": repeated([0.1, None, float("nan")], pa.float32()),
    "decimals": repeated([decimal.Decimal("1.50"), decimal.Decimal("-2.00"), None], pa.decimal128(9, 2)),
    "long decimals": repeated([decimal.Decimal("1.50"), None, decimal.Decimal("2.00")], pa.decimal256(50, 2)),
    "durations": repeated(INSTANTS, pa.duration("ns")),
    "text views": repeated(MAILS, pa.string_view()),
    "large text": repeated(MAILS, pa.large_string()),
    "a dictionary": repeated(MAILS, pa.string()).dictionary_encode(),
    "a dictionary of integers": repeated([1, 2, None], pa.int64()).dictionary_encode(),
    "JSON": pa.ExtensionArray.from_storage(pa.json_(), repeated(['{"mail": "a@b.jp"}', "[1]", None], pa.string())),
    "UUID": pa.ExtensionArray.from_storage(pa.uuid(), repeated([b"0123456789abcdef", b"\x00" * 16], pa.binary(16))),
    "bytes": repeated([b"a@b.jp", b"c@d.jp", b"e'f@g.jp", b"h\\@i.jp", b"\xff", None], pa.binary()),
    "a dictionary of bytes": repeated([b"a@b.jp", b"c@d.jp", b"e@f.jp"], pa.binary()).dictionary_encode(),
    "long lists": pa.array([[f"{i}.{j}" if i < 60 else f"{i}.{j}@b.jp" for j in range(20)] for i in range(120)]),
    "bytes of one length": repeated([b"a@b.jp", b"c@d.jp", b"e@f.jp"], pa.binary(6)),
    "large bytes": repeated([b"a@b.jp", b"c@d.jp", b"e@f.jp"], pa.large_binary()),
    "days": repeated([1, None, 2], pa.int32()).cast(pa.date32()),
    "times": repeated([1, None, 2], pa.int32()).cast(pa.time32("s")),
    "fine times": repeated(INSTANTS[:2], pa.int64()).cast(pa.time64("ns")),
    "instants": repeated(INSTANTS, pa.timestamp("ns")),
    "instants of a zone": repeated(INSTANTS, pa.timestamp("us", "Asia/Tokyo")),
    "lists": repeated([MAILS, [], None], pa.list_(pa.string())),
    "large lists": repeated([[1, 2], [None]], pa.large_list(pa.int64())),
    "lists of one length": repeated([[0.1, 0.2], [0.1, float("nan")]], pa.list_(pa.float32(), 2)),
    "lists of signed zeros": repeated([[0.0], [-0.0]], pa.list_(pa.float64())),
    "lists of instants": repeated([INSTANTS, None], pa.list_(pa.timestamp("us", "UTC"))),
    "lists of decimals": repeated([[decimal.Decimal("411111111111111.1")], None], pa.list_(pa.decimal128(20, 1))),
    "lists of truth values": repeated([[True], [False, None]], pa.list_(pa.bool_())),
    "lists of cards": repeated([[4111111111111111], [4242424242424242], [5555555555554444]], pa.list_(pa.int64())),
    "lists of bytes": repeated([[b"a@b.jp"], [b"c@d.jp"], [b"e@f.jp", b"\xff"]], pa.list_(pa.binary())),
    "records": repeated(
        [{"mail@x.jp": mail, "at": 5, "for": 7} for mail in MAILS],
        pa.struct([("mail@x.jp", pa.string()), ("at", pa.time64("us")), ("for", pa.duration("s"))]),
    ),
    "maps": repeated([[("a@b.jp", 1.5)], [("c@d.jp", 2.5), ("e@f.jp", None)]], pa.map_(pa.string(), pa.float64())),
    "maps of instants": repeated([[("k", 5)], []], pa.map_(pa.string(), pa.timestamp("ns", "UTC"))),
    "lists of records": repeated([[{"m": mail}] for mail in MAILS], pa.list_(pa.struct([("m", pa.string())]))),
    "different lists that are written alike": repeated([["a, b"], ["a", "b"]], pa.list_(pa.string())),
}


def test_columns_of_every_type(tmp_path: Path, compared: Compare, write: Write) -> None:
    file = write(tmp_path, columns_of(120, y=HALF, **EVERY_TYPE))
    described: dict[str, Any] = {"id": "t", "file": file, "label": "y", "favourable": 1, "prediction": "p"}
    compared(TableTarget(**described, groups=tuple(EVERY_TYPE)))
    compared(TableTarget(**described, intersections=tuple(("g", name) for name in EVERY_TYPE)))


@pytest.mark.parametrize("name", EVERY_TYPE)
def test_a_column_of_any_type_alone(tmp_path: Path, compared: Compare, write: Write, name: str) -> None:
    file = write(tmp_path, {"y": HALF, "v": EVERY_TYPE[name]})
    compared(TableTarget("t", file, "y", 1))
    compared(TableTarget("t", file, "v", 1))
    compared(TableTarget("t", file, "y", 1, score="v", threshold=0.5))
