"""What a verification comes to: its steps, what was found, and the exit class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shinrai_verify.council import Roster, Tally
from shinrai_verify.encoding import bounded
from shinrai_verify.note import Checkpoint


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the verification: code V1 to V11 or L1, exit class (0 is good), and a sentence with its fields."""

    code: str
    exit_class: int
    text: str
    fields: Mapping[str, object]


def worst(steps: Iterable[Step]) -> int:
    """Return the exit class of the whole: 1 before 2 before 3 before 0."""
    found = {step.exit_class for step in steps}
    return next((code for code in (1, 2, 3) if code in found), 0)


@dataclass
class Verification:
    """What was checked and what came out. exit_code: 1 before 2 before 3 before 0.

    certified: control -> value that a certificate shows, whatever the log says. late: control -> "contested" or "void"
    by votes outside the round. times: who vouches for the head's time -> when. runs: other runs on the same system.
    erased: digest of a listed content -> the entry that declares it erased. record: whether it is the record of a round
    that was held by itself.
    """

    steps: list[Step] = field(default_factory=list)
    bundle_id: str | None = None
    subject: Mapping[str, Any] | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_note: bytes | None = None
    certified: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    late: dict[str, str] = field(default_factory=dict)
    roster: Roster | None = None
    withheld: list[str] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    times: dict[str, datetime] = field(default_factory=dict)
    revoked: dict[str, int] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    record: bool = False

    @property
    def exit_code(self) -> int:
        """The exit code of the whole."""
        return worst(self.steps)

    @property
    def levels(self) -> Mapping[str, int]:
        """The exit class of each level. L1: contents, trust and certificates; L2: with the log, so the whole."""
        alone = [step for step in self.steps if step.code in ("V1", "V2", "L1")]
        return {"L1": worst(alone) if any(s.code == "L1" for s in alone) else 1, "L2": self.exit_code}

    def note(self, code: str, exit_class: int, text: str, **fields: object) -> None:
        """Record a step."""
        self.steps.append(Step(code, exit_class, text, bounded(fields)))
