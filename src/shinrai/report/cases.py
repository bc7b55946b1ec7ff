"""What build servers and code scanners are told: one case for each expected piece of evidence, with its outcome."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shinrai.assess.assessment import Assessment, MeasurementRecord, RequirementResult, Text
from shinrai.language import Language, message
from shinrai.report.outcome import WORDS, Outcome, leaf_outcome, requirement_outcomes
from shinrai.report.sentences import titled_sentence
from shinrai.report.standing import attestations_of, measurements_of
from shinrai.report.words import said


@dataclass(frozen=True, slots=True)
class Case:
    """One leaf, or a required requirement that has none.

    overall: the outcome of the requirement. id: of the leaf, else of the requirement. certified: whether a quorum of
    the council signed that it passes. expires: the last day on which all evidence for it counts.
    """

    requirement: RequirementResult
    overall: Outcome
    id: str
    title: Text
    outcome: Outcome
    certified: bool
    cause: Text
    records: tuple[MeasurementRecord, ...]
    expires: date | None = None

    def summary(self, language: Language) -> str:
        """Return the outcome and why."""
        return message("{name}: {text}", name=WORDS[self.outcome], text=said(self.cause, language)).text(language)

    def details(self, language: Language) -> list[str]:
        """Return a sentence for each measurement."""
        return [titled_sentence(record, language).text(language) for record in self.records]


def cases(assessment: Assessment) -> Iterator[Case]:
    """Yield the cases in the order of the results.

    A required requirement without leaves rests on those under it; where there are none either, nothing was even asked
    for, so nothing can have shown it.
    """
    for requirement, outcome in zip(assessment.results, requirement_outcomes(assessment), strict=True):
        for leaf in requirement.leaves:
            mine = leaf_outcome(requirement, leaf, assessment)
            cause = requirement.cause if mine is Outcome.NOT_APPLICABLE else leaf.cause
            records = tuple(measurements_of(leaf, assessment))
            certified = mine is Outcome.PASS and leaf.verdict is not None and leaf.verdict.certificate is not None
            signed = [record.expires for record in attestations_of(leaf, assessment) if record.signed]
            expires = min([*(record.valid_until for record in records), *signed], default=None)
            yield Case(requirement, outcome, leaf.id, leaf.title, mine, certified, cause, records, expires)
        if requirement.required and not requirement.leaves:
            yield Case(requirement, outcome, requirement.id, requirement.title, outcome, False, requirement.cause, ())
