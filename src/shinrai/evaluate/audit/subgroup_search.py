"""A search of all groups and crossings that were counted for those that are treated otherwise, and what it comes to.

Each subgroup is tested against all other rows; the expected share of false findings is bounded over all metrics
together. What is only the echo of another finding (the crossing of a group that stands out, or the group whose one
crossing does) is kept as such and not told twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shinrai.evaluate.audit.cells import CellTable, Levels, Subject
from shinrai.evaluate.audit.estimates import Number, share
from shinrai.evaluate.audit.metrics import RATES
from shinrai.evaluate.audit.tally import groups_of
from shinrai.evaluate.statistics.discovery import RATE
from shinrai.evaluate.statistics.subgroups import Counts, Finding, p_values, screen

METRICS = ("selection_rate", "tpr", "fpr")
"""Rates that are searched, where there are labels."""

MOST_COLUMNS = 3
MOST_FINDINGS = 10
MOST_LISTED = 200
_ECHO = 0.05

Conditions = frozenset[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Held:
    """What rows that took no part in the search say of a finding.

    number, rest, difference: as in Subgroup; the interval holds for all findings together. p; adjusted:
    Benjamini-Hochberg over the findings. confirmed: whether they bear it out, in the same direction.
    """

    number: Number
    rest: Number
    difference: Number
    p: float
    adjusted: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A subgroup that stands out in one metric.

    number, rest: its rate and that of all other rows. difference: number - rest; its interval allows for the choice of
    those flagged. shrunk: the rate drawn to the mean of all subgroups, which is what to expect of new rows.
    p, adjusted: of no difference, the latter for all subgroups tested. echo_of: the finding that it only repeats.
    held: None where no rows were held back, or where it is told as an echo.
    """

    subject: Subject
    levels: Levels
    metric: str
    number: Number
    rest: Number
    difference: Number
    shrunk: Number
    p: float
    adjusted: float
    echo_of: str | None = None
    held: Held | None = None

    @property
    def name(self) -> str:
        """Columns and levels as one text."""
        return ", ".join(f"{column}={level}" for column, level in zip(self.subject, self.levels, strict=True))


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found.

    findings: that stand out by themselves, at most MOST_FINDINGS, largest sure gap first. flagged: all that were
    flagged, echoes among them, at most MOST_LISTED; flagged_count: how many there were. searched: tests, of all
    metrics; small: tests that were not taken as there were too few rows. rate: bound of the share of false findings.
    held_back: rows that the findings were measured again on, None where there are none.
    """

    findings: tuple[Subgroup, ...]
    flagged: tuple[Subgroup, ...]
    flagged_count: int
    searched: int
    small: int
    rate: float
    held_back: int | None = None

    def only(self, shown: Mapping[Subject, frozenset[Levels]]) -> "Search":
        """Return the findings that may be passed on. shown: subject to its hidden groups."""
        kept = tuple(each for each in self.findings if each.subject in shown and each.levels not in shown[each.subject])
        return replace(self, findings=kept, flagged=kept)


@dataclass(frozen=True, slots=True)
class _Place:
    """A subgroup with its (successes, trials) in one metric."""

    subject: Subject
    levels: Levels
    own: tuple[int, int]

    @property
    def conditions(self) -> Conditions:
        """Columns with their levels; taken once for each finding, as findings are held against one another."""
        return frozenset(zip(self.subject, self.levels, strict=True))


def search(table: CellTable, positive: str, *, min_trials: int) -> Search:
    """Search every subject of up to MOST_COLUMNS columns that the table has cells of."""
    subjects = [subject for subject in table.cells if 0 < len(subject) <= MOST_COLUMNS]
    overall = groups_of(table, (), positive)[0].rows
    groups = [
        (subject, each) for subject in subjects for each in groups_of(table, subject, positive) if not each.missing
    ]
    metrics = METRICS if table.roles.label is not None else METRICS[:1]
    found: list[Subgroup] = []
    searched = small = 0
    for metric in metrics:
        rate = RATES[metric]
        whole = rate.part(overall), rate.whole(overall)
        places = [
            _Place(subject, each.levels, (rate.part(each.rows), rate.whole(each.rows))) for subject, each in groups
        ]
        # The bound is shared out among the metrics, so that it holds for all of them together.
        counts = _counts(places, whole)
        screening = screen(counts, min_trials=min_trials, rate=RATE / len(metrics), only_flagged=True)
        searched, small = searched + screening.tested, small + len(screening.small)
        found += _told_once(metric, screening.flagged, places, whole)
    found.sort(key=_sure, reverse=True)
    alone = [each for each in found if each.echo_of is None]
    return Search(tuple(alone[:MOST_FINDINGS]), tuple(found[:MOST_LISTED]), len(found), searched, small, RATE)


def _counts(places: Sequence[_Place], whole: tuple[int, int]) -> Counts:
    own = np.array([place.own for place in places], dtype=np.int64).reshape(len(places), 2)
    return Counts(own[:, 0], own[:, 1], whole[0] - own[:, 0], whole[1] - own[:, 1])


def _told_once(
    metric: str, flagged: Sequence[Finding], places: Sequence[_Place], whole: tuple[int, int]
) -> list[Subgroup]:
    told: list[tuple[_Place, Conditions, Subgroup]] = []
    found = []
    for finding in flagged:
        place = places[finding.place]
        conditions = place.conditions
        made = _subgroup(metric, finding, place, whole)
        for other, others, first in told:
            # One of them holds the other, or nothing can be an echo.
            if (conditions > others or conditions < others) and _is_echo(
                place, other, whole, within=conditions > others
            ):
                made = replace(made, echo_of=first.name)
                break
        else:
            told.append((place, conditions, made))
        found.append(made)
    return found


def _subgroup(metric: str, finding: Finding, place: _Place, whole: tuple[int, int]) -> Subgroup:
    own = place.own
    rest = share(whole[0] - own[0], whole[1] - own[1])
    return Subgroup(
        place.subject,
        place.levels,
        metric,
        share(*own).number(),
        rest.number(),
        Number(
            finding.difference.value,
            own[1] + rest.n,
            finding.difference.interval,
            "Newcombe 1998 method 10, at the level of those selected (Benjamini, Yekutieli 2005)",
        ),
        Number(finding.shrunk, own[1], finding.shrunk_interval, "beta-binomial shrinkage (Kleinman 1973)"),
        finding.p,
        finding.adjusted,
    )


def _is_echo(place: _Place, told: _Place, whole: tuple[int, int], *, within: bool) -> bool:
    """Whether a finding says nothing beyond one that was told: a part no different from it, or a whole but for it.

    within: whether it is a part of the one that was told, which is a part of it otherwise.
    """
    own, first = place.own, told.own
    compared = (own, _less(first, own)) if within else (_less(own, first), _less(whole, own))
    columns = [np.array([count]) for counts in compared for count in counts]
    return float(p_values(Counts(columns[0], columns[1], columns[2], columns[3]))[0]) > _ECHO


def _less(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] - other[0], one[1] - other[1]


def _sure(each: Subgroup) -> float:
    return 0.0 if each.difference.interval is None else each.difference.interval.magnitude().low
