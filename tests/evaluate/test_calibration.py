from collections.abc import Callable

import numpy as np
import pytest

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Outcome, Rule
from shinrai.evaluate.statistics.interval import Z95, simultaneous_z
from shinrai.evaluate.targets.table import TableTarget

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]


def decisions(rows: int = 3_000, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    score = random.random(rows)
    group = random.choice(["a", "b", "c"], rows)
    label = (random.random(rows) < np.where(group == "c", score**2, score)).astype(int)
    return {"label": label, "score": score, "g": group}


def described(columns: dict[str, np.ndarray], target_of: MakeTarget) -> TableTarget:
    return target_of(columns, score="score", threshold=0.5, groups=("g",))


def test_gaps_and_brier_by_the_definition(target_of: MakeTarget, measure: Measure) -> None:
    columns = decisions()
    measured = measure(described(columns, target_of), "calibration")
    residual = columns["label"] - columns["score"]
    gap = measured["all.gap"]
    half = Z95 * residual.std(ddof=1) / np.sqrt(len(residual))
    assert gap.value == pytest.approx(abs(residual.mean()), abs=1e-12)
    assert gap.high == pytest.approx(max(abs(residual.mean() - half), abs(residual.mean() + half)), abs=1e-12)
    brier = measured["all.brier"]
    squares = residual**2
    half = Z95 * squares.std(ddof=1) / np.sqrt(len(squares))
    assert brier.value == pytest.approx(squares.mean(), abs=1e-12)
    assert (brier.low, brier.high) == pytest.approx((squares.mean() - half, squares.mean() + half), abs=1e-12)
    assert (brier.rule, brier.decisive, brier.outcome) == (None, False, Outcome.INCONCLUSIVE)


def test_the_group_gap_by_the_definition(target_of: MakeTarget, measure: Measure) -> None:
    columns = decisions()
    gap = measure(described(columns, target_of), "calibration")["g.gap"]
    residual = columns["label"] - columns["score"]
    lows, highs = [], []
    for estimate in gap.groups:
        own = residual[columns["g"] == estimate.levels[0]]
        assert (estimate.n, estimate.trials, estimate.successes) == (len(own), None, None)
        error = own.std(ddof=1) / np.sqrt(len(own))
        assert estimate.value == pytest.approx(own.mean(), abs=1e-12)
        assert estimate.low == pytest.approx(own.mean() - Z95 * error, abs=1e-12)
        wide = own.mean() - simultaneous_z(3) * error, own.mean() + simultaneous_z(3) * error
        lows.append(0 if wide[0] <= 0 <= wide[1] else min(map(abs, wide)))
        highs.append(max(map(abs, wide)))
    assert (gap.low, gap.high) == pytest.approx((max(lows), max(highs)), abs=1e-12)
    assert gap.rule == Rule(Comparison.AT_MOST, 0.05)
    assert (gap.decisive, gap.outcome) == (True, Outcome.FAIL)
    assert gap.n == 3_000
    assert gap.counts["0.rows"] == gap.groups[0].n
    assert gap.counts["0.sum"] / gap.counts["0.rows"] / 2 ** gap.counts["scale_bits"] == pytest.approx(
        gap.groups[0].value
    )


def test_a_calibrated_score_passes_and_a_limit_can_be_set(target_of: MakeTarget, measure: Measure) -> None:
    columns = decisions(20_000)
    columns["g"] = np.where(columns["g"] == "c", "a", columns["g"])
    random = np.random.default_rng(9)
    columns["label"] = (random.random(20_000) < columns["score"]).astype(int)
    measured = measure(described(columns, target_of), "calibration")
    assert measured["all.gap"].outcome is Outcome.PASS
    assert measured["g.gap"].outcome is Outcome.PASS
    strict = measure(described(columns, target_of), "calibration", CheckSettings({"gap": 0.000001, "brier": 0.9}))
    assert strict["all.gap"].rule == Rule(Comparison.AT_MOST, 0.000001)
    assert strict["all.brier"].outcome is Outcome.PASS
    assert strict["all.brier"].decisive


def test_too_few_rows_say_how_many_would_do(target_of: MakeTarget, measure: Measure) -> None:
    measured = measure(described(decisions(90), target_of), "calibration")
    assert measured["all.gap"].outcome is Outcome.INCONCLUSIVE
    assert measured["all.gap"].needed_n is not None
    brier = measure(described(decisions(90), target_of), "calibration", CheckSettings({"brier": 0.19}))["all.brier"]
    assert brier.needed_n is None or brier.needed_n > 90


def test_small_and_thin_groups(target_of: MakeTarget, measure: Measure) -> None:
    columns = {
        "label": [1, 0] * 70,
        "score": [0.5] * 40 + [0.5] * 9 + [None] * 31 + [0.5] + [None] * 39 + [0.5] * 20,
        "g": ["a"] * 40 + ["b"] * 40 + ["c"] * 40 + ["d"] * 20,
    }
    gap = measure(described(columns, target_of), "calibration")["g.gap"]
    a, b, c, d = gap.groups
    assert (a.n, a.note) == (40, None)
    assert (b.n, b.note.en) == (9, "Fewer than 10 rows count towards the rate; not compared.")
    assert (c.n, c.value) == (1, None)
    assert (d.n, d.suppressed) == (None, True)
    assert gap.value == 0.0
    assert gap.coverage == Coverage(40, 140)
    assert not any(name.startswith("3.") for name in gap.counts)


def test_no_group_or_no_row_at_all(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [1, 0] * 20, "score": [None] * 39 + [0.5], "g": ["a", "b"] * 20}
    measured = measure(described(columns, target_of), "calibration")
    assert len(measured) == 3
    for m in measured.values():
        assert (m.outcome, m.value) == (Outcome.INCONCLUSIVE, None)


def test_a_group_column_with_a_fault(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [1, 0] * 20, "score": [0.5] * 40, "g": [f"id{i}" for i in range(40)]}
    measured = measure(described(columns, target_of), "calibration")
    assert measured["g.gap"].outcome is Outcome.ERROR
    assert measured["all.gap"].value == 0.0
