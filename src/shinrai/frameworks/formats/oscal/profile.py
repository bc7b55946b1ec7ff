"""A choice of a framework's requirements as an OSCAL profile."""

from collections.abc import Iterable
from hashlib import sha256

from shinrai.frameworks.formats.oscal.catalog_out import metadata
from shinrai.frameworks.formats.oscal.words import Json, prop, token, uuid_of
from shinrai.frameworks.formats.yaml_out import write_yaml
from shinrai.frameworks.model import Framework, Requirement, Role
from shinrai.language import Language, Place, ShinraiError, message


def chosen(framework: Framework, role: Role) -> tuple[Requirement, ...]:
    """Return the requirements that are asked of a role, without headings."""
    return tuple(row for row in framework.requirements if row.expects and (not row.roles or role in row.roles))


def profile(framework: Framework, role: Role, href: str, language: Language) -> Json:
    """Return the profile of what is asked of one role.

    href: where the framework's catalog is, relative to the profile. Headings come with what stands under them. A role
    of which nothing is asked is a ShinraiError, because OSCAL has no profile without controls.
    """
    rows = chosen(framework, role)
    if not rows:
        raise ShinraiError(
            message("The framework asks nothing of the role “{role}”.", role=role.value), place=Place(framework.id)
        )
    digest = sha256(write_yaml(framework)).hexdigest()
    said = metadata(framework, language, digest)
    said["title"] = f"{said['title']} ({role.value})"
    said["props"] = [prop("role", role), *said["props"]]
    ids = [token(id_) for id_ in _with_headings(framework, rows)]
    return {
        "profile": {
            "uuid": uuid_of("profile", digest, role.value, href),
            "metadata": said,
            "imports": [
                {"href": href, "include-controls": [{"with-child-controls": "no", "with-ids": ids}]},
            ],
            "merge": {"as-is": True},
        }
    }


def _with_headings(framework: Framework, rows: Iterable[Requirement]) -> list[str]:
    """Return the ids of requirements and of the headings above them that are controls, in the framework's order."""
    by_id = framework.by_id
    wanted = set()
    for row in rows:
        each: Requirement | None = row
        while each is not None:
            wanted.add(each.id)
            each = by_id.get(each.principle) if each.principle is not None else None
    # Headings at the top are groups, and a profile names controls only.
    return [row.id for row in framework.requirements if row.id in wanted and (row.expects or row.principle)]
