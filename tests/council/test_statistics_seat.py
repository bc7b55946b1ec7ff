"""The statistics seat on evidence that is honest, too small, impossible, or of a failure that chance explains."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shinrai.council.case import Claim, Piece
from shinrai.council.seats import statistics
from shinrai.council.seats.intervals import simultaneous_z, wilson
from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.evaluate.targets.table import TableTarget
from shinrai.evidence.store import Logged
from shinrai.frameworks.model import EvidenceCode
from shinrai.language import Bilingual
from shinrai_verify.council import FAIL, INCONCLUSIVE, PASS
from shinrai_verify.dsse import Envelope, Statement

Compare = Callable[..., dict[str, Measurement]]
Write = Callable[..., Path]
SAID = Bilingual(ja="値", en="value")
LOGGED = Logged(0, Envelope(b"payload", ()), Statement("s", "0" * 64, "type", {}))


def accuracy(right: int, wrong: int, limit: float = 0.5) -> Measurement:
    n = right + wrong
    low, high = (float(bound) for bound in wilson(right, n, simultaneous_z(1)))
    outcome = Outcome.PASS if low >= limit else Outcome.FAIL if high < limit else Outcome.INCONCLUSIVE
    return Measurement(
        id="t.performance.all.accuracy",
        target="t",
        check="performance",
        metric="accuracy",
        columns=("y", "p"),
        title=SAID,
        value=right / n,
        low=low,
        high=high,
        level=0.95,
        n=n,
        coverage=Coverage(n, n),
        outcome=outcome,
        rule=Rule(Comparison.AT_LEAST, limit),
        decisive=True,
        method="test",
        counts={"tp": right, "fp": wrong, "fn": 0, "tn": 0},
    )


def say(*measurements: Measurement, code: EvidenceCode = EvidenceCode.MEASUREMENT) -> tuple[str, str]:
    claim = Claim("c", code, tuple(Piece(LOGGED, one) for one in measurements))
    opinion = statistics.opinion(None, claim)  # type: ignore[arg-type]
    assert opinion.inspected == (LOGGED.envelope.payload_sha256,) * len(measurements)
    return opinion.value, str(opinion.reason)


def test_sound_numbers_are_agreed_to() -> None:
    assert say(accuracy(90, 10), accuracy(80, 20))[0] == PASS
    value, reason = say(accuracy(10, 90))
    assert value == FAIL
    assert "1 decisive numbers, each from at least 100 cases" in reason


def test_a_number_that_only_informs_is_not_examined() -> None:
    informing = replace(accuracy(90, 10), decisive=False, low=0.0)
    assert say(accuracy(90, 10), informing)[0] == PASS
    assert say(informing)[0] == INCONCLUSIVE


def test_a_small_sample_is_no_basis() -> None:
    assert say(accuracy(30, 0))[0] == PASS
    value, reason = say(accuracy(29, 0))
    assert value == INCONCLUSIVE
    assert "rests on 29 cases; at least 30" in reason


@pytest.mark.parametrize(
    "change",
    [
        {"low": 0.7},
        {"high": 0.99},
        {"low": None},
        {"counts": {"tp": 91, "fp": 9, "fn": 0, "tn": 0}},
        {"counts": {}},
        {"counts": {"tp": -1, "fp": 10, "fn": 0, "tn": 0}},
        {"counts": {"tp": 0, "fp": 0, "fn": 0, "tn": 0}},
        {"metric": "specificity"},
        {"check": "robustness"},
    ],
)
def test_an_interval_has_to_follow_from_the_counts(change: dict[str, object]) -> None:
    value, reason = say(replace(accuracy(90, 10), **change))  # type: ignore[arg-type]
    assert value == INCONCLUSIVE
    assert "does not follow from its counts" in reason


def test_one_failure_among_many_numbers_has_to_be_beyond_chance() -> None:
    # 39 of 100 against a limit of 0.5 fails alone, and does not at the level for ten numbers.
    failing, others = accuracy(39, 61), [accuracy(90, 10)] * 9
    assert failing.outcome is Outcome.FAIL
    assert say(failing)[0] == FAIL
    value, reason = say(failing, *others)
    assert value == INCONCLUSIVE
    assert "not beyond chance once 10 numbers were looked at" in reason
    assert say(accuracy(10, 90), *others)[0] == FAIL


def test_a_failure_without_a_rule_is_none() -> None:
    assert "not beyond chance" in say(replace(accuracy(10, 90), rule=None))[1]


def test_errors_and_open_questions_are_passed_through() -> None:
    for outcome in (Outcome.ERROR, Outcome.INCONCLUSIVE):
        undecided = replace(accuracy(50, 50), outcome=outcome, value=None, low=None, high=None, counts={})
        assert say(undecided, accuracy(90, 10))[0] == INCONCLUSIVE
        assert say(undecided, accuracy(10, 90))[0] == FAIL


def test_an_attestation_has_no_number() -> None:
    assert say(code=EvidenceCode.ANSWER)[0] == INCONCLUSIVE
    claim = Claim("c", EvidenceCode.DOCUMENT, (Piece(LOGGED, None),))
    assert statistics.opinion(None, claim).value == PASS  # type: ignore[arg-type]


# ---- what the checks really record ----


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, compared: Compare, write: Write) -> dict[str, Measurement]:
    """Honest measurements of every check; comparing them holds each interval of this seat against theirs."""
    random = np.random.default_rng(2)
    n = 4_000
    label = random.integers(0, 2, n)
    columns = {
        "y": label,
        "p": np.where(random.random(n) < 0.9, label, 1 - label),
        "s": np.clip(0.2 + 0.6 * label + random.normal(0, 0.05, n), 0, 1),
        "g": pa.array(random.choice(["a", "b", "c"], n, p=[0.6, 0.39, 0.01]), mask=random.random(n) < 0.02),
        "id": np.arange(n),
    }
    file = write(tmp_path_factory.mktemp("statistics"), columns)
    return compared(TableTarget("t", file, "y", 1, prediction="p", score="s", groups=("g",)))


def decided(measurement: Measurement, limit: float, comparison: Comparison = Comparison.AT_MOST) -> Measurement:
    """The measurement under another rule, which it passes or fails."""
    assert measurement.low is not None and measurement.high is not None
    wrong = measurement.low > limit if comparison is Comparison.AT_MOST else measurement.high < limit
    outcome = Outcome.FAIL if wrong else Outcome.PASS
    return replace(measurement, outcome=outcome, rule=Rule(comparison, limit), decisive=True)


@pytest.mark.parametrize(
    "name",
    [
        "performance.all.auc",
        "performance.all.ppv",
        "group_fairness.g.tpr.difference",
        "group_fairness.g.selection_rate.ratio",
        "calibration.all.gap",
        "calibration.all.brier",
        "calibration.g.gap",
        "data_quality.all.missing",
        "data_quality.all.duplicates",
        "data_quality.all.constant",
        "data_quality.all.leakage_suspects",
        "personal_data.all.columns",
    ],
)
def test_every_kind_of_number_is_derived_again(recorded: dict[str, Measurement], name: str) -> None:
    honest = recorded[name]
    passing, failing = decided(honest, 1.0), decided(honest, -1.0)
    assert (say(passing)[0], say(failing)[0]) == (PASS, FAIL)
    assert honest.low is not None and honest.high is not None
    wider, widest = (statistics._interval(honest, family) for family in (1, 20))
    assert wider is not None and widest is not None
    assert widest[0] <= wider[0] + 1e-12 and widest[1] >= wider[1] - 1e-12
    if name != "performance.all.auc":
        # Whatever the counts are called, none of them can be left out or made up.
        assert say(replace(passing, counts={}, groups=()))[0] == INCONCLUSIVE
    assert say(replace(passing, low=honest.low - 0.1, high=honest.high + 0.2))[0] == INCONCLUSIVE


def test_sums_that_no_numbers_have_are_refused(recorded: dict[str, Measurement]) -> None:
    passing = decided(recorded["calibration.all.gap"], 1.0)
    for change in ({"squares": 0}, {"scale_bits": 10**12}, {"rows": 1}, {"rows": 0}):
        assert say(replace(passing, counts={**passing.counts, **change}))[0] == INCONCLUSIVE


def test_only_compared_levels_count(recorded: dict[str, Measurement]) -> None:
    passing = decided(recorded["group_fairness.g.selection_rate.difference"], 1.0)
    names = [group.levels for group in passing.groups]
    assert names == [("a",), ("b",), ("c",), ("(missing)",)]
    tiny = GroupEstimate(("d",), 40, 9, 9, 1.0, 0.7, 1.0)
    hidden = GroupEstimate(("e",), None, None, None, None, None, None, suppressed=True)
    assert say(replace(passing, groups=(*passing.groups, tiny, hidden)))[0] == PASS
    large = replace(tiny, successes=10, trials=10)
    assert say(replace(passing, groups=(*passing.groups, large)))[0] == INCONCLUSIVE
    assert say(replace(passing, groups=passing.groups[:1]))[0] == INCONCLUSIVE


def test_an_area_has_to_lie_in_the_middle_of_its_interval(recorded: dict[str, Measurement]) -> None:
    honest = decided(recorded["performance.all.auc"], 0.5, Comparison.AT_LEAST)
    assert honest.high is not None and honest.value is not None
    assert say(honest)[0] == PASS
    for change in ({"value": honest.value - 0.01}, {"value": None}):
        assert say(replace(honest, **change))[0] == INCONCLUSIVE
