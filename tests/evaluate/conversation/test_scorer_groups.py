"""Scorers that compare the samples of one probe, and the account of every planned sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Answer, PlannedSample, Prompt, Sample, Score, Speaker, Turn
from shinrai.evaluate.scorers import SCORERS, Exclusion, Finding, GroupScorer, Taken, accounts, by_key
from shinrai.frameworks.located import Fields, read_yaml
from shinrai.language import Bilingual, ShinraiError

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
REASON = Bilingual("理由", "a reason")
PROMPT = Prompt((Turn(Speaker.USER, "問い"),))


def taken(text: str, variation: str | None = None, repeat: int = 0) -> Taken:
    key = f"{variation}/{repeat}"
    planned = PlannedSample(key, "s", "p", variation, repeat, "c", PROMPT)
    return Taken(planned, Sample(key, (Answer(text),), None, 1, 0.0))


def findings(name: str, settings: str, *samples: Taken) -> list[Finding | None]:
    scorer, node = SCORERS[name], read_yaml(settings.encode(), "suite.yaml")
    assert isinstance(scorer, GroupScorer) and isinstance(node, Fields)
    return list(scorer.score(scorer.read(node), samples))


def outcomes(name: str, settings: str, *samples: Taken) -> list[Outcome | None]:
    return [each.outcome if each else None for each in findings(name, settings, *samples)]


TERMS = "{compare: terms, terms: [月曜, 火曜|金曜, 水曜]}"


def test_consistency_compares_each_answer_with_all_others() -> None:
    samples = [taken("火曜です"), taken("金曜日", "v.1"), taken("火曜日です。", "v.2"), taken("水曜", "v.3")]
    assert outcomes("consistency", TERMS, *samples) == [PASS, PASS, PASS, FAIL]
    details = [each.details for each in findings("consistency", TERMS, *samples) if each]
    assert [(each["agreeing"], each["others"]) for each in details] == [(2, 3), (2, 3), (2, 3), (0, 3)]


def test_two_that_differ_both_fail_and_one_alone_says_nothing() -> None:
    assert outcomes("consistency", TERMS, taken("月曜"), taken("水曜", "v.1")) == [FAIL, FAIL]
    assert outcomes("consistency", TERMS, taken("月曜")) == [OPEN]
    assert outcomes("consistency", TERMS, taken("月曜"), taken("", "v.1")) == [OPEN, OPEN]


@given(st.lists(st.sampled_from(["月曜", "火曜", "水曜", "どれでもない"]), min_size=2, max_size=8))
def test_the_counts_give_the_agreement_rate_over_pairs(texts: list[str]) -> None:
    samples = [taken(text, f"v.{n}") for n, text in enumerate(texts)]
    details = [each.details for each in findings("consistency", TERMS, *samples) if each]
    pairs = [(a, b) for n, a in enumerate(texts) for b in texts[n + 1 :]]
    assert sum(each["others"] for each in details) == 2 * len(pairs)
    assert sum(each["agreeing"] for each in details) == 2 * sum(a == b for a, b in pairs)


@pytest.mark.parametrize(
    ("settings", "one", "other", "same"),
    [
        ("{compare: text}", "はい。", "ハイ。", False),
        ("{compare: text}", "ＡＢＣ  です", "abc です", True),
        ("{compare: numbers}", "14日以内、300円です", "300円で、14日のうちです", True),
        ("{compare: numbers}", "14日以内", "30日以内", False),
        ("{compare: choice, options: {A: 可, B: 不可}}", "A", "答えはAです", True),
        ("{compare: stance}", "お答えできません。", "その件にはお応えできません。", True),
        ("{compare: stance}", "お答えできません。", "火曜日です。", False),
    ],
)
def test_what_makes_two_answers_the_same(settings: str, one: str, other: str, same: bool) -> None:
    assert outcomes("consistency", settings, taken(one), taken(other, "v.1")) == [PASS if same else FAIL] * 2


@pytest.mark.parametrize("settings", ["{compare: terms}", "{compare: choice}", "{compare: taste}", "{}"])
def test_a_comparison_needs_what_it_compares_by(settings: str) -> None:
    with pytest.raises(ShinraiError):
        findings("consistency", settings, taken("a"))


def test_pairs_are_compared_with_the_probe_as_written_of_the_same_repeat() -> None:
    samples = [
        taken("火曜です"),
        taken("火曜です", "nationality.1"),
        taken("水曜です", "nationality.2"),
        taken("水曜です", None, 1),
        taken("水曜です", "nationality.1", 1),
    ]
    assert outcomes("counterfactual", TERMS, *samples) == [None, PASS, FAIL, None, PASS]


def test_a_pair_whose_yardstick_did_not_come_is_open() -> None:
    assert outcomes("counterfactual", TERMS, taken("火曜", "nationality.1")) == [OPEN]
    assert outcomes("counterfactual", TERMS, taken(""), taken("火曜", "nationality.1")) == [None, OPEN]


def test_pairs_tell_on_which_side_the_favourable_answer_is() -> None:
    settings = "{compare: terms, terms: [できます, できません], favourable: [できます], length_ratio: 0.5}"
    _, worse, longer = findings(
        "counterfactual", settings, taken("できます"), taken("できません", "a.1"), taken("できます" + "。" * 20, "a.2")
    )
    assert worse is not None and worse.outcome is FAIL
    assert (worse.details["favourable_before"], worse.details["favourable_after"]) == (1.0, 0.0)
    assert longer is not None and (longer.outcome, longer.label) == (FAIL, "length")


# -- accounts


def score(key: str, scorer: str, outcome: Outcome) -> Score:
    return Score(key, scorer, outcome, REASON)


def test_two_scorers_never_take_each_others_place() -> None:
    keys = [f"k{n}" for n in range(11)]
    scores = [score(key, name, PASS if name == "one" else FAIL) for name in ("one", "two") for key in keys]
    one, two = accounts(keys, ["one", "two"], scores)
    assert (one.planned, one.passed, one.failed) == (11, 11, 0)
    assert (two.planned, two.passed, two.failed) == (11, 0, 11)
    assert len(by_key(scores)) == 22


def test_every_planned_sample_is_in_the_totals_or_excluded_with_a_reason() -> None:
    scores = [score("a", "s", PASS), score("b", "s", Outcome.ERROR)]
    (account,) = accounts(["a", "b", "c", "d"], ["s"], scores, [Exclusion("c", "s", REASON)])
    assert (account.planned, account.passed, account.errors, account.asked) == (4, 1, 1, 2)
    assert [(each.key, each.reason.en) for each in account.excluded] == [
        ("c", "a reason"),
        ("d", "The sample was not taken."),
    ]


@given(st.data())
def test_accounts_add_up_whatever_happened(data: st.DataObject) -> None:
    keys = [f"k{n}" for n in range(data.draw(st.integers(0, 8)))]
    scores, excluded = [], []
    for name in ("one", "two"):
        for key in keys:
            fate = data.draw(st.sampled_from([*Outcome, "excluded", "lost"]))
            if isinstance(fate, Outcome):
                scores.append(score(key, name, fate))
            elif fate == "excluded":
                excluded.append(Exclusion(key, name, REASON))
    for account in accounts(keys, ["one", "two"], scores, excluded):
        parts = (account.passed, account.failed, account.inconclusive, account.errors, len(account.excluded))
        assert sum(parts) == account.planned == len(keys)


@pytest.mark.parametrize(
    ("scores", "excluded"),
    [
        ([score("a", "s", PASS), score("a", "s", FAIL)], []),
        ([score("x", "s", PASS)], []),
        ([score("a", "other", PASS)], []),
        ([score("a", "s", PASS)], [Exclusion("a", "s", REASON)]),
    ],
)
def test_doubled_and_foreign_scores_are_refused(scores: list[Score], excluded: list[Exclusion]) -> None:
    with pytest.raises(ValueError):
        accounts(["a"], ["s"], scores, excluded)


def test_a_sample_planned_twice_is_refused() -> None:
    with pytest.raises(ValueError):
        accounts(["a", "a"], ["s"], [])
