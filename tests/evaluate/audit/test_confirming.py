"""Findings on rows that the search has not seen: a planted gap is borne out, luck is not, and every engine agrees."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.audit import AuditSettings, CellTable, Roles, Wanted, audit_cells, to_data
from shinrai.evaluate.audit.confirming import confirmed, crossed_by, split
from shinrai.evaluate.audit.leaving_out import read_to_share
from shinrai.evaluate.audit.subgroup_search import Search, search
from shinrai.evaluate.audit.tally import groups_of
from shinrai.evaluate.audit.words import held_sentence
from shinrai.language import Language, ShinraiError

MakeCells = Callable[..., CellTable]
COLUMNS = ("a", "b", "c")
SUBJECTS = (("a", "b"), ("a", "c"), ("b", "c"), COLUMNS)


def table(cells_of: MakeCells, rate: Callable[..., float], seed: int, n: int = 400) -> CellTable:
    rng = np.random.default_rng(seed)
    rows = []
    for levels in product("xyz", "123", "mn"):
        selected = int(rng.binomial(n, rate(*levels)))
        rows += [
            dict(zip(COLUMNS, levels, strict=True)) | {"p": p, "n": k} for p, k in ((1, selected), (0, n - selected))
        ]
    return cells_of(rows, prediction="p", groups=COLUMNS, counts="n", extra=SUBJECTS)


def found(cells: CellTable, **settings: Any) -> Search:
    chosen = AuditSettings(search=True, confirm=0.3, replicates=20, decide_on=(), **settings)
    made = audit_cells(cells, chosen).search
    assert made is not None
    return made


def test_the_two_parts_are_the_table_and_every_margin_of_a_part_agrees(cells_of: MakeCells) -> None:
    whole = table(cells_of, lambda *_: 0.5, seed=1)
    parts = split(whole, 0.3, seed=1)
    assert [part.origin.rows for part in parts] == [5040, 2160]
    for subject in whole.cells:
        sums: Counter[Any] = Counter()
        for part in parts:
            for cell in part.cells[subject]:
                sums[cell.levels, cell.label, cell.prediction] += cell.rows
            assert sum(cell.rows for cell in part.cells[subject]) == part.origin.rows
        assert sums == {(c.levels, c.label, c.prediction): c.rows for c in whole.cells[subject]}
    again, other = split(whole, 0.3, seed=1), split(whole, 0.3, seed=2)
    assert again[1].cells == parts[1].cells != other[1].cells


def test_a_planted_gap_is_confirmed_with_n_and_interval_of_both_parts(cells_of: MakeCells) -> None:
    made = found(table(cells_of, lambda *levels: 0.2 if levels == ("x", "2", "n") else 0.5, seed=3))
    first = made.findings[0]
    assert (first.levels, made.held_back) == (("x", "2", "n"), 2160)
    assert first.held is not None
    assert first.held.confirmed
    assert first.number.n + first.held.number.n == 400
    for each in (first.difference, first.held.difference):
        assert each.interval is not None
        assert each.interval.low <= (each.value or 0) <= each.interval.high < 0
    words = held_sentence(first)
    assert words is not None
    assert words.text(Language.EN).startswith("Confirmed on rows held back")
    assert words.text(Language.JA).startswith("取り分けた行でも確認")


def test_what_luck_put_forward_is_rarely_confirmed(cells_of: MakeCells) -> None:
    # Everything looked at as if flagged: with no difference anywhere, the held-back rows bear hardly anything out.
    borne_out = looked_at = 0
    for seed in range(24):
        whole = table(cells_of, lambda *_: 0.5, seed=seed, n=120)
        seen, held = split(whole, 0.4, seed)
        told = search(seen, "1", min_trials=30)
        lucky = max(groups_of(seen, ("a",), "1"), key=lambda each: each.rows.selected / each.rows.rows)
        pretended = _pretended(told, lucky.levels, seen)
        answer = confirmed(pretended, held, "1").findings[0].held
        assert answer is not None
        looked_at, borne_out = looked_at + 1, borne_out + answer.confirmed
    assert looked_at == 24
    assert borne_out <= 4


def _pretended(told: Search, levels: Any, seen: CellTable) -> Search:
    from shinrai.evaluate.audit.estimates import share
    from shinrai.evaluate.audit.subgroup_search import Subgroup

    whole = groups_of(seen, (), "1")[0].rows
    own = next(each.rows for each in groups_of(seen, ("a",), "1") if each.levels == levels)
    one, rest = share(own.selected, own.rows), share(whole.selected - own.selected, whole.rows - own.rows)
    gap = replace(one.number(), value=one.value - rest.value)
    made = Subgroup(("a",), levels, "selection_rate", one.number(), rest.number(), gap, one.number(), 0.01, 0.01)
    return replace(told, findings=(made,), flagged=(made,))


def test_an_opposite_gap_confirms_nothing(cells_of: MakeCells) -> None:
    whole = table(cells_of, lambda a, *_: 0.3 if a == "x" else 0.5, seed=4)
    made = found(whole)
    turned = replace(made.findings[0], difference=replace(made.findings[0].difference, value=0.2), held=None)
    held = split(whole, 0.3, 1)[1]
    answer = confirmed(replace(made, findings=(turned,), flagged=()), held, "1").findings[0].held
    assert answer is not None
    assert answer.p < 0.001
    assert not answer.confirmed


def test_parquet_csv_and_counts_hold_the_same_rows_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    columns = {name: rng.choice(list("uvw"), 3000).tolist() for name in COLUMNS}
    columns["p"] = [int(rng.random() < (0.2 if a == "u" else 0.5)) for a in columns["a"]]
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    rows = list(zip(*columns.values(), strict=True))
    (tmp_path / "t.csv").write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    counted = Counter(rows)
    cells = {name: [row[place] for row in counted] for place, name in enumerate(columns)} | {
        "n": list(counted.values())
    }
    pq.write_table(pa.table(cells), tmp_path / "counts.parquet")
    roles = Roles("p", favourable=1, groups=COLUMNS)
    chosen = AuditSettings(search=True, confirm=0.3, replicates=50)
    told = []
    for name, given in (("t.parquet", roles), ("t.csv", roles), ("counts.parquet", replace(roles, counts="n"))):
        read = read_to_share(tmp_path / name, given, None, wanted=Wanted(search=3), crossed=crossed_by(roles))
        told.append(to_data(audit_cells(read, chosen))["search"])
    assert told[0] == told[1] == told[2]
    assert told[0]["findings"][0]["levels"] == ["u"]
    assert told[0]["findings"][0]["held"]["confirmed"] is True
    assert told[0]["held_back"] == 900


def test_without_the_crossing_of_all_columns_no_row_can_be_held_back(cells_of: MakeCells) -> None:
    rows = [{"a": "xy"[i % 2], "b": "uv"[i % 3 == 0], "p": i % 2} for i in range(200)]
    with pytest.raises(ShinraiError, match="crossing of all group columns"):
        found(cells_of(rows, prediction="p", groups=("a", "b")))
