"""Mappings between two frameworks as an OSCAL mapping collection.

Relations are those of NIST IR 8477. OSCAL 1.2.1 knows no name for "these have nothing in common", so that one carries
our namespace; every other reader then leaves it alone instead of taking it for something else.
"""

from collections.abc import Iterable
from typing import Protocol

from shinrai.frameworks.formats.oscal.catalog_out import metadata
from shinrai.frameworks.formats.oscal.words import NAMESPACE, Json, prop, token, uuid_of
from shinrai.frameworks.model import Framework
from shinrai.language import Bilingual, Language, Place, ShinraiError, message


class MappingRow(Protocol):
    """What this needs to know of a mapping, whoever keeps it.

    source, target: ids of requirements. relation: `equal`, `subset`, `superset`, `intersects` or `none`, seen from
    the source. state: `proposed`, `reviewed` or `disputed`.
    """

    @property
    def source(self) -> str:
        """Id of the requirement that is compared."""

    @property
    def target(self) -> str:
        """Id of the requirement it is compared with."""

    @property
    def relation(self) -> str:
        """How the source relates to the target."""

    @property
    def rationale(self) -> Bilingual | str | None:
        """Why."""

    @property
    def state(self) -> str:
        """Whether somebody has looked at it."""


RELATIONS = {
    "equal": "equivalent-to",
    "subset": "subset-of",
    "superset": "superset-of",
    "intersects": "intersects-with",
    "none": "no-relationship",
}


def mapping_collection(
    source: Framework,
    target: Framework,
    rows: Iterable[MappingRow],
    hrefs: tuple[str, str],
    language: Language,
) -> Json:
    """Return the collection.

    hrefs: where the catalogs of source and target are, relative to the collection. An id that neither framework has,
    and a relation of another name, are ShinraiErrors.
    """
    maps = [_map(source, target, row, language) for row in rows]
    if not maps:
        raise ShinraiError(message("There is no mapping to write."), place=Place(f"{source.id} → {target.id}"))
    digest = uuid_of("mappings", *(each["uuid"] for each in maps))
    said = metadata(source, language, digest)
    said["title"] = f"{said['title']} → {metadata(target, language, digest)['title']}"
    settled = all(each["props"][0]["value"] == "reviewed" for each in maps)
    return {
        "mapping-collection": {
            "uuid": uuid_of("mapping-collection", digest, *hrefs),
            "metadata": {**said, "props": [prop("source-id", source.id), prop("target-id", target.id)]},
            "provenance": {
                "method": "human",
                "matching-rationale": "semantic",
                "status": "complete" if settled else "draft",
                "mapping-description": _DESCRIPTION.text(language),
            },
            "mappings": [
                {
                    "uuid": uuid_of("mapping", digest),
                    "source-resource": {"type": "catalog", "href": hrefs[0]},
                    "target-resource": {"type": "catalog", "href": hrefs[1]},
                    "maps": maps,
                }
            ],
        }
    }


def _map(source: Framework, target: Framework, row: MappingRow, language: Language) -> Json:
    for id_, framework in ((row.source, source), (row.target, target)):
        if id_ not in framework.by_id:
            raise ShinraiError(
                message("“{id}” is not a requirement of {framework}.", id=id_, framework=framework.id),
                place=Place(f"{source.id} → {target.id}"),
            )
    if row.relation not in RELATIONS:
        raise ShinraiError(
            message("“{value}” is not one of {known}.", value=row.relation, known=", ".join(RELATIONS)),
            place=Place(f"{source.id} → {target.id}", field=f"{row.source} → {row.target}"),
        )
    made: Json = {"uuid": uuid_of("map", source.id, row.source, target.id, row.target, row.relation)}
    if row.relation == "none":
        made["ns"] = NAMESPACE
    made |= {
        "relationship": RELATIONS[row.relation],
        "sources": [{"type": "control", "id-ref": token(row.source)}],
        "targets": [{"type": "control", "id-ref": token(row.target)}],
        "props": [prop("state", row.state)],
    }
    rationale = row.rationale.text(language) if isinstance(row.rationale, Bilingual) else row.rationale
    if rationale:
        made["remarks"] = rationale
    return made


_DESCRIPTION = message(
    "Each entry says how a requirement of the source relates to one of the target by what they mean. Entries that are "
    "not reviewed are suggestions; only equivalent and superset entries can carry a result."
)
