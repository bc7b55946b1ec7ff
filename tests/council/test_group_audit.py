"""Chance and circumstances beside a gap: two derivations of one page, known answers, and numbers somebody changed."""

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from math import comb
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.council.case import Claim, Piece
from shinrai.council.seats import completeness, group_gaps, policy, statistics
from shinrai.council.seats.recompute import TableSettings, recompute
from shinrai.evaluate.checks.stratified import Pair, sums_of
from shinrai.evaluate.measurement import Comparison, Measurement, Outcome, Rule
from shinrai.evaluate.statistics import strata as strata_statistics
from shinrai.evaluate.statistics.chi_squared import chi_squared_tail
from shinrai.evaluate.statistics.four_fifths import below_four_fifths
from shinrai.evaluate.statistics.interval import Z95
from shinrai.evaluate.statistics.permutation import no_difference
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.targets.table import TableTarget
from shinrai.evidence.store import Logged
from shinrai.frameworks.model import EvidenceCode
from shinrai_verify.council import INCONCLUSIVE
from shinrai_verify.dsse import Envelope, Statement

Compare = Callable[..., dict[str, Measurement]]
Write = Callable[..., Path]
LOGGED = Logged(0, Envelope(b"payload", ()), Statement("s", "0" * 64, "type", {}))

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
# A level with a smaller denominator is not compared.
COMPARED = st.integers(10, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
STRATA = st.lists(st.tuples(COUNTS, COUNTS).map(lambda pair: (*pair[0], *pair[1])), min_size=1, max_size=8)


def columns(*cells: tuple[str, str, int, int]) -> dict[str, list[Any]]:
    """Columns from (group, stratum, selected, rows), labels alternating."""
    table: dict[str, list[Any]] = {"y": [], "p": [], "g": [], "s": []}
    for group, stratum, selected, rows in cells:
        table["y"] += [place % 2 for place in range(rows)]
        table["p"] += [int(place < selected) for place in range(rows)]
        table["g"] += [group] * rows
        table["s"] += [stratum] * rows
    return table


# Admissions to Berkeley's six largest departments in 1973 (Bickel, Hammel, O'Connell 1975), a tenth of the rows.
TURNING = columns(
    ("men", "A", 51, 83), ("men", "B", 35, 56), ("men", "C", 12, 33), ("men", "D", 14, 42), ("men", "E", 5, 19),
    ("men", "F", 2, 37), ("women", "A", 9, 11), ("women", "B", 2, 3), ("women", "C", 20, 59), ("women", "D", 13, 38),
    ("women", "E", 9, 39), ("women", "F", 2, 34),
)  # fmt: skip


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory, write: Write) -> TableTarget:
    file = write(tmp_path_factory.mktemp("turning"), TURNING)
    return TableTarget("t", file, "y", 1, "p", groups=("g",), strata=("s",))


@pytest.fixture(scope="module")
def audited(turning: TableTarget, compared: Compare) -> dict[str, Measurement]:
    """What both derivations agree on, by `subject.metric`."""
    found = compared(turning)
    return {id_.removeprefix("group_audit."): one for id_, one in found.items() if id_.startswith("group_audit.")}


def test_every_number_informs(audited: dict[str, Measurement]) -> None:
    assert set(audited) == {
        *(f"g.{rate}.any_difference" for rate in ("selection_rate", "tpr", "fpr", "ppv")),
        "g.selection_rate.below_four_fifths",
        "g.selection_rate.adjusted_difference",
    }
    for one in audited.values():
        assert (one.outcome, one.rule, one.decisive) == (Outcome.INCONCLUSIVE, None, False)
        assert one.reason is not None
        assert one.title.ja != one.title.en
        assert all(finding.ja != finding.en for finding in one.findings)


def test_a_gap_over_all_rows_that_turns_round_within_strata(audited: dict[str, Measurement]) -> None:
    one = audited["g.selection_rate.adjusted_difference"]
    men, women = Fraction(119, 270), Fraction(55, 184)
    assert one.counts["crude_ppm"] == round(float(men - women) * 1_000_000)
    assert one.value is not None
    assert one.value < 0
    assert one.counts["reversed"] == 1
    assert any("turns round within strata" in finding.en for finding in one.findings)
    assert one.columns == ("g", "s", "y", "p")
    assert one.n == one.coverage.used == 454
    # A stratum's own counts are nowhere in the evidence.
    assert set(one.counts) == {
        *("first", "second", "strata", "scale_bits", "weight", "gap", "lean", "size", "crude_ppm", "reversed"),
        *("vanishes", "homogeneity_ppm"),
    }


def test_the_p_value_is_the_share_of_draws_that_were_counted(audited: dict[str, Measurement]) -> None:
    for rate in ("selection_rate", "tpr", "fpr", "ppv"):
        one = audited[f"g.{rate}.any_difference"]
        assert (one.counts["draws"], one.counts["seed"]) == (10_000, 1)
        assert one.value == one.low == one.high == (one.counts["far"] + 1) / 10_001


def test_few_rows_give_the_exact_p_value() -> None:
    # 2 × 2 with fixed margins: the p value of Fisher's test by counting, within the error of 10,000 draws.
    x, n = np.array([9, 3]), np.array([14, 13])
    chances = [comb(14, k) * comb(13, 12 - k) / comb(27, 12) for k in range(13)]
    expected = 14 * 12 / 27
    exact = sum(chance for k, chance in enumerate(chances) if abs(k - expected) >= 9 - expected - 1e-9)
    assert abs(group_gaps.chance(x, n).p - exact) < 5 * (exact * (1 - exact) / 10_000) ** 0.5


@given(groups=st.lists(COUNTS, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_both_deal_the_same_successes(groups: list[tuple[int, int]]) -> None:
    mine = group_gaps.chance(*np.array(groups).T)
    theirs = no_difference(groups)
    assert mine.p == theirs.deviation.p
    assert mine.expected == pytest.approx(theirs.difference.expected, abs=1e-12)
    assert mine.usual == pytest.approx(theirs.difference.usual, abs=1e-12)


@given(low=COMPARED, high=COMPARED, times=st.sampled_from([1, 30, 3_000]))
@settings(max_examples=60, deadline=None)
def test_both_integrate_the_same_probability(low: tuple[int, int], high: tuple[int, int], times: int) -> None:
    more = (high[0] * times, high[1] * times)
    assert group_gaps.below_four_fifths(low, more) == pytest.approx(below_four_fifths(low, more), abs=1e-7)
    assert group_gaps.below_four_fifths(more, low) == pytest.approx(below_four_fifths(more, low), abs=1e-7)


@given(tables=STRATA)
@settings(max_examples=80, deadline=None)
def test_both_compare_alike_within_strata(tables: list[tuple[int, int, int, int]]) -> None:
    sums, theirs = sums_of(Pair(tuple(tables))), strata_statistics.common_difference(tables)
    assert not isinstance(theirs, Undefined)
    if sums.size:
        value, (low, high) = group_gaps.within_strata(sums.weight, sums.gap, sums.lean, sums.size, Z95)
        assert value == pytest.approx(theirs.value, abs=1e-12)
        assert (low, high) == pytest.approx((theirs.interval.low, theirs.interval.high), abs=1e-9)
    test, p = strata_statistics.breslow_day(tables), group_gaps.same_odds(np.array(tables, dtype=np.float64))
    assert (p is None) is isinstance(test, Undefined)
    if p is not None and not isinstance(test, Undefined):
        assert p == pytest.approx(test.p, abs=1e-8)


@given(x=st.just(0.0) | st.floats(1e-9, 2_000), df=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_both_know_the_tail_of_a_chi_square(x: float, df: int) -> None:
    assert group_gaps.chi_square_tail(x, df) == pytest.approx(chi_squared_tail(x, df), abs=1e-10)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ((("a", "u", 20, 40), ("b", "v", 20, 40)), "fewer than 30 rows"),
        ((("a", "u", 20, 40), ("b", "u", 5, 20), ("b", "v", 5, 20)), "fewer than 30 rows"),
        ((("a", "u", 40, 40), ("b", "u", 40, 40)), "all outcomes are alike"),
    ],
)
def test_what_cannot_be_compared_within_strata_is_undefined(
    tmp_path: Path, write: Write, compared: Compare, cells: tuple[Any, ...], words: str
) -> None:
    target = TableTarget("t", write(tmp_path, columns(*cells)), "y", 1, "p", groups=("g",), strata=("s",))
    one = compared(target)["group_audit.g.selection_rate.adjusted_difference"]
    assert one.value is None
    assert one.reason is not None
    assert words in one.reason.en


def test_a_suppressed_group_takes_no_part(tmp_path: Path, write: Write, compared: Compare) -> None:
    table = columns(("a", "u", 20, 40), ("b", "u", 10, 40), ("c", "u", 0, 29))
    target = TableTarget("t", write(tmp_path, table), "y", 1, "p", groups=("g",), strata=("s",))
    for id_, one in compared(target).items():
        if id_.startswith("group_audit.g."):
            assert [group.suppressed for group in one.groups] == [False, False, True]
            assert one.groups[2].n is None
            assert one.n <= 80


@pytest.mark.parametrize(
    ("strata", "words"),
    [([float(place) / 7 for place in range(24_000)], "more than 10000 groups"), (["x" * 201] * 24_000, "characters")],
)
def test_strata_that_cannot_be_grouped_by_are_an_error(
    tmp_path: Path, write: Write, compared: Compare, strata: list[Any], words: str
) -> None:
    table = columns(("a", "u", 6_000, 12_000), ("b", "u", 5_000, 12_000)) | {"s": strata}
    target = TableTarget("t", write(tmp_path, table), "y", 1, "p", groups=("g",), strata=("s",))
    found = compared(target)
    one = found["group_audit.g.selection_rate.adjusted_difference"]
    assert (one.outcome, one.n, one.groups) == (Outcome.ERROR, 0, ())
    assert one.reason is not None
    assert words in one.reason.en
    assert found["group_audit.g.selection_rate.any_difference"].value is not None


# ---- numbers that somebody changed ----

CHANGES: dict[str, tuple[str, Callable[[Measurement], dict[str, Any]]]] = {
    "p": ("selection_rate.any_difference", lambda _: {"value": 0.9, "low": 0.9, "high": 0.9}),
    "draws that were far": ("tpr.any_difference", lambda m: {"counts": {**m.counts, "far": m.counts["far"] + 1}}),
    "the probability": ("selection_rate.below_four_fifths", lambda _: {"value": 0.01, "low": 0.01, "high": 0.01}),
    "the lowest group": (
        "selection_rate.below_four_fifths",
        lambda m: {"counts": {**m.counts, "lowest": m.counts["highest"]}},
    ),
    "the value within strata": ("selection_rate.adjusted_difference", lambda _: {"value": 0.001}),
    "a bound within strata": ("selection_rate.adjusted_difference", lambda m: {"low": (m.low or 0) + 0.01}),
    "a sum over strata": (
        "selection_rate.adjusted_difference",
        lambda m: {"counts": {**m.counts, "gap": -m.counts["gap"]}},
    ),
}


def changed(audited: dict[str, Measurement], name: str) -> Measurement:
    metric, change = CHANGES[name]
    honest = audited[f"g.{metric}"]
    return dataclasses.replace(honest, **change(honest))


def again(turning: TableTarget, one: Measurement) -> str:
    settings_ = TableSettings("t", "y", "p", groups=("g",), strata=("s",), favourable=1)
    found = recompute(turning.file, settings_, [one], {}, peers=False)[one.id]
    return "" if found.difference is None else str(found.difference)


@pytest.mark.parametrize("name", CHANGES)
def test_recompute_notices_a_changed_number(turning: TableTarget, audited: dict[str, Measurement], name: str) -> None:
    metric = CHANGES[name][0]
    assert again(turning, audited[f"g.{metric}"]) == ""
    assert "recorded" in again(turning, changed(audited, name))


@pytest.mark.parametrize(
    "count", ["draws", "seed", "far", "expected_ppm", "usual_ppm", "crude_ppm", "vanishes", "homogeneity_ppm", "meets"]
)
def test_recompute_notices_every_changed_count(
    turning: TableTarget, audited: dict[str, Measurement], count: str
) -> None:
    for one in audited.values():
        if count in one.counts:
            other = dataclasses.replace(one, counts={**one.counts, count: one.counts[count] + 1})
            assert f"count {count}" in again(turning, other)


def test_recompute_notices_a_number_that_was_made_to_decide(
    turning: TableTarget, audited: dict[str, Measurement]
) -> None:
    honest = audited["g.selection_rate.any_difference"]
    deciding = {"decisive": True, "rule": Rule(Comparison.AT_LEAST, 0.00001), "outcome": Outcome.PASS}
    assert "whether it is decisive was changed" in again(turning, dataclasses.replace(honest, **deciding))


def say(*measurements: Measurement) -> tuple[str, str]:
    claim = Claim("c", EvidenceCode.MEASUREMENT, tuple(Piece(LOGGED, one) for one in measurements))
    opinion = statistics.opinion(None, claim)  # type: ignore[arg-type]
    return opinion.value, str(opinion.reason)


@pytest.mark.parametrize("name", CHANGES)
def test_statistics_notices_a_changed_number(audited: dict[str, Measurement], name: str) -> None:
    assert "decisive numbers" in say(audited[f"g.{CHANGES[name][0]}"])[1]
    value, reason = say(changed(audited, name))
    assert value == INCONCLUSIVE
    assert "does not follow from its counts" in reason


@pytest.mark.parametrize("counts", [{}, {"far": -1, "draws": 10_000}, {"far": 3, "draws": 2}])
def test_statistics_notices_impossible_counts(audited: dict[str, Measurement], counts: dict[str, int]) -> None:
    one = dataclasses.replace(audited["g.selection_rate.any_difference"], counts=counts)
    assert "does not follow from its counts" in say(one)[1]


def test_policy_notices_a_number_that_was_made_to_pass(audited: dict[str, Measurement]) -> None:
    honest = audited["g.selection_rate.any_difference"]
    passing = dataclasses.replace(honest, decisive=True, outcome=Outcome.PASS)
    case: Any = SimpleNamespace(
        plan=SimpleNamespace(
            envelope=LOGGED.envelope, statement=SimpleNamespace(predicate={"limits": {}, "checks": ["t/group_audit"]})
        ),
        applicable={"c"},
        shows={"t/group_audit": ("c",)},
        conversations={},
        imports={},
    )
    opinion = policy.opinion(case, Claim("c", EvidenceCode.MEASUREMENT, (Piece(LOGGED, passing),)))
    assert "By its rule t.group_audit.g.selection_rate.any_difference is inconclusive" in str(opinion.reason)
    missing = completeness.opinion(case, Claim("c", EvidenceCode.MEASUREMENT, ()))
    assert "t/group_audit are missing" in str(missing.reason)
