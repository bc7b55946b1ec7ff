"""V11: whether the assessment goes beyond what was signed and certified, and what is demanded."""

from shinrai_verify.assessment import WHAT, check_assessment
from shinrai_verify.council import PASS
from shinrai_verify.encoding import Fault, Named, strict_json
from shinrai_verify.statements import ASSESSMENT, EVIDENCE, Entry
from shinrai_verify.steps.work import Work


def report(work: Work) -> None:
    """Hold the assessment to its ground; a record of a round has none."""
    claims = [] if work.outcome.record else _claims(work)
    work.held |= {item["digest"]["sha256"] for claim in claims for item in claim.about["items"]}
    strays = [n for n in work.bundle.sha256 if n.startswith("blobs/") and n.rpartition("/")[2] not in work.held]
    if strays:
        raise Fault("the bundle holds content that no signed statement refers to: {name}", name=strays[0])
    unseen = 0
    if claims:
        document = strict_json(work.blob(claims[-1].about["items"][0]["digest"]["sha256"]), WHAT, floats=True)
        evidence = {e.payload_sha256: (e.index, e.about) for e in reversed(work.of(EVIDENCE))}
        in_force = {name: about for name, about in evidence.items() if name not in work.superseded}
        unseen = check_assessment(document, work.outcome.tallies, in_force, work.unless_erased)
    text = "no result in the assessment goes beyond what was signed and certified"
    if work.outcome.record:
        text = "the round was held by itself: this is its record, and no assessment goes with it"
    work.outcome.note("V11", 0, text)
    if unseen:
        text = "{n} numbers rest on erased content: that they are as they were signed is not shown"
        work.outcome.note("V11", 2, text, n=unseen)
    passed = {c for c, t in work.outcome.tallies.items() if t.outcome == PASS} - set(work.outcome.late)
    short = [control for control in work.policy.required_controls if control not in passed]
    if short:
        text = "you require these to be certified as passed, they are not: {names}"
        work.outcome.note("V11", 3, text, names=", ".join(short))


def _claims(work: Work) -> list[Entry]:
    """Return the assessments of this bundle; there must be one."""
    claims = [e for e in work.of(ASSESSMENT) if e.about["bundle"] == work.outcome.bundle_id]
    if not work.of(ASSESSMENT):
        raise Fault("the bundle has no assessment")
    if not claims or any(e.statement.subject_sha256 != work.subject for e in claims):
        raise Fault("{what} was about another bundle", what=Named("the assessment"))
    return claims
