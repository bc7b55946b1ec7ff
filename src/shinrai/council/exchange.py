"""Votes as files, for members without a network: one signed statement a line, as in a bundle.

The file comes from elsewhere and may be anything; what is wrong with it is told with its line.
"""

from collections.abc import Sequence
from pathlib import Path

from shinrai.council.coordinator import Coordinator
from shinrai.council.faults import located
from shinrai.council.member import Proof, Vote
from shinrai.language import Place, ShinraiError, message
from shinrai_verify.dsse import Envelope

MAX_FILE = 64 * 1024 * 1024
MAX_LINE = 64 * 1024
_AGAIN = message("Ask the member to export its votes again; nothing of this file was taken.")


def write_votes(path: Path, votes: Sequence[Vote], commitment: Envelope | None = None) -> None:
    """Write a member's votes; with a commitment, for a sealed round, that alone."""
    sent = [commitment] if commitment is not None else statements_of(votes)
    path.write_bytes(b"".join(envelope.to_bytes() + b"\n" for envelope in sent))


def statements_of(votes: Sequence[Vote]) -> list[Envelope]:
    """Return what a member sends: each ballot with its rationale."""
    return [envelope for vote in votes for envelope in (vote.ballot, vote.rationale)]


def read_statements(data: bytes, place: str) -> list[Envelope]:
    """Read signed statements, one a line; ShinraiError with file and line where one is not in the form."""
    if len(data) > MAX_FILE:
        raise ShinraiError(message("The file has more than {limit} bytes.", limit=MAX_FILE), place=Place(place))
    if not data.endswith(b"\n"):
        last = data.count(b"\n") + 1
        raise ShinraiError(message("The file is empty or cut short."), fix=_AGAIN, place=Place(place, last))
    found = []
    for number, line in enumerate(data[:-1].split(b"\n"), start=1):
        here = Place(place, number)
        if len(line) > MAX_LINE:
            raise ShinraiError(message("The line has more than {limit} bytes.", limit=MAX_LINE), fix=_AGAIN, place=here)
        with located(here, _AGAIN):
            envelope = Envelope.from_bytes(line, place)
        if envelope.to_bytes() != line:
            raise ShinraiError(message("The line is not in the form that Shinrai writes."), fix=_AGAIN, place=here)
        found.append(envelope)
    return found


def import_votes(coordinator: Coordinator, path: Path) -> list[Proof]:
    """Take a file of votes into the log; all of it or nothing."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    envelopes = read_statements(data, str(path))
    with located(Place(str(path)), _AGAIN):
        return coordinator.accept(envelopes)
