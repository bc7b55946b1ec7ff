"""What may be said of a council: its numbers, what its members share, and whether the word Byzantine may be used."""

from collections.abc import Sequence
from dataclasses import dataclass

from shinrai.council.members import READS_RAW_EVIDENCE
from shinrai.language import Message, message
from shinrai_verify.council import MIN_DOMAINS, Roster


@dataclass(frozen=True, slots=True)
class SharedCause:
    """A cause of failure that more than f members share."""

    cause: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The numbers of a council. domains, tolerated_domains: D and F = floor((D-1)/3)."""

    n: int
    f: int
    q: int
    domains: int
    tolerated_domains: int
    over: tuple[SharedCause, ...]

    @property
    def byzantine(self) -> bool:
        """Whether the council may be called Byzantine fault tolerant."""
        return not self.over and self.domains >= MIN_DOMAINS


def standing(roster: Roster) -> Standing:
    """Return what follows from a roster."""
    domains = len(roster.domains)
    over = tuple(
        SharedCause(cause, tuple(sorted(m.id for m in roster.members if cause in m.causes)))
        for cause in roster.common_causes_over_f
    )
    return Standing(roster.n, roster.f, roster.q, domains, (domains - 1) // 3, over)


def claim(found: Standing) -> Message:
    """Say in one sentence how far the council's vote can be relied on; only a council that may is called Byzantine."""
    if found.byzantine:
        return message(
            "Byzantine fault tolerant: of {n} members any {f} may lie, collude or be silent, and no wrong value is "
            "certified; no declared cause is shared by more than {f}.",
            n=found.n,
            f=found.f,
        )
    if found.domains < MIN_DOMAINS:
        return message(
            "No tolerance of arbitrary faults is claimed: the {n} members stand in {domains} domains of failure, and "
            "with fewer than {least} nothing is certified.",
            n=found.n,
            domains=found.domains,
            least=MIN_DOMAINS,
        )
    return message(
        "No tolerance of arbitrary faults is claimed, because causes of failure are shared by more members than the "
        "{f} that may fail.",
        f=found.f,
    )


def reasons(found: Standing) -> list[Message]:
    """Say for each cause that too many share, why it forbids the claim."""
    return [
        message(
            "{n} of {all} members share {cause}. One fault there can turn all {n}; the arithmetic holds for {f}.",
            n=len(each.members),
            all=found.n,
            cause=cause_words(each.cause),
            f=found.f,
        )
        for each in found.over
    ]


def cause_words(cause: str) -> Message:
    """Return a cause in words."""
    kind, _, name = cause.partition(":")
    if cause == READS_RAW_EVIDENCE:
        return message("the reading of raw evidence by models")
    known = {
        "family": message("the model family {name}", name=name),
        "host": message("the host {name}", name=name),
        "operator": message("the operator {name}", name=name),
        "program": message("the program {name}", name=name),
        "prompt": message("the prompt {name}", name=name),
        "method": message("the method {name}", name=name),
    }
    return known.get(kind, message("“{name}”", name=cause))


def report(roster: Roster) -> Sequence[Message]:
    """Return everything to be said of a council, in order."""
    found = standing(roster)
    head = message(
        "{n} members; f = {f} may fail, q = {q} votes certify. {domains} domains of failure, of which {tolerated} may "
        "fail.",
        n=found.n,
        f=found.f,
        q=found.q,
        domains=found.domains,
        tolerated=found.tolerated_domains,
    )
    return [head, claim(found), *reasons(found)]
