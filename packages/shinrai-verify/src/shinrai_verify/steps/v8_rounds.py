"""V8: the rounds of the council, and what was fixed before they were opened."""

from shinrai_verify.encoding import Fault, Named
from shinrai_verify.statements import ROUND, RUBRIC
from shinrai_verify.steps.work import Work
from shinrai_verify.trust import ROSTER, TRUST


def rounds(work: Work) -> None:
    """Follow the attempts; the last one stands."""
    rounds, previous, what = work.once(ROUND), None, Named("the council round")
    if not rounds:
        raise Fault("the bundle has no council round")
    for attempt, entry in enumerate(rounds, start=1):
        about = entry.about
        if entry.statement.subject_sha256 != work.outcome.bundle_id:
            raise Fault("{what} was about another bundle", what=what)
        if work.outcome.checkpoint is None or about["log"]["origin"] != work.outcome.checkpoint.origin:
            raise Fault("{what} was held in another log", what=what)
        if about["attempt"] != attempt or about.get("prevRound") != previous:
            raise Fault("{what} hides an earlier attempt", what=what)
        kinds = {"roster": ROSTER, "rubric": RUBRIC, "trust": TRUST}
        found = {name: work.logged(about[name], kind, entry.index, what) for name, kind in kinds.items()}
        previous, work.rubric = entry.payload_sha256, found["rubric"].about
    work.round = rounds[-1]
    work.outcome.record = work.round.about.get("standalone") is True
    work.outcome.roster = work.rosters[work.round.about["roster"]]
    text = "roster, rubric and trust were fixed before the council voted; attempts: {n}"
    work.outcome.note("V8", 0, text, n=len(rounds))
