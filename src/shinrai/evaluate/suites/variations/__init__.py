"""Variation operators: other ways of saying the same, made by rule, each saying what it changed."""

from collections.abc import Mapping
from typing import Any

from shinrai.evaluate.suites.variations.encodings import ENCODING
from shinrai.evaluate.suites.variations.english import ENGLISH
from shinrai.evaluate.suites.variations.era import ERA
from shinrai.evaluate.suites.variations.operator import Change, Draws, Operator, Said, Varied, variations
from shinrai.evaluate.suites.variations.surroundings import ATTRIBUTE, CONTEXT
from shinrai.evaluate.suites.variations.typos import TYPOS
from shinrai.evaluate.suites.variations.width import WIDTH
from shinrai.evaluate.suites.variations.wording import KANA, PARAPHRASE, REGISTER

_ALL: tuple[Operator[Any], ...] = (
    PARAPHRASE,
    TYPOS,
    KANA,
    WIDTH,
    ERA,
    REGISTER,
    ENGLISH,
    CONTEXT,
    ENCODING,
    ATTRIBUTE,
)

OPERATORS: Mapping[str, Operator[Any]] = {operator.name: operator for operator in _ALL}
"""The operators by the name that suites use."""

__all__ = ["OPERATORS", "Change", "Draws", "Operator", "Said", "Varied", "variations"]
