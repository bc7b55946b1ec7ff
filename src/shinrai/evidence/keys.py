"""Signing keys: Ed25519, one file each, made on first use and readable by their owner alone."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from shinrai.language import ShinraiError, message
from shinrai_verify.keys import keyid


@dataclass(frozen=True, slots=True)
class Signer:
    """Something that signs; only its public half is ever shown."""

    name: str
    public: bytes
    _private: Ed25519PrivateKey = field(repr=False)

    @property
    def keyid(self) -> str:
        """Lowercase hex SHA-256 of the DER SubjectPublicKeyInfo."""
        return keyid(self.public)

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature; the same data gives the same signature."""
        return self._private.sign(data)


def key_path(folder: Path, name: str) -> Path:
    """Return where the key of this name is kept."""
    return folder / f"{name}.pem"


def load_signer(folder: Path, name: str) -> Signer:
    """Return the signer of this name, its key made if there is none yet. Two processes at once agree on one key."""
    path = key_path(folder, name)
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # Readable by the owner alone from its first moment, and of a name that nobody else uses.
        descriptor, temporary = mkstemp(dir=folder)
        fresh = Path(temporary)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # A hard link, unlike a rename, never replaces a key that another process made meanwhile.
            path.hardlink_to(fresh)
        except FileExistsError:
            fresh.unlink()
            return load_signer(folder, name)
        fresh.unlink()
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise _unreadable(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unreadable(path)
    return Signer(name, key.public_key().public_bytes_raw(), key)


def _unreadable(path: Path) -> ShinraiError:
    return ShinraiError(
        message("{path} is not an Ed25519 private key in PEM form.", path=path),
        fix=message("Restore the file from your backup; what it signed stays valid."),
    )
