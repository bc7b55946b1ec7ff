"""The ways a council can fail, played through the real count: each situation with what comes of it.

Every situation of the table runs through `shinrai_verify.council.tally` itself, so that the table says what the code
does. Members are named by number; where honest members disagree, the adversary sees all votes and chooses last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from shinrai.language import Message, message
from shinrai_verify.council import (
    FAIL,
    HUMAN,
    INCONCLUSIVE,
    PASS,
    UNDECIDED,
    VALUES,
    VOID,
    Ballot,
    Member,
    Roster,
    Tally,
    reconsidered,
    tally,
)

Profile = Sequence[tuple[str, ...]]
_BOTH = (PASS, FAIL)


def council(n: int, domains: Sequence[str] | None = None, required: dict[str, int] | None = None) -> Roster:
    """Return a roster of n members for arithmetic alone; each is its own domain where none are given."""
    return Roster(
        tuple(
            Member(f"m{i}", f"m{i}", i.to_bytes(32, "big"), "tool", domains[i] if domains else f"m{i}", (), ())
            for i in range(n)
        ),
        required or {},
    )


def count(roster: Roster, profile: Profile) -> Tally:
    """Count a profile: for each member the values it signed."""
    return tally(roster, [Ballot(m.id, v) for m, vs in zip(roster.members, profile, strict=True) for v in vs])


@dataclass(frozen=True, slots=True)
class Situation:
    """One row of the table. outcome: of the count; certificates: how many different ones an adversary can show."""

    what: Message
    outcome: str
    certificates: int
    note: Message


def certificates(quorum: int, honest: Sequence[str], liars: int) -> frozenset[str]:
    """Return the values for which an adversary with so many equivocating liars can collect a certificate.

    Each observer may be shown other ballots of a liar, so every value that honest votes and liars together bring to the
    quorum can be certified to somebody.
    """
    return frozenset(value for value in VALUES if sum(v == value for v in honest) + liars >= quorum)


def double_certificate(n: int, f: int, quorum: int) -> tuple[int, int] | None:
    """Return a split of the honest members that lets f liars collect two certificates; None where there is none."""
    honest = n - f
    for passed in range(honest + 1):
        if passed + f >= quorum and honest - passed + f >= quorum:
            return passed, honest - passed
    return None


def failure_table(n: int = 33) -> list[Situation]:
    """Return the table for a council of n members, each in its own domain."""
    roster = council(n)
    f, q = roster.f, roster.q
    return [
        *_silence(roster, n, q),
        *_equivocation(roster, n, f),
        *_collusion(roster, n, f, q),
        *_stolen_and_hidden(roster, n, f, q),
        *_people(n, f),
    ]


def _row(what: Message, counted: Tally, note: Message, found: int | None = None) -> Situation:
    certified = int(counted.outcome in VALUES)
    return Situation(what, counted.outcome, certified if found is None else found, note)


def _silence(roster: Roster, n: int, q: int) -> list[Situation]:
    most = n - q
    rows = []
    for silent in (most, most + 1):
        found = count(roster, [()] * silent + [(PASS,)] * (n - silent))
        note = message("absent: {n} members, listed by name", n=len(found.absent))
        rows.append(_row(message("{n} members are silent, all others agree", n=silent), found, note))
    return rows


def _equivocation(roster: Roster, n: int, f: int) -> list[Situation]:
    rows = []
    for liars in (f, f + 1):
        found = count(roster, [_BOTH] * liars + [(PASS,)] * (n - liars))
        note = message("{n} members named as equivocators, with both ballots as proof", n=len(found.equivocators))
        rows.append(_row(message("{n} members sign two values, all others agree", n=liars), found, note))
    return rows


def _collusion(roster: Roster, n: int, f: int, q: int) -> list[Situation]:
    against = count(roster, [(FAIL,)] * f + [(PASS,)] * (n - f))
    split = (n - f) // 2
    blocked = count(roster, [(FAIL,)] * f + [(PASS,)] * (n - f - split) + [(FAIL,)] * split)
    honest = [PASS] * ((n - f - 1) // 2) + [FAIL] * (n - f - 1 - (n - f - 1) // 2)
    shown = certificates(q, honest, f + 1)
    torn = count(roster, [_BOTH] * (f + 1) + [(v,) for v in honest])
    bought = count(roster, [(FAIL,)] * q + [(PASS,)] * (n - q))
    return [
        _row(
            message("{n} collude against unanimous honest members", n=f),
            against,
            message("dissent: {n} members, listed by name", n=len(against.dissent)),
        ),
        _row(
            message("{n} collude while honest members are split", n=f),
            blocked,
            message("they can block; {n} honest members would have to agree with them", n=q - f),
        ),
        _row(
            message("{n} collude and equivocate while honest members are split in half", n=f + 1),
            torn,
            message("two certificates can be shown, and together they name {n} members", n=2 * q - n),
            len(shown),
        ),
        _row(
            message("{n} collude", n=q),
            bought,
            message("outside the model: they certify anything, and only the published evidence speaks against it"),
        ),
    ]


def _stolen_and_hidden(roster: Roster, n: int, f: int, q: int) -> list[Situation]:
    stolen = count(roster, [_BOTH] + [(PASS,)] * (n - 1))
    blind = count(roster, [(INCONCLUSIVE,)] * n)
    hidden = count(roster, [(PASS,)] * q + [()] * (n - q))
    shown = reconsidered(roster, hidden, [Ballot(f"m{i}", FAIL) for i in range(q, n)])
    contested = Situation(
        message("the coordinator hides {n} votes against", n=n - q),
        shown.outcome,
        1,
        message("contested, once {n} members show the votes that were kept from the log", n=len(shown.unlogged)),
    )
    return [
        _row(
            message("one key is stolen and used against its owner"),
            stolen,
            message("the stolen vote and the owner's both void; the key is revoked and the round counted again"),
        ),
        _row(
            message("contents are withheld"),
            blind,
            message("members vote inconclusive, which never passes; the verifier ends with 2, not 0"),
        ),
        contested,
        _row(
            message("{n} members follow an instruction hidden in the evidence", n=f),
            count(roster, [(PASS,)] * f + [(FAIL,)] * (n - f)),
            message("like {n} liars; the cap on models that read raw evidence keeps it to that", n=f),
        ),
    ]


def _people(n: int, f: int) -> list[Situation]:
    bare = council(n)
    kinds = [("human",) if i < f else () for i in range(n)]
    members = tuple(
        Member(m.id, m.keyid, m.public, m.kind, m.domain, (), strata)
        for m, strata in zip(bare.members, kinds, strict=True)
    )
    roster = Roster(members, {HUMAN: 2})
    found = count(roster, [()] * f + [(PASS,)] * (n - f))
    one = count(roster, [(FAIL,)] * (f - 1) + [(PASS,)] * (n - f + 1))
    return [
        _row(
            message("all people are absent where the risk tier asks for two"),
            found,
            message("the stratum of people is missing; no number of programs replaces it"),
        ),
        _row(
            message("one person agrees and {n} do not where the risk tier asks for two", n=f - 1),
            one,
            message("people can block, and never help a value to win"),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a model check went through. profiles: counted; violations: in words."""

    profiles: int
    violations: tuple[str, ...]


def model_check(n: int, quorum_of: Callable[[Roster], int] | None = None) -> Checked:
    """Go through every profile of n - f honest members and everything that f others can do.

    Honest members vote one value or are silent; the others sign nothing, one value or several, another set to each
    observer. Agreement: no two values are ever certified. Meaning: a certified value is that of a strict majority of
    the honest. Liveness: unanimous honest members are certified, whatever the others do. quorum_of: another quorum, to
    see the check fail.
    """
    roster = council(n)
    f, quorum = roster.f, quorum_of(roster) if quorum_of else roster.q
    choices: list[tuple[str, ...]] = [(), (PASS,), (FAIL,), (INCONCLUSIVE,), _BOTH, (PASS, INCONCLUSIVE), VALUES]
    profiles, violations = 0, []
    for honest in product((*VALUES, ""), repeat=n - f):
        votes = [(value,) if value else () for value in honest]
        unanimous = len(set(honest)) == 1 and "" not in honest
        certified: set[str] = set()
        for others in product(choices, repeat=f):
            profiles += 1
            shown = {v for v in VALUES if honest.count(v) + sum(v in each for each in others) >= quorum}
            if quorum == roster.q:
                counted = count(roster, [*votes, *others])
                shown |= {counted.outcome} - {UNDECIDED, VOID}
                if unanimous and counted.outcome != honest[0]:
                    violations.append(f"liveness: {honest} {others}")
            certified |= shown
        if len(certified) > 1:
            violations.append(f"agreement: {honest}")
        if any(2 * honest.count(value) <= n - f for value in certified):
            violations.append(f"meaning: {honest}")
    return Checked(profiles, tuple(violations))
