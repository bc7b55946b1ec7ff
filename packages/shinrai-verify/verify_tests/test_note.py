"""Signed notes and checkpoints: the published note, and a table of what the grammar refuses."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai_verify.encoding import Fault
from shinrai_verify.note import MAX_NOTE_BYTES, Checkpoint, NoteKey, open_note, open_proof, signature_line

from .world import Key

# The example of C2SP signed-note, which is the test vector of Go's sumdb/note package.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
PETER = NoteKey.parse(VKEY)
LOG = NoteKey("example.org/log", Key("log").public)
HEAD = Checkpoint("example.org/log", 7, bytes(32))
OTHER = "— other.example AAAAAAAA\n"


def _line(key=LOG, text=HEAD.text, signer="log", name=None):
    line = signature_line(key, Key(signer).sign(text.encode()))
    return line if name is None else line.replace(key.name, name, 1)


def test_the_published_note_opens():
    assert open_note((TEXT + "\n" + LINE).encode(), [PETER], "the note") == TEXT
    assert str(PETER) == VKEY


def test_every_cut_and_every_change_of_the_published_key_is_refused():
    # As in the tests of Go's note package.
    for start in range(len(VKEY) + 1):
        for end in range(start, len(VKEY) + 1):
            if (start, end) != (0, len(VKEY)):
                with pytest.raises(Fault):
                    NoteKey.parse(VKEY[start:end])
    for position, character in enumerate(VKEY):
        with pytest.raises(Fault):
            NoteKey.parse(VKEY[:position] + chr(ord(character) + 1) + VKEY[position + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, id fits
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # unknown algorithm, id fits
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter\u00a0Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW",
        "PeterNeumann+c74f20a3+",
        "",
    ],
)
def test_keys_that_are_not_verifier_keys_are_refused(text):
    with pytest.raises(Fault, match="log key"):
        NoteKey.parse(text)


@given(st.binary(min_size=32, max_size=32), st.from_regex(r"[a-z./]{1,20}", fullmatch=True))
def test_verifier_keys_are_read_back(public, name):
    key = NoteKey(name, public)
    assert NoteKey.parse(str(key)) == key


GOOD = {
    "one signature": HEAD.text + "\n" + _line(),
    "after an unknown one": HEAD.text + "\n" + OTHER + _line(),
    "before an unknown one": HEAD.text + "\n" + _line() + OTHER,
    "the same twice": HEAD.text + "\n" + _line() + _line(),
    "sixteen": HEAD.text + "\n" + OTHER * 15 + _line(),
    "a name known, a key not": HEAD.text + "\n" + _line(NoteKey(LOG.name, Key("x").public), signer="x") + _line(),
}


@pytest.mark.parametrize("name", GOOD)
def test_notes_that_open(name):
    assert open_note(GOOD[name].encode(), [PETER, LOG], "the note") == HEAD.text


def test_a_blank_line_in_the_text_belongs_to_the_text():
    text = "a\n\nb\n"
    assert open_note((text + "\n" + _line(text=text)).encode(), [LOG], "the note") == text


_MALFORMED, _NO_NOTE = "malformed signature line", "is not a signed note"
_BAD = signature_line(LOG, bytes(64))
REFUSED = {
    "nothing": ("", _NO_NOTE),
    "no signature": (HEAD.text, _NO_NOTE),
    "no signature after the blank line": (HEAD.text + "\n", _NO_NOTE),
    "no blank line": (HEAD.text + _line(), _NO_NOTE),
    "no newline at the end": (HEAD.text + "\n" + _line()[:-1], _NO_NOTE),
    "a blank line at the end": (HEAD.text + "\n" + _line() + "\n", _NO_NOTE),
    "two blank lines": (HEAD.text + "\n\n" + _line(), "the signature of example.org/log is not good"),
    "a blank line between signatures": (HEAD.text + "\n" + _line() + "\n" + _line(), "is not good"),
    "carriage returns": ((HEAD.text + "\n" + _line()).replace("\n", "\r\n"), _NO_NOTE),
    "a tab": (HEAD.text + "\t\n\n" + _line(), _NO_NOTE),
    "a NUL": (HEAD.text + "\n" + OTHER + _line() + "\0\n", _NO_NOTE),
    "seventeen signatures": (HEAD.text + "\n" + OTHER * 16 + _line(), _NO_NOTE),
    "a hyphen for the dash": (HEAD.text + "\n" + _line().replace("—", "-"), _MALFORMED),
    "no dash": (HEAD.text + "\n" + _line()[2:], _MALFORMED),
    "no name": (HEAD.text + "\n" + "—  " + _line().split(" ")[2], _MALFORMED),
    "a plus in a name": (HEAD.text + "\n" + _line() + OTHER.replace("other", "oth+er"), _MALFORMED),
    "a wide space in a name": (HEAD.text + "\n" + _line() + OTHER.replace("other", "oth\u3000er"), _MALFORMED),
    "two spaces": (HEAD.text + "\n" + _line().replace("log ", "log  "), "not valid base64"),
    "words after the signature": (HEAD.text + "\n" + _line()[:-1] + " x\n", "not valid base64"),
    "trailing bits": (HEAD.text + "\n" + _line() + "— other.example AAAAAAB=\n", "not valid base64"),
    "the URL-safe alphabet": (HEAD.text + "\n" + _line() + "— other.example AAAAAA__\n", "not valid base64"),
    "a signature of four bytes": (HEAD.text + "\n" + _line() + "— other.example AAAAAA==\n", _MALFORMED),
    "a bad signature": (HEAD.text + "\n" + _BAD, "the signature of example.org/log is not good"),
    "a bad signature beside a good one": (HEAD.text + "\n" + _line() + _BAD, "is not good"),
    "a signature over another text": (HEAD.text + "\n" + _line(text="x\n"), "is not good"),
    "another key under the known id": (HEAD.text + "\n" + _line(signer="x"), "is not good"),
    "only unknown keys": (HEAD.text + "\n" + OTHER, "not signed by a log key that you trust"),
    "the known key under another name": (HEAD.text + "\n" + _line(name="evil.example/log"), "not signed by a log key"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_notes_that_do_not_open(name):
    data, said = REFUSED[name]
    with pytest.raises(Fault) as caught:
        open_note(data.encode(), [LOG], "the note")
    assert said in str(caught.value)


def test_a_note_of_the_greatest_size_opens():
    room = MAX_NOTE_BYTES - len(f"{HEAD.text}\n\n{_line()}".encode())
    text = HEAD.text + "a" * room + "\n"
    note = f"{text}\n{_line(text=text)}".encode()
    assert (len(note), open_note(note, [LOG], "the note")) == (MAX_NOTE_BYTES, text)


def test_notes_too_large_or_not_utf8_do_not_open():
    with pytest.raises(Fault, match="too large"):
        open_note(b"a" * (MAX_NOTE_BYTES + 1), [LOG], "the note")
    with pytest.raises(Fault, match="not UTF-8"):
        open_note(b"\xff\n\n" + _line().encode(), [LOG], "the note")


@given(st.integers(0, 8 * len(GOOD["one signature"].encode()) - 1))
def test_no_bit_of_a_note_may_change(position):
    bent = bytearray(GOOD["one signature"].encode())
    bent[position // 8] ^= 1 << position % 8
    with pytest.raises(Fault):
        open_note(bytes(bent), [LOG], "the note")


def test_a_checkpoint_is_read_back():
    assert Checkpoint.parse(HEAD.text, "it") == HEAD


ROOT = base64.b64encode(bytes(32)).decode()
URL_SAFE_ROOT = base64.urlsafe_b64encode(b"\xff" * 32).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"example.org/log\n7\n{ROOT}",  # no newline at the end
        f"example.org/log\n7\n{ROOT}\nextension\n",
        f"example.org/log\n7\n{ROOT}\nx",
        f"\n7\n{ROOT}\n",
        f"two words\n7\n{ROOT}\n",
        f"example.org/log\n07\n{ROOT}\n",
        f"example.org/log\n+7\n{ROOT}\n",
        f"example.org/log\n７\n{ROOT}\n",
        f"example.org/log\n-7\n{ROOT}\n",
        "example.org/log\n7\nAAAA\n",
        f"example.org/log\n7\n{ROOT[:-1]}\n",
        f"example.org/log\n7\n{ROOT} \n",
        f"example.org/log\n7\n{URL_SAFE_ROOT}\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text):
    with pytest.raises(Fault):
        Checkpoint.parse(text, "it")


# Proofs (C2SP tlog-proof).

SEEN = b"example.org/log\n5\nAAAA\n\nsigned\n"
NODES = [bytes([number]) * 32 for number in range(3)]


def _proof(index=b"4", nodes=NODES, kind=b"c2sp.org/tlog-proof@v1", head=SEEN):
    lines = [kind, b"index " + index, *(base64.b64encode(node) for node in nodes)]
    return b"\n".join(lines) + b"\n\n" + head


def test_a_proof_is_read():
    assert open_proof(_proof(), SEEN, "it") == (4, NODES)
    assert open_proof(_proof(b"0", []), SEEN, "it") == (0, [])
    assert open_proof(_proof(b"7", NODES[:1] * 63), SEEN, "it") == (7, NODES[:1] * 63)


NO_BASE64 = "it has a field that is not valid base64"
BAD_PROOFS = {
    "another kind": (_proof(kind=b"c2sp.org/tlog-proof@v2"), "it is not a proof under the log's head"),
    "another head": (_proof(head=SEEN + b"x"), "it is not a proof under the log's head"),
    "no head": (_proof().partition(b"\n\n")[0], "it is not a proof under the log's head"),
    "no index": (b"c2sp.org/tlog-proof@v1\n\n" + SEEN, "it is not a proof under the log's head"),
    "extra data": (_proof().replace(b"index", b"extra AAAA\nindex"), "it is not a proof under the log's head"),
    "a node first": (_proof().replace(b"index 4\n", b""), "it is not a proof under the log's head"),
    "too many nodes": (_proof(nodes=NODES[:1] * 64), "it is not a proof under the log's head"),
    "an index with zeros": (_proof(b"04"), "it has a number that is not written plainly"),
    "a node that is no base64": (_proof().replace(b"AQEB", b"AQE!"), NO_BASE64),
    "the other alphabet": (
        _proof(nodes=[b"\xff" * 32]).replace(b"//", b"__"),
        "it has a field that is not valid base64",
    ),
    "nothing": (b"", "it is not a proof under the log's head"),
}


@pytest.mark.parametrize("name", BAD_PROOFS)
def test_other_proofs_are_refused(name):
    data, said = BAD_PROOFS[name]
    with pytest.raises(Fault) as caught:
        open_proof(data, SEEN, "it")
    assert str(caught.value) == said


def test_bytes_that_are_not_ascii_are_no_proof():
    with pytest.raises(Fault, match="is not a proof"):
        open_proof(b"\xff" + _proof(), SEEN, "it")


def test_a_line_of_a_stranger_may_be_as_short_as_five_bytes():
    short = f"— other.example {base64.b64encode(bytes(5)).decode()}\n"
    assert open_note((TEXT + "\n" + LINE + short).encode(), [PETER], "it") == TEXT
    none = "— other.example \n"
    with pytest.raises(Fault, match="malformed signature line"):
        open_note((TEXT + "\n" + LINE + none).encode(), [PETER], "it")


@pytest.mark.parametrize("name", ["two words", "", "a+b", "line\nbreak"])
def test_a_verifier_key_has_a_name_of_one_word(name):
    with pytest.raises(Fault, match="the log key"):
        NoteKey.parse(str(NoteKey(name, bytes(range(32)))))
