"""What the commands of `shinrai log` have in common: their words, files, progress, and the log that they open."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence import Store
    from shinrai.evidence.findings import Progress

HELP = {
    "log": message("Look after the evidence log."),
    "check": message("Re-hash the whole log and say what is wrong with it."),
    "fsck": message(
        "Re-hash the whole log: entries, tree, checkpoints, signatures, contents, trust documents.\n\n"
        "Each finding names table and row, and what to do. Exit codes: 0 sound, 1 damaged, 3 usage error."
    ),
    "key": message("Print the log's verifier key, which others need to check its checkpoints."),
    "publish": message(
        "Sign the present head of the log and, where the data folder has a witness policy, have it cosigned.\n\n"
        "Exit codes: 0 published, 1 a witness saw another history, 2 not enough witnesses cosigned, 3 usage error."
    ),
    "checkpoint": message(
        "Print the newest published checkpoint, or appraise one that somebody gave you.\n\n"
        "Exit codes: 0 all is met, 1 not a good checkpoint of the log, 2 the policy is not met, 3 usage error."
    ),
    "prove": message("Write the proof that an entry is in the log, as a tlog-proof file."),
    "proved": message(
        "Check a tlog-proof file against an entry, without the log.\n\n"
        "Exit codes: 0 proved, 1 not proved, 3 usage error."
    ),
    "compare": message(
        "Compare two checkpoints that two people saw of one log.\n\n"
        "Exit codes: 0 one continues the other, 1 the log forked, 2 nothing shows either, 3 usage error."
    ),
    "export": message(
        "Write the published log as files for any web server (C2SP tlog-tiles), or continue such a folder."
    ),
    "erase": message(
        "Erase contents from the data folder for good: database, journals, Parquet files, cases, salts.\n\n"
        "What rests on them is shown first. Digests, proofs and a signed declaration stay in the log, and `shinrai log "
        "fsck` names it. If it was stopped, do it again: it finishes what was left."
    ),
    "witness": message("Be a witness of other logs, or have this log cosigned."),
    "witness-serve": message("Cosign checkpoints of the logs named, over HTTP, until stopped (C2SP tlog-witness)."),
    "witness-key": message("Print the witness's verifier key, which goes into the policy of others."),
    "witness-ask": message("Have the newest checkpoint cosigned by the witnesses of the policy, once more."),
    "timestamp": message("Timestamps of the log's checkpoints by an authority (RFC 3161)."),
    "timestamp-ask": message("Have the newest checkpoint stamped by an authority that you name."),
    "timestamp-list": message(
        "List the tokens, and verify them against certificates that you trust.\n\n"
        "Exit codes: 0 all are good, 1 a token is not good, 3 usage error."
    ),
    "sample": message("Verify about so many signatures, evenly spread, instead of all."),
    "processes": message("Processes that verify signatures (default: one for each processor)."),
    "quiet": message("Show no progress."),
    "adopt": message(
        "Take the newest checkpoint in the database for what this key signed last, after a lost key folder."
    ),
    "alone": message("Ask no witness."),
    "policy": message("Witness policy (C2SP tlog-policy); default: witness-policy in the data folder."),
    "max-age": message("Hours since enough witnesses last vouched for it."),
    "log-key": message("Verifier key of the log; default: that of the data folder."),
    "payload": message("SHA-256 of the statement, instead of the number of its entry."),
    "entry-out": message("File for the bytes of the entry, too."),
    "proof-out": message("File for the proof (default: standard output)."),
    "entry": message("File with the bytes of the entry."),
    "proof": message("Consistency proof from the smaller to the larger: a base64 hash on each line."),
    "out": message("Folder to write into."),
    "reason": message("Why, in words that name nobody; it stays in the log."),
    "yes": message("Do not ask before erasing."),
    "dry-run": message("Show what is here and what rests on it, and erase nothing."),
    "file": message("The file that was assessed, where no note in the data folder says which salt is its own."),
    "folder": message("Folder of the witness: its key and what it remembers."),
    "name": message("Name of the witness: an address without a scheme, such as witness.example/w1."),
    "witnessed": message("Verifier key of a log to cosign, KEY@SIZE since it was replaced; may be given again."),
    "listen": message("Address to listen at (default: 127.0.0.1:8901)."),
    "authority": message("Address of the timestamping authority."),
    "root": message("PEM file with certificates that you trust; may be given again."),
    "from": message("Size from which the consistency of the log is to be proved, instead of an entry."),
}
_SECONDS_BETWEEN_LINES = 5.0
_CLEAR = "\r\x1b[K"
_LARGEST_FILE = 1024 * 1024


@contextmanager
def opened(home: Path | None) -> "Iterator[Store]":
    """Open the log of a data folder, and close it. ShinraiError where none was begun: a slip in a name begins none."""
    from shinrai.evidence import Store, find_home
    from shinrai.evidence.database import holds_log

    folder = find_home(home)
    if not holds_log(folder):
        raise ShinraiError(
            message("No log was begun in {path}.", path=folder.path),
            fix=message("Name the data folder that has it, with --home or SHINRAI_HOME; assessing begins one."),
        )
    store = Store(folder)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def shown(language: Language, *, quiet: bool) -> "Iterator[Progress | None]":
    """Yield what shows the progress of a walk over the log on standard error."""
    if quiet:
        yield None
        return
    live = sys.stderr.isatty()
    last: list[Any] = [float("-inf"), None]

    def show(step: Message, done: int, total: int) -> None:
        if monotonic() - last[0] < (0.1 if live else _SECONDS_BETWEEN_LINES) and done < total:
            return
        if not live and total < 100_000:
            return
        last[0] = monotonic()
        said = f"{step.text(language)}: {done:,}/{total:,}"
        sys.stderr.write(_CLEAR + said if live else said + "\n")
        sys.stderr.flush()

    try:
        yield show
    finally:
        if live:
            sys.stderr.write(_CLEAR)


def read(path: Path) -> bytes:
    """Return a file that others may have written; none of them is large."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ShinraiError(
            message("{path} cannot be read: {reason}.", path=path, reason=error.strerror or "I/O error"),
            fix=message("Check the path and who may read there."),
        ) from None
    if len(data) > _LARGEST_FILE:
        raise ShinraiError(
            message("{path} is larger than {n} bytes.", path=path, n=_LARGEST_FILE),
            fix=message("No such file is that large; check the path."),
        )
    return data


def put(path: Path | None, data: bytes, *, force: bool) -> None:
    """Write a file, or to standard output; ShinraiError where it exists and is not to be replaced."""
    if path is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    if path.exists() and not force:
        raise ShinraiError(
            message("{path} exists already.", path=path), fix=message("Name another file, or replace it with --force.")
        )
    path.write_bytes(data)


def log_keys(given: str | None, home: Path | None) -> list[Any]:
    """Return the log key that was given; only without one is a data folder opened."""
    from shinrai.evidence.faults import in_words
    from shinrai_verify.encoding import Fault

    if given is None:
        with opened(home) as store:
            return list(store.keys)
    try:
        return [turn(given)]
    except Fault as fault:
        raise ShinraiError(
            message("{fault}", fault=in_words(fault)), fix=message("Whoever keeps the log prints it: shinrai log key")
        ) from None


def turn(text: str) -> Any:
    """Parse a verifier key of a log, VKEY or VKEY@SIZE with the size from which it signs; Fault if it is none."""
    from dataclasses import replace

    from shinrai_verify.encoding import Named, decimal
    from shinrai_verify.note import NoteKey

    vkey, at, size = text.rpartition("@")
    if not at or not size.isdecimal():
        return NoteKey.parse(text)
    return replace(NoteKey.parse(vkey), since=decimal(size, Named("the log key")))


def say(what: Message, language: Language, *, err: bool = False) -> None:
    """Say it. Names come from the database and from others, so control characters are made harmless."""
    click.echo(harmless_lines(what.text(language)), err=err)


def harmless_lines(text: str) -> str:
    """Return text without what a terminal would obey; line breaks stay."""
    from shinrai.report.characters import harmless

    return "\n".join(harmless(line) for line in text.split("\n"))


def option(language: Language, name: str, kind: Any = str, **more: Any) -> click.Option:
    """Return an option of `shinrai log` with its words."""
    return click.Option([f"--{name}"], type=kind, help=HELP[name].text(language), **more)


def file_path() -> click.Path:
    """Return the type of an argument that names a file."""
    return click.Path(path_type=Path, dir_okay=False)
