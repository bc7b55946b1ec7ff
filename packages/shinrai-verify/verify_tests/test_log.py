"""Attacks on the log: entries changed, removed, moved or added, forks, rollbacks and other logs."""

import pytest

from shinrai.evidence.bundle import entry_tiles
from shinrai_verify import NAMESPACE
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line
from shinrai_verify.statements import BALLOT, EVIDENCE, PLAN, REVOCATION, WITHHELD, leaf_bytes
from shinrai_verify.tiles import tile_names
from shinrai_verify.trust import TRUST

from .world import ORIGIN, Key, World, put, said, sha256

PLAIN = World()
ENTRIES = PLAIN.entries()
LEAVES = PLAIN.leaves()
SIZE = len(LEAVES)
TILE = f"log/tile/entries/000.p/{SIZE}"


def foreign(number: int) -> bytes:
    """Return an entry of somebody else."""
    return leaf_bytes("ab" * 32, "AAAA", "ab" * 32, "ab" * 32, "cd" * 32, str(number))


STRANGE = foreign(0)
STRANGER = leaf_hash(STRANGE)
OTHER = "example.org/other"


def note(leaves, origin=ORIGIN, key="log", size=None):
    """Sign a head over these leaves."""
    head = Checkpoint(origin, len(leaves) if size is None else size, root(leaves))
    return (
        head.text + "\n" + signature_line(NoteKey(origin, Key(key).public), Key(key).sign(head.text.encode()))
    ).encode()


def both_logs(policy):
    """Edit a policy so that it names a second log with its own key."""
    return policy | {"logs": [*policy["logs"], str(NoteKey(OTHER, Key("other").public))]}


# Without the log's key: the tiles no longer match the head.

WITHOUT_THE_KEY = {
    "an entry changed": [*ENTRIES[:5], STRANGE, *ENTRIES[6:]],
    "the last entry removed": ENTRIES[:-1],
    "an entry removed": ENTRIES[:5] + ENTRIES[6:],
    "two entries swapped": [*ENTRIES[:5], ENTRIES[6], ENTRIES[5], *ENTRIES[7:]],
    "an entry added": [*ENTRIES, STRANGE],
    "an entry inserted": [*ENTRIES[:5], STRANGE, *ENTRIES[5:]],
    "all entries removed": [],
}


@pytest.mark.parametrize("name", WITHOUT_THE_KEY)
def test_a_log_that_was_touched_does_not_match_its_head(tmp_path, name):
    changed = WITHOUT_THE_KEY[name]
    rest = {**PLAIN.contents()}
    del rest[TILE]
    named = {**rest, TILE: b"".join(data for _, data in entry_tiles(changed))}
    outcome = World(files=lambda _: named).verified(tmp_path)
    assert outcome.exit_code == 1
    told = ("the log does not match its signed head", f"does not hold {SIZE} entries", "is not valid JSON")
    assert any(word in said(outcome) for word in told)
    fitting = {**rest, **dict(entry_tiles(changed))}
    outcome = World(files=lambda _: fitting).verified(tmp_path)
    assert outcome.exit_code == 1
    assert "V3 " in said(outcome)


# With the log's key: the head is good, but what the bundle says does not stand in it.


@pytest.mark.parametrize("place", range(SIZE))
def test_an_entry_removed_by_the_log_itself_is_missed(tmp_path, place):
    outcome = World(edits={"entries": lambda entries: entries[:place] + entries[place + 1 :]}).verified(tmp_path)
    assert (outcome.exit_code, "is not in the log" in said(outcome)) == (1, True)


def test_an_entry_replaced_by_the_log_itself_is_missed(tmp_path):
    outcome = World(edits={"entries": lambda entries: [*entries[:7], STRANGE, *entries[8:]]}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V5 attestations.intoto.jsonl:8 is not in the log")


def test_an_entry_logged_twice_is_refused(tmp_path):
    outcome = World(edits={"entries": lambda entries: [*entries, entries[0]]}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V3 the log holds an entry twice")


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (b"{", f"{TILE[:-2]}{SIZE + 1} is not valid JSON"),
        (b"[]", f"{TILE[:-2]}{SIZE + 1} is not an object"),
        (STRANGE.replace(b'"pae"', b'"pea"'), f"{TILE[:-2]}{SIZE + 1} lacks a valid field “pae”"),
        (STRANGE.replace(b":", b": ", 1), f"{TILE[:-2]}{SIZE + 1} is not in the form that Shinrai writes"),
    ],
)
def test_an_entry_of_another_form_is_named_with_its_tile(tmp_path, entry, what):
    outcome = World(edits={"entries": lambda entries: [*entries, entry]}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, f"V3 {what}")


@pytest.mark.parametrize(
    ("kind", "subject", "ours"),
    [
        (WITHHELD, sha256(PLAIN.blobs["rows"]), True),
        (WITHHELD, "cd" * 32, False),
        ("https://example.org/other", sha256(PLAIN.blobs["rows"]), False),
        (PLAN, PLAIN.subject[1], True),
        (PLAN, "cd" * 32, False),
        (EVIDENCE, PLAIN.subject[1], False),
        (TRUST, "cd" * 32, True),
        (REVOCATION, "cd" * 32, True),
        (BALLOT, PLAIN.bundle_id, True),
    ],
)
def test_entries_that_have_to_be_here_are_told_by_what_they_are_about(tmp_path, kind, subject, ours):
    more = leaf_bytes("ab" * 32, "AAAA", "ab" * 32, "ab" * 32, subject, kind)
    outcome = World(edits={"entries": lambda entries: [*entries, more]}).verified(tmp_path)
    missing = f"that are not here: {SIZE} ({kind.removeprefix(NAMESPACE)})"
    assert (outcome.exit_code, missing in said(outcome)) == ((2, True) if ours else (0, False))


def test_all_entries_that_are_missing_are_named(tmp_path):
    more = [leaf_bytes("ab" * 32, "AAAA", "ab" * 32, f"{n:064x}", "cd" * 32, TRUST) for n in range(2)]
    outcome = World(edits={"entries": lambda entries: [*entries, *more]}).verified(tmp_path)
    assert said(outcome).endswith(f"not here: {SIZE} (trust/v1), {SIZE + 1} (trust/v1)")


def test_entries_of_other_bundles_in_the_log_are_nobody_else_s_business(tmp_path):
    more = [foreign(number) for number in range(300)]
    outcome = World(edits={"entries": lambda entries: entries + more}).verified(tmp_path)
    assert (outcome.exit_code, outcome.checkpoint.size) == (0, SIZE + 300)


def test_tiles_are_named_in_threes_as_the_standard_shows():
    names = [name for name, _ in tile_names(256 * 1234 + 1, "entries")]
    assert (names[0], names[999]) == ("log/tile/entries/000", "log/tile/entries/999")
    assert names[1000:1002] == ["log/tile/entries/x001/000", "log/tile/entries/x001/001"]
    assert names[-1] == "log/tile/entries/x001/234.p/1"
    assert tile_names(256)[0] == ("log/tile/0/000", 256)


# Other keys and other logs.


def test_a_head_signed_by_another_key_is_refused(tmp_path):
    outcome = World(log_key="stranger").verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V3 log/checkpoint is not signed by a log key that you trust")


def test_a_policy_with_another_log_key_refuses(tmp_path):
    key = str(NoteKey(ORIGIN, Key("stranger").public))
    outcome = World(edits={"policy": put("logs", [key])}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V3 log/checkpoint is not signed by a log key that you trust")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace(f"\n{SIZE}\n", f"\n0{SIZE}\n"), "has a number that is not written plainly"),
        (lambda text: text.replace("=\n", "\n"), "has a field that is not valid base64"),
    ],
)
def test_a_signed_head_of_another_form_is_named(tmp_path, change, what):
    def signed(note):
        text = change(note.decode().partition("\n\n")[0] + "\n")
        made = signature_line(NoteKey(ORIGIN, Key("log").public), Key("log").sign(text.encode()))
        return f"{text}\n{made}".encode()

    outcome = World(edits={"note": signed}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, f"V3 log/checkpoint {what}")


def test_a_policy_with_no_log_refuses(tmp_path):
    assert World(edits={"policy": put("logs", [])}).verified(tmp_path).exit_code == 1


def test_a_policy_that_pins_another_trust_document_refuses(tmp_path):
    outcome = World(edits={"policy": put("root", "ab" * 32)}).verified(tmp_path)
    assert said(outcome) == "V2 trust/root.1.json is not the trust document that you were given to trust"


def test_the_key_of_one_log_cannot_speak_for_another(tmp_path):
    head = Checkpoint(ORIGIN, SIZE, root(LEAVES))
    forged = (
        head.text + "\n" + signature_line(NoteKey(OTHER, Key("other").public), Key("other").sign(head.text.encode()))
    )
    world = World(edits={"policy": both_logs}, files=lambda files: {**files, "log/checkpoint": forged.encode()})
    outcome = world.verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V3 log/checkpoint is not signed by a log key that you trust")


@pytest.mark.parametrize("size", [SIZE + 256 * 14, 2**40, 10**18])
def test_a_size_that_nothing_can_hold_is_refused_at_once(tmp_path, size):
    outcome = World(files=lambda files: {**files, "log/checkpoint": note(LEAVES, size=size)}).verified(tmp_path)
    assert "does not hold that many" in said(outcome) or "the bundle has no log/tile/0/000" in said(outcome)
    assert outcome.exit_code == 1


@pytest.mark.parametrize("name", ["log/tile/0/001.p/1", "log/tile/entries/001.p/1", "log/extra", f"{TILE}0"])
def test_files_of_the_log_that_nothing_accounts_for_are_refused(tmp_path, name):
    outcome = World(files=lambda files: {**files, name: b""}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, f"V5 the bundle holds a file named {name}, which is not allowed")


# What the outsider remembers (V4).


def test_without_memory_a_rollback_cannot_be_seen_and_that_is_said(tmp_path):
    outcome = PLAIN.verified(tmp_path)
    assert any("an older copy of the log would go unnoticed" in step.text for step in outcome.steps)


@pytest.mark.parametrize("seen", [0, 1, 7, SIZE - 1, SIZE])
def test_a_log_that_grew_continues_what_was_seen(tmp_path, seen):
    outcome = PLAIN.verified(tmp_path, last_seen=note(LEAVES[:seen]))
    assert (outcome.exit_code, said(outcome)) == (0, "")
    assert any(step.code == "V4" and step.fields == {"m": seen} for step in outcome.steps)


REMEMBERED = {
    "an older bundle": (note([*LEAVES, STRANGER]), "the bundle is older than what you have seen: its log has"),
    "a fork of the same size": (note([*LEAVES[:-1], STRANGER]), "the log was rewritten since you last saw it"),
    "a fork of another size": (note([*LEAVES[:5], STRANGER]), "the log was rewritten since you last saw it"),
    "another log": (note(LEAVES[:5], OTHER, "other"), "the last seen checkpoint is of another log"),
    "a memory signed by a stranger": (
        note(LEAVES, key="stranger"),
        "the last seen checkpoint is not signed by a log key",
    ),
    "a memory that was changed": (note(LEAVES).replace(b"\n", b"0\n", 1), "the signature of"),
    "no checkpoint": (b"hello\n", "the last seen checkpoint is not a signed note"),
}


@pytest.mark.parametrize("name", REMEMBERED)
def test_what_does_not_continue_the_log_that_was_seen_is_refused(tmp_path, name):
    seen, expected = REMEMBERED[name]
    outcome = World(edits={"policy": both_logs}).verified(tmp_path, last_seen=seen)
    assert outcome.exit_code == 1
    assert f"V4 {expected}" in said(outcome) or expected in said(outcome)


def test_a_split_view_is_seen_when_two_outsiders_compare(tmp_path):
    # A saw one continuation of the log, B another; each alone verifies, A's memory refuses B's bundle.
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    one = World(edits={"entries": lambda entries: [*entries, foreign(1)]})
    two = World(edits={"entries": lambda entries: [*entries, foreign(2), foreign(3)]})
    seen = one.verified(folders[0])
    assert seen.exit_code == two.verified(folders[1]).exit_code == 0
    outcome = two.verified(folders[1], last_seen=seen.checkpoint_note)
    assert (outcome.exit_code, said(outcome)) == (1, "V4 the log was rewritten since you last saw it")


def test_a_continuation_that_nobody_asked_for_is_refused_and_not_left_unread(tmp_path):
    part = World(proofs=True, seen=(5,))
    assert part.verified(tmp_path, last_seen=note(LEAVES[:5])).exit_code == 0
    words = "V5 log/consistency/5 continues no checkpoint that you gave"
    for outcome in (part.verified(tmp_path), part.verified(tmp_path, last_seen=note(LEAVES))):
        assert (outcome.exit_code, said(outcome).startswith(words)) == (1, True)
    whole = World(files=lambda files: {**files, "log/consistency/5": b"anything"}).verified(tmp_path)
    assert (whole.exit_code, said(whole).startswith(words)) == (1, True)


def test_an_entry_that_is_spelt_otherwise_is_refused(tmp_path):
    spaced = World(edits={"entries": lambda entries: [*entries, entries[0].replace(b"{", b"{ ")]})
    outcome = spaced.verified(tmp_path)
    assert "log/tile/entries/000.p/33 is not in the form that Shinrai writes" in said(outcome)
    assert outcome.exit_code == 1
