"""The seats of the embedded council: five programs that look at the same evidence in different ways."""

from collections.abc import Callable
from dataclasses import dataclass

from shinrai.council.case import Case, Claim, Opinion
from shinrai.language import Bilingual, message


@dataclass(frozen=True, slots=True)
class SeatKind:
    """A seat: its id, what it examines, and how to make its judge for a case (work is shared between claims)."""

    id: str
    title: Bilingual
    examines: Bilingual
    judge: Callable[[Case], Callable[[Claim], Opinion]]


def _recompute(case: Case) -> Callable[[Claim], Opinion]:
    from shinrai.council.seats.recompute_seat import Recompute

    return Recompute(case).opinion


def _provenance(case: Case) -> Callable[[Claim], Opinion]:
    from shinrai.council.seats.provenance import Provenance

    return Provenance(case).opinion


def _statistics(case: Case) -> Callable[[Claim], Opinion]:
    from shinrai.council.seats import statistics

    return lambda claim: statistics.opinion(case, claim)


def _policy(case: Case) -> Callable[[Claim], Opinion]:
    from shinrai.council.seats import policy

    return lambda claim: policy.opinion(case, claim)


def _completeness(case: Case) -> Callable[[Claim], Opinion]:
    from shinrai.council.seats import completeness

    return lambda claim: completeness.opinion(case, claim)


def embedded_seats() -> tuple[SeatKind, ...]:
    """Return the five seats in the order they are asked."""
    return (
        SeatKind(
            "recompute",
            message("Recompute").both(),
            message(
                "Computes every number again from rows or samples, with a second implementation that shares no code; "
                "answers of conversations are scored again by the same scorers."
            ).both(),
            _recompute,
        ),
        SeatKind(
            "provenance",
            message("Provenance").both(),
            message("Checks signatures, digests, places in the log and dates of every piece of evidence.").both(),
            _provenance,
        ),
        SeatKind(
            "statistics",
            message("Statistics").both(),
            message("Checks sample sizes, derives the intervals again and corrects failures for their number.").both(),
            _statistics,
        ),
        SeatKind(
            "policy",
            message("Policy").both(),
            message("Checks that the rule was fixed before the number was known, applies, and is satisfied.").both(),
            _policy,
        ),
        SeatKind(
            "completeness",
            message("Completeness").both(),
            message("Checks that everything planned is shown, and how much of the data the numbers cover.").both(),
            _completeness,
        ),
    )
