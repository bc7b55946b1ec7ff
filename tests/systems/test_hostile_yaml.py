"""A description may come from anyone: nothing is expanded, constructed, echoed whole or read without a limit."""

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.language import Language
from shinrai.systems import DescriptionError, parse_description
from shinrai.systems.yaml_tree import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_tree


def only_fault(content: bytes) -> str:
    with pytest.raises(DescriptionError) as caught:
        parse_description(content, "f")
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].text(Language.JA)
    return str(caught.value.faults[0].what)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a" * (MAX_BYTES + 1), "larger than"),
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"a: 1\n---\nb: 1\n", "second document"),
        (b"a: \xff\n", "not UTF-8"),
        ("a: 審査".encode("shift_jis"), "not UTF-8"),
        ("a: 1".encode("utf-16"), "not UTF-8"),
        (b"a: \x07\n", "control character here: U+0007"),
        (b"a: \x00\n", "control character here: U+0000"),
        (b"a: b: c\n", "A colon is not expected"),
        (b"a: 1\n b: 2\n", "A colon is not expected"),
        (b"a: 1\nname 2\nb: 3\n", "There is no colon after this key"),
        ("a: 1\nname：2\nb: 3\n".encode(), "is full-width"),
        (b"a:\n\t- x\n", "indented with a tab"),
        (b"a:\n  b: 1\n\tc: 1\n", "indented with a tab"),
        (b"a: @x\n", "can't begin with this sign"),
        (b"a: 'x\n", "A quotation mark"),
        (b'a: "\\q"\n', "A quotation mark"),
        (b"a: [1, 2\nb: 1\n", "A bracket"),
        (b"a: 'it's'\n", "doesn't line up"),
        (b"- a\nb: 1\n", "doesn't line up"),
        (b"%YAML 3.0\n---\na: 1\n", "not valid YAML"),
        (b"? [a]\n: 1\n", "A key must be a simple text"),
        (b"*a : 1\n", "A key must be a simple text"),
        (b"[" * 100_000, "nested deeper"),
        (b"{a: " * (MAX_DEPTH + 2), "nested deeper"),
        (b"- " * 1000 + b"x", "nested deeper"),
        (b"a: [" + b"x," * MAX_VALUES + b"]", "holds more than"),
    ],
)
def test_what_stops_the_reading(content: bytes, text: str) -> None:
    assert text in only_fault(content)


def test_the_limits_themselves_are_allowed() -> None:
    assert read_tree(b"[" * MAX_DEPTH + b"x" + b"]" * MAX_DEPTH, "f").data
    assert len(read_tree(b"a: x" + b" " * (MAX_BYTES - 4), "f").values) == 2


def test_where_the_reading_stopped() -> None:
    for content, line, column in (
        (b"a: 1\nb: \x07\n", 2, 4),
        (b"a: 1\nb: [\n", 3, 1),
        (b"a: 1\nb\nc: 1\n", 2, 1),
        ("a: 審\nb: x: y".encode(), 2, 5),
    ):
        with pytest.raises(DescriptionError) as caught:
            parse_description(content, "f")
        place = caught.value.faults[0].place
        assert (place.line, place.column) == (line, column)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("id: screening", "id: &a screening", "Anchors and aliases"),
        ("id: screening", "id: *a", "Anchors and aliases"),
        ("system:\n", "system: &a\n", "Anchors and aliases"),
        ("regions: [JP, NO]", "regions: &a [JP, NO]", "Anchors and aliases"),
        ("id: screening", "id: !!str screening", "Type tags"),
        ("id: screening", "id: !!python/object/apply:os.system [ls]", "Type tags"),
        ("  stage:", "  &a stage:", "Anchors and aliases"),
    ],
)
def test_nothing_is_expanded_or_constructed(minimal: str, old: str, new: str, text: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        parse_description(minimal.replace(old, new).encode(), "f")
    assert text in str(caught.value.faults[0].what)


def test_an_alias_is_one_fault_and_no_more(minimal: str) -> None:
    text = minimal.replace("model: {name: m, version: 1.10, file: model/m.json}", "model: *m")
    assert "Anchors" in only_fault(text.encode())


def test_a_billion_laughs_stay_small() -> None:
    lines = [b"a0: &a0 [ha, ha]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]".encode() for n in range(1, 40)]
    started = time.perf_counter()
    with pytest.raises(DescriptionError):
        parse_description(b"\n".join(lines), "f")
    assert time.perf_counter() - started < 5


def test_a_repeated_key_is_refused_and_both_lines_are_named(minimal: str) -> None:
    content = minimal.replace("  stage: pilot\n", "  stage: pilot\n  stage: {a: [1, &b 2]}\n").encode()
    with pytest.raises(DescriptionError) as caught:
        parse_description(content, "f")
    what = str(caught.value.faults[0].what)
    assert "“stage” stands here a second time" in what
    assert f"line {minimal.splitlines().index('  stage: pilot') + 1}." in what


def test_a_flood_of_faults_is_cut(minimal: str) -> None:
    flood = "".join(f"unknown{n}: 1\n" for n in range(5000))
    started = time.perf_counter()
    with pytest.raises(DescriptionError) as caught:
        parse_description((minimal + flood).encode(), "f")
    assert len(caught.value.faults) == 100
    assert str(caught.value).startswith("Many faults in the system description; the first 100:")
    assert time.perf_counter() - started < 10


def test_long_and_unprintable_words_are_not_echoed_whole(minimal: str) -> None:
    for key, expected in (("k" * 900, "k" * 59 + "…"), ('"\\e[31mred\\u202e"', "\\x1b[31mred\\u202e")):
        what = only_fault((minimal + f"{key}: 1\n").encode())
        assert f"The key “{expected}” is not known" in what


def test_braces_of_the_file_do_not_reach_the_formatter(minimal: str) -> None:
    assert "“{what}” is not known" in only_fault((minimal + '"{what}": 1\n').encode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_description_or_a_description_error(content: bytes) -> None:
    with pytest.raises(DescriptionError) as caught:
        parse_description(content, "f")
    assert caught.value.text(Language.JA)


yaml_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["shinrai", "system", "targets", "people", "id", "name", "ja", "checks", "scope", "status", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(yaml_like)
def test_any_yaml_gives_places_and_words_in_both_languages(value: object) -> None:
    content = yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass")
    with pytest.raises(DescriptionError) as caught:
        parse_description(content, "f")
    for fault in caught.value.faults:
        assert fault.place.file == "f"
        assert fault.text(Language.EN)
        assert fault.text(Language.JA)
