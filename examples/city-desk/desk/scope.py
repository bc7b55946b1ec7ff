"""What the desk declines, and how it says so.

The wordings are in `wordings.yaml` and matched on folded text; the first list that fits decides. Rules like these are
wrong at times: they miss what is put in other words, and stop some questions they should not.
"""

from enum import StrEnum

from desk.text import Language, fold
from desk.wordings import names, pattern, text


class Declined(StrEnum):
    """Why a question is declined."""

    HARM = "harm"
    PERSONAL = "personal"
    MEDICAL = "medical"
    LEGAL = "legal"
    OTHER_CITY = "other_city"
    OPINION = "opinion"
    OTHER_WORK = "other_work"
    ORDER = "order"


def declined(question: str) -> Declined | None:
    """Return why a question is outside what the desk is for, None where it is not."""
    folded = fold(question)
    return next((Declined(name) for name in names("declined") if pattern("declined", name).search(folded)), None)


def refusal(reason: Declined, language: Language) -> str:
    """Return how the desk declines."""
    return text(reason.value, language, group="declined")
