"""Signing keys: Ed25519, one file each, made on first use and readable by their owner alone.

A key is kept in one of three ways: as plain PKCS #8 (`NAME.pem`); encrypted under a passphrase that is only ever named
(`NAME.sealed.json`: scrypt, RFC 7914, and AES-256-GCM, NIST SP 800-38D); or not at all (`NAME.signer.json`), where an
external command signs, with a key that a KMS, an HSM or a smart card holds.
"""

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import scrypt
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from shinrai.language import ShinraiError, message
from shinrai_verify import NAMESPACE
from shinrai_verify.encoding import Fault, canonical_json, shaped, strict_json, unbase64
from shinrai_verify.keys import LOW_ORDER, keyid, verifies

SEALED = NAMESPACE + "sealed-key/v1"
EXTERNAL = NAMESPACE + "external-signer/v1"
SETTINGS = "sealing.json"
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}  # 32 MiB; OWASP's floor for interactive use, 2023
_SEALED_SHAPE = dict.fromkeys(("passphrase", "salt", "nonce", "sealed"), str)
_EXTERNAL_SHAPE = {"public": str, "command": [str]}
_COMMAND_SECONDS = 60


class Signer(Protocol):
    """Something that signs; only its public half is ever shown."""

    @property
    def name(self) -> str:
        """Under which name it is kept."""

    @property
    def public(self) -> bytes:
        """The raw 32-byte Ed25519 public key."""

    @property
    def keyid(self) -> str:
        """Lowercase hex SHA-256 of the DER SubjectPublicKeyInfo."""

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature; the same data gives the same signature."""


@dataclass(frozen=True, slots=True)
class SoftwareSigner:
    """A signer whose private key is in this process."""

    name: str
    public: bytes
    _private: Ed25519PrivateKey = field(repr=False)

    @property
    def keyid(self) -> str:
        """Lowercase hex SHA-256 of the DER SubjectPublicKeyInfo."""
        return keyid(self.public)

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self._private.sign(data)


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """A signer behind a command, which gets the data on its input and writes the 64 raw bytes of the signature.

    So any KMS, HSM or smart card can sign for which a command line exists. What comes back is verified before it is
    used: a wrong key or slot is an error here, not a bundle that fails elsewhere.
    """

    name: str
    public: bytes
    command: tuple[str, ...]

    @property
    def keyid(self) -> str:
        """Lowercase hex SHA-256 of the DER SubjectPublicKeyInfo."""
        return keyid(self.public)

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature; ShinraiError when the command fails or signs with another key."""
        try:
            done = subprocess.run(self.command, input=data, capture_output=True, timeout=_COMMAND_SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._fault() from error
        if done.returncode or not verifies(self.public, done.stdout, data):
            raise self._fault()
        return done.stdout

    def _fault(self) -> ShinraiError:
        return ShinraiError(
            message("The command that signs for {name} did not give a good signature.", name=self.name),
            fix=message("Run it by hand: {command}. It reads the data and writes 64 bytes.", command=self.command[0]),
        )


def key_path(folder: Path, name: str) -> Path:
    """Return where the key of this name is kept, or would be kept plainly."""
    return next((path for path in _places(folder, name) if path.exists()), folder / f"{name}.pem")


def _places(folder: Path, name: str) -> tuple[Path, ...]:
    return folder / f"{name}.signer.json", folder / f"{name}.sealed.json", folder / f"{name}.pem"


def key_names(folder: Path) -> list[str]:
    """Return the names of all keys kept, retired ones included."""
    suffixes = (".signer.json", ".sealed.json", ".pem")
    found = {path.name.removesuffix(end) for end in suffixes for path in folder.glob(f"*{end}")}
    return sorted(found)


def load_signer(folder: Path, name: str) -> Signer:
    """Return the signer of this name, its key made if there is none yet. Two processes at once agree on one key."""
    path = key_path(folder, name)
    if not path.exists():
        _store(folder, name, Ed25519PrivateKey.generate())
        return load_signer(folder, name)
    if path.name.endswith(".signer.json"):
        return _external(path, name)
    key = _unsealed(path, name) if path.name.endswith(".sealed.json") else _plain(path)
    return SoftwareSigner(name, key.public_key().public_bytes_raw(), key)


def register_command(folder: Path, name: str, public: bytes, command: Sequence[str]) -> Signer:
    """Keep a signer that an external command is; it has to sign once before it is taken."""
    signer = CommandSigner(name, public, tuple(command))
    signer.sign(b"shinrai: proof that this command signs")
    record = {"command": list(command), "public": base64.b64encode(public).decode(), "schema": EXTERNAL}
    if not _write_once(folder, folder / f"{name}.signer.json", canonical_json(record)):
        raise _taken(name)
    return signer


def create_key(folder: Path, name: str) -> Signer:
    """Make a key of a name that has none."""
    if key_path(folder, name).exists():
        raise _taken(name)
    return load_signer(folder, name)


def retire(folder: Path, name: str) -> str | None:
    """Put a key aside, so that a new one takes its name; returns the key id of the old one, None if there was none.

    The old key is kept: what it signed stays valid, and it may have to be revoked.
    """
    path = key_path(folder, name)
    if not path.exists():
        return None
    old = load_signer(folder, name)
    rename(folder, name, f"{name}.retired-{old.keyid[:16]}")
    return old.keyid


def rename(folder: Path, name: str, to: str) -> None:
    """Give a key another name. Stopped in between, it has both, and can be renamed again."""
    path, signer = key_path(folder, name), load_signer(folder, name)
    if isinstance(signer, SoftwareSigner):
        # A sealed key is bound to its name, so it is sealed anew.
        _store(folder, to, signer._private)
        path.unlink()
    else:
        path.rename(folder / f"{to}.signer.json")


def seal_keys(folder: Path, reference: str) -> list[str]:
    """Encrypt every plain key and re-encrypt every sealed one under the passphrase that a reference names.

    reference: `env:NAME` or `file:PATH`; it is kept, the passphrase never. New keys are sealed likewise. Each key is
    readable at every moment: the sealed file is there and was opened again before the plain one goes.
    """
    salt = base64.b64encode(os.urandom(16)).decode()
    settings = {"passphrase": reference, "salt": salt, "scrypt": _SCRYPT}
    _derived(reference, salt)
    done = []
    for name in key_names(folder):
        path = key_path(folder, name)
        if path.name.endswith(".signer.json"):
            continue
        key = _unsealed(path, name) if path.name.endswith(".sealed.json") else _plain(path)
        _replace(folder, folder / f"{name}.sealed.json", _sealed(name, key, settings))
        if _unsealed(folder / f"{name}.sealed.json", name).private_bytes_raw() != key.private_bytes_raw():
            raise _unreadable(path)
        (folder / f"{name}.pem").unlink(missing_ok=True)
        done.append(name)
    _replace(folder, folder / SETTINGS, canonical_json(settings))
    return done


def _store(folder: Path, name: str, key: Ed25519PrivateKey) -> None:
    settings = folder / SETTINGS
    if settings.exists():
        _write_once(folder, folder / f"{name}.sealed.json", _sealed(name, key, json.loads(settings.read_bytes())))
    else:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_once(folder, folder / f"{name}.pem", pem)


def _sealed(name: str, key: Ed25519PrivateKey, settings: dict[str, Any]) -> bytes:
    nonce = os.urandom(12)
    derived = _derived(settings["passphrase"], settings["salt"])
    sealed = AESGCM(derived).encrypt(nonce, key.private_bytes_raw(), _bound(name))
    record = {**settings, "nonce": base64.b64encode(nonce).decode(), "schema": SEALED}
    return canonical_json({**record, "sealed": base64.b64encode(sealed).decode()})


def _bound(name: str) -> bytes:
    # A key that is put aside keeps its bytes, so a sealed file cannot pass for the key of another name.
    return f"{SEALED} {name}".encode()


def _unsealed(path: Path, name: str) -> Ed25519PrivateKey:
    try:
        record = shaped(strict_json(path.read_bytes(), path.name), _SEALED_SHAPE, path.name)
        derived = _derived(record["passphrase"], record["salt"])
        nonce, sealed = (unbase64(record[part], path.name, standard=True) for part in ("nonce", "sealed"))
        return Ed25519PrivateKey.from_private_bytes(AESGCM(derived).decrypt(nonce, sealed, _bound(name)))
    except InvalidTag as error:
        raise ShinraiError(
            message("The passphrase does not open {path}.", path=path),
            fix=message("It is read from {reference}.", reference=record["passphrase"]),
        ) from error
    except (Fault, ValueError) as error:
        raise _unreadable(path) from error


@lru_cache(maxsize=8)
def _derived_from(passphrase: str, salt: str) -> bytes:
    return scrypt(passphrase.encode(), salt=base64.b64decode(salt), dklen=32, maxmem=128 * 1024 * 1024, **_SCRYPT)


def _derived(reference: str, salt: str) -> bytes:
    return _derived_from(_passphrase(reference), salt)


def _passphrase(reference: str) -> str:
    """Read the passphrase that a reference names; without the line break that a file ends in."""
    kind, _, place = reference.partition(":")
    found: str | None = None
    if kind == "env":
        found = os.environ.get(place)
    elif kind == "file" and place:
        try:
            found = Path(place).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            found = None
    found = found.rstrip("\r\n") if found else None
    if not found:
        raise ShinraiError(
            message("There is no passphrase at {reference}.", reference=reference[:200]),
            fix=message("Name one that is there, as env:NAME or file:PATH. It is never typed into a command."),
        )
    return found


def _external(path: Path, name: str) -> Signer:
    try:
        record = shaped(strict_json(path.read_bytes(), path.name), _EXTERNAL_SHAPE, path.name)
        public, command = unbase64(record["public"], path.name, standard=True), tuple(record["command"])
    except Fault as error:
        raise _unreadable(path) from error
    if len(public) != 32 or public in LOW_ORDER or not command:
        raise _unreadable(path)
    return CommandSigner(name, public, command)


def _plain(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (TypeError, ValueError) as error:
        raise _unreadable(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unreadable(path)
    return key


def _write_once(folder: Path, path: Path, data: bytes) -> bool:
    """Write a file that is not there yet; False if it is. Readable by the owner alone from its first moment."""
    fresh = _fresh(folder, data)
    try:
        # A hard link, unlike a rename, never replaces a key that another process made meanwhile.
        path.hardlink_to(fresh)
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True


def _replace(folder: Path, path: Path, data: bytes) -> None:
    _fresh(folder, data).replace(path)


def _fresh(folder: Path, data: bytes) -> Path:
    descriptor, temporary = mkstemp(dir=folder)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(temporary)


def _taken(name: str) -> ShinraiError:
    return ShinraiError(
        message("There is a key named {name} already.", name=name),
        fix=message("Rotate it, or choose another name."),
    )


def _unreadable(path: Path) -> ShinraiError:
    return ShinraiError(
        message("{path} is not an Ed25519 private key in PEM form.", path=path),
        fix=message("Restore the file from your backup; what it signed stays valid."),
    )
