"""Instruments side by side: what they say of themselves, and what can be counted in their framework files.

No cell is ever blank. It has a text with its source and its certainty mark, or it says that there is no data; what was
not recorded is thereby never taken for something that an instrument does not ask.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shinrai.frameworks.applicability import ROLE_NAMES
from shinrai.frameworks.instrument import (
    FORCE_MEANINGS,
    Citation,
    Instrument,
    InstrumentVersion,
    TraitName,
)
from shinrai.frameworks.model import Certainty, Coverage, Force, Framework, Requirement, Role, SourceKey
from shinrai.frameworks.partial_date import PartialDate
from shinrai.language import Bilingual, Message, message

SIDE_BY_SIDE = ("jp.ai_act", "eu.ai_act", "us.nist.ai_rmf", "uk.principles")
"""The instruments of the usual comparison: Japan, the European Union, the United States, the United Kingdom."""

NO_DATA = message("No data.")

TRAIT_TITLES: Mapping[TraitName, Message] = {
    TraitName.APPROACH: message("Overall approach"),
    TraitName.RISK_CLASSIFICATION: message("Risk classification"),
    TraitName.PROHIBITED_PRACTICES: message("Prohibited practices"),
    TraitName.ENFORCEMENT: message("Enforcement"),
    TraitName.KEY_FOCUS: message("Key focus"),
}

_FORCE_TITLES: Mapping[Force, Message] = {
    Force.MUST: message("Requirements that must be met (duties)"),
    Force.SHOULD: message("Requirements that should be met (recommended)"),
    Force.MAY: message("Requirements that may be met (voluntary)"),
}

_COVERAGE: Mapping[Coverage, Message] = {
    Coverage.COMPLETE: message("The whole instrument."),
    Coverage.EXTRACT: message("An extract: nothing follows from what is missing."),
}

# From the surest to the least sure.
_MARKS = (Certainty.CONFIRMED, Certainty.SECONDARY, Certainty.UNVERIFIED)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one instrument has to say in one row.

    text: for people. value: for programs, the number or the word behind the text, None where there is only the text.
    source, certainty: both None when, and only when, there is no data. The certainty of a count is the weakest mark
    among the rows that were looked through for it.
    """

    text: Bilingual | Message
    value: int | str | None
    source: Citation | None
    certainty: Certainty | None

    @property
    def known(self) -> bool:
        """Whether there is data."""
        return self.source is not None


@dataclass(frozen=True, slots=True)
class Row:
    """One row. name: stable, for programs. counted: whether it comes from framework files. cells: one per column."""

    name: str
    title: Message
    counted: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table: an instrument per column, in the order asked for."""

    columns: tuple[Instrument, ...]
    rows: tuple[Row, ...]


_Column = tuple[Instrument, Framework | None]


def compare(instruments: Iterable[Instrument], frameworks: Iterable[Framework]) -> Comparison:
    """Set instruments side by side.

    frameworks: where the counts come from, matched by id; of several versions the last that none has replaced counts,
    or the last at all. An instrument without a framework keeps its columns, with "no data" in place of counts.
    """
    by_id: dict[str, Framework] = {}
    for framework in frameworks:
        chosen = by_id.get(framework.id)
        if chosen is None or framework.superseded_by is None or chosen.superseded_by is not None:
            by_id[framework.id] = framework
    columns = tuple((each, by_id.get(each.id)) for each in instruments)
    return Comparison(
        columns=tuple(instrument for instrument, _ in columns),
        rows=(
            *(_row(name.value, title, columns, _trait(name)) for name, title in TRAIT_TITLES.items()),
            *_instrument_rows(columns),
            *_framework_rows(columns),
        ),
    )


def _row(name: str, title: Message, columns: tuple[_Column, ...], cell: Callable[[Instrument], Cell | None]) -> Row:
    return Row(name, title, False, tuple(cell(instrument) or _NOTHING for instrument, _ in columns))


_NOTHING = Cell(NO_DATA, None, None, None)


def _trait(name: TraitName) -> Callable[[Instrument], Cell | None]:
    def cell(instrument: Instrument) -> Cell | None:
        trait = next((trait for trait in instrument.traits if trait.name is name), None)
        return None if trait is None else Cell(trait.text, None, trait.source, trait.certainty)

    return cell


def _instrument_rows(columns: tuple[_Column, ...]) -> tuple[Row, ...]:
    return (
        _row("legal_force", message("How it binds"), columns, _legal_force),
        _row("published", message("Published"), columns, lambda each: _dated(each, lambda version: version.published)),
        _row("in_force", message("In force"), columns, lambda each: _dated(each, lambda version: version.in_force)),
    )


def _legal_force(instrument: Instrument) -> Cell:
    return Cell(FORCE_MEANINGS[instrument.force], instrument.force.value, instrument.source, instrument.certainty)


def _dated(instrument: Instrument, date: Callable[[InstrumentVersion], PartialDate | None]) -> Cell | None:
    version = instrument.current[-1]
    day = date(version)
    if day is None:
        return None
    text = message("{day} (version {version})", day=day, version=version.version)
    return Cell(text, str(day), version.source, version.certainty)


def _framework_rows(columns: tuple[_Column, ...]) -> tuple[Row, ...]:
    counts = [("requirements", message("Requirements, without headings"), _count(lambda _: True))]
    counts += [(f"force_{force.value}", title, _count(_of_force(force))) for force, title in _FORCE_TITLES.items()]
    counts.append(("role_everyone", message("Requirements asked of everyone"), _count(lambda row: not row.roles)))
    counts += [
        (f"role_{role.value}", message("Requirements that name: {role}", role=name), _count(_of_role(role)))
        for role, name in ROLE_NAMES.items()
    ]
    return (
        _counted("recorded_version", message("Version in Shinrai's data"), columns, _version),
        _counted("coverage", message("How much of it is in the data"), columns, _coverage),
        *(_counted(name, title, columns, cell) for name, title, cell in counts),
        _counted("marks", message("Certainty of the requirements"), columns, _by_mark),
    )


def _counted(name: str, title: Message, columns: tuple[_Column, ...], cell: Callable[[Framework], Cell]) -> Row:
    return Row(name, title, True, tuple(_NOTHING if data is None else cell(data) for _, data in columns))


def _asked(framework: Framework) -> tuple[Requirement, ...]:
    """Return the rows that ask something themselves: all but those that others stand under."""
    headings = {row.principle for row in framework.requirements}
    return tuple(row for row in framework.requirements if row.id not in headings)


def _of_force(force: Force) -> Callable[[Requirement], bool]:
    return lambda row: row.force is force


def _of_role(role: Role) -> Callable[[Requirement], bool]:
    return lambda row: role in row.roles


def _from_file(
    framework: Framework, text: Bilingual | Message, value: int | str, certainty: Certainty = Certainty.CONFIRMED
) -> Cell:
    title = message("Shinrai's data file of {title}, SHA-256 {digest}", title=framework.title, digest=framework.digest)
    source = Citation((SourceKey(f"{framework.id}/{framework.version}", title.both()),), None)
    return Cell(text, value, source, certainty)


def _version(framework: Framework) -> Cell:
    return _from_file(framework, Bilingual(ja=framework.version, en=framework.version), framework.version)


def _coverage(framework: Framework) -> Cell:
    return _from_file(framework, _COVERAGE[framework.coverage], framework.coverage.value)


def _count(holds: Callable[[Requirement], bool]) -> Callable[[Framework], Cell]:
    def cell(framework: Framework) -> Cell:
        number = sum(map(holds, _asked(framework)))
        text: Bilingual | Message = Bilingual(ja=str(number), en=str(number))
        if framework.coverage is Coverage.EXTRACT:
            text = message("{number} in the extract", number=number)
        weakest = max((row.certainty for row in framework.requirements), key=_MARKS.index)
        return _from_file(framework, text, number, weakest)

    return cell


def _by_mark(framework: Framework) -> Cell:
    marks = [row.certainty for row in _asked(framework)]
    confirmed, secondary, unverified = (marks.count(mark) for mark in _MARKS)
    text = message(
        "{confirmed} confirmed, {secondary} from secondary sources, {unverified} unverified",
        confirmed=confirmed,
        secondary=secondary,
        unverified=unverified,
    )
    return _from_file(framework, text, f"C {confirmed}, C2 {secondary}, M {unverified}")
