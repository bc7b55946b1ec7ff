"""Two answers in both orders, and several judges on one answer."""

from dataclasses import replace
from pathlib import Path

import pytest

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.scorers.judge import Judge
from shinrai.evaluate.scorers.judge_asking import Defendant, ask, ask_pairs
from shinrai.evaluate.scorers.judge_pairwise import Pair, PairJudgement, Preferred, plan_pairs
from shinrai.evaluate.scorers.judge_panel import panel
from shinrai.evaluate.scorers.judge_prompt import MAX_JUDGED
from shinrai.evaluate.scorers.judge_verdict import Flaw, NoVerdict
from shinrai.evaluate.statistics.agreement import Agreement

NOBODY = Defendant(None)
PAIR = Pair("k", "窓口の番号を答える。", "user: どこですか。", "3番窓口です。", "わかりません。", "ja")


def compared(judge: Judge, settings, folder: Path, pair: Pair = PAIR) -> PairJudgement:
    [found] = ask_pairs(judge, [pair], NOBODY, folder / "pairs.journal", settings).judgements
    return found


def by_number(asked) -> str:
    numbered = ["3番" in asked.block(name) for name in ("FIRST", "SECOND")]
    return asked.preference("neither" if numbered[0] == numbered[1] else "first" if numbered[0] else "second")


def test_what_a_judge_says_in_both_orders_counts(serve, settings, tmp_path) -> None:
    endpoint = serve(by_number)
    found = compared(endpoint.judge(), settings, tmp_path)
    assert (found.score.outcome, found.score.label) == (Outcome.PASS, "candidate")
    assert {asked.block("FIRST") for asked in endpoint.asked} == {PAIR.candidate, PAIR.reference}
    turned = Pair("t", PAIR.requirement, PAIR.conversation, PAIR.reference, PAIR.candidate, "ja")
    (tmp_path / "t").mkdir()
    assert compared(endpoint.judge(), settings, tmp_path / "t", turned).score.outcome is Outcome.FAIL


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_judge_that_follows_the_place_is_inconclusive(serve, settings, tmp_path, place) -> None:
    found = compared(serve(lambda asked: asked.preference(place)).judge(repeats=3), settings, tmp_path)
    assert (found.score.outcome, found.score.label) == (Outcome.INCONCLUSIVE, "order")
    assert found.score.details["order"] == 3


def test_equal_answers_are_neither(serve, settings, tmp_path) -> None:
    same = Pair("s", PAIR.requirement, "", PAIR.candidate, PAIR.candidate, "ja")
    found = compared(serve(by_number).judge(), settings, tmp_path, same)
    assert (found.score.outcome, found.score.label) == (Outcome.INCONCLUSIVE, "neither")
    assert len({each.key for each in plan_pairs(serve(by_number).judge(), [same])}) == 2


@pytest.mark.parametrize("failing", ["FIRST", "SECOND"])
def test_one_order_without_a_verdict_makes_the_vote_an_error(serve, settings, tmp_path, failing) -> None:
    def half(asked) -> str:
        return "A is better" if asked.block(failing) == PAIR.candidate else by_number(asked)

    found = compared(serve(half).judge(), settings, tmp_path)
    assert found.score.outcome is Outcome.ERROR
    said = found.votes[0].preferred
    assert isinstance(said, NoVerdict) and said.flaw is Flaw.NOT_ONE_OBJECT


def test_a_dead_judge_of_pairs_is_an_error(serve, settings, tmp_path) -> None:
    endpoint = serve(by_number)
    endpoint.dead = True
    assert compared(endpoint.judge(), settings, tmp_path).score.outcome is Outcome.ERROR


def test_a_judge_that_changes_its_mind_about_a_pair_is_inconclusive(serve, settings, tmp_path) -> None:
    def moody(asked) -> str:
        return by_number(asked) if asked.seen_before else asked.preference("neither")

    one_by_one = replace(settings, most_in_flight=1)
    found = compared(serve(moody).judge(repeats=2), one_by_one, tmp_path)
    assert (found.score.outcome, found.score.label) == (Outcome.INCONCLUSIVE, Preferred.ORDER.value)
    assert "contradicts" in found.score.reason.en


def test_a_pair_that_is_too_long_is_an_error_and_equal_keys_are_refused(serve, settings, tmp_path) -> None:
    judge = serve(by_number).judge()
    long = Pair("l", PAIR.requirement, "", "長" * MAX_JUDGED, "", "ja")
    assert compared(judge, settings, tmp_path, long).score.outcome is Outcome.ERROR
    with pytest.raises(ValueError, match="same key"):
        plan_pairs(judge, [PAIR, PAIR])


def sitting(serve, judged, settings, folder: Path, *behaviours):
    answers = [judged("3番窓口です。", "a"), judged("わかりません。", "b"), judged("3番窓口かもしれません。", "c")]
    members = {}
    for number, behaviour in enumerate(behaviours):
        judge = serve(behaviour, model=f"judge-{number}").judge()
        members[f"j{number}"] = ask(judge, answers, NOBODY, folder / f"{number}.journal", settings).judgements
    return panel(members, "panel")


def test_a_panel_follows_its_majority_and_sends_disagreement_to_a_person(
    serve, fair, judged, settings, tmp_path
) -> None:
    def stern(asked) -> str:
        return asked.verdict("not_met") if "かも" in asked.answer else fair(asked)

    found = sitting(serve, judged, settings, tmp_path, fair, fair, stern)
    assert [each.score.outcome for each in found.judgements] == [Outcome.PASS, Outcome.FAIL, Outcome.PASS]
    assert [each.key for each in found.for_review] == ["c"]
    assert found.agreement.differing == ("c",)
    assert isinstance(found.agreement.agreement, Agreement)
    assert [each.judges for each in found.pairs] == [("j0", "j1"), ("j0", "j2"), ("j1", "j2")]
    assert isinstance(found.pairs[0].kappa, Agreement) and found.pairs[0].kappa.value == 1
    assert found.pairs[0].kappa.n == 3 and found.pairs[0].kappa.interval.low < 1


def test_a_tie_is_inconclusive_and_a_silent_half_is_an_error(serve, fair, judged, settings, tmp_path) -> None:
    tied = sitting(serve, judged, settings, tmp_path, fair, lambda asked: asked.verdict("not_met"))
    assert [each.score.outcome for each in tied.judgements] == [
        Outcome.INCONCLUSIVE,
        Outcome.FAIL,
        Outcome.INCONCLUSIVE,
    ]
    assert {each.key for each in tied.for_review} == {"a", "c"}
    (tmp_path / "s").mkdir()
    silent = sitting(serve, judged, settings, tmp_path / "s", fair, lambda _: "no")
    assert {each.score.outcome for each in silent.judgements} == {Outcome.ERROR}
    assert len(silent.for_review) == 3 and len(silent.agreement.single) == 3


def test_a_panel_that_cannot_tell_is_looked_at_by_a_person(serve, judged, settings, tmp_path) -> None:
    unsure = [lambda asked: asked.verdict("cannot_tell")] * 2
    found = sitting(serve, judged, settings, tmp_path, *unsure)
    assert {each.score.outcome for each in found.judgements} == {Outcome.INCONCLUSIVE}
    assert len(found.for_review) == 3


def test_a_panel_needs_two_judges_on_the_same_answers(serve, fair, judged, settings, tmp_path) -> None:
    judge = serve(fair).judge()
    one = ask(judge, [judged("x", "a")], NOBODY, tmp_path / "1", settings).judgements
    other = ask(judge, [judged("x", "b")], NOBODY, tmp_path / "2", settings).judgements
    for members in ({"j": one}, {"j": one, "k": other}, {"j": one, "k": ()}):
        with pytest.raises(ValueError, match="a panel needs"):
            panel(members, "panel")
