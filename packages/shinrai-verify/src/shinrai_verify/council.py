"""The council's arithmetic: quorums and the tally, a pure function that anyone can run.

A certificate needs q = floor((n+f)/2)+1 votes with f = floor((n-1)/3): two certificates for different values would
share more than f members, and a member that signs two values is convicted by its own signatures. Silence never passes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
VALUES = (PASS, FAIL, INCONCLUSIVE)
UNDECIDED, VOID = "undecided", "void"
MIN_DOMAINS = 4
HUMAN = "human"
NO_DIVERSITY, NO_QUORUM, NO_DOMAIN_QUORUM, NO_STRATUM = "no diversity", "no quorum", "no domain quorum", "no stratum"


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
    def domains(self) -> tuple[str, ...]:
        """The domains, D of them, of which F = floor((D-1)/3) may fail."""
        return tuple(sorted({member.domain for member in self.members}))

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
    """What the ballots on one control come to. voters: value -> members that cast it and it alone.

    reason: which condition kept it undecided; empty otherwise.
    """

    outcome: str
    final: bool
    contested: bool
    voters: Mapping[str, tuple[str, ...]]
    equivocators: tuple[str, ...]
    absent: tuple[str, ...]
    reason: str = ""

    @property
    def dissent(self) -> tuple[str, ...]:
        """Members whose vote differs from a certified outcome."""
        if self.outcome not in VALUES:
            return ()
        return tuple(sorted(m for value, members in self.voters.items() if value != self.outcome for m in members))


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What ballots shown after the round do to its tally: they never count for a value, only against who signed two.

    unlogged: members whose vote is not in the log at all; equivocators: with those that the late ballots convict.
    """

    outcome: str
    contested: bool
    equivocators: tuple[str, ...]
    unlogged: tuple[str, ...]


def required_strata(rubric: Mapping[str, Any], control: str) -> Mapping[str, int]:
    """Return the strata that a rubric demands for one control beyond the roster's; ValueError where it is unclear."""
    demands = {} if rubric.get("required") is None else rubric["required"]
    needed = demands.get(control) if isinstance(demands, Mapping) else False
    if needed is None:
        return {}
    if not isinstance(needed, Mapping) or any(type(least) is not int or least < 0 for least in needed.values()):
        raise ValueError("a rubric demands a stratum in a way that is not known")
    return dict(needed)


def tally(roster: Roster, ballots: Iterable[Ballot], required: Mapping[str, int] | None = None) -> Tally:
    """Count the ballots of one control. required: strata that the rubric demands for it beside the roster's own."""
    cast: dict[str, set[str]] = {member.id: set() for member in roster.members}
    for ballot in ballots:
        if ballot.member in cast and ballot.value in VALUES:
            cast[ballot.member].add(ballot.value)
    equivocators = tuple(sorted(member for member, values in cast.items() if len(values) > 1))
    voters = {v: tuple(sorted(m for m, values in cast.items() if values == {v})) for v in VALUES}
    absent = tuple(sorted(member for member, values in cast.items() if not values))
    if len(equivocators) > roster.f:
        return Tally(VOID, True, True, voters, equivocators, absent)
    needed = roster.demanded(required)
    hindered = {value: _hindrance(roster, voters[value], needed) for value in VALUES}
    certified = [value for value in VALUES if not hindered[value]]
    outcome = certified[0] if certified else UNDECIDED
    out_of_reach = roster.n + roster.f - roster.q + 1
    final = bool(certified) or all(sum(len(m) for w, m in voters.items() if w != v) >= out_of_reach for v in VALUES)
    heard = bool(certified) and needed.get(HUMAN, 0) > 0
    people = {member.id for member in roster.members if heard and HUMAN in member.strata}
    contested = any(len(m) >= roster.f + 1 or people & set(m) for v, m in voters.items() if v != outcome)
    # The value with most votes says best what is missing.
    nearest = max(VALUES, key=lambda value: len(voters[value]))
    return Tally(outcome, final, contested, voters, equivocators, absent, "" if certified else hindered[nearest])


def certifies(roster: Roster, voters: Collection[str], required: Mapping[str, int] | None = None) -> bool:
    """Whether these members suffice for a certificate: by number, by weight of failure domains, and by strata."""
    return not _hindrance(roster, voters, roster.demanded(required))


def reconsidered(
    roster: Roster, counted: Tally, late: Iterable[Ballot], required: Mapping[str, int] | None = None
) -> Reconsidered:
    """Look at a tally again in the light of ballots that were not in the log between its opening and its closing."""
    inside = {member: value for value, members in counted.voters.items() for member in members}
    values: dict[str, set[str]] = {m.id: {inside[m.id]} if m.id in inside else set() for m in roster.members}
    unlogged = set()
    for ballot in late:
        if ballot.member in values and ballot.value in VALUES:
            values[ballot.member].add(ballot.value)
            unlogged |= {ballot.member} & set(counted.absent)
    convicted = {*counted.equivocators, *(member for member, cast in values.items() if len(cast) > 1)}
    outcome, equivocators = counted.outcome, tuple(sorted(convicted))
    if len(convicted) > roster.f:
        return Reconsidered(VOID, True, equivocators, tuple(sorted(unlogged)))
    against = sum(values[member] != {outcome} for member in unlogged)
    fewer = outcome in VALUES and not certifies(roster, set(counted.voters[outcome]) - convicted, required)
    contested = counted.contested or fewer or (outcome in VALUES and len(counted.dissent) + against > roster.f)
    return Reconsidered(outcome, contested, equivocators, tuple(sorted(unlogged)))


def late(counted: Tally, roster: Roster, ballots: Iterable[Ballot], required: Mapping[str, int] | None = None) -> str:
    """Say what votes presented outside a round do to it: nothing (""), "contested", or "void".

    They never count for a value, but who also signed another value is convicted by it and counted out.
    """
    convicted = reconsidered(roster, counted, ballots).equivocators  # whom a rubric demands convicts nobody
    if len(convicted) > roster.f:
        return VOID if counted.outcome != VOID else ""
    left = set(counted.voters.get(counted.outcome, ())) - set(convicted)
    return "contested" if counted.outcome in VALUES and not certifies(roster, left, required) else ""


def _hindrance(roster: Roster, voters: Collection[str], required: Mapping[str, int]) -> str:
    """Return what keeps the voters for a value from certifying it; nothing when nothing does."""
    domains = roster.domains
    if len(domains) < MIN_DOMAINS:
        return NO_DIVERSITY
    if len(voters) < roster.q:
        return NO_QUORUM
    signed = [member for member in roster.members if member.id in voters]
    sizes = {m.domain: sum(other.domain == m.domain for other in roster.members) for m in signed}
    weight = sum((Fraction(1, sizes[member.domain]) for member in signed), Fraction())
    if 2 * weight <= len(domains) + (len(domains) - 1) // 3:
        return NO_DOMAIN_QUORUM
    enough = all(sum(stratum in m.strata for m in signed) >= least for stratum, least in required.items())
    return "" if enough else NO_STRATUM
