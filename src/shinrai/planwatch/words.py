"""The words of every value that a plan can hold, as messages."""

from collections.abc import Mapping

from shinrai.frameworks import Certainty
from shinrai.language import Message, message
from shinrai.planwatch.model import Direction, Measurable, Origin, OwnerKind, Qualifier, Stage, State
from shinrai.planwatch.standing import Lateness, Reach, Row

STATE: Mapping[State, Message] = {
    State.NOT_STARTED: message("Not started"),
    State.UNDER_WAY: message("Under way"),
    State.DELIVERED: message("Delivered"),
    State.LATE: message("Late"),
    State.DROPPED: message("Dropped"),
    State.CHANGED: message("Changed"),
}

NO_REPORT = message("No report")
"""For what nobody reported: neither zero nor “not started”."""

LATENESS: Mapping[Lateness, Message] = {
    Lateness.REPORTED: message("reported as late"),
    Lateness.OVERDUE: message("due date has passed"),
}

STAGE: Mapping[Stage, Message] = {
    Stage.PLAN: message("Plan (P)"),
    Stage.DO: message("Do (D)"),
    Stage.CHECK: message("Check (C)"),
    Stage.ACT: message("Act (A)"),
}

ORIGIN: Mapping[Origin, Message] = {
    Origin.PLAN_TEXT: message("text of the plan"),
    Origin.PRESS: message("press (not in the plan)"),
    Origin.OWN: message("set by those who follow it"),
}

QUALIFIER: Mapping[Qualifier, Message] = {
    Qualifier.EXACT: message("exactly"),
    Qualifier.ABOUT: message("about"),
    Qualifier.OVER: message("over"),
}

MEASURABLE: Mapping[Measurable, Message] = {
    Measurable.YES: message("yes"),
    Measurable.PARTLY: message("partly"),
    Measurable.WEAK: message("hardly"),
}

DIRECTION: Mapping[Direction, Message] = {
    Direction.AT_LEAST: message("or more"),
    Direction.AT_MOST: message("or less"),
}

OWNER_KIND: Mapping[OwnerKind, Message] = {
    OwnerKind.NATIONAL: message("National plan"),
    OwnerKind.MINISTRY: message("Plan of a ministry or agency"),
    OwnerKind.MUNICIPALITY: message("Plan of a local government"),
    OwnerKind.COMPANY: message("Plan of a company"),
}

CERTAINTY: Mapping[Certainty, Message] = {
    Certainty.CONFIRMED: message("read in the source"),
    Certainty.SECONDARY: message("secondary source"),
    Certainty.UNVERIFIED: message("unverified"),
}

REACH: Mapping[Reach, Message] = {
    Reach.REACHED: message("reached"),
    Reach.NOT_REACHED: message("not reached"),
    Reach.UNDECIDED: message("undecided: it lies inside the interval"),
    Reach.NO_DATA: message("no data"),
}

ROW: Mapping[Row, Message] = {
    Row.MEASURE: message("Measure"),
    Row.COMMITMENT: message("Commitment"),
    Row.FIGURE: message("Figure"),
    Row.INDICATOR: message("Indicator"),
    Row.OBSERVATION: message("Observed value"),
    Row.TARGET: message("Target value"),
    Row.EVENT: message("Status report"),
}
