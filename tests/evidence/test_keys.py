"""How keys are kept: plainly, sealed under a passphrase that is only named, or behind a command."""

import json
import stat
import sys
from pathlib import Path

import pytest

from shinrai.evidence import Home
from shinrai.evidence.keys import (
    CommandSigner,
    create_key,
    key_names,
    key_path,
    load_signer,
    register_command,
    retire,
    seal_keys,
)
from shinrai.language import ShinraiError
from shinrai_verify.keys import verifies

SIGNER = """\
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.argv[1]))
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read()))
"""


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_PASSPHRASE", "correct horse 電池")
    return "env:TEST_PASSPHRASE"


def test_sealed_keys_sign_as_before_and_leave_nothing_readable(home: Home, passphrase: str) -> None:
    before = {name: load_signer(home.keys, name).public for name in ("producer", "log")}
    private = load_signer(home.keys, "producer")
    assert seal_keys(home.keys, passphrase) == ["log", "producer"]
    assert {name: load_signer(home.keys, name).public for name in before} == before
    assert verifies(before["log"], load_signer(home.keys, "log").sign(b"data"), b"data")
    assert not list(home.keys.glob("*.pem"))
    raw = private._private.private_bytes_raw()  # type: ignore[attr-defined]
    for file in home.keys.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        data = file.read_bytes()
        assert raw not in data
        assert b"correct horse" not in data
    fresh = load_signer(home.keys, "coordinator")
    assert key_path(home.keys, "coordinator").name == "coordinator.sealed.json"
    assert load_signer(home.keys, "coordinator").public == fresh.public


def test_the_passphrase_can_be_changed(home: Home, passphrase: str, tmp_path: Path) -> None:
    public = load_signer(home.keys, "producer").public
    seal_keys(home.keys, passphrase)
    (tmp_path / "secret").write_text("another\n")
    seal_keys(home.keys, f"file:{tmp_path}/secret")
    assert load_signer(home.keys, "producer").public == public
    (tmp_path / "secret").write_text("wrong\n")
    with pytest.raises(ShinraiError, match="The passphrase does not open"):
        load_signer(home.keys, "producer")
    (tmp_path / "secret").unlink()
    with pytest.raises(ShinraiError, match="There is no passphrase at file:"):
        load_signer(home.keys, "producer")


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:/nowhere", "hunter2", "", "env:"])
def test_without_a_passphrase_nothing_is_sealed(home: Home, reference: str) -> None:
    load_signer(home.keys, "producer")
    with pytest.raises(ShinraiError, match="There is no passphrase at"):
        seal_keys(home.keys, reference)
    assert [file.name for file in home.keys.iterdir()] == ["producer.pem"]


def test_a_sealed_key_can_not_pass_for_another(home: Home, passphrase: str) -> None:
    for name in ("admin", "producer"):
        load_signer(home.keys, name)
    seal_keys(home.keys, passphrase)
    (home.keys / "admin.sealed.json").write_bytes((home.keys / "producer.sealed.json").read_bytes())
    with pytest.raises(ShinraiError, match="The passphrase does not open"):
        load_signer(home.keys, "admin")


@pytest.mark.parametrize("change", [{"sealed": "!"}, {"nonce": 5}, {"salt": None}, {"passphrase": 1}])
def test_damaged_sealed_keys_are_a_clear_error(home: Home, passphrase: str, change: dict[str, object]) -> None:
    load_signer(home.keys, "producer")
    seal_keys(home.keys, passphrase)
    path = home.keys / "producer.sealed.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ShinraiError):
        load_signer(home.keys, "producer")


@pytest.fixture
def outside(tmp_path: Path) -> tuple[bytes, list[str]]:
    """Return the public key and the command of a signer that is another process."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    (tmp_path / "signer.py").write_text(SIGNER)
    command = [sys.executable, str(tmp_path / "signer.py"), key.private_bytes_raw().hex()]
    return key.public_key().public_bytes_raw(), command


def test_a_command_signs_for_a_key_that_is_not_here(home: Home, outside: tuple[bytes, list[str]]) -> None:
    public, command = outside
    assert register_command(home.keys, "producer", public, command).public == public
    signer = load_signer(home.keys, "producer")
    assert isinstance(signer, CommandSigner)
    assert verifies(public, signer.sign(b"data"), b"data")
    with pytest.raises(ShinraiError, match="There is a key named producer already"):
        register_command(home.keys, "producer", public, command)
    with pytest.raises(ShinraiError, match="There is a key named producer already"):
        create_key(home.keys, "producer")


@pytest.mark.parametrize("command", [["false"], ["/nowhere/at/all"], ["echo", "signed"], ["cat"]])
def test_a_command_that_signs_nothing_good_is_refused(
    home: Home, outside: tuple[bytes, list[str]], command: list[str]
) -> None:
    with pytest.raises(ShinraiError, match="did not give a good signature"):
        register_command(home.keys, "producer", outside[0], command)
    assert key_names(home.keys) == []


def test_a_command_with_another_key_is_refused(home: Home, outside: tuple[bytes, list[str]]) -> None:
    with pytest.raises(ShinraiError, match="did not give a good signature"):
        register_command(home.keys, "producer", load_signer(home.keys, "admin").public, outside[1])


def test_a_damaged_registration_is_a_clear_error(home: Home) -> None:
    for record in ({}, {"public": "AAAA", "command": ["x"]}, {"public": "A" * 43 + "=", "command": []}):
        (home.keys / "producer.signer.json").write_text(json.dumps(record))
        with pytest.raises(ShinraiError):
            load_signer(home.keys, "producer")


def test_a_retired_key_is_kept_under_another_name(home: Home, passphrase: str) -> None:
    assert retire(home.keys, "producer") is None
    for _ in range(2):
        old = load_signer(home.keys, "producer")
        assert retire(home.keys, "producer") == old.keyid
        kept = load_signer(home.keys, f"producer.retired-{old.keyid[:16]}")
        assert kept.public == old.public
        assert load_signer(home.keys, "producer").public != old.public
        seal_keys(home.keys, passphrase)
    assert len(key_names(home.keys)) == 3
