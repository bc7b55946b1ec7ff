"""V5: the signature of every statement, and its place in the log. Signatures come before L1, places after V4."""

import hashlib
from collections.abc import Mapping

from shinrai_verify import NAMESPACE
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import included, leaf_hash
from shinrai_verify.note import open_proof
from shinrai_verify.statements import Entry, envelope_leaves, read_envelope
from shinrai_verify.steps.work import STATEMENTS, Work
from shinrai_verify.trust import ROSTER, parse_roster


def signatures(work: Work) -> None:
    """Verify every signature, by keys of the trust documents or of members of their rosters."""
    keys = {keyid: key for trust in work.trust for keyid, key in trust.public.items()}
    waiting = []
    for number, line in enumerate(work.bundle.lines(STATEMENTS), 1):
        what = f"{STATEMENTS}:{number}"
        envelope = read_envelope(line, what)
        if all(s.keyid in keys for s in envelope.signatures):
            _read(work, envelope, keys, what)
        else:
            waiting.append((what, envelope))
    for _, envelope, statement in work.signed:
        if statement.predicate_type == ROSTER:
            work.rosters[envelope.payload_sha256] = parse_roster(statement.predicate, Named("the roster"))
    keys = {member.keyid: member.public for roster in work.rosters.values() for member in roster.members} | keys
    for what, envelope in waiting:
        _read(work, envelope, keys, what)


def _read(work: Work, envelope: Envelope, keys: Mapping[str, bytes], what: str) -> None:
    pae = envelope.pae
    for signature in envelope.signatures:
        if signature.keyid not in keys:
            raise Fault("{what} is signed by a key that nobody vouches for", what=what)
        if not verifies(keys[signature.keyid], signature.sig, pae):
            raise Fault("{what}: the signature is not good", what=what)
    work.signed.append((what, envelope, Statement.from_bytes(envelope.payload, what)))


def statements(work: Work) -> None:
    """Find the place of every signature, and what the log has about this system that is not here."""
    for what, envelope, statement in work.signed:
        leaves = envelope_leaves(envelope, statement.predicate_type, statement.subject_sha256)
        for (leaf, keyid), signature in zip(leaves, envelope.signatures, strict=True):
            index = _place(work, leaf_hash(leaf), what)
            sig = hashlib.sha256(signature.sig).hexdigest()
            work.entries[index] = Entry(index, keyid, sig, envelope.payload_sha256, statement)
    extra = [name for name in work.bundle.sha256 if name.startswith("log/") and name not in work.used]
    if extra and extra[0].startswith("log/consistency/"):
        # Nobody signed it and nothing here can check it, so a changed bit would go unseen.
        raise Fault("{name} continues no checkpoint that you gave: remove it, or give the checkpoint", name=extra[0])
    if extra:
        raise Fault("the bundle holds a file named {name}, which is not allowed", name=extra[0])
    text = "{n} signed statements, each with a good signature and in the log"
    work.outcome.note("V5", 0, text, n=len(work.entries))
    if not work.whole:
        work.outcome.note("V5", 0, "the log is shown in part: entries about this system that were left out go unseen")
    hidden = [f"{i} ({kind.removeprefix(NAMESPACE)})" for i, kind in work.ours.items() if i not in work.entries]
    if hidden:
        text = "the log has entries about this system, council or trust that are not here: {names}"
        work.outcome.note("V5", 2, text, names=", ".join(hidden))


def _place(work: Work, leaf: bytes, what: str) -> int:
    name, head = f"log/proofs/{leaf.hex()}.tlog-proof", work.outcome.checkpoint
    index = work.index_of.get(leaf)
    if name in work.bundle.sha256 and head is not None:
        found, path = open_proof(work.bundle.read(name), work.outcome.checkpoint_note or b"", name)
        index = found if included(leaf, found, head.size, path, head.root) else None
        work.used.add(name)
    if index is None:
        raise Fault("{what} is not in the log", what=what)
    return index
