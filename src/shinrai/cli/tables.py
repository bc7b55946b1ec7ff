"""Tables and lines on the terminal. Text goes out harmless, and as text: nothing in it is read as markup.

Where the output is no terminal (a pipe, a file), lines are as long as they need to be, so that they can be searched.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from shinrai.language import Bilingual, Language, Message

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDE = 250
# A terminal obeys some of these even inside a string; JSON says them as well by their number.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
Cell = str | Message | Bilingual


def console() -> "Console":
    """Return where output goes."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)


def said(cell: Cell, language: Language) -> str:
    """Return a cell's words in one language, fit for a terminal."""
    from shinrai.report.characters import harmless

    return harmless(cell if isinstance(cell, str) else cell.text(language))


def line(text: Cell, language: Language, *, style: str = "", indent: int = 0) -> None:
    """Print a line; on a terminal a long one is wrapped and keeps its indent."""
    from rich.padding import Padding
    from rich.text import Text

    show(Padding(Text(said(text, language), style=style), (0, 0, 0, indent), expand=False))


def table(columns: Sequence[Cell], rows: Iterable[Sequence[Cell]], language: Language) -> None:
    """Print rows under named columns; the last column takes what width is left and wraps."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(Text(said(name, language), style="bold"), overflow="fold", vertical="top")
    for row in rows:
        made.add_row(*(Text(said(cell, language)) for cell in row))
    show(made)


def show(what: "RenderableType") -> None:
    """Print something of rich without the blanks that would fill each line."""
    shown = console()
    with shown.capture() as captured:
        shown.print(what)
    rows = captured.get().splitlines() or [""]
    sys.stdout.write("".join(f"{row.rstrip()}\n" for row in rows))


def as_json(document: object) -> None:
    """Print JSON, with Japanese as it is and what a terminal would obey as escapes."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    sys.stdout.write(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def both(text: Bilingual | Message | None) -> dict[str, str] | None:
    """Return a text as JSON carries it."""
    if text is None:
        return None
    given = text.both() if isinstance(text, Message) else text
    return {"ja": given.ja, "en": given.en}
