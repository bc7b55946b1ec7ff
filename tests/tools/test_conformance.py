"""The runs against published vectors and other implementations that are quick, and how vectors are fetched.

`make conformance` runs all suites, and fetches from the registry that the machine is set up for; here a registry on
the loopback stands in for it.
"""

import hashlib
import importlib.util
import io
import json
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture(scope="module")
def conformance() -> Iterator[ModuleType]:
    known = set(sys.modules)
    sys.path.insert(0, str(TOOLS))
    spec = importlib.util.spec_from_file_location("conformance", TOOLS / "conformance.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(TOOLS))
    for name in set(sys.modules) - known:
        if name.startswith("conformance"):
            del sys.modules[name]


@pytest.fixture
def fetching(conformance: ModuleType) -> ModuleType:
    assert conformance.fetch.__module__ == "conformance_fetch"
    return sys.modules["conformance_fetch"]


@pytest.mark.parametrize("name", ["pynacl", "node", "dsse"])
def test_others_decide_as_we_do(conformance: ModuleType, name: str, tmp_path: Path) -> None:
    result = conformance.run(name, tmp_path)
    if result.skipped is not None:
        pytest.skip(result.skipped)
    assert result.unlike == ()
    assert result.cases >= 50


@pytest.mark.parametrize(
    "name",
    ["merkle", "cctv", "wycheproof", "sign-input", "jsontestsuite", "jcs", "rfc3161-client", "carried", "tessera"],
)
def test_a_suite_that_is_not_here_is_skipped_by_name(conformance: ModuleType, name: str, tmp_path: Path) -> None:
    result = conformance.run(name, tmp_path)
    assert result.cases == 0
    assert "is not here" in result.skipped
    assert str(result).startswith("SKIPPED: ")


PROBE = '{"leafIdx": 0, "treeSize": 1, "root": "%s", "leafHash": "%s", "proof": null, "wantErr": %s}'
ONE, OTHER = "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def _checkout(folder: Path, wrong: bool) -> Path:
    """Lay out a suite of Merkle probes as its repository does; wrong: one of them asks for the opposite."""
    for kind in ("inclusion", "consistency"):
        (folder / "merkle" / "testdata" / kind / "0").mkdir(parents=True)
    inclusion, consistency = (folder / "merkle" / "testdata" / kind / "0" for kind in ("inclusion", "consistency"))
    (inclusion / "happy-path.json").write_text(PROBE % (ONE, ONE, "false"))
    (inclusion / "wrong-root.json").write_text(PROBE % (OTHER, ONE, "false" if wrong else "true"))
    probe = f'{{"size1": 1, "size2": 1, "root1": "{ONE}", "root2": "{ONE}", "proof": [], "wantErr": false}}'
    (consistency / "happy-path.json").write_text(probe)
    return folder


@pytest.mark.parametrize("wrong", [False, True])
def test_a_checkout_is_run_and_a_case_that_comes_out_otherwise_fails_the_run(
    conformance: ModuleType, wrong: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = conformance.main(["merkle", "cctv", "--suites", str(_checkout(tmp_path, wrong))])
    said = capsys.readouterr().out.splitlines()
    assert code == int(wrong)
    assert said[0].startswith(f"merkle         3 cases, {int(wrong)} otherwise")
    assert ("inclusion 0 wrong-root: True expected, found False" in said[1]) == wrong
    assert said[-1].startswith("cctv           SKIPPED: ")


def test_edge_cases_are_read_in_the_form_of_cctv(conformance: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "cctv" / "ed25519").mkdir(parents=True)
    made = list(conformance.edge_cases.signatures())
    good, bad = (next(case for case in made if case.expected is wanted) for wanted in (True, False))
    flagged = [(good, None), (good, ["low_order_component_A"]), (bad, ["low_order_A"]), (bad, None)]
    vectors = [
        {
            "key": case.given["key"],
            "sig": case.given["signature"],
            "msg": bytes.fromhex(case.given["message"]).decode(),
            "flags": flags,
        }
        for case, flags in flagged
    ]
    (tmp_path / "cctv" / "ed25519" / "ed25519vectors.json").write_text(json.dumps(vectors))
    result = conformance.run("cctv", tmp_path)
    assert (result.cases, result.skipped) == (4, None)
    assert result.unlike == ("case 3: True expected, found False and False",)


def test_a_log_on_disk_is_read_with_its_partial_tiles(conformance: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "tessera" / "testdata" / "log"
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = NoteKey("example.org/log", private.public_key().public_bytes_raw())
    entries = [f"entry {number}".encode() for number in range(3)]
    for width in (1, 2, 3):
        leaves = [leaf_hash(entry) for entry in entries[:width]]
        bundle = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries[:width])
        for kind, data in (("entries", bundle), ("0", b"".join(leaves))):
            (folder / "tile" / kind / "000.p").mkdir(parents=True, exist_ok=True)
            (folder / "tile" / kind / "000.p" / str(width)).write_bytes(data)
        text = Checkpoint(key.name, width, root(leaves)).text
        line = signature_line(key, private.sign(text.encode()))
        (folder / f"checkpoint.{width}").write_text(f"{text}\n{line}", encoding="utf-8")
    (folder.parent / "build_log.sh").write_text(f'export LOG_PUBLIC_KEY="{key}"\n')
    result = conformance.run("tessera", tmp_path)
    assert (result.cases, result.unlike, result.skipped) == (4, (), None)
    (folder / "tile" / "entries" / "000.p" / "3").write_bytes(b"\x00\x01x")
    assert conformance.run("tessera", tmp_path).unlike == ("tiles", "checkpoint.1", "checkpoint.2", "checkpoint.3")


def _archive(path: Path, files: Mapping[str, bytes | None]) -> bytes:
    """Write a gzipped tar; a file that is None is a link."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            if data is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
            member.size = len(data or b"")
            archive.addfile(member, io.BytesIO(data or b""))
    return path.read_bytes()


MARK = "import pathlib; pathlib.Path({mark!r}).write_text('built')\nfrom setuptools import setup; setup()\n"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A registry on the loopback with one package, `holder` 1.0, whose source archive says so if it is ever built."""
    page, mark = tmp_path / "served" / "simple" / "holder", tmp_path / "built"
    page.mkdir(parents=True)
    metadata = b"Metadata-Version: 2.1\nName: holder\nVersion: 1.0\n"
    wheel = zipfile.ZipFile(page / "holder-1.0-py3-none-any.whl", "w")
    with wheel:
        wheel.writestr("holder-1.0.dist-info/METADATA", metadata)
        wheel.writestr("holder-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("holder-1.0.dist-info/RECORD", "")
    files = {"holder-1.0/PKG-INFO": metadata, "holder-1.0/setup.py": MARK.format(mark=str(mark)).encode()}
    files |= {"holder-1.0/data/a.json": b"[1]", "holder-1.0/data/b/c.json": b"[2]", "holder-1.0/database": b"no"}
    data = _archive(page / "holder-1.0.tar.gz", files)
    links = "".join(f'<a href="{path.name}">{path.name}</a>\n' for path in sorted(page.iterdir()))
    (page / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    for name in ("UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple/")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield {"page": page, "mark": mark, "sha256": hashlib.sha256(data).hexdigest()}
    server.shutdown()
    server.server_close()


def _source(module: ModuleType, **more: str) -> Any:
    given = {"package": "holder", "version": "1.0", "sha256": "0" * 64, "inside": "data", "to": "kept", "licence": "-"}
    return module.Source(**{**given, **more})


def test_vectors_come_out_of_the_archive_and_nothing_in_it_is_built(
    fetching: ModuleType, registry: dict[str, Any], tmp_path: Path
) -> None:
    source = _source(fetching, sha256=registry["sha256"])
    folder = fetching.fetch("held", tmp_path / "suites", source)
    kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert kept.pop(".taken-from").decode() == f"holder 1.0 {registry['sha256']}\n"
    assert kept == {"kept/a.json": b"[1]", "kept/b/c.json": b"[2]"}
    assert not registry["mark"].exists()
    # What is there is not fetched again, and what is not ours is not written over.
    (registry["page"] / "index.html").unlink()
    assert fetching.fetch("held", tmp_path / "suites", source) == folder
    with pytest.raises(fetching.NotFetched, match="holds something else"):
        fetching.fetch("held", tmp_path / "suites", _source(fetching))


def test_other_bytes_than_those_named_are_not_taken(
    fetching: ModuleType, registry: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(fetching.NotFetched, match="no source archive of holder"):
        fetching.fetch("held", tmp_path / "suites", _source(fetching))
    with pytest.raises(fetching.NotFetched, match="not to be had from the registry"):
        fetching.fetch("held", tmp_path / "suites", _source(fetching, version="2.0"))
    # Where only a source archive is left, finding out about it could mean building it.
    wheel = registry["page"] / "holder-1.0-py3-none-any.whl"
    (registry["page"] / "index.html").write_text('<a href="holder-1.0.tar.gz">holder-1.0.tar.gz</a>')
    wheel.unlink()
    with pytest.raises(fetching.NotFetched, match="not to be had"):
        fetching.fetch("other", tmp_path / "suites", _source(fetching, sha256=registry["sha256"]))
    assert not registry["mark"].exists()
    assert not (tmp_path / "suites").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("{folder}/archive", "is not the one with our SHA-256"),
        ("{folder}/gone", "could not be fetched"),
        ("data:,x", "names 'data' as the way"),
    ],
)
def test_what_the_registry_points_to_is_held_to_its_bytes(
    fetching: ModuleType, address: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "archive").write_bytes(b"other bytes")
    with pytest.raises(fetching.NotFetched, match=said):
        fetching.downloaded(address.format(folder=tmp_path.as_uri()), _source(fetching))


def test_a_run_without_a_registry_says_what_it_could_not_fetch(
    conformance: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(conformance, "ROOT", tmp_path)
    assert conformance.main(["jcs"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("jcs            NOT FETCHED: rfc8785 0.1.4 is not to be had from the registry: ")
    assert said[1].startswith("jcs            SKIPPED: ")


HOSTILE: dict[str, dict[str, bytes | None]] = {
    "a way up": {"holder-1.0/data/../../../out": b"x"},
    "a link": {"holder-1.0/data/link": None},
    "a backslash": {"holder-1.0/data/a\\b": b"x"},
    "too large": {"holder-1.0/data/large": bytes(4 * 1024 * 1024 + 1)},
    "too many": {f"holder-1.0/data/{number}": b"" for number in range(21)},
    "nothing": {"holder-1.0/database": b"x"},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_with_anything_odd_in_it_is_not_taken(
    fetching: ModuleType, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_FILES", 20)
    _archive(tmp_path / "archive.tar.gz", HOSTILE[kind])
    with pytest.raises(fetching.NotFetched, match=r"which is not taken|holds no data"):
        fetching.extract(tmp_path / "archive.tar.gz", _source(fetching), tmp_path / "in" / "folder")
    assert not (tmp_path / "out").exists()
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_an_archive_that_unpacks_to_too_much_is_left_alone(
    fetching: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_UNPACKED", 10)
    _archive(tmp_path / "archive.tar.gz", {"holder-1.0/other": b"x" * 11})
    with pytest.raises(fetching.NotFetched, match="unpacks to more than 10 bytes"):
        fetching.extract(tmp_path / "archive.tar.gz", _source(fetching), tmp_path / "folder")


def test_the_vectors_beside_the_tests_are_written_from_their_sources(
    conformance: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"pairs": {"a": [1]}, "lines": [[2, "b"]]}
    monkeypatch.setattr(conformance.published, "facts", lambda _suites: held)
    monkeypatch.setattr(conformance.published, "CARRIED", tmp_path)
    with pytest.raises(conformance.Missing):
        conformance.carry(tmp_path)
    for name in conformance.SOURCES:
        (tmp_path / name).mkdir()
    conformance.carry(tmp_path)
    assert (tmp_path / "pairs.json").read_text() == '{\n"a": [1]\n}\n'
    assert conformance.run("carried", tmp_path).unlike == ()
    (tmp_path / "lines.json").write_text('[\n[3, "b"]\n]\n')
    assert conformance.run("carried", tmp_path).unlike == ("lines",)
