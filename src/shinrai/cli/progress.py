"""Progress on the terminal: a bar for people, a line each for logs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shinrai.assess.progress import Progress, silent
from shinrai.language import Language, Message


@contextmanager
def progress(language: Language, *, quiet: bool) -> Iterator[Progress]:
    """Yield what shows progress on standard error."""
    if quiet:
        yield silent
    elif sys.stderr.isatty():
        yield from _bar(language)
    else:

        def line(step: Message, done: int, total: int) -> None:
            print(f"[{done}/{total}] {step.text(language)}", file=sys.stderr, flush=True)  # noqa: T201

        yield line


def _bar(language: Language) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def show(step: Message, done: int, total: int) -> None:
            bar.update(task, description=step.text(language), completed=done, total=total)

        yield show
