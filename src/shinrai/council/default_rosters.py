"""Rosters to start from, for 4, 7 and 33 seats. Operators, hosts and families are placeholders to be replaced.

Each keeps every cause to at most f members: with 33 seats nine deterministic tools, nine people, ten models of five
families and five statistical detectors, which is 28 domains.
"""

from shinrai.council.members import READS_RAW_EVIDENCE, MemberKind, SeatPlan

SIZES = (4, 7, 33)
INSTRUMENTS = ("recompute", "provenance", "statistics", "policy", "completeness")
_FAMILIES = 5
_MODELS = 10
_PEOPLE = 9
_TOOLS = 9
_DETECTORS = 5


def default_roster(seats: int) -> tuple[SeatPlan, ...]:
    """Return the plan of a council with 4, 7 or 33 seats; ValueError for another number."""
    if seats == 4:
        return (_tool(1, "recompute"), _tool(2, "provenance"), _model(1, 1), _person(1))
    if seats == 7:
        tools = (_tool(1, "recompute"), _tool(2, "provenance"), _tool(3, "statistics"))
        return (*tools, _model(1, 1), _model(2, 2), _person(1), _person(2))
    if seats == 33:
        return (
            *(_tool(number, INSTRUMENTS[(number - 1) % len(INSTRUMENTS)]) for number in range(1, _TOOLS + 1)),
            *(_person(number) for number in range(1, _PEOPLE + 1)),
            *(_model(number, (number - 1) % _FAMILIES + 1) for number in range(1, _MODELS + 1)),
            *(_detector(number) for number in range(1, _DETECTORS + 1)),
        )
    raise ValueError(f"no roster of {seats} seats; there are {SIZES}")


def _tool(number: int, instrument: str) -> SeatPlan:
    return SeatPlan(
        f"tool-{number}",
        MemberKind.TOOL,
        f"operator-{(number - 1) % 9 + 1}",
        f"tool-{number}",
        (f"host:tool-{number}", f"program:{instrument}"),
        (instrument,) if instrument in ("recompute", "provenance") else (),
    )


def _detector(number: int) -> SeatPlan:
    causes = (f"host:detector-{number}", f"method:detector-{number}")
    return SeatPlan(f"detector-{number}", MemberKind.TOOL, f"operator-{number + 4}", f"detector-{number}", causes, ())


def _model(number: int, family: int) -> SeatPlan:
    causes = (f"family:family-{family}", "prompt:council-rubric", READS_RAW_EVIDENCE)
    return SeatPlan(f"model-{number}", MemberKind.MODEL, f"provider-{family}", f"family-{family}", causes)


def _person(number: int) -> SeatPlan:
    return SeatPlan(f"person-{number}", MemberKind.HUMAN, f"organisation-{number}", f"person-{number}")
