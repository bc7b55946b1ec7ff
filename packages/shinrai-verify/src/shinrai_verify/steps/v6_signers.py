"""V6: whether each key had the right to sign, at its place in the log."""

from shinrai_verify import NAMESPACE
from shinrai_verify.encoding import Fault, Named, shaped
from shinrai_verify.statements import EVIDENCE, MEMBERS, REVOCATION, SHAPES, SIGNERS
from shinrai_verify.steps.work import Work
from shinrai_verify.trust import TRUST


def signers(work: Work) -> None:
    """Hold each entry to the role of its key, and to revocations."""
    introduced = {e.payload_sha256: e.index for e in reversed(work.of(TRUST))}
    if not set(introduced) <= {trust.payload_sha256 for trust in work.trust}:
        raise Fault("the log holds a trust document that is not in the chain")
    revoked, together = work.outcome.revoked, dict[str, set[str]]()
    for entry in work.of(REVOCATION):
        about = shaped(entry.about, SHAPES[REVOCATION], Named("a revocation"))
        revoked[about["keyid"]] = min(about["invalidFromIndex"], revoked.get(about["keyid"], about["invalidFromIndex"]))
    for entry in work.entries.values():
        together.setdefault(entry.payload_sha256, set()).add(entry.keyid)
    spent = []
    for entry in list(work.entries.values()):
        kind, predicate = entry.statement.predicate_type, entry.about
        if kind == REVOCATION and predicate["keyid"] == entry.keyid:
            continue  # whoever holds a key may always give it up
        if revoked.get(entry.keyid, entry.index + 1) <= entry.index:
            if kind not in MEMBERS:
                raise Fault("entry {index} is signed by a key that was revoked before", index=entry.index)
            # Who stole a seat's key must not be able to spoil the round for all: its vote is not counted.
            spent.append(f"{entry.index} ({kind.removeprefix(NAMESPACE)})")
            del work.entries[entry.index]
            continue
        if kind == TRUST or kind in MEMBERS:
            continue
        role = SIGNERS.get(kind)
        if kind == EVIDENCE:
            role = "producer" if predicate.get("kind") == "evaluation" else "attestor"
        if role is None:
            work.outcome.ignored.append(kind[:120])
            continue
        # The version in force is the last one logged before: who was taken off it has lost the right.
        known = [t for t in work.trust if introduced.get(t.payload_sha256, entry.index) < entry.index]
        if not known or entry.keyid not in known[-1].roles[role]:
            raise Fault("entry {index} ({kind}) is signed by a key without that right", index=entry.index, kind=kind)
        if not known[-1].enough(role, together[entry.payload_sha256]):
            what = Named("entry {index}", index=entry.index)
            raise Fault("{what} is not signed by enough keys of the role {role}", what=what, role=role)
        if role == "attestor" and predicate.get("decider") != known[-1].holders[entry.keyid]:
            raise Fault("entry {index} names another person than the one whose key signed it", index=entry.index)
    work.outcome.note("V6", 0, "every statement is signed by a key that had the right to sign it")
    if spent:
        text = "signed with a seat's key after it was revoked, not counted: {names}"
        work.outcome.note("V6", 0, text, names=", ".join(spent))
