"""The checks and the recompute seat, two implementations of one page, come to the same measurements on any table."""

import datetime
import decimal
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shinrai.evaluate.checks import CHECKS, DECIDING_GAPS, METRICS, CheckSettings
from shinrai.evaluate.measurement import Measurement
from shinrai.evaluate.targets.table import TableTarget

Compare = Callable[..., dict[str, Measurement]]
Write = Callable[..., Path]


# ---- random tables ----

YES = ["yes", "ｙｅｓ", " yes", "yes　"]
NO = ["no", "ｎｏ", "no "]
NAMES = st.one_of(
    st.sampled_from(
        [
            *("age", "所得", "all", "column_1", "g.h", "v1", "y", "p", "t", "file_row_number"),
            *("住所", "e-mail", "氏名2"),
            *('q"q', "it's", "a,b", "SELECT", "　x", "a" * 80, "とても長い列の名前" * 8, "customerName", "x\ny"),
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
)
LEVELS = st.lists(
    st.sampled_from(
        [
            *("a", "A", "ａ", "a ", "b", "ß", "SS", "ss", "(missing)", "（missing）", "(Missing)"),
            *("男", "男　", "女", "1"),
            *("01", "1.0", "true", "", " ", "nan", "é", "e\u0301", "ﾊﾝｶｸ", "ハンカク", "x" * 201, "\t", "İ", "ı", "…"),
        ]
    ),
    min_size=1,
    max_size=6,
)


@dataclass(frozen=True)
class Drawn:
    """A table and what is said of it."""

    columns: dict[str, pa.Array]
    csv: bool
    target: dict[str, Any]
    settings: dict[str, CheckSettings]


def holes(array: Sequence[Any], random: np.random.Generator, share: float) -> list[Any]:
    return [None if gone else value for value, gone in zip(array, random.random(len(array)) < share, strict=True)]


@st.composite
def classes(draw: st.DrawFn, up: np.ndarray, random: np.random.Generator, coding: str) -> pa.Array:
    """A label or prediction, written in one of several ways. up: where it is favourable."""
    missing = draw(st.sampled_from([0.0, 0.0, 0.05, 0.5]))
    match coding:
        case "int":
            values: list[Any] = [int(each) for each in up]
        case "bool":
            values = [bool(each) for each in up]
        case "float":
            values = [float(each) if random.random() > missing / 2 else float("nan") for each in up]
        case "text":
            values = [str(random.choice(YES if each else NO)) for each in up]
        case "digits":
            values = ["1" if each else "0" for each in up]
        case "decimal":
            values = [decimal.Decimal(int(each)) / 1 for each in up]
            return pa.array(holes(values, random, missing), pa.decimal128(5, 2))
        case "three":
            values = [int(each) + int(random.random() < 0.1) for each in up]
        case "fraction":
            values = [0.25 if each else 0.75 for each in up]
        case _:
            values = [str(random.choice(["", " ", "x"])) for _ in up]
    return pa.array(holes(values, random, missing))


@st.composite
def shares_up(draw: st.DrawFn, rows: int, random: np.random.Generator) -> np.ndarray:
    usual = st.sampled_from([0.3, 0.5, 0.9])
    return random.random(rows) < draw(st.one_of(usual, usual, st.sampled_from([0.0, 0.02, 0.98, 1.0])))


@st.composite
def scores(draw: st.DrawFn, rows: int, random: np.random.Generator, sound: bool) -> pa.Array:
    kinds = ["plain", "ties", "integer", "float32", "decimal", "tiny"]
    kind = draw(st.sampled_from(kinds if sound else ["text", "out", "inf"]))
    values: Any = random.random(rows)
    share = draw(st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0]))
    match kind:
        case "ties":
            values = random.choice([0.0, 0.25, 0.5, 0.5000000000000001, 1.0], rows)
        case "integer":
            return pa.array(holes(random.integers(0, 2, rows).tolist(), random, share), pa.int64())
        case "float32":
            return pa.array(holes(values.tolist(), random, share), pa.float32())
        case "decimal":
            return pa.array([decimal.Decimal(int(v * 1000)) / 1000 for v in values], pa.decimal128(6, 3))
        case "text":
            values = np.array([f"{v:.3f}" for v in values])
        case "out":
            values[0] = 1.0000000001
        case "inf":
            values[-1] = float("inf")
        case "tiny":
            values = values * 2.0**-40
    if draw(st.booleans()) and values.dtype == np.float64:
        values[random.random(rows) < 0.1] = float("nan")
    stored = pa.string() if kind == "text" else pa.float64()
    return pa.array(holes(values.tolist(), random, share), stored)


@st.composite
def clusters(draw: st.DrawFn, rows: int, random: np.random.Generator, sound: bool) -> pa.Array:
    """Which rows belong together: all, none, or some."""
    values = random.integers(0, max(1, int(rows * draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])))), rows)
    if draw(st.booleans()):
        values = np.arange(rows)
    if not sound and draw(st.booleans()):
        return pa.array([" ", *(f"h{value}" for value in values[1:])])
    stored = draw(st.sampled_from(["int", "text", "float", "date"] if not sound else ["int", "text", "float"]))
    if stored == "text":
        return pa.array([f"{draw(st.just('家'))}{value}" for value in values])
    return pa.array(values.tolist(), {"int": pa.int64(), "float": pa.float64(), "date": pa.date32()}[stored])


@st.composite
def weights(draw: st.DrawFn, rows: int, random: np.random.Generator, sound: bool) -> pa.Array:
    """How many each row stands for; some for none."""
    kind = draw(st.sampled_from(["plain", "equal", "whole", "tiny", "large", "decimal", "float32"]))
    share = draw(st.sampled_from([0.0, 0.1, 0.5]))
    values: Any = random.gamma(2.0, 1.5, rows)
    match kind:
        case "equal":
            values = np.full(rows, draw(st.sampled_from([1.0, 0.3, 65_536.0])))
        case "whole":
            return pa.array(holes(random.integers(0, 4, rows).tolist(), random, share), pa.int64())
        case "tiny":
            values = values * 2.0**-44
        case "large":
            values = values * 1_000
        case "decimal":
            return pa.array([decimal.Decimal(int(v * 1000)) / 1000 for v in values], pa.decimal128(9, 3))
        case "float32":
            return pa.array(holes(values.tolist(), random, share), pa.float32())
    values[random.random(rows) < share] = draw(st.sampled_from([0.0, float("nan")]))
    if not sound:
        values[0] = draw(st.sampled_from([-0.001, float("inf"), 65_537.0]))
    return pa.array(holes(values.tolist(), random, share))


@st.composite
def anything(draw: st.DrawFn, rows: int, random: np.random.Generator, up: Sequence[Any]) -> pa.Array:
    """A group column or one that no target names."""
    kind = draw(
        st.sampled_from(
            [
                *("levels", "levels", "levels", "int", "float", "bool", "many", "numbers", "constant", "empty", "date"),
                *("instant", "bytes", "list", "record", "map", "copy", "ordered", "near"),
                *("personal", "float32", "decimal"),
                *("unsigned", "null", "wild", "dictionary", "duration", "nested floats", "numeric text"),
            ]
        )
    )
    share = draw(st.sampled_from([0.0, 0.0, 0.1, 0.9]))
    counts = random.integers(0, max(2, rows), rows)
    order = np.array([0.5 if value is None else float(bool(value)) for value in up])
    match kind:
        case "levels":
            values: Any = random.choice(np.array(draw(LEVELS), dtype=object), rows)
        case "int":
            values = random.integers(-2, 3, rows)
        case "float":
            values = random.choice([0.0, -0.0, 1.0, 1.5, float("nan"), 1e22, float("inf"), 1e-7], rows)
        case "bool":
            values = random.random(rows) < 0.5
        case "many":
            values = [f"v{i}" for i in counts]
        case "numbers":
            values = random.normal(size=rows)
        case "constant":
            values = [draw(st.sampled_from(["x", 1, 2.5, True]))] * rows
        case "empty":
            values = random.choice(["", " ", "　"], rows)
        case "date":
            return pa.array(holes((counts % 5).tolist(), random, share), pa.int32()).cast(pa.date32())
        case "instant":
            zone = draw(st.sampled_from([None, "Asia/Tokyo"]))
            return pa.array(holes((counts % 5).tolist(), random, share), pa.int64()).cast(pa.timestamp("ns", zone))
        case "bytes":
            values = [draw(st.sampled_from([b"a", b"\xff", b"a@b.jp", b"\\"])) for _ in range(3)]
            return pa.array(holes([values[i % 3] for i in counts], random, share), pa.binary())
        case "list":
            return pa.array(holes([[f"u{i}@x.jp", None] if i % 2 else [] for i in counts], random, share))
        case "record":
            days = [datetime.date(2020, 1, 1 + int(i) % 3) for i in counts]
            return pa.array(
                [
                    {"day": day, "tel": f"090-1234-{i:04}", "n": i / 2}
                    for day, i in zip(days, counts.tolist(), strict=True)
                ]
            )
        case "map":
            return pa.array([[("k", int(i) % 3)] for i in counts], pa.map_(pa.string(), pa.int64()))
        case "copy":
            values = ["T" if value else "F" for value in up]
            return pa.array(holes(values, random, share))
        case "ordered":
            values = order + random.random(rows) * draw(st.sampled_from([0.5, 1.0, 1.02, 1.3]))
        case "near":
            values = np.where(random.random(rows) < 0.01, 1 - order, order)
        case "personal":
            values = [draw(st.sampled_from(SAMPLES)).format(i=int(i) % 10000, d=int(i) % 10) for i in counts]
        case "float32":
            return pa.array(holes((counts / 10).tolist(), random, share), pa.float32())
        case "decimal":
            return pa.array([decimal.Decimal(int(i)) / 4 for i in counts], pa.decimal128(9, 3))
        case "unsigned":
            return pa.array((counts.astype(np.uint64) + np.uint64(2**63)).tolist(), pa.uint64())
        case "null":
            return pa.nulls(rows)
        case "wild":
            some = draw(st.lists(st.text(max_size=8), min_size=1, max_size=5))
            values = [some[i % len(some)] for i in counts]
        case "dictionary":
            return pa.array(holes([f"d{i % 3}" for i in counts], random, share), pa.string()).dictionary_encode()
        case "duration":
            return pa.array(holes((counts % 4).tolist(), random, share), pa.duration("us"))
        case "nested floats":
            return pa.array([[0.0, float("nan")] if i % 2 else [-0.0, float("nan")] for i in counts])
        case _:
            values = [draw(st.sampled_from(NUMBER_TEXTS)) for _ in range(4)]
            values = [values[i % 4] for i in counts]
    return pa.array(holes(values.tolist() if isinstance(values, np.ndarray) else values, random, share))


SAMPLES = [
    *("user{i}@example.jp", "連絡先は{i}@x.jpです", "090-1234-{i:04}", "03-{i:04}-5678", "〒100-{i:04}", "100-{i:04}"),
    *("+81 90 1234 {i:04}", "4111 1111 1111 111{d}", "12345678901{d}", "none {i}"),
    *("０３ー１２３４ー{i:04}", "x{i}@y", "{i}"),
]
NUMBER_TEXTS = [
    *("1", "-0", "01", "1.0", "1.50", "1e3", "1E-400", "1e99", "1e100", "nan", "NaN", "", " 2"),
    *("\t3 ", "+1", ".5", "5."),
    *("123456789012345678", "1234567890123456789", "true", "False", "TRUE ", "　4", "1_000"),
    *("0x1", "１", "inf", "-1.5e-3"),
]


def csv_text(array: pa.Array) -> list[str]:
    """Write the values of a column as people and programs do."""
    written = []
    for value in array.to_pylist() if not pa.types.is_timestamp(array.type) else array.cast(pa.int64()).to_pylist():
        match value:
            case None:
                written.append("")
            case bytes():
                written.append(value.decode("latin-1"))
            case bool():
                written.append(str(value))
            case _:
                written.append(str(value))
    return written


def write_drawn(folder: Path, drawn: Drawn, write: Write) -> Path:
    if not drawn.csv:
        return write(folder, drawn.columns)

    def quote(text: str, always: bool) -> str:
        plain = not always and not re.search(r'[",\r\n]', text) and not re.match(r' *"', text)
        return text if plain else '"' + text.replace('"', '""') + '"'

    lines = [",".join(quote(name, True) for name in drawn.columns)]
    lines += [
        ",".join(quote(v, False) for v in row) for row in zip(*map(csv_text, drawn.columns.values()), strict=True)
    ]
    file = folder / "t.csv"
    file.write_bytes(("\n".join(lines) + "\n").encode("utf-8", "replace"))
    return file


@st.composite
def tables(draw: st.DrawFn) -> Drawn:
    rows = draw(st.one_of(st.integers(1, 40), st.integers(40, 400), st.integers(100, 400)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # What makes a whole table an error hides all else, so that most tables are without it.
    sound = draw(st.integers(0, 7)) < 7
    codings = ["int", "float", "digits", "decimal", "bool", "text"]
    coding = draw(st.sampled_from(codings if sound else [*codings, "three", "fraction", "blank"]))
    shares = draw(shares_up(rows, random))
    label = draw(classes(shares, random, coding))
    names = draw(st.lists(NAMES.filter(str.strip), min_size=10, max_size=10, unique_by=str.casefold))
    unit = draw(st.sampled_from([None, None, None, "cluster", "weight"]))
    columns = {names[0]: label}
    favourable = {"text": ["yes", "ｙｅｓ"], "bool": [True, "true"], "fraction": [0.25]}.get(coding, [1, "1", 1.0])
    wrong = ["other", "no", 0, False]
    target: dict[str, Any] = {
        "id": "t",
        "label": names[0],
        "favourable": draw(st.sampled_from(favourable if sound else wrong)),
    }
    if draw(st.booleans()):
        alike = [coding] if coding in ("bool", "text") else codings[:4]
        wrongly = np.where(random.random(rows) < draw(st.sampled_from([0.0, 0.2, 0.5])), ~shares, shares)
        columns[names[1]] = draw(
            classes(wrongly, random, draw(st.sampled_from(alike if sound else [*codings, "fraction"])))
        )
        target["prediction"] = names[1]
    if draw(st.booleans()):
        columns[names[2]] = draw(scores(rows, random, sound))
        target["score"] = names[2]
        target["threshold"] = draw(st.sampled_from([0.5, 0.25, 0.0, 1.0] if sound else [0.5, None]))
    up = [None if value is None else int(value in (1, True, "1", *YES)) for value in label.to_pylist()]
    if unit is not None:
        columns[names[9]] = draw(clusters(rows, random, sound) if unit == "cluster" else weights(rows, random, sound))
        target[unit] = names[9]
    for name in names[3:9]:
        if draw(st.booleans()):
            columns[name] = draw(anything(rows, random, up))
    others = [name for name in columns if name in names[3:9]]
    groups = draw(st.lists(st.sampled_from(others), max_size=3, unique=True)) if others else []
    target["groups"] = tuple(groups)
    if len(groups) > 1:
        crossing = st.lists(st.sampled_from(groups), min_size=2, max_size=3, unique=True).map(tuple)
        target["intersections"] = tuple(draw(st.lists(crossing, max_size=2, unique=True)))
    rest = [name for name in others if name not in groups]
    if rest and draw(st.booleans()):
        target["strata"] = tuple(draw(st.lists(st.sampled_from(rest), min_size=1, max_size=2, unique=True)))
    if draw(st.booleans()) and rows > 3:
        again = np.append(np.arange(rows), random.integers(0, rows, 3))
        columns = {name: array.take(pa.array(again)) for name, array in columns.items()}
    chosen = {}
    for check in CHECKS:
        # A check whose numbers only inform has no metric that takes a limit.
        metrics = draw(st.lists(st.sampled_from(METRICS[check]), max_size=3, unique=True)) if METRICS[check] else []
        limits = {metric: draw(st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5, 0.8, 0.99, 1.0])) for metric in metrics}
        decide_on = DECIDING_GAPS
        if check == "group_fairness" and draw(st.booleans()):
            decide_on = tuple(draw(st.lists(st.sampled_from(METRICS[check]), min_size=1, max_size=3, unique=True)))
        chosen[check] = CheckSettings(limits, decide_on, draw(st.sampled_from([1, 2, 10, 30])))
    order = draw(st.permutations(list(columns)))
    return Drawn({name: columns[name] for name in order}, draw(st.booleans()), target, chosen)


@given(drawn=tables())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_table_is_measured_alike(
    tmp_path_factory: pytest.TempPathFactory, drawn: Drawn, compared: Compare, write: Write
) -> None:
    file = write_drawn(tmp_path_factory.mktemp("any"), drawn, write)
    compared(TableTarget(file=file, **drawn.target), drawn.settings)
