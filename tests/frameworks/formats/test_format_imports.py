"""One way in: which format a file is in, what is refused of any, and folders of many."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.frameworks import Coverage, Role, available, framework_bytes, load_framework
from shinrai.frameworks.formats import (
    EXPORT_FORMATS,
    IMPORT_FORMATS,
    ImportedMapping,
    Progress,
    detect,
    export_framework,
    framework_flags,
    import_folder,
    import_framework,
    in_our_ids,
    mapping_worth,
    template,
    write_yaml,
)
from shinrai.frameworks.formats.document import MAX_BYTES, MAX_DEPTH, MAX_TEXT, read_json, read_yaml
from shinrai.frameworks.formats.oscal.profile import chosen
from shinrai.frameworks.formats.worth import instrument
from shinrai.language import Bilingual, Language, ShinraiError

FRAMEWORK = load_framework("jp.guideline13", "2025-12-19")
PROBO = json.dumps({"id": "X", "name": "X", "controls": [{"id": "1", "name": "One"}]}).encode()
CISO = b"""objects:
  framework:
    urn: urn:f
    ref_id: f
    name: F
    requirement_nodes:
      - {urn: "urn:f:1", assessable: "true", name: One, ref_id: "1"}
"""
AISEV = 'G1-1:\n  goalType: TopGoal\n  text: "目\x0b標"\n  undeveloped: true\n'.encode()
SAMPLES = {
    "yaml": write_yaml(FRAMEWORK),
    "xlsx": template(),
    "oscal": export_framework(FRAMEWORK, "oscal-catalog"),
    "ciso-assistant": CISO,
    "probo": PROBO,
    "aisev": AISEV,
}


def test_there_is_a_sample_of_every_format() -> None:
    assert set(SAMPLES) == set(IMPORT_FORMATS)


@pytest.mark.parametrize("format_", IMPORT_FORMATS)
def test_the_format_is_found_out_whatever_the_file_is_called(format_: str) -> None:
    data = SAMPLES[format_]
    assert detect(data, "file") == format_
    found, told = import_framework(data, "file"), import_framework(data, "file", format=format_)
    assert found == told
    assert found.report.format == format_
    # Whatever comes in is a framework file that stands on its own.
    assert import_framework(found.text, "again.yaml").framework == found.framework


@pytest.mark.parametrize("format_", IMPORT_FORMATS)
def test_a_mark_at_the_beginning_does_no_harm(format_: str) -> None:
    if format_ != "xlsx":
        assert import_framework(b"\xef\xbb\xbf" + SAMPLES[format_], "file").framework is not None


UNKNOWN = {
    "nothing": (b"", "The file is empty."),
    "a table": (b"a,b\n1,2\n", "It does not begin with a block of fields."),
    "a PDF": (b"%PDF-1.7 ...", "It looks like a PDF, HTML or XML file."),
    "XML": (b"<?xml version='1.0'?><catalog/>", "It looks like a PDF, HTML or XML file."),
    "another JSON": (b'{"a": 1, "b": 2}', "Its first fields are: a, b."),
    "a list": (b"[1, 2]", "It does not begin with a block of fields."),
    "an OSCAL profile": (b'{"profile": {}}', "It is an OSCAL file of the kind “profile”"),
    "OSCAL in YAML": (b"catalog: {}\n", "It is OSCAL in YAML; convert it to JSON."),
    "another YAML": (b"name: x\nversion: 1\n", "Its first fields are: name, version."),
    "a framework of ours with a hole": (b"requirements: []\n", "The field “id” is missing."),
    "half a JSON": (b'{"catalog": ', "file:1:13: This is not valid JSON."),
    "a name twice": (b'{"name": 1, "name": 2}', "The field “name” is given twice in one block."),
    "no number": (b'{"name": NaN}', "“NaN” is not a number that JSON knows."),
    "a number without end": (b'{"name": ' + b"9" * 5000 + b"}", "This is not valid JSON."),
    "deep JSON": (b'{"a":' * 60 + b"1" + b"}" * 60, f"nested more than {MAX_DEPTH} deep"),
    "very deep JSON": (b"[" * 1_000_000, f"nested more than {MAX_DEPTH} deep"),
    "too many values": (b"[" + b"1," * 4_000_001, "at most 2000000 values"),
    "deep YAML": (b"- " * 100, f"nested more than {MAX_DEPTH} deep"),
    "an invisible character": ('{"a": "\u202e"}'.encode(), "U+202E is not allowed"),
    "one in disguise": (b'{"a": "\\u0007"}', "file:1:7, field a: The invisible character U+0007"),
    "a lone surrogate": (b'{"a": "\\ud800"}', "U+D800 is not allowed"),
    "another encoding": ("{'a': '公'}".encode("shift-jis"), "file:1: The file is not UTF-8 text."),
    "endless": (b" " * (MAX_BYTES + 1), f"at most {MAX_BYTES} are read"),
    "an endless text": (b'{"a": "' + b"x" * (MAX_TEXT + 1) + b'"}', f"at most {MAX_TEXT} are allowed"),
    "a billion laughs": (b"a: &a [x]\nb: [*a, *a]\n", "Anchors and aliases (& and *) are not allowed."),
    "two documents": (b"objects: {}\n---\nobjects: {}\n", "file:3:1: A second document begins here"),
    "a field twice": (b"objects: {}\nobjects: {}\n", "The field is already given in line 1."),
    "a block for a name": (b"? [a]\n: c\n", "The name of a field must be a text."),
}


@pytest.mark.parametrize("data, words", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_no_framework_is_refused_and_said_to_be(data: bytes, words: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        import_framework(data, "file")
    assert words in str(caught.value)
    assert caught.value.text(Language.JA).startswith("file")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_spoilt_files_give_errors_and_nothing_else(data) -> None:
    sample = bytearray(SAMPLES[data.draw(st.sampled_from(IMPORT_FORMATS))][:4000])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(sample) - 1))
        sample[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        imported = import_framework(bytes(sample), "file")
    except ShinraiError as error:
        assert error.text(Language.JA).startswith("file")
    else:
        assert imported.report.size == len(sample)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_spoilt_workbooks_give_errors_and_nothing_else(data) -> None:
    book = bytearray(SAMPLES["xlsx"])
    for _ in range(data.draw(st.integers(1, 8))):
        book[data.draw(st.integers(0, len(book) - 1))] = data.draw(st.integers(0, 255))
    try:
        imported = import_framework(bytes(book), "file")
    except ShinraiError as error:
        assert error.text(Language.JA).startswith("file")
    else:
        assert imported.framework is not None


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_workbooks_with_spoilt_parts_give_errors_and_nothing_else(data) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SAMPLES["xlsx"])) as old, zipfile.ZipFile(stream, "w") as new:
        wanted = data.draw(st.sampled_from([name for name in old.namelist() if name.endswith((".xml", ".rels"))]))
        for part in old.namelist():
            content = bytearray(old.read(part))
            for _ in range(data.draw(st.integers(1, 3)) if part == wanted else 0):
                at = data.draw(st.integers(0, len(content) - 1))
                content[at : at + data.draw(st.integers(0, 30))] = data.draw(
                    st.sampled_from([b"", b"9", b"<", b"A1", b"s"])
                )
            new.writestr(part, bytes(content))
    try:
        imported = import_framework(stream.getvalue(), "file")
    except ShinraiError as error:
        assert error.text(Language.EN).startswith("file")
    else:
        assert imported.framework is not None


def test_files_made_to_take_long_do_not() -> None:
    # Each of these would take hours if anything here went over it more than a few times.
    for data in (b'{"a": ' + b'\\"' * 2_000_000, b'{"a": "' + b'\\"' * 2_000_000, b"[" * 5_000_000, b"{[" * 2_000_000):
        with pytest.raises(ShinraiError):
            import_framework(data, "file")


def test_mappings_get_the_ids_of_the_frameworks_they_speak_of() -> None:
    one = import_framework(CISO, "a.yaml")
    other = import_framework(CISO.replace(b"urn:f", b"urn:g").replace(b'ref_id: "1"', b'ref_id: "9 9"'), "b.yaml")
    known = ImportedMapping("urn:f", "urn:f:1", "urn:g", "urn:g:1", "equal")
    unknown = ImportedMapping("urn:f", "urn:f:1", "urn:g", "urn:g:2", "equal")
    elsewhere = ImportedMapping("urn:f", "urn:f:1", "urn:h", "urn:h:1", "equal")
    found, left = in_our_ids([known, unknown, elsewhere], [one, other])
    assert left == 2
    assert found == (ImportedMapping("f", "1", "f", "9-9", "equal"),)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["catalog", "groups", "controls", "id", "title", "props", "parts", "params", "metadata", "name", "value", "ns",
         "prose", "back-matter", "resources", "links", "class", "version", "description", "remarks", "select"]
    ), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_JSON, st.sampled_from(["oscal", "probo"]))
def test_values_of_any_kind_in_any_place_give_errors_and_nothing_else(tree, format_) -> None:
    wrapped = {"catalog": tree} if format_ == "oscal" else tree
    try:
        import_framework(json.dumps(wrapped).encode(), "file", format=format_)
    except ShinraiError as error:
        assert error.text(Language.EN).startswith("file")


_YAML = st.recursive(
    st.none() | st.sampled_from(["true", "G1-1", "S1-1", "C1-1", "x", "0.5", "urn:a", "TopGoal"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["objects", "framework", "requirement_nodes", "urn", "name", "assessable", "parent_urn", "translations", "ja",
         "questions", "text", "G1-1", "S1-1", "C1-1", "supportedBy", "scoreRate", "inContextOf", "goalType",
         "requirement_mapping_sets", "requirement_mappings", "relationship", "undeveloped", "definition", "locale"]
    ), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_YAML, st.sampled_from(["ciso-assistant", "aisev"]))
def test_yaml_of_any_shape_gives_errors_and_nothing_else(tree, format_) -> None:
    # JSON is YAML enough to write these.
    try:
        import_framework(json.dumps(tree).encode(), "file", format=format_)
    except ShinraiError as error:
        assert error.text(Language.EN).startswith("file")


def test_errors_find_the_line_in_json_and_yaml() -> None:
    text = b'{"a": [1, {"b": "x", "c": [true]}],\n "d": {"e": 1, "f": {}}}'
    for document in (read_json(text, "f"), read_yaml(text, "f")):
        assert document.place(("a", 1, "c", 0)).text(Language.EN).endswith("field a[1].c[0]")
        assert document.place(("d", "f")).line == 2
    places = [read_json(text, "f").place(path) for path in [("a",), ("a", 0), ("a", 1, "b"), ("d", "e")]]
    assert [(place.line, place.column) for place in places] == [(1, 7), (1, 8), (1, 17), (2, 13)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "公", ',:{}[]"\\', "a\nb", 0.5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "公", '":', "\\", ""]), inner),
    max_leaves=12,
)


def inside(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from inside(value[step], (*path, step))


@settings(max_examples=100, deadline=None)
@given(JSON, st.sampled_from([None, 1, "\n \n"]), st.randoms())
def test_every_value_of_any_json_stands_where_it_is_said_to_stand(tree, indent, order) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    document, lines = read_json(text.encode(), "f"), text.split("\n")
    values = list(inside(tree))
    order.shuffle(values)
    for path, value in values:
        line, column = document.locate(path)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == value
    for path in [("none",), (99,), *((*path, "none") for path, _ in values)]:
        assert document.locate(path) is None


@pytest.mark.parametrize("name", ["excel", "yml"])
def test_a_format_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(ShinraiError, match="is not one of"):
        import_framework(b"", "f", format=name)
    with pytest.raises(ShinraiError, match="is not one of"):
        export_framework(FRAMEWORK, name)


@pytest.mark.parametrize("format_", EXPORT_FORMATS)
@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_every_shipped_framework_is_exported_alike_every_time(key, format_: str) -> None:
    framework = load_framework(*key)
    role = next(role for role in Role if chosen(framework, role))
    made = export_framework(framework, format_, role=role)
    assert made == export_framework(framework, format_, role=role)
    if format_ != "oscal-profile":
        again = import_framework(made, "f").framework
        assert [row.title for row in again.requirements] == [row.title for row in framework.requirements]


def test_a_profile_needs_a_role() -> None:
    with pytest.raises(ShinraiError, match="A profile is of one role"):
        export_framework(FRAMEWORK, "oscal-profile")


def test_an_original_keeps_what_a_framework_has_no_place_for() -> None:
    tree = {
        "catalog": {
            "uuid": "74c8ba1e-5cd4-4ad1-bbfd-d888e2f6c724",
            "metadata": {"title": "T", "last-modified": "2026-01-01T00:00:00Z", "version": "1"},
            "controls": [{"id": "a", "title": "A", "links": [{"href": "#x"}]}, {"id": "b", "title": "B"}],
        }
    }  # fmt: skip
    data = json.dumps(tree).encode()
    framework = import_framework(data, "c.json").framework
    assert export_framework(framework, "oscal-catalog", original=data) == data
    rows = (replace(framework.requirements[0], title=Bilingual(ja="新", en="New")), *framework.requirements[1:])
    changed = json.loads(export_framework(replace(framework, requirements=rows), "oscal-catalog", original=data))
    assert changed["catalog"]["controls"][0]["links"] == [{"href": "#x"}]
    assert changed["catalog"]["controls"][0]["title"] == "New"
    assert changed["catalog"]["controls"][1] == tree["catalog"]["controls"][1]


# Folders.


def pair(source: str, target: str, relation: str = "intersects", why: str | None = None, strength: int | None = None):
    return ImportedMapping("urn:f", source, "urn:g", target, relation, why, strength)


def test_the_worth_of_mappings_is_counted() -> None:
    mappings = [
        pair("a", "x", "intersects", "semantic", 5),
        pair("a", "x", "equal"),
        pair("b", "y", "subset", "Both ask for an owner of every account."),
        ImportedMapping("urn:g", "y", "urn:f", "b", "superset"),
        ImportedMapping("urn:g", "x", "urn:f", "a", "equal"),
        pair("c", "c"),
        pair("a", "z"),
        ImportedMapping("urn:f", "a", "urn:h", "q", "none"),
    ]
    rows = {"urn:f": frozenset("abc"), "urn:g": frozenset("xyc")}
    worth = mapping_worth(mappings, rows)
    assert worth.pairs == 8
    assert worth.relations == {"equal": 2, "intersects": 3, "none": 1, "subset": 1, "superset": 1}
    assert (worth.rationale, worth.explained, worth.strength) == (2, 1, 1)
    assert (worth.duplicates, worth.contradictions, worth.mirrored, worth.to_itself) == (1, 2, 1, 1)
    assert (worth.unknown_ids, worth.unknown_frameworks) == (1, 1)
    assert worth.share(worth.rationale) == 0.25
    assert worth.flags() == ()
    nothing = mapping_worth([], {})
    assert (nothing.pairs, nothing.share(0), nothing.flags()) == (0, None, ())
    only = mapping_worth([pair("a", "x"), pair("b", "y")], rows)
    assert [flag.text(Language.EN) for flag in only.flags()] == [
        "All 2 mappings say “intersects”, so none can carry a result."
    ]


def shallow(name: str, rows: int, **fields: str):
    tree = {"id": name, "name": name, "controls": [{"id": str(n), "name": f"N{n}", **fields} for n in range(rows)]}
    return import_framework(json.dumps(tree).encode(), "p.json").framework


def flags(framework, file: str = "p.json") -> list[str]:
    return [flag.text(Language.EN) for flag in framework_flags(framework, file)]


def test_fifteen_rows_called_iso_27001_are_flagged() -> None:
    said = flags(shallow("ISO 27001 (2022)", 15))
    assert said == [
        "It bears the name of ISO/IEC 27001:2022, Annex A, which has 93 controls "
        "(ISO/IEC 27001:2022, Annex A, table A.1); here are 15 rows.",
        "No row has a text beside its title.",
        "No text has more than 40 characters.",
    ]  # fmt: skip
    assert "管理策" in framework_flags(shallow("ISO 27001", 15), "p.json")[0].text(Language.JA)


def test_a_full_one_is_not() -> None:
    text = "Own words that say what is asked, at some length."
    assert flags(shallow("ISO/IEC 27001:2022", 93, description=text)) == []
    assert flags(shallow("Our own house rules", 3, description=text)) == []


def test_a_file_that_is_called_like_another_instrument_is_flagged() -> None:
    text = "Own words that say what is asked, at some length."
    said = flags(shallow("ISO 27001 (2022)", 93, description=text), "data/ISO42001.json")
    assert said == [
        "The file is called like ISO/IEC 42001:2023, Annex A, but its title is that of ISO/IEC 27001:2022, Annex A."
    ]


def test_some_rows_without_a_text_are_counted() -> None:
    framework = shallow("House rules", 2, description="Own words that say what is asked, at some length.")
    first = framework.requirements[0]
    rows = (replace(first, text=first.title), framework.requirements[1])
    assert flags(replace(framework, requirements=rows)) == ["1 of 2 rows have no text beside their title."]


@pytest.mark.parametrize(
    "title, name",
    [
        ("ISO 27001", "ISO/IEC 27001:2022, Annex A"),
        ("iso27001-2022.yaml", "ISO/IEC 27001:2022, Annex A"),
        ("NIST SP 800-53 Rev. 5", "NIST SP 800-53 revision 5"),
        ("ＡＩ事業者ガイドライン（第1.2版）", "AI Guidelines for Business"),
        ("The EU AI Act", "EU AI Act"),
        ("ISO 2700", None),
        ("EU Data Act", None),
    ],
)
def test_instruments_are_known_by_their_names(title: str, name: str | None) -> None:
    found = instrument(title)
    assert (found.name if found else None) == name


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_shipped_frameworks_are_not_shallow(key) -> None:
    framework = load_framework(*key)
    flags = framework_flags(framework, f"{key.id}.yaml")
    # A guide of which only a few duties are held is said to be an extract, and its short sentences are flagged.
    assert flags == () or (framework.coverage is Coverage.EXTRACT and len(framework.requirements) < 10)


def test_a_folder_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    mapping = """objects:
  requirement_mapping_set:
    source_framework_urn: urn:f
    target_framework_urn: urn:g
    requirement_mappings:
      - {source_requirement_urn: "urn:f:1", target_requirement_urn: "urn:g:1", relationship: intersect}
      - {source_requirement_urn: "urn:f:2", target_requirement_urn: "urn:g:1", relationship: intersect}
"""
    files = {
        "a.yaml": CISO,
        "b.yaml": b"objects: [",
        "c.json": PROBO,
        "d.yml": mapping.encode(),
        "e.xlsx": template(),
        "f.xlsm": b"PK\x03\x04",
        "more/g.yaml": framework_bytes(*available()[0]),
        "notes.txt": b"not looked at",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")
    seen: list[Progress] = []
    kept: list[str] = []
    report = import_folder(tmp_path, progress=seen.append, keep=lambda name, _: kept.append(name))
    assert [each.file for each in report.files] == [
        "a.yaml",
        "b.yaml",
        "c.json",
        "d.yml",
        "e.xlsx",
        "f.xlsm",
        "more/g.yaml",
    ]
    assert [each.file for each in report.failed] == ["b.yaml", "f.xlsm"]
    assert str(report.failed[0].error).startswith("b.yaml:2:1: This is not valid YAML")
    assert kept == ["a.yaml", "c.json", "d.yml", "e.xlsx", "more/g.yaml"]
    assert report.skipped == 1
    assert (seen[0], seen[-1]) == (Progress(0, 7, "a.yaml"), Progress(7, 7, ""))
    # urn:g is no file here, and urn:f has no row 2.
    assert (report.worth.pairs, report.worth.unknown_frameworks, report.worth.unknown_ids) == (2, 2, 1)
    mapped = report.files[3]
    assert (mapped.id, mapped.worth.pairs) == (None, 2)
    assert [flag.text(Language.EN) for flag in mapped.flags] == [
        "All 2 mappings say “intersects”, so none can carry a result."
    ]
    assert (report.files[0].id, report.files[0].report.counts["requirements"]) == ("f", 1)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShinraiError, match="There is no folder"):
        import_folder(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_does_not_stop_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_bytes(CISO)
    (tmp_path / "b.yaml").write_bytes(CISO)
    monkeypatch.setattr("shinrai.frameworks.formats.folder.MAX_BYTES", len(CISO) - 1)
    report = import_folder(tmp_path)
    assert len(report.failed) == 2
    assert "at most" in str(report.failed[0].error)
    monkeypatch.setattr("shinrai.frameworks.formats.folder.MAX_FILES", 1)
    with pytest.raises(ShinraiError, match="holds 2 files; at most 1"):
        import_folder(tmp_path)


def test_a_damaged_workbook_is_told_to_be_a_workbook() -> None:
    with pytest.raises(ShinraiError) as caught:
        import_framework(b"\xff\xfe\x00garbage", "own.xlsx")
    assert "This is not a workbook that can be read." in caught.value.text(Language.EN)
    assert "own.xlsx: 読み取れるブックではありません。" in caught.value.text(Language.JA)


def test_a_folder_with_nothing_to_import_is_an_error(tmp_path: Path) -> None:
    """Nothing read is not success: a wrong folder would otherwise pass in a script."""
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ShinraiError) as caught:
        import_folder(tmp_path)
    assert "no file that can be imported; files of other kinds: 1" in caught.value.text(Language.EN)
    assert ".xlsx" in caught.value.text(Language.JA)
