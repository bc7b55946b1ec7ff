"""Recording what a source says of a plan: statements signed by named persons, in the evidence log.

A record is an in-toto statement about the plan's file. Signing and logging are one transaction, and the same record is
logged once however often it is asked for, so a run that is killed can simply be run again. Nothing is ever changed: a
record that was wrong is replaced by another one, and both stay readable.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from shinrai.evidence.home import Home
from shinrai.evidence.statements import sign, timestamp
from shinrai.evidence.store import Addition, Store
from shinrai.evidence.trust import ensure_trust, person_signer
from shinrai.frameworks import Certainty
from shinrai.frameworks.located import shown
from shinrai.language import Bilingual, Message, ShinraiError, message
from shinrai.planwatch.model import Interval, Period, Plan, Qualifier, State
from shinrai.planwatch.recorded import PLAN_OBSERVATION, PLAN_STATUS, payload_at
from shinrai.planwatch.values import ADDRESS, no_such_id
from shinrai.report.characters import harmless
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import IDENTIFIER, canonical_json
from shinrai_verify.trust import ROLES

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
MAX_NOTE = 2_000
MAX_NAME = 200
MAX_ADDRESS = 2_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What every record needs: who says it, and where it can be read.

    source: an https address, or the path of a document, which is then kept in the log. by: the id of the person who
    signs; name: that person's name as reports show it. certainty: whether the person read it in the source itself.
    replaces: log index of the record that this one puts right.
    """

    source: str
    by: str
    when: Period
    note: Bilingual | None = None
    name: str | None = None
    certainty: Certainty = Certainty.CONFIRMED
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an indicator to record. interval, n: None where the source gives none."""

    value: Decimal
    group: str | None = None
    qualifier: Qualifier = Qualifier.EXACT
    interval: Interval | None = None
    n: int | None = None
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a record stands in the log. fresh: False when the very same record was logged before."""

    index: int
    fresh: bool


def record_status(
    home: Home, store: Store, plan: Plan, about: str, state: State, draft: Draft, now: datetime
) -> Recorded:
    """Sign and log what a source says of a measure, commitment or section; its note is needed.

    Refused with a ShinraiError: an id the plan does not have, no source or one that cannot be kept, no person, a date
    to come, and a note with nothing in it.
    """
    known = [*(each.id for each in plan.measures), *(each.id for each in plan.commitments)]
    known += [section.id for section in plan.sections]
    if about not in known:
        raise no_such_id(plan, about)
    if draft.note is None:
        raise ShinraiError(
            message("A status needs a note that says what happened."),
            fix=message("Add --note-ja or --note-en, or both."),
        )
    said = {"state": state.value, "date": draft.when.text}
    return _record(home, store, plan, PLAN_STATUS, about, said, draft, now)


def record_observation(
    home: Home, store: Store, plan: Plan, indicator: str, value: Value, draft: Draft, now: datetime
) -> Recorded:
    """Sign and log a value of an indicator; refused as `record_status`, and when it does not fit the indicator."""
    known = {each.id: each for each in plan.indicators}
    if indicator not in known:
        raise no_such_id(plan, indicator)
    groups = [group.id for group in known[indicator].groups]
    if (value.group is None) != (not groups) or (groups and value.group not in groups):
        fix = message("Its groups: {names}.", names=", ".join(groups)) if groups else message("Leave --group out.")
        raise ShinraiError(message("“{id}” does not have this group.", id=indicator), fix=fix)
    interval = value.interval
    if interval is not None and not (interval.low <= value.value <= interval.high and 0 < interval.level < 100):
        raise ShinraiError(message("The value lies outside its interval."))
    said = {
        "date": draft.when.text,
        "group": value.group,
        "interval": None
        if interval is None
        else {"high": str(interval.high), "level": str(interval.level), "low": str(interval.low)},
        "n": value.n,
        "published": None if value.published is None else value.published.isoformat(),
        "qualifier": value.qualifier.value,
        "value": str(value.value),
    }
    return _record(home, store, plan, PLAN_OBSERVATION, indicator, said, draft, now)


def _record(
    home: Home, store: Store, plan: Plan, kind: str, about: str, said: Mapping[str, Any], draft: Draft, now: datetime
) -> Recorded:
    _check(draft, now)
    source, contents = _source(draft.source)
    title = plan.titles()[about]
    content = {
        **said,
        "about": about,
        "certainty": draft.certainty.value,
        "decider": draft.by,
        "name": draft.name,
        "note": None if draft.note is None else {"en": draft.note.en, "ja": draft.note.ja},
        "plan": {"id": plan.id, "version": plan.version},
        "source": source,
        "supersedes": None if draft.replaces is None else payload_at(home, store, plan, about, draft.replaces),
        "title": {"en": title.en, "ja": title.ja},
    }
    # Without the time of signing: what is said once more after a crash is the same record.
    run, step = f"plan {plan.id}/{plan.version}", hashlib.sha256(canonical_json([kind, content])).hexdigest()
    fresh = not store.step(run, step)
    signer = person_signer(home, draft.by)
    ensure_trust(home, store, {draft.by: signer}, now)
    predicate = {**content, "recordedOn": timestamp(now)}
    envelope = sign(Statement(f"plan {plan.id}/{plan.version}", plan.sha256, kind, predicate), signer)
    (index,) = store.append(Addition([envelope], contents, run, step))
    store.publish()
    return Recorded(index, fresh)


def _check(draft: Draft, now: datetime) -> None:
    if not IDENTIFIER.fullmatch(draft.by) or draft.by in ROLES:
        raise ShinraiError(
            message("“{value}” cannot be the id of a person.", value=shown(draft.by)),
            fix=message("Use letters, digits, “.”, “_” and “-”, such as yamada; the names of roles are taken."),
        )
    # Where the day is furthest ahead it may already be tomorrow.
    if draft.when.first > (now + timedelta(hours=14)).date():
        raise ShinraiError(
            message("{date} is still to come; only what has happened is recorded.", date=draft.when.text),
            fix=message("A due date or target belongs into the plan."),
        )
    _check_text(message("The name"), draft.name, MAX_NAME)
    for text in () if draft.note is None else (draft.note.ja, draft.note.en):
        _check_text(message("The note"), text, MAX_NOTE)


def _check_text(what: Message, text: str | None, limit: int) -> None:
    if text is None:
        return
    if not text.strip() or len(text) > limit or harmless(text) != text:
        raise ShinraiError(
            message(
                "{what} must be one line of at most {limit} characters, without invisible ones.", what=what, limit=limit
            )
        )


def _source(given: str) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """Return a source as the statement names it, and the content to keep when it is a document."""
    if "://" in given:
        if not ADDRESS.fullmatch(given) or len(given) > MAX_ADDRESS:
            raise ShinraiError(
                message("The source is not an address that a report can link to."),
                fix=message(
                    "Give an address that begins with https://, without a user name, or the path of a document."
                ),
            )
        return {"address": given, "document": None}, {}
    path = Path(given)
    if not path.is_file():
        raise ShinraiError(
            message("The source {path} is neither an https address nor a file.", path=shown(given)),
            fix=message("Give the address at which it can be read, or the path of a document."),
        )
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise ShinraiError(message("{path} is larger than 32 MiB.", path=path.name))
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    document = {"digest": {"sha256": sha256}, "mediaType": "application/octet-stream", "name": path.name}
    return {"address": None, "document": document}, {sha256: ("application/octet-stream", data)}
