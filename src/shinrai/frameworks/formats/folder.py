"""Many files at once: every one is read on its own, and a bad one does not stop the rest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shinrai.frameworks.formats.imports import import_framework
from shinrai.frameworks.formats.report import Imported, ImportedMapping, ImportReport, Notice
from shinrai.frameworks.formats.worth import MappingWorth, framework_flags, mapping_worth
from shinrai.language import Place, ShinraiError, message

MAX_FILES = 5_000
MAX_BYTES = 64 * 1024 * 1024
MAX_MAPPINGS = 1_000_000
SUFFIXES = (".yaml", ".yml", ".json", ".xlsx", ".xlsm", ".xls")
"""Files of other names are counted and left alone."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import of a folder has come. file: the one that is read next, relative to the folder."""

    done: int
    files: int
    file: str


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file, named relative to the folder. error is None when it was imported.

    title: the framework's, with its id and version; None for a file of mappings only. flags: what makes it worth less
    than it seems.
    """

    file: str
    error: ShinraiError | None = None
    report: ImportReport | None = None
    id: str | None = None
    version: str | None = None
    worth: MappingWorth | None = None
    flags: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What became of a folder.

    files: one result for each, by name. skipped: files of other kinds. worth: of all mappings together, where ids are
    looked up in the frameworks of the same folder.
    """

    folder: str
    files: tuple[FileResult, ...]
    skipped: int
    worth: MappingWorth

    @property
    def failed(self) -> tuple[FileResult, ...]:
        """The files that were refused."""
        return tuple(each for each in self.files if each.error is not None)


def import_folder(
    folder: Path,
    *,
    language: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    keep: Callable[[str, Imported], None] | None = None,
) -> FolderReport:
    """Import every framework and mapping file of a folder and the folders in it, one after the other.

    keep: is handed each import as it comes, with the file's name; only what the report needs stays in memory. A folder
    that is not there, or holds more than MAX_FILES files, is a ShinraiError; a file that cannot be read or imported is
    a result with an error. Links are not followed.
    """
    paths, skipped = _listed(folder)
    results: list[FileResult] = []
    mappings: list[ImportedMapping] = []
    rows: dict[str, frozenset[str]] = {}
    for done, path in enumerate(paths):
        name = path.relative_to(folder).as_posix()
        if progress is not None:
            progress(Progress(done, len(paths), name))
        try:
            imported = import_framework(_read(path, name), name, language=language)
            _limit(len(mappings) + len(imported.mappings), name)
        except ShinraiError as error:
            results.append(FileResult(name, error))
            continue
        mappings += imported.mappings
        rows |= _named_rows(imported)
        results.append(_result(name, imported))
        if keep is not None:
            keep(name, imported)
    if progress is not None:
        progress(Progress(len(paths), len(paths), ""))
    return FolderReport(str(folder), tuple(results), skipped, mapping_worth(mappings, rows))


def _listed(folder: Path) -> tuple[list[Path], int]:
    if not folder.is_dir():
        raise ShinraiError(message("There is no folder {path}.", path=folder), place=Place(str(folder)))
    files = sorted(_files(folder))
    wanted = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not wanted:
        raise ShinraiError(
            message("The folder holds no file that can be imported; files of other kinds: {count}.", count=len(files)),
            place=Place(str(folder)),
            fix=message("Name a folder with {suffixes} files.", suffixes=", ".join(SUFFIXES)),
        )
    if len(wanted) > MAX_FILES:
        raise ShinraiError(
            message("The folder holds {count} files; at most {limit} are read.", count=len(wanted), limit=MAX_FILES),
            place=Place(str(folder)),
        )
    return wanted, len(files) - len(wanted)


def _files(folder: Path) -> Iterator[Path]:
    pending = [folder]
    while pending:
        for path in pending.pop().iterdir():
            if path.is_symlink():
                continue
            if path.is_dir():
                pending.append(path)
            else:
                yield path


def _read(path: Path, name: str) -> bytes:
    try:
        size = path.stat().st_size
        if size <= MAX_BYTES:
            return path.read_bytes()
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {why}.", why=error.strerror or "?"), place=Place(name)
        ) from error
    raise ShinraiError(
        message("The file has {size} bytes; at most {limit} are read.", size=size, limit=MAX_BYTES), place=Place(name)
    )


def _limit(count: int, name: str) -> None:
    if count > MAX_MAPPINGS:
        raise ShinraiError(
            message("The folder holds too much; at most {limit} mappings are read.", limit=MAX_MAPPINGS),
            place=Place(name),
        )


def _named_rows(imported: Imported) -> dict[str, frozenset[str]]:
    """Return the rows of a framework by the names the foreign file has for the framework and for them."""
    if imported.framework is None:
        return {}
    return {imported.name or imported.framework.id: frozenset(imported.names.values())}


def _result(name: str, imported: Imported) -> FileResult:
    framework = imported.framework
    worth = mapping_worth(imported.mappings, {}) if imported.mappings else None
    return FileResult(
        name,
        report=imported.report,
        id=None if framework is None else framework.id,
        version=None if framework is None else framework.version,
        worth=worth,
        flags=(
            *(() if framework is None else framework_flags(framework, name)),
            *(() if worth is None else worth.flags()),
        ),
    )
