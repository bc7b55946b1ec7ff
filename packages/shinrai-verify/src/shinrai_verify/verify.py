"""Verify a bundle offline, step by step, and say what was checked.

Exit classes: 0 verified, 1 tampered or invalid, 2 incomplete (something is withheld or missing), 3 policy not met.
A bundle that verifies is authentic and complete; whether the system passed is what its verdicts say. Two levels are
told apart: L1 rests on the certificates and keys alone, L2 on the log as well.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shinrai_verify import NAMESPACE
from shinrai_verify.assessment import WHAT, check_assessment
from shinrai_verify.bundle import open_bundle
from shinrai_verify.council import (
    PASS,
    VALUES,
    Ballot,
    Roster,
    Tally,
    certifies,
    late,
    required_strata,
    tally,
)
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named, canonical_json, digest, identifier, shaped, strict_json, unbase64
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import consistent, included, leaf_hash, root
from shinrai_verify.note import LOG, Checkpoint, open_proof, read_note
from shinrai_verify.timestamp import stamped
from shinrai_verify.trust import ROSTER, TRUST, Policy, follow, parse_roster

BUNDLE = NAMESPACE + "bundle/v1"
EVIDENCE = NAMESPACE + "evidence/v1"
PLAN = NAMESPACE + "plan/v1"
ABANDONMENT = NAMESPACE + "abandonment/v1"
RUBRIC = NAMESPACE + "council-rubric/v1"
ROUND = NAMESPACE + "council-round/v1"
SEAL = NAMESPACE + "council-seal/v1"
REVEAL = NAMESPACE + "council-reveal/v1"
BALLOT = NAMESPACE + "council-ballot/v1"
RATIONALE = NAMESPACE + "council-rationale/v1"
CLOSE = NAMESPACE + "council-close/v1"
VERDICT = NAMESPACE + "council-verdict/v1"
ASSESSMENT = NAMESPACE + "assessment/v1"
REVOCATION = NAMESPACE + "revocation/v1"
WITHHELD = NAMESPACE + "withheld/v1"

_SIGNERS = {
    **dict.fromkeys((ROSTER, RUBRIC, REVOCATION, WITHHELD), "admin"),
    **dict.fromkeys((PLAN, ABANDONMENT, ASSESSMENT), "producer"),
    **dict.fromkeys((ROUND, REVEAL, CLOSE, VERDICT), "coordinator"),
}
_MEMBERS = (SEAL, BALLOT, RATIONALE)
_ITEMS = [{"digest": {"sha256": digest}}]
_OF_ROUND = {"round": digest}
_VOTE = {**_OF_ROUND, "control": str, "value": str}
_SHAPES: Mapping[str, Any] = {
    EVIDENCE: {"kind": str, "controls": [identifier], "items": _ITEMS, "supersedes": (digest,), "plan": (digest,)},
    PLAN: {"checks": [str], "controls": [identifier], "items": _ITEMS},
    ABANDONMENT: {"plan": digest, "reason": str},
    ROUND: {"attempt": int, "controls": [identifier], "log": {"origin": str}, "prevRound": (digest,), "sealed": (bool,)}
    | dict.fromkeys(("roster", "rubric", "trust"), digest),
    SEAL: {**_OF_ROUND, "seals": [{"control": identifier, "seal": digest}]},
    BALLOT: _VOTE,
    RATIONALE: {**_VOTE, "inspected": [digest], "conflict": (bool,)},
    **dict.fromkeys((REVEAL, CLOSE), _OF_ROUND),
    VERDICT: {**_OF_ROUND, "controls": [{"control": identifier, "outcome": str, "certificate": (digest,)}]}
    | {"council": (dict,)},
    ASSESSMENT: {"bundle": digest, "items": _ITEMS, "plan": (digest,)},
    REVOCATION: {"keyid": digest, "invalidFromIndex": int},
    WITHHELD: {"items": _ITEMS, "reason": str, "when": str},
}
_MANIFEST_ENTRY = {"name": str, "digest": {"sha256": digest}, "annotations": {"size": int}}
_MANIFEST = {"schema": str, "subject": {"digest": {"sha256": digest}}, "entries": [_MANIFEST_ENTRY]}
_LEAF = {**dict.fromkeys(("keyid", "pae", "payload", "subject"), digest), "sig": str, "type": str, "v": int}
_RUN = {"run": {"check": str, "part": int, "parts": int}}
_STATEMENTS, _CHECKPOINT, _TOKEN = "attestations.intoto.jsonl", "log/checkpoint", "log/checkpoint.tsr"


def leaf_bytes(keyid: str, signature: str, pae: str, payload: str, subject: str, predicate_type: str) -> bytes:
    """Return the log entry of one signature: what was signed about what, by whom, and how; not the malleable envelope.

    pae, payload, subject: SHA-256. The subject lets a reader see that an entry about a system was left out.
    """
    about = {"keyid": keyid, "pae": pae, "payload": payload, "sig": signature, "subject": subject}
    return canonical_json({**about, "type": predicate_type, "v": 1})


def tile_names(size: int, kind: str = "0") -> list[tuple[str, int]]:
    """Return names and widths of the tiles of a log of this size (C2SP tlog-tiles, 256 each); kind: 0 or entries."""
    names = []
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        parts = [f"{number % 1000:03}"]
        while number := number // 1000:
            parts.insert(0, f"x{number % 1000:03}")
        names.append((f"log/tile/{kind}/" + "/".join(parts) + (f".p/{width}" if width < 256 else ""), width))
    return names


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified statement and its place in the log. sig: SHA-256 of the signature."""

    index: int
    keyid: str
    sig: str
    payload_sha256: str
    statement: Statement

    @property
    def about(self) -> Mapping[str, Any]:
        """The predicate."""
        return self.statement.predicate


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the verification: code V1 to V11 or L1, exit class (0 is good), and a sentence with its fields."""

    code: str
    exit_class: int
    text: str
    fields: Mapping[str, object]


@dataclass
class Verification:
    """What was checked and what came out. exit_code: 1 before 2 before 3 before 0.

    certified: control -> value that a certificate shows, whatever the log says. late: control -> "contested" or "void"
    by votes outside the round. times: who vouches for the head's time -> when. runs: other runs on the same system.
    erased: digest of a listed content -> the entry that declares it erased.
    """

    steps: list[Step] = field(default_factory=list)
    bundle_id: str | None = None
    subject: Mapping[str, Any] | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_note: bytes | None = None
    certified: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    late: dict[str, str] = field(default_factory=dict)
    roster: Roster | None = None
    withheld: list[str] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    times: dict[str, datetime] = field(default_factory=dict)
    revoked: dict[str, int] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of the whole."""
        return _worst(self.steps)

    @property
    def levels(self) -> Mapping[str, int]:
        """The exit class of each level. L1: contents, trust and certificates; L2: with the log, so the whole."""
        alone = [step for step in self.steps if step.code in ("V1", "V2", "L1")]
        return {"L1": _worst(alone) if any(s.code == "L1" for s in alone) else 1, "L2": self.exit_code}

    def note(self, code: str, exit_class: int, text: str, **fields: object) -> None:
        """Record a step."""
        self.steps.append(Step(code, exit_class, text, fields))


def _worst(steps: Iterable[Step]) -> int:
    found = {step.exit_class for step in steps}
    return next((code for code in (1, 2, 3) if code in found), 0)


def verify(path: Path, policy: Policy, *, last_seen: bytes | None = None, now: datetime | None = None) -> Verification:
    """Verify the bundle at a path. last_seen: checkpoint note of an earlier visit; now: the time to judge expiry at."""
    outcome = Verification()
    work = _Work(path, policy, outcome, last_seen, now or datetime.now(UTC))
    for code, step in _STEPS:
        try:
            step(work)
        except Fault as fault:
            outcome.note(code, 1, fault.text, **fault.fields)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
            # A signed statement of an unforeseen shape: refuse it, never crash over it.
            outcome.note(code, 1, "a statement or document is not of the expected shape")
        if code != "L1" and _worst(s for s in outcome.steps if s.code != "L1") == 1:
            break
    return outcome


class _Work:
    """The state that the steps hand on; each step either records what it found or raises a Fault."""

    def __init__(self, path: Path, policy: Policy, outcome: Verification, seen: bytes | None, now: datetime) -> None:
        self.path, self.policy, self.outcome, self.now = path, policy, outcome, now
        self.seen = [note for note in (seen, policy.last_seen) if note is not None]
        self.held: set[str] = set()
        self.named: dict[str, str] = {}
        self.used = {_CHECKPOINT}
        self.entries: dict[int, Entry] = {}
        self.rosters: dict[str, Roster] = {}
        self.signed: list[tuple[str, Envelope, Statement]] = []
        self.certifiers: dict[tuple[str, str], set[str]] = {}
        self.leaves: list[bytes] = []
        self.index_of: dict[bytes, int] = {}
        self.ours: dict[int, str] = {}
        self.superseded: set[str] = set()

    def of(self, *types: str, round_id: str | None = None) -> list[Entry]:
        """Return the entries of these types in log order; round_id: only those of this round."""
        found = [e for _, e in sorted(self.entries.items()) if e.statement.predicate_type in types]
        return [e for e in found if round_id is None or e.about.get("round") == round_id]

    def once(self, kind: str, *, round_id: str | None = None) -> list[Entry]:
        """Return the same, each statement once, at its first place: a threshold of signers makes several entries."""
        first: dict[str, Entry] = {}
        for entry in self.of(kind, round_id=round_id):
            first.setdefault(entry.payload_sha256, entry)
        return list(first.values())

    def logged(self, payload_sha256: object, kind: str, before: int, what: str) -> Entry:
        for entry in self.of(kind):
            if entry.payload_sha256 == payload_sha256 and entry.index < before:
                return entry
        raise Fault("{what} rests on a statement that was not logged before it ({kind})", what=what, kind=kind)

    def contents(self) -> None:
        bundle = self.bundle = open_bundle(self.path)
        what, raw = "manifest.json", bundle.read("manifest.json")
        manifest = shaped(strict_json(raw, what), _MANIFEST, what)
        if manifest["schema"] != BUNDLE or canonical_json(manifest) != raw:
            raise Fault("{what} is not in the form that Shinrai writes", what=what)
        self.outcome.bundle_id, self.outcome.subject = bundle.sha256[what], manifest["subject"]
        self.subject = manifest["subject"]["digest"]["sha256"]
        missing: list[str] = []
        instructed = False
        for entry in manifest["entries"]:
            sha256, about, name = entry["digest"]["sha256"], entry["annotations"], entry["name"]
            if sha256 in self.held:
                raise Fault("{what} lists one content twice", what=what)
            self.held.add(sha256)
            self.named[sha256] = name
            file = "VERIFY.txt" if about.get("kind") == "instructions" else f"blobs/sha256/{sha256}"
            instructed = instructed or file == "VERIFY.txt"
            if file not in bundle.sha256:
                (self.outcome.withheld if about.get("withheld") is True else missing).append(name)
            elif bundle.sha256[file] != sha256 or bundle.sizes[file] != about.get("size"):
                raise Fault("{name} is not what the manifest says it is", name=name[:120])
        for name, sha256 in bundle.sha256.items():
            if (name == "VERIFY.txt" and not instructed) or (name.startswith("blobs/") and not name.endswith(sha256)):
                raise Fault("{name} is not what the manifest says it is", name=name)
        text = "{n} files read, each has the content that the manifest names"
        self.outcome.note("V1", 0, text, n=len(bundle.sha256))
        if missing:
            self.outcome.note("V1", 2, "missing: {names}", names=", ".join(missing)[:400])
        if self.outcome.withheld:
            self.outcome.note("V1", 2, "withheld: {names}", names=", ".join(self.outcome.withheld)[:400])

    def chain(self) -> None:
        names = sorted((n for n in self.bundle.sha256 if n.startswith("trust/")), key=lambda n: int(n.split(".")[1]))
        if names != [f"trust/root.{number}.json" for number in range(1, len(names) + 1)]:
            raise Fault("the chain of trust documents has a gap")
        self.trust = follow([_envelope(self.bundle.read(name), name) for name in names], self.policy.root)
        text = "the trust document you were given leads to the keys used ({n} in the chain)"
        self.outcome.note("V2", 0, text, n=len(names))

    def signatures(self) -> None:
        keys = {keyid: key for trust in self.trust for keyid, key in trust.public.items()}
        waiting = []
        for number, line in enumerate(self.bundle.lines(_STATEMENTS), 1):
            what = f"{_STATEMENTS}:{number}"
            envelope = _envelope(line, what)
            if all(s.keyid in keys for s in envelope.signatures):
                self._read(envelope, keys, what)
            else:
                waiting.append((what, envelope))
        for _, envelope, statement in self.signed:
            if statement.predicate_type == ROSTER:
                self.rosters[envelope.payload_sha256] = parse_roster(statement.predicate, Named("the roster"))
        keys = {member.keyid: member.public for roster in self.rosters.values() for member in roster.members} | keys
        for what, envelope in waiting:
            self._read(envelope, keys, what)

    def _read(self, envelope: Envelope, keys: Mapping[str, bytes], what: str) -> None:
        pae = envelope.pae
        for signature in envelope.signatures:
            if signature.keyid not in keys:
                raise Fault("{what} is signed by a key that nobody vouches for", what=what)
            if not verifies(keys[signature.keyid], signature.sig, pae):
                raise Fault("{what}: the signature is not good", what=what)
        self.signed.append((what, envelope, Statement.from_bytes(envelope.payload, what)))

    def certificates(self) -> None:
        """L1: who certified what, by certificates and keys alone; where the log is forked this still holds."""
        by_payload: dict[str, tuple[Envelope, Statement]] = {}
        for _, envelope, statement in self.signed:
            # A statement may stand on several lines, each with some of its signers.
            known = by_payload.get(envelope.payload_sha256, (envelope,))[0].signatures
            together = tuple(dict.fromkeys((*known, *envelope.signatures)))
            by_payload[envelope.payload_sha256] = (Envelope(envelope.payload, together), statement)
        for verdict, summary in by_payload.values():
            if summary.predicate_type != VERDICT:
                continue
            claims = shaped(summary.predicate, _SHAPES[VERDICT], Named("the verdict"))["controls"]
            held, council = by_payload.get(summary.predicate["round"], (None, None))
            signed = by_payload.get(council.predicate["roster"], (None, None))[0] if council else None
            ours = council and (council.predicate_type, council.subject_sha256) == (ROUND, self.outcome.bundle_id)
            if held is None or signed is None or council is None or not ours:
                raise Fault("a verdict is of a council round that is not here")
            for role, envelope in (("admin", signed), ("coordinator", held), ("coordinator", verdict)):
                if not any(trust.signed_by(envelope, role) for trust in self.trust):
                    what = Named("the verdict")
                    raise Fault("{what} is not signed by enough keys of the role {role}", what=what, role=role)
            roster, rubric = self.rosters[signed.payload_sha256], by_payload.get(council.predicate["rubric"])
            for claim in claims:
                control, value = claim["control"], claim["outcome"]
                if value in VALUES:
                    what = Named("the certificate of {name}", name=control)
                    voters = self._certificate(
                        digest(claim["certificate"], what), held.payload_sha256, control, value, roster
                    )
                    self.certifiers[held.payload_sha256, control] = voters
                    if not certifies(roster, voters, _strata(rubric and rubric[1].predicate, control)):
                        raise Fault("{what} does not carry the votes it claims", what=what)
                    self.outcome.certified[control] = value
        text = "{n} certificates carry enough good signatures, whatever the log says"
        self.outcome.note("L1", 0, text, n=len(self.outcome.certified))

    def _certificate(self, sha256: str, round_id: str, control: str, value: str, roster: Roster) -> set[str]:
        what = Named("the certificate of {name}", name=control)
        envelope = _envelope(self._blob(sha256), what)
        self.held.add(sha256)
        if envelope.payload != ballot(str(self.outcome.bundle_id), round_id, control, value).to_bytes():
            raise Fault("{what} does not carry the votes it claims", what=what)
        by_id, pae = {member.keyid: member for member in roster.members}, envelope.pae
        if not all(s.keyid in by_id and verifies(by_id[s.keyid].public, s.sig, pae) for s in envelope.signatures):
            raise Fault("{what} does not carry the votes it claims", what=what)
        return {by_id[signature.keyid].id for signature in envelope.signatures}

    def head(self) -> None:
        outcome, note = self.outcome, self.bundle.read(_CHECKPOINT)
        outside = self.policy.outside.or_else(self.trust[-1].outside).in_turn(self.trust[-1].turns)
        self.outside = outside
        witnesses = outside.quorum.witnesses.values() if outside.quorum else ()
        head, signed = self._checkpoint(note, _CHECKPOINT)
        if head.size > 256 * len(self.bundle.sha256) and self._whole():
            raise Fault("the log has {n} entries, the bundle does not hold that many", n=head.size)
        for name, width in tile_names(head.size, "entries") if self._whole() else ():
            self._tile(name, width)
        if self._whole() and root(self.leaves) != head.root:
            raise Fault("the log does not match its signed head: an entry was changed, removed, added or moved")
        if len(self.index_of) < len(self.leaves):
            raise Fault("the log holds an entry twice")
        outcome.checkpoint, outcome.checkpoint_note = head, note
        text = "the log {origin} with {n} entries matches its signed head"
        outcome.note("V3", 0, text, origin=head.origin, n=head.size)
        for key in witnesses:
            if key in signed:
                outcome.times[key.name] = datetime.fromtimestamp(signed[key], UTC)
        if outside.quorum and not outside.quorum.met(signed):
            outcome.note(
                "V3",
                3,
                "too few of the witnesses that you demand have signed the log's head ({n})",
                n=len(outcome.times),
            )
        self._stamp(head.text.encode())
        self._in_time()

    def _whole(self) -> bool:
        """Whether all entries of the log are shown, or only proofs of some."""
        return not any(name.startswith("log/proofs/") for name in self.bundle.sha256)

    def _checkpoint(self, note: bytes, what: str) -> tuple[Checkpoint, Mapping[Any, int]]:
        quorum = self.outside.quorum
        text, signed = read_note(note, (*self.outside.logs, *(quorum.witnesses.values() if quorum else ())), what)
        # A log's key is named like the log: the key of one log cannot speak for another.
        if not any(key.kind == LOG and key.name == text.partition("\n")[0] for key in signed):
            raise Fault("{what} is not signed by a log key that you trust", what=what)
        return Checkpoint.parse(text, what), signed

    def _tile(self, name: str, width: int) -> None:
        tile, at = self.bundle.read(name), 0
        for _ in range(width):
            size = int.from_bytes(tile[at : at + 2], "big")
            entry, at = tile[at + 2 : at + 2 + size], at + 2 + size
            record = shaped(strict_json(entry, name), _LEAF, name)
            if canonical_json(record) != entry or at > len(tile):
                raise Fault("{what} is not in the form that Shinrai writes", what=name)
            whole_log, index = record["type"] in (TRUST, REVOCATION), len(self.leaves)
            run = record["subject"] == self.subject and record["type"] in (PLAN, ABANDONMENT, ASSESSMENT)
            erased = record["type"] == WITHHELD and record["subject"] in self.named
            if whole_log or run or erased or record["subject"] == self.outcome.bundle_id:
                self.ours[index] = record["type"]
            self.leaves.append(leaf_hash(entry))
            self.index_of[self.leaves[-1]] = index
        if at != len(tile):
            raise Fault("{name} does not hold {n} entries", name=name, n=width)
        self.used.add(name)

    def _stamp(self, text: bytes) -> None:
        pinned = self.outside.tsa
        if not pinned and _TOKEN in self.bundle.sha256:
            self.outcome.note("V3", 0, "{what} was not checked: you name no service that you trust", what=_TOKEN)
        found = (
            stamped(self.bundle.read(_TOKEN), text, pinned, _TOKEN) if pinned and _TOKEN in self.bundle.sha256 else None
        )
        self.used.add(_TOKEN)
        if found:
            self.outcome.times[f"tsa:{found[0]}"] = found[1]
        elif pinned:
            self.outcome.note("V3", 3, "the log's head bears no time stamp of a service that you trust")

    def _in_time(self) -> None:
        times, expires = self.outcome.times, self.trust[-1].expires
        if times:
            shown = ", ".join(f"{name} {time:%Y-%m-%dT%H:%M:%SZ}" for name, time in sorted(times.items()))
            self.outcome.note("V3", 0, "the log's head existed at: {times}", times=shown)
        # A proven time freezes what was valid then; a signer's own clock proves nothing.
        if expires < max(times.values(), default=self.now):
            self.outcome.note("V2", 3, "the trust document expired on {date}", date=expires.date())
        oldest = min(times.values(), default=None)
        if self.policy.max_age is not None and (oldest is None or self.now - oldest > self.policy.max_age):
            text = "nobody that you trust saw the log's head within the time that you demand"
            self.outcome.note("V3", 3, text)

    def memory(self) -> None:
        head = self.outcome.checkpoint
        if not self.seen or head is None:
            text = "no earlier checkpoint was given, so an older copy of the log would go unnoticed"
            self.outcome.note("V4", 0, text)
        for note in self.seen if head else ():
            self._continues(self._checkpoint(note, Named("the last seen checkpoint"))[0], head)

    def _continues(self, seen: Checkpoint, head: Any) -> None:
        if seen.origin != head.origin:
            raise Fault("the last seen checkpoint is of another log")
        if head.size < seen.size:
            text = "the bundle is older than what you have seen: its log has {n} entries, you saw {m}"
            raise Fault(text, n=head.size, m=seen.size)
        name = f"log/consistency/{seen.size}"
        if self._whole() or seen.size in (0, head.size):
            same = seen.root == (head.root if seen.size == head.size else root(self.leaves[: seen.size]))
        elif name in self.bundle.sha256:
            proof = [unbase64(line.decode("ascii"), name, standard=True) for line in self.bundle.lines(name)]
            same = consistent(seen.size, seen.root, head.size, head.root, proof)
            self.used.add(name)
        else:
            text = "the bundle does not show that the log continues the one you saw with {m} entries"
            self.outcome.note("V4", 3, text, m=seen.size)
            return
        if not same:
            raise Fault("the log was rewritten since you last saw it")
        self.outcome.note("V4", 0, "the log continues the one you saw with {m} entries", m=seen.size)

    def statements(self) -> None:
        for what, envelope, statement in self.signed:
            leaves = envelope_leaves(envelope, statement.predicate_type, statement.subject_sha256)
            for (leaf, keyid), signature in zip(leaves, envelope.signatures, strict=True):
                index = self._place(leaf_hash(leaf), what)
                sig = hashlib.sha256(signature.sig).hexdigest()
                self.entries[index] = Entry(index, keyid, sig, envelope.payload_sha256, statement)
        extra = [name for name in self.bundle.sha256 if name.startswith("log/") and name not in self.used]
        if extra and not all(name.startswith("log/consistency/") for name in extra):
            raise Fault("the bundle holds a file named {name}, which is not allowed", name=extra[0])
        text = "{n} signed statements, each with a good signature and in the log"
        self.outcome.note("V5", 0, text, n=len(self.entries))
        if not self._whole():
            self.outcome.note(
                "V5", 0, "the log is shown in part: entries about this system that were left out go unseen"
            )
        hidden = [f"{i} ({kind.removeprefix(NAMESPACE)})" for i, kind in self.ours.items() if i not in self.entries]
        if hidden:
            text = "the log has entries about this system, council or trust that are not here: {names}"
            self.outcome.note("V5", 2, text, names=", ".join(hidden)[:400])

    def _place(self, leaf: bytes, what: str) -> int:
        name, head = f"log/proofs/{leaf.hex()}.tlog-proof", self.outcome.checkpoint
        index = self.index_of.get(leaf)
        if name in self.bundle.sha256 and head is not None:
            found, path = open_proof(self.bundle.read(name), self.outcome.checkpoint_note or b"", name)
            index = found if included(leaf, found, head.size, path, head.root) else None
            self.used.add(name)
        if index is None:
            raise Fault("{what} is not in the log", what=what)
        return index

    def signers(self) -> None:
        introduced = {e.payload_sha256: e.index for e in reversed(self.of(TRUST))}
        if not set(introduced) <= {trust.payload_sha256 for trust in self.trust}:
            raise Fault("the log holds a trust document that is not in the chain")
        revoked, together = self.outcome.revoked, dict[str, set[str]]()
        for entry in self.of(REVOCATION):
            about = shaped(entry.about, _SHAPES[REVOCATION], Named("a revocation"))
            revoked[about["keyid"]] = min(
                about["invalidFromIndex"], revoked.get(about["keyid"], about["invalidFromIndex"])
            )
        for entry in self.entries.values():
            together.setdefault(entry.payload_sha256, set()).add(entry.keyid)
        for entry in self.entries.values():
            kind, predicate = entry.statement.predicate_type, entry.about
            if kind == REVOCATION and predicate["keyid"] == entry.keyid:
                continue  # whoever holds a key may always give it up
            if revoked.get(entry.keyid, entry.index + 1) <= entry.index:
                raise Fault("entry {index} is signed by a key that was revoked before", index=entry.index)
            if kind == TRUST or kind in _MEMBERS:
                continue
            role = _SIGNERS.get(kind)
            if kind == EVIDENCE:
                role = "producer" if predicate.get("kind") == "evaluation" else "attestor"
            if role is None:
                self.outcome.ignored.append(kind[:120])
                continue
            # The version in force is the last one logged before: who was taken off it has lost the right.
            known = [t for t in self.trust if introduced.get(t.payload_sha256, entry.index) < entry.index]
            if not known or entry.keyid not in known[-1].roles[role]:
                raise Fault(
                    "entry {index} ({kind}) is signed by a key without that right", index=entry.index, kind=kind
                )
            if not known[-1].enough(role, together[entry.payload_sha256]):
                what = Named("entry {index}", index=entry.index)
                raise Fault("{what} is not signed by enough keys of the role {role}", what=what, role=role)
            if role == "attestor" and predicate.get("decider") != known[-1].holders[entry.keyid]:
                raise Fault("entry {index} names another person than the one whose key signed it", index=entry.index)
        self.outcome.note("V6", 0, "every statement is signed by a key that had the right to sign it")

    def evidence(self) -> None:
        for index, entry in sorted(self.entries.items()):
            what, kind = Named("entry {index}", index=index), entry.statement.predicate_type
            try:
                shaped(entry.about, _SHAPES.get(kind, dict), what)
                if kind == BALLOT and entry.payload_sha256 != _only(entry):
                    # No certificate could carry it, since all signers of one sign the same bytes.
                    raise Fault("{what} is not in the form that Shinrai writes", what=what)
            except Fault:
                if kind not in _MEMBERS:
                    raise
                # One member must not be able to spoil the round for all: its vote is not counted.
                self.outcome.ignored.append(kind)
                del self.entries[index]
        if self.outcome.ignored:
            names = ", ".join(sorted(set(self.outcome.ignored)))
            self.outcome.note("V7", 0, "not known and passed over: {names}", names=names)
        evidence, missing = {e.payload_sha256: e for e in self.of(EVIDENCE)}, []
        for entry in self.of(EVIDENCE, PLAN):
            what = Named("entry {index}", index=entry.index)
            if entry.statement.subject_sha256 != self.subject:
                raise Fault("{what} is about another system or another version of it", what=what)
            other_run = entry.statement.predicate_type == PLAN and entry.payload_sha256 not in self._planned()
            if not other_run and not {item["digest"]["sha256"] for item in entry.about["items"]} <= self.held:
                raise Fault("{what} rests on content that the manifest does not list", what=what)
            old = entry.about.get("supersedes")
            if old is not None and old not in evidence:
                missing.append(old[:16])
            elif old is not None:
                same = evidence[old].about["kind"] == entry.about["kind"]
                if not same or evidence[old].index >= entry.index:
                    raise Fault("{what} supersedes a statement of another kind, or a later one", what=what)
                self.superseded.add(old)
        if missing:
            self.outcome.note(
                "V7", 2, "statements that were superseded are not here: {names}", names=", ".join(missing)[:400]
            )
        text = "{n} pieces of evidence are about this system and rest on listed content"
        self.outcome.note("V7", 0, text, n=len(evidence))
        self._erasures()

    def _erasures(self) -> None:
        erased = self.outcome.erased
        for entry in self.of(WITHHELD):
            for item in entry.about["items"]:
                if item["digest"]["sha256"] in self.named:
                    erased.setdefault(item["digest"]["sha256"], entry.index)
        told = {sha256: f"{self.named[sha256][:120]} ({index})" for sha256, index in erased.items()}
        gone = ", ".join(name for sha256, name in told.items() if not self._here(sha256))
        here = ", ".join(name for sha256, name in told.items() if self._here(sha256))
        if gone:
            self.outcome.note("V7", 2, "erased on purpose, with the entry that says so: {names}", names=gone[:400])
        if here:
            self.outcome.note("V7", 0, "declared erased, and here all the same: {names}", names=here[:400])

    def _planned(self) -> set[object]:
        """Return the plans that the evidence here names; a plan that none names is one of another run."""
        return {e.about.get("plan") for e in self.of(EVIDENCE)}

    def rounds(self) -> None:
        rounds, previous, what = self.once(ROUND), None, Named("the council round")
        if not rounds:
            raise Fault("the bundle has no council round")
        for attempt, entry in enumerate(rounds, start=1):
            about = entry.about
            if entry.statement.subject_sha256 != self.outcome.bundle_id:
                raise Fault("{what} was about another bundle", what=what)
            if self.outcome.checkpoint is None or about["log"]["origin"] != self.outcome.checkpoint.origin:
                raise Fault("{what} was held in another log", what=what)
            if about["attempt"] != attempt or about.get("prevRound") != previous:
                raise Fault("{what} hides an earlier attempt", what=what)
            kinds = {"roster": ROSTER, "rubric": RUBRIC, "trust": TRUST}
            found = {name: self.logged(about[name], kind, entry.index, what) for name, kind in kinds.items()}
            previous, self.rubric = entry.payload_sha256, found["rubric"].about
        self.round = rounds[-1]
        self.outcome.roster = self.rosters[self.round.about["roster"]]
        text = "roster, rubric and trust were fixed before the council voted; attempts: {n}"
        self.outcome.note("V8", 0, text, n=len(rounds))

    def verdicts(self) -> None:
        outcome, round_id, roster = self.outcome, self.round.payload_sha256, self.rosters[self.round.about["roster"]]
        closes, verdicts = self.once(CLOSE, round_id=round_id), self.once(VERDICT, round_id=round_id)
        if len(closes) != 1 or len(verdicts) != 1 or verdicts[0].index < closes[0].index:
            raise Fault("the council round was not closed and summed up once")
        by_key, said = {member.keyid: member.id for member in roster.members}, verdicts[0].about
        votes = [e for e in self.of(*_MEMBERS, round_id=round_id) if e.keyid in by_key]
        inside = [e for e in votes if self.round.index < e.index < closes[0].index]
        reasons = [e for e in inside if e.statement.predicate_type == RATIONALE]
        explained = {(e.keyid, e.about["control"], e.about["value"]) for e in reasons if not e.about.get("conflict")}
        sealed = self._sealed(inside)
        cast: dict[str, list[Ballot]] = {control: [] for control in self.round.about["controls"]}
        after: dict[str, list[Ballot]] = {control: [] for control in cast}
        for entry in votes:
            control, value = entry.about.get("control"), entry.about.get("value")
            mine = entry.statement.subject_sha256 == outcome.bundle_id and control in cast
            if not mine or entry.statement.predicate_type != BALLOT:
                continue
            counts = entry in inside and (entry.keyid, control, value) in explained and sealed(entry)
            (cast if counts else after)[str(control)].append(Ballot(by_key[entry.keyid], str(value)))
        for control, ballots in cast.items():
            strata = _strata(self.rubric, control)
            outcome.tallies[control] = counted = tally(roster, ballots, strata)
            outcome.late |= {control: word} if (word := late(counted, roster, after[control], strata)) else {}
        computed = [verdict_record(control, counted) for control, counted in sorted(outcome.tallies.items())]
        council = council_record(roster)
        claims = council if said.get("council") is None else said["council"]
        claims = {name: value for name, value in claims.items() if name != "nEff"}
        records = [{k: v for k, v in c.items() if k != "certificate"} for c in said["controls"]]
        # As bytes: to Python alone, true is 1.
        if canonical_json([records, claims]) != canonical_json([computed, council]):
            raise Fault("the verdict that was published is not what the votes come to")
        for control, counted in outcome.tallies.items():
            signers = self.certifiers.get((round_id, control), set())
            if signers != set(counted.voters.get(counted.outcome, ())):
                what = Named("the certificate of {name}", name=control)
                raise Fault("{what} does not carry the votes it claims", what=what)
        outcome.note("V9", 0, "the votes were counted again: {n} verdicts, all as published", n=len(computed))
        if outcome.late:
            names = ", ".join(f"{control}: {word}" for control, word in sorted(outcome.late.items()))
            outcome.note("V9", 3, "votes outside the round convict members that were counted: {names}", names=names)
        unseen = {d for e in reasons for d in e.about["inspected"]} - self.held
        unseen -= {e.payload_sha256 for e in self.entries.values()}
        if unseen:
            outcome.note("V9", 2, "the council judged {n} pieces of evidence that are not here", n=len(unseen))

    def _sealed(self, inside: list[Entry]) -> Any:
        """Return whether a ballot keeps the rule of a sealed round: committed to before, shown after the reveal."""
        if self.round.about.get("sealed") is not True:
            return lambda _: True
        reveals = self.once(REVEAL, round_id=self.round.payload_sha256)
        if len(reveals) != 1:
            raise Fault("the sealed round was not opened once")
        at, given = reveals[0].index, dict[tuple[str, str], str]()
        for entry in sorted(inside, key=lambda entry: entry.index):
            if entry.statement.predicate_type == SEAL and entry.index < at:
                for seal in entry.about["seals"]:
                    # The first one stands: with two, a member could choose once it has seen how others voted.
                    given.setdefault((entry.keyid, seal["control"]), seal["seal"])
        return lambda entry: entry.index > at and given.get((entry.keyid, entry.about["control"])) == entry.sig

    def plans(self) -> None:
        runs: dict[tuple[str, str], dict[int, int]] = {}
        for entry in self.of(EVIDENCE):
            if entry.about["kind"] == "evaluation":
                what = Named("entry {index}", index=entry.index)
                self.logged(entry.about.get("plan"), PLAN, entry.index, what)
                run = shaped(entry.about, _RUN, what)["run"]
                runs.setdefault((entry.about["plan"], run["check"]), {})[run["part"]] = run["parts"]
        given_up = {e.about["plan"]: e.about["reason"] for e in self.of(ABANDONMENT)}
        other = {e.about.get("plan"): e.about["bundle"] for e in self.of(ASSESSMENT)}
        planned, gaps = self._planned(), []
        for plan in self.once(PLAN):
            name, elsewhere = plan.payload_sha256, other.get(plan.payload_sha256)
            if name not in planned and (name in given_up or elsewhere not in (None, self.outcome.bundle_id)):
                self.outcome.runs.append(f"{plan.index} ({given_up.get(name, elsewhere)})"[:160])
                continue
            for check in plan.about["checks"]:
                parts = runs.get((name, check), {})
                # The signed totals are compared, never counted up to: they may be of any size.
                if set(parts.values()) != {len(parts)} or set(parts) != set(range(len(parts))):
                    gaps.append(f"{check[:120]} ({plan.index})")
        if self.outcome.runs:
            text = "other runs on the same system, with their bundles or why they were given up: {names}"
            self.outcome.note("V10", 0, text, names="; ".join(self.outcome.runs)[:800])
        if gaps:
            self.outcome.note("V10", 2, "planned but not shown: {names}", names=", ".join(gaps)[:800])
        else:
            self.outcome.note("V10", 0, "every planned check has all of its results; each was planned before it ran")

    def report(self) -> None:
        what = Named("the assessment")
        claims = [e for e in self.of(ASSESSMENT) if e.about["bundle"] == self.outcome.bundle_id]
        if not self.of(ASSESSMENT):
            raise Fault("the bundle has no assessment")
        if not claims or any(e.statement.subject_sha256 != self.subject for e in claims):
            raise Fault("{what} was about another bundle", what=what)
        self.held |= {item["digest"]["sha256"] for claim in claims for item in claim.about["items"]}
        strays = [n for n in self.bundle.sha256 if n.startswith("blobs/") and n.rpartition("/")[2] not in self.held]
        if strays:
            raise Fault("the bundle holds content that no signed statement refers to: {name}", name=strays[0])
        sha256 = claims[-1].about["items"][0]["digest"]["sha256"]
        document = strict_json(self._blob(sha256), WHAT, floats=True)
        evidence = {e.payload_sha256: (e.index, e.about) for e in reversed(self.of(EVIDENCE))}
        in_force = {name: about for name, about in evidence.items() if name not in self.superseded}
        unseen = check_assessment(document, self.outcome.tallies, in_force, self._unless_erased)
        self.outcome.note("V11", 0, "no result in the assessment goes beyond what was signed and certified")
        if unseen:
            text = "{n} numbers rest on erased content: that they are as they were signed is not shown"
            self.outcome.note("V11", 2, text, n=unseen)
        passed = {c for c, t in self.outcome.tallies.items() if t.outcome == PASS} - set(self.outcome.late)
        short = [control for control in self.policy.required_controls if control not in passed]
        if short:
            text = "you require these to be certified as passed, they are not: {names}"
            self.outcome.note("V11", 3, text, names=", ".join(short))

    def _blob(self, sha256: str) -> bytes:
        return self.bundle.read(f"blobs/sha256/{sha256}")

    def _here(self, sha256: str) -> bool:
        return f"blobs/sha256/{sha256}" in self.bundle.sha256

    def _unless_erased(self, sha256: str) -> bytes | None:
        return None if sha256 in self.outcome.erased and not self._here(sha256) else self._blob(sha256)


_STEPS: tuple[tuple[str, Callable[[_Work], None]], ...] = (
    ("V1", _Work.contents),
    ("V2", _Work.chain),
    ("V5", _Work.signatures),
    ("L1", _Work.certificates),
    ("V3", _Work.head),
    ("V4", _Work.memory),
    ("V5", _Work.statements),
    ("V6", _Work.signers),
    ("V7", _Work.evidence),
    ("V8", _Work.rounds),
    ("V9", _Work.verdicts),
    ("V10", _Work.plans),
    ("V11", _Work.report),
)


def _strata(rubric: Mapping[str, Any] | None, control: str) -> Mapping[str, int]:
    """Return the strata that a rubric asks for on one control, beyond the roster's."""
    try:
        return required_strata(rubric or {}, control)
    except ValueError:
        raise Fault("{what} lacks a valid field “{name}”", what=Named("the rubric"), name="required") from None


def _envelope(data: bytes, what: str) -> Envelope:
    envelope = Envelope.from_bytes(data, what)
    keyids = [signature.keyid for signature in envelope.signatures]
    if envelope.to_bytes() != data or keyids != sorted(set(keyids)):
        # Every byte of a bundle must be accounted for: other spellings of the same envelope are not taken.
        raise Fault("{what} is not in the form that Shinrai writes", what=what)
    return envelope


def envelope_leaves(envelope: Envelope, predicate_type: str, subject: str | None = None) -> list[tuple[bytes, str]]:
    """Return the log entries of an envelope, one for each signature, with the key id that signed.

    subject: the SHA-256 of what the statement is about; read from the payload when it is not given.
    """
    subject = subject or Statement.from_bytes(envelope.payload, Named("an envelope")).subject_sha256
    pae, payload = hashlib.sha256(envelope.pae).hexdigest(), envelope.payload_sha256
    signatures = strict_json(envelope.to_bytes(), Named("an envelope"))["signatures"]
    return [(leaf_bytes(s["keyid"], s["sig"], pae, payload, subject, predicate_type), s["keyid"]) for s in signatures]


def ballot(bundle_id: str, round_id: str, control: str, value: str) -> Statement:
    """Return the ballot on one control: byte for byte the same for all members who choose the same value."""
    return Statement("bundle", bundle_id, BALLOT, {"control": control, "round": round_id, "value": value})


def _only(entry: Entry) -> str:
    """Return the digest of the one form that a ballot may have."""
    about, subject = entry.about, entry.statement.subject_sha256
    return hashlib.sha256(ballot(subject, about["round"], about["control"], about["value"]).to_bytes()).hexdigest()


def verdict_record(control: str, counted: Tally) -> dict[str, Any]:
    """Return how a tally stands in the published verdict."""
    names = ("absent", "contested", "dissent", "equivocators", "final", "outcome")
    told = {name: getattr(counted, name) for name in names}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
    return {**told, "control": control, "votes": {value: list(members) for value, members in counted.voters.items()}}


def council_record(roster: Roster) -> dict[str, Any]:
    """Return what a verdict may say of the council besides `nEff`; a verifier computes it again."""
    numbers = {
        "n": roster.n,
        "f": roster.f,
        "q": roster.q,
        "domains": len(roster.domains),
        "F": (len(roster.domains) - 1) // 3,
    }
    return {**numbers, "commonCausesOverF": list(roster.common_causes_over_f)}
