"""The user's data folder: database and private keys, outside every repository."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from shinrai.language import ShinraiError, message


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


def open_home(path: Path | None = None) -> Home:
    """Return the data folder, made on first use: `path`, else SHINRAI_HOME, else the platform's place for user data.

    Raises ShinraiError when it lies inside a repository (keys would be committed one day) or others can read it.
    """
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
    home = Home(path)
    for folder in (home.path, home.keys):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and stat.S_IMODE(home.keys.stat().st_mode) & 0o077:
        raise ShinraiError(
            message("Others on this machine can read the keys in {path}.", path=home.keys),
            fix=message("Run: chmod 700 {path}", path=home.keys),
        )
    return home
