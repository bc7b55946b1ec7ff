"""Scorers that compare words: the whole answer, or what has to and must not occur in it."""

from dataclasses import dataclass

from shinrai.evaluate.sample import Answer, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer, failed, passed
from shinrai.evaluate.scorers.settings import as_flag, as_texts, missing, needs_one_of
from shinrai.evaluate.scorers.wording import comparable, comparable_term, occurs
from shinrai.frameworks.located import Fields, as_fields
from shinrai.language import message

MAX_TERMS = 100
_END_MARKS = "。．.!！?？、, "


@dataclass(frozen=True, slots=True)
class Exactly:
    """The answers that are right, as they are written in the suite. width: compare in NFKC. case: case matters."""

    answers: tuple[str, ...]
    width: bool
    case: bool
    end_marks: bool


def _read_exact(fields: Fields) -> Exactly:
    given = as_fields(fields, ("answers",), ("same_width", "same_case", "same_end_marks")).values
    answers = as_texts(given["answers"], MAX_TERMS)
    if not answers:
        raise missing(fields, message("a right answer"))
    return Exactly(
        answers,
        as_flag(given.get("same_width"), False),
        as_flag(given.get("same_case"), False),
        as_flag(given.get("same_end_marks"), False),
    )


def _exact(expected: Exactly, _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    if _plain(answers[-1].text, expected) in {_plain(answer, expected) for answer in expected.answers}:
        return passed(message("The answer is the expected one."))
    return failed(message("The answer is not one of the expected ones."))


def _plain(text: str, how: Exactly) -> str:
    plain = text.strip() if how.width else comparable(text, keep_case=True)
    if not how.case:
        plain = plain.casefold()
    return plain if how.end_marks else plain.strip(_END_MARKS)


@dataclass(frozen=True, slots=True)
class Terms:
    """What has to occur. any_of: groups, of each of which one term at least."""

    all_of: tuple[str, ...]
    any_of: tuple[str, ...]


def _read_contains(fields: Fields) -> Terms:
    given = as_fields(fields, (), ("all_of", "any_of")).values
    needs_one_of(fields, ("all_of", "any_of"))
    return Terms(as_texts(given.get("all_of"), MAX_TERMS), as_texts(given.get("any_of"), MAX_TERMS))


def _contains(expected: Terms, _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    text = comparable(answers[-1].text)
    found = sum(occurs(comparable_term(term), text) for term in expected.all_of)
    one = not expected.any_of or any(occurs(comparable_term(term), text) for term in expected.any_of)
    asked = len(expected.all_of) + bool(expected.any_of)
    got = found + bool(expected.any_of and one)
    if got == asked:
        return passed(message("Everything expected occurs."), found=got, asked=asked)
    return failed(message("{n} of {m} expected things occur.", n=got, m=asked), found=got, asked=asked)


def _read_not_contains(fields: Fields) -> tuple[str, ...]:
    terms = as_texts(as_fields(fields, ("none_of",)).values["none_of"], MAX_TERMS)
    if not terms:
        raise missing(fields, message("a term"))
    return terms


def _not_contains(terms: tuple[str, ...], _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    texts = [comparable(answer.text) for answer in answers]
    found = sum(any(occurs(comparable_term(term), text) for text in texts) for term in terms)
    if found:
        return failed(message("{n} of {m} forbidden things occur.", n=found, m=len(terms)), found=found)
    return passed(message("Nothing forbidden occurs."), found=0)


EXACT = SampleScorer("exact", "1", message("The whole answer is the expected one"), _read_exact, _exact)
CONTAINS = SampleScorer("contains", "1", message("What is expected occurs in the answer"), _read_contains, _contains)
NOT_CONTAINS = SampleScorer(
    "not_contains", "1", message("What is forbidden does not occur in any answer"), _read_not_contains, _not_contains
)
