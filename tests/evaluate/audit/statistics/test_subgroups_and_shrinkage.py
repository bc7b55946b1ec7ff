"""Searching subgroups: exact p-values, planted gaps first, few false flags, confirmation, shrinkage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.discovery import Procedure, adjusted
from shinrai.evaluate.statistics.shrinkage import shrink
from shinrai.evaluate.statistics.subgroups import Counts, confirm, p_values, screen


def counts(*rows: tuple[int, int, int, int]) -> Counts:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Counts(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3])


def audit(rng: np.random.Generator, planted: float) -> tuple[Counts, Counts]:
    """Two halves of 200 equal subgroups and one, in place 7, whose rate differs."""
    n, rate = rng.integers(300, 2000, 201), np.full(201, 0.3)
    n[7], rate[7] = 800, planted
    x = [rng.binomial(n, rate) for _ in range(2)]
    rest = [rng.binomial(200_000 - n, 0.3) for _ in range(2)]
    return Counts(x[0], n, rest[0], 200_000 - n), Counts(x[1], n, rest[1], 200_000 - n)


@settings(max_examples=40)
@given(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 20), st.integers(0, 20)))
def test_small_subgroups_have_fishers_mid_p(cells: tuple[int, ...]) -> None:
    stats = pytest.importorskip("scipy.stats")
    a, c, b, d = cells
    n, m = a + c, b + d
    found = float(p_values(counts((a, n, b, m)))[0])
    if not n or not m:
        assert found == 1
        return
    if min(n, m) * min(a + b, c + d) / (n + m) >= 5:
        assert found == pytest.approx(stats.chi2.sf(chi_squared(a, n, b, m), 1))
        return
    law = stats.hypergeom(n + m, a + b, n)
    chances, seen = law.pmf(np.arange(min(n, a + b) + 1)), law.pmf(a)
    if len(chances[chances > 0]) == 1:
        assert found == 1
        return
    less, same = chances[chances < seen * (1 - 1e-9)].sum(), chances[np.abs(chances / seen - 1) <= 1e-9].sum()
    assert found == pytest.approx(min(1.0, less + same / 2), abs=1e-9)


def chi_squared(a: int, n: int, b: int, m: int) -> float:
    total, cases = n + m, a + b
    return (total - 1) * (a * m - b * n) ** 2 / (n * m * cases * (total - cases))


def test_an_outcome_beyond_reach_has_no_chance() -> None:
    assert p_values(counts((1000, 1000, 0, 10**6)))[0] < 1e-300
    assert p_values(counts((300, 300, 3, 10**9)))[0] == 0
    assert p_values(counts((3, 10, 0, 0), (0, 0, 3, 10), (0, 5, 0, 9))).tolist() == [1, 1, 1]


def test_the_planted_gap_comes_first_and_equal_groups_are_not_flagged() -> None:
    rng = np.random.default_rng(23)
    first = power = false = sure = wrong = 0
    for _ in range(20):
        screened, held_out = audit(rng, 0.42)
        found = screen(screened)
        assert found.tested == 201
        first += found.findings[0].place == 7
        power += any(each.place == 7 for each in found.flagged)
        false += sum(each.place != 7 for each in found.flagged)
        confirmed = [each.place for each in confirm(found, held_out) if each.confirmed]
        sure += confirmed[:1] == [7]
        wrong += sum(place != 7 for place in confirmed)
    assert (first, power) == (20, 20)
    assert false <= 4
    assert sure >= 18
    assert wrong <= 1


def test_without_a_gap_one_audit_in_twenty_flags_anything() -> None:
    rng = np.random.default_rng(24)
    assert sum(bool(screen(audit(rng, 0.3)[0]).flagged) for _ in range(30)) <= 5


def test_findings_are_told_in_full() -> None:
    table = counts((60, 100, 3000, 10_000), (31, 100, 3000, 10_000), (3, 10, 3000, 10_000), (300, 900, 3000, 10_000))
    found = screen(table)
    assert (found.tested, found.small, found.rate) == (3, (2,), pytest.approx(0.05))
    assert [each.place for each in found.findings] == [0, 3, 1]
    first = found.findings[0]
    assert (first.rate, first.rest, first.n, first.flagged) == (0.6, 0.3, 100, True)
    assert first.difference.value == pytest.approx(0.3)
    assert first.difference.interval.low > 0.1
    assert 0.3 < first.shrunk < 0.6
    assert first.shrunk_interval.low < first.shrunk < first.shrunk_interval.high
    ps = [each.p for each in sorted(found.findings, key=lambda each: each.place)]
    raised = adjusted(ps, Procedure.BENJAMINI_HOCHBERG)
    assert [each.adjusted for each in sorted(found.findings, key=lambda each: each.place)] == list(raised)
    assert found.level == pytest.approx(1 - 0.05 * len(found.flagged) / 3)


def test_a_small_subgroup_with_a_large_gap_by_luck_does_not_lead() -> None:
    found = screen(counts((20, 30, 3000, 10_000), (800, 2000, 3000, 10_000)), min_trials=10)
    assert all(each.flagged for each in found.findings)
    sizes = [each.difference.interval.magnitude().low for each in found.findings]
    assert sizes == sorted(sizes, reverse=True)


def test_confirmation_needs_rows_and_the_same_sign() -> None:
    flagged = counts((60, 100, 3000, 10_000), (60, 100, 3000, 10_000), (60, 100, 3000, 10_000))
    held_out = counts((0, 0, 3000, 10_000), (5, 100, 3000, 10_000), (58, 100, 3000, 10_000))
    found = confirm(screen(flagged), held_out)
    assert [(each.place, each.confirmed) for each in found] == [(2, True), (1, False), (0, False)]
    assert found[2].difference is None
    assert found[2].p == 1
    assert found[1].holm < 0.05
    assert found[1].difference is not None
    assert found[1].difference.value < 0
    assert confirm(screen(counts((30, 100, 3000, 10_000))), held_out) == ()


def test_one_subgroup_and_none() -> None:
    only = screen(counts((60, 100, 3000, 10_000)))
    assert 0.3 < only.findings[0].shrunk <= 0.6
    nothing = screen(counts((6, 10, 3000, 10_000)))
    assert (nothing.findings, nothing.tested, nothing.small) == ((), 0, (0,))
    assert screen(counts()).findings == ()


def test_what_cannot_be_is_refused() -> None:
    for row in ((3, 2, 1, 2), (1, 2, 3, 2), (-1, 2, 1, 2), (1, 2, -1, 2)):
        with pytest.raises(ValueError, match="successes"):
            counts(row)
    with pytest.raises(ValueError, match="one length"):
        Counts(np.array([1]), np.array([1, 2]), np.array([1]), np.array([1]))
    for min_trials, rate in ((0, 0.05), (1, 0.0), (1, 1.0)):
        with pytest.raises(ValueError, match="at least one trial"):
            screen(counts((1, 2, 3, 4)), min_trials=min_trials, rate=rate)
    for x, n in (([1], [2]), ([1, 3], [2, 2]), ([1, -1], [2, 2]), ([0, 1], [0, 2]), ([1, 1], [2, 2, 2])):
        with pytest.raises(ValueError, match="two groups"):
            shrink(np.array(x), np.array(n))
    with pytest.raises(ValueError, match="level"):
        shrink(np.array([1, 1]), np.array([2, 2]), level=1.0)


@pytest.mark.parametrize(("groups", "strength"), [(6, 20.0), (200, 100.0), (200, 1e6)])
def test_shrunk_rates_are_closer_and_their_intervals_hold(groups: int, strength: float) -> None:
    rng = np.random.default_rng(25)
    hits, plain, drawn = [], [], []
    for _ in range(40 if groups < 10 else 8):
        truth = rng.beta(0.2 * strength, 0.8 * strength, groups)
        n = rng.integers(20, 400, groups)
        x = rng.binomial(n, truth)
        found = shrink(x, n)
        hits += ((found.low <= truth) & (truth <= found.high)).tolist()
        plain += ((x / n - truth) ** 2).tolist()
        drawn += ((found.values - truth) ** 2).tolist()
    assert np.mean(hits) >= (0.9 if groups < 10 else 0.93)
    assert np.mean(drawn) < np.mean(plain)
    if groups == 200:
        assert found.mean == pytest.approx(0.2, abs=0.02)
        assert np.log10(found.strength) == pytest.approx(np.log10(strength), abs=0.3) or strength > 1e5


def test_all_alike_and_all_zero_can_be_shrunk() -> None:
    found = shrink(np.zeros(5, dtype=np.int64), np.array([10, 20, 30, 40, 50]))
    assert (found.low >= 0).all()
    assert ((found.values > 0) & (found.values < 0.05)).all()
    assert (found.high < 0.3).all()
