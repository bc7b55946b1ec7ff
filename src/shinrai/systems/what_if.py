"""A description with some facts changed, to see what would follow. Nothing is written to any file."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from shinrai.language import ShinraiError, message, suggest
from shinrai.systems.description import Description
from shinrai.systems.quoting import listed, shown
from shinrai.systems.schema import choices

_SINGLE: Final = {
    "autonomy": ("system", "autonomy"),
    "government_use": ("system", "government_use"),
    "impact": ("system", "decision_effect", "level"),
    "likelihood": ("system", "risk", "likelihood"),
    "audience": ("system", "risk", "audience"),
    "trains_on_inputs": ("system", "risk", "trains_on_inputs"),
    "public_facing": ("system", "public_facing"),
    "stage": ("system", "stage"),
}
_LISTS: Final = {
    "areas": ("system", "areas"),
    "data": ("system", "data"),
    "kinds": ("system", "kinds"),
    "regions": ("system", "regions"),
    "roles": ("system", "roles"),
}
CHANGEABLE: Final = (*sorted(_SINGLE), *sorted(_LISTS))
"""The facts that can be changed; `impact` is the level of the decision's effect, the others have their own names."""


def changed(description: Description, changes: Mapping[str, str]) -> Description:
    """Return the description with facts changed: name -> word, or words with commas for a list (none: empty list).

    An unknown name or word, or a change that breaks a rule of the description, is a ShinraiError.
    """
    data = description.canonical()
    for name, value in changes.items():
        path = _SINGLE.get(name) or _LISTS.get(name)
        if path is None:
            raise ShinraiError(
                message("“{name}” is not a fact that can be changed here.", name=shown(name)),
                fix=suggest(name, CHANGEABLE) or message("Known facts: {known}.", known=listed(CHANGEABLE)),
            )
        _set(data, path, _words(value) if name in _LISTS else value, name)
    try:
        return Description.model_validate(data)
    except ValidationError as error:
        raise _refused(error, changes) from error


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _set(data: dict[str, Any], path: tuple[str, ...], value: object, name: str) -> None:
    within: Any = data
    for step in path[:-1]:
        within = within[step]
        if within is None:
            raise ShinraiError(
                message("“{name}” cannot be changed, as the description has no “{field}”.", field=step, name=name),
                fix=message("Write it into the description first."),
            )
    within[path[-1]] = value


def _refused(error: ValidationError, changes: Mapping[str, str]) -> ShinraiError:
    first = error.errors(include_url=False, include_input=False)[0]
    paths = {name: _SINGLE.get(name) or _LISTS[name] for name in changes}
    name = next((name for name, path in paths.items() if first["loc"][: len(path)] == path), None)
    if name is None:
        return ShinraiError(message("With these changes the description breaks a rule: {rule}", rule=first["msg"]))
    allowed = choices(paths[name])
    what = message("“{value}” is not allowed for “{name}”.", value=shown(changes[name]), name=name)
    return ShinraiError(what, fix=message("Choose from: {known}.", known=listed(allowed)) if allowed else None)
