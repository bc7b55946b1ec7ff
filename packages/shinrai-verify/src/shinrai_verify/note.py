"""C2SP signed notes, checkpoints, witness cosignatures, tlog-policy quorums and tlog-proofs: the heads of the log.

Sources: C2SP signed-note, tlog-checkpoint, tlog-cosignature (`cosignature/v1`), tlog-policy, tlog-proof.
"""

import base64
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from shinrai_verify.encoding import Fault, Named, decimal, unbase64
from shinrai_verify.keys import verifies

LOG, WITNESS = b"\x01", b"\x04"
MAX_NOTE_BYTES = 64 * 1024
MAX_NOTE_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A verifier key (vkey): `<name>+<8 hex of key id>+<base64 of the kind's byte and the Ed25519 public key>`.

    since, until: a log's key signs heads of at least `since` and fewer than `until` entries (None: no end).
    """

    name: str
    public: bytes
    kind: bytes = LOG
    since: int = 0
    until: int | None = None

    @property
    def id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, kind, public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"

    @classmethod
    def parse(cls, text: str, kind: bytes = LOG) -> "NoteKey":
        """Parse a vkey of one kind; its id must match its key."""
        name, plus, rest = text.partition("+")
        data = unbase64(rest[9:], Named("the log key"), standard=True) if plus and _is_name(name) else b""
        key = cls(name, data[1:], kind)
        if len(data) != 33 or str(key) != text:
            raise Fault("the log key {key} is not a C2SP verifier key", key=text)
        return key

    def covers(self, size: int) -> bool:
        """Whether it is this key's turn to sign a head of so many entries."""
        return self.since <= size and (self.until is None or size < self.until)

    def time(self, signature: bytes, text: bytes) -> int | None:
        """Verify a signature of a note text; returns a witness's time in seconds, 0 for a log, None if not good."""
        if self.kind == LOG:
            return 0 if verifies(self.public, signature, text) else None
        time = int.from_bytes(signature[:8], "big")
        return time if verifies(self.public, signature[8:], b"cosignature/v1\ntime %d\n" % time + text) else None


def _is_name(name: str) -> bool:
    return bool(name) and name.isascii() and name.isprintable() and " " not in name and "+" not in name


def signature_line(key: NoteKey, signature: bytes) -> str:
    """Return the line that carries a signature in a note."""
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def read_note(data: bytes, keys: Iterable[NoteKey], what: str) -> tuple[str, Mapping[NoteKey, int]]:
    """Return the text of a signed note, and which keys signed it at what time (0 for keys that tell none).

    A bad signature of a known key refuses the note even beside a good one, and so does one of a log's key whose turn it
    was not; lines of unknown keys are passed over.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise Fault("{what} is too large", what=what)
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("{what} is not UTF-8", what=what) from error
    text, separator, block = note.rpartition("\n\n")
    lines, text = block.split("\n")[:-1], text + "\n"
    malformed = any(ord(character) < 32 and character != "\n" for character in note) or not note.endswith("\n")
    if malformed or not separator or not 1 <= len(lines) <= MAX_NOTE_SIGNATURES:
        raise Fault("{what} is not a signed note", what=what)
    by_id, signed = {(key.name, key.id): key for key in keys}, {}
    for line in lines:
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = unbase64(encoded, what, standard=True) if mark == "—" and _is_name(name) else b""
        if len(data) < 5:
            raise Fault("{what} has a malformed signature line", what=what)
        key = by_id.get((name, data[:4]))
        if key is not None:
            time = key.time(data[4:], text.encode())
            if time is None:
                raise Fault("{what}: the signature of {name} is not good", what=what, name=name)
            turns = key.since or key.until is not None
            if turns and not key.covers(Checkpoint.parse(text, what).size):
                raise Fault("{what} is signed by a key of the log whose turn it was not", what=what)
            signed[key] = time
    return text, signed


def open_note(data: bytes, keys: Iterable[NoteKey], what: str) -> str:
    """Return the text of a signed note that carries a good signature of at least one given key."""
    text, signed = read_note(data, keys, what)
    if not signed:
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
        head = unbase64(lines[2], what, standard=True) if len(lines) == 4 and _is_name(lines[0]) else b""
        if len(head) != 32 or lines[3]:
            raise Fault("{what} is not a checkpoint", what=what)
        return cls(lines[0], decimal(lines[1], what), head)


@dataclass(frozen=True, slots=True)
class Quorum:
    """A C2SP tlog-policy. groups: name -> (least, members), a witness being a group of itself; goal: the quorum."""

    logs: tuple[NoteKey, ...]
    witnesses: Mapping[str, NoteKey]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    goal: str

    def met(self, signed: Collection[NoteKey], name: str | None = None) -> bool:
        """Whether the witnesses among these keys are a quorum (or, with a name, the group of that name)."""
        name = self.goal if name is None else name
        if name in self.witnesses or name == "none":
            return name == "none" or self.witnesses[name] in signed
        least, members = self.groups[name]
        return sum(self.met(signed, member) for member in members) >= least

    @classmethod
    def parse(cls, text: str) -> "Quorum":
        """Parse a policy; a Fault for every line that is not understood."""
        logs: list[NoteKey] = []
        witnesses: dict[str, NoteKey] = {}
        groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        goals, used = [], set[str]()
        for line in text.split("\n"):
            kind, *words = re.findall(r"[^ \t\r]+", line) or ["#"]
            known, name = {*witnesses, *groups}, words[0] if words else ""
            fresh = bool(name) and name not in known and name != "none"
            if kind == "log" and 1 <= len(words) <= 2:
                logs.append(NoteKey.parse(name))
            elif kind == "witness" and fresh and 2 <= len(words) <= 3:
                witnesses[name] = NoteKey.parse(words[1], WITNESS)
            elif kind == "group" and fresh and words[2:] and known - used >= set(words[2:]):
                members, size = tuple(words[2:]), len(words) - 2
                least = {"all": size, "any": 1}.get(words[1]) or decimal(words[1], Named("the witness policy"))
                groups[name] = (least if len(set(members)) == size else 0, members)
                used |= set(members)
            elif kind == "quorum" and name in {*known, "none"} and len(words) == 1:
                goals.append(name)
            elif not kind.startswith("#"):
                raise Fault("the witness policy has a line that is not understood: {line}", line=line)
        publics = {key.public for key in witnesses.values()}
        sound = all(1 <= least <= len(members) for least, members in groups.values())
        if len(goals) != 1 or not sound or len(publics) < len(witnesses):
            raise Fault("the witness policy does not name one quorum that can be met")
        return cls(tuple(logs), witnesses, groups, goals[0])


def open_proof(data: bytes, note: bytes, what: str) -> tuple[int, list[bytes]]:
    """Parse a tlog-proof that must carry this very checkpoint; returns the leaf's index and the inclusion proof."""
    head, separator, carried = data.partition(b"\n\n")
    kind, *lines = head.decode("ascii", "replace").split("\n")
    sound = kind == "c2sp.org/tlog-proof@v1" and separator and carried == note and 1 <= len(lines) <= 64
    if not sound or not lines[0].startswith("index "):
        # Extra data are refused too: nobody signed them, so a changed bit would go unseen.
        raise Fault("{what} is not a proof under the log's head", what=what)
    return decimal(lines[0][6:], what), [unbase64(line, what, standard=True) for line in lines[1:]]
