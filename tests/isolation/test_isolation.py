"""Nothing calls home: everything that needs no remote model works without a network, and does not try to reach one.

Three views of the same journey through the commands, since each sees what the others cannot. Audit hooks of Python see
names and addresses, on any machine. Packets in a network namespace show what leaves, whatever library sends it. System
calls show attempts even where no packet could form. The first two watch one and the same journey where there are
namespaces; the third has to be one without a way out.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from shinrai.cli.commands import commands
from shinrai.language import Language

HERE = Path(__file__).parent
ADDRESS = re.compile(
    r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*?sa_family=(AF_INET6?), .*?"
    r'(?:inet_addr|inet_pton)\((?:AF_INET6, )?"([^"]+)"'
)


def _journey() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shinrai_tests_journey", HERE / "journey.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


journey = _journey()


@pytest.fixture
def folder(describe: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder with a system whose conclusion rests on one requirement that its table can show."""
    path = describe("fair 500")
    path.write_text(re.sub(r"required: \[.*\]", "required: [JP-GL-C2]", path.read_text()))
    return tmp_path


@pytest.fixture(scope="module")
def watched() -> dict[str, Any]:
    """What the journey with all ways open has shown, once it has been made; see `watched_journey`."""
    return {}


def watched_journey(watched: dict[str, Any], namespace: list[str] | None, folder: Path) -> dict[str, Any]:
    """Make the journey once, with hooks of Python and, where there is a namespace, in a trap for packets."""
    if not watched:
        travel = [sys.executable, str(HERE / "journey.py"), "here", str(folder)]
        found = (
            {"account": run_journey(travel).stdout} if namespace is None else in_namespace(namespace, "trap", travel)
        )
        watched |= found | {"account": last_line(found["account"])}
    return watched


def leaves(group: click.Group, *before: str) -> Iterator[str]:
    for name, found in group.commands.items():
        if isinstance(found, click.Group):
            yield from leaves(found, *before, name)
        else:
            yield " ".join((*before, name))


def completed(account: dict[str, Any]) -> None:
    """Hold that every step ended as it should, and that the rest of the journey did its work."""
    found = [(step["step"], step["code"]) for step in account["steps"]]
    said = {step["step"]: step["said"] for step in account["steps"]}
    wrong = [f"{step}: {code}\n{said[step]}" for (step, code) in found if (step, code) not in journey.STEPS]
    assert not wrong, "\n".join(wrong)
    assert len(found) == len(journey.STEPS)
    assert not any("Traceback" in text for text in said.values())
    records = account["records"]
    assert records["answered"] >= 20 and records["passed"] > 0 and records["scores"] >= records["answered"]
    assert account["modules"] > 300


def last_line(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output.strip().rpartition("\n")[2])
    return found


def test_every_command_is_on_the_journey_or_says_why_it_connects() -> None:
    known = set(leaves(commands(Language.EN)))
    walked = {name for name in known for step, _ in journey.STEPS if f"{step} ".startswith(f"{name} ")}
    missing = known - walked - set(journey.CONNECTS)
    assert not missing, f"tests/isolation/journey.py: give {missing} a step, or say in CONNECTS what it connects to"
    assert set(journey.CONNECTS) <= known


IMPORT_ALL = """
import json, sys
opened, probed = [], []
def watch(event, given):
    if event.startswith("socket."):
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_name != "_has_ipv6":
            frame = frame.f_back
        if frame is None or event not in ("socket.__new__", "socket.bind"):
            opened.append(event)
        elif event == "socket.bind":
            probed.append(given[1])
sys.addaudithook(watch)
sys.path.insert(0, {here!r})
import journey
print(json.dumps([list(journey.modules()), opened, probed]))
"""


@pytest.mark.slow
def test_no_module_opens_a_socket_when_it_is_imported() -> None:
    """One library binds a socket to ::1, once, to learn whether there is IPv6; nothing is sent by it."""
    script = IMPORT_ALL.format(here=str(HERE))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names, opened, probed = json.loads(done.stdout.strip().rpartition("\n")[2])
    assert opened == []
    assert probed in ([], [["::1", 0]])
    root = HERE.parents[1]
    files = [*(root / "src").rglob("*.py"), *(root / "packages/shinrai-verify/src").rglob("*.py")]
    expected = {_module(file) for file in files} - {"shinrai", "shinrai_verify"}
    # Migrations are read by path, as scripts, and are no modules.
    assert expected - set(names) == {name for name in expected if ".versions.0" in name}


def _module(file: Path) -> str:
    parts = file.with_suffix("").parts
    parts = parts[max(i for i, part in enumerate(parts) if part == "src") + 1 :]
    return ".".join(parts).removesuffix(".__init__")


@pytest.mark.slow
def test_no_command_connects_or_looks_a_name_up(
    watched: dict[str, Any], possible_namespace: list[str] | str, folder: Path
) -> None:
    """Python sees names and addresses; what a native library does is for the other tests."""
    namespace = possible_namespace if isinstance(possible_namespace, list) else None
    account = watched_journey(watched, namespace, folder)["account"]
    completed(account)
    local = [each for each in account["tried"] if each.startswith("socket.connect [('127.0.0.1', ")]
    assert [each for each in account["tried"] if each not in local] == []
    assert local, "the judge on loopback was not asked, or the hook does not see it"


def test_the_audit_hook_would_see_an_attempt() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import journey, socket; seen = []\n"
        "sys.addaudithook(lambda event, given: seen.append(event) if event in journey.NETWORK else None)\n"
        "one = socket.socket(); one.setblocking(False); one.connect_ex(('127.0.0.1', 9)); one.close()\n"
        "socket.getaddrinfo('localhost', 9)\n"
        "print(seen)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['socket.connect', 'socket.getaddrinfo']"


@pytest.fixture(scope="module")
def possible_namespace() -> list[str] | str:
    """The command that gives a process a network of its own, or why the machine gives none."""
    found = shutil.which("unshare")
    if not sys.platform.startswith("linux") or found is None:
        return "network namespaces need Linux and unshare (package util-linux)"
    command = [found, "--map-root-user", "--net"]
    # A container may allow the namespace and still forbid the packet socket in it.
    probe = "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()"
    tried = subprocess.run([*command, sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"this machine gives no network namespace: {tried.stderr.strip()[-200:]}"
    return command


@pytest.fixture
def namespace(possible_namespace: list[str] | str) -> list[str]:
    """The command that gives a process a network of its own; skipped where the machine gives none."""
    if isinstance(possible_namespace, str):
        pytest.skip(possible_namespace)
    return possible_namespace


def run_journey(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def in_namespace(namespace: list[str], mode: str, command: list[str]) -> dict[str, Any]:
    done = run_journey([*namespace, sys.executable, str(HERE / "closed_network.py"), mode, *command])
    found = last_line(done.stdout)
    assert found["code"] == 0, done.stderr[-3000:]
    return found


@pytest.mark.slow
def test_no_packet_tries_to_leave(watched: dict[str, Any], namespace: list[str], folder: Path) -> None:
    """All ways lead into a trap, which is shown to work before the journey begins."""
    found = watched_journey(watched, namespace, folder)
    assert any("192.0.2.1 443" in packet for packet in found["control"]["packets"])
    assert any(packet.startswith("protocol 17 ") and packet.endswith(" 53") for packet in found["control"]["packets"])
    completed(found["account"])
    assert found["packets"] == []
    # The judge's endpoint on loopback was reached, so that the trap was watching where it should.
    assert found["local"] > 100


@pytest.mark.slow
def test_without_a_route_everything_works_and_no_system_call_tries_to_leave(namespace: list[str], folder: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed (package strace)")
    trace = folder / "trace.txt"
    watched = [strace, "--follow-forks", "--seccomp-bpf", "--trace=network", f"--output={trace}"]
    travel = [sys.executable, str(HERE / "journey.py"), "here", str(folder)]
    found = in_namespace(namespace, "closed", [*watched, *travel])
    assert found["control"]["connect"] == "ENETUNREACH"
    completed(json.loads(found["account"]))
    addresses = {address for _, address in ADDRESS.findall(trace.read_text(errors="replace"))}
    assert addresses == {"127.0.0.1"}


def test_strace_names_addresses_as_we_read_them() -> None:
    lines = (
        '3 connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, 16) = 0\n'
        '3 sendto(5, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH\n'
        '3 bind(5, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0\n'
        '3 connect(5, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT\n'
    )
    assert [address for _, address in ADDRESS.findall(lines)] == ["192.0.2.1", "2001:db8::1"]
