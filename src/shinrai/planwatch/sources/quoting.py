"""How a stranger's words are shown: on one line, cut, and with every sign that cannot be seen written out."""

from shinrai.report.characters import harmless, shorten

COLUMNS = 200


def shown(text: str, columns: int = COLUMNS) -> str:
    """Return a text fit for one line of a terminal, at most so many columns wide."""
    # Cut before it is cleaned, so that a page of megabytes costs no more than a line.
    line = harmless(text[: 4 * columns])
    seen = "".join(sign if sign.isprintable() else f"⟨U+{ord(sign):04X}⟩" for sign in line)
    return shorten(seen, columns)
