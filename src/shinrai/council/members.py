"""The members of a council: what a roster says of each, the proof that each holds its key, and what is refused.

n, f, q and the domains follow from the members and are never read from a roster.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shinrai.council.faults import located
from shinrai.evidence.keys import Signer
from shinrai.language import Message, Place, ShinraiError, message
from shinrai_verify.council import HUMAN, Member, Roster
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import Named, identifier, strict_json
from shinrai_verify.trust import ROSTER, encode_public, parse_roster, possession_bytes

READS_RAW_EVIDENCE = "reads-raw-evidence"
"""The cause that all models share which are shown text of the evidence: one injection there can reach each of them."""
READS_NUMBERS_ONLY = "reads-numbers-only"
"""What a model's entry says instead where it is shown nothing but numbers that Shinrai computed."""
MAX_MEMBERS = 1_000
_P = 2**255 - 19
_CAUSE_LENGTH = 128


class MemberKind(StrEnum):
    """What a member is."""

    TOOL = "tool"
    MODEL = "model"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """A seat before it has a key.

    operator: who runs it. domain: what fails with it. causes: what it shares with others (`family:x`, `prompt:y`,
    `host:z`); its operator is added to them. strata: kinds it counts for; a person counts for `human`. conflicts:
    SHA-256 of systems or bundles on which the member does not vote.
    """

    id: str
    kind: MemberKind
    operator: str
    domain: str
    causes: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = field(default=())

    @property
    def all_causes(self) -> tuple[str, ...]:
        """The causes with the operator among them."""
        return tuple(sorted({*self.causes, f"operator:{self.operator}"}))

    @property
    def all_strata(self) -> tuple[str, ...]:
        """The strata with that of people among them, for a person."""
        return tuple(sorted({*self.strata, *([HUMAN] if self.kind is MemberKind.HUMAN else [])}))


def enrol(plan: SeatPlan, signer: Signer) -> dict[str, Any]:
    """Return the roster entry of a member, signed by its own key as proof that it holds it."""
    entry: dict[str, Any] = {
        "alg": "ed25519",
        "causes": list(plan.all_causes),
        "declaredConflicts": sorted(plan.conflicts),
        "domain": plan.domain,
        "id": plan.id,
        "kind": plan.kind.value,
        "operator": plan.operator,
        "public": encode_public(signer.public),
        "strata": list(plan.all_strata),
    }
    return {**entry, "proof": encode_public(signer.sign(possession_bytes(entry)))}


def roster_statement(
    entries: Sequence[Mapping[str, Any]], trust_sha256: str, *, required: Mapping[str, int] | None = None
) -> Statement:
    """Return the roster of these members, checked; ShinraiError where it may not be used."""
    record = {"members": [dict(entry) for entry in entries], "required": dict(required or {}), "version": 1}
    statement = Statement("council", trust_sha256, ROSTER, record)
    read_roster(Statement.from_bytes(statement.to_bytes(), "the roster").predicate)
    return statement


def read_roster(record: Mapping[str, Any]) -> Roster:
    """Read a roster's predicate and refuse what would let one voice count twice, or one cause too often.

    Raises ShinraiError: an id or a key stands twice, a key is of low order or not in its one spelling, a member has no
    proof of its key, there are fewer than four members, or more than f of them read raw evidence as models.
    """
    with located(None, _ASK_AGAIN):
        roster = parse_roster(record, Named("the roster"))
    for member in roster.members:
        _check_member(member)
    if len(roster.members) > MAX_MEMBERS:
        raise ShinraiError(message("The roster has more than {limit} members.", limit=MAX_MEMBERS))
    if len({member.id.casefold() for member in roster.members}) < roster.n:
        raise ShinraiError(message("Two members have ids that differ in capitals alone."), fix=_ASK_AGAIN)
    exposed = [member.id for member in roster.members if READS_RAW_EVIDENCE in member.causes]
    if len(exposed) > roster.f:
        raise ShinraiError(
            message(
                "{n} members read raw evidence; one instruction hidden in it could turn them all, and at most {f} of "
                "{all} may be turned.",
                n=len(exposed),
                f=roster.f,
                all=roster.n,
            ),
            fix=message("Give at most {f} seats to models that read raw evidence.", f=roster.f),
        )
    return roster


_ASK_AGAIN = message("Have the member enrol again, and make the roster anew.")


def _check_member(member: Member) -> None:
    if int.from_bytes(member.public, "little") & (2**255 - 1) >= _P:
        raise _refused(message("The key of {id} is not written in its one spelling.", id=member.id))
    if member.kind not in set(MemberKind):
        raise _refused(message("{id} is neither a tool nor a model nor a person.", id=member.id))
    if (member.kind == MemberKind.HUMAN) != (HUMAN in member.strata):
        raise _refused(message("People, and they alone, count for the stratum human; {id} does not fit.", id=member.id))
    if any(not 1 <= len(c) <= _CAUSE_LENGTH or not c.isascii() or not c.isprintable() for c in member.causes):
        raise _refused(message("A cause of {id} is not a short text of printable ASCII characters.", id=member.id))
    says = {READS_RAW_EVIDENCE, READS_NUMBERS_ONLY} & set(member.causes)
    if member.kind == MemberKind.MODEL and len(says) != 1:
        raise _refused(message("The roster does not say whether the model {id} reads raw evidence.", id=member.id))


def _refused(what: Message) -> ShinraiError:
    return ShinraiError(what, fix=_ASK_AGAIN)


def read_enrolment(data: bytes, place: str) -> dict[str, Any]:
    """Read the entry that a member made on its own machine."""
    with located(Place(place), _ASK_AGAIN):
        entry = strict_json(data, place, limit=65_536)
        identifier(entry.get("id") if isinstance(entry, dict) else None, place)
    return dict(entry)


def conflicts_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the declared conflicts of a roster's entries: member -> digests."""
    return {str(entry["id"]): tuple(map(str, entry.get("declaredConflicts", ()))) for entry in entries}
