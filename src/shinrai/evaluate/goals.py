"""Goal trees: weighted goals whose leaves are measured, read strictly and scored as bands.

Weights of the goals under one goal are 0 or more and sum to 1 or to 100, or none of them has one and all count alike;
anything else is an error when the tree is built, never a score above the top. A goal that does not apply needs a reason
and a named approver; its weight goes to its siblings, and how much went is part of the result.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite
from typing import Final

from shinrai.evaluate.statistics.bands import Band, Known, Part, band
from shinrai.language import Place, ShinraiError, message

MAX_GOALS: Final = 10_000
MAX_DEPTH: Final = 20
MAX_TEXT: Final = 2_000

Steps = tuple[str | int, ...]
"""Way to a value in plain data: keys and places in lists."""

_KEYS: Final = frozenset({"id", "title", "weight", "goals", "not_applicable"})
_TOTALS: Final = (1.0, 100.0)
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a goal does not apply, and who approved that."""

    reason: str
    approver: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal. weight: its share among the goals under the same one, in [0, 1]. goals: none for a leaf."""

    id: str
    title: str
    weight: float
    goals: tuple["Goal", ...] = ()
    exclusion: Exclusion | None = None

    def leaves(self) -> Iterator["Goal"]:
        """Yield the leaves, in the order of the tree."""
        if not self.goals:
            yield self
        for goal in self.goals:
            yield from goal.leaves()


@dataclass(frozen=True, slots=True)
class GoalScore:
    """A goal's score.

    weight: its share among the goals under the same one, as declared. share: its share of the whole tree once excluded
    goals have left, 0 if it is among them. band: None where the goal, or all under it, does not apply.
    moved: weight of excluded goals right under it that went to their siblings, in [0, 1]. unused: a result that is in
    no number because the goal is excluded.
    """

    id: str
    title: str
    weight: float
    share: float
    band: Band | None
    moved: float
    exclusion: Exclusion | None
    unused: Known | None
    goals: tuple["GoalScore", ...] = ()


@dataclass(frozen=True, slots=True)
class TreeScore:
    """Scores of a tree. excluded: ids of the goals that were said not to apply, for they stand beside the score.

    unless_excluded: the top goal's band if every excluded goal were simply not assessed; equal to the score's when
    there is none.
    """

    goal: GoalScore
    excluded: tuple[str, ...]
    unless_excluded: Band


def build_goals(data: object, at: Callable[[Steps], Place]) -> Goal:
    """Build a tree from plain data: mappings with id, title, and weight, goals or not_applicable where they have them.

    at: where a value stands, for errors. ShinraiError names the first fault: a key that is unknown, a text that is
    missing, an id twice, weights that are no weights or do not sum to 1 or 100, an exclusion without reason or
    approver, more than MAX_GOALS goals or MAX_DEPTH levels. The top goal has no weight; numbers may be written as text.
    """
    return _Builder(at).goal(data, (), 1.0)


def score_goals(goal: Goal, results: Mapping[str, Known]) -> TreeScore:
    """Score a tree from the results of its leaves.

    results: by id of the leaf; a leaf without one is unknown. ValueError for a result whose id is no leaf: no result
    may get lost.
    """
    leaves = {leaf.id for leaf in goal.leaves()}
    if lost := sorted(results.keys() - leaves):
        raise ValueError(f"results of goals that are no leaves of this tree: {', '.join(lost)}")
    everything = band(_parts(goal, results, 1.0, keep_excluded=True))
    return TreeScore(_score(goal, results, 1.0, out=False), tuple(_excluded(goal)), everything)


def check_weights(weights: Sequence[float | None], place: Place) -> tuple[float, ...]:
    """Return the weights of the goals under one goal as shares of 1; all alike where none has one.

    weights: at least one. ShinraiError at `place` when only some have one, when one is negative or not finite, or when
    they sum to neither 1 nor 100.
    """
    given = [weight for weight in weights if weight is not None]
    if not given:
        return (1 / len(weights),) * len(weights)
    if len(given) < len(weights):
        raise ShinraiError(
            message("Some of these goals have a weight and {missing} have none.", missing=len(weights) - len(given)),
            fix=message("Give each of them a weight, or none of them; then all count alike."),
            place=place,
        )
    if not all(isfinite(weight) and weight >= 0 for weight in given):
        raise ShinraiError(
            message("A weight is negative or not a number."),
            fix=message("Write a number of 0 or more for each goal."),
            place=place,
        )
    total = fsum(given)
    whole = next((top for top in _TOTALS if abs(total - top) <= _ROUNDING * top), None)
    if whole is None:
        raise ShinraiError(
            message("The weights of these goals sum to {total}, not to 1 or 100.", total=f"{total:.6g}"),
            fix=message("Change them so that they sum to 1 or to 100, or leave all of them out to count alike."),
            place=place,
        )
    return tuple(weight / total for weight in given)


class _Builder:
    """Builds goals and remembers the ids it has met."""

    def __init__(self, at: Callable[[Steps], Place]) -> None:
        self._at = at
        self._ids: set[str] = set()

    def goal(self, data: object, steps: Steps, weight: float) -> Goal:
        """Build the goal at `steps` and all under it."""
        fields = self._fields(data, steps)
        name = self._text(fields, "id", steps)
        if name in self._ids:
            raise ShinraiError(message("The id “{id}” is used twice.", id=name), place=self._at((*steps, "id")))
        self._ids.add(name)
        if len(self._ids) > MAX_GOALS or len(steps) > 2 * MAX_DEPTH:
            raise ShinraiError(
                message("The tree has more than {goals} goals or {levels} levels.", goals=MAX_GOALS, levels=MAX_DEPTH),
                place=self._at(steps),
            )
        title = self._text(fields, "title", steps)
        exclusion = self._exclusion(fields, steps)
        under = fields.get("goals", ())
        if not under and "goals" not in fields:
            return Goal(name, title, weight, (), exclusion)
        if not isinstance(under, list) or not under:
            raise ShinraiError(
                message("“goals” is not a list of goals."),
                fix=message("List the goals under this one, or leave “goals” out for a goal that is measured itself."),
                place=self._at((*steps, "goals")),
            )
        places = [(*steps, "goals", place) for place in range(len(under))]
        given = [self._weight(child, place) for child, place in zip(under, places, strict=True)]
        weights = check_weights(given, self._at((*steps, "goals")))
        goals = tuple(self.goal(child, place, w) for child, place, w in zip(under, places, weights, strict=True))
        return Goal(name, title, weight, goals, exclusion)

    def _fields(self, data: object, steps: Steps) -> Mapping[str, object]:
        if not isinstance(data, Mapping):
            raise ShinraiError(
                message("A goal is not written as fields."),
                fix=message("Write “id:” and “title:” under each goal."),
                place=self._at(steps),
            )
        unknown = sorted(str(key) for key in data.keys() - _KEYS)
        if unknown:
            raise ShinraiError(
                message("A goal has no field “{field}”.", field=unknown[0][:60]),
                fix=message("A goal has these fields: {fields}.", fields=", ".join(sorted(_KEYS))),
                place=self._at((*steps, unknown[0])),
            )
        return data

    def _text(self, fields: Mapping[str, object], key: str, steps: Steps) -> str:
        value = fields.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
            raise ShinraiError(
                message("“{field}” is missing, empty or longer than {limit} characters.", field=key, limit=MAX_TEXT),
                place=self._at((*steps, key)),
            )
        return value.strip()

    def _exclusion(self, fields: Mapping[str, object], steps: Steps) -> Exclusion | None:
        if "not_applicable" not in fields:
            return None
        given, place = fields["not_applicable"], (*steps, "not_applicable")
        if not isinstance(given, Mapping) or given.keys() != {"reason", "approver"}:
            raise ShinraiError(
                message("A goal that does not apply needs a reason and an approver."),
                fix=message("Write “reason:” and “approver:” under “not_applicable:”, and nothing else."),
                place=self._at(place),
            )
        return Exclusion(self._text(given, "reason", place), self._text(given, "approver", place))

    def _weight(self, data: object, steps: Steps) -> float | None:
        given = data.get("weight") if isinstance(data, Mapping) else None
        if given is None:
            return None
        try:
            return float("" if isinstance(given, bool) or not isinstance(given, str | int | float) else given)
        except (ValueError, OverflowError) as error:
            raise ShinraiError(
                message("A weight is negative or not a number."),
                fix=message("Write a number of 0 or more for each goal."),
                place=self._at((*steps, "weight")),
            ) from error


def _applies(goal: Goal) -> bool:
    """Whether a goal, and anything under it, is not excluded."""
    return goal.exclusion is None and (not goal.goals or any(_applies(child) for child in goal.goals))


def _left(goal: Goal) -> float:
    """Weight of the goals right under a goal that apply."""
    return fsum(child.weight for child in goal.goals if _applies(child))


def _parts(goal: Goal, results: Mapping[str, Known], share: float, *, keep_excluded: bool) -> list[Part]:
    """List the leaves with their share of the whole; excluded ones as unknown, or without a place."""
    if goal.exclusion is not None:
        return [Part(share, None)]
    if not goal.goals:
        return [Part(share, results.get(goal.id))]
    left = 1.0 if keep_excluded else _left(goal)
    if left <= 0:
        # All goals here that apply have the weight 0, so nothing that counts can be measured.
        return [Part(share, None)]
    return [
        part
        for child in goal.goals
        if keep_excluded or _applies(child)
        for part in _parts(child, results, _share(child, share, left), keep_excluded=keep_excluded)
    ]


def _share(child: Goal, share: float, left: float) -> float:
    return share * child.weight / left if left > 0 else 0.0


def _score(goal: Goal, results: Mapping[str, Known], share: float, *, out: bool) -> GoalScore:
    """out: whether a goal above this one is excluded."""
    out = out or not _applies(goal)
    left = _left(goal)
    found: Band | None = None
    if not out:
        found = band(_parts(goal, results, 1.0, keep_excluded=False))
    return GoalScore(
        id=goal.id,
        title=goal.title,
        weight=goal.weight,
        share=0.0 if out else share,
        band=found,
        moved=fsum(child.weight for child in goal.goals if not _applies(child)),
        exclusion=goal.exclusion,
        unused=results.get(goal.id) if out else None,
        goals=tuple(_score(child, results, _share(child, share, left), out=out) for child in goal.goals),
    )


def _excluded(goal: Goal) -> Iterator[str]:
    if goal.exclusion is not None:
        yield goal.id
    for child in goal.goals:
        yield from _excluded(child)
