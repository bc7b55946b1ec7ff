"""What two answers are compared by: the same label means the same answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.sample import Answer
from shinrai.evaluate.scorers.choice import chosen_option
from shinrai.evaluate.scorers.refusal import Stance, stance
from shinrai.evaluate.scorers.settings import as_texts, missing, named_texts
from shinrai.evaluate.scorers.wording import comparable, comparable_term, occurs
from shinrai.frameworks.located import Fields, as_choice
from shinrai.language import message

MAX_TERMS = 50
FIELDS = ("compare", "terms", "options")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Compared(StrEnum):
    """By what answers are compared.

    TEXT: their words, width, case and blanks aside. TERMS: which of the given terms occur. NUMBERS: which numbers
    occur. CHOICE: the option chosen. STANCE: whether they decline.
    """

    TEXT = "text"
    TERMS = "terms"
    NUMBERS = "numbers"
    CHOICE = "choice"
    STANCE = "stance"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a label is read off an answer.

    terms: for TERMS; words with the same meaning stand in one, with `|` between them. options: for CHOICE.
    """

    compared: Compared
    terms: tuple[str, ...]
    options: Mapping[str, str]


def read_reading(given: Fields) -> Reading:
    """Return the reading that a suite asks for; `compare` is needed, and what it compares by."""
    values = given.values
    compared = as_choice(values["compare"], Compared)
    if compared is Compared.TERMS and "terms" not in values:
        raise missing(given, message("“terms”"))
    if compared is Compared.CHOICE and "options" not in values:
        raise missing(given, message("“options”"))
    options = named_texts(values["options"], 26) if "options" in values else {}
    return Reading(compared, as_texts(values.get("terms"), MAX_TERMS), options)


def label_of(how: Reading, answer: Answer) -> str | None:
    """Return the label of an answer, None where it has none (an empty answer, or a choice that cannot be told)."""
    text = comparable(answer.text)
    if not text:
        return None
    if how.compared is Compared.TERMS:
        return "+".join(str(n) for n, term in enumerate(how.terms, 1) if _any_occurs(term, text)) or "none"
    if how.compared is Compared.NUMBERS:
        return "+".join(sorted(set(_NUMBER.findall(text)))) or "none"
    if how.compared is Compared.CHOICE:
        return chosen_option(answer.text, how.options)
    if how.compared is Compared.STANCE:
        found = stance(answer)
        return None if found in {Stance.EMPTY, Stance.MIXED} else found.value
    return text


def _any_occurs(term: str, text: str) -> bool:
    return any(occurs(comparable_term(word), text) for word in term.split("|"))
