"""From a workbook to a framework, with every fault at its cell."""

import difflib
from hashlib import sha256

from shinrai.frameworks.formats.report import Findings, Imported
from shinrai.frameworks.formats.xlsx.layout import (
    EVIDENCE,
    FRAMEWORK,
    HEADER,
    NOTE_KINDS,
    NOTES,
    REQUIREMENTS,
    SOURCES,
    meant,
    plain,
)
from shinrai.frameworks.formats.xlsx.package import Cell, read_package
from shinrai.frameworks.formats.xlsx.tables import tables
from shinrai.frameworks.formats.xlsx.values import (
    A_LANGUAGE,
    A_LEAF,
    A_REGION,
    A_TAG,
    AN_ADDRESS,
    AN_ID,
    Row,
    Values,
)
from shinrai.frameworks.formats.yaml_out import write_yaml
from shinrai.frameworks.loader import read_framework
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Phase,
    Requirement,
    Role,
    Scope,
    SourceKey,
)
from shinrai.language import Bilingual, Place, ShinraiError, message, suggest


def read_xlsx(data: bytes, name: str) -> Imported:
    """Read a framework from a workbook laid out as `template()` shows.

    All faults are reported together, each with sheet, cell and column. Columns that begin with `memo` and sheets of
    other names are the author's own; they are not read, and the report says so.
    """
    findings = Findings(name)
    found = tables(read_package(data, name, findings), name, findings)
    framework = None if found is None else _framework(found, Values(name, findings))
    findings.refuse_faults()
    if framework is None or not framework.requirements:
        raise ShinraiError(message("There is no row in this file."), place=Place(name, field=REQUIREMENTS.title))
    text = write_yaml(framework)
    read = read_framework(text, f"{name} → YAML")
    counts = findings.counts
    counts["requirements"] = len(read.requirements)
    counts["headings"] = sum(not row.expects for row in read.requirements)
    counts["evidence"] = sum(len(row.expects) for row in read.requirements)
    report = findings.report("xlsx", sha256(data).hexdigest(), len(data))
    return Imported(read, text, (), report, read.id, {row.id: row.id for row in read.requirements})


def _framework(found: dict[str, list[Row]], values: Values) -> Framework | None:
    row = _header(found[FRAMEWORK.name], values)
    keys = _sources(found[SOURCES.name], values)
    notes = _notes(found[NOTES.name], values)
    requirements = _requirements(found, [key.key for key in keys], values)
    if row is None:
        return None
    return Framework(
        id=values.match(row, "id", AN_ID),
        version=values.match(row, "version", AN_ID),
        title=values.both(row, "title_"),
        issuer=values.both(row, "issuer_"),
        force=values.choice(row, "force", Force),
        published=values.day(row, "published"),
        valid_from=values.day(row, "valid_from"),
        superseded_by=values.optional_match(row, "superseded_by", AN_ID),
        source=values.match(row, "source", AN_ADDRESS),
        licence=values.text(row, "licence"),
        language_of_record=values.match(row, "language_of_record", A_LANGUAGE),
        coverage=values.choice(row, "coverage", Coverage),
        requirements=requirements,
        digest="",
        source_keys=tuple(keys),
        certainty_notes=tuple(note for kind, note in notes if kind == "certainty"),
        open_questions=tuple(note for kind, note in notes if kind == "question"),
        scope=Scope(frozenset(values.matches(row, "regions", A_REGION)), values.facts(row, "facts")),
    )


def _header(rows: list[Row], values: Values) -> Row | None:
    """Return the lines of the sheet `framework` as the columns of one row; None when a needed one is missing."""
    cells: dict[str, Cell] = {}
    references: dict[str, str] = {}
    for row in rows:
        label = values.text(row, "field")
        known = next((each for each in HEADER if meant(label, each.name, each.ja)), None)
        if not label:
            continue
        if known is None:
            near = difflib.get_close_matches(plain(label), [plain(each.name) for each in HEADER], n=1)
            names = [each.name for each in HEADER if plain(each.name) in near]
            fix = message("Did you mean “{name}”?", name=names[0]) if names else None
            values.fault(row, "field", message("There is no field “{name}” here.", name=shown(label)), fix)
        elif known.name in references:
            values.fault(row, "field", message("The field “{name}” is there twice.", name=known.name))
        else:
            references[known.name] = row.references["value"]
            if "value" in row.cells:
                cells[known.name] = row.cells["value"]
    sheet = rows[0].sheet if rows else FRAMEWORK.title
    missing = [each for each in HEADER if each.needed and each.name not in references]
    for each in missing:
        values.findings.fault(
            ShinraiError(
                message("The field “{name}” is missing.", name=each.heading.replace("\n", " ")),
                fix=message("Add it."),
                place=Place(values.name, field=shown(sheet, 40)),
            )
        )
    return None if missing else Row(sheet, 0, cells, references)


def _sources(rows: list[Row], values: Values) -> list[SourceKey]:
    keys: dict[str, SourceKey] = {}
    for row in rows:
        key, title = values.match(row, "key", AN_ID), values.both(row, "title_")
        if key and key in keys:
            what = message("The key “{key}” is there twice.", key=key)
            values.fault(row, "key", what, message("Keep one of the two."))
        keys[key] = SourceKey(key, title)
    return list(keys.values())


def _notes(rows: list[Row], values: Values) -> list[tuple[str | None, Bilingual]]:
    return [
        (values.chosen(row, "kind", values.text(row, "kind").strip() or NOTE_KINDS[0], NOTE_KINDS), values.both(row))
        for row in rows
    ]


def _requirements(found: dict[str, list[Row]], keys: list[str], values: Values) -> tuple[Requirement, ...]:
    rows = found[REQUIREMENTS.name]
    firsts: dict[str, Row] = {}
    ids = [values.match(row, "id", AN_ID) for row in rows]
    for id_, row in zip(ids, rows, strict=True):
        first = firsts.setdefault(id_, row)
        if id_ and first is not row:
            what = message("The id “{id}” is already used in row {row}.", id=id_, row=first.number)
            values.fault(row, "id", what, message("Give it another id."))
    evidence = _evidence(found[EVIDENCE.name], firsts, values)
    headings = {row.cells["principle"].text.strip() for row in rows if "principle" in row.cells}
    earlier: set[str] = set()
    made = []
    for id_, row in zip(ids, rows, strict=True):
        requirement = _requirement(row, id_, keys, tuple(evidence.get(id_, ())), values)
        if id_:
            _check_place(row, requirement, earlier, id_ in headings, values)
        earlier.add(id_)
        made.append(requirement)
    return tuple(made)


def _check_place(row: Row, requirement: Requirement, earlier: set[str], is_heading: bool, values: Values) -> None:
    """Check that a row stands under an earlier one, and that headings, and only they, expect no evidence."""
    above = requirement.principle
    if above is not None and above not in earlier:
        what = message("“{id}” is not an earlier requirement of this file.", id=above)
        values.fault(row, "principle", what, suggest(above, earlier))
    if is_heading and requirement.expects:
        what = message("“{id}” expects evidence of its own, so nothing can stand under it.", id=requirement.id)
        values.fault(row, "id", what, message("Move its evidence to a requirement below it."))
    if not is_heading and not requirement.expects:
        what = message("“{id}” expects no evidence and nothing stands under it.", id=requirement.id)
        values.fault(row, "id", what, message("Say in the sheet “{sheet}” what could show it.", sheet=EVIDENCE.title))


def _evidence(rows: list[Row], requirements: dict[str, Row], values: Values) -> dict[str, list[ExpectedEvidence]]:
    """Return the evidence of each requirement, in the order of the sheet."""
    found: dict[str, list[ExpectedEvidence]] = {}
    taken = set(requirements)
    for row in rows:
        under, name = values.text(row, "requirement").strip(), values.match(row, "name", A_LEAF)
        code, title = values.choice(row, "code", EvidenceCode), values.both(row, "title_")
        id_ = f"{under}.{name}"
        if under and under not in requirements:
            what = message("There is no requirement “{id}”.", id=shown(under))
            values.fault(row, "requirement", what, suggest(shown(under), requirements))
        elif under and name and id_ in taken:
            values.fault(row, "name", message("The id “{id}” is already used.", id=shown(id_, 140)))
        elif under and name and not AN_ID.form(id_):
            values.fault(row, "name", message("The id “{id}” is longer than 128 characters.", id=shown(id_, 140)))
        taken.add(id_)
        # Kept after a fault too, so that the requirement is not said to lack evidence on top of it.
        found.setdefault(under, []).append(ExpectedEvidence(id_, code, title))
    return found


def _requirement(
    row: Row, id_: str, keys: list[str], expects: tuple[ExpectedEvidence, ...], values: Values
) -> Requirement:
    cited = values.several(row, "source_keys", lambda word: _key(row, word, keys, values))
    if "source_keys" not in row.cells:
        values.fault(row, "source_keys", message("A requirement names at least one source."))
    section = values.optional_text(row, "section")
    return Requirement(
        id=id_,
        kind=values.choice(row, "kind", Kind),
        title=values.both(row, "title_"),
        text=values.both(row, "text_"),
        roles=frozenset(values.choices(row, "roles", Role)),
        when=values.facts(row, "when"),
        force=values.choice(row, "force", Force),
        certainty=values.choice(row, "certainty", Certainty),
        source="; ".join((*cited, *(() if section is None else (section,)))),
        principle=values.optional_match(row, "principle", AN_ID),
        expects=expects,
        phases=values.choices(row, "phases", Phase),
        starts=values.starts(row),
        continues=values.optional_match(row, "continues", AN_ID),
        tags=values.matches(row, "tags", A_TAG),
    )


def _key(row: Row, word: str, keys: list[str], values: Values) -> str | None:
    if word in keys:
        return word
    what = message("“{key}” is not in the sheet “{sheet}”.", key=shown(word), sheet=SOURCES.title)
    values.fault(row, "source_keys", what, suggest(shown(word), keys))
    return None
