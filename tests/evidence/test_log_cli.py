"""`shinrai log` from end to end, as a person types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.cli import main
from shinrai.evidence import Store, ensure_trust, open_home
from shinrai.evidence.trust import utc_now
from shinrai_verify.note import NoteKey

from .conftest import World, meddle

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    embedded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Run:
    monkeypatch.setenv("SHINRAI_HOME", str(embedded.home.path))
    monkeypatch.setenv("SHINRAI_LANG", "en")
    monkeypatch.chdir(tmp_path)
    store = embedded.store()
    ensure_trust(embedded.home, store, {}, utc_now())
    store.append(embedded.addition([f"entry {number}" for number in range(4)]))
    store.close()

    def take(command: str, *more: str) -> tuple[int, str, str]:
        code = main(["log", *command.split(), *more])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return take


def test_from_publishing_to_a_proof_that_others_check(run: Run, tmp_path: Path) -> None:
    code, _, err = run("prove 2")
    assert (code, "No published checkpoint" in err) == (3, True)
    code, note, _ = run("publish")
    assert (code, note.splitlines()[1]) == (0, "5")
    assert run("checkpoint") == (0, note, "")
    code, shown, _ = run("key")
    key = NoteKey.parse(shown.strip())
    assert run("prove 2 --out e2.tlog-proof --entry-out e2.json") == (0, "", "")
    # The outsider has three files and the key; no data folder.
    code, said, _ = run(f"proved e2.tlog-proof --entry e2.json --log-key {key} --home {tmp_path / 'none'}")
    assert (code, said) == (0, f"Proved: entry 2 of 5, in the log {key.name}.\n")
    assert not (tmp_path / "none").exists()
    (tmp_path / "e2.json").write_bytes((tmp_path / "e2.json").read_bytes() + b" ")
    code, _, err = run(f"proved e2.tlog-proof --entry e2.json --log-key {key}")
    assert (code, err) == (1, "Not proved: the proof does not show that the entry is in the log\n")
    code, _, err = run("prove 2 --out e2.tlog-proof")
    assert (code, "exists already" in err) == (3, True)
    payload = json.loads((tmp_path / "e2.json").read_text())["payload"]
    assert run("prove", "--payload", payload)[1].startswith("c2sp.org/tlog-proof@v1\nindex 2\n")
    for wrong in ("prove", "prove 1 --from 2", "prove --payload xyz", "prove --from 9", "prove 77"):
        assert run(wrong)[0] == 3, wrong


def test_two_compare_what_they_saw(run: Run, embedded: World, tmp_path: Path) -> None:
    (tmp_path / "small").write_text(run("publish")[1])
    store = Store(embedded.home)
    store.append(embedded.addition(["more"]))
    (tmp_path / "large").write_bytes(store.publish())
    assert run("compare small small")[0] == 0
    code, _, err = run("compare small large")
    assert (code, "Nothing shows" in err) == (2, True)
    assert run("prove --from 5 --out between.txt")[0] == 0
    assert run("compare large small --proof between.txt") == (0, "The larger continues the smaller.\n", "")
    (tmp_path / "bad").write_bytes(store.publish().replace(b"\n6\n", b"\n7\n"))
    assert run("compare small bad")[0] == 1


def test_a_checkpoint_is_appraised_by_a_policy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note").write_text(run("publish")[1])
    code, key, _ = run(f"witness key --folder {tmp_path / 'w'} --name w.example/1")
    assert code == 0
    (tmp_path / "policy").write_text(f"witness w {key}quorum w\n")
    code, said, err = run("checkpoint note --policy policy")
    assert (code, "Checkpoint of 5 entries" in said) == (2, True)
    assert "Fewer witnesses" in err
    assert run("checkpoint note --max-age 24")[0] == 2
    (tmp_path / "none").write_text("quorum none\n")
    assert run("checkpoint note --policy none")[0] == 0
    (tmp_path / "note").write_text("nothing\n")
    assert run("checkpoint note")[0] == 1
    (tmp_path / "policy").write_text("quorum w\n")
    code, _, err = run("checkpoint note --policy policy")
    assert (code, "policy:1: " in err) == (3, True)


def test_damage_is_named_in_both_languages(run: Run, embedded: World) -> None:
    assert run("fsck --quiet") == (0, "The log is sound: 5 entries were hashed again.\n", "")
    store = Store(embedded.home)
    meddle(store, "DELETE FROM log_leaf WHERE idx = 3")
    code, _, err = run("fsck --quiet")
    assert (code, "log_leaf 3: the entry is missing" in err) == (1, True)
    assert "log_leaf 3: " in run("fsck --quiet --lang ja")[2]
    code, out, _ = run("fsck --quiet --json")
    found = json.loads(out)
    assert (code, found["sound"]) == (1, False)
    assert [each["row"] for each in found["findings"] if each["table"] == "log_leaf"] == ["3"]
    assert run("check")[0] == 1
    assert run("export --out tiles --quiet")[0] == 3


@pytest.mark.parametrize(
    "command",
    [
        "witness serve --folder w --name w --log nothing",
        "witness serve --folder w --name w",
        "witness ask",
        "timestamp ask --authority nothing",
        "timestamp list --root nothing.pem",
        "checkpoint nothing",
        "compare nothing nothing",
        "publish --policy nothing",
        "fsck --sample 0",
    ],
)
def test_what_cannot_be_used_is_a_usage_error(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHINRAI_HOME", str(open_home(tmp_path / "home").path))
    monkeypatch.chdir(tmp_path)
    assert main(["log", *command.split()]) == 3
    assert "Traceback" not in capsys.readouterr().err
