"""Change the verifier in one small place at a time, and see whether its tests notice.

`mutmut` writes the changed functions (the mutants) and a switch that picks one. Here the tests are collected once, run
once to see which of them reach which function, and then each mutant gets a process forked from there, in which the
tests that reach its function run until one fails or their time is up (`--seconds`): first those that killed other
mutants of the function, then quick ones. What survives is printed with its change.

    tools/run_mutants.py --folder /tmp/mutants
    tools/run_mutants.py --folder /tmp/mutants --only council votes

A run that was stopped goes on where it was; `--again` tries the survivors once more, with the tests as they are now;
give it more seconds to try them with all tests.
The tests that run the verifier as another process, or its counterpart in JavaScript, do not reach a mutant.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "packages"
SOURCE = PACKAGES / "shinrai-verify"
SLOWEST = 4.0
"""Seconds of a test above which it is left out."""
_SETTINGS = """\
[project]
name = "shinrai-verify"
version = "0.1.0"
[tool.mutmut]
source_paths = ["src"]
also_copy = ["verify_tests"]
pytest_add_cli_args = ["--collect-only"]
"""
KILLED, SURVIVED, ENDLESS, UNREACHED = "killed", "survived", "endless", "unreached"


def prepare(folder: Path, source: Path) -> None:
    """Copy a package (src and verify_tests) into a folder, and let mutmut write the mutants there."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "package").mkdir(parents=True)
    for name in ("src", "verify_tests"):
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / name, folder / "package" / name, ignore=leave)
    (folder / "package" / "shinrai-verify-js").symlink_to(PACKAGES / "shinrai-verify-js")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "package" / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
    # It writes them before it finds that none has this name.
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", "none"]
    done = subprocess.run(command, cwd=folder / "package", capture_output=True, text=True, check=False)  # noqa: S603
    if not list((folder / "package" / "mutants").rglob("*.meta")):
        raise SystemExit(f"mutmut wrote no mutants:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def refresh(folder: Path, source: Path) -> None:
    """Take the tests as they are now; the mutants stay."""
    tests = folder / "package" / "mutants" / "verify_tests"
    shutil.rmtree(tests)
    shutil.copytree(source / "verify_tests", tests, ignore=shutil.ignore_patterns("__pycache__"))


def mutants(folder: Path, only: Sequence[str]) -> list[str]:
    """Return the names of the mutants, those of some modules alone where any are named."""
    found = []
    for meta in sorted((folder / "package" / "mutants").rglob("*.meta")):
        found += json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return [name for name in found if not only or module_of(name) in only]


def module_of(name: str) -> str:
    """Return the last part of the module's name that a mutant is of."""
    return name.rpartition(".")[0].rpartition(".")[2]


class Runner:
    """What runs in place of pytest's own loop: once over all tests, then the tests of each mutant in a fork."""

    def __init__(self, names: Sequence[str], out: Path, children: int, most: float) -> None:
        self.names, self.out, self.children, self.most = names, out, children, most
        self.reaching: dict[str, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = {}
        self.found: dict[str, str] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
        self.failed: set[str] = set()
        self.kills: dict[str, Counter[str]] = defaultdict(Counter)
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._test = ""

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what fails without any change: it can tell nothing."""
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run everything once, then every mutant."""
        # What is printed while tests run is kept by pytest, but for what is said here.
        self._shown = session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
        self._observe(session.items)
        left_out = sorted(i.nodeid for i in session.items if i.nodeid in self.failed or self._slow(i))
        whole = sum(self.seconds.values())
        self._tell(f"{len(session.items)} tests, {whole:.0f} s; {len(left_out)} left out:", *left_out)
        items = [item for item in session.items if item.nodeid not in set(left_out)]
        items.sort(key=lambda item: self.seconds[item.nodeid])
        waiting = iter([name for name in self.names if name not in self.found])
        running: dict[int, str] = {}
        started, last = time.monotonic(), 0.0
        while True:
            while len(running) < self.children and (name := next(waiting, None)):
                function = name.rpartition("__mutmut_")[0]
                kills = self.kills[function]
                mine = sorted(
                    (item for item in items if item.nodeid in self.reaching[function]),
                    key=lambda item: (-kills[item.nodeid], self.seconds[item.nodeid]),
                )
                mine = list(self._within(mine))
                if mine:
                    running[self._fork(name, mine)] = name
                else:
                    self.found[name] = UNREACHED
            if not running:
                break
            process, status = os.wait()
            self._learn()
            code = os.waitstatus_to_exitcode(status)
            self.found[running.pop(process)] = {0: SURVIVED, 1: KILLED, -signal.SIGALRM: ENDLESS}.get(code, KILLED)
            if time.monotonic() - last > 5:
                last = time.monotonic()
                self._keep()
                tally = Counter(self.found[name] for name in self.names if name in self.found)
                self._tell(f"{tally.total()}/{len(self.names)} {dict(tally)} {last - started:.0f} s")
        self._keep()
        return True

    def _learn(self) -> None:
        """Read which test killed which mutant; a line is written at once, being short."""
        with suppress(BlockingIOError):
            for line in os.read(self._reading, 2**20).splitlines():
                function, test = json.loads(line)
                self.kills[function][test] += 1

    def _tell(self, *lines: str) -> None:
        with self._shown():
            print(*lines, sep="\n  ", flush=True)

    def _within(self, items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
        """Yield the items that fit into the time for one mutant."""
        spent = 0.0
        for item in items:
            spent += self.seconds[item.nodeid]
            if spent > self.most:
                return
            yield item

    def _observe(self, items: Sequence[pytest.Item]) -> None:
        """Run each test once without a change; see which functions it reaches, and how long it takes."""
        from mutmut.mutation import trampoline

        def reached(name: str, caller: str | None = None) -> None:  # noqa: ARG001  (mutmut passes it by name)
            self.reaching[name].add(self._test)

        trampoline.record_trampoline_hit = reached  # type: ignore[attr-defined]
        trampoline.set_mutant_under_test("stats")
        for item, following in zip(items, [*items[1:], None], strict=True):
            self._test, start = item.nodeid, time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.seconds[item.nodeid] = time.process_time() - start

    def _slow(self, item: pytest.Item) -> bool:
        return self.seconds[item.nodeid] > SLOWEST

    def _fork(self, name: str, items: Sequence[pytest.Item]) -> int:
        process = os.fork()
        if process:
            return process
        from mutmut.mutation import trampoline

        with suppress(BaseException):
            trampoline.set_mutant_under_test(name)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            self.failed.clear()
            for item, following in zip(items, [*items[1:], None], strict=True):
                signal.alarm(ceil(2 * self.most))
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    told = json.dumps([name.rpartition("__mutmut_")[0], item.nodeid])
                    os.write(self._writing, told.encode() + b"\n")
                    os._exit(1)
            os._exit(0)
        os._exit(1)

    def _keep(self) -> None:
        fresh = self.out.with_suffix(".new")
        fresh.write_text(json.dumps(self.found, indent=0), encoding="utf-8")
        fresh.replace(self.out)


def change(folder: Path, name: str) -> Iterator[str]:
    """Yield the lines that a mutant takes out and puts in."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=folder / "package", capture_output=True, text=True, check=False).stdout  # noqa: S603
    yield from (line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def main() -> None:
    """Run the mutants and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="to work in; made, and kept for the next run")
    parser.add_argument("--source", type=Path, default=SOURCE, help="package to change (default: the verifier)")
    parser.add_argument("--only", nargs="+", default=[], help="modules, such as council")
    parser.add_argument("--again", action="store_true", help="try the survivors once more")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of tests for one mutant; one test that takes twice that never ends"
    )
    given = parser.parse_args()
    folder, out = given.folder.resolve(), given.folder.resolve() / "found.json"
    if not (folder / "package").exists():
        prepare(folder, given.source)
    refresh(folder, given.source)
    if given.again and out.exists():
        found = json.loads(out.read_text(encoding="utf-8"))
        out.write_text(json.dumps({n: v for n, v in found.items() if v in (KILLED, ENDLESS)}), encoding="utf-8")
    os.chdir(folder / "package" / "mutants")
    sys.path[:0] = [str(Path("src").resolve()), str(Path.cwd())]
    os.environ["MUTANT_UNDER_TEST"] = ""
    names = mutants(folder, given.only)
    runner = Runner(names, out, given.children, given.seconds)
    # The texts are looked for in the source, where a mutant's stand too; the page is of the other verifier.
    leave = [f"--ignore=verify_tests/{name}" for name in ("test_texts.py", "test_page.py", "test_size.py")]
    pytest.main(["-p", "no:cacheprovider", "-p", "no:terminal", "verify_tests", *leave], plugins=[runner])
    for name in names:
        if runner.found.get(name) in (SURVIVED, UNREACHED):
            print(f"\n{runner.found[name]}: {name}", *change(folder, name), sep="\n")
    by_module = Counter((module_of(name), runner.found.get(name, "not tried")) for name in names)
    for (module, what), count in sorted(by_module.items()):
        print(f"{module}: {count} {what}")
    tally = Counter(runner.found.get(name, "not tried") for name in names)
    gone = tally[KILLED] + tally[ENDLESS]
    print(f"{len(names)} mutants: {dict(tally)}; {100 * gone / len(names):.1f} % killed")


if __name__ == "__main__":
    main()
