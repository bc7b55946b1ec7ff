"""The log's own key is replaced: each key signs in its turn and nothing else, and only the old root can say so."""

import pytest

from shinrai_verify.encoding import Fault
from shinrai_verify.merkle import root
from shinrai_verify.note import LOG, WITNESS, NoteKey, Quorum
from shinrai_verify.trust import Outside, follow

from .corpus import _note
from .rotations import ROTATIONS, SIZE, listed, rotated, vkey
from .world import Key, said

GOOD = {
    "the new key in its turn",
    "the new key in its turn, in part",
    "the new key at its very size",
    "the old key up to its last size",
    "a third key",
    "keys of no log",
}
TURN = "V3 log/checkpoint is signed by a key of the log whose turn it was not"
ORDER = "V2 trust/root.2.json has log keys that do not follow one another"
REFUSED = {
    "the old key at a later head": TURN,
    "the new key at an earlier head": TURN,
    "both keys at once": TURN,
    "the second of three": TURN,
    "a key that nobody named": "V3 log/checkpoint is not signed by a log key that you trust",
    "keys of a log that the reader does not trust": "V3 log/checkpoint is not signed by a log key that you trust",
    "a rotation that the old root did not sign": "V2 trust/root.2.json is not signed by enough root keys",
    "a rotation by another root alone": "V2 trust/root.2.json is not signed by enough root keys",
    "keys that do not begin at the start": ORDER,
    "keys in another order": ORDER,
    "keys that begin together": ORDER,
    "a key that comes back": ORDER,
    "keys of two logs": ORDER,
    "keys that are rewritten": ORDER.replace("root.2", "root.3"),
    "keys that are dropped": ORDER.replace("root.2", "root.3"),
    "keys that begin with another than was named": ORDER,
    "keys of no form": "V2 trust/root.2.json lacks a valid field",
    "a key of no form": "V2 the log key log is not a C2SP verifier key",
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_each_key_signs_in_its_turn(name, tmp_path):
    outcome = ROTATIONS[name].verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (0, "")


@pytest.mark.parametrize("name", REFUSED)
def test_no_key_signs_out_of_its_turn(name, tmp_path):
    outcome = ROTATIONS[name].verified(tmp_path)
    assert (outcome.exit_code, REFUSED[name] in said(outcome)) == (1, True), said(outcome)


def test_every_case_is_expected():
    assert set(ROTATIONS) == GOOD | set(REFUSED)


def test_a_head_seen_under_the_old_key_is_continued_under_the_new(tmp_path):
    world = ROTATIONS["the new key in its turn"]
    earlier = world.leaves()[:5]
    seen = _note(5, root(earlier))
    outcome = world.verified(tmp_path, last_seen=seen)
    assert (outcome.exit_code, said(outcome)) == (0, "")
    # The old key cannot show a later past, nor the new one an earlier.
    late = _note(SIZE + 1, root(world.leaves()))
    assert "V4 the last seen checkpoint is signed by a key of the log" in said(world.verified(tmp_path, last_seen=late))
    early = _note(5, root(earlier), key="new-log")
    assert "whose turn it was not" in said(world.verified(tmp_path, last_seen=early))


def test_what_else_is_trusted_stays_when_a_log_has_turns():
    mine, other, witness = (NoteKey(name, Key(name).public) for name in ("log", "elsewhere", "witness"))
    quorum = Quorum((), {"w": NoteKey("witness", witness.public, WITNESS)}, {}, "w")
    outside = Outside((mine, other), frozenset({"ab" * 32}), quorum)
    one = (NoteKey("log", mine.public, LOG, 0, None),)
    two = (NoteKey("log", mine.public, LOG, 0, 9), NoteKey("log", Key("new").public, LOG, 9, None))
    for turns in (one, two):
        assert outside.in_turn(turns) == Outside((other, *turns), outside.tsa, quorum)
    # Turns of a log that is not trusted, or under a key that is not, give nothing.
    for turns in (
        (),
        (NoteKey("log", Key("new").public, LOG, 0, None),),
        (NoteKey("third", mine.public, LOG, 0, None),),
    ):
        assert outside.in_turn(turns) is outside


def test_turns_may_begin_where_no_log_was_named_and_only_with_the_one_that_was():
    def read(*documents):
        chain = rotated(*documents).chain
        return [trust.turns for trust in follow(chain, chain[0].payload_sha256)]

    first, second = {"logKeys": listed([("log", 0)])}, {"logKeys": listed([("log", 0), ("new-log", 5)])}
    named = {"logs": [vkey("log")]}
    assert [len(turns) for turns in read(named, named | first, named | second)] == [0, 1, 2]
    assert [len(turns) for turns in read(named, named)] == [0, 0]
    assert [len(turns) for turns in read({}, first, second)] == [0, 1, 2]
    # Once a log has turns, they go on whatever other logs a document names.
    elsewhere = {"logs": [vkey("log", "elsewhere.example/log")]}
    assert [len(turns) for turns in read(named, elsewhere | first, elsewhere | second)] == [0, 1, 2]
    with pytest.raises(Fault, match="do not follow one another"):
        read(named, named | {"logKeys": listed([("new-log", 0), ("log", 5)])})
    with pytest.raises(Fault, match="do not follow one another"):
        read(named, named | {"logKeys": listed([("log", 0)], "elsewhere.example/log")})
