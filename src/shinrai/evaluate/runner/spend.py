"""What a run costs: an estimate before, and the account during.

Tokens are estimated from the text where the target does not count them: four ASCII characters to a token, and one
token for every other character, which overstates Japanese for most tokenizers rather than understating it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shinrai.evaluate.runner.settings import Prices, RunSettings
from shinrai.evaluate.sample import Answer, PlannedSample, Prompt

_IMAGE_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan would take if every answer were as long as expected and nothing had to be asked twice.

    cost: None without prices.
    """

    samples: int
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def estimate(plan: Iterable[PlannedSample], settings: RunSettings) -> Estimate:
    """Estimate a plan before anything is asked; the plan is walked once."""
    samples = requests = tokens_in = tokens_out = 0
    for planned in plan:
        turns = 1 + len(planned.prompt.follow_ups)
        samples += 1
        requests += turns
        tokens_in += input_tokens(planned.prompt, settings.expected_output_tokens)
        tokens_out += turns * settings.expected_output_tokens
    cost = None if settings.prices is None else settings.prices.of(tokens_in, tokens_out)
    return Estimate(samples, requests, tokens_in, tokens_out, cost)


def input_tokens(prompt: Prompt, answer_tokens: int) -> int:
    """Estimate the tokens sent over a whole conversation, in which every turn sends the earlier ones again."""
    texts = [turn.text for turn in prompt.turns]
    texts += [document.text for document in prompt.documents]
    texts += [tool.description + tool.parameters for tool in prompt.tools]
    said = sum(map(tokens_of, texts)) + _IMAGE_TOKENS * sum(len(turn.images) for turn in prompt.turns)
    total = said
    for follow_up in prompt.follow_ups:
        said += answer_tokens + tokens_of(follow_up)
        total += said
    return total


def tokens_of(text: str) -> int:
    """Estimate the tokens of a text."""
    ascii_characters = len(text) if text.isascii() else sum(char.isascii() for char in text)
    return (ascii_characters + 3) // 4 + len(text) - ascii_characters


class Account:
    """What this run has spent, and what it may still begin."""

    def __init__(self, prices: Prices | None, limit: float | None, expected_output_tokens: int) -> None:
        self._prices = prices
        self._limit = limit
        self._expected_output = expected_output_tokens
        self._spent = 0.0
        self._charged = 0

    @property
    def spent(self) -> float | None:
        """In the currency of the prices; None without prices."""
        return None if self._prices is None else self._spent

    def charge(self, prompt: Prompt, answer: Answer) -> None:
        """Add an answer, estimated where the target did not count."""
        if self._prices is None:
            return
        given, made = answer.input_tokens, answer.output_tokens
        if given is None:
            given = input_tokens(prompt, self._expected_output) // (1 + len(prompt.follow_ups))
        self._spent += self._prices.of(given, tokens_of(answer.text) if made is None else made)
        self._charged += 1

    def may_begin(self, prompt: Prompt, in_flight: int) -> bool:
        """Whether a sample fits under the limit, beside those in flight."""
        if self._limit is None or self._prices is None:
            return True
        turns = 1 + len(prompt.follow_ups)
        if self._charged:
            each = self._spent / self._charged * turns
        else:
            each = self._prices.of(input_tokens(prompt, self._expected_output), turns * self._expected_output)
        return self._spent + each * (in_flight + 1) <= self._limit
