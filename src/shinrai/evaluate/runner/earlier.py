"""Answers of earlier runs, found by key: the sound kind of cache, as a key holds everything that can change an answer.

Nothing is reused unless the user names the journals. Faults are never reused. A repeat is part of the key, so repeats
stay independent of each other, and a sample that is reused says so in the evidence.
"""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shinrai.evaluate.runner.journal import read_batch, read_batches
from shinrai.evaluate.sample import Sample

_KEPT_BATCHES = 16


class EarlierAnswers:
    """An index of journals, sixteen bytes for a sample; the answers stay on the disk until one is asked for."""

    def __init__(self, journals: Sequence[Path]) -> None:
        """Read the journals once. JournalError: one cannot be read or was changed."""
        self._places: list[tuple[Path, int]] = []
        prefixes, batches = array("Q"), array("Q")
        for path in journals:
            for start, records in read_batches(path):
                for taken in records:
                    if taken.sample.fault is None:
                        prefixes.append(_prefix(taken.sample.key))
                        batches.append(len(self._places))
                self._places.append((path, start))
        keys = np.frombuffer(prefixes, dtype=np.uint64) if prefixes else np.empty(0, np.uint64)
        order = np.argsort(keys, kind="stable")
        self._prefixes = keys[order]
        self._batches = np.frombuffer(batches, dtype=np.uint64)[order] if batches else keys
        self._kept: OrderedDict[int, dict[str, Sample]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._prefixes)

    def find(self, key: str) -> Sample | None:
        """Return the answered sample of a key, the latest where there are several."""
        prefix = np.uint64(_prefix(key))
        first = int(np.searchsorted(self._prefixes, prefix, side="left"))
        last = int(np.searchsorted(self._prefixes, prefix, side="right"))
        for at in range(last - 1, first - 1, -1):
            if sample := self._batch(int(self._batches[at])).get(key):
                return sample
        return None

    def _batch(self, number: int) -> dict[str, Sample]:
        if number in self._kept:
            self._kept.move_to_end(number)
        else:
            records = read_batch(*self._places[number])
            self._kept[number] = {taken.sample.key: taken.sample for taken in records if taken.sample.fault is None}
            if len(self._kept) > _KEPT_BATCHES:
                self._kept.popitem(last=False)
        return self._kept[number]


def _prefix(key: str) -> int:
    return int(key[:16], 16)
