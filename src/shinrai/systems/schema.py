"""The JSON Schema of the description, made from the models, and what the schema knows about a field.

Editors complete and check `shinrai.yaml` with it. `description` is in English, `x-ja` in Japanese.
docs/reference/shinrai.schema.json is its published copy, equal to `schema_text()`.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from shinrai.language import Bilingual
from shinrai.systems.description import Description
from shinrai.systems.vocabulary import TARGET_KINDS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER: Final = "https://shinrai.example/description/v1"


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a system description."""
    made = Description.model_json_schema()
    for part in (made, *made["$defs"].values()):
        # A class's docstring speaks to programmers; what a reader needs stands at the fields.
        part.pop("description", None)
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER,
        **made,
        "title": "Shinrai system description",
        "description": "What is assessed, who answers for it, and how it is measured (shinrai.yaml).",
        "x-ja": "評価の対象、責任を負う人、測定の方法を記すシステム記述書（shinrai.yaml）。",
    }


def schema_text() -> str:
    """Return the schema as the published file holds it."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


def meaning(path: tuple[str | int, ...]) -> Bilingual | None:
    """Return what the field at a path is for, or None where the schema knows no such field."""
    found = _entry(path)
    if found is None or "description" not in found or "x-ja" not in found:
        return None
    return Bilingual(ja=found["x-ja"], en=found["description"])


def known_keys(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys allowed under a path; none where the keys are free or the path is unknown."""
    found = _entry(path)
    if found is None:
        return ()
    within = _target(found)
    parts = (
        [within] if "properties" in within else [_target(each) for each in within.get("oneOf", ()) if "$ref" in each]
    )
    return tuple(dict.fromkeys(name for part in parts for name in part.get("properties", ())))


def choices(path: tuple[str | int, ...]) -> dict[str, Bilingual]:
    """Return the words to choose from at a path, with their meanings; none where the choice is free."""
    if path[:1] == ("targets",) and path[2:] == ("kind",):
        return {str(kind): meaning for kind, meaning in TARGET_KINDS.items()}
    found = _entry(path)
    within = _target(found) if found is not None else {}
    within = _target(within["items"]) if "items" in within else within
    listed = [each for each in within.get("oneOf", ()) if "const" in each]
    return {each["const"]: Bilingual(ja=each["x-ja"], en=each["description"]) for each in listed}


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return json_schema()


def _target(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references and the one branch of an optional field that is not null."""
    while True:
        if "$ref" in entry:
            entry = _schema()["$defs"][entry["$ref"].removeprefix("#/$defs/")]
        elif "anyOf" in entry:
            entry = next(branch for branch in entry["anyOf"] if branch.get("type") != "null")
        else:
            return entry


def _entry(path: tuple[str | int, ...]) -> Mapping[str, Any] | None:
    entry: Mapping[str, Any] | None = _schema()
    kind = path[2] if len(path) > 2 and path[0] == "targets" else None
    for step in path:
        if entry is None:
            return None
        within = _target(entry)
        if "oneOf" not in within or "properties" in within:
            entry = _step(within, step)
        elif step == kind in TARGET_KINDS:
            entry = _of_kind(within, str(step))
        else:
            # Without its kind, a field of a target is looked for in every kind.
            found = (_step(_target(branch), step) for branch in within["oneOf"])
            entry = next((each for each in found if each is not None), None)
    return entry


def _of_kind(union: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    branches = (_target(branch) for branch in union["oneOf"])
    return next((each for each in branches if each["properties"]["kind"]["const"] == kind), None)


def _step(within: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    if isinstance(step, int):
        inner = within.get("items")
    else:
        patterns = within.get("patternProperties", {})
        inner = within.get("properties", {}).get(step) or next(iter(patterns.values()), None)
    return inner if isinstance(inner, Mapping) else None
