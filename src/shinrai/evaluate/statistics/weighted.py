"""A rate over rows with sampling weights, from the sums of the weights and of their squares.

Counting draws again is no way to an interval here: a row of weight 3 is not three rows.
"""

from dataclasses import dataclass, replace
from math import inf

from shinrai.evaluate.statistics.clustered import RateSpread
from shinrai.evaluate.statistics.clusters import LinearisedRate, linearised
from shinrai.evaluate.statistics.undefined import Undefined


@dataclass(frozen=True, slots=True)
class WeightSums:
    """Weights of the rows of a rate, as whole numbers of a unit and of its square.

    rows: with weight above 0. selected, selected_squares: Σw and Σw² of the successes; total, total_squares: of all.
    """

    rows: int
    selected: int
    selected_squares: int
    total: int
    total_squares: int


def weighted_rate(sums: WeightSums) -> LinearisedRate | Undefined:
    """Σw of the successes over Σw of all, with Wilson's interval at the effective n and Student's t.

    The variance is that of a ratio, linearised, each row being a cluster of its own, and at least that of weights that
    have nothing to do with the outcome (Kish's effective n, (Σw)²/Σw²). Of equal weights it is Wilson's
    interval of the rows. Undefined without rows (NO_ROWS) or with one row of weight (SINGLE_CLUSTER); ValueError for
    sums that no weights can have. Sources: Kish 1965, Survey Sampling, 11.7 (effective n); Korn, Graubard 1998, Surv.
    Methodol. 24:193 (interval at the effective n).
    """
    if not (
        0 <= sums.selected <= sums.total
        and 0 <= sums.selected_squares <= sums.total_squares <= sums.total**2
        and sums.total**2 <= sums.rows * sums.total_squares
    ):
        raise ValueError("no weights have these sums")
    if not sums.rows:
        return Undefined.NO_ROWS
    if sums.total_squares == sums.total**2:
        return Undefined.SINGLE_CLUSTER
    if sums.total**2 == sums.rows * sums.total_squares:
        spread = RateSpread(sums.selected / sums.total, sums.rows, sums.rows, 0, inf)
    else:
        s, ss = sums.selected, sums.selected_squares
        seen = linearised(sums.rows, s, sums.total, ss, ss, sums.total_squares)
        # A success of large weight that did not come up can't be seen in the spread; Kish's n does not depend on it.
        spread = replace(seen, observed_n=min(seen.observed_n, seen.worst_n))
    effective = spread.effective_n()
    return LinearisedRate(
        spread.value, spread.at(), sums.rows, sums.rows, effective, sums.rows / effective, spread.df, spread
    )
