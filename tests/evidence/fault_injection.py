"""Faults at every system call of appending and publishing, and kills: nothing acknowledged is lost, nothing forks.

    python tests/evidence/fault_injection.py [sqlite|postgresql] [--step N] [--calls C ...] [--kills N]

walks through every call of a workload, one fault in each run, until a run ends without having met its fault. The tests
take a few of them. A writer is a forked child to which strace is attached, so that calls are counted from the first
append on. Whatever the writer acknowledged is written to a pipe, one line each, and compared with the log afterwards.
Each kind of call gets a log of its own, which lives through all faults of that call. On SQLite the writer carries its
journal into the file after every few pages, so that faults strike there too.
Either database takes five minutes, on two busy cores fifteen; `--step N` tries one call of N, `--calls` some kinds.
"""

# ruff: noqa: T201  (a program, whose output is what it found)
import argparse
import base64
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from shinrai.evidence import Home, Store, open_home, sign
from shinrai.evidence.database import REFERENCE_FILE
from shinrai.evidence.fsck import fsck
from shinrai.evidence.keys import load_signer
from shinrai.evidence.merkle import Growing
from shinrai.evidence.store import Addition, LogFault
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.note import Checkpoint, open_note

KIND = "https://shinrai.example/test/v1"
ROUNDS = 3
BATCH = 3
CHECKPOINT_PAGES = 30
AGAIN = 10  # after so many faults the log is checked once more, with the checkpoint that heals it

# What SQLite, the high-water mark and the PostgreSQL client do to files and sockets.
CALLS = {
    "sqlite": ("pwrite64", "fdatasync", "fsync", "write", "rename", "openat", "ftruncate", "flock", "fcntl", "pread64"),
    "postgresql": ("sendto", "recvfrom", "fsync", "write", "rename", "openat", "flock"),
}
ERRORS = {"write": "ENOSPC", "pwrite64": "ENOSPC", "sendto": "EPIPE", "recvfrom": "ECONNRESET"}


@dataclass(frozen=True)
class Fault:
    """What happens at the when-th call: an error, or a kill at its entry."""

    call: str
    when: int
    kill: bool

    @property
    def injection(self) -> str:
        effect = "signal=SIGKILL" if self.kill else f"error={ERRORS.get(self.call, 'EIO')}"
        return f"inject={self.call}:{effect}:when={self.when}"


@dataclass
class Said:
    """What a writer acknowledged. ended: it came to its end by itself; met: the fault struck."""

    entries: dict[int, str] = field(default_factory=dict)
    notes: list[bytes] = field(default_factory=list)
    failed: int = 0
    ended: bool = False
    met: bool = False


def available() -> str | None:
    """Say why faults cannot be injected here; None when they can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    tried = subprocess.run([strace, "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "strace may not trace here"


def envelope(home: Home, text: str) -> Envelope:
    """Return a signed statement."""
    return sign(Statement("test", "0" * 64, KIND, {"text": text}), load_signer(home.keys, "producer"))


def work(home: Home, name: str, pipe: int, rounds: int = ROUNDS) -> None:
    """Append and publish, say what is acknowledged, and go on after an error, as a service would."""
    store = Store(home)
    if store.engine.dialect.name == "sqlite":
        # Of the one connection that this writer has in its pool.
        with store.engine.connect() as db:
            db.exec_driver_sql(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    os.write(pipe, b"ready\n")
    os.kill(os.getpid(), signal.SIGSTOP)
    for turn in range(rounds):
        texts = [f"{name}/{turn}/{part}" for part in range(BATCH)]
        batch = [(text, envelope(home, text)) for text in texts]
        for _ in range(2):
            try:
                indexes = store.append(Addition([each for _, each in batch]))
                lines = [f"entry {index} {text}\n" for index, (text, _) in zip(indexes, batch, strict=True)]
                os.write(pipe, "".join(lines).encode())
                os.write(pipe, b"note " + base64.b64encode(store.publish()) + b"\n")
                break
            except Exception:
                os.write(pipe, b"failed\n")
    os.write(pipe, b"ended\n")
    # Nothing of the parent's is to be run at the end of its copy.
    os._exit(0)


def run(home: Home, name: str, fault: Fault | None) -> Said:
    """Let a writer work with a fault in its way; returns what it acknowledged."""
    reader, writer = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=work, args=(home, name, writer))
    child.start()
    os.close(writer)
    pid = child.pid or 0
    with os.fdopen(reader, "rb") as stream:
        first = stream.readline()
        os.waitpid(pid, os.WUNTRACED)
        struck, tracer = threading.Event(), None
        if fault is not None and first:
            tracer = _traced(home, pid, fault, struck)
        os.kill(pid, signal.SIGCONT)
        with _connections_cut(home, struck):
            said = parsed(stream.read())
    _, status = os.waitpid(pid, 0)
    if tracer is not None:
        tracer.join(timeout=30)
        said.met = struck.is_set() or os.WIFSIGNALED(status)
    return said


def _traced(home: Home, pid: int, fault: Fault, struck: threading.Event) -> threading.Thread:
    """Attach strace to a stopped writer; returns the thread that reads its output and notices when the fault struck."""
    # The pipe is spared: only what is done to files and sockets is to fail.
    command = ["strace", "-f", "-qq", "-o", "/dev/stderr", "-p", str(pid), "-e", f"trace={fault.call}"]
    if fault.call in ("write", "openat", "fsync", "rename"):
        command += [f"--trace-path={home.keys / name}" for name in _mark_files()]
    process = subprocess.Popen([*command, "-e", fault.injection], stderr=subprocess.PIPE)

    def listen() -> None:
        with process:
            for line in process.stderr or ():
                if b"(INJECTED)" in line:
                    struck.set()

    _wait_for_tracer(pid)
    thread = threading.Thread(target=listen)
    thread.start()
    return thread


@contextmanager
def _connections_cut(home: Home, struck: threading.Event) -> Iterator[None]:
    """Have a PostgreSQL server end its connections a moment after the fault, and again until the block ends.

    A client whose sending failed waits for what the server has to say about it. Where the socket really broke, that is
    its end; where the failure was injected, the server knows of nothing, and both would wait for ever.
    """
    reference = home.path / REFERENCE_FILE
    if not reference.exists():
        yield
        return
    import psycopg

    address, over = os.environ[reference.read_text().strip().removeprefix("env:")], threading.Event()
    others = "datname = current_database() AND pid <> pg_backend_pid()"

    def cut() -> None:
        while not over.wait(0.1):
            if not struck.wait(0.1) or over.wait(0.3):
                continue
            with psycopg.connect(address, autocommit=True) as db:
                db.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _mark_files() -> tuple[str, ...]:
    return ("log-high-water.new", "log-high-water.json", "log-high-water.lock", ".")


def _wait_for_tracer(pid: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status").read_text()
        if "TracerPid:\t0" not in status:
            return
        time.sleep(0.005)
    raise RuntimeError("strace did not attach")


def parsed(data: bytes) -> Said:
    """Read the lines of a writer; one that was cut off by a kill does not count."""
    said = Said()
    for line in data.decode().splitlines(keepends=True):
        if not line.endswith("\n"):
            continue
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "entry":
            index, _, text = rest.partition(" ")
            said.entries[int(index)] = text
        elif kind == "note":
            said.notes.append(base64.b64decode(rest))
        elif kind == "failed":
            said.failed += 1
        elif kind == "ended":
            said.ended = True
    return said


class Survey:
    """Looks at the log after each run, with the memory of all that was ever acknowledged."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.entries: dict[int, str] = {}
        self.heads: dict[int, bytes] = {}
        self.looks = 0
        signer = load_signer(home.keys, "producer")
        self.keys = {signer.keyid: signer.public}

    def look(self, said: Said, about: object) -> None:
        """Raise AssertionError when something acknowledged is gone, stands twice, or two signatures disagree."""
        for index, text in said.entries.items():
            assert self.entries.setdefault(index, text) == text, f"{about}: the index {index} was given twice"
        store = Store(self.home)
        try:
            report = fsck(store, keys=self.keys, processes=1)
            assert report.sound, f"{about}: {[str(finding) for finding in report.findings]}"
            logged = {entry.index: str(entry.statement.predicate["text"]) for entry in store.of_type(KIND)}
            assert sorted(logged) == list(range(report.entries)), f"{about}: a gap"
            assert len(set(logged.values())) == len(logged), f"{about}: a statement stands twice"
            lost = self.entries.items() - logged.items()
            assert not lost, f"{about}: acknowledged and lost: {sorted(lost)}"
            for note in (*said.notes, store.publish()):
                head = Checkpoint.parse(open_note(note, [store.key], "note"), "note")
                assert self.heads.setdefault(head.size, head.root) == head.root, f"{about}: two heads of {head.size}"
            self._unforked(store.leaves(), about)
            self.looks += 1
            if self.looks % AGAIN == 1:
                assert fsck(store, keys=self.keys, processes=1).sound, f"{about}: after publishing again"
        finally:
            store.close()

    def _unforked(self, leaves: list[bytes], about: object) -> None:
        """Compare the log with all heads that were ever signed."""
        tree = Growing()
        for leaf in (None, *leaves):
            if leaf is not None:
                tree.append(leaf)
            assert self.heads.get(tree.size, tree.root) == tree.root, f"{about}: the log forked at {tree.size}"
        assert max(self.heads) <= tree.size, f"{about}: the log is shorter than what was signed"


def kill_at_random(home: Home, name: str, after: float) -> Said:
    """Let a writer work and kill it so many seconds after its first append began; returns what it acknowledged."""
    reader, writer = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=work, args=(home, name, writer, 10_000))
    child.start()
    os.close(writer)
    pid = child.pid or 0
    with os.fdopen(reader, "rb") as stream:
        stream.readline()
        os.waitpid(pid, os.WUNTRACED)
        os.kill(pid, signal.SIGCONT)
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
        said = parsed(stream.read())
    _, status = os.waitpid(pid, 0)
    said.met = os.WIFSIGNALED(status)
    return said


def walk(home: Home, call: str, *, kill: bool, step: int) -> tuple[int, int]:
    """Let a call fail, or kill at it, the first time, `step` calls later, and so on, until there are no more of them.

    Returns how many faults struck, and at which call the last one did.
    """
    survey, struck, last = Survey(home), 0, 0
    for when in itertools.count(1, step):
        fault = Fault(call, when, kill)
        said = run(home, f"{call}-{when}", fault)
        survey.look(said, fault)
        if not said.met:
            break
        struck, last = struck + 1, when
    return struck, last


def kills(home: Home, count: int) -> int:
    """Kill writers at random moments; returns how many entries had been acknowledged, which are all there.

    At last the database is set back to a copy made half-way, as a careless administrator would: nothing is signed then.
    """
    survey, chance, back = Survey(home), random.Random(count), None  # noqa: S311  (moments, not secrets)
    for number in range(count):
        survey.look(kill_at_random(home, f"random-{number}", chance.uniform(0, 0.2)), f"random kill {number}")
        if number == count // 2:
            back = copied(home)
    if back is not None:
        back()
        store = Store(home)
        try:
            for _ in range(2):
                try:
                    raise AssertionError(f"a head was signed after the database was set back: {store.publish()!r}")
                except LogFault:
                    store.append(Addition([envelope(home, "after the database was set back")]))
        finally:
            store.close()
    return len(survey.entries)


def copied(home: Home) -> Callable[[], object]:
    """Copy the database of a log; returns what sets it back."""
    if not (home.path / REFERENCE_FILE).exists():
        copy = home.database.with_suffix(".copy")
        shutil.copyfile(home.database, copy)
        return lambda: shutil.copyfile(copy, home.database)
    import psycopg

    url = sa.make_url(os.environ["FAULTS_DB"])
    address, copy_url = (url.set(database=name) for name in ("postgres", f"{url.database}_copy"))
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {copy_url.database} TEMPLATE {url.database}")
    return lambda: os.environ.update(FAULTS_DB=copy_url.render_as_string(hide_password=False))


def homes(kind: str, folder: Path) -> Iterator[Home]:
    """Yield fresh data folders, whose logs stand in databases of their own."""
    running = None
    try:
        if kind == "postgresql":
            import pgserver

            running = pgserver.get_server(folder / "pg", cleanup_mode="stop")
        for number in itertools.count():
            home = open_home(folder / f"home-{number}")
            if running is not None:
                running.psql(f"CREATE DATABASE faults_{number}")
                os.environ["FAULTS_DB"] = running.get_uri(f"faults_{number}")
                (home.path / REFERENCE_FILE).write_text("env:FAULTS_DB")
            yield home
    finally:
        if running is not None:
            running.cleanup()


def main() -> int:
    """Walk through every fault on one database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="?", choices=sorted(CALLS), default="sqlite")
    parser.add_argument("--step", type=int, default=1, help="of so many calls try one (default: 1, which is all)")
    parser.add_argument("--calls", nargs="*", default=[], help="these kinds of calls alone")
    parser.add_argument("--kills", type=int, default=100, help="writers killed at random moments")
    given = parser.parse_args()
    reason = available()
    if reason is not None:
        print(f"skipped: {reason}")
        return 0
    began, struck, step = time.monotonic(), 0, given.step
    print(f"{given.kind}: every call is tried" if step == 1 else f"{given.kind}: of {step} calls one is tried")
    with TemporaryDirectory(prefix="shinrai-faults-") as folder, closing(homes(given.kind, Path(folder))) as fresh:
        for call, kill in itertools.product(given.calls or CALLS[given.kind], (False, True)):
            found, last = walk(next(fresh), call, kill=kill, step=step)
            struck += found
            print(
                f"{call:10} {'kill' if kill else 'error':5} {found:4} faults struck, the last at call {last}",
                flush=True,
            )
        if given.kills:
            entries = kills(next(fresh), given.kills)
            print(f"{given.kills} kills at random moments; {entries} entries had been acknowledged")
            print("nothing was signed after the database was set back to a copy")
    print(f"{struck} faults struck; the log stayed sound, nothing was lost, nothing forked")
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
