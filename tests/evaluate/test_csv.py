from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.checks import CHECKS, CheckSettings
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.reading import Kind
from shinrai.evaluate.targets.table import TableTarget, open_table
from shinrai.language import Language


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "d.csv"
    file.write_bytes(text.encode(encoding))
    return file


def error_of(file: Path, **described: Any) -> TableError:
    with (
        pytest.raises(TableError) as caught,
        open_table(TableTarget(**{"id": "d", "file": file, "label": "y", "favourable": 1, **described})),
    ):
        pass
    return caught.value


def test_columns_are_typed_as_a_whole(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "y,whole,zero,float,nan,bool,mixed,long,blank,text,spaced\n"
        "1,1,01,1.0,NaN,True,1,1234567890123456789,,a, 1\n"
        "0,-2,10,2e3,0.5,false,x,1,  ,,2 \n"
        "1,,,,,,,,,b,\n",
    )
    with open_table(TableTarget("d", file, "y", 1)) as table:
        kinds = {column.name: column.kind for column in table.source.columns}
        zero = table.source.query("SELECT zero FROM t ORDER BY zero")
    assert kinds == {
        "y": Kind.INTEGER,
        "whole": Kind.INTEGER,
        "zero": Kind.TEXT,
        "float": Kind.NUMBER,
        "nan": Kind.NUMBER,
        "bool": Kind.BOOLEAN,
        "mixed": Kind.TEXT,
        "long": Kind.TEXT,
        "blank": Kind.TEXT,
        "text": Kind.TEXT,
        "spaced": Kind.INTEGER,
    }
    assert ("01",) in zero


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, "y,p,s\n1.0,True,0.25\n0.0,False,\n1.0,True,1\n")
    with open_table(TableTarget("d", file, "y", 1, score="s", threshold=0.5)) as table:
        assert (table.cube.overall.tp, table.cube.overall.fn) == (1, 1)
    with open_table(TableTarget("d", file, "p", True)) as table:
        assert table.rows == 3


def test_japanese_headers_quotes_and_byte_order_mark(tmp_path: Path) -> None:
    file = write(
        tmp_path, '結果,判定,"性,別"\n承認,承認,"男\n性"\n否認,承認,女\n承認,否認,女\n否認,否認,"""女"""\n', "utf-8-sig"
    )
    target = TableTarget("d", file, "結果", "承認", "判定", groups=("性,別",))
    with open_table(target) as table:
        assert table.cube.overall.decided == 4
        assert table.rows == 4
        assert [column.name for column in table.source.columns] == ["結果", "判定", "性,別"]


def test_cp932_is_told_apart_and_how_to_mend_it(tmp_path: Path) -> None:
    error = error_of(write(tmp_path, "結果,性別\n承認,男\n否認,女\n", "cp932"))
    assert "not UTF-8" in str(error)
    assert "Shift_JIS (cp932)" in str(error)
    assert "CSV UTF-8" in str(error)
    assert "日本語版Excelが書き出すShift_JIS" in error.text(Language.JA)


def test_other_encodings(tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(b"y\n\xff\xff\xfe\n")
    assert "another encoding" in str(error_of(file))
    file.write_bytes(b"y\n\x85\n")
    assert "another encoding" in str(error_of(file))
    file.write_bytes("y\n1\n男".encode()[:-1])
    assert "not UTF-8" in str(error_of(file))


def test_line_that_does_not_fit_is_named_and_not_shown(tmp_path: Path) -> None:
    error = error_of(write(tmp_path, "y,name\n1,a\n0,Taro Yamada,secret\n"))
    assert "Line 3" in str(error)
    assert "Yamada" not in str(error)
    assert "Yamada" not in error.text(Language.JA)


def test_quote_that_is_never_closed(tmp_path: Path) -> None:
    assert "CSV" in str(error_of(write(tmp_path, 'y,x\n1,"a\n0,b\n')))


def test_header_that_cannot_be_read(tmp_path: Path) -> None:
    assert "first line" in str(error_of(write(tmp_path, '"y"x,z\n1,2\n')))


def test_header_alone_and_blank_names(tmp_path: Path) -> None:
    assert "no rows" in str(error_of(write(tmp_path, "y,x\n")))
    assert "Column 2 has no name" in str(error_of(write(tmp_path, "y,\n1,2\n")))
    assert "Two columns" in str(error_of(write(tmp_path, "y,x,X\n1,2,3\n")))


def test_blank_first_line(tmp_path: Path) -> None:
    assert isinstance(error_of(write(tmp_path, "\ny,x\n1,2\n")), TableError)


def test_text_that_other_tools_take_for_missing_is_text(tmp_path: Path) -> None:
    file = write(tmp_path, "y,p,country\n" + "1,1,NA\n0,1,JP\n" * 20)
    with open_table(TableTarget("d", file, "y", 1, "p", groups=("country",))) as table:
        levels = table.cube.levels[("country",)]
    assert [level.labels for level in levels] == [("JP",), ("NA",)]
    assert not any(level.missing for level in levels)


def test_duplicates_are_of_rows_as_stored(tmp_path: Path) -> None:
    file = write(tmp_path, "y,x\n1,1\n1,1.0\n1,1\n0,2\n")
    with open_table(TableTarget("d", file, "y", 1)) as table:
        measured = {m.metric: m for m in CHECKS["data_quality"].measure(table, CheckSettings())}
    assert measured["duplicates"].value == 0.25


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('y,a\n1,"x" \n0,z\n', "Line 2"),
        ('y,a\n1,z\n0, "x"\n', "Line 3"),
        ('y,a\n1,"x" "z"\n', "Line 2"),
        ('y, "a"\n1,2\n', "Line 1"),
        ("y,a\n1,2,\n0,1,\n", "Some lines"),
        ('y,a\n1,2,""\n', "Some lines"),
    ],
)
def test_values_beside_quotes_and_beyond_the_header_are_never_dropped(tmp_path: Path, text: str, line: str) -> None:
    error = error_of(write(tmp_path, text))
    assert line in error.reason().en
    assert "as many values as the header" in error.reason().en


def test_quotes_and_commas_within_values_are_kept(tmp_path: Path) -> None:
    file = write(tmp_path, 'y,"a,b"\n1,"x, ""y"""\n0,5\'10"\n')
    with open_table(TableTarget("d", file, "y", 1)) as table:
        assert sorted(table.source.query('SELECT "a,b" FROM t')) == [("5'10\"",), ('x, "y"',)]


@pytest.mark.parametrize("text", ["y,a\n1,2\n\r0,3\n", "y,a\r\n1,2\r\n\r", "y,a\n1,2\r\n0,3\n", 'y,a\n1,"x\ry"\r0,3\n'])
def test_lines_that_end_in_different_ways_are_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(text.encode())
    assert "ends in another line break" in error_of(file).reason().en
