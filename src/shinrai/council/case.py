"""What the council is asked, and what its seats look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shinrai.evaluate.interchange.imported import Tool
from shinrai.evaluate.judging import JudgeSetting
from shinrai.evaluate.measurement import Measurement, Outcome, Rule
from shinrai.evidence.bundle import Content
from shinrai.evidence.store import Logged
from shinrai.frameworks.model import EvidenceCode
from shinrai.language import Message
from shinrai_verify.council import FAIL, INCONCLUSIVE, PASS


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: what was logged, and the measurement in it (None for an attestation)."""

    logged: Logged
    measurement: Measurement | None

    @property
    def predicate(self) -> Mapping[str, Any]:
        """The predicate of the signed statement."""
        return self.logged.statement.predicate


@dataclass(frozen=True, slots=True)
class Claim:
    """What the evidence is said to show: one leaf of the goal tree."""

    control: str
    code: EvidenceCode
    pieces: tuple[Piece, ...]

    @property
    def decisive(self) -> tuple[Measurement, ...]:
        """The measurements that the claim rests on."""
        return tuple(p.measurement for p in self.pieces if p.measurement is not None and p.measurement.decisive)

    @property
    def claimed(self) -> str:
        """What the evidence, taken at its word, comes to."""
        if self.code.attestable:
            return PASS if self.pieces else INCONCLUSIVE
        return combine([measurement.outcome for measurement in self.decisive])


@dataclass(frozen=True, slots=True)
class TargetRows:
    """The rows behind a target's measurements, and how the description reads them."""

    file: Path
    sha256: str
    settings: Any
    checks: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AskedJudge:
    """A judge's replies on the answers of a conversation: the Parquet file, which sha256 is the digest of."""

    replies: Path
    sha256: str
    setting: JudgeSetting


@dataclass(frozen=True, slots=True)
class AskedSuite:
    """What was asked and answered in a conversation, and how it was planned.

    samples: the Parquet file, which sha256 is the digest of. suite: the suite's file. identity: JSON bytes of all of
    the target that can change an answer. repeats: None for the suite's own number. judge: None where none was asked.
    """

    samples: Path
    sha256: str
    suite: bytes
    identity: bytes
    seed: int
    repeats: int | None
    judge: AskedJudge | None = None


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """Results of another tool that were taken over.

    file: which sha256 is the digest of, after the salt. rules: the metrics by their name in the file, with the rule of
    each.
    """

    file: Path
    sha256: str
    tool: Tool
    rules: Mapping[str, Rule | None]
    salt: bytes = b""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a round is about.

    subject: SHA-256 of the system's material facts. contents: SHA-256 -> bytes or file of everything in the manifest
    that is at hand. leaves and checkpoint: the log as published before the round. trust: the chain of trust documents.
    plan: the logged plan. applicable: leaf ids that apply to this system. shows: `<target>/<check>` -> leaf ids
    it can show.
    conversations: `<target>/<suite>` -> what was asked and answered. imports: `<target>/imported` -> what was
    taken over.
    rules: metric key (`<target>/<check>/<metric>`) -> (comparison, limit) as planned, where the description fixes one.
    """

    subject: str
    bundle_id: str
    claims: tuple[Claim, ...]
    contents: Mapping[str, Content]
    leaves: Sequence[bytes]
    checkpoint: bytes
    log_key: Any
    trust: Sequence[Logged]
    plan: Logged
    applicable: frozenset[str]
    shows: Mapping[str, Sequence[str]]
    rows: Mapping[str, TargetRows]
    now: datetime
    conversations: Mapping[str, AskedSuite] = field(default_factory=dict)
    imports: Mapping[str, ImportedFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a seat says on one claim. inspected: digests of what it looked at."""

    value: str
    reason: Message
    inspected: tuple[str, ...]


def combine(outcomes: Sequence[Outcome]) -> str:
    """Return what the decisive outcomes of one leaf come to.

    One failure fails; an error or an open question leaves the leaf open; only passes, and at least one, pass.
    """
    if Outcome.FAIL in outcomes:
        return FAIL
    if not outcomes or any(outcome is not Outcome.PASS for outcome in outcomes):
        return INCONCLUSIVE
    return PASS
