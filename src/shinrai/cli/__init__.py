"""The command line. It holds no rule of the domain: it reads arguments, calls a room, and shows what came out.

Nothing heavy is imported before a command needs it, so that `shinrai --version` and `--help` answer at once.
"""

import sys
from collections.abc import Sequence

from shinrai import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        print(f"shinrai {__version__}")  # noqa: T201
        return 0
    from shinrai.cli.commands import run

    return run(given)
