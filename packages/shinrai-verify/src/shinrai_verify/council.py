"""The council's arithmetic: quorums and the tally, a pure function that anyone can run.

A certificate needs q = floor((n+f)/2)+1 votes with f = floor((n-1)/3): two certificates for different values would
share more than f members, and a member that signs two values is convicted by its own signatures. Silence never passes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
VALUES = (PASS, FAIL, INCONCLUSIVE)
UNDECIDED, VOID = "undecided", "void"
MIN_DOMAINS = 4
HUMAN = "human"


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
    def domains(self) -> int:
        """Number D of failure domains; F = floor((D-1)/3) of them may be faulty."""
        return len({member.domain for member in self.members})

    @property
    def common_causes_over_f(self) -> tuple[str, ...]:
        """Causes of failure that more than f members share: over these the theorem says nothing."""
        causes = {cause for member in self.members for cause in member.causes}
        return tuple(sorted(c for c in causes if sum(c in m.causes for m in self.members) > self.f))

    def demanded(self, required: Mapping[str, int] | None = None) -> Mapping[str, int]:
        """Return the strata that one control needs: the roster's, and those of the rubric where they ask for more."""
        more = required or {}
        return {name: max(self.required.get(name, 0), more.get(name, 0)) for name in {**self.required, **more}}


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


def tally(roster: Roster, ballots: Iterable[Ballot], required: Mapping[str, int] | None = None) -> Tally:
    """Count the ballots of one control. required: strata that this control needs beyond the roster's."""
    cast: dict[str, set[str]] = {member.id: set() for member in roster.members}
    for ballot in ballots:
        if ballot.member in cast and ballot.value in VALUES:
            cast[ballot.member].add(ballot.value)
    equivocators = tuple(sorted(member for member, values in cast.items() if len(values) > 1))
    voters = {v: tuple(sorted(m for m, values in cast.items() if values == {v})) for v in VALUES}
    absent = tuple(sorted(member for member, values in cast.items() if not values))
    if len(equivocators) > roster.f:
        return Tally(VOID, True, True, voters, equivocators, absent)
    outcome = next((value for value in VALUES if certifies(roster, voters[value], required)), UNDECIDED)
    out_of_reach = roster.n + roster.f - roster.q + 1
    closed = all(sum(len(m) for w, m in voters.items() if w != v) >= out_of_reach for v in VALUES)
    counted = Tally(outcome, outcome != UNDECIDED or closed, False, voters, equivocators, absent)
    # A person's dissent contests where the rubric demands persons; elsewhere it takes more than f members.
    person = roster.demanded(required).get(HUMAN, 0) > 0 and any(
        HUMAN in member.strata for member in roster.members if member.id in counted.dissent
    )
    contested = person or any(len(m) >= roster.f + 1 for v, m in voters.items() if v != outcome)
    return replace(counted, contested=contested)


def certifies(roster: Roster, voters: Collection[str], required: Mapping[str, int] | None = None) -> bool:
    """Whether these members suffice for a certificate: by number, by weight of failure domains, and by strata."""
    if len(voters) < roster.q or roster.domains < MIN_DOMAINS:
        return False
    signed = [member for member in roster.members if member.id in voters]
    sizes = {m.domain: sum(other.domain == m.domain for other in roster.members) for m in signed}
    weight = sum((Fraction(1, sizes[member.domain]) for member in signed), Fraction())
    demanded = roster.demanded(required)
    enough = all(sum(stratum in m.strata for m in signed) >= least for stratum, least in demanded.items())
    return enough and 2 * weight > roster.domains + (roster.domains - 1) // 3


def late(counted: Tally, roster: Roster, ballots: Iterable[Ballot], required: Mapping[str, int] | None = None) -> str:
    """Say what votes presented outside a round do to it: nothing (""), "contested", or "void".

    They never count for a value, but who also signed another value is convicted by it and counted out.
    """
    cast = {member: {value} for value, members in counted.voters.items() for member in members}
    for ballot in ballots:
        cast.setdefault(ballot.member, set()).add(ballot.value)
    liars = {*counted.equivocators, *(member for member, values in cast.items() if len(values) > 1)}
    if len(liars) > roster.f:
        return VOID if counted.outcome != VOID else ""
    left = set(counted.voters.get(counted.outcome, ())) - liars
    return "contested" if counted.outcome in VALUES and not certifies(roster, left, required) else ""
