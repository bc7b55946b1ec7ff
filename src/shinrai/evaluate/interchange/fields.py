"""Values of parsed JSON that know their place, so that an error can say where in a tool's file something is wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from math import isfinite
from typing import Any

from shinrai.language import Message, Place, ShinraiError, message

MAX_NAME = 200
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
_KINDS: dict[type, Message] = {
    dict: message("a block of fields"),
    list: message("a list"),
    str: message("a text"),
    bool: message("yes or no"),
    int: message("a number"),
    float: message("a number"),
    type(None): message("an empty value"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a JSON text. path: how it is reached from the top, as in `samples[3].scores`. line: in JSON lines."""

    raw: Any
    file: str
    path: str = ""
    line: int | None = None

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return Place(self.file, self.line, field=self.path or None)

    @property
    def missing(self) -> bool:
        """Whether there is nothing, or null."""
        return self.raw is None

    def get(self, name: str) -> "Value":
        """Return a field; a missing one, or any of a missing block, holds None. Not a block: ShinraiError."""
        path = f"{self.path}.{named(name, 60)}" if self.path else named(name, 60)
        if self.raw is None:
            return Value(None, self.file, path, self.line)
        if not isinstance(self.raw, dict):
            raise self.wrong(message("a block of fields"))
        return Value(self.raw.get(name), self.file, path, self.line)

    def at(self, *names: str) -> "Value":
        """Return the field of a field of a field."""
        found = self
        for name in names:
            found = found.get(name)
        return found

    def items(self) -> Iterator["Value"]:
        """Yield the items of a list; none where it is missing."""
        if self.raw is None:
            return
        if not isinstance(self.raw, list):
            raise self.wrong(message("a list"))
        for number, item in enumerate(self.raw):
            yield Value(item, self.file, f"{self.path}[{number}]", self.line)

    def fields(self) -> Iterator[tuple[str, "Value"]]:
        """Yield the fields of a block with their names; none where it is missing."""
        if self.raw is None:
            return
        if not isinstance(self.raw, dict):
            raise self.wrong(message("a block of fields"))
        for name in self.raw:
            yield name, self.get(name)

    def text(self) -> str | None:
        """Return a text, None where it is missing."""
        if self.raw is None or isinstance(self.raw, str):
            return self.raw
        raise self.wrong(message("a text"))

    def name(self, default: str = "") -> str:
        """Return a text, or a whole number as text, fit to be shown and to name something."""
        if self.raw is None or self.raw == "":
            return default
        if isinstance(self.raw, str) or (isinstance(self.raw, int) and not isinstance(self.raw, bool)):
            return named(str(self.raw))
        raise self.wrong(message("a text"))

    def count(self) -> int | None:
        """Return a whole number from 0 on, None where it is missing."""
        if self.raw is None:
            return None
        if isinstance(self.raw, int) and not isinstance(self.raw, bool) and 0 <= self.raw < 2**53:
            return self.raw
        raise self.wrong(message("a whole number"))

    def number(self) -> float | None:
        """Return a finite number; None where it is missing, NaN or infinite."""
        if self.raw is None:
            return None
        if isinstance(self.raw, int | float) and not isinstance(self.raw, bool):
            try:
                number = float(self.raw)
            except OverflowError:
                return None
            return number if isfinite(number) else None
        raise self.wrong(message("a number"))

    def flag(self) -> bool | None:
        """Return yes or no, None where it is missing."""
        if self.raw is None or isinstance(self.raw, bool):
            return self.raw
        raise self.wrong(message("yes or no"))

    def moment(self) -> datetime | None:
        """Return a moment in UTC from ISO 8601 text or from seconds since the epoch; None where it is neither.

        A time without a zone is taken as UTC: tools that leave the zone out say nothing better.
        """
        try:
            if isinstance(self.raw, str) and len(self.raw) <= 64:
                found = datetime.fromisoformat(self.raw)
                return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
            if isinstance(self.raw, int | float) and not isinstance(self.raw, bool):
                return datetime.fromtimestamp(self.raw, UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return None

    def wrong(self, wanted: Message) -> ShinraiError:
        """Return the error that says what was expected here and what stands here."""
        found = _KINDS.get(type(self.raw), message("something else"))
        return ShinraiError(
            message("Expected {wanted}, found {found}.", wanted=wanted, found=found),
            fix=message("Hand in the file as the tool wrote it."),
            place=self.place,
        )


def named(text: str, limit: int = MAX_NAME) -> str:
    """Return a stranger's name fit to be shown: as it is, or its digest where it is long or holds unseen characters."""
    if 0 < len(text) <= limit and not _UNSHOWN.search(text):
        return text
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
