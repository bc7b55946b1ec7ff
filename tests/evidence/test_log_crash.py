"""Crashes and faults of appending and publishing (A32): a few of those that `fault_injection.py` walks through."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from shinrai.evidence import Home, open_home

from .conftest import World
from .fault_injection import CALLS, Fault, Survey, available, parsed, run

WRITER = """
import base64, sys
from pathlib import Path
from shinrai.evidence import Store, open_home
sys.path.insert(0, sys.argv[3])
from fault_injection import envelope
from shinrai.evidence.store import Addition
home = open_home(Path(sys.argv[1]))
store = Store(home)
for number in range(10_000):
    texts = [f"{sys.argv[2]}/{number}/{part}" for part in range(4)]
    try:
        indexes = store.append(Addition([envelope(home, text) for text in texts]))
        for index, text in zip(indexes, texts):
            print("entry", index, text)
        print("note", base64.b64encode(store.publish()).decode(), flush=True)
    except Exception:
        print("failed", flush=True)
"""


def writer(home: Home, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(home.path), name, str(Path(__file__).parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


@pytest.mark.slow
def test_a32_kill_at_any_moment_loses_nothing_that_was_acknowledged(world: World) -> None:
    survey = Survey(world.home)
    for attempt in range(2):
        process = writer(world.home, str(attempt))
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.05 + 0.13 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        said = parsed(first + process.stdout.read())
        process.wait()
        assert said.entries
        survey.look(said, f"attempt {attempt}")
    assert len(survey.entries) >= 2


@pytest.mark.slow
def test_a32_a_database_server_that_dies_loses_nothing_that_was_acknowledged(postgres_home: Home) -> None:
    """The server is stopped as if the power had gone, while a writer works, and started again."""
    import pgserver

    survey = Survey(postgres_home)
    place = str(sa.make_url(os.environ["EVIDENCE_DB"]).query["host"])
    # Other tests may have a server of their own in this process.
    servers = pgserver.PostgresServer._instances.values()
    (server,) = [each for each in servers if sa.make_url(each.get_uri()).query["host"] == place]
    process = writer(postgres_home, "power")
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        time.sleep(0.3)
        control = {"pgdata": server.pgdata, "user": server.system_user}
        pgserver.pg_ctl(["-w", "-m", "immediate", "stop"], **control)
        options = ["-o", '-h ""', "-o", f"-k {place}", "-l", str(server.pgdata / "again.log")]
        pgserver.pg_ctl(["-w", *options, "start"], **control)
        time.sleep(0.5)
    finally:
        process.kill()
    said = parsed(first + process.stdout.read())
    process.wait()
    assert said.entries
    survey.look(said, "the server died")


@pytest.fixture
def injectable() -> None:
    reason = available()
    if reason is not None:
        pytest.skip(f"no faults can be injected: {reason}")


@pytest.mark.slow
@pytest.mark.usefixtures("injectable")
def test_a32_no_fault_of_a_file_loses_or_forks_anything(tmp_path: Path) -> None:
    survey = Survey(open_home(tmp_path / "home"))
    survey.look(run(survey.home, "none", None), "no fault")
    before = len(survey.entries)
    faults = [
        *(Fault("pwrite64", when, kill) for when in (2, 9) for kill in (False, True)),
        *(Fault("fdatasync", 2, kill) for kill in (False, True)),
        *(Fault("fsync", when, False) for when in (1, 2)),
        Fault("write", 1, False),
        *(Fault("rename", 2, kill) for kill in (False, True)),
        Fault("openat", 1, False),
    ]
    assert {fault.call for fault in faults} <= set(CALLS["sqlite"])
    for number, fault in enumerate(faults):
        said = run(survey.home, str(number), fault)
        assert said.met, fault
        assert fault.kill != said.ended, fault
        survey.look(said, fault)
    assert len(survey.entries) > before
