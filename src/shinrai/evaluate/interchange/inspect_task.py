"""Run a task of Inspect against the user's system, through Inspect itself, and take its log in as imported evidence.

Inspect is an extra (`shinrai[inspect]`) and is imported only here. A task is a program: whoever names one lets it run.
The key goes to Inspect in memory alone; it is not in the log, and its environment is not changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from shinrai.evaluate.interchange.imported import ImportedRun, Tool
from shinrai.evaluate.interchange.results import read_results
from shinrai.language import ShinraiError, message

_NO_KEY = "none"


@dataclass(frozen=True, slots=True)
class InspectTarget:
    """An OpenAI-compatible endpoint.

    base_url: without `/chat/completions` at its end. key: gives the key when it is needed.
    """

    model: str
    base_url: str
    key: Callable[[], str] | None = None


def run_inspect_task(
    task: str, target: InspectTarget, folder: Path, *, limit: int | None = None, epochs: int | None = None
) -> ImportedRun:
    """Run a task and return its run; the log stays in the folder.

    task: a name Inspect knows (`package/task`) or a file (`file.py@task`). limit: samples at most. Samples that end in
    an error are errors of the run, and the rest goes on. ShinraiError: Inspect is not installed, or did not run.
    """
    inspect, models = _installed("inspect_ai"), _installed("inspect_ai.model")
    key = _NO_KEY if target.key is None else target.key()
    try:
        model = models.get_model(
            f"openai-api/shinrai/{target.model}", base_url=target.base_url, api_key=key, memoize=False
        )
        return _run(inspect, task, model, folder, limit, epochs)
    except ShinraiError:
        raise
    except Exception as error:
        # Inspect and the task can raise anything; its text may hold the key, so only its kind is shown.
        raise ShinraiError(
            message("Inspect could not run the task: {error}.", error=type(error).__name__),
            fix=message(
                "Check the name of the task, and that what it needs is installed (Inspect needs `openai` here)."
            ),
        ) from None


def _run(inspect: Any, task: str, model: Any, folder: Path, limit: int | None, epochs: int | None) -> ImportedRun:
    logs = inspect.eval(
        task,
        model=model,
        log_dir=str(folder),
        log_format="eval",
        display="none",
        limit=limit,
        epochs=epochs,
        fail_on_error=False,
        log_model_api=False,
    )
    if len(logs) != 1:
        raise ShinraiError(message("The name stands for {n} tasks; name one.", n=len(logs)))
    return read_results(_path(str(logs[0].location)), Tool.INSPECT)


def _path(location: str) -> Path:
    parts = urlsplit(location)
    return Path(unquote(parts.path)) if parts.scheme == "file" else Path(location)


def _installed(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ShinraiError(
            message("Inspect is not installed."), fix=message("Install it: pip install 'shinrai[inspect]'")
        ) from error
