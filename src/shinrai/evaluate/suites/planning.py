"""From a suite to the prompts that are put: every probe, its variations and its repeats, the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from shinrai.evaluate.sample import Prompt, Speaker, Turn
from shinrai.evaluate.suites.model import Probe, Suite
from shinrai.evaluate.suites.planting import canary, planted_expectation, planted_prompt, planter
from shinrai.evaluate.suites.variations import Change, Draws, Said, variations

MAX_SAMPLES = 5_000_000


@dataclass(frozen=True, slots=True)
class Variation:
    """A variation of a probe. name: `<operator's name in the suite>.<label>`."""

    name: str
    operator: str
    changes: tuple[Change, ...]


class PlannedPrompt(NamedTuple):
    """One prompt to be put. probe: with its canary filled in. variation: None for the probe as it is written."""

    probe: Probe
    variation: Variation | None
    repeat: int
    prompt: Prompt

    @property
    def cluster(self) -> str:
        """What is not independent shares it: the probe's scenario."""
        return self.probe.cluster


def plan(
    suite: Suite, *, seed: int = 0, repeats: int | None = None, clusters: int | None = None, varied: bool = True
) -> Iterator[PlannedPrompt]:
    """Yield the prompts of a suite, probe by probe; for each the probe itself first, then its variations.

    seed: of everything drawn: canaries, variations, and which scenarios are taken. repeats: instead of the suite's own,
    at least 1. clusters: take so many scenarios, drawn by the seed, with all their probes; None takes all.
    varied: whether variations are made. ValueError for numbers out of range.
    """
    times = suite.repeats if repeats is None else repeats
    if times < 1 or (clusters is not None and clusters < 1):
        raise ValueError("repeats and clusters are at least 1")
    taken = _taken(suite, seed, clusters)
    for written in suite.probes:
        if written.cluster not in taken:
            continue
        probe = planted(suite, written, seed)
        for variation, prompt in _prompts(suite, probe, seed, varied=varied):
            for repeat in range(times):
                yield PlannedPrompt(probe, variation, repeat, prompt)


def planted(suite: Suite, probe: Probe, seed: int) -> Probe:
    """Return a probe with its canary filled into prompt and expectations."""
    fill = planter(canary(seed, suite.id, probe.id))
    return replace(
        probe,
        prompt=planted_prompt(probe.prompt, fill),
        expected={name: planted_expectation(expected, fill) for name, expected in probe.expected.items()},
        paraphrases=tuple(map(fill, probe.paraphrases)),
    )


def _taken(suite: Suite, seed: int, clusters: int | None) -> frozenset[str]:
    names = list(dict.fromkeys(probe.cluster for probe in suite.probes))
    if clusters is None or clusters >= len(names):
        return frozenset(names)
    draws = Draws("clusters", seed, suite.id)
    return frozenset(names.pop(draws.below(len(names))) for _ in range(clusters))


def _prompts(suite: Suite, probe: Probe, seed: int, *, varied: bool) -> Iterator[tuple[Variation | None, Prompt]]:
    yield None, probe.prompt
    if not varied:
        return
    said = what_is_said(probe)
    for used in suite.variations:
        draws = Draws("variation", seed, suite.id, probe.id, used.name, used.operator.version)
        for made in variations(used.operator, used.settings, said, draws, used.most):
            variation = Variation(f"{used.name}.{made.label}", used.operator.name, made.changes)
            yield variation, _with_texts(probe.prompt, made.texts)


def what_is_said(probe: Probe) -> Said:
    """Return the user's turns of a probe; the question is the last turn that is sent at once."""
    sent = [turn.text for turn in probe.prompt.turns if turn.speaker is Speaker.USER]
    return Said((*sent, *probe.prompt.follow_ups), len(sent) - 1, probe.paraphrases)


def _with_texts(prompt: Prompt, texts: tuple[str, ...]) -> Prompt:
    """Return a prompt in which the user says these texts, in order."""
    given = iter(texts)
    turns = tuple(
        Turn(turn.speaker, next(given), turn.images) if turn.speaker is Speaker.USER else turn for turn in prompt.turns
    )
    return replace(prompt, turns=turns, follow_ups=tuple(given))
