"""A plugin of pytest for the run of all tests: what is traced, and what comes first.

The interpreter calls a tracer for every function of every test, whatever the tracer is interested in, and runs slower
by a quarter up to double. So the rules are traced in their own tests alone: while any other test runs, there is no
tracer. A rule that only others reach is then said to be not tested, which is what it is.

A file that takes long and comes last is waited for by every other process: such files come first.
"""

import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take files and folders of tests, below the root."""
    group = parser.getgroup("whole run")
    group.addoption("--traced", action="append", default=[], metavar="PATH", help="trace these, and no others")
    group.addoption("--first", action="append", default=[], metavar="PATH", help="run these before all others")


def pytest_configure(config: pytest.Config) -> None:
    """Trace what is named."""
    config.pluginmanager.register(Tracer(named(config, "--traced")))


def named(config: pytest.Config, option: str) -> list[Path]:
    """Return the paths an option names; one that is not there is an error of the list that was given."""
    paths = [config.rootpath / name for name in config.getoption(option)]
    if missing := [str(path) for path in paths if not path.exists()]:
        raise pytest.UsageError(f"{option}: {', '.join(missing)} is not there")
    return paths


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what is to come first before the others; otherwise the order stays."""
    place = {path: nth for nth, path in enumerate(named(config, "--first"))}
    items.sort(key=lambda item: place.get(item.path, len(place)))


class Tracer:
    """Takes the tracer away from the tests it is not for."""

    def __init__(self, traced: Sequence[Path]) -> None:
        self._traced = traced

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a test with the tracer, or without it."""
        if any(item.path.is_relative_to(path) for path in self._traced):
            return (yield)
        here, in_threads = sys.gettrace(), threading.gettrace()
        sys.settrace(None)
        threading.settrace(None)
        try:
            return (yield)
        finally:
            threading.settrace(in_threads)
            sys.settrace(here)
