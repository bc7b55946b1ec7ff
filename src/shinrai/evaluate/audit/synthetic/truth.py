"""Every rate of a population, exactly, from its parameters: the answer key of a made-up table."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from shinrai.evaluate.audit.synthetic.population import (
    FAVOURABLE,
    PREFECTURE,
    Levels,
    PlantedGap,
    Population,
)

FORMAT = "shinrai.sample-data/1"

HALF = 500
"""Scores are whole thousandths; from HALF on they are selected. See `writing` for how they are drawn."""

THRESHOLD = Fraction(1, 2)

Subject = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """Shares of the whole population that are in one group and right or wrong in each way; they add up to its share."""

    tp: Fraction
    fp: Fraction
    fn: Fraction
    tn: Fraction

    @property
    def share(self) -> Fraction:
        """Share of the population in this group."""
        return self.tp + self.fp + self.fn + self.tn

    def rates(self) -> dict[str, Fraction]:
        """Return each rate by name; one whose denominator is 0 is left out, as it does not exist."""
        tp, fp, fn, tn = self.tp, self.fp, self.fn, self.tn
        parts = {
            "base_rate": (tp + fn, self.share),
            "selection_rate": (tp + fp, self.share),
            "accuracy": (tp + tn, self.share),
            "tpr": (tp, tp + fn),
            "fpr": (fp, fp + tn),
            "fnr": (fn, tp + fn),
            "tnr": (tn, fp + tn),
            "ppv": (tp, tp + fp),
            "npv": (tn, fn + tn),
            "f1": (2 * tp, 2 * tp + fp + fn),
        }
        found = {name: part / whole for name, (part, whole) in parts.items() if whole}
        if "tpr" in found and "fpr" in found:
            found["auc"] = _auc(found["tpr"], found["fpr"])
        return found


def _auc(tpr: Fraction, fpr: Fraction) -> Fraction:
    """Chance that a favourable label scores above an unfavourable one, ties counting half."""
    # Within one half of the scale scores of favourable labels weigh j + 1 at step j, those of others HALF - j.
    weight = HALF * (HALF + 1) // 2
    above = sum((j + 1) * (j * HALF - j * (j - 1) // 2) for j in range(HALF))
    ties = sum((j + 1) * (HALF - j) for j in range(HALF))
    within = Fraction(2 * above + ties, 2 * weight * weight)
    return tpr * (1 - fpr) + (tpr * fpr + (1 - tpr) * (1 - fpr)) * within


def truths(population: Population) -> Mapping[Subject, Mapping[Levels, Truth]]:
    """Compute the truth of all rows, of every column, and of every pair of columns but those with the prefecture."""
    names = population.attributes
    parts = population.denominator
    small: dict[Levels, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    prefectures: dict[Levels, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    where = names.index(PREFECTURE)
    ways: dict[tuple[Fraction, Fraction, Fraction], tuple[int, int, int, int]] = {}
    for kind in population.kinds:
        chances = (kind.qualified, kind.selected, kind.selected_unqualified)
        if chances not in ways:
            qualified, selected, wrongly = (int(chance * parts) for chance in chances)
            tp, fp = qualified * selected, (parts - qualified) * wrongly
            ways[chances] = (tp, fp, qualified * parts - tp, (parts - qualified) * parts - fp)
        weighted = [kind.weight * count for count in ways[chances]]
        for sums in (small[kind.levels[:where] + kind.levels[where + 1 :]], prefectures[(kind.levels[where],)]):
            for number, count in enumerate(weighted):
                sums[number] += count
    whole = population.weight * parts * parts
    others = names[:where] + names[where + 1 :]
    subjects = [(), *((name,) for name in others), *combinations(others, 2)]
    found = {subject: _summed(small, [others.index(name) for name in subject], whole) for subject in subjects}
    found[(PREFECTURE,)] = _summed(prefectures, [0], whole)
    return found


def _summed(cells: Mapping[Levels, list[int]], columns: list[int], whole: int) -> dict[Levels, Truth]:
    sums: dict[Levels, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for levels, counts in cells.items():
        of_group = sums[tuple(levels[column] for column in columns)]
        for number, count in enumerate(counts):
            of_group[number] += count
    return {levels: Truth(*(Fraction(count, whole) for count in counts)) for levels, counts in sums.items()}


def equal_subjects(found: Mapping[Subject, Mapping[Levels, Truth]]) -> tuple[Subject, ...]:
    """Return the columns and pairs whose groups are all decided alike: equal selection rate, tpr and fpr."""
    compared = ("selection_rate", "tpr", "fpr")

    def alike(groups: Mapping[Levels, Truth]) -> bool:
        rates = [truth.rates() for truth in groups.values()]
        return all(len({each.get(name) for each in rates}) == 1 for name in compared)

    return tuple(subject for subject, groups in found.items() if subject and alike(groups))


def answer_key(population: Population, rows: int, seed: int) -> dict[str, Any]:
    """Return the answer key as a document: how to read the table, what was planted, and the population's truth.

    Fractions are texts such as "7/20" beside the nearest float. Subjects are names joined by " × ".
    """
    found = truths(population)
    return {
        "format": FORMAT,
        "domain": population.domain.value,
        "gap": population.gap.value,
        "strength": str(population.strength),
        "rows": rows,
        "seed": seed,
        "fictional": True,
        "roles": _roles(population),
        "planted": _planted(population, found),
        "equal": [list(subject) for subject in equal_subjects(found)],
        "truth": {
            " × ".join(subject) or "(all)": {
                " × ".join(levels) or "(all)": {
                    "share": _number(truth.share),
                    **{name: _number(rate) for name, rate in truth.rates().items()},
                }
                for levels, truth in sorted(groups.items())
            }
            for subject, groups in found.items()
        },
    }


def _roles(population: Population) -> dict[str, Any]:
    wording = population.wording
    return {
        "label": wording.label,
        "prediction": wording.prediction,
        "score": wording.score,
        "threshold": float(THRESHOLD),
        "favourable": FAVOURABLE,
        "groups": list(population.attributes),
    }


def _planted(population: Population, found: Mapping[Subject, Mapping[Levels, Truth]]) -> dict[str, Any] | None:
    if population.gap is PlantedGap.NONE:
        return None
    groups = found[population.planted]
    rates = {levels: truth.rates()["selection_rate"] for levels, truth in groups.items()}
    rest = [truth for levels, truth in groups.items() if levels != population.disadvantaged]
    others = Truth(*(sum((getattr(truth, part) for truth in rest), Fraction(0)) for part in ("tp", "fp", "fn", "tn")))
    document: dict[str, Any] = {
        "subject": list(population.planted),
        "levels": list(population.disadvantaged),
        "selection_rate": _number(rates[population.disadvantaged]),
        "selection_rate_of_others": _number(others.rates()["selection_rate"]),
        "difference": _number(max(rates.values()) - min(rates.values())),
    }
    if population.strata is not None:
        document["within"] = population.strata
        document["difference_within"] = _number(population.strength / 4)
    return document


def _number(value: Fraction) -> dict[str, str | float]:
    return {"fraction": str(value), "value": float(value)}
