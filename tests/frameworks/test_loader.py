"""Reading framework files: what is refused, and that each refusal says where and how to mend it."""

import re
from collections.abc import Callable
from datetime import date
from hashlib import sha256

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks import (
    Coverage,
    Kind,
    Phase,
    Role,
    Scope,
    Start,
    available,
    load_framework,
    loader,
    located,
    read_framework,
)
from shinrai.frameworks.loader import _version_order
from shinrai.language import Language, ShinraiError

GOOD = """\
id: xx.test
version: 1.2
title: {ja: 試験, en: Test}
issuer: {ja: 発行者, en: Issuer}
force: should
published: 2025-12-19
valid_from: 2026-01-01
superseded_by: null
source: https://example.jp/a.pdf
licence: none
language_of_record: ja
coverage: complete
source_keys:
  S1: {ja: 資料, en: Source}
certainty_notes: []
open_questions: []
requirements:
  - id: R1
    kind: principle
    title: {ja: 見出し, en: Heading}
    text: {ja: 見出しである。, en: A heading.}
    roles: []
    force: should
    certainty: C
    source: {keys: [S1], section: "1"}
    expects: []
  - id: R2
    kind: sub_item
    title: {ja: 項目, en: Item}
    text: {ja: 項目である。, en: An item.}
    roles: [developer, provider]
    when: [agent]
    force: may
    certainty: M
    source: {keys: [S1]}
    principle: R1
    expects:
      - {name: leaf, code: A, title: {ja: 証拠, en: Evidence}}
"""


LEAF = "requirements[1].expects[0]"


@pytest.fixture(params=["libyaml", "pure Python"])
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure Python":
        monkeypatch.setattr(located, "_Loader", yaml.SafeLoader)
    else:
        assert located._Loader is yaml.CSafeLoader


def refused(data: str | bytes) -> ShinraiError:
    with pytest.raises(ShinraiError) as caught:
        read_framework(data.encode() if isinstance(data, str) else data, "f.yaml")
    error = caught.value
    # Both languages can be rendered, whatever the fault, and the file is named in both.
    for language in Language:
        assert error.text(language).startswith("f.yaml")
    assert error.text(Language.JA) != error.text(Language.EN)
    return error


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


def test_a_good_file_is_read_as_it_stands() -> None:
    framework = read_framework(GOOD.encode(), "f.yaml")
    assert framework.digest == sha256(GOOD.encode()).hexdigest()
    assert (framework.id, framework.version) == ("xx.test", "1.2")
    heading, item = framework.requirements
    assert (heading.roles, heading.when, heading.principle, heading.source) == (frozenset(), frozenset(), None, "S1; 1")
    assert item.roles == {Role.DEVELOPER, Role.PROVIDER}
    assert (item.when, item.principle, item.source) == ({"agent"}, "R1", "S1")
    assert item.expects[0].id == "R2.leaf"
    assert framework.by_id == {"R1": heading, "R2": item}


def test_windows_files_are_read_too() -> None:
    plain = read_framework(GOOD.encode(), "f.yaml")
    windows = read_framework(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "f.yaml")
    assert windows.requirements == plain.requirements


def test_a_superseded_version_names_its_successor() -> None:
    framework = read_framework(changed("superseded_by: null", 'superseded_by: "1.3"').encode(), "f.yaml")
    assert framework.superseded_by == "1.3"


HOSTILE = {
    "aliases that multiply": (
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        (1, 4, "a"),
        "Anchors and aliases (& and *) are not allowed.",
    ),
    "an alias alone": ("a: *b\n", (1, 4, "a"), "Anchors and aliases"),
    "100,000 levels of lists": ("[" * 100_000, (1, 21, "[0]" * 20), "nested more than 20 deep"),
    "100,000 levels of blocks": ("- " * 100_000, (1, 41, "[0]" * 20), "nested more than 20 deep"),
    "100,000 levels of fields": ("{a: " * 100_000, (1, 81, ".".join("a" * 20)), "nested more than 20 deep"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", (3, 1, "a"), "The field is already given in line 1."),
    "a tab as indentation": ("a:\n\t- b\n", (2, 1, None), "A tab stands where YAML allows only spaces."),
    "a control character": ("a: b\nc: d\x1b[31m\n", (2, 5, None), "The invisible character U+001B is not allowed."),
    "a NUL": ("a: \x00\n", (1, 4, None), "U+0000"),
    "an escaped control character": ('a: "b\\x07"\n', (1, 4, "a"), "U+0007"),
    "text turned around": ("a: b\u202ec\n", (1, 5, None), "U+202E"),
    "not UTF-8": (b"a: b\nc: \x82\xa0\n", (2, 4, None), "The file is not UTF-8 text."),
    "UTF-16": ("a: b".encode("utf-16"), (1, 1, None), "The file is not UTF-8 text."),
    "a tag": ("a: !!python/object/apply:os.system [ls]\n", (1, 4, "a"), "Tags (!) are not allowed."),
    "a list as key": ("? [a]\n: b\n", (1, 3, None), "The name of a field must be a text."),
    "nothing as key": ("{~: b}\n", (1, 2, None), "The name of a field must be a text."),
    "two documents": ("a: b\n---\nc: d\n", (2, 1, None), "A second document begins here"),
    "an empty file": ("", (None, None, None), "The file is empty."),
    "only a comment": ("# nothing\n", (None, None, None), "The file is empty."),
    "an open bracket": ("a: b: c\n", (1, 5, None), "This is not valid YAML: mapping values are not allowed"),
    "a list at the top": ("- a\n", (1, 1, None), "Expected a block of fields, found a list."),
    "a text at the top": ("hello\n", (1, 1, None), "Expected a block of fields, found a text."),
    "4 MiB and a byte": (b"a" * (4 * 1024 * 1024 + 1), (None, None, None), "at most 4194304 are read"),
    "a very long text": ("a: " + "x" * 5_001, (1, 4, "a"), "The text has 5001 characters"),
}


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_give_a_located_error(case: str) -> None:
    data, (line, column, field), text = HOSTILE[case]
    error = refused(data)
    assert text in str(error)
    assert error.place is not None
    assert (error.place.line, error.place.column, error.place.field) == (line, column, field)


@pytest.mark.usefixtures("_each_parser")
def test_a_file_of_too_many_values_is_given_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(located, "MAX_VALUES", 100)
    error = refused("- a\n" * 1_000)
    assert "at most 100 values are read" in str(error)
    # The list itself is the first value.
    assert error.place is not None and (error.place.line, error.place.column) == (100, 3)


@pytest.mark.usefixtures("_each_parser")
def test_quoted_null_is_a_text() -> None:
    framework = read_framework(changed("licence: none", 'licence: "null"').encode(), "f.yaml")
    assert framework.licence == "null"


def test_an_escape_beyond_unicode_is_an_error_and_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not valid YAML" in str(refused('a: "\\UFFFFFFFF"\n'))
    monkeypatch.setattr(located, "_Loader", yaml.SafeLoader)
    assert "not valid YAML" in str(refused('a: "\\UFFFFFFFF"\n'))


# what to replace, by what, the text in the damaged file that the error points at, its field, words of the error
WRONG = {
    "an unknown key": ("licence: none", "licence: none\nlicense: x", "license: x", "license", "mean “licence”?"),
    "an unknown key, nothing near": (
        "force: may",
        "zzz: 1",
        "zzz",
        "requirements[1].zzz",
        "Known fields: id, kind, title,",
    ),
    "an unknown kind": (
        "kind: sub_item",
        "kind: subitem",
        "subitem",
        "requirements[1].kind",
        "Did you mean “sub_item”?",
    ),
    "an unknown phase": (
        "force: may",
        "force: may\n    phases: [birth]",
        "birth",
        "requirements[1].phases[0]",
        "planning",
    ),
    "a tag with a capital": ("force: may", "force: may\n    tags: [RAG]", "RAG", "requirements[1].tags[0]", "a tag"),
    "a start without a day": (
        "force: may",
        "force: may\n    starts: [{when: agent}]",
        "{when: agent}",
        "requirements[1].starts[0]",
        "“day” is missing",
    ),
    "a start of an unknown fact": (
        "force: may",
        "force: may\n    starts: [{when: x, day: 2026-01-01}]",
        "x, day",
        "requirements[1].starts[0].when",
        "not one of",
    ),
    "a region in words": (
        "coverage: complete",
        "coverage: complete\nscope: {regions: [Japan]}",
        "Japan",
        "scope.regions[0]",
        "two capital letters",
    ),
    "a scope of an unknown fact": (
        "coverage: complete",
        "coverage: complete\nscope: {facts: [agents]}",
        "agents",
        "scope.facts[0]",
        "Did you mean “agent”?",
    ),
    "an unknown coverage": ("coverage: complete", "coverage: most", "most", "coverage", "complete, extract"),
    "a status": ("force: may", "result: met", "result", "requirements[1].result", "There is no field “result” here."),
    "a missing key": ("licence: none\n", "", "id: xx.test", None, "The field “licence” is missing."),
    "no Japanese": ("{ja: 試験, en: Test}", "{en: Test}", "{en: Test}", "title", "The field “ja” is missing."),
    "no English": (
        "{ja: 証拠, en: Evidence}",
        "{ja: 証拠}",
        "{ja: 証拠}",
        f"{LEAF}.title",
        "The field “en” is missing.",
    ),
    "empty Japanese": ("{ja: 試験,", "{ja: ' ',", "' '", "title.ja", "The text is empty."),
    "null English": ("en: Test}", "en: ~}", "~", "title.en", "Expected a text, found an empty value."),
    "a list as text": ("licence: none", "licence: [a]", "[a]", "licence", "Expected a text, found a list."),
    "fields as text": ("licence: none", "licence: {a: b}", "{a: b}", "licence", "found a block of fields."),
    "a text as list": ("roles: []", "roles: all", "all", "requirements[0].roles", "Expected a list, found a text."),
    "an unknown role": ("provider]", "providor]", "providor]", "requirements[1].roles[1]", "mean “provider”?"),
    "an unknown fact": ("[agent]", "[agnet]", "agnet]", "requirements[1].when[0]", "Did you mean “agent”?"),
    "an unknown force": ("force: may", "force: shall", "shall", "requirements[1].force", "one of must, should, may."),
    "an unknown mark": ("certainty: M", "certainty: C3", "C3", "requirements[1].certainty", "one of C, C2, M."),
    "an unknown code": ("code: A", "code: Z", "Z", f"{LEAF}.code", "one of A, L, D, Q, X."),
    "an unknown source": ("[S1], s", "[S9], s", "S9", "requirements[0].source.keys[0]", "is not one of S1."),
    "no source": ("{keys: [S1]}", "{keys: [ ]}", "[ ]", "requirements[1].source.keys", "names at least one source."),
    "a source key with spaces": ("  S1:", "  S 1:", "S 1", "source_keys.S 1", "cannot be the key of a source."),
    "a duplicate requirement": ("- id: R2", "- id: 'R1'", "'R1'", "requirements[1].id", "already used in line 18."),
    "a duplicate leaf": (
        "expects:\n",
        "expects:\n      - {name: leaf, code: A, title: {ja: 一, en: One}}\n",
        "leaf, code: A, title: {ja: 証拠",
        "requirements[1].expects[1].name",
        "The id “R2.leaf” is already used in line 38.",
    ),
    "a hostile id": ("id: R1", "id: ../../etc", "../../etc", "requirements[0].id", "“../../etc” is not an id"),
    "an id too long": ("id: R2", f"id: {'R' * 126}", "leaf", f"{LEAF}.name", "is longer than 128 characters."),
    "a leaf name like a sub-item": ("name: leaf", "name: '1'", "'1'", f"{LEAF}.name", "“1” is not a name"),
    "a principle that comes later": (
        "expects: []",
        "principle: R2\n    expects: []",
        "R2\n    expects",
        "requirements[0].principle",
        "“R2” is not an earlier requirement",
    ),
    "a principle near a known one": ("ple: R1", "ple: R01", "R01", "requirements[1].principle", "mean “R1”?"),
    "its own principle": ("ple: R1", "ple: R2", "R2\n    exp", "requirements[1].principle", "is not an earlier"),
    "a heading with evidence": (
        "expects: []",
        "expects: [{name: leaf, code: A, title: {ja: 一, en: One}}]",
        "R1\n    expects",
        "requirements[1].principle",
        "“R1” expects evidence of its own",
    ),
    "nothing that could show it": ("    principle: R1\n", "", "R1", "requirements[0].id", "“R1” expects no evidence"),
    "no date": ("published: 2025-12-19", "published: 19.12.2025", "19.12", "published", "not a date such as"),
    "a date without hyphens": ("published: 2025-12-19", "published: 20251219", "20251219", "published", "not a date"),
    "no such day": ("published: 2025-12-19", "published: 2025-02-30", "2025-02-30", "published", "There is no day"),
    "a script as address": ("https://example.jp/a.pdf", "javascript:x", "javascript", "source", "begins with https://"),
    "no language": ("record: ja", "record: 日本語", "日本語", "language_of_record", "not a language tag"),
}


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize("case", WRONG)
def test_wrong_files_give_a_located_error(case: str) -> None:
    old, new, at, field, text = WRONG[case]
    data = changed(old, new)
    error = refused(data)
    assert text in str(error)
    before = data[: data.index(at)]
    column = len(at) - len(at.lstrip()) + len(before) - before.rfind("\n")
    assert error.place is not None
    assert (error.place.line, error.place.column) == (before.count("\n") + 1, column)
    assert error.place.field == field


def test_a_framework_without_requirements_is_refused() -> None:
    error = refused(GOOD[: GOOD.index("requirements:")] + "requirements: []\n")
    assert "at least one requirement" in str(error)
    assert error.place is not None and error.place.line == 17


def test_source_keys_must_be_fields() -> None:
    error = refused(changed("source_keys:\n  S1: {ja: 資料, en: Source}", "source_keys: [S1]"))
    assert "Expected a block of fields, found a list." in str(error)


def test_long_strangers_are_cut_before_they_are_shown() -> None:
    error = refused(changed("force: should", "force: " + "x" * 4_000))
    assert "x" * 61 not in str(error)
    assert len(str(error)) < 300


def test_an_error_reads_as_a_sentence_in_japanese() -> None:
    error = refused(changed("licence: none", "license: none"))
    assert "ここに「license」という項目はありません。" in error.text(Language.JA)


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_arbitrary_bytes_never_crash(data: str | bytes) -> None:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    with pytest.raises(ShinraiError):
        read_framework(raw, "f.yaml")


LINES = GOOD.splitlines(keepends=True)


@given(st.integers(0, len(LINES) - 1), st.sampled_from(["drop", "twice", "indent", "cut", "null"]))
def test_a_damaged_file_is_read_or_refused_with_a_place(line: int, damage: str) -> None:
    damaged: dict[str, Callable[[str], str]] = {
        "drop": lambda _: "",
        "twice": lambda text: text * 2,
        "indent": lambda text: "  " + text,
        "cut": lambda text: text[: len(text) // 2] + "\n",
        "null": lambda text: re.sub(r":.*", ": null", text),
    }
    data = "".join((*LINES[:line], damaged[damage](LINES[line]), *LINES[line + 1 :])).encode()
    try:
        framework = read_framework(data, "f.yaml")
    except ShinraiError as error:
        assert error.place is not None and error.place.line is not None
    else:
        assert framework.digest == sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("id_", "version", "english", "japanese"),
    [
        (
            "jp.aigd",
            "1.2",
            "There is no framework “jp.aigd”.\n  → Did you mean “jp.aigb”? Available: ",
            "「jp.aigd」というフレームワークはありません。",
        ),
        (
            "jp.aigb",
            "1.22",
            "The framework “jp.aigb” has no version “1.22”.\n  → Did you mean “1.2”? Versions available: 1.1, 1.2.",
            "フレームワーク「jp.aigb」に版「1.22」はありません。",
        ),
        ("jp.aigb", "x", "has no version “x”.\n  → Versions available: 1.1, 1.2.", "→ 利用できる版：1.1, 1.2。"),
        ("../../etc", "passwd", "There is no framework “../../etc”.\n  → Available: ", "jp.aigb 1.1, jp.aigb 1.2"),
    ],
)
def test_an_unknown_framework_lists_the_known_ones(id_: str, version: str, english: str, japanese: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        load_framework(id_, version)
    assert english in caught.value.text(Language.EN)
    assert japanese in caught.value.text(Language.JA)


def test_versions_are_ordered_by_number() -> None:
    assert sorted(["1.10", "1.9", "2025-12-19", "1.9rc"], key=_version_order) == ["1.9", "1.9rc", "1.10", "2025-12-19"]


def test_stray_files_beside_the_frameworks_are_passed_over(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("room")
    (root / "data" / "xx.test").mkdir(parents=True)
    (root / "data" / "README").write_text("stray")
    (root / "data" / "xx.test" / "1.10.yaml").write_text(GOOD)
    (root / "data" / "xx.test" / "1.9.yaml").write_text(GOOD)
    (root / "data" / "xx.test" / "1.9.yaml~").write_text("stray")
    monkeypatch.setattr(loader, "files", lambda _: root)
    available.cache_clear()
    try:
        assert available() == (("xx.test", "1.9"), ("xx.test", "1.10"))
    finally:
        available.cache_clear()


def test_what_a_row_may_add_is_read() -> None:
    text = GOOD.replace(
        "force: may",
        "force: may\n    phases: [data, use]\n    starts: [{day: 2027-01-01}, {when: agent, day: 2026-01-01}]\n"
        "    continues: R0\n    tags: [rag-only]",
    ).replace("coverage: complete", "coverage: extract\nscope: {regions: [JP, EU], facts: [agent]}")
    framework = read_framework(text.encode(), "f.yaml")
    row = framework.by_id["R2"]
    assert framework.coverage is Coverage.EXTRACT
    assert framework.scope == Scope(frozenset({"JP", "EU"}), frozenset({"agent"}))
    assert row.kind is Kind.SUB_ITEM and row.phases == (Phase.DATA, Phase.USE) and row.tags == ("rag-only",)
    assert row.starts == (Start(None, date(2027, 1, 1)), Start("agent", date(2026, 1, 1))) and row.continues == "R0"
    assert framework.by_id["R1"].continues is None and framework.by_id["R1"].starts == ()
