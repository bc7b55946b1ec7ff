"""Days of which a source gives only the year or the month."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from shinrai.frameworks.located import Node, as_match
from shinrai.language import ShinraiError, message

_WRITTEN = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A year, a month or a day, as exact as its source is.

    month, day: None where the source does not give them; a day needs its month. What is no date in the calendar is a
    ValueError. There is no order between partial dates: "2025" is neither before nor after "2025-06". Whoever must
    decide asks for `earliest` and `latest`, and then the doubt is in plain sight.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            raise ValueError("a day needs its month")
        date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)

    @property
    def earliest(self) -> date:
        """The first day it can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day it can mean."""
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])

    def __str__(self) -> str:
        """Return `YYYY`, `YYYY-MM` or `YYYY-MM-DD` (ISO 8601, reduced precision)."""
        given = (f"{part:02d}" for part in (self.month, self.day) if part is not None)
        return "-".join((f"{self.year:04d}", *given))


def as_partial_date(node: Node) -> PartialDate:
    """Return a date written as YYYY, YYYY-MM or YYYY-MM-DD; anything else is a ShinraiError with its place."""
    text = as_match(node, _WRITTEN, message("a date such as 2025, 2025-12 or 2025-12-19"))
    try:
        return PartialDate(*(int(part) for part in text.split("-")))
    except ValueError as error:
        raise ShinraiError(message("There is no day {value}.", value=text), place=node.place) from error
