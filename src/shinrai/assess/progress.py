"""How long work tells where it is. The faces decide what that looks like."""

from typing import Protocol

from shinrai.language import Message


class Progress(Protocol):
    """Told before each step; `done` of `total` steps are finished then."""

    def __call__(self, step: Message, done: int, total: int) -> None:
        """Show the step that begins."""


def silent(step: Message, done: int, total: int) -> None:
    """Show nothing."""
