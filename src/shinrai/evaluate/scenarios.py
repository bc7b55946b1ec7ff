"""What came of samples by scenario, the rate that follows, and whether a decision stands on what is still open.

A scenario is what samples share that are not independent. In it are prompts, each with three counts: good samples (or
pairs), decided ones, and open ones, which have no verdict.
"""

from collections import Counter
from collections.abc import Mapping

from shinrai.evaluate.measurement import Outcome, Rule
from shinrai.evaluate.statistics.clustered import Clustered, clustered_proportion
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.judge_correction import Corrected, Labelled, Rate, calibrate, corrected_rate
from shinrai.evaluate.statistics.undefined import Undefined

Prompt = tuple[str, str | None]
Cells = Mapping[str, Mapping[Prompt, list[int]]]
"""Scenario -> prompt -> [good, decided, open]."""


def rate_of(cells: Cells, opened: Outcome | None = None) -> Clustered | Undefined:
    """Return the rate of good ones; opened: what the open ones count as, None leaves them out."""
    fractions = []
    for prompts in cells.values():
        counted = [
            (good + (left if opened is Outcome.PASS else 0), decided + (left if opened is not None else 0))
            for good, decided, left in prompts.values()
        ]
        fractions.append([each for each in counted if each[1]])
    filled = [each for each in fractions if each]
    return clustered_proportion(filled) if filled else Undefined.NO_SAMPLES


def histogram(cells: Cells) -> dict[str, int]:
    """Count scenarios by what came of them: `clusters.<good>.<decided>.<open>`; the interval follows from these."""
    found = Counter(tuple(map(sum, zip(*prompts.values(), strict=True))) for prompts in cells.values())
    return {f"clusters.{good}.{decided}.{left}": n for (good, decided, left), n in sorted(found.items())}


def judged_rate(cells: Cells, labelled: Labelled, opened: Outcome | None = None) -> Corrected | Undefined:
    """Return the rate without the errors of the judge that told good from bad. labelled: how the judge errs."""
    seen = rate_of(cells, opened)
    if isinstance(seen, Undefined):
        return seen
    return corrected_rate(Rate(seen.value, seen.interval), calibrate(labelled))


def holds(cells: Cells, rule: Rule, outcome: Outcome, labelled: Labelled | None = None) -> bool:
    """Whether a decision stands however the open ones would have come out. labelled: of the judge, if one."""
    for opened in (Outcome.PASS, Outcome.FAIL):
        end = rate_of(cells, opened) if labelled is None else judged_rate(cells, labelled, opened)
        if isinstance(end, Undefined) or decide(end.interval, rule) is not outcome:
            return False
    return True


def scenario_count(counts: Mapping[str, int]) -> int | None:
    """Return how many scenarios with a verdict the counts of a measurement speak of; None where they are of rows."""
    rates = {name: times for name, times in counts.items() if name.startswith("clusters.")}
    means = [times for name, times in counts.items() if name.startswith("sums.")]
    if not rates and not means:
        return None
    return sum(means) + sum(times for name, times in rates.items() if name.split(".")[2] != "0")
