"""Composites against scikit-learn and definitions row by row; their bootstrap against drawing rows; empty cells."""

import json
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics import bootstrap as module
from shinrai.evaluate.statistics.bootstrap import Method, Resampled, bootstrap, difference_of, of_group
from shinrai.evaluate.statistics.composites import (
    average_absolute_odds_difference,
    average_odds_difference,
    balanced_accuracy,
    f1,
    generalized_entropy,
    mcc,
    theil,
)
from shinrai.evaluate.statistics.undefined import Undefined

TABLES = st.tuples(*[st.integers(0, 12)] * 4).filter(any)
TWO = np.array([[50, 10, 12, 40], [500, 100, 30, 200]])
CASES = json.loads((Path(__file__).parents[2] / "cases.json").read_text())


def rows_of(table: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of a table of tn, fp, fn, tp."""
    return np.repeat([0, 0, 1, 1], table), np.repeat([0, 1, 0, 1], table)


def resampled(found: Resampled | Undefined) -> Resampled:
    assert isinstance(found, Resampled)
    return found


@settings(max_examples=30)
@given(TABLES)
def test_composites_of_a_table_are_those_of_its_rows(table: tuple[int, ...]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    counts = np.array(table, dtype=np.float64)
    label, prediction = rows_of(table)
    _, fp, fn, tp = table
    if fp + fn + tp:
        assert f1(counts) == pytest.approx(metrics.f1_score(label, prediction, zero_division=0))
    else:
        assert np.isnan(f1(counts))
    if len(set(label)) == len(set(prediction)) == 2:
        assert mcc(counts) == pytest.approx(metrics.matthews_corrcoef(label, prediction), abs=1e-12)
    else:
        assert np.isnan(mcc(counts))
    if len(set(label)) == 2:
        assert balanced_accuracy(counts) == pytest.approx(metrics.balanced_accuracy_score(label, prediction))
    else:
        assert np.isnan(balanced_accuracy(counts))
    benefit = prediction - label + 1
    if benefit.any():
        part = benefit / benefit.mean()
        assert theil(counts) == pytest.approx(np.mean([x * log(x) if x else 0 for x in part]), abs=1e-12)
        for alpha in (0.5, 2.0, 3.0):
            index = np.mean(part**alpha - 1) / (alpha * (alpha - 1))
            assert generalized_entropy(alpha)(counts) == pytest.approx(index, abs=1e-12)
        assert generalized_entropy(1 + 1e-7)(counts) == pytest.approx(float(theil(counts)), abs=1e-5)
    else:
        assert np.isnan(theil(counts))
        assert np.isnan(generalized_entropy(2)(counts))


def test_average_odds_and_their_sizes() -> None:
    tables = np.array([[[8, 2, 1, 9], [5, 5, 4, 6]]], dtype=np.float64)
    assert average_odds_difference(tables) == pytest.approx([((0.2 - 0.5) + (0.9 - 0.6)) / 2])
    assert average_absolute_odds_difference(tables) == pytest.approx([0.3])
    assert np.isnan(average_odds_difference(np.array([[[8, 2, 0, 0], [5, 5, 4, 6]]], dtype=np.float64)))
    for alpha in (0.0, 1.0, -2.0):
        with pytest.raises(ValueError, match="alpha"):
            generalized_entropy(alpha)


def test_drawing_counts_is_drawing_rows() -> None:
    stats = pytest.importorskip("scipy.stats")
    drawn = np.concatenate([of_group(f1)(block) for block in module._blocks(TWO, Method.PERCENTILE, 2000, 3)])
    label, prediction = rows_of(tuple(TWO[0]))
    rng = np.random.default_rng(9)
    rows = rng.integers(0, len(label), (2000, len(label)))
    tp = (label[rows] & prediction[rows]).sum(axis=1)
    by_row = 2 * tp / (label[rows].sum(axis=1) + prediction[rows].sum(axis=1))
    assert stats.ks_2samp(drawn, by_row).pvalue > 0.01


def test_a_second_party_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = resampled(bootstrap(TWO, difference_of(f1), method=Method.PERCENTILE, draws=999, seed=4))
    parts = []
    for k, counts in enumerate(TWO):
        generator = np.random.Generator(np.random.PCG64([4, k]))
        tables = generator.multinomial(counts.sum(), counts / counts.sum(), size=999)
        parts.append([2 * t[3] / (2 * t[3] + t[1] + t[2]) for t in tables.tolist()])
    gaps = sorted(one - two for one, two in zip(*parts, strict=True))
    assert (found.interval.low, found.interval.high) == pytest.approx((gaps[24], gaps[974]))
    monkeypatch.setattr(module, "BLOCK", 80)
    assert bootstrap(TWO, difference_of(f1), method=Method.PERCENTILE, draws=999, seed=4) == found


def test_bca_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    label, prediction = rows_of(tuple(TWO[0]))
    found = resampled(bootstrap(TWO[:1], of_group(f1), draws=20_000))
    peer = stats.bootstrap(
        (label, prediction),
        lambda y, p, axis: 2 * (y * p).sum(axis) / (y.sum(axis) + p.sum(axis)),
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=4000,
        batch=500,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert found.method is Method.BCA
    assert (found.interval.low, found.interval.high) == pytest.approx((peer.low, peer.high), abs=0.01)


def test_an_empty_cell_never_gives_a_point() -> None:
    for counts in ([90, 5, 5, 0], [0, 0, 0, 90], [90, 0, 0, 1]):
        found = resampled(bootstrap(np.array([counts]), of_group(f1), draws=2000))
        assert found.method is Method.JEFFREYS
        assert found.interval.high - found.interval.low > 0.01
        assert found.interval.low <= found.value <= found.interval.high
    for counts in ([20, 20, 20, 0], [0, 0, 0, 40]):
        found = resampled(bootstrap(np.array([counts]), of_group(theil), draws=2000))
        assert found.interval.high - found.interval.low > 0.005


def test_what_does_not_exist_is_undefined() -> None:
    assert bootstrap(np.array([[5, 0, 0, 0]]), of_group(f1)) is Undefined.NO_ROWS
    # With one positive and one selected row in three, a third of the draws has none.
    assert bootstrap(np.array([[1, 1, 1, 1]]), of_group(mcc)) is Undefined.OFTEN_UNDEFINED
    rare = resampled(bootstrap(np.array([[40, 3, 2, 4]]), of_group(mcc), draws=4000))
    assert 0 < rare.undefined < 0.05


def test_bca_falls_back_to_percentiles() -> None:
    counts = np.array([[50, 10, 12, 40]])
    assert resampled(bootstrap(counts, lambda tables: np.ones(len(tables)))).method is Method.PERCENTILE

    def lowest(tables: np.ndarray) -> np.ndarray:
        return np.where((tables == counts).all(axis=(1, 2)), 0.0, 1 + tables[:, 0, 0])

    assert resampled(bootstrap(counts, lowest)).method is Method.PERCENTILE

    def whole_only(tables: np.ndarray) -> np.ndarray:
        return np.where(tables.sum(axis=(1, 2)) == 112, tables[:, 0, 0], np.nan)

    assert resampled(bootstrap(counts, whole_only)).method is Method.PERCENTILE

    def leaning(tables: np.ndarray) -> np.ndarray:
        return np.exp(-tables[:, 0, 0] * 4.0)

    assert resampled(bootstrap(np.array([[2, 60, 1, 1]]), leaning)).interval.low >= 0


def test_the_acceleration_can_rule_bca_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_acceleration", lambda *_: 0.9)
    assert resampled(bootstrap(TWO, difference_of(f1), draws=500)).method is Method.PERCENTILE


@pytest.mark.parametrize(("statistic", "n"), [(of_group(f1), 60), (difference_of(mcc), 150), (of_group(theil), 150)])
def test_coverage(statistic: module.Statistic, n: int) -> None:
    rng = np.random.default_rng(13)
    cells = np.array([[0.5, 0.1, 0.1, 0.3], [0.3, 0.2, 0.15, 0.35]])
    truth = float(statistic(cells[None])[0])
    hits = []
    for _ in range(100):
        found = resampled(bootstrap(np.array([rng.multinomial(n, row) for row in cells]), statistic, draws=600))
        hits.append(found.interval.low <= truth <= found.interval.high)
    assert 0.89 <= np.mean(hits) <= 1


def test_what_cannot_be_is_refused() -> None:
    for counts in (np.array([1, 2, 3, 4]), np.array([[1, -1, 2, 3]]), np.array([[0, 0, 0, 0]])):
        with pytest.raises(ValueError, match="row of counts"):
            bootstrap(counts, of_group(f1))
    for changed in ({"draws": 0}, {"level": 1.0}):
        with pytest.raises(ValueError, match="at least one draw"):
            bootstrap(TWO, of_group(f1), **changed)  # type: ignore[arg-type]
