"""A1 and A2: no bit of a bundle may change and no byte may be missing, wherever it is and whatever holds it."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai_verify.bundle import local_header, open_bundle
from shinrai_verify.encoding import Fault
from shinrai_verify.verify import verify

from .archives import sorted_archive
from .world import World, said

WORLD = World()
FILES = dict(sorted(WORLD.contents().items()))
ARCHIVE = sorted_archive(FILES)
DIRECTORY = ARCHIVE.index(struct.pack("<I", 0x02014B50))


def _headers():
    """Yield the offset of each byte of the archive that is not content."""
    offset = 0
    for name, data in FILES.items():
        size = len(local_header(name, len(data), zlib.crc32(data)))
        yield from range(offset, offset + size)
        offset += size + len(data)
    yield from range(DIRECTORY, len(ARCHIVE))


def _bent(data, position):
    bent = bytearray(data)
    bent[position // 8] ^= 1 << position % 8
    return bytes(bent)


def _refused(path, data):
    path.write_bytes(data)
    outcome = verify(path, WORLD.policy)
    assert outcome.exit_code in (1, 2), said(outcome)
    assert said(outcome)


def test_unchanged_it_verifies(tmp_path):
    assert WORLD.verified(tmp_path).exit_code == 0


def test_no_bit_of_any_header_may_change(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(ARCHIVE)
    with path.open("r+b", buffering=0) as stream:
        for byte in _headers():
            for bit in range(8):
                stream.seek(byte)
                stream.write(bytes([ARCHIVE[byte] ^ 1 << bit]))
                with pytest.raises(Fault):
                    open_bundle(path)
            stream.seek(byte)
            stream.write(ARCHIVE[byte : byte + 1])
    assert verify(path, WORLD.policy).exit_code == 0


def test_a_changed_header_is_told(tmp_path):
    for byte in list(_headers())[::7]:
        _refused(tmp_path / "a.zip", _bent(ARCHIVE, 8 * byte + byte % 8))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("bent") / "a.zip"


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 8 * len(ARCHIVE) - 1))
def test_no_bit_of_the_archive_may_change(place, position):
    _refused(place, _bent(ARCHIVE, position))


# The checksums of the archive are no protection: whoever changes the content changes them too.


def _with(name, data):
    return sorted_archive({**FILES, name: data})


@pytest.mark.parametrize("name", ["log/checkpoint", "VERIFY.txt"])
def test_no_bit_of_a_small_file_may_change(place, name):
    for position in range(0, 8 * len(FILES[name]), 5):
        _refused(place, _with(name, _bent(FILES[name], position)))


@pytest.mark.parametrize("name", FILES)
def test_no_bit_of_a_content_may_change(place, name):
    bits = 8 * len(FILES[name])
    for position in range(0, bits, max(1, bits // 60) | 1):
        _refused(place, _with(name, _bent(FILES[name], position)))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_no_random_bit_of_a_content_may_change(place, name, data):
    _refused(place, _with(name, _bent(FILES[name], data.draw(st.integers(0, 8 * len(FILES[name]) - 1)))))


@pytest.mark.parametrize("name", FILES)
def test_no_file_may_be_missing(place, name):
    _refused(place, sorted_archive({other: data for other, data in FILES.items() if other != name}))


@pytest.mark.parametrize("name", FILES)
def test_no_file_may_be_cut_short_or_go_on(place, name):
    size = len(FILES[name])
    for cut in {0, 1, size // 3, size // 2, *range(max(0, size - 40), size)}:
        _refused(place, _with(name, FILES[name][:cut]))
    # The lines of the statements may stand there twice (test_insiders.py); any other file may not.
    again = [FILES[name]] if name != "attestations.intoto.jsonl" else []
    for more in (b"\n", b" ", b"\0", *again):
        _refused(place, _with(name, FILES[name] + more))


def test_the_archive_may_not_be_cut_short(place):
    for cut in {*range(0, len(ARCHIVE), 97), *range(len(ARCHIVE) - 30, len(ARCHIVE)), DIRECTORY, DIRECTORY + 1}:
        _refused(place, ARCHIVE[:cut])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(ARCHIVE)), st.binary(min_size=1, max_size=50))
def test_nothing_may_be_written_into_the_archive(place, start, data):
    for changed in (ARCHIVE[:start] + data + ARCHIVE[start:], ARCHIVE[:start] + data + ARCHIVE[start + len(data) :]):
        if changed != ARCHIVE:
            _refused(place, changed)
