"""Bundles in which a content was erased, or was not; both verifiers judge them."""

from typing import Any

from shinrai_verify import verify as formats
from shinrai_verify.dsse import Envelope, Statement

from .test_insiders import added
from .world import World, sha256, sign

_PLAIN = World()


def declared(*names: str, signer: str = "admin", about: dict[str, Any] | None = None) -> Envelope:
    """Return the signed declaration that contents of a plain world are erased."""
    named = [sha256(_PLAIN.blobs[name]) for name in names]
    items = [{"digest": {"sha256": digest}} for digest in named]
    said = {"items": items, "reason": "erasure was asked for", "when": "2026-02-01T00:00:00Z"} | (about or {})
    return sign(Statement("withheld", named[0], formats.WITHHELD, said), signer)


def erased(*envelopes: Envelope, gone: tuple[str, ...] = (), hidden: bool = False, **more: Any) -> World:
    """Return a world whose log ends with these entries. gone: contents that the bundle lacks; hidden: show none."""
    files = {f"blobs/sha256/{sha256(_PLAIN.blobs[name])}" for name in gone}
    return World(
        arrange=added("assessment", *envelopes),
        show=(lambda log: [e for e in log if not e[0].startswith("added")]) if hidden else (lambda log: log),
        files=lambda all_: {name: data for name, data in all_.items() if name not in files},
        **more,
    )


ERASURES = {
    "erased rows": erased(declared("rows"), gone=("rows",)),
    "erased rows that are withheld": erased(declared("rows"), withhold=True),
    "erased rows in a part of the log": erased(declared("rows"), gone=("rows",), proofs=True),
    "erased measurement": erased(declared("m0"), gone=("m0",)),
    "erased measurements and rows": erased(declared("m0"), declared("m1", "rows"), gone=("m0", "m1", "rows")),
    "a measurement that is gone without a word": erased(gone=("m0",)),
    "erased twice": erased(declared("rows"), declared("rows", "m1"), gone=("rows", "m1")),
    "declared erased and there": erased(declared("rows")),
    "a measurement declared erased and there": erased(declared("m0")),
    "two declared erased and there": erased(declared("rows", "m1")),
    "an erasure that is hidden": erased(declared("rows"), gone=("rows",), hidden=True),
    "an erasure of nothing here": erased(
        declared("rows", about={"items": [{"digest": {"sha256": "0" * 64}}]}), gone=("rows",)
    ),
    "an erasure by a producer": erased(declared("rows", signer="producer"), gone=("rows",)),
    "an erasure without a reason": erased(declared("rows", about={"reason": None}), gone=("rows",)),
    "an erasure without a digest": erased(declared("rows", about={"items": [{}]}), gone=("rows",)),
    "an erased measurement told otherwise": erased(
        declared("m0"),
        gone=("m0",),
        edits={"document": lambda doc: doc | {"measurements": [doc["measurements"][0] | {"shows": []}]}},
    ),
}
