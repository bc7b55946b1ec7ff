"""The scores of a suite's samples: sample by sample while a run goes on, and group by group when it is over."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Sample, Score
from shinrai.evaluate.scorers import Exclusion, Finding, GroupScorer, SampleScorer, Taken, score_sample
from shinrai.evaluate.scorers.scorer import tied, why_unreadable
from shinrai.evaluate.suites.model import Probe, Suite
from shinrai.evaluate.suites.planning import PlannedPrompt
from shinrai.language import message


def sample_scores(suite: Suite, planned: PlannedPrompt, sample: Sample) -> tuple[Score, ...]:
    """Return the scores of one sample under every scorer that looks at single samples and is asked of its probe."""
    return tuple(
        score_sample(used.scorer, used.name, planned.probe.expected[used.name], planned.prompt, sample)
        for used in suite.scorers
        if isinstance(used.scorer, SampleScorer) and used.name in planned.probe.expected
    )


def group_scores(suite: Suite, probes: Mapping[str, Probe], taken: Iterable[Taken]) -> Iterator[Score | Exclusion]:
    """Yield the scores of the scorers that compare the samples of a probe, and what they leave out, with the reason.

    probes: the planned probes by id, with their canaries filled in. taken: samples of this suite, in any order; what
    comes out does not depend on it. All of them are held at once.
    """
    groups: dict[str, list[Taken]] = {}
    for each in taken:
        groups.setdefault(each.planned.probe, []).append(each)
    for used in suite.scorers:
        if isinstance(used.scorer, GroupScorer):
            for probe, members in groups.items():
                if used.name in probes[probe].expected:
                    ordered = sorted(members, key=lambda each: each.planned.key)
                    yield from _group(used.scorer, used.name, probes[probe].expected[used.name], ordered)


def _group(scorer: GroupScorer[Any], name: str, expected: Any, members: list[Taken]) -> Iterator[Score | Exclusion]:
    readable = []
    for each in members:
        why = why_unreadable(each.sample)
        if why is None:
            readable.append(each)
        else:
            yield tied(Finding(Outcome.ERROR, why), each.planned.key, name)
    try:
        findings = scorer.score(expected, readable)
    except Exception as error:
        # As with single samples: the group fails to be scored, visibly, and the run goes on.
        broken = Finding(Outcome.ERROR, message("The scorer broke off: {error}.", error=type(error).__name__))
        findings = [broken] * len(readable)
    for each, finding in zip(readable, findings, strict=True):
        if finding is None:
            reason = message("The others of its probe are compared with it.").both()
            yield Exclusion(each.planned.key, name, reason)
        else:
            yield tied(finding, each.planned.key, name)


def not_asked(suite: Suite, probe: Probe, key: str) -> tuple[Exclusion, ...]:
    """Return, for one planned sample, the scorers of the suite that are not asked about its probe."""
    return tuple(
        Exclusion(key, used.name, message("The probe expects nothing of this scorer.").both())
        for used in suite.scorers
        if used.name not in probe.expected
    )
