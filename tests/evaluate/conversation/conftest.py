"""Plans, runs and a server that misbehaves."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.progress import RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample, Prompt, Sample, Speaker, Turn
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.target import Target

FAST = RunSettings(deadline_seconds=1.5, stall_seconds=0.5, give_up_after=20)
"""Limits that end a test soon; what they limit behaves the same at any size."""


def _server_module() -> ModuleType:
    # The tests are no package; the server is loaded from beside this file.
    name = "shinrai_tests_faulty_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("faulty_server.py"))
        assert spec and spec.loader
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def server() -> Iterator[Any]:
    """The faulty server, behaving well until told otherwise."""
    with _server_module().faulty_server() as running:
        yield running


@pytest.fixture
def control_text() -> str:
    return str(_server_module().CONTROL)


@pytest.fixture
def fast() -> RunSettings:
    return FAST


def prompt_of(text: str, **parts: Any) -> Prompt:
    return Prompt((Turn(Speaker.USER, text),), **parts)


@pytest.fixture
def plan_of() -> Callable[..., list[PlannedSample]]:
    """Make a plan of n questions for a target; follow_ups and the like go to every prompt."""

    def make(target: Target, n: int, **parts: Any) -> list[PlannedSample]:
        key = keys_for(target.identity())
        prompts = [prompt_of(f"question {i}", **parts) for i in range(n)]
        return [PlannedSample(key(p, 0), "suite", f"p{i}", None, 0, f"p{i}", p) for i, p in enumerate(prompts)]

    return make


@pytest.fixture
def take(tmp_path: Path, plan_of: Callable[..., list[PlannedSample]]) -> Callable[..., tuple[RunSummary, list[Sample]]]:
    """Run n samples on a target and return the summary and what the journal holds."""

    def go(
        target: Target, n: int, settings: RunSettings = FAST, name: str = "run", **parts: Any
    ) -> tuple[RunSummary, list[Sample]]:
        path = tmp_path / f"{name}.journal"
        with open_journal(path, {"target": dict(target.identity()), "n": n}) as journal:
            summary = run(plan_of(target, n, **parts), target, settings, journal)
        return summary, [taken.sample for taken in read_journal(path)]

    return go


@pytest.fixture
def chat(server: Any) -> Callable[..., ChatTarget]:
    """Describe the faulty server as a target."""

    def make(**described: Any) -> ChatTarget:
        return ChatTarget(**{"id": "desk", "url": server.url, "model": "faulty-1", **described})

    return make
