"""What a judge is asked about an answer: whether it meets a requirement, or means the same as a reference answer.

Whether it does cannot be told by rules. Until a judge or a person has been asked, the score is an error: it says who
has to be asked, and is neither passed nor failed.
"""

from dataclasses import dataclass

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Answer, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer
from shinrai.evaluate.scorers.settings import missing
from shinrai.frameworks.located import Fields, as_fields, as_text
from shinrai.language import ShinraiError, message


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a judge is asked. text: the requirement, or the reference answer where `reference` is set."""

    text: str
    reference: bool = False

    def in_words(self) -> str:
        """Return the requirement as a judge gets it."""
        if not self.reference:
            return self.text
        return f"回答は、次の参照回答と意味が一致していること。\n{self.text}"


def _read(fields: Fields) -> Requirement:
    given = as_fields(fields, (), ("requirement", "reference")).values
    if len(given) > 1:
        raise ShinraiError(
            message("A judge is asked about a requirement or about a reference answer, not both."), place=fields.place
        )
    for name, node in given.items():
        return Requirement(as_text(node), name == "reference")
    raise missing(fields, message("a requirement"))


def _score(_: Requirement, __: Prompt, ___: tuple[Answer, ...]) -> Finding:
    return Finding(Outcome.ERROR, message("A judge or a person has to say whether the requirement is met."))


REQUIREMENT = SampleScorer("requirement", "1", message("The requirement is met, as a judge sees it"), _read, _score)
