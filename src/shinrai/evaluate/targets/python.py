"""A Python function as a target, called in processes of its own, so that it can be stopped and cannot reach the run.

The function is named `module:function` and gets one dictionary, the request of `command`; it returns the text of the
answer, or a dictionary with the fields that `command` describes. It may be a coroutine function.
"""

import hashlib
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from shinrai.evaluate.targets.command import CommandRespondent, CommandTarget
from shinrai.language import ShinraiError, message

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """Which function. folder: where its module is looked for first. copies: processes; the other fields see command."""

    id: str
    function: str
    folder: Path | None = None
    environment: tuple[str, ...] = ()
    copies: int = 1
    answer_bytes: int = 1_048_576

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.function):
            raise ShinraiError(
                message("The name of the function has not the form module:function."),
                fix=message("Write it like `desk.answers:reply`."),
            )

    @property
    def most_at_once(self) -> int:
        """One sample for each copy."""
        return self.copies

    def identity(self) -> Mapping[str, object]:
        """Return the name of the function and the digest of its module's text, where that lies in the folder."""
        module = (self.folder or Path()).joinpath(*self.function.partition(":")[0].split("."))
        found = [file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()]
        digest = hashlib.sha256(found[0].read_bytes()).hexdigest() if found else None
        return {"kind": "python", "function": self.function, "sha256": digest}

    def open(self) -> AbstractAsyncContextManager[CommandRespondent]:
        """Make ready to start the processes."""
        folder = str((self.folder or Path()).resolve())
        argv = (sys.executable, "-m", "shinrai.evaluate.targets.python_worker", self.function, folder)
        return CommandTarget(self.id, argv, self.folder, self.environment, self.copies, self.answer_bytes).open()
