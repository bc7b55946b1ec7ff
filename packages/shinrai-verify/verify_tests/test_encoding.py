"""Strict readings: what two parsers could read in two ways is refused, and nothing escapes as another error."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai_verify.encoding import (
    MAX_JSON_DEPTH,
    Fault,
    Named,
    canonical_json,
    decimal,
    digest,
    field,
    identifier,
    strict_json,
    unbase64,
)
from shinrai_verify.outcome import Step, Verification

REFUSED = {
    "repeated key": (b'{"a":1,"a":1}', "repeated key"),
    "repeated key, spelled otherwise": (b'{"a":1,"\\u0061":2}', "repeated key"),
    "repeated key, deep": (b'[{"b":{"a":1,"a":2}}]', "repeated key"),
    "NaN": (b"[NaN]", "the number NaN"),
    "infinity": (b"[Infinity]", "the number Infinity"),
    "minus infinity": (b"[-Infinity]", "the number -Infinity"),
    "fraction": (b'{"a":1.0}', "the number 1.0"),
    "exponent": (b'{"a":1e2}', "the number 1e2"),
    "2^53": (b"[9007199254740992]", "the number 9007199254740992"),
    "-2^53": (b"[-9007199254740992]", "the number -9007199254740992"),
    "huge integer": (b"1" * 5000, f"the number {'1' * 400},"),
    "byte order mark": (b"\xef\xbb\xbf{}", "not valid JSON"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "not valid JSON"),
    "overlong UTF-8": (b'"\xc0\xaf"', "not valid JSON"),
    "surrogate in UTF-8": (b'"\xed\xa0\x80"', "not valid JSON"),
    "lone surrogate": (b'{"a":"\\ud800"}', "half a character"),
    "lone low surrogate": (b'["x\\udfff"]', "half a character"),
    "lone surrogate as key": (b'{"\\udc00":1}', "half a character"),
    "control character": (b'"\x01"', "not valid JSON"),
    "leading zero": (b"[01]", "not valid JSON"),
    "plus": (b"[+1]", "not valid JSON"),
    "full-width digit": ("[１]".encode(), "not valid JSON"),
    "trailing comma": (b"[1,]", "not valid JSON"),
    "two documents": (b"{}{}", "not valid JSON"),
    "comment": (b"[1] // no", "not valid JSON"),
    "single quotes": (b"['a']", "not valid JSON"),
    "nothing": (b"", "not valid JSON"),
    "open string": (b'["a', "not valid JSON"),
    "open string after a backslash": (b'["a\\', "not valid JSON"),
    "NUL": (b"\x00", "not valid JSON"),
    "deep arrays": (b"[" * 100_000, "nested deeper than 32"),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested deeper than 32"),
    "deep after a closed string": (b'["\\\\",' + b"[" * 33, "nested deeper than 32"),
    "too large": (b'"' + b"a" * 200 + b'"', "larger than 100 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(name):
    data, said = REFUSED[name]
    limit = 100 if name == "too large" else 1_000_000
    with pytest.raises(Fault) as caught:
        strict_json(data, "the file", limit=limit)
    assert said in str(caught.value)
    assert str(caught.value).startswith("the file ")


def test_plain_json_is_read():
    data = '{"a":[1,-1,0,true,false,null,"𠮷","\\ud842\\udfb7","]["],"九":9007199254740991}'.encode()
    assert strict_json(data, "it") == {
        "a": [1, -1, 0, True, False, None, "𠮷", "𠮷", "]["],
        "九": 2**53 - 1,
    }


def test_fractions_are_read_only_where_they_are_allowed_and_never_as_infinity():
    assert strict_json(b"[0.5,-1e3]", "it", floats=True) == [0.5, -1000.0]
    with pytest.raises(Fault, match="the number 1e400"):
        strict_json(b"[1e400]", "it", floats=True)
    with pytest.raises(Fault, match="the number NaN"):
        strict_json(b"[NaN]", "it", floats=True)


def test_the_depth_limit_is_exact_and_brackets_in_strings_do_not_count():
    assert strict_json(b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH, "it")
    assert strict_json(json.dumps(['[[["\\' * 50]).encode(), "it")
    with pytest.raises(Fault, match="deeper"):
        strict_json(b"[" * (MAX_JSON_DEPTH + 1) + b"]" * (MAX_JSON_DEPTH + 1), "it")


@pytest.mark.parametrize(
    "data", [b'"' + b'\\"' * 500_000, b'"' * 1_000_001, b'"' + b"\\\\" * 500_000 + b"\\", b'["' * 500_000]
)
def test_strings_that_never_end_take_linear_time(data):
    # What takes the square of this length takes minutes.
    start = time.process_time()
    with pytest.raises(Fault):
        strict_json(data, "it")
    assert time.process_time() - start < 2


@given(
    st.binary(max_size=200)
    | st.text('[]{}",:\\u0123456789.eE-ntf\ud800 ', max_size=60).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_give_a_value_or_a_fault(data):
    try:
        value = strict_json(data, "it", floats=True)
    except Fault:
        return
    assert json.loads(json.dumps(value)) == value


KEYS = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_canonically_is_read_back(value):
    assert strict_json(canonical_json(value), "it") == value


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_canonical_json_is_rfc_8785(value):
    rfc8785 = pytest.importorskip("rfc8785")
    assert canonical_json(value) == rfc8785.dumps(value)


def test_canonical_json_writes_no_nan():
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


@pytest.mark.parametrize(
    "text",
    [
        "YR==",  # trailing bits that are not zero
        "YWJjZGU",  # no padding
        "YQ=",
        "YQ===",
        "YQ==\n",
        " YQ==",
        "Y Q==",
        "YQ==YQ==",
        "+-++",  # both alphabets
        "_/__",
        "ＹＱ＝＝",
        "é===",
        "A",
        "=",
        None,
        b"YQ==",
        7,
    ],
)
def test_base64_that_is_not_the_one_spelling_is_refused(text):
    with pytest.raises(Fault, match="it has a field that is not valid base64"):
        unbase64(text, "it")


@given(st.binary(max_size=40))
def test_base64_of_both_alphabets_is_read_and_no_other_spelling(data):
    standard, url_safe = base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()
    assert unbase64(standard, "it") == unbase64(url_safe, "it") == unbase64(standard, "it", standard=True) == data
    if standard != url_safe:
        with pytest.raises(Fault):
            unbase64(url_safe, "it", standard=True)


def test_base64_of_nothing_is_nothing():
    assert unbase64("", "it") == b""


@pytest.mark.parametrize(
    "text",
    ["1_000", "+5", "-0", "-1", " 12", "12 ", "12\n", "0012", "00", "０１", "١", "", "1e3", "0x1", "1.0", "9" * 20],
)
def test_numbers_not_written_plainly_are_refused(text):
    with pytest.raises(Fault, match="it has a number that is not written plainly"):
        decimal(text, "it")


@given(st.integers(0, 10**19 - 1))
def test_plain_numbers_are_read(number):
    assert decimal(str(number), "it") == number


GOOD = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "value",
    [
        GOOD.upper(),
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        GOOD[:-1] + "g",
        "0x" + GOOD[2:],
        "d41d8cd98f00b204e9800998ecf8427e",
        "",
        None,
        0,
        [GOOD],
        GOOD[:-1] + "０",
    ],
)
def test_only_a_sha256_in_lowercase_hex_is_a_digest(value):
    with pytest.raises(Fault, match="it has a digest that is not a SHA-256"):
        digest(value, "it")
    assert digest(GOOD, "it") == GOOD


@pytest.mark.parametrize(
    "value", ["", "-a", ".a", "_a", "a/b", "a b", "a\n", "ａ", "é", "e\u0301", "a\u202eb", "a" * 129, None, 5]
)
def test_only_ascii_words_are_identifiers(value):
    with pytest.raises(Fault, match="it has an identifier that is not allowed"):
        identifier(value, "it")


@pytest.mark.parametrize("value", ["a", "9", "JP-GL-C1.override_design", "a" * 128])
def test_identifiers_are_returned(value):
    assert identifier(value, "it") == value


def test_fields_are_of_exactly_the_kind_asked_for():
    record = {"n": 1, "yes": True, "text": "1"}
    assert field(record, "n", int, "it") == 1
    assert field(record, "yes", bool, "it") is True
    for name, kind in (("yes", int), ("text", int), ("n", str), ("n", bool), ("none", str)):
        with pytest.raises(Fault, match=f"it lacks a valid field “{name}”"):
            field(record, name, kind, "it")
    for value in ([1], "n", None, 1):
        with pytest.raises(Fault, match="it is not an object"):
            field(value, "n", int, "it")


def test_the_largest_that_is_read_is_as_large_as_said():
    assert strict_json(b'"abc"', "it", limit=5) == "abc"
    with pytest.raises(Fault, match="larger than 4 bytes"):
        strict_json(b'"abc"', "it", limit=4)


def test_integers_are_taken_as_far_as_a_double_tells_them_apart():
    most = 2**53 - 1
    assert strict_json(b"[%d,%d,0,-0]" % (most, -most), "it") == [most, -most, 0, 0]
    for beyond in (most + 1, -most - 1, 10**17, -(10**17)):
        with pytest.raises(Fault, match=f"the number {beyond},"):
            strict_json(b"[%d]" % beyond, "it")


def test_depth_is_where_it_is_deepest_and_not_how_many_brackets_there_are():
    # Brackets that close bring it up again, one by one, and what strings leave out leaves nothing in.
    deep = b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH
    assert strict_json(b"[" + b",".join([deep[1:-1]] * 3) + b"]", "it")
    with pytest.raises(Fault, match="deeper"):
        strict_json(b"[[[]," + deep[1:-1] + b"]]", "it")
    assert strict_json(json.dumps({str(n): "" for n in range(2000)}).encode(), "it")


def test_a_sentence_shows_no_more_of_a_foreign_text_than_can_be_read():
    long, most = "x" * 401, "x" * 400
    assert Fault("there is no file {name}", name=long).fields == {"name": most}
    assert str(Fault("there is no file {name}", name=long)) == f"there is no file {most}"
    named = Named("the certificate of {name}", name=long)
    assert (str(named), named.fields) == (f"the certificate of {most}", {"name": most})
    # What is said of something keeps its own words, and a number all of its digits.
    fault = Fault("{what} is larger than {limit} bytes", what=named, limit=10**500)
    assert fault.fields == {"what": named, "limit": 10**500}
    outcome = Verification()
    outcome.note("V1", 2, "missing: {names}", names=long)
    assert outcome.steps == [Step("V1", 2, "missing: {names}", {"names": most})]


def test_a_fault_is_told_by_its_text_and_its_fields():
    fault = Fault("{what} is not valid JSON", what="it")
    assert (fault.args, fault.text, fault.fields, str(fault)) == (
        ("{what} is not valid JSON", {"what": "it"}),
        "{what} is not valid JSON",
        {"what": "it"},
        "it is not valid JSON",
    )
