"""`shinrai keys`, as a person uses it."""

import hashlib
import shlex
import subprocess
from pathlib import Path

import pytest

from shinrai.cli.commands import run
from shinrai.evidence import open_home


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINRAI_HOME", str(open_home(tmp_path / "home").path))
    monkeypatch.setenv("SHINRAI_LANG", "en")
    monkeypatch.setenv("OWN_PASSPHRASE", "a long one")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["keys", *arguments]) == code
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_keys_are_made_listed_encrypted_and_exported(capsys: pytest.CaptureFixture[str]) -> None:
    assert "root-b is ready: " in said(capsys, "create", "root-b")
    assert "already" in said(capsys, "create", "root-b", code=3)
    assert "cannot be named" in said(capsys, "create", "../evil", code=3)
    assert said(capsys, "list").split("\t")[:2] == ["root-b", "not encrypted"]
    assert "1 keys are encrypted" in said(capsys, "encrypt", "--passphrase", "env:OWN_PASSPHRASE")
    assert said(capsys, "list").split("\t")[1] == "encrypted"
    exported = said(capsys, "export", "root-b")
    pem = exported.partition("\n")[2]
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem.encode(), capture_output=True, check=True
    ).stdout
    assert hashlib.sha256(der).hexdigest() in exported
    assert "There is no key named 'x'" in said(capsys, "export", "x", code=3)


def test_rotation_and_revocation_show_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert "producer is ready: " in said(capsys, "rotate", "producer")
    lines = [line.split("\t") for line in said(capsys, "list").splitlines()]
    (old,) = (line for line in lines if line[0].startswith("producer.retired-"))
    assert [line[3] for line in lines if line[0] == "producer"] == ["producer"]
    assert old[3] == "–"
    assert "Revoked from entry 2 on; logged as entry 2." in said(capsys, "revoke", old[0], "--reason", "lost")
    assert "revoked from entry 2 on" in said(capsys, "list")
    assert "Revoked from entry 0 on" in said(capsys, "revoke", old[2], "--from", "0", "--reason", "stolen")
    assert "revoked from entry 0 on" in said(capsys, "list")
    assert "cannot be rotated" in said(capsys, "rotate", "seat-policy", code=3)
    assert "The new key signs the log from 5 entries on:" in said(capsys, "rotate", "log")


def test_roots_are_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Which keys" in said(capsys, "rotate", "root", code=3)
    assert "There is no key named 'root-a'" in said(capsys, "rotate", "root", "root-a", code=3)
    for name in ("root-a", "root-b"):
        said(capsys, "create", name)
    assert "Trust document 2 names" in said(capsys, "rotate", "root", "root-a", "root-b", "--threshold", "1")
    assert "Only root" in said(capsys, "rotate", "admin", "root-a", code=3)


def test_a_command_can_hold_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, public = tmp_path / "device.pem", tmp_path / "device.pub"
    for command in (
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(key)],
        ["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    program = tmp_path / "sign.sh"
    program.write_text(
        f"t=$(mktemp) && cat > $t && openssl pkeyutl -sign -rawin -inkey {shlex.quote(str(key))} -in $t && rm $t\n"
    )
    asked = ("create", "producer", "--command", f"sh {program}")
    assert "belong together" in said(capsys, *asked, code=3)
    assert "not an Ed25519 public key" in said(capsys, *asked, "--public", str(program), code=3)
    assert "producer is ready" in said(capsys, *asked, "--public", str(public))
    assert "held elsewhere" in said(capsys, "list")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_help_stands_in_both_languages(capsys: pytest.CaptureFixture[str], language: str) -> None:
    for name in ("list", "create", "rotate", "revoke", "export", "encrypt"):
        assert run(["keys", name, "--help", "--lang", language]) == 0
        assert f"shinrai keys {name}" in capsys.readouterr().out
