"""The log's own key is replaced by one entry: resumable, never twice, each key in its turn, every reader follows."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shinrai.cli import main
from shinrai.evidence import LogFault, Store, ensure_trust
from shinrai.evidence.fsck import fsck
from shinrai.evidence.keys import key_names, load_signer, seal_keys
from shinrai.evidence.log_keys import NEXT, in_turns, rotate_log
from shinrai.evidence.statements import sign
from shinrai.evidence.store import Addition, GrownError
from shinrai.evidence.tiles import export
from shinrai.evidence.trust import name_log_key, policy_file
from shinrai.evidence.witness import Submission, WitnessService
from shinrai.language import ShinraiError
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import Fault
from shinrai_verify.note import Checkpoint, NoteKey, open_note, signature_line
from shinrai_verify.trust import TRUST

from .conftest import World, meddle

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def signed(head: Checkpoint, key: NoteKey, world: World, name: str) -> bytes:
    signer = load_signer(world.home.keys, name)
    return (head.text + "\n" + signature_line(key, signer.sign(head.text.encode()))).encode()


def retired(world: World) -> str:
    (name,) = [name for name in key_names(world.home.keys) if name.startswith("log.retired-")]
    return name


def test_the_name_stays_and_each_key_signs_in_its_turn(world: World) -> None:
    old = world.filled(3, 5)
    before = old.newest_checkpoint() or b""
    trusted = policy_file(ensure_trust(world.home, old, {}, NOW), old)
    fresh = rotate_log(world.home, NOW)
    store = world.store()
    assert (store.key, store.key.name, len(store.keys)) == (fresh, old.key.name, 2)
    assert [(key.since, key.until) for key in store.keys] == [(0, fresh.since), (fresh.since, None)]
    # The outsider's file stays what it was: it pins the first key, and the chain says the rest.
    assert policy_file(store.of_type(TRUST), store) == trusted
    store.append(world.addition(["after"]))
    note = store.publish()
    report = fsck(store)
    assert (report.findings, report.checkpoints) == ((), 4)
    for index in (0, report.entries - 1):
        assert store.prove(index).verify(store.entry(index), store.keys).size == report.entries
    with pytest.raises(Fault, match="not signed by a log key"):
        open_note(note, [old.key], "the checkpoint")
    assert store.prove(0, before).verify(store.entry(0), store.keys).size == 5
    # A program that still has the old key in hand cannot sign any more.
    with pytest.raises(LogFault, match="was replaced"):
        old.publish()
    assert [link.statement.predicate.get("logKeys") is not None for link in store.of_type(TRUST)] == [False, True]


def test_fsck_refuses_heads_out_of_turn(embedded: World) -> None:
    embedded.filled(3, 5).close()
    rotate_log(embedded.home, NOW)
    store = embedded.store()
    store.append(embedded.addition(["after"]))
    store.publish()
    old, new = store.keys
    assert fsck(store).sound
    with store.engine.connect() as db:
        rows = db.exec_driver_sql("SELECT size, root FROM log_checkpoint ORDER BY size").all()
    first, last = (Checkpoint(old.name, size, root) for size, root in (rows[0], rows[-1]))
    for head, key, name in ((last, old, retired(embedded)), (first, new, "log")):
        was = next(note for note in store.checkpoints(9) if f"\n{head.size}\n".encode() in note)
        forged = signed(head, key, embedded, name)
        change = "UPDATE log_checkpoint SET note = :note WHERE size = :size"
        meddle(store, change, note=forged.decode(), size=head.size)
        (finding,) = fsck(store).findings
        assert (finding.table, finding.row) == ("log_checkpoint", str(head.size))
        assert "whose turn it was not" in str(finding)
        meddle(store, change, note=was.decode(), size=head.size)
    assert fsck(store).sound


def test_a_witness_takes_no_head_out_of_turn(embedded: World, tmp_path: Path) -> None:
    store = embedded.filled(3)
    first = store.publish()
    rotate_log(embedded.home, NOW)
    store = embedded.store()
    store.append(embedded.addition(["after"]))
    head = store.publish()
    old, new = store.keys
    size = Checkpoint.parse(open_note(head, store.keys, "x"), "x").size
    given = in_turns([replace(old, until=None), NoteKey(new.name, new.public, since=new.since)])
    witness = WitnessService(tmp_path / "w.db", "w.example/1", load_signer(embedded.home.keys, "witness"), given)
    assert witness.add_checkpoint(Submission(0, (), first).to_bytes()).status == 200
    forged = signed(Checkpoint(old.name, size, b"\0" * 32), old, embedded, retired(embedded))
    proof = tuple(store.consistency(3, size))
    assert witness.add_checkpoint(Submission(3, proof, forged).to_bytes()).status == 403
    assert witness.add_checkpoint(Submission(3, proof, head).to_bytes()).status == 200


def test_an_export_goes_on_under_the_new_key(embedded: World, tmp_path: Path) -> None:
    store = embedded.filled(3)
    export(store, tmp_path / "tiles")
    rotate_log(embedded.home, NOW)
    store = embedded.store()
    done = export(store, tmp_path / "tiles")
    assert (done.since, done.size) == (3, len(store.leaves()))
    assert (tmp_path / "tiles" / "checkpoint").read_bytes() == store.newest_checkpoint()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from shinrai.evidence import Store, log_keys, open_home, keys, trust
left = [int(sys.argv[2])]
def dying(carry_out):
    def run(*given, **more):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return carry_out(*given, **more)
    return run
trust.name_log_key = dying(trust.name_log_key)
log_keys._settle = dying(log_keys._settle)
keys._store = dying(keys._store)
Path.unlink = dying(Path.unlink)
Store.publish = dying(Store.publish)
log_keys.rotate_log(open_home(Path(sys.argv[1])), datetime(2026, 11, 20, tzinfo=UTC))
"""


STEPS = {"no key": 0, "no entry": 2, "entry": 3, "old key kept twice": 6, "no present key": 7, "both names": 9}


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_was_killed_goes_on_and_is_done_once(
    embedded: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = embedded.filled(3)
    ensure_trust(embedded.home, store, {}, NOW)
    store.close()
    if step == "no present key":
        monkeypatch.setenv("SEALING", "a passphrase of some length")
        seal_keys(embedded.home.keys, "env:SEALING")
    before = load_signer(embedded.home.keys, "log").public
    command = [sys.executable, "-c", KILLED, str(embedded.home.path), str(STEPS[step])]
    assert subprocess.run(command, check=False).returncode == -9
    # The log opens, signs and is sound, under the one key or the other.
    store = embedded.store()
    assert len(store.keys) == (1 if step.startswith("no ") and step != "no present key" else 2)
    assert (store.key.public == before) == (len(store.keys) == 1)
    assert store.publish()
    store.close()
    rotate_log(embedded.home, NOW)
    store = embedded.store()
    assert fsck(store).sound
    assert (len(store.keys), store.key.public == before) == (2, False)
    assert [name for name in key_names(embedded.home.keys) if name.startswith("log")] == ["log", retired(embedded)]
    assert load_signer(embedded.home.keys, retired(embedded)).public == before


def test_a_stopped_rotation_is_finished_and_not_repeated(embedded: World) -> None:
    store = embedded.filled(3)
    fresh = load_signer(embedded.home.keys, NEXT)
    named = name_log_key(embedded.home, store, fresh, NOW)
    store.close()
    # Nothing was moved yet: the log goes on under the new key all the same.
    store = embedded.store()
    assert (store.key.public, store.publish() != b"") == (fresh.public, True)
    store.close()
    assert rotate_log(embedded.home, NOW).public == named.public
    assert len(embedded.store().keys) == 2
    assert NEXT not in key_names(embedded.home.keys)


def test_what_is_logged_meanwhile_moves_the_turn(embedded: World) -> None:
    store = embedded.filled(3)
    with pytest.raises(GrownError):
        store.append(Addition([embedded.envelope("late")], at=2))
    assert len(store.leaves()) == 3


def test_a_document_that_the_root_did_not_sign_changes_nothing(embedded: World) -> None:
    store = embedded.filled(3)
    (link,) = ensure_trust(embedded.home, store, {}, NOW)
    thief = load_signer(embedded.home.keys, "thief")
    size = len(store.leaves())
    turns = [{"from": 0, "key": str(store.key)}, {"from": size, "key": str(NoteKey(store.key.name, thief.public))}]
    about = {**link.statement.predicate, "logKeys": turns, "prev": link.envelope.payload_sha256, "version": 2}
    forged = Statement("trust", link.envelope.payload_sha256, TRUST, about)
    store.append(Addition([sign(forged, thief, load_signer(embedded.home.keys, "admin"))]))
    store = embedded.store()
    assert store.keys == (store.key,)
    assert store.publish()
    assert any("chain of trust documents" in str(finding) for finding in fsck(store).findings)


def test_without_enough_root_keys_nothing_is_replaced(embedded: World) -> None:
    store = embedded.filled(3)
    ensure_trust(embedded.home, store, {}, NOW)
    store.close()
    (embedded.home.keys / "root.pem").rename(embedded.home.path / "away.pem")
    with pytest.raises(ShinraiError, match="root key"):
        rotate_log(embedded.home, NOW)
    store = embedded.store()
    assert (len(store.keys), store.publish() != b"") == (1, True)
    store.close()
    (embedded.home.path / "away.pem").rename(embedded.home.keys / "root.pem")
    assert rotate_log(embedded.home, NOW).since == len(embedded.store().leaves())


def test_the_new_key_must_be_here(embedded: World) -> None:
    embedded.filled(3).close()
    rotate_log(embedded.home, NOW)
    (embedded.home.keys / "log.pem").unlink()
    with pytest.raises(ShinraiError, match="The key that signs the log from"):
        Store(embedded.home)
    assert not (embedded.home.keys / "log.pem").exists()


@pytest.fixture
def run(
    embedded: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("SHINRAI_HOME", str(embedded.home.path))
    monkeypatch.setenv("SHINRAI_LANG", "en")

    def take(command: str) -> tuple[int, str, str]:
        code = main(command.split())
        return code, *capsys.readouterr()

    return take


def test_the_command_and_the_key_that_others_are_given(
    run: Callable[..., tuple[int, str, str]], embedded: World, tmp_path: Path
) -> None:
    embedded.filled(3).close()
    (_, plain, _) = run("log key")
    assert "@" not in plain
    code, out, _ = run("keys rotate log")
    key = out.splitlines()[-1]
    assert (code, out.startswith("The new key signs the log from 5 entries on:")) == (0, True)
    assert run("log key") == (0, f"{key}\n", "")
    proof, entry = tmp_path / "p", tmp_path / "e"
    assert run(f"log prove 1 --out {proof} --entry-out {entry}")[0] == 0
    assert run(f"log proved {proof} --entry {entry} --log-key {key}")[0] == 0
    assert run(f"log proved {proof} --entry {entry}")[0] == 0
    assert run(f"log proved {proof} --entry {entry} --log-key {plain.strip()}")[0] == 1
    later = key.rpartition("@")[0] + "@99"
    assert run(f"log proved {proof} --entry {entry} --log-key {later}")[0] == 1
    assert run("log fsck --quiet")[0] == 0
    assert run("keys list")[1].count("log") >= 2
