"""The case of a round as a file: everything a member needs to judge and to see that the round is in order.

It has the form of a bundle, so that one strict reader serves: manifest and contents, the statements up to and with the
round's opening, the chain of trust and the log they stand in. It comes from a coordinator that nobody has to trust;
what it may not be able to do is checked here: exchange the roster after the opening, hide an earlier attempt, change a
content, or show a log that its signed head does not cover.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shinrai.council.counting import SignedLeaf
from shinrai.council.faults import located
from shinrai.council.members import conflicts_of, read_roster
from shinrai.council.rounds import OpenRound, Rubric, read_round, read_rubric
from shinrai.evidence.bundle import BundleParts, Content, write_bundle
from shinrai.evidence.home import SALT_BYTES
from shinrai.language import Message, Place, ShinraiError, message
from shinrai_verify.bundle import Bundle, open_bundle
from shinrai_verify.council import Roster
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named, canonical_json, digest, strict_json
from shinrai_verify.encoding import field as get
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, open_note
from shinrai_verify.trust import ROSTER, TRUST, Policy, Trust, follow
from shinrai_verify.verify import (
    BUNDLE,
    EVIDENCE,
    PLAN,
    REVOCATION,
    ROUND,
    RUBRIC,
    envelope_leaves,
    tile_names,
)

_INSTRUCTIONS = (
    b"This file holds the case of a council round.\n"
    b"Read it with: shinrai council show CASE --trust trust.json\n"
    b"Vote on it with: shinrai council vote CASE --trust trust.json --member ID\n"
)
_ADMIN, _COORDINATOR = "admin", "coordinator"


@dataclass(frozen=True, slots=True)
class Listed:
    """A content that the manifest lists."""

    name: str
    sha256: str
    size: int
    media_type: str
    kind: str
    withheld: bool
    salted: bool = False


@dataclass(frozen=True)
class SignedLog:
    """Statements that are signed by keys of the trust chain or of a roster, each with its place in a signed log."""

    trust: tuple[Trust, ...]
    head: Checkpoint
    note: bytes
    leaves: tuple[bytes, ...]
    statements: tuple[SignedLeaf, ...]

    def of(self, *types: str) -> list[SignedLeaf]:
        """Return the statements of these types in log order."""
        return [leaf for leaf in self.statements if leaf.statement.predicate_type in types]

    def holders(self, role: str, before: int) -> frozenset[str]:
        """Return the keys that held a role at a place of the log: by the last trust document logged before it."""
        logged = {leaf.payload_sha256: leaf.index for leaf in reversed(self.of(TRUST))}
        known = [t for t in self.trust if logged.get(t.payload_sha256, before) < before]
        return known[-1].roles[role] if known else frozenset()

    def revoked(self) -> dict[str, int]:
        """Return revoked keys and the first index at which each is not valid, by revocations of who may revoke."""
        found: dict[str, int] = {}
        for leaf in self.of(REVOCATION):
            about = leaf.statement.predicate
            key, start = str(about.get("keyid")), about.get("invalidFromIndex")
            if isinstance(start, int) and leaf.keyid in {key, *self.holders(_ADMIN, leaf.index)}:
                found[key] = min(start, found.get(key, start))
        return found


@dataclass(frozen=True)
class CouncilCase:
    """A case that was read and checked. missing: names of contents that are neither here nor declared withheld."""

    opened: OpenRound
    attempts: tuple[OpenRound, ...]
    roster: Roster
    conflicts: Mapping[str, tuple[str, ...]]
    rubric: Rubric
    log: SignedLog
    subject: Mapping[str, Any]
    listed: tuple[Listed, ...]
    missing: tuple[str, ...]
    _bundle: Bundle = field(repr=False)

    @property
    def withheld(self) -> tuple[str, ...]:
        """Names of contents that the owner keeps back."""
        return tuple(each.name for each in self.listed if each.withheld)

    def has(self, sha256: str) -> bool:
        """Whether a content is in the file."""
        return f"blobs/sha256/{sha256}" in self._bundle.sha256

    def content(self, sha256: str) -> bytes:
        """Return a content; Fault where it is not here, too large, or changed since it was read."""
        return self._bundle.read(f"blobs/sha256/{sha256}")

    def salt(self, sha256: str) -> bytes:
        """Return the salt that a content begins with; nothing where the manifest does not call it salted."""
        salted = any(each.salted for each in self.listed if each.sha256 == sha256)
        return self.content(sha256)[:SALT_BYTES] if salted else b""

    def unsalted(self, sha256: str) -> bytes:
        """Return a content without its salt: what was measured. Fault as in `content`."""
        return self.content(sha256)[len(self.salt(sha256)) :]

    def evidence(self, control: str) -> list[SignedLeaf]:
        """Return the evidence that names a control."""
        return [leaf for leaf in self.log.of(EVIDENCE) if control in leaf.statement.predicate.get("controls", ())]


def write_case(
    path: Path,
    manifest: bytes,
    contents: Mapping[str, Content],
    leaves: Iterable[SignedLeaf],
    trust: Sequence[Envelope],
    log: tuple[bytes, Sequence[bytes]],
) -> None:
    """Write a case or a record file. leaves: the statements in it; log: checkpoint note and all leaf hashes."""
    note, hashes = log
    envelopes = [leaf.envelope for leaf in sorted(leaves, key=lambda leaf: leaf.index)]
    write_bundle(
        path, BundleParts(manifest, contents, envelopes, trust, note, hashes, _INSTRUCTIONS, hashes_alone=True)
    )


def read_case(path: Path, policy: Policy) -> CouncilCase:
    """Read the case of a round; ShinraiError, with the file as place, where anything in it is not in order."""
    with located(Place(str(path)), _REFUSED):
        bundle = open_bundle(path)
        subject, listed = _manifest(bundle)
        log = _log(bundle, policy)
        return _case(bundle, log, subject, listed)


_REFUSED = message("Do not vote on it. Ask for the case again, and tell the others what was wrong.")


def _manifest(bundle: Bundle) -> tuple[Mapping[str, Any], tuple[Listed, ...]]:
    name = "manifest.json"
    raw = bundle.read(name)
    record = strict_json(raw, name)
    if get(record, "schema", str, name) != BUNDLE or canonical_json(record) != raw:
        raise Fault("{what} is not in the form that Shinrai writes", what=name)
    found = []
    for entry in get(record, "entries", list, name):
        about = get(entry, "annotations", dict, name)
        sha256 = digest(get(get(entry, "digest", dict, name), "sha256", str, name), name)
        listed = Listed(
            get(entry, "name", str, name)[:200],
            sha256,
            get(about, "size", int, name),
            get(entry, "mediaType", str, name),
            get(about, "kind", str, name),
            about.get("withheld") is True,
            about.get("salted") is True,
        )
        file = f"blobs/sha256/{sha256}"
        if file in bundle.sha256 and (bundle.sha256[file] != sha256 or bundle.sizes[file] != listed.size):
            raise Fault("{name} is not what the manifest says it is", name=listed.name)
        found.append(listed)
    return get(record, "subject", dict, name), tuple(found)


def _log(bundle: Bundle, policy: Policy) -> SignedLog:
    names = sorted((n for n in bundle.sha256 if n.startswith("trust/")), key=lambda n: int(n.split(".")[1]))
    trust = follow([Envelope.from_bytes(bundle.read(name), name) for name in names], policy.root)
    note = bundle.read("log/checkpoint")
    head, leaves = read_log(note, policy.outside.in_turn(trust[-1].turns).logs, lambda tile: bundle.read(tile))
    lines = bundle.read("attestations.intoto.jsonl").split(b"\n")
    if lines.pop() != b"":
        raise Fault("{what} is cut short", what="attestations.intoto.jsonl")
    statements = _statements(lines, trust, leaves)
    return SignedLog(tuple(trust), head, note, tuple(leaves), tuple(statements))


def read_log(note: bytes, keys: Sequence[NoteKey], tile: Any) -> tuple[Checkpoint, list[bytes]]:
    """Return a log's head and its leaf hashes, which must be what the head covers. tile: name -> bytes."""
    head = Checkpoint.parse(open_note(note, keys, "log/checkpoint"), "log/checkpoint")
    open_note(note, [key for key in keys if key.name == head.origin], "log/checkpoint")
    leaves: list[bytes] = []
    for name, width in tile_names(head.size):
        data = tile(name)
        if len(data) != 32 * width:
            raise Fault("{name} does not hold {n} hashes", name=name, n=width)
        leaves += [data[start : start + 32] for start in range(0, len(data), 32)]
    if root(leaves) != head.root:
        raise Fault("the log does not match its signed head: an entry was changed, removed, added or moved")
    return head, leaves


def _statements(lines: Sequence[bytes], trust: Sequence[Trust], leaves: Sequence[bytes]) -> list[SignedLeaf]:
    index_of = {leaf: index for index, leaf in enumerate(leaves)}
    keys = {keyid: public for document in trust for keyid, public in document.public.items()}
    parsed = [
        (number, Envelope.from_bytes(line, f"attestations.intoto.jsonl:{number}"))
        for number, line in enumerate(lines, start=1)
    ]
    found: list[SignedLeaf] = []
    waiting = []
    for number, envelope in parsed:
        if all(signature.keyid in keys for signature in envelope.signatures):
            found += _entered(number, envelope, keys, index_of)
        else:
            waiting.append((number, envelope))
    members = {
        member.keyid: member.public
        for leaf in found
        if leaf.statement.predicate_type == ROSTER
        for member in read_roster(leaf.statement.predicate).members
    }
    for number, envelope in waiting:
        found += _entered(number, envelope, members, index_of)
    return sorted(found, key=lambda leaf: leaf.index)


def _entered(
    number: int, envelope: Envelope, keys: Mapping[str, bytes], index_of: Mapping[bytes, int]
) -> list[SignedLeaf]:
    what = f"attestations.intoto.jsonl:{number}"
    for signature in envelope.signatures:
        if signature.keyid not in keys:
            raise Fault("{what} is signed by a key that nobody vouches for", what=what)
        if not verifies(keys[signature.keyid], signature.sig, envelope.pae):
            raise Fault("{what}: the signature is not good", what=what)
    statement = Statement.from_bytes(envelope.payload, what)
    found = []
    places = envelope_leaves(envelope, statement.predicate_type)
    for (entry, keyid), signature in zip(places, envelope.signatures, strict=True):
        index = index_of.get(leaf_hash(entry))
        if index is None:
            raise Fault("{what} is not in the log", what=what)
        found.append(SignedLeaf(index, keyid, signature.sig, envelope.payload, statement))
    return found


def _case(bundle: Bundle, log: SignedLog, subject: Mapping[str, Any], listed: tuple[Listed, ...]) -> CouncilCase:
    bundle_id = bundle.sha256["manifest.json"]
    attempts = chain_of_attempts(log, bundle_id)
    opened = attempts[-1]
    if opened.origin != log.head.origin:
        raise Fault("{what} was held in another log", what=Named("the council round"))
    roster = _rested_on(log, opened, opened.roster_sha256, ROSTER)
    rubric = _rested_on(log, opened, opened.rubric_sha256, RUBRIC)
    trusted = [leaf for leaf in log.of(TRUST) if leaf.payload_sha256 == opened.trust_sha256]
    if not trusted or trusted[0].index >= opened.index:
        raise _not_before(message("the trust document"))
    about = {leaf.statement.subject_sha256 for leaf in log.of(EVIDENCE, PLAN)}
    if about - {str(get(subject, "digest", dict, "manifest.json").get("sha256"))}:
        raise Fault("{what} is about another system or another version of it", what=Named("a piece of evidence"))
    missing = tuple(
        each.name
        for each in listed
        if not each.withheld and each.kind != "instructions" and f"blobs/sha256/{each.sha256}" not in bundle.sha256
    )
    return CouncilCase(
        opened,
        attempts,
        read_roster(roster.statement.predicate),
        conflicts_of(roster.statement.predicate["members"]),
        read_rubric(rubric.payload_sha256, rubric.statement.predicate),
        log,
        subject,
        listed,
        missing,
        bundle,
    )


def chain_of_attempts(log: SignedLog, bundle_id: str) -> tuple[OpenRound, ...]:
    """Return the rounds on a bundle in order; ShinraiError where one is missing, unsigned or out of its place."""
    found: list[OpenRound] = []
    for leaf in log.of(ROUND):
        if leaf.statement.subject_sha256 != bundle_id:
            continue
        opened = read_round(leaf.index, leaf.payload_sha256, leaf.statement)
        if leaf.keyid not in log.holders(_COORDINATOR, leaf.index):
            raise ShinraiError(message("A round was opened by somebody who has no right to."))
        if opened.attempt != len(found) + 1 or opened.previous != (found[-1].id if found else None):
            raise ShinraiError(
                message(
                    "Attempt {n} of the council does not follow attempt {m}: a round in between is hidden.",
                    n=opened.attempt,
                    m=len(found),
                )
            )
        found.append(opened)
    if not found:
        raise ShinraiError(message("The file holds no round on its contents."))
    return tuple(found)


def _rested_on(log: SignedLog, opened: OpenRound, sha256: str, kind: str) -> SignedLeaf:
    words: dict[str, Message] = {ROSTER: message("the roster"), RUBRIC: message("the rubric")}
    for leaf in log.of(kind):
        if leaf.payload_sha256 == sha256 and leaf.index < opened.index:
            if leaf.keyid not in log.holders(_ADMIN, leaf.index):
                raise ShinraiError(
                    message("{what} is signed by somebody who was no administrator then.", what=words[kind])
                )
            return leaf
    raise _not_before(words[kind])


def _not_before(what: Message) -> ShinraiError:
    return ShinraiError(message("{what} of the round was not in the log before the round was opened.", what=what))
