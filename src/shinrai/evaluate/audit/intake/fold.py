"""Fold the cells of a bundle into those of its subjects: the same integers, whatever the order of rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]


def fold(codes: Sequence[Codes], sizes: Sequence[int], sums: Sequence[npt.NDArray[Any]]) -> tuple[Codes, list[Any]]:
    """Add up what has equal codes.

    codes: one array for each column, of numbers below its size. sums: arrays of the same length, int64 or Python's own
    integers. Returns the codes that occur, one row each in lexical order, and the sums in that order.
    """
    rows = len(sums[0])
    key = np.zeros(rows, dtype=np.int64)
    for code, size in zip(codes, sizes, strict=True):
        key = key * size + code
    found, place = np.unique(key, return_inverse=True)
    added = []
    for values in sums:
        total = np.zeros(len(found), dtype=values.dtype)
        np.add.at(total, place, values)
        added.append(total)
    apart = np.empty((len(found), len(sizes)), dtype=np.int64)
    for column in range(len(sizes) - 1, -1, -1):
        found, apart[:, column] = np.divmod(found, sizes[column])
    return apart, added


def exact(values: Sequence[int]) -> npt.NDArray[Any]:
    """Hold whole numbers of any size: as int64 where all sums of them stay within 62 bits."""
    bound = sum(map(abs, values))
    return np.array(values, dtype=np.int64 if bound < 1 << 62 else object)
