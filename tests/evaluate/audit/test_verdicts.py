"""Verdicts: three ways, on the bound, all of them together; equal groups are not flagged."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from shinrai.evaluate.audit.audit import Audit, audit_cells
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.verdicts import Answer
from shinrai.evaluate.statistics.proportions import newcombe
from shinrai.language import ShinraiError

MakeCells = Callable[..., Any]


def _found(cells_of: MakeCells, rates: Mapping[str, tuple[int, int]], **settings: Any) -> Audit:
    counts = {group: {"favourable": s, "total": n} for group, (s, n) in rates.items()}
    return audit_cells(cells_of(counts), AuditSettings(replicates=500, **settings))


def test_a_gap_is_met_broken_or_open(cells_of: MakeCells) -> None:
    assert _found(cells_of, {"a": (5000, 10000), "b": (4900, 10000)}).answer is Answer.MET
    assert _found(cells_of, {"a": (5000, 10000), "b": (2500, 10000)}).answer is Answer.NOT_MET
    assert _found(cells_of, {"a": (50, 100), "b": (45, 100)}).answer is Answer.NOT_ENOUGH


def test_the_rows_that_are_asked_for_decide(cells_of: MakeCells) -> None:
    found = _found(cells_of, {"a": (50, 100), "b": (45, 100)})
    needed = found.verdicts[0].needed_n
    assert needed is not None
    k = needed // 200
    assert _found(cells_of, {"a": (50 * k, 100 * k), "b": (45 * k, 100 * k)}).answer is Answer.MET
    assert _found(cells_of, {"a": (50 * (k - 1), 100 * (k - 1)), "b": (45 * (k - 1), 100 * (k - 1))}).answer is not (
        Answer.MET
    )


def test_small_groups_take_no_part_and_are_named(cells_of: MakeCells) -> None:
    found = _found(cells_of, {"a": (5000, 10000), "b": (4900, 10000), "c": (0, 12)})
    verdict = found.verdicts[0]
    assert verdict.too_small == ("c",)
    assert verdict.compared == ("a", "b")
    assert verdict.answer is Answer.MET
    assert found.subjects[("group",)].ratio["selection_rate"].exact == 0
    assert any("no verdict: c" in str(warning) for warning in found.warnings)


def test_a_limit_of_ones_own_decides(cells_of: MakeCells) -> None:
    rates = {"a": (5000, 10000), "b": (4500, 10000)}
    assert _found(cells_of, rates, limits={"selection_rate.ratio": 0.95}).answer is Answer.NOT_MET
    both = _found(cells_of, rates, limits={"selection_rate.difference": 0.2})
    assert [verdict.name for verdict in both.verdicts] == ["selection_rate.ratio", "selection_rate.difference"]
    assert both.verdicts[0].level == pytest.approx(0.975)


def test_without_anything_to_decide_nothing_is_met(cells_of: MakeCells) -> None:
    found = _found(cells_of, {"a": (5, 10), "b": (5, 10)}, decide_on=())
    assert found.verdicts == ()
    assert found.answer is Answer.NOT_ENOUGH


def test_an_empty_table_is_an_error(cells_of: MakeCells) -> None:
    with pytest.raises(ShinraiError, match="no rows"):
        audit_cells(cells_of([], prediction="p", groups=("g",)))


def test_equal_groups_are_not_flagged(cells_of: MakeCells) -> None:
    rng = np.random.default_rng(11)
    called = broken = excluded = 0
    for audit in range(60):
        rates = {f"g{i}": (int(rng.binomial(100, 0.3)), 100) for i in range(10)}
        found = _found(cells_of, rates, decide_on=() if audit % 6 else ("selection_rate.difference",))
        subject = found.subjects[("group",)]
        p = subject.chance["selection_rate"].p
        assert p is not None
        called += p < 0.05
        broken += found.answer is Answer.NOT_MET
        excluded += subject.difference["selection_rate"].interval.low > 0
    # About 5 % of the tests, and no more of the intervals; a bootstrap of the gap would exclude 0 every time.
    assert called <= 8
    assert excluded <= 7
    assert broken == 0


def test_pairs_hold_together_and_name_those_that_differ(cells_of: MakeCells) -> None:
    found = _found(cells_of, {"a": (500, 1000), "b": (505, 1000), "c": (300, 1000)}).subjects[("group",)]
    pairs = {(each.first, each.second): each for each in found.pairs["selection_rate"]}
    assert set(pairs) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert pairs["a", "c"].difference.value == pytest.approx(0.2)
    assert pairs["a", "c"].ratio.value == pytest.approx(5 / 3)
    assert pairs["a", "c"].holm < 0.001 < 0.5 < pairs["a", "b"].holm
    interval, alone = pairs["a", "b"].difference.interval, newcombe(500, 1000, 505, 1000)
    assert interval is not None
    assert interval.high - interval.low > alone.high - alone.low
    many = _found(cells_of, {f"g{i}": (30, 100) for i in range(21)})
    assert many.subjects[("group",)].pairs == {}


def test_what_chance_alone_would_show_stands_beside_the_gap(cells_of: MakeCells) -> None:
    found = _found(cells_of, {f"g{i}": (30, 100) for i in range(10)}).subjects[("group",)].chance["selection_rate"]
    assert found.expected == pytest.approx(0.14, abs=0.01)
    assert found.p == 1.0
    assert found.draws == 500


@pytest.mark.parametrize("of_units", [{}, {"cluster": "person"}, {"weight": "weight"}])
@pytest.mark.parametrize("apart", [True, False])
def test_chance_is_told_of_as_many_groups_as_there_may_be(
    cells_of: MakeCells, of_units: dict[str, str], *, apart: bool
) -> None:
    # 19,900 pairs: what each may leave out of its interval is too little to be told from nothing as 1 less a level.
    rows = [
        {
            "group": f"g{group:03}",
            "label": 1 if apart and group == 0 else row % 2,
            "prediction": 1 if apart and group == 0 else int(row % 4 < 2),
            "person": f"{group} {row // 2}",
            "weight": 1.0 + row % 3,
        }
        for group in range(200)
        for row in range(120)
    ]
    cells = cells_of(rows, label="label", prediction="prediction", favourable=1, groups=("group",), **of_units)
    found = audit_cells(cells, AuditSettings(replicates=100)).subjects[("group",)].chance
    for metric in ("selection_rate", "accuracy", *(() if "cluster" in of_units else ("f1",))):
        p = found[metric].p
        assert p is not None
        assert 0 < p < 0.02 if apart else p == 1, metric
