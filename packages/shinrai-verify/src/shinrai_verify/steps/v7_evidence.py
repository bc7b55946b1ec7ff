"""V7: the shape of every statement, and what the evidence is about and rests on."""

from shinrai_verify.encoding import Fault, Named
from shinrai_verify.statements import EVIDENCE, MEMBERS, PLAN, WITHHELD, well_formed
from shinrai_verify.steps.work import Work


def evidence(work: Work) -> None:
    """Hold statements to their shapes, and evidence to this system and its contents."""
    for index, entry in sorted(work.entries.items()):
        kind = entry.statement.predicate_type
        try:
            well_formed(entry)
        except Fault:
            if kind not in MEMBERS:
                raise
            # One member must not be able to spoil the round for all: its vote is not counted.
            work.outcome.ignored.append(kind)
            del work.entries[index]
    if work.outcome.ignored:
        names = ", ".join(sorted(set(work.outcome.ignored)))
        work.outcome.note("V7", 0, "not known and passed over: {names}", names=names)
    evidence, missing = {e.payload_sha256: e for e in work.of(EVIDENCE)}, []
    for entry in work.of(EVIDENCE, PLAN):
        what = Named("entry {index}", index=entry.index)
        if entry.statement.subject_sha256 != work.subject:
            raise Fault("{what} is about another system or another version of it", what=what)
        other_run = entry.statement.predicate_type == PLAN and entry.payload_sha256 not in work.planned
        if not other_run and not {item["digest"]["sha256"] for item in entry.about["items"]} <= work.held:
            raise Fault("{what} rests on content that the manifest does not list", what=what)
        old = entry.about.get("supersedes")
        if old is not None and old not in evidence:
            missing.append(old[:16])
        elif old is not None:
            same = evidence[old].about["kind"] == entry.about["kind"]
            if not same or evidence[old].index >= entry.index:
                raise Fault("{what} supersedes a statement of another kind, or a later one", what=what)
            work.superseded.add(old)
    if missing:
        work.outcome.note("V7", 2, "statements that were superseded are not here: {names}", names=", ".join(missing))
    text = "{n} pieces of evidence are about this system and rest on listed content"
    work.outcome.note("V7", 0, text, n=len(evidence))
    _erasures(work)


def _erasures(work: Work) -> None:
    erased = work.outcome.erased
    for entry in work.of(WITHHELD):
        for item in entry.about["items"]:
            if item["digest"]["sha256"] in work.named:
                erased.setdefault(item["digest"]["sha256"], entry.index)
    told = {sha256: f"{work.named[sha256]} ({index})" for sha256, index in erased.items()}
    gone = ", ".join(name for sha256, name in told.items() if not work.here(sha256))
    here = ", ".join(name for sha256, name in told.items() if work.here(sha256))
    if gone:
        work.outcome.note("V7", 2, "erased on purpose, with the entry that says so: {names}", names=gone)
    if here:
        work.outcome.note("V7", 0, "declared erased, and here all the same: {names}", names=here)
