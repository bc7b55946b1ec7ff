"""The publisher signs continuations alone: restored backups, lost memories, second publishers and meddlers stop it."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.evidence import LogFault
from shinrai.evidence.fsck import fsck
from shinrai.evidence.publisher import Publisher
from shinrai.language import ShinraiError
from shinrai_verify.note import Checkpoint, open_note

from .conftest import World, meddle


def head(store: object, note: bytes) -> Checkpoint:
    return Checkpoint.parse(open_note(note, [store.key], "note"), "note")  # type: ignore[attr-defined]


def forget(world: World) -> Path:
    mark = world.home.keys / "log-high-water.json"
    mark.unlink()
    return mark


def roll_back(store: object, size: int) -> None:
    """Make the database what a backup taken at a size would be."""
    meddle(store, "DELETE FROM log_checkpoint WHERE size > :size", size=size)  # type: ignore[arg-type]
    meddle(store, "DELETE FROM log_leaf WHERE idx >= :size", size=size)  # type: ignore[arg-type]
    for level in range(1, 12):
        change = "DELETE FROM log_node WHERE level = :level AND idx >= :size"
        meddle(store, change, level=level, size=size >> level)  # type: ignore[arg-type]
    meddle(store, "UPDATE log SET size = :size", size=size)  # type: ignore[arg-type]


def test_publishing_again_gives_the_same_checkpoint(world: World) -> None:
    store = world.filled(5)
    assert store.publish() == store.newest_checkpoint() == store.publish()


def test_a8_a_restored_backup_is_refused(world: World) -> None:
    store = world.filled(5, 12)
    roll_back(store, 5)
    with pytest.raises(LogFault, match="5 entries and does not continue the 12"):
        store.publish()
    store.append(world.addition([f"another history {number}" for number in range(40)]))
    with pytest.raises(LogFault, match="45 entries and does not continue the 12"):
        store.publish()
    # An adoption is for the memory, not for the database: it does not help here either.
    with pytest.raises(LogFault, match="does not continue"):
        store.publisher.publish(adopt=True)
    assert head(store, store.newest_checkpoint() or b"").size == 5
    said = [str(finding) for finding in fsck(store, keys=world.keys).findings]
    assert said == ["log 1: the log does not continue the 12 entries that were signed last"]


def test_a8_a_backup_of_a_file_is_refused(embedded: World, tmp_path: Path) -> None:
    store = embedded.filled(5)
    store.close()
    shutil.copy(embedded.home.database, tmp_path / "backup.db")
    embedded.filled(5, 6).close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{embedded.home.database}{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", embedded.home.database)
    with pytest.raises(LogFault, match="does not continue the 6"):
        embedded.store().publish()


def test_a8_a_lost_memory_is_refused_until_it_is_adopted(world: World) -> None:
    store = world.filled(5, 12)
    mark = forget(world)
    store.append(world.addition(["more"]))
    with pytest.raises(LogFault, match="signed checkpoint of 12 entries; this publisher remembers 0") as caught:
        store.publish()
    assert "--adopt" in str(caught.value)
    assert not mark.exists()
    assert head(store, store.publisher.publish(adopt=True)).size == 13
    assert json.loads(mark.read_text())["size"] == 13
    assert fsck(store, keys=world.keys).sound


def test_a8_an_older_memory_is_refused_until_it_is_adopted(world: World) -> None:
    store = world.filled(5)
    older = (world.home.keys / "log-high-water.json").read_bytes()
    store.append(world.addition(["more"]))
    store.publish()
    (world.home.keys / "log-high-water.json").write_bytes(older)
    with pytest.raises(LogFault, match="of 6 entries; this publisher remembers 5"):
        store.publish()
    assert head(store, store.publisher.publish(adopt=True)).size == 6


def test_a8_two_publishers_with_one_key_and_two_memories_refuse(world: World, another: Callable[[str], World]) -> None:
    """The same key on a second machine: whoever finds the other's signature stops."""
    store = world.filled(5)
    second = another("second machine")
    for name in ("log.pem", "log-high-water.json"):
        shutil.copy(world.home.keys / name, second.home.keys / name)
    from shinrai.evidence.high_water import HighWaterMark

    mark = HighWaterMark(second.home.keys / "log-high-water.json", store.key.name)
    elsewhere = Publisher(store.engine, store.key, store.publisher._signer, mark)
    store.append(world.addition(["a"]))
    assert head(store, elsewhere.publish()).size == 6
    store.append(world.addition(["b"]))
    with pytest.raises(LogFault, match="Somebody else signs with this key"):
        store.publish()
    assert head(store, elsewhere.publish()).size == 7


def test_publishers_at_once_sign_one_history(world: World) -> None:
    stores = [world.store() for _ in range(3)]
    notes: list[bytes] = []
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(6):
                stores[number].append(world.addition([f"{number}/{turn}"]))
                notes.append(stores[number].publish())
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    heads = {head(stores[0], note) for note in notes}
    assert len({each.size for each in heads}) == len(heads)
    assert max(each.size for each in heads) == 18
    assert fsck(stores[0], keys=world.keys).sound


def test_a_crash_between_memory_and_database_heals(world: World) -> None:
    store = world.filled(5)
    store.append(world.addition(["a"]))
    note = store.publish()
    meddle(store, "DELETE FROM log_checkpoint WHERE size = 6")
    assert store.publish() == note
    assert fsck(store, keys=world.keys).sound


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE log_node SET hash = leaf_hash FROM log_leaf WHERE level = 1 AND log_node.idx = 2", "does not"),
        ("DELETE FROM log_node WHERE level = 2 AND idx = 0", "2/0 of the tree is missing"),
        ("UPDATE log_leaf SET entry = (SELECT entry FROM log_leaf WHERE idx = 0) WHERE idx = 9", "does not match"),
        ("DELETE FROM log_leaf WHERE idx = 8", "missing between 6 and 9"),
        ("UPDATE log_checkpoint SET root = (SELECT leaf_hash FROM log_leaf WHERE idx = 0)", "not the one that stands"),
        ("UPDATE log_checkpoint SET note = 'x'", "not good"),
        ("UPDATE log SET size = 9", "beyond the size"),
    ],
)
def test_what_was_changed_is_not_signed(world: World, change: str, said: str) -> None:
    store = world.filled(6)
    store.append(world.addition([f"more {number}" for number in range(4)]))
    assert meddle(store, change) > 0
    with pytest.raises(LogFault, match=said):
        store.publish()
    assert len(store.checkpoints(9)) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"size": -1, "root": "00"}', b'{"size": 1}', b"\xff\xfe"])
def test_a_damaged_memory_is_a_clear_error(embedded: World, content: bytes) -> None:
    store = embedded.filled(3)
    (embedded.home.keys / "log-high-water.json").write_bytes(content)
    with pytest.raises(ShinraiError, match="what was signed last cannot be read"):
        store.publish()
    assert any("cannot be read" in str(finding) for finding in fsck(store, keys=embedded.keys).findings)


def test_the_memory_is_written_before_the_signature_leaves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store = world.filled(3)
    store.append(world.addition(["a"]))

    def full_disk(_: Checkpoint) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.publisher.mark, "write", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.publish()
    assert head(store, store.newest_checkpoint() or b"").size == 3
    monkeypatch.undo()
    assert head(store, store.publish()).size == 4
