"""Irrelevant sentences around a question, and attributes of the person exchanged in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shinrai.evaluate.scorers.settings import as_count, as_texts
from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied, rewritten
from shinrai.frameworks.located import Fields, as_fields, as_match
from shinrai.language import ShinraiError, message

MAX_SENTENCES = 100
MAX_VALUES = 30
MAX_WAYS = 5
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """before, after: sentences that may stand before and after the question. ways: variations per probe."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    ways: int


def _read_context(fields: Fields) -> Surroundings:
    given = as_fields(fields, (), ("before", "after", "ways")).values
    before, after = as_texts(given.get("before"), MAX_SENTENCES), as_texts(given.get("after"), MAX_SENTENCES)
    if not before and not after:
        raise ShinraiError(
            message("There is no sentence to put around the question."),
            fix=message("Give some under “before” or “after”."),
            place=fields.place,
        )
    return Surroundings(before, after, as_count(given["ways"], 1, MAX_WAYS) if "ways" in given else 1)


def _context(how: Surroundings, said: Said, draws: Draws) -> Iterator[Varied]:
    question = said.texts[said.asked]
    for way in range(1, how.ways + 1):
        first = draws.pick(how.before) if how.before else ""
        last = draws.pick(how.after) if how.after else ""
        made = "\n".join(part for part in (first, question, last) if part)
        texts = (*said.texts[: said.asked], made, *said.texts[said.asked + 1 :])
        yield Varied(str(way), texts, tuple(Change.of("", part) for part in (first, last) if part))


@dataclass(frozen=True, slots=True)
class Attribute:
    """attribute: its name. values: words that stand for it, of which the probe as written holds exactly one."""

    attribute: str
    values: tuple[str, ...]


def _read_attribute(fields: Fields) -> Attribute:
    given = as_fields(fields, ("attribute", "values")).values
    values = as_texts(given["values"], MAX_VALUES)
    if len(values) < 2:
        raise ShinraiError(message("An attribute needs two values or more."), place=given["values"].place)
    for value in values:
        if any(value != other and value in other for other in values):
            raise ShinraiError(
                message("A value is part of another, so that they cannot be told apart."), place=given["values"].place
            )
    name = as_match(given["attribute"], _ATTRIBUTE, message("a name in lower-case letters"))
    return Attribute(name, values)


def _attribute(how: Attribute, said: Said, _: Draws) -> Iterator[Varied]:
    present = [value for value in how.values if any(value in text for text in said.texts)]
    if len(present) != 1:
        return
    for number, other in enumerate(how.values, 1):
        if other != present[0]:
            yield rewritten(
                f"{how.attribute}-{number}",
                said,
                lambda text, other=other: (  # type: ignore[misc]
                    text.replace(present[0], other),
                    (Change.of(present[0], other),) if present[0] in text else (),
                ),
            )


CONTEXT = Operator("context", "1", message("Irrelevant sentences around the question"), _read_context, _context)
ATTRIBUTE = Operator(
    "attribute", "1", message("An attribute of the person exchanged, nothing else"), _read_attribute, _attribute
)
