"""Which framework a person means who writes `jp.aigb`, `jp.aigb@1.1` or the path of a file."""

from pathlib import Path

from shinrai.frameworks.loader import FrameworkKey, available, load_framework, read_framework
from shinrai.frameworks.located import MAX_BYTES
from shinrai.frameworks.model import Framework
from shinrai.language import ShinraiError, message

_SUFFIXES = frozenset({".yaml", ".yml"})


def current() -> tuple[FrameworkKey, ...]:
    """Return the newest version of each shipped framework, by id."""
    newest = {key.id: key for key in available()}  # versions come from the oldest to the newest
    return tuple(newest.values())


def choose(name: str) -> Framework:
    """Return the framework that is meant: an id (its newest version), `id@version`, or the path of a YAML file.

    A name that stands for nothing is a ShinraiError with the nearest id or the versions there are.
    """
    if Path(name).suffix.lower() in _SUFFIXES:
        return read_file(Path(name))
    id_, separator, version = name.partition("@")
    newest = {key.id: key for key in current()}.get(id_)
    if separator or newest is None:
        return load_framework(id_, version)
    return load_framework(*newest)


def read_file(path: Path) -> Framework:
    """Read a framework file of one's own; a missing one and every fault in it are ShinraiErrors."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file {path} cannot be read: {why}.", path=path, why=error.strerror or type(error).__name__),
            fix=message("Correct the path, or name a shipped framework such as jp.aigb."),
        ) from error
    return read_framework(data, str(path))
