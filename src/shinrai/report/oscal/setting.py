"""Who and what takes part in an assessment, as OSCAL's parties, components and back matter.

A person is a party; a program or a model that holds a seat is a tool; Shinrai itself is the assessment platform.
Every one has a UUID that follows from what it is, so that the three documents speak of the same things.
"""

from collections.abc import Iterable
from datetime import datetime

from shinrai.assess.assessment import Assessment, AttestationRecord, Leaf, MeasurementRecord, Seat, Text
from shinrai.language import Language, Message, message
from shinrai.report.oscal.words import (
    VERSION,
    Json,
    is_digest,
    markup,
    moment,
    plain,
    prop,
    resource,
    sentence,
    unique,
    uuid_of,
    web_link,
)
from shinrai.report.standing import attestations_of, measurements_of
from shinrai.report.words import SEAT, said

ATTESTOR, APPROVER, MEMBER = "attestor", "scope-approver", "council-member"
_ROLES = {
    ATTESTOR: message("Person who signed a statement"),
    APPROVER: message("Person who approved what does not apply"),
    MEMBER: message("Person who holds a seat of the council"),
}
_STATE = {
    "proposed": "under-development",
    "development": "under-development",
    "pilot": "under-development",
    "in_service": "operational",
    "restricted": "operational",
    "retired": "disposition",
}


def metadata(assessment: Assessment, language: Language, title: Message, at: datetime | None = None) -> Json:
    """Return what a document says of itself, and everyone it names.

    at: the moment it stands for, which is its version; that of the results where None.
    """
    version = moment(at or assessment.as_of)
    made: Json = {
        "title": sentence(title, language),
        "last-modified": version,
        "version": version,
        "oscal-version": VERSION,
        "props": [
            prop("language", language.value),
            prop("shinrai-version", assessment.shinrai),
            prop("bundle", assessment.bundle.id),
            prop("log-origin", assessment.bundle.origin),
            prop("log-size", assessment.bundle.log_size),
        ],
        "roles": [{"id": id_, "title": sentence(name, language)} for id_, name in _ROLES.items()],
    }
    named = _parties(assessment, language)
    return made | {"parties": named} if named else made


def _parties(assessment: Assessment, language: Language) -> list[Json]:
    people = [(a.by, a.position) for a in assessment.attestations if a.signed]
    people += [(a.by, a.position) for a in assessment.approvals]
    found = [_person(person_uuid(assessment, name), name, position, language) for name, position in people]
    for seat in assessment.council.seats:
        if seat.kind == "human":
            found.append(_person(seat_uuid(assessment, seat), seat.title, None, language, seat.id))
    return unique(found)


def _person(uuid: str, name: Text, position: Text | None, language: Language, seat: str | None = None) -> Json:
    made: Json = {"uuid": uuid, "type": "person", "name": plain(said(name, language))}
    props = [prop("seat", seat)] if seat is not None else []
    if position is not None and said(position, language).strip():
        props.append(prop("position", said(position, language)))
    return made | {"props": props} if props else made


def person_uuid(assessment: Assessment, name: Text) -> str:
    """Return the UUID of a person; one name in one bundle is taken for one person."""
    return uuid_of("person", assessment.bundle.id, name.ja, name.en)


def seat_uuid(assessment: Assessment, seat: Seat) -> str:
    """Return the UUID of a seat of the round."""
    return uuid_of("seat", assessment.council.round, seat.id)


def system_uuid(assessment: Assessment) -> str:
    """Return the UUID of the system as it was assessed."""
    return uuid_of("system", assessment.system.id, assessment.system.digest)


def platform_uuid(assessment: Assessment) -> str:
    """Return the UUID of the platform that measured and counted."""
    return uuid_of("assessment-platform", assessment.shinrai)


def platform_actor(assessment: Assessment) -> Json:
    """Return the platform as the origin of something."""
    return {"type": "assessment-platform", "actor-uuid": platform_uuid(assessment)}


def system_component(assessment: Assessment, language: Language) -> Json:
    """Return the system that is assessed."""
    system = assessment.system
    return {
        "uuid": system_uuid(assessment),
        "type": "this-system",
        "title": markup(said(system.name, language)),
        "description": markup(said(system.purpose, language)),
        "props": [
            prop("id", system.id),
            prop("version", system.version),
            prop("model", system.model),
            prop("stage", system.stage),
            prop("risk-tier", assessment.tier.level),
            *(prop("role", role) for role in system.roles),
        ],
        "status": {"state": _STATE.get(system.stage, "other")},
    }


def subject(assessment: Assessment) -> Json:
    """Return the system as the subject of an observation."""
    return {"subject-uuid": system_uuid(assessment), "type": "component"}


def assets(assessment: Assessment, language: Language) -> Json:
    """Return the platform and the seats that programs hold."""
    tools = [_tool(assessment, seat, language) for seat in assessment.council.seats if seat.kind != "human"]
    platform: Json = {
        "uuid": platform_uuid(assessment),
        "title": "Shinrai",
        "props": [prop("version", assessment.shinrai)],
    }
    if tools:
        platform["uses-components"] = [{"component-uuid": tool["uuid"]} for tool in unique(tools)]
        return {"components": unique(tools), "assessment-platforms": [platform]}
    return {"assessment-platforms": [platform]}


def _tool(assessment: Assessment, seat: Seat, language: Language) -> Json:
    return {
        "uuid": seat_uuid(assessment, seat),
        "type": "software",
        "title": markup(said(seat.title, language)),
        "description": markup(said(seat.examines, language)),
        "props": [
            prop("seat", seat.id),
            prop("kind", seat.kind),
            prop("kind-name", SEAT[seat.kind].text(language)),
            prop("failure-domain", seat.domain),
            *(prop("cause", cause) for cause in seat.causes),
        ],
        "status": {"state": "operational"},
    }


def evidence_resources(assessment: Assessment, leaves: Iterable[Leaf], language: Language) -> list[Json]:
    """Return what these leaves rest on: signed statements and certificates."""
    found = []
    for leaf in leaves:
        found += [_measured(record, language) for record in measurements_of(leaf, assessment)]
        found += [_attested(record, language) for record in attestations_of(leaf, assessment) if record.evidence]
        if leaf.verdict and leaf.verdict.certificate:
            found.append(_certificate(leaf, leaf.verdict.certificate, language))
    return unique(found)


def evidence_uuid(sha256: str) -> str:
    """Return the UUID of a signed statement or certificate."""
    return uuid_of("evidence", sha256)


def _where(index: int | None) -> Message:
    return message(
        "Signed statement number {index} (from 0) of the log; its payload is in attestations.intoto.jsonl.", index=index
    )


def _measured(record: MeasurementRecord, language: Language) -> Json:
    return resource(
        evidence_uuid(record.evidence),
        markup(said(record.title, language)),
        sentence(_where(record.log_index), language),
        record.evidence,
        media_type="application/vnd.in-toto+json",
        in_bundle=False,
        props=[prop("origin", record.origin), prop("log-index", record.log_index), prop("current", record.current)],
    )


def _attested(record: AttestationRecord, language: Language) -> Json:
    return resource(
        evidence_uuid(record.evidence or ""),
        sentence(message("Statement of {name}", name=said(record.by, language)), language),
        sentence(_where(record.log_index), language),
        record.evidence,
        media_type="application/vnd.in-toto+json",
        in_bundle=False,
        props=[
            prop("origin", "attested"),
            *([] if record.log_index is None else [prop("log-index", record.log_index)]),
            prop("current", record.current),
        ],
    )


def _certificate(leaf: Leaf, sha256: str, language: Language) -> Json:
    return resource(
        evidence_uuid(sha256),
        sentence(message("Certificate of the council on {control}", control=leaf.id), language),
        sentence(message("The ballot with the signature of every seat that was counted for it."), language),
        sha256,
        media_type="application/vnd.dsse.envelope.v1+json",
        in_bundle=True,
    )


def source_resources(assessment: Assessment, language: Language) -> list[Json]:
    """Return what was assessed and against what: the bundle, the system's facts, the frameworks, the targets."""
    found = [_bundle(assessment, language), _facts(assessment, language)]
    for framework in assessment.frameworks:
        made = resource(
            uuid_of("framework", framework.id, framework.version, framework.digest),
            markup(f"{said(framework.title, language)} {framework.version}"),
            sentence(message("Issued by {name}", name=said(framework.issuer, language)), language),
            framework.digest,
            media_type="application/yaml",
            in_bundle=True,
            props=[prop("framework", framework.id), prop("version", framework.version)],
        )
        links = web_link(framework.source)
        if links:
            made.setdefault("rlinks", []).extend({"href": link["href"]} for link in links)
        found.append(made)
    for target in assessment.targets:
        about = message("What was measured. Its content is not in the bundle.")
        if target.shared in ("rows", "samples", "file"):
            about = message("What was measured.")
        found.append(
            resource(
                uuid_of("target", target.id, target.digest),
                markup(target.id),
                sentence(about, language),
                target.digest,
                media_type="application/octet-stream",
                in_bundle=target.shared in ("rows", "file"),
                props=[prop("kind", target.kind), prop("shared", target.shared)],
            )
        )
    return unique(found)


def _bundle(assessment: Assessment, language: Language) -> Json:
    made: Json = {
        "uuid": uuid_of("bundle", assessment.bundle.id),
        "title": sentence(message("Evidence bundle"), language),
        "description": sentence(
            message("Everything that was signed. Verify it offline: shinrai-verify bundle.zip --trust trust.json"),
            language,
        ),
    }
    if is_digest(assessment.bundle.id):
        hashes = [{"algorithm": "SHA-256", "value": assessment.bundle.id}]
        made["rlinks"] = [{"href": "manifest.json", "media-type": "application/json", "hashes": hashes}]
    return made


def facts_uuid(assessment: Assessment) -> str:
    """Return the UUID of the description of the system, which stands for its security plan."""
    return uuid_of("system-facts", assessment.system.digest)


def _facts(assessment: Assessment, language: Language) -> Json:
    return resource(
        facts_uuid(assessment),
        sentence(message("Description of the system"), language),
        sentence(message("The facts about the system whose change makes decisions lapse."), language),
        assessment.system.digest,
        media_type="application/json",
        in_bundle=True,
    )


def import_ssp(assessment: Assessment, language: Language) -> Json:
    """Return the reference to the system security plan, which is the description of the system here."""
    text = message(
        "There is no system security plan in OSCAL; this is the description of the system that was assessed."
    )
    return {"href": f"#{facts_uuid(assessment)}", "remarks": sentence(text, language)}
