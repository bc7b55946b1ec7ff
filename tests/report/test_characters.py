from hypothesis import given
from hypothesis import strategies as st

from shinrai.report.characters import harmless, shorten, width

DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def test_a_direction_override_is_made_visible() -> None:
    assert harmless("abc\u202etxt.exe") == "abc⟨U+202E⟩txt.exe"


def test_control_characters_go_and_line_breaks_become_one_space() -> None:
    assert harmless("a\x00b\x1b[31mc\x07\r\n\td\u2028e") == "ab[31mc d e"


def test_japanese_emoji_and_accents_stay() -> None:
    assert harmless("審査é👩‍💻") == "審査é👩‍💻"


@given(st.text())
def test_nothing_harmful_is_left(text: str) -> None:
    shown = harmless(text)
    assert not set(shown) & set(DIRECTION)
    assert all(character.isprintable() or ord(character) >= 0xA0 for character in shown)


def test_width_counts_full_width_twice_and_combining_marks_never() -> None:
    assert (width("審査"), width("ab"), width("e\u0301")) == (4, 2, 1)


@given(st.text(alphabet="aあ\u0301字"), st.integers(1, 12))
def test_shorten_keeps_to_the_columns(text: str, columns: int) -> None:
    cut = shorten(text, columns)
    assert width(cut) <= columns
    assert cut == text or cut.endswith("…")
