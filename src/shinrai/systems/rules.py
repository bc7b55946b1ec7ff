"""Rules between fields: references that must lead somewhere, and combinations that contradict themselves.

The rules look at plain data, before the types are known to be right, so that one reading reports every fault. Where the
shape is wrong they say nothing: the types report that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shinrai.language import Message, message, suggest
from shinrai.systems.quoting import listed, shown

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken. path: the keys and positions (from 0) that lead to the value."""

    path: Path
    what: Message
    fix: Message


def breaches(description: object) -> Iterator[Breach]:
    """Yield every broken rule of a description given as mappings, sequences and scalars."""
    root = _mapping(description)
    for part in ("people", "frameworks", "attestations"):
        yield from _unique_ids(part, _sequence(root.get(part)))
    yield from _people_exist(root)
    yield from _system_agrees(_mapping(root.get("system")))
    for name, target in _mapping(root.get("targets")).items():
        kind = _text(_mapping(target).get("kind"))
        if kind in _AGREES:
            yield from _AGREES[kind](("targets", str(name)), _mapping(target))
    yield from _scope_agrees(root)


def _unique_ids(part: str, records: Sequence[object]) -> Iterator[Breach]:
    seen: set[str] = set()
    for place, record in enumerate(records):
        identifier = _text(_mapping(record).get("id"))
        if identifier is not None and identifier in seen:
            yield Breach(
                (part, place, "id"),
                message("The id “{id}” is used twice under “{part}”.", id=shown(identifier), part=part),
                message("Give each entry an id of its own."),
            )
        seen |= {identifier} if identifier is not None else set()


def _people_exist(root: Mapping[object, object]) -> Iterator[Breach]:
    people = (_text(_mapping(person).get("id")) for person in _sequence(root.get("people")))
    known = {person: None for person in people if person is not None}
    named: list[tuple[Path, object]] = [
        (("attestations", place, "by"), _mapping(attestation).get("by"))
        for place, attestation in enumerate(_sequence(root.get("attestations")))
    ]
    named.append((("scope", "approver"), _mapping(root.get("scope")).get("approver")))
    for name, target in _mapping(root.get("targets")).items():
        waiver = _mapping(_mapping(_mapping(target).get("judge")).get("waiver"))
        named.append((("targets", str(name), "judge", "waiver", "approver"), waiver.get("approver")))
    for path, value in named:
        identifier = _text(value)
        if identifier is None or identifier in known:
            continue
        near = suggest(identifier, known)
        yield Breach(
            path,
            message("No one under “people” has the id “{id}”.", id=shown(identifier)),
            message("{hint} Known ids: {known}.", hint=near, known=listed(known))
            if near
            else message("Add the person under “people”, with id, name and position."),
        )


def _system_agrees(system: Mapping[object, object]) -> Iterator[Breach]:
    data = _sequence(system.get("data"))
    if "none" in data and len(data) > 1:
        yield Breach(
            ("system", "data"),
            message("“none” says that no such data is handled, but other kinds of data stand beside it."),
            message("Write none alone, or leave it out."),
        )
    risk = _mapping(system.get("risk"))
    if risk.get("audience") == "public" and system.get("public_facing") in {False, "false"}:
        yield Breach(
            ("system", "risk", "audience"),
            message("The audience is called public, but public_facing says that nobody outside uses it."),
            message("Correct one of the two."),
        )
    model = _mapping(system.get("model"))
    if model.get("file") is not None and model.get("endpoint") is not None:
        yield Breach(
            ("system", "model", "endpoint"),
            message("A model has a file or an endpoint, not both."),
            message("Keep the one that is assessed and remove the other."),
        )


def _table_agrees(path: Path, target: Mapping[object, object]) -> Iterator[Breach]:
    if target.get("prediction") is None and target.get("score") is None:
        yield Breach(
            path,
            message("The target names neither a prediction nor a score, so there is nothing to measure."),
            message("Add “prediction” with the column of decisions, or “score” and “threshold”."),
        )
    elif target.get("prediction") is None and target.get("threshold") is None:
        yield Breach(
            path,
            message("The target has a score but neither a prediction nor a threshold."),
            message("Add “threshold”: the score from which on the decision is favourable, for example 0.5."),
        )
    if target.get("cluster") is not None and target.get("weight") is not None:
        yield Breach(
            (*path, "weight"),
            message("The target names both a cluster and a weight, which are not counted together."),
            message("Keep the one that matters more for these rows, and remove the other."),
        )
    columns = _sequence(target.get("groups"))
    yield from _columns_differ(path, target, columns)
    groups = {group: None for group in map(_text, columns) if group is not None}
    for place, crossed in enumerate(_sequence(target.get("intersections"))):
        for position, column in enumerate(map(_text, _sequence(crossed))):
            if column is None or column in groups or not groups:
                continue
            yield Breach(
                (*path, "intersections", place, position),
                message("The column “{column}” is crossed but not listed under “groups”.", column=shown(column)),
                message("Add it to “groups”, or cross only these: {groups}.", groups=listed(groups)),
            )


def _conversation_agrees(path: Path, target: Mapping[object, object]) -> Iterator[Breach]:
    seen: set[str] = set()
    for place, used in enumerate(_sequence(target.get("suites"))):
        identifier = _text(_mapping(used).get("id"))
        if identifier is not None and identifier in seen:
            yield Breach(
                (*path, "suites", place, "id"),
                message("The suite “{id}” is put to the target twice.", id=shown(identifier)),
                message("Keep one entry; “repeats” says how often each prompt is put."),
            )
        seen |= {identifier} if identifier is not None else set()
    limits = _mapping(target.get("limits"))
    if limits.get("cost_limit") is not None and limits.get("prices") is None:
        yield Breach(
            (*path, "limits", "cost_limit"),
            message("A cost limit needs the prices of the supplier."),
            message("Add “prices” with input, output and currency, or remove the limit."),
        )


def _columns_differ(path: Path, target: Mapping[object, object], groups: Sequence[object]) -> Iterator[Breach]:
    """Compare the uses of columns; a group listed twice is the type's own fault and not reported again."""
    single = ("label", "prediction", "score", "cluster", "weight")
    uses: list[tuple[Path, object]] = [((*path, use), target.get(use)) for use in single]
    used: set[str] = set()
    for several, columns in (("groups", groups), ("strata", _sequence(target.get("strata")))):
        uses += [((*path, several, place), column) for place, column in enumerate(dict.fromkeys(map(_text, columns)))]
    for where, value in uses:
        column = _text(value)
        if column is not None and column in used:
            yield Breach(
                where,
                message("The column “{column}” is used for two things in one target.", column=shown(column)),
                message(
                    "Label, prediction, score, cluster, weight, each group and each stratum need a column of their own."
                ),
            )
        used |= {column} if column is not None else set()


def _scope_agrees(root: Mapping[object, object]) -> Iterator[Breach]:
    required = set(map(_text, _sequence(root.get("required"))))
    seen: set[str] = set()
    for place, entry in enumerate(_sequence(_mapping(root.get("scope")).get("not_applicable"))):
        requirement = _text(_mapping(entry).get("requirement"))
        if requirement is None:
            continue
        path = ("scope", "not_applicable", place, "requirement")
        if requirement in required:
            yield Breach(
                path,
                message(
                    "“{requirement}” stands under “required” and is called not applicable.",
                    requirement=shown(requirement),
                ),
                message("Remove it from one of the two lists."),
            )
        if requirement in seen:
            yield Breach(
                path,
                message("“{requirement}” is called not applicable twice.", requirement=shown(requirement)),
                message("Keep one entry with one reason."),
            )
        seen.add(requirement)


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _model_agrees(path: Path, target: Mapping[object, object]) -> Iterator[Breach]:
    yield from _conversation_agrees(path, target)
    if _sequence(_mapping(target.get("sampling")).get("stop")):
        yield Breach(
            (*path, "sampling", "stop"),
            message("A model in a folder ends its answers by itself; texts that end an answer are not known to it."),
            message("Remove “stop”."),
        )


def _results_agree(path: Path, target: Mapping[object, object]) -> Iterator[Breach]:
    seen: set[str] = set()
    for place, metric in enumerate(map(_mapping, _sequence(target.get("metrics")))):
        name = _text(metric.get("name"))
        if name is not None and name in seen:
            yield Breach(
                (*path, "metrics", place, "name"),
                message("The metric “{name}” is taken over twice.", name=shown(name)),
                message("Keep one of the two."),
            )
        seen |= {name} if name is not None else set()
        if metric.get("at_least") is not None and metric.get("at_most") is not None:
            yield Breach(
                (*path, "metrics", place, "at_most"),
                message("A metric is held against one limit, at_least or at_most, not both."),
                message("Keep one of the two."),
            )


_AGREES = {
    "table": _table_agrees,
    "chat": _conversation_agrees,
    "records": _conversation_agrees,
    "model": _model_agrees,
    "results": _results_agree,
}
