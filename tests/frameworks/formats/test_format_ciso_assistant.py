"""Libraries of CISO Assistant: frameworks and mappings in, frameworks out."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.frameworks import EvidenceCode, Force, available, load_framework
from shinrai.frameworks.formats import FaultyFile, ImportedMapping, export_framework, import_framework
from shinrai.language import Bilingual, Language, ShinraiError

LIBRARY = """\
urn: urn:example:risk:library:sample
locale: en
ref_id: sample
name: Sample library
description: A library made up for tests
copyright: CC0
version: 3
publication_date: 2026-05-11
provider: Example
packager: example
translations:
  ja: {name: 見本}
objects:
  threats:
    - {urn: "urn:example:risk:threat:t1", ref_id: T1}
  framework:
    urn: urn:example:risk:framework:sample
    ref_id: sample.fw
    name: Sample framework
    description: Made up
    translations:
      ja: {name: 見本の枠組み}
    requirement_nodes:
      - urn: urn:example:risk:req_node:sample:a
        assessable: false
        depth: 1
        ref_id: A
        name: Access
      - urn: urn:example:risk:req_node:sample:a.1
        assessable: true
        depth: 2
        parent_urn: urn:example:risk:req_node:sample:a
        ref_id: A.1
        name: Accounts
        description: Every account has an owner.
        annotation: Service accounts too.
        typical_evidence: A list of accounts
        implementation_groups: [Core, "Group 2"]
        importance: mandatory
        weight: 2
        reference_controls: ["urn:example:risk:reference_control:x"]
        questions:
          urn:example:question:1:
            type: unique_choice
            text: Is there a list?
            choices: [{urn: "urn:y", value: "Yes"}]
        translations:
          ja: {name: アカウント, description: すべてのアカウントに所有者を定める。}
      - urn: urn:example:risk:req_node:sample:a.1.1
        assessable: true
        depth: 3
        parent_urn: urn:example:risk:req_node:sample:a.1
        description: Accounts that nobody uses are closed, and so on and so forth, until none of them is left at all.
"""
MAPPINGS = """\
urn: urn:example:risk:library:m
locale: en
ref_id: m
name: Mapping
version: 1
objects:
  requirement_mapping_sets:
    - urn: urn:example:risk:req_mapping_set:m
      source_framework_urn: urn:example:risk:framework:sample
      target_framework_urn: urn:example:risk:framework:other
      requirement_mappings:
        - source_requirement_urn: urn:a
          target_requirement_urn: urn:b
          relationship: intersect
          rationale: semantic
          strength_of_relationship: 7
        - source_requirement_urn: urn:c
          target_requirement_urn: urn:d
          relationship: equal
"""


def read(text: str):
    return import_framework(text.encode(), "lib.yaml")


def test_a_framework_comes_over_with_its_translations() -> None:
    imported = read(LIBRARY)
    framework = imported.framework
    heading, item, inner = framework.requirements
    assert (framework.id, framework.version, framework.licence) == ("sample.fw", "3", "CC0")
    assert framework.title == Bilingual(ja="見本の枠組み", en="Sample framework")
    assert framework.published.isoformat() == "2026-05-11"
    assert (heading.id, heading.expects, heading.text.ja) == ("A", (), "〔未訳〕Access")
    assert item.title == Bilingual(ja="アカウント", en="Accounts")
    # The remark has no translation, so it is marked where it stands among Japanese.
    assert item.text == Bilingual(
        ja="すべてのアカウントに所有者を定める。\n〔未訳〕Service accounts too.",
        en="Every account has an owner.\nService accounts too.",
    )
    assert [(leaf.id, leaf.code, leaf.title.en) for leaf in item.expects] == [
        ("A.1.document", EvidenceCode.DOCUMENT, "A list of accounts"),
        ("A.1.question-1", EvidenceCode.ANSWER, "Is there a list?"),
    ]
    assert (item.force, item.tags) == (
        Force.SHOULD,
        ("group-core", "group-group-2", "importance-mandatory", "weight-2"),
    )
    # A row that is assessed cannot be a heading here.
    assert (inner.id, inner.principle) == ("a.1.1", "A")
    assert inner.title.en == "Accounts that nobody uses are closed, and so on and so fort…"
    assert imported.names["A.1"] == "urn:example:risk:req_node:sample:a.1"
    losses = [loss.text(Language.EN).split(": ", 1)[-1] for loss in imported.report.losses]
    assert losses == [
        "The objects of the kind “threats” have no place here.",
        "The row above it is assessed itself, so it now stands beside that row.",
        "The field “questions.choices” has no place here (found 1 times).",
        "The field “reference_controls” has no place here (found 1 times).",
    ]
    assert imported.report.counts["requirements"] == 3


def test_a_library_in_another_language_is_marked_in_both() -> None:
    framework = read(LIBRARY.replace("locale: en", "locale: fr")).framework
    assert framework.requirements[0].title == Bilingual(ja="〔未訳：fr〕Access", en="[not translated: fr] Access")
    assert framework.requirements[1].title == Bilingual(ja="アカウント", en="[not translated: fr] Accounts")


def test_mappings_are_suggestions() -> None:
    imported = read(MAPPINGS)
    assert (imported.framework, imported.text) == (None, None)
    frameworks = ("urn:example:risk:framework:sample", "urn:example:risk:framework:other")
    assert imported.mappings == (
        ImportedMapping(frameworks[0], "urn:a", frameworks[1], "urn:b", "intersects", "semantic", 7, "proposed"),
        ImportedMapping(frameworks[0], "urn:c", frameworks[1], "urn:d", "equal", None, None, "proposed"),
    )
    assert imported.report.counts == {"mapping sets": 1, "mappings": 2}


WRONG = {
    "no objects": (LIBRARY, ("objects:", "objets:"), "not a framework in a format that can be imported"),
    "a node without a urn": (
        LIBRARY,
        ("- urn: urn:example:risk:req_node:sample:a\n        assessable: false", "- assessable: false"),
        "lib.yaml:24:9, field objects.framework.requirement_nodes[0]: The field “urn” is missing.",
    ),
    "a node twice": (LIBRARY, ("sample:a.1.1", "sample:a.1"), "is already used"),
    "a parent further below": (
        LIBRARY,
        ("parent_urn: urn:example:risk:req_node:sample:a\n", "parent_urn: urn:example:risk:req_node:sample:a.1.1\n"),
        "is not an earlier requirement of this file",
    ),
    "a node that says nothing": (
        LIBRARY,
        ("        ref_id: A\n        name: Access\n", ""),
        "neither a name nor a description",
    ),
    "an anchor": (LIBRARY, ("name: Access", "name: &a Access"), "lib.yaml:28:15: Anchors and aliases"),
    "a tag": (LIBRARY, ("name: Access", "name: !!python/name:os.system x"), "Tags (!) are not allowed"),
    "two frameworks": (
        LIBRARY,
        ("  framework:\n", "  frameworks: [{urn: x}, {urn: y}]\n  more:\n"),
        "holds 2 frameworks",
    ),
    "an unknown relation": (
        MAPPINGS,
        ("intersect\n", "intersects\n"),
        "field objects.requirement_mapping_sets[0].requirement_mappings[0].relationship: “intersects” is not one of",
    ),
    "a strength beyond ten": (MAPPINGS, (": 7", ": 11"), "“11” is not a strength from 0 to 10."),
    "a mapping to nothing": (
        MAPPINGS,
        ("          target_requirement_urn: urn:b\n", ""),
        "The field “target_requirement_urn” is missing.",
    ),
    "nothing at all": ("objects: {a: b}\n", ("a: b", ""), "There is no framework and no mapping in this file."),
}


@pytest.mark.parametrize("text, change, words", WRONG.values(), ids=WRONG)
def test_a_wrong_library_is_refused_with_its_place(text: str, change: tuple[str, str], words: str) -> None:
    assert change[0] in text
    with pytest.raises(ShinraiError) as caught:
        read(text.replace(*change))
    assert words in str(caught.value)
    assert caught.value.text(Language.JA).startswith("lib.yaml")


def test_faults_in_several_nodes_are_reported_together() -> None:
    text = LIBRARY.replace("ref_id: A\n        name: Access\n", "depth_: 1\n").replace("weight: 2", "weight: [2]")
    with pytest.raises(FaultyFile) as caught:
        read(text)
    assert len(caught.value.faults) >= 2


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_what_is_exported_comes_back_in_both_languages(frameworks, data) -> None:
    framework, language = data.draw(frameworks), data.draw(st.sampled_from(Language))
    library = export_framework(framework, "ciso-assistant", language=language)
    assert export_framework(framework, "ciso-assistant", language=language) == library
    # No anchors, which other readers and this one refuse.
    again = import_framework(library, "lib.yaml").framework
    assert len(again.requirements) == len(framework.requirements)
    for row, back in zip(framework.requirements, again.requirements, strict=True):
        assert back.title.text(language) == row.title.text(language)
        assert back.text.text(language).startswith(row.text.text(language))
        assert bool(back.expects) == bool(row.expects)
        assert back.id.casefold() == row.id.casefold() or back.id.casefold().startswith(row.id.casefold() + "-")


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_shipped_frameworks_make_libraries(key) -> None:
    framework = load_framework(*key)
    library = yaml.safe_load(export_framework(framework, "ciso-assistant", language=Language.JA))
    nodes = library["objects"]["framework"]["requirement_nodes"]
    assert [node["ref_id"] for node in nodes] == [row.id for row in framework.requirements]
    depths = {node["urn"]: node["depth"] for node in nodes}
    assert all(node["depth"] == depths[node["parent_urn"]] + 1 for node in nodes if "parent_urn" in node)
    assert len(depths) == len(nodes)
    groups = {group["ref_id"] for group in library["objects"]["framework"]["implementation_groups_definition"]}
    assert {name for node in nodes for name in node.get("implementation_groups", [])} <= groups
    assert all(node["translations"]["en"]["name"] for node in nodes)


def test_no_library_of_others_is_shipped() -> None:
    shipped = Path(__file__).parents[3] / "src"
    assert not [path for path in shipped.rglob("*.yaml") if b"requirement_nodes" in path.read_bytes()]
