"""The file in which a council's seats are planned: YAML, before any member has a key.

council: 1
seats:
  - id: recompute-1
    kind: tool              # tool, model or human
    operator: audit-office  # who runs it
    domain: audit-office    # what fails with it
    causes: [host:office-1, program:recompute]
    strata: [recompute]     # optional; people count for human without being told
    conflicts: []           # optional: SHA-256 of bundles on which the member does not vote
required: {recompute: 1}    # optional: strata without which nothing is certified
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinrai.council.default_rosters import default_roster
from shinrai.council.members import MAX_MEMBERS, MemberKind, SeatPlan
from shinrai.evaluate.scorers.settings import as_count
from shinrai.frameworks.located import (
    Fields,
    Node,
    as_choice,
    as_fields,
    as_items,
    as_match,
    as_tuple,
    as_word,
    read_yaml,
)
from shinrai.language import Place, ShinraiError, message
from shinrai_verify.encoding import IDENTIFIER, SHA256_HEX

MAX_BYTES = 1024 * 1024
_CAUSE = re.compile(r"[a-z][a-z-]{0,31}(:[A-Za-z0-9][A-Za-z0-9._/-]{0,90})?", re.ASCII)
_NEEDED, _OPTIONAL = ("id", "kind", "operator", "domain"), ("causes", "strata", "conflicts")


@dataclass(frozen=True, slots=True)
class SeatsFile:
    """Planned seats, and the strata that the roster demands."""

    seats: tuple[SeatPlan, ...]
    required: Mapping[str, int]


def read_seats(path: Path) -> SeatsFile:
    """Read a file of planned seats; ShinraiError with line and field of what is wrong."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    if len(data) > MAX_BYTES:
        raise ShinraiError(message("The file has more than {limit} bytes.", limit=MAX_BYTES), place=Place(path.name))
    root = as_fields(read_yaml(data, path.name), ("council", "seats"), ("required",))
    as_word(root.values["council"], ("1",))
    nodes = as_items(root.values["seats"])
    if not 4 <= len(nodes) <= MAX_MEMBERS:
        raise ShinraiError(
            message("A council has {low} to {high} seats, here are {n}.", low=4, high=MAX_MEMBERS, n=len(nodes)),
            place=root.values["seats"].place,
        )
    seats = tuple(_seat(node) for node in nodes)
    _check_once(seats, nodes)
    return SeatsFile(seats, _required(root))


def _required(root: Fields) -> dict[str, int]:
    if "required" not in root.values:
        return {}
    node = root.values["required"]
    names = tuple(node.values) if isinstance(node, Fields) else ()
    return {name: as_count(each, 0, MAX_MEMBERS) for name, each in as_fields(node, (), names).values.items()}


def _seat(node: Node) -> SeatPlan:
    given = as_fields(node, _NEEDED, _OPTIONAL).values
    digest = message("a SHA-256 in lowercase hex")
    wanted = message("letters, digits, “.”, “_” and “-”")
    return SeatPlan(
        as_match(given["id"], IDENTIFIER, wanted),
        as_choice(given["kind"], MemberKind),
        as_match(given["operator"], IDENTIFIER, wanted),
        as_match(given["domain"], IDENTIFIER, wanted),
        as_tuple(given.get("causes"), lambda each: as_match(each, _CAUSE, message("a cause like `host:name`"))),
        as_tuple(given.get("strata"), lambda each: as_match(each, IDENTIFIER, wanted)),
        as_tuple(given.get("conflicts"), lambda each: as_match(each, SHA256_HEX, digest)),
    )


def _check_once(seats: Sequence[SeatPlan], nodes: Sequence[Node]) -> None:
    seen: set[str] = set()
    for seat, node in zip(seats, nodes, strict=True):
        if seat.id.casefold() in seen:
            raise ShinraiError(message("There are two seats “{id}”.", id=seat.id), place=node.place)
        seen.add(seat.id.casefold())


def seats_template(seats: int) -> str:
    """Return a file to start from, for 4, 7 or 33 seats."""
    lines = [
        "# Seats of a council. Replace operators, hosts, families and domains by the real ones: whatever",
        "# more than f members share, in truth, is what the council does not withstand.",
        "council: 1",
        "seats:",
    ]
    for plan in default_roster(seats):
        lines += [
            f"  - id: {plan.id}",
            f"    kind: {plan.kind.value}",
            f"    operator: {plan.operator}",
            f"    domain: {plan.domain}",
        ]
        lines += [f"    causes: [{', '.join(plan.causes)}]"] if plan.causes else []
        lines += [f"    strata: [{', '.join(plan.strata)}]"] if plan.strata else []
    return "\n".join(lines) + "\n"
