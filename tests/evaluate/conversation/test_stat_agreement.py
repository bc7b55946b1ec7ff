"""Agreement: published coefficients, peers, and coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.agreement import (
    Agreement,
    Coefficient,
    chance_corrected,
    panel_agreement,
    repeat_consistency,
)
from shinrai.evaluate.statistics.clustered import Clustered
from shinrai.evaluate.statistics.undefined import Undefined

# Psychiatric diagnoses in proportions of 200 cases: Cohen 1960, table 1.
DIAGNOSES = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]

# Four observers, twelve units, nominal: Krippendorff 2011, section C.
OBSERVERS = ["12332141 2...", "12332241 25.3", ".3332342 251.", "12332441 251."]


def agreement(found: Agreement | Undefined) -> Agreement:
    assert isinstance(found, Agreement)
    return found


def test_kappa_of_cohen() -> None:
    found = agreement(chance_corrected(DIAGNOSES, "kappa"))
    assert found.observed == 0.70
    assert found.value == pytest.approx((0.70 - 0.41) / (1 - 0.41))
    assert found.n == 200


def test_the_variance_of_kappa_as_statsmodels() -> None:
    """statsmodels 0.15 for a thousand times the counts: 0.4884 to 0.4947; what is added no longer counts there."""
    many = [[1000 * count for count in row] for row in DIAGNOSES]
    interval = agreement(chance_corrected(many, "kappa")).interval
    assert (interval.low, interval.high) == (pytest.approx(0.4884, abs=6e-5), pytest.approx(0.4947, abs=6e-5))


def test_kappa_falls_with_rarity_and_ac1_does_not() -> None:
    """Gwet 2008: 118, 5, 2, 0 of 125 agree in 94 %, yet kappa is below 0."""
    table = [[118, 5], [2, 0]]
    kappa, ac1 = agreement(chance_corrected(table, "kappa")), agreement(chance_corrected(table, "ac1"))
    assert kappa.value == pytest.approx(-0.0234, abs=5e-5)
    assert ac1.value == pytest.approx(0.9408, abs=5e-5)
    assert kappa.observed == ac1.observed == pytest.approx(0.944)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3))
def test_kappa_as_scikit_learns(table: list[list[int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = chance_corrected(table, "kappa")
    if isinstance(found, Undefined):
        return
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(table[i][j])]
    assert found.value == pytest.approx(metrics.cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-9)
    assert -1 <= found.interval.low <= found.value <= found.interval.high <= 1


def test_full_agreement_of_few_is_not_full_agreement_of_many() -> None:
    few, many = (agreement(chance_corrected([[k, 0], [0, k]], "kappa")) for k in (5, 500))
    assert few.value == many.value == few.interval.high == 1
    assert few.interval.low < 0.6
    assert many.interval.low > 0.98


def test_what_has_no_agreement() -> None:
    assert chance_corrected([[1, 0], [0, 0]], "kappa") is Undefined.TOO_FEW_LABELS
    assert chance_corrected([[9, 0], [0, 0]], "kappa") is Undefined.ONE_CATEGORY
    assert agreement(chance_corrected([[9, 0], [0, 0]], "ac1")).value == 1
    for bad in ([[1]], [[1, 2]], [[1, -1], [0, 3]], [1, 2]):
        with pytest.raises(ValueError, match="square table"):
            chance_corrected(bad, "kappa")  # type: ignore[arg-type]


@pytest.mark.parametrize("coefficient", ["kappa", "ac1"])
@pytest.mark.parametrize("n", [20, 50, 300])
def test_agreement_covers(coefficient: Coefficient, n: int) -> None:
    random = np.random.default_rng(51)
    runs, shares = 500, []
    for rate in (0.1, 0.5):
        for sensitivity, specificity in ((0.95, 0.95), (0.99, 0.99), (0.8, 0.9), (0.5, 0.5)):
            cells = np.array([[sensitivity, 1 - sensitivity], [1 - specificity, specificity]])
            cells *= np.array([[rate], [1 - rate]])
            true = agreement(chance_corrected((cells * 10**9).round().astype(int).tolist(), coefficient)).value
            found = [
                chance_corrected(row.reshape(2, 2).tolist(), coefficient)
                for row in random.multinomial(n, cells.ravel(), runs)
            ]
            defined = [each.interval for each in found if isinstance(each, Agreement)]
            shares.append(np.mean([each.low <= true + 1e-9 and true - 1e-9 <= each.high for each in defined]))
    assert np.mean(shares) >= 0.945
    assert min(shares) >= 0.95 - 4 * (0.95 * 0.05 / runs) ** 0.5


def test_krippendorffs_alpha() -> None:
    rows = [row.replace(" ", "") for row in OBSERVERS]
    verdicts = {f"u{k + 1:02}": [row[k] for row in rows if row[k] != "."] for k in range(12)}
    panel = panel_agreement(verdicts)
    found = agreement(panel.agreement)
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.n == 11
    assert panel.single == ("u12",)
    assert panel.differing == ("u02", "u06", "u08")


def test_panels_without_agreement() -> None:
    assert panel_agreement({}).agreement is Undefined.TOO_FEW_LABELS
    assert panel_agreement({"a": ["x", "x"], "b": ["x"]}).agreement is Undefined.TOO_FEW_LABELS
    assert panel_agreement({"a": ["x", "x"], "b": ["x", "x"], "c": ["y"]}).agreement is Undefined.ONE_CATEGORY


def test_a_judge_that_is_missing_now_and_then_does_not_hide_the_items() -> None:
    panel = panel_agreement({"a": ["x", "y", "x"], "b": ["x", "x"], "c": ["y"], "d": []})
    assert (panel.differing, panel.single) == (("a",), ("c", "d"))


@pytest.mark.parametrize("judges", [2, 3])
def test_alpha_covers(judges: int) -> None:
    random = np.random.default_rng(52)
    for rate, error in ((0.3, 0.05), (0.5, 0.2), (0.15, 0.02)):
        positive = rate * (1 - error) + (1 - rate) * error
        disagree = 2 * error * (1 - error)
        true = 1 - disagree / (2 * positive * (1 - positive))
        runs, held, defined = 300, 0, 0
        for _ in range(runs):
            truth = random.random((40, 1)) < rate
            given_by = truth ^ (random.random((40, judges)) < error)
            panel = panel_agreement({str(k): ["yes" if v else "no" for v in row] for k, row in enumerate(given_by)})
            if isinstance(panel.agreement, Agreement):
                defined += 1
                held += panel.agreement.interval.low <= true <= panel.agreement.interval.high
        assert defined > 0.95 * runs
        assert held / defined >= 0.95 - 3.5 * (0.95 * 0.05 / runs) ** 0.5


def test_repeats_that_waver_are_named() -> None:
    found = repeat_consistency({"a": [3, 0], "b": [2, 1], "c": [0, 3, 0], "d": [1, 0]})
    assert (found.unstable, found.unrepeated) == (("b",), ("d",))
    assert isinstance(found.pairs, Clustered)
    assert isinstance(found.stable, Clustered)
    assert found.pairs.value == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert found.stable.value == pytest.approx(2 / 3)
    assert (found.pairs.n, found.pairs.clusters) == (3, 3)


def test_repeats_of_one_scenario_or_none() -> None:
    one = repeat_consistency({"a": [2], "b": [1, 1]}, {"a": "s", "b": "s"})
    assert one.pairs is one.stable is Undefined.ONE_CLUSTER
    assert repeat_consistency({"a": [1]}).pairs is Undefined.NO_SAMPLES


def test_consistency_covers() -> None:
    """Prompts that pass with chance p agree with themselves with chance p² + (1 - p)²."""
    random = np.random.default_rng(53)
    runs, held = 400, 0
    true = 1 - 2 * (0.25 - 0.05)  # E[p(1-p)] of the beta distribution below
    for _ in range(runs):
        passes = random.binomial(4, random.beta(2, 2, 24))
        found = repeat_consistency({str(k): [int(x), int(4 - x)] for k, x in enumerate(passes)}, None)
        assert isinstance(found.pairs, Clustered)
        held += found.pairs.interval.low <= true <= found.pairs.interval.high
    assert held / runs >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5
