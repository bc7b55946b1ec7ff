"""The search: a planted gap comes first, is told once, and nothing is found where nothing is."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from shinrai.evaluate.audit.audit import audit_cells
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.subgroup_search import Search
from shinrai.evaluate.audit.words import finding_sentence

MakeCells = Callable[..., Any]
COLUMNS = ("a", "b", "c")
SUBJECTS = (("a", "b"), ("a", "c"), ("b", "c"), COLUMNS)


def _search(cells_of: MakeCells, rate: Callable[..., float], seed: int, n: int = 400, **settings: Any) -> Search:
    rng = np.random.default_rng(seed)
    rows = []
    for levels in product("xyz", "123", "mnop"):
        selected = int(rng.binomial(n, rate(*levels)))
        rows += [
            dict(zip(COLUMNS, levels, strict=True)) | {"p": p, "n": k} for p, k in ((1, selected), (0, n - selected))
        ]
    table = cells_of(rows, prediction="p", groups=COLUMNS, counts="n", extra=SUBJECTS)
    found = audit_cells(table, AuditSettings(search=True, replicates=20, decide_on=(), **settings)).search
    assert found is not None
    return found


def test_a_planted_crossing_of_three_comes_first_and_is_told_once(cells_of: MakeCells) -> None:
    planted = ("x", "2", "n")
    found = _search(cells_of, lambda *levels: 0.2 if levels == planted else 0.5, seed=1)
    assert found.findings[0].levels == planted
    assert found.findings[0].subject == COLUMNS
    assert found.findings[0].adjusted < 0.001
    assert [each.levels for each in found.findings] == [planted]
    assert all(each.echo_of == found.findings[0].name for each in found.flagged[1:])
    words = str(finding_sentence(found.findings[0]))
    assert words.startswith("a=x, b=2, c=n: Selection rate")
    assert "points lower" in words


def test_a_planted_group_is_told_as_that_group(cells_of: MakeCells) -> None:
    found = _search(cells_of, lambda a, *_: 0.4 if a == "y" else 0.5, seed=2)
    assert found.findings[0].levels == ("y",)
    assert len(found.findings) < 6
    assert found.flagged_count > len(found.findings)


def test_nothing_is_found_where_nothing_is(cells_of: MakeCells) -> None:
    flagged = [_search(cells_of, lambda *_: 0.5, seed=seed, n=100).flagged_count for seed in range(8)]
    assert sum(count > 0 for count in flagged) <= 2


def test_a_finding_of_a_hidden_group_is_not_passed_on(cells_of: MakeCells) -> None:
    found = _search(cells_of, lambda *levels: 0.2 if levels == ("x", "2", "n") else 0.5, seed=1, suppress_below=1000)
    assert found.findings == ()
    assert found.flagged == ()


def test_weights_and_clusters_are_not_searched_and_that_is_said(cells_of: MakeCells) -> None:
    rows = [{"p": i % 2, "g": "ab"[i % 3 == 0], "w": 1.0} for i in range(60)]
    found = audit_cells(cells_of(rows, prediction="p", groups=("g",), weight="w"), AuditSettings(search=True))
    assert found.search is None
    assert any("not searched" in str(warning) for warning in found.warnings)
