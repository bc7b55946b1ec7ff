"""L1: who certified what, by certificates and keys alone; where the log is forked this still holds."""

from shinrai_verify.council import VALUES, Roster, certifies
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.encoding import Fault, Named, digest, shaped
from shinrai_verify.keys import verifies
from shinrai_verify.statements import ROUND, SHAPES, VERDICT, ballot, read_envelope
from shinrai_verify.steps.work import Work
from shinrai_verify.votes import strata_of


def certificates(work: Work) -> None:
    """Hold each certified outcome to a certificate with enough good signatures."""
    by_payload: dict[str, tuple[Envelope, Statement]] = {}
    for _, envelope, statement in work.signed:
        # A statement may stand on several lines, each with some of its signers.
        known = by_payload.get(envelope.payload_sha256, (envelope,))[0].signatures
        together = tuple(dict.fromkeys((*known, *envelope.signatures)))
        by_payload[envelope.payload_sha256] = (Envelope(envelope.payload, together), statement)
    verdicts = []
    for verdict, summary in by_payload.values():
        if summary.predicate_type == VERDICT:
            shaped(summary.predicate, SHAPES[VERDICT], Named("the verdict"))
            held, council = by_payload.get(summary.predicate["round"], (None, None))
            ours = council and (council.predicate_type, council.subject_sha256) == (ROUND, work.outcome.bundle_id)
            if held is None or council is None or not ours:
                raise Fault("a verdict is of a council round that is not here")
            shaped(council.predicate, SHAPES[ROUND], Named("the council round"))
            verdicts.append((verdict, summary.predicate["controls"], held, council))
    # Where there were several attempts, the last one stands.
    for verdict, claims, held, council in sorted(verdicts, key=lambda each: int(each[3].predicate["attempt"])):
        signed = by_payload.get(council.predicate["roster"], (None, None))[0]
        if signed is None:
            raise Fault("a verdict is of a council round that is not here")
        for role, envelope in (("admin", signed), ("coordinator", held), ("coordinator", verdict)):
            if not any(trust.signed_by(envelope, role) for trust in work.trust):
                what = Named("the verdict")
                raise Fault("{what} is not signed by enough keys of the role {role}", what=what, role=role)
        roster, rubric = work.rosters[signed.payload_sha256], by_payload.get(council.predicate["rubric"])
        for claim in claims:
            control, value = claim["control"], claim["outcome"]
            work.outcome.certified.pop(control, None)
            if value in VALUES:
                what = Named("the certificate of {name}", name=control)
                voters = _certificate(
                    work, digest(claim["certificate"], what), held.payload_sha256, control, value, roster
                )
                work.certifiers[held.payload_sha256, control] = voters
                if not certifies(roster, voters, strata_of(rubric and rubric[1].predicate, control)):
                    raise Fault("{what} does not carry the votes it claims", what=what)
                work.outcome.certified[control] = value
    text = "{n} certificates carry enough good signatures, whatever the log says"
    work.outcome.note("L1", 0, text, n=len(work.outcome.certified))


def _certificate(work: Work, sha256: str, round_id: str, control: str, value: str, roster: Roster) -> set[str]:
    what = Named("the certificate of {name}", name=control)
    envelope = read_envelope(work.blob(sha256), what)
    work.held.add(sha256)
    fits = envelope.payload == ballot(str(work.outcome.bundle_id), round_id, control, value).to_bytes()
    by_id, pae = {member.keyid: member for member in roster.members}, envelope.pae
    good = (s.keyid in by_id and verifies(by_id[s.keyid].public, s.sig, pae) for s in envelope.signatures)
    if not fits or not all(good):
        raise Fault("{what} does not carry the votes it claims", what=what)
    return {by_id[signature.keyid].id for signature in envelope.signatures}
