"""The provenance seat: is each piece of evidence what it says it is, by whom it says, and still in date?"""

import hashlib
from collections.abc import Mapping
from datetime import date

from shinrai.council.case import Case, Claim, Opinion, Piece
from shinrai.evidence.bundle import Content
from shinrai.evidence.merkle import inclusion_proof, tree_levels
from shinrai.language import Message, message
from shinrai_verify.council import INCONCLUSIVE
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import included, leaf_hash
from shinrai_verify.note import Checkpoint, open_note
from shinrai_verify.trust import parse_trust
from shinrai_verify.verify import envelope_leaves

_CHUNK = 1024 * 1024


class Provenance:
    """Holds what is computed once for a case: the head of the log, the keys, and the digests of large files."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._trust = [
            (link.index, parse_trust(link.envelope.payload, link.envelope.payload_sha256, "a trust document")[0])
            for link in case.trust
        ]
        note = open_note(case.checkpoint, [case.log_key], "the checkpoint")
        self._head = Checkpoint.parse(note, "the checkpoint")
        self._levels = tree_levels(case.leaves)
        self._index = {leaf: index for index, leaf in enumerate(case.leaves)}
        self._digests: dict[str, str] = {}

    def opinion(self, claim: Claim) -> Opinion:
        """Examine every piece of a claim; the first fault found is the reason to withhold agreement."""
        for piece in claim.pieces:
            fault = self._fault(piece)
            if fault is not None:
                return Opinion(INCONCLUSIVE, fault, (piece.logged.envelope.payload_sha256,))
        inspected = tuple(piece.logged.envelope.payload_sha256 for piece in claim.pieces)
        reason = message(
            "{n} pieces of evidence: signatures, digests and places in the log are right, and all are in date.",
            n=len(inspected),
        )
        return Opinion(claim.claimed, reason, inspected)

    def _fault(self, piece: Piece) -> Message | None:
        logged = piece.logged
        rights = self._rights(piece)
        for signature in logged.envelope.signatures:
            key = rights.get(signature.keyid)
            if key is None or not verifies(key, signature.sig, logged.envelope.pae):
                return message("Entry {index} does not carry a good signature of a known key.", index=logged.index)
        if not self._in_log(piece):
            return message("Entry {index} is not in the log that was published.", index=logged.index)
        if logged.statement.subject_sha256 != self._case.subject:
            return message("Entry {index} is about another state of the system.", index=logged.index)
        for item in piece.predicate["items"]:
            if not self._content_is(item["digest"]["sha256"]):
                return message(
                    "“{name}” is not at hand or is not what entry {index} names.", name=item["name"], index=logged.index
                )
        if date.fromisoformat(piece.predicate["validUntil"]) < self._case.now.date():
            return message("Entry {index} expired on {date}.", index=logged.index, date=piece.predicate["validUntil"])
        if piece.measurement is not None and self._case.plan.index >= logged.index:
            return message("Entry {index} was measured before it was planned.", index=logged.index)
        return None

    def _rights(self, piece: Piece) -> Mapping[str, bytes]:
        """Return the keys that may sign this kind of evidence, by the trust document in force where it stands."""
        role = "producer" if piece.predicate["kind"] == "evaluation" else "attestor"
        known = [trust for index, trust in self._trust if index < piece.logged.index]
        return {keyid: known[-1].public[keyid] for keyid in known[-1].roles[role]} if known else {}

    def _in_log(self, piece: Piece) -> bool:
        for entry, _ in envelope_leaves(piece.logged.envelope, piece.logged.statement.predicate_type):
            leaf = leaf_hash(entry)
            index = self._index.get(leaf, -1)
            proof = inclusion_proof(self._levels, index) if index >= 0 else []
            if not included(leaf, index, self._head.size, proof, self._head.root):
                return False
        return True

    def _content_is(self, sha256: str) -> bool:
        content = self._case.contents.get(sha256)
        if content is None:
            return False
        if sha256 not in self._digests:
            self._digests[sha256] = _sha256(content)
        return self._digests[sha256] == sha256


def _sha256(content: Content) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    with content.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
