"""Word by word, what differs between two texts in Japanese or English, for people to look at."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

MAX_STEPS: Final = 1_000_000
"""Above so many comparisons (words of one text times words of the other) the texts are shown whole."""

# Japanese has no spaces. Where the script changes is close enough to a word: 公平性|を|評価|する.
_WORD = re.compile(
    r"[\u3400-\u9fff\u3005]+|[\u3041-\u309f]+|[\u30a0-\u30ff]+|[^\W_\u3005\u3040-\u30ff\u3400-\u9fff]+|\s+|."
)


class Kept(StrEnum):
    """Whether a stretch of text stands in both texts, in the old one only, or in the new one only."""

    BOTH = "both"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of text, never empty. What is BOTH or OLD makes up the old text, what is BOTH or NEW the new one."""

    kept: Kept
    text: str


def wording(old: str, new: str) -> tuple[Stretch, ...]:
    """Compare two texts in one language word by word. Two equal texts are one stretch, two empty ones none."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if old == new or len(before) * len(after) > MAX_STEPS:
        return _stretches((Kept.BOTH, old)) if old == new else _stretches((Kept.OLD, old), (Kept.NEW, new))
    parts: list[tuple[Kept, str]] = []
    for operation, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if operation == "equal":
            parts.append((Kept.BOTH, "".join(before[i:j])))
        else:
            parts += [(Kept.OLD, "".join(before[i:j])), (Kept.NEW, "".join(after[k:m]))]
    return _stretches(*parts)


def _stretches(*parts: tuple[Kept, str]) -> tuple[Stretch, ...]:
    return tuple(Stretch(kept, text) for kept, text in parts if text)
