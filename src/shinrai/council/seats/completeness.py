"""The completeness seat: was everything planned also shown, and how much of the data do the numbers cover?"""

from collections import defaultdict
from fractions import Fraction

from shinrai.council.case import Case, Claim, Opinion
from shinrai.language import message
from shinrai_verify.council import INCONCLUSIVE

MIN_COVERAGE = Fraction(4, 5)
"""Least share of the rows that a decisive number must rest on; it stands in the rubric."""


def opinion(case: Case, claim: Claim) -> Opinion:
    """Look for planned checks without results, missing parts, and numbers that rest on too little of the data."""
    inspected = (case.plan.envelope.payload_sha256, *(p.logged.envelope.payload_sha256 for p in claim.pieces))
    if claim.code.attestable:
        return Opinion(claim.claimed, message("Attested by a person; there are no rows to cover."), inspected)
    parts: dict[str, set[int]] = defaultdict(set)
    totals: dict[str, int] = {}
    for piece in claim.pieces:
        run = piece.predicate["run"]
        parts[run["check"]].add(run["part"])
        totals[run["check"]] = run["parts"]
    # A planned check that nothing is known of could have shown anything: its results are missing everywhere.
    planned = case.plan.statement.predicate["checks"]
    wanted = [check for check in planned if claim.control in case.shows.get(check, (claim.control,))]
    for check in wanted:
        if check not in totals or parts[check] != set(range(totals[check])):
            return Opinion(
                INCONCLUSIVE, message("Results of the planned check {check} are missing.", check=check), inspected
            )
    covered = [Fraction(m.coverage.used, m.coverage.asked) for m in claim.decisive if m.coverage.asked]
    if covered and min(covered) < MIN_COVERAGE:
        percent, least = round(float(min(covered)) * 100, 1), int(MIN_COVERAGE * 100)
        of_samples = {*case.conversations, *case.imports}
        asked = any(piece.predicate["run"]["check"] in of_samples for piece in claim.pieces)
        reason = (
            message(
                "A decisive number rests on {percent} % of the samples; {least} % are needed.",
                percent=percent,
                least=least,
            )
            if asked
            else message(
                "A decisive number rests on {percent} % of the rows; {least} % are needed.",
                percent=percent,
                least=least,
            )
        )
        return Opinion(INCONCLUSIVE, reason, inspected)
    reason = message(
        "All {n} planned checks are shown in full; the least coverage of a decisive number is {percent} %.",
        n=len(wanted),
        percent=round(float(min(covered, default=Fraction(1))) * 100, 1),
    )
    return Opinion(claim.claimed, reason, inspected)
