"""What a follow-up report shows, put together: nothing counted twice, nothing lost, nothing unknown made known."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual
from shinrai.planwatch import (
    Citation,
    Period,
    Plan,
    PlanKey,
    Source,
    Stage,
    Standing,
    State,
    StatusEvent,
    compare,
    follow,
    load_plan,
    stand,
)
from shinrai.planwatch.model import Record
from shinrai.planwatch.report import gather, report_json, year_before
from shinrai.planwatch.report.contents import sources_of
from shinrai.planwatch.report.heat import Shade, leads_map, partners_map
from shinrai.planwatch.report.pdca import BY_REPORT, cycle_of

DAY = date(2026, 11, 20)
CITED = Citation((Source("x", Bilingual("紙", "Paper"), "https://x.example/"),))
NOTE = Bilingual("済", "Done")


def event(about: str, when: str, state: State, index: int | None = None, replaces: str | None = None) -> StatusEvent:
    record = None
    if index is not None:
        at = datetime(2026, 11, 1, tzinfo=UTC)
        record = Record(index, f"{index:064x}", "yamada", None, at, "0" * 64, NOTE, replaces)
    return StatusEvent(about, Period.parse(when), state, NOTE, Certainty.CONFIRMED, CITED, record)


def standing(plan: Plan, *events: StatusEvent, on: date = DAY) -> Standing:
    return stand(follow(plan, events), on)


@pytest.fixture(scope="module")
def national() -> Standing:
    return stand(follow(load_plan(PlanKey("jp.plan", "phase-1"))), DAY)


def test_every_measure_of_the_national_plan_is_in_one_cell_of_its_lead(national: Standing) -> None:
    heat = leads_map(national)
    assert sum(cell.tally.measures for cell in heat.cells) == 63
    assert sorted(id_ for cell in heat.cells for id_ in cell.measures) == sorted(
        each.measure.id for each in national.measures
    )
    led = {owner.code: 0 for owner in heat.owners}
    for cell in heat.cells:
        led[cell.owner.code] += cell.tally.measures
    assert led == {
        "CAO": 34,
        "METI": 9,
        "MIC": 6,
        "MEXT": 4,
        "MOFA": 3,
        "NPA": 2,
        "MHLW": 2,
        "DA": 1,
        "MOD": 1,
        "PPC": 1,
    }


def test_partners_are_counted_apart_once_for_each_measure_they_take_part_in(national: Standing) -> None:
    heat = partners_map(national)
    taken = sum(len(each.measure.partners) for each in national.measures)
    assert sum(cell.tally.measures for cell in heat.cells) == taken
    assert {cell.section.under for cell in heat.cells} == {None}


@pytest.mark.parametrize(
    ("states", "shade"),
    [
        ((), Shade.NO_REPORT),
        ((State.NOT_STARTED,), Shade.SOME),
        ((State.UNDER_WAY, State.DELIVERED), Shade.ALL),
        ((State.DELIVERED, State.DROPPED), Shade.CLOSED),
    ],
)
def test_the_shade_of_a_cell_follows_from_its_reports(town: Plan, states: tuple[State, ...], shade: Shade) -> None:
    twins = (
        town.measures[0],
        replace(town.measures[0], id="T-9", due=None),
    )
    plan = replace(town, measures=twins, events=())
    events = [event(each.id, "2026-06-01", state) for each, state in zip(twins, states, strict=False)]
    (cell,) = leads_map(standing(plan, *events)).cells
    assert cell.shade is shade


def test_what_moved_came_to_count_after_a_day_and_not_on_it(town: Plan) -> None:
    events = (event("T-2", "2026-06-01", State.UNDER_WAY), event("T-2", "2026-06-02", State.CHANGED))
    moved = gather(standing(town, *events), since=date(2026, 6, 1)).moved
    assert [(each.about, each.entry.event.state) for each in moved.reports] == [("T-2", State.CHANGED)]
    assert moved.measures == ("T-2",)
    assert moved.values == ()
    earlier = gather(standing(town, *events), since=date(2026, 4, 30)).moved
    assert [each.day for each in earlier.reports] == sorted((each.day for each in earlier.reports), reverse=True)
    assert [each.indicator.id for each in earlier.values] == ["T-I1"]
    # A repetition moves with what it repeats, and its report stands there once.
    assert earlier.measures == ("T-1", "T-2", "T-3")
    assert [each.about for each in earlier.reports].count("T-1") == 1


def test_each_measure_is_in_one_of_four_piles_by_its_due_date(town: Plan) -> None:
    due = gather(standing(town, event("T-2", "2026-06-01", State.DELIVERED)), since=date(2026, 1, 1)).due
    piles = (due.late, due.to_come, due.closed, due.without_date)
    assert [[each.measure.id for each in pile] for pile in piles] == [["T-1"], [], ["T-2"], ["T-3"]]
    assert due.dated == 2
    assert [(indicator.id, target.target.value) for indicator, target in due.targets] == [("T-I1", 45)]


def test_owner_and_report_place_a_measure_apart_and_differences_show(town: Plan) -> None:
    cycle = cycle_of(standing(town, event("T-1", "2026-06-01", State.DELIVERED)))
    assert [each.standing.measure.id for each in cycle.by_owner(Stage.DO)] == ["T-1"]
    assert [each.standing.measure.id for each in cycle.by_report(Stage.CHECK)] == ["T-1", "T-3"]
    assert [each.standing.measure.id for each in cycle.differing] == ["T-1"]
    assert [each.standing.measure.id for each in cycle.unplaced] == ["T-2"]


def test_the_rule_knows_every_state() -> None:
    assert set(BY_REPORT) == set(State)


def test_the_rows_without_a_source_are_part_of_all_rows(national: Standing, town: Plan) -> None:
    for each in (national, standing(town, event("T-2", "2026-06-01", State.CHANGED))):
        report = gather(each, since=year_before(DAY))
        rows = len(each.plan.measures) + len(each.plan.commitments) + len(each.plan.figures) + len(each.plan.indicators)
        rows += sum(len(one.targets) + one.observed for one in each.indicators)
        rows += len({id(entry.event) for _, history in histories(each) for entry in history})
        assert report.rows == rows
        assert len(each.gaps.unsourced) <= report.rows


def histories(each: Standing) -> list[tuple[str, tuple]]:
    found = [(one.measure.id, one.progress.history) for one in each.measures]
    found += [(one.commitment.id, one.progress.history) for one in each.commitments]
    return found + [(id_, progress.history) for id_, progress in each.sections.items()]


def test_a_year_before_a_leap_day_is_the_day_before_march() -> None:
    assert year_before(date(2028, 2, 29)) == date(2027, 2, 28)
    assert year_before(DAY) == date(2025, 11, 20)


def test_the_json_has_every_figure(town: Plan) -> None:
    found = standing(town, event("T-2", "2026-06-01", State.UNDER_WAY))
    later = replace(town, version="2027", measures=town.measures[1:])
    given = report_json(gather(found, since=date(2026, 5, 31), comparison=compare(found, later)))
    assert given["standing"]["counts"] == {"measures": 3, "states": {"under_way": 3}, "noReport": 0, "late": 1}
    assert given["moved"]["measures"] == {"part": 1, "whole": 3, "ids": ["T-2"]}
    assert given["due"] == {"late": ["T-1"], "toCome": ["T-2"], "closed": [], "withoutDate": ["T-3"]}
    assert {(cell["section"], cell["owner"], len(cell["measures"])) for cell in given["leads"]} == {
        ("S1a", "DX", 1),
        ("S2", "DX", 1),
        ("S2", "GA", 1),
    }
    assert given["pdca"]["byOwner"]["do"] == ["T-1"]
    assert given["unsourced"]["whole"] > given["unsourced"]["part"] > 0
    assert [each["id"] for each in given["comparison"]["dropped"]] == ["T-1"]


def test_every_source_is_listed_once_also_those_of_the_other_plan(town: Plan) -> None:
    found = standing(town)
    elsewhere = Citation((Source("NEW", Bilingual("新", "New"), "https://new.example/"),))
    later = replace(town, version="2027", measures=(replace(town.measures[0], source=elsewhere),))
    sources = sources_of(gather(found, since=date(2026, 1, 1), comparison=compare(found, later)))
    assert len(sources) == len(set(sources))
    assert set(town.sources) | set(elsewhere.sources) <= set(sources)


def test_the_history_of_what_a_measure_goes_on_with_comes_along(town: Plan) -> None:
    later = replace(
        town,
        version="2027",
        measures=(replace(town.measures[0], id="U-1", continues=("T-1",)),),
        commitments=(),
        indicators=(),
        events=(),
    )
    report = gather(standing(later), since=date(2026, 1, 1), others=[standing(town)])
    ((plan, before),) = report.earlier["U-1"]
    assert plan == town
    assert [entry.event.note.en for entry in before.progress.history] == ["The trial began"]
