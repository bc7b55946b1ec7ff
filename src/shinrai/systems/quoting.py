"""How a word of the user's file is shown back: short, in quotation marks, and unable to act on a terminal."""

from collections.abc import Iterable

_LONGEST = 60


def quoted(word: object) -> str:
    """Return a word in quotation marks, cut to 60 signs, with signs that cannot be printed written as escapes."""
    text = str(word)
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return "“" + "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in short) + "”"


def listed(words: Iterable[str], most: int = 20) -> str:
    """Return words as a list for reading, at most so many of them."""
    shown = [quoted(word)[1:-1] for word in words]
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "")
