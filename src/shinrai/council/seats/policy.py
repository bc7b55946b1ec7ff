"""The policy seat: was the rule fixed before the number was known, does it apply, and does the number satisfy it?"""

from datetime import date

from shinrai.council.case import Case, Claim, Opinion, combine
from shinrai.council.seats import scenario_rates
from shinrai.council.seats.intervals import decide
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.language import message
from shinrai_verify.council import INCONCLUSIVE, PASS


def opinion(case: Case, claim: Claim) -> Opinion:
    """Apply the decision rule anew and compare with the plan."""
    inspected = (case.plan.envelope.payload_sha256, *(p.logged.envelope.payload_sha256 for p in claim.pieces))
    if claim.control not in case.applicable:
        return Opinion(INCONCLUSIVE, message("The requirement does not apply to this system."), inspected)
    if claim.code.attestable:
        return _attested(case, claim, inspected)
    outcomes = []
    for measurement in claim.decisive:
        if claim.control not in case.shows.get(f"{measurement.target}/{measurement.check}", ()):
            reason = message("The check {check} cannot show this.", check=measurement.check)
            return Opinion(INCONCLUSIVE, reason, inspected)
        if not _as_planned(case, measurement):
            reason = message("The limit of {id} is not the one that was planned.", id=measurement.id)
            return Opinion(INCONCLUSIVE, reason, inspected)
        outcomes.append(_outcome(case, measurement))
        if outcomes[-1] is not measurement.outcome:
            reason = message(
                "By its rule {id} is {outcome}, not what it says.", id=measurement.id, outcome=outcomes[-1].value
            )
            return Opinion(INCONCLUSIVE, reason, inspected)
    reason = message("{n} decisive numbers judged by the rules fixed before they were measured.", n=len(outcomes))
    return Opinion(combine(outcomes), reason, inspected)


def _as_planned(case: Case, measurement: Measurement) -> bool:
    limits = case.plan.statement.predicate["limits"]
    planned = limits.get(f"{measurement.target}/{measurement.check}/{measurement.metric}")
    return planned is None or (measurement.rule is not None and float(planned) == measurement.rule.limit)


def _outcome(case: Case, measurement: Measurement) -> Outcome:
    if measurement.outcome is Outcome.ERROR:
        return Outcome.ERROR
    check = f"{measurement.target}/{measurement.check}"
    if check in case.conversations or check in case.imports:
        try:
            return scenario_rates.outcome(measurement.counts, measurement.rule, measurement.low, measurement.high)
        except (ValueError, KeyError):
            return Outcome.INCONCLUSIVE
    return decide(measurement.rule, measurement.low, measurement.high)


def _attested(case: Case, claim: Claim, inspected: tuple[str, ...]) -> Opinion:
    for piece in claim.pieces:
        about = piece.predicate
        if claim.control not in about["controls"]:
            return Opinion(
                INCONCLUSIVE, message("Entry {index} attests something else.", index=piece.logged.index), inspected
            )
        if about["choice"] != "affirm":
            reason = message("Entry {index} does not affirm the requirement.", index=piece.logged.index)
            return Opinion(INCONCLUSIVE, reason, inspected)
        if date.fromisoformat(about["validUntil"]) < case.now.date():
            return Opinion(INCONCLUSIVE, message("Entry {index} has expired.", index=piece.logged.index), inspected)
    if not claim.pieces:
        return Opinion(INCONCLUSIVE, message("Nobody has attested this."), inspected)
    return Opinion(
        PASS, message("A named person affirmed it, and the requirement allows an answer by a person."), inspected
    )
