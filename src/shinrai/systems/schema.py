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
    return tuple(_target(found).get("properties", ())) if found is not None else ()


def choices(path: tuple[str | int, ...]) -> dict[str, Bilingual]:
    """Return the words to choose from at a path, with their meanings; none where the choice is free."""
    found = _entry(path)
    within = _target(found) if found is not None else {}
    within = _target(within["items"]) if "items" in within else within
    return {each["const"]: Bilingual(ja=each["x-ja"], en=each["description"]) for each in within.get("oneOf", ())}


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
    for step in path:
        if entry is None:
            return None
        entry = _step(_target(entry), step)
    return entry


def _step(within: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    if isinstance(step, int):
        inner = within.get("items")
    else:
        patterns = within.get("patternProperties", {})
        inner = within.get("properties", {}).get(step) or next(iter(patterns.values()), None)
    return inner if isinstance(inner, Mapping) else None
