"""Trust documents and rosters in the log: whose keys are known, and whether each was rightly introduced."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shinrai.evidence.faults import in_words
from shinrai.evidence.findings import FORGED, Findings
from shinrai.evidence.withholding import WITHHELD, withheld_digests
from shinrai.language import message
from shinrai_verify.encoding import Fault
from shinrai_verify.keys import verifies
from shinrai_verify.note import NoteKey
from shinrai_verify.trust import ROSTER, TRUST, Trust, follow, parse_roster

if TYPE_CHECKING:
    from shinrai.evidence.store import Logged, Store


@dataclass(frozen=True, slots=True)
class Known:
    """The keys that the log's own documents introduce, keyid -> raw public key; and what was erased, by which entry.

    turns: the log's own keys, where one was ever replaced.
    """

    keys: Mapping[str, bytes]
    declared: Mapping[str, int]
    turns: tuple[NoteKey, ...]


def check_trust(store: "Store", findings: Findings) -> Known:
    """Follow the chain of trust documents, check that rosters are an admin's, and read who took contents out."""
    chain = _read(store, TRUST, findings)
    trusted: list[Trust] = []
    if chain:
        try:
            trusted = follow([link.envelope for link in chain], chain[0].envelope.payload_sha256)
        except Fault as fault:
            what = message("the chain of trust documents does not hold: {fault}", fault=in_words(fault))
            findings.add("log_leaf", chain[-1].index, what, FORGED)
    keys = {keyid: public for trust in trusted for keyid, public in trust.public.items()}
    in_force = [(link.index, trust) for link, trust in zip(chain, trusted, strict=False)]
    for link in _read(store, ROSTER, findings):
        try:
            roster = parse_roster(link.statement.predicate, "the roster")
        except Fault as fault:
            what = message("the roster does not hold: {fault}", fault=in_words(fault))
            findings.add("log_leaf", link.index, what, FORGED)
            continue
        if not _signed_by_admin(link, in_force):
            findings.add("log_leaf", link.index, message("no admin in force signed the roster"), FORGED)
        keys |= {member.keyid: member.public for member in roster.members}
    declared: dict[str, int] = {}
    for link in _read(store, WITHHELD, findings):
        if _signed_by_admin(link, in_force):
            for sha256 in withheld_digests(link.statement):
                declared.setdefault(sha256, link.index)
        else:
            what = message("no admin in force signed that contents were taken out")
            findings.add("log_leaf", link.index, what, FORGED)
    return Known(keys, declared, trusted[-1].turns if trusted else ())


def _read(store: "Store", predicate_type: str, findings: Findings) -> list["Logged"]:
    """Return the statements of a type, as far as they can be read."""
    try:
        return store.of_type(predicate_type)
    except (Fault, LookupError, TypeError, ValueError):
        what = message("statements of the type {type} cannot be read; others may seem unsigned", type=predicate_type)
        findings.add("log_leaf", "", what)
        return []


def _signed_by_admin(link: "Logged", in_force: list[tuple[int, Trust]]) -> bool:
    """Whether an admin of the trust document that was the last before signed this."""
    before = [trust for index, trust in in_force if index < link.index]
    if not before:
        return False
    keys = {keyid: before[-1].public[keyid] for keyid in before[-1].roles["admin"]}
    envelope = link.envelope
    return any(s.keyid in keys and verifies(keys[s.keyid], s.sig, envelope.pae) for s in envelope.signatures)
