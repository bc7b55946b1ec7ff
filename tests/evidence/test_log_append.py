"""Appending, on both databases: contiguous under many writers, once each, and answered with a proof."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from shinrai.evidence import Home
from shinrai.evidence.database import REFERENCE_FILE
from shinrai.evidence.fsck import fsck
from shinrai.evidence.merkle import inclusion_proof, tree_levels
from shinrai.evidence.store import Addition
from shinrai.language import Language, ShinraiError
from shinrai_verify.encoding import canonical_json
from shinrai_verify.merkle import root
from shinrai_verify.note import Checkpoint, open_note

from .conftest import World


def test_batches_of_any_size_grow_one_tree(world: World) -> None:
    store, size = world.store(), 0
    for batch in (1, 2, 3, 7, 64, 100, 401):
        indexes = store.append(world.addition([f"{size + number}" for number in range(batch)]))
        assert indexes == list(range(size, size + batch))
        size += batch
        head = Checkpoint.parse(open_note(store.publish(), [store.key], "note"), "note")
        assert (head.size, head.root) == (size, root(store.leaves()))
    report = fsck(store, keys=world.keys)
    assert (report.findings, report.entries, report.signatures, report.checkpoints) == ((), size, size, 7)
    assert report.nodes == sum(size >> level for level in range(1, size.bit_length()))


def test_a_statement_twice_in_a_batch_is_one_entry(world: World) -> None:
    store = world.store()
    assert store.append(world.addition(["a", "b", "a"])) == [0, 1, 0]
    assert store.append(world.addition(["c", "b"])) == [2, 1]
    assert len(store.leaves()) == 3


def test_nothing_of_a_refused_batch_stays(world: World) -> None:
    store = world.store()
    with pytest.raises(ValueError, match="digest"):
        store.append(Addition([world.envelope("a")], {"0" * 64: ("text/plain", b"other")}))
    assert store.leaves() == []
    assert store.append(world.addition(["b"])) == [0]
    assert fsck(store, keys=world.keys).sound


def test_an_answer_is_a_proof_under_a_published_checkpoint(world: World) -> None:
    store = world.store()
    for number in range(5):
        first, second = store.append_and_prove(world.addition([f"{number}/1", f"{number}/2"]))
        for proof in (first, second):
            head = proof.verify(store.entry(proof.index), [store.key])
            assert head.size > proof.index
            assert list(proof.path) == inclusion_proof(tree_levels(store.leaves()[: head.size]), proof.index)
    # What is covered already is answered under the checkpoint there is; nothing new is signed.
    before = store.newest_checkpoint()
    (again,) = store.append_and_prove(world.addition(["0/1"]))
    assert (again.index, again.checkpoint) == (0, before)


def test_no_proof_without_a_checkpoint_over_the_entry(world: World) -> None:
    store = world.store()
    store.append(world.addition(["a"]))
    with pytest.raises(ShinraiError, match="No published checkpoint covers the entry 0") as caught:
        store.prove(0)
    assert "shinrai log publish" in str(caught.value)
    store.publish()
    assert store.prove(0).index == 0
    store.append(world.addition(["b"]))
    for index in (1, -1, 7):
        with pytest.raises(ShinraiError, match="No published checkpoint"):
            store.prove(index)


def test_threads_at_once_leave_no_gap_and_no_duplicate(world: World) -> None:
    stores = [world.store() for _ in range(4)]
    found: list[int] = []
    faults: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            for number in range(8):
                # Half of the entries are the same for all: they stand in the log once.
                texts = [f"{writer}/{number}/{part}" for part in range(3)] + [f"shared {number}"]
                found.extend(stores[writer].append(world.addition(texts)))
                if number % 3 == 0:
                    stores[writer].publish()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(set(found)) == list(range(4 * 8 * 3 + 8))
    assert len(found) == 4 * 8 * 4
    stores[0].publish()
    report = fsck(stores[0], keys=world.keys)
    assert (report.findings, report.entries) == ((), 104)


WRITER = """
import sys
from pathlib import Path
from shinrai.evidence import Store, open_home, sign
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import Addition
from shinrai_verify.dsse import Statement
home = open_home(Path(sys.argv[1]))
store, signer = Store(home), load_signer(home.keys, "producer")
for number in range(10):
    about = [{"text": f"{sys.argv[2]}/{number}/{part}"} for part in range(5)]
    kind = "https://shinrai.example/test/v1"
    store.append_and_prove(Addition([sign(Statement("test", "0" * 64, kind, each), signer) for each in about]))
"""


def test_processes_at_once_leave_no_gap_and_no_fork(world: World) -> None:
    store = world.store()
    world.envelope("makes the key")
    started = [subprocess.Popen([sys.executable, "-c", WRITER, str(world.home.path), str(n)]) for n in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    report = fsck(store, keys=world.keys)
    assert (report.findings, report.entries) == ((), 150)
    head = Checkpoint.parse(open_note(store.newest_checkpoint() or b"", [store.key], "note"), "note")
    assert head.size == 150


@pytest.mark.parametrize("written", ["postgresql://me:secret@host/db", "env:A\nenv:B", "", "SHINRAI_DB"])
def test_a_database_is_named_by_reference_alone(embedded: World, written: str) -> None:
    (embedded.home.path / REFERENCE_FILE).write_text(written)
    with pytest.raises(ShinraiError, match="does not say where") as caught:
        embedded.store()
    assert "secret" not in caught.value.text(Language.EN)
    assert REFERENCE_FILE in str(caught.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:///x.db", "not the address of a PostgreSQL database"),
        ("not an address", "not the address of a PostgreSQL database"),
        ("postgresql://me:secret@127.0.0.1:1/db", "cannot be reached"),
        ("postgresql://me:secret@127.0.0.1:port/db", "not the address"),
    ],
)
def test_an_address_is_never_shown(
    embedded: World, address: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "address").write_text(address + "\n")
    (embedded.home.path / REFERENCE_FILE).write_text(f"file:{tmp_path / 'address'}")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "5")
    with pytest.raises(ShinraiError, match=said) as caught:
        embedded.store()
    assert "secret" not in caught.value.text(Language.EN) + caught.value.text(Language.JA)


@pytest.mark.parametrize("table", ["blob", "log_leaf", "log_node"])
def test_a_server_that_goes_away_amid_a_batch_is_one_error_and_no_more(
    postgres: sa.Engine, postgres_home: Home, caplog: pytest.LogCaptureFixture, table: str
) -> None:
    world = World(postgres_home)
    store = world.filled(5)

    left = [table]

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def _cut(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if left and f"INSERT INTO {left[0]} " in statement:
            left.clear()
            backend = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
            with postgres.connect() as db:
                db.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})

    with pytest.raises(ShinraiError, match="cannot be reached"):
        store.append(world.addition(["one", "two", "three"]))
    assert left == []
    assert [record for record in caplog.records if record.name.startswith("sqlalchemy")] == []
    assert store.append(world.addition(["one", "two", "three"])) == [5, 6, 7]
    assert fsck(store, keys=world.keys).sound


def test_a_leaf_has_a_limit(embedded: World) -> None:
    from shinrai.evidence import sign
    from shinrai.evidence.keys import load_signer
    from shinrai_verify.dsse import Statement

    statement = Statement("test", "0" * 64, "https://shinrai.example/" + "x" * 17_000, {})
    with pytest.raises(ValueError, match="16384 bytes"):
        embedded.store().append(Addition([sign(statement, load_signer(embedded.home.keys, "producer"))]))
    assert canonical_json(statement.predicate) == b"{}"
