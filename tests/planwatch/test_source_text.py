"""Bytes become text whatever the server says of them, and a page its visible text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.planwatch.sources.decoding import decode, one_spelling
from shinrai.planwatch.sources.visible import tidy, visible_text

TEXT = "人工知能基本計画〜第二期〜の改定について。ＡＩ・データ－生成AI ―カタカナ"


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "cp932", "euc_jp", "iso2022_jp", "utf-16"])
@pytest.mark.parametrize("said", ["by server", "by page", "nowhere", "wrongly"])
def test_one_text_in_many_encodings_is_one_text(encoding: str, said: str) -> None:
    text = one_spelling("人工知能基本計画の改定について、生成AIとデータの利活用。")
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}">' if said == "by page" else ""
    declared = {"by server": encoding, "wrongly": "iso-8859-1"}.get(said)
    got = decode((meta + text).encode(encoding), declared)
    assert got is not None
    assert visible_text(got.text) == text


def test_signs_with_two_readings_come_out_alike() -> None:
    one, other = (
        decode("期間〜末".encode("euc_jp"), "euc-jp"),
        decode("期間～末".encode("cp932"), "cp932"),
    )
    assert one is not None and other is not None
    assert one.text != other.text
    assert one_spelling(one.text) == one_spelling(other.text) == "期間～末"


def test_a_declared_encoding_that_does_not_fit_is_passed_over() -> None:
    got = decode(TEXT.encode(), "shift_jis")
    assert got is not None
    assert (got.text, got.encoding) == (TEXT, "utf-8")
    for odd in ("no-such-code", "base64", "rot13", "hex", "zlib", "utf-8\0", ""):
        assert decode(b"plain", odd) is not None


def test_what_is_no_text_is_none() -> None:
    assert decode(b"\xff\xfe\x00\xd8\x00", None) is None
    assert decode(b"\x81\xff\xff\x81", None) is None
    western = decode(b"caf\xe9", "iso-8859-1")
    assert western is not None
    assert western.text == "café"


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "shift_jis", "latin-1", "utf-16", "utf-7", "idna"]))
def test_no_bytes_make_it_fall(content: bytes, declared: str | None) -> None:
    got = decode(content, declared)
    assert got is None or isinstance(one_spelling(got.text), str)


PAGE = """<!doctype html><html><head><title>計画</title><meta name="csrf" content="{nonce}">
<style>p {{ color: red }}</style><script nonce="{nonce}">var t = "{nonce}<p>no</p>";</script></head>
<body data-x="{nonce}"><!-- built {nonce} --><h1>AI　基本計画</h1>{space}<p>第Ⅱ期 &amp;
 続き</p><svg><text>{nonce}</text></svg><noscript>{nonce}</noscript><template><p>{nonce}</p></template>
<ul><li><a href="/plan_2026.pdf?v={nonce}">本文</a></li><li><a href="/next?{nonce}">次</a></li></ul>
<input type="hidden" value="{nonce}"></body></html>"""


def test_only_what_a_reader_sees_is_compared() -> None:
    one = visible_text(PAGE.format(nonce="a1", space=""))
    other = visible_text(PAGE.format(nonce="b2", space="\n\n\t  \n"))
    assert one == other
    assert one.splitlines() == ["計画", "AI 基本計画", "第Ⅱ期 & 続き", "[/plan_2026.pdf] 本文", "次"]


def test_another_document_under_the_same_words_is_a_change() -> None:
    page = PAGE.format(nonce="a", space="")
    assert visible_text(page) != visible_text(page.replace("plan_2026", "plan_2027"))


@pytest.mark.parametrize(
    "broken",
    [
        "<",
        "<a",
        "<!--",
        "<script>",
        "<p><p><p>",
        "</p>" * 10,
        "&#x110000;",
        "&#" + "9" * 5000 + ";",
        "<![CDATA[x",
        "<a href='http://[x'>y",
        "<svg/>z",
        "<a href=",
        "<a href='",
        "< b",
        "</",
        "<template>",
        "</script>",
        "<a =>q",
    ],
)
def test_broken_pages_are_read_as_far_as_they_go(broken: str) -> None:
    assert visible_text("<p>before</p>" + broken).startswith("before")


def test_markup_is_read_as_browsers_read_it() -> None:
    assert visible_text("a < b &lt; c") == "a < b < c"
    assert visible_text('<p title="x > y">seen</p>') == "seen"
    assert visible_text("<p title=it's>seen</p> it's") == "seen\nit's"
    assert visible_text("<!-->seen<!-- not -->") == "seen"
    assert visible_text("<SCRIPT>if (a</b) '</scripted>'</Script >seen") == "seen"
    assert visible_text("<svg><svg></svg>no</svg>seen") == "seen"
    assert visible_text("<x><![CDATA[5 < 6]]></x>") == "5 < 6"
    assert visible_text("<a href=/a.pdf>x</a><a HREF='/b.html'>y</a>") == "[/a.pdf] xy"


@given(st.text(alphabet="<>/!-='\"abp &;#\n", max_size=300))
def test_no_page_makes_it_fall_and_tidying_twice_changes_nothing(page: str) -> None:
    text = visible_text(page)
    assert tidy(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!-- ",
        "<a ",
        '<a x="',
        "</",
        "<?",
        "<!",
        "<svg>",
        "<script>",
        "<a" + " " * 20,
        "<!--x--",
        "&#",
        "<a x=' ",
        "<a href='",
        "<![CDATA[",
        "<a =",
        "<div>",
    ],
)
def test_a_page_made_to_be_slow_is_read_in_one_go(piece: str) -> None:
    # Reading that looks back would take hours for a megabyte of these.
    assert isinstance(visible_text(piece * (1_000_000 // len(piece))), str)
    assert visible_text("<a " + "x=y " * 250_000 + "z='>'>seen") == "seen"
