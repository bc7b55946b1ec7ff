"""The package alone: with nothing but cryptography beside it, in an environment of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent


def _run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """An environment with this package and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    python = folder / "venv/bin/python"
    source = folder / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("tests", "__pycache__", "dist"))
    built = _run(sys.executable, "-m", "uv", "build", "--wheel", "--no-build-isolation", "--out-dir", folder, source)
    if built.returncode:
        pytest.skip(f"no wheel can be built here: {built.stderr[-300:]}")
    (wheel,) = folder.glob("*.whl")
    assert _run(sys.executable, "-m", "venv", "--without-pip", folder / "venv").returncode == 0
    done = _run(sys.executable, "-m", "uv", "pip", "install", "--python", python, wheel)
    if done.returncode:
        pytest.skip(f"no index can be reached and nothing is cached: {done.stderr[-300:]}")
    return folder / "venv/bin"


@pytest.mark.slow
def test_it_verifies_a_real_bundle_without_shinrai(alone, real, tmp_path):
    installed = _run(sys.executable, "-m", "uv", "pip", "list", "--format", "freeze", "--python", alone / "python")
    names = {line.partition("==")[0] for line in installed.stdout.split()}
    assert names <= {"shinrai-verify", "cryptography", "cffi", "pycparser", "typing-extensions"}
    assert _run(alone / "python", "-c", "import shinrai").returncode == 1
    command = alone / "shinrai-verify"
    done = _run(command, real.path, "--trust", real.trust, "--lang", "ja")
    assert (done.returncode, done.stderr) == (0, "")
    assert "検証成功" in done.stdout
    bent = bytearray(real.path.read_bytes())
    bent[len(bent) // 2] ^= 1
    (tmp_path / "bent.zip").write_bytes(bytes(bent))
    assert _run(command, tmp_path / "bent.zip", "--trust", real.trust).returncode == 1
    assert _run(command).returncode == 64


@pytest.mark.slow
def test_it_opens_no_connection(alone, real):
    # Every socket is forbidden: nothing here may need one.
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise SystemExit('a connection was tried')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from shinrai_verify.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = _run(alone / "python", "-c", program, real.path, "--trust", real.trust)
    assert (done.returncode, done.stderr) == (0, "")
