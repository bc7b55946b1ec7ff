"""V9: the votes of the last round, counted again."""

from shinrai_verify.council import late, tally
from shinrai_verify.encoding import Fault, Named, canonical_json
from shinrai_verify.statements import ANSWERS, CANARIES, CLOSE, MEMBERS, REVEAL, VERDICT
from shinrai_verify.steps.work import Work
from shinrai_verify.votes import answers_sha256, cast_in, council_record, strata_of, verdict_record


def verdicts(work: Work) -> None:
    """Hold the published verdicts, certificates and known answers to the votes."""
    outcome, round_id, roster = work.outcome, work.round.payload_sha256, work.rosters[work.round.about["roster"]]
    closes, verdicts = work.once(CLOSE, round_id=round_id), work.once(VERDICT, round_id=round_id)
    if len(closes) != 1 or len(verdicts) != 1 or verdicts[0].index < closes[0].index:
        raise Fault("the council round was not closed and summed up once")
    said, votes = verdicts[0].about, work.of(*MEMBERS, round_id=round_id)
    found = cast_in(work.round, roster, votes, closes[0].index, _revealed(work))
    for control, ballots in found.counted.items():
        strata = strata_of(work.rubric, control)
        outcome.tallies[control] = counted = tally(roster, [ballot for ballot, _ in ballots], strata)
        others = [ballot for ballot, _ in found.others[control]]
        outcome.late |= {control: word} if (word := late(counted, roster, others, strata)) else {}
    computed = [verdict_record(control, counted) for control, counted in sorted(outcome.tallies.items())]
    council = council_record(roster)
    claims = council if said.get("council") is None else said["council"]
    claims = {name: value for name, value in claims.items() if name != "nEff"}
    records = [{k: v for k, v in c.items() if k != "certificate"} for c in said["controls"]]
    # As bytes: to Python alone, true is 1.
    if canonical_json([records, claims]) != canonical_json([computed, council]):
        raise Fault("the verdict that was published is not what the votes come to")
    for control, counted in outcome.tallies.items():
        signers = work.certifiers.get((round_id, control), set())
        if signers != set(counted.voters.get(counted.outcome, ())):
            what = Named("the certificate of {name}", name=control)
            raise Fault("{what} does not carry the votes it claims", what=what)
    outcome.note("V9", 0, "the votes were counted again: {n} verdicts, all as published", n=len(computed))
    if outcome.late:
        names = ", ".join(f"{control}: {word}" for control, word in sorted(outcome.late.items()))
        outcome.note("V9", 3, "votes outside the round convict members that were counted: {names}", names=names)
    unseen = {d for e in found.reasons for d in e.about["inspected"]} - work.held
    unseen -= {e.payload_sha256 for e in work.entries.values()}
    if unseen:
        outcome.note("V9", 2, "the council judged {n} pieces of evidence that are not here", n=len(unseen))
    _known_answers(work, closes[0].index)


def _revealed(work: Work) -> int | None:
    """Return where the commitments of a sealed round ended; None where it is not sealed."""
    if work.round.about.get("sealed") is not True:
        return None
    reveals = work.once(REVEAL, round_id=work.round.payload_sha256)
    if len(reveals) != 1:
        raise Fault("the sealed round was not opened once")
    return reveals[0].index


def _known_answers(work: Work, closed: int) -> None:
    """Hold answers told after the round to the last commitment made before it."""
    before = [e for e in work.of(CANARIES) if e.index < work.round.index]
    told = work.of(ANSWERS, round_id=work.round.payload_sha256)
    for entry in told:
        wanted = {
            "answers": {"digest": {"sha256": answers_sha256(entry.about)}},
            "items": len(entry.about["answers"]),
        }
        kept = {name: before[-1].about[name] for name in wanted} if before else None
        if kept != wanted or entry.index < closed:
            raise Fault("the known answers are not those that were committed to before the round")
    if told:
        n = len(told[-1].about["answers"])
        work.outcome.note("V9", 0, "the {n} known answers are those committed to before the round", n=n)
    elif before:
        work.outcome.note("V9", 0, "known answers were committed to before the round and not told")
