"""Rows of aisev from suites: an imported file as its suites stand now, or a suite of Shinrai's own."""

import re
from collections.abc import Iterable, Mapping, Sequence

from shinrai.evaluate.interchange.aisev_csv import AisevRow
from shinrai.evaluate.interchange.aisev_suite import (
    LETTERS,
    OPTION,
    PERSPECTIVES,
    AisevImport,
    LeftOut,
    Perspective,
    option_block,
)
from shinrai.evaluate.sample import Speaker
from shinrai.evaluate.scorers.choice import Options
from shinrai.evaluate.scorers.exact import Exactly
from shinrai.evaluate.scorers.requirement import Requirement
from shinrai.evaluate.suites import Probe, Suite
from shinrai.language import Message, message

_EXPECTED = ("requirement", "output")

Exported = tuple[tuple[AisevRow | str, ...], tuple[LeftOut, ...]]


def export_aisev(origin: AisevImport, suites: Mapping[str, Suite]) -> Exported:
    """Return the rows of an imported file as its suites stand now, for `write_aisev_csv`, and what cannot be written.

    suites: the present ones by id; one that is not there loses its rows. Rows of unchanged probes, rows that never
    became probes and blank lines stay as they were written. Probes that are new come at the end.
    """
    before = {suite.id: suite for suite in origin.suites}
    linked = {row.line: row for row in origin.rows}
    parts: list[AisevRow | str] = []
    left: list[LeftOut] = []
    for part in origin.file.parts:
        link = linked.get(part.line) if isinstance(part, AisevRow) else None
        if link is None or isinstance(part, str):
            parts.append(part)
            continue
        now = suites[link.suite].by_id.get(link.probe) if link.suite in suites else None
        if now is None:
            continue
        if now == before[link.suite].by_id[link.probe]:
            parts.append(part)
            continue
        cells = _fitting(_cells(now), origin.file.columns)
        if isinstance(cells, Message):
            left.append(LeftOut(part.line, now.id, cells.both()))
            parts.append(part)
        else:
            emptied = {name: "" for name in part.cells if name in _EXPECTED or OPTION.fullmatch(name)}
            parts.append(AisevRow(0, {**part.cells, **emptied, **cells}))
    known = {(row.suite, row.probe) for row in origin.rows}
    for suite in suites.values():
        new = [probe for probe in suite.probes if (suite.id, probe.id) not in known]
        rows, unwritable = suite_rows(suite, new)
        left += unwritable
        for row in rows:
            fitting = _fitting(row.cells, origin.file.columns)
            if isinstance(fitting, Message):
                left.append(LeftOut(0, row.cell("ID"), fitting.both()))
            else:
                parts.append(row)
    return tuple(parts), tuple(left)


def _fitting(cells: Mapping[str, str] | Message, columns: Sequence[str]) -> Mapping[str, str] | Message:
    """Return cells if the file has a column for each; an id that has no place is not missed."""
    if isinstance(cells, Message):
        return cells
    for name in cells:
        if name not in columns and name != "ID":
            return message("The file has no column “{column}”.", column=name)
    return cells


COLUMNS = ("ID", "text", "ten_perspective", "scorer", "requirement", "output", "gsn_perspective")


def suite_rows(suite: Suite, probes: Iterable[Probe] | None = None) -> tuple[tuple[AisevRow, ...], tuple[LeftOut, ...]]:
    """Return rows for probes of a suite, all unless some are named, and the probes that aisev has no row for."""
    rows: list[AisevRow] = []
    left: list[LeftOut] = []
    perspective = _perspective_of(suite)
    for probe in suite.probes if probes is None else probes:
        cells = _cells(probe)
        if perspective is None:
            cells = message("The suite's goal belongs to none of aisev's perspectives.")
        if isinstance(cells, Message):
            left.append(LeftOut(0, probe.id, cells.both()))
        elif perspective is not None:
            goal = {"gsn_perspective": probe.cluster} if re.fullmatch(r"G[0-9]{1,2}-[0-9]{1,3}", probe.cluster) else {}
            rows.append(AisevRow(0, {"ID": probe.id, "ten_perspective": perspective.name.ja, **goal, **cells}))
    return tuple(rows), tuple(left)


def columns_of(rows: Iterable[AisevRow]) -> tuple[str, ...]:
    """Return the columns that rows need, aisev's own first."""
    extra = dict.fromkeys(name for row in rows for name in row.cells if name not in COLUMNS)
    return (*COLUMNS, *extra)


def _perspective_of(suite: Suite) -> Perspective | None:
    if suite.goal is None:
        return None
    named_by = re.match(r"aisev\.p([0-9]{1,2})$", suite.goal.tree) or re.match(r"AISI-P([0-9]{1,2})\b", suite.goal.node)
    number = int(named_by.group(1)) if named_by else 0
    return next((each for each in PERSPECTIVES.values() if each.number == number), None)


def _cells(probe: Probe) -> Mapping[str, str] | Message:
    """Return the cells that say what a probe asks and expects, or why aisev has no row for it."""
    prompt = probe.prompt
    if len(prompt.turns) != 1 or prompt.follow_ups or prompt.turns[0].speaker is not Speaker.USER:
        return message("aisev has single questions only, without instructions to the system.")
    if prompt.documents or prompt.tools or prompt.turns[0].images:
        return message("aisev has no documents, tools or images.")
    if len(probe.expected) != 1:
        return message("aisev asks one scorer about a row; this probe has {n}.", n=len(probe.expected))
    text = prompt.turns[0].text
    ((_, expected),) = probe.expected.items()
    if isinstance(expected, Requirement):
        if expected.reference:
            return {"text": text, "scorer": "model_graded_qa", "output": expected.text}
        return {"text": text, "scorer": "requirement", "requirement": expected.text}
    if isinstance(expected, Exactly) and len(expected.answers) == 1:
        return {"text": text, "scorer": "exact", "output": expected.answers[0]}
    if isinstance(expected, Options) and tuple(expected.options) == tuple(LETTERS[: len(expected.options)]):
        block = option_block(expected.options)
        if text.endswith(block):
            answers = {f"ans{number}": option for number, option in enumerate(expected.options.values())}
            asked = text.removesuffix(block)
            return {"text": asked, "scorer": "multiplechoice", "output": expected.answer, **answers}
    return message("aisev has no scorer for what this probe expects.")
