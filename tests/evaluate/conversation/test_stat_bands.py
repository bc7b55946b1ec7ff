"""Scores as bands: what is unknown stays unknown, and the truth lies in the band as often as promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.bands import Band, Known, Part, band
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.proportions import wilson


def known(successes: int, n: int, source: str = "a", asked: int | None = None) -> Known:
    return Known(successes / n, wilson(successes, n), n, n if asked is None else asked, source)


def test_nothing_measured_is_anything() -> None:
    assert band([Part(0.4, None), Part(0.6, None)]) == Band(0, 1, Interval(0, 1), 0)


def test_one_part_is_its_own_interval() -> None:
    assert band([Part(1.0, known(8, 10))]) == Band(0.8, 0.8, wilson(8, 10), 1)


def test_what_is_missing_widens_the_band_and_moves_no_weight() -> None:
    """Four leaves of sixteen that are perfect make no 100: the score lies between 25 and 100 of 100."""
    found = band([Part(1 / 16, known(50, 50, str(k)) if k < 4 else None) for k in range(16)])
    assert (found.low, found.high) == (pytest.approx(0.25), pytest.approx(1))
    assert found.coverage == pytest.approx(0.25)
    assert found.interval.low < 0.25
    assert found.interval.high == 1


def test_errors_of_samples_are_unknown_too() -> None:
    """Three samples of ten failed for the network: the part has 70 % of its weight."""
    found = band([Part(1.0, known(7, 7, asked=10))])
    assert (found.low, found.high, found.coverage) == (pytest.approx(0.7), pytest.approx(1), pytest.approx(0.7))
    assert decide(found.interval, Rule(Comparison.AT_LEAST, 0.9)) is Outcome.INCONCLUSIVE


def test_parts_of_one_source_are_not_taken_as_independent() -> None:
    apart = band([Part(0.5, known(30, 60, "a")), Part(0.5, known(30, 60, "b"))])
    together = band([Part(0.5, known(30, 60, "a")), Part(0.5, known(30, 60, "a"))])
    assert together.interval.low == pytest.approx(wilson(30, 60).low)
    assert together.interval.low < apart.interval.low
    # At a rate of one half and without shrinkage: z·√(1/4)/√120 for both halves together.
    assert apart.interval.low == pytest.approx(0.5 - Z95 / (2 * 120**0.5))


@pytest.mark.parametrize("weights", [(0.6, 0.6), (0.6, 0.6, 0.4), (1.2, -0.2), (0.5,), (), (float("nan"), 1.0)])
def test_weights_that_do_not_add_up_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        band([Part(weight, None) for weight in weights])


def test_results_that_are_none_are_refused() -> None:
    for value, low, high in ((0.5, 0.6, 0.7), (0.5, -0.1, 0.7), (1.2, 0.1, 1.3), (0.8, 0.1, 0.7)):
        with pytest.raises(ValueError, match="value in its interval"):
            Known(value, Interval(low, high), 1, 1, "a")
    for used, asked in ((0, 5), (6, 5)):
        with pytest.raises(ValueError, match="used"):
            Known(0.5, Interval(0, 1), used, asked, "a")


part = st.tuples(st.integers(0, 9), st.integers(1, 20), st.integers(0, 20), st.booleans(), st.sampled_from("abc"))


@settings(deadline=None)
@given(st.lists(part, min_size=1, max_size=9).filter(lambda parts: any(weight for weight, *_ in parts)))
def test_bands_hold_together(parts: list[tuple[int, int, int, bool, str]]) -> None:
    total = sum(weight for weight, *_ in parts)
    full = [Part(w / total, known(min(s, n), n, source)) for w, n, s, _, source in parts]
    some = [Part(each.weight, each.known if p[3] else None) for each, p in zip(full, parts, strict=True)]
    whole, partly = band(full), band(some)
    assert whole.low == pytest.approx(whole.high)
    assert whole.coverage == pytest.approx(1)
    assert partly.low <= whole.low + 1e-12 <= partly.high + 1e-9
    assert partly.high - partly.low == pytest.approx(1 - partly.coverage)
    assert 0 <= partly.interval.low <= partly.low <= partly.high <= partly.interval.high <= 1


@pytest.mark.parametrize("n", [5, 20, 100])
@pytest.mark.parametrize("unknown", [0, 2])
def test_bands_contain_the_truth(n: int, unknown: int) -> None:
    """Leaves with own answers; whatever the unknown ones would have been, the true score is inside."""
    random = np.random.default_rng(61)
    runs, shares = 500, []
    for rates in ((0.9, 0.95, 0.8, 0.99, 0.7, 0.9), (0.5,) * 6, (0.02, 0.98, 0.5, 1.0, 0.0, 0.9), (0.97,) * 6):
        true, weights = np.array(rates), np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
        draws, held = random.binomial(n, true, (runs, 6)).tolist(), 0
        for row in draws:
            parts = [
                Part(w, known(x, n, str(k)) if k >= unknown else None)
                for k, (w, x) in enumerate(zip(weights, row, strict=True))
            ]
            found = band(parts)
            held += found.interval.low - 1e-9 <= float(weights @ true) <= found.interval.high + 1e-9
        shares.append(held / runs)
    assert np.mean(shares) >= 0.95
    assert min(shares) >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


def test_bands_of_leaves_that_share_their_answers_contain_the_truth() -> None:
    """Five leaves scored on the very same answers rise and fall together; taken as independent they would not cover."""
    random = np.random.default_rng(62)
    runs, held, naive = 800, 0, 0
    for x in random.binomial(40, 0.8, runs).tolist():
        together, apart = (
            band([Part(0.2, known(x, 40, "a" if one else str(k))) for k in range(5)]) for one in (True, False)
        )
        held += together.interval.low <= 0.8 <= together.interval.high
        naive += apart.interval.low <= 0.8 <= apart.interval.high
    assert held / runs >= 0.93
    assert naive / runs < 0.8


def test_a_score_is_called_passed_wrongly_no_more_often_than_promised() -> None:
    random = np.random.default_rng(63)
    rule, runs = Rule(Comparison.AT_LEAST, 0.8), 600
    outcomes = [
        decide(band([Part(0.25, known(x, 50, str(k))) for k, x in enumerate(row)]).interval, rule)
        for row in random.binomial(50, 0.799, (runs, 4)).tolist()
    ]
    assert outcomes.count(Outcome.PASS) / runs <= 0.025 + 0.02
