"""Clusters and weights a second time: numbers that somebody changed are noticed by both seats that count again."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.council.seats import statistics, units
from shinrai.council.seats.recompute import TableSettings, recompute
from shinrai.evaluate.audit.chance import by_interval
from shinrai.evaluate.checks.units import rate_of
from shinrai.evaluate.measurement import Measurement
from shinrai.evaluate.statistics.clusters import clustered_rate
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.statistics.weighted import WeightSums, weighted_rate
from shinrai.evaluate.targets.table import TableTarget
from shinrai.evaluate.targets.units import UnitSums

Compare = Callable[..., dict[str, Measurement]]
Write = Callable[..., Path]
NAME = "group_fairness.g.selection_rate.difference"
CHANCE = "group_audit.g.selection_rate.any_difference"
UNITS = pytest.mark.parametrize("unit", ["cluster", "weight"])


def target(folder: Path, write: Write, unit: str) -> TableTarget:
    random = np.random.default_rng(3)
    label, group = random.integers(0, 2, 400), random.choice(["f", "m"], 400)
    columns = {
        "y": label,
        "p": np.where(random.random(400) < 0.8, label, 1 - label),
        "g": group,
        "u": np.arange(400) // 3 if unit == "cluster" else random.gamma(2, 1, 400),
    }
    file = write(folder, {name: pa.array(values) for name, values in columns.items()})
    return TableTarget("t", file, "y", 1, "p", groups=("g",), **{unit: "u"})


CHANGES: dict[str, Callable[[Measurement], dict[str, Any]]] = {
    "a bound": lambda m: {"high": (m.high or 0) + 0.01},
    "squares": lambda m: {"counts": {**m.counts, "0.tt": m.counts["0.tt"] * 2}},
    "successes": lambda m: {"counts": {**m.counts, "1.s": m.counts["1.s"] // 2, "1.ss": m.counts["1.ss"] // 2}},
    "no sums": lambda m: {"counts": {k: v for k, v in m.counts.items() if k != "0.st"}},
}


@UNITS
@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_number_is_noticed(tmp_path: Path, write: Write, compared: Compare, unit: str, name: str) -> None:
    described = target(tmp_path, write, unit)
    honest = compared(described)[NAME]
    bounds = statistics._interval(honest, 1)
    assert bounds == pytest.approx((honest.low, honest.high), abs=1e-9)
    changed = dataclasses.replace(honest, **CHANGES[name](honest))
    again = statistics._interval(changed, 1)
    assert again is None or again != pytest.approx((changed.low, changed.high), abs=1e-9)
    seat = TableSettings("t", "y", "p", favourable=1, groups=("g",), **{unit: "u"})
    assert not recompute(described.file, seat, [changed], {}, peers=False)[changed.id].agrees


@UNITS
@pytest.mark.parametrize(
    "change",
    [
        lambda m: {"value": m.value / 2, "low": m.value / 2, "high": m.value / 2},
        lambda m: {"counts": {**m.counts, "0.s": m.counts["0.s"] // 2, "0.ss": m.counts["0.ss"] // 2}},
        lambda _: {"counts": {"draws": 10_000, "far": 9_999}},
    ],
)
def test_a_changed_p_is_noticed(
    tmp_path: Path, write: Write, compared: Compare, unit: str, change: Callable[[Measurement], dict[str, Any]]
) -> None:
    described = target(tmp_path, write, unit)
    honest = compared(described)[CHANCE]
    assert honest.value is not None
    assert 0.05 < honest.value < 0.95
    assert statistics._follows(honest)
    changed = dataclasses.replace(honest, **change(honest))
    assert not statistics._follows(changed)
    seat = TableSettings("t", "y", "p", favourable=1, groups=("g",), **{unit: "u"})
    assert not recompute(described.file, seat, [changed], {}, peers=False)[changed.id].agrees


@UNITS
def test_no_p_follows_from_a_single_level(tmp_path: Path, write: Write, compared: Compare, unit: str) -> None:
    honest = compared(target(tmp_path, write, unit))[CHANCE]
    for groups in (honest.groups[:1], ()):
        assert not statistics._follows(dataclasses.replace(honest, groups=groups))


@UNITS
def test_a_seat_that_is_not_told_of_the_units_does_not_agree(
    tmp_path: Path, write: Write, compared: Compare, unit: str
) -> None:
    described = target(tmp_path, write, unit)
    honest = compared(described)[NAME]
    seat = TableSettings("t", "y", "p", favourable=1, groups=("g",))
    assert not recompute(described.file, seat, [honest], {}, peers=False)[honest.id].agrees


def test_few_clusters_of_many_rows_are_few_cases(tmp_path: Path, write: Write, compared: Compare) -> None:
    honest = compared(target(tmp_path, write, "cluster"))[NAME]
    clusters = honest.counts["0.units"] + honest.counts["1.units"]
    assert statistics._cases(honest) == clusters < honest.n == 400


SIZES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=12)


@given(sizes=SIZES, family=st.sampled_from([1, 3, 45]))
@settings(max_examples=60, deadline=None)
def test_both_give_clusters_the_same_interval(sizes: list[tuple[int, int]], family: int) -> None:
    sums = _sums([(min(s, t), t) for s, t in sizes])
    mine, theirs = units.rate(sums, weighted=False, family=family), clustered_rate(_as_theirs(sums))
    _same(mine, theirs, family)


@given(weights=st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_both_give_weights_the_same_interval(weights: list[tuple[int, bool]]) -> None:
    sums = _weighed(weights)
    theirs = weighted_rate(WeightSums(sums.units, sums.s, sums.ss, sums.t, sums.tt))
    _same(units.rate(sums, weighted=True), theirs, 1)


LEVELS = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=2, max_size=12), min_size=2, max_size=6
)


@given(levels=LEVELS, times=st.sampled_from([1, 7, 300]))
@settings(max_examples=60, deadline=None)
def test_both_tell_alike_whether_clusters_differ(levels: list[list[tuple[int, int]]], times: int) -> None:
    sums = [_sums([(min(s, t), t) for s, t in level] * times) for level in levels]
    rates = [rate_of(UnitSums(*dataclasses.astuple(each)), weighted=False) for each in sums]
    theirs = by_interval([each for each in rates if each is not None])
    assert units.any_difference(sums, weighted=False) == pytest.approx(theirs, abs=1e-6)


WEIGHED = st.lists(
    st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=2, max_size=12), min_size=2, max_size=6
)


@given(levels=WEIGHED, times=st.sampled_from([1, 7, 300]))
@settings(max_examples=60, deadline=None)
def test_both_tell_alike_whether_weights_differ(levels: list[list[tuple[int, bool]]], times: int) -> None:
    sums = [_weighed(level * times) for level in levels]
    rates = [rate_of(UnitSums(*dataclasses.astuple(each)), weighted=True) for each in sums]
    theirs = by_interval([each for each in rates if each is not None])
    assert units.any_difference(sums, weighted=True) == pytest.approx(theirs, abs=1e-6)


def _sums(pairs: list[tuple[int, int]]) -> units.UnitSums:
    return units.UnitSums(
        len(pairs),
        sum(s for s, _ in pairs),
        sum(t for _, t in pairs),
        sum(s * s for s, _ in pairs),
        sum(s * t for s, t in pairs),
        sum(t * t for _, t in pairs),
    )


def _weighed(weights: list[tuple[int, bool]]) -> units.UnitSums:
    s, ss = sum(w for w, good in weights if good), sum(w * w for w, good in weights if good)
    return units.UnitSums(len(weights), s, sum(w for w, _ in weights), ss, ss, sum(w * w for w, _ in weights))


def _as_theirs(sums: units.UnitSums) -> Any:
    from shinrai.evaluate.audit.cells import ClusterSums

    return ClusterSums(sums.units, sums.s, sums.t, sums.ss, sums.st, sums.tt)


def _same(mine: Any, theirs: Any, family: int) -> None:
    assert (mine is None) is isinstance(theirs, Undefined)
    if mine is not None:
        interval = theirs.at(1 - 0.05 / family)
        assert (mine.value, mine.low, mine.high) == pytest.approx((theirs.value, interval.low, interval.high), abs=1e-9)
