"""A changed framework written back into the catalog it came from, so that nothing of that catalog is lost.

The catalog is the foreign file, the framework a view of it. Two laws hold, and the tests check them on made-up
catalogs: an unchanged framework gives the very bytes it was read from, and a changed one gives a catalog that reads
as the changed framework. Everything a framework has no place for stays where it stood.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from shinrai.frameworks.formats.document import Document, Path, read_json
from shinrai.frameworks.formats.draft import FILE_KEY
from shinrai.frameworks.formats.oscal.catalog_in import read_catalog
from shinrai.frameworks.formats.oscal.catalog_out import (
    control,
    header_props,
    is_source_resource,
    row_parts,
    row_props,
    source_resources,
)
from shinrai.frameworks.formats.oscal.words import NAMESPACE, Json, dumped, is_ours, line, prop
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.formats.yaml_out import write_yaml
from shinrai.frameworks.model import Framework, Requirement
from shinrai.language import Language

# How much is written, from the least on: only what changed, then the order too, then every row in full.
_ATTEMPTS = ((False, False), (False, True), (True, True))


def kept(framework: Framework, data: bytes, name: str, language: Language) -> bytes:
    """Return the catalog `data`, changed only where the framework differs from what the catalog says.

    name: what errors call the catalog. language: that of titles and statements.
    """
    document = read_json(data, name)
    base, paths = _viewed(document, data, framework.language_of_record)
    base = _called_alike(base, framework, data)
    if _same(base, framework):
        return data
    for everything, positions in _ATTEMPTS:
        tree = _patched(document.value, base, paths, framework, language, everything)
        if positions:
            _set_positions(tree, framework)
        made = dumped(tree)
        if _reads_as(made, name, framework):
            return made
    raise RuntimeError("a catalog with every row written in full does not read as the framework it was made from")


def _called_alike(base: Framework, framework: Framework, data: bytes) -> Framework:
    """Return the view with the catalog's name as the framework has it: a file may have been renamed since."""
    digest = sha256(data).hexdigest()
    named = {key.key: key for key in framework.source_keys if key.key == FILE_KEY and digest in key.title.en}
    return replace(base, source_keys=tuple(named.get(key.key, key) for key in base.source_keys))


def _viewed(document: Document, data: bytes, language: str) -> tuple[Framework, dict[str, Path]]:
    read = read_catalog(document.root, Findings(document.name), language)
    framework, _ = read.draft.finish(read.header, data)
    return framework, read.paths


def _reads_as(data: bytes, name: str, framework: Framework) -> bool:
    again, _ = _viewed(read_json(data, name), data, framework.language_of_record)
    return _same(again, framework)


def _same(one: Framework, other: Framework) -> bool:
    return replace(one, digest="") == replace(other, digest="")


def _patched(
    value: Json,
    base: Framework,
    paths: dict[str, Path],
    framework: Framework,
    language: Language,
    everything: bool,
) -> Json:
    tree: Json = copy.deepcopy(value)
    catalog = tree["catalog"]
    # Found before anything moves, because paths count from the front.
    nodes = {id_: _at(tree, path) for id_, path in paths.items()}
    before, after = base.by_id, framework.by_id
    _set_header(catalog, base, framework, language)
    for id_ in before:
        if id_ not in after:
            _remove(catalog, nodes[id_])
    for id_, row in after.items():
        if id_ not in before:
            catalog.setdefault("controls", []).append(control(row, language))
        elif everything or row != before[id_]:
            _overlay(nodes[id_], before[id_], row, language)
    return tree


def _at(tree: Json, path: Path) -> Json:
    found = tree
    for step in path:
        found = found[step]  # type: ignore[index]
    return found


def _set_header(catalog: Json, base: Framework, framework: Framework, language: Language) -> None:
    metadata = catalog["metadata"]
    if framework.title != base.title:
        metadata["title"] = line(framework.title.text(language))
    if framework.version != base.version:
        metadata["version"] = framework.version
    metadata["props"] = [each for each in metadata.get("props", []) if not is_ours(each)] + header_props(framework)
    others = [each for each in metadata.get("document-ids", []) if each.get("scheme") != f"{NAMESPACE}/sha256"]
    digest = sha256(write_yaml(framework)).hexdigest()
    metadata["document-ids"] = [*others, {"scheme": f"{NAMESPACE}/sha256", "identifier": digest}]
    back = catalog.setdefault("back-matter", {})
    resources = [each for each in back.get("resources", []) if not is_source_resource(each)]
    resources += source_resources(framework)
    if resources:
        back["resources"] = resources
    elif not back.get("resources"):
        back.pop("resources", None)
        catalog.pop("back-matter")


def _remove(catalog: Json, node: Json) -> None:
    """Take a node out; what stands in it goes to the top, because it may still be wanted."""
    for holder in list(_holders(catalog)):
        for name in ("groups", "controls"):
            held = holder.get(name, [])
            if any(each is node for each in held):
                holder[name] = [each for each in held if each is not node]
                for inner in ("groups", "controls"):
                    if node.get(inner):
                        catalog.setdefault(inner, []).extend(node[inner])
                if not holder.get(name):
                    holder.pop(name, None)
                return


def _holders(node: Json) -> Iterator[Json]:
    yield node
    for name in ("groups", "controls"):
        for child in node.get(name, []):
            yield from _holders(child)


def _overlay(node: Json, before: Requirement, row: Requirement, language: Language) -> None:
    """Write a requirement into its node: titles and statements where others look, the whole in our own words."""
    position = [each for each in node.get("props", []) if is_ours(each) and each.get("name") == "position"]
    node["props"] = [each for each in node.get("props", []) if not is_ours(each)] + row_props(row) + position
    if row.title.text(language) != before.title.text(language):
        node["title"] = line(row.title.text(language))
    others = [each for each in node.get("parts", []) if not is_ours(each)]
    statements = [each for each in others if each.get("name") == "statement"]
    # What stands in several parts has an order of its own; our text then stands beside it only.
    simple = len(statements) == 1 and "parts" not in statements[0]
    if simple and row.text.text(language) != before.text.text(language):
        statements[0]["prose"] = row.text.text(language)
    node["parts"] = others + row_parts(row)


def _set_positions(tree: Json, framework: Framework) -> None:
    """Give every node a position, so that rows come in the order of the framework."""
    data = dumped(tree)
    _, paths = _viewed(read_json(data, "catalog"), data, framework.language_of_record)
    order = {row.id: number for number, row in enumerate(framework.requirements)}
    for id_, path in paths.items():
        node = _at(tree, path)
        others = [each for each in node.get("props", []) if not (is_ours(each) and each.get("name") == "position")]
        node["props"] = [*others, prop("position", str(order.get(id_, len(order))))]
