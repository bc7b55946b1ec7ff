"""A member's durable memory of what it signed: it never signs two values for one control of a round.

Each line holds the digest of the line before it, and a mark beside the key holds number and digest of the last line.
A journal that was restored from a backup is shorter than its mark, so the member stops instead of voting again. A
vote is on disk before it is signed.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinrai.council.faults import told
from shinrai.language import Place, ShinraiError, message
from shinrai_verify.encoding import Fault, canonical_json, digest, field, strict_json

MAX_BYTES = 256 * 1024 * 1024
_START = "0" * 64


class StoppedError(ShinraiError):
    """A member stops, because signing would contradict what it signed before."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A vote as it was written down: the payloads of ballot and rationale, byte for byte."""

    round: str
    control: str
    value: str
    ballot: bytes
    rationale: bytes


class VoteJournal:
    """The journal of one member: `<folder>/<member>.votes` and, beside the key, `<keys>/<member>.votes-mark`."""

    def __init__(self, folder: Path, keys: Path, member: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path, self.mark = folder / f"{member}.votes", keys / f"{member}.votes-mark"

    def votes(self, round_id: str) -> dict[str, Recorded]:
        """Return what was recorded for a round, by control."""
        with self._locked() as lines:
            return _votes(lines, round_id, self.path)

    def rounds(self, bundle_id: str) -> dict[str, int]:
        """Return the rounds on a bundle in which the member voted: round -> attempt."""
        with self._locked() as lines:
            return {line["round"]: line["attempt"] for line in lines if line.get("bundle") == bundle_id}

    def record(self, about: Mapping[str, Any], votes: Mapping[str, Recorded]) -> None:
        """Write votes down before they are signed. about: round, bundle and attempt.

        Raises StoppedError where another value was recorded before for one of the controls.
        """
        with self._locked() as lines:
            known = _votes(lines, str(about["round"]), self.path)
            for control, vote in votes.items():
                if control in known and known[control].value != vote.value:
                    raise StoppedError(
                        message(
                            "On {control} this member recorded “{before}” in this round and would now sign “{now}”.",
                            control=control,
                            before=known[control].value,
                            now=vote.value,
                        ),
                        fix=message("Nothing was signed. Its vote of then stands; send that one again."),
                    )
            fresh = [vote for control, vote in votes.items() if control not in known]
            self._append(lines, [_line(about, vote) for vote in fresh])

    def _append(self, lines: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> None:
        if not fresh:
            return
        head, number = _head(lines), len(lines)
        written = []
        for record in fresh:
            data = canonical_json({**record, "number": number, "prev": head}) + b"\n"
            head, number = hashlib.sha256(data).hexdigest(), number + 1
            written.append(data)
        with self.path.open("ab") as stream:
            stream.write(b"".join(written))
            stream.flush()
            os.fsync(stream.fileno())
        _sync_folder(self.path.parent)
        self._write_mark(number, head)

    def _write_mark(self, number: int, head: str) -> None:
        fresh = self.mark.with_suffix(".new")
        with fresh.open("w") as stream:
            json.dump({"lines": number, "head": head}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.mark)
        _sync_folder(self.mark.parent)

    @contextmanager
    def _locked(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the lines, with no other process of this member between reading and writing."""
        import fcntl  # of POSIX alone: members vote there

        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()

    def _read(self) -> list[dict[str, Any]]:
        data = b""
        if self.path.exists():
            if self.path.stat().st_size > MAX_BYTES:
                raise ShinraiError(
                    message("The journal has more than {limit} bytes.", limit=MAX_BYTES), place=Place(str(self.path))
                )
            data = self.path.read_bytes()
        whole, _, torn = data.rpartition(b"\n")
        lines = self._parsed(whole.split(b"\n") if whole else [])
        marked, head = self._read_mark()
        if len(lines) < marked or (marked and _digest_at(lines, marked) != head):
            raise StoppedError(
                message(
                    "The journal of this member holds {n} votes and its mark says {m}: it was restored or changed.",
                    n=len(lines),
                    m=marked,
                ),
                fix=message("Restore the newest copy of the journal. Until then this member does not vote."),
                place=Place(str(self.path)),
            )
        if torn:
            # A write that power cut short: nothing was signed for it, for signing comes after.
            with self.path.open("r+b") as stream:
                stream.truncate(len(data) - len(torn))
                os.fsync(stream.fileno())
        return lines

    def _parsed(self, raw: list[bytes]) -> list[dict[str, Any]]:
        lines, head = [], _START
        for number, line in enumerate(raw):
            place = Place(str(self.path), number + 1)
            try:
                record = strict_json(line, self.path.name)
                sound = field(record, "number", int, "it") == number and field(record, "prev", str, "it") == head
            except Fault as fault:
                raise StoppedError(message("{fault}.", fault=told(fault)), place=place) from fault
            if not sound:
                raise StoppedError(message("The journal does not continue the line before."), place=place)
            head = hashlib.sha256(line + b"\n").hexdigest()
            lines.append({**record, "digest": head})
        return lines

    def _read_mark(self) -> tuple[int, str]:
        if not self.mark.exists():
            return 0, _START
        try:
            record = strict_json(self.mark.read_bytes(), self.mark.name, limit=65_536)
            return field(record, "lines", int, self.mark.name), digest(record.get("head"), self.mark.name)
        except Fault as fault:
            raise StoppedError(message("{fault}.", fault=told(fault)), place=Place(str(self.mark))) from fault


def _line(about: Mapping[str, Any], vote: Recorded) -> dict[str, Any]:
    return {
        **about,
        "ballot": vote.ballot.decode(),
        "control": vote.control,
        "rationale": vote.rationale.decode(),
        "value": vote.value,
    }


def _votes(lines: list[dict[str, Any]], round_id: str, path: Path) -> dict[str, Recorded]:
    found: dict[str, Recorded] = {}
    for number, line in enumerate(lines, start=1):
        if line.get("round") == round_id:
            try:
                texts = [field(line, name, str, path.name) for name in ("control", "value", "ballot", "rationale")]
            except Fault as fault:
                raise StoppedError(message("{fault}.", fault=told(fault)), place=Place(str(path), number)) from fault
            control, value, ballot, rationale = texts
            found[control] = Recorded(round_id, control, value, ballot.encode(), rationale.encode())
    return found


def _head(lines: list[dict[str, Any]]) -> str:
    return str(lines[-1]["digest"]) if lines else _START


def _digest_at(lines: list[dict[str, Any]], count: int) -> str:
    return str(lines[count - 1]["digest"])


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
