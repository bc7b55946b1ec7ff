"""How answers are judged: deterministic scorers by name, and the account of what they scored.

A suite names its scorers; each score is known by its sample and its scorer's name in the suite, so that no scorer can
take another's place. Scorers know samples and settings, never suites, targets or the network.
"""

from collections.abc import Mapping
from typing import Any

from shinrai.evaluate.scorers.accounts import Account, Exclusion, ScoreKey, accounts, by_key
from shinrai.evaluate.scorers.agreement import CONSISTENCY
from shinrai.evaluate.scorers.canary import CANARY
from shinrai.evaluate.scorers.choice import CHOICE
from shinrai.evaluate.scorers.citations import CITATIONS
from shinrai.evaluate.scorers.exact import CONTAINS, EXACT, NOT_CONTAINS
from shinrai.evaluate.scorers.json_answer import JSON
from shinrai.evaluate.scorers.pairs import COUNTERFACTUAL
from shinrai.evaluate.scorers.patterns import REGEX
from shinrai.evaluate.scorers.personal import PERSONAL
from shinrai.evaluate.scorers.refusal import REFUSAL
from shinrai.evaluate.scorers.requirement import REQUIREMENT
from shinrai.evaluate.scorers.scorer import Finding, GroupScorer, SampleScorer, Scorer, Taken, score_sample
from shinrai.evaluate.scorers.spoken import LANGUAGE

_ALL: tuple[Scorer[Any], ...] = (
    EXACT,
    CHOICE,
    REGEX,
    CONTAINS,
    NOT_CONTAINS,
    REFUSAL,
    LANGUAGE,
    JSON,
    CITATIONS,
    PERSONAL,
    CANARY,
    CONSISTENCY,
    COUNTERFACTUAL,
    REQUIREMENT,
)

SCORERS: Mapping[str, Scorer[Any]] = {scorer.name: scorer for scorer in _ALL}
"""The scorers by the name that suites use. All but `requirement`, which a judge answers, are deterministic."""

__all__ = [
    "SCORERS",
    "Account",
    "Exclusion",
    "Finding",
    "GroupScorer",
    "SampleScorer",
    "ScoreKey",
    "Scorer",
    "Taken",
    "accounts",
    "by_key",
    "score_sample",
]
