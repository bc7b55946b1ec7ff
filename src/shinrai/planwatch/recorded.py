"""Reading back what was recorded: only what a trusted person's key signed counts.

The whole log is re-hashed by `shinrai log check`; here each record's signature is verified, against the chain of trust
documents that begins at the root key of this data folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from shinrai.evidence.home import Home, open_home
from shinrai.evidence.keys import key_path, load_signer
from shinrai.evidence.statements import parse_timestamp
from shinrai.evidence.store import LogFault, Logged, Store
from shinrai.frameworks import Certainty
from shinrai.language import Bilingual, ShinraiError, message
from shinrai.planwatch.model import (
    Citation,
    Interval,
    Observation,
    Period,
    Plan,
    Qualifier,
    Record,
    Source,
    State,
    StatusEvent,
)
from shinrai.planwatch.standing import Followed, follow
from shinrai_verify import NAMESPACE
from shinrai_verify.encoding import Fault, digest, field
from shinrai_verify.keys import verifies
from shinrai_verify.trust import TRUST, Trust
from shinrai_verify.trust import follow as follow_trust

PLAN_STATUS = NAMESPACE + "plan-status/v1"
PLAN_OBSERVATION = NAMESPACE + "plan-observation/v1"
"""The predicate types of what is recorded; docs/how-to/follow-a-plan.md names their fields."""


@dataclass(frozen=True, slots=True)
class Records:
    """Everything recorded about the versions of one plan, in log order."""

    events: tuple[StatusEvent, ...]
    observations: tuple[Observation, ...]


def followed(plan: Plan, home: Path | None) -> Followed:
    """Return a plan with what the evidence log of a data folder says of it; a folder without a log says nothing."""
    folder = open_home(home)
    if not folder.database.exists():
        return follow(plan)
    store = Store(folder)
    try:
        records = read_records(folder, store, plan)
    finally:
        store.close()
    return follow(plan, records.events, records.observations)


def read_records(home: Home, store: Store, plan: Plan) -> Records:
    """Return what was recorded about a plan's id and version.

    Raises LogFault when a record is not signed by the person it names, or is not one that Shinrai writes.
    """
    logged = [*store.of_type(PLAN_STATUS), *store.of_type(PLAN_OBSERVATION)]
    if not logged:
        return Records((), ())
    trust = _trust(home, store)
    mine = [
        entry
        for entry in sorted(logged, key=lambda entry: entry.index)
        if _checked(entry, trust).get("plan") == {"id": plan.id, "version": plan.version}
    ]
    events, observations = [], []
    for entry in mine:
        try:
            if entry.statement.predicate_type == PLAN_STATUS:
                events.append(_event(entry))
            else:
                observations.append(_observation(entry))
        except (Fault, ValueError, InvalidOperation) as error:
            raise _fault(entry) from error
    return Records(tuple(events), tuple(observations))


def payload_at(home: Home, store: Store, plan: Plan, about: str, index: int) -> str:
    """Return the payload digest of the record at a log index; a ShinraiError when it is not one about this id."""
    records = read_records(home, store, plan)
    found: dict[int, str] = {}
    for event in records.events:
        if event.record is not None and event.about == about:
            found[event.record.index] = event.record.payload_sha256
    for value in records.observations:
        if value.record is not None and value.indicator == about:
            found[value.record.index] = value.record.payload_sha256
    if index not in found:
        listed = ", ".join(map(str, found)) or "–"
        raise ShinraiError(
            message("Entry {index} of the log is no record about {id}.", index=index, id=about),
            fix=message("Records about it: {entries}.", entries=listed),
        )
    return found[index]


def _trust(home: Home, store: Store) -> Trust:
    chain = store.of_type(TRUST)
    try:
        trusted = follow_trust([entry.envelope for entry in chain], chain[0].envelope.payload_sha256 if chain else "")
    except Fault as fault:
        raise LogFault(
            message("The trust documents in the log do not follow one another: {fault}", fault=fault), fix=_CHECK
        ) from fault
    own = key_path(home.keys, "root")
    if not own.exists() or load_signer(home.keys, "root").keyid not in trusted[0].roles["root"]:
        raise LogFault(
            message("The log's trust does not begin at the root key of this data folder."),
            fix=message("Restore root.pem from your backup."),
        )
    return trusted[-1]


_CHECK = message("Run “shinrai log check”; if the log is damaged, restore the newest backup.")


def _fault(entry: Logged) -> LogFault:
    return LogFault(
        message("Entry {index} of the log is not signed by the person it names, or was changed.", index=entry.index),
        fix=_CHECK,
    )


def _checked(entry: Logged, trust: Trust) -> Mapping[str, Any]:
    """Return what a record says, once one of its signatures is good and by the person it names."""
    predicate = entry.statement.predicate
    for signature in entry.envelope.signatures:
        public = trust.public.get(signature.keyid)
        if (
            public is not None
            and signature.keyid in trust.roles["attestor"]
            and trust.holders[signature.keyid] == predicate.get("decider")
            and verifies(public, signature.sig, entry.envelope.pae)
        ):
            return predicate
    raise _fault(entry)


_WHAT = "a record"


def _event(entry: Logged) -> StatusEvent:
    said = entry.statement.predicate
    return StatusEvent(
        about=field(said, "about", str, _WHAT),
        when=Period.parse(field(said, "date", str, _WHAT)),
        state=State(field(said, "state", str, _WHAT)),
        note=_bilingual(field(said, "note", dict, _WHAT)),
        certainty=Certainty(field(said, "certainty", str, _WHAT)),
        source=_citation(entry.index, field(said, "source", dict, _WHAT)),
        record=_record(entry),
    )


def _observation(entry: Logged) -> Observation:
    said = entry.statement.predicate
    note, published = said.get("note"), said.get("published")
    return Observation(
        indicator=field(said, "about", str, _WHAT),
        group=None if said.get("group") is None else field(said, "group", str, _WHAT),
        value=Decimal(field(said, "value", str, _WHAT)),
        qualifier=Qualifier(field(said, "qualifier", str, _WHAT)),
        when=Period.parse(field(said, "date", str, _WHAT)),
        certainty=Certainty(field(said, "certainty", str, _WHAT)),
        source=_citation(entry.index, field(said, "source", dict, _WHAT)),
        interval=_interval(said.get("interval")),
        n=None if said.get("n") is None else field(said, "n", int, _WHAT),
        published=None if published is None else date.fromisoformat(field(said, "published", str, _WHAT)),
        note=None if note is None else _bilingual(note),
        record=_record(entry),
    )


def _interval(given: object) -> Interval | None:
    if given is None:
        return None
    low, high, level = (Decimal(field(given, name, str, _WHAT)) for name in ("low", "high", "level"))
    return Interval(low, high, level)


def _bilingual(given: object) -> Bilingual:
    return Bilingual(ja=field(given, "ja", str, _WHAT), en=field(given, "en", str, _WHAT))


def _citation(index: int, given: Mapping[str, Any]) -> Citation:
    key = f"log-{index}"
    if given.get("address") is not None:
        address = field(given, "address", str, _WHAT)
        return Citation((Source(key, Bilingual(ja=address, en=address), address),))
    document = field(given, "document", dict, _WHAT)
    name = field(document, "name", str, _WHAT)
    sha256 = digest(field(document, "digest", dict, _WHAT).get("sha256"), _WHAT)
    return Citation((Source(key, Bilingual(ja=name, en=name), sha256=sha256),))


def _record(entry: Logged) -> Record:
    said = entry.statement.predicate
    recorded: datetime = parse_timestamp(field(said, "recordedOn", str, _WHAT))
    return Record(
        index=entry.index,
        payload_sha256=entry.envelope.payload_sha256,
        by=field(said, "decider", str, _WHAT),
        name=None if said.get("name") is None else field(said, "name", str, _WHAT),
        recorded_on=recorded,
        plan_sha256=entry.statement.subject_sha256,
        title=_bilingual(field(said, "title", dict, _WHAT)),
        replaces=None if said.get("supersedes") is None else digest(said["supersedes"], _WHAT),
    )
