"""What a check of the log found: each fault with the table and row it is in, and what to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shinrai.language import Language, Message, message

LIMIT = 1000
"""Findings that are kept; further ones are counted. A log that is damaged everywhere must not fill the memory."""

Progress = Callable[[Message, int, int], None]
"""Told what is being checked, how much of it is done, and how much there is."""

RESTORE = message("Restore this row from the newest backup, or from an export; then check again.")
FORGED = message(
    "Somebody changed the database. Keep a copy of it, compare it with an export or a witness, and restore the backup."
)
UNFINISHED = message("Erase it again, which finishes what was left: shinrai log erase DIGEST --reason …")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault. row: what names the row in its table, or empty for the table as a whole."""

    table: str
    row: str
    what: Message
    fix: Message

    def text(self, language: Language) -> str:
        """Return place, fault and remedy."""
        place = f"{self.table} {self.row}".strip()
        return f"{place}: {self.what.text(language)}\n  → {self.fix.text(language)}"

    def __str__(self) -> str:
        return f"{self.table} {self.row}".strip() + f": {self.what}"


@dataclass
class Findings:
    """A list of findings that ends. more: how many came after its end."""

    kept: list[Finding] = field(default_factory=list)
    more: int = 0

    def add(self, table: str, row: object, what: Message, fix: Message = RESTORE) -> None:
        """Take a finding."""
        if len(self.kept) < LIMIT:
            self.kept.append(Finding(table, str(row), what, fix))
        else:
            self.more += 1


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check; counts are of what was checked.

    signatures: how many were verified; entries beyond them were left out by sampling or since their statement is
    damaged. withheld: contents erased on purpose -> the entry that declares it. outside: contents that statements
    name and that were never put into the database. more: findings that are not listed.
    """

    entries: int
    nodes: int
    checkpoints: int
    contents: int
    signatures: int
    timestamps: int
    withheld: Mapping[str, int]
    outside: int
    findings: tuple[Finding, ...]
    more: int

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
