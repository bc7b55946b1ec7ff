"""What an import hands over: the framework, its mappings, and an account of what the foreign file did not fit into.

A file with faults is refused with all of them at once, each with its place. What was read but has no place in the
framework format is never dropped in silence: it is a loss in the report.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shinrai.frameworks.model import Framework
from shinrai.language import Bilingual, Language, Message, Place, ShinraiError, message

MAX_FAULTS = 50
"""Faults that one refusal lists; more are counted."""

MAX_NOTICES = 200
"""Warnings, and losses, that one report lists with their places; more are counted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing worth knowing about an import, and where in the foreign file it is."""

    what: Message
    place: Place | None = None

    def text(self, language: Language) -> str:
        """Render for a person."""
        head = f"{self.place.text(language)}: " if self.place else ""
        return head + self.what.text(language)


@dataclass(frozen=True, slots=True)
class ImportedMapping:
    """A statement of a foreign file that one row relates to another.

    source, target: ids of rows, as the file names them. relation: `equal`, `subset`, `superset`, `intersects` or
    `none`, seen from the source (NIST IR 8477, section 4.3). rationale: what the file says for it; None when nothing.
    strength: the file's own number, 0 to 10, if it gives one. state: always `proposed`, because nobody here has
    looked at it.
    """

    source_framework: str
    source: str
    target_framework: str
    target: str
    relation: str
    rationale: str | None = None
    strength: int | None = None
    state: str = "proposed"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An account of one import.

    sha256: of the foreign file (lowercase hex). counts: how many rows, headings, pieces of evidence, mappings and so
    on were read. warnings: what was changed or supplied. losses: what the framework format has no place for; with
    `dropped` those beyond MAX_NOTICES.
    """

    format: str
    file: str
    sha256: str
    size: int
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Notice, ...] = ()
    losses: tuple[Notice, ...] = ()
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What came out of a foreign file.

    framework: as `read_framework` reads `text`, which is the framework in Shinrai's own format; both are None when
    the file holds mappings only. name, names: what the foreign file calls the framework and each requirement, which is
    what mappings between foreign files refer to.
    """

    framework: Framework | None
    text: bytes | None
    mappings: tuple[ImportedMapping, ...]
    report: ImportReport
    name: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def in_our_ids(
    mappings: Iterable[ImportedMapping], imports: Iterable[Imported]
) -> tuple[tuple[ImportedMapping, ...], int]:
    """Return mappings with the ids that frameworks and requirements have here, and how many were left out.

    imports: the frameworks that the mappings speak of. A mapping of a framework or row that is not among them is left
    out.
    """
    known = {
        each.name or each.framework.id: (each.framework.id, {name: id_ for id_, name in each.names.items()})
        for each in imports
        if each.framework is not None
    }
    found = []
    left = 0
    for mapping in mappings:
        source, target = known.get(mapping.source_framework), known.get(mapping.target_framework)
        if source is None or target is None or mapping.source not in source[1] or mapping.target not in target[1]:
            left += 1
            continue
        found.append(
            replace(
                mapping,
                source_framework=source[0],
                source=source[1][mapping.source],
                target_framework=target[0],
                target=target[1][mapping.target],
            )
        )
    return tuple(found), left


class FaultyFile(ShinraiError):  # noqa: N818  (it says what the file is)
    """A file with several faults. faults: those listed, in the order of the file; more: how many are not listed."""

    def __init__(self, name: str, faults: tuple[ShinraiError, ...], more: int) -> None:
        super().__init__(
            message("The file has {count} faults.", count=len(faults) + more),
            fix=message("Mend them and import again; nothing has been imported."),
            place=Place(name),
        )
        self.faults = faults
        self.more = more

    def text(self, language: Language) -> str:
        """Render the count and then every fault."""
        head = super().text(language)
        rest = [fault.text(language) for fault in self.faults]
        if self.more:
            rest.append(message("… and {count} more.", count=self.more).text(language))
        return "\n".join((head, *rest))


class Findings:
    """Gathers the faults, warnings and losses of one file while it is read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self._faults: list[ShinraiError] = []
        self._more = 0
        self._warnings: list[Notice] = []
        self._losses: list[Notice] = []
        self._dropped = 0

    def fault(self, error: ShinraiError) -> None:
        """Note a fault; the file will be refused."""
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(error)
        else:
            self._more += 1

    def warn(self, what: Message, place: Place | None = None) -> None:
        """Note something that was changed or supplied."""
        self._keep(self._warnings, Notice(what, place))

    def lose(self, what: Message, place: Place | None = None) -> None:
        """Note something that the framework format has no place for."""
        self._keep(self._losses, Notice(what, place))

    def _keep(self, notices: list[Notice], notice: Notice) -> None:
        if len(notices) < MAX_NOTICES:
            notices.append(notice)
        else:
            self._dropped += 1

    @property
    def faulty(self) -> bool:
        """Whether a fault has been noted."""
        return bool(self._faults)

    def refuse_faults(self) -> None:
        """Raise what has been noted: the fault itself when it is one, a FaultyFile when there are several."""
        if len(self._faults) == 1:
            raise self._faults[0]
        if self._faults:
            raise FaultyFile(self.name, tuple(self._faults), self._more)

    def report(self, format_: str, sha256: str, size: int) -> ImportReport:
        """Return the account of the import."""
        return ImportReport(
            format_,
            self.name,
            sha256,
            size,
            dict(sorted(self.counts.items())),
            tuple(self._warnings),
            tuple(self._losses),
            self._dropped,
        )


UNKNOWN = Bilingual(ja="不明（取り込んだファイルに記載なし）", en="Unknown (the imported file does not say)")
"""Stands where the framework format needs a text that the foreign file lacks."""
