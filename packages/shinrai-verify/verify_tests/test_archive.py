"""Hostile archives and folders: nothing is extracted, and only the one form that writers make is read."""

import hashlib
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from shinrai_verify import bundle as bundles
from shinrai_verify.bundle import directory, local_header, open_bundle
from shinrai_verify.encoding import Fault

from .archives import archive, sorted_archive
from .world import World, sha256

BLOB = f"blobs/sha256/{sha256(b'x')}"
GOOD = {BLOB: b"x", "manifest.json": b"{}"}
FORM = "the archive is not in the form that Shinrai writes"

NAMES = [
    "../manifest.json",
    "/manifest.json",
    "log/../../etc/passwd",
    "log/..",
    "log/a/./b",
    "log//a",
    "C:\\manifest.json",
    "log\\checkpoint",
    "manifest.json\0",
    "manifest.json ",
    "Manifest.json",
    "MANIFEST.JSON",
    "verify.txt",
    "log/CHECKPOINT",
    "log/" + "a" * 201,
    "log/",
    "blobs/sha256/" + "A" * 64,
    "blobs/sha256/" + "a" * 63,
    "blobs/sha256/" + "a" * 65,
    "blobs/md5/" + "a" * 32,
    "blobs/",
    "trust/root.1.json/",
    "trust/root.json",
    "trust/root.1234567.json",
    "attestations.intoto.jsonl.gz",
    "bundle.zip",
    "~/manifest.json",
    "",
]


def _opened(folder, data):
    path = folder / "a.zip"
    path.write_bytes(data)
    return open_bundle(path)


def test_the_one_form_is_read_and_ordinary_tools_read_it_too(tmp_path):
    data = sorted_archive(GOOD)
    opened = _opened(tmp_path, data)
    assert opened.sha256 == {name: sha256(content) for name, content in GOOD.items()}
    assert opened.read("manifest.json") == b"{}"
    with zipfile.ZipFile(BytesIO(data)) as ordinary:
        assert ordinary.testzip() is None
        assert {name: ordinary.read(name) for name in ordinary.namelist()} == GOOD


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_not_on_the_list_are_refused(tmp_path, name):
    with pytest.raises(Fault, match="which is not allowed"):
        _opened(tmp_path, archive({**GOOD, name: b"x"}))


@pytest.mark.parametrize("name", ["mänifest.json", "ｍanifest.json", "manifest\u202e.json"])
def test_names_that_are_not_ascii_are_refused_and_shown_harmlessly(tmp_path, name):
    raw = name.encode()
    head = bytearray(local_header("x" * len(raw), 1, zlib.crc32(b"x")))
    head[30:] = raw
    with pytest.raises(Fault, match="which is not allowed") as caught:
        _opened(tmp_path, bytes(head) + b"x")
    assert str(caught.value).isascii()


def _zip(write, **options):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", **options) as made:
        write(made)
    return out.getvalue()


def _stored(made):
    for name, data in sorted(GOOD.items()):
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o100644 << 16
        made.writestr(info, data)


def _with(change):
    def write(made):
        for name, data in sorted(GOOD.items()):
            info = zipfile.ZipInfo(name)
            change(info)
            made.writestr(info, data, compress_type=info.compress_type)

    return write


def _comment(made):
    _stored(made)
    made.comment = b"hello"


def _zip64(made):
    with made.open(zipfile.ZipInfo("manifest.json"), "w", force_zip64=True) as entry:
        entry.write(b"{}")


def _encrypted() -> bytes:
    data = bytearray(archive({"manifest.json": b"{}"}))
    data[6] |= 1
    return bytes(data)


def _mismatch(field: int) -> bytes:
    """Return an archive whose local header and directory disagree in a field of the directory's entry."""
    data = bytearray(archive({"manifest.json": b"{}"}))
    start = data.index(struct.pack("<I", 0x02014B50))
    data[start + field] ^= 1
    return bytes(data)


ARCHIVES = {
    "a time of today": _zip(_with(lambda info: setattr(info, "date_time", (2026, 1, 1, 0, 0, 0)))),
    "deflated": _zip(_with(lambda info: setattr(info, "compress_type", zipfile.ZIP_DEFLATED))),
    "an extra field": _zip(_with(lambda info: setattr(info, "extra", struct.pack("<HH4s", 0xCAFE, 4, b"hide")))),
    "a comment of an entry": _zip(_with(lambda info: setattr(info, "comment", b"hide"))),
    "a symbolic link": _zip(_with(lambda info: setattr(info, "external_attr", 0o120777 << 16))),
    "an executable": _zip(_with(lambda info: setattr(info, "external_attr", 0o100755 << 16))),
    "a comment of the archive": _zip(_comment),
    "zip64": _zip(_zip64),
    "encrypted": _encrypted(),
    "another offset in the directory": _mismatch(42),
    "another name in the directory": _mismatch(46),
    "another size in the directory": _mismatch(24),
    "not sorted": archive({"manifest.json": b"{}", BLOB: b"x"}),
    "bytes at the end": sorted_archive(GOOD) + b"\0",
    "bytes at the start": b"#!/bin/sh\n" + sorted_archive(GOOD),
    "an archive at the end": sorted_archive(GOOD) * 2,
    "no directory": sorted_archive(GOOD)[: sorted_archive(GOOD).index(struct.pack("<I", 0x02014B50))],
    "only a directory": directory({}, 0),
    "nothing": b"",
    "text": b"hello",
    "a tar file": b"manifest.json".ljust(512, b"\0"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_other_form_of_archive_is_refused(tmp_path, name):
    with pytest.raises(Fault) as caught:
        _opened(tmp_path, ARCHIVES[name])
    assert FORM in str(caught.value)


def test_the_same_entries_in_another_writer_s_archive_are_refused_only_for_their_form(tmp_path):
    # The ordinary writer with all settings right gives the very same bytes: so the form hides nothing.
    assert _zip(_stored) == sorted_archive(GOOD)
    assert _opened(tmp_path, _zip(_stored)).sha256


def test_a_name_twice_is_refused(tmp_path):
    entry = local_header("manifest.json", 2, zlib.crc32(b"{}")) + b"{}"
    end = directory({"manifest.json": (0, 2, zlib.crc32(b"{}"))}, 2 * len(entry))
    with pytest.raises(Fault) as caught:
        _opened(tmp_path, entry * 2 + end)
    assert str(caught.value) == f"{FORM}, near manifest.json"


def test_a_wrong_checksum_is_told(tmp_path):
    data = local_header("manifest.json", 2, zlib.crc32(b"[]")) + b"{}"
    with pytest.raises(Fault, match=r"manifest\.json in the archive is damaged"):
        _opened(tmp_path, data)


def test_an_entry_that_claims_more_than_there_is_is_refused_without_memory(tmp_path):
    data = local_header("manifest.json", 2**32 - 1, 0) + b"{}"
    with pytest.raises(Fault, match=FORM):
        _opened(tmp_path, data)


def test_too_many_entries_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_ENTRIES", 1)
    with pytest.raises(Fault, match=FORM):
        _opened(tmp_path, sorted_archive(GOOD))


def test_an_archive_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_ARCHIVE_BYTES", 2**20)
    path = tmp_path / "a.zip"
    with path.open("wb") as stream:
        stream.truncate(2**20 + 1)  # sparse
    with pytest.raises(Fault, match=r"a\.zip is larger than 1048576 bytes"):
        open_bundle(path)


def test_an_archive_in_an_archive_is_a_content_and_is_not_opened(tmp_path):
    inner = sorted_archive(GOOD)
    name = f"blobs/sha256/{sha256(inner)}"
    assert _opened(tmp_path, archive({name: inner})).read(name) == inner


# Large archives.


def test_the_wide_form_is_the_ordinary_writer_s_too(tmp_path, monkeypatch):
    # Where sizes and places pass 2^31; here the border is drawn lower for both writers.
    monkeypatch.setattr(bundles, "ZIP64_FROM", 65)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 64)
    big = b"y" * 100
    files = dict(sorted({f"blobs/sha256/{sha256(big)}": big, **GOOD}.items()))

    def write(made):
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            made.writestr(info, data)

    data = sorted_archive(files)
    assert _zip(write) == data
    assert _opened(tmp_path, data).sha256 == {name: sha256(content) for name, content in files.items()}
    with zipfile.ZipFile(BytesIO(data)) as ordinary:
        assert ordinary.testzip() is None
    for position in range(0, 8 * len(data), 31):
        bent = bytearray(data)
        bent[position // 8] ^= 1 << position % 8
        with pytest.raises(Fault):
            _opened(tmp_path, bytes(bent))


def test_the_wide_form_is_not_taken_where_the_narrow_one_does(tmp_path):
    name, data = "manifest.json", b"{}"
    wide = bytearray(local_header(name, 2**31, zlib.crc32(data)))
    wide[-16:] = struct.pack("<QQ", 2, 2)
    with pytest.raises(Fault, match=FORM):
        _opened(tmp_path, bytes(wide) + data)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_memory_does_not_grow_with_the_contents(tmp_path):
    size = 400 * 1024 * 1024
    chunk, crc, digest = bytes(1024 * 1024), 0, hashlib.sha256()
    for _ in range(400):
        crc = zlib.crc32(chunk, crc)
        digest.update(chunk)
    name = f"blobs/sha256/{digest.hexdigest()}"
    path = tmp_path / "large.zip"
    with path.open("wb") as stream:
        stream.write(local_header(name, size, crc))
        stream.seek(size, os.SEEK_CUR)  # sparse: nothing is written to the disk
        stream.write(directory({name: (0, size, crc)}, len(local_header(name, size, crc)) + size))
    # VmHWM and not ru_maxrss: that one also counts the process that this one was forked from.
    program = (
        "import re, sys; from pathlib import Path; from shinrai_verify.bundle import open_bundle\n"
        "print(*open_bundle(Path(sys.argv[1])).sizes.values())\n"
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    found, kibibytes = done.stdout.split()
    assert int(found) == size
    assert int(kibibytes) < 150 * 1024


# The folder form.


def _folder(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_the_unpacked_folder_is_the_same_bundle(tmp_path):
    files = World().contents()
    opened = open_bundle(_folder(tmp_path / "folder", files))
    packed = _opened(tmp_path, sorted_archive(files))
    assert (opened.sha256, opened.sizes) == (packed.sha256, packed.sizes)
    assert all(opened.read(name) == packed.read(name) == data for name, data in files.items())


@pytest.mark.parametrize("link", ["manifest.json", "log"])
@pytest.mark.parametrize("goal", ["/etc/passwd", "/etc", "nowhere"])
def test_symbolic_links_in_a_folder_are_refused(tmp_path, link, goal):
    (tmp_path / link).symlink_to(goal)
    with pytest.raises(Fault, match=f"a file named '{link}', which is not allowed"):
        open_bundle(tmp_path)


def test_pipes_in_a_folder_are_refused_and_not_read(tmp_path):
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(Fault, match="which is not allowed"):
        open_bundle(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "log/Notes", ".DS_Store", "blobs/sha256/short", "trust/root.one.json"])
def test_foreign_files_in_a_folder_are_refused(tmp_path, name):
    with pytest.raises(Fault) as caught:
        open_bundle(_folder(tmp_path, {**GOOD, name: b""}))
    assert str(caught.value) == f"the bundle holds a file named '{name}', which is not allowed"


def test_names_that_are_no_text_are_refused(tmp_path):
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff\xfe", os.O_CREAT | os.O_WRONLY))
    with pytest.raises(Fault, match="which is not allowed") as caught:
        open_bundle(tmp_path)
    assert str(caught.value).isascii()


def test_a_folder_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_ENTRIES", 1)
    _folder(tmp_path, {"log/a": b"", "log/b": b"", "manifest.json": b"{}"})
    with pytest.raises(Fault, match="more than 1 files"):
        open_bundle(tmp_path)
    # Two are few enough to be read one after the other, and too many all the same.
    with pytest.raises(Fault, match="more than 1 files"):
        open_bundle(_folder(tmp_path / "two", {"VERIFY.txt": b"", "manifest.json": b"{}"}))


def test_a_folder_of_too_many_folders_is_refused_before_it_is_walked(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_ENTRIES", 3)
    inner = tmp_path / "bundle" / "a" / "b" / "c" / "d" / "e"
    inner.mkdir(parents=True)
    (inner.parents[4] / "manifest.json").write_bytes(b"{}")
    (inner / "f").mkdir()
    assert list(open_bundle(tmp_path / "bundle").sha256) == ["manifest.json"]
    (inner / "f" / "g").mkdir()
    with pytest.raises(Fault, match="more than 3 files"):
        open_bundle(tmp_path / "bundle")


def test_what_is_as_large_as_allowed_is_read(tmp_path, monkeypatch):
    data = sorted_archive(GOOD)
    monkeypatch.setattr(bundles, "MAX_ENTRIES", len(GOOD))
    monkeypatch.setattr(bundles, "MAX_ARCHIVE_BYTES", len(data))
    monkeypatch.setattr(bundles, "MAX_TEXT_BYTES", len(GOOD["manifest.json"]))
    for chunk in (2**20, 1):
        monkeypatch.setattr(bundles, "_CHUNK", chunk)
        for opened in (_opened(tmp_path, data), open_bundle(_folder(tmp_path / f"folder {chunk}", GOOD))):
            assert opened.read("manifest.json") == b"{}"


@pytest.mark.parametrize("chunk", [1, 3, 2**20])
def test_lines_may_be_so_long_and_the_last_one_has_its_end(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(bundles, "_CHUNK", chunk)
    monkeypatch.setattr(bundles, "MAX_LINE_BYTES", 4)
    name = "attestations.intoto.jsonl"

    def read(text):
        return list(open_bundle(_folder(tmp_path / f"{len(text)}", {name: text})).lines(name))

    assert read(b"") == []
    assert read(b"abcd\n\nx\n") == [b"abcd", b"", b"x"]
    with pytest.raises(Fault, match=f"{name} is cut short"):
        read(b"abcd\nabc")
    with pytest.raises(Fault, match=rf"{name}:\* is larger than 4 bytes"):
        read(b"ab\nabcdefghij")


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(Fault, match="the bundle cannot be read: No such file or directory"):
        open_bundle(tmp_path / "none.zip")
    opened = open_bundle(_folder(tmp_path, GOOD))
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(Fault) as caught:
        opened.read("manifest.json")
    assert str(caught.value) == "the bundle cannot be read: No such file or directory"


def test_a_file_that_changes_after_it_was_hashed_is_noticed(tmp_path):
    opened = open_bundle(_folder(tmp_path, GOOD))
    (tmp_path / "manifest.json").write_bytes(b"[]")
    with pytest.raises(Fault, match="the bundle changed while it was being read"):
        opened.read("manifest.json")


def test_only_small_files_that_exist_are_read_whole(tmp_path, monkeypatch):
    opened = open_bundle(_folder(tmp_path, GOOD))
    with pytest.raises(Fault, match="the bundle has no log/checkpoint"):
        opened.read("log/checkpoint")
    monkeypatch.setattr(bundles, "MAX_TEXT_BYTES", 1)
    with pytest.raises(Fault, match=r"manifest\.json is larger than 1 bytes"):
        opened.read("manifest.json")
