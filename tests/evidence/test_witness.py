"""Witnesses: what they take and refuse, what they remember, and what their word is worth to who holds a checkpoint."""

import base64
import sqlite3
import struct
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai.evidence import open_home
from shinrai.evidence.appraisal import Agreement, appraise, compare
from shinrai.evidence.cosignatures import (
    WitnessKey,
    WitnessPolicy,
    cosignature_line,
    cosignatures,
    cosigned_message,
    split_note,
)
from shinrai.evidence.keys import load_signer
from shinrai.evidence.merkle import consistency_proof
from shinrai.evidence.proofs import base64_lines
from shinrai.evidence.witness import Submission, WitnessService
from shinrai.evidence.witnessing import ask_witnesses
from shinrai.language import ShinraiError
from shinrai_verify.encoding import Fault
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line

from .conftest import World

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Log:
    """A log that signs whatever it likes."""

    seed: bytes = b"l" * 32
    name: str = "log.example"

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def key(self) -> NoteKey:
        return NoteKey(self.name, self.private.public_key().public_bytes_raw())

    def note(self, leaves: Sequence[bytes]) -> bytes:
        head = Checkpoint(self.name, len(leaves), root(leaves))
        return (head.text + "\n" + signature_line(self.key, self.private.sign(head.text.encode()))).encode()

    def submission(self, old: int, leaves: Sequence[bytes]) -> bytes:
        proof = consistency_proof(leaves, old) if 0 < old <= len(leaves) else []
        return Submission(old, tuple(proof), self.note(leaves)).to_bytes()


LEAVES = [leaf_hash(bytes([n])) for n in range(40)]
OTHER = [leaf_hash(b"other" + bytes([n])) for n in range(40)]
LOG = Log()


@pytest.fixture
def witness(tmp_path: Path) -> WitnessService:
    return made(tmp_path, "w1")


def made(folder: Path, name: str, now: datetime = NOW) -> WitnessService:
    home = open_home(folder / name)
    signer = load_signer(home.keys, "witness")
    return WitnessService(home.path / "witness.db", f"{name}.example", signer, [LOG.key], lambda: now)


def test_a_witness_cosigns_what_continues(witness: WitnessService) -> None:
    for old, new in ((0, 1), (1, 1), (1, 7), (7, 8), (8, 40), (40, 40)):
        answer = witness.add_checkpoint(LOG.submission(old, LEAVES[:new]))
        assert answer.status == 200, answer.body
        note = LOG.note(LEAVES[:new]) + answer.body.encode()
        (given,) = cosignatures(note, [witness.key])
        assert (given.witness, given.moment) == (witness.key, NOW)
    # The signed message is the one of the specification, made here by hand.
    encoded = answer.body.rstrip("\n").rpartition(" ")[2]
    data = base64.b64decode(encoded)
    (seconds,) = struct.unpack(">Q", data[4:12])
    signed = b"cosignature/v1\ntime %d\n" % seconds + split_note(note)[0].encode()
    assert verifies(witness.key.public, data[12:], signed)
    assert witness.newest("log.example") == LOG.note(LEAVES)


def test_what_a_witness_answers(witness: WitnessService) -> None:
    """The table of answers, as the specification of tlog-witness has it."""
    assert witness.add_checkpoint(LOG.submission(0, LEAVES[:7])).status == 200
    forged = Log(b"x" * 32)
    unknown = Log(name="unknown.example")
    good = LOG.submission(7, LEAVES[:9])
    wrong_proof = Submission(7, tuple(consistency_proof(LEAVES[:9], 6)), LOG.note(LEAVES[:9])).to_bytes()
    table = [
        (b"", 400, "malformed"),
        (b"old 7\n" + LOG.note(LEAVES[:9]), 400, "no empty line"),
        (good.replace(b"old 7", b"old 07"), 400, "a zero before"),
        (good.replace(b"old 7", b"old +7"), 400, "a sign"),
        (good.replace(b"old 7", b"old  7"), 400, "two blanks"),
        (good.replace(b"old 7", b"size 7"), 400, "another word"),
        (good.replace(b"\n\n", b"\nAAAA\n\n", 1), 400, "a hash too short"),
        (good.replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n" * 1 + b"\n", 1), 422, "a hash too many"),
        (good.replace(b"\n\n", (b"\n" + b"A" * 43 + b"=") * 64 + b"\n\n", 1), 400, "too many hashes"),
        (good.replace(b"\n9\n", b"\n09\n"), 400, "a size with a zero before"),
        (unknown.submission(0, LEAVES[:9]), 404, "a log that is not known"),
        (forged.submission(7, LEAVES[:9]), 403, "another key under the log's name"),
        (good.replace(b"\n9\n", b"\n8\n"), 403, "a text that was not signed"),
        (LOG.submission(9, LEAVES[:9]).replace(b"old 9", b"old 10"), 400, "an old size beyond the new"),
        (LOG.submission(0, LEAVES[:9]), 409, "an old size that is not remembered"),
        (LOG.submission(8, LEAVES[:9]), 409, "an old size that is not remembered"),
        (LOG.submission(5, LEAVES[:5]), 409, "a smaller log (rollback)"),
        (LOG.submission(7, OTHER[:7]), 409, "A5: the same size, another root"),
        (wrong_proof, 422, "a proof from elsewhere"),
        (Submission(7, (), LOG.note(LEAVES[:9])).to_bytes(), 422, "no proof"),
        (LOG.submission(7, OTHER[:9]), 422, "A5: a fork that is larger"),
    ]
    for body, status, why in table:
        answer = witness.add_checkpoint(body)
        assert (answer.status, "—" in answer.body) == (status, False), why
        if status == 409:
            assert (answer.body, answer.media_type) == ("7\n", "text/x.tlog.size"), why
    assert witness.add_checkpoint(good).status == 200
    # Of what the log signed and does not fit, the notes are kept: two of them may prove a fork.
    kept = [(origin, status) for origin, status, _ in witness.refused()]
    assert kept == [("log.example", 422), ("log.example", 409), *[("log.example", 422)] * 3]
    assert compare(witness.refused()[1][2], LOG.note(LEAVES[:7]), [LOG.key]) is Agreement.FORK


def test_the_first_request_has_no_proof(witness: WitnessService) -> None:
    body = Submission(0, (LEAVES[0],), LOG.note(LEAVES[:3])).to_bytes()
    assert witness.add_checkpoint(body).status == 422
    assert witness.add_checkpoint(LOG.submission(0, [])).status == 200
    assert witness.add_checkpoint(LOG.submission(0, LEAVES[:3])).status == 200


def test_a_log_may_have_lines_of_its_own(witness: WitnessService) -> None:
    text = Checkpoint("log.example", 3, root(LEAVES[:3])).text + "an extension\n"
    note = text + "\n" + signature_line(LOG.key, LOG.private.sign(text.encode()))
    answer = witness.add_checkpoint(Submission(0, (), note.encode()).to_bytes())
    assert answer.status == 200
    seconds = int(NOW.timestamp())
    data = base64.b64decode(answer.body.rstrip("\n").rpartition(" ")[2])
    assert verifies(witness.key.public, data[12:], cosigned_message(text, seconds))


def test_what_is_remembered_survives_a_restart(tmp_path: Path) -> None:
    assert made(tmp_path, "w1").add_checkpoint(LOG.submission(0, LEAVES[:7])).status == 200
    again = made(tmp_path, "w1")
    assert again.add_checkpoint(LOG.submission(0, OTHER[:9])).status == 409
    assert again.add_checkpoint(LOG.submission(7, LEAVES[:9])).status == 200


def test_a8_requests_at_once_cannot_set_the_memory_back(tmp_path: Path) -> None:
    """The race of the specification: every cosignature is for a size not below the one before it."""
    witness = made(tmp_path, "w1")
    assert witness.add_checkpoint(LOG.submission(0, LEAVES[:1])).status == 200
    taken: list[tuple[int, int]] = []

    def push(sizes: range) -> None:
        service = made(tmp_path, "w1")
        for size in sizes:
            old = 1
            while True:
                answer = service.add_checkpoint(LOG.submission(old, LEAVES[:size]))
                if answer.status == 200:
                    taken.append((old, size))
                if answer.status != 409 or int(answer.body) > size:
                    break
                old = int(answer.body)

    threads = [threading.Thread(target=push, args=(range(2 + n, 40, 3),)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Each took the place of exactly the one it was compared with: the pairs form one chain.
    chain = sorted(taken)
    assert len(chain) >= 3
    assert [old for old, _ in chain[1:]] == [new for _, new in chain[:-1]]
    with sqlite3.connect(tmp_path / "w1" / "witness.db") as db:
        assert db.execute("SELECT size FROM head").fetchone() == (chain[-1][1],)


def test_a_witness_needs_a_name_that_a_note_can_carry(tmp_path: Path) -> None:
    for name in ("", "two words", "a+b", "line\nbreak"):
        with pytest.raises(ShinraiError, match="cannot be called"):
            WitnessService(tmp_path / "w.db", name, load_signer(open_home(tmp_path / "h").keys, "witness"), [])


def test_witness_keys_read_back(witness: WitnessService) -> None:
    text = str(witness.key)
    assert WitnessKey.parse(text) == witness.key
    low_order = WitnessKey("w.example", bytes(32))
    for broken in (
        str(LOG.key),
        text.replace("w1.example", "w2.example"),
        text[:-1],
        text + "=",
        "",
        "w1.example",
        str(low_order),
        str(witness.key).replace("w1.example", "w1 example"),
    ):
        with pytest.raises(Fault):
            WitnessKey.parse(broken)


# Policies


def keys(count: int) -> list[WitnessKey]:
    privates = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, count + 1)]
    return [WitnessKey(f"w{n}.example", key.public_key().public_bytes_raw()) for n, key in enumerate(privates, 1)]


W = keys(6)
TWO_GROUPS = f"""\
# Two organisations.
log {LOG.key} https://log.example/
witness X1 {W[0]}
witness X2 {W[1]} https://x2.example/
witness X3\t{W[2]}
  group X 2 X1 X2 X3

witness Y1 {W[3]}
witness Y2 {W[4]}
group Y any Y1 Y2
group both all X Y
quorum both
"""


def test_a_policy_asks_for_a_quorum_of_groups() -> None:
    policy = WitnessPolicy.parse(TWO_GROUPS.encode())
    assert policy.logs == (LOG.key,)
    assert policy.witnesses["X2"].url == "https://x2.example/"
    for present, met in (
        ([], False),
        ([0, 1], False),
        ([0, 3], False),
        ([3, 4], False),
        ([0, 1, 3], True),
        ([1, 2, 4], True),
        ([0, 1, 2, 3, 4], True),
        ([0, 0, 3], False),
        ([5, 0, 3], False),
    ):
        assert policy.met_by(W[n] for n in present) is met, present


@pytest.mark.parametrize(
    ("text", "present", "met"),
    [
        ("quorum none\n", [], True),
        (f"witness a {W[0]}\nquorum a\n", [], False),
        (f"witness a {W[0]}\nquorum a\n", [0], True),
        (f"witness a {W[0]}\nquorum none", [], True),
        (f"witness a {W[0]}\nwitness b {W[1]}\ngroup g all a b\nquorum g\n", [0], False),
        (f"witness ä {W[0]}\nquorum ä\n", [0], True),
    ],
)
def test_small_policies(text: str, present: list[int], met: bool) -> None:
    assert WitnessPolicy.parse(text.encode()).met_by(W[n] for n in present) is met


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "exactly one line"),
        (f"witness a {W[0]}\n", None, "exactly one line"),
        ("quorum none\nquorum none\n", None, "exactly one line"),
        ("quorum a\n", 1, "no line before defines"),
        (f"quorum a\nwitness a {W[0]}\n", 1, "no line before defines"),
        (f"witness a {W[0]}\nwitness a {W[1]}\nquorum none\n", 2, "name is taken"),
        (f"witness none {W[0]}\nquorum none\n", 1, "name is taken"),
        (f"witness a {W[0]}\nwitness b {W[0]}\nquorum none\n", 2, "listed twice"),
        (f"witness a {W[0]}\nwitness b {WitnessKey('renamed', W[0].public)}\nquorum none\n", 2, "listed twice"),
        (f"log {LOG.key}\nlog {NoteKey('renamed', LOG.key.public)}\nquorum none\n", 2, "listed twice"),
        (f"witness a {LOG.key}\nquorum none\n", 1, "not a verifier key"),
        (f"log {W[0]}\nquorum none\n", 1, "not a verifier key"),
        (f"witness a {W[0]}\ngroup g 0 a\nquorum g\n", 2, "a number from 1"),
        (f"witness a {W[0]}\ngroup g 2 a\nquorum g\n", 2, "a number from 1"),
        (f"witness a {W[0]}\ngroup g 01 a\nquorum g\n", 2, "a number from 1"),
        (f"witness a {W[0]}\ngroup g １ a\nquorum g\n", 2, "a number from 1"),
        (f"witness a {W[0]}\ngroup g any a a\nquorum g\n", 2, "one group only"),
        (f"witness a {W[0]}\ngroup g any a\ngroup h any a\nquorum g\n", 3, "one group only"),
        (f"witness a {W[0]}\ngroup g any g\nquorum g\n", 2, "no line before defines"),
        (f"witness a {W[0]}\ngroup g any none\nquorum g\n", 2, "no line before defines"),
        (f"witness a {W[0]}\ngroup g any\nquorum g\n", 2, "not a line"),
        ("quorum\n", 1, "not a line"),
        ("quorum none none\n", 1, "not a line"),
        ("threshold 2\nquorum none\n", 1, "not a line"),
        ("quorum none\r\n", None, "control characters"),
        ("quorum none\x00\n", None, "control characters"),
        ("quorum\u00a0none\n", 1, "not a line"),
    ],
)
def test_a_policy_that_is_not_of_the_form_names_the_line(text: str, line: int | None, said: str) -> None:
    with pytest.raises(ShinraiError, match=said) as caught:
        WitnessPolicy.parse(text.encode(), "witness-policy")
    assert caught.value.place is not None
    if line is not None:
        assert caught.value.place.line == line


# What a checkpoint is worth


def cosigned(note: bytes, n: int, moment: datetime) -> bytes:
    private = Ed25519PrivateKey.from_private_bytes(bytes([n + 1]) * 32)
    text, seconds = split_note(note)[0], int(moment.timestamp())
    return note + cosignature_line(W[n], seconds, private.sign(cosigned_message(text, seconds))).encode()


POLICY = WitnessPolicy.parse(
    (f"witness a {W[0]}\nwitness b {W[1]}\nwitness c {W[2]}\ngroup g 2 a b c\nquorum g\n").encode()
)
HOUR = timedelta(hours=1)


def test_a9_a_frozen_checkpoint_is_too_old() -> None:
    """An old checkpoint is good for ever; that it is still the newest, witnesses said only then."""
    note = LOG.note(LEAVES[:9])
    for n, age in ((0, 30), (1, 20), (2, 1)):
        note = cosigned(note, n, NOW - age * HOUR)
    found = appraise(note, [LOG.key], POLICY, NOW, 24 * HOUR)
    # Two of three are asked for, so the second newest moment counts.
    assert (found.quorum, found.as_of, found.too_old, found.exit_code) == (True, NOW - 20 * HOUR, False, 0)
    for days in (1, 30, 3650):
        later = appraise(note, [LOG.key], POLICY, NOW + timedelta(days=days), 24 * HOUR)
        assert (later.quorum, later.too_old, later.exit_code) == (True, True, 3)
    assert not appraise(note, [LOG.key], POLICY, NOW + timedelta(days=3650)).too_old


def test_a9_without_witnesses_no_age_is_known() -> None:
    assert appraise(LOG.note(LEAVES[:9]), [LOG.key], None, NOW, 24 * HOUR).exit_code == 3
    assert appraise(LOG.note(LEAVES[:9]), [LOG.key], None, NOW).exit_code == 0


def test_a9_a_clock_ahead_does_not_count() -> None:
    note = cosigned(cosigned(LOG.note(LEAVES[:9]), 0, NOW + 9 * HOUR), 1, NOW)
    found = appraise(note, [LOG.key], POLICY, NOW, 24 * HOUR)
    assert (found.quorum, found.ahead, found.exit_code) == (False, ("w1.example",), 3)
    assert appraise(note, [LOG.key], POLICY, NOW + 10 * HOUR).quorum


def test_a_far_future_is_no_crash() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    note = LOG.note(LEAVES[:9])
    for seconds in (2**62, 2**63 - 1):
        signature = private.sign(cosigned_message(split_note(note)[0], seconds))
        line = cosignature_line(W[0], seconds, signature).encode()
        assert appraise(note + line, [LOG.key], POLICY, NOW).ahead == ("w1.example",)
    signature = private.sign(cosigned_message(split_note(note)[0], 2**63))
    with pytest.raises(Fault):
        appraise(note + cosignature_line(W[0], 2**63, signature).encode(), [LOG.key], POLICY, NOW)


def test_a20_a_bad_line_of_a_known_witness_refuses_the_note() -> None:
    note = LOG.note(LEAVES[:9])
    good = cosigned(note, 0, NOW)
    line = good.removeprefix(note)
    other = cosigned(LOG.note(LEAVES[:8]), 0, NOW).splitlines(keepends=True)[-1]
    short = cosignature_line(W[0], int(NOW.timestamp()), b"short").encode()
    for bad in (other, short, line.replace(b"w1", b"w1", 1)[:-3] + b"AA\n"):
        with pytest.raises(Fault):
            appraise(note + bad, [LOG.key], POLICY, NOW)
    # The same line under a name that nobody knows is passed over.
    assert not appraise(note + other.replace(b"w1.example", b"w9.example"), [LOG.key], POLICY, NOW).witnessed
    assert len(appraise(good, [LOG.key], POLICY, NOW).witnessed) == 1
    assert not appraise(good + line, [LOG.key], POLICY, NOW).quorum, "one witness twice is one witness"


def test_a5_a6_two_who_compare_notes_find_the_fork() -> None:
    """Split view: one is shown one log, the other another. Each alone sees a good checkpoint."""
    mine, theirs = LOG.note(LEAVES[:9]), LOG.note(OTHER[:9])
    for note in (mine, theirs):
        assert appraise(note, [LOG.key], None, NOW).exit_code == 0
    assert compare(mine, theirs, [LOG.key]) is Agreement.FORK
    assert compare(mine, mine, [LOG.key]) is Agreement.SAME
    larger = LOG.note(OTHER[:20])
    good = consistency_proof(OTHER[:20], 9)
    # Of different sizes: no proof that the log can give fits both, so it stays unproven.
    assert compare(theirs, larger, [LOG.key], good) is Agreement.CONTINUES
    assert compare(larger, theirs, [LOG.key], good) is Agreement.CONTINUES
    for proof in (None, [], good, consistency_proof(LEAVES[:20], 9)):
        assert compare(mine, larger, [LOG.key], proof) is Agreement.UNPROVEN
    assert compare(LOG.note([]), larger, [LOG.key]) is Agreement.CONTINUES
    with pytest.raises(Fault):
        compare(mine, Log(name="other.example").note(LEAVES[:9]), [LOG.key])


def test_a6_a_quorum_of_witnesses_prevents_a_split_view(tmp_path: Path) -> None:
    """With two of three asked for, no two histories of which neither continues the other get a quorum."""
    services = [made(tmp_path, f"w{n}") for n in range(1, 4)]
    text = "".join(f"witness w{n} {each.key}\n" for n, each in enumerate(services)) + "group g 2 w0 w1 w2\nquorum g\n"
    policy = WitnessPolicy.parse(text.encode())

    def collect(leaves: Sequence[bytes], olds: Sequence[int]) -> bytes:
        note = LOG.note(leaves)
        for service, old in zip(services, olds, strict=True):
            answer = service.add_checkpoint(LOG.submission(old, leaves))
            note += answer.body.encode() if answer.status == 200 else b""
        return note

    # The log shows one history to two witnesses and the other to the third.
    assert appraise(collect(LEAVES[:9], (0, 0, 0)), [LOG.key], policy, NOW).quorum
    for size in (9, 10, 20, 40):
        assert not appraise(collect(OTHER[:size], (9, 9, 9)), [LOG.key], policy, NOW).witnessed
    fresh = made(tmp_path, "fresh")
    services[2] = fresh
    split = collect(OTHER[:12], (9, 9, 0))
    assert fresh.newest("log.example") is not None
    assert not appraise(split, [LOG.key], policy, NOW).quorum


# The service over HTTP, and those who ask it


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., tuple[str, WitnessKey]]]:
    """Start a witness as a process of its own, for a store; returns its address and key."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *logs: NoteKey) -> tuple[str, WitnessKey]:
        options = ["--folder", str(tmp_path / name), "--name", f"{name}.example", "--listen", "127.0.0.1:0"]
        command = [sys.executable, "-m", "shinrai", "log", "witness", "serve", "--lang", "en", *options]
        process = subprocess.Popen(
            [*command, *(part for log in logs for part in ("--log", str(log)))], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        said = process.stdout.readline()
        key, _, rest = said.partition(" answers at ")
        return rest.partition(";")[0], WitnessKey.parse(key)

    yield start
    for process in started:
        process.terminate()
        assert process.wait(10) == 0


def test_a_log_is_cosigned_over_http(world: World, running: Callable[..., tuple[str, WitnessKey]]) -> None:
    store = world.filled(5)
    found = [running(name, store.key) for name in ("w1", "w2")]
    text = "".join(f"witness w{n} {key} {url}\n" for n, (url, key) in enumerate(found))
    text += f"witness silent {W[0]} http://127.0.0.1:9/\n"
    policy = WitnessPolicy.parse((text + "group g 2 w0 w1 silent\nquorum g\n").encode())
    done = ask_witnesses(store, policy, seconds=20)
    assert (done.present, done.met, done.forked) == (("w0", "w1"), True, ())
    assert list(done.silent) == ["silent"]
    assert store.newest_checkpoint() == done.note
    assert store.publish() == done.note, "publishing again keeps the cosignatures"
    store.append(world.addition(["more", "and more"]))
    note = store.publish()
    assert cosignatures(note, [key for _, key in found]) == []
    again = ask_witnesses(store, policy, seconds=20)
    assert (again.present, again.met) == (("w0", "w1"), True)
    # Asked again and again, a note keeps one line of each.
    for _ in range(3):
        last = ask_witnesses(store, policy, seconds=20)
    assert len(split_note(last.note)[1]) == 3
    proof = store.prove(6)
    assert len(cosignatures(proof.checkpoint, [key for _, key in found])) == 2
    assert appraise(proof.checkpoint, [store.key], policy, datetime.now(UTC), HOUR).exit_code == 0
    # The same questions over HTTP, by hand.
    url = found[0][0]
    with urllib.request.urlopen(f"{url}/checkpoint?origin={store.key.name}") as response:  # noqa: S310
        assert split_note(response.read())[0] == split_note(last.note)[0]
    body = b"old 3\n" + base64_lines(store.consistency(3, 7)).encode() + b"\n" + note
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(f"{url}/add-checkpoint", body)  # noqa: S310
    assert (caught.value.code, caught.value.read()) == (409, b"7\n")
    assert caught.value.headers["Content-Type"] == "text/x.tlog.size"
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(f"{url}/add-checkpoint", b"x" * 300_000)  # noqa: S310
    assert caught.value.code == 413


def test_a5_a_fork_is_told_by_the_witness_that_saw_it(
    embedded: World, another: Callable[[str], World], running: Callable[..., tuple[str, WitnessKey]]
) -> None:
    """The key is used on a second database, without its memory: the witness remembers for it."""
    store = embedded.filled(5)
    url, key = running("w1", store.key)
    policy = WitnessPolicy.parse(f"witness w {key} {url}\nquorum w\n".encode())
    assert ask_witnesses(store, policy).met
    second = another("second")
    (second.home.keys / "log.pem").write_bytes((embedded.home.keys / "log.pem").read_bytes())
    (second.home.keys / "log.pem").chmod(0o600)
    forked = second.store()
    for size in (3, 5, 9):
        forked.append(second.addition([f"another {number}" for number in range(len(forked.leaves()), size)]))
        forked.publish()
        done = ask_witnesses(forked, policy)
        assert (done.met, done.forked) == (False, ("w",)), size
