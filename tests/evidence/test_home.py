"""The data folder and its keys: private, outside repositories, one key for a name."""

import stat
import threading
from pathlib import Path

import pytest

from shinrai.evidence import Home, open_home
from shinrai.evidence.keys import key_path, load_signer
from shinrai.language import Language, ShinraiError
from shinrai_verify.keys import verifies


def test_keys_are_made_once_and_for_their_owner_alone(home: Home) -> None:
    signer = load_signer(home.keys, "producer")
    assert load_signer(home.keys, "producer").public == signer.public
    assert stat.S_IMODE(key_path(home.keys, "producer").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700
    assert verifies(signer.public, signer.sign(b"data"), b"data")
    assert "private" not in repr(signer).lower()


def test_two_at_once_get_one_key(home: Home) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(load_signer(home.keys, "log").public)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.append(load_signer(home.keys, "log").public)
    assert len(set(found)) == 1


@pytest.mark.parametrize("depth", ["", "a/b"])
def test_a_data_folder_inside_a_repository_is_refused(tmp_path: Path, depth: str) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    with pytest.raises(ShinraiError, match="inside the repository") as caught:
        open_home(tmp_path / "repository" / depth)
    assert "--home" in caught.value.text(Language.EN)
    assert "リポジトリ" in caught.value.text(Language.JA)


def test_keys_that_others_can_read_are_refused(home: Home) -> None:
    home.keys.chmod(0o755)
    with pytest.raises(ShinraiError, match="chmod 700"):
        open_home(home.path)


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINRAI_HOME", str(tmp_path / "named"))
    assert open_home().path == (tmp_path / "named").resolve()


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_a_clear_error(home: Home, content: bytes) -> None:
    key_path(home.keys, "producer").write_bytes(content)
    with pytest.raises(ShinraiError, match="Ed25519 private key"):
        load_signer(home.keys, "producer")


def test_a_key_of_another_kind_is_refused(home: Home) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_path(home.keys, "producer").write_bytes(pem)
    with pytest.raises(ShinraiError, match="Ed25519 private key"):
        load_signer(home.keys, "producer")
