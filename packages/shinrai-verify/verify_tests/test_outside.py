"""Those who saw the log's head: witnesses (A5, A6, A9), time-stamping services (A22), and what a policy demands."""

import base64
import shutil
import struct
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from shinrai_verify.encoding import Fault
from shinrai_verify.note import WITNESS, NoteKey, Quorum, read_note, signature_line
from shinrai_verify.timestamp import stamped

from .world import ORIGIN, Key, World, put, said, sha256

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("x1", "x2", "x3", "y1", "y2")


def witness(name):
    return NoteKey(f"{name}.example", Key(name).public, WITNESS)


def cosigned(note, *names, time=NOON, kind=WITNESS):
    """Return a checkpoint with lines of witnesses."""
    text = note.rpartition(b"\n\n")[0] + b"\n"
    seconds = int(time.timestamp())
    for name in names:
        key = NoteKey(f"{name}.example", Key(name).public, kind)
        made = Key(name).sign(b"cosignature/v1\ntime %d\n" % seconds + text)
        note += signature_line(key, struct.pack(">Q", seconds) + made).encode()
    return note


LISTED = "".join(f"witness {name} {witness(name)} https://{name}.example/\n" for name in NAMES)
TWO_LEVELS = (
    "# who must have seen it\n\n"
    + LISTED
    + "group X 2 x1 x2 x3\n  group Y\tany y1 y2\ngroup both all X Y\nquorum both\n"
)


def world(*names, policy=TWO_LEVELS, time=NOON, **more):
    edits = {"note": lambda note: cosigned(note, *names, time=time), "policy": put("witnessPolicy", policy)}
    return World(edits={**edits, **more})


@pytest.mark.parametrize(
    ("names", "enough"),
    [
        (("x1", "x2", "y1"), True),
        (("x1", "x3", "y2"), True),
        (NAMES, True),
        (("x1", "y1", "y2"), False),
        (("x1", "x2", "x3"), False),
        ((), False),
    ],
)
def test_a_quorum_of_witnesses_is_demanded(tmp_path, names, enough):
    outcome = world(*names).verified(tmp_path, now=NOON)
    assert outcome.exit_code == (0 if enough else 3)
    assert ("too few of the witnesses" in said(outcome)) == (not enough)
    assert outcome.times == {f"{name}.example": NOON for name in names}
    told = [step.fields["times"] for step in outcome.steps if "existed at" in step.text]
    seen = ", ".join(f"{name}.example 2026-03-01T12:00:00Z" for name in names)
    assert told == ([seen] if names else [])


def test_a_bad_line_of_a_known_witness_refuses_the_head_and_one_of_a_stranger_does_not(tmp_path):
    def bend(name):
        def bent(note):
            head, mark, rest = cosigned(note, "x1", "x2", "y1", "stranger").partition(f"— {name}.example ".encode())
            line, newline, more = rest.partition(b"\n")
            raw = bytearray(base64.b64decode(line))
            raw[20] ^= 1
            return head + mark + base64.b64encode(bytes(raw)) + newline + more

        return World(edits={"note": bent, "policy": put("witnessPolicy", TWO_LEVELS)})

    assert bend("stranger").verified(tmp_path, now=NOON).exit_code == 0
    outcome = world("x1", "x2").verified(tmp_path)
    assert outcome.exit_code == 3
    only = World(
        edits={
            "note": lambda n: cosigned(n, "x1")[:-10] + b"AAAAAAA==\n"[-10:],
            "policy": put("witnessPolicy", TWO_LEVELS),
        }
    )
    assert only.verified(tmp_path).exit_code == 1


def test_the_log_s_own_key_is_no_witness_and_a_witness_is_no_log(tmp_path):
    as_log = f"witness x1 {witness('x1')}\nquorum x1\n"
    signed = {"note": lambda note: cosigned(note, "x1", kind=b"\x01"), "policy": put("witnessPolicy", as_log)}
    assert World(edits=signed).verified(tmp_path).exit_code == 3
    no_log = {"policy": lambda p: {**p, "logs": [], "witnessPolicy": as_log}, "note": lambda n: cosigned(n, "x1")}
    assert "not signed by a log key that you trust" in said(World(edits=no_log).verified(tmp_path))


def test_the_witness_policy_may_name_the_log(tmp_path):
    line = f"log {NoteKey(ORIGIN, Key('log').public)} https://log.example\nquorum none\n"
    edit = {"policy": lambda policy: {**policy, "logs": [], "witnessPolicy": line}}
    assert World(edits=edit).verified(tmp_path).exit_code == 0


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "quorum none\nquorum none\n",
        "quorum x1\n" + LISTED,
        LISTED + "group g 2 x1\nquorum g\n",
        LISTED + "group g 0 x1\nquorum g\n",
        LISTED + "group g 01 x1\nquorum g\n",
        LISTED + "group g +1 x1\nquorum g\n",
        LISTED + "group g any x1 x1\nquorum g\n",
        LISTED + "group g any\nquorum g\n",
        LISTED + "group g any none\nquorum g\n",
        LISTED + "group g any h\ngroup h any x1\nquorum g\n",
        LISTED + "group g any x1\ngroup h any x1\nquorum h\n",
        LISTED + "group x1 any x2\nquorum x1\n",
        LISTED + f"witness x9 {witness('x1')}\nquorum x1\n",
        LISTED + f"witness x1 {witness('x9')}\nquorum x1\n",
        LISTED + f"witness none {witness('x9')}\nquorum x1\n",
        LISTED + "quorum x1 x2\n",
        f"witness x1 {NoteKey('x1.example', Key('x1').public)}\nquorum x1\n",
        f"log {witness('x1')}\nquorum none\n",
        "demand everything\nquorum none\n",
        LISTED + "group g 2 x1 x2\ngroup h 2 x1 g\nquorum h\n",
        LISTED + "group g 4 x1 x2 x3\nquorum g\n",
        LISTED + "group g any x1\ngroup h any x2\ngroup i any x1\nquorum i\n",
        f"witness x1 {witness('x1')} https://x.example more\nquorum x1\n",
        f"log {NoteKey(ORIGIN, Key('log').public)} https://x.example more\nquorum none\n",
        "quorum\n",
    ],
)
def test_witness_policies_that_could_be_read_in_two_ways_are_refused(lines):
    with pytest.raises(Fault):
        Quorum.parse(lines)


def test_groups_of_one_and_witnesses_alone_are_quorums():
    alone = Quorum.parse(f"witness a {witness('x1')}\ngroup g 1 a\nquorum g")
    assert alone.met([witness("x1")])
    assert not alone.met([witness("x2")])
    named = Quorum.parse(f"log {NoteKey(ORIGIN, Key('log').public)}\nwitness a {witness('x1')}\nquorum a\n")
    assert named.met([witness("x1"), witness("x2")])
    assert not named.met([])
    assert [key.name for key in named.logs] == [ORIGIN]


def test_time_from_witnesses_decides_on_expiry_and_age(tmp_path):
    expiring = {"trust": put("expires", "2026-06-01T00:00:00Z")}
    one = f"witness x1 {witness('x1')}\nquorum x1\n"
    later = NOON + timedelta(days=400)
    # What was proven to exist while the keys were valid stays valid.
    assert world("x1", policy=one, **expiring).verified(tmp_path, now=later).exit_code == 0
    assert world("x1", policy=one, time=later, **expiring).verified(tmp_path, now=later).exit_code == 3
    aged = {"policy": lambda p: {**p, "witnessPolicy": one, "maxAge": 86_400}}
    for now, code in ((NOON + timedelta(hours=24), 0), (NOON + timedelta(hours=25), 3)):
        assert World(edits={**aged, "note": lambda n: cosigned(n, "x1")}).verified(tmp_path, now=now).exit_code == code
    outcome = World(edits={"policy": put("maxAge", 86_400)}).verified(tmp_path)
    assert (outcome.exit_code, "within the time that you demand" in said(outcome)) == (3, True)


def test_what_the_policy_does_not_say_the_trust_document_does(tmp_path):
    edits = {"trust": put("witnessPolicy", f"witness x1 {witness('x1')}\nquorum x1\n")}
    assert World(edits=edits).verified(tmp_path).exit_code == 3
    edits |= {"policy": put("witnessPolicy", "quorum none\n")}
    assert World(edits=edits).verified(tmp_path).exit_code == 0
    vkey = str(NoteKey(ORIGIN, Key("log").public))
    named = {"trust": put("logs", [vkey]), "policy": put("logs", ...)}
    assert World(edits=named).verified(tmp_path).exit_code == 0


def test_the_head_that_the_policy_saw_last_is_kept_to(tmp_path):
    note = World().contents()["log/checkpoint"].decode()
    assert World(edits={"policy": put("lastSeen", note)}).verified(tmp_path).exit_code == 0
    edits = {"policy": put("lastSeen", note.replace("\n", "\n1", 1))}
    assert World(edits=edits).verified(tmp_path).exit_code == 1


# Time stamps, by a local authority.

CONFIG = """\
[ tsa ]
default_tsa = own
[ own ]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[ ext ]
extendedKeyUsage = critical,timeStamping
[ other ]
extendedKeyUsage = critical,codeSigning,timeStamping
[ dn ]
CN = {name}
[ req ]
distinguished_name = dn
prompt = no
"""


class Authority:
    """A time-stamping service made by openssl."""

    def __init__(self, folder, name="tsa", kind=("-newkey", "rsa:2048"), section="ext"):
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "tsa.cnf").write_text(CONFIG.format(folder=self.folder, name=name))
        self.certify(*kind, "-nodes", "-keyout", "key.pem", section=section)

    def certify(self, *how, section):
        settings = ("-days", "30", "-config", "tsa.cnf", "-extensions", section)
        self.run("req", "-x509", *how, "-out", "cert.pem", *settings)
        self.sha256 = sha256(self.run("x509", "-in", "cert.pem", "-outform", "DER"))

    def run(self, *arguments):
        return subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=True).stdout

    def stamp(self, data, *more):
        (self.folder / "data").write_bytes(data)
        self.run("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query.tsq")
        by = ("-inkey", "key.pem", "-signer", "cert.pem", "-config", "tsa.cnf")
        self.run("ts", "-reply", "-queryfile", "query.tsq", *by, "-out", "reply.tsr", *more)
        return (self.folder / "reply.tsr").read_bytes()


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
KINDS = {
    "rsa": ("-newkey", "rsa:2048"),
    "p256": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))


@needs_openssl
@pytest.mark.parametrize("kind", KINDS)
def test_tokens_of_a_local_authority_are_read(tmp_path, kind):
    own = Authority(tmp_path, kind=KINDS[kind])
    for more in ((), ("-token_out",)):
        token = own.stamp(b"text", *more)
        found = stamped(token, b"text", {own.sha256}, "it")
        assert found is not None
        assert found[0] == own.sha256
        assert abs(found[1] - datetime.now(UTC)) < timedelta(minutes=5)
        assert stamped(token, b"text", {"ab" * 32}, "it") is None
        with pytest.raises(Fault, match="time stamp of something else"):
            stamped(token, b"other", {own.sha256}, "it")


@needs_openssl
def test_a_certificate_for_other_things_too_is_no_authority(tmp_path):
    own = Authority(tmp_path, section="ext")
    token = own.stamp(b"text")
    # The same key under a certificate that may sign code as well.
    own.certify("-new", "-key", "key.pem", section="other")
    assert stamped(token, b"text", {own.sha256}, "it") is None


@needs_openssl
def test_no_bit_that_was_signed_may_change(authority):
    """A changed bit is refused, or leaves certificate and time as they were: it then lies beside what is signed."""
    token = authority.stamp(b"text")
    whole = stamped(token, b"text", {authority.sha256}, "it")
    kept = 0
    for position in range(0, 8 * len(token), 11):
        bent = bytearray(token)
        bent[position // 8] ^= 1 << position % 8
        try:
            found = stamped(bytes(bent), b"text", {authority.sha256}, "it")
        except Fault:
            continue
        assert found in (whole, None)
        kept += found == whole
    assert kept < len(token) // 8


@needs_openssl
def test_tokens_cut_short_or_of_any_bytes_are_refused(authority):
    token = authority.stamp(b"text")
    for data in (
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        token + b"\0",
        *(token[:n] for n in range(0, len(token), 37)),
    ):
        with pytest.raises(Fault):
            stamped(data, b"text", {authority.sha256}, "it")


@needs_openssl
def test_a_time_stamp_can_be_demanded(tmp_path, authority):
    text = World().contents()["log/checkpoint"].rpartition(b"\n\n")[0] + b"\n"
    pin = put("tsa", [{"name": "own", "certSha256": [authority.sha256]}])

    def outcome(token, policy):
        files = (lambda f: {**f, "log/checkpoint.tsr": token}) if token is not None else (lambda f: f)
        return World(edits={"policy": policy}, files=files).verified(tmp_path)

    good = outcome(authority.stamp(text), pin)
    assert (good.exit_code, list(good.times)) == (0, [f"tsa:{authority.sha256}"])
    assert outcome(None, pin).exit_code == 3
    assert outcome(authority.stamp(text), put("tsa", [{"name": "x", "certSha256": ["ab" * 32]}])).exit_code == 3
    assert outcome(authority.stamp(b"another log"), pin).exit_code == 1
    assert outcome(b"no token", pin).exit_code == 1
    unread = outcome(b"no token", lambda policy: policy)
    assert unread.exit_code == 0
    assert any("was not checked" in step.text for step in unread.steps)


def test_notes_tell_times_only_of_witnesses():
    note = World().contents()["log/checkpoint"]
    key = NoteKey(ORIGIN, Key("log").public)
    _, signed = read_note(cosigned(note, "x1"), [key, witness("x1")], "it")
    assert signed == {key: 0, witness("x1"): int(NOON.timestamp())}
