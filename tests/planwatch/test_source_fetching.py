"""One fetch against a real server that answers well, badly, slowly, endlessly, or not at all."""

import gzip
import hashlib
import logging
import socket
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from shinrai import __version__
from shinrai.language import Language, ShinraiError
from shinrai.planwatch.sources.addresses import parse_address, redirected, same_site, stays_on_site
from shinrai.planwatch.sources.fetching import (
    Confidential,
    Failure,
    FailureKind,
    Fetched,
    Limits,
    fetch,
    source_error,
)

from .source_server import SourceServer, answer, drop, in_turn, redirect, serving

QUICK = Limits(seconds=5, silence=2, attempts=3, backoff=0.01)


@pytest.fixture
def server() -> Iterator[SourceServer]:
    with serving() as told:
        yield told


def failed(outcome: Fetched | Failure) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


def fetched(outcome: Fetched | Failure) -> Fetched:
    assert isinstance(outcome, Fetched), outcome
    return outcome


def test_an_answer_is_hashed_and_handed_out(server: SourceServer) -> None:
    server.pages["/a"] = answer("計画", kind="Text/HTML; Charset=UTF-8")
    got = fetched(fetch(server.at("/a?x=1#part"), limits=QUICK))
    assert got.content == "計画".encode()
    assert got.sha256 == hashlib.sha256("計画".encode()).hexdigest()
    assert (got.size, got.status, got.media_type, got.charset) == (6, 200, "text/html", "utf-8")
    assert got.final_address == server.at("/a?x=1")
    assert datetime.now(UTC) - got.fetched_at < timedelta(seconds=10)
    assert server.agents == [f"shinrai/{__version__}"]
    assert server.seen == ["/a?x=1"]


def test_what_is_only_hashed_is_not_kept_and_memory_stays_flat(server: SourceServer) -> None:
    piece = b"%PDF" * 25_000
    server.pages["/big.pdf"] = server.stream(piece, kind="application/pdf", most=150)
    tracemalloc.start()
    got = fetched(fetch(server.at("/big.pdf"), limits=QUICK, keep=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got.content is None
    assert got.size == 15_000_000
    assert got.sha256 == hashlib.sha256(piece * 150).hexdigest()
    assert peak < 3_000_000


@pytest.mark.parametrize("says_its_length", [True, False])
def test_fifty_megabytes_are_cut(server: SourceServer, says_its_length: bool) -> None:
    piece = b"<p>a</p>" * 12_500
    whole = answer(piece * 500) if says_its_length else server.stream(piece, most=500)
    server.pages["/big"] = whole
    got = failed(fetch(server.at("/big"), limits=QUICK))
    assert (got.kind, got.status) == (FailureKind.TOO_LARGE, 200)
    assert got.attempts == 1


def test_a_stream_without_end_is_cut(server: SourceServer) -> None:
    server.pages["/endless"] = server.stream(b"x" * 10_000)
    assert failed(fetch(server.at("/endless"), limits=QUICK)).kind is FailureKind.TOO_LARGE


def test_a_small_packet_that_unpacks_to_fifty_megabytes_is_cut(server: SourceServer) -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    assert len(packed) < 100_000
    server.pages["/bomb"] = answer(packed, Content_Encoding="gzip")
    tracemalloc.start()
    got = failed(fetch(server.at("/bomb"), limits=QUICK, keep=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got.kind is FailureKind.TOO_LARGE
    assert peak < 5_000_000


def test_packed_answers_are_unpacked_and_broken_ones_are_no_content(server: SourceServer) -> None:
    server.pages["/good"] = answer(gzip.compress(b"hello"), Content_Encoding="gzip")
    server.pages["/bad"] = answer(b"not gzip at all", Content_Encoding="gzip")
    server.pages["/odd"] = answer(b"?", Content_Encoding="rot13")
    assert fetched(fetch(server.at("/good"), limits=QUICK)).content == b"hello"
    assert failed(fetch(server.at("/bad"), limits=QUICK)).kind is FailureKind.UNDECODABLE
    assert failed(fetch(server.at("/odd"), limits=QUICK)).kind is FailureKind.UNDECODABLE


@pytest.mark.parametrize("where", ["/headers", "/body", "/hang"])
def test_the_clock_runs_over_the_whole_fetch(server: SourceServer, where: str) -> None:
    server.pages["/headers"] = server.drip_headers
    server.pages["/body"] = server.stream(b"a", pause=0.02)
    server.pages["/hang"] = server.hang
    started = time.monotonic()
    # No single read is slow: a byte comes every 20 milliseconds.
    got = failed(fetch(server.at(where), limits=Limits(seconds=0.6, silence=30)))
    assert got.kind is FailureKind.TIMEOUT
    assert time.monotonic() - started < 5


def test_a_drip_that_ends_in_time_is_an_answer(server: SourceServer) -> None:
    server.pages["/drip"] = server.stream(b"ab", pause=0.01, most=20)
    assert fetched(fetch(server.at("/drip"), limits=QUICK)).size == 40


def test_silence_is_a_timeout_and_not_tried_again(server: SourceServer) -> None:
    server.pages["/hang"] = server.hang
    got = failed(fetch(server.at("/hang"), limits=Limits(seconds=20, silence=0.3)))
    assert got.kind is FailureKind.TIMEOUT
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server: SourceServer, status: int) -> None:
    server.pages["/busy"] = in_turn(answer(b"", status), answer(b"", status), answer(b"there"))
    got = fetched(fetch(server.at("/busy"), limits=QUICK))
    assert (got.content, got.attempts) == (b"there", 3)


def test_attempts_end(server: SourceServer) -> None:
    server.pages["/down"] = answer("maintenance", 503)
    got = failed(fetch(server.at("/down"), limits=QUICK))
    assert (got.kind, got.status, got.attempts, got.body) == (FailureKind.OUTAGE, 503, 3, b"maintenance")
    assert len(server.seen) == 3


def test_the_server_says_when_to_come_back(server: SourceServer) -> None:
    server.pages["/seconds"] = in_turn(answer(b"", 429, Retry_After="1"), answer(b"there"))
    started = time.monotonic()
    assert fetched(fetch(server.at("/seconds"), limits=QUICK)).attempts == 2
    assert time.monotonic() - started >= 1
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.pages["/hour"] = answer(b"", 503, Retry_After=later)
    got = failed(fetch(server.at("/hour"), limits=QUICK))
    # Nobody waits an hour; the wish is reported.
    assert got.attempts == 1
    assert got.retry_after is not None and 3500 < got.retry_after <= 3600
    server.pages["/odd"] = answer(b"", 503, Retry_After="soon")
    assert failed(fetch(server.at("/odd"), limits=QUICK)).attempts == 3


def test_no_connection_is_an_outage(server: SourceServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    got = failed(fetch(f"http://127.0.0.1:{port}/", limits=QUICK))
    assert (got.kind, got.status, got.attempts) == (FailureKind.OUTAGE, None, 3)
    server.pages["/drop"] = drop
    assert failed(fetch(server.at("/drop"), limits=QUICK)).kind is FailureKind.OUTAGE


def test_an_answer_cut_short_is_no_answer(server: SourceServer) -> None:
    def short(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"only this")

    server.pages["/short"] = short
    assert failed(fetch(server.at("/short"), limits=QUICK)).kind is FailureKind.OUTAGE


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FailureKind.NOT_FOUND),
        (410, FailureKind.NOT_FOUND),
        (401, FailureKind.REFUSED),
        (403, FailureKind.REFUSED),
        (204, FailureKind.REFUSED),
        (206, FailureKind.REFUSED),
    ],
)
def test_other_answers_are_what_they_are(server: SourceServer, status: int, kind: FailureKind) -> None:
    server.pages["/x"] = answer(b"" if status == 204 else b"why", status)
    got = failed(fetch(server.at("/x"), limits=QUICK))
    assert (got.kind, got.status, got.attempts) == (kind, status, 1)


def test_an_empty_answer_is_not_content(server: SourceServer) -> None:
    server.pages["/empty"] = answer(b"")
    assert failed(fetch(server.at("/empty"), limits=QUICK)).kind is FailureKind.EMPTY


def test_redirects_on_the_site_are_followed_and_reported(server: SourceServer) -> None:
    server.pages |= {
        "/1": redirect("/2", 301),
        "/2": redirect(server.at("/3?a=計").encode().decode("latin-1"), 307),
        "/3": answer(b"here"),
    }
    got = fetched(fetch(server.at("/1"), limits=QUICK))
    assert (got.address, got.content) == (server.at("/1"), b"here")
    assert got.redirects[0] == server.at("/2")
    assert got.final_address == got.redirects[-1]
    assert got.final_address.startswith(server.at("/3?a=%"))


def test_other_redirects_are_not_followed(server: SourceServer) -> None:
    with serving() as other:
        port = other.site.rpartition(":")[2]
        for to in (
            other.at("/elsewhere"),  # another port
            f"http://localhost:{port}/",
            "https://127.0.0.1/",
            "http://example.com/",
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "http://user:secret@127.0.0.1/",
            "//\x01",
            "http://[::1",
        ):
            server.pages["/away"] = redirect(to)
            got = failed(fetch(server.at("/away"), limits=QUICK))
            assert (got.kind, got.status) == (FailureKind.MOVED, 302), to
            assert got.moved_to
        assert other.seen == []


def test_a_circle_of_redirects_ends(server: SourceServer) -> None:
    server.pages |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert failed(fetch(server.at("/a"), limits=QUICK)).kind is FailureKind.MOVED
    assert len(server.seen) == QUICK.redirects + 1


@pytest.mark.parametrize(
    "wrong",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "example.com",
        "http://",
        "http://user:hidden@example.com/",
        "http://hidden@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com/\r\nX: y",
        "http://example.com\\@other/",
        "http://" + "a" * 3000,
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(wrong: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        fetch(wrong)
    assert "hidden" not in str(caught.value)
    assert "\r" not in str(caught.value)
    assert caught.value.fix is not None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("www8.cao.go.jp", "www.cao.go.jp", True),
        ("www.cao.go.jp", "cao.go.jp", True),
        ("www.meti.go.jp", "www.cao.go.jp", False),
        ("go.jp", "cao.go.jp", False),
        ("oecd.ai", "www.oecd.ai", True),
        ("a.example.com", "b.example.com", True),
        ("a.example.com", "a.example.org", False),
        ("evil-example.com", "example.com", False),
        ("one.github.io", "two.github.io", False),
        ("127.0.0.1", "10.0.0.1", False),
        ("10.1.0.1", "10.2.0.1", False),
        ("localhost", "localhost.", True),
        ("localhost", "com", False),
    ],
)
def test_sites(one: str, other: str, same: bool) -> None:
    assert same_site(one, other) is same
    assert same_site(other, one) is same


def test_the_step_to_tls_is_allowed_and_the_step_back_is_not() -> None:
    plain, tls = parse_address("http://www.cao.go.jp/a"), parse_address("https://www8.cao.go.jp/a")
    assert stays_on_site(plain, tls)
    assert not stays_on_site(tls, plain)
    assert not stays_on_site(plain, parse_address("https://www.cao.go.jp:8443/a"))


@given(st.text(max_size=80))
def test_no_location_field_makes_the_reader_fall(location: str) -> None:
    onward = redirected(parse_address("https://example.com/a/b"), location)
    assert onward is None or onward.scheme in ("http", "https")


def test_addresses_are_written_in_ascii() -> None:
    assert str(parse_address("HTTPS://例え.jp:443/計画?q=信頼#x")) == (
        "https://xn--r8jz45g.jp/%E8%A8%88%E7%94%BB?q=%E4%BF%A1%E9%A0%BC"
    )
    assert str(parse_address("http://[::1]:8080")) == "http://[::1]:8080/"


def test_proxies_of_the_environment_are_used_only_when_asked(
    server: SourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/a"] = answer(b"direct")
    with serving() as proxy:
        proxy.pages[server.at("/a")] = answer(b"by proxy")
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.site)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert fetched(fetch(server.at("/a"), limits=QUICK)).content == b"direct"
        assert proxy.seen == []
        got = fetched(fetch(server.at("/a"), limits=QUICK, environment_proxies=True))
        assert (got.content, got.final_address) == (b"by proxy", server.at("/a"))
        monkeypatch.setenv("http_proxy", "socks5://u:hidden@127.0.0.1:1")
        with pytest.raises(ShinraiError) as caught:
            fetch(server.at("/a"), environment_proxies=True)
        assert "hidden" not in str(caught.value)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_a_certificate_that_proves_nothing_is_not_trusted(certificate: tuple[Path, Path]) -> None:
    with serving(certificate) as server:
        got = failed(fetch(server.at("/"), limits=QUICK))
        assert (got.kind, got.attempts) == (FailureKind.UNTRUSTED, 1)
        assert server.seen == []


def test_over_tls_the_same_clock_runs(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with serving(certificate) as server:
        server.pages |= {"/a": answer(b"safe"), "/drip": server.stream(b"a", pause=0.02), "/head": server.drip_headers}
        assert fetched(fetch(server.at("/a"), limits=QUICK)).content == b"safe"
        for slow in ("/drip", "/head"):
            got = failed(fetch(server.at(slow), limits=Limits(seconds=0.6, silence=30)))
            assert got.kind is FailureKind.TIMEOUT
        # The name that is asked for must be in the certificate.
        other = server.at("/a").replace("127.0.0.1", "localhost")
        assert failed(fetch(other, limits=QUICK)).kind is FailureKind.UNTRUSTED


def test_a_handshake_that_never_comes_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        got = failed(fetch(f"https://127.0.0.1:{silent.getsockname()[1]}/", limits=Limits(seconds=0.5, silence=30)))
    assert got.kind is FailureKind.TIMEOUT


def test_confidential_parameters_stay_on_the_wire(server: SourceServer, caplog: pytest.LogCaptureFixture) -> None:
    secret = Confidential("appId=0123456789abcdef", ("0123456789abcdef",))

    def odd_header(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n0123456789abcdef\r\nContent-Length: 2\r\n\r\nok")

    server.pages |= {
        "/ok": answer(b"fine"),
        "/away": redirect("/ok?appId=0123456789abcdef"),
        "/error": answer("your key 0123456789abcdef is wrong", 403),
        "/odd": odd_header,
        "/drop": drop,
    }
    with caplog.at_level(logging.DEBUG):
        outcomes = [fetch(server.at(path), limits=QUICK, confidential=secret) for path in server.pages]
    assert server.seen[0] == "/ok?appId=0123456789abcdef"
    assert [getattr(outcome, "kind", "ok") for outcome in outcomes] == ["ok", "moved", "refused", "ok", "outage"]
    everything = repr(outcomes) + repr(secret) + caplog.text + repr([getattr(o, "body", b"") for o in outcomes])
    everything += repr([str(source_error(o)) for o in outcomes if isinstance(o, Failure)])
    assert "0123456789abcdef" not in everything
    # With a key no redirect is followed, not even on the same host.
    assert server.seen.count("/ok?appId=0123456789abcdef") == 1


def test_a_key_is_not_sent_without_encryption() -> None:
    with pytest.raises(ShinraiError, match="not encrypted"):
        fetch("http://stat.example/", confidential=Confidential("appId=x", ("x",)))


def test_every_failure_has_its_words() -> None:
    said = set()
    for kind in FailureKind:
        failure = Failure(kind, "https://example.com/", datetime.now(UTC), 500, moved_to="https://other.example/")
        said |= {failure.message.text(language) for language in Language}
        assert "https://example.com/" in str(source_error(failure))
    assert len(said) >= len(FailureKind)
