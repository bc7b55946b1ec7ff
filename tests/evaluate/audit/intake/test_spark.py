"""The SQL that is compiled for Spark, run by Spark."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.audit.cells import Roles
from shinrai.evaluate.audit.intake import Wanted, compile_sql, read_cells

pytest.importorskip("pyspark", reason="no Spark is installed")
pytest.importorskip("ibis", reason="the extra `sql` is not installed")

COLUMNS = {
    "sex": ["男", "女", "女", "男", "女", "男", None, "女"] * 5,
    "y": ["yes", "no", "yes", None, "no", "yes", "no", "yes"] * 5,
    "p": ["yes", "no", "no", "yes", "yes", "no", "no", "yes"] * 5,
    "s": [0.1, 0.25, 0.9, 0.75, None, 1.0, 0.0, 0.5] * 5,
    "w": [0.5, 1.5, 2.0, 1.0, 1.0, 0.1, 3.0, 1.0] * 5,
}
SCHEMA = {"sex": "string", "y": "string", "p": "string", "s": "float64", "w": "float64"}
ROLES = Roles("p", "y", "s", favourable="yes", groups=("sex",), weight="w")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


def test_spark_counts_what_duckdb_counts(spark: Any, parquet: Callable[..., Path]) -> None:
    file = parquet(COLUMNS)
    spark.read.parquet(str(file)).createOrReplaceTempView("decisions")
    table = read_cells(file, ROLES, wanted=Wanted(bins=4))
    _, cells, bins = (
        [tuple(row) for row in spark.sql(s).collect()] for s in compile_sql(ROLES, Wanted(bins=4), "spark", SCHEMA)
    )
    told = Counter(
        {
            row[:3]: (row[3], int(row[4]), sum(int(p) << k for p, k in zip(row[5:], (62, 32, 0), strict=True)))
            for row in cells
        }
    )
    kept = {(*c.levels, c.label, c.prediction): (c.rows, c.weight, c.weight_squares) for c in table.cells[("sex",)]}
    assert dict(told) == kept
    scores = {(sex, y == "yes", place): (n, int(sums), int(squares)) for sex, y, place, n, sums, squares in bins}
    of_bins = {
        (each.levels[0], each.positive, place): (n, each.sums[place], each.squares[place])
        for each in table.bins[("sex",)]
        for place, n in enumerate(each.counts)
        if n
    }
    assert scores == of_bins
