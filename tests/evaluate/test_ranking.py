from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from shinrai.evaluate.statistics.ranking import auc, auc_bracket

classes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12).filter(
    lambda pairs: sum(p for p, _ in pairs) >= 2 and sum(n for _, n in pairs) >= 2
)


def test_hanley_mcneil(cases: dict[str, Any]) -> None:
    case = cases["scores"]
    area = auc(case["positives"], case["negatives"])
    assert area.value == float(Fraction(case["auc"]))
    assert area.se == pytest.approx(case["delong_se"], abs=5e-7)
    assert area.interval.low == pytest.approx(area.value - 1.959963984540054 * area.se)


@given(classes)
def test_by_the_definition(pairs: list[tuple[int, int]]) -> None:
    up, down = [p for p, _ in pairs], [n for _, n in pairs]
    positives = [score for score, p in enumerate(up) for _ in range(p)]
    negatives = [score for score, n in enumerate(down) for _ in range(n)]
    wins = [[(x > y) + (x == y) / 2 for y in negatives] for x in positives]
    area = auc(up, down)
    assert area.value == pytest.approx(np.mean(wins), abs=1e-14)
    variance = np.var(np.mean(wins, axis=1), ddof=1) / len(positives)
    variance += np.var(np.mean(wins, axis=0), ddof=1) / len(negatives)
    assert area.se == pytest.approx(np.sqrt(variance), abs=1e-12)
    assert 0 <= area.interval.low <= area.value <= area.interval.high <= 1


@given(classes)
def test_turned_classes_turn_the_area(pairs: list[tuple[int, int]]) -> None:
    up, down = [p for p, _ in pairs], [n for _, n in pairs]
    assert auc(down, up).value == pytest.approx(1 - auc(up, down).value, abs=1e-15)


def test_as_scikit_learn_and_the_bound_of_binning_holds() -> None:
    random = np.random.default_rng(1)
    score = random.random(5_000)
    label = random.random(5_000) < score
    exact = roc_auc_score(label, score)
    order = np.argsort(score)
    single = auc(label[order].astype(int), 1 - label[order])
    assert single.value == pytest.approx(exact, abs=1e-12)
    bins = np.minimum((score * 64).astype(int), 63)
    up, down = (np.bincount(bins[label == side], minlength=64) for side in (True, False))
    binned = auc(up, down)
    assert 0 < abs(binned.value - exact) <= binned.bound
    low, high = auc_bracket(up, down)
    assert low <= exact <= high
    assert (low + high) / 2 == pytest.approx(binned.value)


def test_too_few_of_a_class() -> None:
    with pytest.raises(ValueError, match="at least two of each"):
        auc([1, 1], [0, 1])
    with pytest.raises(ValueError, match="at least one of each"):
        auc_bracket([0, 0], [1, 1])
