"""How a run of many samples shows where it is: one line kept up to date on a terminal, a line now and then in logs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from shinrai.language import Language, Message, message

if TYPE_CHECKING:
    from shinrai.evaluate.runner.progress import Progress

_SECONDS_BETWEEN_LINES = 5.0
_CLEAR = "\r\x1b[2K"


@contextmanager
def shown_progress(
    language: Language, place: Message, currency: str | None, *, quiet: bool
) -> Iterator[Callable[["Progress"], None] | None]:
    """Yield what shows the progress of one run on standard error; None when nothing is to be shown."""
    if quiet:
        yield None
        return
    live = sys.stderr.isatty()
    last = [monotonic() if not live else float("-inf")]

    def show(progress: "Progress") -> None:
        text = sentence(place, progress, currency).text(language)
        if live:
            sys.stderr.write(_CLEAR + text)
        elif monotonic() - last[0] < _SECONDS_BETWEEN_LINES and progress.taken != progress.planned:
            return
        else:
            sys.stderr.write(text + "\n")
        last[0] = monotonic()
        sys.stderr.flush()

    try:
        yield show
    finally:
        if live:
            sys.stderr.write("\n")


def sentence(place: Message, progress: "Progress", currency: str | None) -> Message:
    """Say where a run is."""
    said = message(
        "{place}: {taken} of {planned} samples, {faults} without an answer, {rate} a second, {left}",
        place=place,
        taken=f"{progress.taken:,}",
        planned="?" if progress.planned is None else f"{progress.planned:,}",
        faults=f"{progress.faults:,}",
        rate=f"{progress.per_second:.1f}",
        left=_left(progress.eta_seconds),
    )
    if progress.spent is None or currency is None:
        return said
    return message("{said}, spent {amount} {currency}", said=said, amount=f"{progress.spent:.4f}", currency=currency)


def _left(seconds: float | None) -> Message:
    if seconds is None:
        return message("time left unknown")
    if seconds < 90:
        return message("{n} s left", n=round(seconds))
    return message("{n} min left", n=round(seconds / 60))
