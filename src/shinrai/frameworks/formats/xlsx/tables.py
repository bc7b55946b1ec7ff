"""The sheets of a workbook as tables whose columns are known by name."""

import difflib

from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.formats.xlsx.layout import CHOICES, MEMO, README, SHEETS, Sheet, meant, plain
from shinrai.frameworks.formats.xlsx.package import Cell, RawSheet, place
from shinrai.frameworks.formats.xlsx.values import Row
from shinrai.frameworks.located import shown
from shinrai.language import Message, Place, ShinraiError, message


def tables(sheets: tuple[RawSheet, ...], name: str, findings: Findings) -> dict[str, list[Row]] | None:
    """Return the rows of each sheet we know; None when one of them or a needed column is missing."""
    found: dict[str, list[Row]] = {}
    complete = True
    for raw in sheets:
        sheet = next((each for each in (*SHEETS, README, CHOICES) if meant(raw.title, each.name, each.ja)), None)
        if sheet is None:
            _unknown_sheet(raw, name, findings)
        elif sheet.name in found:
            findings.fault(
                ShinraiError(
                    message("The sheet “{sheet}” is there twice.", sheet=shown(raw.title)),
                    fix=message("Keep one of the two."),
                    place=Place(name, field=shown(raw.title, 40)),
                )
            )
        elif sheet.columns:
            rows = _table(raw, sheet, name, findings)
            complete = complete and rows is not None
            found[sheet.name] = rows or []
    for sheet in SHEETS:
        if sheet.name not in found:
            complete = False
            findings.fault(
                ShinraiError(
                    message("The sheet “{sheet}” is missing.", sheet=sheet.title),
                    fix=message("Begin with the template; it has every sheet."),
                    place=Place(name),
                )
            )
    return found if complete else None


def _unknown_sheet(raw: RawSheet, name: str, findings: Findings) -> None:
    known = {plain(text): each.title for each in SHEETS for text in (each.name, each.ja)}
    near = difflib.get_close_matches(plain(raw.title), known, n=1, cutoff=0.75)
    where = Place(name, field=shown(raw.title, 40))
    if near:
        findings.fault(
            ShinraiError(
                message("There is no sheet “{sheet}” in a framework.", sheet=shown(raw.title)),
                fix=message("Did you mean “{name}”?", name=known[near[0]]),
                place=where,
            )
        )
    elif raw.rows:
        findings.lose(message("The sheet “{sheet}” is not part of a framework.", sheet=shown(raw.title)), where)


def _table(raw: RawSheet, sheet: Sheet, name: str, findings: Findings) -> list[Row] | None:
    """Return the rows below the heading, which is the first row that holds anything."""
    if not raw.rows:
        findings.fault(
            ShinraiError(
                message("The sheet is empty."),
                fix=message("Begin with the template; it has every sheet."),
                place=Place(name, field=shown(raw.title, 40)),
            )
        )
        return None
    head = min(raw.rows)
    columns = _columns(raw, sheet, head, name, findings)
    if columns is None:
        return None
    letters = {column: raw.rows[head][number].reference.rstrip("0123456789") for number, column in columns.items()}
    rows = []
    for number in sorted(raw.rows):
        if number == head:
            continue
        for column, cell in raw.rows[number].items():
            if column not in raw.rows[head]:
                findings.fault(
                    ShinraiError(
                        message("This cell stands in a column without a heading."),
                        fix=message("Give the column a heading, or delete the cell."),
                        place=place(name, raw.title, cell.reference),
                    )
                )
        cells = {columns[column]: cell for column, cell in raw.rows[number].items() if column in columns}
        if cells:
            rows.append(
                Row(raw.title, number, cells, {name_: f"{letter}{number}" for name_, letter in letters.items()})
            )
    return rows


def _columns(raw: RawSheet, sheet: Sheet, head: int, name: str, findings: Findings) -> dict[int, str] | None:
    """Return the name of each column by its number; None when a needed one is missing."""
    columns: dict[int, str] = {}
    for number, cell in sorted(raw.rows[head].items()):
        known = next((each for each in sheet.columns if meant(cell.text, each.name, each.ja)), None)
        where = place(name, raw.title, cell.reference)
        if known is None and plain(cell.text).startswith(MEMO):
            findings.lose(message("The column “{column}” is not read.", column=shown(cell.text)), where)
        elif known is None:
            findings.fault(_unknown_column(cell, sheet, where))
        elif known.name in columns.values():
            findings.fault(
                ShinraiError(
                    message("The column “{column}” is there twice.", column=shown(cell.text)),
                    fix=message("Keep one of the two."),
                    place=where,
                )
            )
        else:
            columns[number] = known.name
    missing = [each for each in sheet.columns if each.needed and each.name not in columns.values()]
    for each in missing:
        findings.fault(
            ShinraiError(
                message("The column “{column}” is missing.", column=each.heading.replace("\n", " ")),
                fix=message("Add it."),
                place=place(name, raw.title, str(head)),
            )
        )
    return None if missing else columns


def _unknown_column(cell: Cell, sheet: Sheet, where: Place) -> ShinraiError:
    known = {plain(text): each for each in sheet.columns for text in (each.name, each.ja, each.heading)}
    near = difflib.get_close_matches(plain(cell.text), known, n=1, cutoff=0.6)
    fix: Message
    if near:
        fix = message("Did you mean “{name}”?", name=known[near[0]].heading.replace("\n", " "))
    else:
        fix = message("Delete the column, or let its heading begin with “memo”: then it is not read.")
    return ShinraiError(
        message("There is no column “{column}” in a framework.", column=shown(cell.text)), fix=fix, place=where
    )
