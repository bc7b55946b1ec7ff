"""Bad tables: each a clear error that names file, column and remedy in both languages, or one of the group alone."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.checks import CHECKS, CheckSettings, planned
from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget, open_table
from shinrai.language import Language

MakeTarget = Callable[..., TableTarget]
GOOD: dict[str, Any] = {"label": [1, 0] * 20, "prediction": [1, 1, 0, 0] * 10, "sex": ["F", "M"] * 20}


def error_of(target: TableTarget) -> TableError:
    with pytest.raises(TableError) as caught, open_table(target):
        pass
    error = caught.value
    assert error.fix is not None
    assert error.place is not None
    assert error.place.file == str(target.file)
    english, japanese = error.text(Language.EN), error.text(Language.JA)
    assert english != japanese
    assert any(ord(char) > 0x3000 for char in japanese)
    assert str(target.file.parent) not in error.reason().en
    return error


def test_missing_file(tmp_path: Path) -> None:
    error = error_of(TableTarget("d", tmp_path / "no.parquet", "label", 1))
    assert "does not exist" in str(error)
    assert "ファイルがありません" in error.text(Language.JA)


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").mkdir()
    assert "not a file" in str(error_of(TableTarget("d", tmp_path / "x.parquet", "label", 1)))


def test_other_kind(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"PK")
    assert "“.xlsx” are not read" in str(error_of(TableTarget("d", tmp_path / "x.xlsx", "label", 1)))


@pytest.mark.parametrize("name", ["x.parquet", "x.csv"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "The file is empty" in str(error_of(TableTarget("d", tmp_path / name, "label", 1)))


def test_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("label,prediction\n1,1\n" * 10)
    error = error_of(TableTarget("d", tmp_path / "x.parquet", "label", 1))
    assert "cannot be read as PARQUET" in str(error)


def test_damaged_parquet(target_of: MakeTarget) -> None:
    target = target_of({"label": list(range(2)) * 5_000, "prediction": [1, 0] * 5_000})
    raw = bytearray(target.file.read_bytes())
    raw[4:60] = b"\xff" * 56
    target.file.write_bytes(raw)
    assert "damaged" in str(error_of(target))


def test_no_rows(target_of: MakeTarget) -> None:
    target = target_of({"label": pa.array([], pa.int64()), "prediction": pa.array([], pa.int64())})
    assert "no rows" in str(error_of(target))


def test_missing_column_with_a_suggestion(target_of: MakeTarget) -> None:
    target = target_of(GOOD, groups=("sexx",))
    error = error_of(target)
    assert "There is no column “sexx”" in str(error)
    assert "Did you mean “sex”?" in str(error)
    assert error.place is not None
    assert error.place.field == "sexx"


def test_missing_column_without_anything_near(target_of: MakeTarget) -> None:
    error = error_of(target_of(GOOD, groups=("国籍",)))
    assert "The file has: label, prediction, sex." in str(error)
    assert "列「国籍」がありません" in error.text(Language.JA)


def test_names_are_compared_exactly(target_of: MakeTarget) -> None:
    assert "There is no column “Label”" in str(error_of(target_of(GOOD, label="Label")))


@pytest.mark.parametrize("names", [["label", "Sex", "sex"], ["label", "label", "x"]])
def test_duplicate_column_names(tmp_path: Path, names: list[str]) -> None:
    pq.write_table(pa.table([[1, 0], [1, 1], [0, 1]], names=names), tmp_path / "x.parquet")
    assert "Two columns have the name" in str(error_of(TableTarget("d", tmp_path / "x.parquet", "label", 1)))


def test_column_without_a_name(tmp_path: Path) -> None:
    pq.write_table(pa.table([[1, 0], [1, 1]], names=["label", " "]), tmp_path / "x.parquet")
    assert "Column 2 has no name" in str(error_of(TableTarget("d", tmp_path / "x.parquet", "label", 1)))


def test_too_many_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table([[1]] * 2_001, names=[f"c{i}" for i in range(2_001)]), tmp_path / "x.parquet")
    assert "2001 columns" in str(error_of(TableTarget("d", tmp_path / "x.parquet", "c0", 1)))


@pytest.mark.parametrize("column", ["label", "prediction"])
def test_more_than_two_values(target_of: MakeTarget, column: str) -> None:
    both = {"label": ["yes", "no"] * 20, "prediction": ["yes", "no"] * 20}
    error = error_of(target_of({**both, column: ["yes", "no", "maybe", "yes"] * 10}, favourable="yes"))
    assert "more than two values" in str(error)
    if column == "label":
        assert "“maybe”, “no”, “yes”" in str(error)


def test_many_values_are_counted_and_not_listed(target_of: MakeTarget) -> None:
    names = [f"Taro Yamada {i}" for i in range(40)]
    error = error_of(target_of({**GOOD, "label": names}, favourable="yes"))
    assert "40 different values" in str(error)
    assert "Yamada" not in str(error)


def test_very_many_values_are_refused_before_they_are_grouped(target_of: MakeTarget) -> None:
    rows = 5_000
    error = error_of(target_of({"label": list(range(rows)), "prediction": [1, 0] * (rows // 2)}))
    assert "more than 1000 different" in str(error)


def test_label_of_long_texts(target_of: MakeTarget) -> None:
    error = error_of(target_of({**GOOD, "label": ["a" * 201, "b"] * 20}, favourable="b"))
    assert "more than 200 characters" in str(error)


def test_favourable_value_that_no_label_has(target_of: MakeTarget) -> None:
    error = error_of(target_of({**GOOD, "label": ["yes", "no\n" + "x" * 60] * 20, "prediction": ["yes", "no"] * 20}))
    assert "favourable value “1” does not occur" in str(error)
    assert "“yes”" in str(error)
    assert "“no\\u000a" in str(error)
    assert "x" * 40 not in str(error)
    assert "有利な値「1」" in error.text(Language.JA)


def test_label_without_any_value(target_of: MakeTarget) -> None:
    error = error_of(target_of({**GOOD, "label": pa.array([None] * 40, pa.int64())}))
    assert "no value at all" in str(error)


def test_labels_and_predictions_written_differently(target_of: MakeTarget) -> None:
    error = error_of(target_of({**GOOD, "label": ["yes", "no"] * 20}, favourable="yes"))
    assert "written in different values" in str(error)
    assert error.place is not None
    assert error.place.field == "prediction"


def test_probabilities_as_predictions(target_of: MakeTarget) -> None:
    error = error_of(target_of({**GOOD, "prediction": [0.2, 0.9] * 20}))
    assert "look like probabilities" in str(error)
    assert "`score`" in str(error)


@pytest.mark.parametrize("column", ["label", "prediction"])
@pytest.mark.parametrize("values", [[[1], [0]] * 20, [{"a": 1}] * 40, [datetime.date(2026, 1, 1)] * 40, [b"\xff"] * 40])
def test_nested_values_dates_and_bytes(target_of: MakeTarget, column: str, values: list[object]) -> None:
    error = error_of(target_of({**GOOD, column: values}))
    assert f"Column “{column}” has the type" in str(error)


def test_text_as_score(target_of: MakeTarget) -> None:
    assert "is no number" in str(error_of(target_of({**GOOD, "score": ["high", "low"] * 20}, score="score")))


@pytest.mark.parametrize("wrong", [1.5, -0.1, float("inf")])
def test_scores_outside_0_to_1(target_of: MakeTarget, wrong: float) -> None:
    error = error_of(target_of({**GOOD, "score": [0.5] * 38 + [wrong] * 2}, score="score"))
    assert "outside 0 to 1 (rows: 2)" in str(error)


def test_score_without_prediction_or_threshold(target_of: MakeTarget) -> None:
    columns = {"label": GOOD["label"], "score": [0.5] * 40}
    assert "neither prediction nor threshold" in str(error_of(target_of(columns, score="score")))


def test_more_memory_than_allowed(target_of: MakeTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shinrai.evaluate.targets.reading.MEMORY", "2MB")
    rows = 400_000
    target = target_of({"label": [1, 0] * (rows // 2), "x": [str(i) for i in range(rows)]})
    with pytest.raises(TableError) as caught, open_table(target) as table:
        CHECKS["data_quality"].measure(table, CheckSettings())
    assert "needs more memory" in str(caught.value)


# Faults of one group column leave the other numbers alone.


def outcomes(target: TableTarget, check: str = "group_fairness") -> dict[str, Any]:
    with open_table(target) as table:
        performance = CHECKS["performance"].measure(table, CheckSettings())
        assert performance[0].outcome is not Outcome.ERROR
        return {m.id.split(".")[2] + "." + m.metric: m for m in CHECKS[check].measure(table, CheckSettings())}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([f"ID{i}" for i in range(40)], "more groups than half of its rows"),
        ([None] * 40, "Every value of “g” is missing"),
        ([float("nan")] * 40, "Every value of “g” is missing"),
        (["", "  "] * 20, "Every value of “g” is missing"),
        ([datetime.date(2026, 1, 1)] * 40, "cannot be a group"),
        ([["x"]] * 40, "cannot be a group"),
        (["x" * 201] * 40, "more than 200 characters"),
    ],
)
def test_group_column_that_cannot_be_compared(target_of: MakeTarget, values: list[object], words: str) -> None:
    column = pa.array(values, pa.string()) if values == [None] * 40 else values
    measured = outcomes(target_of({**GOOD, "g": column}, groups=("sex", "g")))
    assert len(measured) == 16
    for name, measurement in measured.items():
        if name.startswith("g."):
            assert measurement.outcome is Outcome.ERROR
            assert measurement.reason is not None
            assert words in measurement.reason.en
            assert measurement.value is None
            assert (measurement.coverage.used, measurement.coverage.asked) == (0, 40)
        else:
            assert measurement.outcome is not Outcome.ERROR


def test_201_and_10000_and_more_groups(target_of: MakeTarget) -> None:
    rows = 30_000
    columns = {
        "label": [1, 0] * (rows // 2),
        "prediction": [1, 0, 0] * (rows // 3),
        "few": [f"g{i % 200}" for i in range(rows)],
        "many": [f"g{i % 201}" for i in range(rows)],
        "each": [str(i % 14_000) for i in range(rows)],
        "a": [i % 150 for i in range(rows)],
        "b": [i // 150 for i in range(rows)],
    }
    target = target_of(columns, groups=("few", "many", "each"), intersections=(("a", "b"), ("few", "a")))
    measured = outcomes(target)
    assert measured["few.selection_rate.ratio"].outcome is not Outcome.ERROR
    assert measured["few.selection_rate.ratio"].groups[0].n == 150
    for subject in ("many", "each", "a-and-b", "few-and-a"):
        assert measured[f"{subject}.selection_rate.ratio"].outcome is Outcome.ERROR
        assert "more than 200 groups" in measured[f"{subject}.selection_rate.ratio"].reason.en


# What is no fault.


def test_values_are_compared_by_their_canonical_form(target_of: MakeTarget) -> None:
    target = target_of({"label": ["Ｙｅｓ", "no "] * 20, "prediction": ["Yes", "no"] * 20}, favourable=" Yes")
    with open_table(target) as table:
        assert (table.cube.overall.tp, table.cube.overall.tn) == (20, 20)


@pytest.mark.parametrize("favourable", [1, "1", 1.0, "１"])
@pytest.mark.parametrize("label", [[1, 0], ["1", "0"], [1.0, 0.0], [1.0, float("nan")]])
def test_one_is_one_whatever_type_it_has(target_of: MakeTarget, label: list[Any], favourable: Any) -> None:
    with open_table(target_of({"label": label * 4, "prediction": [1, 0] * 4}, favourable=favourable)) as table:
        assert table.cube.overall.tp == 4


@pytest.mark.parametrize(
    ("values", "favourable"),
    [
        (pa.array([True, False]), True),
        (pa.array(["a", "b"]).dictionary_encode(), "a"),
        (pa.array([1, 0], pa.decimal128(5, 2)), 1),
        (pa.array([1, 0], pa.float32()), 1),
        (pa.array([1, 0], pa.uint8()), "1"),
    ],
)
def test_types_of_labels(target_of: MakeTarget, values: pa.Array, favourable: Any) -> None:
    with open_table(target_of({"label": values, "prediction": values}, favourable=favourable)) as table:
        assert (table.cube.overall.tp, table.cube.overall.tn) == (1, 1)


def test_missing_labels_and_predictions_are_counted_apart(target_of: MakeTarget) -> None:
    columns = {"label": [1, None, 0, 1], "prediction": [1, 1, None, None]}
    with open_table(target_of(columns)) as table:
        assert table.rows == 4
        assert table.cube.overall.rows == 4
        assert table.cube.overall.decided == 1


def test_threshold_decides_where_there_is_no_prediction(target_of: MakeTarget) -> None:
    columns = {"label": [1, 1, 0, 0], "score": [0.5, 0.49, 0.5, float("nan")]}
    with open_table(target_of(columns, score="score", threshold=0.5)) as table:
        overall = table.cube.overall
        assert (overall.tp, overall.fn, overall.fp, overall.tn, overall.scored) == (1, 1, 1, 0, 3)


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    names = ['"; DROP VIEW t; --', "x' OR 1=1", "a]b[c", "性別\n", 'q"q']
    columns = {
        names[0]: [1, 0] * 20,
        names[1]: [1, 1, 0, 0] * 10,
        names[2]: [0.5] * 40,
        names[3]: ["男", "女"] * 20,
        names[4]: ["x", "y"] * 20,
    }
    folder = tmp_path / "sex=F [x]*?"
    folder.mkdir()
    file = folder / "it's; \"[1]*.parquet"
    pq.write_table(pa.table(columns), file)
    target = TableTarget(
        "d", file, names[0], 1, names[1], names[2], groups=(names[3], names[4]), intersections=((names[3], names[4]),)
    )
    with open_table(target) as table:
        assert [column.name for column in table.source.columns] == names
        for check in planned(target):
            for measurement in CHECKS[check].measure(table, CheckSettings()):
                assert measurement.outcome is not Outcome.ERROR or measurement.metric == "auc"
                assert "\n" not in measurement.title.en


def test_names_our_own_sql_uses_are_free(target_of: MakeTarget) -> None:
    """The same table under other names gives the same numbers."""
    rows = 200
    columns = {
        "label": [1, 0] * (rows // 2),
        "prediction": [1, 1, 0, 0] * (rows // 4),
        "score": [(i * 37 % rows) / rows for i in range(rows)],
        "sex": ["F", "M", "M", "X"] * (rows // 4),
        "age": [i % 3 for i in range(rows)],
        "mail": [f"{i}@example.jp" for i in range(rows)],
        "number": list(range(rows)),
    }
    names = ["s", "y", "p", "g1", "g0", "v", "v0"]

    def numbers(names: list[str]) -> list[Any]:
        label, prediction, score, first, second, *_ = names
        target = target_of(
            dict(zip(names, columns.values(), strict=True)),
            label=label,
            prediction=prediction,
            score=score,
            groups=(first, second),
            intersections=((first, second),),
        )
        with open_table(target) as table:
            found = [m for check in planned(target) for m in CHECKS[check].measure(table, CheckSettings())]
        return [(m.metric, m.value, m.low, m.high, m.n, m.counts, m.groups) for m in found]

    # The name of a column may say personal data; that check looks at values alone here.
    plain = numbers([*list(columns)[:5], "x1", "x2"])
    assert numbers(names) == plain
    assert numbers(["d", "q", "decided", "scaled", "t", "n", "h"]) == plain


def test_the_database_reaches_nothing_else(target_of: MakeTarget, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with open_table(target_of(GOOD)) as table:
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path}/other.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(TableError):
                table.source.query(statement)
    assert not (tmp_path / "out.csv").exists()


def test_spill_folder_goes_with_the_table(target_of: MakeTarget) -> None:
    with open_table(target_of(GOOD)) as table:
        folder = Path(table.source.query("SELECT current_setting('temp_directory')")[0][0])
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_a_fault_of_our_own_sql_is_not_put_on_the_file(target_of: MakeTarget) -> None:
    with open_table(target_of(GOOD)) as table, pytest.raises(duckdb.Error):
        table.source.query("SELECT nothing FROM t")
