"""C2SP signed notes and checkpoints: the signed heads of the log."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from shinrai_verify.encoding import Fault, Named, decimal, unbase64
from shinrai_verify.keys import verifies

_ED25519 = b"\x01"
MAX_NOTE_BYTES = 64 * 1024
MAX_NOTE_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A verifier key (vkey): `<name>+<8 hex of key id>+<base64 of 0x01 and the public key>`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, algorithm, public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Parse a vkey; its id must match its key."""
        parts = text.split("+", 2)
        if len(parts) != 3 or not _is_name(parts[0]):
            raise Fault("the log key {key} is not a C2SP verifier key", key=text[:120])
        data = unbase64(parts[2], Named("the log key"), standard=True)
        key = cls(parts[0], data[1:])
        if data[:1] != _ED25519 or len(key.public) != 32 or key.id.hex() != parts[1]:
            raise Fault("the log key {key} is not a C2SP verifier key", key=text[:120])
        return key


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and " " not in name and "+" not in name


def signature_line(key: NoteKey, signature: bytes) -> str:
    """Return the line that carries a signature in a note."""
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def open_note(data: bytes, keys: Iterable[NoteKey], what: str) -> str:
    """Return the text of a signed note that carries a good signature of at least one given key.

    A bad signature of a known key refuses the note even beside a good one; lines of unknown keys are passed over.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise Fault("{what} is too large", what=what)
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("{what} is not UTF-8", what=what) from error
    if any(ord(character) < 32 and character != "\n" for character in note) or not note.endswith("\n"):
        raise Fault("{what} is not a signed note", what=what)
    text, separator, block = note.rpartition("\n\n")
    lines = block.split("\n")[:-1]
    if not separator or not 1 <= len(lines) <= MAX_NOTE_SIGNATURES:
        raise Fault("{what} is not a signed note", what=what)
    text += "\n"
    by_id = {(key.name, key.id): key for key in keys}
    good = False
    for line in lines:
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if mark != "—" or not _is_name(name):
            raise Fault("{what} has a malformed signature line", what=what)
        data = unbase64(encoded, what, standard=True)
        if len(data) < 5:
            raise Fault("{what} has a malformed signature line", what=what)
        key = by_id.get((name, data[:4]))
        if key is not None:
            if not verifies(key.public, data[4:], text.encode()):
                raise Fault("{what}: the signature of {name} is not good", what=what, name=name)
            good = True
    if not good:
        raise Fault("{what} is not signed by a log key that you trust", what=what)
    return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: the tree over its first `size` leaves has this root (C2SP tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str, what: str) -> "Checkpoint":
        """Parse a note text whose signature has been verified; extension lines are refused."""
        lines = text.split("\n")
        if len(lines) != 4 or not _is_name(lines[0]):
            raise Fault("{what} is not a checkpoint", what=what)
        head = unbase64(lines[2], what, standard=True)
        if len(head) != 32 or lines[3]:
            raise Fault("{what} is not a checkpoint", what=what)
        return cls(lines[0], decimal(lines[1], what), head)
