"""Bundles on which two verifiers must never differ: damage of every kind, and insiders who sign what is wrong."""

import io
import json
import random
import struct
import zipfile
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from shinrai_verify import verify as formats
from shinrai_verify.bundle import local_header
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.merkle import root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line
from shinrai_verify.trust import POLICY

from .archives import archive, lines, sorted_archive
from .attempts import ATTEMPTS
from .both import Case
from .erasures import ERASURES
from .rotations import ROTATIONS
from .test_insiders import ATTACKS, added
from .world import ATTESTED, MEASURED, ORIGIN, SEATS, Key, World, put, seat, sign, trust_document

JSONL, HEAD = "attestations.intoto.jsonl", "log/checkpoint"
_DICE = 31


def policy_bytes(world: World, **changes: Any) -> bytes:
    """Return a world's policy as an outsider holds it; `...` takes a field out."""
    record = {"logs": [str(NoteKey(ORIGIN, Key("log").public))], "requiredControls": []}
    record |= {"root": world.chain[0].payload_sha256, "schema": POLICY}
    record = world.edits.get("policy", lambda same: same)(record) | changes
    return canonical_json({name: value for name, value in record.items() if value is not ...})


def _note(size: int, head: bytes, origin: str = ORIGIN, key: str = "log") -> bytes:
    checkpoint = Checkpoint(origin, size, head)
    line = signature_line(NoteKey(origin, Key(key).public), Key(key).sign(checkpoint.text.encode()))
    return (checkpoint.text + "\n" + line).encode()


class _Corpus:
    def __init__(self, flips: int) -> None:
        self.flips, self.dice = flips, random.Random(_DICE)  # noqa: S311  (places, not secrets)
        self.world = World()
        self.files = self.world.contents()
        self.policy = policy_bytes(self.world)
        self.archive = sorted_archive(self.files)

    def case(self, name: str, bundle: bytes | Mapping[str, bytes], **more: Any) -> Case:
        return Case(name, bundle, more.pop("policy", self.policy), **more)

    def with_file(self, name: str, data: bytes | None) -> bytes:
        files = {**self.files, name: data}
        return sorted_archive({each: content for each, content in files.items() if content is not None})

    def flipped(self, data: bytes) -> bytes:
        bent, bit = bytearray(data), self.dice.randrange(8 * len(data))
        bent[bit // 8] ^= 1 << bit % 8
        return bytes(bent)

    def damage(self) -> Iterator[Case]:
        """Yield flipped bits, cuts, and missing or longer files."""
        yield self.case("whole", self.archive)
        yield self.case("folder", self.files)
        for number in range(self.flips):
            yield self.case(f"bit of the archive {number}", self.flipped(self.archive))
            name = self.dice.choice(sorted(self.files))
            yield self.case(f"bit of {name} {number}", self.with_file(name, self.flipped(self.files[name])))
            cut = self.dice.randrange(len(self.files[name]))
            yield self.case(f"{name} cut at {cut}", self.with_file(name, self.files[name][:cut]))
        for number in range(self.flips // 3):
            cut = self.dice.randrange(len(self.archive))
            yield self.case(f"archive cut at {cut}", self.archive[:cut])
            more = self.dice.randbytes(1 + number % 7)
            yield self.case(f"archive with more at {cut}", self.archive[:cut] + more + self.archive[cut:])
        for name in self.files:
            yield self.case(f"{name} missing", self.with_file(name, None))
            yield self.case(f"{name} longer", self.with_file(name, self.files[name] + b"\n"))
            yield self.case(f"{name} empty", self.with_file(name, b""))

    def statements(self) -> Iterator[Case]:
        """Yield lines that are dropped, doubled, in another order, or spelt otherwise."""
        every = lines(self.files)
        for number in range(len(every)):
            rest = every[:number] + every[number + 1 :]
            yield self.case(f"line {number} dropped", self.with_file(JSONL, b"".join(rest)))
        yield self.case("lines doubled", self.with_file(JSONL, b"".join(every * 2)))
        yield self.case("lines reversed", self.with_file(JSONL, b"".join(reversed(every))))
        for number in range(3):
            mixed = self.dice.sample(every, len(every))
            yield self.case(f"lines mixed {number}", self.with_file(JSONL, b"".join(mixed)))
        first = every[0]
        spelt = {
            "space after": first[:-1] + b" \n",
            "windows": first[:-1] + b"\r\n",
            "no newline at the end": b"",
            "empty line": first + b"\n",
            "url-safe": first.replace(b"+", b"-").replace(b"/", b"_"),
            "further field": first[:-2] + b',"z":1}\n',
            "type changed": first.replace(b"vnd.in-toto", b"vnd.in-tota"),
            "upper-case keyid": first.replace(b'"keyid":"', b'"keyid":"A'),
            "signature twice": first.replace(b'"signatures":[', b'"signatures":[' + _signature(first) + b","),
            "no signature": first.replace(_signature(first), b""),
            "byte order mark": b"\xef\xbb\xbf" + first,
        }
        for name, line in spelt.items():
            data = b"".join([line, *every[1:]]) if line else b"".join(every)[:-1]
            yield self.case(f"line with {name}", self.with_file(JSONL, data))

    def archives(self) -> Iterator[Case]:
        """Yield archives in other forms, with names and fields that are not allowed."""
        shuffled = dict(self.dice.sample(sorted(self.files.items()), len(self.files)))
        yield self.case("archive unsorted", archive(shuffled))
        yield self.case("archive empty", archive({}))
        yield self.case("nothing", b"")
        yield self.case("text", b"no archive at all\n" * 9)
        yield self.case("archive twice", self.archive * 2)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w", method) as opened:
                for name, data in sorted(self.files.items()):
                    opened.writestr(name, data)
            yield self.case(f"archive by another writer {method}", held.getvalue())
        names = [
            "../x",
            "/x",
            "log/../x",
            "log//x",
            "log/./x",
            "log/X",
            "c:\\x",
            "log/x\\y",
            "manifest.json\0",
            "blobs/",
        ]
        names += [
            "blobs/sha256/" + "A" * 64,
            "blobs/sha256/" + "a" * 63,
            "trust/root.0.json",
            "trust/root.1234567.json",
        ]
        names += [
            "trust/root.01.json",
            "trust/root.3.json",
            "log/" + "a" * 200,
            "log/" + "a" * 201,
            "verify.txt",
            "VERIFY.txt\n",
        ]
        names += [
            "log/consistency/5",
            "log/consistency/x",
            "log/checkpoint.tsr",
            "log/proofs/x.tlog-proof",
            "z",
            "log/tile/0/000",
        ]
        for name in names:
            yield self.case(f"file {name!r}", archive(dict(sorted({**self.files, name: b"more"}.items()))))
        wide = bytearray(self.archive)
        wide[4:6] = struct.pack("<H", 45)
        yield self.case("version 45 without need", bytes(wide))
        name, data = min(self.files.items())
        small = struct.pack("<HHQQ", 1, 16, len(data), len(data))
        head = local_header(name, len(data), 0)
        head = head[:18] + b"\xff" * 8 + head[26:28] + struct.pack("<H", 20) + head[30:] + small
        yield self.case("a wide size without need", head + self.archive[len(head) - 20 :])
        for folder in ({"x/y": b""}, {"log/checkpoint/x": b""}, {"Manifest.json": b"{}"}):
            clean = {each: content for each, content in self.files.items() if each not in {"log/checkpoint"}}
            yield self.case(f"folder with {next(iter(folder))}", {**clean, **folder})

    def texts(self) -> Iterator[Case]:
        """Yield JSON that parsers read differently, in the manifest, the policy, the assessment and a measurement."""
        tricks = {
            "a key twice": lambda t: t.replace(b"{", b'{"schema":1,', 1),
            "NaN": lambda t: t.replace(b"{", b'{"a":NaN,', 1),
            "Infinity": lambda t: t.replace(b"{", b'{"a":-Infinity,', 1),
            "a fraction": lambda t: t.replace(b"{", b'{"a":1.5,', 1),
            "an exponent": lambda t: t.replace(b"{", b'{"a":1e2,', 1),
            "a large exponent": lambda t: t.replace(b"{", b'{"a":1e999,', 1),
            "minus nought": lambda t: t.replace(b"{", b'{"a":-0,', 1),
            "the last integer": lambda t: t.replace(b"{", b'{"a":-9007199254740991,', 1),
            "an integer too large": lambda t: t.replace(b"{", b'{"a":9007199254740992,', 1),
            "many noughts": lambda t: t.replace(b"{", b'{"a":000000000000000001,', 1),
            "a plus": lambda t: t.replace(b"{", b'{"a":+1,', 1),
            "a point first": lambda t: t.replace(b"{", b'{"a":.5,', 1),
            "a point last": lambda t: t.replace(b"{", b'{"a":5.,', 1),
            "depth 32": lambda t: t.replace(b"{", b'{"a":' + b"[" * 31 + b"]" * 31 + b",", 1),
            "depth 33": lambda t: t.replace(b"{", b'{"a":' + b"[" * 32 + b"]" * 32 + b",", 1),
            "depth in a string": lambda t: t.replace(b"{", b'{"a":"' + b"[" * 99 + b'\\"[",', 1),
            "half a character": lambda t: t.replace(b"{", b'{"a":"\\ud800",', 1),
            "two halves": lambda t: t.replace(b"{", b'{"a":"\\ud83d\\ude00",', 1),
            "halves turned round": lambda t: t.replace(b"{", b'{"a":"\\ude00\\ud83d",', 1),
            "half a key": lambda t: t.replace(b"{", b'{"\\ud800":1,', 1),
            "half a character as bytes": lambda t: t.replace(b"{", b'{"a":"\xed\xa0\x80",', 1),
            "overlong": lambda t: t.replace(b"{", b'{"a":"\xc0\x80",', 1),
            "latin-1": lambda t: t.replace(b"{", b'{"a":"\xe9",', 1),
            "a byte order mark": lambda t: b"\xef\xbb\xbf" + t,
            "utf-16": lambda t: t.decode().encode("utf-16"),
            "a control character": lambda t: t.replace(b"{", b'{"a":"\x01",', 1),
            "a delete character": lambda t: t.replace(b"{", b'{"a":"\x7f",', 1),
            "an unknown escape": lambda t: t.replace(b"{", b'{"a":"\\x41",', 1),
            "an escaped slash": lambda t: t.replace(b"{", b'{"a":"\\/",', 1),
            "a short escape": lambda t: t.replace(b"{", b'{"a":"\\u12",', 1),
            "an escape in full width": lambda t: t.replace(b"{", '{"a":"\\u００４１",'.encode(), 1),
            "space": lambda t: b" \t\r\n" + t + b" \n",
            "a form feed": lambda t: b"\x0c" + t,
            "no-break space": lambda t: "\u00a0".encode() + t,
            "more after": lambda t: t + b"1",
            "a comma at the end": lambda t: t[:-1] + b",}",
            "single quotes": lambda t: t.replace(b'"', b"'"),
            "a comment": lambda t: b"/**/" + t,
            "__proto__": lambda t: t.replace(b"{", b'{"__proto__":{"schema":1},', 1),
            "constructor": lambda t: t.replace(b"{", b'{"constructor":null,', 1),
            "keys beyond the BMP": lambda t: t.replace(b"{", '{"\U0001f600":1,"\uffff":1,'.encode(), 1),
            "a list": lambda t: b"[" + t + b"]",
            "null": lambda _: b"null",
            "full-width digits": lambda t: t.replace(b"{", '{"a":１,'.encode(), 1),
        }
        measured = self.world.blobs["m0"]
        for name, trick in tricks.items():
            yield self.case(
                f"manifest with {name}", self.with_file("manifest.json", trick(self.files["manifest.json"]))
            )
            yield self.case(f"policy with {name}", self.archive, policy=trick(self.policy))
            yield from self.insider(f"assessment with {name}", World(edits={"document bytes": trick}))
            edit = {"blobs": lambda all_, trick=trick: {**all_, "m0": trick(measured)}}
            yield from self.insider(f"measurement with {name}", World(edits=edit))

    def insider(self, name: str, world: World, **changes: Any) -> Iterator[Case]:
        """Yield the bundle of another world."""
        yield Case(name, sorted_archive(world.contents()), policy_bytes(world, **changes))

    def log(self) -> Iterator[Case]:
        """Yield logs that lose, repeat or move entries, with heads that their key signed, and other heads."""
        entries = self.world.entries()
        swapped = [entries[1], entries[0], *entries[2:]]
        changed = {f"entry {n} dropped": entries[:n] + entries[n + 1 :] for n in range(0, len(entries), 3)}
        changed |= {"entries swapped": swapped, "entry doubled": [*entries, entries[3]], "no entries": []}
        spaced = json.dumps(json.loads(entries[0])).encode()
        more = {"a text": b"x", "nothing": b"", "an object": b"{}", "other spelling": spaced}
        leaf = json.loads(entries[5])
        for name, change in {
            "further": {"z": 1},
            "version 2": {"v": 2},
            "another subject": {"subject": "0" * 64},
        }.items():
            more[name] = canonical_json({**leaf, "keyid": "1" * 64, **change})
        changed |= {f"entry of {name}": [*entries, entry] for name, entry in more.items()}
        for name, kept in changed.items():
            yield from self.insider(f"log with {name}", World(edits={"entries": lambda _, kept=kept: kept}))
        leaves = self.world.leaves()
        size, head = len(leaves), root(leaves)
        heads = {
            "size 0": _note(0, root([])),
            "another root": _note(size, bytes(32)),
            "a short root": _note(size, bytes(31)),
            "a larger size": _note(size + 1, head),
            "a vast size": _note(10**18, head),
            "another origin": _note(size, head, "other.example/log"),
            "another key": _note(size, head, key="other"),
            "a leading nought": _note(size, head).replace(b"\n32\n", b"\n032\n"),
            "two empty lines": _note(size, head).replace(b"\n\n", b"\n\n\n"),
            "a signature twice": _note(size, head) + _note(size, head).splitlines(keepends=True)[-1],
            "a stranger's line": _note(size, head)
            + _note(size, head, "other.example", "x").splitlines(keepends=True)[-1],
            "a bad stranger": _note(size, head) + "— other.example AAAA\n".encode(),
            "a name with a space": _note(size, head) + "— other\u3000example AAAAAAAA\n".encode(),
            "a Japanese name": _note(size, head) + "— 信頼 AAAAAAAA\n".encode(),
            "a tab": _note(size, head).replace(b"\n32", b"\n\t32"),
            "windows lines": _note(size, head).replace(b"\n", b"\r\n"),
            "seventeen lines": _note(size, head) + "— other.example AAAAAAAA\n".encode() * 16,
            "sixteen lines": _note(size, head) + "— other.example AAAAAAAA\n".encode() * 15,
        }
        for name, note in heads.items():
            yield self.case(f"head with {name}", self.with_file(HEAD, note))
            yield self.case(f"remembered head with {name}", self.archive, last_seen=note)
        for earlier in (0, 1, 5, 31, 32):
            seen = _note(earlier, root(leaves[:earlier]))
            yield self.case(f"remembered at {earlier}", self.archive, last_seen=seen)
            for shown in ((), (1, 5, 31)):
                part = World(proofs=True, seen=shown)
                bundle = sorted_archive(part.contents())
                yield Case(f"in part, {shown}, remembered at {earlier}", bundle, policy_bytes(part), seen)
        part = World(proofs=True, seen=(5,)).contents()
        proof = sorted(name for name in part if name.startswith("log/proofs/"))[3]
        for number in range(self.flips // 3):
            name = self.dice.choice([proof, "log/consistency/5"])
            files = {**part, name: self.flipped(part[name])}
            seen = _note(5, root(leaves[:5]))
            yield Case(f"in part, bit of {name} {number}", sorted_archive(files), self.policy, seen)
        for name, data in {
            "dropped": None,
            "longer": part[proof] + b"x",
            "empty": b"",
            "cut": part[proof][:40],
        }.items():
            files = {each: content for each, content in {**part, proof: data}.items() if content is not None}
            yield Case(f"in part, a proof {name}", sorted_archive(files), self.policy)

    def policies(self) -> Iterator[Case]:
        """Yield demands that are met, not met, or no demands at all."""
        key = NoteKey(ORIGIN, Key("log").public)
        weak = "example.org/log+" + "0" * 8 + "+" + "A" * 44
        demands: dict[str, dict[str, Any]] = {
            "required and passed": {"requiredControls": [MEASURED, ATTESTED]},
            "required and not there": {"requiredControls": ["X-9"]},
            "an age": {"maxAge": 60},
            "a negative age": {"maxAge": -1},
            "an endless age": {"maxAge": 2**53 - 1},
            "a true age": {"maxAge": True},
            "no root": {"root": ...},
            "another root": {"root": "0" * 64},
            "a root that is no digest": {"root": "x"},
            "no logs": {"logs": []},
            "no field logs": {"logs": ...},
            "a bad key": {"logs": [weak]},
            "a key of another kind": {"logs": [str(NoteKey(ORIGIN, Key("log").public, b"\x04"))]},
            "a log twice": {"logs": [str(key)] * 2},
            "an unknown demand": {"quorum": 3},
            "a pinned stamp": {"tsa": [{"name": "x", "certSha256": ["0" * 64]}]},
            "no pinned stamp": {"tsa": []},
            "a quorum of none": {"witnessPolicy": "quorum none\n"},
            "a quorum with tabs": {"witnessPolicy": "#\n\n\tquorum \t none \n"},
            "a quorum after a wide space": {"witnessPolicy": "quorum\u3000none\n"},
            "a quorum with windows lines": {"witnessPolicy": "quorum none\r\n"},
            "a quorum after a no-break space": {"witnessPolicy": "\ufeffquorum none\n"},
            "an empty witness policy": {"witnessPolicy": ""},
            "another schema": {"schema": "x"},
            "a checkpoint of nothing": {"lastSeen": ""},
            "a control that is none": {"requiredControls": ["x y"]},
        }
        for name, change in demands.items():
            yield self.case(f"policy with {name}", self.archive, policy=policy_bytes(self.world, **change))
        yield self.case("long after", self.archive, now=4_200_000_000_000)
        for expires in ("0999-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z"):
            yield from self.insider(f"trust until {expires}", World(edits={"trust": put("expires", expires)}))
        for expires in (
            "9999-12-31T23:59:59Z",
            "2026-01-01T00:00:60Z",
            "2026-1-01T00:00:00Z",
            "２０２６-01-01T00:00:00Z",
        ):
            yield from self.insider(f"trust until {expires}", World(edits={"trust": put("expires", expires)}))

    def insiders(self) -> Iterator[Case]:
        """Yield bundles whose signers went wrong: the attacks of test_insiders.py, and what is only just allowed."""
        for name, (world, *_) in ATTACKS.items():
            yield from self.insider(name, world)
        for name, world in INSIDERS.items():
            yield from self.insider(name, world)


class _Rewritten(World):
    """A world whose assessment.json is changed as bytes."""

    def document(self) -> bytes:
        return self.edits["document bytes"](super().document())


def _signature(line: bytes) -> bytes:
    return canonical_json(json.loads(line)["signatures"][0])


def _member(name: str, **changes: Any) -> Any:
    """Return an edit of the roster in which one seat says something else, with its own proof."""

    def edit(roster: dict[str, Any]) -> dict[str, Any]:
        members = [seat(m["id"], **changes) if m["id"] == name else m for m in roster["members"]]
        return {**roster, "members": members}

    return edit


def _url_safe(roster: dict[str, Any]) -> dict[str, Any]:
    swapped = [{**m, "proof": m["proof"].replace("+", "-").replace("/", "_")} for m in roster["members"]]
    return {**roster, "members": swapped}


def _twice() -> dict[str, Any]:
    """Return a trust document whose coordinators sign in twos."""
    document = trust_document()
    other = Key("second")
    document["keys"][other.keyid] = other.entry("second")
    document["roles"]["coordinator"] = {"keyids": [Key("coordinator").keyid, other.keyid], "threshold": 2}
    return document


_PAIR = ["coordinator", "second"]
_SPLIT = {
    (name, MEASURED): [value] for name, value in zip(SEATS, ("pass", "pass", "fail", "fail", "pass"), strict=True)
}
_OPPOSED = {("north", ATTESTED): ["fail"]}


def _odd_ballot(predicate: dict[str, Any], name: str = "bundle", *, spaced: bool = False) -> World:
    """Return a world in which one seat says nothing, but for a ballot in a form of its own with its rationale."""
    votes = {("east", MEASURED): []}
    world = World(votes=votes)
    about = {"control": MEASURED, "round": world.round.payload_sha256, "value": "pass"} | predicate
    payload = Statement(name, world.bundle_id, formats.BALLOT, about).to_bytes()
    bare = Envelope(json.dumps(json.loads(payload)).encode() if spaced else payload, ())
    key = Key("seat-east")
    odd = Envelope(bare.payload, (Signature(key.keyid, key.sign(bare.pae)),))
    reason = sign(world.rationale(MEASURED, "pass"), "seat-east")
    return World(votes=votes, arrange=added("round", odd, reason))


INSIDERS = {
    "a ballot with more to say": _odd_ballot({"more": 1}),
    "a ballot under another name": _odd_ballot({}, "other"),
    "a ballot with spaces": _odd_ballot({}, spaced=True),
    "an odd ballot that is none": _odd_ballot({}),
    "a ballot for a value that is none": _odd_ballot({"value": "maybe"}),
    "two coordinators": World(
        trust=[(_twice(), ["root"])], signers=dict.fromkeys(("round", "close", "verdict"), _PAIR)
    ),
    "one coordinator of two": World(trust=[(_twice(), ["root"])], signers={"round": _PAIR, "close": _PAIR}),
    "a split council": World(votes=_SPLIT),
    "a dissenter": World(votes=_OPPOSED),
    "an equivocator": World(votes={("east", MEASURED): ["pass", "fail"]}),
    "two equivocators": World(votes={(name, MEASURED): ["pass", "fail"] for name in ("east", "west")}),
    "a silent seat": World(votes={("east", MEASURED): []}),
    "silent seats": World(votes={(name, MEASURED): [] for name in ("east", "west")}),
    "a seat without a known value": World(votes={("east", MEASURED): ["maybe"]}),
    "all fail": World(votes={(name, MEASURED): ["fail"] for name in SEATS}),
    "contents of every length": World(
        edits={"blobs": lambda all_: all_ | {f"length {n}": bytes([n]) * n for n in range(1, 200)}}
    ),
    "withheld rows": World(withhold=True),
    "sealed": World(edits={"round": put("sealed", True)}, seals=SEATS),
    "sealed but for one": World(edits={"round": put("sealed", True)}, seals=SEATS[:4]),
    "sealed with another vote": World(
        edits={"round": put("sealed", True), "seal": put("seals", 0, "seal", "0" * 64)}, seals=SEATS
    ),
    "sealed twice": World(
        edits={
            "round": put("sealed", True),
            "seal": lambda about: (
                about | {"seals": [*({**s, "seal": "0" * 64} for s in about["seals"]), *about["seals"]]}
            ),
        },
        seals=SEATS,
    ),
    "seals of no control": World(edits={"round": put("sealed", True), "seal": put("seals", ["0" * 64])}, seals=SEATS),
    "sealed by a word": World(edits={"round": put("sealed", "yes")}),
    "sealed by nought": World(edits={"round": put("sealed", 0)}),
    "an attempt that is true": World(edits={"round": put("attempt", True)}),
    "a round about other controls": World(edits={"round": put("controls", [MEASURED])}),
    "a verdict that is 1 for true": World(edits={"verdict": put("controls", 0, "final", 1)}),
    "a verdict with an empty council": World(edits={"verdict": put("council", {})}),
    "a verdict with false for a council": World(edits={"verdict": put("council", False)}),
    "a verdict with another council": World(edits={"verdict": put("council", {"n": 5})}),
    "a verdict with more to say": World(edits={"verdict": put("controls", 0, "more", 1)}),
    "a rationale with a conflict of 0": World(edits={"rationale": put("conflict", 0)}),
    "a rationale with a conflict of yes": World(edits={"rationale": put("conflict", "yes")}),
    "a rationale with a conflict": World(edits={"rationale": put("conflict", True)}),
    "a rationale of something unseen": World(edits={"rationale": put("inspected", ["0" * 64])}),
    "a rubric that asks for nothing": World(edits={"rubric": put("required", None)}),
    "a rubric that asks for a list": World(edits={"rubric": put("required", [])}),
    "a rubric that asks for false": World(edits={"rubric": put("required", False)}),
    "a rubric that asks for much": World(edits={"rubric": put("required", {MEASURED: {"north": 2}})}),
    "a rubric that asks for less than none": World(edits={"rubric": put("required", {MEASURED: {"north": -1}})}),
    "a rubric that asks for nothing of one": World(edits={"rubric": put("required", {MEASURED: None})}),
    "a rubric that asks for false of one": World(edits={"rubric": put("required", {MEASURED: False})}),
    "a rubric that asks for a fraction of one": World(edits={"rubric": put("required", {MEASURED: {"north": "1"}})}),
    "a rubric that asks for a person": World(
        edits={
            "rubric": put("required", {ATTESTED: {"human": 1}}),
            "roster": _member("north", strata=["north", "human"]),
        },
        votes=_OPPOSED,
    ),
    "a stratum twice in one seat": World(
        edits={"roster": lambda r: {**_member("north", strata=["north", "north"])(r), "required": {"north": 2}}}
    ),
    "a seat with another proof": World(edits={"roster": put("members", 0, "proof", "AAAA")}),
    "seats with URL-safe proofs": World(edits={"roster": _url_safe}),
    "seats of three domains": World(
        edits={"roster": lambda r: _member("west", domain="east")(_member("south", domain="east")(r))}
    ),
    "seats of four domains": World(edits={"roster": _member("west", domain="east")}),
    "seats that share a cause": World(
        edits={"roster": lambda r: _member("west", causes=["one", "z"])(_member("east", causes=["one", "a"])(r))}
    ),
    "three seats": World(edits={"roster": lambda r: {**r, "members": r["members"][:3]}}),
    "a plan that is a list": World(edits={"attestation": put("plan", [])}),
    "a plan that is a word": World(edits={"attestation": put("plan", "x")}),
    "a manifest size that is true": World(edits={"manifest": lambda m: _sized(m)}),
    "a manifest without a size": World(edits={"manifest": put("entries", 0, "annotations", "size", ...)}),
    "a manifest with a withheld word": World(edits={"manifest": put("entries", 0, "annotations", "withheld", "yes")}),
    "an exit code that is true": World(
        edits={"document": put("summary", "exitCode", True)}, votes={(n, MEASURED): ["fail"] for n in SEATS}
    ),
    "an exit code that is false": World(edits={"document": put("summary", "exitCode", False)}),
    "an exit code with a point": World(edits={"document": put("summary", "exitCode", 0.0)}),
    "a record with true for 1": World(edits={"document": put("measurements", 0, "groups", 0, "suppressed", 0)}),
    "a record without a null": World(edits={"document": put("measurements", 0, "reason", ...)}),
    "a group without a null": World(edits={"document": put("measurements", 0, "groups", 0, "note", ...)}),
    "a record with more": World(edits={"document": put("measurements", 0, "more", 1)}),
    "a leaf of a listed state": World(edits={"document": put("results", 1, "leaves", 0, "state", ["met"])}),
    "a leaf without a verdict": World(edits={"document": put("results", 1, "leaves", 0, "verdict", False)}),
    "a result of no known kind": World(edits={"document": put("results", 3, "result", "unknown")}),
    "no supersession": World(edits={"evidence1": put("supersedes", "0" * 64)}),
    "a kind that nobody knows": World(
        edits={"plan statement": lambda s: type(s)(s.subject_name, s.subject_sha256, "x", s.predicate)}
    ),
    "an evidence without a date": World(edits={"evidence0": put("finishedOn", ...)}),
    "part 0 of a vast number": World(edits={"evidence0": put("run", "parts", 2**53 - 1)}),
}
INSIDERS |= ERASURES | ROTATIONS | {name: world for name, (world, _) in ATTEMPTS.items()}
for _written in (" 0.75", "0_0.75", "０.75", "7.5e-1", "+0.75", ".75", "0.750", "nan", "inf", 0.75, 75, None, True):
    _edit = {
        "blobs": lambda all_, w=_written: {**all_, "m0": json.dumps({**json.loads(all_["m0"]), "value": w}).encode()}
    }
    INSIDERS[f"a value of {_written!r}"] = World(edits=_edit)


def _sized(manifest: dict[str, Any]) -> dict[str, Any]:
    entry = manifest["entries"][0]
    return {
        **manifest,
        "entries": [{**entry, "annotations": {**entry["annotations"], "size": True}}, *manifest["entries"][1:]],
    }


def corpus(flips: int = 40, *, every: int = 1) -> Iterator[Case]:
    """Yield the cases. flips: how many random bits to flip and files to cut; every: take only each such case.

    The insiders are always all there.
    """
    made = _Corpus(flips)
    parts = (made.damage, made.statements, made.archives, made.texts, made.log, made.policies)
    yield from islice(chain.from_iterable(part() for part in parts), 0, None, every)
    yield from made.insiders()
