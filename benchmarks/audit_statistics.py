"""How often the statistics of an audit are right: false alarms, coverage of intervals, planted gaps, by simulation.

    .venv/bin/python benchmarks/audit_statistics.py [--audits 1000] [--only strata]

Prints one table. Seeded: all but CPU seconds and memory come out the same on every run. The simulation's own standard
error is about 0.02 at 100 audits and 0.007 at 1,000.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from random import Random

import numpy as np

from shinrai.evaluate.statistics.binned_scores import (
    ScoreClass,
    ScoreHistogram,
    brier,
    calibration_error,
)
from shinrai.evaluate.statistics.bootstrap import Method, bootstrap, difference_of, of_group
from shinrai.evaluate.statistics.clusters import clustered_rate
from shinrai.evaluate.statistics.composites import f1, mcc, theil
from shinrai.evaluate.statistics.discrete_laplace import discrete_laplace, noisy_rate
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.mover import difference
from shinrai.evaluate.statistics.permutation import no_difference, no_difference_within
from shinrai.evaluate.statistics.proportions import newcombe
from shinrai.evaluate.statistics.shrinkage import shrink
from shinrai.evaluate.statistics.simultaneous import Against, simultaneous
from shinrai.evaluate.statistics.strata import breslow_day, common_difference, common_odds_ratio, common_ratio
from shinrai.evaluate.statistics.subgroups import Counts, confirm, screen
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.statistics.weighted import WeightSums, weighted_rate

Generator = np.random.Generator
Row = tuple[str, str, float, str]


class Sums:
    def __init__(self, s: np.ndarray, t: np.ndarray) -> None:
        self.clusters, self.s, self.t = len(t), int(s.sum()), int(t.sum())
        self.ss, self.st, self.tt = int((s * s).sum()), int((s * t).sum()), int((t * t).sum())


def share(times: int, happens: Callable[[], bool | None]) -> float:
    """Share of those runs that say anything."""
    said = [each for each in (happens() for _ in range(times)) if each is not None]
    return sum(said) / len(said)


def holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def null_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for groups, n, p in ((2, 100, 0.3), (5, 100, 0.3), (10, 100, 0.3), (10, 10_000, 0.3), (40, 100, 0.3)):
        found = [
            no_difference([(int(x), n) for x in rng.binomial(n, p, groups)], draws=1000, seed=i) for i in range(audits)
        ]
        case = f"{groups} equal groups of {n}, rate {p}"
        for name in ("difference", "deviation"):
            yield case, f"false alarms, {name}", sum(getattr(each, name).p <= 0.05 for each in found) / audits, "≤ 0.07"
        ratios = [each.ratio.p for each in found if not isinstance(each.ratio, Undefined)]
        yield case, "false alarms, ratio", sum(p <= 0.05 for p in ratios) / len(ratios), "≤ 0.07"
        yield case, "false alarms of the 4/5 rule", float(np.mean([each.below_four_fifths for each in found])), "–"

    def within() -> bool:
        strata = [
            [(int(rng.binomial(n, p)), n) for n in sizes] for p, sizes in ((0.2, (20, 60, 90)), (0.6, (80, 5, 40)))
        ]
        return no_difference_within(strata, draws=1000).deviation.p <= 0.05

    yield "3 groups in 2 unlike strata", "false alarms, stratified", share(audits, within), "≤ 0.07"


def interval_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for n1, n2, p1, p2 in (
        (15, 15, 0.1, 0.3),
        (20, 200, 0.1, 0.1),
        (50, 1000, 0.05, 0.1),
        (30, 30, 0.05, 0.05),
        (200, 200, 0.3, 0.4),
    ):
        hit = share(
            10 * audits,
            lambda n1=n1, n2=n2, p1=p1, p2=p2: holds(
                newcombe(int(rng.binomial(n1, p1)), n1, int(rng.binomial(n2, p2)), n2), p1 - p2
            ),
        )
        yield f"{n1}, {n2} rows, rates {p1}, {p2}", "coverage, difference", hit, "0.93–0.99"
    truth = np.array([0.2, 0.2, 0.3, 0.25, 0.5])
    sizes = np.array([40, 300, 80, 1000, 50])
    for against in Against:

        def together(against: Against = against) -> bool:
            found = simultaneous(
                [(int(x), int(n)) for x, n in zip(rng.binomial(sizes, truth), sizes, strict=True)],
                against=against,
                draws=5000,
            )
            overall = float((sizes * truth).sum() / sizes.sum())
            return all(
                holds(
                    each.difference.interval,
                    truth[each.first] - (overall if each.second is None else truth[each.second]),
                )
                for each in found.contrasts
            )

        yield "5 groups of 40 to 1,000", f"coverage, all together, {against}", share(audits, together), "0.93–0.99"


def strata_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for case, sizes in (
        ("4 strata of 40", [(20, 20)] * 4),
        ("30 strata of 6", [(3, 3)] * 30),
        ("unequal strata", [(100, 10), (10, 100), (50, 50)]),
    ):
        base = np.linspace(0.2, 0.5, len(sizes))

        def drawn(
            rates: np.ndarray, base: np.ndarray = base, sizes: list[tuple[int, int]] = sizes
        ) -> list[tuple[int, int, int, int]]:
            return [
                (int(rng.binomial(n, p)), n, int(rng.binomial(m, q)), m)
                for (n, m), p, q in zip(sizes, rates, base, strict=True)
            ]

        odds = base / (1 - base) * 2
        for name, estimate, rates, truth in (
            ("difference", common_difference, base + 0.15, 0.15),
            ("ratio", common_ratio, base * 1.5, 1.5),
            ("odds ratio", common_odds_ratio, odds / (1 + odds), 2.0),
        ):

            def hit(estimate: Callable = estimate, rates: np.ndarray = rates, truth: float = truth) -> bool | None:
                gap = estimate(drawn(rates))
                return None if isinstance(gap, Undefined) else holds(gap.interval, truth)

            yield case, f"coverage, Mantel-Haenszel {name}", share(4 * audits, hit), "0.93–0.99"

        def false(odds: np.ndarray = odds) -> bool | None:
            test = breslow_day(drawn(odds / (1 + odds)))
            return None if isinstance(test, Undefined) else test.p <= 0.05

        yield case, "false alarms, Breslow-Day-Tarone", share(4 * audits, false), "≤ 0.07"


def cluster_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for clusters, p, icc, largest in (
        (20, 0.3, 0.3, 10),
        (200, 0.3, 0.3, 10),
        (100, 0.05, 0.2, 5),
        (30, 0.1, 0.5, 30),
        (1000, 0.02, 0.1, 4),
    ):

        def rate(clusters: int = clusters, p: float = p, icc: float = icc, largest: int = largest):
            t = rng.integers(1, largest + 1, clusters)
            strength = (1 - icc) / icc
            return clustered_rate(Sums(rng.binomial(t, rng.beta(p * strength, (1 - p) * strength, clusters)), t))

        def hit(rate: Callable = rate, p: float = p) -> bool:
            return holds(rate().interval, p)

        def apart(rate: Callable = rate) -> bool:
            return holds(difference(rate(), rate()).interval, 0.0)

        case = f"{clusters} clusters of 1 to {largest}, rate {p}, likeness {icc}"
        yield case, "coverage, rate", share(2 * audits, hit), "0.93–0.99"
        yield case, "coverage, difference of two", share(audits, apart), "0.93–0.99"


def weight_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for n, p, spread in ((30, 0.3, 0.5), (100, 0.1, 0.8), (1000, 0.05, 1.0), (300, 0.5, 0.3)):

        def rate(n: int = n, p: float = p, spread: float = spread):
            w = np.rint(1000 * np.exp(rng.normal(0, spread, n))).astype(np.int64) + 1
            y = rng.random(n) < p
            return weighted_rate(
                WeightSums(n, int(w[y].sum()), int((w[y] ** 2).sum()), int(w.sum()), int((w**2).sum()))
            )

        def hit(rate: Callable = rate, p: float = p) -> bool:
            return holds(rate().interval, p)

        yield (
            f"{n} rows, rate {p}, spread of log weight {spread}",
            "coverage, weighted rate",
            share(2 * audits, hit),
            "0.93–0.99",
        )


def noise_rows(rng: Generator, audits: int) -> Iterable[Row]:
    below = Random(7).randrange  # noqa: S311
    for n, p, epsilon in (
        (20, 0.3, 1),
        (100, 0.05, 1),
        (100, 0.3, Fraction(1, 10)),
        (1000, 0.02, Fraction(1, 10)),
        (50, 0.5, Fraction(1, 10)),
    ):

        def rate(n: int = n, p: float = p, epsilon: Fraction = Fraction(epsilon)):
            x = int(rng.binomial(n, p))
            return noisy_rate(
                x + discrete_laplace(epsilon, below), n - x + discrete_laplace(epsilon, below), epsilon=float(epsilon)
            )

        def hit(rate: Callable = rate, p: float = p) -> bool | None:
            found = rate()
            return None if isinstance(found, Undefined) else holds(found.at(), p)

        yield f"{n} rows, rate {p}, ε {epsilon}", "coverage, noisy rate", share(4 * audits, hit), "≥ 0.93"


def composite_rows(rng: Generator, audits: int) -> Iterable[Row]:
    cells = np.array([[0.5, 0.1, 0.1, 0.3], [0.3, 0.2, 0.15, 0.35]])
    for n in (50, 300):
        for name, statistic in (
            ("f1", of_group(f1)),
            ("mcc", of_group(mcc)),
            ("theil", of_group(theil)),
            ("difference of f1", difference_of(f1)),
        ):
            truth = float(statistic(cells[None])[0])
            for method in (Method.PERCENTILE, Method.BCA):

                def hit(
                    n: int = n, statistic: Callable = statistic, method: Method = method, truth: float = truth
                ) -> bool | None:
                    counts = np.array([rng.multinomial(n, row) for row in cells])
                    found = bootstrap(counts, statistic, method=method, draws=1000)
                    return None if isinstance(found, Undefined) else holds(found.interval, truth)

                yield f"groups of {n}", f"coverage, {name}, {method}", share(audits, hit), "0.91–0.99"


def histogram(s: np.ndarray, y: np.ndarray, bins: int) -> ScoreHistogram:
    bits = 46
    place = np.minimum((s * bins).astype(np.int64), bins - 1)
    parts = []
    for of in (y, ~y):
        counts = np.bincount(place[of], minlength=bins)
        sums = np.bincount(place[of], weights=s[of], minlength=bins)
        squares = np.bincount(place[of], weights=s[of] ** 2, minlength=bins)
        parts.append(
            ScoreClass(counts, tuple(round(v * 2**bits) for v in sums), tuple(round(v * 2**bits) for v in squares))
        )
    return ScoreHistogram(parts[0], parts[1], bits)


def score_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for n, wrong in ((200, 0.0), (200, 0.1), (2000, 0.0), (2000, 0.05)):
        much = rng.beta(2, 3, 2_000_000)
        truth_p = np.clip(much + wrong * np.sign(much - 0.4), 0, 1)
        truth_brier = float((truth_p * (1 - much) ** 2 + (1 - truth_p) * much**2).mean())
        place = np.minimum((much * 10).astype(np.int64), 9)
        gaps = [abs(float((truth_p - much)[place == b].mean())) * float((place == b).mean()) for b in range(10)]

        def scores(n: int = n, wrong: float = wrong) -> ScoreHistogram:
            s = rng.beta(2, 3, n)
            return histogram(s, rng.random(n) < np.clip(s + wrong * np.sign(s - 0.4), 0, 1), 1000)

        case = f"{n} scores, {'calibrated' if not wrong else f'off by {wrong}'}"
        errors = [calibration_error(scores()) for _ in range(audits)]
        yield (
            case,
            "coverage, calibration error",
            float(np.mean([holds(e.interval, sum(gaps)) for e in errors])),
            "≥ 0.93",
        )
        yield case, "bias of the plain calibration error", float(np.mean([e.value for e in errors])) - sum(gaps), "–"
        yield case, "bias, debiased", float(np.mean([e.debiased for e in errors])) - sum(gaps), "–"
        yield (
            case,
            "coverage, Brier score",
            float(np.mean([holds(brier(scores()).interval, truth_brier) for _ in range(audits)])),
            "0.93–0.99",
        )


def subgroup_rows(rng: Generator, audits: int) -> Iterable[Row]:
    first = flagged = power = confirmed = false = 0
    rows = 200_000
    for _ in range(max(20, audits // 5)):
        n = rng.integers(300, 2000, 201)
        rate = np.full(201, 0.3)
        rate[7] = 0.42
        n[7] = 800
        halves = []
        for _half in range(2):
            x = rng.binomial(n, rate)
            rest = rng.binomial(rows - n, 0.3)
            halves.append(Counts(x, n, rest, rows - n))
        found = screen(halves[0])
        sure = confirm(found, halves[1])
        first += found.findings[0].place == 7
        flagged += sum(each.place != 7 for each in found.flagged)
        power += any(each.place == 7 for each in found.flagged)
        confirmed += any(each.place == 7 and each.confirmed for each in sure)
        false += sum(each.place != 7 and each.confirmed for each in sure)
    times = max(20, audits // 5)
    case = "200 equal subgroups and one 12 points higher"
    yield case, "the planted one comes first", first / times, "1"
    yield case, "power", power / times, "≥ 0.95"
    yield case, "false flags per audit", flagged / times, "≤ 0.1"
    yield case, "confirmed on the other half", confirmed / times, "≥ 0.9"
    yield case, "false confirmations per audit", false / times, "≤ 0.05"


def shrinkage_rows(rng: Generator, audits: int) -> Iterable[Row]:
    for groups, strength in ((5, 20), (20, 20), (20, 1e6), (500, 100)):
        hits, raw, drawn = [], [], []
        for _ in range(max(50, audits // 5)):
            truth = rng.beta(0.2 * strength, 0.8 * strength, groups)
            n = rng.integers(10, 200, groups)
            x = rng.binomial(n, truth)
            found = shrink(x, n)
            hits.append(((found.low <= truth) & (truth <= found.high)).mean())
            raw.append(((x / n - truth) ** 2).mean())
            drawn.append(((found.values - truth) ** 2).mean())
        case = f"{groups} groups, strength {strength:g}"
        yield case, "coverage, shrunk rates", float(np.mean(hits)), "≥ 0.93"
        yield case, "error of shrunk / plain rates", float(np.sqrt(np.mean(drawn) / np.mean(raw))), "< 1"


def cost_rows(_: Generator, __: int) -> Iterable[Row]:
    for groups in (10, 100, 1000, 5000):
        before = time.process_time()
        no_difference([(30 + k % 7, 100) for k in range(groups)])
        yield f"{groups} groups", "CPU s of 10,000 permutations", time.process_time() - before, "–"
    yield (
        "5000 groups",
        "peak memory of this process, MiB",
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "≤ 125",
    )


PARTS = (
    cost_rows,
    null_rows,
    interval_rows,
    strata_rows,
    cluster_rows,
    weight_rows,
    noise_rows,
    composite_rows,
    score_rows,
    subgroup_rows,
    shrinkage_rows,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=1000)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    print("| case | what | measured | wanted |\n|---|---|---|---|")
    for part in PARTS:
        if chosen.only in part.__name__:
            for case, what, value, wanted in part(np.random.default_rng(20), chosen.audits):
                print(f"| {case} | {what} | {value:.4g} | {wanted} |", flush=True)


if __name__ == "__main__":
    main()
