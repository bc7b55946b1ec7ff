"""The full check: whatever row is changed, deleted, added or swapped, it says which one and what to do (A4)."""

import tracemalloc
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from shinrai.evidence import Store, ensure_trust, sign
from shinrai.evidence.findings import LIMIT
from shinrai.evidence.fsck import fsck
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import Item, Subject, evidence_statement
from shinrai.evidence.store import Addition
from shinrai.evidence.withholding import withheld_statement
from shinrai.language import Language, Message, ShinraiError
from shinrai_verify.dsse import Statement
from shinrai_verify.trust import TRUST

from .conftest import Snapshot, World, meddle

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SIZE = 11


def found(store: Store, world: World, table: str) -> list[str]:
    return [f.row for f in fsck(store, keys=world.keys).findings if f.table == table]


def test_a_sound_log_has_no_findings(world: World) -> None:
    report = fsck(world.filled(3, SIZE), keys=world.keys)
    assert report.sound
    assert (report.entries, report.nodes, report.checkpoints, report.contents, report.signatures) == (11, 8, 2, 11, 11)


def test_an_empty_log_is_sound(world: World) -> None:
    store = world.store()
    assert fsck(store).sound
    store.publish()
    assert fsck(store).sound


ENTRY_CHANGES = [
    "UPDATE log_leaf SET entry = (SELECT entry FROM log_leaf WHERE idx = :other) WHERE idx = :index",
    "UPDATE log_leaf SET leaf_hash = (SELECT sha256 FROM blob LIMIT 1) WHERE idx = :index",
    "UPDATE log_leaf SET payload = (SELECT payload FROM log_leaf WHERE idx = :other) WHERE idx = :index",
    "UPDATE log_leaf SET predicate_type = 'x' WHERE idx = :index",
    "DELETE FROM log_leaf WHERE idx = :index",
]


def test_a4_every_entry_is_watched(world: World) -> None:
    store = world.filled(3, SIZE)
    before = Snapshot.of(store)
    for index in (0, 3, SIZE - 1):
        for change in ENTRY_CHANGES:
            values = {"index": index, "other": (index + 1) % SIZE}
            assert meddle(store, change, **{name: v for name, v in values.items() if f":{name}" in change}) == 1
            findings = fsck(store, keys=world.keys).findings
            # The last entry, deleted, is missed by the log as a whole.
            assert {(f.table, f.row) for f in findings} & {("log_leaf", str(index)), ("log", "1")}, (index, change)
            assert [f for f in findings if f.table == "log_node"] == [], (index, change)
            before.restore()
    assert fsck(store, keys=world.keys).sound


def test_a4_every_node_is_watched(world: World) -> None:
    store = world.filled(3, SIZE)
    before = Snapshot.of(store)
    for level, width in ((1, 5), (2, 2), (3, 1)):
        for index in range(width):
            for change in ("UPDATE log_node SET hash = (SELECT sha256 FROM blob LIMIT 1)", "DELETE FROM log_node"):
                assert meddle(store, f"{change} WHERE level = :l AND idx = :i", l=level, i=index) == 1
                assert found(store, world, "log_node") == [f"{level}/{index}"]
                before.restore()
    assert fsck(store, keys=world.keys).sound


CHANGES = [
    ("UPDATE log SET size = 5", "log_leaf", "10"),
    ("UPDATE log SET size = 1000000000000000000", "log", "1"),
    ("UPDATE log SET origin = 'other'", "log", "1"),
    ("INSERT INTO log_leaf SELECT log_id, 99, sha256, entry, payload, predicate_type FROM log_leaf JOIN blob "
     "ON sha256 <> leaf_hash WHERE idx = 1 LIMIT 1", "log_leaf", "99"),
    ("INSERT INTO log_node SELECT log_id, 7, 0, hash FROM log_node WHERE level = 3", "log_node", "7/0"),
    ("UPDATE log_checkpoint SET root = (SELECT sha256 FROM blob LIMIT 1) WHERE size = 3", "log_checkpoint", "3"),
    ("UPDATE log_checkpoint SET note = replace(note, 'shinrai', 'shinrei') WHERE size = 11", "log_checkpoint", "11"),
    ("UPDATE log_checkpoint SET size = 4 WHERE size = 3", "log_checkpoint", "4"),
    ("UPDATE log_checkpoint SET size = 40 WHERE size = 11", "log_checkpoint", "40"),
    ("UPDATE blob SET size = size + 1 WHERE sha256 = (SELECT payload FROM log_leaf WHERE idx = 2)", "blob", ""),
    ("UPDATE blob SET data = (SELECT entry FROM log_leaf WHERE idx = 2) WHERE sha256 = "
     "(SELECT payload FROM log_leaf WHERE idx = 2)", "blob", ""),
    ("UPDATE blob SET data = NULL WHERE sha256 = (SELECT payload FROM log_leaf WHERE idx = 2)", "log_leaf", "2"),
    ("DELETE FROM blob WHERE sha256 = (SELECT payload FROM log_leaf WHERE idx = 2)", "log_leaf", "2"),
    ("INSERT INTO run_step VALUES ('r', 's', 0, 11)", "run_step", "r/s"),
]  # fmt: skip


def test_a4_every_other_table_is_watched(world: World) -> None:
    store = world.filled(3, SIZE)
    before = Snapshot.of(store)
    for change, table, row in CHANGES:
        assert meddle(store, change) >= 1
        rows = found(store, world, table)
        assert row in rows or (rows and not row), change
        before.restore()
    assert fsck(store, keys=world.keys).sound


TYPES = [
    ("UPDATE log SET size = 'x'", "log"),
    ("UPDATE log_leaf SET idx = 'x' WHERE idx = 2", "log_leaf"),
    ("UPDATE log_leaf SET entry = 'x' WHERE idx = 2", "log_leaf"),
    ("UPDATE log_leaf SET entry = CAST(x'ff00' AS TEXT) WHERE idx = 2", "log_leaf"),
    ("UPDATE log_leaf SET payload = 7 WHERE idx = 2", "log_leaf"),
    ("UPDATE log_node SET level = 'x' WHERE level = 2 AND idx = 1", "log_node"),
    ("UPDATE log_node SET idx = 'x' WHERE level = 2 AND idx = 1", "log_node"),
    ("UPDATE log_checkpoint SET size = 'x' WHERE size = 11", "log_checkpoint"),
    ("UPDATE log_checkpoint SET note = x'ff' WHERE size = 11", "log_checkpoint"),
    ("UPDATE blob SET data = 7", "blob"),
    ("UPDATE blob SET size = 'x'", "blob"),
    ("UPDATE run_step SET idx = 'x'", "run_step"),
]


def test_a4_what_is_of_another_type_is_found_too(embedded: World) -> None:
    """SQLite takes anything in any column."""
    store = embedded.filled(3, SIZE)
    store.finish("r", "s", 0)
    before = Snapshot.of(store)
    for change, table in TYPES:
        assert meddle(store, f"{change}") >= 1
        assert found(store, embedded, table), change
        before.restore()
    assert fsck(store, keys=embedded.keys).sound


def test_a4_two_entries_that_change_places_are_found(world: World) -> None:
    store = world.filled(3, SIZE)
    for change in ("idx = 99 WHERE idx = 1", "idx = 1 WHERE idx = 2", "idx = 2 WHERE idx = 99"):
        meddle(store, f"UPDATE log_leaf SET {change}")
    # Each entry still hashes to what stands beside it: the tree does not.
    assert found(store, world, "log_node") == ["1/0", "1/1"]


def test_a4_a_history_that_was_written_anew_is_found_by_what_was_signed(world: World) -> None:
    """All hashes fit each other; the signed checkpoints do not, and the finding says where the good part ends."""
    store = world.filled(3, 6, SIZE)
    with store.engine.connect() as db:
        notes = db.execute(sa.text("SELECT size, root, note FROM log_checkpoint")).all()
    mark = (world.home.keys / "log-high-water.json").read_bytes()
    for table in ("log_timestamp", "log_checkpoint", "log_node", "log_leaf"):
        meddle(store, f"DELETE FROM {table}")
    meddle(store, "UPDATE log SET size = 0")
    texts = [f"entry {number}" for number in range(SIZE)]
    store.append(world.addition([*texts[:4], "forged", *texts[5:]]))
    for size, head, note in notes:
        meddle(store, "INSERT INTO log_checkpoint VALUES (1, :s, :r, :n)", s=size, r=head, n=note)
    (world.home.keys / "log-high-water.json").write_bytes(mark)
    report = fsck(store, keys=world.keys)
    texts = [str(finding) for finding in report.findings]
    assert [f.row for f in report.findings if f.table == "log_checkpoint"] == ["6", "11"]
    assert sum("those up to entry 2 are" in text for text in texts) == 2
    assert any("does not continue the 11" in text for text in texts)


def test_a_signature_by_an_unknown_key_is_found(world: World) -> None:
    store = world.filled(2)
    said = [str(finding) for finding in fsck(store).findings]
    assert said == [f"log_leaf {n}: its signature is not good, or its key is not known" for n in range(2)]


def test_the_keys_come_from_the_documents_in_the_log(world: World) -> None:
    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    store.append(world.addition(["a"]))
    store.publish()
    assert fsck(store).sound


def test_a_trust_document_that_does_not_follow_is_found(world: World) -> None:
    store = world.store()
    (first,) = ensure_trust(world.home, store, {}, NOW)
    document = {**first.statement.predicate, "version": 2, "prev": "0" * 64}
    forged = Statement("trust", first.envelope.payload_sha256, TRUST, document)
    store.append(Addition([sign(forged, load_signer(world.home.keys, "root"))]))
    findings = fsck(store).findings
    assert any("the chain of trust documents does not hold" in str(f) and f.row == "1" for f in findings)


def test_a_roster_that_no_admin_signed_is_found(world: World) -> None:
    from shinrai_verify.trust import ROSTER

    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    roster = Statement("roster", "0" * 64, ROSTER, {"members": []})
    store.append(Addition([sign(roster, load_signer(world.home.keys, "producer"))]))
    assert any("the roster does not hold" in str(finding) for finding in fsck(store).findings)


def content(world: World, store: Store, data: bytes) -> str:
    import hashlib
    from datetime import date

    sha256 = hashlib.sha256(data).hexdigest()
    item = Item("rows", sha256, len(data), "text/csv", "document")
    statement = evidence_statement(
        Subject("desk", "1", "0" * 64), "attestation", ["A.1"], [item], valid_until=date(2099, 1, 1)
    )
    envelope = sign(statement, load_signer(world.home.keys, "producer"))
    store.append(Addition([envelope], {sha256: ("text/csv", data)}))
    return sha256


def test_what_was_taken_out_on_purpose_is_declared_and_gone(world: World) -> None:
    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    kept, gone = (content(world, store, data * 5000) for data in (b"kept", b"personal value 0901"))
    declaration = withheld_statement([gone], "erasure was asked for", "2026-11-20T00:00:00Z")
    (index,) = store.withhold([sign(declaration, load_signer(world.home.keys, "admin"))])
    store.publish()
    report = fsck(store)
    assert (report.findings, report.withheld) == ((), {gone: index})
    assert store.entry(index)
    assert store.blob(kept)
    with pytest.raises(KeyError):
        store.blob(gone)
    if world.home.database.exists():
        files = [path.read_bytes() for path in world.home.path.glob("shinrai.db*")]
        assert not any(b"personal value" in data for data in files)
    with pytest.raises(ShinraiError, match="on purpose"):
        content(world, store, b"personal value 0901" * 5000)


def test_what_was_taken_out_without_a_declaration_is_found(world: World) -> None:
    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    gone = content(world, store, b"rows")
    meddle(store, "UPDATE blob SET data = NULL WHERE sha256 = :gone", gone=bytes.fromhex(gone))
    (finding,) = fsck(store).findings
    assert (finding.table, finding.row) == ("blob", gone)
    forged = withheld_statement([gone], "no admin", "2026-11-20T00:00:00Z")
    store.append(Addition([sign(forged, load_signer(world.home.keys, "producer"))]))
    assert len(fsck(store).findings) == 2


def test_a_statement_is_never_taken_out(world: World) -> None:
    store = world.filled(3)
    with store.engine.connect() as db:
        payload = bytes(db.execute(sa.text("SELECT payload FROM log_leaf WHERE idx = 1")).scalar_one())
    declaration = withheld_statement([payload.hex()], "x", "2026-11-20T00:00:00Z")
    with pytest.raises(ShinraiError, match="never taken out"):
        store.withhold([sign(declaration, load_signer(world.home.keys, "admin"))])
    assert fsck(store, keys=world.keys).sound


def test_content_that_was_never_here_is_counted(world: World) -> None:
    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    sha256 = content(world, store, b"rows")
    assert fsck(store).outside == 0
    meddle(store, "DELETE FROM blob WHERE sha256 = :gone", gone=bytes.fromhex(sha256))
    assert fsck(store).outside == 1


def test_a_large_content_is_hashed_in_parts(world: World) -> None:
    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    content(world, store, bytes(range(256)) * 12_000)
    assert fsck(store).sound
    meddle(store, "UPDATE blob SET data = data || data WHERE size > 1000000")
    assert [f.table for f in fsck(store).findings] == ["blob"]


def test_findings_say_what_to_do_in_both_languages(embedded: World) -> None:
    store = embedded.filled(3, SIZE)
    meddle(store, "DELETE FROM log_leaf WHERE idx = 4")
    (finding,) = fsck(store, keys=embedded.keys).findings
    assert finding.text(Language.EN) == (
        "log_leaf 4: the entry is missing\n  → Restore this row from the newest backup, or from an export; then check "
        "again."
    )
    assert "log_leaf 4: " in finding.text(Language.JA)


def test_progress_ends_where_it_should(embedded: World) -> None:
    store, told = embedded.filled(SIZE), []

    def note(step: Message, done: int, total: int) -> None:
        told.append((str(step), done, total))

    fsck(store, keys=embedded.keys, progress=note)
    assert {step: (done, total) for step, done, total in told} == {
        "Hashing the entries": (11, 11),
        "Hashing the contents": (11, 11),
        "Verifying the signatures": (11, 11),
    }


def test_processes_and_samples_give_the_same_findings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shinrai.evidence.fsck_processes._WORTH_A_PROCESS", 100)
    store = world.filled(300)
    meddle(store, "UPDATE blob SET data = NULL WHERE sha256 = (SELECT payload FROM log_leaf WHERE idx = 250)")
    one, two = (fsck(store, keys=world.keys, processes=count) for count in (1, 3))
    assert one == two
    assert (one.signatures, [f.row for f in one.findings if f.table == "log_leaf"]) == (299, ["250"])
    sampled = fsck(store, keys=world.keys, sample=50)
    assert sampled.signatures == 49 or sampled.signatures == 50
    assert [f.table for f in sampled.findings].count("blob") == 1


def test_memory_stays_flat_and_findings_end(embedded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the entries, all of them damaged: no more memory, and the list says how much longer it would be."""
    monkeypatch.setattr("shinrai.evidence.fsck_tree.CHUNK", 256)
    peaks = {}
    store = embedded.store()
    for size in (1_000, 4_000):
        with store.engine.connect() as db:
            held = int(db.execute(sa.text("SELECT size FROM log")).scalar_one())
        fill_quickly(embedded, store, held, size)
        tracemalloc.start()
        assert fsck(store, keys=embedded.keys, sample=10).sound
        peaks[size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[4_000] < 1.5 * peaks[1_000]
    meddle(store, "UPDATE log_leaf SET predicate_type = 'x'")
    report = fsck(store, keys=embedded.keys, sample=10)
    assert (len(report.findings), report.more) == (LIMIT, 4_000 - LIMIT)


def fill_quickly(world: World, store: Store, start: int, end: int) -> None:
    for low in range(start, end, 1000):
        store.append(world.addition([f"entry {number}" for number in range(low, min(end, low + 1000))]))
    store.publish()
