"""One scan gives the table of cells of single questions, byte for byte, and where it cannot, it is not used."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.cells import CellTable, Roles, Task
from shinrai.evaluate.audit.intake import Wanted, one_scan, read_cells
from shinrai.evaluate.audit.intake.counting import count
from shinrai.evaluate.audit.intake.duckdb import DuckDB
from shinrai.evaluate.audit.intake.sources import open_engine
from shinrai.evaluate.audit.intake.wanted import Asked, declared
from shinrai.evaluate.targets.faults import TableError

Found = tuple[bool, bytes | str]
BytesOf = Callable[[CellTable], bytes]
SCORED = Roles("p", "y", "s", favourable=1, groups=("g",), intersections=(("h", "g"),))


@contextmanager
def written(columns: dict[str, Any]) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "t.parquet"
        pq.write_table(pa.table(columns), file)
        yield file


def both_ways(file: Path, roles: Roles, wanted: Wanted, bytes_of: BytesOf) -> tuple[Found, Found, bool]:
    """What one scan and single questions find, a table or an error, and whether the one scan was used."""
    with open_engine(file, roles, wanted) as engine:
        assert isinstance(engine, DuckDB)
        return (
            answer(engine, roles, wanted, bytes_of),
            answer(replace(engine, places=None, ran=[]), roles, wanted, bytes_of),
            told(engine, roles, wanted) is not None,
        )


def answer(engine: DuckDB, roles: Roles, wanted: Wanted, bytes_of: BytesOf) -> Found:
    try:
        return True, bytes_of(count(engine, roles, wanted))
    except TableError as fault:
        return False, json.dumps([fault.what.both().en, repr(fault.place)])


def told(engine: DuckDB, roles: Roles, wanted: Wanted) -> Any:
    return engine.at_once(Asked(roles, wanted, {name: engine.fields[name] for name in declared(roles, wanted)}))


def rows_of(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of two groups and two labels at least, most of the time."""
    fixed = [{"g": "a", "h": 1, "y": 1, "p": 1}, {"g": "b", "h": 2, "y": 0, "p": 1}] * 2
    free = st.lists(st.fixed_dictionaries(values), min_size=1, max_size=20)
    seeded = st.lists(st.fixed_dictionaries(values), min_size=len(fixed), max_size=20).map(
        lambda rows: [row | (fixed[at] if at < len(fixed) else {}) for at, row in enumerate(rows)]
    )
    return st.one_of(seeded, seeded, seeded, free)


TIES = st.integers(0, 1 << 47).map(lambda n: n / (1 << 47))
UNIT = st.one_of(st.floats(0, 1), TIES, st.sampled_from([0.0, -0.0, 1.0, 0.5, 1 - 2**-53, 0.5**47, None, float("nan")]))
STRANGE = st.sampled_from([None] * 15 + [1 + 2**-52, -5e-324, float("inf"), -float("inf"), 300.0])
GROUP = st.sampled_from(["a", "A ", "b", "ｂ", "", "　", None, "c\0d", "'; --"])
WHOLE = st.sampled_from([1, 2, -3, 40, None])
BIT = st.sampled_from([0, 1, None])
ASKED = [
    (SCORED, Wanted(bins=8)),
    (replace(SCORED, strata=("f",)), Wanted(bins=1)),
    (replace(SCORED, prediction=None, threshold=0.5, groups=("h", "b")), Wanted(bins=16)),
    (replace(SCORED, groups=("f", "g"), intersections=(("g", "b"), ("b", "g"))), Wanted(bins=32)),
    (replace(SCORED, groups=(), intersections=()), Wanted(bins=64)),
    (replace(SCORED, score=None), Wanted()),
    (replace(SCORED, score=None, label=None, groups=("b", "h")), Wanted()),
    (replace(SCORED, score=None, task=Task.MULTICLASS, label="h", prediction="k", intersections=()), Wanted()),
    (replace(SCORED, prediction="d"), Wanted(bins=2)),
    (replace(SCORED, prediction="x"), Wanted(bins=2)),
]
NOT_PLAIN = [
    (SCORED, Wanted(bins=7)),
    (SCORED, Wanted(bins=8, calibration=False)),
    (replace(SCORED, label=None), Wanted(bins=8)),
    (replace(SCORED, score=None, weight="w"), Wanted()),
    (replace(SCORED, score=None, cluster="k"), Wanted()),
    (replace(SCORED, score=None), Wanted(search=1)),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows_of(
        g=GROUP,
        h=WHOLE,
        b=st.sampled_from([True, False, None]),
        f=st.sampled_from([0.5, 0.0, -0.0, float("nan"), None]),
        y=BIT,
        p=BIT,
        d=st.sampled_from([0.0, 1.0, None]),
        x=st.sampled_from([0.0, 1.0, 0.25]),
        s=UNIT,
        k=st.integers(1, 4),
        w=st.floats(0, 9),
    ),
    st.sampled_from(ASKED),
    st.booleans(),
    STRANGE,
)
def test_any_table_is_read_the_same_both_ways(
    bytes_of: BytesOf, rows: list[dict[str, Any]], asked: tuple[Roles, Wanted], constant: bool, strange: float | None
) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    if constant:
        columns["s"] = columns["s"][:1] * len(rows)
    if strange is not None:
        columns["s"][-1] = strange
    types = {"h": pa.int32(), "y": pa.int8(), "p": pa.int64(), "g": pa.dictionary(pa.int8(), pa.string())}
    types |= {"b": pa.bool_(), **dict.fromkeys("fdxs", pa.float64())}
    with written({name: pa.array(values, types.get(name)) for name, values in columns.items()}) as file:
        one, single, used = both_ways(file, *asked, bytes_of)
    assert one == single
    # An error is found before or after; a table of so few values is told in one scan, unless a sum may be inexact.
    assert used or not one[0] or asked[1].bins == 1


@pytest.mark.parametrize("place", range(len(NOT_PLAIN)))
def test_what_is_not_plain_is_asked_in_single_questions(place: int, bytes_of: BytesOf) -> None:
    roles, wanted = NOT_PLAIN[place]
    columns = {"g": ["a", "b"] * 4, "h": [1, 2, 2, 1] * 2, "y": [1, 0, 0, 1] * 2, "p": [1, 1, 0, 0] * 2}
    columns |= {"s": [0.1, 0.2, 0.3, 1.0] * 2, "w": [1.0] * 8, "k": [*range(8)]}
    with written(columns) as file:
        one, single, used = both_ways(file, roles, wanted, bytes_of)
    assert one[0]
    assert one == single
    assert not used


def wide(rows: int, **columns: Any) -> dict[str, Any]:
    """A table of two groups, labels and predictions, with columns put in place of its own."""
    return {name: [[a, b][at % 2] for at in range(rows)] for name, a, b in [("g", "a", "b"), ("h", 1, 2)]} | {
        "y": [at // 2 % 2 for at in range(rows)],
        "p": [at // 4 % 2 for at in range(rows)],
        "s": [at % 16 / 16 for at in range(rows)],
        **columns,
    }


@pytest.mark.parametrize(
    ("name", "values", "used"),
    [
        ("g", [str(at % 70) for at in range(400)], False),
        ("g", [str(at) for at in range(400)], False),
        ("g", ["a", "b" * 300] * 200, False),
        ("g", [None] * 400, True),
        ("g", ["a"] * 400, True),
        ("h", [at % 90 for at in range(400)], False),
        ("h", [at % 5 * 1000 for at in range(400)], False),
        ("h", [-(2**63), 2**63 - 1, 5, 6] * 100, False),
        ("y", [at % 70 for at in range(400)], False),
        ("y", [None] * 400, True),
        ("p", [0.25, 0.5] * 200, False),
        ("p", [1] * 400, True),
        ("s", [None] * 400, False),
        ("s", [float("nan")] * 400, False),
        ("s", [0.5, 1 + 2**-52] * 200, False),
        ("s", [0.5, -5e-324] * 200, False),
        ("s", [0.5, float("inf")] * 200, False),
    ],
)
def test_what_a_profile_refuses_is_refused_either_way(
    name: str, values: list[Any], used: bool, bytes_of: BytesOf
) -> None:
    with written(wide(400, **{name: values})) as file:
        one, single, told_at_once = both_ways(file, SCORED, Wanted(bins=8), bytes_of)
    assert one == single
    assert told_at_once == used


def test_whole_numbers_in_a_row_are_told_apart_by_subtraction(bytes_of: BytesOf) -> None:
    ages = [None if at % 7 == 0 else at % 31 * 2 - 20 for at in range(400)]
    with written(wide(400, h=pa.array(ages, pa.int8()))) as file:
        one, single, used = both_ways(file, SCORED, Wanted(bins=8), bytes_of)
        assert "BETWEEN -20 AND 40" in read_cells(file, SCORED, wanted=Wanted(bins=8)).origin.sql[-1]
    assert used
    assert one == single


@pytest.mark.parametrize(
    ("score", "rows", "used"),
    [(1.0, 70_000, True), (0.5, 70_000, True), (0.999, 4_000, False), (0.001, 300, True), (0.0, 300, True)],
)
def test_sums_that_doubles_cannot_hold_are_made_in_whole_numbers(
    score: float, rows: int, used: bool, bytes_of: BytesOf
) -> None:
    with written(wide(rows, s=[score] * rows)) as file:
        found = both_ways(file, replace(SCORED, intersections=()), Wanted(bins=2), bytes_of)
    assert found[0][0]
    assert found[0] == found[1]
    assert found[2] == used


@pytest.mark.parametrize(
    ("late", "used"),
    [(["late"], True), ([None], True), (["x" * 300], False), (["y" * 200, None, "late"], True), (range(70), False)],
)
def test_values_between_the_looks_are_found_by_the_scan(late: Sequence[Any], used: bool, bytes_of: BytesOf) -> None:
    columns = wide(120_000)
    columns["g"][11_000 : 11_000 + len(late)] = [None if each is None else str(each) for each in late]
    with written(columns) as file:
        one, single, told_at_once = both_ways(file, SCORED, Wanted(bins=16), bytes_of)
    assert told_at_once == used
    assert one == single
    assert one[0] == all(len(str(each)) <= 200 for each in late)


@pytest.mark.parametrize("name", ["h", "y", "p", "s"])
def test_a_missing_value_between_the_looks_is_found_by_the_scan(name: str, bytes_of: BytesOf) -> None:
    columns = wide(120_000)
    columns[name][11_000] = None
    with written(columns) as file:
        one, single, used = both_ways(file, SCORED, Wanted(bins=16), bytes_of)
    assert one == single
    assert (one[0], used) == (True, True)


def test_values_that_come_later_still_are_counted_in_single_questions(bytes_of: BytesOf) -> None:
    columns = wide(130_000)
    columns["h"][10_500:13_000] = [3] * 2_500
    columns["h"][25_000:25_002] = [4, 5]
    with written(columns) as file:
        one, single, used = both_ways(file, SCORED, Wanted(bins=16), bytes_of)
    assert one == single
    assert (one[0], used) == (True, False)


def test_the_looks_are_spread_over_the_whole_table() -> None:
    rows = 1_234_567
    sql = one_scan.looked_at(rows, f"SELECT range AS r FROM range({rows})", "r")
    seen = [row[0] for row in duckdb.sql(f"SELECT r FROM ({sql}) ORDER BY r").fetchall()]
    assert len(seen) == 100_000
    assert (seen[0], seen[-1]) == (0, rows - 1)
    assert max(after - before for before, after in pairwise(seen)) < rows / 8
    small = one_scan.looked_at(100_000, "SELECT range AS r FROM range(100000)", "r")
    assert duckdb.sql(f"SELECT count(*) FROM ({small})").fetchall() == [(100_000,)]


def test_nothing_is_grouped_by_a_column_of_many_values(parquet: Callable[..., Path]) -> None:
    file = parquet(wide(400, g=[f"person {at}" for at in range(400)]))
    with open_engine(file, SCORED, Wanted()) as engine:
        assert told(engine, SCORED, Wanted()) is None
        assert not any("GROUP" in statement for statement in engine.statements())


def test_the_statements_of_one_scan_run_in_the_folder_of_the_file(
    parquet: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_cells(parquet(wide(400), "it's.parquet"), SCORED)
    assert str(tmp_path) not in "".join(table.origin.sql)
    assert not any("GROUP BY k0" in statement for statement in table.origin.sql)
    monkeypatch.chdir(tmp_path)
    shell = duckdb.connect()
    answers = [shell.execute(each).fetchall() for each in table.origin.sql]
    assert answers[1] == [(400,)]
    assert sum(row[1] for row in answers[-1]) == table.origin.rows == 400
    assert sorted(row[1] for row in answers[-1]) == [25] * 16


def test_a_column_named_like_the_places_of_rows_is_read_in_single_questions(bytes_of: BytesOf) -> None:
    with written(wide(400, file_row_number=[1] * 400)) as file:
        one, single, used = both_ways(file, SCORED, Wanted(bins=8), bytes_of)
    assert one[0]
    assert one == single
    assert not used


def test_too_many_combinations_are_counted_in_single_questions(bytes_of: BytesOf) -> None:
    columns = wide(400, g=[str(at % 20) for at in range(400)], h=[at // 20 for at in range(400)])
    with written(columns) as file:
        few, many = (both_ways(file, SCORED, Wanted(bins=bins), bytes_of) for bins in (16, 512))
    assert (few[2], many[2]) == (True, False)
    assert few[0] == few[1]
    assert many[0] == many[1]


@pytest.mark.parametrize(
    ("largest", "rows", "exact"),
    [(2.0**53 - 1, 9, True), (2.0**53, 9, False), (2.0**52, 1023, True), (2.0**52, 1024, False)],
)
def test_sums_are_taken_only_while_they_are_surely_exact(largest: float, rows: int, exact: bool) -> None:
    roles = replace(SCORED, groups=(), intersections=())
    columns = [one_scan.Listed((0, 1), "y", 0), one_scan.Listed((0, 1), "p", 0)]
    with written(wide(8)) as file, open_engine(file, roles, Wanted(bins=512)) as engine:
        asked = Asked(roles, Wanted(bins=512), {name: engine.fields[name] for name in "yps"})
    found = {"code": np.arange(rows), "n": np.ones(rows), "sums": np.full(rows, largest), "squares": np.zeros(rows)}
    for sums, squares in (("sums", "squares"), ("squares", "sums")):
        said = one_scan.told(asked, columns, found | {sums: found["sums"], squares: found["squares"]})
        assert (said is not None) == exact
        if said is not None and said.scores is not None:
            assert getattr(said.scores, sums).tolist() == [int(largest)] * rows


@pytest.mark.parametrize("groups", [("m", "c"), ("u", "b"), ("e", "m"), ("h", "b")])
def test_numbers_of_every_type_are_read_the_same_both_ways(groups: tuple[str, ...], bytes_of: BytesOf) -> None:
    rows = range(400)
    columns = {
        "m": pa.array(
            [[Decimal("0.10"), Decimal("0.20"), None, Decimal(-1)][at % 4] for at in rows], pa.decimal128(9, 2)
        ),
        "u": pa.array([[250, 251, 252, 253, 255][at % 5] for at in rows], pa.uint8()),
        "b": pa.array([[-128, 127][at % 2] for at in rows], pa.int8()),
        "h": pa.array([[2**64 - 1, 2**64 - 2][at % 2] for at in rows], pa.uint64()),
        "e": pa.array([[0.1, float("nan"), 3.5][at % 3] for at in rows], pa.float32()),
        "c": pa.array([at % 3 == 0 for at in rows]),
        "y": pa.array([Decimal(at % 2) for at in rows], pa.decimal128(5, 1)),
        "p": pa.array([float(at // 2 % 2) for at in rows], pa.float32()),
        "s": pa.array([Decimal(at % 8) / 8 for at in rows], pa.decimal128(8, 4)),
    }
    with written(columns) as file:
        one, single, used = both_ways(file, replace(SCORED, groups=groups, intersections=()), Wanted(bins=16), bytes_of)
    assert one == single
    assert (one[0], used) == (True, True)
