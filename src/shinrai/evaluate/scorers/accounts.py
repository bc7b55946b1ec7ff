"""Every planned sample is accounted for, scorer by scorer: it has one score, or stands excluded with a reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Score
from shinrai.language import Bilingual, message

ScoreKey = tuple[str, str]
"""A sample's key and a scorer's name: what a score is known by."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A planned sample that a scorer does not score, and why."""

    key: str
    scorer: str
    reason: Bilingual


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the planned samples under one scorer; the five add up to planned."""

    scorer: str
    planned: int
    passed: int
    failed: int
    inconclusive: int
    errors: int
    excluded: tuple[Exclusion, ...]

    def __post_init__(self) -> None:
        if self.passed + self.failed + self.inconclusive + self.errors + len(self.excluded) != self.planned:
            raise ValueError("an account does not add up")

    @property
    def asked(self) -> int:
        """Samples that the scorer was asked about: planned, less those excluded."""
        return self.planned - len(self.excluded)


def by_key(scores: Iterable[Score]) -> Mapping[ScoreKey, Score]:
    """Return scores by sample and scorer. Two for the same pair are a ValueError: none may take another's place."""
    found: dict[ScoreKey, Score] = {}
    for score in scores:
        key = (score.key, score.scorer)
        if key in found:
            raise ValueError(f"sample {score.key} has two scores of {score.scorer}")
        found[key] = score
    return found


def accounts(
    planned: Iterable[str], scorers: Iterable[str], scores: Iterable[Score], excluded: Iterable[Exclusion] = ()
) -> tuple[Account, ...]:
    """Account for every planned sample under every scorer.

    planned: keys of samples. excluded: what scorers don't score, with the reason. A sample with neither a score nor an
    exclusion is listed as excluded because it was not taken. A score or an exclusion of something that was not planned,
    and a sample with both, are a ValueError.
    """
    keys, names = list(planned), list(scorers)
    if len(set(keys)) != len(keys) or len(set(names)) != len(names):
        raise ValueError("a sample or a scorer is planned twice")
    found = by_key(scores)
    left_out = {(each.key, each.scorer): each for each in excluded}
    strangers = (found.keys() | left_out.keys()) - {(key, name) for key in keys for name in names}
    if strangers:
        raise ValueError(f"{len(strangers)} scores are of something that was not planned")
    if found.keys() & left_out.keys():
        raise ValueError("a sample is both scored and excluded")
    return tuple(_account(name, keys, found, left_out) for name in names)


def _account(
    name: str, keys: list[str], found: Mapping[ScoreKey, Score], left_out: Mapping[ScoreKey, Exclusion]
) -> Account:
    counts = Counter(found[key, name].outcome for key in keys if (key, name) in found)
    not_taken = message("The sample was not taken.").both()
    excluded = tuple(
        left_out.get((key, name), Exclusion(key, name, not_taken)) for key in keys if (key, name) not in found
    )
    return Account(
        scorer=name,
        planned=len(keys),
        passed=counts[Outcome.PASS],
        failed=counts[Outcome.FAIL],
        inconclusive=counts[Outcome.INCONCLUSIVE],
        errors=counts[Outcome.ERROR],
        excluded=excluded,
    )
