"""A framework as an OSCAL catalog.

Headings without a heading above become groups, every other requirement a control, nested as in the framework. Any
OSCAL tool finds identifiers, titles and statements where it looks for them; what only Shinrai knows (the other
language, roles, evidence, certainty …) stands in properties and parts of our namespace, so that reading the catalog
gives the whole framework back.
"""

from datetime import date
from hashlib import sha256

from shinrai.frameworks.applicability import FACT_NAMES
from shinrai.frameworks.formats.oscal.words import (
    NAMESPACE,
    VERSION,
    Json,
    line,
    moment,
    ours,
    prop,
    props_in_both,
    prose_in_both,
    token,
    uuid_of,
    value_of,
)
from shinrai.frameworks.formats.yaml_out import write_yaml
from shinrai.frameworks.model import ExpectedEvidence, Framework, Requirement, Role
from shinrai.language import Language

# OSCAL's dates have no years before 1900.
_FIRST_DAY = date(1900, 1, 1)


def catalog(framework: Framework, language: Language) -> Json:
    """Return the catalog. language: that of titles and statements; the other one is kept beside it."""
    digest = sha256(write_yaml(framework)).hexdigest()
    tree: Json = {"uuid": uuid_of("catalog", digest), "metadata": metadata(framework, language, digest)}
    nodes = {row.id: control(row, language) for row in framework.requirements}
    headings = {row.principle for row in framework.requirements}
    for position, row in enumerate(framework.requirements):
        nodes[row.id]["props"].append(prop("position", str(position)))
        if row.principle is not None:
            nodes[row.principle].setdefault("controls", []).append(nodes[row.id])
        else:
            tree.setdefault("groups" if row.id in headings else "controls", []).append(nodes[row.id])
    tree["back-matter"] = {"resources": source_resources(framework)}
    if not tree["back-matter"]["resources"]:
        del tree["back-matter"]
    return {"catalog": tree}


def metadata(framework: Framework, language: Language, digest: str) -> Json:
    """Return what a document says of itself, with the framework's header in properties of ours."""
    publisher = uuid_of("issuer", framework.issuer.ja, framework.issuer.en)
    return {
        "title": line(framework.title.text(language)),
        "published": moment(max(framework.published, _FIRST_DAY)),
        "last-modified": moment(max(framework.published, framework.valid_from, _FIRST_DAY)),
        "version": framework.version,
        "oscal-version": VERSION,
        "document-ids": [{"scheme": f"{NAMESPACE}/sha256", "identifier": digest}],
        "props": header_props(framework),
        "links": [{"href": framework.source, "rel": "canonical"}],
        "roles": [{"id": "publisher", "title": "Publisher"}],
        "parties": [
            {"uuid": publisher, "type": "organization", "name": line(framework.issuer.text(language))},
        ],
        "responsible-parties": [{"role-id": "publisher", "party-uuids": [publisher]}],
    }


def header_props(framework: Framework) -> list[Json]:
    """Return a framework's header as properties."""
    props = [
        prop("id", framework.id),
        prop("version", framework.version),
        *props_in_both("title", framework.title),
        *props_in_both("issuer", framework.issuer),
        prop("force", framework.force),
        prop("published", framework.published.isoformat()),
        prop("valid-from", framework.valid_from.isoformat()),
        prop("source", framework.source),
        prop("licence", framework.licence),
        prop("language-of-record", framework.language_of_record),
        prop("coverage", framework.coverage),
    ]
    if framework.superseded_by is not None:
        props.append(prop("superseded-by", framework.superseded_by))
    props += [prop("region", region) for region in sorted(framework.scope.regions)]
    props += [prop("fact", fact) for fact in FACT_NAMES if fact in framework.scope.facts]
    for name, notes in (
        ("certainty-note", framework.certainty_notes),
        ("open-question", framework.open_questions),
    ):
        for number, note in enumerate(notes, start=1):
            props += props_in_both(name, note, f"{name}-{number}")
    return props


def source_resources(framework: Framework) -> list[Json]:
    """Return the framework's source keys as resources."""
    return [
        {
            "uuid": uuid_of("source", framework.id, framework.version, key.key),
            "title": line(key.title.en),
            "props": [prop("source-key", key.key), *props_in_both("title", key.title)],
        }
        for key in framework.source_keys
    ]


def is_source_resource(resource: Json) -> bool:
    """Return whether a resource is a source key of ours."""
    return bool(ours(resource, "props", "source-key"))


def control(row: Requirement, language: Language) -> Json:
    """Return one requirement as a control (or group: they look alike) without what stands under it."""
    return {
        "id": token(row.id),
        "class": row.kind.value.replace("_", "-"),
        "title": line(row.title.text(language)),
        "props": [{"name": "label", "value": row.id}, *row_props(row)],
        "parts": [{"name": "statement", "prose": row.text.text(language)}, *row_parts(row)],
    }


def row_props(row: Requirement) -> list[Json]:
    """Return what properties of ours say of a requirement."""
    props = [prop("id", row.id), prop("kind", row.kind), prop("force", row.force), prop("certainty", row.certainty)]
    props.append(prop("source", row.source))
    if row.principle is not None:
        props.append(prop("principle", row.principle))
    props += [prop("role", role) for role in Role if role in row.roles]
    props += [prop("when", fact) for fact in FACT_NAMES if fact in row.when]
    props += [prop("phase", phase) for phase in row.phases]
    props += [prop("start", start.day.isoformat(), start.when) for start in row.starts]
    if row.continues is not None:
        props.append(prop("continues", row.continues))
    props += [prop("tag", tag) for tag in row.tags]
    return props


def row_parts(row: Requirement) -> list[Json]:
    """Return what parts of ours say of a requirement."""
    return [
        *prose_in_both("title", row.title),
        *prose_in_both("text", row.text),
        *(_evidence(leaf, row.id) for leaf in row.expects),
    ]


def _evidence(leaf: ExpectedEvidence, requirement: str) -> Json:
    return {
        "id": token(leaf.id),
        "name": "evidence",
        "ns": NAMESPACE,
        "class": leaf.code.value,
        "props": [prop("name", leaf.id.removeprefix(f"{requirement}."))],
        "parts": prose_in_both("title", leaf.title),
    }


def said_id(node: Json) -> str | None:
    """Return the id of ours that a node carries, or None when it is foreign."""
    return next((value_of(each) for each in ours(node, "props", "id")), None)
