"""JSON answers of public services, read strictly: whatever is not as documented is an error with address and path."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from shinrai.language import Message, Place, message
from shinrai.planwatch.sources.fetching import SourceError
from shinrai.planwatch.sources.quoting import shown

LONGEST_TEXT = 20_000
"""Longest text, in characters, that a field of an answer may hold."""

# fromisoformat takes week dates, too.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_Choice = TypeVar("_Choice", bound=StrEnum)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an answer and where it stands. path: as in `laws[0].law_info`, "" for the whole answer."""

    data: object
    address: str
    path: str = ""

    @property
    def place(self) -> Place:
        """Address and path."""
        return Place(shown(self.address), field=self.path or None)

    def refusal(self, what: Message) -> SourceError:
        """Return the error that this value is not as documented."""
        return SourceError(
            what,
            fix=message("The service may have changed its answers, or something else answers at this address."),
            place=self.place,
        )

    def _expected(self, wanted: Message) -> SourceError:
        return self.refusal(message("Expected {wanted}, found {found}.", wanted=wanted, found=_kind(self.data)))

    def _child(self, name: str) -> "Value | None":
        if not isinstance(self.data, dict):
            raise self._expected(message("a block of fields"))
        if name not in self.data:
            return None
        return Value(self.data[name], self.address, f"{self.path}.{name}" if self.path else name)

    def field(self, name: str) -> "Value":
        """Return a field that must be there."""
        child = self._child(name)
        if child is None:
            raise self.refusal(message("The field “{name}” is missing.", name=name))
        return child

    def optional(self, name: str) -> "Value | None":
        """Return a field, or None where it is missing or null."""
        child = self._child(name)
        return None if child is None or child.data is None else child

    def items(self) -> tuple["Value", ...]:
        """Return the items of a list."""
        if not isinstance(self.data, list):
            raise self._expected(message("a list"))
        return tuple(Value(item, self.address, f"{self.path}[{at}]") for at, item in enumerate(self.data))

    def one_or_more(self) -> tuple["Value", ...]:
        """Return the items of a list, or the value itself where a list of one is written without brackets."""
        return self.items() if isinstance(self.data, list) else (self,)

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.data, str):
            raise self._expected(message("a text"))
        if len(self.data) > LONGEST_TEXT:
            raise self.refusal(message("The text has more than {limit} characters.", limit=LONGEST_TEXT))
        return self.data

    def word(self) -> str:
        """Return a text that is not empty."""
        text = self.text()
        if not text.strip():
            raise self.refusal(message("The text is empty."))
        return text

    def count(self) -> int:
        """Return a whole number from 0; services that make JSON from XML write some as text."""
        data = self.data
        if isinstance(data, str) and data.isascii() and data.isdigit() and len(data) <= 18:
            return int(data)
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < 10**18:
            raise self._expected(message("a whole number"))
        return data

    def day(self) -> date:
        """Return a day, written as YYYY-MM-DD."""
        text = self.text()
        wrong = self.refusal(message("“{value}” is not a day such as 2025-12-19.", value=shown(text)))
        if not _DAY.fullmatch(text):
            raise wrong
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise wrong from None

    def moment(self) -> datetime:
        """Return a date and time with its offset from UTC (RFC 3339)."""
        text = self.text()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.refusal(message("“{value}” is not a time with its offset from UTC.", value=shown(text)))
        return moment

    def choice(self, choices: type[_Choice]) -> _Choice:
        """Return a member of an enumeration by its value."""
        text = self.text()
        try:
            return choices(text)
        except ValueError:
            known = ", ".join(choices)
            raise self.refusal(message("“{value}” is not one of {known}.", value=shown(text), known=known)) from None


def maybe(value: Value | None, read: Callable[[Value], _Item]) -> _Item | None:
    """Read a value that may be missing."""
    return None if value is None else read(value)


def read_answer(content: bytes, address: str, clean: Callable[[str], str] = lambda text: text) -> Value:
    """Read an answer in UTF-8. SourceError when it is not JSON. clean: applied to the text before anything reads it."""
    whole = Value(None, address)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise whole.refusal(message("The answer is not UTF-8 text."))
    try:
        data: object = json.loads(clean(text), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # Deep nesting ends at Python's limit on recursion. The decoder's own words would show the answer.
        data = _NOTHING
    if data is _NOTHING:
        raise whole.refusal(message("The answer is not valid JSON."))
    return Value(data, address)


_NOTHING = object()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_KINDS: Mapping[type, Message] = {
    dict: message("a block of fields"),
    list: message("a list"),
    str: message("a text"),
    bool: message("true or false"),
    int: message("a number"),
    Decimal: message("a number"),
    type(None): message("nothing"),
}


def _kind(data: object) -> Message:
    return _KINDS[type(data)]
