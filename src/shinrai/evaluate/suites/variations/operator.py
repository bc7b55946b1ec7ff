"""What a variation operator is: it rewrites what the user says, keeps what is asked, and tells what it changed.

Operators are pure: the same texts and the same draws give the same variations on any machine and any Python.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from shinrai.frameworks.located import Fields
from shinrai.language import Message

S = TypeVar("S")
T = TypeVar("T")

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Change:
    """What stood in the text and what stands there now, each cut to 80 characters."""

    before: str
    after: str

    @classmethod
    def of(cls, before: str, after: str) -> "Change":
        """Return a change, cut to what is shown."""
        return cls(before[:_SHOWN], after[:_SHOWN])


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says in a probe.

    texts: the user's turns in order, follow-ups included. asked: which of them is the question itself.
    paraphrases: other wordings of that one, as the suite gives them.
    """

    texts: tuple[str, ...]
    asked: int
    paraphrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Varied:
    """The user's turns after a variation. label: which of an operator's ways it is, in letters, digits, `-` and `_`."""

    label: str
    texts: tuple[str, ...]
    changes: tuple[Change, ...]


class Draws:
    """A stream of numbers made of text, the same everywhere.

    Python's own generator may draw differently in another version; a hash does not.
    """

    def __init__(self, *parts: object) -> None:
        self._base = sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
        self._count = 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to limit - 1; limit is at least 1. The bias is below limit / 2**64."""
        self._count += 1
        return int.from_bytes(sha256(self._base + self._count.to_bytes(8, "big")).digest()[:8], "big") % limit

    def pick(self, among: Sequence[T]) -> T:
        """Return one of a sequence that is not empty."""
        return among[self.below(len(among))]


@dataclass(frozen=True, slots=True)
class Operator(Generic[S]):
    """One way of varying.

    read: makes the settings from a suite's, with located errors. vary: yields variations; what it yields unchanged is
    dropped by `variations`. version: changes whenever the same draws could give another text.
    """

    name: str
    version: str
    title: Message
    read: Callable[[Fields], S]
    vary: Callable[[S, Said, Draws], Iterator[Varied]]


def rewritten(label: str, said: Said, change: Callable[[str], tuple[str, tuple[Change, ...]]]) -> Varied:
    """Return the variation in which every text is rewritten by a function that also says what it changed."""
    made = [change(text) for text in said.texts]
    return Varied(label, tuple(text for text, _ in made), tuple(each for _, changes in made for each in changes))


def variations(operator: Operator[S], settings: S, said: Said, draws: Draws, most: int) -> Iterator[Varied]:
    """Yield at most so many variations, none equal to the original or to an earlier one."""
    seen = {said.texts}
    for varied in operator.vary(settings, said, draws):
        if varied.texts in seen:
            continue
        seen.add(varied.texts)
        yield varied
        if len(seen) > most:
            return
