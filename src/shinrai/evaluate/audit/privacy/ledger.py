"""The ledger of a privacy budget: every release of counts about the same people, append-only, never overspent.

One JSON object a line, each with the digest of the line before it, so that a line taken out or altered shows. A release
is written down, and is on the disk, before its noise is drawn: whatever breaks off after that has spent its budget and
told nothing. A line that was cut off while it was written has spent nothing, because nothing was drawn yet.
Differential privacy adds up: releases of ε₁ and ε₂ about the same people are ε₁ + ε₂ together (Dwork, McSherry, Nissim,
Smith 2006).
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from shinrai.language import Place, ShinraiError, message

FORMAT = "shinrai.privacy-ledger/1"
MOST_BYTES = 64 * 1024 * 1024
_FRACTION = re.compile(r"[0-9]{1,18}(/[1-9][0-9]{0,17})?")


@dataclass(frozen=True, slots=True)
class Release:
    """One release. entry: number of its line. written: digest of what was written, None where nothing ever was."""

    entry: int
    time: str
    epsilon: Fraction
    about: Mapping[str, Any]
    written: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as it stands. people: whom the releases are about. head: digest of its last line."""

    people: str
    budget: Fraction
    releases: tuple[Release, ...]
    head: str

    @property
    def spent(self) -> Fraction:
        """Sum of the ε of all releases, written or not."""
        return sum((release.epsilon for release in self.releases), Fraction(0))

    @property
    def left(self) -> Fraction:
        """What may still be spent."""
        return self.budget - self.spent


def open_ledger(file: Path, people: str, budget: Fraction, now: datetime) -> Ledger:
    """Begin a ledger. ShinraiError: there is a file already, or the budget is not above 0."""
    if budget <= 0 or not people.strip():
        raise ShinraiError(
            message("A budget is above 0, and is for people who are named in words."),
            fix=message("Write for example --epsilon 1 --people “applicants of 2026”."),
        )
    first = {"kind": "budget", "format": FORMAT, "people": people, "budget": str(budget), "time": _time(now)}
    line = _line(first, None)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ShinraiError(
            message("There is a file already."),
            fix=message("A budget is set once. People who are not in that ledger need a ledger of their own."),
            place=Place(str(file)),
        ) from None
    except OSError as error:
        raise _unreadable(file, error) from None
    with os.fdopen(descriptor, "wb") as opened:
        _write(opened, line)
    _sync_folder(file.parent)
    return Ledger(people, budget, (), _digest(line))


def read_ledger(file: Path) -> Ledger:
    """Read a ledger and check its chain. ShinraiError: it is none, or was altered."""
    try:
        with file.open("rb") as opened:
            return _checked(file, _whole_lines(_bytes(file, opened)))
    except OSError as error:
        raise _unreadable(file, error) from None


def spend(file: Path, epsilon: Fraction, about: Mapping[str, Any], now: datetime) -> Release:
    """Write a release down before anything of it is drawn.

    about: what the ledger keeps of it, as JSON's own types. ShinraiError: the budget does not reach, and nothing is
    spent; or the ledger cannot be used. Processes that spend at the same time wait for each other.
    """
    if epsilon <= 0:
        raise ShinraiError(message("ε is above 0."), fix=message("Give an ε such as 0.5."))
    with _locked(file) as opened:
        lines = _mended(file, opened, now)
        ledger = _checked(file, lines)
        if epsilon > ledger.left:
            raise ShinraiError(
                message(
                    "The budget does not reach: ε {epsilon} is asked for, {left} of {budget} is left.",
                    epsilon=float(epsilon),
                    left=float(ledger.left),
                    budget=float(ledger.budget),
                ),
                fix=message("Use what was released before; counts once released cost nothing more."),
                place=Place(str(file)),
            )
        entry = {"kind": "release", "epsilon": str(epsilon), "time": _time(now), "about": dict(about)}
        _write(opened, _line(entry, ledger.head))
        return Release(len(lines), _time(now), epsilon, about, None)


def written(file: Path, release: Release, sha256: str, now: datetime) -> None:
    """Write down what came of a release."""
    with _locked(file) as opened:
        ledger = _checked(file, _mended(file, opened, now))
        entry = {"kind": "written", "release": release.entry, "sha256": sha256, "time": _time(now)}
        _write(opened, _line(entry, ledger.head))


@contextmanager
def _locked(file: Path) -> Iterator[BinaryIO]:
    """Open a ledger for this process alone; the system lets go of it when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:
        raise ShinraiError(
            message("This system has no file locks, so that a budget could be overspent."),
            fix=message("Release counts on Linux or macOS."),
        ) from None
    try:
        with file.open("r+b") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield opened
    except OSError as error:
        raise _unreadable(file, error) from None


def _mended(file: Path, opened: BinaryIO, now: datetime) -> list[bytes]:
    """Return the lines; a last one that was cut off is taken away, and that is written down. The lock is held."""
    data = _bytes(file, opened)
    lines = _whole_lines(data)
    kept = sum(len(line) + 1 for line in lines)
    if kept == len(data) or not lines:
        opened.seek(0, os.SEEK_END)
        return lines
    cut = data[kept:]
    opened.seek(kept)
    opened.truncate()
    entry = {"kind": "mended", "bytes": len(cut), "sha256": hashlib.sha256(cut).hexdigest(), "time": _time(now)}
    line = _line(entry, _digest(lines[-1]))
    _write(opened, line)
    return [*lines, line.rstrip(b"\n")]


def _bytes(file: Path, opened: BinaryIO) -> bytes:
    data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _altered(file, None)
    return data


def _whole_lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1]


def _checked(file: Path, lines: list[bytes]) -> Ledger:
    previous: str | None = None
    people, budget = "", Fraction(0)
    releases: dict[int, Release] = {}
    for number, line in enumerate(lines):
        try:
            entry = json.loads(line)
            if entry["previous"] != previous or (number == 0) != (entry["kind"] == "budget"):
                raise _altered(file, number)
            match entry["kind"]:
                case "budget":
                    if entry["format"] != FORMAT:
                        raise _altered(file, number)
                    people, budget = str(entry["people"]), _fraction(entry["budget"])
                case "release":
                    releases[number] = Release(
                        number, entry["time"], _fraction(entry["epsilon"]), dict(entry["about"]), None
                    )
                case "written":
                    about = releases[entry["release"]]
                    releases[entry["release"]] = Release(
                        about.entry, about.time, about.epsilon, about.about, str(entry["sha256"])
                    )
                case "mended":
                    pass
                case _:
                    raise _altered(file, number)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _altered(file, number) from None
        previous = _digest(line)
    if previous is None:
        raise _altered(file, 0)
    return Ledger(people, budget, tuple(releases.values()), previous)


def _fraction(text: object) -> Fraction:
    if not isinstance(text, str) or not _FRACTION.fullmatch(text):
        raise ValueError(text)
    return Fraction(text)


def _line(entry: Mapping[str, Any], previous: str | None) -> bytes:
    text = json.dumps({**entry, "previous": previous}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8") + b"\n"


def _digest(line: bytes) -> str:
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def _write(opened: BinaryIO, line: bytes) -> None:
    opened.write(line)
    opened.flush()
    os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _time(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def _altered(file: Path, number: int | None) -> ShinraiError:
    return ShinraiError(
        message("This is no ledger of a privacy budget, or it was altered here."),
        fix=message("Bring it back from a copy; a ledger is only ever appended to, by Shinrai."),
        place=Place(str(file), None if number is None else number + 1),
    )


def _unreadable(file: Path, error: OSError) -> ShinraiError:
    return ShinraiError(
        message("The ledger cannot be used: {reason}.", reason=error.strerror or "I/O error"),
        fix=message("Begin one with: shinrai audit release budget"),
        place=Place(str(file)),
    )
