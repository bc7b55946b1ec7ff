"""A seat held by a program: one of the examinations of the embedded council, on any case that was read from a bundle.

An examination that cannot be carried out, because rows are kept back or a file cannot be read, is `inconclusive`.
"""

from collections.abc import Callable

from shinrai.council.case import Case, Claim, Opinion
from shinrai.council.case_file import CouncilCase
from shinrai.council.seats import embedded_seats
from shinrai.language import ShinraiError, message
from shinrai_verify.council import INCONCLUSIVE
from shinrai_verify.encoding import Fault

INSTRUMENTS = tuple(seat.id for seat in embedded_seats())


def tool_opinions(instrument: str, council: CouncilCase, case: Case) -> dict[str, Opinion]:
    """Examine every control of a round; a control without evidence of the kind it asks for is inconclusive."""
    seat = next(seat for seat in embedded_seats() if seat.id == instrument)
    claims = {claim.control: claim for claim in case.claims}
    judge = seat.judge(case)
    found = {}
    for control in council.opened.controls:
        if control not in claims:
            found[control] = Opinion(INCONCLUSIVE, message("There is no evidence on this control."), ())
            continue
        found[control] = _carefully(judge, claims[control])
    return found


def _carefully(judge: Callable[[Claim], Opinion], claim: Claim) -> Opinion:
    try:
        return judge(claim)
    except ShinraiError as error:
        return Opinion(INCONCLUSIVE, message("This could not be examined: {reason}", reason=error.what), ())
    except (Fault, OSError, KeyError, ValueError):
        return Opinion(INCONCLUSIVE, message("This could not be examined, for something it needs is not here."), ())
