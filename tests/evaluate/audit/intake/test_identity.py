"""Parquet, CSV, Arrow, frames, relations, counts and PostgreSQL give the same table of cells, byte for byte."""

# ruff: noqa: S311  (chance makes tables here, no secrets)

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pytest

from shinrai.evaluate.audit.cells import Roles, Task
from shinrai.evaluate.audit.intake import Wanted, read_cells
from shinrai.evaluate.audit.intake.planner import plan
from shinrai.evaluate.audit.intake.sources import open_engine
from shinrai.evaluate.audit.intake.wanted import Asked, subjects

N = 400
SPELLED = ["男", "男 ", "女", "女性", "ﾅｼ", "ナシ", "Other", "OTHER", "other", None, "", "　"]
TYPES = {
    "sex": "text",
    "age": "integer",
    "band": "double precision",
    "dept": "text",
    "y": "text",
    "p": "text",
    "s": "double precision",
    "w": "double precision",
    "person": "bigint",
    "pay": "double precision",
    "guess": "double precision",
}
MESSY = Roles(
    prediction="p",
    label="y",
    score="s",
    favourable="承認",
    groups=("sex", "age", "band"),
    intersections=(("age", "sex"), ("sex", "age")),
    strata=("dept",),
)


@pytest.fixture(scope="module")
def messy() -> dict[str, list[Any]]:
    rng = random.Random(8)
    decision = ["承認", " 承認", "否認", "否認", None]
    return {
        "sex": [rng.choice(SPELLED) for _ in range(N)],
        "age": [rng.choice([20, 30, 40, None]) for _ in range(N)],
        "band": [rng.choice([0.5, 1.0, -0.0, 0.0, float("nan"), None]) for _ in range(N)],
        "dept": [rng.choice(["A", "B", "Ｂ"]) for _ in range(N)],
        "y": [rng.choice(decision) for _ in range(N)],
        "p": [rng.choice(decision) for _ in range(N)],
        "s": [rng.choice([rng.random(), rng.randrange(1 << 47) / (1 << 47), 1.0, 0.0, None]) for _ in range(N)],
        "w": [rng.choice([rng.random() * 900, 1.0, 0.0, float("nan"), None]) for _ in range(N)],
        "person": [rng.randrange(200) for _ in range(N)],
        "pay": [rng.choice([rng.gauss(5e6, 2e6), float(rng.randrange(10**7)), None]) for _ in range(N)],
        "guess": [rng.choice([rng.gauss(0, 1), -1.5 * 2.0**-46, rng.gauss(5e6, 2e6)]) for _ in range(N)],
    }


VARIANTS = {
    "classes and scores": (MESSY, Wanted(bins=64)),
    "search": (MESSY, Wanted(search=3, bins=0)),
    "clusters": (Roles("p", "y", favourable="承認", groups=("sex", "band"), cluster="person"), Wanted()),
    "weights": (Roles("p", "y", favourable="承認", groups=("sex",), weight="w"), Wanted()),
    "threshold": (Roles(None, "y", "s", 0.25, "承認", groups=("sex",), cluster="person"), Wanted(bins=7)),
    "selection only": (Roles("p", favourable="承認", groups=("sex",), cluster="person"), Wanted()),
    "regression": (Roles("guess", "pay", groups=("sex",), strata=("dept",), task=Task.REGRESSION), Wanted()),
    "wide scores": (Roles("p", "y", "pay", favourable="承認", groups=("sex",)), Wanted(bins=32, calibration=False)),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_form_of_the_same_rows_gives_the_same_bytes(
    variant: str,
    messy: dict[str, list[Any]],
    parquet: Callable[..., Path],
    in_postgres: Callable[..., Any],
    bytes_of: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    roles, wanted = VARIANTS[variant]
    file = parquet(messy)
    table = pa.table(messy)
    pyarrow.feather.write_feather(table, tmp_path / "t.feather", compression="uncompressed")
    forms = {
        "parquet": file,
        "arrow": table,
        "feather": tmp_path / "t.feather",
        "columns": messy,
        "relation": duckdb.connect().read_parquet(str(file)),
        "postgres": in_postgres("messy", messy, TYPES),
    }
    found = {name: bytes_of(read_cells(data, roles, wanted=wanted)) for name, data in forms.items()}
    assert {name for name, text in found.items() if text != found["parquet"]} == set()


def test_frames_of_pandas_and_polars_give_the_same_bytes(
    messy: dict[str, list[Any]], parquet: Callable[..., Path], bytes_of: Callable[..., bytes]
) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    forms = [pandas.DataFrame(messy), polars.DataFrame(messy, strict=False), polars.DataFrame(messy).lazy()]
    expected = bytes_of(read_cells(parquet(messy), MESSY))
    assert [bytes_of(read_cells(form, MESSY)) == expected for form in forms] == [True] * 3


@pytest.mark.parametrize("variant", ["classes and scores", "clusters", "weights", "regression"])
def test_counts_give_the_bytes_of_the_rows_they_count(
    variant: str, messy: dict[str, list[Any]], parquet: Callable[..., Path], bytes_of: Callable[..., bytes]
) -> None:
    roles, wanted = VARIANTS[variant]
    kept = {name: values for name, values in messy.items() if name not in {"s", "w"}} if "scores" in variant else messy
    if "scores" in variant:
        roles = Roles("p", "y", favourable="承認", groups=("sex", "age", "band"), strata=("dept",))
    named = [
        n for n in kept if n in {roles.label, roles.prediction, roles.cluster, roles.weight, *roles.groups, "dept"}
    ]
    counted = Counter(
        tuple(None if value != value else value for value in row)
        for row in zip(*(kept[name] for name in named), strict=True)
    )
    cells = {name: [key[place] for key in counted] for place, name in enumerate(named)} | {"n": list(counted.values())}
    of_counts = Roles(**{f: getattr(roles, f) for f in Roles.__slots__} | {"counts": "n"})
    rows, counts = read_cells(parquet(kept), roles, wanted=wanted), read_cells(parquet(cells, "c.parquet"), of_counts)
    assert counts.origin.engine == "counts"
    assert counts.origin.rows == rows.origin.rows == N
    assert bytes_of(counts) == bytes_of(rows)


def test_csv_gives_the_bytes_of_parquet(
    parquet: Callable[..., Path], bytes_of: Callable[..., bytes], tmp_path: Path
) -> None:
    rng = random.Random(3)
    columns = {
        "g": [rng.choice(["a", "A", " b", "ｂ", "c"]) for _ in range(500)],
        "y": [rng.choice([0, 1]) for _ in range(500)],
        "s": [rng.random() for _ in range(500)],
    }
    pyarrow.csv.write_csv(pa.table(columns), tmp_path / "t.csv")
    roles = Roles(None, "y", "s", 0.5, 1, groups=("g",))
    csv, same = read_cells(tmp_path / "t.csv", roles), read_cells(parquet(columns), roles)
    assert bytes_of(csv) == bytes_of(same)


def test_a_search_through_packed_keys_gives_the_cells_of_plain_group_bys(messy: dict[str, list[Any]]) -> None:
    roles = Roles("p", "y", favourable="承認", groups=("sex", "age", "band"), strata=("dept",), weight="w")
    wanted = Wanted(search=2)
    with open_engine(pa.table(messy), roles, wanted) as engine:
        asked = Asked(roles, wanted, engine.fields)
        bundles = plan(subjects(roles, wanted), roles.strata, dict.fromkeys(asked.keys, 10), 4, most=1_000)
        assert len(bundles) >= 3
        packed, plain = (engine.cells(asked, bundles, dense=dense) for dense in (N, 0))
        assert any("list_position" in statement for statement in engine.statements())
    texts = [[sorted(repr(row).replace("-0.0", "0.0") for row in rows) for rows in found] for found in (packed, plain)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("late", [["c", "c"], [None, None], []])
def test_a_value_that_comes_late_is_counted_like_any_other(
    late: list[str | None], parquet: Callable[..., Path]
) -> None:
    rows = 200_002
    rng = random.Random(6)
    columns: dict[str, list[Any]] = {name: rng.choices(["a", "b", "だ"], k=rows - len(late)) + late for name in "fgh"}
    columns |= {name: rng.choices([0, 1], k=rows) for name in "py"} | {"s": [rng.random() for _ in range(rows)]}
    searched = Roles("p", "y", favourable=1, groups=("f", "g"))
    scored = Roles("p", "y", "s", favourable=1, groups=(), intersections=(("f", "h"),))
    file = parquet(columns)
    with open_engine(file, searched, Wanted(search=2, search_columns=("f", "g", "h"))) as engine:
        asked = Asked(searched, Wanted(search=2, search_columns=("f", "g", "h")), engine.fields)
        bundles = plan(subjects(searched, asked.wanted), (), dict.fromkeys(asked.keys, 10), 4, most=500)
        assert len(bundles) >= 3
        packed, plain = (engine.cells(asked, bundles, dense=dense) for dense in (rows, 0))
        assert any("TABLE codes" in statement for statement in engine.statements())
    assert [sorted(map(repr, found)) for found in packed] == [sorted(map(repr, found)) for found in plain]
    bins = read_cells(file, scored, wanted=Wanted(bins=8)).bins[("f", "h")]
    expected = Counter(zip(columns["f"], columns["h"], columns["y"], (int(8 * s) for s in columns["s"]), strict=True))
    found = {(*each.levels, int(each.positive), place): n for each in bins for place, n in enumerate(each.counts) if n}
    assert found == expected


def test_importing_an_intake_brings_none_of_the_libraries_it_may_need() -> None:
    heavy = ["duckdb", "numpy", "pyarrow", "pandas", "polars", "ibis", "psycopg", "sqlglot"]
    code = f"import sys, shinrai.evaluate.audit.intake; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_an_audit_of_a_file_brings_none_of_the_frames_and_databases(parquet: Callable[..., Path]) -> None:
    file = parquet({"g": ["a", "b"] * 3, "p": [1, 0, 1] * 2})
    code = (
        "import sys; from shinrai.evaluate.audit.intake import read_cells; "
        "from shinrai.evaluate.audit.cells import Roles; "
        f"read_cells({str(file)!r}, Roles('p', favourable=1, groups=('g',))); "
        "print([name for name in ['pandas', 'polars', 'ibis', 'psycopg', 'pyarrow'] if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
