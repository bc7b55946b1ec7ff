"""Faults at every system call of appending and publishing, and kills: nothing acknowledged is lost, nothing forks.

    python tests/evidence/fault_injection.py [sqlite|postgresql] [--most N]

walks through every call of a workload, one fault in each run, until a run ends without having met its fault. The tests
take a few of them. A writer is a forked child to which strace is attached, so that calls are counted from the first
append on. Whatever the writer acknowledged is written to a pipe, one line each, and compared with the log afterwards.
"""

import base64
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from shinrai.evidence import Home, Store, open_home, sign
from shinrai.evidence.fsck import fsck
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import Addition
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.merkle import root
from shinrai_verify.note import Checkpoint, open_note

KIND = "https://shinrai.example/test/v1"
ROUNDS = 3
BATCH = 3

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


def work(home: Home, name: str, pipe: int) -> None:
    """Append and publish, say what is acknowledged, and go on after an error, as a service would."""
    batches = [
        [(f"{name}/{turn}/{part}", envelope(home, f"{name}/{turn}/{part}")) for part in range(BATCH)]
        for turn in range(ROUNDS)
    ]
    store = Store(home)
    os.write(pipe, b"ready\n")
    os.kill(os.getpid(), signal.SIGSTOP)
    for batch in batches:
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
        traced = None
        if fault is not None and first:
            # The pipe is spared: only what is done to files and sockets is to fail.
            command = ["strace", "-f", "-qq", "-o", "/dev/stderr", "-p", str(pid), "-e", f"trace={fault.call}"]
            if fault.call in ("write", "openat", "fsync", "rename"):
                command += [f"--trace-path={home.keys / name}" for name in _mark_files()]
            traced = subprocess.Popen([*command, "-e", fault.injection], stderr=subprocess.PIPE)
            _wait_for_tracer(pid)
        os.kill(pid, signal.SIGCONT)
        said = parsed(stream.read())
    _, status = os.waitpid(pid, 0)
    if traced is not None:
        _, log = traced.communicate(timeout=30)
        said.met = b"(INJECTED)" in log or os.WIFSIGNALED(status)
    return said


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
        self.notes: list[bytes] = []
        signer = load_signer(home.keys, "producer")
        self.keys = {signer.keyid: signer.public}

    def look(self, said: Said, about: object) -> None:
        """Raise AssertionError when something acknowledged is gone, stands twice, or two signatures disagree."""
        for index, text in said.entries.items():
            assert self.entries.setdefault(index, text) == text, f"{about}: the index {index} was given twice"
        self.notes += said.notes
        store = Store(self.home)
        try:
            report = fsck(store, keys=self.keys)
            assert report.sound, f"{about}: {[str(finding) for finding in report.findings]}"
            logged = {entry.index: str(entry.statement.predicate["text"]) for entry in store.of_type(KIND)}
            assert sorted(logged) == list(range(report.entries)), f"{about}: a gap"
            assert len(set(logged.values())) == len(logged), f"{about}: a statement stands twice"
            lost = self.entries.items() - logged.items()
            assert not lost, f"{about}: acknowledged and lost: {sorted(lost)}"
            self.notes.append(store.publish())
            leaves = store.leaves()
            for note in self.notes:
                head = Checkpoint.parse(open_note(note, [store.key], "note"), "note")
                assert root(leaves[: head.size]) == head.root, f"{about}: the log forked at {head.size}"
            assert fsck(store, keys=self.keys).sound, f"{about}: after publishing again"
        finally:
            store.close()


def every_fault(kind: str, most: int) -> Iterator[tuple[str, bool, range]]:
    """Yield call, whether it kills, and the counts to try."""
    for call in CALLS[kind]:
        for kill in (False, True):
            yield call, kill, range(1, most + 1)


def walk(home: Home, kind: str, most: int) -> dict[str, int]:
    """Walk through all faults; returns how many struck, by call."""
    survey, struck = Survey(home), {}
    for call, kill, counts in every_fault(kind, most):
        for when in counts:
            fault = Fault(call, when, kill)
            said = run(home, f"{call}-{'kill' if kill else 'error'}-{when}", fault)
            survey.look(said, fault)
            if not said.met:
                break
            name = f"{call} {'kill' if kill else 'error'}"
            struck[name] = when
        print(f"{call:10} {'kill' if kill else 'error':5} {struck.get(name, 0):4} faults struck", flush=True)  # noqa: T201
    return struck


def main(arguments: list[str]) -> int:
    """Walk through every fault on one database."""
    kind = arguments[0] if arguments else "sqlite"
    most = int(arguments[arguments.index("--most") + 1]) if "--most" in arguments else 400
    reason = available()
    if reason is not None:
        print(f"skipped: {reason}")  # noqa: T201
        return 0
    with TemporaryDirectory(prefix="shinrai-faults-") as folder:
        home = open_home(Path(folder) / "home")
        if kind == "postgresql":
            import pgserver

            running = pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
            os.environ["FAULTS_DB"] = running.get_uri()
            (home.path / "database-reference").write_text("env:FAULTS_DB")
        struck = walk(home, kind, most)
        if kind == "postgresql":
            running.cleanup()
    print(f"{sum(struck.values())} faults struck; the log stayed sound, nothing was lost, nothing forked")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
