"""OSCAL: valid by NIST's schemas, ours comes back whole, and nothing of a foreign catalog is lost."""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.frameworks import EvidenceCode, ExpectedEvidence, Role, available, load_framework
from shinrai.frameworks.formats.document import read_json
from shinrai.frameworks.formats.draft import is_untranslated
from shinrai.frameworks.formats.oscal import catalog, dumped, kept, mapping_collection, profile, read_catalog
from shinrai.frameworks.formats.oscal.profile import chosen
from shinrai.frameworks.formats.report import Findings
from shinrai.language import Bilingual, Language, ShinraiError

SCHEMAS = Path(__file__).parents[1] / "oscal_schemas"


@cache
def schema(model: str) -> Any:
    text = (SCHEMAS / f"oscal_{model}_schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(text), validate_formats=True)


def valid(model: str, tree: Any) -> bool:
    errors = [f"{list(error.instance_path)}: {error.message[:200]}" for error in schema(model).iter_errors(tree)]
    assert errors == []
    return True


def read(data: bytes, language: str = "en"):
    findings = Findings("c.json")
    found = read_catalog(read_json(data, "c.json").root, findings, language)
    framework, _ = found.draft.finish(found.header, data)
    return framework, findings.report("oscal", "", len(data))


def same(one, other) -> bool:
    return replace(one, digest="") == replace(other, digest="")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_framework_makes_a_valid_catalog_and_comes_back(frameworks, data) -> None:
    framework, language = data.draw(frameworks), data.draw(st.sampled_from(Language))
    tree = catalog(framework, language)
    assert valid("catalog", tree)
    again, report = read(dumped(tree))
    assert same(again, framework)
    assert (report.losses, report.warnings) == ((), ())
    assert catalog(again, language) == tree


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
@pytest.mark.parametrize("language", Language)
def test_shipped_frameworks_are_valid_and_come_back(key, language) -> None:
    framework = load_framework(*key)
    tree = catalog(framework, language)
    assert valid("catalog", tree)
    assert same(read(dumped(tree))[0], framework)


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.GOVERNMENT])
def test_a_profile_names_what_is_asked_of_a_role(key, role) -> None:
    framework = load_framework(*key)
    if not chosen(framework, role):
        with pytest.raises(ShinraiError, match="asks nothing of the role"):
            profile(framework, role, "catalog.json", Language.EN)
        return
    tree = profile(framework, role, "catalog.json", Language.EN)
    assert valid("profile", tree)
    (only,) = tree["profile"]["imports"]
    named = {id_.removeprefix("_") for id_ in only["include-controls"][0]["with-ids"]}
    asked = {row.id for row in framework.requirements if row.expects and (not row.roles or role in row.roles)}
    assert asked <= named
    assert all(not framework.by_id[id_].expects for id_ in named - asked)
    controls = {node["id"] for node in nodes(catalog(framework, Language.EN)["catalog"], "controls")}
    assert set(only["include-controls"][0]["with-ids"]) <= controls


def test_a_role_of_which_nothing_is_asked_has_no_profile() -> None:
    framework = load_framework("jp.guideline13", "2025-12-19")
    asked = tuple(replace(row, roles=frozenset({Role.PROVIDER})) for row in framework.requirements)
    with pytest.raises(ShinraiError, match="asks nothing of the role “citizen”"):
        profile(replace(framework, requirements=asked), Role.CITIZEN, "c.json", Language.EN)


@dataclass(frozen=True)
class Mapped:
    source: str
    target: str
    relation: str
    rationale: Bilingual | str | None
    state: str


def test_mappings_are_a_valid_collection() -> None:
    source, target = load_framework("jp.aigb", "1.2"), load_framework("jp.guideline13", "2025-12-19")
    why = Bilingual(ja="同じことを求めている。\n", en="They ask the same.\nIn other words.")
    relations = ("equal", "subset", "superset", "intersects", "none")
    rows = [
        Mapped(source.requirements[n].id, target.requirements[n].id, relation, why, "proposed")
        for n, relation in enumerate(relations)
    ]
    tree = mapping_collection(source, target, rows, ("a.json", "b.json"), Language.EN)
    assert valid("mapping", tree)
    collection = tree["mapping-collection"]
    maps = collection["mappings"][0]["maps"]
    assert [each["relationship"] for each in maps] == [
        "equivalent-to", "subset-of", "superset-of", "intersects-with", "no-relationship"
    ]  # fmt: skip
    # OSCAL has no word for the last, so it must not stand in OSCAL's own namespace.
    assert ["ns" in each for each in maps] == [False, False, False, False, True]
    assert maps[0]["remarks"] == why.en
    assert collection["provenance"]["status"] == "draft"
    reviewed = [replace_state(row, "reviewed") for row in rows]
    settled = mapping_collection(source, target, reviewed, ("a.json", "b.json"), Language.JA)
    assert settled["mapping-collection"]["provenance"]["status"] == "complete"
    assert mapping_collection(source, target, rows, ("a.json", "b.json"), Language.EN) == tree


def replace_state(row: Mapped, state: str) -> Mapped:
    return Mapped(row.source, row.target, row.relation, row.rationale, state)


@pytest.mark.parametrize(
    "changes, words",
    [({"source": "nowhere"}, "“nowhere” is not a requirement of"), ({"relation": "kin"}, "“kin” is not one of equal")],
)
def test_a_mapping_of_what_is_not_there_is_refused(changes, words) -> None:
    source, target = load_framework("jp.aigb", "1.2"), load_framework("jp.guideline13", "2025-12-19")
    row = {"source": source.requirements[0].id, "target": target.requirements[0].id, "relation": "equal"} | changes
    with pytest.raises(ShinraiError, match=words):
        mapping_collection(source, target, [Mapped(**row, rationale=None, state="proposed")], ("a", "b"), Language.EN)
    with pytest.raises(ShinraiError, match="There is no mapping to write"):
        mapping_collection(source, target, [], ("a", "b"), Language.EN)


# Catalogs of others.

LINES = st.from_regex(r"[A-Za-z公平性0-9][A-Za-z 公平性0-9.,]{0,18}[a-z0-9]", fullmatch=True)
TOKENS = st.from_regex(r"[a-z_][a-z0-9._-]{0,8}", fullmatch=True)
PROPS = st.lists(st.fixed_dictionaries({"name": TOKENS, "value": LINES}, optional={"ns": st.just("https://x.example/n")}),
                 min_size=1, max_size=2)  # fmt: skip
LINKS = st.lists(st.fixed_dictionaries({"href": st.just("#there"), "rel": TOKENS}), min_size=1, max_size=2)
PARTS = st.recursive(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["statement", "guidance", "item", "overview"]), "prose": LINES},
        optional={"props": PROPS, "title": LINES, "links": LINKS},
    ),
    lambda inner: st.fixed_dictionaries(
        {"name": st.sampled_from(["statement", "guidance"]), "parts": st.lists(inner, min_size=1, max_size=2)}
    ),
    max_leaves=4,
)
PARAMS = st.lists(
    st.fixed_dictionaries({"id": TOKENS, "label": LINES}, optional={"values": st.lists(LINES, min_size=1, max_size=2)}),
    min_size=1,
    max_size=2,
)


@st.composite
def foreign(draw: st.DrawFn) -> dict[str, Any]:
    """A catalog as somebody else writes it: groups and controls to three levels, with everything hung on them."""
    count = 0

    def node(kind: str, depth: int) -> dict[str, Any]:
        nonlocal count
        count += 1
        made: dict[str, Any] = {"id": f"{kind[0]}{count}", "title": draw(LINES)}
        for name, values in (("props", PROPS), ("links", LINKS), ("params", PARAMS)):
            if draw(st.booleans()):
                made[name] = draw(values)
        if draw(st.booleans()):
            made["parts"] = draw(st.lists(PARTS, min_size=1, max_size=3))
        if draw(st.integers(0, 9)) == 0:
            made.setdefault("props", []).append({"name": "status", "value": "withdrawn"})
        if depth < 3:
            inner = draw(st.sampled_from(["controls", "groups"])) if kind == "groups" else "controls"
            children = [node(inner, depth + 1) for _ in range(draw(st.integers(0, 2)))]
            if children:
                made[inner] = children
        return made

    tree: dict[str, Any] = {
        "uuid": str(draw(st.uuids(version=4))),
        "metadata": {
            "title": draw(LINES),
            "last-modified": "2026-02-03T04:05:06.000-04:00",
            "version": draw(LINES),
            "oscal-version": "1.2.1",
        },
        "controls": [node("controls", 1)],
    }
    if draw(st.booleans()):
        tree["metadata"]["parties"] = [
            {"uuid": str(draw(st.uuids(version=4))), "type": "organization", "name": draw(LINES)}
        ]
    if draw(st.booleans()):
        tree["metadata"]["props"] = draw(PROPS)
    groups = [node("groups", 1) for _ in range(draw(st.integers(0, 2)))]
    if groups:
        tree["groups"] = groups
    if draw(st.booleans()):
        tree["back-matter"] = {"resources": [{"uuid": str(draw(st.uuids(version=4))), "title": draw(LINES)}]}
    # One control that is surely asked, or the catalog might be all withdrawn.
    tree["controls"].append({"id": "last", "title": "Last"})
    return {"catalog": tree}


def nodes(tree: Any, kind: str | None = None) -> list[dict[str, Any]]:
    found = []
    for name in ("groups", "controls"):
        for each in tree.get(name, []):
            found += ([each] if kind in {None, name} else []) + nodes(each, kind)
    return found


@settings(max_examples=40, deadline=None)
@given(foreign())
def test_a_foreign_catalog_that_is_not_changed_keeps_every_byte(tree) -> None:
    assert valid("catalog", tree)
    data = json.dumps(tree, indent=1).encode()
    framework, _ = read(data)
    assert kept(framework, data, "c.json", Language.EN) == data


@settings(max_examples=60, deadline=None)
@given(foreign(), st.data())
def test_a_changed_framework_is_written_back_and_everything_else_stays(tree, data) -> None:
    written = json.dumps(tree).encode()
    framework, _ = read(written)
    edited = data.draw(edits(framework))
    made = kept(edited, written, "c.json", Language.EN)
    again = json.loads(made)
    assert valid("catalog", again)
    assert same(read(made)[0], edited)
    # What the framework has no place for is where it was, in every node that is still there.
    before = {each["id"]: each for each in nodes(tree["catalog"])}
    dropped = {row.section for row in ()} | {name for name, id_ in names(framework).items() if id_ not in edited.by_id}
    after = {each["id"]: each for each in nodes(again["catalog"])}
    for id_, node in before.items():
        if id_ in dropped:
            assert id_ not in after
            continue
        for name in ("links", "params"):
            assert after[id_].get(name) == node.get(name)
        assert [each for each in after[id_].get("props", []) if not own(each)] == node.get("props", [])
        left = [each for each in after[id_].get("parts", []) if not own(each)]
        assert [each for each in left if each["name"] != "statement"] == [
            each for each in node.get("parts", []) if each["name"] != "statement"
        ]
    assert again["catalog"]["uuid"] == tree["catalog"]["uuid"]
    for resource in tree["catalog"].get("back-matter", {}).get("resources", []):
        assert resource in again["catalog"]["back-matter"]["resources"]
    assert again["catalog"]["metadata"].get("parties") == tree["catalog"]["metadata"].get("parties")


def own(thing: dict[str, Any]) -> bool:
    return thing.get("ns") == "https://shinrai.example/ns/oscal"


def names(framework) -> dict[str, str]:
    return {row.source.removeprefix("FILE; "): row.id for row in framework.requirements}


@st.composite
def edits(draw: st.DrawFn, framework):
    """What a person may do to a framework: new words, other evidence, rows gone, new, or in another order."""
    rows = list(framework.requirements)
    for _ in range(draw(st.integers(1, 3))):
        leaves = [row for row in rows if row.expects]
        one = draw(st.sampled_from(rows))
        kind = draw(st.sampled_from(["title", "text", "evidence", "drop", "add", "lift", "swap", "header"]))
        if kind == "title":
            rows[rows.index(one)] = replace(one, title=Bilingual(ja="新しい題名", en="A new title"))
        elif kind == "text":
            rows[rows.index(one)] = replace(one, text=Bilingual(ja="新しい\n本文", en=" A new text\n"))
        elif kind == "evidence" and one.expects:
            leaf = ExpectedEvidence(f"{one.id}.log", EvidenceCode.LOG, Bilingual(ja="記録", en="A log"))
            rows[rows.index(one)] = replace(one, expects=(leaf,), roles=frozenset({Role.PROVIDER}), tags=("new",))
        elif kind == "drop" and len(leaves) > 1:
            gone = draw(st.sampled_from(leaves))
            siblings = [row for row in rows if row.principle == gone.principle and row is not gone]
            if gone.principle is None or siblings:
                rows.remove(gone)
        elif kind == "add":
            model = draw(st.sampled_from(leaves))
            leaf = ExpectedEvidence("new-row.log", EvidenceCode.LOG, Bilingual(ja="記録", en="A log"))
            rows = [row for row in rows if row.id != "new-row"]
            rows.insert(
                draw(st.integers(0, 1)) * len(rows), replace(model, id="new-row", principle=None, expects=(leaf,))
            )
        elif kind == "swap":
            leaves = [row for row in leaves if row.principle == leaves[0].principle]
            first, last = rows.index(leaves[0]), rows.index(leaves[-1])
            rows[first], rows[last] = rows[last], rows[first]
        else:
            framework = replace(framework, title=Bilingual(ja="新しい文書", en="A new document"), version="9.9")
    return replace(framework, requirements=tuple(rows))


REAL = {
    "catalog": {
        "uuid": "74c8ba1e-5cd4-4ad1-bbfd-d888e2f6c724",
        "metadata": {
            "title": "Sample Security Catalog",
            "published": "2024-02-02T11:01:04Z",
            "last-modified": "2024-03-02T11:01:04Z",
            "version": "1.0",
            "oscal-version": "1.2.1",
            "links": [{"href": "https://example.org/catalog", "rel": "canonical"}],
            "parties": [{"uuid": "3b2a5599-cc37-403f-ae36-5708fa804b27", "type": "organization", "name": "Sample Org"}],
        },
        "groups": [
            {
                "id": "s1",
                "title": "Organization of Security",
                "controls": [
                    {
                        "id": "s1.1.1",
                        "title": "Roles and responsibilities",
                        "params": [{"id": "s1.1.1-prm1", "label": "a period"}],
                        "parts": [
                            {
                                "name": "statement",
                                "prose": "Duties are defined every {{ insert: param, s1.1.1-prm1 }}.",
                                "parts": [
                                    {"name": "item", "props": [{"name": "label", "value": "a."}], "prose": "Named."}
                                ],
                            },
                            {"name": "guidance", "prose": "Many words."},
                        ],
                        "controls": [{"id": "s1.1.1.1", "title": "An enhancement"}],
                    },
                    {
                        "id": "s1.1.2",
                        "title": "Gone",
                        "props": [{"name": "status", "value": "withdrawn"}],
                    },
                ],
            }
        ],
    }
}  # fmt: skip


def test_a_foreign_catalog_says_what_was_missing_and_what_did_not_fit() -> None:
    framework, report = read(json.dumps(REAL).encode())
    heading, control, inner = framework.requirements
    assert (heading.id, heading.expects, control.principle, inner.principle) == ("s1", (), "s1", "s1")
    assert control.text.en == "Duties are defined every [a period].\na. Named."
    assert control.text.ja == "〔未訳〕Duties are defined every [a period].\na. Named."
    assert is_untranslated(control.text, Language.JA) and not is_untranslated(control.text, Language.EN)
    assert [leaf.code for leaf in control.expects] == [EvidenceCode.ANSWER]
    assert {row.certainty for row in framework.requirements} == {"M"}
    assert (framework.published.isoformat(), framework.version) == ("2024-02-02", "1.0")
    assert (framework.issuer.en, framework.source) == ("Sample Org", "https://example.org/catalog")
    assert framework.source_keys[0].title.en.startswith("The imported file c.json (SHA-256: ")
    losses = [loss.text(Language.EN) for loss in report.losses]
    assert [text.split(": ", 1)[1] for text in losses] == [
        "Entries of the metadata that have no place here: 1.",
        "Controls inside others that now stand beside them: 1.",
        "Parameters that stand in the texts and are not kept as parameters: 1.",
        "Parts beside the statements (such as guidance) that have no place here: 1.",
        "Withdrawn controls that were left out: 1.",
    ]
    assert losses[1].startswith("c.json:1:")
    assert "catalog.groups[0].controls[0].controls[0]" in losses[1]
    questions = [question.en for question in framework.open_questions]
    assert any("3 rows have no Japanese text" in question for question in questions)
    assert any("2 rows name no evidence" in question for question in questions)
    assert any("states no licence" in question for question in questions)


def test_japanese_catalogs_lack_the_english() -> None:
    tree = json.loads(json.dumps(REAL))
    framework, _ = read(json.dumps(tree).encode(), "ja")
    assert framework.requirements[0].title == Bilingual(
        ja="Organization of Security", en="[not translated] Organization of Security"
    )
    framework, _ = read(json.dumps(tree).encode(), "fr")
    assert framework.requirements[0].title == Bilingual(
        ja="〔未訳：fr〕Organization of Security", en="[not translated: fr] Organization of Security"
    )


WRONG = {
    "no catalog": ({}, "The field “catalog” is missing."),
    "no metadata": ({"catalog": {"controls": [{"id": "a", "title": "A"}]}}, "The field “metadata” is missing."),
    "nothing asked": ({"catalog": {"metadata": {"title": "T"}}}, "There is no row in this file."),
    "a list for a catalog": ({"catalog": []}, "Expected a block of fields, found a list."),
    "controls that are no list": ({"catalog": {"controls": {"a": 1}}}, "Expected a list, found a block of fields."),
    "a control without a title": (
        {"catalog": {"metadata": {"title": "T"}, "controls": [{"id": "a"}]}},
        "field catalog.controls[0]: The field “title” is missing.",
    ),
    "props that are no list": (
        {"catalog": {"metadata": {"title": "T"}, "controls": [{"id": "a", "title": "A", "props": 5}]}},
        "field catalog.controls[0].props: Expected a list, found a number.",
    ),
}


@pytest.mark.parametrize("tree, words", WRONG.values(), ids=WRONG)
def test_a_wrong_catalog_is_refused_with_its_place(tree, words) -> None:
    with pytest.raises(ShinraiError) as caught:
        read(json.dumps(tree).encode())
    assert words in str(caught.value)


SPOILT = {
    "an unknown kind": ('"value": "sub_item"', '"value": "sub_itme"', "“sub_itme” is not one of heading"),
    "an unknown fact": (r'("name": "when",\s+"ns": "[^"]+",\s+"value": )"agent"', r'\1"agnt"', "“agnt” is not one of"),
    "a lost language": ('"class": "ja"', '"class": "jp"', "is not there in both languages"),
    "a day that is none": ('"value": "2026-03-31"', '"value": "2026-02-31"', "There is no day 2026-02-31."),
}


@pytest.mark.parametrize("old, new, words", SPOILT.values(), ids=SPOILT)
def test_a_catalog_of_ours_that_somebody_spoilt_is_refused(old, new, words) -> None:
    data = dumped(catalog(load_framework("jp.aigb", "1.2"), Language.EN)).decode()
    spoilt = re.sub(old, new, data)
    assert spoilt != data
    with pytest.raises(ShinraiError) as caught:
        read(spoilt.encode())
    assert words in str(caught.value)
