"""Attestations and approvals: what named persons sign, and how a signed statement is held to its word later."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shinrai.assess.plan import Plan
from shinrai.evidence.home import Home
from shinrai.evidence.statements import Item, evidence_statement, sign, timestamp
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.evidence.trust import ensure_trust, person_signer
from shinrai.language import Message, ShinraiError, message
from shinrai.systems import AttestationRequest, Person
from shinrai_verify.verify import EVIDENCE

JSON = "application/json"
MAX_DOCUMENT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Signed:
    """A request of the description and the newest statement that was signed for it.

    logged: None when nothing that was signed holds for the present description; cause then says why.
    """

    request: AttestationRequest
    logged: Logged | None
    cause: Message | None


def material_item(plan: Plan) -> Item:
    """Return the system's material facts as a content that statements rest on."""
    return Item("material facts", plan.subject.sha256, len(plan.material), JSON, "document")


def scope_item(plan: Plan) -> Item:
    """Return the excluded requirements with their reasons as a content that an approval rests on."""
    sha256 = hashlib.sha256(plan.scope).hexdigest()
    return Item("scope", sha256, len(plan.scope), JSON, "decision")


def document_item(plan: Plan, request: AttestationRequest) -> tuple[Item, bytes] | None:
    """Return the document behind an attestation, or None when it names none."""
    if request.document is None:
        return None
    number = plan.description.attestations.index(request)
    path = plan.folder / request.document
    place = plan.description.place(("attestations", number, "document"))
    if not path.is_file():
        raise ShinraiError(message("There is no file {path}.", path=request.document), place=place)
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise ShinraiError(message("{path} is larger than 32 MiB.", path=request.document), place=place)
    data = path.read_bytes()
    return Item(
        Path(request.document).name, hashlib.sha256(data).hexdigest(), len(data), _media_type(path), "document"
    ), data


def _media_type(path: Path) -> str:
    known = {".md": "text/markdown", ".txt": "text/plain", ".pdf": "application/pdf", ".html": "text/html"}
    return known.get(path.suffix.lower(), "application/octet-stream")


def sign_attestation(home: Home, store: Store, plan: Plan, request: AttestationRequest, now: datetime) -> Logged:
    """Sign one attestation with its person's key, and log it."""
    person = plan.description.person(request.by)
    document = document_item(plan, request)
    items = [material_item(plan), *([document[0]] if document else [])]
    statement = evidence_statement(
        plan.subject,
        "attestation",
        [request.shows],
        items,
        valid_until=request.expires,
        **_said(request, person),
        signedOn=timestamp(now),
    )
    return _log(home, store, plan, person, statement, document, now)


def sign_scope(home: Home, store: Store, plan: Plan, expires: date, now: datetime) -> Logged:
    """Sign the approval of the scope with the approver's key, and log it."""
    if plan.description.scope is None:
        raise ShinraiError(
            message("The description names nobody who approves the scope."), fix=message("Add scope: approver: to it.")
        )
    person = plan.description.person(plan.description.scope.approver)
    statement = evidence_statement(
        plan.subject,
        "decision",
        sorted(plan.excluded),
        [material_item(plan), scope_item(plan)],
        valid_until=expires,
        choice="approve-scope",
        basis=[plan.subject.sha256, scope_item(plan).sha256],
        decider=person.id,
        person=_shown(person),
        signedOn=timestamp(now),
    )
    return _log(home, store, plan, person, statement, (scope_item(plan), plan.scope), now)


def _log(
    home: Home,
    store: Store,
    plan: Plan,
    person: Person,
    statement: Any,
    document: tuple[Item, bytes] | None,
    now: datetime,
) -> Logged:
    signer = person_signer(home, person.id)
    ensure_trust(home, store, {person.id: signer}, now)
    contents = {plan.subject.sha256: (JSON, plan.material)}
    if document is not None:
        contents[document[0].sha256] = (document[0].media_type, document[1])
    envelope = sign(statement, signer)
    store.append(Addition([envelope], contents))
    store.publish()
    return store.logged([envelope.payload_sha256])[0]


def _said(request: AttestationRequest, person: Person) -> dict[str, Any]:
    return {
        "attestation": request.id,
        "choice": "affirm",
        "decider": person.id,
        "person": _shown(person),
        "statement": {"en": request.statement.en, "ja": request.statement.ja},
    }


def _shown(person: Person) -> dict[str, Any]:
    return {
        "name": {"en": person.name.en, "ja": person.name.ja},
        "position": {"en": person.position.en, "ja": person.position.ja},
    }


def signed_attestations(store: Store, plan: Plan) -> tuple[Signed, ...]:
    """Return each attestation of the description with what was signed for it."""
    logged = [entry for entry in store.of_type(EVIDENCE) if entry.statement.subject_name == plan.subject.name]
    return tuple(_find(store, plan, request, logged) for request in plan.description.attestations)


def _find(store: Store, plan: Plan, request: AttestationRequest, logged: Sequence[Logged]) -> Signed:
    mine = [
        entry
        for entry in logged
        if entry.statement.predicate["kind"] == "attestation"
        and entry.statement.predicate["attestation"] == request.id
        and entry.statement.predicate["decider"] == request.by
    ]
    if not mine:
        return Signed(request, None, message("It has been written down, but nobody has signed it yet."))
    newest = mine[-1]
    if newest.statement.subject_sha256 != plan.subject.sha256:
        try:
            before = json.loads(store.blob(newest.statement.subject_sha256))
        except KeyError:
            return Signed(request, None, message("The signature lapsed; what it was about was erased since."))
        changed = _changes(before, json.loads(plan.material))
        return Signed(request, None, message("The signature lapsed because this changed: {names}.", names=changed))
    document = document_item(plan, request)
    wanted = {item.sha256 for item in (material_item(plan), *([document[0]] if document else []))}
    signed = newest.statement.predicate
    said = {key: signed[key] for key in ("attestation", "choice", "decider", "statement")}
    expected = _said(request, plan.description.person(request.by))
    if (
        said != {key: expected[key] for key in said}
        or signed["controls"] != [request.shows]
        or signed["validUntil"] != request.expires.isoformat()
        or {item["digest"]["sha256"] for item in signed["items"]} != wanted
    ):
        return Signed(request, None, message("Its text, document or date was changed after it was signed."))
    return Signed(request, newest, None)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return ", ".join(sorted(key for key in {*before, *after} if before.get(key) != after.get(key)))


def scope_approval(store: Store, plan: Plan) -> Logged | None:
    """Return the newest approval of exactly the present scope by the person named for it, or None."""
    scope = plan.description.scope
    wanted = scope_item(plan).sha256
    for entry in reversed(store.of_type(EVIDENCE)):
        about = entry.statement.predicate
        if (
            about["kind"] == "decision"
            and wanted in about.get("basis", ())
            and scope
            and about["decider"] == scope.approver
        ):
            return entry
    return None
