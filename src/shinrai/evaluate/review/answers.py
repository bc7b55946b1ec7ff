"""Answers that were collected elsewhere, as a table with one row for each, to be judged."""

from pathlib import Path

from shinrai.evaluate.review.items import read_items
from shinrai.evaluate.review.labels import ANSWER, CONVERSATION, ITEM, LANGUAGE, LANGUAGE_TAG, MAX_ID, REQUIREMENT
from shinrai.evaluate.review.table import Row, fault, read_table
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.language import Place, ShinraiError, message

HEADINGS = (ITEM, REQUIREMENT, CONVERSATION, ANSWER, LANGUAGE)


def read_answers(path: Path) -> tuple[Judged, ...]:
    """Read answers from .csv, .xlsx, or lines of JSON (.jsonl). ShinraiError with every fault and its place."""
    if path.suffix.lower() == ".jsonl":
        found = {each.judged.key: each.judged for each in read_items(path)}
    else:
        findings = Findings(path.name)
        found = {}
        for row in read_table(path, HEADINGS, findings):
            judged = _answer(row, findings)
            if judged is not None and judged.key in found:
                findings.fault(fault(row, ITEM.name, message("This answer stands above already.")))
            elif judged is not None:
                found[judged.key] = judged
        findings.refuse_faults()
    if not found:
        raise ShinraiError(message("The file holds no answer."), place=Place(path.name))
    return tuple(found.values())


def _answer(row: Row, findings: Findings) -> Judged | None:
    # A system may have said nothing at all; that, too, can be judged.
    missing = [each for each in (ITEM, REQUIREMENT, LANGUAGE) if not row.text(each.name).strip()]
    for each in missing:
        findings.fault(fault(row, each.name, message("The cell is empty."), message("Write it.")))
    key, language = row.text(ITEM.name).strip(), row.text(LANGUAGE.name).strip().lower()
    if len(key) > MAX_ID:
        findings.fault(fault(row, ITEM.name, message("The item has more than {n} characters.", n=MAX_ID)))
    if language and not LANGUAGE_TAG.fullmatch(language):
        what = message("“{value}” is no language tag.", value=shown(language))
        findings.fault(fault(row, LANGUAGE.name, what, message("Write ja or en.")))
    if missing:
        return None
    requirement, conversation, answer = (row.text(each.name) for each in (REQUIREMENT, CONVERSATION, ANSWER))
    return Judged(key, requirement, conversation, answer, language)
