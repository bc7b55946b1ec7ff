"""What a person is shown before voting, line by line, and how the answer is read.

Plain lines in one order, no screen control, so that a screen reader reads them as they stand and nothing needs a mouse.
"""

from collections.abc import Iterator

from shinrai.council.case import Opinion
from shinrai.council.case_file import CouncilCase
from shinrai.council.dossier import Dossier, dossier
from shinrai.council.rounds import MAX_NOTE
from shinrai.council.standing import report
from shinrai.language import Language, Message, ShinraiError, message
from shinrai_verify.council import FAIL, INCONCLUSIVE, PASS, required_strata

CHOICES = {"1": PASS, "2": FAIL, "3": INCONCLUSIVE}
LEAST_REASON = 3


def about_the_round(case: CouncilCase) -> Iterator[Message]:
    """Yield what is decided on: the system, the digest, the attempt, who votes and what is missing."""
    opened, subject = case.opened, case.subject
    yield message("System: {name} {version}", name=str(subject.get("name")), version=str(subject.get("version")))
    yield message("Contents decided on (SHA-256): {sha256}", sha256=opened.bundle_id)
    yield message("Round: {round}, attempt {n}. {reason}", round=opened.id, n=opened.attempt, reason=opened.reason)
    if opened.sealed:
        yield message("The round is sealed: your value stays hidden until everybody has committed.")
    yield from report(case.roster)
    if case.withheld:
        yield message("The owner keeps back: {names}", names=", ".join(case.withheld))
    if case.missing:
        yield message(
            "Missing: {names}. Every vote will be inconclusive, for nobody can judge what is not here.",
            names=", ".join(case.missing),
        )


def about_the_control(case: CouncilCase, control: str, number: int, language: Language) -> Iterator[Message | str]:
    """Yield what one control asks and what bears on it."""
    shown = dossier(case, control)
    yield message(
        "Question {number} of {all} ({control}): {question}",
        number=number,
        all=len(case.opened.controls),
        control=control,
        question=shown.question,
    )
    needed = required_strata(case.rubric.predicate, control).get("human", 0)
    if needed:
        yield message("Nothing is certified here unless {n} people are among those who agree.", n=needed)
    if not shown.exhibits:
        yield message("There is no evidence on this control.")
    for exhibit_line in shown.text(language).splitlines():
        yield f"  {exhibit_line}"


def opinion_of(shown: Dossier, value: str, reason: str) -> Opinion:
    """Return a person's opinion; ShinraiError where it has no reason or is no value."""
    text = " ".join(reason.split())
    if value not in CHOICES.values():
        raise ShinraiError(message("Answer pass, fail or inconclusive."))
    if not LEAST_REASON <= len(text) <= MAX_NOTE:
        raise ShinraiError(
            message("A vote needs a reason of {low} to {high} characters.", low=LEAST_REASON, high=MAX_NOTE)
        )
    return Opinion(value, message("“{text}”", text=text), shown.inspected)
