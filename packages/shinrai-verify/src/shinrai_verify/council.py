"""The council's arithmetic: quorums and the tally, a pure function that anyone can run.

A certificate needs q = floor((n+f)/2)+1 votes with f = floor((n-1)/3): two certificates for different values would
share more than f members, and a member that signs two values is convicted by its own signatures. Silence never passes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
VALUES = (PASS, FAIL, INCONCLUSIVE)
UNDECIDED, VOID = "undecided", "void"
MIN_DOMAINS = 4


@dataclass(frozen=True, slots=True)
class Member:
    """A seat of the roster. domain: what fails with it; strata: the kinds it counts for; causes: what it shares."""

    id: str
    keyid: str
    public: bytes
    kind: str
    domain: str
    causes: tuple[str, ...]
    strata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """The members of a council and the strata without which nothing is certified (stratum -> least votes)."""

    members: tuple[Member, ...]
    required: Mapping[str, int]

    @property
    def n(self) -> int:
        """Number of members."""
        return len(self.members)

    @property
    def f(self) -> int:
        """Faulty members that are tolerated."""
        return (self.n - 1) // 3

    @property
    def q(self) -> int:
        """Votes a certificate needs."""
        return (self.n + self.f) // 2 + 1

    @property
    def common_causes_over_f(self) -> tuple[str, ...]:
        """Causes of failure that more than f members share: over these the theorem says nothing."""
        causes = {cause for member in self.members for cause in member.causes}
        return tuple(sorted(c for c in causes if sum(c in m.causes for m in self.members) > self.f))


@dataclass(frozen=True, slots=True)
class Ballot:
    """A logged vote whose signature, rationale and place in the log have been verified."""

    member: str
    value: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What the ballots on one control come to. voters: value -> members that cast it and it alone."""

    outcome: str
    final: bool
    contested: bool
    voters: Mapping[str, tuple[str, ...]]
    equivocators: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def dissent(self) -> tuple[str, ...]:
        """Members whose vote differs from a certified outcome."""
        if self.outcome not in VALUES:
            return ()
        return tuple(sorted(m for value, members in self.voters.items() if value != self.outcome for m in members))


def tally(roster: Roster, ballots: Iterable[Ballot]) -> Tally:
    """Count the ballots of one control."""
    cast: dict[str, set[str]] = {member.id: set() for member in roster.members}
    for ballot in ballots:
        if ballot.member in cast and ballot.value in VALUES:
            cast[ballot.member].add(ballot.value)
    equivocators = tuple(sorted(member for member, values in cast.items() if len(values) > 1))
    voters = {v: tuple(sorted(m for m, values in cast.items() if values == {v})) for v in VALUES}
    absent = tuple(sorted(member for member, values in cast.items() if not values))
    if len(equivocators) > roster.f:
        return Tally(VOID, True, True, voters, equivocators, absent)
    certified = [value for value in VALUES if _certified(roster, voters[value])]
    outcome = certified[0] if certified else UNDECIDED
    out_of_reach = roster.n + roster.f - roster.q + 1
    final = bool(certified) or all(sum(len(m) for w, m in voters.items() if w != v) >= out_of_reach for v in VALUES)
    contested = any(len(m) >= roster.f + 1 for v, m in voters.items() if v != outcome)
    return Tally(outcome, final, contested, voters, equivocators, absent)


def _certified(roster: Roster, voters: Collection[str]) -> bool:
    domains = {member.domain for member in roster.members}
    if len(voters) < roster.q or len(domains) < MIN_DOMAINS:
        return False
    weight = sum(
        (
            Fraction(1, sum(m.domain == member.domain for m in roster.members))
            for member in roster.members
            if member.id in voters
        ),
        Fraction(),
    )
    strata = [stratum for member in roster.members if member.id in voters for stratum in member.strata]
    return 2 * weight > len(domains) + (len(domains) - 1) // 3 and all(
        strata.count(stratum) >= least for stratum, least in roster.required.items()
    )
