"""The command line. It holds no rule of the domain: it reads arguments, calls a room, and shows what came out.

Nothing heavy is imported before a command needs it, so that `shinrai --version` and `--help` answer at once.
"""

from shinrai.cli.main import main

__all__ = ["main"]
