"""What the steps of a verification share."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shinrai_verify.bundle import Bundle
from shinrai_verify.council import Roster
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault
from shinrai_verify.outcome import Verification
from shinrai_verify.statements import EVIDENCE, Entry
from shinrai_verify.trust import Outside, Policy, Trust

STATEMENTS, CHECKPOINT, TOKEN = "attestations.intoto.jsonl", "log/checkpoint", "log/checkpoint.tsr"


class Work:
    """The file that is verified, and the state that the steps hand on: each records what it found or raises a Fault.

    held: digests that the manifest or a signed statement lists. named: digest -> name in the manifest. used: files of
    the log that a step has read. entries: index -> what is signed there. ours: index -> type of entries that have to be
    here. certifiers: (round, control) -> members who signed its certificate.
    """

    bundle: Bundle
    subject: str
    trust: list[Trust]
    outside: Outside
    rubric: Mapping[str, Any]
    round: Entry

    def __init__(self, path: Path, policy: Policy, outcome: Verification, seen: bytes | None, now: datetime) -> None:
        self.path, self.policy, self.outcome, self.now = path, policy, outcome, now
        self.seen = [note for note in (seen, policy.last_seen) if note is not None]
        self.held: set[str] = set()
        self.named: dict[str, str] = {}
        self.used = {CHECKPOINT}
        self.entries: dict[int, Entry] = {}
        self.rosters: dict[str, Roster] = {}
        self.signed: list[tuple[str, Envelope, Statement]] = []
        self.certifiers: dict[tuple[str, str], set[str]] = {}
        self.leaves: list[bytes] = []
        self.index_of: dict[bytes, int] = {}
        self.ours: dict[int, str] = {}
        self.superseded: set[str] = set()

    def of(self, *types: str, round_id: str | None = None) -> list[Entry]:
        """Return the entries of these types in log order; round_id: only those of this round."""
        found = [e for _, e in sorted(self.entries.items()) if e.statement.predicate_type in types]
        return [e for e in found if round_id is None or e.about.get("round") == round_id]

    def once(self, kind: str, *, round_id: str | None = None) -> list[Entry]:
        """Return the same, each statement once, at its first place: a threshold of signers makes several entries."""
        first: dict[str, Entry] = {}
        for entry in self.of(kind, round_id=round_id):
            first.setdefault(entry.payload_sha256, entry)
        return list(first.values())

    def logged(self, payload_sha256: object, kind: str, before: int, what: str) -> Entry:
        """Return the entry of a statement, which has to stand in the log before an index."""
        for entry in self.of(kind):
            if entry.payload_sha256 == payload_sha256 and entry.index < before:
                return entry
        raise Fault("{what} rests on a statement that was not logged before it ({kind})", what=what, kind=kind)

    @property
    def whole(self) -> bool:
        """Whether all entries of the log are shown, or only proofs of some."""
        return not any(name.startswith("log/proofs/") for name in self.bundle.sha256)

    @property
    def planned(self) -> set[object]:
        """The plans that the evidence here names; a plan that none names is one of another run."""
        return {e.about.get("plan") for e in self.of(EVIDENCE)}

    def blob(self, sha256: str) -> bytes:
        """Return a content."""
        return self.bundle.read(f"blobs/sha256/{sha256}")

    def here(self, sha256: str) -> bool:
        """Whether a content is in the bundle."""
        return f"blobs/sha256/{sha256}" in self.bundle.sha256

    def unless_erased(self, sha256: str) -> bytes | None:
        """Return a content, or None where it is declared erased and is not here."""
        return None if sha256 in self.outcome.erased and not self.here(sha256) else self.blob(sha256)
