"""A small group that a total would give away is left out of everything; the large groups beside it stay visible."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit import Audit, AuditFrame, AuditSettings, Roles, Task, audit_cells, to_data
from shinrai.evaluate.audit.cells import CellTable, Subject
from shinrai.evaluate.audit.leaving_out import leave_out, read_to_share
from shinrai.evaluate.audit.notebook import render
from shinrai.evaluate.audit.suppression import hidden_groups
from shinrai.evaluate.audit.tally import group_title, name_of
from shinrai.language import Language, Message

MakeCells = Callable[..., CellTable]
K = 10
ROLES = Roles("p", "y", favourable=1, groups=("sex", "region"), intersections=(("sex", "region"),))
SHARED = AuditSettings(suppress_below=K, replicates=200)


def people(missing: Sequence[tuple[str, int, int]] = ()) -> dict[str, list[Any]]:
    """400 people of two sexes and two regions, and some (region, label, prediction) without a sex."""
    rows = [
        {"sex": "fm"[i % 2], "region": "east" if i % 3 else "west", "y": int(i % 5 < 2), "p": int(i % 7 < 3)}
        for i in range(400)
    ]
    rows += [{"sex": None, "region": region, "y": y, "p": p} for region, y, p in missing]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return columns | {
        "s": [0.1 + 0.8 * (i % 11) / 11 for i in range(len(rows))],
        "w": [1.0 + i % 3 for i in range(len(rows))],
    }


def shared(columns: Any, roles: Roles = ROLES, chosen: AuditSettings = SHARED) -> Audit:
    return audit_cells(read_to_share(columns, roles, chosen.suppress_below), chosen)


def told(audit: Audit) -> str:
    """Everything that is passed on, as text."""
    data = to_data(audit)
    pages = [render(audit, language) for language in Language]
    return json.dumps([{**data, "origin": {"rows": data["origin"]["rows"]}}, pages])


SEVEN = [("east", 1, 1)] * 4 + [("west", 0, 1)] * 3


def test_seven_rows_without_a_sex_no_longer_hide_one_of_the_sexes() -> None:
    audit = shared(people(SEVEN))
    by_name = {group.name: group for group in audit.subjects["sex",].groups}
    assert {name: group.standing.value for name, group in by_name.items()} == {
        "f": "compared",
        "m": "compared",
        "(missing)": "hidden",
    }
    assert (by_name["f"].rows, by_name["m"].rows, by_name["(missing)"].rows) == (200, 200, None)
    assert audit.origin.rows == 400
    assert audit.subjects["sex",].difference["selection_rate"].defined
    assert sum(group.rows or 0 for group in audit.subjects["region",].groups) == 400
    assert audit.overall["selection_rate"].n == 400
    (said,) = [each for each in audit.warnings if "left out of every number" in each.text(Language.EN)]
    assert "“sex”: groups of fewer than 10 rows (no value)" in said.text(Language.EN)
    assert "10行に満たない集団（値なし）" in said.text(Language.JA)
    assert to_data(audit)["left_out"] == {"sex": [None]}


@pytest.mark.parametrize(
    ("levels", "english", "japanese"),
    [
        (("f",), "f", "f"),
        ((None,), "no value", "値なし"),
        (("f", None, "a×b"), "f × no value × a××b", "f × 値なし × a××b"),
        (("f", "30s"), "f × 30s", "f × 30s"),
    ],
)
def test_that_a_value_is_missing_is_said_in_the_language_of_the_reader(
    levels: tuple[str | None, ...], english: str, japanese: str
) -> None:
    title = group_title(levels)
    if None in levels:
        assert isinstance(title, Message)
        assert (title.text(Language.EN), title.text(Language.JA)) == (english, japanese)
    else:
        assert title == english == japanese == name_of(levels)


def test_the_large_groups_are_the_same_as_where_all_is_shown() -> None:
    plain = audit_cells(read_to_share(people(SEVEN), ROLES, None), replace(SHARED, suppress_below=None))
    for one, other in zip(
        plain.subjects["sex",].groups[:2], shared(people(SEVEN)).subjects["sex",].groups, strict=False
    ):
        assert one.numbers == other.numbers
    assert plain.origin.rows == 407


VARIANTS = {
    "plain": {},
    "scores": {"prediction": None, "score": "s", "threshold": 0.5},
    "weights": {"weight": "w"},
    "strata": {"strata": ("region",), "groups": ("sex",), "intersections": ()},
    "regression": {"favourable": None, "task": Task.REGRESSION},
    "several classes": {"task": Task.MULTICLASS},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_that_is_told_depends_on_the_rows_left_out(name: str) -> None:
    # What does not change with the hidden rows cannot tell them: counts, rates, p values, intervals and words alike.
    roles = replace(ROLES, **VARIANTS[name])
    few = [[("west", 0, 0)], SEVEN, [("east", 1, 0)] * 5 + [("west", 0, 1)] * 4]
    texts = {told(shared(people(missing), roles)) for missing in few}
    assert len(texts) == 1
    assert '"left_out": {"sex": [null]}' in texts.pop()


PERSON = st.tuples(st.sampled_from(["east", "west"]), st.integers(0, 1), st.integers(0, 1))


@settings(max_examples=10, deadline=None)
@given(st.lists(PERSON, min_size=1, max_size=9))
def test_nor_do_the_counts_that_everything_is_made_of(missing: list[tuple[str, int, int]]) -> None:
    (one, _), (other, _) = (leave_out(read_to_share(people(few), ROLES, K), K) for few in (missing, SEVEN))
    assert one.cells == other.cells
    assert (one.classes, one.bins, one.numbers, one.origin.rows) == (other.classes, other.bins, other.numbers, 400)


def test_parquet_csv_and_counts_leave_the_same_out(tmp_path: Path) -> None:
    columns = {name: values for name, values in people(SEVEN).items() if name not in "sw"}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    rows = list(zip(*columns.values(), strict=True))
    (tmp_path / "t.csv").write_text(
        "\n".join([",".join(columns), *(",".join("" if v is None else str(v) for v in row) for row in rows)]) + "\n"
    )
    counted = Counter(rows)
    cells = {name: [row[place] for row in counted] for place, name in enumerate(columns)} | {
        "n": list(counted.values())
    }
    pq.write_table(pa.table(cells), tmp_path / "counts.parquet")
    found = [
        {**to_data(shared(tmp_path / name, roles)), "origin": None, "roles": None}
        for name, roles in (("t.parquet", ROLES), ("t.csv", ROLES), ("counts.parquet", replace(ROLES, counts="n")))
    ]
    assert found[0] == found[1] == found[2]
    assert found[0]["left_out"] == {"sex": [None]}


def test_a_frame_leaves_out_what_a_command_does() -> None:
    columns = people(SEVEN)
    frame = AuditFrame(
        y_true=columns["y"],
        y_pred=columns["p"],
        sensitive_features={"sex": columns["sex"], "region": columns["region"]},
        favourable=1,
        settings=SHARED,
    )
    assert frame.audit.left_out == {"sex": frozenset({None})}
    assert "407" not in repr(frame)


def test_what_is_left_out_can_make_another_group_small() -> None:
    columns = people(SEVEN)
    # Twelve of the north, of whom five are without a sex: seven are left, fewer than may be shown.
    columns["region"][400:405] = ["north"] * 5
    columns["region"][:7] = ["north"] * 7
    audit = shared(columns)
    assert audit.left_out == {"sex": frozenset({None}), "region": frozenset({"north"})}
    assert audit.origin.rows == 393
    assert [group.standing.value for group in audit.subjects["region",].groups] == ["compared", "compared", "hidden"]


def test_many_small_groups_that_together_are_large_are_hidden_and_not_left_out(cells_of: MakeCells) -> None:
    table = cells_of({g: {"favourable": 3, "total": 6} for g in "abc"} | {"d": {"favourable": 20, "total": 90}})
    assert leave_out(table, K) == (table, {})
    assert hidden_groups(table, [("group",)], K)["group",] == frozenset({("a",), ("b",), ("c",)})


def test_small_groups_whose_members_are_all_alike_are_left_out(cells_of: MakeCells) -> None:
    sizes = {"a": (0, 6), "b": (0, 8), "c": (9, 20), "d": (200, 400)}
    kept, left = leave_out(cells_of({g: {"favourable": s, "total": n} for g, (s, n) in sizes.items()}), K)
    assert left == {"group": frozenset({"a", "b"})}
    assert kept.origin.rows == 420
    assert hidden_groups(kept, [("group",)], K)["group",] == frozenset()


def test_with_clusters_other_groups_are_hidden_instead() -> None:
    columns = people(SEVEN) | {"who": list(range(407))}
    audit = shared(columns, replace(ROLES, cluster="who"))
    assert audit.left_out == {}
    assert [group.standing.value for group in audit.subjects["sex",].groups].count("hidden") == 2


def test_where_nothing_would_be_left_the_groups_are_hidden(cells_of: MakeCells) -> None:
    table = cells_of({"a": {"favourable": 1, "total": 4}, "b": {"favourable": 1, "total": 3}})
    assert leave_out(table, K) == (table, {})


# ---- small tables, all of them ----

SUBJECTS: list[Subject] = [("a",), ("b",), ("a", "b")]


def every_table() -> Iterator[dict[tuple[str | None, str], int]]:
    """Two columns of which one can be missing, with all mixes of no, few and many rows in each crossing."""
    places = list(product(["x", "y", None], "12"))
    for sizes in product([0, 4, 25], repeat=len(places)):
        yield {place: n for place, n in zip(places, sizes, strict=True) if n}


def test_no_hidden_count_of_any_small_table_follows_from_what_is_shown(cells_of: MakeCells) -> None:
    hidden_any = left_any = 0
    for counts in every_table():
        if sum(counts.values()) < 30:
            continue
        rows = [
            {"a": a, "b": b, "p": p, "n": n}
            for (a, b), size in counts.items()
            for p, n in ((1, size // 2), (0, size - size // 2))
        ]
        table = cells_of(rows, prediction="p", groups=("a", "b"), counts="n", intersections=(("a", "b"),))
        kept, left = leave_out(table, K)
        gone = {(a, b) for a, b in counts if a in left.get("a", ()) or b in left.get("b", ())}
        stays = {levels: n for levels, n in counts.items() if levels not in gone}
        assert kept.origin.rows == sum(stays.values())
        hidden = hidden_groups(kept, SUBJECTS, K)
        hidden_any, left_any = hidden_any + any(hidden.values()), left_any + bool(left)
        _check(stays, hidden, left)
    assert hidden_any > 100
    assert left_any > 100


def _check(counts: dict[tuple[str | None, str], int], hidden: Any, left: Any) -> None:
    finest = list(product(*(sorted({levels[place] for levels in counts}, key=str) for place in (0, 1))))
    known, secret = [np.ones(len(finest))], []
    for subject in SUBJECTS:
        places = ["ab".index(name) for name in subject]
        sizes = Counter[tuple[str | None, ...]]()
        for levels in finest:
            sizes[tuple(levels[p] for p in places)] += counts.get(levels, 0)
        for levels, n in sizes.items():
            row = np.array([tuple(each[p] for p in places) == levels for each in finest], dtype=float)
            if levels not in hidden[subject]:
                assert n == 0 or n >= K, (counts, subject, levels)
                known.append(row)
            elif n < sum(counts.values()):
                secret.append(row)
        if len(subject) == 1 and (left or len(sizes) > 1):
            large = {levels for levels, n in sizes.items() if n >= K}
            assert not large & hidden[subject], (counts, subject)
    rank = np.linalg.matrix_rank(np.array(known))
    for row in secret:
        assert np.linalg.matrix_rank(np.array([*known, row])) > rank, counts
