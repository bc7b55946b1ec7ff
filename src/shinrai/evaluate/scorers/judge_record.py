"""Calibrations and judgements as records: a signed statement for the one, JSON values for the other.

A calibration is the predicate of an in-toto Statement about the judge's identity, in a DSSE envelope. It holds whole
numbers and texts alone, so that everyone writes it in the same bytes. What reads it believes no signature of a key that
it was not told to trust.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shinrai.evaluate.sample import Score
from shinrai.evaluate.scorers.judge import Judgement
from shinrai.evaluate.scorers.judge_calibration import WORDS, Calibration, LanguageCalibration
from shinrai.evaluate.scorers.judge_panel import PanelJudgement
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.scorers.judge_verdict import NoVerdict, Verdict
from shinrai.evaluate.statistics.judge_correction import Labelled
from shinrai.language import Place, ShinraiError, message
from shinrai_verify import NAMESPACE
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, digest, field
from shinrai_verify.keys import verifies

CALIBRATION = NAMESPACE + "judge-calibration/v1"
MAX_BYTES = 1_048_576
_COUNTS = ("found", "missed", "falseAlarms", "cleared", "undecided", "errors", "flips")


def calibration_statement(calibration: Calibration) -> Statement:
    """Return the statement to be signed."""
    predicate = {
        "prompt": calibration.prompt,
        "settings": calibration.settings,
        "models": list(calibration.models),
        "languages": [_counts(each) for each in calibration.languages],
        "labels": calibration.labels,
        "labellers": calibration.labellers,
        "disputed": calibration.disputed,
        "unsettled": calibration.unsettled,
        "together": [list(row) for row in calibration.together],
        "madeOn": calibration.made_on.isoformat(),
        "validUntil": calibration.valid_until.isoformat(),
    }
    return Statement(calibration.judge, calibration.identity, CALIBRATION, predicate)


def _counts(each: LanguageCalibration) -> dict[str, Any]:
    labelled = each.labelled
    counts = (labelled.found, labelled.missed, labelled.false_alarms, labelled.cleared)
    counts += (each.undecided, each.errors, each.flips)  # type: ignore[assignment]
    return {"language": each.language, **dict(zip(_COUNTS, counts, strict=True))}


def read_calibration(data: bytes, name: str, trusted: Mapping[str, bytes]) -> Calibration:
    """Read a signed calibration. trusted: raw public keys by key id; one of them has to have signed.

    ShinraiError: it is no calibration, or nobody who is trusted signed it.
    """
    try:
        if len(data) > MAX_BYTES:
            raise Fault("{what} is larger than {limit} bytes", what=name, limit=MAX_BYTES)
        envelope = Envelope.from_bytes(data, name)
        signed = any(
            signature.keyid in trusted and verifies(trusted[signature.keyid], signature.sig, envelope.pae)
            for signature in envelope.signatures
        )
        if not signed:
            raise ShinraiError(
                message("The calibration is not signed by a key that is trusted here."),
                fix=message("Calibrate the judge again, or name the data folder that signed it."),
                place=Place(name),
            )
        return _calibration(Statement.from_bytes(envelope.payload, name), name)
    except (Fault, ValueError) as error:
        raise ShinraiError(
            message("This is no calibration of a judge: {reason}.", reason=str(error)[:200]),
            fix=message("Take the file that `shinrai judge calibrate` wrote."),
            place=Place(name),
        ) from error


def _calibration(statement: Statement, name: str) -> Calibration:
    if statement.predicate_type != CALIBRATION:
        raise ValueError("another kind of statement")
    record = statement.predicate
    together = tuple(tuple(_count(cell) for cell in _list(row)) for row in _list(record.get("together")))
    if [len(row) for row in together] != [len(WORDS)] * len(WORDS):
        raise ValueError("a table of labels that is not square")
    languages = tuple(_language(each, name) for each in _list(record.get("languages")))
    if len({each.language for each in languages}) != len(languages):
        raise ValueError("a language that stands there twice")
    return Calibration(
        judge=statement.subject_name,
        identity=statement.subject_sha256,
        prompt=digest(field(record, "prompt", str, name), name),
        settings=digest(field(record, "settings", str, name), name),
        models=tuple(_text(model) for model in _list(record.get("models"))),
        languages=languages,
        labels=digest(field(record, "labels", str, name), name),
        labellers=_count(record.get("labellers")),
        disputed=_count(record.get("disputed")),
        unsettled=_count(record.get("unsettled")),
        together=together,
        made_on=date.fromisoformat(field(record, "madeOn", str, name)),
        valid_until=date.fromisoformat(field(record, "validUntil", str, name)),
    )


def _language(record: object, name: str) -> LanguageCalibration:
    language = field(record, "language", str, name)
    counts = [_count(field(record, each, int, name)) for each in _COUNTS]
    return LanguageCalibration(language, Labelled(*counts[:4]), *counts[4:])


def _list(value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > 1_000:
        raise ValueError("a list is missing")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a count is missing")
    return value


def judgement_json(judgement: Judgement, *, review: bool) -> dict[str, Any]:
    """Return a judgement as JSON values: what was judged, every vote with its reason, and the score.

    review: whether a person has to look at it. `read_items` of the review queue reads it back.
    """
    return {**_judged(judgement.judged), "review": review, **_said(judgement)}


def panel_json(judgement: PanelJudgement) -> dict[str, Any]:
    """Return what a panel made of an answer as JSON values, with what each of its judges said."""
    return {
        **_judged(judgement.judged),
        "review": judgement.review,
        **_score(judgement.score),
        "members": [_said(each) for each in judgement.members],
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "key": judged.key,
        "requirement": judged.requirement,
        "conversation": judged.conversation,
        "answer": judged.answer,
        "language": judged.language,
    }


def _score(score: Score) -> dict[str, Any]:
    reason = {"ja": score.reason.ja, "en": score.reason.en}
    return {"outcome": score.outcome.value, "label": score.label, "reason": reason}


def _said(judgement: Judgement) -> dict[str, Any]:
    return {
        "judge": judgement.judge,
        "instrument": judgement.instrument,
        "models": list(judgement.models),
        **_score(judgement.score),
        "votes": [_vote(vote) for vote in judgement.votes],
    }


def _vote(vote: Verdict | NoVerdict) -> dict[str, Any]:
    if isinstance(vote, NoVerdict):
        what = vote.what.both()
        return {"error": vote.flaw.value, "reason": {"ja": what.ja, "en": what.en}}
    quotes = [{"start": quote.start, "text": quote.text} for quote in vote.quotes]
    return {"verdict": vote.word.value, "quotes": quotes, "reason": vote.reason}
