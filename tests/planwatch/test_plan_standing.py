"""Where a plan stands on a day: derived from reports alone, with what is not known never counted as anything else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual
from shinrai.planwatch import (
    Citation,
    Observation,
    Origin,
    Period,
    Plan,
    PlanKey,
    Source,
    Stage,
    Standing,
    State,
    StatusEvent,
    Target,
    find_plan,
    follow,
    load_plan,
    stand,
)
from shinrai.planwatch.model import Direction, Interval, Qualifier, Record
from shinrai.planwatch.standing import Lateness, Reach, Row, reached

DAY = date(2026, 11, 20)
CITED = Citation((Source("x", Bilingual("紙", "Paper"), "https://x.example/"),))
NOTE = Bilingual("済", "Done")
Write = Callable[..., Path]


def event(about: str, when: str, state: State, *, index: int | None = None, replaces: str | None = None) -> StatusEvent:
    record = None
    if index is not None:
        at = datetime(2026, 11, 1, tzinfo=UTC)
        record = Record(index, f"{index:064x}", "yamada", None, at, "0" * 64, NOTE, replaces)
    return StatusEvent(about, Period.parse(when), state, NOTE, Certainty.CONFIRMED, CITED, record)


def standing(plan: Plan, *events: StatusEvent, on: date = DAY) -> Standing:
    return stand(follow(plan, events), on)


def test_what_nobody_reported_is_no_report_and_not_not_started(town: Plan) -> None:
    found = standing(town, on=date(2026, 4, 1))
    assert [each.progress.state for each in found.measures] == [None, None, None]
    assert found.tally.states == {}
    assert (found.tally.measures, found.tally.no_report, found.tally.late) == (3, 3, 0)


def test_the_last_report_by_a_day_decides_and_the_history_stays(town: Plan) -> None:
    later = (event("T-2", "2026-06-01", State.UNDER_WAY), event("T-2", "2026-09-01", State.CHANGED))
    for day, state in (
        (date(2026, 5, 31), None),
        (date(2026, 6, 1), State.UNDER_WAY),
        (date(2026, 9, 1), State.CHANGED),
    ):
        assert standing(town, *reversed(later), on=day).measures[1].progress.state is state
    history = standing(town, *later).measures[1].progress.history
    assert [entry.event.when.text for entry in history] == ["2026-06-01", "2026-09-01"]


def test_on_one_day_the_later_record_decides(town: Plan) -> None:
    events = (event("T-2", "2026-06-01", State.DROPPED, index=7), event("T-2", "2026-06-01", State.CHANGED, index=3))
    assert standing(town, *events).measures[1].progress.state is State.DROPPED


def test_a_repetition_has_the_progress_of_what_it_repeats(town: Plan) -> None:
    found = standing(town)
    assert found.measures[2].progress == found.measures[0].progress
    assert found.measures[2].progress.state is State.UNDER_WAY
    assert (found.unique, found.tally.measures) == (2, 3)


def test_a_month_counts_when_it_has_passed_unless_a_person_signed_it(town: Plan) -> None:
    assert standing(town, on=date(2026, 5, 30)).measures[0].progress.state is None
    assert standing(town, on=date(2026, 5, 31)).measures[0].progress.state is State.UNDER_WAY
    signed = event("T-2", "2026-11", State.UNDER_WAY, index=1)
    assert standing(town, signed, on=date(2026, 11, 2)).measures[1].progress.state is State.UNDER_WAY


@pytest.mark.parametrize(
    ("state", "late"),
    [
        (None, Lateness.OVERDUE),
        (State.UNDER_WAY, Lateness.OVERDUE),
        (State.CHANGED, Lateness.OVERDUE),
        (State.DELIVERED, None),
        (State.DROPPED, None),
        (State.LATE, Lateness.REPORTED),
    ],
)
def test_what_is_late(town: Plan, state: State | None, late: Lateness | None) -> None:
    events = () if state is None else (event("T-1", "2026-06-15", state),)
    assert standing(town, *events).measures[0].late is late
    assert standing(town, *events, on=date(2026, 6, 30)).measures[0].late is (late if state is State.LATE else None)


def test_a_replaced_record_no_longer_counts_and_stays_readable(town: Plan) -> None:
    wrong = event("T-2", "2026-06-01", State.DELIVERED, index=1)
    right = event("T-2", "2026-06-01", State.UNDER_WAY, index=2, replaces=f"{1:064x}")
    progress = standing(town, wrong, right).measures[1].progress
    assert progress.state is State.UNDER_WAY
    assert [entry.replaced_by is not None for entry in progress.history] == [True, False]


def test_a_record_about_another_measure_replaces_nothing(town: Plan) -> None:
    kept = event("T-2", "2026-06-01", State.DELIVERED, index=1)
    other = event("T-1", "2026-06-01", State.DROPPED, index=2, replaces=f"{1:064x}")
    assert standing(town, kept, other).measures[1].progress.state is State.DELIVERED


def test_policy_by_lead_counts_every_measure_once(town: Plan) -> None:
    cells = {(cell.policy.id, cell.lead.code): cell.tally for cell in standing(town).cells}
    assert {key: (tally.measures, tally.reported) for key, tally in cells.items()} == {
        ("S1", "DX"): (1, 1),
        ("S2", "DX"): (1, 1),
        ("S2", "GA"): (1, 0),
    }


def test_the_cells_of_the_national_plan_add_up() -> None:
    found = standing(load_plan(PlanKey("jp.plan", "phase-1")))
    assert sum(cell.tally.measures for cell in found.cells) == 63
    assert sum(cell.tally.reported for cell in found.cells) == found.tally.reported == 8
    assert found.tally.late == 0
    assert len(found.gaps.without_due) == 63
    assert found.superseded
    assert not standing(found.plan, on=date(2026, 7, 13)).superseded


def test_a_report_on_a_section_counts_for_no_measure() -> None:
    found = standing(load_plan(PlanKey("jp.plan", "phase-1")))
    assert set(found.sections) == {"4.1"}
    assert all(each.progress.state is None for each in found.measures if each.measure.section == "4.1")


def test_stages_of_pdca_and_those_who_do_not_say(town: Plan) -> None:
    found = standing(town)
    assert found.stages[Stage.DO].measures == 1
    assert found.gaps.without_stage == ("T-2", "T-3")


def value(number: str, interval: tuple[str, str] | None, when: str = "2026-09") -> Observation:
    given = None if interval is None else Interval(Decimal(interval[0]), Decimal(interval[1]), Decimal(95))
    return Observation(
        "T-I1", None, Decimal(number), Qualifier.EXACT, Period.parse(when), Certainty.CONFIRMED, CITED, given, 100
    )


@pytest.mark.parametrize(
    ("number", "interval", "reach"),
    [
        ("60", ("50", "70"), Reach.REACHED),
        ("46", ("40", "52"), Reach.UNDECIDED),
        ("46", None, Reach.REACHED),
        ("45", ("45", "52"), Reach.REACHED),
        ("30", ("20", "44.9"), Reach.NOT_REACHED),
        ("44.9", None, Reach.NOT_REACHED),
    ],
)
def test_a_target_is_decided_on_the_interval(
    town: Plan, number: str, interval: tuple[str, str] | None, reach: Reach
) -> None:
    found = stand(follow(town, (), [value(number, interval)]), DAY).indicators[0].targets[0]
    assert found.reach is reach
    assert found.by_point is (interval is None)
    assert found.overdue is (reach is not Reach.REACHED)


@given(st.decimals(0, 100, places=2), st.decimals(0, 20, places=2), st.decimals(0, 100, places=2))
def test_at_most_is_at_least_in_a_mirror(centre: Decimal, spread: Decimal, aim: Decimal) -> None:
    base = value(str(centre), (str(centre - spread), str(centre + spread)))
    assert base.interval is not None
    mirrored = replace(base, value=-centre, interval=Interval(-base.interval.high, -base.interval.low, Decimal(95)))
    at_least = _target(aim, Direction.AT_LEAST)
    at_most = _target(-aim, Direction.AT_MOST)
    assert reached(at_least, base) is reached(at_most, mirrored)


def _target(aim: Decimal, direction: Direction) -> Target:
    return Target(aim, direction, Qualifier.EXACT, Origin.OWN, Certainty.CONFIRMED, CITED)


def test_without_a_value_a_target_has_no_data(write: Write) -> None:
    plan = find_plan(str(write()))
    before = stand(follow(plan), date(2026, 4, 30))
    assert before.indicators[0].observed == 0
    assert [each.reach for each in before.indicators[0].targets] == [Reach.NO_DATA, Reach.NO_DATA]
    assert before.gaps.without_observation == ("T-I1",)


def test_a_value_counts_from_the_day_it_was_published(town: Plan) -> None:
    assert stand(follow(town), date(2026, 4, 30)).indicators[0].observed == 0
    assert stand(follow(town), date(2026, 5, 1)).indicators[0].observed == 1


def test_rows_whose_source_nobody_can_open_are_listed(town: Plan) -> None:
    found = standing(town).gaps.unsourced
    assert [(row.row, row.id) for row in found] == [(Row.MEASURE, "T-3"), (Row.EVENT, "T-1")]


def test_records_about_ids_the_plan_does_not_have_are_shown_and_not_lost(town: Plan) -> None:
    lost = event("T-99", "2026-06-01", State.DELIVERED, index=4)
    wrong = replace(value("50", None), group="JP")
    found = stand(follow(town, [lost], [wrong]), DAY)
    assert found.strays == (lost, wrong)
    assert found.tally.states == {State.UNDER_WAY: 2}


@given(st.permutations(range(5)))
def test_the_order_in_which_reports_arrive_makes_no_difference(order: list[int]) -> None:
    plan = load_plan(PlanKey("jp.plan", "phase-1"))
    states = list(State)
    events = [event("JP-BP1-1.2.i", f"2026-0{n + 1}-01", states[n], index=n) for n in range(5)]
    one, other = standing(plan, *events), standing(plan, *(events[n] for n in order))
    assert one.measures == other.measures
