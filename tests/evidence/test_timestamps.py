"""Timestamps by a real authority (`openssl ts`) on this machine, and tokens that are not worth believing."""

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shinrai.evidence.cosignatures import split_note
from shinrai.evidence.fsck import fsck
from shinrai.evidence.timestamps import request_token, roots_from_pem, stamp, tokens, verified, verify_token
from shinrai.language import ShinraiError
from shinrai_verify.encoding import Fault

from .conftest import World, meddle

pytest.importorskip("rfc3161_client", reason="the extra `timestamps` is not installed")
if shutil.which("openssl") is None:
    pytest.skip("openssl is not installed, so there is no authority to ask", allow_module_level=True)

CONFIG = """\
[tsa]
default_tsa = here
[here]
serial = ./serial
signer_cert = ./tsa.pem
certs = ./root.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
"""


@dataclass
class Authority:
    """An authority whose answers can be meddled with."""

    folder: Path
    url: str = ""
    answer: bytes | None = None
    status: int = 200
    asked: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        openssl(self.folder, "ts", "-reply", "-queryfile", "query", "-out", "reply", "-config", "ts.cnf")
        return (self.folder / "reply").read_bytes()


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def made(folder: Path, days: str = "30") -> Authority:
    folder.mkdir()
    (folder / "ts.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    (folder / "ext").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        folder, "req", "-x509", *curve, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root", "-days", days
    )
    openssl(folder, "req", *curve, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tsa")
    signing = ("-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7", "-extfile", "ext", "-days", days)
    openssl(folder, "x509", "-req", "-in", "tsa.csr", *signing, "-out", "tsa.pem")
    return Authority(folder)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    folder = tmp_path_factory.mktemp("tsa")
    return made(folder / "one"), made(folder / "two")


@pytest.fixture
def authority(authorities: tuple[Authority, Authority]) -> Iterator[Authority]:
    found = Authority(authorities[0].folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked.append(query)
            body = found.answer if found.answer is not None else found.reply(query)
            self.send_response(found.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            if found.status == 302:
                self.send_header("Location", found.url + "elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/tsa"
        yield found
        server.shutdown()


def test_a_checkpoint_is_stamped_once(world: World, authority: Authority) -> None:
    store = world.filled(5)
    first = stamp(store, authority.url + "?token=secret")
    assert (first.size, first.authority) == (5, authority.url)
    assert stamp(store, authority.url + "?token=secret") == first
    assert len(authority.asked) == 1
    store.append(world.addition(["more"]))
    store.publish()
    second = stamp(store, authority.url)
    assert tokens(store) == [first, second]
    roots = roots_from_pem(authority.root, "root.pem")
    now = datetime.now(UTC)
    for _, moment in verified(store, roots):
        assert isinstance(moment, datetime)
        assert abs(now - moment) < timedelta(minutes=1)
    report = fsck(store, keys=world.keys)
    assert (report.findings, report.timestamps) == ((), 2)


def test_openssl_agrees_on_what_is_stamped(embedded: World, authority: Authority, tmp_path: Path) -> None:
    """The token, without our software: over the note's text, under the authority's certificate."""
    store = embedded.filled(5)
    token = stamp(store, authority.url).token
    (tmp_path / "token.tsr").write_bytes(token)
    (tmp_path / "note").write_text(split_note(store.newest_checkpoint() or b"")[0])
    shutil.copy(authority.folder / "root.pem", tmp_path / "root.pem")
    openssl(tmp_path, "ts", "-verify", "-data", "note", "-in", "token.tsr", "-CAfile", "root.pem")


def test_a22_tokens_that_are_not_worth_believing(
    authority: Authority, authorities: tuple[Authority, Authority], embedded: World
) -> None:
    text = split_note(embedded.filled(5).newest_checkpoint() or b"")[0]
    roots = roots_from_pem(authority.root, "root.pem")
    token = request_token(authority.url, text)
    assert verify_token(token, text, roots)
    with pytest.raises(Fault, match="over something else"):
        verify_token(token, text.replace("\n5\n", "\n6\n"), roots)
    with pytest.raises(Fault, match="authority that you trust"):
        verify_token(token, text, roots_from_pem(authorities[1].root, "root.pem"))
    with pytest.raises(Fault, match="authority that you trust"):
        verify_token(token, text, [])
    for at in range(0, len(token), 37):
        damaged = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        try:
            moment = verify_token(damaged, text, roots)
        except Fault:
            continue
        # Bytes that no signature covers, such as the words of the status, may change; what is said may not.
        assert moment == verify_token(token, text, roots)
    for length in range(0, len(token), 101):
        with pytest.raises(Fault):
            verify_token(token[:length], text, roots)


def test_a22_an_authority_that_answers_something_else(embedded: World, authority: Authority) -> None:
    store = embedded.filled(5)
    text = split_note(store.newest_checkpoint() or b"")[0]
    good = request_token(authority.url, text)
    # An answer to an earlier question: the nonce is another.
    authority.answer = good
    with pytest.raises(ShinraiError, match="something else"):
        stamp(store, authority.url)
    for answer in (b"", b"nothing", b"\x30\x03\x02\x01\x00", b"x" * 100_000):
        authority.answer = answer
        with pytest.raises(ShinraiError, match="did not give a timestamp"):
            stamp(store, authority.url)
    authority.answer = None
    for status in (302, 404, 500):
        authority.status = status
        with pytest.raises(ShinraiError, match="cannot be asked"):
            stamp(store, authority.url)
    assert tokens(store) == []
    assert all(b"elsewhere" not in query for query in authority.asked)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://tsa.example/", "tsa.example", "http:///x", ""])
def test_only_addresses_of_http_are_asked(embedded: World, url: str) -> None:
    with pytest.raises(ShinraiError, match="http:// or https://"):
        stamp(embedded.filled(1), url)


def test_an_authority_that_is_not_there(embedded: World) -> None:
    with pytest.raises(ShinraiError, match="cannot be asked") as caught:
        stamp(embedded.filled(1), "http://me:secret@127.0.0.1:9/")
    assert "secret" not in str(caught.value)


def test_tokens_that_were_meddled_with_are_found(world: World, authority: Authority) -> None:
    store = world.filled(3, 5)
    stamp(store, authority.url)
    assert meddle(store, "UPDATE log_timestamp SET size = 3") == 1
    assert [str(f) for f in fsck(store, keys=world.keys).findings] == [
        "log_timestamp 3: the token is not over its checkpoint"
    ]
    ((_, outcome),) = verified(store, roots_from_pem(authority.root, "root.pem"))
    assert "over something else" in str(outcome)
    meddle(store, "UPDATE log_timestamp SET size = 4")
    assert [f.row for f in fsck(store, keys=world.keys).findings] == ["4"]


def test_a_file_without_certificates_is_a_clear_error() -> None:
    with pytest.raises(ShinraiError, match="no certificate in PEM"):
        roots_from_pem(b"nothing", "root.pem")
