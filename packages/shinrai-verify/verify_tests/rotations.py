"""Bundles of a log whose own key was replaced; both verifiers judge them."""

from collections.abc import Mapping, Sequence
from typing import Any

from shinrai_verify.dsse import Statement
from shinrai_verify.merkle import root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line
from shinrai_verify.trust import TRUST

from .world import ORIGIN, Key, World, sign, trust_document

SIZE = len(World().leaves())
Turns = Sequence[tuple[str, int]]


def vkey(name: str, origin: str = ORIGIN) -> str:
    return str(NoteKey(origin, Key(name).public))


def listed(turns: Turns, origin: str = ORIGIN) -> list[dict[str, Any]]:
    return [{"from": start, "key": vkey(name, origin)} for name, start in turns]


def rotated(*documents: Mapping[str, Any], signers: Sequence[str] = ("root",), by: str = "log", **more: Any) -> World:
    """Return a world with a trust document for each of these changes. by: the key that signs the log's head."""
    chain: list[tuple[dict[str, Any], Sequence[str]]] = []
    prev = None
    for version, changes in enumerate(documents, start=1):
        document = trust_document(version=version, prev=prev) | changes
        keys = ["root"] if version < len(documents) else signers
        chain.append((document, keys))
        prev = sign(Statement("trust", "0" * 64, TRUST, document), *keys).payload_sha256
    return World(trust=chain, log_key=by, **more)


def _both(world: World) -> World:
    """Have the old key sign the head, too."""
    leaves = world.leaves()
    text = Checkpoint(ORIGIN, len(leaves), root(leaves)).text
    lines = [signature_line(NoteKey(ORIGIN, Key(n).public), Key(n).sign(text.encode())) for n in ("new-log", "log")]
    return World(trust=world.trust, edits={"note": lambda _: (text + "\n" + "".join(lines)).encode()})


def _grown(turns: Turns, **more: Any) -> World:
    return rotated({}, {"logKeys": listed(turns)}, **more)


def _before(size: int) -> Turns:
    return [("log", 0), ("new-log", size)]


ROTATIONS = {
    "the new key in its turn": _grown(_before(SIZE), by="new-log"),
    "the new key in its turn, in part": _grown(_before(SIZE), by="new-log", proofs=True),
    "the new key at its very size": _grown(_before(SIZE + 1), by="new-log"),
    "the old key up to its last size": _grown(_before(SIZE + 2), by="log"),
    "the old key at a later head": _grown(_before(SIZE + 1), by="log"),
    "the new key at an earlier head": _grown(_before(SIZE + 2), by="new-log"),
    "both keys at once": _both(_grown(_before(5), by="new-log")),
    "a key that nobody named": _grown(_before(5), by="other-log"),
    "a third key": _grown([*_before(5), ("third-log", 9)], by="third-log"),
    "the second of three": _grown([*_before(5), ("third-log", 9)], by="new-log"),
    "a rotation that the old root did not sign": _grown(_before(5), by="new-log", signers=("other-root",)),
    "a rotation by another root alone": rotated(
        {},
        {name: trust_document(root=["root-b"])[name] for name in ("keys", "roles")} | {"logKeys": listed(_before(5))},
        signers=("root-b",),
        by="new-log",
    ),
    "keys that do not begin at the start": _grown([("log", 1), ("new-log", 5)], by="new-log"),
    "keys in another order": _grown([("log", 0), ("third-log", 9), ("new-log", 5)], by="third-log"),
    "keys that begin together": _grown([("log", 0), ("new-log", 0)], by="new-log"),
    "a key that comes back": _grown([*_before(5), ("log", 9)], by="log"),
    "keys of two logs": rotated(
        {}, {"logKeys": [*listed([("log", 0)]), *listed([("new-log", 5)], "example.org/other")]}, by="new-log"
    ),
    "keys that are rewritten": rotated(
        {}, {"logKeys": listed(_before(5))}, {"logKeys": listed([("log", 0), ("other-log", 5)])}, by="other-log"
    ),
    "keys that are dropped": rotated({}, {"logKeys": listed(_before(5))}, {}, by="log"),
    "keys that begin with another than was named": rotated(
        {"logs": [vkey("first-log")]}, {"logKeys": listed(_before(5))}, by="new-log"
    ),
    "keys of a log that the reader does not trust": _grown([("other-log", 0), ("new-log", 5)], by="new-log"),
    "keys of no log": _grown([], by="log"),
    "keys of no form": rotated({}, {"logKeys": [{"from": "0", "key": vkey("log")}]}),
    "a key of no form": rotated({}, {"logKeys": [{"from": 0, "key": "log"}]}),
}
