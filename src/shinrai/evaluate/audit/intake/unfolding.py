"""From what one scan told to the cells and bins that an audit computes from: the same as from single questions."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from shinrai.evaluate.audit.cells import SCALE_BITS, ScoreBins, Subject
from shinrai.evaluate.audit.intake.engine import AtOnce, Binned, Digits
from shinrai.evaluate.audit.intake.vocabulary import Vocabulary

Whole = npt.NDArray[np.int64]

_MOST_IN_64_BITS = 1 << 16
"""Rows of a bin whose scores, in units of 2^-46, and their squares surely add up within 64 bits."""


def cells_of(once: AtOnce) -> list[tuple[Any, ...]]:
    """Return a row for each combination that occurs: stored values of keys, label and prediction, then n."""
    sizes = [len(column.values) for column in once.columns]
    n = _added([column.places for column in once.columns], sizes, once.n)
    return [
        (*(column.values[place] for column, place in zip(once.columns, places, strict=True)), int(n[tuple(places)]))
        for places in np.argwhere(n).tolist()
    ]


def bins_of(
    once: AtOnce,
    scores: Binned,
    keys: Mapping[str, Vocabulary],
    label: Vocabulary,
    favourable: str,
    subjects: Sequence[Subject],
) -> dict[Subject, tuple[ScoreBins, ...]]:
    """Put the scores of each group and class into bins.

    keys: the vocabularies of the columns in the order of once.columns. favourable: the label that is positive.
    """
    of_label = _codes(once.columns[len(keys)], label)
    # Rows without a label, a blank text among them, and rows without a score.
    kept = (of_label != len(label.labels) - 1) & (scores.places <= scores.bins)
    codes = [_codes(column, each)[kept] for column, each in zip(once.columns, keys.values(), strict=False)]
    codes += [(of_label[kept] == label.labels.index(favourable)).astype(np.int64), scores.places[kept]]
    sizes = [*(len(each.labels) for each in keys.values()), 2, scores.bins + 1]
    amounts = [_added(codes, sizes, each[kept]) for each in (once.n, scores.sums, scores.squares)]
    order = {name: place for place, name in enumerate(keys)}
    found: dict[Subject, tuple[ScoreBins, ...]] = {}
    for subject in subjects:
        rest = tuple(place for name, place in order.items() if name not in subject)
        n, sums, squares = (each.sum(axis=rest) for each in amounts)
        # What is left is in the order of the keys; a subject may name them in another one.
        axes = [sorted(map(order.__getitem__, subject)).index(order[name]) for name in subject]
        n, sums, squares = (each.transpose(*axes, len(axes), len(axes) + 1) for each in (n, sums, squares))
        read = [keys[name] for name in subject]
        found[subject] = tuple(
            ScoreBins(
                tuple(each.labels[code] for each, code in zip(read, place, strict=False)),
                bool(place[-1]),
                *_whole(n[tuple(place)], sums[tuple(place)], squares[tuple(place)]),
            )
            for place in np.argwhere(n.any(axis=-1)).tolist()
        )
    return found


def _added(places: Sequence[Whole], sizes: Sequence[int], values: Whole) -> Whole:
    """Add up what has equal places, one axis for each; the same whatever the order of rows."""
    key = np.zeros(len(values), dtype=np.int64)
    for place, size in zip(places, sizes, strict=True):
        key = key * size + place
    total = np.zeros(prod(sizes), dtype=np.int64)
    np.add.at(total, key, values)
    return total.reshape(sizes)


def _codes(column: Digits, vocabulary: Vocabulary) -> Whole:
    occurring = set(column.occurring)
    codes = [vocabulary.code(value) if value in occurring else 0 for value in column.values]
    return np.array(codes, dtype=np.int64)[column.places]


def _whole(n: Whole, sums: Whole, squares: Whole) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return counts, sums and squares of the bins.

    The arrays have one place more, for scores of 1; sums and squares are those above the lower edges.
    """
    places: npt.NDArray[Any] = np.arange(len(n))
    exponent = (len(n) - 1).bit_length() - 1
    edges, ends = places << (SCALE_BITS - exponent), (places * places) << (SCALE_BITS - 2 * exponent)
    if n.max() >= _MOST_IN_64_BITS:
        edges, ends = edges.astype(object), ends.astype(object)
    counts, above, above_squares = n.tolist(), (sums + n * edges).tolist(), (squares + n * ends).tolist()
    for each in (counts, above, above_squares):
        last = each.pop()
        each[-1] += last
    return tuple(counts), tuple(above), tuple(above_squares)
