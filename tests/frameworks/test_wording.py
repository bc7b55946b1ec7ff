"""What differs between two texts, word by word."""

from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks.wording import MAX_STEPS, Kept, Stretch, wording

TEXTS = st.one_of(st.text(max_size=60), st.text("公平性をデータ評価 a,b_", max_size=60))


@given(TEXTS, TEXTS)
def test_both_texts_are_there_whole(old: str, new: str) -> None:
    found = wording(old, new)
    assert "".join(each.text for each in found if each.kept is not Kept.NEW) == old
    assert "".join(each.text for each in found if each.kept is not Kept.OLD) == new
    assert all(each.text for each in found)


def test_words_of_english() -> None:
    assert wording("Give users a choice.", "Give people a choice.") == (
        Stretch(Kept.BOTH, "Give "),
        Stretch(Kept.OLD, "users"),
        Stretch(Kept.NEW, "people"),
        Stretch(Kept.BOTH, " a choice."),
    )


def test_words_of_japanese() -> None:
    assert wording("データの偏りを評価する。", "データの偏りを測定する。") == (
        Stretch(Kept.BOTH, "データの偏りを"),
        Stretch(Kept.OLD, "評価"),
        Stretch(Kept.NEW, "測定"),
        Stretch(Kept.BOTH, "する。"),
    )


def test_equal_and_empty_texts() -> None:
    assert wording("同じ", "同じ") == (Stretch(Kept.BOTH, "同じ"),)
    assert wording("", "") == ()
    assert wording("", "a") == (Stretch(Kept.NEW, "a"),)


def test_texts_too_long_to_compare_are_shown_whole() -> None:
    old = "a " * (MAX_STEPS // 1000)
    found = wording(old, old + "b")
    assert found == (Stretch(Kept.OLD, old), Stretch(Kept.NEW, old + "b"))
