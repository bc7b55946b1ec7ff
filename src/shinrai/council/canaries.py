"""Known-answer items: what a council's members are measured with, committed to before the round.

Only the digest of the answers is logged before the members vote, with a salt so that it cannot be guessed; the answers
follow in the log after the round, and anyone can see that they are the ones committed to.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinrai.council.counting import RoundCount, SignedLeaf
from shinrai.council.faults import located
from shinrai.council.rounds import OpenRound
from shinrai.language import Place, ShinraiError, message
from shinrai_verify import NAMESPACE
from shinrai_verify.council import FAIL, PASS
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import canonical_json, digest, field, identifier, strict_json

CANARIES = NAMESPACE + "council-canaries/v1"
ANSWERS = NAMESPACE + "council-canary-answers/v1"
MAX_FILE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """Items with known answers. truth: control -> `pass` or `fail`; salt: hex of 32 random bytes."""

    truth: Mapping[str, str]
    salt: str

    @property
    def sha256(self) -> str:
        """What is logged before the round."""
        return hashlib.sha256(canonical_json(self._record())).hexdigest()

    def _record(self) -> dict[str, Any]:
        answers = [{"answer": self.truth[control], "control": control} for control in sorted(self.truth)]
        return {"answers": answers, "salt": self.salt}

    def commitment(self, bundle_id: str) -> Statement:
        """Return the statement that is logged before the round is opened."""
        about = {"answers": {"digest": {"sha256": self.sha256}}, "items": len(self.truth)}
        return Statement("bundle", bundle_id, CANARIES, about)

    def revelation(self, opened: OpenRound) -> Statement:
        """Return the statement that is logged after the round is closed."""
        return Statement("bundle", opened.bundle_id, ANSWERS, {"round": opened.id, **self._record()})


def known_answers(truth: Mapping[str, str], salt: str | None = None) -> KnownAnswers:
    """Return items with their answers; a fresh salt where none is given."""
    for control, answer in truth.items():
        identifier(control, "a canary")
        if answer not in (PASS, FAIL):
            raise ShinraiError(message("The known answer of {control} is neither pass nor fail.", control=control))
    return KnownAnswers(dict(truth), salt or secrets.token_hex(32))


def read_answers(path: Path) -> KnownAnswers:
    """Read a file of known answers: `{"answers": {control: "pass" or "fail"}, "salt": hex}`.

    A salt is made and written into the file where there is none. The file is secret until the round is closed.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    with located(Place(str(path))):
        record = strict_json(data, path.name, limit=MAX_FILE)
        answers, salt = field(record, "answers", dict, path.name), record.get("salt")
        found = known_answers(
            {identifier(control, path.name): str(answer) for control, answer in answers.items()},
            None if salt is None else digest(salt, path.name),
        )
    if salt is None:
        path.write_bytes(canonical_json({"answers": dict(found.truth), "salt": found.salt}) + b"\n")
    return found


def revealed(opened: OpenRound, count: RoundCount, committed: SignedLeaf, told: SignedLeaf) -> KnownAnswers:
    """Return the answers of a closed round; ShinraiError unless they are those committed to before it was opened."""
    about = told.statement.predicate
    answers = KnownAnswers(
        {
            identifier(entry.get("control"), "a canary"): field(entry, "answer", str, "a canary")
            for entry in field(about, "answers", list, "the answers")
        },
        digest(about.get("salt"), "the answers"),
    )
    named = digest(committed.statement.predicate["answers"]["digest"]["sha256"], "the commitment")
    fits = named == answers.sha256 and committed.statement.predicate_type == CANARIES
    about_this = committed.statement.subject_sha256 == opened.bundle_id and about.get("round") == opened.id
    if not fits or not about_this:
        raise ShinraiError(message("The known answers are not those that were committed to."))
    if committed.index >= opened.index or count.closed is None or told.index < count.closed:
        raise ShinraiError(
            message("Known answers have to be committed to before the round is opened and told after it is closed.")
        )
    return answers
