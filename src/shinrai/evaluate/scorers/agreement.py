"""The consistency scorer: do repeats and variations of one probe get the same answer?

Every sample is compared with all others of its probe and passes when at least half of them say the same. Its details
hold the counts, so that the agreement rate (pairs that agree of all pairs) can be computed without rounding: both sums
count each pair twice. Agreement says nothing about being right; pair it with a scorer that does.
"""

from collections import Counter
from collections.abc import Sequence

from shinrai.evaluate.scorers.reading import FIELDS, Reading, label_of, read_reading
from shinrai.evaluate.scorers.scorer import Finding, GroupScorer, Taken, failed, passed, undecided
from shinrai.frameworks.located import Fields, as_fields
from shinrai.language import message


def _read(fields: Fields) -> Reading:
    return read_reading(as_fields(fields, ("compare",), FIELDS))


def _score(how: Reading, taken: Sequence[Taken]) -> Sequence[Finding]:
    labels = [label_of(how, each.sample.answers[-1]) for each in taken]
    counts = Counter(label for label in labels if label is not None)
    return [_finding(label, counts) for label in labels]


def _finding(label: str | None, counts: Counter[str]) -> Finding:
    if label is None:
        return undecided(message("What the answer says cannot be told."))
    others, same = counts.total() - 1, counts[label] - 1
    if others == 0:
        return undecided(message("There is no other answer to compare with."), agreeing=0, others=0)
    reason = message("{n} of {m} other answers say the same.", n=same, m=others)
    if 2 * same >= others:
        return passed(reason, None, agreeing=same, others=others)
    return failed(reason, None, agreeing=same, others=others)


CONSISTENCY = GroupScorer(
    "consistency", "1", message("Repeats and variations of a question get the same answer"), _read, _score
)
