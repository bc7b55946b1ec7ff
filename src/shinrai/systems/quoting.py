"""How a word of the user's file is shown back: short, and unable to act on a terminal or to pass for other text."""

from collections.abc import Iterable

_LONGEST = 60


def shown(word: object) -> str:
    """Return a word cut to 60 signs, with signs that cannot be printed written as escapes."""
    text = str(word)
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in short)


def listed(words: Iterable[str], most: int = 20) -> str:
    """Return words as a list for reading, at most so many of them."""
    every = [shown(word) for word in words]
    return ", ".join(every[:most]) + (", …" if len(every) > most else "")
