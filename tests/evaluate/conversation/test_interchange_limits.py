"""Hostile files: archives that lie about their size, JSON without end, numbers and names that are not fit to show."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from shinrai.evaluate.interchange import limits
from shinrai.evaluate.interchange.fields import Value, named
from shinrai.evaluate.interchange.limits import Archive, json_lines, parse_json, read_file
from shinrai.language import ShinraiError


def zip_file(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def zstandard_zip(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive as Inspect does, which Python 3.11's zipfile cannot."""
    body, directory = io.BytesIO(), io.BytesIO()
    for name, data in members.items():
        packed, crc = zstandard.compress(data), zlib.crc32(data)
        at, title = body.tell(), name.encode()
        sizes = struct.pack("<LLL", crc, len(packed), len(data))
        body.write(b"PK\x03\x04" + struct.pack("<HHHHH", 63, 0, 93, 0, 33) + sizes)
        body.write(struct.pack("<HH", len(title), 0) + title + packed)
        directory.write(b"PK\x01\x02" + struct.pack("<HHHHHH", 63, 63, 0, 93, 0, 33) + sizes)
        directory.write(struct.pack("<HHHHHLL", len(title), 0, 0, 0, 0, 0, at) + title)
    end = struct.pack("<HHHHLLH", 0, 0, len(members), len(members), directory.tell(), body.tell(), 0)
    path.write_bytes(body.getvalue() + directory.getvalue() + b"PK\x05\x06" + end)
    return path


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_out_as_they_went_in(tmp_path: Path, how: int) -> None:
    members = {"a.json": b"{}", "b/c.json": "東京".encode() * 1000}
    with Archive(zip_file(tmp_path / "a.zip", members, how)) as archive:
        assert {name: archive.read(name) for name in archive.names} == members


def test_zstandard_members_come_out_as_they_went_in(tmp_path: Path) -> None:
    members = {"a.json": b"{}", "b/c.json": "東京".encode() * 1000, "empty": b""}
    with Archive(zstandard_zip(tmp_path / "a.eval", members)) as archive:
        assert {name: archive.read(name) for name in archive.names} == members


@pytest.mark.parametrize("write", [zip_file, zstandard_zip])
def test_a_bomb_is_refused_when_it_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBER", 10_000)
    path = write(tmp_path / "bomb.zip", {"a": b"\0" * 5_000_000})
    assert path.stat().st_size < 10_000
    with Archive(path) as archive, pytest.raises(ShinraiError, match="unpacks to more than 10000"):
        archive.read("a")


def test_many_small_members_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_UNPACKED", 2_500)
    with Archive(zip_file(tmp_path / "a.zip", dict.fromkeys("abc", b"x" * 1000))) as archive:
        archive.read("a")
        archive.read("b")
        with pytest.raises(ShinraiError, match="archive unpacks to more"):
            archive.read("c")


def test_too_many_members_and_too_large_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_file(tmp_path / "a.zip", {str(number): b"" for number in range(30)})
    monkeypatch.setattr(limits, "MAX_MEMBERS", 20)
    with pytest.raises(ShinraiError, match="has 30 parts"):
        Archive(path)
    monkeypatch.setattr(limits, "MAX_DIRECTORY", 100)
    with pytest.raises(ShinraiError, match="directory is too large"):
        Archive(path)


def test_a_size_that_is_a_lie_is_damage(tmp_path: Path) -> None:
    path = zstandard_zip(tmp_path / "a.eval", {"a": b"x" * 100})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 100), struct.pack("<L", 99)))
    with Archive(path) as archive, pytest.raises(ShinraiError, match="damaged"):
        archive.read("a")


@given(st.integers(0, 400), st.integers(1, 255))
@example(231, 1)  # a directory that places the part before the file
@example(173, 64)  # a version of ZIP that there is none of
def test_no_flipped_byte_gives_other_content(tmp_path_factory: pytest.TempPathFactory, at: int, flip: int) -> None:
    folder = tmp_path_factory.mktemp("flip")
    content = {"a": json.dumps({"n": list(range(60))}).encode()}
    path = zstandard_zip(folder / "a.eval", content)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= flip
    path.write_bytes(bytes(data))
    try:
        with Archive(path) as archive:
            found = {name: archive.read(name) for name in archive.names}
    except ShinraiError:
        return
    assert list(found.values()) in ([content["a"]], [])


def test_encrypted_and_unknown_packing_are_refused(tmp_path: Path) -> None:
    path = zip_file(tmp_path / "a.zip", {"a": b"text"}, zipfile.ZIP_BZIP2)
    with Archive(path) as archive, pytest.raises(ShinraiError, match="packed in a way that is not read"):
        archive.read("a")
    with Archive(path) as archive, pytest.raises(ShinraiError, match="has no part"):
        archive.read("b")


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.eval"
    path.write_bytes(b"no archive at all")
    with pytest.raises(ShinraiError, match="not a ZIP archive"):
        Archive(path)
    with pytest.raises(ShinraiError, match="cannot be read"):
        Archive(tmp_path / "missing.eval")


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        (b"[" * 200_000, "nested too deep", None),
        (b'{"a":' * 200_000, "nested too deep", None),
        (b"1" * 10_000, "number that is too long", None),
        (b'{"a": 1,\n "b": }', "not valid JSON", 2),
        (b"\xff{}", "not UTF-8", None),
        (b"", "not valid JSON", 1),
    ],
)
def test_json_that_is_refused(data: bytes, what: str, line: int | None) -> None:
    with pytest.raises(ShinraiError, match=what) as caught:
        parse_json(data, "a.json")
    assert caught.value.place is not None
    assert caught.value.place.line == line


def test_lines_know_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": 2}\n{"a": \n')
    read = json_lines(path)
    assert [next(read), next(read)] == [(1, {"a": 1}), (3, {"a": 2})]
    with pytest.raises(ShinraiError) as caught:
        next(read)
    assert caught.value.place is not None
    assert caught.value.place.line == 4
    monkeypatch.setattr(limits, "MAX_LINE", 5)
    with pytest.raises(ShinraiError, match="longer than 5 bytes"):
        list(json_lines(path))


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"x" * 11)
    with pytest.raises(ShinraiError, match="11 bytes; at most 10"):
        read_file(path, 10)


@pytest.mark.parametrize("text", ["", "a\x1b[31m", "x" * 201, "‮evil", "a\nb", "\ud800"])
def test_a_name_that_cannot_be_shown_becomes_its_digest(text: str) -> None:
    assert named(text).startswith("sha256:")
    assert len(named(text)) == 39


@pytest.mark.parametrize("text", ["q5", "質問 1", "dan.Ablation / mitigation", "x" * 200])
def test_a_plain_name_stays(text: str) -> None:
    assert named(text) == text


def test_values_say_where_they_are_wrong() -> None:
    root = Value({"samples": [{"score": "high"}]}, "log.json")
    (sample,) = root.get("samples").items()
    with pytest.raises(ShinraiError, match="Expected a number, found a text") as caught:
        sample.get("score").number()
    assert caught.value.place is not None
    assert caught.value.place.field == "samples[0].score"
    assert root.at("missing", "deeper").number() is None
    assert Value(float("nan"), "a").number() is None
    assert Value(10**400, "a").number() is None
    with pytest.raises(ShinraiError):
        Value(True, "a").count()
    with pytest.raises(ShinraiError):
        Value(-1, "a").count()
    with pytest.raises(ShinraiError):
        list(Value("text", "a").fields())


def test_moments_are_in_utc_or_not_there() -> None:
    assert str(Value("2026-11-20T10:00:00+09:00", "a").moment()) == "2026-11-20 01:00:00+00:00"
    assert str(Value("2026-11-20 10:00:00", "a").moment()) == "2026-11-20 10:00:00+00:00"
    assert str(Value(0, "a").moment()) == "1970-01-01 00:00:00+00:00"
    for raw in ("soon", 1e300, None, [], "9" * 100):
        assert Value(raw, "a").moment() is None
