"""The answers that may go to a reviewer, as lines of JSON; what judges said of them stands beside and is not read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.language import Place, ShinraiError, message

MAX_BYTES = 256 * 1024 * 1024
MAX_LINE = 4 * 1024 * 1024

_Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]


class _Line(msgspec.Struct):
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    requirement: _Text
    conversation: _Text
    answer: _Text
    language: Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
    review: bool = False


_decode = msgspec.json.Decoder(_Line).decode


@dataclass(frozen=True, slots=True)
class Item:
    """An answer that was judged. review: whether a person has to look at it."""

    judged: Judged
    review: bool


def read_items(path: Path) -> tuple[Item, ...]:
    """Read the answers of a file of judgements. ShinraiError with the line that is no judgement."""
    found: dict[str, Item] = {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file.read(MAX_BYTES + 1), path.name), start=1):
                item = _item(line, Place(path.name, number))
                if item.judged.key in found:
                    raise ShinraiError(
                        message("The answer of this line stands above already."), place=Place(path.name, number)
                    )
                found[item.judged.key] = item
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    return tuple(found.values())


def _lines(data: bytes, name: str) -> list[bytes]:
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has more than {limit} bytes, which is not read.", limit=MAX_BYTES), place=Place(name)
        )
    return data.splitlines()


def _item(line: bytes, place: Place) -> Item:
    try:
        if len(line) > MAX_LINE:
            raise ValueError("too long")
        read = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise ShinraiError(
            message("This line is no judgement."),
            fix=message("Take the file that `shinrai judge answers` wrote."),
            place=place,
        ) from None
    return Item(Judged(read.key, read.requirement, read.conversation, read.answer, read.language), read.review)


def drawn(items: Iterable[Item], seed: int, n: int) -> tuple[Judged, ...]:
    """Return n answers drawn at random, the same for the same seed; all of them where there are fewer."""
    return shuffled([item.judged for item in items], seed)[:n]


def shuffled(judged: Sequence[Judged], seed: int) -> tuple[Judged, ...]:
    """Return answers in an order that the seed decides, whatever order they come in."""
    return tuple(sorted(judged, key=lambda each: sha256(f"{seed}\0{each.key}".encode()).digest()))
