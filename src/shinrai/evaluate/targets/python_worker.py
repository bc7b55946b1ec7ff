"""The process in which a function of the user answers: `python -m shinrai.evaluate.targets.python_worker m:f FOLDER`.

Standard output belongs to the protocol; what the function prints goes to standard error. Standard library alone, so
that the process starts at once.
"""

import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO


def main(function: str, folder: str) -> None:
    """Answer the lines of standard input until it ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.path.insert(0, folder)
    module, _, name = function.partition(":")
    serve(getattr(importlib.import_module(module), name), sys.stdin.buffer, answers)


def serve(answer: Callable[[dict[str, Any]], Any], requests: BinaryIO, answers: BinaryIO) -> None:
    """Call the function for each request. An exception becomes an error with its class alone: texts hold secrets."""
    for line in requests:
        try:
            said = answer(json.loads(line))
            if inspect.iscoroutine(said):
                said = asyncio.run(said)
            reply = said if isinstance(said, dict) else {"text": said}
            text = json.dumps(reply)
        except Exception as error:
            text = json.dumps({"error": type(error).__name__})
        answers.write(text.encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
