"""Labels: what people say of answers, as a table with one row for each answer and person."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shinrai.evaluate.review.table import Heading, Row, fault, read_table
from shinrai.evaluate.review.words import KNOWN, read_word
from shinrai.evaluate.scorers.judge_calibration import Label
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.scorers.judge_verdict import Word
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.language import ShinraiError, message

ITEM = Heading("item", "項目")
REQUIREMENT = Heading("requirement", "要求事項", exact=True)
CONVERSATION = Heading("question", "質問", needed=False, exact=True)
ANSWER = Heading("answer", "回答", exact=True)
LABEL = Heading("label", "判定")
LANGUAGE = Heading("language", "言語")
LABELLER = Heading("labeller", "判定者")
HEADINGS = (ITEM, REQUIREMENT, CONVERSATION, ANSWER, LABEL, LANGUAGE, LABELLER)
MAX_ID = 128
MAX_PEOPLE = 9
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Labels:
    """A file of labels. judged and labels: the same answers in the same order. sha256: of the file."""

    judged: tuple[Judged, ...]
    labels: tuple[Label, ...]
    labellers: int
    sha256: str


def read_labels(path: Path) -> Labels:
    """Read labels.

    Two people who label the same answer write two rows with the same item. The label that more than half of them give
    counts; without one they dispute it. ShinraiError, with all faults and their places, where the table is not right.
    """
    findings = Findings(path.name)
    rows = read_table(path, HEADINGS, findings)
    items: dict[str, Judged] = {}
    words: dict[str, dict[str, Word]] = {}
    for row in rows:
        read = _row(row, findings)
        if read is None:
            continue
        judged, labeller, word = read
        if items.setdefault(judged.key, judged) != judged:
            what = message("The item “{item}” stands above with another text.", item=shown(judged.key))
            findings.fault(fault(row, ITEM.name, what, message("Give each answer an item of its own.")))
        elif labeller in words.setdefault(judged.key, {}):
            findings.fault(fault(row, LABELLER.name, message("This person has labelled this item above.")))
        elif len(words[judged.key]) == MAX_PEOPLE:
            findings.fault(fault(row, LABELLER.name, message("At most {n} people label an item.", n=MAX_PEOPLE)))
        else:
            words[judged.key][labeller] = word
    findings.refuse_faults()
    if not items:
        raise ShinraiError(message("The table holds no label."), place=None)
    return Labels(
        tuple(items.values()),
        tuple(_label(items[key], words[key]) for key in items),
        len({person for said in words.values() for person in said}),
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _row(row: Row, findings: Findings) -> tuple[Judged, str, Word] | None:
    missing = [each.name for each in HEADINGS if each.needed and not row.text(each.name).strip()]
    # A system may have said nothing at all; that, too, can be judged.
    for name in missing:
        if name != ANSWER.name:
            findings.fault(fault(row, name, message("The cell is empty."), message("Write it.")))
    word, language = read_word(row.text(LABEL.name)), row.text(LANGUAGE.name).strip().lower()
    wrong = bool(set(missing) - {ANSWER.name})
    if word is None and LABEL.name not in missing:
        said = shown(row.text(LABEL.name))
        findings.fault(fault(row, LABEL.name, message("“{value}” is not one of {known}.", value=said, known=KNOWN)))
        wrong = True
    if not LANGUAGE_TAG.fullmatch(language) and LANGUAGE.name not in missing:
        what = message("“{value}” is no language tag.", value=shown(language))
        findings.fault(fault(row, LANGUAGE.name, what, message("Write ja or en.")))
        wrong = True
    if wrong or word is None:
        return None
    key = row.text(ITEM.name).strip()
    if len(key) > MAX_ID:
        findings.fault(fault(row, ITEM.name, message("The item has more than {n} characters.", n=MAX_ID)))
        return None
    requirement, conversation, answer = (row.text(each.name) for each in (REQUIREMENT, CONVERSATION, ANSWER))
    return Judged(key, requirement, conversation, answer, language), row.text(LABELLER.name).strip(), word


def _label(judged: Judged, said: dict[str, Word]) -> Label:
    # The order of people decides which two a table of agreement compares; their names give one that always is the same.
    words = tuple(said[person] for person in sorted(said))
    most, count = Counter(words).most_common(1)[0]
    return Label(judged.key, judged.language, most if 2 * count > len(words) else None, words)
