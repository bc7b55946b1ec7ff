"""The words of the report: a national plan speaks of ministries, any other plan of those who answer for measures."""

from collections.abc import Mapping
from dataclasses import dataclass

from shinrai.language import Message, message
from shinrai.planwatch.model import Origin, OwnerKind, Stage
from shinrai.planwatch.report.heat import Shade


@dataclass(frozen=True, slots=True)
class Wording:
    """What those who answer for measures are called."""

    owner: Message
    lead: Message
    partners: Message
    leads_map: Message
    partners_map: Message


_MINISTRIES = Wording(
    owner=message("Ministry or agency"),
    lead=message("Lead ministry"),
    partners=message("Co-ministries"),
    leads_map=message("Measures by policy and lead ministry"),
    partners_map=message("Measures by co-ministry and policy"),
)
_OWNERS = Wording(
    owner=message("Owner"),
    lead=message("Lead"),
    partners=message("Partners"),
    leads_map=message("Measures by policy and lead"),
    partners_map=message("Measures by partner and policy"),
)


def wording(kind: OwnerKind) -> Wording:
    """Return the words for a kind of plan."""
    return _MINISTRIES if kind is OwnerKind.NATIONAL else _OWNERS


SHADE: Mapping[Shade, Message] = {
    Shade.NO_REPORT: message("no report on any of them"),
    Shade.SOME: message("a report on some of them"),
    Shade.ALL: message("a report on each of them"),
    Shade.CLOSED: message("each of them delivered or dropped"),
}

RULE: Mapping[Stage, Message] = {
    Stage.PLAN: message("The last report says that the measure has not begun."),
    Stage.DO: message("The last report says that it is under way."),
    Stage.CHECK: message("The last report says that it was delivered or is late: there is a result to be checked."),
    Stage.ACT: message("The last report says that it was changed or dropped: the plan was corrected."),
}

ORIGIN_SHORT: Mapping[Origin, Message] = {
    Origin.PLAN_TEXT: message("plan text"),
    Origin.PRESS: message("press, not the plan"),
    Origin.OWN: message("own target"),
}
"""For a picture, where the whole words would not fit; the table beside it has them."""
