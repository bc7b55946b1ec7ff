"""Canaries: words that are planted in a prompt and looked for in its answer, fresh for each seed.

A prompt writes `{canary}` where the word stands whole, or `{canary_a}` and `{canary_b}` where its two halves stand, so
that only a system that obeyed and joined them says the word; one that quotes what it was told does not.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from shinrai.evaluate.sample import Document, Prompt, Tool, Turn
from shinrai.evaluate.suites.variations import Draws

WHOLE, FIRST, SECOND = "{canary}", "{canary_a}", "{canary_b}"
PLACES = (WHOLE, FIRST, SECOND)
# No vowels, so that no word comes of it, and no signs that look alike.
_LETTERS = "BCDFGHJKMNPQRSTVWXZ23456789"
_HALF = 5


def canary(seed: int, suite: str, probe: str) -> tuple[str, str]:
    """Return the two halves of a probe's canary: ten signs of 27, about 47 bits."""
    draws = Draws("canary", seed, suite, probe)
    signs = "".join(draws.pick(_LETTERS) for _ in range(2 * _HALF))
    return signs[:_HALF], signs[_HALF:]


def planter(halves: tuple[str, str]) -> Callable[[str], str]:
    """Return the function that fills a canary into a text."""
    first, second = halves

    def fill(text: str) -> str:
        return text.replace(WHOLE, first + second).replace(FIRST, first).replace(SECOND, second)

    return fill


def planted_prompt(prompt: Prompt, fill: Callable[[str], str]) -> Prompt:
    """Return a prompt with the canary filled in everywhere."""
    return Prompt(
        turns=tuple(Turn(turn.speaker, fill(turn.text), turn.images) for turn in prompt.turns),
        follow_ups=tuple(map(fill, prompt.follow_ups)),
        documents=tuple(Document(each.id, fill(each.title), fill(each.text)) for each in prompt.documents),
        tools=tuple(Tool(tool.name, fill(tool.description), tool.parameters) for tool in prompt.tools),
    )


def planted_expectation(expected: Any, fill: Callable[[str], str]) -> Any:
    """Return a scorer's expectation, a dataclass or a tuple of texts, with the canary filled in."""
    if isinstance(expected, str):
        return fill(expected)
    if isinstance(expected, tuple):
        return tuple(planted_expectation(each, fill) for each in expected)
    if is_dataclass(expected) and not isinstance(expected, type):
        names = [each.name for each in fields(expected)]
        filled = {name: planted_expectation(getattr(expected, name), fill) for name in names}
        changed = {name: value for name, value in filled.items() if value != getattr(expected, name)}
        return replace(expected, **changed) if changed else expected
    return expected


def mentions_canary(what: Any) -> bool:
    """Whether a place for a canary stands in a text, or in the texts of a tuple or dataclass."""
    if isinstance(what, str):
        return any(place in what for place in PLACES)
    if isinstance(what, tuple):
        return any(map(mentions_canary, what))
    if is_dataclass(what) and not isinstance(what, type):
        return any(mentions_canary(getattr(what, each.name)) for each in fields(what))
    return False
