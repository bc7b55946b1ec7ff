"""Verify a bundle offline, step by step, and say what was checked.

Exit classes: 0 verified, 1 tampered or invalid, 2 incomplete (something is withheld or missing), 3 policy not met.
A bundle that verifies is authentic and complete; whether the system passed is what its verdicts say.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shinrai_verify import NAMESPACE
from shinrai_verify.assessment import WHAT, check_assessment
from shinrai_verify.bundle import Bundle, open_bundle
from shinrai_verify.council import PASS, Ballot, Roster, Tally, required_strata, tally
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named, canonical_json, digest, identifier, strict_json
from shinrai_verify.encoding import field as get
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, open_note
from shinrai_verify.trust import ROSTER, TRUST, Policy, Trust, follow, parse_roster

BUNDLE = NAMESPACE + "bundle/v1"
EVIDENCE = NAMESPACE + "evidence/v1"
PLAN = NAMESPACE + "plan/v1"
RUBRIC = NAMESPACE + "council-rubric/v1"
ROUND = NAMESPACE + "council-round/v1"
BALLOT = NAMESPACE + "council-ballot/v1"
RATIONALE = NAMESPACE + "council-rationale/v1"
CLOSE = NAMESPACE + "council-close/v1"
VERDICT = NAMESPACE + "council-verdict/v1"
ASSESSMENT = NAMESPACE + "assessment/v1"
REVOCATION = NAMESPACE + "revocation/v1"

_SIGNERS = {
    ROSTER: "admin",
    RUBRIC: "admin",
    REVOCATION: "admin",
    PLAN: "producer",
    ASSESSMENT: "producer",
    ROUND: "coordinator",
    CLOSE: "coordinator",
    VERDICT: "coordinator",
}
_MEMBERS = {BALLOT, RATIONALE}


def leaf_bytes(keyid: str, signature: str, pae_sha256: str, payload_sha256: str, predicate_type: str) -> bytes:
    """Return the log entry of one signature: what was signed, by whom, and how; not the malleable envelope."""
    return canonical_json(
        {"keyid": keyid, "pae": pae_sha256, "payload": payload_sha256, "sig": signature, "type": predicate_type, "v": 1}
    )


def tile_names(size: int) -> list[tuple[str, int]]:
    """Return names and widths of the level-0 tiles of a log of this size (C2SP tlog-tiles, 256 hashes each)."""
    names = []
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        parts = [f"{number % 1000:03}"]
        while number := number // 1000:
            parts.insert(0, f"x{number % 1000:03}")
        names.append(("log/tile/0/" + "/".join(parts) + (f".p/{width}" if width < 256 else ""), width))
    return names


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified statement and its place in the log."""

    index: int
    keyid: str
    payload_sha256: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the verification: code V1 to V11, exit class (0 is good), and a sentence with its fields."""

    code: str
    exit_class: int
    text: str
    fields: Mapping[str, object]


@dataclass
class Verification:
    """What was checked and what came out. exit_code: 1 before 2 before 3 before 0."""

    steps: list[Step] = field(default_factory=list)
    bundle_id: str | None = None
    subject: Mapping[str, Any] | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_note: bytes | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)
    roster: Roster | None = None
    withheld: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of the whole."""
        return next((code for code in (1, 2, 3) if any(step.exit_class == code for step in self.steps)), 0)

    def note(self, code: str, exit_class: int, text: str, **fields: object) -> None:
        """Record a step."""
        self.steps.append(Step(code, exit_class, text, fields))


def verify(path: Path, policy: Policy, *, last_seen: bytes | None = None, now: datetime | None = None) -> Verification:
    """Verify the bundle at a path. last_seen: checkpoint note of an earlier visit; now: the time to judge expiry at."""
    outcome = Verification()
    work = _Work(policy, outcome, last_seen, now or datetime.now(UTC))
    for code, step in work.steps(path):
        try:
            step()
        except Fault as fault:
            outcome.note(code, 1, fault.text, **fault.fields)
            break
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            # A signed statement of an unforeseen shape: refuse it, never crash over it.
            outcome.note(code, 1, "a statement or document is not of the expected shape")
            break
    return outcome


class _Work:
    """The state that the steps hand on; each step either records what it found or raises a Fault."""

    bundle: Bundle
    manifest: Mapping[str, Any]
    trust: list[Trust]
    entries: dict[int, Entry]
    rosters: dict[str, Roster]

    def __init__(self, policy: Policy, outcome: Verification, last_seen: bytes | None, now: datetime) -> None:
        self.policy, self.outcome, self.last_seen, self.now = policy, outcome, last_seen, now
        self.leaves: list[bytes] = []
        self.index_of: dict[bytes, int] = {}

    def steps(self, path: Path) -> list[tuple[str, Any]]:
        return [
            ("V1", lambda: self.contents(path)),
            ("V2", self.chain),
            ("V3", self.head),
            ("V4", self.memory),
            ("V5", self.statements),
            ("V6", self.signers),
            ("V7", self.evidence),
            ("V8", self.rounds),
            ("V9", self.verdicts),
            ("V10", self.plans),
            ("V11", self.report),
        ]

    def of(self, *types: str) -> list[Entry]:
        return [e for _, e in sorted(self.entries.items()) if e.statement.predicate_type in types]

    def logged(self, payload_sha256: object, kind: str, before: int, what: str) -> Entry:
        for entry in self.of(kind):
            if entry.payload_sha256 == payload_sha256 and entry.index < before:
                return entry
        raise Fault("{what} rests on a statement that was not logged before it ({kind})", what=what, kind=kind)

    def contents(self, path: Path) -> None:
        self.bundle = open_bundle(path)
        raw = self.bundle.read("manifest.json")
        self.manifest = strict_json(raw, "manifest.json")
        if get(self.manifest, "schema", str, "manifest.json") != BUNDLE or canonical_json(self.manifest) != raw:
            raise Fault("{what} is not in the form that Shinrai writes", what="manifest.json")
        self.outcome.bundle_id = self.bundle.sha256["manifest.json"]
        self.outcome.subject = get(self.manifest, "subject", dict, "manifest.json")
        self.held: set[str] = set()
        missing, instructed = [], False
        for entry in get(self.manifest, "entries", list, "manifest.json"):
            sha256 = digest(
                get(get(entry, "digest", dict, "manifest.json"), "sha256", str, "manifest.json"), "manifest.json"
            )
            about = get(entry, "annotations", dict, "manifest.json")
            name = get(entry, "name", str, "manifest.json")
            if sha256 in self.held:
                raise Fault("{what} lists one content twice", what="manifest.json")
            self.held.add(sha256)
            file = "VERIFY.txt" if about.get("kind") == "instructions" else f"blobs/sha256/{sha256}"
            instructed = instructed or file == "VERIFY.txt"
            if file not in self.bundle.sha256:
                if about.get("withheld") is not True:
                    missing.append(name)
                else:
                    self.outcome.withheld.append(name)
            elif self.bundle.sha256[file] != sha256 or self.bundle.sizes[file] != about.get("size"):
                raise Fault("{name} is not what the manifest says it is", name=name[:120])
        for name, sha256 in self.bundle.sha256.items():
            if (name == "VERIFY.txt" and not instructed) or (name.startswith("blobs/") and not name.endswith(sha256)):
                raise Fault("{name} is not what the manifest says it is", name=name)
        self.outcome.note(
            "V1", 0, "{n} files read, each has the content that the manifest names", n=len(self.bundle.sha256)
        )
        if missing:
            self.outcome.note("V1", 2, "missing: {names}", names=", ".join(missing)[:400])
        if self.outcome.withheld:
            self.outcome.note("V1", 2, "withheld: {names}", names=", ".join(self.outcome.withheld)[:400])

    def chain(self) -> None:
        names = sorted((n for n in self.bundle.sha256 if n.startswith("trust/")), key=lambda n: int(n.split(".")[1]))
        if names != [f"trust/root.{number}.json" for number in range(1, len(names) + 1)]:
            raise Fault("the chain of trust documents has a gap")
        envelopes = [_envelope(self.bundle.read(name), name) for name in names]
        self.trust = follow(envelopes, self.policy.root)
        self.outcome.note(
            "V2", 0, "the trust document you were given leads to the keys used ({n} in the chain)", n=len(names)
        )
        if self.trust[-1].expires < self.now:
            self.outcome.note("V2", 3, "the trust document expired on {date}", date=self.trust[-1].expires.date())

    def head(self) -> None:
        note = self.bundle.read("log/checkpoint")
        head = self._checkpoint(note, "log/checkpoint")
        if head.size > 256 * len(self.bundle.sha256):
            raise Fault("the log has {n} entries, the bundle does not hold that many", n=head.size)
        names = tile_names(head.size)
        known = {"log/checkpoint", *(name for name, _ in names)}
        extra = [name for name in self.bundle.sha256 if name.startswith("log/") and name not in known]
        if extra:
            raise Fault("the bundle holds a file named {name}, which is not allowed", name=extra[0])
        for name, width in names:
            tile = self.bundle.read(name)
            if len(tile) != 32 * width:
                raise Fault("{name} does not hold {n} hashes", name=name, n=width)
            self.leaves += [tile[i : i + 32] for i in range(0, len(tile), 32)]
        if root(self.leaves) != head.root:
            raise Fault("the log does not match its signed head: an entry was changed, removed, added or moved")
        self.index_of = {leaf: index for index, leaf in enumerate(self.leaves)}
        if len(self.index_of) < head.size:
            raise Fault("the log holds an entry twice")
        self.outcome.checkpoint, self.outcome.checkpoint_note = head, note
        self.outcome.note(
            "V3", 0, "the log {origin} with {n} entries matches its signed head", origin=head.origin, n=head.size
        )

    def _checkpoint(self, note: bytes, what: str) -> Checkpoint:
        head = Checkpoint.parse(open_note(note, self.policy.logs, what), what)
        # A log's key is named like the log: the key of one log cannot speak for another.
        open_note(note, [key for key in self.policy.logs if key.name == head.origin], what)
        return head

    def memory(self) -> None:
        head = self.outcome.checkpoint
        if self.last_seen is None or head is None:
            self.outcome.note(
                "V4", 0, "no earlier checkpoint was given, so an older copy of the log would go unnoticed"
            )
            return
        seen = self._checkpoint(self.last_seen, Named("the last seen checkpoint"))
        if seen.origin != head.origin:
            raise Fault("the last seen checkpoint is of another log")
        if head.size < seen.size:
            raise Fault(
                "the bundle is older than what you have seen: its log has {n} entries, you saw {m}",
                n=head.size,
                m=seen.size,
            )
        if root(self.leaves[: seen.size]) != seen.root:
            raise Fault("the log was rewritten since you last saw it")
        self.outcome.note("V4", 0, "the log continues the one you saw with {m} entries", m=seen.size)

    def statements(self) -> None:
        lines = self.bundle.read("attestations.intoto.jsonl").split(b"\n")
        if lines.pop() != b"":
            raise Fault("{what} is cut short", what="attestations.intoto.jsonl")
        envelopes = [_envelope(line, f"attestations.intoto.jsonl:{number}") for number, line in enumerate(lines, 1)]
        keys = {keyid: key for trust in self.trust for keyid, key in trust.public.items()}
        self.entries = {}
        self.rosters = {}
        waiting = []
        for number, envelope in enumerate(envelopes, start=1):
            if all(s.keyid in keys for s in envelope.signatures):
                self._enter(envelope, keys, number)
            else:
                waiting.append((number, envelope))
        for entry in self.of(ROSTER):
            self.rosters[entry.payload_sha256] = parse_roster(entry.statement.predicate, Named("the roster"))
        keys = {member.keyid: member.public for roster in self.rosters.values() for member in roster.members}
        for number, envelope in waiting:
            self._enter(envelope, keys, number)
        self.outcome.note(
            "V5", 0, "{n} signed statements, each with a good signature and in the log", n=len(self.entries)
        )

    def _enter(self, envelope: Envelope, keys: Mapping[str, bytes], line: int) -> None:
        what = f"attestations.intoto.jsonl:{line}"
        for signature in envelope.signatures:
            if signature.keyid not in keys:
                raise Fault("{what} is signed by a key that nobody vouches for", what=what)
            if not verifies(keys[signature.keyid], signature.sig, envelope.pae):
                raise Fault("{what}: the signature is not good", what=what)
        statement = Statement.from_bytes(envelope.payload, what)
        for leaf, keyid in envelope_leaves(envelope, statement.predicate_type):
            index = self.index_of.get(leaf_hash(leaf))
            if index is None:
                raise Fault("{what} is not in the log", what=what)
            self.entries[index] = Entry(index, keyid, envelope.payload_sha256, statement)

    def signers(self) -> None:
        introduced = {e.payload_sha256: e.index for e in reversed(self.of(TRUST))}
        if not set(introduced) <= {trust.payload_sha256 for trust in self.trust}:
            raise Fault("the log holds a trust document that is not in the chain")
        revoked: dict[str, int] = {}
        for entry in self.of(REVOCATION):
            key = digest(entry.statement.predicate.get("keyid"), Named("a revocation"))
            start = get(entry.statement.predicate, "invalidFromIndex", int, Named("a revocation"))
            revoked[key] = min(start, revoked.get(key, start))
        for entry in self.entries.values():
            kind, predicate = entry.statement.predicate_type, entry.statement.predicate
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
            if role == "attestor" and predicate.get("decider") != known[-1].holders[entry.keyid]:
                raise Fault("entry {index} names another person than the one whose key signed it", index=entry.index)
        self.outcome.note("V6", 0, "every statement is signed by a key that had the right to sign it")
        if self.outcome.ignored:
            self.outcome.note(
                "V7", 0, "not known and passed over: {names}", names=", ".join(sorted(set(self.outcome.ignored)))
            )

    def evidence(self) -> None:
        subject = get(get(self.manifest, "subject", dict, "manifest.json"), "digest", dict, "manifest.json").get(
            "sha256"
        )
        for entry in self.of(EVIDENCE, PLAN):
            what = Named("entry {index}", index=entry.index)
            if entry.statement.subject_sha256 != subject:
                raise Fault("{what} is about another system or another version of it", what=what)
            for item in get(entry.statement.predicate, "items", list, what):
                if digest(get(get(item, "digest", dict, what), "sha256", str, what), what) not in self.held:
                    raise Fault("{what} rests on content that the manifest does not list", what=what)
            for control in get(entry.statement.predicate, "controls", list, what):
                identifier(control, what)
        count = len(self.of(EVIDENCE))
        self.outcome.note("V7", 0, "{n} pieces of evidence are about this system and rest on listed content", n=count)

    def rounds(self) -> None:
        rounds = self.of(ROUND)
        if not rounds:
            raise Fault("the bundle has no council round")
        previous = None
        origin = self.outcome.checkpoint.origin if self.outcome.checkpoint else None
        for attempt, entry in enumerate(rounds, start=1):
            what, about = Named("the council round"), entry.statement.predicate
            if entry.statement.subject_sha256 != self.outcome.bundle_id:
                raise Fault("{what} was about another bundle", what=what)
            if get(about, "log", dict, what).get("origin") != origin:
                raise Fault("{what} was held in another log", what=what)
            for control in get(about, "controls", list, what):
                identifier(control, what)
            if about.get("attempt") != attempt or about.get("prevRound") != previous:
                raise Fault("{what} hides an earlier attempt", what=what)
            for name, kind in (("roster", ROSTER), ("rubric", RUBRIC), ("trust", TRUST)):
                self.logged(about.get(name), kind, entry.index, what)
            previous = entry.payload_sha256
        self.round = rounds[-1]
        self.outcome.roster = self.rosters[self.round.statement.predicate["roster"]]
        self.outcome.note(
            "V8", 0, "roster, rubric and trust were fixed before the council voted; attempts: {n}", n=len(rounds)
        )

    def verdicts(self) -> None:
        roster, start = self.rosters[self.round.statement.predicate["roster"]], self.round.index
        closes = [e for e in self.of(CLOSE) if e.statement.predicate.get("round") == self.round.payload_sha256]
        verdicts = [e for e in self.of(VERDICT) if e.statement.predicate.get("round") == self.round.payload_sha256]
        if len(closes) != 1 or len(verdicts) != 1 or verdicts[0].index < closes[0].index:
            raise Fault("the council round was not closed and summed up once")
        by_key = {member.keyid: member.id for member in roster.members}
        window = [e for e in self.of(*_MEMBERS) if start < e.index < closes[0].index and e.keyid in by_key]
        votes = [
            (e, e.statement.predicate)
            for e in window
            if e.statement.predicate.get("round") == self.round.payload_sha256
        ]
        reasons = [(e.keyid, p) for e, p in votes if e.statement.predicate_type == RATIONALE]
        explained = {(keyid, p.get("control"), p.get("value")) for keyid, p in reasons}
        ballots: dict[str, list[Ballot]] = {c: [] for c in self.round.statement.predicate["controls"]}
        for entry, vote in votes:
            if entry.statement.predicate_type != BALLOT or entry.statement.subject_sha256 != self.outcome.bundle_id:
                continue
            control, value = str(vote.get("control")), str(vote.get("value"))
            if control in ballots and (entry.keyid, control, value) in explained:
                ballots[control].append(Ballot(by_key[entry.keyid], value))
        rubric = self.logged(self.round.statement.predicate["rubric"], RUBRIC, start, Named("the council round"))
        asked = {control: required_strata(rubric.statement.predicate, control) for control in ballots}
        self.outcome.tallies = {control: tally(roster, cast, asked[control]) for control, cast in ballots.items()}
        claimed = verdicts[0].statement.predicate.get("controls")
        computed = [verdict_record(control, counted) for control, counted in sorted(self.outcome.tallies.items())]
        if [{k: v for k, v in c.items() if k != "certificate"} for c in claimed or []] != computed:
            raise Fault("the verdict that was published is not what the votes come to")
        for claim in claimed or []:
            self._certificate(claim, roster)
        self.outcome.note("V9", 0, "the votes were counted again: {n} verdicts, all as published", n=len(computed))
        shown = self.held | {e.payload_sha256 for e in self.entries.values()}
        unseen = {
            digest(d, Named("a rationale")) for _, p in reasons for d in get(p, "inspected", list, Named("a rationale"))
        } - shown
        if unseen:
            self.outcome.note("V9", 2, "the council judged {n} pieces of evidence that are not here", n=len(unseen))

    def _certificate(self, claim: Mapping[str, Any], roster: Roster) -> None:
        name, outcome = claim.get("certificate"), claim["outcome"]
        if outcome not in ("pass", "fail", "inconclusive"):
            return
        what = Named("the certificate of {name}", name=claim["control"])
        self.held.add(digest(name, what))
        envelope = _envelope(self._blob(str(name)), what)
        expected = ballot(str(self.outcome.bundle_id), self.round.payload_sha256, claim["control"], outcome)
        signers = {m.id for m in roster.members for s in envelope.signatures if verifies(m.public, s.sig, envelope.pae)}
        if envelope.payload != expected.to_bytes() or signers != set(
            self.outcome.tallies[claim["control"]].voters[outcome]
        ):
            raise Fault("{what} does not carry the votes it claims", what=what)

    def plans(self) -> None:
        runs: dict[tuple[str, str], dict[int, int]] = {}
        for entry in self.of(EVIDENCE):
            predicate = entry.statement.predicate
            if predicate.get("kind") != "evaluation":
                continue
            what = Named("entry {index}", index=entry.index)
            self.logged(predicate.get("plan"), PLAN, entry.index, what)
            run = get(predicate, "run", dict, what)
            parts = runs.setdefault((predicate["plan"], get(run, "check", str, what)), {})
            parts[get(run, "part", int, what)] = get(run, "parts", int, what)
        gaps = []
        for plan in self.of(PLAN):
            for check in get(plan.statement.predicate, "checks", list, Named("the plan")):
                parts = runs.get((plan.payload_sha256, check), {})
                # The signed totals are compared, never counted up to: they may be of any size.
                if set(parts.values()) != {len(parts)} or set(parts) != set(range(len(parts))):
                    gaps.append(str(check)[:120])
        if gaps:
            self.outcome.note("V10", 2, "planned but not shown: {names}", names=", ".join(gaps))
        else:
            self.outcome.note("V10", 0, "every planned check has all of its results; each was planned before it ran")

    def report(self) -> None:
        claims = self.of(ASSESSMENT)
        if not claims:
            raise Fault("the bundle has no assessment")
        subject = self.manifest["subject"]["digest"].get("sha256")
        for claim in claims:
            about = claim.statement
            if about.subject_sha256 != subject or about.predicate.get("bundle") != self.outcome.bundle_id:
                raise Fault("{what} was about another bundle", what=Named("the assessment"))
            for item in get(about.predicate, "items", list, Named("the assessment")):
                self.held.add(digest(item["digest"]["sha256"], Named("the assessment")))
        strays = [n for n in self.bundle.sha256 if n.startswith("blobs/") and n.rpartition("/")[2] not in self.held]
        if strays:
            raise Fault("the bundle holds content that no signed statement refers to: {name}", name=strays[0])
        sha256 = claims[-1].statement.predicate["items"][0]["digest"]["sha256"]
        document = strict_json(self._blob(sha256), WHAT, floats=True)
        evidence = {e.payload_sha256: (e.index, e.statement.predicate) for e in reversed(self.of(EVIDENCE))}
        check_assessment(document, self.outcome.tallies, evidence, self._blob)
        self.outcome.note("V11", 0, "no result in the assessment goes beyond what was signed and certified")
        short = [
            c
            for c in self.policy.required_controls
            if c not in self.outcome.tallies or self.outcome.tallies[c].outcome != PASS
        ]
        if short:
            self.outcome.note(
                "V11", 3, "you require these to be certified as passed, they are not: {names}", names=", ".join(short)
            )

    def _blob(self, sha256: str) -> bytes:
        return self.bundle.read(f"blobs/sha256/{sha256}")


def _envelope(data: bytes, what: str) -> Envelope:
    envelope = Envelope.from_bytes(data, what)
    keyids = [signature.keyid for signature in envelope.signatures]
    if envelope.to_bytes() != data or keyids != sorted(set(keyids)):
        # Every byte of a bundle must be accounted for: other spellings of the same envelope are not taken.
        raise Fault("{what} is not in the form that Shinrai writes", what=what)
    return envelope


def envelope_leaves(envelope: Envelope, predicate_type: str) -> list[tuple[bytes, str]]:
    """Return the log entries of an envelope, one for each signature, with the key id that signed."""
    pae_sha256 = hashlib.sha256(envelope.pae).hexdigest()
    record = strict_json(envelope.to_bytes(), Named("an envelope"))
    return [
        (leaf_bytes(s["keyid"], s["sig"], pae_sha256, envelope.payload_sha256, predicate_type), s["keyid"])
        for s in record["signatures"]
    ]


def ballot(bundle_id: str, round_id: str, control: str, value: str) -> Statement:
    """Return the ballot on one control: byte for byte the same for all members who choose the same value."""
    return Statement("bundle", bundle_id, BALLOT, {"control": control, "round": round_id, "value": value})


def verdict_record(control: str, counted: Tally) -> dict[str, Any]:
    """Return how a tally stands in the published verdict."""
    return {
        "absent": list(counted.absent),
        "contested": counted.contested,
        "control": control,
        "dissent": list(counted.dissent),
        "equivocators": list(counted.equivocators),
        "final": counted.final,
        "outcome": counted.outcome,
        "votes": {value: list(members) for value, members in counted.voters.items()},
    }
