"""The votes of a round: which of them count, and how what they come to is published."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shinrai_verify.council import Ballot, Roster, Tally, required_strata
from shinrai_verify.encoding import Fault, Named, canonical_json
from shinrai_verify.statements import BALLOT, RATIONALE, SEAL, Entry


@dataclass(frozen=True, slots=True)
class Votes:
    """The ballots of a round by control: those that count, and the others, which may convict. reasons: rationales."""

    counted: Mapping[str, list[tuple[Ballot, Entry]]]
    others: Mapping[str, list[tuple[Ballot, Entry]]]
    reasons: list[Entry]


def cast_in(
    opened: Entry, roster: Roster, entries: Iterable[Entry], closed: int | None, revealed: int | None = None
) -> Votes:
    """Tell the ballots that count in a round from those that do not.

    A ballot counts when a member of the roster signed it, it stands in the log between opening and closing, the member
    gave a reason for the same value there without a conflict of interest, and, in a sealed round, committed to exactly
    this ballot before the reveal. opened: the round's opening; entries: well-formed statements of members on this
    round; closed: index of the close, None while it is open; revealed: index of the reveal of a sealed round.
    """
    by_key = {member.keyid: member.id for member in roster.members}
    votes = sorted((e for e in entries if e.keyid in by_key), key=lambda entry: entry.index)
    inside = [e for e in votes if e.index > opened.index and (closed is None or e.index < closed)]
    reasons = [e for e in inside if e.statement.predicate_type == RATIONALE]
    explained = {(e.keyid, e.about["control"], e.about["value"]) for e in reasons if not e.about.get("conflict")}
    sealed, given = opened.about.get("sealed") is True, dict[tuple[str, str], str]()
    for entry in inside:
        if entry.statement.predicate_type == SEAL and revealed is not None and entry.index < revealed:
            for seal in entry.about["seals"]:
                # The first one stands: with two, a member could choose once it has seen how others voted.
                given.setdefault((entry.keyid, seal["control"]), seal["seal"])
    counted: dict[str, list[tuple[Ballot, Entry]]] = {control: [] for control in opened.about["controls"]}
    others: dict[str, list[tuple[Ballot, Entry]]] = {control: [] for control in counted}
    for entry in votes:
        control, value = str(entry.about.get("control")), str(entry.about.get("value"))
        mine = entry.statement.subject_sha256 == opened.statement.subject_sha256 and control in counted
        if not mine or entry.statement.predicate_type != BALLOT:
            continue
        timely = entry.index > opened.index and (closed is None or entry.index < closed)
        shown = not sealed or (revealed is not None and entry.index > revealed)
        kept = not sealed or given.get((entry.keyid, control)) == entry.sig
        counts = timely and shown and kept and (entry.keyid, control, value) in explained
        (counted if counts else others)[control].append((Ballot(by_key[entry.keyid], value), entry))
    return Votes(counted, others, reasons)


def strata_of(rubric: Mapping[str, Any] | None, control: str) -> Mapping[str, int]:
    """Return the strata that a rubric asks for on one control, beyond the roster's."""
    try:
        return required_strata(rubric or {}, control)
    except ValueError:
        raise Fault("{what} lacks a valid field “{name}”", what=Named("the rubric"), name="required") from None


def answers_sha256(about: Mapping[str, Any]) -> str:
    """Return what is committed to before a round of the known answers told after it."""
    return hashlib.sha256(canonical_json({"answers": about["answers"], "salt": about["salt"]})).hexdigest()


def verdict_record(control: str, counted: Tally) -> dict[str, Any]:
    """Return how a tally stands in the published verdict."""
    names = ("absent", "contested", "dissent", "equivocators", "final", "outcome")
    told = {name: getattr(counted, name) for name in names}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
    return {**told, "control": control, "votes": {value: list(members) for value, members in counted.voters.items()}}


def council_record(roster: Roster) -> dict[str, Any]:
    """Return what a verdict may say of the council besides `nEff`; a verifier computes it again."""
    numbers = {
        "n": roster.n,
        "f": roster.f,
        "q": roster.q,
        "domains": len(roster.domains),
        "F": (len(roster.domains) - 1) // 3,
    }
    return {**numbers, "commonCausesOverF": list(roster.common_causes_over_f)}
