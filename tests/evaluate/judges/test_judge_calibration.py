"""A judge measured against people: what its verdicts are worth, when that lapses, and what it does to a rate."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.scorers.judge import Judge, Judgement
from shinrai.evaluate.scorers.judge_asking import Defendant, ask
from shinrai.evaluate.scorers.judge_calibration import (
    Calibration,
    Label,
    LanguageCalibration,
    calibration_of,
    why_lapsed,
    why_uncalibrated,
)
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.scorers.judge_rate import judged_measurement, judged_rates, reviewed_rate
from shinrai.evaluate.scorers.judge_record import calibration_statement, judgement_json, read_calibration
from shinrai.evaluate.scorers.judge_verdict import Word
from shinrai.evaluate.scorers.judge_waiver import Waiver
from shinrai.evaluate.statistics.agreement import Agreement
from shinrai.evaluate.statistics.judge_correction import Corrected, Labelled, Rate
from shinrai.evaluate.statistics.prediction_powered import Powered
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Bilingual, Language, ShinraiError, message
from shinrai_verify.dsse import Envelope, Signature
from shinrai_verify.keys import keyid

NOBODY = Defendant(None)
DAY = date(2026, 11, 20)
UNTIL = date(2027, 11, 20)
GOOD, BAD = "3番窓口です。", "わかりません。"
AT_LEAST = Rule(Comparison.AT_LEAST, 0.5)


def answers(good: int, bad: int, language: str = "ja", start: str = "") -> list[Judged]:
    texts = [GOOD] * good + [BAD] * bad
    return [Judged(f"{start}{n}", "番号を答える。", "", text, language) for n, text in enumerate(texts)]


def labels_of(judged: Sequence[Judged]) -> list[Label]:
    words = [Word.MET if each.answer == GOOD else Word.NOT_MET for each in judged]
    return [Label(each.key, each.language, word, (word, word)) for each, word in zip(judged, words, strict=True)]


def calibrated(
    judge: Judge, judged: list[Judged], settings, path: Path, labels: list[Label] | None = None
) -> Calibration:
    found = ask(judge, judged, NOBODY, path, settings).judgements
    return calibration_of(
        judge,
        labels or labels_of(judged),
        found,
        labels_sha256="0" * 64,
        labellers=2,
        made_on=DAY,
        valid_until=UNTIL,
    )


def errs(every: int):
    """A judge that is wrong on one in so many answers."""

    def behave(asked) -> str:
        errs.count += 1
        right = "3番窓口" in asked.answer
        return asked.verdict("met" if right != (errs.count % every == 0) else "not_met")

    errs.count = 0
    return behave


def test_a_calibration_holds_counts_by_language_and_what_people_agree_on(serve, fair, settings, tmp_path) -> None:
    judge = serve(fair).judge()
    judged = answers(6, 4) + answers(3, 2, "en", "en")
    labels = labels_of(judged)
    labels[0] = Label("0", "ja", None, (Word.MET, Word.NOT_MET))
    labels[1] = Label("1", "ja", Word.CANNOT_TELL, (Word.CANNOT_TELL,))
    found = calibrated(judge, judged, settings, tmp_path / "j", labels)
    assert found.languages == (
        LanguageCalibration("en", Labelled(3, 0, 0, 2), 0, 0, 0),
        LanguageCalibration("ja", Labelled(4, 0, 0, 4), 0, 0, 0),
    )
    assert (found.disputed, found.unsettled, found.models) == (1, 1, ("judge-1",))
    assert found.together == ((7, 1, 0), (0, 6, 0), (0, 0, 0))
    agreed = found.people_agree()
    assert isinstance(agreed, Agreement) and agreed.n == 14
    rates = found.languages[1].rates()
    assert isinstance(rates.sensitivity, Rate) and rates.sensitivity.interval.low < 0.6
    assert isinstance(rates.base_rate, Rate) and rates.base_rate.value == 0.5
    assert found.languages[1].asked == 8


def test_a_judge_that_always_says_met_is_exposed_and_decides_nothing(serve, settings, tmp_path) -> None:
    judge = serve(lambda asked: asked.verdict("met")).judge()
    found = calibrated(judge, answers(40, 40), settings, tmp_path / "j")
    rates = found.languages[0].rates()
    assert isinstance(rates.sensitivity, Rate) and isinstance(rates.specificity, Rate)
    assert (rates.sensitivity.value, rates.specificity.value) == (1.0, 0.0)
    assert isinstance(rates.kappa, Agreement) and rates.kappa.value == 0
    assert not rates.informative
    why = why_uncalibrated(found, judge, ["judge-1"], "ja", DAY)
    assert why is not None and "better than chance" in why.text(Language.EN)


def test_what_the_judge_does_not_decide_is_counted_beside_the_table(serve, settings, tmp_path) -> None:
    def behave(asked) -> str:
        if asked.answer == BAD:
            return "no verdict"
        return asked.verdict("met" if asked.seen_before % 2 else "not_met")

    judge = serve(behave).judge(repeats=2)
    [language] = calibrated(judge, answers(3, 2), settings, tmp_path / "j").languages
    assert language == LanguageCalibration("ja", Labelled(0, 0, 0, 0), 3, 2, 3)
    assert (language.errors, language.asked) == (2, 5)


def test_labels_and_judgements_have_to_belong_together(serve, fair, settings, tmp_path) -> None:
    endpoint = serve(fair)
    found = ask(endpoint.judge(), answers(1, 1), NOBODY, tmp_path / "j", settings).judgements
    about: dict[str, Any] = {"labels_sha256": "0" * 64, "labellers": 1, "made_on": DAY, "valid_until": UNTIL}
    with pytest.raises(ValueError, match="not of these"):
        calibration_of(endpoint.judge(), labels_of(answers(1, 0)), found, **about)
    with pytest.raises(ValueError, match="not of these"):
        calibration_of(endpoint.judge(repeats=3), labels_of(answers(1, 1)), found, **about)
    with pytest.raises(ValueError, match="0 or more"):
        LanguageCalibration("ja", Labelled(0, 0, 0, 0), -1, 0, 0)
    # An answer that was not judged at all is an answer without a verdict.
    [language] = calibration_of(endpoint.judge(), labels_of(answers(2, 1)), found, **about).languages
    assert language.errors == 1


@pytest.fixture
def known(serve, fair, settings, tmp_path) -> tuple[Judge, Calibration]:
    judge = serve(fair).judge()
    return judge, calibrated(judge, answers(20, 20), settings, tmp_path / "known")


def test_a_calibration_lapses_with_the_model_the_prompt_the_settings_and_the_day(known, serve, fair) -> None:
    judge, calibration = known
    assert why_lapsed(calibration, judge, ["judge-1"], DAY) is None
    assert why_lapsed(calibration, judge, ["judge-1"], UNTIL) is None
    cases = {
        "model has changed": (judge, ["judge-2"], DAY),
        "model has changed since it was calibrated: judge-1 → judge-1, judge-2": (judge, ["judge-2", "judge-1"], DAY),
        "instructions have changed": (replace(judge, language=Language.JA), ["judge-1"], DAY),
        "settings have changed": (replace(judge, repeats=3), ["judge-1"], DAY),
        "endpoint or settings": (serve(fair).judge(), ["judge-1"], DAY),
        "valid until 2027-11-20": (judge, ["judge-1"], date(2027, 11, 21)),
        "made later": (judge, ["judge-1"], date(2026, 11, 19)),
    }
    for said, given in cases.items():
        why = why_lapsed(calibration, *given)
        assert why is not None and said in why.text(Language.EN)
    forged = why_lapsed(replace(calibration, identity="f" * 64), judge, ["judge-1"], DAY)
    assert forged is not None and "another judge" in forged.text(Language.EN)


def test_a_judge_is_calibrated_for_a_language_or_not_at_all(known) -> None:
    judge, calibration = known
    assert why_uncalibrated(calibration, judge, ["judge-1"], "ja", DAY) is None
    for given, said in (
        ((None, judge, ["judge-1"], "ja", DAY), "not calibrated."),
        ((calibration, judge, ["judge-1"], "en", DAY), "language en"),
        ((calibration, judge, ["other"], "ja", DAY), "model has changed"),
    ):
        why = why_uncalibrated(*given)
        assert why is not None and said in why.text(Language.EN)
    one_sided = replace(calibration, languages=(LanguageCalibration("ja", Labelled(5, 0, 0, 0), 0, 0, 0),))
    why = why_uncalibrated(one_sided, judge, ["judge-1"], "ja", DAY)
    assert why is not None and "specificity is unknown" in why.text(Language.EN)


KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
TRUSTED = {keyid(PUBLIC): PUBLIC}
RECORD = Calibration(
    judge="clerk",
    identity="1" * 64,
    prompt="2" * 64,
    settings="3" * 64,
    models=("", "judge-1"),
    languages=(
        LanguageCalibration("en", Labelled(1, 2, 3, 4), 5, 6, 7),
        LanguageCalibration("ja", Labelled(20, 0, 0, 20), 0, 0, 0),
    ),
    labels="4" * 64,
    labellers=2,
    disputed=1,
    unsettled=2,
    together=((9, 1, 0), (2, 8, 0), (0, 0, 3)),
    made_on=DAY,
    valid_until=UNTIL,
)


def signed(payload: bytes) -> bytes:
    bare = Envelope(payload, ())
    return Envelope(payload, (Signature(keyid(PUBLIC), KEY.sign(bare.pae)),)).to_bytes()


def test_a_signed_calibration_is_read_back_as_it_was() -> None:
    data = signed(calibration_statement(RECORD).to_bytes())
    assert read_calibration(data, "c.json", TRUSTED) == RECORD


def test_a_calibration_that_nobody_trusted_signed_or_that_was_changed_is_refused() -> None:
    payload = calibration_statement(RECORD).to_bytes()
    data = signed(payload)
    changed = Envelope(payload.replace(b'"missed":2', b'"missed":1'), Envelope.from_bytes(data, "c").signatures)
    for content, trusted in ((data, {}), (changed.to_bytes(), TRUSTED)):
        with pytest.raises(ShinraiError, match="not signed by a key"):
            read_calibration(content, "c.json", trusted)


@pytest.mark.parametrize(
    "change",
    [
        {"languages": None},
        {"languages": [1]},
        {"together": [[1, 2], [3, 4]]},
        {"together": [["1", 2, 3]] * 3},
        {"models": [1]},
        {"models": "m"},
        {"labellers": -1},
        {"labellers": True},
        {"madeOn": "yesterday"},
        {"prompt": "short"},
    ],
)
def test_a_statement_that_is_no_calibration_is_refused(change) -> None:
    record = json.loads(calibration_statement(RECORD).to_bytes())
    record["predicate"] |= change
    with pytest.raises(ShinraiError, match="no calibration of a judge"):
        read_calibration(signed(json.dumps(record).encode()), "c.json", TRUSTED)


def test_other_files_are_no_calibration() -> None:
    record = json.loads(calibration_statement(RECORD).to_bytes())
    twice = record | {"predicate": record["predicate"] | {"languages": record["predicate"]["languages"] * 2}}
    other = record | {"predicateType": "https://example.com/other"}
    for data in (b"", b"{}", b"x" * 2_000_000, signed(json.dumps(twice).encode()), signed(json.dumps(other).encode())):
        with pytest.raises(ShinraiError, match="no calibration of a judge"):
            read_calibration(data, "c.json", TRUSTED)


def measured(judge: Judge, judged: list[Judged], calibration: Calibration | None, settings, path: Path, **given: Any):
    run = ask(judge, judged, NOBODY, path, settings)
    [rate] = judged_rates(judge, run.judgements, run.models, calibration, DAY, given.pop("clusters", None))
    given = {"rule": AT_LEAST, "decisive": True, **given}
    title = message("The answer is JSON.")
    return rate, judged_measurement(rate, calibration, target="desk", check="judge", title=title, **given)


def test_a_calibrated_judge_decides_with_a_widened_interval(serve, settings, tmp_path) -> None:
    endpoint = serve(errs(10))
    judge, alone = endpoint.judge(), replace(settings, most_in_flight=1)
    calibration = calibrated(judge, answers(100, 100), alone, tmp_path / "c")
    rate, measurement = measured(judge, answers(180, 20, start="m"), calibration, alone, tmp_path / "m")
    assert isinstance(rate.corrected, Corrected) and rate.doubt is None
    seen = rate.corrected.seen
    assert rate.corrected.value > seen.value
    assert rate.corrected.interval.low <= 0.9 <= rate.corrected.interval.high
    assert measurement.high - measurement.low > seen.interval.high - seen.interval.low
    assert measurement.outcome is Outcome.PASS and measurement.n == 200
    assert measurement.coverage.used == measurement.coverage.asked == 200
    assert measurement.counts["calibration_found"] == calibration.languages[0].labelled.found
    assert "judge itself found" in measurement.findings[0].en
    strict = judged_measurement(
        rate,
        calibration,
        target="d",
        check="j",
        title=message("The answer is JSON."),
        rule=Rule(Comparison.AT_LEAST, 0.91),
        decisive=True,
    )
    assert strict.outcome is Outcome.INCONCLUSIVE and strict.reason is not None


def test_an_uncalibrated_judge_is_marked_and_decides_nothing(serve, fair, settings, tmp_path) -> None:
    rate, measurement = measured(serve(fair).judge(), answers(200, 0), None, settings, tmp_path / "m")
    assert rate.corrected is None
    assert measurement.value == 1.0 and measurement.outcome is Outcome.INCONCLUSIVE
    assert "not calibrated" in measurement.reason.en and "decide nothing" in measurement.reason.en
    assert "not corrected" in measurement.method and "Not corrected" in measurement.findings[0].en
    assert "calibration_found" not in measurement.counts


def test_a_judge_without_a_verdict_is_an_error_and_a_silent_part_is_coverage(serve, settings, tmp_path) -> None:
    _, dead = measured(serve(lambda _: "no").judge(), answers(3, 3), None, settings, tmp_path / "d")
    assert dead.outcome is Outcome.ERROR and dead.value is None and dead.low is None and dead.n == 0
    assert dead.coverage.asked == 6

    def partly(asked) -> str:
        return asked.verdict("met") if asked.answer == GOOD else asked.verdict("cannot_tell")

    _, part = measured(serve(partly).judge(), answers(3, 3), None, settings, tmp_path / "p")
    assert (part.n, part.coverage.asked, part.counts["undecided"]) == (3, 6, 3)
    _, unsure = measured(
        serve(lambda asked: asked.verdict("cannot_tell")).judge(), answers(2, 2), None, settings, tmp_path / "u"
    )
    assert unsure.outcome is Outcome.INCONCLUSIVE and unsure.value is None


def test_more_answers_are_asked_for_only_where_they_would_decide(known, settings, tmp_path) -> None:
    judge, calibration = known
    _, near = measured(judge, answers(11, 9, start="n"), calibration, settings, tmp_path / "n", rule=AT_LEAST)
    assert near.outcome is Outcome.INCONCLUSIVE and near.needed_n is None
    assert "more labels" in near.reason.en
    _, enough = measured(judge, answers(14, 6, start="e"), calibration, settings, tmp_path / "e", rule=AT_LEAST)
    assert enough.outcome is Outcome.INCONCLUSIVE and enough.needed_n is not None and enough.needed_n > 20
    _, free = measured(judge, answers(14, 6, start="f"), calibration, settings, tmp_path / "f", rule=None)
    assert free.outcome is Outcome.INCONCLUSIVE and "informs" in free.reason.en


def test_a_run_that_the_calibration_does_not_fit_has_no_number(known, settings, tmp_path) -> None:
    judge, calibration = known
    poor = replace(calibration, languages=(LanguageCalibration("ja", Labelled(300, 700, 100, 900), 0, 0, 0),))
    rate, measurement = measured(judge, answers(400, 0, start="o"), poor, settings, tmp_path / "o")
    assert rate.corrected is Undefined.OUTSIDE_JUDGE
    assert measurement.value is None and measurement.outcome is Outcome.INCONCLUSIVE


def test_samples_of_one_scenario_count_as_what_they_say(known, settings, tmp_path) -> None:
    judge, calibration = known
    judged = answers(30, 10, start="k")
    clusters = {each.key: str(n // 10) for n, each in enumerate(judged)}
    _, apart = measured(judge, judged, calibration, settings, tmp_path / "a")
    _, together = measured(judge, judged, calibration, settings, tmp_path / "b", clusters=clusters)
    assert together.low < apart.low
    one = dict.fromkeys(clusters, "all")
    _, single = measured(judge, judged, calibration, settings, tmp_path / "c", clusters=one)
    assert single.outcome is Outcome.INCONCLUSIVE and single.value is None


def test_languages_are_told_apart_and_a_waiver_is_shown(known, settings, tmp_path) -> None:
    judge, calibration = known
    run = ask(judge, answers(5, 5) + answers(5, 5, "en", "e"), NOBODY, tmp_path / "l", settings)
    english, japanese = judged_rates(judge, run.judgements, run.models, calibration, DAY)
    assert english.doubt is not None and japanese.doubt is None
    waiver = Waiver(Bilingual(ja="一つしかない。", en="There is one only."), "山田 花子")
    title = message("The answer is JSON.")
    shown = judged_measurement(
        japanese, calibration, target="d", check="j", title=title, rule=None, decisive=False, waiver=waiver
    )
    assert any("山田 花子" in each.en and "one only" in each.en for each in shown.findings)
    assert any("一つしかない" in each.ja for each in shown.findings)


def test_a_random_part_that_people_labelled_corrects_a_poor_judge(serve, settings, tmp_path) -> None:
    judge = serve(lambda asked: asked.verdict("met")).judge()
    judged = answers(60, 140)
    found = ask(judge, judged, NOBODY, tmp_path / "j", settings).judgements
    people = {each.key: Word.MET if each.answer == GOOD else Word.NOT_MET for each in judged[::4]}
    people["1"] = Word.CANNOT_TELL
    rate = reviewed_rate(found, people)
    assert isinstance(rate, Powered)
    assert rate.interval.low <= 0.3 <= rate.interval.high < 0.6
    assert (rate.n_labelled, rate.n_judged) == (50, 150)
    everyone = {each.key: Word.MET for each in judged}
    assert reviewed_rate(found, everyone) is Undefined.NO_SAMPLES
    with pytest.raises(ValueError, match="finite"):
        reviewed_rate(found, people, design_effect=float("inf"))


def test_a_judgement_keeps_every_vote_beside_the_answer(serve, judged, settings, tmp_path) -> None:
    def behave(asked) -> str:
        return asked.verdict("met", ("3番窓口",)) if asked.seen_before else "\x1b[31mno"

    [found] = ask(
        serve(behave).judge(repeats=3), [judged("3番窓口です。")], NOBODY, tmp_path / "j", settings
    ).judgements
    assert isinstance(found, Judgement)
    written = judgement_json(found, review=True)
    assert json.loads(json.dumps(written)) == written
    assert sorted("error" in vote for vote in written["votes"]) == [False, False, True]
    assert written["outcome"] == "pass" and written["review"] is True
    assert "\x1b" not in json.dumps(written, ensure_ascii=False)
