"""Goal trees: strict weights, exclusions that show, and bands for every goal."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.goals import (
    MAX_GOALS,
    Exclusion,
    Goal,
    Steps,
    build_goals,
    check_weights,
    score_goals,
)
from shinrai.evaluate.statistics.bands import Band, Known
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.language import Language, Place, ShinraiError

EXCLUDED = {"reason": "The system has no tools.", "approver": "Sato Hanako"}


def at(steps: Steps) -> Place:
    return Place("goals.yaml", field=".".join(str(step) for step in steps))


def goal(name: str, weight: object = None, goals: object = None, **more: object) -> dict[str, object]:
    fields: dict[str, object] = {"id": name, "title": f"Goal {name}", **more}
    if weight is not None:
        fields["weight"] = weight
    if goals is not None:
        fields["goals"] = goals
    return fields


def known(successes: int, n: int, source: str = "suite") -> Known:
    return Known(successes / n, wilson(successes, n), n, n, source)


TREE = goal("top", goals=[goal("a", 60), goal("b", 40, [goal("b1", 0.5), goal("b2", 0.5)])])


def test_a_tree_is_built() -> None:
    tree = build_goals(TREE, at)
    assert [leaf.id for leaf in tree.leaves()] == ["a", "b1", "b2"]
    assert [child.weight for child in tree.goals] == [0.6, 0.4]
    assert tree.goals[1].goals[0] == Goal("b1", "Goal b1", 0.5)
    excluded = build_goals(goal("top", goals=[goal("a"), goal("b", not_applicable=EXCLUDED)]), at)
    assert excluded.goals[1].exclusion == Exclusion("The system has no tools.", "Sato Hanako")


def test_weights_of_one_or_a_hundred_or_none() -> None:
    place = Place("goals.yaml")
    assert check_weights([0.25, 0.75], place) == (0.25, 0.75)
    assert check_weights([25.0, 75.0], place) == (0.25, 0.75)
    assert check_weights([None, None, None], place) == (1 / 3,) * 3
    assert check_weights([0.0, 100.0], place) == (0.0, 1.0)
    assert [g.weight for g in build_goals(goal("t", goals=[goal("a", "30"), goal("b", "70")]), at).goals] == [0.3, 0.7]


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("data", "says", "field"),
    [
        (goal("t", goals=[goal("a", 60), goal("b", 60), goal("c", 40)]), "sum to 160, not to 1 or 100", "goals"),
        (goal("t", goals=[goal("a", 33.3), goal("b", 33.3), goal("c", 33.3)]), "sum to 99.9", "goals"),
        (goal("t", goals=[goal("a", 120), goal("b", -20)]), "negative", "goals"),
        (goal("t", goals=[goal("a", 100), goal("b")]), "1 have none", "goals"),
        (goal("t", goals=[goal("a", "nan")]), "negative or not a number", "goals"),
        (goal("t", goals=[goal("a", "much")]), "negative or not a number", "goals.0.weight"),
        (goal("t", goals=[goal("a", True)]), "negative or not a number", "goals.0.weight"),
        (goal("t", goals=[goal("a", [1])]), "negative or not a number", "goals.0.weight"),
        (goal("t", goals=[goal("a", 10**400)]), "negative or not a number", "goals.0.weight"),
        (goal("t", goals=[goal("a"), goal("a")]), "used twice", "goals.1.id"),
        (goal("t", goals=[]), "not a list of goals", "goals"),
        (goal("t", goals="a"), "not a list of goals", "goals"),
        (goal("t", goals=["a"]), "not written as fields", "goals.0"),
        ("top", "not written as fields", ""),
        ({"id": "t"}, "“title” is missing", "title"),
        ({"id": " ", "title": "x"}, "“id” is missing", "id"),
        ({"id": "x" * 2001, "title": "x"}, "“id” is missing, empty or longer", "id"),
        (goal("t", score=100), "no field “score”", "score"),
        (goal("t", not_applicable=True), "needs a reason and an approver", "not_applicable"),
        (goal("t", not_applicable={"reason": "no tools"}), "needs a reason and an approver", "not_applicable"),
        (goal("t", not_applicable={"reason": "", "approver": "A"}), "“reason” is missing", "not_applicable.reason"),
    ],
)
def test_faults_are_named_with_their_place(data: object, says: str, field: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        build_goals(data, at)
    assert says in caught.value.what.text(Language.EN)
    assert caught.value.place == Place("goals.yaml", field=field)


def test_trees_without_end_are_refused() -> None:
    deep: dict[str, object] = goal("leaf")
    for level in range(25):
        deep = goal(f"g{level}", goals=[deep])
    with pytest.raises(ShinraiError, match="levels"):
        build_goals(deep, at)
    with pytest.raises(ShinraiError, match="goals"):
        build_goals(goal("t", goals=[goal(f"g{k}") for k in range(MAX_GOALS)]), at)


def test_every_goal_has_its_band() -> None:
    score = score_goals(build_goals(TREE, at), {"a": known(9, 10), "b1": known(5, 10, "other")})
    a, b = score.goal.goals
    assert score.goal.band is not None
    assert (score.goal.band.low, score.goal.band.high) == (pytest.approx(0.54 + 0.1), pytest.approx(0.54 + 0.3))
    assert score.goal.band.coverage == pytest.approx(0.8)
    assert a.band == Band(0.9, 0.9, wilson(9, 10), 1)
    assert b.band is not None
    assert (b.band.low, b.band.high, b.share) == (0.25, 0.75, pytest.approx(0.4))
    assert [leaf.share for leaf in b.goals] == [pytest.approx(0.2), pytest.approx(0.2)]
    assert b.goals[1].band == Band(0, 1, Interval(0, 1), 0)
    assert (score.excluded, score.unless_excluded) == ((), score.goal.band)


def test_an_exclusion_moves_its_weight_in_the_open() -> None:
    data = goal("top", goals=[goal("a", 40), goal("b", 60, not_applicable=EXCLUDED)])
    score = score_goals(build_goals(data, at), {"a": known(10, 10), "b": known(0, 10)})
    top, (a, b) = score.goal, score.goal.goals
    assert top.band is not None
    assert top.band.low == 1
    assert (top.moved, a.share, a.weight) == (0.6, 1, 0.4)
    assert (b.band, b.share, b.exclusion) == (None, 0, Exclusion(**EXCLUDED))
    assert b.unused == known(0, 10)
    assert score.excluded == ("b",)
    assert (score.unless_excluded.low, score.unless_excluded.high) == (pytest.approx(0.4), pytest.approx(1))
    assert score.unless_excluded.coverage == pytest.approx(0.4)


def test_a_goal_under_which_nothing_applies_does_not_apply() -> None:
    inner = goal("b", 60, [goal("b1", not_applicable=EXCLUDED), goal("b2", not_applicable=EXCLUDED)])
    score = score_goals(build_goals(goal("top", goals=[goal("a", 40), inner]), at), {"a": known(5, 10)})
    assert score.goal.goals[1].band is None
    assert score.goal.band is not None
    assert score.goal.band.low == 0.5
    assert score.excluded == ("b1", "b2")
    nothing = score_goals(build_goals(goal("top", not_applicable=EXCLUDED), at), {})
    assert nothing.goal.band is None
    assert nothing.unless_excluded == Band(0, 1, Interval(0, 1), 0)


def test_what_lies_under_an_excluded_goal_is_shown_as_unused() -> None:
    data = goal("top", goals=[goal("a"), goal("b", goals=[goal("b1")], not_applicable=EXCLUDED)])
    under = score_goals(build_goals(data, at), {"b1": known(1, 2)}).goal.goals[1].goals[0]
    assert (under.band, under.share, under.unused) == (None, 0, known(1, 2))


def test_where_only_goals_without_weight_apply_nothing_is_known() -> None:
    inner = goal("b", 50, [goal("b1", 1, not_applicable=EXCLUDED), goal("b2", 0)])
    score = score_goals(
        build_goals(goal("top", goals=[goal("a", 50), inner]), at), {"a": known(9, 10), "b2": known(1, 10)}
    )
    assert score.goal.goals[1].band == Band(0, 1, Interval(0, 1), 0)
    assert score.goal.band is not None
    assert (score.goal.band.low, score.goal.band.high) == (pytest.approx(0.45), pytest.approx(0.95))


def test_no_result_gets_lost() -> None:
    with pytest.raises(ValueError, match="no leaves of this tree: b, zz"):
        score_goals(build_goals(TREE, at), {"zz": known(1, 2), "b": known(1, 2)})


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, object], list[str]]:
    names = iter(range(10_000))
    leaves: list[str] = []

    def node(depth: int) -> dict[str, object]:
        name = f"g{next(names)}"
        if depth == 0 or draw(st.booleans()):
            leaves.append(name)
            return goal(name, **({"not_applicable": EXCLUDED} if draw(st.integers(0, 4)) == 0 else {}))
        children = [node(depth - 1) for _ in range(draw(st.integers(1, 4)))]
        if draw(st.booleans()):
            parts = [draw(st.integers(0, 5)) for _ in children]
            parts[0] += 1
            for child, part in zip(children, parts, strict=True):
                child["weight"] = part / sum(parts)
        return goal(name, goals=children)

    return node(3), leaves


@settings(deadline=None)
@given(trees(), st.data())
def test_bands_of_any_tree_are_bands(drawn: tuple[dict[str, object], list[str]], data: st.DataObject) -> None:
    tree, leaves = drawn
    results = {leaf: known(data.draw(st.integers(0, 8)), 8, leaf) for leaf in leaves if data.draw(st.booleans())}
    score = score_goals(build_goals(tree, at), results)
    shares = []

    def walk(found: Any) -> None:
        if found.band is not None:
            assert 0 <= found.band.interval.low <= found.band.low <= found.band.high <= found.band.interval.high <= 1
            assert found.band.high - found.band.low == pytest.approx(1 - found.band.coverage, abs=1e-9)
        if not found.goals:
            shares.append(found.share)
        for child in found.goals:
            walk(child)

    walk(score.goal)
    assert sum(shares) <= 1 + 1e-9
    if not score.excluded:
        assert sum(shares) == pytest.approx(1)
        assert score.unless_excluded == score.goal.band
