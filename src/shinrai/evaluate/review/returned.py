"""A review sheet that comes back: who said what of which answer, and what is still open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.review.labels import HEADINGS as LABEL_HEADINGS
from shinrai.evaluate.review.sheet import (
    ANSWER,
    CONVERSATION,
    HEADINGS,
    KEY,
    LANGUAGE,
    REASON,
    REQUIREMENT,
    REVIEWER,
    VERDICT,
    labels_csv,
    sent,
    spelled,
)
from shinrai.evaluate.review.table import Row, fault, read_table
from shinrai.evaluate.review.words import KNOWN, read_word
from shinrai.evaluate.sample import Score
from shinrai.evaluate.scorers.judge import WORD_NAMES
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.scorers.judge_verdict import MAX_REASON, Word, presentable
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.language import message

MAX_NAME = 100
_SENT = (KEY, LANGUAGE, REQUIREMENT, CONVERSATION, ANSWER)


@dataclass(frozen=True, slots=True)
class HumanVerdict:
    """What a person said of an answer. reason: may be empty; fit to be shown."""

    key: str
    word: Word
    reason: str
    reviewer: str


@dataclass(frozen=True, slots=True)
class Review:
    """What came back. open: keys of rows without a verdict; missing: keys of answers that have no row."""

    verdicts: tuple[HumanVerdict, ...]
    open: tuple[str, ...]
    missing: tuple[str, ...]


def read_review(path: Path, judged: Sequence[Judged]) -> Review:
    """Read a review sheet. judged: the answers that went out.

    ShinraiError with all faults and their places: a key that did not go out or stands there twice, a text that was
    changed, a verdict that is none of the words, a verdict without a name.
    """
    findings = Findings(path.name)
    rows = read_table(path, HEADINGS, findings)
    known = {spelled(each.key): each for each in judged}
    seen: dict[str, HumanVerdict | None] = {}
    for row in rows:
        key = row.text(KEY.name)
        item = known.get(key)
        if item is None:
            findings.fault(
                fault(
                    row,
                    KEY.name,
                    message("No answer with this key went out: “{key}”.", key=shown(key)),
                    message("Restore the row from the sheet that was sent."),
                )
            )
        elif item.key in seen:
            findings.fault(fault(row, KEY.name, message("This answer stands above already.")))
        else:
            seen[item.key] = _verdict(row, item, findings)
    findings.refuse_faults()
    return Review(
        tuple(found for found in seen.values() if found is not None),
        tuple(each.key for each in judged if each.key in seen and seen[each.key] is None),
        tuple(each.key for each in judged if each.key not in seen),
    )


def _verdict(row: Row, item: Judged, findings: Findings) -> HumanVerdict | None:
    for heading, text in zip(_SENT, sent(item), strict=True):
        if row.text(heading.name).replace("\r\n", "\n").replace("\r", "\n") != text:
            findings.fault(
                fault(
                    row,
                    heading.name,
                    message("This text is not the one that went out."),
                    message("Restore the row from the sheet that was sent."),
                )
            )
    said, reviewer = row.text(VERDICT.name).strip(), presentable(row.text(REVIEWER.name))
    if not said:
        if row.text(REASON.name).strip():
            findings.fault(fault(row, VERDICT.name, message("A reason is given, but no verdict.")))
        return None
    word = read_word(said)
    if word is None:
        what = message("“{value}” is not one of {known}.", value=shown(said), known=KNOWN)
        findings.fault(fault(row, VERDICT.name, what))
    if not reviewer:
        findings.fault(fault(row, REVIEWER.name, message("It is not said who judged."), message("Write the name.")))
    if len(reviewer) > MAX_NAME:
        findings.fault(fault(row, REVIEWER.name, message("The name has more than {n} characters.", n=MAX_NAME)))
    reason = row.text(REASON.name).strip()
    if len(reason) > MAX_REASON:
        findings.fault(fault(row, REASON.name, message("The reason has more than {n} characters.", n=MAX_REASON)))
    return None if word is None else HumanVerdict(item.key, word, presentable(reason), reviewer)


_OUTCOMES = {Word.MET: Outcome.PASS, Word.NOT_MET: Outcome.FAIL, Word.CANNOT_TELL: Outcome.INCONCLUSIVE}


def human_score(verdict: HumanVerdict, name: str) -> Score:
    """Return the score that a person's verdict makes. name: of the scorer."""
    said = WORD_NAMES[verdict.word]
    reason = message("{reviewer} says {word}.", reviewer=verdict.reviewer, word=said)
    if verdict.reason:
        reason = message(
            "{reviewer} says {word}: {reason}", reviewer=verdict.reviewer, word=said, reason=verdict.reason
        )
    return Score(verdict.key, name, _OUTCOMES[verdict.word], reason.both(), verdict.word.value)


def as_labels(judged: Iterable[Judged], verdicts: Iterable[HumanVerdict]) -> bytes:
    """Return verdicts as a CSV file of labels, on which judges can be calibrated."""
    known = {each.key: each for each in judged}
    rows = []
    for verdict in verdicts:
        item = known[verdict.key]
        texts = (item.key, item.requirement, item.conversation, item.answer)
        rows.append((*texts, verdict.word.value, item.language, verdict.reviewer))
    return labels_csv(rows, LABEL_HEADINGS)
