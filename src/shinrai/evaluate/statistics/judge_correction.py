"""A judge is an instrument: how often it errs, and what a rate looks like once its errors are taken out.

Both come from items that people labelled. "Positive" is whatever the judge is to find (a violation, a pass): the same
meaning throughout. The correction holds where the judge errs on the run as it did on the labelled items; labels from
the run itself need no such trust, see `prediction_powered`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot

from shinrai.evaluate.statistics.agreement import Agreement, Table, chance_corrected
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.proportions import newcombe, wilson
from shinrai.evaluate.statistics.quantiles import normal_quantile
from shinrai.evaluate.statistics.undefined import Undefined

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Labelled:
    """Items with a label of people and a verdict of the judge.

    found, missed: positive for people, and for the judge positive or not. false_alarms, cleared: negative for people,
    and for the judge positive or not. Items on which the judge gave no verdict are in none of them.
    """

    found: int
    missed: int
    false_alarms: int
    cleared: int

    def __post_init__(self) -> None:
        if min(self.found, self.missed, self.false_alarms, self.cleared) < 0:
            raise ValueError("need counts of 0 or more")

    @property
    def positives(self) -> int:
        """Items that people labelled positive."""
        return self.found + self.missed

    @property
    def negatives(self) -> int:
        """Items that people labelled negative."""
        return self.false_alarms + self.cleared

    @property
    def n(self) -> int:
        """All labelled items."""
        return self.positives + self.negatives

    @property
    def table(self) -> Table:
        """People (rows) against judge (columns), positive first."""
        return ((self.found, self.missed), (self.false_alarms, self.cleared))


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a judge errs.

    base_rate: share of items that people labelled positive; judged_rate: that the judge found positive. kappa says
    little where the base rate is near 0 or 1; ac1 stands beside it for that. informative: whether the interval of
    sensitivity + specificity - 1 (youden) lies above 0.
    """

    labelled: Labelled
    sensitivity: Rate | Undefined
    specificity: Rate | Undefined
    youden: Rate | Undefined
    base_rate: Rate | Undefined
    judged_rate: Rate | Undefined
    kappa: Agreement | Undefined
    ac1: Agreement | Undefined

    @property
    def informative(self) -> bool:
        """Whether the judge is shown to be better than chance."""
        return isinstance(self.youden, Rate) and self.youden.interval.low > 0


@dataclass(frozen=True, slots=True)
class Corrected:
    """A rate without the judge's errors. seen: the rate the judge found, uncorrected."""

    value: float
    interval: Interval
    seen: Rate


def calibrate(labelled: Labelled, *, level: float = LEVEL) -> Calibration:
    """Judge's sensitivity, specificity and agreement with people.

    Sensitivity, specificity and base rates have Wilson's interval, sensitivity + specificity - 1 Newcombe's.
    """
    z = normal_quantile(level)
    sensitivity: Rate | Undefined = Undefined.NO_LABELLED_POSITIVES
    specificity: Rate | Undefined = Undefined.NO_LABELLED_NEGATIVES
    youden: Rate | Undefined = Undefined.NO_LABELLED_POSITIVES
    if labelled.positives:
        sensitivity = _rate(labelled.found, labelled.positives, z)
        youden = Undefined.NO_LABELLED_NEGATIVES
    if labelled.negatives:
        specificity = _rate(labelled.cleared, labelled.negatives, z)
    if isinstance(sensitivity, Rate) and isinstance(specificity, Rate):
        counts = (labelled.found, labelled.positives, labelled.false_alarms, labelled.negatives)
        youden = Rate(sensitivity.value + specificity.value - 1, newcombe(*counts, z))
    either = labelled.n > 0
    return Calibration(
        labelled=labelled,
        sensitivity=sensitivity,
        specificity=specificity,
        youden=youden,
        base_rate=_rate(labelled.positives, labelled.n, z) if either else Undefined.NO_SAMPLES,
        judged_rate=_rate(labelled.found + labelled.false_alarms, labelled.n, z) if either else Undefined.NO_SAMPLES,
        kappa=chance_corrected(labelled.table, "kappa", level=level),
        ac1=chance_corrected(labelled.table, "ac1", level=level),
    )


def calibrate_by(labelled: Mapping[str, Labelled], *, level: float = LEVEL) -> dict[str, Calibration]:
    """Calibrate for each language (or any other part) by itself: a judge good in one may be poor in another."""
    return {part: calibrate(counts, level=level) for part, counts in labelled.items()}


def corrected_rate(seen: Rate, calibration: Calibration) -> Corrected | Undefined:
    """Rate of positives behind the rate that the judge found.

    It is (seen + specificity - 1) / (sensitivity + specificity - 1), cut to [0, 1].
    seen: the judge's rate in the run with its interval (Wilson's, or that of clustered samples), at the level of the
    calibration. The interval holds every rate r for which seen - r·sensitivity -
    (1 - r)·(1 - specificity) can be 0, its interval put together from those of its three parts by square-and-add; it
    covers at small calibrations, where the delta method and Lang and Reiczigel's interval fall short.
    Undefined when the judge is not shown to be better than chance, or when no r fits.
    Sources: Rogan, Gladen 1978, Am. J. Epidemiol. 107:71; Zou, Donner 2008, Stat. Med. 27:1693 (square-and-add).
    """
    if not isinstance(calibration.sensitivity, Rate):
        return calibration.sensitivity
    if not isinstance(calibration.specificity, Rate):
        return calibration.specificity
    if not calibration.informative:
        return Undefined.JUDGE_NOT_INFORMATIVE
    hit, clear = calibration.sensitivity, calibration.specificity
    alarm = Rate(1 - clear.value, Interval(1 - clear.interval.high, 1 - clear.interval.low))
    value = min(1.0, max(0.0, (seen.value - alarm.value) / (hit.value - alarm.value)))

    def balance(rate: float) -> Interval:
        """Interval of what the judge found beyond what it finds at this true rate."""
        centre = seen.value - rate * hit.value - (1 - rate) * alarm.value
        down = (
            seen.value - seen.interval.low,
            rate * (hit.interval.high - hit.value),
            (1 - rate) * (alarm.interval.high - alarm.value),
        )
        up = (
            seen.interval.high - seen.value,
            rate * (hit.value - hit.interval.low),
            (1 - rate) * (alarm.value - alarm.interval.low),
        )
        return Interval(centre - hypot(*down), centre + hypot(*up))

    if balance(0.0).high < 0 or balance(1.0).low > 0:
        return Undefined.OUTSIDE_JUDGE
    low = _edge(value, 0.0, lambda rate: balance(rate).low > 0)
    high = _edge(value, 1.0, lambda rate: balance(rate).high < 0)
    return Corrected(value, Interval(low, high), seen)


def _edge(inside: float, end: float, outside: Callable[[float], bool]) -> float:
    """Where the fitting rates stop between one that fits and an end of the scale."""
    if not outside(end):
        return end
    for _ in range(_HALVINGS):
        middle = (inside + end) / 2
        inside, end = (inside, middle) if outside(middle) else (middle, end)
    return (inside + end) / 2


def _rate(successes: int, trials: int, z: float) -> Rate:
    return Rate(successes / trials, wilson(successes, trials, z))
