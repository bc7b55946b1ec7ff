"""From rows to a signed-to-be file and back: parts, outcome on rows held back, operating point, decisions."""

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from shinrai.evaluate.audit.mitigation.applying import chance_of, coin, decide_rows
from shinrai.evaluate.audit.mitigation.choosing import Chosen, Wanted, choose
from shinrai.evaluate.audit.mitigation.operating_point import (
    Model,
    lapsed,
    read_operating_point,
    write_operating_point,
)
from shinrai.evaluate.audit.mitigation.parts import BINS, Split, draw, read_parts
from shinrai.evaluate.audit.mitigation.thresholds import Equal
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget
from shinrai.language import ShinraiError

HALF = Split(3, Fraction(1, 2))


@pytest.fixture(scope="module")
def odds(planted: TableTarget) -> Chosen:
    return choose(planted, HALF, Wanted(Equal.EQUALIZED_ODDS))


def test_parts_hold_every_row_once_and_do_not_depend_on_order_or_format(planted: TableTarget, tmp_path: Path) -> None:
    rows = duckdb.sql(f"FROM '{planted.file}' LIMIT 3000").fetchall()
    names = duckdb.sql(f"FROM '{planted.file}' LIMIT 1").columns
    random.Random(1).shuffle(rows)  # noqa: S311  (a test's order)
    csv = tmp_path / "rows.csv"
    csv.write_text("\n".join(",".join(map(str, row)) for row in [names, *rows]) + "\n", encoding="utf-8")
    parquet = tmp_path / "rows.parquet"
    duckdb.sql(f"COPY (FROM '{csv}' ORDER BY 受付番号) TO '{parquet}'")
    for key in (None, "受付番号"):
        split = replace(HALF, key=key)
        one, other = (read_parts(replace(planted, file=file), split) for file in (csv, parquet))
        assert one.rows == 3000 == one.fit.rows + one.held_back.rows
        assert one.fit.groups.keys() == other.fit.groups.keys()
        for mine, theirs in ((one.fit, other.fit), (one.held_back, other.held_back)):
            assert all((mine.groups[levels] == theirs.groups[levels]).all() for levels in mine.groups)
    assert one.keys == 3000
    expected = sum(draw(3, str(row[0])) % 1_000_000 < 500_000 for row in rows)
    assert one.held_back.rows == expected, "anyone with the keys can tell the parts"


def test_incomplete_rows_are_counted_and_a_missing_group_is_none(tmp_path: Path) -> None:
    lines = ["y,p,s,g"]
    for n in range(400):
        lines.append(f"{n % 2},{n // 2 % 2},{(n % 97) / 100},{'ab'[n % 3 == 0]}")
    lines += ["1,1,,a", ",1,0.5,a", "1,,0.5,b", "1,1,0.5,", "1,1,1.0, A "]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read_parts(TableTarget("t", file, "y", 1, "p", "s", groups=("g",)), HALF)
    assert (found.rows, found.left_out) == (405, 3)
    assert found.fit.missing.sum() + found.held_back.missing.sum() == 1
    assert found.fit.groups.keys() == {("a",), ("b",)}
    assert sum(int(part.groups[("a",)][..., BINS - 1].sum()) for part in (found.fit, found.held_back)) == 1
    with pytest.raises(TableError, match="key is missing in 1 row"):
        read_parts(TableTarget("t", file, "y", 1, "p", "s", groups=("g",)), replace(HALF, key="g"))
    with pytest.raises(TableError, match="no column “k”"):
        read_parts(TableTarget("t", file, "y", 1, "p", "s", groups=("g",)), replace(HALF, key="k"))
    with pytest.raises(ValueError, match="share within"):
        Split(1, Fraction(1))


@pytest.mark.parametrize("equal", [Equal.SELECTION_RATE, Equal.TPR, Equal.EQUALIZED_ODDS])
@pytest.mark.parametrize("deterministic", [False, True])
def test_the_gap_closes_on_rows_that_were_held_back(planted: TableTarget, equal: Equal, deterministic: bool) -> None:
    found = choose(planted, HALF, Wanted(equal, deterministic=deterministic)).outcome
    for name in ("tpr", "fpr") if equal is Equal.EQUALIZED_ODDS else (equal.value,):
        before, after = found.gaps[name].before, found.gaps[name].after
        assert before is not None
        assert after is not None
        assert before.interval.low > 0.1, "the planted gap is there"
        assert after.interval.high < before.interval.low, "and smaller afterwards by more than chance"
        assert after.value < 0.04


def test_what_it_costs_is_shown_for_every_group(odds: Chosen) -> None:
    found = odds.outcome
    assert [group.levels for group in found.groups] == [("女性",), ("男性",)]
    assert found.overall.rows == sum(group.rows for group in found.groups) == odds.parted.held_back.rows
    for group in (found.overall, *found.groups):
        for name, change in group.change.items():
            before, after = group.before[name], group.after[name]
            assert before.value is not None and after.value is not None and change.value is not None
            assert change.value == pytest.approx(after.value - before.value, abs=1e-9)
            assert change.interval is not None
            assert change.interval.low <= change.value <= change.interval.high
        assert group.lost_deserving <= group.lost
        moved = group.gained - group.lost
        assert moved == pytest.approx(group.change["selection_rate"].value * group.rows, abs=1e-6)  # type: ignore[operator]
    assert sum(group.lost for group in found.groups) == pytest.approx(found.overall.lost)


def test_the_file_says_all_that_is_needed_to_decide_again(odds: Chosen, tmp_path: Path) -> None:
    file = tmp_path / "operating-point.yaml"
    model = Model("screening 2026.1", "0" * 64)
    file.write_bytes(write_operating_point(odds, model))
    point = read_operating_point(file)
    assert (point.rules, point.rest) == (odds.fitted.rules, odds.fitted.rest)
    assert point.data_sha256 == odds.parted.sha256
    assert write_operating_point(odds, model) == file.read_bytes()
    assert "approv" not in file.read_text(encoding="utf-8")
    data = odds.parted.target.file
    assert lapsed(point, data, model) == ()
    assert lapsed(point, data, Model("screening 2026.2", "0" * 64)) == ("model",)
    assert lapsed(point, file, model) == ("data",)


def test_decisions_follow_the_rules_and_the_coin(odds: Chosen, tmp_path: Path) -> None:
    file = tmp_path / "point.yaml"
    file.write_bytes(write_operating_point(odds, Model()))
    point = read_operating_point(file)
    data = odds.parted.target.file
    decided = {each.key: each for each in decide_rows(point, data, "受付番号")}
    assert len(decided) == 20_000
    assert {each.key: each for each in decide_rows(point, data, "受付番号")} == decided
    rows = duckdb.sql(f"SELECT 受付番号, 性別, 評価点 FROM '{data}'").fetchall()
    for key, sex, score in rows[:2_000]:
        chance = chance_of(point.rules[(sex,)], int(score * BINS))
        each = decided[str(key)]
        assert each.by_chance == (0 < chance < 1)
        assert each.selected == (coin(point.coin, str(key)) < chance * 2**52)
    women = Counter(decided[str(key)].selected for key, sex, _ in rows if sex == "女性")
    expected = sum(float(chance_of(point.rules[("女性",)], int(s * BINS))) for _, sex, s in rows if sex == "女性")
    assert abs(women[True] - expected) < 4 * (expected / 2) ** 0.5


def test_rows_that_cannot_be_decided_are_no_decision(odds: Chosen, tmp_path: Path) -> None:
    file = tmp_path / "point.yaml"
    file.write_bytes(write_operating_point(odds, Model()))
    point = read_operating_point(file)
    data = tmp_path / "rows.csv"
    data.write_text("k,性別,評価点\n1,女性,\n2,,0.99\n3, 男性,0\n4,未知,1.0\n", encoding="utf-8")
    found = {each.key: each.selected for each in decide_rows(point, data, "k")}
    assert found["1"] is None
    assert found["4"] is True, "an unknown group follows the rule of all rows"
    for text, said in (
        ("k,性別,評価点\n1,女性,0.5\n1,女性,0.5\n", "twice"),
        ("k,性別,評価点\n1,女性,1.5\n", "0 to 1|outside"),
    ):
        data.write_text(text, encoding="utf-8")
        with pytest.raises(TableError, match=said):
            list(decide_rows(point, data, "k"))
    with pytest.raises(TableError, match="no column"):
        list(decide_rows(point, data, "nowhere"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shinrai.operating-point/1", "shinrai.operating-point/9", "not one of"),
        ("equal: equalized_odds", "equal: luck", "not one of"),
        ("fp: '0'", "fp: '7'", "worth at least"),
        ("coin: 3", "coin: -3", "whole number"),
        ("coin: 3", "coin: &a 3", "Anchors"),
        ("coin: 3", "status: approved\ncoin: 3", "no field “status”"),
        ("  - 女性\n  steps", "  - 女性\n  - 40代\n  steps", "names 2 levels"),
    ],
)
def test_a_file_that_is_no_operating_point_is_refused(
    odds: Chosen, tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = write_operating_point(odds, Model()).decode("utf-8")
    assert old in text
    file = tmp_path / "point.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ShinraiError, match=said):
        read_operating_point(file)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("[{from: '0.5', chance: '0.5'}, {from: '0.25', chance: '1'}]", "have to rise"),
        ("[{from: '0.5', chance: '0'}]", "have to rise"),
        ("[{from: '0.3', chance: '1'}]", "multiple of 1/4096"),
        ("[{from: '1.0', chance: '1'}]", "multiple of 1/4096"),
        ("[{from: '0.5', chance: 'often'}]", "chance from 0 to 1"),
    ],
)
def test_steps_that_make_no_rule_are_refused(odds: Chosen, tmp_path: Path, steps: str, said: str) -> None:
    text = write_operating_point(odds, Model()).decode("utf-8")
    head, rest = text.split("rest:\n", 1)
    tail = rest[rest.index("held_back:") :]
    file = tmp_path / "point.yaml"
    file.write_text(f"{head}rest:\n  steps: {steps}\n{tail}", encoding="utf-8")
    with pytest.raises(ShinraiError, match=said):
        read_operating_point(file)
    with pytest.raises(ShinraiError, match="cannot be read"):
        read_operating_point(tmp_path / "nowhere.yaml")
