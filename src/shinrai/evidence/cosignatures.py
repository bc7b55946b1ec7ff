"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519, type 0x04) and the quorum that a policy asks for.

A witness vouches that a checkpoint continues the last one it saw, and says when. Who must have vouched is a text in the
form of C2SP tlog-policy: witnesses, groups of them with thresholds, and one quorum.
"""

import base64
import hashlib
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from shinrai.language import Message, Place, ShinraiError, message
from shinrai_verify.encoding import Fault, Named, unbase64
from shinrai_verify.keys import LOW_ORDER, verifies
from shinrai_verify.note import MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, NoteKey

_COSIGNATURE = b"\x04"
_LATEST = 2**63 - 1
_MAX_POLICY_BYTES = 256 * 1024
_MAX_NAMES = 1024
_Key = TypeVar("_Key")
_DECIMAL = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's verifier key: `<name>+<8 hex of key id>+<base64 of 0x04 and the public key>`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, 0x04, public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_COSIGNATURE + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "WitnessKey":
        """Parse a vkey of type 0x04; its id must match its key."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        data = unbase64(encoded, Named("the witness key"), standard=True)
        key = cls(name, data[1:])
        sound = len(key.public) == 32 and key.public not in LOW_ORDER and is_key_name(name)
        if data[:1] != _COSIGNATURE or not sound or key.id.hex() != key_id:
            raise Fault("the witness key {key} is not a C2SP verifier key for cosignatures", key=text[:120])
        return key


def is_key_name(name: str) -> bool:
    """Whether a text can name a key in a signed note."""
    return bool(name) and name.isprintable() and not any(c.isspace() for c in name) and "+" not in name


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A good cosignature and the second in which it was made, as the witness says."""

    witness: WitnessKey
    moment: datetime


def cosigned_message(text: str, seconds: int) -> bytes:
    """Return what a witness signs. text: the note text of the checkpoint; seconds: POSIX time."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosignature_line(key: WitnessKey, seconds: int, signature: bytes) -> str:
    """Return the line that carries a cosignature in a note."""
    return f"— {key.name} {base64.b64encode(key.id + struct.pack('>Q', seconds) + signature).decode()}\n"


def split_note(note: bytes) -> tuple[str, list[str]]:
    """Return text and signature lines of a signed note, of which nothing is verified; Fault when it is none."""
    what = Named("the checkpoint")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("{what} is not UTF-8", what=what) from error
    text, separator, block = decoded.rpartition("\n\n")
    lines = block.splitlines(keepends=True) if block.endswith("\n") else []
    if not separator or not 1 <= len(lines) <= MAX_NOTE_SIGNATURES or len(note) > MAX_NOTE_BYTES:
        raise Fault("{what} is not a signed note", what=what)
    return text + "\n", lines


def cosignatures(note: bytes, witnesses: Iterable[WitnessKey]) -> list[Cosignature]:
    """Return the cosignatures of known witnesses on a note; a bad one of a known witness refuses the note (Fault).

    The log's own signature is not verified here.
    """
    text, lines = split_note(note)
    known = {(key.name, key.id): key for key in witnesses}
    found = {}
    for line in lines:
        mark, _, rest = line.rstrip("\n").partition(" ")
        name, _, encoded = rest.partition(" ")
        data = unbase64(encoded, Named("the checkpoint"), standard=True)
        key = known.get((name, data[:4]))
        if mark != "—" or key is None:
            continue
        if len(data) != 4 + 8 + 64:
            raise Fault("{what}: the signature of {name} is not good", what=Named("the checkpoint"), name=name)
        (seconds,) = struct.unpack(">Q", data[4:12])
        if seconds > _LATEST or not verifies(key.public, data[12:], cosigned_message(text, seconds)):
            raise Fault("{what}: the signature of {name} is not good", what=Named("the checkpoint"), name=name)
        found[key.public] = Cosignature(key, _moment(seconds))
    return list(found.values())


def _moment(seconds: int) -> datetime:
    # Beyond what a calendar holds: no honest clock says so, and no comparison with one may overflow.
    return datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC)


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness of a policy. url: where checkpoints are submitted, if the policy says."""

    key: WitnessKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of witnesses and groups, of which so many must have vouched."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """Whose cosignatures a checkpoint needs. quorum: the name of a witness or group, None where none is needed."""

    logs: tuple[NoteKey, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str | None

    @classmethod
    def parse(cls, data: bytes, file: str = "witness policy") -> "WitnessPolicy":
        """Parse a tlog-policy text; ShinraiError with file and line for whatever is not of its form."""
        return _Reading(file).read(data)

    def met_by(self, present: Iterable[WitnessKey]) -> bool:
        """Whether these witnesses together are enough. Witnesses count by their public keys."""
        publics = {key.public for key in present}
        vouched = {name for name, witness in self.witnesses.items() if witness.key.public in publics}
        # Groups name only what was defined before them, so one pass in order is enough.
        for name, group in self.groups.items():
            if sum(member in vouched for member in group.members) >= group.threshold:
                vouched.add(name)
        return self.quorum is None or self.quorum in vouched


class _Reading:
    """Reads one policy file line by line."""

    def __init__(self, file: str) -> None:
        self._file, self._line = file, 0
        self._logs: list[NoteKey] = []
        self._witnesses: dict[str, Witness] = {}
        self._groups: dict[str, Group] = {}
        self._used: set[str] = set()
        self._quorum: list[str | None] = []

    def read(self, data: bytes) -> WitnessPolicy:
        if len(data) > _MAX_POLICY_BYTES or any(byte < 32 and byte not in b"\t\n" for byte in data) or b"\x7f" in data:
            raise self._fault(message("The witness policy is too large or holds control characters."))
        # Bytes above 127 are opaque: latin-1 keeps each as it is, whatever encoding was meant.
        for self._line, line in enumerate(data.decode("latin-1").split("\n"), start=1):
            words = re.split("[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                self._take(words[0], words[1:])
        if len(self._quorum) != 1:
            raise self._fault(message("The witness policy needs exactly one line `quorum`."))
        return WitnessPolicy(tuple(self._logs), self._witnesses, self._groups, self._quorum[0])

    def _take(self, word: str, rest: Sequence[str]) -> None:
        if word == "log" and len(rest) in (1, 2):
            key = self._parsed(NoteKey.parse, rest[0])
            if key.public in {log.public for log in self._logs}:
                raise self._fault(message("The same key is listed twice."))
            self._logs.append(key)
        elif word == "witness" and len(rest) in (2, 3):
            witness = Witness(self._parsed(WitnessKey.parse, rest[1]), rest[2] if len(rest) == 3 else None)
            if witness.key.public in {known.key.public for known in self._witnesses.values()}:
                raise self._fault(message("The same key is listed twice."))
            self._witnesses[self._new(rest[0])] = witness
        elif word == "group" and len(rest) >= 3:
            members = tuple(self._known(name) for name in rest[2:])
            if self._used & set(members) or len(set(members)) < len(members):
                raise self._fault(message("A name can be a member of one group only, and once."))
            self._used |= set(members)
            self._groups[self._new(rest[0])] = Group(self._threshold(rest[1], len(members)), members)
        elif word == "quorum" and len(rest) == 1:
            self._quorum.append(None if rest[0] == "none" else self._known(rest[0]))
        else:
            raise self._fault(message("This is not a line of a witness policy."))

    def _parsed(self, parse: Callable[[str], _Key], text: str) -> _Key:
        try:
            return parse(text.encode("latin-1").decode("utf-8"))
        except (Fault, UnicodeDecodeError):
            raise self._fault(message("This is not a verifier key of the kind that the line needs.")) from None

    def _threshold(self, text: str, members: int) -> int:
        if text in ("all", "any"):
            return members if text == "all" else 1
        if not _DECIMAL.fullmatch(text) or int(text) > members:
            raise self._fault(message("A group needs `all`, `any`, or a number from 1 to that of its members."))
        return int(text)

    def _new(self, name: str) -> str:
        if name == "none" or name in self._witnesses or name in self._groups:
            raise self._fault(message("This name is taken."))
        if len(self._witnesses) + len(self._groups) >= _MAX_NAMES:
            raise self._fault(message("The witness policy has too many names."))
        return name

    def _known(self, name: str) -> str:
        if name not in self._witnesses and name not in self._groups:
            raise self._fault(message("This names a witness or group that no line before defines."))
        return name

    def _fault(self, what: Message) -> ShinraiError:
        return ShinraiError(
            what,
            fix=message("The form is that of C2SP tlog-policy: log, witness, group and quorum lines."),
            place=Place(self._file, line=self._line or None),
        )
