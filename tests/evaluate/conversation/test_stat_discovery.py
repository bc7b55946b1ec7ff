"""Families of checks: adjusted p-values of a published example, and the false-discovery rate by simulation."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.discovery import Member, Procedure, adjusted, decide_family, penalty
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.statistics.quantiles import normal_quantile, t_tail

BH, BY = Procedure.BENJAMINI_HOCHBERG, Procedure.BENJAMINI_YEKUTIELI

# Fifteen p-values of myocardial infarction endpoints: Benjamini, Hochberg 1995, JRSS B 57:289, section 4.1.
INFARCTION = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]
AT_LEAST = Rule(Comparison.AT_LEAST, 0.0)


def normal_member(name: str, estimate: float, rule: Rule = AT_LEAST) -> Member:
    def at(level: float) -> Interval:
        half = normal_quantile(level)
        return Interval(estimate - half, estimate + half)

    return Member(name, rule, at)


def test_four_endpoints_of_fifteen_are_found() -> None:
    found = adjusted(INFARCTION, BH)
    assert sum(p <= 0.05 for p in found) == 4
    assert found[:4] == (pytest.approx(0.0015), pytest.approx(0.003), pytest.approx(0.0095), pytest.approx(0.035625))
    assert sum(p <= 0.05 for p in adjusted(INFARCTION, BY)) == 3


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_as_scipys(ps: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    for procedure, method in ((BH, "bh"), (BY, "by")):
        assert adjusted(ps, procedure) == pytest.approx(stats.false_discovery_control(ps, method=method), abs=1e-12)


def test_families_without_members_and_p_values_that_are_none() -> None:
    assert adjusted([]) == ()
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjusted([0.5, 1.5])
    family = decide_family("empty", [])
    assert (family.m, family.members, family.discoveries) == (0, (), 0)
    with pytest.raises(ValueError, match="same id"):
        decide_family("twice", [normal_member("a", 1), normal_member("a", 2)])
    for rate in (0.0, 1.0):
        with pytest.raises(ValueError, match="rate between 0 and 1"):
            decide_family("rate", [], rate=rate)


def test_a_family_says_what_it_is_and_keeps_those_without_a_number() -> None:
    members = [normal_member("a", 5.0), normal_member("b", -4.0), normal_member("c", 2.0), Member("d", AT_LEAST, None)]
    family = decide_family("safety checks of one run", members)
    assert (family.name, family.m, family.procedure, family.rate) == (
        "safety checks of one run",
        4,
        BY,
        pytest.approx(0.05),
    )
    a, b, c, d = family.members
    assert (a.outcome, b.outcome, c.outcome, d.outcome) == (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, None)
    assert (a.alone, b.alone, c.alone, d.alone) == (Outcome.PASS, Outcome.FAIL, Outcome.PASS, None)
    assert a.p == pytest.approx(t_tail(5.0, inf), rel=1e-6)
    assert (d.p, d.adjusted) == (1, 1)
    assert family.discoveries == 2


def test_a_family_of_one_decides_as_the_check_alone() -> None:
    rule = Rule(Comparison.AT_LEAST, 0.8)
    for successes in range(60, 101):
        member = Member("one", rule, lambda level, s=successes: wilson(s, 100, normal_quantile(level)))
        family = decide_family("one", [member])
        assert family.members[0].outcome is decide(wilson(successes, 100), rule)
        assert family.level == pytest.approx(LEVEL)


@settings(deadline=None)
@given(st.lists(st.floats(-6, 6), min_size=1, max_size=12), st.sampled_from(list(Procedure)))
def test_decisions_are_those_of_the_intervals_at_the_familys_level(
    estimates: list[float], procedure: Procedure
) -> None:
    members = [normal_member(str(k), estimate) for k, estimate in enumerate(estimates)]
    family = decide_family("normal", members, procedure=procedure)
    for member, decision in zip(members, family.members, strict=True):
        assert member.at is not None
        if abs(decision.adjusted - family.rate) > 1e-9:
            assert decision.outcome is decide(member.at(family.level), member.rule)


def test_a_value_on_the_limit_is_never_found() -> None:
    family = decide_family("limit", [normal_member("a", 0.0)])
    assert (family.members[0].p, family.members[0].outcome) == (1, Outcome.INCONCLUSIVE)


def correlated(random: np.random.Generator, kind: str, runs: int, m: int) -> np.ndarray:
    """Standard normal errors of m checks: independent, all driven by one cause, or pulled both ways by it."""
    own, cause = random.standard_normal((runs, m)), random.standard_normal((runs, 1))
    if kind == "independent":
        return own
    loading = np.full(m, 0.8) if kind == "alike" else np.where(np.arange(m) % 2 == 0, 0.9, -0.9)
    return loading * cause + np.sqrt(1 - loading**2) * own


@pytest.mark.parametrize("kind", ["independent", "alike", "opposed"])
@pytest.mark.parametrize("procedure", list(Procedure))
def test_the_false_discovery_rate_holds_under_dependence(kind: str, procedure: Procedure) -> None:
    """Twelve of twenty checks have their true value on the limit itself, where any decision is false."""
    random = np.random.default_rng(31)
    m, nulls, runs = 20, 12, 3000
    true = np.concatenate([np.zeros(nulls), np.linspace(2, 5, m - nulls)])
    estimates = true + correlated(random, kind, runs, m)
    ps = np.vectorize(lambda x: t_tail(x, inf))(np.abs(estimates))
    found = np.array([adjusted(list(row), procedure) for row in ps]) <= 0.05
    shares = found[:, :nulls].sum(axis=1) / np.maximum(1, found.sum(axis=1))
    assert shares.mean() <= 0.05 + 3 * shares.std() / runs**0.5
    assert found[:, nulls:].mean() > 0.3


def test_one_by_one_twenty_checks_would_be_wrong_more_often() -> None:
    """What the family is for: without it, over half of the runs decide something falsely."""
    random = np.random.default_rng(32)
    wrong = np.abs(random.standard_normal((2000, 20))) > normal_quantile(LEVEL)
    assert wrong.any(axis=1).mean() > 0.6


def test_three_way_decisions_on_the_wrong_side_are_rarer_still() -> None:
    """Of decisions of rates near their limits, far fewer than one in twenty lie on the wrong side."""
    random = np.random.default_rng(33)
    rule, m, shares = Rule(Comparison.AT_LEAST, 0.8), 12, []
    true = np.array([0.79, 0.81, 0.78, 0.82, 0.8001, 0.7999, 0.9, 0.92, 0.95, 0.6, 0.65, 0.85])
    for _ in range(60):
        counts = random.binomial(200, true)
        members = [
            Member(str(k), rule, lambda level, s=int(s): wilson(s, 200, normal_quantile(level)))
            for k, s in enumerate(counts)
        ]
        outcomes = [member.outcome for member in decide_family("rates", members, procedure=BH).members]
        right = [Outcome.PASS if rate >= 0.8 else Outcome.FAIL for rate in true]
        decided = [k for k in range(m) if outcomes[k] is not Outcome.INCONCLUSIVE]
        shares.append(sum(outcomes[k] is not right[k] for k in decided) / max(1, len(decided)))
        assert len(decided) >= 2
    assert np.mean(shares) <= 0.025 + 0.02


def test_the_penalty_for_any_dependence_is_the_harmonic_sum() -> None:
    assert penalty(4, BY) == pytest.approx(1 + 1 / 2 + 1 / 3 + 1 / 4)
    assert penalty(4, BH) == 1
