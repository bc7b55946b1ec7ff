"""The log: what is acknowledged stays, what is changed is found, what is restored is not signed over."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shinrai.evidence import Home, LogFault, Store, open_home, sign
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import Addition
from shinrai_verify.dsse import Statement
from shinrai_verify.merkle import root
from shinrai_verify.note import Checkpoint, open_note

KIND = "https://shinrai.example/test/v1"


def statement(text: str) -> Statement:
    return Statement("test", "0" * 64, KIND, {"text": text})


def envelope(home: Home, text: str):
    return sign(statement(text), load_signer(home.keys, "producer"))


def keys(home: Home) -> dict[str, bytes]:
    signer = load_signer(home.keys, "producer")
    return {signer.keyid: signer.public}


def test_the_checkpoint_signs_the_tree_over_all_entries(home: Home, store: Store) -> None:
    for count in range(1, 20):
        assert store.append(Addition([envelope(home, f"entry {count}")])) == [count - 1]
        head = Checkpoint.parse(open_note(store.publish(), [store.key], "note"), "note")
        assert (head.size, head.root) == (count, root(store.leaves()))
    assert store.check(keys(home)) == []


def test_the_same_statement_stands_in_the_log_once(home: Home, store: Store) -> None:
    assert store.append(Addition([envelope(home, "a")])) == [0]
    assert store.append(Addition([envelope(home, "a"), envelope(home, "b")])) == [0, 1]
    assert len(store.leaves()) == 2


def test_a_step_is_done_once(home: Home, store: Store) -> None:
    first = store.append(Addition([envelope(home, "a"), envelope(home, "b")], run="r", step="s"))
    again = store.append(Addition([envelope(home, "c")], run="r", step="s"))
    assert first == again == [0, 1]
    assert [entry.statement.predicate["text"] for entry in store.step("r", "s")] == ["a", "b"]
    assert store.step("r", "other") == []


def test_one_payload_by_two_signers_is_two_entries_told_apart(home: Home, store: Store) -> None:
    one, two = (sign(statement("same"), load_signer(home.keys, name)) for name in ("producer", "coordinator"))
    store.append(Addition([one], run="r", step="one"))
    store.append(Addition([two], run="r", step="two"))
    assert store.step("r", "one")[0].envelope == one
    assert store.step("r", "two")[0].envelope == two
    assert len(store.logged([one.payload_sha256])[0].envelope.signatures) == 2


def test_a_blob_must_have_the_digest_it_is_stored_under(home: Home, store: Store) -> None:
    with pytest.raises(ValueError, match="digest"):
        store.append(Addition([envelope(home, "a")], {"0" * 64: ("text/plain", b"something else")}))
    assert store.leaves() == []
    with pytest.raises(KeyError):
        store.blob("0" * 64)


def test_writers_at_once_leave_no_gap_and_no_duplicate(home: Home, store: Store) -> None:
    def work(writer: int) -> None:
        for number in range(10):
            store.append(Addition([envelope(home, f"{writer}/{number}")]))

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.leaves()) == 40
    assert store.check(keys(home)) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE log_leaf SET entry = replace(CAST(entry AS TEXT), 'v\":1', 'v\":2') WHERE idx = 3", "log_leaf 3"),
        ("UPDATE log_leaf SET leaf_hash = zeroblob(32) WHERE idx = 3", "log_leaf 3"),
        ("DELETE FROM log_leaf WHERE idx = 3", "log_leaf 3: the entry is missing"),
        ("UPDATE log_leaf SET predicate_type = 'x' WHERE idx = 3", "log_leaf 3"),
        ("UPDATE log_node SET hash = zeroblob(32) WHERE level = 1 AND idx = 1", "log_node 1/1"),
        ("UPDATE log_checkpoint SET root = zeroblob(32)", "checkpoint"),
        ("UPDATE log_checkpoint SET note = replace(note, 'shinrai', 'shinrei')", "checkpoint"),
        ("UPDATE blob SET data = 'x'", "digest"),
        ("DELETE FROM blob", "payload is missing"),
    ],
)
def test_check_finds_what_was_changed(home: Home, store: Store, change: str, found: str) -> None:
    store.append(Addition([envelope(home, f"entry {number}") for number in range(8)]))
    store.publish()
    with sqlite3.connect(home.database) as db:
        db.execute(change)
    assert any(found in fault for fault in store.check(keys(home)))


def test_check_reports_entries_of_unknown_keys(home: Home, store: Store) -> None:
    store.append(Addition([envelope(home, "a")]))
    assert store.check({}) == ["log_leaf 0: its signature is not good, or its key is not known"]


def test_swapped_entries_are_found(home: Home, store: Store) -> None:
    store.append(Addition([envelope(home, f"entry {number}") for number in range(4)]))
    store.publish()
    with sqlite3.connect(home.database) as db:
        for change in ("idx = 99 WHERE idx = 1", "idx = 1 WHERE idx = 2", "idx = 2 WHERE idx = 99"):
            db.execute(f"UPDATE log_leaf SET {change}")
    assert store.check(keys(home)) != []


def test_a_restored_backup_is_not_signed_over(home: Home, store: Store, tmp_path: Path) -> None:
    store.append(Addition([envelope(home, "a")]))
    store.publish()
    store.close()
    shutil.copy(home.database, tmp_path / "backup.db")
    newer = Store(home)
    newer.append(Addition([envelope(home, "b")]))
    newer.publish()
    newer.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{home.database}{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", home.database)
    restored = Store(home)
    with pytest.raises(LogFault, match="does not continue"):
        restored.publish()
    restored.append(Addition([envelope(home, "another history")]))
    with pytest.raises(LogFault, match="does not continue"):
        restored.publish()


def test_a_database_of_another_key_is_refused(home: Home, store: Store, tmp_path: Path) -> None:
    store.close()
    other = open_home(tmp_path / "other")
    shutil.copy(home.database, other.database)
    with pytest.raises(LogFault, match="another log key"):
        Store(other)


WRITER = """
import sys
from pathlib import Path
from shinrai.evidence import Store, open_home, sign
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import Addition
from shinrai_verify.dsse import Statement
home = open_home(Path(sys.argv[1]))
store, signer = Store(home), load_signer(home.keys, "producer")
for number in range(10_000):
    about = {"text": f"{sys.argv[2]}/{number}"}
    statement = Statement("test", "0" * 64, "https://shinrai.example/test/v1", about)
    index = store.append(Addition([sign(statement, signer)]))
    store.publish()
    print(index[0], about["text"], flush=True)
"""


@pytest.mark.slow
def test_kill_at_any_moment_loses_nothing_that_was_acknowledged(home: Home) -> None:
    acknowledged: dict[int, str] = {}
    for attempt in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home.path), str(attempt)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.02 + 0.037 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        for line in [first, *process.stdout.read().splitlines()]:
            index, _, text = line.strip().partition(" ")
            if text.count("/") == 1 and text.rpartition("/")[2]:
                acknowledged[int(index)] = text
        process.wait()
    store = Store(home)
    assert store.check(keys(home)) == []
    store.publish()
    logged = {entry.index: entry.statement.predicate["text"] for entry in store.of_type(KIND)}
    assert list(logged) == list(range(len(logged)))
    assert len(set(logged.values())) == len(logged)
    assert len(acknowledged) >= 6
    assert acknowledged.items() <= logged.items()
