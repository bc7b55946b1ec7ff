"""Bundles whose council met twice, sealed and with known answers: each round's statements are its own."""

from collections.abc import Sequence
from typing import Any

from shinrai_verify.dsse import Envelope

from .test_insiders import added, without
from .world import ATTESTED, MEASURED, SEATS, Edit, World, put

KNOWN = {MEASURED: "pass", ATTESTED: "fail"}
SEALED: dict[str, Any] = {"edits": {"round": put("sealed", True)}, "seals": SEATS, "canaries": KNOWN}
SPLIT = {(name, control): ["fail"] for name in SEATS[:2] for control in (MEASURED, ATTESTED)}
FIRST = World(votes=SPLIT, **SEALED)
"""The round that came to nothing; three votes of five certify nothing."""


def _of_first(*left_out: str) -> list[Envelope]:
    names = [name for name, _ in FIRST.log]
    log = FIRST.log[names.index("round") : names.index("assessment")]
    return [envelope for name, envelope in log if name not in left_out]


def again(*left_out: str, entries: Sequence[Envelope] | None = None, **edits: Edit) -> World:
    """Return a world whose council met again. left_out: what the first round lacks; edits: of the second round."""
    second = {"attempt": 2, "prevRound": FIRST.round.payload_sha256, "sealed": True}
    return World(
        arrange=added("canaries", *(_of_first(*left_out) if entries is None else entries)),
        edits={"round": lambda about: about | second, **edits},
        seals=SEATS,
        canaries=KNOWN,
    )


def _hidden(name: str) -> Edit:
    """Return a view of the log without one entry of the first round."""
    digest = dict(FIRST.log)[name].payload_sha256
    return lambda log: [entry for entry in log if entry[1].payload_sha256 != digest]


def showing(show: Edit) -> World:
    """Return the same world, shown otherwise."""
    whole = again()
    return World(arrange=whole.arrange, edits=whole.edits, seals=SEATS, canaries=KNOWN, show=show)


CERTIFIED = World(**SEALED)
"""A first round that certified both controls."""


def overturned() -> World:
    """Return a world whose first round certified what its second one left open."""
    names = [name for name, _ in CERTIFIED.log]
    first = [envelope for _, envelope in CERTIFIED.log[names.index("round") : names.index("assessment")]]
    about = {"attempt": 2, "prevRound": CERTIFIED.round.payload_sha256, "sealed": True}
    kept = {f"first {control}": data for control, data in CERTIFIED.certificates.items()}
    return World(
        votes=SPLIT,
        arrange=added("canaries", *first),
        edits={"round": lambda found: found | about, "certificates": lambda all_: all_ | kept},
        seals=SEATS,
        canaries=KNOWN,
    )


ATTEMPTS = {
    "a second attempt that overturns the first": (overturned(), 0),
    "a second attempt": (again(), 0),
    "a second attempt after one that was not summed up": (again("verdict"), 0),
    "a second attempt after one that was not closed": (again("close", "verdict"), 0),
    "a second attempt after one that was not opened": (again("reveal"), 0),
    "a second attempt after one whose answers were not told": (again("answers"), 0),
    "a second attempt whose close is hidden": (showing(without("close")), 1),
    "a second attempt whose verdict is hidden": (showing(without("verdict")), 1),
    "a second attempt whose reveal is hidden": (showing(without("reveal")), 1),
    "a second attempt whose answers are hidden": (showing(without("answers")), 2),
    "a second attempt that hides the first one": (showing(_hidden("round")), 1),
    "a second attempt that hides a vote of the first": (showing(_hidden("zenith X-1.measured ballot")), 2),
    "a second attempt that calls itself the first": (again(round=put("sealed", True)), 1),
    "a second attempt that calls itself the third": (
        again(round=lambda about: about | {"attempt": 3, "prevRound": FIRST.round.payload_sha256, "sealed": True}),
        1,
    ),
}
"""Worlds, and the class of each."""
