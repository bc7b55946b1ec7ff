"""The root of every error a person reads: what was wrong, where, and what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from shinrai.language.messages import Language, Message, message


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong. line and column count from 1; row is a data row counted from 1 below the header."""

    file: str
    line: int | None = None
    column: int | None = None
    field: str | None = None
    row: int | None = None

    def text(self, language: Language) -> str:
        """Return `file:line:column` and the field or row, in one language."""
        parts = [self.file]
        if self.line is not None:
            parts[0] += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        if self.row is not None:
            parts.append(message("row {row}", row=self.row).text(language))
        if self.field is not None:
            parts.append(message("field {field}", field=self.field).text(language))
        return ", ".join(parts)


class ShinraiError(Exception):
    """Something a person can mend.

    what: the fault; fix: what to do about it; place: where it is. `str()` is the English text, for logs and tests.
    """

    def __init__(self, what: Message, *, fix: Message | None = None, place: Place | None = None) -> None:
        super().__init__(what, fix, place)
        self.what = what
        self.fix = fix
        self.place = place

    def text(self, language: Language) -> str:
        """Render for a person: place, fault and remedy."""
        head = f"{self.place.text(language)}: " if self.place else ""
        tail = f"\n  → {self.fix.text(language)}" if self.fix else ""
        return head + self.what.text(language) + tail

    def __str__(self) -> str:
        return self.text(Language.EN)


def suggest(wrong: str, known: Iterable[str]) -> Message | None:
    """Return a "did you mean" for the known name nearest to a wrong one, or None when none is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return message("Did you mean “{name}”?", name=near[0]) if near else None
