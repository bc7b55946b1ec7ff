"""Outcomes: the arithmetic held against counting row by row, and intervals against the truth they are to hold."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.mitigation.choosing import Wanted, choose
from shinrai.evaluate.audit.mitigation.outcome import COMPARED, outcome, outcome_of_rows
from shinrai.evaluate.audit.mitigation.parts import BINS, Part, Split
from shinrai.evaluate.audit.mitigation.thresholds import Equal, Fitted, Gains, Rule, Step
from shinrai.evaluate.audit.mitigation.words import base_rates_differ, cautions, rule_text
from shinrai.evaluate.targets.table import TableTarget
from shinrai.language import Language

rows_of = st.lists(
    st.tuples(st.sampled_from("ab"), st.booleans(), st.booleans(), st.integers(0, BINS - 1)), min_size=4, max_size=60
)
RULES = {
    ("a",): Rule((Step(1000, Fraction(1, 4)), Step(3000, Fraction(1)))),
    ("b",): Rule((Step(2000, Fraction(1)),)),
}
FITTED = Fitted(Equal.TPR, RULES, (), Rule(()), (Fraction(1, 2),))


def part_of(rows: list[tuple[str, bool, bool, int]]) -> Part:
    groups = {}
    for group, label, before, place in rows:
        counts = groups.setdefault((group,), np.zeros((2, 2, BINS), dtype=np.int64))
        counts[int(label), int(before), place] += 1
    return Part(dict(sorted(groups.items())), np.zeros((2, 2, BINS), dtype=np.int64))


@settings(max_examples=40)
@given(rows_of)
def test_counts_and_rows_tell_the_same(rows: list[tuple[str, bool, bool, int]]) -> None:
    gains = Gains(fp=Fraction(-2))
    chance = np.array([RULES[(group,)].chances()[place] for group, _, _, place in rows])
    counted = outcome(part_of(rows), FITTED, gains)
    listed = outcome_of_rows(
        [(group,) for group, *_ in rows],
        np.array([label for _, label, _, _ in rows]),
        np.array([before for _, _, before, _ in rows]),
        chance,
        gains,
    )
    for one, other in zip((counted.overall, *counted.groups), (listed.overall, *listed.groups), strict=True):
        assert (one.levels, one.rows, one.by_chance) == (other.levels, other.rows, other.by_chance)
        for name in one.before:
            for mine, theirs in ((one.before[name], other.before[name]), (one.after[name], other.after[name])):
                assert (mine.value is None) == (theirs.value is None)
                if mine.value is not None:
                    assert mine.value == pytest.approx(theirs.value)
        assert one.lost == pytest.approx(other.lost)
    mine = [n for n, (group, *_) in enumerate(rows) if group == "a"]
    if mine:
        group = listed.groups[0]
        assert group.after["selection_rate"].value == pytest.approx(chance[mine].mean())
        worth = [(chance[n] if rows[n][1] else (1 - chance[n]) - 2 * chance[n]) for n in mine]
        assert group.after["utility"].value == pytest.approx(np.mean(worth))


def test_where_there_is_no_denominator_there_is_no_number() -> None:
    found = outcome(part_of([("a", True, True, 3500)] * 40 + [("b", False, False, 10)] * 40), FITTED)
    first, second = found.groups
    assert first.before["fpr"].value is None
    assert first.before["fpr"].n == 0
    assert second.before["tpr"].interval is None
    assert second.before["ppv"].value is None
    assert found.gaps["tpr"].before is None
    assert found.gaps["tpr"].too_small == (("b",),)
    assert found.gaps["selection_rate"].after is not None


def test_intervals_before_after_and_of_the_change_hold_the_truth() -> None:
    """400 samples of 300 rows; the rule selects scores from 1/2 on, with chance 1/2 from 1/4 on."""
    rng = np.random.default_rng(12)
    rule = Rule((Step(BINS // 4, Fraction(1, 2)), Step(BINS // 2, Fraction(1))))
    truth = {"before": 0.4, "after": 0.5 + 0.25 / 2, "change": 0.5 + 0.25 / 2 - 0.4}
    held = dict.fromkeys(truth, 0)
    samples = 400
    for _ in range(samples):
        score = rng.integers(0, BINS, 300)
        found = outcome_of_rows(
            [("a",)] * 300, rng.random(300) < 0.5, rng.random(300) < 0.4, rule.chances()[score]
        ).groups[0]
        for kind, shown in (("before", found.before), ("after", found.after), ("change", found.change)):
            interval = shown["selection_rate"].interval
            assert interval is not None
            held[kind] += interval.low <= truth[kind] <= interval.high
    assert all(count / samples >= 0.93 for count in held.values()), held


def test_the_change_of_equal_decisions_is_nothing() -> None:
    rng = np.random.default_rng(2)
    before = rng.random(500) < 0.5
    found = outcome_of_rows([("a",), None] * 250, rng.random(500) < 0.4, before, before.astype(float))
    assert found.missing == 250
    assert found.overall.rows == 500
    assert (found.overall.lost, found.overall.gained, found.overall.by_chance) == (0, 0, 0)
    assert all(change.value == 0 for change in found.overall.change.values())
    assert set(found.gaps) == set(COMPARED)


def test_cautions_are_said_where_they_hold(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    lines = ["k,y,p,s,g"]
    for n in range(1_200):
        group = "abc"[0 if n % 40 == 0 else 1 + n % 2]
        good = rng.random() < (0.3 if group == "b" else 0.7)
        score = min(0.999, max(0.0, rng.normal(0.6 if good else 0.4, 0.2)))
        lines.append(f"{n // 2},{int(good)},{int(score >= 0.5)},{score:.4f},{group}")
    lines += ["9000,1,1,0.5,", "9001,1,1,,b"] * 5
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    target = TableTarget("t", file, "y", 1, "p", "s", groups=("g",))
    chosen = choose(target, Split(1, Fraction(1, 2), "k"), Wanted(Equal.EQUALIZED_ODDS))
    said = " ".join(each.text(Language.EN) for each in cautions(chosen))
    for part in ("unlawful", "Chance decides", "Too small for rules of their own", "Left out, without label", "keys"):
        assert part in said
    trade_off = base_rates_differ(chosen.outcome)
    assert trade_off is not None
    assert "Chouldechova 2017" in trade_off.text(Language.EN)
    everybody = choose(target, Split(1, Fraction(1, 2), "k"), Wanted(Equal.TPR, rate=Fraction(1), deterministic=True))
    assert any("of all rows are selected" in each.text(Language.EN) for each in cautions(everybody))


def test_rules_are_said_in_words() -> None:
    assert rule_text(Rule(())).text(Language.EN) == "nobody"
    assert rule_text(RULES[("b",)]).text(Language.EN) == "from 0.4883 on"
    assert rule_text(RULES[("a",)]).text(Language.EN) == "from 0.2441 on with chance 0.2500; from 0.7324 on"
