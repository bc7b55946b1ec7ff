"""Variation operators: what they change, what they leave alone, and that they are the same everywhere."""

import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.suites.variations import OPERATORS, Draws, Said, Varied, variations
from shinrai.evaluate.suites.variations.encodings import Encoding, decoded, encoded
from shinrai.evaluate.suites.variations.english import English, change_case
from shinrai.evaluate.suites.variations.era import ERAS, to_era, to_western
from shinrai.evaluate.suites.variations.typos import Slip, Typos, slipped
from shinrai.evaluate.suites.variations.width import Signs, Width, Widths, change_width
from shinrai.evaluate.suites.variations.wording import Register, change_register
from shinrai.frameworks.located import Fields, read_yaml
from shinrai.language import ShinraiError

QUESTION = "令和7年4月1日に引っ越しました。住民票の写しの手数料はいくらですか。窓口は8時30分に開きますか。"
SETTINGS = {
    "paraphrase": "{}",
    "typos": "{edits: 2, ways: 3}",
    "kana": "{readings: {住民票: じゅうみんひょう, 手数料: てすうりょう}}",
    "width": "{to: full}",
    "era": "{to: western}",
    "register": "{to: plain}",
    "english": "{change: typos}",
    "context": "{before: [雨ですね。, 晴れですね。], after: [急ぎません。], ways: 2}",
    "encoding": "{encodings: [base64, rot13, hex, full_width, zero_width, spaced, backwards, tags]}",
    "attribute": "{attribute: gender, values: [男性, 女性]}",
}


def made(name: str, said: Said, settings: str | None = None, seed: int = 0, most: int = 20) -> list[Varied]:
    node = read_yaml((settings or SETTINGS[name]).encode(), "suite.yaml")
    assert isinstance(node, Fields)
    return list(variations(OPERATORS[name], OPERATORS[name].read(node), said, Draws("test", seed), most))


def asked(text: str) -> Said:
    return Said((text,), 0)


def test_every_operator_has_settings_here() -> None:
    assert set(SETTINGS) == set(OPERATORS)


@pytest.mark.parametrize("name", list(OPERATORS))
@given(
    text=st.text(max_size=80) | st.sampled_from([QUESTION, "How do I register my seal?", "私は男性です。"]),
    seed=st.integers(0, 3),
)
def test_what_is_yielded_is_changed_different_and_says_what_changed(name: str, text: str, seed: int) -> None:
    said = Said((text, "次の問い"), 0, (text + "。", text))
    found = made(name, said, seed=seed)
    texts = [each.texts for each in found]
    assert said.texts not in texts
    assert len(set(texts)) == len(texts)
    for each in found:
        assert len(each.texts) == 2 and each.changes
        assert all(len(change.before) <= 80 and len(change.after) <= 80 for change in each.changes)
        assert all(change.before != change.after or len(change.before) == 80 for change in each.changes)
    assert made(name, said, seed=seed) == found


@pytest.mark.parametrize("name", list(OPERATORS))
def test_a_setting_that_no_operator_reads_is_refused(name: str) -> None:
    with pytest.raises(ShinraiError, match="nonsense"):
        made(name, asked(QUESTION), SETTINGS[name].replace("{", "{nonsense: yes, ", 1).replace(", }", "}"))


def test_the_draws_are_the_same_on_every_machine() -> None:
    draws = Draws("a", 1)
    assert [draws.below(1000) for _ in range(5)] == [317, 338, 691, 612, 51]
    assert {Draws("x", n).below(3) for n in range(50)} == {0, 1, 2}


def test_at_most_so_many_variations() -> None:
    assert len(made("encoding", asked(QUESTION), most=3)) == 3


# -- eras


def day(when: date) -> str:
    return f"{when.year}年{when.month}月{when.day}日"


DAYS = st.dates(date(1873, 1, 1), date(2099, 12, 31))


@given(DAYS)
def test_a_day_goes_to_its_era_and_back(when: date) -> None:
    there, changes = to_era(day(when))
    back, _ = to_western(there)
    assert changes and there != day(when)
    assert back == day(when)
    assert to_era(back)[0] == there


@pytest.mark.parametrize(
    ("western", "era"),
    [
        ("1873年1月1日", "明治6年1月1日"),
        ("1912年7月29日", "明治45年7月29日"),
        ("1912年7月30日", "大正元年7月30日"),
        ("1926年12月24日", "大正15年12月24日"),
        ("1926年12月25日", "昭和元年12月25日"),
        ("1989年1月7日", "昭和64年1月7日"),
        ("1989年1月8日", "平成元年1月8日"),
        ("2019年4月30日", "平成31年4月30日"),
        ("2019年5月1日", "令和元年5月1日"),
        ("2026年", "令和8年"),
        ("2019年4月", "平成31年4月"),
        ("2020年度", "令和2年度"),
    ],
)
def test_the_days_at_which_eras_change(western: str, era: str) -> None:
    assert to_era(western)[0] == era
    assert to_western(era)[0] == western


@pytest.mark.parametrize(
    "text",
    [
        "1989年",
        "2019年",
        "1926年12月",
        "1989年1月",
        "2019年度",
        "1872年12月31日",
        "2023年2月29日",
        "12026年",
        "2100年",
        "2026人",
        "電話0120-2026年"[:9],
    ],
)
def test_what_leaves_a_doubt_stays(text: str) -> None:
    assert to_era(text) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "平成31年5月1日",
        "昭和64年1月8日",
        "令和0年",
        "大正16年",
        "平成32年",
        "明治5年",
        "令和一二年",
        "令和元年4月30日",
        "令和7月",
    ],
)
def test_a_year_that_its_era_did_not_have_stays(text: str) -> None:
    assert to_western(text) == (text, ())


@pytest.mark.parametrize(
    ("era", "western"),
    [
        ("令和七年", "2025年"),
        ("平成二十三年三月", "2011年三月"),
        ("昭和６３年", "1988年"),
        ("令和 8 年 4 月", "2026年 4 月"),
        ("平成元年度", "1989年度"),
        ("昭和十年", "1935年"),
        ("令和元年と平成30年", "2019年と2018年"),
    ],
)
def test_years_in_other_writings(era: str, western: str) -> None:
    assert to_western(era)[0] == western


def test_eras_stand_in_order_and_next_to_each_other() -> None:
    for before, after in pairwise(ERAS):
        assert before.begins < after.begins and before.first_year < after.first_year
        eve = after.begins - timedelta(days=1)
        assert to_era(day(eve))[0].startswith(before.name)
        assert to_era(day(after.begins))[0].startswith(after.name + "元")


# -- width


@given(st.text(), st.sampled_from(Width), st.sampled_from(Signs))
def test_width_twice_is_width_once_and_nfkc_does_not_see_it(text: str, to: Width, signs: Signs) -> None:
    how = Widths(to, (signs,))
    once, changes = change_width(text, how)
    assert change_width(once, how) == (once, ())
    assert (once == text) == (not changes)
    assert unicodedata.normalize("NFKC", once) == unicodedata.normalize("NFKC", text)


@given(st.text(alphabet="0123456789ABCxyz"))
def test_digits_and_letters_go_wide_and_come_back(text: str) -> None:
    wide, _ = change_width(text, Widths(Width.FULL, (Signs.DIGITS, Signs.LATIN)))
    assert change_width(wide, Widths(Width.HALF, (Signs.DIGITS, Signs.LATIN)))[0] == text


def test_katakana_with_voicing_marks() -> None:
    half, _ = change_width("ガソリンとパンのカード", Widths(Width.HALF, (Signs.KATAKANA,)))
    assert half == "ｶﾞｿﾘﾝとﾊﾟﾝのｶｰﾄﾞ"
    assert change_width(half, Widths(Width.FULL, (Signs.KATAKANA,)))[0] == "ガソリンとパンのカード"


# -- slips


@given(st.integers(0, 200), st.sampled_from([*Slip]), st.integers(1, 5))
def test_slips_leave_numbers_letters_and_marks_alone(seed: int, slip: Slip, edits: int) -> None:
    text = "令和7年の住民票はPDFで300円ですか。粗大ごみを出したい、必要な届出がありますか。"
    made_text, changes = slipped(text, Typos((slip,), edits, 1), Draws(seed))
    assert len(changes) <= edits
    assert [c for c in made_text if c.isascii() and c.isdigit()] == [c for c in text if c.isascii() and c.isdigit()]
    assert [c for c in made_text if c in "、。"] == [c for c in text if c in "、。"]
    assert "PDF" in made_text


@pytest.mark.parametrize(
    ("slip", "text", "wanted"),
    [
        (Slip.PARTICLE, "手数料は無料", {"手数料無料"}),
        (Slip.SWAP, "ごみの", {"みごの", "ごのみ"}),
        (Slip.DOUBLE, "ごみの", {"ごみみの", "ごみのの"}),
        (Slip.VOICING, "だして", {"たして"}),
        (Slip.HOMOPHONE, "機会", {"機械"}),
        (Slip.ROMAJI, "です", {"でs"}),
    ],
)
def test_each_kind_of_slip(slip: Slip, text: str, wanted: set[str]) -> None:
    assert {slipped(text, Typos((slip,), 1, 1), Draws(seed))[0] for seed in range(40)} == wanted


def test_a_particle_inside_a_word_stays() -> None:
    assert slipped("はがき", Typos((Slip.PARTICLE,), 3, 1), Draws(0)) == ("はがき", ())


# -- register


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("図書館はどこですか。", "図書館はどこ？"),
        ("いくらですか？", "いくら？"),
        ("窓口は開いていますか。", "窓口は開いている？"),
        ("予約は必要でしょうか。", "予約は必要？"),
        ("教えてください。", "教えて。"),
        ("本を借りたいです。", "本を借りたい。"),
        ("申請できますか", "申請できる？"),
        ("開いていませんでしょうか。", "開いていませんでしょうか。"),
        ("ですから困ります。", "ですから困ります。"),
    ],
)
def test_the_plain_register(text: str, plain: str) -> None:
    assert change_register(text, Register.PLAIN)[0] == plain


def test_the_humble_register_and_that_it_keeps_the_question() -> None:
    assert (
        change_register("いくらですか。教えてください。", Register.HUMBLE)[0]
        == "いくらでしょうか。教えていただけますでしょうか。"
    )
    assert change_register("いくら？", Register.PLAIN) == ("いくら？", ())


@given(st.lists(st.sampled_from(["いくらですか。", "教えてください。", "開きますか？", "雨です。", "借りたいです"])))
def test_plain_twice_is_plain_once(sentences: list[str]) -> None:
    once, _ = change_register("".join(sentences), Register.PLAIN)
    assert change_register(once, Register.PLAIN) == (once, ())


# -- the others


def test_paraphrases_take_the_place_of_the_question_only() -> None:
    said = Said(("前置き", "問い", "続き"), 1, ("言い換え", "問い"))
    assert [each.texts for each in made("paraphrase", said)] == [("前置き", "言い換え", "続き")]


def test_kana_for_kanji_and_back() -> None:
    (kana,) = made("kana", asked("住民票の手数料"))
    assert kana.texts == ("じゅうみんひょうのてすうりょう",)
    (kanji,) = made(
        "kana", asked(kana.texts[0]), "{to: kanji, readings: {住民票: じゅうみんひょう, 手数料: てすうりょう}}"
    )
    assert kanji.texts == ("住民票の手数料",)
    assert made("kana", asked("ごみ")) == []


@given(st.text(), st.sampled_from([English.LOWER, English.UPPER]))
def test_case_twice_is_case_once(text: str, to: English) -> None:
    once, _ = change_case(text, to)
    assert change_case(once, to) == (once, ())


def test_english_slips_spare_short_words_first_letters_addresses_and_canaries() -> None:
    text = "the {canary_a} at https://example.jp/page or a@mail.jp: registration"
    for seed in range(30):
        for each in made("english", asked(text), "{change: typos, edits: 5}", seed):
            words = each.texts[0].split()
            assert words[:-1] == text.split()[:-1] and words[-1][0] == "r"


def test_irrelevant_sentences_surround_the_question() -> None:
    for each in made("context", Said(("一", "二"), 1)):
        first, question = each.texts
        assert first == "一" and "二" in question.split("\n") and question.endswith("急ぎません。")


TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize("encoding", list(Encoding))
@given(text=TEXTS)
def test_a_disguise_is_taken_off_again(encoding: Encoding, text: str) -> None:
    if encoding is Encoding.ZERO_WIDTH:
        text = text.replace("\u200b", "")
    if encoding is Encoding.FULL_WIDTH:
        text = "".join(sign for sign in text if not "！" <= sign <= "～")
    if encoding is Encoding.TAGS:
        text = "".join(sign for sign in text if not "\U000e0020" <= sign <= "\U000e007e")
    assert decoded(encoded(text, encoding), encoding) == text


def test_what_a_disguise_does_not_know_is_not_emitted() -> None:
    assert [each.label for each in made("encoding", asked("漢字"), "{encodings: [rot13, full_width, tags]}")] == []
    (told,) = made("encoding", asked("漢字"), "{encodings: [base64]}")
    (untold,) = made("encoding", asked("漢字"), "{encodings: [base64], told: no}")
    assert told.texts[0].endswith(untold.texts[0]) and "Base64" in told.texts[0]
    assert decoded(untold.texts[0], Encoding.BASE64) == "漢字"


NATIONALITY = "{attribute: nationality, values: [日本国籍, ベトナム国籍, 中国籍]}"


def test_an_attribute_is_exchanged_everywhere_and_nothing_else() -> None:
    said = Said(("日本国籍の40代です。", "日本国籍でも借りられますか。"), 0)
    found = made("attribute", said, NATIONALITY)
    assert [each.label for each in found] == ["nationality-2", "nationality-3"]
    assert found[0].texts == ("ベトナム国籍の40代です。", "ベトナム国籍でも借りられますか。")
    assert all(
        after.replace("中国籍", "日本国籍") == before for before, after in zip(said.texts, found[1].texts, strict=True)
    )


@pytest.mark.parametrize("text", ["国籍は書きません。", "日本国籍と中国籍の夫婦です。"])
def test_an_attribute_that_is_not_there_once_is_left_alone(text: str) -> None:
    assert made("attribute", asked(text), NATIONALITY) == []


@pytest.mark.parametrize(
    "settings",
    ["{attribute: age, values: [20代]}", "{attribute: age, values: [代, 20代]}", "{attribute: Age, values: [a, b]}"],
)
def test_attribute_values_that_cannot_be_told_apart_are_refused(settings: str) -> None:
    with pytest.raises(ShinraiError):
        made("attribute", asked("20代"), settings)


def _labels() -> Iterator[str]:
    for name in OPERATORS:
        yield from (each.label for each in made(name, Said((QUESTION + "私は男性です。please register",), 0, ("別",))))


def test_labels_can_stand_in_the_name_of_a_sample() -> None:
    labels = list(_labels())
    assert labels and all(label.replace("-", "").replace("_", "").isalnum() and label.isascii() for label in labels)
