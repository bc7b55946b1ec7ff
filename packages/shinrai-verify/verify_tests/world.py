"""A small bundle made by hand, with every key at hand, so that a test can be any insider.

`World.bundle` makes a bundle that verifies. Each document can be edited before it is signed, signed with other keys,
moved in the log, or left out; everything after it is then made anew to fit, as an insider would.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai.evidence.bundle import BundleParts, entry_tiles, proof_files
from shinrai_verify import verify as formats
from shinrai_verify.council import VALUES, Ballot, Roster, tally
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.keys import keyid
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.messages import say
from shinrai_verify.note import Checkpoint, NoteKey, signature_line
from shinrai_verify.trust import POLICY, ROSTER, TRUST, Policy, encode_public, parse_roster, possession_bytes

from .archives import sorted_archive

SEATS = ("north", "east", "south", "west", "zenith")
MEASURED, ATTESTED = "X-1.measured", "X-2.attested"
ORIGIN = "example.org/log"
Edit = Callable[[Any], Any]


class Key:
    """A key made from its name."""

    def __init__(self, name: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public = self._private.public_key().public_bytes_raw()
        self.keyid = keyid(self.public)

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)

    def entry(self, holder: str) -> dict[str, str]:
        return {"alg": "ed25519", "holder": holder, "public": encode_public(self.public)}


def sign(statement: Statement, *names: str) -> Envelope:
    """Sign a statement with the keys of these names."""
    bare = Envelope(statement.to_bytes(), ())
    ordered = sorted(names, key=lambda name: Key(name).keyid)
    return Envelope(bare.payload, tuple(Signature(Key(n).keyid, Key(n).sign(bare.pae)) for n in ordered))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def trust_document(version: int = 1, prev: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a trust document of the world; changes: root, root_threshold, expires, people."""
    roots = changes.get("root", ["root"])
    people = changes.get("people", ["yamada"])
    roles = {
        role: {"keyids": [Key(changes.get(role, role)).keyid], "threshold": 1}
        for role in ("admin", "producer", "coordinator")
    }
    roles["root"] = {"keyids": [Key(name).keyid for name in roots], "threshold": changes.get("root_threshold", 1)}
    roles["attestor"] = {"keyids": [Key(name).keyid for name in people], "threshold": 1}
    holders = {*roots, *people, *(changes.get(role, role) for role in ("admin", "producer", "coordinator"))}
    return {
        "expires": changes.get("expires", "2099-01-01T00:00:00Z"),
        "keys": {Key(name).keyid: Key(name).entry(name) for name in sorted(holders)},
        "prev": prev,
        "roles": roles,
        "version": version,
    }


def seat(name: str, key: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a roster entry with its proof of possession."""
    signer = Key(key or f"seat-{name}")
    entry = {
        "alg": "ed25519",
        "causes": [f"program:{name}"],
        "domain": name,
        "id": name,
        "kind": "tool",
        "public": encode_public(signer.public),
        "strata": [name],
        **changes,
    }
    return {**entry, "proof": encode_public(signer.sign(possession_bytes(entry)))}


def measurement(part: int) -> dict[str, Any]:
    """Return a measurement as it is signed."""
    return {
        "id": f"t.check.all.metric{part}",
        "target": "t",
        "check": "check",
        "metric": f"metric{part}",
        "columns": ["group"],
        "title": {"en": "Rate", "ja": "率"},
        "value": "0.75",
        "low": "0.5",
        "high": "1.0",
        "level": "0.95",
        "n": 60,
        "coverage": {"used": 60, "asked": 60},
        "outcome": "pass",
        "rule": {"comparison": "at_least", "limit": "0.25"} if part == 0 else None,
        "decisive": part == 0,
        "method": "rate",
        "reason": None,
        "neededN": None,
        "groups": [
            {"levels": ["a"], "n": 30, "successes": 20, "trials": 30, "suppressed": False, "note": None}
            | {"value": "0.5", "low": "0.25", "high": None}
        ],
        "findings": [],
        "counts": {},
    }


def _record(part: int, payload: str, index: int) -> dict[str, Any]:
    signed = measurement(part)
    same = ("id", "target", "check", "metric", "columns", "title", "n", "outcome", "decisive", "method", "reason")
    return {
        **{name: signed[name] for name in (*same, "neededN", "findings")},
        "value": 0.75,
        "interval": {"low": 0.5, "high": 1.0, "level": 0.95},
        "coverage": {"part": 60, "whole": 60},
        "comparison": "at_least" if part == 0 else None,
        "limit": 0.25 if part == 0 else None,
        "groups": [
            {"levels": ["a"], "n": 30, "successes": 20, "trials": 30, "suppressed": False, "note": None}
            | {"value": 0.5, "interval": None}
        ],
        "shows": [MEASURED],
        "evidence": payload,
        "logIndex": index,
        "measuredOn": "2026-01-01T00:00:00Z",
        "validUntil": "2026-06-30",
    }


@dataclass
class World:
    """What may be changed before a bundle is made.

    edits: name of a document -> function that takes it and returns what is signed instead. signers: name -> keys.
    arrange: takes the log as (name, envelope) pairs and returns what is logged. show: picks what the bundle shows.
    votes: (seat, control) -> values with a rationale. files: last change of the bundle's files. proofs: show the log in
    part, with the continuation from these sizes seen. seals: seats that seal their votes before they are opened.
    standalone: the round is held by itself, so that the bundle is its record. seats: who votes. canaries: known
    answers, committed to before the round and told after it.
    """

    edits: Mapping[str, Edit] = field(default_factory=dict)
    signers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    arrange: Edit = lambda log: log
    show: Edit = lambda log: log
    files: Edit = lambda files: files
    votes: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    trust: Sequence[tuple[dict[str, Any], Sequence[str]]] = ()
    log_key: str = "log"
    withhold: bool = False
    proofs: bool = False
    seen: Sequence[int] = ()
    seals: Sequence[str] = ()
    standalone: bool = False
    seats: Sequence[str] = SEATS
    canaries: Mapping[str, str] = field(default_factory=dict)

    def _edit(self, name: str, document: Any) -> Any:
        return self.edits.get(name, lambda same: same)(document)

    def _sign(self, name: str, statement: Statement, *keys: str) -> Envelope:
        return sign(statement, *self.signers.get(name, keys))

    def _statement(self, name: str, subject: tuple[str, str], kind: str, predicate: dict[str, Any]) -> Statement:
        return self._edit(f"{name} statement", Statement(*subject, kind, self._edit(name, predicate)))

    # What the evidence is about and rests on.

    @cached_property
    def blobs(self) -> dict[str, bytes]:
        """Contents by name."""
        found = {"material": b'{"system":"x"}', "rows": b"approved,group\n1,a\n", "scope": b'{"excluded":["X-3"]}'}
        found |= {f"m{part}": canonical_json(measurement(part)) for part in (0, 1)}
        return self._edit("blobs", found)

    @cached_property
    def subject(self) -> tuple[str, str]:
        return "x", sha256(self.blobs["material"])

    def item(self, name: str) -> dict[str, Any]:
        return {"digest": {"sha256": sha256(self.blobs[name])}, "mediaType": "text/plain", "name": name}

    @cached_property
    def manifest(self) -> bytes:
        kinds = {"instructions": "instructions", "rows": "evaluation"}
        contents = {**self.blobs, "instructions": b"echo verified\n"}
        entries = [
            {
                "annotations": {"kind": kinds.get(n, "document"), "size": len(data)}
                | {"withheld": self.withhold and n == "rows"},
                "digest": {"sha256": sha256(data)},
                "mediaType": "text/plain",
                "name": n,
            }
            for n, data in sorted(contents.items(), key=lambda pair: sha256(pair[1]))
        ]
        subject = {"digest": {"sha256": self.subject[1]}, "name": "x", "version": "1"}
        record = {"entries": entries, "schema": formats.BUNDLE, "subject": subject}
        return canonical_json(self._edit("manifest", record))

    @property
    def bundle_id(self) -> str:
        return sha256(self.manifest)

    # The log, in order.

    @cached_property
    def chain(self) -> list[Envelope]:
        """The trust documents."""
        if self.trust:
            return [sign(Statement("trust", "0" * 64, TRUST, doc), *keys) for doc, keys in self.trust]
        return [self._sign("trust", Statement("trust", "0" * 64, TRUST, self._edit("trust", trust_document())), "root")]

    @cached_property
    def before_round(self) -> list[tuple[str, Envelope]]:
        first = self.chain[0].payload_sha256
        members = {"members": [seat(name) for name in self.seats], "required": self._required, "version": 1}
        log = [(f"trust{n}", envelope) for n, envelope in enumerate(self.chain, start=1)]
        roster = self._statement("roster", ("council", first), ROSTER, members)
        log.append(("roster", self._sign("roster", roster, "admin")))
        rubric = self._statement("rubric", ("rubric", first), formats.RUBRIC, {"version": 1})
        log.append(("rubric", self._sign("rubric", rubric, "admin")))
        log += [("attestation", self._attested()), ("approval", self._approved())]
        plan = {"checks": ["t/check"], "controls": [ATTESTED, MEASURED], "items": [self.item("rows")]}
        planned = self._sign("plan", self._statement("plan", self.subject, formats.PLAN, plan), "producer")
        log.append(("plan", planned))
        log += [(f"evidence{part}", self._measured(part, planned.payload_sha256)) for part in (0, 1)]
        if self.canaries:
            about = {
                "answers": {"digest": {"sha256": formats.answers_sha256(self._answers)}},
                "items": len(self.canaries),
            }
            committed = self._statement("canaries", ("bundle", self.bundle_id), formats.CANARIES, about)
            log.append(("canaries", self._sign("canaries", committed, "admin")))
        return log

    @cached_property
    def _roster(self) -> Roster:
        return parse_roster({"members": [seat(name) for name in self.seats], "required": self._required}, "roster")

    @property
    def _required(self) -> dict[str, int]:
        return {"north": 1} if "north" in self.seats else {}

    @property
    def _answers(self) -> dict[str, Any]:
        answers = [{"answer": self.canaries[control], "control": control} for control in sorted(self.canaries)]
        return {"answers": answers, "salt": "5a" * 32}

    def _person(self) -> dict[str, Any]:
        person = {"name": {"en": "Yamada", "ja": "山田"}, "position": {"en": "Lead", "ja": "責任者"}}
        return {"decider": "yamada", "person": person, "signedOn": "2026-01-01T00:00:00Z", "validUntil": "2026-06-30"}

    def _attested(self) -> Envelope:
        about = {"kind": "attestation", "attestation": "affirmed", "choice": "affirm", "controls": [ATTESTED]}
        about |= {"items": [self.item("material")], "statement": {"en": "Yes", "ja": "はい"}, **self._person()}
        return self._sign(
            "attestation", self._statement("attestation", self.subject, formats.EVIDENCE, about), "yamada"
        )

    def _approved(self) -> Envelope:
        about = {"kind": "decision", "choice": "approve-scope", "controls": ["X-3"], **self._person()}
        about |= {"items": [self.item("scope")]}
        return self._sign("approval", self._statement("approval", self.subject, formats.EVIDENCE, about), "yamada")

    def _measured(self, part: int, plan: str) -> Envelope:
        about = {
            "kind": "evaluation",
            "controls": [MEASURED],
            "finishedOn": "2026-01-01T00:00:00Z",
            "items": [self.item(f"m{part}"), self.item("rows")],
            "plan": plan,
            "run": {"check": "t/check", "part": part, "parts": 2},
            "validUntil": "2026-06-30",
        }
        name = f"evidence{part}"
        return self._sign(name, self._statement(name, self.subject, formats.EVIDENCE, about), "producer")

    def payload(self, name: str) -> str:
        """Return the digest of a document logged before the votes."""
        return dict([*self.before_round, ("round", self.round)])[name].payload_sha256

    @cached_property
    def round(self) -> Envelope:
        before = dict(self.before_round)
        about = {"attempt": 1, "controls": [MEASURED, ATTESTED], "log": {"origin": ORIGIN}, "prevRound": None}
        about |= {name: before[name].payload_sha256 for name in ("roster", "rubric")}
        about |= {"trust": before["trust1"].payload_sha256} | ({"standalone": True} if self.standalone else {})
        return self._sign(
            "round", self._statement("round", ("bundle", self.bundle_id), formats.ROUND, about), "coordinator"
        )

    def ballot(self, control: str, value: str) -> Statement:
        return formats.ballot(self.bundle_id, self.round.payload_sha256, control, value)

    def rationale(self, control: str, value: str) -> Statement:
        names = ("evidence0", "evidence1") if control == MEASURED else ("attestation",)
        about = {"control": control, "inspected": [self.payload(name) for name in names], "value": value}
        about |= {"round": self.round.payload_sha256}
        return self._statement("rationale", ("bundle", self.bundle_id), formats.RATIONALE, about)

    @cached_property
    def cast(self) -> list[tuple[str, Envelope]]:
        log = []
        for name in self.seats:
            for control in (MEASURED, ATTESTED):
                for value in self.votes.get((name, control), ["pass"]):
                    key = f"seat-{name}"
                    log.append((f"{name} {control} ballot", sign(self.ballot(control, value), key)))
                    log.append((f"{name} {control} rationale", sign(self.rationale(control, value), key)))
        return log

    def _sealed(self) -> list[tuple[str, Envelope]]:
        """Return the seals of the seats, and the reveal after them."""
        if not self.seals:
            return []
        about, of_bundle = {"round": self.round.payload_sha256}, ("bundle", self.bundle_id)
        log = []
        for name in self.seals:
            mine = [e for place, e in self.cast if place.startswith(name) and place.endswith("ballot")]
            seals = {
                **about,
                "seals": [
                    {"control": json.loads(e.payload)["predicate"]["control"], "seal": sha256(e.signatures[0].sig)}
                    for e in mine
                ],
            }
            log.append((f"{name} seal", sign(self._statement("seal", of_bundle, formats.SEAL, seals), f"seat-{name}")))
        reveal = self._statement("reveal", of_bundle, formats.REVEAL, about)
        return [*log, ("reveal", self._sign("reveal", reveal, "coordinator"))]

    @cached_property
    def certificates(self) -> dict[str, bytes]:
        """Certificate by control."""
        found = {}
        for control, counted in self.tallies.items():
            if counted.outcome in VALUES:
                names = [f"seat-{member}" for member in counted.voters[counted.outcome]]
                found[control] = sign(self.ballot(control, counted.outcome), *names).to_bytes()
        return self._edit("certificates", found)

    @cached_property
    def tallies(self) -> dict[str, Any]:
        return {
            control: tally(
                self._roster, [Ballot(s, v) for s in self.seats for v in self.votes.get((s, control), ["pass"])]
            )
            for control in (MEASURED, ATTESTED)
        }

    def _summed_up(self) -> list[tuple[str, Envelope]]:
        of_bundle, round_id = ("bundle", self.bundle_id), self.round.payload_sha256
        close = self._statement("close", of_bundle, formats.CLOSE, {"round": round_id})
        controls = [
            {
                **formats.verdict_record(c, t),
                "certificate": sha256(self.certificates[c]) if t.outcome in VALUES else None,
            }
            for c, t in sorted(self.tallies.items())
        ]
        summed: dict[str, Any] = {"controls": controls, "round": round_id}
        if self.standalone:
            summed["council"] = formats.council_record(self._roster)
        verdict = self._statement("verdict", of_bundle, formats.VERDICT, summed)
        return [
            ("close", self._sign("close", close, "coordinator")),
            ("verdict", self._sign("verdict", verdict, "coordinator")),
            *self._told(),
        ]

    def _told(self) -> list[tuple[str, Envelope]]:
        if not self.canaries:
            return []
        about = {"round": self.round.payload_sha256, **self._answers}
        told = self._statement("answers", ("bundle", self.bundle_id), formats.ANSWERS, about)
        return [("answers", self._sign("answers", told, "admin"))]

    def _leaf(self, control: str) -> dict[str, Any]:
        outcome = self.tallies[control].outcome
        states = {"pass": "met", "fail": "not_met"}
        return {"id": control, "state": states.get(outcome, "not_assessed"), "verdict": {"outcome": outcome}}

    def document(self) -> bytes:
        """Return assessment.json."""
        leaves = [self._leaf(control) for control in (MEASURED, ATTESTED)]
        parts = [leaf["state"] for leaf in leaves]
        whole = "met" if parts == ["met", "met"] else "not_met" if "not_met" in parts else "partly"
        whole = whole if {"met", "not_met"} & set(parts) else "not_assessed"
        results = [
            {"id": "X", "leaves": [], "principle": None, "required": True, "result": whole},
            {"id": "X-1", "leaves": leaves[:1], "principle": "X", "required": False, "result": parts[0]},
            {"id": "X-2", "leaves": leaves[1:], "principle": "X", "required": False, "result": parts[1]},
            {"id": "X-3", "leaves": [{"id": "X-3.none", "state": "not_assessed", "verdict": None}], "principle": "X"}
            | {"required": False, "result": "not_applicable", "exclusion": {"en": "No", "ja": "否"}},
        ]
        conclusion = {"met": "met", "not_met": "not_met"}.get(whole, "undecided")
        codes = {"met": 0, "not_met": 1, "undecided": 2}
        index = self._indexes()
        person = {"by": self._person()["person"]["name"], "position": self._person()["person"]["position"]}
        person |= {"expires": "2026-06-30", "signedOn": "2026-01-01T00:00:00Z"}
        attestation = {"id": "affirmed", "shows": ATTESTED, "statement": {"en": "Yes", "ja": "はい"}, "signed": True}
        document = {
            "results": results,
            "summary": {"conclusion": conclusion, "exitCode": codes[conclusion]},
            "measurements": [_record(p, self.payload(f"evidence{p}"), index[f"evidence{p}"]) for p in (0, 1)],
            "attestations": [
                {**attestation, **person, "evidence": self.payload("attestation"), "logIndex": index["attestation"]},
                {"id": "later", "signed": False},
            ],
            "approvals": [
                {"covers": ["X-3"], **person, "evidence": self.payload("approval"), "logIndex": index["approval"]}
            ],
        }
        return json.dumps(self._edit("document", document), indent=1).encode()

    def _indexes(self) -> dict[str, int]:
        """Return where each entry will stand: one leaf for each signature."""
        places, size = {}, 0
        for name, envelope in self.arrange([*self._voted, ("assessment", self.round)]):
            places[name], size = size, size + len(envelope.signatures)
        return places

    @cached_property
    def _voted(self) -> list[tuple[str, Envelope]]:
        return [*self.before_round, ("round", self.round), *self._sealed(), *self.cast, *self._summed_up()]

    @cached_property
    def log(self) -> list[tuple[str, Envelope]]:
        whole = [*self._voted]
        if self.standalone:
            return self.arrange(whole)
        about = {"bundle": self.bundle_id, "items": [{"digest": {"sha256": sha256(self.document())}}]}
        assessment = self._statement("assessment", self.subject, formats.ASSESSMENT, about)
        whole.append(("assessment", self._sign("assessment", assessment, "producer")))
        return self.arrange(whole)

    def entries(self) -> list[bytes]:
        found = []
        for _, envelope in self.log:
            said = json.loads(envelope.payload)
            about = said["predicateType"], said["subject"][0]["digest"]["sha256"]
            found += [leaf for leaf, _ in formats.envelope_leaves(envelope, *about)]
        return self._edit("entries", found)

    def leaves(self) -> list[bytes]:
        return [leaf_hash(entry) for entry in self.entries()]

    @property
    def policy(self) -> Policy:
        """What an outsider trusts who was given the right thing."""
        record = {"logs": [str(NoteKey(ORIGIN, Key("log").public))], "requiredControls": []}
        record |= {"root": self.chain[0].payload_sha256, "schema": POLICY}
        return Policy.from_bytes(canonical_json(self._edit("policy", record)))

    def contents(self) -> dict[str, bytes]:
        """Return the bundle's files."""
        entries = self.entries()
        leaves = [leaf_hash(entry) for entry in entries]
        head = Checkpoint(ORIGIN, len(leaves), root(leaves))
        key = NoteKey(ORIGIN, Key(self.log_key).public)
        note = head.text + "\n" + signature_line(key, Key(self.log_key).sign(head.text.encode()))
        files = {
            "manifest.json": self.manifest,
            "VERIFY.txt": b"echo verified\n",
            "attestations.intoto.jsonl": b"".join(e.to_bytes() + b"\n" for _, e in self.show(self.log)),
            "log/checkpoint": self._edit("note", note.encode()),
            **{f"trust/root.{n}.json": envelope.to_bytes() for n, envelope in enumerate(self.chain, start=1)},
        }
        shown = [envelope for _, envelope in self.show(self.log)]
        parts = BundleParts(b"", {}, shown, [], files["log/checkpoint"], leaves, b"", seen=self.seen)
        files |= dict(proof_files(parts) if self.proofs else entry_tiles(entries))
        document = [] if self.standalone else [self.document()]
        for data in (*self.blobs.values(), *self.certificates.values(), *document):
            if not (self.withhold and data == self.blobs["rows"]):
                files[f"blobs/sha256/{sha256(data)}"] = data
        return self.files(files)

    def bundle(self, folder: Path) -> Path:
        """Write the bundle into a folder."""
        path = folder / "bundle.zip"
        path.write_bytes(sorted_archive(self.contents()))
        return path

    def verified(self, folder: Path, **more: Any) -> formats.Verification:
        """Make the bundle and verify it."""
        return formats.verify(self.bundle(folder), self.policy, **more)


def said(outcome: formats.Verification) -> str:
    """Return what a verification found wrong, in English."""
    return "; ".join(f"{s.code} {say('en', s.text, s.fields)}" for s in outcome.steps if s.exit_class)


def put(*path: Any) -> Edit:
    """Return an edit that puts the last argument where the others lead; `...` there takes it out."""
    *way, last, value = path

    def edit(document: Any) -> Any:
        inner = document
        for name in way:
            inner = inner[name]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
        return document

    return edit
