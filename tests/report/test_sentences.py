import pytest

from shinrai.language import Language
from shinrai.report.sentences import measurement_sentence, titled_sentence
from shinrai.report.words import cause_words, word

from .sample import MEASUREMENTS

BY_ID = {record.id: record for record in MEASUREMENTS}
GAP = BY_ID["loans.group_fairness.sex.tpr.difference"]
EN, JA = Language.EN, Language.JA


def test_a_pass_tells_value_interval_n_and_limit() -> None:
    shown = measurement_sentence(BY_ID["loans.performance.all.accuracy"], EN).text(EN)
    assert shown == (
        "91.2% (95% interval 89.3% to 92.8%, n = 989); limit: at least 87.7%. The whole interval is within the limit."
    )


def test_inconclusive_says_which_n_would_decide_if_one_would() -> None:
    assert "about n = 2,210 would be expected" in measurement_sentence(GAP, EN).text(EN)
    endless = measurement_sentence(GAP.model_copy(update={"needed_n": None}), EN).text(EN)
    assert endless.endswith("The interval does not settle it.")


def test_an_error_and_an_undefined_value_are_no_numbers() -> None:
    wrong = BY_ID["loans.calibration.sex.gap"]
    assert measurement_sentence(wrong, JA).text(JA).startswith("測定はエラーで終了しました。列「score」")
    undefined = wrong.model_copy(update={"outcome": "inconclusive", "reason": None})
    assert measurement_sentence(undefined, EN).text(EN) == "No value could be computed: no reason was recorded."


def test_a_number_without_a_limit_informs_only() -> None:
    assert "informs only" in measurement_sentence(BY_ID["loans.performance.all.auc"], EN).text(EN)


def test_what_has_expired_says_so_first() -> None:
    shown = titled_sentence(BY_ID["loans.data_quality.all.missing"], EN).text(EN)
    assert shown.startswith("Share of missing values: expired on 31 October 2026; at that time: 0.04%")


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("host:a1", "the same machine (a1)"),
        ("operator", "the same operator"),
        ("family:", "the same model family"),
        ("weather:rain", "weather:rain"),
    ],
)
def test_shared_causes_in_words(cause: str, words: str) -> None:
    assert cause_words(cause).text(EN) == words


def test_a_value_without_a_word_stands_for_itself() -> None:
    assert word({}, "new").text(JA) == "new"
