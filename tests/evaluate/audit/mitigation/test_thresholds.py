"""Rules make the rate they were asked for exactly equal, and no other rules of their kind are worth more."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.mitigation.applying import chance_of
from shinrai.evaluate.audit.mitigation.parts import BINS, Counts
from shinrai.evaluate.audit.mitigation.thresholds import Equal, Fitted, Gains, Rule, Step, fit
from shinrai.language import ShinraiError

NOBODY = np.zeros((2, 2, BINS), dtype=np.int64)
PLACES = (100, 1_000, 2_000, 4_000)


def histogram(positive: list[int], negative: list[int]) -> Counts:
    counts = np.zeros((2, 2, BINS), dtype=np.int64)
    for place, good, bad in zip(PLACES, positive, negative, strict=True):
        counts[1, 0, place], counts[0, 1, place] = good, bad
    return counts


def rates(counts: Counts, rule: Rule) -> dict[str, Fraction]:
    """Exact rates of a rule on a histogram."""
    sums = {
        label: [(int(n), chance_of(rule, place)) for place, n in enumerate(counts.sum(axis=1)[label].tolist()) if n]
        for label in (0, 1)
    }
    tp, fp = (sum((n * chance for n, chance in sums[label]), Fraction(0)) for label in (1, 0))
    p, n = (sum(count for count, _ in sums[label]) for label in (1, 0))
    return {
        "selection_rate": (tp + fp) / (p + n),
        "tpr": tp / p,
        "fpr": fp / n,
        "right": tp + n - fp,
    }


counts_of_group = st.tuples(
    *[st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(lambda each: sum(each) >= 20)] * 2
)
groups_of = st.lists(counts_of_group, min_size=2, max_size=4)


def fitted(given_groups: list[Any], equal: Equal, **more: Any) -> tuple[dict[Any, Counts], Fitted]:
    groups = {(str(number),): histogram(*each) for number, each in enumerate(given_groups)}
    return groups, fit(groups, NOBODY, equal, **more)


@settings(max_examples=25)
@given(groups_of, st.sampled_from([Equal.SELECTION_RATE, Equal.TPR, Equal.FPR]))
def test_one_rate_is_exactly_equal_and_at_its_best(given_groups: list[Any], equal: Equal) -> None:
    groups, found = fitted(given_groups, equal)
    reached = {rates(groups[levels], rule)[equal.value] for levels, rule in found.rules.items()}
    assert reached == {found.at[0]}
    right = sum(rates(groups[levels], rule)["right"] for levels, rule in found.rules.items())
    # No other common rate is worth more: fitted to a rate, the rules are the best ones for it.
    for other in [Fraction(k, 3) for k in range(4)]:
        rules = fitted(given_groups, equal, rate=other)[1].rules
        assert {rates(groups[levels], rule)[equal.value] for levels, rule in rules.items()} == {other}
        assert sum(rates(groups[levels], rule)["right"] for levels, rule in rules.items()) <= right


@settings(max_examples=25)
@given(groups_of)
def test_equalised_odds_are_exactly_equal_and_at_their_best(given_groups: list[Any]) -> None:
    groups, found = fitted(given_groups, Equal.EQUALIZED_ODDS)
    each = [rates(groups[levels], rule) for levels, rule in found.rules.items()]
    assert {(rate["fpr"], rate["tpr"]) for rate in each} == {found.at}
    right = sum(rate["right"] for rate in each)
    assert right >= max(sum(int(counts.sum(axis=(1, 2))[label]) for counts in groups.values()) for label in (0, 1)), (
        "deciding all alike is always possible"
    )


def test_equalised_odds_reach_the_best_point_that_every_hull_covers() -> None:
    given_groups = [([2, 8, 20, 30], [30, 18, 8, 4]), ([10, 10, 15, 25], [20, 20, 15, 5])]
    groups, found = fitted(given_groups, Equal.EQUALIZED_ODDS)
    right = sum(rates(groups[levels], rule)["right"] for levels, rule in found.rules.items())
    hulls = []
    for good, bad in given_groups:
        ups, rights = np.cumsum([0, *good[::-1]]) / sum(good), np.cumsum([0, *bad[::-1]]) / sum(bad)
        hulls.append((rights, ups))
    grid = np.linspace(0, 1, 20_001)
    lowest = np.min([np.interp(grid, *hull) for hull in hulls], axis=0)
    best = max(120 * lowest + 120 * (1 - grid))
    assert best - 1e-9 <= float(right) <= best + 0.02


def test_a_group_whose_scores_are_noise_takes_chance_or_a_constant() -> None:
    groups, found = fitted([([0, 0, 0, 40], [40, 0, 0, 0]), ([10] * 4, [10] * 4)], Equal.EQUALIZED_ODDS)
    (x, y) = found.at
    assert x == y
    assert {rates(groups[levels], rule)["tpr"] for levels, rule in found.rules.items()} == {y}


@pytest.mark.parametrize("equal", Equal)
def test_without_chance_each_group_has_one_threshold(equal: Equal) -> None:
    rng = np.random.default_rng(3)
    groups = {}
    for name, shift in (("a", 0.0), ("b", 0.12)):
        counts = np.zeros((2, 2, BINS), dtype=np.int64)
        for label in (0, 1):
            drawn = np.clip(rng.beta(2 + 2 * label, 4 - 2 * label, 3_000) - shift, 0, 0.999)
            np.add.at(counts[label, 0], (drawn * BINS).astype(int), 1)
        groups[(name,)] = counts
    found = fit(groups, NOBODY, equal, deterministic=True)
    assert all(len(rule.steps) <= 1 and not rule.randomised for rule in found.rules.values())
    each = [rates(groups[levels], rule) for levels, rule in found.rules.items()]
    for name in ("tpr", "fpr") if equal is Equal.EQUALIZED_ODDS else (equal.value,):
        assert abs(each[0][name] - each[1][name]) <= Fraction(1, 50)
    # Chance has more room: it is worth at least as much as thresholds of equal rates would be.
    assert 0 < sum(rate["right"] for rate in each) <= 12_000


def test_gains_move_the_rules() -> None:
    given_groups = [([5, 10, 20, 30], [30, 20, 10, 5]), ([10, 10, 10, 30], [30, 10, 10, 10])]
    careful = fitted(given_groups, Equal.SELECTION_RATE, gains=Gains(fp=Fraction(-5)))[1]
    plain = fitted(given_groups, Equal.SELECTION_RATE)[1]
    assert careful.at[0] < plain.at[0]
    with pytest.raises(ValueError, match="worth at least"):
        Gains(tp=Fraction(0), fn=Fraction(1))


def test_small_groups_share_the_rule_of_all_rows() -> None:
    large = [([5, 10, 20, 30], [30, 20, 10, 5]), ([10, 10, 10, 30], [30, 10, 10, 10])]
    groups = {(str(number),): histogram(*each) for number, each in enumerate(large)}
    groups[("tiny",)] = histogram([1, 1, 1, 1], [1, 1, 1, 1])
    found = fit(groups, NOBODY, Equal.SELECTION_RATE)
    assert found.pooled == (("tiny",),)
    assert found.rules[("tiny",)] == found.rest
    with pytest.raises(ShinraiError, match="Fewer than two groups"):
        fit({("0",): groups[("0",)], ("tiny",): groups[("tiny",)]}, NOBODY, Equal.TPR)
    with pytest.raises(ValueError, match="no single rate"):
        fit(groups, NOBODY, Equal.EQUALIZED_ODDS, rate=Fraction(1, 2))


def test_steps_say_the_chance_of_each_score() -> None:
    rule = Rule((Step(10, Fraction(1, 3)), Step(20, Fraction(1))))
    assert [chance_of(rule, place) for place in (9, 10, 19, 20, 4095)] == [0, Fraction(1, 3), Fraction(1, 3), 1, 1]
    assert rule.randomised
    assert rule.chances()[[9, 10, 20]] == pytest.approx([0, 1 / 3, 1])
    assert not Rule(()).randomised


def test_against_an_outside_implementation() -> None:
    """fairlearn looks at 1,001 points; exact corners are worth at least as much."""
    optimizer = pytest.importorskip("fairlearn.postprocessing").ThresholdOptimizer
    base = pytest.importorskip("sklearn.base").BaseEstimator
    rng = np.random.default_rng(1)
    rows = 2_000
    group = rng.integers(0, 2, rows)
    label = (rng.random(rows) < np.where(group, 0.6, 0.4)).astype(int)
    place = np.clip(rng.normal(1_500 + 900 * label - 300 * group, 700), 0, BINS - 1).astype(int)
    groups = {}
    for level in (0, 1):
        counts = np.zeros((2, 2, BINS), dtype=np.int64)
        for y in (0, 1):
            np.add.at(counts[y, 0], place[(group == level) & (label == y)], 1)
        groups[(str(level),)] = counts

    class Scores(base):  # type: ignore[misc, valid-type]
        """A model whose scores are its input."""

        def fit(self, *_: Any) -> "Scores":
            return self

        def predict(self, rows: Any) -> Any:
            return np.asarray(rows)[:, 0]

        def __sklearn_is_fitted__(self) -> bool:
            return True

    scores = (place / BINS)[:, None]
    for constraint, equal in (("demographic_parity", Equal.SELECTION_RATE), ("equalized_odds", Equal.EQUALIZED_ODDS)):
        theirs = optimizer(estimator=Scores(), constraints=constraint, prefit=True, predict_method="predict")
        theirs.fit(scores, label, sensitive_features=group)
        chance = theirs._pmf_predict(scores, sensitive_features=group)[:, 1]
        their_right = float(np.where(label == 1, chance, 1 - chance).sum())
        found = fit(groups, NOBODY, equal)
        ours = float(sum(rates(groups[levels], rule)["right"] for levels, rule in found.rules.items()))
        assert their_right - 1e-6 <= ours <= their_right + 0.002 * rows
