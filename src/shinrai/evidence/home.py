"""The user's data folder: database and private keys, outside every repository."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Literal

from shinrai.language import ShinraiError, message

SALT_BYTES = 32
_SALTS, _OF = "salts", ".of"


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder that exists and is private."""

    path: Path

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.path / "shinrai.db"

    @property
    def keys(self) -> Path:
        """The folder of private keys, and of the log's high-water mark."""
        return self.path / "keys"


@dataclass(frozen=True, slots=True)
class Salted:
    """A file whose digest is taken over 32 random bytes and then its content.

    Whoever has only the digest cannot guess what personal or otherwise guessable content it stands for; with the salt
    gone, nobody can.
    """

    salt: bytes
    path: Path

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open salt and content as one stream; to be read, not to be searched in."""
        return _AfterSalt(self.salt, self.path.open(mode))

    @property
    def size(self) -> int:
        """Bytes that the digest is taken over."""
        return len(self.salt) + self.path.stat().st_size


class _AfterSalt(BytesIO):
    """The salt, and after it a file that is read as it is asked for."""

    def __init__(self, salt: bytes, file: BinaryIO) -> None:
        super().__init__(salt)
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or self._file.read(-1 if size is None else size)

    def close(self) -> None:
        self._file.close()
        super().close()


def salted(home: Home, path: Path, sha256: str) -> Salted:
    """Return a file with its salt, made on first use and kept in the data folder under the file's own digest.

    The same file keeps its salt, so that a run that was stopped goes on with the same digests.
    """
    folder = home.keys / _SALTS
    _keep(folder / sha256, os.urandom(SALT_BYTES))
    return Salted((folder / sha256).read_bytes(), path)


def name_salted(home: Home, sha256: str, named: str) -> None:
    """Remember under which digest statements name a salted file, so that its salt is found when it has to go.

    sha256: of the file alone; named: of salt and file.
    """
    _keep(home.keys / _SALTS / (named + _OF), sha256.encode())


def salted_as(home: Home, named: str) -> str | None:
    """Return the digest of the file alone that statements name by this digest; None where no salt is kept for it."""
    place = home.keys / _SALTS / (named + _OF)
    return place.read_text(encoding="ascii") if place.exists() else None


def salt_of(home: Home, sha256: str) -> bytes | None:
    """Return the salt of a file, by the digest of the file alone; None where there is none."""
    place = home.keys / _SALTS / sha256
    return place.read_bytes() if place.exists() else None


def erase_salt(home: Home, sha256: str, named: str | None = None) -> bool:
    """Destroy the salt of a file, so that its digest can never be connected with it again; False if there is none.

    named: the digest of salt and file, whose note goes last: stopped in between, the salt can still be found by it.
    """
    folder = home.keys / _SALTS
    place, note = folder / sha256, folder / f"{named}{_OF}"
    found = place.exists() or note.exists()
    if place.exists():
        with place.open("r+b") as stream:
            stream.write(bytes(SALT_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        place.unlink()
    note.unlink(missing_ok=True)
    if found:
        sync_folder(folder)
    return found


def sync_folder(folder: Path) -> None:
    """See to it that what was taken out of a folder stays out when the power fails."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keep(place: Path, data: bytes) -> None:
    """Write a small file that is not there yet; two at once agree on one."""
    if place.exists():
        return
    place.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor, fresh = mkstemp(dir=place.parent)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        place.hardlink_to(fresh)
    Path(fresh).unlink()


def open_home(path: Path | None = None) -> Home:
    """Return the data folder, made on first use: `path`, else SHINRAI_HOME, else the platform's place for user data.

    Raises ShinraiError when it lies inside a repository (keys would be committed one day) or others can read it.
    """
    home = _named_home(path)
    for folder in (home.path, home.keys):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _private(home)


def find_home(path: Path | None = None) -> Home:
    """Return the data folder as `open_home` does, but only one that is there: a slip in its name makes none.

    Raises ShinraiError also where there is none.
    """
    home = _named_home(path)
    if not home.keys.is_dir():
        raise ShinraiError(
            message("There is no data folder at {path}.", path=home.path),
            fix=message("Name the data folder that is meant, with --home or SHINRAI_HOME; nothing was made."),
        )
    return _private(home)


def _named_home(path: Path | None) -> Home:
    if path is None:
        from platformdirs import user_data_path

        named = os.environ.get("SHINRAI_HOME")
        path = Path(named) if named else user_data_path("shinrai", appauthor=False)
    path = path.expanduser().resolve()
    for folder in (path, *path.parents):
        if (folder / ".git").exists():
            raise ShinraiError(
                message(
                    "The data folder {path} lies inside the repository {repository}.", path=path, repository=folder
                ),
                fix=message("Keys must stay outside repositories: choose another folder with --home or SHINRAI_HOME."),
            )
    return Home(path)


def _private(home: Home) -> Home:
    if os.name == "posix" and stat.S_IMODE(home.keys.stat().st_mode) & 0o077:
        raise ShinraiError(
            message("Others on this machine can read the keys in {path}.", path=home.keys),
            fix=message("Run: chmod 700 {path}", path=home.keys),
        )
    return home
