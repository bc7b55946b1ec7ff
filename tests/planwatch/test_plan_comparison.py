"""Two versions of a plan side by side, from Phase I to a made-up Phase II."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shinrai.language import Bilingual
from shinrai.planwatch import Plan, PlanKey, State, compare, find_plan, follow, load_plan, predecessors, stand
from shinrai.planwatch.comparison import Change, Comparison
from shinrai.planwatch.plan_file import ministries

DAY = date(2026, 11, 20)
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def first() -> Plan:
    return load_plan(PlanKey("jp.plan", "phase-1"))


@pytest.fixture(scope="module")
def second(first: Plan) -> Plan:
    """A made-up second phase: every measure under a new id, some of them changed."""
    owners = ministries()
    carried = [
        replace(each, id=each.id.replace("BP1", "BP2"), repeats=None, continues=(each.id,))
        for each in first.measures
        if each.id not in ("JP-BP1-4.2.i", "JP-BP1-1.4.iv", "JP-BP1-4.3.iii", "JP-BP1-4.3.iv")
    ]
    changes = {
        "JP-BP2-1.1.i": {"lead": owners["CAO"]},
        "JP-BP2-1.1.ii": {"title": Bilingual("新しい言葉", "New words")},
        "JP-BP2-1.1.iii": {"section": "4.1"},
        "JP-BP2-1.2.ii": {"partners": (owners["MIC"],), "due": date(2027, 3, 31)},
        "JP-BP2-4.3.ii": {"continues": ("JP-BP1-4.3.ii", "JP-BP1-4.3.iii")},
    }
    measures = [replace(each, **changes.get(each.id, {})) for each in carried]
    split = next(each for each in measures if each.id == "JP-BP2-2.1.i")
    measures.append(replace(split, id="JP-BP2-2.1.x"))
    measures.append(replace(split, id="JP-BP2-9.9.i", continues=(), title=Bilingual("新規", "Brand new")))
    measures.append(replace(split, id="JP-BP2-9.9.ii", continues=("JP-BP1-7.7.i",), title=Bilingual("不明", "Odd")))
    return replace(first, version="phase-2", measures=tuple(measures), events=(), indicators=first.indicators[1:])


@pytest.fixture(scope="module")
def found(first: Plan, second: Plan) -> Comparison:
    return compare(stand(follow(first), DAY), second)


def changes(found: Comparison, id_: str) -> tuple[Change, ...]:
    return next(each.changes for each in found.continued if each.later.id == id_)


def test_what_was_added_and_dropped(found: Comparison) -> None:
    assert [each.id for each in found.added] == ["JP-BP2-9.9.i", "JP-BP2-9.9.ii"]
    assert [each.measure.id for each in found.dropped] == ["JP-BP1-1.4.iv", "JP-BP1-4.2.i", "JP-BP1-4.3.iv"]
    assert found.unknown == ("JP-BP1-7.7.i",)


def test_every_earlier_measure_is_carried_on_or_dropped_and_every_later_one_added_or_carried_on(
    found: Comparison, first: Plan, second: Plan
) -> None:
    carried = {before.id for each in found.continued for before in each.earlier}
    assert carried | {each.measure.id for each in found.dropped} == {each.id for each in first.measures}
    assert len(found.added) + len(found.continued) == len(second.measures)


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        ("JP-BP2-1.1.i", (Change.RE_LED,)),
        ("JP-BP2-1.1.ii", (Change.RE_WORDED,)),
        ("JP-BP2-1.1.iii", (Change.MOVED,)),
        ("JP-BP2-1.2.ii", (Change.PARTNERS, Change.DUE)),
        ("JP-BP2-4.3.ii", (Change.MERGED,)),
        ("JP-BP2-2.1.i", (Change.SPLIT,)),
        ("JP-BP2-2.1.x", (Change.SPLIT,)),
        ("JP-BP2-3.1.i", ()),
    ],
)
def test_what_changed(found: Comparison, id_: str, expected: tuple[Change, ...]) -> None:
    assert changes(found, id_) == expected
    assert all(
        each in found.with_change(change) for change in expected for each in found.continued if each.later.id == id_
    )


def test_history_stays_readable(found: Comparison) -> None:
    ended = next(each for each in found.dropped if each.measure.id == "JP-BP1-1.4.iv")
    assert ended.progress.state is State.DELIVERED
    assert found.progress["JP-BP1-3.1.v"].latest is not None
    assert len(found.progress["JP-BP1-3.1.v"].history) == 3


def test_a_later_measure_leads_back_to_what_was_reported_before(first: Plan, second: Plan) -> None:
    third = replace(
        second,
        version="phase-3",
        measures=tuple(
            replace(each, id=each.id.replace("BP2", "BP3"), continues=(each.id,)) for each in second.measures
        ),
    )
    standings = [stand(follow(plan), DAY) for plan in (first, second)]
    found = predecessors(third, "JP-BP3-4.3.ii", standings)
    assert [(plan.version, each.measure.id) for plan, each in found] == [
        ("phase-2", "JP-BP2-4.3.ii"),
        ("phase-1", "JP-BP1-4.3.ii"),
        ("phase-1", "JP-BP1-4.3.iii"),
    ]
    assert predecessors(first, "JP-BP1-1.1.i", standings) == ()


def test_a_plan_against_itself_is_unchanged(first: Plan) -> None:
    found = compare(stand(follow(first), DAY), first)
    assert len(found.unchanged) == 63
    assert (found.added, found.dropped, found.unknown, found.retargeted) == ((), (), (), ())


def test_renumbered_sections_move_nothing_and_targets_are_compared(town: Plan, write: Write) -> None:
    later = find_plan(
        str(
            write(
                ("{id: S2,", "{id: S9,"),
                ("section: S2, title: {ja: 職員研修", "section: S9, title: {ja: 職員研修"),
                ("section: S2", "section: S9"),
                ('value: "45"', 'value: "55"'),
            )
        )
    )
    found = compare(stand(follow(town), DAY), later)
    assert [each.changes for each in found.continued] == [(), (), ()]
    assert [each.later.id for each in found.retargeted] == ["T-I1"]


def test_indicators_and_commitments_are_matched_by_id(found: Comparison) -> None:
    assert [each.id for each in found.indicators_dropped] == ["JP-BP1-I1"]
    assert (found.indicators_added, found.commitments_added, found.commitments_dropped) == ((), (), ())
