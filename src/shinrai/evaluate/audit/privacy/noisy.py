"""What released counts show: rates of groups and their gaps, with intervals that include the noise.

Rates are made of the counts as they were drawn, not of those cut at 0, so that sums over many cells stay unbiased.
Intervals of differences put those of two rates together by square-and-add.
Sources: Newcombe 1998, Stat. Med. 17:873; Zou, Donner 2008, Stat. Med. 27:1693.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import hypot, sqrt
from pathlib import Path

from shinrai.evaluate.audit.privacy.release import FORMAT, MOST_CELLS, OTHER, note_beside
from shinrai.evaluate.statistics.discrete_laplace import NoisyRate as Noisy
from shinrai.evaluate.statistics.discrete_laplace import noisy_rate
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Place, ShinraiError, message

MOST_BYTES = 64 * 1024 * 1024
RATES = ("selection_rate", "accuracy", "tpr", "fpr", "ppv")
LEAST_SHOWN = 30

Cell = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoisyCounts:
    """Released counts. cells: levels of `groups`, then of label (if any) and prediction, to the count as drawn.

    scale: of the noise on every cell. epsilon: what it cost. left_out: rows in no cell, with noise.
    """

    groups: tuple[str, ...]
    label: str | None
    favourable: str
    cells: Mapping[Cell, int]
    scale: Fraction
    epsilon: Fraction
    rows_per_person: int
    enforced: bool
    left_out: int


@dataclass(frozen=True, slots=True)
class NoisyRate:
    """A rate. n: its denominator, with noise. value and interval are None where the noise leaves nothing to say."""

    value: float | None
    interval: Interval | None
    n: int


@dataclass(frozen=True, slots=True)
class NoisyGroups:
    """Rates of the groups of one column by name of the rate; difference: largest minus smallest, None with under two.

    rows: of each group, with noise.
    """

    column: str
    rows: Mapping[str, int]
    rates: Mapping[str, Mapping[str, NoisyRate]]
    difference: Mapping[str, NoisyRate | None]


def read_noisy(counts: Path) -> NoisyCounts | None:
    """Read released counts with their note; None where there is no note, so that the counts are not noisy ones.

    ShinraiError: note and counts do not belong together, or either is damaged.
    """
    beside = note_beside(counts)
    if not beside.is_file():
        return None
    content = _bytes(counts)
    try:
        note = json.loads(_bytes(beside))
        if note["format"] != FORMAT or note["noise"] != "discrete-laplace":
            raise ValueError(FORMAT)
        columns = note["columns"]
        found = NoisyCounts(
            groups=tuple(map(str, columns["groups"])),
            label=None if columns["label"] is None else str(columns["label"]),
            favourable=str(columns["favourable"]),
            cells={},
            scale=_above_zero(note["scale"]),
            epsilon=_above_zero(note["epsilon"]),
            rows_per_person=int(note["rows_per_person"]),
            enforced=bool(note["rows_per_person_enforced"]),
            left_out=int(note["left_out_noisy"]),
        )
        belongs = note["counts_sha256"] == hashlib.sha256(content).hexdigest()
        named = [*found.groups, *([found.label] if found.label else []), str(columns["prediction"])]
        cells = dict(_cells(content, [*named, str(columns["count"]), str(columns["noisy"])], len(named)))
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error):
        raise ShinraiError(
            message("The note on the noise, or the counts, cannot be read."),
            fix=message("Ask for both files again, unaltered, from whoever released them."),
            place=Place(str(beside)),
        ) from None
    if not belongs:
        raise ShinraiError(
            message("These counts are not the ones that the note on their noise is about."),
            fix=message("Ask for both files again, unaltered, from whoever released them."),
            place=Place(str(counts)),
        )
    return NoisyCounts(**{name: getattr(found, name) for name in NoisyCounts.__slots__} | {"cells": cells})


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ShinraiError(message("The file is larger than {limit} bytes.", limit=MOST_BYTES), place=Place(str(file)))
    return data


def _above_zero(text: object) -> Fraction:
    if not isinstance(text, str) or len(text) > 40 or Fraction(text) <= 0:
        raise ValueError(text)
    return Fraction(text)


def _cells(content: bytes, header: Sequence[str], width: int) -> Iterator[tuple[Cell, int]]:
    rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
    if next(rows) != list(header):
        raise ValueError(header)
    for number, row in enumerate(rows):
        if number >= MOST_CELLS or len(row) != width + 2:
            raise ValueError(number)
        yield tuple(row[:width]), int(row[width + 1])


def rates_of(counts: NoisyCounts, column: str) -> NoisyGroups:
    """Compute the rates of the groups of one column. ValueError: the column is no group of the release."""
    place = counts.groups.index(column)
    levels = list(dict.fromkeys(cell[place] for cell in counts.cells))
    names = RATES if counts.label else ("selection_rate",)
    of_level = {level: [(c, n) for c, n in counts.cells.items() if c[place] == level] for level in levels}
    sums = {level: {name: _sums(counts, cells, name) for name in names} for level, cells in of_level.items()}
    return NoisyGroups(
        column,
        {level: sum(n for _, n in cells) for level, cells in of_level.items()},
        {name: {level: _rate(sums[level][name], counts.scale) for level in levels} for name in names},
        {name: _difference([sums[level][name] for level in levels], counts.scale) for name in names},
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """Counts with noise: successes out of how many cells, failures out of how many."""

    successes: int
    of: int
    failures: int
    out_of: int


def _sums(counts: NoisyCounts, cells: Sequence[tuple[Cell, int]], name: str) -> _Sums:
    found = {True: [0, 0], False: [0, 0]}
    for cell, n in cells:
        selected = cell[-1] != OTHER
        good = counts.label is not None and cell[-2] != OTHER
        counted, success = {
            "selection_rate": (True, selected),
            "accuracy": (True, selected == good),
            "tpr": (good, selected),
            "fpr": (not good, selected),
            "ppv": (selected, good),
        }[name]
        if counted:
            found[success][0] += n
            found[success][1] += 1
    return _Sums(found[True][0], found[True][1], found[False][0], found[False][1])


def _of(sums: _Sums, scale: Fraction) -> Noisy | None:
    n = sums.successes + sums.failures
    found = noisy_rate(
        sums.successes,
        sums.failures,
        epsilon=float(1 / scale),
        success_cells=sums.of,
        failure_cells=sums.out_of,
    )
    # Where the noise alone could have made the denominator, there is nothing to divide by.
    if isinstance(found, Undefined) or n < max(LEAST_SHOWN, 4 * sqrt(found.variance * (sums.of + sums.out_of))):
        return None
    return found


def _rate(sums: _Sums, scale: Fraction, level: float = LEVEL) -> NoisyRate:
    found = _of(sums, scale)
    if found is None:
        return NoisyRate(None, None, sums.successes + sums.failures)
    return NoisyRate(found.value, found.at(level), found.n)


def _difference(groups: Sequence[_Sums], scale: Fraction) -> NoisyRate | None:
    """Largest minus smallest rate, over the groups with one; intervals of the pairs hold together."""
    pairs = max(1, len(groups) * (len(groups) - 1) // 2)
    level = 1 - (1 - LEVEL) / pairs
    rates = [rate for sums in groups if (rate := _rate(sums, scale, level)).value is not None]
    if len(rates) < 2:
        return None
    lows, highs = [], []
    for one, other in combinations(rates, 2):
        if one.value is None or other.value is None or one.interval is None or other.interval is None:
            continue
        value = one.value - other.value
        low = value - hypot(one.value - one.interval.low, other.interval.high - other.value)
        high = value + hypot(one.interval.high - one.value, other.value - other.interval.low)
        size = Interval(low, high).magnitude()
        lows.append(size.low)
        highs.append(size.high)
    values = [rate.value for rate in rates if rate.value is not None]
    return NoisyRate(max(values) - min(values), Interval(max(lows), max(highs)), sum(rate.n for rate in rates))
