"""Time-stamp tokens made by hand: each field and each kind of authority, where the rules of RFC 3161 draw the line."""

import pytest

from shinrai_verify.encoding import Fault
from shinrai_verify.timestamp import _Node, stamped

from .stamps import BAD, GOOD, NO_STAMP, NOON, OTHER, Stamp, der


@pytest.mark.parametrize("name", GOOD)
def test_good_tokens_tell_certificate_and_time(name):
    stamp = GOOD[name]
    assert stamped(stamp.token, b"text", {stamp.sha256}, "it") == (stamp.sha256, NOON)


@pytest.mark.parametrize("name", BAD)
def test_bad_tokens_are_refused_for_what_is_wrong_with_them(name):
    stamp, why = BAD[name]
    with pytest.raises(Fault) as caught:
        stamped(stamp.token, b"text", {stamp.sha256}, "it")
    assert str(caught.value) == why


@pytest.mark.parametrize("after", [(), (OTHER.certificate,)])
def test_a_token_by_a_certificate_that_is_not_pinned_is_nobody_s(after):
    stamp = Stamp(after=after)
    assert stamped(stamp.token, b"text", {"ab" * 32}, "it") is None
    assert stamped(stamp.token, b"text", set(), "it") is None
    # Pinned, but another number is named as the one that signed.
    other = Stamp(after=after, named=8)
    assert stamped(other.token, b"text", {other.sha256}, "it") is None


def test_a_pinned_certificate_of_the_same_name_and_number_has_to_have_signed():
    stamp = Stamp(before=(OTHER.certificate,))
    with pytest.raises(Fault, match="not a good time stamp"):
        stamped(stamp.token, b"text", {OTHER.sha256}, "it")


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80", b"\x30\x81", b"\x30\x81\x80"])
def test_what_is_cut_short_is_no_time_stamp(data):
    with pytest.raises(Fault) as caught:
        stamped(data, b"text", {"ab" * 32}, "it")
    assert str(caught.value) == NO_STAMP


def test_nothing_may_stand_before_or_after_a_token():
    stamp = Stamp()
    assert stamp.token[:2] == b"\x30\x82"
    spelt_longer = b"\x30\x83\x00" + stamp.token[2:]
    for data in (stamp.token + b"\0", spelt_longer, stamp.token[:-1], b"\0" + stamp.token):
        with pytest.raises(Fault) as caught:
            stamped(data, b"text", {stamp.sha256}, "it")
        assert str(caught.value) == NO_STAMP


HUGE = 2**24
LENGTHS = [
    (b"\x04\x00", True),
    (b"\x04\x7f" + bytes(0x7F), True),
    (b"\x04\x80" + bytes(0x80), False),
    (b"\x04\x81\x7f" + bytes(0x7F), False),
    (b"\x04\x81\x80" + bytes(0x80), True),
    (b"\x04\x81\x80" + bytes(0x7F), False),
    (b"\x04\x81\xff" + bytes(0xFF), True),
    (b"\x04\x82\x00\xff" + bytes(0xFF), False),
    (b"\x04\x82\x01\x00" + bytes(0x100), True),
    (b"\x04\x84\x01\x00\x00\x00" + bytes(HUGE), True),
    (b"\x04\x84\x00\xff\xff\xff" + bytes(HUGE), False),
    (b"\x04\x85\x00\x00\x00\x00\x05" + bytes(5), False),
    (b"\x04\x85\x01\x00\x00\x00\x00" + bytes(HUGE), False),
    (b"\x04\x02\x00", False),
]


@pytest.mark.parametrize(("data", "allowed"), LENGTHS, ids=[data[:8].hex() for data, _ in LENGTHS])
def test_lengths_are_written_in_one_way(data, allowed):
    if allowed:
        node = _Node(data, 0, "it")
        assert (node.tag, node.end, node.raw) == (4, len(data), data)
        assert data.endswith(node.value)
        assert der(4, node.value) == data
    else:
        with pytest.raises(Fault, match=NO_STAMP):
            _Node(data, 0, "it")


def test_a_part_may_not_reach_beyond_what_holds_it():
    assert [part.raw for part in _Node(b"\x30\x05\x02\x01\x05\x05\x00", 0, "it").parts] == [
        b"\x02\x01\x05",
        b"\x05\x00",
    ]
    with pytest.raises(Fault, match=NO_STAMP):
        _ = _Node(b"\x30\x03\x02\x03\x05" + bytes(8), 0, "it").parts
